"""Verdicts of DENSE's claims from tables made by hand."""

import pytest

from studies.claims import dense

RATES = (0.01, 0.001, 0.0001)


@pytest.fixture
def noses(written):
    """Writes held-out losses of the nose study: by epoch, a row of three rates for each seed."""

    def write(epochs: dict[int, list[tuple[float, float, float]]]) -> None:
        rows = [
            {"epoch": epoch, "loss": loss, "rate": rate, "seed": seed}
            for epoch, seeds in epochs.items()
            for seed, losses in enumerate(seeds)
            for rate, loss in zip(RATES, losses, strict=True)
        ]
        written("dense/nose_open", rows)

    return write


@pytest.mark.parametrize(
    ("third", "ours", "verdict"),
    [(0.006, "0.00300, 0.00400, 0.00400", "holds"), (0.008, "0.00300, 0.00400, 0.00500", "fails")],
)
def test_rates_are_alike_up_to_half_as_much_again(noses, third, ours, verdict):
    noses({25: [(0.002, 0.004, 0.002), (0.004, 0.004, third)], 50: [(1, 9, 1), (1, 9, 1)]})
    assert dense._rates_alike()[:2] == (ours, verdict)


@pytest.mark.parametrize(("wins", "verdict"), [(3, "holds"), (2, "depends"), (1, "fails")])
def test_the_best_rate_is_that_of_every_seed(noses, wins, verdict):
    noses({25: [(2, 1, 3)] * wins + [(1, 2, 3)] * (3 - wins), 20: [(3, 3, 1)] * 3})
    assert dense._best_rate()[:2] == (f"0.001 for {wins} of 3 seeds", verdict)


@pytest.mark.parametrize(("worse", "verdict"), [(6, "holds"), (4, "depends"), (2, "fails")])
def test_longer_is_worse_where_most_runs_say_so(noses, worse, verdict):
    losses = [2.0] * worse + [0.5] * (6 - worse)
    noses({20: [(1, 1, 1)] * 2, 25: [tuple(losses[:3]), tuple(losses[3:])]})
    assert dense._longer_is_worse()[:2] == (f"{worse} of 6 runs", verdict)


@pytest.mark.parametrize(("worse", "verdict"), [(0, "fails"), (1, "depends"), (3, "depends")])
def test_half_as_many_epochs_again_are_the_last_third(written, worse, verdict):
    rows = [
        # The lowest loss is in between: what counts is epoch 15 against epoch 10.
        {"epoch": epoch, "held": loss, "weights": "faces", "blocks": 2, "seed": seed}
        for seed in range(3)
        for epoch, loss in ((9, 9.0), (10, 2.0), (11, 0.5), (15, 3.0 if seed < worse else 1.0))
    ]
    written("transfer/blocks_open", rows)
    found = dense._longer_unfrozen()
    assert found.ours.endswith(f"worse in {worse} of 3 trainings") and found.verdict == verdict
