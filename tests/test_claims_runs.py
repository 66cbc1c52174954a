"""Verdicts where seeds, length and the size of an effect disagree."""

import numpy as np
import pytest

from fkd_utils.training import results
from studies.claims import findings

PAIR = ("Fourth, dropout", "Fourth")


@pytest.fixture
def table_of(written, monkeypatch):
    """Writes a table of seeds with these ratios of the pair, and says how the long runs ended."""

    def write(ratios: list[float], full: float | None) -> None:
        rows = [
            {"seed": seed, "model": name, "epochs": 100, "test_mse": mse}
            for seed, ratio in enumerate(ratios)
            for name, mse in zip(PAIR, (0.003 * ratio, 0.003), strict=True)
        ]
        written("seeds/table_4_1", rows)
        runs = [] if full is None else list(PAIR)
        monkeypatch.setattr(results, "of_rows", lambda rows: dict.fromkeys(runs))
        mse = dict(zip(PAIR, (full, 1.0), strict=True))
        monkeypatch.setattr(findings, "mse", mse.get)

    return write


@pytest.mark.parametrize(
    ("ratios", "full", "verdict"),
    [
        ([0.8, 0.82, 0.81], 0.9, "holds"),
        ([0.8, 0.82, 0.81], None, "holds"),
        ([0.8, 0.82, 0.81], 1.03, "depends"),  # the long run is on the other side
        ([0.8, 1.2, 1.0], 0.7, "depends"),  # no length settles what the seeds leave open
        ([1.2, 1.25, 1.22], 1.1, "fails"),
        ([1.2, 1.25, 1.22], 0.9, "depends"),
    ],
)
def test_seeds_and_length(table_of, ratios, full, verdict):
    table_of(ratios, full)
    found = findings.seeds(*PAIR)
    assert found.verdict == verdict
    assert found.ours.startswith(f"{np.exp(np.log(ratios).mean()):.2f} times")
    assert ("trained on" in found.ours) == (full is not None)


@pytest.mark.parametrize(
    ("ratio", "large", "slightly"),
    [(0.4, "holds", "depends"), (0.85, "depends", "holds"), (1.0, "fails", "depends"),
     (1.3, "fails", "fails")],
)  # fmt: skip
def test_the_size_of_an_effect(monkeypatch, ratio, large, slightly):
    monkeypatch.setattr(findings, "mse", {"new": ratio, "old": 1.0}.get)
    assert findings.large("new", "old").verdict == large
    assert findings.slightly("new", "old").verdict == slightly


@pytest.mark.parametrize(("ratio", "verdict"), [(0.5, "holds"), (0.7, "depends"), (0.9, "fails")])
def test_a_half_is_about_a_half(monkeypatch, ratio, verdict):
    monkeypatch.setattr(findings, "mse", {"new": ratio, "old": 1.0}.get)
    assert findings.halves("new", "old").verdict == verdict
