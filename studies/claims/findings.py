"""Ratios from stored trainings and studies, each with its seeds and its faces.

Trainings go by the names of the rows of Tables 4.1 and 4.4. Errors are those of test faces, which
chose nothing: real faces, grouped split, the epoch with the lowest validation error.
"""

import collections.abc

import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.evaluation import verdicts
from fkd_utils.training import results, thesis_runs
from studies.claims.claim import Found

TABLES = {"table_4_1": thesis_runs.TABLE_4_1, "table_4_4": thesis_runs.TABLE_4_4}
Measure = collections.abc.Callable[[pd.DataFrame], pd.Series]


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
        lines = results.seeds(name)
        if set(rows) <= set(lines.model) and best <= lines.epochs.min():
            values = measure(lines).groupby([lines.seed, lines.model]).first().unstack()
            ratios = values[rows[0]] / (values[rows[1]] if len(rows) > 1 else 1)
            measured = verdicts.of_seeds(ratios, by_faces, len(set(groups)))
            return Found(measured, f"seeds/{name}.csv, {stored}")
    return one_seed(alone, stored, by_faces, len(set(groups)), len(rows) ** 0.5 * spread(measure))


def spread(measure: Measure = _test_mse) -> float:
    """The widest standard deviation of a logarithm over the seeds of a stored network."""
    tables = [results.seeds(name) for name in TABLES]
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
