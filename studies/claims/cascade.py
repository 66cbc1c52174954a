"""The claims of CASCADE (chapter 14), each with the function that finds the course's answer."""

import functools

import pandas as pd

from fkd_utils import files
from fkd_utils.training import results
from studies.claims.claim import Claim, Finding

_ATTEMPTS, _LEVELS = "cascade/attempts_open.csv", "cascade/levels_open.csv"


def _attempt(name: str) -> pd.DataFrame:
    """A training of CASCADE's perceptron: epoch, loss (mean face: 1), spread, saturated."""
    table = pd.read_csv(files.PUBLISHED / _ATTEMPTS)
    found = table[table.attempt == name]
    assert len(found), name
    return found.reset_index(drop=True)


def _converges() -> Finding:
    loss = _attempt("ReLU, Adam").loss.iloc[-1]
    broken = _attempt("ReLU, Adam, one label missing").loss.isna().all()
    ours = f"does: {loss:.2f} of the mean face's loss; with one label missing: NaN"
    return Finding(ours, "depends" if loss < 0.5 and broken else "holds", _ATTEMPTS)


def _sigmoids() -> Finding:
    last = _attempt("sigmoid, plain descent 0.05").iloc[-1]
    ours = f"{last.saturated:.0%} saturated; answers spread by {last.spread:.2f} px"
    return Finding(ours, "fails" if last.saturated < 0.1 else "holds", _ATTEMPTS)


def _start() -> Finding:
    share = _attempt("tanh, start N(0, 1), Adam").saturated.iloc[-1]
    return Finding(f"{share:.0%} saturated", "holds" if share > 0.5 else "fails", _ATTEMPTS)


def _plateau() -> Finding:
    attempt = _attempt("sigmoid, Adam")
    epoch = int(attempt.epoch[(attempt.loss < 0.95).idxmax()])
    left = (attempt.loss < 0.95).any()
    verdict = "holds" if left and 30 <= epoch <= 300 else "depends"
    return Finding(f"epoch {epoch}" if left else "not in 100 epochs", verdict, _ATTEMPTS)


def _targets() -> Finding:
    finite = _attempt("ReLU, targets 0 to 96, plain descent 0.05").loss.notna().any()
    ours = "a finite loss" if finite else "no finite loss from the first epoch on"
    return Finding(ours, "depends" if finite else "holds", _ATTEMPTS)


def _some() -> Finding:
    labels = results.kaggle_labels()
    share = 1 - labels["complete"] / labels["rows"]
    return Finding(f"{share:.0%}", "depends" if share > 0.5 else "holds", "kaggle_labels.json")


def _mean_px() -> pd.Series:
    levels = pd.read_csv(files.PUBLISHED / _LEVELS)
    return levels.groupby("network").mean_px.mean()


def _levels() -> Finding:
    table = pd.read_csv(files.PUBLISHED / _LEVELS)
    by_seed = table.pivot(index="seed", columns="network", values="mean_px")
    falls = (by_seed["level 2"] < by_seed["level 1"]) & (by_seed["level 3"] < by_seed["level 2"])
    ours = ", ".join(f"{_mean_px()[f'level {k}']:.2f}" for k in (1, 2, 3))
    ours = f"{ours} px after levels 1, 2 and 3 ({len(by_seed)} seeds)"
    return Finding(ours, "holds" if falls.all() else "depends", _LEVELS)


def _against_one() -> Finding:
    mean = _mean_px()
    ours = f"{mean['level 3']:.2f} px against {mean['one network']:.2f}"
    return Finding(ours, "holds" if mean["level 3"] < mean["one network"] else "fails", _LEVELS)


_claim = functools.partial(Claim, "CASCADE")

CLAIMS = [
    _claim(
        "Abstract", "its network does not converge, nobody knows why", "no convergence",
        "Table 14.1", _converges,
    ),
    _claim(
        "3.2", "sigmoid layers hardly learn because they are saturated", "the last hidden layer",
        "Table 14.1", _sigmoids,
    ),
    _claim(
        "3.2", "initial weights and activation together saturate a network", "no number",
        "Table 14.1", _start,
    ),
    _claim(
        "3.2", "a network of sigmoids leaves its plateau after about a hundred epochs",
        "a hundred epochs", "14-a", _plateau,
    ),
    _claim("3.1", "targets from 0 to 96 slow down learning", "no number", "Table 14.1", _targets),
    _claim("1", "some of the 7,049 training images lack labels", "some", "3.2", _some),
    _claim(
        "1, an aim", "a cascade finds keypoints better than its first network", "not reached",
        "Table 14.2", _levels,
    ),
    _claim(
        "1, an aim", "a cascade is better than one network of the same cost", "not reached",
        "Table 14.2", _against_one,
    ),
]  # fmt: skip
