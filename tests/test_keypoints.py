import numpy as np
import pytest

from fkd_utils import faces


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


@pytest.mark.parametrize("rows", [faces.FROM_68, faces.FROM_189])
def test_every_keypoint_has_a_source(rows):
    assert tuple(rows) == faces.KEYPOINTS


def test_to_fifteen_takes_means_by_name():
    points = np.stack([np.arange(68.0), 100 - np.arange(68.0)], axis=-1)
    fifteen = faces.to_fifteen(points[np.newaxis], faces.FROM_68)
    assert fifteen.shape == (1, 15, 2)
    np.testing.assert_allclose(fifteen[0, 0], [44.5, 55.5])
    np.testing.assert_allclose(fifteen[0, faces.INDEX["nose_tip"]], [30, 70])


def test_names_in_plain_words_are_short_and_differ():
    words = [faces.plain(name) for name in faces.KEYPOINTS]
    assert words[0] == "left eye centre" and words[-1] == "bottom lip"
    assert len(set(words)) == 15 and max(map(len, words)) < 25
