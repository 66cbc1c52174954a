"""The command `sweep` trains DEPTH's networks, spread over processes or machines."""

import argparse
import pathlib
import typing

from fkd_utils.cli import data
from fkd_utils.training import sweep

DESCRIPTION = """Train the networks of DEPTH's Tables 3 to 5 (chapter 13), each a run of its own.
The plans smoke, quick and paper are those of the profiles; stored and leak came with the course;
full has the paper's own width and epochs and wants graphics cards.

Without --scheduler the runs go to a Dask cluster of processes on this machine. For several
machines, with the course and the faces on each:

  dask scheduler                          on one of them; it prints its ADDRESS
  dask worker ADDRESS --nthreads 1        on every other
  python -m fkd_utils sweep paper --scheduler ADDRESS --out results.csv

A run that fails is named and the others finish. Every worker keeps its trainings in its data/runs,
so a sweep that was stopped goes on where it was."""


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add sweep to the command line."""
    parser = commands.add_parser(
        "sweep",
        help="train DEPTH's networks on all cores, or on several machines",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("plan", metavar="PLAN", help="smoke, quick, stored, leak, paper or full")
    data.add_data(parser)
    sweep.add_option(parser)
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE", help="a CSV")
    parser.set_defaults(handler=_sweep, needs_keras=True)


def run(**arguments: typing.Any) -> dict[str, typing.Any]:
    """`depth_runs.run` in a process that starts its backend in silence."""
    from fkd_utils import console
    from fkd_utils.training import depth_runs

    console.start_backend()

    return depth_runs.run(**arguments)


def _sweep(args: argparse.Namespace) -> int:
    from fkd_utils.data import sources
    from fkd_utils.training import depth_runs

    jobs = depth_runs.jobs(args.plan, args.data)
    sources.read(args.data)  # bad data is said once, here, and not by every run
    table = sweep.run_all(run, jobs, args.scheduler)
    depth_runs.write(table, args.plan, args.data, args.out)
    failed = table[table.error != ""]
    for row in failed.itertuples():
        print(f"{row.job}: {row.error}")
    print(f"{args.out}: {len(table) - len(failed)} of {len(table)} runs")
    return 1 if len(failed) else 0
