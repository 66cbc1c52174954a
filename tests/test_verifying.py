import json

import numpy as np
import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.training import fitting
from studies import publish


@pytest.fixture(scope="module")
def sound(blob_parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    recipe = fitting.Recipe("fourth", "adam", 0.001, epochs=3, batch_size=16)
    run = fitting.train(recipe, blob_parts, tmp_path_factory.mktemp("runs"))
    publish.publish(run, folder / "mine", blob_parts, True, "a desk")
    return {path.name: path.read_bytes() for path in (folder / "mine").iterdir()}


@pytest.fixture
def folder(sound, tmp_path):
    (tmp_path / "mine").mkdir()
    for name, content in sound.items():
        (tmp_path / "mine" / name).write_bytes(content)
    return tmp_path / "mine"


def test_a_sound_run(folder):
    assert publish.problems(folder.parent) == []


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_history(folder, **changes):
    history = pd.read_csv(folder / "history.csv")
    history.assign(**changes).to_csv(folder / "history.csv", index=False)


def halve(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def shift_errors(folder):
    with np.load(folder / "predictions.npz") as stored:
        arrays = dict(stored)
    arrays["test_errors"] = arrays["test_errors"] + np.float32(0.01)
    files.save_arrays(folder / "predictions.npz", arrays)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: change_json(f / "metrics.json", best_epoch=99), "best_epoch is 99"),
        (lambda f: change_json(f / "metrics.json", training_mse=1.0), "training_mse is 1.0"),
        (lambda f: change_json(f / "recipe.json", seconds=1e9), "seconds is"),
        (lambda f: change_json(f / "metrics.json", parameters=7), "parameters are"),
        (lambda f: change_json(f / "metrics.json", test_faces=1), "test faces"),
        (lambda f: change_history(f, epoch=[1, 2, 4]), "not the epochs 1 to 3"),
        (lambda f: change_history(f, loss=[0.1, np.nan, 0.1]), "no number"),
        (shift_errors, "test mse is"),
        (lambda f: (f / "predictions.npz").unlink(), "cannot be read"),
        (lambda f: (f / "predictions.npz").write_bytes(b""), "cannot be read (EOFError"),
        (lambda f: halve(f / "predictions.npz"), "cannot be read (BadZipFile"),
        (lambda f: (f / "metrics.json").write_text("{}"), "cannot be read"),
        (lambda f: (f / "weights.npz").write_bytes(b"PK"), "restore the folder"),
    ],
)
def test_each_damage_is_named(folder, damage, says):
    damage(folder)
    found = publish.problems(folder.parent)
    assert any(says in line and line.startswith("mine") for line in found), found


def test_too_many_weights(folder, monkeypatch):
    monkeypatch.setattr(publish, "MOST_WEIGHTS", 1000)
    assert any("all weights together" in line for line in publish.problems(folder.parent))


def test_every_published_run_of_the_course_is_consistent():
    assert publish.problems() == []
