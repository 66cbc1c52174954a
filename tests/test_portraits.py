"""Whole faces: the same for the same seed, with all keypoints in the picture."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import keypoints, morphing, open_photos, portraits


def test_a_seed_gives_one_face():
    team = open_photos.teams()[0]
    one, labels = portraits.draw((1, 2), team)
    two, again = portraits.draw((1, 2), team)
    other, _ = portraits.draw((1, 3), team)
    assert one.shape == (96, 96)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(labels, again)
    assert (one != other).mean() > 0.5


def test_faces_are_about_where_the_kaggle_set_has_them():
    faces = [portraits.draw((9, k), open_photos.teams()[k % 28]) for k in range(60)]
    labels = np.stack([points for _, points in faces])
    # Means of the 2,140 complete rows of the competition's training file.
    for name, (x, y) in {
        "left_eye_center": (66.2, 36.8),
        "right_eye_center": (29.6, 37.1),
        "nose_tip": (48.0, 57.3),
        "mouth_center_bottom_lip": (48.1, 82.6),
    }.items():
        mean = labels[:, keypoints.INDEX[name]].mean(axis=0)
        np.testing.assert_allclose(mean, (x, y), atol=3.5)
    assert (labels[:, 0, 0] > labels[:, 1, 0] + 10).all()
    assert np.mean([face.std() for face, _ in faces]) > 35


@given(
    yaw=st.floats(-26, 26),
    pitch=st.floats(-16, 16),
    roll=st.floats(-40, 40),
    scale=st.floats(20, 60),
    x=st.floats(0, 95),
    y=st.floats(0, 95),
)
@settings(max_examples=60, deadline=None)
def test_the_camera_always_catches_all_keypoints(yaw, pitch, roll, scale, x, y):
    pose = morphing.Pose(yaw, pitch, roll, scale, (x, y))
    framed = portraits.frame(morphing.average(), pose)
    points = portraits.fifteen(morphing.average(), framed)
    assert points.min() >= portraits.MARGIN - 1e-6
    assert points.max() <= 95 - portraits.MARGIN + 1e-6
    before = portraits.fifteen(morphing.average(), pose)
    if before.min() >= portraits.MARGIN and before.max() <= 95 - portraits.MARGIN:
        assert framed == pose
