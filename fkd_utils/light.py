"""Changes of light: grey values change, keypoints stay where they are.

Every function takes and returns (images, points), as the warps do: (n, 96, 96) uint8 and
(n, 15, 2) float32. Grey values are rounded and clipped to 0..255; points are handed back as they
came.
"""

import numpy as np
import numpy.typing as npt

Pair = tuple[np.ndarray, np.ndarray]


def _column(values: npt.ArrayLike) -> np.ndarray:
    """A number or (n,) as something that multiplies (n, 96, 96)."""
    return np.asarray(values, np.float32).reshape(-1, 1, 1)


def _grey(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def brighten(images: np.ndarray, points: np.ndarray, factor: npt.ArrayLike) -> Pair:
    """Multiply all grey values; factor: number or (n,) (DEPTH section 3: 1.5 and 0.8)."""
    return _grey(images * _column(factor)), points


def contrast(images: np.ndarray, points: np.ndarray, factor: npt.ArrayLike) -> Pair:
    """Stretch grey values about each picture's mean; factor: number or (n,)."""
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return _grey((images - mean) * _column(factor) + mean), points


def jitter(images: np.ndarray, points: np.ndarray, amount: float, rng: np.random.Generator) -> Pair:
    """Random brightness, then random contrast, factors in 1 - amount .. 1 + amount.

    What colour jitter leaves of itself on a grey picture (DENSE parts 2 and 3: 0.5 and 0.2);
    hue and saturation have nothing to act on.
    """
    for change in (brighten, contrast):
        factor = rng.uniform(1 - amount, 1 + amount, len(images))
        images, points = change(images, points, factor)
    return images, points


def add_noise(
    images: np.ndarray, points: np.ndarray, sigma: float, rng: np.random.Generator
) -> Pair:
    """Add normal noise, another draw for each pixel; sigma: grey values (DEPTH section 3)."""
    noise = rng.standard_normal(images.shape, np.float32)
    return _grey(images + sigma * noise), points
