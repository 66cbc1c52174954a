import json

import numpy as np
import pytest

from fkd_utils import evaluation, models, shipped, training
from fkd_utils.errors import InputError


@pytest.fixture(scope="module")
def run(blob_parts, tmp_path_factory):
    recipe = training.Recipe("fourth", "adam", 0.001, epochs=3, batch_size=16, dropout=0.25)
    return training.train(recipe, blob_parts, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def published(run, blob_parts, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "PUBLISHED", tmp_path)
    monkeypatch.setenv("FKD_RUNS", str(run.folder.parent))
    shipped.publish(run, tmp_path / "mine", blob_parts.test)
    return tmp_path / "mine"


def test_published_files(published, run, blob_parts):
    names = ["history.csv", "metrics.json", "recipe.json", "weights.npz"]
    assert sorted(p.name for p in published.iterdir()) == names
    metrics = json.loads((published / "metrics.json").read_text())
    assert metrics["best_epoch"] == run.best_epoch
    assert metrics["test_faces"] == len(blob_parts.test)
    assert metrics["test"]["mse"] == pytest.approx(run.measures(blob_parts.test)["mse"], rel=0.01)
    with np.load(published / "weights.npz", allow_pickle=False) as stored:
        assert {stored[name].dtype for name in stored.files} == {np.dtype(np.float16)}
        assert stored.files == [str(i) for i in range(len(run.model().get_weights()))]


def test_a_published_network_predicts_as_the_run_does(published, run, blob_parts):
    points = training.predict(shipped.model("mine"), blob_parts.test.images)
    np.testing.assert_allclose(points, run.predict(blob_parts.test.images), atol=0.1)


def test_a_run_of_ones_own_is_found_by_the_beginning_of_its_name(published, run):
    weights = shipped.model(run.folder.name[:8]).get_weights()
    np.testing.assert_array_equal(weights[0], run.model().get_weights()[0])


def test_no_folder_of_this_machine_is_published(run, blob_parts, tmp_path):
    content = (published_recipe(run, blob_parts, tmp_path, "/somewhere/faces"))["data"]
    assert content["data"] == "a folder in Kaggle's format"
    assert published_recipe(run, blob_parts, tmp_path, "open")["data"]["data"] == "open"


def published_recipe(run, blob_parts, folder, source: str) -> dict:
    content = json.loads((run.folder / "recipe.json").read_text())
    content["data"]["data"] = source
    (run.folder / "recipe.json").write_text(json.dumps(content))
    shipped.publish(run, folder, blob_parts.test)
    return json.loads((folder / "recipe.json").read_text())


@pytest.mark.parametrize("name", ["absent", "", "../mine"])
def test_an_unknown_name(published, name):
    with pytest.raises(InputError, match="Shipped: mine"):
        shipped.model(name)


def broken_weights(published):
    (published / "weights.npz").write_bytes(b"PK\x03\x04nothing")


def short_weights(published):
    np.savez(published / "weights.npz", **{"0": np.zeros((5, 5, 1, 4), np.float16)})


def pickled_weights(published):
    np.savez(published / "weights.npz", **{"0": np.array([{}], dtype=object)})


def no_recipe(published):
    (published / "recipe.json").unlink()


def strange_recipe(published):
    (published / "recipe.json").write_text('{"recipe": {"model": "seventeenth", "epochs": 1}}')


@pytest.mark.parametrize(
    "damage", [broken_weights, short_weights, pickled_weights, no_recipe, strange_recipe]
)
def test_damaged_folders(published, damage):
    damage(published)
    with pytest.raises(InputError, match="restore the folder"):
        shipped.model("mine")


def test_weights_too_large_for_half_precision(run, blob_parts, tmp_path, monkeypatch):
    model = run.model()
    weights = model.get_weights()
    weights[0][0] = 1e6
    model.set_weights(weights)
    monkeypatch.setattr(training.Run, "model", lambda self: model)
    with pytest.raises(InputError, match="half precision"):
        shipped.publish(run, tmp_path / "no", blob_parts.test)
    assert not (tmp_path / "no").exists()


def test_the_network_that_comes_with_the_course():
    folder = shipped.PUBLISHED / shipped.DEFAULT
    metrics = json.loads((folder / "metrics.json").read_text())
    model = shipped.model()
    assert model.count_params() == models.fourth().count_params() == metrics["parameters"]
    assert (folder / "weights.npz").stat().st_size < 1_000_000
    assert metrics["test"]["nme"] < 6
    assert set(metrics["test"]) == {
        f.__name__ for f in (evaluation.mse, evaluation.rmse_px, evaluation.mean_px, evaluation.nme)
    }
