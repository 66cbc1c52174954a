import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from fkd_utils.evaluation import calibration
from fkd_utils.files import InputError

PIXELS = st.floats(0, 100, allow_nan=False)


def test_a_line_is_found_again():
    spread = np.linspace(1, 5, 1000)
    line = calibration.calibrate(spread, 0.5 * spread)
    assert line.expected(np.array([2.0, 4.0])) == pytest.approx([1, 2], rel=1e-3)
    # Beyond the outermost means nothing is known, so nothing is claimed.
    assert line.expected(np.array([0.0, 9.0])) == pytest.approx([0.6, 2.4], rel=0.02)


def test_noise_is_averaged_away_and_new_points_agree():
    rng = np.random.default_rng(0)
    spread = rng.uniform(1, 4, (2, 4000))
    found = spread * rng.rayleigh(1, (2, 4000))
    line = calibration.calibrate(spread[0], found[0])
    expected, truly = calibration.reliability(line.expected(spread[1]), found[1])
    assert np.abs(expected / truly - 1).max() < 0.1


def test_points_that_are_not_labelled_do_not_count():
    spread, distance = np.arange(40.0), np.arange(40.0)
    holes = distance.copy()
    holes[::4] = np.nan
    kept = np.isfinite(holes)
    assert calibration.calibrate(spread, holes) == calibration.calibrate(
        spread[kept], distance[kept]
    )
    assert np.isfinite(calibration.reliability(spread, holes, 4)).all()


def test_fewer_points_than_knots_are_a_knot_each():
    line = calibration.calibrate(np.array([1.0, 3.0, np.nan]), np.array([2.0, 4.0, 1.0]), knots=10)
    assert line == calibration.Calibration((1, 3), (2, 4))
    expected, found = calibration.reliability(np.array([3.0, 1.0]), np.array([4.0, 2.0]))
    assert (expected.tolist(), found.tolist()) == ([1, 3], [2, 4])
    with pytest.raises(InputError, match="no point has both"):
        calibration.calibrate(np.array([1.0, np.nan]), np.array([np.nan, 1.0]))


@given(st_numpy.arrays(float, (2, 60), elements=PIXELS))
def test_more_spread_never_means_less_error(pairs):
    line = calibration.calibrate(*pairs)
    assert (np.diff(line.distance) >= -1e-9).all()
    low, high = pairs[1].min(), pairs[1].max()
    expected = line.expected(np.linspace(0, 100, 50))
    assert (expected >= low - 1e-9).all() and (expected <= high + 1e-9).all()
    assert (np.diff(expected) >= -1e-9).all()


def test_each_keypoint_has_its_own_line():
    rng = np.random.default_rng(1)
    # A wide map that is right, and a narrow one that is off: together they say nothing.
    spread = np.stack([rng.uniform(20, 30, 2000), rng.uniform(1, 3, 2000)], axis=1)
    distance = np.stack([0.1 * spread[:, 0], 2 * spread[:, 1]], axis=1)
    lines = calibration.calibrate_each(spread, distance)
    expected = calibration.expected_each(lines, np.array([[21.0, 1.5], [29.0, 2.5]]))
    assert expected == pytest.approx(np.array([[2.1, 3.0], [2.9, 5.0]]), rel=0.05)
    pooled = calibration.calibrate(spread, distance).expected(np.array([[25.0, 2.0]]))
    assert not np.allclose(pooled, [[2.5, 4.0]], rtol=0.2)
