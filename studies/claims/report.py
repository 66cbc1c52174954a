"""What the five studies claim, and what this course found: data/published/claims.csv.

    python -m studies claims            writes the file anew from the stored results

Our numbers are not typed in. Each claim names the study's number and a function that computes
ours, and the verdict, from stored results; `problems` says where the file differs from that.
"""

import pathlib

import pandas as pd

from fkd_utils import files
from fkd_utils.training import results
from studies.claims import cascade, claim, corrections, dense, depth, thesis, transfer


def every() -> list[claim.Claim]:
    """All claims, in the order of the studies."""
    studies = (thesis, depth, cascade, dense, transfer)
    return [told for study in studies for told in study.CLAIMS]


def table() -> pd.DataFrame:
    """The claims with what the stored results say; columns COLUMNS, all text.

    A claim whose result is not stored is "not tested".
    """
    rows = []
    for told in every():
        try:
            found = told.find()
        except FileNotFoundError:
            found = claim.Finding("its run is not stored yet", "not tested", "")
        said = (told.study, told.place, told.claim, told.theirs)
        rows.append((*said, found.ours, found.verdict, told.figure, found.stored))
    return pd.DataFrame(rows, columns=list(claim.COLUMNS))


def write(folder: pathlib.Path | None = None) -> None:
    """Write claims.csv and corrections.csv to data/published or `folder`."""
    for name, content in _fresh().items():
        with files.replacing((folder or files.PUBLISHED) / name) as aside:
            content.to_csv(aside, index=False, lineterminator="\n")


def _fresh() -> dict[str, pd.DataFrame]:
    return {"claims.csv": table(), "corrections.csv": corrections.table()}


def problems(folder: pathlib.Path | None = None) -> list[str]:
    """Which of the two files are not what the stored results say."""
    return [
        f"{name}: not what the stored results say; run python -m studies claims, see git diff"
        for name, fresh in _fresh().items()
        if not fresh.equals(results.report(name, folder))
    ]
