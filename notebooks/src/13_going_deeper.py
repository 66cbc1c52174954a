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
# Fifth has three convolutions. DEPTH (S. Kartalovic and S. Albut, *Facial Keypoints Detection*, University of
# Padua) stacks up to sixteen, and reports that fifteen are best and that sixteen collapse. You build its
# networks, measure what depth does to them, and read its tables as a referee would.
#
# **You can afterwards**
# - compute how far a last number sees, for any order of convolutions and pools (exercise 1);
# - tell what keeps a gradient alive in sixteen layers, and what batch normalisation costs (exercise 5, question 4);
# - compute what two rules make of a learning rate, epoch by epoch (exercise 4);
# - tell what an "accuracy" of coordinates is worth, and build a fake that has it (exercise 2, question 2);
# - tell what one run a row and copies made before a split can show, and what not (exercises 3 and 6, questions 1 and 3).
#
# **Needs** chapters [06](06_pooled_cnn.ipynb) to [08](08_final_model.ipynb). **Takes** about 100 minutes to study, and a minute of two cores (profile *quick*).
# **Figures** 13-a, 13-b and 13-d to 13-j.
#
# **Tables** 13.1 to 13.6.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import dataclasses
import itertools

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from fkd_utils import augment, data, evaluation, models, plotting, training


chapter = plotting.Chapter("13", PROFILE, DATA, SEED)
PLAN = training.depth_runs.PLANS[PROFILE]

# %% tags=["nbval-ignore-output"]
parts = training.depth_runs.chosen(PROFILE, DATA, SEED)
train, held, test = parts.train, parts.validation, parts.test
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
    for extra, name in ((0, "nothing else"), (4_909, "the 4,909 rows with missing labels"),
                        (7_049, "all 7,049 rows")):
        if copies * 2_140 + 6_350 + extra == 26_239:
            print(f"26,239 = {copies} x 2,140 + 6,350 + {name}")
print(f"{4_909 / 26_239:.0%} of 26,239 pictures are of rows with missing labels")
print(f"22,303 + 3,963 = {22_303 + 3_963:,}; 26,239 - 22,303 = {26_239 - 22_303:,}")

# %% [markdown]
# Two lines and one sum: all rows once, and six whole copies of the complete ones. So the sum needs the rows that the
# paper says it removed. It does not tell which six copies. The changes that the paper names are six, if it turned to both
# sides (it says left).
#
# There is a **likely source**: *Data Augmentation for Facial Keypoint Detection*, a public Kaggle notebook by balraj98. From
# the same file it makes 26,239 pictures, with turns of 12 degrees to both sides and 6,350 shifts. Its mirror is switched
# off; its sixth copy is the complete rows once more. Each missing label it fills with the row above's.
#
# Nothing proves that DEPTH's pictures come from there. DEPTH does not name it, says that it mirrors, and brightens by other
# factors. If they do, nearly a fifth of them carry points of strangers, in the test set too.
#
# The last line printed repairs a slip. The paper takes 15% for testing and names the two parts: 22,303 and 3,963. Two
# digits of 3,936 changed places.
#
# The 6,350 can be checked too. Shifted to four sides, 2,140 faces make 8,560. Some were dropped, surely those with a
# point outside (at 0 or 96 counts). Here is how many stay, on Kaggle's labels, for straight shifts and for diagonal ones.

# %%
shifts = training.table("depth/kaggle_shifts")
chapter.table(shifts.to_dict("records"), "13.1", "Kaggle's complete rows: how many of their "
              "shifted copies keep all points inside, by pixels.",
              straight="{:,}", diagonal="{:,}")

# %% [markdown]
# Exactly one entry is 6,350: shifts by 12 pixels along the **diagonals**. So the paper's "to bottom,
# up, right and left" must mean both at once, such as up and right. So it is in the likely source.
#
# Now the function. The paper does not give the size of the noise. Here it is 8 grey values, in the likely source 0.008 of
# the range, which is 2. Where a shift brings in nothing, that one leaves black; here the border is mirrored.

# %% tags=["nbval-ignore-output"]
def seven_copies(part, seed):
    """The faces and six changed copies of them, as DEPTH makes them."""
    pair = part.images, part.keypoints
    rng = np.random.default_rng(seed)
    return [pair, augment.flip(*pair), augment.rotate(*pair, 12), augment.rotate(*pair, -12),
            augment.brighten(*pair, 1.5), augment.brighten(*pair, 0.8),
            augment.add_noise(*pair, augment.DEPTH_NOISE, rng)]


def depth_copies(part, seed):
    """Seven copies of each face, and those of its four shifts that keep every point inside."""
    rows = np.arange(len(part))
    made = [(*pair, rows) for pair in seven_copies(part, seed)]
    for right, down in itertools.product((12, -12), repeat=2):
        images, points = augment.shift(part.images, part.keypoints, right, down)
        inside = ((points > 0) & (points < 96)).all(axis=(1, 2))
        made.append((images[inside], points[inside], rows[inside]))
    images, points, rows = (np.concatenate(several) for several in zip(*made))
    return dataclasses.replace(part.take(rows), images=images, keypoints=points)


grown, watched = depth_copies(train, SEED), depth_copies(held, SEED)
print(f"{len(train)} faces became {len(grown):,} pictures; DEPTH's 2,140 became 21,330")

# %% tags=["nbval-ignore-output", "drawing"]
sheet = seven_copies(train.take(np.arange(1)), SEED)
sheet += [augment.shift(*sheet[0], 12, -12)]
names = ["original", "mirrored", "12° left", "12° right", "x 1.5", "x 0.8", "noise", "shifted"]
pair = [np.concatenate(several) for several in zip(*sheet)]
chapter.figure(
    plotting.show_faces(*pair, columns=4, titles=names, side=1.7),
    "13-a",
    "What DEPTH makes of a face: seven copies, and up to four shifts of which one is shown.",
    alt="Eight pictures of one face with green points: original, mirrored, turned to both sides, "
    "brighter, darker, with noise, and shifted up and right with a mirrored border.",
)

# %% [markdown]
# ## The network
#
# DEPTH's Table 1: fifteen convolutions of 3 by 3, batch normalisation after each, Leaky ReLU, five pools
# of 2 by 2, one dense layer. Dropout of 0.1 came last.
#
# **Batch normalisation** brings each map to mean 0 and variance 1 over the batch, then multiplies it by a learnt
# scale and adds a learnt shift. For later it keeps a running mean and variance: four numbers a map.

# %%
FILTERS = [32, 32, 64, 64, 96, 96, 128, 128, 256, 256, 512, 512, 1024, 1024, 1024]


def final_network(width, seed=SEED):
    """DEPTH's fifteen layers, with a share `width` of the filters; not yet compiled."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([keras.layers.Input((96, 96, 1))], name="deep")
    for k, filters in enumerate(FILTERS, start=1):
        network.add(keras.layers.Conv2D(round(width * filters), 3, padding="same"))
        network.add(keras.layers.BatchNormalization(momentum=0.9))
        network.add(keras.layers.LeakyReLU(negative_slope=0.3))
        if k in (2, 4, 6, 8, 10):
            network.add(keras.layers.MaxPooling2D(2, padding="same"))
    network.add(keras.layers.Flatten())
    network.add(keras.layers.Dropout(0.1))
    small = keras.initializers.VarianceScaling(1e-4, "fan_avg", "uniform")
    network.add(keras.layers.Dense(30, kernel_initializer=small))
    return network


# %% [markdown]
# `models.deep.deep_cnn` builds this one and every other row of DEPTH's Tables 3 to 5. The full network
# wants a graphics card. Here the networks are **narrow**: they keep a sixteenth of the filters (an
# eighth in the profile *paper*).
#
# The paper does not say where the pools stand, how steep Leaky ReLU is below zero, nor whether normalisation comes
# before it. Here the pools stand behind every second convolution, normalisation comes first, the slope is 0.3. The likely
# source has the same first twelve layers with the same five pools. But its slope is 0.1, its normalisation comes *last*,
# and its convolutions have no bias.
#
# Pools round up: one row has seven, and 96 halved seven times and rounded down is nothing.
#
# *One dense layer* is taken to be the output. All rows of Table 3 have three here, as AlexNet (2012), which DEPTH
# starts from; those of Table 4 have one (the reason comes below).
#
# The first weights are open too, and one choice matters. Behind batch normalisation each of the output
# layer's many inputs has variance 1. **Predict** how far from the middle of the picture the untrained
# network puts its points, with Keras's own weights there and with a hundredth of them.

# %% tags=["nbval-ignore-output"]
untrained = final_network(PLAN.width)
print(f"width {PLAN.width:g}: {untrained.count_params():,} parameters")
kernel, scatter = untrained.layers[-1].kernel, {}
for share in (1, 0.01):
    kernel.assign(share * keras.initializers.GlorotUniform()(kernel.shape))
    outputs = untrained(data.to_inputs(grown.images[:32]), training=True)
    scatter[share] = 48 * float(np.std(outputs))
    print(f"{share:g} of Keras's weights: {scatter[share]:.1f} pixels")

# %% tags=["guard"]
with chapter.guard("one entry is 6,350: diagonal shifts by 12 pixels; 3,936 is 15%"):
    match = shifts[(shifts[["straight", "diagonal"]] == 6_350).any(axis=1)]
    assert len(match) == 1 and match.iloc[0][["pixels", "diagonal"]].tolist() == [12, 6_350]
    assert round(0.15 * 26_239) == 26_239 - 22_303
with chapter.guard("copies and network are those of the stored runs; Keras's weights scatter"):
    assert 7 * len(train) <= len(grown) <= 11 * len(train)
    assert grown.fingerprint() == augment.depth_copies(train, SEED).fingerprint()
    twin = models.deep.TABLE_5["1 dense"].build(PLAN.width)
    assert [w.shape for w in untrained.weights] == [w.shape for w in twin.weights]
    assert scatter[1] > 30 * scatter[0.01]

# %% [markdown]
# Keras's weights throw the points all over the picture, differently for every face. A short training would do nothing
# but calm them. Hence `small` in the network above: a ten-thousandth of the variance, a hundredth of the size.
#
# ## What depth changes
#
# Each convolution lets an output see one pixel more on each side, times the step between neighbours on
# its map. Each pool sees one step more, and doubles it. With $r$ the side of what is seen and $j$ the step,
# in pixels, both 1 at first:
#
# $$r \leftarrow r + 2 j \quad \text{(convolution)}, \qquad
# r \leftarrow r + j, \; j \leftarrow 2 j \quad \text{(pool)}$$

# %%
def receptive_field(row):
    """Side of the square of pixels that a number of the last map can see."""
    places, field, jump = models.deep.pool_places(row.conv_layers, row.pools), 1, 1
    for k in range(1, row.conv_layers + 1):
        field += 2 * jump
        if k in places:
            field, jump = field + jump, 2 * jump
    return field


# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(6.4, 3.4))
for pools, colour in ((3, "blue"), (5, "orange")):
    drawn = [models.deep.Row(k, pools, 3, 0, 0, 0, 0, 0) for k in range(5, 17)]
    axes.plot(range(5, 17), [receptive_field(row) for row in drawn], "o-",
              color=plotting.COLOURS[colour], label=f"{pools} pools")
axes.axhline(96, color=plotting.COLOURS["grey"], linestyle=":")
axes.text(16.3, 88, "the whole picture", fontsize=9, va="top", ha="right")
axes.set(xlabel="convolutions", ylabel="receptive field (pixels)")
axes.legend(loc="upper left")
chapter.figure(
    figure,
    "13-b",
    "What a last number sees, by depth.",
    alt="The receptive field grows with the convolutions, faster with five pools than with "
    "three, and passes the 96 pixels of the picture.",
)

# %% [markdown]
# With three pools and five layers, a last number sees less than a third of the picture's side. To compare the
# mouth with the eyes is left to the dense layers. Every network of Table 3 with five pools sees more than there
# is.
#
# ## Small filters for large ones
#
# AlexNet's first two layers have filters of 11 by 11 and of 5 by 5, for pictures of 224 pixels. DEPTH starts from it,
# calls that too big for 96, and takes 3 by 3 throughout, as VGG (2014) does. VGG's reason is another: a stack of small
# filters sees what a large one sees, for fewer parameters.
#
# **Predict.** How many layers of 3 by 3 see 5 pixels, how many 11? Has the stack fewer parameters on 32 maps? And on the
# one picture?

# %%
filter_stacks = []
for side, maps_read in itertools.product((5, 11), (32, 1)):
    needed = (side - 1) // 2  # each layer of 3 by 3 sees two pixels more
    large = side**2 * maps_read * 32  # 32 filters; biases are left out
    small_ones = 3**2 * (maps_read + (needed - 1) * 32) * 32
    adds = [f"{count * 96**2 / 1e6:,.0f}" for count in (large, small_ones)]
    filter_stacks.append({
        "one layer": f"{side} by {side}", "stack of 3 by 3": f"{needed} layers",
        "maps read": maps_read, "parameters": f"{large:,} or {small_ones:,}",
        "million multiply-adds on 96 x 96": " or ".join(adds), "stack / one": small_ones / large})
plotting.show_table(filter_stacks, **{"stack / one": "{:.0%}"})
print(f"of 96 pixels as much as 11 of 224: {11 * 96 / 224:.1f}; as much as 5: {5 * 96 / 224:.1f}")

# %% [markdown]
# Two small layers see 5 pixels, five see 11. On 32 maps they take 72% and 37% of the large layer's parameters. They take
# the same shares of its multiply-adds, as each parameter multiplies once at each place. On the picture, a single map, the
# stack takes about ten times as much. What it buys there is more activations.
#
# DEPTH's reason does not lead to 3: in proportion, 11 of 224 is 4.7 of 96. And DEPTH shows no network with large filters,
# so its tables cannot say what the small ones changed.
#
# ## Gradients that fade
#
# Sixteen layers pass a gradient back through sixteen multiplications. **Predict** for an untrained network
# without batch normalisation: is the gradient of the first layer larger or smaller than the last's?
# And with it? The length of a layer's gradient over the length of its weights says by how much a
# step of plain descent would change that layer. (Adam divides a gradient by its own recent size, and adds
# $10^{-7}$ to that size: only below it does a smaller gradient make a smaller step.)

# %% tags=["nbval-ignore-output"]
def relative_gradients(network, x, y):
    """|gradient| / |weights| of every convolution's kernel, from the first to the last."""
    kernels = [k.kernel for k in network.layers if isinstance(k, keras.layers.Conv2D)]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((network(x, training=True) - y) ** 2)
    found = tape.gradient(loss, [kernel.value for kernel in kernels])
    return np.array([float(tf.norm(g) / tf.norm(k.value)) for g, k in zip(found, kernels)])


x, y = data.to_inputs(grown.images[:32]), data.to_targets(grown.keypoints[:32])
gradients = {}
for depth in (5, 16):
    for norm in (False, True):
        keras.utils.set_random_seed(SEED)
        stack = models.deep.deep_cnn(depth, min(depth, 5), 1, 0.0, PLAN.width, batch_norm=norm)
        gradients[depth, norm] = relative_gradients(stack, x, y)
middle = {key: float(np.median(values)) for key, values in gradients.items()}
for (depth, norm), value in middle.items():
    first, last = gradients[depth, norm][[0, -1]]
    print(f"{depth:2d} layers, {'with   ' if norm else 'without'} batch norm: "
          f"first {first:.1e}, median {value:.1e}, last {last:.1e}")

# %% tags=["guard"]
with chapter.guard("without normalisation the first of sixteen gradients is as tiny as the last"):
    assert middle[16, False] < 0.1 * middle[16, True]
    assert 1 / 4 < gradients[16, False][0] / gradients[16, False][-1] < 4
    bare = models.deep.deep_cnn(16, 5, 1, 0.0, PLAN.width, batch_norm=False).layers
    sizes = [float(np.std(k.kernel)) for k in bare if isinstance(k, keras.layers.Conv2D)]
    assert np.median(gradients[16, False] * sizes) < 1e-7  # of Adam's epsilon
    assert receptive_field(models.deep.TABLE_3["5cl, 3mpl"]) < 96 / 3
    assert all(receptive_field(r) > 96 for r in models.deep.TABLE_3.values() if r.pools >= 5)
with chapter.guard("small layers: 72% and 37% of a large one on 32 maps, ten times on the picture"):
    for side, layers in ((5, 2), (11, 5)):
        no_pools = models.deep.Row(layers, 0, 1, 0, 0, 0, 0, 0)
        assert receptive_field(no_pools) == side and (side - 1) // 2 == layers
    stack_shares = [row["stack / one"] for row in filter_stacks]
    assert [round(share, 2) for share in stack_shares[::2]] == [0.72, 0.37]
    assert all(9 < share < 12 for share in stack_shares[1::2])
    built = keras.Sequential([keras.layers.Input((96, 96, 1))] + [
        keras.layers.Conv2D(32, 3, use_bias=False) for _ in range(5)])
    assert built.count_params() == small_ones

# %% [markdown]
# Without normalisation the first of sixteen and the last are alike: tiny. Multiplied by the size of the weights, most
# of these gradients lie below the $10^{-7}$ that Adam adds. A kernel's gradient is the signal that comes in times the
# error that comes back. Each Leaky ReLU shrinks both. An early layer gets a strong signal and a faint error, a late one
# the reverse.
#
# Now build the stack, layer by layer. The blue square holds the pixels that a number in the middle of the last map *can*
# see. The yellow spot shows which pixels move it, in an untrained network. Predict before you move the slider: at
# which depth does the square hold the whole face? Does the spot fill it?

# %% tags=["drawing", "nbval-ignore-output"]
eight = data.to_inputs(grown.images[:8]), data.to_targets(grown.keypoints[:8])


def pixels_that_move(stack):
    """(96, 96): how much each pixel moves the middle numbers of the last map, at most 1."""
    last = next(one for one in stack.layers if isinstance(one, keras.layers.Flatten)).input
    with tf.GradientTape() as tape:
        pixels = tf.constant(eight[0])
        tape.watch(pixels)
        maps = keras.Model(stack.inputs, last)(pixels, training=True)  # norms by these faces
        total = tf.reduce_sum(maps[:, maps.shape[1] // 2, maps.shape[2] // 2])
    moved = np.abs(tape.gradient(total, pixels)).mean(axis=0)[..., 0]
    return moved / moved.max(), maps.shape[1]


DEPTHS, pulls, spots = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 15, 16), {}, {}
for depth, norm in itertools.product(DEPTHS, (False, True)):
    keras.utils.set_random_seed(SEED)
    grown_stack = models.deep.deep_cnn(
        depth, min(depth // 2, 5), 1, 0.0, PLAN.width, batch_norm=norm)
    pulls[depth, norm] = relative_gradients(grown_stack, *eight)
    if norm:
        spots[depth] = pixels_that_move(grown_stack)

# %% tags=["drawing", "nbval-ignore-output"]
lowest, highest = (pick(map(pick, pulls.values())) for pick in (min, max))


def depth_figure(depth):
    """What a last number of so many layers sees, and how strongly a step would move each layer."""
    spot, places = spots[depth]
    row = models.deep.Row(depth, min(depth // 2, 5), 1, 0, 0, 0, 0, 0)
    step, field = 96 / places, receptive_field(row)
    corner = (places // 2 + 0.5) * step - 0.5 - field / 2
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=[1, 1.15])
    left.imshow(grown.images[0], cmap="gray", vmin=0, vmax=255)
    left.imshow(np.ones((96, 96)), cmap="autumn", vmin=0, vmax=1, alpha=0.9 * spot)
    left.add_patch(plt.Rectangle((corner, corner), field, field, fill=False, lw=2,
                                 color=plotting.COLOURS["blue"]))
    left.set(xlim=(-0.5, 95.5), ylim=(95.5, -0.5), title=f"sees {field} pixels a side")
    left.set_axis_off()
    for norm, colour, label in ((True, "blue", "batch norm"), (False, "orange", "without")):
        right.plot(range(1, depth + 1), pulls[depth, norm], "o-", ms=4, label=label,
                   color=plotting.COLOURS[colour])
    right.set(yscale="log", xlim=(0.5, 16.5), ylim=(lowest / 2, 2 * highest),
              xlabel="convolution", title="|gradient| / |weights|", xticks=(1, 4, 8, 12, 16))
    right.legend(loc="center right", fontsize=8)
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(depth_figure, DEPTHS),
    [f"{k} convolutions, {min(k // 2, 5)} pools" for k in DEPTHS],
    "13-j",
    "A stack that grows: what the middle of its last map can see (square) and does see (spot), and "
    "how strongly a first step would move each layer.",
    alt="Left a face with a blue square around the pixels that a number of the last map can see "
    "and a yellow spot where pixels move it. With depth the square outgrows the face; the spot "
    "spreads and becomes patchy. Right the relative gradient of each layer: without batch norm the "
    "curve sinks as layers are added, with it the curve stays up.",
    start=5,
)

# %% [markdown]
# In a shallow stack the spot fades towards the edge of the square: more paths lead through the middle. In a deep one
# it is patchy: each pool passes on the largest of four numbers only. Once the square is larger than the picture, depth
# brings no more sight.
#
# Batch normalisation brings every layer's values back to variance 1, so nothing shrinks from layer to layer.
# Whatever makes DEPTH's sixteen layers collapse, it is not that their gradients vanish at the start.
#
# It has a price. While training, a layer uses the mean and variance of the batch; afterwards the running
# ones. With Keras's momentum 0.99 these need hundreds of steps. The networks here use 0.9, or a short
# training would be judged with the statistics of its first steps.
#
# ## Training by rule
#
# Two rules watch the validation loss. `ReduceLROnPlateau` lowers the learning rate when the loss has not
# improved for some epochs; `EarlyStopping` ends the training when it has not for longer. How many epochs
# that is, is their **patience**. Both are **callbacks**: objects that Keras calls after every epoch. DEPTH
# uses both and gives no numbers.
#
# Here are the two, told losses by hand. **Predict** the rate after each epoch, and where the training ends.

# %%
losses = [5, 4, 3, 3.2, 3.1, 2.9, 3, 3.1, 3, 3, 3, 3]
toy = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
toy.compile(keras.optimizers.Adam(0.001), loss="mse")
rules = [keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2, min_delta=0),
         keras.callbacks.EarlyStopping(patience=5)]
for rule in rules:
    rule.set_model(toy)
    rule.on_train_begin()
for epoch, loss in enumerate(losses, start=1):
    for rule in rules:
        rule.on_epoch_end(epoch, {"val_loss": loss})
    print(f"epoch {epoch:2d}: loss {loss:<4} then rate {float(toy.optimizer.learning_rate):g}")
    if toy.stop_training:
        print("stop")
        break

# %% [markdown]
# One trap: `ReduceLROnPlateau` overlooks a gain smaller than `min_delta`, 0.0001 unless told
# otherwise. On targets in $[-1, 1]$, as in this course, that can be a good epoch's whole gain. With `min_delta=0` every
# gain counts.
#
# And two units are in play. DEPTH's losses can only be squared pixels, which are the course's MSE times $48^2$:

# %%
def px2(mse):
    """Squared pixels from an MSE on targets in [-1, 1]."""
    return 48**2 * mse


def in_shares(runs):
    """Runs with their two losses as shares of the mean face's on the same pictures as well."""
    return runs.assign(val_share=runs.val_loss / runs.val_mean_face,
                       test_share=runs.test_loss / runs.test_mean_face)


mean_face = px2(training.kaggle_labels()["mean_face_mse"])
depth_mean_face = mean_face + 6_350 / 26_239 * 12**2  # a shift adds its square
print(f"the mean face on Kaggle's complete rows: {mean_face:.1f} px²")
print(f"on DEPTH's pictures, {6_350 / 26_239:.0%} of them shifted: about {depth_mean_face:.0f} px²")
for words, loss in (("best", 0.6964), ("worst", 5.9656)):
    print(f"DEPTH's {words} test loss: {loss:.4f} px², {loss / depth_mean_face:.1%} of that")

# %% [markdown]
# A loss says little without the mean face's on the *same* pictures. A quarter of DEPTH's are shifted by 12 pixels both
# ways, which no fixed answer can follow. On all of them the mean face makes about 45 px², not 10.1. Even DEPTH's worst
# network, sixteen layers with six pools, makes 13% of that. It collapsed beside the others, and still it looks.
#
# The course's validation pictures are changed copies too; its test faces are not. So from here on its losses stand as
# shares of the mean face's, each on its own pictures. A share of 1 is what a network makes that never looks.
#
# ## Does depth help?
#
# First the runs that come with the course: every row of DEPTH's three tables, on the 1,570 complete real faces
# ([chapter 02](02_data.ipynb) says whose) and their copies, one run each. They are **not** DEPTH's runs made again: the
# networks have a sixteenth of the filters, and sixteen epochs at most. The two rules watch.

# %%
stored = in_shares(training.table("depth/results"))
by_epoch = {kind: {row: np.array(told.split(), float)
                   for row, told in zip(stored.row, stored[f"{kind}_by_epoch"])}
            for kind in ("loss", "val")}
print(f"here:  width {stored.width[0]:g}, {stored.pictures[0]:,} pictures, "
      f"at most {stored.most_epochs[0]} epochs")
print(f"DEPTH: width 1, {round(0.9 * 22_303):,} pictures (a tenth of its 22,303, "
      f"{round(0.1 * 22_303):,}, validates), 100 epochs")
print(f"best epochs: {stored.best_epoch.min()} to {stored.best_epoch.max()} of "
      f"{stored.epochs.min()}; the second rule ended no run")

# %% tags=["drawing"]
small_runs = stored.groupby("row")[["val_share", "test_share", "val_loss", "test_loss"]].mean()
table_3 = pd.DataFrame(
    {label: small_runs.loc[f"3: {label}"] for label in models.deep.TABLE_3}).T
figure, panels = plt.subplots(1, 2, figsize=(9.6, 3.8), sharey=True)
for axes, part, words in zip(panels, ("val", "test"), ("validation loss", "test loss")):
    for pools, colour in zip((3, 4, 5, 6, 7), ("blue", "green", "orange", "red", "purple")):
        of_pools = {k: row for k, row in models.deep.TABLE_3.items() if row.pools == pools}
        depths = [row.conv_layers for row in of_pools.values()]
        reported = [getattr(row, f"{part}_loss") / depth_mean_face for row in of_pools.values()]
        axes.plot(depths, table_3.loc[list(of_pools), f"{part}_share"], "o-",
                  color=plotting.COLOURS[colour], label=f"{pools} pools, here, small")
        axes.plot(depths, reported, "s:", mfc="none", color=plotting.COLOURS[colour])
    share_ticks = (0.01, 0.03, 0.1, 0.3, 1)
    axes.set(yscale="log", xlabel="convolutions", ylabel=f"{words} / the mean face's",
             xticks=range(5, 17), ylim=(0.01, 1), yticks=share_ticks, yticklabels=share_ticks)
    axes.minorticks_off()
panels[1].plot([], [], "s:", mfc="none", color=plotting.COLOURS["grey"], label="DEPTH, roughly")
panels[1].legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1.01, 0.5))
chapter.figure(
    figure,
    "13-d",
    "The sixteen rows of DEPTH Table 3, as shares of the mean face's loss. The validation pictures "
    "are changed copies, here of other photographs.",
    alt="Two panels, validation and test loss as shares of the mean face's against the number of "
    "convolutions, logarithmic. Open squares, DEPTH's: 0.02 to 0.04, and far higher at sixteen. "
    "Dots, here: with three pools they fall from five convolutions to fourteen, on the left from "
    "0.16 to 0.11, on the right from 0.31 to 0.24. With more pools they lie higher than fourteen "
    "with three; at sixteen nothing collapses.",
)

# %%
shares_of = table_3.test_share.round(2)
with_three = [label for label in table_3.index if label.endswith("3mpl")]
print("three pools, test shares, by depth:", *shares_of[with_three])
print("fourteen, by pools:", *shares_of[[f"14cl, {pools}mpl" for pools in (3, 4, 5)]],
      " sixteen:", *shares_of[[f"16cl, {pools}mpl" for pools in (5, 6, 7)]])
counts = stored.set_index("row").parameters
print(f"parameters of fourteen with 3 pools {counts['3: 14cl, 3mpl']:,}, "
      f"with 5 {counts['3: 14cl, 5mpl']:,}")
pairs_of = {"16 layers over 15, 5 pools": ("16cl, 5mpl", "15cl, 5mpl"),
            "15 layers, 5 pools, over 13, 3 pools": ("15cl, 5mpl", "13cl, 3mpl"),
            "14 layers, 5 pools over 3": ("14cl, 5mpl", "14cl, 3mpl"),
            "16 layers, 7 pools over 5": ("16cl, 7mpl", "16cl, 5mpl")}
for told, (new, old) in pairs_of.items():
    theirs = models.deep.TABLE_3[new].test_loss / models.deep.TABLE_3[old].test_loss
    here = table_3.test_loss[new] / table_3.test_loss[old]
    print(f"test loss of {told}: DEPTH {theirs:.2f}, here {here:.2f}")

# %% [markdown]
# With the pools held at three, **depth helps** here: on new photographs the share falls from five to fourteen, in seven of
# nine steps. DEPTH says the same of its own. (Who is on the photographs is not known.)
#
# **Sixteen do not collapse.** DEPTH's lose to fifteen by a factor of four; here the two are alike. Width, length and
# pictures differ, so this does not say what happened to DEPTH's. It says that sixteen layers alone are not enough for it.
#
# **More pools** than three make fourteen layers worse, not better. That is not the pools' work alone: behind three of
# them the first dense layer reads sixteen times as many places, and the network has nearly four times the parameters. And
# fifteen with five pools, DEPTH's choice, lose to thirteen with three.
#
# One run a row. What a seed does to such a network is not known here: it may be as much as most of these steps. With
# narrower networks and shorter trainings than DEPTH's, [chapter 19](19_what_held_up.ipynb) leaves its claims *not tested*.
#
# DEPTH's Figure 2 sets a network with three pools beside one with five, to show that five learn more steadily. It does not
# say how deep the two are. Here both have fourteen layers. Its Figure 3 has both losses of the final network, to show that
# it does not overfit.

# %% tags=["drawing"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.4), sharey=True)
for pools, colour in ((3, "blue"), (4, "green"), (5, "orange")):
    losses_seen = by_epoch["val"][f"3: 14cl, {pools}mpl"]
    left.plot(range(1, len(losses_seen) + 1), losses_seen, "o-", ms=4,
              color=plotting.COLOURS[colour], label=f"{pools} pools")
    steps = losses_seen[1:] / losses_seen[:-1] - 1
    print(f"{pools} pools: the validation loss rises after {(steps > 0).sum()} of {len(steps)} "
          f"epochs, by at most {steps.max():.0%}, in all by {steps[steps > 0].sum():.0%}; lowest "
          f"{losses_seen.min():.2f} px²")
for kind, label, colour in (("loss", "training", "sky"), ("val", "validation", "red")):
    right.plot(range(1, 17), by_epoch[kind][training.depth_runs.FINAL], "o-", ms=4,
               color=plotting.COLOURS[colour], label=label)
gap = np.divide(*(by_epoch[kind][training.depth_runs.FINAL][-1] for kind in ("val", "loss")))
print(f"final network, after the last epoch: validation loss {gap:.2f} times the training loss")
for axes, title in ((left, "14 convolutions"), (right, "the final network")):
    axes.set(yscale="log", xlabel="epoch", xticks=range(1, 17), title=title, ylim=(3, 40),
             yticks=(3, 10, 30), yticklabels=("3", "10", "30"))
    axes.minorticks_off()
    axes.legend()
left.set_ylabel("loss (px²)")
chapter.figure(
    figure,
    "13-e",
    "Left: DEPTH Fig 2 with depth held fixed, validation losses. Right: DEPTH Fig 3, the losses of "
    "its final network; the validation pictures are of other photographs.",
    alt="Two panels over sixteen epochs, logarithmic. Left, validation losses of fourteen "
    "convolutions: three curves fall from 14 to 18 to about 7 square pixels, with small rises, and "
    "are flat at the end. Right, the final network: the training loss falls below the validation "
    "loss after the second epoch and ends a third below it.",
)

# %% [markdown]
# **Figure 2.** All three curves rise after four or five of fifteen epochs, by little. By its largest rise the one with five
# pools is no steadier, by the sum of its rises it is, a little; one run each. At the end they are flat, and one reason is the first rule. Its patience is one epoch here, so each rise has halved the rate, and
# what is left of it may be too small for the rest of the way. That no run was ended does not say that it was done.
#
# **Figure 3.** On new photographs the validation loss ends half as high again as the training loss. DEPTH shows no such gap, and
# its order of work could not: there the held-out pictures show faces that train.
#
# ## One run
#
# Now your own, first the network of Table 1. DEPTH names Adam, batches of 64 and the two rules. A
# training on few faces would have too few steps of 64, so it gets batches of 8.

# %% tags=["nbval-ignore-output"]
sets = dataclasses.replace(parts, train=grown, validation=watched)
patience = max(1, PLAN.epochs // 10)
model = final_network(PLAN.width)
model.compile(keras.optimizers.Adam(0.001), loss="mse")
final = training.fit(
    model,
    sets,
    epochs=PLAN.epochs,
    batch_size=8 if PLAN.faces else 64,
    seed=SEED,
    callbacks=[
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=patience, min_delta=0),
        keras.callbacks.EarlyStopping(patience=3 * patience),
    ],
)
best = final.at_best()
print(f"best of {len(final.history)} epochs: training {px2(best.loss):.1f} px², "
      f"validation {px2(best.val_mse):.1f} px²")

# %% [markdown]
# ## Many runs at once
#
# The whole of Table 3 is sixteen such trainings. `training.sweep` runs them one after the other. `training.depth_runs.run` trains any row of
# DEPTH's tables, with the course's networks: a change of yours above is not in them.
#
# In the profile *paper* that is every row of the three tables, many hours for two cores. From a terminal you can use
# more cores or machines, with Dask, a library for that:
#
#     python -m studies sweep paper --out results.csv                       # all cores here
#     dask scheduler                                                        # or: on one machine,
#     dask worker ADDRESS --nthreads 1                                      # on every other, and
#     python -m studies sweep paper --scheduler ADDRESS --out results.csv   # where you sit
#
# The plan `full` in place of `paper` has DEPTH's own width and 150 epochs at most, as its improved models had; it wants
# graphics cards.

# %% tags=["nbval-ignore-output"]
jobs = training.depth_runs.jobs(PROFILE, DATA, SEED)
mine = in_shares(training.sweep.run_all(training.depth_runs.run, jobs))
shown = ["row", "order", "seed", "pictures", "epochs", "val_share", "test_share"]
plotting.show_table(mine[shown].to_dict("records"), val_share="{:.2f}", test_share="{:.2f}")

# %% [markdown]
# On the validation pictures, which are shifted and turned, the mean face does badly. On the unchanged test faces it is
# much harder to beat, so there the shares are larger.
#
# ## Tables 3, 4 and 5
#
# DEPTH's four numbers on the left, two shares of the stored small runs on the right.

# %% tags=["nbval-ignore-output"]
def show(table, number):
    """One of DEPTH's tables beside the stored runs."""
    listed = []
    for label, row in training.depth_runs.TABLES[table].items():
        name = training.depth_runs.SAME.get(f"{table}: {label}", f"{table}: {label}")
        ours = small_runs.loc[name]
        listed.append({
            "network": label, "val_loss": row.val_loss, "val_acc": row.val_acc,
            "test_loss": row.test_loss, "test_acc": row.test_acc,
            "stored: val": ours.val_share, "stored: test": ours.test_share})
    title = f"DEPTH Table {table}: losses in px², and its accuracy. Stored: width "
    title += f"{stored.width[0]:g}, one seed, real faces; shares of the mean face's loss "
    title += "on the same pictures. Test: new faces."
    forms = {c: "{:.3f}" if "stored" in c else "{:.4f}" for c in listed[0] if c != "network"}
    chapter.table(listed, number, title, **forms)


for table, number in (("3", "13.2"), ("4", "13.3"), ("5", "13.4")):
    show(table, number)

# %% [markdown]
# Do not compare left with right. The left is in px², the right in shares. And DEPTH's test pictures are changed copies of
# faces that trained, the course's are unchanged faces of other photographs.
#
# ## What DEPTH's tables say themselves
#
# **Predict:** validation and test pictures were taken from the same thousands; suppose at random. How far apart should `val_loss` and `test_loss` of one network lie?

# %% tags=["nbval-ignore-output"]
printed, chosen = list(models.deep.TABLE_3.values()), models.deep.TABLE_4["0.1"]
pairs = [sorted((row.val_loss, row.test_loss)) for row in [*printed, chosen]]
*apart, final_apart = [larger / smaller for smaller, larger in pairs]
print(f"the larger loss over the smaller: up to {max(apart):.2f} in Table 3, "
      f"{final_apart:.2f} for the final network")
squared = ((final.predict(test.images) - test.keypoints) ** 2).mean(axis=(1, 2))
by_chance = squared.std() / squared.mean() * np.sqrt(1 / 2_230 + 1 / 3_936)
print(f"two samples of 2,230 and 3,936 pictures, which scatter as your faces: {by_chance:.0%}")

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(6.4, 4.4))
ends = [0.6, 8]
axes.plot(ends, ends, ":", color=plotting.COLOURS["grey"])
for number, colour in (("3", "blue"), ("4", "orange"), ("5", "red")):
    several = training.depth_runs.TABLES[number].values()
    axes.plot([r.val_loss for r in several], [r.test_loss for r in several], "o",
              color=plotting.COLOURS[colour], label=f"Table {number}",
              markersize=6 if number == "5" else 9)
for label, place in (("12cl, 3mpl", (-4, 10)), ("14cl, 5mpl", (7, -9)), ("16cl, 6mpl", (-28, -17))):
    named = models.deep.TABLE_3[label]
    axes.annotate(label, (named.val_loss, named.test_loss), place, textcoords="offset points",
                  fontsize=8.5)
ticks = [0.7, 1, 1.5, 2, 3, 5, 7]
axes.set(xscale="log", yscale="log", xlabel="validation loss (px²)", ylabel="test loss (px²)",
         xlim=ends, ylim=ends, xticks=ticks, yticks=ticks, xticklabels=ticks, yticklabels=ticks)
axes.minorticks_off()
axes.legend()
chapter.figure(
    figure,
    "13-f",
    "DEPTH's networks: two measurements of the same thing. On the dotted line they would agree.",
    alt="Test loss against validation loss, logarithmic. The networks with losses around 1 form a "
    "loose cloud about the diagonal; only the three with sixteen layers stand apart, far above.",
)

# %% [markdown]
# Chance parts two samples of these sizes (a tenth of 22,303, and 3,936) by the few percent that are printed last, if
# errors scatter as your network's (copies of one face by more, and so do a good network's few misses). Yet the larger loss is up to 1.6 times the smaller in Table 3, and 1.8 times for
# the final network. So something else differs between the columns: perhaps one was measured with the best weights and
# the other with the last. Until that is known, a smaller difference of two rows means little. The sixteen layers are
# worse; that stands out.
#
# Now the three choices that DEPTH makes. Which row wins by each column?

# %%
def winner(table, column):
    """The row with the lowest loss or the highest accuracy."""
    best = max if column.endswith("acc") else min
    return best(table, key=lambda label: getattr(table[label], column))


measured = ["val_loss", "val_acc", "test_loss", "test_acc"]
winners = {number: {column: winner(table, column) for column in measured}
           for number, table in training.depth_runs.TABLES.items()}
plotting.show_table([{"DEPTH Table": number} | won for number, won in winners.items()])
again = models.deep.TABLE_5["1 dense"]
gain = 1 - chosen.test_loss / models.deep.TABLE_3["15cl, 5mpl"].test_loss
print(f"0.6964 is {gain:.0%} below 0.7246; test accuracy {chosen.test_acc} and {again.test_acc}")
fourteen = [models.deep.TABLE_3[f"14cl, {pools}mpl"] for pools in (3, 4, 5)]
for column in ("val_loss", "test_loss"):
    three, four, five = (getattr(row, column) for row in fourteen)
    print(f"fourteen layers, {column} with 3, 4 and 5 pools: {three}, {four}, {five}; "
          f"3 over 5 pools {three / five:.2f}")

# %% tags=["guard"]
with chapter.guard("no run failed, and the sweep trains what your own run trains"):
    assert not mine.error.any(), mine[mine.error != ""].to_string()
    same_start = training.depth_runs.model(PROFILE, training.depth_runs.FINAL, SEED)
    assert final.name == training.depth_runs.fit(same_start, PROFILE, SEED, sets).name
with chapter.guard("a network beats the mean face on the validation pictures", quick=True):
    assert (mine.val_share < 1).any()
with chapter.guard("with three pools depth pays; pools more do not; sixteen are like fifteen"):
    falls = table_3.test_share[with_three]
    assert falls.idxmax() == with_three[0] and falls.idxmin() == with_three[-1]
    assert (np.diff(falls) < 0).sum() >= 7 and table_3.test_loss.idxmin() == with_three[-1]
    assert table_3.val_loss.idxmin() == with_three[-1]
    deeper = table_3.test_loss[["14cl, 4mpl", "14cl, 5mpl"]]
    assert deeper.min() > table_3.test_loss[with_three[-1]]
    assert 1 < table_3.test_loss["16cl, 5mpl"] / table_3.test_loss["15cl, 5mpl"] < 1.1
    assert stored.best_epoch.min() >= 15 and set(stored.epochs) == {16}
with chapter.guard("fourteen layers have Table 3's lowest test loss; by loss 0.2 and 2 dense win"):
    assert winners["3"]["test_loss"] == "14cl, 5mpl"
    assert list(winners["4"].values()) == ["0.2", "0.1", "0.1", "0.1"]
    assert list(winners["5"].values()) == ["2 dense", "1 dense", "1 dense", "1 dense"]
    for column in ("val_loss", "val_acc", "test_loss"):  # one run stands in two tables
        assert getattr(chosen, column) == getattr(again, column)
    assert three / five < final_apart  # of the test loss
    assert {row.conv_layers for row in models.deep.TABLE_3.values() if row.pools == 5} == {
        14, 15, 16}

# %% [markdown]
# - **Fifteen layers.** The lowest test loss of Table 3 belongs to fourteen layers with five pools, the lowest
#   validation loss to twelve with three. Fifteen win in accuracy only. DEPTH says of fourteen, "very close" in accuracy,
#   that "our model has smaller loss". Fourteen with five pools have the smaller one, 0.7051 and 0.7246.
# - **Dropout 0.1** and **one dense layer** win by both columns of the test set. The validation set is
#   there for choosing: by its loss 0.2 and two layers win. But the losses that DEPTH's text gives as reasons, 0.7246 and
#   0.6964, are test losses. A test loss that has a say in the choice is the best of many tries, and flatters.
# - **One run stands in two tables**: 0.1 of Table 4 and one layer of Table 5 share three numbers of four (the
#   test accuracy differs). So Table 4 has one dense layer here.
# - **From 0.7246 to 0.6964** three things changed: dropout, the dense layers, and at most 150 epochs for 100. Whose is the
#   small gain? Without dropout one dense layer makes 1.0102.
# - **Two pools more** perform better, says the text. Table 3 has two pairs in which only the pools change by two. Fourteen
#   layers: test loss 1.2149 with three, 0.7051 with five. Sixteen: 2.7675 with five, 3.5831 with seven, the other way. One run each.
#   The two losses of the final network lie further apart than the first pair's. And the first dense layer then reads a
#   sixteenth of the places.
# - **Figure 2** is to show that five pools learn more steadily. Of each of its halves the text says that it takes more time.
# - **VGG-16** has thirteen convolutions and three dense layers; DEPTH counts sixteen convolutions. Two programs that it
#   describes, FaceReader and Luxand FaceSDK, it does not measure.
#
# ## Chosen without a number
#
# Of the things that DEPTH's text decides without a number, here are three: filters of 3 rather than AlexNet's 11 and 5,
# batches of 64 (their size "did not influence the model very much"), Leaky ReLU in place of ReLU (it "speeds up the
# training process a lot and makes models more accurate"). Two things it leaves open: where normalisation stands, and the
# slope. Here is the network of Table 1 with one of these changed, on the same real faces by the same rules, one run each.
# **Predict** which change counts most, and which hardly.

# %%
plain_run = stored[stored.row == training.depth_runs.FINAL].assign(change="none")
changed_runs = pd.concat([plain_run, in_shares(training.table("depth/variants"))])
listed_changes = []
for one in changed_runs.itertuples():
    in_parts = np.array(one.val_by_epoch.split(), float) / one.val_mean_face
    listed_changes.append({
        "changed": one.change, "val": one.val_share, "test": one.test_share,
        "val / unchanged": one.val_loss / plain_run.val_loss.iloc[0],
        "test / unchanged": one.test_loss / plain_run.test_loss.iloc[0],
        "epoch": (in_parts <= 0.2).argmax() + 1})
chapter.table(
    listed_changes, "13.5", "The network of Table 1, a sixteenth as wide, with one thing changed; "
    "real faces, sixteen epochs, one seed. Shares of the mean face's loss, the losses over the "
    "unchanged network's, and the first epoch with a validation share of at most 0.2.",
    **{"val": "{:.3f}", "test": "{:.3f}", "val / unchanged": "{:.2f}",
       "test / unchanged": "{:.2f}"})
changes = pd.DataFrame(listed_changes).set_index("changed")

# %% [markdown]
# The batch counts most here. After as many epochs the smaller one is ahead. After as many *steps* the larger one is: in
# batches of 32, two epochs have as many as sixteen in batches of 256, and the loss is far higher then. But the larger one
# has seen eight times the pictures by that time. And all began with the rate 0.001, which the first rule halved at
# different times. So this does not say which batch is better. DEPTH, for which it hardly mattered, trained for up to 150
# epochs.
#
# Filters of 11 and 5 in the first two layers, as large as AlexNet's but with stride 1, end lower here, once. At this width
# each of these layers has two filters, and two filters of 3 by 3 see little. With DEPTH's 32 it may be otherwise.
#
# ReLU ends higher, as DEPTH says. That Leaky ReLU speeds up the training is not seen: both are down to a fifth of the mean
# face's loss in the same epoch. A slope of 0.1 and normalisation behind the activation change less, and one run each says
# little of that. DEPTH fears a ReLU that dies: negative for every picture. Behind batch normalisation that is unlikely at
# the start, as a map's mean is 0. With normalisation last it can happen.
#
# ## What is this accuracy?
#
# A regression has no accuracy. Ask Keras for one, and it takes the 30 outputs for 30 classes and counts the
# rows where the *largest* true number and the *largest* predicted number stand in the same place. Check it:

# %% tags=["nbval-ignore-output"]
def agreement(truth, predicted):
    """Share of the faces whose largest true coordinate is also the largest predicted one."""
    largest = [points.reshape(len(points), -1).argmax(axis=1) for points in (truth, predicted)]
    return float(np.mean(largest[0] == largest[1]))


network, answers = final.model(), final.predict(test.images)
network.compile(loss="mse", metrics=["accuracy"])
keras_says = network.evaluate(
    data.to_inputs(test.images), data.to_targets(test.keypoints), verbose=0)[1]
ours = agreement(test.keypoints, answers)
print(f"Keras: {keras_says:.4f}, share of rows with the same arg-max: {ours:.4f}")

# %% [markdown]
# So the question is: which of a face's 30 coordinates is the largest? **Predict**, then count. The stored
# counts are of Kaggle's 2,140 complete rows.

# %% tags=["nbval-ignore-output", "drawing"]
kaggle = training.table("depth/kaggle_argmax")
kaggle["share"] = kaggle.faces / kaggle.faces.sum()


def shares(part):
    """How often each coordinate is a face's largest."""
    largest = part.keypoints.reshape(len(part), -1).argmax(axis=1)
    return pd.Series(np.bincount(largest, minlength=30) / len(part), data.COLUMNS)


bars = pd.DataFrame({"Kaggle": kaggle.set_index("output").share, "your test faces": shares(test),
                     "your changed copies": shares(grown)}).fillna(0)
bars = bars[bars.max(axis=1) > 0.01]
figure, axes = plt.subplots(figsize=(7.2, 3.2))
for k, (name, colour) in enumerate(zip(bars, ("grey", "blue", "orange"))):
    axes.barh(np.arange(len(bars)) + 0.27 * (k - 1), bars[name], 0.25, label=name,
              color=plotting.COLOURS[colour])
axes.set_yticks(range(len(bars)), bars.index, fontsize=8.5)
axes.set(xlabel="share of the faces", xlim=(0, 1))
axes.invert_yaxis()  # the bars in the legend's order
axes.grid(axis="y", visible=False)
axes.legend()
chapter.figure(
    figure,
    "13-g",
    "Which coordinate is the largest of a face's thirty.",
    alt="Horizontal bars: of thirty coordinates only a handful is ever the largest, most often the "
    "height of the bottom lip, then the outer end of the left eyebrow.",
)

# %% [markdown]
# It is the height of the bottom lip or the outer end of the left eyebrow: the lowest point and the one furthest right.
# The accuracy asks which of the two is larger. A constant answer already scores high. Now put DEPTH's numbers beside
# other "predictions".

# %% tags=["nbval-ignore-output"]
rng = np.random.default_rng(SEED)
truth = test.keypoints.astype(np.float64)
fakes = {
    "always the mean face": np.broadcast_to(evaluation.mean_face(train.keypoints), truth.shape),
    "the truth, each coordinate off by about 3 px": truth + rng.normal(0, 3, truth.shape),
    "the truth, all of it 20 px too far down and right": truth + 20,
    "a tenth of every coordinate": truth / 10,
    "the network you trained": answers,
}
scores = {name: (agreement(truth, points), px2(evaluation.mse(truth, points)))
          for name, points in fakes.items()}
chapter.table(
    [{"prediction": name, "'accuracy'": accuracy, "loss (px²)": loss}
     for name, (accuracy, loss) in scores.items()],
    "13.6", "Accuracy and loss of made-up predictions, and of your network, on the test faces.",
    **{"'accuracy'": "{:.3f}", "loss (px²)": "{:.1f}"})
moved = depth_copies(test, SEED).keypoints
always = np.broadcast_to(evaluation.mean_face(moved), moved.shape)
print(f"always the mean face, on the test faces' changed copies: {agreement(moved, always):.3f}")

# %% tags=["guard"]
with chapter.guard("batches count most; larger first filters are ahead; ReLU is behind, not later"):
    for kind in ("val / unchanged", "test / unchanged"):
        assert changes[kind].idxmin() == "batches of 32"
        assert changes[kind].idxmax() == "batches of 256"
        assert changes[kind]["first filters of 11 and 5"] < 1 < changes[kind]["ReLU"]
        assert (changes[kind][["Leaky ReLU, slope 0.1", "normalisation last"]] > 1).all()
    assert changes.epoch["none"] == changes.epoch["ReLU"]
    of_batches = changed_runs.set_index("change").val_by_epoch.str.split()
    assert float(of_batches["batches of 32"][1]) > 1.5 * float(of_batches["batches of 256"][-1])
with chapter.guard("Keras counts so; two useless predictions have 1; the mean face its largest's"):
    assert abs(keras_says - ours) < 0.5 / len(test) + 1e-6
    assert ours == training.depth_runs.agreement(test.keypoints, answers)
    useless = [scores[name] for name in fakes if "all of it" in name or "a tenth" in name]
    assert all(accuracy == 1 and loss > 100 for accuracy, loss in useless) and len(useless) == 2
    largest = evaluation.mean_face(train.keypoints).argmax()
    assert np.isclose(scores["always the mean face"][0], shares(test).iloc[largest])
    assert kaggle.faces.sum() == 2140 and round(kaggle.share.max(), 3) == 0.705

# %% [markdown]
# Predictions that are useless have an accuracy of 1. On Kaggle's complete rows, the mean face has 0.705: the scale does
# not begin at 0. On changed copies, as DEPTH's pictures are, it begins lower. By `test_acc` DEPTH's collapsed networks stand at 0.758 to 0.827, its best at 0.92 to 0.93. Among the
# good ones the number says how often a near tie of two coordinates was decided the right way.
#
# ## Augment first, split later
#
# DEPTH makes its copies and *then* splits, whoever is on them. A test picture is a changed copy of a face whose other
# copies train. [Chapter 08](08_final_model.ipynb) measured that for turned copies. Here is DEPTH's whole recipe, both ways: the same
# network, seed and faces, equally many training pictures. A leak pays when faces are learnt by heart. So the stored runs,
# of the network of Table 1, narrow, have few faces and more epochs.

# %% tags=["nbval-ignore-output"]
def two_orders(seed):
    """What trains and what measures: split first, and DEPTH's order. The same faces in both."""
    apart = depth_copies(train, seed), depth_copies(held, seed)
    pool = data.joined(*apart)
    order = np.random.default_rng(seed).permutation(len(pool))
    first, last = np.split(order, [len(apart[0])])
    return {"split first": apart, "augment first": (pool.take(first), pool.take(last))}


both_orders, seen = two_orders(SEED), {}
for order, (trains, measures) in both_orders.items():
    seen[order] = np.isin(measures.ids, trains.ids).mean()
    print(f"{order}: {seen[order]:.0%} of the pictures that measure show a face that trains")

# %% tags=["drawing"]
leaks = in_shares(training.table("depth/leak"))
leak = leaks.pivot(index="seed", columns="order")
orders = [training.depth_runs.HONEST, training.depth_runs.LEAKY]
figure, axes = plt.subplots(figsize=(6.4, 3.2))
kinds = (("val_share", "as measured", "blue"), ("test_share", "new people", "grey"))
for column, label, colour in kinds:
    for seed, mark in zip(leak.index, itertools.cycle(("o-", "s--", "^:", "D-."))):
        axes.plot(orders, [leak.loc[seed, (column, order)] for order in orders], mark,
                  color=plotting.COLOURS[colour], label=f"{label}, seed {seed}")
axes.axhline(1, color=plotting.COLOURS["orange"], linestyle=":", label="the mean face")
axes.set(ylabel="loss / the mean face's", ylim=(0, None), xlim=(-0.2, 1.2))
axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=9, handlelength=3.5)
chapter.figure(
    figure,
    "13-h",
    "DEPTH's recipe in two orders: what it reports, and what new people get, as shares of the "
    "mean face's loss on the same pictures.",
    alt="Lines from split first to augment first, one a seed, and a dotted line at 1. The share on "
    "the pictures that the order itself holds out falls steeply with seed 1, a little with seeds 0 "
    "and 3, and is nearly level with seed 2. On unchanged faces of new people it lies at 1 or "
    "above; it falls with seed 1 and rises a little with the others.",
)

# %%
print(f"{leaks.faces[0]} faces, {leaks.pictures.min()} to {leaks.pictures.max()} training "
      f"pictures, {leaks.most_epochs[0]} epochs at most, width {leaks.width[0]:g}")
change = {}
for column, words in (("val_share", "as measured"), ("test_share", "on new people")):
    for order in orders:
        told = ", ".join(map("{:.2f}".format, leak[column, order]))
        print(f"loss {words} over the mean face's, {order}: {told} (seeds 0 to 3)")
    change[column] = leak[column, orders[1]] / leak[column, orders[0]] - 1
    print("  change:", ", ".join(map("{:+.0%}".format, change[column])))
print(f"seed 1, split first: best epoch {leak['best_epoch', orders[0]][1]:.0f}")

# %% tags=["guard"]
with chapter.guard("only DEPTH's order measures faces that train; the stored runs have these sets"):
    assert seen["split first"] == 0 and seen["augment first"] > 0.5
    for order, (trains, _) in both_orders.items():
        stored_sets = training.depth_runs.ordered(PROFILE, DATA, order, SEED)
        assert stored_sets.train.fingerprint() == trains.fingerprint()
with chapter.guard("measured share: seeds 0 and 3 fall, 2 rises, 1 compares with a failure"):
    assert change["val_share"][[0, 3]].between(-0.18, -0.14).all()
    assert 0 < change["val_share"][2] < 0.1
    assert change["test_share"][[0, 2, 3]].between(0, 0.11).all()
    assert leak["best_epoch", orders[0]][1] == 1 and leak["val_share", orders[0]][1] > 1
    assert (leak["test_share"] > 0.99).all(axis=None)

# %% [markdown]
# In DEPTH's order every picture that measures shows a face that trains. With seeds 0 and 3 the measured share falls by
# about a sixth. With seed 2 it rises, by less. On new people nothing is gained: there it rises with all three.
#
# Seed 1 is no evidence. Split first, its best epoch is the first, and worse than the mean face. That training failed, and
# its steep fall compares a failure with a success.
#
# Two fair pairs down and one up: so few do not settle whether the leak pays in so small a training, nor how much. That it
# is there needs no training. You counted it above.
#
# On unchanged faces of new people all these networks do as badly as the mean face, or worse.
# Neither order shows you that: on changed pictures the mean face is easier to beat.
#
# DEPTH's own networks are sixteen times wider and trained longer, so they can learn far more by heart. Their 0.6964 px²
# does not say how well they do on a stranger.
#
# ## The final network
#
# DEPTH closes with the curves of its best network and two predictions. The same for yours:

# %% tags=["nbval-ignore-output", "drawing"]
always = np.broadcast_to(evaluation.mean_face(grown.keypoints), watched.keypoints.shape)
chapter.figure(
    plotting.learning_figure(final.history, final.best_epoch, test.images, test.keypoints, answers,
                             constant=evaluation.mse(watched.keypoints, always)),
    "13-i",
    "DEPTH Fig 3 and 4: the network as you trained it, its curves beside the mean face on the same "
    "validation pictures, its best and its worst test faces.",
    alt="Left: training and validation error over the epochs, and as a dotted line the mean face's "
    "on the validation pictures. Right: the three test faces with the "
    "smallest and the three with the largest errors, true points green, predicted ones red.",
)

# %% [markdown]
# DEPTH reads from its curves that curves which lie close show no overfitting. That is only true when the validation
# faces are strangers. In DEPTH's order they are not, so overfitting to *people* is invisible.
#
# ## What you saw
#
# - Numbers in a paper can be recomputed. 26,239 adds up only with the rows that were said to be removed; the 6,350
#   shifts are diagonal. A public notebook makes the same sum: a likely source, not a proven one.
# - Stacked small filters save parameters where many maps come in. On the picture itself they cost more.
# - Pools widen what a number sees much faster than convolutions do.
# - Without batch normalisation the gradients of all sixteen layers are tiny. With it, depth alone is no obstacle at the
#   start.
# - In narrow networks and short trainings on real faces, the share on new photographs fell from five layers to fourteen, and more
#   than three pools did not help. Sixteen layers did as fifteen. One run a row ranks no neighbours.
# - A loss needs the mean face's on the same pictures beside it. DEPTH's are changed, and there the mean face does badly.
# - Two measurements of one network differ as much as two networks do in DEPTH's Table 3.
# - "Accuracy" on coordinates asks which of two coordinates is the larger. The mean face passes it on
#   seven of ten faces.
# - Copies made before a split let the same face stand on both sides. In two of three fair pairs of runs the measured
#   share fell; on new people it fell in none.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Pools first** (easy). Three pools stand behind convolutions 1, 2 and 3, instead of 2, 4 and 6. How many convolutions (3 by 3) does it
# take now until a last number can see 96 pixels? Predict first: more than with the late pools, or fewer?

# %% tags=["answer"]
answer_1 = ...  # a whole number of convolutions

# %% tags=["check"]
@chapter.check("a whole number", "follow field and step, layer by layer")
def check_1(answer):
    """The smallest depth at which a number sees 96 pixels, with pools behind 1, 2 and 3."""
    field, jump, layers = 1, 1, 0
    while field < 96:
        field, layers = field + 2 * jump, layers + 1
        if layers <= 3:
            field, jump = field + jump, 2 * jump
    late = next(k for k in range(6, 17)
                if receptive_field(models.deep.Row(k, 3, 1, 0, 0, 0, 0, 0)) >= 96)
    if answer == late:
        return "so many it takes with the pools behind 2, 4 and 6"
    return bool(answer == layers)


check_1(answer_1)

# %% tags=["solution"]
field = 1 + 2 + 1 + 4 + 2 + 8 + 4  # a convolution and a pool, three times; then the step is 8
answer_1 = 3 + -(-(96 - field) // 16)
check_1(answer_1)
# Fewer: each convolution behind a pool takes larger steps. The price is detail, lost unused.

# %% [markdown]
# **2. A fake with a good score** (medium). Make one answer, the same for every face, with as high an "accuracy"
# (`agreement`) on your test faces as any single answer can have, and with a loss above 1000 px². Predict first: which coordinates
# matter?

# %% tags=["answer"]
answer_2 = ...  # an array (15, 2) in pixels

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("an array (15, 2) in pixels", "agreement asks one thing: which number is largest?")
def check_2(answer):
    """Whether a constant has the best accuracy that a constant can have, and a large loss."""
    everywhere = np.broadcast_to(np.asarray(answer, float), test.keypoints.shape)
    if not px2(evaluation.mse(test.keypoints, everywhere)) > 1000:
        return "its loss is below 1000 px²: that answer is too good"
    return bool(np.isclose(agreement(test.keypoints, everywhere), shares(test).max()))


check_2(answer_2)

# %% tags=["solution", "nbval-ignore-output"]
answer_2 = np.zeros((15, 2))
answer_2.flat[shares(test).argmax()] = 1  # the coordinate that is a face's largest most often
everywhere = np.broadcast_to(answer_2, test.keypoints.shape)
print(f"'accuracy' {agreement(test.keypoints, everywhere):.3f}, "
      f"loss {px2(evaluation.mse(test.keypoints, everywhere)):.0f} px²")
check_2(answer_2)
# Fourteen points in the corner of the picture, and a score that beats many a network's.

# %% [markdown]
# **3. How many twins?** (medium) Suppose each face has three copies, and 85% of all copies are drawn for training. Of what share of the
# pictures that measure does no other copy train? Predict from probabilities; the check draws many faces.

# %% tags=["answer"]
answer_3 = ...  # a share between 0 and 1

# %% tags=["check"]
@chapter.check("a share between 0 and 1", "where must the other two copies be?")
def check_3(answer):
    """The share of pictures without a twin that trains, counted in one large draw."""
    face = np.repeat(np.arange(100_000), 3)
    mixed = np.random.default_rng(0).permutation(face)
    trains, measures = np.split(mixed, [round(0.85 * len(face))])
    if np.isclose(answer, 0.15):
        return "that is the share of pictures that measure; there are two other copies"
    if np.isclose(answer, 0.15**3):
        return "you know already that the picture itself measures; two copies are left"
    return bool(abs(answer - (1 - np.isin(measures, trains).mean())) < 0.004)


check_3(answer_3)

# %% tags=["solution"]
answer_3 = 0.15**2
check_3(answer_3)
print(f"three copies: {answer_3:.2%}; ten copies, as DEPTH has: {0.15**9:.7%}")
# With three copies one picture in 44 measures a stranger, with ten not one of 3,936.

# %% [markdown]
# **4. Shorter patience** (medium). The two rules are told the same `losses`, with `patience=1` for the rate (factor 0.5, `min_delta=0`) and
# `patience=3` for stopping. Work out on paper after which epoch the training ends, and which rate
# is set then (as the cell above prints behind *then rate*).

# %% tags=["answer"]
answer_4 = ...  # a rate and an epoch, such as (0.001, 12)

# %% tags=["check"]
@chapter.check("a rate and an epoch", "a gain sets the waiting back to 0, in both rules")
def check_4(answer):
    """The last rate and the last epoch, from Keras's own rules."""
    one = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    one.compile(keras.optimizers.Adam(0.001), loss="mse")
    both = [keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0),
            keras.callbacks.EarlyStopping(patience=3)]
    for rule in both:
        rule.set_model(one)
        rule.on_train_begin()
    for epoch, loss in enumerate(losses, start=1):
        for rule in both:
            rule.on_epoch_end(epoch, {"val_loss": loss})
        if one.stop_training:
            break
    if answer[1] == epoch:
        return bool(np.isclose(answer[0], float(one.optimizer.learning_rate), rtol=0.01)) or (
            "the epoch is right; count how often the rate was halved")
    return False


check_4(answer_4)

# %% tags=["solution"]
best_so_far, rate, waited = np.inf, 0.001, 0
for epoch, loss in enumerate(losses, start=1):
    waited = 0 if loss < best_so_far else waited + 1
    best_so_far = min(loss, best_so_far)
    rate = rate / 2 if waited else rate
    if waited == 3:
        break
answer_4 = (rate, epoch)
check_4(answer_4)
# A short patience takes noise for a plateau: the rate falls before the sixth epoch's gain can come.

# %% [markdown]
# **5. Another remedy** (hard). Keras draws first weights by Glorot's rule: variance 2 / (inputs + outputs), made for layers without a
# ReLU. He's rule (`keras.initializers.HeNormal`) has 2 / inputs, to make up for what a ReLU drops. Give it to every convolution of
# sixteen layers without normalisation. Predict first: do `relative_gradients`, with `x` and `y`, come up to those of batch norm? Answer
# with the network, and with how many times Glorot's median (in `middle`) its median is.

# %% tags=["answer"]
network_5 = ...  # an untrained network with sixteen convolutions
times = ...  # its median relative gradient over that with Glorot's weights
answer_5 = (network_5, times)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a network and a number", "compare each kernel's spread with sqrt(2 / its inputs)")
def check_5(answer):
    """Whether sixteen layers without normalisation have He's weights, and what they gain."""
    network, times = answer
    if any(isinstance(one, keras.layers.BatchNormalization) for one in network.layers):
        return "it still has batch normalisation: batch_norm=False"
    kernels = [keras.ops.convert_to_numpy(one.kernel) for one in network.layers
               if isinstance(one, keras.layers.Conv2D)]
    if len(kernels) != 16:
        return "sixteen convolutions are asked for"
    he = [np.sqrt(2 / np.prod(kernel.shape[:3])) for kernel in kernels]
    if not 0.85 < np.median([k.std() / size for k, size in zip(kernels, he)]) < 1.15:
        return False
    found = float(np.median(relative_gradients(network, x, y)))
    for value, hint in ((middle[16, False] / found, "the network is right; turn the ratio round"),
                        (found, "the network is right; set its median against Glorot's"),
                        (middle[16, True] / found, "that compares with batch norm")):
        if np.isclose(times, value, rtol=0.05):
            return hint
    return bool(np.isclose(times, found / middle[16, False], rtol=0.05)) or (
        "the network is right; take the medians over its layers, with x and y")


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
keras.utils.set_random_seed(SEED)
network_5 = models.deep.deep_cnn(16, 5, 1, 0.0, PLAN.width, batch_norm=False)
for one in network_5.layers:
    if isinstance(one, keras.layers.Conv2D):
        one.kernel.assign(keras.initializers.HeNormal()(one.kernel.shape))
he_median = float(np.median(relative_gradients(network_5, x, y)))
times = he_median / middle[16, False]
answer_5 = (network_5, times)
print(f"He's median is {times:.0f} times Glorot's; "
      f"batch norm's is {middle[16, True] / he_median:.0f} times He's")
check_5(answer_5)
# He's start gives back much of what each Leaky ReLU takes away. Normalisation gives back more, and
# in every step, not only in the first.

# %% [markdown]
# **6. Depth, or a bad draw?** (open) Why can sixteen layers collapse? The gradients at the start are no reason. Compare rates, pools
# and depths, three seeds each. Predict first, and say what you must see to write that *depth* is the cause. Then judge your table: does one thing change at
# a time? Does the mean face stand in it?
#
# ```python
# def job(conv_layers, pools, rate, seed):
#     keras.utils.set_random_seed(seed)
#     network = models.deep.deep_cnn(conv_layers, pools, 1, 0.0, PLAN.width)
#     network.compile(keras.optimizers.Adam(rate), loss="mse")
#     run = training.fit(network, sets, epochs=3, batch_size=8, seed=seed)
#     return {"test loss": px2(evaluation.mse(test.keypoints, run.predict(test.images)))}
#
# rates = (0.001, ...)  # then 3 pools for 5, then 7 layers for 16; each job takes under a minute
# jobs = {f"{rate:g}, seed {seed}": dict(conv_layers=16, pools=5, rate=rate, seed=seed)
#         for rate in rates for seed in range(3)}
# training.sweep.run_all(job, jobs)
# ```

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for one thing changed at a time, with depth held fixed where it is not the question. Two for three
# seeds or more a row and the same number of steps. One for the mean face's loss in the table. One for a rule, written before the
# runs. **Expected** with this job: on new people every network is worse than the mean face, so three epochs are too few
# to speak of a collapse. With five pools, sixteen layers do as seven do, within the scatter of the seeds. With
# three they do far worse, and seven do too, by less: the one dense layer then reads sixteen times as many places. A lower
# rate cures neither.
