"""The command line: python -m fkd_utils COMMAND.

Handlers import what they need themselves, so that --help loads none of it.
"""

import sys

import click

from fkd_utils import console
from fkd_utils.cli import book, data, editions, grade, predict, run
from fkd_utils.files import InputError


@click.group()
def group() -> None:
    """Run the facial keypoints course.

    \b
    python -m fkd_utils lab                 the chapters in JupyterLab, to work in
    python -m fkd_utils run 03 04           execute two chapters, some minutes
    python -m fkd_utils run --data FOLDER   the whole course on your own faces
    python -m fkd_utils data info           what is in the embedded faces
    python -m fkd_utils predict PHOTO       the keypoints on a photograph of yours
    python -m fkd_utils COMMAND --help      more about a command
    """


for command in (editions.lab, editions.class_, book.book, book.slides, grade.grade, data.data):
    group.add_command(command)
for command in (run.run, run.runs, run.models, run.timing, predict.predict, predict.submit):
    group.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: see `status`."""
    return status(group, "python -m fkd_utils", arguments)


def status(commands: click.Group, name: str, arguments: list[str] | None) -> int:
    """Run one of `commands`: 0 well, 1 something failed, 2 bad input, 130 stopped by Ctrl-C.

    What cannot be printed fails after the command has done its work. name: how the reader called
    it. arguments: None for those of the process.
    """
    console.steady_streams()
    try:
        ended = commands.main(arguments, name, standalone_mode=False) or 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        ended = 2
    except click.ClickException as error:
        error.show()
        ended = error.exit_code
    except click.Abort:
        print("stopped; what was finished is kept", file=sys.stderr)
        ended = 130
    lost = console.lost_output()
    if lost:
        print(f"error: what was printed is cut: {lost.strerror or lost}", file=sys.stderr)
    return ended or int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
