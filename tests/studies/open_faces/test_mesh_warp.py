"""Triangles, affine maps and painted pixels, against what defines them."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.open_faces import mesh_warp

CORNERS = np.array([(0.0, 0), (90, 0), (0, 90), (90, 90)])


def scattered(seed: int, count: int = 20) -> np.ndarray:
    """The corners of a square and points in it, (4 + count, 2)."""
    inside = np.random.default_rng(seed).uniform(6, 84, (count, 2))
    return np.vstack([CORNERS, inside])


def area(corner: np.ndarray) -> np.ndarray:
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    return np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_no_circle_around_a_triangle_holds_a_point(seed):
    points = scattered(seed)
    corner = points[mesh_warp.delaunay(points)]
    assert area(corner).sum() == pytest.approx(90 * 90)
    edges, squares = corner[:, 1:] - corner[:, :1], (corner**2).sum(axis=2)
    centre = np.linalg.solve(2 * edges, (squares[:, 1:] - squares[:, :1])[..., np.newaxis])[..., 0]
    radius = np.linalg.norm(corner[:, 0] - centre, axis=1)
    away = np.linalg.norm(points - centre[:, np.newaxis], axis=2)
    assert (away > radius[:, np.newaxis] - 0.02).all()


def test_each_triangle_moves_as_opencv_moves_it():
    target, source = scattered(1), scattered(2)
    triangles = mesh_warp.delaunay(target)
    for three, found in zip(triangles, mesh_warp.solve(target, source, triangles), strict=True):
        theirs = cv2.getAffineTransform(np.float32(target[three]), np.float32(source[three]))
        np.testing.assert_allclose(found, theirs, atol=1e-2, rtol=1e-2)


def test_every_pixel_shows_the_triangle_around_it():
    points = scattered(3)
    triangles = mesh_warp.delaunay(points)
    label = mesh_warp.paint(points[triangles], np.arange(len(triangles)), 91)
    y, x = np.mgrid[:91, :91]
    for k, three in enumerate(triangles):
        outline = np.float32(points[three])
        for px, py in zip(x[label == k][::7], y[label == k][::7], strict=True):
            assert cv2.pointPolygonTest(outline, (float(px), float(py)), True) > -1.1


def test_what_is_painted_last_is_in_front():
    triangle = np.array([[(10.0, 10), (60, 10), (10, 60)]] * 2)
    assert mesh_warp.paint(triangle, np.array([0, 1]), 64)[20, 20] == 1
    assert mesh_warp.paint(triangle, np.array([1, 0]), 64)[20, 20] == 0
