"""The course as a static site, made by Sphinx from executed chapters and the pages in book/.

`book` takes the committed chapters, `run` those it has just executed. `slides` makes slides, by
sphinx-revealjs. No page needs a kernel, or anything from the network.
"""

import collections.abc
import contextlib
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import typing

import click

from fkd_utils import files
from fkd_utils.cli import editions, execute
from fkd_utils.files import InputError

if typing.TYPE_CHECKING:
    import nbformat

PAGES = files.REPO / "book"
# What myst-nb folds or leaves out, by the course's own tags.
_SHOWN = {
    "parameters": "hide-input",
    "drawing": "hide-input",
    "check": "hide-input",
    "quiz": "remove-input",
    "solution": "hide-cell",
}
_FOLDED = {"check": "Show the check", "solution": "Show the solution"}
_LINK = re.compile(rf"\[([^\]]+)\]\(({execute.STEM}\.ipynb)?#([^)\s]+)\)")
# For slides: what is shown of a chapter.
_FIGURE = re.compile(r"<figure id=.*?</figure>", re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_ASKS = re.compile(r"\bPredict\b|\bpredict:")
_TARGET = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@click.command()
@execute.out_option("book", "where the book goes")
def book(out: pathlib.Path) -> None:
    """Make the course a static site: every chapter with its results, search, all figures.

    From the chapters as they came with the course; `run` makes one from its own.
    """
    print(f"the book: {build(execute.find_chapters([]), files.REPO / 'figures', out)}")


def build(
    chapters: collections.abc.Iterable[pathlib.Path], figures: pathlib.Path, target: pathlib.Path
) -> pathlib.Path:
    """Write the book of executed `chapters` to the folder `target`; returns its first page.

    figures: the folder of their figures and entries. What stood in `target` is replaced when the
    new book is whole. Raises InputError without chapters, and with Sphinx's words when that fails.
    """
    with _replacing(target) as source:
        shutil.copytree(PAGES, source, dirs_exist_ok=True)
        if not _write_chapters(chapters, source):
            raise InputError("there is no executed chapter to make a book of; run one first")
        _write_teaching(source)
        _fill(source / "index.md", "CHAPTERS", _chapters_table())
        _fill(source / "index.md", "VERDICTS", _verdicts())
        _fill(source / "researchers.md", "RUNS", _stored_runs())
        _fill(source / "jupyterhub.md", "MEMORY", _memory())
        _write_figures(figures, source)
    return target / "index.html"


@contextlib.contextmanager
def _replacing(
    target: pathlib.Path, builder: str = "html"
) -> collections.abc.Iterator[pathlib.Path]:
    """Yields a folder for pages; what Sphinx makes of them takes the place of `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.writing(target), tempfile.TemporaryDirectory(dir=target.parent) as place:
        source, made = pathlib.Path(place, "pages"), pathlib.Path(place, "made")
        source.mkdir()
        yield source
        _sphinx(source, made, builder)
        files.discard(target)
        made.rename(target)


def _write_chapters(chapters: collections.abc.Iterable[pathlib.Path], source: pathlib.Path) -> int:
    """Each chapter as a page, and beside it to download: as it is, and its student's edition."""
    import nbformat

    count = 0
    for path in chapters:
        try:
            notebook = nbformat.read(path, as_version=4)
        except files.DAMAGED:
            print(f"{path.name} was cut off and is not in the book; run this chapter again")
            continue
        count += 1
        _write(editions.student(notebook), source / "extra" / "student" / path.name)
        _write(editions.without(notebook), source / "extra" / "notebooks" / path.name)
        _write(page(notebook, path), source / path.name)
    return count


def page(notebook: "nbformat.NotebookNode", path: pathlib.Path) -> "nbformat.NotebookNode":
    """A chapter as the book shows it: guards gone, the rest folded by its tags, links made HTML."""
    made = editions.without(notebook, "guard")
    for cell in made.cells:
        tags = editions.tags_of(cell)
        cell.metadata = {"tags": sorted({_SHOWN[tag] for tag in tags if tag in _SHOWN})}
        for tag in tags & _FOLDED.keys():
            cell.metadata["mystnb"] = {"code_prompt_show": _FOLDED[tag]}
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(_as_anchor, cell.source)
            if "solution" in tags:
                folded = "<details><summary>How to judge an answer</summary>"
                cell.source = f"{folded}\n\n{cell.source}\n\n</details>"
    downloads = (
        '<p class="downloads">Download: '
        f'<a href="notebooks/{path.name}" download>this chapter</a>, '
        f'<a href="student/{path.name}" download>its student\'s edition</a></p>'
    )
    for cell in made.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            head, _, rest = cell.source.partition("\n")
            cell.source = f"{head}\n\n{downloads}\n{rest}"
            break
    return made


def _as_anchor(link: re.Match) -> str:
    """A link to a place in a page as HTML: Sphinx knows no anchors inside of outputs."""
    text, chapter, anchor = link.groups()
    there = chapter.replace(".ipynb", ".html") if chapter else ""
    if not anchor.startswith(("figure-", "table-")):  # a heading, whose name Sphinx makes simpler
        anchor = re.sub(r"[^a-z0-9]+", "-", anchor.lower()).strip("-")
    return f'<a href="{there}#{anchor}">{text}</a>'


def _write(notebook: "nbformat.NotebookNode", path: pathlib.Path) -> None:
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def _write_teaching(source: pathlib.Path) -> None:
    """The notes on each chapter, one after the other, as a page."""
    notes = sorted((source / "teaching").glob("*.md"))
    parts = ["# Chapter by chapter", *(note.read_text(encoding="utf-8") for note in notes)]
    (source / "chapter_by_chapter.md").write_text("\n\n".join(parts), encoding="utf-8")
    shutil.rmtree(source / "teaching")


def _fill(page: pathlib.Path, name: str, text: str) -> None:
    page.write_text(page.read_text(encoding="utf-8").replace(f"{{{{{name}}}}}", text), "utf-8")


def _chapters_table() -> str:
    """The README's rows, with links that the book follows."""
    text = (files.REPO / "README.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| \d\d[a-z]? \| \[.*{execute.STEM}\.ipynb\).*$", text, re.MULTILINE)
    return "\n".join(row.replace("(notebooks/", "(") for row in rows)


def _verdicts() -> str:
    """How many claims have which verdict, as a sentence's end."""
    verdicts = files.read_table(files.PUBLISHED / "claims.csv").verdict.value_counts()
    counts = [f"{n} *{name}*" for name, n in verdicts.items()]
    return f"of {verdicts.sum()} claims " + ", ".join(counts)


def _stored_runs() -> str:
    """A table of data/published: what each stored run was, and took."""
    lines = ["| run | epochs | trained on | hours |", "|---|---|---|---|"]
    for path in sorted(files.PUBLISHED.glob("*/recipe.json")):
        run = files.read_json(path)
        cells = [path.parent.name, run["epochs"], f"{run['faces']['train']:,} pictures"]
        cells += [f"{run['seconds'] / 3600:.2f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _memory() -> str:
    """A table of what a kernel held at most, by chapter; see `python -m studies memory`."""
    table = files.read_table(files.PUBLISHED / "memory.csv")
    lines = ["| chapter | most memory of its kernel, profile quick |", "|---|---|"]
    lines += [f"| {row.chapter} | {row.megabytes:,.0f} MB |" for row in table.itertuples()]
    most = table.megabytes.max() / 1000
    lines += ["", f"A student with one chapter open needs up to {most:.1f} GB while it runs. "
              "A kernel that has run keeps it until it is shut down."]  # fmt: skip
    return "\n".join(lines)


def _write_figures(figures: pathlib.Path, source: pathlib.Path) -> None:
    """A page of all figures, small, each leading to its place, and the full ones beside it."""
    import PIL.Image

    folder = source / "extra" / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    index = figures / "index.json"  # of the committed ones; a run's have a file each
    entries = json.loads(index.read_text(encoding="utf-8")) if index.exists() else []
    for path in sorted(figures.glob("ch*.json")):
        entry = files.stored(files.read_json, path)
        entries += [entry | {"file": path.with_suffix(".png").name}] if entry else []
    lines, chapter = ["# All figures", ""], None
    stems = {editions.number_of(p): p.stem for p in source.glob("[0-9]*.ipynb")}
    for entry in entries:
        picture = figures / entry["file"]
        known = entry["kind"] == "figure" and entry["chapter"] in stems
        if not known or not picture.exists():
            continue
        if entry["chapter"] != chapter:
            chapter = entry["chapter"]
            lines += [f"## Chapter {chapter}", ""]
        with PIL.Image.open(picture) as full:
            full.convert("RGB").save(folder / f"{picture.stem}.webp", quality=80)
        title = entry["number"] if not entry["number"][0].isdigit() else f"Figure {entry['number']}"
        place = f"{stems[chapter]}.html#{title.lower().replace(' ', '-')}"
        lines += [
            f'<figure class="small"><a href="{place}"><img loading="lazy" '
            f'src="figures/{picture.stem}.webp" alt="{html.escape(entry["alt"])}"></a>'
            f"<figcaption><b>{html.escape(title)}.</b> {html.escape(entry['title'])}"
            "</figcaption></figure>",
            "",
        ]
    (source / "all_figures.md").write_text("\n".join(lines), encoding="utf-8")


def _sphinx(source: pathlib.Path, target: pathlib.Path, builder: str) -> None:
    """Make pages of a prepared folder. Raises InputError with Sphinx's last words."""
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-b", builder, str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.strip()
    if done.returncode:
        lines = [s.strip() for s in said.splitlines() if re.search("Error: |exception: ", s)]
        raise InputError(f"Sphinx could not make the pages: {lines[-1] if lines else said[-200:]}")
    if said:
        print(said, file=sys.stderr)
    files.discard(target / ".doctrees")


@click.command()
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...")
@execute.out_option("slides", "where they go")
def slides(chapters: tuple[str, ...], out: pathlib.Path) -> None:
    """Make slides of chapters: what they promise, their figures, the predictions they ask for."""
    import nbformat

    wanted = execute.find_chapters(chapters)
    with _replacing(out, "revealjs") as source:
        shutil.copytree(PAGES / "static", source / "static")
        shutil.copyfile(PAGES / "conf.py", source / "conf.py")
        (source / "extra").mkdir()
        (source / "references.bib").touch()
        for path in wanted:
            text = shown(nbformat.read(path, as_version=4))
            (source / f"{path.stem}.md").write_text(text, encoding="utf-8")
        index = ["# Slides", "", *(f"- [{p.stem}]({p.stem}.md)" for p in wanted), ""]
        index += ["```{toctree}", ":hidden:", "", *(p.stem for p in wanted), "```"]
        (source / "index.md").write_text("\n".join(index), encoding="utf-8")
    print(f"slides of {', '.join(path.stem for path in wanted)}: {out / 'index.html'}")


def shown(notebook: "nbformat.NotebookNode") -> str:
    """A chapter's slides in Markdown: a heading a part, below it its predictions and figures."""
    title, lines = "", []
    for cell in notebook.cells:
        tags = editions.tags_of(cell)
        if cell.cell_type == "markdown" and "solution" not in tags:
            source = _TARGET.sub(r"\1", cell.source)
            if source.startswith("# ") and not title:
                title = source.split("\n")[0]
                aims = re.findall(r"^- .+(?:\n  .+)*", source, re.MULTILINE)
                lines += [title, "", "## You can afterwards", "", *aims, ""]
                continue
            if re.search(r"^## Exercises", source, re.MULTILINE):
                break
            lines += _said(source)
        elif cell.cell_type == "code":
            for output in cell.outputs:
                text = "".join(output.get("data", {}).get("text/html", ""))
                for figure in _FIGURE.findall(text):
                    if "<img" in figure:
                        lines += ["###", "", figure.replace("\n", " "), ""]
    return "\n".join(lines)


def _said(source: str) -> list[str]:
    """Headings, paragraphs that ask for a prediction, and what was seen."""
    lines = []
    for part in re.split(r"\n\s*\n", source):
        if (heading := _HEADING.match(part)) and heading[1] != "Quiz":
            lines += [f"## {heading[1]}", ""]
        elif _ASKS.search(part) and not part.startswith(("|", "$", "#")):
            lines += ["### Predict", "", part, ""]
        elif part.startswith("- ") and lines[:1] == ["## What you saw"]:
            lines += [part, ""]
    return lines
