"""Check that every published run is consistent with itself."""

import json
import pathlib

import numpy as np
import pandas as pd

from fkd_utils import files, keypoints, shipped, training

HALF = keypoints.SIDE / 2
MOST_WEIGHTS = 20e6  # bytes of all published weights together


def problems(root: pathlib.Path | None = None) -> list[str]:
    """What is wrong with the runs in data/published (or `root`); empty when nothing is.

    Each line names the run and file. A folder is a run when it holds a recipe.json.
    """
    root = root or shipped.PUBLISHED
    found = []
    for folder in folders(root):
        try:
            found += [f"{folder.name}/{text}" for text in _of_run(folder)]
        except files.DAMAGED as error:
            found.append(f"{folder.name}: cannot be read ({type(error).__name__}: {error})")
    size = sum(path.stat().st_size for path in root.glob("*/weights.npz"))
    if size > MOST_WEIGHTS:
        found.append(f"all weights together: {size / 1e6:.1f} MB, allowed are 20")
    return found


def folders(root: pathlib.Path) -> list[pathlib.Path]:
    """The folders of published runs."""
    return sorted(path.parent for path in root.glob("*/recipe.json"))


def _of_run(folder: pathlib.Path) -> list[str]:
    settings = _json(folder / "recipe.json")
    recipe = training.Recipe(**settings["recipe"])
    metrics = _json(folder / "metrics.json")
    history = pd.read_csv(folder / "history.csv")
    with np.load(folder / "predictions.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float64) for name in stored.files}
    network = recipe.build()
    found = _history(history, recipe, metrics)
    # Seconds were rounded twice, in every row and in the sum.
    if abs(settings["seconds"] - history.seconds.sum()) > 0.1 + 0.01 * len(history):
        found.append(f"recipe.json: seconds is {settings['seconds']}, history.csv says otherwise")
    for part in ("validation", "test"):
        found += _measures(part, metrics, arrays)
    rounded = (folder / "weights.npz").exists()
    # A flip-averaged prediction is another one than that which chose the epoch.
    flipped = metrics.get("prediction", "face") != "face"
    slack = 0.02 if rounded else 1e-3
    if not flipped and not np.isclose(
        metrics["validation"]["mse"], metrics["validation_mse"], rtol=slack
    ):
        found.append("metrics.json: validation MSE differs from the history's")
    if metrics["parameters"] != network.count_params():
        found.append(f"metrics.json: parameters are {network.count_params()}")
    if rounded:
        shipped.model(folder.name, folder.parent)  # raises for damaged weights
    return found


def _history(history: pd.DataFrame, recipe: training.Recipe, metrics: dict) -> list[str]:
    found = []
    if history.epoch.tolist() != list(range(1, recipe.epochs + 1)):
        found.append(f"history.csv: not the epochs 1 to {recipe.epochs}")
    if not np.isfinite(history.to_numpy(float)).all():
        found.append("history.csv: holds something that is no number")
    best = history.loc[history.val_loss.idxmin()]
    told = {"best_epoch": best.epoch, "training_mse": best.loss, "validation_mse": best.val_loss}
    for name, value in told.items():
        if not np.isclose(metrics[name], value, rtol=1e-5, atol=0):
            found.append(f"metrics.json: {name} is {metrics[name]}, history.csv says {value}")
    names = list(keypoints.KEYPOINTS)
    if names[0] in history and not np.allclose(
        history[names].mean(axis=1), history.val_loss, rtol=1e-3
    ):
        found.append("history.csv: the keypoints' errors do not average to val_loss")
    return found


def _measures(part: str, metrics: dict, arrays: dict[str, np.ndarray]) -> list[str]:
    """Compare the four measures with those computed again, from their definitions."""
    errors, eyes = arrays[f"{part}_errors"], arrays[f"{part}_eye_distance"]
    distances = np.sqrt((errors**2).sum(axis=2))
    mse = np.nanmean((errors / HALF) ** 2)
    again = {
        "mse": mse,
        "rmse_px": HALF * np.sqrt(mse),
        "mean_px": np.nanmean(distances),
        "nme": 100 * np.nanmean(distances / eyes[:, np.newaxis]),
    }
    found = []
    if len(errors) != metrics[f"{part}_faces"]:
        found.append(f"predictions.npz: {len(errors)} {part} faces")
    for name, value in again.items():
        if not np.isclose(metrics[part][name], value, rtol=1e-4):
            found.append(
                f"metrics.json: {part} {name} is {metrics[part][name]}, predictions say {value}"
            )
    return found


def _json(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
