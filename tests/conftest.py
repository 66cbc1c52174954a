import hypothesis
import numpy as np
import pytest

from fkd_utils import faces, parts

# A busy machine is no reason to fail, and a red run must be red again.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")


def blob_faces(n: int, seed: int) -> faces.Faces:
    """Pictures with a bright blob; all keypoints lie on it, so a network can learn them."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(25, 70, (n, 2)).astype(np.float32)
    y, x = np.mgrid[:96, :96]
    squared = (x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2
    images = (40 + 200 * np.exp(-squared / 200)).astype(np.uint8)
    # A little apart from each other, as the distance of the eye corners must not be 0.
    spread = np.stack([np.linspace(-9, 9, 15), np.linspace(6, -6, 15)], axis=1).astype(np.float32)
    points = centres[:, np.newaxis] + spread
    return faces.Faces(images, points, np.arange(n), np.arange(n), "blobs")


@pytest.fixture(scope="session")
def blob_parts() -> parts.Parts:
    return parts.Parts(
        blob_faces(96, 0), blob_faces(32, 1), blob_faces(32, 2), parts.Source("blobs")
    )
