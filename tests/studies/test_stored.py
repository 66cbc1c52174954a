"""The stored studies of chapters 14 to 15b: whole, and as the text says of them."""

import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces, files

CASCADE, DENSE = files.PUBLISHED / "cascade", files.PUBLISHED / "dense"
NETWORKS = ("level 1", "level 2", "level 3", "one network")


@pytest.fixture(scope="module")
def levels():
    return pd.read_csv(CASCADE / "levels_open.csv")


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
    attempts = pd.read_csv(CASCADE / "attempts_open.csv")
    epochs = attempts.groupby("attempt").epoch.apply(list)
    assert len(epochs) == 11 and all(e == list(range(1, 101)) for e in epochs)
    lost = attempts.loss.isna().groupby(attempts.attempt).all()
    assert lost["ReLU, Adam, one label missing"] and not lost["ReLU, Adam"]


STARTS = ("as before Glorot", "Glorot", "16 times Glorot", "N(0, 1)", "layer by layer")


def test_every_run_of_sigmoid_layers_is_there_with_every_eighth_epoch():
    sigmoids = pd.read_csv(CASCADE / "sigmoids_open.csv")
    runs = sigmoids.groupby(["start", "rule", "seed"]).epoch.apply(list)
    assert len(runs) == 6 * 4 * 3 and all(epochs == list(range(8, 201, 8)) for epochs in runs)
    shares = sigmoids[[f"layer {k}" for k in (1, 2, 3, 4)]]
    assert ((shares >= 0) & (shares <= 1)).all(axis=None)
    assert set(STARTS) < set(sigmoids.start)
    ends = sigmoids[(sigmoids.epoch == 200) & (sigmoids.rule == "Adam")]
    assert ends.loss.nunique() == 18  # no run is another's copy


def test_every_run_of_the_rivals_is_there():
    rivals = pd.read_csv(CASCADE / "rivals_open.csv")
    runs = set(zip(rivals.rival, rivals.highest, rivals.seed, strict=True))
    names, rates = ("one network", "heat maps"), (0.0003, 0.001, 0.003, 0.01, 0.03)
    assert runs == {(name, rate, seed) for name in names for rate in rates for seed in range(3)}
    assert len(rivals) == rivals.validation.nunique() == 30
    np.testing.assert_allclose(48 * np.sqrt(rivals.mse), rivals.rmse_px, rtol=1e-5)


@pytest.fixture(scope="module")
def noses():
    return pd.read_csv(DENSE / "nose_open.csv")


def test_every_run_of_the_nose_study_is_there_with_every_epoch(noses):
    assert not noses.isna().any(axis=None)
    runs = noses.groupby(["rate", "seed"]).epoch.apply(list)
    assert sorted(runs.index) == sorted((r, s) for r in (0.0001, 0.001, 0.01) for s in range(5))
    assert all(epochs == list(range(1, 51)) for epochs in runs)


def test_no_two_runs_of_the_nose_study_are_the_same(noses):
    ends = noses[noses.epoch == 25]
    assert ends.held_out.nunique() == ends.loss.nunique() == 15


def test_every_run_of_the_other_studies_is_there():
    probes, points = (pd.read_csv(DENSE / f"{name}_open.csv") for name in ("probes", "points"))
    assert probes.seed.tolist() == list(range(5))
    told = {(s, a, e) for s in range(5) for a in (True, False) for e in range(10, 201, 10)}
    assert set(zip(points.seed, points.augmented, points.epoch, strict=True)) == told
    assert len(points) == len(told) and set(points.epochs) == {200}
    assert not probes.isna().any(axis=None)
    last = points.epoch == 200
    assert not points[last].isna().any(axis=None)
    once = points[~last].isna().any()  # what is only known of the finished network
    assert set(once[~once].index) == {
        "epoch",
        "training",
        "held_out",
        "seed",
        "augmented",
        "epochs",
    }


@pytest.mark.parametrize("part", ["all", "worst"])
def test_the_parts_of_an_error_make_the_whole(part):
    points = pd.read_csv(DENSE / "points_open.csv").query("epoch == 200")
    shares = points[[f"{part}_{name}" for name in ("place", "turn", "shape")]]
    assert (shares >= 0).all(axis=None)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
