import cv2
import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import photographs, photos
from fkd_utils.demo import detection
from fkd_utils.files import InputError

NAMES = photographs.names()[::6]
STORED = "<?xml version='1.0'?><opencv_storage><a>1</a></opencv_storage>"  # none, but XML


def photograph(name: str) -> np.ndarray:
    return photos.read(photographs.FOLDER / f"{name}.jpg")


@pytest.fixture(scope="module")
def found() -> list[np.ndarray]:
    return [detection.find(photograph(name)) for name in NAMES]


def truth(name: str) -> np.ndarray:
    return faces.to_fifteen(photographs.template(name), faces.FROM_189)


def test_one_face_is_found_on_each_photograph(found):
    assert [len(boxes) for boxes in found] == [1] * len(NAMES)


def test_crops_show_the_face_where_the_training_faces_are(found):
    # The mean face of the embedded training set (profile quick, seed 0), rounded: eyes, nose, lip.
    middle, eyes = np.array([47.6, 47.7]), 35.6
    points = [
        photos.to_crop(truth(name), detection.square_of(boxes[0]))
        for name, boxes in zip(NAMES, found, strict=True)
    ]
    mean = np.mean(points, axis=0)
    np.testing.assert_allclose(mean.mean(axis=0), middle, atol=1.0)
    assert np.hypot(*(mean[0] - mean[1])) == pytest.approx(eyes, abs=1.5)


@pytest.mark.parametrize("shape", [(1, 1), (20, 20), (3, 400), (500, 2)])
def test_tiny_and_thin_pictures_have_no_face(shape):
    boxes = detection.find(np.full((*shape, 3), 128, np.uint8))
    assert boxes.shape == (0, 4)
    assert boxes.dtype == np.float32


def test_no_face_is_an_empty_result():
    noise = np.random.default_rng(3).integers(0, 255, (200, 300, 3)).astype(np.uint8)
    assert len(detection.find(noise)) == 0


def test_sizes_from_20_pixels_to_50_megapixels_give_the_same_box():
    picture = photograph(NAMES[0])
    box = detection.find(picture)[0]
    small = cv2.resize(picture, (40, 40), interpolation=cv2.INTER_AREA)
    large = np.zeros((5000, 10_000, 3), np.uint8)
    large[:, :5000] = cv2.resize(picture, (5000, 5000), interpolation=cv2.INTER_CUBIC)
    for other, factor in ((small, 40 / 384), (large, 5000 / 384)):
        boxes = detection.find(other)
        assert len(boxes) == 1
        np.testing.assert_allclose(boxes[0], box * factor, atol=0.06 * box[2] * factor)


@pytest.mark.parametrize(("share", "at_least"), [(0.1, 8), (0.2, 6)])
def test_a_face_cut_off_by_the_border_is_found_where_it_is(share, at_least, found):
    hits = 0
    for name, boxes in zip(NAMES[:8], found, strict=False):
        box = boxes[0]
        left = int(box[0] + share * box[2])
        rest = photograph(name)[:, left:]
        for other in detection.find(rest):
            hits += 1
            # The box may come out smaller; it has to stand over the same face.
            centre = other[:2] + other[2:] / 2 + [left, 0]
            np.testing.assert_allclose(centre, box[:2] + box[2:] / 2, atol=0.08 * box[2])
            square = detection.square_of(other)
            assert square.left < 0
            face = photos.to_face(photos.to_grey(photos.cut(rest, square)))
            assert face.shape == (96, 96)
    assert hits >= at_least


@pytest.mark.parametrize("content", [None, "no XML", "<opencv_storage/>", STORED])
def test_a_detector_that_is_not_there_is_named(tmp_path, monkeypatch, content):
    if content is not None:
        (tmp_path / detection.CASCADE).write_text(content)
    monkeypatch.setattr(detection.cv2.data, "haarcascades", str(tmp_path))
    with pytest.raises(InputError, match="install opencv anew"):
        detection._cascade.__wrapped__()
