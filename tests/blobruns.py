"""Networks and processes that train on the blobs of conftest.py."""

import pathlib
import subprocess
import sys

import conftest
import keras

from fkd_utils import augment
from fkd_utils.data import splits
from fkd_utils.models import heatmap, losses, thesis
from fkd_utils.training import ablation, checkpoint, fitting


def blobs() -> splits.Splits:
    """The three parts of conftest's `blob_parts`, for a process that has no fixtures."""
    parts = (conftest.blob_faces(n, seed) for n, seed in ((96, 0), (32, 1), (32, 2)))
    return splits.Splits(*parts, splits.Source("blobs"))


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


def everything(told=heatmap.with_sources, batches: int = 12) -> keras.Model:
    """The network of chapter 18 with all that goes with it, compiled."""
    keras.utils.set_random_seed(0)
    model = heatmap.network()
    model = told(model) if told else model
    rate = ablation.one_cycle(0.001, batches)
    model.compile(keras.optimizers.Adam(rate, use_ema=True, ema_momentum=0.9), loss=losses.wing)
    return model


def fit_everything(data: splits.Splits, store: pathlib.Path | None, epochs: int = 4) -> fitting.Run:
    """`everything` on `data`: random batches, changed anew, half of them complete."""
    return fitting.fit(
        everything(),
        data,
        epochs=epochs,
        batch_size=[16, 16, 32, 32][:epochs],
        steps_per_epoch=3,
        augment=augment.random_augment,
        half_complete=True,
        store=store,
    )


# Of a process of its own: it can be killed, and two can run at once.
CHILD = """
import pathlib, sys
sys.path.insert(0, {tests!r})
import blobruns
blobruns.checkpoint.CHECKPOINT_SECONDS = 0
blobruns.fit(blobruns.blobs(), pathlib.Path(sys.argv[1]), int(sys.argv[2]))
"""
assert checkpoint


def child(store: pathlib.Path, epochs: int) -> subprocess.Popen:
    """A process that trains by `fit` for so many epochs and saves after each of them."""
    code = CHILD.format(tests=str(pathlib.Path(__file__).parent))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(store), str(epochs)], stderr=subprocess.DEVNULL
    )
