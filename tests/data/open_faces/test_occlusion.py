"""What stands in front of a face and behind it."""

import numpy as np
import pytest

from fkd_utils.data import photographs
from fkd_utils.data.open_faces import face_shape, occlusion, render


@pytest.mark.parametrize(
    "draw",
    [
        occlusion._glasses,
        occlusion._hat,
        occlusion._strands,
        occlusion._hand,
        occlusion._scarf,
        occlusion._microphone,
    ],
)
def test_every_thing_hides_some_of_the_face_and_not_all(draw):
    pose = face_shape.Pose(8, 0, 5, 36, (48, 37))
    sheet = np.full((render.SIDE, render.SIDE), 150, np.float32)
    hidden = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        drawn = draw(rng, sheet, lambda head: render.to_canvas(head, pose), 150.0)
        assert drawn.shape == sheet.shape
        assert np.isfinite(drawn).all()
        hidden.append((np.abs(drawn - sheet) > 20).mean())
    assert max(hidden) > 0.01
    assert max(hidden) < 0.65


def test_backgrounds_differ_and_have_no_holes():
    photograph = photographs.photo(0).grey
    walls = [
        occlusion.draw_scenery(np.random.default_rng(k), 96, 150, [photograph]) for k in range(40)
    ]
    assert all(wall.shape == (96, 96) and np.isfinite(wall).all() for wall in walls)
    assert np.std([wall.mean() for wall in walls]) > 20
