"""Helpers shared by the chapters of the facial keypoints course."""

import os

# TensorFlow reads this once, when it is first imported; its notices would end up in every chapter.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"
