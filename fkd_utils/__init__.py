"""Helpers shared by the chapters of the facial keypoints course."""

from fkd_utils import quiet

__version__ = "0.1.0"

if quiet.in_notebook():
    quiet.start_backend()
