"""Under which conditions a network's error grows, and how surely.

Faces of one group (one person, one team) are alike, so intervals count groups, not faces.
"""

import numpy as np
import scipy

from fkd_utils import faces
from fkd_utils.evaluation import metrics


def label_statistics(points: np.ndarray) -> dict:
    """What the labels of a set say without its pictures.

    points: (n, 15, 2), pixels, NaN = not labelled. counts: faces on which both coordinates of
    a keypoint are labelled (THESIS Fig 3.2). lowest and highest: of all coordinates, [x, y];
    above_95_5: how many lie beyond the last pixel if 0 is the first one's centre, and below_0:
    beyond the first if 0 is its edge. The other numbers are over complete faces:
    mean and variance of the targets y/48 - 1 (THESIS 3.1 says 0 and 1), and the MSE of always
    predicting the mean face.
    """
    labelled = np.isfinite(points).all(axis=2)
    complete = points[labelled.all(axis=1)]
    targets = faces.to_targets(complete).astype(np.float64)
    mean = np.broadcast_to(metrics.mean_face(complete), complete.shape)
    return {
        "rows": len(points),
        "complete": len(complete),
        "counts": dict(zip(faces.KEYPOINTS, labelled.sum(axis=0).tolist(), strict=True)),
        "lowest": np.nanmin(points, axis=(0, 1)).round(4).tolist(),
        "highest": np.nanmax(points, axis=(0, 1)).round(4).tolist(),
        "above_95_5": int((points > faces.SIDE - faces.HALF_PIXEL).sum()),
        "below_0": int((points < 0).sum()),
        "target_mean": float(targets.mean()),
        "target_variance": float(targets.var()),
        "mean_face_mse": metrics.mse(complete, mean),
        "mean_face_mse_held_out": held_out_mean_face(complete),
        "mean_face": metrics.mean_face(complete).round(3).tolist(),
    }


def held_out_mean_face(complete: np.ndarray, splits: int = 200) -> dict[str, float]:
    """MSE of the mean face of 80% of the faces (n, 15, 2) on the other 20%.

    lowest and highest over random splits, and for the split that holds out the last rows.
    """

    def score(order: np.ndarray) -> float:
        train, held = np.split(complete[order], [round(0.8 * len(complete))])
        mean = np.broadcast_to(metrics.mean_face(train), held.shape)
        return metrics.mse(held, mean)

    rng = np.random.default_rng(0)
    scores = [score(rng.permutation(len(complete))) for _ in range(splits)]
    last = score(np.arange(len(complete)))
    return {"lowest": min(scores), "highest": max(scores), "last_rows": last}


def tilt(points: np.ndarray) -> np.ndarray:
    """Slope of the line between the eye centres: (n,) degrees, NaN where one is not labelled.

    points: (n, 15, 2) pixels. Anticlockwise as seen is positive, as in `augment.rotation`: turning
    a face by a degrees adds a.
    """
    left = points[:, faces.INDEX["left_eye_center"]]
    across = np.asarray(left, np.float64) - points[:, faces.INDEX["right_eye_center"]]
    return np.degrees(np.arctan2(-across[:, 1], across[:, 0]))


def brightness(images: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mean grey value in the box around a face's labelled keypoints: (n,), 0..255.

    images: (n, 96, 96) uint8; points: (n, 15, 2) pixels. The background does not count.
    """
    first = np.clip(np.floor(np.nanmin(points, axis=1)), 0, faces.SIDE - 1).astype(int)
    last = np.clip(np.ceil(np.nanmax(points, axis=1)), 0, faces.SIDE - 1).astype(int)
    boxes = zip(images, first, last, strict=True)
    return np.array([image[y : v + 1, x : u + 1].mean() for image, (x, y), (u, v) in boxes])


def interval(values: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the faces and its 95% interval for new groups: mean, low, high.

    values: (n,) or (n, k), NaN = does not count; groups: (n,) int. Each answer has shape () or
    (k,). The variance of the mean comes from the sums of the deviations in each group, and
    Student's t with groups - 1 degrees of freedom widens it when groups are few. With a group of
    its own for each face it is the usual interval. NaN where fewer than two groups count.
    """
    values = np.asarray(values, np.float64)
    counts = np.isfinite(values)
    n = counts.sum(axis=0)
    with np.errstate(invalid="ignore"):  # nothing to count: NaN
        mean = np.where(counts, values, 0).sum(axis=0) / n
    order = np.argsort(groups, kind="stable")
    _, first = np.unique(np.asarray(groups)[order], return_index=True)
    deviations = np.add.reduceat(np.where(counts, values - mean, 0)[order], first)
    faces_in = np.add.reduceat(counts[order], first, dtype=int)
    many = (faces_in > 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(many / (many - 1) * (deviations**2).sum(axis=0)) / n
    reach = error * scipy.stats.t.ppf(0.975, many - 1)
    return mean, mean - reach, mean + reach
