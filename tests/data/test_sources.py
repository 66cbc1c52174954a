"""From the word after --data to faces: built once, found again, explained when absent."""

import errno
import os
import time
import types

import conftest
import facefiles
import numpy as np
import pytest

from fkd_utils import files
from fkd_utils.data import kaggle, sources
from fkd_utils.data.open_faces import build
from fkd_utils.files import InputError


def write(folder, seed=0):
    """A folder in the competition's format with three training faces and two test faces."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = facefiles.fields(*facefiles.faces(3, seed))
    (folder / "training.csv").write_text(facefiles.text(rows))
    tests = [[str(k + 1), row[-1]] for k, row in enumerate(rows[:2])]
    (folder / "test.csv").write_text(facefiles.text(tests, "ImageId,Image"))


def fake_build(folder, progress):
    """Stands in for the open set: slow enough that two processes meet, and counted in a file."""
    with open(os.environ["FKD_CACHE"] + ".builds", "a") as log:
        log.write("built\n")
    time.sleep(1)
    write(folder.with_name("aside"))
    folder.with_name("aside").rename(folder)  # complete when it appears, as the real one
    progress(3, 3)


@pytest.fixture
def small_open(monkeypatch):
    monkeypatch.setattr(build, "build", fake_build)


def test_a_path_is_read_in_every_spelling(tmp_path, store):
    write(tmp_path / "data")
    for data in (tmp_path / "data", tmp_path / "data" / "training.csv"):
        faces = sources.read(str(data))
        np.testing.assert_array_equal(faces.images, facefiles.faces(3)[0])
        assert faces.name == str(data)
        assert len(sources.read_test(str(data))) == 2


def test_copies_are_one_group_unless_a_file_says_otherwise(tmp_path, store, monkeypatch):
    rows = facefiles.fields(*facefiles.faces(4))
    rows[3][-1] = rows[1][-1]
    (tmp_path / "training.csv").write_text(facefiles.text(rows))
    assert sources.read(str(tmp_path)).groups.tolist() == [0, 1, 2, 1]
    with monkeypatch.context() as patch:
        patch.setattr(sources.duplicates, "find", None)  # looking again would fail
        assert sources.read(str(tmp_path)).groups.tolist() == [0, 1, 2, 1]
    (tmp_path / "groups.csv").write_text("group\n5\n6\n7\n8\n")
    assert sources.read(str(tmp_path)).groups.tolist() == [5, 6, 7, 8]


def test_open_is_built_once_and_found_again(store, small_open):
    first, again = sources.read("open"), sources.read()
    assert first.fingerprint() == again.fingerprint()
    assert first.name == "open"
    assert len(sources.read_test("open")) == 2
    assert (store.parent / "cache.builds").read_text() == "built\n"
    assert sources.open_folder().name == f"open-{build.VERSION}"
    left = {path.name for path in store.iterdir() if path.is_dir() and path.name[0] == "."}
    assert left == set()


def test_a_build_that_fails_leaves_nothing_and_is_tried_again(store, monkeypatch):
    def failing(folder, *_):
        (folder / "training.csv").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(build, "_write", failing)
    with pytest.raises(InputError, match=r"No space left.*FKD_CACHE"):
        sources.read("open")
    assert [path for path in store.iterdir() if path.is_dir()] == []
    monkeypatch.setattr(build, "build", fake_build)
    assert len(sources.read("open")) == 3


def test_what_a_killed_build_left_is_removed(store, small_open):
    left = store / f".{sources.open_folder().name}.dead"
    left.mkdir(parents=True)
    sources.read("open")
    assert not left.exists()


def load_open(barrier, queue):
    build.build = fake_build
    barrier.wait()
    queue.put(sources.read("open").fingerprint())


def test_two_processes_build_once(store):
    found = conftest.at_once(load_open)
    assert len(found) == 1
    assert (store.parent / "cache.builds").read_text() == "built\n"


def test_waiting_says_so(store, small_open, monkeypatch):
    lines = []
    line = types.SimpleNamespace(update=lines.append, done=lines.append)
    monkeypatch.setattr(sources, "ProgressLine", lambda: line)
    tries = iter([files.filelock.Timeout("x"), None])

    class Lock:
        def __init__(self, path):
            self.is_locked = False

        def acquire(self, timeout):
            if error := next(tries):
                raise error
            self.is_locked = True

        def release(self):
            lines.append("released")

    monkeypatch.setattr(files.filelock, "FileLock", Lock)
    sources.place("open")
    assert "waiting" in lines[0]
    assert "built" in lines[-2] and lines[-1] == "released"


def emptied(built):
    for path in built.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        emptied,
        lambda built: (built / "training.csv").write_bytes(b""),
        lambda built: os.truncate(built / "training.csv", 5000),
        lambda built: (built / "test.csv").unlink(),
        lambda built: (built / "whole.json").write_bytes(b""),
        lambda built: (emptied(built), built.rmdir(), built.write_text("a file")),
    ],
)
def test_what_is_no_longer_whole_is_built_again(store, small_open, damage):
    faces = sources.read("open")
    damage(sources.open_folder())
    assert sources.read("open").fingerprint() == faces.fingerprint()
    assert len(sources.read_test("open")) == 2
    assert (store.parent / "cache.builds").read_text() == "built\n" * 2


def test_kaggle_absent_says_how_to_get_it(store, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "KAGGLE", tmp_path / "kaggle")
    for read in (sources.read, sources.read_test):
        with pytest.raises(InputError, match=r"not in .*kaggle.com.*--data open"):
            read("kaggle")
    write(tmp_path / "kaggle")
    assert len(sources.read("kaggle")) == 3
    assert sources.read("kaggle").name == "kaggle"


def test_unknown_source(store, tmp_path):
    with pytest.raises(InputError, match="'open', 'kaggle' or an existing path"):
        sources.read(str(tmp_path / "nowhere"))
    assert not store.exists()


def test_a_name_that_begins_like_a_home_is_a_name(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for read in (sources.read, kaggle.read_training, kaggle.read_lookup):
        with pytest.raises(InputError, match=r"~faces|there is no such file"):
            read("~faces")
    write(tmp_path / "~faces")
    assert len(sources.read("~faces")) == 3


def test_describe_names_the_place(store):
    assert str(sources.open_folder()) in sources.describe("open")
    assert str(sources.KAGGLE) in sources.describe("kaggle")
    assert "some/where" in sources.describe("some/where")
    assert not store.exists()  # nothing is built for a description


def test_only_embedded_faces_have_labels_that_count_from_pixel_centres():
    edges = [sources.counts_from_edge(data) for data in ("open", "kaggle", "some/folder")]
    assert edges == [False, True, True]


def test_a_sources_own_files_and_folder_are_known(store, tmp_path):
    write(tmp_path / "data")
    (tmp_path / "data" / "note.txt").touch()
    held = {"training.csv": True, "test.csv": True, "note.txt": False, "new.csv": False, ".": True}
    for name, expected in held.items():
        assert sources.holds(str(tmp_path / "data"), tmp_path / "data" / name) == expected
