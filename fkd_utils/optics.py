"""Light on a face, and what a camera and a file format do to a picture."""

import functools

import cv2
import numpy as np

from fkd_utils import morphing

_STEP = 0.05  # eye distances between two grid points of the relief


@functools.lru_cache(maxsize=1)
def normals() -> np.ndarray:
    """(3, rows, columns) float32 unit normals of the average head on a grid over its front."""
    x, y = np.meshgrid(np.arange(-2.5, 2.5, _STEP), np.arange(-2.5, 3.0, _STEP))
    smooth = cv2.GaussianBlur(morphing.depth(x, y), (0, 0), 2.2)
    down, across = np.gradient(smooth, _STEP)
    stack = np.stack([-across, -down, np.ones_like(down)])
    return (stack / np.linalg.norm(stack, axis=0)).astype(np.float32)


def lit(rng: np.random.Generator, sheet: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Light the face from a random side.

    sheet: (side, side) float32 grey values; flat: (2, side, side) average-head place of each pixel.
    """
    angle = rng.uniform(-np.pi, np.pi)
    tilt = abs(rng.normal(0, 0.55))
    strength = rng.uniform(0.15, 0.7)
    lamp = np.array([np.cos(angle) * np.sin(tilt), 0.6 * np.sin(angle) * np.sin(tilt), 0])
    lamp[2] = np.sqrt(1 - lamp @ lamp)
    shade = np.tensordot(lamp.astype(np.float32), normals(), 1)
    factor = 1 + strength * (np.maximum(shade, 0.05) / lamp[2] - 1)
    factor = np.minimum(factor, 1.6).astype(np.float32)
    # The photographs are lit from the front already: take half of that light away.
    column, row = (flat[0] + 2.5) / _STEP, (flat[1] + 2.5) / _STEP
    place = column.astype(np.float32), row.astype(np.float32)
    return sheet * cv2.remap(factor, *place, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)


def photograph(rng: np.random.Generator, sheet: np.ndarray, over: int) -> np.ndarray:
    """Expose, average down by `over`, blur, add noise and compress: a uint8 picture."""
    side = len(sheet) // over
    x = np.linspace(-0.5, 0.5, len(sheet), dtype=np.float32)
    slope = rng.normal(0, 0.16, 2)
    sheet = sheet * (1 + slope[0] * x + slope[1] * x[:, np.newaxis])
    picture = cv2.resize(sheet.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    picture = exposed(rng, picture)
    kind = rng.random()
    if kind < 0.3:
        small = int(rng.uniform(0.5, 0.9) * side)
        picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        up = cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (side, side), interpolation=up)
    elif kind < 0.36:
        picture = cv2.filter2D(picture, -1, _streak(rng), borderType=cv2.BORDER_REFLECT)
    elif kind < 0.5:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = picture + rng.uniform(0.3, 1.0) * (picture - soft)
    if rng.random() < 0.4:
        noise = rng.normal(0, rng.uniform(0.8, 4), picture.shape).astype(np.float32)
        if rng.random() < 0.5:
            noise = 1.7 * cv2.GaussianBlur(noise, (3, 3), 0)
        picture = picture + noise
    picture = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return compressed(picture, int(rng.uniform(30, 96))) if rng.random() < 0.6 else picture


def exposed(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Random gamma, contrast and brightness; picture: float32 grey values."""
    unit = np.clip(picture / 255, 0, 1) ** np.exp(rng.normal(0.15, 0.3))
    low, high = np.percentile(unit, (2, 98))
    span = max(high - low, 0.15)
    dark = np.clip(rng.normal(0.1, 0.08), 0, 0.35)
    bright = np.clip(rng.normal(0.88, 0.14), 0.45, 1.06)
    return (255 * (dark + (bright - dark) * (unit - low) / span)).astype(np.float32)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """A uint8 picture after being stored as JPEG."""
    _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)


def _streak(rng: np.random.Generator) -> np.ndarray:
    """Kernel of a short straight movement of the camera, up to five pixels long."""
    kernel = np.zeros((7, 7), np.float32)
    angle, reach = rng.uniform(0, np.pi), rng.uniform(1.0, 2.6)
    step = reach * np.array([np.cos(angle), np.sin(angle)])
    ends = np.round((3 + np.stack([-step, step])) * 256).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_AA, 8)
    kernel += cv2.GaussianBlur(kernel, (3, 3), 0)
    return kernel / kernel.sum()
