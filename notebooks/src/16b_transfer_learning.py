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
# # 16b Transfer learning
#
# [Chapter 16a](16a_sixty_eight_points.ipynb) found that TRANSFER's losses look small only until a constant stands
# beside them. So what does a network bring that has learned another task? TRANSFER and DENSE take networks that name
# a thousand kinds of objects and let them find points in a face. You do the same with such a network, and with one
# of this course that finds 15 points.
#
# **You can afterwards**
# - tell what transfer brought, with random weights as the control (exercises 4 and 5, question 1);
# - draw the line between a frozen and a trained part, and tell what it saves and forbids (exercise 2, question 2);
# - split by person when *two* trainings must not know a face (exercise 1);
# - tell where in a network places get lost, and judge a feature by a fair rival (exercise 3, question 3);
# - tell a network that learned by heart from one whose norms lag behind (question 4).
#
# **Needs** chapters [06](06_pooled_cnn.ipynb) and [16a](16a_sixty_eight_points.ipynb). **Takes** about 105 minutes to study, and about a minute of two cores (profile *quick*).
# **Figures** 16b-a to 16b-f.
#
# **Tables** 16b.1 to 16b.7.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import collections
import itertools
import queue
import re
import shutil
import socket
import threading
import time

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import cv2
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util

from fkd_utils import data, evaluation, files, models, plotting, training

chapter = plotting.Chapter("16b", PROFILE, DATA, SEED)

# %% [markdown]
# ## Where the weights come from
#
# Both studies use weights learned on ImageNet, a million labelled photographs. Keras fetches them
# from the network the first time, some 100 MB a model. They get a minute to come (in *smoke* nobody
# asks for them). Without a network you get the same model with **random** weights, and a line that
# says so.
#
# A *source* is a network without its last layer: pictures in, a vector of features out. With it go
# the layers that end its **blocks**. TRANSFER retrains 2 or 4 "convolutional blocks" and does not say
# how it counts. Here a block of ResNet50 is one of its 16 sums of input and output, a block of
# InceptionV3 one of its 11 joints of several paths.

# %%
Source = collections.namedtuple("Source", "network ends inputs weights")
LARGE = {  # what builds it, what prepares its pictures, what the layers that end a block are called
    "ResNet50": (keras.applications.ResNet50, keras.applications.resnet50.preprocess_input,
                 r".*_out"),
    "InceptionV3": (keras.applications.InceptionV3,
                    keras.applications.inception_v3.preprocess_input, r"mixed\d+"),
}


def imagenet(name, seconds, seed):
    """A large network for 96 x 96 faces, with ImageNet's weights if they come in time."""
    build, prepare, block = LARGE[name]
    shape = {"include_top": False, "pooling": "avg", "input_shape": (96, 96, 3)}
    network, why = within(seconds, lambda: build(weights="imagenet", **shape))
    weights = "random" if network is None else "ImageNet"
    if network is None:
        print(f"{name} has RANDOM weights, not ImageNet's: {why}")
        keras.utils.set_random_seed(seed)
        network = build(weights=None, **shape)

    def inputs(images):
        return prepare(np.repeat(images[..., np.newaxis], 3, axis=-1).astype(np.float32))

    ends = [layer.name for layer in network.layers if re.fullmatch(block, layer.name)]
    return Source(network, ends, inputs, weights)


# %%
def within(seconds, build):
    """What `build` makes in so many seconds, or None; and why not."""
    answers = queue.SimpleQueue()

    def work():
        keras.utils.disable_interactive_logging()  # its progress bar would fill the page
        try:
            answers.put((build(), ""))
        except Exception as error:  # Keras raises a plain one when a download fails
            reason = " ".join(str(error).split()).rpartition(" -- ")[2]
            answers.put((None, f"no download ({reason})"))

    if not seconds:
        return None, "not asked for"
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(5)  # for a connection that stays silent
    # In a thread: looking up an address obeys no time limit.
    threading.Thread(target=work, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return None, f"they did not arrive within {seconds:g} s"
    finally:
        socket.setdefaulttimeout(before)


# %% tags=["nbval-ignore-output"]
seconds, large = chapter.pick(smoke=0, quick=60, paper=60), {}
for name in LARGE:
    large[name] = imagenet(name, seconds, SEED)
    if large[name].weights == "random":
        seconds = 0  # where one could not be had, the other is not asked for
print({name: source.weights for name, source in large.items()})

# %% [markdown]
# ### ImageNet, without a network
#
# A smaller one comes with the course: **EfficientNet-Lite0**, with the weights that ImageNet taught
# it, written out in `models.efficientnet`. It has 16 blocks. Each widens its maps sixfold, looks at each map alone
# with a kernel of 3 or 5 pixels (a depthwise convolution), narrows them again, and adds what came
# in. It was checked against the original: the largest difference of a logit is printed below.
#
# The stored studies were made without a download. So in them Lite0 stands for TRANSFER's InceptionV3 and ResNet50:
# what they say of ImageNet, they say of this smaller network. Where the weights above came, both large networks are
# read out beside it.
#
# What does it see in a portrait? It knows a thousand names, many of them breeds of dogs; *face* and *person* are not
# among them. **Predict** what it says instead.

# %% tags=["nbval-ignore-output"]
whole = models.efficientnet.load_imagenet(models.efficientnet.efficientnet_lite0())
checked = files.read_json(files.PUBLISHED / "imagenet" / "lite0.json")
PORTRAITS = ["neutral_front/003_03", "neutral_front/115_03", "canada/024f"]


def likeliest_of(name):
    """A photograph, and its five likeliest classes with their shares in percent."""
    picture = data.photos.read(data.photographs.FOLDER / f"{name}.jpg")
    picture = cv2.resize(picture, (224, 224), interpolation=cv2.INTER_AREA)
    logits = whole(models.efficientnet.to_inputs(picture[np.newaxis]))
    shares = 100 * keras.ops.convert_to_numpy(keras.ops.softmax(logits))[0]
    likeliest = shares.argsort()[::-1][:5]
    return picture, [(checked["names"].get(str(k), f"class {k}"), shares[k]) for k in likeliest]


said = [likeliest_of(name) for name in PORTRAITS]
for name, (_, classes) in zip(PORTRAITS, said):
    print(f"{name}: " + ", ".join(f"{word} {share:.0f} %" for word, share in classes))
print(f"largest difference to the original: {checked['differences']['float32']:g}; with its "
      f"kernels in half precision, as shipped: {checked['differences']['shipped']:.2f}, of logits "
      f"up to {checked['largest logit']:.0f}")

# %% tags=["drawing", "nbval-ignore-output"]
figure, grid = plt.subplots(2, 3, figsize=(9.6, 5.2), height_ratios=(3, 2))
for (picture, classes), above, below in zip(said, *grid):
    above.imshow(picture)
    above.axis("off")
    words, shares = zip(*classes)
    below.barh(words, shares, color=plotting.COLOURS["blue"])
    below.invert_yaxis()
    below.set(xlabel="share (%)", xlim=(0, 100))
chapter.figure(
    figure,
    "16b-a",
    "What a network that learned ImageNet says it sees: its five likeliest classes of a thousand.",
    alt="Three portraits, and under each five bars. A woman with a dark fringe: wig, far ahead of "
    "all others. A man in a white T-shirt: lab coat, then suit and ties. A young woman in a hooded "
    "jacket: bulletproof vest, then other clothes.",
)

# %% [markdown]
# No name fits, and yet each is a good answer: hair, a white shirt, a thick collar. None of its names is *eye*. Do its
# features know where one is?
#
# The same network with random weights has nothing to transfer. It is not useless: it is the
# **control**. What it can do, no one may credit to ImageNet. Large networks, too, are that where no download came.
#
# The chapter's own source is the network of [chapter 06](06_pooled_cnn.ipynb) that comes with the course. It has found 15
# points; its blocks are a convolution with its pool, or the dense layer.

# %%
def ours(weights="faces", seed=SEED):
    """Fourth without its last layer, as it learned, or with the random weights of a fresh start."""
    learned = training.network(training.FOURTH)
    keras.utils.set_random_seed(seed)
    network = keras.models.clone_model(learned)  # the same layers, new weights
    if weights == "faces":
        network.set_weights(learned.get_weights())
    kinds = keras.layers.MaxPooling2D | keras.layers.Dense
    ends = [layer for layer in network.layers[:-1] if isinstance(layer, kinds)]
    body = keras.Model(network.inputs[0], ends[-1].output)
    return Source(body, [layer.name for layer in ends], data.to_inputs, weights)


def lite(weights="ImageNet", seed=SEED):
    """EfficientNet-Lite0 for 96 x 96 faces, without its last layer; random or not."""
    keras.utils.set_random_seed(seed)
    network = models.efficientnet.efficientnet_lite0((96, 96, 3), top=False)
    if weights == "ImageNet":
        models.efficientnet.load_imagenet(network)
    return Source(network, models.efficientnet.BLOCKS, models.efficientnet.to_inputs, weights)


own = ours()
print("blocks end in", ", ".join(own.ends))

# %% [markdown]
# ## In two parts
#
# Transfer cuts a source in two. The first part is **frozen**: it stays as it is. The last blocks are
# trained, together with a new last layer. With 0 blocks unfrozen the whole source is frozen.

# %%
def in_two(source, blocks):
    """The frozen part of a source, and the part with its last `blocks` blocks; None if empty."""
    network = source.network
    if blocks == 0:
        return network, None
    if blocks >= len(source.ends):
        return None, network
    middle = network.get_layer(source.ends[-blocks - 1]).output
    return keras.Model(network.inputs[0], middle), keras.Model(middle, network.output)


# %% [markdown]
# Keras's usual way is to keep the network whole and to set `layer.trainable = False` in the frozen
# layers. The same weights learn then. But a frozen part answers the same in every step: so compute its
# answers **once**, and train on them.

# %%
def features(source, blocks, images):
    """What the frozen part makes of faces (n, 96, 96): a row a face."""
    frozen, _ = in_two(source, blocks)
    inputs = source.inputs(images)
    return inputs if frozen is None else frozen.predict(inputs, batch_size=32, verbose=0)


# %% [markdown]
# What learns is the second part and a new layer behind it. Its first answer is `start`, the mean face,
# and not zero. Count the weights that learn, for 68 points:

# %%
def network_for(source, blocks, start):
    """A network from the features to len(start) numbers; it trains the source's own weights."""
    _, freed = in_two(source, blocks)
    body = keras.Input(source.network.output.shape[1:]) if freed is None else freed
    last = keras.layers.Dense(len(start), bias_initializer=keras.initializers.Constant(start))
    return keras.Sequential([body, last])


# %%
OUTPUTS = 2 * data.sixty_eight.POINTS


def trained_numbers(source, blocks):
    """Weights that training may change with so many blocks unfrozen."""
    network = network_for(source, blocks, np.zeros(OUTPUTS))
    return sum(int(np.prod(w.shape)) for w in network.trainable_weights)


rows = []
for name, source in {**large, "Lite0": lite(), "ours": own}.items():
    row = {"network": name, "blocks": len(source.ends)}
    row["all weights"] = source.network.count_params()
    rows.append(row | {f"{b} unfrozen": trained_numbers(source, b) for b in (0, 2, 4)})
chapter.table(rows, "16b.1", "Weights in all, and weights that are trained, by unfrozen blocks.",
              **dict.fromkeys(list(rows[0])[2:], "{:,}"))

# %% tags=["guard"]
with chapter.guard("a frozen layer and a cut leave the same weights to learn"):
    usual = ours()
    for layer in in_two(usual, 2)[0].layers:
        layer.trainable = False
    learning, freed = usual.network.trainable_weights, in_two(own, 2)[1]
    assert [w.shape for w in learning] == [w.shape for w in freed.trainable_weights]
with chapter.guard("wig, lab coat and bulletproof vest come first"):
    firsts = [classes[0][0] for _, classes in said]
    assert firsts == ["wig", "lab coat", "bulletproof vest"]

# %% [markdown]
# TRANSFER trains with 7,497 pictures, of which 2,499 are not mirror images of others. With four
# unfrozen blocks that is thousands of weights for each picture.
#
# ### The faces again
#
# They are those of [chapter 16a](16a_sixty_eight_points.ipynb): the same 68 points, the same wobbling crops (with
# `FKD_DATA` those of your folder), cut around the points and not by a detector, and the same split. The people that our source learned from train here; whoever
# is held out, neither training has seen.

# %% tags=["nbval-ignore-output"]
SOURCE = "300w" if data.landmarks.find(DATA, ".pts") else "open"
photos, broken = data.sixty_eight.load(DATA, chapter.pick(smoke=60, quick=400, paper=400))
split = data.sixty_eight.split(photos, DATA, SEED)
print("\n".join([*broken, f"{len(photos)} photographs, {data.sixty_eight.POINTS} points each"]))

CUTS, LOOKS = chapter.pick(smoke=(1, 1), quick=(3, 1), paper=(4, 2))
MOST = chapter.pick(smoke=24, quick=None, paper=None)


def crops_of(part, times, seed):
    """Crops of the photographs in a part of the split."""
    rng = np.random.default_rng([16, seed])
    return data.sixty_eight.crops([photos[k] for k in part[:MOST]], times, rng)


train = crops_of(split.train, CUTS, 0)
choose = crops_of(split.validation, LOOKS, 1)
held = crops_of(split.test, LOOKS, 2)

# %%
def trained(network, x, points, epochs, optimizer, seed, watched=None, log=()):
    """Train on inputs x and points (n, 68, 2), pixels, NaN left out; 32 a step.

    watched: (inputs, points) looked at after every epoch. Returns epoch, loss, held.
    """
    keras.utils.set_random_seed(seed)
    # In smoke, building a graph would take longer than the training.
    network.compile(optimizer, loss=models.losses.masked_mse, run_eagerly=PROFILE == "smoke")
    look = None if watched is None else (watched[0], data.to_targets(watched[1]))
    history = network.fit(
        x, data.to_targets(points), batch_size=32, epochs=epochs, verbose=0,
        validation_data=look, validation_batch_size=512, callbacks=log).history
    unknown = np.full(epochs, np.nan)
    return pd.DataFrame({"epoch": np.arange(1, epochs + 1), "loss": history["loss"],
                         "held": history.get("val_loss", unknown)})


def predicted(network, x):
    """Points of inputs x: (n, 68, 2) float32, pixels."""
    return data.to_pixels(keras.ops.convert_to_numpy(network(x)))


mean_face = np.nanmean(train.points, axis=0)
START = data.to_targets(mean_face[np.newaxis])[0]
x, x_held = (features(own, 0, part.images) for part in (train, held))

# %% [markdown]
# ## Frozen features
#
# With 0 unfrozen blocks the source is a fixed function. Its features are computed once; the rest is
# linear. For a linear layer you need no optimiser. Ridge regression gives the best one at once,
# with its strength chosen on the people of the validation part:
#
# $$W = (X^\top X + \alpha I)^{-1} X^\top Y$$
#
# with $X$ `(n, features)`, standardised, and $Y$ `(n, 136)`. The table asks the question that
# TRANSFER left out: how much of this could **random** weights do? Or 24 by 24 pixels without any
# network?
#
# The error is given in three units: the MSE of targets, pixels, and the NME of 300-W, the mean
# distance over that of the outer eye corners, in percent.

# %%
def ridge(learn, points, others):
    """Points of `others`, features like `learn` (n, f); the first of them chooses alpha."""
    shape, mean = points.shape[1:], np.nanmean(points, axis=0)
    y = np.nan_to_num(points - mean).reshape(len(points), -1)  # unavailable: the mean's place
    middle, spread = learn.mean(axis=0), learn.std(axis=0)
    spread = np.maximum(spread, 0.1 * spread.mean()) + 1e-6  # what hardly varies is not blown up
    a, *rest = (((z - middle) / spread).astype(np.float64) for z in (learn, *others))
    values, vectors = np.linalg.eigh(a @ a.T)
    best = None
    for alpha in 10.0 ** np.arange(0, 7):
        weights = a.T @ (vectors @ ((vectors.T @ y) / (values + alpha)[:, np.newaxis]))
        guesses = [(z @ weights).reshape(-1, *shape) + mean for z in rest]
        score = np.nanmean((guesses[0] - choose.points) ** 2)
        if best is None or score < best[0]:
            best = score, guesses
    return best[1]


def flat(values):
    """(n, ...) as (n, f)."""
    return values.reshape(len(values), -1)


# %%
def nme(truth, guess):
    """Normalised mean error of (n, 68, 2) points, percent; NaN in truth does not count."""
    truth = truth.astype(np.float64)
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1, keepdims=True)
    known = np.isfinite(truth).all(axis=-1) & np.isfinite(eyes)
    return 100 * float((evaluation.distances(truth, guess) / eyes)[known].mean())


def small(images):
    """Means of 4 by 4 pixels: (n, 576)."""
    return images.reshape(-1, 24, 4, 24, 4).mean(axis=(2, 4)).reshape(-1, 576)


def source_called(name, seed):
    """A network of Table 16b.2, fresh."""
    if name.startswith("ours"):
        return ours("random" if name.endswith("random") else "faces", seed)
    if name.startswith("Lite0"):
        return lite("random" if name.endswith("random") else "ImageNet", seed)
    return large[name] if seed == SEED else imagenet(name, 0, seed)


# %%
DEPTHS = {"ours": {"last vector": 0, "last maps": 1},
          "Lite0": {"last vector": 0, "maps 6 x 6": 5, "maps 12 x 12": 11}}


def readings(name, seed, every=1):
    """Held-out errors of read-outs of a frozen network by depth, from every so many-th crop."""
    if name == "mean face":
        ways = {"none": lambda images: np.zeros((len(images), 1))}
    elif name == "pixels":
        ways = {"24 x 24": small}
    else:
        source = source_called(name, seed)
        ways = {depth: lambda images, blocks=blocks: flat(features(source, blocks, images))
                for depth, blocks in DEPTHS.get(name.split(",")[0], {"last vector": 0}).items()}
    rows = []
    for depth, way in ways.items():
        pictures = train.images[::every], choose.images, held.images
        ends = np.cumsum([len(images) for images in pictures])
        learn, *others, _ = np.split(way(np.concatenate(pictures)), ends)
        guess = ridge(learn, train.points[::every], others)[1]
        rows.append({"features": depth, "numbers": learn.shape[1],
                     "mse": evaluation.mse(held.points, guess),
                     "mean_px": evaluation.mean_px(held.points, guess),
                     "nme": nme(held.points, guess)})
    return rows


# %% [markdown]
# The profile *paper* runs this chapter's studies with three seeds and stores every row; a stopped
# study goes on where it was.
#
# Yours come first, from a third of the crops: every network whose weights of ImageNet are here. Then the stored
# study, from all crops.

# %%
stored = files.PUBLISHED / "transfer"


def study(name, runs, rows_of):
    """The stored study `name`; with the profile paper, what is missing of it is made first."""
    table = training.study(stored / f"{name}_{SOURCE}.csv", runs, rows_of, PROFILE)
    return pd.read_csv(stored / f"{name}_open.csv") if table is None else table


def by_run(table, keys, values):
    """Mean and standard deviation over the seeds, as text, best first."""
    rows = []
    for key, part in table.groupby(keys, sort=False):
        row = dict(zip(keys, key)) | {"seeds": part.seed.nunique(), "_": part[values[0]].mean()}
        for value in values:
            spread = f" ± {part[value].std():.5f}" if len(part) > 1 else ""
            row[value] = f"{part[value].mean():.5f}{spread}"
        rows.append(row)
    rows.sort(key=lambda row: row["_"])
    return [{name: value for name, value in row.items() if name != "_"} for row in rows]


# %% tags=["nbval-ignore-output"]
names = ["pixels", "ours", "ours, random", "Lite0", "Lite0, random"][: chapter.pick(3, 5, 5)]
names += [name for name, source in large.items() if source.weights == "ImageNet"]
live = [{"network": name, **row} for name in names
        for row in readings(name, SEED, CUTS if PROFILE == "quick" else 1)]
plotting.show_table(live, mse="{:.5f}", mean_px="{:.2f}", nme="{:.1f} %")
of_mean = np.broadcast_to(mean_face, held.points.shape)
base = evaluation.mse(held.points, of_mean)
print(f"mean face: mse {base:.5f}, mean_px {evaluation.mean_px(held.points, of_mean):.2f}")

# %%
SEEDS = range(3)
runs = [{"network": name, "seed": 0} for name in ("mean face", "pixels", "ours", "Lite0")]
runs += [{"network": name, "seed": seed} for seed in SEEDS
         for name in ("ours, random", "Lite0, random", "ResNet50")]
frozen_study = study("frozen", runs, lambda network, seed: readings(network, seed))
chapter.table(by_run(frozen_study, ["network", "features", "numbers"], ["mse"]), "16b.2",
              "The stored study: linear read-outs of frozen features, held-out MSE. Lite0 has "
              "ImageNet's weights, or random ones like ResNet50.")

# %% [markdown]
# Read [Table 16b.2](#table-16b.2) row by row.
#
# - **ImageNet's maps are the best of all**, with half the error of ours. Its last vector errs four times as much,
#   and plain pixels beat it, like every last vector. Between the maps and that vector stand five blocks and a mean
#   over all places. To name a thing it must not matter where it is; keypoints *are* places. TRANSFER does not say
#   where it read its frozen Inception. In [Table 16b.4](#table-16b.4) the last five blocks lose more than what follows them,
#   a convolution of 1 by 1 and the mean.
#   A mean alone need not erase places: ResNet50's random vector stands behind one too.
# - **Random features are no noise.** ResNet50 with random weights removes most of the mean face's error, and its
#   vector beats ImageNet's of Lite0. TRANSFER's frozen ResNet50 comes from a constant's 0.03 to 0.07
#   ([Table 16a.2](16a_sixty_eight_points.ipynb#table-16a.2), if flips leave the order of the points) down to 0.013.
#   Without this control nobody can say what ImageNet did for it.
# - **Learned weights beat random ones in the same network**, ours and ImageNet's, at every depth and with every seed.
#   That difference is transfer. For ImageNet's it is large in the maps, and in the last vector three random seeds do not
#   settle it. For ours it is the other way round: that vector is no mean over places.

# %% tags=["guard"]
with chapter.guard("learned beats random at every depth; maps beat pixels, pixels last vectors"):
    by_name = frozen_study.set_index(["features", "network"]).mse
    for depth, name in (("last vector", "ours"), ("last maps", "ours"), ("last vector", "Lite0"),
                        ("maps 6 x 6", "Lite0"), ("maps 12 x 12", "Lite0")):
        assert by_name[depth, name].max() < by_name[depth, f"{name}, random"].min()
    deep, best = by_name.xs("last vector", level=0), by_name["maps 6 x 6", "Lite0"].max()
    assert deep["ResNet50"].max() < min(0.4 * by_name["none", "mean face"].max(), deep["Lite0"])
    assert by_name["last maps", "ours"].max() < by_name["24 x 24", "pixels"].max() < deep.min()
    assert best == frozen_study.mse.min() and 4 < deep["Lite0"] / best < 5
    assert 0.45 < best / by_name["last maps", "ours"].max() < 0.55

# %% [markdown]
# All that was with all crops. What if you have few? **Predict**: as crops are taken away, does the gap between
# the learned maps and the random ones grow or shrink? Then move the slider. The read-out is `ridge` each time.

# %% tags=["nbval-ignore-output"]
amounts = np.unique(np.geomspace(8, len(train.images), 12).round().astype(int))
picked = np.random.default_rng(16).permutation(len(train.images))
by_amount = {}
for kind in ("faces", "random"):
    few_maps, *rest_maps = (flat(features(ours(kind), 1, part.images))
                            for part in (train, choose, held))
    by_amount[kind] = [ridge(few_maps[picked[:n]], train.points[picked[:n]], rest_maps)[1]
                       for n in amounts]
px_by_amount = {kind: [evaluation.mean_px(held.points, guess) for guess in guesses]
                for kind, guesses in by_amount.items()}
for n, *both in zip(amounts, *px_by_amount.values()):
    print(f"{n:>4} crops: {both[0]:.2f} px learned, {both[1]:.2f} px random")
further = np.divide(px_by_amount["random"], px_by_amount["faces"])
print(f"random to learned: {further.min():.1f} to {further.max():.1f} times")

# %% tags=["drawing", "nbval-ignore-output"]
def amount_figure(k):
    """A held-out face as two read-outs see it, and their errors over the number of crops."""
    figure, (face, curve) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    plotting.draw_face(face, held.images[1], title=f"learned from {amounts[k]} crops")
    face.plot(*held.points[1].T, ".", color=plotting.TRUE, markersize=3)
    for kind, colour, mark in (("random", "sky", "o"), ("faces", "red", "+")):
        look, label = plotting.COLOURS[colour], f"{'learned' if kind == 'faces' else kind} maps"
        face.plot(*by_amount[kind][k][1].T, mark, color=look, ms=4.5, mew=1, mfc="none")
        curve.plot(amounts, px_by_amount[kind], color=look, label=label)
        curve.plot(amounts[k], px_by_amount[kind][k], "o", color=look)
    curve.set(xscale="log", yscale="log", xlabel="crops", ylabel="mean distance, held out (px)")
    curve.set_xticks([10, 30, 100, 300], ["10", "30", "100", "300"])
    curve.set_yticks([2, 3, 4, 6, 8], ["2", "3", "4", "6", "8"])
    curve.minorticks_off()
    curve.legend()
    return figure


chapter.explore(
    map(amount_figure, range(len(amounts))),
    [f"{n} crops" for n in amounts],
    "16b-b",
    "Read-outs of learned and of random maps, from few crops and from many. Green dots: true "
    "points.",
    alt="Left a held-out face with 68 green points, the crosses of learned maps and the rings "
    "of random ones. Right two falling curves of the mean distance over the number of "
    "crops on logarithmic axes, that of the learned maps below that of the random ones.",
    start=len(amounts) // 2,
)

# %% [markdown]
# The learned maps stay ahead with any number of crops. With about sixty they err less than the random maps with
# all of them. The gap does not close: the random maps err 1.2 to 1.4 times as much with any number of crops, without a
# trend. (One random start, and one order of the crops.)
#
# ## x, x squared and sin x
#
# TRANSFER feeds its frozen Inception features into three rows of dense layers: as they are,
# squared, and through a sine. It says that the plain features had not given good results. What
# could these two add? For small x, sin x is x. And a feature behind a ReLU is never negative, so
# its square rises wherever it does.

# %% tags=["nbval-ignore-output"]
SCALE = 5 * x.std()  # with larger features the squares explode at the start
scaled = x / SCALE
for name, changed in (("sin x", np.sin(scaled)), ("x squared", scaled**2)):
    active = scaled.std(axis=0) > 0.01
    alike = [np.corrcoef(scaled[:, k], changed[:, k])[0, 1] for k in np.flatnonzero(active)]
    print(f"{name:<10} correlation with x: median {np.median(alike):.2f} over the features")

# %% [markdown]
# The fair rival of three rows is three rows of the *same* x: as many weights, no new feature. Yours, then the
# stored study:

# %%
WAYS = {"x": lambda v: v, "x squared": keras.ops.square, "sin x": keras.ops.sin}
HEADS = {"x": ["x"], "x, x, x": ["x"] * 3, "x, x, sin x": ["x", "x", "sin x"],
         "x, x squared, sin x": ["x", "x squared", "sin x"]}


def head(rows, width, start):
    """TRANSFER's head: a row of 64 units on each version of the features, joined, 136 outputs."""
    inputs = keras.layers.Input((width,))
    parts_of = [keras.layers.Dense(64, activation="relu")(WAYS[name](inputs)) for name in rows]
    joined = keras.layers.concatenate(parts_of) if len(parts_of) > 1 else parts_of[0]
    last = keras.layers.Dense(OUTPUTS, bias_initializer=keras.initializers.Constant(start))
    return keras.Model(inputs, last(joined))


# %%
STEPS = chapter.pick(smoke=2, quick=240, paper=240)


def epochs_for(n, steps):
    """Epochs of n crops, 32 a step, that make so many steps."""
    return max(1, round(steps / -(-n // 32)))


def after(model, inputs, looked, steps, optimizer, seed):
    """Train for so many steps; the mean loss of the last epoch, and the held-out MSE after it."""
    epochs = epochs_for(len(inputs), steps)
    history = trained(model, inputs, train.points, epochs, optimizer, seed)
    error = evaluation.mse(held.points, predicted(model, looked))
    return [{"held": error, "loss": history.loss.iloc[-1]}]


def head_rows(rows, seed):
    """One training of a head on the source's last vector."""
    keras.utils.set_random_seed(seed)
    model = head(HEADS[rows], x.shape[1], START)
    return after(model, x / SCALE, x_held / SCALE, STEPS, "adam", seed)


# %% tags=["nbval-ignore-output"]
plotting.show_table([{"rows": rows, **head_rows(rows, SEED)[0]}
                   for rows in ("x, x, x", "x, x squared, sin x")], loss="{:.5f}", held="{:.5f}")

# %%
runs = [{"rows": rows, "seed": seed} for seed in SEEDS for rows in HEADS]
heads = study("heads", runs, lambda rows, seed: head_rows(rows, seed))
chapter.table(by_run(heads, ["rows"], ["held", "loss"]), "16b.3",
              "The stored study: heads on the source's last vector, MSE after the last epoch.")
by_rows = heads.pivot(index="seed", columns="rows", values="held")
for name in ("x, x, sin x", "x, x squared, sin x"):
    ratio, _ = evaluation.by_seeds(by_rows[name], by_rows["x, x, x"])
    print(f"{name}: {ratio} the error of x, x, x")

# %% [markdown]
# At this scale a sine adds nothing that matters. Of the squares three seeds cannot tell: their interval holds 1. With every
# seed each head of three rows has the lower training loss, but by how much is not settled either. They have more weights,
# and more units that stay alive; which of the two counts is not told apart. What TRANSFER's plain head was, and how many weights it had, is not said.
#
# And with ImageNet's features? `studies/transfer.py` asks that of more faces: 1,000 to learn from, 15 points, 10
# epochs; those of `open`, and real ones ([chapter 02](02_data.ipynb) says whose). **Predict** which line is best, and which is no better than the mean face.

# %%
lite_study = {name: pd.read_csv(stored / f"lite0_frozen_{faces}.csv")
              for name, faces in (("open", "open"), ("real faces", "wild"))}


def px_of(table, read, weights):
    """Mean and standard deviation over the seeds of a line's mean_px."""
    px = table[(table["read"] == read) & table.weights.isin([weights, "none"])].mean_px
    return f"{px.mean():.2f}" + (f" ± {px.std():.2f}" if len(px) > 1 else "")


rows = [{"read-out": read} | {f"{name}, {weights}": px_of(table, read, weights)
                              for name, table in lite_study.items()
                              for weights in ("imagenet", "random")}
        for read in lite_study["open"]["read"].unique()]
chapter.table(rows, "16b.4", "The stored study: EfficientNet-Lite0, frozen, at 96 px; held-out "
              "mean distance of 15 points, px. Ridge regression behind a block, or heads on the "
              "last vector. Block 5 ends in the maps 12 x 12 of Table 16b.2, block 11 in those of "
              "6 x 6; features are the last vector.")
for (name, table), weights in itertools.product(lite_study.items(), ("imagenet", "random")):
    last_losses = table[table.weights == weights].dropna().groupby("read").loss.mean()
    print(f"{name}, {weights}, last training losses:", ", ".join(
        f"{read}: {loss:.4f}" for read, loss in last_losses.items()))

# %% tags=["guard"]
with chapter.guard("a sine adds nothing, squares: open; three rows fit the training better"):
    told = {name: evaluation.by_seeds(by_rows[name], by_rows["x, x, x"])[1] for name in HEADS}
    assert told["x, x, sin x"] == "no difference that matters"
    assert told["x, x squared, sin x"] == "not settled"
    of_heads = heads.groupby("rows").loss.mean()
    assert (of_heads.drop("x") < of_heads["x"]).all()
with chapter.guard("ImageNet's maps are far ahead of random ones; its last vector is not"):
    for table in lite_study.values():
        px = table.groupby(["read", "weights"], sort=False).mean_px.agg(["min", "max", "mean"])
        mean_row = px.loc["mean face", "none"]["mean"]
        vector = px.loc["ridge, features"]["mean"]
        assert 0.95 < vector["imagenet"] / vector["random"] < 1.05 and vector.max() < mean_row
        for read in ("ridge, block5", "ridge, block11"):
            assert px.loc[read, "imagenet"]["max"] < 0.75 * px.loc[read, "random"]["min"]
        for read in ("x", "x, x, x", "x, x squared, sin x"):
            assert 0.9 < px.loc[read, "imagenet"]["mean"] / mean_row < 1.01
            losses_of = table[table["read"] == read].groupby("weights").loss.mean()
            assert losses_of["imagenet"] < 0.55 * losses_of["random"]

# %% [markdown]
# ImageNet is worth much, and on both sets of faces: its maps err far less than random maps. On the last vector there is
# little to be had, and random weights do about as well. Ridge regression still takes something off the mean face's
# error. The rows of units end near the mean face after their ten epochs. From ImageNet's vector they learn their thousand
# faces, as the losses below the table show, and that hardly helps with others. Squares and sines bring no more than plain
# copies. TRANSFER reached for them since the plain output had not given good results. Here the cure is another layer,
# not another function.
#
# ## Unfreezing
#
# Now let the last blocks learn as well. What lies before them stays frozen, so its `features` are
# computed once, and a step costs only what is trained. All trainings take the same number of steps, at
# Adam's own rate. Each is taken as it is **after its last epoch**: nothing is chosen on the held-out
# people.

# %%
LEARN = chapter.pick(smoke=2, quick=72, paper=72)


def unfrozen(weights, blocks, seed, steps, log=()):
    """A network with so many blocks unfrozen, its history, and its inputs of the held-out crops."""
    source = ours(weights, seed)  # a new one: its own weights are trained
    inputs, looked = (features(source, blocks, part.images) for part in (train, held))
    keras.utils.set_random_seed(seed)
    model = network_for(source, blocks, START)
    history = trained(model, inputs, train.points, epochs_for(len(inputs), steps), "adam", seed,
                      (looked, held.points), log)
    return model, history, looked


def curve(weights, blocks, seed):
    """Every epoch of one training of the study."""
    return unfrozen(weights, blocks, seed, 240)[1].to_dict("records")


runs = [{"weights": weights, "blocks": blocks, "seed": seed}
        for seed in SEEDS for weights in ("faces", "random") for blocks in (0, 2, 4)]
blocks_study = study("blocks", runs, curve)
last = blocks_study[blocks_study.epoch == blocks_study.epoch.max()]
chapter.table(by_run(last, ["weights", "blocks"], ["held", "loss"]), "16b.5",
              "The stored study: blocks unfrozen, MSE after about 240 steps.")

# %% tags=["drawing"]
figure, grid = plt.subplots(1, 2, figsize=(8.8, 3.4), sharey=True)
for axes, weights in zip(grid, ("faces", "random")):
    for blocks, colour in ((0, "grey"), (2, "blue"), (4, "orange")):
        rows = blocks_study[(blocks_study.weights == weights) & (blocks_study.blocks == blocks)]
        for seed, part in rows.groupby("seed"):
            label = f"{blocks} blocks" if seed == 0 else None
            axes.plot(part.epoch, part.held, ("-", "--", ":")[seed], color=plotting.COLOURS[colour],
                      lw=1.2, label=label)
    axes.set(yscale="log", xlabel="epoch", title=f"source: {weights}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    axes.set_yticks([0.002, 0.004, 0.006, 0.01], ["0.002", "0.004", "0.006", "0.01"])
    axes.minorticks_off()
grid[0].set_ylabel("held-out MSE")
chapter.figure(
    figure,
    "16b-c",
    "0, 2 and 4 blocks unfrozen, three seeds each (solid, dashed, dotted), from the course's "
    "source and from random weights.",
    alt="Two panels of falling curves over the epochs on a logarithmic axis, three curves for "
    "each number of blocks. On the left, the source trained on faces; on the right, random "
    "weights, whose curves for 0 blocks lie highest.",
)

# %%
pairs = last.pivot(index=["weights", "seed"], columns="blocks", values="held")
for weights in ("faces", "random"):
    for more, fewer in ((2, 0), (4, 2)):
        ratio, _ = evaluation.by_seeds(pairs.loc[weights][more], pairs.loc[weights][fewer])
        print(f"source {weights:<7}{more} blocks: {ratio} the error of {fewer}")
for blocks in (0, 2, 4):
    ratio, _ = evaluation.by_seeds(pairs.loc["faces"][blocks], pairs.loc["random"][blocks])
    print(f"{blocks} blocks, learned weights: {ratio} the error of random ones")

# %% [markdown]
# To free two blocks brings much, with every seed. Whether freeing the first two convolutions helps or harms, three
# seeds cannot tell: the interval of the ratio holds 1 for both sources. These two have a few hundred of the weights
# that learn ([Table 16b.1](#table-16b.1)).
#
# What did the source bring? Frozen, its learned weights are ahead with every seed, but the interval still
# holds 1. Nor can three seeds tell who is ahead once two or four blocks learn: with some seeds random weights end lower.
#
# And yours, shorter, from the source that knows faces:

# %% tags=["nbval-ignore-output"]
logs = plotting.figures.folder().parent / "tensorboard" / f"16b-{PROFILE}"
shutil.rmtree(logs, ignore_errors=True)
mine, timed = {}, []
for blocks in (0, 2, 4):
    started = time.perf_counter()
    log = keras.callbacks.TensorBoard(logs / f"{blocks}-blocks", write_graph=False)
    mine[blocks] = unfrozen("faces", blocks, SEED, LEARN, [log])
    history = mine[blocks][1]
    timed.append({"blocks": blocks, "training": history.loss.iloc[-1],
                  "held-out": history.held.iloc[-1], "seconds": time.perf_counter() - started})
plotting.show_table(timed, training="{:.5f}", seconds="{:.1f}", **{"held-out": "{:.5f}"})

# %% tags=["nbval-ignore-output", "drawing"]
model, _, looked = mine[2]
guess = predicted(model, looked)
wrong = evaluation.distances(held.points, guess).mean(axis=1)
order = np.argsort(wrong)
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.8))
for axes, k in zip(grid, [*order[:2], *order[-2:]]):
    plotting.draw_face(axes, held.images[k], title=f"{wrong[k]:.1f} px of 96")
    axes.plot(*held.points[k].T, ".", color=plotting.TRUE, markersize=4)
    axes.plot(*guess[k].T, "x", color=plotting.PREDICTED, markersize=3.5, mew=0.9)
chapter.figure(
    figure,
    "16b-d",
    "Two blocks unfrozen: the two best (left) and the two worst held-out faces.",
    alt="Four faces with 68 true points in green and predicted ones in red. On the left they are "
    "close; on the right the red face has the right form but is shifted or turned.",
)

# %% [markdown]
# And ImageNet's weights, on 1,000 faces of 15 points again, as in [Table 16b.4](#table-16b.4)? EfficientNet-Lite0 has
# 16 blocks. **Predict** the best number of them to let learn, and what the start is worth when all of them do.

# %%
freed = pd.read_csv(stored / "lite0_blocks_open.csv")
rows = []
for blocks, part in freed.groupby("blocks"):
    by_seed = part.pivot(index="seed", columns="weights", values="mean_px")
    rows.append({"blocks that learn": blocks, "seeds": len(by_seed)}
                | {f"{w}, px": by_seed[w].mean() for w in ("imagenet", "random")}
                | {"seconds": part.seconds.mean(), "imagenet to random": "one training each"
                   if len(by_seed) < 2 else
                   evaluation.by_seeds(by_seed["imagenet"], by_seed["random"])[0]})
chapter.table(rows, "16b.6", "The stored study: EfficientNet-Lite0, so many last blocks learning "
              "for 10 epochs; held-out mean distance, processor seconds of a training.",
              **dict.fromkeys(("imagenet, px", "random, px"), "{:.2f}"), seconds="{:.0f}")
four_to_two = {}
for weights, part in freed.groupby("weights"):
    of_blocks = part.pivot(index="seed", columns="blocks", values="mean_px")
    four_to_two[weights] = evaluation.by_seeds(of_blocks[4], of_blocks[2])
    print(f"{weights}: 4 blocks {four_to_two[weights][0]} the error of 2")

# %% tags=["guard"]
with chapter.guard("2 blocks beat 0 with every seed; 2 or 4, learned or random are open"):
    learned, fresh = pairs.loc["faces"], pairs.loc["random"]
    assert (pairs[2] < pairs[0]).all() and (learned[0] < fresh[0]).all()
    assert not (learned[[2, 4]] < fresh[[2, 4]]).all(axis=None)
    for above, below in [(one[4], one[2]) for one in (learned, fresh)] + [
            (learned[blocks], fresh[blocks]) for blocks in (0, 2, 4)]:
        assert evaluation.by_seeds(above, below)[1] == "not settled"
with chapter.guard("ImageNet's start is worth much; ridge on a middle map wins"):
    px = freed.groupby(["blocks", "weights"]).mean_px.mean().unstack()
    assert (px.imagenet / px.random).between(0.65, 0.85).all()
    assert px.imagenet.is_monotonic_decreasing and px.random.is_monotonic_decreasing
    assert [said for _, said in four_to_two.values()] == ["not settled", "holds"]
    by_ridge = lite_study["open"].query("read == 'ridge, block5' and weights == 'imagenet'")
    assert by_ridge.mean_px.mean() < 0.7 * px.imagenet.min()

# %% [markdown]
# Here the start is worth much, for ten epochs. From random weights four blocks are better than two; from ImageNet's three
# seeds do not settle it; of all 16 there is one training each. All of them together cost three times the seconds of four. And look
# back at [Table 16b.4](#table-16b.4): ridge regression on a frozen map in the middle of the same network is far
# ahead of all this. A likely reason: these networks all answer from the last vector, a mean over all places.
#
# Ten epochs are short. Was the start worth only what time gives as well? Trainings of 2 and of all 16 blocks went on for
# three times as long, once each. **Predict**: do the curves of random weights come down to those of ImageNet's?

# %% tags=["drawing"]
by_curve = pd.read_csv(stored / "lite0_curves_open.csv").groupby(["blocks", "weights"])
of_ridge = lite_study["open"].query("read == 'ridge, block5' and weights == 'imagenet'").held
figure, axes = plt.subplots(figsize=(7.2, 3.4))
for (blocks, weights), part in by_curve:
    axes.plot(part.epoch, part.held, "-" if weights == "imagenet" else "--",
              color=plotting.COLOURS["blue" if blocks == 16 else "orange"],
              label=f"{blocks} blocks, {weights}")
    lowest = part.loc[part.held.idxmin()]
    print(f"{blocks:2d} blocks, {weights:<9}lowest {lowest.held:.4f} at epoch {lowest.epoch:.0f}, "
          f"last {part.held.iloc[-1]:.4f}")
axes.axhline(of_ridge.mean(), color=plotting.COLOURS["grey"], ls=":", label="ridge, block 5")
axes.set(yscale="log", xlabel="epoch", ylabel="held-out MSE")
axes.set_yticks([0.002, 0.004, 0.006, 0.01], ["0.002", "0.004", "0.006", "0.01"])
axes.minorticks_off()
axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
chapter.figure(
    figure,
    "16b-e",
    "EfficientNet-Lite0 for thirty epochs: its last blocks from ImageNet's weights (solid) or "
    "random ones (dashed), one training each; dotted, ridge regression on a frozen map.",
    alt="Held-out error over thirty epochs, logarithmic. The two solid curves fall within ten "
    "epochs and stay low, that of 16 blocks lower. The dashed one of 16 blocks stays well above "
    "both; that of 2 blocks is lowest at the second epoch and then lies highest of all. A dotted "
    "line runs far below all four.",
)

# %% [markdown]
# They do not, in these trainings. With two blocks the random start is best after its second epoch; with all 16 it ends more
# than half as high again as ImageNet's. And no curve comes near the frozen map. So what ImageNet gave was not saved time alone.
# (One training each, no rate was tried but Adam's own, and nothing is chosen by the lowest point.)
#
# ### What the large networks cost
#
# TRANSFER did this with ResNet50 and InceptionV3. Their frozen parts are the larger work, and it is
# done once a crop. A step then pays for what is trained, forwards and back. The stored study takes a
# third of the crops and 40 steps for each, once, and counts the processor seconds. Its weights are
# random, so look at the cost and at what 40 steps do. (`costly("ResNet50", 2, SEED)` is a row of your own machine.)

# %%
def costly(network, blocks, seed):
    """Processor seconds of a large network's features and steps, and where 40 steps lead."""
    fetched = large[network].weights == "ImageNet"
    source = imagenet(network, 60 if fetched else 0, seed)  # a new one: it is trained
    started = time.process_time()
    inputs, looked = (features(source, blocks, part.images[::3]) for part in (train, held))
    once = time.process_time() - started
    model = network_for(source, blocks, START)
    trained(model, inputs[:32], train.points[::3][:32], 1, "adam", seed)  # builds the graph
    started, epochs = time.process_time(), epochs_for(len(inputs), 40)
    loss = trained(model, inputs, train.points[::3], epochs, "adam", seed).loss.iloc[-1]
    steps = epochs * -(-len(inputs) // 32)
    seconds = (time.process_time() - started) / steps
    truth = data.to_targets(held.points[::3])
    answers = {"held out": model(looked), "with the batch's own": model(looked, training=True)}
    wrong = {name: float(models.losses.masked_mse(truth, out)) for name, out in answers.items()}
    return [{"weights": source.weights, "a crop": once / (len(inputs) + len(looked)),
             "a step of 32": seconds, "steps": steps, "training": loss, **wrong}]


runs = [{"network": name, "blocks": blocks, "seed": SEED}
        for name in LARGE for blocks in (0, 2, 4)]
cost = study("large", runs, costly)

# %%
mean_mse = frozen_study.loc[frozen_study.network == "mean face", "mse"].iloc[0]
each_crop = cost.groupby("network")["a crop"].mean()
step = cost.pivot(index="network", columns="blocks", values="a step of 32")
for name, row in step.iterrows():
    print(f"{name}: {each_crop[name]:.3f} s for the features of a crop; a step of 32 takes "
          f"{row[0]:.2f} s with 0 blocks unfrozen, {row[2]:.2f} with 2, {row[4]:.2f} with 4")
print(f"MSE of the mean face {mean_mse:.4f}, of the best of the six {cost['held out'].min():.4f}")
for ended in cost[cost.blocks > 0].to_dict("records"):
    print(f"{ended['network']}, {ended['blocks']} blocks: " + ", ".join(
        f"{what} {ended[what]:.4f}" for what in ("training", "held out", "with the batch's own")))

# %% tags=["guard"]
with chapter.guard("more blocks cost more; ResNet50's own batch statistics halve its error"):
    assert (step[0] < step[2]).all() and (step[2] < step[4]).all()
    resnet = cost[(cost.blocks > 0) & (cost.network == "ResNet50")]
    assert (resnet["with the batch's own"] < resnet["held out"] / 2).all()
    rest = cost[(cost.blocks > 0) & (cost.network == "InceptionV3")]
    assert (rest["with the batch's own"] > rest["held out"]).all()
    assert (cost["held out"] > mean_mse).all()

# %% [markdown]
# TRANSFER names its machine (8 processors and one P100, rented at $2.042 an hour) and when some trainings stopped: the
# network from scratch at epoch 24, its test loss rising from about 16 on; on frozen Inception at 80; with two blocks it
# speaks of 120 epochs, with four of 70 fewer. No time stands beside them. Each stop was early stopping's, on the crops whose
# loss it reports. And in the end the budget stopped the work. At 32 crops a step, as here, its 7,497 are 235
# steps an epoch.
#
# After 40 steps none of the six beats the mean face on held-out crops. [Table 16b.2](#table-16b.2) read such frozen
# features with the best linear layer; 40 steps do not find it.
#
# Now look at ResNet50 with unfrozen blocks. On held-out crops its error is far above its training
# loss. Did 40 steps learn the crops by heart? The last number of its lines says no: it is the same network on
# the same held-out crops, but its batch norms take mean and variance from the crops at hand, as in
# training. In use they take running means, and these forget slowly: after 40 steps at Keras's
# momentum of 0.99 two thirds of the start are still in them ($0.99^{40} = 0.67$). InceptionV3, whose
# blocks join paths instead of adding them up, does not mind in its one training: there the running means even err less. A
# short fine-tuning can be judged by numbers that the network's norms do not have yet.
#
# ### ResNet18 at 224 pixels
#
# DENSE's third part goes the same way with ResNet18, which PyTorch hands out pre-trained, and a new last layer of 136
# outputs. Its crops are of 224 by 224 pixels, 256 of them a step, turned, moved and jittered in brightness anew each time:
# 10 epochs on four fifths of its pictures, then 15 epochs on all. "We ended up with a MSE of 13.19555", on a test set at
# Kaggle.
#
# Here it is done again, with what there is. ResNet18's weights do not come with the course, so Lite0 stands in; all of it
# learns, with Adam at 0.001. The pictures are faces in the wild of 300-W, in grey, apart by photograph. A tenth
# is tested; "all" are the others, which train for 15 epochs. A step takes 64 of them: steps of 256 would be seventy in all.
#
# **Predict**: is 13.2 much? And does the longer training do better on new faces?

# %%
THEIR_MSE, THEIR_SIDE = 13.19555, 224
print(f"in pixels: {THEIR_MSE**0.5:.1f} a coordinate, {(2 * THEIR_MSE) ** 0.5:.1f} a point")
at_224 = training.table("dense/lite0_68_ibug68")
tested = at_224[(at_224.faces == "tested") & (at_224.box == "as learned")]
rows = [{"starts from": "the mean face" if weights == "none" else weights, "learns": learned,
         "epoch": epoch, "seeds": len(part), "learnt MSE, px²": part.loss.mean(),
         "MSE, px²": part.held.mean(), "mean, px": part.mean_px.mean(), "NME, %": part.nme.mean()}
        for (weights, learned, epoch), part in tested.groupby(["weights", "learned", "epoch"],
                                                              sort=False)]
mean_face_224 = tested[tested.weights == "none"].held.iloc[0]
print("after 15 epochs, of the mean face's MSE: "
      f"1 / {mean_face_224 / tested[tested.epoch == 15].held.mean():.0f}")
chapter.table(rows, "16b.7", "DENSE's third part with EfficientNet-Lite0: 68 points at 224 pixels, "
              "means over the seeds on the tested tenth; MSE of a coordinate.",
              **dict.fromkeys(("learnt MSE, px²", "MSE, px²", "mean, px", "NME, %"), "{:.1f}"))

# %% [markdown]
# A squared error in parts of a crop is below 1, so DENSE's is in squared pixels. It does not say of which
# pictures. In its crops a point would be off by 5.1 px of 224 (the root of the mean square). In the pictures before they
# were cut, large ones count most, and nothing follows for a face. No constant stands beside the number, nor is it said
# which of the two trainings it is of.
#
# In these wobbling crops the network ends at a fifteenth of the mean face's squared error. How far its 21 is from DENSE's
# 13 nobody can say: Kaggle's test pictures, and how they were cut, are not ours, and nor is the network.
#
# "For some reason", DENSE writes, fifteen epochs on all pictures did worse than ten on four fifths; it suspects overfitting.
# Here they do better, with one seed. And the error on new faces stays below the training loss, which is of turned and jittered
# pictures: nothing is learned by heart yet.
#
# DENSE's network had trouble with its author's own pictures, whose boxes he had drawn himself. Are the
# boxes to blame? Here are the tested faces and the photographs of this course in other boxes than the network learned.
# **Predict** which box does most harm.

# %%
BOXES = list(dict.fromkeys(at_224.box))
ended = at_224[(at_224.epoch == 15) & (at_224.weights == "imagenet")]
nme_in = ended.groupby(["faces", "box"]).nme.mean().unstack()[BOXES]
constant_in = at_224[at_224.weights == "none"].pivot(index="faces", columns="box", values="nme")
for kind, by_box in nme_in.div(nme_in["as learned"], axis=0).iterrows():
    print(f"{kind}: NME to that in the learned box, " + ", ".join(
        f"{box} {times:.2f}" for box, times in by_box.iloc[1:].items()))

# %% tags=["drawing"]
looked_at = files.shipped(files.read_arrays, files.PUBLISHED / "dense" / "lite0_68_ibug68.npz")
figure, panels = plt.subplot_mosaic(
    [[f"{row}{k}" for k in range(4)] for row in (0, 1)] + [["bars"] * 4],
    figsize=(9.6, 7.4), height_ratios=(1, 1, 0.8))
for row, (k, box) in itertools.product((0, 1), enumerate(BOXES)):
    axes = panels[f"{row}{k}"]
    axes.imshow(looked_at[f"{box}: images"][row], cmap="gray")
    axes.plot(*looked_at[f"{box}: said"][row].T, ".", color=plotting.PREDICTED, markersize=2.5)
    axes.set(xlim=(-0.5, 223.5), ylim=(223.5, -0.5), title="" if row else box)
    axes.axis("off")
for k, (kind, colour) in enumerate((("tested", "blue"), ("the course's", "orange"))):
    places = np.arange(4) + 0.36 * (k - 0.5)
    panels["bars"].bar(places, nme_in.loc[kind], 0.34, color=plotting.COLOURS[colour], label=kind)
    panels["bars"].plot(places, constant_in.loc[kind, BOXES], "_", color="black", ms=24,
                        label="the mean face" if k else None)
panels["bars"].set_xticks(range(4), BOXES)
panels["bars"].set(ylabel="NME (%)", ylim=(0, 38))
panels["bars"].grid(axis="x", visible=False)
panels["bars"].legend(fontsize=9, loc="upper left", ncols=3)
chapter.figure(
    figure,
    "16b-f",
    "Two photographs of the course in four boxes, and what the network says; below, its error in "
    "such boxes, and the mean face's.",
    alt="Two portraits of women, each in four boxes, with 68 red points on brows, eyes, nose, lips "
    "and the edge of the jaw; in the smallest box some lie at its border. Below, pairs of bars: "
    "lowest for the learned box, highest for the larger one, and far above each a black line, the "
    "mean face.",
)

# %% [markdown]
# Each box but the learned one costs something, the larger one a third. That is far from failing: in every box the network is
# some three to five times as good as the mean face. So boxes of one's own are worse, as DENSE says, and by themselves they
# explain no face that is lost. Its pictures differ from its training's in more: light, pose, camera. Which of these it
# was, three pictures cannot tell. Nor do these seeds, of which there is one, settle how much a box costs.
#
# ### TensorBoard
#
# TRANSFER watched its trainings in TensorBoard. Keras has a callback for that, and the cell of your three trainings
# handed it to `fit`: `keras.callbacks.TensorBoard(folder)`. It writes the numbers of every epoch into
# files of events, one for training and one for validation. What is in them?

# %% tags=["nbval-ignore-output"]
def logged(folder, tag):
    """The values that TensorBoard finds under a name in a folder of events."""
    found = event_accumulator.EventAccumulator(str(folder)).Reload().Tensors(tag)
    return np.array([tensor_util.make_ndarray(event.tensor_proto) for event in found])


for events in sorted(logs.glob("*/*")):
    print(f"{events.parent.name}, {events.name}: a value for each of "
          f"{len(logged(events, 'epoch_loss'))} epochs")
print("tensorboard --logdir", os.path.relpath(logs))

# %% tags=["guard"]
with chapter.guard("thirty epochs bring neither random weights down nor any curve to ridge's"):
    ends_of = by_curve.held.agg(["min", "last"]).unstack()
    assert (ends_of["min", "random"] > 1.4 * ends_of["min", "imagenet"]).all()
    assert ends_of["last", "random"][16] > 1.5 * ends_of["last", "imagenet"][16]
    assert by_curve.held.min().min() > 2 * of_ridge.mean()
with chapter.guard("TensorBoard holds the losses that fit returned"):
    assert np.allclose(logged(logs / "2-blocks" / "validation", "epoch_loss"), mine[2][1].held)
with chapter.guard("Lite0 ends at a fifteenth of the mean face; fifteen epochs help; boxes cost"):
    ended_held = tested[tested.weights == "imagenet"].groupby(["learned", "epoch"]).held.mean()
    assert 14.5 < mean_face_224 / ended_held["all", 15] < 15.5
    assert ended_held["all", 15] < min(ended_held["all", 10], ended_held["four fifths", 10])
    by_look = tested[tested.weights == "imagenet"]
    assert (by_look.held < by_look.loss).all()
    cost_of = nme_in.div(nme_in["as learned"], axis=0).drop(columns="as learned")
    assert (cost_of > 1).all(axis=None) and (cost_of.idxmax(axis=1) == "a quarter larger").all()
    apart_from = constant_in[BOXES] / nme_in
    assert apart_from.min(axis=None) > 2.5 and apart_from.max(axis=None) < 5.5
with chapter.guard("the best of them is far below the mean face", quick=True):
    assert min(row["held-out"] for row in timed) < 0.7 * base
with chapter.guard("the learned source beats the mean face", quick=True):
    assert live[1]["mse"] < base

# %% [markdown]
# To watch them, run the last line that the cell prints in a terminal of JupyterLab (*File, New,
# Terminal*), and open the address it names. It also works while a training is running.
#
# ## What you saw
#
# - Say first where the weights come from. A network with random weights is no transfer; it is
#   the control, and read out by ridge regression it is far better than a mean face.
# - What ImageNet taught helps most where the maps still have places. In its last vector little of it is left.
# - Two trainings, one split: whoever the source has seen cannot be tested.
# - Frozen features are computed once. The layer before the last can know more than the last.
# - Frozen, learned weights beat random ones with every seed. Once blocks of the course's source learn, three seeds cannot
#   tell who is ahead; ImageNet's start is worth much also when two or four blocks of Lite0 learn. Unfreezing two blocks
#   brings much. Two against four cannot be told, but from random weights in Lite0.
# - A sine of small numbers is the numbers. Three rows need a rival with three rows.
# - A short fine-tuning may be judged by running means that its norms have not caught up with.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. People the source has met** (hard). Hold out a third of the people the source learned from, instead
# of strangers: `met = split.train[:MOST][::3]`, and learn the read-out of the last maps from `crops_of` the
# rest, `CUTS` crops each with seed 0. Predict: is the error on people it has met smaller than on strangers?
# Judge both by `crops_of(part, 1, 5)`, with `ridge`. (With pictures of your own folder the source knows nobody.)

# %% tags=["answer"]
answer_1 = ...  # two mean distances in pixels: people met, strangers

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two mean distances in pixels", "features(own, 1, images), flat, for all four parts")
def check_1(answer):
    """The read-out's error on people whom the source has met and on strangers."""
    old = split.train[:MOST][::3]
    new = np.setdiff1d(split.train[:MOST], old)
    parts_of = (crops_of(new, CUTS, 0), choose, crops_of(old, 1, 5), crops_of(split.test, 1, 5))
    inputs, *rest = (flat(features(own, 1, part.images)) for part in parts_of)
    guesses_of = ridge(inputs, parts_of[0].points, rest)[1:]
    right = [evaluation.mean_px(part.points, guess)
             for part, guess in zip(parts_of[2:], guesses_of)]
    if np.allclose(answer, right[::-1], rtol=0.003):
        return "the other way round: people met first"
    return bool(np.shape(answer) == (2,) and np.allclose(answer, right, rtol=0.003))


check_1(answer_1)

# %% tags=["solution", "nbval-ignore-output"]
met = split.train[:MOST][::3]
rest = np.setdiff1d(split.train[:MOST], met)
learn, known, strange = crops_of(rest, CUTS, 0), crops_of(met, 1, 5), crops_of(split.test, 1, 5)
seen = [flat(features(own, 1, part.images)) for part in (learn, choose, known, strange)]
_, on_known, on_strange = ridge(seen[0], learn.points, seen[1:])
answer_1 = []
for name, part, guess in (("met", known, on_known), ("strangers", strange, on_strange)):
    answer_1.append(evaluation.mean_px(part.points, guess))
    print(f"{name}: {answer_1[-1]:.2f} px of 96, NME {nme(part.points, guess):.1f} %")
check_1(answer_1)
# About equal: the read-out has seen neither, and so few people differ by more than this by chance.
# One cannot know that beforehand; strangers are held out all the same.

# %% [markdown]
# **2. How many blocks?** (hard). Our source has four, and you have trained with 0, 2 and 4. Predict the held-out
# error with 1 and with 3, then train them: `unfrozen("faces", 1, SEED, LEARN)`. Before you draw a curve through the
# five numbers, train each with another seed too: how far apart are two seeds?

# %% tags=["answer"]
answer_2 = ...  # a dict: what unfrozen returns, for 1 and for 3

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a dict with what unfrozen returns", "{1: unfrozen(...), 3: unfrozen(...)}")
def check_2(answer):
    """Whether two networks have so many blocks unfrozen, and err as their histories say."""
    for blocks in (1, 3):
        network, history, inputs = answer[blocks]
        learns = sum(int(np.prod(w.shape)) for w in network.trainable_weights)
        if learns != trained_numbers(ours(), blocks):
            return f"the one for {blocks} has another number of weights that learn"
        if not np.allclose(inputs, features(own, blocks, held.images), atol=1e-3):
            return "its frozen part is not that of the source that knows faces"
        error = evaluation.mse(held.points, predicted(network, inputs))
        if not np.isclose(error, history.held.iloc[-1], rtol=0.05):
            return "a network and a history of two trainings"
    return True


check_2(answer_2)

# %% tags=["solution", "nbval-ignore-output"]
answer_2 = {blocks: unfrozen("faces", blocks, SEED, LEARN) for blocks in (1, 3)}
for blocks in (1, 3):
    again = unfrozen("faces", blocks, SEED + 1, LEARN)[1].held.iloc[-1]
    low, high = sorted((answer_2[blocks][1].held.iloc[-1], again))
    print(f"{blocks} blocks: {low:.5f} and {high:.5f}, {high / low - 1:.0%} apart")
print("one seed each:", {blocks: f"{one[1].held.iloc[-1]:.5f}" for blocks, one in mine.items()})
check_2(answer_2)
# A curve says something only where its points lie farther apart than the seeds of one point.

# %% [markdown]
# **3. A louder sine** (medium). For small x, sin x is x. The chapter divided the features by five standard
# deviations. Divide by a fifth of one instead, `x / (0.2 * x.std())`. Predict what becomes of the correlation of
# sin x with x, and compute the median over the features whose standard deviation is then above 0.01.

# %% tags=["answer"]
answer_3 = ...  # a correlation

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a correlation", "np.corrcoef of a column and its sine, for each column")
def check_3(answer):
    """The median correlation of features with their sine, when they are 25 times as large."""
    louder = x / (0.2 * x.std())
    used = np.flatnonzero(louder.std(axis=0) > 0.01)
    right = np.median([np.corrcoef(louder[:, k], np.sin(louder[:, k]))[0, 1] for k in used])
    quiet = np.median([np.corrcoef(scaled[:, k], np.sin(scaled[:, k]))[0, 1] for k in used])
    if abs(answer - quiet) < 0.005:
        return "that is the chapter's scale"
    return bool(abs(answer - right) < 0.01)


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
loud = x / (0.2 * x.std())
louder_ones = np.flatnonzero(loud.std(axis=0) > 0.01)
answer_3 = np.median([np.corrcoef(loud[:, k], np.sin(loud)[:, k])[0, 1] for k in louder_ones])
print(f"correlation of sin x with x: {answer_3:.2f}")
check_3(answer_3)
# Now sin x is another feature. What it "adds" is a matter of scale, which TRANSFER does not give.

# %% [markdown]
# **4. Your figure** (medium). At which depth are the features best? Read the learned source and the random one,
# `ours("random")`, with 0, 1 and 2 blocks behind the cut, with `ridge`, and complete three lines. Predict first where
# the two curves are farthest apart. Compare with [Table 16b.2](#table-16b.2).

# %% tags=["answer"]
depths = ...  # numbers of blocks behind the cut: [0, 1, 2], or more of them
learned_px = ...  # held-out mean_px of read-outs of features(own, b, ...), for each of depths
random_px = ...  # the same for ours("random")
answer_4 = (depths, learned_px, random_px)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "ridge(learn, train.points, rest)[1], for each depth")
def check_4(answer):
    """Errors of read-outs by depth, drawn; every depth against a second computation."""
    behind, ours_px, fresh_px = answer
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for values, name in ((ours_px, "learned"), (fresh_px, "random")):
        axes.plot(behind, values, "o-", label=name)
    axes.set(xlabel="blocks behind the cut", ylabel="mean distance, held out (px)")
    axes.legend()
    chapter.figure(figure, "Your figure", "Read-outs of frozen features by depth.", private=True,
                   alt="The error of read-outs of two sources over the depth, as you computed it.")
    for kind, values in (("faces", ours_px), ("random", fresh_px)):
        for blocks, found in zip(behind, values, strict=True):
            inputs, *rest = (flat(features(ours(kind), blocks, part.images))
                             for part in (train, choose, held))
            right = evaluation.mean_px(held.points, ridge(inputs, train.points, rest)[1])
            if abs(found - right) > 0.02 * right:
                return f"{kind}, {blocks} blocks: another error comes out"
    return {0, 1, 2} <= set(behind) or "read with 0, 1 and 2 blocks behind the cut"


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
def read_after(kind, blocks):
    """Held-out mean distance of a read-out with so many blocks behind the cut."""
    inputs, *rest = (flat(features(ours(kind), blocks, part.images))
                     for part in (train, choose, held))
    return evaluation.mean_px(held.points, ridge(inputs, train.points, rest)[1])


depths = [0, 1, 2]
learned_px, random_px = ([read_after(kind, b) for b in depths] for kind in ("faces", "random"))
answer_4 = (depths, learned_px, random_px)
check_4(answer_4)
for b, *px in zip(depths, learned_px, random_px):
    print(f"{b} blocks behind the cut: {px[0]:.2f} px learned, {px[1]:.2f} px random")
# The learned source knows most one block before its end. In the random one every block loses.

# %% [markdown]
# **5. A fair budget** (open). Give ImageNet its chance: `lite()` with 0, 2 and 4 blocks against our source. Then set
# each against its random twin with a *tenth* of the crops. What must you hold equal, so that the comparison is
# fair: the steps, the seconds, or the pictures?

# %% [markdown] tags=["solution"]
# **Rubric.** One point for saying what is held equal, and why. One for the same rates tried on both sides. One
# for three seeds. One for a ratio with its interval, and its verdict by the rule of
# [chapter 19](19_what_held_up.ipynb). One for a sentence on what the control, random weights, would have done.
# **Expected**: ours ahead with 0 blocks; with 2 or 4 a verdict that three seeds may not give; of
# ImageNet's, a verdict that may turn with what was held equal.
