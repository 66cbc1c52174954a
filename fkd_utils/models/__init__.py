"""The networks of the course, as the chapters teach them, for use in later chapters.

thesis: First to Fifth. deep: DEPTH's. heatmap: chapter 18a's. efficientnet: with what ImageNet
taught it. losses: for labels with holes. export: to ONNX.
"""

import collections.abc
import typing

import keras

from fkd_utils.models import deep, efficientnet, export, heatmap, losses, thesis
from fkd_utils.models.thesis import fifth, fourth, multiply_adds, second, third


class Entry(typing.NamedTuple):
    """A network of the course: how to build it and the chapter that teaches it."""

    build: collections.abc.Callable[..., keras.Model]
    title: str
    chapter: str


MODELS = {
    "first": Entry(thesis.first, "First", "03"),
    "second": Entry(thesis.second, "Second", "04"),
    "third": Entry(thesis.third, "Third", "05"),
    "fourth": Entry(thesis.fourth, "Fourth", "06"),
    "fifth": Entry(thesis.fifth, "Fifth", "08"),
    "deep": Entry(deep.deep_cnn, "Deep", "13"),
    "modern_dense": Entry(heatmap.dense_network, "Residual, dense", "18a"),
    "modern": Entry(heatmap.network, "Residual, heat maps", "18a"),
    "modern_wide": Entry(heatmap.wide_network, "Residual, wide heat maps", "18a"),
}
