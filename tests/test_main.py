import subprocess
import sys

import click
import pytest

from fkd_utils import __main__ as main


def test_help_names_every_command(capsys):
    assert main.main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in ("run", "lab", "models", "runs", "data", "predict", "submit", "timing"):
        assert f"\n  {command} " in text


def test_help_loads_no_libraries_that_take_seconds():
    program = (
        "import sys; from fkd_utils import __main__ as main; main.main(['run', '--help']); "
        "main.main(['runs', 'list', '--help']); "
        "slow = {'keras', 'pandas', 'cv2', 'papermill', 'nbformat'} & {*sys.modules}; "
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


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
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1


def test_the_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "fkd_utils", "run", "--profile", "fast"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "'fast' is not one of 'smoke', 'quick', 'paper'" in done.stderr
    assert "oneDNN" not in done.stderr  # Keras is not even loaded for a wrong word


def test_a_stopped_command_says_that_what_is_finished_is_kept(capsys):
    @click.group()
    def group():
        pass

    @group.command()
    def wait():
        raise KeyboardInterrupt

    assert main.status(group, "python -m tests", ["wait"]) == 130
    assert "stopped; what was finished is kept\n" in capsys.readouterr().err
