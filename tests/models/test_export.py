"""The way to ONNX."""

import keras
import numpy as np
import pytest

from fkd_utils.evaluation import timing
from fkd_utils.models import export


def test_onnx_answers_like_the_network(tiny_network, tmp_path):
    inputs = timing.pictures(5, 16)
    expected = keras.ops.convert_to_numpy(tiny_network(inputs, training=False))
    export.to_onnx(tiny_network, tmp_path / "tiny.onnx")
    score = export.scorer(tmp_path / "tiny.onnx")
    np.testing.assert_allclose(score(inputs), expected, atol=1e-4)
    assert score(inputs[:1]).shape == (1, 30)  # any number of pictures
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.onnx"]


@pytest.mark.parametrize("name", ["first", "second", "third", "fourth"])
def test_the_course_networks_survive_the_way_to_onnx(name, tmp_path):
    model, inputs = timing.network(name), timing.pictures(3)
    expected = keras.ops.convert_to_numpy(model(inputs, training=False))
    export.to_onnx(model, tmp_path / "it.onnx")
    score = export.scorer(tmp_path / "it.onnx")
    np.testing.assert_allclose(score(inputs), expected, atol=1e-4)
