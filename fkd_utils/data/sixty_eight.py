"""The 68 points of 300-W: how they mirror, the template's nearest, and faces cropped with them.

Rows count from 0: jaw 0-16 from the subject's right ear to the left, brows 17-26, nose 27-35,
eyes 36-47, outer lips 48-59, inner lips 60-67.
"""

import pathlib
import typing

import numpy as np

from fkd_utils import faces
from fkd_utils.data import landmarks, photographs, photos, splits
from fkd_utils.files import InputError

if typing.TYPE_CHECKING:  # rooms above this one, which the functions below import when called
    from fkd_utils.demo import detection

POINTS = 68
MARGIN = 1.25  # side of the crop over the longer side of the box around the points
# With these no point leaves the crop: 0.06 * 1.25 + 0.5 = 0.92 * 1.25 / 2.
SHIFT, SIZE = 0.06, 0.08  # how far a wobbling box goes, in parts of its side
OUTER_EYES = [36, 45]  # the rows whose distance the NME divides by

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


class Crops(typing.NamedTuple):
    """Faces cut out.

    images: (n, 96, 96) uint8. points: (n, 68, 2) float32 pixels, NaN = unavailable.
    """

    images: np.ndarray
    points: np.ndarray


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


def embedded() -> list[Photo]:
    """The embedded photographs, one of each person; person: the team (`photographs.teams`).

    Whoever learned from the faces of `open` has seen people of whole teams.
    """
    teams = {index: k for k, team in enumerate(photographs.teams()) for index in team}
    found = []
    for index, name in enumerate(photographs.names()):
        grey = photos.to_grey(photos.read(photographs.FOLDER / f"{name}.jpg"))
        found.append(Photo(grey, from_189(photographs.templates()[index]), teams[index]))
    return found


def from_pts(folder: pathlib.Path, most: int | None = None) -> tuple[list[Photo], list[str]]:
    """Photographs of a folder in 300-W's layout (.pts beside the picture, at any depth).

    most: so many of them at most, evenly spread. Faces of one photograph have one `person`: those
    whose names are numbers alike up to the last "_", as 77_1 and 77_2; every other name is a
    photograph of its own. Returns the photographs and a message for each file that is broken, of
    points or picture, or has other than 68 points. Raises InputError when none is left.
    """
    files = sorted(folder.rglob("*.pts"))
    if most is not None and len(files) > most:
        files = [files[int(k)] for k in np.linspace(0, len(files) - 1, most)]
    pairs, broken = landmarks.read_pairs(files)
    names = sorted({_name(pair.picture) for pair in pairs})
    found = []
    for picture, points in pairs:
        if len(points) != POINTS:
            broken.append(f"{picture}: {len(points)} points, not {POINTS}")
            continue
        try:
            grey = photos.to_grey(photos.read(picture))
        except InputError as error:
            broken.append(str(error))
            continue
        found.append(Photo(grey, points.astype(np.float32), names.index(_name(picture))))
    if not found:
        raise InputError(f"{folder}: no .pts file with {POINTS} points and a picture beside it")
    return found, broken


def _name(picture: pathlib.Path) -> str:
    stem, _, number = picture.stem.rpartition("_")
    # image_0871 is the 871st photograph; 1051618982_1 the first face of one.
    return stem if stem.isdecimal() and number.isdecimal() else picture.stem


def square_of(
    points: np.ndarray, right: float = 0.0, down: float = 0.0, size: float = 1.0
) -> "detection.Square":
    """The square of MARGIN times the box around points (m, 2), moved and scaled.

    right, down: in parts of its side; size: factor.
    """
    from fkd_utils.demo import detection

    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    side = MARGIN * (high - low).max()
    middle = (low + high) / 2 + side * np.array([right, down])
    corner = middle - size * side / 2
    return detection.Square(*(round(float(v)) for v in corner), max(1, round(float(size * side))))


def cut(photo: Photo, square: "detection.Square") -> tuple[np.ndarray, np.ndarray]:
    """A square of a photograph as (96, 96) uint8, and the points in it: (68, 2) float32 pixels."""
    from fkd_utils.demo import detection

    image = detection.to_face(detection.cut(photo.grey, square))
    return image, detection.to_crop(photo.points, square).astype(np.float32)


def crops(found: list[Photo], times: int, rng: np.random.Generator) -> Crops:
    """Every photograph cut `times` times by a box that wobbles, every second cut mirrored.

    A point outside its crop counts as unavailable. Photographs follow each other; the cuts of one
    stand together.
    """
    images, points = [], []
    for photo in found:
        for k in range(times):
            shift = rng.uniform(-SHIFT, SHIFT, 2)
            size = 1 + rng.uniform(-SIZE, SIZE)
            image, places = cut(photo, square_of(photo.points, *shift, size))
            if k % 2:
                image, places = image[:, ::-1], places[mirror_order()]
                places[:, 0] = faces.SIDE - 1 - places[:, 0]
            images.append(image)
            points.append(places)
    together = np.stack(points)
    out = ((together < -0.5) | (together > faces.SIDE - 0.5)).any(axis=-1)
    together[out] = np.nan
    return Crops(np.stack(images), together)


def split(found: list[Photo], seed: int) -> splits.SplitRows:
    """`splits.grouped_split` of photographs by person."""
    return splits.grouped_split(np.array([photo.person for photo in found]), seed)


def nme(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean point distance over the distance of the outer eye corners, in percent.

    truth, predicted: (n, 68, 2), any one unit; NaN in truth = does not count.
    """
    from fkd_utils.evaluation import metrics

    corners = truth[:, OUTER_EYES].astype(np.float64)
    eyes = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=-1)
    relative = np.linalg.norm(predicted.astype(np.float64) - truth, axis=-1) / eyes[:, np.newaxis]
    labelled = np.isfinite(truth).all(axis=-1) & np.isfinite(eyes)[:, np.newaxis]
    return float(100 * metrics.mean(relative, labelled))
