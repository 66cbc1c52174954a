"""Cutting a set of faces into training, validation and test parts."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Split:
    """Positions (int64 arrays, each sorted) of the three parts; together they are every face once.

    Weights learn on `train`, the epoch is chosen on `validation`, and nothing is chosen on `test`.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


HELD_OUT = 0.1  # of the faces for validation, and as much again for test


def random_split(n: int, seed: int) -> Split:
    """Split n faces 80/10/10 at random, row by row (THESIS 3.1, its 20% halved into two parts)."""
    order = np.random.default_rng(seed).permutation(n)
    held = round(HELD_OUT * n)
    return Split(np.sort(order[2 * held :]), np.sort(order[:held]), np.sort(order[held : 2 * held]))


def grouped_split(groups: np.ndarray, seed: int) -> Split:
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
    return Split(where["train"], where["validation"], where["test"])
