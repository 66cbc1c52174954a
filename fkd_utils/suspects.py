"""Finds labels that are improbable for a face, without its picture, and says why in words."""

import numpy as np

from fkd_utils import keypoints

UNUSUAL = 4.4  # standard deviations, averaged over a row's coordinates
AWAY = 12.0  # standard deviations of one point from where the row's other points put it
_FEWEST = 200  # rows; with fewer there is nothing to compare with
_MOUTH = [k for k, name in enumerate(keypoints.KEYPOINTS) if name.startswith("mouth")]
_FOUR = np.isin(keypoints.KEYPOINTS, keypoints.FOUR_POINTS)


def by_rule(points: np.ndarray) -> dict[int, str]:
    """Rows that contradict themselves: left and right swapped, mouth on the nose, one place twice.

    points: (n, 15, 2) float, pixels. Returns a reason by row.
    """
    index, reasons = keypoints.INDEX, {}
    left, right = points[:, index["left_eye_center"]], points[:, index["right_eye_center"]]
    lip, nose = points[:, index["mouth_center_bottom_lip"]], points[:, index["nose_tip"]]
    across, low = left - right, np.where(np.isfinite(lip), lip, nose) - (left + right) / 2
    # Comparisons with NaN, where a point is missing, are false.
    for row in np.flatnonzero(across[:, 0] * low[:, 1] <= across[:, 1] * low[:, 0]):
        reasons[int(row)] = "left and right are swapped, or the eyes lie below the mouth"
    below = points[:, _MOUTH].mean(axis=1) - nose
    height = across[:, 0] * below[:, 1] - across[:, 1] * below[:, 0]
    for row in np.flatnonzero(height <= 0.03 * (across**2).sum(axis=1)):
        reasons.setdefault(int(row), "the mouth does not lie below the nose")
    for row, face in enumerate(points):
        known = face[np.isfinite(face).all(axis=1)]
        if len(np.unique(known, axis=0)) < len(known):
            reasons.setdefault(row, "two keypoints lie in exactly the same place")
    return reasons


def by_shape(points: np.ndarray) -> dict[int, str]:
    """Rows whose points lie far from where faces have them, or one point from the others.

    points: (n, 15, 2) float, pixels. Rows with only the four points of the second labeller are
    compared among themselves, the others with the complete rows; each time by a normal
    distribution fitted without the most unusual tenth. Returns a reason by row.
    """
    known = np.isfinite(points).all(axis=2)
    second = ~known[:, ~_FOUR].any(axis=1)
    reasons: dict[int, str] = {}
    for rows, model in ((~second, np.ones(len(_FOUR), bool)), (second, _FOUR)):
        typical = points[rows & (known == model).all(axis=1)][:, model]
        if len(typical) < _FEWEST:
            continue
        mean, covariance = _fit(typical.reshape(len(typical), -1))
        for row in np.flatnonzero(rows & known.any(axis=1)):
            here = known[row][model]
            reason = _judge(points[row][model], here, mean, covariance, np.flatnonzero(model))
            if reason:
                reasons[int(row)] = reason
    return reasons


def _fit(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (k,) and covariance (k, k) of the nine tenths of (n, k) rows that fit best."""
    keep = np.ones(len(rows), bool)
    ridge = 0.05 * np.eye(rows.shape[1])  # square pixels: labels are no more exact than that
    for _ in range(10):
        mean, covariance = rows[keep].mean(axis=0), np.cov(rows[keep].T) + ridge
        away = rows - mean
        square = (away @ np.linalg.inv(covariance) * away).sum(axis=1)
        keep = square <= np.quantile(square, 0.9)
    # Scaled so that the middle row is as far away as in a normal distribution (Wilson-Hilferty).
    size = rows.shape[1]
    return mean, covariance * np.median(square) / (size * (1 - 2 / (9 * size)) ** 3)


def _judge(
    face: np.ndarray,
    here: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    names: np.ndarray,
) -> str:
    """Why a face (m, 2) with known points `here` (m,) is unusual; "" when it is not."""
    use = np.repeat(here, 2)
    precision = np.linalg.inv(covariance[np.ix_(use, use)])
    away = face.ravel()[use] - mean[use]
    pull = precision @ away
    spread = float(np.sqrt(away @ pull / len(away)))
    # Given the others, point k is normal with this precision block; the rest follows from it.
    blocks = [precision[k : k + 2, k : k + 2] for k in range(0, len(away), 2)]
    pulls = pull.reshape(-1, 2)
    offsets = [np.linalg.solve(block, p) for block, p in zip(blocks, pulls, strict=True)]
    sigmas = [float(np.sqrt(max(o @ p, 0))) for o, p in zip(offsets, pulls, strict=True)]
    worst = int(np.argmax(sigmas))
    name = keypoints.KEYPOINTS[names[np.flatnonzero(here)[worst]]]
    pixels = float(np.linalg.norm(offsets[worst]))
    if spread > UNUSUAL:
        return (
            f"unusual place, size or shape: {spread:.1f} standard deviations on average, "
            f"most of all {name}"
        )
    if len(offsets) > 1 and sigmas[worst] > AWAY:
        return f"{name} is {pixels:.0f} px from where the other points put it"
    return ""
