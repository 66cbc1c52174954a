"""Both editions of every chapter, run to the end in smoke; each check against right and wrong."""

import json
import pathlib

import nbformat
import pytest

from fkd_utils import files
from fkd_utils.cli import editions, execute
from fkd_utils.training import fitting

CHAPTERS = sorted(  # the longest first, so that at the end no worker waits for one
    execute.chapters_in(execute.NOTEBOOKS),
    key=lambda path: -len(nbformat.read(path, as_version=4).cells),
)
ANSWERS = pathlib.Path(__file__).parent / "answers"
NONSENSE = ("None", "'text'", "float('nan')", "[[1, 2], [3]]", "object()")
# Behind the teacher's last cell: what its checks have said, then wrong answers to each of them.
TRIAL = """import contextlib, io, json
trial = {{"right": dict(chapter.outcomes), "wrong": []}}
for number, wrong in {wrong!r}.items():
    for given in wrong:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            globals()[f"check_{{number}}"](eval(given))
        line = said.getvalue().strip().split("\\n")[-1]
        trial["wrong"].append([number, given, chapter.outcomes[f"check_{{number}}"], line])
print(json.dumps(trial))"""


def answers_of(path):
    """Two wrong answers to each check, as a student might give them: {"1": [...], ...}."""
    text = (ANSWERS / f"{editions.number_of(path)}.json").read_text(encoding="utf-8")
    return json.loads(text)


def run(notebook, tmp_path):
    """A chapter executed in smoke, where what differs from the text fails."""
    given = {"FKD_FIGURES": str(tmp_path / "figures"), "FKD_STRICT": "1"}
    given["FKD_RUNS"] = str(files.chosen("FKD_RUNS", fitting.default_store()))
    with execute.surroundings(**given):
        return execute.execute(
            notebook, tmp_path / "ran.ipynb", {"PROFILE": "smoke", "DATA": "open", "SEED": 0}
        )


@pytest.mark.parametrize("path", CHAPTERS, ids=[p.stem for p in CHAPTERS])
def test_every_check_knows_right_from_wrong_and_both_editions_run(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    wrong = {k: [*given, *NONSENSE] for k, given in answers_of(path).items()}
    # All that the teacher's edition runs, and the guards, which hold the text in smoke, too.
    whole = nbformat.from_dict(notebook)
    whole.cells = [*whole.cells, nbformat.v4.new_code_cell(TRIAL.format(wrong=wrong))]
    ran = run(whole, tmp_path)
    found = json.loads(ran.cells[-1].outputs[-1].text.splitlines()[-1])
    assert found["right"] == {f"check_{k}": "passed" for k in wrong}
    passed = [(k, given) for k, given, outcome, _ in found["wrong"] if outcome == "passed"]
    assert not passed
    silent = [(k, given) for k, given, _, line in found["wrong"] if not line.startswith("not yet")]
    assert not silent
    theirs = editions.student(notebook)
    for cell in theirs.cells:  # and the one line that brings a reader's own network along
        cell.source = cell.source.replace('OWN_NETWORK = ""', 'OWN_NETWORK = "wild_fourth_dropout"')
    ran = run(theirs, tmp_path)
    said = [
        "".join(o.get("text", "") for o in c.outputs).strip()
        for c in ran.cells
        if "check" in editions.tags_of(c)
    ]
    assert said == ["no answer yet: put yours in place of ..."] * len(wrong)
