import drawnfaces
import numpy as np
import pytest

from fkd_utils import augment


@pytest.mark.parametrize("factor", [1.5, 0.8])
def test_brighten_multiplies_rounds_and_clips(factor):
    images, points = drawnfaces.noise(12)
    changed, same = augment.brighten(images, points, factor)
    expected = [min(255, round(v * factor)) for v in images[0, 0].tolist()]
    np.testing.assert_allclose(changed[0, 0], expected, atol=1)  # a half may round either way
    assert same is points


def test_contrast_keeps_the_mean_and_scales_the_spread():
    images, points = drawnfaces.noise(13)
    changed = augment.contrast(images, points, 0.7)[0].astype(np.float64)
    np.testing.assert_allclose(changed.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=0.1)
    np.testing.assert_allclose(changed.std(axis=(1, 2)), 0.7 * images.std(axis=(1, 2)), rtol=0.02)


def test_jitter_stays_in_range_and_differs_between_faces():
    images = np.full((500, 96, 96), 100, np.uint8)
    changed, _ = augment.jitter(images, np.zeros((500, 15, 2)), 0.5, np.random.default_rng(0))
    levels = changed[:, 0, 0]
    assert 50 <= levels.min() < 53 and 147 < levels.max() <= 150


def test_noise_has_the_size_it_says():
    images = np.full((20, 96, 96), 128, np.uint8)
    noisy, _ = augment.add_noise(images, np.zeros((20, 15, 2)), 10, np.random.default_rng(0))
    assert abs(noisy.std() - 10) < 0.1 and abs(noisy.mean() - 128) < 0.1
