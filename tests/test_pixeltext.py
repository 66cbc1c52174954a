"""The parser of pixels against plain Python."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils.data import kaggle


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.integers(0, 255), min_size=1, max_size=40).map(lambda p: p * 9216),
        min_size=1,
        max_size=3,
    )
)
def test_parse_agrees_with_int(rows):
    rows = [row[:9216] for row in rows]
    texts = [" ".join(map(str, row)).encode() for row in rows]
    np.testing.assert_array_equal(kaggle.parse_pixels(texts), rows)
    for row, text in zip(rows, texts, strict=True):
        np.testing.assert_array_equal(kaggle.parse_row(text), row)


@settings(max_examples=200)
@given(st.data())
def test_parse_never_accepts_what_int_refuses(data):
    """One edit somewhere: the fast parser declines or gives what Python reads."""
    text = bytearray(b" ".join(b"%d" % (k % 256) for k in range(9216)))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + 1] = data.draw(st.binary(max_size=3))
    found = kaggle.parse_pixels([bytes(text)])
    if found is not None:
        assert found[0].tolist() == [int(v) for v in bytes(text).split(b" ")]
