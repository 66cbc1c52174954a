"""The competition's files: training.csv and test.csv, plain, zipped or in a zip of zips, checked
field by field and cached; the file that is handed in, in the order of IdLookupTable.csv.
"""

import concurrent.futures
import contextlib
import csv
import dataclasses
import io
import math
import pathlib
import time
import typing
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from fkd_utils import faces, files
from fkd_utils.console import ProgressLine
from fkd_utils.data import cache
from fkd_utils.faces import Faces
from fkd_utils.files import InputError

COMPETITION_ZIP = "facial-keypoints-detection.zip"
_START = 2048  # bytes looked at to tell what kind of file this is
_DAMAGED = "is damaged or was not downloaded completely; download it again"


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
    raise Absent(f"{path}: this folder holds neither {stem}.csv nor {stem}.zip")


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


PIXELS = faces.SIDE**2
_ZERO, _SPACE = np.uint8(ord("0")), np.uint8(ord(" "))


def parse_pixels(texts: list[bytes]) -> np.ndarray | None:
    """Parse rows of PIXELS whole numbers from 0 to 255 with one space between two numbers.

    Returns (len(texts), PIXELS) uint8, or None when any row is written in another way; `parse_row`
    then tells whether that row is wrong or only spaced unusually. The work is done by numpy on
    the bytes: no Python object is made for a pixel. Blocks of about 64 rows fit the CPU's cache.
    """
    text = np.frombuffer(b" ".join(texts) + b" ", np.uint8)
    digits = text - _ZERO  # wraps round, so that only digits are below 10
    is_digit = digits < 10
    is_space = text == _SPACE
    if np.count_nonzero(is_digit) + np.count_nonzero(is_space) != len(text):
        return None
    digits *= is_digit
    ends = np.flatnonzero(is_space)  # the space behind each number
    if len(ends) != len(texts) * PIXELS:
        return None
    row_ends = np.cumsum([len(row) + 1 for row in texts]) - 1
    if not np.array_equal(ends[PIXELS - 1 :: PIXELS], row_ends):
        return None
    length = np.diff(ends, prepend=-1) - 1
    if length.min() < 1 or length.max() > 3:
        return None
    values = digits[ends - 1].astype(np.uint16)
    values += digits[ends - 2] * np.uint16(10)  # a one-digit number has a space there, which is 0
    values += digits[ends - 3] * np.uint16(100) * (length == 3)
    if values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(len(texts), PIXELS)


def parse_row(text: bytes) -> np.ndarray:
    """Parse one row in any spacing, slowly.

    Returns (PIXELS,) uint8. Raises InputError saying what is wrong with the row.
    """
    numbers = text.split()
    for index, number in enumerate(numbers):
        where = f"pixel {index} is {shown(number)}"
        if not number.isdigit():
            raise InputError(f"{where}, which is no whole number from 0 to 255")
        if int(number[:20]) > 255:
            raise InputError(f"{where}, but a pixel goes from 0 to 255")
    if len(numbers) != PIXELS:
        side = faces.SIDE
        raise InputError(f"{len(numbers)} pixels, but a picture has {side} x {side} = {PIXELS}")
    return np.array(numbers, dtype=np.int64).astype(np.uint8)


def shown(text: bytes) -> str:
    """A field from a file, short and printable, for a message."""
    shown = text[:24].decode("utf-8", errors="backslashreplace")
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
    return f"'{shown}{'...' if len(text) > 24 else ''}'"


CACHE_VERSION = 1  # raise it when what is stored changes
_BLOCK_ROWS = 64
_AHEAD = 4  # blocks read but not yet parsed, at most
_READ_BYTES = 1 << 22
_MISSING = {b"", b"nan", b"na"}


def read_training(path: Path | str) -> Faces:
    """Read labelled faces from a folder, a .csv or a .zip in the competition's format.

    The 30 coordinate columns and Image may stand in any order; an empty field is an unlabelled
    point. A coordinate must lie from 0 to 96 pixels: the competition's own labels go up to
    95.94. A file groups.csv beside it (header `group`, a whole number a row) says which faces
    belong together; without it each face is its own group (see `sources.load`). The images are
    mapped from the cache.
    Raises InputError naming file, row and column.
    """
    file = find_csv(Path(path), "training")
    groups_file = file.with_name("groups.csv")
    both = [file, groups_file] if groups_file.is_file() else [file]
    name = cache.key("training", CACHE_VERSION, both)
    arrays = cache.load(name)
    if arrays is None:
        images, points = _read(file, "training", (*faces.COLUMNS, "Image"), _coordinates)
        groups = _read_groups(groups_file, len(images)) if len(both) > 1 else _own(len(images))
        points = points.astype(np.float32).reshape(-1, len(faces.KEYPOINTS), 2)
        arrays = cache.store(name, {"images": images, "keypoints": points, "groups": groups})
    images = arrays["images"]
    points, groups = np.array(arrays["keypoints"]), np.array(arrays["groups"])
    return Faces(images, points, _own(len(images)), groups, str(file))


def read_test(path: Path | str) -> Faces:
    """Read the unlabelled faces (columns ImageId, Image) from a folder, a .csv or a .zip.

    All keypoints are NaN; ids are ImageId - 1, which in the competition is the 0-based row.
    Raises InputError naming file, row and column.
    """
    file = find_csv(Path(path), "test")
    name = cache.key("test", CACHE_VERSION, [file])
    arrays = cache.load(name)
    if arrays is None:
        images, numbers = _read(file, "test", ("ImageId", "Image"), _image_id)
        ids = numbers.astype(np.int64).reshape(-1) - 1
        unique, first = np.unique(ids, return_index=True)
        if len(unique) != len(ids):
            row = np.setdiff1d(np.arange(len(ids)), first)[0]
            raise InputError(f"{file}, row {row}, column 'ImageId': {ids[row] + 1} appears twice")
        arrays = cache.store(name, {"images": images, "ids": ids})
    images, ids = arrays["images"], np.array(arrays["ids"])
    points = np.full((len(images), len(faces.KEYPOINTS), 2), np.nan, np.float32)
    return Faces(images, points, ids, _own(len(images)), str(file))


def _own(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64)


def _read(
    file: Path, stem: str, columns: tuple[str, ...], numbers_of: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 96, 96) uint8 and the other fields (n, k) float64, in the order of `columns`."""
    blocks, numbers, texts = [], [], []
    clock = _Clock(file)
    # The pixels of a block are parsed while the next one is unpacked: both leave Python's lock.
    with (
        open_csv(file, stem) as stream,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        lines = _lines(stream)
        order = _column_order(file, next(lines, (1, b""))[1], columns)
        *others, image = order
        try:
            for row, (line, text) in enumerate(lines):
                where = f"{file}, row {row} (rows count from 0; line {line} of the file)"
                fields = [field.strip(b' "') for field in text.split(b",")]
                if len(fields) != len(columns):
                    raise InputError(f"{where}: {len(fields)} fields, but {len(columns)} columns")
                numbers.append(numbers_of([fields[k] for k in others], where))
                texts.append((where, fields[image]))
                if len(texts) == _BLOCK_ROWS:
                    blocks.append(pool.submit(_pixels, texts))
                    texts = []
                    blocks[max(0, len(blocks) - _AHEAD)].result()
                    clock.show(row + 1)
        finally:
            parsed = [block.result() for block in blocks]  # an earlier row's mistake comes first
    if texts:
        parsed.append(_pixels(texts))
    if not parsed:
        raise InputError(f"{file}: only a header, no rows")
    clock.done(len(numbers))
    images = np.concatenate(parsed).reshape(-1, faces.SIDE, faces.SIDE)
    return images, np.array(numbers, dtype=np.float64)


def _lines(stream: typing.BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines with their number from 1, without line ends, byte-order mark and blank lines."""
    rest, number = b"", 0
    while chunk := stream.read(_READ_BYTES):
        if not number:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        *complete, rest = (rest + chunk).split(b"\n")
        for text in complete:
            number += 1
            if text := text.rstrip(b"\r"):
                yield number, text
    if rest := rest.rstrip(b"\r"):
        yield number + 1, rest


def _column_order(file: Path, header: bytes, columns: tuple[str, ...]) -> list[int]:
    """Where each of `columns` stands in the header."""
    names = [name.strip(b' "').decode("utf-8", errors="replace") for name in header.split(b",")]
    expected = f"the columns must be {columns[0]}, ..., {columns[-1]}"
    doubled = [name for name in columns if names.count(name) > 1]
    if doubled:
        raise InputError(f"{file}, header: column '{doubled[0]}' appears twice")
    missing = [name for name in columns if name not in names]
    unknown = [name for name in names if name not in columns]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{file}, header: missing column '{missing[0]}'{more}; {expected}")
    if unknown:
        name = shown(unknown[0].encode())
        raise InputError(f"{file}, header: unknown column {name}; {expected}")
    return [names.index(name) for name in columns]


def _pixels(texts: list[tuple[str, bytes]]) -> np.ndarray:
    """(len(texts), 9216) uint8 of rows given as (where, text)."""
    block = parse_pixels([text for _, text in texts])
    if block is not None:
        return block
    rows = []
    for where, text in texts:
        try:
            rows.append(parse_row(text))
        except InputError as error:
            raise InputError(f"{where}, column 'Image': {error}") from None
    return np.stack(rows)


def _coordinates(fields: list[bytes], where: str) -> list[float]:
    """The 30 coordinates of a row; an empty field is NaN."""
    numbers = []
    for name, field in zip(faces.COLUMNS, fields, strict=True):
        if field.lower() in _MISSING:
            numbers.append(math.nan)
            continue
        value = _number(field)
        if not 0 <= value <= faces.SIDE:
            what = "is no number" if math.isnan(value) else "lies outside the picture (0 to 96)"
            raise InputError(f"{where}, column '{name}': {shown(field)} {what}")
        numbers.append(value)
    for k in range(0, len(numbers), 2):
        if math.isnan(numbers[k]) != math.isnan(numbers[k + 1]):
            empty = k if math.isnan(numbers[k]) else k + 1
            name = faces.COLUMNS[empty]
            raise InputError(f"{where}, column '{name}': empty, but the point's other half is not")
    return numbers


def _image_id(fields: list[bytes], where: str) -> list[int]:
    field = fields[0]
    if not field.isdigit() or not 0 < int(field[:20]) < 1 << 31:
        text = shown(field)
        raise InputError(f"{where}, column 'ImageId': {text} is no whole number from 1 on")
    return [int(field)]


def _number(field: bytes) -> float:
    """NaN when the field is no number; Python's 1_000 is none here."""
    try:
        return math.nan if b"_" in field else float(field)
    except ValueError:
        return math.nan


def _read_groups(file: Path, rows: int) -> np.ndarray:
    """(rows,) int64 from groups.csv."""
    with open_csv(file, "groups") as stream:
        lines = _lines(stream)
        _column_order(file, next(lines, (1, b""))[1], ("group",))
        groups = []
        for row, (line, text) in enumerate(lines):
            try:
                groups.append(np.int64(int(text)))
            except (ValueError, OverflowError):
                where = f"{file}, row {row} (rows count from 0; line {line} of the file)"
                said = shown(text)
                raise InputError(
                    f"{where}, column 'group': {said} is no whole number of 64 bits"
                ) from None
    if len(groups) != rows:
        raise InputError(f"{file}: {len(groups)} rows, but the training file has {rows}")
    return np.array(groups, dtype=np.int64)


class _Clock:
    """Shows a progress line once reading takes more than two seconds."""

    def __init__(self, file: Path) -> None:
        self._start, self._file, self._line = time.monotonic(), file, None

    def show(self, rows: int) -> None:
        if self._line is None and time.monotonic() - self._start > 2:
            self._line = ProgressLine()
        if self._line:
            self._line.update(f"reading {self._file.name}: {rows:,} rows")

    def done(self, rows: int) -> None:
        if self._line:
            seconds = time.monotonic() - self._start
            self._line.done(f"read {self._file.name}: {rows:,} rows in {seconds:.0f} s")


TABLE = "IdLookupTable.csv"
MOST_DIGITS = 18  # of a number that fits into 64 bits, whatever its digits
_COLUMN = {name: k for k, name in enumerate(faces.COLUMNS)}


@dataclasses.dataclass(frozen=True)
class Lookup:
    """What a submission must hold, one entry a line.

    rows, images: (n,) int64, RowId and ImageId; coordinates: (n,) int64, 0..29 in the order of
    faces.COLUMNS.
    """

    rows: np.ndarray
    images: np.ndarray
    coordinates: np.ndarray


def read_lookup(path: pathlib.Path) -> Lookup:
    """Read IdLookupTable.csv: the file itself, its folder, or the competition's whole zip.

    Raises InputError naming file, line and column.
    """
    file, text = _id_text(files.expanded(path))
    try:
        return _lookup(file, csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise InputError(f"{file}: this is no csv file ({error}); download it again") from error


def _lookup(file: pathlib.Path, reader: csv.DictReader) -> Lookup:
    missing = {"RowId", "ImageId", "FeatureName"} - set(reader.fieldnames or ())
    if missing:
        raise InputError(f"{file}, header: column '{min(missing)}' is missing")
    entries = []
    for line in reader:
        where = f"{file}, line {reader.line_num}"
        numbers = [_whole(line[name], name, where) for name in ("RowId", "ImageId")]
        if line["FeatureName"] not in _COLUMN:
            raise InputError(
                f"{where}, column 'FeatureName': {str(line['FeatureName'])[:40]!r} is none of the "
                f"30 coordinates {faces.COLUMNS[0]} ... {faces.COLUMNS[-1]}"
            )
        entries.append((*numbers, _COLUMN[line["FeatureName"]]))
    if not entries:
        raise InputError(f"{file}: only a header, no rows")
    table = np.array(entries, np.int64)
    if len(np.unique(table[:, 0])) != len(table):
        raise InputError(f"{file}, column 'RowId': a number appears twice")
    return Lookup(*table.T)


def _id_text(path: pathlib.Path) -> tuple[pathlib.Path, str]:
    file = path / TABLE if path.is_dir() else path.with_name(TABLE)
    if path.name == TABLE:
        file = path
    archive = path if path.name == COMPETITION_ZIP else None
    if path.is_dir() and not file.exists():
        archive = path / COMPETITION_ZIP
    try:
        if archive is not None and archive.exists():
            file = archive
            with zipfile.ZipFile(archive) as members:
                return archive, members.read(TABLE).decode("utf-8-sig")
        return file, file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(
            f"{file}: there is no such file; a submission needs the competition's {TABLE}"
        ) from error
    except RuntimeError as error:  # zipfile's word for a password, or a packing it does not know
        raise InputError(f"{file}: cannot be read ({error}); unpack it yourself first") from error
    except files.DAMAGED as error:
        raise InputError(f"{file}: cannot be read ({error}); download it again") from error


def _whole(text: str | None, column: str, where: str) -> int:
    if text is None or not text.strip().isdecimal() or len(text.strip()) > MOST_DIGITS:
        shown = text if text is None else text[:40]
        what = f"no whole number of at most {MOST_DIGITS} digits"
        raise InputError(f"{where}, column '{column}': {shown!r} is {what}")
    return int(text)


def locations(lookup: Lookup, images: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The coordinates a submission holds, in the table's order: (n,) float64, pixels, 0 to 96.

    images: (m,) ImageId of each predicted picture; points: (m, 15, 2) pixels. What lies outside
    of the picture is moved to its edge: no label lies there, so it can only be nearer.
    Raises InputError when a picture that the table asks for was not predicted.
    """
    place = {int(number): k for k, number in enumerate(images)}
    absent = sorted(set(lookup.images.tolist()) - place.keys())
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise InputError(
            f"ImageId {absent[0]}{more} of {TABLE} is not in the test file; both must come from "
            "the same competition"
        )
    rows = np.array([place[int(number)] for number in lookup.images])
    flat = np.asarray(points, np.float64).reshape(len(points), -1)
    return np.clip(flat[rows, lookup.coordinates], 0, faces.SIDE)


def write_submission(file: pathlib.Path, lookup: Lookup, values: np.ndarray) -> None:
    """Write RowId,Location; `values` as `locations` gives them."""
    lines = [f"{row},{value:.4f}" for row, value in zip(lookup.rows, values, strict=True)]
    with files.replacing(file) as path:
        path.write_text("\n".join(["RowId,Location", *lines]) + "\n", encoding="utf-8", newline="")
