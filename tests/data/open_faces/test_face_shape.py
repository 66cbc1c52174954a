"""Shapes, expressions and poses, against plain geometry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.data.open_faces import face_shape

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
