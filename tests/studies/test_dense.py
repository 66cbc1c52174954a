"""DENSE's third part: the crops by hand, and a study in miniature."""

import keras
import numpy as np
import pytest

from fkd_utils import files
from fkd_utils.data import sixty_eight
from fkd_utils.models import efficientnet, losses
from fkd_utils.training import results
from studies import dense


def dotted(seed=0):
    """A dark photograph with a bright blob on each of ten of its 68 points; the rest are near."""
    rng = np.random.default_rng(seed)
    points = np.repeat(rng.uniform(60, 180, (10, 2)), [*[7] * 9, 5], axis=0).astype(np.float32)
    y, x = np.mgrid[:240, :240]
    grey = sum(
        np.exp(-((x - px) ** 2 + (y - py) ** 2) / 18) for px, py in np.unique(points, axis=0)
    )
    return sixty_eight.Photo((200 * np.minimum(grey, 1)).astype(np.uint8), points, seed)


@pytest.mark.parametrize("changed", [False, True])
def test_points_move_with_the_picture(changed):
    photos = [dotted(seed) for seed in range(6)]
    images, points = dense.crops(photos, np.random.default_rng(1), changed)
    assert images.shape == (6, 224, 224) and images.dtype == np.uint8
    for image, places in zip(images, points, strict=True):
        inside = np.isfinite(places).all(axis=1)
        assert inside.mean() > 0.5  # a turn may move corners out
        assert places[inside].min() >= -0.5 and places[inside].max() <= 223.5
        for x, y in places[inside].round().clip(0, 223).astype(int):
            assert image[y, x] > 0.7 * image.max()
    again, _ = dense.crops(photos, np.random.default_rng(1), changed)
    np.testing.assert_array_equal(images, again)


def test_changes_are_as_large_as_dense_has_them(monkeypatch):
    monkeypatch.setattr(sixty_eight, "SHIFT", 0.0)
    monkeypatch.setattr(sixty_eight, "SIZE", 0.0)
    # The box of a diamond: its middle stays its middle, and no turn moves a corner out.
    corners = np.array([(60, 120), (180, 120), (120, 60), (120, 180)], np.float32)
    points = np.resize(corners, (68, 2))
    y, x = np.mgrid[:240, :240]
    grey = np.uint8(100 + 20 * np.sin(x / 5) * np.sin(y / 7))
    photo = sixty_eight.Photo(grey, points, 0)
    (still,), (straight,) = dense.crops([photo], np.random.default_rng(0))
    np.testing.assert_allclose(straight.mean(0), [111.5, 111.5], atol=1e-3)
    turns, moves, lights = [], [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        (image,), (places,) = dense.crops([photo], rng, changed=True)
        turns.append(np.degrees(np.angle(complex(*(places[1] - places[0])))))
        moves.append(places.mean(0) - 111.5)
        lights.append((image.mean() / still.mean(), image.std() / still.std()))
    for found, most in ((turns, 20), (moves, 10)):
        assert 0.8 * most < np.max(found) <= most + 0.01 and -most - 0.01 <= np.min(found)
        assert np.min(found) < -0.8 * most
    bright, spread = np.transpose(lights)
    assert 0.79 < bright.min() < 0.84 and 1.16 < bright.max() < 1.21
    assert 0.6 < spread.min() < 0.75 and 1.25 < spread.max() < 1.5  # contrast times brightness


def test_targets_and_back():
    points = np.array([[[-0.5, 111.5], [223.5, 0]]])
    np.testing.assert_allclose(dense.to_targets(points), [[-1, 0, 1, 1 / 224 - 1]])
    np.testing.assert_allclose(dense.to_pixels(dense.to_targets(points)), points, atol=1e-4)


def test_errors_are_in_pixels_of_the_crop():
    truth, said = np.full((1, 68, 2), np.nan), np.full((1, 68, 2), 9.0)
    truth[0, 36], truth[0, 45] = (0, 0), (100, 0)  # the outer eye corners
    said[0, 36], said[0, 45] = (3, 4), (103, 4)
    told = {"held": 12.5, "mean_px": 5.0, "nme": 5.0}
    assert dense._errors(truth, said) == pytest.approx(told)


def test_another_box_shows_the_same_face_smaller_larger_or_lower():
    photos = [dotted(seed) for seed in range(4)]
    usual, larger, higher = (
        dense.crops(photos, np.random.default_rng(3), box=dense.BOXES[name])[1]
        for name in ("as learned", "a quarter larger", "a tenth higher")
    )
    middle = (dense.SIDE - 1) / 2
    np.testing.assert_allclose(larger - middle, (usual - middle) / 1.25, atol=7)  # it wobbles
    for before, after in zip(usual, larger, strict=True):
        sides = [np.ptp(some, axis=0).max() for some in (before, after)]
        assert sides[1] / sides[0] == pytest.approx(1 / 1.25, rel=1e-4)
    down = higher - usual  # where the box goes up, the face goes down in it
    down = down[np.isfinite(down).all(axis=2)]
    np.testing.assert_allclose(down[:, 0], 0, atol=1e-3)
    assert down[:, 1].min() > 0.09 * 224 and down[:, 1].max() < 0.11 * 224


def test_a_network_starts_at_the_mean_face(monkeypatch):
    mean = np.random.default_rng(0).uniform(0, 223, (68, 2))
    model = dense.network("imagenet", mean, 0)
    pictures = efficientnet.to_inputs(np.zeros((1, 224, 224), np.uint8))
    np.testing.assert_allclose(
        dense.to_pixels(model.predict(pictures, verbose=0))[0], mean, atol=1e-3
    )
    stem = model.layers[0].get_layer("stem").get_weights()[0]
    known = efficientnet.load_imagenet(efficientnet.efficientnet_lite0(top=False))
    np.testing.assert_array_equal(stem, known.get_layer("stem").get_weights()[0])


def small(weights, mean, seed):
    keras.utils.set_random_seed(seed)
    last = keras.layers.Dense(
        mean.size,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(dense.to_targets(mean[np.newaxis])[0]),
    )
    body = [keras.layers.AveragePooling2D(56), keras.layers.Flatten(), last]
    model = keras.Sequential([keras.Input((224, 224, 3)), *body])
    model.compile("adam", losses.masked_mse)
    return model


def test_the_study_goes_on_and_looks_when_it_should(tmp_path, monkeypatch):
    photos = [dotted(seed) for seed in range(20)]
    monkeypatch.setattr(dense, "network", small)
    monkeypatch.setattr(dense, "FOLDER", tmp_path)
    monkeypatch.setattr(dense, "LEARNED", {"four fifths": 2, "all": 3})
    monkeypatch.setattr(dense, "LOOKS", (2, 3))
    monkeypatch.setattr(sixty_eight, "load", lambda data: (photos, ["one is broken"]))
    folder = tmp_path / "faces"
    folder.mkdir()
    (folder / "a.pts").touch()
    rows = dense.study(str(folder), 2)
    kinds = [("tested", box) for box in dense.BOXES] + [
        ("the course's", box) for box in dense.BOXES
    ]
    told = rows.drop_duplicates(["weights", "learned", "seed", "epoch"])
    for _, some in rows.groupby(["weights", "learned", "seed", "epoch"]):
        assert list(zip(some.faces, some.box, strict=True)) == kinds
    told = list(zip(told.weights, told.learned, told.seed, told.epoch, strict=True))
    assert told == [
        ("none", "all", 0, 0),
        ("random", "four fifths", 0, 2),
        ("imagenet", "four fifths", 0, 2), ("imagenet", "all", 0, 2), ("imagenet", "all", 0, 3),
        ("imagenet", "four fifths", 1, 2), ("imagenet", "all", 1, 2), ("imagenet", "all", 1, 3),
    ]  # fmt: skip
    assert (rows.steps == rows.epoch).all()  # fewer photographs than a batch
    as_learned = rows[(rows.faces == "tested") & (rows.box == "as learned")]
    mean, first = as_learned.held.iloc[:2]
    assert 0.5 < first / mean < 1.5  # it starts at the mean face of its own training part
    seen = files.read_arrays(dense.path_of(str(folder)).with_suffix(".npz"))
    assert len(seen) == 2 * len(dense.BOXES) and seen["as learned: said"].shape == (2, 68, 2)
    monkeypatch.setattr(dense, "run", lambda *_, **__: pytest.fail("trained again"))
    assert len(dense.study(str(folder), 2)) == len(rows)


def test_stored_rows_are_whole_and_measured_on_the_same_faces():
    stored = results.table("dense/lite0_68_ibug68")
    looks = {("none", "all"): [0], ("imagenet", "all"): [10, 15], ("imagenet", "four fifths"): [10]}
    for run, rows in stored.groupby(["weights", "learned", "seed"]):
        assert sorted(set(rows.epoch)) == looks[run[:2]]
        per_look = rows.groupby("epoch")[["faces", "box"]].value_counts()
        assert (per_look == 1).all() and len(per_look) == 8 * len(looks[run[:2]])
        assert set(rows.box) == set(dense.BOXES)
    assert {(*run, 0) for run in looks} <= set(
        stored.groupby(["weights", "learned", "seed"]).groups
    )
    trained = stored[stored.weights == "imagenet"]
    faces_of = {"four fifths": 1610, "all": 1811}  # 2,012 apart by photograph, a tenth tested
    for row in trained.itertuples():
        assert row.steps == row.epoch * -(-faces_of[row.learned] // dense.BATCH)
    # A mean distance is at most the root of twice the mean square of a coordinate.
    assert (stored.mean_px <= np.sqrt(2 * stored.held)).all()
    assert np.isfinite(stored.drop(columns="loss").select_dtypes("number")).all(axis=None)


def test_what_the_network_said_of_two_photographs_is_on_their_faces():
    looks = files.read_arrays(files.PUBLISHED / "dense" / "lite0_68_ibug68.npz")
    photos = sixty_eight.load("open")[0]
    for box, how in dense.BOXES.items():
        images, places = dense.crops(photos, np.random.default_rng(68), box=how)
        np.testing.assert_array_equal(looks[f"{box}: images"], images[: dense.SHOWN])
        off = np.linalg.norm(looks[f"{box}: said"] - places[: dense.SHOWN], axis=2)
        assert np.nanmean(off) < 12  # pixels of 224
