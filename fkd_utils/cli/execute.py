"""Execute chapters with papermill, a line each."""

import concurrent.futures
import contextlib
import hashlib
import os
import pathlib
import re
import sys
import time
import typing
import unittest.mock
from collections.abc import Iterable, Iterator

import click

from fkd_utils import console, files
from fkd_utils.files import InputError

if typing.TYPE_CHECKING:
    import nbformat

NOTEBOOKS = files.REPO / "notebooks"
BUILD = files.home() / "build"
STEM = r"\d\d[a-z]?_\w+"  # 03_linear, 01a_neurons; 03_linear-Copy1 is no chapter


def out_option(name: str, help: str) -> typing.Callable:
    """The option --out of a command that makes a folder, build/NAME by default."""
    return click.option(
        "--out",
        type=files.expanded,
        default=lambda: files.home() / "build" / name,
        metavar="FOLDER",
        help=f"{help}; build/{name} by default",
    )


def find_chapters(names: Iterable[str]) -> list[pathlib.Path]:
    """The notebooks whose number or name was given, all when none was; in order.

    Raises InputError for a name that fits no chapter.
    """
    every = chapters_in(NOTEBOOKS)
    return named(every, names) if names else every


def chapters_in(folder: pathlib.Path, ending: str = ".ipynb") -> list[pathlib.Path]:
    """The chapters in a folder, in order: notebooks, or with ".py" their scripts."""
    return sorted(p for p in folder.glob(f"*{ending}") if re.fullmatch(STEM, p.stem))


def named(chapters: list[pathlib.Path], names: Iterable[str]) -> list[pathlib.Path]:
    """Those of the files 03_linear.ipynb, ... that are named by 3, 03, 03_linear or so; in order.

    1 names 01a_neurons, 01b_learning and 01c_convolution. Raises InputError for a
    name that fits none.
    """
    found = set()
    for name in names:
        stem = pathlib.PurePath(name).name.removesuffix(".ipynb").removesuffix(".py")
        short = re.fullmatch(r"(\d+)([a-z]?)", stem)
        start = f"{short[1]:0>2}{short[2] or '[a-z]?'}_" if short else re.escape(stem) + "$"
        hits = [p for p in chapters if re.match(start, p.stem)]
        if not hits:
            there = ", ".join(p.stem for p in chapters)
            raise InputError(f"there is no chapter {name!r}; there are: {there}")
        found.update(hits)
    return sorted(found)


def build_folder(profile: str, data: str) -> pathlib.Path:
    """Where the executed chapters and figures of such a run go, under build/.

    Folders of faces may share their name, with each other or with a built-in set: six digits of
    their place tell them apart.
    """
    label = place = _place(data)
    if data not in ("open", "kaggle"):
        digits = hashlib.sha256(os.fsencode(place)).hexdigest()[:6]
        label = f"{pathlib.Path(place).name}-{digits}"
    return BUILD / f"{profile}-{re.sub(r'[^A-Za-z0-9]+', '-', label)}"


def _place(data: str) -> str:
    """open, kaggle or a folder, absolute: chapters run in another folder than the command."""
    return data if data in ("open", "kaggle") else str(files.expanded(data).resolve())


def run_chapters(
    chapters: list[pathlib.Path], profile: str, data: str, seed: int
) -> dict[str, str]:
    """Execute chapters into the build folder; a failed one does not stop the others.

    In smoke, which measures nothing, two run at once. Returns by chapter the error, one line, empty
    when all is well.
    """
    target = build_folder(profile, data)
    (target / "figures").mkdir(parents=True, exist_ok=True)
    parameters = {"PROFILE": profile, "DATA": _place(data), "SEED": seed}
    errors = {}
    with (
        surroundings(FKD_FIGURES=str(target / "figures")),
        concurrent.futures.ThreadPoolExecutor(2 if profile == "smoke" else 1) as pool,
    ):
        waiting = {c.stem: pool.submit(_outcome, c, target, parameters) for c in chapters}
        for name, outcome in waiting.items():
            with console.working(f"{name}: running"):
                errors[name], seconds = outcome.result()
            state = f"FAILED: {errors[name]}" if errors[name] else "ok"
            print(f"{name:<32}{seconds:6.0f} s  {state}", flush=True)
    return errors


def _outcome(chapter: pathlib.Path, folder: pathlib.Path, parameters: dict) -> tuple[str, float]:
    """Execute a chapter into `folder`; returns its error, see `_error_of`, and seconds."""
    started = time.monotonic()
    return _error_of(chapter, folder, parameters), time.monotonic() - started


def _error_of(chapter: pathlib.Path, folder: pathlib.Path, parameters: dict) -> str:
    """Execute a chapter into `folder`; returns what stopped it, in one line, or ""."""
    import nbformat
    import papermill

    target = folder / chapter.name
    target.unlink(missing_ok=True)  # an older run's is not to stand for this one
    forget_figures(chapter, folder / "figures")
    try:
        notebook = nbformat.read(chapter, as_version=4)
        execute(notebook, target, parameters)
    except papermill.PapermillExecutionError as failure:
        # papermill's own cell with the parameters comes before; the reader counts without it.
        return f"cell [{failure.exec_count - 1}]: {failure.ename}: {first_line(failure.evalue)}"
    except Exception as failure:  # a dead kernel, a file that is no notebook, a full disk
        if files.stored(files.read_json, target) is None:
            files.discard(target)  # a half
        return f"{type(failure).__name__}: {first_line(failure)}"
    return ""


def forget_figures(chapter: pathlib.Path, figures: pathlib.Path) -> None:
    """Delete what a chapter drew before: it may draw less now."""
    for old in figures.glob(f"ch{chapter.stem.partition('_')[0]}_*"):
        old.unlink()


@contextlib.contextmanager
def surroundings(**variables: str) -> Iterator[None]:
    """What chapters that are executed inside find: environment variables, set once for all.

    Folders that the reader has moved become absolute: a chapter runs in another folder than the
    command. papermill goes there, and back. Kernels are those of this Python, and read no start-up
    files of the reader's.
    """
    moved = [name for name in ("FKD_CACHE", "FKD_RUNS") if os.environ.get(name)]
    variables |= {name: str(files.chosen(name, files.REPO)) for name in moved}
    variables |= own_kernel()
    with unittest.mock.patch.dict(os.environ, variables), contextlib.chdir(os.getcwd()):
        yield


def own_kernel() -> dict[str, str]:
    """Variables for Jupyter: this Python's kernel before any other `python3`, no start-up files."""
    ours, empty = pathlib.Path(sys.prefix, "share", "jupyter"), BUILD / "ipython"
    empty.mkdir(parents=True, exist_ok=True)
    places = [str(ours), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    return {"JUPYTER_PATH": os.pathsep.join(places), "IPYTHONDIR": str(empty), "PYTHONSTARTUP": ""}


def execute(
    notebook: "nbformat.NotebookNode",
    target: pathlib.Path | None = None,
    parameters: dict | None = None,
) -> "nbformat.NotebookNode":
    """Execute a notebook inside `surroundings`; returns it with outputs, writes `target`.

    Raises what papermill does: PapermillExecutionError for a cell that failed.
    """
    import papermill

    # papermill takes braces in a path for a place to put a parameter.
    path = str(target).replace("{", "{{").replace("}", "}}") if target else None
    return papermill.execute_notebook(
        notebook,
        path,
        parameters,
        kernel_name="python3",
        progress_bar=False,
        request_save_on_cell_execute=False,  # megabytes of pictures, for every cell
        cwd=str(NOTEBOOKS),
        extra_arguments=["--log-level=CRITICAL"],  # else its start and its end print lines
    )


def first_line(message: object) -> str:
    """The first line of an error's text, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(message)).strip().split("\n")[0]
