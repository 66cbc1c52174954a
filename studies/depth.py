"""DEPTH's numbers (chapter 13): its networks trained again, and what Kaggle's labels alone say.

`sweep` spreads the trainings over processes or machines. The labels say how many shifts stay and
what is largest; they may not be passed on, and data/published/depth holds the counts. To count
again:

    python -c "from studies import depth as d; d.write(d.labels('training.csv'))"
"""

import itertools
import pathlib
import typing

import numpy as np
import pandas as pd

from fkd_utils import console, faces, files

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


def sweep(plan: str, data: str, scheduler: str, out: pathlib.Path) -> int:
    """Train the networks of a plan, write what they reached to `out`, name those that failed.

    scheduler: as `studies.sweep.run_all` takes it. Returns the exit status. Raises InputError
    for a plan that is none and for bad data.
    """
    from fkd_utils.data import sources
    from fkd_utils.training import depth_runs
    from studies.sweep import run_all

    jobs = depth_runs.jobs(plan, data)
    sources.read(data)  # bad data is said once, here, and not by every run
    table = run_all(run, jobs, scheduler)
    fine = table[table.error == ""].drop(columns=["job", "seconds", "error"])
    wanted = depth_runs.PLANS[plan]
    size = {"faces": wanted.faces or "all", "width": wanted.width, "most_epochs": wanted.epochs}
    kind = data if data in ("open", "kaggle") else "a folder in Kaggle's format"
    rows = fine.assign(**size, data=kind)
    files.write_text(out, rows.to_csv(index=False, float_format="%.6g"))
    failed = table[table.error != ""]
    for row in failed.itertuples():
        print(f"{row.job}: {row.error}")
    print(f"{out}: {len(table) - len(failed)} of {len(table)} runs")
    return 1 if len(failed) else 0
