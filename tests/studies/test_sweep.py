import pandas as pd

from fkd_utils.data import sources
from studies import __main__ as main
from studies import sweep


def fake(row, order, seed, plan, data):
    if seed == 1:
        raise ValueError("no luck")
    return {"row": row, "order": order, "seed": seed, "test_loss": 1.5}


def test_the_command_names_failed_runs_and_stores_the_others(
    tiny_plan, blob_parts, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sweep, "run", fake)
    monkeypatch.setattr(sources, "read", lambda data: blob_parts.train)
    out = tmp_path / "results.csv"
    arguments = ["sweep", "tiny", "--data", "/some/where", "--scheduler", "here"]
    assert main.main([*arguments, "--out", str(out)]) == 1
    said = capsys.readouterr().out
    assert "3: 5cl, 3mpl, split first, seed 1: ValueError: no luck" in said
    assert "3 of 4 runs" in said
    table = pd.read_csv(out)
    assert sorted(table.row) == ["3: 5cl, 3mpl", *["3: 6cl, 3mpl"] * 2]
    assert set(table.data) == {"a folder in Kaggle's format"}
    assert set(table.most_epochs) == {2}
    assert main.main(["sweep", "long", "--out", str(out)]) == 2
