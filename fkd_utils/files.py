"""Paths that a reader gives, the error meant for readers, and the rules for all that is stored.

What the course has written may be empty, cut, of an older format, of another account, or just
being written, or hold bytes that a disk has changed. So: write with `replacing`, one at a time
under `locked`; read with `stored`, and make again what it does not find whole; a folder of several
files counts once it is sealed, and while its files are those; a file without a checksum of its own
is written with `write_sealed` and read with `read_sealed`. The cache holds such folders: `filled`
makes one, and `kept` arrays in one.
"""

import collections.abc
import contextlib
import errno
import hashlib
import io
import json
import os
import pathlib
import shutil
import struct
import time
import typing
import zipfile
import zlib

import filelock
import numpy as np

if typing.TYPE_CHECKING:
    import pandas as pd

REPO = pathlib.Path(__file__).resolve().parents[1]
PUBLISHED = REPO / "data" / "published"
# What reading a stored file may raise that is cut off, damaged, or holds something else.
DAMAGED = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
DAMAGED += (RuntimeError, MemoryError, ImportError, struct.error, zlib.error)
DAMAGED += (zipfile.BadZipFile,)
STALE_AFTER = 3600.0  # seconds; what a killed process left aside is removed after this
SEAL = "whole.json"  # checksums: of a folder's files, written when all of them were, or of a file
_MOVE = "free some space, or set the variable FKD_CACHE to a folder on another disk"
_Content = typing.TypeVar("_Content")


class InputError(ValueError):
    """Something the reader gave cannot be used; the message says what, where and what to do."""


def expanded(path: str | pathlib.Path) -> pathlib.Path:
    """A path that a reader gave, with a leading ~ as their home.

    pathlib's own expanduser raises for ~a.jpg, which is a name like any other.
    """
    return pathlib.Path(os.path.expanduser(path))


def chosen(variable: str, default: pathlib.Path) -> pathlib.Path:
    """The folder that an environment variable names, absolute; `default` where it names none.

    Absolute, since chapters run in another folder than the command that starts them; a leading ~
    is the reader's home.
    """
    return expanded(os.environ.get(variable) or default).absolute()


def home() -> pathlib.Path:
    """The folder for all that the course makes for its reader: build, work, data/cache, data/runs.

    $FKD_HOME; without it the course's own folder, or, where that cannot be written (one
    installation for a class), facial-keypoints in the reader's home.
    """
    writable = os.access(REPO, os.W_OK)
    return chosen("FKD_HOME", REPO if writable else pathlib.Path.home() / "facial-keypoints")


def runs() -> pathlib.Path:
    """The folder of trainings, and what else a reader measures: $FKD_RUNS, or data/runs."""
    return chosen("FKD_RUNS", home() / "data" / "runs")


def cache() -> pathlib.Path:
    """The folder of all caches: $FKD_CACHE, or data/cache."""
    return chosen("FKD_CACHE", home() / "data" / "cache")


@contextlib.contextmanager
def writing(
    path: pathlib.Path, advice: str = "name another place"
) -> collections.abc.Iterator[None]:
    """An OSError of the block is one of writing `path`, and becomes an InputError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(f"{path}: the disk is full; free some space and run again") from error
        missing = isinstance(error, FileNotFoundError) and error.filename
        if missing and path.name not in str(missing):
            raise InputError(f"{missing} is missing; {path} was not written") from error
        reason = error.strerror or error
        raise InputError(f"{path}: cannot be written: {reason}; {advice}") from error


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> collections.abc.Iterator[pathlib.Path]:
    """Write aside, then rename: yields a path to write to, which becomes `path` on success.

    Raises InputError when the disk is full, or `path` cannot be written; whatever happens, no
    partial file stands under the name, not even after a power cut. An OSError of the block counts
    as one of writing.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with writing(path):
            if path.exists() and not (path.is_file() or path.is_dir()):
                raise OSError("it is a device or a pipe")  # which a file would take the place of
            path.parent.mkdir(parents=True, exist_ok=True)
            yield aside
            sync(aside)
            os.replace(aside, path)
            sync(path.parent)
    finally:
        with contextlib.suppress(OSError):  # what could not be written may not be removable
            aside.unlink(missing_ok=True)
            for left in path.parent.iterdir():  # by processes that were killed
                mine = left.name.startswith(f".{path.name}.") and left.suffix == ".part"
                if mine and time.time() - left.stat().st_mtime > STALE_AFTER:
                    left.unlink()


def sync(path: pathlib.Path) -> None:
    """Have the system write a file, or a folder's list of files, to the disk now."""
    folder = path.is_dir()
    try:
        opened = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        # Windows opens no folders, and some network folders cannot do it.
        if not folder and error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


@contextlib.contextmanager
def locked(path: pathlib.Path, advice: str) -> collections.abc.Iterator[None]:
    """Hold the lock file `path` for the block; of several processes one goes on.

    advice: what to do where it cannot be written, for the InputError.
    """
    lock = filelock.FileLock(path)
    with writing(path.parent, advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def stored(
    read: collections.abc.Callable[[pathlib.Path], _Content], path: pathlib.Path
) -> _Content | None:
    """What `read` makes of a file that the course has stored; None where that is not whole."""
    try:
        return read(path)
    except DAMAGED:
        return None


def shipped(
    read: collections.abc.Callable[[pathlib.Path], _Content], path: pathlib.Path
) -> _Content:
    """What `read` makes of a file that comes with the course; InputError where it is not whole."""
    content = stored(read, path)
    if content is None:
        raise InputError(f"{path}: missing or damaged; restore it with `git checkout -- data`")
    return content


def read_json(path: pathlib.Path) -> dict[str, typing.Any]:
    """The object in a JSON file; raises one of `DAMAGED` for anything else."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"{path}: holds no object")
    return content


def read_table(path: pathlib.Path) -> "pd.DataFrame":
    """The table in a csv file; raises one of `DAMAGED` for one that is empty or cut in a line.

    And for one that was sealed and has changed since.
    """
    import pandas as pd  # not at the top: most commands do without

    text = read_sealed(path)
    if not text.endswith("\n"):
        raise ValueError(f"{path}: cut")
    return pd.read_csv(io.StringIO(text))


def write_text(path: pathlib.Path, text: str) -> None:
    """Store a text under `path`, whole or not at all."""
    with replacing(path) as aside:
        aside.write_bytes(text.encode())


def save_arrays(path: pathlib.Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays as an .npz to exactly `path` (numpy.savez appends a suffix to a path)."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_arrays(path: pathlib.Path, *names: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz, or those called so; raises one of `DAMAGED` for any changed byte.

    np.load looks at no checksum where an array's shape has become smaller.
    """
    with zipfile.ZipFile(path) as archive:
        members = [f"{name}.npy" for name in names] or archive.namelist()
        return {
            member.removesuffix(".npy"): np.load(io.BytesIO(archive.read(member)))
            for member in members
        }


def checksum(path: pathlib.Path) -> int:
    """A number that changes with any byte of a file; a gigabyte takes about a second."""
    found = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            found = zlib.crc32(piece, found)
    return found


def seal(folder: pathlib.Path) -> None:
    """Note a folder's files once all are on the disk: from then on it is whole."""
    paths = [path for path in folder.iterdir() if path.name != SEAL]
    for path in paths:
        sync(path)
    write_text(folder / SEAL, json.dumps({path.name: checksum(path) for path in paths}))


def is_sealed(folder: pathlib.Path) -> bool:
    """Whether a folder still holds all files that it was sealed with, each byte of them."""
    sums = stored(read_json, folder / SEAL)
    return bool(sums) and all(stored(checksum, folder / name) == sums[name] for name in sums)


def write_sealed(path: pathlib.Path, text: str) -> None:
    """`write_text`, and beside it what `read_sealed` knows a changed byte by.

    The seal is written first; it holds for the text before, too, until the new one is there.
    """
    whole = stored(read_sealed, path)
    before = [] if whole is None else [zlib.crc32(whole.encode())]
    write_text(_seal_of(path), json.dumps({"sums": [zlib.crc32(text.encode()), *before]}))
    write_text(path, text)


def read_sealed(path: pathlib.Path) -> str:
    """The text of `write_sealed`; raises one of `DAMAGED` where it is no longer that.

    A text without a seal is taken as it is.
    """
    content = path.read_bytes()
    found = zlib.crc32(content)
    if found not in (stored(read_json, _seal_of(path)) or {}).get("sums", [found]):
        raise ValueError(f"{path}: has changed")
    return content.decode("utf-8")


def _seal_of(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f".{path.name}.{SEAL}")


def discard(path: pathlib.Path) -> None:
    """Remove a file or folder that is no longer whole, as far as that can be done."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)


def filled(
    name: str, fill: collections.abc.Callable[[pathlib.Path], None], need: str
) -> pathlib.Path:
    """The folder `name` of the cache, made where it is not whole; of several processes one does.

    fill: writes the files into the folder that it is given, an empty one. need: the room they
    take, such as "100 MB". Raises InputError when the cache cannot be written.
    """
    folder = cache() / name
    if is_sealed(folder):
        return folder
    with locked(folder.with_suffix(".lock"), _MOVE):
        if is_sealed(folder):  # another process was faster
            return folder
        discard(folder)  # emptied, or cut
        try:
            folder.mkdir()
            fill(folder)
            seal(folder)
        except BaseException as error:
            discard(folder)  # half of it would only fill the disk
            if not isinstance(error, OSError):
                raise
            raise InputError(
                f"{folder.parent}: cannot write the cache, which needs {need} there: "
                f"{error.strerror or error}; {_MOVE}"
            ) from error
    return folder


def kept(
    kind: str,
    version: int,
    sources: list[pathlib.Path],
    make: collections.abc.Callable[[], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """The arrays of `make`, made once for each state of the files `sources`: read-only and mapped.

    They lie in the cache as uncompressed .npy files. kind: the first word of the folder's name;
    version: changes with what `make` does. Raises InputError when a file cannot be read, or the
    cache not be written.
    """
    name = _name_of(kind, version, sources)
    folder, family = cache() / name, name.split("-")[0]
    if is_sealed(folder) and (found := stored(_mapped, folder)):
        return found
    arrays = make()

    def write(into: pathlib.Path) -> None:
        for stem, array in arrays.items():
            _write_array(into / f"{stem}.npy", array)

    need = sum(array.nbytes for array in arrays.values()) / 1e6
    filled(name, write, f"{need:.0f} MB")
    for older in cache().glob(f"{family}-*"):
        if not older.name.startswith(name):
            discard(older)
    return stored(_mapped, folder) or arrays


def _name_of(kind: str, version: int, sources: list[pathlib.Path]) -> str:
    """Name of the folder for `sources`: changes with their place, size or time of change.

    The part before the dash depends on the place only, so that `kept` can remove what an older
    state of the same files left.
    """
    try:
        states = [(f.stat().st_size, f.stat().st_mtime_ns) for f in sources]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error
    place = hashlib.sha256(os.fsencode(sources[0].resolve())).hexdigest()[:12]
    names = [str(f.resolve()) for f in sources]
    state = hashlib.sha256(repr((version, names, states)).encode()).hexdigest()[:12]
    return f"{kind}_{place}-{state}"


def _mapped(folder: pathlib.Path) -> dict[str, np.ndarray]:
    return {
        path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in folder.glob("*.npy")
    }


def _write_array(path: pathlib.Path, array: np.ndarray) -> None:
    """np.save, but a full disk is reported with its error number (ndarray.tofile loses it)."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(array.data)
