"""Paths as a reader gives them: by hand, or by an environment variable."""

import os
import pathlib


def expanded(path: str | pathlib.Path) -> pathlib.Path:
    """A path that a reader gave, with a leading ~ as their home.

    pathlib's own expanduser raises for ~a.jpg, which is a name like any other.
    """
    return pathlib.Path(os.path.expanduser(path))


def chosen(variable: str, default: pathlib.Path) -> pathlib.Path:
    """The folder that an environment variable names, absolute; `default` where it names none.

    Absolute, since chapters run in another folder than the command that starts them; a leading ~
    is the reader's home.
    """
    return expanded(os.environ.get(variable) or default).absolute()
