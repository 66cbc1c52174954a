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
# # 01c Convolution, dropout and deep networks
#
# Pictures need layers that look at small windows, and deep networks need care to learn at
# all. You build convolution, pooling and dropout by hand, and then watch deep networks
# start, or refuse to.
#
# **You can afterwards**
# - write a kernel by hand, and compute what it answers, at the rim too (exercises 1, 3 and 6, question 1);
# - compute how much of the picture a number sees (exercise 2);
# - tell what max-pooling keeps and what it forgets (question 2);
# - compute what dropout does to single outputs and to their mean (exercise 4, question 3);
# - tell why deep sigmoid networks refuse to start, and what a larger start costs (exercises 5 and 7, question 4).
#
# **Needs** [chapter 01a](01a_neurons.ipynb) and [chapter 01b](01b_learning.ipynb).
# **Takes** about 105 minutes to study, and half a minute of two cores (profile *quick*).
# **Figures** 2.4 to 2.6, 01c-a to 01c-g.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import itertools
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from fkd_utils import data, plotting

chapter = plotting.Chapter("01c", PROFILE, DATA, SEED)


# %% tags=["drawing"]
# Helpers for drawings.
COLOURS = plotting.COLOURS


def canvas(width, height):
    """An empty drawing, about one unit an inch."""
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set_axis_off()
    return figure, axes


def wire(axes, start, end, gap=0.05, lw=1.2):
    """An arrow that keeps `gap` from its start and its end."""
    start, end = np.array(start, float), np.array(end, float)
    keep = gap * (end - start) / np.linalg.norm(end - start)
    arrow = {"arrowstyle": "-|>", "color": COLOURS["grey"], "lw": lw}
    axes.annotate("", end - keep, start + keep, arrowprops=arrow | dict(shrinkA=0, shrinkB=0))


# %% tags=["drawing"]
# More helpers for drawings.
def draw_grid(axes, values, left, top, tints, cell=0.42):
    """Numbers in squares; `tints`: a colour for each (row, column) that has one."""
    for (row, column), value in np.ndenumerate(values):
        x, y = left + cell * column, top - cell * (row + 1)
        tint = tints.get((row, column), "white")
        axes.add_patch(plt.Rectangle((x, y), cell, cell, fc=tint, ec="#888888", lw=0.9))
        axes.text(x + cell / 2, y + cell / 2, f"{value:g}", ha="center", va="center")


def frame(axes, left, top, row, column, size, colour, cell=0.42):
    """A thick line around size by size squares of a grid."""
    corner = (left + cell * column, top - cell * (row + size))
    style = dict(fill=False, ec=COLOURS[colour], lw=2.4, zorder=4)
    axes.add_patch(plt.Rectangle(corner, cell * size, cell * size, **style))


# %% [markdown]
# ## 1. Convolution
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
def convolve(picture, kernel, stride):
    """Slide without padding; (h, w) and (k, k) give (rows, columns)."""
    size = len(kernel)
    tops = range(0, picture.shape[0] - size + 1, stride)
    lefts = range(0, picture.shape[1] - size + 1, stride)
    windows = [[picture[t : t + size, s : s + size] for s in lefts] for t in tops]
    return (np.array(windows) * kernel).sum(axis=(2, 3))


def keras_convolve(picture, kernel, stride=1, padding="valid"):
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
print("as Keras:", (small == keras_convolve(picture, kernel, stride=2)).all())
small

# %% tags=["drawing"]
# Draws Figure 2.5.
figure, axes = canvas(8.4, 3.5)
draw_grid(axes, picture, 0.2, 3.3, {})
draw_grid(axes, kernel, 4.0, 2.46, dict.fromkeys(np.ndindex(3, 3), "#F3F3F3"))
draw_grid(axes, small, 6.7, 2.46, {(0, 0): "#DCEAF4", (1, 2): "#FBE9CF"})
for row, column, colour in ((0, 0, "blue"), (1, 2, "orange")):
    frame(axes, 0.2, 3.3, 2 * row, 2 * column, 3, colour)
    frame(axes, 6.7, 2.46, row, column, 1, colour)
wire(axes, (3.2, 1.83), (3.95, 1.83))
wire(axes, (5.35, 1.83), (6.6, 1.83))
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
face = people.images[36] / 255  # one that nothing hides
kernels = {
    "blur": np.full((5, 5), 1 / 25),
    "vertical edges": kernel,
    "horizontal edges": kernel.T,
}
maps = {name: keras_convolve(face, k) for name, k in kernels.items()}
print({name: map_.shape for name, map_ in maps.items()})

# %% tags=["drawing"]
# Draws Figure 01c-a.
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.7))
for axes, (name, map_) in zip(grid, ({"face": face} | maps).items()):
    low, high = (-2, 2) if "edges" in name else (0, 1)
    axes.imshow(map_, cmap="gray", vmin=low, vmax=high)
    axes.set_title(f"{name}, {map_.shape[0]} × {map_.shape[1]}")
    axes.set_axis_off()
chapter.figure(
    figure,
    "01c-a",
    "A face and what three kernels make of it. Grey is 0 in the edge maps.",
    alt="A face; the same blurred; a map where the sides of the face and nose stand "
    "out in black and white; and a map where brows, eyes and mouth stand out.",
)

# %% [markdown]
# The lines that matter for keypoints (brows, lids, lips) are mostly horizontal edges. A
# network has to find such kernels by itself; [chapter 15b](15b_dense_landmarks.ipynb) draws
# those it learned.
#
# The thesis says that the position of a feature "is not that important", only whether
# it is there. That is so for saying **what** is in a picture. You want to know
# **where** it is, and a convolution keeps that: shift the face by 3 pixels and the map
# shifts by 3. This is called **equivariance**.

# %%
shifted = np.roll(face, 3, axis=1)
map_before, map_after = maps["vertical edges"], keras_convolve(shifted, kernel)
np.testing.assert_allclose(map_after[:, 3:], map_before[:, :-3], atol=1e-6)

# %% [markdown]
# ### How large is the output?
#
# With padding "valid" the window stays inside: $\lfloor (n-k)/s \rfloor + 1$. With
# "same" zeros are put around the picture so that stride 1 keeps the size: $\lceil n/s
# \rceil$.


# %%
def output_side(side, kernel, stride, padding):
    if padding == "same":
        return -(-side // stride)  # rounded up
    return (side - kernel) // stride + 1


rows = []
for padding in ("valid", "same"):
    for size, stride in ((3, 1), (3, 2), (4, 2), (5, 1), (5, 2)):
        side = output_side(96, size, stride, padding)
        map_ = keras_convolve(face, np.ones((size, size)), stride, padding)
        assert map_.shape == (side, side)
        rows.append(dict(padding=padding, kernel=size, stride=stride, output=side))
pd.DataFrame(rows).pivot(index=["kernel", "stride"], columns="padding", values="output")

# %% [markdown]
# Zeros around the picture have a price. Here the face is made very small, 12 pixels a side, and the kernel is
# the one for horizontal edges. **Predict** where in the map the largest numbers will be. Then move the
# window, or press Play.

# %% tags=["drawing"]
tiny = face.reshape(12, 8, 12, 8).mean(axis=(1, 3)).round(1)
rimmed = np.pad(tiny, 1)
edges_there = keras_convolve(tiny, kernel.T, padding="same")


def stop_figure(number):
    """The window at one stop, its nine products, and the map filled so far."""
    row, column = divmod(number, 12)
    picture, (one, two, three) = plt.subplots(1, 3, figsize=(6.4, 3.2))
    one.imshow(rimmed, vmin=0, vmax=1, cmap="gray")
    one.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 3, 3, fill=False, lw=2,
                                ec=COLOURS["red"]))
    one.set_title("face with zeros around", fontsize=9)
    window = rimmed[row : row + 3, column : column + 3]
    for (i, j), value in np.ndenumerate(window):
        two.text(j, 2 - i, f"{value:.1f} × {kernel.T[i, j]}", ha="center", va="center", fontsize=8)
    two.set(xlim=(-0.6, 2.6), ylim=(-1.2, 3.2))
    two.text(1, -0.8, f"sum {(window * kernel.T).sum():+.1f}", ha="center", color=COLOURS["red"])
    shown = np.where(np.arange(144).reshape(12, 12) <= number, edges_there, np.nan)
    three.imshow(shown, vmin=-3, vmax=3, cmap="gray")
    three.set(title="map, grey is 0", xlim=(-0.5, 11.5), ylim=(11.5, -0.5))
    three.title.set_fontsize(9)
    two.set_axis_off()
    for axes in (one, three):
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    return picture


# %% tags=["drawing"]
window_stops = [*range(12), *range(15, 143, 8), 143]
chapter.explore(
    map(stop_figure, window_stops),
    [f"row {k // 12 + 1}, column {k % 12 + 1}" for k in window_stops],
    "01c-f",
    "Multiply and add: a kernel of 3 × 3 slides over a face of 12 × 12 with zeros around it.",
    alt="Left a coarse face inside a black rim, with a red window of 3 by 3; in the middle nine "
    "products and their sum; right the map, filled up to the window. The strongest numbers lie in "
    "the first and the last row, where the window stands on the rim.",
    start=len(window_stops) - 3,
)

# %% [markdown]
# The strongest edges are none of the face's. They lie in the first and in the last row, where the
# picture ends and zeros begin. Every
# layer with padding "same" sees that frame. It also tells the network where the picture ends.
#
# Few weights is the other gain. Take one filter whose output is as large as the face,
# and compare it with as many fully connected neurons:

# %%
pixels = 96 * 96
print(f"{pixels:,} neurons, fully connected: {pixels * pixels + pixels:,} parameters")
print(f"one 5 x 5 filter: {5 * 5 + 1}")

# %% [markdown]
# ## 2. Max-pooling
#
# Cut the picture into 2 × 2 squares and keep the largest number of each. In numpy:
# split both axes in two and take the maximum over the short ones.


# %%
def max_pool(picture):
    """(h, w) to (h / 2, w / 2)."""
    rows, columns = picture.shape
    return picture.reshape(rows // 2, 2, columns // 2, 2).max(axis=(1, 3))


numbers = np.array([[1, 2, 2, 1], [3, 5, 4, 1], [3, 0, 2, 4], [7, 1, 8, 0]])
pooled = max_pool(numbers)
by_keras = keras.ops.max_pool(np.float32(numbers)[None, ..., None], 2)
print("as Keras:", (pooled == keras.ops.convert_to_numpy(by_keras)[0, ..., 0]).all())
pooled

# %% tags=["drawing"]
# Draws Figure 2.6.
figure, axes = canvas(5.2, 2.5)
tints = ("#DCEAF4", "#FBE9CF", "#D7EFE6", "#F6E3EC")
quarters = {(r, c): tints[2 * (r // 2) + c // 2] for r, c in np.ndindex(4, 4)}
draw_grid(axes, numbers, 0.3, 2.3, quarters, 0.5)
draw_grid(axes, pooled, 3.8, 1.8, dict(zip(np.ndindex(2, 2), tints)), 0.5)
for row, column in ((1, 1), (1, 2), (3, 0), (3, 2)):
    frame(axes, 0.3, 2.3, row, column, 1, "black", cell=0.5)
wire(axes, (2.4, 1.3), (3.7, 1.3))
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
    pooled_sum = tf.reduce_sum(tf.nn.max_pool2d(variable, 2, 2, "VALID"))
print(tape.gradient(pooled_sum, variable).numpy()[0, ..., 0].astype(int))

# %% tags=["drawing"]
# Draws Figure 01c-b.
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
    "01c-b",
    "A face max-pooled once, twice and three times.",
    alt="The face at 96, 48, 24 and 12 pixels a side. It gets coarser and brighter; "
    "thin dark features vanish first, and at 12 pixels no feature is left.",
)

# %% [markdown]
# On raw pixels, the maximum eats what is dark and thin: lips, lids, brows. In a network
# pooling comes after a convolution, and there a large number means "feature found".
#
# Where in its square was the maximum? Pooling forgets. After three pools one number
# stands for 8 × 8 pixels. **Predict** what the pooled map does when the face moves to the right, pixel by
# pixel. Then move it.

# %% tags=["drawing"]
def edges_of(image, pools):
    """Strength of vertical edges, max-pooled some times."""
    strength = abs(keras_convolve(image, kernel, padding="same"))
    for _ in range(pools):
        strength = max_pool(strength)
    return strength


def moved_by(by):
    """The face moved to the right; the columns that come in repeat the edge."""
    return np.concatenate([np.repeat(face[:, :1], by, axis=1), face[:, : 96 - by]], axis=1)


pushes = range(17)
changes = {
    pools: [100 * np.linalg.norm(edges_of(moved_by(by), pools) - edges_of(face, pools))
            / np.linalg.norm(edges_of(face, pools)) for by in pushes]
    for pools in (0, 3)
}

# %% tags=["drawing"]
def push_figure(by):
    """The moved face, its pooled edges, and by how much map and pooled map have changed."""
    picture, (one, two, three) = plt.subplots(1, 3, figsize=(6.4, 3.2), width_ratios=[3, 3, 4])
    one.imshow(moved_by(by), cmap="gray", vmin=0, vmax=1)
    two.imshow(edges_of(moved_by(by), 3), cmap="gray", vmin=0, vmax=edges_of(face, 3).max())
    one.set_title(f"moved by {by} px", fontsize=9)
    two.set_title("edges, 3 pools", fontsize=9)
    for axes in (one, two):
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    for (pools, values), colour in zip(changes.items(), ("red", "blue")):
        three.plot(pushes, values, color=COLOURS[colour], label=f"{pools} pools")
        three.plot(by, values[by], "o", color=COLOURS[colour])
    three.set(xlabel="moved by (px)", ylim=(0, None))
    three.set_title("change of the map, %", fontsize=9)
    three.legend(fontsize=8, loc="lower right")
    return picture


chapter.explore(
    map(push_figure, pushes),
    [f"{by} pixels to the right" for by in pushes],
    "01c-g",
    "A face that moves, its edges after three pools, and the change without and with pools.",
    alt="Left the face moves to the right; in the middle a map of 12 by 12 cells that follows in "
    "jumps; right two curves of the change: without pools it is large from the first pixel on, "
    "with three pools it grows slowly over eight pixels.",
    start=3,
)

# %% [markdown]
# Without pools the map is another one after two pixels. With three pools it takes several pixels until
# most cells have changed. That is what pooling is for, when the question is *what*. When it is *where*, the
# same curve says how much is lost. Chapters [05](05_strided_cnn.ipynb) and
# [06](06_pooled_cnn.ipynb) show what that costs, and what it brings.
#
# ## 3. Dropout
#
# In every training step, dropout removes each neuron of a layer with some probability,
# together with all its connections.

# %% tags=["drawing"]
# Draws Figure 2.4.
figure, axes = canvas(9.2, 3.8)
layer_styles = (("blue", "input"), ("orange", "hidden"), ("red", "output"))
for left, dropped in ((0.6, ()), (5.2, ((1, 1), (1, 4)))):
    places = {
        (k, i): (left + 1.7 * k, 1.9 + 0.76 * ((n - 1) / 2 - i))
        for k, n in enumerate((3, 5, 2))
        for i in range(n)
    }
    for one, two in itertools.product(places, places):
        if two[0] == one[0] + 1 and not {one, two} & set(dropped):
            wire(axes, places[one], places[two], 0.26, lw=0.8)
    for key, (x, y) in places.items():
        colour = COLOURS[layer_styles[key[0]][0]]
        style = dict(ls=(0, (2, 2)), ec="#999999") if key in dropped else dict(ec=colour)
        axes.add_patch(plt.Circle((x, y), 0.26, fc="white", lw=1.6, zorder=3, **style))
        axes.text(x, y, "×" * (key in dropped), ha="center", va="center", zorder=4)
    for k, (_, name) in enumerate(layer_styles):
        look = dict(ha="center", va="top", fontsize=9)
        axes.text(left + 1.7 * k, -0.05, f"{name}\nlayer", **look)
title = "A network, and the same after dropout of two hidden neurons."
alt = (
    "Left: three inputs, five hidden neurons, two outputs, fully connected. "
    "Right: two of the hidden neurons are crossed out and have no connections."
)
chapter.figure(figure, "2.4", title, alt)

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
masks = np.random.default_rng(SEED).random((100_000, 4)) >= 0.25
average = (values * masks / 0.75).mean(axis=0)
print("mean over 100,000 masks:", average.round(2))

# %% tags=["guard"]
with chapter.guard("on average dropout leaves each output as it is"):
    assert np.allclose(average, values, atol=0.05)

# %% [markdown]
# Four neurons make $2^4 = 16$ networks. Weigh each by its probability, and for a layer
# that feeds a plain sum the mean is exact. Put a ReLU behind the sum and it is not:
# "averaging many networks" is an approximation.


# %%
def relu(x):
    return np.maximum(x, 0)


every_mask = np.array(list(np.ndindex(2, 2, 2, 2)))
chance = np.prod(np.where(every_mask, 0.75, 0.25), axis=1)
sums = (values * every_mask / 0.75).sum(axis=1)
print("sum:", values.sum(), " mean over 16 networks:", (chance @ sums).round(6))
print("after ReLU:", relu(values.sum()), " mean:", (chance @ relu(sums)).round(3))

# %% [markdown]
# **Less work?** The thesis says that dropout makes fewer weight updates and so a
# shorter epoch. A weight goes without an update only if its neuron is dropped for every
# example of the batch: $0.25^{64}$ for a batch of 64, which is never. Count the steps
# and take the time.


# %%
def wide_network(rate):
    """Layers 256-512-512-30 with dropout behind each hidden one."""
    layers = [keras.Input((256,))]
    for _ in range(2):
        layers += [keras.layers.Dense(512, "relu"), keras.layers.Dropout(rate)]
    model = keras.Sequential([*layers, keras.layers.Dense(30)])
    model.compile("sgd", "mse")
    return model


# %% tags=["nbval-ignore-output"]
steps = chapter.pick(smoke=5, quick=100, paper=1000)
rng = np.random.default_rng(SEED)
batch_x, batch_y = rng.normal(size=(64, 256)), rng.normal(size=(64, 30))
updates = {}
for rate in (0.0, 0.25):
    wide = wide_network(rate)
    wide.train_on_batch(batch_x, batch_y)  # the first call compiles
    before, begin = wide.layers[0].get_weights()[0], time.perf_counter()
    for _ in range(steps):
        wide.train_on_batch(batch_x, batch_y)
    took = 1e3 * (time.perf_counter() - begin) / steps
    moved = (wide.layers[0].get_weights()[0] != before).mean()
    updates[rate] = int(wide.optimizer.iterations)
    print(f"rate {rate}: {took:.1f} ms a step, {updates[rate]} steps, {moved:.0%} moved")

# %% tags=["guard"]
with chapter.guard("as many updates with dropout, and the weights change"):
    assert updates[0.0] == updates[0.25] and moved > 0.9

# %% [markdown]
# As many updates, all weights change, and a step takes about as long: the matrices are
# multiplied in full, zeros and all. That dropout needs more epochs is real; that an
# epoch becomes cheaper is not.

# %% [markdown]
# ## 4. Why deep sigmoid networks refuse to start
#
# One of the five studies of this course, CASCADE ([chapter 14](14_cascade.ipynb)), reports
# after Glorot and Bengio (2010) that in a network of four sigmoid layers the last hidden
# layer soon saturates at 0, and escapes only after a hundred epochs. (With a fifth layer, their own paper
# adds, it never escaped.) Test that on faces:
# five hidden layers of 100 neurons, faces shrunk to 24 × 24, 30 coordinates to predict.

# %%
count = chapter.pick(smoke=100, quick=600, paper=2000)
some = people.take(np.arange(min(count, len(people))))
x = data.to_inputs(some.images).reshape(-1, 24, 4, 24, 4).mean(axis=(2, 4))
x = x.reshape(-1, 576)
y = data.to_targets(some.keypoints)

# %% [markdown]
# Two ways to choose the first weights, both uniform between $-h$ and $h$. The
# "standard" one of the time: $h = 1/\sqrt{n_{in}}$. Glorot's: $h = \sqrt{6/(n_{in} +
# n_{out})}$, larger by a factor of 1.7 for equal layers. It is Keras's default.


# %%
def start_weights(kind):
    """A rule for the first weights; a rule used twice would give the same weights twice."""
    if kind == "standard":
        return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
    return keras.initializers.GlorotUniform()


def deep_network(activation, start="Glorot"):
    """Layers 576-100-100-100-100-100-30."""
    keras.utils.set_random_seed(SEED)
    layers = [keras.Input((576,))]
    for _ in range(5):
        layers.append(keras.layers.Dense(100, activation, True, start_weights(start)))
    return keras.Sequential([*layers, keras.layers.Dense(30, None, True, start_weights(start))])


def hidden_outputs(model):
    """What each hidden layer answers to the faces, (n, 100) each."""
    outputs = [x]
    for layer in model.layers[:-1]:
        outputs.append(keras.ops.convert_to_numpy(layer(outputs[-1])))
    return outputs[1:]


# %% [markdown]
# **Spread** below is the standard deviation of a neuron's output over the faces,
# averaged over the layer. A layer with spread 0 says the same for every face. Predict:
# what does each kind of layer do to the spread?


# %%
def spreads(outputs):
    """The spread of each layer."""
    return [float(layer.std(axis=0).mean()) for layer in outputs]


ACTIVATIONS = ("sigmoid", "tanh", "relu")
spread, slopes = {}, {}
for name, start in itertools.product(ACTIVATIONS, ("standard", "Glorot")):
    model = deep_network(name, start)
    spread[name, start] = spreads(hidden_outputs(model))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    gradients = tape.gradient(loss, [layer.kernel for layer in model.layers[:-1]])
    slopes[name, start] = [float(np.sqrt(np.mean(g**2))) for g in gradients]

# %% tags=["nbval-ignore-output"]
pd.DataFrame(spread, index=[f"layer {k}" for k in range(1, 6)]).T.round(4)

# %% tags=["drawing", "nbval-ignore-output"]
# Draws Figure 01c-c.
figure, grid = plt.subplots(1, 2, figsize=(9.2, 3.5), sharex=True)
looks = {
    "sigmoid": ("sigmoid", "blue", "o"),
    "tanh": ("tanh", "green", "s"),
    "relu": ("ReLU", "red", "^"),
}
for (name, start), by_layer in spread.items():
    label, colour, marker = looks[name]
    style = dict(color=COLOURS[colour], marker=marker, ms=5)
    style["ls"] = "-" if start == "Glorot" else "--"
    grid[0].plot(range(1, 6), by_layer, label=f"{label}, {start}", **style)
    grid[1].plot(range(1, 6), slopes[name, start], **style)
grid[0].set(yscale="log", xlabel="hidden layer", ylabel="spread over faces")
grid[1].set(yscale="log", xlabel="hidden layer", ylabel="gradient of weights (RMS)")
grid[0].set_xticks(range(1, 6))
figure.legend(*grid[0].get_legend_handles_labels(), loc="outside right center")
chapter.figure(
    figure,
    "01c-c",
    "Before training: what each layer tells about the face, and the gradient it gets.",
    alt="Spread falls four times or more with each sigmoid layer and slowly for tanh "
    "and ReLU with Glorot's start; the gradient of the first sigmoid layer is "
    "hundreds of times smaller than that of the last, while tanh and ReLU get "
    "nearly equal ones.",
)

# %% tags=["guard"]
with chapter.guard("spread vanishes in sigmoid layers, not in tanh; Glorot's start keeps more"):
    assert spread["sigmoid", "Glorot"][4] < 0.02 * spread["sigmoid", "Glorot"][0]
    assert spread["tanh", "Glorot"][4] > 0.2 * spread["tanh", "Glorot"][0]
    assert all(spread[n, "Glorot"][4] > spread[n, "standard"][4] for n in ACTIVATIONS)

# %% [markdown]
# Each sigmoid layer multiplies differences by a quarter at most, times its weights.
# After five layers every face looks alike, and the gradient has the same way back.
#
# Now train, from Glorot's start.


# %%
def saturated(outputs):
    """The share of the last hidden layer's outputs within 0.05 of 0 or of 1."""
    return float((abs(outputs[-1] - 0.5) > 0.45).mean())


def train(activation, target, epochs):
    """A trained network, and the MSE and the spreads after each epoch."""
    model, shuffle, history = deep_network(activation), np.random.default_rng(SEED), []
    model.compile(keras.optimizers.Adam(0.001), "mse")
    for _ in range(epochs):
        for rows in np.array_split(shuffle.permutation(len(x)), -(-len(x) // 50)):
            model.train_on_batch(x[rows], target[rows])
        outputs = hidden_outputs(model)
        answers = keras.ops.convert_to_numpy(model.layers[-1](outputs[-1]))
        history.append((float(((answers - target) ** 2).mean()), spreads(outputs)))
    return model, history


# %% tags=["nbval-ignore-output"]
epochs = chapter.pick(smoke=10, quick=100, paper=400)
mean_mse = float(y.var(axis=0).mean())
trained = {name: train(name, y, epochs) for name in ACTIVATIONS}
last_mse = {name: history[-1][0] for name, (_, history) in trained.items()}
print(f"mean face: {mean_mse:.5f}")
print({name: round(mse, 5) for name, mse in last_mse.items()})

# %% tags=["guard"]
with chapter.guard("ReLU leaves the mean face far behind, and sigmoid too", quick=True):
    assert last_mse["relu"] < 0.6 * mean_mse and last_mse["relu"] < last_mse["sigmoid"]

# %% tags=["drawing", "nbval-ignore-output"]
# Draws Figure 01c-d.
figure, grid = plt.subplots(1, 2, figsize=(9.4, 3.5))
number = np.arange(1, epochs + 1)
for name, (_, history) in trained.items():
    losses, (label, colour, _) = [mse for mse, _ in history], looks[name]
    grid[0].plot(number, losses, color=COLOURS[colour], label=label)
grid[0].axhline(mean_mse, color=COLOURS["black"], lw=1.2, ls=":", label="mean face")
grid[0].set(yscale="log", xlabel="epoch", ylabel="training MSE", title="loss")
grid[0].legend()
shades = plt.cm.viridis(np.linspace(0, 0.85, 5))
by_layer = np.array([layers for _, layers in trained["sigmoid"][1]]).T
for k, (curve, shade) in enumerate(zip(by_layer, shades), start=1):
    grid[1].plot(number, curve, color=shade, label=f"layer {k}")
grid[1].set(yscale="log", xlabel="epoch", ylabel="spread over faces")
grid[1].set_title("sigmoid network")
grid[1].legend(loc="lower right", fontsize=8.5)
chapter.figure(
    figure,
    "01c-d",
    "The sigmoid network answers with the mean face until its layers begin to differ.",
    alt="Left: ReLU and tanh fall below the loss of the mean face early, sigmoid "
    "stays there for dozens of epochs. Right: the spread of the deep sigmoid "
    "layers lies near zero and rises when the loss begins to fall.",
)


# %% tags=["drawing", "nbval-ignore-output"]
# Helpers for drawings.
RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, 1.5)}


def outline(axes, values, bins, colour):
    """A histogram of the outputs that are not exactly 0."""
    share = np.full(values.size, 1 / values.size)[values.ravel() != 0]
    style = dict(bins=bins, weights=share, color=COLOURS[colour])
    values = np.clip(values[values != 0], bins[0], bins[-1])
    axes.hist(values, histtype="stepfilled", alpha=0.25, **style)
    axes.hist(values, histtype="step", lw=1.3, **style)


# %% tags=["drawing", "nbval-ignore-output"]
# Draws Figure 01c-e.
figure, grid = plt.subplots(3, 5, figsize=(9.6, 5.0))
for row, (name, (model, _)) in zip(grid, trained.items()):
    bins = np.linspace(*RANGES[name], 41)
    stages = zip(hidden_outputs(deep_network(name)), hidden_outputs(model))
    for axes, (first, second) in zip(row, stages):
        outline(axes, first, bins, "blue")
        outline(axes, second, bins, "orange")
        axes.set(yticks=[], xlim=RANGES[name])
        if name == "relu":
            zeros = f"zeros: {(first == 0).mean():.0%}, then {(second == 0).mean():.0%}"
            axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
            style = dict(transform=axes.transAxes, ha="right", fontsize=8.5)
            axes.text(0.97, 0.9, zeros, **style)
    row[0].set_ylabel(looks[name][0])
for k, axes in enumerate(grid[0], start=1):
    axes.set_title(f"layer {k}")
for colour, name in (("blue", "at the start"), ("orange", "after training")):
    grid[0, 0].plot([], [], color=COLOURS[colour], lw=5, alpha=0.5, label=name)
handles = grid[0, 0].get_legend_handles_labels()
figure.legend(*handles, loc="outside lower center", ncols=2)
title = "Outputs of each hidden layer over all faces, Glorot's start. Larger ones: at the edge."
alt = (
    "Three rows of five histograms. Sigmoid outputs lie in heaps around one half; "
    "after training those of layer 1 are spread out to 0 and 1. Tanh outputs are broad "
    "around 0 and pile up at -1 and 1, most in layer 1 after training. About half of the "
    "ReLU outputs are 0, or more."
)
chapter.figure(figure, "01c-e", title, alt)

# %% [markdown]
# The sigmoid network is stuck for dozens of epochs, but its last layer is **not**
# saturated: its outputs stay around 0.5, far from 0 and 1. It starves for another
# reason: the layers pass on too little. This is the **vanishing gradient**. Then it breaks out, as CASCADE
# says. What moves towards the ends is the first layer, not the last (Glorot and Bengio saw that, too, as
# the top layer recovered). ReLU never had the problem.
#
# But much differs here from their experiment: they had four such layers, the standard start, plain
# gradient descent, and classes to tell apart. Take over all but the classes.

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(SEED)
theirs = keras.Sequential([keras.Input((576,))])
for _ in range(4):
    theirs.add(keras.layers.Dense(100, "sigmoid", True, start_weights("standard")))
theirs.add(keras.layers.Dense(30, None, True, start_weights("standard")))
theirs.compile(keras.optimizers.SGD(0.3), "mse")
theirs.fit(x, y, 50, chapter.pick(smoke=5, quick=30, paper=1000), verbose=0)
last_layer = hidden_outputs(theirs)
print(f"MSE {theirs.evaluate(x, y, verbose=0):.5f}, mean face {mean_mse:.5f}")
print(f"last hidden layer: mean {last_layer[-1].mean():.2f}, saturated {saturated(last_layer):.0%}")

# %% [markdown]
# In this one run it stays with the mean face, and again nothing saturates. So with targets in [-1, 1] the fifth
# layer, the start and the optimiser hardly explain the difference. What is left is the task, and the size
# of its targets.
#
# So where is the saturation? CASCADE's section on normalisation warns that large
# targets cause it. Leave the targets in pixels, 0 to 96, and look at the last hidden
# layer.

# %% tags=["nbval-ignore-output"]
raw_epochs = chapter.pick(smoke=100, quick=15, paper=100)
raw, _ = train("sigmoid", 48 * (y + 1), raw_epochs)
in_pixels, normalised = (hidden_outputs(m) for m in (raw, trained["sigmoid"][0]))
at_ends, at_one = saturated(in_pixels), (in_pixels[-1] > 0.95).mean()
print(f"saturated, targets in pixels: {at_ends:.0%}")
print(f"of these at 1, not at 0: {at_one / at_ends:.0%}")
print(f"saturated, targets in [-1, 1]: {saturated(normalised):.0%}")

# %% tags=["guard"]
with chapter.guard("targets in pixels saturate nearly the whole layer, mostly at 1"):
    assert at_ends > 0.9 and saturated(normalised) < 0.1
    assert at_one > 0.8

# %% [markdown]
# There it is: the whole layer sits at its ends. Here the end is 1 for nearly all, not
# CASCADE's 0: the weighted sum has to reach 48, and nearly every neuron is pushed up for
# it. In Glorot and Bengio's classifiers the output did better without the layer, and
# pushed it to 0. The whole course uses what starts without such trouble: targets in
# [-1, 1], ReLU, and Glorot's start.

# %% [markdown]
# ## What you saw
#
# - Convolution shares few weights and keeps places, which is what keypoints need; pooling
#   blurs them. Padding draws a frame that is not there.
# - Dropout keeps the mean and saves no updates.
# - Deep sigmoid networks starve with normalised targets and saturate with raw ones.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Kernels by hand** (easy). Write a 3 × 3 kernel that leaves a picture as it is, and one that moves it one
# pixel to the left. (Padding "same"; the picture's rim does not count.)

# %% tags=["answer"]
answer_1 = ...  # two arrays (3, 3): same, left

# %% tags=["check"]
@chapter.check("two arrays (3, 3)", "nine weights, eight of them 0: which pixel is to be copied?")
def check_1(answer):
    """Whether each kernel does to the face what it should."""
    same, left = (keras_convolve(face, np.reshape(k, (3, 3)), padding="same") for k in answer)
    inner = np.s_[1:-1, 1:-1]
    if not np.allclose(same[inner], face[inner], atol=1e-5):
        return "the first one does not leave the picture as it is"
    if np.allclose(left[inner], np.roll(face, 1, axis=1)[inner], atol=1e-5):
        return "that one moves it to the right: each pixel takes the value of its left neighbour"
    return bool(np.allclose(left[inner], np.roll(face, -1, axis=1)[inner], atol=1e-5))


check_1(answer_1)

# %% tags=["solution"]
answer_1 = ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1], [0, 0, 0]])
check_1(answer_1)
# Each pixel takes the value of its right neighbour. Had the kernel been turned, the 1 were left.

# %% [markdown]
# **2. How far does it see?** (medium) One number behind two convolutions 3 × 3 with stride 1 depends on a
# square of how many pixels a side? Then change the network: put a 2 × 2 pooling between the two. That
# square is the **receptive field**.

# %% tags=["answer"]
answer_2 = ...  # two whole numbers: without and with the pooling

# %% tags=["check"]
@chapter.check("two whole numbers", "one step behind a pooling is two pixels before it")
def check_2(answer):
    """Counts the pixels that can change one number; means pool, as a maximum hides who can."""
    right = []
    for between in ([], [keras.layers.AveragePooling2D(2)]):
        both = [keras.layers.Conv2D(1, 3, kernel_initializer="ones") for _ in range(2)]
        stack = keras.Sequential([keras.Input((32, 32, 1)), both[0], *between, both[1]])
        with tf.GradientTape() as watch:
            zeros = tf.Variable(tf.zeros((1, 32, 32, 1)))
            middle = stack(zeros)[0, 6, 6, 0]
        right.append(int(watch.gradient(middle, zeros).numpy()[0, ..., 0].any(axis=0).sum()))
    if list(answer) == [6, right[1]]:
        return "the two windows share pixels"
    return list(answer) == right


check_2(answer_2)

# %% tags=["solution"]
answer_2 = (3 + 2, 3 + 1 + 2 * 2)
check_2(answer_2)
# Behind a pooling, steps are 2 pixels. Pools and strides let small kernels see far.

# %% [markdown]
# **3. A frame that is not there** (medium). Change the data: an even white picture, all ones, and padding "same".
# What does the kernel for vertical edges (`kernel`) answer in the top left corner, in the middle of the left
# edge, and inside? Predict the signs, then compute by hand.

# %% tags=["answer"]
answer_3 = ...  # three numbers: corner, left edge, inside

# %% tags=["check"]
@chapter.check("three numbers", "write zeros to the left of the picture and above it")
def check_3(answer):
    """The map of an even picture at three places, by Keras."""
    even = keras_convolve(np.ones((9, 9)), kernel, padding="same")
    right = [even[0, 0], even[4, 0], even[4, 4]]
    if len(answer) == 3 and np.allclose(np.negative(answer), right):
        return "the kernel is not turned round before it slides"
    if np.allclose(answer, [0, 0, 0]):
        return "that is so without padding; which of the nine weights meet a zero at the rim?"
    return len(answer) == 3 and bool(np.allclose(answer, right))


check_3(answer_3)

# %% tags=["solution"]
answer_3 = (-2 - 1, -1 - 2 - 1, 0)
check_3(answer_3)
# Zeros are black. To the kernel the rim is the strongest edge of all, in every picture.

# %% [markdown]
# **4. Three times a quarter** (medium). Change a recipe: three dropout layers of rate 0.25 follow each other,
# with nothing in between. Predict: which share of the numbers gets through while training, what has become
# of a number 1 that got through, and what is the mean?

# %% tags=["answer"]
answer_4 = ...  # three numbers: share that gets through, value of a 1, mean

# %% tags=["check"]
@chapter.check("three numbers", "each layer keeps three quarters and divides them by 0.75")
def check_4(answer):
    """Share, value and mean of ones behind three dropout layers, by Keras."""
    through = np.ones((1, 200_000), "float32")
    for k in range(3):
        through = keras.layers.Dropout(0.25, seed=k)(through, training=True)
    through = keras.ops.convert_to_numpy(through)
    right = [(through > 0).mean(), through.max(), 1]
    if np.isclose(answer[0], 0.25**3, rtol=0.02):
        return "Keras's rate is the share that is dropped, not the one that is kept"
    if np.isclose(answer[0], 0.25, rtol=0.02):
        return "a second layer drops a quarter of what is left, not of all"
    return len(answer) == 3 and bool(np.allclose(answer, right, rtol=0.02))


check_4(answer_4)

# %% tags=["solution"]
answer_4 = (0.75**3, 1 / 0.75**3, 1)
check_4(answer_4)
# The mean stays, but fewer and larger numbers carry it: each dropout adds noise, no bias.

# %% [markdown]
# **5. A louder start** (hard). Change the network: multiply Glorot's first weights of the five sigmoid layers by a
# whole factor. Sigmoid's slope is a quarter at most, so predict which factor keeps the spread. Then find the
# smallest with which layer 5 has at least a fifth of the spread of layer 1. What does it cost?

# %% tags=["answer"]
answer_5 = ...  # a whole number

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a whole number", "multiply each layer's kernel, then hidden_outputs and spreads")
def check_5(answer):
    """The smallest factor that keeps a fifth of the spread over five layers."""
    def kept(factor):
        loud = deep_network("sigmoid")
        for layer in loud.layers:
            layer.kernel.assign(layer.kernel * factor)
        by_layer = spreads(hidden_outputs(loud))
        return by_layer[-1] / by_layer[0]

    right = next(k for k in range(1, 30) if kept(k) >= 0.2)
    if answer == 4 and right != 4:
        return "a quarter is the slope at 0, but not every sum is near 0"
    if answer > right:
        return "that keeps it; a smaller factor does, too"
    return answer == right


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
for answer_5 in range(1, 30):
    loud = deep_network("sigmoid")
    for layer in loud.layers:
        layer.kernel.assign(layer.kernel * answer_5)
    outputs = hidden_outputs(loud)
    share = spreads(outputs)[-1] / spreads(outputs)[0]
    print(f"factor {answer_5}: {share:.2f} of the spread, saturated {saturated(outputs):.0%}")
    if share >= 0.2:
        break
check_5(answer_5)
# What keeps the spread drives outputs to the ends. Sigmoid is squeezed from both sides.

# %% [markdown]
# **6. Your figure** (medium). Write a 3 × 3 kernel for edges that run aslant, from the bottom left to the top
# right. It must answer 0 to even grey. Complete three lines. Predict which of the face's features it will
# show, and compare with [Figure 01c-a](#figure-01c-a).

# %% tags=["answer"]
mine = ...  # an array (3, 3)
seen = ...  # its map of face, (94, 94)
caption = ...  # what it shows
answer_6 = (mine, seen, caption)

# %% tags=["check"]
@chapter.check("the three lines completed", "plus on one side of the diagonal, minus on the other")
def check_6(answer):
    """A kernel for slanting edges, its map beside the one for vertical edges."""
    weights, map_, name = answer
    figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.2))
    for one, (title, values) in zip(axes, {"vertical edges": maps["vertical edges"],
                                           str(name): map_}.items()):
        one.imshow(values, cmap="gray", vmin=-2, vmax=2)
        one.set_title(title)
        one.set_axis_off()
    chapter.figure(figure, "Your figure", "A shipped kernel, and yours.", private=True,
                   alt="The map of vertical edges of the face, and beside it your kernel's map.")
    if not np.allclose(map_, keras_convolve(face, np.array(weights, float)), atol=1e-5):
        return "seen is what keras_convolve gives for face and your kernel"
    if abs(np.sum(weights)) > 1e-6:
        return "on even grey it does not answer 0: what must the nine weights add up to?"
    slant = np.fliplr(np.tri(12))  # an edge of that kind
    along, across = (abs(convolve(e, np.array(weights, float), 1)).max()
                     for e in (slant, np.fliplr(slant)))
    return bool(along > 1.9 * across) or "it answers to edges of the other kind nearly as strongly"


check_6(answer_6)

# %% tags=["solution"]
mine = np.array([[2, 1, 0], [1, 0, -1], [0, -1, -2]])
seen = keras_convolve(face, mine)
caption = "edges from bottom left to top right"
answer_6 = (mine, seen, caption)
check_6(answer_6)
# One cheek and one side of the nose: a kernel has a direction, and a layer needs several.

# %% [markdown]
# **7. How deep may a start be?** (open) Change the network: 2, 5, 10 and 20 hidden layers of ReLU, from Glorot's
# start and from He's (`"he_uniform"`). Predict for each how much of the spread is left in the last layer, then
# measure, before any training. Which would you still expect to learn?

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for a table of depth and start, in one seed and in a second one. One for naming
# the factor of a layer: half of all ReLU outputs are 0, and He's start makes up for that. One for a prediction that was
# written down before. **Expected**: with 20 layers, Glorot's start leaves less than a hundredth of the spread of
# the first layer, He's about a third.
