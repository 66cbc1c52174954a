"""Figures: what is drawn stands where the numbers say, and networks as their layers say."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fkd_utils.evaluation import metrics, verdicts
from fkd_utils.models import thesis
from fkd_utils.plotting import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def history():
    return pd.DataFrame(
        {"epoch": [1, 2, 3, 4], "loss": [0.4, 0.2, 0.1, 0.05], "val_mse": [0.5, 0.3, 0.2, 0.25]}
    )


@pytest.fixture
def faces_of():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 96, 96)).astype(np.uint8)
    truth = rng.uniform(10, 85, (8, 15, 2)).astype(np.float32)
    offs = np.array([3, 0.5, 9, 1, 7, 2, 5, 4], np.float32)  # how far each face's points are off
    return images, truth, truth + offs[:, np.newaxis, np.newaxis]


def test_points_lie_on_their_pixels(faces_of):
    images, truth, predicted = faces_of
    figure = plots.show_faces(images[:3], truth[:3], predicted[:3], columns=2, titles=list("abc"))
    panels = figure.axes
    assert len(panels) == 4 and not panels[3].images  # two rows of two, the last one empty
    for k in range(3):
        green, red = panels[k].lines
        np.testing.assert_array_equal(green.get_xydata(), truth[k])
        np.testing.assert_array_equal(red.get_xydata(), predicted[k])
        assert panels[k].get_title() == "abc"[k]
        np.testing.assert_array_equal(panels[k].images[0].get_array(), images[k])
        # Pixel centres at whole numbers, y down, no pixel cut off.
        assert panels[k].get_xlim() == (-0.5, 95.5) and panels[k].get_ylim() == (95.5, -0.5)


def test_a_curve_marks_its_best_epoch(history):
    _, axes = plt.subplots()
    plots.draw_curves(axes, history, 3)
    training, validation, mark = axes.lines
    assert training.get_ydata().tolist() == history.loss.tolist()
    assert validation.get_ydata().tolist() == history.val_mse.tolist()
    assert mark.get_xydata().tolist() == [[3, 0.2]]
    assert "0.20000 at epoch 3" in validation.get_label()
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
    assert axes.get_ylim()[0] < 0.05 and axes.get_ylim()[1] > 0.5


def test_best_and_worst_faces_are_those(history, faces_of):
    images, truth, predicted = faces_of
    figure = plots.learning_figure(history, 3, images, truth, predicted)
    shown = [panel.images[0].get_array() for panel in figure.axes[1:]]
    for picture, k in zip(shown, [1, 3, 5, 2, 4, 6], strict=True):
        np.testing.assert_array_equal(picture, images[k])
    worst = metrics.face_mse(truth, predicted)[2]
    assert figure.axes[4].get_title() == f"MSE {worst:.5f}"
    # The score to beat: what their mean would have cost, in targets y/48 - 1.
    constant = np.mean(((truth - truth.mean(axis=0)) / 48) ** 2)
    assert figure.axes[0].lines[-1].get_ydata()[0] == pytest.approx(constant)
    other = plots.learning_figure(history, 3, images, truth, predicted, constant=0.07)
    assert other.axes[0].lines[-1].get_ydata()[0] == 0.07


def test_distances_of_a_stored_run(history):
    errors = np.zeros((4, 15, 2))
    errors[:, :, 0] = np.array([0.2, 1.2, 1.3, 5.1])[:, np.newaxis]
    figure = plots.stored_figure(history, 3, errors, 0.07)
    left, right = figure.axes
    assert left.lines[-1].get_ydata()[0] == 0.07
    assert [bar.get_height() for bar in right.patches][:3] == [1, 0, 2]
    assert sum(bar.get_height() for bar in right.patches) == 4
    assert right.lines[0].get_xdata()[0] == pytest.approx(1.95)


def test_changes_stand_in_their_rows():
    rows = {
        "one": verdicts.Change([0.8, 0.9], (0.7, 1.0), 0.75, 0.6),
        "two": verdicts.Change([1.1, 1.2], (1.0, 1.3), None, 0.95),
    }
    figure = plots.changes_figure(rows, "seeds", "full")
    axes = figure.axes[0]
    drawn = {(line.get_marker(), tuple(map(tuple, line.get_xydata()))) for line in axes.lines}
    assert ("o", ((0.8, 0.0), (0.9, 0.0))) in drawn and ("o", ((1.1, 1.0), (1.2, 1.0))) in drawn
    assert [d for d in drawn if d[0] == "s" and d[1]] == [("s", ((0.75, 0.24),))]
    assert ("D", ((0.95, 0.76),)) in drawn
    assert [text.get_text() for text in axes.get_yticklabels()] == ["one", "two"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row on top


def test_the_colours_differ_in_grey_print():
    """No two of the first four have nearly the same lightness (Rec. 709)."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    codes = [plots.COLOURS[name] for name in ("blue", "orange", "green", "black")]
    light = [weights @ [int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes]
    assert np.diff(sorted(light)).min() > 10


def texts(model: keras.Model) -> list[str]:
    return [text.get_text() for text in plots.draw_network(model).axes[0].texts]


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
        axes = plots.draw_network(keras.Sequential(layers)).axes[0]
        return len(axes.patches) + sum(len(c.get_offsets()) for c in axes.collections)

    assert nodes(6) == nodes(5) + 1
    assert nodes(400) == nodes(300)
