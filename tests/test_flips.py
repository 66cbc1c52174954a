"""Prediction on a face and its mirror twin."""

import numpy as np

from fkd_utils import augment, faces


def brightest(images):
    """A fair predictor: all points of a pair lie left and right of the brightest pixel."""
    place = images.reshape(len(images), -1).argmax(axis=1)
    centre = np.stack([place % 96, place // 96], axis=-1).astype(np.float32)
    points = np.repeat(centre[:, np.newaxis], 15, axis=1)
    for left, right in faces.MIRROR_PAIRS:  # the subject's left lies right in the picture
        points[:, faces.INDEX[left], 0] += 5
        points[:, faces.INDEX[right], 0] -= 5
    return points


def spots(n=4):
    images = np.zeros((n, 96, 96), np.uint8)
    rng = np.random.default_rng(0)
    images[np.arange(n), rng.integers(20, 70, n), rng.integers(20, 70, n)] = 255
    return images


def test_a_fair_predictor_is_left_alone():
    found = augment.flip_averaged(brightest, spots())
    np.testing.assert_array_equal(found, brightest(spots()))
    assert found.dtype == np.float32


def test_an_error_to_one_side_cancels_and_one_downwards_stays():
    def leaning(images):
        return brightest(images) + np.array([1.5, 0.5], np.float32)

    found = augment.flip_averaged(leaning, spots())
    expected = brightest(spots()) + np.array([0, 0.5], np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_mirrored_face_gets_mirrored_points():
    weights = np.random.default_rng(1).normal(size=(96 * 96, 30)) / 50

    def any_predictor(images):
        return (images.reshape(len(images), -1) @ weights).reshape(-1, 15, 2)

    images = np.random.default_rng(2).integers(0, 256, (3, 96, 96), np.uint8)
    points = augment.flip_averaged(any_predictor, images)
    mirrored, expected = augment.flip(images, points)
    found = augment.flip_averaged(any_predictor, mirrored)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
