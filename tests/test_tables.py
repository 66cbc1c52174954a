"""Tables as HTML: what stands left, what right; read back by a parser of XML."""

from xml.etree import ElementTree

import pandas as pd

from fkd_utils.plotting import figures

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
