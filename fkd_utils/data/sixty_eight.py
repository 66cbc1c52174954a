"""Photographs with the 68 points of 300-W, and the crops of chapters 16a and 16b.

Rows count from 0: jaw 0-16 from the subject's right ear to the left, brows 17-26, nose 27-35, eyes
36-47, outer lips 48-59, inner lips 60-67.
"""

import pathlib
import typing

import numpy as np

from fkd_utils import faces, files
from fkd_utils.data import landmarks, photographs, photos, splits
from fkd_utils.files import InputError

POINTS = 68
# A crop is the square around the points, MARGIN times as large; its place wobbles by so much of
# its side, and its side by so much of itself.
MARGIN, SHIFT, SIZE = 1.25, 0.06, 0.08

_MIRRORED = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
# Rows of the template along the half of the jaw and along the brow, on the subject's right and
# left, outer end first. The 68 have other numbers of points there, evenly spaced.
_JAW = (
    (109, 185, 110, 186, 111, 125, 126, 127, 128, 129),
    (112, 187, 113, 188, 114, 133, 132, 131, 130, 129),
)
_BROW = (71, 72, 73, 74, 75, 76), (82, 81, 80, 79, 78, 77)
# Rows of the template whose mean is each of the points 27 to 67.
_REST = (
    *((51, 57), (52, 58), (53, 59), (54, 60), (64,), (170,), (55,), (172,), (69,)),
    *((18,), (19,), (21,), (22,), (30,), (28,), (23,), (24,), (26,), (27,), (33,), (31,)),
    *((87,), (88,), (89,), (90,), (91,), (92,), (93,), (108,), (107,), (106,), (105,), (104,)),
    *((87, 94, 99), (95,), (96,), (97,), (93, 98, 103), (102,), (101,), (100,)),
)


class Photo(typing.NamedTuple):
    """A photograph with its points.

    grey: (h, w) uint8. points: (68, 2) float32 pixels, NaN = unavailable. person: equal for
    photographs that must stay on one side of a split.
    """

    grey: np.ndarray
    points: np.ndarray
    person: int


def mirror_order() -> np.ndarray:
    """Index array (68,) that puts each point where its mirror twin was."""
    return np.array(_MIRRORED)


def from_189(template: np.ndarray) -> np.ndarray:
    """The 68 points of a template (189, 2), as near as it has them: (68, 2) float32, pixels.

    The jaw and the brows are spaced evenly along the template's own points. The inner corners of
    the lips, which it lacks, are taken between the outer corner and its next two.
    """
    template = np.asarray(template, np.float64)
    right, left = (_along(template[list(rows)], 9) for rows in _JAW)
    brows = [_along(template[list(rows)], 5) for rows in _BROW]
    rest = [template[list(rows)].mean(axis=0) for rows in _REST]
    parts = [right, left[-2::-1], brows[0], brows[1][::-1], np.array(rest)]
    return np.concatenate(parts).astype(np.float32)


def _along(line: np.ndarray, count: int) -> np.ndarray:
    """`count` points evenly spaced along a line through points (m, 2), its ends among them."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, line[:, k]) for k in (0, 1)], axis=1)


class Crops(typing.NamedTuple):
    """images: (n, 96, 96) uint8. points: (n, 68, 2) float32 pixels, NaN = outside of the crop."""

    images: np.ndarray
    points: np.ndarray


def load(data: str, most: int | None = None) -> tuple[list[Photo], list[str]]:
    """The photographs of a folder with .pts files, else the embedded ones.

    Of a folder (300-W's layout: .pts beside the picture, at any depth) so many at most, evenly
    spread. Faces of one photograph have one `person`: those whose names are numbers alike up to the
    last "_", as 77_1 and 77_2; every other name is a photograph of its own. The person of an
    embedded one is its team, whose people are mixed in the faces of `open`.
    Returns the photographs and a message for each file that is broken, of points or picture, or
    has other than 68 points, and one for pictures without points. Raises InputError when none is
    left.
    """
    paths = landmarks.find(data, ".pts")
    alone = landmarks.without_points(data, ".pts")
    if not paths:
        return _embedded(), alone
    if most is not None and len(paths) > most:
        paths = [paths[int(k)] for k in np.linspace(0, len(paths) - 1, most)]
    pairs, broken = landmarks.read_pairs(paths)
    names = sorted({_photograph(pair.picture) for pair in pairs})
    found = []
    for picture, points, grey in pairs:
        if len(points) != POINTS:
            broken.append(f"{picture}: {len(points)} points, not {POINTS}")
            continue
        found.append(Photo(grey, points.astype(np.float32), names.index(_photograph(picture))))
    if not found:
        first = f" ({broken[0]})" if broken else ""
        raise InputError(
            f"{files.expanded(data)}: no .pts file with {POINTS} points and a picture beside it"
            f"{first}; add such pairs"
        )
    return found, broken + alone


def _embedded() -> list[Photo]:
    team_of = {index: k for k, team in enumerate(photographs.teams()) for index in team}
    return [
        Photo(
            photos.to_grey(photos.read(photographs.FOLDER / f"{name}.jpg")),
            from_189(photographs.templates()[k]),
            team_of[k],
        )
        for k, name in enumerate(photographs.names())
    ]


def split(found: list[Photo], data: str, seed: int = 0) -> splits.SplitRows:
    """Rows of `load`'s photographs to learn from, to choose and to test, apart by person.

    For the embedded ones it is the split of `open` (seed 0): whom chapter 06's network learned
    from learns here; the teams that only its test pictures are made of are tested. Raises
    InputError for too few photographs.
    """
    persons = np.array([photo.person for photo in found])
    if landmarks.find(data, ".pts"):
        parts = splits.grouped_split(persons, seed)
    else:
        of_open = splits.load("open", 0)
        learned = np.isin(persons, of_open.train.groups)
        judged = np.isin(persons, of_open.validation.groups)
        parts = splits.SplitRows(*map(np.flatnonzero, (learned, judged, ~learned & ~judged)))
    if len(parts.train) < 4 or not len(parts.validation) or not len(parts.test):
        raise InputError(
            f"{data}: {len(found)} photographs, of which {len(parts.train)} to learn from, "
            f"{len(parts.validation)} to choose and {len(parts.test)} to test; it takes 4, 1 and "
            "1: add photographs, to about 10 people"
        )
    return parts


def crops(found: list[Photo], times: int, rng: np.random.Generator) -> Crops:
    """Every photograph cut so many times, each a little elsewhere; every second one mirrored."""
    images, points = [], []
    for photo in found:
        for k in range(times):
            square = _around(photo.points, rng.uniform(-SHIFT, SHIFT, 2), rng.uniform(-SIZE, SIZE))
            image = photos.to_face(photos.cut(photo.grey, square))
            places = photos.to_crop(photo.points, square).astype(np.float32)
            if k % 2:
                image, places = image[:, ::-1], places[mirror_order()]
                places[:, 0] = faces.SIDE - 1 - places[:, 0]
            images.append(image)
            points.append(places)
    stacked = np.stack(points)
    stacked[((stacked < -0.5) | (stacked > faces.SIDE - 0.5)).any(axis=-1)] = np.nan
    return Crops(np.stack(images), stacked)


def _around(points: np.ndarray, shift: np.ndarray, more: float) -> photos.Square:
    """The square around points (m, 2), moved by `shift` of its side and larger by `more` of it."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    side = MARGIN * (high - low).max()
    corner = (low + high) / 2 + side * shift - (1 + more) * side / 2
    return photos.Square(
        *(round(float(v)) for v in corner), max(1, round(float((1 + more) * side)))
    )


def _photograph(picture: pathlib.Path) -> str:
    stem, _, number = picture.stem.rpartition("_")
    # image_0871 is the 871st photograph; 1051618982_1 the first face of one.
    return stem if stem.isdecimal() and number.isdecimal() else picture.stem
