"""DEPTH's networks trained again, spread over processes or machines (chapter 13)."""

import pathlib
import typing

from fkd_utils import console


def run(**arguments: typing.Any) -> dict[str, typing.Any]:
    """`depth_runs.run` in a process that starts its backend in silence."""
    console.start_backend()
    from fkd_utils.training import depth_runs

    return depth_runs.run(**arguments)


def sweep(plan: str, data: str, scheduler: str, out: pathlib.Path) -> int:
    """Train the networks of a plan, write what they reached to `out`, name those that failed.

    scheduler: as `training.sweep.run_all` takes it. Returns the exit status. Raises InputError
    for a plan that is none and for bad data.
    """
    from fkd_utils.data import sources
    from fkd_utils.training import depth_runs
    from fkd_utils.training.sweep import run_all

    jobs = depth_runs.jobs(plan, data)
    sources.read(data)  # bad data is said once, here, and not by every run
    table = run_all(run, jobs, scheduler)
    depth_runs.write(table, plan, data, out)
    failed = table[table.error != ""]
    for row in failed.itertuples():
        print(f"{row.job}: {row.error}")
    print(f"{out}: {len(table) - len(failed)} of {len(table)} runs")
    return 1 if len(failed) else 0
