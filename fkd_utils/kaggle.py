"""Reads the competition's training.csv and test.csv, checks every field, keeps them cached."""

import concurrent.futures
import math
import time
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from fkd_utils import cache, csvsource, keypoints, pixeltext
from fkd_utils.errors import InputError
from fkd_utils.faces import Faces
from fkd_utils.progress import ProgressLine

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
    file = csvsource.find(Path(path), "training")
    groups_file = file.with_name("groups.csv")
    files = [file, groups_file] if groups_file.is_file() else [file]
    name = cache.key("training", CACHE_VERSION, files)
    arrays = cache.load(name)
    if arrays is None:
        images, points = _read(file, "training", (*keypoints.COLUMNS, "Image"), _coordinates)
        groups = _read_groups(groups_file, len(images)) if len(files) > 1 else _own(len(images))
        points = points.astype(np.float32).reshape(-1, len(keypoints.KEYPOINTS), 2)
        arrays = cache.store(name, {"images": images, "keypoints": points, "groups": groups})
    images = arrays["images"]
    points, groups = np.array(arrays["keypoints"]), np.array(arrays["groups"])
    return Faces(images, points, _own(len(images)), groups, str(file))


def read_test(path: Path | str) -> Faces:
    """Read the unlabelled faces (columns ImageId, Image) from a folder, a .csv or a .zip.

    All keypoints are NaN; ids are ImageId - 1, which in the competition is the 0-based row.
    Raises InputError naming file, row and column.
    """
    file = csvsource.find(Path(path), "test")
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
    points = np.full((len(images), len(keypoints.KEYPOINTS), 2), np.nan, np.float32)
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
        csvsource.open_bytes(file, stem) as stream,
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
    images = np.concatenate(parsed).reshape(-1, keypoints.SIDE, keypoints.SIDE)
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
        name = pixeltext.show(unknown[0].encode())
        raise InputError(f"{file}, header: unknown column {name}; {expected}")
    return [names.index(name) for name in columns]


def _pixels(texts: list[tuple[str, bytes]]) -> np.ndarray:
    """(len(texts), 9216) uint8 of rows given as (where, text)."""
    block = pixeltext.parse([text for _, text in texts])
    if block is not None:
        return block
    rows = []
    for where, text in texts:
        try:
            rows.append(pixeltext.parse_one(text))
        except InputError as error:
            raise InputError(f"{where}, column 'Image': {error}") from None
    return np.stack(rows)


def _coordinates(fields: list[bytes], where: str) -> list[float]:
    """The 30 coordinates of a row; an empty field is NaN."""
    numbers = []
    for name, field in zip(keypoints.COLUMNS, fields, strict=True):
        if field.lower() in _MISSING:
            numbers.append(math.nan)
            continue
        value = _number(field)
        if not 0 <= value <= keypoints.SIDE:
            what = "is no number" if math.isnan(value) else "lies outside the picture (0 to 96)"
            raise InputError(f"{where}, column '{name}': {pixeltext.show(field)} {what}")
        numbers.append(value)
    for k in range(0, len(numbers), 2):
        if math.isnan(numbers[k]) != math.isnan(numbers[k + 1]):
            empty = k if math.isnan(numbers[k]) else k + 1
            name = keypoints.COLUMNS[empty]
            raise InputError(f"{where}, column '{name}': empty, but the point's other half is not")
    return numbers


def _image_id(fields: list[bytes], where: str) -> list[int]:
    field = fields[0]
    if not field.isdigit() or not 0 < int(field[:20]) < 1 << 31:
        shown = pixeltext.show(field)
        raise InputError(f"{where}, column 'ImageId': {shown} is no whole number from 1 on")
    return [int(field)]


def _number(field: bytes) -> float:
    """NaN when the field is no number; Python's 1_000 is none here."""
    try:
        return math.nan if b"_" in field else float(field)
    except ValueError:
        return math.nan


def _read_groups(file: Path, rows: int) -> np.ndarray:
    """(rows,) int64 from groups.csv."""
    with csvsource.open_bytes(file, "groups") as stream:
        lines = _lines(stream)
        _column_order(file, next(lines, (1, b""))[1], ("group",))
        groups = []
        for row, (line, text) in enumerate(lines):
            try:
                groups.append(np.int64(int(text)))
            except (ValueError, OverflowError):
                where = f"{file}, row {row} (rows count from 0; line {line} of the file)"
                shown = pixeltext.show(text)
                raise InputError(
                    f"{where}, column 'group': {shown} is no whole number of 64 bits"
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
