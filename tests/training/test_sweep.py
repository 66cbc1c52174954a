import pandas as pd
import pytest

from fkd_utils.training import sweep

JOBS = {"four": {"top": 12, "by": 3}, "broken": {"top": 1, "by": 0}, "five": {"top": 10, "by": 2}}


def divide(top, by):
    return {"quotient": top / by}


def test_one_after_the_other_a_failing_run_is_named_and_the_others_finish():
    table = sweep.run_all(divide, JOBS)
    assert table.columns.tolist() == ["job", "quotient", "seconds", "error"]
    assert table.job.tolist() == list(JOBS)
    assert table.quotient.tolist()[::2] == [4.0, 5.0]
    assert pd.isna(table.quotient[1])
    assert table.error.tolist() == ["", "ZeroDivisionError: division by zero", ""]
    assert (table.seconds >= 0).all()


def test_answers_may_come_in_any_order():
    answers = [(name, sweep.timed(divide, JOBS[name])) for name in ("five", "broken", "four")]
    assert sweep.table(JOBS, answers).job.tolist() == list(JOBS)


def test_all_failing_runs_still_make_a_table():
    table = sweep.run_all(divide, {"a": {"top": 1, "by": 0}})
    assert table.columns.tolist() == ["job", "seconds", "error"]


def test_no_jobs_make_an_empty_table():
    assert sweep.run_all(divide, {}).columns.tolist() == ["job", "seconds", "error"]


def test_an_error_of_several_lines_becomes_one():
    def work():
        raise ValueError("first\n   second")

    table = sweep.run_all(work, {"a": {}})
    assert table.error.tolist() == ["ValueError: first second"]


def test_stopping_is_not_a_failing_run():
    def work():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep.run_all(work, {"a": {}})
