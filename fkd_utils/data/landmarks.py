"""Landmark files of other data sets: .pts (300-W), .asf (IMM), .tem (webmorph), MUCT's csv.

All become arrays (n_points, 2) float64, pixels, x first, pixel centres at whole numbers from 0.
"""

import collections.abc
import math
import pathlib
import typing

import numpy as np

from fkd_utils import files
from fkd_utils.data import photos
from fkd_utils.files import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
_MOST_DIGITS = 18  # of a count; Python refuses to turn thousands of digits into a number
_FAR = 2.5  # picture sizes from its middle; what is farther away must be in pixels


class Pair(typing.NamedTuple):
    """A picture's file and its points (n, 2) in its pixels."""

    picture: pathlib.Path
    points: np.ndarray


def is_folder(path: str | pathlib.Path) -> bool:
    """Whether this is a folder with .pts or .asf files in it, at any depth."""
    folder = files.expanded(path)
    suffixes = (file.suffix for file in folder.rglob("*")) if folder.is_dir() else ()
    return any(suffix in (".pts", ".asf") for suffix in suffixes)


def read_pts(path: pathlib.Path) -> np.ndarray:
    """The points of a 300-W file: (n, 2) float64 pixels. The file counts pixels from 1.

    Raises InputError for a file that is damaged or is none.
    """
    rows = _rows(path)
    at = next((k for k, (_, text) in enumerate(rows) if text == "{"), None)
    if at is None:
        raise _wrong(path, rows[-1][0], "there is no '{' before the points; is this a .pts file?")
    line, count = None, ""
    for number, text in rows[:at]:
        key, _, value = text.partition(":")
        if key.strip() == "n_points":
            line, count = number, value
    if line is None:
        raise _wrong(path, rows[at][0], "no line 'n_points: ...' before it; restore that line")
    points = _points(path, rows[at + 1 :], _count(path, line, count))
    end = at + 1 + len(points)
    if end == len(rows) or rows[end][1] != "}":
        number = rows[min(end, len(rows) - 1)][0]
        what = f"'}}' expected after {len(points)} points; correct n_points or restore the file"
        raise _wrong(path, number, what)
    return points - 1


def read_asf(path: pathlib.Path, width: int, height: int) -> np.ndarray:
    """The points of an IMM file: (n, 2) float64 pixels of a picture of width x height.

    Rows have 7 or 10 columns; x and y, in parts of the picture, are the third and the fourth.
    The format leaves half a pixel open; here part times width is a pixel centre's number.
    The host picture named at the end is not looked at: it can be wrong (`read_pair`).
    Raises InputError for a file that is damaged or is none.
    """
    rows = [row for row in _rows(path) if not row[1].startswith("#")]
    if not rows:
        raise _wrong(path, 1, "nothing but comments; restore the file")
    count = _count(path, *rows[0])
    points = []  # not an array of `count` rows: the file may only say that there are so many
    for k in range(count):
        number, text = _row(path, rows, k + 1, count)
        fields = text.split()
        if len(fields) not in (7, 10):
            what = f"{len(fields)} columns where point {k} of {count} should have 7 or 10"
            raise _wrong(path, number, f"{what}; restore the file")
        if fields[4] != str(k):
            raise _wrong(path, number, f"point {fields[4]} where {k} is due; put them in order")
        points.append(_numbers(path, number, fields[2:4]))
        if max(abs(part - 0.5) for part in points[k]) > _FAR:
            what = "x and y must be parts of the picture's width and height; divide them by these"
            raise _wrong(path, number, what)
    if len(rows) > count + 2:
        what = f"more than {count} points and a picture's name; correct the number of points"
        raise _wrong(path, rows[count + 2][0], what)
    return np.array(points) * (width, height)


def read_tem(path: pathlib.Path) -> np.ndarray:
    """The points of a webmorph template: (n, 2) float64 pixels.

    Which of them it joins to lines, behind the points, is not looked at. Raises InputError for a
    file that is damaged or is none.
    """
    rows = _rows(path)
    return _points(path, rows[1:], _count(path, *rows[0]))


def picture_of(path: pathlib.Path) -> pathlib.Path:
    """The picture beside a landmark file, with its name. Raises InputError when there is none."""
    for ending in PICTURES:
        for file in (path.with_suffix(ending), path.with_suffix(ending.upper())):
            if file.is_file():
                return file
    raise InputError(
        f"{path}: there is no picture {path.stem}{PICTURES[0]} beside it; put it there"
    )


def read_pair(path: pathlib.Path) -> Pair:
    """A .pts, .asf or .tem file and the picture of the same name beside it.

    Raises InputError for a damaged file, a missing picture, an ending it does not know.
    """
    if path.suffix.lower() not in (".pts", ".asf", ".tem"):
        raise InputError(f"{path}: landmarks are read from .pts, .asf and .tem; name such a file")
    picture = picture_of(path)
    if path.suffix.lower() == ".asf":
        height, width = photos.read(picture).shape[:2]
        return Pair(picture, read_asf(path, width, height))
    return Pair(picture, read_pts(path) if path.suffix.lower() == ".pts" else read_tem(path))


def read_pairs(paths: collections.abc.Iterable[pathlib.Path]) -> tuple[list[Pair], list[str]]:
    """`read_pair` of many files: those that can be read, and a message for each other."""
    pairs, broken = [], []
    for path in paths:
        try:
            pairs.append(read_pair(path))
        except InputError as error:
            broken.append(str(error))
    return pairs, broken


def _wrong(path: pathlib.Path, line: int, what: str) -> InputError:
    return InputError(f"{path}, line {line}: {what}")


def _rows(path: pathlib.Path) -> list[tuple[int, str]]:
    """(number from 1, text) of every line that is not blank."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")  # a host's name may be in latin-1
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    rows = [(k, line.strip()) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows:
        raise _wrong(path, 1, "this file is empty; restore it")
    return rows


def _row(path: pathlib.Path, rows: list[tuple[int, str]], at: int, due: int) -> tuple[int, str]:
    if at >= len(rows):
        what = f"the file ends after {len(rows) - 1} of {due} rows; restore the file"
        raise _wrong(path, rows[-1][0], what)
    return rows[at]


def _count(path: pathlib.Path, line: int, text: str) -> int:
    text = text.strip()
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < 1:
        what = f"a number of points expected, not {text[:40]!r}; restore it"
        raise _wrong(path, line, what)
    return int(text)


def _points(path: pathlib.Path, rows: list[tuple[int, str]], count: int) -> np.ndarray:
    """The first `count` rows as (count, 2) float64: two numbers in each."""
    points, rows = [], [(rows[0][0] if rows else 1, ""), *rows]
    for k in range(count):
        number, text = _row(path, rows, k + 1, count)
        fields = text.split()
        if len(fields) != 2:
            what = f"x and y of point {k} of {count} expected, not {text[:40]!r}"
            raise _wrong(path, number, f"{what}; restore the file")
        points.append(_numbers(path, number, fields))
    return np.array(points)


def _numbers(path: pathlib.Path, line: int, fields: list[str]) -> list[float]:
    try:
        values = [float(field) for field in fields]
    except ValueError as error:
        raise _wrong(path, line, f"not a number: {error}; correct it") from error
    if not all(map(math.isfinite, values)):
        raise _wrong(path, line, "a coordinate is not finite; correct it")
    return values
