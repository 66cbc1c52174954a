"""The shipped set: what a sheet holds, the same in the competition's format, damage told."""

import shutil

import numpy as np
import PIL.Image
import pytest

from fkd_utils import faces
from fkd_utils.data import kaggle, open_set, photographs
from fkd_utils.files import InputError


def test_the_set_has_the_sizes_and_groups_of_the_competitions():
    training, test = open_set.read_training(), open_set.read_test()
    assert training.images.shape == (5134, 96, 96) and training.images.dtype == np.uint8
    assert len(training.complete()) > 2100
    assert set(training.groups) == set(range(photographs.TEAMS)) - set(photographs.HELD_OUT)
    np.testing.assert_array_equal(training.ids, np.arange(5134))
    np.testing.assert_array_equal(test.ids, np.arange(600))
    assert np.isnan(test.keypoints).all() and len(test.images) == 600
    size = sum(path.stat().st_size for path in open_set.FOLDER.iterdir())
    assert size <= 16_000_000


def test_its_files_in_the_competitions_format_hold_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_CACHE", str(tmp_path / "cache"))
    open_set.unpack(tmp_path / "set")
    for read, whole in (
        (kaggle.read_training, open_set.read_training()),
        (kaggle.read_test, open_set.read_test()),
    ):
        again = read(tmp_path / "set")
        np.testing.assert_array_equal(again.images, whole.images)
        np.testing.assert_array_equal(again.keypoints, whole.keypoints)
        np.testing.assert_array_equal(again.ids, whole.ids)
    assert set(open_set.TABLES) < {path.name for path in (tmp_path / "set").iterdir()}
    lookup = kaggle.read_lookup(tmp_path / "set")
    assert len(np.unique(lookup.images)) == 600


@pytest.mark.parametrize("name", ["training.jpg", "training.csv", "groups.csv"])
@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "another"])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, monkeypatch, name, damage):
    folder = tmp_path / "open"
    folder.mkdir()
    for path in open_set.FOLDER.iterdir():
        (folder / path.name).symlink_to(path)
    monkeypatch.setattr(open_set, "FOLDER", folder)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == "empty":
        (folder / name).write_bytes(b"")
    elif damage == "cut":
        (folder / name).write_bytes(content[: len(content) // 2 + 1])
    elif damage == "another" and name == "training.jpg":
        PIL.Image.new("L", (96, 96)).save(folder / name)
    elif damage == "another":
        shutil.copyfile(folder / "planted.csv", folder / name)
    with pytest.raises(InputError, match=rf"{name}: .*git checkout -- data"):
        open_set.read_training()


def test_labels_lie_in_the_picture_and_left_is_the_subjects():
    points = open_set.read_training().keypoints
    known = points[np.isfinite(points)]
    assert known.min() >= 0 and known.max() <= faces.SIDE - 1
    left, right = (points[:, faces.INDEX[f"{side}_eye_center"], 0] for side in ("left", "right"))
    assert np.nanmean(left > right) > 0.99
