"""Arrays made once from files are kept as uncompressed .npy files and mapped into memory after."""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fkd_utils import files
from fkd_utils.files import InputError


def root() -> Path:
    """The folder of all caches: $FKD_CACHE, or data/cache."""
    return files.chosen("FKD_CACHE", files.home() / "data" / "cache")


def kept(
    kind: str, version: int, sources: list[Path], make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The arrays of `make`, made once for each state of the files `sources`: read-only and mapped.

    Raises InputError when a file cannot be read, or the cache not be written.
    """
    name = _name(kind, version, sources)
    return load(name) or store(name, make())


def _name(kind: str, version: int, sources: list[Path]) -> str:
    """Name of the entry for `sources`: changes with their place, size or time of change.

    The part before the dash depends on the place only, so that `store` can remove what an
    older state of the same files left.
    """
    try:
        states = [(f.stat().st_size, f.stat().st_mtime_ns) for f in sources]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error
    place = hashlib.sha256(os.fsencode(sources[0].resolve())).hexdigest()[:12]
    names = [str(f.resolve()) for f in sources]
    state = hashlib.sha256(repr((version, names, states)).encode()).hexdigest()[:12]
    return f"{kind}_{place}-{state}"


def load(name: str) -> dict[str, np.ndarray] | None:
    """The arrays stored as `name`, read-only and mapped from disk; None when there are none."""
    if not files.is_sealed(root() / name):
        return None  # absent, or damaged: then it is made again
    return files.stored(_mapped, root() / name)


def _mapped(folder: Path) -> dict[str, np.ndarray]:
    return {
        path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in folder.glob("*.npy")
    }


def store(name: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Store arrays as `name` and return them mapped from disk.

    They are written into a folder aside that is renamed when complete: another process sees all
    or nothing. Raises InputError when the disk is full or the folder cannot be written.
    """
    folder = root()
    # Not tempfile's, whose folders no other account can read.
    aside = folder / f".{name}.{os.getpid()}-{threading.get_ident()}"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for stem, array in arrays.items():
            _write(aside / f"{stem}.npy", array)
        files.seal(aside)
        if load(name) is None:  # nothing, or something damaged, stands there
            files.discard(folder / name)
        try:
            aside.rename(folder / name)
            files.sync(folder)
        except OSError:
            if load(name) is None:  # else another process was faster
                raise
    except (OSError, InputError) as error:
        need = sum(array.nbytes for array in arrays.values()) / 1e6
        raise InputError(
            f"{folder}: cannot write the cache, which needs {need:.0f} MB there: "
            f"{getattr(error, 'strerror', None) or error}; free some space, "
            "or set the variable FKD_CACHE to a folder on another disk"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _remove_outdated(folder, name)
    return load(name) or arrays


def _write(path: Path, array: np.ndarray) -> None:
    """np.save, but a full disk is reported with its error number (ndarray.tofile loses it)."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(array.data)


def _remove_outdated(folder: Path, name: str) -> None:
    """Remove entries for older states of the same file, and what killed processes left aside."""
    family = name.split("-")[0]
    older = [path for path in folder.glob(f"{family}-*") if path.name != name]
    for path in folder.glob(f".{family}-*"):
        made = files.stored(os.stat, path)  # None: its process has just renamed it
        if made and time.time() - made.st_mtime > files.STALE_AFTER:
            older.append(path)
    for path in older:
        shutil.rmtree(path, ignore_errors=True)
