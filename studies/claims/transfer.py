"""The claims of TRANSFER (chapters 16a and 16b), each with what computes its ratio."""

import functools

import pandas as pd

from fkd_utils import files
from fkd_utils.evaluation import verdicts
from studies.claims.claim import COUNT, Claim, Found
from studies.claims.findings import in_study

_CONSTANTS = "transfer/muct_constants.csv"
_OURS = "network: four blocks of ours, neither Inception nor ResNet50"


def _to_constant(loss: float) -> Found:
    """A loss to that of a mean face that knows which copy it sees, over the crops one may think of.

    TRANSFER's own crops are not known.
    """
    table = pd.read_csv(files.PUBLISHED / _CONSTANTS)
    constant = table[table.unavailable == "left out"].upright
    return Found(verdicts.exactly(loss / constant.max(), loss / constant.min()), _CONSTANTS)


def _subjects() -> Found:
    facts = pd.read_csv(files.PUBLISHED / "transfer/muct_facts.csv").set_index("fact")["count"]
    count = facts["pictures of the first 82 people, one camera"]
    return Found(verdicts.exactly(count / 249), "transfer/muct_facts.csv")


def _study(name: str, column: str, new: object, old: object, where: str = "seed >= 0") -> Found:
    return in_study(f"transfer/{name}_open.csv", column, "held", new, old, where)


def _backgrounds() -> Found:
    table = pd.read_csv(files.PUBLISHED / "transfer/backgrounds.csv")
    table = table[(table.faces == "real") & table.network.str.contains("Lite0")]
    px = table.pivot(index="group", columns=["behind", "seed"], values="mean_px")
    one, many = (px[behind] for behind in ("studio", "anything"))
    _, by_faces = verdicts.of_faces(one.mean(axis=1), many.mean(axis=1), px.index)
    found = verdicts.of_seeds(one.mean() / many.mean(), by_faces, len(px))
    return Found(found, "transfer/backgrounds.csv")


_LAST = "epoch == epoch.max() and weights == 'faces'"
_FOUR = "epoch == epoch.max() and blocks == 4"
_BEST = "optimiser == 'SGD' and rate == 10 or optimiser == 'Adam' and rate == 0.01"

_claim = functools.partial(Claim, "TRANSFER")

CLAIMS = [
    _claim(
        "2.2", "first 82 subjects for the testing set (249 images per camera",
        "the first 82 subjects make 249 pictures a camera", "249", "pictures, to 249", "= 1",
        "Table 16a.1", _subjects, matters=COUNT,
    ),
    _claim(
        "3.2.2", "the results are far from good", "frozen Inception features are far from good",
        "0.03567", "its loss, to a mean face's that knows the copy", "> 1", "16a-c",
        lambda: _to_constant(0.03567),
    ),
    _claim(
        "5", "fairly accurate landmarks on pictures that it haven't seen",
        "a loss of 0.0038 means that the landmarks are found", "0.003779",
        "its loss, to a mean face's that knows the copy", "< 1", "16a-c",
        lambda: _to_constant(0.003779),
    ),
    _claim(
        "3.2.2", "it really improved the results by using the 2 first blocks",
        "retraining two blocks is better than none", "0.11", "error, 2 blocks to 0", "< 1",
        "Table 16b.5",
        lambda: _study("blocks", "blocks", 2, 0, _LAST), _OURS,
    ),
    _claim(
        "3.2.2", "it is worst then the model with 2 blocks",
        "retraining two blocks is better than four", "1.03 in its table", "error, 2 blocks to 4",
        "< 1", "Table 16b.5",
        lambda: _study("blocks", "blocks", 2, 4, _LAST), _OURS,
    ),
    _claim(
        "4.1", "the model that did best was the model based on the ResNet50",
        "transferred weights beat random ones", "0.15", "error, learned weights to random", "< 1",
        "16b-c", lambda: _study("blocks", "weights", "faces", "random", _FOUR), _OURS,
    ),
    _claim(
        "5.1", "showed really good improvements",
        "squares and sines of frozen features improve on the plain ones", "no number",
        "error, with them to three plain copies", "< 1", "Table 16b.3",
        lambda: _study("heads", "rows", "x, x squared, sin x", "x, x, x"), _OURS,
    ),
    _claim(
        "5.1", "two identical convolutional stack but with different kernel sizes (6 and 3)",
        "two paths with kernels of 3 and 6 improve on one size", "no number",
        "error, 3 and 6 to 6 and 6", "< 1", "Table 16a.4",
        lambda: _study("paths", "kernels", "3 and 6", "6 and 6", "steps == steps.max()"),
        "network: a small one; regime: 720 steps",
    ),
    _claim(
        "3.3", "SGD all results were poor with this optimizer", "results with SGD are poor",
        "no number", "error, SGD to Adam, each at its best rate", "> 1", "16a-e",
        lambda: _study("optimisers", "optimiser", "SGD", "Adam", _BEST),
        "network: a small one of ours",
    ),
    _claim(
        "3.3", "increase the learning rate to 0.1",
        "with RMSprop a rate of 0.1, falling, gives better results", "no number",
        "error, falling from 0.1 to fixed", "< 1", "Table 16a.3",
        lambda: _study("optimisers", "optimiser", "RMSprop, falling", "RMSprop", "rate == 0.1"),
        "network: a small one of ours",
    ),
    _claim(
        "4.1", "probably because all the images has the same background",
        "one background makes a network fail elsewhere", "no number",
        "error on real faces, one background to many", "> 1", "Table 16a.6", _backgrounds,
        "data: 1,000 portraits of 100 people; network: EfficientNet-Lite0, not ResNet50",
    ),
]  # fmt: skip
