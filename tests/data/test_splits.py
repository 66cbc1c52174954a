"""The three parts: nobody stands in two, and each way to prepare them does what it says."""

import dataclasses

import conftest
import drawnfaces
import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import cleaning, sources, splits
from fkd_utils.files import InputError


def parts_of(split):
    return split.train, split.validation, split.test


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


@pytest.fixture
def source(monkeypatch, tmp_path):
    """60 rows: 30 groups of two, every fifth row not fully labelled, row 7 suspicious."""
    rows = conftest.blob_faces(60, 5)
    rows = dataclasses.replace(rows, groups=np.arange(60) // 2)
    rows.keypoints[::5, 3] = np.nan
    calls = []

    def check(given: faces.Faces) -> cleaning.Report:
        calls.append(len(given))
        return cleaning.Report((), (cleaning.Suspicion(7, "planted"),))

    monkeypatch.setattr(sources, "read", lambda data: rows)
    monkeypatch.setattr(cleaning, "check", check)
    monkeypatch.setenv("FKD_CACHE", str(tmp_path))
    splits.load.cache_clear()
    yield calls
    splits.load.cache_clear()


def test_parts_are_clean_complete_and_share_no_group(source):
    data = splits.load("blobs")
    ids = [set(part.ids.tolist()) for part in (data.train, data.validation, data.test)]
    assert set.union(*ids) == set(range(60)) - set(range(0, 60, 5)) - {7}
    groups = [set(part.groups.tolist()) for part in (data.train, data.validation, data.test)]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])


def test_checking_is_done_once(source):
    first = splits.load("blobs")
    splits.load.cache_clear()
    again = splits.load("blobs")
    assert source == [60]
    np.testing.assert_array_equal(first.train.ids, again.train.ids)


def test_a_changed_byte_in_what_was_checked_is_seen(source, tmp_path):
    rows = sources.read("blobs")
    right = splits.checked(rows)
    (stored,) = tmp_path.glob("check-*.json")
    assert stored.read_text().count('"row": 7') == 1
    stored.write_text(stored.read_text().replace('"row": 7', '"row": 8'))
    assert splits.checked(rows) == right and len(source) == 2
    assert splits.checked(rows) == right and len(source) == 2


def test_limit_cuts_each_part(source):
    data = splits.load("blobs", 0, 8)
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 2, 2)


def test_only_training_faces_grow(source):
    plain, grown = splits.load("blobs"), splits.load("blobs", grown=True)
    n = len(plain.train)
    assert len(grown.train) == 22 * n
    np.testing.assert_array_equal(grown.train.images[:n], plain.train.images)
    np.testing.assert_array_equal(grown.train.ids, np.tile(plain.train.ids, 22))
    np.testing.assert_array_equal(grown.validation.images, plain.validation.images)
    assert grown.fingerprint() != plain.fingerprint()
    assert dataclasses.asdict(grown.source)["grown"]


@pytest.mark.parametrize("options", [{}, {"all_rows": True}, {"limit": 8, "all_rows": True}])
def test_labels_from_the_edge_are_moved_half_a_pixel(source, options):
    plain = splits.load("blobs", **options)
    moved = splits.load("blobs", **options, from_edge=True)
    for name in ("train", "validation", "test"):
        before, after = getattr(plain, name), getattr(moved, name)
        np.testing.assert_array_equal(after.images, before.images)
        np.testing.assert_allclose(after.keypoints, before.keypoints - 0.5)
    assert moved.source.from_edge and not plain.source.from_edge
    assert moved.fingerprint() != plain.fingerprint()


def test_a_copy_of_an_edge_label_stays_on_what_it_marks(source):
    n = len(splits.load("blobs").train)
    edge = splits.load("blobs").train.keypoints[:, 10]  # the nose tip, its own mirror twin
    grown = splits.load("blobs", grown=True, from_edge=True).train.keypoints[:, 10]
    # What an edge label x marks is the place x - 0.5, and in the mirrored picture 95 less that.
    np.testing.assert_allclose(grown[n : 2 * n, 0], 95.5 - edge[:, 0], rtol=1e-6)


@pytest.mark.parametrize(("count", "labelled"), [(3, False), (3, True), (250, False)])
def test_too_few_faces_for_three_parts_are_refused(monkeypatch, store, count, labelled):
    rows = drawnfaces.faces(count)
    if not labelled:
        rows.keypoints[:] = np.nan
    monkeypatch.setattr(sources, "read", lambda data: rows)
    splits.load.cache_clear()
    said = f"few: {count if labelled else 0} clean, fully labelled faces in .* cannot be split"
    with pytest.raises(InputError, match=said):
        splits.load("few")


def test_other_groups_or_ids_are_checked_anew(source):
    rows = sources.read("blobs")
    changed = (
        {"groups": rows.groups[::-1]},
        {"ids": rows.ids + 1},
        {"ids": rows.groups, "groups": rows.ids},
    )
    for change in ({}, *changed, {}):
        splits.checked(dataclasses.replace(rows, **change))
    assert len(source) == 4
