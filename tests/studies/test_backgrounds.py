"""Portraits before one wall and before many: only the wall differs, and nobody is met twice."""

import cv2
import numpy as np
import pytest

from fkd_utils.data import photographs, splits
from studies import backgrounds, transfer


@pytest.fixture(scope="module")
def sets():
    return backgrounds.portrait_sets(views=1)


@pytest.mark.parametrize("view", [0, 1, 2])
def test_the_same_face_stands_before_both(view):
    (studio, points), (other, same) = (
        backgrounds.portrait(7, view, behind) for behind in backgrounds.BEHIND
    )
    np.testing.assert_array_equal(points, same)
    inside = np.zeros(studio.shape, np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.float32(points)).astype(np.int32), 1)
    away = np.abs(studio.astype(int) - other)
    assert away[inside > 0].mean() < 2  # what is left where the person covers the wall
    assert away[:12, :12].mean() > 10 or away[:12, -12:].mean() > 10


def test_points_lie_where_the_template_has_them():
    # The left eye of the photograph and of the portrait look alike: a patch around it agrees.
    picture, points = backgrounds.portrait(7, 0, "studio")
    x, y = np.round(points[0]).astype(int)
    patch = picture[y - 2 : y + 3, x - 2 : x + 3].mean()
    around = picture[y + 10 : y + 13, x - 2 : x + 3].mean()
    assert patch < around - 15  # a dark pupil above a bright cheek


def test_people_who_are_asked_about_were_not_met(sets):
    for behind in backgrounds.BEHIND:
        met, others = (set(sets[name].groups) for name in (f"{behind}, met", behind))
        assert not met & others and len(met | others) == len(photographs.names())
        assert len(sets[behind]) == 3 * backgrounds.HELD
    np.testing.assert_array_equal(sets["studio"].keypoints, sets["anything"].keypoints)


def test_a_study_is_made_once_and_read_again(sets, tmp_path, monkeypatch):
    monkeypatch.setattr(backgrounds, "PATH", tmp_path / "backgrounds.csv")
    few = {name: part.take(np.arange(12)) for name, part in sets.items()}
    monkeypatch.setattr(backgrounds, "portrait_sets", lambda views: few)
    monkeypatch.setattr(backgrounds, "EPOCHS", 1)
    monkeypatch.setattr(transfer, "EPOCHS", 1)
    monkeypatch.setattr(splits, "load", lambda data, load=splits.load: load(data, limit=24))
    rows = backgrounds.study("open", 1)
    assert set(rows.faces) == {"studio", "anything", "real"}
    one = rows[(rows.network == "Fourth") & (rows.behind == "studio") & (rows.faces == "studio")]
    assert len(one) == 4 and (one["count"] == 3).all() and (one.mean_px > 0).all()
    monkeypatch.setattr(backgrounds, "_taught", None)  # nothing is left to be made
    assert len(backgrounds.study("open", 1)) == len(rows)
