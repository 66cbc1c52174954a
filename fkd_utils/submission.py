"""Kaggle's submission file: one coordinate a line, in the order that IdLookupTable.csv asks for."""

import csv
import dataclasses
import io
import pathlib
import zipfile

import numpy as np

from fkd_utils import csvsource, files, keypoints, places
from fkd_utils.errors import InputError

TABLE = "IdLookupTable.csv"
MOST_DIGITS = 18  # of a number that fits into 64 bits, whatever its digits
_COLUMN = {name: k for k, name in enumerate(keypoints.COLUMNS)}


@dataclasses.dataclass(frozen=True)
class Lookup:
    """What a submission must hold, one entry a line.

    rows, images: (n,) int64, RowId and ImageId; coordinates: (n,) int64, 0..29 in the order of
    keypoints.COLUMNS.
    """

    rows: np.ndarray
    images: np.ndarray
    coordinates: np.ndarray


def read_lookup(path: pathlib.Path) -> Lookup:
    """Read IdLookupTable.csv: the file itself, its folder, or the competition's whole zip.

    Raises InputError naming file, line and column.
    """
    file, text = _text(places.expanded(path))
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
                f"30 coordinates {keypoints.COLUMNS[0]} ... {keypoints.COLUMNS[-1]}"
            )
        entries.append((*numbers, _COLUMN[line["FeatureName"]]))
    if not entries:
        raise InputError(f"{file}: only a header, no rows")
    table = np.array(entries, np.int64)
    if len(np.unique(table[:, 0])) != len(table):
        raise InputError(f"{file}, column 'RowId': a number appears twice")
    return Lookup(*table.T)


def _text(path: pathlib.Path) -> tuple[pathlib.Path, str]:
    file = path / TABLE if path.is_dir() else path.with_name(TABLE)
    if path.name == TABLE:
        file = path
    archive = path if path.name == csvsource.COMPETITION_ZIP else None
    if path.is_dir() and not file.exists():
        archive = path / csvsource.COMPETITION_ZIP
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
    return np.clip(flat[rows, lookup.coordinates], 0, keypoints.SIDE)


def write(file: pathlib.Path, lookup: Lookup, values: np.ndarray) -> None:
    """Write RowId,Location; `values` as `locations` gives them."""
    lines = [f"{row},{value:.4f}" for row, value in zip(lookup.rows, values, strict=True)]
    with files.replacing(file) as path:
        path.write_text("\n".join(["RowId,Location", *lines]) + "\n", encoding="utf-8", newline="")
