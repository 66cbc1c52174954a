"""DEPTH's counts on labels made by hand, and the stored ones."""

import keras
import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces
from fkd_utils.data import sources, splits
from fkd_utils.models import deep
from fkd_utils.training import depth_runs, results
from studies import __main__ as main
from studies import depth

BATCH = "batch_size"


def faces_at(*corners):
    """Faces whose points all lie at one place, except the last, which lies at the second."""
    points = np.empty((len(corners), 15, 2))
    for face, (most, last) in zip(points, corners, strict=True):
        face[:], face[14] = most, last
    return points


def test_shifts_by_hand():
    # The first face has 10 pixels to the left edge, 40 up, 56 right and down; the second is at the
    # lower edge and can only go up.
    points = faces_at(((10, 40), (40, 40)), ((50, 95.5), (50, 50)))
    table = depth.shifts(points).set_index("pixels")
    assert table.index.tolist() == list(range(8, 18))
    assert table.loc[9].tolist() == [4 + 3, 4 + 2]
    assert table.loc[10].tolist() == [3 + 3, 2 + 2]  # a point on the edge is outside


def test_largest_by_hand():
    points = faces_at(((20, 30), (20, 80)), ((20, 30), (20, 90)), ((70, 30), (20, 60)))
    table = depth.largest(points)
    assert table.output.tolist() == [faces.COLUMNS[29], faces.COLUMNS[0]]
    assert table.faces.tolist() == [2, 1]


def test_labels_are_read_in_any_order_and_gaps_are_left_out(tmp_path):
    values = np.random.default_rng(0).uniform(0, 96, (3, 30)).round(3)
    table = pd.DataFrame(values, columns=faces.COLUMNS)
    table.iloc[1, 4] = np.nan
    table.assign(Image="0 0")[["Image", *faces.COLUMNS[::-1]]].to_csv(
        tmp_path / "training.csv", index=False
    )
    points = depth.labels(tmp_path / "training.csv")
    np.testing.assert_allclose(points.reshape(2, 30), values[[0, 2]])


def test_what_is_written_is_what_was_counted(tmp_path):
    points = np.random.default_rng(0).uniform(5, 90, (20, 15, 2))
    depth.write(points, tmp_path)
    shifts = pd.read_csv(tmp_path / "kaggle_shifts.csv")
    pd.testing.assert_frame_equal(shifts, depth.shifts(points))
    largest = pd.read_csv(tmp_path / "kaggle_argmax.csv")
    pd.testing.assert_frame_equal(largest, depth.largest(points), check_dtype=False)


def test_stored_counts_have_the_papers_numbers():
    shifts = pd.read_csv(depth.FOLDER / "kaggle_shifts.csv", index_col="pixels")
    assert 7 * 2140 + shifts.diagonal[12] + 4909 == 26_239
    assert pd.read_csv(depth.FOLDER / "kaggle_argmax.csv").faces.sum() == 2140


@pytest.mark.skipif(
    not any((sources.KAGGLE / f"training.{e}").exists() for e in ("csv", "zip")),
    reason="the competition's files are not in data/kaggle",
)
def test_stored_counts_are_those_of_the_competitions_labels(tmp_path):
    points = sources.read("kaggle").complete().keypoints
    depth.write(points.astype(np.float64), tmp_path)
    for name in ("kaggle_shifts.csv", "kaggle_argmax.csv"):
        assert (tmp_path / name).read_text() == (depth.FOLDER / name).read_text()


def test_a_variant_changes_one_thing():
    plain = deep.deep_cnn(width=1 / 16)
    keras.utils.set_random_seed(3)
    same = depth.variant(1 / 16)
    keras.utils.set_random_seed(3)
    first = deep.deep_cnn(width=1 / 16)
    for one, other in zip(same.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

    def said(network):
        described = []
        for layer in network.layers:
            options = layer.get_config()
            wanted = ("kernel_size", "negative_slope", "momentum", "pool_size", "rate", "units")
            described.append((type(layer).__name__, [options.get(name) for name in wanted]))
        return described

    usual = said(plain)
    assert said(same) == usual
    for change, options in depth.VARIANTS.items():
        built = said(depth.variant(1 / 16, **{k: v for k, v in options.items() if k != BATCH}))
        differ = [
            k for k, (one, other) in enumerate(zip(built, usual, strict=True)) if one != other
        ]
        kinds = {usual[k][0] for k in differ}
        if "kernels" in options:
            assert [built[k][1][0] for k in differ] == [(11, 11), (5, 5)]
        elif "slope" in options:
            assert (len(differ), kinds) == (15, {"LeakyReLU"})
        elif "norm_last" in options:
            assert sorted(built, key=str) == sorted(usual, key=str)
            assert (len(differ), kinds) == (30, {"LeakyReLU", "BatchNormalization"})
        else:
            assert set(options) == {BATCH} and not differ, change


def test_variants_train_by_the_stored_plan(tiny_plan, blob_parts, tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(splits, "load", lambda *source: blob_parts)
    monkeypatch.setattr(sources, "read", lambda data: blob_parts.train)
    monkeypatch.setitem(depth_runs.PLANS, "stored", depth_runs.PLANS["tiny"])
    few = {name: depth.VARIANTS[name] for name in ("ReLU", "batches of 32")}
    monkeypatch.setattr(depth, "VARIANTS", few)
    out = tmp_path / "variants.csv"
    assert depth.sweep("variants", "/some/where", "here", out) == 0
    table = pd.read_csv(out)
    assert table.change.tolist() == list(few)
    assert (table.epochs == 2).all() and set(table.width) == {1 / 32}
    sets = depth_runs.ordered("tiny", "blobs", depth_runs.HONEST, 0)
    stored = depth_runs.fit(depth_runs.model("tiny", depth_runs.FINAL, 0), "tiny", 0, sets, 32)
    assert table.val_loss[1] == pytest.approx(2304 * stored.history.val_mse.min(), rel=1e-4)


def test_stored_variants_are_each_of_them_once_by_the_stored_plan():
    table, plan = results.table("depth/variants"), depth_runs.PLANS["stored"]
    assert table.change.tolist() == list(depth.VARIANTS) and set(table.seed) == {0}
    size = table[["faces", "width", "most_epochs"]].drop_duplicates()
    assert size.to_numpy().tolist() == [["all", plan.width, plan.epochs]]
    assert (table.seen == 0).all() and (table.epochs <= plan.epochs).all()
    of_rows = results.table("depth/results")
    assert set(table.val_mean_face) == set(of_rows.val_mean_face)  # the same pictures
    for change, count in zip(table.change, table.parameters, strict=True):
        options = {k: v for k, v in depth.VARIANTS[change].items() if k != BATCH}
        assert depth.variant(plan.width, **options).count_params() == count


def fake(row, order, seed, plan, data):
    if seed == 1:
        raise ValueError("no luck")
    return {"row": row, "order": order, "seed": seed, "test_loss": 1.5}


def test_the_command_names_failed_runs_and_stores_the_others(
    tiny_plan, blob_parts, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(depth, "run", fake)
    monkeypatch.setattr(sources, "read", lambda data: blob_parts.train)
    out = tmp_path / "results.csv"
    arguments = ["sweep", "tiny", "--data", "/some/where", "--scheduler", "here"]
    assert main.main([*arguments, "--out", str(out)]) == 1
    said = capsys.readouterr().out
    assert "3: 5cl, 3mpl, split first, seed 1: ValueError: no luck" in said
    assert "3 of 4 runs" in said
    table = pd.read_csv(out)
    assert sorted(table.row) == ["3: 5cl, 3mpl", *["3: 6cl, 3mpl"] * 2]
    assert set(table.data) == {"a folder in Kaggle's format"}
    assert set(table.most_epochs) == {2}
    assert main.main(["sweep", "long", "--out", str(out)]) == 2
