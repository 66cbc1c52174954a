import numpy as np
import pytest

from fkd_utils import cleaning, keypoints, published


def test_statistics_by_hand():
    points = np.zeros((3, 15, 2))
    points[0], points[1] = 48, 72
    points[2, 3] = np.nan
    result = published.label_statistics(points)
    assert (result["rows"], result["complete"]) == (3, 2)
    assert result["counts"]["left_eye_outer_corner"] == 2
    assert result["counts"]["nose_tip"] == 3
    assert result["target_mean"] == pytest.approx(0.25)
    assert result["target_variance"] == pytest.approx(0.0625)
    assert result["mean_face_mse"] == pytest.approx((12 / 48) ** 2)


def test_kaggle_numbers_are_the_competitions():
    kaggle = published.kaggle_labels()
    assert (kaggle["rows"], kaggle["complete"]) == (7049, 2140)
    assert tuple(kaggle["counts"]) == keypoints.KEYPOINTS
    # THESIS says variance 1 and reports 0.00500 for its linear model.
    assert 0.14 < kaggle["target_variance"] < 0.16
    assert kaggle["mean_face_mse"] < 0.00500


def test_the_check_of_real_faces_was_made_by_the_present_checker():
    found = published.real_faces_check()
    assert found["checker"] == cleaning.VERSION
    assert 0 < found["flagged"] < found["pairs"] < found["rows"]
