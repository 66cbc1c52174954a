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
# # 13 Going deeper
#
# Fifth has three convolutions. The paper called DEPTH here stacks up to sixteen, and reports that fifteen
# are best and that sixteen collapse. You build its networks, measure what depth does to them, and
# then read its tables as a referee would.
#
# **You will learn**
# - how receptive field, parameters and gradients change with depth, and what batch normalisation does;
# - how a learning rate can be lowered, and a training stopped, by rule;
# - how to read a table of results: which column chose, and how much of it is chance;
# - what "accuracy" means when the outputs are coordinates;
# - what augmenting before splitting is worth.
#
# **Needs** chapters 06 to 08. **Takes** about a minute on two idle cores (profile *quick*).
# **Figures** 13-a to 13-h.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE", "quick")  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA", "open")  # open, kaggle or a folder
SEED = 0

# %%
import dataclasses
import itertools
import pathlib

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from fkd_utils import course, deep, evaluation, faces, files, keypoints, light, plots, published
from fkd_utils import recipes, sweeps, training, warps

chapter = course.Chapter("13", PROFILE, DATA, SEED)
STORED = published.FOLDER / "depth"

# %%
MOST = chapter.pick(smoke=8, quick=45, paper=None)  # faces to learn from


def three_parts() -> list[faces.Faces]:
    """Some training faces, validation faces that are 15% of both together, and all test faces."""
    data = recipes.prepared(PROFILE, DATA, SEED)
    rng = np.random.default_rng(SEED)
    train, held = (p.take(rng.permutation(len(p))) for p in (data.train, data.validation))
    train = train.take(np.arange(len(train))[:MOST])
    few = min(len(held), round(0.15 / 0.85 * len(train)))
    return [train, held.take(np.arange(few)), data.test]


# %% tags=["nbval-ignore-output"]
train, held, test = three_parts()
print(f"{len(train)} training, {len(held)} validation, {len(test)} test faces")

# %% [markdown]
# ## 26,239 pictures
#
# DEPTH starts from Kaggle's 7,049 rows and says that it removes the 4,909 with missing labels. The
# other 2,140 it multiplies: mirrored, turned by 12 degrees, made brighter (1.5) and darker (0.8),
# shifted to four sides, with noise. It gives two numbers: 6,350 shifted pictures, and 26,239 in all.
#
# **Predict.** Everything but the shifts comes in whole copies of 2,140. Does the sum come out?

# %%
for copies in range(13):
    for extra, name in ((0, "nothing else"), (4_909, "the 4,909 rows with missing labels")):
        if copies * 2_140 + 6_350 + extra == 26_239:
            print(f"26,239 = {copies} x 2,140 + 6,350 + {name}")

# %% [markdown]
# There is one way, and it needs the rows that were removed. Seven copies are the original, the mirror
# image, two turns (left and right, not only left), two brightnesses and the noise. So the set
# that trained and measured DEPTH's networks very likely held 4,909 pictures whose missing labels were
# filled in somehow. The paper does not say how.
#
# The 6,350 can be checked too. Shifted to four sides, 2,140 faces make 8,560. Some must have been
# dropped, surely those with a point outside. How many stay depends on the labels alone. So here it is for
# Kaggle's labels, for straight shifts and for diagonal ones (a point at 0 or at 96 counts as outside).

# %%
shifts = pd.read_csv(STORED / "kaggle_shifts.csv")
course.show_table(shifts.to_dict("records"), straight="{:,}", diagonal="{:,}")
match = shifts[(shifts[["straight", "diagonal"]] == 6_350).any(axis=1)]
assert len(match) == 1 and match.iloc[0][["pixels", "diagonal"]].tolist() == [12, 6_350]

# %% [markdown]
# Exactly one entry is 6,350: shifts by 12 pixels along the **diagonals**. So the paper's "to bottom,
# up, right and left" must mean both at once, such as up and right.
#
# The next sentence of the paper has a slip that you can repair. It takes 15% for testing and names the
# two parts: 22,303 and 3,963.

# %%
print(f"22,303 + 3,963 = {22_303 + 3_963:,}; 26,239 - 22,303 = {26_239 - 22_303:,}")
assert round(0.15 * 26_239) == 26_239 - 22_303

# %% [markdown]
# Two digits of 3,936 changed places. Small slips like these do no harm. But they tell you that nobody
# recomputed the numbers, so you should.
#
# Now the function. The size of the noise is not given; here it is 8 grey values.

# %%
DIAGONALS = [(12, 12), (12, -12), (-12, 12), (-12, -12)]


def seven_copies(part: faces.Faces, seed: int) -> list[warps.Pair]:
    """The faces and six changed copies of them, as DEPTH makes them."""
    pair = part.images, part.keypoints
    rng = np.random.default_rng(seed)
    return [pair, warps.flip(*pair), warps.rotate(*pair, 12), warps.rotate(*pair, -12),
            light.brighten(*pair, 1.5), light.brighten(*pair, 0.8),
            light.add_noise(*pair, 8, rng)]


# %%
def depth_copies(part: faces.Faces, seed: int) -> faces.Faces:
    """Seven copies of each face, and those of its four shifts that keep every point inside."""
    rows = np.arange(len(part))
    made = [(*pair, rows) for pair in seven_copies(part, seed)]
    for right, down in DIAGONALS:
        images, points = warps.shift(part.images, part.keypoints, right, down)
        inside = ~warps.outside(points).any(axis=1)
        made.append((images[inside], points[inside], rows[inside]))
    images, points, rows = (np.concatenate(several) for several in zip(*made))
    return dataclasses.replace(part.take(rows), images=images, keypoints=points)


# %% tags=["nbval-ignore-output"]
grown, watched = depth_copies(train, SEED), depth_copies(held, SEED)
print(f"{len(train)} faces became {len(grown):,} pictures; DEPTH's 2,140 became 21,330")
assert 7 * len(train) <= len(grown) <= 11 * len(train)

# %% tags=["nbval-ignore-output", "drawing"]
sheet = seven_copies(train.take(np.arange(1)), SEED)
sheet += [warps.shift(*sheet[0], 12, -12)]
names = ["original", "mirrored", "12° left", "12° right", "x 1.5", "x 0.8", "noise", "shifted"]
images, points = (np.concatenate(several) for several in zip(*sheet))
chapter.figure(
    plots.show_faces(images, points, columns=4, titles=names, side=1.7),
    "13-a",
    "What DEPTH makes of a face: seven copies, and up to four shifts of which one is shown.",
    alt="Eight pictures of one face with green points: original, mirrored, turned to both sides, "
    "brighter, darker, with noise, and shifted up and right with a mirrored border.",
)

# %% [markdown]
# ## The network
#
# DEPTH's Table 1: fifteen convolutions of 3 by 3, batch normalisation after each, Leaky ReLU, five pools
# of 2 by 2, one dense layer. Dropout of 0.1 came last. Written out:

# %%
FILTERS = [32, 32, 64, 64, 96, 96, 128, 128, 256, 256, 512, 512, 1024, 1024, 1024]


def final_network(width: float) -> keras.Model:
    """DEPTH's fifteen layers, with a share `width` of the filters."""
    network = keras.Sequential([keras.layers.Input((96, 96, 1))])
    for k, filters in enumerate(FILTERS, start=1):
        network.add(keras.layers.Conv2D(round(width * filters), 3, padding="same"))
        network.add(keras.layers.BatchNormalization(momentum=deep.MOMENTUM))
        network.add(keras.layers.LeakyReLU(negative_slope=deep.SLOPE))
        if k in (2, 4, 6, 8, 10):
            network.add(keras.layers.MaxPooling2D(2, padding="same"))
    for layer in (keras.layers.Flatten(), keras.layers.Dropout(0.1), keras.layers.Dense(30)):
        network.add(layer)
    return network


# %% [markdown]
# `deep.deep_cnn` builds this one and every other row of DEPTH's Tables 3 to 5. The filters of the
# full network are made for a graphics card, so the networks here keep an eighth of them, in the profile
# *paper* too (a sixteenth in *smoke*). The printed captions say so.

# %% tags=["nbval-ignore-output"]
WIDTH = chapter.pick(smoke=1 / 16, quick=1 / 8, paper=1 / 8)
FINAL = deep.TABLE_5["1 dense"]
network = FINAL.build(WIDTH)
assert [w.shape for w in network.weights] == [w.shape for w in final_network(WIDTH).weights]
print(f"width {WIDTH}: {network.count_params():,} parameters")

# %% [markdown]
# The paper leaves much open, and each gap is a choice that you must know of: where the pools stand (here
# behind every second convolution), whether normalisation comes before or after the activation
# (before), the slope (0.3), the width of hidden dense layers (512), the filters of the shorter networks
# (the first of the list) and of the sixteenth layer (1,024), the learning rate (Keras's 0.001),
# and all numbers of the two rules for it. *One dense layer* is taken to be the output: its first
# network follows AlexNet, whose three include it.
#
# One row settles a gap. **Predict** the side of the last map when 96 pixels are halved seven times.

# %%
down, up = 96, 96
for pool in range(1, 8):
    down, up = down // 2, -(-up // 2)
    print(f"pool {pool}: {down} rounded down, {up} rounded up")

# %% [markdown]
# Rounded down, as Keras does unless told otherwise, nothing is left. Since the paper has a row with seven
# pools, its pools must round up (`padding="same"`), or they stand elsewhere than one behind the other. And
# look at what five, six and seven pools leave: 3 by 3 places, then 2 by 2, then one. Keep that in mind
# for the collapse.
#
# ## What depth changes
#
# Each convolution lets an output see one pixel more on each side, times the step between neighbours on
# its map. Each pool sees one step more, and doubles it:
#
# $$r \leftarrow r + 2 j \quad \text{(convolution)}, \qquad
# r \leftarrow r + j, \; j \leftarrow 2 j \quad \text{(pool)}$$

# %%
def receptive_field(row: deep.Row) -> int:
    """Side of the square of pixels that a number of the last map can see."""
    places, field, jump = deep.pool_places(row.conv_layers, row.pools), 1, 1
    for k in range(1, row.conv_layers + 1):
        field += 2 * jump
        if k in places:
            field, jump = field + jump, 2 * jump
    return field


# %% [markdown]
# Parameters and multiply-adds follow from the layers, without building anything. A convolution of $c$
# to $f$ filters on a map of side $s$ has $9cf + f$ parameters and $9cf s^2$ multiply-adds;
# normalisation adds $4f$.

# %%
def counts(row: deep.Row) -> tuple[int, int]:
    """Parameters and multiply-adds for a face, at full width."""
    places, side, channels, parameters, work = (
        deep.pool_places(row.conv_layers, row.pools), 96, 1, 0, 0)
    for k, filters in enumerate(deep.FILTERS[: row.conv_layers], start=1):
        parameters += 9 * channels * filters + 5 * filters
        work += 9 * channels * filters * side**2
        channels, side = filters, -(-side // 2) if k in places else side
    units = [side**2 * channels, *[deep.DENSE_UNITS] * (row.dense_layers - 1), 30]
    dense = sum(a * b for a, b in itertools.pairwise(units))
    return parameters + dense + sum(units[1:]), work + dense


assert counts(deep.TABLE_3["5cl, 3mpl"])[0] == deep.TABLE_3["5cl, 3mpl"].build().count_params()

# %%
table = [{"network": label, "sees (pixels)": receptive_field(row),
          "parameters": counts(row)[0], "multiply-adds": counts(row)[1]}
         for label, row in deep.TABLE_3.items()]
course.show_table(table, **{"parameters": "{:,}", "multiply-adds": "{:,}"})
print("DEPTH Table 3: the sixteen networks at full width, by the choices named above")

# %% tags=["drawing"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.4))
for pools, colour in ((3, "blue"), (5, "orange")):
    depths = range(5, 17)
    rows = [deep.Row(k, pools, 3, 0, 0, 0, 0, 0) for k in depths]
    for axes, values in ((left, [receptive_field(row) for row in rows]),
                         (right, [counts(row)[0] / 1e6 for row in rows])):
        axes.plot(depths, values, "o-", color=plots.COLOURS[colour], label=f"{pools} pools")
left.axhline(96, color=plots.COLOURS["grey"], linestyle=":")
left.text(16.3, 88, "the whole picture", fontsize=9, va="top", ha="right")
left.set(xlabel="convolutions", ylabel="receptive field (pixels)")
right.set(xlabel="convolutions", ylabel="parameters (millions)", ylim=(0, None))
left.legend(loc="upper left")
right.legend()
chapter.figure(
    figure,
    "13-b",
    "What a last number sees, and what the network weighs, by depth.",
    alt="Left: the receptive field grows with the convolutions, faster with five pools than with "
    "three, and passes the 96 pixels of the picture. Right: parameters in millions by depth.",
)

# %% [markdown]
# With three pools and five layers, a last number sees less than a third of the picture's side. It cannot
# compare the mouth with the eyes; that is left to the dense layers. Every network of Table 3 with five pools
# sees far more than there is. So DEPTH's step from three to five pools is not only a step to smaller maps.
# And where are the parameters? Three pools leave 12 by 12 places, and the first of three dense layers
# reads every filter at each of them.
#
# ## Gradients that fade
#
# Sixteen layers pass a gradient back through sixteen multiplications. **Predict** for an untrained network
# without batch normalisation: is the gradient of the first layer larger or smaller than the last's?
# And with it? The length of a layer's gradient over the length of its weights says by how much a
# step of descent would change that layer.

# %%
def relative_gradients(network: keras.Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|gradient| / |weights| of every convolution's kernel, from the first to the last."""
    kernels = [k.kernel for k in network.layers if isinstance(k, keras.layers.Conv2D)]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((network(x, training=True) - y) ** 2)
    found = tape.gradient(loss, [kernel.value for kernel in kernels])
    return np.array([float(tf.norm(g) / tf.norm(k.value)) for g, k in zip(found, kernels)])


# %% tags=["nbval-ignore-output"]
x, y = faces.to_inputs(grown.images[:64]), faces.to_targets(grown.keypoints[:64])
gradients = {}
for depth in (5, 16):
    for norm in (False, True):
        keras.utils.set_random_seed(SEED)
        network = deep.deep_cnn(depth, min(depth, 5), 1, 0.0, WIDTH, batch_norm=norm)
        gradients[depth, norm] = relative_gradients(network, x, y)

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(7.2, 3.6))
for (depth, norm), values in gradients.items():
    axes.plot(range(1, depth + 1), values, "o-" if norm else "s--", markersize=4,
              color=plots.COLOURS["blue" if depth == 16 else "orange"],
              label=f"{depth} layers, {'with' if norm else 'without'} batch norm")
axes.set(yscale="log", xlabel="convolution", ylabel="|gradient| / |weights|")
axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=9)
chapter.figure(
    figure,
    "13-c",
    "How strongly a first step would move each layer.",
    alt="Relative gradient by layer on a logarithmic axis, for 5 and for 16 layers, each with and "
    "without batch normalisation. The 16 layers without normalisation lie far below the others.",
)

# %% tags=["nbval-ignore-output"]
middle = {key: float(np.median(values)) for key, values in gradients.items()}
for (depth, norm), value in middle.items():
    print(f"{depth:2d} layers, {'with   ' if norm else 'without'} batch norm: median {value:.1e}")
assert middle[16, False] < 0.1 * middle[16, True]

# %% [markdown]
# Without normalisation each Leaky ReLU shrinks what passes, forward and backward, and a deep stack
# multiplies the shrinking. Batch normalisation brings every layer's values back to variance 1, so depth
# alone no longer makes a step vanish. So whatever makes DEPTH's sixteen layers collapse, it is not
# that their gradients vanish at the start.
#
# It has a price. While training, a layer uses the mean and variance of the batch; afterwards it uses a
# running average of them. With Keras's momentum 0.99 that average needs hundreds of steps. The
# networks here use 0.9, or a short training would be judged with the statistics of its first steps.
#
# ## Training by rule
#
# Two rules watch the validation loss. `ReduceLROnPlateau` lowers the learning rate when the loss has not
# improved for some epochs. `EarlyStopping` ends the training when it has not improved for longer,
# and brings the best weights back. DEPTH uses both and gives no numbers.

# %%
def rules(epochs: int) -> list[keras.callbacks.Callback]:
    """Halve the rate after a tenth of the epochs without progress, stop after three tenths."""
    patience = max(2, epochs // 10)
    return [
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=patience),
        keras.callbacks.EarlyStopping(patience=3 * patience, restore_best_weights=True),
    ]


def learn(row: deep.Row, pictures: faces.Faces, watched: faces.Faces, seed: int):
    """Train a row's network: the model, and its history, a row an epoch."""
    keras.utils.set_random_seed(seed)
    network = row.build(WIDTH)
    # The few steps of the smoke profile are not worth compiling a graph.
    network.compile(keras.optimizers.Adam(0.001), loss="mse", metrics=["accuracy"],
                    run_eagerly=PROFILE == "smoke")
    x, y = faces.to_inputs(pictures.images), faces.to_targets(pictures.keypoints)
    checked = faces.to_inputs(watched.images), faces.to_targets(watched.keypoints)
    history = network.fit(x, y, batch_size=64, epochs=EPOCHS, validation_data=checked,
                          callbacks=rules(EPOCHS), verbose=0)
    table = pd.DataFrame(history.history)
    return network, table.assign(epoch=np.arange(1, len(table) + 1))


# %% [markdown]
# Two units are in play. The course's MSE is on targets in $[-1, 1]$. DEPTH's losses can only be squared
# pixels. One is the other times $48^2$:

# %%
def px2(mse: float) -> float:
    """Squared pixels from an MSE on targets in [-1, 1]."""
    return 48**2 * mse


mean_face = px2(published.kaggle_labels()["mean_face_mse"])
print(f"the mean face on Kaggle's complete rows: {mean_face:.1f} px²; DEPTH's best: 0.6964 px²")

# %% [markdown]
# Keep that baseline beside DEPTH's Table 3. Its sixteen layers with six pools make 5.97 px². That is
# more than half of what a network makes that never looks at the picture.
#
# Two of the networks are trained here and now, on the same pictures with the same seed. Every result is
# taken with the weights of the epoch of lowest validation loss. The validation pictures are changed
# copies too, of other people.

# %%
EPOCHS = chapter.pick(smoke=1, quick=8, paper=100)
ALL = {f"3: {label}": row for label, row in deep.TABLE_3.items()}
ALL |= {f"4: {label}": row for label, row in deep.TABLE_4.items()}
ALL |= {f"5: {label}": row for label, row in deep.TABLE_5.items()}
TWICE = {"4: 0.1": "5: 1 dense"}  # the same network in two tables: it is trained once
ALL = {name: row for name, row in ALL.items() if name not in TWICE}
live = ["3: 5cl, 3mpl", "5: 1 dense"]

# %% tags=["nbval-ignore-output"]
learned = {name: learn(ALL[name], grown, watched, SEED) for name in live}
for name, (_, history) in learned.items():
    rate = history.learning_rate.iloc[-1]
    print(f"{name:<16}{len(history)} epochs, learning rate {rate:g} at last")

# %% tags=["nbval-ignore-output", "drawing"]
shown = {"5 layers, 3 pools": "blue", "15 layers, 5 pools": "orange"}
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.4))
for name, (label, colour) in zip(live, shown.items()):
    history = learned[name][1]
    for axes, column in ((left, "loss"), (right, "accuracy")):
        axes.plot(history.epoch, history[column] * (48**2 if column == "loss" else 1), "--",
                  color=plots.COLOURS[colour], label=f"{label}, training")
        axes.plot(history.epoch, history[f"val_{column}"] * (48**2 if column == "loss" else 1),
                  color=plots.COLOURS[colour], label=f"{label}, validation")
left.set(yscale="log", xlabel="epoch", ylabel="loss (px²)")
right.set(xlabel="epoch", ylabel="'accuracy'", ylim=(0, 1))
left.legend(fontsize=8.5)
chapter.figure(
    figure,
    "13-d",
    "DEPTH's Figure 2 with this chapter's networks: three pools and five pools.",
    alt="Left: training and validation loss of two networks over the epochs, logarithmic. Right: "
    "what Keras calls their accuracy. The validation curves are the more ragged ones.",
)

# %% [markdown]
# DEPTH shows such curves to say that five pools learn more stably than three. Its two networks, like
# these, may differ in more than the pools, and each is one run. A ragged curve of one run is weak evidence, here as there.
#
# ## Tables 3, 4 and 5
#
# A network is scored in DEPTH's units. (Its accuracy comes to trial further down.)

# %%
def agreement(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Share of faces whose largest true coordinate is also the largest predicted one."""
    one, other = (points.reshape(len(points), -1).argmax(axis=1) for points in (truth, predicted))
    return float(np.mean(one == other))


def score(
    network: keras.Model, history: pd.DataFrame, validation: faces.Faces, new: faces.Faces
) -> dict:
    """val_loss, val_acc, test_loss and test_acc as DEPTH prints them; losses in px²."""
    found = {}
    for name, part in (("val", validation), ("test", new)):
        predicted = training.predict(network, part.images)
        found[f"{name}_loss"] = px2(evaluation.mse(part.keypoints, predicted))
        found[f"{name}_acc"] = agreement(part.keypoints, predicted)
    return found | {"epochs": len(history)}


# %% [markdown]
# The whole of Table 3 is sixteen trainings that have nothing to do with each other. `sweeps` runs such
# work one after the other, or spreads it over processes or machines with Dask. A run that fails is
# named, and the others finish. One of these three cannot be built:

# %%
def size(conv_layers: int, pools: int) -> dict:
    """Parameters of a narrow network."""
    return {"parameters": deep.deep_cnn(conv_layers, pools, 1, 0.0, 1 / 16).count_params()}


jobs = {f"{c}cl, {p}mpl": {"conv_layers": c, "pools": p} for c, p in ((5, 3), (2, 3), (7, 3))}
swept = sweeps.run_all(size, jobs)
course.show_table(swept.drop(columns="seconds").to_dict("records"), parameters="{:,.0f}")
assert [bool(error) for error in swept.error] == [False, True, False]

# %% [markdown]
# In the profile *paper* all rows are trained, which takes two cores many hours. Set `FKD_SCHEDULER` to
# `local` or to the address of a Dask scheduler (after `pip install distributed`) to use more. The results
# are kept in the folder of runs, as `depth/results.csv`.

# %%
def row_result(name: str, seed: int) -> dict:
    """Train and score one row; makes its own pictures, so that it can run on another machine."""
    *known, new = three_parts()
    pictures, validation = (depth_copies(part, seed) for part in known)
    return score(*learn(ALL[name], pictures, validation, seed), validation, new)


# %% tags=["nbval-ignore-output"]
results = {name: score(*learned[name], watched, test) for name in live}
if PROFILE == "paper":
    jobs = {name: {"name": name, "seed": SEED} for name in ALL if name not in live}
    swept = sweeps.run_all(row_result, jobs, os.environ.get("FKD_SCHEDULER", sweeps.HERE))
    failed = swept[swept.error != ""]
    print("\n".join(f"{row.job}: {row.error}" for row in failed.itertuples()))
    fine = swept[swept.error == ""].drop(columns=["error", "seconds"]).set_index("job")
    results |= fine.to_dict("index")
    store = training.default_store() / "depth" / "results.csv"
    table = pd.DataFrame.from_dict(results, orient="index").rename_axis("row")
    table = table.assign(width=WIDTH, most_epochs=EPOCHS, data=pathlib.Path(DATA).name, seed=SEED)
    with files.replacing(store) as path:
        table.to_csv(path, float_format="%.6g")

# %% [markdown]
# Where stored results of a longer run come with the course, they fill the rows that were not trained
# just now.

# %% tags=["nbval-ignore-output"]
origin = dict.fromkeys(results, "now")
if (STORED / "results.csv").exists():
    stored = pd.read_csv(STORED / "results.csv", index_col="row")
    print(f"stored: width {stored.width.iloc[0]}, at most {stored.most_epochs.iloc[0]} epochs, "
          f"faces: {stored.data.iloc[0]}")
    columns = ["val_loss", "val_acc", "test_loss", "test_acc", "epochs"]
    fresh = {name: row for name, row in stored[columns].to_dict("index").items()
             if name not in results}
    results |= fresh
    origin |= dict.fromkeys(fresh, "stored")
else:
    print("no stored results: rows that are not trained in this profile stay empty")


# %%
def show(number: str, rows: dict[str, deep.Row]) -> None:
    """A table of DEPTH, its numbers on the left and ours on the right."""
    table = []
    for label, row in rows.items():
        name = TWICE.get(f"{number}: {label}", f"{number}: {label}")
        ours = results.get(name, {})
        table.append({"network": label, "DEPTH: val": row.val_loss, "test": row.test_loss,
                      "acc": row.test_acc, "here: val": ours.get("val_loss"),
                      "test ": ours.get("test_loss"), "acc ": ours.get("test_acc"),
                      "from": origin.get(name, "")})
    two, four = "{:.2f}", "{:.3f}"
    course.show_table(table, **{"DEPTH: val": two, "test": two, "acc": four, "here: val": two,
                                "test ": two, "acc ": four})
    print(f"DEPTH Table {number}. Losses in px². Now: profile {PROFILE}, data {DATA}, "
          f"width {WIDTH:g}, {len(grown):,} pictures, at most {EPOCHS} epochs, one seed; test "
          "faces are unchanged faces of other people")


# %% tags=["nbval-ignore-output"]
show("3", deep.TABLE_3)

# %% tags=["nbval-ignore-output"]
show("4", deep.TABLE_4)

# %% tags=["nbval-ignore-output"]
show("5", deep.TABLE_5)
assert all(np.isfinite(row["test_loss"]) for row in results.values())

# %% [markdown]
# Do not compare left with right: DEPTH's test pictures are changed copies of faces that trained, ours
# are unchanged faces of other people. Within the right half there is one seed a row, so only large
# differences speak, and after a short training hardly those. A deeper and narrower end (sixteen layers with six pools leave 2 by 2 places) has
# fewer numbers to write a position in. And a deep network needs more steps than a short training has.
#
# ## What DEPTH's tables say themselves
#
# Before you train anything, you can referee with the printed numbers alone. **Predict:** validation and
# test pictures were drawn at random from the same thousands. How far apart should `val_loss` and
# `test_loss` of one network lie?

# %%
rows, same = list(deep.TABLE_3.values()), deep.TABLE_4["0.1"]
ratios = np.array([row.test_loss / row.val_loss for row in rows])
print(f"test / validation: from {ratios.min():.2f} to {ratios.max():.2f} in Table 3, "
      f"{same.test_loss / same.val_loss:.2f} for the final network")
order = np.corrcoef([r.val_loss for r in rows[:13]], [r.test_loss for r in rows[:13]])[0, 1]
print(f"correlation of the two over the thirteen networks that did not collapse: {order:.2f}")

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(6.4, 4.4))
ends = [0.6, 8]
axes.plot(ends, ends, ":", color=plots.COLOURS["grey"])
for table, colour, name in ((deep.TABLE_3, "blue", "Table 3"), (deep.TABLE_4, "orange", "Table 4"),
                            (deep.TABLE_5, "red", "Table 5")):
    axes.plot([r.val_loss for r in table.values()], [r.test_loss for r in table.values()], "o",
              color=plots.COLOURS[colour], label=name, markersize=9 - 3 * (name == "Table 5"))
for label, place in (("12cl, 3mpl", (-4, 10)), ("14cl, 5mpl", (7, -9)), ("16cl, 6mpl", (-28, -17))):
    row = deep.TABLE_3[label]
    axes.annotate(label, (row.val_loss, row.test_loss), place, textcoords="offset points",
                  fontsize=8.5)
ticks = [0.7, 1, 1.5, 2, 3, 5, 7]
axes.set(xscale="log", yscale="log", xlabel="validation loss (px²)", ylabel="test loss (px²)",
         xlim=ends, ylim=ends, xticks=ticks, yticks=ticks, xticklabels=ticks, yticklabels=ticks)
axes.minorticks_off()
axes.legend()
chapter.figure(
    figure,
    "13-e",
    "DEPTH's networks: two measurements of the same thing. On the dotted line they would agree.",
    alt="Test loss against validation loss, logarithmic. The networks with losses around 1 form a "
    "loose cloud about the diagonal; only the three with sixteen layers stand apart, far above.",
)

# %% [markdown]
# The two are samples of the same quantity, from about 2,230 and 3,936 pictures, yet the larger is up to
# 1.6 times the smaller. So a difference of two rows of Table 3 that is smaller than that means little. The sixteen
# layers are worse; that stands out. Among the rest, the two columns agree only loosely.
#
# Now the three choices that DEPTH makes. Which row wins by each column?

# %%
def winner(table: dict[str, deep.Row], column: str) -> str:
    """The row with the lowest loss or the highest accuracy."""
    best = max if column.endswith("acc") else min
    return best(table, key=lambda label: getattr(table[label], column))


columns = ["val_loss", "val_acc", "test_loss", "test_acc"]
tables = {"3": deep.TABLE_3, "4": deep.TABLE_4, "5": deep.TABLE_5}
course.show_table([{"DEPTH Table": number} | {c: winner(table, c) for c in columns}
                   for number, table in tables.items()])

# %%
assert winner(deep.TABLE_3, "test_loss") == "14cl, 5mpl"  # not the fifteen layers it chose
assert winner(deep.TABLE_4, "val_loss") == "0.2" and winner(deep.TABLE_5, "val_loss") == "2 dense"

# %% [markdown]
# - **Fifteen layers.** The lowest test loss of Table 3 belongs to fourteen layers with five pools, the lowest
#   validation loss to twelve with three. Fifteen win in accuracy only.
# - **Dropout 0.1** and **one dense layer** win on the test set. On the validation set, which is there
#   for choosing, others win. So the test set chose, and 0.6964 is the best of many tries on it.
# - **Without dropout** the network of Table 4 makes 1.0102 after up to 150 epochs. In Table 3 the
#   fifteen layers without dropout make 0.7246 after up to 100, with however many dense layers. Against
#   that, the gain of 0.6964 is small (printed below).
# - One run stands in two tables: 0.1 of Table 4 and one layer of Table 5 share three numbers of four. The
#   fourth, its test accuracy, is 0.9238 in one and 0.9309 in the other.

# %%
other = deep.TABLE_5["1 dense"]
assert (same.val_loss, same.val_acc, same.test_loss) == (
    other.val_loss, other.val_acc, other.test_loss)
gain = 1 - same.test_loss / deep.TABLE_3["15cl, 5mpl"].test_loss
print(f"0.6964 is {gain:.0%} below 0.7246; test accuracy {same.test_acc} and {other.test_acc}")

# %% [markdown]
# ## What is this accuracy?
#
# A regression has no accuracy. Ask Keras for one and it gives you something: it sees 30 outputs, takes them
# for 30 classes, and counts the rows where the *largest* true number and the *largest* predicted
# number stand in the same place. Check it:

# %% tags=["nbval-ignore-output"]
network, _ = learned["5: 1 dense"]
network.compile(loss="mse", metrics=["accuracy"], run_eagerly=PROFILE == "smoke")
keras_says = network.evaluate(
    faces.to_inputs(test.images), faces.to_targets(test.keypoints), verbose=0)[1]
ours = agreement(test.keypoints, training.predict(network, test.images))
print(f"Keras: {keras_says:.4f}, share of rows with the same arg-max: {ours:.4f}")
assert abs(keras_says - ours) < 0.5 / len(test) + 1e-6

# %% [markdown]
# So the question is: which of a face's 30 coordinates is the largest? **Predict**, then count. The stored
# counts are of Kaggle's 2,140 complete rows.

# %%
kaggle = pd.read_csv(STORED / "kaggle_argmax.csv").assign(share=lambda t: t.faces / t.faces.sum())
assert kaggle.faces.sum() == 2140
course.show_table(kaggle.to_dict("records"), share="{:.1%}")

# %% tags=["nbval-ignore-output", "drawing"]
def shares(part: faces.Faces) -> pd.Series:
    """How often each coordinate is a face's largest."""
    largest = part.keypoints.reshape(len(part), -1).argmax(axis=1)
    return pd.Series(np.bincount(largest, minlength=30) / len(part), keypoints.COLUMNS)


bars = pd.DataFrame({"Kaggle": kaggle.set_index("output").share, "your test faces": shares(test),
                     "your changed copies": shares(grown)}).fillna(0)
bars = bars[bars.max(axis=1) > 0.01]
figure, axes = plt.subplots(figsize=(7.2, 3.2))
for k, (name, colour) in enumerate(zip(bars, ("grey", "blue", "orange"))):
    axes.barh(np.arange(len(bars)) + 0.27 * (k - 1), bars[name], 0.25, label=name,
              color=plots.COLOURS[colour])
axes.set_yticks(range(len(bars)), bars.index, fontsize=8.5)
axes.set(xlabel="share of the faces", xlim=(0, 1))
axes.grid(axis="y", visible=False)
axes.legend()
chapter.figure(
    figure,
    "13-f",
    "Which coordinate is the largest of a face's thirty.",
    alt="Horizontal bars: of thirty coordinates only a handful is ever the largest, most often the "
    "height of the bottom lip, then the outer end of the left eyebrow.",
)

# %% [markdown]
# It is the height of the bottom lip or the outer end of the left eyebrow: the lowest point and the one that
# lies furthest right in the picture. The accuracy asks a single question of each face: which of the two is
# larger? A constant answer already scores high. Now put DEPTH's numbers beside other "predictions".

# %% tags=["nbval-ignore-output"]
rng = np.random.default_rng(SEED)
truth = test.keypoints.astype(np.float64)
fakes = {
    "always the mean face": np.broadcast_to(evaluation.mean_face(train.keypoints), truth.shape),
    "the truth, each coordinate off by about 3 px": truth + rng.normal(0, 3, truth.shape),
    "the truth, all of it 20 px too far down and right": truth + 20,
    "a tenth of every coordinate": truth / 10,
    "the network of Table 1": training.predict(network, test.images),
}
course.show_table(
    [{"prediction": name, "'accuracy'": agreement(truth, points),
      "loss (px²)": px2(evaluation.mse(truth, points))} for name, points in fakes.items()],
    **{"'accuracy'": "{:.3f}", "loss (px²)": "{:.1f}"})

# %% tags=["nbval-ignore-output"]
for name in ("the truth, all of it 20 px too far down and right", "a tenth of every coordinate"):
    assert agreement(truth, fakes[name]) == 1 and px2(evaluation.mse(truth, fakes[name])) > 100
answer = int(evaluation.mean_face(train.keypoints).argmax())
assert np.isclose(agreement(truth, fakes["always the mean face"]), shares(test).iloc[answer])

# %% [markdown]
# Predictions that are useless have an accuracy of 1. On Kaggle's complete rows, the mean face has 0.705. So
# DEPTH's scale does not begin at 0. Its collapsed networks stand at 0.758 to 0.827, its best at
# 0.92 to 0.93. Among the good ones the number says how often a near tie of two coordinates was decided
# the right way.
#
# ## Augment first, split later
#
# DEPTH makes its copies and *then* splits at random. A test picture is a changed copy of a face whose other
# copies train. Chapter 08 measured that for single turned copies. Here is DEPTH's whole recipe, both ways:
# the same network, the same seed, equally many training pictures.

# %%
def joined(*several: faces.Faces) -> faces.Faces:
    """Sets of faces, one after the other."""
    fields = [f.name for f in dataclasses.fields(faces.Faces) if f.name != "name"]
    stacked = {f: np.concatenate([getattr(part, f) for part in several]) for f in fields}
    return faces.Faces(**stacked, name=several[0].name)


def two_orders(seed: int) -> dict[str, tuple[faces.Faces, faces.Faces]]:
    """What trains and what measures: split first, and DEPTH's order. The same faces in both."""
    apart = depth_copies(train, seed), depth_copies(held, seed)
    pool = depth_copies(joined(train, held), seed)
    order = np.random.default_rng(seed).permutation(len(pool))
    first, last = np.split(order, [len(apart[0])])
    return {"split first": apart, "augment first": (pool.take(first), pool.take(last))}


# %% tags=["nbval-ignore-output"]
leak = []
for seed in range(SEED, SEED + chapter.pick(smoke=1, quick=1, paper=4)):
    for order, (pictures, measured) in two_orders(seed).items():
        known = seed == SEED and order == "split first"  # trained above
        network, _ = learned["5: 1 dense"] if known else learn(FINAL, pictures, measured, seed)
        own, new = (px2(evaluation.mse(part.keypoints, training.predict(network, part.images)))
                    for part in (measured, test))
        seen = np.isin(measured.ids, pictures.ids).mean()
        leak.append({"order": order, "seed": seed, "training pictures": len(pictures),
                     "measured, but face seen": seen, "loss as measured": own,
                     "loss on new people": new})
course.show_table(leak, **{"measured, but face seen": "{:.0%}", "loss as measured": "{:.2f}",
                           "loss on new people": "{:.2f}"})

# %% tags=["nbval-ignore-output"]
seen = {row["order"]: row["measured, but face seen"] for row in leak}
assert seen["split first"] == 0 and seen["augment first"] > 0.5
assert len({row["training pictures"] for row in leak if row["seed"] == SEED}) == 1

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(6.4, 3.0))
columns = ["loss as measured", "loss on new people"]
means = pd.DataFrame(leak).groupby("order", sort=False)[columns].mean()
for k, (column, colour) in enumerate(zip(means, ("blue", "grey"))):
    axes.bar(np.arange(len(means)) + 0.4 * k - 0.2, means[column], 0.36, label=column,
             color=plots.COLOURS[colour])
axes.set_xticks(range(len(means)), means.index)
axes.set(ylabel="loss (px²)")
axes.grid(axis="x", visible=False)
axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
chapter.figure(
    figure,
    "13-g",
    "DEPTH's recipe in two orders: what it reports, and what new people get.",
    alt="Four bars, two for each order of work: the loss on the pictures that the order itself "
    "holds out, and the loss on unchanged faces of new people.",
)

# %% [markdown]
# Compare the two blue bars, and then the two grey ones. The blue ones are what a paper would print. In
# DEPTH's order nearly every face that measures has been seen in training. The grey ones are what a user
# gets. (A blue bar and its grey neighbour are not the same task: most changed copies are harder than
# unchanged faces. And the epoch was chosen on the pictures that measure, in both orders.)
#
# A leak pays when a network learns its faces by heart, and that takes more epochs than the quick profile
# has. In chapter 08, with sixty, copies made before the split lowered the measured error on every
# seed, and the error on new people hardly at all. DEPTH trained up to 150. So its 0.6964 px² is no
# measure of how well its network finds the points of a stranger.
#
# ## The final network
#
# DEPTH closes with the curves of its best network and two of its predictions (its Figures 3 and 4). The same
# for the one above:

# %% tags=["nbval-ignore-output"]
network, history = learned["5: 1 dense"]
best = int(history.epoch[history.val_loss.idxmin()])
predicted = training.predict(network, test.images)
chapter.figure(
    plots.learning_figure(history, best, test.images, test.keypoints, predicted),
    "13-h",
    "The network of DEPTH's Table 1, narrow: its curves, its best and its worst test faces.",
    alt="Left: training and validation error over the epochs. Right: the three test faces with the "
    "smallest and the three with the largest errors, true points green, predicted ones red.",
)

# %% tags=["nbval-ignore-output"]
constant = np.broadcast_to(evaluation.mean_face(train.keypoints), test.keypoints.shape)
yours, base = (evaluation.mse(test.keypoints, points) for points in (predicted, constant))
print(f"{px2(yours):.2f} px², the mean face {px2(base):.2f} px²")
assert PROFILE == "smoke" or history.loss.iloc[-1] < 0.5 * history.loss.iloc[0]

# %% [markdown]
# A deep network needs many steps. After as few as the quick profile has, it need not even beat the mean
# face: compare the two numbers. The profile *paper* gives it a hundred epochs of all faces.
#
# DEPTH reads from its curves that accuracy rises as the loss falls, and that curves which lie close show
# no overfitting. The second is only true when the validation faces are strangers. In DEPTH's order they are
# not, so overfitting to *people* is invisible.
#
# ## What you saw
#
# - 26,239 adds up in one way only, with the rows that were said to be removed, and the 6,350 shifts are
#   diagonal. Numbers in a paper can be recomputed.
# - Pools widen what a number sees much faster than convolutions do. Seven of them fit into 96 pixels only
#   when sides are rounded up.
# - Without batch normalisation the gradient fades in a stack of sixteen. With it, depth alone is no
#   obstacle at the start.
# - Two measurements of one network differ as much as two networks do in DEPTH's Table 3. Only the
#   collapse of sixteen layers stands out.
# - "Accuracy" on coordinates asks which of two coordinates is the larger. The mean face passes it on
#   seven of ten faces.
# - Copies made before a split let the same face stand on both sides.
#
# ## Exercises
#
# **1. Where sight ends.** Three pools behind convolutions 2, 4 and 6. How many convolutions does it take until
# a last number can see 96 pixels? Predict with the formula.


# %%
def check_1(layers: int) -> None:
    """Say whether this is the smallest number of convolutions."""
    sees = [receptive_field(deep.Row(k, 3, 1, 0, 0, 0, 0, 0)) for k in (layers - 1, layers)]
    print("right" if sees[0] < 96 <= sees[1] else "not yet: what is the step behind three pools?")


# %% tags=["solution"]
field = 1 + 2 * 2 + 1 + 2 * 4 + 2 + 2 * 8 + 4  # two convolutions and a pool, three times
check_1(6 + -(-(96 - field) // 16))

# %% [markdown]
# **2. A fake with a better score.** Find a prediction that does not look at the pictures' content, has the
# same answer for every face, and still has as high an "accuracy" as possible on Kaggle's rows. How high can
# it get?


# %%
def check_2(highest: float) -> None:
    """Compare with the most frequent arg-max."""
    print("right" if abs(highest - kaggle.share.max()) < 0.001 else "not yet: one answer for all")


# %% tags=["solution"]
check_2(1509 / 2140)  # whatever has its largest number at the bottom lip's height

# %% [markdown]
# **3. How many twins?** Each of DEPTH's complete rows has about ten copies: 21,330 of 2,140. With 85% of
# them drawn for training, predict the share of test pictures of which no other copy trains.


# %%
def check_3(share: float) -> None:
    """Draw a split of ten copies each and count."""
    face = np.repeat(np.arange(2140), 10)
    order = np.random.default_rng(0).permutation(len(face))
    trains, measures = np.split(face[order], [round(0.85 * len(face))])
    alone = 1 - np.isin(measures, trains).mean()
    print("right" if abs(share - alone) < 0.001 else f"not yet: counted {alone:.5f}")


# %% tags=["solution"]
check_3(0.15**9)

# %% [markdown]
# **4. Rounding.** Build the row with sixteen layers and seven pools with Keras's own rounding
# (`padding="valid"`). Predict which pool refuses.

# %% tags=["solution"]
maps = keras.Input((96, 96, 1))
for pool in range(1, 8):
    try:
        maps = keras.layers.MaxPooling2D(2)(maps)
        print(f"pool {pool}: {maps.shape[1:3]}")
    except ValueError:
        print(f"pool {pool}: refused, a side of 1 cannot be halved")

# %% [markdown]
# **5. Open.** Why do sixteen layers collapse? The gradients at the start are no reason. Compare widths,
# learning rates and the number of pools, three seeds each, with `sweeps`. What must you see to say that
# *depth* is the cause?
