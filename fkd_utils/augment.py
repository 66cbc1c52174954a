"""New faces from old: warps, changes of light, random draws of both, and averaged predictions.

A warp is a 3x3 matrix that says where a point of the old picture goes. Matrices multiply, so
several warps cost one resampling. Points are never rounded. A point that leaves the picture keeps
its coordinates, outside 0..95, until `hide_outside` makes it a missing one. What changes light
rounds and clips grey values to 0..255 and hands the points back as they came. Both take and
return (images, points): (n, 96, 96) uint8 and (n, 15, 2) float32.
"""

import collections.abc
import dataclasses
import functools
import itertools

import cv2
import numpy as np
import numpy.typing as npt

from fkd_utils import faces
from fkd_utils.files import InputError

LAST = faces.SIDE - 1  # centre of the last pixel: 95
CENTRE = LAST / 2  # centre of the picture: 47.5
# What lies outside is the picture mirrored at its outermost pixels, which are not doubled.
BORDER = cv2.BORDER_REFLECT_101
MOST_SHIFT = faces.SIDE / 10  # pixels (THESIS 4.6)
DEPTH_NOISE = 8.0  # grey values; the paper does not say
SQUARES = (12, 32)  # pixels: sides of what covers a face in `random_augment`

# (images, points): (n, 96, 96) uint8, (n, 15, 2) float32
Pair = tuple[np.ndarray, np.ndarray]
# A draw looks at the points (n, 15, 2) where they are now and answers with matrices (n, 3, 3).
Draw = collections.abc.Callable[[np.random.Generator, np.ndarray], np.ndarray]
# A run's `predict`, for instance: from pictures (n, 96, 96) uint8 to keypoints (n, 15, 2), pixels.
Predict = collections.abc.Callable[[np.ndarray], np.ndarray]


def _matrix(*entries: npt.ArrayLike) -> np.ndarray:
    """Nine entries, row by row, each a number or (n,): (3, 3) or (n, 3, 3) float64."""
    flat = np.stack(np.broadcast_arrays(*entries), axis=-1).astype(np.float64)
    return flat.reshape(*flat.shape[:-1], 3, 3)


def _about_centre(matrix: np.ndarray) -> np.ndarray:
    return translation(CENTRE, CENTRE) @ matrix @ translation(-CENTRE, -CENTRE)


def mirroring() -> np.ndarray:
    """x' = 95 - x: left and right change places. (3, 3)."""
    return _matrix(-1, 0, LAST, 0, 1, 0, 0, 0, 1)


def translation(right: npt.ArrayLike, down: npt.ArrayLike) -> np.ndarray:
    """Shift by pixels; numbers or (n,). (3, 3) or (n, 3, 3)."""
    return _matrix(1, 0, right, 0, 1, down, 0, 0, 1)


def rotation(degrees: npt.ArrayLike) -> np.ndarray:
    """Turn about the centre, anticlockwise as seen; number or (n,). (3, 3) or (n, 3, 3).

    The same as cv2.getRotationMatrix2D. y points down, hence the sign of the sines.
    """
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return _about_centre(_matrix(cos, sin, 0, -sin, cos, 0, 0, 0, 1))


def scaling(factor: npt.ArrayLike) -> np.ndarray:
    """Enlarge about the centre (THESIS 4.8); number or (n,). (3, 3) or (n, 3, 3)."""
    return _about_centre(_matrix(factor, 0, 0, 0, factor, 0, 0, 0, 1))


def shearing(slant: npt.ArrayLike) -> np.ndarray:
    """Move rows right by `slant` pixels a pixel below the centre (THESIS 4.8); number or (n,)."""
    return _about_centre(_matrix(1, slant, 0, 0, 1, 0, 0, 0, 1))


def tilting(right: npt.ArrayLike, down: npt.ArrayLike) -> np.ndarray:
    """Perspective (THESIS 4.8): bring the right (or lower) edge nearer; numbers or (n,).

    right, down: the edge's distance shrinks by this share; negative brings the other edge nearer.
    Raises InputError when a corner would come to stand behind the eye.
    """
    if np.any(np.abs(right) + np.abs(down) >= 1):
        raise InputError(f"tilt {right}, {down}: |right| + |down| must stay below 1")
    near = np.multiply(right, -1 / CENTRE), np.multiply(down, -1 / CENTRE)
    return _about_centre(_matrix(1, 0, 0, 0, 1, 0, *near, 1))


def cropping(left: npt.ArrayLike, top: npt.ArrayLike, side: npt.ArrayLike) -> np.ndarray:
    """Cut out a square and enlarge it to 96 x 96 (THESIS 4.8); numbers or (n,), pixels.

    left, top: first pixel of the square; its outer edge is half a pixel before that centre.
    """
    ratio = faces.SIDE / np.asarray(side, np.float64)
    first = [0.5 - np.asarray(corner, np.float64) for corner in (left, top)]
    return _matrix(ratio, 0, first[0] * ratio - 0.5, 0, ratio, first[1] * ratio - 0.5, 0, 0, 1)


def move(points: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Where the points go: (n, 15, 2) float64; NaN stays NaN.

    points: (n, 15, 2) pixels; matrices: (3, 3) or (n, 3, 3). Where a matrix turns the picture
    over (its determinant is negative), the two points of each pair of THESIS Table 4.2 change
    places, x and y, so that left stays the subject's left.
    """
    points = np.asarray(points, np.float64)
    matrices = np.broadcast_to(matrices, (len(points), 3, 3))
    moved = points @ matrices[:, :2, :2].swapaxes(1, 2) + matrices[:, np.newaxis, :2, 2]
    if np.any(matrices[:, 2] != (0, 0, 1)):
        moved /= points @ matrices[:, 2, :2, np.newaxis] + matrices[:, np.newaxis, 2:, 2]
    turned = np.linalg.det(matrices) < 0
    if turned.any():
        moved[turned] = moved[turned][:, faces.mirror_order()]
    return moved


def warp(
    images: np.ndarray, points: np.ndarray, matrices: np.ndarray, out: np.ndarray | None = None
) -> Pair:
    """Move pictures and points by one matrix each: one bilinear resampling, mirrored borders.

    images: (n, 96, 96) uint8 or float32; points: (n, 15, 2); matrices: (3, 3) or (n, 3, 3).
    Returns images of the same type (written into `out` when given) and points as float32.
    """
    matrices = np.broadcast_to(matrices, (len(images), 3, 3))
    out = np.empty(images.shape, images.dtype) if out is None else out
    size = images.shape[2], images.shape[1]
    flat = not np.any(matrices[:, 2] != (0, 0, 1))
    resample, rows = (cv2.warpAffine, 2) if flat else (cv2.warpPerspective, 3)
    for image, matrix, target in zip(images, matrices[:, :rows], out, strict=True):
        resample(image, matrix, size, target, cv2.INTER_LINEAR, BORDER)
    return out, move(points, matrices).astype(np.float32)


def flip(images: np.ndarray, points: np.ndarray) -> Pair:
    """Mirror left and right (THESIS 4.6). Exact; no point leaves the picture."""
    flipped = np.ascontiguousarray(images[:, :, ::-1])
    return flipped, move(points, mirroring()).astype(np.float32)


def shift(
    images: np.ndarray, points: np.ndarray, right: npt.ArrayLike, down: npt.ArrayLike
) -> Pair:
    """Shift by pixels, numbers or (n,) (THESIS 4.6). Points leave unless within `shift_range`."""
    return warp(images, points, translation(right, down))


def rotate(images: np.ndarray, points: np.ndarray, degrees: npt.ArrayLike) -> Pair:
    """Turn about (47.5, 47.5), anticlockwise (THESIS 4.6). Points near a corner can leave."""
    return warp(images, points, rotation(degrees))


def outside(points: np.ndarray) -> np.ndarray:
    """(n, 15) bool: the point lies outside 0..95; False where it is missing."""
    return ((points < 0) | (points > LAST)).any(axis=-1)


def hide_outside(points: np.ndarray) -> np.ndarray:
    """A copy in which every point outside the picture is missing (NaN, NaN)."""
    return np.where(outside(points)[..., np.newaxis], np.nan, points).astype(np.float32)


def _column(values: npt.ArrayLike) -> np.ndarray:
    """A number or (n,) as something that multiplies (n, 96, 96)."""
    return np.asarray(values, np.float32).reshape(-1, 1, 1)


def _grey(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def brighten(images: np.ndarray, points: np.ndarray, factor: npt.ArrayLike) -> Pair:
    """Multiply all grey values; factor: number or (n,) (DEPTH section 3: 1.5 and 0.8)."""
    return _grey(images * _column(factor)), points


def contrast(images: np.ndarray, points: np.ndarray, factor: npt.ArrayLike) -> Pair:
    """Stretch grey values about each picture's mean; factor: number or (n,)."""
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return _grey((images - mean) * _column(factor) + mean), points


def jitter(images: np.ndarray, points: np.ndarray, amount: float, rng: np.random.Generator) -> Pair:
    """Random brightness, then random contrast, factors in 1 - amount .. 1 + amount.

    What colour jitter leaves of itself on a grey picture (DENSE parts 2 and 3: 0.5 and 0.2);
    hue and saturation have nothing to act on.
    """
    for change in (brighten, contrast):
        factor = rng.uniform(1 - amount, 1 + amount, len(images))
        images, points = change(images, points, factor)
    return images, points


def add_noise(
    images: np.ndarray, points: np.ndarray, sigma: float, rng: np.random.Generator
) -> Pair:
    """Add normal noise, another draw for each pixel; sigma: grey values (DEPTH section 3)."""
    noise = rng.standard_normal(images.shape, np.float32)
    return _grey(images + sigma * noise), points


def shift_range(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest shift that keep every labelled point inside: two (n, 2), pixels.

    max(-9.6, -min) and min(9.6, 95 - max) over the points of a face, for x and for y (THESIS 4.6,
    with 95 for its 96). A point that is outside is brought in. Both are 0 when the points do not
    fit, or not within 9.6 pixels.
    """
    # A missing point counts as one in the middle: it never narrows the range.
    known = np.where(np.isnan(points), CENTRE, np.asarray(points, np.float64))
    low = np.maximum(-MOST_SHIFT, -known.min(axis=1))
    high = np.minimum(MOST_SHIFT, LAST - known.max(axis=1))
    fits = low <= high
    return np.where(fits, low, 0.0), np.where(fits, high, 0.0)


def random_flip(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """Mirror every second face, by the toss of a coin."""
    heads = rng.random(len(points)) < 0.5
    return np.where(heads[:, np.newaxis, np.newaxis], mirroring(), np.eye(3))


def random_shift(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """Shift within `shift_range`: pushes no point out (THESIS 4.6)."""
    return translation(*rng.uniform(*shift_range(points)).T)


def random_rotation(rng: np.random.Generator, points: np.ndarray, most: float = 10.0) -> np.ndarray:
    """Turn about the centre by at most `most` degrees (THESIS 4.6: 10; DENSE: 20)."""
    return rotation(rng.uniform(-most, most, len(points)))


def random_scale(rng: np.random.Generator, points: np.ndarray, most: float = 0.1) -> np.ndarray:
    """Enlarge or shrink about the centre by at most the share `most` (THESIS 4.8)."""
    return scaling(rng.uniform(1 - most, 1 + most, len(points)))


def random_shear(rng: np.random.Generator, points: np.ndarray, most: float = 0.1) -> np.ndarray:
    """Slant by at most `most` (THESIS 4.8)."""
    return shearing(rng.uniform(-most, most, len(points)))


def random_tilt(rng: np.random.Generator, points: np.ndarray, most: float = 0.1) -> np.ndarray:
    """Perspective in both directions by at most `most` each (THESIS 4.8)."""
    return tilting(*rng.uniform(-most, most, (2, len(points))))


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


def compose(
    points: np.ndarray, draws: collections.abc.Iterable[Draw], rng: np.random.Generator
) -> np.ndarray:
    """Draw one warp after the other and multiply them: (n, 3, 3).

    points: (n, 15, 2); each draw sees them where the draws before it have put them.
    """
    total = np.broadcast_to(np.eye(3), (len(points), 3, 3))
    for draw in draws:
        total = draw(rng, move(points, total)) @ total
    return total


def augmented(
    images: np.ndarray,
    points: np.ndarray,
    rng: np.random.Generator,
    draws: collections.abc.Iterable[Draw] = THESIS,
) -> Pair:
    """Every face once, changed by all `draws` in one resampling.

    images: (n, 96, 96) uint8; points: (n, 15, 2), NaN = not labelled. Returns new arrays, uint8
    and float32. Only a shift as the last draw promises that points stay inside.
    """
    return warp(images, points, compose(points, draws, rng))


def random_augment(images: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> Pair:
    """A batch as a long training wants it, another one each time: shape and light (chapter 18a).

    Mirrored or not, turned by up to 25 degrees, scaled by up to 20%, slanted and in perspective
    by up to 12%, shifted, brightness and contrast by up to 40%, every second one with a square
    over it. images: (n, 96, 96) uint8; points: (n, 15, 2), NaN = not labelled, and NaN afterwards
    where a point has left the picture; a covered one keeps its place.
    """
    images, points = augmented(images, points, rng, VARIED)
    images, points = jitter(images, points, 0.4, rng)
    return covered(images, rng), hide_outside(points)


def covered(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every second picture, by the toss of a coin, with a plain square somewhere: a new array.

    The square's side is drawn from SQUARES, its grey value from all (random erasing: Zhong et al.
    2020). images: (n, 96, 96) uint8.
    """
    images = images.copy()
    for row in np.flatnonzero(rng.random(len(images)) < 0.5):
        side = rng.integers(*SQUARES, endpoint=True)
        x, y = rng.integers(0, faces.SIDE - side, 2, endpoint=True)
        images[row, y : y + side, x : x + side] = rng.integers(0, 255, endpoint=True)
    return images


def transformed_copies(images: np.ndarray, points: np.ndarray, seed: int) -> Pair:
    """The faces and their mirror twins, then ten changed copies of both (THESIS 4.7).

    Five copies are shifted, five rotated. images: (n, 96, 96) uint8; points: (n, 15, 2). Returns
    (22 n, 96, 96) uint8 and (22 n, 15, 2) float32; row r comes from face r % n. A rotation can put
    a point near a corner outside 0..95; it is kept. 1,712 faces become 37,664, 347 MB.
    """
    rng, n = np.random.default_rng(seed), len(images)
    # Filled in place: nothing but the result is ever held.
    grown = np.empty((22 * n, *images.shape[1:]), np.uint8)
    moved = np.empty((22 * n, *points.shape[1:]), np.float32)
    grown[:n], moved[:n] = images, points
    grown[n : 2 * n], moved[n : 2 * n] = images[:, :, ::-1], move(points, mirroring())
    draws: list[Draw] = [random_shift] * 5 + [random_rotation] * 5
    for k, draw in enumerate(draws, start=1):
        rows = slice(2 * n * k, 2 * n * (k + 1))
        matrices = draw(rng, moved[: 2 * n])
        _, moved[rows] = warp(grown[: 2 * n], moved[: 2 * n], matrices, out=grown[rows])
    return grown, moved


def depth_copies(part: faces.Faces, seed: int) -> faces.Faces:
    """Seven copies of each face, then those of its four shifts that stay inside (DEPTH 3).

    The faces, mirrored, turned by 12 degrees to either side, brightness times 1.5 and 0.8, noise;
    then shifts by 12 pixels along the diagonals. The paper names one turn and says "up, right";
    only these choices give its 6,350 shifts and its total. ids and groups are copied along.
    """
    pair, rows = (part.images, part.keypoints), np.arange(len(part))
    noisy = add_noise(*pair, DEPTH_NOISE, np.random.default_rng(seed))
    made = [pair, flip(*pair), rotate(*pair, 12), rotate(*pair, -12)]
    made += [brighten(*pair, 1.5), brighten(*pair, 0.8), noisy]
    made = [(*copy, rows) for copy in made]
    for right, down in itertools.product((12, -12), repeat=2):
        images, points = shift(*pair, right, down)
        # DEPTH's picture ends at 96, not at the last pixel's centre: only so there are 6,350.
        inside = ((points > 0) & (points < faces.SIDE)).all(axis=(1, 2))
        made.append((images[inside], points[inside], rows[inside]))
    images, points, rows = (np.concatenate(several) for several in zip(*made, strict=True))
    return dataclasses.replace(part.take(rows), images=images, keypoints=points)


def flip_averaged(predict: Predict, images: np.ndarray) -> np.ndarray:
    """The mean of what `predict` says of the pictures and, mirrored back, of their mirror twins.

    Costs twice the time. An error that leans to one side of the picture cancels.
    """
    twins = predict(np.ascontiguousarray(images[:, :, ::-1]))
    back = move(twins, mirroring())
    return ((predict(images) + back) / 2).astype(np.float32)
