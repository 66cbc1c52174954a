import dataclasses
import types

import hypothesis
import keras
import numpy as np
import pandas as pd
import pytest
from blobruns import EVERYTHING, RECIPE, child
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.training import fitting


def test_a_network_learns_and_its_best_epoch_is_kept(blob_parts, tmp_path):
    recipe = dataclasses.replace(RECIPE, epochs=12, dropout=None)
    run = fitting.train(recipe, blob_parts, tmp_path)
    held = blob_parts.validation
    mean = metrics.mean_face(blob_parts.train.keypoints)
    baseline = metrics.mse(held.keypoints, np.broadcast_to(mean, held.keypoints.shape))
    assert run.history.epoch.tolist() == list(range(1, 13))
    assert run.measures(held)["mse"] < baseline / 2
    # The stored weights are those of the epoch the history calls best.
    assert run.measures(held)["mse"] == pytest.approx(run.at_best().val_loss, rel=1e-4)
    assert run.at_best().val_loss == run.history.val_loss.min()
    # So do the errors of the single keypoints, whose mean is the validation error.
    ours = run.at_best()[list(faces.KEYPOINTS)].to_numpy(float)
    truly = metrics.keypoint_mse(held.keypoints, run.predict(held.images))
    np.testing.assert_allclose(ours, truly, rtol=1e-3)
    assert ours.mean() == pytest.approx(run.at_best().val_loss)


def test_a_run_is_found_again(blob_parts, tmp_path, monkeypatch):
    first = fitting.train(dataclasses.replace(RECIPE, epochs=1), blob_parts, tmp_path)
    monkeypatch.setattr(fitting, "_fit", lambda *_: pytest.fail("trained again"))
    again = fitting.train(dataclasses.replace(RECIPE, epochs=1), blob_parts, tmp_path)
    pd.testing.assert_frame_equal(first.history, again.history)


def test_settings_and_data_make_the_name(blob_parts):
    changes = [{"seed": 4}, {"epochs": 7}, {"learning_rate": 0.01}, {"dropout": 0.1}]
    names = {fitting.run_name(dataclasses.replace(RECIPE, **c), blob_parts) for c in changes}
    names.add(fitting.run_name(RECIPE, blob_parts))
    images = blob_parts.train.images.copy()
    images[0, 0, 0] ^= 1
    other = dataclasses.replace(blob_parts.train, images=images)
    names.add(fitting.run_name(RECIPE, dataclasses.replace(blob_parts, train=other)))
    assert len(names) == len(changes) + 2


@pytest.mark.parametrize(
    ("name", "fingerprint", "recipe"),
    [
        (
            "fourth-3da25c58e601",
            "4a71e37cf23fef5f",
            fitting.Recipe("fourth", "adam", 0.001, 1000, dropout=0.25),
        ),
        (
            "fifth-0318bf196ee1",
            "b12afc378ed53d34",
            fitting.Recipe("fifth", "adam", 0.001, 60, seed=1),
        ),
    ],
)
def test_runs_of_older_versions_keep_their_names(name, fingerprint, recipe, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    data = types.SimpleNamespace(fingerprint=lambda: fingerprint)
    assert fitting.run_name(recipe, data) == name
    for change in ({"options": {"width": 0.5}}, {"halve_after": 2}, {"stop_after": 2}):
        assert fitting.run_name(dataclasses.replace(recipe, **change), data) != name


FIRST_FIELDS = {
    *("model", "optimizer", "learning_rate", "epochs", "batch_size"),
    *("dropout", "leaky", "steps", "grow_every", "seed"),
}


def test_what_is_stored_of_a_recipe_is_what_is_read_back():
    older = {k: v for k, v in dataclasses.asdict(RECIPE).items() if k in FIRST_FIELDS}
    assert RECIPE.settings() == older
    assert fitting.Recipe(**older) == RECIPE
    newer = dataclasses.replace(RECIPE, options={"width": 0.5}, halve_after=2, stop_after=5)
    for recipe in (newer, EVERYTHING):
        assert fitting.Recipe(**recipe.settings()) == recipe


def test_options_reach_the_builder():
    options = {"conv_layers": 2, "pools": 1, "dense_layers": 2, "width": 0.05}
    model = dataclasses.replace(RECIPE, model="deep", options=options).build()
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == 2
    assert sum(isinstance(layer, keras.layers.Dense) for layer in model.layers) == 2
    assert {x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)} == {0.25}


LOSSES = st.lists(st.integers(1, 6).map(float), max_size=15)


@hypothesis.given(LOSSES, st.integers(1, 4))
def test_the_rate_is_that_of_reduce_lr_on_plateau(losses, patience):
    rule = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=patience, min_delta=0)
    rule.set_model(types.SimpleNamespace(optimizer=keras.optimizers.SGD(0.5)))
    rule.on_train_begin()
    for epoch, loss in enumerate(losses):
        rule.on_epoch_end(epoch, {"val_loss": loss})
    recipe = dataclasses.replace(RECIPE, learning_rate=0.5, halve_after=patience)
    assert recipe.rate_after(losses) == float(rule.model.optimizer.learning_rate)
    assert dataclasses.replace(recipe, halve_after=None).rate_after(losses) == 0.5


@hypothesis.given(LOSSES, st.integers(1, 4))
def test_the_end_is_that_of_early_stopping(losses, patience):
    rule = keras.callbacks.EarlyStopping(patience=patience, min_delta=0)
    rule.set_model(types.SimpleNamespace(stop_training=False))
    rule.on_train_begin()
    recipe = dataclasses.replace(RECIPE, epochs=100, stop_after=patience)
    for epoch, loss in enumerate(losses):
        rule.on_epoch_end(epoch, {"val_loss": loss})
        assert recipe.ends_after(losses[: epoch + 1]) == rule.model.stop_training
        if rule.model.stop_training:
            break
    assert not dataclasses.replace(recipe, stop_after=None).ends_after(losses)
    assert dataclasses.replace(recipe, epochs=len(losses)).ends_after(losses)


def test_one_cycle_rises_and_falls():
    recipe = dataclasses.replace(EVERYTHING, epochs=10)
    rate = recipe.rate(20)
    values = [float(rate(step)) for step in range(201)]
    assert values[0] == pytest.approx(0.0001) and max(values) == pytest.approx(0.003)
    assert int(np.argmax(values)) == 20 and values[-1] == pytest.approx(0, abs=1e-9)


def test_two_processes_asking_for_the_same_run_train_it_once(blob_parts, tmp_path):
    pair = [child(tmp_path, 3), child(tmp_path, 3)]
    assert [process.wait(120) for process in pair] == [0, 0]
    run = fitting.train(dataclasses.replace(RECIPE, epochs=3), blob_parts, tmp_path)
    assert len(run.history) == 3
    assert sorted(p.name for p in run.folder.iterdir()) == [
        "history.csv",
        "recipe.json",
        "weights.npz",
    ]


def test_a_training_that_went_astray_says_so(blob_parts, tmp_path):
    recipe = fitting.Recipe("first", "sgd", 1e30, epochs=2)
    run = fitting.train(recipe, blob_parts, tmp_path)
    assert run.history.val_loss.isna().all()
    with pytest.raises(InputError, match="no validation loss is a number"):
        run.at_best()
    few = run.history.assign(val_loss=[np.nan, 0.5])
    assert dataclasses.replace(run, history=few).best_epoch == 2


def test_predict_gives_pixels(blob_parts):
    model = RECIPE.build()
    points = fitting.predict(model, blob_parts.test.images)
    assert points.shape == (32, 15, 2)
    direct = model(faces.to_inputs(blob_parts.test.images[:1]))
    np.testing.assert_allclose(points[0].ravel(), (np.array(direct)[0] + 1) * 48, atol=1e-3)
