import dataclasses
import json

import numpy as np
import pytest

from fkd_utils import augment, faces
from fkd_utils.data import splits
from fkd_utils.training import ablation, fitting
from studies import ladder, publish

SIZE = {"epochs": 1, "steps_per_epoch": 2}
TOP = ablation.LAST
OFFSET = next(k for k, step in enumerate(ablation.steps()) if step.told)
CHOSEN = [0, 4, OFFSET, TOP, ablation.HEADS]  # every kind of network, loss and prediction


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def small(blob_parts, store, monkeypatch, eagerly):
    """Every set of faces is this one, and what one test has trained is found by the next."""
    monkeypatch.setenv("FKD_RUNS", str(store))
    home = dataclasses.replace(blob_parts, source=splits.Source("open"))
    monkeypatch.setattr(splits, "load", lambda *source: home)
    return home


def test_steps_are_trained_published_and_consistent(small, tmp_path):
    made = ladder.train_steps(CHOSEN, "open", "a desk", **SIZE, folder=tmp_path)
    assert [path.name for path in made] == [ablation.folder_of(k) for k in CHOSEN]
    assert publish.problems(tmp_path) == []
    with_weights = [path.name for path in made if (path / "weights.npz").exists()]
    assert with_weights == [f"wild_ladder_{TOP}"]
    recipes, told = (
        [json.loads((path / f"{name}.json").read_text()) for path in made]
        for name in ("recipe", "metrics")
    )
    last = recipes[CHOSEN.index(TOP)]
    assert (last["title"], last["told"], last["loss"]) == ("modern", "with_sources", "wing")
    assert (last["epochs"], last["steps_per_epoch"]) == (1, 2)
    # Nobody labels these faces twice, so the second labeller's offset never moves.
    for k, measured in zip(CHOSEN, told, strict=True):
        learnt = {name: [0, 0] for name in faces.FOUR_POINTS} if k in (OFFSET, TOP) else None
        assert measured.get("second_labeller_px") == learnt


def test_cross_dataset_is_chosen_at_home_and_tested_abroad(small, tmp_path, monkeypatch):
    abroad = dataclasses.replace(small, test=small.train.take(np.arange(7)))
    monkeypatch.setattr(splits, "load", lambda data, *_: small if data == "open" else abroad)
    path = ladder.cross_dataset("elsewhere", "a desk", **SIZE, folder=tmp_path)
    assert path.name == "open_ladder_11" and (path / "weights.npz").exists()
    told = json.loads((path / "metrics.json").read_text())
    assert (told["validation_faces"], told["test_faces"]) == (len(small.validation), 7)
    assert json.loads((path / "recipe.json").read_text())["data"]["data"] == "open"
    assert publish.problems(tmp_path) == []
    # The last step's prediction is the mean over a face and its mirror twin.
    network = fitting.load_network(path)
    points = augment.flip_averaged(lambda x: fitting.predict(network, x), abroad.test.images)
    with np.load(path / "predictions.npz") as arrays:
        errors = points - abroad.test.keypoints
        np.testing.assert_allclose(arrays["test_errors"], errors, atol=1e-3)
