"""The claims of DENSE (chapters 15 and 16), each with the function that finds our answer."""

import functools

import numpy as np
import pandas as pd

from fkd_utils import files
from studies.claims.claim import Claim, Finding

RATES = (0.01, 0.001, 0.0001)


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(files.PUBLISHED / "dense" / f"{name}.csv")


def _at(epoch: int) -> pd.DataFrame:
    """Training loss, as in DENSE's table, by seed (rows) and learning rate (columns)."""
    nose = _table("nose_open")
    return nose[nose.epoch == epoch].pivot(index="seed", columns="rate", values="loss")


def _rates_alike() -> Finding:
    mean = _at(25).mean()[list(RATES)]
    ours = ", ".join(f"{value:.5f}" for value in mean)
    holds = mean.max() < 1.5 * mean.min()
    return Finding(ours, "holds" if holds else "fails", "dense/nose_open.csv")


def _best_rate() -> Finding:
    best = _at(25).idxmin(axis=1)
    count = int((best == 0.001).sum())
    verdict = "holds" if count == len(best) else "depends" if count > len(best) / 2 else "fails"
    return Finding(f"0.001 for {count} of {len(best)} seeds", verdict, "dense/nose_open.csv")


def _longer_is_worse() -> Finding:
    worse = (_at(25) > _at(20)).to_numpy()
    verdict = "holds" if worse.mean() > 0.8 else "fails" if worse.mean() < 0.4 else "depends"
    return Finding(f"{worse.sum()} of {worse.size} runs", verdict, "dense/nose_open.csv")


def _constant() -> Finding:
    places = _table("imm_mean_place").set_index("set").mean_place_mse
    front = places["imm_face_db"]
    ours = f"a constant reaches {front:.5f} on its pictures from the front; others turn"
    return Finding(ours, "not tested", "dense/imm_mean_place.csv")


def _light() -> Finding:
    moved = _table("probes_open")["on the head"]
    verdict = "holds" if moved.min() > 0 else "depends"
    return Finding(f"{moved.mean():.2f} px", verdict, "dense/probes_open.csv")


def _named_part() -> Finding:
    probes = _table("probes_open")
    gain = (probes["second, same square"] - probes["second, any square"]).mean()
    ours = f"{gain:.2f} px more than hiding any other part"
    return Finding(ours, "holds" if gain > 0.5 else "fails", "dense/probes_open.csv")


def _wrong_place() -> Finding:
    share = _table("points_open").worst_place.mean()
    verdict = "holds" if share > 2 / 3 else "depends" if share > 1 / 3 else "fails"
    return Finding(f"{share:.0%} of their error", verdict, "dense/points_open.csv")


def _augmentation() -> Finding:
    points = _table("points_open")
    mean = points.groupby("augmented").held_out.mean()
    ours = f"{mean[True]:.5f} with, {mean[False]:.5f} without, after 60 epochs, which may be few"
    return Finding(
        ours, "holds" if mean[True] < mean[False] else "depends", "dense/points_open.csv"
    )


def _filters() -> Finding:
    alike = _table("points_open").second_alike.min()
    ours = f"correlation with the random start {np.floor(1000 * alike) / 1000:.3f} or more"
    return Finding(ours, "fails" if alike > 0.9 else "holds", "dense/points_open.csv")


def _longer_unfrozen() -> Finding:
    blocks = "transfer/blocks_open.csv"  # part 3 fine-tunes, as chapter 16 does
    worse = total = 0
    for _, run in pd.read_csv(files.PUBLISHED / blocks).groupby(["weights", "blocks", "seed"]):
        held = run.set_index("epoch").held
        end = held.index.max()
        worse += held[end] > held[round(end * 2 / 3)]
        total += 1
    ours = f"half as many epochs again: worse in {worse} of {total} trainings"
    return Finding(ours, "fails" if worse < total / 3 else "depends", blocks)


_claim = functools.partial(Claim, "DENSE")

CLAIMS = [
    _claim(
        "Part 1, table", "the learning rate matters little after 25 epochs",
        "0.00495, 0.00227, 0.00505 (rates 0.01, 0.001, 0.0001)", "Table 15.1", _rates_alike,
    ),
    _claim(
        "Part 1, table", "0.001 is the best of three learning rates", "in 4 of 4 rows",
        "Table 15.1", _best_rate,
    ),
    _claim(
        "Part 1, table", "longer training got worse, from 20 to 25 epochs", "3 of 3 columns",
        "Table 15.2", _longer_is_worse,
    ),
    _claim(
        "Part 1, table", "the lowest loss shows that the network finds the nose", "0.00216",
        "Table 15.1", _constant,
    ),
    _claim(
        "Part 1, failures", "light from one side misleads the nose network", "one face",
        "Table 15.3", _light,
    ),
    _claim(
        "Part 1, failures", "one part of a picture can be named as the cause of a miss",
        "one face", "Table 15.3", _named_part,
    ),
    _claim(
        "Part 2, failures", "the worst faces have the centre of the face in the wrong place",
        "2 faces", "Table 15.4", _wrong_place,
    ),
    _claim(
        "Part 2, augmentation", "changed light, turns and shifts make up for few pictures",
        "no number", "Table 15.4", _augmentation,
    ),
    _claim(
        "Part 2, filters", "pictures of the filters show what was learned", "no number", "15-i",
        _filters,
    ),
    _claim(
        "Part 3", "training for 15 epochs instead of 10 is worse on new faces", "worse on Kaggle",
        "16-e", _longer_unfrozen,
    ),
]  # fmt: skip
