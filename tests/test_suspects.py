import drawnfaces
import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import label_errors


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
