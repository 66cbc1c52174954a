"""What the course says while it works, and what it keeps Keras's backend from saying.

TensorFlow 2.21 writes several lines about the processor and about missing graphics cards to
the process's standard error, whatever TF_CPP_MIN_LOG_LEVEL says; they would stand in every chapter.
"""

import collections.abc
import contextlib
import importlib.util
import io
import json
import logging
import os
import pathlib
import sys
import time

from fkd_utils import files


def in_notebook() -> bool:
    """True when the code runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class _Unbroken(io.FileIO):
    """A standard stream that takes what cannot be written, and keeps why it could not."""

    lost: OSError | None = None

    def write(self, content: memoryview) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:  # its reader has left, and wants no more
            return content.nbytes
        except OSError as error:
            self.lost = error
            return content.nbytes


def steady_streams() -> None:
    """Let no output end a command before its result is written.

    A closed stream becomes one that leads nowhere, a pipe may lose its reader (`| head -1`), the
    disk that it goes to may be full (see `lost_output`), and letters that the stream's encoding
    lacks become \\u5199.
    """
    _fill_closed_streams()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__"):
            continue  # a notebook's, or a test's
        if stream.isatty():
            stream.reconfigure(errors="backslashreplace")
        else:
            file = io.BufferedWriter(_Unbroken(stream.fileno(), "w", closefd=False))
            steady = io.TextIOWrapper(
                file, stream.encoding, "backslashreplace", line_buffering=True
            )
            setattr(sys, name, steady)


def lost_output() -> OSError | None:
    """Why some of what was printed on the standard output could not be written, if so."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return getattr(raw, "lost", None)


def _fill_closed_streams() -> None:
    """Open what was closed (`2>&-`), lest the next file that is opened be taken for it."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # It gets the lowest free number, which is the stream's.
            file = open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115
            os.set_inheritable(file.fileno(), True)
            setattr(sys, name, file)


@contextlib.contextmanager
def no_standard_error() -> collections.abc.Iterator[None]:
    """Nothing reaches standard error inside, not even from compiled code; errors still raise."""
    _fill_closed_streams()
    # The lines come from C++, below sys.stderr: the file descriptor itself has to be led away.
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def pin_settings() -> None:
    """Let no other project's settings of Keras, TensorFlow or matplotlib decide what comes out.

    It has to be done before these are loaded. KERAS_BACKEND counts where that backend is installed.
    """
    # Off on processors without AVX-512; there convolutions train five times as fast with it.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    backend = os.environ.get("KERAS_BACKEND")
    if backend not in ("jax", "torch") or importlib.util.find_spec(backend) is None:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    for limit in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):  # would shorten every training
        os.environ.pop(limit, None)
    keras_home = files.chosen("KERAS_HOME", pathlib.Path.home() / ".keras")
    if not _is_plain(keras_home / "keras.json"):
        os.environ["KERAS_HOME"] = str(files.home() / "data" / "cache" / "keras")
    plain = pathlib.Path(importlib.util.find_spec("matplotlib").origin).parent
    os.environ["MATPLOTLIBRC"] = str(plain / "mpl-data" / "matplotlibrc")


def _is_plain(path: pathlib.Path) -> bool:
    """Whether a keras.json is missing or says what Keras does without one."""
    plain = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return all(content.get(name, value) == value for name, value in plain.items())
    except FileNotFoundError:
        return True
    except (OSError, ValueError, AttributeError):
        return False


def start_backend() -> None:
    """Import Keras and let its backend look for devices, in silence; errors still raise."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with no_standard_error():
        import keras

        keras.ops.zeros(1)  # the first operation makes the backend look for devices
        if keras.backend.backend() == "tensorflow":
            import tensorflow

            # Its fusing pass trips over the gradient of LeakyReLU and writes an error for every
            # network that has one. Without the pass these networks train as fast.
            tensorflow.config.optimizer.set_experimental_options({"remapping": False})
    # Every chapter trains several networks in a row, and TensorFlow takes that for a mistake.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


class ProgressLine:
    """A line that is overwritten: in a notebook one output, in a pipe one line every 30 s."""

    def __init__(self) -> None:
        self._notebook = in_notebook()
        self._terminal = sys.stderr.isatty()
        watched = self._notebook or self._terminal
        self._interval = 0.5 if watched else 30.0
        self._last = time.monotonic() - (self._interval if watched else 0.0)
        self._handle = None
        self._width = 0

    def update(self, text: str, force: bool = False) -> None:
        """Show `text` unless the last one was shown a moment ago."""
        now = time.monotonic()
        if not force and now - self._last < self._interval:
            return
        self._last = now
        if self._notebook:
            from IPython.display import display

            content = {"text/plain": text}
            if self._handle is None:
                self._handle = display(content, raw=True, display_id=True)
            else:
                self._handle.update(content, raw=True)
        elif self._terminal:
            print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)
            self._width = len(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def done(self, text: str) -> None:
        """Show the last text and end the line."""
        self.update(text, force=True)
        if self._terminal and not self._notebook:
            print(file=sys.stderr)

    def clear(self) -> None:
        """Wipe the line in a terminal, so that the next print starts clean."""
        if self._terminal and not self._notebook and self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def working(text: str) -> collections.abc.Iterator[None]:
    """Show a line while something takes a few seconds."""
    line = ProgressLine()
    line.update(f"{text} ...")
    try:
        yield
    finally:
        line.clear()
