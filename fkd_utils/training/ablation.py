"""From the thesis's Fifth to the course's own network, one change a step (chapter 18a).

    python -m studies ladder --data FOLDER --machine "a desk computer"

trains the steps on real faces and keeps them in data/published/wild_ladder_0 and so on, the final
network in wild_final, the variant with two heads in wild_two_heads, the wide one in wild_wide and
the one that knows complete rows alone in wild_complete.
All steps see equally many faces in equally many batches; only the named change differs from the
step before, though drawing batches anew, the residual network and heat maps, which bring the
way up with them, are several changes in one. `python -m studies carry` trains the last step on
the embedded faces.
"""

import collections.abc
import dataclasses
import functools
import typing

import keras

from fkd_utils import augment
from fkd_utils.data import sources, splits
from fkd_utils.models import heatmap, losses, thesis
from fkd_utils.training import fitting

EPOCHS = 60
STEPS_PER_EPOCH = 76  # batches of 64: about as many faces an epoch as the real set has rows
FINAL_EPOCHS = 260
RATE = 0.001
AVERAGE_OVER = 0.995  # of the running mean of weights: about the last 200 batches


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the ablation: what it changes, in words, and all that decides its training.

    build: the network. told: None, or what is built around it for rows of a second labeller
    (`heatmap.with_sources`, `heatmap.with_two_heads`). one_cycle: see `one_cycle`. averaged:
    validated and kept is the running mean of the weights. copies: trained on the 22 stored copies
    of each complete face (THESIS 4.7). all_rows: partly labelled faces train too. half_complete:
    one half of every batch are fully labelled faces. from_edge: half a pixel is taken off labels
    that count from the picture's edge (see `sources.counts_from_edge`). flipped: predicts on face
    and mirror twin and averages, which needs no training of its own. first_epochs: it starts from
    weights that so many epochs on the embedded faces have taught.
    """

    change: str
    epochs: int
    steps_per_epoch: int
    build: collections.abc.Callable[[], keras.Model]
    loss: collections.abc.Callable = losses.masked_mse
    told: collections.abc.Callable[[keras.Model], keras.Model] | None = None
    one_cycle: bool = False
    averaged: bool = False
    augmented: bool = False
    half_complete: bool = False
    copies: bool = False
    all_rows: bool = False
    from_edge: bool = False
    flipped: bool = False
    first_epochs: int = 0

    def faces(self, data: str) -> splits.Splits:
        """The parts that this step is trained, chosen and reported on."""
        edge = self.from_edge and sources.counts_from_edge(data)
        return splits.load(data, grown=self.copies, all_rows=self.all_rows, from_edge=edge)

    def model(self, seed: int = 0) -> keras.Model:
        """What is trained, fresh and compiled."""
        keras.utils.set_random_seed(seed)
        model = self.build()
        if self.told:
            model = self.told(model)
        batches = self.epochs * self.steps_per_epoch
        rate = one_cycle(RATE, batches) if self.one_cycle else RATE
        average = {"use_ema": True, "ema_momentum": AVERAGE_OVER} if self.averaged else {}
        model.compile(keras.optimizers.Adam(rate, **average), loss=self.loss)
        return model

    def fit(self, data: splits.Splits, seed: int = 0) -> fitting.Run:
        """Train this step: found when it was trained, resumed when it was stopped."""
        model = self.model(seed)
        if self.first_epochs:
            first = dataclasses.replace(self, epochs=self.first_epochs, first_epochs=0)
            model.set_weights(first.fit(first.faces("open"), seed).model().get_weights())
        return fitting.fit(
            model,
            data,
            epochs=self.epochs,
            steps_per_epoch=self.steps_per_epoch,
            seed=seed,
            augment=augment.random_augment if self.augmented else None,
            half_complete=self.half_complete,
        )


def one_cycle(rate: float, batches: int) -> keras.optimizers.schedules.CosineDecay:
    """A learning rate from a tenth of `rate` to three times it in the first tenth of all batches,
    then along a cosine to 0 (after Smith and Topin 2019).
    """
    batches = max(2, batches)
    warm = max(1, batches // 10)
    return keras.optimizers.schedules.CosineDecay(
        rate / 10, batches - warm, warmup_target=3 * rate, warmup_steps=warm
    )


_CHANGES: tuple[tuple[str, dict[str, typing.Any]], ...] = (
    ("batches drawn anew instead of stored copies", {"augmented": True, "copies": False}),
    ("all rows, a masked loss", {"all_rows": True}),
    ("fully labelled faces as every second one", {"half_complete": True}),
    ("residual blocks with batch norm", {"build": heatmap.dense_network}),
    ("heat maps and soft-argmax", {"build": heatmap.network}),
    ("an offset for the second labeller", {"told": heatmap.with_sources}),
    ("labels that count from the picture's edge", {"from_edge": True}),
    ("Wing loss", {"loss": losses.wing}),
    ("one cycle of the learning rate", {"one_cycle": True}),
    ("averaged weights", {"averaged": True}),
    ("flip-averaged prediction", {"flipped": True}),
)
LAST = len(_CHANGES)  # the last step's number; the next four stand behind it
FINAL, HEADS, WIDE, COMPLETE = LAST + 1, LAST + 2, LAST + 3, LAST + 4
CARRIED = f"open_ladder_{LAST}"  # the last step, trained on the embedded faces alone


def steps(epochs: int = EPOCHS, steps_per_epoch: int = STEPS_PER_EPOCH) -> list[Step]:
    """From Fifth up, each step the one before with one change."""
    fifth = functools.partial(thesis.fifth, dropout=0.1, leaky=0.2)
    title = "Fifth: dropout, Leaky ReLU, stored copies"
    found = [Step(title, epochs, steps_per_epoch, fifth, copies=True)]
    for change, changed in _CHANGES:
        found.append(dataclasses.replace(found[-1], change=change, **changed))
    return found


def final() -> Step:
    """The last step, trained for longer: the network that the course hands out."""
    return dataclasses.replace(steps(FINAL_EPOCHS)[-1], change="trained for longer")


def two_heads() -> Step:
    """The step with an offset for the second labeller, with heat maps of its own instead."""
    step = next(step for step in steps() if step.told)
    change = "two heads for the second labeller"
    return dataclasses.replace(step, change=change, told=heatmap.with_two_heads)


def every() -> list[Step]:
    """All that chapter 18a compares, by number: `steps` up to LAST, then `final`, `two_heads`."""
    return [*steps(), final(), two_heads()]


def folder_of(number: int) -> str:
    """Name of a step's published run, such as wild_ladder_4 or wild_final."""
    named = {FINAL: "final", HEADS: "two_heads", WIDE: "wide", COMPLETE: "complete"}
    return f"wild_{named.get(number, f'ladder_{number}')}"
