"""A figure that a reader moves: pictures made in advance, a slider, a button that plays them.

No kernel and no address is needed, so it works in JupyterLab and on a page of the book alike.
Without scripts, as in a notebook that is not trusted, the picture it starts with stands still.
"""

import base64
import collections.abc
import html
import io
import json

import matplotlib.figure
import matplotlib.pyplot as plt
import PIL.Image

from fkd_utils.files import InputError
from fkd_utils.plotting import figures

MOST = 1_000_000  # bytes of a figure in its page
SCREEN_DPI = 100
_MILLISECONDS = 400  # a picture, while playing

# Every copy of the figure that the page holds and that does not move yet: JupyterLab shows one
# output in several views.
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


def picture(figure: matplotlib.figure.Figure) -> bytes:
    """A figure as WebP, which is closed by that. All pictures of one size: nothing is cut off."""
    buffer, webp = io.BytesIO(), io.BytesIO()
    with plt.rc_context({"savefig.bbox": None}):
        figure.savefig(buffer, format="png", dpi=SCREEN_DPI)
    plt.close(figure)
    with PIL.Image.open(buffer) as drawn:
        drawn.convert("RGB").save(webp, "WEBP", quality=85, method=4)
    return webp.getvalue()


def as_html(
    pictures: collections.abc.Sequence[bytes],
    labels: collections.abc.Sequence[str],
    start: int,
    entry: figures.Entry,
) -> str:
    """The moving figure as a chapter shows it; it starts with picture `start`.

    Raises InputError for pictures and labels of two numbers, and for more than a megabyte.
    """
    if len(pictures) != len(labels) or not 0 <= start < len(labels):
        raise InputError(
            f"Figure {entry.number}: {len(pictures)} pictures, {len(labels)} labels, start {start}"
        )
    urls = [f"data:image/webp;base64,{base64.b64encode(p).decode()}" for p in pictures]
    if (size := sum(map(len, urls))) > MOST:
        raise InputError(
            f"Figure {entry.number}: {size / 1e6:.1f} MB in the page, allowed is one; "
            "take fewer or smaller pictures"
        )
    name = figures.anchor(f"Figure {entry.number}")
    with PIL.Image.open(io.BytesIO(pictures[start])) as drawn:
        width = drawn.width
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
