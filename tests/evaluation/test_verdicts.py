"""The rule by cases, and its intervals against arithmetic by hand and against draws."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils.evaluation import verdicts

NONE = "no difference that matters"


@pytest.mark.parametrize(
    ("low", "high", "claimed", "says"),
    [
        (0.5, 0.9, "< 1", "holds"),
        (0.5, 0.9, "> 1", "fails"),
        (1.2, 1.4, "> 1", "holds"),
        (1.2, 1.4, "< 1", "fails"),
        (0.9, 1.1, "< 1", "not settled"),
        (0.97, 1.04, "< 1", NONE),
        (0.96, 0.99, "< 1", NONE),  # below 1, and not by enough
        (0.94, 0.99, "< 1", "holds"),  # perhaps by enough
        (0.45, 0.48, "< 0.5", "holds"),
        (0.45, 0.55, "< 0.5", "not settled"),
        (0.99, 1.03, "= 1", "holds"),
        (1.1, 1.2, "= 1", "fails"),
        (1.0, 1.2, "= 1", "not settled"),
        (0.2, 0.4, "= 0", "fails"),
    ],
)
def test_the_rule_by_cases(low, high, claimed, says):
    assert verdicts.verdict(low, high, claimed, 1.05, 3) == says
    assert verdicts.verdict(low, high, claimed, 1.05, 0) == says
    assert verdicts.verdict(low, high, claimed, 1.05, 1) == "not settled"  # one seed never settles
    assert verdicts.verdict(low, high, claimed, 1.05, 3, "data: others") == "not tested"


def test_counts_must_agree_to_the_last_one():
    assert verdicts.verdict(1, 1, "= 1", 1, 0) == "holds"
    assert verdicts.verdict(0.999, 0.999, "= 1", 1, 0) == "fails"


@given(st.floats(0.1, 10), st.floats(1, 3), st.floats(0.1, 10))
def test_the_two_sides_are_mirror_images(low, wide, number):
    opposite = {"holds": "fails", "fails": "holds"}
    below, above = (verdicts.verdict(low, low * wide, f"{side} {number}", 1.05, 3) for side in "<>")
    assert above == opposite.get(below, below)


def test_seeds_by_hand():
    found = verdicts.of_seeds([0.6, 0.7, 0.8, 0.9])
    logs = np.log([0.6, 0.7, 0.8, 0.9])
    reach = 3.182446 * logs.std(ddof=1) / 2  # Student's t for 3 degrees of freedom, 97.5%
    ends = np.exp([logs.mean(), logs.mean() - reach, logs.mean() + reach])
    assert (found.ratio, found.low, found.high) == pytest.approx(ends, rel=1e-6)
    assert (found.seeds, found.groups) == (4, 0)


def test_reaches_over_seeds_and_faces_add_as_squares():
    seeds = verdicts.of_seeds([0.8, 0.9, 0.85])
    both = verdicts.of_seeds([0.8, 0.9, 0.85], by_faces=0.04, groups=50)
    reach = math.log(seeds.high / seeds.ratio)
    assert math.log(both.high / both.ratio) == pytest.approx(math.hypot(reach, 0.04))
    assert (both.ratio, both.groups) == (seeds.ratio, 50)
    alone = verdicts.of_seeds([0.8], by_faces=0.04, groups=50, spread=0.1)
    assert (alone.low, alone.high) == pytest.approx((0.8 * math.exp(-0.04), 0.8 * math.exp(0.04)))


def test_ratio_of_faces_against_draws():
    """The interval holds the true ratio about as often as it promises, by group, paired or not."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        groups = np.arange(60)
        hard = rng.lognormal(0, 0.5, 60)
        new, old = (hard * rng.lognormal(0, 0.3, 60) for _ in range(2))
        new = np.repeat(0.8 * new, 3) * rng.lognormal(0, 0.1, 180)
        ratio, reach = verdicts.of_faces(new, np.repeat(old, 3), np.repeat(groups, 3))
        truth = 0.8 * math.exp(0.005)
        hits += abs(math.log(ratio / truth)) < reach
    assert 0.92 < hits / 400 < 0.98


def test_ratio_of_two_kinds_of_faces():
    errors = np.array([2.0, 4.0, 6.0, 1.0, 3.0])
    hard = np.array([True, True, True, False, False])
    above, below = np.where(hard, errors, np.nan), np.where(hard, np.nan, errors)
    ratio, reach = verdicts.of_faces(above, below, np.arange(5))
    assert ratio == 2
    shares = np.array([-0.5, 0, 0.5, 0.5, -0.5]) / [0.6, 0.6, 0.6, 0.4, 0.4]
    assert reach == pytest.approx(scipy.stats.t.ppf(0.975, 4) * shares.std(ddof=1) / math.sqrt(5))


@pytest.mark.parametrize(
    ("ratios", "says"),
    [((0.7, 0.71, 0.72), "holds"), ((1.3, 1.31, 1.32), "fails"), ((0.8, 1.0, 1.2), "not settled")],
)
def test_by_seeds_in_words(ratios, says):
    text, verdict = verdicts.by_seeds(np.array(ratios), np.ones(3))
    assert verdict == says
    assert text.startswith(f"{np.exp(np.log(ratios).mean()):.2f} times (") and "3 seeds" in text


def test_a_change_by_hand():
    changed, plain = np.array([0.6, 0.7, 0.8, 0.9]), np.ones(4)
    logs = np.log(changed)
    reach = 3.182446 * logs.std(ddof=1) / 2  # Student's t for 3 degrees of freedom, 97.5%
    row = verdicts.change(pd.Series(changed) / 2, pd.Series(plain) / 2, None, 0.9)
    assert row.interval == pytest.approx(np.exp([logs.mean() - reach, logs.mean() + reach]), 1e-4)
    assert list(row.by_seed) == pytest.approx(list(changed))
    assert (row.full, row.thesis) == (None, 0.9)
