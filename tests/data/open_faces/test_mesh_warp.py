"""The mesh and its maps, with dots painted on a photograph as the witness."""

import cv2
import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.data.open_faces import face_shape, mesh_warp, render

POSES = {
    "front": (face_shape.Expression(), face_shape.Pose(0, 0, 0, 36, (48, 37))),
    "turned": (
        face_shape.Expression(smile=0.8, brows=0.7, frown=-0.3),
        face_shape.Pose(20, -8, 12, 33, (50, 36), 0.08),
    ),
    "open": (
        face_shape.Expression(mouth=0.25, eyes=-0.7, frown=0.8),
        face_shape.Pose(-17, 9, -14, 32, (47, 34)),
    ),
}


def area(corner: np.ndarray) -> np.ndarray:
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    return np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2


def found(photo: photographs.Photo, row: int, places: np.ndarray) -> np.ndarray:
    """Where a dot painted on point `row` of the photograph comes out, in pixels of 96."""
    height, width = photo.grey.shape
    y, x = np.mgrid[:height, :width]
    away = (x - photo.points[row, 0]) ** 2 + (y - photo.points[row, 1]) ** 2
    dot = render.fetch(np.exp(-away / (2 * 2.0**2)).astype(np.float32), places)
    # Triangles stretch the rim of a dot differently on its sides; its middle stays in place.
    dot = np.where(dot > 0.85 * dot.max(), dot, 0)
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    middle = np.array([(dot * x).sum(), (dot * y).sum()]) / dot.sum()
    return (middle - 0.5) / render.OVER  # pixel centres of the enlarged and the final picture


@pytest.mark.parametrize("name", POSES)
def test_keypoints_follow_the_picture(name):
    expression, pose = POSES[name]
    first, second = 5, 60
    head = face_shape.express(face_shape.mix(first, second, 0.4, (1.02, 0.98)), expression)
    warp, expected = render.put(head, pose)
    for index in (first, second):
        photo = photographs.photo(index)
        places = warp.back(render.sources(photo))
        for k, rows in enumerate(faces.FROM_189.values()):
            dots = [found(photo, row, places) for row in rows]
            np.testing.assert_allclose(np.mean(dots, axis=0), expected[k], atol=0.5)


@pytest.mark.parametrize("name", POSES)
def test_every_pixel_is_in_its_triangle(name):
    expression, pose = POSES[name]
    warp, _ = render.put(face_shape.express(face_shape.heads()[2], expression), pose)
    corner = warp.target[mesh_warp.mesh().triangles[warp.label]]
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    low, high = corner.min(axis=-2), corner.max(axis=-2)
    for k, plane in enumerate((x, y)):
        assert (plane >= low[..., k] - 1.1).all()
        assert (plane <= high[..., k] + 1.1).all()


def test_the_map_of_the_target_onto_itself_is_the_identity():
    warp, _ = render.put(face_shape.heads()[8], POSES["turned"][1])
    y, x = np.mgrid[: render.SIDE, : render.SIDE]
    np.testing.assert_allclose(warp.back(warp.target), np.stack([x, y]), atol=0.02)


def test_triangles_tile_the_plane_once():
    mesh = mesh_warp.mesh()
    opened = face_shape.express(face_shape.average(), face_shape.Expression(mouth=0.3))
    points = np.vstack([opened[face_shape.KEPT], face_shape.FRAME])
    hull = cv2.contourArea(cv2.convexHull(points.astype(np.float32)))
    assert area(points[mesh.triangles]).sum() == pytest.approx(hull, rel=1e-3)
    assert set(mesh.triangles.ravel()) == set(range(len(points)))


def test_the_gap_between_the_lips_shows_only_when_they_part():
    closed, _ = render.put(face_shape.average(), POSES["front"][1])
    assert closed.gap().sum() < 25
    sizes = []
    for gap in (0.1, 0.2, 0.3):
        face = face_shape.express(face_shape.average(), face_shape.Expression(mouth=gap))
        warp, _ = render.put(face, POSES["front"][1])
        sizes.append(warp.gap().sum())
    assert 100 < sizes[0] < sizes[1] < sizes[2]
