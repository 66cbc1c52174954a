"""Start Keras without its backend's start-up notices.

TensorFlow 2.21 writes several lines about the processor and about missing graphics cards to
the process's standard error, whatever TF_CPP_MIN_LOG_LEVEL says; they would stand in every chapter.
"""

import collections.abc
import contextlib
import logging
import os
import sys


def in_notebook() -> bool:
    """True when the code runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


@contextlib.contextmanager
def no_standard_error() -> collections.abc.Iterator[None]:
    """Nothing reaches standard error inside, not even from compiled code; errors still raise."""
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
