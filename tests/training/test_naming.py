"""The name of a training: the same for the same, another for whatever decides its numbers."""

import dataclasses
import functools
import sys

import keras
import numpy as np
import pytest
from blobruns import few, rules, small

from fkd_utils import augment
from fkd_utils.files import InputError
from fkd_utils.models import heatmap, losses
from fkd_utils.training import batches, fitting, naming

layers = keras.layers
DATA = few()
PLAIN = batches.Recipe((16, 16))


def name(model, recipe=PLAIN, callbacks=(), data=DATA) -> str:
    return naming.of_all(fitting.describe(model, recipe, callbacks, data))


def page(*inside, names=None, optimizer=None, loss="mse", start=0, **dense):
    """A network of a page, in its own words."""
    keras.utils.set_random_seed(start)
    told = iter(names or ())
    model = keras.Sequential(
        [
            layers.Input((96, 96, 1)),
            layers.MaxPooling2D(8, name=next(told, None)),
            layers.Flatten(),
            layers.Dense(4, name=next(told, None), **dense),
            *inside,
            layers.Dense(30),
        ],
        name=next(told, None),
    )
    model.compile(optimizer or keras.optimizers.Adam(), loss=loss)
    return model


def built_before():
    """What a page had built before counts in the names Keras gives: conv2d_3, adam_1."""
    page(layers.Dropout(0.1), kernel_regularizer="l2")
    keras.optimizers.Adam()
    return page()


def graph(shift=False, scale=2.0):
    """A network that is no row of layers; its loss is told by the name of its output."""
    if shift:
        layers.Dense(3), keras.optimizers.Adam()
    keras.utils.set_random_seed(0)
    picture = keras.Input((96, 96, 1))
    small = layers.Flatten()(layers.MaxPooling2D(8)(picture))
    one, other = layers.Dense(30)(small), layers.Dense(30)(small)
    model = keras.Model(picture, scale * one + layers.Activation("tanh")(other))
    model.compile(keras.optimizers.Adam(), {model.output_names[0]: "mse"})
    return model


@pytest.mark.parametrize(
    "same",
    [
        page,
        built_before,
        lambda: page(names=("pool", "hidden", "mine")),
        lambda: page(optimizer="adam"),
        lambda: page(optimizer=keras.optimizers.Adam(0.001, name="fast")),
        lambda: page(activation=None),
    ],
    ids=["again", "built before", "names", "a word", "written out", "nothing said"],
)
def test_the_same_network_has_one_name(same):
    assert name(same()) == name(page())


def test_the_same_graph_has_one_name():
    assert name(graph()) == name(graph(shift=True)) != name(graph(scale=3.0))


def frozen(model):
    model.layers[2].trainable = False
    model.compile(keras.optimizers.Adam(), "mse")
    return model


def at_half_precision():
    """All layers compute in another precision; their variables and the policy are the same."""
    half = {"dtype": "mixed_float16"}
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((96, 96, 1)),
            layers.MaxPooling2D(8, **half),
            layers.Flatten(**half),
            layers.Dense(4, **half),
            layers.Dense(30, **half),
        ]
    )
    model.compile(keras.optimizers.Adam(), "mse")
    return model


def loaded():
    """The weights come from elsewhere, as in transfer."""
    model = page()
    model.set_weights([weight + np.float32(0.1) for weight in model.get_weights()])
    return model


def had_trained():
    model = page()
    model.fit(np.zeros((2, 96, 96, 1)), np.zeros((2, 30)), verbose=0)
    model.set_weights(page().get_weights())
    return model  # only the optimiser knows


def with_metric():
    model = page()
    model.compile(keras.optimizers.Adam(), "mse", metrics=["mae"])
    return model


def other_optimizer_since():
    model = page(optimizer=keras.optimizers.SGD(0.1))
    model.optimizer = keras.optimizers.SGD(0.1, nesterov=True)
    return model


NETWORKS = {
    "as it is": page,
    "dropout": lambda: page(layers.Dropout(0.1)),
    "more dropout": lambda: page(layers.Dropout(0.2)),
    "seed of the dropout": lambda: page(layers.Dropout(0.2, seed=4)),
    "activation": lambda: page(activation="relu"),
    "regulariser": lambda: page(kernel_regularizer="l2"),
    "its strength": lambda: page(kernel_regularizer=keras.regularizers.L2(0.1)),
    "activity": lambda: page(activity_regularizer="l2"),
    "initialiser": lambda: page(bias_initializer=keras.initializers.Constant(0.0)),
    "a layer more": lambda: page(layers.Dense(4)),
    "frozen": lambda: frozen(page()),
    "rate": lambda: page(optimizer=keras.optimizers.Adam(0.002)),
    "momentum": lambda: page(optimizer=keras.optimizers.Adam(beta_1=0.8)),
    "clipping": lambda: page(optimizer=keras.optimizers.Adam(clipnorm=1.0)),
    "averages": lambda: page(optimizer=keras.optimizers.Adam(use_ema=True)),
    "schedule": lambda: page(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.001, 10))
    ),
    "its length": lambda: page(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.001, 20))
    ),
    "optimiser": lambda: page(optimizer=keras.optimizers.SGD(0.001)),
    "optimiser since": other_optimizer_since,
    "loss": lambda: page(loss="mae"),
    "loss of the course": lambda: page(loss=losses.wing),
    "another": lambda: page(loss=losses.masked_mse),
    "metric": with_metric,
    "precision": at_half_precision,
    "start": lambda: page(start=1),
    "transfer": loaded,
    "optimiser's state": had_trained,
    "no graph": lambda: small(run_eagerly=True),
    "a graph": lambda: small(run_eagerly=False),
}


def test_whatever_decides_a_training_is_in_its_name(monkeypatch):
    found = {what: name(build()) for what, build in NETWORKS.items()}
    found["version"] = name(page(loss=losses.wing))
    assert found.pop("version") == found["loss of the course"]
    monkeypatch.setattr(losses, "VERSION", losses.VERSION + 1)
    found["version"] = name(page(loss=losses.wing))
    keras.config.set_dtype_policy("mixed_float16")
    try:
        found["policy"] = name(page())
    finally:
        keras.config.set_dtype_policy("float32")
    assert len(set(found.values())) == len(found), sorted(found.items(), key=lambda item: item[1])


def changed_pixel(part: str):
    faces_of = getattr(DATA, part)
    images = faces_of.images.copy()
    images[0, 0, 0] ^= 1
    return dataclasses.replace(DATA, **{part: dataclasses.replace(faces_of, images=images)})


def moved_label():
    points = DATA.train.keypoints.copy()
    points[0, 0, 0] += 1
    return dataclasses.replace(DATA, train=dataclasses.replace(DATA.train, keypoints=points))


RECIPES = [
    PLAIN,
    batches.Recipe((16, 16, 16)),
    batches.Recipe((8, 8)),
    batches.Recipe((16, 16), seed=1),
    batches.Recipe((16, 16), steps=2),
    batches.Recipe((16, 32), steps=2),
    batches.Recipe((32, 16), steps=2),
    batches.Recipe((16, 16), steps=2, half_complete=True),
    batches.Recipe((16, 16), augment=augment.random_augment),
]
STOPPING, PLATEAU = keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau
CALLBACKS = [
    [STOPPING()],
    [STOPPING(patience=1)],
    [STOPPING(min_delta=0.1)],
    [STOPPING(start_from_epoch=1)],
    [STOPPING("loss")],
    [PLATEAU()],
    [PLATEAU(factor=0.5)],
    [PLATEAU(), STOPPING()],
    [STOPPING(), PLATEAU()],
]


def test_faces_order_and_callbacks_are_in_the_name():
    model = page()
    found = [name(model, recipe) for recipe in RECIPES]
    found += [name(model, callbacks=given) for given in CALLBACKS]
    others = (changed_pixel("train"), changed_pixel("validation"), moved_label())
    found += [name(model, data=other) for other in others]
    assert len(set(found)) == len(found)
    assert name(model, data=changed_pixel("test")) == found[0]  # nothing is decided on these


def test_a_callback_that_has_been_used_is_the_same():
    model, used = small(), rules()
    before = [naming.of_callback(callback) for callback in used]
    fitting.fit(small(loss=lambda a, b: losses.masked_mse(a, b)), DATA, 2, 16, callbacks=used)
    assert [naming.of_callback(callback) for callback in used] == before
    assert name(model, callbacks=used) == name(model, callbacks=rules())


def of_the_page(thing):
    """As if written in a notebook, where Keras notes no module at all."""
    thing.__module__ = "__main__"
    return thing


@of_the_page
def twice(x, *_, **__):
    return 2 * x


@of_the_page
def huber(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred))


@of_the_page
def constant(shape, dtype=None):
    return keras.ops.zeros(shape, dtype)


@of_the_page
class Loss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return huber(y_true, y_pred)


@of_the_page
class Double(layers.Layer):
    def call(self, x):
        return 2 * x


@of_the_page
class Norm(keras.regularizers.Regularizer):
    def __call__(self, x):
        return keras.ops.sum(x)

    def get_config(self):
        return {}


@of_the_page
class Zeros(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return constant(shape, dtype)

    def get_config(self):
        return {}


@of_the_page
class Slow(keras.optimizers.Adam):
    pass


@of_the_page
class Steps(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.001

    def get_config(self):
        return {}


@of_the_page
class Mean(keras.metrics.Mean):
    pass


@of_the_page
class Twice:
    def __call__(self, x):
        return 2 * x


@of_the_page
class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.last = layers.Flatten(), layers.Dense(30)

    def call(self, x):
        return self.last(self.flat(x))


def subclassed():
    model = Network()
    model.build((None, 96, 96, 1))
    model.compile("adam", "mse")
    return model


def own_step():
    model = page()
    model.train_step = twice
    return model


def without_decay_of_biases():
    """Which is a call, and in no configuration."""
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return page(optimizer=optimizer)


def measured(**metrics):
    model = page()
    model.compile("adam", "mse", **metrics)
    return model


OUTSIDE = {
    "loss": lambda: page(loss=Loss()),
    "huber": lambda: page(loss=huber),  # keras.losses has one, too
    "<lambda>": lambda: page(loss=lambda a, b: huber(a, b)),
    "partial": lambda: page(loss=functools.partial(huber)),
    "Double": lambda: page(Double()),
    "lambda ": lambda: page(layers.Lambda(lambda x: 2 * x)),
    "twice": lambda: page(activation=twice),
    "partial ": lambda: page(activation=functools.partial(keras.activations.relu)),
    "Twice": lambda: page(activation=Twice()),
    "tanh": lambda: page(activation=np.tanh),
    "Norm": lambda: page(kernel_regularizer=Norm()),
    "Zeros": lambda: page(kernel_initializer=Zeros()),
    "constant": lambda: page(kernel_initializer=constant),
    "Network": subclassed,
    "twice ": own_step,
    "Slow": lambda: page(optimizer=Slow()),
    "Steps": lambda: page(optimizer=keras.optimizers.Adam(Steps())),
    "constant ": lambda: page(optimizer=keras.optimizers.Adam(constant)),
    "lambda": lambda: page(optimizer=keras.optimizers.Adam(lambda: 0.001)),
    "Mean": lambda: measured(metrics=[Mean()]),
    "huber ": lambda: measured(metrics=[huber]),
    "huber  ": lambda: measured(weighted_metrics=[huber]),
    "huber   ": lambda: measured(metrics=[keras.metrics.MeanMetricWrapper(huber)]),
    "exclude_from_weight_decay": without_decay_of_biases,
    "bfloat16": lambda: page(dtype="bfloat16"),
}


@pytest.mark.filterwarnings("error:.*lambda")
@pytest.mark.parametrize("what", OUTSIDE)
def test_code_from_elsewhere_is_not_described(what):
    model = OUTSIDE[what]()
    with pytest.raises(naming.Undescribed, match=rf"(?i){what.strip()}") as raised:
        name(model)
    assert "\n" not in str(raised.value)


def test_code_of_another_module_is_from_elsewhere_too(monkeypatch):
    monkeypatch.setattr(Double, "__module__", "somebody.layers")
    monkeypatch.setattr(Slow, "__module__", "somebody.optimizers")
    for model in (page(Double()), page(optimizer=Slow())):
        with pytest.raises(naming.Undescribed):
            name(model)


@pytest.mark.parametrize(
    "known",
    [
        lambda: page(loss=keras.losses.huber),
        lambda: page(loss=keras.losses.Huber()),
        lambda: page(loss=losses.wing),
        lambda: page(activation=keras.ops.tanh),
        lambda: measured(metrics=["mae", keras.metrics.RootMeanSquaredError(), losses.smooth_l1]),
        lambda: page(layers.Normalization(mean=0.0, variance=1.0)),
        lambda: page(bias_initializer=keras.initializers.Constant(np.arange(4))),
        lambda: page(layers.GaussianNoise(0.1, seed=1), layers.PReLU()),
    ],
)
def test_code_of_keras_and_the_course_is_described(known):
    assert name(known()) == name(known())


class Watcher(keras.callbacks.Callback):
    pass


class Patient(keras.callbacks.EarlyStopping):
    pass


@pytest.mark.parametrize(
    "callback",
    [
        Watcher(),
        Patient(),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.CSVLogger("log.csv"),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        STOPPING(restore_best_weights=True),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_callbacks_that_cannot_go_on_are_not_described(callback):
    with pytest.raises(naming.Undescribed, match=type(callback).__name__):
        naming.of_callback(callback)


def another(images, points, rng):
    return images, points


def made(strength):
    def inner(images, points, rng):
        return images, points

    inner.__module__ = augment.__name__
    return inner


def test_functions_are_told_by_module_name_and_version(monkeypatch):
    assert naming.of_function(None) is None
    told = naming.of_function(augment.random_augment)
    assert told.startswith("fkd_utils.augment:random_augment@")
    monkeypatch.setattr(sys.modules["fkd_utils.augment"], "VERSION", 99, raising=False)
    assert naming.of_function(augment.random_augment) != told


@pytest.mark.parametrize(
    "function",
    [another, lambda *given: given, functools.partial(augment.random_augment), made(1)],
    ids=["function", "lambda", "partial", "made by another"],
)
def test_other_functions_are_not_described(function):
    with pytest.raises(naming.Undescribed):
        naming.of_function(function)


def test_the_networks_of_the_course_are_described():
    """The largest holds a network within a network, layers of its own and two inputs."""

    def made():
        keras.utils.set_random_seed(0)
        model = heatmap.with_sources(heatmap.network())
        model.compile(keras.optimizers.Adam(), losses.wing)
        return model

    assert name(made()) == name(made())
    inside = naming.of_network(made())
    assert set(inside["versions"]) == {heatmap.__name__, losses.__name__}


def test_a_compile_without_a_loss_is_refused():
    model = page()
    model.compile("adam")  # Keras goes on with the loss it had
    with pytest.raises(InputError, match="without a loss"):
        name(model)
