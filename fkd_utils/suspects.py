"""Finds labels that are probably wrong, each by its own measure, and says why in words."""

import cv2
import numpy as np

from fkd_utils import keypoints

UNUSUAL = 4.0  # standard deviations, averaged over a row's coordinates
AWAY = 12.0  # standard deviations of one point from where the row's other points put it
MISPLACED = 4.0  # times the usual distance from where the picture puts the points
DISAGREEMENT = 8.0  # pixels, mean distance of two labellings of one picture
FLAT = 2.0  # grey levels of standard deviation below which a picture shows nothing
_FEWEST = 200  # rows; with fewer there is nothing to compare with
_FOLDS = 5
_RIDGE = 10.0
_FOUR = np.isin(keypoints.KEYPOINTS, keypoints.FOUR_POINTS)


def by_rule(points: np.ndarray) -> dict[int, str]:
    """Rows that contradict themselves: left and right swapped, two points in one place.

    points: (n, 15, 2) float, pixels. Returns a reason by row.
    """
    index, reasons = keypoints.INDEX, {}
    left, right = points[:, index["left_eye_center"]], points[:, index["right_eye_center"]]
    lip, nose = points[:, index["mouth_center_bottom_lip"]], points[:, index["nose_tip"]]
    down = np.where(np.isfinite(lip), lip, nose) - (left + right) / 2
    across = left - right
    turn = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]  # NaN where an eye is missing
    for row in np.flatnonzero(turn <= 0):
        reasons[int(row)] = "left and right are swapped, or the eyes lie below the mouth"
    for row, face in enumerate(points):
        known = np.flatnonzero(np.isfinite(face).all(axis=1))
        _, counts = np.unique(face[known], axis=0, return_counts=True)
        if (counts > 1).any() and row not in reasons:
            reasons[row] = "two keypoints lie in exactly the same place"
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


def by_picture(images: np.ndarray, points: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How far a row's points lie from where its picture suggests, in units of what is usual.

    A ridge regression from gradient histograms (Dalal and Triggs 2005) guesses the points of
    each row after learning from rows of other groups. images: (n, 96, 96) uint8; points:
    (n, 15, 2) float, pixels; groups: (n,) int. Returns (n,) float, about 1 for most rows,
    NaN where there are too few rows to learn from.
    """
    known = np.isfinite(points).all(axis=2)
    second = ~known[:, ~_FOUR].any(axis=1)
    scores = np.full(len(points), np.nan)
    if len(points) < _FEWEST:
        return scores
    features = _gradient_histograms(images)
    folds = _fold_of_each(groups)
    for rows, model in ((~second, np.ones(len(_FOUR), bool)), (second, _FOUR)):
        learn = rows & known[:, model].all(axis=1)
        if learn.sum() < _FEWEST:
            continue
        away = np.full((len(points), int(model.sum())), np.nan)
        for fold in range(_FOLDS):
            guess, held = learn & (folds != fold), rows & (folds == fold)
            if guess.sum() < _FEWEST // 2 or not held.any():
                continue
            targets = points[guess][:, model].reshape(int(guess.sum()), -1)
            found = _ridge(features[guess], targets, features[held])
            found = found.reshape(-1, int(model.sum()), 2)
            away[held] = np.linalg.norm(found - points[held][:, model], axis=2)
        labelled = np.isfinite(away)
        some = labelled.any(axis=1)
        if some.any():
            usual = np.nanmedian(away[some], axis=0)
            ratio = np.where(labelled, away / usual, 0)
            scores[some] = ratio[some].sum(axis=1) / labelled[some].sum(axis=1)
    return scores


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


def _gradient_histograms(images: np.ndarray) -> np.ndarray:
    """(n, 901) float64: 9 directions in overlapping 32-pixel blocks of 16-pixel cells, and a 1."""
    hog = cv2.HOGDescriptor((keypoints.SIDE,) * 2, (32, 32), (16, 16), (16, 16), 9)
    rows = [hog.compute(np.ascontiguousarray(image)).ravel() for image in images]
    return np.pad(np.stack(rows).astype(np.float64), ((0, 0), (0, 1)), constant_values=1)


def _fold_of_each(groups: np.ndarray) -> np.ndarray:
    """(n,) int from 0 to 4; a group is in one fold. Few groups are dealt out row by row."""
    names, place = np.unique(groups, return_inverse=True)
    if len(names) < 2 * _FOLDS:
        place = np.arange(len(groups))
    order = np.random.default_rng(0).permutation(place.max() + 1)
    return order[place] % _FOLDS


def _ridge(features: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Fit linear weights with a penalty and apply them to `asked`."""
    square = features.T @ features
    square[np.diag_indices(len(square) - 1)] += _RIDGE  # the last feature, the 1, goes free
    return asked @ np.linalg.solve(square, features.T @ targets)
