"""What the two labellers write down, and the rows spoilt on purpose."""

import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import photographs
from studies.open_faces import face_shape, label_noise, render

TRUE = face_shape.fifteen(face_shape.average(), face_shape.Pose(5, 3, 4, 36, (48, 37)))
EARLIER = TRUE + np.linspace(-6, 6, 50)[:, np.newaxis, np.newaxis]


def label(kind: str = "", labeller: str = "first", seed: int = 0) -> tuple[np.ndarray, int]:
    row = label_noise.Row(60, 1, labeller, kind)
    return label_noise.label(np.random.default_rng(seed), TRUE, row, EARLIER)


def test_the_first_labeller_is_exact():
    given, other = label()
    np.testing.assert_array_equal(given, TRUE)
    assert other == -1


def test_the_second_labeller_sets_the_nose_lower_and_the_lip_higher():
    given = np.stack([label(labeller="second", seed=seed)[0] for seed in range(200)])
    assert np.isnan(given[:, 2:10]).all()
    index = faces.INDEX
    four = [index[name] for name in faces.FOUR_POINTS]
    away = (given - TRUE)[:, four]
    shift = dict(zip(four, np.nanmean(away, axis=0), strict=True))
    spread = dict(zip(four, np.nanstd(away, axis=0), strict=True))
    assert shift[index["nose_tip"]] == pytest.approx([0, 2.2], abs=0.5)
    assert shift[index["mouth_center_bottom_lip"]] == pytest.approx([0, -1.5], abs=0.5)
    assert max(np.abs(shift[0]).max(), np.abs(shift[1]).max()) < 0.2
    assert spread[index["nose_tip"]].mean() > 2 * spread[0].mean()


def test_gaps_never_take_the_eyes():
    given = np.stack([label(labeller="gaps", seed=seed)[0] for seed in range(100)])
    missing = np.isnan(given).all(axis=2)
    assert missing.any(axis=1).all()
    assert not missing[:, :2].any()
    assert missing.sum(axis=1).max() == 6


@pytest.mark.parametrize("kind", label_noise.WRONG)
def test_a_wrong_row_is_clearly_wrong(kind):
    given, other = label(kind)
    away = np.linalg.norm(given - TRUE, axis=1)
    assert away.max() > 6
    assert given.min() >= 0
    assert given.max() <= 95
    assert (other >= 0) == (kind == "other_face")
    if kind == "other_face":
        np.testing.assert_array_equal(given, EARLIER[other])


def test_near_copies_keep_points_on_the_face():
    picture, points = render.draw(
        (2, 2), tuple(photographs.names()[k] for k in photographs.teams()[1])
    )
    moves = set()
    for seed in range(40):
        copy, moved = label_noise.near_copy(np.random.default_rng(seed), picture, points)
        x, y = np.round(moved - points).mean(axis=0).astype(int)
        moves.add((x, y))
        back = np.roll(copy, (-y, -x), (0, 1))[4:-4, 4:-4].astype(float)
        assert np.corrcoef(back.ravel(), picture[4:-4, 4:-4].ravel())[0, 1] > 0.97
    assert moves == {(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)}
