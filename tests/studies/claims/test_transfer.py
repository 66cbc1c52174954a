"""Verdicts of TRANSFER's claims from tables made by hand."""

import pytest

from studies.claims import transfer


@pytest.fixture
def stored(written):
    """Writes a table of the study under its name."""
    return lambda name, **columns: written(f"transfer/{name}", columns)


@pytest.fixture
def blocks(stored):
    """Writes the last losses of two seeds by weights and trained blocks; the first are all 0."""

    def write(last: dict[tuple[str, int], tuple[float, float]]) -> None:
        rows = [
            (weights, count, seed, epoch, held)
            for (weights, count), ends in last.items()
            for seed, end in enumerate(ends)
            for epoch, held in ((1, 0.0), (15, end))
        ]
        names = ("weights", "blocks", "seed", "epoch", "held")
        stored("blocks_open", **dict(zip(names, zip(*rows, strict=True), strict=True)))

    return write


@pytest.mark.parametrize(
    ("two", "ours", "verdict"),
    [((0.1, 0.3), "0.20000", "holds"), ((0.1, 0.5), "0.30000", "depends")],
)
def test_two_blocks_must_be_better_for_every_seed(blocks, two, ours, verdict):
    blocks({("faces", 2): two, ("faces", 0): (0.4, 0.4), ("random", 2): (9, 9)})
    found = transfer._two_against_none()
    assert found[:2] == (f"{ours} against 0.40000 (MSE, 2 seeds)", verdict)


@pytest.mark.parametrize(
    ("random", "count", "verdict"), [((1, 1), 2, "holds"), ((1, 3), 1, "depends")]
)
def test_two_against_four_is_asked_with_and_without_transfer(blocks, random, count, verdict):
    blocks({("faces", 2): (1, 1), ("faces", 4): (2, 2),
            ("random", 2): random, ("random", 4): (2, 2)})  # fmt: skip
    found = transfer._two_against_four()
    wanted = f"in 2 of 2 seeds from learned weights, in {count} of 2 from random ones"
    assert found.ours == wanted
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("fast", "sgd", "best", "rmsprop"),
    [(0.0033, "depends", "0.001", "depends"), (0.0060, "holds", "0.1", "holds")],
)
def test_optimisers_are_compared_at_their_best_rates(stored, fast, sgd, best, rmsprop):
    """SGD at 0.1 is `fast`, with Adam at 0.003: within a fifth, or twice as much."""
    table = [
        ("SGD", 0.1, fast), ("SGD", 0.01, 0.15), ("Adam", 0.001, 0.003), ("Adam", 0.1, 0.2),
        ("RMSprop", 0.001, 0.005), ("RMSprop", 0.1, 2 * 0.005 if best == "0.001" else 0.004),
    ]  # fmt: skip
    names, rates, held = zip(*table, strict=True)
    stored("optimisers_open", optimiser=names, rate=rates, held=held)
    found = transfer._sgd()
    assert found.ours == f"at Keras's rate 0.15000, at rate 0.1 {fast:.5f}; Adam 0.00300"
    assert found.verdict == sgd
    found = transfer._rmsprop()
    assert found.ours.startswith(f"fixed rates: best at {best}: ") and found.verdict == rmsprop


@pytest.mark.parametrize(
    ("lowest", "small", "frozen"),
    [((0.003, 0.03), "fails", "holds"), ((0.004, 0.04), "depends", "depends")],
)
def test_constants_leave_out_points_that_nobody_could_place(stored, lowest, small, frozen):
    left = ["left out", "left out", "taken for (0, 0)"]
    upright, one_face = ([value, 0.09, 0.0001] for value in lowest)
    stored("muct_constants", unavailable=left, upright=upright, one_face=one_face)
    found = transfer._small_loss()
    assert found.ours.endswith(f": {lowest[0]:.4f} to 0.0900") and found.verdict == small
    found = transfer._frozen_inception()
    assert found.ours.endswith(f": {lowest[1]:.4f} to 0.0900") and found.verdict == frozen


@pytest.mark.parametrize(("of_82", "verdict"), [(249, "holds"), (246, "fails")])
def test_249_pictures_are_of_the_first_82_people(stored, of_82, verdict):
    facts = [f"pictures of the first {count} people, one camera" for count in (82, 83)]
    stored("muct_facts", fact=facts, count=[of_82, 249])
    found = transfer._subjects()
    assert found[:2] == (f"82 subjects make {of_82}, 83 make 249", verdict)
