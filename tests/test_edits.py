"""A reader changes a chapter's network and runs on: it goes to the end, and the change trains."""

import io
import json

import IPython.display
import jupytext
import matplotlib.pyplot as plt
import PIL.Image
import pytest

from fkd_utils import training
from fkd_utils.plotting import figures
from studies import chapters

# Of each chapter: a layer's width, the optimiser, the loss, dropout added; what stands there and
# what the reader writes instead. The last word is what the run's network must then hold.
EDITS = {
    "03_linear": [
        ("keras.layers.Dense(30),\n    ],", 'keras.layers.Dense(41, activation="relu"),\n'
         "        keras.layers.Dropout(0.1),\n        keras.layers.Dense(30),\n    ],"),
        ('model.compile(keras.optimizers.SGD(rate), loss="mse")',
         'model.compile(keras.optimizers.Adam(rate), loss="mae")'),
    ],
    "04_mlp": [
        ('Dense(300, activation="relu"),\n            keras.layers.Dense(150',
         'Dense(41, activation="relu"),\n            keras.layers.Dropout(0.1),\n'
         "            keras.layers.Dense(150"),
        ('SGD(0.05), loss="mse")\nby_descent', 'Adam(0.01), loss="mae")\nby_descent'),
    ],
    "05_strided_cnn": [
        ("Conv2D(6, 5, strides=2", "Conv2D(41, 5, strides=2"),
        ("def third(dropout=0,", "def third(dropout=0.1,"),
        ('Adam(0.001), loss="mse")\nrun = ', 'SGD(0.01), loss="mae")\nrun = '),
    ],
    "06_pooled_cnn": [
        ("Conv2D(6, 5, padding", "Conv2D(41, 5, padding"),
        ("def fourth(dropout=0)", "def fourth(dropout=0.1)"),
        ('Adam(0.001), loss="mse")\nrun = ', 'SGD(0.01), loss="mae")\nrun = '),
    ],
    "08_final_model": [
        ("Dense(250))", "Dense(41))"),
        ("fifth(dropout=0, leaky=0),\n    \"Fifth, dropout\"",
         "fifth(dropout=0.1, leaky=0),\n    \"Fifth, dropout\""),
        ('model.compile(keras.optimizers.Adam(0.001), loss="mse")\n    runs',
         'model.compile(keras.optimizers.SGD(0.01), loss="mae")\n    runs'),
    ],
    "18a_beyond_the_studies": [
        ("for filters in (32, 48, 96)", "for filters in (32, 41, 96)"),
        ("    maps = keras.layers.Conv2D(15, 1",
         "    seen = keras.layers.Dropout(0.1)(seen)\n    maps = keras.layers.Conv2D(15, 1"),
        ("keras.optimizers.Adam(one_cycle(0.001,", "keras.optimizers.SGD(one_cycle(0.001,"),
        ("loss=models.losses.wing)\nrun", "loss=models.losses.masked_mse)\nrun"),
    ],
}  # fmt: skip
# And numbers that only cost time: fewer steps, places and draws.
SMALLER = {
    "04_mlp": [("before=20", "before=2")],
    "06_pooled_cnn": [
        ("np.arange(32, 72), np.arange(32, 72)", "np.arange(32, 48), np.arange(32, 48)"),
        ("order[:1200], order[1200:]", "order[:200], order[200:]"),
    ],
    "08_final_model": [("draws=8", "draws=2"), ("images[::30]", "images[::100]")],
}


def edited(name: str) -> list:
    """The cells of a chapter as the reader has changed them."""
    text = (chapters.SOURCES / f"{name}.py").read_text(encoding="utf-8")
    for before, after in EDITS[name] + SMALLER.get(name, []):
        assert text.count(before) == 1, f"{name}: not once there: {before}"
        text = text.replace(before, after)
    return [c.source for c in jupytext.reads(text, "py:percent").cells if c.cell_type == "code"]


@pytest.fixture(scope="module")
def runs_folder(tmp_path_factory):
    """One for all chapters: what one has trained, the next finds."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def cheap(monkeypatch):
    """Figures are drawn and not turned into PNG."""
    dot = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(dot, "PNG")
    monkeypatch.setattr(figures, "drawn", lambda figure: plt.close(figure) or dot.getvalue())
    monkeypatch.setattr(IPython.display, "display", lambda *shown, **how: None)


@pytest.mark.parametrize("name", EDITS)
def test_a_changed_network_trains_and_the_chapter_runs_to_its_end(
    name, runs_folder, cheap, eagerly, tmp_path, monkeypatch
):
    given = {"FKD_PROFILE": "smoke", "FKD_DATA": "open", "MPLBACKEND": "Agg"}
    given |= {"FKD_RUNS": runs_folder, "FKD_FIGURES": tmp_path}
    for variable, value in given.items():
        monkeypatch.setenv(variable, str(value))
    monkeypatch.delenv("FKD_STRICT", raising=False)
    runs, fit = [], training.fit
    monkeypatch.setattr(training, "fit", lambda *a, **k: runs.append(fit(*a, **k)) or runs[-1])
    page = {"__name__": "__main__"}
    for number, cell in enumerate(edited(name)):
        exec(compile(cell, f"{name}, code cell {number}", "exec"), page)
    plt.close("all")
    first = runs[0]
    layers = json.dumps(json.loads((first.folder / "network.json").read_text(encoding="utf-8")))
    assert '"units": 41' in layers or '"filters": 41' in layers
    assert '"Dropout"' in layers
    compiled = first.settings["network"]["compile"]
    # Chapter 18a's faces lack points, which a plain loss does not stand.
    assert ("masked_mse" if name[:3] == "18a" else "mae") in str(compiled["loss"])
    assert compiled["optimizer"]["class_name"] == ("Adam" if name[:2] < "05" else "SGD")
    assert len(first.history) == first.epochs
