"""Numbers in the text of chapters: a visible run, a study or arithmetic stands behind each."""

import csv
import json
import pathlib
import re

import pandas as pd
import pytest

from fkd_utils import cache, published, recipes

NOTEBOOKS = sorted((cache.REPO / "notebooks").glob("[0-9]*.ipynb"))
# chapter, number, source: the studies' own numbers, and arithmetic done in the sentence itself.
GIVEN = pathlib.Path(__file__).with_name("prose_numbers.csv")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?=( ?%| ?px)?)")


def cells(path: pathlib.Path, kind: str) -> list[dict]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def shown(path: pathlib.Path) -> str:
    """All code of a chapter and all text and tables that it prints."""
    pieces = []
    for cell in cells(path, "code"):
        pieces.append("".join(cell["source"]))
        for output in cell["outputs"]:
            pieces.append("".join(output.get("text", "")))
            data = output.get("data", {})
            pieces.append("".join(data.get("text/plain", "")))
            html = re.sub(r'data:[^"]*"', '"', "".join(data.get("text/html", "")))
            pieces.append(re.sub(r"<[^>]*>", " ", html))
    return "\n".join(pieces)


def in_prose(path: pathlib.Path) -> set[str]:
    """Numbers of a chapter's text with a decimal point, a thousands comma, % or px; no formulas."""
    found = set()
    for cell in cells(path, "markdown"):
        text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", "", "".join(cell["source"]), flags=re.DOTALL)
        for match in NUMBER.finditer(text):
            if match[1] or "." in match[0] or "," in match[0]:
                found.add(match[0])
    return found


def given(chapter: str) -> set[str]:
    with GIVEN.open(encoding="utf-8", newline="") as file:
        return {row["number"] for row in csv.DictReader(file) if row["chapter"] == chapter}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_number_in_the_text_has_a_source(path):
    visible = shown(path)
    loose = {n for n in in_prose(path) if n not in visible and n.replace(",", "") not in visible}
    unknown = loose - given(path.stem[:2])
    assert not unknown, (
        f"{path.name}: no cell shows {sorted(unknown)}, and no study is named for it"
    )
    stale = given(path.stem[:2]) - in_prose(path)
    assert not stale, (
        f"prose_numbers.csv names {sorted(stale)} for {path.name}, which has no such number"
    )


def test_summaries_in_the_chapters_are_those_of_the_stored_runs():
    runs = [path.parent.name for path in published.FOLDER.glob("wild_*/metrics.json")]
    known = {published.run(name).summary() for name in runs}
    seen = [
        found
        for path in NOTEBOOKS
        for found in re.findall(r"\d+ epochs on [\d,]+ real faces;.*\n.*NME [\d.]+ %", shown(path))
    ]
    assert len(seen) > 3
    assert set(seen) <= known


@pytest.mark.parametrize("number, table", [("4.1", recipes.TABLE_4_1)])
def test_tables_hold_the_thesis_numbers_and_the_stored_ones(number, table):
    index = json.loads((cache.REPO / "figures" / "index.json").read_text(encoding="utf-8"))
    (entry,) = [e for e in index if e["number"] == number and e["kind"] == "table"]
    rows = pd.read_csv(cache.REPO / "figures" / entry["file"]).set_index("model")
    for name, plan in table.items():
        row, stored = rows.loc[name], published.run(published.folder_of(name)).metrics
        assert tuple(row[["thesis: val.", "train.", "epoch"]]) == pytest.approx(plan.thesis)
        assert row["full length: val."] == pytest.approx(stored["validation_mse"])
        assert row["train. "] == pytest.approx(stored["training_mse"])
        assert row["epoch "] == stored["best_epoch"]
