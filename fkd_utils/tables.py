"""Tables as HTML: words stand left, numbers right."""

import re

import pandas as pd

_CELL = re.compile(
    r'(<t[hd] id="T_table_\w+" class="(?:col_heading level0|data row\d+) col(\d+)") >(.*?)(?=</t)',
    re.DOTALL,
)
_LONG = 24  # characters; a longer cell is a sentence, even when it begins with a number


def as_html(frame: pd.DataFrame, formats: dict[str, str]) -> str:
    """A table without its index; formats: by column, such as {"mse": "{:.5f}"}."""
    style = frame.style.format(formats, na_rep="").hide(axis="index")
    return _aligned(style.set_uuid("table").set_table_attributes('class="dataframe"').to_html())


def _aligned(content: str) -> str:
    """A table of `as_html` with columns of words to the left.

    A column holds words when most of its cells begin with a letter or one of them is long.
    The style stands in each cell: rules by column would be shared by all tables of a page.
    """
    columns: dict[str, list[str]] = {}
    for start, number, text in _CELL.findall(content):
        if start.startswith("<td") and text:
            columns.setdefault(number, []).append(text)
    left = {number for number, texts in columns.items() if _are_words(texts)}
    return _CELL.sub(
        lambda m: f'{m[1]} style="text-align:left" >{m[3]}' if m[2] in left else m[0], content
    )


def _are_words(texts: list[str]) -> bool:
    letters = sum(text[0].isalpha() for text in texts)
    return letters > len(texts) / 2 or any(len(text) > _LONG for text in texts)
