"""Rows of Tables 4.1 and 4.4 and steps of chapter 18a, here of one epoch."""

import dataclasses
import json

import numpy as np
import pytest

from fkd_utils import augment, faces, files
from fkd_utils.data import sources, splits
from fkd_utils.models import heatmap
from fkd_utils.training import ablation, fitting, thesis_runs
from studies import __main__ as main
from studies import publish, trainings

TOP = ablation.LAST
OFFSET = next(k for k, step in enumerate(ablation.steps()) if step.told)
CHOSEN = [0, 4, OFFSET, TOP, ablation.HEADS]  # every kind of network, loss and prediction


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def short(store, tmp_path, monkeypatch):
    """Trainings of one epoch, kept in a data/published of their own; the next test finds them."""
    steps = ablation.steps
    monkeypatch.setattr(ablation, "steps", lambda *length: steps(1, 2))
    monkeypatch.setattr(thesis_runs, "EPOCHS", 1)
    monkeypatch.setattr(files, "PUBLISHED", tmp_path / "published")
    monkeypatch.setenv("FKD_RUNS", str(store))


@pytest.fixture
def asked(short, blob_parts, monkeypatch):
    """Every set of faces is this one; how it was asked for."""
    calls = []

    def load(data, **more):
        calls.append(more)
        return dataclasses.replace(blob_parts, source=splits.Source("open"))

    monkeypatch.setattr(splits, "load", load)
    monkeypatch.setattr(sources, "counts_from_edge", lambda data: data != "open")
    return calls


def test_rows_are_trained_published_and_consistent(asked):
    made = [trainings.train_row(row, "wild", "a desk") for row in ("Second", "Fifth, dropout")]
    assert [path.name for path in made] == ["wild_second", "wild_fifth_dropout"]
    assert [(path / "weights.npz").exists() for path in made] == [False, True]
    assert publish.problems() == []
    recipe = json.loads((made[1] / "recipe.json").read_text())
    assert (recipe["epochs"], recipe["steps_per_epoch"], recipe["machine"]) == (1, 30, "a desk")
    # Mirrored copies need labels that count from pixel centres; of the others nothing is moved.
    assert asked == [{"grown": False, "from_edge": False}, {"grown": True, "from_edge": True}]


def test_labels_that_count_from_centres_are_not_moved(asked):
    trainings.train_row("Fifth", "open", "a desk")
    assert asked == [{"grown": True, "from_edge": False}]


def test_a_row_that_is_none_is_told_before_anything_is_trained(asked, capsys):
    assert main.main(["full-length", "Fifth", "Sixth", "--machine", "a desk"]) == 2
    assert "there is no row 'Sixth'; there are: First; Second;" in capsys.readouterr().err
    assert not asked


@pytest.fixture
def small(short, blob_parts, monkeypatch, eagerly):
    """Every set of faces is this one."""
    home = dataclasses.replace(blob_parts, source=splits.Source("open"))
    monkeypatch.setattr(splits, "load", lambda data, **more: home)
    return home


def test_steps_are_trained_published_and_consistent(small):
    made = [trainings.train_step(number, "open", "a desk") for number in CHOSEN]
    assert [path.name for path in made] == [ablation.folder_of(k) for k in CHOSEN]
    assert publish.problems() == []
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


def test_cross_dataset_is_chosen_at_home_and_tested_abroad(small, monkeypatch):
    abroad = dataclasses.replace(small, test=small.train.take(np.arange(7)))
    monkeypatch.setattr(splits, "load", lambda data, **more: small if data == "open" else abroad)
    path = trainings.cross_dataset("elsewhere", "a desk")
    assert path.name == "open_ladder_11" and (path / "weights.npz").exists()
    told = json.loads((path / "metrics.json").read_text())
    assert (told["validation_faces"], told["test_faces"]) == (len(small.validation), 7)
    assert json.loads((path / "recipe.json").read_text())["data"]["data"] == "open"
    assert publish.problems() == []
    # The last step's prediction is the mean over a face and its mirror twin.
    network = fitting.load_network(path)
    points = augment.flip_averaged(lambda x: fitting.predict(network, x), abroad.test.images)
    with np.load(path / "predictions.npz") as arrays:
        errors = points - abroad.test.keypoints
        np.testing.assert_allclose(arrays["test_errors"], errors, atol=1e-3)


def test_the_wide_step_starts_from_what_the_embedded_faces_taught(monkeypatch):
    """The same hour spent otherwise: fewer batches of a wider network, some of them on `open`."""
    wide, final = trainings.wide(), ablation.final()
    other = ("change", "epochs", "build", "first_epochs")
    assert wide == dataclasses.replace(final, **{name: getattr(wide, name) for name in other})
    assert wide.epochs + wide.first_epochs < final.epochs
    assert wide.build is heatmap.wide_network and wide.build().count_params() < 1_000_000
    asked = []

    class Taught:
        def model(self):
            model = wide.model(seed=0)
            model.set_weights([np.full_like(w, 0.25) for w in model.get_weights()])
            return model

    def fit(model, data, epochs, **given):
        asked.append((data, epochs, float(model.get_weights()[0].flat[0])))
        return Taught()

    monkeypatch.setattr(ablation.fitting, "fit", fit)
    monkeypatch.setattr(ablation.Step, "faces", lambda step, data: data)
    wide.fit("real faces")
    assert [one[:2] for one in asked] == [("open", wide.first_epochs), ("real faces", wide.epochs)]
    assert asked[0][2] != 0.25 and asked[1][2] == 0.25


def test_complete_rows_change_what_trains_and_nothing_else():
    step, final = trainings.complete_rows(), ablation.final()
    other = {"change": step.change, "told": None, "all_rows": False, "half_complete": False}
    assert step == dataclasses.replace(final, **other)
    assert [tensor.shape[1:] for tensor in step.model().inputs] == [(96, 96, 1)]
