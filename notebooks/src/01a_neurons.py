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
# # 01a Neurons, activations and losses
#
# You build the parts of a neural network once by hand, with numbers small enough to
# check, and then compare them with what Keras and TensorFlow compute. This chapter has
# the parts; [chapter 01b](01b_learning.ipynb) has how they learn, and
# [chapter 01c](01c_convolution.ipynb) what pictures and depth need.
#
# **You can afterwards**
# - compute what a neuron answers, and find its weights by hand (exercise 1);
# - tell how a perceptron learns, and what decides how long it takes (exercise 7, question 1);
# - tell why XOR needs a hidden layer, and why that layer needs a bend (exercise 4, question 2);
# - compute the slope of an activation, and tell which dead ReLU comes back (exercises 2 and 5, question 3);
# - choose a loss by what it asks for (exercises 3 and 6, question 4).
#
# **Needs** a little Python; [chapter 00](00_welcome.ipynb) shows how to run a chapter.
# **Takes** about 95 minutes to study, and a quarter of a minute of two cores (profile *quick*).
# **Figures** 2.1 to 2.3, 01a-a to 01a-e.
#
# Chapters [01a](01a_neurons.ipynb) to [01c](01c_convolution.ipynb) are chapter 2 of the thesis as runs. Where a sentence of the thesis is
# not quite right, you see the run that shows it. Cells that only draw are folded: click
# the bar on their left to open them.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import itertools

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from fkd_utils import plotting

chapter = plotting.Chapter("01a", PROFILE, DATA, SEED)


# %% tags=["drawing"]
# Helpers for drawings.
COLOURS = plotting.COLOURS


def canvas(width, height):
    """An empty drawing, about one unit an inch."""
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set_axis_off()
    return figure, axes


def node(axes, x, y, text="", colour="blue", radius=0.3, **style):
    """A circle with a text in it."""
    style = {"fc": "white", "ec": COLOURS[colour], "lw": 1.6, "zorder": 3} | style
    axes.add_patch(plt.Circle((x, y), radius, **style))
    axes.text(x, y, text, ha="center", va="center", zorder=4)


def wire(axes, start, end, gap=0.3, last=None, lw=1.2):
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
captions = ("inputs", "weights", "sum, with bias", "activation\nfunction", "output")
for text, x in zip(captions, (0.6, 1.75, 3.3, 5.6, 7.5)):
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
def step(x):
    return (x >= 0).astype(int)


def train_perceptron(points, labels, passes):
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
points = np.random.default_rng(SEED).uniform(-1, 1, (200, 2))
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

# %% tags=["guard"]
with chapter.guard("the rule stops by itself, within Novikoff's limit"):
    assert corrections[-1] == 0 and sum(corrections) <= limit

# %% tags=["drawing"]
# Draws Figure 01a-a.
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
    "01a-a",
    "The perceptron's line after each pass over two separable clouds.",
    alt="Two clouds of points and the lines the perceptron reaches after each pass; "
    "the last line has every point on its right side.",
)

# %% [markdown]
# How does one correction move the line? Go through them one by one. The ring marks the point that was
# wrong; the line shown is the one *after* its correction. **Predict** before each step: will the point then
# be right? Will points that were right stay so?

# %% tags=["drawing"]
moments, weight, total_moves = [], np.zeros(3), sum(corrections)
for one_pass in range(len(corrections)):
    for k, (place, t) in enumerate(zip(extended, labels)):
        if step(place @ weight) != t:
            weight = weight + (t - step(place @ weight)) * place
            moments.append((one_pass + 1, k, weight))


def line_figure(number):
    """The cloud and the line after correction `number`, the corrected point in a ring."""
    _, k, (w1, w2, b) = moments[number]
    picture, axes = plt.subplots(figsize=(6.4, 3.2))
    u, v = np.meshgrid(np.linspace(-1.1, 1.1, 200), np.linspace(-1.1, 1.1, 200))
    axes.contourf(u, v, w1 * u + w2 * v + b, [-99, 0, 99], colors=["#DCEAF4", "#FBE9CF"])
    for label, marker, colour in ((0, "o", "blue"), (1, "s", "orange")):
        axes.plot(*points[labels == label].T, marker, color=COLOURS[colour], ms=3.5)
    axes.plot(*points[k], "o", mfc="none", mec=COLOURS["red"], ms=12, mew=2)
    wrong = (step(extended @ moments[number][2]) != labels).sum()
    axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal", xticks=[], yticks=[])
    axes.set_title(f"correction {number + 1} of {total_moves}: {wrong} wrong", fontsize=10)
    axes.grid(False)
    return picture


# %% tags=["drawing"]
moves = sorted({*range(min(10, total_moves)), *range(10, total_moves, 3), total_moves - 1})
chapter.explore(
    map(line_figure, moves),
    [f"correction {k + 1}, pass {moments[k][0]}" for k in moves],
    "01a-e",
    "Each correction turns the line towards one point. The background is the neuron's answer.",
    alt="Blue and orange points over a background of two colours whose border is the neuron's "
    "line. At each correction one point has a red ring and the border jumps; the jumps become "
    "smaller and the number of wrong points goes up and down until it is zero.",
    start=2,
)

# %% [markdown]
# One correction is no guarantee, not even for its own point: it only moves the sum in the right
# direction. Others are lost on the way, and won back. That this ends at all is Novikoff's theorem.

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
xor_ends, xor_corrections = train_perceptron(xor_points, xor_labels, passes=1000)
for k in (1, 2, 3, 1000):
    print(f"pass {k}: weights {xor_ends[k]}, {xor_corrections[k - 1]} corrections")

# %% [markdown]
# From the second pass on, the weights come back to the same place, after four
# corrections for four points. The rule goes round for ever.
#
# Perhaps another starting point would do better? Try 100,000 random neurons and count
# how many of the four cases each gets right.

# %%
random_weights = np.random.default_rng(SEED).normal(size=(100_000, 3))
xor_extended = np.column_stack([xor_points, np.ones(4)])
cases_right = (step(random_weights @ xor_extended.T) == xor_labels).sum(axis=1)
print("neurons with 0, 1, 2, 3, 4 right:", np.bincount(cases_right, minlength=5))

# %% tags=["guard"]
with chapter.guard("no neuron has 4 cases right, and none has 0"):
    assert cases_right.max() == 3 and cases_right.min() == 1

# %% [markdown]
# None has 4. None has 0 either: turning all signs round would then make it 4.
#
# Two neurons in front of the last one change everything. One computes OR, one AND, and
# XOR is "OR but not AND". You can write the weights down.

# %%
hidden = step(xor_points @ np.array([[1, 1], [1, 1]]) + np.array([-0.5, -1.5]))
either = step(hidden @ np.array([1, -1]) - 0.5)
print("OR, AND:", hidden.tolist(), " XOR:", either)

# %% [markdown]
# That is a multi-layer perceptron: an input layer, a hidden layer, an output layer,
# each connected to all neurons of the one before. Without the step in the hidden layer
# it would be useless: a weighted sum of weighted sums is again one weighted sum.

# %% tags=["drawing"]
# Draws Figure 2.2.
figure, axes = canvas(5.2, 3.8)
columns = [
    [(0.9 + 1.7 * k, 1.9 + 0.76 * ((n - 1) / 2 - i)) for i in range(n)]
    for k, n in enumerate((3, 5, 2))
]
for before, after in itertools.pairwise(columns):
    for start, end in itertools.product(before, after):
        wire(axes, start, end, 0.26, lw=0.8)
layer_styles = (("blue", "input"), ("orange", "hidden"), ("red", "output"))
for column, (colour, name) in zip(columns, layer_styles):
    for x, y in column:
        node(axes, x, y, "", colour, 0.26)
    place = dict(ha="center", va="top", fontsize=9)
    axes.text(column[0][0], -0.05, f"{name}\nlayer", **place)
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
# Now let Keras find the weights. What `fit` does inside is the subject of
# [chapter 01b](01b_learning.ipynb). It gets 100 copies of the four cases: one long epoch
# takes less time than 100 short ones.

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
learnt = keras.ops.convert_to_numpy(mlp(xor_points))[:, 0]
print(learnt.round(3))

# %% tags=["guard"]
with chapter.guard("the trained network gets all four cases right"):
    assert ((learnt > 0.5) == xor_labels).all()

# %% tags=["drawing"]
# The panels of Figure 01a-b.
span = np.linspace(-0.4, 1.4, 91)
everywhere = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2)
trained = keras.ops.convert_to_numpy(mlp(everywhere))
panels = {
    "one neuron: 3 of 4": (everywhere @ [1, 1] - 0.5, xor_points),
    "by hand: OR and AND as axes": (everywhere @ [1, -1] - 0.5, hidden),
    "trained network: 4 of 4": (trained - 0.5, xor_points),
}

# %% tags=["drawing"]
# Draws Figure 01a-b.
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
    "01a-b",
    "XOR: orange squares must be 1, blue circles 0. The background is the answer.",
    alt="Left: one line leaves one of four corners on the wrong side. Middle: drawn "
    "over OR and AND the cases are separable by one line. Right: the trained "
    "network bends its border and gets all four right.",
)

# %% [markdown]
# ## 4. Activations and their slopes
#
# The binary step has slope 0 everywhere, so nothing can be learned from it. The thesis
# lists four functions with a useful slope.


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def leaky_relu(x, slope=0.01):
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
curve = np.linspace(-4, 4, 401)
for axes, (name, (function, derivative, _)) in zip(grid, activations.items()):
    axes.plot(curve, function(curve), color=COLOURS["blue"], label="$f(x)$")
    style = dict(ls="--", color=COLOURS["orange"], label="$f'(x)$")
    axes.plot(curve, derivative(curve), **style)
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
def autodiff(function, x):
    """The slope of a TensorFlow function at every x, by automatic differentiation."""
    x = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x).numpy()


def difference(function, x, h=1e-5):
    """The slope of a function at every x, by central differences."""
    return (function(x + h) - function(x - h)) / (2 * h)


# %%
chosen = np.array([-5.0, -2.0, -0.5, 0.3, 1.0, 4.0])  # not 0: see below
for name, (function, derivative, in_tensorflow) in activations.items():
    slope = derivative(chosen)
    np.testing.assert_allclose(slope, autodiff(in_tensorflow, chosen), atol=1e-12)
    np.testing.assert_allclose(slope, difference(function, chosen), atol=1e-8)
    print(f"{name}: Table 2.1, autodiff and differences agree")

# %%
wide = np.linspace(-8, 8, 1601)
slopes = [derivative for _, derivative, _ in activations.values()]
table = pd.DataFrame(
    {
        "Equation": [
            "1 / (1 + e⁻ˣ)",
            "(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)",
            "max(0, x)",
            "0.01 x or x",
        ],
        "Derivative": ["f (1 - f)", "1 - f²", "0 or 1", "0.01 or 1"],
        "steepest": [slope(wide).max() for slope in slopes],
        "slope at -5": [round(float(slope(np.array(-5.0))), 4) for slope in slopes],
    },
    index=pd.Index(activations, name="Table 2.1"),
)
table

# %% [markdown]
# Sigmoid is never steeper than 0.25. Five sigmoid layers shrink a slope at least
# $4^5 = 1024$ times, before any weight is counted. Keep that for
# [chapter 01c](01c_convolution.ipynb).
#
# **Three details the table hides.** First, the formula of tanh is right on paper but
# not in a computer: $e^{1000}$ overflows, and infinity by infinity is no number.


# %%
def tanh_by_formula(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


with np.errstate(all="ignore"):
    print(tanh_by_formula(np.array([0.5, 1000.0])), np.tanh([0.5, 1000.0]))

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
def four_relus(w, x):
    """Output, and the largest sum of each of the two dead neurons."""
    alive = tf.nn.relu(w[0] * x)
    dead_1 = w[1] * x - 2  # x <= 1, so negative
    dead_2 = w[2] * alive - 1.5  # negative while alive < 1.5
    output = tf.nn.relu(w[3] * alive) + tf.nn.relu(dead_1) + tf.nn.relu(dead_2)
    return output, tf.reduce_max(dead_1), tf.reduce_max(dead_2)


# %%
ramp = tf.constant(np.linspace(0, 1, 50))
w, sums, gradients = tf.Variable(np.ones(4)), [], []
for _ in range(40):
    with tf.GradientTape() as tape:
        output, *dead = four_relus(w, ramp)
        loss = tf.reduce_mean((output - 4 * ramp) ** 2)
    gradients.append(tape.gradient(loss, w).numpy())
    sums.append([float(d) for d in dead])
    w.assign_sub(0.05 * gradients[-1])
sums = np.array(sums)
awake = int(np.argmax(sums[:, 1] > 0))
print("first gradient:", gradients[0].round(3))
print("second-layer neuron fires from step", awake)

# %% tags=["guard"]
with chapter.guard("the neuron in layer 2 comes back, the one in layer 1 never does"):
    assert awake > 0 and np.ptp(sums[:, 0]) == 0
    assert (np.array(gradients)[:, 1] == 0).all()

# %% tags=["drawing"]
# Draws Figure 01a-c.
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
    "01a-c",
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
# of the others. One wrong label can steer a batch: [chapter 02](02_data.ipynb) looks for
# those.
#
# **Cross entropy** compares two distributions, $H(p, q) = -\sum_i p_i \log q_i$. Two
# networks choose the right class of three. Both are "correct"; only one is sure.


# %%
def cross_entropy(p, q):
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
for slope, loss in (
    (by_mse, lambda s: (1 - tf.sigmoid(s)) ** 2),
    (by_entropy, lambda s: -tf.math.log(tf.sigmoid(s))),
):
    np.testing.assert_allclose(slope, autodiff(loss, s), atol=1e-12)
print(f"at s = -8: MSE {by_mse[0]:.4f}, cross entropy {by_entropy[0]:.4f}")

# %% tags=["drawing"]
# Draws Figure 01a-d.
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
    "01a-d",
    "Squaring weighs large errors; a sigmoid with MSE gets no gradient at its worst.",
    alt="Left: a parabola against a V. Right: the gradient of MSE goes to 0 for very "
    "negative sums, where the answer is most wrong; that of cross entropy goes "
    "to -1.",
)

# %% [markdown]
# ## What you saw
#
# - One neuron draws one line. It learns separable clouds and can never do XOR; a hidden
#   layer of two can.
# - Derivatives from Table 2.1 hold, except at the corner of ReLU: libraries use 0.
# - A dead ReLU returns only if the layer before it learns; in the first it cannot.
# - Squared error lets one bad point speak for many. For classes, cross entropy pulls
#   where the answer is most wrong, and MSE does not.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. NAND by hand** (easy). Find two weights and a bias so that a neuron with a step gives 0 for (1, 1)
# and 1 for the three other cases.

# %% tags=["answer"]
answer_1 = ...  # three numbers: w1, w2, b

# %% tags=["check"]
@chapter.check("three numbers w1, w2, b", "draw the four corners, and the line between 0 and 1")
def check_1(answer):
    """Whether a neuron with these weights is NAND."""
    found = step(xor_extended @ np.asarray(answer, float)).tolist()
    if found == [0, 0, 0, 1]:
        return "that is AND; which side of the line is 1?"
    if found == [1, 0, 0, 0]:
        return "that is NOR: the line is too close to (0, 0)"
    return found == [1, 1, 1, 0]


check_1(answer_1)

# %% tags=["solution"]
answer_1 = (-1, -1, 1.5)
check_1(answer_1)
# Any line with (1, 1) alone on its 0 side. From NANDs, in layers, one builds any logical function.

# %% [markdown]
# **2. One curve in two dresses** (medium). [Figure 2.3](#figure-2.3) shows two S-shaped curves. Find `a`,
# `b` and `c` so that $\tanh x = a\,\sigma(b\,x) + c$ for every $x$, with $\sigma$ the sigmoid. How many
# times as steep is tanh at 0, then?

# %% tags=["answer"]
answer_2 = ...  # four numbers: a, b, c, times as steep

# %% tags=["check"]
@chapter.check("four numbers a, b, c, times", "where must it begin and end? how wide is it?")
def check_2(answer):
    """The stretched sigmoid against tanh, and the slopes of both at 0."""
    a, b, c, times = answer
    right = autodiff(tf.tanh, [0.0]) / autodiff(tf.sigmoid, [0.0])
    same = np.allclose(a * sigmoid(b * wide) + c, np.tanh(wide))
    if same and not np.isclose(times, right[0]):
        return "the curve is right; both a and b change the slope"
    return bool(same)


check_2(answer_2)

# %% tags=["solution"]
answer_2 = (2, 2, -1, 4)
check_2(answer_2)
# Twice as high, half as wide: 4 times as steep. A layer of tanh passes on more of a slope.

# %% [markdown]
# **3. The best constant** (easy). Five people mark the same mouth corner; the last one slips. A network
# that always sees this picture can only answer one number. Which has the lowest mean squared error, and
# which the lowest mean absolute error?

# %%
marks = np.array([30.0, 31.0, 31.0, 32.0, 66.0])  # px

# %% tags=["answer"]
answer_3 = ...  # two numbers in px: by squared error, by absolute error

# %% tags=["check"]
@chapter.check("two numbers in px", "try constants between 30 and 66, and compute both losses")
def check_3(answer):
    """The constants with the lowest losses, by trying them all."""
    every = np.linspace(0, 96, 9601)[:, np.newaxis]
    best = [every[loss(marks - every).mean(axis=1).argmin(), 0] for loss in (np.square, abs)]
    if np.allclose(answer, best[::-1], atol=0.05):
        return "the other way round: which loss minds the slip more?"
    return len(answer) == 2 and bool(np.allclose(answer, best, atol=0.05))


check_3(answer_3)

# %% tags=["solution"]
answer_3 = (np.mean(marks), np.median(marks))
check_3(answer_3)
careful = np.where(marks > 60, 31, marks)
print(f"without the slip: mean {np.mean(careful):g}, median {np.median(careful):g}")
# Squared error asks for the mean, absolute error for the median. One slip moves only the mean.

# %% [markdown]
# **4. No bend** (medium). Change a network: take the tanh out of the hidden layer of `mlp`
# (`activation=None`) and train it on XOR as above. Predict the four answers first. Then train, or reason.

# %% tags=["answer"]
answer_4 = ...  # four numbers: what it comes close to for (0, 0), (0, 1), (1, 0), (1, 1)

# %% tags=["check"]
@chapter.check("four numbers", "two weighted sums in a row are one weighted sum")
def check_4(answer):
    """The answers of the best single neuron with a sigmoid on XOR."""
    best = np.zeros(3)  # Newton's method on the cross entropy, which is a bowl
    for _ in range(20):
        f = sigmoid(xor_extended @ best)
        slope = xor_extended.T @ (f - xor_labels)
        best -= np.linalg.solve(xor_extended.T * (f * (1 - f)) @ xor_extended, slope)
    right = sigmoid(xor_extended @ best)
    if np.allclose(answer, xor_labels, atol=0.2):
        return "that is XOR itself; how many lines can this network draw?"
    return np.shape(answer) == (4,) and bool(np.allclose(answer, right, atol=0.1))


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
keras.utils.set_random_seed(SEED)
straight = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8)])
straight.add(keras.layers.Dense(1, activation="sigmoid"))
straight.compile(keras.optimizers.Adam(0.02), loss="binary_crossentropy")
straight.fit(np.tile(copies_x, (3, 1)), np.tile(copies_y, 3), 4, shuffle=False, verbose=0)
print(keras.ops.convert_to_numpy(straight(xor_points))[:, 0].round(2))
answer_4 = (0.5, 0.5, 0.5, 0.5)
check_4(answer_4)
# More layers without a bend are one neuron, whose best answer to XOR is to shrug.

# %% [markdown]
# **5. A row for Table 2.1** (medium). The **softplus** $\ln(1 + e^x)$ is a ReLU without a corner. Write it
# and its derivative for numpy arrays. Predict the derivative at 0. It must also hold at $x = 1000$, where
# the formula for tanh broke.

# %% tags=["answer"]
answer_5 = ...  # two functions of x: softplus, its derivative

# %% tags=["check"]
@chapter.check("two functions of an array", "np.logaddexp(0, x); which function is its slope?")
def check_5(answer):
    """Softplus and its derivative against TensorFlow, at moderate and at huge sums."""
    function, derivative = answer
    places = np.append(chosen, [0.0, 30.0])
    if not np.allclose(function(places), tf.nn.softplus(places).numpy()):
        return "the function is not softplus yet"
    if not np.allclose(derivative(places), autodiff(tf.nn.softplus, places)):
        return "the function is right; its derivative is one of this chapter's other functions"
    with np.errstate(all="ignore"):
        far = function(np.array([1000.0]))
    return bool(np.allclose(far, 1000)) or "at 1000 it overflows: np.logaddexp does not"


check_5(answer_5)

# %% tags=["solution"]
answer_5 = (lambda x: np.logaddexp(0, x), sigmoid)
check_5(answer_5)
# Its slope is the sigmoid, 0.5 at 0. Nothing dies for good, but far below 0 nearly nothing moves.

# %% [markdown]
# **6. Your figure** (medium). Change the loss. **Huber**'s is $e^2/2$ for errors up to 1 px, and
# $|e| - 1/2$ beyond. Complete three lines for the `candidates` and the five `marks` of [exercise 3](#Exercises). Predict whether its
# lowest point lies nearer to that of the squared or of the absolute error. Compare with
# [Figure 01a-d](#figure-01a-d).

# %%
candidates = np.linspace(20, 70, 501)  # px

# %% tags=["answer"]
huber = ...  # the mean Huber loss of each of candidates, (501,)
lowest = ...  # the candidate with the lowest
caption = ...  # what the line is
answer_6 = (huber, lowest, caption)

# %% tags=["check"]
@chapter.check("the three lines completed", "np.where(abs(e) <= 1, ..., ...), then a mean")
def check_6(answer):
    """Three losses of a constant, each over its largest; the third against Keras."""
    values, place, name = answer
    far = candidates[:, np.newaxis] - marks
    lines = {"squared": (far**2).mean(axis=1), "absolute": abs(far).mean(axis=1), name: values}
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for (label, line), colour in zip(lines.items(), ("blue", "green", "red")):
        axes.plot(candidates, line / np.max(line), color=COLOURS[colour], label=str(label))
    axes.axvline(place, color=COLOURS["red"], ls=":", lw=1)
    axes.set(xlabel="constant answer (px)", ylabel="loss, largest = 1")
    axes.legend()
    chapter.figure(figure, "Your figure", "Which constant each loss asks for.", private=True,
                   alt="Three losses over constant answers; a dotted line at your lowest.")
    right = [float(keras.losses.Huber(1.0)(marks, np.full(5, c))) for c in candidates[::50]]
    if not np.allclose(values[::50], right, rtol=1e-4):
        return "the loss is not Huber's yet"
    return bool(np.isclose(place, candidates[np.argmin(values)], atol=0.06))


check_6(answer_6)

# %% tags=["solution"]
off = abs(candidates[:, np.newaxis] - marks)
huber = np.where(off <= 1, off**2 / 2, off - 0.5).mean(axis=1)
lowest = candidates[huber.argmin()]
caption = "Huber"
answer_6 = (huber, lowest, caption)
check_6(answer_6)
# It stands by the median, and has a slope that fades near it: robust and smooth.

# %% [markdown]
# **7. How long does it learn?** (open) Change the data: make clouds as in section 2 with gaps of 0.3,
# 0.1 and 0.01, five seeds each, and count all corrections. Predict: a tenth of the gap, how many times the
# corrections? Compare with Novikoff's limit, in a figure with two logarithmic axes.

# %% [markdown] tags=["solution"]
# **Rubric.** One point for clouds that differ in nothing but gap and seed. One for a figure with
# the spread over seeds. One for the limit in it. One for saying what a limit promises: no more than that,
# and perhaps far less. **Expected**: corrections grow from 2 to 6 at gap 0.3 to 40 to 80 at gap 0.01, while the
# limit grows a thousandfold. It is a worst case, over all clouds with that gap; 200 points are kinder.
