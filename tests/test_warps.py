import functools

import cv2
import drawnfaces
import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from fkd_utils import augment, faces
from fkd_utils.files import InputError

Y, X = np.mgrid[:96, :96]


def dots(centres):
    """A picture for each centre (n, 2), with one soft dot of 1.5 px at it."""
    squared = (X - centres[:, 0, None, None]) ** 2 + (Y - centres[:, 1, None, None]) ** 2
    return np.rint(250 * np.exp(-squared / (2 * 1.5**2))).astype(np.uint8)


def centroids(images):
    """The oracle: the centre of mass of each picture's grey values, (n, 2)."""
    weights = images.astype(np.float64)
    total = weights.sum(axis=(1, 2))
    return np.stack([(weights * axis).sum(axis=(1, 2)) / total for axis in (X, Y)], axis=-1)


def centroid_near(image, place, radius=12):
    """The centre of mass within `radius` of `place`: without the dot's mirror image."""
    near = np.maximum(abs(X - place[0]), abs(Y - place[1])) <= radius
    return centroids((image * near)[np.newaxis])[0]


def test_flip_twice_is_the_identity():
    images, points = drawnfaces.noise(0)
    twice = augment.flip(*augment.flip(images, points))
    np.testing.assert_array_equal(twice[0], images)
    np.testing.assert_allclose(twice[1], points, atol=1e-5)


def test_flip_swaps_whole_points():
    images, points = drawnfaces.noise(1)
    flipped = augment.flip(images, points)[1]
    left, right = faces.INDEX["mouth_left_corner"], faces.INDEX["mouth_right_corner"]
    expected = np.stack([95 - points[:, right, 0], points[:, right, 1]], axis=-1)
    np.testing.assert_allclose(flipped[:, left], expected, atol=1e-5)
    nose = faces.INDEX["nose_tip"]
    np.testing.assert_allclose(flipped[:, nose, 0], 95 - points[:, nose, 0], atol=1e-5)


def test_a_drawn_dot_lands_at_95_minus_x_not_at_96_minus_x():
    centres = np.random.default_rng(0).uniform(20, 75, (20, 2))
    points = np.repeat(centres[:, np.newaxis], 15, axis=1)
    seen = centroids(augment.flip(dots(centres), points)[0])[:, 0]
    np.testing.assert_allclose(seen - (95 - centres[:, 0]), 0, atol=0.02)
    np.testing.assert_allclose(seen - (96 - centres[:, 0]), -1, atol=0.02)


def test_a_warp_by_the_mirror_matrix_is_the_flip():
    images, points = drawnfaces.noise(2)
    warped, flipped = (
        augment.warp(images, points, augment.mirroring()),
        augment.flip(images, points),
    )
    np.testing.assert_array_equal(warped[0], flipped[0])
    np.testing.assert_array_equal(warped[1], flipped[1])


amount = functools.partial(st.floats, allow_nan=False)

MATRICES = {
    "shift": st.builds(augment.translation, amount(-9.6, 9.6), amount(-9.6, 9.6)),
    "rotate": st.builds(augment.rotation, amount(-20, 20)),
    "scale": st.builds(augment.scaling, amount(0.8, 1.2)),
    "shear": st.builds(augment.shearing, amount(-0.2, 0.2)),
    "tilt": st.builds(augment.tilting, amount(-0.1, 0.1), amount(-0.1, 0.1)),
    "crop": st.builds(augment.cropping, amount(0, 16), amount(0, 16), amount(80, 96)),
    "flip": st.just(augment.mirroring()),
}

MATRICES["composed"] = st.lists(st.one_of(*MATRICES.values()), min_size=2, max_size=3).map(
    lambda chain: functools.reduce(lambda total, matrix: matrix @ total, chain)
)


@pytest.mark.parametrize("name", MATRICES)
def test_a_dot_moves_where_its_keypoint_moves(name):
    @hypothesis.settings(max_examples=40, deadline=None)
    @hypothesis.given(matrix=MATRICES[name], x=amount(25, 70), y=amount(25, 70))
    def check(matrix, x, y):
        centre = np.array([[x, y]])
        points = np.repeat(centre[:, np.newaxis], 15, axis=1)
        images, moved = augment.warp(dots(centre), points, matrix)
        hypothesis.assume(((moved > 12) & (moved < 83)).all())  # the whole dot is in the picture
        seen = centroid_near(images[0], moved[0, 0])
        np.testing.assert_allclose(seen, moved[0, 0], atol=0.05)

    check()


def test_rotation_is_opencvs():
    for degrees in (-90, -10, 3.5, 180):
        theirs = cv2.getRotationMatrix2D((47.5, 47.5), degrees, 1.0)
        np.testing.assert_allclose(augment.rotation(degrees)[:2], theirs, atol=1e-12)


def test_crop_moves_the_squares_corners_to_the_pictures_corners():
    # The outer edge of a square of 80 px whose first pixel is (10, 4) is 9.5..89.5, 3.5..83.5.
    corners = np.tile(np.array([[[9.5, 3.5], [89.5, 83.5]]]), (1, 1, 1))
    moved = augment.move(corners, augment.cropping(10, 4, 80))
    np.testing.assert_allclose(moved, [[[-0.5, -0.5], [95.5, 95.5]]])


def test_borders_are_mirrored_at_the_outermost_pixel():
    images, points = drawnfaces.noise(3)
    shifted = augment.shift(images, points, 3, 0)[0]
    np.testing.assert_array_equal(shifted[:, :, :3], images[:, :, 3:0:-1])


def test_a_tilt_behind_the_eye_is_refused():
    with pytest.raises(InputError, match="below 1"):
        augment.tilting(0.6, 0.4)


def smooth_faces(seed, n=4):
    images, points = drawnfaces.noise(seed, n)
    return np.stack([cv2.GaussianBlur(image, (0, 0), 1.2) for image in images]), points


def sharpness(images):
    inner = images[:, 24:72, 24:72].astype(np.float64)
    return np.mean(np.diff(inner, axis=1) ** 2) + np.mean(np.diff(inner, axis=2) ** 2)


def test_one_resampling_is_sharper_than_three():
    images, points = smooth_faces(0)
    chain = [augment.rotation(8.0), augment.translation(2.5, 1.5), augment.rotation(-8.0)]
    composed = functools.reduce(lambda total, matrix: matrix @ total, chain)
    once = augment.warp(images, points, composed)
    stepwise = images, points
    for matrix in chain:
        stepwise = augment.warp(*stepwise, matrix)
    assert sharpness(once[0]) > 1.2 * sharpness(stepwise[0])
    np.testing.assert_allclose(once[1], stepwise[1], atol=1e-4)


def test_a_missing_point_changes_sides_with_its_twin():
    images, points = drawnfaces.noise(6)
    points[:, faces.INDEX["left_eye_center"]] = np.nan
    flipped = augment.flip(images, points)[1]
    assert np.isnan(flipped[:, faces.INDEX["right_eye_center"]]).all()
    assert np.isfinite(flipped[:, faces.INDEX["left_eye_center"]]).all()


def test_points_that_leave_are_kept_until_they_are_hidden():
    images, points = drawnfaces.noise(7, low=60)
    moved = augment.shift(images, points, 20, 0)[1]
    np.testing.assert_allclose(moved[..., 0], points[..., 0] + 20, atol=1e-4)
    hidden = augment.hide_outside(moved)
    gone = moved[..., 0] > 95
    assert gone.any() and not gone.all()
    np.testing.assert_array_equal(np.isnan(hidden).all(axis=-1), gone)
    np.testing.assert_array_equal(hidden[~gone], moved[~gone])
