import numpy as np
import pytest

from fkd_utils import morphing, portraits, props


@pytest.mark.parametrize(
    "draw",
    [
        props._glasses,
        props._hat,
        props._strands,
        props._hand,
        props._scarf,
        props._microphone,
    ],
)
def test_every_thing_hides_some_of_the_face_and_not_all(draw):
    pose = morphing.Pose(8, 0, 5, 36, (48, 37))
    sheet = np.full((portraits.SIDE, portraits.SIDE), 150, np.float32)
    hidden = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        drawn = draw(rng, sheet, lambda head: portraits.to_canvas(head, pose), 150.0)
        assert drawn.shape == sheet.shape
        assert np.isfinite(drawn).all()
        hidden.append((np.abs(drawn - sheet) > 20).mean())
    assert max(hidden) > 0.01
    assert max(hidden) < 0.65
