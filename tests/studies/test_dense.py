"""DENSE's third part: the crops by hand, and a study in miniature."""

import keras
import numpy as np
import pytest

from fkd_utils.data import sixty_eight
from fkd_utils.models import efficientnet
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
        inside = ((places > 0) & (places < 223)).all(axis=1)
        assert inside.mean() > 0.5  # a turn may move corners out
        for x, y in places[inside].round().astype(int):
            assert image[y, x] > 0.7 * image.max()
    again, _ = dense.crops(photos, np.random.default_rng(1), changed)
    np.testing.assert_array_equal(images, again)


def test_changes_are_as_large_as_dense_has_them():
    photo = dotted()
    turns = []
    for seed in range(40):
        _, (points,) = dense.crops([photo], np.random.default_rng(seed), changed=True)
        way, was = points[0] - points[30], photo.points[0] - photo.points[30]
        turn = np.degrees(np.angle(complex(*way) / complex(*was)))
        turns.append(abs(turn))
        assert np.abs(points.mean(0) - 111.5).max() < 10 + 0.2 * 224
    assert 15 < max(turns) < 20.1


def test_targets_and_back():
    points = np.array([[[-0.5, 111.5], [223.5, 0]]])
    np.testing.assert_allclose(dense.to_targets(points), [[-1, 0, 1, 1 / 224 - 1]])
    np.testing.assert_allclose(dense.to_pixels(dense.to_targets(points)), points, atol=1e-4)


def test_measures_by_hand():
    truth = np.array([[[0.0, 0.0], [np.nan, np.nan]]])
    said = np.array([[[3.0, 4.0], [9.0, 9.0]]])
    assert dense.measures(truth, said) == {"held": 12.5, "mean_px": 5.0}


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
    model.compile("adam", "mse")
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
    told = list(zip(rows.weights, rows.learned, rows.seed, rows.epoch, strict=True))
    assert told == [
        ("none", "all", 0, 0),
        ("imagenet", "four fifths", 0, 2), ("imagenet", "all", 0, 2), ("imagenet", "all", 0, 3),
        ("random", "four fifths", 0, 2), ("random", "all", 0, 2), ("random", "all", 0, 3),
        ("imagenet", "four fifths", 1, 2), ("imagenet", "all", 1, 2), ("imagenet", "all", 1, 3),
    ]  # fmt: skip
    assert (rows.steps == rows.epoch).all()  # fewer photographs than a batch
    mean, first = rows.held[0], rows.held[1]
    assert 0.5 < first / mean < 1.5  # it starts at the mean face of its own training part
    monkeypatch.setattr(dense, "run", lambda *_, **__: pytest.fail("trained again"))
    assert len(dense.study(str(folder), 2)) == len(rows)
