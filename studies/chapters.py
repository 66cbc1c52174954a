"""For authors: a chapter's text form made a notebook, the committed ones checked and measured.

`build`: from notebooks/src to the notebook that a reader opens. `check`: the committed chapters
executed in smoke, each cell held against its stored outputs. Behind a chapter's last cell its
checks are tried: what they have said of the solutions, and what they say of the wrong answers in
tests/answers and of nonsense. `measure_memory`: how much memory a kernel takes for each chapter, so
that a teacher can size a server.
"""

import json
import os
import pathlib
from collections.abc import Iterable

import nbformat
import pandas as pd

from fkd_utils import files
from fkd_utils.cli import editions, execute
from fkd_utils.files import InputError

SOURCES = execute.NOTEBOOKS / "src"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
ANSWERS = files.REPO / "tests" / "answers"
SANITIZE = files.REPO / "tests" / "nbval_sanitize.cfg"
NONSENSE = ("None", "'text'", "float('nan')", "[[1, 2], [3]]", "object()")
TRIAL = """import contextlib, io
wrong = {wrong!r}
right = {{f"check_{{number}}": "passed" for number in wrong}}
assert chapter.outcomes == right, f"the solutions: {{chapter.outcomes}}"
for number, given in wrong.items():
    for answer in given:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            globals()[f"check_{{number}}"](eval(answer))
        line = (said.getvalue().strip().split("\\n"))[-1]
        refused = chapter.outcomes[f"check_{{number}}"] != "passed" and line.startswith("not yet")
        assert refused, f"check_{{number}} says of the wrong answer {{answer}}: {{line}}"
"""
MEMORY = files.PUBLISHED / "memory.csv"
# The system's own record: what getrusage says begins with the size of the process before.
_ASK_MEMORY = """import pathlib, re
status = pathlib.Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024)"""


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


def answers_of(path: pathlib.Path) -> dict[str, list[str]]:
    """Two wrong answers to each check of a chapter, as a student might give them: {"1": [...]}."""
    return files.read_json(ANSWERS / f"{editions.number_of(path)}.json")


def with_trial(path: pathlib.Path) -> nbformat.NotebookNode:
    """A chapter with a last cell that fails where a check does not know right from wrong."""
    notebook = nbformat.read(path, as_version=4)
    wrong = {number: [*given, *NONSENSE] for number, given in answers_of(path).items()}
    notebook.cells.append(nbformat.v4.new_code_cell(TRIAL.format(wrong=wrong)))
    return notebook


def check(chapters: list[pathlib.Path]) -> int:
    """Execute chapters with nbval, two at once; returns pytest's exit status."""
    import pytest

    aside = execute.BUILD / "nbval"
    aside.mkdir(parents=True, exist_ok=True)
    made = {aside / path.name: with_trial(path) for path in chapters}
    for path, notebook in made.items():
        nbformat.write(notebook, path)
    os.environ |= {"FKD_PROFILE": "smoke", "FKD_DATA": "open", "FKD_STRICT": "1"}
    os.environ |= {
        "FKD_FIGURES": str(aside / "figures"),
        "FKD_RUNS": str(execute.BUILD / "smoke-runs"),
    }
    os.environ |= execute.own_kernel()
    options = ["--nbval", "--nbval-cell-timeout=600", "-q", "-p", "no:cacheprovider"]
    options += ["-n2", "--dist=loadfile", f"--nbval-sanitize-with={SANITIZE}"]
    # The longest first, so that at the end no worker waits for one.
    return pytest.main([*options, *map(str, sorted(made, key=lambda p: -len(made[p].cells)))])


def measure_memory(
    chapters: Iterable[pathlib.Path], machine: str, profile: str = "quick"
) -> pd.DataFrame:
    """The most that each chapter's kernel has held, megabytes: chapter, megabytes, machine.

    Executes the chapters. A cell behind the last one asks the system, which is to be Linux.
    """
    rows = []
    figures = execute.build_folder(profile, "open") / "figures"
    given = {"FKD_PROFILE": profile, "FKD_DATA": "open", "FKD_FIGURES": str(figures)}
    for path in chapters:
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(_ASK_MEMORY))
        with execute.surroundings(**given):
            ran = execute.execute(notebook)
        said = json.loads(ran.cells[-1].outputs[0].text)
        rows.append({"chapter": path.stem, "megabytes": round(said), "machine": machine})
        print(f"{path.stem}: {said:.0f} MB", flush=True)
    return pd.DataFrame(rows)


def keep_memory(table: pd.DataFrame) -> None:
    """Keep what was measured; of other chapters that are still there, what stands."""
    rows = {path.stem: None for path in execute.find_chapters([])}
    before = pd.read_csv(MEMORY) if MEMORY.exists() else table.head(0)
    for row in [*before.itertuples(index=False), *table.itertuples(index=False)]:
        if row.chapter in rows:
            rows[row.chapter] = row
    kept = pd.DataFrame(filter(None, rows.values()), columns=table.columns)
    files.write_text(MEMORY, kept.to_csv(index=False))
