"""Numbers in the text of chapters: a visible run, a study or arithmetic stands behind each."""

import csv
import json
import pathlib
import re

import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.training import results, thesis_runs

NOTEBOOKS = sorted((files.REPO / "notebooks").glob("[0-9]*.ipynb"))
# chapter, number, source: the studies' own numbers, and arithmetic done in the sentence itself.
GIVEN = pathlib.Path(__file__).with_name("prose_numbers.csv")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?=( ?%| ?px)?)")
EPOCH = re.compile(r"\bepochs? (\d+)\b|\b(\d+)(?:st|nd|rd|th)\b")
REFERENCE = re.compile(
    r"(?:Tables?|Figures?|CC BY|number such as) \d+\.\d+(?: (?:and|to) \d+\.\d+)?"
)


def chapter(path: pathlib.Path) -> str:
    """A chapter's number: 03, 01a."""
    return path.stem.split("_")[0]


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


def prose(path: pathlib.Path) -> str:
    """A chapter's text without formulas and without the numbers of tables and figures."""
    text = "\n\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)  # of a link what is read
    return REFERENCE.sub("", re.sub(r"\$\$.*?\$\$|\$[^$]*\$", "", text, flags=re.DOTALL))


def epochs_in(text: str) -> set[str]:
    """Epochs and ordinals of a text."""
    return {epoch or place for epoch, place in EPOCH.findall(text)}


def measures_in(text: str) -> set[str]:
    """Numbers of a text with a decimal point, a thousands comma, % or px."""
    matches = NUMBER.finditer(text)
    return {m[0] for m in matches if m[1] or "." in m[0] or "," in m[0]}


def given(chapter: str) -> set[str]:
    with GIVEN.open(encoding="utf-8", newline="") as file:
        return {row["number"] for row in csv.DictReader(file) if row["chapter"] == chapter}


def is_shown(number: str, visible: dict[int, set[float]]) -> bool:
    """Whether a number of the text, or one that rounds to it, is among the visible ones.

    visible: by decimals. 98 is shown by 98 or 98.2, not by 1.98 or 9812.
    """
    number = number.replace(",", "")
    digits = len(number.partition(".")[2])
    for decimals, values in visible.items():
        if decimals >= digits and any(f"{value:.{digits}f}" == number for value in values):
            return True
    return False


def numbers_of(text: str) -> dict[int, set[float]]:
    """The numbers of a text, by how many decimals they have."""
    found: dict[int, set[float]] = {}
    for whole, decimals in re.findall(r"(?<![\d.])(\d+(?:[,_]\d{3})*|)(?:\.(\d+))?", text):
        if whole or decimals:
            value = float(f"{re.sub('[,_]', '', whole) or 0}.{decimals or 0}")
            found.setdefault(len(decimals), set()).add(value)
    return found


def test_a_number_is_shown_whole_or_rounded():
    visible = numbers_of("x = 37_664, 1.98, 98.2 %, 0.00167 and epoch 911")
    for number in ("37,664", "2", "98", "0.0017", "911"):
        assert is_shown(number, visible), number
    for number in ("0.0018", "91", "11", "7,664", "99", "1.9"):
        assert not is_shown(number, visible), number


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: chapter(path))
def test_every_number_in_the_text_has_a_source(path):
    visible = numbers_of(shown(path))
    text = prose(path)
    loose = {number for number in measures_in(text) if not is_shown(number, visible)}
    loose |= {epoch for epoch in epochs_in(text) if int(epoch) not in visible[0]}  # none rounded
    unknown = loose - given(chapter(path))
    assert not unknown, (
        f"{path.name}: no cell shows {sorted(unknown)}, and no study is named for it"
    )
    stale = given(chapter(path)) - measures_in(text) - epochs_in(text)
    assert not stale, (
        f"prose_numbers.csv names {sorted(stale)} for {path.name}, which has no such number"
    )


def test_summaries_in_the_chapters_are_those_of_the_stored_runs():
    runs = [path.parent.name for path in files.PUBLISHED.glob("wild_*/metrics.json")]
    known = {results.published(name).summary() for name in runs}
    seen = [
        found
        for path in NOTEBOOKS
        for found in re.findall(r"\d+ epochs on [\d,]+ real faces;.*\n.*NME [\d.]+ %", shown(path))
    ]
    assert len(seen) > 3
    assert set(seen) <= known


@pytest.mark.parametrize(
    "number, table, theirs, best_epoch",
    [
        ("4.1", thesis_runs.TABLE_4_1, ["thesis: val.", "train.", "epoch"], "epoch "),
        ("4.4", thesis_runs.TABLE_4_4, ["thesis: val.", "train."], "epoch"),  # all at epoch 1000
    ],
)
def test_tables_hold_the_thesis_numbers_and_the_stored_ones(number, table, theirs, best_epoch):
    index = json.loads((files.REPO / "figures" / "index.json").read_text(encoding="utf-8"))
    (entry,) = [e for e in index if e["number"] == number and e["kind"] == "table"]
    rows = pd.read_csv(files.REPO / "figures" / entry["file"]).set_index("model")
    stored, ours = results.of_rows(table), ["full length: val.", "train. ", best_epoch]
    for name, plan in table.items():
        assert tuple(rows.loc[name, theirs]) == pytest.approx(plan.thesis[: len(theirs)])
        if name in stored:
            m = stored[name].metrics
            told = [m[key] for key in ("validation_mse", "training_mse", "best_epoch")]
            assert rows.loc[name, ours].tolist() == pytest.approx(told)
        else:
            assert rows.loc[name, ours].isna().all()
