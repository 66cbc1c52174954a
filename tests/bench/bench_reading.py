"""Reading a training file for the first time and from the cache, against pandas and numpy.

Set FKD_BENCH_DATA to a folder in Kaggle's format with real faces; without it, "open" is read.
"""

import io
import os
import statistics
import time
import warnings
import zipfile

import numpy as np
import pandas as pd

from fkd_utils.data import kaggle, sources

ROUNDS = 3


def row_by_row(path) -> np.ndarray:
    """The usual way: pandas for the table, np.fromstring for each row's picture."""
    with zipfile.ZipFile(path) as archive:
        table = pd.read_csv(io.BytesIO(archive.read("training.csv")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        rows = [np.fromstring(text, dtype=np.uint8, sep=" ") for text in table["Image"]]
    return np.stack(rows).reshape(-1, 96, 96)


def timed(action) -> tuple[float, np.ndarray]:
    """Wall seconds of an action, and the pictures it gives."""
    start = time.perf_counter()
    images = action()
    return time.perf_counter() - start, images


def test_reading(tmp_path, monkeypatch):
    path = kaggle.find_csv(sources.place(os.environ.get("FKD_BENCH_DATA", "open")), "training")
    usual, first, cached = [], [], []
    for number in range(ROUNDS):
        seconds, expected = timed(lambda: row_by_row(path))
        usual.append(seconds)
        monkeypatch.setenv("FKD_CACHE", str(tmp_path / str(number)))
        seconds, images = timed(lambda: kaggle.read_training(path).images)
        first.append(seconds)
        np.testing.assert_array_equal(images, expected)
        seconds, again = timed(lambda: kaggle.read_training(path).images)
        cached.append(seconds)
        np.testing.assert_array_equal(again, expected)
    usual, first, cached = (statistics.median(values) for values in (usual, first, cached))
    print(
        f"\n{len(images):,} rows: pandas and fromstring {usual:.2f} s; ours first time "
        f"{first:.2f} s ({first / usual:.2f} x), cached {cached * 1000:.1f} ms "
        f"({usual / cached:.0f} x faster)"
    )
    assert first <= 1.3 * usual
    assert cached * 50 <= usual
