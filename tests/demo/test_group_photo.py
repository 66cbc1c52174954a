import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.demo import detection, group_photo


def test_nobody_in_the_scenes_was_trained_on():
    held_out = {
        photographs.names()[i] for team in photographs.HELD_OUT for i in photographs.teams()[team]
    }
    assert {group_photo.name_of(person) for person in range(len(group_photo.PEOPLE))} <= held_out


def test_portrait_and_its_points():
    for person in range(len(group_photo.PEOPLE)):
        picture, points = group_photo.portrait(person), group_photo.portrait_points(person)
        assert picture.shape == (384, 384, 3)
        box = detection.find(picture)[0]
        assert (points >= box[:2]).all()
        assert (points <= box[:2] + box[2:]).all()


def test_a_person_placed_as_photographed_looks_as_photographed():
    person = 0
    eyes = group_photo.portrait_points(person)[:2].mean(axis=0)
    picture, truth = group_photo.compose((384, 384), [group_photo.Placed(person, *eyes, 1.0)])
    np.testing.assert_allclose(truth[0], group_photo.portrait_points(person), atol=1e-3)
    left, top = truth[0].min(axis=0).astype(int)
    right, bottom = truth[0].max(axis=0).astype(int)
    difference = picture.astype(int) - group_photo.portrait(person)
    assert np.abs(difference[top:bottom, left:right]).max() <= 4


@pytest.mark.parametrize(("scale", "tilt"), [(0.8, 0), (1.0, 15), (1.2, -10)])
def test_truth_follows_size_and_tilt(scale, tilt):
    _, truth = group_photo.compose((500, 400), [group_photo.Placed(1, 240, 180, scale, tilt)])
    original = group_photo.portrait_points(1)
    np.testing.assert_allclose(truth[0, :2].mean(axis=0), [240, 180], atol=1e-3)
    across, before = truth[0, 0] - truth[0, 1], original[0] - original[1]
    assert np.hypot(*across) == pytest.approx(scale * np.hypot(*before), rel=1e-4)
    turned = np.degrees(np.arctan2(across[1], across[0]) - np.arctan2(before[1], before[0]))
    assert turned == pytest.approx(tilt, abs=1e-3)


def test_the_group_fits_and_nobody_hides():
    picture, truth = group_photo.group()
    assert picture.shape == (group_photo.GROUP_SIZE[1], group_photo.GROUP_SIZE[0], 3)
    assert (truth >= 0).all()
    assert (truth < group_photo.GROUP_SIZE).all()
    noses = np.sort(truth[:, faces.INDEX["nose_tip"], 0])
    assert np.diff(noses).min() > 200


def test_the_film_moves_smoothly_and_is_the_same_every_time():
    first, second = (list(group_photo.moving_face(6)) for _ in range(2))
    truth = np.array([points for _, points in first])
    steps = np.linalg.norm(np.diff(truth, axis=0), axis=-1)
    assert 0.3 < steps.mean() < 8
    for (a, _), (b, _) in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
