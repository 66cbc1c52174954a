import argparse
import concurrent.futures
import importlib.util
import os

import pandas as pd
import pytest

from fkd_utils import sweeps
from fkd_utils.errors import InputError

HAS_DASK = importlib.util.find_spec("distributed") is not None
needs_dask = pytest.mark.skipif(not HAS_DASK, reason="the package 'distributed' is missing")

JOBS = {"four": {"top": 12, "by": 3}, "broken": {"top": 1, "by": 0}, "five": {"top": 10, "by": 2}}


def divide(top, by):
    return {"quotient": top / by}


def exit_when_zero(top, by):
    if by == 0:
        os._exit(1)
    return divide(top, by)


def check(table: pd.DataFrame) -> None:
    assert table.columns.tolist() == ["job", "quotient", "seconds", "error"]
    assert table.job.tolist() == list(JOBS)
    assert table.quotient.tolist()[::2] == [4.0, 5.0]
    assert pd.isna(table.quotient[1])
    assert table.error[0] == table.error[2] == ""


def test_one_after_the_other_a_failing_run_is_named_and_the_others_finish():
    table = sweeps.run_all(divide, JOBS)
    check(table)
    assert table.error[1] == "ZeroDivisionError: division by zero"
    assert (table.seconds >= 0).all()


def test_all_failing_runs_still_make_a_table():
    table = sweeps.run_all(divide, {"a": {"top": 1, "by": 0}})
    assert table.columns.tolist() == ["job", "seconds", "error"]


def test_no_jobs_make_an_empty_table():
    assert sweeps.run_all(divide, {}).columns.tolist() == ["job", "seconds", "error"]


def test_an_error_of_several_lines_becomes_one():
    def work():
        raise ValueError("first\n   second")

    table = sweeps.run_all(work, {"a": {}})
    assert table.error.tolist() == ["ValueError: first second"]


def test_stopping_is_not_a_failing_run():
    def work():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweeps.run_all(work, {"a": {}})


def test_answers_are_gathered_in_the_order_asked_whoever_is_first():
    waiting = concurrent.futures.Future()

    def work(wait, number):
        if wait:
            waiting.result(timeout=30)
        else:
            waiting.set_result(None)
        return {"number": number}

    jobs = {"slow": {"wait": True, "number": 1}, "fast": {"wait": False, "number": 2}}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        table = sweeps._table(sweeps._gathered(pool.submit, work, jobs))
    assert table.job.tolist() == ["slow", "fast"]
    assert table.number.tolist() == [1, 2]


def test_a_run_whose_process_is_lost_is_named():
    lost, done = concurrent.futures.Future(), concurrent.futures.Future()
    lost.cancel()
    done.set_result({"quotient": 2.0, "seconds": 0.1, "error": ""})
    futures = iter([lost, done])
    jobs = {"lost": {}, "done": {}}
    table = sweeps._table(sweeps._gathered(lambda *_: next(futures), divide, jobs))
    assert table.error[0].startswith("CancelledError")
    assert table.error[1] == ""
    assert table.quotient[1] == 2.0


@pytest.mark.skipif(HAS_DASK, reason="the package 'distributed' is there")
@pytest.mark.parametrize("scheduler", ["local", "tcp://127.0.0.1:1"])
def test_a_missing_package_is_an_error_for_the_reader(scheduler):
    with pytest.raises(InputError, match="pip install distributed"):
        sweeps.run_all(divide, JOBS, scheduler)


def test_the_option_of_a_command_is_local_unless_told():
    parser = argparse.ArgumentParser()
    sweeps.add_option(parser)
    assert parser.parse_args([]).scheduler == sweeps.LOCAL
    address = parser.parse_args(["--scheduler", "tcp://10.0.0.5:8786"]).scheduler
    assert address == "tcp://10.0.0.5:8786"


@needs_dask
def test_a_local_cluster_gives_the_same_table():
    check(sweeps.run_all(divide, JOBS, sweeps.LOCAL))


@needs_dask
def test_a_run_that_kills_its_process_is_named_and_the_others_finish():
    table = sweeps.run_all(exit_when_zero, JOBS, sweeps.LOCAL)
    check(table)
    assert "KilledWorker" in table.error[1]


@needs_dask
def test_a_scheduler_that_does_not_answer_is_an_error_for_the_reader():
    with pytest.raises(InputError, match="no answer"):
        sweeps.run_all(divide, JOBS, "tcp://127.0.0.1:1")
