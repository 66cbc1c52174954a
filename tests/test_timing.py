"""Timing, descriptions of machines and the way to ONNX."""

import time

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import cli, machines, onnx_export, timing
from fkd_utils.errors import InputError


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

    timed = timing.measure(work, repeats=4, least=0.02)
    assert timed.seconds == pytest.approx([0.001] * 4)
    assert len(calls) >= 2 + 4 * 20


def test_sleeping_uses_no_core_and_computing_does():
    sleeping = timing.measure(lambda: time.sleep(0.03), repeats=3)
    assert sleeping.busy < 0.2
    assert sleeping.median >= 0.03
    assert timing.measure(lambda: sum(range(100_000)), repeats=3).busy > sleeping.busy


def tiny() -> keras.Model:
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((16, 16, 1)),
            layers.Conv2D(3, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(30),
        ],
        name="tiny",
    )
    model.compile("adam", "mse")
    return model


def test_training_is_timed_by_epoch_without_the_first():
    model = tiny()
    timed = timing.measure_training(model, n=20, batch=8, repeats=3)
    assert len(timed.seconds) == len(timed.cpu_seconds) == 3
    assert timed.seconds.min() > 0
    assert int(model.optimizer.iterations) == 4 * 3  # epochs with the warm-up, steps of 8, 8 and 4


def test_a_network_for_other_pictures_has_the_same_layers():
    small = timing.network("fourth", side=48)
    assert small.output_shape == (None, 30)
    assert [type(layer) for layer in small.layers] == [
        type(layer) for layer in timing.network("fourth").layers
    ]
    # 48 px halved three times leave 6 x 6 places of 8 filters for the 250 units.
    assert (6 * 6 * 8, 250) in [tuple(weight.shape) for weight in small.weights]


def test_compiled_and_onnx_answer_like_the_network(tmp_path):
    model, inputs = tiny(), timing.pictures(5, 16)
    expected = keras.ops.convert_to_numpy(model(inputs, training=False))
    np.testing.assert_allclose(timing.compiled(model)(inputs), expected, atol=1e-5)
    onnx_export.export(model, tmp_path / "tiny.onnx")
    score = onnx_export.scorer(tmp_path / "tiny.onnx")
    np.testing.assert_allclose(score(inputs), expected, atol=1e-4)
    assert score(inputs[:1]).shape == (1, 30)  # any number of pictures
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.onnx"]


@pytest.mark.parametrize("name", ["first", "second", "third", "fourth"])
def test_the_course_networks_survive_the_way_to_onnx(name):
    model, inputs = timing.network(name), timing.pictures(3)
    expected = keras.ops.convert_to_numpy(model(inputs, training=False))
    np.testing.assert_allclose(onnx_export.through_onnx(model)(inputs), expected, atol=1e-4)


@given(power=st.floats(-2, 3), factor=st.floats(1e-4, 1e3))
def test_exponent_of_a_power_law(power, factor):
    sizes = np.array([2, 8, 32, 64])
    assert timing.exponent(sizes, factor * sizes**power) == pytest.approx(power, abs=1e-6)


@given(fixed=st.floats(1e-4, 10), each=st.floats(1e-5, 1))
def test_overhead_finds_both_parts(fixed, each):
    sizes = np.array([2, 8, 32, 128, 512])
    found = timing.overhead(sizes, fixed + each * sizes)
    assert found == pytest.approx((fixed, each), rel=1e-3, abs=1e-7)


@given(st.lists(st.floats(1e-4, 10), min_size=3, max_size=3))
def test_overhead_is_never_negative(seconds):
    assert min(timing.overhead(np.array([1, 10, 100]), np.array(seconds))) >= 0


def test_falling_times_are_all_overhead_and_steep_ones_have_none():
    assert timing.overhead([1, 2, 4], [3, 2, 1])[1] == 0
    assert timing.overhead([1, 2, 4], [1, 4, 16])[0] == 0


def table() -> pd.DataFrame:
    networks = {"tiny": tiny()}
    return machines.measurements("a desk", networks, repeats=2, trained=16)


def test_measurements_come_back_from_the_file(tmp_path):
    measured = table()
    machines.write(measured, tmp_path / "desk.csv")
    stored = machines.read(tmp_path)
    assert list(stored.columns) == list(machines.COLUMNS)
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
    assert list(machines.read(tmp_path).columns) == list(machines.COLUMNS)
    assert len(machines.read(tmp_path)) == 0


def test_a_broken_file_is_named_with_row_and_column(tmp_path):
    measured = table().astype({"median": object})
    measured.loc[1, "median"] = "fast"
    measured.to_csv(tmp_path / "desk.csv", index=False)
    with pytest.raises(InputError, match=r"desk\.csv, row 3, column 'median'"):
        machines.read(tmp_path)
    measured.drop(columns="network").to_csv(tmp_path / "desk.csv", index=False)
    with pytest.raises(InputError, match=r"desk\.csv: no column 'network'"):
        machines.read(tmp_path)


def test_the_stored_measurements_can_be_read():
    stored = machines.read()
    assert list(stored.columns) == list(machines.COLUMNS)


def test_command_writes_the_file_and_says_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(timing, "networks", lambda: {"first": timing.network("first")})
    out = tmp_path / "new" / "desk.csv"
    assert cli.main(["timing", "--name", "a desk", "--out", str(out)]) == 0
    assert len(machines.read(out.parent)) == 3
    printed = capsys.readouterr().out
    assert "train first, 1712 pictures" in printed and "3 rows" in printed


def test_graphics_card_is_empty_when_keras_lists_none():
    listed = [d for d in keras.distribution.list_devices() if not d.startswith("cpu")]
    assert bool(machines.graphics_card()) == bool(listed)
