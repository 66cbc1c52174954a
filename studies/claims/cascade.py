"""The claims of CASCADE (chapter 14). It names no network, so most of them cannot be tested."""

import functools

import pandas as pd

from fkd_utils.evaluation import verdicts
from fkd_utils.training import results
from studies.claims.claim import Claim, Found, nothing

_NAMELESS = "network: it describes none"
_SMALL = "data: 500 faces of 24 x 24 pixels, not the pictures of the experiment that it quotes"
_STUDY, _OLD = "cascade/sigmoids_open.csv", "as before Glorot"
_LAST = "layer 4"


def _missing() -> Found:
    labels = results.kaggle_labels()
    return Found(verdicts.exactly(1 - labels["complete"] / labels["rows"]), "kaggle_labels.json")


def _sigmoids(start: str, plain: bool) -> pd.DataFrame:
    """The rows of a start by its best rule, plain descent's best rate or any: lowest loss."""
    rows = results.table(_STUDY.removesuffix(".csv")).query("start == @start")
    rows = rows[rows.rule != "Adam"] if plain else rows
    ends = rows[rows.epoch == rows.epoch.max()].groupby("rule").loss.mean()
    return rows[rows.rule == ends.idxmin()]


def _saturated() -> Found:
    """The highest share of the last hidden layer, of each seed, by plain descent."""
    shares = _sigmoids(_OLD, plain=True).groupby("seed")[_LAST].max()
    return Found(verdicts.exactly(*(shares.agg(["min", "max"]))), _STUDY)


def _escaped() -> Found:
    """The epoch at which a tenth of the mean face's loss is gone, by the best rule."""
    rows = _sigmoids(_OLD, plain=False)
    epochs = rows[rows.loss < 0.9].groupby("seed").epoch.min()
    return Found(verdicts.of_seeds(epochs), _STUDY)


def _pretrained() -> Found:
    """Loss, layer by layer to the same first weights without, each by its best rule."""
    ends = [
        rows[rows.epoch == rows.epoch.max()].set_index("seed").loss
        for rows in (_sigmoids("layer by layer", False), _sigmoids("Glorot", False))
    ]
    return Found(verdicts.of_seeds(ends[0] / ends[1]), _STUDY)


_claim = functools.partial(Claim, "CASCADE")

CLAIMS = [
    _claim(
        "Abstract", "non convergence still need to be resolved", "its network does not converge",
        "no number", "loss, to the mean face's", "> 1", "Table 14.1", nothing, _NAMELESS,
    ),
    _claim(
        "1", "some of the target keypoint positions are missing", "some pictures lack labels",
        "some", "share of Kaggle's rows", "> 0", "3.2", _missing,
    ),
    _claim(
        "3.1", "may force the neuron to saturate, which slow down convergence",
        "targets from 0 to 96 slow down learning", "no number", "epochs, to those of -1 to 1",
        "> 1", "Table 14.1", nothing, _NAMELESS,
    ),
    _claim(
        "3.2", "the last hidden layer quickly saturate",
        "the last of four sigmoid layers saturates", "the last hidden layer",
        "share of saturated units", "> 0.5", "Table 14.2", _saturated, _SMALL,
    ),
    _claim(
        "3.2", "after a hundred of epochs, it escaped",
        "a network of sigmoids leaves its plateau after a hundred epochs", "100", "epochs",
        "= 100", "Table 14.2", _escaped, _SMALL,
    ),
    _claim(
        "3.2", "combination of random initialization",
        "the start and the sigmoid together saturate a network", "no number",
        "share of saturated units", "> 0.5", "14-b", _saturated, _SMALL,
    ),
    _claim(
        "3.2", "Unsupervised pre-training can successfully solve this issue",
        "layers that are pre-trained without labels get on", "no number",
        "training loss, to that without", "< 1", "Table 14.2", _pretrained, _SMALL,
    ),
]  # fmt: skip
