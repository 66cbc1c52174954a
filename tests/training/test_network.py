import functools
import json

import blobruns
import numpy as np
import pytest

from fkd_utils import augment, faces, files
from fkd_utils.evaluation import metrics as measured
from fkd_utils.files import InputError
from fkd_utils.models import heatmap, thesis
from fkd_utils.training import fitting, results
from studies import publish


@pytest.fixture(scope="module")
def run(blob_parts, tmp_path_factory):
    return blobruns.fit(blob_parts, tmp_path_factory.mktemp("runs"), epochs=3)


@pytest.fixture
def published(run, blob_parts, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PUBLISHED", tmp_path)
    monkeypatch.setenv("FKD_RUNS", str(run.folder.parent))
    publish.publish(run, tmp_path / "mine", blob_parts, True, "a desk")
    return tmp_path / "mine"


def test_a_published_network_predicts_as_the_run_does(published, run, blob_parts):
    points = fitting.predict(results.network("mine"), blob_parts.test.images)
    np.testing.assert_allclose(points, run.predict(blob_parts.test.images), atol=0.1)


def test_a_run_of_ones_own_is_found_by_the_beginning_of_its_name(published, run):
    weights = results.network(run.folder.name[:8]).get_weights()
    np.testing.assert_array_equal(weights[0], run.model().get_weights()[0])


@pytest.mark.parametrize("name", ["absent", "", "../mine"])
def test_an_unknown_name(published, name):
    with pytest.raises(InputError, match="Shipped: mine"):
        results.network(name)


def broken_weights(published):
    (published / "weights.npz").write_bytes(b"PK\x03\x04nothing")


def empty_weights(published):
    (published / "weights.npz").write_bytes(b"")


def half_weights(published):
    content = (published / "weights.npz").read_bytes()
    (published / "weights.npz").write_bytes(content[: len(content) // 2])


def changed_weights(published):
    arrays = {"0": np.zeros((50, 50), np.float16)}
    np.savez_compressed(published / "weights.npz", **arrays)
    content = bytearray((published / "weights.npz").read_bytes())
    content[60:90] = bytes(30)  # inside the packed array
    (published / "weights.npz").write_bytes(content)


def short_weights(published):
    np.savez(published / "weights.npz", **{"0": np.zeros((5, 5, 1, 4), np.float16)})


def pickled_weights(published):
    np.savez(published / "weights.npz", **{"0": np.array([{}], dtype=object)})


def no_network(published):
    (published / "network.json").unlink()


def strange_network(published):
    (published / "network.json").write_text('{"class_name": "Seventeenth", "config": {}}')


@pytest.mark.parametrize(
    "damage",
    [
        broken_weights,
        empty_weights,
        half_weights,
        changed_weights,
        short_weights,
        pickled_weights,
        no_network,
        strange_network,
    ],
)
def test_damaged_folders(published, damage):
    damage(published)
    with pytest.raises(InputError, match="restore the folder"):
        results.network("mine")


def test_predictions_as_the_measures_were_taken(published, blob_parts):
    images = blob_parts.test.images
    once = functools.partial(fitting.predict, results.network("mine"))
    np.testing.assert_array_equal(results.predict_as_published(images, "mine"), once(images))
    path = published / "metrics.json"
    metrics = json.loads(path.read_text()) | {"prediction": "face and mirror twin, averaged"}
    path.write_text(json.dumps(metrics))
    averaged = augment.flip_averaged(once, images)
    np.testing.assert_array_equal(results.predict_as_published(images, "mine"), averaged)
    assert not np.allclose(averaged, once(images), atol=0.01)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, None),
        ({"second_labeller_px": {"nose_tip": [0, 0]}}, None),
        ({"second_labeller_px": {"nose_tip": [0.25, 2], "left_eye_center": [-1, 0]}}, (0.25, 2)),
    ],
)
def test_a_second_labellers_offset_stands_with_the_measures(published, told, expected):
    path = published / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | told))
    offset = results.second_labeller_offset("mine")
    if expected is None:
        assert offset is None
    else:
        assert tuple(offset[faces.INDEX["nose_tip"]]) == expected
        assert tuple(offset[faces.INDEX["left_eye_center"]]) == (-1, 0)
        assert np.count_nonzero(offset) == 3


@pytest.mark.parametrize(
    ("learnt", "edge"),
    [
        ({"data": "open"}, False),
        ({"data": "kaggle"}, True),
        ({"data": "a folder in Kaggle's format", "from_edge": False}, True),
        ({"data": "a folder in Kaggle's format", "from_edge": True}, False),
    ],
)
def test_predictions_count_from_where_the_labels_did_unless_these_were_moved(
    published, learnt, edge
):
    path = published / "recipe.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"data": learnt}))
    assert results.network_counts_from_edge("mine") is edge


@pytest.mark.parametrize(
    ("name", "builder", "megabytes", "nme"),
    [(results.FOURTH, thesis.fourth, 1, 6), (results.DEFAULT_NETWORK, heatmap.network, 3, 3)],
)
def test_the_networks_that_come_with_the_course(name, builder, megabytes, nme):
    folder = files.PUBLISHED / name
    metrics = json.loads((folder / "metrics.json").read_text())
    model = results.network(name)
    assert model.count_params() == builder().count_params() == metrics["parameters"]
    assert (folder / "weights.npz").stat().st_size < megabytes * 1_000_000
    assert metrics["test"]["nme"] < nme
    if name == results.DEFAULT_NETWORK:  # as chapters 00 and 12 say
        recipe = json.loads((folder / "recipe.json").read_text())
        assert recipe["seconds"] < 3600 and 2000 < recipe["faces"]["train"] < 6000
    assert set(metrics["test"]) == {
        f.__name__ for f in (measured.mse, measured.rmse_px, measured.mean_px, measured.nme)
    }
