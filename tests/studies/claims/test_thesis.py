"""Verdicts of THESIS's claims that weigh more than one number."""

import types

import pytest

from studies.claims import findings, thesis


def test_adam_is_judged_at_the_rate_that_validation_prefers(monkeypatch):
    validation = {"Second": 3, "Second, Adam": 2, "Second, Adam 0.0001": 1}
    rates = {"Second, Adam": 0.001, "Second, Adam 0.0001": 0.0001}
    test = {"Second": 1.0, "Second, Adam": 0.7, "Second, Adam 0.0001": 0.95}

    def run(row):
        metrics = {"validation_mse": validation[row], "test": {"mse": test[row]}}
        settings = {"optimizer": {"config": {"learning_rate": rates.get(row)}}}
        return types.SimpleNamespace(metrics=metrics, settings=settings)

    monkeypatch.setattr(findings, "run", run)
    found = thesis._adam_gets_lower()
    assert found.ours == "0.95 times at rate 0.0001; 0.70 times at 0.001"
    assert found.verdict == "fails"
    validation["Second, Adam"] = 0
    assert thesis._adam_gets_lower().verdict == "holds"


@pytest.mark.parametrize(
    ("with_dropout", "without", "verdict"),
    [(1.05, 3.4, "holds"), (1.5, 2.0, "fails"), (1.0, 1.05, "depends")],
)
def test_a_gap_is_closed_where_one_was_open(monkeypatch, with_dropout, without, verdict):
    gaps = {"Fifth, dropout": with_dropout, "Fifth": without}

    def run(row):
        metrics = {"validation_mse": 0.001 * gaps[row], "training_mse": 0.001}
        return types.SimpleNamespace(metrics=metrics)

    monkeypatch.setattr(findings, "run", run)
    found = thesis._gap_is_closed()
    assert found.verdict == verdict
    assert f"validation {with_dropout:.2f} times" in found.ours
