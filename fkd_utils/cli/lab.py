"""The command `lab`: the reader's own copies of the chapters, opened in JupyterLab."""

import contextlib
import datetime
import hashlib
import json
import os
import pathlib

import click

from fkd_utils import files
from fkd_utils.cli import editions, execute
from fkd_utils.files import InputError

WORK = files.home() / "work"
PHOTO_BYTES = 200 * 2**20  # that a button may send; else JupyterLab cuts the line at 10 MB
RECORD = ".copied.json"  # in WORK: what each chapter was when it was copied, as a hash
EDITION = "edition"  # there: which one it is, where it is the student's


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


def copy_chapters(student: bool = False) -> list[str]:
    """Copy to WORK the chapters that are not there, or have changed since; says what it did.

    student: their edition, without solutions (see `editions`). Once it is there it is the one that
    is brought up to date. Raises InputError where the whole chapters lie already.
    """
    import nbformat

    record = WORK / RECORD
    copied = files.stored(files.read_json, record) or {}
    if student and copied and EDITION not in copied:
        raise InputError(
            f"{WORK} holds the whole chapters; move that folder away, or set FKD_HOME, "
            "to begin with the student's edition"
        )
    student = student or EDITION in copied
    made, said = [], []
    for chapter in execute.find_chapters([]):
        text = chapter.read_bytes()
        if student:
            text = nbformat.writes(editions.student(nbformat.reads(text, 4))).encode()
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
        copied |= {chapter.name: now} | ({EDITION: "student"} if student else {})
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
        for copy in copies:
            notary.sign(nbformat.read(copy, as_version=4))
