"""Whole faces: the same for the same seed, nothing of what makes them differ left out."""

import collections.abc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import photographs
from studies.open_faces import face_shape, occlusion, render

FRONT = face_shape.Pose(0, 0, 0, 36, (48, 37))
NAMES = photographs.names()
TEAMS = [tuple(NAMES[index] for index in team) for team in photographs.teams()]
SEEDS = range(40)
TOP, LIP = faces.INDEX["mouth_center_top_lip"], faces.INDEX["mouth_center_bottom_lip"]


def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return render.draw((9, seed), TEAMS[seed % photographs.TEAMS])


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, np.ndarray]:
    """40 faces: pictures (n, 96, 96) float and labels (n, 15, 2)."""
    pictures, labels = zip(*map(draw, SEEDS), strict=True)
    return np.array(pictures, float), np.array(labels)


def test_a_seed_gives_one_face():
    team = TEAMS[0]
    one, labels = render.draw((1, 2), team)
    two, again = render.draw((1, 2), team)
    other, _ = render.draw((1, 3), team)
    assert one.shape == (96, 96)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(labels, again)
    assert (one != other).mean() > 0.5


def test_faces_are_about_where_the_kaggle_set_has_them(made):
    pictures, labels = made
    # Means of the 2,140 complete rows of the competition's training file.
    for name, (x, y) in {
        "left_eye_center": (66.2, 36.8),
        "right_eye_center": (29.6, 37.1),
        "nose_tip": (48.0, 57.3),
        "mouth_center_bottom_lip": (48.1, 82.6),
    }.items():
        mean = labels[:, faces.INDEX[name]].mean(axis=0)
        np.testing.assert_allclose(mean, (x, y), atol=3.5)
    assert (labels[:, 0, 0] > labels[:, 1, 0] + 10).all()
    assert pictures.std(axis=(1, 2)).mean() > 35


# ---- every step shows


def without(monkeypatch, module, name: str, instead: collections.abc.Callable) -> None:
    """From now on a step draws its random numbers as ever, and gives `instead` of its arguments."""
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given: (real(*given), instead(*given))[1])


@pytest.mark.parametrize(
    ("module", "name", "instead", "share", "levels"),
    [
        (render, "lit", lambda rng, sheet, *rest: sheet, 0.6, 2),
        (render, "aged", lambda rng, sheet, *rest: sheet, 0.5, 0.5),
        (render, "exposed", lambda rng, picture: picture, 0.7, 10),
        (render, "open_mouth", lambda rng, sheet, *rest: sheet, 0.2, 0.3),
        (occlusion, "add_props", lambda rng, sheet, *rest: sheet, 0.1, 1),
        (
            occlusion,
            "draw_scenery",
            lambda rng, side, tone, some: np.full((side, side), 128, np.float32),
            0.75,
            4,
        ),
    ],
)
def test_without_a_step_faces_look_otherwise(
    made, monkeypatch, module, name, instead, share, levels
):
    without(monkeypatch, module, name, instead)
    pictures = np.array([draw(seed)[0] for seed in SEEDS], float)
    away = np.abs(pictures - made[0]).mean(axis=(1, 2))
    assert np.mean(away > levels) >= share


def test_what_is_drawn_for_a_face_arrives_in_it(monkeypatch):
    """Two people of the team, mixed in shape and skin, widened, with the expression and pose."""
    seen: dict[str, list] = {}

    def noting(module, name: str) -> None:
        real = getattr(module, name)

        def noted(*given):
            found = real(*given)
            seen.setdefault(name, []).append((given, found))
            return found

        monkeypatch.setattr(module, name, noted)

    for name in ("draw_expression", "draw_pose", "people", "put"):
        noting(render, name)
    noting(face_shape, "mix")
    noting(face_shape, "varied")
    noting(face_shape, "express")
    for seed in SEEDS:
        draw(seed)
    people = [given[2:5] for given, _ in seen["people"]]
    skin = np.array([share for *_, share in people])
    mixed = [given for given, _ in seen["mix"]]
    assert all(first != second for first, second, *_ in mixed)
    assert [tuple(row[:2]) for row in people] == [given[:2] for given in mixed]
    for seed, (first, second, *_) in zip(SEEDS, mixed, strict=True):
        team = TEAMS[seed % photographs.TEAMS]
        assert {first, second} <= {*team, *map(photographs.smiling, team)}
        assert first[:7] == second[:7] or "smiling" not in first + second
    assert 0.3 < np.mean(skin > 0.02) < 0.7 and skin.max() > 0.3  # of the skin
    shares = np.array([share for _, _, share, _ in mixed])  # of the shape
    assert shares.min() < 0.1 and shares.max() > 0.6
    assert 0.015 < np.std([widen for *_, widen in mixed]) < 0.05
    for (first, second, share, widen), (asked, _) in zip(mixed, seen["varied"], strict=True):
        plain = face_shape.head(first) * (1 - share) + face_shape.head(second) * share
        inner = np.setdiff1d(np.arange(photographs.POINTS), face_shape.OUTER)
        np.testing.assert_allclose(asked[1][inner], (plain * widen)[inner])
    for (_, shape), (asked, found), (_, expression), (put, _) in zip(
        seen["varied"], seen["express"], seen["draw_expression"], seen["put"], strict=True
    ):
        assert asked[0] is shape and asked[1] == expression and put[0] is found
    turned = np.array([(p.yaw, p.pitch, p.roll, p.scale) for (_, p), _ in seen["put"]])
    assert (turned.std(axis=0) > (5, 3.5, 2, 1)).all()


# ---- expression and pose


def test_two_in_five_mouths_are_open_and_the_other_movements_come_in_all_sizes():
    drawn = [render.draw_expression(np.random.default_rng(k), False) for k in range(800)]
    mouth = np.array([one.mouth for one in drawn])
    assert 0.33 < np.mean(mouth > 0) < 0.43
    assert np.mean(mouth > 0.2) > 0.05 and mouth.max() < 0.4
    teeth = [render.draw_expression(np.random.default_rng(k), True).mouth for k in range(200)]
    assert 0 < max(teeth) <= 0.1
    for name in ("smile", "brows", "frown", "eyes"):
        values = np.array([getattr(one, name) for one in drawn])
        assert 0.35 < values.std() < 0.75 and values.min() < -0.5 and values.max() > 0.8, name
    assert 0.1 < np.mean([one.pucker > 0 for one in drawn]) < 0.3
    assert 0.015 < np.std([one.gaze for one in drawn]) < 0.025


def test_poses_vary_as_far_as_they_should_and_one_in_25_further():
    rng, still = np.random.default_rng(0), face_shape.Expression()
    poses = [render.draw_pose(rng, still) for _ in range(1500)]
    calm = [render.draw_pose(rng, still, turned=False).yaw for _ in range(1500)]
    assert np.std(calm) == pytest.approx(8.5, rel=0.1)
    turned = np.array([(p.yaw, p.pitch, p.roll) for p in poses])
    np.testing.assert_allclose(turned.std(axis=0), (13.5, 9.5, 3.6), rtol=0.12)
    centre = np.array([p.centre for p in poses])
    np.testing.assert_allclose(centre.mean(axis=0), (47.9, 37), atol=0.2)
    assert 0.005 < np.mean(np.abs(centre[:, 0] - 47.9) > 4) < 0.04
    scale = np.array([p.scale for p in poses])
    assert 1.5 < scale.std() < 3 and 0.01 < np.mean(scale < 32) < 0.06
    mouth = render.draw_pose(np.random.default_rng(1), face_shape.Expression(mouth=0.3))
    closed = render.draw_pose(np.random.default_rng(1), still)
    assert mouth.centre[1] < closed.centre[1] - 2  # room for the chin


def test_labels_vary_with_expression_and_pose(made):
    labels = made[1]
    gap = labels[:, LIP, 1] - labels[:, TOP, 1]
    assert gap.max() > 1.6 * np.median(gap)
    eyes = labels[:, 0] - labels[:, 1]
    roll = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
    assert 2 < roll.std() < 8
    nose = labels[:, faces.INDEX["nose_tip"]] - labels[:, :2].mean(axis=1)
    assert nose[:, 0].std() > 1.5 and nose[:, 1].std() > 1


def test_half_the_faces_are_mirrored_picture_and_labels_alike(monkeypatch):
    taken: list = []
    for name in ("put", "photograph"):
        real = getattr(render, name)
        monkeypatch.setattr(
            render, name, lambda *given, real=real: taken.append(real(*given)) or taken[-1]
        )
    turned = []
    for seed in SEEDS:
        picture, labels = draw(seed)
        (_, points), shot = taken[-2:]
        turned.append(bool((picture != shot).any()))
        if turned[-1]:
            np.testing.assert_array_equal(picture, shot[:, ::-1])
            points = points[faces.mirror_order()] * (-1, 1) + (95, 0)
        np.testing.assert_allclose(labels, points)
    assert 0.3 < np.mean(turned) < 0.7


@given(
    yaw=st.floats(-26, 26),
    pitch=st.floats(-16, 16),
    roll=st.floats(-40, 40),
    scale=st.floats(20, 60),
    x=st.floats(0, 95),
    y=st.floats(0, 95),
)
@settings(max_examples=60, deadline=None)
def test_the_camera_always_catches_all_keypoints(yaw, pitch, roll, scale, x, y):
    pose = face_shape.Pose(yaw, pitch, roll, scale, (x, y))
    framed = render.frame(face_shape.average(), pose)
    points = face_shape.fifteen(face_shape.average(), framed)
    assert points.min() >= render.MARGIN - 1e-6
    assert points.max() <= 95 - render.MARGIN + 1e-6
    before = face_shape.fifteen(face_shape.average(), pose)
    if before.min() >= render.MARGIN and before.max() <= 95 - render.MARGIN:
        assert framed == pose


def test_every_label_keeps_its_distance_from_the_edge(made):
    assert made[1].min() >= render.MARGIN - 1e-6 and made[1].max() <= 95 - render.MARGIN + 1e-6


# ---- people and mouths


@pytest.fixture(scope="module")
def frontal() -> tuple[face_shape.Warp, np.ndarray]:
    warp, _ = render.put(face_shape.average(), FRONT)
    return warp, warp.back(face_shape.mesh().flat)


def test_the_second_persons_skin_is_mixed_in_on_the_face_only(frontal):
    warp, flat = frontal
    one, cover = render.people(warp, flat, NAMES[3], NAMES[80], 0.0)
    half, same_cover = render.people(warp, flat, NAMES[3], NAMES[80], 0.5)
    other, _ = render.people(warp, flat, NAMES[80], NAMES[3], 0.0)
    np.testing.assert_array_equal(cover, same_cover)
    middle = np.hypot(flat[0] / 0.6, (flat[1] - 0.5) / 0.8) < 1
    outside = np.hypot(flat[0] / 0.98, (flat[1] - 0.5) / 1.3) > 1.001
    assert np.abs(half - one)[middle].mean() > 4
    np.testing.assert_array_equal(half[outside], one[outside])

    def alike(a: np.ndarray, b: np.ndarray) -> float:
        """Correlation of what is fine on the two faces."""
        rest = [cv2.GaussianBlur(s, (0, 0), 1) - cv2.GaussianBlur(s, (0, 0), 4) for s in (a, b)]
        return float(np.corrcoef(rest[0][middle], rest[1][middle])[0, 1])

    assert alike(half, other) > alike(one, other) + 0.15
    assert alike(half, one) > 0.5


def test_the_person_covers_the_face_and_nothing_of_the_wall(frontal):
    warp, flat = frontal
    face = np.hypot(flat[0] / 0.7, (flat[1] - 0.5) / 0.9) < 1
    covers = [render.people(warp, flat, name, NAMES[1], 0.3)[1] for name in NAMES[:140:20]]
    assert min(cover[face].min() for cover in covers) > 0.99
    assert np.median([cover[:20, :12].mean() for cover in covers]) < 0.2


def test_an_open_mouth_is_dark_below_and_mostly_has_teeth_above():
    look, tone = face_shape.Expression(mouth=0.3), 160.0
    warp, _ = render.put(face_shape.express(face_shape.average(), look), FRONT)
    down = warp.back(face_shape.mesh().slot)[1]
    gap, sheet = warp.gap(), np.full((render.SIDE, render.SIDE), tone, np.float32)
    above, below = (gap & (down > low) & (down < high) for low, high in ((0.15, 0.3), (0.6, 0.7)))
    assert above.sum() > 30 and below.sum() > 30
    far = cv2.dilate(gap.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    teeth = []
    for seed in range(40):
        painted = render.open_mouth(np.random.default_rng(seed), sheet, warp, look, tone)
        np.testing.assert_array_equal(painted[far], sheet[far])
        assert painted[below].mean() < 0.45 * tone
        teeth.append(painted[above].mean() > 0.6 * tone)
    assert 0.6 < np.mean(teeth) < 0.98


# ---- light, camera, file


def test_a_lamp_lights_its_side_another_one_each_time(frontal):
    sheet = np.full((render.SIDE, render.SIDE), 100, np.float32)
    tilts = []
    for seed in range(30):
        shaded = render.lit(np.random.default_rng(seed), sheet, frontal[1])
        assert shaded.min() > 0
        tilts.append(shaded[60:140, 40:80].mean() - shaded[60:140, 112:152].mean())
    assert min(tilts) < -8
    assert max(tilts) > 8


def test_exposure_changes_brightness_contrast_and_gamma():
    ramp = np.tile(np.linspace(40, 200, 96, dtype=np.float32), (96, 1))
    shots = np.array([render.exposed(np.random.default_rng(k), ramp)[0] for k in range(200)])
    low, middle, high = shots[:, 2], shots[:, 48], shots[:, -3]
    assert low.std() > 12 and high.std() > 20
    bend = (middle - low) / (high - low)  # a straight line has a half
    assert bend.std() > 0.05 and bend.min() < 0.45 and bend.max() > 0.5
    assert (np.diff(shots, axis=1) > 0).all()


def shots(sheet: np.ndarray) -> np.ndarray:
    """A sheet photographed 150 times: (150, 96, 96) float."""
    rngs = map(np.random.default_rng, range(150))
    return np.array([render.photograph(rng, sheet, 2) for rng in rngs], float)


def test_some_pictures_are_soft_some_shaken_some_sharpened():
    dots = 60 + 100 * (np.random.default_rng(0).random((192, 192)) > 0.5).astype(np.float32)
    pattern = cv2.GaussianBlur(dots, (0, 0), 1.2)
    plain = cv2.resize(pattern, (96, 96), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(plain, (0, 0), 1.5)
    fine, coarse = plain - coarse, coarse - coarse.mean()
    found = shots(pattern)
    # What is left of the fine part, measured by the coarse one; noise has no part in either.
    kept = [(found * part).sum(axis=(1, 2)) / (part**2).sum() for part in (fine, coarse)]
    kept = kept[0] / kept[1] / np.median(kept[0] / kept[1])
    assert 0.25 < np.mean(kept < 0.8) < 0.45  # soft
    assert 0.06 < np.mean(kept > 1.2) < 0.2  # sharpened
    # A shaken camera blurs along its way.
    across, down = (np.square(np.diff(found, axis=k)).mean(axis=(1, 2)) for k in (2, 1))
    leaning = np.abs(np.log(across / down))
    assert 0.01 < np.mean(leaning > 3 * np.median(leaning) + 0.2) < 0.15


def test_two_pictures_in_five_are_noisy_and_the_light_may_fall_off():
    slope = shots(np.tile(np.linspace(60, 180, 192, dtype=np.float32), (192, 1)))
    rough = np.array([cv2.Laplacian(one, cv2.CV_64F)[2:-2, 2:-2].std() for one in slope])
    assert 0.25 < np.mean(rough > 2) < 0.6
    fall = np.array([one[:20].mean() - one[-20:].mean() for one in slope])
    assert fall.min() < -8 and fall.max() > 8


def test_three_pictures_in_five_are_compressed(monkeypatch, frontal):
    qualities: list[int] = []
    real = render.compressed

    def noting(picture: np.ndarray, quality: int) -> np.ndarray:
        qualities.append(quality)
        return real(picture, quality)

    monkeypatch.setattr(render, "compressed", noting)
    sheet = np.full((192, 192), 100, np.float32)
    for seed in range(200):
        render.photograph(np.random.default_rng(seed), sheet, 2)
    assert 0.5 < len(qualities) / 200 < 0.7
    assert 30 <= min(qualities) < 40 and 85 < max(qualities) < 96


def test_compression_changes_little_and_something():
    picture, _ = render.draw((4, 4), TEAMS[3])
    away = [np.abs(render.compressed(picture, q).astype(float) - picture).mean() for q in (30, 90)]
    assert render.compressed(picture, 60).dtype == np.uint8
    assert 0 < away[1] < away[0] < 10


@pytest.mark.parametrize("left_out", render.INGREDIENTS)
def test_each_ingredient_changes_faces_when_it_is_left_out(made, left_out):
    team = [TEAMS[seed % photographs.TEAMS] for seed in SEEDS]
    bare = [render.draw((9, seed), team[seed], (left_out,))[0] for seed in SEEDS]
    away = np.abs(np.array(bare, float) - made[0]).mean(axis=(1, 2))
    assert np.mean(away > 1) > 0.05
