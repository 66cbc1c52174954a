import io
import json
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import PIL.Image
import pytest

from fkd_utils.plotting import figures


def entry(number="4.1", chapter="03", data="open", profile="quick"):
    return figures.Entry(number, 'A "title"', "An <alt>", chapter, profile, data, 0, {})


def draw():
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([0, 1])
    return figure


@pytest.fixture
def built(tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_FIGURES", str(tmp_path / "built"))
    return tmp_path / "built"


def test_save_writes_the_png_and_its_entry(built):
    png = figures.save(draw(), entry())
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert (built / "ch03_fig_4.1.png").read_bytes() == png
    assert json.loads((built / "ch03_fig_4.1.json").read_text())["alt"] == "An <alt>"


def test_html_carries_alt_text_and_caption_escaped(built):
    text = figures.figure_as_html(figures.save(draw(), entry()), entry())
    assert 'alt="An &lt;alt&gt;"' in text
    assert "<b>Figure 4.1.</b> A &quot;title&quot;" in text


def as_png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_photograph_is_embedded_as_jpeg_and_a_drawing_stays_as_it_is():
    rng = np.random.default_rng(0)
    smooth = np.linspace(60, 200, 300)[:, np.newaxis, np.newaxis] + rng.normal(0, 4, (300, 400, 3))
    photograph = as_png(smooth.clip(0, 255).astype(np.uint8))
    kind, content = figures.lighter(photograph)
    assert kind == "jpeg" and 2 * len(content) < len(photograph)
    with PIL.Image.open(io.BytesIO(content)) as again:
        assert again.size == (400, 300)
        assert np.abs(np.asarray(again, float) - smooth).mean() < 5
    drawing = np.full((300, 400, 4), 255, np.uint8)
    drawing[100, 50:350] = (0, 0, 0, 255)
    assert figures.lighter(as_png(drawing)) == ("png", as_png(drawing))


# Of words, numbers and both: what stands left, what right, read back by a parser of XML.
FRAME = pd.DataFrame(
    {
        "model": ["First", "Second", "5cl"],
        "mse": [0.5, 0.25, None],
        "epochs": ["17 of 20", "20 of 20", ""],
        "found": ["3 px", "1.49 times the error of the mean face", "2 px"],
        "letters among numbers": ["none", "1", "2"],
    }
)


def rows_of(content: str) -> list[list[ElementTree.Element]]:
    """The cells of a table, headings first."""
    table = ElementTree.fromstring(content[content.index("<table") :])
    return [list(row) for row in table.iter("tr")]


def sides(content: str) -> list[list[str]]:
    """left or right for each cell."""
    return [
        ["left" if cell.get("style") == "text-align:left" else "right" for cell in row]
        for row in rows_of(content)
    ]


def test_words_stand_left_and_numbers_right():
    content = figures.table_as_html(FRAME, {"mse": "{:.2f}"})
    assert sides(content) == [["left", "right", "right", "left", "right"]] * 4


def test_the_content_stays_as_it_was():
    heads, *rows = rows_of(figures.table_as_html(FRAME, {"mse": "{:.2f}"}))
    assert [cell.text for cell in heads] == list(FRAME)
    assert [cell.text for cell in rows[1]] == ["Second", "0.25", "20 of 20", FRAME.found[1], "1"]
    assert rows[2][1].text is None
