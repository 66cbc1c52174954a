"""Many independent runs, one after the other; `python -m studies sweep` spreads them.

A run that dies is named in the table, and the others finish.
"""

import collections.abc
import time
import typing

import pandas as pd

from fkd_utils import console

Work = collections.abc.Callable[..., dict[str, typing.Any]]
Jobs = collections.abc.Mapping[str, dict[str, typing.Any]]


def run_all(work: Work, jobs: Jobs) -> pd.DataFrame:
    """Call `work(**arguments)` for every job; a table in the order of `jobs`.

    work: gives a dict of values, which become columns. jobs: arguments by name.
    Columns: job, the values, seconds, error (empty when all went well).
    """
    return table(jobs, ((name, timed(work, given)) for name, given in jobs.items()))


def timed(work: Work, arguments: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """The values of one job, its seconds and its error."""
    started, values, error = time.monotonic(), {}, ""
    try:
        values = dict(work(**arguments))
    except Exception as reason:
        error = described(reason)
    return values | {"seconds": time.monotonic() - started, "error": error}


def table(
    jobs: Jobs, answers: collections.abc.Iterable[tuple[str, dict[str, typing.Any]]]
) -> pd.DataFrame:
    """One row a job, of answers in any order; seconds and error are the last columns.

    answers: the name of each job and what `timed` says of it, as they come in.
    """
    line, found = console.ProgressLine(), {}
    for name, values in answers:
        found[name] = {"job": name} | values
        line.update(f"{len(found)} of {len(jobs)} runs, last: {name} {values['error']}".rstrip())
    line.clear()
    rows = [found[name] for name in jobs]
    whole = pd.DataFrame(rows, columns=None if rows else ["job", "seconds", "error"])
    last = ["seconds", "error"]
    return whole[[column for column in whole if column not in last] + last]


def described(reason: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(reason).__name__}: {reason}".split())
