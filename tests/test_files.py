"""Files are written whole or not at all, and folders lie where the reader says."""

import errno
import multiprocessing
import os
import pathlib
import signal
import sys

import conftest
import facefiles
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import files
from fkd_utils.data import kaggle
from fkd_utils.files import InputError


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.replacing(path) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="disk is full"), files.replacing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_is_missing_meanwhile_is_named_not_the_one_to_be_written(tmp_path):
    told = pytest.raises(InputError, match=r"source.csv is missing; .*target was not written")
    with told, files.writing(tmp_path / "target"):
        (tmp_path / "source.csv").read_text()


def test_what_is_written_stands_under_its_name_in_a_new_folder(tmp_path):
    path = tmp_path / "new" / "deep" / "a.txt"
    with files.replacing(path) as aside:
        aside.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_other_troubles_of_a_disk_are_not_called_a_full_one(tmp_path):
    said = "a: cannot be written: Permission denied; name another place"
    with pytest.raises(InputError, match=said), files.replacing(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_place_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "below" / "a.txt", tmp_path / "folder"):
        said = pytest.raises(InputError, match=f"{path}: cannot be written")
        with said as caught, files.replacing(path) as aside:
            aside.write_text("whole")
        assert "\n" not in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_what_cannot_be_removed_hides_no_error(tmp_path, monkeypatch):
    def stuck(path, missing_ok):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files.pathlib.Path, "unlink", stuck)
    with pytest.raises(InputError, match="disk is full"), files.replacing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_arrays_stand_where_they_were_asked_for_and_numpy_reads_them(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.float16(1.5), "c": np.zeros((0, 2))}
    files.save_arrays(tmp_path / "no_suffix", arrays)
    assert [path.name for path in tmp_path.iterdir()] == ["no_suffix"]
    with np.load(tmp_path / "no_suffix", allow_pickle=False) as stored:
        assert stored.files == ["a", "b", "c"]
        for name, array in arrays.items():
            assert stored[name].dtype == array.dtype
            np.testing.assert_array_equal(stored[name], array)
    with pytest.raises(ValueError, match="allow_pickle"):
        files.save_arrays(tmp_path / "objects", {"a": np.array([print])})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes of that sort on this system")
@pytest.mark.parametrize("cut", [0, 1, 60, -20])
def test_a_file_of_the_course_that_is_not_whole_is_named_and_how_to_get_it(tmp_path, cut):
    path = tmp_path / "some.npz"
    with pytest.raises(files.InputError, match=r"some\.npz: missing or damaged; restore it with"):
        files.shipped(files.read_arrays, path)
    files.save_arrays(path, {"a": np.arange(9)})
    np.testing.assert_array_equal(files.shipped(files.read_arrays, path)["a"], np.arange(9))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(files.InputError, match=r"some\.npz: missing or damaged"):
        files.shipped(files.read_arrays, path)


def test_a_device_or_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: cannot be written: it is a device or a pipe"):
        files.write_text(tmp_path / "pipe", "whole")
    assert (tmp_path / "pipe").is_fifo() and len([*tmp_path.iterdir()]) == 1


def flipped(path: pathlib.Path, where: float, mask: int) -> None:
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= mask
    path.write_bytes(content)


PLACES = st.floats(0, 0.999), st.integers(1, 255)


@settings(max_examples=30)
@given(*PLACES, st.text(min_size=1))
def test_a_changed_byte_breaks_the_seal_of_a_text(tmp_path_factory, where, mask, text):
    path = tmp_path_factory.mktemp("sealed") / "a.csv"
    for written in ("before", text):
        files.write_sealed(path, written)
        assert files.read_sealed(path) == written
    flipped(path, where, mask)
    assert files.stored(files.read_sealed, path) is None
    files.write_sealed(path, "anew")  # after which what is damaged does not count again
    path.write_bytes(b"damaged")
    assert files.stored(files.read_sealed, path) is None


@settings(max_examples=30)
@given(*PLACES)
def test_a_changed_byte_breaks_the_seal_of_a_folder(tmp_path_factory, where, mask):
    folder = tmp_path_factory.mktemp("sealed")
    (folder / "a.npy").write_bytes(bytes(range(99)))
    (folder / "b.npy").write_bytes(b"b")
    assert not files.is_sealed(folder)
    files.seal(folder)
    assert files.is_sealed(folder)
    flipped(folder / "a.npy", where, mask)
    assert not files.is_sealed(folder)


def test_a_text_counts_before_and_after_the_moment_between_its_seal_and_itself(
    tmp_path, monkeypatch
):
    path, write = tmp_path / "a.csv", files.write_text

    def killed(target, text):
        if target == path:
            raise KeyboardInterrupt
        write(target, text)

    files.write_sealed(path, "old")
    with monkeypatch.context() as during:
        during.setattr(files, "write_text", killed)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                files.write_sealed(path, "new")
            assert files.read_sealed(path) == "old"
    write(path, "new")
    assert files.read_sealed(path) == "new"


def test_a_text_without_a_seal_is_taken_as_it_is(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert files.read_table(tmp_path / "a.csv").b.tolist() == [2]
    files.write_sealed(tmp_path / "a.csv", "a,b\n3,4\n")
    for seal in (b"", b"[]", b"{"):
        (tmp_path / ".a.csv.whole.json").write_bytes(seal)
        assert files.read_sealed(tmp_path / "a.csv") == "a,b\n3,4\n"


HOME = pathlib.Path("/home/reader")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, HOME / "default"),
        ("", HOME / "default"),
        ("~/faces", HOME / "faces"),
        ("below/it", None),
        ("/elsewhere", pathlib.Path("/elsewhere")),
        ("~nobody-of-this-name", None),
    ],
)
def test_a_folder_is_absolute_and_an_empty_variable_names_none(value, found, monkeypatch):
    monkeypatch.setenv("HOME", str(HOME))
    if value is not None:
        monkeypatch.setenv("FKD_X", value)
    found = found or pathlib.Path.cwd() / value
    assert files.chosen("FKD_X", HOME / "default") == found


def test_every_folder_that_can_be_moved_is(monkeypatch, tmp_path):
    from fkd_utils.plotting import figures  # the processes below have no need of it

    monkeypatch.chdir(tmp_path)
    moved = {"FKD_CACHE": files.cache, "FKD_RUNS": files.runs}
    for variable, folder in (moved | {"FKD_FIGURES": figures.folder}).items():
        monkeypatch.setenv(variable, "moved")
        assert folder() == tmp_path / "moved"
        monkeypatch.setenv(variable, "")
        assert folder().is_absolute() and folder() != tmp_path


# ---- the cache, as `kaggle` fills it


DAMAGES = {"empty": lambda c: b"", "cut": lambda c: c[:50], "short": lambda c: c[:-1]}
DAMAGES["flipped"] = lambda c: c[:-9] + bytes([c[-9] ^ 1]) + c[-8:]


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_cache_is_made_again(folder, store, how):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    images = np.array(kaggle.read_training(folder).images)
    (entry,) = facefiles.entries(store)
    part = entry / "images.npy"
    part.write_bytes(DAMAGES[how](part.read_bytes()))
    np.testing.assert_array_equal(kaggle.read_training(folder).images, images)
    (entry,) = facefiles.entries(store)
    np.testing.assert_array_equal(np.load(entry / "images.npy"), images)


def test_a_full_disk_leaves_nothing(folder, store, monkeypatch):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))

    def full(path, array):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_write_array", full)
    facefiles.refused(folder, store, str(store), "No space left", "FKD_CACHE", "MB")


def limited(folder, queue):
    """In a process that may write no file above 10 kB, as if the disk were full: the message."""
    import resource  # not on Windows

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        kaggle.read_training(folder)
    except InputError as error:
        queue.put(str(error))


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_real_write_failure_leaves_nothing(folder, store):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=limited, args=(folder, queue))
    process.start()
    message = queue.get(timeout=600)
    process.join(60)
    assert "FKD_CACHE" in message
    assert "\n" not in message
    assert not facefiles.entries(store)


def reading(folder, barrier, queue):
    barrier.wait()
    queue.put(kaggle.read_training(folder).fingerprint())


def test_two_processes_at_once(folder, store):
    facefiles.save(folder, facefiles.text(facefiles.good_rows(80)))
    found = conftest.at_once(reading, folder)
    assert found == {kaggle.read_training(folder).fingerprint()}
    assert len(facefiles.entries(store)) == 1


def test_what_is_whole_is_not_filled_again(store):
    made = files.filled("kind-1", lambda folder: (folder / "a").write_text("first"), "1 MB")
    assert files.filled("kind-1", None, "1 MB") == made == store / "kind-1"
    assert (made / "a").read_text() == "first"


def test_a_stop_leaves_nothing(store):
    def stopped(folder):
        (folder / "a").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.filled("kind-1", stopped, "1 MB")
    assert not facefiles.entries(store)


def test_a_folder_that_cannot_be_made_is_reported(folder, monkeypatch):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    monkeypatch.setenv("FKD_CACHE", str(folder / "training.csv" / "below"))
    with pytest.raises(InputError, match="FKD_CACHE"):
        kaggle.read_training(folder)


def test_cached_arrays_never_hold_objects(folder, store):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    kaggle.read_training(folder)
    (entry,) = facefiles.entries(store)
    np.save(entry / "images.npy", np.array([print], dtype=object), allow_pickle=True)
    np.testing.assert_array_equal(kaggle.read_training(folder).images, facefiles.faces(3)[0])
