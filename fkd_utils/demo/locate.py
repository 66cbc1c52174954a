"""From a photograph to the keypoints of everyone in it, and to a clown or a film star."""

import dataclasses

import cv2
import keras
import numpy as np
import PIL.ImageColor

from fkd_utils import faces
from fkd_utils.data import photos
from fkd_utils.demo import detection, stickers
from fkd_utils.plotting import plots

BATCH = 64  # faces at a time


@dataclasses.dataclass(frozen=True)
class Found:
    """The faces of one photograph, from left to right.

    boxes: (m, 4) float32, left, top, width, height; squares: what was cut out for the network,
    m of them; points: (m, 15, 2) float64. All in the photograph's pixels.
    """

    boxes: np.ndarray
    squares: list[photos.Square]
    points: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)


def locate(
    model: keras.Model,
    picture: np.ndarray,
    boxes: np.ndarray | None = None,
    from_edge: bool = False,
) -> Found:
    """Find the faces of a picture (h, w, 3) uint8 and predict their keypoints.

    boxes: (m, 4), where the faces are already known. from_edge: the network's answers count from
    the picture's edge, as its labels did (`results.network_counts_from_edge`); the points found
    count from the centre of the first pixel all the same. No face is a result like any other:
    m = 0.
    """
    boxes = detection.find(picture) if boxes is None else np.asarray(boxes, np.float32)
    squares = [detection.square_of(box) for box in boxes]
    points = np.empty((0, len(faces.KEYPOINTS), 2))
    if squares:
        small = faces.answered(predict(model, crops(picture, squares)), model.name)
        small -= faces.HALF_PIXEL if from_edge else 0
        points = np.stack([photos.to_photo(p, s) for p, s in zip(small, squares, strict=True)])
    return Found(boxes, squares, points)


def crops(picture: np.ndarray, squares: list[photos.Square]) -> np.ndarray:
    """What a network is shown of a picture (h, w, 3) uint8: (m, 96, 96) uint8, one a square."""
    return np.stack([photos.to_face(photos.to_grey(photos.cut(picture, s))) for s in squares])


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Keypoints of uint8 images (n, 96, 96): (n, 15, 2) float32, pixels.

    Calls the network directly: `model.predict` spends more time on its set-up than on one face.
    """
    parts = [images[k : k + BATCH] for k in range(0, len(images), BATCH)]
    outputs = [keras.ops.convert_to_numpy(model(faces.to_inputs(part))) for part in parts]
    return faces.to_pixels(np.concatenate(outputs))


def add_noses(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A copy of the picture with a clown's nose on each face; points: (m, 15, 2)."""
    result = picture.copy()
    for face in points:
        _, unit, angle = stickers.pose(face)
        stickers.put(result, stickers.nose, face[faces.INDEX["nose_tip"]], unit, angle)
    return result


def add_sunglasses(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A copy of the picture with sunglasses on each face, turned as the eyes are."""
    result = picture.copy()
    for face in points:
        middle, unit, angle = stickers.pose(face)
        stickers.put(result, stickers.sunglasses, middle, unit, angle)
    return result


def draw_found(picture: np.ndarray, found: Found) -> np.ndarray:
    """A copy of the picture with green boxes and red points, as THESIS Fig 4.19 has them."""
    result = picture.copy()
    shift = 4  # OpenCV's drawing takes sixteenths of a pixel
    green, red = map(PIL.ImageColor.getrgb, (plots.TRUE, plots.PREDICTED))
    for box, points in zip(found.boxes, found.points, strict=True):
        thick = max(1, round(box[2] / 90))
        left, top, width, height = box
        corners = np.array([[left, top], [left + width - 1, top + height - 1]])
        first, last = (tuple(int(c) for c in p) for p in np.round(corners * 2**shift))
        cv2.rectangle(result, first, last, green, thick, cv2.LINE_AA, shift)
        radius = max(1.2, box[2] / 75)
        for point in np.round(points * 2**shift).astype(int):
            centre = tuple(int(c) for c in point)
            cv2.circle(result, centre, round(radius * 2**shift), red, -1, cv2.LINE_AA, shift)
    return result
