"""The names of the points, sets of faces, and pixels to a network's numbers and back."""

import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np

from fkd_utils import faces


def make_faces(n: int = 5) -> faces.Faces:
    rng = np.random.default_rng(n)
    return faces.Faces(
        rng.integers(0, 256, (n, 96, 96), dtype=np.uint8),
        rng.uniform(0, 95, (n, 15, 2)).astype(np.float32),
        np.arange(n),
        np.arange(n) // 2,
        "test",
    )


def test_take_keeps_rows_together():
    every = make_faces()
    some = every.take(np.array([3, 1]))
    np.testing.assert_array_equal(some.ids, [3, 1])
    np.testing.assert_array_equal(some.images[0], every.images[3])
    np.testing.assert_array_equal(some.keypoints[1], every.keypoints[1])
    np.testing.assert_array_equal(some.groups, [1, 0])


def test_complete_drops_a_face_with_one_missing_coordinate():
    every = make_faces()
    every.keypoints[2, 14, 1] = np.nan
    np.testing.assert_array_equal(every.complete().ids, [0, 1, 3, 4])


def test_fingerprint_sees_one_pixel_and_one_label():
    one, two, three = make_faces(), make_faces(), make_faces()
    assert one.fingerprint() == two.fingerprint()
    two.images[4, 95, 95] ^= 1
    three.keypoints[0, 0, 0] += 0.001
    assert len({f.fingerprint() for f in (one, two, three)}) == 3


def test_inputs_are_in_zero_to_one():
    x = faces.to_inputs(np.full((1, 96, 96), 255, np.uint8))
    assert x.shape == (1, 96, 96, 1)
    assert x.dtype == np.float32
    assert x.max() == 1.0


@hypothesis.given(
    hypothesis.extra.numpy.arrays(
        np.float32, (3, 15, 2), elements=st.floats(0, 96, width=32) | st.just(np.float32(np.nan))
    )
)
def test_targets_and_pixels_are_inverse(points):
    targets = faces.to_targets(points)
    assert targets.shape == (3, 30)
    assert np.nanmax(np.abs(targets), initial=0) <= 1
    np.testing.assert_allclose(faces.to_pixels(targets), points, atol=1e-4)


def test_a_target_by_hand():
    points = np.zeros((1, 15, 2), np.float32)
    points[0, 0] = 72, 24
    np.testing.assert_allclose(faces.to_targets(points)[0, :4], [0.5, -0.5, -1, -1])


def test_joined_sets_stand_one_after_the_other():
    one, two = make_faces(5), make_faces(3)
    both = faces.joined(one, two)
    assert len(both) == 8
    np.testing.assert_array_equal(both.ids, [0, 1, 2, 3, 4, 0, 1, 2])
    assert both.take(np.arange(5)).fingerprint() == one.fingerprint()
    assert both.take(np.arange(5, 8)).fingerprint() == two.fingerprint()
    np.testing.assert_array_equal(both.groups[5:], two.groups)
    assert both.name == "test"
    assert faces.joined(one).fingerprint() == one.fingerprint()


def test_columns_are_kaggles():
    assert len(faces.COLUMNS) == 30
    assert faces.COLUMNS[:2] == ("left_eye_center_x", "left_eye_center_y")
    assert faces.COLUMNS[20:22] == ("nose_tip_x", "nose_tip_y")
    assert faces.COLUMNS[-1] == "mouth_center_bottom_lip_y"


def test_mirror_order_is_its_own_inverse_and_swaps_sides():
    order = faces.mirror_order()
    np.testing.assert_array_equal(order[order], np.arange(15))
    for i, j in enumerate(order):
        swapped = faces.KEYPOINTS[i].replace("left", "LEFT").replace("right", "left")
        assert faces.KEYPOINTS[j] == swapped.replace("LEFT", "right")


def test_every_keypoint_has_a_source():
    assert tuple(faces.FROM_189) == faces.KEYPOINTS


def test_to_fifteen_takes_means_by_name():
    points = np.stack([np.arange(189.0), 100 - np.arange(189.0)], axis=-1)
    fifteen = faces.to_fifteen(points[np.newaxis], faces.FROM_189)
    assert fifteen.shape == (1, 15, 2)
    lip = faces.INDEX["mouth_center_bottom_lip"]
    np.testing.assert_allclose(fifteen[0, lip], [106, -6])
    # Three times 54 and 60, twice 55: a row that stands more often counts more.
    np.testing.assert_allclose(fifteen[0, faces.INDEX["nose_tip"]], [56.5, 43.5])


def test_names_in_plain_words_are_short_and_differ():
    words = [faces.plain(name) for name in faces.KEYPOINTS]
    assert words[0] == "left eye centre" and words[-1] == "bottom lip"
    assert len(set(words)) == 15 and max(map(len, words)) < 25
