"""Films frame by frame: writing an .mp4, reading one, and the webcam."""

import collections.abc
import pathlib

import cv2
import numpy as np

from fkd_utils import files, quiet
from fkd_utils.errors import InputError

FPS = 25  # frames a second


def write(
    path: pathlib.Path, frames: collections.abc.Iterable[np.ndarray], fps: float = FPS
) -> int:
    """Write pictures (h, w, 3) uint8 of one size as an .mp4; returns how many.

    Raises InputError when OpenCV cannot write there.
    """
    with files.replacing(path) as aside:
        # OpenCV chooses the container by the ending, which a file written aside has not.
        aside = aside.with_name(f"{aside.name}.mp4")
        writer, count = None, 0
        try:
            for frame in frames:
                if writer is None:
                    code = cv2.VideoWriter_fourcc(*"mp4v")
                    writer = cv2.VideoWriter(str(aside), code, fps, frame.shape[1::-1])
                    if not writer.isOpened():
                        raise InputError(f"{path}: OpenCV cannot write a film there")
                writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
                count += 1
            if writer is None:
                raise InputError(f"{path}: no frames to write")
            writer.release()
            aside.replace(aside.with_suffix(""))
        finally:
            if writer is not None:
                writer.release()
            aside.unlink(missing_ok=True)
    return count


def read(path: pathlib.Path) -> collections.abc.Iterator[np.ndarray]:
    """The frames of a film one by one: (h, w, 3) uint8. Raises InputError for no film."""
    with quiet.no_standard_error():  # what OpenCV says there is said as an InputError
        film = cv2.VideoCapture(str(path))
    try:
        if not film.isOpened():
            raise InputError(f"{path}: this is no film that OpenCV can read")
        while True:
            there, frame = film.read()
            if not there:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        film.release()


def webcam(frames: int) -> list[np.ndarray]:
    """Up to `frames` pictures of the first camera: (h, w, 3) uint8; none where there is none."""
    with quiet.no_standard_error():
        camera = cv2.VideoCapture(0)
    try:
        taken = []
        while camera.isOpened() and len(taken) < frames:
            there, frame = camera.read()
            if not there:
                break
            taken.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        return taken
    finally:
        camera.release()
