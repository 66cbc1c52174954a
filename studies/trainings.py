"""Trainings on real faces that are kept: rows of Tables 4.1 and 4.4, the steps of chapter 18a.

The rows are trained at the thesis's length.
"""

import dataclasses
import pathlib

from fkd_utils import files
from fkd_utils.data import sources, splits
from fkd_utils.models import heatmap
from fkd_utils.training import ablation, results, thesis_runs
from studies import publish

# Chapters ask these networks again, about faces that can be shown: their weights are stored.
_ROWS_ASKED_AGAIN = ("First", *thesis_runs.TABLE_4_4)
_STEPS_ASKED_AGAIN = (ablation.LAST, ablation.FINAL)
WIDE_EPOCHS, FIRST_EPOCHS = 150, 40  # the same hour: on real faces, on the embedded ones before


def train_row(row: str, data: str, machine: str) -> pathlib.Path:
    """Train and publish a row of Table 4.1 or 4.4, by name; returns its folder.

    data: open, kaggle or a folder. A row that is trained already is found; a stopped one goes on.
    Table 4.4's faces have mirrored copies, so labels that count from the picture's edge are moved
    to count from pixel centres first: x then goes to 96 - x, as the edge has it.
    """
    grown = row in thesis_runs.TABLE_4_4
    edge = grown and sources.counts_from_edge(data)
    name = results.folder_of(row)
    parts = splits.load(data, grown=grown, from_edge=edge)
    run = thesis_runs.thesis_run(row, parts, "paper")
    publish.publish(run, files.PUBLISHED / name, parts, row in _ROWS_ASKED_AGAIN, machine)
    return files.PUBLISHED / name


def train_step(number: int, data: str, machine: str) -> pathlib.Path:
    """Train and publish one of `ablation.every`, `wide` or `complete_rows`; returns its folder.

    number: as `ablation.folder_of` takes it. data: open, kaggle or a folder. A step that is trained
    already is found; a stopped one goes on.
    """
    step = [*ablation.every(), wide(), complete_rows()][number]
    parts = step.faces(data)
    made = files.PUBLISHED / ablation.folder_of(number)
    again = number in _STEPS_ASKED_AGAIN
    publish.publish(step.fit(parts), made, parts, again, machine, step.flipped)
    return made


def wide() -> ablation.Step:
    """The final network's hour spent otherwise: on a wider one that knows `open` before it starts.

    Fewer batches, since each takes longer and the embedded faces have their share.
    """
    return dataclasses.replace(
        ablation.final(),
        change="the same hour: wider, and taught on the embedded faces first",
        build=heatmap.wide_network,
        epochs=WIDE_EPOCHS,
        first_epochs=FIRST_EPOCHS,
    )


def complete_rows() -> ablation.Step:
    """The final network taught by fully labelled rows alone, in as many batches.

    They are all of the first labeller's, so it is told no labeller.
    """
    return dataclasses.replace(
        ablation.final(),
        change="complete rows alone",
        told=None,
        all_rows=False,
        half_complete=False,
    )


def cross_dataset(onto: str, machine: str) -> pathlib.Path:
    """Train the last step on the embedded faces alone, and report it on those of `onto`.

    onto: a folder in Kaggle's format, whose test part becomes the published run's. Validation
    stays with the embedded faces: whoever has only these could not choose by others. Returns the
    published run's folder, CARRIED. Raises InputError for a bad `onto` before it trains.
    """
    step = ablation.steps()[ablation.LAST]
    abroad = step.faces(onto).test  # first: a folder that is none is not to be told after hours
    home = step.faces("open")
    made = files.PUBLISHED / ablation.CARRIED
    reported = dataclasses.replace(home, test=abroad)
    publish.publish(step.fit(home), made, reported, True, machine, step.flipped)
    return made
