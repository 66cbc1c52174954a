"""Where nothing can be printed, the work is done; on a full disk one line, and nothing is half."""

import errno
import os
import pathlib
import shutil
import sys

import drawnfaces
import facefiles
import papermill
import pytest

from fkd_utils import __main__ as main
from fkd_utils import files
from fkd_utils.cli import editions, execute
from fkd_utils.data import photos
from fkd_utils.demo import group_photo
from fkd_utils.evaluation import timing

# What they write, under OUT; None: nothing.
COMMANDS = {
    "--help": None,
    "data info --data DATA": None,
    "data check --data DATA --json OUT/check.json": "check.json",
    "data convert --data DATA --out OUT/set": "set",
    "lab --no-open": "work",
    "models": None,
    "predict PHOTO --out OUT/out": "out",
    "runs list": None,
    "submit --data DATA --out OUT/submission.csv": "submission.csv",
    "timing --name desk --out OUT/desk.csv": "desk.csv",
}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A folder with ten drawn faces and two to answer for, a photograph, a chapter, a cache."""
    top = tmp_path_factory.mktemp("given")
    for name in ("data", "notebooks", "runs"):
        (top / name).mkdir()
    drawn = drawnfaces.faces(10, second=4)
    rows = facefiles.fields(drawn.images, drawn.keypoints)
    tests = [[str(k + 1), row[-1]] for k, row in enumerate(rows[:2])]
    facefiles.save(top / "data", facefiles.text(rows))
    facefiles.save(top / "data", facefiles.text(tests, "ImageId,Image"), "test.csv")
    table = "RowId,ImageId,FeatureName,Location\n1,1,nose_tip_x,\n2,2,nose_tip_y,\n"
    facefiles.save(top / "data", table, "IdLookupTable.csv")
    photos.write(top / "photo.png", group_photo.portrait(0))
    shutil.copyfile(execute.NOTEBOOKS / "03_linear.ipynb", top / "notebooks" / "03_linear.ipynb")
    return top


@pytest.fixture
def call(given, tmp_path, monkeypatch):
    """Runs one of COMMANDS; what it writes goes to the test's folder."""
    monkeypatch.setenv("FKD_CACHE", str(given / "cache"))
    monkeypatch.setenv("FKD_RUNS", str(given / "runs"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setattr(execute, "NOTEBOOKS", given / "notebooks")
    monkeypatch.setattr(editions, "WORK", tmp_path / "work")
    table = timing.read_measured(timing.MEASURED).iloc[:4]
    monkeypatch.setattr(timing, "measurements", lambda name, networks: table)
    places = {"DATA": given / "data", "OUT": tmp_path, "PHOTO": given / "photo.png"}

    def run(command: str) -> int:
        for name, place in places.items():
            command = command.replace(name, str(place))
        return main.main(command.split())

    return run


def written(place: pathlib.Path | None) -> dict[str, bytes]:
    """All files under a place, the hidden ones too."""
    if place is None:
        return {}
    paths = [place, *place.rglob("*")]
    return {str(p.relative_to(place)): p.read_bytes() for p in paths if p.is_file()}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("command", COMMANDS)
def test_where_nothing_can_be_printed_the_work_is_done(
    command, call, tmp_path, capsys, monkeypatch
):
    place = COMMANDS[command] and tmp_path / COMMANDS[command]
    assert call(command) == 0
    right, said = written(place), capsys.readouterr()
    assert said.out and bool(right) == bool(place)
    if place:
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    with open("/dev/full", "w") as full:
        for name in ("stdout", "__stdout__"):
            monkeypatch.setattr(sys, name, full)
        assert call(command) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert lines == [f"error: what was printed is cut: {os.strerror(errno.ENOSPC)}"]
    found = written(place)
    assert found.keys() == right.keys()
    assert all(found[name] == right[name] for name in right if name[-4:] != ".zip")  # hold times


@pytest.mark.parametrize("command", [command for command in COMMANDS if COMMANDS[command]])
def test_a_full_disk_is_one_line_and_leaves_nothing(command, call, tmp_path, capsys, monkeypatch):
    assert call("data check --data DATA") == 0  # which is cached
    capsys.readouterr()

    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "sync", full)
    assert call(command) == 2
    said = capsys.readouterr().err.splitlines()
    (line,) = [line for line in said if line.startswith("error: ")]
    assert "the disk is full; free some space and run again" in line
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_chapter_that_the_disk_has_no_place_for_leaves_no_half(tmp_path, monkeypatch):
    def full(notebook, path, *given, **options):
        pathlib.Path(path).write_text('{"cells": [')
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(papermill, "execute_notebook", full)
    (chapter,) = execute.find_chapters(["03"])
    said = execute._error_of(chapter, tmp_path, {})
    assert os.strerror(errno.ENOSPC) in said and not list(tmp_path.iterdir())
