"""For authors: from a chapter's text form in notebooks/src to the notebook a reader opens."""

import argparse
import os
import pathlib

import nbformat

from fkd_utils import files
from fkd_utils.cli import execute
from fkd_utils.files import InputError

SOURCES = execute.NOTEBOOKS / "src"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def from_source(source: pathlib.Path) -> nbformat.NotebookNode:
    """The notebook that a percent script describes, without outputs."""
    import jupytext

    notebook = jupytext.read(source)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for k, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if "solution" in tags:
            # Folded, so that the reader thinks before looking.
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        if "drawing" in tags:
            # Only draws: folded, its picture stays.
            cell.metadata["jupyter"] = {"source_hidden": True}
        cell["id"] = f"cell-{k:03d}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def has_drifted(source: pathlib.Path) -> bool:
    """True when the notebook is missing, or a cell's kind, text or tags differ from the script."""
    target = execute.NOTEBOOKS / f"{source.stem}.ipynb"
    if not target.exists():
        return True

    def shape(notebook: nbformat.NotebookNode) -> list[tuple]:
        return [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in notebook.cells]

    return shape(from_source(source)) != shape(nbformat.read(target, as_version=4))


def build(source: pathlib.Path) -> None:
    """Execute a chapter with its default parameters and write it with outputs to notebooks/.

    Raises InputError naming the cell that failed, or when the kernel died or hung; the old
    notebook then stays as it was.
    """
    import nbclient

    notebook = from_source(source)
    figures = execute.build_folder("quick", "open") / "figures"
    os.environ.update(FKD_FIGURES=str(figures), FKD_PROFILE="quick", FKD_DATA="open")
    client = nbclient.NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=3600,
        extra_arguments=execute.QUIET_KERNEL,
        resources={"metadata": {"path": str(execute.NOTEBOOKS)}},
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        cell = "\n".join(str(error).strip().splitlines()[-25:])
        raise InputError(f"{source.name}: {error.ename}: {error.evalue}\n{cell}") from error
    except (nbclient.exceptions.DeadKernelError, nbclient.exceptions.CellTimeoutError) as error:
        raise InputError(f"{source.name}: {type(error).__name__}: {error}") from error
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    with files.replacing(execute.NOTEBOOKS / f"{source.stem}.ipynb") as path:
        nbformat.write(notebook, path)


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the authors' command `build`."""
    parser = commands.add_parser(
        "build",
        help="for authors: execute notebooks/src/*.py into notebooks/*.ipynb",
        description="Execute the chapters whose text form has changed, or the named ones.",
    )
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as 03")
    parser.set_defaults(handler=_build)


def _build(args: argparse.Namespace) -> int:
    scripts = sorted(SOURCES.glob("[0-9][0-9]_*.py"))
    wanted = execute.named(scripts, args.chapters)
    for script in wanted if args.chapters else filter(has_drifted, scripts):
        print(f"{script.stem} ...", flush=True)
        build(script)
    return 0
