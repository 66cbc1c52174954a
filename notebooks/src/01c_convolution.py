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
# **You will learn**
# - what a convolution computes, how large its output is, and that it keeps places;
# - what max-pooling keeps and what it forgets;
# - what dropout does to the mean, to the work and to the updates;
# - why deep sigmoid networks refuse to start.
#
# **Needs** [chapter 01a](01a_neurons.ipynb) and [chapter 01b](01b_learning.ipynb).
# **Takes** about half a minute on two cores (profile *quick*).
# **Figures** 2.4 to 2.6, 01c-a to 01c-e.

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
# network has to find such kernels by itself; [chapter 15](15_dense_landmarks.ipynb) draws
# those it learned.
#
# The thesis says that the position of a feature "is not that important", only whether
# it is there. That is so for saying **what** is in a picture. You want to know
# **where** it is, and a convolution keeps that: shift the face by 3 pixels and the map
# shifts by 3.

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
# stands for 8 × 8 pixels. Chapters [05](05_strided_cnn.ipynb) and
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
# layer soon saturates at 0, and escapes only after a hundred epochs. Test that on faces:
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
# reason: the layers pass on too little. Then it breaks out, as CASCADE says. What moves
# towards the ends is the first layer, not the last. ReLU never had the problem.
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
#   blurs them.
# - Dropout keeps the mean and saves no updates.
# - Deep sigmoid networks starve with normalised targets and saturate with raw ones.
#
# ## Exercises
#
# Try each before you open its solution.
#
# **1. Kernels by hand.** Write a 3 × 3 kernel that leaves a picture as it is, and one that
# moves it one pixel to the left. (Padding "same"; the picture's rim does not count.)


# %%
def check_kernels(same, left):
    """Whether each kernel does to the face what it should."""
    wanted = {"same": face, "left": np.roll(face, -1, axis=1)}
    report = {}
    for (name, goal), kernel in zip(wanted.items(), (same, left)):
        result = keras_convolve(face, np.reshape(kernel, (3, 3)), padding="same")
        report[name] = np.allclose(result[1:-1, 1:-1], goal[1:-1, 1:-1], atol=1e-5)
    return report


print(check_kernels(same=np.zeros((3, 3)), left=np.zeros((3, 3))))  # change these

# %% tags=["solution"]
# Solution
print(
    check_kernels(
        same=[[0, 0, 0], [0, 1, 0], [0, 0, 0]], left=[[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    )
)

# %% [markdown] tags=["solution"]
# **Solution**
#
# To move left, each pixel takes the value of its right neighbour, so the 1 stands on the
# right. Had the kernel been turned round, as mathematicians do, it would stand on the left.

# %% [markdown]
# **2. How far does it see?** One number behind two convolutions 3 × 3 with stride 1
# depends on a square of how many pixels a side? And with a 2 × 2 max-pooling between the
# two? That square is the **receptive field**.


# %%
def check_fields(two_convolutions, with_pooling):
    """Counts the pixels that can change the number in the middle."""
    report = {}
    for name, guess in (("plain", two_convolutions), ("pooled", with_pooling)):
        between = [keras.layers.AveragePooling2D(2)] if name == "pooled" else []
        convolutions = [keras.layers.Conv2D(1, 3, kernel_initializer="ones") for _ in "ab"]
        stack = keras.Sequential([keras.Input((32, 32, 1)), convolutions[0], *between])
        stack.add(convolutions[1])
        with tf.GradientTape() as tape:
            zeros = tf.Variable(tf.zeros((1, 32, 32, 1)))
            middle = stack(zeros)[0, 6, 6, 0]
        seen = tape.gradient(middle, zeros).numpy()[0, ..., 0].any(axis=0).sum()
        report[name] = bool(seen == guess)
    return report


print(check_fields(two_convolutions=0, with_pooling=0))  # change these

# %% tags=["solution"]
# Solution
print(check_fields(two_convolutions=3 + 2, with_pooling=3 + 1 + 2 * 2))

# %% [markdown] tags=["solution"]
# **Solution**
#
# The second window adds 2 pixels to the 3 of the first. Behind a pooling its numbers lie
# 2 pixels apart: 3 for the first, 1 for the pooling, 2 × 2 for the second. Pooling and
# strides let a network see far with small kernels.

# %% [markdown]
# **3. Count a network.** The network of [chapter 05](05_strided_cnn.ipynb) takes
# 96 × 96 × 1 and has three convolutions with "same" padding: 4 filters 5 × 5, stride 1;
# 6 filters 5 × 5, stride 2; 8 filters 4 × 4, stride 2. Then all outputs go to a dense
# layer of 250. How many numbers enter the dense layer, and how many parameters (with
# biases) do all four layers have?


# %%
def check_count(entering, parameters):
    model = keras.Sequential(
        [
            keras.Input((96, 96, 1)),
            keras.layers.Conv2D(4, 5, padding="same"),
            keras.layers.Conv2D(6, 5, 2, padding="same"),
            keras.layers.Conv2D(8, 4, 2, padding="same"),
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

# %% [markdown] tags=["solution"]
# **Solution**
#
# The three convolutions together have fewer than 2,000 parameters; nearly all of the
# million stand in the dense layer behind them.
