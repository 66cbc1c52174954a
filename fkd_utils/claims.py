"""What the five studies claim, and what this course found: data/published/claims.csv.

    python -m fkd_utils claims          writes the file anew from the stored results

Our numbers are not typed in. Each claim names the study's number and a function that computes
ours, and the verdict, from stored results; `problems` says where the file differs from that.
"""

import collections.abc
import dataclasses
import pathlib
import typing

import numpy as np
import pandas as pd

from fkd_utils import conditions, corrections, files, plots, published

COLUMNS = ("study", "place", "claim", "theirs", "ours", "verdict", "figure", "stored")
VERDICTS = ("holds", "fails", "depends", "not tested")


class Finding(typing.NamedTuple):
    """Our number in words, one of VERDICTS, and the stored files that both come from."""

    ours: str
    verdict: str
    stored: str


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a study that can be right or wrong.

    place: where it stands; theirs: the study's number, with its unit; figure: the course's figure
    or table that shows ours; find: computes ours from data/published.
    """

    study: str
    place: str
    claim: str
    theirs: str
    figure: str
    find: collections.abc.Callable[[], Finding]


def every() -> list[Claim]:
    """All claims, in the order of the studies."""
    # They import this module.
    from fkd_utils import claims_cascade, claims_dense, claims_depth, claims_thesis, claims_transfer

    studies = (claims_thesis, claims_depth, claims_cascade, claims_dense, claims_transfer)
    return [claim for study in studies for claim in study.CLAIMS]


def table() -> pd.DataFrame:
    """The claims with what the stored results say; columns COLUMNS, all text.

    A claim whose result is not stored is "not tested".
    """
    rows = []
    for claim in every():
        try:
            found = claim.find()
        except FileNotFoundError:
            found = Finding("its run is not stored yet", "not tested", "")
        told = (claim.study, claim.place, claim.claim, claim.theirs)
        rows.append((*told, found.ours, found.verdict, claim.figure, found.stored))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def stored(name: str = "claims.csv", folder: pathlib.Path | None = None) -> pd.DataFrame:
    """claims.csv or corrections.csv of data/published (or `folder`), all text."""
    return pd.read_csv((folder or published.FOLDER) / name, dtype=str, keep_default_na=False)


def write(folder: pathlib.Path | None = None) -> None:
    """Write claims.csv and corrections.csv to data/published or `folder`."""
    for name, content in _fresh().items():
        with files.replacing((folder or published.FOLDER) / name) as aside:
            content.to_csv(aside, index=False, lineterminator="\n")


def _fresh() -> dict[str, pd.DataFrame]:
    return {"claims.csv": table(), "corrections.csv": corrections.table()}


def problems(folder: pathlib.Path | None = None) -> list[str]:
    """Where the two files are not what the stored results say; empty when they are up to date."""
    found = []
    for name, fresh in _fresh().items():
        kept = stored(name, folder)
        if list(kept.columns) != list(fresh.columns) or len(kept) != len(fresh):
            found.append(f"{name}: other columns or rows; run python -m fkd_utils claims")
            continue
        for row, column in np.argwhere((kept != fresh).to_numpy()):
            found.append(
                f"{name}, line {row + 2}, column {kept.columns[column]!r}: says "
                f"{kept.iat[row, column]!r}, the stored results say {fresh.iat[row, column]!r}; "
                "run python -m fkd_utils claims"
            )
    return found


def by_seeds(changed: np.ndarray, plain: np.ndarray) -> tuple[str, str]:
    """A ratio of errors over seeds with its 95% interval, in words, and whether it is below 1.

    changed, plain: errors (seeds,), the same seeds in the same order. "depends" is the verdict when
    the interval, rounded as it is shown, holds 1.
    """
    mean, low, high = (round(value, 2) for value in _ratio_interval(changed, plain))
    verdict = "holds" if high < 1 else "fails" if low > 1 else "depends"
    return f"{mean:.2f} times ({low:.2f} to {high:.2f}, {len(changed)} seeds)", verdict


def change(changed: pd.Series, plain: pd.Series, full: float | None, thesis: float) -> plots.Change:
    """A row of `plots.changes_figure`.

    changed, plain: errors by seed; full, thesis: one run's ratio.
    """
    return plots.Change(changed / plain, _ratio_interval(changed, plain)[1:], full, thesis)


def _ratio_interval(changed: np.ndarray, plain: np.ndarray) -> tuple[float, float, float]:
    """Geometric mean of changed/plain over seeds (k,), and its 95% interval: mean, low, high."""
    logs = np.log(np.asarray(changed, float) / np.asarray(plain, float))
    mean, low, high = np.exp(conditions.interval(logs, np.arange(len(logs))))
    return float(mean), float(low), float(high)


def one_run(ratio: float) -> str:
    """The verdict on "the error falls" from one run each: within a tenth it is left open."""
    return "holds" if ratio < 0.9 else "fails" if ratio > 1.1 else "depends"
