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
# # 03 The linear model
#
# You train the smallest network there is: every pixel is joined to every output by one weight,
# and nothing is in between. The thesis calls it **First**. It is the yardstick for the
# networks that follow, and small enough to be understood completely.
#
# **You will learn**
# - what a linear layer computes, and how many weights it costs;
# - which score a model has to beat before it deserves a second look;
# - why plain gradient descent has a speed limit, and how to compute it from the pixels;
# - how to read a learning curve;
# - why this network loses against a constant, and what that says about its training;
# - what a linear model looks at.
#
# **Needs** chapters [01a](01a_neurons.ipynb), [01b](01b_learning.ipynb) and [02](02_data.ipynb). **Takes** about half a minute on two cores (profile *quick*).
# **Figures** 3.3, 4.1, 03-a to 03-f.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import keras
import matplotlib.pyplot as plt
import numpy as np

from fkd_utils import data, evaluation, plotting, training


chapter = plotting.Chapter("03", PROFILE, DATA, SEED)

# %% [markdown]
# ## The faces
#
# One call does what [chapter 02](02_data.ipynb) explained: it loads the set, drops copies and wrong labels, keeps
# the faces with all 15 keypoints, and splits them so that no person stands on two sides.
# Weights learn on `train`. The best epoch is chosen on `validation`. Nothing is chosen on `test`.

# %% tags=["nbval-ignore-output"]
splits = data.load(DATA, SEED, chapter.limit)
for name in ("train", "validation", "test"):
    part = getattr(splits, name)
    print(f"{name:<12}{len(part):5d} faces, images {part.images.shape[1:]}")

# %% [markdown]
# ## A score to beat
#
# Before you train anything, ask what no training at all would give. The simplest prediction
# ignores the picture and always answers with the mean position of each keypoint.
#
# $$\bar p_k = \frac{1}{n} \sum_{i=1}^{n} p_{ik}$$
#
# In code, `(n, 15, 2)` becomes `(15, 2)`.

# %%
mean_face = evaluation.mean_face(splits.train.keypoints)
mean_face.shape

# %% [markdown]
# Four measures go with you through the whole course. `mse` is taken on targets in $[-1, 1]$, as
# the thesis does. `rmse_px` is Kaggle's: $48\sqrt{\text{mse}}$, pixels. `mean_px` is the mean
# distance between a predicted point and the true one. `nme` divides that distance by the distance
# of the outer eye corners, in percent, so that a large face and a small one count alike.

# %% tags=["nbval-ignore-output"]
test = splits.test
constant = np.broadcast_to(mean_face, test.keypoints.shape)
baseline = evaluation.measures(test.keypoints, constant)
plotting.show_table(
    [{"prediction": "mean face", "set": "test", **baseline}],
    mse="{:.5f}", rmse_px="{:.2f}", mean_px="{:.2f}", nme="{:.1f} %",
)

# %% [markdown]
# Write this row down. A network whose error is not clearly below it has learned nothing about
# the picture in front of it.
#
# Do the same with the thesis's data. Kaggle's pictures may not be passed on, but numbers about
# their labels may, and they come with the course.

# %%
kaggle = training.kaggle_labels()
print(f"{kaggle['complete']} complete faces of Kaggle")
print(f"MSE of the mean face: {kaggle['mean_face_mse']:.5f}")

# %% [markdown]
# The thesis reports 0.00500 for First on held-out faces, after 1000 epochs. **That is worse than the
# mean face**, if the thesis drew its held-out faces at random, as one does. It does not say. Hold out
# another fifth and the number changes:

# %%
for how, value in kaggle["mean_face_mse_held_out"].items():
    print(f"mean face of 80%, on the other 20%, {how.replace('_', ' '):<10}{value:.5f}")

# %% [markdown]
# The first two are the extremes of 200 random splits. The third holds out the last rows of the file,
# which hold harder faces. Then First would have won, against a test set unlike its training set.
# **A score without a baseline and without its split cannot be judged**, and the thesis, which calls
# the result quite good, gives neither.
#
# Keep this in mind while you train the same network. The puzzle of this chapter is why a network with
# 276,510 weights loses against one that does not look.

# %% [markdown]
# ## The network
#
# A linear layer multiplies and adds:
#
# $$\hat y = x W + b$$
#
# Here $x$ is a picture unrolled into a row of $96 \cdot 96 = 9216$ numbers. $W$ has one column
# for each of the 30 outputs, and $b$ one offset for each.

# %%
keras.utils.set_random_seed(SEED)
model = keras.Sequential(
    [
        keras.layers.Input((96, 96, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(30),
    ],
    name="first",
)
[tuple(weight.shape) for weight in model.weights]

# %% [markdown]
# The first line sets the seed of all random numbers. So the weights start the same each time you run
# this cell, and a change that you make is the only change.
#
# That makes $9216 \cdot 30 + 30$ numbers to learn. There is no activation function: a network that
# only ever answered with positive numbers, say, could not place a point in the left half of the
# picture, where targets are negative.

# %%
f"{model.count_params():,} parameters"

# %% tags=["guard"]
with chapter.guard("First has 9216 times 30 weights and 30 offsets"):
    assert model.count_params() == 9216 * 30 + 30

# %%
chapter.figure(
    plotting.draw_network(model),
    "3.3",
    "First: 9216 pixels, each joined to each of 30 outputs.",
    alt="Two columns of nodes, 9216 input pixels on the left and 30 outputs on the right, "
    "with a line from every node on the left to every node on the right.",
)

# %% [markdown]
# ## Plain gradient descent and its speed limit
#
# The thesis trains First with plain gradient descent: after each batch, every weight takes a
# small step against its gradient. The step is the learning rate $\eta$ times the gradient.
#
# $$W \leftarrow W - \eta \, \frac{\partial \text{MSE}}{\partial W}$$
#
# The thesis does not say which $\eta$ it took. You need not guess. For a linear model and a
# squared error, the loss is a bowl, and the steepest direction of the bowl sets the limit. Along
# it, the step overshoots to the other side and ends higher than it began as soon as
#
# $$\eta > \frac{2}{\lambda}, \qquad
# \lambda = \text{largest eigenvalue of } \frac{2}{30}\, \frac{1}{n} X^\top X .$$
#
# $X$ holds a picture in each row, `(n, 9216)`, with a column of ones for $b$. The factor 2 comes
# from the square, the 30 from the mean over the outputs.
#
# The matrix $X^\top X$ is 9217 by 9217. You do not have to form it. Multiply a vector by $X$, then
# by $X^\top$, normalise, repeat: what remains is the direction of the largest eigenvalue. This is
# power iteration.

# %%
x = data.to_inputs(splits.train.images).reshape(len(splits.train), -1)
x = np.hstack([x, np.ones((len(x), 1), np.float32)])
direction = np.ones(x.shape[1], np.float32)
for _ in range(20):
    direction = x.T @ (x @ direction)
    size = np.linalg.norm(direction)
    direction /= size
steepest = 2 / 30 * np.linalg.norm(x @ direction) ** 2 / len(x)

# %% tags=["nbval-ignore-output"]
limit = 2 / steepest
print(f"steepest curvature {steepest:.0f}, so the learning rate must stay below {limit:.4f}")

# %% [markdown]
# Why so steep? All pixels are positive. A change of all weights in the same direction therefore
# moves the output by thousands of pixels' worth at once. The steepest direction is close to the
# mean picture. Its curvature is close to the mean squared length of a picture, times the factor 2/30
# of the loss.
#
# **Predict before you run the next cell.** One training uses 0.4 times the limit, the other 1.2
# times. What does the loss of each do within forty steps?

# %% tags=["nbval-ignore-output"]
targets = data.to_targets(splits.train.keypoints)
traces = {}
for factor in (0.4, 1.2):
    w, losses = np.zeros((x.shape[1], 30), np.float32), []
    for _ in range(40):
        error = x @ w - targets
        losses.append(float(np.mean(error**2)))
        w -= factor * limit * 2 / 30 / len(x) * (x.T @ error)
    traces[factor] = losses

# %% tags=["guard"]
with chapter.guard("below the limit the loss falls, above it it grows"):
    assert traces[0.4][-1] < traces[0.4][0] and traces[1.2][-1] > traces[1.2][0]

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(6.4, 3.1))
for (factor, losses), colour in zip(traces.items(), ("blue", "red")):
    axes.plot(losses, color=plotting.COLOURS[colour], label=f"{factor} times the limit")
axes.set(yscale="log", xlabel="step (whole training set)", ylabel="MSE")
axes.legend(loc="upper left")
chapter.figure(
    figure,
    "03-a",
    "Below the limit the loss falls, above it it grows without bound.",
    alt="Two curves of the loss over 40 steps on a logarithmic axis: at 0.4 times the limit it "
    "falls, at 1.2 times it rises in a straight line.",
)

# %% [markdown]
# The red line is straight on a logarithmic axis: each step multiplies the error along the steepest
# direction by the same factor. This is what a loss that turns into `nan` after a few epochs
# looks like from close by.
#
# The blue line shows the other side of the coin. After a quick start it crawls. The same bowl
# is thousands of times flatter in most directions, and a step that is safe in the steepest
# direction is tiny in the flat ones. [Chapter 04](04_mlp.ipynb) comes back to this: Adam gives each weight a step
# of its own.

# %% [markdown]
# ## Training
#
# In Keras a training is two calls. `compile` says how: which **optimiser** takes the steps, with which
# **learning rate**, and which **loss** it lowers. `fit` does it. The rate is our choice, below the limit.

# %%
rate = 0.01
model.compile(keras.optimizers.SGD(rate), loss="mse")

# %% tags=["guard"]
with chapter.guard("the learning rate is below the limit"):
    assert rate < limit

# %% [markdown]
# A batch of 64 faces gives only an estimate of the gradient, but about 26 estimates an epoch take you
# further than one exact gradient. [Chapter 01b](01b_learning.ipynb) compared the two. An **epoch** shows every face once, in
# an order that is drawn anew.
#
# Train a copy of the network with `fit` first, for a few epochs. The order is drawn by hand, from the
# seed and the number of the epoch.

# %% tags=["nbval-ignore-output"]
epochs = chapter.pick(smoke=2, quick=100, paper=1000)
pictures = data.to_inputs(splits.train.images)
twin = keras.models.clone_model(model)
twin.set_weights(model.get_weights())
twin.compile(keras.optimizers.SGD(rate), loss="mse")
plain = []
for epoch in range(min(3, epochs)):
    order = np.random.default_rng([SEED, epoch]).permutation(len(pictures))
    one = twin.fit(pictures[order], targets[order], batch_size=64, shuffle=False, verbose=0)
    plain += one.history["loss"]
    print(f"epoch {epoch + 1}: training MSE {plain[-1]:.5f}")

# %% [markdown]
# `training.fit` is that loop with a memory. It trains the model that you compiled, on `splits.train`.
# After each epoch it looks at `splits.validation`. What comes back is a *run*. It is stored under a
# hash of all that decided it: the layers, the first weights, the optimiser, the loss, the faces, their
# order. So the same call finds the run again. A stopped one goes on where it was. Change anything
# above, run the cells from there, and you get a run of its own.

# %% [markdown]
# First see where the thesis's own length leads. This run comes with the course: 1000 epochs on real
# faces, cut from photographs. They may not be passed on. So you see the curve and the errors, not
# the faces.

# %%
long = training.published("wild_first")
print(long.summary())
real = training.mean_face_measures()["test"]["mse"]
print(f"the mean face on the same test faces: MSE {real:.5f}")

# %%
chapter.figure(
    plotting.stored_figure(long.history, long.metrics["best_epoch"], long.errors("test")),
    "03-f",
    "First, 1000 epochs on real faces: its curve, and how far off it is on each test face.",
    alt="Left: training and validation error fall over 1000 epochs and spread apart, validation "
    "being the higher. Right: a histogram of the mean point distance of each test face.",
)

# %% tags=["guard"]
with chapter.guard("after 1000 epochs First is worse than the mean face"):
    assert long.metrics["test"]["mse"] > real

# %% [markdown]
# After a thousand epochs First is still worse than the mean face, which needs no training. What it
# has learnt of the training faces it cannot use on others. Now train your own.

# %% tags=["nbval-ignore-output"]
run = training.fit(model, splits, epochs=epochs, batch_size=64, seed=SEED)

# %% [markdown]
# Is it the same training? Compare its first epochs with those of plain `fit`.

# %% tags=["nbval-ignore-output"]
for epoch, (ours, theirs) in enumerate(zip(run.history.loss, plain), start=1):
    print(f"epoch {epoch}: training.fit {ours:.5f}, plain fit {theirs:.5f}")

# %% tags=["guard"]
with chapter.guard("training.fit does what plain fit does"):
    assert np.allclose(run.history.loss[: len(plain)], plain, rtol=1e-5)

# %% tags=["nbval-ignore-output"]
scores = run.measures(test)
predicted = run.predict(test.images)
figure = plotting.learning_figure(
    run.history, run.best_epoch, test.images, test.keypoints, predicted
)
chapter.figure(
    figure,
    "4.1",
    "Learning curve of First, and its best and worst test faces.",
    alt="Left: training and validation error of the linear model falling over the epochs, "
    "validation above training. Right: three test faces with small errors and three with large "
    "ones; on the worst, the red crosses are scattered, and on a dark face they crowd together.",
)

# %% [markdown]
# Read the curve from left to right. The first epochs cover the steep directions of the bowl. The
# long slope that follows is the flat ones, and it has not ended when the training does. The gap
# between the two lines is what the network knows about the training faces and cannot use on others.
# The thesis calls it slight overfitting. The small spikes on the way are the batches: each of the last
# steps of an epoch followed 64 faces, not all of them.
#
# Then look at the faces. The red crosses do not form a face. Each output has its own 9216 weights,
# and nothing tells the corner of an eye to stay with its eye. On a dark face they crowd together;
# [exercise 3](#Exercises) asks why.

# %% tags=["nbval-ignore-output"]
rows = [{"prediction": "mean face", "set": "test", **baseline}]
for name in ("train", "validation", "test"):
    rows.append({"prediction": "First", "set": name, **run.measures(getattr(splits, name))})
plotting.show_table(
    rows, mse="{:.5f}", rmse_px="{:.2f}", mean_px="{:.2f}", nme="{:.1f} %"
)
print(f"weights of epoch {run.best_epoch} of {run.epochs}, the lowest on validation")

# %% tags=["guard"]
with chapter.guard("the validation error falls"):
    assert run.history.val_mse.iloc[-1] < run.history.val_mse.iloc[0]

# %% tags=["nbval-ignore-output"]
verdict = "better" if scores["mse"] < baseline["mse"] else "worse"
print(f"on test faces, First is {verdict} than the mean face")

# %% [markdown]
# The thesis's 0.00500 (held-out) and 0.00370 (training) come from other faces and 1000 epochs.
# And its
# held-out number is the lowest validation loss, on the very set that chose the epoch. That makes it
# a little too good. The row `test` has no such advantage.
#
# `rmse_px` is the error of a *coordinate*, root mean square. `mean_px` is the distance of a
# *point*, mean. They are not the same, and [chapter 10](10_errors_per_keypoint.ipynb) shows how they relate.

# %% [markdown]
# ## A start that is never forgotten
#
# Why does First lose against a constant? Keras fills $W$ with small random numbers before the
# training. An output has 9217 weights, and the loss depends on no more directions of them than there
# are training faces. In all others the bowl is level: there the random numbers stay for ever. No
# training face shows them, and every new face does. In directions that are merely flat they fade slowly.
#
# **Predict.** The next cell starts from $W = 0$ instead. Nothing else changes. What does the curve
# do?

# %% tags=["nbval-ignore-output"]
def validation_curve(initializer, epochs):
    """Validation MSE after each epoch of a new First whose weights start so."""
    keras.utils.set_random_seed(SEED)
    network = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(30, kernel_initializer=initializer)]
    )
    network.compile(keras.optimizers.SGD(rate), loss="mse")
    held = data.to_inputs(splits.validation.images), data.to_targets(splits.validation.keypoints)
    fit = network.fit(pictures, targets, 64, epochs, verbose=0, validation_data=held)
    return fit.history["val_loss"]


shorter = chapter.pick(smoke=2, quick=30, paper=300)
starts = {name: validation_curve(name, shorter) for name in ("glorot_uniform", "zeros")}

# %% tags=["guard"]
with chapter.guard("the start from zero wins"):
    assert starts["zeros"][-1] < starts["glorot_uniform"][-1]

# %% tags=["drawing"]
held = splits.validation
mean_face_loss = evaluation.mse(held.keypoints, np.broadcast_to(mean_face, held.keypoints.shape))
figure, axes = plt.subplots(figsize=(6.4, 3.2))
for (name, losses), colour in zip(starts.items(), ("orange", "blue")):
    label = {"glorot_uniform": "random start", "zeros": "start from zero"}[name]
    axes.plot(range(1, shorter + 1), losses, color=plotting.COLOURS[colour], label=label)
axes.axhline(mean_face_loss, color=plotting.COLOURS["grey"], linestyle="--", label="mean face")
axes.set(yscale="log", xlabel="epoch", ylabel="validation MSE")
axes.legend()
chapter.figure(
    figure,
    "03-b",
    "The same network and steps, from random weights and from zero.",
    alt="Two curves of the validation error on a logarithmic axis. The one that starts from random "
    "weights begins far higher and falls slowly; the one from zero is lower throughout. A dashed "
    "line marks the mean face, below both.",
)

# %% [markdown]
# The start from zero wins without a single clever idea. A linear layer may start there, because its
# loss has no second, worse bottom. A network with hidden layers may not: its units would all stay
# the same ([chapter 04](04_mlp.ipynb) comes back to this). And zero does not cure the crawl: the curve is still falling,
# and in the profile *quick* it has not come down to the mean face.

# %% [markdown]
# ## What the network looks at
#
# Each output has 9216 weights, one a pixel, so you can draw them as a picture. Where it is red, a
# brighter pixel pushes the point to the right (for an x) or down (for a y). Where it is
# blue, to the left or up.

# %% tags=["drawing"]
def draw_weights(weights, number, title, alt):
    """weights: (96, 96, outputs)."""
    shown = {0: "left eye centre x", 1: "left eye centre y", 20: "nose tip x", 29: "lip y"}
    figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.9))
    for axes, (output, name) in zip(grid, shown.items()):
        picture = weights[..., min(output, weights.shape[-1] - 1)]
        most = np.quantile(np.abs(picture), 0.995)
        axes.imshow(picture, cmap="RdBu_r", vmin=-most, vmax=most)
        axes.plot(*mean_face[output // 2], "o", mfc="none", mec="black", ms=14, mew=1.5)
        axes.set_title(name)
        axes.set_axis_off()
    chapter.figure(figure, number, title, alt)


draw_weights(
    run.model().get_weights()[0].reshape(96, 96, -1),
    "03-c",
    "Weights of four outputs as pictures; the circle marks the keypoint's mean position.",
    alt="Four maps of weights in red and blue. Fine grain covers all of them; no eye, nose or "
    "mouth stands out at the circle that marks the keypoint.",
)

# %% [markdown]
# You might have expected the weights of an eye to sit at the eye. What you see is mostly grain: the
# random start, still there. The signal is a thin layer on top of it, and you will see it below,
# where the same model is solved without a random start.

# %% [markdown]
# ## How close to its own best?
#
# A linear model has a closed-form solution, so you can ask how good First could get. Ridge
# regression minimises the squared error plus $\alpha$ times the squared weights. Take pictures and
# targets less their means, so that the largest $\alpha$ gives the mean face. With fewer faces than
# pixels, the smaller system is the one between faces:
#
# $$\hat Y = \bar Y + X_* X^\top \,(X X^\top + \alpha I)^{-1} (Y - \bar Y)$$
#
# $X X^\top$ is `(n, n)`, $Y$ is `(n, 30)`, and $X_*$ holds the held-out pictures.

# %%
mean_picture = x[:, :-1].mean(axis=0)
centred = x[:, :-1] - mean_picture
x_held = data.to_inputs(held.images).reshape(len(held), -1) - mean_picture
gram, across = (centred @ centred.T).astype(np.float64), x_held @ centred.T
mean_target = targets.mean(axis=0)
alphas = 10.0 ** np.arange(-1, 6)
ridge = {"train": [], "validation": []}
for alpha in alphas:
    dual = np.linalg.solve(gram + alpha * np.eye(len(gram)), targets - mean_target)
    for name, product, part in (("train", gram, splits.train), ("validation", across, held)):
        points = data.to_pixels(mean_target + product @ dual)
        ridge[name].append(evaluation.mse(part.keypoints, points))

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(6.4, 3.2))
for name, colour in (("train", "orange"), ("validation", "blue")):
    axes.plot(alphas, ridge[name], "o-", color=plotting.COLOURS[colour], label=f"ridge, {name}")
axes.axhline(mean_face_loss, color=plotting.COLOURS["grey"], linestyle="--", label="mean face")
axes.axhline(
    run.at_best().val_mse, color=plotting.COLOURS["blue"], linestyle=":",
    label="First, gradient descent",
)
axes.set(xscale="log", yscale="log", xlabel="ridge strength α", ylabel="MSE")
axes.legend(fontsize=8.5)
chapter.figure(
    figure,
    "03-d",
    "The same model solved exactly, for seven strengths of the ridge.",
    alt="Training error rises with the ridge strength; validation error falls, reaches a minimum "
    "below the mean face and rises again to it. A dotted line marks what gradient descent reached.",
)

# %% tags=["nbval-ignore-output"]
best = int(np.argmin(ridge["validation"]))
print(f"best ridge: α = {alphas[best]:g}, validation MSE {ridge['validation'][best]:.5f}")
print(f"mean face {mean_face_loss:.5f}, First {run.at_best().val_mse:.5f}")

# %% tags=["guard"]
with chapter.guard("the best ridge beats the mean face"):
    assert ridge["validation"][best] < mean_face_loss

# %% [markdown]
# With a weak ridge the model fits the training faces almost perfectly and does badly on others:
# 9216 weights for each output, and far fewer faces. A strong ridge forbids all weights, and the
# mean face is left. In between lies the best of these ridges.
#
# So First was not too simple to beat the mean face. Plain gradient descent did not get it there.
# And the lowest point of the blue curve is a mark for the family: more epochs of First on these faces
# will hardly pass it. To get much further, you need more faces or another kind of model.
#
# Here are the weights that the exact solution gives.

# %%
dual = np.linalg.solve(gram + alphas[best] * np.eye(len(gram)), targets - mean_target)
draw_weights(
    (centred.T @ dual).reshape(96, 96, 30),
    "03-e",
    "The same four outputs in the best ridge solution.",
    alt="Four maps of weights in red and blue, smoother than before: pairs of red and blue patches "
    "near the eye, the nose and the mouth, and weaker ones over the whole picture.",
)

# %% [markdown]
# Now there is a pattern. Red and blue stand side by side where a keypoint usually is: such a pair
# compares the brightness of two neighbouring places, which changes when an eye or a lip moves
# a little. Weaker patches lie all over the picture.
#
# This is also all it can do. A linear model cannot search for a dark spot. It has to be near the
# usual place already, and on a face that stands elsewhere its pairs compare cheek with cheek.

# %% [markdown]
# ## What you saw
#
# - A score to beat comes first. Without it, and without the split, the thesis's 0.00500 says little.
# - Plain gradient descent diverges above a learning rate that you can compute from the pixels.
# - Safe in the steepest direction means slow in the flat ones, and there the random start survives.
# - Solved exactly, the same model beats the mean face: the training was the weak part.
# - A linear model compares brightness at fixed places. It cannot search.
#
# ## Exercises
#
# **1. Count.** The picture is halved to 48 by 48. How many parameters does First have then? Write
# down your answer, then check it.

# %%
def check_1(answer):
    """Say whether the number of parameters is right."""
    small = keras.Sequential(
        [keras.layers.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(30)]
    )
    print("right" if answer == small.count_params() else "not yet: pixels times outputs, plus ...")


# %% tags=["solution"]
check_1(48 * 48 * 30 + 30)

# %% [markdown]
# **2. Centre the pixels.** Subtract the mean picture from every row of `x` (all but the column of
# ones). Predict: does the speed limit rise or fall, and by what factor, roughly? Then compute it.

# %% tags=["solution", "nbval-ignore-output"]
x_centred = np.hstack([centred, np.ones((len(x), 1), np.float32)])
direction = np.random.default_rng(0).normal(size=x.shape[1]).astype(np.float32)
for _ in range(30):
    direction = x_centred.T @ (x_centred @ direction)
    direction /= np.linalg.norm(direction)
new_limit = 30 * len(x) / np.linalg.norm(x_centred @ direction) ** 2
print(f"before {limit:.4f}, after {new_limit:.4f}: {new_limit / limit:.1f} times as fast")
with chapter.guard("centred pixels allow larger steps"):
    assert new_limit > limit

# %% [markdown]
# **3. One number for all.** Predict what a linear model would answer for a black picture. Which of
# its weights decide that? Check with `run.model()`.

# %% tags=["solution"]
black = np.zeros((1, 96, 96), np.uint8)
offset = run.model().get_weights()[1]
with chapter.guard("a black picture leaves only the offsets"):
    assert np.allclose(run.predict(black), data.to_pixels(offset[np.newaxis]), atol=1e-3)
print("all weights meet a zero; only the 30 offsets b are left")

# %% [markdown]
# **4. A brighter room.** Multiply the grey values of the test faces by 1.2 (clip at 255). By how
# much does the error of First grow? Why does a linear model have no defence? Think of what
# the formula $xW + b$ does when $x$ is scaled.

# %% tags=["solution", "nbval-ignore-output"]
brighter = np.clip(test.images * 1.2, 0, 255).astype(np.uint8)
after = evaluation.measures(test.keypoints, run.predict(brighter))
print(f"mean_px: {scores['mean_px']:.2f} before, {after['mean_px']:.2f} after")

# %% [markdown]
# **5. Open.** Are the worst faces the tilted ones? Measure it: compute the tilt of each test face
# from its two eye centres, and plot the error of First against it. Does the mean face show
# the same dependence? What does that say about what First has learned?
