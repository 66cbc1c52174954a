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
# # 15 Nose tip and dense landmarks
#
# DENSE starts with one point and ends with dozens. Both times it looks at its worst faces and says what
# misled the network. You train both networks, and then do what DENSE leaves out: you **test** the
# explanations, by covering parts of the picture and by turning on a lamp.
#
# **You can afterwards**
# - compute from a paper's numbers what it does not say, and what its loss is worth in pixels (exercises 1 and 2, question 1);
# - tell how many looks a table of epochs is, and how wide its numbers scatter (question 3);
# - draw an occlusion map, and tell when its story is the network's and not the picture's (exercise 4, question 2);
# - compute how much of an error of many points is place, turn and size, or shape (exercise 6, question 4);
# - tell what happens when pictures are framed, lit or mirrored otherwise, and train for it (exercises 3 and 5).
#
# **Needs** chapters [06](06_pooled_cnn.ipynb) and [07](07_augmentation.ipynb). **Takes** about 120 minutes to study, and half a minute of two cores (profile *quick*).
# **Figures** 15-a to 15-j.
#
# **Tables** 15.1 to 15.4.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import collections.abc
import functools

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import cv2
import keras
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fkd_utils import augment, data, files, plotting, training

chapter = plotting.Chapter("15", PROFILE, DATA, SEED)

# %% [markdown]
# ## The pictures
#
# DENSE works on IMM's faces: photographs of 640 by 480 pixels with 58 points each. They are for research only,
# so this chapter uses the photographs that come with the course: one of each of 142 people, with
# 189 points set by hand. If you have IMM, start JupyterLab with the variable `FKD_DATA` set to the
# folder that holds its `.asf` files and pictures. With any other source the chapter stays with its own photographs: the
# competition's faces have no more than 15 points.

# %%
folder = files.expanded(DATA).resolve()
IMM = data.landmarks.find(DATA, ".asf")  # at any depth
SOURCE = folder.name if IMM else "open"
WIDTH, HEIGHT = 240, 180  # pixels of a picture; the nose network's has a third of each


def shrunk(picture: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture (h, w) at WIDTH x HEIGHT, and its points (m, 2) there, pixels."""
    ratio = np.array([WIDTH, HEIGHT]) / picture.shape[::-1]
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return small, (points + 0.5) * ratio - 0.5


# %% [markdown]
# A file of IMM gives points in parts of the picture's width and height. Its rows have 7 or 10 columns,
# and the picture it names at its end can be another person's. So the picture is the one with the
# file's own name. `data.landmarks` reads this format and three others. A broken file is named in one
# line, and the others are still read. So is a file whose points are not as many as the others'.

# %%
# The rows of an annotation whose mean is the tip of the nose; it depends on who set the points.
TIP = {189: data.FROM_189["nose_tip"], 58: (52,), 73: (45,)}


def imm_faces() -> tuple[list, list]:
    """Pictures and points of IMM's files, and who is on them (the first part of its name)."""
    pairs, broken = data.landmarks.read_pairs(IMM)
    counts = [len(pair.points) for pair in pairs]
    most = max(set(counts), key=counts.count, default=0)
    if most not in TIP:
        known, first = ", ".join(map(str, TIP)), "".join(f" ({broken[0]})" for _ in broken[:1])
        raise files.InputError(f"{folder}: faces with {most} points{first}; the chapter knows the "
                               f"nose tip of {known} points; give a folder with such files")
    broken += [f"{pair.picture}: {len(pair.points)} points, the others have {most}; left out"
               for pair in pairs if len(pair.points) != most]
    for message in broken:
        print(message)
    pairs = [pair for pair in pairs if len(pair.points) == most]
    faces = [shrunk(pair.grey, pair.points) for pair in pairs]
    return faces, [pair.picture.stem.replace("_", "-").split("-")[0] for pair in pairs]


# %% [markdown]
# The embedded photographs are made in a studio, with every nose in nearly the same place. To find
# it would be no task. So each is cut by a frame that is moved at random, by up to 24 pixels to each
# side and 18 up or down, once and for all. The nose then wanders about as much as in IMM's
# frontal pictures. What lies outside the photograph is mirrored.

# %%
FRAME_WIDTH, FRAME_HEIGHT, EDGE = 368, 276, 64  # pixels of the photograph


def open_faces() -> tuple[list, list]:
    """The embedded photographs, each cut by a frame of its own; every one is another person."""
    rng, faces = np.random.default_rng(15), []
    for name in data.photographs.names():
        grey = data.photos.to_grey(data.photos.read(data.photographs.FOLDER / f"{name}.jpg"))
        points = data.photographs.read_template(data.photographs.FOLDER / f"{name}.tem")
        left, top = 7 + rng.integers(-24, 25), 17 + rng.integers(-18, 19)
        wide = cv2.copyMakeBorder(grey, *[EDGE] * 4, cv2.BORDER_REFLECT_101)
        cut = wide[EDGE + top :, EDGE + left :][:FRAME_HEIGHT, :FRAME_WIDTH]
        faces.append(shrunk(cut, points - (left, top)))
    return faces, data.photographs.names()


# %% [markdown]
# Points outside a frame cannot be seen. Keep those that are inside on every picture; of the 189
# that drops some on the hairline, under the chin and on the neck.

# %% tags=["nbval-ignore-output"]
loaded, people = imm_faces() if IMM else open_faces()
pictures = np.stack([picture for picture, _ in loaded])
every = np.stack([points for _, points in loaded])
seen = ((every >= 0) & (every <= (WIDTH - 1, HEIGHT - 1))).all(axis=(0, 2))
points = every[:, seen]
print(f"{SOURCE}: {len(pictures)} pictures of {len(set(people))} people, "
      f"{seen.sum()} of {len(seen)} points")

# %% [markdown]
# DENSE splits 192 to 48 pictures. IMM has several pictures of each person, and DENSE does not say
# whether a person stands on both sides. Here nobody does. One part learns, a fifth is held out, and
# **nothing is chosen on it**: every network is taken as it is after its last epoch.

# %% tags=["nbval-ignore-output"]
split = data.grouped_split(np.array(people), SEED)
most = chapter.pick(smoke=24, quick=None, paper=None)
all_train, all_held = split.train, np.concatenate([split.validation, split.test])
if len(all_train) < 8 or len(all_held) < 4 or not seen.any():
    raise files.InputError(
        f"{DATA}: {len(all_train)} pictures to learn from, {len(all_held)} of other people, "
        f"{seen.sum()} points inside all; it takes 8, 4 and 1: add pictures of about 20 people")
train, held = all_train[:most], all_held[:most]
print(f"{len(train)} to learn from, {len(held)} held out")

# %% [markdown]
# ## One point: the tip of the nose
#
# DENSE's pictures for this are grey, 80 by 60, with values from -0.5 to 0.5. Three by three pixels
# become one: their mean. In code, `(n, 180, 240)` becomes `(n, 60, 80, 1)`.

# %%
def to_inputs(pictures: np.ndarray, factor: int) -> np.ndarray:
    """(n, h, w) uint8 as (n, h/factor, w/factor, 1) float32 from -0.5 to 0.5, by means."""
    n, height, width = pictures.shape
    blocks = pictures.reshape(n, height // factor, factor, width // factor, factor)
    return blocks.mean(axis=(2, 4), dtype=np.float32)[..., np.newaxis] / 255 - np.float32(0.5)


inputs = to_inputs(pictures, 3)
inputs.shape[1:]

# %% tags=["guard"]
with chapter.guard("pictures of 80 by 60, from -0.5 to 0.5"):
    assert inputs.shape[1:] == (60, 80, 1) and np.abs(inputs).max() <= 0.5

# %% [markdown]
# Targets are parts of the picture's width and height, from 0 to 1, so that an MSE does not depend on the
# number of pixels. DENSE gives no unit for its losses; they fit this one.
#
# $$t = \frac{p + 1/2}{(\text{width}, \text{height})}$$

# %%
SIZE = np.array([WIDTH, HEIGHT])
tip = every[:, list(TIP[every.shape[1]])].mean(axis=1)
targets = ((tip + 0.5) / SIZE).astype(np.float32)

# %% [markdown]
# First the score to beat: always answer with the mean place of the noses one learns from.

# %% tags=["nbval-ignore-output"]
def constant(learned: np.ndarray, asked: np.ndarray) -> float:
    """MSE of answering the mean place of the faces `learned` on the faces `asked`."""
    return float(np.mean((targets[asked] - targets[learned].mean(axis=0)) ** 2))


baseline = constant(train, held)
print(f"mean place, held out: MSE {baseline:.5f}, or {80 * baseline**0.5:.1f} of 80 pixels")

# %% [markdown]
# Now look at the smallest number in DENSE's table below: 0.00216. ([Exercise 1](#Exercises) turns it into pixels.) What does the mean place make on IMM? The pictures may not be passed on, numbers about
# their labels may. Predict each person's nose by the mean of all other people's:

# %%
def mean_place(wanted: np.ndarray, people: list) -> float:
    """MSE of predicting each person's targets (n, 2) by the mean of all other people's."""
    apart = [np.array(people) == one for one in sorted(set(people))]
    wrong = [wanted[its] - wanted[~its].mean(axis=0) for its in apart]
    return float(np.mean(np.concatenate(wrong) ** 2))


# %% tags=["guard"]
with chapter.guard("the mean of all other people's, on three numbers by hand"):
    by_hand = (2 * 1.5**2 + 9) / 3
    assert np.isclose(mean_place(np.array([[0.0], [0], [3]]), ["a", "b", "c"]), by_hand)

# %% [markdown]
# If you have a folder of IMM, the table shows its row too.

# %%
imm = pd.read_csv(files.PUBLISHED / "dense" / "imm_mean_place.csv")
if IMM:
    row = SOURCE, every.shape[1], len(people), len(set(people)), mean_place(targets, people)
    imm = pd.concat([imm[imm["set"] != SOURCE], pd.DataFrame([row], columns=imm.columns)])
plotting.show_table(imm.to_dict("records"), mean_place_mse="{:.5f}")

# %% [markdown]
# `imm_face_db` is DENSE's collection (58 points), with one picture from the front of each of 37 people.
# `imm_frontal` is another one (73 points), ten pictures of each of 12 people.
#
# All are pictures from the front. DENSE's 240 have turned heads too, which move the nose further and
# make the mean place worse by an unknown amount. So it remains open whether DENSE's twelve networks
# beat a constant. **A loss without its baseline cannot be judged.**
#
# ## The network
#
# Three convolutions with 8, 16 and 24 filters, each with ReLU and a pool, then 512 units, then 2. DENSE
# does not say how it treats the border. But it says that the first dense layer reads 960 numbers.

# %%
def nose_network(padding: str = "valid") -> keras.Model:
    """DENSE part 1: (60, 80, 1) pictures to (2,), the nose tip in parts of the picture."""
    layers = [keras.layers.Input((60, 80, 1))]
    for filters in (8, 16, 24):
        layers.append(keras.layers.Conv2D(filters, 3, padding=padding, activation="relu"))
        layers.append(keras.layers.MaxPooling2D(2))
    layers += [keras.layers.Flatten(name="flat"), keras.layers.Dense(512, activation="relu")]
    return keras.Sequential([*layers, keras.layers.Dense(2)])


for padding in ("same", "valid"):
    print(padding, nose_network(padding).get_layer("flat").output.shape[1])

# %% [markdown]
# So the padding is *valid*: each convolution cuts a pixel off each side. The paper did not tell, its
# arithmetic did.
#
# ## Training
#
# Adam, as DENSE. Its batch size is not given; here it is 8. One function serves both networks of the
# chapter. `change` alters a batch before it is shown.

# %%
def answers(network: keras.Model, shown: np.ndarray) -> np.ndarray:
    """The network's outputs on a batch of inputs: (n, k) float32."""
    return keras.ops.convert_to_numpy(network(shown))


# %%
def fit(model: keras.Model, rate: float, epochs: int, seed: int, shown: np.ndarray,
        wanted: np.ndarray, factor: int,
        change: collections.abc.Callable[..., augment.Pair] | None = None) -> pd.DataFrame:
    """Train on the faces `train`. shown: (n, h, w) uint8; wanted: (n, k, 2) or (n, 2) pixels.

    Returns epoch, loss (mean over its batches) and held_out, MSE in parts of the picture.
    """
    def targets_of(places: np.ndarray) -> np.ndarray:
        """Places in pixels as parts of the picture, a row a face."""
        return ((places + 0.5) / SIZE).reshape(len(places), -1).astype(np.float32)

    # Keras first translates a network into a graph; that takes longer than a training in smoke.
    model.compile(keras.optimizers.Adam(rate), loss="mse", run_eagerly=PROFILE == "smoke")
    rng, rows = np.random.default_rng(seed), []
    unseen = to_inputs(shown[held], factor)
    ready = None if change else to_inputs(shown, factor)  # made once, unless they change
    for epoch in range(1, epochs + 1):
        order, losses = rng.permutation(train), []
        for first in range(0, len(train) - 7, 8):  # full batches; the rest waits an epoch
            batch = order[first : first + 8]
            if change:
                images, places = change(shown[batch], wanted[batch], rng)
                x, y = to_inputs(images, factor), targets_of(places)
            else:
                x, y = ready[batch], targets_of(wanted[batch])
            losses.append(float(model.train_on_batch(x, y)))
        wrong = answers(model, unseen) - targets_of(wanted[held])
        rows.append((epoch, np.mean(losses), float(np.mean(wrong**2))))
    return pd.DataFrame(rows, columns=["epoch", "loss", "held_out"])


# %% [markdown]
# DENSE's table has three rates and four numbers of epochs. Does that take twelve trainings? The rate
# never changes on the way. So a network of 10 epochs *is* the network of 25 epochs, looked at early: the
# twelve cells are four looks at each of three curves.

# %%
RATES, LOOKS = (0.01, 0.001, 0.0001), (10, 15, 20, 25)


@functools.cache
def trained_nose(rate: float, seed: int, epochs: int) -> tuple[keras.Model, pd.DataFrame]:
    """A nose network after so many epochs, and its history."""
    keras.utils.set_random_seed(seed)
    model = nose_network()
    return model, fit(model, rate, epochs, seed, pictures, tip, 3)


# %% [markdown]
# ## The table of twelve cells
#
# One run a cell is one draw. Train the same cell again, with other first weights and another order
# of faces, and you get another number. The stored study does that with five seeds at each rate, for
# 50 epochs: twice as long as DENSE. Fifteen trainings make sixty cells. The profile *paper*
# trains what is missing of a study; one that was stopped goes on where it was.

# %%
def study(
        name: str, runs: list[dict],
        trained: collections.abc.Callable[..., pd.DataFrame]) -> pd.DataFrame | None:
    """The stored study `name`; with the profile paper, what is missing of it is trained first."""
    path = files.PUBLISHED / "dense" / f"{name}_{SOURCE}.csv"
    return training.study(path, runs, trained, PROFILE)


# %%
noses = study("nose", [{"rate": rate, "seed": seed} for seed in range(5) for rate in RATES],
              lambda rate, seed: trained_nose(rate, seed, 50)[1])

# %% [markdown]
# DENSE's numbers, which its text calls training losses, and the study's: mean and standard deviation
# over the seeds. **Predict** first: how far apart may two cells lie by chance alone?

# %%
DENSE = pd.DataFrame(
    [(0.00486, 0.00436, 0.00493), (0.00525, 0.00441, 0.00455),
     (0.00282, 0.00216, 0.00441), (0.00495, 0.00227, 0.00505)],
    index=(10, 15, 20, 25), columns=(0.01, 0.001, 0.0001))


def by_look(history: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of a nose study: rows rate and seed, columns epoch."""
    return history.pivot(index=["rate", "seed"], columns="epoch", values=column)


def mean_and_spread(values: pd.Series) -> str:
    """Mean and standard deviation of values, as text."""
    return f"{values.mean():.5f} ± {values.std():.5f}"


usual = constant(all_train, all_held)
if noses is not None:
    cells, losses = by_look(noses, "held_out"), by_look(noses, "loss")
    looks = (*LOOKS, 50)
    theirs = DENSE.reindex(index=looks, columns=RATES)
    stored_rates = [rate for rate in RATES if rate in cells.index]
    rows = [{"rate": rate, "epochs": look, "DENSE": theirs.at[look, rate],
             "training loss": mean_and_spread(losses.loc[rate, look]),
             "held out": mean_and_spread(cells.loc[rate, look])}
            for rate in stored_rates for look in looks]
    chapter.table(rows, "15.1", f"DENSE's twelve cells, and {noses.seed.nunique()} seeds of each, "
                  f"at 50 epochs too. The mean place makes {usual:.5f} on the faces held out.",
                  rate="{:g}", DENSE="{:.5f}")

# %% [markdown]
# DENSE concludes that the settings hardly matter. Compare the last two columns before you agree. Here
# is the last one again after 25 epochs, seed by seed, as a share of the mean place's error.

# %%
if noses is not None:
    shares = (cells[25] / usual).unstack("seed")
    shares.columns = [f"seed {seed}" for seed in shares.columns]
    plotting.show_table(shares.reset_index().to_dict("records"), rate="{:g}",
                        **dict.fromkeys(shares.columns, "{:.0%}"))

# %% tags=["guard"]
with chapter.guard("the middle rate leaves less than two thirds, the lowest is not there yet"):
    assert shares.loc[0.001].max() < 2 / 3 and shares.loc[0.0001].min() > 1
    assert losses.loc[0.001, 15].mean() < 0.1 * DENSE.min().min()
    assert shares.loc[0.01].median() > 0.7 and shares.loc[0.01].min() < shares.loc[0.001].min()

# %% [markdown]
# The rate matters, and so does the seed. With the middle rate every network leaves less than two thirds
# of the mean place's error. With the lowest none is there yet. With the highest, four of five stay near
# the constant or above it, but the fifth ends **below the other fourteen**.
#
# DENSE would not have seen that. It looked at training losses:

# %%
if noses is not None:
    in_training = losses[25].unstack("seed")
    lucky, best = shares.loc[0.01].idxmin(), in_training.idxmin()
    print(f"rate 0.001 has the lowest training loss with {(best == 0.001).sum()} "
          f"of {len(best)} seeds")
    print(f"{lucky}: training loss {in_training.loc[0.01].min():.5f} with rate 0.01, "
          f"{in_training.loc[0.001, in_training.loc[0.01].idxmin()]:.5f} with 0.001")

# %% tags=["guard"]
with chapter.guard("with every seed the middle rate has the lowest training loss"):
    assert (best == 0.001).all()

# %% [markdown]
# With every seed its table would recommend the middle rate, also with the one whose best network on new
# faces has another. A table of training losses cannot show which network is best on new faces, and one
# run a cell cannot show how much is luck.
#
# DENSE's cells all lie above 0.002. If they are training losses in this unit, its networks had hardly begun to
# learn: those of the middle rate are at less than a tenth of that after 15 epochs, on average.
#
# In DENSE's table the last row is worse than the row above it, in all three columns. So longer
# training got worse? DENSE itself does not say so here; it finds the cells much alike. (It does say
# so of its last network, but there it changed two things at once: the epochs, and the faces it trained on.)
# Whether 25 epochs are worse than 20 is a question about pairs: the same seed at both.

# %%
def longer(what: str, cells: pd.DataFrame, early: int, late: int) -> list[dict]:
    """By rate: how often the late look is worse, and the mean ratio late / early."""
    ratio = (cells[late] / cells[early]).groupby("rate")
    return [{"loss": what, "rate": rate, "from": early, "to": late,
             "worse": f"{(r > 1).sum()} of {len(r)}", "ratio": float(np.exp(np.log(r).mean())),
             "lowest": r.min(), "highest": r.max()} for rate, r in ratio]


if noses is not None:
    rows = longer("training", losses, 20, 25)
    rows += longer("held out", cells, 20, 25) + longer("held out", cells, 25, 50)
    chapter.table(rows, "15.2", "Loss of the later epoch over that of the earlier one, same seed: "
                  "geometric mean, lowest and highest.",
                  rate="{:g}", ratio="{:.2f}", lowest="{:.2f}", highest="{:.2f}")

# %% [markdown]
# The training loss, which DENSE has, gets worse only with the highest rate, for three seeds of five. With
# the others it falls for every seed. On the faces held out the lowest rate gets better for every seed,
# too: it is simply not done. With the middle rate one seed of five gets worse, and from 25 epochs to 50 two
# do: the curve has come close to its floor.

# %% tags=["guard"]
with chapter.guard("only the highest rate's training loss got worse, for three seeds of five"):
    worse = (cells[25] > cells[20]).groupby("rate").sum()
    assert worse[0.0001] == 0 and worse[0.001] == 1
    assert (cells[50] > cells[25]).groupby("rate").sum()[0.001] == 2
    by_rate = (losses[25] > losses[20]).groupby("rate").sum()
    assert by_rate.tolist() == [0, 0, 3]

# %% [markdown]
# ## Your own cells
#
# Now train three of the study's curves yourself, up to 25 epochs: the highest rate, and the middle one twice.

# %% tags=["nbval-ignore-output"]
EPOCHS = chapter.pick(smoke=2, quick=25, paper=25)
runs = (0.01, 0), (0.001, 0), (0.001, 1)
nets = {(rate, seed): trained_nose(rate, seed, EPOCHS) for rate, seed in runs}

# %% tags=["guard"]
with chapter.guard("a network of the middle rate beats the mean place", quick=True):
    assert nets[0.001, 0][1].held_out.iloc[-1] < 0.8 * baseline

# %% tags=["nbval-ignore-output"]
rows = [{"epochs": look, **{f"rate {rate:g}, seed {seed}":
                            history.held_out.iloc[min(look, EPOCHS) - 1]
                            for (rate, seed), (_, history) in nets.items()}} for look in LOOKS]
plotting.show_table(rows, **{name: "{:.5f}" for name in rows[0] if name != "epochs"})
print(f"mean place {baseline:.5f}; faces held out")

# %% tags=["nbval-ignore-output", "drawing"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.5), sharey=True)
if noses is not None:
    for rate, colour in zip(stored_rates, ("orange", "blue", "green")):
        left.plot(cells.loc[rate].T, color=plotting.COLOURS[colour], lw=0.7, alpha=0.5)
        left.plot(cells.loc[rate].mean(), color=plotting.COLOURS[colour], label=f"rate {rate:g}")
own_colours = "orange", "blue", "sky", "red", "purple", "green"
for ((rate, seed), (_, history)), colour in zip(nets.items(), own_colours):
    label = f"rate {rate:g}, seed {seed}"
    right.plot(history.epoch, history.held_out, color=plotting.COLOURS[colour], label=label)
    right.plot(history.epoch, history.loss, "--", color=plotting.COLOURS[colour], lw=0.9)
titles = "the study: seeds (thin), their mean", "yours"
for axes, title, level in zip((left, right), titles, (usual, baseline)):
    axes.axhline(level, color=plotting.COLOURS["grey"], linestyle=":", label="mean place")
    axes.set(yscale="log", xlabel="epoch", title=title)
left.set_ylabel("MSE (parts of the picture)")
left.legend(loc="upper right", fontsize=9)
right.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=9)
chapter.figure(
    figure,
    "15-a",
    "The nose network: held-out error (solid); of your own runs the training error too (dashed).",
    alt="Left, thin curves of the study's seeds over 50 epochs with their means, one colour a "
    "rate, and a dotted line for the mean place. The curves jump up and down; the mean of the "
    "middle rate ends lowest. Right, three curves of the reader's own over 25 epochs.",
)

# %% [markdown]
# If a run of yours stays near the dotted line, look at its answers. A network that is stuck says nearly the same
# for every face: its spread tells, as in [chapter 14](14_cascade.ipynb).

# %% tags=["nbval-ignore-output"]
for (rate, seed), (network, _) in nets.items():
    spread = answers(network, inputs[held]).std(axis=0) * (80, 60)
    print(f"rate {rate:<7g} seed {seed}: answers spread by {spread[0]:.1f} and {spread[1]:.1f} px")
spread = targets[held].std(axis=0) * (80, 60)
print(f"the noses themselves:  {spread[0]:.1f} and {spread[1]:.1f} px")

# %% [markdown]
# How far does the held-out error jump from one epoch to the next, in the second half of the training?

# %% tags=["nbval-ignore-output"]
for (rate, seed), (_, history) in nets.items():
    ratio = np.exp(np.abs(np.diff(np.log(history.held_out[(EPOCHS - 1) // 2 :]))))
    lowest = history.held_out.idxmin() + 1
    print(f"rate {rate:<7g} seed {seed}: a jump by a factor of {np.median(ratio):.2f} "
          f"(largest {ratio.max():.2f}), lowest at epoch {lowest}")

# %% [markdown]
# DENSE's 0.01 column goes 0.00525, 0.00282, 0.00495. In [Table 15.2](#table-15.2), with that rate, five epochs
# more leave a third of one seed's error and raise another's. One number a cell does not show that 20 epochs are
# right and 25 too many. It shows that the curve is rough.
#
# ## Best and worst
#
# The network of rate 0.001, seed 0, on the faces it has not seen; `other` is the one of seed 1.

# %% tags=["nbval-ignore-output"]
model, other = [network for network, _ in nets.values()][-2:]
RATIO = np.array([80, 60])


def noses_of(network: keras.Model, shown: np.ndarray) -> np.ndarray:
    """The nose tip (n, 2) on inputs (n, 60, 80, 1), in parts of the picture times (80, 60)."""
    return RATIO * answers(network, shown)


unseen, truth = inputs[held], RATIO * targets[held]
predicted = noses_of(model, unseen)
error = np.linalg.norm(predicted - truth, axis=1)
order = np.argsort(error)
print(f"distance: median {np.median(error):.1f}, worst {error.max():.1f} of 80 pixels")

# %% tags=["nbval-ignore-output", "drawing"]
shown = [*order[:2], *order[-2:]]
figure = plotting.show_faces(
    pictures[held][shown], 3 * truth[shown, np.newaxis], 3 * predicted[shown, np.newaxis],
    titles=[f"{error[k]:.1f} px of 80" for k in shown], side=2.3,
)
chapter.figure(
    figure,
    "15-b",
    "The two best (left) and the two worst held-out faces (right). Green: the true nose tip, "
    "red: the predicted one.",
    alt="Four photographs of faces. On the two on the left the red cross lies on the green dot "
    "at the tip of the nose, on the two on the right it is off.",
)

# %% [markdown]
# DENSE looks at such pictures and explains: the light comes from one side; the lips look like the
# shadow of a nose. Both may be so. Both are guesses. Before you guess, look for the dullest
# explanation: **a network that is unsure answers near the mean place.** Then the error is largest where the
# nose is far from the mean, whatever the face looks like.

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(1, 2, figsize=(7.6, 3.2))
slopes = []
for axes, k, name in zip(grid, (0, 1), ("x", "y")):
    ends = np.array([truth[:, k].min(), truth[:, k].max()])
    slope, offset = np.polyfit(truth[:, k], predicted[:, k], 1)
    slopes.append(slope)
    axes.plot(truth[:, k], predicted[:, k], "o", color=plotting.COLOURS["blue"], markersize=4)
    axes.plot(ends, ends, ":", color=plotting.COLOURS["grey"], label="perfect")
    fitted = {"color": plotting.COLOURS["red"], "label": f"slope {slope:.2f}"}
    axes.plot(ends, slope * ends + offset, **fitted)
    axes.set(xlabel=f"true {name} (pixels of 80 by 60)", ylabel=f"predicted {name}")
    axes.legend()
chapter.figure(
    figure,
    "15-c",
    "Predicted against true place of the nose. A slope below 1 is a pull towards the mean.",
    alt="Two scatter plots, across and down, with a dotted diagonal for perfect predictions and a "
    "red line fitted to the points.",
)

# %% tags=["nbval-ignore-output"]
away = np.linalg.norm(truth - RATIO * targets[train].mean(axis=0), axis=1)
print(f"slopes {slopes[0]:.2f} across, {slopes[1]:.2f} down; correlation of a face's error with "
      f"its nose's distance from the mean place: {np.corrcoef(away, error)[0, 1]:+.2f}")

# %% [markdown]
# The slopes show some pull. The correlation hardly does: a pull towards the mean is a small part of these
# errors, and it does not explain the worst faces.
#
# ## An occlusion map
#
# Cover a square of the picture with its mean grey. Does the prediction move? Then the network used
# what was there. Do it for every place of the square, and you have a map.

# %%
PATCH, STEP = 10, chapter.pick(smoke=15, quick=5, paper=5)  # pixels of 80


def covered(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A picture (60, 80, 1) with a square covered, for every place: (p, 60, 80, 1).

    Also the squares' centres (p, 2), pixels.
    """
    corners = [(x, y) for y in range(0, 61 - PATCH, STEP) for x in range(0, 81 - PATCH, STEP)]
    pictures = np.repeat(picture[np.newaxis], len(corners), axis=0)
    for one, (x, y) in zip(pictures, corners):
        one[y : y + PATCH, x : x + PATCH] = picture.mean()
    return pictures, np.array(corners) + (PATCH - 1) / 2


# %% [markdown]
# Two questions, two maps. *How far* does the prediction move? And does it move *towards* the truth?
# A square that helps when it is covered had misled the network.

# %% tags=["nbval-ignore-output"]
def maps(network: keras.Model, which: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of a held-out face: centres (p, 2), movement (p,) and change of the error (p,), pixels."""
    squares, centres = covered(unseen[which])
    before, after = noses_of(network, unseen[which : which + 1]), noses_of(network, squares)
    errors = [np.linalg.norm(p - truth[which], axis=1) for p in (before, after)]
    return centres, np.linalg.norm(after - before, axis=1), errors[1] - errors[0]


examples = [order[0], order[-1]]
drawn = [maps(model, which) for which in examples]

# %% tags=["nbval-ignore-output", "drawing"]
def lay_over(axes: plt.Axes, which: int, centres: np.ndarray, values: np.ndarray,
             **options: str | float) -> matplotlib.image.AxesImage:
    """A map of values (p,) at centres (p, 2) over a held-out face; options of imshow."""
    axes.imshow(unseen[which][..., 0], vmin=-0.5, vmax=0.5)
    axes.set_axis_off()
    columns = len(np.unique(centres[:, 0]))
    half = STEP / 2
    ends = centres[0, 0] - half, centres[-1, 0] + half, centres[-1, 1] + half, centres[0, 1] - half
    drawn = axes.imshow(values.reshape(-1, columns), extent=ends, alpha=0.6, **options)
    axes.plot(*truth[which], "o", color=plotting.TRUE, markersize=4, mec="black", mew=0.4)
    axes.plot(*predicted[which], "x", color=plotting.PREDICTED, markersize=6, mew=1.6)
    axes.set(xlim=(-0.5, 79.5), ylim=(59.5, -0.5))
    return drawn


# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(2, 2, figsize=(7.6, 5.2))
widest = max(np.abs(change).max() for _, _, change in drawn)
for row, which, name, (centres, moves, change) in zip(grid, examples, ("best", "worst"), drawn):
    first = lay_over(row[0], which, centres, moves, cmap="magma", vmin=0, vmax=widest)
    second = lay_over(row[1], which, centres, change, cmap="PuOr", vmin=-widest, vmax=widest)
    row[0].set_title(f"{name} face: how far it moves", fontsize=9.5)
    row[1].set_title(f"{name} face: change of its error", fontsize=9.5)
figure.colorbar(first, ax=grid[:, 0], shrink=0.7, label="pixels of 80")
figure.colorbar(second, ax=grid[:, 1], shrink=0.7, label="pixels of 80")
chapter.figure(
    figure,
    "15-d",
    "What happens to the prediction when a square of 10 by 10 pixels is covered. Right: the error "
    "grows (violet) or falls (orange).",
    alt="Maps laid over the best and the worst held-out face. Bright places on the left are those "
    "whose covering moves the prediction; on the right they are coloured by whether the error "
    "grows or falls.",
)

# %% [markdown]
# The map of the worst face has orange squares. Is the riddle solved, then? Careful. Among a hundred squares, one
# always helps most. A map can tell a story about *any* face.
#
# So ask another network. For each held-out face, take the square that helps the first network most,
# and cover it for one with another seed. If something *in the picture* misleads, that helps the second too.
# If the square was luck of the first, it does not.

# %%
def helped(network: keras.Model, second: keras.Model,
           faces: collections.abc.Iterable[int]) -> pd.DataFrame:
    """A row a face: by how many pixels of 80 covering squares helps the first and the second."""
    rows = []
    for which in faces:
        one, two = maps(network, which)[2], maps(second, which)[2]
        best = one.argmin()
        rows.append((-one[best], -two[best], -two.mean()))
    return pd.DataFrame(rows, columns=["first", "second, same square", "second, any square"])


# %% tags=["nbval-ignore-output"]
some = order[:: chapter.pick(smoke=3, quick=2, paper=1)]
tried = helped(model, other, some)
rows = [{"held-out faces": name, "number": len(part), **part.mean()}
        for name, part in (("all", tried), ("the worse half", tried[len(tried) // 2 :]))]
plotting.show_table(rows, **dict.fromkeys(tried.columns, "{:.2f} px"))

# %% [markdown]
# The first column is always positive: it was chosen to be. Compare the other two. As far as the second network gains
# more by the same square than by any, the square misleads networks in general, and an explanation like DENSE's
# has something to explain. The rest of the first column is the story the map would have told you.

# %% tags=["nbval-ignore-output"]
chosen, same, anywhere = tried.mean()
print(f"of the {chosen:.2f} pixels, {same - anywhere:.2f} are due to the picture")

# %% tags=["guard"]
with chapter.guard("the first column is always positive"):
    assert chosen > 0

# %% [markdown]
# And what does the network look at in general? Lay the maps of many faces over each other, nose on nose.

# %% tags=["nbval-ignore-output"]
offsets, moves = [], []
for which in some:
    centres, movement, _ = maps(model, which)
    offsets.append(centres - truth[which])
    moves.append(movement)
offsets, moves = np.concatenate(offsets), np.concatenate(moves)
edges = np.arange(-45, 46, 6), np.arange(-33, 28, 6)
total, *_ = np.histogram2d(*offsets.T, bins=edges, weights=moves)
count, *_ = np.histogram2d(*offsets.T, bins=edges)
mean_move = np.where(count > 0, total / np.maximum(count, 1), np.nan).T

# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(5.4, 3.6))
ends = edges[0][0], edges[0][-1], edges[1][-1], edges[1][0]
picture = axes.imshow(mean_move, extent=ends, cmap="magma")
axes.plot(0, 0, "o", color=plotting.TRUE, markersize=5, mec="black", mew=0.5)
axes.set(xlabel="right of the nose tip (pixels of 80)", ylabel="below it (pixels of 60)")
axes.grid(False)
figure.colorbar(picture, label="mean movement (pixels)", shrink=0.9)
chapter.figure(
    figure,
    "15-e",
    "How far the prediction moves when a square is covered, by the square's place from the nose.",
    alt="A map centred on the nose tip, marked by a green dot. Bright cells are places whose "
    "covering moves the prediction far, on average over held-out faces.",
)

# %% tags=["nbval-ignore-output"]
distance = np.linalg.norm(offsets, axis=1)
for name, inside in (("within 8 pixels of the tip", distance <= 8),
                     ("8 to 20 pixels away", (distance > 8) & (distance <= 20)),
                     ("farther", distance > 20)):
    print(f"{name:<28}{moves[inside].mean():.2f} px a square, "
          f"{moves[inside].sum() / moves.sum():.0%} of all movement")

# %% [markdown]
# A square on the nose does not count for much more than one elsewhere, and there are many more
# elsewhere. The network places the nose by much more than the nose.

# %% tags=["guard"]
with chapter.guard("most of the movement comes from squares off the nose", quick=True):
    assert moves[distance <= 8].sum() < 0.5 * moves.sum()

# %% [markdown]
# ## A lamp
#
# DENSE's other guess is about light from one side. You can switch such a light on. Multiply the
# grey values by a ramp that is $1 - s$ at the left edge and $1 + s$ at the right one, and watch where
# the prediction goes.

# %%
RAMP = np.linspace(-1, 1, 80)[np.newaxis, :, np.newaxis]


def moved(network: keras.Model, strength: float, mask: float | np.ndarray = 1.0) -> np.ndarray:
    """How far right a lamp on the right moves each held-out prediction, (n,) pixels of 80.

    strength: negative for a lamp on the left. mask: (n, 60, 80, 1), 1 where it shines.
    """
    lit = np.clip((unseen + 0.5) * (1 + strength * RAMP * mask), 0, 1) - 0.5
    return (noses_of(network, lit.astype(np.float32)) - noses_of(network, unseen))[:, 0]


# %% tags=["nbval-ignore-output"]
strengths = np.linspace(-0.6, 0.6, 7)
shifts = {name: np.stack([moved(network, s) for s in strengths])
          for name, network in (("seed 0", model), ("seed 1", other))}

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(1, 2, figsize=(8.2, 3.1), sharey=True)
for axes, (name, shift) in zip(grid, shifts.items()):
    axes.plot(strengths, shift, color=plotting.COLOURS["grey"], lw=0.5, alpha=0.4)
    axes.plot(strengths, shift.mean(axis=1), color=plotting.COLOURS["red"], lw=2.4)
    axes.set(xlabel="lamp: left (-) or right (+)", title=name)
grid[0].set_ylabel("prediction moves right (pixels of 80)")
chapter.figure(
    figure,
    "15-f",
    "A lamp from one side moves the prediction: held-out faces (grey) and their mean (red).",
    alt="Two panels, one for each seed. Thin grey lines for single faces fan out from zero on "
    "both sides, a thick red line shows their mean.",
)

# %% tags=["nbval-ignore-output"]
for name, shift in shifts.items():
    pull = (shift[-1] - shift[0]).mean() / 2
    words = "towards the lamp" if pull > 0 else "away from it"
    print(f"{name}: {abs(pull):.2f} px {words} at a strength of 0.6, on average")
print(f"for comparison, the median error without a lamp: {np.median(error):.2f} px")

# %% [markdown]
# So this guess of DENSE's can be right: light from one side throws the prediction off. Compare its
# size with the usual error.
#
# But DENSE speaks of the *face* being brighter on one side. A lamp lights the wall as well. Light only the
# head (all that lies within the outermost points), or only what is around it.

# %%
def head(places: np.ndarray) -> np.ndarray:
    """(60, 80, 1) float32: 1 within the convex hull of points (m, 2), pixels of 240 by 180."""
    mask = np.zeros((60, 80), np.uint8)
    outline = cv2.convexHull(np.round((places - 1) / 3).astype(np.int32))
    return cv2.fillConvexPoly(mask, outline, 1)[..., np.newaxis].astype(np.float32)


heads = np.stack([head(places) for places in points[held]])
WHERE = {"everywhere": 1.0, "on the head": heads, "around it": 1 - heads}


def pulls(network: keras.Model) -> dict[str, float]:
    """Mean pull of a lamp of strength 0.6, pixels of 80, by where it shines."""
    return {where: float((moved(network, 0.6, mask) - moved(network, -0.6, mask)).mean() / 2)
            for where, mask in WHERE.items()}


# %% tags=["nbval-ignore-output"]
both = {name: pulls(network) for name, network in (("seed 0", model), ("seed 1", other))}
rows = [{"the lamp shines": where, **{name: pull[where] for name, pull in both.items()}}
        for where in WHERE]
plotting.show_table(rows, **{"seed 0": "{:+.2f} px", "seed 1": "{:+.2f} px"})

# %% [markdown]
# Positive means towards the lamp. If only the second row is far from zero, the network reads the shading
# of the face, as DENSE thinks. If the third is too, it also reads how bright it is behind the head.

# %% [markdown]
# ## A frame of another size
#
# All frames so far had one size, so all faces had too. Now cut the held-out faces by frames that are smaller or larger,
# about the same middle. The face itself stays what it is. What a larger frame lacks repeats the edge: a mirror would put a
# second head there.
#
# Before you move the slider, predict: how far from 1 may the size be until the network is worse than the mean place? Is
# a smaller frame as bad as a larger one? And to which side does the red cross go when the face shrinks?

# %%
def framed(images, places, size):
    """Pictures (n, 180, 240) in a frame `size` times as large, and their places (n, 2) there."""
    middle = (SIZE - 1) / 2
    scale = np.array([[1 / size, 0], [0, 1 / size]])
    matrix = np.column_stack([scale, middle - middle / size])
    cut = [cv2.warpAffine(one, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
           for one in images]
    return np.stack(cut), (places - middle) / size + middle


FRAMES = np.round(np.arange(0.6, 1.65, 0.1), 1)


def framed_errors(network, size):
    """Inputs, true and predicted noses of the held-out faces in such a frame, and the errors."""
    cut, places = framed(pictures[held], tip[held], size)
    shown, true = to_inputs(cut, 3), RATIO * (places + 0.5) / SIZE
    guess = noses_of(network, shown)
    return shown, true, guess, np.linalg.norm(guess - true, axis=1)


# %% tags=["drawing", "nbval-ignore-output"]
# Each network in each frame.
by_frame = {name: [framed_errors(one, size) for size in FRAMES]
            for name, one in (("seed 0", model), ("seed 1", other))}
of_frames = {name: [np.median(errors) for *_, errors in looks] for name, looks in by_frame.items()}
constant_error = np.median(np.linalg.norm(tip[held] - tip[train].mean(axis=0), axis=1)) / 3
of_frames["mean place"] = [constant_error / size for size in FRAMES]  # all shrinks with the face


def frame_figure(which):
    """A held-out face in the frame of number `which`, and the errors of all by frame."""
    shown, true, guess, _ = by_frame["seed 0"][which]
    one = order[len(order) // 2]
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.0), width_ratios=[1.2, 1])
    left.imshow(shown[one, ..., 0], cmap="gray", vmin=-0.5, vmax=0.5)
    left.plot(*true[one], "o", color=plotting.TRUE, ms=5, mec="black", mew=0.4)
    left.plot(*guess[one], "x", color=plotting.PREDICTED, ms=7, mew=1.6)
    left.set(xlim=(-0.5, 79.5), ylim=(59.5, -0.5), title="as the network sees it")
    left.set_axis_off()
    for (name, values), colour in zip(of_frames.items(), ("blue", "sky", "grey")):
        right.plot(FRAMES, values, "-", color=plotting.COLOURS[colour], label=name)
    right.plot(FRAMES[which], of_frames["seed 0"][which], "o", color=plotting.COLOURS["red"])
    right.set(xlabel="size of the frame", title="median error (pixels of 80)", ylim=(0, None))
    right.legend(fontsize=8)
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
# The one that moves.
chapter.explore(
    map(frame_figure, range(len(FRAMES))),
    [f"frame of {size:.1f} times the size" for size in FRAMES],
    "15-j",
    "A held-out face in frames of different size, with its nose tip (green) and the network's "
    "answer (red); right the median error of all held-out faces, of two networks and of the mean "
    "place.",
    alt="Left a face that fills the picture in a small frame and shrinks as the frame grows, with "
    "a green dot on the tip of its nose and a red cross that leaves it. Right the median error by "
    "the frame's size: low for both networks at size 1, rising to both sides.",
    start=4,
)

# %% tags=["nbval-ignore-output"]
for name, values in of_frames.items():  # every other size
    print(f"{name:<11}" + ", ".join(f"{size:.1f}: {value:.1f} px"
                                    for size, value in zip(FRAMES[::2], values[::2])))

# %% [markdown]
# All distances shrink with the face, and with them the mean place's error. The networks' errors grow instead: they learned
# noses of faces of one size, and have no way to know that a face can be smaller. To
# give them one, show them other frames while they learn ([exercise 5](#Exercises)), or put every face at one size first
# ([chapter 12](12_demonstration.ipynb)).
#
# ## Five networks asked
#
# Two networks may agree by chance. The stored study puts both questions, the squares and the lamp, to
# five networks of the middle rate after 25 epochs. Each has the next one as its second. It also keeps
# the slopes of [Figure 15-c](#figure-15-c).

# %%
def probe(seed: int) -> pd.DataFrame:
    """Both questions put to one network: a table of one row, pixels of 80."""
    network, second = (trained_nose(0.001, k % 5, 25)[0] for k in (seed, seed + 1))
    found = noses_of(network, unseen)
    row = {f"slope {axis}": np.polyfit(truth[:, k], found[:, k], 1)[0]
           for k, axis in enumerate("xy")}
    row["median error"] = np.median(np.linalg.norm(found - truth, axis=1))
    helps = helped(network, second, range(len(held))).mean()
    return pd.DataFrame([{**row, **helps, **pulls(network)}])


# %%
probes = study("probes", [{"seed": seed} for seed in range(5)], probe)
if probes is not None:
    rows = probes.drop(columns="seed").T.agg(["mean", "min", "max"], axis=1)
    chapter.table(rows.rename_axis("question").reset_index().to_dict("records"), "15.3",
                  f"{len(probes)} networks asked: slopes of Figure 15-c; median error; pixels of "
                  "80 by which covering the best square helps; pull of a lamp of strength 0.6.",
                  mean="{:.2f}", min="{:.2f}", max="{:.2f}")

# %% [markdown]
# Every slope is below 1: all five pull towards the mean, more so down than across. So this dullest of the
# explanations is part of the errors, but a small one.
#
# The best square helps its own network by about a pixel. The next network gains nothing by it, and only a tenth of
# a pixel more than by any square. So what the maps of single faces *say* is, on average, the luck of one
# network. DENSE takes open lips for the cause of one miss. A map of its one network could not have told either.
#
# The lamp is different. All five follow it, even when it shines on the head alone, and then by about as much as their
# usual error. So DENSE's light *can* mislead a network. (That they go *towards* it is no law. If you have IMM's frontal
# pictures, see which way networks go that have learned from those.) Whether it was the light on DENSE's face,
# only that face could tell.

# %% tags=["guard"]
with chapter.guard("the squares were luck, the lamp was not"):
    means = probes.mean()
    assert probes[["slope x", "slope y"]].max(axis=None) < 1
    gained = means["second, same square"] - means["second, any square"]
    assert means["second, same square"] < 0.1 and gained < 0.15 and means["first"] > 0.8
    assert probes["on the head"].min() > 0
    assert 0.7 < means["on the head"] / means["median error"] < 1.3

# %% [markdown]
# ## All points
#
# DENSE's second network has six convolutions and works on 240 by 180. Check its arithmetic again: it says
# 15,808 numbers enter the first dense layer.

# %%
def dense_network(width: int, height: int, outputs: int) -> keras.Model:
    """DENSE part 2: two convolutions with 8, 16 and 32 filters each, dense 528, 256."""
    layers = [keras.layers.Input((height, width, 1))]
    for filters in (8, 16, 32):
        layers.append(keras.layers.Conv2D(filters, 3, activation="relu"))
        layers.append(keras.layers.Conv2D(filters, 3, activation="relu"))
        layers.append(keras.layers.MaxPooling2D(2))
    layers += [keras.layers.Flatten(name="flat"), keras.layers.Dense(528, activation="relu")]
    return keras.Sequential([*layers, keras.layers.Dense(256), keras.layers.Dense(outputs)])


f"{dense_network(240, 180, 116).count_params():,} parameters"

# %% tags=["guard"]
with chapter.guard("15,808 numbers enter the first dense layer"):
    assert dense_network(240, 180, 116).get_layer("flat").output.shape[1] == 15808

# %% [markdown]
# Valid padding again. And a curiosity: DENSE names no activation between the last two dense layers. If there
# was none, they are one linear layer in two pieces, with fewer weights only if 256 is small enough.
# [Exercise 2](#Exercises) asks.
#
# To have more faces, DENSE changes the light by up to 50%, turns by up to 20 degrees and shifts by up
# to 10 pixels. It does not flip: a flip would need to know which point is the twin of which, and no file
# says that. [Exercise 3](#Exercises) finds the twins.
#
# `augment` turns about the centre of a 96 by 96 picture. Move your centre there, turn, and move back;
# as matrices that is one product, and one resampling ([chapter 07](07_augmentation.ipynb)).

# %%
def changed(images: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> augment.Pair:
    """DENSE part 2's changes: jitter, turn, shift. (n, 180, 240) uint8 and (n, m, 2) pixels."""
    n = len(images)
    images, places = augment.jitter(images, places, 0.5, rng)
    centre = (SIZE - 1) / 2 - augment.CENTRE
    turn = augment.translation(*centre) @ augment.rotation(rng.uniform(-20, 20, n))
    shift = augment.translation(rng.uniform(-10, 10, n), rng.uniform(-10, 10, n))
    return augment.warp(images, places, shift @ turn @ augment.translation(*-centre))


# %% tags=["nbval-ignore-output", "drawing"]
def draw_points(axes: plt.Axes, picture: np.ndarray, true: np.ndarray,
                guess: np.ndarray | None = None, title: str = "") -> None:
    """A face with many points: true ones green, predicted ones red, small."""
    plotting.draw_face(axes, picture, title=title)
    axes.plot(*true.T, ".", color=plotting.TRUE, markersize=3)
    if guess is not None:
        axes.plot(*guess.T, "x", color=plotting.PREDICTED, markersize=3, mew=0.8)


first = train[:1].repeat(4)
images, places = changed(pictures[first], points[first], np.random.default_rng(3))
figure, grid = plt.subplots(1, 4, figsize=(9.6, 1.9))
for axes, picture, true in zip(grid, images, places):
    draw_points(axes, picture, true)
chapter.figure(
    figure,
    "15-g",
    "One photograph as DENSE's network would see it in four epochs, with its points.",
    alt="The same face four times, turned, shifted and lit differently; the green points lie on "
    "its brows, eyes, nose, mouth and outline in all four.",
)

# %% [markdown]
# At full size an epoch takes seconds, and DENSE trained 200 of them. The quick profile halves the
# picture's sides and trains a few, without the changes: they cost epochs before they pay. *paper* does
# what DENSE did.

# %% tags=["nbval-ignore-output"]
FACTOR = chapter.pick(smoke=2, quick=2, paper=1)
POINT_EPOCHS = chapter.pick(smoke=1, quick=16, paper=200)


def trained_points(seed: int, augmented: bool, epochs: int,
                   factor: int) -> tuple[keras.Model, list[np.ndarray], pd.DataFrame]:
    """A network for all points, its first layers' starting weights, and its history."""
    keras.utils.set_random_seed(seed)
    network = dense_network(WIDTH // factor, HEIGHT // factor, 2 * points.shape[1])
    start = filters_of(network)
    change = changed if augmented else None
    return network, start, fit(network, 0.001, epochs, seed, pictures, points, factor, change)


def filters_of(network: keras.Model) -> list[np.ndarray]:
    """The weights of the first two convolutions: (3, 3, inputs, filters) each."""
    convolutions = [one for one in network.layers if isinstance(one, keras.layers.Conv2D)]
    return [keras.ops.convert_to_numpy(one.kernel) for one in convolutions[:2]]


def points_of(network: keras.Model, factor: int) -> np.ndarray:
    """Points (n, m, 2) on the held-out faces, pixels of 240 by 180."""
    found = answers(network, to_inputs(pictures[held], factor))
    return found.reshape(len(held), -1, 2) * SIZE - 0.5


network, start, history = trained_points(0, PROFILE != "quick", POINT_EPOCHS, FACTOR)

# %% tags=["nbval-ignore-output"]
found = points_of(network, FACTOR)
mean_points = points[train].mean(axis=0)
table = []
for name, guess in (("mean points", np.broadcast_to(mean_points, found.shape)), ("network", found)):
    off = np.linalg.norm(guess - points[held], axis=2)
    table.append({"prediction": name, "mean distance": off.mean(), "worst face": off.mean(1).max()})
plotting.show_table(table, **{"mean distance": "{:.2f} px", "worst face": "{:.2f} px"})
print(f"pixels of {WIDTH}, held-out faces, {POINT_EPOCHS} epochs")

# %% tags=["guard"]
with chapter.guard("the network beats the mean points", quick=True):
    assert table[1]["mean distance"] < table[0]["mean distance"]

# %% tags=["nbval-ignore-output", "drawing"]
off = np.linalg.norm(found - points[held], axis=2).mean(axis=1)
ranked = np.argsort(off)
shown = [*ranked[:2], *ranked[-2:]]
figure, grid = plt.subplots(2, 2, figsize=(8.0, 6.4))
for axes, k in zip(grid.flat, shown):
    draw_points(axes, pictures[held][k], points[held][k], found[k], f"{off[k]:.1f} px of 240")
chapter.figure(
    figure,
    "15-h",
    "All points: the two best (above) and the two worst held-out faces (below).",
    alt="Four faces with true points in green and predicted points in red. Below, the red "
    "points keep the form of a face but lie beside the green ones.",
)

# %% [markdown]
# ## What is an error made of?
#
# DENSE explains its two worst faces: a hand was taken for a part of the head, or big hair was, so the
# network put the *centre of the face* in the wrong place. That can be tested without looking at hands or hair.
# If it is so, the error is a common shift. Take the predicted points and allow them in turn: a shift; a
# shift, a turn and a change of size (the best ones, by least squares). What is left is wrong *shape*.

# %%
def made_of(guess: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """Shares of the squared error of points (m, 2): place, turn and size, shape."""
    a, b = (p.astype(np.float64) @ (1, 1j) for p in (guess, true))  # points as complex numbers
    total = np.sum(np.abs(a - b) ** 2)
    a, b = a - a.mean(), b - b.mean()
    placed = np.sum(np.abs(a - b) ** 2)
    # One complex factor turns and scales: the least-squares one.
    factor = np.vdot(a, b) / np.vdot(a, a)
    shape = np.sum(np.abs(factor * a - b) ** 2)
    return 1 - placed / total, (placed - shape) / total, shape / total


# %% tags=["guard"]
with chapter.guard("a shift is place alone, a doubling is turn and size alone"):
    square = np.array([(0.0, 0), (1, 0), (1, 1), (0, 1)])
    assert np.allclose(made_of(square + np.array([3, 4]), square), (1, 0, 0))
    assert np.allclose(made_of(2 * square - 0.5, square), (0, 1, 0))

# %% tags=["nbval-ignore-output"]
split_errors = np.array([made_of(guess, true) for guess, true in zip(found, points[held])])
worst = ranked[-len(ranked) // 4 :]
rows = [{"held-out faces": name, "place": part[:, 0].mean(), "turn and size": part[:, 1].mean(),
         "shape": part[:, 2].mean()}
        for name, part in (("all", split_errors), ("the worst quarter", split_errors[worst]))]
plotting.show_table(rows, place="{:.0%}", shape="{:.0%}", **{"turn and size": "{:.0%}"})

in_place = split_errors[worst, 0].mean()
print(f"the worst faces are wrong in place by {in_place:.0%} of the squared error")

# %% tags=["guard"]
with chapter.guard("place, turn and size, and shape are the whole error"):
    assert np.allclose(split_errors.sum(axis=1), 1)

# %% [markdown]
# Read the last row. The larger its first number, the more DENSE's worst faces are the rule: the
# network knows what a face looks like and misses where it is. *Why* it misses is another question;
# [exercise 4](#Exercises) takes the occlusion map to it.
#
# ## Were the changes worth it?
#
# DENSE changed its pictures because it had few, and does not say what that gained. The stored study trains
# both ways: three seeds, 60 epochs, pictures of half size. It also splits the errors, and compares
# the filters with their start; of that more below.

# %%
def studied(seed: int, augmented: bool) -> pd.DataFrame:
    """One training of the study of all points: a table of one row."""
    network, start, history = trained_points(seed, augmented, 60, 2)
    found = points_of(network, 2)
    off = np.linalg.norm(found - points[held], axis=2).mean(axis=1)
    shares = np.array([made_of(guess, true) for guess, true in zip(found, points[held])])
    worst = np.argsort(off)[-len(off) // 4 :]
    row = {"training": history.loss.iloc[-1], "held_out": history.held_out.iloc[-1],
           "mean_px": off.mean(), "worst_px": off.max()}
    for name, part in (("all", shares), ("worst", shares[worst])):
        row |= dict(zip((f"{name}_place", f"{name}_turn", f"{name}_shape"), part.mean(axis=0)))
    for name, before, after in zip(("first", "second"), start, filters_of(network)):
        row[f"{name}_alike"] = np.corrcoef(before.ravel(), after.ravel())[0, 1]
    return pd.DataFrame([row])


runs = [{"seed": seed, "augmented": augmented} for seed in range(3) for augmented in (True, False)]
long = study("points", runs, studied)

# %%
if long is not None:
    names = {"augmented": "changed", "training": "training MSE", "held_out": "held-out MSE",
             "mean_px": "mean distance", "worst_px": "worst face", "worst_place": "place",
             "worst_turn": "turn and size", "worst_shape": "shape"}
    rows = long.sort_values(["augmented", "seed"])[["seed", *names]].rename(columns=names)
    digits = dict.fromkeys(list(names.values())[1:3], "{:.6f}")
    digits |= dict.fromkeys(list(names.values())[3:5], "{:.2f} px")
    digits |= dict.fromkeys(list(names.values())[5:], "{:.0%}")
    away = np.linalg.norm(points[all_held] - points[all_train].mean(axis=0), axis=2).mean()
    chapter.table(rows.to_dict("records"), "15.4", "All points, 60 epochs at half size, with "
                  f"DENSE's changes and without; the mean points make {away:.2f} px. The last "
                  "three columns split the worst quarter's squared error.", **digits)

# %% [markdown]
# After 60 epochs the changes have *cost* something, with every seed. That does not say that they are bad. With them
# the training error is higher too: those networks are still learning. And without them the faces held out are
# not much harder than the faces learned from, so there is little yet that changes could cure. DENSE
# trained for 200 epochs. A short study shows the price of the changes and not what they buy ([chapter 07](07_augmentation.ipynb) follows
# both curves until they cross).
#
# The last columns weigh DENSE's explanation. Of the worst faces' error about half is place. So a
# misplaced centre is half of the story, and wrong shape nearly a third.

# %% tags=["guard"]
with chapter.guard("after 60 epochs the changes have cost; half of the worst error is place"):
    by_way = long.pivot(index="seed", columns="augmented", values=["held_out", "training"])
    assert (by_way["held_out"][True] > by_way["held_out"][False]).all()
    assert (by_way["training"][True] > 2 * by_way["training"][False]).all()
    assert long.worst_place.between(0.4, 0.65).all()
    assert 0.25 < long.worst_shape.mean() < 0.35

# %% [markdown]
# ## The filters
#
# DENSE closes its part with pictures of the filters: eight in the first layer, eight times eight in the second.
# Here are yours.

# %% tags=["nbval-ignore-output", "drawing"]
kernels = filters_of(network)
widest = np.abs(np.concatenate([kernel.ravel() for kernel in kernels])).max()
figure, grid = plt.subplots(1, 2, figsize=(7.2, 3.6))
for axes, kernel, title in zip(grid, kernels, ("first layer", "second layer, a column a filter")):
    height, width, of_inputs, filters = kernel.shape
    lines = of_inputs if of_inputs > 1 else np.gcd(4, filters)
    tiles = kernel.reshape(height, width, lines, -1)
    padded = np.pad(tiles, ((0, 1), (0, 1), (0, 0), (0, 0)), constant_values=np.nan)
    sheet = padded.transpose(2, 0, 3, 1).reshape(lines * (height + 1), -1)
    axes.imshow(sheet[:-1, :-1], cmap="PuOr", vmin=-widest, vmax=widest)
    axes.set_title(title)
    axes.set_axis_off()
chapter.figure(
    figure,
    "15-i",
    "The 3x3 filters of the first two layers: orange negative, violet positive.",
    alt="Left eight small squares of nine cells, right a grid of eight by eight such squares. No "
    "picture of an eye or a nose can be made out in any of them.",
)

# %% [markdown]
# What can be learned from nine cells? Compare them with the random numbers they started from.

# %% tags=["nbval-ignore-output"]
for name, before, after in zip(("first", "second"), start, kernels):
    alike = np.corrcoef(before.ravel(), after.ravel())[0, 1]
    by = np.linalg.norm(after - before) / np.linalg.norm(before)
    print(f"{name} layer: correlation with its start {alike:.2f}, moved by {by:.0%} of its size")

# %% [markdown]
# And in the stored study, after more epochs:

# %%
if long is not None:
    for name in ("first", "second"):
        alike = long[f"{name}_alike"]
        print(f"{name} layer: correlation {alike.min():.3f} to {alike.max():.3f}")

# %% tags=["guard"]
with chapter.guard("the filters hardly moved"):
    assert long[["first_alike", "second_alike"]].min(axis=None) > 0.98

# %% [markdown]
# A high correlation means that the picture shows mostly the draw of the first minute, not the faces. A
# pattern you see in such a filter may have been there before the first face came. Only the comparison
# tells.
#
# ## What you saw
#
# - 960 and 15,808 inputs fix the padding that DENSE does not name.
# - Four numbers of epochs are four looks at one curve. The curve is rough, so one number a cell says little.
# - The highest rate left four networks of five near a constant, and made the fifth the best of all.
# - Without the error of the mean place, a loss of 0.00216 cannot be judged.
# - An occlusion map always has a story for you. Ask a second network, with the same square: here the story was
#   not in the picture.
# - A lamp moved five networks of five towards it: what DENSE guesses of one face can happen.
# - The network finds a nose by more than the nose.
# - An error of many points splits into place, turn and size, and shape. The split tests an explanation.
# - Changing the pictures costs epochs first. A study that stops early shows only that.
# - Filters of nine cells must be compared with their start before one sees anything in them.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. What is a tip worth?** (easy) DENSE's loss of 0.00216 is a mean over x and y, in parts of the width and of the
# height. How many pixels is the root-mean-square *distance* on a picture of 80 by 60?

# %% tags=["answer"]
answer_1 = ...  # a distance in pixels of 80 by 60

# %% tags=["check"]
@chapter.check("a distance in pixels", "turn x and y into pixels, each by itself; then Pythagoras")
def check_1(answer):
    """The distance behind DENSE's smallest loss, to a tenth of a pixel."""
    if abs(answer - 80 * 0.00216**0.5) < 0.05:
        return "that is x alone; y has an error too"
    return bool(abs(answer - np.sqrt(0.00216 * (80**2 + 60**2))) < 0.1)


check_1(answer_1)

# %% tags=["solution"]
answer_1 = (0.00216 * 80**2 + 0.00216 * 60**2) ** 0.5
check_1(answer_1)
# Less than five of eighty pixels. It sounds good, until one knows what the mean place makes.

# %% [markdown]
# **2. Two layers in one** (medium). If nothing stands between DENSE's layers of 256 and of 116 units, they act as one
# linear layer from 528 to 116. How many weights (with offsets) do the two have more than the one? And how many units
# may the first of them have at most, so that the two have fewer?

# %% tags=["answer"]
answer_2 = ...  # two whole numbers: weights more, and units at most

# %% tags=["check"]
@chapter.check("two whole numbers", "a dense layer has (inputs + 1) * units numbers")
def check_2(answer):
    """The surplus of two linear layers over one, and the widest that saves weights."""
    def numbers(*units):
        layers = [keras.layers.Input((528,)), *map(keras.layers.Dense, units)]
        return keras.Sequential(layers).count_params()

    surplus = numbers(256, 116) - numbers(116)
    if answer[0] == 528 * 256 + 256 * 116 - 528 * 116:
        return "each unit has an offset as well"
    units = int(answer[1])
    saves = numbers(units, 116) < numbers(116) <= numbers(units + 1, 116)
    return bool(answer[0] == surplus and saves and units == answer[1])


check_2(answer_2)

# %% tags=["solution"]
more = (528 + 1) * 256 + (256 + 1) * 116 - (528 + 1) * 116
most_units = ((528 + 1) * 116 - 116 - 1) // (528 + 1 + 116)
answer_2 = (more, most_units)
check_2(answer_2)
# Two linear layers pay only as a bottleneck. An activation between them is what 256 units are for.

# %% [markdown]
# **3. Twins** (hard). To flip a picture you must know each point's twin. Find them from the mean points
# alone: mirror them about the middle line of the face, and see which point comes to lie on which.
# What property must your answer have, if it is right? (Where lips are closed, two points lie on each
# other. Then the mean cannot say whose twin is whose. And a few may have lost their twin at the frame.)

# %% tags=["answer"]
answer_3 = ...  # an array (m,) of whole numbers: the number of each point's twin

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("an array (m,) of whole numbers", "the middles of all pairs stand in a line")
def check_3(answer):
    """Whether twin (m,) sends every point to its mirror point and back."""
    twin = np.asarray(answer)
    if not np.array_equal(twin[twin], np.arange(len(mean_points))):
        return "the twin of a point's twin must be the point"
    middles = (mean_points + mean_points[twin])[:, 0] / 2
    return bool(np.mean(np.abs(middles - np.median(middles)) < 0.02 * WIDTH) > 0.95)


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
def twins(places):
    """For points (m, 2): those that lie on each other when mirrored, the closest pairs first."""
    middle = places[:, 0].mean()
    for _ in range(3):  # the middle line gets better when it is taken from the twins
        mirrored = places * (-1, 1) + (2 * middle, 0)
        gaps = np.linalg.norm(mirrored[:, np.newaxis] - places, axis=2)
        twin = np.full(len(places), -1)
        for pair in zip(*np.unravel_index(np.argsort(gaps, axis=None), gaps.shape)):
            if twin[pair[0]] < 0 and twin[pair[1]] < 0:
                twin[pair[0]], twin[pair[1]] = pair[1], pair[0]
        middle = np.median((places + places[twin])[:, 0]) / 2
    return twin


answer_3 = twins(mean_points)
check_3(answer_3)
print(f"{np.count_nonzero(answer_3 == np.arange(len(answer_3)))} points are their own twins")
# With the twins a flip is allowed, and the faces are twice as many. DENSE left that out.

# %% [markdown]
# **4. Your figure** (medium). Hair and hands: what moves the *middle of all points*? `hidden` are copies of a held-out face, each
# with one square covered. Complete three lines: the middle of the network's points on the plain face, the middles on
# all of `hidden`, and how far each has moved. Predict first where the map is bright. Compare with [Figure 15-e](#figure-15-e).

# %% tags=["answer"]
middling = to_inputs(pictures[held][ranked[len(ranked) // 2]][np.newaxis], FACTOR)
side = 30 // FACTOR  # of a square, pixels of the input
corners = [(y, x) for y in range(0, 180 // FACTOR, side) for x in range(0, 240 // FACTOR, side)]
hidden = middling.repeat(len(corners), axis=0)
for one, (y, x) in zip(hidden, corners):
    one[y : y + side, x : x + side] = middling.mean()
middle_plain = ...  # (2,): from answers(network, middling), pixels of 240 by 180
middle_hidden = ...  # (p, 2): from answers(network, hidden)
shift_map = ...  # (p,): the distance of each of these from middle_plain
answer_4 = (middle_plain, middle_hidden, shift_map)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "reshape to (n, -1, 2), times SIZE, then the mean")
def check_4(answer):
    """How far covering each square moves the middle of all points, drawn."""
    right = [(answers(network, shown).reshape(len(shown), -1, 2) * SIZE).mean(axis=1)
             for shown in (middling, hidden)]
    shifts_right = np.linalg.norm(right[1] - right[0], axis=1)
    values = np.asarray(answer[2], float).reshape(6, 8)
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    ends = -0.5, 240 / FACTOR - 0.5, 180 / FACTOR - 0.5, -0.5
    axes.imshow(middling[0, ..., 0], cmap="gray")
    drawn = axes.imshow(values, cmap="magma", extent=ends, alpha=0.6)
    axes.set_axis_off()
    figure.colorbar(drawn, label="the middle moves (pixels of 240)")
    chapter.figure(figure, "Your figure", "What moves all points together.", private=True,
                   alt="A map of six by eight squares over a face, as you computed it: bright "
                   "where covering moves the middle of all points far.")
    return bool(np.allclose(values.ravel(), shifts_right, atol=0.05))


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
middle_plain, middle_hidden = (
    (answers(network, shown).reshape(len(shown), -1, 2) * SIZE).mean(axis=1)
    for shown in (middling, hidden))
middle_plain = middle_plain[0]
shift_map = np.linalg.norm(middle_hidden - middle_plain, axis=1)
answer_4 = (middle_plain, middle_hidden, shift_map)
check_4(answer_4)
far = shift_map.argmax()
print(f"farthest, by {shift_map[far]:.1f} px of 240, for the square in row {far // 8 + 1} of 6, "
      f"column {far % 8 + 1} of 8")
# One face and one network: a map with a story. To tell DENSE's, ask a second network as above.

# %% [markdown]
# **5. Frames of all sizes** (hard). Train the nose network of rate 0.001 anew, for `EPOCHS`, on frames of a size drawn for each batch
# between 0.7 and 1.4: write a `change(images, places, rng)` for `fit`, with `framed`. Predict first: what does it gain in a frame of 1.4,
# and what does it cost in one of 1? Answer with the network and its median error (`framed_errors`) at 1.4 and at 1.

# %% tags=["answer"]
my_nose = ...  # the trained network
error_wide = ...  # its median error in frames of 1.4, pixels of 80
error_usual = ...  # and in frames of 1
answer_5 = (my_nose, error_wide, error_usual)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a network and two errors in pixels", "np.median(framed_errors(my_nose, size)[3])")
def check_5(answer):
    """Whether it is another network than before, and whether the two errors are its own."""
    network, *said = answer
    if any(network is old for old in (model, other)):
        return "that network has seen one size of frame: train a new one"
    if not getattr(network, "optimizer", None) or int(network.optimizer.iterations) == 0:
        return "that network has not been trained"
    right = [np.median(framed_errors(network, size)[3]) for size in (1.4, 1.0)]
    if np.allclose(said[::-1], right, atol=0.05):
        return "the other way round: first 1.4, then 1"
    return bool(np.allclose(said, right, atol=0.05))


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
def any_frame(images, places, rng):
    """A batch in a frame of a random size."""
    return framed(images, places, rng.uniform(0.7, 1.4))


keras.utils.set_random_seed(0)
my_nose = nose_network()
fit(my_nose, 0.001, EPOCHS, 0, pictures, tip, 3, any_frame)
for name, one in (("one size", model), ("sizes 0.7 to 1.4", my_nose)):
    print(f"{name:<17}" + ", ".join(f"{size}: {np.median(framed_errors(one, size)[3]):.1f} px"
                                    for size in (0.8, 1.0, 1.4)))
error_wide, error_usual = (np.median(framed_errors(my_nose, size)[3]) for size in (1.4, 1.0))
answer_5 = (my_nose, error_wide, error_usual)
check_5(answer_5)
# Larger errors in every frame, and more alike: it has more to learn, and as many epochs for it.
# Give it four times as many before you judge; changes cost epochs first.

# %% [markdown]
# **6. What a constant does wrong** (easy). Let `mean_points` be the prediction for every held-out face. Predict first: of its squared
# error, how much is place, how much turn and size, how much shape? Then ask `made_of` and take the mean over the faces.

# %% tags=["answer"]
answer_6 = ...  # three shares: place, turn and size, shape

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("three shares", "made_of(mean_points, points[held][k]) for every k, then the mean")
def check_6(answer):
    """The parts of the mean points' error on the held-out faces."""
    right = np.mean([made_of(mean_points, true) for true in points[held]], axis=0)
    if np.allclose(answer, split_errors.mean(axis=0), atol=0.002):
        return "those are the network's"
    return bool(np.allclose(answer, right, atol=0.005))


check_6(answer_6)

# %% tags=["solution", "nbval-ignore-output"]
answer_6 = np.mean([made_of(mean_points, true) for true in points[held]], axis=0)
print("mean points", np.round(answer_6, 2), " network", np.round(split_errors.mean(axis=0), 2))
check_6(answer_6)
# A constant does not look, and errs most in place. What training removes first is just that.

# %% [markdown]
# **7. Where is the face?** (open) Which is the better way to teach the network *where* the face is: DENSE's shifts of 10
# pixels, larger ones, or a detector ([chapter 12](12_demonstration.ipynb)) that puts the face in the middle? Predict, and say first how you
# will measure it.

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for one measure for all ways: distance in pixels of the *original* picture, on the same held-out people. One for
# the split by `made_of`, since place is what should fall. One for counting faces that the detector does not find. One for three
# seeds. **Expected**: the detector takes most of the error of place away, and adds its own misses; larger shifts cost epochs, and pay
# only in long trainings.
