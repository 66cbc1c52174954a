"""When a claim holds: one rule for all comparisons. Chapter 19 says it in words.

Whatever is claimed is a ratio: of two errors, two times, two counts. `verdict` asks only where its
interval lies. Intervals are 95%, on the logarithm; half their width is a reach.
"""

import collections.abc
import dataclasses
import math

import numpy as np
import pandas as pd
import scipy

from fkd_utils.evaluation import statistics

VERDICTS = ("holds", "fails", "no difference that matters", "not settled", "not tested")
MATTERS = 1.05  # the smallest difference that matters: a twentieth


def verdict(
    low: float, high: float, claimed: str, matters: float, seeds: int, differs: str = ""
) -> str:
    """One of VERDICTS, for a ratio that lies between low and high.

    claimed: "< 1" or "> 1", a side, or "= 0.5", a size; a size is met within a factor `matters`.
    seeds: trainings behind the ratio, 0 where nothing was trained. differs: what is not as in the
    study, its data, network, regime or machine.
    """
    side, number = claimed.split()
    if differs:
        return "not tested"
    if seeds == 1:
        return "not settled"
    from_, to = float(number) / matters, float(number) * matters
    inside = from_ <= low and high <= to
    if side == "=":
        return "holds" if inside else "fails" if high < from_ or low > to else "not settled"
    if inside:
        return "no difference that matters"
    if high < float(number):
        return "holds" if side == "<" else "fails"
    if low > float(number):
        return "holds" if side == ">" else "fails"
    return "not settled"


@dataclasses.dataclass(frozen=True)
class Measured:
    """A ratio with its interval.

    seeds: trainings, groups: of faces, 0 where there are none; spread: standard deviation of the
    logarithm from seed to seed; by_faces: the reach that other faces alone would have.
    """

    ratio: float
    low: float
    high: float
    seeds: int = 0
    groups: int = 0
    spread: float = 0.0
    by_faces: float = 0.0


def of_faces(above: np.ndarray, below: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """The ratio of two mean errors and its reach over faces, by group.

    above, below: (n,) by face, NaN = does not count; groups: (n,) int.
    """
    means = [np.nanmean(errors) for errors in (above, below)]
    shares = [
        np.where(np.isfinite(errors), errors / mean - 1, 0) / np.isfinite(errors).mean()
        for errors, mean in zip((above, below), means, strict=True)
    ]
    middle, _, high = statistics.interval(shares[0] - shares[1], groups)
    return float(means[0] / means[1]), float(high - middle)


def of_seeds(
    ratios: np.ndarray, by_faces: float = 0.0, groups: int = 0, spread: float = 0.0
) -> Measured:
    """The mean of ratios, one a seed; the reaches over seeds and over faces add as squares.

    spread: what to plan with where there is one seed, whose interval is that over faces.
    """
    logs, seeds = np.log(np.asarray(ratios, float)), len(ratios)
    if seeds > 1:
        spread = float(logs.std(ddof=1))
    reach = math.hypot(seed_reach(spread, seeds) if seeds > 1 else 0.0, by_faces)
    ends = np.exp([logs.mean(), logs.mean() - reach, logs.mean() + reach])
    return Measured(*map(float, ends), seeds, groups, spread, by_faces)


def seed_reach(spread: float, seeds: int) -> float:
    """The reach of a mean over seeds; spread: their standard deviation, on the logarithm."""
    return scipy.stats.t.ppf(0.975, seeds - 1) * spread / math.sqrt(seeds)


@dataclasses.dataclass(frozen=True)
class Change:
    """What a change did, as ratios of errors (1: nothing).

    by_seed: one ratio a seed; interval: of their mean, 95%; full: at full length, None where there
    is none; thesis: the study's.
    """

    by_seed: collections.abc.Sequence[float]
    interval: tuple[float, float]
    full: float | None
    thesis: float


def change(changed: pd.Series, plain: pd.Series, full: float | None, thesis: float) -> Change:
    """A row of `plots.changes_figure`.

    changed, plain: errors by seed; full, thesis: one run's ratio.
    """
    found = of_seeds(changed / plain)
    return Change(changed / plain, (found.low, found.high), full, thesis)


def by_seeds(changed: np.ndarray, plain: np.ndarray) -> tuple[str, str]:
    """A ratio of errors over seeds with its interval, in words, and the verdict on "it is below 1".

    changed, plain: errors (seeds,), the same seeds in the same order. The verdict is that of the
    interval as it is shown.
    """
    found = of_seeds(np.asarray(changed, float) / np.asarray(plain, float))
    mean, low, high = (round(value, 2) for value in (found.ratio, found.low, found.high))
    text = f"{mean:.2f} times ({low:.2f} to {high:.2f}, {found.seeds} seeds)"
    return text, verdict(low, high, "< 1", MATTERS, found.seeds)
