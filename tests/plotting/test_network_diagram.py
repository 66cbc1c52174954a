"""Drawings of networks say what the layers say."""

import keras
import matplotlib.pyplot as plt
import pytest

from fkd_utils.models import thesis
from fkd_utils.plotting import network_diagram


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def texts(model: keras.Model) -> list[str]:
    return [text.get_text() for text in network_diagram.draw_network(model).axes[0].texts]


def test_third_as_in_the_thesis():
    said = texts(thesis.third())
    for shape in ("96 × 96 × 1", "96 × 96 × 4", "48 × 48 × 6", "24 × 24 × 8", "250", "30"):
        assert shape in said, shape
    assert any("stride 2" in text for text in said)


def test_dropout_stands_with_its_layer():
    plain, dropped = texts(thesis.fourth()), texts(thesis.fourth(dropout=0.25))
    assert not any("dropout" in text for text in plain)
    assert [text for text in dropped if "dropout 25%" in text] and len(plain) == len(dropped)


def test_a_linear_model_begins_with_its_pixels():
    said = texts(thesis.first())
    assert "input pixels" in said and "9216" in said and "96 × 96 × 1" not in said


def test_few_nodes_are_all_drawn_and_many_are_not():
    def nodes(units: int) -> int:
        layers = [keras.layers.Input((4,)), keras.layers.Dense(units)]
        axes = network_diagram.draw_network(keras.Sequential(layers)).axes[0]
        return len(axes.patches) + sum(len(c.get_offsets()) for c in axes.collections)

    assert nodes(6) == nodes(5) + 1
    assert nodes(400) == nodes(300)
