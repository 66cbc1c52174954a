"""Helpers shared by the chapters of the facial keypoints course."""

import os

# TensorFlow leaves oneDNN off on processors without AVX-512; with it convolutions train four times
# as fast there. It has to be said before TensorFlow is loaded.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from fkd_utils import console

__version__ = "0.1.0"

if console.in_notebook():
    console.start_backend()
