"""Helpers shared by the chapters of the facial keypoints course."""

from fkd_utils import console

__version__ = "0.1.0"

if console.in_notebook():
    console.start_backend()
