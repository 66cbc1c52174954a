"""Helpers shared by the chapters of the facial keypoints course."""

import pathlib
import sys

if sys.argv[:1] == ["-m"] and pathlib.Path(sys.path[0]) != pathlib.Path(__file__).parents[1]:
    del sys.path[0]  # the folder one stands in: a numpy.py there is not numpy

from fkd_utils import console

console.pin_settings()
if console.in_notebook():
    console.start_backend()
