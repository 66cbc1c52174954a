import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest

from fkd_utils import augment, faces
from fkd_utils.training import batches

VARIED = batches.Recipe((16,) * 4, 5, 0, augment.random_augment)


def test_a_varied_batch_is_another_each_epoch_and_the_same_again(partly):
    (pictures, second), targets = batches.Batches(partly.train, VARIED, 0, True)[0]
    again = batches.Batches(partly.train, VARIED, 0, True)[0]
    assert np.array_equal(pictures, again[0][0]) and np.array_equal(targets, again[1], True)
    later = batches.Batches(partly.train, VARIED, 1, True)[0]
    assert not np.array_equal(pictures, later[0][0])
    assert np.array_equal(second[:, 0] == 1, np.isnan(targets).sum(axis=1) >= 22)


def test_half_of_a_batch_is_complete_where_the_recipe_says_so(partly, blob_parts):
    recipe = batches.Recipe((16,) * 4, 5, half_complete=True)
    few = partly.train.take(np.r_[0:60:2, 1])  # thirty partly labelled faces and a complete one
    made = batches.Batches(few, recipe, 0)
    for step in range(5):
        rows = made.rows(0, step)
        assert (rows == 30).sum() == 8 and len(np.unique(rows)) > 6
    # Without partly labelled faces a batch is an ordinary one.
    assert len(np.unique(batches.Batches(blob_parts.train, recipe, 0).rows(0, 0))) > 8


def test_every_epoch_shows_every_face_once(blob_parts):
    recipe = batches.Recipe((20,) * 3)
    made = batches.Batches(blob_parts.train, recipe, 0)
    epochs = [[made.rows(e, s) for s in range(made.steps)] for e in (0, 1)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch)), np.arange(96))
    assert not np.array_equal(np.concatenate(epochs[0]), np.concatenate(epochs[1]))
    resumed = batches.Batches(blob_parts.train, recipe, 1)
    np.testing.assert_array_equal(resumed[2][0], made[made.steps + 2][0])
    x, y = made[0]
    np.testing.assert_array_equal(x, faces.to_inputs(blob_parts.train.images[epochs[0][0]]))
    np.testing.assert_array_equal(y, faces.to_targets(blob_parts.train.keypoints[epochs[0][0]]))


def test_batches_grow_as_they_are_told(blob_parts):
    made = batches.Batches(blob_parts.train, batches.Recipe((16, 32), 3), 1)
    assert made.steps == 3 and len(made[0][0]) == 32
    assert not np.array_equal(made.rows(1, 0), made.rows(1, 1))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others take Batches itself")
@pytest.mark.parametrize("told", [False, True])
def test_tensorflow_is_fed_the_same_batches_in_order(partly, told):
    made = batches.Batches(partly.train, VARIED, 0, told)
    fed = batches.feed(batches.Batches(partly.train, VARIED, 0, told)).as_numpy_iterator()
    for index, (inputs, targets) in enumerate(itertools.islice(fed, 3)):
        expected, points = made[index]
        np.testing.assert_array_equal(targets, points)
        assert isinstance(inputs, tuple) == isinstance(expected, tuple) == told
        for one, other in zip(inputs, expected, strict=True) if told else [(inputs, expected)]:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
    assert index == 2


MEMORY = """
import pathlib, resource
import numpy as np
from fkd_utils import augment, faces
from fkd_utils.training import batches

def peak():  # bytes. Linux: not ru_maxrss, which a child takes over from its parent
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (1712, 96, 96), dtype=np.uint8)
points = rng.uniform(10, 85, (1712, 15, 2)).astype(np.float32)
before = peak()
images, points = augment.transformed_copies(images, points, 0)
numbers = np.arange(len(images))
grown = faces.Faces(images, points, numbers, numbers, "noise")
made = batches.Batches(grown, batches.Recipe((512,) * 1000, 30), 999)
for step in range(5):
    x, y = made[step]
print(len(grown), len(x), peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
def test_the_thesiss_37664_faces_and_its_largest_batches_cost_less_than_a_gigabyte():
    out = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    ).stdout
    faces_made, batch, extra = map(int, out.split())
    assert (faces_made, batch) == (37_664, 512)
    assert extra < 1e9
    assert extra > faces_made * 96 * 96  # it did hold them
