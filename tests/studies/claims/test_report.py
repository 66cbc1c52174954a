import json

import numpy as np

from fkd_utils import files
from fkd_utils.training import results
from studies.claims import claim, report


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


def test_the_report_is_written_byte_for_byte_and_a_changed_number_is_found(tmp_path):
    report.write(tmp_path)
    for name in ("claims.csv", "corrections.csv"):
        assert (tmp_path / name).read_bytes() == (files.PUBLISHED / name).read_bytes()
    told = results.report(folder=tmp_path)
    told.loc[3, "ours"] = "0.01 times"
    told.to_csv(tmp_path / "claims.csv", index=False)
    (problem,) = report.problems(tmp_path)
    assert problem.startswith("claims.csv: not what the stored results say")


def test_verdicts_by_one_run():
    verdicts = ["holds", "depends", "depends", "fails"]
    assert [claim.one_run(r) for r in (0.5, 0.95, 1.05, 2)] == verdicts


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
