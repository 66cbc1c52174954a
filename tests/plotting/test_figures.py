import io
import json
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import PIL.Image
import pytest

from fkd_utils.files import InputError
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


MOVING = figures.Entry(
    "05-z", 'Width & "depth"', "A line that <rises>.", "05", "quick", "open", 0, {}
)


def line_of(height):
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, height])
    return figure


def test_pictures_have_one_size_whatever_is_drawn():
    sizes = set()
    for height in (1, 1_000_000):
        with PIL.Image.open(io.BytesIO(figures.moving_picture(line_of(height)))) as picture:
            assert picture.format == "WEBP"
            sizes.add(picture.size)
    assert sizes == {(200, 100)}
    assert not plt.get_fignums()


def test_the_page_holds_every_picture_and_label_and_starts_where_told():
    pictures = [figures.moving_picture(line_of(k)) for k in range(3)]
    labels = ["rate 0.1", "rate </script> 0.2", "rate 0.3"]
    made = figures.moving_as_html(pictures, labels, 1, MOVING)
    assert made.count("data:image/webp") == 4  # the three, and the one it starts with
    assert 'id="figure-05-z"' in made and 'value="1"' in made and 'max="2"' in made
    assert "A line that &lt;rises&gt;." in made and "Width &amp; &quot;depth&quot;" in made
    script = re.search(r"<script>(.*)</script>", made, re.DOTALL)[1]
    assert "</script" not in script
    said = json.loads(re.search(r"labels = (\[.*?\]);", script)[1])
    assert said == labels
    assert "http" not in made


@pytest.mark.parametrize(("labels", "start"), [(["one"], 0), (["one", "two"], 2), ([], 0)])
def test_pictures_without_labels_are_refused(labels, start):
    with pytest.raises(InputError, match="2 pictures"):
        figures.moving_as_html([b"", b""], labels, start, MOVING)


def test_more_than_a_megabyte_is_refused():
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    PIL.Image.fromarray(noise).save(buffer, "WEBP", quality=100)
    with pytest.raises(InputError, match=r"05-z: \d\.\d MB in the page, allowed is one"):
        figures.moving_as_html([buffer.getvalue()] * 4, list("abcd"), 0, MOVING)
