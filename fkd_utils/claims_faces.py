"""What the stored errors of single faces and keypoints say of a claim.

Distances are pixels, on real test faces; the network is the one with the lowest validation error
where a claim names none.
"""

import numpy as np
import pandas as pd

from fkd_utils import claims_runs, conditions, keypoints, recipes
from fkd_utils.claims import Finding

_SEVEN = tuple(recipes.TABLE_4_1)


def _faces() -> pd.DataFrame:
    return pd.DataFrame({row: claims_runs.run(row).face_mse("test") for row in _SEVEN})


def worst_for_all() -> Finding:
    """For how many of the seven networks the face of the highest mean rank is the worst."""
    error = _faces()
    hardest = error.rank().mean(axis=1).idxmax()
    worst = int((error.idxmax() == hardest).sum())
    ours = f"the hardest face is the very worst for {worst} of 7"
    verdict = "holds" if worst == 7 else "depends" if worst > 3 else "fails"
    return Finding(ours, verdict, claims_runs.folders(*_SEVEN))


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
    return Finding(ours, verdict, claims_runs.folders(*_SEVEN))


def difference(harder: str, easier: str) -> Finding:
    """Mean difference of two keypoints' distances on test faces, px, with its interval."""
    run = claims_runs.finest()
    far = run.distances("test")
    difference = far[:, keypoints.INDEX[harder]] - far[:, keypoints.INDEX[easier]]
    mean, low, high = conditions.interval(difference, np.arange(len(far)))
    verdict = "holds" if low > 0 else "fails" if high < 0 else "depends"
    return Finding(f"{mean:+.2f} px ({low:+.2f} to {high:+.2f})", verdict, run.folder.name)


def brow_ends() -> Finding:
    """The places of the outer brow ends among the 15 mean distances.

    They are the hardest if each is harder than the hardest other point, by more than chance.
    """
    run = claims_runs.finest()
    far = run.distances("test")
    order = list(np.argsort(-far.mean(axis=0)))
    ends = [keypoints.INDEX[f"{side}_eyebrow_outer_end"] for side in ("right", "left")]
    rival = next(k for k in order if k not in ends)
    _, low, high = conditions.interval(far[:, ends] - far[:, [rival]], np.arange(len(far)))
    places = [order.index(k) + 1 for k in ends]
    ours = f"of 15, the right one is number {places[0]}, the left one number {places[1]}"
    verdict = "holds" if (low > 0).all() else "fails" if (high < 0).all() else "depends"
    return Finding(ours, verdict, run.folder.name)


def average() -> Finding:
    """The mean distance beside the root mean square that the thesis calls an average."""
    run = claims_runs.finest()
    far = run.distances("test")
    rms, mean = float(np.sqrt(np.mean(far**2))), float(far.mean())
    ours = f"a root mean square; the mean is {mean / rms:.2f} of it ({mean:.2f} px of {rms:.2f})"
    return Finding(ours, "fails" if mean < 0.95 * rms else "holds", run.folder.name)


def tilt() -> Finding:
    """The error of faces tilted by more than 10 degrees over that of the others."""
    run = claims_runs.finest()
    far = run.distances("test").mean(axis=1)
    tilted = np.abs(run.array("test_tilt")) > 10
    ratio = far[tilted].mean() / far[~tilted].mean()
    _, low, high = conditions.interval(
        np.where(tilted, far / far[~tilted].mean() - 1, np.nan), np.arange(len(far))
    )
    ours = f"{ratio:.2f} times the error beyond 10 degrees ({tilted.sum()} of {len(far)} faces)"
    verdict = "holds" if low > 0 else "fails" if high < 0 else "depends"
    return Finding(ours, verdict, run.folder.name)


def glasses() -> Finding:
    """Error that drawn sunglasses add, and the same drawing over the mouth, px a point."""
    run = claims_runs.finest()
    far, groups = run.distances("test"), run.groups("test")
    added = [
        conditions.interval((run.array(f"test_covered_{where}") - far).mean(axis=1), groups)
        for where in ("eyes", "mouth")
    ]
    texts = [f"{mean:+.2f} px ({low:+.2f} to {high:+.2f})" for mean, low, high in added]
    ours = f"drawn on, {texts[0]}; the same drawing over the mouth {texts[1]}"
    worse = added[0][1] > added[1][2]
    verdict = "fails" if added[0][2] < 0 else "holds" if worse else "depends"
    return Finding(ours, verdict, run.folder.name)
