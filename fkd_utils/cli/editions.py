"""The course in two editions, from one source: `class` writes student/ and teacher/, and zips.

A cell's tags decide. Both: "drawing", "check" and "quiz" cells are folded, "guard" cells, which
hold the text's numbers, are left out. Students get no "solution"; teachers get them open, and the
answers of the quiz. `lab` makes the reader's own copies, whole or of the students', and opens them.
"""

import contextlib
import copy
import datetime
import hashlib
import json
import os
import pathlib
import typing
import zipfile

import click

from fkd_utils import files
from fkd_utils.cli import execute
from fkd_utils.files import InputError

if typing.TYPE_CHECKING:
    import nbformat

NOTES = files.REPO / "book" / "teaching"
QUIZZES = execute.NOTEBOOKS / "quizzes"
WORK = files.home() / "work"
PHOTO_BYTES = 200 * 2**20  # that a button may send; else JupyterLab cuts the line at 10 MB
RECORD = ".copied.json"  # in WORK: what each chapter was when it was copied, as a hash
EDITION = "edition"  # there: which one it is, where it is the student's


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


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--no-open", is_flag=True, help="only make the copies")
@click.option("--student", is_flag=True, help="of the student's edition, without solutions")
@click.argument("options", nargs=-1, metavar="[JUPYTERLAB'S OPTIONS]")
def lab(no_open: bool, student: bool, options: tuple[str, ...]) -> None:
    """Open your own copies of the chapters, in work/, in JupyterLab.

    A copy is never written over: when a chapter has changed, the new one is put beside yours.
    A folder that began with the student's edition stays with it.
    Options of JupyterLab, such as --no-browser or --port=8890, are handed on.
    """
    for line in copy_chapters(student):
        print(line)
    if not no_open:
        from jupyterlab import labapp

        os.environ |= execute.own_kernel()
        size = f"--ServerApp.tornado_settings={{'websocket_max_message_size': {PHOTO_BYTES}}}"
        labapp.main([f"--ServerApp.root_dir={WORK}", size, *options])


def copy_chapters(for_student: bool) -> list[str]:
    """Copy to WORK the chapters that are not there, or have changed since; says what it did.

    for_student: their edition, without solutions. Once it is there it is the one that is brought up
    to date. Raises InputError where the whole chapters lie already.
    """
    import nbformat

    record = WORK / RECORD
    copied = files.stored(files.read_json, record) or {}
    if for_student and copied and EDITION not in copied:
        raise InputError(
            f"{WORK} holds the whole chapters; move that folder away, or set FKD_HOME, "
            "to begin with the student's edition"
        )
    for_student = for_student or EDITION in copied
    made, said = [], []
    for chapter in execute.find_chapters([]):
        text = chapter.read_bytes()
        if for_student:
            text = nbformat.writes(student(nbformat.reads(text, 4))).encode()
        now = hashlib.sha256(text).hexdigest()
        target = WORK / chapter.name
        if target.exists():
            there = hashlib.sha256(target.read_bytes()).hexdigest()
            if now in (copied.get(chapter.name), there):  # the latter if the record is lost
                continue
            target = _beside(target)
            said.append(f"{chapter.stem} has changed; yours stays, the new one is {target.name}")
        with files.replacing(target) as aside:
            aside.write_bytes(text)
        made.append(target)
        copied |= {chapter.name: now} | ({EDITION: "student"} if for_student else {})
    if made:
        files.write_text(record, json.dumps(copied, indent=1))
        _trust(made)
    if len(made) > len(said):
        said.append(f"{WORK}: {len(made) - len(said)} chapters copied")
    return said or [f"{WORK}: nothing new"]


def _beside(path: pathlib.Path) -> pathlib.Path:
    """A free name such as `03_linear (new 2026-11-29).ipynb` in the same folder."""
    stem, number = f"{path.stem} (new {datetime.date.today()}", 1
    while (free := path.with_stem(f"{stem}{f' {number}' if number > 1 else ''})")).exists():
        number += 1
    return free


def _trust(copies: list[pathlib.Path]) -> None:
    """Sign copies, so that JupyterLab runs what stands in their outputs at once."""
    import jupyter_core.paths
    import nbformat.sign

    home = pathlib.Path(jupyter_core.paths.jupyter_data_dir())
    with contextlib.suppress(OSError):  # of a home that cannot be written: they open untrusted
        home.mkdir(parents=True, exist_ok=True)
        notary = nbformat.sign.NotebookNotary(data_dir=str(home))
        for path in copies:
            notary.sign(nbformat.read(path, as_version=4))
