"""Soft-argmax and spread."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils.models import heatmap

LOW = -1e4  # a logit that leaves nothing to its cell


def delta(cell, shape=(24, 24)):
    """One map with all its weight in the cell (row, column)."""
    logits = np.full((1, *shape, 1), LOW, np.float32)
    logits[0, *cell, 0] = 0
    return logits


def gaussian(mean, covariance, stride=4, side=24):
    """Logits of a normal density over the cells; mean and covariance in pixels, x first."""
    y, x = np.mgrid[:side, :side] * stride + (stride - 1) / 2
    away = np.stack([x, y], axis=-1) - mean
    logits = -0.5 * np.einsum("yxi,ij,yxj->yx", away, np.linalg.inv(covariance), away)
    return logits[np.newaxis, ..., np.newaxis].astype(np.float32)


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_a_delta_lies_on_the_mean_of_the_pixels_its_cell_covers(stride):
    found = numpy_of(heatmap.soft_argmax(delta((3, 20)), stride))
    covered = [np.arange(stride * cell, stride * cell + stride).mean() for cell in (20, 3)]
    np.testing.assert_array_equal(found, [[covered]])
    assert numpy_of(heatmap.spread(delta((3, 20)), stride)) == 0


def test_maps_that_are_not_square_and_several_points_keep_their_axes():
    logits = np.concatenate([delta((1, 5), (4, 9)), delta((3, 0), (4, 9))], axis=-1)
    layer = heatmap.SoftArgmax(2)
    np.testing.assert_array_equal(numpy_of(layer(logits)), [[[10.5, 2.5], [0.5, 6.5]]])
    assert heatmap.SoftArgmax.from_config(layer.get_config()).stride == 2
    assert tuple(layer.compute_output_shape((7, 4, 9, 2))) == (7, 2, 2)


def test_a_gaussian_gives_back_its_mean_and_covariance():
    mean, covariance = np.array([40.3, 55.9]), np.array([[30.0, 9.0], [9.0, 20.0]])
    logits = gaussian(mean, covariance)
    np.testing.assert_allclose(numpy_of(heatmap.soft_argmax(logits, 4)), [[mean]], atol=1e-3)
    found = numpy_of(heatmap.covariance(logits, 4))
    np.testing.assert_allclose(found, [[covariance]], atol=1e-2)
    assert numpy_of(heatmap.spread(logits, 4)) == pytest.approx(np.sqrt(50), abs=1e-2)
    # Temperature t divides the exponent, so the covariance grows t times.
    twice = numpy_of(heatmap.covariance(logits, 4, temperature=1.5))
    np.testing.assert_allclose(twice, [[1.5 * covariance]], atol=0.2)


def test_a_flat_map_has_the_mean_and_variance_of_the_uniform_distribution():
    flat = np.zeros((1, 24, 24, 1), np.float32)
    np.testing.assert_allclose(numpy_of(heatmap.soft_argmax(flat, 4)), [[[47.5, 47.5]]], rtol=1e-5)
    variance = 16 * (24**2 - 1) / 12
    expected = [[[[variance, 0], [0, variance]]]]
    np.testing.assert_allclose(numpy_of(heatmap.covariance(flat, 4)), expected, atol=0.01)


@settings(max_examples=20)
@given(st.floats(-1e4, 1e4), st.integers(0, 2**32 - 1))
def test_a_number_added_to_a_map_changes_nothing(number, seed):
    # Whole numbers stay exact in float32, so that rounding cannot hide a mistake.
    logits = np.random.default_rng(seed).integers(-30, 30, (1, 6, 6, 2)).astype(np.float32)
    shifted = logits + np.float32(round(number))
    for measure in (heatmap.soft_argmax, heatmap.covariance):
        ours = numpy_of(measure(shifted, 4))
        assert np.isfinite(ours).all()
        np.testing.assert_allclose(ours, numpy_of(measure(logits, 4)), rtol=1e-5, atol=1e-5)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3))
def test_mean_and_covariance_are_those_of_the_weighted_cells(seed, temperature):
    logits = np.random.default_rng(seed).normal(0, 3, (1, 5, 7, 1)).astype(np.float32)
    weights = np.exp(logits[0, ..., 0].astype(np.float64) / temperature)
    y, x = np.mgrid[:5, :7] * 4 + 1.5
    mean = [np.average(x, weights=weights), np.average(y, weights=weights)]
    spread = np.cov(np.stack([x.ravel(), y.ravel()]), aweights=weights.ravel(), ddof=0)
    found = numpy_of(heatmap.soft_argmax(logits, 4, temperature))
    np.testing.assert_allclose(found, [[mean]], rtol=1e-4)
    found = numpy_of(heatmap.covariance(logits, 4, temperature))
    np.testing.assert_allclose(found, [[spread]], rtol=1e-3, atol=1e-3)


def test_a_small_spread_far_from_the_corner_is_not_lost():
    logits = delta((23, 23))
    logits[0, 23, 22, 0] = np.log(1e-6)  # variance 16e-6, where x^2 is 8742: float32 has 7 digits
    assert numpy_of(heatmap.spread(logits, 4)) == pytest.approx(4e-3, rel=1e-3)
