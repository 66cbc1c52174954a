"""Our own drawings for the demonstration: a clown's nose and sunglasses, as formulas.

A sticker is a function of the place (u, v) that gives colour and cover there. The unit is the
distance of the outer eye corners, u grows along the eyes and v down. A formula has no pixels:
it is computed at the pixels of the photograph, at any size and turn, with smooth edges.
"""

import collections.abc

import numpy as np

from fkd_utils import faces

GREY = np.array([0.299, 0.587, 0.114])  # the weights of red, green and blue in a grey value


def add_glasses(images: np.ndarray, points: np.ndarray, down: float = 0.0) -> np.ndarray:
    """The faces with drawn sunglasses, turned as the eyes are: (n, 96, 96) uint8, new.

    images: (n, 96, 96) uint8; points: (n, 15, 2) pixels, eye centres and outer corners labelled.
    down: how far below the eyes they sit, in distances of the outer eye corners; 0.75 is about
    the mouth. The same drawing elsewhere on the face shows what is due to the place.
    """
    covered = np.empty_like(images)
    for k, (image, face) in enumerate(zip(images, points, strict=True)):
        middle, unit, angle = pose(face)
        picture = np.repeat(image[..., np.newaxis], 3, axis=2)
        place = middle + down * unit * np.array([-np.sin(angle), np.cos(angle)])
        put(picture, sunglasses, place, unit, angle)
        covered[k] = np.rint(picture @ GREY)
    return covered


def pose(points: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Middle of the eye centres (2,), distance of the outer corners, turn of the eyes in radians.

    points: (15, 2) pixels. The turn is positive when the subject's left eye, on the right of the
    picture, is the lower one.
    """
    at = {name: points[i] for name, i in faces.INDEX.items()}
    across = at["left_eye_outer_corner"] - at["right_eye_outer_corner"]
    middle = (at["left_eye_center"] + at["right_eye_center"]) / 2
    return middle, float(np.hypot(*across)), float(np.arctan2(across[1], across[0]))


# (u, v, pixel), all in units of the eye distance -> colour (..., 3) in 0..1, cover (...) in 0..1
Sticker = collections.abc.Callable[[np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray]]

NOSE_RADIUS = 0.24
RED = np.array([0.86, 0.06, 0.08])
LIGHT = np.array([-0.45, -0.6, 0.66])  # from above left, in front


def nose(u: np.ndarray, v: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """A red ball, lit from above left; its centre at (0, 0)."""
    distance = np.hypot(u, v)
    x, y = u / NOSE_RADIUS, v / NOSE_RADIUS
    z = np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))  # the ball's surface towards the viewer
    facing = x * LIGHT[0] + y * LIGHT[1] + z * LIGHT[2]
    shade = 0.38 + 0.62 * np.clip(facing, 0, 1)
    shine = np.clip(2 * facing * z - LIGHT[2], 0, 1) ** 24  # light mirrored to the viewer
    colour = RED * shade[..., np.newaxis] + 0.85 * shine[..., np.newaxis]
    return np.clip(colour, 0, 1), inside(distance - NOSE_RADIUS, pixel)


def sunglasses(u: np.ndarray, v: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Dark glasses with a rim, a bridge and short temples; (0, 0) between the eyes."""
    side = np.abs(u)  # both halves are the same
    # A lens: a rounded box that is lower on the outside, as such lenses are.
    drop = 0.12 * (side - 0.36)
    lens = _rounded_box(side - 0.36, v - 0.04 - drop, 0.28, 0.215, 0.16)
    rim = np.abs(lens) - 0.022
    arch = 3.5 * u**2 - 0.095
    bridge = np.maximum(np.abs(v - arch) - 0.024, side - 0.13)
    temple = _rounded_box(side - 0.69, v + 0.075, 0.08, 0.03, 0.025)
    frame = np.minimum(np.minimum(rim, bridge), temple)
    on_frame, on_lens = inside(frame, pixel), inside(lens, pixel)
    # Glass: darker above, a pale streak across, and a little of the eye shines through.
    depth = np.clip((v + 0.16) / 0.36, 0, 1)
    streak = np.exp(-(((u + 0.7 * v + 0.06 * np.sign(u) - 0.36 * np.sign(u)) / 0.05) ** 2))
    glass = 0.05 + 0.10 * depth + 0.22 * streak * (1 - depth)
    rim_tone = 0.07 + 0.25 * np.clip(-(v + 0.10) / 0.1, 0, 1)
    blue = np.array([0.9, 1.0, 1.15])
    colour = np.where(
        on_frame[..., np.newaxis] > 0.5,
        rim_tone[..., np.newaxis] * np.ones(3),
        glass[..., np.newaxis] * blue,
    )
    glass_cover = on_lens * (0.93 - 0.16 * depth)
    return np.clip(colour, 0, 1), np.maximum(on_frame, glass_cover)


def _rounded_box(
    x: np.ndarray, y: np.ndarray, half_width: float, half_height: float, radius: float
) -> np.ndarray:
    """Distance to the edge of a box with round corners around (0, 0); negative inside."""
    dx = np.abs(x) - (half_width - radius)
    dy = np.abs(y) - (half_height - radius)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    return outside + np.minimum(np.maximum(dx, dy), 0) - radius


def inside(distance: np.ndarray, pixel: float) -> np.ndarray:
    """Cover from the distance to an edge: 1 inside, 0 outside, a ramp one pixel wide between."""
    return np.clip(0.5 - distance / pixel, 0, 1)


def put(
    picture: np.ndarray, sticker: Sticker, centre: np.ndarray, unit: float, angle: float
) -> None:
    """Lay a sticker on a picture, in place: new = cover * colour + (1 - cover) * old.

    picture: (h, w, 3) uint8. centre: (2,) pixels, where (0, 0) of the sticker goes; unit: pixels,
    the length of its unit; angle: radians, of its u axis, positive = clockwise on the screen.
    """
    height, width = picture.shape[:2]
    reach = np.ceil(unit) + 2  # no sticker is larger than its unit to each side
    left, top = np.clip(np.floor(centre - reach), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(centre + reach) + 1, 0, (width, height)).astype(int)
    if right <= left or bottom <= top or unit <= 0:
        return
    y, x = np.mgrid[top:bottom, left:right].astype(np.float64)
    x, y = x - centre[0], y - centre[1]
    cos, sin = np.cos(angle), np.sin(angle)
    colour, cover = sticker((x * cos + y * sin) / unit, (y * cos - x * sin) / unit, 1 / unit)
    old = picture[top:bottom, left:right]
    new = old + cover[..., np.newaxis] * (255 * colour - old)
    picture[top:bottom, left:right] = np.round(new).astype(np.uint8)
