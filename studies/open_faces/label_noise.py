"""The dirt of the open set: two labellers' habits, missing points, copies and wrong rows.

The Kaggle set has all of it; here the list of what was planted comes with the pictures.
"""

import dataclasses

import cv2
import numpy as np

from fkd_utils import faces
from studies.open_faces import render

COPIES = ("exact_copy", "relabelled_copy", "near_copy")
WRONG = ("swapped", "other_face", "shifted", "mouth_on_nose")
_SHARES = {"exact_copy": 0.4, "relabelled_copy": 0.2, "near_copy": 0.4}
_FOUR = np.array([faces.INDEX[name] for name in faces.FOUR_POINTS])
_MOUTH = np.array([i for i, name in enumerate(faces.KEYPOINTS) if name.startswith("mouth")])
_NOSE = faces.INDEX["nose_tip"]
_LIP = faces.INDEX["mouth_center_bottom_lip"]
# The labeller of the first rows leaves out brows, corners and lips now and then, never the eyes.
_SOMETIMES = np.array([i for i in range(len(faces.KEYPOINTS)) if i not in (*_FOUR[:3],)])


@dataclasses.dataclass(frozen=True)
class Row:
    """What a training row is.

    source: the row whose picture it shows, its own number unless it is a copy. team: number of
    the team. labeller: "first" (15 points), "gaps" (some of the 15) or "second" (4 points).
    kind: "" or one of COPIES and WRONG.
    """

    source: int
    team: int
    labeller: str
    kind: str = ""


def plan(
    rng: np.random.Generator, counts: dict[str, int], teams: list[int], copies: int, wrong: int
) -> list[Row]:
    """The training rows in order: "first" and "gaps" mixed, then all of "second".

    counts: rows for each labeller. copies, wrong: how many rows of each sort to plant.
    """
    early = ["first"] * counts["first"] + ["gaps"] * counts["gaps"]
    labellers = [early[i] for i in rng.permutation(len(early))] + ["second"] * counts["second"]
    rows = [Row(i, int(rng.choice(teams)), who) for i, who in enumerate(labellers)]
    free = {
        who: [int(i) for i in rng.permutation(len(rows)) if labellers[i] == who]
        for who in ("first", "second")
    }
    kinds = [kind for kind in COPIES for _ in range(round(copies * _SHARES[kind]))]
    for k, kind in enumerate(kinds):
        one = free["first" if k % 2 else "second"].pop()
        two = free["first" if k % 2 and (k % 3 or kind == "exact_copy") else "second"].pop()
        old, new = min(one, two), max(one, two)
        rows[new] = Row(old, rows[old].team, labellers[new], kind)
    late = [i for i in free["first"] if i > len(early) // 4]
    for k in range(wrong):
        rows[late[k]] = dataclasses.replace(rows[late[k]], kind=WRONG[k % len(WRONG)])
    return rows


def label(
    rng: np.random.Generator, points: np.ndarray, row: Row, earlier: np.ndarray
) -> tuple[np.ndarray, int]:
    """What the row's labeller wrote down, (15, 2) with NaN, for the true (15, 2) points.

    earlier: (m, 15, 2) true points of rows before this one. Returns the labels and, for points
    taken from another face, the position of that face in `earlier` (else -1).
    """
    given, other = points.copy(), -1
    if row.kind == "swapped":
        given = given[faces.mirror_order()]
    elif row.kind == "shifted":
        given += (rng.uniform(-6, 6), -rng.uniform(0.7, 0.9) * given[:, 1].min())
    elif row.kind == "mouth_on_nose":
        given[_MOUTH, 1] -= given[_MOUTH, 1].mean() - given[_NOSE, 1]
    elif row.kind == "other_face":
        some = rng.choice(len(earlier), min(40, len(earlier)), replace=False)
        away = np.linalg.norm(earlier[some] - points, axis=-1).mean(axis=-1)
        other = int(some[away.argmax()])
        given = earlier[other].copy()
    elif row.kind == "relabelled_copy":
        given += rng.normal(0, 0.7, given.shape)
    if row.labeller == "second":
        given = _second(rng, given)
    elif row.labeller == "gaps":
        count = int(rng.choice([1, 2, 3, 6], p=[0.6, 0.2, 0.1, 0.1]))
        given[rng.choice(_SOMETIMES, count, replace=False)] = np.nan
    return np.clip(given, 0, faces.SIDE - 1), other


def _second(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """Four points by the second labeller, who sets the nose lower and the lip higher."""
    size = np.linalg.norm(points[0] - points[1])
    given = np.full_like(points, np.nan)
    spread = np.array([0.012, 0.012, 0.03, 0.03])[:, np.newaxis] * size
    given[_FOUR] = points[_FOUR] + rng.normal(0, spread, (len(_FOUR), 2))
    given[_NOSE, 1] += 0.06 * size
    given[_LIP, 1] -= 0.04 * size
    if rng.random() < 0.004:
        given[_LIP] = np.nan
    return given


def near_copy(
    rng: np.random.Generator, picture: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Almost the same picture: brightened, or moved by a pixel, or compressed again."""
    way = rng.integers(3)
    if way == 0:
        gain, lift = rng.uniform(0.85, 1.12), rng.uniform(-12, 12)
        return np.clip(np.round(picture * gain + lift), 0, 255).astype(np.uint8), points
    if way == 1:
        x, y = ((1, 0), (-1, 0), (0, 1), (0, -1))[int(rng.integers(4))]
        move = np.array([[1, 0, x], [0, 1, y]], np.float32)
        size = picture.shape[::-1]
        moved = cv2.warpAffine(picture, move, size, None, cv2.INTER_NEAREST, cv2.BORDER_REPLICATE)
        return moved, points + np.array([x, y])
    # One grey level more, or a picture that was compressed before might not change at all.
    lighter = np.minimum(picture, 254) + 1
    return render.compressed(lighter, int(rng.uniform(25, 60))), points
