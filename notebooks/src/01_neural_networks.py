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
# # 01 Neural networks
#
# You build every part of a neural network once by hand, with numbers small enough to
# check, and then compare it with what Keras and TensorFlow compute.
#
# **You will learn**
# - what a neuron and a perceptron compute, and why XOR needs a hidden layer;
# - activations and losses, and their slopes;
# - gradient descent, its optimisers, and backpropagation;
# - dropout, convolution and pooling;
# - why deep sigmoid networks refuse to start.
#
# **Needs** a little Python; chapter 00 shows how to run a chapter. **Takes** about half a minute
# on two cores (profile *quick*). **Figures** 2.1 to 2.7, 01-a to 01-k.
#
# This is chapter 2 of the thesis as runs. Where a sentence of the thesis is not quite
# right, you see the run that shows it. Cells that only draw are folded: click the bar
# on their left to open them.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE", "quick")  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA", "open")  # open, kaggle or a folder
SEED = 0

# %%
import collections.abc
import itertools
import time

# Before NumPy starts: for small matrices, several threads only wait for each other.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

from fkd_utils import data, plotting
from fkd_utils.plots import COLOURS

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

chapter = plotting.Chapter("01", PROFILE, DATA, SEED)


# %% tags=["drawing"]
# Helpers for drawings.
def canvas(width: float, height: float) -> tuple[plt.Figure, plt.Axes]:
    """An empty drawing, about one unit an inch."""
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set_axis_off()
    return figure, axes


def node(
    axes: plt.Axes, x: float, y: float, text: str = "", colour: str = "blue",
    radius: float = 0.3, **style: object,
) -> None:
    """A circle with a text in it."""
    style = {"fc": "white", "ec": COLOURS[colour], "lw": 1.6, "zorder": 3} | style
    axes.add_patch(plt.Circle((x, y), radius, **style))
    axes.text(x, y, text, ha="center", va="center", zorder=4)


def wire(
    axes: plt.Axes, start: tuple[float, float], end: tuple[float, float],
    gap: float = 0.3, last: float | None = None, lw: float = 1.2,
) -> None:
    """An arrow that keeps `gap` from its start and `last` (or gap) from its end."""
    start, end = np.array(start, float), np.array(end, float)
    unit = (end - start) / np.linalg.norm(end - start)
    tip, tail = end - unit * (gap if last is None else last), start + unit * gap
    arrow = {"arrowstyle": "-|>", "color": COLOURS["grey"], "lw": lw}
    axes.annotate("", tip, tail, arrowprops=arrow | dict(shrinkA=0, shrinkB=0))


# %% [markdown]
# ## 1. One neuron
#
# A neuron multiplies each input by a weight, adds the products and a bias, and passes
# the sum through an activation function:
#
# $$y = f\Big(\sum_{i=1}^{n} x_i w_i + b\Big)$$
#
# In code, the sum is one product of vectors: shapes `(3,) @ (3,)`.

# %%
inputs = np.array([1.0, 2.0, -1.0])
weights = np.array([0.5, -0.25, 1.0])
bias = 0.75
total = inputs @ weights + bias
print("sum:", total, " after a step at 0:", int(total >= 0))

# %% [markdown]
# `keras.layers.Dense` holds many such neurons side by side. With one unit and the same
# weights it gives the same sum.

# %%
dense = keras.layers.Dense(1)
dense.build((None, 3))
dense.set_weights([weights[:, np.newaxis], np.array([bias])])
print(keras.ops.convert_to_numpy(dense(inputs[np.newaxis])))

# %% tags=["drawing"]
# Draws Figure 2.1.
figure, axes = canvas(8.0, 3.3)
for name, y in (("1", 2.3), ("2", 1.5), ("n", 0.4)):
    node(axes, 0.6, y, f"$x_{name}$")
    wire(axes, (0.6, y), (3.3, 1.5), last=0.62)
    height = y + (1.5 - y) * 0.42 + 0.12
    axes.text(1.75, height, f"$w_{name}$", ha="center", va="bottom")
axes.text(0.6, 0.95, "⋮", ha="center", va="center", fontsize=14)
node(axes, 3.3, 1.5, r"$\sum x_i w_i + b$", radius=0.62)
node(axes, 3.3, 2.85, "$b$", colour="orange")
wire(axes, (3.3, 2.85), (3.3, 1.5), last=0.62)
wire(axes, (3.3, 1.5), (5.1, 1.5), 0.62, last=0.0)
box = plt.Rectangle((5.1, 1.0), 1.0, 1.0, fc="white", ec=COLOURS["green"], lw=1.6)
axes.add_patch(box)
axes.plot([5.2, 5.6, 5.6, 6.0], [1.25, 1.25, 1.75, 1.75], color=COLOURS["green"])
wire(axes, (6.1, 1.5), (7.5, 1.5), 0.0, last=0.3)
node(axes, 7.5, 1.5, "$y$", colour="red")
texts = ("inputs", "weights", "sum, with bias", "activation\nfunction", "output")
for text, x in zip(texts, (0.6, 1.75, 3.3, 5.6, 7.5)):
    axes.text(x, -0.05, text, ha="center", va="top", fontsize=9)


chapter.figure(
    figure,
    "2.1",
    "A perceptron: weighted inputs and a bias are summed, a step decides.",
    alt="Inputs x1 to xn point, each with a weight, to a sum node that also receives "
    "the bias b; an activation box with a step follows, and then the output y.",
)

# %% [markdown]
# ## 2. The perceptron learns a line
#
# Rosenblatt's perceptron (1958) is one neuron with a step: it answers 0 or 1. The
# thesis does not say what the step gives at exactly 0; here it gives 1.
#
# The learning rule looks at one point at a time. If the answer is right, nothing
# happens. If it is wrong, the input is added to the weights (the answer should have
# been 1) or subtracted (it should have been 0): $w \leftarrow w + (t - y)\,x$. The bias
# is the weight of an extra input that is always 1.


# %%
def step(x: np.ndarray) -> np.ndarray:
    return (x >= 0).astype(int)


def train_perceptron(
    points: np.ndarray, labels: np.ndarray, passes: int
) -> tuple[np.ndarray, list[int]]:
    """Weights (w1, w2, b) after each pass, and the corrections made in each."""
    extended = np.column_stack([points, np.ones(len(points))])
    ends, corrections = [np.zeros(3)], []
    while len(corrections) < passes and 0 not in corrections:
        w, wrong = ends[-1], 0
        for x, t in zip(extended, labels):
            error = t - step(x @ w)
            w, wrong = w + error * x, wrong + abs(error)
        ends.append(w)
        corrections.append(int(wrong))
    return np.array(ends), corrections


# %% [markdown]
# Two clouds that a line separates, with a gap of 0.06 on either side of it:

# %%
rng = np.random.default_rng(SEED)
points = rng.uniform(-1, 1, (200, 2))
distance = (points @ [2, 1] - 0.3) / np.sqrt(5)  # to the line 2 x1 + x2 = 0.3
points, distance = (a[abs(distance) > 0.06] for a in (points, distance))
labels = (distance > 0).astype(int)
ends, corrections = train_perceptron(points, labels, passes=1000)
print("corrections in each pass:", corrections)

# %% [markdown]
# The last pass needs no correction: all points are right, and the rule stops by itself.
# That is no luck. If a line with gap $\gamma$ exists and no input is longer than $R$,
# the rule makes at most $(R/\gamma)^2$ corrections (Novikoff, 1962).

# %%
line = np.array([2, 1, -0.3])
extended = np.column_stack([points, np.ones(len(points))])
gap = abs(extended @ line).min() / np.linalg.norm(line)
limit = (np.linalg.norm(extended, axis=1).max() / gap) ** 2
print(f"corrections: {sum(corrections)}, the theorem allows {limit:.0f}")
assert corrections[-1] == 0 and sum(corrections) <= limit

# %% tags=["drawing"]
# Draws Figure 01-a.
figure, axes = plt.subplots(figsize=(6.2, 3.8))
for label, marker, colour in ((0, "o", "blue"), (1, "s", "orange")):
    axes.plot(
        *points[labels == label].T, marker, color=COLOURS[colour], ms=4.5, label=label
    )
across = np.array([-1.1, 1.1])
for k, (w1, w2, b) in enumerate(ends[1:], start=1):
    last = k == len(ends) - 1
    style = (
        dict(color=COLOURS["black"], lw=2.2) if last else dict(color="#AAAAAA", lw=1)
    )
    name = "last line" if last else "after each pass" if k == 1 else None
    axes.plot(across, -(w1 * across + b) / w2, label=name, **style)
axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xlabel="$x_1$", ylabel="$x_2$")
axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal")
figure.legend(loc="outside right center", fontsize=9)
chapter.figure(
    figure,
    "01-a",
    "The perceptron's line after each pass over two separable clouds.",
    alt="Two clouds of points and the lines the perceptron reaches after each pass; "
    "the last line has every point on its right side.",
)

# %% [markdown]
# ## 3. Why one layer cannot learn XOR
#
# XOR is 1 when exactly one of two inputs is 1. For a single neuron to get all four
# cases right, four inequalities must hold:
#
# | $x_1$ | $x_2$ | XOR | needs |
# |---|---|---|---|
# | 0 | 0 | 0 | $b < 0$ |
# | 0 | 1 | 1 | $w_2 + b \ge 0$ |
# | 1 | 0 | 1 | $w_1 + b \ge 0$ |
# | 1 | 1 | 0 | $w_1 + w_2 + b < 0$ |
#
# Add the two middle ones: $w_1 + w_2 + 2b \ge 0$, so $w_1 + w_2 + b \ge -b$. By the
# first, $-b > 0$. So the last sum is positive, but it must be negative. No weights do
# it.
#
# Before you run the next cell: what will the learning rule do on these four points?

# %%
xor_points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
xor_labels = np.array([0, 1, 1, 0])
ends, corrections = train_perceptron(xor_points, xor_labels, passes=1000)
for k in (1, 2, 3, 1000):
    print(f"pass {k}: weights {ends[k]}, {corrections[k - 1]} corrections")

# %% [markdown]
# From the second pass on, the weights come back to the same place, after four
# corrections for four points. The rule goes round for ever.
#
# Perhaps another starting point would do better? Try 100,000 random neurons and count
# how many of the four cases each gets right.

# %%
random_weights = rng.normal(size=(100_000, 3))
xor_extended = np.column_stack([xor_points, np.ones(4)])
right = (step(random_weights @ xor_extended.T) == xor_labels).sum(axis=1)
print("neurons with 0, 1, 2, 3, 4 right:", np.bincount(right, minlength=5))
assert right.max() == 3

# %% [markdown]
# None has 4. None has 0 either: turning all signs round would then make it 4.
#
# Two neurons in front of the last one change everything. One computes OR, one AND, and
# XOR is "OR but not AND". You can write the weights down.

# %%
hidden = step(xor_points @ np.array([[1, 1], [1, 1]]) + np.array([-0.5, -1.5]))
answer = step(hidden @ np.array([1, -1]) - 0.5)
print("OR, AND:", hidden.tolist(), " XOR:", answer)
assert (answer == xor_labels).all()


# %% [markdown]
# That is a multi-layer perceptron: an input layer, a hidden layer, an output layer,
# each connected to all neurons of the one before. Without the step in the hidden layer
# it would be useless: a weighted sum of weighted sums is again one weighted sum.


# %% tags=["drawing"]
# Helpers for drawings.
def network(
    axes: plt.Axes, left: float, sizes: tuple[int, ...] = (3, 5, 2),
    dropped: tuple[int, ...] = (),
) -> list[list[tuple[float, float]]]:
    """Columns of neurons from `left`; `dropped`: hidden neurons without connections."""
    columns = [
        [(left + 1.7 * k, 1.9 + 0.76 * ((n - 1) / 2 - i)) for i in range(n)]
        for k, n in enumerate(sizes)
    ]
    gone = {columns[1][i] for i in dropped}
    for before, after in itertools.pairwise(columns):
        for a in before:
            for b in after:
                if not gone & {a, b}:
                    wire(axes, a, b, 0.26, lw=0.8)
    looks = (("blue", "input"), ("orange", "hidden"), ("red", "output"))
    for column, (colour, name) in zip(columns, looks):
        for place in column:
            faint = {"ls": (0, (2, 2)), "ec": "#999999"} if place in gone else {}
            node(axes, *place, "×" if place in gone else "", colour, 0.26, **faint)
        axes.text(
            column[0][0], -0.05, f"{name}\nlayer", ha="center", va="top", fontsize=9
        )
    return columns


# %% tags=["drawing"]
# Draws Figure 2.2.
figure, axes = canvas(5.2, 3.8)
columns = network(axes, 0.9)
for side, column, name in ((-0.45, columns[0], "x"), (0.45, columns[2], "y")):
    for i, (x, y) in enumerate(column, start=1):
        axes.text(x + side, y, f"${name}_{i}$", ha="center", va="center")
chapter.figure(
    figure,
    "2.2",
    "A multi-layer perceptron with one hidden layer.",
    alt="Three input neurons, five hidden neurons and two output neurons; every "
    "neuron is connected to all neurons of the layer before.",
)

# %% [markdown]
# Now let Keras find the weights. `fit` shows the four cases 100 times; what it does
# inside is the subject of sections 6 to 8.

# %%
keras.utils.set_random_seed(SEED)
mlp = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(8, activation="tanh"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
mlp.compile(keras.optimizers.Adam(0.1), loss="binary_crossentropy")

# %% tags=["nbval-ignore-output"]
copies_x, copies_y = np.tile(xor_points, (100, 1)), np.tile(xor_labels, 100)
mlp.fit(copies_x, copies_y, batch_size=4, shuffle=False, verbose=0)
answers = keras.ops.convert_to_numpy(mlp(xor_points))[:, 0]
print(answers.round(3))

# %%
assert ((answers > 0.5) == xor_labels).all()

# %% tags=["drawing"]
# The panels of Figure 01-b.
span = np.linspace(-0.4, 1.4, 91)
everywhere = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2)
trained = keras.ops.convert_to_numpy(mlp(everywhere))
panels = {
    "one neuron: 3 of 4": (everywhere @ [1, 1] - 0.5, xor_points),
    "by hand: OR and AND as axes": (everywhere @ [1, -1] - 0.5, hidden),
    "trained network: 4 of 4": (trained - 0.5, xor_points),
}

# %% tags=["drawing"]
# Draws Figure 01-b.
figure, grid = plt.subplots(1, 3, figsize=(9.4, 3.1))
for axes, (title, (values, places)) in zip(grid, panels.items()):
    square = values.reshape(91, 91)
    axes.contourf(span, span, square, [-9, 0, 9], colors=["#DCEAF4", "#FBE9CF"])
    for place, label in zip(places, xor_labels):
        colour = COLOURS["orange" if label else "blue"]
        axes.plot(*place, "s" if label else "o", color=colour, ms=9, mec="white")
    axes.set(title=title, xlabel="$x_1$", xticks=[0, 1], yticks=[0, 1])
    axes.grid(False)
grid[0].set_ylabel("$x_2$")
grid[1].set(xlabel="OR", ylabel="AND")
chapter.figure(
    figure,
    "01-b",
    "XOR: orange squares must be 1, blue circles 0. The background is the answer.",
    alt="Left: one line leaves one of four corners on the wrong side. Middle: drawn "
    "over OR and AND the cases are separable by one line. Right: the trained "
    "network bends its border and gets all four right.",
)

# %% [markdown]
# ## 4. Activations and their slopes
#
# The binary step has slope 0 everywhere, so it tells descent nothing. The thesis lists
# four functions with a useful slope.


# %%
def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# %%
def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


# %%
def leaky_relu(x: np.ndarray, slope: float = 0.01) -> np.ndarray:
    return np.where(x < 0, slope * x, x)


# %% [markdown]
# Beside each stands the derivative of Table 2.1, and TensorFlow's own function.
# TensorFlow is not told the table: it works the slope out by itself.

# %%
activations = {
    "Sigmoid": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), tf.sigmoid),
    "Tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2, tf.tanh),
    "ReLU": (relu, lambda x: np.where(x < 0, 0.0, 1.0), tf.nn.relu),
    "Leaky ReLU": (
        leaky_relu,
        lambda x: np.where(x < 0, 0.01, 1.0),
        lambda x: tf.nn.leaky_relu(x, alpha=0.01),
    ),
}

# %% tags=["drawing"]
# Draws Figure 2.3.
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.7), sharex=True)
x = np.linspace(-4, 4, 401)
for axes, (name, (function, derivative, _)) in zip(grid, activations.items()):
    axes.plot(x, function(x), color=COLOURS["blue"], label="$f(x)$")
    axes.plot(x, derivative(x), "--", color=COLOURS["orange"], label="$f'(x)$")
    axes.set(title=name, xlabel="$x$", ylim=(-1.15, 2.15), xticks=[-4, -2, 0, 2, 4])
figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
chapter.figure(
    figure,
    "2.3",
    "Four activation functions and their derivatives.",
    alt="Sigmoid rises from 0 to 1 with a slope of at most a quarter; tanh rises "
    "from -1 to 1 with slope 1 in the middle; ReLU and Leaky ReLU follow x above "
    "0, and below it are flat and nearly flat.",
)


# %% [markdown]
# Two independent judges: automatic differentiation, and the central difference
# $(f(x+h) - f(x-h)) / 2h$.


# %%
def autodiff(
    function: collections.abc.Callable, x: np.ndarray | list[float]
) -> np.ndarray:
    """The slope of a TensorFlow function at every x, by reverse mode."""
    x = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x).numpy()


def difference(
    function: collections.abc.Callable, x: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """The slope of a function at every x, by central differences."""
    return (function(x + h) - function(x - h)) / (2 * h)


# %%
x = np.array([-5.0, -2.0, -0.5, 0.3, 1.0, 4.0])  # not 0: see below
for name, (function, derivative, in_tensorflow) in activations.items():
    assert np.allclose(derivative(x), autodiff(in_tensorflow, x), atol=1e-12)
    assert np.allclose(derivative(x), difference(function, x), atol=1e-8)
    print(f"{name}: Table 2.1, autodiff and differences agree")

# %%
table = pd.DataFrame(
    {
        "Equation": [
            "1 / (1 + e⁻ˣ)",
            "(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)",
            "max(0, x)",
            "0.01 x or x",
        ],
        "Derivative": ["f (1 - f)", "1 - f²", "0 or 1", "0.01 or 1"],
    },
    index=list(activations),
)
wide = np.linspace(-8, 8, 1601)
slopes = [d(wide) for _, d, _ in activations.values()]
table["steepest"] = [s.max() for s in slopes]
table["slope at -5"] = [
    round(float(d(np.array(-5.0))), 4) for _, d, _ in activations.values()
]
table.rename_axis("Table 2.1")

# %% [markdown]
# Sigmoid is never steeper than 0.25. Five sigmoid layers shrink a slope at least
# $4^5 = 1024$ times, before any weight is counted. Keep that for section 12.
#
# **Three details the table hides.** First, the formula of tanh is right on paper but
# not in a computer: $e^{1000}$ overflows, and infinity by infinity is no number.


# %%
def tanh_by_formula(x: np.ndarray) -> np.ndarray:
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


with np.errstate(all="ignore"):
    print(tanh_by_formula(np.array([0.5, 1000.0])), np.tanh([0.5, 1000.0]))
assert np.isclose(np.tanh(0.7), 2 * sigmoid(2 * 0.7) - 1)  # tanh is a stretched sigmoid

# %% [markdown]
# Second, at exactly 0 ReLU has a corner and no slope. The table says 1. A few lines
# later the thesis itself says the gradient at 0 is 0. What does the library use?

# %%
print("ReLU at 0:", autodiff(tf.nn.relu, [0.0]))
print("Leaky ReLU at 0:", autodiff(tf.nn.leaky_relu, [0.0]))

# %% [markdown]
# The value from the left, in both. It matters more than you expect: with biases that
# start at 0, every neuron that looks at a black patch has a sum of exactly 0.
#
# Third, "Leaky ReLU" is not one function. The thesis writes 0.01; its chapter 4 uses
# 0.2 and 0.3, because those are the defaults of its two libraries. They still are:

# %%
print("tf.nn:", round(float(tf.nn.leaky_relu(-1.0)), 3))
print("keras.layers:", -keras.layers.LeakyReLU().negative_slope)
print("keras.activations:", round(float(keras.activations.leaky_relu(-1.0)), 3))


# %% [markdown]
# ### A dead ReLU, and one that comes back
#
# A ReLU whose sum is negative for every example outputs 0 and has slope 0: its weights
# get no update. The thesis adds that its inputs are still updated through other
# neurons, so it may come back. Test it on a network with four ReLU neurons, two of them
# dead: one in the first layer, one in the second.


# %%
def four_relus(p: tf.Variable, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Output, and the largest sum of each of the two dead neurons."""
    alive = tf.nn.relu(p[0] * x)
    dead_1 = p[1] * x - 2  # x <= 1, so negative
    dead_2 = p[2] * alive - 1.5  # negative while alive < 1.5
    output = tf.nn.relu(p[3] * alive) + tf.nn.relu(dead_1) + tf.nn.relu(dead_2)
    return output, tf.reduce_max(dead_1), tf.reduce_max(dead_2)


# %%
x = tf.constant(np.linspace(0, 1, 50))
p, sums, gradients = tf.Variable(np.ones(4)), [], []
for _ in range(40):
    with tf.GradientTape() as tape:
        output, *dead = four_relus(p, x)
        loss = tf.reduce_mean((output - 4 * x) ** 2)
    gradients.append(tape.gradient(loss, p).numpy())
    sums.append([float(d) for d in dead])
    p.assign_sub(0.05 * gradients[-1])
sums = np.array(sums)
print("first gradient:", gradients[0].round(3))

# %%
awake = int(np.argmax(sums[:, 1] > 0))
print("second-layer neuron fires from step", awake)
assert np.ptp(sums[:, 0]) == 0 and (np.array(gradients)[:, 1] == 0).all()

# %% tags=["drawing"]
# Draws Figure 01-c.
figure, axes = plt.subplots(figsize=(6.2, 2.9))
axes.axhline(0, color=COLOURS["grey"], lw=1, ls=":")
axes.plot(sums[:, 1], color=COLOURS["blue"], label="dead in layer 2")
axes.plot(sums[:, 0], color=COLOURS["red"], ls="--", label="dead in layer 1")
axes.plot(awake, sums[awake, 1], "o", color=COLOURS["blue"], mec="white", ms=8)
axes.annotate(
    "fires again", (awake, sums[awake, 1]), (8, -12), textcoords="offset points"
)
axes.set(xlabel="step", ylabel="largest sum over\nall examples", ylim=(-1.25, None))
axes.legend(loc="center right", bbox_to_anchor=(1, 0.35))
chapter.figure(
    figure,
    "01-c",
    "Two dead ReLU neurons in training: only the one in layer 2 can return.",
    alt="The largest sum of the dead neuron in layer 2 rises from -0.5 through 0, so "
    "it fires again; that of the neuron in layer 1 stays at -1.",
)

# %% [markdown]
# Both dead neurons have gradient 0. The one in layer 2 wakes up because the layer
# before it grew. The thesis is right about that neuron, and silent about the other: the
# inputs of a first layer are pixels, nobody updates them, and what dies there stays
# dead. Leaky ReLU has no such trap.

# %% [markdown]
# ## 5. Losses
#
# **Mean squared error** is the loss of the whole course:
# $\mathrm{MSE} = \frac1n \sum_i (y_i - \hat y_i)^2$.

# %%
truth = np.array([0.10, -0.20, 0.30, 0.40])
guess = np.array([0.12, -0.20, 0.20, 0.40])
mse = np.mean((truth - guess) ** 2)
by_keras = float(keras.losses.MeanSquaredError()(truth, guess))
print(f"by hand {mse:.4f}, keras {by_keras:.4f}")

# %% [markdown]
# The thesis calls it "always positive": it is 0 for a perfect answer, as any good loss.
# And squaring punishes large errors. Take 15 keypoints, 14 of them 1 px off and one 10
# px off. How much of the loss is that one point?

# %%
errors = np.array([1.0] * 14 + [10.0])
print(f"squared: {errors[-1] ** 2 / (errors**2).sum():.0%}")
print(f"absolute: {errors[-1] / errors.sum():.0%}")

# %% [markdown]
# Since the gradient of $e^2$ is $2e$, that point also pulls ten times as hard as each
# of the others. One wrong label can steer a batch: chapter 02 looks for those.
#
# **Cross entropy** compares two distributions, $H(p, q) = -\sum_i p_i \log q_i$. Two
# networks choose the right class of three. Both are "correct"; only one is sure.


# %%
def cross_entropy(p: np.ndarray, q: np.ndarray) -> float:
    return -np.sum(p * np.log(q))


right_class = np.array([0.0, 1.0, 0.0])
for q in (np.array([0.3, 0.4, 0.3]), np.array([0.05, 0.9, 0.05])):
    by_keras = keras.losses.CategoricalCrossentropy()(right_class[None], q[None])
    print(f"by hand {cross_entropy(right_class, q):.4f}, keras {float(by_keras):.4f}")

# %% [markdown]
# It is a "distance" only with care. Unless the truth is certain, it is not 0 for a
# perfect answer, and swapping truth and guess changes it.

# %%
p, q = np.array([0.7, 0.2, 0.1]), np.array([0.5, 0.3, 0.2])
pairs = {"H(p, p)": (p, p), "H(p, q)": (p, q), "H(q, p)": (q, p)}
print({name: round(float(cross_entropy(*pair)), 3) for name, pair in pairs.items()})

# %% [markdown]
# Why not use MSE for classes too? Look at the slope a sigmoid output receives when the
# answer should be 1. With MSE it is $2(f-1)\,f(1-f)$; with cross entropy $f - 1$.

# %%
s = np.linspace(-8, 8, 161)
f = sigmoid(s)
by_mse, by_entropy = 2 * (f - 1) * f * (1 - f), f - 1
assert np.allclose(by_mse, autodiff(lambda s: (1 - tf.sigmoid(s)) ** 2, s))
assert np.allclose(by_entropy, autodiff(lambda s: -tf.math.log(tf.sigmoid(s)), s))
print(f"at s = -8: MSE {by_mse[0]:.4f}, cross entropy {by_entropy[0]:.4f}")

# %% tags=["drawing"]
# Draws Figure 01-d.
figure, (left, other) = plt.subplots(1, 2, figsize=(8.6, 3.0))
e = np.linspace(-3, 3, 121)
left.plot(e, e**2, color=COLOURS["blue"], label="squared")
left.plot(e, abs(e), "--", color=COLOURS["green"], label="absolute")
left.set(xlabel="error (px)", ylabel="loss", title="loss of one coordinate")
other.plot(s, by_mse, color=COLOURS["blue"], label="MSE")
other.plot(s, by_entropy, "--", color=COLOURS["orange"], label="cross entropy")
other.set(
    xlabel="sum before the sigmoid", ylabel="gradient", title="answer should be 1"
)
for axes in (left, other):
    axes.legend()
chapter.figure(
    figure,
    "01-d",
    "Squaring weighs large errors; a sigmoid with MSE gets no gradient at its worst.",
    alt="Left: a parabola against a V. Right: the gradient of MSE goes to 0 for very "
    "negative sums, where the answer is most wrong; that of cross entropy goes "
    "to -1.",
)

# %% [markdown]
# ## 6. Gradient descent: whole set, one example, or a few
#
# The gradient says in which direction the loss rises fastest. Descent takes a small
# step the other way: $p \leftarrow p - \eta \nabla L(p)$, with learning rate $\eta$.
# The question is how many examples to look at before each step.
#
# One small regression is enough: find $w$ and $b$ of a noisy line, 256 points.

# %%
x = rng.uniform(-1, 1, 256)
y = 1.5 * x - 0.5 + rng.normal(0, 0.5, 256)
design = np.column_stack([x, np.ones(256)])  # one row (x, 1) a point
best = np.linalg.lstsq(design, y)[0]  # the answer, without descent
print("best w and b:", best.round(3))


# %%
def excess(p: np.ndarray) -> float:
    """How far the loss at p = (w, b) lies above the lowest possible."""
    return np.mean((design @ p - y) ** 2) - np.mean((design @ best - y) ** 2)


def gradient(p: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The gradient (2,) of the loss of some points at p = (w, b)."""
    return 2 * design[rows].T @ (design[rows] @ p - y[rows]) / len(rows)


def descend(batch: int, epochs: int, rate: float = 0.1) -> np.ndarray:
    """The path from (-1, 1), one row a step."""
    path, shuffle = [np.array([-1.0, 1.0])], np.random.default_rng(SEED)
    for _ in range(epochs):
        order = shuffle.permutation(256)
        for k in range(0, 256, batch):
            step_down = rate * gradient(path[-1], order[k : k + batch])
            path.append(path[-1] - step_down)
    return np.array(path)


# %% tags=["nbval-ignore-output"]
variants = {"whole set": 256, "mini-batches of 32": 32, "one by one": 1}
paths, seconds = {}, {}
for name, batch in variants.items():
    start = time.perf_counter()
    paths[name] = descend(batch, epochs=100)
    seconds[name] = (time.perf_counter() - start) / 100
print({name: f"{1e3 * s:.2f} ms an epoch" for name, s in seconds.items()})

# %%
epochs = (1, 10, 100)
rows = []
for name, batch in variants.items():
    losses = [excess(paths[name][e * 256 // batch]) for e in epochs]
    rows.append([256 // batch, *np.round(losses, 5) + 0.0])
headers = ["steps an epoch", *(f"excess after {e}" for e in epochs)]
table = pd.DataFrame(rows, index=list(variants), columns=headers)
table

# %%
assert table.iloc[:, 1].idxmin() == "one by one"
assert table.iloc[:, 2].idxmin() == "mini-batches of 32"
assert table.iloc[:, 3].idxmin() == "whole set"

# %% tags=["drawing"]
# Draws Figure 01-e.
figure, grid = plt.subplots(1, 3, figsize=(9.6, 3.4), sharey=True)
w, b = np.meshgrid(np.linspace(-1.4, 2.6, 81), np.linspace(-1.2, 1.3, 81))
height = np.apply_along_axis(excess, 2, np.stack([w, b], axis=-1))
for axes, (name, path), colour in zip(grid, paths.items(), ("blue", "green", "red")):
    axes.contour(
        w, b, height, levels=np.geomspace(0.02, 6, 9), colors="#CCCCCC", linewidths=0.9
    )
    ten = path[: 10 * 256 // variants[name] + 1]
    thin = dict(lw=0.5) if len(ten) > 100 else dict(lw=1.2, marker=".", ms=4)
    axes.plot(*ten.T, color=COLOURS[colour], **thin)
    axes.plot(*best, "*", color=COLOURS["black"], ms=11, mec="white", zorder=5)
    axes.set(title=f"{name}: {len(ten) - 1} steps", xlabel="$w$")
    axes.grid(False)
grid[0].set_ylabel("$b$")
chapter.figure(
    figure,
    "01-e",
    "Ten epochs of descent on the same regression, same learning rate. Star: best.",
    alt="The whole set takes ten smooth steps and is still far from the star; "
    "mini-batches arrive with little shaking; one by one arrives at once and then "
    "shakes around it.",
)

# %% [markdown]
# Which is best depends on when you stop. After 1 epoch it is one by one, after 10 the
# mini-batches, after 100 the whole set, which alone comes to rest.
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
assert np.allclose(np.mean(parts, axis=0), gradient(best + 1, np.arange(256)))

# %% [markdown]
# **The learning rate has a limit.** On a bowl, descent diverges as soon as $\eta$
# exceeds $2/\lambda$, with $\lambda$ the steepest curvature. Predict what 1.1 times the
# limit does, then run.

# %%
steepest = np.linalg.eigvalsh(2 * design.T @ design / 256).max()
limit = 2 / steepest
for share in (0.9, 1.1):
    path = descend(256, epochs=100, rate=share * limit)
    end = round(excess(path[-1]), 6) + 0.0
    print(f"{share} of the limit {limit:.2f}: excess {end:.3g}")

# %% [markdown]
# ## 7. Better steps: momentum, Adagrad, Adadelta, Adam
#
# The bowl below is 25 times steeper in one direction. Plain descent must keep its rate
# under 0.08 for the steep one, and crawls along the flat one. Each rule here takes a
# gradient and what it remembers, and returns the step.

# %%
steepness = np.array([1.0, 25.0])


def bowl(p: np.ndarray) -> np.ndarray:
    """The height at places p (..., 2): (...)."""
    return 0.5 * (steepness * p**2).sum(axis=-1)


def plain(g: np.ndarray, memory: dict, rate: float = 0.07) -> np.ndarray:
    return -rate * g


# %% [markdown]
# **Momentum** remembers its last step and adds to it. Directions that keep their sign
# add up; those that alternate cancel.


# %%
def momentum(
    g: np.ndarray, memory: dict, rate: float = 0.02, beta: float = 0.9
) -> np.ndarray:
    memory["v"] = beta * memory.get("v", 0) - rate * g
    return memory["v"]


# %% [markdown]
# **Adagrad** divides by the root of all squared gradients so far, for each parameter
# apart. The sum only grows, so the steps only shrink.


# %%
def adagrad(
    g: np.ndarray | float, memory: dict, rate: float = 0.5, tiny: float = 1e-7
) -> np.ndarray | float:
    memory["sum"] = memory.get("sum", 0.1) + g**2
    return -rate * g / (memory["sum"] + tiny) ** 0.5


# %% [markdown]
# **Adadelta** forgets: a running mean instead of a sum. It also scales by the running
# mean of its own squared steps, so it needs no rate. It starts from steps of size 0.


# %%
def adadelta(
    g: np.ndarray, memory: dict, rate: float = 1.0, rho: float = 0.95, tiny: float = 1e-7
) -> np.ndarray:
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
def adam(
    g: np.ndarray, memory: dict, rate: float = 0.2,
    beta1: float = 0.9, beta2: float = 0.999, tiny: float = 1e-7,
) -> np.ndarray:
    memory["t"] = t = memory.get("t", 0) + 1
    memory["m"] = beta1 * memory.get("m", 0) + (1 - beta1) * g
    memory["v"] = beta2 * memory.get("v", 0) + (1 - beta2) * g**2
    correction = (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return -rate * correction * memory["m"] / (memory["v"] ** 0.5 + tiny)


# %%
def walk(
    rule: collections.abc.Callable, steps: int = 100, **settings: float
) -> np.ndarray:
    """The path of a rule from (-4, 1), one row a step."""
    path, memory = [np.array([-4.0, 1.0])], {}
    for _ in range(steps):
        path.append(path[-1] + rule(steepness * path[-1], memory, **settings))
    return np.array(path)


walks = {
    rule.__name__: walk(rule) for rule in (plain, momentum, adagrad, adadelta, adam)
}

# %% [markdown]
# Keras has its own versions. Give them the same start and the same gradients, and look
# how far they ever stray from your path.


# %%
def stray(optimizer: keras.optimizers.Optimizer, path: np.ndarray) -> float:
    """The largest distance of a Keras optimiser from `path` in 60 steps."""
    p, largest = keras.Variable(path[0], dtype="float64"), 0.0
    for place in path[1:61]:
        g = steepness * keras.ops.convert_to_numpy(p)
        optimizer.apply([keras.ops.convert_to_tensor(g)], [p])
        largest = max(largest, abs(keras.ops.convert_to_numpy(p) - place).max())
    return largest


# %%
assert stray(keras.optimizers.SGD(0.07), walks["plain"]) < 1e-5
assert stray(keras.optimizers.SGD(0.02, momentum=0.9), walks["momentum"]) < 1e-5
assert stray(keras.optimizers.Adagrad(0.5), walks["adagrad"]) < 1e-5
assert stray(keras.optimizers.Adadelta(1.0), walks["adadelta"]) < 1e-5
print(f"Adam strays by {stray(keras.optimizers.Adam(0.2), walks['adam']):.0e}")

# %% [markdown]
# Four agree to 0.00001. Adam does not quite, and you can name the reason: Keras rounds
# the 0.999 of the correction to a float32, which makes $1 - 0.999$ wrong by 0.0013%.
# With numbers that a float32 holds exactly, Adam agrees too.

# %%
exact = dict(beta1=1 - 1 / 8, beta2=1 - 1 / 1024)
by_keras = keras.optimizers.Adam(0.2, beta_1=exact["beta1"], beta_2=exact["beta2"])
assert stray(by_keras, walk(adam, **exact)) < 1e-5

# %% tags=["drawing"]
# Draws Figure 01-f.
figure, (left, other) = plt.subplots(1, 2, figsize=(9.6, 3.7), width_ratios=[4, 3])
u, v = np.meshgrid(np.linspace(-4.4, 1.6, 121), np.linspace(-1.15, 1.25, 121))
height = bowl(np.stack([u, v], axis=-1))
left.contour(
    u, v, height, levels=np.geomspace(0.05, 20, 9), colors="#CCCCCC", linewidths=0.9
)
looks = zip(walks.items(), ("grey", "blue", "orange", "purple", "red"), "osD^v")
for (name, path), colour, marker in looks:
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
    "01-f",
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
assert first["adadelta"] == 0 and min(first[n] for n in first if n != "adadelta") > 0

# %% [markdown]
# Plain descent wins here, because its rate was chosen knowing the bowl. So "Adam
# generally outperforms the others" is no law: Adam's gain is that one rate suits many
# bowls at once. Chapter 04 compares them on faces (Fig 4.3).
#
# Adadelta needs no rate, but thousands of steps on this bowl. The thesis's remark on
# Adagrad, that its rate "eventually becomes too small", is easy to measure. For a
# gradient that stays at 1, its step after $t$ steps is about $0.5/\sqrt t$:

# %%
memory = {}
sizes = [float(abs(adagrad(1.0, memory))) for _ in range(10_000)]
print({t: round(sizes[t - 1], 4) for t in (1, 100, 10_000)})

# %% [markdown]
# ## 8. Backpropagation
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
# only: a product passes on the other factor, a sum passes on 1. Multiply along the way.

# %%
de = 1.0
dc, dd = de * d, de * c
da, db = dd * 1, dd * 1
print("backward: da, db, dc, dd =", da, db, dc, dd)

# %% tags=["drawing"]
# Draws Figure 2.7.
figure, axes = canvas(7.6, 3.2)
graph = {
    "$a$": (0.9, 2.5, a, da),
    "$b$": (0.9, 1.1, b, db),
    "$c$": (3.2, 0.5, c, dc),
    "$d = a + b$": (3.2, 1.8, d, dd),
    "$e = c \\cdot d$": (6.2, 1.2, e, de),
}
places = [(x, y) for x, y, _, _ in graph.values()]
for name, (x, y, value, slope) in graph.items():
    node(axes, x, y, f"{name}\n{value:g}", "green" if "=" in name else "blue", 0.48)
    look = dict(color=COLOURS["red"], ha="center", va="bottom")
    axes.text(x, y + 0.5, f"{slope:g}", **look)
for begin, end in ((0, 3), (1, 3), (2, 4), (3, 4)):
    wire(axes, places[begin], places[end], 0.48)
axes.text(4.75, 2.75, "inside: value (forward)", fontsize=9)
axes.text(4.75, 2.48, "above: slope of e (backward)", fontsize=9, color=COLOURS["red"])
chapter.figure(
    figure,
    "2.7",
    "The graph of e = c · (a + b), with the values and the slopes of e.",
    alt="Nodes a = 2 and b = 1 lead to d = a + b = 3; d and c = 4 lead to e = 12. "
    "The slopes of e are 4 for a, 4 for b, 4 for d, 3 for c and 1 for e itself.",
)

# %%
with tf.GradientTape() as tape:
    leaves = [tf.Variable(v) for v in (a, b, c)]
    result = leaves[2] * (leaves[0] + leaves[1])
by_tape = [float(g) for g in tape.gradient(result, leaves)]
print("TensorFlow:", by_tape)
assert by_tape == [da, db, dc]

# %% [markdown]
# **Forward mode** goes the other way: nudge one input and follow what changes. It needs
# one pass for each input, here three.


# %%
def forward_mode(da: float, db: float, dc: float) -> float:
    """The change of e when a, b and c change at these speeds."""
    dd = da + db
    return dc * d + c * dd


print([forward_mode(1, 0, 0), forward_mode(0, 1, 0), forward_mode(0, 0, 1)])

# %% [markdown]
# Three passes or one: no matter here. The network of chapter 05 has over a million
# inputs of this kind (its weights) and one output (its loss). Reverse mode gets all
# slopes in a single backward pass. That is why networks are trained with it.
#
# ### The same for layers
#
# A network is a list of layers `(w, b)`. Forward, keep every layer's output `(n,
# units)`; the last layer has no activation.


# %%
Layers = list[tuple[np.ndarray, np.ndarray]]  # w (inputs, units) and b (units,) of each


def forward(
    layers: Layers, x: np.ndarray, activation: collections.abc.Callable
) -> list[np.ndarray]:
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
# for the sigmoid, $1 - f^2$ for tanh.


# %%
def backward(
    layers: Layers, outputs: list[np.ndarray], target: np.ndarray,
    slope: collections.abc.Callable,
) -> Layers:
    """Slopes of the MSE by all weights and biases, in the shape of `layers`."""
    delta = 2 * (outputs[-1] - target) / target.size
    gradients = []
    for (w, _), before in zip(layers[::-1], outputs[-2::-1]):
        gradients.append((before.T @ delta, delta.sum(axis=0)))
        delta = (delta @ w.T) * slope(before)
    return gradients[::-1]


# %% [markdown]
# Only weights and biases change. The thesis lists changes to "activations" as well; an
# activation cannot be set, its wished-for change is just handed on, as `delta`.
#
# Two judges again, on a 4-3-2 network with five examples.

# %%
layers = [(rng.normal(size=(4, 3)), np.zeros(3)), (rng.normal(size=(3, 2)), np.ones(2))]
examples, wanted = rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
outputs = forward(layers, examples, np.tanh)
gradients = backward(layers, outputs, wanted, lambda f: 1 - f**2)
print([g.shape for pair in gradients for g in pair])

# %%
with tf.GradientTape() as tape:
    (w1, b1), (w2, b2) = [[tf.Variable(v) for v in layer] for layer in layers]
    output = tf.tanh(examples @ w1 + b1) @ w2 + b2
    loss = tf.reduce_mean((output - wanted) ** 2)
by_tape = tape.gradient(loss, [w1, b1, w2, b2])
ours = [g for pair in gradients for g in pair]
assert all(np.allclose(g, t, atol=1e-12) for g, t in zip(ours, by_tape))

# %%
checked = 0
for values, slopes in zip([v for pair in layers for v in pair], ours):
    for i in np.ndindex(values.shape):
        losses = []
        for nudge in (1e-6, -2e-6, 1e-6):  # up, down, and back
            values[i] += nudge
            output = forward(layers, examples, np.tanh)[-1]
            losses.append(np.mean((output - wanted) ** 2))
        assert abs((losses[0] - losses[1]) / 2e-6 - slopes[i]) < 1e-7
        checked += 1
print(checked, "slopes agree with differences and with TensorFlow")

# %% [markdown]
# The differences took 46 forward passes, backpropagation took one forward and one
# backward.

# %% [markdown]
# ## 9. Dropout
#
# In every training step, dropout removes each neuron of a layer with some probability,
# together with all its connections.

# %% tags=["drawing"]
# Draws Figure 2.4.
figure, axes = canvas(9.2, 3.8)
network(axes, 0.6)
network(axes, 5.2, dropped=(1, 4))
chapter.figure(
    figure,
    "2.4",
    "A network, and the same after dropout of two hidden neurons.",
    alt="Left: three inputs, five hidden neurons, two outputs, fully connected. "
    "Right: two of the hidden neurons are crossed out and have no connections.",
)

# %% [markdown]
# Mind the letter $p$. In the thesis's explanation it is the probability to **keep** a
# neuron; in Keras `rate`, and in the thesis's own "25% dropout", it is the probability
# to **drop** it. The thesis also leaves out one step: what is kept is divided by the
# probability to keep it. Watch Keras do it with ones.

# %% tags=["nbval-ignore-output"]
ones = np.ones((1, 8), "float32")
dropout = keras.layers.Dropout(0.25, seed=SEED)
print("training: ", keras.ops.convert_to_numpy(dropout(ones, training=True)).round(3))
print("otherwise:", keras.ops.convert_to_numpy(dropout(ones, training=False)))

# %% [markdown]
# The kept ones became $1/0.75 \approx 1.333$, so the mean stays 1. When the network is
# used, nothing is dropped and nothing need be scaled. On average over many masks:

# %%
values = np.array([0.2, 1.0, -3.0, 5.0])
masks = rng.random((100_000, 4)) >= 0.25
average = (values * masks / 0.75).mean(axis=0)
print("mean over 100,000 masks:", average.round(2))
assert np.allclose(average, values, atol=0.05)

# %% [markdown]
# Four neurons make $2^4 = 16$ networks. Weigh each by its probability, and for a layer
# that feeds a plain sum the mean is exact. Put a ReLU behind the sum and it is not:
# "averaging many networks" is an approximation.

# %%
masks = np.array(list(np.ndindex(2, 2, 2, 2)))
chance = np.prod(np.where(masks, 0.75, 0.25), axis=1)
sums = (values * masks / 0.75).sum(axis=1)
print("sum:", values.sum(), " mean over 16 networks:", (chance @ sums).round(6))
print("after ReLU:", relu(values.sum()), " mean:", (chance @ relu(sums)).round(3))

# %% [markdown]
# **Less work?** The thesis says that dropout makes fewer weight updates and so a
# shorter epoch. A weight goes without an update only if its neuron is dropped for every
# example of the batch: $0.25^{64}$ for a batch of 64, which is never. Count the steps
# and take the time.


# %%
def wide_network(rate: float) -> keras.Sequential:
    """Layers 256-512-512-30 with dropout behind each hidden one."""
    layers = [keras.Input((256,))]
    for _ in range(2):
        layers += [keras.layers.Dense(512, "relu"), keras.layers.Dropout(rate)]
    model = keras.Sequential([*layers, keras.layers.Dense(30)])
    model.compile("sgd", "mse")
    return model


# %% tags=["nbval-ignore-output"]
many = chapter.pick(smoke=5, quick=100, paper=1000)
batch_x, batch_y = rng.normal(size=(64, 256)), rng.normal(size=(64, 30))
updates = {}
for rate in (0.0, 0.25):
    model = wide_network(rate)
    model.train_on_batch(batch_x, batch_y)  # the first call compiles
    before, start = model.layers[0].get_weights()[0], time.perf_counter()
    for _ in range(many):
        model.train_on_batch(batch_x, batch_y)
    spent = time.perf_counter() - start
    changed = (model.layers[0].get_weights()[0] != before).mean()
    updates[rate] = int(model.optimizer.iterations)
    print(
        f"rate {rate}: {1e3 * spent / many:.1f} ms a step, {changed:.0%} weights moved"
    )

# %%
assert updates[0.0] == updates[0.25] and changed > 0.9

# %% [markdown]
# As many updates, all weights change, and a step takes about as long: the matrices are
# multiplied in full, zeros and all. That dropout needs more epochs is real; that an
# epoch becomes cheaper is not.

# %% [markdown]
# ## 10. Convolution
#
# A fully connected neuron looks at all 9,216 pixels of a face. A convolution's neuron
# looks at a small window, and all neurons of one filter share the same few weights: the
# **kernel**. It slides over the picture; the **stride** says how far each time.
#
# One window of a 7 × 7 picture, by hand: multiply each pixel by the weight above it,
# add.

# %%
picture = np.random.default_rng(SEED).integers(0, 10, (7, 7))
kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
total = 0
for row in range(3):
    for column in range(3):
        total += picture[row, column] * kernel[row, column]
print("first window:", total)


# %% [markdown]
# The output has as many cells as the window has places: $(7 - 3)/2 + 1 = 3$ a side for
# stride 2.


# %%
def convolve(picture: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Slide without padding; (h, w) and (k, k) give (rows, columns)."""
    size = len(kernel)
    tops = range(0, picture.shape[0] - size + 1, stride)
    lefts = range(0, picture.shape[1] - size + 1, stride)
    windows = [[picture[t : t + size, s : s + size] for s in lefts] for t in tops]
    return (np.array(windows) * kernel).sum(axis=(2, 3))


def keras_convolve(
    picture: np.ndarray, kernel: np.ndarray, stride: int = 1, padding: str = "valid"
) -> np.ndarray:
    """The same by Keras, with any padding."""
    result = keras.ops.conv(
        np.float32(picture)[None, ..., None],  # one picture, one channel
        np.float32(kernel)[..., None, None],  # one channel in, one out
        strides=stride,
        padding=padding,
    )
    return keras.ops.convert_to_numpy(result)[0, ..., 0]


# %%
small = convolve(picture, kernel, stride=2)
assert small[0, 0] == total
assert (small == keras_convolve(picture, kernel, stride=2)).all()
small


# %% tags=["drawing"]
# Helpers for drawings.
def draw_grid(
    axes: plt.Axes, values: np.ndarray, left: float, top: float,
    tints: dict[tuple[int, int], str], cell: float = 0.42,
) -> None:
    """Numbers in squares; `tints`: a colour for each (row, column) that has one."""
    for (row, column), value in np.ndenumerate(values):
        x, y = left + cell * column, top - cell * (row + 1)
        tint = tints.get((row, column), "white")
        axes.add_patch(plt.Rectangle((x, y), cell, cell, fc=tint, ec="#888888", lw=0.9))
        axes.text(x + cell / 2, y + cell / 2, f"{value:g}", ha="center", va="center")


def frame(
    axes: plt.Axes, left: float, top: float, row: int, column: int, size: int,
    colour: str, cell: float = 0.42,
) -> None:
    """A thick line around size by size squares of a grid."""
    corner = (left + cell * column, top - cell * (row + size))
    looks = dict(fill=False, ec=COLOURS[colour], lw=2.4, zorder=4)
    axes.add_patch(plt.Rectangle(corner, cell * size, cell * size, **looks))


# %% tags=["drawing"]
# Draws Figure 2.5.
figure, axes = canvas(8.4, 3.5)
draw_grid(axes, picture, 0.2, 3.3, {})
draw_grid(
    axes, kernel, 4.0, 2.46, {(r, c): "#F3F3F3" for r in range(3) for c in range(3)}
)
draw_grid(axes, small, 6.7, 2.46, {(0, 0): "#DCEAF4", (1, 2): "#FBE9CF"})
for row, column, colour in ((0, 0, "blue"), (1, 2, "orange")):
    frame(axes, 0.2, 3.3, 2 * row, 2 * column, 3, colour)
    frame(axes, 6.7, 2.46, row, column, 1, colour)
wire(axes, (3.2, 1.83), (3.95, 1.83), 0.05)
wire(axes, (5.35, 1.83), (6.6, 1.83), 0.05)
names = {"input 7 × 7": 1.67, "kernel 3 × 3": 4.63, "output 3 × 3": 7.33}
for text, x in names.items():
    axes.text(x, 0.15, text, ha="center", va="center", fontsize=9.5)
axes.text(5.97, 1.97, "multiply\nand add", ha="center", va="bottom", fontsize=8.5)
chapter.figure(
    figure,
    "2.5",
    "A convolution with a 3 × 3 kernel and stride 2: two windows and their outputs.",
    alt="A 7 by 7 grid of numbers, a 3 by 3 kernel and the 3 by 3 result. The window "
    "at the top left gives the first output; the window two rows down and four "
    "columns to the right gives the last output of the second row.",
)

# %% [markdown]
# Mathematicians turn the kernel round before they slide it. No library here does; for
# learned weights it makes no difference.
#
# Now a real face and three kernels chosen by hand.

# %%
people = data.read(DATA).complete()
face = people.images[0] / 255
kernels = {
    "blur": np.full((5, 5), 1 / 25),
    "vertical edges": kernel,
    "horizontal edges": kernel.T,
}
maps = {name: keras_convolve(face, k) for name, k in kernels.items()}
print({name: map_.shape for name, map_ in maps.items()})

# %% tags=["drawing"]
# Draws Figure 01-g.
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.7))
looks = ({"vmin": 0, "vmax": 1}, {"vmin": 0, "vmax": 1}) + (
    {"vmin": -2, "vmax": 2},
) * 2
for axes, (name, map_), look in zip(grid, ({"face": face} | maps).items(), looks):
    axes.imshow(map_, cmap="gray", **look)
    axes.set_title(f"{name}, {map_.shape[0]} × {map_.shape[1]}")
    axes.set_axis_off()
chapter.figure(
    figure,
    "01-g",
    "A face and what three kernels make of it. Grey is 0 in the edge maps.",
    alt="A face; the same blurred; a map where the sides of the face and nose stand "
    "out in black and white; and a map where brows, eyes and mouth stand out.",
)

# %% [markdown]
# The lines that matter for keypoints (brows, lids, lips) are mostly horizontal edges. A
# network has to find such kernels by itself; chapter 15 draws those it learned.
#
# The thesis says that the position of a feature "is not that important", only whether
# it is there. That is so for saying **what** is in a picture. You want to know
# **where** it is, and a convolution keeps that: shift the face by 3 pixels and the map
# shifts by 3.

# %%
shifted = np.roll(face, 3, axis=1)
map_before, map_after = maps["vertical edges"], keras_convolve(shifted, kernel)
assert np.allclose(map_after[:, 3:], map_before[:, :-3], atol=1e-6)

# %% [markdown]
# ### How large is the output?
#
# With padding "valid" the window stays inside: $\lfloor (n-k)/s \rfloor + 1$. With
# "same" zeros are put around the picture so that stride 1 keeps the size: $\lceil n/s
# \rceil$.


# %%
def output_side(side: int, kernel: int, stride: int, padding: str) -> int:
    if padding == "same":
        return -(-side // stride)
    return (side - kernel) // stride + 1


rows = []
for padding in ("valid", "same"):
    for size, stride in ((3, 1), (3, 2), (4, 2), (5, 1), (5, 2)):
        result = keras_convolve(face, np.ones((size, size)), stride, padding)
        side = output_side(96, size, stride, padding)
        assert result.shape == (side, side)
        rows.append(dict(padding=padding, kernel=size, stride=stride, output=side))
pd.DataFrame(rows).pivot(index=["kernel", "stride"], columns="padding", values="output")

# %% [markdown]
# Few weights is the other gain. Take one filter whose output is as large as the face,
# and compare it with as many fully connected neurons:

# %%
pixels = 96 * 96
print(f"fully connected: {pixels * pixels + pixels:,}   one 5 x 5 filter: {5 * 5 + 1}")

# %% [markdown]
# ## 11. Max-pooling
#
# Cut the picture into 2 × 2 squares and keep the largest number of each. In numpy:
# split both axes in two and take the maximum over the short ones.


# %%
def max_pool(picture: np.ndarray) -> np.ndarray:
    """(h, w) to (h / 2, w / 2)."""
    rows, columns = picture.shape
    return picture.reshape(rows // 2, 2, columns // 2, 2).max(axis=(1, 3))


numbers = np.array([[1, 2, 2, 1], [3, 5, 4, 1], [3, 0, 2, 4], [7, 1, 8, 0]])
pooled = max_pool(numbers)
by_keras = keras.ops.max_pool(np.float32(numbers)[None, ..., None], 2)
assert (pooled == keras.ops.convert_to_numpy(by_keras)[0, ..., 0]).all()
pooled

# %% tags=["drawing"]
# Draws Figure 2.6.
figure, axes = canvas(5.2, 2.5)
tints = ("#DCEAF4", "#FBE9CF", "#D7EFE6", "#F6E3EC")
quarter = {(r, c): tints[2 * (r // 2) + c // 2] for r in range(4) for c in range(4)}
draw_grid(axes, numbers, 0.3, 2.3, quarter, cell=0.5)
draw_grid(
    axes,
    pooled,
    3.8,
    1.8,
    {(r, c): tints[2 * r + c] for r in (0, 1) for c in (0, 1)},
    0.5,
)
for row, column in ((1, 1), (1, 2), (3, 0), (3, 2)):
    frame(axes, 0.3, 2.3, row, column, 1, "black", cell=0.5)
wire(axes, (2.4, 1.3), (3.7, 1.3), 0.05)
axes.text(3.05, 1.42, "maximum", ha="center", va="bottom", fontsize=9)
chapter.figure(
    figure,
    "2.6",
    "2 × 2 max-pooling with stride 2.",
    alt="A 4 by 4 grid in four coloured quarters; the largest number of each "
    "quarter, 5, 4, 7 and 8, makes the 2 by 2 result.",
)

# %% [markdown]
# A quarter of the numbers is left. Pooling itself has no weights; it saves weights in
# the fully connected layer behind it, and the thesis's "reduces the number of
# parameters" means those. Only the largest of each four receives a gradient:

# %%
with tf.GradientTape() as tape:
    variable = tf.Variable(numbers[None, ..., None], dtype="float32")
    total = tf.reduce_sum(tf.nn.max_pool2d(variable, 2, 2, "VALID"))
print(tape.gradient(total, variable).numpy()[0, ..., 0].astype(int))

# %% tags=["drawing"]
# Draws Figure 01-h.
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.7))
pools = [face]
while len(pools) < 4:
    pools.append(max_pool(pools[-1]))
for axes, image in zip(grid, pools):
    axes.imshow(image, cmap="gray", vmin=0, vmax=1)
    axes.set_title(f"{len(image)} × {len(image)}")
    axes.set_axis_off()
chapter.figure(
    figure,
    "01-h",
    "A face max-pooled once, twice and three times.",
    alt="The face at 96, 48, 24 and 12 pixels a side. It gets coarser and brighter; "
    "thin dark features vanish first, and at 12 pixels no feature is left.",
)

# %% [markdown]
# On raw pixels, the maximum eats what is dark and thin: lips, lids, brows. In a network
# pooling comes after a convolution, and there a large number means "feature found".
#
# Where in its square was the maximum? Pooling forgets. After three pools one number
# stands for 8 × 8 pixels. Chapters 05 and 06 show what that costs, and what it brings.
#
# ## 12. Why deep sigmoid networks refuse to start
#
# CASCADE reports, after Glorot and Bengio (2010), that in a network of four sigmoid
# layers the last hidden layer soon saturates at 0, and escapes only after a hundred
# epochs. You have all parts to test that on faces: five hidden layers of 100 neurons,
# faces shrunk to 24 × 24, 30 coordinates to predict.

# %%
count = chapter.pick(smoke=100, quick=600, paper=2000)
some = people.take(np.arange(min(count, len(people))))
x = data.to_inputs(some.images).reshape(-1, 24, 4, 24, 4).mean(axis=(2, 4))
x = x.reshape(-1, 576)
y = data.to_targets(some.keypoints)
ACTIVATIONS = {
    "sigmoid": (sigmoid, lambda f: f * (1 - f)),
    "tanh": (np.tanh, lambda f: 1 - f**2),
    "ReLU": (relu, lambda f: f > 0),
}

# %% [markdown]
# Two ways to choose the first weights, both uniform between $-h$ and $h$. The
# "standard" one of the time: $h = 1/\sqrt{n_{in}}$. Glorot's: $h = \sqrt{6/(n_{in} +
# n_{out})}$, larger by a factor of 1.7 for equal layers. It is Keras's default.


# %%
def start(kind: str) -> Layers:
    """Layers 576-100-100-100-100-100-30, float32."""
    layers, generator = [], np.random.default_rng(SEED)
    sizes = [576, 100, 100, 100, 100, 100, 30]
    for before, after in itertools.pairwise(sizes):
        half = {"standard": before**-0.5, "Glorot": (6 / (before + after)) ** 0.5}[kind]
        w = generator.uniform(-half, half, (before, after)).astype("float32")
        layers.append((w, np.zeros(after, "float32")))
    return layers


# %% [markdown]
# **Spread** below is the standard deviation of a neuron's output over the faces,
# averaged over the layer. A layer with spread 0 says the same for every face. Predict:
# what does each kind of layer do to the spread?


# %%
def spreads(outputs: list[np.ndarray]) -> list[float]:
    """The spread of each hidden layer; outputs as `forward` gives them."""
    return [float(layer.std(axis=0).mean()) for layer in outputs[1:-1]]


at_start = {}
for name, (function, slope) in ACTIVATIONS.items():
    for kind in ("standard", "Glorot"):
        layers = start(kind)
        outputs = forward(layers, x, function)
        pairs = backward(layers, outputs, y, slope)
        sizes = [float(np.sqrt((w**2).mean())) for w, _ in pairs[:-1]]
        means = [float(layer.mean()) for layer in outputs[1:-1]]
        at_start[name, kind] = spreads(outputs), sizes, means

# %% tags=["nbval-ignore-output"]
columns = [f"layer {k}" for k in range(1, 6)]
pd.DataFrame({k: v[0] for k, v in at_start.items()}, index=columns).T.round(4)

# %% [markdown]
# The mean of each layer, Glorot's start: the sigmoid sits at one half, tanh at 0.

# %% tags=["nbval-ignore-output"]
means = {k[0]: v[2] for k, v in at_start.items() if k[1] == "Glorot"}
pd.DataFrame(means, index=columns).T.round(2)

# %% tags=["drawing", "nbval-ignore-output"]
# Draws Figure 01-i.
figure, grid = plt.subplots(1, 2, figsize=(9.2, 3.5), sharex=True)
colours = {"sigmoid": "blue", "tanh": "green", "ReLU": "red"}
for (name, kind), (spread, sizes, _) in at_start.items():
    style = dict(color=COLOURS[colours[name]], ls="-" if kind == "Glorot" else "--")
    style |= dict(marker={"sigmoid": "o", "tanh": "s", "ReLU": "^"}[name], ms=5)
    grid[0].plot(range(1, 6), spread, label=f"{name}, {kind}", **style)
    grid[1].plot(range(1, 6), sizes, **style)
grid[0].set(yscale="log", xlabel="hidden layer", ylabel="spread over faces")
grid[1].set(yscale="log", xlabel="hidden layer", ylabel="gradient of weights (RMS)")
grid[0].set_xticks(range(1, 6))
figure.legend(*grid[0].get_legend_handles_labels(), loc="outside right center")
chapter.figure(
    figure,
    "01-i",
    "Before training: what each layer tells about the face, and the gradient it gets.",
    alt="Spread falls four times or more with each sigmoid layer and slowly for tanh "
    "and ReLU with Glorot's start; the gradient of the first sigmoid layer is "
    "hundreds of times smaller than that of the last, while tanh and ReLU get "
    "nearly equal ones.",
)

# %%
spread = {key: values[0] for key, values in at_start.items()}
assert spread["sigmoid", "Glorot"][4] < 0.02 * spread["sigmoid", "Glorot"][0]
assert spread["tanh", "Glorot"][4] > 0.2 * spread["tanh", "Glorot"][0]
assert all(spread[n, "Glorot"][4] > spread[n, "standard"][4] for n in ACTIVATIONS)

# %% [markdown]
# Each sigmoid layer multiplies differences by a quarter at most, times its weights.
# After five layers every face looks alike, and the gradient has the same way back.
#
# Now train, with your own `backward` and your own `adam`.


# %%
def train(
    activation: str, target: np.ndarray, epochs: int
) -> tuple[Layers, list[tuple[float, list[float], float]]]:
    """Layers after training, and after each epoch (mse, spreads, saturated share).

    Saturated: outputs of the last hidden layer within 0.05 of 0 or of 1.
    """
    function, slope = ACTIVATIONS[activation]
    layers, generator = start("Glorot"), np.random.default_rng(SEED)
    memories, history = [{} for _ in range(2 * len(layers))], []
    for _ in range(epochs):
        for rows in np.array_split(generator.permutation(len(x)), -(-len(x) // 50)):
            outputs = forward(layers, x[rows], function)
            pairs = backward(layers, outputs, target[rows], slope)
            flat = zip([v for q in layers for v in q], [g for q in pairs for g in q])
            for (values, g), memory in zip(flat, memories):
                values += adam(g, memory, rate=0.001)
        outputs = forward(layers, x, function)
        mse = float(((outputs[-1] - target) ** 2).mean())
        saturated = float((abs(outputs[-2] - 0.5) > 0.45).mean())
        history.append((mse, spreads(outputs), saturated))
    return layers, history


# %% tags=["nbval-ignore-output"]
epochs = chapter.pick(smoke=10, quick=100, paper=400)
mean_mse = float(y.var(axis=0).mean())
trained = {name: train(name, y, epochs) for name in ACTIVATIONS}
print(f"mean face: {mean_mse:.5f}")
print({name: round(history[-1][0], 5) for name, (_, history) in trained.items()})

# %%
last = {name: history[-1][0] for name, (_, history) in trained.items()}
assert max(last.values()) < 0.1
if PROFILE != "smoke":
    assert last["ReLU"] < 0.6 * mean_mse and last["ReLU"] < last["sigmoid"]

# %% tags=["drawing", "nbval-ignore-output"]
# Draws Figure 01-j.
figure, grid = plt.subplots(1, 2, figsize=(9.4, 3.5))
number = np.arange(1, epochs + 1)
for name, (_, history) in trained.items():
    losses = [h[0] for h in history]
    grid[0].plot(number, losses, color=COLOURS[colours[name]], label=name)
grid[0].axhline(mean_mse, color=COLOURS["black"], lw=1.2, ls=":", label="mean face")
grid[0].set(yscale="log", xlabel="epoch", ylabel="training MSE", title="loss")
grid[0].legend()
shades = plt.cm.viridis(np.linspace(0, 0.85, 5))
by_layer = np.array([h[1] for h in trained["sigmoid"][1]]).T
for k, (values, shade) in enumerate(zip(by_layer, shades), start=1):
    grid[1].plot(number, values, color=shade, label=f"layer {k}")
grid[1].set(yscale="log", xlabel="epoch", ylabel="spread over faces")
grid[1].set_title("sigmoid network")
grid[1].legend(loc="lower right", fontsize=8.5)
chapter.figure(
    figure,
    "01-j",
    "The sigmoid network answers with the mean face until its layers begin to differ.",
    alt="Left: ReLU and tanh fall below the loss of the mean face early, sigmoid "
    "stays there for dozens of epochs. Right: the spread of the deep sigmoid "
    "layers lies near zero and rises when the loss begins to fall.",
)


# %% tags=["drawing", "nbval-ignore-output"]
# Helpers for drawings.
def outline(axes: plt.Axes, values: np.ndarray, bins: np.ndarray, colour: str) -> None:
    """A histogram of the outputs that are not exactly 0."""
    share = np.full(values.size, 1 / values.size)[values.ravel() != 0]
    style = dict(bins=bins, weights=share, color=COLOURS[colour])
    values = values[values != 0]
    axes.hist(values, histtype="stepfilled", alpha=0.25, **style)
    axes.hist(values, histtype="step", lw=1.3, **style)


RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1), "ReLU": (0, 1)}
stages = {}
for name, (layers, _) in trained.items():
    nets = (start("Glorot"), layers)
    stages[name] = [forward(net, x, ACTIVATIONS[name][0])[1:-1] for net in nets]

# %% tags=["drawing", "nbval-ignore-output"]
# Draws Figure 01-k.
figure, grid = plt.subplots(3, 5, figsize=(9.6, 5.0))
for row, (name, (before, after)) in zip(grid, stages.items()):
    bins = np.linspace(*RANGES[name], 41)
    for axes, first, second in zip(row, before, after):
        outline(axes, first, bins, "blue")
        outline(axes, second, bins, "orange")
        axes.set(yticks=[], xlim=RANGES[name])
        if name == "ReLU":
            zeros = f"zeros: {(first == 0).mean():.0%}, then {(second == 0).mean():.0%}"
            axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
            look = dict(transform=axes.transAxes, ha="right", fontsize=8.5)
            axes.text(0.97, 0.9, zeros, **look)
    row[0].set_ylabel(name)
for k, axes in enumerate(grid[0], start=1):
    axes.set_title(f"layer {k}")
for colour, name in (("blue", "at the start"), ("orange", "after training")):
    grid[0, 0].plot([], [], color=COLOURS[colour], lw=5, alpha=0.5, label=name)
handles = grid[0, 0].get_legend_handles_labels()
figure.legend(*handles, loc="outside lower center", ncols=2)
chapter.figure(
    figure,
    "01-k",
    "Outputs of each hidden layer over all faces, Glorot's start.",
    alt="Three rows of five histograms. Sigmoid outputs lie in heaps around one half; "
    "after training those of layer 1 also pile up at 0 and 1. Tanh outputs are broad "
    "around 0. About half of the ReLU outputs are 0, or more.",
)

# %% [markdown]
# The sigmoid network is stuck for dozens of epochs, but its last layer is **not**
# saturated: its outputs stay around 0.5, far from 0 and 1. It starves for another
# reason: the layers pass on too little. Then it breaks out, as CASCADE says. What moves
# to the ends is part of the first layer, not the last. ReLU never had the problem.
#
# So where is the saturation? CASCADE's section on normalisation warns that large
# targets cause it. Leave the targets in pixels, 0 to 96, and look at the last hidden
# layer.

# %% tags=["nbval-ignore-output"]
raw_epochs = chapter.pick(smoke=100, quick=15, paper=100)
layers, raw = train("sigmoid", 48 * (y + 1), raw_epochs)
print(f"saturated, targets in pixels: {raw[-1][2]:.0%}")
upper = (forward(layers, x, ACTIVATIONS["sigmoid"][0])[-2] > 0.95).mean()
print(f"of these at 1, not at 0: {upper / raw[-1][2]:.0%}")
print(f"saturated, targets in [-1, 1]: {trained['sigmoid'][1][-1][2]:.0%}")

# %%
assert raw[-1][2] > 0.9 and trained["sigmoid"][1][-1][2] < 0.1
assert upper > 0.8

# %% [markdown]
# There it is: the whole layer sits at its ends. Here the end is 1 for nearly all, not
# CASCADE's 0: the weighted sum has to reach 48, and nearly every neuron is pushed up for
# it. In Glorot and
# Bengio's classifiers the output did better without the layer, and pushed it to 0. The
# cure is the same in both, and the whole course uses it: targets in [-1, 1], ReLU, and
# Glorot's start.

# %% [markdown]
# ## What you saw
#
# - One neuron draws one line. It learns separable clouds and can never do XOR; a hidden
#   layer of two can.
# - Derivatives from Table 2.1 hold, except at the corner of ReLU: libraries use 0.
# - A dead ReLU returns only if the layer before it learns; in the first it cannot.
# - One by one, mini-batches, whole set: each is best at some budget. Mini-batches win
#   in the middle, where you will be.
# - Momentum, Adagrad, Adadelta and Adam are three to five lines each, and match Keras.
# - Backpropagation gets all slopes in one pass; two independent judges agree.
# - Dropout keeps the mean and saves no updates.
# - Convolution keeps places, which is what keypoints need; pooling blurs them.
# - Deep sigmoid networks starve with normalised targets and saturate with raw ones.
#
# ## Exercises
#
# Try each before you open its solution.
#
# **1. NAND by hand.** Find `w` (two numbers) and `b` so that a neuron with a step gives
# 0 for (1, 1) and 1 for the three other cases.


# %%
def check_nand(w: list[float], b: float) -> str:
    answers = step(xor_points @ np.asarray(w) + b)
    return "right" if answers.tolist() == [1, 1, 1, 0] else f"not yet: {answers}"


print(check_nand(w=[0, 0], b=0))  # change these

# %% tags=["solution"]
# Solution
print(check_nand(w=[-1, -1], b=1.5))

# %% [markdown]
# **2. A value used twice.** For $e = (a + b) \cdot a$ at $a = 2$, $b = 1$: work out
# both slopes on paper, by the rules of section 8. What happens where two paths lead
# back to $a$?


# %%
def check_slopes(da: float, db: float) -> str:
    a, b = tf.Variable(2.0), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        e = (a + b) * a
    return "right" if [da, db] == [float(g) for g in tape.gradient(e, [a, b])] else "no"


print(check_slopes(da=0, db=0))  # change these

# %% [markdown] tags=["solution"]
# **Solution**
#
# Slopes that arrive on several paths add up: $a$ gets $a = 2$ through the sum
# and $a + b = 3$ directly.

# %% tags=["solution"]
# Solution
print(check_slopes(da=5, db=2))

# %% [markdown]
# **3. Count a network.** Chapter 05's network takes 96 × 96 × 1 and has three
# convolutions with "same" padding: 4 filters 5 × 5, stride 1; 6 filters 5 × 5, stride
# 2; 8 filters 4 × 4, stride 2. Then all outputs go to a dense layer of 250. How many
# numbers enter the dense layer, and how many parameters (with biases) do all four
# layers have?


# %%
def check_count(entering: int, parameters: int) -> list[bool]:
    conv = keras.layers.Conv2D
    model = keras.Sequential(
        [
            keras.Input((96, 96, 1)),
            conv(4, 5, padding="same"),
            conv(6, 5, 2, padding="same"),
            conv(8, 4, 2, padding="same"),
            keras.layers.Flatten(),
            keras.layers.Dense(250),
        ]
    )
    right = (model.layers[3].output.shape[1], model.count_params())
    return [guess == truth for guess, truth in zip((entering, parameters), right)]


print(check_count(entering=0, parameters=0))  # change these

# %% tags=["solution"]
# Solution
entering = 24 * 24 * 8
filters = 4 * (25 * 1 + 1) + 6 * (25 * 4 + 1) + 8 * (16 * 6 + 1)
print(entering, filters + (entering + 1) * 250)
print(check_count(entering, filters + (entering + 1) * 250))

# %% [markdown]
# **4. Too fast.** Plain descent on the bowl uses rate 0.07. Predict from which rate on
# it diverges (section 6 has the rule), then find it by trying. What does momentum do at
# that rate?

# %% tags=["solution"]
# Solution
for rate in (0.079, 0.081):
    end, fast = walk(plain, rate=rate)[-1], walk(momentum, rate=rate)[-1]
    print(f"{rate}: plain {bowl(end):.2e}, momentum {bowl(fast):.2e}")
print("limit: 2 / 25 =", 2 / 25, " momentum is stable up to", 2 * 1.9 / 25)

# %% [markdown]
# **5. Open: how small can XOR be?** Train a 2-n-1 network on XOR with your own
# `forward`, `backward` and `adam`, from 20 seeds, for n = 2, 3, 4 and 8. How often does
# it get all four right? Why does n = 2 fail now and then, although you wrote a solution
# by hand?


# %%
def check_xor(layers: Layers) -> bool:
    """Whether a network gets all four cases right."""
    output = forward(layers, xor_points, np.tanh)[-1][:, 0]
    return bool(((output > 0.5) == xor_labels).all())


# %% tags=["solution", "nbval-ignore-output"]
# Solution
def learn_xor(n: int, seed: int, steps: int) -> bool:
    """Whether a 2-n-1 network gets all four cases right after its training."""
    draw = np.random.default_rng(seed).normal
    layers = [(draw(size=(2, n)), np.zeros(n)), (draw(size=(n, 1)), np.zeros(1))]
    memories = [{} for _ in range(4)]
    for _ in range(steps):
        outputs = forward(layers, xor_points, np.tanh)
        pairs = backward(layers, outputs, xor_labels[:, None], lambda f: 1 - f**2)
        flat = zip([v for q in layers for v in q], [g for q in pairs for g in q])
        for (values, g), memory in zip(flat, memories):
            values += adam(g, memory, rate=0.05)
    return check_xor(layers)


seeds = range(chapter.pick(smoke=3, quick=20, paper=100))
for n in (2, 3, 4, 8):
    print(n, "hidden:", sum(learn_xor(n, s, 150) for s in seeds), "of", len(seeds))

# %% [markdown] tags=["solution"]
# **Solution**
#
# With two hidden neurons descent can end in a flat valley where one case stays wrong: a
# network that **can** hold the answer need not **find** it. More neurons give more ways
# out. That is one reason why networks are larger than the task seems to ask.
