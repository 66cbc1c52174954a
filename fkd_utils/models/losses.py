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

from fkd_utils import faces

JOINT = 1.0  # pixels; where smooth L1 goes from square to straight (Girshick 2015)
WIDTH, BEND = 10.0, 2.0  # pixels; the w and epsilon of Wing's paper

VERSION = 1  # of what these functions compute; part of a run's name
Tensor = typing.Any  # of the back-end that Keras runs on


@keras.saving.register_keras_serializable("fkd_utils")
def masked_mse(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean squared error, in squared targets: `evaluation.mse` of the labelled coordinates."""
    return _mean_of_labelled(keras.ops.square, y_true, y_pred)


@keras.saving.register_keras_serializable("fkd_utils")
def smooth_l1(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Square near zero, straight beyond, in pixels: a wrong label pulls no harder than any other.

    e^2 / (2 JOINT) for an error |e| < JOINT, else |e| - JOINT / 2; e in pixels.
    """

    def penalty(error: Tensor) -> Tensor:
        size = keras.ops.abs(faces.HALF * error)
        return keras.ops.where(size < JOINT, size * size / (2 * JOINT), size - JOINT / 2)

    return _mean_of_labelled(penalty, y_true, y_pred)


@keras.saving.register_keras_serializable("fkd_utils")
def wing(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Wing loss, in pixels: small errors pull harder than large ones (Feng et al. 2018).

    WIDTH * ln(1 + |e| / BEND) for an error |e| < WIDTH, else |e| - C, with the C that joins the
    two; e in pixels.
    """
    constant = WIDTH - WIDTH * math.log1p(WIDTH / BEND)

    def penalty(error: Tensor) -> Tensor:
        size = keras.ops.abs(faces.HALF * error)
        curved = WIDTH * keras.ops.log1p(size / BEND)
        return keras.ops.where(size < WIDTH, curved, size - constant)

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
