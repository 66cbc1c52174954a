"""A set of faces in memory, and the way from pixels to a network's numbers and back."""

import dataclasses
import hashlib
import typing

import numpy as np

from fkd_utils import keypoints


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
    half = keypoints.SIDE / 2
    return (np.asarray(points, np.float32) / half - 1).reshape(len(points), -1)


def to_pixels(outputs: np.ndarray) -> np.ndarray:
    """Network outputs as keypoints: the inverse of `to_targets`.

    outputs: (n, 30) float. Returns (n, 15, 2) float32, pixels.
    """
    half = keypoints.SIDE / 2
    return ((np.asarray(outputs, np.float32) + 1) * half).reshape(len(outputs), -1, 2)
