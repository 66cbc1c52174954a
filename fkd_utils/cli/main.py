"""The command line: python -m fkd_utils COMMAND."""

import argparse
import sys

from fkd_utils import console
from fkd_utils.cli import data, predict, run
from fkd_utils.files import InputError
from studies import build_notebooks, sweep

DESCRIPTION = """Run the facial keypoints course.

  python -m fkd_utils run 03 04           execute two chapters, a few minutes
  python -m fkd_utils run --data FOLDER   the whole course on your own faces
  python -m fkd_utils data info           what is in the embedded faces
  python -m fkd_utils predict PHOTO       the keypoints on a photograph of yours
  python -m fkd_utils COMMAND --help      more about a command"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 well, 1 a chapter failed, 2 bad input."""
    try:
        parser = argparse.ArgumentParser(
            "python -m fkd_utils",
            description=DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
        run.add_parsers(commands)
        data.add_parsers(commands)
        run.add_parsers(commands)
        sweep.add_parsers(commands)
        predict.add_parsers(commands)
        build_notebooks.add_parsers(commands)
        args = parser.parse_args(arguments)
        if getattr(args, "needs_keras", False):
            console.start_backend()
        return args.handler(args)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was finished is kept", file=sys.stderr)
        return 130
