"""Templates of the smiling photographs: the neutral one's 189 points, moved as a mesh says.

The collection has no points for `smiling_front`. MediaPipe's Face Mesh was laid over a person's two
photographs; how its points go from the first to the second moves the template. What the mesh has
for habits drops out of the difference. Inner lips, which part, are taken from the mesh itself.
"""

import pathlib

import numpy as np
import scipy.interpolate

from fkd_utils.data import photographs

# Rows of the mesh along the inner rim of each lip, from the right corner to the left.
_UPPER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
_LOWER = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]


def moved(template: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The template of a smiling photograph, (189, 2) pixels.

    template: (189, 2), the neutral photograph's. before, after: (m, 2), Face Mesh's points on the
    neutral and on the smiling one.
    """
    bend = scipy.interpolate.RBFInterpolator(
        before, after - before, kernel="thin_plate_spline", smoothing=3.0, neighbors=60
    )
    # Hair and neck, which the mesh does not reach, go with the head as a whole.
    away = 2 * np.linalg.norm((template - before.mean(axis=0)) / np.ptp(before, axis=0), axis=1)
    inside = np.clip((1.25 - away) / 0.25, 0, 1)[:, np.newaxis]
    found = inside * (template + bend(template)) + (1 - inside) * _turned(template, before, after)
    middle = (before[_UPPER, 0] + before[_LOWER, 0]) / 2
    for rows, rim in ((range(94, 99), after[_UPPER]), (range(99, 104), after[_LOWER])):
        along = np.interp(template[list(rows), 0], middle, np.arange(len(middle)))
        for k in range(2):
            found[list(rows), k] = np.interp(along, np.arange(len(rim)), rim[:, k])
    return found


def _turned(points: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """`points` moved as `before` moves to `after` at best when only turned, scaled and shifted."""
    one, two = (mesh - mesh.mean(axis=0) for mesh in (before, after))
    a = (one * two).sum() / (one**2).sum()
    b = (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum() / (one**2).sum()
    return (points - before.mean(axis=0)) @ np.array([[a, b], [-b, a]]) + after.mean(axis=0)


def write(meshes: pathlib.Path) -> int:
    """Write the template of each smiling photograph; returns how many.

    meshes: an .npz with Face Mesh's points, (m, 2) pixels, under `neutral_front/001_03` and so on.
    """
    count = 0
    with np.load(meshes) as mesh:
        for name in photographs.names():
            smile = name.replace("neutral_front", "smiling_front").replace("_03", "_08")
            if name not in mesh or smile not in mesh:
                continue
            before, after = (mesh[one][:, :2].astype(float) for one in (name, smile))
            points = moved(photographs.template(name).astype(float), before, after)
            lines = (photographs.FOLDER / f"{name}.tem").read_text("ascii").splitlines()[190:]
            text = [str(len(points)), *(f"{x:.2f}\t{y:.2f}" for x, y in points), *lines]
            (photographs.FOLDER / f"{smile}.tem").write_text("\n".join(text) + "\n", "ascii")
            count += 1
    return count
