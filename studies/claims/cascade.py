"""The claims of CASCADE (chapter 14). It names no network, so most of them cannot be tested."""

import functools

from fkd_utils.evaluation import verdicts
from fkd_utils.training import results
from studies.claims.claim import Claim, Found, nothing

_NAMELESS = "network: it describes none"
_GLOROT = "regime: Glorot's start, which is the cure; network: it describes none"


def _missing() -> Found:
    labels = results.kaggle_labels()
    return Found(verdicts.exactly(1 - labels["complete"] / labels["rows"]), "kaggle_labels.json")


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
        "sigmoid layers hardly learn because they are saturated", "the last hidden layer",
        "share of saturated units", "> 0.5", "Table 14.1", nothing, _GLOROT,
    ),
    _claim(
        "3.2", "after a hundred of epochs, it escaped",
        "a network of sigmoids leaves its plateau after a hundred epochs", "100", "epochs",
        "= 100", "14-a", nothing, _GLOROT,
    ),
    _claim(
        "3.2", "combination of random initialization",
        "the start and the sigmoid together saturate a network", "no number",
        "share of saturated units", "> 0.5", "Table 14.1", nothing, _GLOROT,
    ),
]  # fmt: skip
