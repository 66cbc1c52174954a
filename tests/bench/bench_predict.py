"""Fourth on one face: ONNX Runtime against model.predict, in one run, the sides taking turns."""

import statistics
import time

import numpy as np

from fkd_utils.evaluation import timing
from fkd_utils.models import export

ROUNDS, CALLS = 7, 20


def seconds_a_face(score, face: np.ndarray, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        score(face)
    return (time.perf_counter() - started) / calls


def test_onnx_runtime_is_fifty_times_as_fast_for_one_face(tmp_path, capsys):
    model, face = timing.network("fourth"), timing.pictures(1)

    def predict(inputs: np.ndarray) -> np.ndarray:
        return model.predict(inputs, verbose=0)

    export.to_onnx(model, tmp_path / "fourth.onnx")
    score = export.scorer(tmp_path / "fourth.onnx")
    np.testing.assert_allclose(score(face), predict(face), atol=1e-4)  # the warm-up of both
    ratios, ours = [], []
    for _ in range(ROUNDS):
        ours.append(seconds_a_face(score, face, 10 * CALLS))
        ratios.append(seconds_a_face(predict, face, CALLS) / ours[-1])
    with capsys.disabled():
        print(
            f"\none face: ONNX Runtime {1e3 * statistics.median(ours):.3f} ms, "
            f"{statistics.median(ratios):.0f} times as fast as model.predict "
            f"({min(ratios):.0f} to {max(ratios):.0f})"
        )
    assert statistics.median(ratios) >= 50
