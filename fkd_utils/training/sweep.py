"""Many independent runs: one after the other, on all cores, or on several machines with Dask.

A run that dies is named in the table, and the others finish.
"""

import asyncio
import collections
import collections.abc
import logging
import threading
import time
import typing

import pandas as pd

from fkd_utils import console
from fkd_utils.files import InputError

if typing.TYPE_CHECKING:  # takes a second to load
    import distributed

HERE, LOCAL = "here", "local"  # what `scheduler` can be, apart from an address
CONNECT_SECONDS = 10  # how long an address may take to answer
_ONE_AT_A_TIME = threading.Lock()

Work = collections.abc.Callable[..., dict[str, typing.Any]]
Jobs = collections.abc.Mapping[str, dict[str, typing.Any]]


def run_all(work: Work, jobs: Jobs, scheduler: str = HERE) -> pd.DataFrame:
    """Call `work(**arguments)` for every job; a table in the order of `jobs`.

    work: gives a dict of values, which become columns. jobs: arguments by name. scheduler: "here"
    for one after the other in this process; "local" for a Dask cluster of processes on this
    machine; else the address of a Dask scheduler, such as "tcp://10.0.0.5:8786", whose workers
    have the same course and the same faces. A script that says "local" needs its
    `if __name__ == "__main__":`, since every process imports it.
    Columns: job, the values, seconds, error (empty when all went well). Raises InputError when no
    scheduler answers.
    """
    if scheduler == HERE:
        return _table(jobs, ((name, _timed(work, given)) for name, given in jobs.items()))
    with _client(scheduler) as client:
        return _table(jobs, _spread(client, work, jobs))


def _timed(work: Work, arguments: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """The values of one job, its seconds and its error; runs on the worker."""
    # A worker with several threads would mix the random numbers of several trainings.
    with _ONE_AT_A_TIME:
        started, values, error = time.monotonic(), {}, ""
        try:
            values = dict(work(**arguments))
        except Exception as reason:
            error = _described(reason)
        return values | {"seconds": time.monotonic() - started, "error": error}


def _spread(
    client: "distributed.Client", work: Work, jobs: Jobs
) -> collections.abc.Iterator[tuple[str, dict[str, typing.Any]]]:
    """Answers as they come in. No job is handed in before a worker is free for it: one that waited
    behind a job that kills its process would be lost with it.
    """
    import distributed

    waiting, running = collections.deque(jobs.items()), {}
    finished = distributed.as_completed()

    def hand_in() -> None:
        # Counted anew each time: workers come and go.
        while waiting and len(running) < max(1, sum(client.nthreads().values())):
            name, arguments = waiting.popleft()
            future = client.submit(_timed, work, arguments, pure=False)
            running[future.key] = name
            finished.add(future)

    hand_in()
    for future in finished:
        try:
            answer = future.result()
        # A killed process, a lost connection. Dask's cancelled futures may be asyncio's.
        except (Exception, asyncio.CancelledError) as reason:
            answer = {"seconds": float("nan"), "error": _described(reason)}
        yield running.pop(future.key), answer
        hand_in()


def _table(
    jobs: Jobs, answers: collections.abc.Iterable[tuple[str, dict[str, typing.Any]]]
) -> pd.DataFrame:
    """One row a job; seconds and error are the last columns."""
    line, found = console.ProgressLine(), {}
    for name, values in answers:
        found[name] = {"job": name} | values
        line.update(f"{len(found)} of {len(jobs)} runs, last: {name} {values['error']}".rstrip())
    line.clear()
    rows = [found[name] for name in jobs]
    table = pd.DataFrame(rows, columns=None if rows else ["job", "seconds", "error"])
    last = ["seconds", "error"]
    return table[[column for column in table if column not in last] + last]


def _described(reason: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(reason).__name__}: {reason}".split())


def _client(scheduler: str) -> "distributed.Client":
    """A Dask client; closing it closes the cluster that was made for it."""
    import dask
    import distributed

    from fkd_utils.evaluation import timing

    if scheduler != LOCAL:
        try:
            return distributed.Client(scheduler, timeout=CONNECT_SECONDS)
        # A timeout is an OSError, a bad address a ValueError.
        except (OSError, ValueError) as error:
            raise InputError(
                f"scheduler {scheduler!r}: no answer ({_described(error)}); "
                "start it with: dask scheduler"
            ) from error
    # TensorFlow spreads one training over about two cores.
    workers = max(1, timing.cores() // 2)
    # A job that kills its process is named, not tried again.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        return distributed.Client(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )
