import re

import nbformat
import pytest

from fkd_utils.cli import execute, main, slides


@pytest.fixture
def notebook():
    figure = (
        '<figure id="figure-05-a"><img alt="a line" src="data:image/png;base64,AAAA">'
        "<figcaption>A line.</figcaption></figure>"
    )
    output = nbformat.v4.new_output("display_data", data={"text/html": figure})
    drawing = nbformat.v4.new_code_cell("chapter.figure(figure)", outputs=[output])
    texts = (
        "# 05 A title\n\nWhat it is.\n\n**You can afterwards**\n- tell [this](x.ipynb);\n- draw.",
        "## A part\n\nSome text.\n\nAs predicted.\n\n**Predict**: which is larger?",
        "## What you saw\n\n- It moves.\n- It stays.",
        "## Quiz",
        "## Exercises\n\n**1. Predict** (easy). Nothing of it is shown.",
    )
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    return nbformat.v4.new_notebook(cells=[*cells[:2], drawing, *cells[2:]])


def test_slides_show_aims_figures_predictions_and_what_was_seen(notebook):
    text = slides.shown(notebook)
    headings = re.findall(r"^#+ .+$", text, re.MULTILINE)
    assert headings == [
        "# 05 A title",
        "## You can afterwards",
        "## A part",
        "### Predict",
        "## What you saw",
    ]
    assert "- tell this;" in text and '<img alt="a line"' in text and "- It stays." in text
    assert "Some text." not in text and "As predicted" not in text and "easy" not in text


def test_every_chapter_has_something_to_show():
    for path in execute.chapters_in(execute.NOTEBOOKS):
        text = slides.shown(nbformat.read(path, as_version=4))
        assert text.count("<img") >= 1 and text.count("\n- ") >= 3, path.stem


def test_the_command_makes_pages_that_load_nothing_from_elsewhere(tmp_path, capsys):
    assert main.main(["slides", "00", "--out", str(tmp_path / "made")]) == 0
    page = (tmp_path / "made" / "00_welcome.html").read_text(encoding="utf-8")
    assert "slides of 00_welcome" in capsys.readouterr().out and "reveal" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+\.(?:js|css|png)', page)


def test_an_unknown_chapter_is_told(capsys):
    assert main.main(["slides", "77"]) == 2
    assert "there is no chapter '77'" in capsys.readouterr().err
