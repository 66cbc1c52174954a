"""The competition's files: training.csv, test.csv and IdLookupTable.csv, plain, zipped or in a zip
of zips, checked field by field; and the file that is handed in.

A picture is 9,216 numbers in one field of text. numpy reads them at once; only where a row is not
plain numbers and spaces are they looked at one by one. What was read is kept in the cache.
"""

import contextlib
import dataclasses
import io
import math
import time
import typing
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from fkd_utils import faces, files
from fkd_utils.console import ProgressLine
from fkd_utils.data import cache
from fkd_utils.faces import Faces
from fkd_utils.files import InputError

COMPETITION_ZIP = "facial-keypoints-detection.zip"
TABLE = "IdLookupTable.csv"
PIXELS = faces.SIDE**2
CACHE_VERSION = 1  # raise it when what is stored changes
_START = 2048  # bytes looked at to tell what kind of file this is
_DAMAGED = "is damaged or was not downloaded completely; download it again"
_MISSING = {b"", b"nan", b"na"}
_MOST = 10**18 - 1  # of a whole number: fits into 64 bits whatever its digits


class Absent(InputError):
    """There is no such file."""


def find_csv(path: Path, stem: str) -> Path:
    """The file that holds `stem`.csv ("training" or "test").

    path: a file, taken as it is, or a folder with `stem`.csv, `stem`.zip or the competition's
    whole zip. Raises Absent when there is no such file.
    """
    path = files.expanded(path)
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
    raise Absent(f"{path}: this folder holds neither {stem}.csv nor {stem}.zip; put one there")


@contextlib.contextmanager
def open_csv(file: Path, stem: str) -> Iterator[typing.BinaryIO]:
    """Open the csv text in `file` for reading as bytes, whatever it is packed in.

    Raises InputError when the file is empty, a web page, no text, or a zip that is damaged,
    encrypted or does not hold exactly one csv; also when a zip turns out damaged while it is read.
    """
    try:
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(file.open("rb"))
            start = stream.read(_START)
            stream.seek(0)
            packed = file.suffix.lower() == ".zip" or start.startswith(b"PK\x03\x04")
            if trouble := _no_csv(start, packed):
                raise InputError(f"{file}: {trouble}")
            yield _open_member(file, stream, stem, stack) if packed else stream
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"{file}: this zip {_DAMAGED}") from error
    except NotImplementedError as error:  # zipfile's word for a packing it does not know
        raise InputError(f"{file}: this zip cannot be read ({error}); zip it anew") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from error


def _no_csv(start: bytes, packed: bool) -> str:
    """Why a file that begins with these bytes is no csv, or no zip; else nothing."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start.strip():
        return "this file is empty"
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<!--", b"<head")):
        return (
            "this is an HTML page, probably Kaggle's login page; sign in, accept the "
            "competition's rules and download the file again"
        )
    if packed and not start.startswith(b"PK"):
        return f"this is no zip file, or it {_DAMAGED}"
    if not packed and (start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start):
        return "this is no plain text; save it as csv in UTF-8"
    return ""


def _open_member(
    file: Path, stream: typing.BinaryIO, stem: str, stack: contextlib.ExitStack
) -> typing.BinaryIO:
    """Open `stem`.csv, or the one csv, of a zip; one with `stem`.zip is looked into once more."""
    archive = stack.enter_context(zipfile.ZipFile(stream))
    members = [(PurePosixPath(m.filename), m) for m in archive.infolist() if not m.is_dir()]
    # macOS puts hidden files into every zip.
    members = [(p, m) for p, m in members if p.name[0] != "." and "__MACOSX" not in p.parts]
    inner = [m for path, m in members if path.name == f"{stem}.zip"]
    named = [m for path, m in members if path.name == f"{stem}.csv"]
    wanted = inner or named or [m for path, m in members if path.suffix.lower() == ".csv"]
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


def read_training(path: Path | str) -> Faces:
    """Read labelled faces from a folder, a .csv or a .zip in the competition's format.

    The 30 coordinate columns and Image may stand in any order; an empty field is an unlabelled
    point. A coordinate must lie from 0 to 96 pixels: the competition's own labels go up to
    95.94. A file groups.csv beside it (header `group`, a whole number a row) says which faces
    belong together; without it each face is its own group (see `sources.read`). The images are
    mapped from the cache.
    Raises InputError naming file, row and column.
    """
    file = find_csv(Path(path), "training")
    groups_file = file.with_name("groups.csv")
    both = [file, groups_file] if groups_file.is_file() else [file]

    def read() -> dict[str, np.ndarray]:
        images, points = [], []
        for where, (*fields, image) in _rows(file, "training", (*faces.COLUMNS, "Image")):
            points.append(_coordinates(fields, where))
            images.append(_pixels(image, where))
        groups = list(range(len(images)))
        if len(both) > 1:
            rows = _rows(groups_file, "groups", ("group",))
            groups = [_whole(text, where, "group", -_MOST) for where, (text,) in rows]
        if len(groups) != len(images):
            raise InputError(
                f"{groups_file}: {len(groups)} rows, but the training file has {len(images)}"
            )
        points = np.array(points, np.float32).reshape(-1, len(faces.KEYPOINTS), 2)
        return {"images": np.stack(images), "keypoints": points, "groups": np.array(groups)}

    arrays = cache.kept("training", CACHE_VERSION, both, read)
    points, groups = np.array(arrays["keypoints"]), np.array(arrays["groups"])
    return Faces(arrays["images"], points, np.arange(len(points)), groups, str(file))


def read_test(path: Path | str) -> Faces:
    """Read the unlabelled faces (columns ImageId, Image) from a folder, a .csv or a .zip.

    All keypoints are NaN; ids are ImageId - 1, which in the competition is the 0-based row.
    Raises InputError naming file, row and column.
    """
    file = find_csv(Path(path), "test")

    def read() -> dict[str, np.ndarray]:
        images: dict[int, np.ndarray] = {}
        for where, (number, image) in _rows(file, "test", ("ImageId", "Image")):
            row = _whole(number, where, "ImageId", 1) - 1
            if row in images:
                raise InputError(f"{where}, column 'ImageId': {row + 1} appears twice")
            images[row] = _pixels(image, where)
        return {"images": np.stack(list(images.values())), "ids": np.array(list(images))}

    arrays = cache.kept("test", CACHE_VERSION, [file], read)
    images, ids = arrays["images"], np.array(arrays["ids"])
    points = np.full((len(images), len(faces.KEYPOINTS), 2), np.nan, np.float32)
    return Faces(images, points, ids, np.arange(len(images)), str(file))


def _rows(file: Path, stem: str, columns: tuple[str, ...]) -> Iterator[tuple[str, list[bytes]]]:
    """Each row of a csv: where it stands, for messages, and its fields in the order of `columns`.

    A line says how far it is once reading takes more than two seconds.
    """
    count, start, line = 0, time.monotonic(), None
    with open_csv(file, stem) as stream:
        texts = enumerate(io.BufferedReader(stream, 1 << 20), 1)  # type: ignore[type-var]
        lines = ((number, text) for number, raw in texts if (text := raw.rstrip(b"\r\n")))
        order = _column_order(file, next(lines, (1, b""))[1], columns)
        for number, text in lines:
            where = f"{file}, row {count} (rows count from 0; line {number} of the file)"
            fields = [field.strip(b' "') for field in text.split(b",")]
            if len(fields) != len(columns):
                raise InputError(f"{where}: {len(fields)} fields, but {len(columns)} columns")
            yield where, [fields[k] for k in order]
            count += 1
            if not count % 64 and time.monotonic() - start > 2:
                line = line or ProgressLine()
                line.update(f"reading {file.name}: {count:,} rows")
    if not count:
        raise InputError(f"{file}: only a header, no rows")
    if line:
        line.done(f"read {file.name}: {count:,} rows in {time.monotonic() - start:.0f} s")


def _column_order(file: Path, header: bytes, columns: tuple[str, ...]) -> list[int]:
    """Where each of `columns` stands in the header."""
    text = header.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    names = [name.strip(' "') for name in text.split(",")]
    expected = f"the columns must be {columns[0]}, ..., {columns[-1]}"
    doubled = [name for name in columns if names.count(name) > 1]
    missing = [name for name in columns if name not in names]
    unknown = [name for name in names if name not in columns]
    if doubled:
        raise InputError(f"{file}, header: column '{doubled[0]}' appears twice")
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{file}, header: missing column '{missing[0]}'{more}; {expected}")
    if unknown:
        name = _shown(unknown[0].encode())
        raise InputError(f"{file}, header: unknown column {name}; {expected}")
    return [names.index(name) for name in columns]


def _pixels(text: bytes, where: str) -> np.ndarray:
    """The picture (96, 96) uint8 of whole numbers from 0 to 255 with white space between them."""
    where = f"{where}, column 'Image'"
    if not text.translate(None, b"0123456789 "):
        pixels = np.fromstring(text, np.int64, sep=" ")
        if len(pixels) == PIXELS and pixels.max() <= 255:
            return pixels.astype(np.uint8).reshape(faces.SIDE, faces.SIDE)
    numbers = text.split()
    for k, number in enumerate(numbers):
        if not number.isdigit() or int(number[:20]) > 255:
            what = f"pixel {k} is {_shown(number)}, which is no whole number from 0 to 255"
            raise InputError(f"{where}: {what}")
    if len(numbers) != PIXELS:
        what = f"{len(numbers)} pixels, but a picture has {faces.SIDE} x {faces.SIDE} = {PIXELS}"
        raise InputError(f"{where}: {what}")
    return np.array(numbers, np.int64).astype(np.uint8).reshape(faces.SIDE, faces.SIDE)


def _coordinates(fields: list[bytes], where: str) -> list[float]:
    """The 30 coordinates of a row; an empty field is NaN."""
    numbers = []
    for name, field in zip(faces.COLUMNS, fields, strict=True):
        missing = field.lower() in _MISSING
        try:  # Python's 1_000 is no number here
            number = math.nan if missing else float(field.replace(b"_", b"?"))
        except ValueError:
            raise InputError(f"{where}, column '{name}': {_shown(field)} is no number") from None
        if not (missing or 0 <= number <= faces.SIDE):
            what = f"{_shown(field)} lies outside the picture (0 to {faces.SIDE})"
            raise InputError(f"{where}, column '{name}': {what}")
        numbers.append(number)
    for k, number in enumerate(numbers):
        if math.isnan(number) and not math.isnan(numbers[k ^ 1]):  # x and y stand side by side
            name = faces.COLUMNS[k]
            raise InputError(f"{where}, column '{name}': empty, but the point's other half is not")
    return numbers


def _whole(text: bytes, where: str, column: str, least: int) -> int:
    """A whole number from `least` to _MOST."""
    if text.removeprefix(b"-").isdigit() and len(text) < 20 and least <= int(text) <= _MOST:
        return int(text)
    what = f"no whole number{'' if least < 0 else f' from {least} on'} of at most 18 digits"
    raise InputError(f"{where}, column '{column}': {_shown(text)} is {what}")


def _shown(text: bytes) -> str:
    """A field from a file, short and printable, for a message."""
    shown = text[:24].decode("utf-8", errors="backslashreplace")
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
    return f"'{shown}{'...' if len(text) > 24 else ''}'"


@dataclasses.dataclass(frozen=True)
class Lookup:
    """What a submission must hold, one entry a line.

    rows, images: (n,) int64, RowId and ImageId; coordinates: (n,) int64, 0..29 in the order of
    faces.COLUMNS.
    """

    rows: np.ndarray
    images: np.ndarray
    coordinates: np.ndarray


def read_lookup(path: Path) -> Lookup:
    """Read IdLookupTable.csv: the file itself, its folder, or the competition's whole zip.

    Raises InputError naming file, row and column.
    """
    path = files.expanded(path)
    if path.is_file() and path.name not in (TABLE, COMPETITION_ZIP):
        path = path.parent  # another file of the competition: the table lies beside it
    file = find_csv(path, Path(TABLE).stem)
    entries: dict[int, tuple[int, int]] = {}
    columns = ("RowId", "ImageId", "FeatureName", "Location")
    for where, (row, image, name, _) in _rows(file, Path(TABLE).stem, columns):
        if (coordinate := name.decode(errors="replace")) not in faces.COLUMNS:
            what = f"none of the 30 coordinates {faces.COLUMNS[0]} ... {faces.COLUMNS[-1]}"
            raise InputError(f"{where}, column 'FeatureName': {_shown(name)} is {what}")
        number = _whole(row, where, "RowId", 0)
        if number in entries:
            raise InputError(f"{where}, column 'RowId': {number} appears twice")
        entries[number] = _whole(image, where, "ImageId", 0), faces.COLUMNS.index(coordinate)
    return Lookup(np.array(list(entries)), *np.array(list(entries.values())).T)


def locations(lookup: Lookup, images: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The coordinates a submission holds, in the table's order: (n,) float64, pixels, 0 to 96.

    images: (m,) ImageId of each predicted picture; points: (m, 15, 2) pixels. What lies outside
    of the picture is moved to its edge: no label lies there, so it can only be nearer.
    Raises InputError when a picture that the table asks for was not predicted.
    """
    absent = np.setdiff1d(lookup.images, images)
    if len(absent):
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise InputError(
            f"ImageId {absent[0]}{more} of {TABLE} is not in the test file; both must come from "
            "the same competition"
        )
    order = np.argsort(images)
    rows = order[np.searchsorted(images, lookup.images, sorter=order)]
    flat = np.asarray(points, np.float64).reshape(len(points), -1)
    return np.clip(flat[rows, lookup.coordinates], 0, faces.SIDE)


def write_submission(file: Path, lookup: Lookup, values: np.ndarray) -> None:
    """Write RowId,Location; `values` as `locations` gives them."""
    table = np.stack([lookup.rows, values], axis=1)
    with files.replacing(file) as path:
        np.savetxt(path, table, "%d,%.4f", header="RowId,Location", comments="")
