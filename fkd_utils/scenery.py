"""What is behind a face: walls, blurred rooms and leaves."""

import cv2
import numpy as np


def draw(
    rng: np.random.Generator, side: int, tone: float, photographs: list[np.ndarray]
) -> np.ndarray:
    """A (side, side) float32 background of grey values.

    tone: grey level of the skin; photographs: pictures whose far out-of-focus parts may serve.
    """
    kind = rng.random()
    if kind < 0.35:
        return _wall(rng, side)
    if kind < 0.6:
        return _things(rng, side)
    if kind < 0.8:
        return _leaves(rng, side)
    return _blurred(rng, side, photographs[int(rng.integers(len(photographs)))])


def cloud(rng: np.random.Generator, side: int, cells: int, octaves: int) -> np.ndarray:
    """(side, side) float32 smooth noise of about unit spread, `cells` bumps across."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        grid = rng.normal(0, 0.6**octave, (count, count)).astype(np.float32)
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return total


def _wall(rng: np.random.Generator, side: int) -> np.ndarray:
    level = rng.uniform(15, 235)
    slope = rng.normal(0, 25, 2).astype(np.float32)
    x = np.linspace(-1, 1, side, dtype=np.float32)
    wall = level + slope[0] * x + slope[1] * x[:, np.newaxis]
    return wall + rng.uniform(0, 8) * cloud(rng, side, 3, 2)


def _things(rng: np.random.Generator, side: int) -> np.ndarray:
    room = _wall(rng, side)
    for _ in range(int(rng.integers(3, 9))):
        centre = rng.uniform(0, side, 2)
        size = rng.uniform(0.05, 0.5, 2) * side
        colour = float(rng.uniform(0, 255))
        if rng.random() < 0.6:
            size[int(rng.integers(2))] *= 4
            box = (centre.tolist(), size.tolist(), float(rng.choice([0, 0, rng.uniform(0, 90)])))
            corners = np.round(cv2.boxPoints(box)).astype(np.int32)
            cv2.fillConvexPoly(room, corners, colour)
        else:
            box = (centre.tolist(), (0.7 * size).tolist(), float(rng.uniform(0, 180)))
            cv2.ellipse(room, box, colour, -1)
    room += 6 * cloud(rng, side, 12, 2)
    return cv2.GaussianBlur(room, (0, 0), rng.uniform(1.5, 9))


def _leaves(rng: np.random.Generator, side: int) -> np.ndarray:
    texture = cloud(rng, side, int(rng.integers(4, 9)), 4)
    level, spread = rng.uniform(40, 180), rng.uniform(12, 45)
    return level + spread * cv2.GaussianBlur(texture, (0, 0), rng.uniform(0.8, 4))


def _blurred(rng: np.random.Generator, side: int, photograph: np.ndarray) -> np.ndarray:
    height, width = photograph.shape
    edge = int(rng.uniform(60, 160))
    top, left = int(rng.integers(height - edge)), int(rng.integers(width - edge))
    part = cv2.resize(photograph[top : top + edge, left : left + edge], (side, side))
    part = np.rot90(part, int(rng.integers(4)))
    return cv2.GaussianBlur(part, (0, 0), rng.uniform(5, 12))
