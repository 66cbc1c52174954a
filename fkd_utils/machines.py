"""Which machine measured what: its description, and tables of measurements as CSV."""

import datetime
import importlib
import os
import pathlib
import platform

import keras
import numpy as np
import pandas as pd

from fkd_utils import files, published, timing
from fkd_utils.errors import InputError

FOLDER = published.FOLDER / "timing"
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
    python = f"python {platform.python_version()}"
    return {
        "machine": name,
        "kind": "gpu" if card else "cpu",
        "device": card or processor(),
        "cores": cores(),
        "backend": backend,
        "versions": f"keras {keras.__version__}, {backend} {_version(backend)}, {python}",
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


def _version(backend: str) -> str:
    return importlib.import_module(backend).__version__


def measurements(
    name: str,
    networks: dict[str, keras.Model],
    repeats: int = 7,
    trained: int = TRAINED,
) -> pd.DataFrame:
    """Measure this machine: an epoch of each network, and scoring of 428 pictures and of one.

    networks: compiled, such as `timing.networks()`; trained: pictures an epoch. Returns a table
    with the columns `COLUMNS`.
    """
    rows = []

    def note(measure: str, network: str, pictures: int, timed: timing.Timing) -> None:
        low, high = timed.quartiles
        cpu = float(np.median(timed.cpu_seconds))
        values = (measure, network, pictures, len(timed.seconds), low, timed.median, high, cpu)
        rows.append(dict(zip(COLUMNS[len(DESCRIPTION) :], values, strict=True)))

    for network, model in networks.items():
        note("train", network, trained, timing.measure_training(model, trained, 64, repeats))
        score = timing.compiled(model)
        for n in (SCORED, 1):
            inputs = timing.pictures(n, model.input_shape[1])
            note("score", network, n, timing.measure(lambda s=score, x=inputs: s(x), repeats))
    return pd.DataFrame(rows).assign(**describe(name))[list(COLUMNS)]


def write(table: pd.DataFrame, path: pathlib.Path) -> None:
    """Store measurements as CSV, seconds to four digits."""
    with files.replacing(path) as aside:
        table.to_csv(aside, index=False, float_format="%.4g")


def read(folder: pathlib.Path = FOLDER) -> pd.DataFrame:
    """All stored measurements, with the columns `COLUMNS`; no rows when there are none.

    Raises InputError naming the file that lacks a column or holds something that is no time.
    """
    tables = [_read_file(path) for path in sorted(folder.glob("*.csv"))]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def _read_file(path: pathlib.Path) -> pd.DataFrame:
    table = pd.read_csv(path)
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
