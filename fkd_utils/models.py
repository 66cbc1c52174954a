"""The thesis's networks, as the chapters teach them, for use in later chapters."""

import collections.abc
import dataclasses

import keras


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
            keras.layers.Dropout(dropout),
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
            keras.layers.Dropout(dropout),
            keras.layers.Dense(30),
        ],
        name="fourth",
    )


@dataclasses.dataclass(frozen=True)
class Entry:
    """A network of the course: how to build it and the chapter that teaches it."""

    build: collections.abc.Callable[..., keras.Model]
    title: str
    chapter: str


MODELS = {
    "first": Entry(first, "First", "03"),
    "second": Entry(second, "Second", "04"),
    "third": Entry(third, "Third", "05"),
    "fourth": Entry(fourth, "Fourth", "06"),
}
