"""The course in two editions, from one source: `class` writes student/ and teacher/, and zips.

A cell's tags decide. Both: "drawing", "check" and "quiz" cells are folded, "guard" cells, which
hold the text's numbers, are left out. Students get no "solution"; teachers get them open, and the
answers of the quiz.
"""

import copy
import json
import pathlib
import typing
import zipfile

import click

from fkd_utils import files
from fkd_utils.cli import execute

if typing.TYPE_CHECKING:
    import nbformat

NOTES = files.REPO / "book" / "teaching"
QUIZZES = execute.NOTEBOOKS / "quizzes"


def student(notebook: "nbformat.NotebookNode") -> "nbformat.NotebookNode":
    """A chapter without solutions and guards; what checks and answers printed is not there either.

    Figures and the rest of the results stay, so that it can be read before it is run.
    """
    made = without(notebook, "guard", "solution")
    for cell in made.cells:
        if tags_of(cell) & {"answer", "check"}:
            cell.outputs, cell.execution_count = [], None
    return made


def teacher(notebook: "nbformat.NotebookNode", number: str) -> "nbformat.NotebookNode":
    """A chapter with its solutions open, the quiz's answers and notes on teaching it."""
    import nbformat

    made = without(notebook, "guard")
    for cell in made.cells:
        if "solution" in tags_of(cell):
            cell.metadata.pop("jupyter", None)
    notes = NOTES / f"{number}.md"
    if notes.exists():
        made.cells.insert(1, nbformat.v4.new_markdown_cell(notes.read_text(encoding="utf-8")))
    at = next((k for k, cell in enumerate(made.cells) if "quiz" in tags_of(cell)), None)
    if at is not None:
        key = nbformat.v4.new_markdown_cell(quiz_key(number))
        made.cells.insert(at + 1, key)
    for k, cell in enumerate(made.cells):
        cell["id"] = f"cell-{k:03d}"
    return made


def quiz_key(number: str) -> str:
    """The questions of a chapter's quiz with the right answers, and what each wrong one reveals."""
    lines = ["**Answers of the quiz**", ""]
    questions = json.loads((QUIZZES / f"{number}.json").read_text(encoding="utf-8"))
    for k, question in enumerate(questions, start=1):
        lines += [f"{k}. {question['question']}", ""]
        for answer in question["answers"]:
            mark = "**right**" if answer["correct"] else "wrong"
            lines.append(f"   - {mark}: {answer['answer']} *{answer['feedback']}*")
        lines.append("")
    return "\n".join(lines)


def tags_of(cell: "nbformat.NotebookNode") -> set[str]:
    """The tags of a cell."""
    return set(cell.metadata.get("tags", []))


def number_of(path: pathlib.Path) -> str:
    """05 for 05_strided_cnn.ipynb."""
    return path.stem.split("_")[0]


def without(notebook: "nbformat.NotebookNode", *tags: str) -> "nbformat.NotebookNode":
    """A copy without the cells of these tags, and without what papermill notes in a run.

    That is, where it ran: folders of this machine.
    """
    made, gone = copy.deepcopy(notebook), {*tags, "injected-parameters", "papermill-error-cell-tag"}
    made.cells = [cell for cell in made.cells if not tags_of(cell) & gone]
    for noted in (made, *made.cells):
        noted.metadata.pop("papermill", None)
    return made


@click.command("class")
@execute.out_option("class", "where the editions go")
def class_(out: pathlib.Path) -> None:
    """Write the students' and the teacher's edition of every chapter, each a folder and a zip."""
    import nbformat

    chapters = execute.find_chapters([])
    for edition in ("student", "teacher"):
        folder = out / edition
        files.discard(folder)
        for path in chapters:
            notebook = nbformat.read(path, as_version=4)
            made = student(notebook) if edition == "student" else teacher(notebook, number_of(path))
            with files.replacing(folder / path.name) as aside:
                nbformat.write(made, aside)
        with (
            files.replacing(out / f"{edition}.zip") as aside,
            zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as packed,
        ):
            for path in sorted(folder.iterdir()):
                packed.write(path, f"{edition}/{path.name}")
        print(f"{folder}: {len(chapters)} chapters; {out / edition}.zip")
