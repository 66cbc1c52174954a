"""The thesis's networks, First to Fifth, as chapters 03 to 08 write them out."""

import keras
import numpy as np


def first() -> keras.Model:
    """First: one linear layer, 9216-30 (THESIS 3.2.1, Fig 3.3)."""
    return keras.Sequential(
        [keras.layers.Input((96, 96, 1)), keras.layers.Flatten(), keras.layers.Dense(30)],
        name="first",
    )


def second() -> keras.Model:
    """Second: the multi-layer perceptron 9216-300-150-30, ReLU (THESIS 3.2.2, Fig 3.4)."""
    return keras.Sequential(
        [
            keras.layers.Input((96, 96, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(150, activation="relu"),
            keras.layers.Dense(30),
        ],
        name="second",
    )


def third(dropout: float = 0.0) -> keras.Model:
    """Third: three convolutions, two of them with stride 2 (THESIS Table 3.1, Fig 3.5).

    dropout: share of the 250 dense units left out in training (THESIS 4.3 uses 0.25).
    """
    return keras.Sequential(
        [
            keras.layers.Input((96, 96, 1)),
            keras.layers.Conv2D(4, 5, padding="same", activation="relu"),
            keras.layers.Conv2D(6, 5, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(8, 4, strides=2, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(250, activation="relu"),
            *_dropout(dropout),
            keras.layers.Dense(30),
        ],
        name="third",
    )


def fourth(dropout: float = 0.0) -> keras.Model:
    """Fourth: three convolutions, each followed by max-pooling (THESIS Table 3.2, Fig 3.6).

    dropout: share of the 250 dense units left out in training (THESIS 4.4 uses 0.25).
    """
    return keras.Sequential(
        [
            keras.layers.Input((96, 96, 1)),
            keras.layers.Conv2D(4, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(6, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(8, 4, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(250, activation="relu"),
            *_dropout(dropout),
            keras.layers.Dense(30),
        ],
        name="fourth",
    )


def fifth(
    dropout: float = 0.0,
    leaky: float = 0.0,
    filters: tuple[int, ...] = (4, 6, 8),
    sides: tuple[int, ...] = (5, 5, 4),
    units: int = 250,
) -> keras.Model:
    """Fifth: Fourth with one more dense layer (THESIS 4.7, Table 4.3).

    dropout: share of dense units left out in training, half of it behind each pool (0.1 in Table
    4.3). leaky: slope of the activation below zero (0.2 and 0.3 in the thesis, 0 is ReLU). filters,
    sides (of kernels) and units are what THESIS 4.8 would change next.
    The thesis does not give the new layer's width; here it has 250 units like the first.
    """

    def activation() -> keras.layers.Layer:
        return keras.layers.LeakyReLU(negative_slope=leaky)

    layers = [keras.layers.Input((96, 96, 1))]
    for maps, side in zip(filters, sides, strict=True):
        layers += [
            keras.layers.Conv2D(maps, side, padding="same"),
            activation(),
            keras.layers.MaxPooling2D(2),
            *_dropout(dropout / 2),
        ]
    layers.append(keras.layers.Flatten())
    for _ in range(2):
        layers += [keras.layers.Dense(units), activation(), *_dropout(dropout)]
    return keras.Sequential([*layers, keras.layers.Dense(30)], name="fifth")


def multiply_adds(network: keras.Model, patches_a_face: int = 1) -> int:
    """Multiplications with a weight for one face, as chapter 06 counts them.

    patches_a_face: how often the convolutions run, 15 for chapter 14's refiners.
    """
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            weights = layer.kernel.shape  # height, width, input maps, output maps
            places = layer.output.shape[1] * layer.output.shape[2]
            total += patches_a_face * places * int(np.prod(weights))
        elif isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense):
            total += int(np.prod(layer.kernel.shape))
    return total


def _dropout(rate: float) -> list[keras.layers.Layer]:
    """No layer where nothing is left out: a network without dropout is one without the layer."""
    return [keras.layers.Dropout(rate)] if rate else []
