"""Predicting twice, on the face and on its mirror picture, and averaging the two."""

import collections.abc

import numpy as np

from fkd_utils import warps

Predict = collections.abc.Callable[[np.ndarray], np.ndarray]


def flip_averaged(predict: Predict, images: np.ndarray) -> np.ndarray:
    """The mean of what `predict` says of the pictures and, mirrored back, of their mirror twins.

    predict: from uint8 pictures (n, 96, 96) to keypoints (n, 15, 2), pixels, for instance a run's
    `predict`. Costs twice the time. An error that leans to one side of the picture cancels.
    """
    twins = predict(np.ascontiguousarray(images[:, :, ::-1]))
    back = warps.move(twins, warps.mirroring())
    return ((predict(images) + back) / 2).astype(np.float32)
