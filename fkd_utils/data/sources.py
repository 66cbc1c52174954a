"""From the word after --data to faces: "open", "kaggle" or the path of a folder."""

import contextlib
import dataclasses
import multiprocessing
import shutil
import time
from pathlib import Path

import numpy as np

from fkd_utils import files
from fkd_utils.console import ProgressLine
from fkd_utils.data import cache, duplicates, kaggle
from fkd_utils.data.open_faces import build
from fkd_utils.faces import Faces
from fkd_utils.files import InputError

KAGGLE = files.REPO / "data" / "kaggle"

_MOVE = "free some space, or set the variable FKD_CACHE to a folder on another disk"
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

    data: "open" (built on first use, which takes about a minute), "kaggle" (data/kaggle) or the
    path of a folder, a .csv or a .zip in the competition's format. Where no groups.csv says which
    faces belong together, copies of a picture do. Raises InputError when the source is absent or
    its files are wrong.
    """
    path = place(data)
    faces = kaggle.read_training(path)
    if not kaggle.find_csv(path, "training").with_name("groups.csv").is_file():
        faces = dataclasses.replace(faces, groups=_groups_of_copies(path, faces.images))
    return dataclasses.replace(faces, name=str(data))


def read_test(data: str = "open") -> Faces:
    """The unlabelled test faces of a data source; `data` as for `read`."""
    return dataclasses.replace(kaggle.read_test(place(data)), name=str(data))


def holds(data: str, path: Path) -> bool:
    """Whether `path` is one of a source's files, or the folder of one: not to be written over."""
    found = []
    for stem in ("training", "test", Path(kaggle.TABLE).stem):
        with contextlib.suppress(kaggle.Absent):
            found.append(kaggle.find_csv(place(data), stem))
    places = {one for file in found for one in (file, file.parent)}
    return path.exists() and any(path.samefile(one) for one in places)


def describe(data: str = "open") -> str:
    """One line for a reader: what the source is and where its files lie."""
    if data == "open":
        return f"open: faces morphed from the embedded CC BY photographs, in {open_folder()}"
    if data == "kaggle":
        return f"kaggle: the competition's own files, in {KAGGLE}"
    return f"files in the competition's format, in {data}"


def counts_from_edge(data: str) -> bool:
    """Whether labels are taken to count from the picture's edge, not the first pixel's centre.

    Those of the embedded faces do not. Kaggle's, and sets made like it, seem to (chapter 18).
    """
    return data != "open"


def place(data: str) -> Path:
    """The folder (or file) that holds a source's files; "open" is built when it is absent."""
    if data == "open":
        return _build_open()
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


def open_folder() -> Path:
    """Where the built files of "open" lie once they exist."""
    return cache.root() / f"open-{build.VERSION}"


def _build_open() -> Path:
    """Build "open" unless it is there; of several processes one builds and the others wait."""
    folder, start = open_folder(), time.monotonic()
    if files.is_sealed(folder):
        return folder
    _refuse_helpers()
    waited = ProgressLine()

    def say(seconds: float) -> None:
        waited.update(f"another process builds the data set 'open'; waiting for {seconds:.0f} s")

    try:
        with files.locked(folder.with_suffix(".lock"), _MOVE, say):
            if files.is_sealed(folder):
                waited.done("the data set 'open' is there")
                return folder
            files.discard(folder)  # emptied, or cut
            for left in folder.parent.glob(f".{folder.name}.*"):
                shutil.rmtree(left, ignore_errors=True)  # of a build that was killed
            line, title = ProgressLine(), "building the faces of 'open', once"
            build.build(folder, lambda done, all_: line.update(f"{title}: {done:,} of {all_:,}"))
            files.seal(folder)
            line.done(f"built the faces of 'open' in {time.monotonic() - start:.0f} s")
    except OSError as error:
        raise InputError(
            f"{folder.parent}: cannot build the data set 'open' there, which needs about 100 MB: "
            f"{error.strerror or error}; {_MOVE}"
        ) from error
    return folder


def _groups_of_copies(path: Path, images: np.ndarray) -> np.ndarray:
    """(n,) int64: rows whose pictures are copies have the same number; found once, then cached."""

    def find() -> dict[str, np.ndarray]:
        return {"groups": duplicates.groups(len(images), duplicates.find(images))}

    file = kaggle.find_csv(path, "training")
    return np.array(cache.kept("copies", _COPIES_VERSION, [file], find)["groups"])


def _refuse_helpers() -> None:
    """Raise InputError in a helper process.

    A script without a __main__ guard is run again by each helper that the build starts, and would
    wait here for ever for the build to end.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # as multiprocessing asks
        raise InputError(
            "the data set 'open' is asked for while it is being built: put your script's code "
            'under `if __name__ == "__main__":`, or run `python -m fkd_utils data info` first'
        )
