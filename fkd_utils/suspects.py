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
        for pattern in np.unique(known[rows & known.any(axis=1)], axis=0):
            alike = np.flatnonzero((known == pattern).all(axis=1))
            use = np.repeat(pattern[model], 2)
            away = points[alike][:, pattern].reshape(len(alike), -1) - mean[use]
            names = np.flatnonzero(pattern)
            for k, reason in _judge(away, covariance[np.ix_(use, use)], names).items():
                reasons[int(alike[k])] = reason
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


def _judge(away: np.ndarray, covariance: np.ndarray, names: np.ndarray) -> dict[int, str]:
    """Why rows are unusual whose m points lie `away`, (n, 2 m), from the mean; by position.

    covariance: (2 m, 2 m), square pixels; names: (m,) which keypoints they are.
    """
    precision = np.linalg.inv(covariance)
    pull = away @ precision
    spread = np.sqrt((away * pull).mean(axis=1))
    # Given a row's other points, point k is normal with block k of the precision as its own:
    # this far from where they put it, in pixels and in standard deviations.
    pull = pull.reshape(len(away), -1, 2)
    blocks = [np.linalg.inv(precision[k : k + 2, k : k + 2]) for k in range(0, len(precision), 2)]
    offset = np.einsum("kij,nkj->nki", np.stack(blocks), pull)
    sigmas = np.sqrt((offset * pull).sum(axis=2))
    reasons = {}
    for row in np.flatnonzero((spread > UNUSUAL) | (sigmas > AWAY).any(axis=1)):
        worst = int(sigmas[row].argmax())
        name, pixels = keypoints.KEYPOINTS[names[worst]], np.linalg.norm(offset[row, worst])
        reasons[int(row)] = (
            f"unusual place, size or shape: {spread[row]:.1f} standard deviations on average, "
            f"most of all {name}"
            if spread[row] > UNUSUAL
            else f"{name} is {pixels:.0f} px from where the other points put it"
        )
    return reasons
