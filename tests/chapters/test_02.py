"""Chapter 02's random split."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
from chapters import pages

PAGE = pages.load("02", "random_split")


@hypothesis.given(st.integers(10, 3000), st.integers(0, 5))
def test_random_split_holds_every_face_once(n, seed):
    split = PAGE.random_split(n, seed)
    parts = split.train, split.validation, split.test
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    assert all((np.diff(part) > 0).all() for part in parts)
    assert len(split.validation) == len(split.test) == round(0.1 * n)


def test_random_split_has_the_thesis_size():
    assert len(PAGE.random_split(2140, 0).train) == 1712
