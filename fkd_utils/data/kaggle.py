"""The competition's files: training.csv, test.csv and IdLookupTable.csv, in any wrapping that a
browser or a person gives them, checked field by field; and the file that is handed in.

A picture is 9,216 numbers in one field of text. numpy reads them at once; only where a row is not
plain numbers and spaces are they looked at one by one. What was read is kept in the cache.
"""

import contextlib
import dataclasses
import io
import lzma
import math
import re
import stat
import struct
import time
import typing
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from fkd_utils import faces, files
from fkd_utils.console import ProgressLine
from fkd_utils.faces import Faces
from fkd_utils.files import InputError

COMPETITION_ZIP = "facial-keypoints-detection.zip"
TABLE = "IdLookupTable.csv"
WHOLE = COMPETITION_ZIP.removesuffix(".zip")
STEMS = ("training", "test", "idlookuptable", "samplesubmission", "groups")
PIXELS = faces.SIDE**2
CACHE_VERSION = 1  # raise it when what is stored changes
_START = 2048  # bytes looked at to tell what kind of file this is
_MOST_UNPACKED = 1 << 30  # bytes of a file in a zip; Kaggle's largest has a quarter of it
_LONGEST_LINE = 1 << 20  # bytes; a row with a picture has 40,000
_DEEPEST = 3  # folders in folders, zips in zips
_DAMAGED = "is damaged or was not downloaded completely; download it again"
_MISSING = {b"", b"nan", b"na"}
_MOST = 10**18 - 1  # of a whole number: fits into 64 bits whatever its digits


class Absent(InputError):
    """There is no such file."""


def find_csv(path: Path, stem: str) -> Path:
    """The file that holds `stem`.csv ("training", "test" or "IdLookupTable").

    path: a folder with it, or with a folder of it (at most three deep); or a file: for "training"
    it is taken as it is, for the others it or what lies beside it. Looked for are `stem`.csv,
    `stem`.zip, `stem`.csv.zip and the competition's whole zip, in any capitals, also as "(1)" or
    "copy". Raises Absent when there is no such file, InputError when folders differ in it.
    """
    path = files.expanded(path)
    if path.is_file():
        if stem == "training" or _plain(path.name) == stem.lower() or _is_wrapping(path, stem):
            return path
        deepest, path = 1, path.parent
    elif not path.exists():
        raise Absent(f"{path}: there is no such file or folder; check the spelling")
    else:
        deepest = _DEEPEST
    for depth in range(1, deepest + 1):
        below = (file for file in path.glob("/".join("*" * depth)) if not _is_hidden(file, path))
        found = [f for f in below if _plain(f.name) in (stem.lower(), WHOLE) and f.is_file()]
        # The csv itself before a zip of it, and that before the whole; "training" before "(1)".
        found.sort(key=lambda f: (_plain(f.name) == WHOLE, _is_zip(f), len(f.name), f))
        found = [f for f in found if _plain(f.name) != WHOLE or _is_wrapping(f, stem)]
        if len({file.parent for file in found}) > 1:
            names = " and ".join(str(file.relative_to(path)) for file in found[:2])
            raise InputError(f"{path}: there are several, such as {names}; name the folder of one")
        if found:
            return found[0]
    if (path / f"{stem}.csv").is_dir():
        raise InputError(f"{path / stem}.csv: is a folder, but a file of that name is needed")
    raise Absent(f"{path}: this folder holds neither {stem}.csv nor {stem}.zip; put one there")


def _plain(name: str) -> str:
    """A file's name in small letters, without endings and what marks a copy: " (1)", "- Copy"."""
    for ending in (".zip", ".csv", ""):
        name = re.sub(r"(?:[\s_-]*\(\d+\)|[\s_-]+(?:\d+|copy))*$", "", name.lower())
        name = name.removesuffix(ending)
    return name


def _is_zip(file: Path) -> bool:
    return file.suffix.lower() == ".zip"


def _is_hidden(file: Path, below: Path) -> bool:
    # macOS puts such folders and files beside what it packs.
    parts = file.relative_to(below).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)


def _is_wrapping(file: Path, stem: str) -> bool:
    """Whether this is a zip with `stem`.csv among its files, or a damaged one of that name."""
    try:
        with open_csv(file, stem):
            return _is_zip(file)
    except Absent:
        return False
    except InputError:
        return _is_zip(file) and _plain(file.name) not in STEMS


@contextlib.contextmanager
def open_csv(file: Path, stem: str) -> Iterator[typing.BinaryIO]:
    """Open the csv text in `file` for reading as bytes, whatever it is packed in.

    Nothing is unpacked to the disk. Raises InputError when the file is empty, a web page, no text,
    or a zip that is damaged, encrypted, far too large, holds a link or a path out of it in place
    of the csv, or more than one csv; also when it turns out damaged while it is read. Raises
    Absent where a zip holds other files of the competition, or is not called as the csv.
    """
    try:
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(file.open("rb"))
            start = stream.read(_START)
            stream.seek(0)
            packed = _is_zip(file) or start.startswith(b"PK\x03\x04")
            if trouble := _no_csv(start, packed):
                raise InputError(f"{file}: {trouble}")
            yield _open_member(file, stream, stem, stack) if packed else stream
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError) as error:
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
    file: Path, stream: typing.BinaryIO, stem: str, stack: contextlib.ExitStack, depth: int = 1
) -> typing.BinaryIO:
    """Open `stem`.csv, or the one csv, of a zip; zips of it in the zip are looked into, too."""
    archive = stack.enter_context(zipfile.ZipFile(stream))
    members = [(PurePosixPath(m.filename.replace("\\", "/")), m) for m in archive.infolist()]
    members = [(p, m) for p, m in members if not m.is_dir() and p.name]
    # macOS puts hidden files into every zip.
    members = [(p, m) for p, m in members if p.name[0] != "." and "__MACOSX" not in p.parts]
    ours = [(p, m) for p, m in members if _plain(p.name) in (stem.lower(), WHOLE)]
    tables = [(p, m) for p, m in members if p.suffix.lower() == ".csv"]
    wanted = [(p, m) for p, m in ours if p.suffix.lower() == ".csv"]
    wanted = wanted or [(p, m) for p, m in ours if p.suffix.lower() == ".zip"]
    others = {_plain(p.name) for p, _ in members} & {*STEMS}
    if not wanted and (others or _plain(file.name) != stem.lower() != "training"):
        raise Absent(f"{file}: this zip holds neither {stem}.csv nor {stem}.zip; add one")
    wanted = wanted or tables
    if len(wanted) != 1:
        names = ", ".join(m.filename for _, m in wanted[:4]) or "none"
        raise InputError(
            f"{file}: this zip must hold exactly one csv file, but it holds {len(wanted)} ({names})"
        )
    path, member = wanted[0]
    if trouble := _unusable(path, member):
        raise InputError(f"{file}: this zip {trouble}; unpack it yourself first")
    if path.suffix.lower() != ".zip":
        return typing.cast(typing.BinaryIO, stack.enter_context(archive.open(member)))
    if depth == _DEEPEST:
        raise InputError(f"{file}: zips in zips, {depth} deep; unpack it yourself first")
    return _open_member(file, io.BytesIO(archive.read(member)), stem, stack, depth + 1)


def _unusable(path: PurePosixPath, member: zipfile.ZipInfo) -> str:
    """Why a member of a zip is not opened; else nothing."""
    if member.flag_bits & 1:
        return "is locked with a password"
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return f"holds {_shown(member.filename.encode())}, a path out of its folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return f"holds {_shown(path.name.encode())} as a link, not as a file"
    if member.file_size > _MOST_UNPACKED:
        return f"has {member.file_size / 2**30:.1f} GB in one file, more than 1 GB"
    return ""


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

    arrays = files.kept("training", CACHE_VERSION, both, read)
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

    arrays = files.kept("test", CACHE_VERSION, [file], read)
    images, ids = arrays["images"], np.array(arrays["ids"])
    points = np.full((len(images), len(faces.KEYPOINTS), 2), np.nan, np.float32)
    return Faces(images, points, ids, np.arange(len(images)), str(file))


def _rows(
    file: Path, stem: str, columns: tuple[str, ...], empty: int = 0
) -> Iterator[tuple[str, list[bytes]]]:
    """Each row of a csv: where it stands, for messages, and its fields in the order of `columns`.

    empty: so many fields at the end of a row may be left out, comma and all. A line says how far it
    is once reading takes more than two seconds.
    """
    count, start, line = 0, time.monotonic(), None
    with open_csv(file, stem) as stream:
        lines = _lines(file, io.BufferedReader(stream, 1 << 20))  # type: ignore[type-var]
        order = _column_order(file, next(lines, (1, b""))[1], columns)
        for number, text in lines:
            where = f"{file}, row {count} (rows count from 0; line {number} of the file)"
            fields = [field.strip(b' "') for field in text.split(b",")]
            lacking = len(columns) - len(fields)
            if lacking < 0 or lacking > empty:
                raise InputError(f"{where}: {len(fields)} fields, but {len(columns)} columns")
            fields += [b""] * lacking
            yield where, [fields[k] for k in order]
            count += 1
            if not count % 64 and time.monotonic() - start > 2:
                line = line or ProgressLine()
                line.update(f"reading {file.name}: {count:,} rows")
    if not count:
        raise InputError(f"{file}: only a header, no rows")
    if line:
        line.done(f"read {file.name}: {count:,} rows in {time.monotonic() - start:.0f} s")


def _lines(file: Path, stream: io.BufferedReader) -> Iterator[tuple[int, bytes]]:
    """Every line that is not empty, with its number from 1."""
    for number, raw in enumerate(iter(lambda: stream.readline(_LONGEST_LINE), b""), 1):
        if len(raw) == _LONGEST_LINE:
            what = f"has more than {_LONGEST_LINE:,} letters; save the file as csv in UTF-8"
            raise InputError(f"{file}, line {number}: {what}")
        if text := raw.rstrip(b"\r\n"):
            yield number, text


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
    """Read IdLookupTable.csv: the file itself, another one beside it, its folder, or a whole zip.

    Raises InputError naming file, row and column.
    """
    file = find_csv(path, Path(TABLE).stem)
    entries: dict[int, tuple[int, int]] = {}
    columns = ("RowId", "ImageId", "FeatureName", "Location")
    for where, (row, image, name, _) in _rows(file, Path(TABLE).stem, columns, empty=1):
        if (coordinate := name.decode(errors="replace")) not in faces.COLUMNS:
            what = f"none of the 30 coordinates {faces.COLUMNS[0]} ... {faces.COLUMNS[-1]}"
            raise InputError(f"{where}, column 'FeatureName': {_shown(name)} is {what}")
        number = _whole(row, where, "RowId", 0)
        if number in entries:
            raise InputError(f"{where}, column 'RowId': {number} appears twice")
        entries[number] = _whole(image, where, "ImageId", 0), faces.COLUMNS.index(coordinate)
    return Lookup(np.array(list(entries)), *np.array(list(entries.values())).T)


def asked_for_only(lookup: Lookup, keypoints: Collection[str]) -> np.ndarray:
    """The pictures of which exactly these keypoints are asked, x and y: (k,) ImageId, sorted."""
    images, rows = np.unique(lookup.images, return_inverse=True)
    asked = np.zeros((len(images), len(faces.COLUMNS)), bool)
    asked[rows, lookup.coordinates] = True
    wanted = np.repeat([name in keypoints for name in faces.KEYPOINTS], 2)
    return images[(asked == wanted).all(axis=1)]


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
