"""The embedded photographs: pictures, 189-point templates, who is in them, and their background."""

import dataclasses
import functools

import cv2
import numpy as np

from fkd_utils import files
from fkd_utils.data import landmarks
from fkd_utils.files import InputError

FOLDER = files.REPO / "data" / "open_faces"
# Not `composite`: its pictures are averages of people in `neutral_front`, of any team.
COLLECTIONS = ("neutral_front", "canada")
POINTS = 189  # rows of a template
TEAMS = 28  # of five or six people
HELD_OUT = (4, 11, 18, 25)  # teams only the test pictures are made of


@dataclasses.dataclass(frozen=True)
class Photo:
    """One photograph, split into the person and what is left of the old background.

    grey: (h, w) uint8, the picture. cover: (h, w) uint8, 255 on the person, 0 on the background.
    person: (h, w) float32, grey minus the old background where it shows, so that
    `person + (1 - cover / 255) * new` puts the person in front of `new` without a halo.
    points: (189, 2) float32, pixels. tone, contrast: median and standard deviation of the grey
    values inside the face.
    """

    grey: np.ndarray
    cover: np.ndarray
    person: np.ndarray
    points: np.ndarray
    tone: float
    contrast: float


@functools.lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """`collection/file` without the ending, for every photograph of one person, sorted.

    Raises InputError when the embedded folder is not there.
    """
    found = tuple(
        f"{collection}/{path.stem}"
        for collection in COLLECTIONS
        for path in sorted((FOLDER / collection).glob("*.tem"))
    )
    if not found:
        raise InputError(f"{FOLDER} holds no photographs; restore it with `git checkout -- data`")
    return found


@functools.lru_cache(maxsize=1)
def teams() -> tuple[tuple[int, ...], ...]:
    """TEAMS tuples of indices into `names()`; pictures mix people of one team only."""
    people = np.random.default_rng(142).permutation(len(names()))
    return tuple(tuple(int(i) for i in part) for part in np.array_split(people, TEAMS))


@functools.cache
def template(name: str) -> np.ndarray:
    """The points of the photograph `collection/file`: (189, 2) float32, pixels, x first.

    Raises InputError when its `.tem` file does not hold 189 points.
    """
    path = FOLDER / f"{name}.tem"
    points = landmarks.read_tem(path)
    if len(points) != POINTS:
        raise InputError(f"{path}, line 1: expected {POINTS} points; restore the file")
    return points.astype(np.float32)


@functools.lru_cache(maxsize=1)
def templates() -> np.ndarray:
    """Every photograph's points in the order of `names()`: (n, 189, 2) float32, pixels."""
    return np.stack([template(name) for name in names()])


@functools.cache
def smiling(name: str) -> str | None:
    """The smiling photograph of the person on `name`; None where there is none."""
    twin = name.replace("neutral_front/", "smiling_front/").replace("_03", "_08")
    return twin if twin != name and (FOLDER / f"{twin}.tem").is_file() else None


@functools.cache
def photo(name: str) -> Photo:
    """The photograph `collection/file`, ready to be put in front of another background."""
    path = FOLDER / f"{name}.jpg"
    # imdecode, because imread cannot open a path with letters outside ASCII on Windows.
    colour = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if colour is None:
        raise InputError(f"{path} is not a JPEG picture; restore the file")
    left, top, right, bottom = _inner(colour)
    colour = colour[top:bottom, left:right]
    points = template(name) - np.float32((left, top))
    backdrop = _backdrop(colour)
    cover = _cover(colour, backdrop, points)
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    behind = cv2.cvtColor(backdrop, cv2.COLOR_BGR2GRAY)
    face = _hull(points, grey.shape) > 0
    return Photo(
        grey=grey,
        person=grey - (1 - cover) * behind,
        cover=np.round(255 * cover).astype(np.uint8),
        points=points,
        tone=float(np.median(grey[face])),
        contrast=float(grey[face].std()),
    )


def _hull(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8, 255 inside the outline of the face: jaw, temples and hairline."""
    outline = points[list(range(109, 115)) + list(range(125, 145))]
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(outline).astype(np.int32)), 255)
    return mask


def _inner(colour: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part that is not padded with copies of its edge."""

    def padding(columns: np.ndarray) -> int:
        change = np.abs(np.diff(columns.astype(np.float32), axis=1)).mean(axis=0)
        return int(np.argmax(change > 0.5)) + 4 if change[0] < 0.02 else 0

    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    return (
        padding(grey),
        padding(grey.T),
        width - padding(grey[:, ::-1]),
        height - padding(grey[::-1].T),
    )


def _backdrop(colour: np.ndarray) -> np.ndarray:
    """The studio wall without the person: a smooth surface through the sides of the picture."""
    height, width = colour.shape[:2]
    rows, columns = np.mgrid[0:height:6, 0:width:6].astype(np.float32)
    x, y = columns / width - 0.5, rows / height - 0.5
    sample = colour[::6, ::6].astype(np.float32)
    edge = (np.abs(x) > 0.36) & (y < 0.1)
    near = np.abs(sample - np.median(sample[edge], axis=0)).max(axis=2) < 24
    use = edge & near
    terms = np.stack([np.ones_like(x), x, y, x * x], axis=-1)
    fit, *_ = np.linalg.lstsq(terms[use], sample[use], rcond=None)
    surface = np.clip(terms @ fit, 0, 255).astype(np.float32)
    return cv2.resize(surface, (width, height), interpolation=cv2.INTER_LINEAR)


def _cover(colour: np.ndarray, backdrop: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(h, w) float32: 1 where the person is, 0 on the wall, between the two in the hair."""
    distance = np.sqrt(((colour.astype(np.float32) - backdrop) ** 2).sum(axis=2))
    distance = cv2.GaussianBlur(distance, (3, 3), 0)
    # A pixel half hair, half wall is half as far from the wall as the hair next to it.
    strongest = np.maximum(cv2.dilate(distance, np.ones((9, 9), np.uint8)), 50)
    cover = np.clip(1.25 * distance / strongest - 0.2, 0, 1) * np.clip(distance / 8 - 1, 0, 1)
    solid = (distance > 30).astype(np.uint8)
    face = _hull(points, solid.shape) // 255
    solid |= face
    neck = points[[126, 132]]
    solid[int(neck[:, 1].mean()) :, int(neck[0, 0]) : int(neck[1, 0])] = 1
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    # Bright skin and shirts look like the wall; the wall itself comes in large pieces.
    _, label, stats, _ = cv2.connectedComponentsWithStats(1 - solid, connectivity=4)
    wall = (stats[:, cv2.CC_STAT_AREA] > 120) & (stats[:, cv2.CC_STAT_TOP] < 0.7 * len(solid))
    wall[label[solid > 0]] = False
    person = 1 - wall[label].astype(np.uint8)
    inside = cv2.erode(person, np.ones((9, 9), np.uint8)) | cv2.erode(
        face, np.ones((5, 5), np.uint8)
    )
    near = cv2.dilate(person, np.ones((13, 13), np.uint8))
    return np.where(inside > 0, 1, cover * near).astype(np.float32)
