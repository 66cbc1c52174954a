"""The 68 points: their mirror, the template's nearest, folders of them, parts and crops."""

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photographs, photos, sixty_eight, splits
from fkd_utils.files import InputError

# The rows (0-based) of the 68 points whose mean is each of the 15.
FROM_68 = {
    "left_eye_center": (42, 43, 44, 45, 46, 47),
    "right_eye_center": (36, 37, 38, 39, 40, 41),
    "left_eye_inner_corner": (42,),
    "left_eye_outer_corner": (45,),
    "right_eye_inner_corner": (39,),
    "right_eye_outer_corner": (36,),
    "left_eyebrow_inner_end": (22,),
    "left_eyebrow_outer_end": (26,),
    "right_eyebrow_inner_end": (21,),
    "right_eyebrow_outer_end": (17,),
    "nose_tip": (30,),
    "mouth_left_corner": (54,),
    "mouth_right_corner": (48,),
    "mouth_center_top_lip": (51,),
    "mouth_center_bottom_lip": (57,),
}


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
        either = faces.to_fifteen(sixty_eight.from_189(template), FROM_68)
        other = faces.to_fifteen(template, faces.FROM_189)
        gaps = np.linalg.norm(either - other, axis=1)
        # 300-W's points are ends and rims; Kaggle's labellers mark some places beside those.
        beside = [len(set(rows)) > 1 for rows in faces.FROM_189.values()]
        assert gaps[~np.array(beside)].max() < 1e-3
        assert gaps.max() < 12  # of 384 pixels, an eighth of the distance of the eyes


def test_jaw_and_brows_are_evenly_spaced():
    points = sixty_eight.from_189(mean_template())
    for rows in (range(0, 9), range(8, 17), range(17, 22), range(22, 27)):
        steps = np.linalg.norm(np.diff(points[list(rows)], axis=0), axis=1)
        # Along the line they are equal; a chord across a corner is shorter.
        assert steps.max() < 1.25 * steps.min()


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
    found, broken = sixty_eight.load(tmp_path)
    persons = [photo.person for photo in found]
    assert persons[0] == persons[1] and len(set(persons)) == 4
    assert len(broken) == 1 and "short.png: 5 points" in broken[0]
    np.testing.assert_array_equal(found[0].points[:2], [(0, 0), (1, 1)])


def test_a_broken_picture_does_not_lose_the_others(tmp_path):
    for name in ("77_1", "78_1"):
        write_face(tmp_path / "set", name)
    (tmp_path / "set" / "77_1.png").write_text("no picture")
    found, broken = sixty_eight.load(tmp_path)
    assert len(found) == 1
    assert len(broken) == 1 and "77_1.png: this is no picture" in broken[0]


def test_pictures_without_points_are_told_of_whether_others_have_some_or_not(tmp_path):
    folder = tmp_path / "set"
    for name in ("77_1", "78_1", "79_1"):
        write_face(folder, name)
    for name in ("78_1", "79_1"):
        (folder / f"{name}.pts").unlink()
    found, told = sixty_eight.load(folder)
    assert len(found) == 1
    assert told == [
        f"{folder / '78_1.png'}: 2 pictures have no .pts file of the same name; left out"
    ]
    (folder / "77_1.pts").unlink()
    found, told = sixty_eight.load(folder)  # the embedded ones take their place
    assert len(found) == len(photographs.names()) and "77_1.png: 3 pictures have no" in told[0]


def test_few_of_many_and_none(tmp_path):
    for k in range(6):
        write_face(tmp_path / "set", f"image_{k}")
    assert len(sixty_eight.load(tmp_path, 3)[0]) == 3
    (tmp_path / "short").mkdir()
    write_face(tmp_path / "short", "one", points=5)
    with pytest.raises(InputError, match=r"no \.pts file with 68 points .*one\.png: 5 points"):
        sixty_eight.load(tmp_path / "short")


@given(st.floats(-0.06, 0.06), st.floats(-0.06, 0.06), st.floats(-0.08, 0.08))
def test_no_point_leaves_a_wobbling_crop(right, down, more):
    points = np.array([(20.0, 40), (220, 50), (90, 300), (120, 40)])
    square = sixty_eight._around(points, np.array([right, down]), more)
    places = photos.to_crop(points, square)
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


def test_the_embedded_people_have_the_teams_of_the_open_faces():
    (found, broken), teams = sixty_eight.load("open"), photographs.teams()
    assert not broken
    assert len(found) == len(photographs.names())
    assert all(k in teams[photo.person] for k, photo in enumerate(found))
    assert all(photo.points.shape == (68, 2) for photo in found)


def test_the_split_of_the_embedded_is_that_of_the_open_faces():
    found, _ = sixty_eight.load("open")
    parts, of_open = sixty_eight.split(found, "open"), splits.load("open", 0)
    for rows, part in ((parts.train, of_open.train), (parts.validation, of_open.validation)):
        assert {found[k].person for k in rows} == set(part.groups)
    tested = {found[k].person for k in parts.test}
    assert tested and not tested & (set(of_open.train.groups) | set(of_open.validation.groups))


def test_a_folder_is_split_by_photograph(tmp_path):
    for k in range(20):
        for one in (1, 2):
            write_face(tmp_path, f"{k}_{one}")
    found, _ = sixty_eight.load(tmp_path)
    parts = sixty_eight.split(found, str(tmp_path), 3)
    people = [{found[k].person for k in vars(parts)[name]} for name in vars(parts)]
    assert sum(map(len, people)) == len(set.union(*people)) == 20
    with pytest.raises(InputError, match=r"3 photographs, of which .* it takes 4, 1 and 1"):
        sixty_eight.split(found[:3], str(tmp_path))
