import json

import keras
import pandas as pd
import pytest
from chapters import pages

from fkd_utils import files
from fkd_utils.data import splits
from fkd_utils.training import naming, results, thesis_runs
from studies import __main__, seeds


@pytest.fixture
def short(blob_parts, tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(seeds, "EPOCHS", dict.fromkeys(seeds.EPOCHS, 1))
    rows = {name: thesis_runs.planned(name) for name in ("First", "Second")}
    monkeypatch.setattr(seeds, "ROWS", {"table_4_1": rows})
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


def test_an_idea_changes_what_it_says_and_nothing_else():
    changed = thesis_runs.thesis_model(seeds.CHANGED, seed=1)
    same = thesis_runs.thesis_model(seeds._idea(), seed=1)
    assert naming.of_network(same) == naming.of_network(changed)
    for one, other in zip(same.get_weights(), changed.get_weights(), strict=True):
        assert (one == other).all()
    kernels = thesis_runs.thesis_model(seeds.ROWS["ideas"]["kernels of 3"]).get_weights()[::2]
    assert [k.shape[:2] for k in kernels[:3]] == [(3, 3)] * 3
    units = thesis_runs.thesis_model(seeds.ROWS["ideas"]["twice the units and the dropout"])
    assert [k.rate for k in units.layers if hasattr(k, "rate")] == [0.1] * 3 + [0.2] * 2


def test_the_chapter_shows_the_ideas_that_were_tried():
    shown = pages.load("08", "IDEAS").IDEAS
    assert shown == {"as it is": {}} | seeds.IDEAS
    assert set(results.table("seeds/ideas").model) == set(seeds.IDEAS)


def test_a_rate_that_is_too_fast_has_a_line_without_errors(short, monkeypatch):
    rows = {"plain descent, 1e12": seeds._second(keras.optimizers.SGD, 1e12)}
    monkeypatch.setattr(seeds, "ROWS", {"table_4_1": rows})
    lines = seeds.study("table_4_1", "open", "a desk")
    assert len(lines) == 2 and set(lines) == {"model", "seed", "epochs"}


def test_of_the_rates_only_the_best_of_each_rule_gets_more_seeds(short, tmp_path, monkeypatch):
    rows = {
        f"{rule}, {rate:g}": seeds._second(optimizer, rate)
        for rule, optimizer in (("plain", keras.optimizers.SGD), ("Adam", keras.optimizers.Adam))
        for rate in (1e-9, 1e-3, 1e12)  # stands still, learns, fails or flies off
    }
    monkeypatch.setattr(seeds, "ROWS", {"rates": rows})
    lines = seeds.study("rates", "open", "a desk")
    first = lines[lines.seed == 0].set_index("model").validation_mse
    best = [first.filter(like=rule).idxmin() for rule in ("Adam", "plain")]
    assert "plain, 0.001" in best
    assert sorted(lines.model[lines.seed == 1]) == best
    stored = pd.read_csv(tmp_path / "seeds" / "rates_histories.csv")
    assert sorted(set(zip(stored.model, stored.seed, strict=True))) == [
        (name, seed) for name in best for seed in (0, 1)
    ]
    lowest = stored.groupby(["model", "seed"]).val_mse.min()
    for line in lines[lines.model.isin(best)].itertuples():
        assert lowest[line.model, line.seed] == pytest.approx(line.validation_mse, rel=1e-3)


def test_the_command(short, monkeypatch, capsys):
    monkeypatch.setattr(seeds, "SEEDS", (0,))
    assert __main__.main(["seeds", "table_4_1", "--machine", "a desk"]) == 0
    assert "Second" in capsys.readouterr().out
    assert __main__.main(["seeds", "table_4_2", "--machine", "a desk"]) == 2
    assert (
        "'table_4_2' is not one of 'table_4_1', 'table_4_4', 'ideas', 'rates'"
        in capsys.readouterr().err
    )
