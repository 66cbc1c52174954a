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
# # 16 Transfer learning
#
# A network that has learned one task knows things about pictures that another task can use.
# TRANSFER and DENSE take networks that name a thousand kinds of objects and let them find 76 and 68
# points in a face. You do the same with such a network, and with one of this course that finds 15
# points. And you ask what TRANSFER's table of losses is worth.
#
# **You can afterwards**
# - tell what transfer brought, with random weights as the control (exercises 6 and 7, question 1);
# - draw the line between a frozen and a trained part, and tell what it saves and forbids (exercise 4, question 2);
# - split by person when *two* trainings must not know a face (exercise 3);
# - compute what a point stored as (0, 0) does to an answer (question 3);
# - compute what a loss is worth beside its constant, and judge an optimiser or a feature by a fair rival
#   (exercises 1, 2 and 5, question 4).
#
# **Needs** chapters [06](06_pooled_cnn.ipynb) and [07](07_augmentation.ipynb). **Takes** about 125 minutes to study, and about a minute of two cores (profile *quick*).
# **Figures** 16-a to 16-j.
#
# **Tables** 16.1 to 16.14.

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

chapter = plotting.Chapter("16", PROFILE, DATA, SEED)

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
    "16-i",
    "What a network that learned ImageNet says it sees: its five likeliest classes of a thousand.",
    alt="Three portraits, and under each five bars. A woman with a dark fringe: wig, far ahead of "
    "all others. A man in a white T-shirt: lab coat, then suit and ties. A young woman in a hooded "
    "jacket: bulletproof vest, then other clothes.",
)

# %% tags=["guard"]
with chapter.guard("wig, lab coat and bulletproof vest come first"):
    firsts = [classes[0][0] for _, classes in said]
    assert firsts == ["wig", "lab coat", "bulletproof vest"]

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


# %%
usual = ours()
for layer in in_two(usual, 2)[0].layers:
    layer.trainable = False
for layer in usual.network.layers:
    if layer.weights:
        print(f"{layer.name:<10}{'learns' if layer.trainable else 'frozen'}")

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
OUTPUTS = 2 * data.landmarks.POINTS_68


def trained_numbers(source, blocks):
    """Weights that training may change with so many blocks unfrozen."""
    network = network_for(source, blocks, np.zeros(OUTPUTS))
    return sum(int(np.prod(w.shape)) for w in network.trainable_weights)


rows = []
for name, source in {**large, "Lite0": lite(), "ours": own}.items():
    row = {"network": name, "blocks": len(source.ends)}
    row["all weights"] = source.network.count_params()
    rows.append(row | {f"{b} unfrozen": trained_numbers(source, b) for b in (0, 2, 4)})
chapter.table(rows, "16.1", "Weights in all, and weights that are trained, by unfrozen blocks.",
              **dict.fromkeys(list(rows[0])[2:], "{:,}"))

# %% tags=["guard"]
with chapter.guard("a frozen layer and a cut leave the same weights to learn"):
    _, freed = in_two(own, 2)
    learning = usual.network.trainable_weights
    assert [w.shape for w in learning] == [w.shape for w in freed.trainable_weights]

# %% [markdown]
# TRANSFER trains with 7,497 pictures, of which 2,499 are not mirror images of others. With four
# unfrozen blocks that is thousands of weights for each picture.
#
# ## Sixty-eight points
#
# 300-W's files have 68 points a face. `data.landmarks.read_pts` reads them. Its pictures may not be
# passed on, so by default you work with the photographs that come with the course: one of each of
# 142 people, 189 points each. `data.landmarks.from_189` takes from those 189 what is nearest to the
# 68: most points as they are, the jaw and the brows evenly spaced along the template's own lines,
# and the inner corners of the lips, which the template lacks, between their neighbours. Set
# `FKD_DATA` to a folder of `.pts` files and pictures, and the chapter works with these.

# %%
def embedded():
    """The embedded photographs; person: the team, whose people are mixed in the faces of `open`."""
    team_of = {index: k for k, team in enumerate(data.photographs.teams()) for index in team}
    photos = []
    for k, name in enumerate(data.photographs.names()):
        grey = data.photos.to_grey(data.photos.read(data.photographs.FOLDER / f"{name}.jpg"))
        points = data.landmarks.from_189(data.photographs.templates()[k])
        photos.append(data.landmarks.Photo(grey, points, team_of[k]))
    return photos


# %% tags=["nbval-ignore-output"]
SOURCE, broken = "300w" if data.landmarks.find(DATA, ".pts") else "open", []
if SOURCE == "open":
    photos = embedded()
else:
    most = chapter.pick(smoke=60, quick=400, paper=400)
    photos, broken = data.landmarks.read_68(files.expanded(DATA), most)
print("\n".join([*broken, f"{len(photos)} photographs, {data.landmarks.POINTS_68} points each"]))

# %% [markdown]
# Crops follow. The box around the points, made 25% larger and square, wobbles by up to 6% of its
# side and 8% of its size. It must: if every face sat in the same place, the mean face would be hard
# to beat.

# %%
MARGIN, SHIFT, SIZE = 1.25, 0.06, 0.08


def square_of(points, shift=(0, 0), size=1.0):
    """Left, top and side of the square around points (m, 2), in whole pixels of the photograph."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    side = MARGIN * (high - low).max()
    corner = (low + high) / 2 + side * np.asarray(shift) - size * side / 2
    return *(round(float(v)) for v in corner), max(1, round(float(size * side)))


def mirrored(index, length):
    """Indices 0..length-1 for any index: ... 1 0 | 0 1 2 | 2 1 ..."""
    index = index % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)


def cut(photo, square):
    """A square of a photograph as (96, 96) uint8, and the points in it, pixels."""
    left, top, side = square
    rows = mirrored(np.arange(top, top + side), photo.grey.shape[0])
    columns = mirrored(np.arange(left, left + side), photo.grey.shape[1])
    how = cv2.INTER_AREA if side > data.SIDE else cv2.INTER_CUBIC
    image = cv2.resize(photo.grey[np.ix_(rows, columns)], (data.SIDE, data.SIDE), interpolation=how)
    # Pixel i covers i to i + 1, its centre is i + 0.5 (chapter 12).
    points = (photo.points - np.array([left, top]) + 0.5) * (data.SIDE / side) - 0.5
    return image, points.astype(np.float32)


# %% [markdown]
# Every second crop is mirrored, and then the points change places, x and y
# (`data.landmarks.mirror_order_68`). A point that falls outside its crop is not there.
#
# DENSE cuts to 224 by 224 pixels; here it is 96, to save time on two cores: 224 by 224 are more than
# five times as many pixels, and the work of a convolution grows with them. Besides, our source knows
# no other size.

# %%
Crops = collections.namedtuple("Crops", "images points")


def crops(photos, times, rng):
    """Every photograph cut so many times: (n, 96, 96) and (n, 68, 2) pixels, NaN = outside."""
    images, points = [], []
    for photo in photos:
        for k in range(times):
            shift, size = rng.uniform(-SHIFT, SHIFT, 2), 1 + rng.uniform(-SIZE, SIZE)
            image, places = cut(photo, square_of(photo.points, shift, size))
            if k % 2:
                image, places = image[:, ::-1], places[data.landmarks.mirror_order_68()]
                places[:, 0] = data.SIDE - 1 - places[:, 0]
            images.append(image)
            points.append(places)
    points = np.stack(points)
    points[((points < -0.5) | (points > data.SIDE - 0.5)).any(axis=-1)] = np.nan
    return Crops(np.stack(images), points)


# %% tags=["nbval-ignore-output", "drawing"]
shown = crops(photos[:1], 4, np.random.default_rng(2))
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.7))
for axes, image, points in zip(grid, *shown):
    plotting.draw_face(axes, image)
    axes.plot(*points.T, ".", color=plotting.TRUE, markersize=4)
    axes.plot(*points[:8].T, ".", color=plotting.COLOURS["sky"], markersize=5)
chapter.figure(
    figure,
    "16-a",
    "One photograph, four crops. Blue: the points 0 to 7, the subject's right half of the jaw.",
    alt="The same face cut four times, a little shifted and scaled, the second and fourth "
    "mirrored. Green dots on jaw, brows, nose, eyes and lips; eight blue dots on the jaw are on "
    "the left side of the picture each time, since the points change places in the mirror.",
)

# %% [markdown]
# ## Whose face does the network know?
#
# TRANSFER takes care that no person is in both of its parts. You must do more. Your *source* has
# seen people too: its faces were mixed from these same photographs. A person it learned from must
# not be tested. So the split of the source is taken over: who was in its training part trains here,
# and the rest is held out, together with four teams of people that only the test pictures of `open`
# are made of.

# %% tags=["nbval-ignore-output"]
persons = np.array([photo.person for photo in photos])
if SOURCE == "open":
    of_source = data.load("open", 0)
    learned = np.isin(persons, of_source.train.groups)
    judged = np.isin(persons, of_source.validation.groups)
    split = data.SplitRows(*map(np.flatnonzero, (learned, judged, ~learned & ~judged)))
else:
    split = data.grouped_split(persons, SEED)
if len(split.train) < 4 or not len(split.validation) or not len(split.test):
    raise files.InputError(
        f"{DATA}: {len(photos)} photographs, of which {len(split.train)} to learn from, "
        f"{len(split.validation)} to choose and {len(split.test)} to test; it takes 4, 1 and 1: "
        "add photographs, to about 10 people")
print(*map(len, (split.train, split.validation, split.test)), "photographs to learn, choose, test")

# %% tags=["guard"]
with chapter.guard("no person is in two parts"):
    teams = [set(persons[part]) for part in (split.train, split.validation, split.test)]
    assert not any(a & b for a, b in itertools.combinations(teams, 2))

# %%
CUTS, LOOKS = chapter.pick(smoke=(1, 1), quick=(3, 1), paper=(4, 2))
MOST = chapter.pick(smoke=24, quick=None, paper=None)


def crops_of(part, times, seed):
    """Crops of the photographs in a part of the split."""
    return crops([photos[k] for k in part[:MOST]], times, np.random.default_rng([16, seed]))


train = crops_of(split.train, CUTS, 0)
choose = crops_of(split.validation, LOOKS, 1)
held = crops_of(split.test, LOOKS, 2)

# %% [markdown]
# MUCT, TRANSFER's set, is not here: its pictures have terms of their own. But its file of landmarks
# can be counted, as `studies/muct.py` does.

# %%
stored = files.PUBLISHED / "transfer"
facts = pd.read_csv(stored / "muct_facts.csv")
chapter.table(facts.to_dict("records"), "16.2", "What MUCT's landmark file holds.", count="{:,}")

# %% [markdown]
# Compare this with the report.
#
# - The copy of `muct76-opencv.csv` that was counted has **68** points, not the 76 of its name and
#   of TRANSFER's 152 outputs. What it says about 76 it can say only in part.
# - TRANSFER tests on the 82 first subjects, 249 pictures a camera. Eighty-two have 246. It is
#   **83** subjects who have 249: an index that counts from 0.
# - With its flips it has three copies of each picture, 3,723 to test. Three times 1,245 are 3,735.
#   Twelve are missing, and 33 of the training copies: four and eleven pictures, if a face that DLIB, the
#   detector that TRANSFER crops with,
#   does not find leaves no crop. Those would be the hardest, and they
#   are in no loss.
# - Its copies are upright, mirrored **and upside down**, in the test set as well.

# %% [markdown]
# ## A point that is not there
#
# MUCT stores an unavailable point as (0, 0). The readers of this course turn it into NaN, and
# `models.losses.masked_mse` leaves it out. What if you forget? Take the frozen features of our source,
# hide four points of the jaw in a third of the training crops, and train a linear layer twice: once
# with NaN, once with (0, 0) as if it were a place. All trainings of this chapter are compiled and
# fitted here:

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


# %% tags=["nbval-ignore-output"]
mean_face = np.nanmean(train.points, axis=0)
START = data.to_targets(mean_face[np.newaxis])[0]
x, x_held = (features(own, 0, part.images) for part in (train, held))
HIDDEN = [13, 14, 15, 16]
hide = np.random.default_rng(3).random(len(x)) < 1 / 3
EPOCHS = chapter.pick(smoke=1, quick=15, paper=15)


def jaw(value):
    """Held-out crops' predicted points when the hidden training points are stored as `value`."""
    points = train.points.copy()
    points[np.ix_(hide, HIDDEN)] = value
    keras.utils.set_random_seed(SEED)
    network = network_for(own, 0, START)
    trained(network, x, points, EPOCHS, keras.optimizers.Adam(0.001), SEED)
    return predicted(network, x_held)


with_nan, with_zero = jaw(np.nan), jaw(0.0)

# %% tags=["nbval-ignore-output"]
def off(guess, rows):
    """Mean distance from the true points, pixels."""
    return evaluation.mean_px(held.points[:, rows], guess[:, rows])


others = [k for k in range(68) if k not in HIDDEN]
table = [{"unavailable points are": name, "those four points": off(guess, HIDDEN),
          "the other 64": off(guess, others)}
         for name, guess in (("left out", with_nan), ("taken for (0, 0)", with_zero))]
plotting.show_table(table, **dict.fromkeys(list(table[0])[1:], "{:.2f} px"))

# %% tags=["guard"]
with chapter.guard("taken for a place, the four points are more than twice as far off", quick=True):
    assert off(with_zero, HIDDEN) > 2 * off(with_nan, HIDDEN)

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(1, 2, figsize=(6.4, 3.2))
for axes, guess, title in zip(grid, (with_nan, with_zero), ("left out", "taken for (0, 0)")):
    plotting.draw_face(axes, held.images[0], title=title)
    axes.plot(*held.points[0].T, ".", color=plotting.TRUE, markersize=4)
    axes.plot(*guess[0].T, "x", color=plotting.PREDICTED, markersize=4, mew=1)
chapter.figure(
    figure,
    "16-b",
    "A held-out face. Four points of the jaw were unavailable in a third of the training crops.",
    alt="The same face twice with true points in green and predicted ones in red. On the left all "
    "red crosses follow the face. On the right four crosses of the jaw have moved into the "
    "face, towards the upper left corner of the picture.",
)

# %% [markdown]
# The network answers with a mean of the two things it was told. A weight of a masked point is not
# touched at all: hide point 8 everywhere, and its two columns of the last layer stay as they were,
# to the last bit.

# %% tags=["nbval-ignore-output"]
points = train.points.copy()
points[:, 8] = np.nan
network = network_for(own, 0, np.zeros(OUTPUTS))
before = network.layers[-1].get_weights()[0]
trained(network, x, points, 1, "adam", SEED)
stayed = (network.layers[-1].get_weights()[0] == before).all(axis=0)
print("columns that did not move:", np.flatnonzero(stayed))

# %% tags=["guard"]
with chapter.guard("the two columns of point 8 alone do not move"):
    assert np.flatnonzero(stayed).tolist() == [16, 17]

# %% [markdown]
# ## What is a loss worth?
#
# TRANSFER's losses are mean squared errors of coordinates in parts of the crop, from 0 to 1. It
# never says what a constant would make. From the landmarks alone `studies/muct.py` computes that,
# for TRANSFER's own split. The crop around the points is 1 to 1.5 times as
# large as their box. Its place is either perfect or wobbles with a standard deviation of 5%, as a
# detector's box may.

# %%
constants = pd.read_csv(stored / "muct_constants.csv")
chapter.table(
    constants.to_dict("records"), "16.3", "MSE of constants on MUCT's landmarks: one mean face "
    "for all three copies of a picture; one that knows which copy; one that knows the camera too.",
    margin="{:.2f}", wobble="{:.2f}", one_face="{:.4f}", upright="{:.4f}", camera="{:.4f}")

# %% tags=["drawing"]
THEIRS = pd.DataFrame(
    [("scratch, two paths", 0.01547, 0.02588), ("Inception, 0 blocks", 0.03599, 0.03567),
     ("Inception, 2 blocks", 0.0001108, 0.003932), ("Inception, 4 blocks", 0.0002229, 0.003802),
     ("ResNet50, 0 blocks", 0.01, 0.013), ("ResNet50, 2 blocks", 0.00005033, 0.003779)],
    columns=["model", "training", "validation"])
figure, axes = plt.subplots(figsize=(8.6, 3.4))
kept = constants[constants.unavailable == "left out"]
for column, colour, label in (("one_face", "orange", "one mean face for all copies"),
                              ("upright", "sky", "a mean face that knows the copy")):
    axes.axvspan(kept[column].min(), kept[column].max(), color=plotting.COLOURS[colour], alpha=0.35,
                 label=label)
places = np.arange(len(THEIRS))[::-1]
black = plotting.COLOURS["black"]
axes.plot(THEIRS.training, places, "o", mfc="none", color=black, label="training")
axes.plot(THEIRS.validation, places, "o", color=black, label="validation")
axes.set(xscale="log", yticks=places, yticklabels=THEIRS.model, ylim=(-0.6, 5.6))
axes.set_xlabel("TRANSFER's loss (parts of the crop, squared)")
axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
chapter.figure(
    figure,
    "16-c",
    "TRANSFER's six losses, and what constants make on the same people's landmarks.",
    alt="Six rows of dots on a logarithmic axis and two shaded bands. Inception with 0 blocks has "
    "both dots inside the right band, that of one mean face. The validation dots of the three "
    "best models lie inside the left band, that of a mean face which knows the copy.",
)

# %% tags=["guard"]
with chapter.guard("Inception frozen lies in the one band, the three best in the other"):
    band = kept["one_face"].agg(["min", "max"])
    assert THEIRS.loc[1, ["training", "validation"]].between(*band).all()
    best = THEIRS.validation[THEIRS.validation < 0.01]
    assert best.between(*kept["upright"].agg(["min", "max"])).all()

# %%
print("0.003779 is an error of", f"{299 * 0.003779**0.5:.0f} of 299 pixels in a coordinate")

# %% [markdown]
# Look at the second row. Inception's frozen features have the same loss on training and test
# pictures, and it is the loss of **one constant face**. That network has learned nothing, not even
# which way is up.
#
# And the three best? On pictures they have not seen, they are where a mean face is that knows only
# whether the picture is upright. The band is wide, since nobody knows DLIB's boxes. But from this
# table you cannot conclude that TRANSFER's networks find eyes. (Those with the crosses in the right
# places may still do; it shows some pictures.) If it took (0, 0) for a place, the band lies higher,
# and we would learn less still.
#
# What does one constant face look like? Average the points over upright, mirrored and upside-down
# copies of your crops, as a flip does it that moves coordinates and leaves their order.

# %% tags=["nbval-ignore-output"]
copies = {"upright": mean_face, "mirrored": mean_face * (-1, 1) + (data.SIDE - 1, 0),
          "upside down": mean_face * (1, -1) + (0, data.SIDE - 1)}
constant = np.mean(list(copies.values()), axis=0)
width = np.ptp(constant, axis=0) / np.ptp(mean_face, axis=0)
print(f"its width and height are {width[0]:.0%} and {width[1]:.0%} of the mean face's")

# %% tags=["guard"]
with chapter.guard("the best constant for three copies is a third as large"):
    assert np.all(np.abs(width - 1 / 3) < 0.05)

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.8), sharex=True, sharey=True)
for axes, (title, points) in zip(grid, {**copies, "mean of the three": constant}.items()):
    colour = plotting.COLOURS["red" if title.startswith("mean") else "blue"]
    axes.plot(*points.T, ".", color=colour, markersize=4)
    axes.plot(*points[:8].T, ".", color=plotting.COLOURS["orange"], markersize=5)
    axes.set(title=title, xlim=(0, 95), ylim=(95, 0), aspect="equal")
chapter.figure(
    figure,
    "16-d",
    "The best constant for three copies: a face a third as large, near the centre. Orange: the "
    "points 0 to 7.",
    alt="Four panels of 68 dots: a mean face, its mirror image, the same upside down, and the "
    "mean of the three, in which all dots are crowded together near the centre of the picture.",
)

# %% [markdown]
# In its section on optimisers TRANSFER shows a failure of RMSprop: *all the points accumulate near
# the centre of the image*. It cures that with a rate of 0.1 that falls to 0.0001, and doubts the
# cure later. Compare the last panel: such is the
# constant that fits three copies best, if a mirrored copy keeps the order of its points.
#
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


# %% [markdown]
# The error is given in three units: the MSE of targets, pixels, and the NME of 300-W, the mean
# distance over that of the outer eye corners, in percent.

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
    """A network of Table 16.4, fresh."""
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

# %%
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


# %%
SEEDS = range(3)
runs = [{"network": name, "seed": 0} for name in ("mean face", "pixels", "ours", "Lite0")]
runs += [{"network": name, "seed": seed} for seed in SEEDS
         for name in ("ours, random", "Lite0, random", "ResNet50")]
frozen_study = study("frozen", runs, lambda network, seed: readings(network, seed))
chapter.table(by_run(frozen_study, ["network", "features", "numbers"], ["mse"]), "16.4",
              "The stored study: linear read-outs of frozen features, held-out MSE. Lite0 has "
              "ImageNet's weights, or random ones like ResNet50.")

# %% [markdown]
# Now yours, from a third of the crops, with every network whose weights of ImageNet are here.

# %% tags=["nbval-ignore-output"]
names = ["pixels", "ours", "ours, random", "Lite0", "Lite0, random"][: chapter.pick(3, 5, 5)]
names += [name for name, source in large.items() if source.weights == "ImageNet"]
live = [{"network": name, **row} for name in names
        for row in readings(name, SEED, CUTS if PROFILE == "quick" else 1)]
plotting.show_table(live, mse="{:.5f}", mean_px="{:.2f}", nme="{:.1f} %")
of_mean = np.broadcast_to(mean_face, held.points.shape)
base = evaluation.mse(held.points, of_mean)
print(f"mean face: mse {base:.5f}, mean_px {evaluation.mean_px(held.points, of_mean):.2f}")

# %% tags=["guard"]
with chapter.guard("the learned source beats the mean face", quick=True):
    assert live[1]["mse"] < base

# %% [markdown]
# Read [Table 16.4](#table-16.4) row by row.
#
# - **ImageNet's maps are the best of all**, with half the error of ours. Its last vector errs four times as much,
#   and plain pixels beat it, like every last vector. Between the maps and that vector stand five blocks and a mean
#   over all places. To name a thing it must not matter where it is; keypoints *are* places. TRANSFER does not say
#   where it read its frozen Inception. If it was behind such a mean, there was little to find.
# - **Random features are no noise.** ResNet50 with random weights removes most of the mean face's error, and its
#   vector beats ImageNet's of Lite0. TRANSFER's frozen ResNet50 comes from a constant's 0.03 to 0.06 down to 0.013.
#   Without this control nobody can say what ImageNet did for it.
# - **Learned weights beat random ones in the same network**, ours and ImageNet's, at every depth and with every seed.
#   That difference is transfer. It is small in the last vector and large in the maps.

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

# %% tags=["drawing", "nbval-ignore-output"]
def amount_figure(k):
    """A held-out face as two read-outs see it, and their errors over the number of crops."""
    figure, (face, curve) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    plotting.draw_face(face, held.images[1], title=f"learned from {amounts[k]} crops")
    face.plot(*held.points[1].T, ".", color=plotting.TRUE, markersize=3)
    for kind, colour, label in (("faces", "red", "learned maps"), ("random", "sky", "random maps")):
        look = plotting.COLOURS[colour]
        face.plot(*by_amount[kind][k][1].T, "x", color=look, markersize=3.5, mew=1)
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
    "16-h",
    "Read-outs of learned and of random maps, from few crops and from many. Green: true points.",
    alt="Left a held-out face with 68 green points and two sets of crosses, those of learned maps "
    "and those of random ones. Right two falling curves of the mean distance over the number of "
    "crops on logarithmic axes, that of the learned maps below that of the random ones.",
    start=len(amounts) // 2,
)

# %% [markdown]
# The learned maps stay ahead with any number of crops. With about sixty they err less than the random maps with
# all of them. And the gap does not close: as a ratio it is wider at the right end than at the left, since every
# crop teaches a reader of good features more. (One random start, and one order of the crops.)

# %% [markdown]
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
# The fair rival of three rows is three rows of the *same* x: as many weights, no new feature.

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


# %%
runs = [{"rows": rows, "seed": seed} for seed in SEEDS for rows in HEADS]
heads = study("heads", runs, lambda rows, seed: head_rows(rows, seed))
chapter.table(by_run(heads, ["rows"], ["held", "loss"]), "16.5",
              "The stored study: heads on the source's last vector, MSE after the last epoch.")

# %% tags=["nbval-ignore-output"]
plotting.show_table([{"rows": rows, **head_rows(rows, SEED)[0]}
                   for rows in ("x, x, x", "x, x squared, sin x")], loss="{:.5f}", held="{:.5f}")

# %% [markdown]
# Compare with the fair rival, seed by seed:

# %%
by_rows = heads.pivot(index="seed", columns="rows", values="held")
for name in ("x, x, sin x", "x, x squared, sin x"):
    ratio, _ = evaluation.by_seeds(by_rows[name], by_rows["x, x, x"])
    print(f"{name}: {ratio} the error of x, x, x")

# %% [markdown]
# A sine adds nothing that matters. Of the squares three seeds cannot tell: their interval holds 1. All heads
# of three rows fit the training crops better than the plain one, whatever is in them, since they have
# more weights. TRANSFER compared its head with one that had fewer.

# %% tags=["guard"]
with chapter.guard("a sine adds nothing, squares: open; three rows fit the training better"):
    told = {name: evaluation.by_seeds(by_rows[name], by_rows["x, x, x"])[1] for name in HEADS}
    assert told["x, x, sin x"] == "no difference that matters"
    assert told["x, x squared, sin x"] == "not settled"
    of_heads = heads.groupby("rows").loss.mean()
    assert (of_heads.drop("x") < of_heads["x"]).all()

# %% [markdown]
# And with ImageNet's features? `studies/transfer.py` asks that of more faces: 1,000 to learn from, 15 points, 10
# epochs; those of `open`, and real ones. **Predict** which line is best, and which is no better than the mean face.

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
chapter.table(rows, "16.11", "The stored study: EfficientNet-Lite0, frozen, at 96 px; held-out "
              "mean distance of 15 points, px. Ridge regression behind a block, or heads on the "
              "last vector.")

# %% tags=["guard"]
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

# %% [markdown]
# ImageNet is worth much, and on both sets of faces: its maps err far less than random maps. On the last vector there is
# little to be had, and random weights do about as well. Ridge regression still takes something off the mean face's
# error; in so short a training the rows of units hardly do. Plain x ends at the mean face, and squares and sines bring no more than plain copies. TRANSFER
# reached for them since the plain output had not given good results. Here the cure is another layer, not another
# function.
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
chapter.table(by_run(last, ["weights", "blocks"], ["held", "loss"]), "16.6",
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
grid[0].set_ylabel("held-out MSE")
chapter.figure(
    figure,
    "16-e",
    "0, 2 and 4 blocks unfrozen, three seeds each (solid, dashed, dotted), from the course's "
    "source and from random weights.",
    alt="Two panels of falling curves over the epochs on a logarithmic axis, three curves for "
    "each number of blocks. On the left, the source trained on faces; on the right, random "
    "weights, whose curves for 0 blocks lie highest.",
)

# %% [markdown]
# Compare the pairs of curves, seed by seed:

# %%
pairs = last.pivot(index=["weights", "seed"], columns="blocks", values="held")
for weights in ("faces", "random"):
    for more, fewer in ((2, 0), (4, 2)):
        ratio, _ = evaluation.by_seeds(pairs.loc[weights][more], pairs.loc[weights][fewer])
        print(f"source {weights:<7}{more} blocks: {ratio} the error of {fewer}")
for blocks in (0, 2, 4):
    ratio, _ = evaluation.by_seeds(pairs.loc["faces"][blocks], pairs.loc["random"][blocks])
    print(f"{blocks} blocks, learned weights: {ratio} the error of random ones")

# %% tags=["guard"]
with chapter.guard("2 blocks beat 0 with every seed; 2 or 4, learned or random are open"):
    learned, fresh = pairs.loc["faces"], pairs.loc["random"]
    assert (pairs[2] < pairs[0]).all() and (learned[0] < fresh[0]).all()
    assert not (learned[[2, 4]] < fresh[[2, 4]]).all(axis=None)
    for above, below in [(one[4], one[2]) for one in (learned, fresh)] + [
            (learned[blocks], fresh[blocks]) for blocks in (0, 2, 4)]:
        assert evaluation.by_seeds(above, below)[1] == "not settled"

# %% [markdown]
# To free two blocks brings much, with every seed. To free the first two convolutions as well changes
# little, up or down: the interval of the ratio holds 1 for both sources. These two have a few
# hundred weights of those that learn ([Table 16.1](#table-16.1)), and three seeds do not tell such a thing.
#
# What did the source bring? Frozen, its learned weights are ahead with every seed, but the interval still holds
# 1. Once two or four blocks learn, random weights catch up: with some seeds they end lower. The steps make up
# for the start.
#
# And yours, shorter, from the source that knows faces:

# %% tags=["nbval-ignore-output"]
logs = plotting.figures.folder().parent / "tensorboard" / f"16-{PROFILE}"
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

# %% tags=["guard"]
with chapter.guard("the best of them is far below the mean face", quick=True):
    assert min(row["held-out"] for row in timed) < 0.7 * base

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
    "16-f",
    "Two blocks unfrozen: the two best (left) and the two worst held-out faces.",
    alt="Four faces with 68 true points in green and predicted ones in red. On the left they are "
    "close; on the right the red face has the right form but is shifted or turned.",
)

# %% [markdown]
# And ImageNet's weights, on 1,000 faces of 15 points again, as in [Table 16.11](#table-16.11)? EfficientNet-Lite0 has
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
chapter.table(rows, "16.13", "The stored study: EfficientNet-Lite0, so many last blocks learning "
              "for 10 epochs; held-out mean distance, processor seconds of a training.",
              **dict.fromkeys(("imagenet, px", "random, px"), "{:.2f}"), seconds="{:.0f}")

# %% tags=["guard"]
with chapter.guard("ImageNet's start is worth much; ridge on a middle map wins"):
    px = freed.groupby(["blocks", "weights"]).mean_px.mean().unstack()
    assert (px.imagenet / px.random).between(0.65, 0.85).all()
    assert px.imagenet.is_monotonic_decreasing and px.random.is_monotonic_decreasing
    by_ridge = lite_study["open"].query("read == 'ridge, block5' and weights == 'imagenet'")
    assert by_ridge.mean_px.mean() < 0.7 * px.imagenet.min()

# %% [markdown]
# Here the start is worth much, for ten epochs. The more blocks learn, the better, and the less the start seems to
# count; of all 16 there is one training each. All of them together cost three times the seconds of four. And look
# back at [Table 16.11](#table-16.11): ridge regression on a frozen map in the middle of the same network is far ahead of all this. A
# likely reason: these networks all answer from the last vector, a mean over all places.
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
names = ["network", "blocks"]
ordered = cost.drop(columns="seed")[[*names, *cost.columns.drop([*names, "seed"])]]
mean_mse = frozen_study.loc[frozen_study.network == "mean face", "mse"].iloc[0]
chapter.table(ordered.to_dict("records"), "16.7",
              "The stored study: processor seconds of large networks at 96 px, and MSE after 40 "
              f"steps. The mean face makes {mean_mse:.4f}.",
              **{"a crop": "{:.3f}", "a step of 32": "{:.2f}"},
              **dict.fromkeys(["training", "held out", "with the batch's own"], "{:.4f}"))
step = cost.pivot(index="network", columns="blocks", values="a step of 32")
for name, row in step.iterrows():
    print(f"{name}: 4 unfrozen blocks cost {row[4] / row[2]:.1f} times the step of 2, "
          f"{row[4] / row[0]:.0f} times that of a last layer alone")

# %% tags=["guard"]
with chapter.guard("more blocks cost more; ResNet50's own batch statistics halve its error"):
    assert (step[0] < step[2]).all() and (step[2] < step[4]).all()
    resnet = cost[(cost.blocks > 0) & (cost.network == "ResNet50")]
    assert (resnet["with the batch's own"] < resnet["held out"] / 2).all()
    rest = cost[(cost.blocks > 0) & (cost.network == "InceptionV3")]
    assert (rest["with the batch's own"] > rest["held out"]).all()
    assert (cost["held out"] > mean_mse).all()

# %% [markdown]
# TRANSFER does not say what its trainings took. Multiply: 7,497 crops are 235 steps an epoch.
#
# After 40 steps none of the six beats the mean face on held-out crops. [Table 16.4](#table-16.4) read such frozen
# features with the best linear layer; 40 steps do not find it.
#
# Now look at ResNet50 with unfrozen blocks. On held-out crops its error is far above its training
# loss. Did 40 steps learn the crops by heart? The last column says no: it is the same network on
# the same held-out crops, but its batch norms take mean and variance from the crops at hand, as in
# training. In use they take running means, and these forget slowly: after 40 steps at Keras's
# momentum of 0.99 two thirds of the start are still in them ($0.99^{40} = 0.67$). InceptionV3, whose
# blocks join paths instead of adding them up, does not mind: there the running means even err less. A
# short fine-tuning can be judged by numbers that the network's norms do not have yet.

# %% [markdown]
# ### TensorBoard
#
# TRANSFER watched its trainings in TensorBoard. Keras has a callback for that, and the cell above
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
with chapter.guard("TensorBoard holds the losses that fit returned"):
    assert np.allclose(logged(logs / "2-blocks" / "validation", "epoch_loss"), mine[2][1].held)

# %% [markdown]
# To watch them, run the last line that the cell prints in a terminal of JupyterLab (*File, New,
# Terminal*), and open the address it names. It also works while a training is running.
#
# ## Optimisers
#
# TRANSFER found all results with SGD poor, made RMSprop work with a rate of 0.1 that fell to 0.0001, and
# stayed with Adam and Nadam at Keras's rates. (RMSprop is Adam without momentum, Nadam is Adam with
# Nesterov's look-ahead.) An optimiser can only be judged **at its own best rate**. The loss
# is a mean over all outputs, so each of the 136 gets a 136th of the gradient it would have alone.
# Plain descent then takes steps 136 times as small. The other three divide by the gradient's own size
# and do not notice.
#
# **Predict**: where will SGD's best rate be, compared with Keras's 0.01? The same head on the same
# frozen features, its outputs starting at zero as TRANSFER's did:

# %%
def falling(rate):
    """RMSprop whose rate falls to a thousandth, by the same factor each step."""
    fall = keras.optimizers.schedules.ExponentialDecay(rate, STEPS, 0.001)
    return keras.optimizers.RMSprop(fall)


OPTIMISERS = {"SGD": keras.optimizers.SGD, "RMSprop": keras.optimizers.RMSprop,
              "RMSprop, falling": falling,
              "Adam": keras.optimizers.Adam, "Nadam": keras.optimizers.Nadam}
RATES = (100.0, 10.0, 1.0, 0.1, 0.01, 0.001, 0.0001)


def optimised(optimiser, rate, seed):
    """One training of the plain head."""
    keras.utils.set_random_seed(seed)
    model = head(["x"], x.shape[1], np.zeros(OUTPUTS))
    return after(model, x / SCALE, x_held / SCALE, STEPS, OPTIMISERS[optimiser](rate), seed)


# %%
runs = [{"optimiser": name, "rate": rate, "seed": seed}
        for seed in SEEDS for name in OPTIMISERS for rate in RATES
        if (rate > 0.0001 if name == "SGD" else rate < 1)]
rates_study = study("optimisers", runs, optimised)
grid_of = rates_study.groupby(["optimiser", "rate"]).held.agg(["mean", "std"])
rows = []
for name in OPTIMISERS:
    cells = {f"{rate:g}": "{mean:.5f} ± {std:.5f}".format(**grid_of.loc[name, rate])
             for rate in RATES if (name, rate) in grid_of.index}
    rows.append({"optimiser": name} | dict.fromkeys((f"{rate:g}" for rate in RATES), "") | cells)
chapter.table(rows, "16.8", "The stored study: held-out MSE by optimiser and rate.")
by_rate = grid_of["mean"]
lowest_of = by_rate.groupby("optimiser").min()
print("lowest mean at", ", ".join(f"{name} {by_rate[name].idxmin():g}" for name in OPTIMISERS))
at_tenth = rates_study[rates_study.rate == 0.1].pivot(
    index="seed", columns="optimiser", values="held")
fallen, fixed = at_tenth["RMSprop, falling"], at_tenth["RMSprop"]
print("from 0.1, falling to held fixed, seed by seed:",
      ", ".join(f"{ratio:.2f}" for ratio in fallen / fixed))

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(7.2, 3.4))
for name, part in grid_of.reset_index().groupby("optimiser"):
    axes.errorbar(part.rate, part["mean"], part["std"], marker="o", label=name, capsize=3)
axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="held-out MSE")
axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
chapter.figure(
    figure,
    "16-g",
    "Optimisers at several rates, three seeds each; falling: from the rate to a thousandth of it.",
    alt="Five curves of held-out error over the learning rate, both axes logarithmic. "
    "SGD is lowest at 10, Adam and Nadam at 0.01, and these two lie far below all others.",
)

# %% tags=["guard"]
with chapter.guard("SGD is best at 10, near the mean face, twice Adam's error; a fall mends 0.1"):
    assert by_rate["SGD"].idxmin() == 10 and lowest_of["SGD"] > 2 * lowest_of["Adam"]
    assert 0.85 < lowest_of["SGD"] / mean_mse < 1 < by_rate["SGD", 0.01] / mean_mse / 20
    assert lowest_of["Nadam"] < 1.1 * lowest_of["Adam"] < 1.2 * lowest_of["Nadam"]
    assert by_rate["RMSprop"].idxmin() == 0.001
    assert (fallen < fixed).all()
    assert 0.9 < lowest_of["RMSprop, falling"] / lowest_of["RMSprop"] < 1.1

# %% [markdown]
# At Keras's rate SGD is a thousand times too slow. At 10 it is at its best, and that is hardly below the mean
# face; Adam and Nadam end at less than half of it. So here TRANSFER is right about SGD, at any rate that was
# tried, and for these few steps. With Keras's rate alone you could not have said so.
#
# RMSprop's 0.1 is too high when it is held fixed. Falling to a thousandth mends that, with every seed. But
# the fall only brings RMSprop to where its best fixed rate ends as well, no better than SGD. TRANSFER doubted its
# cure later, and was right to.

# %% tags=["nbval-ignore-output"]
plotting.show_table([{"optimiser": name, "rate": rate, **optimised(name, rate, SEED)[0]}
                   for name, rate in (("SGD", 0.01), ("SGD", 10.0))],
                  loss="{:.5f}", held="{:.5f}")

# %% [markdown]
# ## Two paths
#
# TRANSFER's own network has two paths with filters of 3 and of 6 pixels and joins them before the
# dense layers, to see small and large details. The drawing of its layers cannot be read in the
# report; here each path has 4, 8 and 8 filters with a pool behind each, then 128 units.

# %%
def two_paths(kernels, start):
    """A path of three convolutions for each side of kernel, joined; (96, 96, 1) to (136,)."""
    inputs, ends = keras.layers.Input((96, 96, 1)), []
    for side in kernels:
        maps = inputs
        for filters in (4, 8, 8):
            maps = keras.layers.Conv2D(filters, side, padding="same", activation="relu")(maps)
            maps = keras.layers.MaxPooling2D(2)(maps)
        ends.append(keras.layers.Flatten()(maps))
    units = keras.layers.Dense(128, activation="relu")(keras.layers.concatenate(ends))
    last = keras.layers.Dense(OUTPUTS, bias_initializer=keras.initializers.Constant(start))
    return keras.Model(inputs, last(units))


KERNELS = {"3 and 6": (3, 6), "3 and 3": (3, 3), "6 and 6": (6, 6)}
for name, kernels in KERNELS.items():
    print(f"kernels {name}: {two_paths(kernels, np.zeros(OUTPUTS)).count_params():,} parameters")

# %% [markdown]
# Whether it is the *two sizes* that help is answered by two paths of the same size.

# %%
def pathed(kernels, seed, steps):
    """One training of a network with two paths."""
    keras.utils.set_random_seed(seed)
    model = two_paths(KERNELS[kernels], START)
    inputs, looked = data.to_inputs(train.images), data.to_inputs(held.images)
    return after(model, inputs, looked, steps, "adam", seed)


runs = [{"kernels": name, "seed": seed, "steps": steps}
        for steps in (72, 720) for seed in SEEDS for name in KERNELS]
paths = study("paths", runs, pathed)
chapter.table(by_run(paths, ["steps", "kernels"], ["held", "loss"]), "16.9",
              "The stored study: two paths, MSE after so many steps.")

# %% tags=["guard"]
with chapter.guard("6 and 6 beats both with every seed, 3 and 6 beats 3 and 3 with two of three"):
    for _, part in paths.groupby("steps"):
        by_kernels = part.pivot(index="seed", columns="kernels", values="held")
        assert (by_kernels["6 and 6"] < by_kernels[["3 and 3", "3 and 6"]].min(axis=1)).all()
        assert (by_kernels["3 and 6"] < by_kernels["3 and 3"]).sum() == 2

# %% [markdown]
# Two sizes beat two small ones with two seeds of three. But two *large* ones beat both, with every seed, at
# either length; ten times the steps bring the three closer together. So here it is the larger filter that helps,
# not the mixture. TRANSFER had no such control.

# %% tags=["nbval-ignore-output"]
short = pathed("3 and 6", SEED, LEARN // 2)[0]
print(f"yours, {LEARN // 2} steps: training {short['loss']:.5f}, held out {short['held']:.5f}")

# %% [markdown]
# ## Upside down
#
# A third of TRANSFER's pictures stand on their heads. What do they cost a face that does not? The best of
# these networks learns from upright and mirrored crops, or from the same and upside-down ones, for the
# same number of steps. Here every copy has its points in the right order.

# %%
TURNS = {"upright": lambda images, points: (images, points),
         "mirrored": lambda images, points: (
             images[:, :, ::-1],
             points[:, data.landmarks.mirror_order_68()] * (-1, 1) + (data.SIDE - 1, 0)),
         "upside down": lambda images, points: (
             images[:, ::-1], points * (1, -1) + (0, data.SIDE - 1))}


def turned(copies, seed):
    """One training on the first of TURNS, so many; errors of held-out crops, upright and not."""
    keras.utils.set_random_seed(seed)
    images, points = map(np.concatenate, zip(*(
        turn(train.images, train.points) for turn in list(TURNS.values())[:copies])))
    model = two_paths(KERNELS["6 and 6"], START)
    trained(model, data.to_inputs(images), points, epochs_for(len(images), 720), "adam", seed)
    row = {}
    for name, turn in TURNS.items():
        looked, truth = turn(held.images, held.points)
        row[name] = evaluation.mse(truth, predicted(model, data.to_inputs(looked)))
    return [row]


turns_study = study("turns", [{"copies": k, "seed": s} for s in SEEDS for k in (2, 3)], turned)
chapter.table(by_run(turns_study, ["copies"], list(TURNS)), "16.14",
              "The stored study: held-out MSE of crops in each position, after 720 steps "
              "on 2 or 3 kinds.")
of_copies = turns_study.pivot(index="seed", columns="copies", values="upright")
ratio, found = evaluation.by_seeds(of_copies[2], of_copies[3])
print(f"upright crops, without upside-down copies: {ratio} the error with them: {found}")

# %% tags=["guard"]
with chapter.guard("upside-down copies cost upright faces, and alone help upside-down ones"):
    assert found == "holds"
    turned_over = turns_study.groupby("copies")["upside down"].mean()
    assert turned_over[3] < mean_mse < 0.1 < turned_over[2]

# %% [markdown]
# A network that has to read both ups is worse at the one that counts. It pays for a skill that TRANSFER's own
# test asked for, and a user with a telephone does not. Without such copies a face on its head is lost entirely.
# Copies should be what will be met, and nothing else.

# %% [markdown]
# ## The table of losses
#
# TRANSFER closes with six rows. Beside them, our stored studies: the same numbers of unfrozen
# blocks, of our source. Ours are brought to TRANSFER's unit, parts of the crop: targets in [-1, 1]
# are twice as long, so a squared error is four times as large.

# %%
means = {(w, b): part.held.mean() / 4 for (w, b), part in last.groupby(["weights", "blocks"])}
OURS = [paths[paths.kernels == "3 and 6"].held.mean() / 4, means["faces", 0], means["faces", 2],
        means["faces", 4], means["faces", 0], means["faces", 2]]
constant_face = mean_mse / 4
rows = [{"model": row.model, "TRANSFER, training": row.training,
         "TRANSFER, validation": row.validation, "ratio": row.validation / row.training,
         "ours, held out": ours, "our mean face": constant_face}
        for row, ours in zip(THEIRS.itertuples(), OURS)]
losses_of = {"ours, held out": "{:.6f}", "our mean face": "{:.6f}", "ratio": "{:.0f}",
             "TRANSFER, training": "{:.8g}", "TRANSFER, validation": "{:.6f}"}
chapter.table(rows, "16.10", "TRANSFER's losses, and ours with as many blocks of our source.",
              **losses_of)

# %% [markdown]
# Other pictures, other networks: you cannot compare the columns row by row. But you can ask of both
# which conclusions they carry.
#
# - **2 against 4 blocks.** TRANSFER's text calls four blocks of Inception worse than two. Its table
#   has 0.003802 for four and 0.003932 for two. The three best rows are within 4% of each other,
#   with one seed each. In our study three could not tell two from four. How far apart do seeds lie?

# %%
for (weights, blocks), part in last.groupby(["weights", "blocks"]):
    far = part.held.max() / part.held.min() - 1
    print(f"source {weights:<7}{blocks} blocks: worst of three seeds {far:.0%} above the best")

# %% [markdown]
# - **When to stop.** TRANSFER keeps the weights with the lowest loss on the pictures it then
#   reports. That is a look at the answer, once an epoch, and it flatters whoever looks oftener.
#   DENSE finds 15 epochs worse than 10, but the longer run had also learned from other pictures. In
#   our study nothing else changes:

# %%
curves = blocks_study.set_index(["weights", "blocks", "seed"])
ends = curves[curves.epoch == curves.epoch.max()].held
two_thirds = curves[curves.epoch == round(curves.epoch.max() * 2 / 3)].held
lowest = curves.groupby(level=[0, 1, 2]).held.min()
print(f"half as long again: worse in {(ends > two_thirds).sum()} of {len(ends)} trainings")
print(f"the last epoch is at most {(ends / lowest - 1).max():.1%} above the lowest")

# %% [markdown]
# - **What was memorised.** The ratio column: 75 times the training loss for the best model. And one
#   part of such a gap may not be memory at all. TRANSFER's report is of December 2017. In the Keras
#   of that time a *frozen* batch normalisation took its mean and variance from the batch while
#   training and the stored ones while testing. So the layers behind it saw two different worlds.
#   Pull request 9965 of 2018 wanted to change that and was not merged. TensorFlow 2 brought the
#   change, as its documentation of `BatchNormalization` says: there `trainable = False` also means
#   inference mode, so a frozen layer always takes the stored ones. What this did to TRANSFER's
#   numbers is not tested here: the course's Keras no longer does so.

# %% [markdown]
# ## One background
#
# TRANSFER's main conclusion is about its data. Its best network does badly on photographs from elsewhere,
# "probably because all the images has the same background" (4.1). It had no other pictures to test this. You have:
# the wall behind the 142 photographs can be taken away. Six portraits, and below them the same faces in the
# same places before something else:

# %% tags=["drawing"]
walls = np.load(stored / "backgrounds.npz")
figure, grid = plt.subplots(2, 6, figsize=(9.0, 3.2))
for axes_row, name in zip(grid, ("studio", "anything")):
    for axes, picture in zip(axes_row, walls[name]):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[])
    axes_row[0].set_ylabel(name)
chapter.figure(
    figure, "16-j", "Portraits before their studio's wall, and before anything else.",
    alt="Two rows of six grey faces. The upper ones stand before a plain wall; below "
    "the same faces have blurred shapes, leaves or shadows behind them.")
changed = np.abs(walls["studio"].astype(int) - walls["anything"]) > 8
print(f"the background fills {changed.mean():.0%} of these pictures")

# %% [markdown]
# `studies/backgrounds.py` trains on 1,000 portraits of a hundred people of one kind or the other, and asks
# about the other 42 people before both, and about real faces from elsewhere. Two networks learn:
# EfficientNet-Lite0 with ImageNet's weights, of which the last two blocks learn along, as in TRANSFER's best
# network; and Fourth, from nothing. **Predict**: what does a network that knows one wall lose before
# another? And elsewhere?

# %%
asked_study = pd.read_csv(stored / "backgrounds.csv")
NETWORKS, rows = asked_study.network.unique(), []
for (network, asked), part in asked_study.groupby(["network", "faces"], sort=False):
    px = part.pivot(index="group", columns=["behind", "seed"], values="mean_px")
    one, many = px["studio"], px["anything"]
    _, by_faces = evaluation.of_faces(one.mean(axis=1), many.mean(axis=1), px.index)
    found = evaluation.of_seeds(one.mean() / many.mean(), by_faces)
    rows.append({"network": network, "asked about": asked, "one wall, px": one.mean().mean(),
                 "many, px": many.mean().mean(),
                 "one to many": f"{found.ratio:.2f} ({found.low:.2f} to {found.high:.2f})"})
chapter.table(rows, "16.12", "The stored study: mean distance after learning from portraits before "
              "their studio's wall or anything, three seeds; intervals over seeds and people.",
              **dict.fromkeys(("one wall, px", "many, px"), "{:.2f}"))

# %%
far = {(row["network"], row["asked about"]): row for row in rows}
for network in NETWORKS:
    home, away = (far[network, asked]["one wall, px"] for asked in ("studio", "real"))
    print(f"{network}, one wall: real faces {away / home:.1f} times as far off as before it")

# %% tags=["guard"]
with chapter.guard("real faces are far off, whatever stood behind the portraits"):
    for network in NETWORKS:
        elsewhere = far[network, "real"]
        assert 0.95 < elsewhere["one wall, px"] / elsewhere["many, px"] < 1.05
        assert elsewhere["one wall, px"] > 2 * far[network, "studio"]["one wall, px"]

# %% [markdown]
# TRANSFER's failure is there: on photographs from elsewhere both networks are more than twice as far off. But the
# wall is not its cause. Who has learned from many backgrounds fails there as badly, to about a twentieth. What a
# network that knows one wall loses before another background three seeds cannot tell. What differs elsewhere is
# all the rest: people, light, poses, cameras, and what a labeller takes for a brow's end. TRANSFER's "probably"
# was a guess, and one experiment would have shown it. (The wall fills little of these crops. In wider ones it
# may count for more.)
#
# ## What you saw
#
# - Say first where the weights come from. A network with random weights is no transfer; it is
#   the control, and read out by ridge regression it is far better than a mean face.
# - What ImageNet taught helps most where the maps still have places. Behind a mean over all places little of it is left.
# - Two trainings, one split: whoever the source has seen cannot be tested.
# - (0, 0) is a place to a network. NaN and a masked loss leave the point out, and its weights
#   untouched.
# - A loss needs its constant. TRANSFER's frozen Inception is at the constant of three flipped
#   copies, and its best models are where a mean face is that knows which way is up.
# - Frozen features are computed once. The layer before the last can know more than the last.
# - Frozen, learned weights beat random ones with every seed. Once blocks learn, random ones catch up, and three
#   seeds cannot tell who is ahead. Unfreezing two blocks brings much. Two against four cannot be told.
# - A network fails on photographs from elsewhere, and its one background is not why. Take a suspect away
#   before you name it.
# - A sine of small numbers is the numbers. An optimiser is judged at its own best rate. Two paths
#   need a rival with two paths.
#
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. In pixels** (easy). TRANSFER's best loss, 0.003779, is a mean over x and y, in parts of a crop of
# 299 pixels. How many pixels is the root-mean-square *distance* of a point?

# %% tags=["answer"]
answer_1 = ...  # a number of pixels

# %% tags=["check"]
@chapter.check("a number of pixels", "a distance squared is the sum of two squares")
def check_1(answer):
    """The root-mean-square distance of a point, to half a pixel."""
    if abs(answer - 299 * np.sqrt(0.003779)) < 0.5:
        return "so far is one coordinate off; a point has two"
    return bool(abs(answer - 299 * np.sqrt(2 * 0.003779)) < 0.5)


check_1(answer_1)

# %% tags=["solution"]
answer_1 = 299 * (2 * 0.003779) ** 0.5
check_1(answer_1)
# An eye is about a tenth of such a crop. A loss with two zeros behind the point can miss an eye.

# %% [markdown]
# **2. If the twins had changed places** (medium). Suppose TRANSFER's mirrored copies had swapped the points
# of each pair, and only the upside-down copies had kept their order. Upside down, left stays left.
# Predict how wide and how high the best constant would be, in parts of the mean face, and compute it.

# %% tags=["answer"]
answer_2 = ...  # two numbers: width and height, in parts of the mean face's

# %% tags=["check"]
@chapter.check("two numbers, in parts of the mean face", "average x and y over the copies")
def check_2(answer):
    """The extent of the mean of three copies, of which the mirrored one swaps its pairs."""
    twins = copies["mirrored"][data.landmarks.mirror_order_68()]
    averaged = (copies["upright"] + twins + copies["upside down"]) / 3
    share = np.ptp(averaged, axis=0) / np.ptp(mean_face, axis=0)
    if np.allclose(answer, 1 / 3, atol=0.05):
        return "that is the constant of copies that keep their order; look at x again"
    return bool(np.shape(answer) == (2,) and np.abs(share - answer).max() < 0.05)


check_2(answer_2)

# %% tags=["solution"]
answer_2 = (1, 1 / 3)
check_2(answer_2)
# A constant is narrow where copies contradict each other. Here they only do so up and down.

# %% [markdown]
# **3. People the source has met** (hard). Hold out a third of the people the source learned from, instead
# of strangers: `met = split.train[:MOST][::3]`, and learn the read-out of the last maps from `crops_of` the
# rest, `CUTS` crops each with seed 0. Predict: is the error on people it has met smaller than on strangers?
# Judge both by `crops_of(part, 1, 5)`, with `ridge`. (With pictures of your own folder the source knows nobody.)

# %% tags=["answer"]
answer_3 = ...  # two mean distances in pixels: people met, strangers

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two mean distances in pixels", "features(own, 1, images), flat, for all four parts")
def check_3(answer):
    """The read-out's error on people whom the source has met and on strangers."""
    old = split.train[:MOST][::3]
    new = np.setdiff1d(split.train[:MOST], old)
    parts_of = (crops_of(new, CUTS, 0), choose, crops_of(old, 1, 5), crops_of(split.test, 1, 5))
    inputs, *rest = (flat(features(own, 1, part.images)) for part in parts_of)
    guesses_of = ridge(inputs, parts_of[0].points, rest)[1:]
    right = [evaluation.mean_px(part.points, guess)
             for part, guess in zip(parts_of[2:], guesses_of)]
    if np.allclose(answer, right[::-1], rtol=0.001):
        return "the other way round: people met first"
    return bool(np.shape(answer) == (2,) and np.allclose(answer, right, rtol=0.02))


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
met = split.train[:MOST][::3]
rest = np.setdiff1d(split.train[:MOST], met)
learn, known, strange = crops_of(rest, CUTS, 0), crops_of(met, 1, 5), crops_of(split.test, 1, 5)
seen = [flat(features(own, 1, part.images)) for part in (learn, choose, known, strange)]
_, on_known, on_strange = ridge(seen[0], learn.points, seen[1:])
answer_3 = []
for name, part, guess in (("met", known, on_known), ("strangers", strange, on_strange)):
    answer_3.append(evaluation.mean_px(part.points, guess))
    print(f"{name}: {answer_3[-1]:.2f} px of 96, NME {nme(part.points, guess):.1f} %")
check_3(answer_3)
# About equal: the read-out has seen neither, and so few people differ by more than this by chance.
# One cannot know that beforehand; strangers are held out all the same.

# %% [markdown]
# **4. How many blocks?** (hard). Our source has four, and you have trained with 0, 2 and 4. Predict the held-out
# error with 1 and with 3, then train them: `unfrozen("faces", 1, SEED, LEARN)`. Before you draw a curve through the
# five numbers, train each with another seed too: how far apart are two seeds?

# %% tags=["answer"]
answer_4 = ...  # a dict: what unfrozen returns, for 1 and for 3

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a dict with what unfrozen returns", "{1: unfrozen(...), 3: unfrozen(...)}")
def check_4(answer):
    """Whether two networks have so many blocks unfrozen, and err as their histories say."""
    for blocks in (1, 3):
        network, history, inputs = answer[blocks]
        learns = sum(int(np.prod(w.shape)) for w in network.trainable_weights)
        if learns != trained_numbers(ours(), blocks):
            return f"the one for {blocks} has another number of weights that learn"
        error = evaluation.mse(held.points, predicted(network, inputs))
        if not np.isclose(error, history.held.iloc[-1], rtol=0.05):
            return "a network and a history of two trainings"
    return True


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
answer_4 = {blocks: unfrozen("faces", blocks, SEED, LEARN) for blocks in (1, 3)}
for blocks in (1, 3):
    again = unfrozen("faces", blocks, SEED + 1, LEARN)[1].held.iloc[-1]
    low, high = sorted((answer_4[blocks][1].held.iloc[-1], again))
    print(f"{blocks} blocks: {low:.5f} and {high:.5f}, {high / low - 1:.0%} apart")
print("one seed each:", {blocks: f"{one[1].held.iloc[-1]:.5f}" for blocks, one in mine.items()})
check_4(answer_4)
# A curve says something only where its points lie farther apart than the seeds of one point.

# %% [markdown]
# **5. A louder sine** (medium). For small x, sin x is x. The chapter divided the features by five standard
# deviations. Divide by a fifth of one instead, `x / (0.2 * x.std())`. Predict what becomes of the correlation of
# sin x with x, and compute the median over the features whose standard deviation is above 0.01.

# %% tags=["answer"]
answer_5 = ...  # a correlation

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a correlation", "np.corrcoef of a column and its sine, for each column")
def check_5(answer):
    """The median correlation of features with their sine, when they are 25 times as large."""
    louder = x / (0.2 * x.std())
    used = np.flatnonzero(louder.std(axis=0) > 0.01)
    right = np.median([np.corrcoef(louder[:, k], np.sin(louder[:, k]))[0, 1] for k in used])
    quiet = np.median([np.corrcoef(scaled[:, k], np.sin(scaled[:, k]))[0, 1] for k in used])
    if abs(answer - quiet) < 0.005:
        return "that is the chapter's scale"
    return bool(abs(answer - right) < 0.01)


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
loud = x / (0.2 * x.std())
louder_ones = np.flatnonzero(loud.std(axis=0) > 0.01)
answer_5 = np.median([np.corrcoef(loud[:, k], np.sin(loud)[:, k])[0, 1] for k in louder_ones])
print(f"correlation of sin x with x: {answer_5:.2f}")
check_5(answer_5)
# Now sin x is another feature. What it "adds" is a matter of scale, which TRANSFER does not give.

# %% [markdown]
# **6. Your figure** (medium). At which depth are the features best? Read the learned source and the random one,
# `ours("random")`, after each block, with `ridge`, and complete three lines. Predict first where the two curves
# are farthest apart. Compare with [Figure 16-h](#figure-16-h).

# %% tags=["answer"]
depths = ...  # numbers of blocks behind the cut, such as [0, 1, 2]
learned_px = ...  # held-out mean_px of read-outs of features(own, b, ...), for each of depths
random_px = ...  # the same for ours("random")
answer_6 = (depths, learned_px, random_px)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "ridge(learn, train.points, rest)[1], for each depth")
def check_6(answer):
    """Errors of read-outs by depth, drawn; the first two depths against a second computation."""
    behind, ours_px, fresh_px = answer
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for values, name in ((ours_px, "learned"), (fresh_px, "random")):
        axes.plot(behind, values, "o-", label=name)
    axes.set(xlabel="blocks behind the cut", ylabel="mean distance, held out (px)")
    axes.legend()
    chapter.figure(figure, "Your figure", "Read-outs of frozen features by depth.", private=True,
                   alt="The error of read-outs of two sources over the depth, as you computed it.")
    for kind, values in (("faces", ours_px), ("random", fresh_px)):
        for blocks, found in list(zip(behind, values, strict=True))[:2]:
            inputs, *rest = (flat(features(ours(kind), blocks, part.images))
                             for part in (train, choose, held))
            right = evaluation.mean_px(held.points, ridge(inputs, train.points, rest)[1])
            if abs(found - right) > 0.02 * right:
                return f"{kind}, {blocks} blocks: another error comes out"
    return len(behind) > 1


check_6(answer_6)

# %% tags=["solution", "nbval-ignore-output"]
def read_after(kind, blocks):
    """Held-out mean distance of a read-out with so many blocks behind the cut."""
    inputs, *rest = (flat(features(ours(kind), blocks, part.images))
                     for part in (train, choose, held))
    return evaluation.mean_px(held.points, ridge(inputs, train.points, rest)[1])


depths = [0, 1, 2]
learned_px, random_px = ([read_after(kind, b) for b in depths] for kind in ("faces", "random"))
answer_6 = (depths, learned_px, random_px)
check_6(answer_6)
# The learned source knows most one block before its end. In the random one every block loses.

# %% [markdown]
# **7. A fair budget** (open). Give ImageNet its chance: `lite()` with 0, 2 and 4 blocks against our source. Then set
# each against its random twin with a *tenth* of the crops. What must you hold equal, so that the comparison is
# fair: the steps, the seconds, or the pictures?

# %% [markdown] tags=["solution"]
# **Rubric.** One point for saying what is held equal, and why. One for the same rates tried on both sides. One
# for three seeds. One for a ratio with its interval, and its verdict by the rule of
# [chapter 19](19_what_held_up.ipynb). One for a sentence on what the control, random weights, would have done.
# **Expected**: a learned source of ours that stays ahead with a tenth of the crops, by a smaller
# factor than with all; of ImageNet's, a verdict that may turn with what was held equal.
