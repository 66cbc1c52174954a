"""The converted ImageNet weights: as the original answers, without it; the study without torch."""

import json

import numpy as np
import pytest

from fkd_utils import files
from fkd_utils.data import photographs
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
    assert sum(STORED["first"].values()) == len(photographs.names())
    for name in photographs.names()[::40]:
        inputs = efficientnet.to_inputs(imagenet.picture(name)[np.newaxis])
        likeliest = int(network.predict(inputs, verbose=0)[0].argmax())
        assert STORED["names"][str(likeliest)] in STORED["first"]


def test_without_torch_the_study_says_what_is_missing():
    with pytest.raises(InputError, match="torch") as caught:
        imagenet.study()
    assert "\n" not in str(caught.value)
