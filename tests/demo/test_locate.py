import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import photos
from fkd_utils.demo import detection, group_photo, locate, stickers
from fkd_utils.evaluation import metrics
from fkd_utils.training import fitting, results


@pytest.fixture(scope="module")
def model():
    return results.network()


@pytest.fixture(scope="module")
def group():
    return group_photo.group()


def test_everyone_in_the_group_is_found_and_pointed_at(model, group):
    picture, truth = group
    found = locate.locate(model, picture)
    assert len(found) == len(truth) == 6
    truth = truth[np.argsort(truth[:, faces.INDEX["nose_tip"], 0])]
    assert metrics.nme(truth, found.points) < 8
    # Right next to the truth, and not next to a neighbour or mirrored.
    mirrored = truth[:, faces.mirror_order()]
    assert metrics.nme(mirrored, found.points) > 30


def test_no_face_is_an_empty_result_that_everything_takes(model):
    wall = np.full((120, 90, 3), 200, np.uint8)
    found = locate.locate(model, wall)
    assert len(found) == 0
    assert found.points.shape == (0, 15, 2)
    for change in (locate.add_noses, locate.add_sunglasses):
        np.testing.assert_array_equal(change(wall, found.points), wall)
    np.testing.assert_array_equal(locate.draw_found(wall, found), wall)


def test_given_boxes_are_used(model):
    picture = group_photo.portrait(0)
    boxes = detection.find(picture)
    a, b = locate.locate(model, picture), locate.locate(model, picture, boxes + 3)
    np.testing.assert_array_equal(b.boxes, boxes + 3)
    assert not np.array_equal(a.points, b.points)


def test_predict_agrees_with_the_training_module(model):
    images = np.random.default_rng(0).integers(0, 255, (70, 96, 96)).astype(np.uint8)
    expected = fitting.predict(model, images)
    np.testing.assert_allclose(locate.predict(model, images), expected, atol=0.01)


@pytest.mark.parametrize("degrees", [-20, 0, 35])
def test_pose_of_a_turned_face(degrees):
    points = group_photo.portrait_points(0).astype(float)
    middle, unit, angle = stickers.pose(points)
    turn = np.deg2rad(degrees)
    matrix = 1.5 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = stickers.pose(points @ matrix.T)
    np.testing.assert_allclose(turned[0], matrix @ middle)
    assert turned[1] == pytest.approx(1.5 * unit)
    assert turned[2] == pytest.approx(angle + turn)


def test_the_nose_is_red_on_the_nose_and_the_original_untouched():
    picture, points = (
        group_photo.portrait(0),
        group_photo.portrait_points(0)[np.newaxis].astype(float),
    )
    before = picture.copy()
    altered = locate.add_noses(picture, points)
    np.testing.assert_array_equal(picture, before)
    x, y = points[0, faces.INDEX["nose_tip"]].round().astype(int)
    assert altered[y, x, 0] > 100
    assert altered[y, x, 1:].max() < 80
    lip = points[0, faces.INDEX["mouth_center_bottom_lip"]].round().astype(int)
    np.testing.assert_array_equal(altered[lip[1], lip[0]], before[lip[1], lip[0]])


def test_sunglasses_darken_both_eyes():
    picture, points = (
        group_photo.portrait(2),
        group_photo.portrait_points(2)[np.newaxis].astype(float),
    )
    altered = locate.add_sunglasses(picture, points)
    cheek = points[0, faces.INDEX["nose_tip"]] + [0, 25]
    for x, y in points[0, :2].round().astype(int):
        skin = picture[y - 4 : y + 5, x - 14 : x + 15].mean()
        assert altered[y - 4 : y + 5, x - 14 : x + 15].mean() < 0.6 * skin
    x, y = cheek.round().astype(int)
    np.testing.assert_array_equal(altered[y, x], picture[y, x])


def test_drawing_marks_box_and_points():
    picture = np.zeros((200, 200, 3), np.uint8)
    points = np.full((1, 15, 2), 100.0)
    found = locate.Found(np.float32([[50, 60, 90, 90]]), [photos.Square(50, 60, 90)], points)
    drawn = locate.draw_found(picture, found)
    assert not picture.any()
    assert drawn[100, 100, 0] > 200 > 100 > drawn[100, 100, 1]  # red
    assert drawn[100, 50, 1] > 150 > 60 > drawn[100, 50, 0]  # green
    assert drawn[60, 100, 1] > 150


def test_tiny_and_huge_photographs_give_the_same_points(model):
    import cv2

    picture = group_photo.portrait(0)
    reference = locate.locate(model, picture).points[0]
    for side in (40, 5000):
        how = cv2.INTER_AREA if side < 384 else cv2.INTER_CUBIC
        other = locate.locate(model, cv2.resize(picture, (side, side), interpolation=how))
        assert len(other) == 1
        back = (other.points[0] + 0.5) * 384 / side - 0.5
        assert np.linalg.norm(back - reference, axis=1).mean() < 8


def test_grey_and_colour_are_the_same_to_the_network(model):
    picture = group_photo.portrait(3)
    grey = np.repeat(photos.to_grey(picture)[..., np.newaxis], 3, axis=2)
    np.testing.assert_allclose(
        locate.locate(model, grey).points, locate.locate(model, picture).points, atol=0.5
    )
