"""The converted ImageNet weights: as the original answers, without it; the study without torch."""

import json

import keras
import numpy as np
import pytest

from fkd_utils import files
from fkd_utils.files import InputError
from fkd_utils.models import efficientnet
from studies import imagenet

STORED = json.loads((files.PUBLISHED / "imagenet" / "lite0.json").read_text())


@pytest.fixture(scope="module")
def network():
    return efficientnet.load_imagenet(efficientnet.efficientnet_lite0())


def test_the_shipped_weights_answer_as_the_original(network):
    inputs = efficientnet.to_inputs(imagenet.pictures()[imagenet.KEPT[0]])
    found = network.predict(inputs, verbose=0)[:, imagenet.KEPT[1]]
    wanted = np.array(STORED["logits"])
    assert wanted.shape == found.shape == (4, 20)
    np.testing.assert_allclose(found, wanted, atol=STORED["differences"]["shipped"] + 1e-3)
    assert wanted.std(axis=1).min() > 10 * STORED["differences"]["shipped"]


def test_what_was_measured_is_what_was_wanted():
    assert STORED["pictures"] == 20 == STORED["same first guess"]
    assert 0 < STORED["differences"]["float32"] <= imagenet.ALIKE
    assert STORED["differences"]["shipped"] < 0.05


def test_the_stored_guesses_are_the_networks(network):
    for name in list(STORED["guesses"])[::40]:
        logits = network.predict(
            efficientnet.to_inputs(imagenet.picture(name)[np.newaxis]), verbose=0
        )
        shares = keras.ops.convert_to_numpy(keras.ops.softmax(logits))[0]
        likeliest, share = STORED["guesses"][name][0]
        assert shares[likeliest] == pytest.approx(share, abs=0.01)
        assert shares[likeliest] > shares.max() - 0.01
        assert {str(k) for k, _ in STORED["guesses"][name]} <= set(STORED["names"])


def test_without_torch_the_study_says_what_is_missing():
    with pytest.raises(InputError, match="torch") as caught:
        imagenet.study()
    assert "\n" not in str(caught.value)
