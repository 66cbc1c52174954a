from fkd_utils import cli, machines, timing


def test_command_writes_the_file_and_says_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(timing, "networks", lambda: {"first": timing.network("first")})
    out = tmp_path / "new" / "desk.csv"
    assert cli.main(["timing", "--name", "a desk", "--out", str(out)]) == 0
    assert len(machines.read(out.parent)) == 3
    printed = capsys.readouterr().out
    assert "train first, 1712 pictures" in printed and "3 rows" in printed
