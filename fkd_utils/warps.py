"""Geometry that moves a picture and its keypoints together: 3x3 matrices and one resampling.

A matrix says where a point of the old picture goes. Matrices multiply, so several warps cost one
resampling. Points are never rounded. A point that leaves the picture keeps its coordinates,
outside 0..95, until `hide_outside` makes it a missing one.
"""

import cv2
import numpy as np
import numpy.typing as npt

from fkd_utils import keypoints
from fkd_utils.errors import InputError

LAST = keypoints.SIDE - 1  # centre of the last pixel: 95
CENTRE = LAST / 2  # centre of the picture: 47.5
# What lies outside is the picture mirrored at its outermost pixels, which are not doubled.
BORDER = cv2.BORDER_REFLECT_101

# (images, points): (n, 96, 96) uint8, (n, 15, 2) float32
Pair = tuple[np.ndarray, np.ndarray]


def _matrix(*entries: npt.ArrayLike) -> np.ndarray:
    """Nine entries, row by row, each a number or (n,): (3, 3) or (n, 3, 3) float64."""
    flat = np.stack(np.broadcast_arrays(*entries), axis=-1).astype(np.float64)
    return flat.reshape(*flat.shape[:-1], 3, 3)


def _about_centre(matrix: np.ndarray) -> np.ndarray:
    return translation(CENTRE, CENTRE) @ matrix @ translation(-CENTRE, -CENTRE)


def mirroring() -> np.ndarray:
    """x' = 95 - x: left and right change places. (3, 3)."""
    return _matrix(-1, 0, LAST, 0, 1, 0, 0, 0, 1)


def translation(right: npt.ArrayLike, down: npt.ArrayLike) -> np.ndarray:
    """Shift by pixels; numbers or (n,). (3, 3) or (n, 3, 3)."""
    return _matrix(1, 0, right, 0, 1, down, 0, 0, 1)


def rotation(degrees: npt.ArrayLike) -> np.ndarray:
    """Turn about the centre, anticlockwise as seen; number or (n,). (3, 3) or (n, 3, 3).

    The same as cv2.getRotationMatrix2D. y points down, hence the sign of the sines.
    """
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return _about_centre(_matrix(cos, sin, 0, -sin, cos, 0, 0, 0, 1))


def scaling(factor: npt.ArrayLike) -> np.ndarray:
    """Enlarge about the centre; number or (n,). (3, 3) or (n, 3, 3)."""
    return _about_centre(_matrix(factor, 0, 0, 0, factor, 0, 0, 0, 1))


def shearing(slant: npt.ArrayLike) -> np.ndarray:
    """Move each row right by `slant` pixels for each pixel below the centre; number or (n,)."""
    return _about_centre(_matrix(1, slant, 0, 0, 1, 0, 0, 0, 1))


def tilting(right: npt.ArrayLike, down: npt.ArrayLike) -> np.ndarray:
    """Perspective: bring the right (or lower) edge nearer to the eye; numbers or (n,).

    right, down: the edge's distance shrinks by this share; negative brings the other edge nearer.
    Raises InputError when a corner would come to stand behind the eye.
    """
    if np.any(np.abs(right) + np.abs(down) >= 1):
        raise InputError(f"tilt {right}, {down}: |right| + |down| must stay below 1")
    near = np.multiply(right, -1 / CENTRE), np.multiply(down, -1 / CENTRE)
    return _about_centre(_matrix(1, 0, 0, 0, 1, 0, *near, 1))


def cropping(left: npt.ArrayLike, top: npt.ArrayLike, side: npt.ArrayLike) -> np.ndarray:
    """Cut out a square and enlarge it to 96 x 96; numbers or (n,), pixels.

    left, top: first pixel of the square; its outer edge is half a pixel before that centre.
    """
    ratio = keypoints.SIDE / np.asarray(side, np.float64)
    first = [0.5 - np.asarray(corner, np.float64) for corner in (left, top)]
    return _matrix(ratio, 0, first[0] * ratio - 0.5, 0, ratio, first[1] * ratio - 0.5, 0, 0, 1)


def move(points: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Where the points go: (n, 15, 2) float64; NaN stays NaN.

    points: (n, 15, 2) pixels; matrices: (3, 3) or (n, 3, 3). Where a matrix turns the picture
    over (its determinant is negative), the two points of each pair of THESIS Table 4.2 change
    places, x and y, so that left stays the subject's left.
    """
    points = np.asarray(points, np.float64)
    matrices = np.broadcast_to(matrices, (len(points), 3, 3))
    moved = points @ matrices[:, :2, :2].swapaxes(1, 2) + matrices[:, np.newaxis, :2, 2]
    if np.any(matrices[:, 2] != (0, 0, 1)):
        moved /= points @ matrices[:, 2, :2, np.newaxis] + matrices[:, np.newaxis, 2:, 2]
    turned = np.linalg.det(matrices) < 0
    if turned.any():
        moved[turned] = moved[turned][:, keypoints.mirror_order()]
    return moved


def warp(
    images: np.ndarray, points: np.ndarray, matrices: np.ndarray, out: np.ndarray | None = None
) -> Pair:
    """Move pictures and points by one matrix each: one bilinear resampling, mirrored borders.

    images: (n, 96, 96) uint8 or float32; points: (n, 15, 2); matrices: (3, 3) or (n, 3, 3).
    Returns images of the same type (written into `out` when given) and points as float32.
    """
    matrices = np.broadcast_to(matrices, (len(images), 3, 3))
    out = np.empty(images.shape, images.dtype) if out is None else out
    size = images.shape[2], images.shape[1]
    if np.any(matrices[:, 2] != (0, 0, 1)):
        for image, matrix, target in zip(images, matrices, out, strict=True):
            cv2.warpPerspective(image, matrix, size, target, cv2.INTER_LINEAR, BORDER)
    else:
        for image, matrix, target in zip(images, matrices[:, :2], out, strict=True):
            cv2.warpAffine(image, matrix, size, target, cv2.INTER_LINEAR, BORDER)
    return out, move(points, matrices).astype(np.float32)


def flip(images: np.ndarray, points: np.ndarray) -> Pair:
    """Mirror left and right (THESIS 4.6). Exact; no point leaves the picture."""
    flipped = np.ascontiguousarray(images[:, :, ::-1])
    return flipped, move(points, mirroring()).astype(np.float32)


def shift(
    images: np.ndarray, points: np.ndarray, right: npt.ArrayLike, down: npt.ArrayLike
) -> Pair:
    """Shift by pixels, numbers or (n,) (THESIS 4.6). Points leave unless within `shift_range`."""
    return warp(images, points, translation(right, down))


def rotate(images: np.ndarray, points: np.ndarray, degrees: npt.ArrayLike) -> Pair:
    """Turn about (47.5, 47.5), anticlockwise (THESIS 4.6). Points near a corner can leave."""
    return warp(images, points, rotation(degrees))


def scale(images: np.ndarray, points: np.ndarray, factor: npt.ArrayLike) -> Pair:
    """Enlarge about the centre (THESIS 4.8). Points near the border leave when factor > 1."""
    return warp(images, points, scaling(factor))


def shear(images: np.ndarray, points: np.ndarray, slant: npt.ArrayLike) -> Pair:
    """Slant the picture (THESIS 4.8). Points near the left and right border can leave."""
    return warp(images, points, shearing(slant))


def tilt(images: np.ndarray, points: np.ndarray, right: npt.ArrayLike, down: npt.ArrayLike) -> Pair:
    """Perspective (THESIS 4.8). Points on the nearer side can leave."""
    return warp(images, points, tilting(right, down))


def crop(
    images: np.ndarray,
    points: np.ndarray,
    left: npt.ArrayLike,
    top: npt.ArrayLike,
    side: npt.ArrayLike,
) -> Pair:
    """Cut out a square and enlarge it to 96 x 96 (THESIS 4.8). Points outside the square leave."""
    return warp(images, points, cropping(left, top, side))


def outside(points: np.ndarray) -> np.ndarray:
    """(n, 15) bool: the point lies outside 0..95; False where it is missing."""
    return ((points < 0) | (points > LAST)).any(axis=-1)


def hide_outside(points: np.ndarray) -> np.ndarray:
    """A copy in which every point outside the picture is missing (NaN, NaN)."""
    return np.where(outside(points)[..., np.newaxis], np.nan, points).astype(np.float32)
