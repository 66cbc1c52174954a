"""The claims of DEPTH (chapter 13), each with the function that finds the course's answer.

The stored networks are narrow and were trained for few epochs on few faces: every verdict on depth
stands under that reserve, and the answers say so.
"""

import functools

import pandas as pd

from fkd_utils import files
from studies.claims.claim import Claim, Finding

_RESERVE = "narrow networks, few epochs"


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(files.PUBLISHED / "depth" / f"{name}.csv")


def _shifts() -> pd.Series:
    table = _table("kaggle_shifts")
    return table.set_index("pixels").loc[12]


def _pictures() -> Finding:
    count = 7 * 2140 + int(_shifts().diagonal)
    ours = f"{count:,} without the rows it removes; 26,239 is with their 4,909"
    return Finding(ours, "fails" if count != 26239 else "holds", "depth/kaggle_shifts.csv")


def _inside() -> Finding:
    shifts = _shifts()
    ours = f"{shifts.diagonal:,} for diagonal shifts, {shifts.straight:,} to the four sides"
    verdict = "holds" if shifts.straight == 6350 else "fails"
    return Finding(ours, verdict, "depth/kaggle_shifts.csv")


def _mean_loss() -> pd.Series:
    """Mean test loss over the seeds by row of DEPTH's tables."""
    return _table("results").groupby("row").test_loss.mean()


def _best_depth() -> Finding:
    third = _mean_loss().filter(like="3: ")
    best = third.idxmin().removeprefix("3: ")
    ours = f"{best} ({_RESERVE})"
    return Finding(ours, "holds" if best.startswith("15cl") else "depends", "depth/results.csv")


def _ratio(new: str, old: str, claim_is_below: bool) -> Finding:
    mean = _mean_loss()
    ratio = mean[new] / mean[old]
    clear = ratio < 0.8 if claim_is_below else ratio > 1.5
    return Finding(f"{ratio:.2f} times ({_RESERVE})", "holds" if clear else "depends",
                   "depth/results.csv")  # fmt: skip


def _leak() -> Finding:
    table = _table("leak")
    mean = table.groupby("order")[["val_loss", "test_loss"]].mean()
    ratio = mean.loc["augment first"] / mean.loc["split first"]
    ours = (
        f"its loss {ratio.val_loss:.2f} of the honest order's, on new people "
        f"{ratio.test_loss:.2f} ({table.seed.nunique()} seeds)"
    )
    return Finding(ours, "fails" if ratio.val_loss < 0.8 else "depends", "depth/leak.csv")


def _accuracy() -> Finding:
    faces = _table("kaggle_argmax").faces
    share = faces.max() / faces.sum()
    ours = f"one constant answer is right on {share:.3f} of the faces"
    return Finding(ours, "fails" if share > 0.5 else "holds", "depth/kaggle_argmax.csv")


def _dropout() -> Finding:
    return Finding("no run of ours is long enough", "not tested", "")


def _dense_layers() -> Finding:
    return Finding("no run of ours changes the dense layers alone", "not tested", "")


_claim = functools.partial(Claim, "DEPTH")

CLAIMS = [
    _claim("3", "without the incomplete rows the copies make 26,239 pictures", "26,239", "13-a",
           _pictures),
    _claim("3", "shifts to the four sides leave 6,350 pictures", "6,350", "13-a", _inside),
    _claim("Table 3", "fifteen convolutions are best among 5 to 16",
           "15cl, 5mpl; by test loss 14cl, 5mpl", "13-d", _best_depth),
    _claim("Table 3", "sixteen convolutions collapse", "3.82 times the loss of fifteen", "13-d",
           lambda: _ratio("3: 16cl, 5mpl", "3: 15cl, 5mpl", False)),
    _claim("Table 3", "with 3 pools, ten convolutions are better than five", "0.72 times", "13-d",
           lambda: _ratio("3: 10cl, 3mpl", "3: 5cl, 3mpl", True)),
    _claim("Table 4", "dropout of 0.1 is best", "test loss 0.6964", "Table 13.3", _dropout),
    _claim("Table 5", "one dense layer is better than three", "0.75 times", "Table 13.4",
           _dense_layers),
    _claim("4", "a split after augmenting measures the network on new pictures", "no number",
           "13-h", _leak),
    _claim("Tables 3 to 5", "an accuracy of 0.9309 says that the keypoints are found", "0.9309",
           "13-g", _accuracy),
]  # fmt: skip
