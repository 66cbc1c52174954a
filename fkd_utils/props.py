"""Things in front of a face: glasses, hats, hands, strands of hair, a scarf, a microphone."""

import collections.abc

import numpy as np

Canvas = collections.abc.Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def add(rng: np.random.Generator, sheet: np.ndarray, place: Canvas, tone: float) -> np.ndarray:
    """Put one thing, or mostly nothing, in front of the face."""
    return sheet
