import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.evaluation import metrics


def test_one_point_three_four_five():
    truth = np.full((1, 15, 2), np.nan)
    predicted = np.zeros((1, 15, 2))
    truth[0, faces.INDEX["left_eye_outer_corner"]] = 70, 40
    truth[0, faces.INDEX["right_eye_outer_corner"]] = 20, 40
    predicted[0] = truth[0]
    predicted[0, faces.INDEX["left_eye_outer_corner"]] = 73, 44
    # Two points are labelled, one is 3 px and 4 px off: distances 5 and 0, eyes 50 px apart.
    assert metrics.mean_px(truth, predicted) == pytest.approx(2.5)
    assert metrics.nme(truth, predicted) == pytest.approx(5.0)
    assert metrics.rmse_px(truth, predicted) == pytest.approx((25 / 4) ** 0.5)
    assert metrics.mse(truth, predicted) == pytest.approx(25 / 4 / 48**2)


def test_mse_is_what_keras_computes_on_targets():
    import keras

    rng = np.random.default_rng(0)
    truth, predicted = rng.uniform(0, 95, (2, 7, 15, 2))
    a, b = faces.to_targets(truth), faces.to_targets(predicted)
    oracle = float(keras.losses.MeanSquaredError()(a, b))
    assert metrics.mse(truth, predicted) == pytest.approx(oracle, rel=1e-5)
    assert metrics.face_mse(truth, predicted).mean() == pytest.approx(oracle, rel=1e-5)
    assert metrics.keypoint_mse(truth, predicted).mean() == pytest.approx(oracle, rel=1e-5)


def test_unlabelled_coordinates_do_not_count():
    rng = np.random.default_rng(1)
    truth, predicted = rng.uniform(0, 95, (2, 7, 15, 2))
    truth[3, 5] = np.nan
    before = metrics.measures(truth, predicted)
    predicted[3, 5] += 1000
    assert metrics.measures(truth, predicted) == before


@pytest.mark.parametrize("where", [np.s_[:], np.s_[2, 4], np.s_[2, 4, 1]])
def test_an_answer_that_is_no_number_is_no_missing_label(where):
    rng = np.random.default_rng(1)
    truth, predicted = rng.uniform(0, 95, (2, 7, 15, 2))
    truth[3, 5] = truth[6] = np.nan
    predicted[3, 5] = np.nan  # nobody asks for it
    assert np.isfinite(list(metrics.measures(truth, predicted).values())).all()
    assert np.isfinite(metrics.face_mse(truth, predicted)).tolist() == [True] * 6 + [False]
    predicted[where] = np.nan
    assert np.isnan(list(metrics.measures(truth, predicted).values())).all()
    assert np.isnan(metrics.face_mse(truth, predicted)[2])
    assert np.isnan(metrics.keypoint_mse(truth, predicted)[4])


def test_the_root_mean_square_distance_is_larger_than_the_mean_distance():
    rng = np.random.default_rng(2)
    truth = rng.uniform(20, 70, (50, 15, 2))
    predicted = truth + rng.normal(0, 2, truth.shape)
    rms_distance = metrics.rmse_px(truth, predicted) * 2**0.5
    assert rms_distance > metrics.mean_px(truth, predicted)


def test_mean_face_is_the_best_constant():
    rng = np.random.default_rng(3)
    truth = rng.uniform(0, 95, (40, 15, 2))
    mean = metrics.mean_face(truth)
    best = metrics.mse(truth, np.broadcast_to(mean, truth.shape))
    for shift in rng.normal(0, 0.5, (5, 15, 2)):
        assert metrics.mse(truth, np.broadcast_to(mean + shift, truth.shape)) > best
