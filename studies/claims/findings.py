"""What stored trainings, and their errors on single faces and keypoints, say of a claim.

Trainings go by the names of the rows of Tables 4.1 and 4.4; where a claim names none, it is the one
with the lowest validation error. Errors are MSE, distances pixels, both on test faces: real faces,
grouped split, the epoch with the lowest validation error of 1000. Ratios below 1 mean that the
first named is better.
"""

import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.evaluation import statistics
from fkd_utils.training import results, thesis_runs
from studies.claims import claim
from studies.claims.claim import Finding


def run(row: str) -> results.Stored:
    """The published run of a row; raises FileNotFoundError where there is none."""
    return results.published(results.folder_of(row))


def mse(row: str) -> float:
    """A row's MSE on the test faces, which chose nothing."""
    return run(row).metrics["test"]["mse"]


def folders(*rows: str) -> str:
    """The published folders of rows, as a claim names them."""
    return ", ".join(results.folder_of(row) for row in rows)


def ratio(better: str, worse: str) -> Finding:
    """Test MSE of one full-length run over another's."""
    times = mse(better) / mse(worse)
    return Finding(f"{times:.2f} times", claim.one_run(times), folders(better, worse))


def large(better: str, worse: str) -> Finding:
    """The same for a claim of a large effect: a ratio near 1 is an answer too."""
    return _graded(better, worse, 0.8, 0.9)


def halves(better: str, worse: str) -> Finding:
    """The same for a claim of a half."""
    return _graded(better, worse, 0.55, 0.8)


def _graded(better: str, worse: str, holds: float, fails: float) -> Finding:
    times = mse(better) / mse(worse)
    verdict = "holds" if times < holds else "fails" if times > fails else "depends"
    return ratio(better, worse)._replace(verdict=verdict)


def slightly(better: str, worse: str) -> Finding:
    """The same for a claim of a small gain: a large one is another thing."""
    found = ratio(better, worse)
    if found.verdict != "holds" or mse(better) / mse(worse) > 0.8:
        return found
    return found._replace(ours=f"{found.ours}: better, and not slightly", verdict="depends")


def seeds(better: str, worse: str, table: str = "table_4_1") -> Finding:
    """The same ratio over several seeds of a shorter training.

    It depends on the length when the full-length runs, where there are any, are on the other side.
    """
    if not (files.PUBLISHED / "seeds" / f"{table}.csv").exists():
        return ratio(better, worse)
    lines = results.seeds(table)
    by_seed = lines.pivot(index="seed", columns="model", values="test_mse")
    text, verdict = statistics.by_seeds(by_seed[better], by_seed[worse])
    ours, stored = f"{text}, {lines.epochs.max()} epochs", f"seeds/{table}.csv"
    if len(results.of_rows([better, worse])) < 2:
        return Finding(ours, verdict, stored)
    full = mse(better) / mse(worse)
    if verdict == ("holds" if full > 1 else "fails"):
        verdict = "depends"
    ours = f"{ours}; seed 0, trained on: {full:.2f}"
    return Finding(ours, verdict, f"{stored}, {folders(better, worse)}")


def overfits(row: str) -> Finding:
    """Validation over training MSE at the best epoch."""
    m = run(row).metrics
    gap = m["validation_mse"] / m["training_mse"]
    ours = f"validation {gap:.1f} times training at epoch {m['best_epoch']}"
    return Finding(ours, "holds" if gap > 1.1 else "fails", folders(row))


def best_run() -> results.Stored:
    """The published run of Tables 4.1 and 4.4 with the lowest validation error."""
    return results.best_run(thesis_runs.TABLE_4_1 | thesis_runs.TABLE_4_4)


_SEVEN = tuple(thesis_runs.TABLE_4_1)


def _faces() -> pd.DataFrame:
    return pd.DataFrame({row: run(row).face_mse("test") for row in _SEVEN})


def worst_for_all() -> Finding:
    """For how many of the seven networks the face of the highest mean rank is the worst."""
    error = _faces()
    hardest = error.rank().mean(axis=1).idxmax()
    worst = int((error.idxmax() == hardest).sum())
    ours = f"the hardest face is the very worst for {worst} of 7"
    verdict = "holds" if worst == 7 else "depends" if worst > 3 else "fails"
    return Finding(ours, verdict, folders(*_SEVEN))


def hard_faces_gain() -> Finding:
    """The fall of the MSE from First to Fourth with dropout, of all faces and of the hardest 5%."""
    error = _faces()
    old, new = error["First"], error["Fourth, dropout"]
    middle = error[[row for row in _SEVEN if row not in (old.name, new.name)]]
    order = middle.rank().mean(axis=1).sort_values(ascending=False).index
    few = order[: round(0.05 * len(order))]
    gains = [1 - new[k].mean() / old[k].mean() for k in (order, few)]
    ours = f"the hardest {len(few)}, chosen by the other five: {gains[1]:.0%}; all: {gains[0]:.0%}"
    verdict = "holds" if gains[1] < gains[0] / 2 else "depends" if gains[1] < gains[0] else "fails"
    return Finding(ours, verdict, folders(*_SEVEN))


def difference(harder: str, easier: str) -> Finding:
    """Mean difference of two keypoints' distances on test faces, px, with its interval."""
    run = best_run()
    far = run.distances("test")
    difference = far[:, faces.INDEX[harder]] - far[:, faces.INDEX[easier]]
    mean, low, high = statistics.interval(difference, np.arange(len(far)))
    verdict = "holds" if low > 0 else "fails" if high < 0 else "depends"
    return Finding(f"{mean:+.2f} px ({low:+.2f} to {high:+.2f})", verdict, run.folder.name)


def brow_ends() -> Finding:
    """The places of the outer brow ends among the 15 mean distances.

    They are the hardest if each is harder than the hardest other point, by more than chance.
    """
    run = best_run()
    far = run.distances("test")
    order = list(np.argsort(-far.mean(axis=0)))
    ends = [faces.INDEX[f"{side}_eyebrow_outer_end"] for side in ("right", "left")]
    rival = next(k for k in order if k not in ends)
    _, low, high = statistics.interval(far[:, ends] - far[:, [rival]], np.arange(len(far)))
    places = [order.index(k) + 1 for k in ends]
    ours = f"of 15, the right one is number {places[0]}, the left one number {places[1]}"
    verdict = "holds" if (low > 0).all() else "fails" if (high < 0).all() else "depends"
    return Finding(ours, verdict, run.folder.name)


def average() -> Finding:
    """The mean distance beside the root mean square that the thesis calls an average."""
    run = best_run()
    far = run.distances("test")
    rms, mean = float(np.sqrt(np.mean(far**2))), float(far.mean())
    ours = f"a root mean square; the mean is {mean / rms:.2f} of it ({mean:.2f} px of {rms:.2f})"
    return Finding(ours, "fails" if mean < 0.95 * rms else "holds", run.folder.name)


def tilt() -> Finding:
    """The error of faces tilted by more than 10 degrees over that of the others."""
    run = best_run()
    far = run.distances("test").mean(axis=1)
    tilted = np.abs(run.array("test_tilt")) > 10
    ratio = far[tilted].mean() / far[~tilted].mean()
    _, low, high = statistics.interval(
        np.where(tilted, far / far[~tilted].mean() - 1, np.nan), np.arange(len(far))
    )
    ours = f"{ratio:.2f} times the error beyond 10 degrees ({tilted.sum()} of {len(far)} faces)"
    verdict = "holds" if low > 0 else "fails" if high < 0 else "depends"
    return Finding(ours, verdict, run.folder.name)


def glasses() -> Finding:
    """Error that drawn sunglasses add, and the same drawing over the mouth, px a point."""
    run = best_run()
    far, groups = run.distances("test"), run.groups("test")
    added = [
        statistics.interval((run.array(f"test_covered_{where}") - far).mean(axis=1), groups)
        for where in ("eyes", "mouth")
    ]
    texts = [f"{mean:+.2f} px ({low:+.2f} to {high:+.2f})" for mean, low, high in added]
    ours = f"drawn on, {texts[0]}; the same drawing over the mouth {texts[1]}"
    worse = added[0][1] > added[1][2]
    verdict = "fails" if added[0][2] < 0 else "holds" if worse else "depends"
    return Finding(ours, verdict, run.folder.name)
