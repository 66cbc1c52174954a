import json

import numpy as np
import pandas as pd
import pytest

from fkd_utils import claims, published


def test_the_report_is_what_the_stored_results_say():
    assert claims.problems() == []


def test_the_report_is_complete():
    report = claims.stored()
    assert list(report.columns) == list(claims.COLUMNS)
    assert len(report) >= 25
    assert set(report.verdict) <= set(claims.VERDICTS)
    assert (report.drop(columns=["stored"]) != "").all(axis=None)
    assert not report.duplicated(["study", "claim"]).any()


def test_every_stored_result_and_every_figure_exists():
    report = claims.stored()
    for names in report.stored[report.stored != ""]:
        for name in names.split(", "):
            assert (published.FOLDER / name).exists(), name
    index = json.loads((published.FOLDER.parents[1] / "figures" / "index.json").read_text())
    numbers = {entry["number"] for entry in index}
    for figure in report.figure:
        assert figure.removeprefix("Table ") in numbers, figure


def test_a_changed_number_is_found(tmp_path):
    claims.write(tmp_path)
    assert claims.problems(tmp_path) == []
    path = tmp_path / "claims.csv"
    report = claims.stored(folder=tmp_path)
    report.loc[3, "ours"] = "0.01 times"
    report.to_csv(path, index=False)
    (problem,) = claims.problems(tmp_path)
    assert problem.startswith("claims.csv, line 5, column 'ours': says '0.01 times'")
    report.iloc[:-1].to_csv(path, index=False)
    assert "other columns or rows" in claims.problems(tmp_path)[0]


def test_by_seeds_by_hand():
    changed, plain = np.array([0.6, 0.7, 0.8, 0.9]), np.ones(4)
    logs = np.log(changed)
    reach = 3.182446 * logs.std(ddof=1) / 2  # Student's t for 3 degrees of freedom, 97.5%
    low, mean, high = np.exp([logs.mean() - reach, logs.mean(), logs.mean() + reach])
    text, verdict = claims.by_seeds(changed, plain)
    assert text == f"{mean:.2f} times ({low:.2f} to {high:.2f}, 4 seeds)"
    assert verdict == ("holds" if high < 1 else "depends")
    row = claims.change(pd.Series(changed) / 2, pd.Series(plain) / 2, None, 0.9)
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
    assert claims.by_seeds(np.array(ratios), np.ones(3))[1] == verdict


def test_verdicts_by_one_run():
    assert [claims.one_run(r) for r in (0.5, 0.95, 1.05, 2)] == ["holds"] + ["depends"] * 2 + [
        "fails"
    ]


def test_two_claims_from_the_raw_files():
    report = claims.stored().set_index("claim")
    mse = {}
    for row in ("first", "fourth", "fourth_dropout"):
        with np.load(published.FOLDER / f"wild_{row}" / "predictions.npz") as arrays:
            mse[row] = float(np.mean((arrays["test_errors"].astype(float) / 48) ** 2))
    fall = 1 - mse["fourth_dropout"] / mse["first"]
    assert report.loc["from First to Fourth the error falls by 78%", "ours"] == f"{fall:.0%}"
    share = mse["fourth_dropout"] / mse["fourth"]
    assert report.loc["25% dropout helps Fourth", "ours"].endswith(
        f"seed 0, trained on: {share:.2f}"
    )
