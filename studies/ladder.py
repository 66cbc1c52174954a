"""Train the steps of the ablation of chapter 18 on real faces, and keep them."""

import collections.abc
import dataclasses
import pathlib

from fkd_utils import files
from fkd_utils.training import ablation, fitting
from studies import publish


def climb(
    chosen: collections.abc.Iterable[int],
    data: str,
    machine: str,
    epochs: int = ablation.EPOCHS,
    steps: int = ablation.STEPS,
    folder: pathlib.Path | None = None,
) -> list[pathlib.Path]:
    """Train and publish the chosen ones of `ablation.every`, by number; returns their folders.

    data: open, kaggle or a folder. A rung that is trained already is found; a stopped one goes on.
    The weights of LAST and FINAL are stored, since chapter 18 asks these networks again.
    """
    trained, made = ablation.every(epochs, steps), []
    for number in chosen:
        rung, asked_again = trained[number], number in (ablation.LAST, ablation.FINAL)
        faces_of = rung.faces(data)
        run = fitting.train(rung.recipe, faces_of)
        made.append((folder or files.PUBLISHED) / ablation.folder_of(number))
        publish.publish(run, made[-1], faces_of, asked_again, machine, rung.flipped)
    return made


def carry(
    onto: str,
    machine: str,
    epochs: int = ablation.EPOCHS,
    steps: int = ablation.STEPS,
    folder: pathlib.Path | None = None,
) -> pathlib.Path:
    """Train the last rung on the embedded faces alone, and report it on those of `onto`.

    onto: a folder in Kaggle's format, whose test part becomes the published run's. Validation
    stays with the embedded faces: whoever has only these could not choose by others. Returns the
    published run's folder, CARRIED. Raises InputError for a bad `onto` before it trains.
    """
    rung = ablation.rungs(epochs, steps)[ablation.LAST]
    abroad = rung.faces(onto).test  # first: a folder that is none is not to be told after hours
    home = rung.faces("open")
    run = fitting.train(rung.recipe, home)
    made = (folder or files.PUBLISHED) / ablation.CARRIED
    seen = dataclasses.replace(home, test=abroad)
    publish.publish(run, made, seen, True, machine, rung.flipped)
    return made
