"""New faces from old: warps drawn at random, composed, and done in one resampling."""

import collections.abc
import dataclasses
import functools
import itertools

import numpy as np

from fkd_utils import faces, keypoints, light, warps

MOST_SHIFT = keypoints.SIDE / 10  # pixels (THESIS 4.6)
DEPTH_NOISE = 8.0  # grey values; the paper does not say

# A draw looks at the points (n, 15, 2) where they are now and answers with matrices (n, 3, 3).
Draw = collections.abc.Callable[[np.random.Generator, np.ndarray], np.ndarray]


def shift_range(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest shift that keep every labelled point inside: two (n, 2), pixels.

    max(-9.6, -min) and min(9.6, 95 - max) over the points of a face, for x and for y (THESIS 4.6,
    with 95 for its 96). A point that is outside is brought in. Both are 0 when the points do not
    fit, or not within 9.6 pixels.
    """
    # A missing point counts as one in the middle: it never narrows the range.
    known = np.where(np.isnan(points), warps.CENTRE, np.asarray(points, np.float64))
    low = np.maximum(-MOST_SHIFT, -known.min(axis=1))
    high = np.minimum(MOST_SHIFT, warps.LAST - known.max(axis=1))
    fits = low <= high
    return np.where(fits, low, 0.0), np.where(fits, high, 0.0)


def random_flip(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """Mirror every second face, by the toss of a coin."""
    heads = rng.random(len(points)) < 0.5
    return np.where(heads[:, np.newaxis, np.newaxis], warps.mirroring(), np.eye(3))


def random_shift(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """Shift within `shift_range`: pushes no point out (THESIS 4.6)."""
    return warps.translation(*rng.uniform(*shift_range(points)).T)


def random_rotation(rng: np.random.Generator, points: np.ndarray, most: float = 10.0) -> np.ndarray:
    """Turn about the centre by at most `most` degrees (THESIS 4.6: 10; DENSE: 20)."""
    return warps.rotation(rng.uniform(-most, most, len(points)))


def random_scale(rng: np.random.Generator, points: np.ndarray, most: float = 0.1) -> np.ndarray:
    """Enlarge or shrink about the centre by at most the share `most` (THESIS 4.8)."""
    return warps.scaling(rng.uniform(1 - most, 1 + most, len(points)))


def random_shear(rng: np.random.Generator, points: np.ndarray, most: float = 0.1) -> np.ndarray:
    """Slant by at most `most` (THESIS 4.8)."""
    return warps.shearing(rng.uniform(-most, most, len(points)))


def random_tilt(rng: np.random.Generator, points: np.ndarray, most: float = 0.1) -> np.ndarray:
    """Perspective in both directions by at most `most` each (THESIS 4.8)."""
    return warps.tilting(*rng.uniform(-most, most, (2, len(points))))


# The thesis's transforms. The shift comes last: it brings in what the rotation pushed out.
THESIS: tuple[Draw, ...] = (random_flip, random_rotation, random_shift)


VARIED: tuple[Draw, ...] = (
    random_flip,
    functools.partial(random_rotation, most=25.0),
    functools.partial(random_scale, most=0.2),
    functools.partial(random_shear, most=0.12),
    functools.partial(random_tilt, most=0.12),
    random_shift,
)
SQUARES = (12, 32)  # pixels: sides of what covers a face in a varied batch


def compose(
    points: np.ndarray, draws: collections.abc.Iterable[Draw], rng: np.random.Generator
) -> np.ndarray:
    """Draw one warp after the other and multiply them: (n, 3, 3).

    points: (n, 15, 2); each draw sees them where the draws before it have put them.
    """
    total = np.broadcast_to(np.eye(3), (len(points), 3, 3))
    for draw in draws:
        total = draw(rng, warps.move(points, total)) @ total
    return total


def augmented(
    images: np.ndarray,
    points: np.ndarray,
    rng: np.random.Generator,
    draws: collections.abc.Iterable[Draw] = THESIS,
) -> warps.Pair:
    """Every face once, changed by all `draws` in one resampling.

    images: (n, 96, 96) uint8; points: (n, 15, 2), NaN = not labelled. Returns new arrays, uint8
    and float32. Only a shift as the last draw promises that points stay inside.
    """
    return warps.warp(images, points, compose(points, draws, rng))


def varied(images: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> warps.Pair:
    """A batch as a long training wants it, another one each time: shape and light (chapter 18).

    Mirrored or not, turned by up to 25 degrees, scaled by up to 20%, slanted and in perspective
    by up to 12%, shifted, brightness and contrast by up to 40%, every second one with a square
    over it. images: (n, 96, 96) uint8; points: (n, 15, 2), NaN = not labelled, and NaN afterwards
    where a point has left the picture; a covered one keeps its place.
    """
    images, points = augmented(images, points, rng, VARIED)
    images, points = light.jitter(images, points, 0.4, rng)
    return covered(images, rng), warps.hide_outside(points)


def covered(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every second picture, by the toss of a coin, with a plain square somewhere: a new array.

    The square's side is drawn from SQUARES, its grey value from all (random erasing: Zhong et al.
    2020). images: (n, 96, 96) uint8.
    """
    images = images.copy()
    for row in np.flatnonzero(rng.random(len(images)) < 0.5):
        side = rng.integers(*SQUARES, endpoint=True)
        x, y = rng.integers(0, keypoints.SIDE - side, 2, endpoint=True)
        images[row, y : y + side, x : x + side] = rng.integers(0, 255, endpoint=True)
    return images


def ten_copies(images: np.ndarray, points: np.ndarray, seed: int) -> warps.Pair:
    """The faces and ten changed copies: five shifted, five rotated (THESIS 4.7).

    images: (n, 96, 96) uint8; points: (n, 15, 2). Returns (11 n, 96, 96) uint8 and
    (11 n, 15, 2) float32: the faces, then copy after copy in the same order, so row r comes from
    face r % n. A rotation can put a point near a corner outside 0..95; it is kept.
    """
    return _grow(images, points, seed, flip_first=False)


def transformed_copies(images: np.ndarray, points: np.ndarray, seed: int) -> warps.Pair:
    """The faces and their mirror twins, then ten changed copies of these: 22 n (THESIS 4.7).

    As `ten_copies`; row r comes from face r % n. 1,712 faces become 37,664, 347 MB.
    """
    return _grow(images, points, seed, flip_first=True)


def depth_copies(part: faces.Faces, seed: int) -> faces.Faces:
    """Seven copies of each face, then those of its four shifts that stay inside (DEPTH 3).

    The faces, mirrored, turned by 12 degrees to either side, brightness times 1.5 and 0.8, noise;
    then shifts by 12 pixels along the diagonals. The paper names one turn and says "up, right";
    only these choices give its 6,350 shifts and its total. ids and groups are copied along.
    """
    pair, rows = (part.images, part.keypoints), np.arange(len(part))
    noisy = light.add_noise(*pair, DEPTH_NOISE, np.random.default_rng(seed))
    made = [pair, warps.flip(*pair), warps.rotate(*pair, 12), warps.rotate(*pair, -12)]
    made += [light.brighten(*pair, 1.5), light.brighten(*pair, 0.8), noisy]
    made = [(*copy, rows) for copy in made]
    for right, down in itertools.product((12, -12), repeat=2):
        images, points = warps.shift(*pair, right, down)
        # DEPTH's picture ends at 96, not at the last pixel's centre: only so there are 6,350.
        inside = ((points > 0) & (points < keypoints.SIDE)).all(axis=(1, 2))
        made.append((images[inside], points[inside], rows[inside]))
    images, points, rows = (np.concatenate(several) for several in zip(*made, strict=True))
    return dataclasses.replace(part.take(rows), images=images, keypoints=points)


def _grow(images: np.ndarray, points: np.ndarray, seed: int, flip_first: bool) -> warps.Pair:
    rng = np.random.default_rng(seed)
    n, base = len(images), len(images) * (1 + flip_first)
    # Filled in place: nothing but the result is ever held.
    grown = np.empty((11 * base, *images.shape[1:]), np.uint8)
    moved = np.empty((11 * base, *points.shape[1:]), np.float32)
    grown[:n], moved[:n] = images, points
    if flip_first:
        grown[n:base], moved[n:base] = images[:, :, ::-1], warps.move(points, warps.mirroring())
    draws: list[Draw] = [random_shift] * 5 + [random_rotation] * 5
    for k, draw in enumerate(draws, start=1):
        rows = slice(k * base, (k + 1) * base)
        matrices = draw(rng, moved[:base])
        _, moved[rows] = warps.warp(grown[:base], moved[:base], matrices, out=grown[rows])
    return grown, moved
