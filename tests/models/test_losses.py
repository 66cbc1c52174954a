"""Losses over labelled coordinates only."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.evaluation import metrics
from fkd_utils.models import losses


def of_error(loss, pixels):
    """The loss of one face whose 30 coordinates are all off by `pixels`, in double precision."""
    truth = np.zeros((1, 30))
    return float(loss(truth, truth + np.float64(pixels) / 48))


def random_faces(n=6):
    rng = np.random.default_rng(0)
    truth = rng.uniform(10, 80, (n, 15, 2)).astype(np.float32)
    predicted = truth + rng.normal(0, 6, truth.shape).astype(np.float32)
    truth[rng.random((n, 15)) < 0.4] = np.nan
    return truth, predicted


def test_mse_is_that_of_the_measures():
    truth, predicted = random_faces()
    ours = losses.masked_mse(faces.to_targets(truth), faces.to_targets(predicted))
    assert float(ours) == pytest.approx(metrics.mse(truth, predicted), rel=1e-5)


def test_smooth_l1_is_huber_in_pixels():
    truth, predicted = random_faces()
    known = np.isfinite(truth)
    huber = keras.losses.Huber(delta=1.0)(truth[known], predicted[known])
    ours = losses.smooth_l1(faces.to_targets(truth), faces.to_targets(predicted))
    assert float(ours) == pytest.approx(float(huber), rel=1e-4)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    # 10 ln(1 + 2 / 2) = 6.931472; 10 ln 6 = 17.917595 at the joint; beyond it a pixel costs 1.
    [(0, 0.0), (2, 6.931472), (-2, 6.931472), (10, 17.917595), (13, 20.917595)],
)
def test_wing_by_hand(pixels, expected):
    assert of_error(losses.wing, pixels) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("loss", "joint", "slopes"),
    # Smooth L1 meets smoothly; Wing bends, from 10 / (2 + 10) to 1.
    [(losses.smooth_l1, 1.0, (1, 1)), (losses.wing, 10.0, (10 / 12, 1))],
)
def test_both_pieces_meet_at_the_joint(loss, joint, slopes):
    h = 1e-4
    below, at, above = (of_error(loss, joint + x) for x in (-h, 0, h))
    assert (at - below) / h == pytest.approx(slopes[0], abs=1e-2)
    assert (above - at) / h == pytest.approx(slopes[1], abs=1e-2)


def gradient(loss, truth, start):
    """dLoss / dPrediction (n, 30) by the back-end: what one step of plain descent takes away."""
    model = keras.Sequential([keras.layers.Input((len(start),)), keras.layers.Dense(30)])
    model.compile(keras.optimizers.SGD(1.0), loss=loss)
    model.layers[0].set_weights([start, np.zeros(30, np.float32)])
    model.train_on_batch(np.eye(len(start), dtype=np.float32), truth)  # one weight, one output
    return start - model.layers[0].get_weights()[0]


@pytest.mark.parametrize("loss", losses.LOSSES.values(), ids=losses.LOSSES)
def test_gradient_is_that_of_finite_differences_and_moves_no_masked_point(loss):
    rng = np.random.default_rng(1)
    truth = rng.uniform(-0.5, 0.5, (3, 30)).astype(np.float32)
    # 3 px: on either side of no joint, so that the differences are smooth.
    start = truth + rng.choice([-1, 1], truth.shape).astype(np.float32) * np.float32(3 / 48)
    truth[0, 4:] = np.nan
    truth[1] = np.nan
    found = gradient(loss, truth, start)
    assert np.isfinite(found).all()
    assert np.all(found[np.isnan(truth)] == 0)
    double, h = truth.astype(np.float64), 1e-5
    for where in [(0, 0), (0, 3), (2, 17)]:
        ends = []
        for sign in (-1, 1):
            moved = start.astype(np.float64)
            moved[where] += sign * h
            ends.append(float(loss(double, moved)))
        assert found[where] == pytest.approx((ends[1] - ends[0]) / (2 * h), rel=1e-2)
        assert abs(found[where]) > 1e-4


@pytest.mark.parametrize("loss", losses.LOSSES.values(), ids=losses.LOSSES)
def test_a_batch_without_labels_costs_nothing_and_teaches_nothing(loss):
    truth = np.full((2, 30), np.nan, np.float32)
    start = np.random.default_rng(2).normal(size=(2, 30)).astype(np.float32)
    assert float(loss(truth, start)) == 0
    assert np.all(gradient(loss, truth, start) == 0)


@settings(max_examples=30)
@given(st.sampled_from(sorted(losses.LOSSES)), st.floats(0.01, 40), st.floats(0.01, 40))
def test_larger_errors_cost_more(name, a, b):
    loss, low, high = losses.LOSSES[name], min(a, b), max(a, b)
    assert of_error(loss, low) <= of_error(loss, -high) + 1e-9
