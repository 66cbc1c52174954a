"""The open set: faces made from the embedded photographs, in the shape of the Kaggle set.

`python -m studies open` writes it anew into data/open, which readers get as it is. On another
processor some grey values differ by a few levels: then it is another set.
"""

import collections.abc
import dataclasses
import multiprocessing
import pathlib
import shutil

import cv2
import numpy as np
import pandas as pd
import PIL.Image

from fkd_utils import faces
from fkd_utils.data import open_set, photographs
from studies.open_faces import label_noise, render

_SEED = 20261129
_PLAN, _PICTURE, _LABEL, _COPY, _TEST = range(5)  # separate random streams
# The sheets: so a face is 1.8 kB, and its grey values are off by 1.2 on average.
_JPEG = {"format": "JPEG", "quality": 85, "optimize": True}


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How many rows of each sort to make; see `label_noise.plan`."""

    first: int = 2140
    gaps: int = 144
    second: int = 2850
    copies: int = 100
    wrong: int = 10
    test: int = 600


def build(folder: pathlib.Path, sizes: Sizes = Sizes(), processes: int = 2) -> None:
    """Make the set in `folder`, in about a minute on two cores.

    Writes training.jpg, training.csv, test.jpg and IdLookupTable.csv as `open_set` reads them, and
    groups.csv (the team of each training row; no person is in two teams), test_keypoints.csv (the
    answers) and planted.csv (the rows that were spoilt on purpose). They replace older ones
    when all are complete. With one process, none is started.
    """
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    plan = training_plan(sizes)
    tasks = [training_task(number, row) for number, row in enumerate(plan)]
    tasks += [held_out_task(number) for number in range(sizes.test)]
    if processes == 1:
        made = [picture(task) for task in tasks]
    else:
        context = multiprocessing.get_context("spawn")
        with context.Pool(processes, cv2.setNumThreads, (1,)) as pool:
            made = pool.map(picture, tasks, chunksize=32)
    images, points = map(np.stack, zip(*made, strict=True))
    _write_training(aside, plan, images[: len(plan)], points[: len(plan)])
    _write_test(aside, images[len(plan) :], points[len(plan) :])
    folder.mkdir(exist_ok=True)
    for path in aside.iterdir():
        path.replace(folder / path.name)
    aside.rmdir()


@dataclasses.dataclass(frozen=True)
class Task:
    """One picture to make: the seed of its face, its team, and the seed of a near copy or ()."""

    seed: tuple[int, ...]
    team: int
    copy: tuple[int, ...] = ()


def picture(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """The (96, 96) uint8 picture of a task and its (15, 2) true keypoints."""
    team = tuple(photographs.names()[index] for index in photographs.teams()[task.team])
    face, points = render.draw(task.seed, team)
    if task.copy:
        face, points = label_noise.near_copy(np.random.default_rng(task.copy), face, points)
    return face, points


def training_plan(sizes: Sizes) -> list[label_noise.Row]:
    """What each training row is."""
    rng = np.random.default_rng((_SEED, _PLAN))
    teams = [k for k in range(photographs.TEAMS) if k not in photographs.HELD_OUT]
    counts = {"first": sizes.first, "gaps": sizes.gaps, "second": sizes.second}
    return label_noise.plan(rng, counts, teams, sizes.copies, sizes.wrong)


def training_task(number: int, row: label_noise.Row) -> Task:
    """How to make the picture of training row `number`."""
    copy = (_SEED, _COPY, number) if row.kind == "near_copy" else ()
    return Task((_SEED, _PICTURE, row.source), row.team, copy)


def held_out_task(number: int) -> Task:
    """How to make test picture `number` (from 0); the held-out teams take turns."""
    held_out = photographs.HELD_OUT
    return Task((_SEED, _TEST, number), held_out[number % len(held_out)])


def _write_training(
    folder: pathlib.Path, plan: list[label_noise.Row], images: np.ndarray, true: np.ndarray
) -> None:
    labelled, planted = [], []
    for number, (row, points) in enumerate(zip(plan, true, strict=True)):
        same = row.kind == "exact_copy"  # down to what the labeller wrote
        rng = np.random.default_rng((_SEED, _LABEL, row.source if same else number))
        labels, other = label_noise.label(rng, points, row, true[:number])
        labelled.append(labels.ravel())
        if row.kind:
            other = row.source if row.kind in label_noise.COPIES else other
            planted.append((number, row.kind, "" if other < 0 else other))
    sheet(images).save(folder / "training.jpg", **_JPEG)
    _table(folder / "training.csv", labelled, faces.COLUMNS)
    _table(folder / "groups.csv", [row.team for row in plan], ["group"])
    _table(folder / "planted.csv", planted, ["row", "kind", "other"])


def _write_test(folder: pathlib.Path, images: np.ndarray, true: np.ndarray) -> None:
    answers, lookup = [], []
    four = [column for column in faces.COLUMNS if column[:-2] in faces.FOUR_POINTS]
    for number, points in enumerate(true, 1):
        answers.append((number, *points.ravel()))
        # Kaggle asks for all 15 points of about one picture in three, else for the four.
        for column in faces.COLUMNS if number % 3 == 1 else four:
            lookup.append((len(lookup) + 1, number, column, ""))
    sheet(images).save(folder / "test.jpg", **_JPEG)
    _table(folder / "test_keypoints.csv", answers, ["ImageId", *faces.COLUMNS])
    _table(folder / "IdLookupTable.csv", lookup, ["RowId", "ImageId", "FeatureName", "Location"])


def sheet(images: np.ndarray) -> PIL.Image.Image:
    """Pictures (n, 96, 96) in rows of `open_set.COLUMNS`: one picture, black where none is left."""
    rows = -(-len(images) // open_set.COLUMNS)
    full = np.zeros((rows * open_set.COLUMNS, faces.SIDE, faces.SIDE), np.uint8)
    full[: len(images)] = images
    grid = full.reshape(rows, open_set.COLUMNS, faces.SIDE, faces.SIDE).swapaxes(1, 2)
    return PIL.Image.fromarray(grid.reshape(rows * faces.SIDE, open_set.COLUMNS * faces.SIDE))


def _table(path: pathlib.Path, rows: list, columns: collections.abc.Sequence[str]) -> None:
    """Write a csv with numbers as Kaggle writes them; nothing where a point is missing."""
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(path, index=False, float_format="%.3f", lineterminator="\n")
