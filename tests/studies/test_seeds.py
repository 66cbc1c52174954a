import json

import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.data import splits
from fkd_utils.training import thesis_runs
from studies import __main__, seeds


@pytest.fixture
def short(blob_parts, tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(seeds, "EPOCHS", {"table_4_1": 1, "table_4_4": 1})
    monkeypatch.setattr(seeds, "ROWS", {"table_4_1": ("First", "Second")})
    monkeypatch.setattr(seeds, "SEEDS", (0, 1))
    monkeypatch.setattr(files, "PUBLISHED", tmp_path)
    monkeypatch.setattr(splits, "load", lambda *source, **more: blob_parts)
    return blob_parts


def test_a_line_for_each_row_and_seed(short, tmp_path):
    lines = seeds.study("table_4_1", "open", "a desk")
    assert list(zip(lines.model, lines.seed, strict=True)) == [
        ("First", 0), ("Second", 0), ("First", 1), ("Second", 1),
    ]  # fmt: skip
    assert pd.read_csv(tmp_path / "seeds" / "table_4_1.csv").test_mse.tolist() == pytest.approx(
        lines.test_mse.tolist(), rel=1e-4
    )
    settings = json.loads((tmp_path / "seeds" / "table_4_1.json").read_text())
    assert settings["machine"] == "a desk" and settings["faces"]["train"] == len(short.train)
    # A line is what the same training says by itself.
    again = thesis_runs.thesis_run("Second", short, "paper", 1, epochs=1)
    assert lines.test_mse.iloc[3] == pytest.approx(again.measures(short.test)["mse"])


def test_other_seeds_train_other_networks(short):
    lines = seeds.study("table_4_1", "open", "a desk")
    of_second = lines[lines.model == "Second"]
    assert of_second.test_mse.nunique() == 2


def test_the_command(short, monkeypatch, capsys):
    monkeypatch.setattr(seeds, "SEEDS", (0,))
    assert __main__.main(["seeds", "4.1", "--machine", "a desk"]) == 0
    assert "Second" in capsys.readouterr().out
    assert __main__.main(["seeds", "4.2", "--machine", "a desk"]) == 2
    assert "'4.2' is not one of '4.1', '4.4'" in capsys.readouterr().err
