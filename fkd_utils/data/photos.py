"""A reader's photographs: any picture file in, red, green and blue out, the right way up.

And the square that a face is cut out of one with: there, and back (chapter 12).
"""

import contextlib
import io
import pathlib
import typing
import warnings

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps

from fkd_utils import faces, files
from fkd_utils.files import InputError

MOST_PIXELS = 100_000_000  # 300 MB in memory, and as much again while it is turned
READS = "PNG, JPEG, WebP, GIF, BMP or TIFF"
# What Pillow may take a file for. It knows more, and starts Ghostscript for one of them.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
WRITES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
LONGEST = {"JPEG": 65_500, "WEBP": 16_383}  # pixels a side that the format's writer takes


class Square(typing.NamedTuple):
    """Where a face is cut out: whole pixels, so that cutting moves no pixel centre.

    left, top: the photograph's pixel that becomes the crop's first; may lie outside of it.
    """

    left: int
    top: int
    side: int


def read(
    file: pathlib.Path | str | bytes, name: str = "the picture", turned: bool = True
) -> np.ndarray:
    """The picture in `file` (a path, or what stands in it): (h, w, 3) uint8, red first.

    turned: as its EXIF note says; False for a picture whose labels count stored pixels. Grey,
    CMYK, 16 bit and palettes become plain colour; of more than 8 bits, white is the least of 10,
    12, 14, 16, 24 or 32 bits that holds all values. What is transparent becomes white; of several
    frames the first counts. `name` stands for bytes in messages.
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
                shallow = _loaded(picture, file)
                return np.ascontiguousarray(_plain(_upright(shallow) if turned else shallow))
            except MemoryError as error:
                what = "there is not enough memory for this picture; make a smaller copy"
                raise InputError(f"{name}: {what} and use that") from error
            except Exception as error:  # whatever a damaged file makes Pillow raise
                why = " ".join(str(error).split()) or type(error).__name__
                raise InputError(f"{name}: the picture is damaged ({why})") from error


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
        picture = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
    except PIL.Image.DecompressionBombError as error:
        raise InputError(f"{name}: the picture is far too large; make a smaller copy") from error
    except Exception as error:  # whatever a damaged header makes Pillow raise
        what = "this file is empty" if not data else f"this is no picture in {READS}"
        raise InputError(f"{name}: {what}") from error
    with picture:
        yield picture


def _loaded(picture: PIL.Image.Image, data: bytes) -> PIL.Image.Image:
    """The decoded picture. Of colours with 16 bits Pillow keeps the upper 8; of a camera's 10, 12
    or 14 bits these are few, so such a picture is decoded with OpenCV and its white chosen.
    """
    deep = any(";16" in str(tile[3]) for tile in picture.tile)
    picture.load()
    if not deep or picture.mode not in ("RGB", "RGBA", "LA"):
        return picture
    if max(high for _, high in picture.convert("RGB").getextrema()) >= 64:
        return picture
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[2:] not in ((3,), (4,)):
        return picture
    colours = cv2.cvtColor(values[..., :3], cv2.COLOR_BGR2RGB)
    plain = PIL.Image.fromarray(_eight_bits(colours))
    if picture.has_transparency_data:
        plain.putalpha(picture.convert("RGBA").getchannel("A"))
    plain.info["exif"] = picture.getexif().tobytes()
    return plain


def _upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Turned as the camera noted. A broken note is no reason to refuse the picture."""
    try:
        return PIL.ImageOps.exif_transpose(picture)
    except Exception:  # whatever a malformed EXIF block makes Pillow raise
        return picture


def _plain(picture: PIL.Image.Image) -> np.ndarray:
    """(h, w, 3) uint8 of a picture in any of Pillow's modes."""
    if picture.mode.startswith(("I", "F")):  # 16 or 32 bit grey; convert() would clip it at 255
        values = np.asarray(picture)
        if picture.mode == "F":
            values = np.where(np.isfinite(values), values, 0)
            values = values * 255 if values.max() <= 1 else values
        return np.repeat(_eight_bits(values)[..., np.newaxis], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(paper, picture)
    return np.asarray(picture.convert("RGB"))


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Values of any depth as uint8; white is the least usual depth that holds all of them."""
    top = next((2**b - 1 for b in (8, 10, 12, 14, 16, 24, 32) if values.max() < 2**b), 2**32 - 1)
    scaled = np.round(values * np.float32(255 / top))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def to_grey(picture: np.ndarray) -> np.ndarray:
    """The brightness of a picture (h, w, 3) uint8: (h, w) uint8."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def cut(picture: np.ndarray, square: Square) -> np.ndarray:
    """The square of a picture (h, w) or (h, w, 3); what lies outside is mirrored at the border.

    Returns (side, side) or (side, side, 3), the picture's dtype.
    """
    height, width = picture.shape[:2]
    rows = _mirrored(np.arange(square.top, square.top + square.side), height)
    columns = _mirrored(np.arange(square.left, square.left + square.side), width)
    return picture[np.ix_(rows, columns)]


def _mirrored(index: np.ndarray, length: int) -> np.ndarray:
    """Indices 0..length-1 for any index: ... 1 0 | 0 1 2 | 2 1 ..., as often as needed."""
    index = index % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)


def to_face(crop: np.ndarray) -> np.ndarray:
    """A grey square as the networks want it: (96, 96) uint8."""
    size = faces.SIDE, faces.SIDE
    # A large face is averaged, or fine stripes would turn into coarse ones.
    how = cv2.INTER_AREA if len(crop) > faces.SIDE else cv2.INTER_CUBIC
    return cv2.resize(crop, size, interpolation=how)


def to_photo(points: np.ndarray, square: Square) -> np.ndarray:
    """Points of a 96x96 face, (..., 2) pixels, as points of the photograph it was cut from.

    Pixel i of the small picture covers i to i + 1 of its width, and its centre is i + 0.5. So
    X = left + (x + 0.5) side / 96 - 0.5; multiplying alone leaves out half a large pixel.
    """
    corner = np.array([square.left, square.top], np.float64)
    return corner + (np.asarray(points) + 0.5) * (square.side / faces.SIDE) - 0.5


def to_crop(points: np.ndarray, square: Square, side: int = faces.SIDE) -> np.ndarray:
    """The inverse of `to_photo`, for a small picture of side x side."""
    corner = np.array([square.left, square.top], np.float64)
    return (np.asarray(points) - corner + 0.5) * (side / square.side) - 0.5


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
