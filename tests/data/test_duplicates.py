"""Copies are found however they were altered, and nothing else is taken for one."""

import numpy as np
import pytest
from drawnfaces import ALTERED
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils.data import duplicates


@pytest.mark.parametrize("how", ALTERED)
def test_finds_altered_copies_and_nothing_else(drawn, how):
    originals = drawn.images[:40]
    copies = np.stack([ALTERED[how](picture) for picture in originals[:20]])
    pairs = duplicates.find(np.concatenate([originals, copies]))
    expected = {(k, 40 + k) for k in range(20)}
    found = set(map(tuple, pairs.tolist()))
    assert len(found & expected) >= 19
    assert found <= expected


def test_equal_pictures_are_found_whatever_they_show():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (9, 96, 96), dtype=np.uint8)
    images[[2, 5, 7]] = images[2]
    images[[3, 8]] = 0  # flat
    images[4] = 255  # flat too, but another
    assert duplicates.find(images).tolist() == [[2, 5], [2, 7], [3, 8], [5, 7]]


def test_a_copy_of_an_equal_pair_is_paired_with_both(drawn):
    one = drawn.images[0]
    images = np.stack([drawn.images[1], ALTERED["brighter"](one), one, drawn.images[2], one])
    assert duplicates.find(images).tolist() == [[1, 2], [1, 4], [2, 4]]


def test_few_pictures():
    assert duplicates.find(np.zeros((1, 96, 96), np.uint8)).shape == (0, 2)
    assert duplicates.find(np.zeros((2, 96, 96), np.uint8)).tolist() == [[0, 1]]


@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40),
        )
    )
)
def test_groups_are_what_walking_along_pairs_reaches(case):
    count, pairs = case
    groups = duplicates.groups(count, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    reach = [{k} for k in range(count)]  # the oracle merges sets
    for i, j in pairs:
        merged = reach[i] | reach[j]
        for k in merged:
            reach[k] = merged
    assert groups.tolist() == [min(cluster) for cluster in reach]
