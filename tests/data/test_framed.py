"""The pictures of chapters 15a and 15b: frames, folders, parts."""

import numpy as np
import PIL.Image
import pytest

from fkd_utils import faces
from fkd_utils.data import framed, photographs
from fkd_utils.files import InputError


def write_asf(folder, name, points=58, size=(64, 48)):
    """A grey picture with a white dot of 8 x 8 around point 52, as IMM stores it."""
    picture = np.full(size[::-1], 90, np.uint8)
    picture[20:28, 28:36] = 250
    PIL.Image.fromarray(picture).save(folder / f"{name}.png")
    middle = (31.5 / size[0], 23.5 / size[1])
    rows = [f"0 0 {x} {y} {k} 0 0" for k, (x, y) in enumerate([middle] * points)]
    text = "\n".join([str(points), *rows, f"{name}.png"]) + "\n"
    (folder / f"{name}.asf").write_text(text, encoding="utf-8")


def test_the_embedded_are_framed_anew_each_and_one_of_each_person():
    found, broken = framed.load("open")
    assert found.pictures.shape == (142, 180, 240) and found.points.shape == (142, 189, 2)
    assert not broken and len(set(found.people)) == 142 and found.source == "open"
    # The frame moves by 24 and 18 pixels of the photograph at most, and shrinks it by 276 / 180.
    corner = photographs.templates() / (276 / 180) - found.points
    middle = (corner.max(axis=(0, 1)) + corner.min(axis=(0, 1))) / 2
    most = np.abs(corner - middle).max(axis=(0, 1))
    np.testing.assert_allclose(most, np.array([24, 18]) / (276 / 180), atol=1e-4)
    assert corner.std(axis=0).max() > 5  # it does move
    np.testing.assert_allclose(corner.std(axis=1), 0, atol=1e-4)  # and a face stays whole
    rows = list(faces.FROM_189["nose_tip"])
    np.testing.assert_array_equal(found.tip, found.points[:, rows].mean(axis=1))


def test_a_folder_is_shrunk_with_its_points(tmp_path):
    for person in range(14):
        write_asf(tmp_path, f"{person:02d}-1m")
    found, broken = framed.load(str(tmp_path))
    assert not broken and found.source == tmp_path.name
    assert found.people.tolist() == [f"{person:02d}" for person in range(14)]
    weights = (found.pictures[0] > 170).astype(float)
    y, x = np.mgrid[:180, :240]
    centre = np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()
    np.testing.assert_allclose(found.tip[0], centre, atol=0.5)


def test_files_with_other_points_and_broken_ones_are_named(tmp_path):
    for person in range(3):
        write_asf(tmp_path, f"{person}-1m")
    write_asf(tmp_path, "3-1m", points=5)
    (tmp_path / "4-1m.asf").write_text("none", encoding="utf-8")
    found, broken = framed.load(str(tmp_path))
    assert len(found.pictures) == 3 and len(broken) == 2
    assert any("3-1m.png: 5 points, the others have 58" in line for line in broken)


def test_a_picture_without_points_is_told_of(tmp_path):
    for name in ("01-1m", "02-1m"):
        write_asf(tmp_path, name)
    (tmp_path / "02-1m.asf").unlink()
    found, told = framed.load(str(tmp_path))
    assert len(found.points) == 1
    assert len(told) == 1 and "a picture has no .asf file of the same name; left out" in told[0]


def test_points_nobody_knows_and_too_few_people_are_told(tmp_path):
    write_asf(tmp_path, "1-1m", points=7)
    with pytest.raises(InputError, match=r"faces with 7 points; .* of 189, 58, 73 points"):
        framed.load(str(tmp_path))
    (tmp_path / "1-1m.asf").unlink()
    for person in range(9):
        write_asf(tmp_path, f"{person}-1m")
    found, _ = framed.load(str(tmp_path))
    with pytest.raises(InputError, match=r"7 pictures to learn from, 2 of other people"):
        framed.split(found, str(tmp_path), 0)


def test_nobody_is_on_both_sides(tmp_path):
    for person in range(20):
        for k in (1, 2):
            write_asf(tmp_path, f"{person:02d}-{k}m")
    found, _ = framed.load(str(tmp_path))
    train, held = framed.split(found, str(tmp_path), 3)
    sides = [set(found.people[rows]) for rows in (train, held)]
    assert not sides[0] & sides[1] and len(train) + len(held) == 40
