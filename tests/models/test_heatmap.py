"""Soft-argmax and spread; the residual heat-map network, its two labellers and its file."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.models import export, heatmap, losses, thesis

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


def test_a_gaussian_gives_back_its_mean_and_spread():
    mean, covariance = np.array([40.3, 55.9]), np.array([[30.0, 9.0], [9.0, 20.0]])
    logits = gaussian(mean, covariance)
    np.testing.assert_allclose(numpy_of(heatmap.soft_argmax(logits, 4)), [[mean]], atol=1e-3)
    assert numpy_of(heatmap.spread(logits, 4)) == pytest.approx(np.sqrt(50), abs=1e-2)
    # Temperature t divides the exponent, so the variance grows t times.
    twice = numpy_of(heatmap.spread(logits, 4, temperature=1.5))
    assert twice == pytest.approx(np.sqrt(75), abs=2e-2)


def test_a_flat_map_has_the_mean_and_variance_of_the_uniform_distribution():
    flat = np.zeros((1, 24, 24, 1), np.float32)
    np.testing.assert_allclose(numpy_of(heatmap.soft_argmax(flat, 4)), [[[47.5, 47.5]]], rtol=1e-5)
    variance = 16 * (24**2 - 1) / 12
    assert numpy_of(heatmap.spread(flat, 4)) == pytest.approx(np.sqrt(2 * variance), abs=1e-3)


@settings(max_examples=20)
@given(st.floats(-1e4, 1e4), st.integers(0, 2**32 - 1))
def test_a_number_added_to_a_map_changes_nothing(number, seed):
    # Whole numbers stay exact in float32, so that rounding cannot hide a mistake.
    logits = np.random.default_rng(seed).integers(-30, 30, (1, 6, 6, 2)).astype(np.float32)
    shifted = logits + np.float32(round(number))
    for measure in (heatmap.soft_argmax, heatmap.spread):
        ours = numpy_of(measure(shifted, 4))
        assert np.isfinite(ours).all()
        np.testing.assert_allclose(ours, numpy_of(measure(logits, 4)), rtol=1e-5, atol=1e-5)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3))
def test_mean_and_spread_are_those_of_the_weighted_cells(seed, temperature):
    logits = np.random.default_rng(seed).normal(0, 3, (1, 5, 7, 1)).astype(np.float32)
    weights = np.exp(logits[0, ..., 0].astype(np.float64) / temperature)
    y, x = np.mgrid[:5, :7] * 4 + 1.5
    mean = [np.average(x, weights=weights), np.average(y, weights=weights)]
    pixels = np.stack([x.ravel(), y.ravel()])
    spread = np.trace(np.cov(pixels, aweights=weights.ravel(), ddof=0)) ** 0.5
    found = numpy_of(heatmap.soft_argmax(logits, 4, temperature))
    np.testing.assert_allclose(found, [[mean]], rtol=1e-4)
    found = numpy_of(heatmap.spread(logits, 4, temperature))
    np.testing.assert_allclose(found, [[spread]], rtol=1e-3, atol=1e-3)


def test_a_small_spread_far_from_the_corner_is_not_lost():
    logits = delta((23, 23))
    logits[0, 23, 22, 0] = np.log(1e-6)  # variance 16e-6, where x^2 is 8742: float32 has 7 digits
    assert numpy_of(heatmap.spread(logits, 4)) == pytest.approx(4e-3, rel=1e-3)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    model = heatmap.network()
    maps = model.get_layer("heatmaps")
    # New weights draw maps that are nearly flat; a trained network draws peaks.
    maps.set_weights([20 * w for w in maps.get_weights()])
    return model


def pictures(n):
    return np.random.default_rng(n).integers(0, 256, (n, 96, 96), np.uint8)


def test_it_keeps_the_promise_of_every_network_and_is_small(model):
    outputs = model.predict_on_batch(faces.to_inputs(pictures(3)))
    assert outputs.shape == (3, 30)
    assert np.ptp(outputs, axis=0).max() > 0.01  # it looks at the picture
    assert 100_000 < model.count_params() <= 1_000_000


def test_the_dense_one_keeps_it_too():
    model = heatmap.dense_network()
    assert model.output_shape == (None, 30)
    assert not [x for x in model.layers if isinstance(x, heatmap.SoftArgmax)]


def test_outputs_are_the_mean_places_of_its_heat_maps(model):
    inputs = faces.to_inputs(pictures(2))
    maps = heatmap.heatmaps_of(model).predict_on_batch(inputs).astype(np.float64)
    assert maps.shape == (2, 24, 24, 15)
    shares = np.exp(maps) / np.exp(maps).sum(axis=(1, 2), keepdims=True)
    centres = 4 * np.arange(24) + 1.5
    x, y = shares.sum(axis=1), shares.sum(axis=2)
    expected = np.stack([np.einsum("nck,c->nk", m, centres) for m in (x, y)], axis=-1)
    ours = faces.to_pixels(model.predict_on_batch(inputs))
    np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_cells_look_evenly_to_left_and_right(model):
    """Mirrored kernels on a mirrored picture give mirrored maps: no layer leans to a side."""
    twin = heatmap.network()
    weights = [w[:, ::-1] if w.ndim == 4 else w for w in model.get_weights()]
    twin.set_weights([np.ascontiguousarray(w) for w in weights])
    inputs = faces.to_inputs(pictures(2))
    ours = heatmap.heatmaps_of(model).predict_on_batch(inputs)
    theirs = heatmap.heatmaps_of(twin).predict_on_batch(inputs[:, :, ::-1])
    np.testing.assert_allclose(theirs[:, :, ::-1], ours, atol=1e-3)
    assert np.abs(theirs - ours).max() > 0.1


def tiny():
    """30 outputs from the mean grey value: stands for any network."""
    picture = keras.layers.Input((96, 96, 1))
    mean = keras.layers.GlobalAveragePooling2D()(picture)
    return keras.Model(picture, keras.layers.Dense(30)(mean), name="tiny")


def test_the_second_labellers_habits_are_learnt_apart_from_the_face():
    keras.utils.set_random_seed(1)
    base, rng = tiny(), np.random.default_rng(3)
    both = heatmap.with_sources(base)
    grey = rng.uniform(-1, 1, (40, 1, 1, 1)).astype(np.float32)
    inputs = np.tile(grey, (1, 96, 96, 1))
    second = (np.arange(40) % 2).astype(np.float32)[:, np.newaxis]
    np.testing.assert_array_equal(
        both.predict_on_batch([inputs, second]), base.predict_on_batch(inputs)
    )
    habit = np.zeros((15, 2), np.float32)
    four = [faces.INDEX[name] for name in faces.FOUR_POINTS]
    habit[four] = [[2, -3], [-2, -3], [0, 4], [1, 5]]  # pixels
    truth = np.full((40, 15, 2), 50, np.float32) + second[:, :, np.newaxis] * habit
    others = np.setdiff1d(np.arange(15), four)
    truth[np.ix_(np.flatnonzero(second), others)] = np.nan
    np.testing.assert_array_equal(heatmap.from_second(truth), second)
    both.compile(keras.optimizers.SGD(3.0), loss=losses.masked_mse)
    targets = faces.to_targets(truth)
    for _ in range(300):
        both.train_on_batch([inputs, second], targets)
    np.testing.assert_allclose(heatmap.offset_px(both), habit, atol=0.1)
    assert np.all(heatmap.offset_px(both)[others] == 0)
    # The network alone answers as the first labeller.
    np.testing.assert_allclose(faces.to_pixels(base.predict_on_batch(inputs)), 50, atol=0.1)


def test_two_heads_start_alike_and_learn_apart(eagerly):
    keras.utils.set_random_seed(2)
    model = heatmap.network()
    both = heatmap.with_two_heads(model)
    inputs = faces.to_inputs(pictures(4))
    second = np.array([[0], [1], [0], [1]], np.float32)
    alone = model.predict_on_batch(inputs)
    np.testing.assert_allclose(both.predict_on_batch([inputs, second]), alone, atol=1e-5)
    before = [layer.get_weights()[0] for layer in heads_of(both)]
    both.compile(keras.optimizers.Adam(0.05), loss=losses.masked_mse)
    both.train_on_batch([inputs, np.ones_like(second)], np.zeros((4, 30), np.float32))
    ours, theirs = (
        np.abs(layer.get_weights()[0] - was).max()
        for layer, was in zip(heads_of(both), before, strict=True)
    )
    assert ours == 0 and theirs > 0
    # The network alone answers as the first labeller, whose layer it shares.
    first = both.predict_on_batch([inputs, np.zeros_like(second)])
    np.testing.assert_allclose(model.predict_on_batch(inputs), first, atol=1e-5)
    assert np.abs(both.predict_on_batch([inputs, second])[1] - first[1]).max() > 1e-4


def heads_of(both):
    return both.get_layer("heatmaps"), both.get_layer("heatmaps_second")


def test_one_point_of_the_first_labeller_is_enough():
    points = np.full((3, 15, 2), np.nan, np.float32)
    points[:, faces.INDEX["nose_tip"]] = 40
    points[1, faces.INDEX["mouth_left_corner"]] = 50
    np.testing.assert_array_equal(heatmap.from_second(points), [[1], [0], [1]])


def test_onnx_takes_grey_values_and_gives_pixels(model, tmp_path):
    images = pictures(3)
    export.to_onnx(heatmap.for_export(model), tmp_path / "it.onnx")
    score = export.scorer(tmp_path / "it.onnx")
    expected = faces.to_pixels(model.predict_on_batch(faces.to_inputs(images)))
    found = score(images[..., np.newaxis].astype(np.float32))
    assert found.shape == (3, 15, 2)
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_the_networks_of_the_thesis_are_exported_the_same_way():
    network, images = thesis.fourth(), pictures(2)
    expected = faces.to_pixels(network.predict_on_batch(faces.to_inputs(images)))
    found = heatmap.for_export(network).predict_on_batch(images[..., np.newaxis].astype(np.float32))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_it_learns_where_the_blob_is(blob_parts, eagerly):
    keras.utils.set_random_seed(0)
    model, part = heatmap.network(), blob_parts.train.take(np.arange(12))
    model.compile(keras.optimizers.Adam(3e-3), loss=losses.smooth_l1)
    inputs, targets = faces.to_inputs(part.images), faces.to_targets(part.keypoints)
    loss = model.fit(inputs, targets, batch_size=12, epochs=12, verbose=0).history["loss"]
    assert loss[-1] < loss[0] / 2


def test_the_stride_is_that_of_the_maps(model):
    assert heatmap.STRIDE * heatmap.heatmaps_of(model).output_shape[1] == faces.SIDE
    assert isinstance(model.get_layer("points"), heatmap.SoftArgmax)
