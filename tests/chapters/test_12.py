"""Chapter 12's frame of boxes, and its answer to a photograph."""

import types

import numpy as np
import pytest
from chapters import pages
from matplotlib import pyplot as plt

from fkd_utils import data, demo, faces


def test_a_photograph_of_ones_own_is_shown_and_stored_nowhere(monkeypatch):
    """The default of `answer`: upload and webcam call it without a word about storing."""
    asked = []
    chapter = types.SimpleNamespace(figure=lambda *a, **how: asked.append(how["private"]))
    nowhere = np.zeros((0, len(faces.KEYPOINTS), 2))
    found = demo.locate.Found(np.zeros((0, 4), int), [], nowhere)
    monkeypatch.setattr(demo.locate, "locate", lambda model, picture: found)
    monkeypatch.setattr(data.photos, "read", lambda content, name: np.zeros((9, 9, 3), np.uint8))
    page = pages.load("12", "answer", model=None)
    page.chapter = chapter
    page.answer(b"", "me.jpg")
    page.answer(b"", "turned.jpg", private=False)
    assert asked == [True, False]
    plt.close("all")


def test_frame_of_boxes_finds_what_was_put_in():
    page = pages.load("12", "frame_of_boxes")
    rng = np.random.default_rng(0)
    face = rng.uniform(20, 70, (15, 2))
    boxes = np.column_stack(
        [rng.uniform(0, 200, (9, 2)), np.repeat(rng.uniform(50, 99, 9), 2).reshape(9, 2)]
    )
    centre = boxes[:, :2] + (0.5 + np.array([0.03, -0.02])) * boxes[:, 2:]
    side = 1.25 * boxes[:, 2:]
    points = centre[:, np.newaxis] + ((face + 0.5) / 96 - 0.5) * side[:, np.newaxis] - 0.5
    size, shift = page.frame_of_boxes(boxes, points, face)
    assert size == pytest.approx(1.25)
    np.testing.assert_allclose(shift, [0.03, -0.02], atol=1e-9)
