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
# # 08 The final model
#
# Fourth overfits, and [chapter 07](07_augmentation.ipynb) gave you more faces. Now you put the two together, add a layer, and
# train the network that the thesis ends with. It is called **Fifth**, and it comes in four variants.
#
# The reason, in the field's words: error on faces a network learned from is **bias**, what comes on top on other faces is
# **variance**. The thesis says that all its models have high bias, measured against people, and the last two high variance as
# well. It adds a layer against the one, faces against the other. By its own numbers Fourth's training error is the smaller part: variance
# is what is left to lower. More faces lower it, and so does dropout.
#
# **You can afterwards**
# - compute what a timetable of batches draws, and how many different faces an epoch sees (exercises 1, 2 and 5, question 1);
# - measure the noise of a gradient, and tell why a batch may grow (exercise 7, question 2);
# - tell what dead units do to a network, and what a leaky slope changes (exercise 4, question 3);
# - tell apart what two changes at once have done, with intervals and seeds (exercise 6);
# - tell which order of copying and splitting gives an honest error (exercise 3, question 4).
#
# **Needs** chapters [06](06_pooled_cnn.ipynb) and [07](07_augmentation.ipynb). **Takes** about 130 minutes to study, and a good two minutes of two cores (profile *quick*).
# **Figures** 4.13 to 4.16, 08-a to 08-g.
#
# **Tables** 4.3, 4.4, 8.1, 8.2.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import dataclasses
import math

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from fkd_utils import augment, data, evaluation, models, plotting, training

chapter = plotting.Chapter("08", PROFILE, DATA, SEED)

# %% [markdown]
# ## More faces
#
# The thesis mirrors every face. Then it shifts each of them five times and turns each five times. One
# face becomes $2 \cdot (1 + 5 + 5) = 22$. Here only training faces are treated so, after the split:
# the validation and test faces stay as they are.

# %% tags=["nbval-ignore-output"]
plain = data.load(DATA, SEED, chapter.limit)
splits = data.load(DATA, SEED, chapter.limit, grown=True)
print(f"{len(plain.train):,} training faces became {len(splits.train):,}")

# %% tags=["guard"]
with chapter.guard("one face becomes 22"):
    assert len(splits.train) == 22 * len(plain.train)

# %% [markdown]
# The thesis mirrored its faces before the split. It kept 3,424 pictures for training and got 37,664.
# Here is one face with some of its copies. The points move with the picture.

# %%
n = len(plain.train)
copies = [k * n for k in (0, 1, 4, 6, 14, 18)]
chapter.figure(
    plotting.show_faces(
        splits.train.images[copies], splits.train.keypoints[copies], columns=6, side=1.55
    ),
    "08-a",
    "A training face, its mirror twin, and four of its copies.",
    alt="Six pictures of the same face with green points: the original, its mirror image, two "
    "shifted copies with mirrored borders, and two turned ones.",
)

# %% [markdown]
# **Predict.** How much memory do 37,664 faces of 96 by 96 take as 8-bit grey values? And how much as
# the 32-bit numbers that a network is given?

# %%
eight_bit = 37_664 * 96 * 96
print(f"8 bits: {eight_bit / 1e6:.0f} MB, 32 bits: {4 * eight_bit / 1e6:.0f} MB")

# %% [markdown]
# So the faces stay 8-bit. A batch becomes numbers between 0 and 1 when it is needed, and is forgotten
# afterwards.

# %% tags=["nbval-ignore-output"]
batch = data.to_inputs(splits.train.images[:64])
print(
    splits.train.images.dtype,
    f"{splits.train.images.nbytes / 1e6:.0f} MB for all faces;",
    batch.dtype,
    f"{batch.nbytes / 1e6:.1f} MB for a batch of 64",
)

# %% [markdown]
# ## Fifth
#
# The network is Fourth with one more dense layer. The thesis does not say how wide that layer is. Here
# it has 250 units like the one before it. Dropout stands behind each pool, 5%, and behind the dense
# layers, 10%.


# %%
def fifth(dropout, leaky, seed=SEED):
    """Fifth, not yet compiled; leaky: the slope below zero, 0 for a plain ReLU."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([keras.layers.Input((96, 96, 1))], name="fifth")
    for filters, side in ((4, 5), (6, 5), (8, 4)):
        network.add(keras.layers.Conv2D(filters, side, padding="same"))
        network.add(keras.layers.LeakyReLU(negative_slope=leaky))
        network.add(keras.layers.MaxPooling2D(2))
        if dropout:
            network.add(keras.layers.Dropout(dropout / 2))
    network.add(keras.layers.Flatten())
    for _ in range(2):
        network.add(keras.layers.Dense(250))
        network.add(keras.layers.LeakyReLU(negative_slope=leaky))
        if dropout:
            network.add(keras.layers.Dropout(dropout))
    network.add(keras.layers.Dense(30))
    return network


# %%
model = fifth(dropout=0.1, leaky=0.2)
print(f"{model.count_params():,} parameters, Fourth has {models.fourth().count_params():,}")

# %% tags=["guard"]
with chapter.guard("Fifth has the shapes of Fifth in later chapters"):
    assert [w.shape for w in model.weights] == [w.shape for w in models.fifth(0.1, 0.2).weights]

# %% [markdown]
# A Leaky ReLU with slope 0 is a plain ReLU, so one function builds all four variants. The thesis's
# [Table 4.3](#table-4.3), read off the network itself:

# %%
drops = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
places = ["pool 1", "pool 2", "pool 3", "dense 1", "dense 2"]
chapter.table(
    [{"layer": place, "dropout probability": rate} for place, rate in zip(places, drops)],
    "4.3",
    "Dropout in Fifth. (The thesis has one row for both dense layers.)",
    **{"dropout probability": "{:.0%}"},
)

# %% [markdown]
# A dropped value behind a pool is one place of one map. Its neighbours are still there and say nearly
# the same, so little is lost. **Predict** how many of the numbers behind the last pool a
# training step leaves out on average, then count: the last map has 12 by 12 places and 8 filters.

# %%
print(f"{0.05 * 12 * 12 * 8:.0f} of {12 * 12 * 8} numbers are left out, anew for every face")

# %% [markdown]
# ## An epoch of thirty steps
#
# The thesis does not show every face once an epoch. It draws 30 batches at random. And the batch
# grows:
#
# $$\text{batch size} = \left\lceil \frac{\text{epoch}}{125} \right\rceil \cdot 64$$

# %%
def batch_size(epoch):
    """Faces a step in an epoch, counted from 1."""
    return 64 * math.ceil(epoch / 125)


drawn = 30 * np.cumsum([batch_size(epoch) for epoch in range(1, 1001)])
print(f"batch size {batch_size(1)} in epoch 1, {batch_size(1000)} in epoch 1000")
print(
    f"in 1000 epochs {drawn[-1]:,} faces are drawn, each of 37,664 about "
    f"{drawn[-1] / 37_664:.0f} times; that is {drawn[-1] / 1_712_000:.1f} times the faces which "
    "1000 epochs of 1,712 show"
)

# %% [markdown]
# So an *epoch* of the thesis's [Table 4.4](#table-4.4) is not an epoch of its [Table 4.1](06_pooled_cnn.ipynb#table-4.1). The first one shows 1,920
# faces, the last one 15,360, and none shows them all. Why the batch grows, you measure below.
#
# The thesis finds that Fifth's training takes "more than 5 times" as long as Fourth's. The faces drawn
# account for five.
#
# In plain Keras such a training is two loops around `train_on_batch`, which takes one step and returns
# its loss. Here are the first epochs of Fifth without dropout. Seed, epoch and step decide which faces
# are drawn.

# %% tags=["nbval-ignore-output"]
steps = chapter.pick(smoke=3, quick=30, paper=30)  # batches an epoch
twin = fifth(dropout=0, leaky=0)
twin.compile(keras.optimizers.Adam(0.001), loss="mse")
by_hand = []
for epoch in range(2):
    losses = []
    for step in range(steps):
        rng = np.random.default_rng([SEED, epoch, step])
        rows = rng.integers(0, len(splits.train), batch_size(epoch + 1))
        faces = splits.train.take(rows)
        x, y = data.to_inputs(faces.images), data.to_targets(faces.keypoints)
        losses.append(twin.train_on_batch(x, y))
    by_hand.append(float(np.mean(losses)))
    print(f"epoch {epoch + 1}: training MSE {by_hand[-1]:.5f}")

# %% [markdown]
# `training.fit` does the same, stores it, and watches the validation faces. It takes `steps_per_epoch`
# and, as `batch_size`, one number for each epoch.
#
# ## Four variants
#
# Everything but the named change stays the same: faces, batches, seed. First the thesis's own length, as stored with the course: 1000 epochs on real
# faces ([chapter 02](02_data.ipynb) says whose), 22 pictures of each and 34,540 in all, one seed. Only the variant with the slope 0.3 has not been trained so
# long.
#
# This chapter shows five kinds of run. Look here when you no longer know which one you are reading about:
#
# | run | faces | length | seeds | shown in |
# |---|---|---|---|---|
# | the thesis's length | real, 22 pictures of each | 1000 epochs | one | [Figures 4.13](#figure-4.13) to [4.16](#figure-4.16), Tables [4.4](#table-4.4) and [8.1](#table-8.1) |
# | yours | the embedded ones, 22 pictures of each | as the profile allows | one | Figures [08-b](#figure-08-b), [08-d](#figure-08-d), [08-e](#figure-08-e), [Table 4.4](#table-4.4) |
# | the variants again | real, 22 pictures of each | 125 epochs | three | [Figure 08-f](#figure-08-f) |
# | ideas of section 4.8 | real, 22 pictures of each | 125 epochs | three | [Table 8.2](#table-8.2) |
# | orders of work | 400 embedded ones, and twins or copies | 60 epochs | four | [Figure 08-c](#figure-08-c) |
#
# In *quick* you also train two of the orders of work yourself, with fewer faces, shorter and once.
#
# **Predict.** Without dropout Fourth was at its best after 59 of 1000 epochs, and then overfitted. Fifth has
# changed copies to learn from, twenty-two times as many pictures. Does it still need dropout?

# %%
long = training.of_rows(["Fourth", "Fourth, dropout", *training.TABLE_4_4])
for name, stored in long.items():
    print(f"{name}: {stored.summary()}\n")

# %% [markdown]
# Their weights come with the course. So you see each as the thesis shows it, its curve and its answers. The faces on the right
# are those of your own test part, and the networks have met none of the embedded ones. Their labels mark some points elsewhere, so do not compare the
# numbers above the faces with the curve.

# %% tags=["drawing"]
fifths = {name: long[name] for name in training.TABLE_4_4 if name in long}
real = training.mean_face_measures()["validation"]["mse"]


def show(name, number, seen):
    """The thesis's figure of a variant: its curve, its best and its worst test faces."""
    stored, test = fifths[name], splits.test
    chapter.figure(
        plotting.learning_figure(
            stored.history, stored.metrics["best_epoch"], test.images, test.keypoints,
            training.predict(training.network(stored.folder.name), test.images), real,
        ),
        number,
        f"{name} at full length on real faces: learning curve, and its best and worst of these "
        "test faces.",
        alt=f"Left: {seen} Right: the three test faces with the smallest and the three with the "
        "largest errors, true points green, predicted ones red.",
    )


# %% tags=["nbval-ignore-output"]
show("Fifth", "4.13", "the validation error turns up after a third of 1000 epochs, while the "
     "training error falls on.")

# %% tags=["nbval-ignore-output"]
show("Fifth, dropout", "4.14", "validation and training error fall fast and become level, with a "
     "gap between them.")

# %% tags=["nbval-ignore-output"]
show("Fifth, dropout, Leaky ReLU 0.2", "4.15", "validation and training error over 1000 epochs, "
     "falling fast at first and then hardly.")

# %% [markdown]
# The thesis names two slopes, 0.2 from TensorFlow and 0.3 from Keras, and does not say which of them its run used. Here it is 0.2. The three
# variants together:

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(8.6, 3.8))
for (name, stored), colour in zip(fifths.items(), ("orange", "blue", "green")):
    history, hue = stored.history, plotting.COLOURS[colour]
    smooth = history.rolling(9, center=True, min_periods=1).mean()
    axes.plot(history.epoch, smooth.val_mse, color=hue, label=name)
    axes.plot(history.epoch, smooth.loss, ":", color=hue, lw=1.2)
fourth_best = long["Fourth, dropout"].metrics["validation_mse"]
label = "Fourth, dropout, at its best"
axes.axhline(fourth_best, color=plotting.COLOURS["grey"], lw=1.2, label=label)
axes.set(yscale="log", xlabel="epoch (30 batches)", ylabel="MSE, mean of 9 epochs")
axes.legend(fontsize=9)
chapter.figure(
    figure,
    "4.16",
    "The variants of Fifth at full length on real faces. Solid: validation. Dotted: training.",
    alt="Solid validation curves and dotted training curves over 1000 epochs, on a logarithmic "
    "axis. Fifth's validation curve turns up after a third of the epochs, while its training "
    "curve falls on. With dropout the validation curves become level. All end below a horizontal "
    "line for the best of Fourth with dropout.",
)

# %% [markdown]
# In the thesis dropout closes the gap between training and validation. (Its validation faces have mirror twins among the
# training faces, which makes a gap look smaller; see *Flip first, split later*.) Here dropout narrows it. Without
# dropout the validation error turns after a third of the epochs and climbs, while the training error
# goes on falling: Fifth overfits, for all its copies. With dropout it stays near its lowest to the end.
# The gap is still there, though the training error is taken with dropout on. (The thesis says that dropout slightly lowers the bias
# too. Its [Table 4.4](#table-4.4) has the training loss rising with dropout, which may be how such a loss is taken.)
#
# And look how little the later epochs bring, which cost the most.

# %%
gaps = {}
for name, stored in fifths.items():
    m, (val, loss, _) = stored.metrics, training.TABLE_4_4[name].thesis
    gaps[name] = m["validation_mse"] / m["training_mse"]
    print(f"{name:<32}epoch {m['best_epoch']:>3}: validation error {gaps[name]:.2f} times the "
          f"training error; thesis {val / loss:.2f}")

# %% tags=["guard"]
with chapter.guard("dropout narrows the gap and leaves one; only Fifth without it climbs"):
    ends = {name: stored.history.val_mse[-25:].mean() / stored.history.val_mse.min()
            for name, stored in fifths.items()}
    assert gaps["Fifth"] > gaps["Fifth, dropout"] > 1.1 and ends["Fifth"] > 1.2
    assert max(end for name, end in ends.items() if name != "Fifth") < 1.1

# %%
rows = [{"epochs": epoch, "of all draws": drawn[epoch - 1] / drawn[-1],
         **{name: stored.history.val_mse[:epoch].min() for name, stored in fifths.items()}}
        for epoch in (125, 250, 500, 1000)]
plotting.show_table(rows, **{"of all draws": "{:.0%}"}, **dict.fromkeys(fifths, "{:.5f}"))

# %% [markdown]
# Now your own. The quick profile trains 12 epochs of 30 steps, so its batch never grows. It leaves out the slope 0.3. If you
# have half a minute more, write `quick=4`.

# %% tags=["nbval-ignore-output"]
variants = {
    "Fifth": fifth(dropout=0, leaky=0),
    "Fifth, dropout": fifth(dropout=0.1, leaky=0),
    "Fifth, dropout, Leaky ReLU 0.2": fifth(dropout=0.1, leaky=0.2),
    "Fifth, dropout, Leaky ReLU 0.3": fifth(dropout=0.1, leaky=0.3),
}
trained = chapter.pick(smoke=4, quick=3, paper=4)  # of the four
epochs = chapter.pick(smoke=2, quick=12, paper=1000)
sizes = [batch_size(epoch) for epoch in range(1, epochs + 1)]
runs = {}
for name, model in list(variants.items())[:trained]:
    model.compile(keras.optimizers.Adam(0.001), loss="mse")
    runs[name] = training.fit(
        model, splits, epochs=epochs, batch_size=sizes, steps_per_epoch=steps, seed=SEED
    )

# %% tags=["guard"]
with chapter.guard("training.fit does what the two loops do"):
    assert np.allclose(runs["Fifth"].history.loss[:2], by_hand, rtol=1e-4)

# %% tags=["nbval-ignore-output"]
for name, run in runs.items():
    print(f"{name:<32}{len(run.history)} epochs, {run.history.seconds.sum():.0f} s")

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(7.2, 3.6))
for (name, run), colour in zip(runs.items(), ("orange", "blue", "green", "red")):
    axes.plot(run.history.epoch, run.history.val_mse, color=plotting.COLOURS[colour], label=name)
axes.set(yscale="log", xlabel="epoch (30 batches)", ylabel="validation MSE")
axes.legend()
chapter.figure(
    figure,
    "08-e",
    "Validation error of your variants of Fifth.",
    alt="Jagged falling curves of validation error over the epochs. Fifth without dropout starts "
    "lowest; after a few epochs all lie close together.",
)

# %% [markdown]
# These are validation errors alone. How do they stand to the training errors? Fourth's training error fell away below, in
# [chapter 06](06_pooled_cnn.ipynb). In your short run of Fifth it stays above: the training faces are shifted, turned and mirrored, so they
# are harder, and few of them come more than twice. At full length that turns ([Figure 4.13](#figure-4.13)).

# %% tags=["nbval-ignore-output"]
fourth = training.thesis_run("Fourth", plain, PROFILE, SEED)
for name, run in (("Fourth", fourth), ("Fifth", runs["Fifth"])):
    last = run.history.iloc[-1]
    print(f"{name}: validation MSE is {last.val_mse / last.loss:.2f} times training MSE")

# %% [markdown]
# ## How noisy is a gradient?
#
# Why does the batch grow? A step goes along a gradient that was estimated from the batch. The estimate
# is a mean over $B$ faces, so its error should fall like $1/\sqrt{B}$. Early on every rough estimate
# points downhill. Late, when the true gradient is small, noise is most of what a small batch measures.
#
# **Predict**: by how much does the noise fall from a batch of 64 to one of 512? Measure it as the length
# of *gradient minus mean gradient* over the length of the mean, in the untrained network and in the
# trained one. TensorFlow's tape gives the gradient, as in [chapter 01b](01b_learning.ipynb).


# %%
def gradient(network, rows):
    """The gradient of the loss on some training faces, as one long vector."""
    x, y = data.to_inputs(splits.train.images[rows]), data.to_targets(splits.train.keypoints[rows])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((network(x, training=True) - y) ** 2)
    parts = tape.gradient(loss, network.trainable_weights)
    return np.concatenate([np.ravel(part) for part in parts])


def noise(network, size, draws=8):
    """Length of a gradient's error over the length of the mean gradient."""
    rng = np.random.default_rng(SEED)
    found = np.stack(
        [gradient(network, rng.integers(0, len(splits.train), size)) for _ in range(draws)]
    )
    mean = found.mean(axis=0)
    spread = np.sqrt(((found - mean) ** 2).sum() / (draws - 1))
    return float(spread / np.linalg.norm(mean))


# %% tags=["nbval-ignore-output"]
batch_sizes = chapter.pick([16, 64], [64, 128, 256, 512], [64, 128, 256, 512])
states = {
    "first weights": fifth(dropout=0, leaky=0),
    "trained weights": runs["Fifth"].model(),
}
noises = {
    state: [noise(network, size) for size in batch_sizes] for state, network in states.items()
}

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(5.6, 3.2))
for (state, values), colour in zip(noises.items(), ("grey", "blue")):
    axes.plot(batch_sizes, values, "o-", color=plotting.COLOURS[colour], label=state)
    axes.plot(
        batch_sizes,
        values[0] * np.sqrt(batch_sizes[0] / np.array(batch_sizes)),
        ":",
        color=plotting.COLOURS[colour],
    )
axes.set(
    xscale="log",
    yscale="log",
    xlabel="batch size (faces)",
    ylabel="noise / mean gradient",
    xticks=batch_sizes,
    yticks=[0.03, 0.1, 0.3, 1],
)
axes.set_xticklabels(batch_sizes)
axes.yaxis.set_major_formatter("{x:g}")
axes.set_ylim(0.6 * min(map(min, noises.values())), 1.4 * max(map(max, noises.values())))
axes.minorticks_off()
axes.legend()
chapter.figure(
    figure,
    "08-b",
    "How noisy a gradient is. Dotted: the law of the square root from the first point.",
    alt="Noise of the gradient against batch size, both axes logarithmic. Two falling lines that "
    "follow dotted lines of slope minus one half; the trained network's lies well above the other.",
)

# %% tags=["nbval-ignore-output"]
for state, values in noises.items():
    print(
        f"{state}: noise {values[0]:.2f} at batch {batch_sizes[0]}, "
        f"{values[-1]:.2f} at {batch_sizes[-1]}"
    )

# %% tags=["guard"]
with chapter.guard("noise falls with the batch and grows with training", quick=True):
    assert noises["first weights"][-1] < noises["first weights"][0]
    assert noises["trained weights"][0] > noises["first weights"][0]

# %% [markdown]
# The law says $\sqrt{8} = 2.8$ times. Eight draws for each point are few, so your two lines follow it
# roughly.
#
# That is one case for growing. In the beginning a batch of 64 is good enough: most of it is
# gradient. After training the noise of the same batch is several times larger, compared with what is
# left of the gradient, and a larger batch brings it down. A **schedule** that lowers the learning rate would do so too: many small noisy steps
# add up to one large calm one. The thesis lets the batch grow; of its rate it says nothing.
#
# What does such noise do to a step? Look at the output layer of the trained network alone. There the gradient of a face is its 250 inputs times its 30 errors, so
# you get it for each face, without a step. Each grey dot below is the gradient of one batch, seen in two directions: along the mean gradient of all
# faces, which stands at (1, 0), and along the direction in which faces differ most. A dot left of 0 is a step that goes *uphill*.
#
# **Predict** how many of 200 single faces point uphill, and how large a batch must be for hardly one of 200 to do so. Then move the slider.

# %% tags=["nbval-ignore-output"]
asked = splits.train.take(np.random.default_rng(SEED).permutation(len(splits.train))[:3000])
body = states["trained weights"].layers[-1]
body = keras.Model(states["trained weights"].inputs, [body.input, body.output])
units, answers = body.predict(data.to_inputs(asked.images), batch_size=256, verbose=0)
misses = (answers - data.to_targets(asked.keypoints)).astype(np.float64)
mean_gradient = units.T @ misses / len(units)  # (250, 30)
along = mean_gradient / np.linalg.norm(mean_gradient)
sample = np.einsum("ni,nj->nij", units[:300], misses[:300]).reshape(300, -1)
sample = sample - np.outer(sample @ along.ravel(), along.ravel())
sample = sample - sample.mean(axis=0)
across = np.linalg.eigh(sample @ sample.T)[1][:, -1] @ sample
across = across.reshape(mean_gradient.shape)
across = across / np.linalg.norm(across)
seen = np.stack([((units @ way) * misses).sum(axis=1) for way in (along, across)], axis=1)
seen = (seen - [0, seen[:, 1].mean()]) / seen[:, 0].mean()  # (3000, 2); the mean is (1, 0)

# %% tags=["nbval-ignore-output"]
sizes_shown = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]
rng = np.random.default_rng(SEED)
batches = [seen[rng.integers(0, len(seen), (200, size))].mean(axis=1) for size in sizes_shown]
uphill = [int((dots[:, 0] < 0).sum()) for dots in batches]
print("; ".join(f"batch {size}: {count} of 200 uphill" for size, count in zip(sizes_shown, uphill)))

# %% tags=["drawing"]
def batch_figure(step):
    """200 gradients of one batch size in two directions; right, how many go uphill."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=[1.2, 1])
    reach = np.abs(batches[3]).max()
    left.plot(*batches[step].T, ".", color=plotting.COLOURS["grey"], ms=4, alpha=0.6)
    left.plot(1, 0, "o", color=plotting.COLOURS["red"], ms=7, label="mean of all faces")
    left.axvline(0, color="black", lw=1, ls=":")
    left.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="along the mean gradient",
             ylabel="across", title=f"batch {sizes_shown[step]}")
    left.legend(fontsize=8, loc="upper left")
    right.plot(sizes_shown[: step + 1], uphill[: step + 1], "o-", color=plotting.COLOURS["blue"])
    right.set(xscale="log", xlabel="batch size (faces)", ylabel="steps of 200 that go uphill",
              xlim=(0.8, 2600), ylim=(-4, 104))
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(batch_figure, range(len(sizes_shown))),
    [f"batch {size}" for size in sizes_shown],
    "08-g",
    "Gradients of the output layer for 200 batches of one size (grey) and of all faces (red); a "
    "dot left of the dotted line is a step uphill. Small batches leave the picture.",
    alt="Left a cloud of grey dots around a red dot at (1, 0). With small batches it fills the "
    "picture, with larger ones it shrinks towards the red dot. Right a curve of the steps that go "
    "uphill, which falls to none as the batch grows.",
    start=3,
)

# %% tags=["guard"]
with chapter.guard("large batches go uphill hardly ever, single faces often", quick=True):
    assert uphill[-1] == 0 and uphill[0] > 20 and uphill[0] > uphill[6]

# %% [markdown]
# The mean of the cloud is right at every size. That is why small batches work: their steps are wrong one by one, and right together.
# And the noise goes to all sides. A batch need not be large for its step to go downhill, only for the step to go straight.
#
# ## Table 4.4

# %% tags=["nbval-ignore-output"]
seconds = {name: run.history.seconds.sum() for name, run in runs.items()}
rows = []
for name, plan in training.TABLE_4_4.items():
    val, loss, _ = plan.thesis
    own = runs[name].at_best() if name in runs else {}
    full = long[name].metrics if name in long else {}
    rows.append({"model": name, "thesis: val.": val, "train.": loss,
                 "full length: val.": full.get("validation_mse"),
                 "train. ": full.get("training_mse"), "epoch": full.get("best_epoch"),
                 "yours: val.": own.get("val_mse"), "train.  ": own.get("loss"),
                 "epoch ": own.get("epoch"), "seconds": seconds.get(name)})
columns = {c: "{:.0f}" if "epoch" in c else "{:.6f}" for c in rows[0] if c != "model"}
title = ("Validation MSE: the thesis's, ours lowest. Both 1000 epochs, on Kaggle's and on real "
         f"faces; yours: profile {PROFILE}, data {DATA}, {len(splits.train):,} training pictures.")
chapter.table(rows, "4.4", title, **columns | {"seconds": "{:.0f}"})

# %% [markdown]
# The thesis's rows are epoch 1000 of 1000, and it does not say that they are the lowest; ours are. They came after 1,413, 1,381 and 1,605 seconds on its GPU. It has
# one row for Leaky ReLU, so it stands here twice, and in *quick* the second time alone.
#
# The epoch was chosen on the validation faces. On the test faces, which chose nothing, at full
# length:

# %%
chapter.table([{"network": name, **stored.metrics["test"]} for name, stored in long.items()],
              "8.1", "Errors on real test faces, 1000 epochs each.",
              mse="{:.5f}", rmse_px="{:.2f}", mean_px="{:.2f}", nme="{:.1f} %")

# %% [markdown]
# And yours:

# %% tags=["nbval-ignore-output"]
test = splits.test
points = {name: run.predict(test.images) for name, run in {"Fourth": fourth, **runs}.items()}
scores = {name: evaluation.measures(test.keypoints, found) for name, found in points.items()}
drawn_by = {"Fourth": len(fourth.history) * len(plain.train)}
drawn_by |= {name: steps * sum(sizes) for name in runs}
plotting.show_table(
    [{"on the test faces": name, "faces drawn in training": drawn_by[name], **score}
     for name, score in scores.items()],
    mse="{:.5f}", rmse_px="{:.2f}", mean_px="{:.2f}", nme="{:.1f} %",
    **{"faces drawn in training": "{:,}"},
)

# %% tags=["guard"]
with chapter.guard("every variant is well below the mean face", quick=True):
    constant = np.broadcast_to(evaluation.mean_face(plain.train.keypoints), test.keypoints.shape)
    for name in runs:
        assert scores[name]["mse"] < 0.75 * evaluation.mse(test.keypoints, constant)

# %% [markdown]
# Before you believe a difference of two rows, ask how large it would be by chance. Take it face by
# face. Faces of one group (people who were photographed, and mixed, together) err together, so the
# groups are the trials; [chapter 10](10_errors_per_keypoint.ipynb) explains `evaluation.interval`.


# %%
CHANGES = {
    "all of it, from Fourth with dropout": ("Fifth, dropout, Leaky ReLU 0.2", "Fourth, dropout"),
    "augmentation and a layer": ("Fifth", "Fourth"),
    "dropout in Fifth": ("Fifth, dropout", "Fifth"),
    "Leaky ReLU, slope 0.2": ("Fifth, dropout, Leaky ReLU 0.2", "Fifth, dropout"),
    "Leaky ReLU, slope 0.3": ("Fifth, dropout, Leaky ReLU 0.3", "Fifth, dropout"),
}
thesis = {name: plan.thesis[0] for name, plan in (training.TABLE_4_1 | training.TABLE_4_4).items()}


def compared(face_mse, groups):
    """The change of the MSE from one network to another, as a share, with a 95 % interval."""
    rows = []
    for change, (one, other) in CHANGES.items():
        if one in face_mse and other in face_mse:
            a, b = face_mse[one], face_mse[other]
            mean, low, high = evaluation.interval(a - b, groups) / b.mean()
            says = "falls" if high < 0 else "rises" if low > 0 else "cannot be told"
            rows.append({"change": change, "thesis": f"{thesis[one] / thesis[other] - 1:+.0%}",
                         "here": f"{mean:+.0%}", "95 %": f"{low:+.0%} to {high:+.0%}",
                         "on these faces the error": says})
    return rows


# %% [markdown]
# At full length:

# %%
full = {name: stored.face_mse("test") for name, stored in long.items()}
plotting.show_table(compared(full, long["Fourth"].groups("test")))

# %% [markdown]
# The faces and the layer take two fifths off Fourth's error. Dropout takes a further sixth, in the thesis an eighth. The leaky
# slope takes a little more. Its interval does not hold 0, so other faces would likely say the same of these two networks. But each row is
# one seed against one other.
#
# And in your run:

# %% tags=["nbval-ignore-output"]
own = {name: evaluation.face_mse(test.keypoints, found) for name, found in points.items()}
plotting.show_table(compared(own, test.groups))
print(f"change of MSE; {len(test)} test faces in {len(np.unique(test.groups))} groups, one seed")

# %% [markdown]
# The interval says how much the *faces* matter. It does not say how much the *seed* matters: with other first weights the change is
# another one. If the interval holds 0, you have found nothing. If it does not, you have found something for this seed.
#
# The test faces of the embedded set are two groups. From so few people most intervals are wide, and rightly so. One can still be
# narrow, by luck, where the two groups happen to agree.
#
# So the course also trained the four variants with three seeds each, on the real faces and for a
# shorter time. (The labels of the real faces count from the picture's edge, as
# [chapter 18a](18a_beyond_the_studies.ipynb) finds. At full length they were mirrored by 96 - x. In these runs, and in those of
# [Table 8.2](#table-8.2), by 95 - x: there mirrored labels stand a pixel off, alike in all.)

# %%
seeds = training.table("seeds/table_4_4")
by_seed = seeds.pivot(index="seed", columns="model", values="test_mse")
small = dict(list(CHANGES.items())[2:])
print(f"{len(seeds)} trainings of {seeds.epochs.max()} epochs, lowest validation error at epoch "
      f"{seeds.best_epoch.min()} to {seeds.best_epoch.max()}")
for change, (one, other) in small.items():
    text, verdict = evaluation.by_seeds(by_seed[one], by_seed[other])
    print(f"{change:<24}{text}: {verdict}")

# %% tags=["drawing"]
rows = {change: evaluation.change(by_seed[a], by_seed[b],
                              full[a].mean() / full[b].mean() if {a, b} <= set(full) else None,
                              thesis[a] / thesis[b])
        for change, (a, b) in small.items()}
chapter.figure(
    plotting.changes_figure(rows, f"three seeds, {seeds.epochs.max()} epochs", "1000 epochs"),
    "08-f",
    "Dropout and two slopes on real faces: ratio of test MSE, below 1 is better. The line is the "
    "95% interval of the mean over the seeds.",
    alt="A row for each change. Dots: the ratio of test errors for each of three seeds, with a "
    "line for the interval of their mean; a square for the full length; a diamond for the "
    "thesis.",
)

# %% [markdown]
# After so few epochs none of the three can be told: each interval holds 1. With dropout one seed gains and
# two stay where they are. With a leaky slope one gains and another loses.
#
# Now look at the squares. At full length dropout gains about what it gains in the thesis: a sixth on the test faces, hardly a tenth on the validation faces.
# [Figure 4.16](#figure-4.16) says why
# the length matters: at epoch 125 Fifth's validation error still falls, and dropout has little to
# prevent yet. (The mirror differs, too: squares and dots are not quite one experiment.) The slope of 0.2 does not leave the range of its seeds.
#
# A square is one seed. So is each number of the thesis, and its validation faces have twins among the
# training faces.
#
# *All of it* and *augmentation and a layer* ask several things at once. [Exercise 6](#Exercises) takes the second apart.
#
# ## What the thesis would try next
#
# Its section 4.8 lists what is left: kernels of other sizes, more filters, and more units together with more dropout. (Its other
# transformations stand in [chapter 07](07_augmentation.ipynb).) The course tried each of them, alone, in the variant with dropout and a slope
# of 0.2, with three seeds and for the same 125 epochs.
#
# **Predict.** Which of them lower the error by more than the seeds explain? And what do they cost?

# %%
IDEAS = {
    "as it is": {},
    "kernels of 3": {"sides": (3, 3, 3)},
    "kernels of 7": {"sides": (7, 7, 7)},
    "twice the filters": {"filters": (8, 12, 16)},
    "twice the units and the dropout": {"units": 500, "dropout": 0.2},
}
tried = training.table("seeds/ideas").pivot(index="seed", columns="model", values="test_mse")
tried["as it is"] = by_seed["Fifth, dropout, Leaky ReLU 0.2"]
rows = []
for idea, change in IDEAS.items():
    network = models.fifth(**{"dropout": 0.1, "leaky": 0.2} | change)
    ratio, verdict = evaluation.by_seeds(tried[idea], tried["as it is"])
    rows.append({"change": idea, "parameters": network.count_params(),
                 "multiply-adds": models.multiply_adds(network), "test MSE": tried[idea].mean(),
                 "to as it is": ratio if change else "", "lower?": verdict if change else ""})
chapter.table(rows, "8.2", "What THESIS 4.8 would change next, each alone: real test faces, "
              f"{training.table('seeds/ideas').epochs.max()} epochs, mean of three seeds.",
              parameters="{:,}", **{"multiply-adds": "{:,}", "test MSE": "{:.5f}"})

# %% tags=["guard"]
with chapter.guard("only twice the filters is lower beyond its seeds, for three times the work"):
    assert [row["change"] for row in rows if row["lower?"] == "holds"] == ["twice the filters"]
    assert 3 < rows[3]["multiply-adds"] / rows[0]["multiply-adds"] < 3.5

# %% [markdown]
# One of the four lowers the error by more than its seeds explain: twice the filters, by an eighth, for three times the
# multiply-adds. Twice the units with twice the dropout more than double the parameters, and three seeds show nothing for it. Nor
# do they settle what the kernels do; those of 3 take less than half the work.
#
# This holds for 125 epochs. There Fifth does not overfit yet, so dropout had nothing to prevent, and what it does for
# more units at full length stays open.
#
# ## Do units die?
#
# The thesis takes Leaky ReLU because of *dying* units: a ReLU that is negative for every face passes
# no gradient, and so may never come back. Do any die here? Gradients come from training faces. So count,
# in each layer, the units that are negative for every thirtieth of them, copies included.


# %%
def dead(network):
    """How many units of each layer with an activation are never above zero."""
    before = [k.input for k in network.layers if isinstance(k, keras.layers.LeakyReLU)]
    tops = [keras.layers.GlobalMaxPooling2D()(x) if len(x.shape) == 4 else x for x in before]
    inside = keras.Model(network.inputs, tops)  # of each map its highest value
    inputs = data.to_inputs(splits.train.images[::30])
    names = ["conv 1", "conv 2", "conv 3", "dense 1", "dense 2"]
    found = {}
    for name, values in zip(names, inside.predict(inputs, batch_size=128, verbose=0)):
        highest = values.max(axis=0)
        found[f"{name}, of {len(highest)}"] = int((highest <= 0).sum())
    return found


# %% tags=["nbval-ignore-output"]
networks = {"before training": fifth(dropout=0, leaky=0)}
networks |= {name: run.model() for name, run in runs.items()}
counts = {name: dead(network) for name, network in networks.items()}
plotting.show_table([{"never above zero": name, **count} for name, count in counts.items()])

# %% tags=["guard"]
with chapter.guard("some units are dead from the start, more after training", quick=True):
    dense = {name: count["dense 1, of 250"] for name, count in counts.items()}
    assert dense["Fifth"] > dense["before training"] > 0

# %% [markdown]
# A map counts as one unit: it is dead when it is negative everywhere on every face. In the dense layers
# look at the first row. Faces look alike, so a unit with random weights gives nearly the same answer to
# all of them, and some units are below zero for all from the start. Training adds many more. So the
# thesis is right to worry: units do die.
#
# With a leaky slope a unit in this table is not dead. It still passes a gradient and works as a linear
# unit. So the cure does what it should. Whether that makes a better network is another question. At full
# length one seed says a little better. Three seeds at 125 epochs could not tell ([Figure 08-f](#figure-08-f)).

# %% [markdown]
# ## Flip first, split later
#
# The thesis flips all faces *before* it splits them: 4,280 faces, of which 3,424 train and 856
# measure. Four of five faces that measure then have their mirror twin among the faces that train.
# The network has seen the same person, the same light and the same expression, only mirrored.
#
# What is that worth? Take training sets of equal size and the *same* validation faces. The first
# set holds training faces and their twins. In the second, some of those twins have made room for
# twins of validation faces: that is the thesis's order. In the third, the room goes to copies of
# validation faces, turned by up to 10 degrees. That is the order of DEPTH, which made its copies
# before it split. Everything else is equal.


# %%
def twins(part):
    """The mirror twins of faces."""
    images, keypoints = augment.flip(part.images, part.keypoints)
    return dataclasses.replace(part, images=images, keypoints=keypoints)


def three_orders(count, seed):
    """Sets for training, as three orders of work would make them from `count` faces."""
    rng = np.random.default_rng(seed)
    some, held = plain.train.take(rng.permutation(len(plain.train))[:count]), plain.validation
    leaked = min(len(held) * 4 // 5, count)  # four of five, as in the thesis
    known, seen = data.joined(some, twins(some.take(np.arange(count - leaked)))), np.arange(leaked)
    turned = augment.augmented(held.images, held.keypoints, rng, [augment.random_rotation])
    copies = dataclasses.replace(held, images=turned[0], keypoints=turned[1])
    sets = {"split first": data.joined(some, twins(some)),
            "flip first": data.joined(known, twins(held).take(seen)),
            "copy first": data.joined(known, copies.take(seen))}
    return {order: dataclasses.replace(plain, train=part) for order, part in sets.items()}


# %% [markdown]
# The network is Fifth without dropout, trained in ordinary epochs that show every face once. First
# the runs that come with the course: 400 faces and their twins, 60 epochs, four seeds. They were made
# on an earlier set of the embedded faces, of the same people, which varied less. The profile *paper*
# repeats them on the faces of today.

# %%
stored = training.table("leak/results")
table = stored.pivot(index="seed", columns="order")
orders = ["split first", "flip first", "copy first"]
means = table.mean()
plotting.show_table(
    [{"order": order, "validation": means["val_mse", order], "test": means["test_mse", order],
      "validation / test": (table["val_mse", order] / table["test_mse", order]).mean()}
     for order in orders],
    validation="{:.5f}", test="{:.5f}", **{"validation / test": "{:.2f}"},
)

# %%
for order in orders[1:]:
    claimed = 1 - table["val_mse", order] / table["val_mse", "split first"]
    real = 1 - table["test_mse", order] / table["test_mse", "split first"]
    print(f"{order}: validation error {-claimed.mean():+.0%} ({-claimed.max():+.0%} to "
          f"{-claimed.min():+.0%}), error on new people {-real.mean():+.0%}")

# %% tags=["guard"]
with chapter.guard("on every seed twins help a little, turned copies much"):
    gains = {o: 1 - table["val_mse", o] / table["val_mse", "split first"] for o in orders}
    assert (gains["flip first"] > 0).all() and (gains["copy first"] > gains["flip first"]).all()

# %% [markdown]
# With its mirror twin among the training faces, a validation face is predicted a little better, on
# every seed. With a turned copy there, it is predicted much better. And new people? Their error hardly
# cares about the order. What the second and third order seem to gain is a number, not a better
# network.

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(6.4, 3.2))
kinds = (("val_mse", "validation", "blue"), ("test_mse", "new people", "grey"))
for column, label, colour in kinds:
    for seed in table.index:
        values = [table.loc[seed, (column, order)] for order in orders]
        axes.plot(orders, values, "o-", color=plotting.COLOURS[colour],
                  label=label if seed == table.index[0] else None)
axes.set(ylabel="MSE", ylim=(0, None), xlim=(-0.2, 2.2))
axes.legend(loc="lower left")
chapter.figure(
    figure,
    "08-c",
    "The same validation faces, three orders of work. A line is a seed.",
    alt="Lines over three orders of work. The validation error falls a little from split first to "
    "flip first and much further to copy first. The error on new people stays about level.",
)

# %% [markdown]
# A third thing may stand on both sides of a split: the **same person** on another picture. A random
# split of Kaggle's rows does that, and nobody can say how often, since its faces have no names. The
# embedded faces have. Judge one half of the validation faces. Train once without the other half, and
# once with it in the place of as many training faces. These are no copies. They are other pictures,
# mixed from the same few people. **Predict**: is that worth less than a mirror twin, or more?


# %%
def people_shared(count, seed):
    """Sets of `count` training faces, without and with the people of the faces that are judged."""
    rng = np.random.default_rng(seed)
    some = plain.train.take(rng.permutation(len(plain.train))[:count])
    judged, others = np.array_split(rng.permutation(len(plain.validation)), 2)
    known = plain.validation.take(others[: count // 2])
    mixed = data.joined(some.take(np.arange(count - len(known))), known)
    held = plain.validation.take(judged)
    return {"people apart": dataclasses.replace(plain, train=some, validation=held),
            "people shared": dataclasses.replace(plain, train=mixed, validation=held)}


# %%
shared = training.table("leak/people").pivot(index="seed", columns="order")
for measure, of_whom in (("val_mse", "the judged half"), ("test_mse", "new people")):
    apart, together = (shared[measure][f"people {how}"] for how in ("apart", "shared"))
    less = 1 - together / apart
    print(f"error on {of_whom}: {apart.mean():.5f} apart, {together.mean():.5f} shared: "
          f"{-less.mean():+.0%} ({-less.max():+.0%} to {-less.min():+.0%})")

# %% [markdown]
# On every seed the judged half is predicted better, without a twin or a copy of any of its pictures. On
# new people it goes up with one seed and down with others. So what was learned is these few people. A
# random split of pictures reports it as if it were learned for all.
#
# Is it more than a twin is worth? About as much, as far as four seeds can tell, and the two trainings
# have sets of different sizes.
#
# Now your own runs, one seed and as long as the profile allows. In a short run turned copies show first, so *quick* trains
# with and without them. One seed would show nothing for mirror twins, and for shared people perhaps the contrary. The stored
# seeds above are the evidence.

# %% tags=["nbval-ignore-output"]
count, passes, times = chapter.pick(smoke=(60, 1, 1), quick=(300, 14, 1), paper=(400, 60, 4))
live = []
for seed in range(SEED, SEED + times):
    every = three_orders(count, seed) | people_shared(count, seed)
    for order in chapter.pick(smoke=every, quick=["split first", "copy first"], paper=every):
        model = fifth(dropout=0, leaky=0, seed=seed)
        model.compile(keras.optimizers.Adam(0.001), loss="mse")
        run = training.fit(model, every[order], epochs=passes, batch_size=64, seed=seed)
        score = run.measures(test)["mse"]
        live.append({"seed": seed, "order": order, "epoch": run.best_epoch,
                     "val_mse": run.at_best().val_mse, "test_mse": score})
plotting.show_table(live, val_mse="{:.5f}", test_mse="{:.5f}")

# %% tags=["guard"]
with chapter.guard("turned copies of validation faces look like a gain", quick=True):
    ratio = {row["order"]: row["val_mse"] / row["test_mse"] for row in live}
    assert ratio["copy first"] < ratio["split first"]

# %% [markdown]
# The thesis's [Table 4.4](#table-4.4) and its [Table 4.1](06_pooled_cnn.ipynb#table-4.1) are thus not measured on the same kind of faces. The models of
# [Table 4.1](06_pooled_cnn.ipynb#table-4.1) were measured on faces without twins. So part of the step from 0.0011 to 0.0007 may be the
# twins, a small part if the networks there behave as these. Do not trust to luck: split first, then
# change the training faces, and only those.
#
# ## Four faces, two networks
#
# What does a gain look like on a face? These are the four test faces that gained most from Fourth to
# Fifth with dropout and a Leaky ReLU of slope 0.2. On average your short run of Fifth may be no better
# than Fourth: see the table.

# %% tags=["nbval-ignore-output", "drawing"]
last = "Fifth, dropout, Leaky ReLU 0.2"
gain = evaluation.face_mse(test.keypoints, points["Fourth"])
gain = gain - evaluation.face_mse(test.keypoints, points[last])
most = np.argsort(-gain)[:4]
both = np.concatenate([points["Fourth"][most], points[last][most]])
rows = np.tile(most, 2)
chapter.figure(
    plotting.show_faces(
        test.images[rows],
        test.keypoints[rows],
        both,
        columns=4,
        titles=["Fourth"] * 4 + ["Fifth, leaky"] * 4,
    ),
    "08-d",
    "The four test faces that gained most, by both networks.",
    alt="Two rows of the same four faces. In the upper row the predicted points lie beside the "
    "true ones, in the lower row they lie closer.",
)

# %% [markdown]
# They were chosen because they gained. There are also faces that lost: `np.argsort(gain)[:4]` finds
# them.
#
# ## What you saw
#
# - 37,664 faces need a third of a gigabyte, as long as they stay 8-bit.
# - An epoch is whatever you call it. Compare trainings by the faces they have seen.
# - The noise of a gradient falls about with the square root of the batch. After some training it is a
#   larger part of what a small batch measures than at the start.
# - A difference between two variants needs an interval before it is a finding, and several seeds
#   before it is a fact.
# - Whether dropout pays hangs on the length. After 125 epochs it brings Fifth nothing that can be told, after
#   1000 a sixth of the error, with one seed.
# - Mirror twins on both sides of the split lower the validation error, and nothing else that four seeds can
#   show. So do other pictures of the same people.
#
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. The cost of the last epochs** (easy). After how many of the thesis's 1,000 epochs is half of the
# faces drawn that it will ever draw? Predict, then count.

# %% tags=["answer"]
answer_1 = ...  # the number of an epoch

# %% tags=["check"]
@chapter.check("a whole number", "the batches grow; drawn is the running sum")
def check_1(answer):
    """After which epoch half of all draws are done, and not before."""
    if answer == 500:
        return "half of the epochs is not half of the draws"
    return bool(drawn[answer - 1] >= drawn[-1] / 2 > drawn[answer - 2])


check_1(answer_1)

# %% tags=["solution"]
answer_1 = int(np.searchsorted(drawn, drawn[-1] / 2)) + 1
check_1(answer_1)
# The last third of the epochs costs as much as all before. The stored curves gain little there.

# %% [markdown]
# **2. How many different faces?** (medium) An epoch of 30 batches of 64 draws 1,920 times from 37,664 faces, with
# replacement. How many *different* faces does it see, on average? Predict: nearly all 1,920, or clearly fewer? Then work it out: with which probability is a given face never drawn?

# %% tags=["answer"]
answer_2 = ...  # a number of faces

# %% tags=["check"]
@chapter.check("a number of faces",
               "37,664 times the probability that a face is drawn at least once")
def check_2(answer):
    """How many different faces 1,920 draws see on average."""
    if answer == 1920:
        return "only if no face is drawn twice"
    return bool(abs(answer - 37_664 * (1 - (1 - 1 / 37_664) ** 1920)) < 2)


check_2(answer_2)

# %% tags=["solution"]
answer_2 = 37_664 * (1 - (1 - 1 / 37_664) ** 1920)
check_2(answer_2)
print(f"{answer_2:.0f} different faces, {1920 - answer_2:.0f} draws repeat one")
# Drawing with replacement costs next to nothing in so large a set.

# %% [markdown]
# **3. Copy first, split later** (medium). Suppose all 22 pictures of every face were made first, and then four of five *pictures* were drawn for training, at random. Which share of the pictures that measure
# have at least one other picture of the same face in training, and how many such pictures on average? Predict first, and compare with the
# mirror twins above.

# %% tags=["answer"]
answer_3 = ...  # two numbers: a share from 0 to 1, and a mean number of pictures

# %% tags=["check"]
@chapter.check("a share and a number of pictures",
               "each picture has 21 others, four of five of them train")
def check_3(answer):
    """The siblings in training of a picture that measures, simulated with 2,000 faces."""
    rng = np.random.default_rng(0)
    face = np.repeat(np.arange(2000), 22)
    trains = rng.permutation(len(face)) < 0.8 * len(face)
    siblings = np.bincount(face[trains], minlength=2000)[face[~trains]]
    answer = np.asarray(answer, float)
    if answer.shape == (2,) and np.isclose(answer[0], 0.8, atol=0.02):
        return "that is the share with one twin; here each has 21 chances"
    right = [(siblings > 0).mean(), siblings.mean()]
    return answer.shape == (2,) and bool(np.all(np.abs(answer - right) < [0.005, 0.2]))


check_3(answer_3)

# %% tags=["solution"]
answer_3 = (1 - 0.2**21, 21 * 0.8)
check_3(answer_3)
# Every face that measures is known, many times over. Such an error says nothing about new faces.

# %% [markdown]
# **4. A layer of dead units** (hard). Make a `fifth(dropout=0, leaky=0)` in which no unit of the *first* dense layer is ever above zero, by changing first weights or
# offsets of that layer alone. Predict what the network then answers to different faces, and which layers could still learn.

# %% tags=["answer"]
answer_4 = ...  # a network like fifth(0, 0)

# %% tags=["check"]
@chapter.check("a network like fifth(0, 0)",
               "its offsets can be lower than any sum that a face brings")
def check_4(answer):
    """A Fifth whose first dense layer is dead for every face, its other layers not zero."""
    inputs = data.to_inputs(plain.train.images[:200])
    dense = [k for k in answer.layers if isinstance(k, keras.layers.Dense)]
    if answer.count_params() != fifth(0, 0).count_params():
        return "its layers must be those of fifth(0, 0)"
    if any(np.abs(k.get_weights()[0]).max() == 0 for k in (*dense[1:], answer.layers[0])):
        return "change the first dense layer alone"
    sums = keras.Model(answer.inputs, dense[0].output).predict(inputs, verbose=0)
    answers = answer.predict(inputs, verbose=0)
    if sums.max() <= 0 and np.ptp(answers, axis=0).max() > 1e-6:
        return "below zero, but a slope lets them pass: is this a plain ReLU?"
    return bool(sums.max() <= 0 and np.ptp(answers, axis=0).max() < 1e-6)


check_4(answer_4)

# %% tags=["solution"]
answer_4 = fifth(dropout=0, leaky=0)
first_dense = next(k for k in answer_4.layers if isinstance(k, keras.layers.Dense))
weights, offsets = first_dense.get_weights()
first_dense.set_weights([weights, offsets - 100])
check_4(answer_4)
# One answer for all faces. Only the layers behind can learn, and they learn the mean face.

# %% [markdown]
# **5. Your figure** (medium). Complete three lines: the one batch size that draws as many faces in 1000 epochs of 30 batches as the growing one; the faces it has drawn after each epoch; and what the line is.
# Predict where the two curves are furthest apart.

# %% tags=["answer"]
fixed_size = ...  # faces a step, the same in every epoch
fixed_drawn = ...  # 1000 numbers, as drawn
fixed_label = ...  # what the line is
answer_5 = (fixed_size, fixed_drawn, fixed_label)

# %% tags=["check"]
@chapter.check("the three lines completed", "drawn[-1] over all steps; then steps times that")
def check_5(answer):
    """A fixed batch beside the growing one, drawn by epoch."""
    size, values, name = answer
    values = np.asarray(values, float)
    if values.shape != drawn.shape:
        return "one number for each of 1000 epochs"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    axes.plot(range(1, 1001), drawn / 1e6, label="growing batch")
    axes.plot(range(1, 1001), values / 1e6, "--", label=str(name))
    axes.set(xlabel="epoch", ylabel="faces drawn (millions)")
    axes.legend()
    chapter.figure(figure, "Your figure", "Two timetables.", private=True,
                   alt="Faces drawn by epoch with a growing batch, and with the batch you chose.")
    right = drawn[-1] / 30_000
    return bool(np.isclose(size, right) and np.allclose(values, 30 * right * np.arange(1, 1001)))


check_5(answer_5)

# %% tags=["solution"]
fixed_size = int(drawn[-1] / (30 * 1000))
fixed_drawn = 30 * fixed_size * np.arange(1, 1001)
fixed_label = f"batch {fixed_size} throughout"
answer_5 = (fixed_size, fixed_drawn, fixed_label)
check_5(answer_5)
print(f"furthest apart in epoch {np.argmax(fixed_drawn - drawn) + 1}")
# Furthest apart where the growing batch passes the fixed one: half way, at little cost so far.

# %% [markdown]
# **6. A layer or the faces?** (open) The row *augmentation and a layer* changes two things. Use Fifth's
# steps for three short trainings: Fourth on the plain faces, Fourth on the grown ones, and Fifth on the
# grown ones. Predict which of the two steps does more.

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for a table of the three networks, two seeds each, with test errors at equal steps. One for an interval by groups of each difference
# (`evaluation.interval`). One for comparing it with the difference between seeds. One for a sentence that says *cannot be told* where it cannot. **Expected**: in so short a
# training grown faces may even cost, since few come twice, and the layer changes little. At full length the faces carry most.

# %% [markdown]
# **7. When the noise says so** (open). The thesis's batch grows on a fixed timetable. Could the noise itself say when to grow?
# Measure `noise` every ten epochs, and double the batch when it passes 0.2. Predict when that happens first. Does the validation
# error at an equal number of faces get lower?

# %% [markdown] tags=["solution"]
# **Rubric.** One point for the noise by epoch, measured at one batch size. Two for both timetables at an equal number of faces drawn, two seeds each. One for a third rival, a learning rate that falls
# instead. One for saying what the measuring itself costs. **Expected**: noise passes 0.2 within some ten epochs and the batch doubles early. At an
# equal number of faces that means fewer steps, and in a short training the validation error is higher or the same.
