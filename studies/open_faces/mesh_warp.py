"""Warps over a mesh of triangles, each of which moves by an affine map of its own."""

import cv2
import numpy as np

_SHIFT = 4  # fillConvexPoly takes whole sixteenths of a pixel


def delaunay(points: np.ndarray) -> np.ndarray:
    """(t, 3) int: the Delaunay triangles of (n, 2) points, but for very flat ones at their border.

    (OpenCV's outer triangle is not infinitely far.)
    """
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
