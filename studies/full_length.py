"""The rows of Tables 4.1 and 4.4 at the thesis's length, trained on real faces and kept."""

import collections.abc
import pathlib

from fkd_utils import files
from fkd_utils.data import sources, splits
from fkd_utils.training import results, thesis_runs
from studies import publish

# Chapters ask these networks again, about faces that can be shown.
ASKED_AGAIN = ("First", *thesis_runs.TABLE_4_4)


def train_rows(
    rows: collections.abc.Iterable[str],
    data: str,
    machine: str,
    epochs: int = thesis_runs.EPOCHS,
    folder: pathlib.Path | None = None,
) -> list[pathlib.Path]:
    """Train and publish rows of Tables 4.1 and 4.4, by name; returns their folders.

    data: open, kaggle or a folder. A row that is trained already is found; a stopped one goes on.
    Table 4.4's faces have mirrored copies, so labels that count from the picture's edge are moved
    to count from pixel centres first: x then goes to 96 - x, as the edge has it; such a row's
    folder ends in "_centred".
    """
    made = []
    for row in rows:
        grown = row in thesis_runs.TABLE_4_4
        edge = grown and sources.counts_from_edge(data)
        parts = splits.load(data, 0, grown=grown, from_edge=edge)
        run = thesis_runs.thesis_run(row, parts, "paper", 0, epochs)
        name = results.folder_of(row) + ("_centred" if edge else "")
        made.append((folder or files.PUBLISHED) / name)
        publish.publish(run, made[-1], parts, row in ASKED_AGAIN, machine)
    return made
