"""The 68 points: their mirror, the template's nearest, crops that move picture and points alike."""

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photographs, sixty_eight
from fkd_utils.demo import detection
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError


def mean_template() -> np.ndarray:
    return photographs.templates().mean(axis=0)


def test_mirroring_twice_is_nothing():
    order = sixty_eight.mirror_order()
    assert sorted(order) == list(range(68))
    assert (order[order] == np.arange(68)).all()


def test_the_mean_face_mirrored_lies_on_itself():
    points = sixty_eight.from_189(mean_template())
    middle = points[[27, 28, 29, 30, 33, 51, 57, 62, 66], 0].mean()
    mirrored = points[sixty_eight.mirror_order()] * (-1, 1) + (2 * middle, 0)
    assert np.abs(mirrored - points).max() < 2.5  # of 384; a wrong twin is off by more than 8


def test_the_fifteen_points_come_out_the_same_either_way():
    for template in photographs.templates()[::20]:
        either = faces.to_fifteen(sixty_eight.from_189(template), faces.FROM_68)
        other = faces.to_fifteen(template, faces.FROM_189)
        gaps = np.linalg.norm(either - other, axis=1)
        # The eyes' centres are marked in the template, and a mean of the lids here.
        assert gaps[2:].max() < 1e-3
        assert gaps[:2].max() < 6


def test_jaw_and_brows_are_evenly_spaced():
    points = sixty_eight.from_189(mean_template())
    for rows in (range(0, 9), range(8, 17), range(17, 22), range(22, 27)):
        steps = np.linalg.norm(np.diff(points[list(rows)], axis=0), axis=1)
        # Along the line they are equal; a chord across a corner is shorter.
        assert steps.max() < 1.25 * steps.min()


@given(st.floats(-0.06, 0.06), st.floats(-0.06, 0.06), st.floats(0.92, 1.08))
def test_no_point_leaves_a_wobbling_crop(right, down, size):
    points = np.array([(20.0, 40), (220, 50), (90, 300), (120, 40)])
    square = sixty_eight.square_of(points, right, down, size)
    places = detection.to_crop(points, square)
    assert places.min() > -1 and places.max() < 96  # a square of whole pixels is off by half of one


def test_crops_show_the_same_spot_under_the_point():
    grey = np.full((300, 300), 30, np.uint8)
    points = np.random.default_rng(0).uniform(80, 220, (68, 2)).astype(np.float32)
    points[0] = 150, 120
    grey[110:131, 140:161] = 250  # around point 0, which mirrors to 16
    crops = sixty_eight.crops([sixty_eight.Photo(grey, points, 0)], 4, np.random.default_rng(1))
    for k, (image, places) in enumerate(zip(*crops, strict=True)):
        centre = np.argwhere(image > 140).mean(axis=0)[::-1]
        assert np.abs(centre - places[16 if k % 2 else 0]).max() < 0.6


def test_points_outside_a_crop_are_unavailable(monkeypatch):
    monkeypatch.setattr(sixty_eight, "MARGIN", 0.5)
    points = np.random.default_rng(0).uniform(80, 220, (68, 2)).astype(np.float32)
    photo = sixty_eight.Photo(np.zeros((300, 300), np.uint8), points, 0)
    places = sixty_eight.crops([photo], 1, np.random.default_rng(1)).points
    missing = np.isnan(places).any(axis=-1)
    assert 0 < missing.sum() < 68
    assert (places[~missing] >= -0.5).all() and (places[~missing] <= 95.5).all()


def test_nme_is_the_measure_of_the_course_on_fifteen_points():
    rng = np.random.default_rng(0)
    truth = rng.uniform(10, 90, (3, 68, 2))
    fifteen = faces.to_fifteen(truth, faces.FROM_68)
    eyes = metrics.eye_distance(fifteen)
    guess = truth + np.array([3, 4])
    assert sixty_eight.nme(truth, guess) == pytest.approx(100 * np.mean(5 / eyes))
    truth[:, 5] = np.nan
    assert sixty_eight.nme(truth, guess) == pytest.approx(100 * np.mean(5 / eyes))
    guess[0, 0] = np.nan  # a network that went astray, no missing label
    assert np.isnan(sixty_eight.nme(truth, guess))


def write_face(folder, name, points=68):
    folder.mkdir(exist_ok=True)
    PIL.Image.new("RGB", (64, 48), (90, 90, 90)).save(folder / f"{name}.png")
    rows = "\n".join(f"{k % 60 + 1} {k % 40 + 1}" for k in range(points))
    text = f"version: 1\nn_points: {points}\n{{\n{rows}\n}}\n"
    (folder / f"{name}.pts").write_text(text, encoding="utf-8")


def test_faces_of_one_photograph_stay_together(tmp_path):
    for name in ("77_1", "77_2", "78_1", "image_0001", "image_0002"):
        write_face(tmp_path / "set", name)
    write_face(tmp_path / "set", "short", points=5)
    found, broken = sixty_eight.from_pts(tmp_path)
    persons = [photo.person for photo in found]
    assert persons[0] == persons[1] and len(set(persons)) == 4
    assert len(broken) == 1 and "short.png: 5 points" in broken[0]
    np.testing.assert_array_equal(found[0].points[:2], [(0, 0), (1, 1)])


def test_a_broken_picture_does_not_lose_the_others(tmp_path):
    for name in ("77_1", "78_1"):
        write_face(tmp_path / "set", name)
    (tmp_path / "set" / "77_1.png").write_text("no picture")
    found, broken = sixty_eight.from_pts(tmp_path)
    assert len(found) == 1
    assert len(broken) == 1 and "77_1.png: this is no picture" in broken[0]


def test_few_of_many_and_none(tmp_path):
    for k in range(6):
        write_face(tmp_path / "set", f"image_{k}")
    assert len(sixty_eight.from_pts(tmp_path, 3)[0]) == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no \.pts file"):
        sixty_eight.from_pts(tmp_path / "empty")


def test_the_embedded_people_have_the_teams_of_the_open_faces():
    found = sixty_eight.embedded()
    teams = photographs.teams()
    assert len(found) == len(photographs.names())
    assert all(k in teams[photo.person] for k, photo in enumerate(found))
    assert all(photo.points.shape == (68, 2) for photo in found)
