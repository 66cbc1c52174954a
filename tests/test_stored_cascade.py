"""The stored studies of chapter 14: whole, and consistent in themselves."""

import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces, files

FOLDER = files.PUBLISHED / "cascade"
NETWORKS = ("level 1", "level 2", "level 3", "one network")


@pytest.fixture(scope="module")
def levels():
    return pd.read_csv(FOLDER / "levels_open.csv")


def test_every_seed_of_the_levels_is_there(levels):
    assert not levels.isna().any(axis=None)
    pairs = list(zip(levels.seed, levels.network, strict=True))
    assert sorted(pairs) == sorted((seed, name) for seed in range(3) for name in NETWORKS)
    assert levels.mse.nunique() == 12


def test_the_measures_of_the_levels_agree(levels):
    # All faces are complete: the keypoints' means average to the mean of all points.
    by_keypoint = levels[list(faces.KEYPOINTS)].mean(axis=1)
    np.testing.assert_allclose(by_keypoint, levels.mean_px, rtol=1e-5)
    np.testing.assert_allclose(48 * np.sqrt(levels.mse), levels.rmse_px, rtol=1e-5)


def test_a_level_lowers_the_error_of_every_seed(levels):
    px = levels.pivot(index="seed", columns="network", values="mean_px")
    assert (px["level 2"] < 0.8 * px["level 1"]).all()
    assert (px["level 3"] < px["level 2"]).all()
    assert (px["level 3"] < 0.8 * px["one network"]).all()


def test_every_attempt_is_there_with_every_epoch():
    attempts = pd.read_csv(FOLDER / "attempts_open.csv")
    epochs = attempts.groupby("attempt").epoch.apply(list)
    assert len(epochs) == 10 and all(e == list(range(1, 101)) for e in epochs)
    lost = attempts.loss.isna().groupby(attempts.attempt).all()
    assert lost["ReLU, Adam, one label missing"] and not lost["ReLU, Adam"]
