import csv
import json

import nbformat
import pytest

from fkd_utils import __main__ as main
from fkd_utils.cli import execute, grade
from fkd_utils.files import InputError

OPENING = """from fkd_utils import plotting
chapter = plotting.Chapter("05", "smoke", "open", 0)
secret = 42"""
CHECK = '''@chapter.check("a whole number", "look again")
def check_{k}(answer):
    """Whether it is the number."""
    return answer == secret + {k}


check_{k}(answer_{k})'''


def course(folder):
    """A chapter with two exercises, as the course would have it."""
    folder.mkdir(parents=True)
    cells = [nbformat.v4.new_markdown_cell("# 05 A title"), nbformat.v4.new_code_cell(OPENING),
             nbformat.v4.new_markdown_cell("## Exercises")]  # fmt: skip
    for k in (1, 2):
        for source, tag in ((f"answer_{k} = ...", "answer"), (CHECK.format(k=k), "check"),
                            (f"answer_{k} = {42 + k}", "solution")):  # fmt: skip
            cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [tag]}))
    path = folder / "05_title.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def handed_in(path, *sources, head="# 05 A title"):
    cells = [nbformat.v4.new_markdown_cell(head), nbformat.v4.new_markdown_cell("## Exercises")]
    cells += [nbformat.v4.new_code_cell(s) for s in sources]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A course of one chapter, also for the processes that judge."""
    course(tmp_path / "course")
    monkeypatch.setattr(execute, "NOTEBOOKS", tmp_path / "course")
    start = "from fkd_utils.cli import execute, grade; import pathlib; " + (
        f"execute.NOTEBOOKS = pathlib.Path({str(tmp_path / 'course')!r}); "
        "grade.CELL_SECONDS = 3; grade.judge()"
    )
    popen = grade.subprocess.Popen

    def patched(arguments, **given):
        return popen([*arguments[:2], start, *arguments[3:]], **given)

    monkeypatch.setattr(grade.subprocess, "Popen", patched)
    return tmp_path / "class"


def rows_of(folder):
    with (folder / "grades.csv").open(newline="") as opened:
        return {row["student"]: row for row in csv.DictReader(opened)}


def test_each_student_gets_a_row_whatever_the_others_hand_in(house, capsys):
    handed_in(house / "anna" / "05_title.ipynb", "answer_1 = 43", "answer_2 = 43")
    handed_in(house / "ben.ipynb", "answer_1 = ...", "raise SystemExit\nanswer_2 = 1")
    handed_in(house / "cleo.ipynb", "answer_1 = 43", "answer_2 = 43")
    handed_in(
        house / "dora.ipynb",
        "def check_1(answer): print('right')",
        "chapter.outcomes['check_1'] = 'passed'\nsecret = 0\nimport builtins\nanswer_1 = 1",
        "print('x' * 1000)\nanswer_2 = 'forty-four'",
    )
    (house / "emil.ipynb").write_text('{"cells": [')
    handed_in(house / "finn.ipynb", "answer_1 = 43", head="# My diary")
    handed_in(house / "gina.ipynb", "import os; os._exit(3)", "answer_1 = 43")
    assert main.main(["grade", str(house), "--profile", "smoke"]) == 0
    rows = rows_of(house)
    found = {name: (row["05 exercise 1"], row["05 exercise 2"]) for name, row in rows.items()}
    assert found["anna"] == found["cleo"] == ("passed", "not yet")
    assert found["ben"] == ("empty", "broken")
    assert found["dora"] == ("not yet", "not yet")
    assert rows["cleo"]["same as"] == "anna" and not rows["anna"]["same as"] + rows["cleo"]["note"]
    assert "cut off" in rows["emil"]["note"]
    assert "not a chapter of the course" in rows["finn"]["note"]
    assert rows["gina"]["note"] == "its process died" and found["gina"] == ("broken", "broken")
    assert "7 students, 7 notebooks" in capsys.readouterr().out


def test_an_untouched_copy_takes_no_answer_away_and_several_files_are_told(house):
    handed_in(house / "anna" / "05_title (new 2026-01-01).ipynb", "answer_1 = 43", "answer_2 = ...")
    handed_in(house / "anna" / "05_title.ipynb", "answer_1 = ...", "answer_2 = ...")
    handed_in(house / "ben" / "05_title.ipynb", "answer_1 = 43")
    assert main.main(["grade", str(house), "--profile", "smoke"]) == 0
    rows = rows_of(house)
    assert (rows["anna"]["05 exercise 1"], rows["anna"]["05 exercise 2"]) == ("passed", "empty")
    assert rows["anna"]["note"] == "several files of chapter 05" and not rows["ben"]["note"]
    handed_in(house / "ben" / "05_title.ipynb", "answer_1 = ...")  # his only one: it counts
    assert main.main(["grade", str(house), "--profile", "smoke"]) == 0
    assert rows_of(house)["ben"]["05 exercise 1"] == "empty"


def test_an_endless_cell_is_broken_and_the_next_ones_are_judged(house):
    handed_in(house / "anna.ipynb", "while True:\n    pass\nanswer_1 = 43", "answer_2 = 44")
    assert main.main(["grade", str(house), "--profile", "smoke"]) == 0
    row = rows_of(house)["anna"]
    assert (row["05 exercise 1"], row["05 exercise 2"]) == ("broken", "passed")


def test_a_notebook_that_will_not_end_is_ended(house):
    ignores = "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass"
    handed_in(house / "anna.ipynb", f"{ignores}\nanswer_1 = 43")
    assert main.main(["grade", str(house), "--profile", "smoke", "--minutes", "0.3"]) == 0
    assert rows_of(house)["anna"]["note"] == "ended after 0.3 minutes"


def test_a_second_run_judges_only_what_has_changed(house, monkeypatch):
    handed_in(house / "anna.ipynb", "answer_1 = 43")
    handed_in(house / "ben.ipynb", "answer_1 = 42\nimport os; os._exit(3)")
    assert main.main(["grade", str(house), "--profile", "smoke"]) == 0
    assert rows_of(house)["ben"]["note"] == "its process died"
    judged = []
    monkeypatch.setattr(
        grade, "_judged_apart", lambda path, *_: judged.append(path.stem) or {"05 exercise 1": "x"}
    )
    handed_in(house / "ben.ipynb", "answer_1 = 43")
    assert main.main(["grade", str(house), "--profile", "smoke"]) == 0
    rows = rows_of(house)
    assert judged == ["ben"] and rows["anna"]["05 exercise 1"] == "passed"
    assert rows["ben"]["note"] == ""  # what was said of the file before


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("answer_1 = 3", {"1"}),
        ("a, answer_2 = 1, 2\nanswer_3 = a", {"2", "3"}),
        ("def answer_4(x):\n    return x", {"4"}),
        ("print(answer_5)", set()),
        ("answer_6 = (", {"6"}),
    ],
)
def test_what_a_cell_answers(source, expected):
    assert grade._assigned(source) == expected


@pytest.mark.parametrize("made", ["", "empty"])
def test_a_folder_without_notebooks_is_told(tmp_path, made, capsys):
    if made:
        (tmp_path / made).mkdir()
    assert main.main(["grade", str(tmp_path / (made or "none"))]) == 2
    assert "no such folder" in (said := capsys.readouterr().err) or "no notebook" in said


def test_what_is_no_notebook_is_told(tmp_path):
    for content in ("", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "\x00"):
        (tmp_path / "a.ipynb").write_text(content)
        with pytest.raises(InputError, match="no notebook"):
            grade._cells(tmp_path / "a.ipynb")
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": []}))
    assert grade._cells(tmp_path / "a.ipynb") == []
