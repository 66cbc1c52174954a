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
# # 09 Heat maps and hard faces
#
# The thesis found one face, a woman with glasses, on which all its networks do worst. It draws a
# heat map to show that her face lies where others do not. And it reports that from First to Fourth
# the error fell by 78%, but on her face by 20%. You take these three statements apart: the first
# and the last with the stored runs, then all three on your own faces.
#
# **You can afterwards**
# - draw a heat map, and choose its width by faces it has not seen (exercise 5, question 1);
# - score how unusual a face is, and warn of an error without labels (exercise 4, question 3);
# - tell what it does to a gain who chose the hard faces (exercises 1, 3 and 6, question 2);
# - compute what share of the MSE a few faces carry, and what luck alone would give (exercise 2, question 4).
#
# **Needs** chapters [03](03_linear.ipynb) to [06](06_pooled_cnn.ipynb). **Takes** about 95 minutes to study, and half a minute of two cores once their runs are stored
# (profile *quick*), some minutes if not.
# **Figures** 4.8, 09-b, 09-d to 09-h.
#
# **Tables** 9.1, 9.2.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fkd_utils import data, evaluation, plotting, training


chapter = plotting.Chapter("09", PROFILE, DATA, SEED)

# %% [markdown]
# ## At full length
#
# First the stored runs: 1000 epochs on real faces ([chapter 02](02_data.ipynb) says whose). Their pictures and their true points do not come
# with the course, so there is no heat map of them. Their errors are stored, face by face. These are
# enough to ask for the hardest face, and how much it gained.
#
# Rank the test faces by the error of each network, as [chapter 06](06_pooled_cnn.ipynb) did, and take the face with the
# highest mean rank over the seven networks of [Table 4.1](06_pooled_cnn.ipynb#table-4.1).
#
# **Predict.** Is it the very worst for all seven, as in the thesis? And from First to Fourth with
# dropout, does its error fall by less than that of all faces?

# %%
def hardness(error):
    """Mean rank of each face (row) over the models (columns); the hardest has the largest."""
    return error.rank().mean(axis=1).to_numpy()


def gain(error, old, new, faces=slice(None)):
    """By what share the mean error of `faces` falls from a model to another."""
    return 1 - error[new].to_numpy()[faces].mean() / error[old].to_numpy()[faces].mean()


# %%
long = training.of_rows(training.TABLE_4_1 | training.TABLE_4_4)
full = pd.DataFrame({name: stored.face_mse("test") for name, stored in long.items()})
seven, step = list(training.TABLE_4_1), ("First", "Fourth, dropout")
hard = int(hardness(full[seven]).argmax())
place = full.rank(ascending=False).loc[hard].astype(int)
print(f"{len(full)} real faces; the hardest is the very worst for "
      f"{(place[seven] == 1).sum()} of {len(seven)}")
chapter.table(
    [{"model": name, "its place": place[name],
      "all: MSE": full[name].mean(), "hardest: MSE": full[name][hard],
      "all: below First": gain(full, "First", name),
      "hardest: below First": gain(full, "First", name, [hard])} for name in full],
    "9.1", "The hardest real test face: its place among the worst faces of each network, and how "
    "much lower than First's the errors are.",
    **dict.fromkeys(["all: MSE", "hardest: MSE"], "{:.5f}"),
    **dict.fromkeys(["all: below First", "hardest: below First"], "{:.0%}"),
)
print(f"thesis, from {step[0]} to {step[1]}: all faces 78%, the hardest face 20%")

# %% tags=["guard"]
with chapter.guard("the hardest real face is not the worst for all, and it gained more than all"):
    assert (place[seven] == 1).sum() < len(seven)
    assert all(gain(full, "First", m, [hard]) > gain(full, "First", m) for m in seven[1:])

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(5.6, 4.2))
axes.plot(full["First"], full["Fourth, dropout"], ".", color=plotting.COLOURS["sky"], mec="none")
axes.plot(*full.loc[hard, list(step)], "D", color=plotting.COLOURS["red"], label="the hardest face")
reach = np.array([full["First"].min(), full["First"].max()])
for share, style in ((0, "-"), (0.2, ":"), (0.78, "--")):
    label = f"lower by {share:.0%}" if share else "as First"
    axes.plot(reach, (1 - share) * reach, style, color=plotting.COLOURS["grey"], lw=1.2,
              label=label)
axes.set(xscale="log", yscale="log", xlabel="MSE of a face, First",
         ylabel="MSE of the same face, Fourth with dropout")
axes.set_xticks([0.003, 0.01, 0.03], ["0.003", "0.01", "0.03"])
axes.xaxis.set_minor_formatter("")
axes.legend(fontsize=8.5)
chapter.figure(
    figure,
    "09-g",
    "Each real test face before and after, 1000 epochs each, and the thesis's two gains.",
    alt="A cloud of dots, one a face: its error under First across, under Fourth with dropout "
    "up, both logarithmic. The cloud lies around the line for 78 percent, wide above and below. "
    "A marked dot at the far right, below that line, is the hardest face.",
)

# %% [markdown]
# No face is the worst for all seven here. The error of all faces falls as the thesis says, almost
# to the percent. But the hardest face does not stay behind. From First to each of the other six it
# gained more than the faces did on average. The last three rows of [Table 9.1](#table-9.1) are Fifth, which also
# learned from changed copies. For it the same face is no longer among the very worst, and with
# dropout it is one of many.
#
# That is one face, and the errors themselves named it. *20% against 78%*, below, shows how much
# hangs on such a choice.
#
# ## Seven networks and a constant
#
# Now your own: the seven networks of [Table 4.1](06_pooled_cnn.ipynb#table-4.1), and the mean face as the eighth model. A run that a
# chapter before has stored is found, not trained again. One table carries the rest: the MSE of
# every test face (a row) under every model (a column). A network of your own, from
# [chapter 05](05_strided_cnn.ipynb) or [08](08_final_model.ipynb), comes along if you name its run
# in the first line.

# %% tags=["nbval-ignore-output"]
OWN_NETWORK = ""  # the beginning of a run of yours: `python -m fkd_utils runs list` names them
splits = data.load(DATA, SEED, chapter.limit)
test = splits.test
runs = {name: training.thesis_run(name, splits, PROFILE, SEED) for name in training.TABLE_4_1}
mean_face = evaluation.mean_face(splits.train.keypoints)
predicted = {"mean face": np.broadcast_to(mean_face, test.keypoints.shape)}
predicted |= {name: run.predict(test.images) for name, run in runs.items()}
if OWN_NETWORK:
    predicted[OWN_NETWORK] = training.predict(training.network(OWN_NETWORK), test.images)
error = pd.DataFrame({name: evaluation.face_mse(test.keypoints, points)
                      for name, points in predicted.items()})
print(f"{len(error)} faces in {len(np.unique(test.groups))} groups")
plotting.show_table(
    ({"model": name, **evaluation.measures(test.keypoints, p)} for name, p in predicted.items()),
    mse="{:.5f}", rmse_px="{:.2f}", mean_px="{:.2f}", nme="{:.1f} %",
)

# %% [markdown]
# A group is what the split keeps together ([chapter 02](02_data.ipynb)): one person, or people whose pictures were
# mixed. Faces of one group are alike, so a few groups are a few trials, however many faces they
# hold. Take what follows on your own faces as description, not as proof.
#
# ## A heat map
#
# You have some thousand points and want a picture of where they lie. Counting them pixel by pixel
# gives salt and pepper. So smear each point $p_i$ into a small Gaussian hill of width $\sigma$, and
# take the mean of the hills:
#
# $$f(x, y) = \frac{1}{n} \sum_{i=1}^{n} \frac{1}{2\pi\sigma^2}
# \exp\left(-\frac{(x - x_i)^2 + (y - y_i)^2}{2\sigma^2}\right)$$
#
# The exponential of a sum is a product: a hill is a column times a row. Summing columns times rows
# is a matrix product, so the whole map is one line. One point must give one hill, at its place,
# with a volume of 1.

# %%
def heat_map(points, sigma):
    """Density of points (n, 2) at each pixel: (96, 96), row = y, per square pixel."""
    pixels = np.arange(data.SIDE)
    x, y = (np.exp(-((pixels - points[:, [k]]) ** 2) / (2 * sigma**2)) for k in (0, 1))
    return y.T @ x / (len(points) * 2 * np.pi * sigma**2)


hill = heat_map(np.array([[30.0, 60.0]]), sigma=2.0)
row, column = np.unravel_index(hill.argmax(), hill.shape)
print(f"volume {hill.sum():.3f}, top in row {row}, column {column}")

# %% [markdown]
# ## How wide?
#
# A narrow $\sigma$ draws every point for itself, a wide one draws fog. You need not choose by eye.
# A good map of the training faces gives a high density to points that it has *not* seen. So let the
# validation faces judge, each keypoint under its own map. The highest mean logarithm wins.
#
# **Predict** two curves before you move the slider below: the density that the map gives to its own
# points, and to points it has not seen, from the narrowest hills to the widest.

# %%
def log_density(points, seen, sigma):
    """Log density of each keypoint (n, 15, 2) under those of `seen`: (n, 15)."""
    result = np.empty(points.shape[:2])
    for k in range(points.shape[1]):
        apart = points[:, None, k].astype(np.float64) - seen[None, :, k]
        power = -(apart**2).sum(axis=-1) / (2 * sigma**2)
        top = power.max(axis=1, keepdims=True)  # far from all: exp alone would give 0
        result[:, k] = top[:, 0] + np.log(np.exp(power - top).mean(axis=1))
    return result - np.log(2 * np.pi * sigma**2)


# %% tags=["nbval-ignore-output"]
train, held = splits.train.keypoints, splits.validation.keypoints
widths = [0.5, 1.0, 1.5, 2.0, 3.0, 5.0]
fit = [log_density(held, train, sigma).mean() for sigma in widths]
SIGMA = widths[int(np.argmax(fit))]
print(f"chosen from {widths}: {SIGMA} px")
hill_widths = [0.3, 0.4, 0.55, 0.75, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0]
own_few = train[:200]
width_fits = {"its own points": [log_density(own_few, train, w).mean() for w in hill_widths],
              "points not seen": [log_density(held, train, w).mean() for w in hill_widths]}

# %% tags=["guard"]
with chapter.guard("one point, one hill of volume 1; the widest σ is not best", quick=True):
    assert np.isclose(hill.max(), 1 / (2 * np.pi * 4)) and np.isclose(hill.sum(), 1)
    assert fit[-1] < max(fit)

# %% tags=["drawing", "nbval-ignore-output"]
def hills_figure(step):
    """All training points as hills of one width, and how well they are met so far."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    heat = heat_map(train.reshape(-1, 2), hill_widths[step])
    left.imshow(heat, cmap="magma", norm=mpl.colors.PowerNorm(0.5, 0, heat.max()))
    left.set(title=f"hills {hill_widths[step]:g} px wide", xticks=[], yticks=[])
    left.grid(False)
    for (name, values), colour in zip(width_fits.items(), ("orange", "blue")):
        right.plot(hill_widths[: step + 1], values[: step + 1], "o-", ms=4, label=name,
                   color=plotting.COLOURS[colour])
    low, high = min(map(min, width_fits.values())), max(map(max, width_fits.values()))
    right.set(xscale="log", xlim=(0.25, 14), ylim=(max(low, -14) - 0.3, high + 0.3),
              xlabel="width of a hill (px)", ylabel="mean log density")
    right.legend(fontsize=8, loc="lower right")
    return figure


chapter.explore(
    map(hills_figure, range(len(hill_widths))), [f"{width:g} px" for width in hill_widths], "09-h",
    "The training points as hills of one width after another, and the density that they give to "
    "their own points and to points of other faces.",
    alt="Left a heat map that goes from single specks over bright clouds to fog. Right two curves "
    "by width: for its own points the density is highest with the narrowest hills and only falls; "
    "for points not seen it rises, has a top at a middle width, and falls.",
    start=4,
)

# %% [markdown]
# A map that is asked about its own points always wants the narrowest hills: each point then stands
# on a peak of its own. That is overfitting, without any network.
#
# ## The hardest face
#
# Take the test face with the highest mean rank of error again, now over your own seven networks.

# %% tags=["nbval-ignore-output"]
HARDEST = int(hardness(error[seven]).argmax())
own_place = error.rank(ascending=False).loc[HARDEST].astype(int)
print(f"face {HARDEST} of {len(test)}: the very worst for {(own_place[seven] == 1).sum()} of "
      f"{len(seven)} networks")
plotting.show_table([{"model": "its place among the worst", **own_place.to_dict()}])

# %% [markdown]
# The thesis found a face that is the very worst for all seven. How near do you come? And read the
# first number. The mean face does not look at the picture. Where it fails, the points are somewhere
# else.

# %% tags=["drawing", "nbval-ignore-output"]
def draw_heat(axes, heat, face, title):
    """A heat map, with the points (m, 2) of a face on it."""
    axes.imshow(heat, cmap="magma", norm=mpl.colors.PowerNorm(0.5, 0, heat.max()))
    axes.plot(*face.T, "o", color=plotting.TRUE, ms=4.5, mec="black", mew=0.7)
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
    axes.set(xlim=(-0.5, 95.5), ylim=(95.5, -0.5))


heat, shown = 15 * heat_map(test.keypoints.reshape(-1, 2), SIGMA), test.keypoints[HARDEST]
figure, grid = plt.subplots(1, 3, figsize=(9.6, 3.2))
draw_heat(grid[0], heat, np.empty((0, 2)), f"all points of {len(test)} test faces")
draw_heat(grid[1], heat, shown, f"the same, and the points of face {HARDEST}")
plotting.draw_face(grid[2], test.images[HARDEST], shown, predicted["Fourth, dropout"][HARDEST],
                   f"face {HARDEST}; red: Fourth, dropout")
ticks = [t for t in (0, 0.001, 0.005, 0.01, 0.02, 0.04, 0.08) if t < heat.max()]
bar = figure.colorbar(grid[0].images[0], ax=grid[0], shrink=0.8, location="left", ticks=ticks)
bar.set_label("points per square pixel and face", fontsize=8.5)
bar.outline.set_visible(False)
chapter.figure(
    figure, "4.8", "Heat map of the keypoints of the test set, and the face with the highest mean "
    "rank of error. The colours follow the square root, so that faint places show.",
    alt="Left: a heat map with bright spots at eyes, brows, nose and mouth. Middle: the same map "
    "with the points of one face, many of them beside the spots. Right: that face with its true "
    "points and the predictions of Fourth with dropout, which lie off.",
)

# %% [markdown]
# ## Does an unusual face cost more?
#
# The thesis shows such a picture and concludes that the woman's face differs from the others. But a
# picture of one face does not show the others. Give each face a number instead: add up $-\log f$ at
# its 15 points. Take a map for each keypoint, of the *training* faces: the face in question has no
# hill of its own there. Call the sum the *surprise*. (One map for all points stands beside it.)
#
# It has not seen a prediction. But it reads the true points: it explains an error afterwards and
# does not warn you of one.
#
# Compare ranks: 1 if the surprise puts the faces in the same order as the error does, 0 if it knows
# nothing. Do it for all test faces, and for each large group alone.
#
# **Predict** first: for which of the eight models is the correlation with the surprise highest?

# %% tags=["nbval-ignore-output"]
x, y = np.clip(np.rint(test.keypoints), 0, data.SIDE - 1).astype(int).transpose(2, 0, 1)
one_map = -np.log(heat_map(train.reshape(-1, 2), SIGMA)[y, x] + 1e-12).sum(axis=1)
surprise = pd.Series(-log_density(test.keypoints, train, SIGMA).sum(axis=1))
parts = {"all faces": slice(None)}
parts |= {f"group {team}": test.groups == team
          for team in np.unique(test.groups) if (test.groups == team).sum() >= 30}
correlation = pd.DataFrame({part: error[chosen].corrwith(surprise[chosen], method="spearman")
                            for part, chosen in parts.items()})
print(f"one map and fifteen: {surprise.corr(pd.Series(one_map), method='spearman'):.2f}")

# %% tags=["drawing", "nbval-ignore-output"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.9), width_ratios=[1, 1.25])
blue, red = plotting.COLOURS["blue"], plotting.COLOURS["red"]
left.plot(surprise, error["Fourth, dropout"], ".", color=blue, alpha=0.6)
left.plot(surprise[HARDEST], error["Fourth, dropout"][HARDEST], "o", ms=11, mfc="none", color=red,
          label=f"face {HARDEST}")
left.set(yscale="log", xlabel="surprise (sum of −log density)", ylabel="MSE of Fourth, dropout")
left.legend(loc="lower right")
rows = np.arange(len(correlation))
for part in correlation.columns[1:]:
    right.plot(correlation[part], rows, "|", ms=11, mew=1.6, color=plotting.COLOURS["orange"],
               label="one group alone" if part == correlation.columns[1] else None)
right.plot(correlation["all faces"], rows, "o", ms=6, color=blue, label="all test faces")
right.set_yticks(rows, correlation.index)
right.invert_yaxis()
right.set(xlabel="rank correlation of surprise and error", xlim=(None, 1.02))
right.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2, fontsize=9)
chapter.figure(
    figure,
    "09-b",
    "Left: each dot a test face. Right: how well the surprise orders the errors of each model.",
    alt="Left: a cloud that rises from lower left to upper right, with the hardest face near its "
    "upper right end. Right: for eight models the rank correlation, and a dash for each group. For "
    "the mean face it is close to 1; First has the lowest; the convolutional networks lie between.",
)

# %% [markdown]
# For the mean face the surprise is nearly the error itself: both say how far the points are from
# where they usually are. That tells you what [Figure 4.8](#figure-4.8) shows. **A face that stands out on the heat
# map is a face that the mean face misses.** The map cannot know of glasses. One map does nearly as
# well as fifteen: a nose tip on another's lip is rare enough.
#
# For the networks the correlation is there in each group, and far from 1. Unusual places are not
# all that costs. By their mean, the networks without convolutions are affected less than those
# with. First has the lowest number (its errors are mostly its own noise,
# [chapter 03](03_linear.ipynb)), but its dashes overlap Second's, so do not call it least.
#
# ## Do they fail on the same faces?
#
# [Chapter 06](06_pooled_cnn.ipynb) showed the worst faces. Now the whole order, not only its top: the rank correlation of
# every two models. And the top of it: the hardest 5% for the networks without convolutions, and for
# those with.

# %% tags=["drawing", "nbval-ignore-output"]
matrix = error.corr("spearman")
figure, axes = plt.subplots(figsize=(6.4, 4.4))
axes.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
axes.grid(False)
for (j, k), value in np.ndenumerate(matrix.to_numpy()):
    ink = "white" if value > 0.6 else "black"
    axes.text(k, j, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=8.5)
axes.set_yticks(range(len(matrix)), matrix.index)
axes.set_xticks(range(len(matrix)), matrix.index, rotation=40, ha="right")
axes.tick_params(length=0)
chapter.figure(
    figure,
    "09-d",
    "Rank correlation of the errors of the test faces, for every two models.",
    alt="An eight by eight table of numbers coloured by size. The four networks Third and Fourth "
    "with and without dropout agree most, First agrees least with them.",
)

# %% tags=["nbval-ignore-output"]
def hardest_by(score, share=0.05):
    """Indices of the faces with the highest scores, at least one, the hardest first."""
    return np.argsort(-np.asarray(score), kind="stable")[: max(1, round(share * len(score)))]


dense = [name for name in seven if name.startswith(("First", "Second"))]
convolutional = [name for name in seven if name not in dense]
top = [hardest_by(hardness(error[kind])) for kind in (dense, convolutional)]
both, chance = len(np.intersect1d(*top)), len(top[0]) ** 2 / len(test)
print(f"{len(top[0])} hardest faces of each kind; on both lists: {both}; by chance {chance:.1f}")

# %% tags=["guard"]
with chapter.guard("the surprise is nearly the mean face's error and less, but some, for Fourth; "
                   "kinds agree beyond chance, one's own kind most", quick=True):
    assert correlation.loc["mean face", "all faces"] > 0.8
    assert 0 < correlation.loc["Fourth, dropout"].min() < 0.8
    assert both > 2 * chance
    alike = matrix.loc[convolutional, convolutional].to_numpy()[np.triu_indices(4, 1)].mean()
    assert alike > matrix.loc["First", convolutional].mean()

# %% [markdown]
# So the thesis has a point. Hard faces exist. Some are hard for networks of different kinds, which
# share little but their training faces. Networks of one kind agree most.
#
# But a part of each error belongs to one network alone, most of all for First. Keep that in mind
# for what comes next.
#
# ## 20% against 78%
#
# The thesis compares First and Fourth with dropout, on all faces and on the one. In the stored runs
# the hardest face gained more than all faces, not less. Is one face enough for a statement? Here
# are the ten hardest of them, 5% of the faces, the hardest first.

# %%
ten = hardest_by(hardness(full[seven]))
print("lower by", ", ".join(f"{gain(full, *step, [k]):.0%}" for k in ten))
each = 1 - full[step[1]] / full[step[0]]
print(f"all {len(full)} faces: half of them by more than {each.median():.0%}; "
      f"{(each < 0.2).sum()} of them by less than 20%")

# %% [markdown]
# The neighbours of the hardest face tell other stories. One of them even got worse. Had two errors
# been a little different, the thesis would have reported another number.
#
# So take ten faces instead of one, and let someone else choose them: First, Fourth with dropout, or
# the five networks between them.
#
# **Predict.** The two networks compared stay the same. Does it matter who chooses?

# %%
others = [name for name in seven if name not in step]
judges = {"First": full["First"], "the other five": hardness(full[others]),
          "Fourth with dropout": full["Fourth, dropout"]}
by_judge = {who: gain(full, *step, hardest_by(score)) for who, score in judges.items()}
rows_9_2 = [{"faces": f"the hardest {len(ten)}", "chosen by": who, "lower by": share}
            for who, share in by_judge.items()]
rows_9_2.append({"faces": f"all {len(full)}", "chosen by": "", "lower by": gain(full, *step)})
chapter.table(rows_9_2, "9.2", "By how much the error falls from First to Fourth with dropout, on "
              "real test faces.", **{"lower by": "{:.0%}"})
remedy = "Fourth, dropout", "Fifth, dropout"
print(f"from {remedy[0]} to {remedy[1]}: all faces {gain(full, *remedy):.0%} lower, the ten "
      f"hardest of the other five {gain(full, *remedy, hardest_by(judges['the other five'])):.0%}")

# %% tags=["guard"]
with chapter.guard("First's choice gained most, Fourth's least, the five's less than all"):
    assert list(by_judge.values()) == sorted(by_judge.values(), reverse=True)
    assert by_judge["the other five"] < gain(full, *step)

# %% [markdown]
# The hardest faces of First gained most, those of Fourth with dropout least, and those that the
# other five name lie between. Take the five as the judges who have no part in it: ten hard faces do
# gain less than all, but nothing like 20%.
#
# For hard faces, the thesis says, one would need more pictures like them, and it has none. Then it
# makes them: shifted and turned copies, for Fifth. The last line lets the same five judge that
# remedy: this time the hard faces gained more. Ten faces and one run each are an observation, no
# proof.
#
# ### Who chose them?
#
# The thesis looked at the results and then named the face. Whoever chooses by the *new* model picks
# faces on which it did badly, by nature or by bad luck. The old model need not share the bad luck,
# so it looks good on them. Choose by the old model, and it is the other way round. This is
# **regression to the mean**, and which way it pushes is a theorem.
#
# Let $A$ be the $k$ faces with the largest old errors $a$, and $B$ those with the largest new
# errors $b$. No $k$ faces have a larger sum of $a$ than $A$, and none a larger sum of $b$ than $B$:
#
# $$\frac{b(A)}{a(A)} \;\le\; \frac{b(B)}{a(A)} \;\le\; \frac{b(B)}{a(B)}$$
#
# The gain on $A$ is never smaller than the gain on $B$, whatever the models are. Two honest rules are
# left: let models choose that are not compared, or choose by the labels alone. For the second you
# need true points: your own faces.
#
# Each row on the right of the figure is a way to choose. Hollow marks are biased by the theorem:
# the chooser is one of the two compared. **Predict** where in the cloud the faces lie that First
# chooses, and where Fourth's. Then move the slider.

# %% tags=["nbval-ignore-output"]
scores = {name: error[name] for name in (*step, "mean face")}
scores |= {"the other five": hardness(error[others]), "labels (surprise)": surprise}
on_5 = {who: gain(error, *step, hardest_by(score)) for who, score in scores.items()}
on_1 = {who: gain(error, *step, hardest_by(score)[:1]) for who, score in scores.items()}
own = {"all faces": slice(None), f"face {HARDEST}": [HARDEST]}
print("; ".join(f"{who} {gain(error, *step, chosen):.0%} lower" for who, chosen in own.items()))

# %% tags=["drawing", "nbval-ignore-output"]
def chooser_figure(chosen_by):
    """The faces that one chooser calls hardest, among all; right what they gained, by chooser."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=[1, 1.1])
    one_side, red = np.array([error[step[0]].min(), error[step[0]].max()]), plotting.COLOURS["red"]
    left.plot(error[step[0]], error[step[1]], ".", color=plotting.COLOURS["sky"], ms=4, mec="none")
    left.plot(one_side, (1 - gain(error, *step)) * one_side, color=plotting.COLOURS["black"], lw=1)
    picked = error.iloc[hardest_by(scores[chosen_by])]
    left.plot(picked[step[0]], picked[step[1]], "o", ms=4.5, color=plotting.COLOURS["blue"])
    left.plot(picked[step[0]].iloc[0], picked[step[1]].iloc[0], "D", ms=6, color=red)
    left.set(xscale="log", yscale="log", xlabel="MSE, First", ylabel="MSE, Fourth with dropout")
    left.set_title(f"hardest by {chosen_by}", fontsize=9)
    for axis in (left.xaxis, left.yaxis):
        axis.set(major_locator=mpl.ticker.LogLocator(subs=(1, 3)), major_formatter="{x:g}")
    left.minorticks_off()
    for row, who in enumerate(scores):
        fill = {"alpha": 1 if who == chosen_by else 0.3} | ({"mfc": "white"} if who in step else {})
        right.plot(on_5[who], row - 0.13, "o", ms=7, color=plotting.COLOURS["blue"], **fill)
        right.plot(max(on_1[who], -0.5), row + 0.15, "D", ms=6, color=red, **fill)
    right.axvline(gain(error, *step), color=plotting.COLOURS["black"], lw=1)
    for share in (0.2, 0.78):
        right.axvline(share, color=plotting.COLOURS["grey"], ls=":", lw=1.4)
    right.set_yticks(range(len(scores)), scores, fontsize=8)
    right.set(ylim=(len(scores) - 0.5, -0.5), xlabel="error lower by")
    right.set_title(f"hardest 5%: {on_5[chosen_by]:.0%}, face: {on_1[chosen_by]:.0%}", fontsize=9)
    right.xaxis.set_major_formatter("{x:.0%}")
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(chooser_figure, scores), [f"chosen by {who}" for who in scores], "09-e",
    "The faces that each of five choosers calls hardest (blue: 5% of all, diamond: the first of "
    "them), and how much they gained. Black: all faces; dotted: the thesis's 20% and 78%. Hollow: "
    "the chooser is one of the two compared.",
    alt="Left a cloud of faces, error under First across, under Fourth with dropout up. The faces "
    "marked move with the chooser: to the right edge of the cloud for First, to its top for "
    "Fourth, both ways for the others. Right five rows of two marks on an axis of gains: on the "
    "hardest 5% the gain is largest where First chose them and smaller where the others did.",
    start=3,
)

# %% [markdown]
# Read the figure from its two hollow circles. First takes the right edge of the cloud, Fourth its
# top. They are the same step of the same two networks. Which of the two you let choose decides
# whether hard faces seem to gain about as much as all, or much less.
#
# The filled circles are the ones to believe. Compare them with the black line, and with the
# distance between the thesis's two dotted ones. The thesis has the direction right, for this step.
# The size of its contrast rests on one face, chosen in hindsight.
#
# ## A few faces carry much of the error
#
# Sort the faces, the hardest first, and add up. What share of the MSE do the worst 5% carry?

# %% tags=["nbval-ignore-output"]
def carried(values):
    """Share of faces and share of the sum they carry, the largest first; both from 0 to 1."""
    ordered = np.sort(np.asarray(values, np.float64))[::-1]
    shares = np.arange(len(ordered) + 1) / len(ordered)
    return shares, np.append(0, ordered.cumsum()) / ordered.sum()


def carried_by_5(values):
    """Share of the sum that the largest 5% carry."""
    return float(carried(values)[1][len(hardest_by(values))])


far = {name: evaluation.distances(test.keypoints, p).mean(axis=1) for name, p in predicted.items()}
print("The worst 5% of the faces carry")
plotting.show_table(
    ({"model": name, "of MSE": carried_by_5(error[name]), "of mean_px": carried_by_5(far[name]),
      "MSE": error[name].mean(),
      "without its worst 5%": error[name].drop(hardest_by(error[name])).mean()} for name in error),
    **dict.fromkeys(["of MSE", "of mean_px"], "{:.0%}"),
    **dict.fromkeys(["MSE", "without its worst 5%"], "{:.5f}"),
)

# %% tags=["drawing", "nbval-ignore-output"]
figure, grid = plt.subplots(1, 2, figsize=(9.6, 3.6), sharey=True)
looks = list(zip(("mean face", *step), ("grey", "orange", "blue"), ("-.", "--", "-")))
for axes, (title, of_face) in zip(grid, {"squared error (MSE)": error,
                                         "distance (mean_px)": far}.items()):
    for name, colour, dash in looks:
        axes.plot(*carried(of_face[name]), dash, label=name, color=plotting.COLOURS[colour])
    axes.plot([0, 1], [0, 1], ":", color=plotting.COLOURS["black"], label="all faces alike")
    axes.axvline(0.05, color=plotting.COLOURS["black"], lw=0.8)
    axes.set(title=title, xlabel="share of the faces, hardest first")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.yaxis.set_major_formatter("{x:.0%}")
grid[0].set_ylabel("share of the error")
grid[1].legend(loc="lower right")
chapter.figure(
    figure,
    "09-f",
    "What share of the error the hardest faces carry; the thin line marks 5% of the faces.",
    alt="Two panels with three curves each that rise steeply at first and lie above the diagonal. "
    "The curves of the squared error, left, bend much further up than those of the distance.",
)

# %% tags=["guard"]
with chapter.guard("the worst faces carry more of the MSE than of the mean distance"):
    assert all(carried_by_5(error[name]) > carried_by_5(far[name]) for name in error)

# %% [markdown]
# A face three times as far off weighs three times as much in `mean_px` and nine times in the MSE.
# So the MSE is to a good part a report on a few faces. Neither is wrong. Use the MSE if a large
# error is much worse than several small ones. Use `mean_px` if you want to know how an ordinary
# point fares.
#
# The last column shows a temptation. Leave out the worst 5% and the number falls, for every model.
# No network has become better. Faces may go for a reason that does not look at the error, such as a
# wrong label, and then for all models alike.
#
# ## What you saw
#
# - A heat map is a sum of hills. Its width can be chosen by faces it has not seen.
# - A face that stands out on it is a face that the mean face misses. The map explains a part of the
#   networks' errors, not all of it.
# - Hard faces exist: networks agree on them beyond chance, most with their own kind.
# - Which model chooses the hard faces decides how much they seem to gain. For the two compared that
#   is a theorem. Let a third party choose.
# - In the stored runs no face is the worst for all seven networks. The hardest one gained more than
#   all faces did, the ten that a third party calls hardest gained less.
# - One face is one draw. Its neighbours in hardness gain quite different shares.
# - A few faces carry much of the MSE, and less of the mean distance.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Percent of what?** (easy) Suppose First's error on the woman with glasses was 0.030. By how
# much did it fall in absolute terms, and by how much did the mean error fall (0.00500 to 0.00110)? Predict which fall is larger.
# Then give the ratio of the two falls.

# %% tags=["answer"]
answer_1 = ...  # her fall divided by the mean's

# %% tags=["check"]
@chapter.check("a number", "both falls in units of MSE, hers first, no percent left")
def check_1(answer):
    """The ratio of two falls of the MSE."""
    right = 0.2 * 0.030 / (0.00500 - 0.00110)
    if np.isclose(answer, 1 / right, atol=0.01):
        return "the other way up: hers first"
    if np.isclose(answer, 0.2 / 0.78, atol=0.01):
        return "those are the percents; of what is each?"
    return bool(abs(answer - right) < 0.01)


check_1(answer_1)

# %% tags=["solution"]
answer_1 = 0.2 * 0.030 / (0.00500 - 0.00110)
check_1(answer_1)
# Half as much again: 20% of much can be more than 78% of little.

# %% [markdown]
# **2. What would chance give?** (medium) Suppose that no face is harder than another: all 30
# coordinate errors of all faces are independent normal numbers with the same variance. What share
# of the MSE would the worst 5% of the faces carry? Predict, then simulate it, and compare with the
# table in *A few faces carry much of the error*.

# %% tags=["answer"]
answer_2 = ...  # a share from 0 to 1

# %% tags=["check"]
@chapter.check("a share from 0 to 1",
               "faces that are alike would carry 5%; luck adds some, how much?")
def check_2(answer):
    """The share of the worst 5% by luck alone."""
    squares = np.random.default_rng(7).normal(size=(20_000, 30)) ** 2
    if np.isclose(answer, 0.05):
        return "that would be without luck: no face is worse than another, but some draw worse"
    return bool(abs(answer - carried_by_5(squares.mean(axis=1))) < 0.005)


check_2(answer_2)

# %% tags=["solution"]
lucky = np.random.default_rng(0).normal(size=(20_000, 30))
answer_2 = carried_by_5((lucky**2).mean(axis=1))
check_2(answer_2)
print(f"luck alone gives {answer_2:.0%}")
# Every model in the table carries more. So the errors of a face are not independent: a face goes
# wrong as a whole, or some faces are harder. That networks agree on them (Figure 09-d) speaks for
# hard faces.

# %% [markdown]
# **3. Luck alone** (medium). Two models are equally good. The logarithm of a face's error is its
# hardness (normal, spread 0.7, the same for both) plus luck (normal, spread $s$, drawn for each
# model). Choose the hardest 5% of 200,000 faces by the first model. By which share does the second seem
# better on them, for $s$ = 0, 0.2 and 0.5? Predict the first of the three.

# %% tags=["answer"]
answer_3 = ...  # three shares, for no luck, 0.2 and 0.5

# %% tags=["check"]
@chapter.check("three shares",
               "1 - mean error of the second / mean error of the first, on the chosen")
def check_3(answer):
    """How much better an equally good model seems on the other's hardest faces."""
    answer, right = np.asarray(answer, float), []
    rng = np.random.default_rng(5)
    for luck in (0.0, 0.2, 0.5):
        hardness_of = rng.normal(0, 0.7, 200_000)
        one, two = (np.exp(hardness_of + rng.normal(0, luck, 200_000)) for _ in range(2))
        chosen = hardest_by(one)
        right.append(1 - two[chosen].mean() / one[chosen].mean())
    if answer.shape == (3,) and np.allclose(answer, 0):
        return "they are equally good on all faces; but these were chosen"
    return answer.shape == (3,) and bool(np.allclose(answer, right, atol=0.02))


check_3(answer_3)

# %% tags=["solution"]
rng, seems = np.random.default_rng(0), []
own_hardness = rng.normal(0, 0.7, 200_000)
for luck in (0.0, 0.2, 0.5):
    pair = pd.DataFrame({m: np.exp(own_hardness + rng.normal(0, luck, 200_000))
                         for m in ("one", "two")})
    seems.append(gain(pair, "one", "two", hardest_by(pair["one"])))
answer_3 = tuple(seems)
check_3(answer_3)
print(", ".join(f"{share:.0%}" for share in seems))
# Without luck nothing is gained. The more luck, the more the one that did not choose seems to gain.

# %% [markdown]
# **4. A warning without labels** (hard). The surprise reads the true points. Find scores that do
# not. Try two: the surprise of the *predicted* points of Fourth with dropout (the sum of minus
# `log_density` under `train`), and how far the predictions of the four `convolutional` networks lie
# apart (the root of the summed variances of x and y, mean over points). Predict which orders the
# true errors of Fourth with dropout better. Answer with both rank correlations, over all test
# faces.

# %% tags=["answer"]
answer_4 = ...  # two rank correlations: surprise of the prediction, networks apart

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two rank correlations", "pd.Series(score).corr(error[...], method='spearman')")
def check_4(answer):
    """The rank correlations of two scores without labels with the true error."""
    answer = np.asarray(answer, float)
    several = np.stack([predicted[name] for name in convolutional])
    scores = (-log_density(predicted["Fourth, dropout"], train, SIGMA).sum(axis=1),
              np.sqrt(several.var(axis=0).sum(axis=-1)).mean(axis=1))
    right = [pd.Series(score).corr(error["Fourth, dropout"], method="spearman")
             for score in scores]
    if answer.shape == (2,) and np.isclose(answer[0], correlation.loc["Fourth, dropout"].iloc[0]):
        return "the first still reads the true points"
    return answer.shape == (2,) and bool(np.allclose(answer, right, atol=0.02))


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
several = np.stack([predicted[name] for name in convolutional])
warnings = pd.DataFrame({
    "surprise of the prediction": -log_density(predicted["Fourth, dropout"], train, SIGMA).sum(1),
    "networks apart": np.sqrt(several.var(axis=0).sum(axis=-1)).mean(axis=1)})
warned = warnings.corrwith(error["Fourth, dropout"], method="spearman")
answer_4 = tuple(warned)
check_4(answer_4)
print(warned.round(2).to_string())
# The networks' disagreement orders a little; the surprise of the prediction hardly at all.

# %% [markdown]
# **5. Your figure** (medium). How wide should the hills be if the map has few faces? Complete three
# lines: for each of `counts`, the mean `log_density` of `held` under that many first faces of
# `train`, at each of `widths`; the width that is best for each; and what the line is. Predict
# whether fewer faces want wider or narrower hills.

# %% tags=["answer"]
counts = [10, 20, 50, 100, 200]  # of training faces, the first ones
few_fits = ...  # numbers (5, 6): a row for each count, a column for each width
best_widths = ...  # one of widths for each count
width_label = ...  # what the line is
answer_5 = (few_fits, best_widths, width_label)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "as above, with train[:count] in place of train")
def check_5(answer):
    """The width that validation faces choose for a map of few faces, drawn."""
    fits, chosen, name = answer
    right = [[log_density(held, train[:n], w).mean() for w in widths] for n in counts]
    if np.shape(fits) != (len(counts), len(widths)):
        return "a row for each of counts, a column for each of widths"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    axes.plot(counts, chosen, "o-", label=str(name))
    axes.set(xscale="log", xlabel="faces in the map", ylabel="best width (px)")
    axes.legend()
    chapter.figure(figure, "Your figure", "The best width by the number of faces.", private=True,
                   alt="The width that validation faces choose for the hills, by number of faces.")
    best = [widths[k] for k in np.argmax(right, axis=1)]
    return bool(np.allclose(fits, right, atol=0.01)) and list(chosen) == best


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
few_fits = np.array([[log_density(held, train[:n], w).mean() for w in widths] for n in counts])
best_widths = [widths[k] for k in few_fits.argmax(axis=1)]
width_label = "chosen by the validation faces"
answer_5 = (few_fits, best_widths, width_label)
check_5(answer_5)
print(", ".join(f"{n} faces: {width} px" for n, width in zip(counts, best_widths)))
# The fewer points there are, the more each of them has to stand for.

# %% [markdown]
# **6. Weights for faces** (open). Weight the faces in the training of all layers: `model.fit` takes `sample_weight`.
# Does Fourth find better features for unusual faces then, or does it only move error from one face
# to another? Decide before you run how you choose the hard faces, who chooses them, and how many
# seeds you need.

# %% [markdown] tags=["solution"]
# **Rubric.** One point for a chooser that is not compared (labels, or other networks), named before the run. One for weights that come from training faces alone. Two for errors on hard
# faces and on all test faces, with and without weights, two seeds each. One for saying which differences are larger than the one between seeds. **Expected**: unusual faces gain a little
# and ordinary ones lose a little. The mean over all hardly moves, or rises. Few faces cannot teach features that they show only once.
