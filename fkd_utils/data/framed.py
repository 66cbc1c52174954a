"""The pictures of chapters 15a and 15b: 240 x 180, with as many points as their set has.

DENSE's are IMM's photographs, of 58 points; the embedded ones have 189.
"""

import pathlib
import typing

import cv2
import numpy as np

from fkd_utils import faces, files
from fkd_utils.data import landmarks, photographs, photos, splits
from fkd_utils.files import InputError

WIDTH, HEIGHT = 240, 180  # pixels
# The rows of an annotation whose mean is the tip of the nose; it depends on who set the points.
TIP = {189: faces.FROM_189["nose_tip"], 58: (52,), 73: (45,)}
_FRAME_WIDTH, _FRAME_HEIGHT, _EDGE = 368, 276, 64  # pixels of an embedded photograph


class Framed(typing.NamedTuple):
    """source: "open" or a folder's name. pictures: (n, 180, 240) uint8. points: (n, m, 2) float64,
    pixels. people: (n,) str; pictures of one person must stay on one side of a split.
    """

    source: str
    pictures: np.ndarray
    points: np.ndarray
    people: np.ndarray

    @property
    def tip(self) -> np.ndarray:
        """The tip of the nose: (n, 2), pixels."""
        return self.points[:, list(TIP[self.points.shape[1]])].mean(axis=1)


def load(data: str) -> tuple[Framed, list[str]]:
    """The pictures of a folder with IMM's .asf files at any depth, else the embedded photographs.

    Of a folder those with as many points as most; who is on them, the first part of a name says.
    Each embedded photograph is cut by a frame of its own, moved by up to 24 pixels to a side and 18
    up or down; what lies outside is mirrored. Returns them, and a message for each file that is
    left out. Raises InputError where the nose tip of the folder's points is not known.
    """
    paths = landmarks.find(data, ".asf")
    alone = landmarks.without_points(data, ".asf")
    if not paths:
        return _stacked("open", _embedded(), photographs.names()), alone
    folder = files.expanded(data).resolve()
    pairs, broken = landmarks.read_pairs(paths)
    counts = [len(pair.points) for pair in pairs]
    most = max(set(counts), key=counts.count, default=0)
    if most not in TIP:
        known, first = ", ".join(map(str, TIP)), "".join(f" ({broken[0]})" for _ in broken[:1])
        raise InputError(
            f"{folder}: faces with {most} points{first}; the chapter knows the nose tip of {known} "
            "points; give a folder with such files"
        )
    broken += [
        f"{pair.picture}: {len(pair.points)} points, the others have {most}; left out"
        for pair in pairs
        if len(pair.points) != most
    ]
    pairs = [pair for pair in pairs if len(pair.points) == most]
    found = [_shrunk(pair.grey, pair.points) for pair in pairs]
    framed = _stacked(folder.name, found, [_person(pair.picture) for pair in pairs])
    return framed, broken + alone


def split(framed: Framed, data: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from, and rows held out, a fifth; apart by person.

    Raises InputError for too few of either.
    """
    rows = splits.grouped_split(framed.people, seed)
    train, held = rows.train, np.concatenate([rows.validation, rows.test])
    if len(train) < 8 or len(held) < 4:
        raise InputError(
            f"{data}: {len(train)} pictures to learn from, {len(held)} of other people; it takes 8 "
            "and 4: add pictures of about 20 people"
        )
    return train, held


def _stacked(source: str, found: list[tuple], people: list[str]) -> Framed:
    return Framed(source, *(np.stack(one) for one in zip(*found, strict=True)), np.array(people))


def _person(picture: pathlib.Path) -> str:
    return picture.stem.replace("_", "-").split("-")[0]


def _shrunk(picture: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture (h, w) at WIDTH x HEIGHT, and its points (m, 2) there, pixels."""
    ratio = np.array([WIDTH, HEIGHT]) / picture.shape[::-1]
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return small, (points + 0.5) * ratio - 0.5


def _embedded() -> list[tuple[np.ndarray, np.ndarray]]:
    rng, found = np.random.default_rng(15), []
    for name in photographs.names():
        grey = photos.to_grey(photos.read(photographs.FOLDER / f"{name}.jpg"))
        points = photographs.template(name)
        left, top = 7 + rng.integers(-24, 25), 17 + rng.integers(-18, 19)
        wide = cv2.copyMakeBorder(grey, *[_EDGE] * 4, cv2.BORDER_REFLECT_101)
        cut = wide[_EDGE + top :, _EDGE + left :][:_FRAME_HEIGHT, :_FRAME_WIDTH]
        found.append(_shrunk(cut, points - (left, top)))
    return found
