"""Measuring how long things take, and what a row of such measurements says."""

import collections.abc
import dataclasses
import math
import time

import keras
import numpy as np

from fkd_utils import models

LEAST = 0.02  # seconds that a repeat should take, so that the clock can see it

Score = collections.abc.Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Timing:
    """One thing measured several times.

    seconds: (repeats,), wall clock. cpu_seconds: (repeats,), processor time of this process,
    all its threads together.
    """

    seconds: np.ndarray
    cpu_seconds: np.ndarray

    @property
    def median(self) -> float:
        """The middle repeat's wall seconds."""
        return float(np.median(self.seconds))

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the repeats was faster than the first, a quarter slower than the second."""
        low, high = np.quantile(self.seconds, (0.25, 0.75))
        return float(low), float(high)

    @property
    def busy(self) -> float:
        """Processor seconds for each second of wall clock: how many cores were at work."""
        return float(np.median(self.cpu_seconds / self.seconds))


def measure(work: collections.abc.Callable[[], object], repeats: int = 7) -> Timing:
    """Time `work()`, which must not return before its result is there.

    One call goes first and does not count: it compiles, fills caches and reserves memory. Work
    shorter than LEAST is called several times a repeat, and the time divided.
    """
    work()
    start = time.perf_counter()
    work()
    calls = max(1, math.ceil(LEAST / max(time.perf_counter() - start, 1e-9)))
    marks = [(time.perf_counter(), time.process_time())]
    for _ in range(repeats):
        for _ in range(calls):
            work()
        marks.append((time.perf_counter(), time.process_time()))
    seconds, cpu_seconds = np.diff(np.array(marks), axis=0).T / calls
    return Timing(seconds, cpu_seconds)


def pictures(n: int, side: int = 96) -> np.ndarray:
    """n inputs of noise (n, side, side, 1), float32 in [0, 1]: no layer is faster on a face."""
    return np.random.default_rng(n).random((n, side, side, 1), np.float32)


def at_side(model: keras.Model, side: int) -> keras.Model:
    """The same layers, with new weights, for pictures of side x side."""
    layers = [layer.__class__.from_config(layer.get_config()) for layer in model.layers]
    return keras.Sequential([keras.layers.Input((side, side, 1)), *layers], name=model.name)


def network(name: str, side: int = 96) -> keras.Model:
    """A network of `models.MODELS`, compiled with Adam, for pictures of side x side."""
    model = models.MODELS[name].build()
    model = model if side == 96 else at_side(model, side)
    model.compile("adam", "mse")
    return model


def networks() -> dict[str, keras.Model]:
    """First to Fourth by name, ready to train."""
    return {name: network(name) for name in ("first", "second", "third", "fourth")}


def measure_training(model: keras.Model, n: int, batch: int = 64, repeats: int = 7) -> Timing:
    """Time epochs of one training on n pictures of the size the network takes.

    The first epoch does not count. Nothing is validated or stored in between.
    """
    inputs, targets = pictures(n, model.input_shape[1]), np.zeros((n, 30), np.float32)
    clock = EpochClock()
    epochs = repeats + 1
    model.fit(inputs, targets, batch_size=batch, epochs=epochs, verbose=0, callbacks=[clock])
    seconds, cpu_seconds = np.diff(np.array(clock.marks), axis=0).T
    return Timing(seconds, cpu_seconds)


class EpochClock(keras.callbacks.Callback):
    """Notes wall and processor clock at the end of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.marks.append((time.perf_counter(), time.process_time()))


def compiled(model: keras.Model) -> Score:
    """The network as one compiled function, inputs (n, side, side, 1) to outputs (n, 30).

    Compiled by the back-end of Keras; PyTorch has no compiler that is always there, and calls
    the network without noting gradients.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        call = tf.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)
    elif backend == "jax":
        import jax

        weights = [v.value for v in model.trainable_variables]
        others = [v.value for v in model.non_trainable_variables]
        call = jax.jit(lambda inputs: model.stateless_call(weights, others, inputs)[0])
    else:
        import torch

        call = torch.inference_mode()(lambda inputs: model(inputs, training=False))
    # Copied back to numpy: a graphics card answers before it has finished.
    return lambda inputs: keras.ops.convert_to_numpy(call(keras.ops.convert_to_tensor(inputs)))


def exponent(sizes: np.ndarray, seconds: np.ndarray) -> float:
    """The p of seconds ~ sizes^p: the slope of a straight line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def overhead(sizes: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """Fit seconds = fixed + each * size; returns (fixed, each), neither below zero.

    Least squares of the relative error, so that a short time counts as much as a long one.
    """
    sizes, seconds = np.asarray(sizes, float), np.asarray(seconds, float)
    columns = np.stack([1 / seconds, sizes / seconds], axis=1)
    fits = [np.linalg.lstsq(columns, np.ones(len(sizes)))[0]]
    for k in range(2):  # with the other one zero
        only = columns[:, k] @ np.ones(len(sizes)) / (columns[:, k] @ columns[:, k])
        fits.append(np.eye(2)[k] * only)
    possible = [fit for fit in fits if fit.min() >= 0]
    best = min(possible, key=lambda fit: np.sum((columns @ fit - 1) ** 2))
    return float(best[0]), float(best[1])
