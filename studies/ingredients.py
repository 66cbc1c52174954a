"""What each ingredient of the embedded faces is worth on real ones (chapter 18b).

    python -m studies ingredients --data FOLDER

draws the fully labelled faces of `open` again without one ingredient at a time, trains the last
step of the ladder on each set for a tenth of its epochs, and asks all of them about the real faces,
of which none was trained on. Kept in data/published/ingredients: worth.csv, and the errors it
follows from in errors.npz. The test part of the real faces is left alone.
"""

import collections.abc
import dataclasses

import numpy as np
import pandas as pd

from fkd_utils import augment, faces, files
from fkd_utils.data import photographs, splits
from fkd_utils.evaluation import metrics, statistics
from fkd_utils.training import ablation
from studies import peers
from studies.open_faces import build, render

EPOCHS = 6
ALL = "nothing"  # is left out
LEFT_OUT = (ALL, *render.INGREDIENTS, "all of them")


def without(left_out: str) -> tuple[str, ...]:
    """The ingredients that a row of the study does without."""
    return {ALL: (), "all of them": render.INGREDIENTS}.get(left_out, (left_out,))


def drawn(left_out: str) -> faces.Faces:
    """The fully labelled training faces of `open`, labels without faults, less an ingredient."""
    plan = build.training_plan(build.Sizes())
    rows = [k for k, row in enumerate(plan) if row.labeller == "first" and not row.kind]
    pictures, points = [], []
    for number in rows:
        task = build.training_task(number, plan[number])
        team = tuple(photographs.names()[index] for index in photographs.teams()[task.team])
        picture, keypoints = render.draw(task.seed, team, without(left_out))
        pictures.append(picture)
        points.append(keypoints)
    groups = np.array([plan[number].team for number in rows])
    return faces.Faces(
        np.stack(pictures), np.float32(points), np.array(rows), groups, f"open without {left_out}"
    )


def study(data: str) -> pd.DataFrame:
    """Train without each ingredient and keep what comes out; a stopped study goes on."""
    folder = files.PUBLISHED / "ingredients"
    last = ablation.steps(EPOCHS)[ablation.LAST]
    step = dataclasses.replace(last, told=None, all_rows=False, half_complete=False)
    abroad = step.faces(data)
    real = faces.joined(abroad.train.complete(), abroad.validation)
    arrays = {"group": real.groups, "eye_distance": metrics.eye_distance(real.keypoints)}
    for left_out in LEFT_OUT:
        home = dataclasses.replace(splits.load("open"), train=drawn(left_out))
        found = augment.flip_averaged(step.fit(home).predict, real.images)
        arrays[f"{left_out}_errors"] = np.float16(found - real.keypoints)
    folder.mkdir(parents=True, exist_ok=True)
    files.save_arrays(folder / "errors.npz", arrays)
    table = worth(arrays)
    with files.replacing(folder / "worth.csv") as aside:
        table.to_csv(aside, index=False, float_format="%.4g")
    return table


def worth(arrays: collections.abc.Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A row for each network: what it did without, its NME on real faces in percent, habits kept
    (nme) and off (own); more: how much higher `own` is than with everything, and its interval.

    Each point's habit is its mean error on every second group; the other groups are measured.
    """
    eyes, groups = arrays["eye_distance"].astype(np.float64), arrays["group"]
    half = np.unique(groups, return_inverse=True)[1] % 2
    kept, own = {}, {}
    for name in (key.removesuffix("_errors") for key in arrays if key.endswith("_errors")):
        errors = arrays[f"{name}_errors"].astype(np.float64)
        kept[name] = peers.face_nme(errors, eyes)
        off = np.empty_like(errors)
        for part in (0, 1):
            off[half == part] = peers.without_habits(errors[half == part], errors[half != part])
        own[name] = peers.face_nme(off, eyes)
    rows = []
    for name, values in own.items():
        more, low, high = map(float, statistics.interval(values - own[ALL], groups))
        row = {"without": name, "nme": kept[name].mean(), "own": values.mean()}
        rows.append(row | {"more": more, "low": low, "high": high, "faces": len(values)})
    return pd.DataFrame(rows)
