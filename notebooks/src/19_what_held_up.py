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
# Here they stand in one list: what was claimed, where, with which number, what this course found, and
# whether it holds. Then the other list: what is plainly wrong in the sources, and how many pixels it
# costs.
#
# **You will learn**
# - how many of the claims hold, and which kinds do not;
# - how a verdict is made from stored runs, and how you can make it again;
# - how large a mistake is in pixels, from a twentieth of a pixel to two thirds of the picture;
# - what a claim needs before you may believe it.
#
# **Needs** nothing but the stored results; it is best read last. **Takes** seconds (every profile).
# **Figures** 19-a, 19-b.
#
# **Tables** 19.1, 19.2.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import matplotlib.pyplot as plt
import numpy as np

from fkd_utils import evaluation, plotting, training

chapter = plotting.Chapter("19", PROFILE, DATA, SEED)

# %% [markdown]
# ## The rules
#
# A claim **holds** when our number is on the claimed side by more than chance. It **fails** when our
# number is on the other side by more than chance. It **depends** when we cannot tell, or when it is
# true in one sense and not in another. Some were **not tested**: the list says so.
#
# What is more than chance? For a large difference one run each is enough. If one run each differs by
# less than a tenth, the row **depends**; but a claim of a large effect, such as half the error, then
# fails. For a small difference several seeds decide: the 95% interval of the mean ratio must not hold 1.
#
# Our numbers are not typed in. Each row has a function that computes ours from `data/published`, and a
# test that computes it again.

# %%
report = training.report()
print(f"{len(report)} claims of {report.study.nunique()} studies")

# %% [markdown]
# **Predict** before you go on. Of a hundred such claims, how many hold, on other faces, in other
# hands?

# %%
shares = report.verdict.value_counts().reindex(training.VERDICTS, fill_value=0)
for verdict, count in shares.items():
    print(f"{verdict:<12}{count:>3}  {count / len(report):.0%}")

# %% tags=["drawing"]
counts = report.groupby(["study", "verdict"]).size().unstack(fill_value=0)
counts = counts.reindex(columns=training.VERDICTS, fill_value=0)
counts = counts.loc[report.study.unique()]
figure, axes = plt.subplots(figsize=(7.2, 1.2 + 0.45 * len(counts)))
left = np.zeros(len(counts))
for verdict, colour in zip(training.VERDICTS, ("green", "red", "orange", "grey")):
    width = counts[verdict].to_numpy()
    bars = axes.barh(counts.index, width, left=left, color=plotting.COLOURS[colour], label=verdict)
    axes.bar_label(bars, [str(w) if w else "" for w in width], label_type="center", color="white")
    left += width
axes.invert_yaxis()
axes.grid(axis="y", visible=False)
axes.set(xlabel="claims")
figure.legend(loc="outside lower center", ncols=4)
chapter.figure(
    figure,
    "19-a",
    "The verdicts, by study.",
    alt="Horizontal bars, one a study, divided into claims that hold, fail, depend and were not "
    "tested. In every study some claims do not hold.",
)

# %% [markdown]
# ## The claims
#
# Ratios of errors compare `theirs` on validation faces of the study with `ours` on test faces, on which
# nothing was chosen: below 1, the first named is better. A row that measures something else says
# what. *Seed 0, trained on* is the first of the seeds, continued to 1000 epochs. The last column names
# the figure or table to look at.

# %%
shown = report.drop(columns="stored")
chapter.table(
    shown.to_dict("records"), "19.1", "What the studies claim and what this course found."
)

# %% [markdown]
# ## A verdict, made again
#
# Take one of them apart. The thesis says that Adam *gets* to half of plain descent's error. Two
# stored runs decide: the same network, a thousand epochs each. (A third, at a tenth of Adam's rate, gives
# the second number of that row.)

# %%
plain, adam = (training.published(f"wild_{name}").metrics for name in ("second", "second_adam"))
ratio = adam["test"]["mse"] / plain["test"]["mse"]
row = report[report.claim.str.startswith("Adam gets")].iloc[0]
print(
    f"Adam {adam['test']['mse']:.5f}, plain descent {plain['test']['mse']:.5f}: "
    f"{ratio:.2f} times; the list says {row.ours}"
)

# %% tags=["guard"]
with chapter.guard("the list holds the ratio of the two stored runs"):
    assert row.ours.startswith(f"{ratio:.2f}")

# %% [markdown]
# And one that rests on seeds: dropout in Fourth.

# %%
seeds = training.seeds("table_4_1")
error = seeds.pivot(index="seed", columns="model", values="test_mse")
each = error["Fourth, dropout"] / error["Fourth"]
text, verdict = evaluation.by_seeds(error["Fourth, dropout"], error["Fourth"])
print("seed by seed:", ", ".join(f"{value:.2f}" for value in each))
print(f"together: {text}: {verdict}")

# %% [markdown]
# ## What surprised us
#
# These are the rows that we would not have guessed. **Predict** each verdict from the claim and its
# number, with [Table 19.1](#table-19.1) out of sight. Then look.

# %%
SURPRISES = ("First does well", "Adam gets lower", "pools beat strides, both",
             "dropout helps Fifth", "from First to Fourth", "hard faces gain",
             "its network does not", "sigmoid layers hardly", "longer training got",
             "a loss of 0.0038", "retraining two blocks is better than four")
for start in SURPRISES:
    (found,) = report[report.claim.str.startswith(start)].itertuples()
    print(f"{found.study}: {found.claim}\n    claimed: {found.theirs}\n    found:   {found.ours}")
    print(f"    verdict: {found.verdict}\n")

# %% [markdown]
# - **The first network loses against no network.** The thesis's first result looks like a start. A
#   mean face, which looks at nothing, is better. No study reports the mean face's error.
# - **Adam arrives sooner, not lower.** At a rate that suits it, plain descent gets as far in the same
#   thousand epochs. The thesis does not name its rate.
# - **One long run closed a gap.** With dropout in both, pools win with every seed after a hundred epochs.
#   Seed 0, trained on to a thousand, wins nothing. One seed cannot say whether length always does that.
# - **Another opened one.** After 125 epochs nobody can tell what dropout brings Fifth. Seed 0, trained on,
#   gains what the thesis has. One seed again; but [Figure 08-e](08_final_model.ipynb#figure-08-e) shows a reason. The plain Fifth overfits
#   only later.
# - **The great fall repeats to the percent**, on other faces and with other code. But not all of it was
#   learned: a part is the way down to the mean face.
# - **Hard faces gain less, but not as little as 20%.** When networks name them that are not themselves
#   compared, they gain most of what all gain. The thesis's 20% is one face. Ours, chosen in the same
#   way, gained more than the average ([chapter 09](09_heat_maps.ipynb)). One face is one draw.
# - **What did not converge there converges here.** One missing label that is read as NaN ends any
#   training, and most of Kaggle's rows miss one. CASCADE says that its sigmoid layers were saturated.
#   Ours stood still too, and none was. They starved: each layer passes on less than it gets
#   ([chapter 01c](01c_convolution.ipynb)).
# - **Longer training was not the danger.** DENSE's three columns all got worse between two looks. With
#   five seeds few do.
# - **A small loss may hold nothing.** TRANSFER's best rows lie where one fixed face lies that knows which
#   copy of the picture it is asked about.
# - **How much to unfreeze depends on where the weights come from.** From our faces two blocks are
#   better than four, with every seed; from random weights four are better, with every seed.
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
    "19.2",
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
# Go back to the claims that fail or depend. Most have one of these causes.
#
# - **No baseline.** A network was praised that is no better than the mean face.
# - **A race that was not over.** Two ways were compared before the slower one had arrived.
# - **One seed.** A difference was reported that another start turns round.
# - **Chosen after looking.** A face, an epoch or a keypoint was picked by the result it then proves.
# - **A word.** An average that is a root mean square; an accuracy that counts no correct answers.
# - **A number not counted.** 249 pictures that are 246; targets whose variance nobody computed.
# - **A cause named and not measured.** Layers that were not saturated; a hidden part that explains one
#   network's error and not the next one's.
#
# None of them needs a better network. Each needs a few runs or one line more.

# %% [markdown]
# ## What you saw
#
# - Of the thesis's steps, Third over Second holds on other faces, and without dropout Fourth over Third.
#   So does the last: its final network has half of Fourth's error. Second beats First, by more than the
#   thesis says. Adam's lead does not last. What dropout brings seems to depend on how long
#   you train: there is one long run of each network.
# - A verdict is a function of stored results, and anyone can run it again.
# - Mistakes in the sources reach from a twentieth of a pixel to two thirds of the picture.
# - A claim needs a baseline, a finished race, several seeds, a choice made before looking, and the
#   right word.
#
# ## Exercises
#
# **1. A verdict of your own.** Second against First: compute the ratio of the test errors from
# `training.published`, and say whether "slightly better" is the right word.


# %%
def check_1(ratio: float) -> None:
    """Compare a ratio with the list's."""
    told = report[report.claim.str.startswith("Second is slightly")].iloc[0].ours
    print("right" if told.startswith(f"{ratio:.2f}") else "not yet: which part, which measure?")


# %% tags=["solution"]
first, second = (training.published(f"wild_{n}").metrics["test"] for n in ("first", "second"))
check_1(second["mse"] / first["mse"])

# %% [markdown]
# **2. How many seeds?** Suppose that the ratio of two errors has a spread of 5% from seed to seed, and
# that the true change is 4%. Predict how many seeds you need until the interval leaves 1 in most
# trials. Then simulate it with `evaluation.by_seeds`.

# %% tags=["solution"]
rng = np.random.default_rng(0)
for count in (3, 5, 10, 20):
    seen = [
        evaluation.by_seeds(np.exp(rng.normal(-0.04, 0.05, count)), np.ones(count))[1]
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
# **4. Open.** Take a claim that *depends* and design the experiment that would settle it on two cores in
# an hour: which faces, how many seeds, which length, which number decides. Write the number down before
# you start.
