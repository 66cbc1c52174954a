"""Ratios from stored runs and studies, made by hand."""

import math
import pathlib

import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces
from fkd_utils.evaluation import verdicts
from fkd_utils.training import results
from studies.claims import findings, thesis

PAIR = ("Fourth, dropout", "Fourth")


class MadeUp(results.Stored):
    """A run whose arrays stand in its settings instead of a file."""

    def array(self, name: str) -> np.ndarray:
        return self.settings[name]


def stored(distances: np.ndarray, best_epoch: int = 50, **arrays: np.ndarray) -> MadeUp:
    """A run with these distances (n, 15), all in x, on both parts; each face is a group."""
    errors = np.stack([distances, np.zeros_like(distances)], axis=-1)
    for part in ("validation", "test"):
        arrays |= {f"{part}_errors": errors, f"{part}_group": np.arange(len(errors))}
    metrics = {"best_epoch": best_epoch, "training_mse": 0.0005}
    return MadeUp(pathlib.Path("wild_made_up"), arrays, metrics, pd.DataFrame())


@pytest.fixture
def runs(monkeypatch):
    """Uses these runs by row."""
    return lambda **named: monkeypatch.setattr(findings, "run", named.get)


@pytest.fixture
def seeds(written):
    """Writes a study of seeds of 100 epochs: test errors of each row, one a seed."""

    def write(**by_row: list[float]) -> None:
        rows = [
            {"model": row, "seed": seed, "epochs": 100, "test_mse": mse, "validation_mse": mse,
             "training_mse": 0.001}
            for row, errors in by_row.items()
            for seed, mse in enumerate(errors)
        ]  # fmt: skip
        for table in findings.TABLES:
            written(f"seeds/{table}", rows)

    return write


@pytest.mark.parametrize(("best", "count", "ratio"), [(100, 3, 0.5), (101, 1, 0.25)])
def test_shorter_trainings_count_where_the_long_one_was_done_by_then(
    runs, seeds, best, count, ratio
):
    """The long runs differ in distance by a half, so in squares by a quarter."""
    far = np.random.default_rng(0).uniform(1, 2, (40, 15))
    runs(**{PAIR[0]: stored(far / 2), PAIR[1]: stored(far, best)})
    seeds(**{PAIR[0]: [0.002, 0.003, 0.001], PAIR[1]: [0.004, 0.006, 0.002]})
    measured, where = findings.errors(*PAIR)
    assert (measured.seeds, measured.groups) == (count, 40)
    assert measured.ratio == pytest.approx(ratio)
    assert ("seeds/table_4_1.csv" in where) == (count == 3)
    assert where.endswith("wild_fourth_dropout, wild_fourth")
    gap, _ = findings.gap("Fourth")
    # By hand: the geometric mean of 4, 6 and 2; of the long run its own faces.
    alone = np.mean((far / 48) ** 2) / 2 / 0.0005
    assert gap.ratio == pytest.approx(48 ** (1 / 3) if count == 3 else alone)
    both, _ = findings.gap(*PAIR)
    assert both.ratio == pytest.approx(ratio)


def test_one_seed_plans_with_the_widest_stored_network(runs, seeds):
    far = np.ones((9, 15))
    runs(**{PAIR[0]: stored(far, 900), PAIR[1]: stored(far)})
    seeds(**{PAIR[0]: [0.002, 0.002], PAIR[1]: [0.004, 0.008]})
    wide = np.log(2) / np.sqrt(2)
    assert findings.errors(*PAIR)[0].spread == pytest.approx(np.sqrt(2) * wide)
    assert findings.gap(PAIR[0])[0].spread == pytest.approx(wide)


def test_within_one_network(runs, seeds):
    seeds(Fourth=[0.002, 0.003])
    far = np.full((30, 15), 2.0)
    far[:, faces.INDEX["nose_tip"]] = 3
    tilt = np.repeat([-20.0, 0.0], 15)
    far[:15] *= 1.5
    over = {"test_covered_eyes": far + 1, "test_covered_mouth": far}
    runs(Fourth=stored(far, test_tilt=tilt, **over))
    ratios = [
        findings.points("Fourth", "nose_tip", "left_eye_center"),
        findings.tilted("Fourth"),
        findings.covered("Fourth"),
    ]
    mean = far.mean()
    assert [found.measured.ratio for found in ratios] == pytest.approx([1.5, 1.5, 1 + 1 / mean])
    assert {(found.measured.seeds, found.measured.groups) for found in ratios} == {(1, 30)}


def test_a_study_by_its_seeds(written):
    rows = [
        {"seed": seed, "rate": rate, "epoch": epoch, "loss": seed * rate * epoch}
        for seed in (1, 2) for rate in (2, 3) for epoch in (4, 5)
    ]  # fmt: skip
    written("some/study", rows)
    measured, where = findings.in_study("some/study.csv", "rate", "loss", 2, 3, "epoch == 5")
    assert (measured.ratio, measured.low, measured.seeds) == pytest.approx((2 / 3, 2 / 3, 2))
    assert where == "some/study.csv"


def test_histories_by_hand(runs, seeds):
    seeds(Fourth=[0.002, 0.003])

    def history(**columns):
        return MadeUp(pathlib.Path("."), {}, {}, pd.DataFrame(columns))

    val = np.r_[np.full(30, 1.0), np.full(50, 4.0), np.full(25, 2.0)]
    runs(**{
        "Third": history(val_mse=val),
        "Third, dropout": history(loss=[3.0, 2.0, 1.0], val_mse=[1.0, 1.5, 1.2]),
    })  # fmt: skip
    assert thesis._afterwards().measured.ratio == pytest.approx(0.5)
    assert thesis._above().measured.ratio == 2


def test_two_rules_tuned_by_hand(runs, seeds, written):
    seeds(Fourth=[0.002, 0.003])
    runs(**{row: stored(np.full((6, 15), 2.0)) for row in ("Second, Adam", "Second")})
    curves = {  # of two seeds; 0.2 was not the best rate and has one
        ("Adam, 0.1", 0): [9.0, 3.0, 1.0, 2.0], ("Adam, 0.1", 1): [9.0, 8.0, 7.0, 4.0],
        ("plain descent, 0.3", 0): [8.0, 6.0, 2.0, 3.0],
        ("plain descent, 0.3", 1): [6.0, 4.0, 3.0, 2.0],
    }  # fmt: skip
    lines = [
        {"model": model, "seed": seed, "test_mse": min(curve), "validation_mse": min(curve),
         "training_mse": 0.5}
        for (model, seed), curve in curves.items()
    ]  # fmt: skip
    written("seeds/rates", [*lines, {"model": "Adam, 0.2", "seed": 0, "test_mse": 0.1}])
    rows = [
        {"model": model, "seed": seed, "epoch": epoch, "val_mse": value}
        for (model, seed), curve in curves.items()
        for epoch, value in enumerate(curve, start=1)
    ]
    written("seeds/rates_histories", rows)
    # Both reach 2 in epoch 3 and 3; both reach 4 in epoch 4 and 2.
    sooner, lower = thesis._sooner().measured, thesis._lower().measured
    assert (sooner.ratio, sooner.seeds) == (pytest.approx(2**0.5), 2)
    assert (lower.ratio, lower.seeds) == (pytest.approx((1 / 2 * 4 / 2) ** 0.5), 2)
    assert lower.groups == 6
    overfits = thesis._overfits().measured
    assert (overfits.ratio, overfits.seeds) == (pytest.approx((1 / 0.5 * 4 / 0.5) ** 0.5), 2)


@pytest.mark.parametrize(("ratio", "claimed"), [(0.9, "< 1"), (1.3, "= 1"), (1.01, "< 1")])
def test_as_many_seeds_as_needed_settle_it(ratio, claimed):
    start = verdicts.of_seeds([ratio], by_faces=0.02, spread=0.06)
    count = int(findings.needed(start, claimed, 1.05).split()[0])
    says = []
    for seeds in (count - 1, count):
        reach = math.hypot(verdicts.seed_reach(0.06, seeds) if seeds > 1 else 9.0, 0.02)
        low, high = ratio * math.exp(-reach), ratio * math.exp(reach)
        says.append(verdicts.verdict(low, high, claimed, 1.05, seeds))
    assert says[0] == "not settled" != says[1]


def test_what_seeds_cannot_settle():
    few = verdicts.of_seeds([0.98], by_faces=0.2, spread=0.06)
    assert findings.needed(few, "< 1", 1.05) == "more faces"
    assert findings.needed(verdicts.of_seeds([0.98], spread=9), "< 1", 1.05) == "over 100 seeds"
    assert findings.needed(findings.exactly(0.7, 3), "< 1", 1.05) == "what the study leaves open"
