"""Timing, what is read out of times, and which machine measured what."""

import time

import keras
import numpy as np
import pandas as pd
import pytest

from fkd_utils.evaluation import timing
from fkd_utils.files import InputError


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when the test moves it; processor time runs at half its speed."""
    now = [100.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(timing.time, "process_time", lambda: now[0] / 2)
    return now


def test_warm_up_does_not_count_and_the_spread_is_that_of_the_repeats(clock):
    durations = iter([50.0, 7.0, 3.0, 1.0, 2.0, 5.0, 4.0])  # warm-up, trial, five repeats

    def work():
        clock[0] += next(durations)

    timed = timing.measure(work, repeats=5)
    np.testing.assert_allclose(timed.seconds, [3, 1, 2, 5, 4])
    assert timed.median == pytest.approx(3)
    assert timed.quartiles == pytest.approx((2, 4))
    assert timed.busy == pytest.approx(0.5)


def test_short_work_is_repeated_until_the_clock_can_see_it(clock):
    calls = []

    def work():
        calls.append(1)
        clock[0] += 0.001

    timed = timing.measure(work, repeats=4)
    assert timed.seconds == pytest.approx([0.001] * 4)
    assert len(calls) >= 2 + 4 * 20


def test_sleeping_uses_no_core_and_computing_does():
    sleeping = timing.measure(lambda: time.sleep(0.03), repeats=3)
    assert sleeping.busy < 0.2
    assert sleeping.median >= 0.03
    assert timing.measure(lambda: sum(range(100_000)), repeats=3).busy > sleeping.busy


def test_training_is_timed_by_epoch_without_the_first(tiny_network):
    timed = timing.measure_training(tiny_network, n=20, batch=8, repeats=3)
    assert len(timed.seconds) == len(timed.cpu_seconds) == 3
    assert timed.seconds.min() > 0
    steps = int(tiny_network.optimizer.iterations)
    assert steps == 4 * 3  # epochs with the warm-up, steps of 8, 8 and 4


def test_a_network_for_other_pictures_has_the_same_layers():
    small = timing.network("fourth", side=48)
    assert small.output_shape == (None, 30)
    assert [type(layer) for layer in small.layers] == [
        type(layer) for layer in timing.network("fourth").layers
    ]
    # 48 px halved three times leave 6 x 6 places of 8 filters for the 250 units.
    assert (6 * 6 * 8, 250) in [tuple(weight.shape) for weight in small.weights]


def test_compiled_answers_like_the_network(tiny_network):
    inputs = timing.pictures(5, 16)
    expected = keras.ops.convert_to_numpy(tiny_network(inputs, training=False))
    np.testing.assert_allclose(timing.compiled(tiny_network)(inputs), expected, atol=1e-5)


@pytest.fixture
def measured(tiny_network) -> pd.DataFrame:
    return timing.measurements("a desk", {"tiny": tiny_network}, repeats=2, trained=16)


def test_measurements_come_back_from_the_file(measured, tmp_path):
    measured.to_csv(tmp_path / "desk.csv", index=False, float_format="%.4g")
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
