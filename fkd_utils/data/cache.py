"""Arrays parsed once are kept as uncompressed .npy files and mapped into memory afterwards."""

import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from fkd_utils import files
from fkd_utils.files import InputError

_STALE_AFTER = 3600.0  # seconds; what a killed process left aside is removed after this


def root() -> Path:
    """The folder of all caches: $FKD_CACHE, or data/cache of this repository."""
    return files.chosen("FKD_CACHE", files.REPO / "data" / "cache")


def key(kind: str, version: int, files: list[Path]) -> str:
    """Name of the cache entry for `files`: changes with their place, size or time of change.

    The part before the dash depends on the place only, so that `store` can remove what an
    older state of the same files left. Raises InputError when a file cannot be read.
    """
    try:
        states = [(f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error
    place = hashlib.sha256(os.fsencode(files[0].resolve())).hexdigest()[:12]
    names = [str(f.resolve()) for f in files]
    state = hashlib.sha256(repr((version, names, states)).encode()).hexdigest()[:12]
    return f"{kind}_{place}-{state}"


def load(name: str) -> dict[str, np.ndarray] | None:
    """The arrays stored as `name`, read-only and mapped from disk; None when there are none."""
    try:
        return {
            path.stem: np.load(path, mmap_mode="r", allow_pickle=False)
            for path in (root() / name).iterdir()
        } or None
    except (OSError, ValueError, EOFError):  # absent, or damaged: then it is made again
        return None


def store(name: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Store arrays as `name` and return them mapped from disk.

    They are written into a folder aside that is renamed when complete: another process sees all
    or nothing. Raises InputError when the disk is full or the folder cannot be written.
    """
    folder = root()
    aside = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder))
        for stem, array in arrays.items():
            _write(aside / f"{stem}.npy", array)
        _put_in_place(aside, folder / name)
    except OSError as error:
        need = sum(array.nbytes for array in arrays.values()) / 1e6
        raise InputError(
            f"{folder}: cannot write the cache, which needs {need:.0f} MB there: "
            f"{error.strerror or error}; free some space, "
            "or set the variable FKD_CACHE to a folder on another disk"
        ) from error
    finally:
        if aside is not None:
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


def _put_in_place(aside: Path, place: Path) -> None:
    try:
        aside.rename(place)
    except OSError:
        if load(place.name) is None:  # something damaged stands there
            shutil.rmtree(place)
            aside.rename(place)


def _remove_outdated(folder: Path, name: str) -> None:
    """Remove entries for older states of the same file, and what killed processes left aside."""
    family = name.split("-")[0]
    for path in folder.glob(f"{family}-*"):
        if path.name != name:
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(f".{family}-*"):
        try:
            old = time.time() - path.stat().st_mtime > _STALE_AFTER
        except OSError:
            continue
        if old:
            shutil.rmtree(path, ignore_errors=True)
