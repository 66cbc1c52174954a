"""Every figure and numbered table goes through here: one name, one entry in the index.

Tables as HTML: words stand left, numbers right. A figure that a reader moves: pictures made in
advance, a slider, a button that plays them. It needs no kernel and no address, so it works in
JupyterLab and on a page of the book alike; without scripts, as in a notebook that is not trusted,
the picture it starts with stands still.
"""

import base64
import collections.abc
import dataclasses
import html
import io
import json
import pathlib
import re

import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import PIL.Image

from fkd_utils import files
from fkd_utils.files import InputError

DPI = 150
MOST_BYTES = 1_000_000  # of a moving figure in its page
SCREEN_DPI = 100  # of its pictures
_MILLISECONDS = 400  # a picture, while playing

# Every copy of a moving figure that the page holds and that does not move yet: JupyterLab shows
# one output in several views.
_SCRIPT = """
for (const figure of document.querySelectorAll('[id="%(id)s"]:not([data-moves])')) {
  figure.dataset.moves = "";
  const pictures = %(pictures)s, labels = %(labels)s;
  const [img, button, slider, said] =
    ["img", "button", "input", "output"].map(name => figure.querySelector(name));
  let playing = 0;
  const show = k => {
    slider.value = k;
    img.src = pictures[k];
    said.textContent = labels[k];
    slider.setAttribute("aria-valuetext", labels[k]);
  };
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    button.textContent = "Play";
  };
  slider.oninput = () => { stop(); show(+slider.value); };
  button.onclick = () => {
    if (playing) return stop();
    button.textContent = "Stop";
    if (+slider.value === pictures.length - 1) show(0);
    playing = setInterval(() => {
      if (!figure.isConnected || +slider.value === pictures.length - 1) return stop();
      show(+slider.value + 1);
    }, %(pause)d);
  };
  figure.querySelector("div").style.display = "flex";
  show(+slider.value);
}
"""


@dataclasses.dataclass(frozen=True)
class Entry:
    """What the index says of a figure or table.

    number: the thesis's own, or chapter and letter; kind: "figure" (PNG) or "table" (CSV);
    alt: what a figure shows, for readers who cannot see it; "" for a table, which they can read.
    """

    number: str
    title: str
    alt: str
    chapter: str
    profile: str
    data: str
    seed: int
    versions: dict[str, str]
    kind: str = "figure"

    @property
    def file(self) -> str:
        """The name of the file, such as ch03_fig_4.1.png or ch06_table_4.1.csv."""
        kind, ending = ("table", "csv") if self.kind == "table" else ("fig", "png")
        return f"ch{self.chapter}_{kind}_{self.number}.{ending}"


def folder() -> pathlib.Path:
    """Where a running chapter puts its figures: $FKD_FIGURES or build/figures."""
    return files.chosen("FKD_FIGURES", files.home() / "build" / "figures")


def save(figure: matplotlib.figure.Figure, entry: Entry) -> bytes:
    """Write a figure as PNG with its entry beside it; returns the PNG."""
    png = drawn(figure)
    _write(png, entry)
    return png


def drawn(figure: matplotlib.figure.Figure) -> bytes:
    """A figure as PNG, which is closed by that."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()


def save_table(table: pd.DataFrame, entry: Entry) -> None:
    """Write a table as CSV with its entry beside it."""
    _write(table.to_csv(index=False).encode(), entry)


def _write(content: bytes, entry: Entry) -> None:
    with files.replacing(folder() / entry.file) as path:
        path.write_bytes(content)
    said = json.dumps(dataclasses.asdict(entry), indent=1)
    files.write_text((folder() / entry.file).with_suffix(".json"), said)


def figure_as_html(png: bytes, entry: Entry) -> str:
    """The picture with its alt text and caption, as a chapter shows it."""
    name = f"Figure {entry.number}" if entry.number[0].isdigit() else entry.number
    width = int.from_bytes(png[16:20], "big") * 100 // DPI
    kind, content = lighter(png)
    return (
        f'<figure id="{anchor(name)}" style="margin:0">'
        f'<img alt="{html.escape(entry.alt)}" width="{width}" '
        f'style="max-width:100%;height:auto" '
        f'src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
        f"<figcaption><b>{html.escape(name)}.</b> {html.escape(entry.title)}</figcaption></figure>"
    )


def moving_picture(figure: matplotlib.figure.Figure) -> bytes:
    """A figure as WebP, which is closed by that. All pictures of one size: nothing is cut off."""
    buffer, webp = io.BytesIO(), io.BytesIO()
    with plt.rc_context({"savefig.bbox": None}):
        figure.savefig(buffer, format="png", dpi=SCREEN_DPI)
    plt.close(figure)
    with PIL.Image.open(buffer) as png:
        png.convert("RGB").save(webp, "WEBP", quality=85, method=4)
    return webp.getvalue()


def moving_as_html(
    pictures: collections.abc.Sequence[bytes],
    labels: collections.abc.Sequence[str],
    start: int,
    entry: Entry,
) -> str:
    """The moving figure as a chapter shows it; it starts with picture `start`.

    Raises InputError for pictures and labels of two numbers, and for more than a megabyte.
    """
    if len(pictures) != len(labels) or not 0 <= start < len(labels):
        raise InputError(
            f"Figure {entry.number}: {len(pictures)} pictures, {len(labels)} labels, start {start}"
        )
    urls = [f"data:image/webp;base64,{base64.b64encode(p).decode()}" for p in pictures]
    if (size := sum(map(len, urls))) > MOST_BYTES:
        raise InputError(
            f"Figure {entry.number}: {size / 1e6:.1f} MB in the page, allowed is one; "
            "take fewer or smaller pictures"
        )
    name = anchor(f"Figure {entry.number}")
    with PIL.Image.open(io.BytesIO(pictures[start])) as first:
        width = first.width
    script = _SCRIPT % {
        "id": name,
        "pictures": json.dumps(urls),
        "labels": json.dumps(list(labels)).replace("<", "\\u003c"),
        "pause": _MILLISECONDS,
    }
    return (
        f'<figure id="{name}" class="moving" style="margin:0">'
        f'<img alt="{html.escape(entry.alt)}" width="{width}" '
        f'style="max-width:100%;height:auto" src="{urls[start]}">'
        f'<div style="display:none;gap:.6em;align-items:center;max-width:{width}px">'
        '<button type="button" style="min-width:4em">Play</button>'
        f'<input type="range" min="0" max="{len(labels) - 1}" value="{start}" '
        f'aria-label="{html.escape(entry.title)}" style="flex:1">'
        f'<output style="min-width:11em">{html.escape(labels[start])}</output></div>'
        f"<figcaption><b>Figure {html.escape(entry.number)}.</b> {html.escape(entry.title)}"
        f"</figcaption><script>{script}</script></figure>"
    )


def anchor(name: str) -> str:
    """What a link to a figure or table ends with: "figure-4.1" for "Figure 4.1"."""
    return html.escape(name.lower().replace(" ", "-"))


def lighter(png: bytes) -> tuple[str, bytes]:
    """A picture as a page should hold it: ("jpeg", ...) where that takes less than half the bytes.

    That is so for photographs; drawings stay ("png", ...). A page of photographs would else weigh
    megabytes in every commit.
    """
    buffer = io.BytesIO()
    with PIL.Image.open(io.BytesIO(png)) as picture:
        white = PIL.Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A") if "A" in picture.getbands() else None)
        white.save(buffer, "JPEG", quality=88, subsampling=0, optimize=True)
    jpeg = buffer.getvalue()
    return ("jpeg", jpeg) if 2 * len(jpeg) < len(png) else ("png", png)


def versions() -> dict[str, str]:
    """The versions a figure depends on."""
    import keras
    import matplotlib

    names = {"numpy": np.__version__, "matplotlib": matplotlib.__version__}
    return names | {"keras": keras.__version__, "backend": keras.backend.backend()}


_CELL = re.compile(
    r'(<t[hd] id="T_table_\w+" class="(?:col_heading level0|data row\d+) col(\d+)") >(.*?)(?=</t)',
    re.DOTALL,
)
_LONG = 24  # characters; a longer cell is a sentence, even when it begins with a number


def table_as_html(frame: pd.DataFrame, formats: dict[str, str]) -> str:
    """A table without its index; formats: by column, such as {"mse": "{:.5f}"}."""
    style = frame.style.format(formats, na_rep="").hide(axis="index")
    return _aligned(style.set_uuid("table").set_table_attributes('class="dataframe"').to_html())


def _aligned(content: str) -> str:
    """A table of `table_as_html` with columns of words to the left.

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
