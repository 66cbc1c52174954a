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
# # 04 The multi-layer perceptron
#
# You put two layers of hidden neurons between the pixels and the outputs. The thesis calls this
# network **Second**. You train it twice, with plain gradient descent and with Adam, and find out
# what the change of optimiser is worth.
#
# **You can afterwards**
# - collapse layers without activation into one, and tell what ReLU prevents (exercise 2, question 1);
# - compute how many numbers a network and its optimiser hold, and what a narrow layer can tell (exercises 1 and 3);
# - draw what a start does to the signal, layer by layer, and choose one (exercises 5 and 6);
# - choose a learning rate by measurement, and read what it means under Adam (exercise 7, questions 2 and 4);
# - count dead neurons, and name what kills them (exercise 4, question 3).
#
# **Needs** chapters [01a](01a_neurons.ipynb) to [03](03_linear.ipynb). **Takes** about 120 minutes to study, and a minute of two cores (profile *quick*).
# **Figures** 3.4, 4.2, 4.3, 04-a to 04-f.
#
# **Tables** 04.1.

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
from matplotlib import ticker

from fkd_utils import data, evaluation, models, plotting, training


chapter = plotting.Chapter("04", PROFILE, DATA, SEED)

# %% tags=["nbval-ignore-output"]
splits = data.load(DATA, SEED, chapter.limit)
x, y = data.to_inputs(splits.train.images), data.to_targets(splits.train.keypoints)
print(f"x {x.shape}, y {y.shape}")

# %% [markdown]
# ## Two linear layers are one
#
# Suppose you put a second linear layer behind the first, and nothing in between:
#
# $$\hat y = (x W_1 + b_1)\, W_2 + b_2 = x\,(W_1 W_2) + (b_1 W_2 + b_2)$$
#
# The right side is again a picture times one matrix, plus one offset. Check it with numbers.
# A network of two layers, 9216-300-30, without activation, has almost 2.8 million weights.

# %%
keras.utils.set_random_seed(SEED)
two = keras.Sequential(
    [
        keras.layers.Input((96, 96, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(300, bias_initializer="glorot_normal"),
        keras.layers.Dense(30, bias_initializer="glorot_normal"),
    ]
)
w1, b1, w2, b2 = two.get_weights()
w, b = w1 @ w2, b1 @ w2 + b2
print(f"{two.count_params():,} parameters, collapsed into {w.size + b.size:,}")

# %%
flat = x[:64].reshape(64, -1)
difference = np.abs(two(x[:64]).numpy() - (flat @ w + b)).max()
print(f"the answers differ by at most {difference:.0e}" if difference < 1e-4 else "they differ")

# %% [markdown]
# The collapsed network has as many parameters as First, and gives the same answers up to rounding.
# The hidden layer brought nothing. This holds for ten linear layers as well.
#
# An activation between the layers prevents the collapse. ReLU, $\max(0, z)$, is enough: below zero
# it is flat, above zero it has slope 1, and no single matrix can do both.
#
# **Predict.** Double a picture's grey values. What happens to the difference between the output
# and the output for black, without ReLU, and with it (and with offsets $b$ that are not zero)?

# %%
bent = keras.models.clone_model(two)
bent.layers[1].activation = keras.activations.relu
bent.set_weights(two.get_weights())
for name, network in (("linear", two), ("ReLU", bent)):
    black, once, twice = (network(factor * x[:1]).numpy() for factor in (0, 1, 2))
    doubled = np.allclose(twice - black, 2 * (once - black), atol=1e-3)
    print(f"{name:<8}twice the input gives twice the change: {doubled}")

# %% [markdown]
# The network with ReLU answers out of proportion. Such a network can treat a dark place in one
# face differently from the same dark place in another. A linear one cannot.

# %% [markdown]
# ## Second
#
# Second has 300 neurons in its first hidden layer and 150 in its second. Both use ReLU. The output
# layer has no activation, since targets may be negative.

# %%
def second():
    """Second, with the same first weights each time; not yet compiled."""
    keras.utils.set_random_seed(SEED)
    return keras.Sequential(
        [
            keras.layers.Input((96, 96, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(150, activation="relu"),
            keras.layers.Dense(30),
        ],
        name="second",
    )


model = second()

# %%
chapter.figure(
    plotting.draw_network(model),
    "3.4",
    "Second: two hidden layers between the pixels and the outputs.",
    alt="Four columns of nodes: 9216 input pixels, 300 and 150 hidden neurons with ReLU, 30 "
    "outputs. Every node is joined to every node of the next column.",
)

# %% tags=["guard"]
with chapter.guard("Second has 2,814,780 parameters, here and in later chapters"):
    assert model.count_params() == models.second().count_params() == 2_814_780

# %% [markdown]
# **Predict.** Which of the three layers holds most of the parameters, and what share?

# %%
for layer in model.layers:
    if isinstance(layer, keras.layers.Dense):
        share = layer.count_params() / model.count_params()
        print(f"{tuple(layer.kernel.shape)!s:<13}{layer.count_params():>10,}{share:8.1%}")

# %% [markdown]
# Nearly all of them sit between the pixels and the first hidden layer. Each of the 300 neurons has
# a weight of its own for every pixel. [Chapter 05](05_strided_cnn.ipynb) attacks exactly this number.

# %% [markdown]
# ## How wide should a layer be?
#
# You can try widths without training. Draw the weights of one hidden layer at random and leave them so.
# Only the output layer is computed, by least squares, which gives the lowest training error that there is. 300
# faces learn, with the mean picture subtracted.
#
# **Predict.** The training error falls with every neuron. With 300 neurons there is one for each face, and all 300 faces can
# be met exactly. What does the error on *other* faces do up to there? And beyond? Then move the slider: each width
# adds its piece to the curves.

# %%
learners = np.random.default_rng(SEED).permutation(len(x))[:300]
widths = sorted({1, 3, 10, 30, 60, 100, 150, 200, 250, 280, len(learners),
                 320, 350, 400, 500, 700, 1000, 1500, 2000, 3000})
random_weights = np.random.default_rng(SEED).normal(0, np.sqrt(2 / 9216), (9216, widths[-1]))


def random_layer(inputs):
    """A column of ones, and the answers of 3000 ReLU neurons that never learn."""
    centred = (inputs - x.mean(axis=0)).reshape(len(inputs), -1).astype(np.float64)
    return np.hstack([np.ones((len(inputs), 1)), np.maximum(0, centred @ random_weights)])


learner_units = random_layer(x[learners])
other_units = random_layer(data.to_inputs(splits.validation.images))
other_targets = data.to_targets(splits.validation.keypoints)

# %%
width_errors, other_answers = [], []
for width in widths:
    part = learner_units[:, : width + 1]
    outputs = np.linalg.lstsq(part, y[learners].astype(np.float64))[0]
    other_answers.append(other_units[:, : width + 1] @ outputs)
    width_errors.append((np.mean((part @ outputs - y[learners]) ** 2),
                         np.mean((other_answers[-1] - other_targets) ** 2)))

# %% tags=["drawing"]
def width_figure(step):
    """Both errors up to a width, and the answer to one validation face."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=[1.25, 1])
    for values, colour, label in zip(np.array(width_errors).T, ("orange", "blue"),
                                     ("faces that learn", "other faces")):
        left.plot(widths[: step + 1], values[: step + 1], "o-", ms=3.5, label=label,
                  color=plotting.COLOURS[colour])
    left.axvline(len(learners), color=plotting.COLOURS["grey"], ls=":", label="as many as faces")
    left.set(xscale="log", yscale="log", xlim=(0.8, 4000), ylim=(1e-5, 20),
             xlabel="hidden neurons", ylabel="MSE")
    left.legend(fontsize=8, loc="upper left")
    found = data.to_pixels(other_answers[step])
    plotting.draw_face(right, splits.validation.images[0], splits.validation.keypoints[0],
                       found[0], f"width {widths[step]}")
    right.set(xlim=(-0.5, 95.5), ylim=(95.5, -0.5))
    right.grid(False)
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(width_figure, range(len(widths))),
    [f"{width} neurons" for width in widths],
    "04-f",
    "A hidden layer that never learns, by its width: error on the faces that learn and on others, "
    "and the answer (red) to a face that did not learn.",
    alt="Left two curves by width, both axes logarithmic. The error of the faces that learn falls "
    "and reaches zero where there are as many neurons as faces. The error of other faces first "
    "falls a little, then rises steeply to a peak there, and falls again beyond. Right a face: "
    "at the peak its red crosses are scattered, on both sides of it they form a face.",
    start=widths.index(100),
)

# %% tags=["guard"]
with chapter.guard("other faces: down, a peak at one neuron a face, down again", quick=True):
    others_mse = np.array(width_errors)[:, 1]
    peak = widths.index(len(learners))
    assert others_mse.argmax() == peak and others_mse[peak] > 10 * others_mse[-1]
    assert others_mse[:peak].min() < others_mse[0]

# %% [markdown]
# Up to a point more neurons help. Then the layer begins to spend its freedom on what only these 300 faces have: it
# **overfits**. Where there are as many neurons as faces, just one set of output weights meets them all, whatever its size, and
# on another face it fails completely.
#
# Beyond, many sets meet them all, and least squares takes the smallest. It gets smaller, and tamer, with every neuron. This second way
# down is called **double descent**. So "too many weights" is not the same as "overfits". Networks that learn all their
# weights stop earlier, or are held back, and need not show the peak.

# %% [markdown]
# ## How large should weights be at the start?
#
# Zero is no start for a hidden layer: all its neurons would stay the same for ever. So weights
# start at random. Their size matters, because each layer multiplies the spread of the numbers
# that pass through it. A sum of $n$ inputs with weights of variance $v$ has variance $n v$ times
# the mean squared input. Two rules keep this in check:
#
# - **Glorot**: $v = 2 / (n_\text{in} + n_\text{out})$, the default of Keras;
# - **He**: $v = 2 / n_\text{in}$, made for ReLU, which throws half of the squares away.
#
# Send the faces through ten layers of 300 ReLU neurons and write down the spread after each. The
# third start is an unlucky one: standard deviation 0.01.

# %%
def spread_by_layer(variance, layers=10):
    """variance: a function of n_in and n_out. Root mean square after each layer."""
    rng = np.random.default_rng(SEED)
    signal, spreads = x[:100].reshape(100, -1), []
    for _ in range(layers):
        n = signal.shape[1]
        scale = variance(n, 300) ** 0.5
        weights = scale * rng.standard_normal((n, 300), dtype=np.float32)
        signal = np.maximum(0, signal @ weights)
        spreads.append(float(np.sqrt(np.mean(signal**2))))
    return spreads


# %%
starts = {
    "He": lambda n_in, n_out: 2 / n_in,
    "Glorot": lambda n_in, n_out: 2 / (n_in + n_out),
    "standard deviation 0.01": lambda n_in, n_out: 0.01**2,
}
spreads = {name: spread_by_layer(variance) for name, variance in starts.items()}

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(6.4, 3.1))
for (name, values), colour in zip(spreads.items(), ("blue", "orange", "red")):
    axes.plot(range(1, 11), values, "o-", color=plotting.COLOURS[colour], label=name)
axes.set(yscale="log", xlabel="layer", ylabel="root mean square")
axes.set_xticks(range(1, 11))
axes.legend()
chapter.figure(
    figure,
    "04-a",
    "Spread of the activations after each of ten ReLU layers, for three starts.",
    alt="Three curves on a logarithmic axis. He's start stays level over ten layers, Glorot's "
    "falls to about a twentieth, and standard deviation 0.01 falls by many powers of ten.",
)

# %% tags=["guard"]
with chapter.guard("He's start stays level, Glorot's falls, 0.01 falls far"):
    assert spreads["He"][-1] > spreads["Glorot"][-1] > spreads["standard deviation 0.01"][-1]

# %% [markdown]
# He's start stays level. Glorot's loses nothing in the first layer, which has far more inputs than
# outputs, and a factor $\sqrt 2$ in each of the others. Second has only two hidden layers and does not
# mind. So the course keeps the default. A deep network would mind: [chapter 13](13_going_deeper.ipynb) goes to 16 layers.

# %% [markdown]
# ## Finding a learning rate
#
# A learning rate is not learned, you choose it: it is a **hyperparameter**, as width and number of epochs are. For First you
# could compute the fastest safe rate. The loss of Second is no bowl, so you measure.
# Train for a moment at each of several rates, always from the same start, and look at the loss.
#
# One network is enough: set it back to its first weights, and the optimiser's memory to zero.

# %%
few = np.random.default_rng(SEED).permutation(len(x))[: chapter.pick(120, 768, 1600)]

# %%
def loss_by_rate(optimizer, rates):
    """Training MSE after a few epochs on a part of the faces, for each rate."""
    network = second()
    network.compile(optimizer, loss="mse")
    optimizer.build(network.trainable_variables)
    start, losses = network.get_weights(), []
    for rate in rates:
        network.set_weights(start)
        for variable in optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        optimizer.learning_rate = rate
        network.fit(
            x[few], y[few], batch_size=64, verbose=0, epochs=chapter.pick(1, 2, 10)
        )
        losses.append(network.evaluate(x[few], y[few], batch_size=256, verbose=0))
    return losses


# %% tags=["nbval-ignore-output"]
rates = {
    "sgd": np.array([0.005, 0.01, 0.02, 0.05, 0.1]),
    "adam": np.array([1e-5, 1e-4, 3e-4, 1e-3, 1e-2]),
}
losses = {
    "sgd": loss_by_rate(keras.optimizers.SGD(), rates["sgd"]),
    "adam": loss_by_rate(keras.optimizers.Adam(), rates["adam"]),
}

# %% tags=["drawing"]
def plain_numbers(axes):
    """Write 0.01, 0.02, 0.05 instead of powers of ten beside a logarithmic y axis."""
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())


# %% tags=["nbval-ignore-output", "drawing"]
figure, axes = plt.subplots(figsize=(6.8, 3.2))
for name, colour, label in (("sgd", "orange", "plain descent"), ("adam", "blue", "Adam")):
    found = np.isfinite(losses[name])
    axes.plot(rates[name], losses[name], "o-", color=plotting.COLOURS[colour], label=label)
    top = 1.3 * np.nanmax(list(losses.values()))
    lost = rates[name][~found]
    axes.plot(lost, np.full(len(lost), top), "x", color=plotting.COLOURS[colour], ms=8, mew=2)
axes.plot([], [], "x", color=plotting.COLOURS["grey"], label="loss became nan")
axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="training MSE")
plain_numbers(axes)
axes.legend(fontsize=8.5)
chapter.figure(
    figure,
    "04-b",
    "Training loss of Second after a few passes, by learning rate.",
    alt="Two curves over the learning rate on logarithmic axes. Plain descent improves up to "
    "0.05 and fails beyond. Adam has a valley around 0.0001 and rises on both sides.",
)

# %% [markdown]
# Plain descent gets better with every larger rate, until it falls off an edge between 0.05 and 0.1:
# the loss becomes `nan`. The best rate stands right beside the edge. The course takes **0.05**.
#
# Adam has a valley rather than an edge. After these few passes its best rate is about 0.0001, and
# even there it is no better than plain descent at 0.05. Do not stop here: a short test favours the
# rates that start smoothly, this one asks the training faces, and the trainings below are longer. The
# course takes **0.001**, Keras's own default; the next section shows both at full length. The thesis
# states neither of its rates.

# %% [markdown]
# ## At the thesis's length
#
# First the runs that come with the course: Second for 1000 epochs on real faces ([chapter 02](02_data.ipynb) says whose), once by plain descent
# at 0.05 and once by Adam at either rate. Faces, batches and first weights are the same in all three.
#
# **Predict.** In the thesis Adam halves the error of plain descent, from 0.0047 to 0.0024. Will it
# here? And which of its two rates gets lower?

# %%
long = {"plain descent": training.published("wild_second"),
        "Adam, 0.001": training.published("wild_second_adam"),
        "Adam, 0.0001": training.published("wild_second_adam_0_0001")}
for name, stored in long.items():
    print(f"{name}: {stored.summary()}\n")

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(7.2, 3.6))
for (name, stored), colour in zip(long.items(), ("orange", "blue", "green")):
    style = {"color": plotting.COLOURS[colour]}
    smooth = stored.history.rolling(15, center=True, min_periods=1).mean()
    axes.plot(smooth.epoch, smooth.val_mse, label=f"{name}, validation", **style)
    axes.plot(smooth.epoch, smooth.loss, ":", label=f"{name}, training", **style)
real = training.mean_face_measures()["validation"]["mse"]
axes.axhline(real, color="black", lw=1, ls="--", label="mean face")
axes.set(xscale="log", yscale="log", xlabel="epoch", ylabel="MSE, mean of 15 epochs",
         ylim=(None, 2 * real))
axes.legend(fontsize=8.5)
chapter.figure(
    figure,
    "04-e",
    "Second for 1000 epochs on real faces, by plain descent and by Adam at two rates.",
    alt="Validation and training error of three trainings over 1000 epochs, both axes logarithmic. "
    "Plain descent and Adam at 0.001 fall together at first, then Adam is ahead for some hundred "
    "epochs, and both end level. Adam at 0.0001 starts a little lower and in validation stays "
    "above both after the first hundred epochs, while its training error is the lowest.",
)

# %%
plain, adam, slow = (stored.history for stored in long.values())
caught = int((adam.val_mse <= plain.val_mse.min()).idxmax()) + 1
ratio = adam.val_mse.min() / plain.val_mse.min()
print(f"Adam's lowest validation MSE is {ratio:.2f} times that of plain descent")
print(f"and it is as low as plain descent ever gets at epoch {caught}")
print(f"at rate 0.0001 it is {slow.val_mse.min() / adam.val_mse.min():.2f} times that at 0.001")

# %% tags=["guard"]
with chapter.guard("Adam ends a little lower, and at 0.0001 higher"):
    assert 0.9 < ratio < 1 and slow.val_mse.min() > 1.2 * adam.val_mse.min()

# %% [markdown]
# The rate that won the short test loses the long one. On the training faces 0.0001 goes on winning: the
# dotted green line ends lowest. But it learns them by heart, and on other faces never comes as low as
# 0.001. The short test asked too early, and it asked the training faces. (It also asked the faces of `open`, and these runs
# are on real ones.) So tune at the length you mean to train, on the faces you mean, and judge by validation faces.
#
# ### Both tuned
#
# So far plain descent had one rate and Adam two, with one seed each. That is no fair race. Give each of them four rates, at
# full length, on the same faces. The best of each, by its lowest validation error, then gets two more seeds.
#
# **Predict.** Will Adam get lower, now that plain descent may look for its rate as long?

# %%
tuned = training.table("seeds/rates")
tuned[["rule", "rate"]] = tuned.model.str.split(", ", expand=True)
chapter.table(
    [{"rule": row.rule, "rate": row.rate, "lowest validation MSE": row.validation_mse,
      "in epoch": row.best_epoch} for row in tuned[tuned.seed == 0].itertuples()],
    "04.1", "Second for 1000 epochs on real faces, four rates for each rule, one seed. Empty: the "
    "loss became nan.", **{"lowest validation MSE": "{:.5f}", "in epoch": "{:.0f}"})

# %%
by_seed = tuned.pivot(index="seed", columns="model", values="test_mse").dropna(axis=1)
by_adam, by_plain = by_seed.columns  # the two rates with all three seeds
compared, lower = evaluation.by_seeds(by_seed[by_adam], by_seed[by_plain])
print(f"test MSE, {by_adam} to {by_plain}:\n{compared}; is Adam lower? {lower}\n")
curves = training.table("seeds/rates_histories").set_index(["seed", "model", "epoch"]).val_mse
for seed, both in curves.unstack("model").groupby("seed"):
    for level in (0.006, both.min().max()):  # the second: the lowest that both reach
        first = (both <= level).idxmax().str[1]
        print(f"seed {seed}: validation MSE {level:.4f} in epoch {first[by_adam]} by Adam, "
              f"{first[by_plain]} by plain descent")

# %% tags=["guard"]
with chapter.guard("at the best rates Adam is lower with no seed, and that is not settled"):
    assert (by_adam, by_plain) == ("Adam, 0.001", "plain descent, 0.08")
    assert (by_seed[by_adam] > by_seed[by_plain]).all() and lower == "not settled"
    for _, both in curves.unstack("model").groupby("seed"):
        first = (both <= 0.006).idxmax().str[1]
        assert 0.7 < first[by_adam] / first[by_plain] < 0.9

# %% [markdown]
# Plain descent's best rate is 0.08, and at 0.1 it is lost: at full length, too, the best stands beside the edge. There it gets
# lower than Adam at any of its four rates. With all three seeds its test error is the lower one, but three seeds do not
# settle by how much, or whether at all.
#
# Is Adam sooner? Down to 0.006, yes: with every seed it takes fewer epochs, by a seventh to more than a quarter. From there to the lowest error
# that both reach, once the one is first and once the other, and once they arrive together.
#
# So the thesis's halved error is not in the rule. Its plain descent may have had a slow rate, or may not have been over.
# Nobody can tell: it names no rate.

# %% [markdown]
# ## Second by plain gradient descent
#
# Now train your own. The quick profile has time for 40 epochs by each rule. `compile` takes the rule,
# `training.fit` the faces; [chapter 03](03_linear.ipynb) showed what it does.

# %% tags=["nbval-ignore-output"]
epochs = chapter.pick(smoke=2, quick=40, paper=1000)
model = second()
model.compile(keras.optimizers.SGD(0.05), loss="mse")
by_descent = training.fit(model, splits, epochs=epochs, batch_size=64, seed=SEED)

# %% tags=["nbval-ignore-output"]
test = splits.test
figure = plotting.learning_figure(
    by_descent.history,
    by_descent.best_epoch,
    test.images,
    test.keypoints,
    by_descent.predict(test.images),
)
chapter.figure(
    figure,
    "4.2",
    "Learning curve of Second by plain gradient descent, and its best and worst test faces.",
    alt="Left: training and validation error fall quickly at first and then slowly; the two lines "
    "stay close. Right: three test faces with small errors and three with large ones, on which "
    "the red crosses are spread too far apart or crowded together.",
)

# %% [markdown]
# The curve drops within the first epochs and then bends into a long slope. The thesis describes the
# same: fast at the beginning, then slow. In the quick profile the lines stay close together. A network
# that has hardly left its starting point has not had the time to overfit. The orange lines of [Figure
# 04-e](#figure-04-e) show what 1000 epochs do.

# %% [markdown]
# ## Second by Adam
#
# The network, the faces, the batches and the first weights stay the same. Only the rule that turns
# a gradient into a step is another.

# %% tags=["nbval-ignore-output"]
model = second()
model.compile(keras.optimizers.Adam(0.001), loss="mse")
by_adam = training.fit(model, splits, epochs=epochs, batch_size=64, seed=SEED)

# %% [markdown]
# For the comparison you also need First. `training.thesis_run` stands for what an earlier chapter
# trained: if you ran [chapter 03](03_linear.ipynb), its run is found in the store.

# %% tags=["nbval-ignore-output"]
runs = {
    "First": training.thesis_run("First", splits, PROFILE, SEED),
    "Second": by_descent,
    "Second, Adam": by_adam,
}

# %% [markdown]
# **Predict.** [Figure 04-e](#figure-04-e) counts epochs, and an epoch of Adam costs more time than one of plain
# descent. Will Adam still get down sooner when you plot the loss against seconds?

# %% tags=["nbval-ignore-output"]
mean_face = evaluation.mean_face(splits.train.keypoints)


def mean_face_mse(part):
    """MSE of always answering with the mean training face."""
    return evaluation.mse(part.keypoints, np.broadcast_to(mean_face, part.keypoints.shape))


# %% tags=["nbval-ignore-output", "drawing"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.7), sharey=True)
for (name, run), colour in zip(runs.items(), ("grey", "orange", "blue")):
    log, style = run.history, {"color": plotting.COLOURS[colour], "label": name}
    left.plot(log.epoch, log.val_mse, **style)
    right.plot(log.seconds.cumsum(), log.val_mse, **style)
for axes, label in ((left, "epoch"), (right, "seconds of training")):
    axes.axhline(mean_face_mse(splits.validation), color="black", lw=1, ls=":", label="mean face")
    axes.set(yscale="log", xlabel=label)
    plain_numbers(axes)
left.set_ylabel("validation MSE")
left.legend(fontsize=8.5)
chapter.figure(
    figure,
    "4.3",
    "Validation loss of First, Second and Second with Adam, by epochs and by seconds.",
    alt="Two panels with the validation error of three trainings, against epochs and against "
    "seconds. First is highest, far below it Second by plain descent and by Adam side by side; "
    "Adam's line jumps up now and then and gets lowest. A dotted line marks the mean face.",
)

# %% tags=["nbval-ignore-output"]
lowest = {name: float(run.history.val_mse.min()) for name, run in runs.items()}
for name, run in runs.items():
    seconds = run.history.seconds.median()
    print(f"{name:<14}lowest validation MSE {lowest[name]:.5f}, {seconds:.2f} s an epoch")

# %% tags=["guard"]
with chapter.guard("Adam gets lowest, First stays highest", quick=True):
    assert lowest["Second, Adam"] < lowest["Second"] < lowest["First"]

# %% [markdown]
# In *quick* Adam gets lower, as the thesis found. But look when: the two run side by side for many
# epochs, as in [Figure 04-e](#figure-04-e). Plain descent at a rate that was looked for is a serious opponent. [Figure
# 04-b](#figure-04-b) shows how much worse it would look at a rate that was not. The thesis does not say what rate it
# took. **When you compare two optimisers, tune both.** Your 40 epochs show how Adam's lead begins,
# [Figure 04-e](#figure-04-e) how it ends.
#
# Now the right panel. Adam keeps two more numbers for each of 2.8 million weights and touches
# them in every step, so its epoch costs more, often twice as much. Counted in seconds, its lead comes
# later still. This depends on your machine, and on what else it does at the moment.

# %% [markdown]
# ## Do more layers converge more slowly?
#
# The thesis writes that Second needs more epochs because its two more layers brought a huge
# number of parameters. That is a claim about First and Second by plain descent, and you have both
# runs. Ask for the epoch in which each reached a given *training* loss.

# %%
def first_epoch_below(run, loss):
    """First epoch with a training MSE below `loss`; None if there is none."""
    reached = run.history.epoch[run.history.loss < loss]
    return int(reached.iloc[0]) if len(reached) else None


# %% tags=["nbval-ignore-output"]
end = float(runs["First"].history.loss.iloc[-1])
rows = [
    {"training MSE": level, **{n: first_epoch_below(r, level) for n, r in runs.items()}}
    for level in (4 * end, 2 * end, 1.001 * end)
]
plotting.show_table(
    rows, **{"training MSE": "{:.4f}"}, **{name: "{:.0f}" for name in runs}
)

# %% tags=["guard"]
with chapter.guard("for the lowest loss Second needs fewer epochs than First", quick=True):
    assert rows[-1]["Second"] < rows[-1]["First"]

# %% [markdown]
# Read a row as "this loss was reached in epoch ...". For the lowest loss the deeper network needs far
# *fewer* epochs, not more. Both trained at a rate close to their own limit. In epochs the claim fails.
# Multiply by the seconds that an epoch took: one of Second costs more, but not so much more that First
# would catch up in the last row.
#
# What the thesis saw is real all the same. Its curve went flat. But First's does so too, and for the
# reason of [chapter 03](03_linear.ipynb): a step that is safe in the steepest direction is tiny in all others.

# %% [markdown]
# ## What Adam does to each weight
#
# Adam keeps a running mean $m$ of each weight's gradient and a running mean $v$ of its square:
#
# $$w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon}$$
#
# The step is the gradient divided by the gradient's own usual size. Do not believe it, measure it.
# Train 20 batches with each rule, save the first layer, train one batch more, and subtract.

# %%
def one_step(optimizer, before=20):
    """|change| of each first-layer weight in step `before` + 1: (9216, 300)."""
    network, rng = second(), np.random.default_rng(SEED)
    network.compile(optimizer, loss="mse")
    for _ in range(before + 1):
        earlier, batch = network.get_weights()[0], rng.choice(len(x), 64, replace=False)
        network.train_on_batch(x[batch], y[batch])
    return np.abs(network.get_weights()[0] - earlier)


# %% tags=["nbval-ignore-output"]
steps = {
    "Second": one_step(keras.optimizers.SGD(0.05)),
    "Second, Adam": one_step(keras.optimizers.Adam(0.001)),
}

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(2, 1, figsize=(7.2, 4.2), sharex=True)
for axes, step, colour, label in zip(
    grid, steps.values(), ("orange", "blue"), ("plain descent, rate 0.05", "Adam, rate 0.001")
):
    moved = step[step > 0]
    weights = np.full(moved.size, 1 / step.size)
    bins = np.logspace(-9, -2, 90)
    axes.hist(moved, bins, weights=weights, color=plotting.COLOURS[colour])
    axes.axvline(0.001, color="black", lw=1, ls=":", label="Adam's learning rate")
    axes.set(xscale="log", ylabel="share of weights",
             title=f"{label}; not moved: {np.mean(step == 0):.0%} of the weights")
grid[0].legend(fontsize=8.5, loc="upper left")
grid[1].set_xlabel("change of a weight in one step")
chapter.figure(
    figure,
    "04-c",
    "How far each of the 2,764,800 first-layer weights moves in one step. The two heights differ.",
    alt="Two histograms on one logarithmic axis. Above, plain descent's changes are smaller and "
    "spread over several powers of ten; below, Adam's are larger and lie close together, below its "
    "rate. The titles name the share of weights that did not move.",
)

# %% tags=["nbval-ignore-output"]
for name, step in steps.items():
    low, middle, high = np.quantile(step[step > 0], (0.05, 0.5, 0.95))
    print(
        f"{name:<14}median {middle:.1e}, 5% to 95%: {low:.1e} to {high:.1e} "
        f"(1 to {high / low:.0f}), not moved {np.mean(step == 0):.0%}"
    )

# %% tags=["guard"]
with chapter.guard("Adam's median step is the larger"):
    assert np.median(steps["Second, Adam"]) > np.median(steps["Second"])

# %% [markdown]
# Plain descent moves a weight in proportion to its gradient. A few weights move much, most move hardly
# at all, and one rate serves them all. It has to be safe in the steepest direction. Adam evens this out:
# its median step is many times larger, although its learning rate is 50 times smaller. A learning rate
# of Adam is a distance, about the most a weight moves in a step. One of plain descent is a factor on
# something whose size you do not know.
#
# Under plain descent, weights that did not move at all belong to neurons that answered zero to every
# face of the batch. After 20 batches that is already a large share. You will meet them again. Adam's
# share is no such count: its running mean goes on moving a weight whose gradient has become 0.

# %% [markdown]
# ## What it learned, and what it only remembers
#
# How well a network does on faces that it has not seen is its **generalisation**. The gap between training and other faces is what
# it knows by heart.

# %% tags=["nbval-ignore-output"]
rows = []
for name in ("train", "validation", "test"):
    part = getattr(splits, name)
    constant = np.broadcast_to(mean_face, part.keypoints.shape)
    rows.append(
        {"network": "mean face", "set": name, **evaluation.measures(part.keypoints, constant)}
    )
for network, run in runs.items():
    trained = run.model()
    for name in ("train", "validation", "test"):
        part = getattr(splits, name)
        found = evaluation.measures(part.keypoints, training.predict(trained, part.images))
        rows.append({"network": network, "set": name, **found})
plotting.show_table(
    rows, mse="{:.5f}", rmse_px="{:.2f}", mean_px="{:.2f}", nme="{:.1f} %"
)

# %% tags=["nbval-ignore-output"]
score = {(row["network"], row["set"]): row["mse"] for row in rows}
gap = {n: score[n, "test"] / score[n, "train"] for n in runs}
for name, run in runs.items():
    best = f"weights of epoch {run.best_epoch} of {run.epochs}"
    print(f"{name:<14}test error / training error {gap[name]:.2f}, {best}")

# %% [markdown]
# The rows use the weights of the epoch with the lowest validation error, as if training had stopped there: **early
# stopping**. It spares a network the epochs in which it only learns by heart. The mean face has almost
# the same error on all three sets: it cannot overfit. A ratio well above 1 means overfitting. It says
# nothing about how good a network is: First's may be as large as that of a far better one.
#
# Compare with the thesis, after 1000 epochs on Kaggle's faces. Its ratio is validation error over the
# training loss that was logged, yours is test error over training error:
#
# | network | validation MSE | training MSE | ratio |
# |---|---|---|---|
# | First | 0.00500 | 0.00370 | 1.35 |
# | Second | 0.00470 | 0.00400 | 1.18 |
# | Second, Adam | 0.00240 | 0.00086 | 2.79 |
#
# And remember the score to beat.

# %%
score = training.kaggle_labels()["mean_face_mse_held_out"]
print("Kaggle's mean face, over 200 random fifths held out:")
print(f"{score['lowest']:.5f} to {score['highest']:.5f}")

# %% [markdown]
# The thesis calls Second "slightly better" than First, 0.0047 against 0.0050. **On held-out faces
# drawn at random, neither beats the mean face clearly, or at all.** ([Chapter 03](03_linear.ipynb) has the one doubt.) The
# first network of the thesis that has learned something about faces is Second with Adam, at half the
# mean face's error. In the thesis's numbers the optimiser makes the difference between nothing learned
# and something. In ours it does not: on the real faces Second beats the mean face by either rule.
#
# In the profile *quick* you train for 40 epochs instead of 1000, so your networks may still
# be above the mean face of your own faces. The ratio of Adam's row is then far below the thesis's:
# overfitting needs time.

# %% [markdown]
# ## Dead neurons
#
# Where ReLU answers zero, its slope is zero too. A neuron that answers zero to every face gets no
# gradient: it is dead. In the first layer no gradient brings it back. In the second one can, if the
# first layer changes ([chapter 01a](01a_neurons.ipynb)). Count those that never answer on the validation faces.

# %%
def activations(network, images):
    """Answers of the hidden layers: (n, 300) and (n, 150)."""
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    peek = keras.Model(network.inputs, [layer.output for layer in dense[:-1]])
    return peek.predict(data.to_inputs(images), batch_size=256, verbose=0)


# %% tags=["nbval-ignore-output"]
rows = []
networks = {"at the start": second()}
networks |= {name: runs[name].model() for name in ("Second", "Second, Adam")}
for name, network in networks.items():
    for layer, answers in enumerate(activations(network, splits.validation.images), start=1):
        active = (answers > 0).mean(axis=0)
        rows.append(
            {"network": name, "hidden layer": layer, "never active": np.mean(active == 0),
             "always active": np.mean(active == 1), "in between": np.mean(active % 1 > 0)}
        )
shares = ("never active", "always active", "in between")
plotting.show_table(rows, **dict.fromkeys(shares, "{:.0%}"))

# %% tags=["guard"]
with chapter.guard("Adam kills neurons", quick=True):
    assert rows[4]["never active"] > rows[0]["never active"]

# %% [markdown]
# A neuron that is always active is as odd as a dead one: on these faces it is linear. Only the
# neurons *in between* bend anything.
#
# Compare the rows. Plain descent killed a large part of Second, and Adam at 0.001 an even larger one. Few
# neurons are left that tell one face from another by bending. **Second with Adam is close to a
# linear network with a few bends.**
#
# The reason is the pixels. All are positive, so a neuron sees mainly the brightness of the picture
# times the sum of its weights. A step that lowers all 9216 weights a little lowers this sum
# a lot. Under plain descent the large errors of the first batches make such a step large. Adam's first
# steps are as long as its rate, whatever the error: 0.001 on each of 9216 weights, nearly all in one
# direction, on pixels of about a half. That changes the sum by 4 or 5, several times its spread at the
# start. Either way a neuron falls below zero for every face at once. [Exercise 4](#Exercises) tests this cause, and is a cure.

# %% [markdown]
# ## What the living neurons look at
#
# Each neuron of the first hidden layer has a weight for every pixel, so you can draw it. Take
# Second after plain descent, which has more living neurons, and the six whose answers are most
# evenly split between zero and more. `second()` gives you their start again, so you can draw what
# training changed.

# %% tags=["nbval-ignore-output"]
trained = by_descent.model()
active = (activations(trained, splits.validation.images)[0] > 0).mean(axis=0)
alive = np.argsort(-np.minimum(active, 1 - active))[:6]
weights = trained.get_weights()[0]
change = weights - second().get_weights()[0]

# %% tags=["nbval-ignore-output", "drawing"]
figure, grid = plt.subplots(2, 6, figsize=(9.6, 3.7))
for row, (maps, label) in zip(grid, ((weights, "weights"), (change, "change"))):
    for axes, k in zip(row, alive):
        picture = maps[:, k] - maps[:, k].mean()
        limit = np.quantile(np.abs(picture), 0.995)
        axes.imshow(picture.reshape(96, 96), cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    row[0].set_ylabel(label)
for axes, k in zip(grid[0], alive):
    axes.set_title(f"active on {active[k]:.0%}", fontsize=9)
chapter.figure(
    figure,
    "04-d",
    "Six living first-layer neurons of Second: weights, and what training changed (less means).",
    alt="Two rows of six square maps in red and blue. Above, weights that look like noise; "
    "below, their changes during training, which look like blurred portraits.",
)

# %% [markdown]
# The upper row is noise: the random start, still there, as in [chapter 03](03_linear.ipynb). The lower row shows faces,
# and it must. The gradient of a first-layer weight is an error times the pixel it meets. So each
# step of plain descent adds multiples of the batch's *pictures* to the weights, and the sum of
# all steps is a mixture of training faces.
#
# What you do not see is an eye or a mouth cut out. A neuron that has one weight for each fixed place
# compares the picture with a whole portrait. It has no reason to look for a small part.
#
# The same sum explains the dead. A multiple of an average picture, with the minus sign, lowers the
# answer to every face at once. Take the mean of each neuron's change.

# %% tags=["nbval-ignore-output"]
kinds = {"never active": active == 0, "in between": (active > 0) & (active < 1)}
for kind, chosen in kinds.items():
    if chosen.any():
        push = np.median(change[:, chosen].mean(axis=0))
        print(f"{kind:<14}mean change of a weight, median over neurons {push:+.6f}")

# %% [markdown]
# ## What you saw
#
# - Without an activation, layers collapse into one. ReLU prevents it.
# - 98% of Second's 2,814,780 parameters join the pixels to the first hidden layer.
# - The best rate for plain descent stands beside an edge. Adam has a valley instead.
# - More neurons first help, then overfit; far beyond one a face the error can fall a second time.
# - Adam evens out the steps: far larger for most weights, and close together.
# - Adam gets down sooner. With as many rates to choose from, plain descent ends as low, or lower.
# - A rate that wins a short test on the training faces may lose the long training on others. Tune both
#   rules, at the length you mean, on validation faces.
# - Second by plain descent needs fewer epochs than First for the same loss, not more.
# - Whether the thesis's First and Second beat the mean face its text does not tell; its Second with Adam does.
#   On our real faces Second beats it by either rule, with one seed each.
# - Many hidden neurons die in the first steps, because all pixels are positive.
#
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. What Adam keeps** (easy). Give the first hidden layer 150 neurons instead of 300. Adam keeps two numbers for each
# weight and offset, from step to step. How many numbers does it keep then? Predict first: about half as many as for
# Second, or about a quarter?

# %% tags=["answer"]
answer_1 = ...  # a whole number

# %% tags=["check"]
@chapter.check("a whole number", "weights plus offsets, layer by layer; and how often each?")
def check_1(answer):
    """How many running means Adam keeps for a Second with half a first layer."""
    layers = [keras.layers.Input((96, 96, 1)), keras.layers.Flatten()]
    layers += [keras.layers.Dense(units) for units in (150, 150, 30)]
    narrow = keras.Sequential(layers)
    optimizer = keras.optimizers.Adam(0.001)
    optimizer.build(narrow.trainable_variables)
    kept = sum(int(np.prod(v.shape)) for v in optimizer.variables if len(v.shape))
    if answer == narrow.count_params():
        return "those are the network's own numbers; Adam's come on top"
    if answer == 2 * second().count_params():
        return "that is Second as it is; which layer has shrunk?"
    return bool(answer == kept)


check_1(answer_1)

# %% tags=["solution"]
answer_1 = 2 * (9217 * 150 + 151 * 150 + 151 * 30)
check_1(answer_1)
# About half: the first layer holds nearly all. A quarter would need half as many pixels as well.

# %% [markdown]
# **2. Collapse three layers** (medium). Three linear layers 9216-300-150-30 with offsets $b_1, b_2, b_3$ are
# one layer as well. Write $W$ and $b$ as formulas. Then write a function that takes the six arrays of
# `get_weights()`, in a list, and returns the two.

# %% tags=["answer"]
answer_2 = ...  # a function of a list of six arrays; it returns W and b

# %% tags=["check"]
@chapter.check("a function that takes six arrays and returns two",
               "each offset passes through the layers behind it")
def check_2(answer):
    """Compares a collapsed network with the three layers that it stands for."""
    rng = np.random.default_rng(0)
    shapes = ((20, 7), (7,), (7, 5), (5,), (5, 3), (3,))
    w1, b1, w2, b2, w3, b3 = arrays = [rng.normal(size=s) for s in shapes]
    inputs = rng.normal(size=(4, 20))
    expected = ((inputs @ w1 + b1) @ w2 + b2) @ w3 + b3
    matrix, offset = answer(arrays)
    if np.allclose(matrix, w1 @ w2 @ w3) and np.allclose(offset, b3):
        return "W is right; where have the first two offsets gone?"
    return bool(np.allclose(inputs @ matrix + offset, expected))


check_2(answer_2)

# %% tags=["solution"]
def collapse(arrays):
    """One matrix and one offset for three linear layers."""
    w1, b1, w2, b2, w3, b3 = arrays
    return w1 @ w2 @ w3, (b1 @ w2 + b2) @ w3 + b3


answer_2 = collapse
check_2(answer_2)
# However many linear layers: one matrix, one offset. Depth alone adds nothing.

# %% [markdown]
# **3. A waist of two** (hard). Put a layer of *two* neurons without activation before the output layer. However
# clever the layers before it are, the 30 outputs are now two numbers times weights, plus offsets: they lie in a plane.
# Predict whether such a network can beat the mean face clearly. Then compute the lowest MSE on the training targets `y`
# that *any* network with this waist can reach.

# %% tags=["answer"]
answer_3 = ...  # a number, as small as an MSE

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number", "which plane lies nearest to all targets? np.linalg.svd finds it")
def check_3(answer):
    """The lowest training MSE of a network whose outputs lie in a plane."""
    deviations = (y - y.mean(axis=0)).astype(np.float64)
    strengths = np.linalg.svd(deviations, compute_uv=False) ** 2 / y.size
    through_zero = np.linalg.svd(y.astype(np.float64), compute_uv=False) ** 2 / y.size
    if np.isclose(answer, strengths.sum(), rtol=0.01):
        return "that is the mean face's error: a waist of no neuron at all"
    if np.isclose(answer, through_zero[2:].sum(), rtol=0.01):
        return "the output layer has offsets too, so the plane need not go through zero"
    if np.isclose(answer, strengths[1:].sum(), rtol=0.01):
        return "that is a waist of one"
    return bool(np.isclose(answer, strengths[2:].sum(), rtol=0.01))


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
strengths = np.linalg.svd((y - y.mean(axis=0)).astype(np.float64), compute_uv=False) ** 2 / y.size
answer_3 = strengths[2:].sum()
check_3(answer_3)
print(f"mean face {strengths.sum():.5f}, a waist of two at best {answer_3:.5f}")
# It can beat the mean face, but no training and no width before the waist gets below this error.

# %% [markdown]
# **4. Pictures around zero** (hard). The text says that neurons die because all pixels are positive. Test it.
# Train `second()` by Adam at 0.001 on the first 1280 faces, 20 batches of 64 in their order (`shuffle=False`). Which
# share of the first hidden layer then answers zero to all faces of `x`? Now subtract the mean picture of `x` from `x`, and do it
# again. Predict both shares. Answer with both, as numbers from 0 to 1.

# %% tags=["answer"]
answer_4 = ...  # two shares: pictures as they are, pictures less their mean

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two numbers from 0 to 1",
               "a neuron is dead if its column of answers has no value > 0")
def check_4(answer):
    """The share of dead neurons after 20 batches, without and with centred pictures."""
    got, right = np.asarray(answer, float), []
    if got.shape != (2,):
        return False
    for inputs in (x, x - x.mean(axis=0)):
        network = second()
        network.compile(keras.optimizers.Adam(0.001), loss="mse")
        network.fit(inputs[:1280], y[:1280], batch_size=64, shuffle=False, verbose=0)
        layer = next(k for k in network.layers if isinstance(k, keras.layers.Dense))
        body = keras.Model(network.inputs, layer.output)
        answers = body.predict(inputs, batch_size=256, verbose=0)
        right.append(np.mean(~(answers > 0).any(axis=0)))
    if np.allclose(got, right[::-1], atol=0.05):
        return "the other way round: first the pictures as they are"
    return bool(np.allclose(got, right, atol=0.05))


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
dead_shares = []
for inputs in (x, x - x.mean(axis=0)):
    network = second()
    network.compile(keras.optimizers.Adam(0.001), loss="mse")
    network.fit(inputs[:1280], y[:1280], batch_size=64, shuffle=False, verbose=0)
    body = keras.Model(network.inputs, network.layers[1].output)
    answers = body.predict(inputs, batch_size=256, verbose=0)
    dead_shares.append(float(np.mean((answers <= 0).all(axis=0))))
print(", ".join(f"{share:.0%}" for share in dead_shares))
answer_4 = tuple(dead_shares)
check_4(answer_4)
# Same network, faces and steps; only the mean is gone. So it is the positive pixels that kill.

# %% [markdown]
# **5. Start at the mean face** (medium). Hidden layers must start at random. The *output* layer may
# start from zero: its weights get different gradients, because the hidden neurons differ. Make a `second()` that answers
# every picture with the mean training face before its first step, and could still learn in all layers. Predict its
# validation error before you measure it.

# %% tags=["answer"]
answer_5 = ...  # a network like second(), with other first weights

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a network like second()", "get_weights, change the last two arrays, set_weights")
def check_5(answer):
    """A Second that starts as the mean face and whose hidden layers are still random."""
    inputs = data.to_inputs(splits.validation.images)
    found = data.to_pixels(answer.predict(inputs, batch_size=256, verbose=0))
    arrays = answer.get_weights()
    if [a.shape for a in arrays] != [a.shape for a in second().get_weights()]:
        return "its layers must be those of second()"
    if min(arrays[0].std(), arrays[2].std()) == 0:
        return "with equal hidden weights all neurons of a layer stay equal for ever"
    return bool(np.abs(found - mean_face).max() < 0.05)


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
network = second()
network.compile(keras.optimizers.SGD(0.05), loss="mse")
arrays = network.get_weights()
arrays[-2][:], arrays[-1][:] = 0, y.mean(axis=0)
network.set_weights(arrays)
answer_5 = network
check_5(answer_5)
held = data.to_inputs(splits.validation.images), data.to_targets(splits.validation.keypoints)
few_epochs = chapter.pick(1, 3, 100)
log = network.fit(x, y, batch_size=64, epochs=few_epochs, verbose=0, validation_data=held).history
print(f"mean face {mean_face_mse(splits.validation):.5f}; after {few_epochs} epochs "
      f"{log['val_loss'][-1]:.5f}, from the usual start "
      f"{by_descent.history.val_mse[few_epochs - 1]:.5f}")
# The first epochs of the usual start only find the mean face. Here they are saved.

# %% [markdown]
# **6. Your figure** (medium). He's start counts the inputs of a layer. What if you count its outputs, $v = 2 / n_\text{out}$?
# Complete three lines: the variance as a function, the spreads that `spread_by_layer` finds with it, and what the line is. Predict
# the first value and the slope of the rest, and compare with [Figure 04-a](#figure-04-a).

# %% tags=["answer"]
start = ...  # a function of n_in and n_out, as in starts
start_spreads = ...  # ten numbers
start_label = ...  # what the line is
answer_6 = (start, start_spreads, start_label)

# %% tags=["check"]
@chapter.check("the three lines completed", "lambda n_in, n_out: ..., then spread_by_layer(start)")
def check_6(answer):
    """The spread of the signal by layer for a start that counts outputs, drawn beside He's."""
    variance, values, name = answer
    right = spread_by_layer(lambda n_in, n_out: 2 / n_out)
    if len(values) != 10 or np.isclose(variance(50, 100), 2 / 50):
        return "2 / n_out, and one value for each of ten layers"
    figure, axes = plt.subplots(figsize=(6.4, 3.1))
    axes.plot(range(1, 11), values, "o-", color=plotting.COLOURS["purple"], label=str(name))
    axes.plot(range(1, 11), spreads["He"], "o-", color=plotting.COLOURS["blue"], label="He")
    axes.set(yscale="log", xlabel="layer", ylabel="root mean square", xticks=range(1, 11))
    axes.legend()
    chapter.figure(figure, "Your figure", "The signal by layer, two starts.", private=True,
                   alt="Two lines over ten layers: the spread with your start and with He's.")
    return bool(np.isclose(variance(50, 100), 2 / 100) and np.allclose(values, right, rtol=1e-3))


check_6(answer_6)

# %% tags=["solution"]
start = lambda n_in, n_out: 2 / n_out  # noqa: E731
start_spreads = spread_by_layer(start)
start_label = "2 / n_out"
answer_6 = (start, start_spreads, start_label)
check_6(answer_6)
# From 9216 inputs to 300 the signal jumps, then stays: between equal layers the two rules are one.

# %% [markdown]
# **7. The largest rate** (open). Train `second()` by plain descent on pictures less their mean. Which is now the largest rate
# that survives three epochs? How many neurons of the first layer die at it? Is the validation error lower than with the pictures as they are, each at its own
# best rate? Predict first, from the speed limit in the exercises of [chapter 03](03_linear.ipynb).

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for a table of rates with both kinds of pictures, each up to the first rate that fails. One for
# counting the dead at the best rate of each. One for judging by validation faces, at equal epochs, with two
# seeds. One for naming the cause: the brightness that all faces share was the steepest direction. **Expected**: with pictures as they are the edge lies
# between 0.05 and 0.1. Less their mean, eight times 0.05 still survives, and after three epochs hardly a neuron is dead.
# The error at the start is higher, because mean brightness no longer stands in for the offset; a larger rate makes up for that within a few epochs.
