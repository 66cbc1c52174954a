"""A reader's photographs: any picture file in, red, green and blue out, the right way up."""

import contextlib
import io
import pathlib
import warnings

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps

from fkd_utils import files
from fkd_utils.files import InputError

MOST_PIXELS = 100_000_000  # 300 MB in memory, and as much again while it is turned
READS = "PNG, JPEG, WebP, GIF, BMP or TIFF"
WRITES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
LONGEST = {"JPEG": 65_500, "WEBP": 16_383}  # pixels a side that the format's writer takes


def read(file: pathlib.Path | str | bytes, name: str = "the picture") -> np.ndarray:
    """The picture in `file` (a path, or what stands in it): (h, w, 3) uint8, red first.

    Turned as its EXIF note says; grey, CMYK, 16 bit and palettes become plain colour; what is
    transparent becomes white; of several frames the first. `name` stands for bytes in messages.
    Raises InputError for a missing file, one that is no picture, a broken or far too large one.
    """
    if not isinstance(file, bytes):
        name = str(file)
        file = _bytes_of(files.expanded(file))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's on size and odd EXIF; the limit is below
        with _open(file, name) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InputError(
                    f"{name}: {picture.width} x {picture.height} pixels, more than "
                    f"{MOST_PIXELS // 10**6} million; make a smaller copy and use that"
                )
            try:
                return np.ascontiguousarray(_plain(_upright(picture)))
            except (OSError, SyntaxError, ValueError) as error:
                raise InputError(f"{name}: the picture is damaged ({error})") from error


def _bytes_of(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise InputError(f"{path}: this is a folder; name the pictures in it") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


@contextlib.contextmanager
def _open(data: bytes, name: str):
    try:
        picture = PIL.Image.open(io.BytesIO(data))
    except PIL.Image.DecompressionBombError as error:
        raise InputError(f"{name}: the picture is far too large; make a smaller copy") from error
    except (OSError, SyntaxError, ValueError) as error:
        what = "this file is empty" if not data else f"this is no picture in {READS}"
        raise InputError(f"{name}: {what}") from error
    with picture:
        yield picture


def _upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Turned as the camera noted. A broken note is no reason to refuse the picture."""
    picture.load()
    try:
        return PIL.ImageOps.exif_transpose(picture)
    except Exception:  # whatever a malformed EXIF block makes Pillow raise
        return picture


def _plain(picture: PIL.Image.Image) -> np.ndarray:
    """(h, w, 3) uint8 of a picture in any of Pillow's modes."""
    if picture.mode.startswith(("I", "F")):  # 16 or 32 bit grey; convert() would clip it at 255
        values = np.asarray(picture, np.float64)
        values = np.where(np.isfinite(values), values, 0)
        top = 255 if values.min() >= 0 and values.max() <= 255 else 65535
        if picture.mode.startswith("I;16"):
            top = 65535
        elif picture.mode == "F" and values.max() <= 1:
            top = 1
        grey = np.clip(np.round(values * (255 / top)), 0, 255).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(paper, picture)
    return np.asarray(picture.convert("RGB"))


def to_grey(picture: np.ndarray) -> np.ndarray:
    """The brightness of a picture (h, w, 3) uint8: (h, w) uint8."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def write(path: pathlib.Path, picture: np.ndarray) -> None:
    """Write a picture (h, w, 3) uint8, in the format the file's ending asks for.

    Raises InputError for an ending it does not know, a picture that is too long for the format,
    and when the file cannot be written.
    """
    form = WRITES.get(path.suffix.lower())
    if form is None:
        raise InputError(f"{path}: end the name in one of {', '.join(WRITES)}")
    longest = LONGEST.get(form, max(picture.shape))
    if max(picture.shape) > longest:
        height, width = picture.shape[:2]
        raise InputError(
            f"{path}: {width} x {height} pixels, and a {form} holds {longest} a side; make a "
            "smaller copy and use that"
        )
    with files.replacing(path) as aside:
        PIL.Image.fromarray(picture).save(aside, form, quality=92)
