"""Tilt, light and glasses: under which conditions a network's error grows, and how surely.

Faces of one group (one person, one team) are alike, so intervals count groups, not faces.
"""

import functools
import itertools

import numpy as np
import pandas as pd

from fkd_utils import demo, keypoints, stickers

GREY = np.array([0.299, 0.587, 0.114])  # the weights of red, green and blue in a grey value


def tilt(points: np.ndarray) -> np.ndarray:
    """Slope of the line between the eye centres: (n,) degrees, NaN where one is not labelled.

    points: (n, 15, 2) pixels. Anticlockwise as seen is positive, as in `warps.rotation`: turning
    a face by a degrees adds a.
    """
    left = points[:, keypoints.INDEX["left_eye_center"]]
    across = np.asarray(left, np.float64) - points[:, keypoints.INDEX["right_eye_center"]]
    return np.degrees(np.arctan2(-across[:, 1], across[:, 0]))


def brightness(images: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mean grey value in the box around a face's labelled keypoints: (n,), 0..255.

    images: (n, 96, 96) uint8; points: (n, 15, 2) pixels. The background does not count.
    """
    first = np.clip(np.floor(np.nanmin(points, axis=1)), 0, keypoints.SIDE - 1).astype(int)
    last = np.clip(np.ceil(np.nanmax(points, axis=1)), 0, keypoints.SIDE - 1).astype(int)
    boxes = zip(images, first, last, strict=True)
    return np.array([image[y : v + 1, x : u + 1].mean() for image, (x, y), (u, v) in boxes])


def add_glasses(images: np.ndarray, points: np.ndarray, down: float = 0.0) -> np.ndarray:
    """The faces with drawn sunglasses, turned as the eyes are: (n, 96, 96) uint8, new.

    images: (n, 96, 96) uint8; points: (n, 15, 2) pixels, eye centres and outer corners labelled.
    down: how far below the eyes they sit, in distances of the outer eye corners; 0.75 is about
    the mouth. The same drawing elsewhere on the face shows what is due to the place.
    """
    covered = np.empty_like(images)
    for k, (image, face) in enumerate(zip(images, points, strict=True)):
        middle, unit, angle = demo.pose(face)
        picture = np.repeat(image[..., np.newaxis], 3, axis=2)
        place = middle + down * unit * np.array([-np.sin(angle), np.cos(angle)])
        stickers.put(picture, stickers.sunglasses, place, unit, angle)
        covered[k] = np.rint(picture @ GREY)
    return covered


def interval(values: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the faces and its 95% interval for new groups: mean, low, high.

    values: (n,) or (n, k), NaN = does not count; groups: (n,) int. Each answer has shape () or
    (k,). The variance of the mean comes from the sums of the deviations in each group, and
    Student's t with groups - 1 degrees of freedom widens it when groups are few. With a group of
    its own for each face it is the usual interval. NaN where fewer than two groups count.
    """
    values = np.asarray(values, np.float64)
    counts = np.isfinite(values)
    n = counts.sum(axis=0)
    with np.errstate(invalid="ignore"):  # nothing to count: NaN
        mean = np.where(counts, values, 0).sum(axis=0) / n
    order = np.argsort(groups, kind="stable")
    _, first = np.unique(np.asarray(groups)[order], return_index=True)
    deviations = np.add.reduceat(np.where(counts, values - mean, 0)[order], first)
    faces_in = np.add.reduceat(counts[order], first, dtype=int)
    many = (faces_in > 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(many / (many - 1) * (deviations**2).sum(axis=0)) / n
    reach = error * np.vectorize(_student, otypes=[float])(many - 1)
    return mean, mean - reach, mean + reach


def by_bins(
    values: np.ndarray, condition: np.ndarray, edges: np.ndarray, groups: np.ndarray
) -> pd.DataFrame:
    """Mean and `interval` of values (n,) where `condition` (n,) lies between two edges.

    edges: (m + 1,) rising; a bin holds its lower edge, the last one both. Columns from, to, faces,
    at (mean of the condition), mean, low, high. A row for each of the m bins, empty ones with NaN.
    """
    condition = np.asarray(condition, np.float64)
    bins = np.searchsorted(edges, condition, side="right") - 1
    bins[condition == edges[-1]] = len(edges) - 2
    rows = []
    for k, (start, end) in enumerate(itertools.pairwise(edges)):
        inside = bins == k
        mean, low, high = interval(values[inside], groups[inside])
        at = condition[inside].mean() if inside.any() else np.nan
        rows.append((start, end, inside.sum(), at, mean, low, high))
    return pd.DataFrame(rows, columns=["from", "to", "faces", "at", "mean", "low", "high"])


@functools.cache
def _student(freedom: int) -> float:
    """Student's t that 95% of draws stay within, by `freedom`; NaN below 1.

    With t = sqrt(freedom) tan(a), the density of the angle a is cos(a)^(freedom - 1).
    """
    if freedom < 1:
        return np.nan
    angles = np.linspace(0, np.pi / 2, 200_001)
    share = np.cumsum(np.cos(angles) ** (freedom - 1))
    return float(np.sqrt(freedom) * np.tan(np.interp(0.95, share / share[-1], angles)))
