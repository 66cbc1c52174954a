"""Networks and processes that train on the blobs of conftest.py."""

import collections.abc
import functools
import pathlib
import typing

import conftest
import keras

from fkd_utils.data import splits
from fkd_utils.models import thesis
from fkd_utils.training import checkpoint, fitting


def blobs() -> splits.Splits:
    """The three parts of conftest's `blob_parts`, for a process that has no fixtures."""
    parts = (conftest.blob_faces(n, seed) for n, seed in ((96, 0), (32, 1), (32, 2)))
    return splits.Splits(*parts, splits.Source("blobs"))


@functools.cache
def few() -> splits.Splits:
    """Thirty-two of the training faces and eight of the others; change a copy, not these."""
    whole = blobs()
    parts = (
        whole.train.take(slice(32)),
        whole.validation.take(slice(8)),
        whole.test.take(slice(8)),
    )
    return splits.Splits(*parts, whole.source)


def small(
    optimizer: keras.Optimizer | str = "adam",
    loss: collections.abc.Callable | str = "mse",
    inside: collections.abc.Iterable[keras.layers.Layer] = (),
    **compiled: typing.Any,
) -> keras.Model:
    """A network that trains in a moment and has all kinds of variables, compiled.

    It runs without a graph, whose making takes longer than its few steps.
    """
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((96, 96, 1)),
            layers.MaxPooling2D(8),
            layers.Flatten(),
            layers.Dense(12, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            *inside,
            layers.Dense(30),
        ]
    )
    model.compile(optimizer, loss=loss, **{"run_eagerly": True} | compiled)
    return model


def fourth(seed: int = 3, rate: float = 0.001) -> keras.Model:
    """Fourth with dropout and Adam, compiled."""
    keras.utils.set_random_seed(seed)
    model = thesis.fourth(dropout=0.25)
    model.compile(keras.optimizers.Adam(rate), loss="mse")
    return model


def rules() -> list[keras.callbacks.Callback]:
    """Callbacks that count, so that a resumed run must count on."""
    return [
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.002),
        keras.callbacks.EarlyStopping(patience=4, min_delta=0.001),
    ]


def fit(data: splits.Splits, store: pathlib.Path | None, epochs: int = 6) -> fitting.Run:
    """Fourth on `data` with `rules`, batches of 16."""
    return fitting.fit(
        fourth(), data, epochs=epochs, batch_size=16, seed=3, callbacks=rules(), store=store
    )


def fit_small(store: pathlib.Path, epochs: int) -> fitting.Run:
    """`small` on `few` with `rules`, batches of 16."""
    return fitting.fit(small(), few(), epochs, 16, callbacks=rules(), store=store)


def fit_tiny(store: pathlib.Path, epochs: int) -> fitting.Run:
    """One layer and dropout on `few`, a step an epoch, `rules`."""
    keras.utils.set_random_seed(3)
    inside = [keras.layers.MaxPooling2D(16), keras.layers.Flatten(), keras.layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((96, 96, 1)), *inside, keras.layers.Dense(30)])
    model.compile("adam", loss="mse", run_eagerly=True)
    return fitting.fit(model, few(), epochs, 32, callbacks=rules(), store=store)


def fit_saving(store: pathlib.Path, epochs: int) -> None:
    """`fit_small`, saved after each epoch: for a process of its own."""
    checkpoint.CHECKPOINT_SECONDS = 0
    fit_small(store, epochs)
