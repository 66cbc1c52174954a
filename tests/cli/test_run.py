import types

import pandas as pd
import pytest

from fkd_utils import __main__ as main
from fkd_utils.cli import book, data, execute, run
from fkd_utils.data import sources
from fkd_utils.evaluation import timing
from fkd_utils.files import InputError
from fkd_utils.plotting import chapter
from fkd_utils.training import fitting, results


def test_models_lists_the_thesis_networks(capsys):
    assert main.main(["models"]) == 0
    shown = capsys.readouterr().out
    lines = [line.split() for line in shown.splitlines()]
    assert ["first", "First", "03", "276,510"] in lines
    assert ["second", "Second", "04", "2,814,780"] in lines
    assert ["third", "Third", "05", "1,161,266"] in lines
    assert ["fourth", "Fourth", "06", "297,266"] in lines
    # and names that `predict --model` takes
    *_, last = shown.splitlines()
    assert set(last.partition(": ")[2].split(", ")) == set(results.networks()) >= {"wild_final"}


@pytest.mark.parametrize("error", ["cell [2]: ValueError: no", ""])
def test_a_failed_chapter_makes_the_status_1(error, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(execute, "run_chapters", lambda *_: {"03_linear": error})
    monkeypatch.setattr(book, "build", lambda *_: tmp_path)
    monkeypatch.setattr(sources, "read", lambda *_: None)
    assert main.main(["run", "03"]) == bool(error)
    assert ("failed: 03_linear" in capsys.readouterr().out) == bool(error)


def test_the_profiles_are_the_chapters_own():
    (option,) = (option for option in run.run.params if option.name == "profile")
    assert tuple(option.type.choices) == chapter.PROFILES


@pytest.mark.parametrize(
    ("value", "expected"), [("", ("quick", "open")), ("smoke", ("smoke", "smoke"))]
)
def test_the_environment_chooses_and_an_empty_variable_does_not(value, expected, monkeypatch):
    for name in ("FKD_PROFILE", "FKD_DATA"):
        monkeypatch.setenv(name, value)
    given = run.run.make_context("run", []).params
    assert (given["profile"], given["data"]) == expected
    assert data.info.make_context("info", []).params["data"] == expected[1]


def test_runs_list_show_and_resume(tmp_path, monkeypatch, capsys):
    folders = [tmp_path / "first-01", tmp_path / "first-02"]
    best = types.SimpleNamespace(val_mse=0.00456, epoch=3.0)
    resumed = types.SimpleNamespace(folder=folders[1], name="first-02", at_best=lambda: best)
    monkeypatch.setattr(results, "stored_runs", lambda: folders)
    monkeypatch.setattr(results, "described", lambda folder: f"{folder.name}: as it ended")
    monkeypatch.setattr(fitting, "settings_of", lambda folder: {"epochs": 3})
    monkeypatch.setattr(results, "resume", lambda folder: {folders[1]: resumed}[folder])
    assert main.main(["runs", "list"]) == 0
    assert capsys.readouterr().out == "first-01: as it ended\nfirst-02: as it ended\n"
    assert main.main(["runs", "show", "first-01"]) == 0
    assert capsys.readouterr().out == '{\n "epochs": 3\n}\nfirst-01: as it ended\n'
    assert main.main(["runs", "resume", "first-02"]) == 0
    assert "first-02: done, validation MSE 0.00456 at epoch 3" in capsys.readouterr().out
    assert main.main(["runs", "resume", "first"]) == 2
    assert "2 stored trainings start with 'first'" in capsys.readouterr().err


def test_faces_that_have_changed_are_told_when_a_training_is_resumed(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(results, "stored_runs", lambda: [tmp_path])

    def changed(folder):
        raise InputError("the faces have changed")

    monkeypatch.setattr(results, "resume", changed)
    assert main.main(["runs", "resume", tmp_path.name]) == 2
    assert capsys.readouterr().err == "error: the faces have changed\n"


def test_an_empty_store_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path))
    assert main.main(["runs", "list"]) == 0
    assert "no trainings are stored yet" in capsys.readouterr().out


def test_timing_writes_the_file_and_says_what_it_found(tmp_path, monkeypatch, capsys):
    row = {"measure": "train", "network": "first", "pictures": 1712, "median": 0.5}
    table = pd.DataFrame([row | {"device": "a chip", "cores": 2}])
    monkeypatch.setattr(timing, "networks", lambda: "networks")
    monkeypatch.setattr(timing, "measurements", lambda *given: {("desk", "networks"): table}[given])
    monkeypatch.setenv("FKD_RUNS", str(tmp_path))
    out = tmp_path / "timing" / "desk.csv"
    out.parent.mkdir()
    assert main.main(["timing", "--name", "desk"]) == 0
    printed = capsys.readouterr().out
    assert "train first, 1712 pictures" in printed and "500.00 ms" in printed
    assert "1 rows; a chip, 2 cores" in printed and out.exists()
