"""What trains is what stands on the page; trained, found or resumed, it ends in the same state."""

import random

import keras
import numpy as np
import pandas as pd
import pytest
from blobruns import few, fit_saving, fit_small, fourth, rules, small

from fkd_utils import augment, faces
from fkd_utils.data import splits
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.models import heatmap, losses
from fkd_utils.training import ablation, checkpoint, fitting, naming

layers = keras.layers
DATA = few()


def state(model) -> str:
    """Weights, means of batch norm, random states of dropout, all of the optimiser."""
    return naming.of_state(checkpoint.variables_of(model))


def same_history(a: pd.DataFrame, b: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(a.drop(columns="seconds"), b.drop(columns="seconds"))


@pytest.fixture
def at(tmp_path, monkeypatch):
    """Trains on few faces into a folder of the test; saves after every epoch."""
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SECONDS", 0)

    def train(model, where="runs", epochs=3, batch_size=16, **given):
        return fitting.fit(model, DATA, epochs, batch_size, store=tmp_path / where, **given)

    return train


@pytest.fixture
def epochs_trained(monkeypatch):
    """Which epochs have been trained, by whom they were asked for."""
    trained, begin = [], checkpoint.Keeper.on_epoch_begin

    def noted(keeper, epoch, logs=None):
        trained.append(epoch)
        begin(keeper, epoch, logs)

    monkeypatch.setattr(checkpoint.Keeper, "on_epoch_begin", noted)
    return trained


@pytest.fixture
def stopped(monkeypatch):
    """Stops trainings by hand: in their second epoch, or when only the end is to be written."""

    def at(moment: str):
        original = getattr(checkpoint.Keeper, moment)

        def pulled(keeper, *given):
            original(keeper, *given)
            if moment == "on_train_end" or given[0] == 1:
                raise KeyboardInterrupt

        patched = monkeypatch.context()
        patched.__enter__().setattr(checkpoint.Keeper, moment, pulled)
        return patched

    def stop(moment: str, train, *given, **named):
        patched = at(moment)
        with pytest.raises(KeyboardInterrupt):
            train(*given, **named)
        patched.__exit__(None, None, None)

    return stop


def test_a_network_learns_and_its_best_epoch_is_kept(blob_parts, tmp_path):
    keras.utils.set_random_seed(0)
    inside = [layers.MaxPooling2D(8), layers.Flatten(), layers.Dense(32, "relu")]
    model = keras.Sequential([keras.Input((96, 96, 1)), *inside, layers.Dense(30)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    run = fitting.fit(model, blob_parts, epochs=12, batch_size=16, store=tmp_path)
    held = blob_parts.validation
    mean = metrics.mean_face(blob_parts.train.keypoints)
    baseline = metrics.mse(held.keypoints, np.broadcast_to(mean, held.keypoints.shape))
    assert run.history.epoch.tolist() == list(range(1, 13)) and run.epochs == 12
    assert run.measures(held)["mse"] < baseline / 2
    # The stored weights are those of the epoch the history calls best.
    assert run.measures(held)["mse"] == pytest.approx(run.at_best().val_mse, rel=1e-4)
    assert run.at_best().val_mse == run.history.val_mse.min()
    np.testing.assert_allclose(run.history.val_loss, run.history.val_mse, rtol=1e-4)  # loss is mse
    # So do the errors of the single keypoints, whose mean is the validation error.
    ours = run.at_best()[list(faces.KEYPOINTS)].to_numpy(float)
    truly = metrics.keypoint_mse(held.keypoints, run.predict(held.images))
    np.testing.assert_allclose(ours, truly, rtol=1e-3)
    assert ours.mean() == pytest.approx(run.at_best().val_mse)
    # The network in hand is as after the last epoch, as Keras leaves it.
    last = metrics.mse(held.keypoints, fitting.predict(model, held.images))
    assert last == pytest.approx(run.history.val_mse.iloc[-1], rel=1e-4)


def test_plain_keras_trains_the_same(at):
    """As chapter 03 does it: an order an epoch, drawn with the seed and the epoch."""
    ours, plain = small(run_eagerly=False), small(run_eagerly=False)
    run = at(ours, epochs=2, seed=5)
    x, y = faces.to_inputs(DATA.train.images), faces.to_targets(DATA.train.keypoints)
    for epoch in range(2):
        order = np.random.default_rng([5, epoch]).permutation(len(x))
        told = plain.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0)
        assert told.history["loss"][0] == pytest.approx(run.history.loss[epoch], rel=1e-5)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def beside_a_labeller(optimizer="adam", loss=losses.masked_mse):
    """A network with two inputs, around one within."""
    keras.utils.set_random_seed(3)
    picture = keras.Input((96, 96, 1))
    x = layers.Flatten()(layers.MaxPooling2D(8)(picture))
    outputs = layers.Dense(30)(layers.BatchNormalization()(layers.Dense(8, "relu")(x)))
    model = heatmap.with_sources(keras.Model(picture, outputs, name="inner"))
    model.compile(optimizer, loss, run_eagerly=True)
    return model


def in_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        # A scale that grows on the way.
        inner = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5)
        return small(keras.optimizers.LossScaleOptimizer(inner, 2.0, dynamic_growth_steps=3))
    finally:
        keras.config.set_dtype_policy("float32")


def with_averages():
    return small(keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5))


MODELS = {
    "graph": lambda: small(run_eagerly=False),
    "two inputs": beside_a_labeller,
    "half precision": in_half_precision,
    "averages": with_averages,
    "schedule": lambda: small(keras.optimizers.Adam(ablation.one_cycle(0.01, 6))),
    "decay": lambda: small(keras.optimizers.AdamW(0.01, weight_decay=0.1)),
    "accumulated": lambda: small(keras.optimizers.SGD(0.1, 0.9, gradient_accumulation_steps=3)),
}


@pytest.mark.parametrize("kind", MODELS)
def test_trained_found_or_resumed_the_state_is_the_same(kind, at, stopped, epochs_trained):
    build = MODELS[kind]
    whole, start = build(), build()
    assert state(whole) == state(start)
    run = at(whole)
    assert epochs_trained == [0, 1, 2] and state(whole) != state(start)
    found = build()
    again = at(found)
    assert len(epochs_trained) == 3 and again.folder == run.folder
    pd.testing.assert_frame_equal(again.history, run.history)
    assert state(found) == state(whole)
    moments = {"on_epoch_end": [1, 2], "on_train_end": []}
    for moment, rest in moments.items():
        if not rest and kind not in ("graph", "averages", "half precision"):
            continue  # Keras does nothing at the end
        stopped(moment, at, build(), moment)
        epochs_trained.clear()
        resumed = build()
        late = at(resumed, moment)
        assert epochs_trained == rest
        same_history(late.history, run.history)
        assert state(resumed) == state(whole)
        pairs = zip(late.model().get_weights(), run.model().get_weights(), strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs)


def counted(callbacks) -> list:
    return [checkpoint._numbers(callback) for callback in callbacks]


def plateau():
    return [
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=1),
        keras.callbacks.EarlyStopping("val_mse", patience=4, min_delta=1, mode="min"),
    ]


def test_callbacks_count_on_after_a_stop(at, stopped, epochs_trained):
    """Nothing is ever better by 1: the rate falls, and the fifth epoch is the last."""
    whole, of_whole = small(), plateau()
    run = at(whole, epochs=9, callbacks=of_whole)
    assert len(run.history) == 5 and run.epochs == 9
    assert float(whole.optimizer.learning_rate) == pytest.approx(0.001 / 16)
    for moment, rest in (("on_epoch_end", [1, 2, 3, 4]), ("on_train_end", [])):
        stopped(moment, at, small(), moment, epochs=9, callbacks=plateau())
        epochs_trained.clear()
        resumed, of_resumed = small(), plateau()
        late = at(resumed, moment, epochs=9, callbacks=of_resumed)
        assert epochs_trained == rest
        same_history(late.history, run.history)
        assert state(resumed) == state(whole) and counted(of_resumed) == counted(of_whole)
    found, of_found = small(), plateau()
    at(found, epochs=9, callbacks=of_found)
    assert state(found) == state(whole) and counted(of_found) == counted(of_whole)


def test_the_cell_run_again_finds_its_run(at, epochs_trained):
    """Though the rate is another by then, and the callbacks have been used."""
    model, callbacks = small(), plateau()
    run = at(model, epochs=9, callbacks=callbacks)
    trained, ended = len(epochs_trained), state(model)
    for _ in range(2):
        assert at(model, epochs=9, callbacks=callbacks).folder == run.folder
        assert len(epochs_trained) == trained and state(model) == ended
    # Other epochs: the trained network is the start of another run.
    other = at(model, epochs=2, callbacks=callbacks)
    assert other.folder != run.folder and len(epochs_trained) == trained + 2
    assert at(model, epochs=2, callbacks=callbacks).folder == other.folder
    assert len(epochs_trained) == trained + 2
    # As is one whose weights the page has changed since.
    model.set_weights([weight / 2 for weight in model.get_weights()])
    assert at(model, epochs=2, callbacks=callbacks).folder != other.folder


@pytest.mark.parametrize("moment", ["on_epoch_end", "on_train_end"])
def test_the_cell_run_again_after_a_stop_goes_on(moment, at, stopped, epochs_trained, tmp_path):
    """With the network in hand, which is trained half."""
    whole = small()
    run = at(whole, "calm", epochs=4, callbacks=plateau())
    model, callbacks = small(), plateau()
    stopped(moment, at, model, epochs=4, callbacks=callbacks)
    assert state(model) != state(small())
    epochs_trained.clear()
    late = at(model, epochs=4, callbacks=callbacks)
    assert epochs_trained == ([1, 2, 3] if moment == "on_epoch_end" else [])
    assert late.folder.name == run.folder.name and len([*(tmp_path / "runs").glob("*/")]) == 1
    same_history(late.history, run.history)
    assert state(model) == state(whole)
    for one in (run, late):  # and the network is compiled as it was handed in
        assert float(one.model().optimizer.learning_rate) == pytest.approx(0.001)


def test_a_stopped_run_is_finished_without_its_page(stopped, partly, tmp_path, monkeypatch):
    """All that chapter 18a uses: two inputs, a schedule, averages, batches that change and grow."""
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SECONDS", 0)
    data = splits.Splits(partly.train, DATA.validation, DATA.test, partly.source)

    def train(where):
        rate = ablation.one_cycle(0.01, 8)
        optimizer = keras.optimizers.Adam(rate, use_ema=True, ema_momentum=0.9)
        return fitting.fit(
            beside_a_labeller(optimizer, losses.wing),
            data,
            epochs=4,
            batch_size=[16, 16, 32, 32],
            steps_per_epoch=2,
            augment=augment.random_augment,
            half_complete=True,
            store=tmp_path / where,
        )

    run = train("calm")
    assert np.isfinite(run.history.drop(columns="seconds").to_numpy()).all()
    stopped("on_epoch_end", train, "stopped")
    (folder,) = (tmp_path / "stopped").glob("*/")
    before = random.getstate()
    late = fitting.resume(folder, data)
    assert random.getstate() == before
    same_history(late.history, run.history)
    pairs = zip(late.model().get_weights(), run.model().get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
    assert fitting.resume(folder, data).history.equals(late.history)


def test_callbacks_go_on_without_their_page(at, stopped, tmp_path):
    run = at(small(), "calm", epochs=9, callbacks=plateau())
    stopped("on_epoch_end", at, small(), "stopped", epochs=9, callbacks=plateau())
    (folder,) = (tmp_path / "stopped").glob("*/")
    same_history(fitting.resume(folder, DATA).history, run.history)


@pytest.mark.parametrize("build", [with_averages, in_half_precision])
def test_averages_are_what_is_validated_and_kept(build, at):
    model = build()
    run = at(model, epochs=3)
    assert run.measures(DATA.validation)["mse"] == pytest.approx(run.at_best().val_mse, rel=1e-3)
    # Keras puts the averages in place at the end.
    found = metrics.mse(DATA.validation.keypoints, fitting.predict(model, DATA.validation.images))
    assert found == pytest.approx(run.history.val_mse.iloc[-1], rel=1e-3)
    live = at(small(keras.optimizers.Adam(0.01)), epochs=3)  # the same steps, judged as they are
    if build is with_averages:
        assert live.history.loss.tolist() == pytest.approx(run.history.loss.tolist(), rel=1e-5)
    assert live.history.val_mse.iloc[-1] != pytest.approx(run.history.val_mse.iloc[-1], rel=1e-3)


def test_two_processes_asking_for_the_same_run_train_it_once(tmp_path, forking):
    pair = [forking.Process(target=fit_saving, args=(tmp_path, 3)) for _ in range(2)]
    for process in pair:
        process.start()
    for process in pair:
        process.join(120)
    assert [process.exitcode for process in pair] == [0, 0]
    run = fit_small(tmp_path, 3)
    assert len(run.history) == 3 and run.history.seconds.nunique() == 3
    assert sorted(path.name for path in run.folder.iterdir()) == [
        *("history.csv", "network.json", "recipe.json", "state.npz", "weights.npz")
    ]
    assert len([*tmp_path.glob("*/")]) == 1


def test_the_page_s_next_network_starts_the_same_whether_a_run_was_trained_or_found(at):
    def page():
        run = at(small(), epochs=1)
        run.model()
        return state(untold()), random.random(), np.random.rand()  # noqa: NPY002

    def untold():
        model = keras.Sequential([keras.Input((96, 96, 1)), layers.Flatten(), layers.Dense(30)])
        model.compile("adam", "mse")
        return model

    assert page() == page()


@keras.saving.register_keras_serializable("page")
class Double(layers.Layer):
    def call(self, x):
        return 2 * x


class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.last = layers.Flatten(), layers.Dense(30)

    def call(self, x):
        return self.last(self.flat(x))


class Watcher(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(logs["val_loss"])


def twice(x):
    return 2 * x


def error(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def darker(images, points, rng):
    return images // 2, points


def subclassed():
    keras.utils.set_random_seed(0)
    model = Network()
    model.compile("adam", "mse", run_eagerly=True)
    return model


UNSTORED = {
    "loss": (lambda: small(loss=error), {}),
    "<lambda>": (lambda: small(loss=lambda a, b: error(a, b)), {}),
    "Double": (lambda: small(inside=[Double()]), {}),
    "activation": (lambda: small(inside=[layers.Activation(twice)]), {}),
    "lambda layer": (lambda: small(inside=[layers.Lambda(lambda x: 2 * x)]), {}),
    "metric": (lambda: small(metrics=[error]), {}),
    "augment": (small, {"augment": darker}),
    "callback": (small, {"callbacks": Watcher()}),
    "best weights": (small, {"callbacks": [keras.callbacks.EarlyStopping(restore_best_weights=1)]}),
    "class": (subclassed, {}),
}
NOT_COPIED = {"lambda layer", "class"}  # Keras reads no lambda and knows no arguments of a class


@pytest.mark.parametrize("what", UNSTORED)
def test_code_of_the_page_is_trained_and_not_stored(what, at, tmp_path, capsys):
    build, given = UNSTORED[what]
    model = build()
    run = at(model, **given)
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("trained, not stored: ")
    assert [line.endswith("the weights of its best epoch") for line in others] == (
        [True] if what in NOT_COPIED else []
    )
    assert run.folder is None and not (tmp_path / "runs").exists()
    assert len(run.history) == run.epochs == 3 or what == "best weights"
    found = run.measures(DATA.validation)["mse"]
    assert found == pytest.approx(run.at_best().val_mse, rel=1e-4)
    assert run.best_epoch and run.name == model.name
    if what not in NOT_COPIED:
        assert run.model() is not model and run.model().compiled
        last = fitting.predict(model, DATA.validation.images)
        wanted = run.at_best() if what == "best weights" else run.history.iloc[-1]
        assert metrics.mse(DATA.validation.keypoints, last) == pytest.approx(wanted.val_mse, 1e-4)
    if what == "callback":
        assert given["callbacks"].seen == run.history.val_loss.tolist()


COMPILED = {
    "masked": {"loss": losses.masked_mse},
    "wing": {"loss": losses.wing},
    "huber": {"loss": keras.losses.Huber(0.1)},
    "weights": {"inside": [layers.Dense(8, kernel_regularizer="l2")]},
    "activity": {"inside": [layers.Dense(8, activity_regularizer="l2")]},
    "activity in a graph": {
        "inside": [layers.Dense(8, activity_regularizer="l2")],
        "run_eagerly": False,
    },
}


@pytest.mark.parametrize("what", COMPILED)
def test_val_loss_is_the_compiled_loss_and_val_mse_the_courses(what, at):
    model = small(**COMPILED[what])
    last = at(model, epochs=2).history.iloc[-1]
    held = DATA.validation
    x, y = faces.to_inputs(held.images), faces.to_targets(held.keypoints)
    assert last.val_loss == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-4)
    mse = metrics.mse(held.keypoints, fitting.predict(model, held.images))
    assert last.val_mse == pytest.approx(mse, rel=1e-4)
    assert (last.val_loss == pytest.approx(mse, rel=1e-3)) == (what == "masked")


def test_a_layer_frozen_after_the_compile_is_frozen(at):
    """Also when Keras has made its step before; then the run is one of a frozen layer."""
    model = small(run_eagerly=False)
    first = at(model, epochs=1)
    layer = model.layers[2]
    layer.trainable = False
    before = [np.array(weight) for weight in layer.get_weights()]
    run = at(model, epochs=1)
    assert run.folder != first.folder
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def thawed():
    model = small()
    model.layers[2].trainable = False
    model.compile("adam", "mse")
    checkpoint.variables_of(model)  # as a training does
    model.layers[2].trainable = True
    return model


def of_another():
    optimizer = keras.optimizers.Adam()
    checkpoint.variables_of(small(optimizer))
    return small(optimizer)


def answers(*shape):
    x = keras.Input(shape or (96, 96, 1))
    model = keras.Model(x, layers.Dense(30 if shape else 20)(layers.Flatten()(x)))
    model.compile("adam", "mse")
    return model


def two_answers():
    x = keras.Input((96, 96, 1))
    model = keras.Model(x, [layers.Dense(30)(layers.Flatten()(x)) for _ in range(2)])
    model.compile("adam", "mse")
    return model


def uncompiled():
    return keras.Sequential([keras.Input((96, 96, 1)), layers.Flatten(), layers.Dense(30)])


def compiled_without_loss():
    model = uncompiled()
    model.compile("adam")
    return model


def wrong_class():
    model = subclassed()
    model.last = layers.Dense(7)
    return model


@pytest.mark.parametrize(
    ("build", "given", "says"),
    [
        (small, {"epochs": 0}, "epochs is 0; give a whole number, at least 1"),
        (small, {"epochs": 2.0}, "epochs is 2.0"),
        (small, {"epochs": "3"}, "epochs is '3'"),
        (small, {"batch_size": 0}, "batch_size is 0"),
        (small, {"batch_size": 2.5}, "batch_size is 2.5"),
        (small, {"batch_size": "16"}, "batch_size is '1'"),
        (small, {"batch_size": [8, 8], "steps_per_epoch": 2}, "2 numbers; .* each of 4 epochs"),
        (small, {"batch_size": [8, 8, 16, 16]}, "steps_per_epoch=30"),
        (small, {"half_complete": True}, "steps_per_epoch=30"),
        (small, {"steps_per_epoch": 0}, "steps_per_epoch is 0"),
        (small, {"steps_per_epoch": 1.5}, "steps_per_epoch is 1.5"),
        (small, {"seed": None}, "seed is None"),
        (small, {"data": DATA.train}, "three parts, as data.load gives them, not a Faces"),
        (small, {"data": (DATA.train.images, DATA.train.keypoints)}, "not a tuple"),
        (uncompiled, {}, "is not compiled; call model.compile"),
        (compiled_without_loss, {}, "is not compiled; call model.compile"),
        (answers, {}, r"answers \(None, 20\); it must answer \(None, 30\)"),
        (two_answers, {}, "it must answer"),
        (wrong_class, {}, r"answers \(None, 7\)"),
        (lambda: answers(48, 48, 1), {}, r"takes \(48, 48, 1\); it must take \(96, 96, 1\)"),
        (lambda: answers(9216), {}, r"takes \(9216,\)"),
        (of_another, {}, "was made for other weights; call model.compile with a new one"),
        (thawed, {}, "was made for other weights"),
        (lambda: small(steps_per_execution=3), {}, "2 batches, which steps_per_execution=3"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(build, given, says, tmp_path):
    wanted = {"data": DATA, "epochs": 4, "batch_size": 16, "store": tmp_path / "runs"} | given
    with pytest.raises(InputError, match=says) as raised:
        fitting.fit(build(), **wanted)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "runs").exists()


def test_what_looks_odd_and_works(at):
    """More faces a batch than there are; numpy's numbers; a single callback; no Input."""
    run = at(small(), epochs=np.int64(1), batch_size=np.int64(1000))
    assert at(small(), epochs=1, batch_size=[1000]).folder == run.folder
    stopping = keras.callbacks.EarlyStopping()
    assert len(at(small(), epochs=1, callbacks=stopping).history) == 1

    def without_input():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([layers.Flatten(), layers.Dense(30)])
        model.compile("adam", "mse", run_eagerly=True)
        return model

    assert at(without_input()).folder == at(without_input()).folder
    flat = keras.Sequential([keras.Input((96, 96)), layers.Flatten(), layers.Dense(30)])
    flat.compile("adam", "mse", run_eagerly=True)
    assert np.isfinite(at(flat).history.val_mse).all()


def test_sizes_of_batches_are_stored_and_read_back():
    for sizes in ((16,), (16, 16, 16), (16, 32, 32), (8, 16, 8)):
        stored = {"epochs": len(sizes), "batch_size": fitting._short(sizes)}
        assert fitting.batch_sizes(stored) == sizes
    assert fitting._short((64,) * 125 + (128,)) == [[64, 125], [128, 1]]


def test_a_run_of_another_title_is_the_same_run(at):
    def titled(name):
        model = small()
        model.name = name
        return model

    run = at(titled("fourth_3"), epochs=1)
    assert run.folder.name.startswith("fourth-")
    assert at(titled("Meins, größer"), epochs=1).folder == run.folder


def test_a_training_that_went_astray_says_so(at):
    run = at(small(keras.optimizers.SGD(1e30)), epochs=2)
    assert run.history.val_mse.isna().all()
    with pytest.raises(InputError, match="no validation loss is a number"):
        run.at_best()
    few_rows = run.history.assign(val_mse=[np.nan, 0.5])
    assert fitting.Run(run.folder, run.settings, few_rows).best_epoch == 2


def test_predict_gives_pixels(blob_parts):
    model = fourth()
    points = fitting.predict(model, blob_parts.test.images)
    assert points.shape == (32, 15, 2) and points.dtype == np.float32
    direct = model(faces.to_inputs(blob_parts.test.images[:1]))
    np.testing.assert_allclose(points[0].ravel(), (np.array(direct)[0] + 1) * 48, atol=1e-3)


def test_what_changes_batches_is_taken_up_again_by_name():
    told = naming.of_function(augment.random_augment)
    assert fitting._function(told) is augment.random_augment and fitting._function(None) is None
    for callback in rules():
        config = naming.of_callback(callback)
        assert naming.of_callback(fitting._callback(config)) == config
