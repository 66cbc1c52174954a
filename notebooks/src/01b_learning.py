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
# # 01b Learning: descent, optimisers, backpropagation
#
# A network learns by small steps down the slope of its loss. You write the steps, five
# rules for choosing them, and the calculation of the slopes, and compare each with Keras
# and TensorFlow.
#
# **You can afterwards**
# - tell what an epoch gains with the whole set, one example or a few, and let the rate fall (exercise 5, question 2);
# - compute how large a learning rate may be, and see what it does below that (exercise 2, question 1);
# - write momentum, Adagrad, Adam and RMSprop, and judge them by equal trials (exercise 3, question 3);
# - work out slopes backwards, on a graph and through layers (exercises 1 and 4, question 4);
# - tell what a network can hold from what training finds (exercise 6).
#
# **Needs** [chapter 01a](01a_neurons.ipynb). **Takes** about 95 minutes to study, and a quarter of a
# minute of two cores (profile *quick*). **Figures** 2.7, 01b-a to 01b-c.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from fkd_utils import plotting

chapter = plotting.Chapter("01b", PROFILE, DATA, SEED)
COLOURS = plotting.COLOURS

# %% [markdown]
# ## 1. Gradient descent: whole set, one example, or a few
#
# The gradient says in which direction the loss rises fastest. Descent takes a small
# step the other way: $p \leftarrow p - \eta \nabla L(p)$, with learning rate $\eta$.
# The question is how many examples to look at before each step.
#
# One small regression is enough: find $w$ and $b$ of a noisy line, 256 points.

# %%
rng = np.random.default_rng(SEED)
x = rng.uniform(-1, 1, 256)
y = 1.5 * x - 0.5 + rng.normal(0, 0.5, 256)
design = np.column_stack([x, np.ones(256)])  # one row (x, 1) a point
best = np.linalg.lstsq(design, y)[0]  # the answer, without descent
print("best w and b:", best.round(3))


# %%
def excess(p):
    """How far the loss at p = (w, b) lies above the lowest possible."""
    return np.mean((design @ p - y) ** 2) - np.mean((design @ best - y) ** 2)


def gradient(p, rows):
    """The gradient (2,) of the loss of some points at p = (w, b)."""
    return 2 * design[rows].T @ (design[rows] @ p - y[rows]) / len(rows)


def descend(batch, epochs, rate=0.1, seed=SEED):
    """The path from (-1, 1), one row a step."""
    path, shuffle = [np.array([-1.0, 1.0])], np.random.default_rng(seed)
    for _ in range(epochs):
        order = shuffle.permutation(256)
        for k in range(0, 256, batch):
            path.append(path[-1] - rate * gradient(path[-1], order[k : k + batch]))
    return np.array(path)


# %% tags=["nbval-ignore-output"]
variants = {"whole set": 256, "mini-batches of 32": 32, "one by one": 1}
paths = {}
for name, batch in variants.items():
    begin = time.perf_counter()
    paths[name] = descend(batch, epochs=100)
    print(f"{name}: {10 * (time.perf_counter() - begin):.2f} ms an epoch")

# %%
at = (1, 10, 100)  # epochs
table = pd.DataFrame(
    [
        [256 // batch] + [excess(paths[name][e * 256 // batch]).round(5) + 0.0 for e in at]
        for name, batch in variants.items()
    ],
    index=list(variants),
    columns=["steps an epoch", *(f"excess after {e}" for e in at)],
)
table

# %% tags=["guard"]
with chapter.guard("at rate 0.1, best after 1, 10, 100: one by one, mini-batches, whole set"):
    lowest = table.iloc[:, 1:].idxmin().tolist()
    assert lowest == ["one by one", "mini-batches of 32", "whole set"]

# %% tags=["drawing"]
# Draws Figure 01b-a.
figure, grid = plt.subplots(1, 3, figsize=(9.6, 3.4), sharey=True)
w_mesh, b_mesh = np.meshgrid(np.linspace(-1.4, 2.6, 81), np.linspace(-1.2, 1.3, 81))
heights = np.apply_along_axis(excess, 2, np.stack([w_mesh, b_mesh], axis=-1))
style = dict(levels=np.geomspace(0.02, 6, 9), colors="#CCCCCC", linewidths=0.9)
for axes, (name, path), colour in zip(grid, paths.items(), ("blue", "green", "red")):
    axes.contour(w_mesh, b_mesh, heights, **style)
    ten = path[: 10 * 256 // variants[name] + 1]
    thin = dict(lw=0.5) if len(ten) > 100 else dict(lw=1.2, marker=".", ms=4)
    axes.plot(*ten.T, color=COLOURS[colour], **thin)
    axes.plot(*best, "*", color=COLOURS["black"], ms=11, mec="white", zorder=5)
    axes.set(title=f"{name}: {len(ten) - 1} steps", xlabel="$w$")
    axes.grid(False)
grid[0].set_ylabel("$b$")
chapter.figure(
    figure,
    "01b-a",
    "Ten epochs of descent on the same regression, same learning rate. Star: best.",
    alt="The whole set takes ten smooth steps and is still far from the star; "
    "mini-batches arrive with little shaking; one by one arrives at once and then "
    "shakes around it.",
)

# %% [markdown]
# At this one rate it depends on when you stop. After 1 epoch one by one is best, after 10 the
# mini-batches, after 100 the whole set, which alone comes to rest.
#
# But is it fair to give all three the same rate? A step that follows the whole set may be larger than
# one that follows a single point. **Predict** which is best after 10 epochs when each has its own best
# rate. The next cell tries the same 13 rates for each, with three shuffles.

# %%
@np.errstate(all="ignore")  # rates that are too large overflow
def tuned(batch, epochs, trials=np.geomspace(0.001, 1, 13)):
    """The best of some rates for a batch size, and its mean excess over three shuffles."""
    ends = {r: np.mean([excess(descend(batch, epochs, r, s)[-1]) for s in range(3)])
            for r in trials}
    best_rate = min(ends, key=lambda r: np.nan_to_num(ends[r], nan=np.inf))
    return best_rate, ends[best_rate]


fair = {name: tuned(batch, epochs=10) for name, batch in variants.items()}
for name, (rate, value) in fair.items():
    print(f"{name:<19} rate {rate:.4f}: excess {value:.5f} after 10 epochs")

# %% tags=["guard"]
with chapter.guard("with rates of their own, the whole set wins, and takes the largest"):
    assert min(fair, key=lambda name: fair[name][1]) == "whole set"
    assert min(np.diff([rate for rate, _ in list(fair.values())[::-1]])) > 0

# %% [markdown]
# The ranking has turned round: the whole set is first, with the largest rate. What looked like a law
# about batch sizes was one rate that suited one of them. This bowl is small and smooth, and one point
# costs nothing; on faces the whole set is 26 times the work of a batch. The rate and the batch size are
# **hyperparameters**: chosen by trying, not by descent. Compare methods only when each has been tuned by the
# same number of trials.
#
# The thesis writes that SGD "is generally the best choice, because it combines the
# advantages of the other two". By its own definitions that sentence describes
# mini-batches. The names are mixed up everywhere: `keras.optimizers.SGD` is the update
# rule, and it is `batch_size` that decides.
#
# The thesis also says that one by one is "usually much faster". Faster per epoch of
# data, yes; the printed times show that an epoch of 256 small steps costs far more than
# one large step. And the whole set need not fit in memory: the gradient is a mean, so
# you may add it up in parts.

# %%
parts = [gradient(best + 1, np.arange(k, k + 32)) for k in range(0, 256, 32)]
print("in parts:", np.mean(parts, axis=0).round(6))
print("at once: ", gradient(best + 1, np.arange(256)).round(6))

# %% [markdown]
# **The learning rate has a limit.** On a bowl, descent diverges as soon as $\eta$
# exceeds $2/\lambda$, with $\lambda$ the steepest curvature. Predict what 1.1 times the
# limit does, then run.

# %%
steepest = np.linalg.eigvalsh(2 * design.T @ design / 256).max()
limit = 2 / steepest
for share in (0.9, 1.1):
    end = descend(256, epochs=100, rate=share * limit)[-1]
    print(f"{share} of the limit {limit:.2f}: excess {excess(end).round(6) + 0.0:.3g}")

# %% [markdown]
# ## 2. Better steps: momentum, Adagrad, Adadelta, Adam
#
# The bowl below is 25 times steeper in one direction. Plain descent must keep its rate
# under 0.08 for the steep one, and crawls along the flat one. Each rule here takes a
# gradient and what it remembers, and returns the step.

# %%
steepness = np.array([1.0, 25.0])


def bowl(p):
    """The height at places p (..., 2): (...)."""
    return 0.5 * (steepness * p**2).sum(axis=-1)


def plain(g, memory, rate=0.07):
    return -rate * g


# %% [markdown]
# What does the rate do to it? **Predict**: with which share of the limit is the height lowest after 30
# steps, a tenth, a half, or nearly all of it? Then move the slider, or press Play.

# %% tags=["drawing"]
flat_mesh, steep_mesh = np.meshgrid(np.linspace(-4.6, 4.6, 121), np.linspace(-1.6, 1.6, 81))
bowl_heights = bowl(np.stack([flat_mesh, steep_mesh], axis=-1))


def rate_figure(percent):
    """Thirty steps of plain descent at a rate of `percent` of the limit 2 / 25."""
    places = np.array([-4.0, 1.0]) * (1 - percent / 100 * 0.08 * steepness) ** np.c_[:31]
    picture, (one, two) = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=[3, 2])
    one.contour(flat_mesh, steep_mesh, bowl_heights, levels=np.geomspace(0.05, 40, 9),
                colors="#CCCCCC", linewidths=0.9)
    colour = COLOURS["red" if percent > 100 else "blue"]
    one.plot(*places.T, "o-", color=colour, ms=3, lw=1)
    one.plot(0, 0, "*", color=COLOURS["black"], ms=11, mec="white", zorder=5)
    one.set(xlim=(-4.6, 4.6), ylim=(-1.6, 1.6), xlabel="flat", ylabel="25 times as steep")
    one.set_title(f"rate {percent * 0.0008:.4f}")
    two.plot(bowl(places), color=colour)
    two.set(yscale="log", ylim=(1e-3, 1e3), xlim=(0, 30), xlabel="step", ylabel="height")
    one.grid(False)
    return picture


# %% tags=["drawing"]
percents = [2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 93, 96, 98, 99, 100, 101, 103, 105]
chapter.explore(
    map(rate_figure, percents),
    [f"{percent} % of the limit" for percent in percents],
    "01b-c",
    "Thirty steps of plain descent on the long bowl, at more and more of the largest rate.",
    alt="Left the path in the bowl, right its height by step. Small rates creep along the flat "
    "direction; near the limit the path zigzags across and still arrives soonest; at the limit it "
    "jumps from wall to wall for ever, above it the height grows.",
    start=percents.index(90),
)

# %% [markdown]
# The steep direction sets the limit, the flat one pays for it. The best rate lies close to the limit,
# and a little above it all is lost: there is no warning.
#
# **Momentum** remembers its last step and adds to it. Directions that keep their sign
# add up; those that alternate cancel.


# %%
def momentum(g, memory, rate=0.02, beta=0.9):
    memory["v"] = beta * memory.get("v", 0) - rate * g
    return memory["v"]


# %% [markdown]
# **Adagrad** divides by the root of all squared gradients so far, for each parameter
# apart. The sum only grows, so the steps only shrink.


# %%
def adagrad(g, memory, rate=0.5, tiny=1e-7):
    memory["sum"] = memory.get("sum", 0.1) + g**2
    return -rate * g / (memory["sum"] + tiny) ** 0.5


# %% [markdown]
# **Adadelta** forgets: a running mean instead of a sum. It also scales by the running
# mean of its own squared steps, so it needs no rate. It starts from steps of size 0.


# %%
def adadelta(g, memory, rate=1.0, rho=0.95, tiny=1e-7):
    memory["g2"] = rho * memory.get("g2", 0) + (1 - rho) * g**2
    ratio = (memory.get("d2", 0) + tiny) / (memory["g2"] + tiny)
    delta = -(ratio**0.5) * g
    memory["d2"] = rho * memory.get("d2", 0) + (1 - rho) * delta**2
    return rate * delta


# %% [markdown]
# **Adam** keeps a running mean of the gradient (as momentum does) and one of its
# square, and corrects both for having started at 0. It does not store "the past n
# squared gradients", as the thesis words it: two numbers a parameter are all it keeps.


# %%
def adam(g, memory, rate=0.2, beta1=0.9, beta2=0.999, tiny=1e-7):
    memory["t"] = t = memory.get("t", 0) + 1
    memory["m"] = beta1 * memory.get("m", 0) + (1 - beta1) * g
    memory["v"] = beta2 * memory.get("v", 0) + (1 - beta2) * g**2
    correction = (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return -rate * correction * memory["m"] / (memory["v"] ** 0.5 + tiny)


# %% [markdown]
# Let each walk 100 steps.


# %%
def walk(rule, steps=100, **settings):
    """The path of a rule from (-4, 1), one row a step."""
    path, memory = [np.array([-4.0, 1.0])], {}
    for _ in range(steps):
        path.append(path[-1] + rule(steepness * path[-1], memory, **settings))
    return np.array(path)


walks = {rule.__name__: walk(rule) for rule in (plain, momentum, adagrad, adadelta, adam)}

# %% [markdown]
# Keras has its own versions. Give them the same start and the same gradients, and look
# how far they ever stray from your path.


# %%
def stray(optimizer, path):
    """The largest distance of a Keras optimiser from `path` in 60 steps."""
    p, largest = keras.Variable(path[0], dtype="float64"), 0.0
    for place in path[1:61]:
        g = steepness * keras.ops.convert_to_numpy(p)
        optimizer.apply([keras.ops.convert_to_tensor(g)], [p])
        largest = max(largest, abs(keras.ops.convert_to_numpy(p) - place).max())
    return largest


# %%
by_keras = {
    "plain": keras.optimizers.SGD(0.07),
    "momentum": keras.optimizers.SGD(0.02, momentum=0.9),
    "adagrad": keras.optimizers.Adagrad(0.5),
    "adadelta": keras.optimizers.Adadelta(1.0),
    "adam": keras.optimizers.Adam(0.2),
}
strays = {name: stray(rule, walks[name]) for name, rule in by_keras.items()}
for name, distance in strays.items():
    print(f"{name:<9}", "agrees" if distance < 1e-5 else f"strays by {distance:.0e}")

# %% [markdown]
# Four agree to 0.00001. Adam does not quite, and you can name the reason: Keras rounds
# the 0.999 of the correction to a float32, which makes $1 - 0.999$ wrong by 0.0013%.
# With numbers that a float32 holds exactly, Adam agrees too.

# %%
exact = dict(beta1=1 - 1 / 8, beta2=1 - 1 / 1024)
exact_adam = keras.optimizers.Adam(0.2, beta_1=exact["beta1"], beta_2=exact["beta2"])
strays["exact"] = stray(exact_adam, walk(adam, **exact))
print("agrees" if strays["exact"] < 1e-5 else f"strays by {strays['exact']:.0e}")
print(f"1 - 0.999 in float32: wrong by {abs((1 - np.float32(0.999)) / 0.001 - 1):.4%}")

# %% tags=["guard"]
with chapter.guard("all rules but Adam agree with Keras to 0.00001"):
    assert [name for name, distance in strays.items() if distance >= 1e-5] == ["adam"]

# %% tags=["drawing"]
# Draws Figure 01b-b.
figure, (left, other) = plt.subplots(1, 2, figsize=(9.6, 3.7), width_ratios=[4, 3])
across, along = np.linspace(-4.4, 1.6, 121), np.linspace(-1.15, 1.25, 121)
heights = bowl(np.stack(np.meshgrid(across, along), axis=-1))
style = dict(levels=np.geomspace(0.05, 20, 9), colors="#CCCCCC", linewidths=0.9)
left.contour(across, along, heights, **style)
styles = zip(walks.items(), ("grey", "blue", "orange", "purple", "red"), "osD^v")
for (name, path), colour, marker in styles:
    style = dict(color=COLOURS[colour], marker=marker, ms=3.2, lw=1.3)
    left.plot(*path.T, markevery=2, label=name, **style)
    other.plot(bowl(path), markevery=10, **style)
left.plot(0, 0, "*", color=COLOURS["black"], ms=12, mec="white", zorder=5)
left.set(xlabel="$p_1$ (flat)", ylabel="$p_2$ (25 times as steep)")
left.grid(False)
other.set(yscale="log", ylim=(1e-6, 50), xlabel="step", ylabel="height in the bowl")
figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=5)
chapter.figure(
    figure,
    "01b-b",
    "Five update rules on one elongated bowl, 100 steps from (-4, 1).",
    alt="Plain descent zigzags across the steep direction, momentum swings through "
    "the minimum and back, Adagrad bends into the flat valley, Adam swings past it "
    "and circles in, Adadelta hardly leaves the start. On the right the height falls "
    "for all but Adadelta.",
)

# %%
first = {name: int(np.argmax(bowl(path) < 0.01)) for name, path in walks.items()}
print("steps to height 0.01 (0: never):", first)
print("Adadelta after 100 steps:", bowl(walks["adadelta"][-1]).round(1), "of 20.5")

# %% tags=["guard"]
with chapter.guard("plain descent is there first, Adadelta never"):
    assert min((n for n in first if first[n]), key=first.get) == "plain"
    assert [n for n in first if not first[n]] == ["adadelta"]

# %% [markdown]
# Plain descent looks best here. But its rate was chosen knowing the bowl, and the others took a
# usual one. And the printed steps are the *first* below 0.01; a path that swings may leave
# again. So try again, and count from when a path *stays* below. Each rule gets 30 trials: 30 rates,
# or 10 rates with three memories each.

# %%
def settled(path, height=0.01):
    """The step from which a path stays below a height; its length where it never does."""
    return int(np.flatnonzero(~(bowl(path) < height))[-1]) + 1


many, some = np.geomspace(0.01, 10, 30), np.geomspace(0.01, 1, 10)
trials = {plain: [dict(rate=r) for r in many], adagrad: [dict(rate=r) for r in many],
          adadelta: [dict(rate=10 * r) for r in many]}
trials[momentum] = [dict(rate=r, beta=b) for r in some for b in (0.3, 0.6, 0.9)]
trials[adam] = [dict(rate=4 * r, beta1=b) for r in some for b in (0.3, 0.6, 0.9)]
rows = []
with np.errstate(all="ignore"):
    for rule, settings in trials.items():
        stays = [settled(walk(rule, 200, **setting)) for setting in settings]
        chosen = settings[int(np.argmin(stays))]
        rows.append({"rule": rule.__name__, "as above": settled(walk(rule, 200)),
                     "best of 30": min(stays),
                     "with": ", ".join(f"{key} {value:.2g}" for key, value in chosen.items())})
pd.DataFrame(rows).set_index("rule")

# %% tags=["guard"]
with chapter.guard("tuned alike, momentum, Adagrad and Adam all beat plain descent"):
    steps = {row["rule"]: row["best of 30"] for row in rows}
    assert max(steps[n] for n in ("momentum", "adagrad", "adam")) < 0.5 * steps["plain"]

# %% [markdown]
# With equal trials plain descent falls behind momentum, Adagrad and Adam. Adagrad is out of
# competition: this bowl's directions are the parameters themselves, which is what it scales. On a bowl
# that lies aslant it could not do that. And a rule that needs its rate tuned to the bowl has gained less
# than one that does not. So one bowl proves neither that plain descent wins nor that Adam, in the thesis's words,
# "generally outperforms other described algorithms". [Chapter 04](04_mlp.ipynb) compares them on faces ([Figure 4.3](04_mlp.ipynb#figure-4.3)).
#
# Adadelta is meant to need no rate: at 1, as it was published, it needs thousands of steps here. The thesis's remark on
# Adagrad, that its rate "eventually becomes too small", is easy to measure. For a
# gradient that stays at 1, its step after $t$ steps is about $0.5/\sqrt t$:

# %%
memory = {}
sizes = [float(abs(adagrad(1.0, memory))) for _ in range(10_000)]
print({t: round(sizes[t - 1], 4) for t in (1, 100, 10_000)})

# %% [markdown]
# ## 3. Backpropagation
#
# Where do gradients come from? A **computational graph** breaks a calculation into
# single operations. The thesis's example: $d = a + b$, then $e = c \cdot d$.

# %%
a, b, c = 2.0, 1.0, 4.0
d = a + b
e = c * d
print("forward: d =", d, " e =", e)

# %% [markdown]
# Backward, start with $\partial e/\partial e = 1$. Each operation knows its own slopes
# only: a product passes on the other factor, a sum passes on 1. Multiply along the way: that is the
# **chain rule**.

# %%
de = 1.0
dc, dd = de * d, de * c
da, db = dd * 1, dd * 1
print("backward: da, db, dc, dd =", da, db, dc, dd)

# %% tags=["drawing"]
# Draws Figure 2.7.
figure, axes = plt.subplots(figsize=(7.6, 3.2))
axes.set(xlim=(0, 7.6), ylim=(0, 3.2), aspect="equal")
axes.set_axis_off()
nodes = {
    "$a$": (0.9, 2.5, a, da),
    "$b$": (0.9, 1.1, b, db),
    "$c$": (3.2, 0.5, c, dc),
    "$d = a + b$": (3.2, 1.8, d, dd),
    "$e = c \\cdot d$": (6.2, 1.2, e, de),
}
look = dict(ha="center", zorder=4)
for name, (u, v, value, slope) in nodes.items():
    style = dict(fc="white", lw=1.6, zorder=3, ec=COLOURS["green" if "=" in name else "blue"])
    axes.add_patch(plt.Circle((u, v), 0.48, **style))
    axes.text(u, v, f"{name}\n{value:g}", va="center", **look)
    axes.text(u, v + 0.5, f"{slope:g}", va="bottom", color=COLOURS["red"], **look)
places = np.array([node[:2] for node in nodes.values()])
for start, end in places[[(0, 3), (1, 3), (2, 4), (3, 4)]]:
    gap = 0.48 * (end - start) / np.linalg.norm(end - start)
    arrow = dict(arrowstyle="-|>", color=COLOURS["grey"], lw=1.2, shrinkA=0, shrinkB=0)
    axes.annotate("", end - gap, start + gap, arrowprops=arrow)
axes.text(4.75, 2.75, "inside: value (forward)", fontsize=9)
axes.text(4.75, 2.48, "above: slope of e (backward)", fontsize=9, color=COLOURS["red"])
alt = (
    "Nodes a = 2 and b = 1 lead to d = a + b = 3; d and c = 4 lead to e = 12. "
    "The slopes of e are 4 for a, 4 for b, 4 for d, 3 for c and 1 for e itself."
)
title = "The graph of e = c · (a + b), with the values and the slopes of e."
chapter.figure(figure, "2.7", title, alt)

# %%
with tf.GradientTape() as tape:
    leaves = [tf.Variable(v) for v in (a, b, c)]
    result = leaves[2] * (leaves[0] + leaves[1])
print("TensorFlow: da, db, dc =", *[float(g) for g in tape.gradient(result, leaves)])

# %% [markdown]
# **Forward mode** goes the other way: nudge one input and follow what changes. It needs
# one pass for each input, here three.


# %%
def forward_mode(da, db, dc):
    """The change of e when a, b and c change at these speeds."""
    dd = da + db
    return dc * d + c * dd


print([forward_mode(1, 0, 0), forward_mode(0, 1, 0), forward_mode(0, 0, 1)])

# %% [markdown]
# Three passes or one: no matter here. The network of [chapter 05](05_strided_cnn.ipynb)
# has over a million inputs of this kind (its weights) and one output (its loss). Reverse
# mode gets all slopes in a single backward pass. That is why networks are trained with it.
#
# ### The same for layers
#
# A network is a list of layers `(w, b)`: weights `(inputs, units)` and biases `(units,)`.
# Forward, keep every layer's output `(n, units)`; the last layer has no activation.


# %%
def forward(layers, x, activation):
    """The input and the output of every layer, (n, units) each."""
    outputs = [x]
    for k, (w, b) in enumerate(layers):
        total = outputs[-1] @ w + b
        outputs.append(total if k == len(layers) - 1 else activation(total))
    return outputs


# %% [markdown]
# Backward, `delta` is the slope of the loss by a layer's sums. It gives the slopes of
# that layer's weights, and through the weights the `delta` of the layer before. The
# `slope` of each activation is computed from its output, which forward kept: $f(1-f)$
# for the sigmoid, $1 - f^2$ for tanh. Each layer multiplies by such a slope. Where they are small, little
# is left after some layers: the **vanishing gradient** of [chapter 01c](01c_convolution.ipynb).


# %%
def backward(layers, outputs, target, slope):
    """Slopes of the MSE by all weights and biases, in the shape of `layers`."""
    delta = 2 * (outputs[-1] - target) / target.size
    slopes = []
    for (w, _), before in zip(layers[::-1], outputs[-2::-1]):
        slopes.append((before.T @ delta, delta.sum(axis=0)))
        delta = (delta @ w.T) * slope(before)
    return slopes[::-1]


# %% [markdown]
# Only weights and biases change. The thesis lists changes to "activations" as well; an
# activation cannot be set, its wished-for change is just handed on, as `delta`.
#
# Try it on a 4-3-2 network with five examples.

# %%
rng = np.random.default_rng(SEED)
layers = [(rng.normal(size=(4, 3)), np.zeros(3)), (rng.normal(size=(3, 2)), np.ones(2))]
examples, wanted = rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
outputs = forward(layers, examples, np.tanh)
slopes = [s for pair in backward(layers, outputs, wanted, lambda f: 1 - f**2) for s in pair]
print([s.shape for s in slopes])

# %% [markdown]
# Two independent judges again. The first is TensorFlow:

# %%
with tf.GradientTape() as tape:
    w1, b1, w2, b2 = variables = [tf.Variable(v) for layer in layers for v in layer]
    answer = tf.tanh(examples @ w1 + b1) @ w2 + b2
    loss = tf.reduce_mean((answer - wanted) ** 2)
for ours, theirs in zip(slopes, tape.gradient(loss, variables)):
    np.testing.assert_allclose(ours, theirs, atol=1e-12)

# %% [markdown]
# The second are differences. Each weight goes up a little, then down, then back:

# %%
checked = 0
for values, ours in zip([v for layer in layers for v in layer], slopes):
    for i in np.ndindex(values.shape):
        losses = []
        for nudge in (1e-6, -2e-6, 1e-6):
            values[i] += nudge
            answer = forward(layers, examples, np.tanh)[-1]
            losses.append(np.mean((answer - wanted) ** 2))
        np.testing.assert_allclose((losses[0] - losses[1]) / 2e-6, ours[i], atol=1e-7)
        checked += 1
print(checked, "slopes agree with differences and with TensorFlow")

# %% [markdown]
# The differences took 46 forward passes, backpropagation took one forward and one
# backward.

# %% [markdown]
# ## What you saw
#
# - Whole set, mini-batches, one by one: which is best depends on when you stop and on the rate of
#   each. Tuned alike, the ranking at one shared rate turns round.
# - Above $2/\lambda$ descent diverges, however good its direction. The best rate is just below.
# - Momentum, Adagrad, Adadelta and Adam are three to five lines each, and match Keras.
# - Compare rules by equal trials, and count from when a path stays low.
# - Backpropagation gets all slopes in one pass; two independent judges agree.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. A value used twice** (easy). For $e = (a + b) \cdot a$ at $a = 2$, $b = 1$, work out both slopes on
# paper, by the rules of section 3. What happens where two paths lead back to $a$?

# %% tags=["answer"]
answer_1 = ...  # two numbers: the slopes of e by a and by b

# %% tags=["check"]
@chapter.check("two numbers, da and db", "how many paths lead from e back to a?")
def check_1(answer):
    """The slopes of (a + b) a at (2, 1), by TensorFlow."""
    ends = [tf.Variable(2.0), tf.Variable(1.0)]
    with tf.GradientTape() as watch:
        end = (ends[0] + ends[1]) * ends[0]
    right = [float(g) for g in watch.gradient(end, ends)]
    if list(answer) == right[::-1]:
        return "the slope by a comes first"
    if answer[1] == right[1] and answer[0] in (2, 3):
        return "that is one of the two paths to a"
    return len(answer) == 2 and bool(np.allclose(answer, right))


check_1(answer_1)

# %% tags=["solution"]
through_sum, direct = 2.0, 2.0 + 1.0
answer_1 = (through_sum + direct, 2.0)
check_1(answer_1)
# Slopes that arrive on several paths add up. That is how a shared kernel gets one gradient.

# %% [markdown]
# **2. A longer bowl** (medium). Change the data: let the bowl be 100 times as steep in one direction
# instead of 25. Predict how the largest rates change at which plain descent and momentum (`beta` 0.9) do
# not diverge. Then find both to 2%, by the rule of section 1 or by trying.

# %% tags=["answer"]
answer_2 = ...  # two rates: the limit of plain descent, and that of momentum

# %% tags=["check"]
@chapter.check("two rates", "replace steepness by 100 in one dimension, and watch where it grows")
def check_2(answer):
    """Both limits on a slope of 100, by halving an interval of rates."""
    right = []
    for rule in (plain, momentum):
        low, high = 0.0, 0.2
        for _ in range(20):
            place, memory, rate = 1.0, {}, (low + high) / 2
            for _ in range(3000):
                place += rule(100 * place, memory, rate) if abs(place) < 1e6 else 0
            low, high = (rate, high) if abs(place) < 1 else (low, rate)
        right.append(low)
    if np.allclose(answer, (2 / 25, 2 * 1.9 / 25), rtol=0.05):
        return "those are the limits of the old bowl"
    if np.isclose(answer[0], right[0], rtol=0.02) and answer[1] <= answer[0]:
        return "the first is right; does memory let the steps be larger, or must they be smaller?"
    return len(answer) == 2 and bool(np.allclose(answer, right, rtol=0.02))


check_2(answer_2)

# %% tags=["solution"]
answer_2 = (2 / 100, 2 * (1 + 0.9) / 100)
check_2(answer_2)
# Four times as steep, a quarter of the rate. Momentum damps what alternates: nearly twice the rate.

# %% [markdown]
# **3. RMSprop** (medium). Change a recipe: Adagrad's sum only grows. Put a running mean in its place, as
# Adadelta and Adam have, with `rho=0.9`, `rate=0.05` and `tiny` inside the root. That is RMSprop, which
# [chapter 16a](16a_sixty_eight_points.ipynb) uses. Predict: does it come to rest in the bowl?

# %% tags=["answer"]
answer_3 = ...  # a function of (g, memory) like adagrad, which returns the step

# %% tags=["check"]
@chapter.check("a function of (g, memory) that returns a step", "only the line of the sum changes")
def check_3(answer):
    """A rule against Keras's RMSprop, along 60 steps."""
    path = walk(answer)
    if np.allclose(path, walk(adagrad, rate=0.05)):
        return "that is Adagrad: its sum still only grows"
    return bool(stray(keras.optimizers.RMSprop(0.05), path) < 1e-5)


check_3(answer_3)

# %% tags=["solution"]
def rmsprop(g, memory, rate=0.05, rho=0.9, tiny=1e-7):
    memory["mean"] = rho * memory.get("mean", 0) + (1 - rho) * g**2
    return -rate * g / (memory["mean"] + tiny) ** 0.5


answer_3 = rmsprop
check_3(answer_3)
print("last steps:", np.abs(np.diff(walk(rmsprop, 300), axis=0)[-2:]).max(axis=1).round(3))
# It forgets, so its steps do not shrink: it jumps about the minimum, half a rate to each side.

# %% [markdown]
# **4. A pull towards zero** (hard). Change the loss: add 0.01 times the sum of all squared *weights*, not
# of the biases. This is **L2 regularisation**. Which line of `backward` changes? Write
# `backward_l2(layers, outputs, target, slope)`.

# %% tags=["answer"]
answer_4 = ...  # a function like backward

# %% tags=["check"]
@chapter.check("a function like backward", "the new part of the loss knows only its own weight")
def check_4(answer):
    """The slopes of MSE plus 0.01 times the squared weights, by TensorFlow."""
    ours = [s for q in answer(layers, outputs, wanted, lambda f: 1 - f**2) for s in q]
    with tf.GradientTape() as watch:
        v = [tf.Variable(one) for q in layers for one in q]
        error = tf.tanh(examples @ v[0] + v[1]) @ v[2] + v[3] - wanted
        whole = tf.reduce_mean(error**2)
        whole += 0.01 * (tf.reduce_sum(v[0] ** 2) + tf.reduce_sum(v[2] ** 2))
    right = [g.numpy() for g in watch.gradient(whole, v)]
    fits = [a.shape == b.shape and np.allclose(a, b) for a, b in zip(ours, right)]
    if fits == [False, True, False, True] and np.allclose(2 * (ours[0] - slopes[0]),
                                                          right[0] - slopes[0]):
        return "a square has a slope, too"
    if fits[0] and fits[2] and not fits[3]:
        return "the biases are to be left alone"
    return len(ours) == 4 and all(fits)


check_4(answer_4)

# %% tags=["solution"]
def backward_l2(layers, outputs, target, slope):
    pairs = backward(layers, outputs, target, slope)
    return [(dw + 2 * 0.01 * w, db) for (dw, db), (w, _) in zip(pairs, layers)]


answer_4 = backward_l2
check_4(answer_4)
# Each step takes the same share off every weight. Hence its other name: weight decay.

# %% [markdown]
# **5. Your figure** (medium). One by one arrives at once and then shakes. Let its rate fall: complete three
# lines. `scheduled` takes a rate for each of 100 epochs and returns the excess at the end of each. Predict
# whether your line ends below the two shipped ones at the fixed rate 0.1. It is right when it ends below
# a tenth of theirs.

# %%
def scheduled(rates):
    """Excess after each epoch, one by one, with a rate for each epoch."""
    place, shuffle, after = np.array([-1.0, 1.0]), np.random.default_rng(SEED), []
    for rate in rates:
        for k in shuffle.permutation(256):
            place = place - rate * gradient(place, [k])
        after.append(excess(place))
    return np.array(after)


# %% tags=["answer"]
epoch_rates = ...  # 100 rates, the first between 0.01 and 0.2
fell = ...  # scheduled(...)
caption = ...  # what the line is
answer_5 = (epoch_rates, fell, caption)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "a rate that is divided by the number of the epoch")
def check_5(answer):
    """A falling rate, drawn beside two fixed ones; the values against a second computation."""
    epoch_rates, fell, name = answer
    fixed = {n: [excess(q) for q in paths[n][256 // variants[n] :: 256 // variants[n]]]
             for n in ("one by one", "mini-batches of 32")}
    if np.shape(epoch_rates) != (100,) or not 0.01 <= epoch_rates[0] <= 0.2:
        return "100 rates, the first between 0.01 and 0.2"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for (old, values), colour in zip(fixed.items(), ("red", "green")):
        axes.plot(values, color=COLOURS[colour], lw=0.8, label=f"{old}, rate 0.1")
    axes.plot(fell, color=COLOURS["blue"], label=str(name))
    axes.set(yscale="log", xlabel="epoch", ylabel="excess")
    axes.legend()
    chapter.figure(figure, "Your figure", "Excess by epoch.", private=True,
                   alt="Two lines of fixed rates that shake at a level, and yours.")
    if not np.allclose(fell, scheduled(epoch_rates)):
        return "fell is what scheduled gives for your rates"
    return bool(np.mean(fell[-10:]) < 0.1 * min(np.mean(v[-10:]) for v in fixed.values()))


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
epoch_rates = 0.1 / np.arange(1, 101)
fell = scheduled(epoch_rates)
caption = "one by one, rate 0.1 / epoch"
answer_5 = (epoch_rates, fell, caption)
check_5(answer_5)
# Large steps arrive, small ones come to rest. That is a rate schedule, and Keras has several.

# %% [markdown]
# **6. How small can XOR be?** (open) Train a 2-n-1 network on XOR with your own `forward`, `backward`
# and `adam` (rate 0.05, 150 steps), from 20 seeds, for n = 2, 3, 4 and 8. How often does it get all four
# right? Predict first. Why does n = 2 fail now and then, although you wrote a solution by hand in
# [chapter 01a](01a_neurons.ipynb)?

# %%
xor_points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
xor_labels = np.array([0, 1, 1, 0])


def all_four(layers):
    """Whether a network gets all four cases right."""
    answers = forward(layers, xor_points, np.tanh)[-1][:, 0]
    return bool(((answers > 0.5) == xor_labels).all())


# %% [markdown] tags=["solution"]
# **Rubric.** One point for a memory of `adam` for each array, kept from step to step. One for four
# counts out of 20, with all else equal. One for looking at a failed network: which case is wrong, and does
# it still move? One for the conclusion. **Expected**: n = 2 succeeds from 10 to 16 of 20 seeds,
# n = 8 from all or nearly all.
# A network that *can* hold the answer need not *find* it: descent ends in a flat valley where one case
# stays wrong. More neurons give more ways out, one reason why networks are larger than the task
# seems to ask.
