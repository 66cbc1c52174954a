"""The embedded photographs: licence, size, templates, people and backgrounds."""

import numpy as np
import pytest

from fkd_utils import keypoints, open_photos
from fkd_utils.errors import InputError


def test_attribution_names_every_folder_and_the_licence():
    text = (open_photos.FOLDER / "ATTRIBUTION.md").read_text()
    folders = [path.name for path in open_photos.FOLDER.iterdir() if path.is_dir()]
    assert sorted(folders) == ["canada", "composite", "neutral_front"]
    for name in (*folders, "london_info.csv", "canada_info.csv", "CC BY 4.0", "DeBruine", "Jones"):
        assert name in text
    for number in ("5047666", "4220517", "4055130"):
        assert f"doi.org/10.6084/m9.figshare.{number}" in text


def test_folder_is_small():
    size = sum(path.stat().st_size for path in open_photos.FOLDER.rglob("*") if path.is_file())
    assert size <= 10_000_000


def test_every_person_is_in_one_team():
    people = [index for team in open_photos.teams() for index in team]
    assert sorted(people) == list(range(142))
    assert {len(team) for team in open_photos.teams()} == {5, 6}
    assert set(open_photos.HELD_OUT) < set(range(open_photos.TEAMS))


def test_templates_are_faces_the_right_way_round():
    fifteen = keypoints.to_fifteen(open_photos.templates(), keypoints.FROM_189)
    assert (fifteen[:, 0, 0] > fifteen[:, 1, 0] + 50).all()
    nose, lip = keypoints.INDEX["nose_tip"], keypoints.INDEX["mouth_center_bottom_lip"]
    assert (fifteen[:, :2, 1].max(axis=1) < fifteen[:, nose, 1]).all()
    assert (fifteen[:, nose, 1] < fifteen[:, lip, 1]).all()


@pytest.mark.parametrize("text", ["", "12\n1\t2\n", "189\n1\t2\n"])
def test_a_broken_template_is_named(tmp_path, text):
    path = tmp_path / "x.tem"
    path.write_text(text)
    with pytest.raises(InputError, match=r"x\.tem"):
        open_photos.read_template(path)


@pytest.mark.parametrize("index", [0, 50, 110, 141])
def test_person_is_told_from_wall(index):
    photo = open_photos.photo(index)
    assert photo.grey.shape == photo.cover.shape == photo.person.shape
    assert (photo.cover[:20, :20] < 40).mean() > 0.9
    fifteen = keypoints.to_fifteen(photo.points, keypoints.FROM_189)
    columns, rows = np.round(fifteen).astype(int).T
    assert (photo.cover[rows, columns] == 255).all()
    # Where the cover is full the person is the photograph itself.
    full = photo.cover == 255
    assert np.abs(photo.person - photo.grey)[full].max() < 1.5
    assert 0.2 < full.mean() < 0.9


def test_padding_of_the_canada_pictures_is_cut_off():
    index = next(i for i, name in enumerate(open_photos.names()) if name.startswith("canada"))
    grey = open_photos.photo(index).grey.astype(float)
    assert grey.shape[1] < 384
    assert np.abs(np.diff(grey[:, :3], axis=1)).mean() > 0.1
