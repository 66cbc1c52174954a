"""Shapes, expressions, poses and triangles against plain geometry; painted dots as witness."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photographs
from studies.open_faces import face_shape, render

FRONT = face_shape.Pose(0, 0, 0, 36.0, (48.0, 37.0), 0.05)
NAMES = photographs.names()
fifteen = face_shape.fifteen


def head_of(person: int) -> np.ndarray:
    return face_shape.head(NAMES[person])


def test_head_coordinates_go_there_and_back():
    points = photographs.templates()[3]
    head, back = face_shape.to_head(points)
    np.testing.assert_allclose(head[[0, 1]], [[-0.5, 0], [0.5, 0]], atol=1e-6)
    np.testing.assert_allclose(head @ back[:, :2].T + back[:, 2], points, atol=1e-3)


def test_shares_of_nothing_and_everything_are_the_two_people():
    kept = np.setdiff1d(np.arange(189), face_shape.OUTER)
    for share, person in ((0.0, 4), (1.0, 9)):
        mixed = face_shape.mix(NAMES[4], NAMES[9], share, (1, 1))
        np.testing.assert_allclose(mixed[kept], head_of(person)[kept])


def test_a_face_is_widened_in_both_directions():
    plain, wide = (
        face_shape.mix(NAMES[4], NAMES[9], 0.4, widen) for widen in ((1, 1), (1.1, 0.95))
    )
    np.testing.assert_allclose(wide, plain * (1.1, 0.95))


def test_no_expression_changes_nothing():
    head = head_of(0)
    np.testing.assert_array_equal(face_shape.express(head, face_shape.Expression()), head)


@given(st.floats(0.05, 0.35))
def test_an_open_mouth_is_as_wide_as_asked(gap):
    head = face_shape.average()
    opened = face_shape.express(head, face_shape.Expression(mouth=gap))
    middle = opened[101, 1] - opened[96, 1] - (head[101, 1] - head[96, 1])
    assert middle == pytest.approx(gap)
    np.testing.assert_array_equal(opened[:34], head[:34])


def test_expressions_move_what_they_are_named_after():
    index = faces.INDEX
    neutral = fifteen(face_shape.average(), FRONT)

    def moved(name: str, **how: float) -> np.ndarray:
        face = face_shape.express(face_shape.average(), face_shape.Expression(**how))
        return (fifteen(face, FRONT) - neutral)[index[name]]

    assert moved("mouth_left_corner", smile=1)[1] < -1
    assert moved("mouth_left_corner", smile=1)[0] > 1
    assert moved("mouth_right_corner", smile=1)[0] < -1
    assert moved("left_eyebrow_inner_end", brows=1)[1] < -2
    assert moved("left_eyebrow_inner_end", frown=1)[1] > 1
    assert moved("right_eyebrow_inner_end", frown=1)[0] > 0.5
    assert moved("left_eye_center", gaze=0.05)[0] == pytest.approx(
        6 / 7 * 0.05 * 36,
        abs=0.05,  # a seventh of the place is the lower lid
    )


def test_a_frontal_face_has_its_eyes_where_the_pose_says():
    points = fifteen(head_of(7), FRONT)
    eyes = points[:2].mean(axis=0)
    # Kaggle's labellers mark an eye a little below the pupil, from which the pose counts.
    np.testing.assert_allclose(eyes, np.add(FRONT.centre, (0, 0.5)), atol=0.3)
    assert points[0, 0] - points[1, 0] == pytest.approx(36, rel=0.03)


@given(st.floats(-30, 30))
def test_roll_turns_every_point_about_the_eyes(angle):
    flat = fifteen(face_shape.average(), FRONT)
    rolled = fifteen(
        face_shape.average(), face_shape.Pose(0, 0, angle, 36.0, FRONT.centre, FRONT.perspective)
    )
    number = np.radians(angle)
    turned = (flat - FRONT.centre) @ [1, 1j] * np.exp(1j * number)
    np.testing.assert_allclose((rolled - FRONT.centre) @ [1, 1j], turned, atol=1e-9)


def test_turning_the_head_moves_the_nose_most():
    index = faces.INDEX
    front = fifteen(face_shape.average(), FRONT)
    for yaw in (-20, 20):
        turned = fifteen(face_shape.average(), face_shape.Pose(yaw, 0, 0, 36.0, FRONT.centre))
        shift = (turned - front)[:, 0]
        assert np.sign(shift[index["nose_tip"]]) == np.sign(yaw)
        assert abs(shift[index["nose_tip"]]) > abs(shift[:2].mean()) + 3
        near, far = ("left", "right") if yaw < 0 else ("right", "left")
        width = {
            side: abs(
                turned[index[f"{side}_eye_outer_corner"], 0]
                - turned[index[f"{side}_eye_inner_corner"], 0]
            )
            for side in ("left", "right")
        }
        assert width[near] > width[far]


POSES = {
    "front": (face_shape.Expression(), face_shape.Pose(0, 0, 0, 36, (48, 37))),
    "turned": (
        face_shape.Expression(smile=0.8, brows=0.7, frown=-0.3),
        face_shape.Pose(20, -8, 12, 33, (50, 36), 0.08),
    ),
    "open": (
        face_shape.Expression(mouth=0.25, eyes=-0.7, frown=0.8),
        face_shape.Pose(-17, 9, -14, 32, (47, 34)),
    ),
}


def area(corner: np.ndarray) -> np.ndarray:
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    return np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2


CORNERS = np.array([(0.0, 0), (90, 0), (0, 90), (90, 90)])


def scattered(seed: int, count: int = 20) -> np.ndarray:
    """The corners of a square and points in it, (4 + count, 2)."""
    inside = np.random.default_rng(seed).uniform(6, 84, (count, 2))
    return np.vstack([CORNERS, inside])


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_no_circle_around_a_triangle_holds_a_point(seed):
    points = scattered(seed)
    corner = points[face_shape.delaunay(points)]
    assert area(corner).sum() == pytest.approx(90 * 90)
    edges, squares = corner[:, 1:] - corner[:, :1], (corner**2).sum(axis=2)
    centre = np.linalg.solve(2 * edges, (squares[:, 1:] - squares[:, :1])[..., np.newaxis])[..., 0]
    radius = np.linalg.norm(corner[:, 0] - centre, axis=1)
    away = np.linalg.norm(points - centre[:, np.newaxis], axis=2)
    assert (away > radius[:, np.newaxis] - 0.02).all()


def test_each_triangle_moves_as_opencv_moves_it():
    target, source = scattered(1), scattered(2)
    triangles = face_shape.delaunay(target)
    for three, found in zip(triangles, face_shape.solve(target, source, triangles), strict=True):
        theirs = cv2.getAffineTransform(np.float32(target[three]), np.float32(source[three]))
        np.testing.assert_allclose(found, theirs, atol=1e-2, rtol=1e-2)


def test_every_pixel_shows_the_triangle_around_it():
    points = scattered(3)
    triangles = face_shape.delaunay(points)
    label = face_shape.paint(points[triangles], np.arange(len(triangles)), 91)
    y, x = np.mgrid[:91, :91]
    for k, three in enumerate(triangles):
        outline = np.float32(points[three])
        for px, py in zip(x[label == k][::7], y[label == k][::7], strict=True):
            assert cv2.pointPolygonTest(outline, (float(px), float(py)), True) > -1.1


def test_what_is_painted_last_is_in_front():
    triangle = np.array([[(10.0, 10), (60, 10), (10, 60)]] * 2)
    assert face_shape.paint(triangle, np.array([0, 1]), 64)[20, 20] == 1
    assert face_shape.paint(triangle, np.array([1, 0]), 64)[20, 20] == 0


def found(photo: photographs.Photo, dot: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Where a dot painted on a place of the photograph comes out, in pixels of 96."""
    height, width = photo.grey.shape
    y, x = np.mgrid[:height, :width]
    away = (x - dot[0]) ** 2 + (y - dot[1]) ** 2
    dot = render.fetch(np.exp(-away / (2 * 2.0**2)).astype(np.float32), places)
    # Triangles stretch the rim of a dot differently on its sides; its middle stays in place.
    dot = np.where(dot > 0.85 * dot.max(), dot, 0)
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    middle = np.array([(dot * x).sum(), (dot * y).sum()]) / dot.sum()
    return (middle - 0.5) / render.OVER  # pixel centres of the enlarged and the final picture


@pytest.mark.parametrize("name", POSES)
def test_keypoints_follow_the_picture(name):
    expression, pose = POSES[name]
    first, second = NAMES[5], NAMES[60]
    head = face_shape.express(face_shape.mix(first, second, 0.4, (1.02, 0.98)), expression)
    warp, expected = render.put(head, pose)
    for shown in (first, second):
        photo = photographs.photo(shown)
        places = warp.back(render.sources(photo))
        for dot, at in zip(faces.to_fifteen(photo.points, faces.FROM_189), expected, strict=True):
            # A place between points of the mesh moves with its triangle, not quite as their mean:
            # most where closing lids squeeze it.
            np.testing.assert_allclose(found(photo, dot, places), at, atol=1.2)


@pytest.mark.parametrize("name", POSES)
def test_every_pixel_is_in_its_triangle(name):
    expression, pose = POSES[name]
    warp, _ = render.put(face_shape.express(head_of(2), expression), pose)
    corner = warp.target[face_shape.mesh().triangles[warp.label]]
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    low, high = corner.min(axis=-2), corner.max(axis=-2)
    for k, plane in enumerate((x, y)):
        assert (plane >= low[..., k] - 1.1).all()
        assert (plane <= high[..., k] + 1.1).all()


def test_the_map_of_the_target_onto_itself_is_the_identity():
    warp, _ = render.put(head_of(8), POSES["turned"][1])
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    np.testing.assert_allclose(warp.back(warp.target), np.stack([x, y]), atol=0.02)


def test_triangles_tile_the_plane_once():
    mesh = face_shape.mesh()
    opened = face_shape.express(face_shape.average(), face_shape.Expression(mouth=0.3))
    points = np.vstack([face_shape.meshed(opened), face_shape.FRAME])
    hull = cv2.contourArea(cv2.convexHull(points.astype(np.float32)))
    assert area(points[mesh.triangles]).sum() == pytest.approx(hull, rel=1e-3)
    assert set(mesh.triangles.ravel()) == set(range(len(points)))


def test_the_gap_between_the_lips_shows_only_when_they_part():
    closed, _ = render.put(face_shape.average(), POSES["front"][1])
    assert closed.gap().sum() < 25
    sizes = []
    for gap in (0.1, 0.2, 0.3):
        face = face_shape.express(face_shape.average(), face_shape.Expression(mouth=gap))
        warp, _ = render.put(face, POSES["front"][1])
        sizes.append(warp.gap().sum())
    assert 100 < sizes[0] < sizes[1] < sizes[2]


def test_a_turned_nose_stands_out_against_the_eyes():
    """The tip moves as far as its depth says: sine of the turn times what lies between."""
    front = fifteen(face_shape.average(), FRONT)
    turned = fifteen(face_shape.average(), face_shape.Pose(20, 0, 0, 36, FRONT.centre, 0))
    tip = faces.INDEX["nose_tip"]
    out = face_shape.depth(0, 0.55) - face_shape.depth(0.5, 0)
    moved = (turned - turned[:2].mean(axis=0))[tip, 0] - (front - front[:2].mean(axis=0))[tip, 0]
    assert abs(moved) == pytest.approx(36 * out * np.sin(np.radians(20)), rel=0.15)


def test_shapes_vary_about_the_one_given_and_lips_get_thinner():
    rng, base = np.random.default_rng(0), face_shape.average()
    drawn = np.array([face_shape.varied(rng, base) for _ in range(200)])
    np.testing.assert_allclose(drawn[:, :54].mean(axis=0), base[:54], atol=0.03)
    red = drawn[:, 106, 1] - drawn[:, 101, 1]  # of the lower lip
    whole = base[106, 1] - base[101, 1]
    assert red.mean() < 0.95 * whole and red.min() > 0.1 * whole and red.max() > 1.2 * whole
    assert drawn[:, 82, 0].std() > 0.02  # brows end elsewhere


def test_smiles_show_their_own_teeth_and_belong_to_the_same_people():
    smiles = [twin for name in NAMES if (twin := photographs.smiling(name))]
    assert len(smiles) > 90 and not any(map(photographs.smiling, smiles))
    gaps = np.array([render.own_gap(name) for name in smiles])
    assert 0.3 < np.mean(gaps > render.TEETH) < 0.7
    wide = [np.diff(face_shape.head(name)[[87, 93], 0])[0] for name in (*NAMES[40:], *smiles)]
    neutral, smiling = wide[: len(NAMES) - 40], wide[len(NAMES) - 40 :]
    assert np.mean(smiling) > 1.1 * np.mean(neutral)
