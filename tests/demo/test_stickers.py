import cv2
import drawnfaces
import numpy as np
import pytest

from fkd_utils import augment, faces
from fkd_utils.demo import stickers

FACES = drawnfaces.faces(6, seed=3)
EYES = faces.INDEX["left_eye_center"], faces.INDEX["right_eye_center"]
MOUTH = faces.INDEX["mouth_center_top_lip"]


def disc(u: np.ndarray, v: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """A white disc of radius 0.4 with half cover."""
    white = np.ones((*u.shape, 3))
    return white, 0.5 * stickers.inside(np.hypot(u, v) - 0.4, pixel)


def marker(u: np.ndarray, v: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """A small white disc at u = 0.5."""
    return np.ones((*u.shape, 3)), stickers.inside(np.hypot(u - 0.5, v) - 0.1, pixel)


def centre_of(picture: np.ndarray) -> np.ndarray:
    weight = picture[..., 0].astype(float)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]]
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


def test_cover_mixes_colour_and_picture():
    picture = np.full((60, 80, 3), 100, np.uint8)
    stickers.put(picture, disc, np.array([40.0, 30.0]), 50, 0)
    assert picture[30, 40, 0] == round(0.5 * 255 + 0.5 * 100)
    assert (picture[0] == 100).all()
    assert (picture[30, 40 - 22] == 100).all()


@pytest.mark.parametrize("unit", [3.0, 17.3, 80.0])
def test_place_and_area_are_exact_to_a_fraction_of_a_pixel(unit):
    picture = np.zeros((200, 200, 3), np.uint8)
    at = np.array([97.3, 103.8])
    stickers.put(picture, disc, at, unit, 0.3)
    np.testing.assert_allclose(centre_of(picture), at, atol=0.05)
    area = picture[..., 0].sum() / 127.5
    assert area == pytest.approx(np.pi * (0.4 * unit) ** 2, rel=0.04 if unit > 10 else 0.08)


@pytest.mark.parametrize("degrees", [0, 30, 90, -45])
def test_a_positive_angle_turns_clockwise_on_the_screen(degrees):
    picture = np.zeros((120, 120, 3), np.uint8)
    angle = np.deg2rad(degrees)
    stickers.put(picture, marker, np.array([60.0, 60.0]), 80, angle)
    expected = 60 + 40 * np.array([np.cos(angle), np.sin(angle)])
    np.testing.assert_allclose(centre_of(picture), expected, atol=0.1)


@pytest.mark.parametrize("drawing", [stickers.nose, stickers.sunglasses])
def test_our_drawings_are_smooth_and_stay_within_their_unit(drawing):
    axis = np.linspace(-1.3, 1.3, 521)
    u, v = np.meshgrid(axis, axis)
    colour, cover = drawing(u, v, 0.02)
    assert colour.min() >= 0
    assert colour.max() <= 1
    assert cover.min() == 0
    assert 0.8 < cover.max() <= 1
    assert cover[(np.abs(u) > 1) | (np.abs(v) > 1)].max() == 0
    assert ((cover > 0.05) & (cover < 0.6)).any()  # an edge, not a step


def test_sunglasses_are_symmetric_and_dark_with_glass_that_is_not_opaque():
    u, v = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(-0.5, 0.5, 101))
    colour, cover = stickers.sunglasses(u, v, 0.01)
    np.testing.assert_allclose(cover, cover[:, ::-1], atol=1e-9)
    at_eye = (np.abs(np.abs(u) - 0.36) < 0.02) & (np.abs(v) < 0.02)
    assert 0.7 < cover[at_eye].mean() < 0.95
    assert colour[at_eye].mean() < 0.35
    assert cover[50, 100] < 1  # between the eyes: skin, but for the bridge
    assert cover[70, 100] == 0


@pytest.mark.parametrize("centre", [(-5, 50), (3, 3), (99, 99), (500, -500)])
def test_over_the_border_or_outside(centre):
    picture = np.zeros((100, 100, 3), np.uint8)
    stickers.put(picture, stickers.nose, np.array(centre, float), 60, 0.1)
    inside = 0 <= centre[0] < 100 and 0 <= centre[1] < 100
    assert bool(picture.any()) == (inside or centre == (-5, 50))


def test_a_unit_of_zero_draws_nothing():
    picture = np.zeros((10, 10, 3), np.uint8)
    stickers.put(picture, stickers.nose, np.array([5.0, 5.0]), 0.0, 0.0)
    assert not picture.any()


@pytest.mark.parametrize("degrees", [0, 15])
@pytest.mark.parametrize("down", [0.0, 0.75])
def test_glasses_lie_where_asked_and_turn_with_the_face(degrees, down):
    grey = np.full_like(FACES.images, 128)
    _, points = augment.rotate(grey, FACES.keypoints, degrees)
    covered = stickers.add_glasses(grey, points, down)
    assert covered.dtype == np.uint8 and (grey == 128).all()
    eyes = points[:, list(EYES)].astype(float).mean(axis=1)
    outer = [faces.INDEX[f"{side}_eye_outer_corner"] for side in ("left", "right")]
    across = points[:, outer[0]].astype(float) - points[:, outer[1]]
    below = np.column_stack([-across[:, 1], across[:, 0]])  # across, turned to the chin
    for k, dark in enumerate(covered < 64):
        places = np.column_stack(np.nonzero(dark)[::-1]).astype(np.float32)
        unit = np.linalg.norm(across[k])
        off = (places.mean(axis=0) - eyes[k] - down * below[k]) / unit
        assert off @ across[k] / unit == pytest.approx(0, abs=0.015)  # the drawing is symmetric
        assert off @ below[k] / unit == pytest.approx(0.055, abs=0.02)  # and hangs a little
        assert max(cv2.minAreaRect(places)[1]) == pytest.approx(1.4 * unit, rel=0.1)


def test_glasses_cover_the_eyes_and_leave_the_mouth():
    grey = np.full_like(FACES.images, 128)
    covered = stickers.add_glasses(grey, FACES.keypoints)
    for face, points in zip(covered, np.rint(FACES.keypoints).astype(int), strict=True):
        assert all(face[y, x] < 64 for x, y in points[list(EYES)])
        assert face[points[MOUTH, 1], points[MOUTH, 0]] == 128
