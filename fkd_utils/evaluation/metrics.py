"""The measures, the same in every chapter. Only labelled coordinates count.

What counts is decided by the labels alone: an answer that is no number, as of a network whose
training went astray, makes a measure NaN and not smaller.
"""

import numpy as np

from fkd_utils import faces


def squared_errors(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Squared error of each coordinate on targets in [-1, 1].

    truth, predicted: (n, 15, 2), pixels. Returns (n, 15, 2) float64, NaN where not labelled.
    """
    return ((np.asarray(predicted, np.float64) - truth) / faces.HALF) ** 2


def mse(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean squared error on targets in [-1, 1], as the studies report it (THESIS 2.2.3)."""
    return float(mean(squared_errors(truth, predicted), np.isfinite(truth)))


def rmse_px(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Kaggle's measure: the root of the mean squared error of a coordinate, in pixels."""
    return faces.HALF * mse(truth, predicted) ** 0.5


def distances(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Distance of each predicted point from the labelled one: (n, 15), pixels, NaN = no label."""
    return np.linalg.norm(np.asarray(predicted, np.float64) - truth, axis=-1)


def mean_px(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean point distance in pixels."""
    return float(mean(distances(truth, predicted), np.isfinite(truth).all(axis=-1)))


def eye_distance(truth: np.ndarray) -> np.ndarray:
    """Distance of the outer eye corners: (n,), pixels, NaN where one is not labelled."""
    left = faces.INDEX["left_eye_outer_corner"]
    right = faces.INDEX["right_eye_outer_corner"]
    return np.linalg.norm(np.asarray(truth[:, left], np.float64) - truth[:, right], axis=-1)


def nme(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Normalised mean error: point distance over inter-ocular distance, in percent (300-W).

    The distance is between the outer eye corners; faces without both corners do not count.
    """
    eyes = eye_distance(truth)[:, np.newaxis]
    labelled = np.isfinite(truth).all(axis=-1) & np.isfinite(eyes)
    return float(100 * mean(distances(truth, predicted) / eyes, labelled))


def measures(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """All four measures by name."""
    return {f.__name__: f(truth, predicted) for f in (mse, rmse_px, mean_px, nme)}


def face_mse(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Mean squared error of each face: (n,), on targets in [-1, 1]."""
    return mean(squared_errors(truth, predicted), np.isfinite(truth), axis=(1, 2))


def keypoint_mse(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Mean squared error of each keypoint: (15,), on targets in [-1, 1]."""
    return mean(squared_errors(truth, predicted), np.isfinite(truth), axis=(0, 2))


def mean(
    values: np.ndarray, labelled: np.ndarray, axis: int | tuple[int, ...] | None = None
) -> np.ndarray:
    """The mean of float `values` where `labelled`, bool of the same shape; NaN where nothing is.

    Unlike numpy.nanmean it is NaN, too, where a value that counts is NaN.
    """
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing is labelled
        return np.sum(np.where(labelled, values, 0), axis=axis) / labelled.sum(axis=axis)


def mean_face(points: np.ndarray) -> np.ndarray:
    """The mean position of each keypoint: (15, 2), pixels; the simplest prediction there is."""
    return np.nanmean(np.asarray(points, np.float64), axis=0)
