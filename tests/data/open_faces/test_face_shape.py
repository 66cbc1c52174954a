"""Shapes, expressions and poses against plain geometry; the mesh, with painted dots as witness."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.data.open_faces import face_shape, render

FRONT = face_shape.Pose(0, 0, 0, 36.0, (48.0, 37.0), 0.05)


def fifteen(head: np.ndarray, pose: face_shape.Pose) -> np.ndarray:
    points, _ = face_shape.place(head, face_shape.relief(), pose)
    return faces.to_fifteen(points, faces.FROM_189)


def test_head_coordinates_go_there_and_back():
    points = photographs.templates()[3]
    head, back = face_shape.to_head(points)
    np.testing.assert_allclose(head[[0, 1]], [[-0.5, 0], [0.5, 0]], atol=1e-6)
    np.testing.assert_allclose(head @ back[:, :2].T + back[:, 2], points, atol=1e-3)


def test_shares_of_nothing_and_everything_are_the_two_people():
    kept = np.setdiff1d(np.arange(189), face_shape.OUTER)
    for share, person in ((0.0, 4), (1.0, 9)):
        mixed = face_shape.mix(4, 9, share, (1, 1))
        np.testing.assert_allclose(mixed[kept], face_shape.heads()[person][kept])


def test_a_face_is_widened_in_both_directions():
    plain, wide = (face_shape.mix(4, 9, 0.4, widen) for widen in ((1, 1), (1.1, 0.95)))
    np.testing.assert_allclose(wide, plain * (1.1, 0.95))


def test_no_expression_changes_nothing():
    head = face_shape.heads()[0]
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
    assert moved("left_eye_center", gaze=0.05)[0] == pytest.approx(0.05 * 36, abs=0.05)


def test_a_frontal_face_has_its_eyes_where_the_pose_says():
    points = fifteen(face_shape.heads()[7], FRONT)
    eyes = points[:2].mean(axis=0)
    np.testing.assert_allclose(eyes, FRONT.centre, atol=0.3)
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


def test_scaled_and_moved():
    pose = face_shape.moved(face_shape.scaled(FRONT, 2), np.array([3, -1]))
    assert pose.scale == 72
    assert pose.centre == (51, 36)


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


def found(photo: photographs.Photo, row: int, places: np.ndarray) -> np.ndarray:
    """Where a dot painted on point `row` of the photograph comes out, in pixels of 96."""
    height, width = photo.grey.shape
    y, x = np.mgrid[:height, :width]
    away = (x - photo.points[row, 0]) ** 2 + (y - photo.points[row, 1]) ** 2
    dot = render.fetch(np.exp(-away / (2 * 2.0**2)).astype(np.float32), places)
    # Triangles stretch the rim of a dot differently on its sides; its middle stays in place.
    dot = np.where(dot > 0.85 * dot.max(), dot, 0)
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    middle = np.array([(dot * x).sum(), (dot * y).sum()]) / dot.sum()
    return (middle - 0.5) / render.OVER  # pixel centres of the enlarged and the final picture


@pytest.mark.parametrize("name", POSES)
def test_keypoints_follow_the_picture(name):
    expression, pose = POSES[name]
    first, second = 5, 60
    head = face_shape.express(face_shape.mix(first, second, 0.4, (1.02, 0.98)), expression)
    warp, expected = render.put(head, pose)
    for index in (first, second):
        photo = photographs.photo(index)
        places = warp.back(render.sources(photo))
        for k, rows in enumerate(faces.FROM_189.values()):
            dots = [found(photo, row, places) for row in rows]
            np.testing.assert_allclose(np.mean(dots, axis=0), expected[k], atol=0.5)


@pytest.mark.parametrize("name", POSES)
def test_every_pixel_is_in_its_triangle(name):
    expression, pose = POSES[name]
    warp, _ = render.put(face_shape.express(face_shape.heads()[2], expression), pose)
    corner = warp.target[face_shape.mesh().triangles[warp.label]]
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    low, high = corner.min(axis=-2), corner.max(axis=-2)
    for k, plane in enumerate((x, y)):
        assert (plane >= low[..., k] - 1.1).all()
        assert (plane <= high[..., k] + 1.1).all()


def test_the_map_of_the_target_onto_itself_is_the_identity():
    warp, _ = render.put(face_shape.heads()[8], POSES["turned"][1])
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    np.testing.assert_allclose(warp.back(warp.target), np.stack([x, y]), atol=0.02)


def test_triangles_tile_the_plane_once():
    mesh = face_shape.mesh()
    opened = face_shape.express(face_shape.average(), face_shape.Expression(mouth=0.3))
    points = np.vstack([opened[face_shape.KEPT], face_shape.FRAME])
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
