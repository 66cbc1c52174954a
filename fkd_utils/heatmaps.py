"""From heat maps to points and to how sure they are: soft-argmax and spread.

A map of stride s has one cell for s x s pixels of the picture. Cell i covers the pixels s i to
s i + s - 1, so its centre is pixel s i + (s - 1) / 2. Logits are (n, h, w, k), one map a keypoint;
any number may be added to a map without a change. Runs on every back-end of Keras.
"""

import typing

import keras
import numpy as np

Tensor = typing.Any  # of the back-end that Keras runs on


def cell_centres(height: int, width: int, stride: int) -> np.ndarray:
    """Where the cells of a map lie in the picture: (h * w, 2) float32, pixels, x first."""
    rows, columns = np.mgrid[:height, :width]
    cells = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    return (stride * cells + (stride - 1) / 2).astype(np.float32)


def probabilities(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Each map as shares that sum to 1: (n, h, w, k) to (n, k, h * w), row by row.

    temperature: logits are divided by it; below 1 the maps get sharper, above 1 flatter.
    """
    _, height, width, count = logits.shape
    flat = keras.ops.reshape(logits, (-1, height * width, count))
    flat = keras.ops.transpose(flat, (0, 2, 1))
    return keras.ops.softmax(flat / temperature, axis=-1)


def soft_argmax(logits: Tensor, stride: int, temperature: float = 1.0) -> Tensor:
    """The mean place of each map: (n, h, w, k) to (n, k, 2), pixels of the picture, x first.

    Unlike the place of the maximum it lies between the cells, and has a gradient everywhere
    (Sun et al. 2018, integral regression). It never leaves the centres of the outermost cells.
    """
    centres = cell_centres(logits.shape[1], logits.shape[2], stride)
    return keras.ops.matmul(probabilities(logits, temperature), centres)


def covariance(logits: Tensor, stride: int, temperature: float = 1.0) -> Tensor:
    """How each map spreads about its mean place: (n, h, w, k) to (n, k, 2, 2), pixels squared.

    [[xx, xy], [xy, yy]]. A map with all its weight in one cell has 0.
    """
    centres = cell_centres(logits.shape[1], logits.shape[2], stride)
    shares = probabilities(logits, temperature)
    mean = keras.ops.matmul(shares, centres)
    # About the mean: E[x^2] - E[x]^2 would lose a small spread to rounding, or fall below 0.
    away = centres - keras.ops.expand_dims(mean, 2)
    weighted = keras.ops.expand_dims(shares, -1) * away
    return keras.ops.matmul(keras.ops.swapaxes(away, -1, -2), weighted)


def spread(logits: Tensor, stride: int, temperature: float = 1.0) -> Tensor:
    """Root-mean-square distance from the mean place of each map: (n, h, w, k) to (n, k), pixels."""
    squared = covariance(logits, stride, temperature)
    return keras.ops.sqrt(squared[..., 0, 0] + squared[..., 1, 1])


@keras.saving.register_keras_serializable("fkd_utils")
class SoftArgmax(keras.layers.Layer):
    """`soft_argmax` as the last layer of a network; it has no weights."""

    def __init__(self, stride: int, **kwargs: typing.Any) -> None:
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, logits: Tensor) -> Tensor:
        return soft_argmax(logits, self.stride)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[3], 2)

    def get_config(self) -> dict:
        return super().get_config() | {"stride": self.stride}
