import datetime
import errno
import json
import pathlib

import jupyter_core.paths
import nbformat
import nbformat.sign
import pytest

from fkd_utils.cli import execute, lab, main


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A course of two chapters, and a home of its own for Jupyter."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00_welcome", "03_linear"):
        write(folder / f"{name}.ipynb", "1 + 1")
    monkeypatch.setattr(execute, "NOTEBOOKS", folder)
    monkeypatch.setattr(lab, "WORK", tmp_path / "work")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return folder


def write(path, source):
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)


def copies() -> list[str]:
    assert main.main(["lab", "--no-open"]) == 0
    return sorted(path.name for path in lab.WORK.glob("[!.]*"))


def test_chapters_are_copied_once_and_trusted(house, capsys):
    assert copies() == ["00_welcome.ipynb", "03_linear.ipynb"]
    assert capsys.readouterr().out == f"{lab.WORK}: 2 chapters copied\n"
    copy = lab.WORK / "03_linear.ipynb"
    assert copy.read_bytes() == (house / "03_linear.ipynb").read_bytes()
    notary = nbformat.sign.NotebookNotary(data_dir=jupyter_core.paths.jupyter_data_dir())
    assert notary.check_signature(nbformat.read(copy, as_version=4))
    assert copies() == ["00_welcome.ipynb", "03_linear.ipynb"]
    assert capsys.readouterr().out == f"{lab.WORK}: nothing new\n"


def test_students_are_given_copies_without_solutions(house):
    cells = [nbformat.v4.new_code_cell("answer_1 = ..."), nbformat.v4.new_code_cell("answer_1 = 3")]
    cells[0].metadata["tags"], cells[1].metadata["tags"] = ["answer"], ["solution"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), house / "03_linear.ipynb")
    for _ in range(2):
        assert main.main(["lab", "--no-open", "--student"]) == 0
        assert len(list(lab.WORK.glob("*.ipynb"))) == 2
    copy = nbformat.read(lab.WORK / "03_linear.ipynb", as_version=4)
    assert [cell.source for cell in copy.cells] == ["answer_1 = ..."]
    write(house / "00_welcome.ipynb", "2 + 2")
    assert len(copies()) == 3  # the changed one alone, although nobody said --student
    (lab.WORK / "03_linear.ipynb").unlink()
    copies()
    copy = nbformat.read(lab.WORK / "03_linear.ipynb", as_version=4)
    assert [cell.source for cell in copy.cells] == ["answer_1 = ..."]


def test_the_students_edition_is_not_put_among_whole_chapters(house, capsys):
    copies()
    capsys.readouterr()
    assert main.main(["lab", "--no-open", "--student"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "holds the whole chapters" in said
    assert len(list(lab.WORK.glob("*.ipynb"))) == 2


def test_a_changed_chapter_is_put_beside_the_readers_own(house, capsys, monkeypatch):
    copies()
    write(lab.WORK / "03_linear.ipynb", "my own")
    mine = (lab.WORK / "03_linear.ipynb").read_bytes()
    assert len(copies()) == 2  # the reader's change is none of the chapter
    day = datetime.date.today().isoformat()
    for source, beside in (("2 + 2", f"(new {day})"), ("3 + 3", f"(new {day} 2)")):
        write(house / "03_linear.ipynb", source)
        capsys.readouterr()
        assert f"03_linear {beside}.ipynb" in copies()
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        assert "03_linear has changed" in said and f"03_linear {beside}.ipynb" in said
        fresh = nbformat.read(lab.WORK / f"03_linear {beside}.ipynb", as_version=4)
        assert fresh.cells[0].source == source
    assert (lab.WORK / "03_linear.ipynb").read_bytes() == mine
    assert len(copies()) == 4  # unchanged since: nothing


def test_a_copy_that_the_reader_removed_is_made_again(house):
    copies()
    (lab.WORK / "00_welcome.ipynb").unlink()
    assert copies() == ["00_welcome.ipynb", "03_linear.ipynb"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"03_linear.ipynb": ', b'{"03_linear.ipynb": 3}']
)
def test_without_its_record_a_copy_is_known_by_what_it_holds(house, content):
    copies()
    (lab.WORK / lab.RECORD).write_bytes(content)
    assert len(copies()) == 2
    write(lab.WORK / "03_linear.ipynb", "my own")
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
    lab.WORK.mkdir()
    write(lab.WORK / "03_linear.ipynb", "older than the record")
    assert len(copies()) == 3


def test_a_home_that_cannot_be_written_only_costs_the_trust(house, monkeypatch):
    def fails(**given):
        raise PermissionError("no")

    monkeypatch.setattr(nbformat.sign, "NotebookNotary", fails)
    assert len(copies()) == 2
    assert len(json.loads((lab.WORK / lab.RECORD).read_text())) == 2


def test_the_lab_opens_on_the_copies(house, monkeypatch):
    from jupyterlab import labapp

    opened = []
    monkeypatch.setattr(labapp, "main", opened.append)
    assert main.main(["lab", "--no-browser", "--port=8890"]) == 0
    (options,) = opened
    assert options[0] == f"--ServerApp.root_dir={lab.WORK}"
    assert str(lab.PHOTO_BYTES) in options[1]
    assert options[2:] == ["--no-browser", "--port=8890"]
