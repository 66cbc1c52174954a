"""From a data source to the three parts that the chapters train, choose and report on."""

import dataclasses
import functools
import hashlib

import numpy as np

from fkd_utils import augment, faces, files
from fkd_utils.data import cleaning, sources
from fkd_utils.files import InputError


@dataclasses.dataclass(frozen=True)
class SplitRows:
    """Positions (int64 arrays, each sorted) of the three parts; together they are every face once.

    Weights learn on `train`, the epoch is chosen on `validation`, and nothing is chosen on `test`.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


SMOKE_FACES = 120  # that train in the profile smoke
HELD_OUT = 0.1  # of the faces for validation, and as much again for test


def grouped_split(groups: np.ndarray, seed: int) -> SplitRows:
    """Split about 80/10/10 so that no group stands on two sides.

    groups: (n,) int. Groups are taken in random order; a group goes to test while it brings the
    test part nearer to its share, then the same for validation, else to training.
    """
    groups = np.asarray(groups)
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    held = HELD_OUT * len(groups)
    parts: dict[str, list] = {"test": [], "validation": [], "train": []}
    filled = dict.fromkeys(parts, 0)
    for k in order:
        part = next((p for p in ("test", "validation") if filled[p] + sizes[k] / 2 < held), "train")
        parts[part].append(names[k])
        filled[part] += sizes[k]
    where = {part: np.flatnonzero(np.isin(groups, names)) for part, names in parts.items()}
    return SplitRows(where["train"], where["validation"], where["test"])


@dataclasses.dataclass(frozen=True)
class Source:
    """Where parts come from: enough to make them again.

    data: "open", "kaggle" or a path; seed: of the split; limit: at most so many training faces;
    grown: the training faces have mirror twins and transformed copies (THESIS 4.7).
    all_rows: the training faces are also those of which only some points are labelled.
    from_edge: the labels counted from the picture's edge and were moved half a pixel back.
    """

    data: str
    seed: int = 0
    limit: int | None = None
    grown: bool = False
    all_rows: bool = False
    from_edge: bool = False


@dataclasses.dataclass(frozen=True)
class Splits:
    """Cleaned faces; no person or copy stands in two. Validation and test are fully labelled."""

    train: faces.Faces
    validation: faces.Faces
    test: faces.Faces
    source: Source

    def fingerprint(self) -> str:
        """Changes when a training or validation face or label does."""
        return self.train.fingerprint()[:8] + self.validation.fingerprint()[:8]


@functools.lru_cache(maxsize=2)
def load(
    data: str,
    seed: int = 0,
    limit: int | None = None,
    grown: bool = False,
    all_rows: bool = False,
    from_edge: bool = False,
) -> Splits:
    """Load, clean as chapter 02 says, keep complete faces, split by group, then grow if asked.

    limit: keep at most so many training faces, and a quarter as many in the other parts
    (the smoke profile). all_rows: training also gets the partly labelled faces of groups that the
    other parts do not have. from_edge: the labels are taken to count from the picture's edge and
    come half a pixel further left and up, see `faces.HALF_PIXEL`. Raises InputError for bad
    input, and for too few faces or groups to make three parts.
    """
    rows = sources.read(data)
    rows = cleaning.clean(rows, checked(rows))
    if from_edge:
        moved = rows.keypoints - np.float32(faces.HALF_PIXEL)
        rows = dataclasses.replace(rows, keypoints=moved)
    complete = rows.complete()
    split = grouped_split(complete.groups, seed)
    few = limit and limit // 4
    parts = (split.train, limit), (split.validation, few), (split.test, few)
    if not all(len(index) for index, _ in parts):
        count = len(np.unique(complete.groups))
        raise InputError(
            f"{data}: {len(complete)} clean, fully labelled faces in {count} groups "
            "cannot be split into three parts; add faces, or use --data open"
        )
    train, validation, test = (complete.take(index[:most]) for index, most in parts)
    if grown:
        train = grow(train, seed)
    if all_rows:
        held = np.concatenate([validation.groups, test.groups])
        some = np.isfinite(rows.keypoints).all(axis=2).any(axis=1) & ~rows.is_complete()
        free = np.flatnonzero(some & ~np.isin(rows.groups, held))
        train = faces.joined(train, rows.take(free[:limit]))
    return Splits(train, validation, test, Source(data, seed, limit, grown, all_rows, from_edge))


def grow(part: faces.Faces, seed: int) -> faces.Faces:
    """Faces with their mirror twins and ten transformed copies of both: 22 times as many."""
    images, points = augment.transformed_copies(part.images, part.keypoints, seed)
    times = len(images) // len(part)
    return faces.Faces(
        images, points, np.tile(part.ids, times), np.tile(part.groups, times), part.name
    )


def checked(rows: faces.Faces) -> cleaning.Report:
    """`cleaning.check`, kept in the cache: checking the same faces again costs nothing."""
    # A check looks at groups, too, and names rows by their ids.
    numbers = np.stack([rows.ids, rows.groups]).astype(np.int64).tobytes()
    named = f"{rows.fingerprint()}-{hashlib.sha256(numbers).hexdigest()[:8]}"
    store = files.cache() / f"check-{cleaning.VERSION}-{named}.json"
    report = files.stored(lambda p: cleaning.Report.from_json(files.read_sealed(p)), store)
    if report is None:
        report = cleaning.check(rows)
        files.write_sealed(store, report.to_json())
    return report
