import math

import drawnfaces
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import augment, faces
from fkd_utils.evaluation import statistics

FACES = drawnfaces.faces(6, seed=3)
EYES = faces.INDEX["left_eye_center"], faces.INDEX["right_eye_center"]


@given(degrees=st.floats(-60, 60))
def test_turning_a_face_adds_to_its_tilt(degrees):
    _, turned = augment.rotate(FACES.images, FACES.keypoints, degrees)
    before = statistics.tilt(FACES.keypoints)
    np.testing.assert_allclose(statistics.tilt(turned), before + degrees, atol=1e-3)


def test_tilt_is_positive_when_the_subjects_left_eye_is_higher_and_nan_without_an_eye():
    points = np.full((2, 15, 2), np.nan)
    points[0, EYES[0]], points[0, EYES[1]] = (60, 30), (40, 50)
    points[1, EYES[0]] = (60, 30)
    assert statistics.tilt(points) == pytest.approx([45, np.nan], nan_ok=True)


def test_brightness_is_that_of_the_face_not_of_the_background():
    images = np.zeros((1, 96, 96), np.uint8)
    images[0, 20:71, 30:61] = 100
    points = np.full((1, 15, 2), np.nan, np.float32)
    points[0, :2] = (30, 20), (60, 70)
    assert statistics.brightness(images, points) == pytest.approx([100])
    images[0, 20:71, 30:61][:, ::2] = 0  # 16 of 31 columns
    assert statistics.brightness(images, points) == pytest.approx([100 * 15 / 31])


def test_brightness_of_points_outside_the_picture():
    points = np.full((1, 15, 2), np.nan, np.float32)
    points[0, :2] = (-7, -3), (99, 120)
    images = np.random.default_rng(0).integers(0, 256, (1, 96, 96)).astype(np.uint8)
    assert statistics.brightness(images, points) == pytest.approx([images.mean()])


def test_brightness_follows_a_change_of_light():
    dim, _ = augment.brighten(FACES.images, FACES.keypoints, 0.5)
    before = statistics.brightness(FACES.images, FACES.keypoints)
    after = statistics.brightness(dim, FACES.keypoints)
    np.testing.assert_allclose(after, before / 2, atol=0.6)


# Student's t, two-sided 95%, from printed tables.
TABLE = {1: 12.7062, 2: 4.3027, 3: 3.1824, 5: 2.5706, 10: 2.2281, 30: 2.0423, 200: 1.9719}


@pytest.mark.parametrize("freedom, t", TABLE.items())
def test_a_group_for_each_face_gives_the_usual_interval(freedom, t):
    values = np.random.default_rng(freedom).normal(3, 2, freedom + 1)
    mean, low, high = statistics.interval(values, np.arange(freedom + 1))
    reach = t * values.std(ddof=1) / math.sqrt(freedom + 1)
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach), rel=1e-3)


def test_groups_of_one_size_give_the_interval_of_their_means():
    values = np.random.default_rng(1).normal(0, 1, (4, 25)) + np.arange(4)[:, np.newaxis]
    groups = np.repeat([7, 3, 9, 1], 25)
    means = values.mean(axis=1)
    reach = TABLE[3] * means.std(ddof=1) / 2
    mean, low, high = statistics.interval(values.ravel(), groups)
    assert (mean, low, high) == pytest.approx(
        (means.mean(), means.mean() - reach, means.mean() + reach), rel=1e-3
    )


@given(seed=st.integers(0, 1000), copies=st.integers(2, 5))
def test_copies_of_the_faces_change_nothing(seed, copies):
    values = np.random.default_rng(seed).normal(0, 1, (8, 3))
    groups = np.random.default_rng(seed).permutation([0, 0, 1, 1, 1, 2, 3, 3])
    once = statistics.interval(values, groups)
    often = statistics.interval(np.repeat(values, copies, axis=0), np.repeat(groups, copies))
    np.testing.assert_allclose(once, often, atol=1e-12)


def test_missing_values_do_not_count():
    rng = np.random.default_rng(4)
    values, groups = rng.normal(0, 1, (20, 2)), rng.integers(0, 5, 20)
    values[:6, 1] = np.nan
    answers = statistics.interval(values, groups)
    assert [a.shape for a in answers] == [(2,)] * 3
    alone = statistics.interval(values[6:, 1], groups[6:])
    np.testing.assert_allclose([a[1] for a in answers], alone)


def test_one_group_or_none_has_no_interval():
    mean, low, high = statistics.interval(np.array([1.0, 2.0]), np.array([5, 5]))
    assert mean == 1.5 and np.isnan([low, high]).all()
    assert np.isnan(statistics.interval(np.full(3, np.nan), np.arange(3))).all()
    assert np.isnan(statistics.interval(np.empty(0), np.empty(0, int))).all()


def test_the_interval_holds_in_19_of_20_worlds_although_faces_of_a_group_are_alike():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), (10, 20, 30, 30, 20, 10))
    worlds = rng.normal(0, 1, (6, 4000))[groups] + rng.normal(0, 2, (len(groups), 4000))
    _, low, high = statistics.interval(worlds, groups)
    assert 0.92 < np.mean((low < 0) & (high > 0)) < 0.97
    _, low, high = statistics.interval(worlds, np.arange(len(groups)))
    assert np.mean((low < 0) & (high > 0)) < 0.8
