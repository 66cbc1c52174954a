import json
import zipfile

import nbformat
import pytest

from fkd_utils.cli import editions, execute, main

CHAPTERS = execute.chapters_in(execute.NOTEBOOKS)


def cell(source, *tags, output=None):
    made = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}, execution_count=1)
    if output:
        made.outputs = [nbformat.v4.new_output("stream", text=output)]
    return made


@pytest.fixture
def notebook():
    rubric = nbformat.v4.new_markdown_cell(
        "**Rubric.** two points", metadata={"tags": ["solution"]}
    )
    cells = [
        nbformat.v4.new_markdown_cell("# 05 A title"),
        cell("x = 3", output="three"),
        cell("with chapter.guard('three'):\n    assert x == 3", "guard"),
        cell("chapter.quiz()", "quiz", output="the quiz"),
        cell("answer_1 = ...", "answer"),
        cell("check_1(answer_1)", "check", output="no answer yet"),
        cell("answer_1 = 3\ncheck_1(answer_1)", "solution", output="right"),
        rubric,
    ]
    cells[6].metadata["jupyter"] = {"source_hidden": True}
    return nbformat.v4.new_notebook(cells=cells)


def test_students_get_neither_solutions_nor_guards_nor_what_checks_said(notebook):
    made = editions.student(notebook)
    text = json.dumps(made)
    for gone in ("assert", "answer_1 = 3", "Rubric", "right", "no answer yet"):
        assert gone not in text
    assert [c.source for c in made.cells][-2:] == ["answer_1 = ...", "check_1(answer_1)"]
    assert "three" in text and "the quiz" in text
    assert len(notebook.cells) == 8 and notebook.cells[6].outputs  # the source stays as it was


def test_nobody_is_told_where_it_ran(notebook):
    """As papermill notes it in what `make report` executes, which the book hands out."""
    where = "/home/anna/course"
    notebook.metadata["papermill"] = {"output_path": where}
    notebook.cells[1].metadata["papermill"] = {"status": where}
    notebook.cells.insert(1, cell(f"DATA = {where!r}", "injected-parameters"))
    for made in (editions.student(notebook), editions.without(notebook)):
        assert where not in json.dumps(made)
    assert where in json.dumps(notebook)


def test_teachers_get_solutions_open_notes_and_the_key(notebook, tmp_path, monkeypatch):
    monkeypatch.setattr(editions, "NOTES", tmp_path)
    monkeypatch.setattr(editions, "QUIZZES", tmp_path)
    (tmp_path / "05.md").write_text("## Teaching 05")
    answers = [
        {"answer": "yes", "correct": True, "feedback": "since it moves"},
        {"answer": "no", "correct": False, "feedback": "it does move"},
    ]
    questions = [{"question": "Does it move?", "type": "multiple_choice", "answers": answers}]
    (tmp_path / "05.json").write_text(json.dumps(questions))
    made = editions.teacher(notebook, "05")
    sources = [c.source for c in made.cells]
    assert sources[1] == "## Teaching 05" and "**Rubric.** two points" in sources
    (key,) = (s for s in sources if s.startswith("**Answers of the quiz**"))
    assert "**right**: yes *since it moves*" in key and "wrong: no *it does move*" in key
    (solution,) = (c for c in made.cells if c.source.startswith("answer_1 = 3"))
    assert "jupyter" not in solution.metadata
    assert not any("guard" in editions.tags_of(c) for c in made.cells)
    nbformat.validate(made)


@pytest.mark.parametrize("path", CHAPTERS, ids=[p.stem for p in CHAPTERS])
def test_no_students_chapter_gives_an_answer_away(path):
    made = editions.student(nbformat.read(path, as_version=4))
    solutions = [
        c.source
        for c in nbformat.read(path, as_version=4).cells
        if "solution" in editions.tags_of(c)
    ]
    sources = "\n".join(c.source for c in made.cells)
    assert solutions and not [source for source in solutions if source in sources]
    feedback = [
        answer["feedback"]
        for question in json.loads(
            (editions.QUIZZES / f"{editions.number_of(path)}.json").read_text(encoding="utf-8")
        )
        for answer in question["answers"]
    ]
    everything = json.dumps(made, ensure_ascii=False)
    assert not [text for text in feedback if text in everything]


def test_class_writes_two_folders_and_two_zips(tmp_path, capsys):
    assert main.main(["class", "--out", str(tmp_path / "made")]) == 0
    assert capsys.readouterr().out.count(f"{len(CHAPTERS)} chapters") == 2
    for edition in ("student", "teacher"):
        there = sorted(p.name for p in (tmp_path / "made" / edition).iterdir())
        assert there == [p.name for p in CHAPTERS]
        with zipfile.ZipFile(tmp_path / "made" / f"{edition}.zip") as packed:
            assert sorted(packed.namelist()) == [f"{edition}/{name}" for name in there]
            assert packed.testzip() is None


def test_every_chapter_has_its_notes():
    for path in CHAPTERS:
        note = (editions.NOTES / f"{editions.number_of(path)}.md").read_text(encoding="utf-8")
        assert f"]({path.name})" in note
        for word in ("**In class**", "**Skip**", "**Ask**", "**Homework**", "\n3. "):
            assert word in note
