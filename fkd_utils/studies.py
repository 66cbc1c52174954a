"""Studies of several trainings, stored row by row: what is there is not trained again."""

import collections.abc
import pathlib

import filelock
import pandas as pd

from fkd_utils import files
from fkd_utils.errors import InputError

FORMAT = "%.7g"  # of the numbers in a study's file


def table(
    path: pathlib.Path,
    runs: collections.abc.Iterable[dict],
    rows_of: collections.abc.Callable[..., pd.DataFrame | list[dict]],
    profile: str,
) -> pd.DataFrame | None:
    """The rows of a study's file; with the profile paper, runs that are missing are made first.

    A run is a dict of settings: its rows are `rows_of(**run)` with the settings as columns beside
    them. The file is written after every run, so a stopped study goes on where it was, and several
    processes may run it at once. None, and a line that says so, when nobody has run the study.
    Raises InputError for a setting that a csv file cannot hold.
    """
    for run in runs if profile == "paper" else ():
        missing = [name for name, value in run.items() if pd.isna(value)]
        if missing:  # read back it would equal nothing, and the run be made again and again
            raise InputError(f"{path.name}: the setting {missing[0]!r} is None; give it a word")
        if not _holds(_read(path), run):
            _add(path, run, pd.DataFrame(rows_of(**run)).assign(**run))
    rows = _read(path)
    if rows is None:
        print(f"the study {path.name} has not been run yet; the profile paper runs it")
    return rows


def _read(path: pathlib.Path) -> pd.DataFrame | None:
    return pd.read_csv(path) if path.exists() else None


def _holds(rows: pd.DataFrame | None, run: dict) -> bool:
    """Whether some rows have these settings, as they are read back from the file."""
    if rows is None:
        return False
    kept = {name: float(FORMAT % v) if isinstance(v, float) else v for name, v in run.items()}
    return bool((rows[list(run)] == pd.Series(kept)).all(axis=1).any())


def _add(path: pathlib.Path, run: dict, fresh: pd.DataFrame) -> None:
    """Write the rows of a run behind those in the file, unless another process was faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_suffix(".lock")):
        rows = _read(path)
        if _holds(rows, run):
            return
        rows = fresh if rows is None else pd.concat([rows, fresh], ignore_index=True)
        with files.replacing(path) as aside:
            rows.to_csv(aside, index=False, float_format=FORMAT)
