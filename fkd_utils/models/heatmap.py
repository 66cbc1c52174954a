"""A residual network that draws a heat map for each keypoint, and what is built around it (18a).

It halves the picture four times and climbs back to 24 x 24 cells, where it adds what it saw on the
way down (a U-shape, after Ronneberger et al. 2015, with the residual blocks of He et al. 2016).
Nothing is as large as 96 x 96 after the first layer: that is where the time would go.

A map of stride s has one cell for s x s pixels of the picture. Cell i covers the pixels s i to
s i + s - 1, so its centre is pixel s i + (s - 1) / 2. Logits are (n, h, w, k), one map a keypoint;
any number may be added to a map without a change. Runs on every back-end of Keras.
"""

import typing

import keras
import numpy as np

from fkd_utils import faces

Tensor = typing.Any  # of the back-end that Keras runs on


def cell_centres(height: int, width: int, stride: int) -> np.ndarray:
    """Where the cells of a map lie in the picture: (h * w, 2) float32, pixels, x first."""
    rows, columns = np.mgrid[:height, :width]
    cells = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    return (stride * cells + (stride - 1) / 2).astype(np.float32)


def probabilities(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Each map as shares that sum to 1: (n, h, w, k) to (n, k, h * w), row by row.

    temperature: logits are divided by it; below 1 the maps get sharper, above 1 flatter.
    """
    _, height, width, count = logits.shape
    flat = keras.ops.reshape(logits, (-1, height * width, count))
    flat = keras.ops.transpose(flat, (0, 2, 1))
    return keras.ops.softmax(flat / temperature, axis=-1)


def soft_argmax(logits: Tensor, stride: int, temperature: float = 1.0) -> Tensor:
    """The mean place of each map: (n, h, w, k) to (n, k, 2), pixels of the picture, x first.

    Unlike the place of the maximum it lies between the cells, and has a gradient everywhere
    (Sun et al. 2018, integral regression). It never leaves the centres of the outermost cells.
    """
    centres = cell_centres(logits.shape[1], logits.shape[2], stride)
    return keras.ops.matmul(probabilities(logits, temperature), centres)


def spread(logits: Tensor, stride: int, temperature: float = 1.0) -> Tensor:
    """Root-mean-square distance from the mean place of each map: (n, h, w, k) to (n, k), pixels.

    A map with all its weight in one cell has 0.
    """
    centres = cell_centres(logits.shape[1], logits.shape[2], stride)
    shares = probabilities(logits, temperature)
    mean = keras.ops.matmul(shares, centres)
    # About the mean: E[x^2] - E[x]^2 would lose a small spread to rounding, or fall below 0.
    squared = keras.ops.sum(keras.ops.square(centres - keras.ops.expand_dims(mean, 2)), axis=-1)
    return keras.ops.sqrt(keras.ops.sum(shares * squared, axis=-1))


@keras.saving.register_keras_serializable("fkd_utils")
class SoftArgmax(keras.layers.Layer):
    """`soft_argmax` as the last layer of a network; it has no weights."""

    def __init__(self, stride: int, **kwargs: typing.Any) -> None:
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, logits: Tensor) -> Tensor:
        return soft_argmax(logits, self.stride)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[3], 2)

    def get_config(self) -> dict:
        return super().get_config() | {"stride": self.stride}


WIDTHS = (16, 32, 48, 96)  # filters where the map has 48, 24, 12 and 6 cells a side
WIDE = (16, 32, 72, 144)  # half as many again where cells are few, and a filter costs least
STRIDE = 4  # pixels of the picture to a cell of a heat map


def dense_network() -> keras.Model:
    """The way down alone, then one dense layer, as in the thesis: what heat maps are held against.

    Pictures (n, 96, 96, 1) in [0, 1] to 30 targets y/48 - 1.
    """
    picture = keras.layers.Input((faces.SIDE, faces.SIDE, 1))
    coarsest = _way_down(picture, WIDTHS)[-1]
    outputs = keras.layers.Dense(2 * len(faces.KEYPOINTS))(keras.layers.Flatten()(coarsest))
    return keras.Model(picture, outputs, name="modern_dense")


def network(widths: tuple[int, ...] = WIDTHS, name: str = "modern") -> keras.Model:
    """Pictures (n, 96, 96, 1) in [0, 1] to 30 targets y/48 - 1, like every network of the course.

    widths: filters where the map has 48, 24, 12 and 6 cells a side. The heat maps inside are the
    layer "heatmaps" (see `heatmaps_of`).
    """
    picture = keras.layers.Input((faces.SIDE, faces.SIDE, 1))
    *passed, x = _way_down(picture, widths)
    for seen in reversed(passed):
        x = _convolved(x, seen.shape[-1], side=1)
        x = keras.layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = keras.layers.Add()([x, seen])
        x = _convolved(x, seen.shape[-1])
    maps = keras.layers.Conv2D(len(faces.KEYPOINTS), 1, name="heatmaps")(x)
    points = SoftArgmax(STRIDE, name="points")(maps)
    targets = keras.layers.Rescaling(1 / faces.HALF, offset=-1.0)(points)
    outputs = keras.layers.Reshape((-1,), name="targets")(targets)
    return keras.Model(picture, outputs, name=name)


def wide_network() -> keras.Model:
    """`network` with twice the parameters, of `WIDE`."""
    return network(WIDE, "modern_wide")


def heatmaps_of(model: keras.Model) -> keras.Model:
    """The same network, its weights shared, with the maps' logits as output: (n, 24, 24, 15)."""
    return keras.Model(model.inputs[0], model.get_layer("heatmaps").output, name="heatmaps")


def spreads(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """How wide each heat map is on uint8 pictures (n, 96, 96): (n, 15) float32, pixels.

    Root-mean-square distance from the map's mean place, see `spread`.
    """
    inside = heatmaps_of(model)
    maps = inside.predict(faces.to_inputs(images), batch_size=256, verbose=0)
    return keras.ops.convert_to_numpy(spread(maps, STRIDE))


def with_sources(model: keras.Model) -> keras.Model:
    """`model` in training with two labellers: inputs (pictures, second), the same 30 outputs.

    second: (n, 1) float32, 1 for a row of the second labeller, else 0. Such rows get one learnt
    offset for each coordinate added; it starts at 0 and belongs to the labeller, not to the face.
    The first labeller's offset is 0 for good: only the difference of the two can be known.
    `model` itself, its weights shared, answers as the first labeller would.
    """
    second = keras.layers.Input((1,), name="second")
    offset = keras.layers.Dense(
        model.output_shape[-1], use_bias=False, kernel_initializer="zeros", name="offset"
    )(second)
    picture = model.inputs[0]
    outputs = keras.layers.Add()([model(picture), offset])
    return keras.Model([picture, second], outputs, name=f"{model.name}_with_sources")


def with_two_heads(model: keras.Model) -> keras.Model:
    """As `with_sources`, but the second labeller gets heat maps of its own instead of an offset.

    The last layer, from features to maps, stands twice; the second starts as a copy of the first,
    and each learns from its own labeller's rows alone. What both share is everything before.
    """
    ours = model.get_layer("heatmaps")
    theirs = keras.layers.Conv2D(len(faces.KEYPOINTS), 1, name="heatmaps_second")
    points = SoftArgmax(STRIDE)(theirs(ours.input))
    theirs.set_weights(ours.get_weights())
    targets = keras.layers.Rescaling(1 / faces.HALF, offset=-1.0)(points)
    targets = keras.layers.Reshape((-1,))(targets)
    second = keras.layers.Input((1,), name="second")
    outputs = keras.ops.where(second > 0.5, targets, model.output)
    return keras.Model([model.inputs[0], second], outputs, name=f"{model.name}_with_two_heads")


def has_offset(model: keras.Model) -> bool:
    """Whether this is what `with_sources` builds: two inputs and a learnt offset."""
    names = [layer.name for layer in model.layers]
    return len(getattr(model, "inputs", ())) == 2 and "offset" in names


def offset_px(model: keras.Model) -> np.ndarray:
    """What `with_sources` has learnt: (15, 2), pixels, second labeller less the first."""
    kernel = keras.ops.convert_to_numpy(model.get_layer("offset").kernel)
    return kernel.reshape(-1, 2) * faces.HALF


def from_second(points: np.ndarray) -> np.ndarray:
    """(n, 1) float32: 1 where only points that the second labeller gives are labelled, else 0.

    points: (n, 15, 2). Ask before augmentation hides points. In Kaggle's file these are exactly
    the rows from the 2285th on.
    """
    others = [faces.INDEX[k] for k in faces.KEYPOINTS if k not in faces.FOUR_POINTS]
    return np.isnan(points[:, others]).all(axis=(1, 2))[:, np.newaxis].astype(np.float32)


def for_export(model: keras.Model) -> keras.Model:
    """`model` from grey values 0..255 to pixels: (n, 96, 96, 1) float32 to (n, 15, 2) float32.

    The normalisation goes into the file, so that whoever uses it needs no manual. A division by
    255 before the first layer is the same as one of its kernel, and that costs nothing later.
    """
    twin = type(model).from_config(model.get_config())
    kernel, *others = model.get_weights()
    twin.build((None, faces.SIDE, faces.SIDE, 1))
    twin.set_weights([kernel / np.float32(255), *others])
    grey = keras.layers.Input((faces.SIDE, faces.SIDE, 1), name="grey")
    pixels = keras.layers.Rescaling(faces.HALF, offset=faces.HALF)(twin(grey))
    points = keras.layers.Reshape((-1, 2), name="keypoints")(pixels)
    return keras.Model(grey, points, name=f"{model.name}_export")


def _way_down(picture: keras.KerasTensor, widths: tuple[int, ...]) -> list[keras.KerasTensor]:
    """What the network sees at 24, 12 and 6 cells a side."""
    x = _convolved(picture, widths[0], strides=2)
    seen = []
    for width in widths[1:]:
        x = _residual(_convolved(x, width, strides=2))
        seen.append(x)
    return seen


def _convolved(
    x: keras.KerasTensor, width: int, side: int = 3, strides: int = 1
) -> keras.KerasTensor:
    """Convolution, batch norm, ReLU."""
    return keras.layers.ReLU()(_normed(x, width, side, strides))


def _normed(x: keras.KerasTensor, width: int, side: int = 3, strides: int = 1) -> keras.KerasTensor:
    # With stride 2 a side of 4 stands evenly about the centre of its cell; 3 would lean right.
    side = side + 1 if strides == 2 else side
    # The norm has an offset of its own, so the convolution needs no bias.
    x = keras.layers.Conv2D(width, side, strides, padding="same", use_bias=False)(x)
    return keras.layers.BatchNormalization(momentum=0.9)(x)


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    """Two convolutions that learn what to add to their input (He et al. 2016)."""
    width = x.shape[-1]
    added = _normed(_convolved(x, width), width)
    return keras.layers.ReLU()(keras.layers.Add()([x, added]))
