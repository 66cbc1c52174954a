import io
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
import pytest

from fkd_utils.files import InputError
from fkd_utils.plotting import figures, moving

ENTRY = figures.Entry(
    "05-z", 'Width & "depth"', "A line that <rises>.", "05", "quick", "open", 0, {}
)


def drawn(height):
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, height])
    return figure


def test_pictures_have_one_size_whatever_is_drawn():
    sizes = set()
    for height in (1, 1_000_000):
        with PIL.Image.open(io.BytesIO(moving.picture(drawn(height)))) as picture:
            assert picture.format == "WEBP"
            sizes.add(picture.size)
    assert sizes == {(200, 100)}
    assert not plt.get_fignums()


def test_the_page_holds_every_picture_and_label_and_starts_where_told():
    pictures = [moving.picture(drawn(k)) for k in range(3)]
    labels = ["rate 0.1", "rate </script> 0.2", "rate 0.3"]
    made = moving.as_html(pictures, labels, 1, ENTRY)
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
        moving.as_html([b"", b""], labels, start, ENTRY)


def test_more_than_a_megabyte_is_refused():
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    PIL.Image.fromarray(noise).save(buffer, "WEBP", quality=100)
    with pytest.raises(InputError, match=r"05-z: \d\.\d MB in the page, allowed is one"):
        moving.as_html([buffer.getvalue()] * 4, list("abcd"), 0, ENTRY)
