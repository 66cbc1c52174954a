"""Stored studies: every run once, every row kept."""

import pandas as pd
import pytest

from fkd_utils.files import InputError
from fkd_utils.training import results

RUNS = [{"rate": rate, "seed": seed} for rate in (0.1, 0.01) for seed in (0, 1)]


class Trainer:
    """Two rows a run; notes which runs it was asked for, and can be stopped."""

    def __init__(self, stops_at: int | None = None) -> None:
        self.made, self.stops_at = [], stops_at

    def __call__(self, rate: float, seed: int) -> list[dict]:
        if len(self.made) == self.stops_at:
            raise KeyboardInterrupt
        self.made.append((rate, seed))
        return [{"epoch": epoch, "loss": rate * epoch + seed} for epoch in (1, 2)]


def test_every_run_is_made_once_with_its_settings_beside_its_rows(tmp_path):
    path, trainer = tmp_path / "study.csv", Trainer()
    table = results.study(path, RUNS, trainer, "paper")
    assert trainer.made == [(0.1, 0), (0.1, 1), (0.01, 0), (0.01, 1)]
    assert list(table.columns) == ["epoch", "loss", "rate", "seed"] and len(table) == 8
    assert (table.loss == table.rate * table.epoch + table.seed).all()
    again = Trainer()
    pd.testing.assert_frame_equal(results.study(path, RUNS, again, "paper"), table)
    assert again.made == []


def test_a_stopped_study_goes_on_where_it_was(tmp_path):
    path = tmp_path / "study.csv"
    with pytest.raises(KeyboardInterrupt):
        results.study(path, RUNS, Trainer(stops_at=3), "paper")
    assert len(pd.read_csv(path)) == 6
    rest = Trainer()
    assert len(results.study(path, RUNS, rest, "paper")) == 8 and rest.made == [(0.01, 1)]


def test_rows_with_a_changed_byte_are_made_again(tmp_path, capsys):
    path = tmp_path / "study.csv"
    table = results.study(path, RUNS, Trainer(), "paper")
    path.write_text(path.read_text().replace("0.2,", "0.3,", 1))
    assert results.study(path, RUNS, None, "quick") is None
    assert "is damaged and left out" in capsys.readouterr().out
    again = Trainer()
    pd.testing.assert_frame_equal(results.study(path, RUNS, again, "paper"), table)
    assert len(again.made) == 4


@pytest.mark.parametrize("profile", ["smoke", "quick"])
def test_short_profiles_train_nothing(tmp_path, capsys, profile):
    path, trainer = tmp_path / "study.csv", Trainer()
    assert results.study(path, RUNS, trainer, profile) is None
    assert "study.csv has not been run yet" in capsys.readouterr().out
    results.study(path, RUNS[:1], trainer, "paper")
    assert len(results.study(path, RUNS, trainer, profile)) == 2
    assert trainer.made == [(0.1, 0)] and capsys.readouterr().out == ""


def test_rows_that_another_process_wrote_meanwhile_stay(tmp_path):
    path, other = tmp_path / "study.csv", Trainer()

    def slow(rate: float, seed: int) -> list[dict]:
        if not other.made:  # while this run is made, another process makes this one and the next
            results.study(path, RUNS[:2], other, "paper")
        return [{"epoch": 1, "loss": -1.0}]

    table = results.study(path, RUNS[:3], slow, "paper")
    assert other.made == [(0.1, 0), (0.1, 1)]
    assert list(zip(table.rate, table.seed, table.loss, strict=True)) == [
        (0.1, 0, 0.1), (0.1, 0, 0.2), (0.1, 1, 1.1), (0.1, 1, 1.2), (0.01, 0, -1),
    ]  # fmt: skip


def test_a_setting_is_known_again_as_the_file_holds_it(tmp_path):
    path, runs = tmp_path / "study.csv", [{"rate": 1 / 3, "seed": 0}, {"rate": 2 / 3, "seed": 0}]
    results.study(path, runs, Trainer(), "paper")
    again = Trainer()
    assert len(results.study(path, runs, again, "paper")) == 4
    assert again.made == []


def test_a_setting_that_no_file_holds_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"study\.csv: the setting 'rate' is None"):
        results.study(tmp_path / "study.csv", [{"rate": None, "seed": 0}], Trainer(), "paper")
