"""Descriptions of machines and what they measured."""

import keras
import numpy as np
import pandas as pd
import pytest

from fkd_utils.evaluation import timing
from fkd_utils.files import InputError


@pytest.fixture
def measured(tiny_network) -> pd.DataFrame:
    return timing.measurements("a desk", {"tiny": tiny_network}, repeats=2, trained=16)


def test_measurements_come_back_from_the_file(measured, tmp_path):
    timing.write_measured(measured, tmp_path / "desk.csv")
    stored = timing.read_measured(tmp_path)
    assert list(stored.columns) == list(timing.COLUMNS)
    assert set(zip(stored.measure, stored.pictures, strict=True)) == {
        ("train", 16),
        ("score", 428),
        ("score", 1),
    }
    np.testing.assert_allclose(stored["median"], measured["median"], rtol=1e-3)
    assert (stored.low <= stored["median"]).all() and (stored["median"] <= stored.high).all()
    assert set(stored.machine) == {"a desk"} and set(stored.kind) <= {"cpu", "gpu"}
    assert stored.device[0] and stored.cores[0] >= 1 and "keras" in stored.versions[0]


def test_no_files_give_a_table_without_rows(tmp_path):
    assert list(timing.read_measured(tmp_path).columns) == list(timing.COLUMNS)
    assert len(timing.read_measured(tmp_path)) == 0


def test_a_broken_file_is_named_with_row_and_column(measured, tmp_path):
    measured = measured.astype({"median": object})
    measured.loc[1, "median"] = "fast"
    measured.to_csv(tmp_path / "desk.csv", index=False)
    with pytest.raises(InputError, match=r"desk\.csv, row 3, column 'median'"):
        timing.read_measured(tmp_path)
    measured.drop(columns="network").to_csv(tmp_path / "desk.csv", index=False)
    with pytest.raises(InputError, match=r"desk\.csv: no column 'network'"):
        timing.read_measured(tmp_path)


def test_the_stored_measurements_can_be_read():
    stored = timing.read_measured()
    assert list(stored.columns) == list(timing.COLUMNS)
    assert len(stored) > 0


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="asks TensorFlow for cards")
@pytest.mark.parametrize(
    ("cards", "details", "name", "kind"),
    [
        ([], {}, "", "cpu"),
        (["a"], {"device_name": "Quick 9"}, "Quick 9", "gpu"),
        (["a", "b"], {}, "GPU", "gpu"),
    ],
)
def test_a_graphics_card_is_named_when_there_is_one(monkeypatch, cards, details, name, kind):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda what: cards)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda card: details)
    assert timing.graphics_card() == name
    described = timing.describe("a desk")
    assert (described["kind"], described["device"]) == (kind, name or timing.processor())
