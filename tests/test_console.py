import io
import os
import re
import subprocess
import sys
import types

import IPython.display
import pytest

from fkd_utils import console, files


def test_nothing_below_python_reaches_standard_error_and_afterwards_it_does(capfd):
    with console.no_standard_error():
        os.write(2, b"from C\n")
        subprocess.run([sys.executable, "-c", "import os; os.write(2, b'a child')"], check=True)
        print("an answer", flush=True)
    os.write(2, b"heard\n")
    assert capfd.readouterr() == ("an answer\n", "heard\n")


def free_descriptors() -> list[int]:
    """The numbers that the next three opened files will get."""
    numbers = [os.dup(1) for _ in range(3)]
    for number in numbers:
        os.close(number)
    return numbers


def test_errors_still_raise_and_leave_no_file_open(capfd):
    before = free_descriptors()
    with pytest.raises(ZeroDivisionError), console.no_standard_error():
        os.write(2, b"from C\n")
        _ = 1 / 0
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"
    assert free_descriptors() == before


@pytest.mark.parametrize(
    ("shell", "expected"),
    [(None, False), (types.SimpleNamespace(), False), (types.SimpleNamespace(kernel=1), True)],
    ids=["a script that has IPython", "IPython in a terminal", "a kernel"],
)
def test_only_a_kernel_is_a_notebook(shell, expected, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert console.in_notebook() is expected
    monkeypatch.delitem(sys.modules, "IPython")
    assert console.in_notebook() is False
    assert "IPython" not in sys.modules  # it takes time to load, and is not asked for


FOREIGN = {
    "numbers": '{"floatx": "float64", "image_data_format": "channels_first", "epsilon": 0.1}',
    "a wrong word": '{"floatx": "float99"}',
    "a list": "[]",
    "not json": "not json",
}


@pytest.fixture
def furnished(tmp_path, monkeypatch):
    """Writes a keras.json and a matplotlibrc of other projects; variables of such a reader."""
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".config" / "matplotlib").mkdir(parents=True)
    (tmp_path / ".config" / "matplotlib" / "matplotlibrc").write_text("font.size: 40\n")
    given = {"HOME": tmp_path, "USERPROFILE": tmp_path, "FKD_HOME": tmp_path / "mine"}
    given |= {"KERAS_BACKEND": "jax", "KERAS_MAX_EPOCHS": "1"}
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    for name in ("KERAS_HOME", "MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "")  # to have it back afterwards
        monkeypatch.delenv(name)
    return lambda content: (tmp_path / ".keras" / "keras.json").write_text(content)


@pytest.mark.parametrize("what", FOREIGN)
def test_a_keras_json_that_would_change_something_is_not_read(what, furnished, tmp_path):
    furnished(FOREIGN[what])
    console.pin_settings()
    assert os.environ["KERAS_HOME"] == str(tmp_path / "mine" / "data" / "cache" / "keras")


@pytest.mark.parametrize("content", ["{}", '{"floatx": "float32", "backend": "theano"}'])
def test_a_keras_json_that_changes_nothing_is(content, furnished):
    furnished(content)
    console.pin_settings()
    assert "KERAS_HOME" not in os.environ


START = """
from fkd_utils import console
console.start_backend()
import keras, matplotlib
print(keras.backend.backend(), keras.config.floatx(), keras.config.image_data_format())
print(keras.config.epsilon(), keras.config.max_epochs(), matplotlib.rcParams["font.size"])
"""


def test_the_backend_starts_in_silence_and_other_projects_settings_do_not_count(furnished):
    furnished('{"backend": "theano"}')  # for the others see tests/cli/test_environment.py
    settings = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", START], env=settings, capture_output=True, text=True, check=False
    )
    said = ["tensorflow float32 channels_last", "1e-07 None 10.0"]
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, said, "")


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when the test moves it."""
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch):
    """Standard error as a terminal: what was written to it."""
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(console, "sys", types.SimpleNamespace(stderr=screen, modules={}))
    return screen


def seen(written: str) -> list[str]:
    """The lines of a terminal: behind a return to its beginning, a line is written over."""
    lines = []
    for line in written.split("\n"):
        cells = ""
        for text in line.split("\r"):
            cells = text + cells[len(text) :]
        lines.append(cells.rstrip())
    return lines


def test_a_pipe_gets_a_line_every_half_minute_and_the_last_one(clock, capsys):
    line = console.ProgressLine()
    for second in range(1, 71):
        clock[0] += 1
        line.update(f"{second} s")
    line.clear()
    line.done("all 70")
    assert capsys.readouterr() == ("", "30 s\n60 s\nall 70\n")


def test_a_terminal_shows_one_line_and_nothing_of_longer_ones(clock, terminal):
    line = console.ProgressLine()
    line.update("epoch 9 of 10, much to say")
    assert seen(terminal.getvalue()) == ["epoch 9 of 10, much to say"]
    clock[0] += 0.4
    line.update("too soon")
    assert seen(terminal.getvalue()) == ["epoch 9 of 10, much to say"]
    clock[0] += 0.2
    line.update("epoch 10")
    assert seen(terminal.getvalue()) == ["epoch 10"]
    line.done("done")
    assert seen(terminal.getvalue()) == ["done", ""]


def test_a_wiped_line_is_empty_and_the_next_print_starts_at_its_beginning(clock, terminal):
    line = console.ProgressLine()
    line.clear()
    assert terminal.getvalue() == ""
    line.update("epoch 9 of 10")
    line.clear()
    print("a word", file=terminal)
    assert seen(terminal.getvalue()) == ["a word", ""]
    assert re.fullmatch(r"\repoch 9 of 10\r {13}\ra word\n", terminal.getvalue())


def test_a_notebook_has_one_output_that_changes(clock, capsys, monkeypatch):
    outputs, handles = [], []

    class Handle:
        def update(self, content, raw):
            outputs[-1] = content

    def display(content, raw, display_id):
        outputs.append(content)
        handles.append(Handle())
        return handles[-1]

    monkeypatch.setattr(console, "in_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", display)
    line = console.ProgressLine()
    line.update("first")
    line.update("too soon")
    assert outputs == [{"text/plain": "first"}]
    clock[0] += 1
    line.update("second")
    assert outputs == [{"text/plain": "second"}]
    line.clear()
    line.done("third")
    assert outputs == [{"text/plain": "third"}] and len(handles) == 1
    assert capsys.readouterr() == ("", "")


def test_the_line_is_cleared_when_the_work_fails(monkeypatch):
    said = []
    line = types.SimpleNamespace(update=said.append, clear=lambda: said.append("cleared"))
    monkeypatch.setattr(console, "ProgressLine", lambda: line)
    with pytest.raises(files.InputError), console.working("counting"):
        raise files.InputError("no")
    assert said == ["counting ...", "cleared"]


STEADY = """
import os, sys
from fkd_utils import console
console.steady_streams()
assert os.open(os.devnull, os.O_RDONLY) > 2  # the streams' numbers are taken
with console.no_standard_error():
    os.write(2, b"from C")
line = console.ProgressLine()
for k in range(9000):
    print("a line", k)
line.done("写")
open("done", "w").close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")
@pytest.mark.parametrize(
    "rest", ["| head -1", "2>&1 | head -1", "2>&-", ">&- 2>&- <&-", "> /dev/full", "2> /dev/full"]
)
def test_no_stream_ends_the_work(rest, tmp_path):
    (tmp_path / "work.py").write_text(STEADY, encoding="utf-8")
    settings = os.environ | {"PYTHONPATH": str(files.REPO), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        f'"{sys.executable}" work.py {rest}',
        shell=True, env=settings, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (tmp_path / "done").exists()
    assert done.stderr in ("", "\\u5199\n")
