"""Drawn faces with exact keypoints, for tests of what looks at pictures."""

import dataclasses

import cv2
import numpy as np

from fkd_utils.faces import FOUR_POINTS, KEYPOINTS, Faces

# One face looking at us, eyes 2 apart, in the order of faces.KEYPOINTS.
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
FOUR = np.isin(KEYPOINTS, FOUR_POINTS)


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


def noise(
    seed: int, n: int = 6, low: float = 5.0, high: float = 90.0
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of noise (n, 96, 96) uint8, and points (n, 15, 2) anywhere from low to high."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 96, 96), dtype=np.uint8)
    return images, rng.uniform(low, high, (n, 15, 2)).astype(np.float32)


def changed(faces: Faces, images: dict | None = None, points: dict | None = None) -> Faces:
    """A copy with some pictures or points replaced, by row."""
    new = dataclasses.replace(faces, images=faces.images.copy(), keypoints=faces.keypoints.copy())
    for row, image in (images or {}).items():
        new.images[row] = image
    for row, face in (points or {}).items():
        new.keypoints[row] = face
    return new


def grey(picture: np.ndarray) -> np.ndarray:
    """Grey values as uint8, rounded and clipped."""
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


# What a copy of a picture may look like.
ALTERED = {
    "equal": lambda p: p,
    "brighter": lambda p: grey(p * 0.8 + 20.0),
    "gamma": lambda p: grey(255 * (p / 255.0) ** 0.7),
    "lit from a side": lambda p: grey(p * np.linspace(0.75, 1.0, 96)),
    "moved 1": lambda p: np.roll(p, (1, -1), (0, 1)),
    "moved 2": lambda p: np.roll(p, (-2, 2), (0, 1)),
    "compressed": lambda p: cv2.imdecode(
        cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 0
    ),
    "cropped": lambda p: cv2.resize(p[2:94, 2:94], (96, 96)),
}
