"""An epoch of Fourth through the course's training function against a bare model.fit."""

import statistics
import time

import keras
import numpy as np

from fkd_utils import faces
from fkd_utils.data import splits
from fkd_utils.models import thesis
from fkd_utils.training import fitting

ROUNDS, EPOCHS, BATCH = 5, 3, 64


def fourth(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = thesis.fourth(dropout=0.25)
    model.compile("adam", "mse")
    return model


def some_faces(n: int) -> faces.Faces:
    rng = np.random.default_rng(n)
    images = rng.integers(0, 256, (n, 96, 96), dtype=np.uint8)
    points = rng.uniform(10, 85, (n, 15, 2)).astype(np.float32)
    return faces.Faces(images, points, np.arange(n), np.arange(n), "noise")


def seconds_bare(data: splits.Splits) -> float:
    model = fourth(0)
    x, y = faces.to_inputs(data.train.images), faces.to_targets(data.train.keypoints)
    held = faces.to_inputs(data.validation.images), faces.to_targets(data.validation.keypoints)
    started = time.perf_counter()
    model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=held,
        validation_batch_size=256,
        verbose=0,
    )
    return time.perf_counter() - started


def seconds_ours(data: splits.Splits, store, seed: int) -> float:
    model = fourth(seed)
    started = time.perf_counter()
    fitting.fit(model, data, EPOCHS, BATCH, seed=seed, store=store)
    return time.perf_counter() - started


def test_training_costs_at_most_five_percent_more(tmp_path, capsys):
    data = splits.Splits(some_faces(1712), some_faces(214), some_faces(10), splits.Source("noise"))
    seconds_bare(data)  # warm-up
    ratios = [seconds_ours(data, tmp_path, k) / seconds_bare(data) for k in range(ROUNDS)]
    with capsys.disabled():
        print(f"\nours over bare fit, {EPOCHS} epochs: {[f'{r:.3f}' for r in ratios]}")
    assert statistics.median(ratios) <= 1.05
