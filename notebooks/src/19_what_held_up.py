# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 19 What held up
#
# Five studies, and each says that this is better than that. You have seen their claims one by one.
# Here they stand in one list: what was claimed, where, in which words, what this course found, and
# whether it holds. Then the other list: what is plainly wrong in the sources, and how many pixels it
# costs.
#
# **You will learn**
# - one rule that makes a verdict of an interval, and what the rule refuses to say;
# - how many of the claims hold, how many nobody can tell, and what it would take to tell;
# - how a verdict is made from stored runs, and how you can make it again;
# - how large a mistake is in pixels, from a twentieth of a pixel to two thirds of the picture;
# - what a claim needs before you may believe it.
#
# **Needs** nothing but the stored results; it is best read last. **Takes** seconds (every profile).
# **Figures** 19-a, 19-b.
#
# **Tables** 19.1 to 19.3.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import inspect

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import matplotlib.pyplot as plt
import numpy as np

from fkd_utils import evaluation, plotting, training

chapter = plotting.Chapter("19", PROFILE, DATA, SEED)

# %% [markdown]
# ## The rule
#
# A claim becomes a ratio: of two errors, two times, two counts. Four questions judge it. Nothing else
# does, and no claim has a threshold of its own.
#
# 1. **Is it the same experiment?**
#     - *Data*: photographs of faces with the same points, at least half as many to train on. Where
#       the claim is about a certain file or a certain face, that one.
#     - *Network*: the same layers, as wide.
#     - *Regime*: the same loss and rule of descent, and a race that is over: as many epochs as in the
#       study, or as many as the full-length training took to its best one.
#     - *Machine*, for a time: of the same kind.
#
#     If not, the claim is **not tested**, and the row says what differs.
# 2. **Which difference matters?** A twentieth of an error or of a time; smaller ones nobody would
#    notice. Two counts must agree to the last one.
# 3. **How sure is the ratio?** A 95% **confidence interval** says. It is over *seeds*, and where the
#    error of each face is stored, over *faces* too, by group ([chapter 10](10_errors_per_keypoint.ipynb)). The two
#    half-widths, on the logarithm, add as squares. One seed cannot say what another would give. Its
#    interval is over the faces alone, and settles nothing. What is counted and not trained has no seeds.
# 4. **Where does the interval lie?**
#     - All of it within a twentieth of *no difference*: **no difference that matters**.
#     - All of it on the claimed side: the claim **holds**. On the other side: it **fails**.
#     - Otherwise it is **not settled**. The row says how many seeds it would take if the ratio stays
#       where it is; or that even many would not do, because the faces are too few.
#
# Some claims are of a *size*: three times, a fall of 78%, 26,239 pictures. Such a claim holds where the
# whole interval lies within the smallest difference of that size, and fails where all of it lies outside.
#
# In code:

# %%
print(inspect.getsource(evaluation.verdict))

# %% [markdown]
# Our numbers are not typed in. Each row has a function that computes its ratio from `data/published`, and
# a test that computes it again. The verdict you can check here, row by row:

# %%
report = training.report()
again = [
    evaluation.verdict(float(row.low or "nan"), float(row.high or "nan"), row.claimed,
                       float(row.matters), int(row.seeds), row.differs)
    for row in report.itertuples()
]
print(f"{len(report)} claims of {report.study.nunique()} studies; "
      f"{(report.verdict == again).sum()} verdicts follow from their rows")

# %% [markdown]
# **Predict** before you go on. Of all these claims, how many hold, on other faces, in other hands? And
# of how many can it be told?

# %%
counts = report.groupby(["study", "verdict"]).size().unstack(fill_value=0)
counts = counts.reindex(report.study.unique()).reindex(columns=evaluation.VERDICTS, fill_value=0)
counts.loc["all"] = counts.sum()
plotting.show_table(counts.reset_index().to_dict("records"))

# %% [markdown]
# Most are open. That says little against the claims. It says that nobody trained twice, neither the
# studies nor, at full length, this course.
#
# ## The claims that can be judged
#
# In the figure a dot left of the grey band is as claimed, and one to the right is the opposite. A diamond
# is a claim of a size: *inside* the band is as claimed, but for a count, which must agree to the last
# one. A hollow mark has one seed, and its thin line is over faces alone.

# %%
judged = report[report.verdict != "not tested"]
drawn = judged[~judged.claimed.str.endswith(" 0")]  # nothing can be divided by 0


def over_claimed(row):
    """Low end, ratio and high end over the number claimed; turned so that below 1 is as claimed."""
    side, number = row.claimed.split()
    turn = -1 if side == ">" else 1
    return [(float(end) / float(number)) ** turn for end in (row.low, row.ours, row.high)]


# %% tags=["drawing"]
tints = dict(zip(evaluation.VERDICTS, ("green", "red", "blue", "orange")))
figure, axes = plt.subplots(figsize=(8.8, 1.4 + 0.22 * len(drawn)))
axes.axvspan(1 / evaluation.MATTERS, evaluation.MATTERS, color=plotting.COLOURS["grey"], alpha=0.4)
axes.axvline(1, color=plotting.COLOURS["black"], lw=0.8)
for y, row in enumerate(drawn.itertuples()):
    ends, alone = over_claimed(row), row.seeds == "1"
    look = plotting.COLOURS[tints[row.verdict]]
    axes.plot(ends[::2], [y, y], lw=1 if alone else 2.5, color=look)
    axes.plot(ends[1], y, "D" if "=" in row.claimed else "o", ms=5, color=look,
              mfc="white" if alone else None)
for y in np.flatnonzero(drawn.study != drawn.study.shift())[1:]:
    axes.axhline(y - 0.5, color=plotting.COLOURS["grey"], lw=0.6)
names = drawn.study + " " + drawn.place + ": " + drawn.claim
axes.set_yticks(range(len(drawn)), names, fontsize=7.5)
axes.set(xscale="log", xlim=(0.03, 100), ylim=(len(drawn) - 0.4, -0.6),
         xlabel="ratio, over what is claimed; as claimed to the left")
ticks = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
for verdict in drawn.verdict.unique():
    axes.plot([], [], "o-", color=plotting.COLOURS[tints[verdict]], label=verdict)
figure.legend(loc="outside lower center", ncols=4)
chapter.figure(
    figure, "19-a", "What was measured, over what was claimed. Grey: too small to matter.",
    alt="A row for each claim that can be judged, with a mark and a line for its interval on a "
    "logarithmic axis, around a narrow grey band at 1. Most marks of the thesis are hollow and "
    "orange, for one seed, and lie left of the band. Few are green. Most red ones are counts.")

# %% [markdown]
# Errors of `ours` are of test faces, on which nothing was chosen: 196 real faces, each a group of its own.
# The networks trained on nearly as many as the thesis's. Its numbers, under `theirs`, are validation errors.
# The last column names the figure or table to look at.

# %%
def shown(row):
    """A row of claims.csv, in fewer columns."""
    ours = row.ours if row.low == row.high else f"{row.ours} ({row.low} to {row.high})"
    claimed = row.claimed.replace("<", "below").replace(">", "above").removeprefix("= ")
    return {"where": f"{row.study} {row.place}", "claim": row.claim, "in its words": row.quote,
            "ratio": row.ratio, "claimed": claimed, "theirs": row.theirs, "ours": ours,
            "seeds": row.seeds, "groups": row.groups,
            "verdict": row.verdict, "it would take": row.needs, "see": row.figure}


chapter.table(map(shown, judged.itertuples()), "19.1", "Claims and their intervals.")

# %% [markdown]
# ## The claims that were not tested
#
# Some of them were tried, but with another network, other data, fewer epochs. Such a number is worth a
# look. It is no verdict.

# %%
others = report[report.verdict == "not tested"]
chapter.table(
    [{k: shown(row)[k] for k in ("where", "claim", "in its words", "ratio", "ours", "seeds")}
     | {"what differs": row.differs, "see": row.figure} for row in others.itertuples()],
    "19.2", "Claims that no stored result tests, and what we have instead.")

# %% [markdown]
# ## A verdict, made again
#
# Take one apart: pools beat strides. Fourth and Third were trained with three seeds, for 100 epochs.
# At full length both were at their best before that, so the short ones count.

# %%
long = {name: training.published(f"wild_{name}") for name in ("fourth", "third")}
for name, run in long.items():
    print(f"{name}: best epoch of 1000: {run.metrics['best_epoch']}")
error = training.seeds("table_4_1").pivot(index="seed", columns="model", values="test_mse")
each = error["Fourth"] / error["Third"]
print("seed by seed:", ", ".join(f"{value:.3f}" for value in each))
_, by_faces = evaluation.of_faces(
    *(run.face_mse("test") for run in long.values()), long["third"].groups("test"))
for label, width in (("over seeds", 0), ("over seeds and faces", by_faces)):
    found = evaluation.of_seeds(each, width)
    print(f"{label}: {found.ratio:.3f} ({found.low:.3f} to {found.high:.3f})")

# %% tags=["guard"]
with chapter.guard("the list says the same"):
    row = report[report.claim.str.startswith("pools beat strides: ")].iloc[0]
    assert [float(row.low), float(row.high)] == [round(found.low, 3), round(found.high, 3)]

# %% [markdown]
# And one that does not count: the same with dropout in both. After 100 epochs three seeds say that pools
# win. But Third with dropout found its best epoch much later.

# %%
pair = "Fourth, dropout", "Third, dropout"
late = training.published("wild_third_dropout").metrics["best_epoch"]
text, _ = evaluation.by_seeds(*(error[name] for name in pair))
row = report[report.claim.str.startswith("pools beat strides, ")].iloc[0]
print(f"after 100 epochs: {text}")
print(f"Third with dropout: best epoch of 1000: {late}")
print(f"after 1000 epochs: {row.ours} ({row.low} to {row.high}), {row.seeds} seed: {row.verdict}")

# %% [markdown]
# ## What surprised us
#
# These are the rows that we would not have guessed. **Predict** each verdict from the claim, with
# [Table 19.1](#table-19.1) out of sight. Then look.

# %%
SURPRISES = ("First does well", "Adam gets lower", "pools beat strides, both",
             "dropout helps Fourth", "from First to Fourth", "the bottom lip",
             "copies of the 2,140", "the learning rate", "a loss of 0.0038")
for start in SURPRISES:
    row = report[report.claim.str.startswith(start)].iloc[0]
    told = shown(row)
    print(f"{told['where']}: {row.claim}\n    {row.ratio}; claimed: {told['claimed']}; "
          f"found: {told['ours']}\n    {row.verdict}{row.needs and ': ' + row.needs}\n")

# %% [markdown]
# - **Even the first network is open.** With our one seed it loses against a mean face, which looks at
#   nothing. No study reports the mean face's error.
# - **Adam arrives sooner, not lower**, in one training each. More seeds alone would not settle it: 196
#   faces leave each ratio uncertain by a twentieth or more.
# - **A race that was not over.** With dropout in both, pools win with every seed after a hundred epochs.
#   Seed 0, trained on to a thousand, wins nothing.
# - **Three seeds can be too few.** What dropout brings Fourth would take many times more.
# - **The great fall repeats to the percent**, on other faces and with other code. To know it to a twentieth
#   would take more faces than we have.
# - **What fails needs no training.** Counts fail: pictures that do not add up, a variance that nobody
#   computed. You can recount them from the paper. Only one claim about training fails: the learning rate that
#   matters little.
# - **A small loss may hold nothing.** TRANSFER's best row lies where one fixed face lies that knows which
#   copy of the picture it is asked about. How good that face is depends on crops that TRANSFER does not give.
# - **Most claims of the other four studies are not tested.** CASCADE describes no network. For the others
#   ours is another one, smaller or trained for less long: so the chapters' results are their own.
#
# ## The corrections
#
# A claim can fail because the world is otherwise. A correction is another thing: something printed in
# a source is wrong, or right only under a condition that it does not name. So with the mirror:
# 96 - x is right for labels that count from the picture's edge, and a pixel off for others. How much
# does it matter? **Predict** which of these costs more: a mirrored x that is one pixel off, or pairs
# of which only y changes places.

# %%
wrong = training.report("corrections.csv")
chapter.table(
    wrong.rename(columns={"effect_px": "effect (px)"}).to_dict("records"),
    "19.3",
    "What is wrong in the sources, and what it is worth in pixels.",
)

# %% tags=["drawing"]
by_size = wrong.assign(px=wrong.effect_px.astype(float)).sort_values("px")
figure, axes = plt.subplots(figsize=(8.6, 0.9 + 0.42 * len(by_size)))
axes.plot(by_size.px, range(len(by_size)), "o", color=plotting.COLOURS["red"], ms=8)
for y, (px, effect) in enumerate(zip(by_size.px, by_size.effect_px)):
    axes.annotate(
        f"{effect} px", (px, y), (9, 0), textcoords="offset points", va="center", fontsize=9
    )
axes.set_yticks(range(len(by_size)), by_size["as printed"])
axes.set(xscale="log", xlabel="effect (pixels of a 96 by 96 picture)", xlim=(0.03, 200))
axes.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
chapter.figure(
    figure,
    "19-b",
    "The corrections by their effect.",
    alt="A row for each mistake with a dot at its effect in pixels, on a logarithmic axis from "
    "below a tenth of a pixel for the chosen epoch to about thirty for points that change "
    "places wrongly and twice that for an answer that an accuracy calls perfect.",
)

# %% [markdown]
# The largest are the ones you would notice: a face whose labels are on the wrong side trains a network
# to be useless, and you look for the mistake. (Not so the accuracy: whoever looks at it alone notices
# nothing.) The dangerous ones are in the middle and below. A label that is one pixel off, a
# validation face with a copy among the training faces, a root mean square that is called an average:
# nothing crashes, and the number in the table looks a little better or a little worse than it is.
#
# ## What a claim needs
#
# Go back to the claims that fail or stay open. Most have one of these causes.
#
# - **One seed.** A difference was reported that another start might turn round.
# - **Few faces.** An interval over faces that no number of seeds makes narrower.
# - **No baseline.** No study reports the error of a constant.
# - **A race that was not over.** Two ways were compared before the slower one had arrived.
# - **Chosen after looking.** A face, an epoch or a picture was picked by the result that it then proves.
# - **A word.** An accuracy that counts no correct answers; unseen pictures whose twins were seen.
# - **A number not counted.** 249 pictures that are 246; targets whose variance nobody computed.
# - **Not enough told.** A network, a crop, a machine or a rate that the reader must guess.
#
# None of them needs a better network. Each needs a few runs or one line more.

# %% [markdown]
# ## What you saw
#
# - A verdict is where an interval lies. The rule comes first, the same for all, and everyone can apply it.
# - Of the thesis's steps one is settled with three seeds: pools beat strides, without dropout. Second
#   over First, Third over Second and the last halving look large, with one training each.
# - What dropout and Leaky ReLU bring cannot be told. Some of it takes more seeds, some more faces.
# - Another network or fewer epochs is another experiment.
# - Mistakes in the sources reach from a twentieth of a pixel to two thirds of the picture.
#
# ## Exercises
#
# **1. A verdict of your own.** Second against First: compute the ratio of the test errors from
# `training.published`. What does the rule say, and what would you do next?


# %%
def check_1(ratio: float) -> None:
    """Compare a ratio with the list's."""
    told = report[report.claim.str.startswith("Second is better")].iloc[0].ours
    print("right" if told == f"{ratio:.3g}" else "not yet: which part, which measure?")


# %% tags=["solution"]
first, second = (training.published(f"wild_{n}").metrics["test"] for n in ("first", "second"))
check_1(second["mse"] / first["mse"])
print("not settled: train both once more, with another seed")

# %% [markdown]
# **2. How many seeds?** Suppose that the ratio of two errors has a spread of 6% from seed to seed, and
# that the true change is 8%. Predict how many seeds you need until the claim holds in most trials. Then
# simulate it with `evaluation.by_seeds`.

# %% tags=["solution"]
rng = np.random.default_rng(0)
for count in (3, 5, 10, 20):
    seen = [
        evaluation.by_seeds(np.exp(rng.normal(-0.08, 0.06, count)), np.ones(count))[1]
        for _ in range(400)
    ]
    print(f"{count:>2} seeds: found in {np.mean(np.array(seen) == 'holds'):.0%} of trials")

# %% [markdown]
# **3. The one-pixel mirror.** Labels count from pixel centres. With `96 - x` instead of `95 - x`, half of
# the training labels are one pixel too far right. What does a network learn that cannot tell a
# mirrored face from another? Predict the bias of its answers. ([Chapter 07](07_augmentation.ipynb) trains it.)

# %% tags=["solution"]
labels = np.concatenate([np.zeros(500), np.ones(500)])  # how far right, in pixels
print(f"the answer with the least squared error is the mean: {labels.mean():.1f} px to the right")

# %% [markdown]
# **4. Open.** Take a claim that is *not settled* and design the experiment that would settle it on two cores in
# an hour: which faces, how many seeds, which length, which number decides. Write the number down before
# you start.
