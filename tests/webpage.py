"""The page of the networks in a real browser: a file server, Chromium, films for its camera."""

import collections.abc
import contextlib
import functools
import http.server
import json
import pathlib
import shutil
import threading
import time
import typing

import cv2
import numpy as np
import pytest

from fkd_utils.data import photos
from fkd_utils.demo import group_photo, morph

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
SIZE = 640, 480
BITS, BLOCK = 9, 16  # a frame's number stands in its first rows, so that it is known in the page


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows the output of a test that fails."""


@contextlib.contextmanager
def served(folder: pathlib.Path) -> collections.abc.Iterator[str]:
    """The address of a plain file server of a folder."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@contextlib.contextmanager
def playing() -> collections.abc.Iterator[typing.Any]:
    """What starts browsers, see `chromium`; once in a process. Skips where there are none."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: the page is not tested in a browser")
    from playwright import sync_api  # not at the top: a machine without it runs the other tests

    with sync_api.sync_playwright() as play:
        yield play


@contextlib.contextmanager
def chromium(play: typing.Any, *flags: str) -> collections.abc.Iterator[typing.Any]:
    """A browser, started with these flags."""
    # GPU: a machine that tests has none, and Chromium's stand-in for it is slower than nothing.
    flags = ("--no-sandbox", "--disable-gpu", *flags)
    browser = play.chromium.launch(executable_path=CHROMIUM, args=list(flags), timeout=90_000)
    yield browser
    browser.close()


class Visit:
    """A page that is open, and what it asked for and complained of."""

    def __init__(
        self, browser: typing.Any, address: str, first: str = "", **options: typing.Any
    ) -> None:
        """first: code that runs before the page's own; options: of the browser's page."""
        self.page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.add_init_script(first)
        self.page.goto(address)

    def _heard(self, message: typing.Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def status(self) -> str:
        return self.page.inner_text("#status")

    def until(self, *words: str, seconds: float = 60) -> str:
        """Wait until the page's line says one of these words; the line."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if any(word in self.status() for word in words):
                return self.status()
            self.page.wait_for_timeout(20)
        raise AssertionError(f"the page never said {words}, but {self.status()!r}")

    def start_camera(self) -> None:
        """Press the button and wait for the first frame."""
        self.page.click("#camera")
        self.page.wait_for_selector("#camera:has-text('Stop')")
        before = self.do("return state.frames")
        while self.do("return state.frames") == before:
            self.page.wait_for_timeout(20)

    def do(self, code: str, value: object = None) -> typing.Any:
        """The answer of code with the page's `state` and a `value`, in the page."""
        whole = f"""async (value) => {{
            const at = (name) => new URL(name, location.href).href;
            const {{ state }} = await import(at("page.js"));
            {code} }}"""
        return self.page.evaluate(whole, value)

    def faces(self) -> tuple[list[photos.Square], np.ndarray]:
        """Where the final network looked, and its points (m, 15, 2) on the photograph."""
        found = self.do("return state.faces.map(({square, points}) => ({square, points}))")
        squares = [photos.Square(**one["square"]) for one in found]
        return squares, np.array([one["points"] for one in found]).reshape(-1, 15, 2)


def morph_film(frames: int) -> collections.abc.Iterator[np.ndarray]:
    """Faces that become one another (chapter 17) while the head moves, turns and comes closer."""
    stills = []
    for person in (0, 3, 1):
        points = group_photo.portrait_points(person)
        picture, square = group_photo.portrait(person), morph.frame(points)
        stills.append(morph.still(picture, points, square))
    shown = morph.film(stills, 10, frames // len(stills) - 10)
    for t, picture in zip(np.arange(frames) / 25, shown, strict=False):
        yield placed(
            picture,
            0.5 + 0.15 * np.sin(1.3 * t),
            0.5 + 0.06 * np.sin(2.1 * t),
            1.25 + 0.25 * np.sin(0.9 * t),
            14 * np.sin(1.7 * t),
        )


def placed(picture: np.ndarray, x: float, y: float, scale: float, turn: float) -> np.ndarray:
    """A picture on a wall of SIZE: its middle at x, y (shares of SIZE), turned by degrees."""
    side = len(picture)
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), -turn, scale)
    matrix[:, 2] += np.array([x, y]) * SIZE - (side - 1) / 2
    from_edge = np.minimum(np.arange(side), np.arange(side)[::-1])
    fade = np.clip(np.minimum(from_edge, from_edge[:, np.newaxis]) / 20, 0, 1)
    layer = np.dstack([picture * fade[..., np.newaxis], fade]).astype(np.float32)
    layer = cv2.warpAffine(layer, matrix, SIZE, flags=cv2.INTER_LINEAR)
    wall = np.array(group_photo.WALL, np.float32)
    return np.round(layer[..., :3] + (1 - layer[..., 3:]) * wall).astype(np.uint8)


def write_film(path: pathlib.Path, frames: typing.Iterable[np.ndarray]) -> list[np.ndarray]:
    """A .mjpeg for Chromium's fake camera; the frames as they are read from it, numbered."""
    stored = []
    with path.open("wb") as film:
        for number, frame in enumerate(frames):
            frame = frame.copy()
            for bit in range(BITS):
                frame[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (number >> bit & 1)
            _, content = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
            film.write(content.tobytes())
            stored.append(cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1])
    return stored


NUMBER = f"""const number = (grey) => {{
    let sum = 0;
    for (let bit = 0; bit < {BITS}; bit++) {{
        const at = {BLOCK // 2} * (grey.width + 1) + bit * {BLOCK};
        sum += (grey.data[at] > 127) << bit;
    }}
    return sum;
}};"""


def watched(visit: Visit, frames: int) -> list[dict]:
    """What the page found in the next frames of its camera: number, ms, squares, points."""
    return json.loads(
        visit.do(
            NUMBER
            + """
            const seen = [];
            let last = state.frames;
            while (seen.length < value) {
                await new Promise(requestAnimationFrame);
                if (state.frames === last) continue;
                last = state.frames;
                const faces = state.faces.map(
                    ({square, points, missed}) => ({square, points, missed}));
                seen.push({number: number(state.grey), work: state.work, faces});
            }
            return JSON.stringify(seen);""",
            frames,
        )
    )
