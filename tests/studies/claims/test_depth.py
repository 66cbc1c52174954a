"""Verdicts of DEPTH's claims from tables made by hand."""

import pytest

from studies.claims import depth


@pytest.fixture
def stored(written):
    """Writes a table of the study under its name."""
    return lambda name, **columns: written(f"depth/{name}", columns)


@pytest.mark.parametrize(
    ("diagonal", "straight", "ours", "pictures", "inside"),
    [
        # 26,239 - 7 * 2,140 = 11,259
        (11259, 6350, "26,239 without", "holds", "holds"),
        (6000, 7000, "20,980 without", "fails", "fails"),
    ],
)
def test_pictures_are_seven_copies_and_the_shifts_by_twelve_pixels(
    stored, diagonal, straight, ours, pictures, inside
):
    stored("kaggle_shifts", pixels=[11, 12], straight=[1, straight], diagonal=[2, diagonal])
    found = depth._pictures()
    assert found.ours.startswith(ours) and found.verdict == pictures
    found = depth._inside()
    assert found.ours == f"{diagonal:,} for diagonal shifts, {straight:,} to the four sides"
    assert found.verdict == inside


@pytest.mark.parametrize(("fifteen", "best"), [(3.0, "15cl, 5mpl"), (9.0, "5cl, 3mpl")])
def test_the_best_depth_is_that_of_the_mean_over_seeds_in_table_3(stored, fifteen, best):
    rows = ["3: 5cl, 3mpl", "3: 15cl, 5mpl", "5: 1 dense"]
    stored("results", row=rows * 2, test_loss=[5, fifteen - 1, 1, 5, fifteen + 1, 1])
    found = depth._best_depth()
    assert found.ours.startswith(f"{best} (")
    assert found.verdict == ("holds" if best == "15cl, 5mpl" else "depends")


@pytest.mark.parametrize(
    ("new", "ours", "below", "above"),
    [(7.5, "0.75", "holds", "depends"), (9, "0.90", "depends", "depends"),
     (16, "1.60", "depends", "holds")],
)  # fmt: skip
def test_a_ratio_is_clear_from_a_fifth_less_or_half_as_much_again(stored, new, ours, below, above):
    stored("results", row=["new", "new", "old", "old"], test_loss=[new - 1, new + 1, 8, 12])
    found = [depth._ratio("new", "old", claim) for claim in (True, False)]
    assert all(f.ours.startswith(f"{ours} times (") for f in found)
    assert [f.verdict for f in found] == [below, above]


@pytest.mark.parametrize(
    ("leaky", "ratio", "verdict"), [((2, 4), "0.30", "fails"), ((8, 9), "0.85", "depends")]
)
def test_a_leak_shows_as_a_lower_loss_on_pictures_it_has_seen(stored, leaky, ratio, verdict):
    orders = ["split first", "split first", "augment first", "augment first"]
    stored("leak", order=orders, seed=[0, 1] * 2, val_loss=[10, 10, *leaky], test_loss=[4, 6, 7, 5])
    found = depth._leak()
    assert found.ours == f"its loss {ratio} of the honest order's, on new people 1.20 (2 seeds)"
    assert found.verdict == verdict
