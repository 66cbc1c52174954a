"""Losses that see labelled coordinates only, for rows with missing keypoints.

Each takes (y_true, y_pred), both (n, 30) targets y/48 - 1 as in `faces.to_targets`, NaN in y_true
where nothing is labelled, and gives one number: the mean over the labelled coordinates of the
batch. Every labelled coordinate counts the same, so a face with four points counts less than one
with fifteen. A batch without labels costs 0. Hand them to `model.compile(loss=...)` as they are.
"""

import collections.abc
import math
import typing

import keras

from fkd_utils import keypoints

HALF = keypoints.SIDE / 2  # pixels; what 1 in the targets is worth

Tensor = typing.Any  # of the back-end that Keras runs on


def masked_mse(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean squared error, in squared targets: `evaluation.mse` of the labelled coordinates."""
    return _mean_of_labelled(keras.ops.square, y_true, y_pred)


def smooth_l1(y_true: Tensor, y_pred: Tensor, joint: float = 1.0) -> Tensor:
    """Square near zero, straight beyond, in pixels: a wrong label pulls no harder than any other.

    e^2 / (2 joint) for an error |e| < joint, else |e| - joint / 2; e and joint in pixels
    (Girshick 2015, with joint 1).
    """

    def penalty(error: Tensor) -> Tensor:
        size = keras.ops.abs(HALF * error)
        return keras.ops.where(size < joint, size * size / (2 * joint), size - joint / 2)

    return _mean_of_labelled(penalty, y_true, y_pred)


def wing(y_true: Tensor, y_pred: Tensor, width: float = 10.0, bend: float = 2.0) -> Tensor:
    """Wing loss, in pixels: small errors pull harder than large ones (Feng et al. 2018).

    width * ln(1 + |e| / bend) for an error |e| < width, else |e| - C, with the C that joins the
    two; e, width and bend in pixels. The paper's w and epsilon are 10 and 2.
    """
    constant = width - width * math.log1p(width / bend)

    def penalty(error: Tensor) -> Tensor:
        size = keras.ops.abs(HALF * error)
        curved = width * keras.ops.log1p(size / bend)
        return keras.ops.where(size < width, curved, size - constant)

    return _mean_of_labelled(penalty, y_true, y_pred)


LOSSES = {"mse": masked_mse, "smooth_l1": smooth_l1, "wing": wing}


def _mean_of_labelled(
    penalty: collections.abc.Callable[[Tensor], Tensor], y_true: Tensor, y_pred: Tensor
) -> Tensor:
    labelled = keras.ops.isfinite(y_true)
    # The NaN must go before anything is computed with it: 0 * NaN is NaN, in the loss and in
    # every gradient that passes through.
    known = keras.ops.where(labelled, y_true, keras.ops.zeros_like(y_true))
    each = penalty(y_pred - known)
    each = keras.ops.where(labelled, each, keras.ops.zeros_like(each))
    count = keras.ops.sum(keras.ops.cast(labelled, each.dtype))
    return keras.ops.sum(each) / keras.ops.maximum(count, 1)
