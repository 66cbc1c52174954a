"""The command `slides`: aims, figures, predictions and what was seen of each chapter, to show.

Made by sphinx-revealjs from the executed chapters; no address outside is loaded.
"""

import pathlib
import re
import shutil
import tempfile
import typing

import click

from fkd_utils import files
from fkd_utils.cli import book, editions, execute

if typing.TYPE_CHECKING:
    import nbformat

_FIGURE = re.compile(r"<figure id=.*?</figure>", re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_ASKS = re.compile(r"\bPredict\b|\bpredict:")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@click.command()
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...")
@execute.out_option("slides", "where they go")
def slides(chapters: tuple[str, ...], out: pathlib.Path) -> None:
    """Make slides of chapters: what they promise, their figures, the predictions they ask for."""
    import nbformat

    wanted = execute.find_chapters(chapters)
    out.parent.mkdir(parents=True, exist_ok=True)
    with files.writing(out), tempfile.TemporaryDirectory(dir=out.parent) as place:
        source, made = pathlib.Path(place, "pages"), pathlib.Path(place, "made")
        shutil.copytree(book.PAGES / "static", source / "static")
        shutil.copyfile(book.PAGES / "conf.py", source / "conf.py")
        (source / "extra").mkdir()
        (source / "references.bib").touch()
        for path in wanted:
            text = shown(nbformat.read(path, as_version=4))
            (source / f"{path.stem}.md").write_text(text, encoding="utf-8")
        index = ["# Slides", "", *(f"- [{p.stem}]({p.stem}.md)" for p in wanted), ""]
        index += ["```{toctree}", ":hidden:", "", *(p.stem for p in wanted), "```"]
        (source / "index.md").write_text("\n".join(index), encoding="utf-8")
        book.sphinx(source, made, "revealjs")
        files.discard(out)
        made.rename(out)
    print(f"slides of {', '.join(path.stem for path in wanted)}: {out / 'index.html'}")


def shown(notebook: "nbformat.NotebookNode") -> str:
    """A chapter's slides in Markdown: a heading a part, below it its predictions and figures."""
    title, lines = "", []
    for cell in notebook.cells:
        tags = editions.tags_of(cell)
        if cell.cell_type == "markdown" and "solution" not in tags:
            source = _LINK.sub(r"\1", cell.source)
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
                html = "".join(output.get("data", {}).get("text/html", ""))
                for figure in _FIGURE.findall(html):
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
