"""Studies of several trainings, stored row by row: what is there is not trained again."""

import collections.abc
import pathlib

import pandas as pd

from fkd_utils import files


def table(
    path: pathlib.Path,
    runs: collections.abc.Iterable[dict],
    rows_of: collections.abc.Callable[..., pd.DataFrame | list[dict]],
    profile: str,
) -> pd.DataFrame | None:
    """The rows of a study's file; with the profile paper, runs that are missing are made first.

    A run is a dict of settings: its rows are `rows_of(**run)` with the settings as columns beside
    them. The file is written after every run, so a stopped study goes on where it was. None, and
    a line that says so, when nobody has run the study.
    """
    rows = pd.read_csv(path) if path.exists() else None
    for run in runs if profile == "paper" else ():
        if rows is not None and (rows[list(run)] == pd.Series(run)).all(axis=1).any():
            continue
        fresh = pd.DataFrame(rows_of(**run)).assign(**run)
        rows = fresh if rows is None else pd.concat([rows, fresh], ignore_index=True)
        with files.replacing(path) as aside:
            rows.to_csv(aside, index=False, float_format="%.7g")
    if rows is None:
        print(f"the study {path.name} has not been run yet; the profile paper runs it")
    return rows
