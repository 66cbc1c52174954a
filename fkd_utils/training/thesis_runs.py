"""The trainings of chapters 03 to 08, by the names they have in THESIS Tables 4.1 and 4.4.

Each chapter writes its network, `compile` and `fit` out; here the same stands for the chapters that
come after it. One name for both: what a chapter has trained is found.
seconds an epoch on two cores, 1,712 faces: First 0.1, Second 0.4, Third 1.2, Fourth 1.0.
"""

import collections.abc
import dataclasses
import functools
import math

import keras

from fkd_utils.data import splits
from fkd_utils.models import thesis
from fkd_utils.training import fitting

EPOCHS = 1000  # in the thesis


@dataclasses.dataclass(frozen=True)
class Planned:
    """A row of Table 4.1 or 4.4: what to train, how long, and what the thesis found.

    build: the network, not compiled. optimizer: called with learning_rate. quick: epochs in that
    profile. thesis: lowest validation MSE, training MSE there, its epoch. steps_per_epoch: None for
    every face once an epoch; else batches are drawn at random, and grow by 64 faces every 125
    epochs.
    """

    build: collections.abc.Callable[[], keras.Model]
    optimizer: type[keras.optimizers.Optimizer]
    learning_rate: float
    quick: int
    thesis: tuple[float, float, int]
    steps_per_epoch: int | None = None

    @property
    def epochs(self) -> dict[str, int]:
        """How many there are, by profile."""
        return {"smoke": 2, "quick": self.quick, "paper": EPOCHS}

    def batch_size(self, epochs: int) -> int | list[int]:
        """Faces a step: 64, or for growing batches one number an epoch (THESIS 4.7)."""
        if self.steps_per_epoch is None:
            return 64
        return [64 * math.ceil(epoch / 125) for epoch in range(1, epochs + 1)]


_SGD, _ADAM = keras.optimizers.SGD, keras.optimizers.Adam
_third_dropout = functools.partial(thesis.third, dropout=0.25)
_fourth_dropout = functools.partial(thesis.fourth, dropout=0.25)
# The thesis gives no learning rates and no batch size: these are the course's choice. Adam runs
# at Keras's own rate; plain descent as fast as chapter 03 shows it can.
TABLE_4_1 = {
    "First": Planned(thesis.first, _SGD, 0.01, 100, (0.00500, 0.00370, 1000)),
    "Second": Planned(thesis.second, _SGD, 0.05, 40, (0.00470, 0.00400, 1000)),
    "Second, Adam": Planned(thesis.second, _ADAM, 0.001, 40, (0.00240, 0.00086, 1000)),
    "Third": Planned(thesis.third, _ADAM, 0.001, 20, (0.00160, 0.00070, 300)),
    "Third, dropout": Planned(_third_dropout, _ADAM, 0.001, 20, (0.00128, 0.00039, 1000)),
    "Fourth": Planned(thesis.fourth, _ADAM, 0.001, 20, (0.00146, 0.00032, 600)),
    "Fourth, dropout": Planned(_fourth_dropout, _ADAM, 0.001, 20, (0.00110, 0.00041, 1000)),
}


def _fifth(found: tuple[float, float, int], dropout: float = 0.0, leaky: float = 0.0) -> Planned:
    build = functools.partial(thesis.fifth, dropout=dropout, leaky=leaky)
    return Planned(build, _ADAM, 0.001, 12, found, steps_per_epoch=30)


# Trained on faces with the thesis's copies: 30 random batches an epoch, growing (THESIS 4.7). The
# thesis gives one row for Leaky ReLU and names two slopes, 0.2 and 0.3.
_LEAKY = (0.000530, 0.000542, 1000)
TABLE_4_4 = {
    "Fifth": _fifth((0.000687, 0.000204, 1000)),
    "Fifth, dropout": _fifth((0.000604, 0.000576, 1000), dropout=0.1),
    "Fifth, dropout, Leaky ReLU 0.2": _fifth(_LEAKY, dropout=0.1, leaky=0.2),
    "Fifth, dropout, Leaky ReLU 0.3": _fifth(_LEAKY, dropout=0.1, leaky=0.3),
}


def planned(row: str | Planned) -> Planned:
    """A row of Table 4.1 or 4.4, by its name; a plan of one's own stays what it is."""
    return row if isinstance(row, Planned) else (TABLE_4_1 | TABLE_4_4)[row]


def thesis_model(row: str | Planned, seed: int = 0) -> keras.Model:
    """The network of a row of Table 4.1 or 4.4, fresh and compiled."""
    plan = planned(row)
    keras.utils.set_random_seed(seed)
    model = plan.build()
    model.compile(plan.optimizer(plan.learning_rate), loss="mse")
    return model


def thesis_run(
    row: str | Planned, data: splits.Splits, profile: str, seed: int = 0, epochs: int | None = None
) -> fitting.Run:
    """The training of a row of Table 4.1 or 4.4 at a profile's length: found, or done now.

    data: for the rows of Table 4.4 the faces with their copies, `data.load(..., grown=True)`.
    epochs: another length.
    """
    plan = planned(row)
    epochs = epochs or plan.epochs[profile]
    return fitting.fit(
        thesis_model(row, seed),
        data,
        epochs=epochs,
        batch_size=plan.batch_size(epochs),
        steps_per_epoch=plan.steps_per_epoch,
        seed=seed,
    )
