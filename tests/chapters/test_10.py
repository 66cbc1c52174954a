"""Chapter 10's table by bins of a condition."""

import numpy as np
import pytest
from chapters import pages

from fkd_utils import evaluation

PAGE = pages.load("10", "by_bins", groups=np.arange(6))


def test_a_bin_holds_its_lower_edge_and_the_outer_two_have_no_end():
    condition = np.array([0.0, 1.0, 1.5, 2.0, 2.5, 3.1])
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    table = PAGE.by_bins(values, condition, (1, 2, 2.5))
    assert table["mean"].tolist() == [1, 3, 8, 24]
    assert table["at"].tolist() == pytest.approx([0, 1.25, 2, 2.8])
    mean, low, high = evaluation.interval(values[1:3], np.arange(2))
    assert table.loc[1, ["mean", "low", "high"]].tolist() == pytest.approx([mean, low, high])
    assert table.loc[[0, 2], ["low", "high"]].isna().all(axis=None)


@pytest.mark.filterwarnings("error")
def test_an_empty_bin_is_a_row_without_numbers():
    table = PAGE.by_bins(np.ones(6), np.zeros(6), (1,))
    assert len(table) == 2 and table["mean"][0] == 1
    assert table.loc[1].isna().all()
