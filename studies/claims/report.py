"""What the five studies claim, and what this course found: data/published/claims.csv.

    python -m studies claims            writes the file anew from the stored results

Our numbers are not typed in. Each claim names what computes its ratio and interval from stored
results; `evaluation.verdicts` has the one rule that makes a verdict of them.
"""

import pathlib

import pandas as pd

from fkd_utils import files
from fkd_utils.training import results
from studies.claims import cascade_dense_transfer, corrections, depth, thesis
from studies.claims.findings import Claim


def every() -> list[Claim]:
    """All claims, in the order of the studies."""
    return thesis.CLAIMS + depth.CLAIMS + cascade_dense_transfer.CLAIMS


def table() -> pd.DataFrame:
    """The claims with what the stored results say: a row each, all text, see `Claim.row`."""
    return pd.DataFrame([told.row() for told in every()])


def write(folder: pathlib.Path | None = None) -> None:
    """Write claims.csv and corrections.csv to data/published or `folder`."""
    for name, content in _fresh().items():
        text = content.to_csv(index=False, lineterminator="\n")
        files.write_text((folder or files.PUBLISHED) / name, text)


def _fresh() -> dict[str, pd.DataFrame]:
    return {"claims.csv": table(), "corrections.csv": corrections.table()}


def problems(folder: pathlib.Path | None = None) -> list[str]:
    """Which of the two files are not what the stored results say."""
    return [
        f"{name}: not what the stored results say; run python -m studies claims, see git diff"
        for name, fresh in _fresh().items()
        if not fresh.equals(results.report(name, folder))
    ]
