"""Results that come with the course, in data/published."""

import collections.abc
import dataclasses
import json
import pathlib
import re

import numpy as np
import pandas as pd

from fkd_utils import cache, evaluation, faces, files, keypoints

FOLDER = cache.REPO / "data" / "published"


@dataclasses.dataclass(frozen=True)
class Stored:
    """A full-length run that comes with the course; `verifying` checks it.

    settings: recipe.json; metrics: metrics.json (measures of the best epoch on validation and
    test); history: one row an epoch, columns epoch, loss, val_loss, seconds.
    """

    folder: pathlib.Path
    settings: dict
    metrics: dict
    history: pd.DataFrame

    def array(self, name: str) -> np.ndarray:
        """An array of predictions.npz, a row a face; `publishing.publish` says which there are."""
        with np.load(self.folder / "predictions.npz", allow_pickle=False) as stored:
            return stored[name]

    def errors(self, part: str) -> np.ndarray:
        """Predicted minus labelled points of "validation" or "test": (n, 15, 2), pixels."""
        return self.array(f"{part}_errors")

    def distances(self, part: str) -> np.ndarray:
        """How far each predicted point of "validation" or "test" lies off: (n, 15), pixels."""
        return np.linalg.norm(self.errors(part), axis=2)

    def face_mse(self, part: str) -> np.ndarray:
        """MSE of each face of "validation" or "test", on targets: (n,)."""
        errors = self.errors(part)
        return evaluation.face_mse(np.zeros_like(errors), errors)

    def groups(self, part: str) -> np.ndarray:
        """Which faces of "validation" or "test" belong together: (n,) int."""
        return self.array(f"{part}_group")

    def summary(self) -> str:
        """What was trained on what, and how it ended, in two lines."""
        faces_in, m = self.settings["faces"]["train"], self.metrics
        loss = "MSE" if self.settings["recipe"].get("loss") in (None, "mse") else "loss"
        return (
            f"{self.settings['recipe']['epochs']} epochs on {faces_in:,} real faces; lowest "
            f"validation MSE {m['validation_mse']:.5f} at epoch {m['best_epoch']}, training {loss} "
            f"there {m['training_mse']:.5f}\n{m['test_faces']} test faces: "
            f"MSE {m['test']['mse']:.5f}, mean_px {m['test']['mean_px']:.2f}, "
            f"NME {m['test']['nme']:.1f} %"
        )


def run(name: str) -> Stored:
    """The published run in the folder `name`, such as wild_first."""
    folder = FOLDER / name
    texts = [
        (folder / f"{part}.json").read_text(encoding="utf-8") for part in ("recipe", "metrics")
    ]
    return Stored(folder, *map(json.loads, texts), pd.read_csv(folder / "history.csv"))


def folder_of(row: str) -> str:
    """Folder of the published run of a row of Table 4.1 or 4.4: "Fourth, dropout" is
    wild_fourth_dropout.
    """
    return "wild_" + "_".join(re.findall(r"[a-z0-9]+", row.lower().replace("relu ", "")))


def of_rows(rows: collections.abc.Iterable[str]) -> dict[str, Stored]:
    """The published runs of rows of Tables 4.1 and 4.4, by row; rows without one are left out."""
    there = [row for row in rows if (FOLDER / folder_of(row) / "metrics.json").exists()]
    return {row: run(folder_of(row)) for row in there}


def finest(rows: collections.abc.Iterable[str]) -> Stored:
    """The stored run among `rows` with the lowest validation error; at least one must be stored."""
    return min(of_rows(rows).values(), key=lambda run: run.metrics["validation_mse"])


def seeds(table: str) -> pd.DataFrame:
    """Shorter trainings with several seeds, "table_4_1" or "table_4_4"; see `seedstudy`."""
    return pd.read_csv(FOLDER / "seeds" / f"{table}.csv")


def label_statistics(points: np.ndarray) -> dict:
    """What the labels of a set say without its pictures.

    points: (n, 15, 2), pixels, NaN = not labelled. counts: faces on which both coordinates of
    a keypoint are labelled (THESIS Fig 3.2). lowest and highest: of all coordinates, [x, y];
    above_95_5: how many lie beyond the last pixel if 0 is the first one's centre, and below_0:
    beyond the first if 0 is its edge. The other numbers are over complete faces:
    mean and variance of the targets y/48 - 1 (THESIS 3.1 says 0 and 1), and the MSE of always
    predicting the mean face.
    """
    labelled = np.isfinite(points).all(axis=2)
    complete = points[labelled.all(axis=1)]
    targets = faces.to_targets(complete).astype(np.float64)
    mean = np.broadcast_to(evaluation.mean_face(complete), complete.shape)
    return {
        "rows": len(points),
        "complete": len(complete),
        "counts": dict(zip(keypoints.KEYPOINTS, labelled.sum(axis=0).tolist(), strict=True)),
        "lowest": np.nanmin(points, axis=(0, 1)).round(4).tolist(),
        "highest": np.nanmax(points, axis=(0, 1)).round(4).tolist(),
        "above_95_5": int((points > keypoints.SIDE - keypoints.HALF_PIXEL).sum()),
        "below_0": int((points < 0).sum()),
        "target_mean": float(targets.mean()),
        "target_variance": float(targets.var()),
        "mean_face_mse": evaluation.mse(complete, mean),
        "mean_face_mse_held_out": held_out_mean_face(complete),
        "mean_face": evaluation.mean_face(complete).round(3).tolist(),
    }


def held_out_mean_face(complete: np.ndarray, splits: int = 200) -> dict[str, float]:
    """MSE of the mean face of 80% of the faces (n, 15, 2) on the other 20%.

    lowest and highest over random splits, and for the split that holds out the last rows.
    """

    def score(order: np.ndarray) -> float:
        train, held = np.split(complete[order], [round(0.8 * len(complete))])
        mean = np.broadcast_to(evaluation.mean_face(train), held.shape)
        return evaluation.mse(held, mean)

    rng = np.random.default_rng(0)
    scores = [score(rng.permutation(len(complete))) for _ in range(splits)]
    last = score(np.arange(len(complete)))
    return {"lowest": min(scores), "highest": max(scores), "last_rows": last}


def mean_face_measures() -> dict:
    """All measures of the mean face on the real faces of the published runs, by part."""
    return json.loads((FOLDER / "wild_mean_face.json").read_text(encoding="utf-8"))


def kaggle_labels(folder: pathlib.Path | None = None) -> dict:
    """`label_statistics` of the competition's own 7,049 training rows, as they are stored."""
    folder = folder or FOLDER
    of_all = json.loads((folder / "kaggle_labels.json").read_text(encoding="utf-8"))
    by_keypoint = pd.read_csv(folder / "kaggle_keypoints.csv", index_col="keypoint")
    counts = {str(name): int(count) for name, count in by_keypoint.labelled.items()}
    return of_all | {"counts": counts, "mean_face": by_keypoint[["x", "y"]].to_numpy().tolist()}


def real_faces_check() -> dict:
    """How many rows, pairs of copies and flagged rows `cleaning.check` found on real faces.

    Faces cut from photographs (300-W) and videos, in Kaggle's format. They may not be passed on.
    """
    return json.loads((FOLDER / "real_faces_check.json").read_text(encoding="utf-8"))


def write_kaggle_labels(points: np.ndarray, folder: pathlib.Path) -> None:
    """Store `label_statistics` of a set; `points` as there.

    So kaggle_labels.json and kaggle_keypoints.csv in data/published were made, of the competition's
    rows: nobody else may hold these, so the numbers come with the course. Raises InputError when
    they cannot be written.
    """
    found = label_statistics(points)
    counts, mean_face = found.pop("counts"), np.array(found.pop("mean_face"))
    rows = {"keypoint": list(counts), "labelled": list(counts.values())}
    rows |= dict(zip("xy", mean_face.T, strict=True))
    with files.replacing(folder / "kaggle_keypoints.csv") as aside:
        pd.DataFrame(rows).to_csv(aside, index=False)
    with files.replacing(folder / "kaggle_labels.json") as aside:
        aside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
