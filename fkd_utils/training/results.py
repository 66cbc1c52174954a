"""Results that come with the course, in data/published, and tables of several trainings.

The folder of a run holds recipe.json (what was trained, on what, where), history.csv (its learning
curve), metrics.json (its errors), predictions.npz (the same face by face) and, of some,
weights.npz. `python -m studies` writes and checks them.
"""

import collections.abc
import dataclasses
import functools
import pathlib
import re

import keras
import numpy as np
import pandas as pd

from fkd_utils import augment, faces, files
from fkd_utils.data import sources, splits
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.models import heatmap
from fkd_utils.training import checkpoint, fitting


@dataclasses.dataclass(frozen=True)
class Stored:
    """A full-length run that comes with the course; `studies verify` checks it.

    settings: recipe.json; metrics: metrics.json (measures of the best epoch on validation and
    test); history: one row an epoch, columns epoch, loss, val_mse, seconds.
    """

    folder: pathlib.Path
    settings: dict
    metrics: dict
    history: pd.DataFrame

    def array(self, name: str) -> np.ndarray:
        """An array of predictions.npz, a row a face; `studies.publish` says which there are."""
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
        return metrics.face_mse(np.zeros_like(errors), errors)

    def groups(self, part: str) -> np.ndarray:
        """Which faces of "validation" or "test" belong together: (n,) int."""
        return self.array(f"{part}_group")

    def summary(self) -> str:
        """What was trained on what, and how it ended, in two lines."""
        faces_in, m = self.settings["faces"]["train"], self.metrics
        loss = "MSE" if "mse" in str(self.settings["loss"]) else "loss"
        return (
            f"{self.settings['epochs']} epochs on {faces_in:,} real faces; lowest "
            f"validation MSE {m['validation_mse']:.5f} at epoch {m['best_epoch']}, training {loss} "
            f"there {m['training_mse']:.5f}\n{m['test_faces']} test faces: "
            f"MSE {m['test']['mse']:.5f}, mean_px {m['test']['mean_px']:.2f}, "
            f"NME {m['test']['nme']:.1f} %"
        )


def published(name: str) -> Stored:
    """The published run in the folder `name`, such as wild_first."""
    folder = files.PUBLISHED / name
    said = (files.read_json(folder / f"{part}.json") for part in ("recipe", "metrics"))
    return Stored(folder, *said, pd.read_csv(folder / "history.csv"))


def folder_of(row: str) -> str:
    """Folder of the published run of a row of Table 4.1 or 4.4: "Fourth, dropout" is
    wild_fourth_dropout.
    """
    return "wild_" + "_".join(re.findall(r"[a-z0-9]+", row.lower().replace("relu ", "")))


def of_rows(rows: collections.abc.Iterable[str]) -> dict[str, Stored]:
    """The published runs of rows of Tables 4.1 and 4.4, by row; rows without one are left out."""
    there = [row for row in rows if (files.PUBLISHED / folder_of(row) / "metrics.json").exists()]
    return {row: published(folder_of(row)) for row in there}


def table(name: str) -> pd.DataFrame:
    """A table of data/published, such as "leak/results" or, of several seeds, "seeds/table_4_1".

    Raises InputError for a file that is missing or damaged.
    """
    return files.shipped(files.read_table, files.PUBLISHED / f"{name}.csv")


def mean_face_measures() -> dict:
    """All measures of the mean face on the real faces of the published runs, by part."""
    return files.read_json(files.PUBLISHED / "wild_mean_face.json")


def kaggle_labels(folder: pathlib.Path | None = None) -> dict:
    """`evaluation.label_statistics` of the competition's own 7,049 training rows."""
    folder = folder or files.PUBLISHED
    of_all = files.read_json(folder / "kaggle_labels.json")
    by_keypoint = pd.read_csv(folder / "kaggle_keypoints.csv", index_col="keypoint")
    counts = {str(name): int(count) for name, count in by_keypoint.labelled.items()}
    return of_all | {"counts": counts, "mean_face": by_keypoint[["x", "y"]].to_numpy().tolist()}


def real_faces_check() -> dict:
    """How many rows, pairs of copies and flagged rows `cleaning.check` found on real faces.

    Faces cut from photographs (300-W) and videos, in Kaggle's format. They may not be passed on.
    """
    return files.read_json(files.PUBLISHED / "real_faces_check.json")


DEFAULT_NETWORK = "wild_final"  # chapter 18a's; finds the first face too
FOURTH = (
    "first_face"  # Fourth, trained on the embedded faces: chapters 12, 14, 16a, 16b and 17 use it
)


def networks() -> list[str]:
    """The networks that come with weights."""
    return sorted(path.parent.name for path in files.PUBLISHED.glob("*/weights.npz"))


def network(name: str = DEFAULT_NETWORK, root: pathlib.Path | None = None) -> keras.Model:
    """A trained network: one that is shipped, or a run of your own from `runs list`.

    name: the folder's name; of a run its beginning is enough. root: the folder of the shipped
    ones, data/published by default. Raises InputError when there is no
    such network, its files are damaged, or it went astray and answers no numbers.
    """
    folder = root / name if root else _folder_of_network(name)
    model = fitting.load_network(folder)
    grey = np.full((1, faces.SIDE, faces.SIDE), 128, np.uint8)
    answer = keras.ops.convert_to_numpy(model(checkpoint.inputs_of(model, grey)))
    faces.answered(faces.to_pixels(answer), folder.name)
    return model


def predict_as_published(images: np.ndarray, name: str = DEFAULT_NETWORK) -> np.ndarray:
    """Keypoints of uint8 pictures (n, 96, 96) as a network's own measures were taken: (n, 15, 2).

    Some were taken on a face and its mirror twin, averaged (see `flips`). Float32, pixels.
    """
    once = functools.partial(fitting.predict, network(name))
    measures = _folder_of_network(name) / "metrics.json"  # runs of one's own have none
    how = files.read_json(measures).get("prediction", "face") if measures.exists() else "face"
    points = once(images) if how == "face" else augment.flip_averaged(once, images)
    return faces.answered(points, name)


def second_labeller_offset(name: str = DEFAULT_NETWORK) -> np.ndarray | None:
    """How a second labeller's points lie from a network's predictions: (15, 2), pixels.

    Learnt in a training with `heatmap.with_sources`; of a shipped network it stands in
    metrics.json, 0 for points that only the first labeller gives. None where nothing was learnt.
    """
    folder, offset = _folder_of_network(name), np.zeros((len(faces.KEYPOINTS), 2))
    measures = files.stored(files.read_json, folder / "metrics.json") or {}
    for keypoint, apart in measures.get("second_labeller_px", {}).items():
        offset[faces.INDEX[keypoint]] = apart
    if not measures:  # a run of one's own, or damaged
        model = network(name)
        if heatmap.has_offset(model):
            offset = heatmap.offset_px(model)
    return offset if offset.any() else None


def widest_spread(name: str = DEFAULT_NETWORK) -> float | None:
    """The mean spread of a network's maps, pixels, that one validation face in a hundred exceeds.

    Above it an answer is to be refused (chapter 18b). None where nothing is stored of its maps.
    """
    file, key = _folder_of_network(name) / "predictions.npz", "validation_spread"
    arrays = files.stored(files.read_arrays, file) or {}
    return float(np.quantile(arrays[key].mean(axis=1), 0.99)) if key in arrays else None


def network_counts_from_edge(name: str = DEFAULT_NETWORK) -> bool:
    """Whether a network's predictions count from the picture's edge, as the labels it learnt.

    Not so where these labels counted from pixel centres, or were moved there before.
    """
    folder = _folder_of_network(name)
    learnt = (files.stored(files.read_json, folder / "recipe.json") or {}).get("data")
    if not isinstance(learnt, dict) or "data" not in learnt:
        raise InputError(
            f"{folder}: its recipe.json is missing or damaged; restore the folder, or run its "
            "chapter again"
        )
    return sources.counts_from_edge(learnt["data"]) and not learnt.get("from_edge", False)


def _folder_of_network(name: str) -> pathlib.Path:
    if name in networks():
        return files.PUBLISHED / name
    runs = fitting.default_store().glob("*/weights.npz")
    hits = sorted(path.parent for path in runs if path.parent.name.startswith(name))
    if len(hits) != 1 or not name:
        what = f"{len(hits)} trainings start" if hits else "no network is called so or starts"
        known = ", ".join(networks()) or "none"
        raise InputError(
            f"{name!r}: {what} with this name. Shipped: {known}; for your own trainings: "
            "python -m fkd_utils runs list"
        )
    return hits[0]


FORMAT = "%.7g"  # of the numbers in a study's file


def study(
    path: pathlib.Path,
    runs: collections.abc.Iterable[dict],
    rows_of: collections.abc.Callable[..., pd.DataFrame | list[dict]],
    profile: str,
) -> pd.DataFrame | None:
    """The rows of a study's file; with the profile paper, runs that are missing are made first.

    A run is a dict of settings: its rows are `rows_of(**run)` with the settings as columns beside
    them. New rows go to a file of the reader's own, see `own_file`, after every run: a stopped
    study goes on where it was, and several processes may run it at once. None, and a line that
    says so, when nobody has run the study.
    Raises InputError for a setting that a csv file cannot hold.
    """
    for run in runs if profile == "paper" else ():
        missing = [name for name, value in run.items() if pd.isna(value)]
        if missing:  # read back it would equal nothing, and the run be made again and again
            raise InputError(f"{path.name}: the setting {missing[0]!r} is None; give it a word")
        if not _holds(_read_study(path), run):
            _add(path, run, pd.DataFrame(rows_of(**run)).assign(**run))
    rows = _read_study(path)
    if rows is None:
        print(f"the study {path.name} has not been run yet; the profile paper runs it")
    return rows


def own_file(path: pathlib.Path) -> pathlib.Path:
    """Where the rows that a reader adds to a study lie: data/published is the authors'.

    `python -m studies keep` carries them over.
    """
    if not path.is_relative_to(files.PUBLISHED):
        return path
    return fitting.default_store() / "studies" / path.relative_to(files.PUBLISHED)


def _read_study(path: pathlib.Path) -> pd.DataFrame | None:
    places = dict.fromkeys((path, own_file(path)))
    found = [read_rows(place) for place in places if place.exists()]
    found = [table for table in found if table is not None]
    return pd.concat(found, ignore_index=True) if found else None


def read_rows(path: pathlib.Path) -> pd.DataFrame | None:
    """A study's rows; None, and a line, where the file is damaged: they are to be made again."""
    rows = files.stored(files.read_table, path)
    if rows is None:
        print(f"{path}: is damaged and left out; the profile paper makes its rows again")
    return rows


def _holds(rows: pd.DataFrame | None, run: dict) -> bool:
    """Whether some rows have these settings, as they are read back from the file."""
    if rows is None:
        return False
    kept = {name: float(FORMAT % v) if isinstance(v, float) else v for name, v in run.items()}
    return bool((rows[list(run)] == pd.Series(kept)).all(axis=1).any())


def _add(path: pathlib.Path, run: dict, fresh: pd.DataFrame) -> None:
    """Write the rows of a run behind those in the file, unless another process was faster."""
    own = own_file(path)
    with files.locked(own.with_suffix(".lock"), fitting.MOVE):
        if _holds(_read_study(path), run):
            return
        before = read_rows(own) if own.exists() else None
        rows = fresh if before is None else pd.concat([before, fresh], ignore_index=True)
        lines = rows.to_csv(index=False, float_format=FORMAT, lineterminator="\n")
        files.write_sealed(own, lines)


def report(name: str = "claims.csv", folder: pathlib.Path | None = None) -> pd.DataFrame:
    """claims.csv or corrections.csv of data/published (or `folder`), all text."""
    return pd.read_csv((folder or files.PUBLISHED) / name, dtype=str, keep_default_na=False)


def stored_runs() -> list[pathlib.Path]:
    """The folders of your own trainings, finished or not, by name."""
    parts, store = (fitting.RECIPE, fitting.STATE, fitting.HISTORY), fitting.default_store()
    return sorted({path.parent for part in parts for path in store.glob(f"*-*/{part}")})


def find_run(name: str) -> pathlib.Path:
    """The folder of the training whose name starts so; InputError unless exactly one does."""
    hits = [folder for folder in stored_runs() if folder.name.startswith(name)]
    if len(hits) != 1:
        what = "no stored training starts" if not hits else f"{len(hits)} stored trainings start"
        raise InputError(f"{what} with {name!r}; see: python -m fkd_utils runs list")
    return hits[0]


def described(folder: pathlib.Path) -> str:
    """A training in one line: its name, its faces, how it ended, or what is wrong with it."""
    try:
        stored = fitting.settings_of(folder)
        state = f"stopped before epoch {stored['epochs']}"
        if (folder / fitting.HISTORY).exists():
            lowest = fitting.load(folder).history.val_mse.min()
            state = f"{stored['epochs']} epochs, best validation MSE {lowest:.5f}"
    except InputError as error:
        return f"{folder.name:<24}{str(error).removeprefix(f'{folder}: ')}"
    return f"{folder.name:<24}{stored['data']['data']:<12}{state}"


def faces_of(folder: pathlib.Path) -> splits.Splits:
    """The faces a training was started with; InputError when they are others by now."""
    stored = fitting.settings_of(folder)
    found = splits.load(**stored["data"])
    if found.fingerprint() != stored["fingerprint"]:
        raise InputError(
            f"{folder.name}: the faces of {stored['data']['data']!r} have changed since it was "
            "started; run its chapter again instead"
        )
    return found


def resume(folder: pathlib.Path) -> fitting.Run:
    """Finish a training that was stopped; of a finished one the result."""
    return fitting.resume(folder, faces_of(folder))
