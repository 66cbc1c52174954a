"""Run chapters with papermill, one progress line a chapter, and write the report.

Formulas as MathML, so that the HTML report needs no script from the network.
"""

import contextlib
import dataclasses
import hashlib
import html
import json
import os
import pathlib
import re
import time

import latex2mathml.converter
import nbconvert.preprocessors
import nbformat

from fkd_utils import console, files
from fkd_utils.files import InputError
from fkd_utils.plotting import chapter, figures

NOTEBOOKS = files.REPO / "notebooks"
BUILD = files.REPO / "build"
QUIET_KERNEL = ["--log-level=ERROR"]  # else each start of a kernel prints a warning


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a chapter's run ended; error: one line, empty when all is well."""

    chapter: pathlib.Path
    seconds: float
    error: str = ""


def find_chapters(names: list[str]) -> list[pathlib.Path]:
    """The notebooks whose number or name was given, all when none was; in order.

    Raises InputError for a name that fits no chapter.
    """
    every = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    return named(every, names) if names else every


def named(chapters: list[pathlib.Path], names: list[str]) -> list[pathlib.Path]:
    """Those of the files 03_linear.ipynb, ... that are named by 3, 03, 03_linear or so; in order.

    Raises InputError for a name that fits none.
    """
    found = set()
    for name in names:
        stem = pathlib.PurePath(name).name.removesuffix(".ipynb").removesuffix(".py")
        number = stem.zfill(2) if stem.isdigit() else stem
        hits = [p for p in chapters if p.stem == stem or p.stem.split("_")[0] == number]
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
    label = data
    if data not in ("open", "kaggle"):
        place = _place(data)
        digits = hashlib.sha256(os.fsencode(place)).hexdigest()[:6]
        label = f"{pathlib.Path(place).name}-{digits}"
    return BUILD / f"{profile}-{re.sub(r'[^A-Za-z0-9]+', '-', label)}"


def _place(data: str) -> str:
    """open, kaggle or a folder, absolute: chapters run in another folder than the command."""
    if data in ("open", "kaggle"):
        return data
    return str(files.expanded(data).resolve())


def run_chapters(chapters: list[pathlib.Path], profile: str, data: str, seed: int) -> list[Outcome]:
    """Execute chapters into the build folder; a failed one does not stop the others."""
    target = build_folder(profile, data)
    (target / "figures").mkdir(parents=True, exist_ok=True)
    outcomes = []
    for notebook in chapters:
        outcome = run_chapter(notebook, target, profile, data, seed)
        outcomes.append(outcome)
        state = "ok" if not outcome.error else f"FAILED: {outcome.error}"
        print(f"{notebook.stem:<32}{outcome.seconds:6.0f} s  {state}", flush=True)
    return outcomes


def run_chapter(
    notebook: pathlib.Path, target: pathlib.Path, profile: str, data: str, seed: int
) -> Outcome:
    """Execute one chapter into `target`; whatever stops it is told in the outcome."""
    import papermill

    (target / notebook.name).unlink(missing_ok=True)  # an older run's is not to stand for this one
    line = console.ProgressLine()
    line.update(f"{notebook.stem}: running ...")
    started = time.monotonic()
    error = ""
    with _environment(FKD_FIGURES=str(target / "figures"), **_moved()):
        try:
            papermill.execute_notebook(
                str(notebook),
                str(target / notebook.name),
                {"PROFILE": profile, "DATA": _place(data), "SEED": seed},
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                request_save_on_cell_execute=False,  # megabytes of pictures, for every cell
                cwd=str(NOTEBOOKS),
                extra_arguments=QUIET_KERNEL,
            )
        except papermill.PapermillExecutionError as failure:
            # papermill's own cell with the parameters comes before; the reader counts without it.
            where = f"cell [{failure.exec_count - 1}]: {failure.ename}"
            error = f"{where}: {_first_line(failure.evalue)}"
        except Exception as failure:  # a kernel that died, a file that is no notebook, no kernel
            error = f"{type(failure).__name__}: {_first_line(failure)}"
    line.clear()
    return Outcome(notebook, time.monotonic() - started, error)


def _moved() -> dict[str, str]:
    """Folders that the reader has moved, absolute: a chapter runs in another than the command."""
    names = [name for name in ("FKD_CACHE", "FKD_RUNS") if os.environ.get(name)]
    return {name: str(files.chosen(name, files.REPO)) for name in names}


def _first_line(message: object) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", str(message)).strip().split("\n")[0]


@contextlib.contextmanager
def _environment(**variables: str):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def write_report(profile: str, data: str) -> pathlib.Path:
    """Turn the executed chapters into HTML with an index; returns the index's path."""
    import nbconvert

    source = build_folder(profile, data)
    target = source / "html"
    target.mkdir(parents=True, exist_ok=True)
    exporter = nbconvert.HTMLExporter(embed_images=True, mathjax_url="", require_js_url="")
    exporter.register_preprocessor(MathToMarkup, enabled=True)
    items = []
    for notebook in sorted(source.glob("[0-9][0-9]_*.ipynb")):
        body, _ = exporter.from_filename(str(notebook))
        with files.replacing(target / f"{notebook.stem}.html") as path:
            path.write_text(body, encoding="utf-8")
        items.append((notebook.stem, _title(notebook)))
    shown = [json.loads(p.read_text(encoding="utf-8")) for p in source.glob("figures/*.json")]
    links = "\n".join(f'<li><a href="{s}.html">{html.escape(t)}</a></li>' for s, t in items)
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Facial keypoints: report</title>"
        "<style>body{font:17px/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;"
        "padding:0 1rem;color:#222}a{color:#0072B2}li{margin:.3rem 0}</style>"
        f"<h1>Facial keypoint detection</h1><p>Profile {html.escape(profile)}, data "
        f"{html.escape(source.name.split('-', 1)[1])}, {len(shown)} figures.</p><ul>"
        f"{links}</ul></html>"
    )
    index = target / "index.html"
    with files.replacing(index) as path:
        path.write_text(page, encoding="utf-8")
    return index


def _title(notebook: pathlib.Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    first = "".join(cells[0]["source"]).split("\n")[0]
    return first.lstrip("# ").strip()


def collect_figures(profile: str, data: str) -> list[dict]:
    """Copy the figures of such a run into figures/ and bring the index up to date."""
    return figures.collect(build_folder(profile, data) / "figures")


def default_profile() -> str:
    """$FKD_PROFILE or quick."""
    profile = os.environ.get("FKD_PROFILE", "quick")
    if profile not in chapter.PROFILES:
        raise InputError(f"FKD_PROFILE={profile}: choose one of {', '.join(chapter.PROFILES)}")
    return profile


CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$\w])\$(?!\s)((?:[^$\n]|\n(?!\n))+?)(?<!\s)\$(?![\w$])")


class MathToMarkup(nbconvert.preprocessors.Preprocessor):
    """Replaces $...$ and $$...$$ in markdown cells; code in them stays as it is."""

    def preprocess_cell(
        self, cell: nbformat.NotebookNode, resources: dict, index: int
    ) -> tuple[nbformat.NotebookNode, dict]:
        """Called by nbconvert for each cell: the cell, changed, and `resources` as they were."""
        if cell.cell_type == "markdown":
            pieces = CODE.split(cell.source)
            pieces[::2] = [convert(piece) for piece in pieces[::2]]
            cell.source = "".join(pieces)
        return cell, resources


def convert(text: str) -> str:
    """LaTeX formulas between dollar signs as MathML."""

    def block(match: re.Match) -> str:
        return latex2mathml.converter.convert(match[1].strip(), display="block")

    def line(match: re.Match) -> str:
        return latex2mathml.converter.convert(match[1])

    return INLINE.sub(line, DISPLAY.sub(block, text))
