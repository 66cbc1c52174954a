"""The text of an Image field, '238 236 237 ...', as pixels: whole blocks of rows at once."""

import numpy as np

from fkd_utils import keypoints
from fkd_utils.errors import InputError

PIXELS = keypoints.SIDE**2
_ZERO, _SPACE = np.uint8(ord("0")), np.uint8(ord(" "))


def parse(texts: list[bytes]) -> np.ndarray | None:
    """Parse rows of PIXELS whole numbers from 0 to 255 with one space between two numbers.

    Returns (len(texts), PIXELS) uint8, or None when any row is written in another way; `parse_one`
    then tells whether that row is wrong or only spaced unusually. The work is done by numpy on
    the bytes: no Python object is made for a pixel. Blocks of about 64 rows fit the CPU's cache.
    """
    text = np.frombuffer(b" ".join(texts) + b" ", np.uint8)
    digits = text - _ZERO  # wraps round, so that only digits are below 10
    is_digit = digits < 10
    is_space = text == _SPACE
    if np.count_nonzero(is_digit) + np.count_nonzero(is_space) != len(text):
        return None
    digits *= is_digit
    ends = np.flatnonzero(is_space)  # the space behind each number
    if len(ends) != len(texts) * PIXELS:
        return None
    row_ends = np.cumsum([len(row) + 1 for row in texts]) - 1
    if not np.array_equal(ends[PIXELS - 1 :: PIXELS], row_ends):
        return None
    length = np.diff(ends, prepend=-1) - 1
    if length.min() < 1 or length.max() > 3:
        return None
    values = digits[ends - 1].astype(np.uint16)
    values += digits[ends - 2] * np.uint16(10)  # a one-digit number has a space there, which is 0
    values += digits[ends - 3] * np.uint16(100) * (length == 3)
    if values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(len(texts), PIXELS)


def parse_one(text: bytes) -> np.ndarray:
    """Parse one row in any spacing, slowly.

    Returns (PIXELS,) uint8. Raises InputError saying what is wrong with the row.
    """
    numbers = text.split()
    for index, number in enumerate(numbers):
        where = f"pixel {index} is {show(number)}"
        if not number.isdigit():
            raise InputError(f"{where}, which is no whole number from 0 to 255")
        if int(number[:20]) > 255:
            raise InputError(f"{where}, but a pixel goes from 0 to 255")
    if len(numbers) != PIXELS:
        side = keypoints.SIDE
        raise InputError(f"{len(numbers)} pixels, but a picture has {side} x {side} = {PIXELS}")
    return np.array(numbers, dtype=np.int64).astype(np.uint8)


def show(text: bytes) -> str:
    """A field from a file, short and printable, for a message."""
    shown = text[:24].decode("utf-8", errors="backslashreplace")
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
    return f"'{shown}{'...' if len(text) > 24 else ''}'"
