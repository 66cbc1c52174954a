"""Networks whose weights come from another task, cut where the new training begins.

A source network ends in a vector of features. Its blocks are counted from that end: with 0 blocks
unfrozen the whole network is a fixed function, and its outputs need to be computed only once.
With b blocks the part before them is.
"""

import collections.abc
import contextlib
import io
import socket
import threading
import typing

import keras
import numpy as np

from fkd_utils import console, faces
from fkd_utils.files import InputError
from fkd_utils.training import results

PATIENCE = 5.0  # seconds a silent connection is waited for


class Source(typing.NamedTuple):
    """A network to transfer from.

    network: inputs to a vector of features. ends: name of the last layer of each block, first
    block first. inputs: makes its inputs of (n, 96, 96) uint8 faces. weights: "ImageNet", "faces"
    or "random". says: where the weights come from, for a reader.
    """

    network: keras.Model
    ends: tuple[str, ...]
    inputs: collections.abc.Callable[[np.ndarray], np.ndarray]
    weights: str
    says: str


def own(name: str = results.FOURTH) -> Source:
    """A network of the course that found 15 points, without its last layer (`results.network`).

    A block is a convolution with its pool, or a dense layer. Raises InputError for a strange name.
    """
    says = f"{name}, trained on faces with 15 points"
    return _of_fifteen(results.network(name), "faces", says)


def untrained(seed: int, name: str = results.FOURTH) -> Source:
    """The same network with the weights that training starts from; another seed, other weights."""
    network = results.network(name)
    keras.utils.set_random_seed(seed)
    fresh = keras.models.clone_model(network)
    return _of_fifteen(fresh, "random", f"the network of {name} with random weights")


def _of_fifteen(model: keras.Model, weights: str, says: str) -> Source:
    kinds = keras.layers.MaxPooling2D | keras.layers.Dense
    ends = [layer for layer in model.layers[:-1] if isinstance(layer, kinds)]
    network = keras.Model(model.inputs, ends[-1].output)
    return Source(network, tuple(end.name for end in ends), faces.to_inputs, weights, says)


class Large(typing.NamedTuple):
    """A network of keras.applications: how to build it, feed it and count its blocks.

    block: names of the layers that end one are those which contain it.
    """

    build: collections.abc.Callable[..., keras.Model]
    prepare: collections.abc.Callable[[np.ndarray], np.ndarray]
    block: str


# ResNet50's blocks are the 16 that add their input to their output; InceptionV3's the 11 that
# join several paths (TRANSFER does not say what it calls a block; DENSE has ResNet18, which Keras
# lacks).
LARGE = {
    "ResNet50": Large(
        keras.applications.ResNet50, keras.applications.resnet50.preprocess_input, "_out"
    ),
    "InceptionV3": Large(
        keras.applications.InceptionV3, keras.applications.inception_v3.preprocess_input, "mixed"
    ),
}


def imagenet(name: str, seconds: float, seed: int = 0) -> Source:
    """ResNet50 or InceptionV3 for 96 x 96 faces, with ImageNet's weights if Keras can get them.

    Keras looks in its cache, then on the network. After `seconds`, or when there is no network,
    the weights are random, and `says` tells why; 0 seconds: do not ask. Raises InputError for
    another name.
    """
    if name not in LARGE:
        raise InputError(f"{name!r}: choose one of {', '.join(LARGE)}")
    large = LARGE[name]
    shape = {"include_top": False, "pooling": "avg", "input_shape": (*[faces.SIDE] * 2, 3)}
    network, why = _within(seconds, name, lambda: large.build(weights="imagenet", **shape))
    weights, says = "ImageNet", f"{name} with ImageNet's weights"
    if network is None:
        keras.utils.set_random_seed(seed)
        network = large.build(weights=None, **shape)
        weights, says = "random", f"{name} with RANDOM weights, not ImageNet's: {why}"
    ends = [layer.name for layer in network.layers if _ends(layer.name, large.block)]

    def inputs(images: np.ndarray) -> np.ndarray:
        colours = np.repeat(images[..., np.newaxis], 3, axis=-1).astype(np.float32)
        return large.prepare(colours)

    return Source(network, tuple(ends), inputs, weights, says)


def _ends(layer: str, block: str) -> bool:
    # mixed9_0 and mixed9_1 are inside the block that mixed9 ends.
    return layer.endswith(block) or (layer.startswith(block) and layer[len(block) :].isdecimal())


def _within(
    seconds: float, name: str, build: collections.abc.Callable[[], keras.Model]
) -> tuple[keras.Model | None, str]:
    """The built network, or None and the reason.

    The waiting is done in a thread: looking up a name obeys no time limit of Python's.
    """
    if seconds <= 0:
        return None, "not asked for in this profile"
    built: list[keras.Model] = []
    reasons: list[str] = []

    def work() -> None:
        try:
            built.append(build())
        except Exception as error:  # Keras raises a plain Exception when a download fails
            reasons.append(" ".join(str(error).split()))

    before, thread = socket.getdefaulttimeout(), threading.Thread(target=work, daemon=True)
    socket.setdefaulttimeout(PATIENCE)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras's progress bar, a line a block
            thread.start()
            thread.join(min(seconds, 2.0))
        if thread.is_alive():
            console.ProgressLine().update(
                f"{name}: fetching ImageNet's weights, about 100 MB, {seconds:.0f} s at most"
            )
        with contextlib.redirect_stdout(io.StringIO()):
            thread.join(max(seconds - 2.0, 0.0))
    finally:
        socket.setdefaulttimeout(before)
    if built:
        return built[0], ""
    if thread.is_alive():
        return None, f"they did not arrive within {seconds:g} s"
    return None, f"no download ({reasons[0].rpartition(' -- ')[2]})"


def cut(source: Source, blocks: int) -> tuple[keras.Model | None, keras.Model | None]:
    """The frozen part of a source and the part with its last `blocks` blocks, to be trained.

    One of them is None when nothing is frozen, or nothing is to be trained. They share their
    weights with the source. Raises InputError for a number of blocks it does not have.
    """
    if not 0 <= blocks <= len(source.ends):
        raise InputError(f"{blocks} blocks: this network has 0 to {len(source.ends)}")
    network = source.network
    if blocks == 0:
        return network, None
    if blocks == len(source.ends):
        return None, network
    middle = network.get_layer(source.ends[-blocks - 1]).output
    return keras.Model(network.inputs, middle), keras.Model(middle, network.output)


def frozen(source: Source, blocks: int, images: np.ndarray) -> np.ndarray:
    """What the frozen part makes of (n, 96, 96) uint8 faces: float32, a row a face."""
    trunk, _ = cut(source, blocks)
    inputs = source.inputs(images)
    return inputs if trunk is None else trunk.predict(inputs, batch_size=32, verbose=0)


def network_for(source: Source, blocks: int, start: np.ndarray) -> keras.Model:
    """A network from what `frozen` gives to len(start) numbers, with a new last layer.

    Its last layer starts at `start` (k,) float32, such as the mean face, and small weights on the
    features. It trains the weights of `source` itself: make a new source for every training.
    """
    trunk, tail = cut(source, blocks)
    body = [keras.layers.Input(trunk.output.shape[1:])] if tail is None else [tail]
    last = keras.layers.Dense(
        len(start), bias_initializer=keras.initializers.Constant(np.asarray(start))
    )
    return keras.Sequential([*body, last])
