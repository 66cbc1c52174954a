"""Finds and opens a csv file of the competition: plain, zipped, or in a zip of zips."""

import contextlib
import io
import typing
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fkd_utils import places
from fkd_utils.errors import InputError

COMPETITION_ZIP = "facial-keypoints-detection.zip"
_START = 2048  # bytes looked at to tell what kind of file this is
_DAMAGED = "is damaged or was not downloaded completely; download it again"


class Absent(InputError):
    """There is no such file."""


def find(path: Path, stem: str) -> Path:
    """The file that holds `stem`.csv ("training" or "test").

    path: a file, taken as it is, or a folder with `stem`.csv, `stem`.zip or the competition's
    whole zip. Raises Absent when there is no such file.
    """
    path = places.expanded(path)
    if path.is_file():
        return path
    if not path.exists():
        raise Absent(f"{path}: there is no such file or folder; check the spelling")
    for name in (f"{stem}.csv", f"{stem}.zip", COMPETITION_ZIP):
        file = path / name
        if file.is_dir():
            raise InputError(f"{file}: is a folder, but a file of that name is needed")
        if file.exists():
            return file
    raise Absent(f"{path}: this folder holds neither {stem}.csv nor {stem}.zip")


@contextlib.contextmanager
def open_bytes(file: Path, stem: str) -> Iterator[typing.BinaryIO]:
    """Open the csv text in `file` for reading as bytes, whatever it is packed in.

    Raises InputError when the file is empty, a web page, no text, or a zip that is damaged,
    encrypted or does not hold exactly one csv; also when a zip turns out damaged while it is read.
    """
    try:
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(file.open("rb"))
            start = stream.read(_START)
            stream.seek(0)
            if file.suffix.lower() == ".zip" or start.startswith(b"PK\x03\x04"):
                _refuse_non_zip(file, start)
                stream = _open_member(file, stream, stem, stack)
            else:
                _refuse_non_text(file, start)
            yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"{file}: this zip {_DAMAGED}") from error
    except NotImplementedError as error:  # zipfile's word for a packing it does not know
        raise InputError(f"{file}: this zip cannot be read ({error}); zip it anew") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from error


def _open_member(
    file: Path, stream: typing.BinaryIO, stem: str, stack: contextlib.ExitStack
) -> typing.BinaryIO:
    """Open the one csv of a zip; a zip that holds `stem`.zip is looked into once more."""
    archive = stack.enter_context(zipfile.ZipFile(stream))
    members = [m for m in archive.infolist() if not _is_clutter(m)]
    inner = [m for m in members if PurePosixPath(m.filename).name == f"{stem}.zip"]
    wanted = inner or [m for m in members if m.filename.lower().endswith(".csv")]
    if len(wanted) != 1:
        names = ", ".join(m.filename for m in wanted[:4]) or "none"
        raise InputError(
            f"{file}: this zip must hold exactly one csv file, but it holds {len(wanted)} ({names})"
        )
    if wanted[0].flag_bits & 1:
        raise InputError(f"{file}: this zip is locked with a password; unpack it yourself first")
    if inner:
        return _open_member(file, io.BytesIO(archive.read(inner[0])), stem, stack)
    return typing.cast(typing.BinaryIO, stack.enter_context(archive.open(wanted[0])))


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    """Folders, and the hidden files that macOS puts into every zip."""
    path = PurePosixPath(member.filename)
    return member.is_dir() or path.name.startswith(".") or "__MACOSX" in path.parts


def _refuse_non_zip(file: Path, start: bytes) -> None:
    if not start:
        raise InputError(f"{file}: this file is empty")
    _refuse_web_page(file, start)
    if not start.startswith(b"PK"):
        raise InputError(f"{file}: this is no zip file, or it {_DAMAGED}")


def _refuse_non_text(file: Path, start: bytes) -> None:
    if not start.strip():
        raise InputError(f"{file}: this file is empty")
    _refuse_web_page(file, start)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
        raise InputError(f"{file}: this is no plain text; save it as csv in UTF-8")


def _refuse_web_page(file: Path, start: bytes) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<!--", b"<head")):
        raise InputError(
            f"{file}: this is an HTML page, probably Kaggle's login page; sign in, accept the "
            "competition's rules and download the file again"
        )
