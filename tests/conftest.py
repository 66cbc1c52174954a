import numpy as np
import pytest

from fkd_utils import faces, parts


def blob_faces(n: int, seed: int) -> faces.Faces:
    """Pictures with a bright blob; all keypoints lie on it, so a network can learn them."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(25, 70, (n, 2)).astype(np.float32)
    y, x = np.mgrid[:96, :96]
    squared = (x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2
    images = (40 + 200 * np.exp(-squared / 200)).astype(np.uint8)
    points = np.repeat(centres[:, np.newaxis], 15, axis=1)
    return faces.Faces(images, points, np.arange(n), np.arange(n), "blobs")


@pytest.fixture(scope="session")
def blob_parts() -> parts.Parts:
    return parts.Parts(
        blob_faces(96, 0), blob_faces(32, 1), blob_faces(32, 2), parts.Source("blobs")
    )
