"""A film in which one face becomes the next: mesh, warp of every triangle, cross-dissolve.

DENSE, bells and whistles. A *share* says how far the way is: 0 = the first face, 1 = the second.
"""

import collections.abc
import dataclasses

import cv2
import matplotlib.tri
import numpy as np

from fkd_utils import faces
from fkd_utils.data import photos
from fkd_utils.files import InputError

SIDE = 256  # pixels of a frame
# The frame around a face, in distances of the outer eye corners; on the embedded photographs it
# shows hair and ears and hardly ever more than the photograph.
FRAME = 3.0
EYES_DOWN = 0.35  # height of the eyes in the frame
PARTS = 4  # of each edge, between the border points
EDGE = 0.02  # of the side; a point nearer to the border could hide a piece of it from the mesh
CREDIT = (
    "Faces: Face Research Lab London Set, Lisa DeBruine and Benedict Jones (2017), "
    "doi.org/10.6084/m9.figshare.5047666, CC BY 4.0; cropped and morphed"
)
_FLAT = 0.01  # square pixels (twice the area): a triangle this small counts as folded


@dataclasses.dataclass(frozen=True)
class Still:
    """One face of a film.

    picture: (side, side) or (side, side, 3) uint8. points: (n, 2) float64 pixels, those of the
    face followed by `border(side)`.
    """

    picture: np.ndarray
    points: np.ndarray


@dataclasses.dataclass(frozen=True)
class Mesh:
    """triangles: (t, 3) rows of the points of two stills. left_out: (k,) rows in none of them."""

    triangles: np.ndarray
    left_out: np.ndarray


def frame(points: np.ndarray) -> photos.Square:
    """The square of a photograph that a film shows, for a face with keypoints (15, 2) pixels."""
    at = faces.INDEX
    across = points[at["left_eye_outer_corner"]] - points[at["right_eye_outer_corner"]]
    eyes = points[[at["left_eye_center"], at["right_eye_center"]]].mean(axis=0)
    side = max(1, round(FRAME * float(np.hypot(*across))))
    return photos.Square(round(eyes[0] - side / 2), round(eyes[1] - EYES_DOWN * side), side)


def border(side: int) -> np.ndarray:
    """(4 * PARTS, 2): corners of a square picture and points between them, clockwise, pixels."""
    last = side - 1
    along = np.arange(PARTS) * last / PARTS
    zero, end = np.zeros(PARTS), np.full(PARTS, last)
    x = np.concatenate([along, end, last - along, zero])
    y = np.concatenate([zero, along, end, last - along])
    return np.column_stack([x, y]).astype(np.float64)


def still(photo: np.ndarray, points: np.ndarray, square: photos.Square, side: int = SIDE) -> Still:
    """A square of a photograph and the points in it, brought to `side` pixels.

    photo: (h, w, 3) uint8; points: (n, 2) pixels of the photograph. Raises InputError when a
    point is not inside the square, or so close to its border that no mesh holds.
    """
    crop = photos.cut(photo, square)
    how = cv2.INTER_AREA if square.side > side else cv2.INTER_CUBIC
    picture = cv2.resize(crop, (side, side), interpolation=how)
    inside = photos.to_crop(points, square, side)
    lost = np.flatnonzero(~within(inside, side))
    if len(lost):
        raise InputError(
            f"{name_of(lost[0], len(points))} is not inside the frame; choose a larger square, or "
            "leave this point out of every face"
        )
    return Still(picture, np.vstack([inside, border(side)]))


def within(points: np.ndarray, side: int) -> np.ndarray:
    """(n,) bool: far enough from the border of a picture for a mesh; points: (n, 2) pixels."""
    return ((points > EDGE * side) & (points < (1 - EDGE) * side - 1)).all(axis=1)


def name_of(row: int, faces_points: int) -> str:
    """What a row of a still's points is called; faces_points: how many come before the border."""
    if row >= faces_points:
        return f"border point {row - faces_points}"
    return faces.KEYPOINTS[row] if faces_points == len(faces.KEYPOINTS) else f"point {row}"


def areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(t,) twice the signed area of each triangle; points: (n, 2), triangles: (t, 3) rows."""
    corner = points[triangles]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    return one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]


def smallest_areas(first: np.ndarray, second: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(t,) the smallest of `areas` on the straight way from `first` to `second`, both (n, 2).

    Counted positive as they are for the mean of the two. On the way an area is a polynomial of
    degree 2, so its lowest point is known.
    """
    ways = np.stack([areas(at, triangles) for at in (first, (first + second) / 2, second)])
    start, middle, end = ways * np.sign(ways[1])
    # area(s) = start + b s + c s^2 through the three values
    c = 2 * (start + end - 2 * middle)
    b = end - start - c
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.where(c > 0, np.clip(-b / (2 * c), 0, 1), 0)
    return np.minimum(np.minimum(start, end), start + b * turn + c * turn**2)


def folds(first: np.ndarray, second: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """The triangles that turn over, or lose all their area, on the way: (k,) indices."""
    return np.flatnonzero(~(smallest_areas(first, second, triangles) > _FLAT))


def mesh(first: np.ndarray, second: np.ndarray) -> Mesh:
    """Delaunay triangles of the mean of two sets of points, (n, 2) both, that never fold over.

    While one does, the point of the face that has a part in most folded triangles is left out.
    The last 4 * PARTS points, the border, always stay.
    """
    middle = (first + second) / 2
    face = len(first) - 4 * PARTS
    rows = np.arange(len(first))
    while True:
        triangles = rows[matplotlib.tri.Triangulation(*middle[rows].T).triangles]
        folded = triangles[folds(first, second, triangles)]
        used = np.unique(triangles)
        if not len(folded):
            return Mesh(triangles, np.setdiff1d(np.arange(len(first)), used))
        while len(folded):
            worst = np.bincount(folded[folded < face]).argmax()
            rows = rows[rows != worst]
            folded = folded[(folded != worst).all(axis=1)]


def ease(time: np.ndarray | float) -> np.ndarray | float:
    """Smoothstep: 0 at 0 and 1 at 1, with no speed at either end."""
    return time * time * (3 - 2 * time)


class Morph:
    """The way from one still to another over a mesh."""

    def __init__(self, first: Still, second: Still, triangles: np.ndarray) -> None:
        self.first, self.second, self.triangles = first, second, triangles
        self._shift = second.points - first.points

    def points(self, share: float) -> np.ndarray:
        """(n, 2) where the points are."""
        # Like this, and not weighted, the border stays where it is to the last digit.
        return self.first.points + share * self._shift

    def cover(self, share: float) -> np.ndarray:
        """(side, side) int32: the triangle that holds each pixel's centre; where the mesh folds
        over, one of those that reach there.
        """
        side = len(self.first.picture)
        y, x = np.mgrid[:side, :side]
        try:
            return self._plane(share).get_trifinder()(x, y)
        except RuntimeError:
            label = np.zeros((side, side), np.int32)
            corners = np.round(self.points(share)[self.triangles] * 16).astype(np.int32)
            for k, corner in enumerate(corners):  # whole sixteenths of a pixel
                cv2.fillConvexPoly(label, corner, k, lineType=cv2.LINE_4, shift=4)
            return label

    def flow(self, share: float) -> np.ndarray:
        """(2, side, side) float32: from a pixel's place in the first still to its second place."""
        plane, label = self._plane(share), self.cover(share)
        tables = (plane.calculate_plane_coefficients(column) for column in self._shift.T)
        return np.stack([_at_pixels(table, label) for table in tables])

    def _plane(self, share: float) -> matplotlib.tri.Triangulation:
        return matplotlib.tri.Triangulation(*self.points(share).T, self.triangles)

    def warped(self, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Both pictures with their points brought to `points(share)`, not yet mixed."""
        flow, share = self.flow(share), float(share)  # a NumPy number would widen the flow
        x = np.arange(flow.shape[1], dtype=np.float32)
        y = x[:, np.newaxis]
        return tuple(
            cv2.remap(
                one.picture,
                x + by * flow[0],
                y + by * flow[1],
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for one, by in ((self.first, -share), (self.second, 1 - share))
        )

    def at(self, share: float) -> np.ndarray:
        """The frame: both warped pictures, mixed as the share says; the stills' shape, uint8."""
        first, second = self.warped(share)
        return cv2.addWeighted(first, 1 - share, second, share, 0)


def _at_pixels(table: np.ndarray, label: np.ndarray) -> np.ndarray:
    """a x + b y + c at each pixel, with the row (a, b, c) of (t, 3) that its label names."""
    a, b, c = (np.take(column, label) for column in table.T.astype(np.float32))
    x = np.arange(len(label), dtype=np.float32)
    return a * x + b * x[:, np.newaxis] + c


def film(
    stills: collections.abc.Sequence[Still], hold: int, move: int
) -> collections.abc.Iterator[np.ndarray]:
    """Every still for `hold` frames, then `move` frames on the way to the next; the last one
    goes back to the first.

    Yields len(stills) * (hold + move) frames.
    """
    for k, first in enumerate(stills):
        second = stills[(k + 1) % len(stills)]
        morph = Morph(first, second, mesh(first.points, second.points).triangles)
        for _ in range(hold):
            yield first.picture
        for step in range(1, move + 1):
            yield morph.at(float(ease(step / (move + 1))))
