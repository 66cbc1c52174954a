"""Viola and Jones's face detector, and the square around what it has found."""

import functools
import pathlib

import cv2
import numpy as np

from fkd_utils.data import photos
from fkd_utils.files import InputError

# Of OpenCV's four frontal cascades this one found all 142 embedded faces and made the
# fewest boxes on pictures without a face. Viola and Jones 2001; this cascade: Lienhart 2002.
CASCADE = "haarcascade_frontalface_alt.xml"
STEP = 1.1  # growth of the window from one search to the next
NEIGHBOURS = 5  # a face needs more hits than this; more than 6 would lose one of the 142 faces
SMALLEST = 24  # pixels; the cascade itself looks through a 20 pixel window
LONGEST = 1600  # pixels; a longer picture is searched in a smaller copy
# The picture is searched with a margin of copies of its edge, so many times its shorter side: of
# 24 faces of which a fifth was cut off, the cascade found 4 without the margin and 22 with it.
MARGIN = 0.15
SHORTEST = 160  # pixels; a shorter one in an enlarged copy: its face may be under 24 pixels

# Where the training faces lie in a box, in parts of the box's side: the square to cut out is
# SIDE_OF_BOX times as large and its centre stands SHIFT right of and below the box's centre.
# Chapter 12 measures it.
SIDE_OF_BOX = 0.984
SHIFT = (-0.002, 0.002)


@functools.lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    # From memory: OpenCV itself opens no file on Windows whose path has letters like é, and says
    # nothing of one that is missing.
    path, cascade = pathlib.Path(cv2.data.haarcascades) / CASCADE, cv2.CascadeClassifier()
    try:
        text = path.read_text(encoding="utf-8")
        stored = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        cascade.read(stored.getFirstTopLevelNode())
    except (OSError, ValueError, SystemError, cv2.error) as error:  # the third is OpenCV's, too
        raise InputError(f"{path}: cannot be read ({error}); install opencv anew") from error
    if cascade.empty():
        raise InputError(f"{path}: holds no face detector; install opencv anew")
    return cascade


def find(picture: np.ndarray) -> np.ndarray:
    """Boxes around the faces of a picture (h, w, 3) or (h, w) uint8.

    Returns (m, 4) float32, left, top, width, height in pixels from the picture's corner, from
    left to right; m is 0 when no face is found. Raises InputError when OpenCV's detector is
    not where it was installed.
    """
    grey = photos.to_grey(picture) if picture.ndim == 3 else picture
    height, width = grey.shape
    scale = min(1.0, LONGEST / max(height, width))
    if min(height, width) < SHORTEST:
        scale = min(SHORTEST / min(height, width), LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale != 1:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        grey = cv2.resize(grey, size, interpolation=how)
    edge = round(MARGIN * min(size))
    grey = cv2.copyMakeBorder(grey, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    found = _cascade().detectMultiScale(grey, STEP, NEIGHBOURS, minSize=(SMALLEST, SMALLEST))
    boxes = np.array(found, np.float32).reshape(-1, 4) - np.float32([edge, edge, 0, 0])
    boxes *= np.float32([width / size[0], height / size[1]] * 2)
    return boxes[np.argsort(boxes[:, 0], kind="stable")]


def square_of(box: np.ndarray) -> photos.Square:
    """The square around a box (4,) that shows the face as the training faces are shown."""
    left, top, width, height = np.asarray(box, np.float64)
    side = max(1, round(SIDE_OF_BOX * max(width, height)))
    centre = left + (0.5 + SHIFT[0]) * width, top + (0.5 + SHIFT[1]) * height
    return photos.Square(round(centre[0] - side / 2), round(centre[1] - side / 2), side)
