import argparse
import json

from fkd_utils import files
from fkd_utils.cli import data, execute, main, run
from fkd_utils.data import sources, splits
from fkd_utils.training import fitting


def test_models_lists_the_thesis_networks(capsys):
    assert main.main(["models"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["first", "First", "03", "276,510"] in lines
    assert ["second", "Second", "04", "2,814,780"] in lines
    assert ["third", "Third", "05", "1,161,266"] in lines
    assert ["fourth", "Fourth", "06", "297,266"] in lines


def test_a_failed_chapter_makes_the_status_1(monkeypatch, tmp_path, capsys):

    outcome = execute.Outcome(tmp_path / "03_linear.ipynb", 1.0, "cell [2]: ValueError: no")
    monkeypatch.setattr(execute, "run_chapters", lambda *_: [outcome])
    monkeypatch.setattr(execute, "write_report", lambda *_: tmp_path)
    monkeypatch.setattr(sources, "read", lambda *_: None)
    assert main.main(["run", "03"]) == 1
    assert "failed: 03_linear" in capsys.readouterr().out


def test_runs_list_show_and_resume(blob_parts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path))
    monkeypatch.setattr(splits, "load", lambda **source: blob_parts)
    recipe = fitting.Recipe("first", "adam", 0.001, epochs=2)
    run = fitting.train(recipe, blob_parts)
    stopped = fitting.Recipe("first", "adam", 0.001, epochs=3)
    folder = tmp_path / fitting.run_name(stopped, blob_parts)
    fitting.write_recipe(folder, stopped, blob_parts)
    assert main.main(["runs", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"{run.folder.name}" in listed
    assert "2 epochs, best validation MSE" in listed
    assert "stopped before epoch 3" in listed
    assert main.main(["runs", "show", run.folder.name]) == 0
    assert '"learning_rate": 0.001' in capsys.readouterr().out
    assert main.main(["runs", "resume", folder.name]) == 0
    assert len(fitting.load(folder).history) == 3
    content = json.loads((folder / "recipe.json").read_text())
    (folder / "recipe.json").write_text(json.dumps(content | {"fingerprint": "other"}))
    assert main.main(["runs", "resume", folder.name]) == 2
    assert "have changed" in capsys.readouterr().err


def test_an_empty_variable_names_no_faces(monkeypatch):

    for value, default in (("", "open"), ("kaggle", "kaggle")):
        monkeypatch.setenv("FKD_DATA", value)
        parser = argparse.ArgumentParser()
        data.add_data(parser)
        run.add_profile_and_data(other := argparse.ArgumentParser())
        assert parser.parse_args([]).data == other.parse_args([]).data == default


def test_runs_publish_and_verify(blob_parts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(files, "PUBLISHED", tmp_path / "published")
    monkeypatch.setattr(splits, "load", lambda **source: blob_parts)
    folder = fitting.train(fitting.Recipe("first", "sgd", 0.01, epochs=1), blob_parts).folder
    publish = ["runs", "publish", folder.name, "mine", "--machine", "a desk"]
    assert main.main(publish) == 0
    assert main.main(["runs", "verify"]) == 0
    assert "published runs: 1, every one consistent" in capsys.readouterr().out
    (tmp_path / "published" / "mine" / "metrics.json").write_text("{}")
    assert main.main(["runs", "verify"]) == 1
    assert "mine: cannot be read" in capsys.readouterr().out
    (folder / "history.csv").unlink()
    assert main.main(publish) == 2
    assert "is not finished" in capsys.readouterr().err
