"""The claims of THESIS, each with the function that finds the course's answer."""

import functools

import numpy as np
import pandas as pd

from fkd_utils import files
from fkd_utils.evaluation import statistics
from fkd_utils.models import thesis as thesis_models
from fkd_utils.training import results, thesis_runs
from studies.claims import findings
from studies.claims.claim import Claim, Finding


def _first_is_good() -> Finding:
    mean = results.mean_face_measures()["test"]["mse"]
    ratio = findings.mse("First") / mean
    ours = f"{ratio:.2f} times the mean face's error, which needs no network"
    return Finding(ours, "holds" if ratio < 0.9 else "fails", "wild_first, wild_mean_face.json")


def _adam_is_faster() -> Finding:
    plain, adam = (findings.run(row).history for row in ("Second", "Second, Adam"))
    epoch = int(adam.epoch[(adam.val_mse <= plain.val_mse.min()).idxmax()])
    ours = f"as low at epoch {epoch} as plain descent ever in {len(plain)}"
    reached = adam.val_mse.min() <= plain.val_mse.min() and epoch < len(plain) / 2
    return Finding(
        ours, "holds" if reached else "fails", findings.folders("Second", "Second, Adam")
    )


def _adam_gets_lower() -> Finding:
    """The same ratio with Adam at the better of two rates, by validation error."""
    rows = ("Second, Adam", "Second, Adam 0.0001")
    better, other = sorted(rows, key=lambda row: findings.run(row).metrics["validation_mse"])
    found, left = findings.large(better, "Second"), findings.ratio(other, "Second")
    runs = (findings.run(row) for row in (better, other))
    rates = [run.settings["optimizer"]["config"]["learning_rate"] for run in runs]
    ours = f"{found.ours} at rate {rates[0]:g}; {left.ours} at {rates[1]:g}"
    return found._replace(ours=ours, stored=findings.folders(better, other, "Second"))


def _only_gets_worse() -> Finding:
    """Third's validation MSE after its best epoch, mean of 25 epochs: its highest, and its last."""
    smooth = findings.run("Third").history.val_mse.rolling(25).mean()
    top = int(smooth.iloc[25:].idxmax())
    ours = f"up to {smooth[top]:.5f} at epoch {top + 1}, then down to {smooth.iloc[-1]:.5f}"
    verdict = "fails" if smooth.iloc[-1] < 0.95 * smooth[top] else "holds"
    return Finding(ours, verdict, findings.folders("Third"))


def _gap_is_closed() -> Finding:
    """Validation over training MSE of Fifth with dropout, and without.

    As in `findings.overfits`, a gap is more than 1.1 times; where none is open, none is closed.
    """
    rows = ("Fifth, dropout", "Fifth")
    gaps = [
        m["validation_mse"] / m["training_mse"] for m in (findings.run(row).metrics for row in rows)
    ]
    ours = f"validation {gaps[0]:.2f} times training; without dropout {gaps[1]:.2f}"
    verdict = "depends" if gaps[1] <= 1.1 else "holds" if gaps[0] <= 1.1 else "fails"
    return Finding(ours, verdict, findings.folders(*rows))


def _fifth_takes_longer() -> Finding:
    """Faces drawn in training by Fifth and by Fourth: a face costs both about the same."""
    fifth = thesis_runs.planned("Fifth").samples_seen(thesis_runs.EPOCHS)
    fourth = thesis_runs.EPOCHS * 1712
    ours = f"{fifth / fourth:.2f} times as many faces are drawn; no time was measured"
    return Finding(ours, "depends" if fifth / fourth > 4.5 else "fails", "")


def _training_above() -> Finding:
    history = findings.run("Third, dropout").history
    above = (history.loss > history.val_mse).to_numpy()
    epochs = int(np.argmin(above)) if not above.all() else len(above)
    ours = f"for the first {epochs} epochs"
    return Finding(ours, "holds" if epochs > 10 else "fails", findings.folders("Third, dropout"))


def _seconds(measure: str, network: str, pictures: int, of: str = "median") -> float:
    table = pd.read_csv(files.PUBLISHED / "timing" / "two_core_cloud.csv")
    row = table[
        (table.measure == measure) & (table.network == network) & (table.pictures == pictures)
    ]
    return float(row[of].iloc[0])


def _pooling_is_faster() -> Finding:
    middle, fastest = (
        _seconds("train", "fourth", 1712, of) / _seconds("train", "third", 1712, of)
        for of in ("median", "low")
    )
    verdict = "holds" if middle < 0.95 else "fails" if middle > 1.05 else "depends"
    ours = f"median {middle - 1:+.0%}, fastest {fastest - 1:+.0%} seconds an epoch, two CPU cores"
    return Finding(ours, verdict, "timing/two_core_cloud.csv")


def _cnn_scores_slower() -> Finding:
    ratios = [
        _seconds("score", "fourth", 428) / _seconds("score", n, 428) for n in ("first", "second")
    ]
    ours = f"{ratios[0]:.0f} times First's, {ratios[1]:.1f} times Second's time, on two CPU cores"
    holds = all(2 < ratio < 4.5 for ratio in ratios)
    return Finding(ours, "holds" if holds else "depends", "timing/two_core_cloud.csv")


def _one_face() -> Finding:
    share = _seconds("score", "fourth", 1) / _seconds("score", "fourth", 428)
    ours = f"1/{1 / share:.0f} of the time for 428, on two CPU cores"
    verdict = "holds" if 1 / 15 < share < 1 / 7 else "depends"
    return Finding(ours, verdict, "timing/two_core_cloud.csv")


def _no_gpu() -> Finding:
    return Finding("no GPU at hand", "not tested", "timing/two_core_cloud.csv")


def _fall() -> Finding:
    fall = 1 - findings.mse("Fourth, dropout") / findings.mse("First")
    holds = abs(fall - 0.78) < 0.05
    return Finding(
        f"{fall:.0%}",
        "holds" if holds else "depends",
        findings.folders("First", "Fourth, dropout"),
    )


def _fall_from_mean_face() -> Finding:
    mean = results.mean_face_measures()["test"]["mse"]
    fall = 1 - findings.mse("Fourth, dropout") / mean
    kaggle = 1 - 0.0011 / results.kaggle_labels()["mean_face_mse"]
    ours = f"{fall:.0%} from the mean face (with the thesis's own number on Kaggle's {kaggle:.0%})"
    return Finding(
        ours,
        "depends",
        findings.folders("Fourth, dropout") + ", wild_mean_face.json, kaggle_labels.json",
    )


def _weights() -> Finding:
    third, fourth = thesis_models.third(), thesis_models.fourth()
    weights = fourth.count_params() / third.count_params()
    work = thesis_models.multiply_adds(fourth) / thesis_models.multiply_adds(third)
    ours = f"{weights:.0%} of the weights, {work:.0%} of the multiply-adds"
    verdict = "fails" if weights > 1 else "holds" if work > 0.9 else "depends"
    return Finding(ours, verdict, "")


def _variance() -> Finding:
    labels = results.kaggle_labels()
    ours = f"mean {labels['target_mean']:.2f}, variance {labels['target_variance']:.2f}"
    holds = abs(labels["target_variance"] - 1) < 0.1
    return Finding(ours, "holds" if holds else "fails", "kaggle_labels.json")


def _augmentation() -> Finding:
    lines = pd.read_csv(files.PUBLISHED / "augmentation" / "results.csv")
    by_seed = lines.pivot(index="seed", columns="augmentation", values="test_mse")
    text, verdict = statistics.by_seeds(by_seed["changed anew"], by_seed["as they are"])
    return Finding(f"{text}, Fourth, 300 embedded faces", verdict, "augmentation/results.csv")


_claim = functools.partial(Claim, "THESIS")

CLAIMS = [
    _claim("3.1", "targets y/48 - 1 have mean 0 and variance 1", "0 and 1", "02-h", _variance),
    _claim(
        "3.2.4",
        "Fourth has fewer weights than Third, and hardly less to compute",
        "slightly fewer neurons, a very small saving",
        "Table 3.2",
        _weights,
    ),
    _claim("4.1", "First does well for its size", "MSE 0.00500", "03-f", _first_is_good),
    _claim(
        "4.2", "Second is slightly better than First", "0.94 times", "Table 4.1",
        lambda: findings.slightly("Second", "First"),
    ),
    _claim("4.2", "Adam converges faster than plain descent", "faster", "04-e", _adam_is_faster),
    _claim(
        "4.2", "Adam gets lower than plain descent", "0.51 times", "04-e",
        _adam_gets_lower,
    ),
    _claim(
        "4.2", "Second with Adam overfits", "validation 2.8 times training", "04-e",
        lambda: findings.overfits("Second, Adam"),
    ),
    _claim(
        "4.3", "a convolutional network beats the perceptron", "0.67 times", "Table 4.1",
        lambda: findings.ratio("Third", "Second, Adam"),
    ),
    _claim(
        "4.3", "Third overfits", "validation 2.3 times training", "05-g",
        lambda: findings.overfits("Third"),
    ),
    _claim("4.3", "after its best epoch Third only gets worse", "from epoch 300", "05-g",
           _only_gets_worse),
    _claim(
        "4.3", "with dropout, training error starts above validation error",
        "for about 200 epochs", "05-h", _training_above,
    ),
    _claim(
        "4.3", "25% dropout helps Third", "0.80 times", "06-e",
        lambda: findings.seeds("Third, dropout", "Third"),
    ),
    _claim(
        "4.3", "25% dropout does not stop Third from overfitting",
        "validation 3.3 times training", "Table 4.1",
        lambda: findings.overfits("Third, dropout"),
    ),
    _claim("4.4", "pools make an epoch about 10% faster", "-10% (GPU)", "4.9", _pooling_is_faster),
    _claim(
        "4.4", "pools beat strides: Fourth is better than Third", "0.91 times", "06-e",
        lambda: findings.seeds("Fourth", "Third"),
    ),
    _claim(
        "4.4", "pools beat strides, both with dropout", "0.86 times", "06-e",
        lambda: findings.seeds("Fourth, dropout", "Third, dropout"),
    ),
    _claim(
        "4.4", "25% dropout helps Fourth", "0.75 times", "06-e",
        lambda: findings.seeds("Fourth, dropout", "Fourth"),
    ),
    _claim(
        "4.4", "25% dropout does not stop Fourth from overfitting",
        "validation 2.7 times training", "Table 4.1",
        lambda: findings.overfits("Fourth, dropout"),
    ),
    _claim("4.5", "from First to Fourth the error falls by 78%", "78%", "Table 4.1", _fall),
    _claim(
        "4.5", "that fall measures what was learned", "78%", "Table 4.1", _fall_from_mean_face
    ),
    _claim("4.5", "one face is the worst for all seven networks", "7 of 7", "Table 9.1",
           findings.worst_for_all),
    _claim(
        "4.5", "hard faces gain much less than all", "20% against 78%", "Table 9.2",
        findings.hard_faces_gain,
    ),
    _claim("4.5", "a GPU trains Third 31 and Fourth 38 times faster", "31, 38", "4.9", _no_gpu),
    _claim(
        "4.5", "a convolutional network scores a batch in three times the time", "about 3 times",
        "4.10", _cnn_scores_slower,
    ),
    _claim("4.5", "one face takes a tenth of the time of 428", "about 1/10", "4.10", _one_face),
    _claim("4.6", "transformed copies reduce the error", "no number", "07-f", _augmentation),
    _claim("4.1", "turned faces are hard", "no number", "Table 10.1", findings.tilt),
    _claim("4.5", "glasses are hard", "no number", "Table 10.1", findings.glasses),
    _claim(
        "4.7", "augmentation and one more layer halve Fourth's error", "0.47 times", "Table 8.1",
        lambda: findings.halves("Fifth", "Fourth"),
    ),
    _claim(
        "4.7", "with dropout and Leaky ReLU too, Fourth's error is halved",
        "0.48 times (Fourth with dropout)", "Table 8.1",
        lambda: findings.halves("Fifth, dropout, Leaky ReLU 0.2", "Fourth, dropout"),
    ),
    _claim("4.7", "Fifth overfits without dropout", "validation 3.4 times training", "08-e",
           lambda: findings.overfits("Fifth")),
    _claim("4.7", "5% and 10% dropout close that gap", "validation 1.05 times training", "08-e",
           _gap_is_closed),
    _claim(
        "4.7", "dropout helps Fifth", "0.88 times", "08-f",
        lambda: findings.seeds("Fifth, dropout", "Fifth", "table_4_4"),
    ),
    _claim(
        "4.7", "Leaky ReLU helps a little", "0.88 times", "08-f",
        lambda: findings.seeds("Fifth, dropout, Leaky ReLU 0.2", "Fifth, dropout", "table_4_4"),
    ),
    _claim("4.7", "training takes more than 5 times as long as Fourth's", "5 times", "Table 4.4",
           _fifth_takes_longer),
    _claim(
        "4.7", "the bottom lip is harder than the top lip", "no number", "10-h",
        lambda: findings.difference("mouth_center_bottom_lip", "mouth_center_top_lip"),
    ),
    _claim(
        "4.7", "the right outer brow end is much harder than the top lip", "no number", "10-h",
        lambda: findings.difference("right_eyebrow_outer_end", "mouth_center_top_lip"),
    ),
    _claim(
        "Fig 4.17", "outer brow ends are the hardest (as one may read the figure)", "no number",
        "10-h", findings.brow_ends,
    ),
    _claim("4.7", "a point is found to 1.56 px on average", "1.56 px", "Table 10.2",
           findings.average),
]  # fmt: skip
