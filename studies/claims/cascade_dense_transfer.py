"""The claims of CASCADE (chapter 14), DENSE (15a to 16b) and TRANSFER (16a, 16b).

Each has what computes its ratio. CASCADE names no network, so most of its claims cannot be tested.
"""

import functools

import pandas as pd

from fkd_utils import files
from fkd_utils.evaluation import verdicts
from fkd_utils.training import results
from studies.claims.findings import COUNT, Claim, Found, exactly, in_study, nothing, one_seed

_cascade, _dense, _transfer = (
    functools.partial(Claim, study) for study in ("CASCADE", "DENSE", "TRANSFER")
)

_NAMELESS = "network: it describes none"
_SMALL = "data: 500 faces of 24 x 24 pixels, not the pictures of the experiment that it quotes"
_SIGMOIDS, _OLD = "cascade/sigmoids_open.csv", "as before Glorot"


def _missing() -> Found:
    labels = results.kaggle_labels()
    return Found(exactly(1 - labels["complete"] / labels["rows"]), "kaggle_labels.json")


def _sigmoids(start: str) -> pd.DataFrame:
    """The rows of a start by its best rule: lowest loss."""
    rows = results.table(_SIGMOIDS.removesuffix(".csv")).query("start == @start")
    ends = rows[rows.epoch == rows.epoch.max()].groupby("rule").loss.mean()
    return rows[rows.rule == ends.idxmin()]


def _saturated() -> Found:
    """The highest share of the last hidden layer, by plain descent's rates: lowest to highest."""
    rows = results.table(_SIGMOIDS.removesuffix(".csv")).query("start == @_OLD and rule != 'Adam'")
    shares = rows.groupby(["rule", "seed"])["layer 4"].max()
    return Found(exactly(*(shares.agg(["min", "max"]))), _SIGMOIDS)


def _escaped() -> Found:
    """The epoch at which a tenth of the mean face's loss is gone, by the best rule."""
    rows = _sigmoids(_OLD)
    epochs = rows[rows.loss < 0.9].groupby("seed").epoch.min()
    return Found(verdicts.of_seeds(epochs), _SIGMOIDS)


def _wide_inputs() -> Found:
    """Training loss after the last epoch: inputs of 0 to 255 to small ones, sigmoid and Adam."""
    rows = results.table("cascade/attempts_open")
    ends = rows[rows.epoch == rows.epoch.max()].set_index("attempt").loss
    ratio = ends["sigmoid, inputs 0 to 255, Adam"] / ends["sigmoid, Adam"]
    return one_seed(ratio, "cascade/attempts_open.csv")


def _pretrained() -> Found:
    """Loss, layer by layer to the same first weights without, each by its best rule."""
    ends = [
        rows[rows.epoch == rows.epoch.max()].set_index("seed").loss
        for rows in (_sigmoids("layer by layer"), _sigmoids("Glorot"))
    ]
    return Found(verdicts.of_seeds(ends[0] / ends[1]), _SIGMOIDS)


CASCADE = [
    _cascade(
        "Abstract", "non convergence still need to be resolved", "its network does not converge",
        "no number", "loss, to the mean face's", "> 1", "Table 14.1", nothing, _NAMELESS,
    ),
    _cascade(
        "1", "some of the target keypoint positions are missing", "some pictures lack labels",
        "some", "share of Kaggle's rows", "> 0", "3.2", _missing,
    ),
    _cascade(
        "3.1", "may force the neuron to saturate, which slow down convergence",
        "targets from 0 to 96 slow down learning", "no number", "epochs, to those of -1 to 1",
        "> 1", "Table 14.1", nothing, _NAMELESS,
    ),
    _cascade(
        "3.1", "This large range of input and target data",
        "inputs from 0 to 255 slow down learning", "no number",
        "loss after 100 epochs, to that with small ones", "> 1", "Table 14.1", _wide_inputs,
        _NAMELESS,
    ),
    _cascade(
        "3.2", "the last hidden layer quickly saturate",
        "the last of four sigmoid layers saturates", "the last hidden layer",
        "share of saturated units", "> 0.5", "14-b", _saturated, _SMALL,
    ),
    _cascade(
        "3.2", "after a hundred of epochs, it escaped",
        "a network of sigmoids leaves its plateau after a hundred epochs", "100", "epochs",
        "= 100", "Table 14.2", _escaped, _SMALL,
    ),
    _cascade(
        "3.2", "combination of random initialization",
        "the start and the sigmoid together saturate a network", "no number",
        "share of saturated units", "> 0.5", "14-b", _saturated, _SMALL,
    ),
    _cascade(
        "3.2", "Unsupervised pre-training can successfully solve this issue",
        "layers that are pre-trained without labels get on", "no number",
        "training loss, to that without", "< 1", "Table 14.2", _pretrained, _SMALL,
    ),
]  # fmt: skip

_ITS_PICTURES = "data: a picture or two of theirs"
_PART_3 = "dense/lite0_68_ibug68.csv"
_NOT_THEIRS = "network: EfficientNet-Lite0, not ResNet18; data: 300-W's pictures, not theirs"


def _part_3(own: bool = True) -> pd.DataFrame:
    """Errors on the tested faces, from ImageNet's weights, by learned, epoch and seed.

    own: in the box that was learned; else the mean of the others.
    """
    rows = results.table(_PART_3.removesuffix(".csv"))
    rows = rows[(rows.weights == "imagenet") & (rows.faces == "tested")]
    rows = rows[(rows.box == "as learned") == own]
    return rows.groupby(["learned", "epoch", "seed"])[["held", "loss", "nme"]].mean()


def _over_seeds(ratios: pd.Series) -> Found:
    ratios = ratios.dropna()
    if len(ratios) == 1:
        return one_seed(ratios.iloc[0], _PART_3)
    return Found(verdicts.of_seeds(ratios), _PART_3)


def _longer() -> Found:
    """Held-out error after 15 epochs on all pictures, to that after 10 on four fifths."""
    held = _part_3().held
    return _over_seeds(held["all", 15] / held["four fifths", 10])


def _overfitted() -> Found:
    """Of the training on all pictures: held-out to training error, epoch 15 to 10."""
    gap = _part_3().held / _part_3().loss
    return _over_seeds(gap["all", 15] / gap["all", 10])


def _their_mse() -> Found:
    return _over_seeds(_part_3().held["all", 15] / 13.19555)


def _other_boxes() -> Found:
    """NME in the three other boxes, averaged, to that in the learned one."""
    others, own = (_part_3(own=which).nme["all", 15] for which in (False, True))
    return _over_seeds(others / own)


DENSE = [
    _dense(
        "Part 1, tuning", "the results aren't very different even when we change these parameters",
        "the learning rate matters little", "2.2 times and less",
        "training loss after 25 epochs, rate 0.01 to 0.001", "< 2.2", "Table 15a.1",
        lambda: in_study("dense/nose_open.csv", "rate", "loss", 0.01, 0.001, "epoch == 25"),
    ),
    _dense(
        "Part 1", "this might be because the lighting is coming from the right side",
        "light from one side misleads the nose network", "one face",
        "error, lit from a side to not", "> 1", "Table 15b.1", nothing, _ITS_PICTURES,
    ),
    _dense(
        "Part 1", "seems to think the open lips is the bottom of the nose",
        "one part of a picture can be named as the cause of a miss", "one face",
        "error, with the part to without", "> 1", "Table 15b.1", nothing, _ITS_PICTURES,
    ),
    _dense(
        "Part 2", "the center of the face was further right than it actually was",
        "two bad faces have the centre in the wrong place", "2 faces", "share of their error",
        "> 0.5", "Table 15b.2", nothing, _ITS_PICTURES,
    ),
    _dense(
        "Part 2", "To combat this, we use data augmentation",
        "augmentation makes up for few pictures", "no number", "error, with it to without", "< 1",
        "Table 15b.2",
        lambda: in_study(
            "dense/points_open.csv", "augmented", "held_out", True, False, "epoch == 200"
        ),
    ),
    _dense(
        "Part 3", "did worse than the one trained on less epochs",
        "15 epochs instead of 10 are worse on new faces", "no number",
        "error, 15 epochs on all to 10 on four fifths", "> 1", "Table 16b.7", _longer, _NOT_THEIRS,
    ),
    _dense(
        "Part 3", "This may be due to some overfitting after training over a longer period",
        "15 epochs are worse since they overfit", "no number",
        "held-out to training error, epoch 15 to 10", "> 1", "Table 16b.7", _overfitted,
        _NOT_THEIRS,
    ),
    _dense(
        "Part 3", "We ended up with a MSE of 13.19555",
        "a pre-trained ResNet18 reaches an MSE of 13.2", "13.19555",
        "MSE, to 13.2", "= 1", "Table 16b.7", _their_mse, _NOT_THEIRS,
    ),
    _dense(
        "Part 3", "the self-defined bounding boxes don't work very well",
        "boxes of another convention than the training's are worse", "3 pictures",
        "error, with such boxes to the set's own", "> 1", "16b-f", _other_boxes, _NOT_THEIRS,
    ),
]  # fmt: skip

_CONSTANTS = "transfer/muct_constants.csv"
_OURS = "network: four blocks of ours, neither Inception nor ResNet50"


def _to_constant(loss: float) -> Found:
    """A loss to that of a mean face that knows which copy it sees, over the crops one may think of.

    TRANSFER's own crops are not known.
    """
    table = pd.read_csv(files.PUBLISHED / _CONSTANTS)
    constant = table[table.unavailable == "left out"].upright
    return Found(exactly(loss / constant.max(), loss / constant.min()), _CONSTANTS)


def _subjects() -> Found:
    facts = pd.read_csv(files.PUBLISHED / "transfer/muct_facts.csv").set_index("fact")["count"]
    count = facts["pictures of the first 82 people, one camera"]
    return Found(exactly(count / 249), "transfer/muct_facts.csv")


def _study(name: str, column: str, new: object, old: object, where: str = "seed >= 0") -> Found:
    return in_study(f"transfer/{name}_open.csv", column, "held", new, old, where)


def _lite0(name: str, column: str, new: str, old: str, where: str) -> Found:
    return in_study(f"transfer/lite0_{name}_open.csv", column, "mean_px", new, old, where)


def _backgrounds() -> Found:
    table = pd.read_csv(files.PUBLISHED / "transfer/backgrounds.csv")
    table = table[(table.faces == "real") & table.network.str.contains("Lite0")]
    px = table.pivot(index="group", columns=["behind", "seed"], values="mean_px")
    one, many = (px[behind] for behind in ("studio", "anything"))
    _, by_faces = verdicts.of_faces(one.mean(axis=1), many.mean(axis=1), px.index)
    found = verdicts.of_seeds(one.mean() / many.mean(), by_faces, len(px))
    return Found(found, "transfer/backgrounds.csv")


_LAST = "epoch == epoch.max() and weights == 'faces'"
_IMAGENET = "weights == 'imagenet'"
_LITE0 = "network: EfficientNet-Lite0, neither Inception nor ResNet50"
_BEST = "optimiser == 'SGD' and rate == 10 or optimiser == 'Adam' and rate == 0.01"

TRANSFER = [
    _transfer(
        "2.2", "first 82 subjects for the testing set (249 images per camera",
        "the first 82 subjects make 249 pictures a camera", "249", "pictures, to 249", "= 1",
        "Table 16a.1", _subjects, matters=COUNT,
    ),
    _transfer(
        "3.2.2", "the results are far from good", "frozen Inception features are far from good",
        "0.03567", "its loss, to a mean face's that knows the copy", "> 1", "16a-c",
        lambda: _to_constant(0.03567),
    ),
    _transfer(
        "5", "fairly accurate landmarks on pictures that it haven't seen",
        "a loss of 0.0038 means that the landmarks are found", "0.003779",
        "its loss, to a mean face's that knows the copy", "< 1", "16a-c",
        lambda: _to_constant(0.003779),
    ),
    _transfer(
        "3.2.2", "it really improved the results by using the 2 first blocks",
        "retraining two blocks is better than none", "0.11", "error, 2 blocks to 0", "< 1",
        "Table 16b.5",
        lambda: _study("blocks", "blocks", 2, 0, _LAST), _OURS,
    ),
    _transfer(
        "3.2.2", "it is worst then the model with 2 blocks",
        "retraining two blocks is better than four", "1.03 in its table", "error, 2 blocks to 4",
        "< 1", "Table 16b.5",
        lambda: _study("blocks", "blocks", 2, 4, _LAST), _OURS,
    ),
    _transfer(
        "4.1", "the model that did best was the model based on the ResNet50",
        "transferred weights beat random ones", "0.15",
        "error, ImageNet's weights to random, 4 blocks", "< 1", "Table 16b.6",
        lambda: _lite0("blocks", "weights", "imagenet", "random", "blocks == 4"), _LITE0,
    ),
    _transfer(
        "5.1", "showed really good improvements",
        "squares and sines of frozen features improve on the plain ones", "no number",
        "error, with them to three plain copies", "< 1", "Table 16b.4",
        lambda: _lite0("frozen", "read", "x, x squared, sin x", "x, x, x", _IMAGENET), _LITE0,
    ),
    _transfer(
        "5.1", "two identical convolutional stack but with different kernel sizes (6 and 3)",
        "two paths with kernels of 3 and 6 improve on two of 6", "no number",
        "error, 3 and 6 to 6 and 6", "< 1", "Table 16a.4",
        lambda: _study("paths", "kernels", "3 and 6", "6 and 6", "steps == steps.max()"),
        "network: a small one; regime: 720 steps",
    ),
    _transfer(
        "5.1", "two identical convolutional stack but with different kernel sizes (6 and 3)",
        "two paths with kernels of 3 and 6 improve on two of 3", "no number",
        "error, 3 and 6 to 3 and 3", "< 1", "Table 16a.4",
        lambda: _study("paths", "kernels", "3 and 6", "3 and 3", "steps == steps.max()"),
        "network: a small one; regime: 720 steps",
    ),
    _transfer(
        "3.3", "SGD all results were poor with this optimizer", "results with SGD are poor",
        "no number", "error, SGD to Adam, each at its best rate", "> 1", "16a-e",
        lambda: _study("optimisers", "optimiser", "SGD", "Adam", _BEST),
        "network: a small one of ours",
    ),
    _transfer(
        "3.3", "increase the learning rate to 0.1",
        "with RMSprop a rate of 0.1, falling, gives better results", "no number",
        "error, falling from 0.1 to fixed", "< 1", "Table 16a.3",
        lambda: _study("optimisers", "optimiser", "RMSprop, falling", "RMSprop", "rate == 0.1"),
        "network: a small one of ours",
    ),
    _transfer(
        "4.1", "probably because all the images has the same background",
        "one background makes a network fail elsewhere", "no number",
        "error on real faces, one background to many", "> 1", "Table 16a.6", _backgrounds,
        "data: 1,000 portraits of 100 people; network: EfficientNet-Lite0, not ResNet50",
    ),
]  # fmt: skip

CLAIMS = CASCADE + DENSE + TRANSFER
