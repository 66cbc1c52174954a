import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from fkd_utils.demo import stickers
from fkd_utils.evaluation import metrics, statistics
from fkd_utils.files import InputError
from fkd_utils.training import fitting
from studies import publish


@pytest.fixture(scope="module")
def run(blob_parts, tmp_path_factory):
    recipe = fitting.Recipe("fourth", "adam", 0.001, epochs=3, batch_size=16, dropout=0.25)
    return fitting.train(recipe, blob_parts, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def published(run, blob_parts, tmp_path):
    publish.publish(run, tmp_path / "mine", blob_parts, True, "a desk")
    return tmp_path / "mine"


def test_published_files(published, run, blob_parts):
    names = ["history.csv", "metrics.json", "predictions.npz", "recipe.json", "weights.npz"]
    assert sorted(p.name for p in published.iterdir()) == names
    metrics = json.loads((published / "metrics.json").read_text())
    assert metrics["best_epoch"] == run.best_epoch
    assert metrics["test_faces"] == len(blob_parts.test)
    assert metrics["test"]["mse"] == pytest.approx(run.measures(blob_parts.test)["mse"], rel=0.01)
    with np.load(published / "weights.npz", allow_pickle=False) as stored:
        assert {stored[name].dtype for name in stored.files} == {np.dtype(np.float16)}
        assert stored.files == [str(i) for i in range(len(run.model().get_weights()))]


def test_no_folder_of_this_machine_is_published(run, blob_parts, tmp_path):
    content = (published_recipe(run, blob_parts, tmp_path, "/somewhere/faces"))["data"]
    assert content["data"] == "a folder in Kaggle's format"
    assert published_recipe(run, blob_parts, tmp_path, "open")["data"]["data"] == "open"


def published_recipe(run, blob_parts, folder, source: str) -> dict:
    content = json.loads((run.folder / "recipe.json").read_text())
    content["data"]["data"] = source
    (run.folder / "recipe.json").write_text(json.dumps(content))
    publish.publish(run, folder, blob_parts, False, "a desk")
    return json.loads((folder / "recipe.json").read_text())


def test_weights_too_large_for_half_precision(run, blob_parts, tmp_path, monkeypatch):
    model = run.model()
    weights = model.get_weights()
    weights[0][0] = 1e6
    model.set_weights(weights)
    monkeypatch.setattr(fitting.Run, "model", lambda self: model)
    with pytest.raises(InputError, match="half precision"):
        publish.publish(run, tmp_path / "no", blob_parts, True, "a desk")
    assert not (tmp_path / "no").exists()


def test_the_machine_and_the_time_are_told(published, run):
    content = json.loads((published / "recipe.json").read_text())
    assert content["machine"] == "a desk" and content["cores"] >= 1
    assert content["seconds"] == pytest.approx(run.history.seconds.sum(), abs=0.06)


def test_stored_errors_are_those_of_the_network(published, run, blob_parts):
    with np.load(published / "predictions.npz", allow_pickle=False) as stored:
        errors = stored["test_errors"]
    truth = blob_parts.test.keypoints
    np.testing.assert_allclose(errors, run.predict(blob_parts.test.images) - truth, atol=0.1)
    mse = metrics.mse(truth, truth + errors)
    assert json.loads((published / "metrics.json").read_text())["test"]["mse"] == pytest.approx(mse)


def test_which_faces_belong_together_is_kept_but_not_who_they_are(run, blob_parts, tmp_path):
    part = dataclasses.replace(blob_parts.test, groups=100 + np.arange(len(blob_parts.test)) // 2)
    data = dataclasses.replace(blob_parts, test=part)
    publish.publish(run, tmp_path / "grouped", data, False, "a desk")
    with np.load(tmp_path / "grouped" / "predictions.npz", allow_pickle=False) as stored:
        np.testing.assert_array_equal(stored["test_group"], np.arange(len(part)) // 2)


def test_nothing_of_the_run_before_stays_behind(run, blob_parts, published, monkeypatch):
    before = {path.name: path.read_bytes() for path in published.iterdir()}
    with monkeypatch.context() as patch:

        def refuse(*_):
            raise InputError("too large")

        patch.setattr(publish, "_halved", refuse)
        with pytest.raises(InputError):
            publish.publish(run, published, blob_parts, True, "a desk")
    assert {path.name: path.read_bytes() for path in published.iterdir()} == before
    publish.publish(run, published, blob_parts, False, "a desk")
    assert sorted(path.name for path in published.iterdir()) == sorted({*before} - {"weights.npz"})
    with monkeypatch.context() as patch:
        patch.setattr(publish, "_slim", refuse)  # an error half way
        with pytest.raises(InputError):
            publish.publish(run, published, blob_parts, False, "a desk")
    assert not (published / "metrics.json").exists()


def test_without_weights(run, blob_parts, tmp_path):
    publish.publish(run, tmp_path / "light", blob_parts, False, "a desk")
    assert not (tmp_path / "light" / "weights.npz").exists()
    assert publish.problems(tmp_path) == []


def test_only_fifth_keeps_the_errors_of_single_keypoints(blob_parts, published, tmp_path):
    assert "nose_tip" not in pd.read_csv(published / "history.csv")
    recipe = fitting.Recipe("fifth", "adam", 0.001, epochs=1, batch_size=16)
    run = fitting.train(recipe, blob_parts, tmp_path / "runs")
    publish.publish(run, tmp_path / "fifth", blob_parts, True, "a desk")
    assert "nose_tip" in pd.read_csv(tmp_path / "fifth" / "history.csv")
    assert publish.problems(tmp_path) == []


def test_what_may_make_a_face_hard_stands_beside_its_errors(published, run, blob_parts):
    test = blob_parts.test
    with np.load(published / "predictions.npz", allow_pickle=False) as stored:
        np.testing.assert_allclose(stored["test_tilt"], statistics.tilt(test.keypoints), atol=1e-4)
        covered = {where: stored[f"test_covered_{where}"] for where in ("eyes", "mouth")}
        plain = np.linalg.norm(stored["test_errors"], axis=2)
    dark = stickers.add_glasses(test.images, test.keypoints)
    found = metrics.distances(test.keypoints, run.predict(dark))
    np.testing.assert_allclose(covered["eyes"], found, atol=0.05)  # weights are in half precision
    assert not np.allclose(covered["eyes"], plain, atol=0.05)
    assert not np.allclose(covered["eyes"], covered["mouth"], atol=0.05)
