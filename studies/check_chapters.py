"""For authors: the committed chapters executed in smoke, each cell held against its stored outputs.

Behind each chapter's last cell its checks are tried: what they have said of the solutions, and what
they say of the wrong answers in tests/answers and of nonsense.
"""

import os
import pathlib

import nbformat
import pytest

from fkd_utils import files
from fkd_utils.cli import editions, execute

ANSWERS = files.REPO / "tests" / "answers"
SANITIZE = files.REPO / "tests" / "nbval_sanitize.cfg"
NONSENSE = ("None", "'text'", "float('nan')", "[[1, 2], [3]]", "object()")
TRIAL = """import contextlib, io
wrong = {wrong!r}
right = {{f"check_{{number}}": "passed" for number in wrong}}
assert chapter.outcomes == right, f"the solutions: {{chapter.outcomes}}"
for number, given in wrong.items():
    for answer in given:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            globals()[f"check_{{number}}"](eval(answer))
        line = (said.getvalue().strip().split("\\n"))[-1]
        refused = chapter.outcomes[f"check_{{number}}"] != "passed" and line.startswith("not yet")
        assert refused, f"check_{{number}} says of the wrong answer {{answer}}: {{line}}"
"""


def answers_of(path: pathlib.Path) -> dict[str, list[str]]:
    """Two wrong answers to each check of a chapter, as a student might give them: {"1": [...]}."""
    return files.read_json(ANSWERS / f"{editions.number_of(path)}.json")


def with_trial(path: pathlib.Path) -> nbformat.NotebookNode:
    """A chapter with a last cell that fails where a check does not know right from wrong."""
    notebook = nbformat.read(path, as_version=4)
    wrong = {number: [*given, *NONSENSE] for number, given in answers_of(path).items()}
    notebook.cells.append(nbformat.v4.new_code_cell(TRIAL.format(wrong=wrong)))
    return notebook


def check(chapters: list[pathlib.Path]) -> int:
    """Execute chapters with nbval, two at once; returns pytest's exit status."""
    aside = execute.BUILD / "nbval"
    aside.mkdir(parents=True, exist_ok=True)
    made = {aside / path.name: with_trial(path) for path in chapters}
    for path, notebook in made.items():
        nbformat.write(notebook, path)
    os.environ |= {"FKD_PROFILE": "smoke", "FKD_DATA": "open", "FKD_STRICT": "1"}
    os.environ |= {
        "FKD_FIGURES": str(aside / "figures"),
        "FKD_RUNS": str(execute.BUILD / "smoke-runs"),
    }
    os.environ |= execute.own_kernel()
    options = ["--nbval", "--nbval-cell-timeout=600", "-q", "-p", "no:cacheprovider"]
    options += ["-n2", "--dist=loadfile", f"--nbval-sanitize-with={SANITIZE}"]
    # The longest first, so that at the end no worker waits for one.
    return pytest.main([*options, *map(str, sorted(made, key=lambda p: -len(made[p].cells)))])
