"""What stands in front of a face, each thing where its name says, and what is behind it."""

import functools

import cv2
import numpy as np
import pytest

from fkd_utils.data import photographs
from studies.open_faces import face_shape, occlusion, render

POSE = face_shape.Pose(0, 0, 0, 36, (48, 37))
SHEET = np.full((render.SIDE, render.SIDE), 150, np.float32)
PLACES = {  # head coordinates; left and right are the picture's
    "left rim": (-0.87, 0.05),
    "right rim": (0.87, 0.05),
    "left eye": (-0.5, 0),
    "right eye": (0.5, 0),
    "forehead": (0, -0.8),
    "nose": (0, 0.55),
    "mouth": (0, 1.1),
    "left cheek": (-0.7, 1.0),
    "right cheek": (0.7, 1.0),
    "chin": (0, 1.55),
}


def place(head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return render.to_canvas(head, POSE)


@functools.cache
def changed(kind: str) -> np.ndarray:
    """(24, side, side) bool: what a thing changes of an even sheet."""
    draw = getattr(occlusion, f"_{kind}")
    sheets = [draw(np.random.default_rng(seed), SHEET, place, 220.0) for seed in range(24)]
    assert all(s.shape == SHEET.shape and np.isfinite(s).all() for s in sheets)
    return np.abs(np.stack(sheets) - SHEET) > 12


@pytest.mark.parametrize(
    ("kind", "often", "hidden"),
    [
        ("glasses", ("left rim", "right rim"), ("forehead", "nose", "mouth", "chin")),
        ("hat", ("forehead",), ("left eye", "right eye", "nose", "mouth", "chin")),
        ("hand", (), ("left eye", "right eye", "forehead")),
        ("scarf", ("chin",), ("left eye", "right eye", "forehead", "nose")),
        ("microphone", ("chin",), ("left eye", "right eye", "forehead", "nose")),
        ("strands", (), ("nose", "mouth", "chin")),
        ("fringe", ("forehead",), ("nose", "mouth", "chin")),
    ],
)
def test_a_thing_is_where_its_name_says(kind, often, hidden):
    masks = changed(kind)
    assert 0.005 < masks.mean(axis=(1, 2)).max() < 0.5
    x, y = np.round(place(np.array([(*at, 0) for at in PLACES.values()]))[0]).astype(int).T
    around = [masks[:, b - 2 : b + 3, a - 2 : a + 3].mean() for a, b in zip(x, y, strict=True)]
    share = dict(zip(PLACES, around, strict=True))
    assert all(share[name] > 0.4 for name in often)
    assert all(share[name] < 0.05 for name in hidden)


@pytest.mark.parametrize(
    ("kind", "top", "bottom"),  # in head coordinates, where the picture reaches from -1.03 to 1.63
    [
        ("glasses", (-0.5, -0.1), (0.1, 0.6)),
        ("strands", (-1.1, -0.9), (0.5, 1.65)),
        ("hand", (0.2, 0.9), (1.5, 1.65)),
    ],
)
def test_a_thing_lies_between_two_heights(kind, top, bottom):
    rows = np.flatnonzero(changed(kind).any(axis=2).mean(axis=0) > 0.1)
    _, first, _, last = place(np.array([(0, 0, 0), (0, 1, 0)]))[0].ravel()
    found = (rows[[0, -1]] - first) / (last - first)
    assert top[0] < found[0] < top[1] and bottom[0] < found[1] < bottom[1]


def test_a_lens_in_four_is_dark():
    eyes = [PLACES["left eye"], PLACES["right eye"]]
    (x0, y0), (x1, y1) = np.round(place(np.array([(*eye, 0) for eye in eyes]))[0]).astype(int)
    sheets = [occlusion._glasses(np.random.default_rng(k), SHEET, place, 150) for k in range(80)]
    levels = np.array([(sheet[y0, x0], sheet[y1, x1]) for sheet in sheets])
    assert 0.15 < (levels < 110).all(axis=1).mean() < 0.35
    assert 0.65 < (levels > 140).all(axis=1).mean() < 0.85


@pytest.mark.parametrize(
    ("many", "expected"),
    [
        (False, {"glasses": 0.13, "hat": 0.04, "strands": 0.02, "hand": 0.015}),
        (True, {"glasses": 0.2, "hat": 0.06, "strands": 0.05, "hand": 0.05, "fringe": 0.08}),
    ],
)
def test_some_faces_have_a_thing_in_front(monkeypatch, many, expected):
    kinds = ("", "glasses", "hat", "strands", "hand", "scarf", "microphone", "fringe")
    for level, kind in enumerate(kinds[1:], 1):
        monkeypatch.setattr(
            occlusion, f"_{kind}", lambda rng, sheet, *_, level=level: sheet * 0 + level
        )
    rng, blank = np.random.default_rng(0), np.zeros((1, 1))
    drawn = [int(occlusion.add_props(rng, blank, place, 150.0, many)[0, 0]) for _ in range(4000)]
    shares = dict(zip(kinds, np.bincount(drawn, minlength=8) / len(drawn), strict=True))
    for kind, share in expected.items():
        assert shares[kind] == pytest.approx(share, abs=0.02)
    assert 0.005 < shares["scarf"] < 0.03 and (shares["fringe"] > 0) == many
    assert shares[""] == pytest.approx(0.525 if many else 0.765, abs=0.03)


def test_backgrounds_of_four_kinds_none_of_them_flat(monkeypatch):
    some = [photographs.photo(photographs.names()[0]).grey]
    behind = [occlusion.draw_scenery(np.random.default_rng(k), 96, 150, some) for k in range(60)]
    assert np.isfinite(behind).all()
    assert np.std([wall.mean() for wall in behind]) > 30
    spread = np.array([wall.std() for wall in behind])
    assert np.mean(spread > 4) > 0.95 and np.median(spread) > 15
    kinds = ("wall", "things", "leaves", "blurred")
    for kind in kinds:
        monkeypatch.setattr(occlusion, f"_{kind}", lambda *_, kind=kind: kind)
    rng = np.random.default_rng(0)
    drawn = [occlusion.draw_scenery(rng, 96, 150, some) for _ in range(2000)]
    shares = [drawn.count(kind) / len(drawn) for kind in kinds]
    np.testing.assert_allclose(shares, [0.35, 0.25, 0.2, 0.2], atol=0.04)


def test_walls_are_smooth_things_have_edges_and_leaves_a_texture():
    def detail(kind: str) -> tuple[float, float]:
        """Medians of fine texture, in grey levels, and of the steepest slope over the spread."""
        made = [getattr(occlusion, f"_{kind}")(np.random.default_rng(k), 96) for k in range(30)]
        fine = [cv2.Laplacian(np.float32(one), cv2.CV_32F).std() for one in made]
        steep = [np.abs(np.gradient(one)).max() / one.std() for one in made]
        return float(np.median(fine)), float(np.median(steep))

    wall, things, leaves = detail("wall"), detail("things"), detail("leaves")
    assert wall[0] < 0.4 and wall[1] < 0.12
    assert things[1] > 0.2 and leaves[0] > 0.8


def test_a_photograph_behind_is_out_of_focus_and_differs_with_the_photograph():
    rng = np.random.default_rng
    grey = photographs.photo(photographs.names()[0]).grey
    behind = [occlusion._blurred(rng(k), 96, grey) for k in range(20)]
    other = [occlusion._blurred(rng(k), 96, 255 - grey) for k in range(20)]
    np.testing.assert_allclose(np.add(behind, other, dtype=float), 255, atol=2)
    assert max(np.abs(np.diff(one.astype(float))).max() for one in behind) < 25
    assert np.std([one.mean() for one in behind]) > 15
