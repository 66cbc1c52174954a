"""Labels that are probably wrong, told by the other labels of a row and by the picture."""

import dataclasses

import cv2
import numpy as np

from fkd_utils import faces

FEWEST = 200  # faces; with fewer there is nothing to learn from, or to compare with
UNUSUAL = 4.4  # standard deviations, averaged over a row's coordinates
AWAY = 12.0  # standard deviations of one point from where the row's other points put it
_FOLDS = 5
_RIDGE = 10.0
_CROP = 48  # pixels
_FOUR = np.isin(faces.KEYPOINTS, faces.FOUR_POINTS)
_MOUTH = [k for k, name in enumerate(faces.KEYPOINTS) if name.startswith("mouth")]


@dataclasses.dataclass(frozen=True)
class Scores:
    """How labels and picture go together, (n,) float64 each, NaN where there is too little to say.

    pixels: mean distance of the labels from where a model puts them. away: the same in units of
    what is usual for each point. looks: about 1 when the picture cut out around the labels
    looks like a face, about -1 when it looks like one cut out around another face's labels.
    """

    pixels: np.ndarray
    away: np.ndarray
    looks: np.ndarray


def score(images: np.ndarray, points: np.ndarray, groups: np.ndarray) -> Scores:
    """Judge each row by models that learnt from rows of other groups only.

    images: (n, 96, 96) uint8; points: (n, 15, 2) float, pixels; groups: (n,) int. Features are
    the gradient histograms of Dalal and Triggs (2005), models are ridge regressions.
    """
    points = np.asarray(points, np.float64)
    if len(points) < FEWEST:
        nothing = np.full(len(points), np.nan)
        return Scores(nothing, nothing, nothing)
    folds = _fold_of_each(groups)
    return Scores(*_distances(images, points, folds), _looks(images, points, folds))


def _distances(
    images: np.ndarray, points: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`Scores.pixels` and `Scores.away`; each labeller's rows have a model of their own."""
    known = np.isfinite(points).all(axis=2)
    second = ~known[:, ~_FOUR].any(axis=1)
    features = _histograms(images, faces.SIDE, cell=16)
    pixels, ratio = np.full((2, len(points)), np.nan)
    for rows, model in ((~second, np.ones_like(_FOUR)), (second, _FOUR)):
        learn = rows & known[:, model].all(axis=1)
        if learn.sum() < FEWEST:
            continue
        goal = points[:, model]
        found = _from_others(features, goal.reshape(len(goal), -1), learn, rows, folds)
        away = np.linalg.norm(found.reshape(goal.shape) - goal, axis=2)
        some = np.isfinite(away).any(axis=1)
        pixels[some] = np.nanmean(away[some], axis=1)
        ratio[some] = np.nanmean(away[some] / np.nanmedian(away[learn], axis=0), axis=1)
    return pixels, ratio


def _looks(images: np.ndarray, points: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """`Scores.looks`: faces cut out by their own labels against those cut out by other labels."""
    known = np.isfinite(points).all(axis=2)
    reference = _reference(points)
    looks = np.full(len(points), np.nan)
    can = np.flatnonzero((known & np.isfinite(reference[:, 0])).sum(axis=1) >= 2)
    if not len(can):
        return looks
    others = np.random.default_rng(0).permutation(can)
    own = _histograms(_cut(images[can], points[can], reference), _CROP, cell=8)
    foreign = _histograms(_cut(images[can], points[others], reference), _CROP, cell=8)
    features = np.concatenate([own, foreign])
    answers = np.repeat([1.0, -1.0], len(can))[:, np.newaxis]
    gaps = np.linalg.norm(points[others] - points[can], axis=2)
    both = np.isfinite(gaps)
    apart = np.where(both, gaps, 0).sum(axis=1) > 5 * both.sum(axis=1)  # 5 pixels on average
    learn = np.concatenate([np.ones(len(can), bool), apart])
    asked = np.arange(len(features)) < len(can)
    found = _from_others(features, answers, learn, asked, np.tile(folds[can], 2))
    looks[can] = found[: len(can), 0]
    return looks


def _reference(points: np.ndarray) -> np.ndarray:
    """(15, 2) middle positions of the points in a cut-out; NaN for points nobody labels."""
    four = np.full((len(_FOUR), 2), np.nan)
    places = ((0.69, 0.33), (0.31, 0.33), (0.5, 0.58), (0.5, 0.8))
    for name, place in zip(faces.FOUR_POINTS, places, strict=True):
        four[faces.INDEX[name]] = np.multiply(place, _CROP)
    moves = _moves(points, four)
    placed = np.einsum("nij,npj->npi", moves[:, :, :2], points) + moves[:, np.newaxis, :, 2]
    seen = np.isfinite(placed).any(axis=0).all(axis=1)
    reference = np.full_like(four, np.nan)
    reference[seen] = np.nanmedian(placed[:, seen], axis=0)
    return reference


def _moves(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(n, 2, 3): the shift, turn and size that bring points nearest to the reference.

    points: (n, 15, 2) with NaN; points unknown on either side do not count. Least squares; NaN
    with fewer than two points.
    """
    use = np.isfinite(points).all(axis=2) & np.isfinite(reference[:, 0])
    weight = use[:, :, np.newaxis].astype(float)
    here, there = np.where(weight > 0, points, 0), np.where(weight > 0, reference, 0)
    count = np.maximum(weight.sum(axis=1), 1)
    from_, to = here.sum(axis=1) / count, there.sum(axis=1) / count
    here, there = (here - from_[:, np.newaxis]) * weight, (there - to[:, np.newaxis]) * weight
    square = (here**2).sum(axis=(1, 2))
    square[square == 0] = np.nan
    cos = (here * there).sum(axis=(1, 2)) / square
    sin = (here[..., 0] * there[..., 1] - here[..., 1] * there[..., 0]).sum(axis=1) / square
    turn = np.stack([np.stack([cos, -sin], axis=1), np.stack([sin, cos], axis=1)], axis=1)
    shift = to - np.einsum("nij,nj->ni", turn, from_)
    return np.concatenate([turn, shift[:, :, np.newaxis]], axis=2)


def _cut(images: np.ndarray, points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(n, 48, 48) uint8: the pictures moved so that the points come to lie on the reference."""
    moves = np.nan_to_num(_moves(points, reference))
    size, how, border = (_CROP, _CROP), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    pairs = zip(images, moves, strict=True)
    return np.stack([cv2.warpAffine(i, m, size, None, how, border) for i, m in pairs])


def _histograms(images: np.ndarray, side: int, cell: int) -> np.ndarray:
    """(n, 901) float32: 9 directions in overlapping blocks of 2 x 2 cells, and a 1."""
    hog = cv2.HOGDescriptor((side, side), (2 * cell, 2 * cell), (cell, cell), (cell, cell), 9)
    rows = [hog.compute(np.ascontiguousarray(image)).ravel() for image in images]
    return np.pad(np.stack(rows), ((0, 0), (0, 1)), constant_values=1)


def _fold_of_each(groups: np.ndarray) -> np.ndarray:
    """(n,) int from 0 to 4; a group is in one fold. Few groups are dealt out row by row."""
    names, place = np.unique(groups, return_inverse=True)
    if len(names) < 2 * _FOLDS:
        place = np.arange(len(groups))
    order = np.random.default_rng(0).permutation(place.max() + 1)
    return order[place] % _FOLDS


def _from_others(
    features: np.ndarray,
    targets: np.ndarray,
    learn: np.ndarray,
    asked: np.ndarray,
    folds: np.ndarray,
) -> np.ndarray:
    """Ridge regression for the rows `asked`, each from the rows `learn` of the other folds.

    features: (n, k), targets: (n, m), the others (n,). Returns (n, m) float64, NaN elsewhere.
    """
    parts = [learn & (folds == fold) for fold in range(_FOLDS)]
    squares = np.stack([features[part].T @ features[part] for part in parts]).astype(np.float64)
    products = np.stack([features[part].T @ targets[part] for part in parts])
    penalty = np.full(features.shape[1], _RIDGE)
    penalty[-1] = 0  # the last feature, the 1, goes free
    found = np.full(targets.shape, np.nan)
    for fold in range(_FOLDS):
        held = asked & (folds == fold)
        rest = squares.sum(axis=0) - squares[fold] + np.diag(penalty)
        if learn.sum() - parts[fold].sum() >= FEWEST // 2:
            weights = np.linalg.solve(rest, products.sum(axis=0) - products[fold])
            found[held] = features[held] @ weights
    return found


def by_rule(points: np.ndarray) -> dict[int, str]:
    """Rows that contradict themselves: left and right swapped, mouth on the nose, one place twice.

    points: (n, 15, 2) float, pixels. Returns a reason by row.
    """
    index, reasons = faces.INDEX, {}
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
        if len(typical) < FEWEST:
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
        name, pixels = faces.KEYPOINTS[names[worst]], np.linalg.norm(offset[row, worst])
        reasons[int(row)] = (
            f"unusual place, size or shape: {spread[row]:.1f} standard deviations on average, "
            f"most of all {name}"
            if spread[row] > UNUSUAL
            else f"{name} is {pixels:.0f} px from where the other points put it"
        )
    return reasons
