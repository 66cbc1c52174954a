"""claims.csv: every row is whole, quoted and judged by the one rule.

Set FKD_SHARED to a folder whose seeds/ holds the five studies as text to check the quotations.
"""

import json
import os
import pathlib

import numpy as np
import pytest

from fkd_utils import files
from fkd_utils.evaluation import verdicts
from fkd_utils.training import results
from studies.claims import findings, report


def rows():
    return list(results.report().itertuples())


def test_every_verdict_follows_from_its_interval():
    for row in rows():
        low, high, matters = (float(n or "nan") for n in (row.low, row.high, row.matters))
        says = verdicts.verdict(low, high, row.claimed, matters, int(row.seeds), row.differs)
        assert row.verdict == says, row.claim


def test_every_row_is_whole():
    told = results.report()
    assert list(told.columns) == list(report.every()[0].row())
    assert len(told) > 50 and not told.duplicated(["study", "claim"]).any()
    may_lack = {"ours", "low", "high", "differs", "needs", "stored"}
    assert (told.drop(columns=list(may_lack)) != "").all(axis=None)
    for row in rows():
        measured = [end != "" for end in (row.low, row.ours, row.high)]
        assert all(measured) or (not any(measured) and row.verdict == "not tested"), row.claim
        assert not all(measured) or float(row.low) <= float(row.ours) <= float(row.high)
        assert float(row.matters) in (findings.COUNT, verdicts.MATTERS)
        assert int(row.seeds) >= 0 <= int(row.groups)
        assert (row.needs != "") == (row.verdict == "not settled")
        assert (row.differs != "") == (row.verdict == "not tested")
        for what in filter(None, row.differs.split("; ")):
            assert what.split(": ")[0] in ("data", "network", "regime", "machine"), what
        assert len(row.quote.split()) <= 15


def test_every_stored_result_and_every_figure_exists():
    told = results.report()
    for names in told.stored[told.stored != ""]:
        for name in names.split(", "):
            assert (files.PUBLISHED / name).exists(), name
    index = json.loads((files.PUBLISHED.parents[1] / "figures" / "index.json").read_text())
    numbers = {entry["number"] for entry in index}
    for figure in told.figure:
        assert figure.removeprefix("Table ") in numbers, figure


@pytest.mark.skipif("FKD_SHARED" not in os.environ, reason="FKD_SHARED names no folder")
def test_quotations_are_exact():
    """All of a study stand in one text, and no other study's do."""
    texts = pathlib.Path(os.environ["FKD_SHARED"], "seeds").glob("*.txt")
    texts = {path: " ".join(path.read_text(encoding="utf-8").split()) for path in texts}
    told = results.report()
    found = {}
    for study, quotes in told.groupby("study").quote:
        (found[study],) = [p for p, text in texts.items() if all(q in text for q in quotes)]
    assert len(set(found.values())) == told.study.nunique()


def test_the_report_is_written_byte_for_byte_and_a_changed_number_is_found(tmp_path):
    report.write(tmp_path)
    for name in ("claims.csv", "corrections.csv"):
        assert (tmp_path / name).read_bytes() == (files.PUBLISHED / name).read_bytes()
    told = results.report(folder=tmp_path)
    told.loc[3, "ours"] = "0.01"
    told.to_csv(tmp_path / "claims.csv", index=False)
    (problem,) = report.problems(tmp_path)
    assert problem.startswith("claims.csv: not what the stored results say")


def found_nothing() -> findings.Found:
    raise FileNotFoundError


def test_a_run_that_is_not_stored_is_not_tested():
    told = findings.Claim("A", "1", "so", "so", "1", "errors", "< 1", "1.1", found_nothing)
    row = told.row()
    assert row["verdict"] == "not tested" and row["differs"].startswith("regime: ")
    assert (row["low"], row["seeds"]) == ("", "0")


def test_three_claims_from_the_raw_files():
    told = results.report().set_index("claim").ours
    mse = {}
    for row in ("first", "fourth", "fourth_dropout"):
        with np.load(files.PUBLISHED / f"wild_{row}" / "predictions.npz") as arrays:
            mse[row] = float(np.mean((arrays["test_errors"].astype(float) / 48) ** 2))
    mean = results.mean_face_measures()["test"]["mse"]
    assert told["First does well for its size"] == f"{mse['first'] / mean:.3g}"
    fall = mse["fourth_dropout"] / mse["first"]
    assert told["from First to Fourth the error falls by 78%"] == f"{fall:.3g}"
    table = results.table("seeds/table_4_1").pivot(index="seed", columns="model", values="test_mse")
    logs = np.log(table["Fourth, dropout"] / table["Fourth"])
    assert told["dropout helps Fourth"] == f"{np.exp(logs.mean()):.3g}"


@pytest.mark.parametrize(
    ("start", "ours"),
    [
        ("copies of the 2,140", (9 * 2140 + 6350) / 26239),
        ("shifts to the four sides", 6311 / 6350),
        ("the first 82 subjects", 246 / 249),
        ("some pictures lack", 1 - 2140 / 7049),
    ],
)
def test_counts_by_hand(start, ours):
    (row,) = [row for row in rows() if row.claim.startswith(start)]
    assert (row.low, row.ours, row.high) == (f"{ours:.3g}",) * 3
