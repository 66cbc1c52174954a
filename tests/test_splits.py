import hypothesis
import hypothesis.strategies as st
import numpy as np

from fkd_utils.data import splits


def parts_of(split):
    return split.train, split.validation, split.test


@hypothesis.given(st.integers(10, 3000), st.integers(0, 5))
def test_random_split_holds_every_face_once(n, seed):
    split = splits.random_split(n, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts_of(split))), np.arange(n))
    assert len(split.validation) == len(split.test) == round(0.1 * n)


def test_random_split_has_the_thesis_size():
    assert len(splits.random_split(2140, 0).train) == 1712


@hypothesis.given(st.lists(st.integers(0, 60), min_size=30, max_size=400), st.integers(0, 3))
def test_no_group_stands_on_two_sides(groups, seed):
    groups = np.array(groups)
    split = splits.grouped_split(groups, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts_of(split))), np.arange(len(groups)))
    sides = [set(groups[part]) for part in parts_of(split)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_grouped_split_of_single_faces_has_the_same_sizes_as_the_random_one():
    split = splits.grouped_split(np.arange(2140), 0)
    assert [len(part) for part in parts_of(split)] == [1712, 214, 214]


def test_another_seed_gives_another_split():
    a, b = splits.grouped_split(np.arange(500), 0), splits.grouped_split(np.arange(500), 1)
    assert not np.array_equal(a.test, b.test)
