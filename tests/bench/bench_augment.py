"""Flip, shift and rotation with keypoints: ours against albumentations, in one run.

albumentations is not among the course's packages (it brings an OpenCV of its own). To compare:

    pip install --target FOLDER --no-deps albumentations==2.0.8 albucore==0.0.24 stringzilla \\
        simsimd pydantic pydantic-core typing-inspection annotated-types scipy
    PYTHONPATH=FOLDER python -m pytest tests/bench/bench_augment.py -s
"""

import os
import time

import cv2
import numpy as np
import pytest

from fkd_utils import augment

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look at the network
FACES, ROUNDS = 500, 7


def best_of_rounds(*sides):
    """Microseconds a face of each side: the fastest of the rounds, the sides taking turns."""
    seconds = np.full(len(sides), np.inf)
    for _ in range(ROUNDS):
        for k, side in enumerate(sides):
            start = time.perf_counter()
            side()
            seconds[k] = min(seconds[k], time.perf_counter() - start)
    return seconds / FACES * 1e6


@pytest.mark.parametrize("border", ["mirrored", "black"])
def test_pipeline_is_at_least_as_fast_as_albumentations(border):
    """Ours mirrors the border in both; theirs also with a black one, which costs it less."""
    albumentations = pytest.importorskip(
        "albumentations", reason="albumentations is not installed: see the top of this file"
    )
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (FACES, 96, 96), dtype=np.uint8)
    images = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in images])
    points = rng.uniform(20, 75, (FACES, 15, 2)).astype(np.float32)

    pipeline = albumentations.Compose(
        [
            albumentations.HorizontalFlip(p=0.5),
            albumentations.Affine(
                translate_px=(-9, 9),
                rotate=(-10, 10),
                interpolation=cv2.INTER_LINEAR,
                border_mode=cv2.BORDER_REFLECT_101 if border == "mirrored" else 0,
                p=1.0,
            ),
        ],
        keypoint_params=albumentations.KeypointParams(format="xy", remove_invisible=False),
    )

    def theirs():
        for image, face in zip(images, points, strict=True):
            done = pipeline(image=image, keypoints=face)
            assert done["image"].shape == (96, 96)

    def ours():
        done, moved = augment.augmented(images, points, rng)
        assert done.shape == images.shape and moved.shape == points.shape

    our_time, their_time = best_of_rounds(ours, theirs)
    print(
        f"\nflip + shift + rotation with 15 points, {FACES} faces, {border} border: "
        f"ours {our_time:.0f} us a face, albumentations {albumentations.__version__} "
        f"{their_time:.0f} us: {their_time / our_time:.1f} times as fast"
    )
    assert our_time <= their_time
