import numpy as np

from fkd_utils.data import photographs
from fkd_utils.data.open_faces import face_shape, render


def test_a_lamp_on_one_side_lights_that_side():
    warp, _ = render.put(face_shape.average(), face_shape.Pose(0, 0, 0, 36, (48, 37)))
    flat = warp.back(np.vstack([face_shape.average()[face_shape.KEPT], face_shape.FRAME]))
    sheet = np.full((render.SIDE, render.SIDE), 100, np.float32)
    tilts = []
    for seed in range(30):
        shaded = render.lit(np.random.default_rng(seed), sheet, flat)
        assert shaded.min() > 0
        tilts.append(shaded[60:140, 40:80].mean() - shaded[60:140, 112:152].mean())
    assert min(tilts) < -8
    assert max(tilts) > 8


def test_compression_changes_little():
    picture, _ = render.draw((4, 4), photographs.teams()[3])
    stored = render.compressed(picture, 60)
    assert stored.dtype == np.uint8
    assert 0 < np.abs(stored.astype(float) - picture).mean() < 8
