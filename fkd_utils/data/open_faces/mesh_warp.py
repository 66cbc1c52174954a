"""Piecewise affine warps: a mesh over the template, and dense maps from a picture back to it."""

import dataclasses
import functools

import cv2
import numpy as np

from fkd_utils.data.open_faces import face_shape

_SHIFT = 4  # fillConvexPoly takes whole sixteenths of a pixel


@dataclasses.dataclass(frozen=True)
class Mesh:
    """Triangles over the kept template points followed by the frame points.

    triangles: (t, 3) int. inside: (t,) bool, the gap between the lips. flat: (n, 2) float64, the
    average face in head coordinates. slot: (n, 2) float64, (across -1..1, down 0..1) between the
    lips for the points around the gap.
    """

    triangles: np.ndarray
    inside: np.ndarray
    flat: np.ndarray
    slot: np.ndarray


@functools.lru_cache(maxsize=1)
def mesh() -> Mesh:
    """Delaunay triangles of the average face with its mouth held open, so the lips stay apart."""
    open_face = face_shape.express(face_shape.average(), face_shape.Expression(mouth=0.3))
    points = np.vstack([open_face[face_shape.KEPT], face_shape.FRAME])
    triangles = delaunay(points)
    slot = np.zeros((len(points), 2))
    rim = np.zeros(len(points), bool)
    for line, down in ((face_shape.UPPER_INNER_LIP, 0.0), (face_shape.LOWER_INNER_LIP, 1.0)):
        rows = np.searchsorted(face_shape.KEPT, line)
        slot[rows] = np.column_stack([np.linspace(-0.67, 0.67, 5), np.full(5, down)])
        rim[rows] = True
    corners = np.searchsorted(face_shape.KEPT, face_shape.MOUTH_CORNERS)
    slot[corners] = [(-1, 0.5), (1, 0.5)]
    rim[corners] = True
    flat = np.vstack([face_shape.average()[face_shape.KEPT], face_shape.FRAME])
    return Mesh(triangles, rim[triangles].all(axis=1), flat, slot)


def delaunay(points: np.ndarray) -> np.ndarray:
    """(t, 3) int: the Delaunay triangles of (n, 2) points."""
    # Whole coordinates below 2**24 survive OpenCV's float32, so corners can be looked up exactly.
    grid = np.round((points - points.min(axis=0)) * 1000 + 10).astype(int)
    width, height = (int(edge) + 10 for edge in grid.max(axis=0))
    plane = cv2.Subdiv2D((0, 0, width, height))
    index = {}
    for i, (x, y) in enumerate(grid):
        plane.insert((float(x), float(y)))
        index[int(x), int(y)] = i
    corners = np.round(plane.getTriangleList()).astype(int).reshape(-1, 3, 2)
    found = [[index.get((int(x), int(y))) for x, y in triangle] for triangle in corners]
    return np.array([triangle for triangle in found if None not in triangle])


def solve(target: np.ndarray, source: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(t, c, 3) float32: for each triangle the affine map from target pixels to the source.

    target: (n, 2); source: (n, c).
    """
    corner = target[triangles]
    values = source[triangles]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    area = np.where(np.abs(area) < 1e-3, 1e-3, area)
    first, second = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    along_x = (first * two[:, 1:] - second * one[:, 1:]) / area[:, np.newaxis]
    along_y = (second * one[:, :1] - first * two[:, :1]) / area[:, np.newaxis]
    offset = values[:, 0] - along_x * corner[:, 0, :1] - along_y * corner[:, 0, 1:]
    return np.stack([along_x, along_y, offset], axis=-1).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Warp:
    """Which triangle covers each pixel of a square picture.

    target: (n, 2) float64, where the mesh points are, pixels. label: (side, side) int32.
    """

    target: np.ndarray
    label: np.ndarray

    def back(self, source: np.ndarray) -> np.ndarray:
        """What `source`, (n, c) values at the mesh points, is at each pixel: (c, side, side)."""
        table = solve(self.target, source, mesh().triangles)
        side = len(self.label)
        x = np.arange(side, dtype=np.float32)
        y = x[:, np.newaxis]
        planes = []
        for channel in range(source.shape[1]):
            a, b, c = (np.take(table[:, channel, k], self.label) for k in range(3))
            planes.append(a * x + b * y + c)
        return np.stack(planes)

    def gap(self) -> np.ndarray:
        """(side, side) bool: the pixels between the lips."""
        return mesh().inside[self.label]


def cover(target: np.ndarray, near: np.ndarray, side: int) -> Warp:
    """Paint the triangles, far ones first, so that a turned nose hides the cheek behind it.

    target: (n, 2) pixels; near: (n,) nearness of the mesh points.
    """
    triangles, inside = mesh().triangles, mesh().inside
    corner = target[triangles]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    order = np.argsort(near[triangles].mean(axis=1) - 10 * inside, kind="stable")
    low, high = corner.min(axis=1), corner.max(axis=1)
    seen = (area > 0.2) & (high > 0).all(axis=1) & (low < side - 1).all(axis=1)
    return Warp(target, paint(corner, order[seen[order]], side))


def paint(corner: np.ndarray, order: np.ndarray, side: int) -> np.ndarray:
    """(side, side) int32: the triangle painted last on each pixel, 0 where none is.

    corner: (t, 3, 2) pixels; order: the triangles to paint. OpenCV paints the outline as well, so
    a triangle may reach up to a pixel too far.
    """
    fixed = np.round(corner * 2**_SHIFT).astype(np.int32)
    label = np.zeros((side, side), np.int32)
    for k in order:
        cv2.fillConvexPoly(label, fixed[k], int(k), lineType=cv2.LINE_4, shift=_SHIFT)
    return label
