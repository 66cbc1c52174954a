"""Finds doubled pictures and suspicious labels, and takes them out."""

import dataclasses
import json
import typing

import numpy as np

from fkd_utils.data import duplicates, label_errors
from fkd_utils.faces import Faces

VERSION = "1"  # changes when `check` finds other rows; part of what is cached under its result
MISPLACED = 3.5  # times the usual distance from where the picture puts the points
DISAGREEMENT = 8.0  # pixels, mean distance of two labellings of one picture
NO_FACE = -0.25  # `label_errors.Scores.looks` below this: more like a cut-out at a wrong place
FLAT = 2.0  # grey levels of standard deviation below which a picture shows nothing


@dataclasses.dataclass(frozen=True, order=True)
class Suspicion:
    """A row (0-based, as in the file) whose picture or labels look wrong, and why."""

    row: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Report:
    """What `check` found; rows are 0-based rows of the file, as in `Faces.ids`.

    duplicates: pairs (i, j) with i < j, sorted, equal and nearly equal pictures alike.
    suspicious: by row, each row once.
    """

    duplicates: tuple[tuple[int, int], ...]
    suspicious: tuple[Suspicion, ...]

    def to_json(self) -> str:
        """The report as JSON: {"duplicates": [[i, j], ...], "suspicious": [{"row", "reason"}]}."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> typing.Self:
        """The report that `to_json` wrote."""
        content = json.loads(text)
        return cls(
            tuple((i, j) for i, j in content["duplicates"]),
            tuple(Suspicion(**entry) for entry in content["suspicious"]),
        )


def check(faces: Faces) -> Report:
    """Look for copies among the pictures and for mistakes among the labels.

    Takes a few seconds for 7,000 faces. Nothing is changed; see `clean`.
    """
    pairs = duplicates.find(faces.images)
    scores = label_errors.score(faces.images, faces.keypoints, faces.groups)
    reasons = _by_copies(faces, pairs, scores.away)
    reasons |= _by_picture(scores)
    reasons |= label_errors.by_shape(faces.keypoints)
    reasons |= label_errors.by_rule(faces.keypoints)  # the later, the plainer the reason
    reasons |= _flat(faces.images)
    ids = faces.ids
    found = (Suspicion(int(ids[row]), reason) for row, reason in reasons.items())
    copies = (tuple(sorted((int(ids[i]), int(ids[j])))) for i, j in pairs)
    return Report(tuple(sorted(copies)), tuple(sorted(found)))


def clean(faces: Faces, report: Report) -> Faces:
    """The faces without suspicious rows and with one row of each set of copies.

    Of copies, the first row with the most labelled keypoints stays.
    """
    keep = ~np.isin(faces.ids, [suspicion.row for suspicion in report.suspicious])
    place = {int(row): k for k, row in enumerate(faces.ids)}
    pairs = [(place[i], place[j]) for i, j in report.duplicates if i in place and j in place]
    pairs = [(i, j) for i, j in pairs if keep[i] and keep[j]]
    sets = duplicates.groups(len(faces), np.array(pairs, dtype=np.int64).reshape(-1, 2))
    labels = np.isfinite(faces.keypoints).all(axis=2).sum(axis=1)
    for name in {int(sets[i]) for i, _ in pairs}:
        rows = np.flatnonzero(sets == name)
        keep[rows] = rows == rows[labels[rows].argmax()]
    return faces.take(keep)


def _by_picture(scores: label_errors.Scores) -> dict[int, str]:
    return {
        int(row): f"the labels do not fit the picture: they lie {scores.pixels[row]:.0f} px on "
        "average from where a model expects them, and what they enclose does not look like a face"
        for row in np.flatnonzero((scores.away > MISPLACED) & (scores.looks < NO_FACE))
    }


def _by_copies(faces: Faces, pairs: np.ndarray, away: np.ndarray) -> dict[int, str]:
    """Of two copies whose labels differ much, the one that fits the picture worse, or both."""
    reasons = {}
    for i, j in pairs:
        gaps = np.linalg.norm(faces.keypoints[i] - faces.keypoints[j], axis=1)
        if not np.isfinite(gaps).any() or np.nanmean(gaps) <= DISAGREEMENT:
            continue
        worse = [(i, j)] if not away[j] > 1.5 * away[i] else []
        worse += [(j, i)] if not away[i] > 1.5 * away[j] else []
        for row, other in worse:
            reasons[int(row)] = (
                f"same picture as row {faces.ids[other]}, but the labels differ by "
                f"{np.nanmean(gaps):.0f} px on average"
            )
    return reasons


def _flat(images: np.ndarray) -> dict[int, str]:
    spread = images.reshape(len(images), -1).std(axis=1)
    return {
        int(row): "the picture shows nothing: it is one flat grey"
        for row in np.flatnonzero(spread < FLAT)
    }
