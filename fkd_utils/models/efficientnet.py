"""EfficientNet-Lite0, which names a thousand kinds of things, with weights from ImageNet (16b).

A block widens its maps sixfold, looks at each map alone (a depthwise convolution), and narrows
again; where nothing changes shape it adds what came in (Tan and Le 2019). The Lite form leaves out
the squeeze-and-excitation layers, and cuts every activation at 6, so that small machines can
compute in whole numbers. The weights are in data/imagenet, with who made them.
"""

import pathlib

import keras
import numpy as np

from fkd_utils import files
from fkd_utils.files import InputError

WEIGHTS = files.REPO / "data" / "imagenet" / "efficientnet_lite0.npz"
SIDE = 224  # pixels of the pictures it learned from
# Blocks of one kind: how many, side of the kernel, stride of the first, widening, filters.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
BLOCKS = tuple(f"block{k + 1}" for k in range(sum(stage[0] for stage in STAGES)))  # their ends
EPSILON = 1e-3
# Its makers' 0.99 remembers some hundred steps, more than a short training has.
MOMENTUM = 0.9


def efficientnet_lite0(
    input_shape: tuple[int, int, int] = (SIDE, SIDE, 3), top: bool = True
) -> keras.Model:
    """Inputs (n, height, width, 3), see `to_inputs`, to logits (n, 1000), with random weights.

    top: False ends in the 1,280 features behind the logits. The last layer of each block has a
    name of `BLOCKS`. `load_imagenet` gives it the weights of ImageNet (Tan and Le 2019).
    """
    pictures = keras.Input(input_shape)
    x = _normed(_convolution(32, 3, 2, "stem")(pictures), "stem_norm")
    ends = iter(BLOCKS)
    for count, side, stride, widening, filters in STAGES:
        for k in range(count):
            x = _block(x, side, 1 if k else stride, widening, filters, next(ends))
    x = _normed(_convolution(1280, 1, 1, "head")(x), "head_norm")
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    if top:
        x = keras.layers.Dropout(0.2)(x)
        x = keras.layers.Dense(1000, name="logits")(x)
    return keras.Model(pictures, x, name="efficientnet_lite0")


def _block(x, side: int, stride: int, widening: int, filters: int, name: str):
    came_in, width = x, x.shape[-1]
    if widening > 1:
        x = _normed(_convolution(widening * width, 1, 1, f"{name}_widen")(x), f"{name}_widen_norm")
    x = keras.layers.DepthwiseConv2D(
        side, stride, "same", use_bias=False, name=f"{name}_depthwise",
        depthwise_initializer=_start(),
    )(x)  # fmt: skip
    x = _normed(x, f"{name}_depthwise_norm")
    x = _convolution(filters, 1, 1, f"{name}_narrow")(x)
    adds = stride == 1 and filters == width
    x = _norm(f"{name}_narrow_norm" if adds else name)(x)  # no activation: it would lose half
    return keras.layers.Add(name=name)([x, came_in]) if adds else x


def _convolution(filters: int, side: int, stride: int, name: str) -> keras.layers.Layer:
    return keras.layers.Conv2D(
        filters, side, stride, "same", use_bias=False, name=name, kernel_initializer=_start()
    )


def _start() -> keras.initializers.Initializer:
    # By what goes out: Keras counts what comes in to a depthwise kernel as if all maps met there.
    return keras.initializers.VarianceScaling(2.0, "fan_out", "truncated_normal")


def _norm(name: str) -> keras.layers.Layer:
    return keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=name)


def _normed(x, name: str):
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(_norm(name)(x))


def to_inputs(images: np.ndarray) -> np.ndarray:
    """uint8 pictures, grey (n, h, w) or colour (n, h, w, 3), to (n, h, w, 3) float32, -1 to 1."""
    colour = images if images.ndim == 4 else np.repeat(images[..., np.newaxis], 3, axis=-1)
    return (colour.astype(np.float32) - 127) / 128


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable of the network, by the names that the file of weights uses."""
    return {f"{layer.name}/{v.name}": v for layer in model.layers for v in layer.weights}


def load_imagenet(model: keras.Model, path: pathlib.Path = WEIGHTS) -> keras.Model:
    """Give an `efficientnet_lite0` of any input shape its stored weights; returns the network.

    Raises InputError for a file that is missing, damaged or another network's; then no weight
    has changed.
    """
    arrays = files.shipped(files.read_arrays, path)
    wanted = variables(model)
    for name, variable in wanted.items():
        found = arrays.get(name)
        if found is None or found.shape != tuple(variable.shape) or found.dtype.kind != "f":
            what = f"no weights of this network ({name} is missing or has another shape)"
            raise InputError(f"{path}: {what}; restore it with `git checkout -- data`")
    for name, variable in wanted.items():
        variable.assign(arrays[name].astype(np.float32))
    return model
