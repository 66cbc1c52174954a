"""The open set: its files, its people, its planted dirt."""

import csv
import io
import os
import pathlib
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.data.open_faces import build, label_noise, render
from fkd_utils.files import InputError

SIZES = build.Sizes(first=60, gaps=6, second=40, copies=10, wrong=4, test=9)
TINY = build.Sizes(first=12, gaps=2, second=8, copies=0, wrong=0, test=2)
FILES = {
    "training.zip",
    "test.zip",
    "groups.csv",
    "planted.csv",
    "test_keypoints.csv",
    "IdLookupTable.csv",
    "SampleSubmission.csv",
}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def member(path: pathlib.Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [name]
        return rows(archive.read(name).decode())


def pixels(row: dict[str, str]) -> np.ndarray:
    values = row["Image"].split(" ")
    assert len(values) == 96 * 96
    return np.array(values, int)


def points(row: dict[str, str]) -> np.ndarray:
    values = [float(row[column] or "nan") for column in faces.COLUMNS]
    return np.array(values).reshape(15, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("open") / "set"
    build.make(path, SIZES, processes=1)
    return path


@pytest.fixture(scope="module")
def training(folder) -> list[dict[str, str]]:
    return member(folder / "training.zip", "training.csv")


@pytest.fixture(scope="module")
def planted(folder) -> list[dict[str, str]]:
    return rows((folder / "planted.csv").read_text())


@pytest.fixture(scope="module")
def groups(folder) -> list[int]:
    return [int(row["group"]) for row in rows((folder / "groups.csv").read_text())]


def test_files_are_the_ones_promised(folder):
    assert {path.name for path in folder.iterdir()} == FILES
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_training_has_kaggles_columns_and_the_counts_asked_for(training):
    assert list(training[0]) == [*faces.COLUMNS, "Image"]
    assert len(training) == SIZES.first + SIZES.gaps + SIZES.second
    given = np.array([np.isfinite(points(row)).all(axis=1).sum() for row in training])
    early, late = given[: SIZES.first + SIZES.gaps], given[SIZES.first + SIZES.gaps :]
    assert (early == 15).sum() == SIZES.first
    assert late.max() <= 4


def test_second_labeller_gives_only_the_four_points(training):
    four = [faces.INDEX[name] for name in faces.FOUR_POINTS]
    others = np.setdiff1d(np.arange(15), four)
    for row in training[SIZES.first + SIZES.gaps :]:
        assert np.isnan(points(row)[others]).all()


def test_labels_lie_in_the_picture_and_pixels_are_bytes(training):
    for row in training:
        given = points(row)
        given = given[np.isfinite(given)]
        assert given.min() >= 0
        assert given.max() <= 95
    values = np.concatenate([pixels(row) for row in training[::10]])
    assert values.min() >= 0
    assert values.max() <= 255
    assert 30 < values.std() < 90


def test_left_eye_is_to_the_right_in_clean_rows(training, planted):
    swapped = {int(row["row"]) for row in planted if row["kind"] == "swapped"}
    assert swapped
    for number, row in enumerate(training):
        left, right = points(row)[:2, 0]
        assert (left < right) == (number in swapped)


def test_copies_are_where_planted_says(training, planted, groups):
    kinds = [row["kind"] for row in planted]
    assert kinds.count("exact_copy") == kinds.count("near_copy") == 4
    assert kinds.count("relabelled_copy") == 2
    for row in planted:
        if row["kind"] not in label_noise.COPIES:
            continue
        number, other = int(row["row"]), int(row["other"])
        assert other < number
        assert groups[number] == groups[other]
        one, two = pixels(training[number]), pixels(training[other])
        if row["kind"] == "near_copy":
            assert (one != two).any()
            assert np.corrcoef(one, two)[0, 1] > 0.9
        else:
            assert (one == two).all()
            same = np.array_equal(points(training[number]), points(training[other]), True)
            assert same == (row["kind"] == "exact_copy")


def test_no_other_pictures_are_alike(training, planted):
    copies = {int(row["row"]) for row in planted if row["kind"] in label_noise.COPIES}
    texts = [row["Image"] for number, row in enumerate(training) if number not in copies]
    assert len(set(texts)) == len(texts)


def test_held_out_people_are_in_no_training_picture(groups, monkeypatch):
    plan = build.training_plan(build.Sizes())
    assert len({row.team for row in plan}) >= 24
    assert len(photographs.HELD_OUT) >= 4
    seen: dict[int, set[int]] = {}
    real = photographs.photo
    current = -1

    def noting(index: int) -> photographs.Photo:
        seen.setdefault(current, set()).add(index)
        return real(index)

    monkeypatch.setattr(photographs, "photo", noting)
    tasks = [build.training_task(number, plan[number]) for number in range(60)]
    tasks += [build.test_task(number) for number in range(20)]
    for task in tasks:
        current = task.team
        build.picture(task)
    assert {task.team for task in tasks[60:]} == set(photographs.HELD_OUT)
    assert not {task.team for task in tasks[:60]} & set(photographs.HELD_OUT)
    people = [index for indices in seen.values() for index in indices]
    assert len(people) == len(set(people))


def test_full_size_is_the_real_sets():
    plan = build.training_plan(build.Sizes())
    labellers = [row.labeller for row in plan]
    assert labellers.count("first") == 2140
    assert labellers.index("second") == 2284
    assert set(labellers[2284:]) == {"second"}
    assert labellers.count("second") >= 2800
    kinds = [row.kind for row in plan]
    assert kinds.count("exact_copy") + kinds.count("relabelled_copy") == 60
    assert kinds.count("near_copy") == 40
    assert sum(kind in label_noise.WRONG for kind in kinds) == 10
    wrong = [number for number, row in enumerate(plan) if row.kind in label_noise.WRONG]
    assert all(plan[number].labeller == "first" for number in wrong)


def test_test_files_fit_together(folder):
    pictures = member(folder / "test.zip", "test.csv")
    assert list(pictures[0]) == ["ImageId", "Image"]
    ids = [int(row["ImageId"]) for row in pictures]
    assert ids == list(range(1, SIZES.test + 1))
    answers = rows((folder / "test_keypoints.csv").read_text())
    assert [int(row["ImageId"]) for row in answers] == ids
    for number, (shown, answer) in enumerate(zip(pictures, answers, strict=True)):
        face, true = build.picture(build.test_task(number))
        np.testing.assert_array_equal(pixels(shown), face.ravel())
        np.testing.assert_allclose(points(answer), true, atol=1e-6)
    lookup = rows((folder / "IdLookupTable.csv").read_text())
    sample = rows((folder / "SampleSubmission.csv").read_text())
    assert list(lookup[0]) == ["RowId", "ImageId", "FeatureName", "Location"]
    assert [row["RowId"] for row in lookup] == [row["RowId"] for row in sample]
    assert [int(row["RowId"]) for row in lookup] == list(range(1, len(lookup) + 1))
    assert {row["FeatureName"] for row in lookup} == set(faces.COLUMNS)
    asked = {number: sum(int(row["ImageId"]) == number for row in lookup) for number in ids}
    assert set(asked.values()) == {8, 30}


def test_two_processes_write_the_same_bytes(tmp_path):
    counts = []
    build.make(tmp_path / "one", TINY, processes=1)
    build.make(tmp_path / "two", TINY, 2, lambda done, total: counts.append((done, total)))
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert counts == [(done, 24) for done in range(1, 25)]


def test_works_in_a_program_without_a_main_guard(tmp_path):
    # Its helpers would run the program again from the top, and are stopped by Python.
    program = tmp_path / "program.py"
    program.write_text(
        "import pathlib, sys\n"
        "from fkd_utils.data.open_faces import build\n"
        "sizes = build.Sizes(first=4, gaps=0, second=0, copies=0, wrong=0, test=1)\n"
        "build.make(pathlib.Path(sys.argv[1]), sizes, processes=2)\n"
    )
    command = [sys.executable, str(program), str(tmp_path / "set")]
    root = str(photographs.FOLDER.parents[1])
    ran = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "RuntimeError" in ran.stderr
    assert {path.name for path in (tmp_path / "set").iterdir()} == FILES


def test_a_failed_build_leaves_nothing(tmp_path, monkeypatch):
    real = render.draw

    def failing(seed, team):
        if seed[-1] == 5:
            raise KeyboardInterrupt
        return real(seed, team)

    monkeypatch.setattr(render, "draw", failing)
    with pytest.raises(KeyboardInterrupt):
        build.make(tmp_path / "set", TINY, processes=1)
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_folder_with_something_in_it(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="not empty"):
        build.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
