"""Paths that a reader gives, files written whole or not at all, and the error meant for readers."""

import collections.abc
import contextlib
import errno
import os
import pathlib
import zipfile
import zlib

import numpy as np

REPO = pathlib.Path(__file__).resolve().parents[1]
PUBLISHED = REPO / "data" / "published"
# What reading a stored file may raise that is cut off, damaged, or holds something else.
DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


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


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> collections.abc.Iterator[pathlib.Path]:
    """Write aside, then rename: yields a path to write to, which becomes `path` on success.

    Raises InputError when the disk is full, or `path` cannot be written; whatever happens, no
    partial file stays behind. An OSError of the block counts as one of writing.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        os.replace(aside, path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise InputError(f"{path}: the disk is full; free some space and run again") from error
        reason = error.strerror or error
        raise InputError(f"{path}: cannot be written: {reason}; name another place") from error
    finally:
        with contextlib.suppress(OSError):  # what could not be written may not be removable
            aside.unlink(missing_ok=True)


def save_arrays(path: pathlib.Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays as an .npz to exactly `path` (numpy.savez appends a suffix to a path)."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
