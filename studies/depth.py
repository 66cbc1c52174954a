"""DEPTH's numbers (chapter 13): its networks trained again, and what Kaggle's labels alone say.

`sweep` spreads the trainings over processes or machines; `VARIANTS` are what DEPTH's text decides
without a number, each the network of its Table 1 with one thing changed. The labels say how many
shifts stay and what is largest; they may not be passed on, and data/published/depth holds the
counts. To count again:

    python -c "from studies import depth as d; d.write(d.labels('training.csv'))"
"""

import itertools
import pathlib
import typing

import numpy as np
import pandas as pd

from fkd_utils import console, faces, files

if typing.TYPE_CHECKING:
    import keras

VARIANTS = {
    "first filters of 11 and 5": {"kernels": (11, 5)},
    "ReLU": {"slope": 0.0},
    "Leaky ReLU, slope 0.1": {"slope": 0.1},
    "normalisation last": {"norm_last": True},
    "batches of 32": {"batch_size": 32},
    "batches of 256": {"batch_size": 256},
}
VARIED = "variants"  # what `sweep` calls them; they have the plan that made results.csv
_PLAN = "stored"
FOLDER = files.PUBLISHED / "depth"
PIXELS = range(8, 18)
_BOTH = (1, -1)


def labels(path: pathlib.Path | str) -> np.ndarray:
    """The complete rows of a file with the competition's 30 label columns: (n, 15, 2) pixels.

    Other columns, such as Image, are not read. Raises ValueError when a label column is missing.
    """
    table = pd.read_csv(path, usecols=list(faces.COLUMNS))[list(faces.COLUMNS)]
    return table.dropna().to_numpy(np.float64).reshape(-1, len(faces.KEYPOINTS), 2)


def shifts(points: np.ndarray) -> pd.DataFrame:
    """How many of each face's four shifts keep all points inside 0..96 (DEPTH 3: 6,350 stay).

    points: (n, 15, 2) pixels, complete. Columns: pixels, straight (left, right, up, down),
    diagonal (both at once by so many pixels).
    """
    straight = [(way, 0) for way in _BOTH] + [(0, way) for way in _BOTH]
    kinds = {"straight": straight, "diagonal": list(itertools.product(_BOTH, repeat=2))}
    counted = []
    for pixels in PIXELS:
        moved = {
            kind: [points + pixels * np.array(way) for way in ways] for kind, ways in kinds.items()
        }
        stay = {kind: sum(map(_inside, sets)) for kind, sets in moved.items()}
        counted.append({"pixels": pixels} | stay)
    return pd.DataFrame(counted)


def largest(points: np.ndarray) -> pd.DataFrame:
    """How many faces have their largest coordinate in each of the 30 outputs, most first.

    points: (n, 15, 2), complete. Columns: output, faces; outputs that never win are left out.
    DEPTH's accuracy asks for no more than this output.
    """
    winners = points.reshape(len(points), -1).argmax(axis=1)
    counts = pd.Series(np.array(faces.COLUMNS)[winners]).value_counts()
    table = counts.rename_axis("output").reset_index(name="faces")
    return table.sort_values(["faces", "output"], ascending=[False, True], ignore_index=True)


def write(points: np.ndarray, folder: pathlib.Path = FOLDER) -> None:
    """Store `shifts` and `largest` of complete labels as kaggle_shifts.csv, kaggle_argmax.csv."""
    tables = {"kaggle_shifts": shifts(points), "kaggle_argmax": largest(points)}
    for name, table in tables.items():
        files.write_text(folder / f"{name}.csv", table.to_csv(index=False))


def _inside(points: np.ndarray) -> int:
    return int(((points > 0) & (points < faces.SIDE)).all(axis=(1, 2)).sum())


def run(**arguments: typing.Any) -> dict[str, typing.Any]:
    """`depth_runs.run` in a process that starts its backend in silence."""
    console.start_backend()
    from fkd_utils.training import depth_runs

    return depth_runs.run(**arguments)


def varied(change: str, seed: int, data: str) -> dict[str, typing.Any]:
    """Train the network of Table 1 with one thing changed, by name, as `depth_runs.run` does."""
    console.start_backend()
    import keras

    from fkd_utils.training import depth_runs

    options = dict(VARIANTS[change])
    batch_size = options.pop("batch_size", None)
    keras.utils.set_random_seed(seed)
    network = variant(depth_runs.PLANS[_PLAN].width, **options)
    network.compile(keras.optimizers.Adam(0.001), loss="mse")
    sets = depth_runs.ordered(_PLAN, data, depth_runs.HONEST, seed)
    told = {"change": change, "seed": seed}
    return told | depth_runs.measured(network, _PLAN, seed, sets, batch_size)


def variant(
    width: float,
    kernels: tuple[int, int] = (3, 3),
    slope: float | None = None,
    norm_last: bool = False,
) -> "keras.Model":
    """The network of DEPTH's Table 1, changed: (n, 96, 96, 1) to (n, 30).

    width: share of the filters. kernels: sides of the first two layers' filters. slope: of Leaky
    ReLU below zero, None for the course's. norm_last: normalisation behind the activation.
    """
    import keras

    from fkd_utils.models import deep

    places = deep.pool_places(15, 5)
    layers = [keras.layers.Input((faces.SIDE, faces.SIDE, 1))]
    for k, filters in enumerate(deep.FILTERS[:15]):
        side = kernels[k] if k < len(kernels) else 3
        layers.append(keras.layers.Conv2D(round(width * filters), side, padding="same"))
        behind = [
            keras.layers.BatchNormalization(momentum=deep.MOMENTUM),
            keras.layers.LeakyReLU(negative_slope=deep.SLOPE if slope is None else slope),
        ]
        layers += behind[::-1] if norm_last else behind
        if k + 1 in places:
            layers.append(keras.layers.MaxPooling2D(2, padding="same"))
    layers += [keras.layers.Flatten(), keras.layers.Dropout(0.1)]
    small = keras.initializers.VarianceScaling(1e-4, "fan_avg", "uniform")
    layers.append(keras.layers.Dense(2 * len(faces.KEYPOINTS), kernel_initializer=small))
    return keras.Sequential(layers, name="deep")


def variants(data: str) -> dict[str, dict[str, typing.Any]]:
    """The runs of `VARIANTS`, by name, for `sweep.run_all(varied, ...)`."""
    return {change: {"change": change, "seed": 0, "data": data} for change in VARIANTS}


def sweep(plan: str, data: str, scheduler: str, out: pathlib.Path) -> int:
    """Train the networks of a plan, write what they reached to `out`, name those that failed.

    plan: one of `depth_runs.PLANS`, or VARIED. scheduler: as `studies.sweep.run_all` takes it.
    Returns the exit status. Raises InputError for a plan that is none and for bad data.
    """
    from fkd_utils.data import sources
    from fkd_utils.training import depth_runs
    from studies.sweep import run_all

    work, jobs = (varied, variants(data)) if plan == VARIED else (run, depth_runs.jobs(plan, data))
    sources.read(data)  # bad data is said once, here, and not by every run
    table = run_all(work, jobs, scheduler)
    fine = table[table.error == ""].drop(columns=["job", "seconds", "error"])
    wanted = depth_runs.PLANS[_PLAN if plan == VARIED else plan]
    size = {"faces": wanted.faces or "all", "width": wanted.width, "most_epochs": wanted.epochs}
    kind = data if data in ("open", "kaggle") else "a folder in Kaggle's format"
    rows = fine.assign(**size, data=kind)
    files.write_text(out, rows.to_csv(index=False, float_format="%.6g"))
    failed = table[table.error != ""]
    for row in failed.itertuples():
        print(f"{row.job}: {row.error}")
    print(f"{out}: {len(table) - len(failed)} of {len(table)} runs")
    return 1 if len(failed) else 0
