"""Films frame by frame: writing an .mp4 or a moving .webp, reading one, and the webcam."""

import base64
import collections.abc
import contextlib
import html
import itertools
import pathlib

import cv2
import numpy as np
import PIL.ExifTags
import PIL.Image

from fkd_utils import console, files
from fkd_utils.files import InputError

FPS = 25  # frames a second
QUALITY = 60  # of a .webp, of 100


def write(path: pathlib.Path, frames: collections.abc.Iterable[np.ndarray]) -> int:
    """Write pictures (h, w, 3) uint8 of one size as an .mp4; returns how many.

    FPS of them are a second. Raises InputError when OpenCV cannot write there.
    """
    with files.replacing(path) as aside:
        # OpenCV chooses the container by the ending, which a file written aside has not.
        aside = aside.with_name(f"{aside.name}.mp4")
        writer, count = None, 0
        try:
            for frame in frames:
                if writer is None:
                    code = cv2.VideoWriter_fourcc(*"mp4v")
                    writer = cv2.VideoWriter(str(aside), code, FPS, frame.shape[1::-1])
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


def write_webp(
    path: pathlib.Path, frames: collections.abc.Iterable[np.ndarray], owner: str = ""
) -> int:
    """Write pictures (h, w, 3) uint8 of one size as an endless moving .webp; returns how many.

    FPS of them are a second. owner: kept in the file, whose pictures they are.
    Raises InputError when there are no frames.
    """
    pictures = [PIL.Image.fromarray(frame) for frame in frames]
    if not pictures:
        raise InputError(f"{path}: no frames to write")
    facts = PIL.Image.Exif()
    facts[PIL.ExifTags.Base.Copyright] = owner
    with files.replacing(path) as aside:
        pictures[0].save(
            aside,
            "WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=1000 // FPS,
            loop=0,
            quality=QUALITY,
            exif=facts,
        )
    return len(pictures)


def webp_as_html(path: pathlib.Path, title: str, alt: str) -> str:
    """A moving .webp as part of a page that needs no other file; the reader can fold it away.

    alt: what a reader who cannot see it must know.
    """
    content = base64.b64encode(path.read_bytes()).decode()
    return (
        f"<details open><summary>{html.escape(title)}</summary>"
        f'<img alt="{html.escape(alt)}" style="max-width:100%" '
        f'src="data:image/webp;base64,{content}"></details>'
    )


def read(path: pathlib.Path) -> collections.abc.Iterator[np.ndarray]:
    """The frames of a film one by one: (h, w, 3) uint8. Raises InputError for no film."""
    with console.no_standard_error():  # what OpenCV says there is said as an InputError
        film = cv2.VideoCapture(str(path))
    if not film.isOpened():
        raise InputError(f"{path}: this is no film that OpenCV can read")
    yield from _frames(film)


def webcam(frames: int) -> list[np.ndarray]:
    """Up to `frames` pictures of the first camera: (h, w, 3) uint8; none where there is none."""
    with console.no_standard_error():
        camera = cv2.VideoCapture(0)
    with contextlib.closing(_frames(camera)) as taken:
        return list(itertools.islice(taken, frames))


def _frames(source: cv2.VideoCapture) -> collections.abc.Iterator[np.ndarray]:
    try:
        while source.isOpened():
            there, frame = source.read()
            if not there:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        source.release()
