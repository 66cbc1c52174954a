"""Recipes and processes that train on the blobs of conftest.py."""

import pathlib
import subprocess
import sys

from fkd_utils.training import fitting

RECIPE = fitting.Recipe("fourth", "adam", 0.001, epochs=6, batch_size=16, dropout=0.25, seed=3)

EVERYTHING = fitting.Recipe(
    "fourth",
    "adam",
    0.001,
    epochs=4,
    batch_size=32,
    loss="wing",
    augmented=True,
    sources="offset",
    one_cycle=True,
    averaged=True,
)

# Of a process of its own: it can be killed, and two can run at once.
CHILD = """
import pathlib, sys
sys.path.insert(0, {tests!r})
import blobruns, conftest, dataclasses
keeper.CHECKPOINT_SECONDS = 0
data = parts.Parts(conftest.blob_faces(96, 0), conftest.blob_faces(32, 1),
                   conftest.blob_faces(32, 2), parts.Source("blobs"))
recipe = dataclasses.replace(blobruns.RECIPE, epochs=int(sys.argv[2]))
fitting.train(recipe, data, pathlib.Path(sys.argv[1]))
"""


def child(store: pathlib.Path, epochs: int) -> subprocess.Popen:
    """A process that trains by RECIPE for so many epochs and saves after each of them."""
    code = CHILD.format(tests=str(pathlib.Path(__file__).parent))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(store), str(epochs)], stderr=subprocess.DEVNULL
    )
