import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time
import types

import hypothesis
import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from fkd_utils import batching, evaluation, faces, keeper, keypoints, training

RECIPE = training.Recipe("fourth", "adam", 0.001, epochs=6, batch_size=16, dropout=0.25, seed=3)

# A process of its own: it can be killed, and two can run at once.
CHILD = """
import pathlib, sys
sys.path.insert(0, {tests!r})
import conftest
from fkd_utils import keeper, parts, training
keeper.CHECKPOINT_SECONDS = 0
data = parts.Parts(conftest.blob_faces(96, 0), conftest.blob_faces(32, 1),
                   conftest.blob_faces(32, 2), parts.Source("blobs"))
recipe = training.Recipe("fourth", "adam", 0.001, epochs=int(sys.argv[2]), batch_size=16,
                         dropout=0.25, seed=3)
training.train(recipe, data, pathlib.Path(sys.argv[1]))
"""


def child(store: pathlib.Path, epochs: int) -> subprocess.Popen:
    code = CHILD.format(tests=str(pathlib.Path(__file__).parent))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(store), str(epochs)], stderr=subprocess.DEVNULL
    )


def same_history(a: pd.DataFrame, b: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(a.drop(columns="seconds"), b.drop(columns="seconds"))


def test_a_network_learns_and_its_best_epoch_is_kept(blob_parts, tmp_path):
    recipe = dataclasses.replace(RECIPE, epochs=12, dropout=None)
    run = training.train(recipe, blob_parts, tmp_path)
    held = blob_parts.validation
    mean = evaluation.mean_face(blob_parts.train.keypoints)
    baseline = evaluation.mse(held.keypoints, np.broadcast_to(mean, held.keypoints.shape))
    assert run.history.epoch.tolist() == list(range(1, 13))
    assert run.measures(held)["mse"] < baseline / 2
    # The stored weights are those of the epoch the history calls best.
    assert run.measures(held)["mse"] == pytest.approx(run.at_best().val_loss, rel=1e-4)
    assert run.at_best().val_loss == run.history.val_loss.min()
    # So do the errors of the single keypoints, whose mean is the validation error.
    ours = run.at_best()[list(keypoints.KEYPOINTS)].to_numpy(float)
    truly = evaluation.keypoint_mse(held.keypoints, run.predict(held.images))
    np.testing.assert_allclose(ours, truly, rtol=1e-3)
    assert ours.mean() == pytest.approx(run.at_best().val_loss)


def test_a_run_is_found_again(blob_parts, tmp_path, monkeypatch):
    first = training.train(dataclasses.replace(RECIPE, epochs=1), blob_parts, tmp_path)
    monkeypatch.setattr(training, "_fit", lambda *_: pytest.fail("trained again"))
    again = training.train(dataclasses.replace(RECIPE, epochs=1), blob_parts, tmp_path)
    pd.testing.assert_frame_equal(first.history, again.history)


def test_settings_and_data_make_the_name(blob_parts):
    changes = [{"seed": 4}, {"epochs": 7}, {"learning_rate": 0.01}, {"dropout": 0.1}]
    names = {training.run_name(dataclasses.replace(RECIPE, **c), blob_parts) for c in changes}
    names.add(training.run_name(RECIPE, blob_parts))
    images = blob_parts.train.images.copy()
    images[0, 0, 0] ^= 1
    other = dataclasses.replace(blob_parts.train, images=images)
    names.add(training.run_name(RECIPE, dataclasses.replace(blob_parts, train=other)))
    assert len(names) == len(changes) + 2


@pytest.mark.parametrize(
    ("name", "fingerprint", "recipe"),
    [
        (
            "fourth-3da25c58e601",
            "4a71e37cf23fef5f",
            training.Recipe("fourth", "adam", 0.001, 1000, dropout=0.25),
        ),
        (
            "fifth-0318bf196ee1",
            "b12afc378ed53d34",
            training.Recipe("fifth", "adam", 0.001, 60, seed=1),
        ),
    ],
)
def test_runs_of_older_versions_keep_their_names(name, fingerprint, recipe, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    data = types.SimpleNamespace(fingerprint=lambda: fingerprint)
    assert training.run_name(recipe, data) == name
    for change in ({"options": {"width": 0.5}}, {"halve_after": 2}, {"stop_after": 2}):
        assert training.run_name(dataclasses.replace(recipe, **change), data) != name


FIRST_FIELDS = {
    *("model", "optimizer", "learning_rate", "epochs", "batch_size"),
    *("dropout", "leaky", "steps", "grow_every", "seed"),
}


def test_what_is_stored_of_a_recipe_is_what_is_read_back():
    older = {k: v for k, v in dataclasses.asdict(RECIPE).items() if k in FIRST_FIELDS}
    assert RECIPE.settings() == older
    assert training.Recipe(**older) == RECIPE
    newer = dataclasses.replace(RECIPE, options={"width": 0.5}, halve_after=2, stop_after=5)
    for recipe in (newer, EVERYTHING):
        assert training.Recipe(**recipe.settings()) == recipe


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


def test_training_by_rule_halves_the_rate_and_stops(blob_parts, tmp_path, monkeypatch):
    rates = []
    epoch_end = keeper.Keeper.on_epoch_end

    def spied(keeper, *arguments):
        rates.append(float(keeper.model.optimizer.learning_rate))
        epoch_end(keeper, *arguments)

    monkeypatch.setattr(keeper.Keeper, "on_epoch_end", spied)
    # So fast that it gets worse and worse.
    recipe = training.Recipe("first", "sgd", 10.0, 9, halve_after=1, stop_after=3)
    run = training.train(recipe, blob_parts, tmp_path)
    assert run.best_epoch == 1
    assert rates == [10, 10, 5, 2.5]


def test_stopped_by_hand_a_training_by_rule_goes_on_with_its_rate(
    blob_parts, tmp_path, monkeypatch
):
    monkeypatch.setattr(keeper, "CHECKPOINT_SECONDS", 0)
    recipe = training.Recipe("first", "sgd", 0.3, 12, halve_after=1, stop_after=6)
    whole = training.train(recipe, blob_parts, tmp_path / "calm")
    assert recipe.rate_after(whole.history.val_loss[:4]) < recipe.learning_rate
    epoch_end = keeper.Keeper.on_epoch_end

    def pulled(keeper, epoch, logs):
        epoch_end(keeper, epoch, logs)
        if epoch + 1 in (4, len(whole.history)):
            raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(keeper.Keeper, "on_epoch_end", pulled)
        for _ in range(2):  # in the middle, and when all is done but not yet written
            with pytest.raises(KeyboardInterrupt):
                training.train(recipe, blob_parts, tmp_path / "pulled")
    same_history(training.train(recipe, blob_parts, tmp_path / "pulled").history, whole.history)


EVERYTHING = training.Recipe(
    "fourth",
    "adam",
    0.001,
    epochs=4,
    batch_size=32,
    loss="wing",
    augmented=True,
    sources="offset",
    one_cycle=True,
    averaged=True,
)


@pytest.fixture
def partly(blob_parts):
    """Faces of which every second has four points only, as a second labeller gives them."""
    points = blob_parts.train.keypoints.copy()
    others = [k for k in range(15) if keypoints.KEYPOINTS[k] not in keypoints.FOUR_POINTS]
    points[::2, others] = np.nan
    train = dataclasses.replace(blob_parts.train, keypoints=points)
    return dataclasses.replace(blob_parts, train=train)


def test_all_that_chapter_18_adds_survives_a_stop(partly, tmp_path, monkeypatch):
    monkeypatch.setattr(keeper, "CHECKPOINT_SECONDS", 0)
    whole = training.train(EVERYTHING, partly, tmp_path / "calm")
    assert np.isfinite(whole.history.drop(columns="seconds").to_numpy()).all()
    epoch_end = keeper.Keeper.on_epoch_end

    def pulled(watcher, epoch, logs):
        epoch_end(watcher, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(keeper.Keeper, "on_epoch_end", pulled)
        with pytest.raises(KeyboardInterrupt):
            training.train(EVERYTHING, partly, tmp_path / "pulled")
    same_history(training.train(EVERYTHING, partly, tmp_path / "pulled").history, whole.history)


def test_kept_weights_are_the_averages_and_answer_as_validated(partly, tmp_path):
    run = training.train(EVERYTHING, partly, tmp_path)
    found = run.measures(partly.validation)["mse"]
    assert found == pytest.approx(run.at_best().val_loss, rel=1e-4)
    live = training.train(
        dataclasses.replace(EVERYTHING, averaged=False), partly, tmp_path
    )  # the same steps, judged by the weights as they are
    assert live.history.loss.tolist() == pytest.approx(run.history.loss.tolist(), rel=1e-3)
    assert live.history.val_loss.iloc[-1] != pytest.approx(run.history.val_loss.iloc[-1], rel=1e-3)


def test_one_cycle_rises_and_falls():
    recipe = dataclasses.replace(EVERYTHING, epochs=10)
    rate = recipe.around(recipe.build(), 20).optimizer._learning_rate
    values = [float(rate(step)) for step in range(201)]
    assert values[0] == pytest.approx(0.0001) and max(values) == pytest.approx(0.003)
    assert int(np.argmax(values)) == 20 and values[-1] == pytest.approx(0, abs=1e-9)


def test_a_varied_batch_is_another_each_epoch_and_the_same_again(partly):
    batches = batching.Batches(partly.train, EVERYTHING, 0)
    (pictures, second), targets = batches[0]
    again = batching.Batches(partly.train, EVERYTHING, 0)[0]
    assert np.array_equal(pictures, again[0][0]) and np.array_equal(targets, again[1], True)
    later = batching.Batches(partly.train, EVERYTHING, 1)[0]
    assert not np.array_equal(pictures, later[0][0])
    assert np.array_equal(second[:, 0] == 1, np.isnan(targets).sum(axis=1) >= 22)


def test_half_of_a_batch_is_complete_where_the_recipe_says_so(partly, blob_parts):
    recipe = dataclasses.replace(EVERYTHING, steps=5, batch_size=16, half_complete=True)
    few = partly.train.take(np.r_[0:60:2, 1])  # thirty partly labelled faces and a complete one
    batches = batching.Batches(few, recipe, 0)
    for step in range(5):
        rows = batches.rows(0, step)
        assert (rows == 30).sum() == 8 and len(np.unique(rows)) > 6
    # Without partly labelled faces a batch is an ordinary one.
    assert len(np.unique(batching.Batches(blob_parts.train, recipe, 0).rows(0, 0))) > 8


def test_every_epoch_shows_every_face_once(blob_parts):
    recipe = dataclasses.replace(RECIPE, batch_size=20)
    batches = batching.Batches(blob_parts.train, recipe, 0)
    epochs = [[batches.rows(e, s) for s in range(batches.steps)] for e in (0, 1)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch)), np.arange(96))
    assert not np.array_equal(np.concatenate(epochs[0]), np.concatenate(epochs[1]))
    resumed = batching.Batches(blob_parts.train, recipe, 1)
    np.testing.assert_array_equal(resumed[2][0], batches[batches.steps + 2][0])
    x, y = batches[0]
    np.testing.assert_array_equal(x, faces.to_inputs(blob_parts.train.images[epochs[0][0]]))
    np.testing.assert_array_equal(y, faces.to_targets(blob_parts.train.keypoints[epochs[0][0]]))


def test_random_batches_grow_as_the_thesis_says(blob_parts):
    recipe = dataclasses.replace(RECIPE, batch_size=64, steps=30, grow_every=125)
    # THESIS 4.7: ceil(epoch / 125) * 64.
    assert [recipe.batch_at(e) for e in (1, 125, 126, 250, 251, 1000)] == [
        64,
        64,
        128,
        128,
        192,
        512,
    ]
    batches = batching.Batches(blob_parts.train, recipe, 125)
    assert batches.steps == 30
    assert len(batches[0][0]) == 128
    first, second = batches.rows(125, 0), batches.rows(125, 1)
    assert not np.array_equal(first, second)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_and_started_again_it_ends_as_if_undisturbed(blob_parts, tmp_path):
    epochs = 14
    recipe = dataclasses.replace(RECIPE, epochs=epochs)
    name = training.run_name(recipe, blob_parts)
    folder = tmp_path / "killed" / name
    kills, seen = 0, 0
    while not (folder / "history.csv").exists():
        process = child(tmp_path / "killed", epochs)
        while process.poll() is None:
            done = epochs_saved(folder)
            if kills < 2 and done > seen:
                os.kill(process.pid, signal.SIGKILL)
                seen, kills = done, kills + 1
            time.sleep(0.002)
        process.wait()
    assert kills == 2
    assert 0 < seen < epochs
    undisturbed = training.train(recipe, blob_parts, tmp_path / "calm")
    resumed = training.load(folder)
    assert len(resumed.history) == epochs
    same_history(resumed.history, undisturbed.history)
    for a, b in zip(resumed.model().get_weights(), undisturbed.model().get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def epochs_saved(folder: pathlib.Path) -> int:
    try:
        with np.load(folder / "checkpoint.npz", allow_pickle=False) as stored:
            return len(stored["rows"])
    except FileNotFoundError:
        return 0


def test_two_processes_asking_for_the_same_run_train_it_once(blob_parts, tmp_path):
    pair = [child(tmp_path, 3), child(tmp_path, 3)]
    assert [process.wait(120) for process in pair] == [0, 0]
    run = training.train(dataclasses.replace(RECIPE, epochs=3), blob_parts, tmp_path)
    assert len(run.history) == 3
    assert sorted(p.name for p in run.folder.iterdir()) == [
        "history.csv",
        "recipe.json",
        "weights.npz",
    ]


def test_predict_gives_pixels(blob_parts):
    model = RECIPE.build()
    points = training.predict(model, blob_parts.test.images)
    assert points.shape == (32, 15, 2)
    direct = model(faces.to_inputs(blob_parts.test.images[:1]))
    np.testing.assert_allclose(points[0].ravel(), (np.array(direct)[0] + 1) * 48, atol=1e-3)


MEMORY = """
import pathlib, resource, sys
import numpy as np
from fkd_utils import augment, batching, faces, training

def peak():  # bytes. Linux: not ru_maxrss, which a child takes over from its parent
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (1712, 96, 96), dtype=np.uint8)
points = rng.uniform(10, 85, (1712, 15, 2)).astype(np.float32)
before = peak()
images, points = augment.transformed_copies(images, points, 0)
numbers = np.arange(len(images))
grown = faces.Faces(images, points, numbers, numbers, "noise")
recipe = training.Recipe("fifth", "adam", 0.001, 1000, steps=30, grow_every=125)
batches = batching.Batches(grown, recipe, first_epoch=999)
for step in range(5):
    x, y = batches[step]
print(len(grown), len(x), peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
def test_the_thesiss_37664_faces_and_its_largest_batches_cost_less_than_a_gigabyte():
    out = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    ).stdout
    faces_made, batch, extra = map(int, out.split())
    assert (faces_made, batch) == (37_664, 512)
    assert extra < 1e9
    assert extra > faces_made * 96 * 96  # it did hold them
