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
# # 06 A pooled convolutional network
#
# Third made its maps smaller by letting the filter skip every second pixel. **Fourth** lets the
# filter visit every pixel and then keeps the strongest of four neighbours. That is max-pooling.
# At the end of the chapter stands the thesis's [Table 4.1](#table-4.1), with your seven runs beside it.
#
# **You can afterwards**
# - compute what a pool keeps, and build one from ReLU (exercise 3, question 1);
# - tell how much place a pool throws away, and where a network keeps it all the same (exercises 1 and 4, question 2);
# - measure how steady a small map is, for a filter of your choice (exercise 6);
# - count the work of a network in multiply-adds, and tell what the count leaves out (exercise 2, question 3);
# - read a table of results: which column was chosen on, and when a mean of two networks beats both (exercise 5, question 4).
#
# **Needs** chapters [03](03_linear.ipynb) to [05](05_strided_cnn.ipynb). **Takes** about 120 minutes to study, and a minute of two cores (profile *quick*).
# **Figures** 3.6, 4.6, 4.7, 06-a to 06-g.
#
# **Tables** 3.2, 4.1.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import time

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import keras
import matplotlib.pyplot as plt
import numpy as np

from fkd_utils import data, evaluation, models, plotting, training


chapter = plotting.Chapter("06", PROFILE, DATA, SEED)
keras.utils.set_random_seed(SEED)

# %% tags=["nbval-ignore-output"]
splits = data.load(DATA, SEED, chapter.limit)
test = splits.test
print(f"{len(splits.train)} training, {len(splits.validation)} validation, {len(test)} test faces")

# %% [markdown]
# ## Max-pooling by hand
#
# Cut a map into squares of 2 by 2. Of each, keep the largest number. With NumPy that is a matter of
# giving the four numbers of a square two axes of their own.

# %%
def max_pool(maps):
    """Maps (n, h, w, c) with even sides: (n, h/2, w/2, c)."""
    n, height, width, channels = maps.shape
    squares = maps.reshape(n, height // 2, 2, width // 2, 2, channels)
    return squares.max(axis=(2, 4))


# %% [markdown]
# The example of [chapter 01c](01c_convolution.ipynb) ([Figure 2.6](01c_convolution.ipynb#figure-2.6) of the thesis):

# %%
example = np.array([[1, 2, 2, 1], [3, 5, 4, 1], [3, 0, 2, 4], [7, 1, 8, 0]], np.float32)
print(max_pool(example[np.newaxis, ..., np.newaxis])[0, ..., 0].astype(int))

# %% [markdown]
# Keras agrees, on a face and with the map of a filter that answers to edges.

# %%
edge = np.zeros((5, 5, 1, 1), np.float32)
edge[:2], edge[3:] = -0.2, 0.2
raw = np.array(keras.ops.relu(keras.ops.conv(data.to_inputs(test.images), edge, padding="same")))
pooled = max_pool(raw)
same = np.array_equal(pooled, np.array(keras.layers.MaxPooling2D(2)(raw)))
print(raw.shape[1:], "becomes", pooled.shape[1:], "as in Keras:", same)

# %% tags=["nbval-ignore-output", "drawing"]
eyes = slice(20, 60), slice(12, 84)
small_eyes = slice(10, 30), slice(6, 42)
views = {
    "face (its eyes)": test.images[0][eyes],
    "edges": raw[0, ..., 0][eyes],
    "every second": raw[0, ::2, ::2, 0][small_eyes],
    "maximum of four": pooled[0, ..., 0][small_eyes],
    "mean of four": np.array(keras.layers.AveragePooling2D(2)(raw))[0, ..., 0][small_eyes],
}
figure, grid = plt.subplots(1, 5, figsize=(9.6, 1.6))
for axes, (title, view) in zip(grid, views.items()):
    most = None if "face" in title else views["edges"].max()
    axes.imshow(view, vmin=0, vmax=most)
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
chapter.figure(
    figure,
    "06-a",
    "A map of horizontal edges, and three ways to halve its sides.",
    alt="The eyes of a face, the map of their horizontal edges, and three maps of half the size. "
    "The map of maxima is the brightest of the three, the map of means the softest.",
)

# %% [markdown]
# The thesis says that a pool reduces the information by 75%. It reduces the *numbers* by 75%. Skipping
# pixels does so too. The difference is which quarter is kept.
#
# ## Is a pool steadier?
#
# Move the faces one pixel to the right. How much does the small map change, compared with the
# change from one face to another? In [chapter 05](05_strided_cnn.ipynb) you could move the map back. Here you cannot: a
# shift of one pixel is half a cell.
#
# The answer may hang on the filter. So take three: the one above, which answers to horizontal edges and is blurred along them; the
# same for vertical edges; and a Laplace filter, which answers to spots.
#
# **Predict** which changes more: from one filter to another, or from one way of making the map small to another?

# %%
def moved(pictures, by):
    """Maps (n, h, w, c) shifted to the right; the left edge is repeated."""
    edge = np.repeat(pictures[:, :, :1], by, axis=2)
    return np.concatenate([edge, pictures[:, :, : pictures.shape[2] - by]], axis=2)


def change(small, by, maps):
    """Change of small maps by the shift, in percent of the change from a face to the next."""
    before, after = small(maps), small(moved(maps, by))
    other = np.roll(before, 1, axis=0)
    return 100 * float(np.sqrt(np.mean((after - before) ** 2) / np.mean((other - before) ** 2)))


# %% tags=["nbval-ignore-output"]
ways = {
    "every second": lambda maps: maps[:, ::2, ::2],
    "maximum of four": max_pool,
    "mean of four": lambda maps: np.array(keras.layers.AveragePooling2D(2)(maps)),
}
spot = -np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)[..., None, None]
filters = {"horizontal edges": edge, "vertical edges": edge.transpose(1, 0, 2, 3), "spots": spot}
table = []
for kind, weights in filters.items():
    maps = keras.ops.relu(keras.ops.conv(data.to_inputs(test.images), weights, padding="same"))
    for name, way in ways.items():
        found = [change(way, by, np.array(maps)) for by in (1, 2)]
        table.append({"filter": kind, "map": name, "1 pixel": found[0], "2 pixels": found[1]})
plotting.show_table(table, **{"1 pixel": "{:.0f} %", "2 pixels": "{:.0f} %"})

# %% tags=["guard"]
with chapter.guard("the maximum changes a little less than every second pixel, with each filter"):
    one_pixel = np.array([row["1 pixel"] for row in table]).reshape(3, 3)
    assert (one_pixel[:, 1] < 1.05 * one_pixel[:, 0]).all()
    assert (one_pixel[:, 1] > 0.7 * one_pixel[:, 0]).all()
    assert one_pixel[2].min() > 2 * one_pixel[0].max()

# %% [markdown]
# One often reads that max-pooling makes a network invariant to small shifts. Here it is a little steadier than
# skipping pixels, and far from invariant. What the filter answers to matters much more. A filter that is blurred along the shift hardly
# notices it. One that answers to small spots changes by more than half of what another face would change.
#
# The second column is no failure. After two pixels each small map is the old one, moved by a cell. It
# counts as changed only because it is not moved back.
#
# ## What a pool forgets
#
# For a single bright dot it is different. Put it into each of the four corners of a square: the pool
# gives one answer for all four. That is **invariance**, and for you it is a loss. (A convolution is **equivariant**: its answer
# moves along, as [chapter 05](05_strided_cnn.ipynb) showed.) Your network has to say
# *where* the eye is, to a pixel and less. After three pools one cell stands for 8 by 8 pixels, and 64
# positions look alike.
#
# How well can the position be read off then? Give a linear read-out (ridge regression) the
# pooled map and ask for the position of the dot. The best answer for a cell is its middle, and
# the middle of eight places is off by
#
# $$\sqrt{(8^2 - 1)/12} = 2.29 \text{ pixels}$$
#
# in each direction, root mean square.

# %%
places = np.stack(np.meshgrid(np.arange(32, 72), np.arange(32, 72)), axis=-1).reshape(-1, 2)
dots = np.zeros((len(places), 96, 96, 1), np.float32)
dots[np.arange(len(places)), places[:, 1], places[:, 0]] = 1
three_pools = max_pool(max_pool(max_pool(dots))).reshape(len(dots), -1)
three_pools.shape

# %%
order = np.random.default_rng(0).permutation(len(places))
learn, check = order[:1200], order[1200:]


def positions(features, alpha=1e-3):
    """The places that a linear read-out finds: (n, 2). It has learned from a part of them."""
    x = (features - features[learn].mean(axis=0)).astype(np.float64)
    x /= np.sqrt((x[learn] ** 2).sum(axis=1).mean())
    middle = places[learn].mean(axis=0)
    gram = x[learn] @ x[learn].T + alpha * np.eye(len(learn))
    return x @ x[learn].T @ np.linalg.solve(gram, places[learn] - middle) + middle


def read_out(features):
    """Error in pixels (root mean square of a coordinate) at places not learned from."""
    return float(np.sqrt(np.mean((positions(features)[check] - places[check]) ** 2)))


# %%
bare = read_out(three_pools)
print(f"three pools and nothing else: off by {bare:.1f} px")

# %% tags=["guard"]
with chapter.guard("three pools alone are off by what the formula says"):
    assert abs(bare - np.sqrt(63 / 12)) < 0.15

# %% [markdown]
# That looks bad for a network of which you want an error of one or two pixels. But between the
# pools of Fourth stand convolutions. Build the network first, then ask again.
#
# ## The network

# %%
def fourth(dropout=0):
    """Fourth, with the same first weights each time; not yet compiled."""
    keras.utils.set_random_seed(SEED)
    network = keras.Sequential(
        [
            keras.layers.Input((96, 96, 1)),
            keras.layers.Conv2D(4, 5, padding="same", activation="relu", name="conv1"),
            keras.layers.MaxPooling2D(2, name="pool1"),
            keras.layers.Conv2D(6, 5, padding="same", activation="relu", name="conv2"),
            keras.layers.MaxPooling2D(2, name="pool2"),
            keras.layers.Conv2D(8, 4, padding="same", activation="relu", name="conv3"),
            keras.layers.MaxPooling2D(2, name="pool3"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(250, activation="relu", name="dense"),
        ],
        name="fourth",
    )
    if dropout:
        network.add(keras.layers.Dropout(dropout))
    network.add(keras.layers.Dense(30, name="output"))
    return network


model = fourth()

# %% [markdown]
# [Table 3.2](#table-3.2) follows from the layers. A column is added: the multiply-adds for one picture. To
# produce one output, a convolution multiplies each weight of a filter once and adds it up; a dense
# unit does the same with each of its inputs. A pool multiplies nothing.

# %%
def multiply_adds(layer):
    """Multiplications with a weight for one picture."""
    if isinstance(layer, keras.layers.Conv2D):
        per_output = layer.kernel_size[0] * layer.kernel_size[1] * layer.input.shape[-1]
        return int(np.prod(layer.output.shape[1:])) * per_output
    if isinstance(layer, keras.layers.Dense):
        return layer.input.shape[-1] * layer.units
    return 0


def describe(layer):
    """A row of Table 3.2."""
    shapes = [" × ".join(map(str, t.shape[1:])) for t in (layer.input, layer.output)]
    kernel = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
    return {
        "layer": layer.name,
        "input shape": shapes[0],
        "filters": str(getattr(layer, "filters", "")),
        "kernel": " × ".join(map(str, kernel)) if kernel else "",
        "stride": str(layer.strides[0]) if kernel else "",
        "output shape": shapes[1],
        "parameters": f"{layer.count_params():,}",
        "multiply-adds": f"{multiply_adds(layer):,}",
    }


# %%
rows = [describe(layer) for layer in model.layers]
chapter.table(rows, "3.2", f"The layers of Fourth, {model.count_params():,} parameters.")

# %% tags=["guard"]
with chapter.guard("Table 3.2: pooled maps of 48, 24 and 12 pixels a side"):
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["pool1"] == (48, 48, 4) and shapes["pool2"] == (24, 24, 6)
    assert shapes["conv3"] == (24, 24, 8) and shapes["flatten"] == (1152,)

# %%
chapter.figure(
    plotting.draw_network(model),
    "3.6",
    "Fourth: each convolution is followed by a pool that halves the map.",
    alt="From left to right: the input, 96 by 96; maps of 96 by 96 by 4, pooled to 48 by 48 by 4; "
    "48 by 48 by 6, pooled to 24 by 24 by 6; 24 by 24 by 8, pooled to 12 by 12 by 8; then a "
    "column of 250 nodes joined to 30 outputs.",
)

# %% [markdown]
# The thesis prints 24 × 24 × 8 as the input of conv3. That is a slip: pool2 leaves the number of
# maps as it is, so conv3 gets 24 × 24 × **6**. Your table has the right number, because it comes from
# the layers.
#
# The thesis expects slightly fewer neurons than in Third, so fewer weights, and a very small saving.
# Count.

# %%
third = models.third()
kinds = {"convolutions": keras.layers.Conv2D, "dense layers": keras.layers.Dense}
rows = []
for name, network in (("Third", third), ("Fourth", model)):
    for kind, cls in kinds.items():
        part = [layer for layer in network.layers if isinstance(layer, cls)]
        rows.append({"network": name, "part": kind,
                     "parameters": f"{sum(p.count_params() for p in part):,}",
                     "multiply-adds": f"{sum(map(multiply_adds, part)):,}"})
plotting.show_table(rows)

# %%
work = [sum(map(multiply_adds, network.layers)) for network in (third, model)]
print(f"parameters:    Fourth has {model.count_params() / third.count_params():.0%} of Third's")
print(f"multiply-adds: Fourth has {work[1] / work[0]:.0%} of Third's")

# %% tags=["guard"]
with chapter.guard("Fourth has 297,266 parameters and the convolutions of both the same work"):
    assert (third.count_params(), model.count_params()) == (1_161_266, 297_266)
    assert rows[0]["multiply-adds"] == rows[2]["multiply-adds"]

# %% [markdown]
# A quarter of the weights, and a fifth less work. The third pool halves the map once more, so the
# dense layer gets 1152 numbers instead of 4608, and you know from [chapter 05](05_strided_cnn.ipynb) that the dense layer
# is where the parameters are.
#
# The convolutions do the same work in both, to the last multiplication. In Third conv2 reads a map
# of 96 by 96 and stops at every second pixel. In Fourth it reads a map of 48 by 48 and stops at
# every pixel. Both compute 48 × 48 outputs. Pooling saves nothing there. All of the saving
# is in the dense layer.
#
# Whether that makes training faster is another question. You will measure it below.
#
# ## Training
#
# First the thesis's own length, as stored with the course: Fourth for 1000 epochs on real faces ([chapter 02](02_data.ipynb) says whose),
# without and with dropout of 25% on the dense layer.
#
# **Predict.** In [chapter 05](05_strided_cnn.ipynb) Third overfitted: its validation error rose and stayed above its lowest.
# Fourth has a quarter of Third's weights. Does it overfit less?

# %%
long, real = training.of_rows(training.TABLE_4_1), training.mean_face_measures()
both = {name: long[name] for name in ("Fourth", "Fourth, dropout")}
for name, stored in both.items():
    print(f"{name}: {stored.summary()}\n")

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(7.2, 3.6))
for (name, stored), colour in zip(both.items(), ("blue", "orange")):
    style = {"color": plotting.COLOURS[colour]}
    axes.plot(stored.history.epoch, stored.history.val_mse, label=f"{name}, validation", **style)
    axes.plot(stored.history.epoch, stored.history.loss, ":", label=f"{name}, training", **style)
axes.axhline(real["validation"]["mse"], color="black", lw=1, ls="--", label="mean face")
axes.set(xscale="log", yscale="log", xlabel="epoch", ylabel="MSE")
axes.legend(fontsize=8.5)
chapter.figure(
    figure,
    "06-f",
    "Fourth without and with dropout, 1000 epochs on real faces.",
    alt="Validation and training error of two trainings over 1000 epochs, both axes logarithmic. "
    "Without dropout validation falls to a lowest point, then rises and stays up, while the "
    "training error falls by powers of ten. With dropout validation stays close to its lowest and "
    "the training error falls far less.",
)

# %%
ends = {}
for name in ("Third", "Fourth", "Fourth, dropout"):
    log, epoch = long[name].history, long[name].metrics["best_epoch"]
    ends[name] = log.val_mse.iloc[-25:].mean() / log.val_mse.min()
    print(f"{name:<16}lowest validation MSE at epoch {epoch}; the mean of the last 25 epochs is "
          f"{ends[name]:.2f} times that")

# %% tags=["guard"]
with chapter.guard("Fourth ends furthest above its lowest error, with dropout it stays close"):
    assert ends["Fourth"] > 1.2 * ends["Third"] and ends["Third"] > 1.1 * ends["Fourth, dropout"]

# %% [markdown]
# A quarter of the weights, and it overfits more. Fourth gets lower than Third and takes longer to get
# there, but then it ends further above its lowest error. The number of weights alone does not tell
# you how much a network will overfit. (This is one seed of each.)
#
# With dropout the error stays close to its lowest until the end. The dotted line with dropout is taken
# with dropout on, so it lies higher than what the network knows.
#
# Now your own. The quick profile has time for 20 epochs.

# %% tags=["nbval-ignore-output"]
epochs = chapter.pick(smoke=2, quick=20, paper=1000)
model = fourth()
model.compile(keras.optimizers.Adam(0.001), loss="mse")
run = training.fit(model, splits, epochs=epochs, batch_size=64, seed=SEED)

# %% tags=["nbval-ignore-output"]
figure = plotting.learning_figure(
    run.history, run.best_epoch, test.images, test.keypoints, run.predict(test.images)
)
chapter.figure(
    figure,
    "4.6",
    f"Learning curve of Fourth over {epochs} epochs, and its best and worst test faces.",
    alt="Left: training and validation error of Fourth by epoch. Right: three test faces with "
    "small errors and three with large ones.",
)

# %% [markdown]
# And with dropout of 25% on the dense layer. Its training curve, too, is taken with dropout on.

# %% tags=["nbval-ignore-output"]
model = fourth(dropout=0.25)
model.compile(keras.optimizers.Adam(0.001), loss="mse")
run_dropout = training.fit(model, splits, epochs=epochs, batch_size=64, seed=SEED)

# %% tags=["nbval-ignore-output"]
predicted = run_dropout.predict(test.images)
figure = plotting.learning_figure(
    run_dropout.history, run_dropout.best_epoch, test.images, test.keypoints, predicted
)
chapter.figure(
    figure,
    "4.7",
    "Learning curve of Fourth with 25% dropout, and its best and worst test faces.",
    alt="Left: training and validation error of Fourth with dropout by epoch. Right: three test "
    "faces with small errors and three with large ones.",
)

# %% [markdown]
# ## Where is the dot?
#
# Now the question from above. Show the dots to Fourth and read their position off the 1152 numbers
# behind the last pool, once with random weights and once with trained ones. A single bright pixel
# on black is nothing the trained network has met. So show it a dark, soft spot on grey as well,
# about as wide as an iris.

# %%
def features(network, pictures):
    """What the dense layer gets to see: (n, 1152)."""
    flatten = next(i for i in network.layers if isinstance(i, keras.layers.Flatten))
    body = keras.Model(network.inputs[0], flatten.output)
    return body.predict(pictures, batch_size=256, verbose=0)


across, down = (np.exp(-((np.arange(96) - places[:, [k]]) ** 2) / 8) for k in (0, 1))
spots = (0.6 - 0.4 * down[:, :, None] * across[:, None, :]).astype(np.float32)[..., None]

# %% tags=["nbval-ignore-output"]
untrained, trained = fourth(), run.model()
errors = {
    "three bare pools, dot": bare,
    "Fourth, random weights, dot": read_out(features(untrained, dots)),
    "Fourth, trained, dot": read_out(features(trained, dots)),
    "Fourth, random weights, dark spot": read_out(features(untrained, spots)),
    "Fourth, trained, dark spot": read_out(features(trained, spots)),
}

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(6.8, 2.4))
bars = axes.barh(list(errors), list(errors.values()), color=plotting.COLOURS["sky"])
axes.bar_label(bars, fmt="%.2f px", padding=3)
axes.invert_yaxis()
axes.set(xlabel="error of the read-out (px, root mean square)", xlim=(0, 2.9))
chapter.figure(
    figure,
    "06-b",
    "How well a linear read-out finds a dot from what is left behind the third pool.",
    alt="Five horizontal bars. Three pools alone are off by 2.3 pixels; the four versions of "
    "Fourth with its convolutions have shorter bars.",
)

# %% tags=["guard"]
with chapter.guard("filters before the pools tell the place", quick=True):
    assert errors["Fourth, random weights, dot"] < 0.8 * bare
    assert errors["Fourth, trained, dark spot"] < 0.8 * bare

# %% [markdown]
# Move the bright dot pixel by pixel to the right. **Predict**: in how many of the steps does the map of three bare pools change?
# And the map behind Fourth's last pool?

# %% tags=["nbval-ignore-output"]
in_values = features(trained, dots)
mid = places[len(places) // 2][1]
row_of_dots = [k for k, (x, y) in enumerate(places) if y == mid and 40 <= x <= 57]
read_x = {"bare": positions(three_pools)[:, 0], "fourth": positions(in_values)[:, 0]}
in_maps = in_values.reshape(-1, 12, 12, 8)[row_of_dots]
busiest = int(in_maps.std(axis=0).sum(axis=(0, 1)).argmax())
in_maps = in_maps[..., busiest]
moves = [int((np.abs(np.diff(m.reshape(len(row_of_dots), -1), axis=0)).max(axis=1) > 1e-6).sum())
         for m in (three_pools[row_of_dots], in_maps)]
print(f"of {len(row_of_dots) - 1} steps the bare pools see {moves[0]}, Fourth {moves[1]}")

# %% tags=["drawing"]
def dot_figure(step):
    """A dot, three bare pools of it, and one of Fourth's maps, with the read-outs."""
    k = row_of_dots[step]
    figure, grid = plt.subplots(1, 3, figsize=(6.4, 3.2))
    maps = dots[k, ..., 0], three_pools[k].reshape(12, 12), in_maps[step]
    titles = (f"dot at x = {places[k][0]}", f"three bare pools\nread x = {read_x['bare'][k]:.1f}",
              f"Fourth, trained\nread x = {read_x['fourth'][k]:.1f}")
    limits = (0, 1), (0, 1), (in_maps.min(), in_maps.max())
    for axes, picture, title, (low, high) in zip(grid, maps, titles, limits):
        cell = 96 // len(picture)
        edges = (32 - cell / 2) / cell, (72 - cell / 2) / cell
        axes.imshow(picture, vmin=low, vmax=high)
        axes.set_title(title, fontsize=9)
        axes.set(xlim=edges, ylim=edges[::-1], xticks=[], yticks=[])
        axes.grid(False)
    for edge_of_cell in range(40, 72, 8):
        grid[0].axvline(edge_of_cell - 0.5, color=plotting.COLOURS["sky"], lw=0.6)
        grid[0].axhline(edge_of_cell - 0.5, color=plotting.COLOURS["sky"], lw=0.6)
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(dot_figure, range(len(row_of_dots))),
    [f"x = {places[k][0]}" for k in row_of_dots],
    "06-g",
    "A dot that moves, with the edges of the last pool's cells; what is left of it behind three "
    "bare pools, and in one map behind Fourth's last pool. Above them the x of a linear read-out.",
    alt="Three squares. Left a dot that moves by a pixel at a time. In the middle a coarse map in "
    "which one cell is lit for eight steps and then the next one. Right a coarse map in which "
    "the values change with every step, and from which the place is read more closely.",
    start=4,
)

# %% [markdown]
# Each pool still forgets. But before it, a filter spreads the dot over 5 by 5 pixels. So several squares see
# the dot. The farther a square is from it, the less it sees. The maximum of each square is large or small
# accordingly, and together they tell where inside the cell the dot is. The position is written in the *values*.
#
# It does not take training for this: random filters spread a dot as well. Training was for faces, and
# need not help with a dot: compare the two bars. This is why a network with maps of 12 by 12 can answer
# to a fraction of a cell. Its dense layer reads values.

# %% [markdown]
# ## Does it train faster?
#
# The thesis measured about 10% less time for Fourth than for Third, on a GPU. Your store noted the
# seconds of every epoch.

# %% tags=["nbval-ignore-output"]
earlier = [name for name in training.TABLE_4_1 if "Fourth" not in name]
runs = {name: training.thesis_run(name, splits, PROFILE, SEED) for name in earlier}
runs |= {"Fourth": run, "Fourth, dropout": run_dropout}
for name in ("Third", "Third, dropout", "Fourth", "Fourth, dropout"):
    print(f"{name:<16}{runs[name].history.seconds.median():6.2f} s an epoch")

# %% [markdown]
# These runs were made one after the other, perhaps on different days, and the computer may have
# been busy during one of them. For a fair race, let both networks take turns, a few training
# steps each, and keep the fastest turn of each: it was disturbed least. (The first turn also
# prepares the network, so it is never the fastest.)

# %%
racers = {"Third": training.thesis_model("Third", SEED), "Fourth": fourth()}
racers["Fourth"].compile(keras.optimizers.Adam(0.001), loss="mse")
batch = data.to_inputs(splits.train.images[:64]), data.to_targets(splits.train.keypoints[:64])
turns = {name: [] for name in racers}
for _ in range(chapter.pick(smoke=2, quick=8, paper=30)):
    for name, network in racers.items():
        start = time.perf_counter()
        for _ in range(2):
            network.train_on_batch(*batch)
        turns[name].append((time.perf_counter() - start) / 2)

# %% tags=["nbval-ignore-output"]
fastest = {name: 1000 * min(values) for name, values in turns.items()}
ratio = fastest["Fourth"] / fastest["Third"]
print(", ".join(f"{name} {ms:.0f} ms a step" for name, ms in fastest.items()))
print(f"Fourth takes {ratio:.0%} of Third's time here; multiply-adds say {work[1] / work[0]:.0%}")
verdict = "holds" if ratio < 0.95 else "does not hold" if ratio > 1.05 else "is too close to call"
print(f"that Fourth trains faster {verdict} on this computer")

# %% [markdown]
# Do not be surprised if count and clock disagree. The first convolution, with its maps of 96 by 96,
# is the same in both networks and moves the most memory. A pool has no multiplications, but it reads
# four numbers for each it writes, and in training it must find out again which of them won. And conv2
# and conv3 take the same multiplications in both, but not the same time. [Chapter 11](11_cpu_and_gpu_timing.ipynb) measures
# more networks, and a GPU where there is one.

# %% [markdown]
# ## Table 4.1
#
# All seven networks, three times: the thesis on Kaggle's faces; ours at the thesis's length on
# real faces, as stored with the course; and yours. `val.` is the lowest validation MSE, `train.`
# the training loss logged in the same epoch. The row for the mean face is not in the thesis; its
# left number is computed from Kaggle's labels.

# %%
kaggle = training.kaggle_labels()["mean_face_mse"]

# %% tags=["nbval-ignore-output"]
mean_face = evaluation.mean_face(splits.train.keypoints)
base = evaluation.mse(splits.validation.keypoints, mean_face[None])
rows = [{"model": "(mean face)", "thesis: val.": kaggle, "full length: val.":
         real["validation"]["mse"], "yours: val.": base}]
for name, plan in training.TABLE_4_1.items():
    (val, loss, epoch), full, own = plan.thesis, long[name].metrics, runs[name].at_best()
    rows.append({"model": name, "thesis: val.": val, "train.": loss, "epoch": epoch,
                 "full length: val.": full["validation_mse"], "train. ": full["training_mse"],
                 "epoch ": full["best_epoch"], "yours: val.": own.val_mse, "train.  ": own.loss,
                 "epoch  ": own.epoch})
columns = {c: "{:.0f}" if "epoch" in c else "{:.5f}" for c in rows[1] if c != "model"}
rows = [{c: row.get(c) for c in rows[1]} for row in rows]
title = ("Lowest validation MSE. Thesis and full length: 1000 epochs at most, on Kaggle's and on "
         f"1,570 real faces; yours: profile {PROFILE}, data {DATA}, {len(splits.train)} faces.")
chapter.table(rows, "4.1", title, **columns)

# %% [markdown]
# Do not compare one part with another. Each has other faces, and yours has fewer epochs. In yours all pictures of one person stand on
# one side of the split. In the middle part one of each set of copies was kept, and who is who is not known. The thesis names no rule. In the middle part all errors
# are larger than the thesis's. So is the mean face's: those faces are harder.
#
# So compare *within* a part. And there is a better number than the validation loss. The epoch was
# *chosen* on the validation faces, so the lowest value there is partly luck. The test faces had no
# say.

# %%
full_scores = {"mean face": real["test"]} | {name: s.metrics["test"] for name, s in long.items()}
FORMATS = {"mse": "{:.5f}", "rmse_px": "{:.2f}", "mean_px": "{:.2f}", "nme": "{:.1f} %"}
plotting.show_table(
    [{"full length, test faces": name, **score} for name, score in full_scores.items()], **FORMATS
)

# %% [markdown]
# If you have changed a network in [chapter 05](05_strided_cnn.ipynb), name its run in the first
# line, and it stands in the last row.

# %% tags=["nbval-ignore-output"]
OWN_NETWORK = ""  # the beginning of a run of yours: `python -m fkd_utils runs list` names them
constant = np.broadcast_to(evaluation.mean_face(splits.train.keypoints), test.keypoints.shape)
scores = {"mean face": evaluation.measures(test.keypoints, constant)}
points = {name: r.predict(test.images) for name, r in runs.items()}
if OWN_NETWORK:
    points[OWN_NETWORK] = training.predict(training.network(OWN_NETWORK), test.images)
scores |= {name: evaluation.measures(test.keypoints, p) for name, p in points.items()}
plotting.show_table([{"yours, test faces": name, **score} for name, score in scores.items()],
                  **FORMATS)

# %% tags=["guard"]
with chapter.guard("the convolutional networks are far better than the mean face", quick=True):
    for name in ("Third", "Third, dropout", "Fourth", "Fourth, dropout"):
        assert scores[name]["mse"] < 0.6 * scores["mean face"]["mse"]

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(7.6, 4.0))
axes.axhline(base, color=plotting.COLOURS["grey"], linestyle=":", label="mean face")
colours = ("grey", "purple", "orange", "blue", "blue", "green", "green")
styles = ["--" if "dropout" in name else "-" for name in runs]
for (name, r), colour, style in zip(runs.items(), colours, styles):
    axes.plot(r.history.epoch, r.history.val_mse, style, color=plotting.COLOURS[colour], label=name)
axes.set(xscale="log", yscale="log", xlabel="epoch", ylabel="validation MSE")
axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8.5)
chapter.figure(
    figure,
    "06-c",
    "Validation error of all seven networks of Table 4.1.",
    alt="Seven curves over the epochs, both axes logarithmic, and a dotted line for the mean face. "
    "The four convolutional networks fall faster and lower than the others.",
)

# %% [markdown]
# ## Which differences are real?
#
# What does this say about the thesis's claims? Each is a ratio of two errors. One run each settles
# none of them: other first weights and another order of
# batches give another ratio. So the course also trained Third and Fourth, with and without
# dropout, with three seeds each. Those runs are shorter than the thesis's, and say so.
#
# **Predict** which of the three changes, dropout in Third, dropout in Fourth and pools for strides,
# is larger than its spread over the seeds.

# %%
seeds = training.table("seeds/table_4_1")
by_seed = seeds.pivot(index="seed", columns="model", values="test_mse")
changes = {
    "dropout in Third": ("Third, dropout", "Third"),
    "dropout in Fourth": ("Fourth, dropout", "Fourth"),
    "pools for strides": ("Fourth", "Third"),
    "the same, both with dropout": ("Fourth, dropout", "Third, dropout"),
}
print(f"{len(seeds)} trainings of {seeds.epochs.max()} epochs")
for name, best in seeds.groupby("model").best_epoch:
    print(f"{name:<16}lowest validation error at epoch {', '.join(map(str, sorted(best)))}")


def ratio_of(scores, better, worse):
    """Test MSE of one model over that of another."""
    return scores[better]["mse"] / scores[worse]["mse"]


# %% tags=["drawing"]
thesis = {name: plan.thesis[0] for name, plan in training.TABLE_4_1.items()}
rows = {name: evaluation.change(by_seed[a], by_seed[b], ratio_of(full_scores, a, b),
                            thesis[a] / thesis[b])
        for name, (a, b) in changes.items()}
chapter.figure(
    plotting.changes_figure(rows, f"three seeds, {seeds.epochs.max()} epochs", "1000 epochs"),
    "06-e",
    "Three small changes on real faces, the last also with dropout in both networks: ratio of test "
    "MSE, below 1 is better. The line is the 95% interval of the mean over the seeds.",
    alt="A row for each change. Dots: the ratio of test errors for each of three seeds, with a "
    "line for the interval of their mean; a square for the full length; a diamond for the "
    "thesis.",
)

# %%
for name, (a, b) in changes.items():
    text, verdict = evaluation.by_seeds(by_seed[a], by_seed[b])
    full = ratio_of(full_scores, a, b)
    print(f"{name:<28}{text}: {verdict}; seed 0, trained on: {full:.2f}")
best = {name: long[name].metrics["best_epoch"] for name in by_seed}
print("seed 0, lowest validation error of 1000 epochs:",
      "; ".join(f"{name} at epoch {epoch}" for name, epoch in best.items()))

# %% tags=["guard"]
with chapter.guard("only Third with dropout is at its best after epoch 100"):
    assert [name for name, epoch in best.items() if epoch > 100] == ["Third, dropout"]

# %% [markdown]
# After 100 epochs pools beat strides with every seed, and by more than the thesis has. With dropout in
# both, all three seeds say so too, but three are not enough to be sure. What dropout brings cannot be
# told: in Third the three seeds lie on both sides of 1. (The interval counts seeds. The same test faces measure every
# network, and other faces would move all of them.)
#
# Now look at the squares. At full length dropout takes a quarter off Third's error. Dropout slows
# training down: Third without it is at its best before epoch 20, Third with it in the second half
# of the 100, and of 1000 at epoch 911. So with this seed, whether dropout helps Third depends on how long
# you train. And so does the last row: once Third with dropout has had its time, the lead of the pools
# is gone.
#
# A square is seed 0, trained on. Three of the four networks had their best epoch within the first 100,
# so their squares repeat a dot. Only Third with dropout got better afterwards.
#
# Now all the claims, at full length and in your own run. With one run a network none is settled, however
# large the difference ([chapter 19](19_what_held_up.ipynb) has the rule). A large one needs only few more seeds.

# %%
def judge(claim, better, worse):
    """A claim and three ratios: the thesis's validation MSE, and the test MSE of ours and yours."""
    ours, yours = (ratio_of(s, better, worse) for s in (full_scores, scores))
    return {"claim": claim, "thesis": f"{thesis[better] / thesis[worse]:.2f}",
            "full length": f"{ours:.2f}", "yours": f"{yours:.2f}"}


# %% tags=["nbval-ignore-output"]
plotting.show_table(
    [
        judge("Adam beats plain descent (Second)", "Second, Adam", "Second"),
        judge("a CNN beats the MLP (Third, Second)", "Third", "Second, Adam"),
        judge("dropout helps Third", "Third, dropout", "Third"),
        judge("pooling beats strides (Fourth, Third)", "Fourth", "Third"),
        judge("dropout helps Fourth", "Fourth, dropout", "Fourth"),
        judge("First to Fourth with dropout: error falls", "Fourth, dropout", "First"),
    ]
)
print(f"ratios of MSE, smaller is better; yours: profile {PROFILE}, one seed")

# %% [markdown]
# Where the three seeds above say *not settled*, what does this table add? For Fourth nothing: its best epochs
# lie within the 100 of the seeds. For Third with dropout the seeds stopped too early, and there is one
# run of 1000 epochs. That is an observation of one seed, not a verdict.
#
# The last row is the thesis's 78%: an error of 0.22 times First's. But First was no better than the mean
# face, if its held-out faces were drawn at random: that made 0.0044 on Kaggle's labels. Measured from there, the thesis came down by 75%:
# almost the same, since its whole way down began at the mean face. It says in the same breath that on
# the hardest face the gain was only 20%. [Chapter 09](09_heat_maps.ipynb) looks at that face.

# %% tags=["nbval-ignore-output"]
full, own = (1 - ratio_of(s, "Fourth, dropout", "mean face") for s in (full_scores, scores))
print(f"below the mean face: thesis {1 - 0.0011 / kaggle:.0%}; on test faces {full:.0%} at full "
      f"length, {own:.0%} in your run")

# %% [markdown]
# ## Where do they fail?
#
# The thesis found that one face, a woman with glasses, was the worst for *all* its networks. Is there
# such a face among yours? Rank the test faces by the error of each network. The titles say between
# which ranks a face lies; the worst for all would have 1 to 1.

# %% tags=["nbval-ignore-output"]
per_face = {name: evaluation.face_mse(test.keypoints, p) for name, p in points.items()}
ranks = np.stack([np.argsort(np.argsort(-e)) for e in per_face.values()])
worst = np.argsort(ranks.mean(axis=0))[:4]
titles = [f"ranks {ranks[:, k].min() + 1} to {ranks[:, k].max() + 1}" for k in worst]
figure = plotting.show_faces(
    test.images[worst], test.keypoints[worst], points["Fourth, dropout"][worst],
    titles=titles, side=2.2,
)
chapter.figure(
    figure,
    "06-d",
    f"The four of {len(test)} test faces that are hardest on average over the seven networks; rank "
    "1 is the worst. Red: Fourth with dropout.",
    alt="Four test faces with true points in green and predictions in red: one half in shadow, a "
    "broad smile, one that fills the picture, a hand at a mouth. The red crosses lie pixels off.",
)

# %% tags=["nbval-ignore-output"]
first, last = per_face["First"], per_face["Fourth, dropout"]
for name, chosen in (("these four", worst), ("all test faces", slice(None))):
    print(f"{name}: error {1 - last[chosen].mean() / first[chosen].mean():.0%} lower than First's")

# %% [markdown]
# If the two numbers of a title lie close together, hardness belongs to the face more than to the
# network. Compare the two gains with the thesis's, 20% on its one face and 78% on all.
#
# ## What you saw
#
# - Max-pooling keeps the largest of four. On the map of a face it is a little steadier than skipping pixels; what
#   the filter answers to matters more. For a single dot it forgets where in the square the dot was.
# - Three bare pools leave a position uncertain by 2.3 pixels. With convolutions in between, part
#   of the position is in the values, and a linear read-out gets closer.
# - Fourth has a quarter of Third's parameters, and 78% of its multiply-adds. The convolutions cost
#   exactly the same; the saving is in the dense layer.
# - Multiply-adds are a count, not a time. You measured both.
# - In the stored runs of 1000 epochs, Fourth gets lower than Third and then overfits more. With dropout
#   it stays near its lowest error.
# - In a table of results, look for the column on which nothing was chosen.
#
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Larger pools** (easy). The thesis suspects that pools of 3 by 3 lose too much. Give Fourth three of them. For how many pixels, in one direction, does a
# cell of the last map stand? If you know only the cell, and answer with its middle, how far off are you in one coordinate, root mean square? Predict
# how that compares with the 2.3 pixels above.

# %% tags=["answer"]
answer_1 = ...  # pixels, root mean square of one coordinate

# %% tags=["check"]
@chapter.check("a number of pixels", "the side of a cell first; then the formula above, with it")
def check_1(answer):
    """How far the middle of a cell is from its pixels, behind three pools of 3."""
    right = np.arange(3**3).std()
    if np.isclose(answer, np.arange(9).std(), atol=0.02):
        return "each pool multiplies the side by three"
    if np.isclose(answer, np.arange(8).std(), atol=0.02):
        return "that is behind three pools of 2"
    return bool(np.isclose(answer, right, atol=0.02))


check_1(answer_1)

# %% tags=["solution"]
answer_1 = np.sqrt((27**2 - 1) / 12)
check_1(answer_1)
# Almost 8 pixels, over three times as far. What the pools forget, the values would have to tell.

# %% [markdown]
# **2. Where the work is** (medium). You double the filters of conv1 from 4 to 8. By which factors do the
# multiply-adds of conv1, of conv2 and of the dense layer grow? Predict all three.

# %% tags=["answer"]
answer_2 = ...  # three factors: conv1, conv2, dense

# %% tags=["check"]
@chapter.check("three factors", "who reads conv1's maps?")
def check_2(answer):
    """By how much three layers' work grows with the filters of conv1."""
    x = image = keras.Input((96, 96, 1))
    for filters, kernel in ((8, 5), (6, 5), (8, 4)):
        x = keras.layers.Conv2D(filters, kernel, padding="same")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    wide = keras.Model(image, keras.layers.Dense(250)(keras.layers.Flatten()(x)))
    narrow = fourth()
    old = [narrow.get_layer(name) for name in ("conv1", "conv2", "dense")]
    pairs = zip((wide.layers[1], wide.layers[3], wide.layers[8]), old)
    right = [multiply_adds(new) / multiply_adds(one) for new, one in pairs]
    if list(answer) == [2, 1, 1]:
        return "conv1 makes twice as many maps, and somebody has to read them"
    return bool(np.allclose(list(answer), right) and len(answer) == 3)


check_2(answer_2)

# %% tags=["solution"]
answer_2 = (2, 2, 1)
check_2(answer_2)
# More filters cost twice: where they are made, and where they are read. Further on nobody notices.

# %% [markdown]
# **3. A maximum without a maximum** (hard). No convolution computes a maximum: it is linear, and a maximum is not. But one
# convolution with ReLU and a sum can. Write `max_pool` anew, with nothing but sums, differences and `relu`. Predict first: how
# many times do you need the ReLU for four numbers?

# %% tags=["answer"]
def relu(numbers):
    """What you may use besides + and -."""
    return np.where(numbers > 0, numbers, 0)


answer_3 = ...  # a function of maps (n, h, w, c), which gives maps (n, h/2, w/2, c)

# %% tags=["check"]
@chapter.check("a function of maps", "the larger of a and b is b, plus a - b if that is positive")
def check_3(answer):
    """A pool compared with Keras's, on numbers of both signs."""
    maps = np.random.default_rng(1).normal(size=(2, 6, 8, 3)).astype(np.float32)
    wanted, got = np.array(keras.layers.MaxPooling2D(2)(maps)), np.asarray(answer(maps))
    if got.shape == wanted.shape and np.allclose(got, np.maximum(wanted, 0), atol=1e-5):
        return "right for positive numbers; behind a convolution without ReLU there are others"
    mean = np.array(keras.layers.AveragePooling2D(2)(maps))
    if got.shape == mean.shape and np.allclose(got, mean, atol=1e-5):
        return "that is the mean of four: it is linear, and a convolution"
    return got.shape == wanted.shape and bool(np.allclose(got, wanted, atol=1e-5))


check_3(answer_3)

# %% tags=["solution"]
def larger(a, b):
    """The larger of two, by ReLU."""
    return b + relu(a - b)


answer_3 = lambda m: larger(larger(m[:, ::2, ::2], m[:, ::2, 1::2]),  # noqa: E731
                            larger(m[:, 1::2, ::2], m[:, 1::2, 1::2]))
check_3(answer_3)
# Three ReLUs. So a network of convolutions and ReLU could learn a pool; it need not be given one.

# %% [markdown]
# **4. How far for a cell?** (medium) By how many pixels must a picture move, at least, for `pool1` of Fourth to give
# the same map, moved by one cell? And for `pool3`? Predict, then test it on the inside of the
# maps, away from the edge.

# %% tags=["answer"]
answer_4 = ...  # two whole numbers: for pool1, for pool3

# %% tags=["check"]
@chapter.check("two whole numbers", "each pool doubles the step; a convolution does not change it")
def check_4(answer):
    """The smallest shifts that move the maps of two pools by a cell."""
    right, network, inputs = [], fourth(), data.to_inputs(test.images[:3])
    for name in ("pool1", "pool3"):
        body = keras.Model(network.inputs[0], network.get_layer(name).output)
        before = np.array(body(inputs))
        for by in range(1, 13):
            after = np.array(body(moved(inputs, by)))
            if np.allclose(after[:, 3:-3, 4:-3], before[:, 3:-3, 3:-4], atol=1e-5):
                right.append(by)
                break
    if list(answer) == [2, 6]:
        return "three pools, one behind the other: multiply, do not add"
    return list(answer) == right


check_4(answer_4)

# %% tags=["solution"]
answer_4 = (2, 2 * 2 * 2)
check_4(answer_4)
# Behind pool3 only every eighth shift is exact. In between a map changes in ways of its own.

# %% [markdown]
# **5. Two heads** (hard). Blend the predictions of Third and Fourth, both with dropout: $w$ times Third's plus $1 - w$ times Fourth's. Which $w$
# gives the lowest MSE on the *validation* faces? It need not lie between 0 and 1. Predict whether that blend beats the better of the two on the test faces.

# %% tags=["answer"]
answer_5 = ...  # the weight of Third

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number", "the MSE is a parabola in w; three values of w fix it")
def check_5(answer):
    """The weight of Third in the best blend on validation faces."""
    third_says, fourth_says = (runs[f"{name}, dropout"].predict(splits.validation.images)
                               for name in ("Third", "Fourth"))
    apart = third_says - fourth_says
    right = np.sum(apart * (splits.validation.keypoints - fourth_says)) / np.sum(apart**2)
    if abs(answer - right) > 0.02 and abs(1 - answer - right) < 0.02:
        return "that is the weight of Fourth"
    if abs(answer - right) > 0.02 and answer == 0.5:
        return "that is the plain mean; the better network deserves more"
    return bool(abs(answer - right) < 0.02)


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
blend_of = {}
for part in ("validation", "test"):
    faces = getattr(splits, part)
    a, b = (runs[f"{name}, dropout"].predict(faces.images) for name in ("Third", "Fourth"))
    blend_of[part] = a, b, faces.keypoints
a, b, truth = blend_of["validation"]
answer_5 = float(np.sum((a - b) * (truth - b)) / np.sum((a - b) ** 2))
check_5(answer_5)
a, b, truth = blend_of["test"]
mixed = answer_5 * a + (1 - answer_5) * b
print(f"w = {answer_5:.2f}; test MSE: Third {evaluation.mse(truth, a):.5f}, Fourth "
      f"{evaluation.mse(truth, b):.5f}, blend {evaluation.mse(truth, mixed):.5f}")
both_wrong = np.corrcoef((a - truth).ravel(), (b - truth).ravel())[0, 1]
print(f"correlation of their errors {both_wrong:.2f}")
# It pays as far as their errors differ: where both err alike, a mean errs so too.

# %% [markdown]
# **6. Your figure** (medium). Is a *trained* filter steady? Complete three lines: the maps of the first layer of your trained Fourth (`trained.layers[0]`) for the test
# faces; by how much their maximum of four changes for shifts of 0 to 4 pixels, by `change`; and what the line is. Predict whether the line lies nearer to the one for horizontal
# edges or to the one for spots.

# %% tags=["answer"]
first_maps = ...  # maps (n, 96, 96, 4)
unsteady = ...  # five numbers, for shifts of 0 to 4
label_6 = ...  # what the line is
answer_6 = (first_maps, unsteady, label_6)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "change(max_pool, by, first_maps), for each shift")
def check_6(answer):
    """The change of trained maps by shift, drawn beside that of two filters."""
    own, values, name = answer
    body = keras.Model(trained.inputs[0], trained.layers[0].output)
    wanted = body.predict(data.to_inputs(test.images), batch_size=64, verbose=0)
    if np.shape(own) != wanted.shape or not np.allclose(own, wanted, atol=1e-3):
        return "the answers of the first layer of trained, for all test faces"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    axes.plot(range(5), values, "o-", label=str(name))
    for kind in ("horizontal edges", "spots"):
        maps = keras.ops.conv(data.to_inputs(test.images), filters[kind], padding="same")
        maps = np.array(keras.ops.relu(maps))
        axes.plot(range(5), [change(max_pool, by, maps) for by in range(5)], "--", label=kind)
    axes.set(xlabel="the map moves by (pixels)", ylabel="change (% of another face)")
    axes.legend()
    chapter.figure(figure, "Your figure", "How steady three pooled maps are.", private=True,
                   alt="The change of pooled maps by shift: your trained one and two filters.")
    return bool(np.allclose(values, [change(max_pool, by, wanted) for by in range(5)], atol=0.2))


check_6(answer_6)

# %% tags=["solution", "nbval-ignore-output"]
body = keras.Model(trained.inputs[0], trained.layers[0].output)
first_maps = body.predict(data.to_inputs(test.images), batch_size=64, verbose=0)
unsteady = [change(max_pool, by, first_maps) for by in range(5)]
label_6 = "conv1 of Fourth, trained"
answer_6 = (first_maps, unsteady, label_6)
check_6(answer_6)
# Filters of a trained network are mixtures. How steady they are is theirs, and not the pool's.

# %% [markdown]
# **7. Pools that learn** (open). Replace the pools of Fourth by convolutions of 2 by 2 with stride 2, as many filters as maps. They have weights, so
# they can learn to keep what a maximum would throw away. Predict what they cost in parameters and in multiply-adds. Train both networks for 20 epochs. Does it pay?

# %% [markdown] tags=["solution"]
# **Rubric.** One point for the costs, computed before training. Two for a table of both networks with two seeds each and test errors. One for saying
# whether the new layers have an activation, and why. One for comparing the difference between networks with the one between seeds. **Expected**: 482 parameters more,
# which is next to nothing, and some more multiply-adds. After 20 epochs no difference that two seeds could show; each network may be
# ahead by a tenth.
