"""Chapter 18a's learning rate."""

import pytest
from chapters import pages

from fkd_utils.training import ablation

PAGE = pages.load("18a", "one_cycle")


def test_the_cycle_is_the_ablations():
    config = PAGE.one_cycle(0.001, 4560).get_config()
    assert config == ablation.one_cycle(0.001, 4560).get_config()
    first, top, last = (float(PAGE.one_cycle(0.001, 1000)(k)) for k in (0, 100, 1000))
    assert (first, top, last) == pytest.approx((0.0001, 0.003, 0))
