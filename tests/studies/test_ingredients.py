"""What an ingredient is worth: by hand, from stored errors, and end to end in small."""

import numpy as np
import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.data import splits
from studies import ingredients
from studies.open_faces import build, render


def test_habits_of_the_other_half_are_taken_off_by_hand():
    # Two groups of two faces. Everyone is wrong by (3, 0) in group 0 and by (5, 0) in group 1:
    # less the other half's habit that leaves 2 pixels on each face.
    errors = np.zeros((4, 15, 2))
    errors[:2, :, 0], errors[2:, :, 0] = 3, 5
    arrays = {
        "group": np.array([0, 0, 1, 1]),
        "eye_distance": np.full(4, 50.0),
        "nothing_errors": errors,
        "smiles_errors": 2 * errors,
    }
    table = ingredients.worth(arrays).set_index("without")
    assert table.nme["nothing"] == pytest.approx(100 * 4 / 50)
    assert table.own["nothing"] == pytest.approx(100 * 2 / 50)
    assert table.own["smiles"] == pytest.approx(100 * 4 / 50)
    assert table.more["smiles"] == pytest.approx(4)
    assert table.more["nothing"] == 0


def test_the_stored_table_follows_from_the_stored_errors():
    folder = files.PUBLISHED / "ingredients"
    with np.load(folder / "errors.npz") as arrays:
        table = ingredients.worth(arrays)
    stored = pd.read_csv(folder / "worth.csv")
    assert stored.without.tolist() == list(ingredients.LEFT_OUT)
    pd.testing.assert_frame_equal(stored, table, rtol=1e-3, atol=1e-4)


def test_faces_are_those_of_open_less_what_is_left_out(monkeypatch):
    few = build.training_plan(build.Sizes())[:10]
    monkeypatch.setattr(build, "training_plan", lambda sizes: few)
    whole, shipped = ingredients.drawn("nothing"), splits.load("open")
    for image, row in zip(whole.images, whole.ids, strict=True):
        where = np.flatnonzero(shipped.train.ids == row)
        for place in where:  # those of the other parts are not there
            away = np.abs(shipped.train.images[place].astype(float) - image)
            assert away.mean() < 4  # what JPEG costs
    bare = ingredients.drawn("all of them")
    assert ingredients.without("all of them") == render.INGREDIENTS
    assert (bare.images != whole.images).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(bare.ids, whole.ids)
