"""The batches that a network is fed with, by a recipe."""

import itertools
import typing

import keras
import numpy as np

from fkd_utils import augment, faces
from fkd_utils.models import heatmap

if typing.TYPE_CHECKING:
    from fkd_utils.training import fitting


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


def steps_of(part: faces.Faces, recipe: "fitting.Recipe") -> int:
    """How many batches make an epoch."""
    return recipe.steps or -(-len(part) // recipe.batch_size)


class Batches(keras.utils.PyDataset):
    """An endless row of batches, made on the way from the 8-bit pictures.

    Batch i depends on the seed and on i alone, so a resumed run sees what it would have seen.
    Every face comes once an epoch, in a new order, unless the recipe says how many steps it wants.
    """

    def __init__(self, part: faces.Faces, recipe: "fitting.Recipe", first_epoch: int) -> None:
        super().__init__()
        self.images, self.keypoints = part.images, part.keypoints
        self.targets = faces.to_targets(part.keypoints)
        self.second = heatmap.from_second(part.keypoints) if recipe.sources else None
        complete = part.is_complete()
        halves = np.flatnonzero(complete), np.flatnonzero(~complete)
        self.kinds = [rows for rows in halves if len(rows)]
        self.recipe = recipe
        self.steps = steps_of(part, recipe)
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
        if self.recipe.augmented:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            images, points = augment.random_augment(images, self.keypoints[rows], rng)
            targets = faces.to_targets(points)
        inputs = faces.to_inputs(images)
        return (inputs if self.second is None else (inputs, self.second[rows])), targets

    def rows(self, epoch: int, step: int) -> np.ndarray:
        """Which faces make batch `step` of epoch `epoch`, both from 0."""
        size = self.recipe.batch_at(epoch + 1)
        if self.recipe.steps:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            if self.recipe.half_complete:
                each = size // len(self.kinds)
                return np.concatenate([rng.choice(rows, each) for rows in self.kinds])
            return rng.integers(0, len(self.images), size)
        if epoch != self._epoch:
            rng = np.random.default_rng([self.recipe.seed, epoch])
            self._epoch, self._order = epoch, rng.permutation(len(self.images))
        return self._order[step * size : (step + 1) * size]
