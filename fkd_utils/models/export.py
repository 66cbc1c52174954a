"""From a Keras network to an ONNX file, and from the file to keypoints without Keras."""

import collections.abc
import os
import pathlib
import warnings

import keras
import numpy as np

from fkd_utils import console, files


def to_onnx(model: keras.Model, path: pathlib.Path) -> None:
    """Write a network's forward pass (float32, any number of pictures at once) to an ONNX file."""
    model(keras.ops.zeros((1, *model.input_shape[1:])))  # the exporter refuses an unused network
    with files.replacing(path) as aside, warnings.catch_warnings(), console.no_standard_error():
        # The exporter still asks numpy for names that numpy 2 has dropped, and TensorFlow
        # tells standard error about each session it starts.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(aside, format="onnx", verbose=False)


def scorer(
    path: pathlib.Path, threads: int = 0
) -> collections.abc.Callable[[np.ndarray], np.ndarray]:
    """A function from inputs (n, 96, 96, 1) float32 to the file's outputs, on the processor.

    threads: how many cores it may use; 0: all. It needs ONNX Runtime and numpy, but neither Keras
    nor its backend.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda inputs: session.run(None, {name: inputs})[0]
