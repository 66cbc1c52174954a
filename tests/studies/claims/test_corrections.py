"""Effects of the sources' mistakes, against numbers computed by hand."""

import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.training import results
from studies.claims import corrections


def test_effects_by_hand():
    by_name = corrections.table().set_index("as printed").effect_px
    assert by_name["a mirrored x is 96 - x, always"] == "1.00"
    # A turn of 20 degrees moves a point by twice its distance from the centre times sin 10.
    face = np.array(results.kaggle_labels()["mean_face"])
    away = np.linalg.norm(face - 47.5, axis=1).mean()
    assert float(by_name["P' = P A + B for a 2 by 15 P"]) == pytest.approx(
        2 * away * np.sin(np.radians(10)), abs=0.006
    )
    order = corrections.mirrored(face)
    assert np.allclose(corrections.mirrored(order), face)


def test_a_wrong_side_costs_the_distance_of_a_pair():
    """A paired point stands where its partner is; the four of the middle stay."""
    face = np.array(results.kaggle_labels()["mean_face"])
    moved = np.linalg.norm(face[faces.mirror_order()] - face, axis=1)
    assert (moved == 0).sum() == 3
    table = corrections.table().set_index("as printed").effect_px
    told = float(table["left and right, without saying whose"])
    assert told == pytest.approx(moved.mean(), abs=0.006)


def test_an_answer_of_accuracy_one_may_be_off_by_most_of_the_picture():
    face = np.array(results.kaggle_labels()["mean_face"])
    truth, answer = face.ravel(), face.ravel() / 10
    assert np.argmax(truth) == np.argmax(answer)  # all that Keras's accuracy looks at
    told = corrections.table().set_index("as printed").effect_px
    far = 0.9 * np.hypot(*face.T).mean()
    assert float(told["accuracy on coordinates says what is found"]) == pytest.approx(far, abs=0.01)
