"""Pictures and a film for the demonstration, put together from the embedded photographs.

Everybody in them is from the held-out teams: no network of the course was trained on them.
"""

import collections.abc
import dataclasses
import functools

import cv2
import numpy as np

from fkd_utils import faces
from fkd_utils.data import photographs, photos
from fkd_utils.demo import film

WALL = (214.0, 217.0, 216.0)  # close to the London photographs' own wall
FADE = 46  # pixels over which a shoulder cut off by its photograph's side fades out


@dataclasses.dataclass(frozen=True)
class Placed:
    """A person and where they stand. person: index into PEOPLE; x, y: middle of the eyes,
    pixels; scale: size against the photograph's; tilt: degrees, clockwise on the screen."""

    person: int
    x: float
    y: float
    scale: float
    tilt: float = 0.0


# Of the London collection, whose wall is like ours. The first has the whole head on the
# photograph; others' hair is cut off, so they stand where the picture ends as well.
PEOPLE = ("142_03", "025_03", "021_03", "124_03", "005_03", "113_03")

GROUP_SIZE = 1570, 376  # width, height
GROUP = (
    Placed(1, 390, 122, 1.10, 3),
    Placed(3, 915, 126, 1.10, -4),
    Placed(4, 1430, 136, 1.10, 5),
    Placed(0, 140, 150, 1.16, -7),
    Placed(2, 650, 150, 1.14, 5),
    Placed(5, 1170, 116, 1.14, -8),
)


def name_of(person: int) -> str:
    """The photograph of PEOPLE[person], as in photographs.names()."""
    return f"neutral_front/{PEOPLE[person]}"


def portrait(person: int) -> np.ndarray:
    """The photograph of PEOPLE[person]: (384, 384, 3) uint8."""
    return photos.read(photographs.FOLDER / f"{name_of(person)}.jpg")


def portrait_points(person: int) -> np.ndarray:
    """The true keypoints on `portrait(person)`: (15, 2) float32, pixels."""
    return faces.to_fifteen(photographs.template(name_of(person)), faces.FROM_189)


@functools.lru_cache(maxsize=16)
def _cut_out(person: int) -> tuple[np.ndarray, np.ndarray]:
    """A person without the wall: (h, w, 4) float32 colour times cover, cover; points (15, 2)."""
    photo = photographs.photo(name_of(person))
    offset = photographs.template(name_of(person))[0] - photo.points[0]
    left, top = np.round(offset).astype(int)
    height, width = photo.grey.shape
    colour = portrait(person)[top : top + height, left : left + width].astype(np.float32)
    cover = photo.cover.astype(np.float32)
    cover /= cover.max()
    # What is left of the wall between the hairs is grey, as the wall is.
    colour -= (photo.grey.astype(np.float32) - photo.person)[..., np.newaxis]
    ramp = np.minimum(np.arange(width), np.arange(width)[::-1]) / FADE
    fade = np.clip(ramp, 0, 1)
    fade = (fade**2 * (3 - 2 * fade)).astype(np.float32)[:, np.newaxis]
    layer = np.dstack([colour, cover]) * fade
    return layer.astype(np.float32), portrait_points(person) - offset


def compose(size: tuple[int, int], placed: collections.abc.Sequence[Placed]) -> tuple:
    """A picture of people in front of a wall, the later ones in front of the earlier.

    size: width, height. Returns the picture (h, w, 3) uint8 and the true points (m, 15, 2).
    """
    width, height = size
    x, y = np.meshgrid(np.linspace(-0.6, 0.9, width), np.linspace(-0.5, 1.0, height))
    light = 1.04 - 0.12 * np.hypot(x, y) ** 2
    canvas = (light[..., np.newaxis] * WALL).astype(np.float32)
    truth = []
    for place in placed:
        layer, points = _cut_out(place.person)
        eyes = points[:2].mean(axis=0)
        turn = np.deg2rad(place.tilt)
        matrix = place.scale * np.array(
            [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        )
        shift = np.array([place.x, place.y]) - matrix @ eyes
        whole = np.column_stack([matrix, shift])
        layer = cv2.warpAffine(layer, whole, size, flags=cv2.INTER_LINEAR)
        canvas = layer[..., :3] + (1 - layer[..., 3:]) * canvas
        truth.append(points @ matrix.T + shift)
    return np.clip(np.round(canvas), 0, 255).astype(np.uint8), np.array(truth)


def group() -> tuple[np.ndarray, np.ndarray]:
    """Six people: the picture (376, 1570, 3) uint8 and the true points (6, 15, 2)."""
    return compose(GROUP_SIZE, GROUP)


def moving_face(frames: int, size: tuple[int, int] = (480, 360)) -> collections.abc.Iterator[tuple]:
    """Frames of a head that sways, nods and comes closer, with a camera's noise.

    Yields a picture (h, w, 3) uint8 and its true points (15, 2), `frames` times; film.FPS of them
    are a second.
    """
    rng = np.random.default_rng(12)
    width, height = size
    for t in np.arange(frames) / film.FPS:
        place = Placed(
            0,
            width * (0.5 + 0.16 * np.sin(1.3 * t)),
            height * (0.44 + 0.05 * np.sin(2.1 * t)),
            0.85 + 0.12 * np.sin(0.9 * t),
            12 * np.sin(1.7 * t),
        )
        picture, truth = compose(size, [place])
        noisy = picture + rng.normal(0, 4, picture.shape)
        yield np.clip(np.round(noisy), 0, 255).astype(np.uint8), truth[0]
