"""The claims of THESIS, each with what computes its ratio."""

import collections.abc
import functools

import numpy as np
import pandas as pd

from fkd_utils import files
from fkd_utils.evaluation import verdicts
from fkd_utils.models import thesis as thesis_models
from fkd_utils.training import results, thesis_runs
from studies.claims import findings
from studies.claims.findings import Claim, Found, errors, exactly, gap, nothing

LAST = "Fifth, dropout, Leaky ReLU 0.2"
_TIMES = "timing/two_core_cloud.csv"
_SLOW = "machine: two processor cores without a graphics card"


def _first() -> Found:
    """The mean face's error on the test faces counts as exact: it is not stored by face."""
    mean, first = results.mean_face_measures()["test"]["mse"], findings.run("First")
    by_face, groups = first.face_mse("test"), first.groups("test")
    ratio, by_faces = verdicts.of_faces(by_face, np.full_like(by_face, mean), groups)
    return findings.one_seed(ratio, "wild_first, wild_mean_face.json", by_faces, len(set(groups)))


def _tuned() -> tuple[str, str]:
    """Adam and plain descent, each at its best rate: those that were trained with every seed."""
    counts = results.table("seeds/rates").model.value_counts()
    adam, plain = sorted(counts.index[counts > 1])
    return adam, plain


def _sooner() -> Found:
    """Epochs to the lowest validation MSE that both rules reach, each at its best rate."""
    adam, plain = _tuned()
    table = results.table("seeds/rates_histories")
    ratios = []
    for _, lines in table.groupby("seed"):
        curves = lines.pivot(index="epoch", columns="model", values="val_mse")
        first = (curves <= curves.min().max()).idxmax()
        ratios.append(first[adam] / first[plain])
    return Found(verdicts.of_seeds(ratios), "seeds/rates_histories.csv")


def _lower() -> Found:
    """Test MSE, each rule at its best rate; other faces weigh as for the two full-length runs."""
    lines = results.table("seeds/rates").pivot(index="seed", columns="model", values="test_mse")
    adam, plain = _tuned()
    of_runs = errors("Second, Adam", "Second").measured
    found = verdicts.of_seeds(lines[adam] / lines[plain], of_runs.by_faces, of_runs.groups)
    return Found(found, "seeds/rates.csv")


def _overfits() -> Found:
    """Validation to training MSE of Second with Adam at its best rate."""
    lines = results.table("seeds/rates").set_index("model").loc[_tuned()[0]]
    of_run = gap("Second, Adam").measured
    ratios = (lines.validation_mse / lines.training_mse).to_numpy()
    found = verdicts.of_seeds(ratios, of_run.by_faces, of_run.groups)
    return Found(found, "seeds/rates.csv")


def _afterwards() -> Found:
    """Third's validation MSE at the end to its highest after the best epoch, means of 25 epochs."""
    smooth = findings.run("Third").history.val_mse.rolling(25).mean()
    return findings.one_seed(smooth.iloc[-1] / smooth.iloc[25:].max(), "wild_third")


def _above() -> Found:
    """For how many epochs the training error stays above the validation error."""
    history = findings.run("Third, dropout").history
    return findings.one_seed(
        float((history.loss <= history.val_mse).idxmax()), "wild_third_dropout"
    )


def _times(measure: str, slow: tuple[str, int], fast: tuple[str, int]) -> Found:
    """A time to another, medians; the interval is from the fastest and slowest of the repeats."""
    table = pd.read_csv(files.PUBLISHED / _TIMES)
    rows = table[table.measure == measure].set_index(["network", "pictures"])
    one, other = rows.loc[slow], rows.loc[fast]
    ends = one["low"] / other["high"], one["high"] / other["low"]
    return Found(verdicts.Measured(one["median"] / other["median"], *ends), _TIMES)


def _drawn() -> Found:
    plan = thesis_runs.planned("Fifth")
    fifth = plan.steps_per_epoch * sum(plan.batch_size(thesis_runs.EPOCHS))
    return Found(exactly(fifth / (thesis_runs.EPOCHS * 1712)))


def _of_networks(count: collections.abc.Callable) -> Found:
    ratio = count(thesis_models.fourth()) / count(thesis_models.third())
    return Found(exactly(ratio))


def _variance() -> Found:
    return Found(exactly(results.kaggle_labels()["target_variance"]), "kaggle_labels.json")


_claim = functools.partial(Claim, "THESIS")

CLAIMS = [
    _claim(
        "3.1", "mean 0 and variance 1", "targets y/48 - 1 have mean 0 and variance 1", "1",
        "variance of Kaggle's targets", "= 1", "02-h", _variance,
    ),
    _claim(
        "3.2.4", "amount of weights will also be lower", "Fourth has fewer weights than Third",
        "no number", "weights, Fourth to Third", "< 1", "Table 3.2",
        lambda: _of_networks(lambda network: network.count_params()),
    ),
    _claim(
        "3.2.4", "computational complexity by a very small margin",
        "Fourth takes hardly less to compute", "no number",
        "multiply-adds, Fourth to Third", "= 1", "Table 3.2",
        lambda: _of_networks(thesis_models.multiply_adds),
    ),
    _claim(
        "4.1", "its results are quite good", "First does well for its size", "MSE 0.00500",
        "error, First to the mean face", "< 1", "03-f", _first,
    ),
    _claim(
        "4.1", "trouble with rotated faces", "turned faces are hard for First", "no number",
        "error, tilted beyond 10 degrees to the others", "> 1", "Table 19.1",
        lambda: findings.tilted("First"),
    ),
    _claim(
        "4.1", "people wearing glasses", "glasses are hard for First", "no number",
        "error, sunglasses drawn on to the same over the mouth", "> 1", "Table 19.1",
        lambda: findings.covered("First"), "data: drawn sunglasses, not people who wear glasses",
    ),
    _claim(
        "4.2", "the performance of this model is slightly better", "Second is better than First",
        "0.94", "error, Second to First", "< 1", "Table 9.1", lambda: errors("Second", "First"),
    ),
    _claim(
        "4.2", "might lead to faster convergence", "Adam may converge faster than plain descent",
        "faster", "epochs to the lowest both reach, Adam to plain descent", "< 1", "Table 04.1",
        _sooner,
    ),
    _claim(
        "4.2", "Adam optimizer performs better than vanilla gradient descent",
        "Adam gets lower than plain descent", "0.51", "error, Adam to plain descent", "< 1",
        "Table 04.1", _lower,
    ),
    _claim(
        "4.2", "obvious from the figure that this model is overfitting",
        "Second with Adam overfits", "2.8", "validation to training loss", "> 1", "04-e",
        _overfits,
    ),
    _claim(
        "3.2.3", "we expect an increase in performance",
        "a convolutional network beats the perceptron", "0.67", "error, Third to Second with Adam",
        "< 1", "Table 9.1", lambda: errors("Third", "Second, Adam"),
    ),
    _claim(
        "4.3", "it is evident that the model is overfitting", "Third overfits", "2.3",
        "validation to training loss", "> 1", "05-g", lambda: gap("Third"),
    ),
    _claim(
        "4.3", "After that point, it only gets worse", "after its best epoch Third only gets worse",
        "from epoch 300", "validation error, last to highest since", "= 1", "05-g", _afterwards,
    ),
    _claim(
        "4.3", "for the first 200 epochs the training loss is greater",
        "with dropout, training error starts above validation error", "200",
        "epochs until it is not", "= 200", "05-h", _above,
    ),
    _claim(
        "4.3", "Adding the dropout led to improvement in validation loss", "dropout helps Third",
        "0.80", "error, with dropout to without", "< 1", "06-e",
        lambda: errors("Third, dropout", "Third"),
    ),
    _claim(
        "4.3", "dropout did not fully solve the model’s problem with overfitting",
        "dropout does not stop Third from overfitting", "3.3", "validation to training loss",
        "> 1", "Table 4.1", lambda: gap("Third, dropout"),
    ),
    _claim(
        "4.4", "roughly 10% less computational time to train using GPU",
        "pools make an epoch a tenth faster", "0.90", "seconds an epoch, Fourth to Third", "= 0.9",
        "4.9", lambda: _times("train", ("fourth", 1712), ("third", 1712)), _SLOW,
    ),
    _claim(
        "4.4", "This model started performing better than previous",
        "pools beat strides: Fourth is better than Third", "0.91", "error, Fourth to Third", "< 1",
        "06-e", lambda: errors("Fourth", "Third"),
    ),
    _claim(
        "Table 4.1", "Fourth, dropout 0.001 10", "pools beat strides, both with dropout", "0.86",
        "error, Fourth to Third", "< 1", "06-e",
        lambda: errors("Fourth, dropout", "Third, dropout"),
    ),
    _claim(
        "4.4", "adding dropout led to improvement in performance", "dropout helps Fourth", "0.75",
        "error, with dropout to without", "< 1", "06-e",
        lambda: errors("Fourth, dropout", "Fourth"),
    ),
    _claim(
        "4.4", "it did not stop the model from overfitting",
        "dropout does not stop Fourth from overfitting", "2.7", "validation to training loss",
        "> 1", "Table 4.1", lambda: gap("Fourth, dropout"),
    ),
    _claim(
        "4.5", "78% lower than the error of the first model",
        "from First to Fourth the error falls by 78%", "0.22",
        "error, Fourth with dropout to First", "= 0.22", "Table 9.1",
        lambda: errors("Fourth, dropout", "First"),
    ),
    _claim(
        "4.5", "worst performance measured on the image of a woman with glasses",
        "one face is the worst for all seven networks", "7 of 7", "networks", "= 7", "Table 9.1",
        nothing, "data: one face of theirs",
    ),
    _claim(
        "4.5", "the woman with glasses decreased only by 20%", "a hard face gains much less",
        "20% against 78%", "error of that face, Fourth with dropout to First", "= 0.8", "Table 9.2",
        nothing, "data: one face of theirs",
    ),
    _claim(
        "4.5", "31 times longer to train the third model", "a GPU trains Third 31 times faster",
        "31", "seconds, processor to graphics card", "= 31", "4.9", nothing, _SLOW,
    ),
    _claim(
        "4.5", "It is 38 faster to train the fourth model", "a GPU trains Fourth 38 times faster",
        "38", "seconds, processor to graphics card", "= 38", "4.9", nothing, _SLOW,
    ),
    _claim(
        "4.5", "three times longer to process a batch of images",
        "a convolutional network scores a batch in three times the time", "3",
        "seconds for 428, Fourth to Second", "= 3", "4.10",
        lambda: _times("score", ("fourth", 428), ("second", 428)), "machine: theirs is not named",
    ),
    _claim(
        "4.5", "one-tenth of that to predict a single image", "one face takes a tenth of 428",
        "0.1", "seconds, Fourth on 1 to 428", "= 0.1", "4.10",
        lambda: _times("score", ("fourth", 1), ("fourth", 428)), "machine: theirs is not named",
    ),
    _claim(
        "4.6", "slightly different, which helps with overfitting",
        "transformed copies reduce the error", "no number", "error, changed anew to as they are",
        "< 1", "07-f",
        lambda: findings.in_study("augmentation/results.csv", "augmentation", "test_mse",
                                  "changed anew", "as they are"),
        "data: 300 faces, not 1,712; regime: changed anew each epoch",
    ),
    _claim(
        "4.7", "using more examples and by changing the structure",
        "more examples and one more layer help", "0.47", "error, Fifth to Fourth", "< 1",
        "Table 8.1", lambda: errors("Fifth", "Fourth"),
    ),
    _claim(
        "4.7", "lower the error of the fourth model to more than a half",
        "Fourth's error is more than halved in the end", "0.48",
        "error, Fifth with dropout and Leaky ReLU to Fourth with dropout", "< 0.5", "Table 8.1",
        lambda: errors(LAST, "Fourth, dropout"),
    ),
    _claim(
        "4.7", "However, the model is overfitting", "Fifth overfits without dropout", "3.4",
        "validation to training loss", "> 1", "Table 4.4", lambda: gap("Fifth"),
    ),
    _claim(
        "4.7", "we were able to lower the variance", "dropout narrows Fifth's gap", "0.31",
        "validation to training loss, with dropout to without", "< 1", "Table 4.4",
        lambda: gap("Fifth, dropout", "Fifth"),
    ),
    _claim(
        "Table 4.4", "Fifth, dropout 0.000 604", "dropout helps Fifth", "0.88",
        "error, with dropout to without", "< 1", "08-f", lambda: errors("Fifth, dropout", "Fifth"),
    ),
    _claim(
        "4.7", "Using Leaky ReLU lead to small improvement", "Leaky ReLU helps", "0.88",
        "error, slope 0.2 to ReLU", "< 1", "08-f", lambda: errors(LAST, "Fifth, dropout"),
    ),
    _claim(
        "4.7", "the time required to train the model rose more than 5 times",
        "training takes more than 5 times as long as Fourth's", "5", "faces drawn, Fifth to Fourth",
        "> 5", "Table 4.4", _drawn, "machine: no time was taken on an idle one",
    ),
    _claim(
        "4.7", "harder for the model to predict the center of bottom lip",
        "the bottom lip is harder than the top lip", "no number", "distance, bottom to top lip",
        "> 1", "10-h",
        lambda: findings.points(LAST, "mouth_center_bottom_lip", "mouth_center_top_lip"),
    ),
    _claim(
        "4.7", "much more precisely than outer end of right eyebrow",
        "the right outer brow end is harder than the top lip", "no number",
        "distance, brow end to top lip", "> 1", "10-h",
        lambda: findings.points(LAST, "right_eyebrow_outer_end", "mouth_center_top_lip"),
    ),
]  # fmt: skip
