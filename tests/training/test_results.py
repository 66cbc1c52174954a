import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces, files
from fkd_utils.data import cleaning
from fkd_utils.evaluation import statistics
from fkd_utils.training import results
from studies import publish


def test_statistics_by_hand():
    points = np.zeros((11, 15, 2))
    points[:5], points[5:10] = 48, 72
    points[10, 3] = np.nan
    points[10, 4:7] = [(95.6, 3), (95.5, -0.5), (0, 95.9)]
    result = statistics.label_statistics(points)
    assert (result["rows"], result["complete"]) == (11, 10)
    assert result["counts"]["left_eye_outer_corner"] == 10
    assert result["counts"]["nose_tip"] == 11
    assert (result["lowest"], result["highest"]) == ([0, -0.5], [95.6, 95.9])
    assert (result["above_95_5"], result["below_0"]) == (2, 1)
    assert result["target_mean"] == pytest.approx(0.25)
    assert result["target_variance"] == pytest.approx(0.0625)
    assert result["mean_face_mse"] == pytest.approx((12 / 48) ** 2)
    # The last two of ten lie at 72; the mean of the eight others is (5 * 48 + 3 * 72) / 8 = 57.
    held = result["mean_face_mse_held_out"]
    assert held["last_rows"] == pytest.approx((15 / 48) ** 2)
    assert held["lowest"] < held["highest"]


def test_stored_statistics_have_the_form_of_those_that_come_with_the_course(tmp_path):
    points = np.random.default_rng(0).uniform(0, 95, (10, 15, 2))
    points[7, 2] = np.nan
    publish.write_kaggle_labels(points, tmp_path)
    stored = results.kaggle_labels(tmp_path)
    assert stored == statistics.label_statistics(points)
    assert list(stored) == list(results.kaggle_labels())


def test_kaggle_numbers_are_the_competitions():
    kaggle = results.kaggle_labels()
    assert (kaggle["rows"], kaggle["complete"]) == (7049, 2140)
    assert tuple(kaggle["counts"]) == faces.KEYPOINTS
    # THESIS says variance 1 and reports 0.00500 for its linear model.
    assert 0.14 < kaggle["target_variance"] < 0.16
    assert kaggle["mean_face_mse"] < 0.00500
    # They reach beyond 95.5 and never below 0: 0 seems to be the picture's edge.
    assert kaggle["above_95_5"] > 0 == kaggle["below_0"]
    assert 95.5 < kaggle["highest"][1] < 96


def test_the_check_of_real_faces_was_made_by_the_present_checker():
    found = results.real_faces_check()
    assert found["checker"] == cleaning.VERSION
    assert 0 < found["flagged"] < found["pairs"] < found["rows"]


def test_a_published_run_tells_what_its_files_say():
    run = results.published("wild_first")
    assert run.settings["title"] == "first"
    assert len(run.history) == run.settings["epochs"] == 1000
    errors = run.errors("test")
    assert errors.shape == (run.metrics["test_faces"], 15, 2)
    assert np.mean((errors / 48) ** 2) == pytest.approx(run.metrics["test"]["mse"], rel=1e-4)
    mse = run.metrics["test"]["mse"]
    assert run.face_mse("test").mean() == pytest.approx(mse, rel=1e-4)
    assert np.mean(run.distances("test") ** 2) == pytest.approx(2 * 48**2 * mse, rel=1e-4)
    text = run.summary()
    assert f"{run.metrics['validation_mse']:.5f} at epoch {run.metrics['best_epoch']}" in text
    assert f"MSE {run.metrics['test']['mse']:.5f}" in text


def test_which_faces_belong_together_is_an_array_of_the_predictions(tmp_path):
    files.save_arrays(tmp_path / "predictions.npz", {"test_group": np.array([4, 4, 2])})
    run = results.Stored(tmp_path, {}, {}, pd.DataFrame())
    assert run.groups("test").tolist() == run.array("test_group").tolist() == [4, 4, 2]


def test_the_mean_face_of_the_real_faces_has_all_measures():
    real = results.mean_face_measures()
    for part in ("validation", "test"):
        assert set(real[part]) == {"mse", "rmse_px", "mean_px", "nme"}
        assert real[part]["rmse_px"] == pytest.approx(48 * real[part]["mse"] ** 0.5)


def test_a_training_loss_that_is_no_mse_is_not_called_one():
    assert "training MSE there" in results.published("wild_fourth").summary()
    assert "training loss there" in results.published("wild_final").summary()


def test_one_validation_face_in_a_hundred_is_wider():
    limit, run = results.widest_spread(), results.published(results.DEFAULT_NETWORK)
    share = (run.array("validation_spread").mean(axis=1) > limit).mean()
    assert 0.005 < share < 0.015  # of 196 faces two
    assert results.widest_spread(results.FOURTH) is None  # it has no maps
