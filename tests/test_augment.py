"""Warps against dots drawn on a picture, changes of light against plain numbers, draws."""

import functools

import cv2
import drawnfaces
import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from fkd_utils import augment, faces
from fkd_utils.files import InputError

seeds = st.integers(0, 2**32 - 1)


@hypothesis.given(seed=seeds, low=st.floats(-5, 60), width=st.floats(0, 100))
@hypothesis.settings(max_examples=60, deadline=None)
def test_shifts_never_push_a_point_out(seed, low, width):
    images, points = drawnfaces.noise(seed, 4, low, low + width)
    shifted = augment.augmented(images, points, np.random.default_rng(seed), [augment.random_shift])
    assert not (augment.outside(shifted[1]) & ~augment.outside(points)).any()


def test_shift_range_by_hand():
    points = np.full((3, 15, 2), 50.0)
    points[0, 0], points[0, 1] = (4, 30), (93, 60)
    points[1, 3] = (97, 50)  # outside: must be brought in
    points[2, 0], points[2, 1] = (-3, 50), (97, 50)  # cannot be
    low, high = augment.shift_range(points)
    np.testing.assert_allclose(low, [[-4, -9.6], [-9.6, -9.6], [0, -9.6]])
    np.testing.assert_allclose(high, [[2, 9.6], [-2, 9.6], [0, 9.6]])


ALL_DRAWS = [
    augment.random_flip,
    augment.random_rotation,
    augment.random_scale,
    augment.random_shear,
    augment.random_tilt,
    augment.random_shift,
]


@hypothesis.given(seed=seeds)
@hypothesis.settings(max_examples=20, deadline=None)
def test_composition_moves_points_as_the_steps_do(seed):
    _, points = drawnfaces.noise(seed)
    chain = [draw(np.random.default_rng(seed), points) for draw in ALL_DRAWS]
    composed = functools.reduce(lambda total, matrix: matrix @ total, chain)
    stepwise = functools.reduce(augment.move, chain, points)
    np.testing.assert_allclose(augment.move(points, composed), stepwise, atol=1e-9)


def test_nan_stays_nan_and_spoils_no_other_point():
    images, points = drawnfaces.noise(5)
    holed = points.copy()
    holed[1, 4] = np.nan
    holed[2] = np.nan
    # The same draws for both: a missing point must not change what the others get.
    draws = [draw for draw in ALL_DRAWS if draw is not augment.random_shift]
    whole = augment.augmented(images, points, np.random.default_rng(1), draws)[1]
    part = augment.augmented(images, holed, np.random.default_rng(1), draws)[1]
    assert np.isnan(part).sum() == np.isnan(holed).sum()
    known = np.isfinite(part)
    np.testing.assert_array_equal(part[known], whole[known])
    shifted = augment.augmented(images, holed, np.random.default_rng(1))[1]
    assert np.isnan(shifted).sum() == np.isnan(holed).sum()


def test_augmented_repeats_with_its_seed_and_leaves_its_input_alone():
    images, points = drawnfaces.noise(8)
    before = images.copy(), points.copy()
    first, again, other = (
        augment.augmented(images, points, np.random.default_rng(s)) for s in (3, 3, 4)
    )
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).any()
    np.testing.assert_array_equal(images, before[0])
    np.testing.assert_array_equal(points, before[1])
    assert first[0].dtype == np.uint8 and first[1].dtype == np.float32


def test_draws_keep_to_their_ranges():
    rng, points = np.random.default_rng(0), drawnfaces.noise(9, n=2000, low=20, high=75)[1]
    turned = augment.random_rotation(rng, points)
    degrees = np.degrees(np.arctan2(turned[:, 0, 1], turned[:, 0, 0]))
    assert -10 <= degrees.min() < -9.9 and 9.9 < degrees.max() <= 10
    shifts = augment.random_shift(rng, points)[:, :2, 2]
    assert -9.6 <= shifts.min() < -9.5 and 9.5 < shifts.max() <= 9.6
    mirrored = np.linalg.det(augment.random_flip(rng, points)) < 0
    assert 0.45 < mirrored.mean() < 0.55


def test_transformed_copies_are_the_theses_22():
    images, points = drawnfaces.noise(10, n=5, low=20, high=75)
    grown, moved = augment.transformed_copies(images, points, 0)
    assert grown.shape == (110, 96, 96) and grown.dtype == np.uint8
    assert moved.shape == (110, 15, 2) and moved.dtype == np.float32
    np.testing.assert_array_equal(grown[:5], images)
    flipped = augment.flip(images, points)
    np.testing.assert_array_equal(grown[5:10], flipped[0])
    np.testing.assert_array_equal(moved[5:10], flipped[1])
    apart = moved.reshape(11, 10, 15, 2) - moved[:10]
    # A shift moves all points of a face alike, a rotation does not.
    np.testing.assert_allclose(np.ptp(apart[1:6], axis=2), 0, atol=1e-4)
    assert (np.ptp(apart[6:], axis=2) > 0.1).all()
    np.testing.assert_array_equal(
        grown[10:20],
        augment.warp(
            grown[:10], moved[:10], augment.translation(*apart[1, :, 0].astype(np.float64).T)
        )[0],
    )


def test_copies_of_a_missing_point_are_missing_and_a_seed_repeats_them():
    images, points = drawnfaces.noise(11, n=4, low=20, high=75)
    points[2, 10] = np.nan  # the nose tip, its own mirror twin
    grown, moved = augment.transformed_copies(images, points, 5)
    assert np.isnan(moved.reshape(22, 4, 15, 2)[:, 2, 10]).all()
    again = augment.transformed_copies(images, points, 5)
    np.testing.assert_array_equal(grown, again[0])


def a_part(points):
    n = len(points)
    images = np.random.default_rng(0).integers(0, 200, (n, 96, 96), dtype=np.uint8)
    return faces.Faces(images, points.astype(np.float32), np.arange(n) + 7, np.arange(n), "some")


def test_depth_makes_seven_copies_and_the_shifts_that_stay_inside():
    points = np.full((3, 15, 2), 48.0)
    points[1, 4] = (48, 11.5)  # no room for 12 pixels up: two of its four shifts go
    points[2, 0], points[2, 1] = (11.5, 48), (84.5, 48)  # no room to either side: all go
    made = augment.depth_copies(a_part(points), 0)
    assert len(made) == 7 * 3 + 4 + 2
    np.testing.assert_array_equal(made.ids[:21], np.tile([7, 8, 9], 7))
    assert sorted(made.ids[21:]) == [7, 7, 7, 7, 8, 8]
    moves = made.keypoints[21:][made.ids[21:] == 7][:, 3] - 48
    assert {tuple(move) for move in moves} == {(12, 12), (12, -12), (-12, 12), (-12, -12)}
    assert (made.keypoints[21:][made.ids[21:] == 8][:, 3, 1] == 60).all()


def test_depths_copies_are_the_transforms_it_names():
    part = a_part(np.random.default_rng(1).uniform(20, 75, (4, 15, 2)))
    made = augment.depth_copies(part, 5)
    images, points = made.images.reshape(-1, 4, 96, 96), made.keypoints.reshape(-1, 4, 15, 2)
    assert len(images) == 11
    np.testing.assert_array_equal(images[0], part.images)
    np.testing.assert_array_equal(images[1], part.images[:, :, ::-1])
    eye, other = (faces.INDEX[f"{side}_eye_center"] for side in ("left", "right"))
    np.testing.assert_allclose(points[1, :, eye, 0], 95 - part.keypoints[:, other, 0], atol=1e-4)
    for copy, angle in ((2, 12), (3, -12)):  # anticlockwise as seen, and y grows downwards
        from_middle = (part.keypoints - 47.5) @ [1, -1j]
        turned = from_middle * np.exp(1j * np.radians(angle))
        np.testing.assert_allclose((points[copy] - 47.5) @ [1, -1j], turned, atol=1e-3)
    np.testing.assert_array_equal(
        images[4], np.minimum(255, np.rint(1.5 * part.images.astype(float)))
    )
    np.testing.assert_array_equal(images[5], np.rint(np.float32(0.8) * part.images))
    noise = images[6].astype(int) - part.images
    assert noise[part.images > 40].std() == pytest.approx(8, abs=0.2)
    for unmoved in (4, 5, 6):
        np.testing.assert_array_equal(points[unmoved], part.keypoints)
    assert made.fingerprint() == augment.depth_copies(part, 5).fingerprint()
    assert made.fingerprint() != augment.depth_copies(part, 6).fingerprint()


def test_every_second_picture_gets_a_plain_square():
    images = np.random.default_rng(0).integers(0, 256, (400, 96, 96), np.uint8)
    before = images.copy()
    covered = augment.covered(images, np.random.default_rng(1))
    np.testing.assert_array_equal(images, before)
    changed = (covered != before).any(axis=(1, 2))
    assert 150 < changed.sum() < 250
    sides, places = [], []
    for old, new in zip(before[changed], covered[changed], strict=True):
        rows, columns = np.nonzero(new != old)
        square = new[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert len(np.unique(square)) == 1
        sides.append(max(square.shape))
        places.append((rows.min(), rows.max(), columns.min(), columns.max()))
    assert min(sides) >= 11 and max(sides) == 32 and len(set(sides)) > 10
    assert np.min(places) == 0 and np.max(places) == 95  # they reach the picture's borders


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
