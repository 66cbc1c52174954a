"""The networks of the course, as the chapters teach them, for use in later chapters.

thesis: First to Fifth. deep: DEPTH's. heatmap: chapter 18's. efficientnet: with what ImageNet
taught it. losses: for labels with holes. export: to ONNX.
"""

from fkd_utils.models import deep, efficientnet, export, heatmap, losses
from fkd_utils.models.catalogue import MODELS
from fkd_utils.models.thesis import fifth, fourth, multiply_adds, second, third

__all__ = [
    "MODELS",
    "deep",
    "efficientnet",
    "export",
    "fifth",
    "fourth",
    "heatmap",
    "losses",
    "multiply_adds",
    "second",
    "third",
]
