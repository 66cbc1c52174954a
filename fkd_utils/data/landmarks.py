"""Landmark files of other data sets: .pts (300-W), .asf (IMM), .tem (webmorph).

All become arrays (n_points, 2) float64, pixels, x first, pixel centres at whole numbers from 0.
They count the pixels as the picture's file stores them; so these pictures are read without the
turn that a camera may have noted (EXIF).
"""

import collections.abc
import pathlib
import typing

import numpy as np

from fkd_utils import files
from fkd_utils.data import photos
from fkd_utils.files import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")
_FAR = 1.5  # picture sizes from its middle; no label of a face lies farther away

_Lines = list[tuple[int, str]]  # of a file: number from 1, text without spaces around it


class Pair(typing.NamedTuple):
    """A picture's file, its points (n, 2) in its pixels, and the picture, (h, w) uint8."""

    picture: pathlib.Path
    points: np.ndarray
    grey: np.ndarray


def find(path: str | pathlib.Path, *endings: str) -> list[pathlib.Path]:
    """The files with these endings (".pts"), in any capitals, at any depth of a folder, sorted.

    None where there is no such folder. Hidden files do not count: macOS makes some of every name.
    """
    folder = files.expanded(path)
    every = folder.rglob("*") if folder.is_dir() else ()
    return sorted(
        file for file in every if file.suffix.lower() in endings and not file.name.startswith(".")
    )


def read_pts(path: pathlib.Path) -> np.ndarray:
    """The points of a 300-W file: (n, 2) float64 pixels. The file counts pixels from 1.

    Raises InputError for a file that is damaged or is none.
    """
    lines = _lines(path)
    at = next((k for k, (_, text) in enumerate(lines) if text == "{"), len(lines))
    count = [(n, text[9:]) for n, text in lines[:at] if text.startswith("n_points:")]
    if at == len(lines) or not count:
        what = "no line 'n_points: ...' and points in braces behind it; is this a .pts file?"
        raise _wrong(path, lines[at - 1][0], what)
    points = _table(path, lines[at + 1 :], _count(path, *count[-1]), (2,))
    end = lines[at + 1 + len(points) :][:1] or lines[-1:]
    if end[0][1] != "}":
        what = f"'}}' expected after {len(points)} points; correct n_points or restore the file"
        raise _wrong(path, end[0][0], what)
    return points - 1


def read_asf(path: pathlib.Path, width: int, height: int) -> np.ndarray:
    """The points of an IMM file: (n, 2) float64 pixels of a picture of width x height.

    Rows have 7 or 10 columns; x and y, in parts of the picture, are the third and the fourth.
    The format leaves half a pixel open; here part times width is a pixel centre's number.
    The host picture named at the end is not looked at: it can be wrong (`read_pair`).
    Raises InputError for a file that is damaged or is none.
    """
    lines = [line for line in _lines(path) if not line[1].startswith("#")] or [(1, "")]
    count = _count(path, *lines[0])
    table = _table(path, lines[1:], count, (7, 10))
    far = far_outside(table[:, 2:4], 1, 1)
    for wrong, what in (
        (table[:, 4] != np.arange(count), "not the point that is due; put them in order"),
        (far, "x and y must be parts of the picture's width and height; divide them by these"),
    ):
        if wrong.any():
            raise _wrong(path, lines[1 + wrong.argmax()][0], what)
    if len(lines) > count + 2:
        what = f"more than {count} points and a picture's name; correct the number of points"
        raise _wrong(path, lines[count + 2][0], what)
    return table[:, 2:4] * (width, height)


def read_tem(path: pathlib.Path) -> np.ndarray:
    """The points of a webmorph template: (n, 2) float64 pixels.

    Which of them it joins to lines, behind the points, is not looked at. Raises InputError for a
    file that is damaged or is none.
    """
    lines = _lines(path)
    return _table(path, lines[1:], _count(path, *lines[0]), (2,))


def far_outside(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """(n,) bool: points (n, 2) farther outside a picture of this size than it is wide or high."""
    return (np.abs(points / (width, height) - 0.5) > _FAR).any(axis=-1)


def picture_of(path: pathlib.Path) -> pathlib.Path:
    """The picture beside a landmark file, with its name. Raises InputError when there is none."""
    for ending in PICTURES:
        for file in (path.with_suffix(ending), path.with_suffix(ending.upper())):
            if file.is_file():
                return file
    for file in path.parent.iterdir() if path.parent.is_dir() else ():
        if file.stem == path.stem and file.suffix.lower() in PICTURES:  # such as .Jpg
            return file
    raise InputError(
        f"{path}: there is no picture {path.stem}{PICTURES[0]} beside it; put it there"
    )


def read_pair(path: pathlib.Path) -> Pair:
    """A .pts, .asf or .tem file and the picture of the same name beside it.

    Raises InputError for a damaged file, a missing or broken picture, an ending it does not know,
    and a point far outside its picture.
    """
    if path.suffix.lower() not in (".pts", ".asf", ".tem"):
        raise InputError(f"{path}: landmarks are read from .pts, .asf and .tem; name such a file")
    picture = picture_of(path)
    grey = photos.to_grey(photos.read(picture, turned=False))
    height, width = grey.shape
    if path.suffix.lower() == ".asf":
        points = read_asf(path, width, height)
    else:
        points = read_pts(path) if path.suffix.lower() == ".pts" else read_tem(path)
    far = far_outside(points, width, height)
    if far.any():
        x, y = points[far.argmax()]
        raise InputError(
            f"{path}: point {far.argmax() + 1} lies at ({x:g}, {y:g}), far outside its picture of "
            f"{width} x {height} pixels; correct it"
        )
    return Pair(picture, points, grey)


def read_pairs(paths: collections.abc.Iterable[pathlib.Path]) -> tuple[list[Pair], list[str]]:
    """`read_pair` of many files: those that can be read, and a message for each other."""
    pairs, broken = [], []
    for path in paths:
        try:
            pairs.append(read_pair(path))
        except InputError as error:
            broken.append(str(error))
    return pairs, broken


def without_points(path: str | pathlib.Path, ending: str) -> list[str]:
    """A line about the pictures of a folder that have no landmark file (".pts") of their name.

    Empty where all have one, or there are none.
    """
    labelled = {file.with_suffix("") for file in find(path, ending)}
    alone = [file for file in find(path, *PICTURES) if file.with_suffix("") not in labelled]
    if not alone:
        return []
    some = f"{len(alone)} pictures have" if len(alone) > 1 else "a picture has"
    return [f"{alone[0]}: {some} no {ending} file of the same name; left out"]


def _wrong(path: pathlib.Path, line: int, what: str) -> InputError:
    return InputError(f"{path}, line {line}: {what}")


def _lines(path: pathlib.Path) -> _Lines:
    """Every line of a file that is not blank."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")  # a host's name may be in latin-1
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    lines = [(k, line.strip()) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise _wrong(path, 1, "this file is empty; restore it")
    return lines


def _count(path: pathlib.Path, line: int, text: str) -> int:
    text = text.strip()
    # Not more digits: Python refuses to turn thousands of them into a number.
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise _wrong(path, line, f"a number of points expected, not {text[:40]!r}; restore it")
    return int(text)


def _table(path: pathlib.Path, lines: _Lines, count: int, widths: tuple[int, ...]) -> np.ndarray:
    """The numbers of the first `count` lines: (count, k) float64, k one of `widths`."""
    rows = []
    for line, text in lines[:count]:
        try:
            row = [float(field) for field in text.split()]
        except ValueError as error:
            raise _wrong(path, line, f"not a number: {error}; correct it") from error
        if len(row) not in widths or len(row) != len((rows or [row])[0]):
            due = " or ".join(map(str, widths))
            raise _wrong(path, line, f"{due} numbers expected, not {text[:40]!r}; restore the file")
        if not np.isfinite(row).all():
            raise _wrong(path, line, "a number is not finite; correct it")
        rows.append(row)
    if len(rows) < count:
        what = f"the file ends after {len(rows)} of {count} points; restore the file"
        raise _wrong(path, lines[-1][0] if lines else 1, what)
    return np.array(rows)
