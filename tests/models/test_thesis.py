import keras
import numpy as np
import pytest

from fkd_utils import models
from fkd_utils.models import thesis


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("first", 276_510), ("second", 2_814_780), ("third", 1_161_266), ("fourth", 297_266)],
)
def test_parameters_are_those_of_the_thesis_layers(name, parameters):
    assert models.MODELS[name].build().count_params() == parameters


@pytest.mark.parametrize("name", models.MODELS)
def test_one_face_in_thirty_numbers_out(name):
    assert models.MODELS[name].build()(np.zeros((2, 96, 96, 1), np.float32)).shape == (2, 30)


def test_fifth_is_fourth_with_one_more_dense_layer():
    fourth, fifth = thesis.fourth(), thesis.fifth(dropout=0.1, leaky=0.2)
    assert fifth.count_params() - fourth.count_params() == 250 * 250 + 250
    rates = [x.rate for x in fifth.layers if isinstance(x, keras.layers.Dropout)]
    assert rates == [0.05, 0.05, 0.05, 0.1, 0.1]  # THESIS Table 4.3
    slopes = [x.negative_slope for x in fifth.layers if isinstance(x, keras.layers.LeakyReLU)]
    assert slopes == [0.2] * 5


def shapes(model):
    return [
        tuple(layer.output.shape[1:])
        for layer in model.layers
        if not isinstance(layer, (keras.layers.Flatten, keras.layers.Dropout))
    ]


def test_third_has_the_shapes_of_table_3_1():
    assert shapes(thesis.third()) == [(96, 96, 4), (48, 48, 6), (24, 24, 8), (250,), (30,)]


def test_fourth_has_the_shapes_of_table_3_2():
    pools = [(96, 96, 4), (48, 48, 4), (48, 48, 6), (24, 24, 6), (24, 24, 8), (12, 12, 8)]
    assert shapes(thesis.fourth()) == [*pools, (250,), (30,)]


@pytest.mark.parametrize("build", [thesis.third, thesis.fourth])
def test_dropout_stands_behind_the_dense_layer(build):
    layers = build(dropout=0.25).layers
    assert isinstance(layers[-2], keras.layers.Dropout)
    assert layers[-2].rate == 0.25
    assert layers[-3].units == 250
