"""Chapter 18b's calibration and its bars."""

import numpy as np
import pytest
from chapters import pages
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from fkd_utils import faces

PAGE = pages.load("18b", "calibrate", "calibrate_each", "expected_each", "reliability", "barred")
PIXELS = st.floats(0, 100, allow_nan=False)


def test_a_line_is_found_again():
    spread = np.linspace(1, 5, 1000)
    line = PAGE.calibrate(spread, 0.5 * spread)
    assert np.interp([2.0, 4.0], *line) == pytest.approx([1, 2], rel=1e-3)
    # Beyond the outermost means nothing is known, so nothing is claimed.
    assert np.interp([0.0, 9.0], *line) == pytest.approx([0.6, 2.4], rel=0.02)


def test_noise_is_averaged_away_and_new_points_agree():
    rng = np.random.default_rng(0)
    spread = rng.uniform(1, 4, (2, 4000))
    found = spread * rng.rayleigh(1, (2, 4000))
    line = PAGE.calibrate(spread[0], found[0])
    expected, truly = PAGE.reliability(np.interp(spread[1], *line), found[1])
    assert np.abs(expected / truly - 1).max() < 0.1


def test_fewer_points_than_knots_are_a_knot_each():
    line = PAGE.calibrate(np.array([3.0, 1.0]), np.array([4.0, 2.0]))
    assert line.tolist() == [[1, 3], [2, 4]]
    found = PAGE.reliability(np.array([3.0, 1.0]), np.array([4.0, 2.0]))
    assert found.tolist() == [[1, 3], [2, 4]]


@given(st_numpy.arrays(float, (2, 60), elements=PIXELS))
def test_more_spread_never_means_less_error(pairs):
    line = PAGE.calibrate(*pairs)
    assert (np.diff(line[1]) >= -1e-9).all()
    low, high = pairs[1].min(), pairs[1].max()
    expected = np.interp(np.linspace(0, 100, 50), *line)
    assert (expected >= low - 1e-9).all() and (expected <= high + 1e-9).all()
    assert (np.diff(expected) >= -1e-9).all()


def test_it_is_the_isotonic_regression_of_the_parts():
    rng = np.random.default_rng(2)
    spread, distance = np.sort(rng.uniform(0, 9, 40)), rng.uniform(0, 9, 40)
    parts = distance.reshape(10, 4).mean(axis=1)
    # The best rising line is the largest of the lowest means, over all ends (min-max formula).
    wanted = [
        max(min(parts[a : b + 1].mean() for b in range(k, 10)) for a in range(k + 1))
        for k in range(10)
    ]
    levels = PAGE.calibrate(spread, distance)[1]
    assert np.unique(np.round(wanted, 9)) == pytest.approx(np.unique(np.round(levels, 9)))


def test_each_keypoint_has_its_own_line():
    rng = np.random.default_rng(1)
    # A wide map that is right, and a narrow one that is off: together they say nothing.
    spread = np.stack([rng.uniform(20, 30, 2000), rng.uniform(1, 3, 2000)], axis=1)
    distance = np.stack([0.1 * spread[:, 0], 2 * spread[:, 1]], axis=1)
    lines = PAGE.calibrate_each(spread, distance)
    expected = PAGE.expected_each(lines, np.array([[21.0, 1.5], [29.0, 2.5]]))
    assert expected == pytest.approx(np.array([[2.1, 3.0], [2.9, 5.0]]), rel=0.05)
    pooled = np.interp([25.0, 2.0], *PAGE.calibrate(spread, distance))
    assert not np.allclose(pooled, [2.5, 4.0], rtol=0.2)


@pytest.mark.parametrize("turn", [0, 30, -60])
def test_a_bar_lies_along_the_eyes(turn):
    angle = np.deg2rad(turn)
    across = 20 * np.array([np.cos(angle), np.sin(angle)])
    points = np.full((1, 15, 2), np.nan)
    points[0, faces.INDEX["left_eye_outer_corner"]] = 48 + across
    points[0, faces.INDEX["right_eye_outer_corner"]] = 48 - across
    images = np.full((1, 96, 96), 200, np.uint8)
    for down in (0, 0.75):
        y, x = np.nonzero(PAGE.barred(images, points, down)[0] != 200)
        middle = 48 + down * 40 * np.array([-np.sin(angle), np.cos(angle)])
        assert np.array([x.mean(), y.mean()]) == pytest.approx(middle, abs=0.5)
        assert len(x) == pytest.approx(1.4 * 40 * 0.44 * 40, rel=0.06)  # whole pixels
