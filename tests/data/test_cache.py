"""What `kaggle` stores in the cache: whole, or not at all."""

import errno
import multiprocessing
import os
import signal
import sys

import conftest
import facefiles
import numpy as np
import pytest

from fkd_utils.data import cache, kaggle
from fkd_utils.files import InputError


def flipped(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


DAMAGES = {"empty": lambda c: b"", "cut": lambda c: c[:50], "short": lambda c: c[:-1]}
DAMAGES["flipped"] = flipped


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_cache_is_made_again(folder, store, how):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    images = np.array(kaggle.read_training(folder).images)
    (entry,) = store.iterdir()
    part = entry / "images.npy"
    part.write_bytes(DAMAGES[how](part.read_bytes()))
    np.testing.assert_array_equal(kaggle.read_training(folder).images, images)
    (entry,) = store.iterdir()
    np.testing.assert_array_equal(np.load(entry / "images.npy"), images)


def test_a_full_disk_leaves_nothing(folder, store, monkeypatch):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))

    def full(path, array):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache, "_write", full)
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
    assert not list(store.iterdir())


def reading(folder, barrier, queue):
    barrier.wait()
    queue.put(kaggle.read_training(folder).fingerprint())


def test_two_processes_at_once(folder, store):
    facefiles.save(folder, facefiles.text(facefiles.good_rows(80)))
    found = conftest.at_once(reading, folder)
    assert found == {kaggle.read_training(folder).fingerprint()}
    assert len(list(store.iterdir())) == 1


def test_the_slower_process_keeps_the_faster_ones_entry(store):
    mine, theirs = {"images": np.zeros(3)}, {"images": np.ones(3)}
    cache.store("kind_a-b", theirs)
    np.testing.assert_array_equal(cache.store("kind_a-b", mine)["images"], np.ones(3))
    assert [path.name for path in store.iterdir()] == ["kind_a-b"]


def test_a_folder_that_cannot_be_made_is_reported(folder, monkeypatch):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    monkeypatch.setenv("FKD_CACHE", str(folder / "training.csv" / "below"))
    with pytest.raises(InputError, match="FKD_CACHE"):
        kaggle.read_training(folder)


def test_cached_arrays_never_hold_objects(folder, store):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    kaggle.read_training(folder)
    (entry,) = store.iterdir()
    np.save(entry / "images.npy", np.array([print], dtype=object), allow_pickle=True)
    np.testing.assert_array_equal(kaggle.read_training(folder).images, facefiles.faces(3)[0])
