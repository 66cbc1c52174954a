"""The reader's own settings of Python, Jupyter and Keras change nothing in a chapter."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from fkd_utils import files
from fkd_utils.cli import execute


@pytest.fixture
def hostile(tmp_path):
    """Variables of a home that other courses have furnished, and a folder to stand in."""
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    (here / "numpy.py").write_text("raise ImportError('the numpy.py of the folder')")
    kernel = home / ".local" / "share" / "jupyter" / "kernels" / "python3"
    written = {
        kernel / "kernel.json": json.dumps({"argv": ["/bin/false"], "display_name": "Python 3"}),
        home / ".keras" / "keras.json": json.dumps({"floatx": "float64", "backend": "torch"}),
        home / ".config" / "matplotlib" / "matplotlibrc": "font.size: 40\nno such line\n",
        home / ".ipython" / "profile_default" / "startup" / "0.py": "print('hello'); keras = 3",
        home / ".jupyter" / "jupyter_config.py": "raise SystemExit",
        home / "start.py": "print('hello')",
    }
    for path, content in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    variables = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PYTHONSTARTUP": str(home / "start.py"),
        "KERAS_BACKEND": "jax",
        "KERAS_MAX_EPOCHS": "1",
        "COLUMNS": "20",
        "PYTHONIOENCODING": "cp1252",
        "JUPYTER_PREFER_ENV_PATH": "0",
        "PYTHONPATH": str(files.REPO),
    }
    return variables, here


def outputs(path):
    """What each cell of a chapter that is compared with the text prints, in one piece.

    A busy kernel may cut one line into two outputs.
    """
    compared = [
        c
        for c in nbformat.read(path, as_version=4).cells
        if c.cell_type == "code" and not {"nbval-ignore-output", "parameters"} & tags(c)
    ]
    said = [[o.get("text") or o.data["text/plain"] for o in c.outputs] for c in compared]
    return ["".join(pieces) for pieces in said if pieces]


def tags(cell):
    return set(cell.metadata.get("tags", ["injected-parameters"]))


@pytest.fixture
def start(hostile, tmp_path):
    """Starts a command where the reader stands; returns what it printed."""
    variables, here = hostile
    given = {"FKD_CACHE": str(files.cache()), "FKD_HOME": str(tmp_path / "own")}

    def run(*words, **more):
        done = subprocess.run(
            [sys.executable, "-m", *words],
            env=os.environ | variables | given | more,
            cwd=here,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_chapter_prints_the_same_in_a_hostile_home(start, tmp_path):
    """As the committed one does, which `make chapters` compares in a home like any other."""
    start("fkd_utils", "run", "03", "--profile", "smoke")
    (ran,) = (tmp_path / "own" / "build" / "smoke-open").glob("03_*.ipynb")
    found, committed = outputs(ran), outputs(execute.NOTEBOOKS / ran.name)
    assert found == committed and len(found) > 10
    assert (tmp_path / "own" / "data" / "runs").is_dir() and (ran.parent / "figures").is_dir()


def test_three_users_at_once_have_a_chapter_each(tmp_path):
    """From one installation, each with a home of his own; nothing of theirs is shared."""
    started = []
    for user in range(3):
        home = {"FKD_HOME": str(tmp_path / str(user)), "FKD_CACHE": str(files.cache())}
        home |= {"FKD_RUNS": "", "HOME": str(tmp_path / str(user))}
        words = [sys.executable, "-m", "fkd_utils", "run", "00", "--profile", "smoke"]
        started.append(subprocess.Popen(words, env=os.environ | home, stdout=subprocess.PIPE))
    ended = [(process.communicate()[0].decode(), process.returncode) for process in started]
    assert [code for _, code in ended] == [0] * 3, ended
    found = [
        outputs(tmp_path / str(user) / "build/smoke-open/00_welcome.ipynb") for user in range(3)
    ]
    assert all(one == found[0] for one in found) and len(found[0]) > 5


TINY = """# %%
import os, keras, matplotlib, numpy
from fkd_utils import console
# %%
keras.config.floatx(), keras.backend.backend(), keras.config.max_epochs()
# %%
matplotlib.rcParams["font.size"], "hello" in dir(), os.environ["PYTHONSTARTUP"]
"""


def test_a_chapter_is_built_the_same_in_a_hostile_home(start, tmp_path):
    """In a copy of the course, whose only chapter is this."""
    course = tmp_path / "My {Courses} 100 %"
    for package in ("fkd_utils", "studies"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(files.REPO / package, course / package, ignore=skip)
    (course / "notebooks" / "src").mkdir(parents=True)
    (course / "notebooks" / "src" / "99_tiny.py").write_text(TINY)
    assert start("studies", "build", PYTHONPATH=str(course)) == "99_tiny ...\n"
    assert outputs(course / "notebooks" / "99_tiny.ipynb") == [
        "('float32', 'tensorflow', None)",
        "(10.0, False, '')",
    ]


@pytest.mark.skipif(os.name != "posix" or not hasattr(os, "geteuid"), reason="asks for accounts")
def test_a_course_that_cannot_be_written_works_into_the_readers_home(tmp_path):
    """Of root the right to write everywhere is taken."""
    caps = "-dac_override,-dac_read_search,-fowner,-chown"
    prefix = ["setpriv", "--bounding-set", caps, "--inh-caps", caps] if not os.geteuid() else []
    course = tmp_path / "My {Courses} 100 %"
    (course / "fkd_utils").mkdir(parents=True)
    for path in (files.REPO / "fkd_utils").rglob("*.py"):
        target = course / path.relative_to(files.REPO)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    everything = [course, *course.rglob("*")]
    for path in everything:
        if prefix:
            os.chown(path, 1234, 1234)
        path.chmod(0o555 if path.is_dir() else 0o444)
    code = "from fkd_utils import files; print(files.home())"
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [*prefix, sys.executable, "-c", code],
        env={k: v for k, v in os.environ.items() if k != "FKD_HOME"}
        | {"PYTHONPATH": str(course), "HOME": str(home)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    for path in everything:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert done.stdout.strip() == str(home / "facial-keypoints"), done.stderr
