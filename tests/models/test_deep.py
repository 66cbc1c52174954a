import keras
import numpy as np
import pytest

from fkd_utils.files import InputError
from fkd_utils.models import deep

ROWS = [*deep.TABLE_3.values(), *deep.TABLE_4.values(), *deep.TABLE_5.values()]
NARROW = 1 / 32


def count(model, kind):
    return sum(isinstance(layer, kind) for layer in model.layers)


def kernels(model):
    return [
        tuple(layer.kernel.shape)
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]


def test_the_tables_have_the_rows_of_the_paper():
    assert [len(table) for table in (deep.TABLE_3, deep.TABLE_4, deep.TABLE_5)] == [16, 4, 3]
    for label, row in deep.TABLE_3.items():
        assert label == f"{row.conv_layers}cl, {row.pools}mpl"


@pytest.mark.parametrize("row", dict.fromkeys(ROWS), ids=str)
def test_every_row_builds_with_the_layers_it_names(row):
    model = row.build(NARROW)
    assert model.input_shape == (None, 96, 96, 1)
    assert model.output_shape == (None, 30)
    assert count(model, keras.layers.Conv2D) == row.conv_layers
    assert count(model, keras.layers.BatchNormalization) == row.conv_layers
    assert count(model, keras.layers.MaxPooling2D) == row.pools
    assert count(model, keras.layers.Dense) == row.dense_layers
    rates = {layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert rates == {row.dropout}


def test_parameters_of_five_layers_by_hand():
    # A 3x3 kernel and a bias, and four numbers a filter for the normalisation.
    convolutions = (
        (9 * 1 * 32 + 32)
        + (9 * 32 * 32 + 32)
        + (9 * 32 * 64 + 64)
        + (9 * 64 * 64 + 64)
        + (9 * 64 * 96 + 96)
    )
    normalisation = 4 * (32 + 32 + 64 + 64 + 96)
    # Three pools leave 12 by 12 places of 96 filters.
    dense = (12 * 12 * 96 * 512 + 512) + (512 * 512 + 512) + (512 * 30 + 30)
    model = deep.TABLE_3["5cl, 3mpl"].build()
    assert model.count_params() == convolutions + normalisation + dense


def test_the_final_network_is_that_of_table_1():
    model = deep.TABLE_5["1 dense"].build(0.25)
    wanted = [8, 8, 16, 16, 24, 24, 32, 32, 64, 64, 128, 128, 256, 256, 256]
    assert kernels(model) == [(3, 3, a, b) for a, b in zip([1, *wanted], wanted, strict=False)]
    assert model.layers[-1].kernel.shape == (3 * 3 * 256, 30)
    assert isinstance(model.layers[-2], keras.layers.Dropout)
    order = [type(layer).__name__ for layer in model.layers[:7]]
    block = ["Conv2D", "BatchNormalization", "LeakyReLU"]
    assert order == [*block, *block, "MaxPooling2D"]
    assert type(model.layers[-4]).__name__ == "LeakyReLU"  # before flatten; none after the output


def test_two_faces_in_sixty_numbers_out():
    outputs = deep.deep_cnn(16, 7, 1, 0.0, NARROW)(np.zeros((2, 96, 96, 1), np.float32))
    assert outputs.shape == (2, 30)


def test_untrained_outputs_stay_near_the_middle_and_differ_by_seed():
    found = []
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        pictures = np.random.default_rng(0).random((8, 96, 96, 1), np.float32)
        found.append(np.array(deep.deep_cnn(5, 3, 1, 0.0, 0.1)(pictures, training=True)))
    assert 0 < np.abs(found).max() < 0.1  # of half a picture
    assert not np.allclose(*found)


def test_a_rows_network_has_its_numbers():
    row = deep.Row(4, 2, 2, 0.3, 0, 0, 0, 0).build(0.1)
    model = deep.deep_cnn(conv_layers=4, pools=2, dense_layers=2, dropout=0.3, width=0.1)
    assert [w.shape for w in row.weights] == [w.shape for w in model.weights]
    rates = [x.rate for x in row.layers if isinstance(x, keras.layers.Dropout)]
    assert rates == [0.3, 0.3]


@pytest.mark.parametrize(
    ("conv_layers", "pools", "places"),
    [
        (5, 3, (2, 4, 5)),
        (6, 3, (2, 4, 6)),
        (16, 7, (2, 4, 6, 8, 10, 12, 14)),
        (3, 3, (1, 2, 3)),
        (4, 0, ()),
    ],
)
def test_pools_stand_behind_every_second_layer(conv_layers, pools, places):
    assert deep.pool_places(conv_layers, pools) == places


@pytest.mark.parametrize("pools", range(8))
def test_pools_stand_in_different_places_for_every_depth(pools):
    for conv_layers in range(max(1, pools), 17):
        places = deep.pool_places(conv_layers, pools)
        assert len(set(places)) == pools
        assert list(places) == sorted(places)
        assert all(1 <= place <= conv_layers for place in places)


def test_width_scales_filters_and_hidden_units_but_not_the_outputs():
    whole, half = (deep.deep_cnn(4, 2, 2, 0.0, width) for width in (1.0, 0.5))
    assert [k[3] for k in kernels(whole)] == [2 * k[3] for k in kernels(half)]
    dense = [layer.units for layer in half.layers if isinstance(layer, keras.layers.Dense)]
    assert dense == [256, 30]


def test_the_narrowest_network_still_has_a_filter():
    assert {k[3] for k in kernels(deep.deep_cnn(3, 1, 1, 0.0, 1e-6))} == {1}


def test_without_batch_norm_only_that_is_missing():
    with_it, without = (deep.deep_cnn(3, 1, 1, 0.0, 0.1, batch_norm=b) for b in (True, False))
    assert count(without, keras.layers.BatchNormalization) == 0
    assert kernels(with_it) == kernels(without)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((2, 3, 1, 0.0), "3 pools"),
        ((0, 0, 1, 0.0), "conv_layers"),
        ((17, 5, 1, 0.0), "conv_layers"),
        ((16, 8, 1, 0.0), "pools"),
        ((5, -1, 1, 0.0), "pools"),
        ((5, 3, 0, 0.0), "dense_layers"),
        ((5, 3, 4, 0.0), "dense_layers"),
        ((5, 3, 1, 1.0), "dropout"),
        ((5, 3, 1, -0.1), "dropout"),
        ((5, 3, 1, 0.0, 0.0), "width"),
        ((5, 3, 1, 0.0, 2.0), "width"),
    ],
)
def test_impossible_combinations_are_refused(arguments, word):
    with pytest.raises(InputError, match=word):
        deep.deep_cnn(*arguments)
