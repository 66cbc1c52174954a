import numpy as np
import pytest

from fkd_utils import demo, detection, evaluation, keypoints, photos, scenes, shipped, training


@pytest.fixture(scope="module")
def model():
    return shipped.model()


@pytest.fixture(scope="module")
def group():
    return scenes.group()


def test_everyone_in_the_group_is_found_and_pointed_at(model, group):
    picture, truth = group
    found = demo.locate(model, picture)
    assert len(found) == len(truth) == 6
    truth = truth[np.argsort(truth[:, keypoints.INDEX["nose_tip"], 0])]
    assert evaluation.nme(truth, found.points) < 8
    # Right next to the truth, and not next to a neighbour or mirrored.
    mirrored = truth[:, keypoints.mirror_order()]
    assert evaluation.nme(mirrored, found.points) > 30


def test_no_face_is_an_empty_result_that_everything_takes(model):
    wall = np.full((120, 90, 3), 200, np.uint8)
    found = demo.locate(model, wall)
    assert len(found) == 0
    assert found.points.shape == (0, 15, 2)
    for change in (demo.add_noses, demo.add_sunglasses):
        np.testing.assert_array_equal(change(wall, found.points), wall)
    np.testing.assert_array_equal(demo.draw_found(wall, found), wall)


def test_given_boxes_are_used(model):
    picture = scenes.portrait(0)
    boxes = detection.find(picture)
    a, b = demo.locate(model, picture), demo.locate(model, picture, boxes + 3)
    np.testing.assert_array_equal(b.boxes, boxes + 3)
    assert not np.array_equal(a.points, b.points)


def test_predict_agrees_with_the_training_module(model):
    images = np.random.default_rng(0).integers(0, 255, (70, 96, 96)).astype(np.uint8)
    expected = training.predict(model, images)
    np.testing.assert_allclose(demo.predict(model, images), expected, atol=0.01)


@pytest.mark.parametrize("degrees", [-20, 0, 35])
def test_pose_of_a_turned_face(degrees):
    points = scenes.portrait_points(0).astype(float)
    middle, unit, angle = demo.pose(points)
    turn = np.deg2rad(degrees)
    matrix = 1.5 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = demo.pose(points @ matrix.T)
    np.testing.assert_allclose(turned[0], matrix @ middle)
    assert turned[1] == pytest.approx(1.5 * unit)
    assert turned[2] == pytest.approx(angle + turn)


def test_the_nose_is_red_on_the_nose_and_the_original_untouched():
    picture, points = scenes.portrait(0), scenes.portrait_points(0)[np.newaxis].astype(float)
    before = picture.copy()
    altered = demo.add_noses(picture, points)
    np.testing.assert_array_equal(picture, before)
    x, y = points[0, keypoints.INDEX["nose_tip"]].round().astype(int)
    assert altered[y, x, 0] > 100
    assert altered[y, x, 1:].max() < 80
    lip = points[0, keypoints.INDEX["mouth_center_bottom_lip"]].round().astype(int)
    np.testing.assert_array_equal(altered[lip[1], lip[0]], before[lip[1], lip[0]])


def test_sunglasses_darken_both_eyes():
    picture, points = scenes.portrait(2), scenes.portrait_points(2)[np.newaxis].astype(float)
    altered = demo.add_sunglasses(picture, points)
    cheek = points[0, keypoints.INDEX["nose_tip"]] + [0, 25]
    for x, y in points[0, :2].round().astype(int):
        skin = picture[y - 4 : y + 5, x - 14 : x + 15].mean()
        assert altered[y - 4 : y + 5, x - 14 : x + 15].mean() < 0.6 * skin
    x, y = cheek.round().astype(int)
    np.testing.assert_array_equal(altered[y, x], picture[y, x])


def test_drawing_marks_box_and_points():
    picture = np.zeros((200, 200, 3), np.uint8)
    points = np.full((1, 15, 2), 100.0)
    found = demo.Found(np.float32([[50, 60, 90, 90]]), [detection.Square(50, 60, 90)], points)
    drawn = demo.draw_found(picture, found)
    assert not picture.any()
    assert drawn[100, 100, 0] > 200 > 100 > drawn[100, 100, 1]  # red
    assert drawn[100, 50, 1] > 150 > 60 > drawn[100, 50, 0]  # green
    assert drawn[60, 100, 1] > 150


def test_tiny_and_huge_photographs_give_the_same_points(model):
    import cv2

    picture = scenes.portrait(0)
    reference = demo.locate(model, picture).points[0]
    for side in (40, 5000):
        how = cv2.INTER_AREA if side < 384 else cv2.INTER_CUBIC
        other = demo.locate(model, cv2.resize(picture, (side, side), interpolation=how))
        assert len(other) == 1
        back = (other.points[0] + 0.5) * 384 / side - 0.5
        assert np.linalg.norm(back - reference, axis=1).mean() < 8


def test_grey_and_colour_are_the_same_to_the_network(model):
    picture = scenes.portrait(3)
    grey = np.repeat(photos.to_grey(picture)[..., np.newaxis], 3, axis=2)
    np.testing.assert_allclose(
        demo.locate(model, grey).points, demo.locate(model, picture).points, atol=0.5
    )
