"""Write the results of a training to data/published, for everyone who cannot train for hours.

To publish a run of a row of Table 4.1 or 4.4, trained on a folder of faces:

    python -m fkd_utils runs publish RUN wild_fourth --weights --machine "a desk computer"
"""

import functools
import json
import pathlib

import keras
import numpy as np

from fkd_utils import (
    conditions,
    evaluation,
    files,
    flips,
    keypoints,
    machines,
    models,
    modern,
    parts,
    training,
)
from fkd_utils.errors import InputError

# Drawn sunglasses on every test face, and the same drawing elsewhere (see `conditions`).
COVERED = {"eyes": 0.0, "mouth": 0.75}
_KEPT = ("recipe", "fingerprint", "faces", "backend", "keras")  # of a run's recipe.json


def publish(
    run: training.Run,
    folder: pathlib.Path,
    data: parts.Parts,
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
        metrics[name] = evaluation.measures(part.keypoints, predicted)
        arrays[f"{name}_errors"] = (predicted - part.keypoints).astype(np.float32)
        arrays[f"{name}_eye_distance"] = evaluation.eye_distance(part.keypoints).astype(np.float32)
        if run.recipe.model == "modern":
            arrays[f"{name}_spread"] = modern.spreads(network, part.images)
        # Which faces belong together; the numbers of the data source are not kept.
        groups = np.unique(part.groups, return_inverse=True)[1]
        arrays[f"{name}_group"] = groups.astype(np.int32)
        arrays[f"{name}_tilt"] = conditions.tilt(part.keypoints).astype(np.float32)
        arrays[f"{name}_brightness"] = conditions.brightness(part.images, part.keypoints)
    for where, down in COVERED.items():
        images = conditions.add_glasses(data.test.images, data.test.keypoints, down)
        found = evaluation.distances(data.test.keypoints, _predict(network, images, flipped))
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
        "chapter": models.MODELS[run.recipe.model].chapter,
    }
    offset = run.offset_px()
    if offset is not None:
        habit = {name: offset[keypoints.INDEX[name]] for name in keypoints.FOUR_POINTS}
        summary["second_labeller_px"] = {
            k: np.round(xy.astype(float), 3).tolist() for k, xy in habit.items()
        }
    _write_json(folder / "metrics.json", summary)  # last: a folder without it is unfinished


def _predict(network: keras.Model, images: np.ndarray, flipped: bool) -> np.ndarray:
    once = functools.partial(training.predict, network)
    return flips.flip_averaged(once, images) if flipped else once(images)


def _halved(run: training.Run, network) -> list[np.ndarray]:
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused
        weights = [w.astype(np.float16) for w in network.get_weights()]
    if not all(np.isfinite(w).all() for w in weights):
        raise InputError(f"{run.folder.name}: a weight is too large for half precision")
    return weights


def _slim(run: training.Run):
    """The history; the errors of single keypoints only for Fifth, whose chapter draws them."""
    history = run.history.round({"seconds": 2})
    return history if run.recipe.model == "fifth" else history.drop(columns=[*keypoints.KEYPOINTS])


def _settings(run: training.Run, machine: str) -> dict:
    content = json.loads((run.folder / "recipe.json").read_text(encoding="utf-8"))
    source = content["data"]
    if source["data"] not in ("open", "kaggle"):
        source = source | {"data": "a folder in Kaggle's format"}
    described = machines.describe(machine)
    kept = {key: content[key] for key in _KEPT if key in content}
    where = {key: described[key] for key in ("machine", "kind", "device", "cores", "versions")}
    seconds = round(float(run.history.seconds.sum()), 1)
    return kept | {"data": source} | where | {"seconds": seconds}


def _write_json(path: pathlib.Path, content: dict) -> None:
    with files.replacing(path) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
