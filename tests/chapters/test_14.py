"""Chapter 14's patches, refiner, level and cascade."""

import cv2
import hypothesis
import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from chapters import pages

from fkd_utils import faces
from fkd_utils.evaluation import metrics
from fkd_utils.models import thesis


@pytest.fixture
def page():
    return pages.load("14", "fit_level", "levels_on", "SIDES")


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (3, 96, 96)).astype(np.uint8)


PATCHES = pages.load("14", "patches").patches


@hypothesis.given(
    places=arrays.arrays(np.int64, (3, 4, 2), elements=st.integers(0, 95)),
    half=st.integers(0, 15),
)
@hypothesis.settings(max_examples=25)
def test_cutting_at_whole_numbers_is_slicing(places, half):
    images = np.random.default_rng(1).integers(0, 256, (3, 96, 96)).astype(np.uint8)
    cut = PATCHES(images, places, 2 * half + 1)
    mirrored = np.pad(images, ((0, 0), (half, half), (half, half)), mode="reflect")
    for n, k in np.ndindex(3, 4):
        x, y = places[n, k]  # the mirrored picture begins `half` pixels before the picture
        wanted = mirrored[n, y : y + 2 * half + 1, x : x + 2 * half + 1]
        np.testing.assert_array_equal(cut[n, k], wanted)


def test_a_value_between_four_pixels(page):
    image = np.zeros((1, 96, 96), np.uint8)
    image[0, 20, 10], image[0, 20, 11], image[0, 21, 10], image[0, 21, 11] = 100, 200, 60, 20
    # A quarter to the right, three quarters down: 0.25 * (0.75 * 100 + 0.25 * 200) is 31.25,
    # and 0.75 * (0.75 * 60 + 0.25 * 20) is 37.5.
    cut = page.patches(image, np.array([[[10.25, 20.75]]]), 3)
    assert cut.shape == (1, 1, 3, 3) and cut.dtype == np.float32
    assert cut[0, 0, 1, 1] == pytest.approx(68.75)


def test_opencv_cuts_the_same(page, noise):
    places = np.random.default_rng(2).uniform(0, 95, (3, 6, 2))
    cut = page.patches(noise, places, 21)
    padded = [cv2.copyMakeBorder(i, 30, 30, 30, 30, cv2.BORDER_REFLECT_101) for i in noise]
    for n, k in np.ndindex(3, 6):
        centre = tuple((places[n, k] + 30).tolist())
        theirs = cv2.getRectSubPix(padded[n], (21, 21), centre, patchType=cv2.CV_32F)
        np.testing.assert_allclose(cut[n, k], theirs, atol=0.01)


def test_a_drawn_dot_lies_in_the_middle(page):
    place = np.array([40.3, 61.6])
    y, x = np.mgrid[:96, :96]
    dot = 200 * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / 8)
    cut = page.patches(np.rint(dot).astype(np.uint8)[np.newaxis], place[None, None], 25)[0, 0]
    weights = cut / cut.sum()
    assert (weights.sum(axis=0) @ np.arange(25)) == pytest.approx(12, abs=0.03)
    assert (weights.sum(axis=1) @ np.arange(25)) == pytest.approx(12, abs=0.03)


def test_estimates_outside_are_moved_to_the_edge(page):
    np.testing.assert_array_equal(
        page.inside(np.array([[-3.0, 40.5], [97, 95]])), [[0, 40.5], [95, 95]]
    )


def test_drawn_errors_stay_with_their_keypoint(page):
    # The error of keypoint k on face m is (k, m): what is drawn says where it comes from.
    errors = np.stack(np.broadcast_arrays(np.arange(15), np.arange(7)[:, None]), axis=-1)
    drawn = page.drawn_errors(errors, 400, np.random.default_rng(0))
    assert drawn.shape == (400, 15, 2)
    assert (drawn[..., 0] == np.arange(15)).all()
    assert (np.bincount(drawn[..., 1].ravel(), minlength=7) > 400 * 15 / 7 * 0.8).all()
    assert len(np.unique(drawn[..., 1], axis=0)) > 390  # not one face's errors together


def test_the_work_is_counted(page):
    # Table 3.2: three convolutions and two dense layers.
    by_hand = 96 * 96 * 4 * 25 + 48 * 48 * 6 * 100 + 24 * 24 * 8 * 96 + 1152 * 250 + 250 * 30
    assert thesis.multiply_adds(thesis.fourth()) == by_hand
    # 21 pixels: 17 x 17 places, pooled to 8 x 8, to 4 x 4 x 12 features; 24 and 2 units.
    by_hand = 15 * (17 * 17 * 6 * 25 + 8 * 8 * 12 * 54 + 192 * 24 + 24 * 2)
    assert thesis.multiply_adds(page.refiner(21), 15) == by_hand


def test_a_keypoint_has_a_head_of_its_own(page, noise):
    keras.utils.set_random_seed(0)
    network = page.refiner(15)
    same = np.repeat(page.patches(noise, np.full((3, 1, 2), 48.0), 15), 15, axis=1)
    before = network.predict(same, verbose=0)
    assert before.shape == (3, 15, 2)
    same[:, 4] = 255 - same[:, 4]
    changed = (network.predict(same, verbose=0) != before).any(axis=(0, 2))
    assert np.flatnonzero(changed).tolist() == [4]  # keypoints look at their own patch only
    assert len(np.unique(before[0, :, 0])) > 10  # and answer in their own way
    lighter = network.predict(same / 2 + 40, verbose=0)
    darker = network.predict(same / 2, verbose=0)
    np.testing.assert_allclose(lighter, darker, atol=1e-4)


def from_blobs(part: faces.Faces, off: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, off, part.keypoints.shape)


def test_a_level_lowers_the_error(page, blob_parts):
    train, held, test = blob_parts.train, blob_parts.validation, blob_parts.test
    level = page.fit_level(train, from_blobs(held, 3, 0), (25,), 15, 0)
    start = test.keypoints + from_blobs(test, 3, 1)
    better = page.correct(level, test.images, start)
    before = metrics.distances(test.keypoints, start)
    after = metrics.distances(test.keypoints, better)
    assert better.shape == (32, 15, 2) and better.dtype == np.float32
    assert after.mean() < 0.6 * before.mean()
    assert (np.abs(better - start) <= level[1] + 1e-4).all()


def test_a_level_averages_its_networks(page, noise):
    networks = []
    for side, found in ((15, (1, 3)), (21, (2, 8))):
        network = page.refiner(side)
        weights = [np.zeros_like(w) for w in network.get_weights()]
        weights[-1][:] = found
        network.set_weights(weights)
        networks.append(network)
    start = np.full((3, 15, 2), 50.25)
    better = page.correct((networks, 10.0), noise, start)
    np.testing.assert_allclose(better - start, np.broadcast_to((1.5, 5.5), better.shape))
    short = page.correct((networks, 2.0), noise, start)
    np.testing.assert_allclose(short - start, np.broadcast_to((1.5, 2.0), short.shape))


def test_a_cascade_grows_level_by_level(page, blob_parts, monkeypatch):
    page.train, page.held = blob_parts.train, blob_parts.validation
    seen = []
    monkeypatch.setattr(page, "fit_level", lambda part, errors, *_: seen.append(errors))
    monkeypatch.setattr(page, "correct", lambda level, images, points: points + 1)
    first = thesis.first()
    levels = page.levels_on(first, 1, 0)
    estimates = page.after_levels(first, levels, page.held.images)
    assert estimates.shape == (3, 32, 15, 2)
    np.testing.assert_array_equal(estimates[2], estimates[0] + 2)
    # Each level practises on what the one before leaves over on the held-out faces.
    np.testing.assert_allclose(seen[1], estimates[1] - page.held.keypoints)


def test_fixed_errors_come_again_in_every_epoch(page, blob_parts, monkeypatch):
    part = blob_parts.train.take(np.arange(20))
    starts, cut = [], page.patches
    monkeypatch.setattr(
        page,
        "patches",
        lambda images, points, side: starts.append(points) or cut(images, points, side),
    )
    errors = from_blobs(part, 2, 3)
    page.fit_level(part, errors, (15,), 2, 0, fixed=True)
    np.testing.assert_allclose(starts[0], part.keypoints + errors)
    np.testing.assert_array_equal(starts[0], starts[1])
    page.fit_level(part, errors, (15,), 2, 0)
    assert (starts[2] != starts[3]).any()


def test_each_layer_of_the_perceptron_draws_first_weights_of_its_own():
    page = pages.load("14", "perceptron", "GLOROT", SEED=0)
    wide = keras.initializers.RandomNormal(stddev=1.0)
    networks = [page.perceptron("tanh", start) for start in (wide, page.GLOROT, wide)]
    kernels = [[layer.kernel.numpy() for layer in one.layers[1:4]] for one in networks]
    for one in kernels:
        assert not np.array_equal(one[0], one[1]) and not np.array_equal(one[1], one[2])
    np.testing.assert_array_equal(kernels[0], kernels[2])
    assert np.std(kernels[0]) == pytest.approx(1, rel=0.02)


def test_pre_training_teaches_each_layer_its_inputs_and_no_label():
    page = pages.load("14", "perceptron", "pretrain", "GLOROT", SEED=0)
    rng = np.random.default_rng(0)
    page.small = (rng.random((60, 2)) @ rng.random((2, 576)) / 2).astype(np.float32)  # two causes
    network = page.perceptron("sigmoid", page.GLOROT)
    before = [layer.get_weights() for layer in network.layers]
    page.pretrain(network)
    after = [layer.get_weights() for layer in network.layers]
    assert all(not np.allclose(a[0], b[0]) for a, b in zip(before[:-1], after[:-1], strict=True))
    np.testing.assert_array_equal(before[-1][0], after[-1][0])
    # The first layer's codes tell the faces apart as the pictures do: one line fits them back.
    codes = network.layers[0](page.small).numpy()
    filled = np.column_stack([codes, np.ones(len(codes))])
    back = filled @ np.linalg.lstsq(filled, page.small, rcond=1e-4)[0]
    assert ((back - page.small) ** 2).mean() < 0.05 * page.small.var(axis=0).mean()
