"""Writing files so that a reader never meets half of one."""

import collections.abc
import contextlib
import errno
import os
import pathlib
import zipfile
import zlib

import numpy as np

from fkd_utils.errors import InputError

# What reading a stored file may raise that is cut off, damaged, or holds something else.
DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


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
    """Write arrays as an .npz to exactly `path` (numpy.savez would append a suffix)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
