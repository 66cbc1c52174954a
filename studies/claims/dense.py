"""The claims of DENSE (chapters 15a to 16b), each with what computes its ratio."""

import functools

from studies.claims.claim import Claim, nothing
from studies.claims.findings import in_study

_ITS_PICTURES = "data: a picture or two of theirs"
_NOT_RUN = "network: not ResNet18; data: not theirs, and its test's labels are Kaggle's"

_claim = functools.partial(Claim, "DENSE")

CLAIMS = [
    _claim(
        "Part 1, tuning", "the results aren't very different even when we change these parameters",
        "the learning rate matters little", "2.2 times and less",
        "training loss after 25 epochs, rate 0.01 to 0.001", "< 2.2", "Table 15a.1",
        lambda: in_study("dense/nose_open.csv", "rate", "loss", 0.01, 0.001, "epoch == 25"),
    ),
    _claim(
        "Part 1", "this might be because the lighting is coming from the right side",
        "light from one side misleads the nose network", "one face",
        "error, lit from a side to not", "> 1", "Table 15b.1", nothing, _ITS_PICTURES,
    ),
    _claim(
        "Part 1", "seems to think the open lips is the bottom of the nose",
        "one part of a picture can be named as the cause of a miss", "one face",
        "error, with the part to without", "> 1", "Table 15b.1", nothing, _ITS_PICTURES,
    ),
    _claim(
        "Part 2", "the center of the face was further right than it actually was",
        "the worst faces have the centre in the wrong place", "2 faces", "share of their error",
        "> 0.5", "Table 15b.2", nothing, _ITS_PICTURES,
    ),
    _claim(
        "Part 2", "To combat this, we use data augmentation",
        "augmentation makes up for few pictures", "no number", "error, with it to without", "< 1",
        "Table 15b.2",
        lambda: in_study("dense/points_open.csv", "augmented", "held_out", True, False),
        "regime: 60 of 200 epochs, at half the size",
    ),
    _claim(
        "Part 3", "did worse than the one trained on less epochs",
        "15 epochs instead of 10 are worse on new faces", "no number", "error, epoch 15 to 10",
        "> 1", "16b-c", nothing, _NOT_RUN,
    ),
    _claim(
        "Part 3", "This may be due to some overfitting after training over a longer period",
        "15 epochs are worse since they overfit", "no number",
        "held-out to training error, epoch 15 to 10", "> 1", "16b-c", nothing, _NOT_RUN,
    ),
    _claim(
        "Part 3", "We ended up with a MSE of 13.19555",
        "a pre-trained ResNet18 reaches an MSE of 13.2", "13.19555",
        "MSE, to 13.2", "= 1", "Table 16b.6", nothing, _NOT_RUN,
    ),
    _claim(
        "Part 3", "the self-defined bounding boxes don't work very well",
        "boxes of another convention than the training's are worse", "3 pictures",
        "error, with such boxes to the set's own", "> 1", "12-d", nothing,
        "network: not ResNet18; data: three pictures of its author",
    ),
]  # fmt: skip
