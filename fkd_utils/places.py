"""Folders that a reader may put elsewhere by an environment variable."""

import os
import pathlib


def chosen(variable: str, default: pathlib.Path) -> pathlib.Path:
    """The folder that an environment variable names, absolute; `default` where it names none.

    Absolute, since chapters run in another folder than the command that starts them; a leading ~
    is the reader's home.
    """
    return pathlib.Path(os.path.expanduser(os.environ.get(variable) or default)).absolute()
