"""The trainings of chapters 03 to 08, by the names they have in THESIS Tables 4.1 and 4.4.

seconds an epoch on two cores, 1,712 faces: First 0.1, Second 0.4, Third 1.2, Fourth 1.0.
"""

import dataclasses

from fkd_utils.training import fitting


@dataclasses.dataclass(frozen=True)
class Planned:
    """A row of Table 4.1: what to train, how long, and what the thesis found.

    epochs: by profile. thesis: lowest validation MSE, training MSE there, its epoch.
    """

    recipe: fitting.Recipe
    epochs: dict[str, int]
    thesis: tuple[float, float, int]


def _plan(
    model: str,
    optimizer: str,
    learning_rate: float,
    quick: int,
    thesis: tuple[float, float, int],
    dropout: float | None = None,
) -> Planned:
    epochs = {"smoke": 2, "quick": quick, "paper": 1000}
    recipe = fitting.Recipe(model, optimizer, learning_rate, 1000, dropout=dropout)
    return Planned(recipe, epochs, thesis)


# The thesis gives no learning rates and no batch size: these are the course's choice. Adam runs
# at Keras's own rate; plain descent as fast as chapter 03 shows it can.
TABLE_4_1 = {
    "First": _plan("first", "sgd", 0.01, 100, (0.00500, 0.00370, 1000)),
    "Second": _plan("second", "sgd", 0.05, 40, (0.00470, 0.00400, 1000)),
    "Second, Adam": _plan("second", "adam", 0.001, 40, (0.00240, 0.00086, 1000)),
    "Third": _plan("third", "adam", 0.001, 20, (0.00160, 0.00070, 300)),
    "Third, dropout": _plan("third", "adam", 0.001, 20, (0.00128, 0.00039, 1000), dropout=0.25),
    "Fourth": _plan("fourth", "adam", 0.001, 20, (0.00146, 0.00032, 600)),
    "Fourth, dropout": _plan("fourth", "adam", 0.001, 20, (0.00110, 0.00041, 1000), dropout=0.25),
}


def _fifth(
    thesis: tuple[float, float, int], dropout: float | None = None, leaky: float | None = None
) -> Planned:
    recipe = fitting.Recipe(
        "fifth", "adam", 0.001, 1000, dropout=dropout, leaky=leaky, steps=30, grow_every=125
    )
    return Planned(recipe, {"smoke": 2, "quick": 12, "paper": 1000}, thesis)


# Trained on `grown` faces: 30 random batches an epoch, growing (THESIS 4.7). The thesis gives one
# row for Leaky ReLU and names two slopes, 0.2 and 0.3.
_LEAKY = (0.000530, 0.000542, 1000)
TABLE_4_4 = {
    "Fifth": _fifth((0.000687, 0.000204, 1000)),
    "Fifth, dropout": _fifth((0.000604, 0.000576, 1000), dropout=0.1),
    "Fifth, dropout, Leaky ReLU 0.2": _fifth(_LEAKY, dropout=0.1, leaky=0.2),
    "Fifth, dropout, Leaky ReLU 0.3": _fifth(_LEAKY, dropout=0.1, leaky=0.3),
}


def recipe_of(name: str, profile: str, seed: int = 0) -> fitting.Recipe:
    """The recipe of a row of Table 4.1 or 4.4 at a profile's length."""
    plan = (TABLE_4_1 | TABLE_4_4)[name]
    return dataclasses.replace(plan.recipe, epochs=plan.epochs[profile], seed=seed)
