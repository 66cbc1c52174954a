"""For authors: from a chapter's text form in notebooks/src to the notebook a reader opens."""

import pathlib
from collections.abc import Iterable

import nbformat

from fkd_utils import files
from fkd_utils.cli import execute
from fkd_utils.files import InputError

SOURCES = execute.NOTEBOOKS / "src"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def chosen(names: Iterable[str]) -> list[pathlib.Path]:
    """The scripts of the named chapters; without a name, those whose notebook has drifted."""
    scripts = execute.chapters_in(SOURCES, ".py")
    return execute.named(scripts, names) if names else list(filter(has_drifted, scripts))


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
        if {"drawing", "guard", "check", "quiz"} & set(tags):
            # Only draws, asks, or holds the text: folded, what it shows stays.
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

    Raises InputError naming the cell that failed, or when the kernel died; the old notebook then
    stays as it was.
    """
    import nbclient
    import papermill

    notebook, figures = from_source(source), execute.build_folder("quick", "open") / "figures"
    given = {"FKD_FIGURES": str(figures), "FKD_PROFILE": "quick", "FKD_DATA": "open"}
    given |= {"FKD_STRICT": "1"}  # what differs from the text fails here
    execute.forget_figures(source, figures)
    try:
        with execute.surroundings(**given):
            ran = execute.execute(notebook)
    except papermill.PapermillExecutionError as error:
        cell = "\n".join(str(error).strip().splitlines()[-25:])
        raise InputError(f"{source.name}: {error.ename}: {error.evalue}\n{cell}") from error
    except nbclient.exceptions.DeadKernelError as error:
        raise InputError(f"{source.name}: {type(error).__name__}: {error}") from error
    for cell, done in zip(notebook.cells, ran.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
    with files.replacing(execute.NOTEBOOKS / f"{source.stem}.ipynb") as path:
        nbformat.write(notebook, path)
