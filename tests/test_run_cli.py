import argparse
import json

from fkd_utils import cli, parts, run_cli, runner, shipped, training


def test_models_lists_the_thesis_networks(capsys):
    assert cli.main(["models"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["first", "First", "03", "276,510"] in lines
    assert ["second", "Second", "04", "2,814,780"] in lines
    assert ["third", "Third", "05", "1,161,266"] in lines
    assert ["fourth", "Fourth", "06", "297,266"] in lines


def test_a_failed_chapter_makes_the_status_1(monkeypatch, tmp_path, capsys):
    from fkd_utils import sources

    outcome = runner.Outcome(tmp_path / "03_linear.ipynb", 1.0, "cell [2]: ValueError: no")
    monkeypatch.setattr(runner, "run_chapters", lambda *_: [outcome])
    monkeypatch.setattr(runner, "write_report", lambda *_: tmp_path)
    monkeypatch.setattr(sources, "load", lambda *_: None)
    assert cli.main(["run", "03"]) == 1
    assert "failed: 03_linear" in capsys.readouterr().out


def test_runs_list_show_and_resume(blob_parts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path))
    monkeypatch.setattr(parts, "prepare", lambda **source: blob_parts)
    recipe = training.Recipe("first", "adam", 0.001, epochs=2)
    run = training.train(recipe, blob_parts)
    stopped = training.Recipe("first", "adam", 0.001, epochs=3)
    folder = tmp_path / training.run_name(stopped, blob_parts)
    training.write_recipe(folder, stopped, blob_parts)
    assert cli.main(["runs", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"{run.folder.name}" in listed
    assert "2 epochs, best validation MSE" in listed
    assert "stopped before epoch 3" in listed
    assert cli.main(["runs", "show", run.folder.name]) == 0
    assert '"learning_rate": 0.001' in capsys.readouterr().out
    assert cli.main(["runs", "resume", folder.name]) == 0
    assert len(training.load(folder).history) == 3
    content = json.loads((folder / "recipe.json").read_text())
    (folder / "recipe.json").write_text(json.dumps(content | {"fingerprint": "other"}))
    assert cli.main(["runs", "resume", folder.name]) == 2
    assert "have changed" in capsys.readouterr().err


def test_an_empty_variable_names_no_faces(monkeypatch):
    from fkd_utils import data_cli

    for value, default in (("", "open"), ("kaggle", "kaggle")):
        monkeypatch.setenv("FKD_DATA", value)
        parser = argparse.ArgumentParser()
        data_cli.add_data(parser)
        run_cli.add_profile_and_data(other := argparse.ArgumentParser())
        assert parser.parse_args([]).data == other.parse_args([]).data == default


def test_runs_publish_and_verify(blob_parts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(shipped, "PUBLISHED", tmp_path / "published")
    monkeypatch.setattr(parts, "prepare", lambda **source: blob_parts)
    folder = training.train(training.Recipe("first", "sgd", 0.01, epochs=1), blob_parts).folder
    publish = ["runs", "publish", folder.name, "mine", "--machine", "a desk"]
    assert cli.main(publish) == 0
    assert cli.main(["runs", "verify"]) == 0
    assert "published runs: 1, every one consistent" in capsys.readouterr().out
    (tmp_path / "published" / "mine" / "metrics.json").write_text("{}")
    assert cli.main(["runs", "verify"]) == 1
    assert "mine: cannot be read" in capsys.readouterr().out
    (folder / "history.csv").unlink()
    assert cli.main(publish) == 2
    assert "is not finished" in capsys.readouterr().err
