"""Chapter 12's answer to a photograph."""

import types

import numpy as np
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
