"""The command `timing` measures this machine and stores the result under a name."""

import argparse
import pathlib

DESCRIPTION = """Measure training and scoring of the first four networks, about half a minute.
Run it on an idle machine. On a machine with a graphics card Keras computes there; for the
processor of the same machine, hide the card: CUDA_VISIBLE_DEVICES=-1 (TensorFlow, PyTorch) or
JAX_PLATFORMS=cpu. Chapter 11 draws every file in data/published/timing."""


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add timing to the command line."""
    parser = commands.add_parser(
        "timing",
        help="measure how fast this machine trains and scores",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--name", required=True, help="what the figures call this machine")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE", help="a CSV")
    parser.set_defaults(handler=_timing, needs_keras=True)


def _timing(args: argparse.Namespace) -> int:
    from fkd_utils import machines, timing

    table = machines.measurements(args.name, timing.networks())
    machines.write(table, args.out)
    for row in table.itertuples():
        what = f"{row.measure} {row.network}, {row.pictures} pictures"
        print(f"{what:<32}{1000 * row.median:10.2f} ms")
    print(f"{args.out}: {len(table)} rows; {table.device[0]}, {table.cores[0]} cores")
    return 0
