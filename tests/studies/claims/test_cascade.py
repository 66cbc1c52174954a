"""Verdicts of CASCADE's claims from tables made by hand."""

import numpy as np
import pytest

from studies.claims import cascade


@pytest.fixture
def attempt_of(written):
    """Writes a table of attempts: losses by name, each with this last share of saturated units."""

    def write(saturated: float = 0.0, **losses: list[float]) -> None:
        rows = [
            {"attempt": name, "epoch": k, "loss": loss, "spread": 0.25, "saturated": saturated}
            for name, values in losses.items()
            for k, loss in enumerate(values, 1)
        ]
        written("cascade/attempts_open", rows)

    return write


@pytest.mark.parametrize(
    ("left_at", "ours", "verdict"),
    [
        (29, "epoch 29", "depends"),
        (30, "epoch 30", "holds"),
        (100, "epoch 100", "holds"),
        (None, "not in 100 epochs", "depends"),
    ],
)
def test_a_plateau_is_left_at_the_first_loss_clearly_below_it(attempt_of, left_at, ours, verdict):
    losses = np.full(100, 0.96)
    losses[(left_at or 101) - 1 :] = 0.94
    attempt_of(**{"sigmoid, Adam": losses, "another": np.zeros(100)})
    assert cascade._plateau()[:2] == (ours, verdict)


@pytest.mark.parametrize(
    ("loss", "broken", "verdict"),
    [(0.4, [np.nan] * 2, "depends"), (0.6, [np.nan] * 2, "holds"), (0.4, [np.nan, 0.9], "holds")],
)
def test_convergence_is_explained_if_one_missing_label_ends_it(attempt_of, loss, broken, verdict):
    attempt_of(**{"ReLU, Adam": [9, loss], "ReLU, Adam, one label missing": broken})
    found = cascade._converges()
    assert found.verdict == verdict and f" {loss:.2f} of" in found.ours


@pytest.mark.parametrize(
    ("saturated", "sigmoids", "start"),
    [(0.05, "fails", "fails"), (0.2, "holds", "fails"), (0.7, "holds", "holds")],
)
def test_saturated_layers_by_hand(attempt_of, saturated, sigmoids, start):
    names = ("sigmoid, plain descent 0.05", "tanh, start N(0, 1), Adam")
    attempt_of(saturated, **{name: [1.0, 0.9] for name in names})
    found = cascade._sigmoids()
    assert found.ours == f"{100 * saturated:.0f}% saturated; answers spread by 0.25 px"
    assert (found.verdict, cascade._start().verdict) == (sigmoids, start)


@pytest.mark.parametrize(
    ("last", "falls", "single", "better"),
    [(1.0, "holds", 1.5, "holds"), (2.1, "depends", 1.8, "holds"), (1.0, "holds", 1.1, "fails")],
)
def test_levels_must_fall_for_every_seed_and_beat_one_network_on_average(
    written, last, falls, single, better
):
    names = ("level 1", "level 2", "level 3", "one network")
    px = {0: (4.0, 3.0, 1.4, single), 1: (4.0, 2.0, last, single)}
    rows = [
        {"seed": seed, "network": name, "mean_px": value}
        for seed, values in px.items()
        for name, value in zip(names, values, strict=True)
    ]
    written("cascade/levels_open", rows)
    found = cascade._levels()
    mean = (1.4 + last) / 2
    assert found.ours == f"4.00, 2.50, {mean:.2f} px after levels 1, 2 and 3 (2 seeds)"
    assert found.verdict == falls
    assert cascade._against_one()[:2] == (f"{mean:.2f} px against {single:.2f}", better)
