"""Sources of weights, where they are cut, and what is trained."""

import pathlib
import threading
import time

import keras
import numpy as np
import pytest

from fkd_utils.files import InputError
from fkd_utils.models import losses, transfer

FACES = np.random.default_rng(0).integers(0, 256, (3, 96, 96), dtype=np.uint8)


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


def large(monkeypatch, build):
    monkeypatch.setitem(transfer.LARGE, "ResNet50", transfer.Large(build, lambda x: x, "_out"))


def test_weights_that_arrive_are_used(monkeypatch):
    large(monkeypatch, tiny)
    source = transfer.imagenet("ResNet50", 20)
    assert source.weights == "ImageNet" and "RANDOM" not in source.says
    assert all((w == 1).all() for w in source.network.get_weights())
    assert source.ends == ("one_out", "two_out")
    assert source.inputs(FACES).shape == (3, 96, 96, 3)


def failing(weights=None, **shape):
    if weights == "imagenet":
        raise Exception("URL fetch failure on https://x/y.h5: None -- [Errno -2] no such host")
    return tiny(**shape)


def test_without_a_network_the_weights_are_random_and_it_says_so(monkeypatch):
    large(monkeypatch, failing)
    source = transfer.imagenet("ResNet50", 20)
    assert source.weights == "random"
    assert "RANDOM weights, not ImageNet's" in source.says and "no such host" in source.says
    assert "http" not in source.says


def test_a_network_that_never_answers_is_not_waited_for(monkeypatch):
    never = threading.Event()

    def hanging(weights=None, **shape):
        if weights == "imagenet":
            never.wait(30)
        return tiny(**shape)

    large(monkeypatch, hanging)
    started = time.monotonic()
    source = transfer.imagenet("ResNet50", 0.3)
    assert time.monotonic() - started < 5
    assert source.weights == "random" and "within 0.3 s" in source.says
    never.set()


def test_nothing_is_fetched_when_not_asked(monkeypatch):
    def refusing(weights=None, **shape):
        assert weights is None
        return tiny(**shape)

    large(monkeypatch, refusing)
    assert transfer.imagenet("ResNet50", 0).weights == "random"


def test_keras_itself_falls_back_when_its_download_fails(monkeypatch):
    cache = pathlib.Path(keras.config.keras_home() if hasattr(keras.config, "keras_home") else "~")
    cache = cache.expanduser() if str(cache) != "~" else pathlib.Path.home() / ".keras"
    if list(cache.glob("models/resnet50*notop*")):
        pytest.skip("this machine has ImageNet's weights already")

    def no_host(*_, **__):
        raise OSError("no such host")

    monkeypatch.setattr("socket.getaddrinfo", no_host)
    source = transfer.imagenet("ResNet50", 60)
    assert source.weights == "random" and len(source.ends) == 16
    assert source.ends[-1] == "conv5_block3_out"


def test_unknown_names_and_numbers():
    with pytest.raises(InputError, match="choose one of ResNet50"):
        transfer.imagenet("VGG", 0)
    with pytest.raises(InputError, match="0 to 4"):
        transfer.cut(transfer.own(), 5)


@pytest.mark.parametrize("blocks", range(5))
def test_frozen_and_trained_part_make_the_whole(blocks):
    source = transfer.own()
    whole = source.network.predict(source.inputs(FACES), verbose=0)
    middle = transfer.frozen(source, blocks, FACES)
    _, tail = transfer.cut(source, blocks)
    again = middle if tail is None else keras.ops.convert_to_numpy(tail(middle))
    np.testing.assert_allclose(again, whole, atol=1e-5)


def test_random_weights_differ_by_seed_only():
    first, same, other = (transfer.untrained(seed).network.get_weights() for seed in (1, 1, 2))
    own = transfer.own().network.get_weights()
    assert all((a == b).all() for a, b in zip(first, same, strict=True))
    for others in (other, own):
        assert [w.shape for w in first] == [w.shape for w in others]
        assert any((a != b).any() for a, b in zip(first, others, strict=True))


def fitted(x, y, epochs=3):
    """A new last layer on frozen features after some steps of plain descent, one batch each."""
    model = transfer.network_for(transfer.own(), 0, np.full(y.shape[1], 0.25))
    rng = np.random.default_rng(5)
    weights = [rng.normal(0, 0.1, w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.1), losses.masked_mse, run_eagerly=True)
    model.fit(x, y, batch_size=len(x), epochs=epochs, shuffle=False, verbose=0)
    return weights, model.get_weights()


def test_the_last_layer_starts_at_the_mean_face():
    start = np.linspace(-1, 1, 6, dtype=np.float32)
    model = transfer.network_for(transfer.own(), 0, start)
    answer = keras.ops.convert_to_numpy(model(np.zeros((1, 250), np.float32)))
    np.testing.assert_allclose(answer[0], start, atol=1e-6)


def test_points_that_are_masked_everywhere_move_no_weight():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (8, 250)).astype(np.float32)
    y = rng.uniform(-1, 1, (8, 136)).astype(np.float32)
    y[:, [16, 17]] = np.nan
    before, after = fitted(x, y)
    for old, new in zip(before, after, strict=True):
        same = (old == new).reshape(-1, 136).all(axis=0)
        assert np.flatnonzero(same).tolist() == [16, 17]


def test_faces_without_any_point_are_as_good_as_absent():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (8, 250)).astype(np.float32)
    y = rng.uniform(-1, 1, (8, 136)).astype(np.float32)
    y[4:] = np.nan
    with_masked, without = fitted(x, y)[1], fitted(x[:4], y[:4])[1]
    for a, b in zip(with_masked, without, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_two_blocks_train_and_the_frozen_ones_stay():
    source = transfer.own()
    before = [w.copy() for w in source.network.get_weights()]
    x, y = transfer.frozen(source, 2, FACES), np.zeros((3, 136), np.float32)
    model = transfer.network_for(source, 2, np.ones(136))
    model.compile("sgd", losses.masked_mse, run_eagerly=True)
    model.fit(x, y, verbose=0)
    moved = [(a != b).any() for a, b in zip(before, source.network.get_weights(), strict=True)]
    assert moved[:4] == [False] * 4  # two convolutions: weights and offsets
    assert all(moved[4:])
