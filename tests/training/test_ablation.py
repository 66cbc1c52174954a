import dataclasses
import itertools
import json
import pathlib

import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces
from fkd_utils.cli import main
from fkd_utils.data import splits
from fkd_utils.training import ablation, fitting, results
from studies import ladder, publish

TOP = ablation.FINAL - 1
OFFSET = next(k for k, rung in enumerate(ablation.rungs()) if rung.recipe.sources)


def settings(rung):
    return dataclasses.asdict(rung.recipe) | {
        "copies": rung.copies,
        "all_rows": rung.all_rows,
        "from_edge": rung.from_edge,
        "flipped": rung.flipped,
    }


def test_every_rung_is_one_change():
    rungs = ablation.rungs()
    assert len(rungs) == ablation.FINAL
    for below, rung in itertools.pairwise(rungs):
        before, after = settings(below), settings(rung)
        changed = {name for name in before if before[name] != after[name]}
        # Another network has no use for Fifth's own options; fresh batches replace the copies.
        assert changed - {"dropout", "leaky"} in (
            {"augmented", "copies"}, {"all_rows"}, {"half_complete"}, {"model"}, {"sources"},
            {"from_edge"}, {"loss"}, {"one_cycle"}, {"averaged"}, {"flipped"},
        )  # fmt: skip
        assert rung.change != below.change


def test_all_rungs_see_equally_many_faces():
    seen = {(r.recipe.steps, r.recipe.epochs, r.recipe.batch_size) for r in ablation.rungs()}
    assert len(seen) == 1


def test_the_networks_are_small():
    sizes = {rung.recipe.model: rung.recipe.build().count_params() for rung in ablation.rungs()}
    assert set(sizes) == {"fifth", "modern_dense", "modern"}
    assert max(sizes.values()) <= 1_000_000


@pytest.fixture
def small(blob_parts, tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(splits, "load", lambda *source: blob_parts)
    return blob_parts


def test_rungs_are_trained_published_and_consistent(small, tmp_path):
    folder = tmp_path / "published"
    made = ladder.climb([0, TOP], "open", "a desk", epochs=2, steps=2, folder=folder)
    assert [path.name for path in made] == ["wild_ladder_0", f"wild_ladder_{TOP}"]
    assert publish.problems(folder) == []
    recipe = json.loads((made[1] / "recipe.json").read_text())["recipe"]
    assert fitting.Recipe(**recipe) == ablation.rungs(2, 2)[TOP].recipe


def test_the_flip_averaged_prediction_is_what_is_stored(small, tmp_path):
    (path,) = ladder.climb([TOP], "open", "a desk", epochs=1, steps=1, folder=tmp_path)
    run = fitting.train(ablation.rungs(1, 1)[TOP].recipe, small)
    once = run.predict(small.test.images)
    mirrored = run.predict(small.test.images[:, :, ::-1])
    mirrored[..., 0] = 95 - mirrored[..., 0]
    order = [1, 0, 4, 5, 2, 3, 8, 9, 6, 7, 10, 12, 11, 13, 14]  # pairs change places
    wanted = (once + mirrored[:, order]) / 2 - small.test.keypoints
    with np.load(path / "predictions.npz") as arrays:
        assert np.allclose(arrays["test_errors"], wanted, atol=0.01)


def test_the_final_network_is_the_top_rung_for_longer():
    top, last = ablation.rungs()[-1], ablation.final()
    assert last.recipe.epochs > top.recipe.epochs
    assert dataclasses.replace(last.recipe, epochs=top.recipe.epochs) == top.recipe
    assert ablation.folder_of(ablation.FINAL) == "wild_final"
    assert ablation.folder_of(TOP) == f"wild_ladder_{TOP}"


def test_two_heads_are_another_way_of_the_rung_with_an_offset():
    rungs, heads = ablation.rungs(), ablation.two_heads()
    (rung,) = (
        r for below, r in itertools.pairwise(rungs) if r.recipe.sources != below.recipe.sources
    )
    before, after = settings(rung), settings(heads)
    assert {name for name in before if before[name] != after[name]} == {"sources"}
    assert after["sources"] == "heads" and ablation.folder_of(ablation.HEADS) == "wild_two_heads"


def test_the_offset_is_kept_and_two_heads_have_none(small, tmp_path):
    made = ladder.climb(
        [OFFSET, ablation.HEADS], "open", "a desk", epochs=1, steps=2, folder=tmp_path / "out"
    )
    offset, heads = (json.loads((path / "metrics.json").read_text()) for path in made)
    # Nobody labels these faces twice, so the second labeller's offset never moves.
    assert offset["second_labeller_px"] == {name: [0, 0] for name in faces.FOUR_POINTS}
    assert "second_labeller_px" not in heads
    assert publish.problems(tmp_path / "out") == []


def test_carried_runs_are_chosen_at_home_and_tested_abroad(small, tmp_path, monkeypatch):
    abroad = dataclasses.replace(small, test=small.train.take(np.arange(7)))
    home = dataclasses.replace(small, source=splits.Source("open"))
    monkeypatch.setattr(splits, "load", lambda data, *_: home if data == "open" else abroad)
    path = ladder.carry("elsewhere", "a desk", epochs=1, steps=1, folder=tmp_path)
    assert path.name == "open_ladder_11" and (path / "weights.npz").exists()
    metrics = json.loads((path / "metrics.json").read_text())
    assert (metrics["validation_faces"], metrics["test_faces"]) == (len(small.validation), 7)
    assert json.loads((path / "recipe.json").read_text())["data"]["data"] == "open"
    assert publish.problems(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["carry", "--to", "no/such"], "no/such: there is no such folder"),
        (["ladder", "0", "99"], "there is no rung 99; choose 0 to 13"),
        (["ladder", "0", "-1"], "there is no rung -1"),
        (["seeds", "4.1", "4.2"], "no study of seeds for table '4.2'"),
    ],
)
