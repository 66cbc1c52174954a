import numpy as np

from fkd_utils import morphing, open_photos, optics, portraits


def test_a_lamp_on_one_side_lights_that_side():
    warp, _ = portraits.put(morphing.average(), morphing.Pose(0, 0, 0, 36, (48, 37)))
    flat = warp.back(np.vstack([morphing.average()[morphing.KEPT], morphing.FRAME]))
    sheet = np.full((portraits.SIDE, portraits.SIDE), 100, np.float32)
    tilts = []
    for seed in range(30):
        shaded = optics.lit(np.random.default_rng(seed), sheet, flat)
        assert shaded.min() > 0
        tilts.append(shaded[60:140, 40:80].mean() - shaded[60:140, 112:152].mean())
    assert min(tilts) < -8
    assert max(tilts) > 8


def test_compression_changes_little():
    picture, _ = portraits.draw((4, 4), open_photos.teams()[3])
    stored = optics.compressed(picture, 60)
    assert stored.dtype == np.uint8
    assert 0 < np.abs(stored.astype(float) - picture).mean() < 8
