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
# **You will learn**
# - why a hidden layer without an activation is no layer at all;
# - where the weights of such a network are, and how large they must be at the start;
# - how to find a learning rate by measurement;
# - what Adam does to the step of each single weight;
# - how to see overfitting in a table, and dead neurons in a count.
#
# **Needs** chapters [01a](01a_neurons.ipynb) to [03](03_linear.ipynb). **Takes** about a minute on two cores (profile *quick*).
# **Figures** 3.4, 4.2, 4.3, 04-a to 04-e.

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
# For First you could compute the fastest safe rate. The loss of Second is no bowl, so you measure.
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
# First the runs that come with the course: Second for 1000 epochs on real faces, once by plain descent
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
    axes.plot(stored.history.epoch, stored.history.val_mse, label=f"{name}, validation", **style)
    axes.plot(stored.history.epoch, stored.history.loss, ":", label=f"{name}, training", **style)
real = training.mean_face_measures()["validation"]["mse"]
axes.axhline(real, color="black", lw=1, ls="--", label="mean face")
axes.set(xscale="log", yscale="log", xlabel="epoch", ylabel="MSE")
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
# 0.001. The short test asked too early, and it asked the training faces. So tune at the length you mean
# to train, and judge by validation faces.
#
# At 0.001 Adam needs fewer epochs than plain descent. It is hardly better: with enough epochs and a
# rate that was looked for, plain descent ends at nearly the same error. What the thesis took for a
# better minimum may have been a training that was not over.

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
figure, axes = plt.subplots(figsize=(7.2, 3.2))
for step, colour, label in zip(
    steps.values(), ("orange", "blue"), ("plain descent, rate 0.05", "Adam, rate 0.001")
):
    moved = step[step > 0]
    weights = np.full(moved.size, 1 / step.size)
    bins = np.logspace(-9, -2, 90)
    axes.hist(moved, bins, weights=weights, color=plotting.COLOURS[colour], alpha=0.65, label=label)
axes.axvline(0.001, color="black", lw=1, ls=":", label="Adam's learning rate")
axes.set(xscale="log", xlabel="change of a weight in one step", ylabel="share of weights")
axes.legend(fontsize=8.5, loc="upper left")
chapter.figure(
    figure,
    "04-c",
    "How far each of the 2,764,800 first-layer weights moves in one step.",
    alt="Two histograms on a logarithmic axis. Plain descent's changes are smaller and spread "
    "over several powers of ten; Adam's are larger and lie close together, below its rate.",
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
# The gap between training and other faces is what a network knows by heart.

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
# The rows use the weights of the epoch with the lowest validation error. The mean face has almost
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
# start. Either way a neuron falls below zero for every face at once. [Exercise 5](#Exercises) looks for a cure.

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
# - Adam evens out the steps: far larger for most weights, and close together.
# - Adam gets down sooner. Plain descent at a well-chosen rate ends at nearly the same error.
# - A rate that wins a short test on the training faces may lose the long training on others. Tune both
#   rules, at the length you mean, on validation faces.
# - Second by plain descent needs fewer epochs than First for the same loss, not more.
# - Whether the thesis's First and Second beat the mean face its text does not tell; its Second with Adam does.
#   On our real faces Second beats it by either rule, with one seed each.
# - Many hidden neurons die in the first steps, because all pixels are positive.
#
# ## Exercises
#
# **1. Halve the first layer.** Give the first hidden layer 150 neurons instead of 300. How many
# parameters are left? Write down your answer, then check it.

# %%
def check_1(answer):
    """Say whether the number of parameters is right."""
    sizes = ((9216, 150), (150, 150), (150, 30))
    right = sum((n + 1) * m for n, m in sizes)
    print("right" if answer == right else "not yet: weights plus offsets, layer by layer")


# %% tags=["solution"]
check_1(9217 * 150 + 151 * 150 + 151 * 30)

# %% [markdown]
# **2. Collapse three layers.** Three linear layers 9216-300-150-30 with offsets $b_1, b_2, b_3$ are
# one layer as well. Write $W$ and $b$ as formulas, then as code: a function `collapse` that takes
# the six arrays of `get_weights()` and returns two. Call `check_2(collapse)`.

# %%
def check_2(collapse):
    """Compare a collapsed network with the three layers that it stands for."""
    rng = np.random.default_rng(0)
    shapes = ((20, 7), (7,), (7, 5), (5,), (5, 3), (3,))
    w1, b1, w2, b2, w3, b3 = arrays = [rng.normal(size=s) for s in shapes]
    inputs = rng.normal(size=(4, 20))
    w, b = collapse(arrays)
    expected = ((inputs @ w1 + b1) @ w2 + b2) @ w3 + b3
    print("right" if np.allclose(inputs @ w + b, expected) else "not yet")


# %% tags=["solution"]
def collapse(arrays):
    """One matrix and one offset for three linear layers."""
    w1, b1, w2, b2, w3, b3 = arrays
    return w1 @ w2 @ w3, (b1 @ w2 + b2) @ w3 + b3


check_2(collapse)

# %% [markdown]
# **3. One layer more.** Put a third hidden layer of 75 neurons into Second and train it by plain
# descent at rate 0.05 for three epochs. Predict: will its training loss after three epochs be
# above or below Second's after three? Then train.

# %% tags=["solution", "nbval-ignore-output"]
keras.utils.set_random_seed(SEED)
deeper = keras.Sequential([keras.layers.Input((96, 96, 1)), keras.layers.Flatten()])
for units in (300, 150, 75):
    deeper.add(keras.layers.Dense(units, activation="relu"))
deeper.add(keras.layers.Dense(30))
deeper.compile(keras.optimizers.SGD(0.05), loss="mse")
log = deeper.fit(x, y, batch_size=64, epochs=3, verbose=0).history["loss"]
print("three hidden layers", [f"{loss:.4f}" for loss in log])
print("two hidden layers  ", [f"{loss:.4f}" for loss in by_descent.history.loss[:3]])

# %% [markdown]
# **4. Start at the mean face.** The hidden layers must start at random, but the *output* layer may
# start from zero: its weights get different gradients, because the hidden neurons differ. Set its
# matrix to 0 and its 30 offsets to the mean targets. What is the loss before the first step? Train
# for a few epochs by plain descent and compare with the mean face.

# %% tags=["solution", "nbval-ignore-output"]
network = second()
network.compile(keras.optimizers.SGD(0.05), loss="mse")
arrays = network.get_weights()
arrays[-2][:], arrays[-1][:] = 0, y.mean(axis=0)
network.set_weights(arrays)
held = data.to_inputs(splits.validation.images), data.to_targets(splits.validation.keypoints)
before = network.evaluate(*held, batch_size=256, verbose=0)
few_epochs = chapter.pick(1, 5, 100)
log = network.fit(x, y, batch_size=64, epochs=few_epochs, verbose=0, validation_data=held).history
print(f"mean face {mean_face_mse(splits.validation):.5f}, at the start {before:.5f}")
print(f"after {few_epochs} epochs: validation {min(log['val_loss']):.5f}")
print(f"Second, Glorot start, at best: {lowest['Second']:.5f}")
with chapter.guard("the start is the mean face"):
    assert abs(before - mean_face_mse(splits.validation)) < 1e-4

# %% [markdown]
# **5. Open.** Subtract the mean training picture from `x` and from the validation pictures, and
# train Second again, by plain descent. Which is now the largest rate that survives? How
# many neurons die? Is the loss after ten epochs lower than before? And why does the curve begin
# higher? [Chapter 03](03_linear.ipynb)'s exercise on the speed limit tells you what to expect.
