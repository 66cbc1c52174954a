"""The command `grade`: the course's own checks on the answers of every notebook in a folder.

Each notebook is judged in a process of its own: the chapter as the course has it runs first, then
the student's cells from "## Exercises" on, in a copy of its names, and the course's checks look at
what they have assigned. A process that takes too long or too much memory is ended. That keeps an
accident from spoiling another's row; it is no prison for code that means harm.
"""

import ast
import collections
import collections.abc
import contextlib
import functools
import hashlib
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import typing

import click

from fkd_utils import console, files
from fkd_utils.cli import editions, execute
from fkd_utils.cli.run import PROFILE
from fkd_utils.files import InputError

CELL_SECONDS = 120  # for one cell of a student's
MOST_MEMORY = 8 * 2**30  # bytes a process may hold
_ANSWER, _CHECK = re.compile(r"answer_(\d+)"), re.compile(r"^def check_(\d+)\(", re.MULTILINE)


@click.command()
@click.argument("folder", type=files.expanded)
@click.option("--out", type=files.expanded, metavar="FILE", help="a CSV; FOLDER/grades.csv")
@click.option("--minutes", default=15.0, show_default=True, help="for one notebook, at most")
@PROFILE
def grade(folder: pathlib.Path, out: pathlib.Path | None, minutes: float, profile: str) -> None:
    """Judge the answers of every notebook in FOLDER: one row a student, one column an exercise.

    A student is a file, or a folder of files. Each exercise is passed, not yet, empty or broken; of
    several files of one chapter the last that answers counts, and a note says so. A stopped run
    goes on where it was; a file that has changed is judged again. The profile is the students':
    their answers rest on its trainings.

    It runs the students' code under your account. Where you would not do that by hand, do it in a
    container.
    """
    notebooks = find(folder)
    out = out or folder / "grades.csv"
    rows = {row["student"]: row for row in _read(out)}
    answers: dict[str, str] = {}
    opened = {path: _opened(path) for _, path in notebooks}
    several = collections.Counter((student, opened[path][0]) for student, path in notebooks)
    for student, path in notebooks:
        row = rows.setdefault(student, {"student": student, "files": "", "note": "", "same as": ""})
        number, cells = opened[path]
        line = console.ProgressLine()
        line.update(f"{path.relative_to(folder)} ...")
        mark = f"{path.relative_to(folder)}:{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        if mark not in row["files"].split(" | "):
            found = {"note": ""} | _judged_apart(path, minutes, profile)
            if number and several[student, number] > 1:
                found = {k: row.get(k) or v if v == "empty" else v for k, v in found.items()}
                found["note"] = found["note"] or f"several files of chapter {number}"
            row.update(found)
            same = f"{path.relative_to(folder)}:"
            kept = [m for m in row["files"].split(" | ") if m and not m.startswith(same)]
            row["files"] = " | ".join([*kept, mark])
        told = _words_of(cells)
        copied = bool(told) and answers.setdefault(told, student) != student
        row["same as"] = answers[told] if copied else ""
        _write(out, rows.values())
        line.clear()
        print(f"{student}: {_summary(row)}")
    print(f"{out}: {len(rows)} students, {len(notebooks)} notebooks")


def find(folder: pathlib.Path) -> list[tuple[str, pathlib.Path]]:
    """Students and their notebooks: who is the file's name, or that of the folder it lies in.

    Raises InputError for a folder that is none, or has no notebook in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    found = []
    for path in sorted(folder.rglob("*.ipynb")):
        within = path.relative_to(folder)
        if not any(part.startswith(".") for part in within.parts):
            found.append((within.parts[0] if len(within.parts) > 1 else path.stem, path))
    if not found:
        raise InputError(f"{folder}: no notebook (.ipynb) in it")
    return found


def _judged_apart(path: pathlib.Path, minutes: float, profile: str) -> dict[str, str]:
    """The outcomes of one notebook, from a process of its own; a note where it was ended."""
    token = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as place:
        surroundings = os.environ | {"FKD_PROFILE": profile, "FKD_FIGURES": place}
        code = "from fkd_utils.cli import grade; grade.judge()"
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(path.resolve()), place],
            cwd=execute.NOTEBOOKS,
            env=surroundings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        note = ""
        try:
            said, _ = child.communicate(token + "\n", timeout=60 * minutes)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError, AttributeError):
                os.killpg(child.pid, signal.SIGKILL)
            child.kill()
            said, _ = child.communicate()
            note = f"ended after {minutes:g} minutes"
    told = [line.removeprefix(token) for line in said.splitlines() if line.startswith(token)]
    found = {name: outcome for name, outcome in (json.loads(line) for line in told)}
    if child.returncode and not note and "note" not in found:
        note = "its process died"
    return found | ({"note": note} if note else {})


def judge() -> None:
    """In the process of one notebook: print each exercise's outcome, a line of JSON each.

    The first line of the standard input is a word that the lines begin with, so that what a
    notebook prints is not taken for one.
    """
    path, token = pathlib.Path(sys.argv[1]), sys.stdin.readline().strip()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def tell(name: str, outcome: str) -> None:
        out.write(f"{token}{json.dumps([name, outcome])}\n")
        out.flush()

    with contextlib.suppress(ImportError, ValueError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    try:
        theirs = _cells(path)
        chapter = _chapter_of(path, theirs)
    except InputError as error:
        tell("note", str(error))
        return
    number = editions.number_of(chapter)
    checks = _run_chapter(chapter)
    for k in checks:
        tell(f"{number} exercise {k}", "broken")  # until it is known better
    names = dict(_shell().user_ns)
    for cell in _of_exercises(theirs):
        good = _run(cell, names)
        for k in {int(n) for n in _assigned(cell)} & checks.keys():
            tell(f"{number} exercise {k}", checks[k](names.get(f"answer_{k}", ...), good))
    answered = {int(n) for cell in _of_exercises(theirs) for n in _assigned(cell)}
    for k in checks.keys() - answered:
        tell(f"{number} exercise {k}", "empty")


def _cells(path: pathlib.Path) -> list[dict]:
    """The cells of a student's file; InputError for one that is no notebook."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [
            {
                "kind": cell["cell_type"],
                "source": "".join(cell["source"]),
                "tags": set(cell.get("metadata", {}).get("tags", [])),
            }
            for cell in content["cells"]
        ]
    except files.DAMAGED as error:
        raise InputError("it is no notebook, or was cut off") from error


def _chapter_of(path: pathlib.Path, cells: list[dict]) -> pathlib.Path:
    """The course's chapter that a student's file is of, by its first heading, else by its name."""
    heads = [re.match(r"# (\d\d[a-z]?) ", c["source"]) for c in cells if c["kind"] == "markdown"]
    heads += [re.search(r"(?<!\d)(\d\d[a-z]?)_", path.name)]
    for head in filter(None, heads):
        with contextlib.suppress(InputError):
            return execute.named(execute.chapters_in(execute.NOTEBOOKS), [head[1]])[0]
    raise InputError("it is not a chapter of the course: no heading such as '# 05 ...'")


def _opened(path: pathlib.Path) -> tuple[str, list[dict]]:
    """The number of the chapter that a file is of, "" where it is of none, and its cells."""
    cells = []
    with contextlib.suppress(InputError):
        cells = _cells(path)
        return editions.number_of(_chapter_of(path, cells)), cells
    return "", cells


def _shell() -> typing.Any:
    from IPython.core.interactiveshell import InteractiveShell

    return InteractiveShell.instance()


def _run_chapter(chapter: pathlib.Path) -> dict[int, collections.abc.Callable]:
    """Run the course's chapter without its solutions; its checks by number, as outcomes."""
    import nbformat

    from fkd_utils.plotting import Chapter

    shell, checks = _shell(), {}
    for cell in nbformat.read(chapter, as_version=4).cells:
        tags = editions.tags_of(cell)
        if cell.cell_type == "code" and not tags & {"guard", "solution", "quiz"}:
            shell.run_cell(cell.source, silent=True)
    opened = next(v for v in shell.user_ns.values() if isinstance(v, Chapter))
    for name, check in list(shell.user_ns.items()):
        if re.fullmatch(r"check_\d+", name):
            checks[int(name.removeprefix("check_"))] = _outcome_of(name, check, opened)
    return checks


def _outcome_of(name: str, check: collections.abc.Callable, opened: typing.Any) -> typing.Any:
    """A check that gives its outcome; what a cell that failed has left unsaid is broken."""

    def judged(answer: object, good: bool) -> str:
        opened.outcomes.pop(name, None)
        check(answer)
        outcome = opened.outcomes[name]
        return "broken" if outcome == "empty" and not good else outcome

    return judged


def _of_exercises(cells: list[dict]) -> list[str]:
    """The student's own code: from the heading on, without checks and solutions."""
    starts = [k for k, c in enumerate(cells) if re.search(r"^## Exercises", c["source"], re.M)]
    later = cells[starts[0] :] if starts else cells
    return [
        cell["source"]
        for cell in later
        if cell["kind"] == "code"
        and not cell["tags"] & {"check", "solution", "guard", "quiz"}
        and not _CHECK.search(cell["source"])
    ]


def _assigned(source: str) -> set[str]:
    """The numbers of the answers that a cell assigns; of one that is no Python, by its letters."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(_ANSWER.findall(source))
    names = [
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    names += [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return {found[1] for found in map(_ANSWER.fullmatch, names) if found}


def _run(source: str, names: dict) -> bool:
    """Run a student's cell in `names`, for CELL_SECONDS at most; False when it failed."""

    def ring(*_: object) -> None:
        raise TimeoutError

    timed = hasattr(signal, "SIGALRM")
    if timed:
        signal.signal(signal.SIGALRM, ring)
        signal.alarm(CELL_SECONDS)
    try:
        exec(compile(_shell().transform_cell(source), "<answer>", "exec"), names)
    except BaseException:  # whatever a student writes, SystemExit too
        return False
    finally:
        if timed:
            signal.alarm(0)
    return True


def _words_of(cells: list[dict]) -> str:
    """A student's title and answers as one text, without blanks; "" where nothing is answered."""
    own = [re.sub(r"#.*|\s", "", s) for s in _of_exercises(cells) if _assigned(s)]
    own = [s for s in own if "=..." not in s]
    heads = [c["source"].split("\n")[0] for c in cells if c["kind"] == "markdown"]
    return "\n".join([*heads[:1], *own]) if own else ""


def _summary(row: dict[str, str]) -> str:
    outcomes = [v for k, v in row.items() if " exercise " in k and v]
    counts = [f"{outcomes.count(o)} {o}" for o in ("passed", "not yet", "empty", "broken")]
    same = f"word for word as {row['same as']}" if row["same as"] else ""
    return ", ".join(filter(None, [*counts, row["note"], same]))


def _read(path: pathlib.Path) -> list[dict[str, str]]:
    """The rows of a run before, if there was one that is whole."""
    import pandas as pd

    read = functools.partial(pd.read_csv, dtype=str, keep_default_na=False)
    table = files.stored(read, path)
    whole = table is not None and {"student", "files", "note", "same as"} <= set(table)
    return table.fillna("").to_dict("records") if whole else []


def _write(path: pathlib.Path, rows: collections.abc.Iterable[dict[str, str]]) -> None:
    import pandas as pd

    table = pd.DataFrame(rows)
    exercises = sorted((name for name in table if " exercise " in name), key=_in_order)
    columns = ["student", *exercises, "note", "same as", "files"]
    files.write_text(path, table[columns].to_csv(index=False))


def _in_order(column: str) -> tuple[str, int]:
    chapter, number = column.split(" exercise ")
    return chapter, int(number)
