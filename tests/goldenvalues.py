"""Golden values: the faces of `open`, what every shipped network answers, every stored run.

    python tests/goldenvalues.py

writes them anew, which only a change that is meant to change them may do.
"""

import hashlib
import json
import pathlib

import cv2
import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.data import sources, splits
from fkd_utils.training import results

FOLDER = pathlib.Path(__file__).parent / "golden"
SHEET, PREDICTIONS = FOLDER / "open.png", FOLDER / "predictions.npz"
FINGERPRINTS, RUNS = FOLDER / "fingerprints.json", FOLDER / "runs.json"
SIDE = 8  # faces in a row of the contact sheet


def sheet() -> np.ndarray:
    """64 faces from all over `open`, with and without all labels, drawn side by side: uint8."""
    rows = sources.read("open")
    some = rows.images[np.linspace(0, len(rows) - 1, SIDE**2).astype(int)]
    return some.reshape(SIDE, SIDE, 96, 96).swapaxes(1, 2).reshape(SIDE * 96, SIDE * 96)


def fingerprints() -> dict[str, str]:
    """Of all pixels and labels of `open`, of each part, and of the ways to prepare them."""
    found = {"all": sources.read("open").fingerprint()}
    kinds = {
        "plain": {},
        "smoke": {"limit": 120},
        "all_rows": {"all_rows": True},
        "from_edge": {"from_edge": True},
        "grown_smoke": {"limit": 120, "grown": True},
    }
    for kind, settings in kinds.items():
        made = splits.load("open", **settings)
        for name in ("train", "validation", "test"):
            found[f"{kind}/{name}"] = getattr(made, name).fingerprint()
    return found


def ten_faces() -> faces.Faces:
    """Ten test faces of `open`."""
    return splits.load("open").test.take(np.arange(10))


def predictions() -> dict[str, np.ndarray]:
    """What every shipped network says of `ten_faces`, looking twice where it does."""
    images = ten_faces().images
    return {name: results.predict_as_published(images, name) for name in results.networks()}


def runs() -> dict[str, dict]:
    """The numbers of every stored run: its measures, and digests of arrays that hold the rest."""
    found = {}
    for path in sorted(files.PUBLISHED.glob("*/metrics.json")):
        history = pd.read_csv(path.parent / "history.csv")
        # The column of the course's own MSE is called val_mse since it stands beside val_loss.
        mse = history.val_mse if "val_mse" in history else history.val_loss
        found[path.parent.name] = {
            "metrics": json.loads(path.read_text(encoding="utf-8")),
            "history": _digest(np.stack([history.epoch, history.loss, mse, history.seconds])),
            "predictions": _archive(path.parent / "predictions.npz"),
            "weights": _archive(path.parent / "weights.npz"),
        }
    return found


def write() -> None:
    """Write all values anew."""
    cv2.imwrite(str(SHEET), sheet())
    np.savez_compressed(PREDICTIONS, **predictions())
    for path, found in ((FINGERPRINTS, fingerprints()), (RUNS, runs())):
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _archive(path: pathlib.Path) -> str | None:
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return _digest(*(stored[name] for name in sorted(stored.files)))


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    write()
