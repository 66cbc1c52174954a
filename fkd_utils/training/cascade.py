"""A cascade: a network for the whole face, then small ones that look again at each estimate.

After Sun, Wang and Tang (2013). CASCADE tried such a network (section 1) and does not say how it
was built. A level cuts a patch around each estimated point and predicts how far off the point is.
"""

import dataclasses

import keras
import numpy as np

from fkd_utils import faces
from fkd_utils.files import InputError
from fkd_utils.models import thesis
from fkd_utils.training import fitting

POINTS = len(faces.KEYPOINTS)
LAST = faces.SIDE - 1  # centre of the last pixel


def patches(images: np.ndarray, points: np.ndarray, side: int) -> np.ndarray:
    """Squares of pictures around points, bilinear between pixels, mirrored at the border.

    images: (n, 96, 96) uint8; points: (n, k, 2) pixels, anywhere within 0..95; side: odd, so that
    the point lies on the middle pixel. Returns (n, k, side, side) float32 grey values: at a point
    with whole coordinates they are a slice. Raises InputError for an even side or a point that is
    missing or outside.
    """
    points = np.asarray(points, np.float64)
    if side % 2 == 0:
        raise InputError(f"a patch of {side} pixels has no middle pixel; choose an odd side")
    if not ((points >= 0) & (points <= LAST)).all():
        raise InputError(f"a patch needs points within 0..{LAST}; use `inside` on estimates")
    half = side // 2
    # One pixel more on the right and below: the neighbour that a fraction leans towards.
    margin = ((0, 0), (half, half + 1), (half, half + 1))
    padded = np.pad(images, margin, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side + 1, side + 1), axis=(1, 2))
    whole = np.floor(points).astype(int)
    right, down = np.moveaxis(points - whole, -1, 0)[..., np.newaxis, np.newaxis].astype(np.float32)
    rows = np.arange(len(images))[:, np.newaxis]
    cut = windows[rows, whole[..., 1], whole[..., 0]].astype(np.float32)
    cut = cut[..., :-1, :] + down * np.diff(cut, axis=-2)
    return cut[..., :-1] + right * np.diff(cut, axis=-1)


def inside(points: np.ndarray) -> np.ndarray:
    """Points moved to the nearest place in the picture: an estimate can lie outside."""
    return np.clip(points, 0, LAST)


def drawn_errors(errors: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """For n faces, errors as they happen: at each keypoint that of a face drawn at random.

    errors: (m, k, 2) pixels, estimate minus truth on m faces. Returns (n, k, 2).
    """
    drawn = rng.integers(0, len(errors), (n, errors.shape[1]))
    return errors[drawn, np.arange(errors.shape[1])]


def refiner(side: int) -> keras.Model:
    """A small network: patches (n, 15, side, side), grey values, to corrections (n, 15, 2), pixels.

    The convolutions are the same for every keypoint, since an edge is an edge; the two dense
    layers are each keypoint's own. Sun, Wang and Tang give every keypoint networks of its own; here
    one training serves all fifteen, and the filters see fifteen times as many patches.
    """
    image = keras.Input((POINTS, side, side))
    x = keras.ops.reshape(image, (-1, side, side, 1))
    # What matters is the pattern, not how light the patch is.
    x = (x - keras.ops.mean(x, axis=(1, 2), keepdims=True)) / 64
    x = keras.layers.Conv2D(6, 5, activation="relu")(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Conv2D(12, 3, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.ops.reshape(x, (-1, POINTS, int(np.prod(x.shape[1:]))))
    own = {"bias_axes": "kh"}
    x = keras.layers.EinsumDense("nkf,kfh->nkh", (POINTS, 24), activation="relu", **own)(x)
    # It starts with small corrections: before training, no correction is a good guess.
    small = keras.initializers.RandomNormal(stddev=0.01)
    x = keras.layers.EinsumDense("nkf,kfh->nkh", (POINTS, 2), kernel_initializer=small, **own)(x)
    return keras.Model(image, x, name=f"refiner{side}")


@dataclasses.dataclass(frozen=True)
class Level:
    """Trained refiners; reach: no coordinate is corrected by more pixels than this."""

    networks: list[keras.Model]
    reach: float

    def correct(self, images: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Better estimates, from (n, 96, 96) uint8 and (n, 15, 2) estimates: (n, 15, 2)."""
        points = inside(points)
        found = np.mean([self._found(n, images, points) for n in self.networks], axis=0)
        return inside(points + np.clip(found, -self.reach, self.reach)).astype(np.float32)

    def cost(self) -> int:
        """Multiply-adds for one face."""
        return sum(thesis.multiply_adds(network, POINTS) for network in self.networks)

    @staticmethod
    def _found(network: keras.Model, images: np.ndarray, points: np.ndarray) -> np.ndarray:
        cut = patches(images, points, network.input_shape[-1])
        # Called, not `predict`ed: that would build a graph for each of the many networks.
        batches = (cut[k : k + 128] for k in range(0, len(cut), 128))
        return np.concatenate([keras.ops.convert_to_numpy(network(b)) for b in batches])


def fit_level(
    part: faces.Faces,
    errors: np.ndarray,
    sides: tuple[int, ...],
    epochs: int,
    seed: int = 0,
    fixed: bool = False,
) -> Level:
    """Train a level: a `refiner` for each side of a patch; their corrections are averaged.

    part: complete faces. errors: (m, 15, 2) pixels, estimate minus truth; in every epoch each
    training point starts a `drawn_errors` away from its label. fixed: errors are of `part` itself,
    row by row (m = len(part)), and stay as they are; chapter 14 shows why that is a trap.
    Raises InputError when a point of `part` has no label.
    """
    if not part.is_complete().all():
        raise InputError(f"{part.name}: a level learns from complete faces; use Faces.complete()")
    rng = np.random.default_rng(seed)
    networks = []
    for side in sides:
        keras.utils.set_random_seed(seed + side)
        network = refiner(side)
        steps = epochs * -(-len(part) // 32)
        rate = keras.optimizers.schedules.CosineDecay(0.003, steps)
        network.compile(keras.optimizers.Adam(rate), loss="mse")
        for _ in range(epochs):
            off = errors if fixed else drawn_errors(errors, len(part), rng)
            start = inside(part.keypoints + off)
            wanted = (part.keypoints - start).astype(np.float32)
            network.fit(patches(part.images, start, side), wanted, batch_size=32, verbose=0)
        networks.append(network)
    return Level(networks, float(np.quantile(np.abs(errors), 0.99)))


class Cascade:
    """Levels on top of a network for the whole face.

    first: a network with 30 outputs, trained as in the earlier chapters; it is level 1.
    """

    def __init__(self, first: keras.Model) -> None:
        self.first, self.levels = first, []

    def add_level(
        self,
        train: faces.Faces,
        held: faces.Faces,
        sides: tuple[int, ...],
        epochs: int,
        seed: int = 0,
    ) -> None:
        """Train the next level on `train`, starting as far off as the cascade now is on `held`.

        The levels before have learned from `train`, so their errors there are too small to
        practise on. Both sets: complete faces.
        """
        errors = self.predict(held.images) - held.keypoints
        self.levels.append(fit_level(train, errors, sides, epochs, seed))

    def after_levels(self, images: np.ndarray) -> np.ndarray:
        """The estimates after each level: (levels, n, 15, 2) float32, pixels; [0] is level 1's."""
        estimates = [fitting.predict(self.first, images)]
        for level in self.levels:
            estimates.append(level.correct(images, estimates[-1]))
        return np.stack(estimates)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Keypoints of uint8 images (n, 96, 96) after the last level: (n, 15, 2) pixels."""
        return self.after_levels(images)[-1]

    def costs(self) -> list[int]:
        """Multiply-adds for one face, level by level."""
        return [thesis.multiply_adds(self.first), *(level.cost() for level in self.levels)]
