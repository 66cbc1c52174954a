"""Train the steps of the ablation of chapter 18a on real faces, and keep them."""

import collections.abc
import dataclasses
import pathlib

from fkd_utils import files
from fkd_utils.training import ablation
from studies import publish

_ASKED_AGAIN = (ablation.LAST, ablation.FINAL)


def train_steps(
    chosen: collections.abc.Iterable[int],
    data: str,
    machine: str,
    epochs: int = ablation.EPOCHS,
    steps_per_epoch: int = ablation.STEPS_PER_EPOCH,
    folder: pathlib.Path | None = None,
) -> list[pathlib.Path]:
    """Train and publish the chosen ones of `ablation.every`, or WIDE; returns their folders.

    data: open, kaggle or a folder. A step that is trained already is found; a stopped one goes on.
    The weights of LAST and FINAL are stored, since chapters ask these networks again.
    """
    every = [
        *ablation.every(epochs, steps_per_epoch),
        ablation.wide(steps_per_epoch=steps_per_epoch),
    ]
    made = []
    for number in chosen:
        step, asked_again = every[number], number in _ASKED_AGAIN
        parts = step.faces(data)
        made.append((folder or files.PUBLISHED) / ablation.folder_of(number))
        publish.publish(step.fit(parts), made[-1], parts, asked_again, machine, step.flipped)
    return made


def cross_dataset(
    onto: str,
    machine: str,
    epochs: int = ablation.EPOCHS,
    steps_per_epoch: int = ablation.STEPS_PER_EPOCH,
    folder: pathlib.Path | None = None,
) -> pathlib.Path:
    """Train the last step on the embedded faces alone, and report it on those of `onto`.

    onto: a folder in Kaggle's format, whose test part becomes the published run's. Validation
    stays with the embedded faces: whoever has only these could not choose by others. Returns the
    published run's folder, CARRIED. Raises InputError for a bad `onto` before it trains.
    """
    step = ablation.steps(epochs, steps_per_epoch)[ablation.LAST]
    abroad = step.faces(onto).test  # first: a folder that is none is not to be told after hours
    home = step.faces("open")
    made = (folder or files.PUBLISHED) / ablation.CARRIED
    reported = dataclasses.replace(home, test=abroad)
    publish.publish(step.fit(home), made, reported, True, machine, step.flipped)
    return made
