"""The set `open` as it is shipped: pictures in contact sheets, labels as in the Kaggle set.

data/open holds what the competition's archive holds, but for the pictures: training.jpg and
test.jpg show them in rows of COLUMNS. What a sheet decodes to is the set, on every machine: grey
JPEG leaves a decoder no choice. How the faces were made is in studies/open_faces.
"""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image

from fkd_utils import faces, files
from fkd_utils.faces import Faces
from fkd_utils.files import InputError

FOLDER = files.REPO / "data" / "open"
COLUMNS = 64  # faces side by side on a sheet
TABLES = ("groups.csv", "planted.csv", "test_keypoints.csv", "IdLookupTable.csv")
_RESTORE = "restore it with `git checkout -- data`"


def read_training() -> Faces:
    """The training faces. Raises InputError where a file of the set is absent or damaged."""
    table, groups = _table("training.csv"), _table("groups.csv")
    images, points = _sheet("training.jpg", len(table)), table.reshape(-1, 15, 2)
    if len(groups) != len(table):
        raise InputError(f"{FOLDER / 'groups.csv'}: not a line for each face; {_RESTORE}")
    return Faces(
        images,
        points.astype(np.float32),
        np.arange(len(table)),
        groups[:, 0].astype(np.int64),
        "open",
    )


def read_test() -> Faces:
    """The test faces without their answers; ids count from 0, one less than ImageId."""
    numbers = _table("test_keypoints.csv")[:, 0].astype(np.int64)
    points = np.full((len(numbers), len(faces.KEYPOINTS), 2), np.nan, np.float32)
    images = _sheet("test.jpg", len(numbers))
    return Faces(images, points, numbers - 1, np.arange(len(numbers)), "open")


def unpack(folder: Path) -> None:
    """Write the set in the competition's own format, for who wants its files: a few seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    training, test = read_training(), read_test()
    header, *labels = (FOLDER / "training.csv").read_text("ascii").splitlines()
    _zip(folder / "training.zip", f"{header},Image", labels, training.images)
    _zip(folder / "test.zip", "ImageId,Image", [str(i + 1) for i in test.ids], test.images)
    for name in TABLES:
        shutil.copyfile(FOLDER / name, folder / name)


def cut(picture: np.ndarray, count: int) -> np.ndarray:
    """The first `count` pictures of a sheet: (count, 96, 96) uint8."""
    rows = len(picture) // faces.SIDE
    grid = picture.reshape(rows, faces.SIDE, COLUMNS, faces.SIDE).swapaxes(1, 2)
    return np.ascontiguousarray(grid.reshape(-1, faces.SIDE, faces.SIDE)[:count])


def _sheet(name: str, count: int) -> np.ndarray:
    """The `count` pictures of a sheet in FOLDER."""
    path = FOLDER / name
    size = COLUMNS * faces.SIDE, -(-count // COLUMNS) * faces.SIDE
    try:
        with PIL.Image.open(path, formats=("JPEG",)) as picture:
            if (picture.size, picture.mode) != (size, "L"):
                raise InputError(f"{path}: not a grey sheet of {count:,} faces; {_RESTORE}")
            return cut(np.asarray(picture), count)
    except (OSError, SyntaxError) as error:  # Pillow's words for a damaged file
        raise InputError(f"{path}: damaged; {_RESTORE}") from error


def _table(name: str) -> np.ndarray:
    """The numbers of a csv in FOLDER, (n, columns) float64; NaN for an empty field."""
    path = FOLDER / name
    try:
        return files.read_table(path).to_numpy(np.float64)
    except files.DAMAGED as error:
        raise InputError(f"{path}: absent or damaged; {_RESTORE}") from error


def _zip(path: Path, header: str, labels: list[str], images: np.ndarray) -> None:
    """Write a zip with one csv: what stands before the pictures of each row, then the pictures."""
    grey = [str(value).encode() for value in range(256)]
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(f"{path.stem}.csv", "w", force_zip64=True) as file,
    ):
        file.write(header.encode() + b"\n")
        for before, image in zip(labels, images, strict=True):
            text = b" ".join([grey[value] for value in image.ravel().tolist()])
            file.write(before.encode() + b"," + text + b"\n")
