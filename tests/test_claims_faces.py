"""What single faces and keypoints say of a claim, on errors made by hand."""

import pathlib

import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces
from fkd_utils.training import results
from studies.claims import findings


class MadeUp(results.Stored):
    """A run whose arrays stand in its settings instead of a file."""

    def array(self, name: str) -> np.ndarray:
        return self.settings[name]


def stored(errors: np.ndarray, **arrays: np.ndarray) -> MadeUp:
    """A run with these errors (n, 15, 2) on its test faces; each face is a group."""
    arrays |= {"test_errors": errors, "test_group": np.arange(len(errors))}
    return MadeUp(pathlib.Path("wild_made_up"), arrays, {}, pd.DataFrame())


def off_by(distance: np.ndarray) -> np.ndarray:
    """Errors (n, 15, 2) of these distances (n, 15), all of them in x."""
    return np.stack([distance, np.zeros_like(distance)], axis=-1)


@pytest.fixture
def finest(monkeypatch):
    def use(run: MadeUp) -> None:
        monkeypatch.setattr(findings, "finest", lambda: run)

    return use


def test_average_is_told_beside_its_root_mean_square(finest):
    finest(stored(off_by(np.tile([1.0, 7.0, 1.0], (4, 5)))))
    found = findings.average()
    assert "(3.00 px of 4.12)" in found.ours and found.verdict == "fails"
    finest(stored(off_by(np.full((4, 15), 2.0))))
    assert findings.average().verdict == "holds"


def test_brow_ends_by_their_places(finest):
    far = np.tile(np.linspace(1, 2, 15), (5, 1))
    far[:, faces.INDEX["left_eyebrow_outer_end"]] = 4
    far[:, faces.INDEX["right_eyebrow_outer_end"]] = 5
    finest(stored(off_by(far)))
    found = findings.brow_ends()
    ours = "of 15, the right one is number 1, the left one number 2"
    assert found == (ours, "holds", "wild_made_up")
    nose = faces.INDEX["nose_tip"]
    far[:, nose] = [3, 3, 3, 3, 7.9]  # behind both on average, but not surely
    finest(stored(off_by(far)))
    assert findings.brow_ends() == (ours, "depends", "wild_made_up")
    far[:, nose] = 6
    finest(stored(off_by(far)))
    assert findings.brow_ends().verdict == "fails"


@pytest.mark.parametrize(("more", "verdict"), [(1.0, "holds"), (0.0, "depends"), (-1.0, "fails")])
def test_a_keypoint_is_harder_if_the_interval_says_so(finest, more, verdict):
    far = 5 + np.random.default_rng(0).normal(0, 0.3, (60, 15))
    lips = [faces.INDEX[f"mouth_center_{which}_lip"] for which in ("bottom", "top")]
    far[:, lips[0]] += more - (far[:, lips[0]] - far[:, lips[1]]).mean()
    finest(stored(off_by(far)))
    found = findings.difference("mouth_center_bottom_lip", "mouth_center_top_lip")
    assert found.verdict == verdict and found.ours.startswith(f"{more:+.2f} px")


def test_tilted_faces_are_compared_with_the_others(finest):
    far = np.full((40, 15), 2.0) + np.random.default_rng(0).normal(0, 0.1, (40, 1))
    tilted = np.repeat([20.0, -1.0], 20)
    far[:20] *= 1.5
    finest(stored(off_by(far), test_tilt=tilted))
    found = findings.tilt()
    ratio = far[:20].mean() / far[20:].mean()
    assert found.ours == f"{ratio:.2f} times the error beyond 10 degrees (20 of 40 faces)"
    assert found.verdict == "holds"
    finest(stored(off_by(far), test_tilt=-tilted[::-1]))
    assert findings.tilt().verdict == "fails"


@pytest.mark.parametrize(
    ("eyes", "mouth", "verdict"),
    [(1.0, 0.2, "holds"), (1.0, 1.0, "depends"), (0.2, 1.0, "depends"), (-1.0, 0.5, "fails")],
)
def test_glasses_are_held_against_the_same_drawing_elsewhere(finest, eyes, mouth, verdict):
    far = 3 + np.random.default_rng(0).normal(0, 0.1, (30, 15))
    noise = np.random.default_rng(1).normal(0, 0.1, (30, 15))
    covered = {"test_covered_eyes": far + eyes + noise, "test_covered_mouth": far + mouth - noise}
    finest(stored(off_by(far), **covered))
    assert findings.glasses().verdict == verdict


def test_hard_faces_are_named_by_the_networks_that_are_not_compared(monkeypatch):
    """The hardest twentieth of 40 faces are two; they fall by half, the others by nine tenths."""
    mse = np.linspace(1.0, 2.0, 40)
    runs = {row: stored(off_by(np.sqrt(np.tile(mse[:, None], (1, 15))))) for row in findings._SEVEN}
    left = np.where(np.arange(40) >= 38, 0.5, 0.1)
    runs["Fourth, dropout"] = stored(off_by(np.sqrt(np.tile((left * mse)[:, None], (1, 15)))))
    monkeypatch.setattr(findings, "run", runs.get)
    found = findings.hard_faces_gain()
    assert found.ours.startswith("the hardest 2, chosen by the other five: 50%; all: 87%")
    assert found.verdict == "depends"
    assert findings.worst_for_all() == (
        "the hardest face is the very worst for 7 of 7",
        "holds",
        findings.folders(*findings._SEVEN),
    )
