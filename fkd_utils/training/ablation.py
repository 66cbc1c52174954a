"""From the thesis's Fifth to the course's own network, one change a rung (chapter 18).

    python -m fkd_utils runs ladder --data FOLDER --machine "a desk computer"

trains the rungs on real faces and keeps them in data/published/wild_ladder_0 and so on, the final
network in wild_final and the variant with two heads in wild_two_heads. All rungs see
equally many faces in equally many steps; only the named change differs from the rung before,
though drawing batches anew, the residual network and heat maps, which bring the way up with them,
are several changes in one. `carry` trains the last rung on the embedded faces.
"""

import dataclasses

from fkd_utils.data import sources, splits
from fkd_utils.training import fitting, results

EPOCHS = 60
STEPS = 76  # batches of 64: about as many faces an epoch as the real set has rows
FINAL_EPOCHS = 260


@dataclasses.dataclass(frozen=True)
class Rung:
    """A step of the ladder: what it changes, in words, and all that decides its training.

    copies: trained on the 22 stored copies of each complete face (THESIS 4.7). all_rows: partly
    labelled faces train too. from_edge: half a pixel is taken off labels that count from the
    picture's edge (see `sources.counts_from_edge`). flipped: predicts on face and mirror twin and
    averages, which needs no training of its own.
    """

    change: str
    recipe: fitting.Recipe
    copies: bool = False
    all_rows: bool = False
    from_edge: bool = False
    flipped: bool = False

    def faces(self, data: str, limit: int | None = None) -> splits.Splits:
        """The parts that this rung is trained, chosen and reported on."""
        from_edge = self.from_edge and sources.counts_from_edge(data)
        return splits.load(data, 0, limit, self.copies, self.all_rows, from_edge)


_FIFTH = fitting.Recipe(
    "fifth", "adam", 0.001, EPOCHS, dropout=0.1, leaky=0.2, steps=STEPS, loss="mse"
)
_CHANGES: tuple[tuple[str, dict, dict], ...] = (
    ("batches drawn anew instead of stored copies", {"augmented": True}, {"copies": False}),
    ("all rows, a masked loss", {}, {"all_rows": True}),
    ("fully labelled faces as every second one", {"half_complete": True}, {}),
    (
        "residual blocks with batch norm",
        {"model": "modern_dense", "dropout": None, "leaky": None},
        {},
    ),
    ("heat maps and soft-argmax", {"model": "modern"}, {}),
    ("an offset for the second labeller", {"sources": "offset"}, {}),
    ("labels that count from the picture's edge", {}, {"from_edge": True}),
    ("Wing loss", {"loss": "wing"}, {}),
    ("one cycle of the learning rate", {"one_cycle": True}, {}),
    ("averaged weights", {"averaged": True}, {}),
    ("flip-averaged prediction", {}, {"flipped": True}),
)


LAST = len(_CHANGES)  # the last rung's number; the next two stand behind the ladder
FINAL, HEADS = LAST + 1, LAST + 2
CARRIED = f"open_ladder_{LAST}"  # the published run of `ladder.carry`


def rungs(epochs: int = EPOCHS, steps: int = STEPS) -> list[Rung]:
    """The ladder from Fifth up, each rung the one before with one change."""
    ladder = [
        Rung(
            "Fifth: dropout, Leaky ReLU, stored copies",
            dataclasses.replace(_FIFTH, epochs=epochs, steps=steps),
            copies=True,
        )
    ]
    for change, of_recipe, of_rung in _CHANGES:
        below = ladder[-1]
        recipe = dataclasses.replace(below.recipe, **of_recipe)
        ladder.append(dataclasses.replace(below, change=change, recipe=recipe, **of_rung))
    return ladder


def final(epochs: int = FINAL_EPOCHS, steps: int = STEPS) -> Rung:
    """The top rung, trained for longer: the network that the course hands out."""
    return dataclasses.replace(rungs(epochs, steps)[-1], change="trained for longer")


def two_heads(epochs: int = EPOCHS, steps: int = STEPS) -> Rung:
    """The rung with an offset for the second labeller, with heat maps of its own instead."""
    rung = next(rung for rung in rungs(epochs, steps) if rung.recipe.sources)
    recipe = dataclasses.replace(rung.recipe, sources="heads")
    return dataclasses.replace(rung, change="two heads for the second labeller", recipe=recipe)


def every(epochs: int = EPOCHS, steps: int = STEPS) -> list[Rung]:
    """All that is trained, by number: `rungs` up to LAST, then `final`, then `two_heads`."""
    return [*rungs(epochs, steps), final(steps=steps), two_heads(epochs, steps)]


def folder_of(number: int) -> str:
    """Name of a rung's published run: wild_ladder_4, wild_final, wild_two_heads."""
    return {FINAL: "wild_final", HEADS: "wild_two_heads"}.get(number, f"wild_ladder_{number}")


def batches_until(run: results.Stored, error: float) -> float | None:
    """Batches of 64 faces that a published run took until its validation MSE was at most `error`.

    None when it never was. Counts batches of another size by their faces.
    """
    recipe = fitting.Recipe(**run.settings["recipe"])
    reached = run.history.epoch[run.history.val_loss <= error]
    if reached.empty:
        return None
    return recipe.drawn(int(reached.iloc[0])) / 64
