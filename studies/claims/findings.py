"""A claim of a study, and ratios from stored trainings and studies, with their seeds and faces.

Trainings go by the names of the rows of Tables 4.1 and 4.4. Errors are those of test faces, which
chose nothing: real faces, grouped split, the epoch with the lowest validation error.
"""

import collections.abc
import dataclasses
import math
import typing

import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.evaluation import verdicts
from fkd_utils.training import results, thesis_runs

TABLES = {"table_4_1": thesis_runs.TABLE_4_1, "table_4_4": thesis_runs.TABLE_4_4}
Measure = collections.abc.Callable[[pd.DataFrame], pd.Series]
COUNT = 1.0  # the smallest difference that matters between two counts: any


class Found(typing.NamedTuple):
    """What was measured, None where nothing was, and the stored files that it comes from."""

    measured: verdicts.Measured | None
    stored: str = ""


def nothing() -> Found:
    """For what cannot be measured here."""
    return Found(None)


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a study that can be right or wrong.

    place, quote: where it stands, and in which words; claim: in ours; theirs: the study's number.
    ratio: of what to what; claimed, matters: see `verdicts.verdict`; figure: the course's figure
    or table that shows it; find: computes the ratio from data/published. differs: which of data,
    network, regime and machine is not the study's, and how.
    """

    study: str
    place: str
    quote: str
    claim: str
    theirs: str
    ratio: str
    claimed: str
    figure: str
    find: collections.abc.Callable[[], Found]
    differs: str = ""
    matters: float = verdicts.MATTERS

    def row(self) -> dict[str, str]:
        """A row of claims.csv. Its verdict is that of the interval as it is written."""
        differs = self.differs
        try:
            ours, stored = self.find()
        except FileNotFoundError:
            ours, stored, differs = None, "", differs or "regime: its run is not stored yet"
        numbers = (ours.ratio, ours.low, ours.high) if ours else (float("nan"),) * 3
        middle, low, high = ("" if n != n else f"{n:.3g}" for n in numbers)
        seeds, groups = (ours.seeds, ours.groups) if ours else (0, 0)
        verdict = verdicts.verdict(
            float(low or "nan"), float(high or "nan"), self.claimed, self.matters, seeds, differs
        )
        needs = ""
        if verdict == "not settled":
            needs = needed(ours, self.claimed, self.matters)
        return {
            "study": self.study, "place": self.place, "quote": self.quote, "claim": self.claim,
            "theirs": self.theirs, "ratio": self.ratio, "claimed": self.claimed, "ours": middle,
            "low": low, "high": high, "matters": f"{self.matters:g}", "seeds": str(seeds),
            "groups": str(groups), "differs": differs, "verdict": verdict, "needs": needs,
            "figure": self.figure, "stored": stored,
        }  # fmt: skip


def needed(found: verdicts.Measured, claimed: str, matters: float) -> str:
    """What would settle an open ratio if it stays where it is: how many seeds, or what else."""
    if not found.seeds:
        return "what the study leaves open"
    side, number = claimed.split()
    away, width = math.log(found.ratio / float(number)), math.log(matters)
    room = abs(abs(away) - width) if side == "=" else max(abs(away), width - abs(away))
    for seeds in range(2, 101):
        if math.hypot(verdicts.seed_reach(found.spread, seeds), found.by_faces) < room:
            return f"{seeds} seeds"
    return "more faces" if found.by_faces >= room else "over 100 seeds"


def exactly(low: float, high: float | None = None) -> verdicts.Measured:
    """What is counted and not trained; low and high: where a study leaves something open."""
    high = low if high is None else high
    return verdicts.Measured(math.sqrt(low * high), low, high)


def run(row: str) -> results.Stored:
    """The published run of a row; raises FileNotFoundError where there is none."""
    return results.published(results.folder_of(row))


def _test_mse(lines: pd.DataFrame) -> pd.Series:
    return lines.test_mse


def _gap(lines: pd.DataFrame) -> pd.Series:
    return lines.validation_mse / lines.training_mse


def errors(new: str, old: str) -> Found:
    """Test MSE of one row to another's, on the same faces."""
    runs = run(new), run(old)
    by_face = (one.face_mse("test") for one in runs)
    return _over_seeds((new, old), _test_mse, *by_face, runs[0].groups("test"))


def gap(*rows: str) -> Found:
    """Validation to training MSE of a row at its best epoch; of two rows, the ratio of the two."""
    runs = [run(row) for row in rows]
    by_face = [one.face_mse("validation") / one.metrics["training_mse"] for one in runs]
    alone = np.ones_like(by_face[0])
    return _over_seeds(rows, _gap, *[*by_face, alone][:2], runs[0].groups("validation"))


def _over_seeds(
    rows: collections.abc.Sequence[str],
    measure: Measure,
    new: np.ndarray,
    old: np.ndarray,
    groups: np.ndarray,
) -> Found:
    """A ratio over the seeds that count, else of the full-length runs: one seed.

    A shorter training counts where the full-length one found its best epoch within that length.
    new, old: by face, of the full-length runs.
    """
    stored = ", ".join(map(results.folder_of, rows))
    alone, by_faces = verdicts.of_faces(new, old, groups)
    best = max(run(row).metrics["best_epoch"] for row in rows)
    for name in TABLES:
        lines = results.table(f"seeds/{name}")
        if set(rows) <= set(lines.model) and best <= lines.epochs.min():
            values = measure(lines).groupby([lines.seed, lines.model]).first().unstack()
            ratios = values[rows[0]] / (values[rows[1]] if len(rows) > 1 else 1)
            measured = verdicts.of_seeds(ratios, by_faces, len(set(groups)))
            return Found(measured, f"seeds/{name}.csv, {stored}")
    return one_seed(alone, stored, by_faces, len(set(groups)), len(rows) ** 0.5 * spread(measure))


def spread(measure: Measure = _test_mse) -> float:
    """The widest standard deviation of a logarithm over the seeds of a stored network."""
    tables = [results.table(f"seeds/{name}") for name in TABLES]
    return max(np.log(measure(t)).groupby(t.model).std().max() for t in tables)


def one_seed(
    ratio: float, stored: str, by_faces: float = 0.0, groups: int = 0, width: float | None = None
) -> Found:
    """What one training says. It cannot say how far another would be: `spread` plans for that."""
    width = spread() if width is None else width
    return Found(verdicts.of_seeds([ratio], by_faces, groups, width), stored)


def in_study(
    file: str, column: str, value: str, new: object, old: object, where: str = "seed >= 0"
) -> Found:
    """A ratio over the seeds of a study's file: rows whose `column` is `new` to those of `old`."""
    rows = pd.read_csv(files.PUBLISHED / file).query(where)
    by_seed = rows.pivot(index="seed", columns=column, values=value)
    return Found(verdicts.of_seeds(by_seed[new] / by_seed[old]), file)


def points(row: str, harder: str, easier: str) -> Found:
    """Mean distance of one keypoint to another's, on the test faces of a row."""
    far = run(row).distances("test")
    return _within(row, far[:, faces.INDEX[harder]], far[:, faces.INDEX[easier]])


def tilted(row: str) -> Found:
    """The error of faces tilted by more than 10 degrees to that of the others."""
    far, tilt = run(row).distances("test").mean(axis=1), np.abs(run(row).array("test_tilt"))
    return _within(row, np.where(tilt > 10, far, np.nan), np.where(tilt > 10, np.nan, far))


def covered(row: str) -> Found:
    """The error under drawn sunglasses to that under the same drawing over the mouth."""
    over = (run(row).array(f"test_covered_{where}").mean(axis=1) for where in ("eyes", "mouth"))
    return _within(row, *over)


def _within(row: str, above: np.ndarray, below: np.ndarray) -> Found:
    groups = run(row).groups("test")
    ratio, by_faces = verdicts.of_faces(above, below, groups)
    return one_seed(ratio, results.folder_of(row), by_faces, len(set(groups)))
