"""The heat-map network against Fifth: a training step in one run, and one face with ONNX Runtime.

The sides take turns. A step counts in CPU seconds; how many steps each needed is stored.
"""

import statistics
import time

import numpy as np
import pytest

from fkd_utils import augment
from fkd_utils.data import splits
from fkd_utils.evaluation import timing
from fkd_utils.models import export, heatmap
from fkd_utils.training import ablation, batches, fitting, results, thesis_runs

ROUNDS, STEPS, CALLS = 5, 6, 200
FIFTHS = [name for name in thesis_runs.TABLE_4_4 if results.of_rows([name])]


def cpu_seconds_a_step(trained, batches, steps: int) -> float:
    started = time.process_time()
    for k in range(steps):
        trained.train_on_batch(*batches[k])
    return (time.process_time() - started) / steps


def batches_until(run: results.Stored, error: float) -> float:
    """Batches of 64 faces that a run took until its validation MSE was at most `error`."""
    epoch = int(run.history.epoch[run.history.val_mse <= error].iloc[0])
    sizes = fitting.batch_sizes(run.settings)[:epoch]
    return run.settings["steps_per_epoch"] * sum(sizes) / 64


def ready(step: ablation.Step, data: splits.Splits):
    trained, told = step.model(), bool(step.told)
    change = augment.random_augment if step.augmented else None
    recipe = batches.Recipe((64,), step.steps_per_epoch, 0, change, step.half_complete)
    made = batches.Batches(data.train, recipe, 0, told)
    trained.train_on_batch(*made[0])  # builds the graph
    return trained, made


@pytest.mark.skipif(not FIFTHS, reason="no run of Fifth at full length is published yet")
def test_fifths_error_for_a_tenth_of_its_training(capsys):
    fifth, final = (
        results.published(name) for name in (results.folder_of(FIFTHS[-1]), "wild_final")
    )
    error = fifth.metrics["validation_mse"]
    theirs, ours = (batches_until(run, error) for run in (fifth, final))
    data = splits.load("open", 0, None, False, True)
    sides = [ready(step, data) for step in (ablation.steps()[0], ablation.final())]
    ratios = []
    for _ in range(ROUNDS):
        one, two = (cpu_seconds_a_step(*side, STEPS) for side in sides)
        ratios.append(two * ours / (one * theirs))
    with capsys.disabled():
        print(
            f"\nto a validation MSE of {error:.5f}: Fifth {theirs:,.0f} batches of 64, ours "
            f"{ours:,.0f}; CPU seconds {statistics.median(ratios):.3f} of Fifth's "
            f"({min(ratios):.3f} to {max(ratios):.3f})"
        )
    assert statistics.median(ratios) <= 0.1


def test_one_face_in_a_millisecond_on_one_core(tmp_path, capsys):
    network, path = results.network("wild_final"), tmp_path / "final.onnx"
    export.to_onnx(heatmap.for_export(network), path)
    score, face = export.scorer(path, threads=1), 255 * timing.pictures(1)
    expected = 48 + 48 * network.predict_on_batch(face / 255).reshape(1, 15, 2)
    np.testing.assert_allclose(score(face), expected, atol=0.01)
    seconds = []
    for _ in range(CALLS):
        started = time.perf_counter()
        score(face)
        seconds.append(time.perf_counter() - started)
    with capsys.disabled():
        print(f"\none face, one core: {1e3 * statistics.median(seconds):.3f} ms")
    assert statistics.median(seconds) <= 1e-3
