"""Trained networks that come with the course, in data/published/NAME.

A folder holds recipe.json (what was trained, on what, where), history.csv (its learning curve),
metrics.json (its errors), predictions.npz (the same face by face) and, of some, weights.npz.
`publishing` writes them, `verifying` checks them.
"""

import functools
import json
import pathlib
import typing

import numpy as np

from fkd_utils import files, published, sources
from fkd_utils.errors import InputError

if typing.TYPE_CHECKING:  # Keras takes seconds to load, and `--help` needs only a name from here
    import keras


PUBLISHED = published.FOLDER
DEFAULT = "wild_final"  # chapter 18's: finds the first face, the demonstration's, and in `predict`
FOURTH = "first_face"  # Fourth, trained on the embedded faces: chapters 14, 16 and 17 use it


def names() -> list[str]:
    """The networks that come with weights."""
    return sorted(path.parent.name for path in PUBLISHED.glob("*/weights.npz"))


def model(name: str = DEFAULT, root: pathlib.Path | None = None) -> "keras.Model":
    """A trained network: one that is shipped, or a run of your own from `runs list`.

    name: the folder's name; of a run its beginning is enough. root: the folder of the shipped
    ones, data/published by default. Raises InputError when there is no
    such network or its files are damaged.
    """
    from fkd_utils import training

    folder = root / name if root else _folder(name)
    try:
        content = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
        network = training.Recipe(**content["recipe"]).build()
        with np.load(folder / "weights.npz", allow_pickle=False) as stored:
            weights = [stored[str(i)].astype(np.float32) for i in range(len(stored.files))]
        network.set_weights(weights)
    except files.DAMAGED as error:
        raise InputError(
            f"{folder}: these are not the files of a network of this course ({error}); restore "
            "the folder"
        ) from error
    return network


def predict(images: np.ndarray, name: str = DEFAULT) -> np.ndarray:
    """Keypoints of uint8 pictures (n, 96, 96) as a network's own measures were taken: (n, 15, 2).

    Some were taken on a face and its mirror twin, averaged (see `flips`). Float32, pixels.
    """
    from fkd_utils import flips, training

    once = functools.partial(training.predict, model(name))
    measures = _folder(name) / "metrics.json"  # runs of one's own have none
    averaged = (
        measures.exists()
        and json.loads(measures.read_text(encoding="utf-8")).get("prediction", "face") != "face"
    )
    return flips.flip_averaged(once, images) if averaged else once(images)


def counts_from_edge(name: str = DEFAULT) -> bool:
    """Whether a network's predictions count from the picture's edge, as the labels it learnt.

    Not so where these labels counted from pixel centres, or were moved there before.
    """
    content = json.loads((_folder(name) / "recipe.json").read_text(encoding="utf-8"))
    learnt = content["data"]
    return sources.counts_from_edge(learnt["data"]) and not learnt.get("from_edge", False)


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
