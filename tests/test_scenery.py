import numpy as np

from fkd_utils import open_photos, scenery


def test_backgrounds_differ_and_have_no_holes():
    photograph = open_photos.photo(0).grey
    walls = [scenery.draw(np.random.default_rng(k), 96, 150, [photograph]) for k in range(40)]
    assert all(wall.shape == (96, 96) and np.isfinite(wall).all() for wall in walls)
    assert np.std([wall.mean() for wall in walls]) > 20
