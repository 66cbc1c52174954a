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
# # 11 CPU and GPU timing
#
# The thesis trained its networks on a processor (CPU) and on a graphics card (GPU), and found
# one of them 38 times as fast on the card. It also asked how long a finished network takes for
# one picture. In this chapter you measure both on your own machine, and you find out where
# the time goes.
#
# **You can afterwards**
# - measure a time that somebody else can check, and tell whether something else was running (exercise 2, question 1);
# - compute the multiply-adds of a network, and tell whether arithmetic is what you wait for (exercises 1 and 6, question 3);
# - compute the overhead of a step, and the ceiling it sets for a faster device (exercises 3 and 5, question 2);
# - tell how cost grows with faces, side and batch (exercise 7);
# - tell which way of calling keeps up with a film (exercise 4, question 4).
#
# **Needs** chapters [03](03_linear.ipynb) to [06](06_pooled_cnn.ipynb). **Takes** about 125 minutes to study, and 40 seconds of two cores (profile *quick*).
# **Figures** 4.9, 4.10, 11-a to 11-e.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import collections.abc
import pathlib
import tempfile
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pandas as pd
import tensorflow as tf
from matplotlib import ticker
from scipy.optimize import nnls

from fkd_utils import evaluation, models, plotting

chapter = plotting.Chapter("11", PROFILE, DATA, SEED)
keras.utils.set_random_seed(SEED)
REPEATS = chapter.pick(smoke=1, quick=3, paper=9)

# %% [markdown]
# ## Measuring
#
# A network can be called layer by layer, from Python. `tf.function` makes a compiled function of it: at its first call it
# records the operations, and later runs the whole record in one go.


# %%
def compile_network(model: keras.Model) -> collections.abc.Callable[[np.ndarray], np.ndarray]:
    """The network as one function, from pictures to outputs, both NumPy arrays."""
    recorded = tf.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)
    return lambda inputs: recorded(tf.convert_to_tensor(inputs)).numpy()


# %% [markdown]
# The next cell calls one compiled network six times and takes the time of each call.
#
# **Predict.** Will the six times be alike?

# %% tags=["nbval-ignore-output"]
score = compile_network(evaluation.timing.network("fourth"))
one = evaluation.timing.pictures(1)
calls = []
for _ in range(6):
    start = time.perf_counter()
    score(one)
    calls.append(time.perf_counter() - start)
print("  ".join(f"{1000 * seconds:.2f}" for seconds in calls), "ms")
print(f"the first took {calls[0] / np.median(calls[1:]):.0f} times as long as the others")

# %% [markdown]
# The first call is in another class. It translates the network into a graph of operations,
# chooses a routine for each and reserves memory. You pay this once, so it belongs in a row of its
# own, not in an average. This is the **warm-up**.
#
# The other calls differ too. Another program gets a core for a moment, the clock of the processor
# changes. Such disturbances only ever add time, and a few of them can be large. A mean would follow
# them. The **median** does not, and the **quartiles** beside it say how far to trust it.
#
# Two clocks tell more than one. The *wall clock* says how long you waited. The *processor clock*
# says how many seconds of computing your process used, all cores together. Their ratio is the number
# of cores that were at work. When it is far below one, something else held you up: a disk, a
# sleeping device, or other programs.
#
# `evaluation.timing.measure` does all this. Very short work it calls many times in a row, because the clock's
# own cost would show.

# %% tags=["nbval-ignore-output"]
waiting = evaluation.timing.measure(lambda: time.sleep(0.02), repeats=5)
computing = evaluation.timing.measure(lambda: sum(range(300_000)), repeats=5)
for name, timed in (("sleeping", waiting), ("adding", computing)):
    low, high = (1000 * quartile for quartile in timed.quartiles)
    print(
        f"{name:<9} median {1000 * timed.median:5.1f} ms, "
        f"quartiles {low:.1f} and {high:.1f}, cores at work {timed.busy:.2f}"
    )

# %% [markdown]
# A graphics card adds a trap. It takes an order, says "understood" and returns before the work is
# done. Whoever stops the clock then has measured the order. Everything measured here copies
# its result back, as `.numpy()` does above, which cannot happen before the result exists.

# %% [markdown]
# ## What is measured, and on what
#
# A time without a machine means nothing. Here is yours.

# %% tags=["nbval-ignore-output"]
here = evaluation.timing.describe("this machine")
for key in ("device", "kind", "cores", "backend", "versions", "date"):
    print(f"{key:<9}{here[key]}")

# %% [markdown]
# The pictures are noise, `(n, 96, 96, 1)`, as many as the thesis has: 1712 to train on, 428 to
# score. A multiplication takes as long with a grey value from a cheek as with a random one
# ([exercise 2](#Exercises) tests this). So the times do not depend on the data source, and machines
# can be compared that hold different faces.

# %% [markdown]
# ## Counting the arithmetic
#
# Both kinds of layer multiply numbers in pairs and add them up. One such pair is a *multiply-add*.
# A dense layer from $n$ to $m$ numbers takes $n\,m$ of them. A convolution takes, for each number of
# its output, as many as its kernel has weights for one filter:
#
# $$H_{\text{out}} \, W_{\text{out}} \, C_{\text{out}} \cdot k^2 \, C_{\text{in}} .$$


# %%
def multiply_adds(model: keras.Model) -> list[int]:
    """Multiply-adds of one picture on the way forward, layer by layer."""
    counts = []
    for layer in model.layers:
        if layer.weights:  # pooling, flattening and dropout multiply nothing
            kernel = layer.weights[0]
            places = np.prod(layer.output.shape[1:-1], dtype=int)  # 1 for a dense layer
            counts.append(int(places * np.prod(kernel.shape)))
    return counts


networks = evaluation.timing.networks()
counts = {name: multiply_adds(model) for name, model in networks.items()}
forward = {name: sum(layers) for name, layers in counts.items()}
NAMES = list(networks)

# %% tags=["guard"]
with chapter.guard("First multiplies every pixel with 30 weights"):
    assert forward["first"] == 9216 * 30

# %% [markdown]
# Training costs more. On the way back, a layer multiplies once for the gradient of its weights and
# once for the gradient of its input, each as often as on the way forward. The first layer
# needs no gradient of its input: the picture is not going to be changed.
# [Chapter 01b](01b_learning.ipynb) did this by hand.
#
# $$\text{training} = 3 \cdot \text{forward} - \text{first layer}$$

# %%
in_training = {name: 3 * sum(layers) - layers[0] for name, layers in counts.items()}
plotting.show_table(
    [
        {
            "network": name.capitalize(),
            "weights": model.count_params(),
            "multiply-adds forward": forward[name],
            "in training": in_training[name],
        }
        for name, model in networks.items()
    ],
    **{c: "{:,}" for c in ("weights", "multiply-adds forward", "in training")},
)

# %% tags=["guard"]
with chapter.guard("Second has ten times Fourth's weights; both need about three million"):
    assert 9 < networks["second"].count_params() / networks["fourth"].count_params() < 11
    assert all(2.5e6 < forward[name] < 3.5e6 for name in ("second", "fourth"))

# %% [markdown]
# Compare Second with Fourth. Second has ten times the weights, but both need about three million
# multiply-adds for a picture. A dense layer uses each weight once. A convolution uses a weight
# again at every place.
#
# **Predict.** Which of the two trains faster, and by how much? Write it down.

# %% [markdown]
# ## Training time
#
# The next cell measures epochs of all four networks, then their scoring. It takes a while. The
# first epoch of each is the warm-up.

# %% tags=["nbval-ignore-output"]
trained = chapter.pick(smoke=128, quick=evaluation.timing.TRAINED, paper=evaluation.timing.TRAINED)
live = evaluation.timing.measurements("this machine", networks, REPEATS, trained)
table = pd.concat([live, evaluation.timing.read_measured()], ignore_index=True)
gpu_measured = bool((table.kind == "gpu").any())
no_gpu = "" if gpu_measured else " No GPU was measured."

# %% tags=["nbval-ignore-output"]
train = table[table.measure == "train"].copy()
times = ["low", "median", "high", "cpu_seconds"]
train[times] = train[times].mul(evaluation.timing.TRAINED / train.pictures, axis=0)
train["cores at work"] = train.cpu_seconds / train["median"]
shown = train[["machine", "kind", "network", "median", "cores at work"]]
plotting.show_table(
    shown.rename(columns={"median": "seconds an epoch"}).to_dict("records"),
    **{"seconds an epoch": "{:.3f}", "cores at work": "{:.2f}"},
)

# %% [markdown]
# `this machine` is what ran just now. Other names, if there are any, are stored measurements. You can
# add yours, to `data/runs/timing` (run it while nothing else runs):
#
#     python -m fkd_utils timing --name "my laptop"
#
# On a machine with a graphics card, Keras computes there, and the row says so. The course had no
# such machine: all times that come with it are of processors, and of a GPU you see the thesis's
# numbers only, until you measure one. The thesis gives few numbers: 404 s against 82 s for Second, a factor of about 31 for Third and of 38 for Fourth.
# It neither names its machine nor says how many epochs these times are for. Its learning curves
# run to 1000 epochs. Taking that, Second needed 0.404 s and 0.082 s an epoch.

# %%
THESIS_EPOCH = {"cpu": {"second": 0.404}, "gpu": {"second": 0.082}}
THESIS_RATIO = {"second": 404 / 82, "third": 31, "fourth": 38}
COLOURS = dict(zip(dict.fromkeys(table.machine), plotting.CYCLE))


def bars(axes: plt.Axes, rows: pd.DataFrame, unit: float = 1.0) -> None:
    """Medians by network with their quartiles, a colour for each machine, log scale."""
    names = list(dict.fromkeys(rows.machine))
    width = 0.8 / max(1, len(names))
    for k, name in enumerate(names):
        mine = rows[rows.machine == name].set_index("network").loc[NAMES]
        x = np.arange(4) + (k - (len(names) - 1) / 2) * width
        middle, low, high = (unit * mine[c] for c in ("median", "low", "high"))
        spread = np.stack([middle - low, high - middle])
        look = {"color": COLOURS[name], "label": name, "capsize": 2}
        axes.bar(x, middle, 0.9 * width, yerr=spread, **look)
    axes.set_xticks(range(4), [name.capitalize() for name in NAMES])
    axes.set(yscale="log", xlim=(-0.6, 3.6))


# %% tags=["drawing", "nbval-ignore-output"]
kinds = [kind for kind in ("cpu", "gpu") if (train.kind == kind).any()]
figure, grid = plt.subplots(1, len(kinds) + 1, figsize=(3.4 * len(kinds) + 3.6, 3.4))
for axes, kind in zip(grid, kinds):
    bars(axes, train[train.kind == kind])
    for name, thesis_epoch in THESIS_EPOCH[kind].items():
        at = NAMES.index(name)
        axes.plot(at, thesis_epoch, "D", color="black", label="thesis (1000 epochs assumed)")
    axes.set(title=f"{kind.upper()}", ylabel="seconds an epoch", ylim=(0.01, 100))
    axes.legend(fontsize=8, loc="upper left")
ratios = [THESIS_RATIO.get(name, 0) for name in NAMES]
drawn = grid[-1].bar(range(4), ratios, color=plotting.COLOURS["grey"])
grid[-1].bar_label(drawn, ["not given", "4.9", "31", "38"], fontsize=9)
grid[-1].set_xticks(range(4), [name.capitalize() for name in NAMES])
grid[-1].set(title="thesis: CPU time over GPU time", ylabel="ratio", ylim=(0, 44))
chapter.figure(
    figure,
    "4.9",
    "Training time, 1712 pictures an epoch; bars medians, whiskers quartiles." + no_gpu,
    alt="Panels of bars. Seconds an epoch on processors: First is fastest, then Second, "
    "then the two networks with convolutions. Where a graphics card was measured, the same "
    "on cards. The thesis's ratios: 4.9 for Second, 31 for Third and 38 for Fourth.",
)

# %% tags=["nbval-ignore-output"]
epoch = train[train.machine == "this machine"].set_index("network")["median"]
slower = epoch["fourth"] / epoch["second"]
print(f"Fourth takes {slower:.1f} times as long as Second here,")
print(f"for {in_training['fourth'] / in_training['second']:.1f} times the multiply-adds")

# %% [markdown]
# How close was your prediction? If time followed arithmetic, the two numbers would be the same.

# %% [markdown]
# ## How fast is the arithmetic?
#
# Divide the work by the time. A multiply-add counts as two floating-point operations (FLOP), so the
# unit is FLOP a second, here in billions (GFLOP/s).
#
# To know what is a lot, measure what your processor can do with an easy task: the product of two
# large square matrices. No routine has been tuned more.

# %% tags=["nbval-ignore-output"]
large = 1024
matrix = np.random.default_rng(0).random((large, large), np.float32)
product = evaluation.timing.measure(lambda: matrix @ matrix, repeats=5)
best_rate = 2 * large**3 / product.median / 1e9
print(f"matrix product: {best_rate:.0f} GFLOP/s")

# %% tags=["nbval-ignore-output"]
gflop = 2e-9 * evaluation.timing.TRAINED * pd.Series(in_training)
rates = gflop / epoch
for name, rate in rates.items():
    print(f"{name.capitalize():<8}{rate:6.1f} GFLOP/s, {rate / best_rate:6.1%} of it")

# %% [markdown]
# Do the same with the thesis's times. It speaks of waiting three hours for each experiment
# without the GPU; take that for Fourth. Its GPU then needed 284 s. Third took about 10% longer
# there, so 316 s, and 31 times that on the processor. These are rough estimates, but the
# differences below are far larger than their errors.

# %%
thesis_seconds = pd.DataFrame({"cpu": {"second": 404.0}, "gpu": {"second": 82.0}})
thesis_seconds.loc["fourth"] = 3 * 3600, 3 * 3600 / 38
third = thesis_seconds.gpu["fourth"] / 0.9
thesis_seconds.loc["third"] = 31 * third, third
thesis_rates = thesis_seconds.rdiv(1000 * gflop[thesis_seconds.index], axis=0)
for name in ("second", "third", "fourth"):
    cpu, gpu = thesis_rates.loc[name]
    print(f"{name.capitalize():<8}CPU {cpu:5.1f} GFLOP/s, GPU {gpu:5.0f} GFLOP/s")

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(7.2, 3.4))
bar_sets = {
    ("this machine", "blue"): rates,
    ("thesis, CPU (estimate)", "orange"): thesis_rates.cpu,
    ("thesis, GPU (estimate)", "grey"): thesis_rates.gpu,
}
for k, ((label, colour), values) in enumerate(bar_sets.items()):
    places = [NAMES.index(name) + 0.27 * (k - 1) for name in values.index]
    axes.bar(places, values, 0.25, color=plotting.COLOURS[colour], label=label)
axes.axhline(best_rate, color=plotting.COLOURS["blue"], linestyle="--")
axes.text(-0.4, best_rate * 1.1, "matrix product", fontsize=9)
axes.set_xticks(range(4), [name.capitalize() for name in NAMES])
axes.set(yscale="log", ylabel="GFLOP/s while training", ylim=(0.5, 4000))
axes.legend(loc="upper left", ncols=3, fontsize=8.5)
chapter.figure(
    figure,
    "11-a",
    "Arithmetic done in a second of training.",
    alt="Bars on a logarithmic axis for four networks. In the thesis's estimate the "
    "processor falls from about 50 GFLOP/s on Second to about 3 on Fourth, the "
    "graphics card only from about 240 to about 100. A dashed line: this "
    "machine on a matrix product.",
)

# %% [markdown]
# Look at the orange bars first. On the processor of the thesis, the convolutions of Fourth ran at
# about a twentieth of the speed of Second's dense layers. The grey bars, its GPU, fall too, but
# only to about two fifths. From Second to Fourth the ratio grew from 4.9 to 38, that is by 7.7, and
# this is $18.5 / 2.4$. **The ratio rose because the processor became slow.** The card did not
# become fast: it did less arithmetic a second on Fourth than on Second.
#
# So "the speed-up grows with the model" needs care. Fourth is not larger than Second: it has a tenth
# of the weights and about the same arithmetic. It has *convolutions*, and those were slow on the
# thesis's processor. What has become of that?

# %% tags=["nbval-ignore-output"]
gain = rates["fourth"] / thesis_rates.cpu["fourth"]
left = epoch["fourth"] / (thesis_seconds.gpu["fourth"] / 1000)
print(f"Fourth computes {gain:.1f} times as fast here as on the thesis's CPU;")
print(f"the thesis's GPU would be {left:.1f} times as fast as this machine, not 38")

# %% [markdown]
# Why are small convolutions far from the dashed line? Two explanations suggest themselves. This
# chapter measures neither. A product of matrices of side $n$ does $n^3$ multiply-adds on $2n^2$
# numbers, so each number that is fetched is used $n$ times. The first convolution of Fourth reads
# one number and writes four for each place, with only 100 multiply-adds in between. Fetching may
# then take longer than multiplying. And 4, 6 or 8 filters may not fill the registers of a core,
# which hold 8 or 16 numbers at once.

# %% [markdown]
# ## What no device can speed up
#
# A training step is more than arithmetic on pictures. Python asks Keras, Keras asks its back-end, a
# graph of some hundred operations is started one by one, a loss is noted. At the end the optimiser
# changes every weight: for each, Adam reads four numbers (the weight, its gradient and two means)
# and writes three. All this costs the same for a batch of 2 and for one of 2000. Write the step as
#
# $$T(B) = a + b\,B$$
#
# with $a$ seconds once a step, the overhead, and $b$ seconds of arithmetic for each picture. Suppose a
# device does the arithmetic $s$ times as fast. The speed-up of the whole step is then
#
# $$S = \frac{a + bB}{a + bB/s} \;\le\; \frac{a + bB}{a} .$$
#
# This is Amdahl's law. The right-hand side is a **ceiling**: what an infinitely fast device would
# gain, as long as the overhead stays.
#
# **Predict.** Which of the four networks has the lowest ceiling at $B = 64$? Is the ceiling of
# Second nearer to that of First or to that of Fourth?
#
# An epoch has a price of its own: it shuffles, and sets a pipeline going that cuts the pictures into
# batches. If you divided a short epoch by its steps, this would pass for overhead of a step. So
# read the clock at the end of every step of one epoch, and take differences. What is paid once an
# epoch falls out. The first four differences are the warm-up.


# %%
def step_seconds(model: keras.Model, batch: int, steps: int) -> np.ndarray:
    """Seconds of each training step of an epoch, without the first five."""
    inputs = evaluation.timing.pictures(steps * batch, model.input_shape[1])
    targets, marks = np.zeros((len(inputs), 30), np.float32), []
    clock = keras.callbacks.LambdaCallback(  # Keras has copied the loss back before it calls
        on_train_batch_end=lambda _, logs: marks.append(time.perf_counter())
    )
    model.fit(inputs, targets, batch_size=batch, verbose=0, callbacks=[clock])
    return np.diff(marks)[4:]


# %% tags=["nbval-ignore-output"]
batches = chapter.pick(smoke=(2, 64), quick=(2, 8, 32, 128), paper=(2, 8, 32, 128, 512))
batches, steps = np.array(batches), chapter.pick(smoke=10, quick=24, paper=24)
each_step = {  # an array (batches, steps) for each network
    name: np.array([step_seconds(model, int(batch), steps) for batch in batches])
    for name, model in networks.items()
}
step = {name: np.median(measured, axis=1) for name, measured in each_step.items()}

# %% [markdown]
# Now fit the line. At each point, $a + bB$ should be the measured $T$. Divide by $T$: $a/T + b\,B/T$
# should be 1. Least squares then count a miss in percent, and a short step as much as a long one.
# `nnls` (non-negative least squares) finds the best $a$ and $b$ that are not below zero.

# %% tags=["nbval-ignore-output"]
fits = {}
for name in networks:
    coefficients = np.stack([1 / step[name], batches / step[name]], axis=1)
    fits[name], _ = nnls(coefficients, np.ones(len(batches)))
rows = []
for name, (a, b) in fits.items():
    whole = a + 64 * b
    row = {"network": name.capitalize(), "a, ms": 1000 * a, "b, ms": 1000 * b}
    row["largest miss"] = np.abs((a + b * batches) / step[name] - 1).max()
    row["s = 10"] = whole / (a + 64 * b / 10)
    row["s = 100"] = whole / (a + 64 * b / 100)
    row["ceiling"] = whole / a if a else np.inf
    rows.append(row)
digits = {c: "{:.2f}" for c in ("a, ms", "s = 10", "s = 100", "ceiling")}
plotting.show_table(rows, **digits, **{"b, ms": "{:.3f}", "largest miss": "{:.0%}"})
ceilings = {name: row["ceiling"] for name, row in zip(fits, rows)}

# %% tags=["drawing"]
figure, grid = plt.subplots(1, 4, figsize=(10.4, 3.0), sharey=True)
fine = np.geomspace(batches[0], batches[-1], 60)
bottom = 500 * min(map(np.min, step.values()))
for axes, (name, (a, b)), colour in zip(grid, fits.items(), plotting.CYCLE):
    low, high = 1000 * np.quantile(each_step[name], (0.25, 0.75), axis=1)
    middle = 1000 * step[name]
    axes.axhspan(bottom, max(1000 * a, bottom), color=plotting.COLOURS["grey"], alpha=0.2)
    axes.plot(fine, 1000 * (a + b * fine), color=colour)
    spread = [middle - low, high - middle]
    axes.errorbar(batches, middle, spread, fmt="o", color=colour, capsize=3)
    axes.axvline(64, color=plotting.COLOURS["grey"], linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="batch B (pictures)")
    axes.set_title(f"{name.capitalize()}: {1000 * a:.2f} + {1000 * b:.3f} B", fontsize=10)
    axes.set_xticks(batches, [str(b) for b in batches])
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
grid[0].set(ylabel="ms a training step", ylim=(bottom, 2000 * max(map(np.max, step.values()))))
chapter.figure(
    figure,
    "11-b",
    "A training step is overhead (grey) and arithmetic; points medians, whiskers quartiles.",
    alt="Four panels, one a network: time of a training step against the batch on logarithmic "
    "axes, measured points and the fitted line. A grey band is the overhead. The line leaves the "
    "band late for First, earlier for the networks with convolutions.",
)

# %% tags=["nbval-ignore-output"]
for name, (a, b) in fits.items():
    print(f"{name.capitalize():<8}27 steps of 64 by the line {27 * (a + 64 * b):6.3f} s, "
          f"measured epoch {epoch[name]:6.3f} s")

# %% [markdown]
# A point off its line by more than its whiskers shows that $a + bB$ is a model: nothing obliges a back-end to do 32 pictures
# in the way it does 8. *largest miss* in the table says how far to trust $a$, and the ceiling with it. The last cell tests
# the fit on epochs that it has not seen. What an epoch takes beyond its 27 steps is its own price, or a miss of the line.

# %% [markdown]
# What does that do to a whole epoch? Let the batch grow: twice the batch, half the steps. Predict before you move the slider: at which batch is half of
# a step of Fourth arithmetic, and at which half of a step of First? And when does an epoch stop getting shorter?

# %% tags=["drawing", "nbval-ignore-output"]
GROWING = 2 ** np.arange(12)  # batches of 1 to 2048
STEPS_OF = -(-evaluation.timing.TRAINED // GROWING)  # steps an epoch; the last may be smaller


def batch_figure(which):
    """What a step of batch number `which` is made of, and how long an epoch takes by batch."""
    batch = GROWING[which]
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    for k, (name, colour) in enumerate(zip(networks, plotting.CYCLE)):
        a, b = fits[name]
        share = a / (a + b * batch)
        left.bar(k, 100 * share, color=plotting.COLOURS["grey"])
        left.bar(k, 100 * (1 - share), bottom=100 * share, color=colour)
        seconds = STEPS_OF * a + evaluation.timing.TRAINED * b
        right.plot(GROWING, seconds, color=colour, ls="--" if name == "fourth" else "-",
                   label=name.capitalize())
        right.plot(batch, seconds[which], "o", color=colour)
    left.set_xticks(range(4), [name.capitalize() for name in networks], fontsize=8)
    left.set(title=f"a step of {batch}: overhead is grey", ylabel="% of its time")
    left.grid(axis="x", visible=False)
    right.set(xscale="log", yscale="log", xlabel="batch",
              title=f"seconds an epoch; steps: {STEPS_OF[which]}")
    right.set_xticks(GROWING[::3], [str(one) for one in GROWING[::3]])
    right.minorticks_off()
    right.legend(fontsize=8, loc="upper right")
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(batch_figure, range(len(GROWING))),
    [f"batch {batch}, steps {count}" for batch, count in zip(GROWING, STEPS_OF)],
    "11-e",
    "What a step is made of, by the lines of Figure 11-b, and how long an epoch of 1712 faces is.",
    alt="Left four bars, one a network, split into overhead, grey, and arithmetic. With growing "
    "batch the grey shrinks, soon for the networks with convolutions, late for First and Second. "
    "Right the seconds of an epoch by batch: falling lines that become flat, and dots.",
    start=6,
)

# %% [markdown]
# An epoch gets shorter as long as overhead is what you wait for, and then no more. The lines know nothing of memory: a batch of
# 2048 must fit into it. And they say nothing of learning. Fewer steps an epoch are fewer corrections ([chapter 01b](01b_learning.ipynb)).

# %% [markdown]
# Back to [Figure 11-b](#figure-11-b). On the flat part of a curve you wait for overhead, on the slope for arithmetic. The
# dotted line is the course's batch of 64. How many times as high as the grey band the curve is there, that is the
# ceiling. First is still near its flat part: a faster device finds little to speed up. The thesis saw this and put it down
# to the 30 neurons of First, rightly.
#
# Second has few operations, too, and yet a long flat part that lies high. It has 2.8 million
# weights, ten times those of Fourth, and changes them at every step. A card may do this part faster
# as well. Then the ceiling of Second is drawn too low.

# %% tags=["nbval-ignore-output"]
order = [ceilings[name] for name in NAMES]
grows = order[0] < order[1] < min(order[2:])
print("ceilings grow from First to Second to the two with convolutions:", grows)
if max(order) < THESIS_RATIO["fourth"]:
    print(f"38 is out of reach here: at B = 64 the highest ceiling is {max(order):.0f}")
else:
    print(f"38 is not excluded here: the highest ceiling is {max(order):.0f}")

# %% [markdown]
# If the first line says False, look at the whiskers of [Figure 11-b](#figure-11-b). Where they are long, something else was
# running.
#
# Read the second line as a statement about both sides. The faster your processor does the
# arithmetic, the less a card can add. A larger batch raises the ceiling ([exercise 3](#Exercises)), and a
# network with hundreds of filters raises it far more. Such networks are what cards are bought
# for. A card has an overhead of its own, too: every batch travels to it.

# %% [markdown]
# ## Scoring time
#
# To use a network, you only need the way forward. The thesis looked at two cases: the whole test
# set of 428 pictures at once, and a single picture, such as one from a webcam. It gives about 24 ms
# for the set; the networks with convolutions took about three times as long as the others,
# and Fourth about a tenth of the time for one picture.

# %% tags=["drawing", "nbval-ignore-output"]
scored = table[table.measure == "score"]
figure, grid = plt.subplots(1, 2, figsize=(9.6, 3.4))
for axes, n in zip(grid, (evaluation.timing.SCORED, 1)):
    bars(axes, scored[scored.pictures == n], unit=1000)
    axes.set(title=f"{n} picture{'s' if n > 1 else ''}", ylabel="milliseconds")
grid[0].plot([1.6, 3.4], [24, 24], "k--", label="thesis, about 24 ms")
grid[1].plot([2.6, 3.4], [2.4, 2.4], "k--", label="thesis, about 2.4 ms")
for axes in grid:
    axes.set_ylim(top=5 * axes.get_ylim()[1])
    axes.legend(fontsize=8.5, loc="upper left")
chapter.figure(
    figure,
    "4.10",
    "Scoring time of a compiled function: the test set, and one picture." + no_gpu,
    alt="Two panels of bars on logarithmic axes. For 428 pictures First and Second "
    "are several times as fast as the networks with convolutions. For one "
    "picture the four are closer together.",
)

# %% tags=["nbval-ignore-output"]
mine = live[live.measure == "score"].set_index(["network", "pictures"])["median"]
for name in NAMES:
    alone, shared = 1000 * mine[name, 1], 1000 * mine[name, 428] / 428
    print(f"{name.capitalize():<8}alone {alone:6.2f} ms, one of 428 {shared:6.3f} ms")

# %% [markdown]
# A picture in a crowd is cheaper than a picture alone, for every network. The overhead again: 428
# share it. The thesis explains this with parallel computing. That is one half. On a single core,
# with nothing in parallel, the crowd would still be cheaper.
#
# The thesis then thinks of phones. A light network that errs annoys the people who use it. A good one that needs more
# computing slows their phone and drains its battery. You have no phone here, so let your processor clock
# stand for both.
#
# **Predict.** With dropout, Fourth has less than a quarter of First's error ([Table 4.1](06_pooled_cnn.ipynb#table-4.1)). On a film of
# 30 pictures a second, one call a picture, what share of a core does First take, and what share Fourth?

# %% tags=["nbval-ignore-output"]
on_film = live[(live.measure == "score") & (live.pictures == 1)].set_index("network").cpu_seconds
for name, busy in on_film.items():
    print(f"{name.capitalize():<8}{30 * busy:6.1%} of a core, for 30 pictures a second")

# %% [markdown]
# Fourth takes more, and still leaves most of a core free. On such a machine you need not choose between these four by
# time. Between larger networks you may have to: [Table 18b.4](18b_how_sure.ipynb#table-18b.4) has the milliseconds and megabytes of some.

# %% [markdown]
# ## How cost grows
#
# If a cost follows a power law $T \sim x^p$, then $\log T$ is a straight line over $\log x$, and its
# slope is $p$. You have three such $x$: the number of faces, the side of the picture and the batch.
# A time with overhead follows none. So take the slope from each point to the next, and see where it
# goes.
#
# **Predict** for Fourth: what happens to the training time when the number of faces doubles? When
# the side of the picture doubles? And to the training time of a *picture* when the batch doubles?

# %% tags=["nbval-ignore-output"]
fourth = networks["fourth"]
scored_at_once = 4 ** np.arange(*chapter.pick(smoke=(2, 4), quick=(0, 6), paper=(0, 7)))
trained_on = chapter.pick(smoke=(64, 128), quick=(64, 256, 1024), paper=(64, 512, 4096))


def score_seconds(score: collections.abc.Callable, n: int, side: int = 96) -> float:
    """Median time to score n pictures of side by side pixels."""
    inputs = evaluation.timing.pictures(n, side)
    return evaluation.timing.measure(lambda: score(inputs), REPEATS).median


compiled = compile_network(fourth)
score_faces = [score_seconds(compiled, n) for n in scored_at_once]
train_faces = []
for n in trained_on:
    train_faces.append(evaluation.timing.measure_training(fourth, int(n), 64, REPEATS).median)

# %% tags=["nbval-ignore-output"]
sides = 24 * 2 ** np.arange(chapter.pick(smoke=2, quick=4, paper=5))  # 24, 48, 96, ...
score_side, step_side = [], []
for side in sides:
    sized = evaluation.timing.network("fourth", int(side))
    score_side.append(score_seconds(compile_network(sized), 64, side))
    step_side.append(np.median(step_seconds(sized, 64, chapter.pick(smoke=6, quick=12, paper=24))))


# %%
def slopes(x: npt.ArrayLike, seconds: npt.ArrayLike) -> np.ndarray:
    """The exponent p from each point to the next: rise over run, in logarithms."""
    return np.diff(np.log(seconds)) / np.diff(np.log(x))


# %% tags=["drawing"]
def curve(
    axes: plt.Axes, label: str, x: npt.ArrayLike, seconds: npt.ArrayLike, colour: str
) -> None:
    """Points, joined, with the slope of each piece beside it."""
    x, ms, colour = np.array(x), 1000 * np.array(seconds), plotting.COLOURS[colour]
    axes.plot(x, ms, "o-", color=colour, lw=1.2, ms=5, label=label)
    for k, slope in enumerate(slopes(x, ms)):
        at = np.sqrt(x[k : k + 2].prod()), np.sqrt(ms[k : k + 2].prod())
        axes.annotate(f"{slope:.1f}", at, (4, -9 if slope > 0 else 5), color=colour, fontsize=8,
                      textcoords="offset points")
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(x[:: 1 + len(x) // 5], [str(k) for k in x[:: 1 + len(x) // 5]])
    axes.xaxis.set_minor_locator(plt.NullLocator())


# %% tags=["drawing"]
figure, grid = plt.subplots(1, 3, figsize=(10.4, 3.5))
curve(grid[0], "training, an epoch", trained_on, train_faces, "orange")
curve(grid[0], "scoring", scored_at_once, score_faces, "blue")
curve(grid[1], "training, a step of 64", sides, step_side, "orange")
curve(grid[1], "scoring 64", sides, score_side, "blue")
curve(grid[2], "Fourth", batches, step["fourth"] / batches, "green")
curve(grid[2], "First", batches, step["first"] / batches, "purple")
grid[0].set(xlabel="faces", ylabel="ms", title="faces (Fourth)")
grid[1].set(xlabel="side of the picture (px)", ylabel="ms", title="side (Fourth)")
grid[2].set(xlabel="batch", ylabel="ms a picture, training", title="batch")
for axes in grid:
    axes.set_ylim(top=6 * axes.get_ylim()[1])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(plt.NullFormatter())
    axes.legend(fontsize=8, loc="upper left")
chapter.figure(
    figure,
    "11-c",
    "How cost grows; the numbers are the exponents p from one point to the next.",
    alt="Three panels with logarithmic axes. Time against faces: flatter for few, close to "
    "slope one for many. Time against the side of the picture: flatter at small sides, "
    "steeper at large ones. Training time of a picture against the batch: falling, "
    "for First more steeply than for Fourth.",
)

# %% tags=["nbval-ignore-output"]
doubled = step_side[-1] / step_side[-2]
print(f"the side from {sides[-2]} to {sides[-1]} px: {doubled:.1f} times the time, ", end="")
print(f"so p = {slopes(sides, step_side)[-1]:.1f}")

# %% [markdown]
# - **Faces.** The number of steps is proportional to the number of faces, so $p$ goes to 1. With few
#   faces the price of an epoch, or of a call, keeps it lower. The 22 pictures that
#   [chapter 07](07_augmentation.ipynb) makes of each face cost 22 times the epoch.
# - **Side.** Twice the side is four times the pixels, and each pixel is the centre of the same number
#   of multiplications. Arithmetic alone gives $p = 2$. Small pictures have a lower one: with them you
#   wait for overhead. For pictures much larger than these, count on 2.
# - **Batch.** With pure overhead, $p$ would be $-1$: twice the batch, half the cost of a picture. With
#   pure arithmetic it would be 0. First starts close to the one and stays near it longer. Fourth
#   is on its way to the other.
#
# None of these curves is one straight line, and one exponent for a whole curve would hide where it bends.
# To foretell the cost of twice as much, take the last.

# %% [markdown]
# ## One face at a time
#
# A webcam gives one face, and then another. Here are four ways to ask Fourth for its points.
#
# - `model.predict(x)` is made for large sets. For each call it builds a pipeline that cuts `x` into
#   batches, sets up callbacks and a progress bar, and takes it all down again.
# - `model(x)` calls the layers one after the other. Each operation is started from Python.
# - *compiled*: `tf.function`, as above. (In JAX it is `jax.jit`.)
# - *ONNX Runtime*: the network is written to a file in the ONNX format, a list of operations and
#   weights. Another program runs it, one that knows nothing of training.
#
# The last of the four, in full. `to_onnx` is Keras's `model.export(path, format="onnx")` without its notices.

# %% tags=["nbval-ignore-output"]
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "fourth.onnx"
    models.export.to_onnx(fourth, path)
    operations = [node.op_type for node in onnx.load(path).graph.node]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
input_name = session.get_inputs()[0].name
print(", ".join(operations))


def through_onnx(inputs: np.ndarray) -> np.ndarray:
    """Fourth's outputs, computed by ONNX Runtime."""
    return session.run(None, {input_name: inputs})[0]


# %% [markdown]
# **Predict** the order of the four, and the factor between the first and the last.

# %%
ways = {
    "model.predict": lambda x: fourth.predict(x, verbose=0),
    "model(...)": lambda x: keras.ops.convert_to_numpy(fourth(x, training=False)),
    "compiled": compiled,
    "ONNX Runtime": through_onnx,
}
answers = [way(one) for way in ways.values()]
print("outputs of each:", [answer.shape for answer in answers])

# %%
largest = max(np.abs(answer - answers[0]).max() for answer in answers)
print("the four answers agree to 1e-4:", bool(largest < 1e-4))

# %% tags=["guard"]
with chapter.guard("the four answers agree to 1e-4"):
    assert largest < 1e-4

# %% [markdown]
# `1e-4` on targets in $[-1, 1]$ is 0.005 pixels. They differ at all because each adds in another
# order, and sums of rounded numbers depend on the order.

# %% tags=["nbval-ignore-output"]
ways_timed = {
    name: evaluation.timing.measure(lambda way=way: way(one), repeats=3 * REPEATS)
    for name, way in ways.items()
}
plotting.show_table(
    [
        {"way": name, "ms a face": 1000 * t.median, "faces a second": 1 / t.median}
        for name, t in ways_timed.items()
    ],
    **{"ms a face": "{:.3f}", "faces a second": "{:,.0f}"},
)

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(7.2, 2.6))
names = list(ways_timed)
middle = np.array([1 / ways_timed[name].median for name in names])
low, high = np.array([ways_timed[name].quartiles for name in names]).T
spread = [middle - 1 / high, 1 / low - middle]
axes.barh(names, middle, color=plotting.COLOURS["blue"], xerr=spread, capsize=3)
axes.axvline(30, color=plotting.COLOURS["red"], linestyle="--")
axes.text(31, -0.62, "webcam, 30 a second", color=plotting.COLOURS["red"], fontsize=9)
axes.set(xscale="log", xlabel="faces a second, one at a time", ylim=(3.6, -0.9))
chapter.figure(
    figure,
    "11-d",
    "Fourth, one face at a time, in four ways; whiskers are quartiles.",
    alt="Horizontal bars on a logarithmic axis. model.predict is slowest, then "
    "calling the model, then the compiled function, then ONNX Runtime, which is "
    "fastest. A dashed line marks the 30 pictures a second of a webcam.",
)

# %% tags=["nbval-ignore-output"]
predict, onnx = ways_timed["model.predict"].median, ways_timed["ONNX Runtime"].median
print(f"ONNX Runtime answers {predict / onnx:.0f} times as fast as model.predict")
rate = 2e-9 * forward["fourth"] / onnx
print(f"and does {rate:.0f} GFLOP/s, {rate / best_rate:.0%} of the matrix product")

# %% [markdown]
# The network is the same, to the last weight. All that changed is what stands around the
# arithmetic. For one small face that is nearly everything, and no graphics card would have helped.
#
# For the whole test set the picture is another: `model.predict` sets up its pipeline once for all
# pictures. Use it for sets, and something lighter for one face. [Chapter 12](12_demonstration.ipynb) does so.

# %% [markdown]
# ## What you saw
#
# - A time is a median with quartiles, after a warm-up, with the machine's description beside it.
# - Forward, Second and Fourth need about the same arithmetic. In training Fourth needs more, and takes
#   longer still. Both stay far below a matrix product. Second's update of all its weights and Fourth's small
#   convolutions are suspects; they were not measured.
# - The thesis's 38 for Fourth came from slow convolutions on its processor more than from a fast
#   card.
# - A step costs about $a + bB$. The overhead $a$ puts a ceiling on what a faster device can gain. First has
#   nothing but calls in it, Second also the update of its many weights.
# - Cost grows with the faces to a power that approaches 1, and with the side to one that approaches 2.
# - For a single face, choose the way of calling before you choose the hardware.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Count** (easy). In Fourth, the second convolution gets 12 filters instead of 6. How many multiply-adds
# does one picture take on the way forward? Predict first: twice as many in one layer, or in two?

# %% tags=["answer"]
answer_1 = ...  # a whole number

# %% tags=["check"]
@chapter.check("a whole number", "two convolutions change: the layer, and the one that reads it")
def check_1(answer):
    """The multiply-adds of Fourth with 12 filters in its second convolution."""
    def count(*filters):
        layers = [keras.layers.Input((96, 96, 1))]
        for number, size in zip(filters, (5, 5, 4)):
            layers += [keras.layers.Conv2D(number, size, padding="same"),
                       keras.layers.MaxPooling2D(2)]
        layers += [keras.layers.Flatten(), keras.layers.Dense(250), keras.layers.Dense(30)]
        return sum(multiply_adds(keras.Sequential(layers)))

    if answer == count(4, 6, 8) + 48 * 48 * 6 * 25 * 4:
        return "the layer itself, yes; and who reads its twelve maps?"
    return bool(answer == count(4, 12, 8))


check_1(answer_1)

# %% tags=["solution"]
first_two = 96 * 96 * 4 * 25 + 48 * 48 * 12 * 25 * 4
answer_1 = first_two + 24 * 24 * 8 * 16 * 12 + 12 * 12 * 8 * 250 + 250 * 30
check_1(answer_1)
# Filters are paid twice: once where they are made, once where they are read.

# %% [markdown]
# **2. Does the picture matter?** (open) Score 428 black pictures, 428 of noise, and 428 whose pixels are all
# $10^{-40}$, with `compiled`. Predict which is slowest, and measure it so that you would believe it.

# %% [markdown] tags=["solution"]
# **Rubric.** One point for a warm-up, one for medians with quartiles, one for taking turns between the three kinds. One for saying what
# else was running. Two for the reason: zeros are multiplied like any other number, but numbers below $10^{-38}$ have a format of their own
# (*denormal*), which some processors treat slowly. **Expected**: three times that cannot be told apart, since most back-ends make the processor take
# such numbers as zero; otherwise the third is several times slower.

# %% [markdown]
# **3. A batch for a card** (medium). From $a$ and $b$ of each network (`fits`), compute the batch at which overhead is a
# tenth of the step, so that the ceiling is 10. Predict first: is it larger for First or for Fourth?

# %% tags=["answer"]
answer_3 = ...  # four numbers, in the order of NAMES

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("four numbers, in the order of NAMES", "a is a tenth of a + b B")
def check_3(answer):
    """The batch at which a tenth of a step is overhead, for each network."""
    a, b = np.array([fits[name] for name in NAMES]).T
    known = b > 0
    given, ratio = np.asarray(answer, float)[known], (a / np.maximum(b, 1e-12))[known]
    if np.allclose(given, 10 * ratio) and ratio.any():
        return "there the overhead is a tenth of the arithmetic, not of the step"
    return bool(np.allclose(given, 9 * ratio, rtol=0.02))


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
answer_3 = [9 * fits[name][0] / max(fits[name][1], 1e-12) for name in NAMES]
for name, batch in zip(NAMES, answer_3):
    print(f"{name.capitalize():<8}B = {batch:6.0f}")
check_3(answer_3)
# (a + b B) / a = 10, so B = 9 a / b. Compare with 1712 faces: such a batch keeps a card busy, and
# leaves First few steps in an epoch to learn from.

# %% [markdown]
# **4. A frame budget** (easy). A film has 25 pictures a second and four faces in each. You may spend a
# quarter of the time on keypoints. Which of the four ways (`ways_timed`) keep up when called once for each face? Predict first.

# %% tags=["answer"]
answer_4 = ...  # a list of names of ways, such as ["compiled"]

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a list of names of ways", "how many milliseconds are there for one face?")
def check_4(answer):
    """The ways that answer four faces in a quarter of a twenty-fifth of a second."""
    if not isinstance(answer, (list, tuple, set)) or not set(answer) <= set(ways_timed):
        return f"choose among {', '.join(ways_timed)}"
    if set(answer) == {name for name, timed in ways_timed.items() if timed.median <= 0.25 / 25}:
        four_each = {name for name, timed in ways_timed.items() if 4 * timed.median <= 0.25 / 25}
        return set(answer) == four_each or "there are four faces in each picture"
    return set(answer) == {n for n, timed in ways_timed.items() if 4 * timed.median <= 0.25 / 25}


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
budget = 0.25 / 25
for name, timed in ways_timed.items():
    print(f"{name:<14}{4000 * timed.median:8.2f} ms of {1000 * budget:.0f}")
answer_4 = [name for name, timed in ways_timed.items() if 4 * timed.median <= budget]
check_4(answer_4)
# The network is the same in all four. What keeps up or not is what stands around it.

# %% [markdown]
# **5. Your figure** (medium). What would a card bring? Complete three lines for **Fourth**: the speed-up $S$ of a step when the arithmetic
# gets `speeds` times as fast and the overhead stays, at a batch of 64 and at one of 512; and the ceiling at 64. Predict where the first curve
# bends. Compare with [Figure 11-b](#figure-11-b).

# %% tags=["answer"]
speeds = np.geomspace(1, 1000, 40)
gain_64 = ...  # one number for each of speeds, by Amdahl's law
gain_512 = ...  # the same for a batch of 512
ceiling_64 = ...  # what an infinitely fast device would gain at 64
answer_5 = (gain_64, gain_512, ceiling_64)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "S = (a + b B) / (a + b B / s), with a, b of fits")
def check_5(answer):
    """Amdahl's law for Fourth at two batches, drawn."""
    a, b = fits["fourth"]
    a = max(a, 1e-12)  # where a line fits without overhead
    right = [(a + b * batch) / (a + b * batch / speeds) for batch in (64, 512)]
    gains, top = np.asarray(answer[:2], float).reshape(2, len(speeds)), float(answer[2])
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for values, label in zip(gains, ("batch of 64", "batch of 512")):
        axes.plot(speeds, values, label=label)
    axes.axhline(top, color=plotting.COLOURS["grey"], ls="--", label="ceiling at 64")
    axes.set(xscale="log", yscale="log", xlabel="arithmetic faster by", ylabel="step faster by")
    axes.legend()
    chapter.figure(figure, "Your figure", "What a faster device gains, for Fourth.", private=True,
                   alt="Two curves of the speed-up of a step over the speed-up of its arithmetic, "
                   "as you computed them, and a dashed line for the ceiling at a batch of 64.")
    if not np.allclose(gains, right):
        return False
    return bool(np.isclose(top, (a + 64 * b) / a)) or "the curves are right; s is infinite"


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
a, b = fits["fourth"]
a = max(a, 1e-12)
gain_64, gain_512 = ((a + b * batch) / (a + b * batch / speeds) for batch in (64, 512))
ceiling_64 = (a + 64 * b) / a
answer_5 = (gain_64, gain_512, ceiling_64)
check_5(answer_5)
# The curve bends where the arithmetic has become as short as the overhead. From there a faster card
# is money for nothing, and a larger batch is not.

# %% [markdown]
# **6. Cheaper convolutions** (hard). Replace Fourth's second and third convolution by *separable* ones: each map is filtered by a
# kernel of its own (5 by 5, then 4 by 4), and a convolution of 1 by 1 mixes the maps to 6, then 8. Predict first how many times fewer
# multiply-adds the picture takes on the way forward, and whether the time will fall as much. Answer with the number of multiply-adds.

# %% tags=["answer"]
answer_6 = ...  # a whole number

# %% tags=["check"]
@chapter.check("a whole number", "places * kernel * maps, and then places * maps * filters")
def check_6(answer):
    """The multiply-adds of Fourth with two separable convolutions, from Keras's layers."""
    first, second, third, *dense = counts["fourth"]
    right = first + sum(dense)
    for side, maps, filters, size in ((48, 4, 6, 5), (24, 6, 8, 4)):
        one = keras.layers.SeparableConv2D(filters, size, padding="same")
        one.build((None, side, side, maps))
        depth, point = (np.prod(weight.shape) for weight in one.weights[:2])
        right += int(side * side * (depth + point))
    if answer == right - sum(dense) or answer == right - first:
        return "all layers count, also those that stay"
    return bool(answer == right)


check_6(answer_6)

# %% tags=["solution"]
separable = 48 * 48 * (5 * 5 * 4 + 4 * 6) + 24 * 24 * (4 * 4 * 6 + 6 * 8)
answer_6 = 96 * 96 * 4 * 25 + separable + 12 * 12 * 8 * 250 + 250 * 30
print(f"{forward['fourth']:,} before, {answer_6:,} with separable ones")
check_6(answer_6)
# Less than half. The first convolution and the dense layer stay, and the time is theirs now.
# Whether it falls must be measured: two small operations have twice the overhead of one.

# %% [markdown]
# **7. When is a card worth it?** (open) Multiply the filters of Fourth by 2, 4, 8 and 16. Predict, then plot the GFLOP/s of its training
# against the width. Where does it come near the matrix product, and what does its ceiling at
# $B = 64$ do meanwhile? At which width would you begin to think about a graphics card?

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for medians after a warm-up, with nothing else running. One for the matrix product in the same plot. Two for $a$ and $b$ at
# each width, and the ceiling from them. One for a decision with its price: hours of training saved. **Expected**: GFLOP/s rise with
# the width by several times and then level off below the matrix product; the ceiling grows with the arithmetic, which is nearly the
# square of the width. A card pays from the width on at which a training takes hours.
