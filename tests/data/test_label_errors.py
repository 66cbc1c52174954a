"""Planted mistakes are found, by the other labels and by the picture; good labels pass."""

import drawnfaces
import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import cleaning, label_errors
from fkd_utils.faces import Faces


def spoilt(faces: Faces, kind: str, row: int) -> np.ndarray:
    """The labels of a row as they should not be."""
    face = faces.keypoints[row].copy()
    if kind == "another face's":
        known = np.isfinite(faces.keypoints[:, :, 0])
        alike = np.flatnonzero((known == known[row]).all(axis=1))
        away = np.linalg.norm(faces.keypoints[alike] - face, axis=2)
        return faces.keypoints[alike[np.nanmean(away, axis=1).argmax()]]
    return face + {"moved": (14, -12), "lowered": (0, 22)}[kind]


SPOILT = {20: "another face's", 22: "moved", 24: "lowered"}

SPOILT |= {row + 480: kind for row, kind in SPOILT.items()}  # by the second labeller


@pytest.fixture(scope="module")
def scores(drawn):
    points = {row: spoilt(drawn, kind, row) for row, kind in SPOILT.items()}
    faces = drawnfaces.changed(drawn, points=points)
    return label_errors.score(faces.images, faces.keypoints, faces.groups)


@pytest.mark.parametrize("row", SPOILT)
def test_finds_labels_that_do_not_fit_the_picture(scores, row):
    assert scores.away[row] > 2.5
    assert scores.away[row] > np.nanquantile(scores.away, 0.98)
    assert scores.looks[row] < 0


def test_good_labels_fit_their_pictures(scores):
    good = ~np.isin(np.arange(len(scores.away)), list(SPOILT))
    pixels, away, looks = scores.pixels[good], scores.away[good], scores.looks[good]
    assert np.isfinite([pixels, away, looks]).all()
    assert np.median(pixels) < 4
    assert 0.8 < np.median(away) < 1.3
    assert np.mean(looks > 0) > 0.97
    assert not ((away > cleaning.MISPLACED) & (looks < cleaning.NO_FACE)).any()


def test_moves_bring_points_onto_the_reference():
    reference = drawnfaces.FACE * 10 + 24
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.stack([reference @ turn.T * 2 + (5, -3)] * 3)
    points[1, 4:] = np.nan
    points[2, 1:] = np.nan
    moves = label_errors._moves(points, reference)
    placed = np.einsum("nij,npj->npi", moves[:, :, :2], points) + moves[:, np.newaxis, :, 2]
    np.testing.assert_allclose(placed[0], reference, atol=1e-9)
    np.testing.assert_allclose(placed[1, :4], reference[:4], atol=1e-9)
    assert np.isnan(moves[2]).any()  # one point says nothing about turn and size


def test_ridge_from_other_folds_is_the_plain_formula():
    rng = np.random.default_rng(0)
    features = np.hstack([rng.normal(size=(300, 5)), np.ones((300, 1))])
    targets = features @ rng.normal(size=(6, 2)) + rng.normal(size=(300, 2))
    folds, asked = np.arange(300) % 5, np.arange(300) < 250
    learn = np.arange(300) != 7
    found = label_errors._from_others(features, targets, learn, asked, folds)
    fit = learn & (folds != folds[12])
    penalty = np.sqrt(10.0) * np.eye(6)[:5]  # ridge as least squares with five more rows
    rows = np.vstack([features[fit], penalty])
    goals = np.vstack([targets[fit], np.zeros((5, 2))])
    weights = np.linalg.lstsq(rows, goals, rcond=None)[0]
    np.testing.assert_allclose(found[12], features[12] @ weights, rtol=1e-6)
    assert np.isnan(found[250:]).all()
    assert np.isfinite(found[:250]).all()


def test_groups_are_never_on_both_sides():
    groups = np.random.default_rng(0).integers(0, 40, 500)
    folds = label_errors._fold_of_each(groups)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert set(folds) == set(range(5))
    assert set(label_errors._fold_of_each(np.zeros(100, int))) == set(range(5))


def test_too_few_pictures_say_nothing():
    points = drawnfaces.faces(60, second=20).keypoints.astype(float)
    points[0] = points[0][::-1]
    scores = label_errors.score(np.zeros((60, 96, 96), np.uint8), points, np.arange(60))
    assert np.isnan([scores.pixels, scores.away, scores.looks]).all()


def test_without_labels_nothing_is_said(drawn):
    nothing = np.full_like(drawn.keypoints, np.nan)
    found = label_errors.score(drawn.images, nothing, drawn.groups)
    assert np.isnan([found.pixels, found.away, found.looks]).all()


def labels(count=450, seed=0, second=210):
    return drawnfaces.faces(count, seed, second).keypoints.astype(float)


def test_good_labels_raise_no_suspicion():
    points = labels()
    assert label_errors.by_rule(points) == {}
    assert len(label_errors.by_shape(points)) <= 2


def test_rules():
    points = labels()
    index = faces.INDEX
    points[3] = points[3][faces.mirror_order()]
    points[390] = points[390][faces.mirror_order()]  # four points only
    points[5][:, 1] = 96 - points[5][:, 1]  # upside down is mirrored as well
    points[8, index["nose_tip"]] = points[8, index["mouth_center_top_lip"]]
    points[9, 11:15, 1] -= 18
    points[10] = np.nan
    found = label_errors.by_rule(points)
    assert sorted(found) == [3, 5, 8, 9, 390]
    assert "swapped" in found[3]
    assert "swapped" in found[390]
    assert "same place" in found[8]
    assert "mouth" in found[9]


@pytest.mark.parametrize("turn", [0, 60, 90, 180, 270])
def test_rules_do_not_mind_a_turned_face(turn):
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert label_errors.by_rule((drawnfaces.FACE @ matrix.T * 10 + 48)[np.newaxis]) == {}


@pytest.mark.parametrize("row", [7, 380])
def test_shape_finds_a_misplaced_point_and_names_it(row):
    points = labels()
    points[row, faces.INDEX["nose_tip"]] += (16, -14)
    found = label_errors.by_shape(points)
    assert "nose_tip" in found[row]


def test_shape_finds_a_face_of_unusual_size_with_gaps():
    points = labels()
    points[11] = (points[11] - points[11].mean(axis=0)) * 0.3 + (15, 70)
    points[11, 11:] = np.nan
    assert "unusual" in label_errors.by_shape(points)[11]


def test_too_few_rows_say_nothing():
    points = labels(60, second=20)
    points[0] = points[0][::-1]
    assert label_errors.by_shape(points) == {}


def test_fit_recovers_a_normal_distribution_in_spite_of_outliers():
    rng = np.random.default_rng(0)
    covariance = np.array([[9.0, 4.0], [4.0, 16.0]])
    rows = rng.multivariate_normal([50, 30], covariance, 6000)
    rows[:300] += 200
    mean, found = label_errors._fit(rows)
    np.testing.assert_allclose(mean, [50, 30], atol=0.4)
    np.testing.assert_allclose(found, covariance, rtol=0.15)
