import dataclasses
import os
import pathlib
import signal
import time

import numpy as np
import pandas as pd
import pytest
from blobruns import EVERYTHING, RECIPE, child

from fkd_utils.training import checkpoint, fitting


def same_history(a: pd.DataFrame, b: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(a.drop(columns="seconds"), b.drop(columns="seconds"))


def test_training_by_rule_halves_the_rate_and_stops(blob_parts, tmp_path, monkeypatch):
    rates = []
    epoch_end = checkpoint.Keeper.on_epoch_end

    def spied(keeper, *arguments):
        rates.append(float(keeper.model.optimizer.learning_rate))
        epoch_end(keeper, *arguments)

    monkeypatch.setattr(checkpoint.Keeper, "on_epoch_end", spied)
    # So fast that it gets worse and worse.
    recipe = fitting.Recipe("first", "sgd", 10.0, 9, halve_after=1, stop_after=3)
    run = fitting.train(recipe, blob_parts, tmp_path)
    assert run.best_epoch == 1
    assert rates == [10, 10, 5, 2.5]


def test_stopped_by_hand_a_training_by_rule_goes_on_with_its_rate(
    blob_parts, tmp_path, monkeypatch
):
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SECONDS", 0)
    recipe = fitting.Recipe("first", "sgd", 0.3, 12, halve_after=1, stop_after=6)
    whole = fitting.train(recipe, blob_parts, tmp_path / "calm")
    assert recipe.rate_after(whole.history.val_loss[:4]) < recipe.learning_rate
    epoch_end = checkpoint.Keeper.on_epoch_end

    def pulled(keeper, epoch, logs):
        epoch_end(keeper, epoch, logs)
        if epoch + 1 in (4, len(whole.history)):
            raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(checkpoint.Keeper, "on_epoch_end", pulled)
        for _ in range(2):  # in the middle, and when all is done but not yet written
            with pytest.raises(KeyboardInterrupt):
                fitting.train(recipe, blob_parts, tmp_path / "pulled")
    same_history(fitting.train(recipe, blob_parts, tmp_path / "pulled").history, whole.history)


def test_all_that_chapter_18_adds_survives_a_stop(partly, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "CHECKPOINT_SECONDS", 0)
    whole = fitting.train(EVERYTHING, partly, tmp_path / "calm")
    assert np.isfinite(whole.history.drop(columns="seconds").to_numpy()).all()
    epoch_end = checkpoint.Keeper.on_epoch_end

    def pulled(watcher, epoch, logs):
        epoch_end(watcher, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(checkpoint.Keeper, "on_epoch_end", pulled)
        with pytest.raises(KeyboardInterrupt):
            fitting.train(EVERYTHING, partly, tmp_path / "pulled")
    same_history(fitting.train(EVERYTHING, partly, tmp_path / "pulled").history, whole.history)


def test_kept_weights_are_the_averages_and_answer_as_validated(partly, tmp_path):
    run = fitting.train(EVERYTHING, partly, tmp_path)
    found = run.measures(partly.validation)["mse"]
    assert found == pytest.approx(run.at_best().val_loss, rel=1e-4)
    live = fitting.train(
        dataclasses.replace(EVERYTHING, averaged=False), partly, tmp_path
    )  # the same steps, judged by the weights as they are
    assert live.history.loss.tolist() == pytest.approx(run.history.loss.tolist(), rel=1e-3)
    assert live.history.val_loss.iloc[-1] != pytest.approx(run.history.val_loss.iloc[-1], rel=1e-3)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_and_started_again_it_ends_as_if_undisturbed(blob_parts, tmp_path):
    epochs = 14
    recipe = dataclasses.replace(RECIPE, epochs=epochs)
    name = fitting.run_name(recipe, blob_parts)
    folder = tmp_path / "killed" / name
    kills, seen = 0, 0
    while not (folder / "history.csv").exists():
        process = child(tmp_path / "killed", epochs)
        while process.poll() is None:
            done = epochs_saved(folder)
            if kills < 2 and done > seen:
                os.kill(process.pid, signal.SIGKILL)
                seen, kills = done, kills + 1
            time.sleep(0.002)
        process.wait()
    assert kills == 2
    assert 0 < seen < epochs
    undisturbed = fitting.train(recipe, blob_parts, tmp_path / "calm")
    resumed = fitting.load(folder)
    assert len(resumed.history) == epochs
    same_history(resumed.history, undisturbed.history)
    for a, b in zip(resumed.model().get_weights(), undisturbed.model().get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def epochs_saved(folder: pathlib.Path) -> int:
    try:
        with np.load(folder / "checkpoint.npz", allow_pickle=False) as stored:
            return len(stored["rows"])
    except FileNotFoundError:
        return 0
