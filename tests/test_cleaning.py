import dataclasses
import itertools
import json

import cv2
import drawnfaces
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import cleaning, duplicates, keypoints, picturecheck, suspects
from fkd_utils.faces import Faces


@pytest.fixture(scope="module")
def drawn():
    return drawnfaces.faces(520, second=230)


def changed(faces: Faces, images=None, points=None) -> Faces:
    """A copy with some pictures or points replaced, by row."""
    new = dataclasses.replace(faces, images=faces.images.copy(), keypoints=faces.keypoints.copy())
    for row, image in (images or {}).items():
        new.images[row] = image
    for row, face in (points or {}).items():
        new.keypoints[row] = face
    return new


def grey(picture):
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


# ---- duplicates

ALTERED = {
    "equal": lambda p: p,
    "brighter": lambda p: grey(p * 0.8 + 20.0),
    "gamma": lambda p: grey(255 * (p / 255.0) ** 0.7),
    "lit from a side": lambda p: grey(p * np.linspace(0.75, 1.0, 96)),
    "moved 1": lambda p: np.roll(p, (1, -1), (0, 1)),
    "moved 2": lambda p: np.roll(p, (-2, 2), (0, 1)),
    "compressed": lambda p: cv2.imdecode(
        cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 0
    ),
    "cropped": lambda p: cv2.resize(p[2:94, 2:94], (96, 96)),
}


@pytest.mark.parametrize("how", ALTERED)
def test_finds_altered_copies_and_nothing_else(drawn, how):
    originals = drawn.images[:40]
    copies = np.stack([ALTERED[how](picture) for picture in originals[:20]])
    pairs = duplicates.find(np.concatenate([originals, copies]))
    expected = {(k, 40 + k) for k in range(20)}
    found = set(map(tuple, pairs.tolist()))
    assert len(found & expected) >= 19
    assert found <= expected


def test_equal_pictures_are_found_whatever_they_show():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (9, 96, 96), dtype=np.uint8)
    images[[2, 5, 7]] = images[2]
    images[[3, 8]] = 0  # flat
    images[4] = 255  # flat too, but another
    assert duplicates.find(images).tolist() == [[2, 5], [2, 7], [3, 8], [5, 7]]


def test_a_copy_of_an_equal_pair_is_paired_with_both(drawn):
    one = drawn.images[0]
    images = np.stack([drawn.images[1], ALTERED["brighter"](one), one, drawn.images[2], one])
    assert duplicates.find(images).tolist() == [[1, 2], [1, 4], [2, 4]]


def test_few_pictures():
    assert duplicates.find(np.zeros((1, 96, 96), np.uint8)).shape == (0, 2)
    assert duplicates.find(np.zeros((2, 96, 96), np.uint8)).tolist() == [[0, 1]]


@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40),
        )
    )
)
def test_groups_are_what_walking_along_pairs_reaches(case):
    count, pairs = case
    groups = duplicates.groups(count, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    reach = [{k} for k in range(count)]  # the oracle merges sets
    for i, j in pairs:
        merged = reach[i] | reach[j]
        for k in merged:
            reach[k] = merged
    assert groups.tolist() == [min(cluster) for cluster in reach]


# ---- labels alone


def labels(count=450, seed=0, second=210):
    return drawnfaces.faces(count, seed, second).keypoints.astype(float)


def test_good_labels_raise_no_suspicion():
    points = labels()
    assert suspects.by_rule(points) == {}
    assert len(suspects.by_shape(points)) <= 2


def test_rules():
    points = labels()
    index = keypoints.INDEX
    points[3] = points[3][keypoints.mirror_order()]
    points[390] = points[390][keypoints.mirror_order()]  # four points only
    points[5][:, 1] = 96 - points[5][:, 1]  # upside down is mirrored as well
    points[8, index["nose_tip"]] = points[8, index["mouth_center_top_lip"]]
    points[9, 11:15, 1] -= 18
    points[10] = np.nan
    found = suspects.by_rule(points)
    assert sorted(found) == [3, 5, 8, 9, 390]
    assert "swapped" in found[3]
    assert "swapped" in found[390]
    assert "same place" in found[8]
    assert "mouth" in found[9]


@pytest.mark.parametrize("turn", [0, 60, 90, 180, 270])
def test_rules_do_not_mind_a_turned_face(turn):
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert suspects.by_rule((drawnfaces.FACE @ matrix.T * 10 + 48)[np.newaxis]) == {}


@pytest.mark.parametrize("row", [7, 380])
def test_shape_finds_a_misplaced_point_and_names_it(row):
    points = labels()
    points[row, keypoints.INDEX["nose_tip"]] += (16, -14)
    found = suspects.by_shape(points)
    assert "nose_tip" in found[row]


def test_shape_finds_a_face_of_unusual_size_with_gaps():
    points = labels()
    points[11] = (points[11] - points[11].mean(axis=0)) * 0.3 + (15, 70)
    points[11, 11:] = np.nan
    assert "unusual" in suspects.by_shape(points)[11]


def test_too_few_rows_say_nothing():
    points = labels(60, second=20)
    points[0] = points[0][::-1]
    assert suspects.by_shape(points) == {}
    scores = picturecheck.score(np.zeros((60, 96, 96), np.uint8), points, np.arange(60))
    assert np.isnan([scores.pixels, scores.away, scores.looks]).all()


def test_fit_recovers_a_normal_distribution_in_spite_of_outliers():
    rng = np.random.default_rng(0)
    covariance = np.array([[9.0, 4.0], [4.0, 16.0]])
    rows = rng.multivariate_normal([50, 30], covariance, 6000)
    rows[:300] += 200
    mean, found = suspects._fit(rows)
    np.testing.assert_allclose(mean, [50, 30], atol=0.4)
    np.testing.assert_allclose(found, covariance, rtol=0.15)


# ---- labels against pictures


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
    faces = changed(drawn, points=points)
    return picturecheck.score(faces.images, faces.keypoints, faces.groups)


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
    moves = picturecheck._moves(points, reference)
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
    found = picturecheck._from_others(features, targets, learn, asked, folds)
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
    folds = picturecheck._fold_of_each(groups)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert set(folds) == set(range(5))
    assert set(picturecheck._fold_of_each(np.zeros(100, int))) == set(range(5))


# ---- all together


@pytest.fixture(scope="module")
def dirty(drawn):
    """Rows: 30 equals 10; 31 is 11 moved; 32 equals 12 with other labels; 40 swapped; 50 flat."""
    faces = changed(
        drawn,
        images={
            30: drawn.images[10],
            31: ALTERED["moved 1"](drawn.images[11]),
            32: drawn.images[12],
            50: np.full((96, 96), 77),
        },
        points={
            30: drawn.keypoints[10],
            31: drawn.keypoints[11] + (-1, 1),
            32: drawn.keypoints[12] + (15, 10),
            40: drawn.keypoints[40][keypoints.mirror_order()],
        },
    )
    return dataclasses.replace(faces, ids=faces.ids + 1000)


@pytest.fixture(scope="module")
def report(dirty):
    return cleaning.check(dirty)


def test_check(report):
    assert {(1010, 1030), (1011, 1031), (1012, 1032)} <= set(report.duplicates)
    assert len(report.duplicates) <= 6
    reasons = {suspicion.row: suspicion.reason for suspicion in report.suspicious}
    assert "swapped" in reasons[1040]
    assert "flat" in reasons[1050]
    assert 1032 in reasons
    assert not {1010, 1011, 1030, 1031} & set(reasons)
    assert len(reasons) <= 6


def test_report_is_sorted_and_its_json_has_the_promised_form(report):
    assert cleaning.Report.from_json(report.to_json()) == report
    content = json.loads(report.to_json())
    assert list(content) == ["duplicates", "suspicious"]
    assert content["duplicates"] == sorted(map(list, report.duplicates))
    assert all(i < j for i, j in content["duplicates"])
    rows = [entry["row"] for entry in content["suspicious"]]
    assert rows == sorted(set(rows))
    assert all(set(entry) == {"row", "reason"} for entry in content["suspicious"])


def test_clean_drops_suspicious_rows_and_all_but_one_copy(dirty, report):
    left = set(cleaning.clean(dirty, report).ids.tolist())
    dropped = {suspicion.row for suspicion in report.suspicious}
    assert not left & dropped
    assert not any(i in left and j in left for i, j in report.duplicates)
    in_pairs = set(itertools.chain(*report.duplicates))
    assert left | dropped | in_pairs == set(dirty.ids.tolist())
    assert 1010 in left
    assert 1012 in left  # its copy had the wrong labels


def test_clean_keeps_the_first_with_most_labels():
    images = np.zeros((5, 96, 96), np.uint8)
    points = np.ones((5, 15, 2), np.float32)
    points[0, 3:] = np.nan
    faces = Faces(images, points, np.array([3, 5, 8, 9, 11]), np.arange(5), "made")
    report = cleaning.Report(((3, 5), (5, 8), (3, 8)), (cleaning.Suspicion(9, "made up"),))
    assert cleaning.clean(faces, report).ids.tolist() == [5, 11]
    assert cleaning.clean(faces.take(np.array([0, 4])), report).ids.tolist() == [3, 11]


def test_check_of_few_faces():
    few = drawnfaces.faces(3)
    assert cleaning.check(few) == cleaning.Report((), ())


def test_disagreeing_copies_without_a_judge_are_both_suspicious():
    few = drawnfaces.faces(3)
    few.images[2] = few.images[0]
    few.keypoints[2] = few.keypoints[0] + 9
    rows = {s.row: s.reason for s in cleaning.check(few).suspicious}
    assert "row 2" in rows[0]
    assert "row 0" in rows[2]
    assert "13 px" in rows[0]
