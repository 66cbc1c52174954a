"""How far off a predicted point probably is, from the width of its heat map (chapter 18).

A heat map that is spread out says that the network is not sure. How many pixels a spread is worth
is read off faces that taught it nothing: the validation part.
"""

import dataclasses

import numpy as np

from fkd_utils.files import InputError


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Knots of a rising line from a heat map's spread to the distance to expect, both in pixels."""

    spread: tuple[float, ...]
    distance: tuple[float, ...]

    def expected(self, spread: np.ndarray) -> np.ndarray:
        """The distance to expect for spreads of any shape, pixels; level beyond the last knots."""
        return np.interp(spread, self.spread, self.distance)


def calibrate(spread: np.ndarray, distance: np.ndarray, knots: int = 10) -> Calibration:
    """Learn the line from points whose distance is known.

    spread, distance: the same shape, pixels, NaN = does not count. The points are sorted by spread
    and cut into `knots` equal parts, or as many as there are points; a knot is the mean of a part.
    Where a part with the larger spread has the smaller mean distance, neighbours are pooled until
    the line rises (Barlow et al. 1972, pool adjacent violators). Raises InputError when no point
    counts.
    """
    known = np.isfinite(spread) & np.isfinite(distance)
    if not known.any():
        raise InputError("no point has both a spread and a known distance; calibrate on others")
    order = np.argsort(spread[known], kind="stable")
    pairs = np.stack([spread[known], distance[known]])[:, order]
    pieces = np.array_split(pairs, min(knots, len(order)), axis=1)  # none is empty
    pools: list[np.ndarray] = []
    for piece in pieces:
        pools.append(piece)
        while len(pools) > 1 and pools[-1][1].mean() < pools[-2][1].mean():
            pools[-2:] = [np.concatenate(pools[-2:], axis=1)]
    means = np.array([pool.mean(axis=1) for pool in pools])
    return Calibration(tuple(means[:, 0].tolist()), tuple(means[:, 1].tolist()))


def calibrate_each(
    spread: np.ndarray, distance: np.ndarray, knots: int = 5
) -> tuple[Calibration, ...]:
    """A line of its own for each keypoint; spread, distance: (n, k), pixels.

    Nothing makes a heat map a narrow peak: one keypoint's map may be wide and its mean still
    right. So a spread says more about a face when it is held against the same keypoint's on others.
    """
    return tuple(calibrate(s, d, knots) for s, d in zip(spread.T, distance.T, strict=True))


def expected_each(lines: tuple[Calibration, ...], spread: np.ndarray) -> np.ndarray:
    """The distances to expect for spreads (n, k), by the line of each keypoint: (n, k), pixels."""
    pairs = zip(lines, spread.T, strict=True)
    return np.stack([line.expected(column) for line, column in pairs], axis=1)


def reliability(
    expected: np.ndarray, found: np.ndarray, bins: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Mean expected and mean found distance of equal shares of points, the surest share first.

    expected, found: the same shape, pixels, NaN = does not count. Returns two arrays (bins,), or
    shorter ones where there are fewer points.
    """
    known = np.isfinite(expected) & np.isfinite(found)
    order = np.argsort(expected[known], kind="stable")
    pairs = np.stack([expected[known], found[known]])[:, order]
    shares = np.array_split(pairs, max(1, min(bins, len(order))), axis=1)  # none is empty
    means = np.array([share.mean(axis=1) for share in shares])
    return means[:, 0], means[:, 1]
