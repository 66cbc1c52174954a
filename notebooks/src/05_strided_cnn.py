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
# # 05 A strided convolutional network
#
# First and Second unroll the picture into a row of numbers and forget which pixel stood beside
# which. **Third** keeps the picture a picture: it slides small filters over it.
#
# **You can afterwards**
# - compute the sides of a feature map from kernel, stride and padding (exercises 1 and 2);
# - tell where the parameters of a convolutional network sit, and what moves them (exercise 1, question 2);
# - compute how much of the picture one number sees (exercise 3, question 3);
# - tell what dropout does to the logged loss, and judge overfitting without it (exercise 4, question 4);
# - tell what a convolution carries along when a face moves, and what it does not (exercise 5, question 1).
#
# **Needs** chapters [01a](01a_neurons.ipynb) to [04](04_mlp.ipynb). **Takes** about 100 minutes to study, and two minutes of two cores the first time (profile *quick*).
# **Figures** 3.5, 4.4, 4.5, 05-a to 05-i.
#
# **Tables** 3.1.

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


chapter = plotting.Chapter("05", PROFILE, DATA, SEED)
keras.utils.set_random_seed(SEED)

# %% tags=["nbval-ignore-output"]
splits = data.load(DATA, SEED, chapter.limit)
test = splits.test
print(f"{len(splits.train)} training, {len(splits.validation)} validation, {len(test)} test faces")

# %% [markdown]
# ## What a dense layer does to a moved face
#
# Move a face three pixels to the right. To you nothing has happened: the same eyes, three
# pixels further. What does a layer of neurons make of it?
#
# `moved` shifts pictures to the right. The columns that come in on the left repeat the edge.

# %%
def moved(images, by):
    """Pictures (n, 96, 96) shifted to the right by some pixels."""
    edge = np.repeat(images[:, :, :1], by, axis=2)
    return np.concatenate([edge, images[:, :, : images.shape[2] - by]], axis=2)


# %% [markdown]
# Take three layers that have learned nothing: their weights are random. One is dense, like the
# first hidden layer of Second. Two are convolutions with four filters of 5 by 5, one with stride
# 1 and one with stride 2.

# %%
dense = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(300, activation="relu")])
convolution = keras.layers.Conv2D(4, 5, padding="same", activation="relu")
strided = keras.layers.Conv2D(4, 5, strides=2, padding="same", activation="relu")

# %% [markdown]
# Now ask of each layer: after the shift, can its answer be had from the answer before? The dense
# layer has no places, so its 300 numbers are compared as they are. The answer of a convolution is
# a map, so you may move it back before comparing. Only the inner part is compared, away from
# the edge.
#
# The yardstick is another face: 100% means that the shift changed the numbers as much as
# putting a different face in front of the layer.

# %%
def difference(after, before):
    """Change in percent of the change from each face to the next one."""
    other = np.roll(before, 1, axis=0)
    return 100 * float(np.sqrt(np.mean((after - before) ** 2) / np.mean((other - before) ** 2)))


def map_difference(layer, images, by):
    """The same for feature maps, with the second map moved back by `by` input pixels."""
    before, after = (np.array(layer(data.to_inputs(i))) for i in (images, moved(images, by)))
    stride = round(images.shape[2] / before.shape[2])  # pixels to one cell of the map
    step, low, high = by // stride, 16 // stride, 80 // stride
    return difference(
        after[:, low:high, low + step : high], before[:, low:high, low : high - step]
    )


# %%
some = test.images[:30]
shifts = np.arange(0, 9)
answer = np.array(dense(data.to_inputs(some)))
lines = {
    "dense, 300 units": [
        difference(np.array(dense(data.to_inputs(moved(some, s)))), answer) for s in shifts
    ],
    f"convolution, stride {strided.strides[0]}": [map_difference(strided, some, s) for s in shifts],
    "convolution, stride 1": [map_difference(convolution, some, s) for s in shifts],
}

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(6.4, 3.2))
for (name, values), colour in zip(lines.items(), ("red", "orange", "blue")):
    axes.plot(shifts, values, "o-", color=plotting.COLOURS[colour], label=name)
axes.set(xlabel="the face moves by (pixels)", ylabel="change (% of another face)")
axes.legend()
chapter.figure(
    figure,
    "05-a",
    "What is left of a layer's answer when the face moves; maps are moved back first.",
    alt="Three lines over shifts of 0 to 8 pixels. The dense layer's answer changes more with "
    "every pixel. The convolution with stride 1 stays at zero. With stride 2 the line is zero at "
    "even shifts and jumps up at odd ones.",
)

# %% tags=["guard"]
with chapter.guard("maps follow the face, with stride 2 at even shifts; the dense layer does not"):
    assert max(lines["convolution, stride 1"]) < 0.01
    assert max(lines["convolution, stride 2"][::2]) < 0.01
    assert lines["dense, 300 units"][4] > lines["dense, 300 units"][1] > 0

# %% [markdown]
# The blue line is zero, to the last digit. A convolution uses the same weights at every place, so a
# moved face gives a moved map. It did not have to learn that. The dense layer answers a moved
# face with different numbers, and every position of every face has to be learned anew.
#
# The orange line is the price of a stride. With stride 2 the filter stops at every second pixel.
# After an even shift it stops at the same places of the face; after an odd one it falls between.
# Give `strided` a stride of 4. Where will its line be zero? Predict, then run again.
#
# The same weights everywhere also means few weights. How many would a dense layer need that
# produces maps of the same size?

# %%
shared = convolution.count_params()
separate = 96 * 96 * (96 * 96 * 4) + 96 * 96 * 4
print(f"convolution {shared}, dense {separate:,} parameters for 96 × 96 × 4 outputs")

# %% [markdown]
# ## The network
#
# Third has three convolutions. The second and the third have stride 2, so each halves the sides
# of the map. What remains is unrolled and goes through a dense layer of 250 to the 30 outputs.

# %%
def third(dropout=0, seed=SEED):
    """Third, not compiled. One seed, one start; dropout changes the output's first weights."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.layers.Input((96, 96, 1)),
            keras.layers.Conv2D(4, 5, padding="same", activation="relu", name="conv1"),
            keras.layers.Conv2D(6, 5, strides=2, padding="same", activation="relu", name="conv2"),
            keras.layers.Conv2D(8, 4, strides=2, padding="same", activation="relu", name="conv3"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(250, activation="relu", name="dense"),
        ],
        name="third",
    )
    if dropout:
        network.add(keras.layers.Dropout(dropout))
    network.add(keras.layers.Dense(30, name="output"))
    return network


model = third()

# %% [markdown]
# What `dropout` is for comes later in this chapter. Until then it is 0 and adds nothing.
#
# [Table 3.1](#table-3.1) of the thesis follows from the layers. Here it gets a column more, the parameters.

# %%
def describe(layer, total):
    """A row of Table 3.1."""
    shapes = [" × ".join(map(str, t.shape[1:])) for t in (layer.input, layer.output)]
    count = layer.count_params()
    is_conv = isinstance(layer, keras.layers.Conv2D)
    return {
        "layer": layer.name,
        "input shape": shapes[0],
        "filters": str(layer.filters) if is_conv else "",
        "kernel": " × ".join(map(str, layer.kernel_size)) if is_conv else "",
        "stride": str(layer.strides[0]) if is_conv else "",
        "output shape": shapes[1],
        "parameters": f"{count:,}",
        "share": f"{100 * count / total:.1f} %",
    }


# %%
total = model.count_params()
described = [describe(layer, total) for layer in model.layers]
chapter.table(described, "3.1", f"The layers of Third, {total:,} parameters.")

# %% tags=["guard"]
with chapter.guard("Table 3.1: maps of 96, 48 and 24 pixels a side, 1,161,266 parameters"):
    outputs = [layer.output.shape[1:] for layer in model.layers]
    assert outputs[:4] == [(96, 96, 4), (48, 48, 6), (24, 24, 8), (4608,)]
    assert outputs[4:] == [(250,), (30,)] and model.count_params() == 1_161_266

# %%
chapter.figure(
    plotting.draw_network(model),
    "3.5",
    "Third: two of three convolutions halve the map; a dense layer reads the rest.",
    alt="From left to right: the input, 96 by 96; three stacks of feature maps, 96 by 96 by 4, "
    "48 by 48 by 6 and 24 by 24 by 8; then a column of 250 nodes joined to 30 outputs.",
)

# %% [markdown]
# Read the last column of the table. The three convolutions together have 1,486 parameters. The one
# dense layer behind them has 1,152,250, more than 99%. The convolutions do the seeing, and
# the dense layer pays for knowing *where*: it has a weight for each of the 4608 places and
# maps.
#
# You might expect Third to be the larger network. It has fewer than half the parameters of Second
# (2,814,780).

# %% [markdown]
# ## Padding and stride
#
# Follow one filter over a face. The face is made small here, 24 pixels a side, so that you can count. Move the
# slider, or press Play; below the first row it shows only some stops. Where does the red window stop, and
# which cell of the map does it fill?

# %% tags=["drawing"]
small_face = test.images[0].reshape(24, 4, 24, 4).mean(axis=(1, 3)).astype(np.float32)
edge_filter = np.repeat([[-1.0, -0.5, 0.0, 0.5, 1.0]], 5, axis=0)[..., np.newaxis, np.newaxis]
sliding = keras.layers.Conv2D(1, 5, strides=3, padding="same", use_bias=False)
sliding.build((None, 24, 24, 1))
sliding.set_weights([edge_filter])
filled = np.array(sliding(small_face[np.newaxis, ..., np.newaxis]))[0, ..., 0]


def window_figure(stop):
    """The filter at its stop number `stop`, row by row, and the map as far as it is filled."""
    row, column = divmod(stop, 8)
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    left.imshow(small_face)
    left.add_patch(plt.Rectangle((3 * column - 1.5, 3 * row - 1.5), 5, 5, fill=False,
                                 color=plotting.COLOURS["red"], lw=2))
    left.set(title="face, window of 5 by 5", xlim=(-2, 25), ylim=(25, -2))
    shown = np.where(np.arange(64).reshape(8, 8) <= stop, filled, np.nan)
    right.imshow(shown, vmin=filled.min(), vmax=filled.max())
    right.set(title="map, stride 3", xlim=(-0.5, 7.5), ylim=(7.5, -0.5))
    left.grid(False)
    right.grid(False)
    return figure


# %% tags=["drawing"]
stops = [*range(0, 9), *range(11, 64, 4)]
chapter.explore(
    map(window_figure, stops),
    [f"row {k // 8 + 1}, column {k % 8 + 1}" for k in stops],
    "05-i",
    "A filter of 5 by 5 stops at every third pixel of a face and fills a map of 8 by 8.",
    alt="Left a coarse face of 24 by 24 pixels with a red square of 5 by 5 over it, which moves by "
    "three pixels; right a map of 8 by 8 cells, filled up to the cell that belongs to the square.",
    start=stops.index(35),
)

# %% [markdown]
# The window moves three pixels, the map one cell. At the edge one row or column of it stands outside.
# With stride 1 two would: what is missing depends on the stride too.
#
# Padding "same" puts zeros there. A map of side $n$ with stride $s$ gets the side
#
# $$m = \lceil n / s \rceil .$$
#
# The last window must still fit. A kernel of size $k$ therefore needs
#
# $$p = \max\bigl((m - 1)\, s + k - n,\ 0\bigr)$$
#
# zeros in each direction, $\lfloor p/2 \rfloor$ of them before the picture and the rest after it.

# %%
def same_padding(side, kernel, stride):
    """Side of the output, zeros before and zeros after, for padding "same"."""
    out = -(-side // stride)
    zeros = max((out - 1) * stride + kernel - side, 0)
    return out, zeros // 2, zeros - zeros // 2


# %% [markdown]
# Is that what Keras does? Ask it. An *impulse* is a row of zeros with a single 1. Send one impulse
# for each position through a one-dimensional convolution whose weights are all 1, and see which
# of them reach output 10: that is the window of output 10.

# %%
def window(side, kernel, stride, output):
    """The input positions that Keras lets into one output."""
    layer = keras.layers.Conv1D(
        1, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="ones"
    )
    impulses = np.eye(side, dtype=np.float32)[..., np.newaxis]
    return np.flatnonzero(np.array(layer(impulses))[:, output, 0])


# %% [markdown]
# Output 10 of a layer with stride 2 stands for the two inputs 20 and 21. Their middle is 20.5.
#
# **Predict** before you run the cell. Here are four layers: conv1 (kernel 5, stride 1), conv2 (5, stride
# 2) and conv3 (4, stride 2) of Third, and a kernel of 4 with stride 1, which Fourth will have in the next
# chapter. A kernel of 5 has a middle pixel, one of 4 has none. Whose windows are off the middle?

# %%
layers = {"conv1": (96, 5, 1), "conv2": (96, 5, 2), "conv3": (48, 4, 2),
          "Fourth's conv3": (24, 4, 1)}
windows = []
for name, (side, kernel, stride) in layers.items():
    out, before, after = same_padding(side, kernel, stride)
    seen = window(side, kernel, stride, 10)
    middle = 10 * stride + (stride - 1) / 2
    windows.append({"layer": name, "side": side, "kernel": kernel, "stride": stride,
                    "output": out, "zeros before": before, "after": after,
                    "window of output 10": f"{seen[0]} to {seen[-1]}",
                    "off the middle": f"{seen.mean() - middle:+.1f}"})
plotting.show_table(windows)

# %% tags=["guard"]
with chapter.guard("the windows begin where the formula says"):
    for row in windows:
        first = 10 * row["stride"] - row["zeros before"]
        assert row["window of output 10"] == f"{first} to {first + row['kernel'] - 1}"

# %% tags=["drawing"]
figure, grid = plt.subplots(1, 3, figsize=(9.6, 2.5))
for axes, row in zip(grid, windows):
    axes.axvspan(-2.6, -0.5, color="#EEEEEE", label="padding")
    for k in range(4):
        low = k * row["stride"] - row["zeros before"]
        inside = np.arange(low, low + row["kernel"])
        axes.plot(inside, [k] * len(inside), "s-", color=plotting.COLOURS["sky"], ms=5)
        cell = k * row["stride"] + (row["stride"] - 1) / 2
        axes.plot(inside.mean(), k, "|", color=plotting.COLOURS["black"], ms=13, mew=2)
        axes.plot(cell, k, "o", color=plotting.COLOURS["red"], ms=5, zorder=3)
    axes.set(title=f"{row['layer']}: {row['kernel']} wide, stride {row['stride']}",
             xlabel="input position", xticks=range(-2, 10, 2),
             yticks=range(4), xlim=(-2.6, 9.6), ylim=(3.6, -0.6))
grid[0].set_ylabel("output")
chapter.figure(
    figure,
    "05-b",
    "Windows of the first outputs. Grey: padding. Black bar: middle of the window. Red dot: "
    "middle of the inputs that the output stands for.",
    alt="Three panels with horizontal rows of squares, one row an output. For conv1 and conv3 the "
    "red dot sits on the black bar. For conv2 the bar stands half a position right of the dot.",
)

# %% [markdown]
# It is not the evenness of the kernel that counts. With stride 2 each output stands for two inputs, and
# their middle lies *between* them. A kernel of 4 is centred there. A kernel of 5 cannot be, and "same"
# puts the extra zero after the picture, which moves every window half a pixel to the right and down. In
# Third, conv2 is the lopsided one. In the next chapter, Fourth has stride 1, and there it is the kernel
# of 4.
#
# Does half a pixel matter? Not to a dense layer: it gets the same offset for every face and
# learns it away. It matters where a position is read directly off a map, as [chapter 18a](18a_beyond_the_studies.ipynb) does.

# %% [markdown]
# ## Training
#
# The optimiser is Adam from here on. First the thesis's own length, as stored with the course: Third
# for 1000 epochs on real faces ([chapter 02](02_data.ipynb) says whose), without and with the dropout that comes below.

# %%
long = training.of_rows(["Second, Adam", "Third", "Third, dropout"])
for name, stored in long.items():
    print(f"{name}: {stored.summary()}\n")

# %%
stored, real = long["Third"], training.mean_face_measures()["validation"]["mse"]
curve = stored.history
smooth = curve.val_mse.rolling(25).mean()

# %% tags=["drawing"]
figure, (whole, near) = plt.subplots(1, 2, figsize=(9.6, 3.4))
for axes in (whole, near):
    axes.plot(curve.epoch, curve.loss, color=plotting.COLOURS["orange"], label="training")
    axes.plot(curve.epoch, curve.val_mse, color=plotting.COLOURS["sky"], label="validation")
    axes.axhline(real, color=plotting.COLOURS["black"], ls=":", label="mean face")
    axes.set(yscale="log", xlabel="epoch", ylabel="MSE (targets in [-1, 1])")
style = {"color": plotting.COLOURS["blue"], "label": "its mean over 25 epochs"}
near.plot(curve.epoch[50:], smooth[50:], **style)
near.set(ylim=(0.0035, 0.025))
near.set_yticks([0.004, 0.006, 0.01, 0.02], ["0.004", "0.006", "0.01", "0.02"])
near.minorticks_off()
near.legend(loc="upper right")
chapter.figure(
    figure,
    "05-g",
    "Third, 1000 epochs on real faces. Right: the same from near, at the validation error.",
    alt="Left: the training error falls by five powers of ten over 1000 epochs, jagged at the end; "
    "the validation error stays just below a dotted line for the mean face. Right, magnified: "
    "the validation error soon stops falling, rises, and slowly falls again.",
)

# %%
top, end = int(smooth.iloc[25:].idxmax()), smooth.iloc[-1]
step = stored.metrics["test"]["mse"] / long["Second, Adam"].metrics["test"]["mse"]
print(f"validation MSE, mean of 25 epochs: {smooth[top]:.5f} at epoch {top + 1}, {end:.5f} at last")
print(f"that is {end / curve.val_mse.min():.2f} times its lowest")
print(f"test MSE: {step:.2f} times that of Second with Adam; the thesis has 0.67 (validation)")
for name in ("Third", "Third, dropout"):
    ours, theirs = long[name].metrics["best_epoch"], training.TABLE_4_1[name].thesis[2]
    print(f"{name}: lowest validation MSE at epoch {ours}, in the thesis at {theirs}")

# %% tags=["guard"]
with chapter.guard("Third beats Second with Adam; its error rises, falls, stays above its best"):
    assert step < 1 and 1.1 * curve.val_mse.min() < end < 0.95 * smooth[top]

# %% [markdown]
# So with one seed of each the order is the thesis's: Third beats Second with Adam. And Third overfits, but not
# as the thesis has it. There the best epoch is the 300th, and from then on it only gets worse. Here the
# best one is epoch 17. The error rises for a while, then comes slowly down, and stays above its best.
# How fast a network learns its training faces by heart depends on the learning rate, the batch and
# the faces. The thesis names neither rate nor batch.
#
# Why is the training curve jagged? Adam's steps stay about as large as the learning rate, however small the
# gradients get. At so small an error they may overshoot. That is a suspicion: nothing here tests it.
#
# Look at dropout (explained below) as well: its best epoch is the 911th, and lower.
#
# Now your own. The quick profile has time for 20 epochs.

# %% tags=["nbval-ignore-output"]
epochs = chapter.pick(smoke=2, quick=20, paper=1000)
model = third()
model.compile(keras.optimizers.Adam(0.001), loss="mse")
run = training.fit(model, splits, epochs=epochs, batch_size=64, seed=SEED)
print(f"{epochs} epochs, {run.history.seconds.median():.1f} s each")

# %% tags=["nbval-ignore-output"]
figure = plotting.learning_figure(
    run.history, run.best_epoch, test.images, test.keypoints, run.predict(test.images)
)
chapter.figure(
    figure,
    "4.4",
    f"Learning curve of Third over {epochs} epochs, and its best and worst test faces.",
    alt="Left: training and validation error of Third by epoch. Right: three test faces with small "
    "errors and three with large ones.",
)

# %% [markdown]
# Compare it with chapters [03](03_linear.ipynb) and [04](04_mlp.ipynb). Their runs are found in the store if you ran them, and
# trained now if you did not.

# %% tags=["nbval-ignore-output"]
runs = {name: training.thesis_run(name, splits, PROFILE, SEED)
        for name in ("First", "Second, Adam")} | {"Third": run}
constant = np.broadcast_to(evaluation.mean_face(splits.train.keypoints), test.keypoints.shape)
rows = [{"on the test faces": "mean face", **evaluation.measures(test.keypoints, constant)}]
for name, r in runs.items():
    rows.append({"on the test faces": name, "epochs": len(r.history), **r.measures(test)})
FORMATS = {"mse": "{:.5f}", "rmse_px": "{:.2f}", "mean_px": "{:.2f}", "nme": "{:.1f} %",
           "epochs": "{:.0f}"}
plotting.show_table(rows, **FORMATS)

# %% tags=["nbval-ignore-output"]
error = {row["on the test faces"]: row["mse"] for row in rows}
for name in ("First", "Second, Adam"):
    print(f"Third's error is {error['Third'] / error[name]:.2f} times that of {name}")
better = [name for name in runs if error[name] < error["mean face"]]
print("better than the mean face:", ", ".join(better) or "none")

# %% tags=["guard"]
with chapter.guard("Third is far better than the mean face", quick=True):
    assert error["Third"] < 0.6 * error["mean face"]

# %% [markdown]
# Be careful with large ratios. In the few epochs of the quick profile, First and Second may still be
# above the mean face, and it is easy to beat a network that has learned nothing yet. The honest
# baseline is the mean face.
#
# In the thesis, Third gets down to 0.0016 and Second with Adam to 0.0024, a ratio of 0.67. Third is
# lowest at epoch 300. A run of 20 epochs cannot show you that. It can show whether a gap between the two
# curves has begun to open.

# %% tags=["nbval-ignore-output"]
last = run.history.iloc[-1]
print(f"lowest validation MSE: epoch {run.best_epoch} of {epochs}")
print(f"last epoch: validation MSE is {last.val_mse / last.loss:.2f} times training MSE")

# %% [markdown]
# ## Dropout
#
# Dropout switches each unit of a layer off with probability $p$, anew for each face and each step
# of training. The others are multiplied by $1/(1-p)$, so that the sum stays the same on average.
# After training nothing is switched off and nothing is multiplied. With $p = 0.25$:

# %% tags=["nbval-ignore-output"]
drop = keras.layers.Dropout(0.25, seed=SEED)
ones = np.ones((1, 10000), np.float32)
print("in training:", np.array(drop(ones, training=True))[0, :8].round(2))
print("afterwards: ", np.array(drop(ones, training=False))[0, :8])

# %% tags=["nbval-ignore-output"]
masked = np.array(drop(ones, training=True))
print(f"mean of 10,000 units: {masked.mean():.3f}, switched off: {np.mean(masked == 0):.1%}")

# %% [markdown]
# No unit can count on another one being there. The thesis puts dropout of 25% on the 250 units, right where
# you found the parameters. In Keras it is one layer between the last two: the line `if dropout:` in
# `third`. It has no weights, so Third keeps its 1,161,266 parameters.
#
# First the stored run. **Predict**: where does its training error lie in the first epochs, below the
# validation error or above it?

# %%
damped = long["Third, dropout"]
chapter.figure(
    plotting.stored_figure(
        damped.history, damped.metrics["best_epoch"], damped.errors("test"), real
    ),
    "05-h",
    "Third with 25% dropout, 1000 epochs on real faces.",
    alt="Left: the training error starts above the validation error, crosses it early and falls "
    "far below it; the validation error falls slowly to the end. Right: a histogram of the mean "
    "point distance of each test face.",
)
above = (damped.history.loss > damped.history.val_mse).to_numpy()
print(f"training error above validation error: the first {np.argmin(above)} epochs, "
      f"later {above[np.argmin(above):].sum()}")

# %% [markdown]
# Now your own. Making the dropout layer draws a random number. So the output layer starts with other
# weights than in your first run; the rest starts alike.

# %% tags=["nbval-ignore-output"]
model = third(dropout=0.25)
model.compile(keras.optimizers.Adam(0.001), loss="mse")
run_dropout = training.fit(model, splits, epochs=epochs, batch_size=64, seed=SEED)

# %% tags=["guard"]
with chapter.guard("dropout adds no parameters"):
    assert model.count_params() == third().count_params()

# %% tags=["nbval-ignore-output"]
predicted = run_dropout.predict(test.images)
figure = plotting.learning_figure(
    run_dropout.history, run_dropout.best_epoch, test.images, test.keypoints, predicted
)
chapter.figure(
    figure,
    "4.5",
    "Learning curve of Third with 25% dropout, and its best and worst test faces.",
    alt="Left: training and validation error of Third with dropout by epoch; the training curve "
    "lies above the validation curve until the two meet near the end. Right: three test faces "
    "with small errors and three with large ones.",
)

# %% [markdown]
# For most of the training, the error on the training faces is *larger* than on
# faces the network has never seen. The stored run shows it in its first epochs, the thesis in the
# first 200. The thesis says that the network has only about 75% of its neurons in training, and that
# sometimes the important ones are missing.
#
# There are two effects in that training loss, and you can take them apart.
#
# 1. It is the mean over the batches of an epoch, *while* the weights improve. The validation loss
#    is taken at the end of the epoch. This happens without dropout too: look at the first epochs
#    of [Figure 4.4](#figure-4.4).
# 2. It is taken with dropout on.

# %% tags=["nbval-ignore-output"]
for name, r in (("Third", run), ("Third, dropout", run_dropout)):
    share = f"{(r.history.loss > r.history.val_mse).sum()} of {len(r.history)} epochs"
    print(f"{name:<15} training above validation in {share}")

# %% [markdown]
# So measure the training faces again, with the weights held still: once with dropout on and once
# with it off. `hidden` gives what enters the output layer with dropout off, so that you can apply
# dropout and the last layer yourself.

# %%
def hidden(network, part):
    """Activations of the 250 units: (n, 250)."""
    body = keras.Model(network.inputs[0], network.layers[-1].input)
    return body.predict(data.to_inputs(part.images), batch_size=256, verbose=0)


network = run_dropout.model()
units, targets = hidden(network, splits.train), data.to_targets(splits.train.keypoints)
output = network.layers[-1]


# %%
def loss(mask):
    """Training MSE with the weights held still, with or without dropout."""
    return float(np.mean((np.array(output(drop(units, training=mask))) - targets) ** 2))


mse_without = loss(False)
mse_with = np.mean([loss(True) for _ in range(20)])

# %% tags=["nbval-ignore-output"]
logged = run_dropout.at_best()
plotting.show_table(
    [
        {"training faces": "as logged: weights moving, dropout on", "mse": logged.loss},
        {"training faces": "weights of the end of the epoch, dropout on", "mse": mse_with},
        {"training faces": "the same, dropout off", "mse": mse_without},
        {"training faces": "(validation faces, dropout off)", "mse": logged.val_mse},
    ],
    mse="{:.5f}",
)

# %% [markdown]
# The last two rows are the fair comparison: same weights, dropout off, seen against unseen faces.
# Between the second and the third row stands dropout alone.
#
# That step can even be computed. The output layer is linear, so the mean over all masks is
# exactly the answer without a mask: missing neurons do not bias it. What the masks add is
# scatter, and a squared error grows by the variance of the scatter. One unit's mask is 0 or $1/(1-p)$, and
# its variance is $p/(1-p)$. With hidden units $h_j$ and output weights $w_{jk}$ that makes
#
# $$\frac{p}{1-p} \sum_j h_j^2\, w_{jk}^2 , \qquad p = 0.25 .$$
#
# `units` is `(n, 250)`, the kernel `(250, 30)`, the result `(n, 30)`.

# %% tags=["nbval-ignore-output"]
scatter = 0.25 / 0.75 * np.mean(units**2 @ output.get_weights()[0] ** 2)
print(f"measured: {mse_with - mse_without:.5f}   computed: {scatter:.5f}")

# %% tags=["guard"]
with chapter.guard("the scatter can be computed"):
    assert abs((mse_with - mse_without) / scatter - 1) < 0.1

# %% [markdown]
# This is a better explanation than "75% of its neurons". The network does not know less in
# training. It is shaken, and the shaking has a price that the formula names. It also says what
# training with dropout works for: small $h_j^2 w_{jk}^2$, which means many units with a small
# say each instead of a few with a large one.

# %% [markdown]
# ## Overfitting, seen in seconds
#
# With few faces the gap is wider, and an epoch is short. Train on 120 faces, without and with dropout,
# and after each epoch measure the training faces once more with dropout off.

# %%
count, passes = chapter.pick(smoke=(30, 2), quick=(120, 25), paper=(120, 300))
held = splits.validation.take(np.arange(len(splits.validation))[:60])
held = data.to_inputs(held.images), data.to_targets(held.keypoints)
few = data.to_inputs(splits.train.images[:count]), data.to_targets(splits.train.keypoints[:count])

# %% [markdown]
# `train_on_batch` makes one step and returns the loss it saw. The mean over the batches of an epoch is
# what `fit` logs. `predict_on_batch` has dropout off.

# %%
line_looks = {"as logged": ("orange", "-"), "dropout off": ("orange", ":"),
              "unseen faces": ("blue", "-")}


def train_on_few(dropout, seed=SEED):
    """Losses by epoch: as logged, on training faces with dropout off, on unseen faces."""
    network = third(dropout, seed)
    network.set_weights(third(0, seed).get_weights())  # one start for every rate
    network.compile(keras.optimizers.Adam(0.001), loss="mse")
    rng, logs = np.random.default_rng(seed), {name: [] for name in line_looks}
    for _ in range(passes):
        batches = np.split(rng.permutation(count), count // 30)
        losses = [network.train_on_batch(few[0][rows], few[1][rows]) for rows in batches]
        logs["as logged"].append(float(np.mean(losses)))
        for name, (x, y) in {"dropout off": few, "unseen faces": held}.items():
            logs[name].append(float(np.mean((network.predict_on_batch(x) - y) ** 2)))
    return logs


small = {rate: train_on_few(rate) for rate in (0.0, 0.25)}

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(1, 2, figsize=(9.6, 3.2), sharey=True)
for axes, (rate, logs) in zip(grid, small.items()):
    for name, values in logs.items():
        label = name if name == "unseen faces" else f"training faces, {name}"
        colour, style = line_looks[name]
        axes.plot(range(1, passes + 1), values, style, color=plotting.COLOURS[colour], label=label)
    axes.set(title=f"dropout {rate:.0%}", xlabel="epoch", yscale="log")
grid[0].set_ylabel("MSE")
grid[1].legend(fontsize=8.5)
chapter.figure(
    figure,
    "05-c",
    f"Third on {count} faces: training with dropout off (dotted) shows the true gap.",
    alt="Two panels of losses over the epochs. Without dropout the solid and dotted training lines "
    "fall together far below the line of unseen faces. With dropout the solid training line lies "
    "well above the dotted one.",
)

# %% tags=["nbval-ignore-output"]
for rate, logs in small.items():
    lowest, final = min(logs["unseen faces"]), logs["unseen faces"][-1]
    print(f"dropout {rate:>3.0%}: unseen faces at best {lowest:.5f}, at the end {final:.5f}, "
          f"which is {final / logs['dropout off'][-1]:.1f} times the training faces")

# %% tags=["guard"]
with chapter.guard("without dropout a gap opens", quick=True):
    assert small[0.0]["dropout off"][-1] < small[0.0]["unseen faces"][-1]

# %% [markdown]
# Without dropout, solid and dotted line are nearly one: the weights of a trained network move
# little within an epoch. The blue line falls ever more slowly, or rises, while the training error
# goes on falling. The gap between them is overfitting.
#
# With dropout the solid line suggests that there is no overfitting at all. The dotted line shows
# that there is: the gap is between *dotted* and blue. When you judge overfitting by a
# training loss that was logged with dropout on, you are too kind. The thesis's training loss of
# 0.00039 for Third with dropout is probably such a number.
#
# Does dropout lower the blue line? Both runs start alike; compare their lowest values above. One
# seed does not settle it, and 25 epochs are few: dropout also slows training down.
# The thesis finds 0.00128 with dropout after 1000 epochs, against 0.00160 without.

# %%
without, dropped = (long[name].metrics for name in ("Third", "Third, dropout"))
change = dropped["test"]["mse"] / without["test"]["mse"] - 1
print(f"the stored runs of 1000 epochs: test MSE {without['test']['mse']:.5f} without dropout,")
print(f"{dropped['test']['mse']:.5f} with it, {change:+.0%}; the thesis's change is {-0.2:+.0%}")

# %% [markdown]
# That is one seed of each. [Chapter 06](06_pooled_cnn.ipynb) has three seeds, of 100 epochs each, and they do not agree.

# %% [markdown]
# ## What the filters look at
#
# Each of the four filters of conv1 has 25 weights. Draw them, and below each its answer to a face.

# %% tags=["nbval-ignore-output"]
trained = run.model()
convs = [layer for layer in trained.layers if isinstance(layer, keras.layers.Conv2D)]
see = keras.Model(trained.inputs[0], [layer.output for layer in convs])
maps = [np.array(m) for m in see(data.to_inputs(test.images[:50]))]
filters = convs[0].get_weights()[0][:, :, 0]

# %% tags=["nbval-ignore-output", "drawing"]
most = np.abs(filters).max()
figure, grid = plt.subplots(2, 5, figsize=(9.0, 3.8))
grid[0, 0].text(0.5, 0.5, "filter", ha="center", va="center")
grid[1, 0].imshow(test.images[0])
for k in range(min(4, filters.shape[-1])):
    grid[0, k + 1].imshow(filters[..., k], cmap="RdBu_r", vmin=-most, vmax=most)
    grid[1, k + 1].imshow(maps[0][0, ..., k])
for axes in grid.flat:
    axes.set_axis_off()
chapter.figure(
    figure,
    "05-d",
    "Filters of conv1 (red positive, blue negative), four at most, and their maps of one face.",
    alt="Top: four coloured grids of 5 by 5 weights. Bottom: a face and four grey maps of it, each "
    "stressing other edges or areas; a map may be black.",
)

# %% [markdown]
# A filter with red on one side and blue on the other answers to an edge in that direction. One
# that is mostly red is a blur, and its map looks like the face. You may find neither: many look like noise.
# How much was learned? Build the network anew with the same seed: those are the weights that
# training began with.

# %% tags=["nbval-ignore-output"]
kept = {}
for old, new in zip(third().layers, trained.layers):
    if old.weights:
        w, v = old.get_weights()[0].ravel(), new.get_weights()[0].ravel()
        kept[old.name] = np.corrcoef(w, v)[0, 1]
        print(f"{old.name}: correlation of first and trained weights {kept[old.name]:.2f}")

# %% tags=["guard"]
with chapter.guard("no layer has moved far, the dense one furthest", quick=True):
    assert min(kept, key=kept.get) == "dense" and kept["dense"] > 0.8

# %% [markdown]
# No layer has moved far; the dense layer moved most. So do not read a meaning into a pattern: the filters are
# still nearly the ones that chance drew. Random filters carry far, because even they keep edges and places.
#
# The two deeper layers see the maps of the layer before.

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(2, 8, figsize=(9.6, 2.7))
for row, layer in zip(grid, maps[1:]):
    for axes in row:
        axes.set_axis_off()
    for axes, k in zip(row, range(layer.shape[-1])):
        axes.imshow(layer[0, ..., k])
    row[0].set_title(f"{layer.shape[1]} × {layer.shape[2]}", loc="left")
chapter.figure(
    figure,
    "05-e",
    "Maps of conv2 (above) and conv3 (below), eight at most of each, same face.",
    alt="Two rows of small grey maps. Where the maps of the upper row are not black, the face can "
    "be recognised by its edges; the lower maps are coarser, and most still show the face.",
)

# %% tags=["nbval-ignore-output"]
for name, layer in zip(("conv1", "conv2", "conv3"), maps):
    zero = np.mean(layer == 0, axis=(0, 1, 2))
    print(f"{name}: share of zeros, from left to right", " ".join(f"{z:.1%}" for z in zero))

# %% [markdown]
# A map of zeros on every face is a *dead* filter: its ReLU lets nothing pass, and no gradient
# reaches its weights. In conv1 it stays dead, as [chapter 01a](01a_neurons.ipynb) showed. In conv2 and conv3 it may come
# back when the layer before it changes. A map with more than nine zeros in
# ten is close to that. With four filters in a
# layer, one dead filter is a quarter of what the network sees. Another seed gives other shares.

# %% [markdown]
# ## Does the prediction move with the face?
#
# You began with a face that moves by three pixels. The maps of conv1 move with it. Do the
# predicted points? Between maps and points stands the dense layer, which has a weight for every
# place.

# %% tags=["nbval-ignore-output"]
steps, hundred = (0, 2, 4, 6, 8), test.images[:100]
answers = {}  # the mean x of all points, by how far the faces were moved
for name, r in runs.items():
    follower = r.model()
    answers[name] = np.array(
        [training.predict(follower, moved(hundred, s))[..., 0].mean() for s in steps]
    )
follow = {name: (x[2] - x[0]) / 4 for name, x in answers.items()}

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(5.2, 3.6))
axes.plot(steps, steps, "--", color=plotting.COLOURS["grey"], label="ideal")
for (name, x), colour in zip(answers.items(), ("red", "orange", "blue")):
    axes.plot(steps, x - x[0], "o-", color=plotting.COLOURS[colour], label=name)
axes.set(xlabel="the face moves by (pixels)", ylabel="the points move by (pixels, mean)")
axes.legend()
chapter.figure(
    figure,
    "05-f",
    "How far the predicted points follow when the test faces move to the right.",
    alt="Three lines that bend away below the dashed diagonal: movement of the predicted points of "
    "First, Second with Adam and Third against the movement of the faces, 0 to 8 pixels.",
)

# %% tags=["nbval-ignore-output"]
for name, share in follow.items():
    print(f"{name:<14}{share:5.2f} pixels for each of the first 4 pixels")
print("closest to 1:", min(follow, key=lambda name: abs(follow[name] - 1)))

# %% [markdown]
# An ideal network follows pixel for pixel. The convolutions hand a shift on, but the dense layer behind
# them has to learn from examples what a moved map means for the points. If the faces it trained on
# all stand in nearly the same place, it has not. In that respect Third may be no better off than
# First: compare the two lines.
# Showing it shifted faces is one remedy, and [chapter 07](07_augmentation.ipynb) takes it.

# %% [markdown]
# ## What you saw
#
# - A convolution answers a moved face with a moved map, before it has learned anything. A dense
#   layer does not. A stride of 2 keeps this for even shifts only.
# - Third has 1,161,266 parameters. 99% of them sit in one dense layer, 0.1% in the convolutions.
# - Padding "same" is balanced or lopsided depending on kernel *and* stride: in Third the 5 by 5
#   kernel with stride 2 is half a pixel off, the 4 by 4 kernel is not.
# - Dropout lifts the logged training loss by a scatter that you can compute. Judge overfitting with
#   dropout off.
# - In the stored runs of 1000 epochs, Third beats Second with Adam and overfits early. On 120 faces
#   you saw the gap open within 25 epochs.
#
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. One stride more** (medium). Give conv1 a stride of 2 as well. Predict first: fewer parameters, or more?
# Then compute from the shapes how many Third has.

# %% tags=["answer"]
answer_1 = ...  # a whole number

# %% tags=["check"]
@chapter.check("a whole number", "which layer's input has shrunk, and by how much?")
def check_1(answer):
    """How many parameters Third has when conv1 has a stride of 2 too."""
    layers = [keras.layers.Input((96, 96, 1))]
    for filters, kernel in ((4, 5), (6, 5), (8, 4)):
        layers.append(keras.layers.Conv2D(filters, kernel, strides=2, padding="same"))
    layers += [keras.layers.Flatten(), keras.layers.Dense(250), keras.layers.Dense(30)]
    known = {
        1_161_266: "that is Third as it was; what does a smaller map change behind it?",
        290_316: "not all layers shrink: for which does the side of a map count?",
        295_780: "the convolutions have parameters too",
    }
    return known.get(float(answer) // 1, float(answer) == keras.Sequential(layers).count_params())


check_1(answer_1)

# %% tags=["solution"]
convolutions = 4 * (25 + 1) + 6 * (25 * 4 + 1) + 8 * (16 * 6 + 1)
answer_1 = convolutions + (12 * 12 * 8 + 1) * 250 + (250 + 1) * 30
check_1(answer_1)
# The convolutions keep their 1,486. The dense layer loses three quarters of its weights.

# %% [markdown]
# **2. No padding** (easy). With `padding="valid"` a window must lie inside the picture. Which sides do the
# three maps of Third have then? Recall the formula of [chapter 01c](01c_convolution.ipynb) first.

# %% tags=["answer"]
answer_2 = ...  # three whole numbers, such as (96, 48, 24)

# %% tags=["check"]
@chapter.check("three whole numbers, such as (96, 48, 24)", "where can the last window begin?")
def check_2(answer):
    """The sides of Third's three maps without padding."""
    x, right = keras.Input((96, 96, 1)), []
    for kernel, stride in ((5, 1), (5, 2), (4, 2)):
        x = keras.layers.Conv2D(1, kernel, strides=stride, padding="valid")(x)
        right.append(x.shape[1])
    if list(answer) == [96, 48, 24]:
        return "those are the sides with padding"
    return list(answer) == right


check_2(answer_2)

# %% tags=["solution"]
sides, side = [], 96
for kernel, stride in ((5, 1), (5, 2), (4, 2)):
    side = (side - kernel) // stride + 1
    sides.append(side)
answer_2 = tuple(sides)
check_2(answer_2)
# The last window begins at side - kernel. So a map has (side - kernel) // stride + 1 cells a side.

# %% [markdown]
# **3. How far does it see?** (medium) Compute from kernels and strides the side of the receptive field
# ([exercise 2 of chapter 01c](01c_convolution.ipynb#Exercises)) of one number of conv3. Then change conv2 to a kernel
# of 3: what is it then? Answer with both sides.

# %% tags=["answer"]
answer_3 = ...  # two whole numbers: Third's, and with a kernel of 3 in conv2

# %% tags=["check"]
@chapter.check("two whole numbers", "begin at one number of conv3 and go back, layer by layer")
def check_3(answer):
    """The sides of two receptive fields, measured with impulses."""
    right = []
    for middle in (5, 3):
        x = np.eye(96, dtype=np.float32)[..., np.newaxis]
        for kernel, stride in ((5, 1), (middle, 2), (4, 2)):
            x = keras.layers.Conv1D(1, kernel, strides=stride, padding="same", use_bias=False,
                                    kernel_initializer="ones")(x)
        right.append(int(np.count_nonzero(np.array(x)[:, 10, 0])))
    known = {
        (12, 10): "one step of conv3's kernel is two pixels of the picture, not one",
        (14, 12): "that is what the layers add; to what? What does a single pixel see?",
        (25, 21): "a stride spreads the kernels of the layers behind it, not the layer's own",
    }
    return known.get(tuple(answer), list(answer) == right)


check_3(answer_3)

# %% tags=["solution"]
answer_3 = tuple(5 + (middle - 1) * 1 + (4 - 1) * 2 for middle in (5, 3))
check_3(answer_3)
# An eye is about 15 pixels wide: a number of conv3 sees one eye, and never both.

# %% [markdown]
# **4. A crowd of networks** (hard). Leave dropout on while predicting, and average over 4000 masks for the
# first face of `units`, a training face, with `drop` and `output`. Predict first what the average comes close to.
# Answer with the averaged 15 points, in pixels.

# %% tags=["answer"]
answer_4 = ...  # an array (15, 2)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("an array (15, 2) in pixels", "the first of units, one copy a mask, dropout on?")
def check_4(answer):
    """The mean answer over many masks of dropout, near the answer without dropout."""
    answer = np.asarray(answer, float).reshape(15, 2)
    plain = data.to_pixels(np.array(output(units[:1])))[0]
    if np.abs(answer).max() < 3:
        return "those are targets y/48 - 1; data.to_pixels makes pixels of them"
    if np.abs(answer - plain).max() < 0.01:  # what float32 rounds in a mean of 4000
        return "that is the answer without dropout; how near does the average come?"
    one = np.repeat(units[:1], 500, axis=0)
    scatter = data.to_pixels(np.array(output(drop(one, training=True)))).std(axis=0)
    away = np.max(np.abs(answer - plain) / scatter)
    if 0.12 < away < 1:
        return "near, but still scattered; what would more masks do?"
    return bool(away < 0.12)


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
one = np.repeat(units[:1], 4000, axis=0)
crowd = data.to_pixels(np.array(output(drop(one, training=True))))
plain = data.to_pixels(np.array(output(units[:1])))
print(f"average of 4000 masks is {np.abs(crowd.mean(axis=0) - plain).max():.2f} px away at most")
print(f"a single mask scatters by {crowd.std(axis=0).mean():.2f} px")
answer_4 = crowd.mean(axis=0)
check_4(answer_4)
# Behind drop stands one linear layer, so the mean over masks is the answer without a mask.

# %% [markdown]
# **5. Your figure** (medium). Does a *trained* map follow the face? Measure conv3 for `some` at each of `shifts`
# in two ways: its maps as they are, by `difference`, and moved back, by `map_difference`. Predict first at which
# shifts the second line is zero, and why. Compare with [Figure 05-a](#figure-05-a).

# %% tags=["answer"]
conv3 = keras.Model(see.inputs[0], see.outputs[2])  # as trained; ask it like a layer
stays = ...  # one number for each of shifts: the maps as they are
follows = ...  # one number for each of shifts: moved back
zero = ...  # the shifts at which follows is zero
answer_5 = (stays, follows, zero)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two lines and some shifts", "the maps of some: which is moved, which is before?")
def check_5(answer):
    """Two lines of conv3 by shift, drawn; they and their zeros against a second computation."""
    given, zeros = np.array(answer[:2], float), {0, *np.ravel(answer[2]).tolist()}
    if given.shape != (2, len(shifts)):
        return "each line has one number for each of shifts"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    axes.plot(shifts, given.T, "o-", label=["conv3, trained: as it is", "moved back"])
    axes.set(xlabel="the face moves by (pixels)", ylabel="change (% of another face)")
    axes.legend()
    chapter.figure(figure, "Your figure", "What moves when the face moves.", private=True,
                   alt="The change of conv3's maps over shifts of 0 to 8 pixels, as computed.")
    found = [np.array(see(data.to_inputs(moved(some, s)))[2]) for s in shifts]
    right = np.array([[difference(m, found[0]) for m in found],
                      [map_difference(lambda x: see(x)[2], some, s) for s in shifts]])
    if given[0, 4] < 1:
        return "the first line is of maps as they are; yours has been moved back"
    if np.allclose(given[1], right[0], atol=0.1):
        return "the second line has not been moved back yet"
    if zeros != set(shifts[right[1] < 1].tolist()):
        return "which shifts are whole steps of conv3's map? Look at your figure"
    return bool(np.allclose(given, right, atol=0.1))


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
unmoved = np.array(conv3(data.to_inputs(some)))
stays = [difference(np.array(conv3(data.to_inputs(moved(some, s)))), unmoved) for s in shifts]
follows = [map_difference(conv3, some, s) for s in shifts]
zero = (0, 4, 8)
answer_5 = (stays, follows, zero)
check_5(answer_5)
# It follows exactly at each 4 pixels, its two strides together. Training changes nothing in that.

# %% [markdown]
# **6. A rate of your own** (open). The thesis suggests a higher dropout rate. Compare rates by the lowest error on
# unseen faces:
#
# ```python
# tried = {(rate, seed): train_on_few(rate, seed) for rate in (0.1, 0.5, 0.75) for seed in (0, 1)}
# ```
#
# Predict which rates differ by more than two seeds do.

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for a table of rate and lowest error with both seeds, and for comparing rates with seeds. One
# for not mixing the loss as logged with the one with dropout off. One for seeing where the error is still
# falling at the end: there a rate may only be slower. **Expected**: with either seed the error rises with the
# rate; from 0.1 to 0.5 by about what two seeds differ, at 0.75 by more.
