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
# **You can afterwards**
# - compute what a linear layer costs and what it answers, from its formula (exercises 1, 3 and 4);
# - tell whether a score is good: against what, on which faces (exercise 6, question 1);
# - compute the speed limit of gradient descent from the pixels, and raise it (exercises 1 and 2, question 2);
# - tell what the start, a ridge and an early stop do to a linear model (exercise 5, questions 3 and 4);
# - tell what a linear model looks at, and why it cannot search (exercise 4).
#
# **Needs** chapters [01a](01a_neurons.ipynb), [01b](01b_learning.ipynb) and [02](02_data.ipynb). **Takes** about 90 minutes to study, and half a minute of two cores (profile *quick*).
# **Figures** 3.3, 4.1, 03-a to 03-g.

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
# **A score without a baseline and without its split cannot be judged.** The thesis calls the result
# quite good. It names no baseline, and it says how many faces it held out, but not which.
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
# for each of the 30 outputs, and $b$ one offset for each, its **bias**.

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
# Why so steep? All pixels are positive. If all weights grow by the same little amount, then thousands of
# products grow together, and none falls. The steepest direction is close to the
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
# faces ([chapter 02](02_data.ipynb) says whose). They may not be passed on. So you see the curve and the errors, not
# the faces.

# %%
long = training.published("wild_first")
print(long.summary())
real = training.mean_face_measures()["test"]["mse"]
print(f"the mean face on the same test faces: MSE {real:.5f}")

# %%
chapter.figure(
    plotting.stored_figure(
        long.history, long.metrics["best_epoch"], long.errors("test"),
        training.mean_face_measures()["validation"]["mse"],
    ),
    "03-f",
    "First, 1000 epochs on real faces: its curve, and how far off it is on each test face.",
    alt="Left: training and validation error fall over 1000 epochs and spread apart, validation "
    "being the higher, and above the dotted line of the mean face. "
    "Right: a histogram of the mean point distance of each test face.",
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
# steps of an epoch followed 64 faces, not all of them. The dotted line is one answer for all: the mean
# of the test faces. Both curves stay above it.
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
# To keep the weights of the epoch with the lowest validation error is called **early stopping**.
#
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
# 9216 weights for each output, and far fewer faces. That is **overfitting**. A strong ridge forbids all
# weights, and the mean face is left: it errs in the same way whichever faces it is trained on. The first kind of
# error is called **variance**, the second **bias**. In between lies the best of these ridges, the one that
# **generalises** best. The ridge is the **L2 regularisation** of [chapter 01b](01b_learning.ipynb).
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
# How does the strength shape them? **Predict** before you move the slider: at which end do the points on the
# face stand still, at which do they jump? Where are the weights grain, where blur?

# %% tags=["drawing", "nbval-ignore-output"]
powers, axes_of_gram = np.linalg.eigh(gram)
turned = axes_of_gram.T @ (targets - mean_target)
strengths = 10.0 ** np.arange(-1, 6.1, 0.5)
shown_face = int(np.argsort(evaluation.face_mse(held.keypoints, np.broadcast_to(
    mean_face, held.keypoints.shape)))[int(0.8 * len(held))])  # one that stands off the mean
turned_across = across @ axes_of_gram


def ridge_at(strength):
    """Held-out points and the training and validation MSE of a ridge, from one factorisation."""
    share = turned / (powers + strength)[:, np.newaxis]
    points = data.to_pixels(mean_target + turned_across @ share)
    fitted = data.to_pixels(mean_target + axes_of_gram @ (powers[:, np.newaxis] * share))
    return (points, evaluation.mse(splits.train.keypoints, fitted),
            evaluation.mse(held.keypoints, points), centred.T @ (axes_of_gram @ share[:, 20]))


ridges = [ridge_at(strength) for strength in strengths]

# %% tags=["drawing", "nbval-ignore-output"]
def ridge_figure(number):
    """The two errors by strength, the weights of one output, and the points on one face."""
    points, _, _, weights = ridges[number]
    figure, (one, two, three) = plt.subplots(1, 3, figsize=(6.4, 3.2), width_ratios=[4, 3, 3])
    for k, (name, colour) in enumerate((("train", "orange"), ("validation", "blue")), start=1):
        one.plot(strengths, [r[k] for r in ridges], color=plotting.COLOURS[colour], label=name)
        one.plot(strengths[number], ridges[number][k], "o", color=plotting.COLOURS[colour])
    one.set(xscale="log", yscale="log", xlabel="ridge strength")
    one.set_title("MSE", fontsize=9)
    one.legend(fontsize=8, loc="lower right")
    most = np.quantile(np.abs(weights), 0.995)
    two.imshow(weights.reshape(96, 96), cmap="RdBu_r", vmin=-most, vmax=most)
    two.set_title("weights, nose tip x", fontsize=9)
    two.set_axis_off()
    plotting.draw_face(three, held.images[shown_face], held.keypoints[shown_face],
                       points[shown_face])
    three.set_title("a validation face", fontsize=9)
    return figure


chapter.explore(
    map(ridge_figure, range(len(strengths))),
    [f"strength {strength:.2g}" for strength in strengths],
    "03-g",
    "A stronger and stronger ridge: both errors, weights of one output, a face. Green: true.",
    alt="Left training error rises with the strength, validation error falls and rises. In the "
    "middle the weights turn from fine grain into a few broad patches. Right, the predicted points "
    "are scattered at weak ridges, closer to the true ones in between, the mean face at the end.",
    start=int(np.argmin([r[2] for r in ridges])),
)

# %% [markdown]
# The pattern does not change suddenly. A ridge shrinks most what few training faces support: grain first, then
# detail, at last all of it. (Each map has its own colours, so you do not see that the weights become small.)
#
# At the best strength there is a pattern. Red and blue stand side by side where a keypoint usually is: such a pair
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
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Half the picture** (medium). Change the data: average each 2 by 2 pixels, so that a picture has 48 by 48.
# Predict first: how many parameters does First have then, and by which factor does the speed limit change?

# %% tags=["answer"]
answer_1 = ...  # two numbers: parameters, new limit / old limit

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two numbers", "the curvature is about 2/30 of a picture's squared length")
def check_1(answer):
    """Parameters and speed limit of First on pictures of half the side."""
    small = x[:, :-1].reshape(-1, 48, 2, 48, 2).mean(axis=(2, 4)).reshape(len(x), -1)
    small = np.hstack([small, np.ones((len(x), 1), np.float32)])
    way = np.ones(small.shape[1], np.float32)
    for _ in range(20):
        way = small.T @ (small @ way)
        way /= np.linalg.norm(way)
    top = np.linalg.norm(small @ way) ** 2
    parameters, factor = answer
    if parameters == 48 * 48 * 30:
        return "each output has an offset as well"
    if parameters != 48 * 48 * 30 + 30:
        return "count again: pixels times outputs, and the offsets"
    right = 2 / (2 / 30 * top / len(x)) / limit
    return bool(np.isclose(factor, right, rtol=0.1)) or (
        "the parameters are right; how many squares does a picture's squared length sum up now?")


check_1(answer_1)

# %% tags=["solution"]
answer_1 = (48 * 48 * 30 + 30, 4)
check_1(answer_1)
# A quarter of the pixels, a quarter of the curvature. More pixels make the step smaller.

# %% [markdown]
# **2. Centre the pixels** (medium). Change the data: subtract the mean picture from every row of `x` (all but the
# column of ones). Predict: does the speed limit rise or fall? You can estimate by how much: compare the mean
# squared length of a picture with that of a picture less the mean. Then compute the factor to 5%.

# %% tags=["answer"]
answer_2 = ...  # a number: new limit / old limit

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number", "the power iteration above, with the centred pixels and a random start")
def check_2(answer):
    """The factor of the speed limit, from the largest eigenvalue between faces."""
    way = np.random.default_rng(1).normal(size=len(gram))
    for _ in range(100):
        way = gram @ way + way.sum()  # the column of ones adds 1 to each product
        way /= np.linalg.norm(way)
    top = np.linalg.norm(gram @ way + way.sum())
    right = 2 / (2 / 30 * top / len(x)) / limit
    if np.isclose(answer, 1 / right, rtol=0.1):
        return "that is old over new"
    if 0.9 < answer < 1.1:
        return "start the iteration from random numbers: all ones may be a direction that is gone"
    return bool(np.isclose(answer, right, rtol=0.05))


check_2(answer_2)

# %% tags=["solution", "nbval-ignore-output"]
centred_x = np.hstack([centred, np.ones((len(x), 1), np.float32)])
way = np.random.default_rng(0).normal(size=x.shape[1]).astype(np.float32)
for _ in range(60):
    way = centred_x.T @ (centred_x @ way)
    way /= np.linalg.norm(way)
answer_2 = 30 * len(x) / np.linalg.norm(centred_x @ way) ** 2 / limit
lengths = [float(np.mean(np.sum(a[:, :-1] ** 2, axis=1))) for a in (x, centred_x)]
print(f"limit times {answer_2:.1f}; squared lengths {lengths[0]:.0f} and {lengths[1]:.0f}")
check_2(answer_2)
# Without the mean the bowl is rounder: larger steps for free. Batch normalisation does the same.

# %% [markdown]
# **3. One answer for all** (easy). Predict what First answers to a black picture. Which of its weights
# decide that? Compute it without showing a picture.

# %% tags=["answer"]
answer_3 = ...  # an array (15, 2) in pixels

# %% tags=["check"]
@chapter.check("an array (15, 2) in pixels", "run.model().get_weights(), and data.to_pixels")
def check_3(answer):
    """The trained network's answer to a black picture."""
    answer = np.asarray(answer, float)
    right = run.predict(np.zeros((1, 96, 96), np.uint8))[0]
    if answer.shape == (15, 2) and np.allclose(answer / 48 - 1, right, atol=1e-2):
        return "convert it once only"
    if answer.shape == (15, 2) and np.allclose(data.to_pixels(answer.ravel()[np.newaxis])[0],
                                               right, atol=1e-2):
        return "those are targets; data.to_pixels makes pixels of them"
    return answer.shape == (15, 2) and bool(np.allclose(answer, right, atol=1e-2))


check_3(answer_3)

# %% tags=["solution"]
answer_3 = data.to_pixels(run.model().get_weights()[-1][np.newaxis])[0]
check_3(answer_3)
# All weights meet a zero. The offsets are First's mean face, as far as the training has got.

# %% [markdown]
# **4. A brighter room** (medium). Change the data: all pixels times `factor`, not clipped. A linear model has no
# defence, and you can say exactly what happens. Write a function of First's points for a picture and the
# factor that returns its points for the brighter picture, *without* seeing the picture.

# %% tags=["answer"]
answer_4 = ...  # a function of (points (n, 15, 2) in pixels, factor), returns points

# %% tags=["check"]
@chapter.check("a function of (points, factor)", "what is scaled in x W + b, and what is not?")
def check_4(answer):
    """First's points for brighter pictures, against those computed from its points before."""
    bright = run.model()
    for factor in (0.5, 1.2, 2.0):
        scaled = data.to_inputs(test.images) * np.float32(factor)
        right = data.to_pixels(np.array(bright(scaled)))
        found = np.asarray(answer(run.predict(test.images), factor))
        if found.shape != right.shape:
            return False
        middle = np.allclose(found, (predicted - 48) * factor + 48, atol=0.01)
        if not np.allclose(found, right, atol=0.05):
            return middle and "not about the middle: what does a black picture give?"
    return True


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
def brighter(points, factor):
    black = data.to_pixels(run.model().get_weights()[-1][np.newaxis])
    return black + factor * (points - black)


answer_4 = brighter
check_4(answer_4)
lit = evaluation.measures(test.keypoints, brighter(predicted, 1.2))
print(f"mean_px: {scores['mean_px']:.2f} before, {lit['mean_px']:.2f} with factor 1.2")
# Points move away from those of a black picture, all by the factor. Light moves the eyes.

# %% [markdown]
# **5. Your figure** (medium). Change the recipe: centred pixels, a start from the mean face, and all faces in each
# step. `stop_early(rate)` gives the validation MSE after 0 to 300 such steps. Complete three lines. Take a rate
# between half and nine tenths of the limit for centred pixels (from [exercise 2](#Exercises)). Predict whether the
# curve passes below the best ridge, and whether it rises again. Compare with [Figure 03-b](#figure-03-b).

# %%
def stop_early(rate, steps=300):
    """Validation MSE after each step; the weights are sums of training pictures, as in a ridge."""
    dual, found = np.zeros((len(gram), 30)), []
    for _ in range(steps + 1):
        points = data.to_pixels(mean_target + across @ dual)
        found.append(evaluation.mse(held.keypoints, points))
        dual += rate * 2 / 30 / len(gram) * (targets - mean_target - gram @ dual)
    return np.array(found)


# %% tags=["answer"]
step_rate = ...  # between 0.5 and 0.9 of the limit for centred pixels
curve = ...  # stop_early(...)
lowest_step = ...  # the step with the lowest validation MSE
answer_5 = (step_rate, curve, lowest_step)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "answer_2 times limit is the new limit; then np.argmin")
def check_5(answer):
    """Validation error of centred descent, drawn; the values against a second computation."""
    step_rate, curve, lowest_step = answer
    highest = 30 * len(gram) / powers[-1]
    if not 0.45 * highest < step_rate < 0.95 * highest:
        return "the rate is not between 0.5 and 0.9 of the limit for centred pixels"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    axes.plot(curve, color=plotting.COLOURS["blue"], label="centred, from the mean face")
    axes.plot(lowest_step, curve[lowest_step], "o", color=plotting.COLOURS["blue"])
    axes.axhline(min(ridge["validation"]), ls=":", color=plotting.COLOURS["red"],
                 label="best ridge")
    axes.axhline(mean_face_loss, ls="--", color=plotting.COLOURS["grey"], label="mean face")
    axes.set(xlabel="step (all faces)", ylabel="validation MSE")
    axes.legend()
    chapter.figure(figure, "Your figure", "First with centred pixels.", private=True,
                   alt="Validation error by step, with lines for the best ridge and the mean face.")
    if len(curve) != 301 or not np.allclose(curve, stop_early(step_rate)):
        return "curve is what stop_early gives for your rate"
    return int(lowest_step) == int(np.argmin(curve))


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
step_rate = 0.7 * answer_2 * limit
curve = stop_early(step_rate)
lowest_step = int(np.argmin(curve))
answer_5 = (step_rate, curve, lowest_step)
check_5(answer_5)
print(f"lowest {curve[lowest_step]:.5f}, step {lowest_step}; ridge {min(ridge['validation']):.5f}")
# Early stopping is a ridge by other means: what few faces support is learned last, or never.

# %% [markdown]
# **6. Are the worst faces the tilted ones?** (open) Compute the tilt of each test face from its two eye centres,
# and plot the error of First, of the best ridge and of the mean face against its absolute value. Predict which of the
# three lines is steepest. What does that say about what each has learned?

# %% [markdown] tags=["solution"]
# **Rubric.** One point for the tilt, with $y$ running down. One for a figure with all three predictions on the
# same faces. Two for comparing the *differences* from the mean face, and not the errors alone. One
# for saying how few test faces are tilted much. **Expected**: all three grow with the tilt, the mean face's most. The
# ridge lies below the mean face on nearly all faces. First's line is the highest and the least steep: much of its
# error is the random start, on upright faces as on tilted ones.
