"""From the word after --data to faces: "open", "kaggle" or the path of a folder."""

import contextlib
import dataclasses
from pathlib import Path

import numpy as np

from fkd_utils import console, files
from fkd_utils.data import duplicates, kaggle, open_set
from fkd_utils.faces import Faces
from fkd_utils.files import InputError

KAGGLE = files.REPO / "data" / "kaggle"

_UNPACKED = 5  # changes with the set, and with how its files are written
_COPIES_VERSION = 1  # raise it when `duplicates` finds other pairs

_GET_KAGGLE = (
    f"the competition's files are not in {KAGGLE}. They may not be passed on, so fetch them with "
    "your own account: accept the rules at "
    "https://www.kaggle.com/c/facial-keypoints-detection/data, press 'Download All' and put "
    f"{kaggle.COMPETITION_ZIP} (or training.zip and test.zip) into that folder; "
    "or work with --data open"
)


def read(data: str = "open") -> Faces:
    """The training faces of a data source.

    data: "open" (comes with the course), "kaggle" (data/kaggle) or the path of a folder, a .csv or
    a .zip in the competition's format. Where no groups.csv says which faces belong together,
    copies of a picture do. Raises InputError when the source is absent or its files are wrong.
    """
    if data == "open":
        return open_set.read_training()
    path = place(data)
    faces = kaggle.read_training(path)
    if not kaggle.find_csv(path, "training").with_name("groups.csv").is_file():
        faces = dataclasses.replace(faces, groups=_groups_of_copies(path, faces.images))
    return dataclasses.replace(faces, name=str(data))


def read_test(data: str = "open") -> Faces:
    """The unlabelled test faces of a data source; `data` as for `read`."""
    if data == "open":
        return open_set.read_test()
    return dataclasses.replace(kaggle.read_test(place(data)), name=str(data))


def refuse_own(data: str, path: Path) -> None:
    """Raise InputError where `path`, to be written, is one of a source's files or their folder."""
    found = [open_set.FOLDER / "training.csv"] if data == "open" else []
    for stem in ("training", "test", Path(kaggle.TABLE).stem):
        with contextlib.suppress(kaggle.Absent):
            found.append(kaggle.find_csv(place(data), stem))
    places = {one for file in found for one in (file, file.parent)}
    if path.exists() and any(path.samefile(one) for one in places):
        raise InputError(f"{path}: the faces come from there; name another place")


def describe(data: str = "open") -> str:
    """One line for a reader: what the source is and where its files lie."""
    if data == "open":
        return f"open: faces morphed from the embedded CC BY photographs, in {open_set.FOLDER}"
    if data == "kaggle":
        return f"kaggle: the competition's own files, in {KAGGLE}"
    return f"files in the competition's format, in {data}"


def counts_from_edge(data: str) -> bool:
    """Whether labels are taken to count from the picture's edge, not the first pixel's centre.

    Those of the embedded faces do not. Kaggle's, and sets made like it, seem to (chapter 18a).
    """
    return data != "open"


def place(data: str) -> Path:
    """The folder (or file) with a source's files in the competition's format."""
    if data == "open":
        return files.filled(f"open-{_UNPACKED}", _write_open, "about 100 MB")
    if data == "kaggle":
        try:
            kaggle.find_csv(KAGGLE, "training")
        except kaggle.Absent as error:
            raise kaggle.Absent(_GET_KAGGLE) from error
        return KAGGLE
    path = files.expanded(data)
    if not path.exists():
        raise InputError(
            f"{path}: there is no such folder or file; give 'open', 'kaggle' or an existing path"
        )
    return path


def _write_open(folder: Path) -> None:
    with console.working("writing the faces of 'open' in the competition's format, once"):
        open_set.unpack(folder)


def _groups_of_copies(path: Path, images: np.ndarray) -> np.ndarray:
    """(n,) int64: rows whose pictures are copies have the same number; found once, then cached."""

    def find() -> dict[str, np.ndarray]:
        return {"groups": duplicates.groups(len(images), duplicates.find(images))}

    file = kaggle.find_csv(path, "training")
    return np.array(files.kept("copies", _COPIES_VERSION, [file], find)["groups"])
