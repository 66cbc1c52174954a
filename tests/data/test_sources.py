"""From the word after --data to faces: found, written once, explained when absent."""

import errno
import os
import time

import conftest
import facefiles
import numpy as np
import pytest

from fkd_utils.data import kaggle, open_set, sources
from fkd_utils.files import InputError


def write(folder, seed=0):
    """A folder in the competition's format with three training faces and two test faces."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = facefiles.fields(*facefiles.faces(3, seed))
    (folder / "training.csv").write_text(facefiles.text(rows))
    tests = [[str(k + 1), row[-1]] for k, row in enumerate(rows[:2])]
    (folder / "test.csv").write_text(facefiles.text(tests, "ImageId,Image"))


def fake_unpack(folder):
    """Stands in for the open set: slow enough that two processes meet, and counted in a file."""
    with open(os.environ["FKD_CACHE"] + ".written", "a") as log:
        log.write("written\n")
    time.sleep(1)
    write(folder)


@pytest.fixture
def small_open(monkeypatch):
    monkeypatch.setattr(open_set, "unpack", fake_unpack)


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


def test_open_is_read_as_shipped_without_a_cache(store):
    assert sources.read("open").fingerprint() == open_set.read_training().fingerprint()
    assert sources.read().name == sources.read_test("open").name == "open"
    assert not store.exists()


def test_the_files_of_open_are_written_once_and_found_again(store, small_open):
    first, again = sources.place("open"), sources.place("open")
    assert first == again and first.parent == store
    assert len(kaggle.read_training(first)) == 3
    assert (store.parent / "cache.written").read_text() == "written\n"


def test_files_that_cannot_be_written_are_told_and_tried_again(store, monkeypatch):
    def failing(folder):
        write(folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(open_set, "unpack", failing)
    with pytest.raises(InputError, match=r"No space left.*FKD_CACHE"):
        sources.place("open")
    assert not facefiles.entries(store)  # half a set would only fill the disk further
    monkeypatch.setattr(open_set, "unpack", fake_unpack)
    assert len(kaggle.read_training(sources.place("open"))) == 3


def place_open(barrier, queue):
    open_set.unpack = fake_unpack
    barrier.wait()
    queue.put(sources.place("open").name)


def test_two_processes_write_once(store):
    found = conftest.at_once(place_open)
    assert len(found) == 1
    assert (store.parent / "cache.written").read_text() == "written\n"


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
def test_what_is_no_longer_whole_is_written_again(store, small_open, damage):
    damage(sources.place("open"))
    assert len(kaggle.read_training(sources.place("open"))) == 3
    assert len(kaggle.read_test(sources.place("open"))) == 2
    assert (store.parent / "cache.written").read_text() == "written\n" * 2


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
    assert str(open_set.FOLDER) in sources.describe("open")
    assert str(sources.KAGGLE) in sources.describe("kaggle")
    assert "some/where" in sources.describe("some/where")
    assert not store.exists()  # nothing is written for a description


def test_only_embedded_faces_have_labels_that_count_from_pixel_centres():
    edges = [sources.counts_from_edge(data) for data in ("open", "kaggle", "some/folder")]
    assert edges == [False, True, True]


def test_a_sources_own_files_and_folder_are_not_written_over(store, tmp_path):
    write(tmp_path / "data")
    (tmp_path / "data" / "note.txt").touch()
    for name in ("note.txt", "new.csv"):
        sources.refuse_own(str(tmp_path / "data"), tmp_path / "data" / name)
    for name in ("training.csv", "test.csv", "."):
        with pytest.raises(InputError, match="the faces come from there"):
            sources.refuse_own(str(tmp_path / "data"), tmp_path / "data" / name)
