"""Studies of several trainings, stored row by row: what is there is not trained again."""

import collections.abc
import pathlib

import pandas as pd

from fkd_utils import files


def stored(path: pathlib.Path) -> pd.DataFrame | None:
    """The rows of a study's file; None when nobody has run the study."""
    return pd.read_csv(path) if path.exists() else None


def completed(
    path: pathlib.Path,
    runs: collections.abc.Iterable[dict],
    rows_of: collections.abc.Callable[..., pd.DataFrame | list[dict]],
) -> pd.DataFrame | None:
    """The rows of a study, after the runs that are missing from its file have been made.

    A run is a dict of settings: its rows are `rows_of(**run)` with the settings as columns beside
    them. The file is written after every run, so a stopped study goes on where it was. None when it
    has no rows yet.
    """
    table = stored(path)
    for run in runs:
        if table is not None and (table[list(run)] == pd.Series(run)).all(axis=1).any():
            continue
        fresh = pd.DataFrame(rows_of(**run)).assign(**run)
        table = fresh if table is None else pd.concat([table, fresh], ignore_index=True)
        with files.replacing(path) as aside:
            table.to_csv(aside, index=False, float_format="%.7g")
    return stored(path)
