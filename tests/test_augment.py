import functools

import drawnfaces
import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from fkd_utils import augment, faces

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


def test_ten_copies_leaves_the_flip_to_the_caller():
    images, points = drawnfaces.noise(11, n=4, low=20, high=75)
    points[2, 3] = np.nan
    grown, moved = augment.ten_copies(images, points, 5)
    assert len(grown) == len(moved) == 44
    assert np.isnan(moved.reshape(11, 4, 15, 2)[:, 2, 3]).all()
    again = augment.ten_copies(images, points, 5)
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
