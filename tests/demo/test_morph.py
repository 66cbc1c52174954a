"""The film's geometry against OpenCV, matplotlib and hand-made cases."""

import cv2
import matplotlib.tri
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photos
from fkd_utils.demo import group_photo, morph
from fkd_utils.files import InputError

SIDE = 96
SHARES = (0.0, 0.1, 0.37, 0.5, 0.8, 1.0)
EYES = [faces.INDEX[name] for name in ("left_eye_center", "right_eye_center")]
seeds = st.integers(0, 10_000)


def picture(seed: int, side: int = SIDE) -> np.ndarray:
    """Strong texture, so that a wrong place shows."""
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 1)


def face(person: int, side: int = SIDE) -> np.ndarray:
    """(15, 2) true keypoints of a held-out person in the frame of a film."""
    points = group_photo.portrait_points(person)
    square = morph.frame(points)
    return (points - square[:2] + 0.5) * (side / square.side) - 0.5


def with_border(points: np.ndarray, side: int = SIDE) -> np.ndarray:
    return np.vstack([points, morph.border(side)])


def stills(seed: int, shift: float = 3.0) -> tuple[morph.Still, morph.Still]:
    """Two textures with the points of two people, moved a little at random."""
    rng = np.random.default_rng(seed)
    return tuple(
        morph.Still(picture(seed + k), with_border(face(k) + rng.uniform(-shift, shift, (15, 2))))
        for k in range(2)
    )


def morph_of(first: morph.Still, second: morph.Still) -> morph.Morph:
    triangles = morph.mesh(first.points, second.points).triangles
    return morph.Morph(first, second, triangles)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - points.mean(axis=0)) @ spin.T + points.mean(axis=0)


@given(seeds, st.sampled_from(SHARES))
@settings(max_examples=25)
def test_a_face_with_itself_is_that_face(seed, share):
    one, _ = stills(seed)
    frame = morph_of(one, one).at(share)
    assert frame.dtype == np.uint8
    np.testing.assert_allclose(frame, one.picture.astype(int), atol=1)


@given(seeds, st.floats(0, 1))
@settings(max_examples=25)
def test_no_seam_every_pixel_is_in_the_triangle_that_holds_it(seed, share):
    made = morph_of(*stills(seed))
    label = made.cover(share)
    assert label.min() >= 0
    y, x = np.mgrid[:SIDE, :SIDE]
    corners = np.insert(made.points(share)[made.triangles], 2, 1, axis=2)  # (t, 3, 3)
    pixels = np.stack([x, y, np.ones_like(x)], axis=-1)
    weights = np.einsum("yxi,yxij->yxj", pixels, np.linalg.inv(corners)[label])
    assert weights.min() > -1e-6
    shift = (made.second.points - made.first.points)[made.triangles][label]  # (y, x, 3, 2)
    expected = np.einsum("yxj,yxjc->cyx", weights, shift)
    np.testing.assert_allclose(made.flow(share), expected, atol=2e-3)


def test_a_mesh_that_folds_is_drawn_all_the_same():
    first, second = stills(1, shift=0.0)
    second = morph.Still(second.picture, with_border(turned(second.points[:15], -60)))
    own = matplotlib.tri.Triangulation(*first.points.T).triangles
    assert len(morph.folds(first.points, second.points, own))
    made = morph.Morph(first, second, own)
    assert made.cover(1.0).min() >= 0 and np.isfinite(made.flow(1.0)).all()
    # Where nothing folds, the corners come to their places.
    corner = made.at(1.0)[[0, -1]][:, [0, -1]]
    np.testing.assert_array_equal(corner, second.picture[[0, -1]][:, [0, -1]])


@pytest.mark.parametrize("share", SHARES)
def test_each_triangle_moves_as_opencv_says(share):
    made = morph_of(*stills(5))
    label, flow = made.cover(share), made.flow(share)
    checked = 0
    for k, corners in enumerate(made.triangles):
        y, x = np.nonzero(label == k)
        ends = (
            cv2.getAffineTransform(
                made.points(share)[corners].astype(np.float32),
                one.points[corners].astype(np.float32),
            )
            for one in (made.first, made.second)
        )
        places = [np.stack([x, y, np.ones_like(x)], axis=1) @ matrix.T for matrix in ends]
        np.testing.assert_allclose(flow[:, y, x].T, places[1] - places[0], atol=0.02)
        checked += len(x)
    assert checked == SIDE**2


def test_white_stays_white_and_a_dark_frame_has_no_bright_line():
    white = np.full((SIDE, SIDE), 255, np.uint8)
    first, second = (morph.Still(white, s.points) for s in stills(3))
    dark = morph.Still(white // 255, second.points)
    for share in SHARES:
        assert (morph_of(first, second).at(share) == 255).all()
        assert morph_of(dark, dark).at(share).max() <= 1
    mixed = morph_of(first, dark).at(0.25)
    assert mixed.shape == (SIDE, SIDE)
    np.testing.assert_allclose(mixed, 0.75 * 255 + 0.25, atol=1)


def test_it_begins_and_ends_with_the_two_pictures():
    made = morph_of(*stills(11))
    np.testing.assert_array_equal(made.at(0.0), made.first.picture)
    np.testing.assert_array_equal(made.at(np.float64(1)), made.second.picture)


@pytest.mark.parametrize("share", (0.2, 0.5, 0.9))
def test_both_eyes_come_to_the_same_place(share):
    dots = []
    for one in stills(7, shift=1.0):
        y, x = np.mgrid[:SIDE, :SIDE]
        at = one.points[EYES[0]]
        away = (x - at[0]) ** 2 + (y - at[1]) ** 2
        spot = np.round(250 * np.exp(-away / (2 * 1.5**2))).astype(np.uint8)
        dots.append(morph.Still(spot, one.points))
    made = morph_of(*dots)
    for warped in made.warped(share):
        spot = np.where(warped > 200, warped, 0).astype(float)
        y, x = np.mgrid[:SIDE, :SIDE]
        middle = np.array([(spot * x).sum(), (spot * y).sum()]) / spot.sum()
        np.testing.assert_allclose(middle, made.points(share)[EYES[0]], atol=0.5)


def test_grey_and_colour_give_the_same():
    first, second = stills(2)
    grey = [morph.Still(s.picture[..., 1], s.points) for s in (first, second)]
    colour = morph_of(first, second).at(0.6)[..., 1]
    np.testing.assert_array_equal(morph_of(*grey).at(0.6), colour)


def test_a_triangle_that_turns_over_by_hand():
    first = np.array([[0, 0], [4, 0], [2, 3], [2, -3]], float)
    triangles = np.array([[0, 1, 2], [0, 3, 1]])
    over = first.copy()
    over[2] = (2, -1)  # through the line of the first two
    assert morph.areas(first, triangles).tolist() == [12, 12]
    assert morph.areas(over, triangles).tolist() == [-4, 12]
    assert morph.folds(first, over, triangles).tolist() == [0]
    assert morph.folds(first, first, triangles).tolist() == []
    # Turned by half a turn, both ends are fine and everything meets in one point on the way.
    around = -first
    assert morph.areas(around, triangles).tolist() == [12, 12]
    assert morph.folds(first, around, triangles).tolist() == [0, 1]
    # A triangle without area has no affine map.
    flat = first.copy()
    flat[2] = (3, 0)
    assert morph.folds(first, flat, triangles).tolist() == [0]


@given(seeds)
def test_the_smallest_area_is_the_smallest_of_many(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 3, 2))
    one = np.array([[0, 1, 2]])
    steps = np.linspace(0, 1, 501)[:, np.newaxis, np.newaxis]
    way = (1 - steps) * first + steps * second
    edges = way[:, 1:] - way[:, :1]
    sampled = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    sampled = sampled * np.sign(sampled[250])
    assert morph.smallest_areas(first, second, one)[0] == pytest.approx(sampled.min(), abs=1e-4)


def circle_holds_none(points: np.ndarray, triangles: np.ndarray) -> None:
    """Delaunay's own rule, by the circle's middle and radius."""
    for corners in triangles:
        a, b, c = points[corners]
        sides = 2 * np.array([b - a, c - a])
        middle = np.linalg.solve(sides, [b @ b - a @ a, c @ c - a @ a])
        radius = np.hypot(*(a - middle))
        away = np.hypot(*(points - middle).T)
        assert (away > radius - 0.02).all()


@given(seeds, st.integers(1, 40))
@settings(max_examples=40)
def test_a_mesh_tiles_the_picture_and_never_folds(seed, count):
    rng = np.random.default_rng(seed)
    first, second = (
        with_border(rng.uniform(0.03 * SIDE, 0.97 * SIDE - 1, (count, 2))) for _ in range(2)
    )
    mesh = morph.mesh(first, second)
    used = np.setdiff1d(np.arange(len(first)), mesh.left_out)
    assert set(mesh.triangles.ravel()) == set(used)
    assert (mesh.left_out < count).all()
    for share in (0, 0.3, 0.5, 1):
        double = morph.areas((1 - share) * first + share * second, mesh.triangles)
        assert (np.sign(double) == np.sign(double[0])).all() or share not in (0, 1)
        assert np.abs(double).sum() / 2 == pytest.approx((SIDE - 1) ** 2, rel=1e-6)
    # Euler: of n points, b of them on the border, come 2n - 2 - b triangles.
    assert len(mesh.triangles) == 2 * len(used) - 2 - 4 * morph.PARTS
    circle_holds_none(((first + second) / 2)[used], np.searchsorted(used, mesh.triangles))


def test_the_first_ones_mesh_folds_and_the_mean_ones_does_not():
    first, second = with_border(face(4)), with_border(turned(face(0), -45))
    own = matplotlib.tri.Triangulation(*first.T).triangles
    folded = morph.folds(first, second, own)
    assert len(folded) > 0
    names = {morph.name_of(row, 15) for row in own[folded].ravel()}
    assert names & set(faces.KEYPOINTS)
    mesh = morph.mesh(first, second)
    assert len(mesh.left_out) == 0
    assert len(morph.folds(first, second, mesh.triangles)) == 0


def test_points_that_would_fold_any_mesh_are_left_out():
    first = face(0)
    swapped = first[faces.mirror_order()]  # the viewer's left for the subject's
    mesh = morph.mesh(with_border(first), with_border(swapped))
    assert 0 < len(mesh.left_out) < 15
    assert len(morph.folds(with_border(first), with_border(swapped), mesh.triangles)) == 0
    on_top = first.copy()
    on_top[0] = on_top[1]
    left_out = morph.mesh(with_border(on_top), with_border(on_top)).left_out
    assert len(left_out) == 1 and left_out[0] in (0, 1)


def test_names():
    assert morph.name_of(10, 15) == "nose_tip"
    assert morph.name_of(15, 15) == "border point 0"
    assert morph.name_of(7, 185) == "point 7"
    assert morph.name_of(186, 185) == "border point 1"


def test_border_goes_round_the_pixel_centres():
    border = morph.border(101)
    assert len(border) == 4 * morph.PARTS
    assert border[:3].tolist() == [[0, 0], [25, 0], [50, 0]]
    assert {tuple(p) for p in border} >= {(0, 0), (100, 0), (100, 100), (0, 100)}
    assert ((border == 0) | (border == 100)).any(axis=1).all()


@given(st.floats(0.3, 3), st.floats(-50, 50))
def test_the_frame_follows_the_face(scale, move):
    points = group_photo.portrait_points(0).astype(float)
    square = morph.frame(points)
    other = morph.frame(points * scale + move)
    assert other.side == pytest.approx(scale * square.side, abs=scale + 1)
    inside = (points[EYES].mean(axis=0) - square[:2]) / square.side
    np.testing.assert_allclose(inside, [0.5, morph.EYES_DOWN], atol=0.01)


@pytest.mark.parametrize("side", [64, 300])
def test_points_stay_on_the_picture(side):
    photo = np.zeros((200, 240, 3), np.uint8)
    cv2.circle(photo, (90, 110), 6, (255, 255, 255), -1)
    at = np.array([[90, 110], [60, 60]])
    one = morph.still(photo, at, photos.Square(31, 23, 150), side)
    assert one.picture.shape == (side, side, 3)
    assert len(one.points) == 2 + 4 * morph.PARTS
    weight = one.picture[..., 0].astype(float)
    y, x = np.mgrid[:side, :side]
    middle = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    np.testing.assert_allclose(one.points[0], middle, atol=0.1 * side / 150)


def test_a_point_outside_the_frame_is_named():
    photo = np.zeros((200, 200, 3), np.uint8)
    points = np.full((15, 2), 100.0)
    points[faces.INDEX["nose_tip"]] = (20, 100)
    with pytest.raises(InputError, match="nose_tip is not inside"):
        morph.still(photo, points, photos.Square(50, 50, 100), 96)


def test_smoothstep_starts_and_ends_at_rest():
    time = np.linspace(0, 1, 1001)
    share = morph.ease(time)
    assert share[0] == 0 and share[-1] == 1
    np.testing.assert_allclose(share + share[::-1], 1)
    speed = np.gradient(share, time)
    assert (np.diff(share) > 0).all()
    assert abs(speed[0]) < 5e-3 and abs(speed[-1]) < 5e-3
    assert speed.max() == pytest.approx(1.5, abs=1e-3)


def test_a_film_shows_everybody_and_comes_back():
    people = [morph.Still(picture(k, 64), with_border(face(k, 64), 64)) for k in range(5)]
    frames = list(morph.film(people, hold=2, move=3))
    assert len(frames) == 5 * (2 + 3)
    assert all(f.shape == (64, 64, 3) and f.dtype == np.uint8 for f in frames)
    for k, one in enumerate(people):
        np.testing.assert_array_equal(frames[5 * k], one.picture)
        np.testing.assert_array_equal(frames[5 * k + 1], one.picture)
    # The middle of three frames between two people is half of each.
    for k, one in enumerate(people):
        middle = morph_of(one, people[(k + 1) % 5]).at(0.5)
        np.testing.assert_array_equal(frames[5 * k + 3], middle)
