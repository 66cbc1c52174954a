"""The open set: its files, its people, its planted dirt."""

import csv
import io
import pathlib

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import open_set, photographs
from studies.open_faces import build, label_noise, render

SIZES = build.Sizes(first=60, gaps=6, second=40, copies=10, wrong=4, test=9)
TINY = build.Sizes(first=12, gaps=2, second=8, copies=0, wrong=0, test=2)
FILES = {
    "training.jpg",
    "training.csv",
    "test.jpg",
    "groups.csv",
    "planted.csv",
    "test_keypoints.csv",
    "IdLookupTable.csv",
}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def pictures(path: pathlib.Path, count: int) -> np.ndarray:
    return open_set.cut(np.asarray(PIL.Image.open(path)), count)


def pixels(row: dict) -> np.ndarray:
    return row["Image"].ravel().astype(int)


def points(row: dict[str, str]) -> np.ndarray:
    values = [float(row[column] or "nan") for column in faces.COLUMNS]
    return np.array(values).reshape(15, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("open") / "set"
    build.build(path, SIZES, processes=1)
    return path


@pytest.fixture(scope="module")
def training(folder) -> list[dict]:
    table = rows((folder / "training.csv").read_text())
    images = pictures(folder / "training.jpg", len(table))
    return [row | {"Image": image} for row, image in zip(table, images, strict=True)]


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
    texts = [row["Image"].tobytes() for number, row in enumerate(training) if number not in copies]
    assert len(set(texts)) == len(texts)


def test_held_out_people_are_in_no_training_picture(groups, monkeypatch):
    plan = build.training_plan(build.Sizes())
    assert len({row.team for row in plan}) >= 24
    assert len(photographs.HELD_OUT) >= 4
    seen: dict[int, set[int]] = {}
    real = photographs.photo
    current = -1

    def noting(name: str) -> photographs.Photo:
        person = name.split("/")[1].split("_")[0]  # 001_03 smiles on 001_08
        seen.setdefault(current, set()).add(person)
        return real(name)

    monkeypatch.setattr(photographs, "photo", noting)
    tasks = [build.training_task(number, plan[number]) for number in range(60)]
    tasks += [build.held_out_task(number) for number in range(20)]
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
    answers = rows((folder / "test_keypoints.csv").read_text())
    ids = [int(row["ImageId"]) for row in answers]
    assert ids == list(range(1, SIZES.test + 1))
    shown = pictures(folder / "test.jpg", SIZES.test).astype(float)
    for number, answer in enumerate(answers):
        face, true = build.picture(build.held_out_task(number))
        assert np.abs(shown[number] - face).mean() < 4  # what JPEG costs
        np.testing.assert_allclose(points(answer), true, atol=6e-4)
    lookup = rows((folder / "IdLookupTable.csv").read_text())
    assert list(lookup[0]) == ["RowId", "ImageId", "FeatureName", "Location"]
    assert [int(row["RowId"]) for row in lookup] == list(range(1, len(lookup) + 1))
    assert {row["FeatureName"] for row in lookup} == set(faces.COLUMNS)
    asked = {number: sum(int(row["ImageId"]) == number for row in lookup) for number in ids}
    assert set(asked.values()) == {8, 30}


@given(count=st.integers(1, 3 * open_set.COLUMNS), seed=st.integers(0, 9))
def test_a_sheet_is_cut_into_the_faces_it_was_made_of(count, seed):
    images = np.random.default_rng(seed).integers(0, 256, (count, 96, 96), np.uint8)
    sheet = np.asarray(build.sheet(images))
    assert sheet.shape == (96 * -(-count // open_set.COLUMNS), 96 * open_set.COLUMNS)
    last = count - 1  # by hand: where the last face stands
    y, x = 96 * (last // open_set.COLUMNS), 96 * (last % open_set.COLUMNS)
    np.testing.assert_array_equal(sheet[y : y + 96, x : x + 96], images[last])
    np.testing.assert_array_equal(open_set.cut(sheet, count), images)


def test_two_processes_write_the_same_bytes(tmp_path):
    build.build(tmp_path / "one", TINY, processes=1)
    build.build(tmp_path / "two", TINY, processes=2)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_failed_build_leaves_the_old_set(tmp_path, monkeypatch):
    build.build(tmp_path / "set", TINY, processes=1)
    before = (tmp_path / "set" / "training.csv").read_bytes()
    monkeypatch.setattr(render, "draw", None)
    with pytest.raises(TypeError):
        build.build(tmp_path / "set", TINY, processes=1)
    assert {path.name for path in (tmp_path / "set").iterdir()} == FILES
    assert (tmp_path / "set" / "training.csv").read_bytes() == before


def test_the_shipped_set_is_what_the_builder_makes():
    """Sixty-four faces: within a few grey levels, since processors round differently."""
    plan, shipped = build.training_plan(build.Sizes()), open_set.read_training()
    assert [row.team for row in plan] == shipped.groups.tolist()
    chosen = [k for k in range(0, len(plan), 40) if not plan[k].kind][:64]
    for number in chosen:
        face, true = build.picture(build.training_task(number, plan[number]))
        away = np.abs(shipped.images[number].astype(float) - face)
        assert away.mean() < 4 and np.percentile(away, 99) < 25
        if plan[number].labeller == "first":
            np.testing.assert_allclose(shipped.keypoints[number], true, atol=1e-3)
