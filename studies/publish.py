"""Write the results of a training to data/published, for everyone who cannot train for hours.

To publish a run of a row of Table 4.1 or 4.4, trained on a folder of faces:

    python -m studies publish RUN wild_fourth --weights --machine "a desk computer"

Check that every published run is consistent with itself.
"""

import functools
import json
import pathlib

import keras
import numpy as np
import pandas as pd

from fkd_utils import augment, faces, files
from fkd_utils.data import splits
from fkd_utils.demo import stickers
from fkd_utils.evaluation import statistics, timing
from fkd_utils.files import InputError
from fkd_utils.models import catalogue, heatmap
from fkd_utils.training import fitting, results


def write_kaggle_labels(points: np.ndarray, folder: pathlib.Path) -> None:
    """Store `statistics.label_statistics` of a set; `points` as there.

    So kaggle_labels.json and kaggle_keypoints.csv in data/published were made, of the competition's
    rows: nobody else may hold these, so the numbers come with the course. Raises InputError when
    they cannot be written.
    """
    found = statistics.label_statistics(points)
    counts, mean_face = found.pop("counts"), np.array(found.pop("mean_face"))
    rows = {"keypoint": list(counts), "labelled": list(counts.values())}
    rows |= dict(zip("xy", mean_face.T, strict=True))
    with files.replacing(folder / "kaggle_keypoints.csv") as aside:
        pd.DataFrame(rows).to_csv(aside, index=False)
    with files.replacing(folder / "kaggle_labels.json") as aside:
        aside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


# Drawn sunglasses on every test face, and the same drawing elsewhere (see `conditions`).
COVERED = {"eyes": 0.0, "mouth": 0.75}
_KEPT = ("recipe", "fingerprint", "faces", "backend", "keras")  # of a run's recipe.json


def publish(
    run: fitting.Run,
    folder: pathlib.Path,
    data: splits.Splits,
    with_weights: bool,
    machine: str,
    flipped: bool = False,
) -> None:
    """Write a finished run's settings, history, measures and errors to `folder`.

    data: the parts it was trained on; data.test neither trained nor chose it. with_weights: in
    half precision, and the measures are then those of the rounded weights. flipped: predictions
    are averaged over face and mirror twin (see `flips`). machine: a name for
    what it ran on. No folder name of this machine is written, and no face: errors are
    predicted minus labelled, pixels. Beside them stands what may make a face hard, and the
    distance of each point, pixels, with eyes or mouth covered. What stood in `folder` before
    goes. Raises InputError when a weight does not fit, and then leaves it as it was.
    """
    network = run.model()
    weights = _halved(run, network) if with_weights else []
    # Those of another run must not stand beside this one's recipe; without its measures, which
    # are written last, a folder that an error leaves behind is seen to be unfinished.
    for name in ("metrics.json", "weights.npz"):
        (folder / name).unlink(missing_ok=True)
    if with_weights:
        network.set_weights([w.astype(np.float32) for w in weights])
        with files.replacing(folder / "weights.npz") as path:
            files.save_arrays(path, {str(i): w for i, w in enumerate(weights)})
    arrays, metrics = {}, {}
    for name, part in (("validation", data.validation), ("test", data.test)):
        predicted = _predict(network, part.images, flipped)
        metrics[name] = metrics.measures(part.keypoints, predicted)
        arrays[f"{name}_errors"] = (predicted - part.keypoints).astype(np.float32)
        arrays[f"{name}_eye_distance"] = metrics.eye_distance(part.keypoints).astype(np.float32)
        if run.recipe.model == "modern":
            arrays[f"{name}_spread"] = heatmap.spreads(network, part.images)
        # Which faces belong together; the numbers of the data source are not kept.
        groups = np.unique(part.groups, return_inverse=True)[1]
        arrays[f"{name}_group"] = groups.astype(np.int32)
        arrays[f"{name}_tilt"] = statistics.tilt(part.keypoints).astype(np.float32)
        arrays[f"{name}_brightness"] = statistics.brightness(part.images, part.keypoints)
    for where, down in COVERED.items():
        images = stickers.add_glasses(data.test.images, data.test.keypoints, down)
        found = metrics.distances(data.test.keypoints, _predict(network, images, flipped))
        arrays[f"test_covered_{where}"] = found.astype(np.float32)
    with files.replacing(folder / "predictions.npz") as path:
        files.save_arrays(path, arrays)
    with files.replacing(folder / "history.csv") as path:
        _slim(run).to_csv(path, index=False, float_format="%.7g")
    _write_json(folder / "recipe.json", _settings(run, machine))
    best = run.at_best()
    summary = {
        "epoch_rule": "lowest validation MSE",
        "prediction": "face and mirror twin, averaged" if flipped else "face",
        "best_epoch": run.best_epoch,
        "training_mse": float(f"{best.loss:.7g}"),
        "validation_mse": float(f"{best.val_loss:.7g}"),
        "validation_faces": len(data.validation),
        "test_faces": len(data.test),
        **metrics,
        "parameters": network.count_params(),
        "chapter": catalogue.MODELS[run.recipe.model].chapter,
    }
    offset = run.offset_px()
    if offset is not None:
        habit = {name: offset[faces.INDEX[name]] for name in faces.FOUR_POINTS}
        summary["second_labeller_px"] = {
            k: np.round(xy.astype(float), 3).tolist() for k, xy in habit.items()
        }
    _write_json(folder / "metrics.json", summary)  # last: a folder without it is unfinished


def _predict(network: keras.Model, images: np.ndarray, flipped: bool) -> np.ndarray:
    once = functools.partial(fitting.predict, network)
    return augment.flip_averaged(once, images) if flipped else once(images)


def _halved(run: fitting.Run, network) -> list[np.ndarray]:
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused
        weights = [w.astype(np.float16) for w in network.get_weights()]
    if not all(np.isfinite(w).all() for w in weights):
        raise InputError(f"{run.folder.name}: a weight is too large for half precision")
    return weights


def _slim(run: fitting.Run):
    """The history; the errors of single keypoints only for Fifth, whose chapter draws them."""
    history = run.history.round({"seconds": 2})
    return history if run.recipe.model == "fifth" else history.drop(columns=[*faces.KEYPOINTS])


def _settings(run: fitting.Run, machine: str) -> dict:
    content = json.loads((run.folder / "recipe.json").read_text(encoding="utf-8"))
    source = content["data"]
    if source["data"] not in ("open", "kaggle"):
        source = source | {"data": "a folder in Kaggle's format"}
    described = timing.describe(machine)
    kept = {key: content[key] for key in _KEPT if key in content}
    where = {key: described[key] for key in ("machine", "kind", "device", "cores", "versions")}
    seconds = round(float(run.history.seconds.sum()), 1)
    return kept | {"data": source} | where | {"seconds": seconds}


def _write_json(path: pathlib.Path, content: dict) -> None:
    with files.replacing(path) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


HALF = faces.SIDE / 2
MOST_WEIGHTS = 20e6  # bytes of all published weights together


def problems(root: pathlib.Path | None = None) -> list[str]:
    """What is wrong with the runs in data/published (or `root`); empty when nothing is.

    Each line names the run and file. A folder is a run when it holds a recipe.json.
    """
    root = root or files.PUBLISHED
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
    recipe = fitting.Recipe(**settings["recipe"])
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
        results.network(folder.name, folder.parent)  # raises for damaged weights
    return found


def _history(history: pd.DataFrame, recipe: fitting.Recipe, metrics: dict) -> list[str]:
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
    names = list(faces.KEYPOINTS)
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
