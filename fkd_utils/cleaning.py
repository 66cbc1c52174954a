"""Finds doubled pictures and suspicious labels, and takes them out."""

import dataclasses
import json
import typing

import numpy as np

from fkd_utils import duplicates, suspects
from fkd_utils.faces import Faces


class Suspicion(typing.NamedTuple):
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
        content = {
            "duplicates": [list(pair) for pair in self.duplicates],
            "suspicious": [suspicion._asdict() for suspicion in self.suspicious],
        }
        return json.dumps(content, indent=1) + "\n"


def check(faces: Faces) -> Report:
    """Look for copies among the pictures and for mistakes among the labels.

    Takes a few seconds for 7,000 faces. Nothing is changed; see `clean`.
    """
    pairs = duplicates.find(faces.images)
    scores = suspects.by_picture(faces.images, faces.keypoints, faces.groups)
    reasons = _by_copies(faces, pairs, scores)
    reasons |= _by_score(scores)
    reasons |= suspects.by_shape(faces.keypoints)
    reasons |= suspects.by_rule(faces.keypoints)  # the later, the plainer the reason
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


def _by_score(scores: np.ndarray) -> dict[int, str]:
    return {
        int(row): "the labels do not fit the picture: they lie "
        f"{scores[row]:.1f} times as far as usual from where a model puts them"
        for row in np.flatnonzero(scores > suspects.MISPLACED)
    }


def _by_copies(faces: Faces, pairs: np.ndarray, scores: np.ndarray) -> dict[int, str]:
    """Of two copies whose labels differ much, the one that fits the picture worse, or both."""
    reasons = {}
    for i, j in pairs:
        away = np.linalg.norm(faces.keypoints[i] - faces.keypoints[j], axis=1)
        if not np.isfinite(away).any() or np.nanmean(away) <= suspects.DISAGREEMENT:
            continue
        worse = [(i, j)] if not scores[j] > 1.5 * scores[i] else []
        worse += [(j, i)] if not scores[i] > 1.5 * scores[j] else []
        for row, other in worse:
            reasons[int(row)] = (
                f"same picture as row {faces.ids[other]}, but the labels differ by "
                f"{np.nanmean(away):.0f} px on average"
            )
    return reasons


def _flat(images: np.ndarray) -> dict[int, str]:
    spread = images.reshape(len(images), -1).std(axis=1)
    return {
        int(row): "the picture shows nothing: it is one flat grey"
        for row in np.flatnonzero(spread < suspects.FLAT)
    }
