import collections.abc
import dataclasses
import multiprocessing
import multiprocessing.forkserver
import os
import pathlib
import tempfile

import drawnfaces
import hypothesis
import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces, files
from fkd_utils.data import splits

pytest.register_assert_rewrite("facefiles")

# Where /tmp is closed to this account Python has found another place; the browser is to take it.
os.environ.setdefault("TMPDIR", tempfile.gettempdir())

# A busy machine is no reason to fail, and a red run must be red again.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")


def blob_faces(n: int, seed: int) -> faces.Faces:
    """Pictures with a bright blob; all keypoints lie on it, so a network can learn them."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(25, 70, (n, 2)).astype(np.float32)
    y, x = np.mgrid[:96, :96]
    squared = (x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2
    images = (40 + 200 * np.exp(-squared / 200)).astype(np.uint8)
    # A little apart from each other, as the distance of the eye corners must not be 0.
    spread = np.stack([np.linspace(-9, 9, 15), np.linspace(6, -6, 15)], axis=1).astype(np.float32)
    points = centres[:, np.newaxis] + spread
    return faces.Faces(images, points, np.arange(n), np.arange(n), "blobs")


@pytest.fixture(scope="session")
def blob_parts() -> splits.Splits:
    return splits.Splits(
        blob_faces(96, 0), blob_faces(32, 1), blob_faces(32, 2), splits.Source("blobs")
    )


@pytest.fixture(scope="session")
def fourth_run(blob_parts, tmp_path_factory):
    """Fourth with dropout, trained for three epochs on `blob_parts`: a finished run."""
    import blobruns  # not at the top: most tests do without the seconds that Keras takes to load

    return blobruns.fit(blob_parts, tmp_path_factory.mktemp("runs"), epochs=3)


@pytest.fixture
def partly(blob_parts) -> splits.Splits:
    """Faces of which every second has four points only, as a second labeller gives them."""
    points = blob_parts.train.keypoints.copy()
    others = [k for k in range(15) if faces.KEYPOINTS[k] not in faces.FOUR_POINTS]
    points[::2, others] = np.nan
    train = dataclasses.replace(blob_parts.train, keypoints=points)
    return dataclasses.replace(blob_parts, train=train)


@pytest.fixture(scope="session")
def drawn() -> faces.Faces:
    """Drawn faces, the last 230 with the four points only. Change a copy, not these."""
    return drawnfaces.faces(520, second=230)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The cache folder of a test, not made yet."""
    monkeypatch.setenv("FKD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    """An empty folder for the files of a data set."""
    made = tmp_path / "data"
    made.mkdir()
    return made


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a table where stored results are looked for: written("depth/leak", rows)."""
    monkeypatch.setattr(files, "PUBLISHED", tmp_path / "published")

    def write(name: str, table: dict | list) -> None:
        path = tmp_path / "published" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(table).to_csv(path, index=False)

    return write


@pytest.fixture
def eagerly():
    """No graph is made, which for a few steps takes longer than they do."""
    import tensorflow  # not at the top, as above

    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def forking():
    """Starts processes from one that has loaded everything: in a moment."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["blobruns", "fkd_utils.demo.locate", "fkd_utils.training"])
    with pytest.MonkeyPatch.context() as during:
        tests = pathlib.Path(__file__).parent
        during.setenv("PYTHONPATH", os.pathsep.join([str(tests), str(files.REPO)]))
        multiprocessing.forkserver.ensure_running()
    return context


def at_once(target: collections.abc.Callable, *args) -> set:
    """What two processes find that start `target(*args, barrier, queue)` at the same moment."""
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(2), context.Queue()
    workers = [context.Process(target=target, args=(*args, barrier, queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = {queue.get(timeout=600) for _ in workers}
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    return found


@pytest.fixture
def tiny_network():
    """A compiled network for pictures of 16 x 16 pixels."""
    import keras  # not at the top, as above

    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((16, 16, 1)),
            layers.Conv2D(3, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(30),
        ],
        name="tiny",
    )
    model.compile("adam", "mse")
    return model


@pytest.fixture
def tiny_plan(monkeypatch):
    """A plan of DEPTH's study called "tiny": four runs, two epochs, six faces."""
    from fkd_utils.training import depth_runs  # not at the top, as above

    plan = depth_runs.Plan(6, 1 / 32, 2, ("3: 5cl, 3mpl",), 2, "3: 6cl, 3mpl", 1)
    monkeypatch.setitem(depth_runs.PLANS, "tiny", plan)
