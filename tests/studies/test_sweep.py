"""Runs on a cluster; `tests/training/test_sweep.py` has those one after the other."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

import distributed
import pandas as pd
import pytest

from fkd_utils.evaluation import timing
from fkd_utils.files import InputError
from studies import sweep

JOBS = {"four": {"top": 12, "by": 3}, "broken": {"top": 1, "by": 0}, "five": {"top": 10, "by": 2}}


def exit_when_zero(top, by):
    if by == 0:
        os._exit(1)
    return {"quotient": top / by}


def check(table: pd.DataFrame) -> None:
    assert table.columns.tolist() == ["job", "quotient", "seconds", "error"]
    assert table.job.tolist() == list(JOBS)
    assert table.quotient.tolist()[::2] == [4.0, 5.0]
    assert pd.isna(table.quotient[1]) and pd.isna(table.seconds[1])
    assert table.error[0] == table.error[2] == ""
    assert table.error[1].startswith("KilledWorker")


def test_two_threads_of_a_process_do_not_mix_their_runs():
    busy = []

    def work():
        busy.append(1)
        together = len(busy)
        time.sleep(0.05)
        busy.pop()
        return {"together": together}

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(sweep._timed, work, {}) for _ in range(2)]
    assert [answer.result()["together"] for answer in answers] == [1, 1]


def test_on_a_local_cluster_a_run_that_kills_its_process_is_named_and_the_others_finish():
    check(sweep.run_all(exit_when_zero, JOBS, sweep.LOCAL))


@pytest.fixture
def address(tmp_path):
    """A scheduler and two workers, as on other machines: processes that know only its address."""
    file = tmp_path / "scheduler.json"
    known = os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).parent)}
    known |= {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    command = [sys.executable, "-m", "dask"]
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    started = [
        [*command, "scheduler", *options, "--host", "127.0.0.1", "--port", "0"],
        [*command, "worker", *options, "--nthreads", "1", "--nworkers", "2"],
    ]
    processes = [subprocess.Popen(c, env=known, stderr=subprocess.DEVNULL) for c in started]
    try:
        with distributed.Client(scheduler_file=str(file), timeout=600) as client:
            client.wait_for_workers(2, timeout=600)
            yield client.scheduler.address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(30)


def where(top, by):
    return exit_when_zero(top, by) | {"process": os.getpid()}


def test_by_address_the_runs_go_to_the_workers_there(address):
    table = sweep.run_all(where, JOBS, address)
    processes = table.pop("process")
    check(table)
    assert os.getpid() not in set(processes)


def test_a_scheduler_that_does_not_answer_is_an_error_for_the_reader(monkeypatch):
    monkeypatch.setattr(sweep, "CONNECT_SECONDS", 0.5)
    with pytest.raises(InputError, match="no answer"):
        sweep.run_all(where, JOBS, "tcp://127.0.0.1:1")
    with pytest.raises(InputError, match="no answer"):
        sweep.run_all(where, JOBS, "nonsense://somewhere")


def test_workers_fit_the_cores_that_a_container_has(monkeypatch):
    asked = {}
    monkeypatch.setattr(timing, "cores", lambda: 6)
    monkeypatch.setattr(distributed, "Client", lambda **how: asked.update(how))
    sweep._client(sweep.LOCAL)
    assert asked["n_workers"] == 3
