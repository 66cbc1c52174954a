"""The claims of DEPTH (chapter 13), each with what computes its ratio."""

import functools

import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.models import deep
from fkd_utils.training import depth_runs, results
from studies.claims.findings import COUNT, Claim, Found, exactly, in_study, one_seed

_SHIFTS, _RESULTS = "depth/kaggle_shifts.csv", "depth/results.csv"
_SMALL = "network: 1/16 of the width; regime: at most 16 epochs"
_VARIANTS = "depth/variants.csv"


def _pictures() -> Found:
    """The nearest sum of whole copies of the complete rows and the shifted ones."""
    shifted, complete = 6350, 2140
    copies = round((26239 - shifted) / complete)
    return Found(exactly((copies * complete + shifted) / 26239))


def _shifts() -> Found:
    """The nearest count of faces that stay inside, over whole pixels."""
    ratios = pd.read_csv(files.PUBLISHED / _SHIFTS).straight / 6350
    return Found(exactly(ratios[(ratios - 1).abs().idxmin()]), _SHIFTS)


def _unseen() -> Found:
    """Of pictures held out after copying; fewest if the rows it dropped are among them, once."""
    labels = results.kaggle_labels()
    once = 1 - (labels["rows"] - labels["complete"]) / 26239
    return Found(exactly(once, 1), "kaggle_labels.json")


def _accurate() -> Found:
    """A tenth of each coordinate has accuracy 1: its rms distance, to that of the mean face."""
    labels = results.kaggle_labels()
    off = 0.9 * np.linalg.norm(labels["mean_face"], axis=1)
    mean = 2**0.5 * faces.HALF * labels["mean_face_mse"] ** 0.5
    return Found(exactly(np.sqrt((off**2).mean()) / mean), "kaggle_labels.json")


def _test_loss(new: str, old: str) -> Found:
    return in_study(_RESULTS, "row", "test_loss", new, old)


def _table_3(new: str, old: str) -> Found:
    return _test_loss(f"3: {new}", f"3: {old}")


def _rises() -> Found:
    """Sum of a validation loss's rises, on the logarithm: 14 convolutions, 5 pools to 3."""
    by_epoch = results.table("depth/results").set_index("row").val_by_epoch
    several, few = (
        np.diff(np.log(np.array(by_epoch[f"3: 14cl, {pools}mpl"].split(), float))).clip(0).sum()
        for pools in (5, 3)
    )
    return one_seed(several / few, _RESULTS)


def _variants() -> pd.DataFrame:
    """The network of Table 1 and what was changed in it, by change; "" is the network itself."""
    final = results.table("depth/results").set_index("row").loc[[depth_runs.FINAL]]
    return pd.concat([final.assign(change=""), results.table("depth/variants")]).set_index("change")


def _changed(new: str, old: str) -> Found:
    """Test loss of one variant to another's."""
    losses = _variants().test_loss
    return one_seed(losses[new] / losses[old], _VARIANTS)


def _faster() -> Found:
    """Epochs to a fifth of the mean face's loss on the validation pictures, slope 0.3 to ReLU."""
    rows = _variants().loc[["", "ReLU"]]
    shares = (
        np.array(row.val_by_epoch.split(), float) / row.val_mean_face for row in rows.itertuples()
    )
    leaky, relu = ((one <= 0.2).argmax() + 1 for one in shares)
    return one_seed(leaky / relu, _VARIANTS)


def _above_fourteen() -> Found:
    """Test losses of DEPTH's own table: fifteen layers with five pools to fourteen."""
    fifteen, fourteen = (deep.TABLE_3[name].test_loss for name in ("15cl, 5mpl", "14cl, 5mpl"))
    return Found(exactly(fifteen / fourteen))


def _best_other() -> Found:
    """Test loss of fifteen convolutions to the lowest of the others."""
    losses = results.table("depth/results").set_index("row").test_loss
    fifteen = losses.pop("3: 15cl, 5mpl")
    return one_seed(fifteen / losses[losses.index.str.startswith("3: ")].min(), _RESULTS)


_claim = functools.partial(Claim, "DEPTH")

CLAIMS = [
    _claim(
        "3", "which included 26239 images", "copies of the 2,140 complete rows make 26,239",
        "26,239", "nearest sum of whole copies and 6,350 to 26,239", "= 1", "Table 13.1", _pictures,
        matters=COUNT,
    ),
    _claim(
        "3", "shifted to bottom, up, right and left and this way 6350",
        "shifts to the four sides leave 6,350", "6,350", "nearest count by whole pixels to 6,350",
        "= 1", "Table 13.1", _shifts, matters=COUNT,
    ),
    _claim(
        "4", "used to test models on unseen data", "pictures split off after copying are unseen",
        "no number", "of them, share whose photograph trains", "= 0", "13-h", _unseen,
    ),
    _claim(
        "4", "this was too big if we consider that our pictures were 96x96",
        "filters of 11 and 5 are too big for 96 pixels", "no number",
        "loss, filters of 3 to those of 11 and 5", "< 1", "Table 13.5",
        lambda: _changed("", "first filters of 11 and 5"), f"{_SMALL}; network: 2 such filters",
    ),
    _claim(
        "5", "obtaining high accuracy which would mean that our model has good performance",
        "an accuracy of 0.9309 says that the keypoints are found", "0.9309",
        "rms distance at accuracy 1, to the mean face's", "< 1", "Table 13.6", _accurate,
    ),
    _claim(
        "5", "did not influence the model very much", "the batch size hardly matters",
        "no number", "loss, batches of 256 to 32", "= 1", "Table 13.5",
        lambda: _changed("batches of 256", "batches of 32"), _SMALL,
    ),
    _claim(
        "5", "works better for solving the given task", "Leaky ReLU has a smaller loss than ReLU",
        "no number", "loss, Leaky ReLU to ReLU", "< 1", "Table 13.5",
        lambda: _changed("", "ReLU"), _SMALL,
    ),
    _claim(
        "5", "speeds up the training process a lot", "Leaky ReLU trains faster than ReLU",
        "no number", "epochs, Leaky ReLU to ReLU", "< 1", "Table 13.5", _faster, _SMALL,
    ),
    _claim(
        "5", "accuracy was at its peak point while using 15 convolutional layers",
        "fifteen convolutions are the best of 5 to 16", "0.72 px²",
        "loss, 15 convolutions to the lowest other", "< 1", "Table 13.2", _best_other, _SMALL,
    ),
    _claim(
        "5", "if we look at the loss, our model has smaller loss",
        "fifteen convolutions have a smaller loss than fourteen", "0.7246",
        "loss, its 15 to its 14 with 5 pools", "< 1", "Table 13.2", _above_fourteen, matters=COUNT,
    ),
    _claim(
        "5", "dropped significantly after switching to 16 convolutional layers",
        "sixteen convolutions collapse", "3.82", "loss, 16 to 15 convolutions", "> 1",
        "Table 13.2", lambda: _table_3("16cl, 5mpl", "15cl, 5mpl"), _SMALL,
    ),
    _claim(
        "5", "an increase in accuracy after adding convolutional layers",
        "ten convolutions are better than five", "0.72", "loss, 10 to 5 convolutions", "< 1",
        "Table 13.2", lambda: _table_3("10cl, 3mpl", "5cl, 3mpl"), _SMALL,
    ),
    _claim(
        "5, Table 3", "by adding 2 more maxpooling layers, the model started performing better",
        "five pools are better than three", "0.58", "loss, 14 convolutions, 5 pools to 3", "< 1",
        "Table 13.2", lambda: _table_3("14cl, 5mpl", "14cl, 3mpl"), _SMALL,
    ),
    _claim(
        "5, Fig 2", "but also made learning more stable", "five pools learn more steadily",
        "no number", "rises of the loss, 14 convolutions, 5 pools to 3", "< 1", "13-e", _rises,
        _SMALL,
    ),
    _claim(
        "5, Table 4", "model performs the best when using dropout rate 0.1",
        "dropout of 0.1 is best", "test loss 0.6964", "loss, 0.1 to none", "< 1", "Table 13.3",
        lambda: _test_loss("5: 1 dense", "4: no dropout"), _SMALL,
    ),
    _claim(
        "5, Table 5", "is model using only one dense layer", "one dense layer is better than three",
        "0.75", "loss, one to three", "< 1", "Table 13.4",
        lambda: _test_loss("5: 1 dense", "5: 3 dense"), _SMALL,
    ),
]  # fmt: skip
