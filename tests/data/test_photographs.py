"""The embedded photographs: licence, size, templates, people and backgrounds."""

import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.files import InputError


def test_attribution_names_every_folder_and_the_licence():
    text = (photographs.FOLDER / "ATTRIBUTION.md").read_text()
    folders = [path.name for path in photographs.FOLDER.iterdir() if path.is_dir()]
    assert sorted(folders) == ["canada", "composite", "neutral_front", "smiling_front"]
    for name in (*folders, "london_info.csv", "canada_info.csv", "CC BY 4.0", "DeBruine", "Jones"):
        assert name in text
    for number in ("5047666", "4220517", "4055130"):
        assert f"doi.org/10.6084/m9.figshare.{number}" in text


def test_folder_is_small():
    size = sum(path.stat().st_size for path in photographs.FOLDER.rglob("*") if path.is_file())
    assert size <= 10_000_000


def test_every_person_is_in_one_team():
    people = [index for team in photographs.teams() for index in team]
    assert sorted(people) == list(range(142))
    assert {len(team) for team in photographs.teams()} == {5, 6}
    assert set(photographs.HELD_OUT) < set(range(photographs.TEAMS))


def test_templates_are_faces_the_right_way_round():
    fifteen = faces.to_fifteen(photographs.templates(), faces.FROM_189)
    assert (fifteen[:, 0, 0] > fifteen[:, 1, 0] + 50).all()
    nose, lip = faces.INDEX["nose_tip"], faces.INDEX["mouth_center_bottom_lip"]
    assert (fifteen[:, :2, 1].max(axis=1) < fifteen[:, nose, 1]).all()
    assert (fifteen[:, nose, 1] < fifteen[:, lip, 1]).all()


@pytest.mark.parametrize("text", ["", "12\n1\t2\n", "189\n1\t2\n"])
def test_a_broken_template_is_named(tmp_path, monkeypatch, text):
    (tmp_path / "x.tem").write_text(text)
    monkeypatch.setattr(photographs, "FOLDER", tmp_path)
    with pytest.raises(InputError, match=r"x\.tem"):
        photographs.template("x")


@pytest.mark.parametrize("index", [0, 50, 110, 141])
def test_person_is_told_from_wall(index):
    photo = photographs.photo(photographs.names()[index])
    assert photo.grey.shape == photo.cover.shape == photo.person.shape
    assert (photo.cover[:20, :20] < 40).mean() > 0.9
    fifteen = faces.to_fifteen(photo.points, faces.FROM_189)
    columns, rows = np.round(fifteen).astype(int).T
    assert (photo.cover[rows, columns] == 255).all()
    # Where the cover is full the person is the photograph itself.
    full = photo.cover == 255
    assert np.abs(photo.person - photo.grey)[full].max() < 1.5
    assert 0.2 < full.mean() < 0.9


def test_padding_of_the_canada_pictures_is_cut_off():
    index = next(i for i, name in enumerate(photographs.names()) if name.startswith("canada"))
    grey = photographs.photo(photographs.names()[index]).grey.astype(float)
    assert grey.shape[1] < 384
    assert np.abs(np.diff(grey[:, :3], axis=1)).mean() > 0.1
