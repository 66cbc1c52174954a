import dataclasses
import json

import keras
import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces, files
from fkd_utils.demo import stickers
from fkd_utils.evaluation import metrics, statistics
from fkd_utils.files import InputError
from fkd_utils.models import heatmap, thesis
from fkd_utils.training import fitting, results
from studies import publish


@pytest.fixture(scope="module")
def sound(fourth_run, blob_parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "mine"
    publish.publish(fourth_run, folder, blob_parts, True, "a desk")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def published(sound, tmp_path):
    """A published run's folder, to read or to damage."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in sound.items():
        (folder / name).write_bytes(content)
    return folder


def stored(folder, name: str) -> dict:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def test_a_published_run_has_the_form_of_those_that_come_with_the_course(published):
    assert publish.problems(published.parent) == []
    shipped = files.PUBLISHED / "wild_fourth"
    kept = {path.name for path in shipped.iterdir()}
    assert {path.name for path in published.iterdir()} == kept | {"weights.npz"}
    for name in ("recipe", "metrics"):
        assert set(stored(published, name)) == set(stored(shipped, name))
    columns = [list(pd.read_csv(path / "history.csv")) for path in (published, shipped)]
    assert columns[0] == columns[1] == ["epoch", "loss", "val_mse", "seconds"]


def test_what_is_told_of_a_run(published, fourth_run, blob_parts):
    recipe, told = stored(published, "recipe"), stored(published, "metrics")
    assert (recipe["title"], recipe["epochs"], recipe["loss"]) == ("fourth", 3, "mse")
    assert recipe["optimizer"]["class_name"] == "Adam" and recipe["told"] is None
    assert recipe["machine"] == "a desk" and recipe["cores"] >= 1
    assert recipe["seconds"] == pytest.approx(fourth_run.history.seconds.sum(), abs=0.06)
    assert told["best_epoch"] == fourth_run.best_epoch and told["chapter"] == "06"
    measures = fourth_run.measures(blob_parts.test)
    assert told["test"]["mse"] == pytest.approx(measures["mse"], rel=0.01)


def test_the_published_network_is_the_runs_in_half_precision(published, fourth_run, blob_parts):
    with np.load(published / "weights.npz", allow_pickle=False) as arrays:
        assert {arrays[name].dtype for name in arrays.files} == {np.dtype(np.float16)}
    images = blob_parts.test.images
    points = fitting.predict(results.network("mine", published.parent), images)
    np.testing.assert_allclose(points, fourth_run.predict(images), atol=0.1)
    with np.load(published / "predictions.npz", allow_pickle=False) as arrays:
        np.testing.assert_allclose(
            arrays["test_errors"], points - blob_parts.test.keypoints, atol=1e-3
        )


def test_no_folder_of_this_machine_is_published(fourth_run, blob_parts, tmp_path):
    for source, told in (("/somewhere/faces", "a folder in Kaggle's format"), ("open", "open")):
        data = fourth_run.settings["data"] | {"data": source}
        run = dataclasses.replace(fourth_run, settings=fourth_run.settings | {"data": data})
        publish.publish(run, tmp_path / "mine", blob_parts, False, "a desk")
        assert stored(tmp_path / "mine", "recipe")["data"]["data"] == told


def test_which_faces_belong_together_is_kept_but_not_who_they_are(fourth_run, blob_parts, tmp_path):
    part = dataclasses.replace(blob_parts.test, groups=100 + np.arange(len(blob_parts.test)) // 2)
    data = dataclasses.replace(blob_parts, test=part)
    publish.publish(fourth_run, tmp_path / "grouped", data, False, "a desk")
    with np.load(tmp_path / "grouped" / "predictions.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["test_group"], np.arange(len(part)) // 2)


def test_what_may_make_a_face_hard_stands_beside_its_errors(published, fourth_run, blob_parts):
    test = blob_parts.test
    with np.load(published / "predictions.npz", allow_pickle=False) as arrays:
        np.testing.assert_allclose(arrays["test_tilt"], statistics.tilt(test.keypoints), atol=1e-4)
        covered = {where: arrays[f"test_covered_{where}"] for where in ("eyes", "mouth")}
        plain = np.linalg.norm(arrays["test_errors"], axis=2)
    dark = stickers.add_glasses(test.images, test.keypoints)
    found = metrics.distances(test.keypoints, fourth_run.predict(dark))
    np.testing.assert_allclose(covered["eyes"], found, atol=0.05)  # weights are in half precision
    assert not np.allclose(covered["eyes"], plain, atol=0.05)
    assert not np.allclose(covered["eyes"], covered["mouth"], atol=0.05)


def test_weights_too_large_for_half_precision_leave_the_folder_as_it_was(
    fourth_run, blob_parts, published, sound, monkeypatch
):
    model = fourth_run.model()
    weights = model.get_weights()
    weights[0][0] = 1e6
    model.set_weights(weights)
    monkeypatch.setattr(fitting.Run, "model", lambda self: model)
    with pytest.raises(InputError, match="half precision"):
        publish.publish(fourth_run, published, blob_parts, True, "a desk")
    assert {path.name: path.read_bytes() for path in published.iterdir()} == sound


def test_each_look_at_test_faces_is_noted_once(fourth_run, blob_parts, tmp_path):
    for name in ("one", "one", "two"):
        publish.publish(fourth_run, tmp_path / name, blob_parts, False, "a desk")
    noted = pd.read_csv(tmp_path / publish.OPENINGS)
    assert noted.network.tolist() == ["one", "two"]
    told = json.loads((tmp_path / "two" / "metrics.json").read_text())["test"]
    assert noted.rmse_px[1] == pytest.approx(told["rmse_px"], rel=1e-5)
    of_open = dataclasses.replace(blob_parts.test, name="open")
    parts = dataclasses.replace(blob_parts, test=of_open)
    publish.publish(fourth_run, tmp_path / "home", parts, False, "a desk")
    assert len(pd.read_csv(tmp_path / publish.OPENINGS)) == 2


def test_the_looks_at_the_real_test_faces_are_all_there():
    noted = pd.read_csv(files.PUBLISHED / publish.OPENINGS)
    assert noted.date.is_monotonic_increasing
    for folder in publish.folders(files.PUBLISHED):
        if folder.name != "first_face":  # of open's
            told = json.loads((folder / "metrics.json").read_text())["test"]
            last = noted[noted.network == folder.name].iloc[-1]
            wanted = [told["rmse_px"], told["nme"]]
            # The same network with its weights rounded is no other look.
            assert [last.rmse_px, last.nme] == pytest.approx(wanted, rel=1e-3), folder.name


def test_weights_of_the_run_before_do_not_stay_behind(fourth_run, blob_parts, published, sound):
    publish.publish(fourth_run, published, blob_parts, False, "a desk")
    assert {path.name for path in published.iterdir()} == {*sound} - {"weights.npz"}
    assert publish.problems(published.parent) == []


def of_network(fourth_run, model: keras.Model) -> fitting.Run:
    """The same run, of another network, which has learnt nothing."""
    model.compile("adam", "mse")
    return dataclasses.replace(fourth_run, folder=None, unstored=model)


def test_only_fifth_keeps_the_errors_of_single_keypoints(fourth_run, blob_parts, tmp_path):
    run = of_network(fourth_run, thesis.fifth())
    publish.publish(run, tmp_path / "fifth", blob_parts, False, "a desk")
    assert "nose_tip" in pd.read_csv(tmp_path / "fifth" / "history.csv")


def test_a_network_that_no_chapter_teaches_is_not_published(fourth_run, blob_parts, tmp_path):
    layers = [keras.layers.Input((96, 96, 1)), keras.layers.Flatten(), keras.layers.Dense(30)]
    run = of_network(fourth_run, keras.Sequential(layers, name="other"))
    with pytest.raises(InputError, match="'other' is no network of models"):
        publish.publish(run, tmp_path / "out", blob_parts, False, "a desk")


def test_of_two_heads_the_first_labellers_network_is_published(
    fourth_run, blob_parts, tmp_path, eagerly
):
    run = of_network(fourth_run, heatmap.with_two_heads(heatmap.network()))
    publish.publish(run, tmp_path / "heads", blob_parts, True, "a desk")
    recipe, told = stored(tmp_path / "heads", "recipe"), stored(tmp_path / "heads", "metrics")
    assert (recipe["title"], recipe["told"]) == ("modern", "with_two_heads")
    assert told["parameters"] == heatmap.network().count_params()
    assert "second_labeller_px" not in told
    images = blob_parts.test.images
    points = fitting.predict(results.network("heads", tmp_path), images)
    second = np.zeros((len(images), 1), np.float32)
    outputs = run.model().predict([faces.to_inputs(images), second], verbose=0)
    np.testing.assert_allclose(points, faces.to_pixels(outputs), atol=0.2)
    with np.load(tmp_path / "heads" / "predictions.npz", allow_pickle=False) as arrays:
        assert arrays["test_spread"].shape == (len(images), 15)


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_history(folder, **changes):
    history = pd.read_csv(folder / "history.csv")
    history.assign(**changes).to_csv(folder / "history.csv", index=False)


def shift_errors(folder):
    with np.load(folder / "predictions.npz") as arrays:
        changed = dict(arrays)
    changed["test_errors"] = changed["test_errors"] + np.float32(0.01)
    files.save_arrays(folder / "predictions.npz", changed)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: change_json(f / "metrics.json", best_epoch=99), "best_epoch is 99"),
        (lambda f: change_json(f / "metrics.json", training_mse=1.0), "training_mse is 1.0"),
        (lambda f: change_json(f / "recipe.json", seconds=1e9), "seconds is"),
        (lambda f: change_json(f / "metrics.json", parameters=7), "parameters is 7"),
        (lambda f: change_json(f / "metrics.json", test_faces=1), "test_faces is 1"),
        (lambda f: change_history(f, epoch=[1, 2, 4]), "not the epochs 1 to 3"),
        (lambda f: change_history(f, loss=[0.1, np.nan, 0.1]), "no number"),
        (lambda f: change_history(f, nose_tip=0.7), "do not average"),
        (shift_errors, "test mse is"),
        (lambda f: (f / "predictions.npz").unlink(), "cannot be read"),
        (lambda f: (f / "predictions.npz").write_bytes(b""), "cannot be read (EOFError"),
        (lambda f: (f / "metrics.json").write_text("{}"), "cannot be read"),
        (lambda f: (f / "weights.npz").write_bytes(b"PK"), "restore the folder"),
    ],
)
def test_each_damage_is_named(published, damage, says):
    damage(published)
    found = publish.problems(published.parent)
    assert any(says in line and line.startswith("mine") for line in found), found


def test_too_many_weights(published, monkeypatch):
    monkeypatch.setattr(publish, "MOST_WEIGHTS", 1000)
    assert any("all weights together" in line for line in publish.problems(published.parent))


def test_every_published_run_of_the_course_is_consistent():
    assert publish.problems() == []


def test_stored_statistics_have_the_form_of_those_that_come_with_the_course(tmp_path):
    points = np.random.default_rng(0).uniform(0, 95, (10, 15, 2))
    points[7, 2] = np.nan
    publish.write_kaggle_labels(points, tmp_path)
    found = results.kaggle_labels(tmp_path)
    assert found == statistics.label_statistics(points)
    assert list(found) == list(results.kaggle_labels())
