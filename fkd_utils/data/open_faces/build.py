"""The open set: faces made from the embedded photographs, in the shape of the Kaggle set."""

import collections.abc
import concurrent.futures.process
import contextlib
import dataclasses
import functools
import itertools
import multiprocessing
import os
import pathlib
import shutil
import zipfile

import cv2
import numpy as np

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.data.open_faces import label_noise, render
from fkd_utils.files import InputError

VERSION = "4"  # changes with every change of what `build` writes
_SEED = 20261121
_PLAN, _PICTURE, _LABEL, _COPY, _TEST = range(5)  # separate random streams
_BYTES = tuple(str(value).encode() for value in range(256))
Progress = collections.abc.Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How many rows of each sort to make; see `label_noise.plan`."""

    first: int = 2140
    gaps: int = 144
    second: int = 2850
    copies: int = 100
    wrong: int = 10
    test: int = 600


def build(folder: pathlib.Path, progress: Progress | None = None) -> None:
    """Make the set in `folder`: under a minute on two cores, the same bytes every time.

    Writes training.zip, test.zip, IdLookupTable.csv and SampleSubmission.csv as Kaggle does, and
    groups.csv (the team of each training row; no person is in two teams), test_keypoints.csv (the
    answers) and planted.csv (the rows that were spoilt on purpose). The folder appears when all of
    it is complete. `progress` is called with the pictures done and the pictures in all.
    Raises InputError when `folder` holds something already.
    """
    make(folder, Sizes(), processes=2, progress=progress)


def make(
    folder: pathlib.Path, sizes: Sizes, processes: int, progress: Progress | None = None
) -> None:
    """`build` with any number of rows and processes; with one process, none is started."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty; delete it or name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        try:
            _write(aside, sizes, processes, progress)
        except concurrent.futures.process.BrokenProcessPool:
            # A program read from a pipe, or one without a __main__ guard, cannot start helpers.
            _write(aside, sizes, 1, progress)
        if folder.exists():
            folder.rmdir()  # Windows renames onto nothing only
        os.replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@dataclasses.dataclass(frozen=True)
class Task:
    """One picture to make: the seed of its face, its team, and the seed of a near copy or ()."""

    seed: tuple[int, ...]
    team: int
    copy: tuple[int, ...] = ()


def picture(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """The (96, 96) uint8 picture of a task and its (15, 2) true keypoints."""
    face, points = render.draw(task.seed, photographs.teams()[task.team])
    if task.copy:
        face, points = label_noise.near_copy(np.random.default_rng(task.copy), face, points)
    return face, points


def _worker(task: Task) -> tuple[bytes, np.ndarray]:
    """The picture of a task as the text of its column, and its true keypoints."""
    face, points = picture(task)
    return b" ".join([_BYTES[value] for value in face.ravel().tolist()]), points


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


def test_task(number: int) -> Task:
    """How to make test picture `number` (from 0); the held-out teams take turns."""
    held_out = photographs.HELD_OUT
    return Task((_SEED, _TEST, number), held_out[number % len(held_out)])


test_task.__test__ = False  # not a test, whatever pytest thinks of its name


@contextlib.contextmanager
def _mapper(processes: int) -> collections.abc.Iterator[collections.abc.Callable]:
    """A function like `map` that spreads the work over processes and keeps the order."""
    if processes == 1:
        yield map
        return
    with concurrent.futures.ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=cv2.setNumThreads,
        initargs=(1,),
    ) as pool:
        try:
            yield functools.partial(pool.map, chunksize=32)
        finally:
            pool.shutdown(cancel_futures=True)


def _write(folder: pathlib.Path, sizes: Sizes, processes: int, progress: Progress | None) -> None:
    plan = training_plan(sizes)
    total = len(plan) + sizes.test
    tasks = [training_task(number, row) for number, row in enumerate(plan)]
    tasks += [test_task(number) for number in range(sizes.test)]
    with _mapper(processes) as mapper:
        done = _counted(mapper(_worker, tasks), total, progress)
        _write_training(folder, plan, itertools.islice(done, len(plan)))
        _write_test(folder, done)


def _counted(
    results: collections.abc.Iterable, total: int, progress: Progress | None
) -> collections.abc.Iterator:
    for count, result in enumerate(results, 1):
        yield result
        if progress:
            progress(count, total)


def _write_training(
    folder: pathlib.Path,
    plan: list[label_noise.Row],
    results: collections.abc.Iterator[tuple[bytes, np.ndarray]],
) -> None:
    true = np.empty((len(plan), len(faces.KEYPOINTS), 2))
    planted = [b"row,kind,other"]
    with _zipped(folder / "training.zip", "training.csv") as file:
        file.write(",".join((*faces.COLUMNS, "Image")).encode() + b"\n")
        for number, (row, (text, points)) in enumerate(zip(plan, results, strict=True)):
            same = row.kind == "exact_copy"  # down to what the labeller wrote
            rng = np.random.default_rng((_SEED, _LABEL, row.source if same else number))
            true[number] = points
            labels, other = label_noise.label(rng, points, row, true[:number])
            file.write(b"%s,%s\n" % (_numbers(labels), text))
            if row.kind:
                other = row.source if row.kind in label_noise.COPIES else other
                shown = "" if other < 0 else other
                planted.append(f"{number},{row.kind},{shown}".encode())
    groups = [b"group", *(str(row.team).encode() for row in plan)]
    _lines(folder / "groups.csv", groups)
    _lines(folder / "planted.csv", planted)


def _write_test(
    folder: pathlib.Path, results: collections.abc.Iterator[tuple[bytes, np.ndarray]]
) -> None:
    answers = [",".join(("ImageId", *faces.COLUMNS)).encode()]
    lookup, sample = [b"RowId,ImageId,FeatureName,Location"], [b"RowId,Location"]
    four = [column for column in faces.COLUMNS if column[:-2] in faces.FOUR_POINTS]
    with _zipped(folder / "test.zip", "test.csv") as file:
        file.write(b"ImageId,Image\n")
        for number, (text, points) in enumerate(results, 1):
            file.write(b"%d,%s\n" % (number, text))
            answers.append(b"%d,%s" % (number, _numbers(points)))
            # Kaggle asks for all 15 points of about one picture in three, else for the four.
            for column in faces.COLUMNS if number % 3 == 1 else four:
                lookup.append(b"%d,%d,%s" % (len(lookup), number, column.encode()))
                sample.append(b"%d,0" % len(sample))
    _lines(folder / "test_keypoints.csv", answers)
    _lines(folder / "IdLookupTable.csv", lookup)
    _lines(folder / "SampleSubmission.csv", sample)


@contextlib.contextmanager
def _zipped(path: pathlib.Path, member: str) -> collections.abc.Iterator:
    """A zip file with one member to write to; its date is 1 January 1980, so bytes repeat."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(member, "w", force_zip64=True) as file,
    ):
        yield file


def _numbers(points: np.ndarray) -> bytes:
    """The 30 coordinates as Kaggle writes them; nothing where a point is missing."""
    return ",".join(["" if x != x else f"{x:.12g}" for x in points.ravel().tolist()]).encode()


def _lines(path: pathlib.Path, lines: list[bytes]) -> None:
    path.write_bytes(b"\n".join(lines) + b"\n")
