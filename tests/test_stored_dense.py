"""The stored studies of chapter 15: whole, and what the chapter's text says of them."""

import numpy as np
import pandas as pd
import pytest

from fkd_utils import files

FOLDER = files.PUBLISHED / "dense"


@pytest.fixture(scope="module")
def noses():
    return pd.read_csv(FOLDER / "nose_open.csv")


def test_every_run_of_the_nose_study_is_there_with_every_epoch(noses):
    assert not noses.isna().any(axis=None)
    runs = noses.groupby(["rate", "seed"]).epoch.apply(list)
    assert sorted(runs.index) == sorted((r, s) for r in (0.0001, 0.001, 0.01) for s in range(5))
    assert all(epochs == list(range(1, 51)) for epochs in runs)


def test_no_two_runs_of_the_nose_study_are_the_same(noses):
    ends = noses[noses.epoch == 25]
    assert ends.held_out.nunique() == ends.loss.nunique() == 15


def test_every_run_of_the_other_studies_is_there():
    probes, points = (pd.read_csv(FOLDER / f"{name}_open.csv") for name in ("probes", "points"))
    assert probes.seed.tolist() == list(range(5))
    pairs = {(s, a) for s in range(3) for a in (True, False)}
    assert set(zip(points.seed, points.augmented, strict=True)) == pairs and len(points) == 6
    assert not probes.isna().any(axis=None) and not points.isna().any(axis=None)


@pytest.mark.parametrize("part", ["all", "worst"])
def test_the_parts_of_an_error_make_the_whole(part):
    points = pd.read_csv(FOLDER / "points_open.csv")
    shares = points[[f"{part}_{name}" for name in ("place", "turn", "shape")]]
    assert (shares >= 0).all(axis=None)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
