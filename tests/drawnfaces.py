"""Drawn faces with exact keypoints, for tests of what looks at pictures."""

import cv2
import numpy as np

from fkd_utils import keypoints
from fkd_utils.faces import Faces

# One face looking at us, eyes 2 apart, in the order of keypoints.KEYPOINTS.
FACE = np.array(
    [
        [1.0, 0.0],
        [-1.0, 0.0],
        [0.6, 0.05],
        [1.4, 0.05],
        [-0.6, 0.05],
        [-1.4, 0.05],
        [0.5, -0.6],
        [1.6, -0.5],
        [-0.5, -0.6],
        [-1.6, -0.5],
        [0.0, 1.2],
        [0.8, 2.0],
        [-0.8, 2.0],
        [0.0, 1.85],
        [0.0, 2.3],
    ]
)
FOUR = np.isin(keypoints.KEYPOINTS, keypoints.FOUR_POINTS)


def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One picture (96, 96) uint8 and its points (15, 2): random place, size, turn and light."""
    size, angle = rng.uniform(15, 19), rng.uniform(-0.25, 0.25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shape = FACE + rng.normal(0, 0.05, FACE.shape)
    points = shape @ turn.T * size + (48, 36) + rng.uniform(-4, 4, 2)
    skin, ground, dark = rng.uniform(130, 220), rng.uniform(20, 100), rng.uniform(0, 60)
    picture = np.full((96, 96), ground, np.float32)
    centre = tuple((points[10] * 16).astype(int).tolist())
    axes = (int(2.1 * size * 16), int(2.9 * size * 16))
    cv2.ellipse(picture, centre, axes, np.degrees(angle), 0, 360, skin, -1, cv2.LINE_AA, 4)

    def line(names: tuple[int, ...], width: int) -> None:
        path = (points[list(names)] * 16).round().astype(np.int32)
        cv2.polylines(picture, [path], False, dark, width, cv2.LINE_AA, 4)

    for names, width in (((2, 3), 4), ((4, 5), 4), ((6, 7), 2), ((8, 9), 2)):
        line(names, width)
    for names in ((12, 13, 11), (12, 14, 11)):
        line(names, 2)
    line((10, 10), 4)
    picture += cv2.resize(rng.normal(0, 14, (9, 9)), (96, 96), interpolation=cv2.INTER_CUBIC)
    picture = picture * np.linspace(*rng.uniform(0.7, 1.2, 2), 96) + rng.normal(0, 3, (96, 96))
    return np.clip(picture, 0, 255).astype(np.uint8), points.clip(0, 95)


def faces(count: int, seed: int = 0, second: int = 0) -> Faces:
    """Drawn faces; the last `second` of them have the four points only."""
    rng = np.random.default_rng(seed)
    images, points = zip(*(draw(rng) for _ in range(count)), strict=True)
    points = np.array(points, np.float32)
    points[count - second :, ~FOUR] = np.nan
    rows = np.arange(count)
    return Faces(np.array(images), points, rows, rows.copy(), "drawn")
