"""Trained networks that come with the course, in data/published/NAME.

A folder holds recipe.json (what was trained, and on what), history.csv (its learning curve),
metrics.json (its error) and weights.npz. To ship a run:

    run = training.train(recipes.named("Fourth, dropout", "paper"), data)
    shipped.publish(run, shipped.PUBLISHED / shipped.DEFAULT, data.test)
"""

import json
import pathlib
import typing
import zipfile

import numpy as np

from fkd_utils import evaluation, files, parts
from fkd_utils.errors import InputError
from fkd_utils.faces import Faces

if typing.TYPE_CHECKING:  # Keras takes seconds to load, and `--help` needs only a name from here
    import keras

    from fkd_utils import training

PUBLISHED = parts.REPO / "data" / "published"
DEFAULT = "first_face"  # the network of the first chapter and of `predict`
_KEPT = ("recipe", "faces", "backend", "keras")  # of a run's recipe.json


def names() -> list[str]:
    """The networks that come with weights."""
    return sorted(path.parent.name for path in PUBLISHED.glob("*/weights.npz"))


def model(name: str = DEFAULT) -> "keras.Model":
    """A trained network: one that is shipped, or a run of your own from `runs list`.

    name: the folder's name; of a run its beginning is enough. Raises InputError when there is no
    such network or its files are damaged.
    """
    from fkd_utils import training

    folder = _folder(name)
    try:
        content = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
        network = training.Recipe(**content["recipe"]).build()
        with np.load(folder / "weights.npz", allow_pickle=False) as stored:
            weights = [stored[str(i)].astype(np.float32) for i in range(len(stored.files))]
        network.set_weights(weights)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{folder}: these are not the files of a network of this course ({error}); restore "
            "the folder"
        ) from error
    return network


def _folder(name: str) -> pathlib.Path:
    from fkd_utils import training

    if name in names():
        return PUBLISHED / name
    runs = training.default_store().glob("*/weights.npz")
    hits = sorted(path.parent for path in runs if path.parent.name.startswith(name))
    if len(hits) != 1 or not name:
        what = f"{len(hits)} trainings start" if hits else "no network is called so or starts"
        known = ", ".join(names()) or "none"
        raise InputError(
            f"{name!r}: {what} with this name. Shipped: {known}; for your own trainings: "
            "python -m fkd_utils runs list"
        )
    return hits[0]


def publish(run: "training.Run", folder: pathlib.Path, test: Faces) -> None:
    """Write a run's settings, history, errors and weights (half precision) to `folder`.

    test: faces that neither trained nor chose it; its errors on them go into metrics.json,
    measured with the rounded weights. A folder name of this machine is not written.
    Raises InputError when a weight does not fit into half precision.
    """
    from fkd_utils import models, training

    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused
        weights = [w.astype(np.float16) for w in run.model().get_weights()]
    if not all(np.isfinite(w).all() for w in weights):
        raise InputError(f"{run.folder.name}: a weight is too large for half precision")
    content = json.loads((run.folder / "recipe.json").read_text(encoding="utf-8"))
    source = content["data"]
    if source["data"] not in ("open", "kaggle"):
        source = source | {"data": "a folder in Kaggle's format"}
    best = run.at_best()
    network = run.recipe.build()
    network.set_weights([w.astype(np.float32) for w in weights])
    measures = evaluation.measures(test.keypoints, training.predict(network, test.images))
    metrics = {
        "best_epoch": run.best_epoch,
        "training_mse": float(best.loss),
        "validation_mse": float(best.val_loss),
        "test_faces": len(test),
        "test": measures,
        "parameters": network.count_params(),
        "chapter": models.MODELS[run.recipe.model].chapter,
        "seconds": float(run.history.seconds.sum()),
    }
    _write_json(folder / "recipe.json", {k: content[k] for k in _KEPT} | {"data": source})
    _write_json(folder / "metrics.json", metrics)
    with files.replacing(folder / "history.csv") as path:
        run.history.round({"seconds": 3}).to_csv(path, index=False, float_format="%.8g")
    with files.replacing(folder / "weights.npz") as path:
        files.save_arrays(path, {str(i): w for i, w in enumerate(weights)})


def _write_json(path: pathlib.Path, content: dict) -> None:
    with files.replacing(path) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
