"""The batches that a network is fed with."""

import collections.abc
import dataclasses
import itertools
import typing

import keras
import numpy as np

from fkd_utils import faces
from fkd_utils.models import heatmap

# From pictures and keypoints to changed ones, drawn with the generator; see `augment`.
Augment = collections.abc.Callable[
    [np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]
]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How faces are drawn: what Keras's own words for a training leave open.

    batch_size: faces a step, one number for each epoch. steps: None for every face once an epoch,
    else so many batches drawn at random. augment: changes every batch anew. half_complete: one half
    of every random batch are fully labelled faces, the other half the rest.
    """

    batch_size: tuple[int, ...]
    steps: int | None = None
    seed: int = 0
    augment: Augment | None = None
    half_complete: bool = False

    @property
    def epochs(self) -> int:
        """How many epochs there are."""
        return len(self.batch_size)

    def steps_of(self, faces_in: int) -> int:
        """How many batches make an epoch of so many training faces."""
        return self.steps or -(-faces_in // self.batch_size[0])


def feed(batches: "Batches") -> typing.Any:
    """What `fit` is handed so that it sees `batches`, in order, made ahead in the background.

    Keras would make the same of them for TensorFlow, but tuned on the way. The tuner's thread
    sleeps twice as long each time, and TensorFlow (2.21) may wait for it at the end: a short
    training could take up to twice its time.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    signature = tf.nest.map_structure(
        lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), batches[0]
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    endless = tf.data.Dataset.from_generator(
        lambda: map(batches.__getitem__, itertools.count()), output_signature=signature
    )
    return endless.prefetch(2).with_options(options)


class Batches(keras.utils.PyDataset):
    """An endless row of batches, made on the way from the 8-bit pictures.

    Batch i depends on the seed and on i alone, so a resumed run sees what it would have seen.
    Every face comes once an epoch, in the order `order` gives, unless the recipe says how many
    steps it wants. told: each batch also says which rows the second labeller made, for a network
    around `heatmap.with_sources`.
    """

    def __init__(
        self, part: faces.Faces, recipe: Recipe, first_epoch: int, told: bool = False
    ) -> None:
        super().__init__()
        self.images, self.keypoints = part.images, part.keypoints
        self.targets = faces.to_targets(part.keypoints)
        self.second = heatmap.from_second(part.keypoints) if told else None
        complete = part.is_complete()
        halves = np.flatnonzero(complete), np.flatnonzero(~complete)
        self.kinds = [rows for rows in halves if len(rows)]
        self.recipe = recipe
        self.steps = recipe.steps_of(len(part))
        self.first = first_epoch * self.steps
        self._epoch, self._order = -1, np.arange(0)

    @property
    def num_batches(self) -> None:
        """None: Keras may ask for as many as it likes."""
        return None

    def __getitem__(self, index: int) -> tuple[typing.Any, np.ndarray]:
        epoch, step = divmod(self.first + index, self.steps)
        rows = self.rows(epoch, step)
        images, targets = self.images[rows], self.targets[rows]
        if self.recipe.augment:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            images, points = self.recipe.augment(images, self.keypoints[rows], rng)
            targets = faces.to_targets(points)
        inputs = faces.to_inputs(images)
        return (inputs if self.second is None else (inputs, self.second[rows])), targets

    def rows(self, epoch: int, step: int) -> np.ndarray:
        """Which faces make batch `step` of epoch `epoch`, both from 0."""
        # Keras asks for a batch or two more than the last epoch has.
        size = self.recipe.batch_size[min(epoch, self.recipe.epochs - 1)]
        if self.recipe.steps:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            if self.recipe.half_complete:
                each = size // len(self.kinds)
                return np.concatenate([rng.choice(rows, each) for rows in self.kinds])
            return rng.integers(0, len(self.images), size)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, order(len(self.images), self.recipe.seed, epoch)
        return self._order[step * size : (step + 1) * size]


def order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which so many faces come in an epoch (from 0): (count,) positions.

    The seed's and the epoch's alone; chapter 03 writes it out.
    """
    return np.random.default_rng([seed, epoch]).permutation(count)
