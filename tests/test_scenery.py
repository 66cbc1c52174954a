import numpy as np

from fkd_utils.data import photographs
from fkd_utils.data.open_faces import occlusion


def test_backgrounds_differ_and_have_no_holes():
    photograph = photographs.photo(0).grey
    walls = [
        occlusion.draw_scenery(np.random.default_rng(k), 96, 150, [photograph]) for k in range(40)
    ]
    assert all(wall.shape == (96, 96) and np.isfinite(wall).all() for wall in walls)
    assert np.std([wall.mean() for wall in walls]) > 20
