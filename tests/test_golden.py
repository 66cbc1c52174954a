"""The same faces, the same answers, the same stored numbers as before the house was rebuilt."""

import json

import cv2
import goldenvalues as values
import numpy as np
import pytest


@pytest.fixture(scope="module")
def difference() -> int:
    """Grey levels by which a pixel of the contact sheet differs at most."""
    golden = cv2.imread(str(values.SHEET), cv2.IMREAD_GRAYSCALE)
    assert golden.shape == (768, 768) and golden.std() > 30
    return int(np.abs(golden.astype(int) - values.sheet()).max())


def test_the_faces_of_open_look_as_they_did(difference):
    assert difference <= 1


def test_open_and_its_parts_have_their_fingerprints(difference):
    if difference:
        pytest.skip("this processor's OpenCV rounds other last digits: no fingerprint can hold")
    assert values.fingerprints() == json.loads(values.FINGERPRINTS.read_text(encoding="utf-8"))


def test_shipped_networks_answer_as_they_did():
    found = values.predictions()
    with np.load(values.PREDICTIONS, allow_pickle=False) as golden:
        assert set(found) == set(golden.files)
        for name in found:
            np.testing.assert_allclose(found[name], golden[name], atol=0.02, err_msg=name)


def test_stored_runs_have_their_numbers():
    assert values.runs() == json.loads(values.RUNS.read_text(encoding="utf-8"))
