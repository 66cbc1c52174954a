"""TRANSFER's table with EfficientNet-Lite0: its runs in small, and where it is cut."""

import keras
import numpy as np
import pandas as pd
import pytest

from fkd_utils.data import splits
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.models import efficientnet
from studies import transfer


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.setattr(transfer, "FACES", 24)
    monkeypatch.setattr(transfer, "EPOCHS", 1)
    return splits.load("open", limit=24)


def test_the_runs_are_every_pair_once():
    runs = transfer._frozen_runs(3)
    assert len({tuple(run.values()) for run in runs}) == len(runs)
    # ImageNet's: 4 read-outs and 3 x 3 heads; random: 3 x 7; and the mean face.
    assert len(runs) == 4 + 9 + 21 + 1
    assert len(transfer._block_runs(2)) == 2 * 2 * 3


def test_a_study_is_made_once_and_read_again(parts, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "FOLDER", tmp_path)
    monkeypatch.setattr(transfer, "WEIGHTS", ("random",))
    monkeypatch.setattr(transfer, "_parts", lambda data: parts)
    first = transfer.study("open", ["frozen"], 1)["frozen"]
    assert first["read"].tolist()[0] == "mean face" and len(first) == 1 + 4 + 3
    assert np.isfinite(first[["held", "mean_px"]]).all(axis=None)
    monkeypatch.setattr(transfer.Frozen, "rows", None)  # nothing is left to be made
    again = transfer.study("open", ["frozen"], 1)["frozen"]
    pd.testing.assert_frame_equal(first, again, rtol=1e-5)


def test_an_unknown_table_is_refused_before_anything_is_read():
    with pytest.raises(InputError, match="there is no table 'table'"):
        transfer.study("no such faces", ["table"], 1)


@pytest.mark.parametrize("blocks", [2, 16])
def test_blocks_are_trained(parts, blocks):
    (row,) = transfer.unfrozen(parts, "random", blocks, 0)
    assert np.isfinite([row["held"], row["loss"]]).all() and row["seconds"] > 0


def test_a_curve_ends_where_a_training_of_its_length_ends(parts, monkeypatch):
    monkeypatch.setattr(transfer, "LONG", 2)
    rows = transfer.curve(parts, "imagenet", 2, 0)
    answer, history = transfer.taught(parts.train, "imagenet", 2, 0, epochs=2)
    assert [row["epoch"] for row in rows] == [1, 2] and "val_loss" not in history
    assert [row["loss"] for row in rows] == pytest.approx(history["loss"], rel=1e-4)
    held = metrics.mse(parts.test.keypoints, answer(parts.test.images))
    assert rows[-1]["held"] == pytest.approx(held, rel=1e-3)


def test_frozen_and_trained_part_make_the_whole(parts):
    network = transfer.source("imagenet", 0)
    few = parts.test.take(np.arange(2))
    middle = transfer.made(network, efficientnet.BLOCKS[-3], few.images)
    assert middle.shape == (2, 3, 3, 192)
    freed = keras.Model(network.get_layer(efficientnet.BLOCKS[-3]).output, network.output)
    np.testing.assert_allclose(
        freed(middle), transfer.made(network, "features", few.images), rtol=1e-3, atol=1e-4
    )


def test_heads_have_a_row_of_units_for_each_version_of_the_features():
    for rows in transfer.HEADS.values():
        model = transfer.head(rows, 10, np.zeros(30), 0)
        assert model.count_params() == len(rows) * (10 * 64 + 64) + len(rows) * 64 * 30 + 30


def test_the_best_linear_read_out_is_found():
    rng = np.random.default_rng(2)
    x, w = rng.normal(0, 1, (90, 5)).astype(np.float32), rng.normal(0, 9, (5, 15, 2))
    x[:, 4] = 7  # a feature that never changes
    points = 48 + np.einsum("nf,fkc->nkc", x - x.mean(axis=0), w)
    found = transfer.ridge(x[:60], x[60:75], x[75:], points[:60], points[60:75])
    assert np.abs(found - points[75:]).max() < 4  # of 9 and more; the weakest alpha is 1


@pytest.mark.parametrize("data", ["open", "wild"])
def test_every_run_is_stored_once_and_imagenets_maps_are_ahead(data):
    stored = pd.read_csv(transfer.path_of("frozen", data))
    wanted = [tuple(run.values()) for run in transfer._frozen_runs(3)]
    found = list(stored[["weights", "read", "seed"]].itertuples(index=False, name=None))
    assert sorted(found) == sorted(wanted)
    assert np.isfinite(stored[["held", "mean_px"]]).all(axis=None)
    held = stored.set_index(["weights", "read"]).held.sort_index()
    for depth in transfer.DEPTHS[:3]:
        ours, random = (held.loc[weights, f"ridge, {depth}"] for weights in transfer.WEIGHTS)
        assert ours.max() < random.min()


def test_every_stored_curve_is_whole():
    stored = pd.read_csv(transfer.path_of("curves", "open"))
    for _, part in stored.groupby(["weights", "blocks", "seed"]):
        assert part.epoch.tolist() == list(range(1, transfer.LONG + 1))
        assert np.isfinite(part[["loss", "held"]]).all(axis=None)
    # As many epochs of the other table's training, with other threads.
    tenth = stored[stored.epoch == transfer.EPOCHS].set_index(["weights", "blocks", "seed"]).held
    blocks = pd.read_csv(transfer.path_of("blocks", "open"))
    ended = blocks.set_index(["weights", "blocks", "seed"]).held
    assert len(tenth) >= 4 and ((tenth / ended[tenth.index]).between(0.85, 1.15)).all()
