"""Chapter 16a's photographs and crops."""

import numpy as np
from chapters import pages
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils.data import landmarks, photographs
from fkd_utils.demo import detection

CUTTING = "crops", "MARGIN", "SHIFT", "SIZE", "Crops"
CROPPED = pages.load("16a", *CUTTING)


@given(st.floats(-0.06, 0.06), st.floats(-0.06, 0.06), st.floats(0.92, 1.08))
def test_no_point_leaves_a_wobbling_crop(right, down, size):
    points = np.array([(20.0, 40), (220, 50), (90, 300), (120, 40)])
    square = CROPPED.square_of(points, (right, down), size)
    places = detection.to_crop(points, detection.Square(*square))
    assert places.min() > -1 and places.max() < 96  # a square of whole pixels is off by half of one


@given(st.integers(-250, 250), st.integers(-250, 250), st.integers(1, 250))
def test_it_cuts_as_the_demonstration_does(left, top, side):
    rng = np.random.default_rng(3)
    grey, points = rng.integers(0, 256, (90, 70), dtype=np.uint8), rng.uniform(0, 70, (68, 2))
    square = detection.Square(left, top, side)
    image, places = CROPPED.cut(landmarks.Photo(grey, points, 0), square)
    np.testing.assert_array_equal(image, detection.to_face(detection.cut(grey, square)))
    np.testing.assert_allclose(places, detection.to_crop(points, square), rtol=1e-6)


def test_crops_show_the_same_spot_under_the_point():
    grey = np.full((300, 300), 30, np.uint8)
    points = np.random.default_rng(0).uniform(80, 220, (68, 2)).astype(np.float32)
    points[0] = 150, 120
    grey[110:131, 140:161] = 250  # around point 0, which mirrors to 16
    crops = CROPPED.crops([landmarks.Photo(grey, points, 0)], 4, np.random.default_rng(1))
    for k, (image, places) in enumerate(zip(*crops, strict=True)):
        centre = np.argwhere(image > 140).mean(axis=0)[::-1]
        assert np.abs(centre - places[16 if k % 2 else 0]).max() < 0.6


def test_points_outside_a_crop_are_unavailable():
    page = pages.load("16a", *CUTTING)
    page.MARGIN = 0.5
    points = np.random.default_rng(0).uniform(80, 220, (68, 2)).astype(np.float32)
    photo = landmarks.Photo(np.zeros((300, 300), np.uint8), points, 0)
    places = page.crops([photo], 1, np.random.default_rng(1)).points
    missing = np.isnan(places).any(axis=-1)
    assert 0 < missing.sum() < 68
    assert (places[~missing] >= -0.5).all() and (places[~missing] <= 95.5).all()


def test_the_embedded_people_have_the_teams_of_the_open_faces():
    found, teams = pages.load("16a", "embedded").embedded(), photographs.teams()
    assert len(found) == len(photographs.names())
    assert all(k in teams[photo.person] for k, photo in enumerate(found))
    assert all(photo.points.shape == (68, 2) for photo in found)


def test_the_second_part_cuts_the_same_crops():
    photos = pages.load("16a", "embedded").embedded()[:2]
    again = pages.load("16b", *CUTTING)
    for a, b in zip(*(page.crops(photos, 2, np.random.default_rng(1)) for page in (CROPPED, again)),
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(a, b)
