"""Keep the results of a training in data/published, for everyone who cannot train for hours.

To keep a run of a row of Table 4.1 or 4.4, trained on a folder of faces:

    python -m studies publish RUN wild_fourth --weights --machine "a desk computer"

`problems` says where a published run contradicts itself.
"""

import collections.abc
import datetime
import functools
import json
import pathlib
import tempfile

import keras
import numpy as np
import pandas as pd

from fkd_utils import augment, faces, files, models
from fkd_utils.data import splits
from fkd_utils.demo import stickers
from fkd_utils.evaluation import metrics, statistics, timing
from fkd_utils.files import InputError
from fkd_utils.models import heatmap
from fkd_utils.training import fitting, results

# Drawn sunglasses on every test face, and the same drawing elsewhere, see `stickers.add_glasses`.
COVERED = {"eyes": 0.0, "mouth": 0.75}
# Of a run's settings.
_KEPT = ("epochs", "batch_size", "steps_per_epoch", "seed", "augment", "half_complete", "callbacks")
_KEPT += ("fingerprint", "faces", "backend", "keras")
OPENINGS = "openings.csv"  # in data/published: each look at real test faces, by day
MOST_WEIGHTS = 20e6  # bytes of all published weights together


def publish(
    run: fitting.Run,
    folder: pathlib.Path,
    data: splits.Splits,
    with_weights: bool,
    machine: str,
    flipped: bool = False,
) -> None:
    """Write a finished run's settings, network, history, measures and errors to `folder`.

    data: the parts it was trained on; data.test neither trained nor chose it. with_weights: in
    half precision, and the measures are then those of the rounded weights. flipped: predictions
    are averaged over face and mirror twin. machine: a name for what it ran on. No folder name of
    this machine is written, and no face: errors are predicted minus labelled, pixels. Beside them
    stands what may make a face hard, and the distance of each point, pixels, with eyes or mouth
    covered. What stood in `folder` before goes; `OPENINGS` beside it gets a line where the test
    faces are not those of `open`. Raises InputError when a weight does not fit, or the network is
    none of the course's, and then leaves it as it was.
    """
    trained = run.model()
    network = _alone(trained)  # what whoever has a face and no labeller asks
    if network.name not in models.MODELS:
        raise InputError(f"{run.name}: {network.name!r} is no network of models.MODELS")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        aside = pathlib.Path(name)
        if with_weights:
            weights = _halved(network)
            network.set_weights([w.astype(np.float32) for w in weights])
            files.save_arrays(aside / "weights.npz", {str(i): w for i, w in enumerate(weights)})
        (aside / "network.json").write_text(network.to_json(), encoding="utf-8")
        predict = functools.partial(fitting.predict, network)
        if flipped:
            predict = functools.partial(augment.flip_averaged, predict)
        measures, arrays = _measured(network, predict, data)
        files.save_arrays(aside / "predictions.npz", arrays)
        keypoints = faces.KEYPOINTS if network.name == "fifth" else ()  # its chapter draws them
        history = run.history[["epoch", "loss", "val_mse", "seconds", *keypoints]]
        history.round({"seconds": 2}).to_csv(
            aside / "history.csv", index=False, float_format="%.7g"
        )
        _write_json(aside / "recipe.json", _settings(run, trained, network.name, machine))
        _write_json(aside / "metrics.json", _summary(run, trained, network, flipped) | measures)
        (folder / "weights.npz").unlink(missing_ok=True)  # of the run before
        for path in aside.iterdir():
            path.replace(folder / path.name)
    if data.test.name != "open":
        _note_opening(folder, measures["test"])


def _note_opening(folder: pathlib.Path, measured: dict[str, float]) -> None:
    """Add what a network makes on test faces to the log, unless that stands there already."""
    path = folder.parent / OPENINGS
    row = {"date": str(datetime.datetime.now(datetime.UTC).date()), "network": folder.name}
    row |= {name: float(f"{measured[name]:.6g}") for name in ("rmse_px", "nme")}
    rows = files.read_table(path) if path.exists() else pd.DataFrame(columns=list(row))
    if (rows[["network", "rmse_px", "nme"]] == list(row.values())[1:]).all(axis=1).any():
        return
    rows.loc[len(rows)] = list(row.values())
    files.write_text(path, rows.to_csv(index=False, float_format="%.6g"))


def _alone(model: keras.Model) -> keras.Model:
    """What `heatmap.with_sources` or `with_two_heads` was built around; any other as it is."""
    if len(model.inputs) == 1:
        return model
    inner = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if inner:
        return inner[0]
    name = model.name.removesuffix("_with_two_heads")
    return keras.Model(model.inputs[0], model.get_layer("targets").output, name=name)


def _halved(network: keras.Model) -> list[np.ndarray]:
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused
        weights = [w.astype(np.float16) for w in network.get_weights()]
    if not all(np.isfinite(w).all() for w in weights):
        raise InputError(f"{network.name}: a weight is too large for half precision")
    return weights


def _measured(
    network: keras.Model,
    predict: collections.abc.Callable[[np.ndarray], np.ndarray],
    data: splits.Splits,
) -> tuple[dict, dict[str, np.ndarray]]:
    """What metrics.json says of the two parts, and the arrays of predictions.npz."""
    measures, arrays = {}, {}
    for name, part in (("validation", data.validation), ("test", data.test)):
        predicted = predict(part.images)
        measures |= {f"{name}_faces": len(part), name: metrics.measures(part.keypoints, predicted)}
        arrays[f"{name}_errors"] = predicted - part.keypoints
        arrays[f"{name}_eye_distance"] = metrics.eye_distance(part.keypoints)
        if "heatmaps" in [layer.name for layer in network.layers]:
            arrays[f"{name}_spread"] = heatmap.spreads(network, part.images)
        # Which faces belong together; the numbers of the data source are not kept.
        arrays[f"{name}_group"] = np.unique(part.groups, return_inverse=True)[1]
        arrays[f"{name}_tilt"] = statistics.tilt(part.keypoints)
        arrays[f"{name}_brightness"] = statistics.brightness(part.images, part.keypoints)
    for where, down in COVERED.items():
        images = stickers.add_glasses(data.test.images, data.test.keypoints, down)
        arrays[f"test_covered_{where}"] = metrics.distances(data.test.keypoints, predict(images))
    short = {"f": np.float32, "i": np.int32}
    return measures, {name: a.astype(short[a.dtype.kind]) for name, a in arrays.items()}


def _settings(run: fitting.Run, trained: keras.Model, title: str, machine: str) -> dict:
    """recipe.json: what decided the training, in words as far as there are any, and the machine."""
    compiled, source = trained.get_compile_config(), run.settings["data"]
    if source["data"] not in ("open", "kaggle"):
        source = source | {"data": "a folder in Kaggle's format"}
    return {
        "title": title,
        **{key: run.settings[key] for key in _KEPT},
        "optimizer": compiled["optimizer"],
        "loss": getattr(trained.loss, "__name__", trained.loss),
        "told": trained.name.removeprefix(title).strip("_") or None,  # with_sources, ...
        "data": source,
        **described(machine),
        "seconds": round(float(run.history.seconds.sum()), 1),
    }


def described(machine: str) -> dict[str, object]:
    """What a training ran on: `machine`, in words, and what can be asked of it."""
    said = timing.describe(machine)
    return {key: said[key] for key in ("machine", "kind", "device", "cores", "versions")}


def _summary(run: fitting.Run, trained: keras.Model, network: keras.Model, flipped: bool) -> dict:
    """metrics.json but for the measures."""
    best = run.at_best()
    summary = {
        "epoch_rule": "lowest validation MSE",
        "prediction": "face and mirror twin, averaged" if flipped else "face",
        "best_epoch": run.best_epoch,
        "training_mse": float(f"{best.loss:.7g}"),
        "validation_mse": float(f"{best.val_mse:.7g}"),
        "parameters": network.count_params(),
        "chapter": models.MODELS[network.name].chapter,
    }
    if heatmap.has_offset(trained):
        offset = heatmap.offset_px(trained).astype(float).round(3)
        habit = {name: offset[faces.INDEX[name]].tolist() for name in faces.FOUR_POINTS}
        summary["second_labeller_px"] = habit
    return summary


def _write_json(path: pathlib.Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def problems(root: pathlib.Path | None = None) -> list[str]:
    """What is wrong with the runs in data/published (or `root`); empty when nothing is.

    Each line names the run.
    """
    root = root or files.PUBLISHED
    found = []
    for folder in folders(root):
        try:
            found += [f"{folder.name}: {text}" for text in _of_run(folder)]
        except files.DAMAGED as error:
            found.append(f"{folder.name}: cannot be read ({type(error).__name__}: {error})")
    size = sum(path.stat().st_size for path in root.glob("*/weights.npz"))
    if size > MOST_WEIGHTS:
        found.append(f"all weights together: {size / 1e6:.1f} MB, allowed are 20")
    return found


def folders(root: pathlib.Path) -> list[pathlib.Path]:
    """The folders of published runs: those with a recipe.json."""
    return sorted(path.parent for path in root.glob("*/recipe.json"))


def _of_run(folder: pathlib.Path) -> list[str]:
    """What two files of a run say differently."""
    settings, metrics = (files.read_json(folder / f"{name}.json") for name in ("recipe", "metrics"))
    if (folder / "weights.npz").exists():
        network = results.network(folder.name, folder.parent)  # raises for damaged weights
    else:
        text = (folder / "network.json").read_text(encoding="utf-8")
        network = keras.models.model_from_json(text)
    history = pd.read_csv(folder / "history.csv")
    with np.load(folder / "predictions.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float64) for name in stored.files}
    best = history.loc[history.val_mse.idxmin()]
    again = {"best_epoch": best.epoch, "training_mse": best.loss, "validation_mse": best.val_mse}
    again |= {"parameters": network.count_params()}
    for part in ("validation", "test"):
        again |= {f"{part} {name}": value for name, value in _measures(part, arrays).items()}
        again |= {f"{part}_faces": len(arrays[f"{part}_errors"])}
    said = pd.json_normalize(metrics, sep=" ").iloc[0]
    found = [
        f"metrics.json: {name} is {said[name]}, the other files say {value}"
        for name, value in again.items()
        if not np.isclose(said[name], value, rtol=1e-4, atol=0)
    ]
    # Weights in half precision answer a little differently; a face and its twin, another thing.
    if metrics.get("prediction", "face") == "face" and not np.isclose(
        again["validation mse"], best.val_mse, rtol=0.02
    ):
        found.append("metrics.json: validation MSE differs from the history's")
    if history.epoch.tolist() != list(range(1, settings["epochs"] + 1)):
        found.append(f"history.csv: not the epochs 1 to {settings['epochs']}")
    if not np.isfinite(history.to_numpy(float)).all():
        found.append("history.csv: holds something that is no number")
    # Seconds were rounded twice, in every row and in the sum.
    if abs(settings["seconds"] - history.seconds.sum()) > 0.1 + 0.01 * len(history):
        found.append(f"recipe.json: seconds is {settings['seconds']}, history.csv says otherwise")
    keypoints = history[[name for name in faces.KEYPOINTS if name in history]]
    if keypoints.size and not np.allclose(keypoints.mean(axis=1), history.val_mse, rtol=1e-3):
        found.append("history.csv: the keypoints' errors do not average to val_mse")
    return found


def _measures(part: str, arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """The four measures from their definitions, not by `evaluation`."""
    errors, eyes = arrays[f"{part}_errors"], arrays[f"{part}_eye_distance"]
    far = np.sqrt((errors**2).sum(axis=2))
    mse = np.nanmean((errors / (faces.SIDE / 2)) ** 2)
    return {
        "mse": mse,
        "rmse_px": faces.SIDE / 2 * np.sqrt(mse),
        "mean_px": np.nanmean(far),
        "nme": 100 * np.nanmean(far / eyes[:, np.newaxis]),
    }


def write_kaggle_labels(points: np.ndarray, folder: pathlib.Path) -> None:
    """Store `statistics.label_statistics` of a set; `points` as there.

    So kaggle_labels.json and kaggle_keypoints.csv in data/published were made, of the competition's
    rows: nobody else may hold these, so the numbers come with the course.
    """
    found = statistics.label_statistics(points)
    counts, mean_face = found.pop("counts"), np.array(found.pop("mean_face"))
    rows = {"keypoint": list(counts), "labelled": list(counts.values())}
    rows |= dict(zip("xy", mean_face.T, strict=True))
    pd.DataFrame(rows).to_csv(folder / "kaggle_keypoints.csv", index=False)
    _write_json(folder / "kaggle_labels.json", found)
