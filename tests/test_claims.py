import json

import numpy as np
import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.evaluation import statistics
from fkd_utils.training import results
from studies.claims import claim, report


def test_the_report_is_what_the_stored_results_say():
    assert report.problems() == []


def test_the_report_is_complete():
    told = results.report()
    assert list(told.columns) == list(claim.COLUMNS)
    assert len(told) >= 25
    assert set(told.verdict) <= set(results.VERDICTS)
    assert (told.drop(columns=["stored"]) != "").all(axis=None)
    assert not told.duplicated(["study", "claim"]).any()


def test_every_stored_result_and_every_figure_exists():
    told = results.report()
    for names in told.stored[told.stored != ""]:
        for name in names.split(", "):
            assert (files.PUBLISHED / name).exists(), name
    index = json.loads((files.PUBLISHED.parents[1] / "figures" / "index.json").read_text())
    numbers = {entry["number"] for entry in index}
    for figure in told.figure:
        assert figure.removeprefix("Table ") in numbers, figure


def test_a_changed_number_is_found(tmp_path):
    report.write(tmp_path)
    assert report.problems(tmp_path) == []
    path = tmp_path / "claims.csv"
    told = results.report(folder=tmp_path)
    told.loc[3, "ours"] = "0.01 times"
    told.to_csv(path, index=False)
    (problem,) = report.problems(tmp_path)
    assert problem.startswith("claims.csv, line 5, column 'ours': says '0.01 times'")
    told.iloc[:-1].to_csv(path, index=False)
    assert "other columns or rows" in report.problems(tmp_path)[0]


def test_by_seeds_by_hand():
    changed, plain = np.array([0.6, 0.7, 0.8, 0.9]), np.ones(4)
    logs = np.log(changed)
    reach = 3.182446 * logs.std(ddof=1) / 2  # Student's t for 3 degrees of freedom, 97.5%
    low, mean, high = np.exp([logs.mean() - reach, logs.mean(), logs.mean() + reach])
    text, verdict = statistics.by_seeds(changed, plain)
    assert text == f"{mean:.2f} times ({low:.2f} to {high:.2f}, 4 seeds)"
    assert verdict == ("holds" if high < 1 else "depends")
    row = statistics.change(pd.Series(changed) / 2, pd.Series(plain) / 2, None, 0.9)
    assert row.interval == pytest.approx((low, high), rel=1e-4)
    assert list(row.by_seed) == pytest.approx(list(changed)) and (row.full, row.thesis) == (
        None,
        0.9,
    )


@pytest.mark.parametrize(
    "ratios, verdict",
    [((0.7, 0.71, 0.72), "holds"), ((1.3, 1.31, 1.32), "fails"), ((0.8, 1.0, 1.2), "depends")],
)
def test_verdicts_by_seeds(ratios, verdict):
    assert statistics.by_seeds(np.array(ratios), np.ones(3))[1] == verdict


def test_verdicts_by_one_run():
    assert [claim.one_run(r) for r in (0.5, 0.95, 1.05, 2)] == ["holds"] + ["depends"] * 2 + [
        "fails"
    ]


def test_two_claims_from_the_raw_files():
    told = results.report().set_index("claim")
    mse = {}
    for row in ("first", "fourth", "fourth_dropout"):
        with np.load(files.PUBLISHED / f"wild_{row}" / "predictions.npz") as arrays:
            mse[row] = float(np.mean((arrays["test_errors"].astype(float) / 48) ** 2))
    fall = 1 - mse["fourth_dropout"] / mse["first"]
    assert told.loc["from First to Fourth the error falls by 78%", "ours"] == f"{fall:.0%}"
    share = mse["fourth_dropout"] / mse["fourth"]
    assert told.loc["25% dropout helps Fourth", "ours"].endswith(f"seed 0, trained on: {share:.2f}")
