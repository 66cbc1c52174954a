"""Where the studies are wrong, and by how many pixels: data/published/corrections.csv.

Each effect is computed from stored results or from Kaggle's mean face; `claims` writes the file.
"""

import collections.abc
import dataclasses
import typing

import numpy as np
import pandas as pd

from fkd_utils import augment, faces, files
from fkd_utils.training import results, thesis_runs

COLUMNS = ("source", "as printed", "as it is", "effect_px", "of what", "chapter")


class Effect(typing.NamedTuple):
    """Pixels, and what they are pixels of."""

    px: float
    what: str


@dataclasses.dataclass(frozen=True)
class Correction:
    """What is printed, what is right, the chapter that shows it, and what computes the effect."""

    source: str
    printed: str
    right: str
    chapter: str
    measure: collections.abc.Callable[[], Effect]


def table() -> pd.DataFrame:
    """The corrections with their effects; columns COLUMNS, effect_px with two decimals as text."""
    rows = []
    for item in CORRECTIONS:
        px, what = item.measure()
        rows.append((item.source, item.printed, item.right, f"{px:.2f}", what, item.chapter))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _mean_face() -> np.ndarray:
    return np.array(results.kaggle_labels()["mean_face"])


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other, axis=1).mean())


def mirrored(points: np.ndarray) -> np.ndarray:
    """Points (15, 2) of the mirrored picture: x becomes 95 - x, and pairs change places."""
    return augment.move(points[np.newaxis], augment.mirroring())[0]


def _one_pixel() -> Effect:
    face = mirrored(_mean_face())
    return Effect(_apart(np.add(face, (1, 0)), face), "every mirrored label, to the right")


def _only_y() -> Effect:
    face = _mean_face()
    wrong = mirrored(face)
    wrong[:, 0] = 95 - face[:, 0]  # x stays with the name, y comes from the partner
    return Effect(_apart(wrong, mirrored(face)), "a mirrored label, on average")


def _sides() -> Effect:
    face = _mean_face()
    return Effect(_apart(face[faces.mirror_order()], face), "a point, on average over all 15")


def _wrong_way() -> Effect:
    turned = augment.move(np.stack([_mean_face()] * 2), augment.rotation([-10, 10]))
    return Effect(_apart(*turned), "a label on a face turned by 10 degrees")


def _leak(file: str, honest: str, order: str, what: str) -> Effect:
    lines = pd.read_csv(files.PUBLISHED / "leak" / file)
    rmse = faces.HALF * np.sqrt(lines.pivot(index="seed", columns="order", values="val_mse"))
    return Effect(float((rmse[honest] - rmse[order]).mean()), what)


def _chosen_epoch() -> Effect:
    gains = []
    for run in results.of_rows(thesis_runs.TABLE_4_1 | thesis_runs.TABLE_4_4).values():
        rmse = faces.HALF * np.sqrt(run.history.val_mse.to_numpy())
        best = run.metrics["best_epoch"] - 1
        near = rmse[max(0, best - 10) : best + 11]
        gains.append(np.median(near) - rmse[best])
    return Effect(
        float(np.mean(gains)), "rmse_px on validation: the best epoch against its neighbours"
    )


def _root_mean_square() -> Effect:
    runs = results.of_rows(thesis_runs.TABLE_4_1 | thesis_runs.TABLE_4_4).values()
    far = min(runs, key=lambda run: run.metrics["validation_mse"]).distances("test")
    share = float(far.mean() / np.sqrt(np.mean(far**2)))
    return Effect(1.56 * (1 - share), "1.56 px less its mean, at our best network's ratio")


def accurate() -> Effect:
    """Keras's accuracy asks only which coordinate is the largest, which a tenth of all keeps."""
    face = _mean_face()
    return Effect(_apart(face / 10, face), "a point of an answer whose accuracy is 1")


CORRECTIONS = [
    Correction("THESIS 4.6", "a mirrored x is 96 - x, always",
               "95 - x where 0 is the first pixel's centre; 96 - x where it is the edge", "07",
               _one_pixel),
    Correction("THESIS 4.6, Table 4.2", "the y positions of a pair are swapped",
               "the whole points are, x and y", "07", _only_y),
    Correction("THESIS 4.6", "P' = P A + B for a 2 by 15 P", "P' = A P + B; read for rows, "
               "P A turns the wrong way", "07", _wrong_way),
    Correction("THESIS 4.6", "flip, then split", "split, then flip: the twin is no new face",
               "08", lambda: _leak("results.csv", "split first", "flip first",
                                   "rmse_px on validation, gained without learning")),
    Correction("DEPTH", "augment, then split", "split, then augment", "08",
               lambda: _leak("results.csv", "split first", "copy first",
                             "the same, by one turned copy of each")),
    Correction("THESIS, DEPTH", "pictures are split; of people nothing is said",
               "people are, where they are known", "08",
               lambda: _leak("people.csv", "people apart", "people shared",
                             "the same, by other pictures of the people")),
    Correction("THESIS, TRANSFER", "the lowest validation loss is reported",
               "a third set reports, on which no epoch was chosen", "06", _chosen_epoch),
    Correction("THESIS 4.7", "1.56 px is the average distance", "it is a root mean square",
               "10", _root_mean_square),
    Correction("DEPTH", "accuracy on coordinates says what is found",
               "it asks which coordinate is the largest", "13", accurate),
    Correction("THESIS 3.1", "left and right, without saying whose", "they are the subject's", "00",
               _sides),
]  # fmt: skip
