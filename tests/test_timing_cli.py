from fkd_utils.cli import main
from fkd_utils.evaluation import timing


def test_command_writes_the_file_and_says_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(timing, "networks", lambda: {"first": timing.network("first")})
    out = tmp_path / "new" / "desk.csv"
    assert main.main(["timing", "--name", "a desk", "--out", str(out)]) == 0
    assert len(timing.read_measured(out.parent)) == 3
    printed = capsys.readouterr().out
    assert "train first, 1712 pictures" in printed and "3 rows" in printed
