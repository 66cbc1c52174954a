import subprocess
import sys

import pytest

from fkd_utils.cli import main


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for command in ("run", "figures", "models", "runs", "data"):
        assert f"    {command} " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "99"], "there is no chapter '99'"),
        (["run", "--data", "no/such/folder"], "no/such/folder"),
        (["data", "info", "--data", "no/such/folder"], "no/such/folder"),
        (["runs", "show", "nothing"], "no stored training starts with 'nothing'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path))
    assert main.main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err


def test_the_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "fkd_utils", "run", "--profile", "fast"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "invalid choice: 'fast'" in done.stderr
    assert "oneDNN" not in done.stderr  # Keras is not even loaded for a wrong word
