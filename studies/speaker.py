"""A mouth that opens, drawn by the maker of `open`: the pictures of chapter 17's last part.

They are stored, since OpenCV rounds otherwise on other processors, and since a chapter does not
need the maker. `python -m studies.speaker` writes them again.
"""

import pathlib

import numpy as np

from fkd_utils import files
from fkd_utils.data import photographs
from fkd_utils.demo import group_photo
from studies.open_faces import face_shape, render

FILE = files.REPO / "data" / "demo" / "speaker.npz"
GAPS = (0.0, 0.17, 0.34)  # between the lips, eye distances: closed, halfway, open


def speaker(gap: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One person with lips `gap` eye distances apart.

    Returns the picture (h, w) uint8, 15 points (15, 2) pixels, and the gap's pixels (h, w) bool.
    """
    name = group_photo.name_of(3)
    look = face_shape.Expression(mouth=gap)
    pose = face_shape.Pose(yaw=0, pitch=0, roll=0, scale=34, centre=(47.5, 38))
    warp, points = render.put(face_shape.express(face_shape.head(name), look), pose)
    sheet, cover = render.people(warp, warp.back(face_shape.mesh().flat), name, name, 0)
    if gap:
        rng, tone = np.random.default_rng(3), photographs.photo(name).tone
        sheet = render.open_mouth(rng, sheet, warp, look, tone)
    grey = np.clip(np.round(sheet + (1 - cover) * 215), 0, 255).astype(np.uint8)
    return grey, render.OVER * points + (render.OVER - 1) / 2, warp.gap()


def drawn() -> dict[str, np.ndarray]:
    """The three states of GAPS.

    pictures (3, h, w) uint8, points (3, 15, 2) pixels, between (h, w): the pixels between the
    lips when they are halfway open.
    """
    pictures, points, gaps = zip(*(speaker(gap) for gap in GAPS), strict=True)
    return {"pictures": np.stack(pictures), "points": np.stack(points), "between": gaps[1]}


def write(path: pathlib.Path = FILE) -> None:
    """Store `drawn` as an .npz."""
    with files.replacing(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, **drawn())


if __name__ == "__main__":
    write()
