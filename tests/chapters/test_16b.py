"""Chapter 16b's sources of weights, where they are cut, and what is trained."""

import collections
import threading
import time

import keras
import numpy as np
import pytest
from chapters import pages

from fkd_utils import faces
from fkd_utils.evaluation import metrics
from fkd_utils.models import losses

FACES = np.random.default_rng(0).integers(0, 256, (3, 96, 96), dtype=np.uint8)


@pytest.fixture
def page():
    return pages.load(
        "16b", "network_for", "features", "ours", "lite", "imagenet", "LARGE", "Source", SEED=0
    )


def test_nme_is_the_measure_of_the_course_on_fifteen_points():
    nme, rng = pages.load("16b", "nme").nme, np.random.default_rng(0)
    truth = rng.uniform(10, 90, (3, 68, 2))
    fifteen = np.zeros((3, 15, 2))
    for name, row in (("left_eye_outer_corner", 45), ("right_eye_outer_corner", 36)):
        fifteen[:, faces.INDEX[name]] = truth[:, row]
    eyes = metrics.eye_distance(fifteen)
    guess = truth + np.array([3, 4])
    assert nme(truth, guess) == pytest.approx(100 * np.mean(5 / eyes))
    truth[:, 5] = np.nan
    assert nme(truth, guess) == pytest.approx(100 * np.mean(5 / eyes))
    guess[0, 0] = np.nan  # a network that went astray, no missing label
    assert np.isnan(nme(truth, guess))


def tiny(weights=None, **shape):
    """Stands for a network of keras.applications."""
    assert shape["include_top"] is False and shape["input_shape"] == (96, 96, 3)
    inputs = keras.layers.Input((96, 96, 3))
    maps = keras.layers.Conv2D(2, 3, 8, name="one_out")(inputs)
    maps = keras.layers.Conv2D(3, 3, 2, name="two_out")(maps)
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps))
    if weights == "imagenet":
        network.set_weights([np.ones_like(w) for w in network.get_weights()])
    return network


def large(page, build):
    page.LARGE["ResNet50"] = (build, lambda x: x, r".*_out")


def test_weights_that_arrive_are_used(page, capsys):
    large(page, tiny)
    source = page.imagenet("ResNet50", 20, 0)
    assert source.weights == "ImageNet" and "RANDOM" not in capsys.readouterr().out
    assert all((w == 1).all() for w in source.network.get_weights())
    assert source.ends == ["one_out", "two_out"]
    assert source.inputs(FACES).shape == (3, 96, 96, 3)
    assert keras.utils.is_interactive_logging_enabled()  # silent in the download's thread only


def failing(weights=None, **shape):
    if weights == "imagenet":
        raise Exception("URL fetch failure on https://x/y.h5: None -- [Errno -2] no such host")
    return tiny(**shape)


def test_without_a_network_the_weights_are_random_and_it_says_so(page, capsys):
    large(page, failing)
    assert page.imagenet("ResNet50", 20, 0).weights == "random"
    said = capsys.readouterr().out
    assert "RANDOM weights, not ImageNet's" in said and "no such host" in said
    assert "http" not in said


def test_a_network_that_never_answers_is_not_waited_for(page, capsys):
    never = threading.Event()

    def hanging(weights=None, **shape):
        if weights == "imagenet":
            never.wait(30)
        return tiny(**shape)

    large(page, hanging)
    started = time.monotonic()
    source = page.imagenet("ResNet50", 0.3, 0)
    assert time.monotonic() - started < 5
    assert source.weights == "random" and "within 0.3 s" in capsys.readouterr().out
    never.set()


def test_nothing_is_fetched_when_not_asked(page):
    def refusing(weights=None, **shape):
        assert weights is None
        return tiny(**shape)

    large(page, refusing)
    assert page.imagenet("ResNet50", 0, 0).weights == "random"


def test_keras_itself_falls_back_when_its_download_fails(page, monkeypatch, tmp_path):
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))

    def no_host(*_, **__):
        raise OSError("no such host")

    monkeypatch.setattr("socket.getaddrinfo", no_host)
    source = page.imagenet("ResNet50", 60, 0)
    assert source.weights == "random" and len(source.ends) == 16
    assert source.ends[-1] == "conv5_block3_out"


def test_inceptions_blocks_end_where_its_paths_are_joined(page):
    source = page.imagenet("InceptionV3", 0, 0)
    assert source.ends == [f"mixed{k}" for k in range(11)]  # not mixed9_0, inside of mixed9


@pytest.mark.parametrize("blocks", range(5))
def test_frozen_and_trained_part_make_the_whole(page, blocks):
    source = page.ours()
    whole = source.network.predict(source.inputs(FACES), verbose=0)
    middle = page.features(source, blocks, FACES)
    _, freed = page.in_two(source, blocks)
    again = middle if freed is None else keras.ops.convert_to_numpy(freed(middle))
    np.testing.assert_allclose(again, whole, atol=1e-5)


@pytest.mark.parametrize("blocks", [0, 5, 16])
def test_imagenets_network_is_cut_like_ours(page, blocks):
    source = page.lite()
    assert len(source.ends) == 16 and source.weights == "ImageNet"
    middle = page.features(source, blocks, FACES)
    assert middle.shape[1:] == {0: (1280,), 5: (6, 6, 112), 16: (96, 96, 3)}[blocks]
    _, freed = page.in_two(source, blocks)
    again = middle if freed is None else keras.ops.convert_to_numpy(freed(middle))
    whole = source.network.predict(source.inputs(FACES), verbose=0)
    np.testing.assert_allclose(again, whole, rtol=1e-3, atol=1e-4)
    fresh = page.lite("random", 1).network.get_weights()
    assert any((a != b).any() for a, b in zip(fresh, source.network.get_weights(), strict=True))


def test_random_weights_differ_by_seed_only(page):
    first, same, other = (page.ours("random", seed).network.get_weights() for seed in (1, 1, 2))
    own = page.ours().network.get_weights()
    assert all((a == b).all() for a, b in zip(first, same, strict=True))
    for others in (other, own):
        assert [w.shape for w in first] == [w.shape for w in others]
        assert any((a != b).any() for a, b in zip(first, others, strict=True))


def fitted(page, x, y, epochs=3):
    """A new last layer on frozen features after some steps of plain descent, one batch each."""
    model = page.network_for(page.ours(), 0, np.full(y.shape[1], 0.25))
    rng = np.random.default_rng(5)
    weights = [rng.normal(0, 0.1, w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.1), losses.masked_mse, run_eagerly=True)
    model.fit(x, y, batch_size=len(x), epochs=epochs, shuffle=False, verbose=0)
    return weights, model.get_weights()


def test_the_last_layer_starts_at_the_mean_face(page):
    start = np.linspace(-1, 1, 6, dtype=np.float32)
    model = page.network_for(page.ours(), 0, start)
    answer = keras.ops.convert_to_numpy(model(np.zeros((1, 250), np.float32)))
    np.testing.assert_allclose(answer[0], start, atol=1e-6)


def some_targets():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (8, 250)).astype(np.float32)
    return x, rng.uniform(-1, 1, (8, 136)).astype(np.float32)


def test_points_that_are_masked_everywhere_move_no_weight(page):
    x, y = some_targets()
    y[:, [16, 17]] = np.nan
    before, after = fitted(page, x, y)
    for old, new in zip(before, after, strict=True):
        same = (old == new).reshape(-1, 136).all(axis=0)
        assert np.flatnonzero(same).tolist() == [16, 17]


def test_faces_without_any_point_are_as_good_as_absent(page):
    x, y = some_targets()
    y[4:] = np.nan
    with_masked, without = fitted(page, x, y)[1], fitted(page, x[:4], y[:4])[1]
    for a, b in zip(with_masked, without, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_two_blocks_train_and_the_frozen_ones_stay(page):
    source = page.ours()
    before = [w.copy() for w in source.network.get_weights()]
    x, y = page.features(source, 2, FACES), np.zeros((3, 136), np.float32)
    model = page.network_for(source, 2, np.ones(136))
    model.compile("sgd", losses.masked_mse, run_eagerly=True)
    model.fit(x, y, verbose=0)
    moved = [(a != b).any() for a, b in zip(before, source.network.get_weights(), strict=True)]
    assert moved[:4] == [False] * 4  # two convolutions: weights and offsets
    assert all(moved[4:])


def test_the_best_linear_layer_is_found():
    rng = np.random.default_rng(2)
    x, w = rng.normal(0, 1, (80, 5)), rng.normal(0, 9, (5, 68, 2))
    points = 48 + np.einsum("nf,fkc->nkc", x, w)
    choose = collections.namedtuple("Part", "points")(points[60:])
    ridge = pages.load("16b", "ridge", choose=choose).ridge
    found = ridge(x[:60], points[:60], [x[60:], x[60:]])
    assert np.abs(found[1] - points[60:]).max() < 4  # of 9 and more; the weakest alpha is 1
