"""The students' edition of every chapter, run to the end in smoke, no exercise answered.

`python -m studies chapters` runs the whole and tries each check, see studies/chapters.py.
"""

import nbformat
import pytest

from fkd_utils import files
from fkd_utils.cli import editions, execute
from fkd_utils.training import fitting
from studies import chapters

CHAPTERS = sorted(  # the longest first, so that at the end no worker waits for one
    execute.chapters_in(execute.NOTEBOOKS),
    key=lambda path: -len(nbformat.read(path, as_version=4).cells),
)


@pytest.mark.parametrize("path", CHAPTERS, ids=[p.stem for p in CHAPTERS])
def test_the_students_edition_runs_and_asks(path, tmp_path):
    theirs = editions.student(nbformat.read(path, as_version=4))
    for cell in theirs.cells:  # with the one line that brings a reader's own network along
        cell.source = cell.source.replace('OWN_NETWORK = ""', 'OWN_NETWORK = "wild_fourth_dropout"')
    given = {"FKD_FIGURES": str(tmp_path / "figures"), "FKD_STRICT": "1"}
    given["FKD_RUNS"] = str(files.chosen("FKD_RUNS", fitting.default_store()))
    with execute.surroundings(**given):
        ran = execute.execute(
            theirs, tmp_path / "ran.ipynb", {"PROFILE": "smoke", "DATA": "open", "SEED": 0}
        )
    said = [
        "".join(o.get("text", "") for o in c.outputs).strip()
        for c in ran.cells
        if "check" in editions.tags_of(c)
    ]
    checks = len(chapters.answers_of(path))
    assert said == ["no answer yet: put yours in place of ..."] * checks
