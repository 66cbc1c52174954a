"""Processes killed at any moment: what stands under its name is whole, and nothing is lost."""

import csv
import pathlib
import random
import signal
import time

import cv2
import drawnfaces
import facefiles
import pytest

from fkd_utils import files
from fkd_utils.data import open_set, sources, splits

PHOTO = min((files.REPO / "data" / "open_faces" / "neutral_front").glob("*.jpg"))


def fit(home: pathlib.Path) -> str:
    """Eight epochs, saved after each."""
    import blobruns

    blobruns.checkpoint.CHECKPOINT_SECONDS = 0
    run = blobruns.fit_tiny(home / "runs", 8)
    assert sorted(path.name for path in run.folder.iterdir() if path.name[0] != ".") == [
        *("history.csv", "network.json", "recipe.json", "state.npz", "weights.npz")
    ]
    weights = [array.tobytes() for array in run.model().get_weights()]
    return repr((run.history.drop(columns="seconds").to_csv(), weights))


def first_use(home: pathlib.Path) -> str:
    """The set `open`, small: written as the competition's files, read into the cache, checked."""
    rows = drawnfaces.faces(60, second=20)

    def unpack(folder):
        folder.mkdir(parents=True, exist_ok=True)
        text = facefiles.text(facefiles.fields(rows.images, rows.keypoints))
        facefiles.save(folder, text)

    open_set.unpack = unpack
    found = sources.read(str(sources.place("open")))
    return found.fingerprint() + splits.checked(found).to_json()


def predict(home: pathlib.Path) -> str:
    """The keypoints on a photograph."""
    from fkd_utils import __main__ as main

    assert main.main(["predict", str(PHOTO), "--out", str(home / "out")]) == 0
    return (home / "out" / "points.csv").read_text()


def child(job, home, queue):
    """Says that it starts, does the job and says what came out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FKD_CACHE", str(home / "cache"))
        queue.put("started")
        queue.put(job(home))


def whole(home: pathlib.Path) -> None:
    """What stands under its name was written to its end."""
    for path in home.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(home).parts):
            continue  # written aside
        if path.suffix == ".npz":
            assert files.read_arrays(path)
        elif path.suffix == ".json":
            assert files.read_json(path)
        elif path.name in ("history.csv", "points.csv"):
            assert len({len(row) for row in csv.reader(path.open())}) == 1
        elif path.suffix == ".jpg":
            assert cv2.imread(str(path)) is not None


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize(("job", "kills"), [(fit, 4), (first_use, 3), (predict, 3)])
def test_nothing_is_lost(job, kills, forking, tmp_path):
    moments, queue = random.Random(job.__name__), forking.Queue()

    def start(home):
        process = forking.Process(target=child, args=(job, home, queue))
        process.start()
        assert queue.get(timeout=120) == "started"
        return process

    begun = start(tmp_path / "calm")
    started = time.monotonic()
    right = queue.get(timeout=120)
    seconds = time.monotonic() - started
    begun.join()
    for _ in range(kills):
        process = start(tmp_path / "killed")
        time.sleep(moments.uniform(0, 0.8 * seconds))
        process.kill()
        process.join()
        queue = forking.Queue()  # the killed one may have held its lock
        whole(tmp_path / "killed")
    start(tmp_path / "killed")
    assert queue.get(timeout=120) == right
