import datetime
import errno
import json
import pathlib
import zipfile

import jupyter_core.paths
import nbformat
import nbformat.sign
import pytest

from fkd_utils import __main__ as main
from fkd_utils.cli import editions, execute

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


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A course of two chapters, and a home of its own for Jupyter."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00_welcome", "03_linear"):
        write(folder / f"{name}.ipynb", "1 + 1")
    monkeypatch.setattr(execute, "NOTEBOOKS", folder)
    monkeypatch.setattr(editions, "WORK", tmp_path / "work")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return folder


def write(path, source):
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)


def copies() -> list[str]:
    assert main.main(["lab", "--no-open"]) == 0
    return sorted(path.name for path in editions.WORK.glob("[!.]*"))


def test_chapters_are_copied_once_and_trusted(house, capsys):
    assert copies() == ["00_welcome.ipynb", "03_linear.ipynb"]
    assert capsys.readouterr().out == f"{editions.WORK}: 2 chapters copied\n"
    copy = editions.WORK / "03_linear.ipynb"
    assert copy.read_bytes() == (house / "03_linear.ipynb").read_bytes()
    notary = nbformat.sign.NotebookNotary(data_dir=jupyter_core.paths.jupyter_data_dir())
    assert notary.check_signature(nbformat.read(copy, as_version=4))
    assert copies() == ["00_welcome.ipynb", "03_linear.ipynb"]
    assert capsys.readouterr().out == f"{editions.WORK}: nothing new\n"


def test_students_are_given_copies_without_solutions(house):
    cells = [nbformat.v4.new_code_cell("answer_1 = ..."), nbformat.v4.new_code_cell("answer_1 = 3")]
    cells[0].metadata["tags"], cells[1].metadata["tags"] = ["answer"], ["solution"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), house / "03_linear.ipynb")
    for _ in range(2):
        assert main.main(["lab", "--no-open", "--student"]) == 0
        assert len(list(editions.WORK.glob("*.ipynb"))) == 2
    copy = nbformat.read(editions.WORK / "03_linear.ipynb", as_version=4)
    assert [cell.source for cell in copy.cells] == ["answer_1 = ..."]
    write(house / "00_welcome.ipynb", "2 + 2")
    assert len(copies()) == 3  # the changed one alone, although nobody said --student
    (editions.WORK / "03_linear.ipynb").unlink()
    copies()
    copy = nbformat.read(editions.WORK / "03_linear.ipynb", as_version=4)
    assert [cell.source for cell in copy.cells] == ["answer_1 = ..."]


def test_the_students_edition_is_not_put_among_whole_chapters(house, capsys):
    copies()
    capsys.readouterr()
    assert main.main(["lab", "--no-open", "--student"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "holds the whole chapters" in said
    assert len(list(editions.WORK.glob("*.ipynb"))) == 2


def test_a_changed_chapter_is_put_beside_the_readers_own(house, capsys, monkeypatch):
    copies()
    write(editions.WORK / "03_linear.ipynb", "my own")
    mine = (editions.WORK / "03_linear.ipynb").read_bytes()
    assert len(copies()) == 2  # the reader's change is none of the chapter
    day = datetime.date.today().isoformat()
    for source, beside in (("2 + 2", f"(new {day})"), ("3 + 3", f"(new {day} 2)")):
        write(house / "03_linear.ipynb", source)
        capsys.readouterr()
        assert f"03_linear {beside}.ipynb" in copies()
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        assert "03_linear has changed" in said and f"03_linear {beside}.ipynb" in said
        fresh = nbformat.read(editions.WORK / f"03_linear {beside}.ipynb", as_version=4)
        assert fresh.cells[0].source == source
    assert (editions.WORK / "03_linear.ipynb").read_bytes() == mine
    assert len(copies()) == 4  # unchanged since: nothing


def test_a_copy_that_the_reader_removed_is_made_again(house):
    copies()
    (editions.WORK / "00_welcome.ipynb").unlink()
    assert copies() == ["00_welcome.ipynb", "03_linear.ipynb"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"03_linear.ipynb": ', b'{"03_linear.ipynb": 3}']
)
def test_without_its_record_a_copy_is_known_by_what_it_holds(house, content):
    copies()
    (editions.WORK / editions.RECORD).write_bytes(content)
    assert len(copies()) == 2
    write(editions.WORK / "03_linear.ipynb", "my own")
    assert len(copies()) == 3
    assert len(copies()) == 3


def test_copies_that_a_full_disk_ended_are_gone_on_with(house, monkeypatch, capsys):
    write_bytes = pathlib.Path.write_bytes

    def full(path, content):
        if "03_linear" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(path, content)

    with monkeypatch.context() as during:
        during.setattr(pathlib.Path, "write_bytes", full)
        assert main.main(["lab", "--no-open"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert copies() == ["00_welcome.ipynb", "03_linear.ipynb"]


def test_a_file_that_was_no_copy_stays(house):
    editions.WORK.mkdir()
    write(editions.WORK / "03_linear.ipynb", "older than the record")
    assert len(copies()) == 3


def test_a_home_that_cannot_be_written_only_costs_the_trust(house, monkeypatch):
    def fails(**given):
        raise PermissionError("no")

    monkeypatch.setattr(nbformat.sign, "NotebookNotary", fails)
    assert len(copies()) == 2
    assert len(json.loads((editions.WORK / editions.RECORD).read_text())) == 2


def test_the_lab_opens_on_the_copies(house, monkeypatch):
    from jupyterlab import labapp

    opened = []
    monkeypatch.setattr(labapp, "main", opened.append)
    assert main.main(["lab", "--no-browser", "--port=8890"]) == 0
    (options,) = opened
    assert options[0] == f"--ServerApp.root_dir={editions.WORK}"
    assert str(editions.PHOTO_BYTES) in options[1]
    assert options[2:] == ["--no-browser", "--port=8890"]
