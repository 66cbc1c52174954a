import os
import subprocess
import sys
import types

import pytest

from fkd_utils import console


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


START = """
console.start_backend()
import sys
print("keras" in sys.modules)
"""


@pytest.mark.parametrize(
    ("backend", "code", "said", "told"),
    [(None, 0, "True\n", ""), ("none-such", 1, "", "Unable to import backend : none-such\n")],
)
def test_the_backend_starts_in_silence_but_not_its_errors(backend, code, said, told):
    settings = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    settings |= {"KERAS_BACKEND": backend} if backend else {}
    done = subprocess.run(
        [sys.executable, "-c", START], env=settings, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, said)
    assert done.stderr.endswith(told) and bool(done.stderr) == bool(told)
