"""Picture files of every sort, whole, turned, huge and broken."""

import io
import pathlib
import subprocess

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils.data import photos
from fkd_utils.files import InputError

# Left half red, right half blue; taller than wide, so that a turn shows in the shape.
HALVES = np.zeros((40, 24, 3), np.uint8)
HALVES[:, :12, 0] = 250
HALVES[:, 12:, 2] = 250


def encoded(picture: PIL.Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def colours(picture: np.ndarray) -> tuple:
    """Mean colour of the left and of the right half, well inside."""
    half = picture.shape[1] // 2
    return picture[:, 2 : half - 2].mean((0, 1)), picture[:, half + 2 : -2].mean((0, 1))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_format_gives_the_same_picture(form):
    picture = photos.read(encoded(PIL.Image.fromarray(HALVES), form))
    assert picture.dtype == np.uint8
    assert picture.shape == (40, 24, 3)
    left, right = colours(picture)
    np.testing.assert_allclose(left, [250, 0, 0], atol=12)
    np.testing.assert_allclose(right, [0, 0, 250], atol=12)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_modes_keep_their_brightness(mode):
    grey = np.repeat(np.linspace(10, 245, 48).round().astype(np.uint8)[np.newaxis], 30, axis=0)
    source = PIL.Image.fromarray(grey)
    if mode in ("I;16", "I"):
        source = PIL.Image.fromarray(grey.astype(np.uint16) * 257)
        source = source if mode == "I;16" else source.convert("I")
    elif mode == "1":
        grey = np.where(grey > 127, 255, 0).astype(np.uint8)
        source = PIL.Image.fromarray(grey).convert("1")
    else:
        source = source if mode in ("P", "F") else source.convert("RGB")
        source = source.convert(mode)
    form = "PNG" if mode in ("1", "L", "LA", "P", "I;16") else "TIFF"
    picture = photos.read(encoded(source, form))
    assert picture.shape == (30, 48, 3)
    np.testing.assert_allclose(photos.to_grey(picture).astype(int), grey, atol=2)


def test_cmyk_jpeg():
    picture = PIL.Image.fromarray(HALVES).convert("CMYK")
    left, right = colours(photos.read(encoded(picture, "JPEG", quality=95)))
    assert left[0] > 200 > 60 > left[2]
    assert right[2] > 200 > 60 > right[0]


def test_transparent_becomes_white():
    clear = np.dstack([HALVES, np.full((40, 24), 255, np.uint8)])
    clear[:, :12, 3] = 0
    picture = photos.read(encoded(PIL.Image.fromarray(clear), "PNG"))
    left, right = colours(picture)
    np.testing.assert_array_equal(left, [255, 255, 255])
    np.testing.assert_array_equal(right, [0, 0, 250])


# What a viewer does for each EXIF orientation, with plain array operations.
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture(orientation):
    stored = np.random.default_rng(0).integers(0, 255, (12, 20, 3)).astype(np.uint8)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    data = encoded(PIL.Image.fromarray(stored), "PNG", exif=exif)
    np.testing.assert_array_equal(photos.read(data), TURNS[orientation](stored))


def test_a_broken_exif_block_is_overlooked():
    data = encoded(PIL.Image.fromarray(HALVES), "JPEG", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff")
    assert photos.read(data).shape == HALVES.shape


@pytest.mark.parametrize("side", [1, 2, 20])
def test_tiny_pictures(side):
    picture = photos.read(encoded(PIL.Image.new("RGB", (side, side), "red"), "PNG"))
    assert picture.shape == (side, side, 3)


def test_fifty_megapixels_pass_and_a_flood_does_not(monkeypatch):
    big = encoded(PIL.Image.new("L", (10_000, 5_000), 90), "PNG")
    assert photos.read(big).shape == (5_000, 10_000, 3)
    monkeypatch.setattr(photos, "MOST_PIXELS", 49_999_999)
    with pytest.raises(InputError, match="10000 x 5000 pixels"):
        photos.read(big)


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = encoded(PIL.Image.new("1", (30_000, 30_000)), "PNG")
    with pytest.raises(InputError, match="far too large"):
        photos.read(bomb)


def test_what_is_no_picture(tmp_path):
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    cases = {
        text: "no picture",
        tmp_path: "folder",
        tmp_path / "absent.png": "No such file",
        pathlib.Path("~photo.jpg"): "No such file",  # and no home of somebody called photo.jpg
    }
    for path, message in cases.items():
        with pytest.raises(InputError, match=message) as caught:
            photos.read(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="mine: this file is empty"):
        photos.read(b"", "mine")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_half_a_file_is_damaged(form):
    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3)).astype(np.uint8)
    data = encoded(PIL.Image.fromarray(noise), form)
    with pytest.raises(InputError):
        photos.read(data[: len(data) // 2])


JPEG = encoded(PIL.Image.fromarray(HALVES), "JPEG")
PNG = encoded(PIL.Image.fromarray(HALVES), "PNG")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([JPEG, PNG]), st.data())
def test_any_change_of_a_file_is_a_picture_or_an_input_error(data, draw):
    changed = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 6))):
        changed[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        picture = photos.read(bytes(changed))
    except InputError:
        return
    assert picture.dtype == np.uint8
    assert picture.ndim == 3


def test_write_and_read_back(tmp_path):
    photos.write(tmp_path / "new" / "a.png", HALVES)
    np.testing.assert_array_equal(photos.read(tmp_path / "new" / "a.png"), HALVES)
    photos.write(tmp_path / "a.JPG", HALVES)
    assert (tmp_path / "a.JPG").read_bytes()[:2] == b"\xff\xd8"
    with pytest.raises(InputError, match=r"end the name in one of .png"):
        photos.write(tmp_path / "a.xyz", HALVES)
    wide = np.zeros((1, 65_501, 3), np.uint8)
    for name in ("wide.jpg", "wide.webp"):
        with pytest.raises(InputError, match=r"65501 x 1 pixels, and a .* a side"):
            photos.write(tmp_path / name, wide)
    assert sorted(p.name for p in pathlib.Path(tmp_path).iterdir()) == ["a.JPG", "new"]
    longest = np.zeros((1, photos.LONGEST["JPEG"], 3), np.uint8)
    photos.write(tmp_path / "longest.jpg", longest)
    photos.write(tmp_path / "longest.webp", longest[:, : photos.LONGEST["WEBP"]])
    photos.write(tmp_path / "wide.png", wide)


def test_no_other_program_is_started(monkeypatch):
    monkeypatch.setattr(subprocess, "check_call", None)  # of Ghostscript: would fail
    for form in ("EPS", "PPM", "TGA", "ICO", "PCX", "PDF"):
        with pytest.raises(InputError, match=rf"no picture in {photos.READS}"):
            photos.read(encoded(PIL.Image.fromarray(HALVES), form))


def test_a_phones_picture_of_several_is_its_first():
    first, second = PIL.Image.fromarray(HALVES), PIL.Image.new("RGB", (9, 9))
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    assert photos.read(data).shape == HALVES.shape


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("colour", [False, True])
def test_white_is_chosen_by_the_data(bits, ending, colour):
    grey = np.linspace(0, 255, 40 * 30).round().reshape(30, 40)
    deep = (grey * (2**bits - 1) / 255).astype(np.uint16)
    if colour:
        deep, grey = (np.stack([a, a[::-1], a[:, ::-1]], axis=2) for a in (deep, grey))
    else:
        grey = np.repeat(grey[..., np.newaxis], 3, axis=2)
    done, data = cv2.imencode(ending, deep[..., ::-1] if colour else deep)
    assert done
    np.testing.assert_allclose(photos.read(data.tobytes()).astype(int), grey, atol=1)


def test_ten_bits_with_transparency():
    deep = np.full((8, 8, 4), 1023, np.uint16)
    deep[..., 0] = 0  # blue, in OpenCV's order: yellow
    deep[..., 3] = 65535
    deep[:4, :, 3] = 0
    picture = photos.read(cv2.imencode(".png", deep)[1].tobytes())
    np.testing.assert_array_equal(picture[:4], np.full((4, 8, 3), 255))
    np.testing.assert_array_equal(picture[4:], np.broadcast_to([255, 255, 0], (4, 8, 3)))


def test_a_picture_with_labels_is_not_turned():
    stored = np.random.default_rng(0).integers(0, 255, (12, 20, 3)).astype(np.uint8)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    data = encoded(PIL.Image.fromarray(stored), "PNG", exif=exif)
    np.testing.assert_array_equal(photos.read(data, turned=False), stored)


def test_too_little_memory_is_one_line(monkeypatch):
    def load(self):
        raise MemoryError

    monkeypatch.setattr(PIL.PngImagePlugin.PngImageFile, "load", load)
    with pytest.raises(InputError, match="there is not enough memory for this picture"):
        photos.read(PNG)


@given(
    st.integers(-50, 300),
    st.integers(-50, 300),
    st.integers(1, 5000),
    st.floats(-10, 110),
    st.floats(-10, 110),
)
def test_there_and_back(left, top, side, x, y):
    square = photos.Square(left, top, side)
    point = np.array([x, y])
    there = photos.to_photo(point, square)
    np.testing.assert_allclose(photos.to_crop(there, square), point, atol=1e-9)


@pytest.mark.parametrize("side", [48, 96, 192, 480, 960])
def test_a_dot_comes_back_to_where_it_was(side):
    # A soft dot is drawn on the photograph, found in the small face by its centre of mass,
    # and mapped back. The resizing is OpenCV's: it does not know our formula.
    y, x = np.mgrid[: side + 60, : side + 80].astype(float)
    square = photos.Square(31, 17, side)
    dot = np.array([31 + 0.37 * side, 17 + 0.61 * side])
    width = 0.05 * side
    picture = 255 * np.exp(-((x - dot[0]) ** 2 + (y - dot[1]) ** 2) / (2 * width**2))
    small = photos.to_face(photos.cut(picture.astype(np.float32), square))
    v, u = np.mgrid[:96, :96]
    centre = np.array([(small * u).sum(), (small * v).sum()]) / small.sum()
    np.testing.assert_allclose(photos.to_photo(centre, square), dot, atol=0.02 * side / 96)
    if side > 96:
        naive = [31, 17] + centre * side / 96
        assert np.abs(naive - dot).max() > 0.4 * (side / 96 - 1)


def test_outside_of_the_picture_is_its_mirror_image():
    picture = np.random.default_rng(0).integers(0, 255, (7, 5, 3)).astype(np.uint8)
    for left, top, side in [(-3, -2, 4), (3, 5, 6), (-20, -20, 60), (1, 2, 3)]:
        expected = [
            [picture[mirror(r, 7), mirror(c, 5)] for c in range(left, left + side)]
            for r in range(top, top + side)
        ]
        square = photos.Square(left, top, side)
        np.testing.assert_array_equal(photos.cut(picture, square), expected)


def mirror(index: int, length: int) -> int:
    return cv2.borderInterpolate(index, length, cv2.BORDER_REFLECT)


def test_a_square_far_outside_is_still_a_picture():
    square = photos.Square(-900, -900, 300)
    assert photos.cut(np.zeros((384, 384, 3), np.uint8), square).shape == (300, 300, 3)
