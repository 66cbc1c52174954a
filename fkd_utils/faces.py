"""A set of faces in memory: the names of its points, pixels and a network's numbers.

Left and right are the subject's. Coordinates are pixels, x first; pixel centres are whole numbers.
"""

import dataclasses
import hashlib
import typing

import numpy as np

from fkd_utils.files import InputError

SIDE = 96  # pixels; pixel centres run from 0 to 95
HALF = SIDE / 2  # pixels; what 1 in the targets is worth
# To be taken off coordinates that count from the picture's edge, so that they count from the
# centre of the first pixel like all coordinates here.
HALF_PIXEL = 0.5
FARTHEST = 1e5  # pixels from a picture's corner: no answer of a network that has learnt lies there

# The 15 keypoints, and of each the rows (0-based) of the embedded photographs' 189-point template
# whose mean it is, as Kaggle's labellers mark it: a row that stands twice counts twice. An eye's
# inner corner is where its white begins, a brow's end the middle of that end, the nose's tip lower
# than its bridge's end.
FROM_189 = {
    "left_eye_center": (1, 1, 1, 1, 1, 1, 32),
    "right_eye_center": (0, 0, 0, 0, 0, 0, 29),
    "left_eye_inner_corner": (23, 23, 24, 31),
    "left_eye_outer_corner": (27,),
    "right_eye_inner_corner": (22, 22, 21, 30),
    "right_eye_outer_corner": (18,),
    "left_eyebrow_inner_end": (77, 78),
    "left_eyebrow_outer_end": (82, 82, 81),
    "right_eyebrow_inner_end": (76, 75),
    "right_eyebrow_outer_end": (71, 71, 72),
    "nose_tip": (54, 54, 54, 60, 60, 60, 55, 55),
    "mouth_left_corner": (93,),
    "mouth_right_corner": (87,),
    "mouth_center_top_lip": (90,),
    "mouth_center_bottom_lip": (106,),
}
KEYPOINTS = tuple(FROM_189)
INDEX = {name: i for i, name in enumerate(KEYPOINTS)}
COLUMNS = tuple(f"{name}_{axis}" for name in KEYPOINTS for axis in "xy")

# The four points that the second labelling source of the Kaggle set gives.
FOUR_POINTS = ("left_eye_center", "right_eye_center", "nose_tip", "mouth_center_bottom_lip")

# THESIS Table 4.2: the pairs that change places when a picture is mirrored.
MIRROR_PAIRS = tuple((name, name.replace("left", "right")) for name in KEYPOINTS if "left" in name)


def plain(name: str) -> str:
    """left_eye_center as a reader says it: left eye centre."""
    return name.replace("mouth_center_", "").replace("center", "centre").replace("_", " ")


def to_fifteen(points: np.ndarray, rows: dict[str, tuple[int, ...]]) -> np.ndarray:
    """Reduce a denser annotation to the 15 keypoints.

    points: (..., m, 2) float, pixels; rows: the ones to average for each keypoint, as FROM_189.
    Returns (..., 15, 2) float.
    """
    points = np.asarray(points)
    return np.stack([points[..., rows[name], :].mean(axis=-2) for name in KEYPOINTS], axis=-2)


def mirror_order() -> np.ndarray:
    """Index array (15,) that puts each keypoint where its mirror twin was."""
    order = np.arange(len(KEYPOINTS))
    for left, right in MIRROR_PAIRS:
        order[[INDEX[left], INDEX[right]]] = INDEX[right], INDEX[left]
    return order


@dataclasses.dataclass(frozen=True)
class Faces:
    """Faces with their labels; row k of every array is the same face.

    images: (n, 96, 96) uint8. keypoints: (n, 15, 2) float32, pixels, x first, NaN = not labelled.
    ids: (n,) int64, 0-based row in the file they come from. groups: (n,) int64, equal for faces
    that must stay on one side of a split (same person, copies). name: where they come from.
    """

    images: np.ndarray
    keypoints: np.ndarray
    ids: np.ndarray
    groups: np.ndarray
    name: str

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: np.ndarray) -> typing.Self:
        """The faces at `index` (integer positions or a boolean mask), in that order."""
        return dataclasses.replace(
            self,
            images=self.images[index],
            keypoints=self.keypoints[index],
            ids=self.ids[index],
            groups=self.groups[index],
        )

    def is_complete(self) -> np.ndarray:
        """(n,) bool: all 15 keypoints are labelled."""
        return np.isfinite(self.keypoints).all(axis=(1, 2))

    def complete(self) -> typing.Self:
        """Only the faces with all 15 keypoints (THESIS 3.1 uses no others)."""
        return self.take(self.is_complete())

    def fingerprint(self) -> str:
        """Sixteen hex digits that change when a pixel or a label does."""
        digest = hashlib.sha256()
        for array in (self.images, self.keypoints):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]


def joined(*several: Faces) -> Faces:
    """Sets of faces, one after the other; the name is the first one's."""
    fields = [f.name for f in dataclasses.fields(Faces) if f.name != "name"]
    stacked = {f: np.concatenate([getattr(part, f) for part in several]) for f in fields}
    return Faces(**stacked, name=several[0].name)


def to_inputs(images: np.ndarray) -> np.ndarray:
    """Grey values 0..255 as network inputs in [0, 1] (THESIS 3.1).

    images: (n, 96, 96) uint8. Returns (n, 96, 96, 1) float32.
    """
    return images.astype(np.float32)[..., np.newaxis] / 255


def to_targets(points: np.ndarray) -> np.ndarray:
    """Keypoints in pixels as network targets y/48 - 1 (THESIS 3.1).

    points: (n, 15, 2) float, pixels. Returns (n, 30) float32; NaN stays NaN.
    """
    return (np.asarray(points, np.float32) / HALF - 1).reshape(len(points), -1)


def to_pixels(outputs: np.ndarray) -> np.ndarray:
    """Network outputs as keypoints: the inverse of `to_targets`.

    outputs: (n, 30) float. Returns (n, 15, 2) float32, pixels.
    """
    return ((np.asarray(outputs, np.float32) + 1) * HALF).reshape(len(outputs), -1, 2)


def answered(points: np.ndarray, network: str) -> np.ndarray:
    """`points` as they are; InputError where a network's answers are no places in a picture."""
    if not (np.abs(points) < FARTHEST).all():  # NaN, too, is not
        raise InputError(
            f"{network}: the network's answers are no numbers, or far outside of every picture; "
            "its training went astray: take another network, or train with a lower learning rate"
        )
    return points
