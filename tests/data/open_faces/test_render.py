"""Whole faces: the same for the same seed, all keypoints in the picture, light, camera and file."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.data.open_faces import face_shape, render


def test_a_seed_gives_one_face():
    team = photographs.teams()[0]
    one, labels = render.draw((1, 2), team)
    two, again = render.draw((1, 2), team)
    other, _ = render.draw((1, 3), team)
    assert one.shape == (96, 96)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(labels, again)
    assert (one != other).mean() > 0.5


def test_faces_are_about_where_the_kaggle_set_has_them():
    made = [render.draw((9, k), photographs.teams()[k % 28]) for k in range(60)]
    labels = np.stack([points for _, points in made])
    # Means of the 2,140 complete rows of the competition's training file.
    for name, (x, y) in {
        "left_eye_center": (66.2, 36.8),
        "right_eye_center": (29.6, 37.1),
        "nose_tip": (48.0, 57.3),
        "mouth_center_bottom_lip": (48.1, 82.6),
    }.items():
        mean = labels[:, faces.INDEX[name]].mean(axis=0)
        np.testing.assert_allclose(mean, (x, y), atol=3.5)
    assert (labels[:, 0, 0] > labels[:, 1, 0] + 10).all()
    assert np.mean([face.std() for face, _ in made]) > 35


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
    pose = face_shape.Pose(yaw, pitch, roll, scale, (x, y))
    framed = render.frame(face_shape.average(), pose)
    points = render.fifteen(face_shape.average(), framed)
    assert points.min() >= render.MARGIN - 1e-6
    assert points.max() <= 95 - render.MARGIN + 1e-6
    before = render.fifteen(face_shape.average(), pose)
    if before.min() >= render.MARGIN and before.max() <= 95 - render.MARGIN:
        assert framed == pose


def test_a_lamp_on_one_side_lights_that_side():
    warp, _ = render.put(face_shape.average(), face_shape.Pose(0, 0, 0, 36, (48, 37)))
    flat = warp.back(np.vstack([face_shape.average()[face_shape.KEPT], face_shape.FRAME]))
    sheet = np.full((render.SIDE, render.SIDE), 100, np.float32)
    tilts = []
    for seed in range(30):
        shaded = render.lit(np.random.default_rng(seed), sheet, flat)
        assert shaded.min() > 0
        tilts.append(shaded[60:140, 40:80].mean() - shaded[60:140, 112:152].mean())
    assert min(tilts) < -8
    assert max(tilts) > 8


def test_compression_changes_little():
    picture, _ = render.draw((4, 4), photographs.teams()[3])
    stored = render.compressed(picture, 60)
    assert stored.dtype == np.uint8
    assert 0 < np.abs(stored.astype(float) - picture).mean() < 8
