import base64
import re

import cv2
import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageSequence
import pytest

from fkd_utils.demo import film
from fkd_utils.files import InputError


def squares(count: int) -> list[np.ndarray]:
    """A red square that moves to the right on grey."""
    frames = np.full((count, 64, 96, 3), 90, np.uint8)
    for k, frame in enumerate(frames):
        frame[20:44, 4 * k : 4 * k + 24] = [220, 30, 30]
    return list(frames)


def test_frames_come_back_in_order_and_colour(tmp_path):
    path = tmp_path / "new" / "film.mp4"
    assert film.write(path, iter(squares(8))) == 8
    back = list(film.read(path))
    assert len(back) == 8
    for k, (frame, original) in enumerate(zip(back, squares(8), strict=True)):
        assert frame.shape == (64, 96, 3)
        assert np.abs(frame.astype(int) - original).mean() < 12
        red = frame[..., 0].astype(int) - frame[..., 2]
        x = np.average(np.arange(96), weights=np.clip(red, 40, None).sum(axis=0) - 40 * 64)
        assert x == pytest.approx(4 * k + 11.5, abs=1.5)
    assert [p.name for p in path.parent.iterdir()] == ["film.mp4"]


def test_frame_rate_is_stored(tmp_path):
    film.write(tmp_path / "a.mp4", squares(5))
    stored = cv2.VideoCapture(str(tmp_path / "a.mp4")).get(cv2.CAP_PROP_FPS)
    assert stored == pytest.approx(film.FPS)


def test_no_frames_and_no_half_written_film(tmp_path):
    with pytest.raises(InputError, match="no frames"):
        film.write(tmp_path / "a.mp4", [])

    def broken():
        yield squares(1)[0]
        raise RuntimeError("camera fell")

    with pytest.raises(RuntimeError, match="camera fell"):
        film.write(tmp_path / "a.mp4", broken())
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_film(tmp_path, capfd):
    text = tmp_path / "a.mp4"
    text.write_text("no film")
    for path in (text, tmp_path / "absent.mp4"):
        with pytest.raises(InputError, match="no film"):
            list(film.read(path))
    assert capfd.readouterr().err == ""


class Camera:
    """Stands in for cv2.VideoCapture(0)."""

    def __init__(self, frames: int, opened: bool = True) -> None:
        self.left, self.opened, self.released = frames, opened, False

    def isOpened(self) -> bool:
        return self.opened

    def read(self) -> tuple:
        self.left -= 1
        blue_first = np.zeros((4, 4, 3), np.uint8)
        blue_first[..., 0] = 255
        return self.left >= 0, blue_first

    def release(self) -> None:
        self.released = True


@pytest.mark.parametrize(("has", "opened", "expected"), [(9, True, 3), (2, True, 2), (9, False, 0)])
def test_webcam(has, opened, expected, monkeypatch):
    camera = Camera(has, opened)
    monkeypatch.setattr(cv2, "VideoCapture", lambda index: camera)
    frames = film.webcam(3)
    assert len(frames) == expected
    assert camera.released
    for frame in frames:
        assert frame[0, 0].tolist() == [0, 0, 255]


def test_webp_keeps_frames_colours_time_and_owner(tmp_path):
    path = tmp_path / "new" / "film.webp"
    assert film.write_webp(path, iter(squares(8)), "made by hand") == 8
    with PIL.Image.open(path) as made:
        assert made.getexif()[PIL.ExifTags.Base.Copyright] == "made by hand"
        assert made.n_frames == 8 and made.info["loop"] == 0
        back = []
        for frame in PIL.ImageSequence.Iterator(made):
            frame.load()  # a .webp tells a frame's time only then
            back.append((frame.info["duration"], np.asarray(frame.convert("RGB"), int)))
    assert [duration for duration, _ in back] == [1000 // film.FPS] * 8
    for k, (_, frame) in enumerate(back):  # each is most like the one that was given
        apart = [np.abs(frame - original).mean() for original in squares(8)]
        assert np.argmin(apart) == k and apart[k] < 6
    assert [p.name for p in path.parent.iterdir()] == ["film.webp"]


def test_webp_without_frames(tmp_path):
    with pytest.raises(InputError, match="no frames"):
        film.write_webp(tmp_path / "a.webp", [])
    assert list(tmp_path.iterdir()) == []


def test_webp_in_a_page_needs_no_other_file(tmp_path):
    path = tmp_path / "a.webp"
    film.write_webp(path, squares(3))
    page = film.webp_as_html(path, "A <film>", 'red "square" moves')
    assert "A &lt;film&gt;" in page and 'alt="red &quot;square&quot; moves"' in page
    content = re.search(r"data:image/webp;base64,([^\"]*)", page)[1]
    assert base64.b64decode(content) == path.read_bytes()
