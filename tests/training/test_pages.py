"""The network that a chapter trains on its page has the name of the table's row."""

import re
import types

import jupytext
import keras
import numpy as np
import pandas as pd
import pytest

from fkd_utils import files, training
from fkd_utils.training import fitting

# Of each chapter: words of the cells that build its networks, in turn, and the rows these train.
PAGES = {
    "03_linear": (["model = keras.Sequential", "model.compile("], ["First"]),
    "04_mlp": (["def second("], ["Second", "Second, Adam"]),
    "05_strided_cnn": (["def third("], ["Third", "Third, dropout"]),
    "06_pooled_cnn": (["def fourth("], ["Fourth", "Fourth, dropout"]),
    "08_final_model": (["def fifth(", "def batch_size("], list(training.TABLE_4_4)),
}
QUICK = 12  # epochs, the same for all rows here


def building_cells(page: str, words: list[str], rows: int) -> list[str]:
    """The imports of a page, its first cells with `words`, its first cells that train."""
    text = (files.REPO / "notebooks" / "src" / f"{page}.py").read_text(encoding="utf-8")
    cells = [c.source for c in jupytext.reads(text, "py:percent").cells if c.cell_type == "code"]
    first = [next(c for c in cells if word in c) for word in ["\nimport keras\n", *words]]
    training_cells = [c for c in cells if "training.fit(model" in c or "training.fit(\n" in c]
    return first + training_cells[: 1 if page.startswith(("03", "08")) else rows]


def test_every_row_of_the_tables_stands_on_a_page():
    rows = [row for _, of_page in PAGES.values() for row in of_page]
    assert rows == [*training.TABLE_4_1, *training.TABLE_4_4]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_and_the_table_give_one_name(page, blob_parts, tmp_path, monkeypatch):
    names = []

    def named(model, data, epochs, batch_size=64, steps_per_epoch=None, seed=0):
        recipe = fitting._recipe(epochs, batch_size, steps_per_epoch, seed, None, False)
        settings = fitting.describe(model, recipe, [], data)
        names.append(fitting.folder_of(settings, model.name, tmp_path).name)
        return types.SimpleNamespace(history=pd.DataFrame({"loss": [0.0], "seconds": [0.0]}))

    monkeypatch.setattr(fitting, "fit", named)
    monkeypatch.setattr(training, "fit", named)
    words, rows = PAGES[page]
    given = {
        "PROFILE": "quick",
        "DATA": "blobs",
        "SEED": 0,
        "splits": blob_parts,
        "epochs": QUICK,
        "steps": 30,
        "trained": len(rows),  # where quick leaves one out
    }
    for cell in building_cells(page, words, len(rows)):
        exec(re.sub(r"^(epochs|trained) = chapter\.pick\(", "_ = dict(", cell, flags=re.M), given)
    on_page, names[:] = list(names), []
    for row in rows:
        training.thesis_run(row, blob_parts, "quick", epochs=QUICK)
    assert on_page == names
    assert len(set(names)) == len(rows)


def test_another_width_has_another_name(blob_parts, tmp_path):
    """So that the comparison above can fail: widths, rates and dropout reach the name."""
    recipe = fitting._recipe(QUICK, 64, None, 0, None, False)

    def name(model: keras.Model) -> str:
        settings = fitting.describe(model, recipe, [], blob_parts)
        return fitting.folder_of(settings, model.name, tmp_path).name

    first = training.thesis_model("Fourth")
    rate = training.thesis_model("Fourth")
    rate.optimizer.learning_rate = 0.002
    assert name(first) != name(rate)
    assert name(training.thesis_model("Fourth", seed=1)) != name(first)
    np.testing.assert_equal(name(first), name(training.thesis_model("Fourth")))
