"""How long things take, what a row of such times says, and which machine measured them."""

import collections.abc
import dataclasses
import datetime
import importlib
import math
import os
import pathlib
import platform
import time

import keras
import numpy as np
import pandas as pd

from fkd_utils import files, models
from fkd_utils.files import InputError

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
    return Timing(*np.diff(np.array(marks), axis=0).T / calls)


def pictures(n: int, side: int = 96) -> np.ndarray:
    """n inputs of noise (n, side, side, 1), float32 in [0, 1]: no layer is faster on a face."""
    return np.random.default_rng(n).random((n, side, side, 1), np.float32)


def network(name: str, side: int = 96) -> keras.Model:
    """A network of `models.MODELS`, compiled with Adam, for pictures of side x side."""
    model = models.MODELS[name].build()
    if side != 96:  # the same layers, with new weights
        layers = [layer.__class__.from_config(layer.get_config()) for layer in model.layers]
        model = keras.Sequential([keras.layers.Input((side, side, 1)), *layers], name=name)
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
    marks: list[tuple[float, float]] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: marks.append((time.perf_counter(), time.process_time()))
    )
    epochs = repeats + 1
    model.fit(inputs, targets, batch_size=batch, epochs=epochs, verbose=0, callbacks=[clock])
    return Timing(*np.diff(np.array(marks), axis=0).T)


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


MEASURED = files.PUBLISHED / "timing"
TRAINED, SCORED = 1712, 428  # pictures in the thesis's two parts

DESCRIPTION = ("machine", "kind", "device", "cores", "backend", "versions", "date")
COLUMNS = (
    *DESCRIPTION,
    "measure",  # train: an epoch with batches of 64; score: the outputs, in one compiled call
    "network",
    "pictures",
    "repeats",
    "low",  # quartile, wall seconds
    "median",
    "high",
    "cpu_seconds",
)


def describe(name: str) -> dict[str, object]:
    """The columns of `DESCRIPTION` for this machine and the device that Keras computes on."""
    card = graphics_card()
    backend = keras.backend.backend()
    version = importlib.import_module(backend).__version__
    python = f"python {platform.python_version()}"
    return {
        "machine": name,
        "kind": "gpu" if card else "cpu",
        "device": card or processor(),
        "cores": cores(),
        "backend": backend,
        "versions": f"keras {keras.__version__}, {backend} {version}, {python}",
        "date": datetime.date.today().isoformat(),
    }


def cores() -> int:
    """Processor cores that this process may use."""
    count = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    if count:
        return count()
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def processor() -> str:
    """The processor's name."""
    listing = pathlib.Path("/proc/cpuinfo")  # Linux; platform.processor() is empty there
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]


def graphics_card() -> str:
    """The name of the graphics card that the back-end of Keras computes on, "" without one."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        cards = tf.config.list_physical_devices("GPU")
        details = tf.config.experimental.get_device_details(cards[0]) if cards else {}
        return details.get("device_name", "GPU") if cards else ""
    if backend == "jax":
        import jax

        first = jax.devices()[0]
        return "" if first.platform == "cpu" else first.device_kind
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def measurements(
    name: str, networks: dict[str, keras.Model], repeats: int = 7, trained: int = TRAINED
) -> pd.DataFrame:
    """Measure this machine: an epoch of each network, and scoring of 428 pictures and of one.

    networks: compiled, such as `networks()`; trained: pictures an epoch. Returns a table
    with the columns `COLUMNS`.
    """
    rows = []

    def note(measure: str, network: str, pictures: int, timed: Timing) -> None:
        low, high = timed.quartiles
        cpu = float(np.median(timed.cpu_seconds))
        values = (measure, network, pictures, len(timed.seconds), low, timed.median, high, cpu)
        rows.append(dict(zip(COLUMNS[len(DESCRIPTION) :], values, strict=True)))

    for network, model in networks.items():
        note("train", network, trained, measure_training(model, trained, 64, repeats))
        score = compiled(model)
        for n in (SCORED, 1):
            inputs = pictures(n, model.input_shape[1])
            note("score", network, n, measure(lambda s=score, x=inputs: s(x), repeats))
    return pd.DataFrame(rows).assign(**describe(name))[list(COLUMNS)]


def read_measured(*folders: pathlib.Path) -> pd.DataFrame:
    """All measurements of `folders`, with the columns `COLUMNS`; no rows when there are none.

    Without a folder those that come with the course and the reader's own. Raises InputError naming
    the file that lacks a column or holds something that is no time.
    """
    folders = folders or (MEASURED, files.runs() / "timing")
    paths = [path for folder in folders for path in sorted(folder.glob("*.csv"))]
    tables = [_read_file(path) for path in paths]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def _read_file(path: pathlib.Path) -> pd.DataFrame:
    table = files.stored(files.read_table, path)
    if table is None:
        raise InputError(f"{path}: no table, or cut; measure again (timing --help)")
    for column in COLUMNS:
        if column not in table:
            raise InputError(f"{path}: no column {column!r}; measure again (timing --help)")
    for column in ("low", "median", "high"):
        wrong = ~(pd.to_numeric(table[column], errors="coerce") > 0)
        if wrong.any():
            row = int(wrong.idxmax()) + 2
            raise InputError(
                f"{path}, row {row}, column {column!r}: not a time; measure again (timing --help)"
            )
    return table[list(COLUMNS)]
