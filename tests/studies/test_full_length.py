"""Rows of Tables 4.1 and 4.4 at full length, here of one epoch."""

import dataclasses
import json

import pytest

from fkd_utils.data import sources, splits
from studies import __main__, full_length, publish


@pytest.fixture
def asked(blob_parts, tmp_path, monkeypatch):
    """Every set of faces is this one; how it was asked for."""
    calls = []

    def load(data, seed, **more):
        calls.append(more)
        return dataclasses.replace(blob_parts, source=splits.Source("open"))

    monkeypatch.setattr(splits, "load", load)
    monkeypatch.setattr(sources, "counts_from_edge", lambda data: data != "open")
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    return calls


def test_rows_are_trained_published_and_consistent(asked, tmp_path):
    kept = tmp_path / "kept"
    made = full_length.train_rows(["Second", "Fifth, dropout"], "wild", "a desk", 1, kept)
    assert [path.name for path in made] == ["wild_second", "wild_fifth_dropout_centred"]
    assert [(path / "weights.npz").exists() for path in made] == [False, True]
    assert publish.problems(kept) == []
    recipe = json.loads((made[1] / "recipe.json").read_text())
    assert (recipe["epochs"], recipe["steps_per_epoch"], recipe["machine"]) == (1, 30, "a desk")
    # Mirrored copies need labels that count from pixel centres; of the others nothing is moved.
    assert asked == [{"grown": False, "from_edge": False}, {"grown": True, "from_edge": True}]


def test_labels_that_count_from_centres_are_not_moved(asked, tmp_path):
    full_length.train_rows(["Fifth"], "open", "a desk", 1, tmp_path / "kept")
    assert asked == [{"grown": True, "from_edge": False}]


def test_a_row_that_is_none_is_told_before_anything_is_trained(asked, capsys):
    assert __main__.main(["full-length", "Fifth", "Sixth", "--machine", "a desk"]) == 2
    assert "there is no row 'Sixth'; there are: First; Second;" in capsys.readouterr().err
    assert not asked
