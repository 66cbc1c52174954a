"""Which machine measured what: its description, and tables of measurements as CSV."""

import datetime
import pathlib
import platform

import keras
import pandas as pd

from fkd_utils import files, published, timing
from fkd_utils.errors import InputError

FOLDER = published.FOLDER / "timing"
NETWORKS = ("first", "second", "third", "fourth")
TRAINED, SCORED = 1712, 428  # pictures in the thesis's two parts

DESCRIPTION = ("machine", "kind", "device", "cores", "backend", "versions", "date")
COLUMNS = (
    *DESCRIPTION,
    "measure",  # train: an epoch; score: outputs for the pictures; way: the same, for one picture
    "network",
    "way",
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
    import os

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
    import importlib

    return importlib.import_module(backend).__version__


def measurements(name: str, repeats: int = 7, trained: int = TRAINED) -> pd.DataFrame:
    """Measure this machine: training and scoring of the four networks, one face in four ways.

    trained: pictures an epoch. Returns a table with the columns `COLUMNS`. About half a minute
    on two idle cores.
    """
    rows = []

    def note(timed: timing.Timing, measure: str, network: str, way: str, pictures: int) -> None:
        low, high = timed.quartiles
        cpu = float(pd.Series(timed.cpu_seconds).median())
        values = (measure, network, way, pictures, len(timed.seconds), low, timed.median, high, cpu)
        rows.append(dict(zip(COLUMNS[len(DESCRIPTION) :], values, strict=True)))

    for network in NETWORKS:
        model = timing.network(network)
        timed = timing.measure_training(model, trained, repeats=repeats)
        note(timed, "train", network, "model.fit", trained)
        score = timing.compiled(model)
        for n in (SCORED, 1):
            inputs = timing.pictures(n)
            timed = timing.measure(lambda s=score, x=inputs: s(x), repeats)
            note(timed, "score", network, "compiled", n)
    one = timing.pictures(1)
    for way, score in timing.ways(model).items():
        timed = timing.measure(lambda s=score: s(one), repeats)
        note(timed, "way", network, way, 1)
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
