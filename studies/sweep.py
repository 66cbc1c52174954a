"""`training.sweep` on all cores, or on several machines, with Dask (chapter 13)."""

import asyncio
import collections
import collections.abc
import logging
import threading
import typing

import dask
import distributed
import pandas as pd

from fkd_utils.evaluation import timing
from fkd_utils.files import InputError
from fkd_utils.training import sweep

HERE, LOCAL = "here", "local"  # what `scheduler` can be, apart from an address
CONNECT_SECONDS = 10  # how long an address may take to answer
_ONE_AT_A_TIME = threading.Lock()


def run_all(work: sweep.Work, jobs: sweep.Jobs, scheduler: str) -> pd.DataFrame:
    """Call `work(**arguments)` for every job; the table of `training.sweep.run_all`.

    scheduler: "here" for one after the other in this process; "local" for a Dask cluster of
    processes on this machine; else the address of a Dask scheduler, such as
    "tcp://10.0.0.5:8786", whose workers have the same course and the same faces. A script that
    says "local" needs its `if __name__ == "__main__":`, since every process imports it.
    Raises InputError when no scheduler answers.
    """
    if scheduler == HERE:
        return sweep.run_all(work, jobs)
    with _client(scheduler) as client:
        return sweep.table(jobs, _spread(client, work, jobs))


def _timed(work: sweep.Work, arguments: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """`training.sweep.timed` on a worker."""
    # A worker with several threads would mix the random numbers of several trainings.
    with _ONE_AT_A_TIME:
        return sweep.timed(work, arguments)


def _spread(
    client: distributed.Client, work: sweep.Work, jobs: sweep.Jobs
) -> collections.abc.Iterator[tuple[str, dict[str, typing.Any]]]:
    """Answers as they come in. No job is handed in before a worker is free for it: one that waited
    behind a job that kills its process would be lost with it.
    """
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
            answer = {"seconds": float("nan"), "error": sweep.described(reason)}
        yield running.pop(future.key), answer
        hand_in()


def _client(scheduler: str) -> distributed.Client:
    """A Dask client; closing it closes the cluster that was made for it."""
    if scheduler != LOCAL:
        try:
            return distributed.Client(scheduler, timeout=CONNECT_SECONDS)
        # A timeout is an OSError, a bad address a ValueError.
        except (OSError, ValueError) as error:
            raise InputError(
                f"scheduler {scheduler!r}: no answer ({sweep.described(error)}); "
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
