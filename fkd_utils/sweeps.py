"""Many independent runs: one after the other, on all cores, or on several machines with Dask.

A run that dies is named in the table, and the others finish.
"""

import argparse
import asyncio
import collections.abc
import os
import time
import typing

import pandas as pd

from fkd_utils import progress
from fkd_utils.errors import InputError

HERE, LOCAL = "here", "local"  # what `scheduler` can be, apart from an address

Work = collections.abc.Callable[..., dict[str, typing.Any]]
Jobs = collections.abc.Mapping[str, dict[str, typing.Any]]


def run_all(work: Work, jobs: Jobs, scheduler: str = HERE) -> pd.DataFrame:
    """Call `work(**arguments)` for every job; a table in the order of `jobs`.

    work: gives a dict of values, which become columns. jobs: arguments by name. scheduler: "here"
    for one after the other in this process; "local" for a Dask cluster of processes on this
    machine; else the address of a Dask scheduler, such as "tcp://10.0.0.5:8786", whose workers
    have the same course installed. A script that says "local" needs its
    `if __name__ == "__main__":`, since every process imports it.
    Columns: job, the values, seconds, error (empty when all went well). Raises InputError when
    Dask is asked for and missing, or no scheduler answers.
    """
    if scheduler == HERE:
        return _table((name, _timed(work, arguments)) for name, arguments in jobs.items())
    with _client(scheduler) as client:
        return _table(_gathered(client.submit, work, jobs))


def add_option(parser: argparse.ArgumentParser) -> None:
    """Give a command the option --scheduler, for `run_all`."""
    parser.add_argument(
        "--scheduler",
        default=LOCAL,
        metavar="ADDRESS",
        help="of a Dask scheduler; 'local' (default): processes here; 'here': one after the other",
    )


def _timed(work: Work, arguments: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """The values of one job, its seconds and its error; runs on the worker."""
    started, values, error = time.monotonic(), {}, ""
    try:
        values = dict(work(**arguments))
    except Exception as reason:
        error = _described(reason)
    return values | {"seconds": time.monotonic() - started, "error": error}


def _gathered(
    submit: collections.abc.Callable, work: Work, jobs: Jobs
) -> collections.abc.Iterator[tuple[str, dict[str, typing.Any]]]:
    """Hand in all jobs, then wait for each. submit: of a Dask client or an executor."""
    futures = {name: submit(_timed, work, arguments) for name, arguments in jobs.items()}
    for name, future in futures.items():
        try:
            yield name, future.result()
        # A killed process, a lost connection. Dask's cancelled futures may be asyncio's.
        except (Exception, asyncio.CancelledError) as reason:
            yield name, {"seconds": float("nan"), "error": _described(reason)}


def _table(
    answers: collections.abc.Iterable[tuple[str, dict[str, typing.Any]]],
) -> pd.DataFrame:
    """One row a job, as they come in; seconds and error are the last columns."""
    line, rows = progress.ProgressLine(), []
    for name, values in answers:
        rows.append({"job": name} | values)
        line.update(f"{len(rows)} runs done, last: {name} {values['error']}".rstrip())
    line.clear()
    table = pd.DataFrame(rows, columns=None if rows else ["job", "seconds", "error"])
    last = ["seconds", "error"]
    return table[[column for column in table if column not in last] + last]


def _described(reason: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(reason).__name__}: {reason}".split())


def _client(scheduler: str):
    """A Dask client; closing it closes the cluster that was made for it."""
    try:
        import dask
        import distributed
    except ImportError as error:
        raise InputError(
            f"scheduler {scheduler!r}: the package 'distributed' is missing; "
            "pip install distributed, or use scheduler 'here'"
        ) from error
    if scheduler != LOCAL:
        try:
            return distributed.Client(scheduler, timeout="10s")
        except (
            OSError,
            ValueError,
        ) as error:  # a timeout is an OSError, a bad address a ValueError
            raise InputError(
                f"scheduler {scheduler!r}: no answer ({_described(error)}); "
                "start it with: dask scheduler"
            ) from error
    # A run that kills its process is not tried again, and no other run waits in that process.
    once = {"allowed-failures": 0, "worker-saturation": 1.0}
    dask.config.set({f"distributed.scheduler.{name}": value for name, value in once.items()})
    # TensorFlow spreads one training over about two cores.
    workers = max(1, (os.cpu_count() or 1) // 2)
    return distributed.Client(n_workers=workers, threads_per_worker=1, dashboard_address=None)
