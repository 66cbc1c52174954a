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
# # 18b How sure is it?
#
# [Chapter 18a](18a_beyond_the_studies.ipynb) built a network of heat maps that is off by less than half of what the thesis's Fourth is,
# and found that maps and the way up to them bring most of it. Here you ask how far such a network can be believed:
# whether it knows when it is wrong, where it fails, how it stands beside what people install, and what it is worth
# on faces of another kind.
#
# **You can afterwards**
# - compute what a temperature does to a map, and why a map need not be a peak (exercise 1, question 1);
# - calibrate a sign of doubt, and compute another one (exercise 3, question 2);
# - measure what a second look brings (exercise 2);
# - test a suspect for a failure beside a control (question 3);
# - set a limit at which a network refuses, and test it before you use it (exercises 4 and 5, question 4).
#
# **Needs** [chapter 18a](18a_beyond_the_studies.ipynb), chapters [02](02_data.ipynb), [10](10_errors_per_keypoint.ipynb) and [11](11_cpu_and_gpu_timing.ipynb). **Takes** about 100 minutes to study, and one to two minutes of two cores (profile *quick*).
# **Figures** 18b-a to 18b-g.
#
# **Tables** 18b.1, 18b.2, 18b.3, 18b.4, 18b.5, 18b.6.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import functools
import pathlib
import tempfile

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from fkd_utils import augment, data, evaluation, models, plotting, training


chapter = plotting.Chapter("18b", PROFILE, DATA, SEED)

# %% [markdown]
# ## A map need not be a peak
#
# Two networks answer here. The *final* one comes with the course; it was trained on real faces
# ([chapter 02](02_data.ipynb) says whose) and on none of `open`. The other one is yours: the same layers, trained on a
# few hundred small batches (in *quick*).

# %% tags=["nbval-ignore-output"]
splits = data.load(DATA, SEED, chapter.limit, from_edge=data.counts_from_edge(DATA))
held, test, ablation = splits.validation, splits.test, training.ablation
final = training.published(ablation.folder_of(ablation.FINAL))
final_network = training.network(ablation.folder_of(ablation.FINAL))
print(f"{len(splits.train):,} training faces, {len(held)} for validation, {len(test)} for the test")

# %% tags=["nbval-ignore-output"]
BATCHES = chapter.pick(smoke=2, quick=480, paper=4800)
keras.utils.set_random_seed(SEED)
mine, rng = models.heatmap.network(), np.random.default_rng(SEED)
mine.compile(keras.optimizers.Adam(ablation.one_cycle(0.003, BATCHES)),
             loss=models.losses.smooth_l1, run_eagerly=PROFILE == "smoke")
for _ in range(BATCHES):
    faces = splits.train.take(rng.integers(0, len(splits.train), 8))
    mine.train_on_batch(data.to_inputs(faces.images), data.to_targets(faces.keypoints))

# %% [markdown]
# Three words from [chapter 18a](18a_beyond_the_studies.ipynb): a map's values before they become shares are *logits*,
# the mean place of its shares is *soft-argmax*, and the root mean square distance from it is its *spread*.
#
# Look at the maps of both, on one face. **Predict**: yours has learned for a short time only. Will its maps be narrow,
# or wide?

# %% tags=["drawing", "nbval-ignore-output"]
POINTS = ("left_eye_inner_corner", "right_eyebrow_outer_end", "nose_tip", "mouth_center_bottom_lip")


def draw_maps(row, network, image):
    """A face with its predicted points, and four of its maps as shares over the face."""
    logits = models.heatmap.heatmaps_of(network)(data.to_inputs(image[np.newaxis]))
    shares = keras.ops.convert_to_numpy(models.heatmap.probabilities(logits))[0]
    shares = shares.reshape(-1, *logits.shape[1:3])
    points = keras.ops.convert_to_numpy(models.heatmap.soft_argmax(logits, 4))[0]
    plotting.draw_face(row[0], image, predicted=points, title="all 15 points")
    for axes, name in zip(row[1:], POINTS):
        k = data.INDEX[name]
        plotting.draw_face(axes, image // 2 + 90, title=data.plain(name))
        axes.imshow(shares[k], cmap="magma", extent=(-0.5, 95.5, 95.5, -0.5), zorder=2,
                    alpha=np.clip(3 * shares[k] / shares[k].max(), 0, 0.85))
        axes.plot(*points[k], "+", color="#00E5FF", ms=9, mew=1.6, zorder=3)


# %% tags=["drawing", "nbval-ignore-output"]
figure, grid = plt.subplots(2, 5, figsize=(9.6, 4.5))
for row, network in zip(grid, (final_network, mine)):
    draw_maps(row, network, test.images[0])
chapter.figure(
    figure,
    "18b-a",
    "A test face, and four of its 15 heat maps: shares of the cells; a cross where they average. "
    "Above the final network, below yours.",
    alt="Two rows of a face with fifteen predicted points and the same face four times, paler, "
    "with coloured cells of a heat map and a cross where they average. Above each map is a spot "
    "on its point. Below some cover large parts of the picture, in places far from the cross.",
)

# %% tags=["nbval-ignore-output"]
wide = {"validation": models.heatmap.spreads(mine, held.images),
        "test": models.heatmap.spreads(mine, test.images)}
my_points = training.predict(mine, test.images)
off = {"validation": evaluation.distances(held.keypoints, training.predict(mine, held.images)),
       "test": evaluation.distances(test.keypoints, my_points)}
print(f"your network: spread {wide['test'].mean():.0f} px on average, "
      f"error {off['test'].mean():.1f} px")

# %% [markdown]
# **A heat map need not be a peak.** The loss sees only its *mean*. Two patches on either side of a point have the point
# as their mean. How wide are the maps of the stored network, the final one? A cell is four pixels. (Its spread is of
# one look, its stored error of two: see *Failures*.)

# %%
PARTS = ("validation", "test")
off_real = {part: final.distances(part) for part in PARTS}
wide_real = {part: final.array(f"{part}_spread") for part in PARTS}
print(f"stored network: spread {wide_real['test'].mean():.1f} px on average, "
      f"error {off_real['test'].mean():.2f} px")
narrow_first = np.argsort(wide_real["test"].mean(axis=0))
for k in (*narrow_first[:3], *narrow_first[-3:]):
    print(f"{data.plain(data.KEYPOINTS[k]):<26}spread {wide_real['test'][:, k].mean():5.1f} px, "
          f"error {off_real['test'][:, k].mean():.2f} px")

# %% [markdown]
# So a spread in pixels is not an error in pixels. And it can be changed without any training: divide the logits by a
# **temperature** before they become shares. Below 1 large shares grow, above 1 all become
# alike. **Predict** where the cross goes when the temperature rises to 8, and when it falls to a tenth.

# %% tags=["drawing", "nbval-ignore-output"]
SHOWN = data.INDEX[POINTS[1]]
warmed = models.heatmap.heatmaps_of(final_network)(data.to_inputs(test.images[:1]))
temperatures = (0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
read_at = np.array([keras.ops.convert_to_numpy(
    models.heatmap.soft_argmax(warmed, 4, t))[0, SHOWN] for t in temperatures])
wide_at = np.array([keras.ops.convert_to_numpy(
    models.heatmap.spread(warmed, 4, t))[0, SHOWN] for t in temperatures])


def temperature_figure(k):
    """One map of the stored network at one temperature, its point, and both over all of them."""
    shares = keras.ops.convert_to_numpy(
        models.heatmap.probabilities(warmed, temperatures[k]))[0, SHOWN].reshape(24, 24)
    figure, (picture, curve) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    plotting.draw_face(picture, test.images[0] // 2 + 90)
    picture.imshow(shares, cmap="magma", extent=(-0.5, 95.5, 95.5, -0.5), zorder=2,
                   alpha=np.clip(3 * shares / shares.max(), 0, 0.85))
    picture.plot(*read_at[k], "+", color="#00E5FF", ms=12, mew=2, zorder=3)
    moved_by = np.linalg.norm(read_at - read_at[temperatures.index(1)], axis=1)
    for values, name, colour in ((wide_at, "spread", "orange"), (moved_by, "moved by", "blue")):
        curve.plot(temperatures, values, color=plotting.COLOURS[colour], label=name)
        curve.plot(temperatures[k], values[k], "o", color=plotting.COLOURS[colour])
    curve.set(xscale="log", xlabel="temperature", ylabel="pixels")
    curve.set_xticks([0.1, 0.5, 1, 2, 8], ["0.1", "0.5", "1", "2", "8"])
    curve.minorticks_off()
    curve.legend(loc="upper left")
    return figure

# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(temperature_figure, range(len(temperatures))),
    [f"temperature {t:g}" for t in temperatures],
    "18b-b",
    "The map of an outer brow end at several temperatures, and the point that is read off it.",
    alt="Left a face with the coloured cells of one heat map and a cross. At a low temperature one "
    "cell is left; at a high one the colour covers the face and the cross moves towards the middle "
    "of the picture. Right two curves over the temperature: spread, and how far the point moved.",
    start=temperatures.index(1),
)

# %% [markdown]
# A cold map is its largest cell, and the point jumps to that cell's centre. A hot one covers the picture, and
# the point is drawn to the middle of the picture, whatever is seen there. Look at temperatures between 2 and 3: one spot
# is coloured, and the cross has left it. A haze too thin to be seen, over hundreds of cells, weighs as much as the spot.
#
# ## How sure is it?
#
# A wide map should mean a large error. The exchange rate must be learnt, on validation
# faces: they chose the epoch, but moved no weight. That is **calibration**. Sort the points by spread, cut
# them into equal parts, and note the mean spread and the mean distance of each. Where a wider part has the
# smaller mean distance, the two are joined, so that the line rises (**isotonic regression** by pooling,
# Barlow et al. 1972). Between the means the line is straight, beyond them level.

# %%
def calibrate(spread, distance, knots=10):
    """A rising line from spread to distance, both pixels: (2, k), at most so many knots."""
    order = np.argsort(spread, axis=None, kind="stable")
    pairs = np.stack([spread.ravel()[order], distance.ravel()[order]])
    pools = []
    for part in np.array_split(pairs, min(knots, len(order)), axis=1):
        pools.append(part)
        while len(pools) > 1 and pools[-1][1].mean() < pools[-2][1].mean():
            pools[-2:] = [np.concatenate(pools[-2:], axis=1)]
    return np.stack([pool.mean(axis=1) for pool in pools], axis=1)


def calibrate_each(spread, distance, knots=5):
    """A line of its own for each keypoint; spread, distance: (n, 15)."""
    return [calibrate(*pair, knots) for pair in zip(spread.T, distance.T)]


def expected_each(lines, spread):
    """The distances to expect for spreads (n, 15), by the line of each keypoint."""
    return np.stack([np.interp(s, *line) for line, s in zip(lines, spread.T)], axis=1)

# %% [markdown]
# All keypoints in one line, or a line for **each keypoint**? A keypoint
# whose map is wide by habit is not unsure for that. But a line each also knows which keypoint it is
# asked about, and some are harder than others. So hold it against a promise that knows nothing else:
# each keypoint's mean distance, **no spread** at all. Measure how well each promise sorts the test
# points, by the correlation of ranks, and whether it is kept: of the surest tenth of the points, of the
# next, and so on.

# %%
def rank_correlation(a, b):
    """Correlation of the ranks: 1 where both sort alike, 0 where one says the same of all."""
    if not np.ptp(a) or not np.ptp(b):
        return 0.0
    ranks = [pd.Series(values.ravel()).rank() for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def reliability(promised, found, shares=10):
    """Mean promised and mean found distance of equal shares of points, the surest first."""
    order = np.argsort(promised, axis=None, kind="stable")
    parts = np.array_split(order, min(shares, len(order)))
    return np.array([[values.ravel()[rows].mean() for rows in parts]
                     for values in (promised, found)])


def promises(spreads, distances):
    """Expected distances (n, 15) of the test points, pixels, learnt on the validation part."""
    learn, asked_spreads = (spreads["validation"], distances["validation"]), spreads["test"]
    return {"one line": np.interp(asked_spreads, *calibrate(*learn)),
            "no spread": np.broadcast_to(learn[1].mean(axis=0), asked_spreads.shape),
            "a line each": expected_each(calibrate_each(*learn), asked_spreads)}

# %% tags=["nbval-ignore-output"]
real, own = promises(wide_real, off_real), promises(wide, off)
for name, promise in real.items():
    promised, kept = reliability(promise, off_real["test"])
    print(f"{name:<12} ranks {rank_correlation(promise, off_real['test']):+.2f}; surest tenth "
          f"of the points {promised[0]:.2f} px, found {kept[0]:.2f}; least sure "
          f"{promised[-1]:.2f}, found {kept[-1]:.2f}")
for name, promise in own.items():
    print(f"your network, {name}: ranks {rank_correlation(promise, off['test']):+.2f}")

# %% tags=["guard"]
with chapter.guard("a line each sorts best and keeps its promise, one line sorts worst"):
    ranks = {name: rank_correlation(promise, off_real["test"]) for name, promise in real.items()}
    assert ranks["a line each"] > ranks["no spread"] + 0.05 > ranks["one line"] + 0.1
    assert np.abs(np.subtract(*reliability(real["a line each"], off_real["test"]))).max() < 0.3

# %% tags=["guard"]
with chapter.guard("your maps are wide; your least sure points are farther off", quick=True):
    assert wide["test"].mean() > 2 * off["test"].mean()
    surest, *_, least = reliability(own["a line each"], off["test"])[1]
    assert least > surest

# %% tags=["drawing"]
lines = calibrate_each(wide_real["validation"], off_real["validation"])


def draw_rates(axes):
    """What a spread is worth for four keypoints of the stored network."""
    for name, colour in zip(POINTS, ("blue", "orange", "green", "purple")):
        axes.plot(*lines[data.INDEX[name]], "o-", color=plotting.COLOURS[colour], ms=4,
                  label=data.plain(name))
    axes.set(xlabel="spread of the heat map (px)", ylabel="mean distance, validation (px)",
             xlim=(0, None), ylim=(0, None))
    axes.legend(fontsize=8.5)

# %% tags=["drawing", "nbval-ignore-output"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6))
draw_rates(left)
for made, true, label, colour in ((real, off_real, "stored network, real faces", "blue"),
                                  (own, off, "your network, your faces", "orange")):
    for name, style in (("one line", "o:"), ("a line each", "o-")):
        filled = plotting.COLOURS[colour] if style == "o-" else "white"
        right.plot(*reliability(made[name], true["test"]), style, mfc=filled, ms=5,
                   color=plotting.COLOURS[colour], label=f"{label}, {name}")
end = 1.05 * max(*right.get_xlim(), *right.get_ylim())
right.plot([0, end], [0, end], color=plotting.COLOURS["grey"], lw=1)
right.set(xlabel="expected distance (px)", ylabel="found on test faces (px)", xlim=(0, end),
          ylim=(0, end))
figure.legend(*right.get_legend_handles_labels(), fontsize=8.5, loc="outside lower center", ncols=2)
chapter.figure(
    figure,
    "18b-c",
    "Left: what a spread is worth, learnt on validation faces, for four keypoints of the stored "
    "network. Right: promised and found, for tenths of the points of test faces.",
    alt="Left, four rising lines from the spread of a heat map to the mean distance; they lie in "
    "different places. Right, expected distance across and found distance up, tenths of the points "
    "as dots for two networks and two ways to calibrate. Where each keypoint has its own line the "
    "dots reach along the diagonal; with one line for all the stored network's cover less of it, "
    "and those of your network may stand one above the other.",
)

# %% [markdown]
# On the grey diagonal a promise is kept. And a promise is worth more, the farther its dots reach:
# who says the same of every point is right on average and helps no one.
#
# For the stored network one line for all sorts the points worse than no spread at all. Its maps have
# much the same width for every keypoint, and yet an outer end of a brow is more than twice as far off as
# a corner of an eye. A line each sorts twice as well, and its promise is kept from the surest tenth to
# the least sure. But most of that is knowing which keypoint it is. The spread adds the rest.
#
# On `open`, after the few batches of *quick*, for your network a line each beats no spread at all by little. One line for
# all sorts its points the wrong way round: keypoints with wide maps are not those that are far off.
# A network that has trained so briefly does not know yet where it is wrong.
#
# Does each of the fifteen keep its promise? Take the fifth of the test faces on which it is surest, and the fifth on
# which it is least sure.

# %%
fifths = []
for k, name in enumerate(data.KEYPOINTS):
    promised, kept = reliability(real["a line each"][:, k], off_real["test"][:, k], shares=5)
    fifths.append({"keypoint": data.plain(name), "surest fifth: promised": promised[0],
                   "found": kept[0], "least sure: promised": promised[-1], "found ": kept[-1]})
plotting.show_table(fifths, **dict.fromkeys(list(fifths[0])[1:], "{:.2f} px"))
sorts = sum(row["found "] > row["found"] for row in fifths)
astray = max(abs(row["found "] / row["least sure: promised"] - 1) for row in fifths)
print(f"the least sure fifth is farther off for {sorts} of {len(fifths)} keypoints; promises to it "
      f"are wrong by at most {astray:.0%}")

# %% tags=["guard"]
with chapter.guard("doubt sorts each keypoint; all promises but the top lip's are kept to a third"):
    assert sorts == 15
    wrong_by = {row["keypoint"]: row["found "] / row["least sure: promised"] - 1 for row in fifths}
    assert 0.6 < wrong_by.pop("top lip") < 0.7 and max(map(abs, wrong_by.values())) < 1 / 3

# %% [markdown]
# Doubt sorts every keypoint. How much an unsure one is off, most promises tell to a third or better, the top lip's does
# not: there two thirds more is found. A fifth is about forty faces, and the lines were learned from as few for each of
# their dots.
#
# ## Failures
#
# A common limit in the field: a face has failed when its NME is above 8%. Count them on the real test faces, for the
# thesis's networks and for the new one.
#
# The stored errors of the final network are of two looks: at the face and at its mirror image
# ([chapter 18a](18a_beyond_the_studies.ipynb)). The thesis's networks look once. One look of the final network costs
# about a tenth of a point of NME ([Table 18b.3](#table-18b.3)). In *Out of Keras* and *When to refuse* both look once.

# %%
FAILED = 8.0  # percent of the distance between the outer eye corners
thesis = training.of_rows(["Fourth, dropout", *training.TABLE_4_4])


def per_face(run):
    """Mean point distance of each real test face of a stored run: (n,), pixels."""
    return run.distances("test").mean(axis=1)


failures = []
for name, trained in {**thesis, "final": final}.items():
    nme = 100 * per_face(trained) / trained.array("test_eye_distance")
    failures.append({"network": name, "test faces": len(nme), "failed": int((nme > FAILED).sum()),
                     "median NME": np.median(nme), "worst NME": nme.max()})
chapter.table(failures, "18b.1", "Failures on real test faces (NME above 8%).",
              **{"median NME": "{:.1f} %", "worst NME": "{:.1f} %"})

# %% [markdown]
# The thesis's Fourth, which never saw a changed copy, loses every sixth face. Fifth loses few, the
# new network hardly one.
#
# Does the new network *know*? Take the tenth of the faces for which it expects the largest distance.

# %%
warned, missed_by = real["a line each"].mean(axis=1), per_face(final)
doubtful = warned >= np.quantile(warned, 0.9)
print(f"{doubtful.sum()} doubtful faces: {missed_by[doubtful].mean():.2f} px off, the others "
      f"{missed_by[~doubtful].mean():.2f} px")

# %% [markdown]
# In part it does: where it expects most it is off by more than half as much again.
#
# Under which conditions do the networks err? Sort the real test faces by tilt and by light, and
# draw dark glasses on all of them, over the eyes or over the mouth.

# %%
def by_condition(run):
    """Mean distance (px) on the real test faces under each condition."""
    away, tilt = per_face(run), np.abs(run.array("test_tilt"))
    light = run.array("test_brightness")
    dark, bright = np.quantile(light, (0.2, 0.8))
    groups = {"all": away, "tilted by at most 5 degrees": away[tilt <= 5],
              "tilted by more than 10": away[tilt > 10], "darkest fifth": away[light <= dark],
              "brightest fifth": away[light >= bright]}
    for where in ("eyes", "mouth"):
        groups[f"glasses over the {where}"] = run.array(f"test_covered_{where}").mean(axis=1)
    return {name: float(values.mean()) for name, values in groups.items()}


old_and_new = {"Fourth, dropout": thesis["Fourth, dropout"], "final": final}
conditions = pd.DataFrame({name: by_condition(run) for name, run in old_and_new.items()})
conditions["final / Fourth"] = conditions["final"] / conditions["Fourth, dropout"]
chapter.table(conditions.rename_axis("real test faces").reset_index().to_dict("records"), "18b.2",
              "Mean distance (px) on real test faces, by condition.",
              **dict.fromkeys(conditions, "{:.2f}"))

# %% tags=["guard"]
with chapter.guard("Fourth fails often, final hardly and with doubt; it gains least at the mouth"):
    assert failures[0]["failed"] > 6 * max(1, failures[-1]["failed"])
    assert missed_by[doubtful].mean() > 1.5 * missed_by[~doubtful].mean()
    ratios = conditions["final / Fourth"]
    assert ratios.idxmax() == "glasses over the mouth"
    assert ratios.filter(regex="^(?!glasses)").max() < 0.5
    dearer = (conditions["final"] - conditions["Fourth, dropout"]).filter(like="glasses")
    less = conditions["final"]["all"] - conditions["Fourth, dropout"]["all"]
    assert (dearer > less).tolist() == [False, True]  # over the eyes, over the mouth

# %% [markdown]
# Without drawn glasses the new network's error is less than half of Fourth's, upright or tilted, in
# the dark or in the light. It gains least where the mouth is hidden. It had practised with squares in front of faces;
# what is not there to be seen can still only be guessed.
#
# ### Out of Keras
#
# The real faces may not be shown. So ask two of these networks about **your** test faces, the final
# one and Fourth. Many predictions follow, so the networks go into files first. ONNX is a file format for networks:
# what runs it needs neither Keras nor TensorFlow. `models.heatmap.for_export`
# puts the normalisation inside: grey values 0 to 255 go in, pixels come out. (The time printed is of one look; the
# stored errors took two. [Table 18b.4](#table-18b.4) has a time of the same file on another processor with other work
# beside it: compare times within one run.)

# %%
def into_file(network, folder):
    """A network as an ONNX file in a folder."""
    path = pathlib.Path(folder) / f"{network.name}.onnx"
    models.export.to_onnx(models.heatmap.for_export(network), path)
    return path


def grey(images):
    return images[..., np.newaxis].astype(np.float32)

# %% tags=["nbval-ignore-output"]
networks = {"Fourth, dropout": training.network("wild_fourth_dropout"), "final": final_network}
with tempfile.TemporaryDirectory() as temporary:
    written = {name: into_file(network, temporary) for name, network in networks.items()}
    score = {name: models.export.scorer(path) for name, path in written.items()}
    alone = models.export.scorer(written["final"], threads=1)
    print(f"ONNX file {written['final'].stat().st_size / 1e6:.2f} MB")
in_keras, in_file = training.predict(final_network, test.images), score["final"](grey(test.images))
from_keras, one = np.abs(in_file - in_keras).max(), grey(test.images[:1])
took = evaluation.timing.measure(lambda: alone(one), repeats=5)
print(f"at most {from_keras:.5f} px from Keras; one face on one core: {1e3 * took.median:.2f} ms")

# %% [markdown]
# ### Failures you may see
#
# Neither network has seen a face of `open`, and its labels follow another template. (If your faces are the real
# ones, keep SEED at 0: the stored networks were trained on that split.) A
# different idea of where a nose tip is would count as an error on every face. Measure that habit on
# the validation faces, point by point, and take it off.

# %%
def errors_of(images, points):
    """NME of each face (n,), percent, without the habits, by network."""
    eyes = evaluation.eye_distance(points)[:, np.newaxis]
    return {name: 100 * (evaluation.distances(points, ask(grey(images)) - habits[name]) / eyes)
            .mean(axis=1) for name, ask in score.items()}


habits = {name: (ask(grey(held.images)) - held.keypoints).mean(axis=0)
          for name, ask in score.items()}

# %% tags=["nbval-ignore-output"]
nmes = errors_of(test.images, test.keypoints)
for name, nme in nmes.items():
    print(f"{name}: habits of {np.linalg.norm(habits[name], axis=1).mean():.1f} px on average; "
          f"without them NME {nme.mean():.1f} %, {(nme > FAILED).sum()} of {len(nme)} failed")

# %% tags=["drawing", "nbval-ignore-output"]
worst = np.argsort(-nmes["final"])[: chapter.pick(4, 8, 8)]
pictures, points = test.images[worst], test.keypoints[worst]
guess = score["final"](grey(pictures)) - habits["final"]
here = calibrate_each(  # the real faces' exchange rate is not that of other pictures
    models.heatmap.spreads(final_network, held.images),
    evaluation.distances(held.keypoints, score["final"](grey(held.images)) - habits["final"]))
doubt = expected_each(here, models.heatmap.spreads(final_network, pictures)).mean(axis=1)
doubt = 100 * doubt / evaluation.eye_distance(points)
titles = [f"NME {e:.1f}, expected {p:.1f}" for e, p in zip(nmes["final"][worst], doubt)]
chapter.figure(
    plotting.show_faces(pictures, points, guess, titles=titles, side=2.3),
    "18b-d",
    "The final network's worst of your test faces: true points green, predicted red; NME in %, "
    "found and expected from the spreads.",
    alt="The faces on which the network is worst, with true points as green dots and predicted "
    "ones as red crosses, and above each the error in percent and the error that was expected.",
)

# %% [markdown]
# On `open` none of them has failed; they are merely the worst. On each it expects less than was found. They were picked
# by their error, so that is no surprise. But it expects more than the 2.7% that it misses a face by on average: doubt
# does warn, a little.
#
# Form a guess: tilt, place and size, light, something in front of the face?
#
# A guess is tested by taking the suspect away. Put the same faces upright; move and scale them to
# the usual place; give them the usual brightness. One row is a **control**: a mirror image changes
# nothing that should matter. You chose these faces because their errors are large, so part of
# that may be bad luck of this one look. A new look would then be a little better, and the control is
# such a look.

# %%
def usual_place(images, points):
    """Faces moved and scaled so that middle and eye distance are those of the average."""
    middle, eyes = np.nanmean(points, axis=1), evaluation.eye_distance(points)
    usual_eyes = evaluation.eye_distance(held.keypoints).mean()
    to_centre = augment.translation(*(augment.CENTRE - middle).T)
    back = augment.translation(*(held.keypoints.mean(axis=(0, 1)) - augment.CENTRE))
    return augment.warp(images, points, back @ augment.scaling(usual_eyes / eyes) @ to_centre)


tilts = evaluation.tilt(test.keypoints)
usual_light = evaluation.brightness(held.images, held.keypoints).mean()
greys = evaluation.brightness(test.images, test.keypoints)
pair = test.images, test.keypoints
treated = {"as they are": pair, "mirrored (control)": augment.flip(*pair),
           "upright": augment.rotate(*pair, -tilts), "usual place and size": usual_place(*pair),
           "usual brightness": augment.brighten(*pair, usual_light / greys)}

# %% tags=["nbval-ignore-output"]
hardest = np.argsort(-nmes["final"])[: max(8, (nmes["final"] > FAILED).sum())]
hard = np.isin(np.arange(len(test)), hardest)
treated_nme = {what: errors_of(*some)["final"] for what, some in treated.items()}
plotting.show_table([{"faces": what, "NME, the hard ones": nme[hard].mean(),
                      "failed": int((nme[hard] > FAILED).sum()),
                      "NME, the others": nme[~hard].mean()} for what, nme in treated_nme.items()],
                    **dict.fromkeys(("NME, the hard ones", "NME, the others"), "{:.1f} %"))
gains = {what: treated_nme["mirrored (control)"][hard].mean() - nme[hard].mean()
         for what, nme in list(treated_nme.items())[2:]}
helped = max(gains, key=gains.get)
print(f"most beyond the control: {helped}, {gains[helped]:.1f} percentage points")

# %% [markdown]
# A suspect is guilty only as far as its row is better than the control's.
#
# On `open` no suspect comes far. The usual place and size help most, by half a point beyond the control. These are
# eight faces, and the largest of three gains: chance alone may make half a point.
#
# Look at [Figure 18b-d](#figure-18b-d) again. Most heads are turned far, or have a shadow, glasses, a fringe or a scarf
# in front of them. That is a suspicion and no proof: nobody has counted how many of the others have. And a head cannot
# be turned back in a picture, so that suspect was not tried.
#
# What is in front of a face cannot be taken away, but it can be put there. These are experiments like those
# of [chapter 10](10_errors_per_keypoint.ipynb), now for two networks: turn all faces to the same tilt, light them alike, lay the
# same dark bar over each, as wide and as high as glasses.

# %%
def barred(images, points, down=0.0):
    """Faces with a dark bar over the eyes, or lower by so many distances of the eye corners."""
    right, left = (points[:, np.newaxis, np.newaxis, data.INDEX[f"{side}_eye_outer_corner"]]
                   for side in ("right", "left"))
    across = left - right  # (n, 1, 1, 2), one unit; turned by 90 degrees it points down
    below = np.stack([-across[..., 1], across[..., 0]], axis=-1)
    y, x = np.mgrid[:96, :96]
    away = np.stack([x, y], axis=-1) - (right + left) / 2 - down * below
    u, v = (np.abs((away * axis).sum(-1)) / (across**2).sum(-1) for axis in (across, below))
    return np.where((u < 0.7) & (v < 0.22), 30, images).astype(np.uint8)

# %% tags=["nbval-ignore-output"]
angles = chapter.pick(smoke=(-30, 30), quick=(-30, -15, 0, 15, 30), paper=range(-30, 31, 5))
greyness = chapter.pick(smoke=(40, 220), quick=(40, 100, 160, 220), paper=range(40, 221, 20))
turned = [errors_of(*augment.rotate(*pair, angle - tilts)) for angle in angles]
lit = [errors_of(*augment.brighten(*pair, goal / greys)) for goal in greyness]
bars = {"none": test.images, "over the eyes": barred(*pair),
        "over the mouth": barred(*pair, down=0.75)}
covered = {where: errors_of(images, test.keypoints) for where, images in bars.items()}

# %% tags=["drawing", "nbval-ignore-output"]
figure, grid = plt.subplots(1, 4, figsize=(11.2, 3.4), width_ratios=[1, 1, 1, 0.75])
for name, colour, shift in (("Fourth, dropout", "orange", -0.18), ("final", "blue", 0.18)):
    for axes, x, conditioned in ((grid[0], angles, turned), (grid[1], greyness, lit)):
        y = [errors[name].mean() for errors in conditioned]
        axes.plot(list(x), y, "o-", color=plotting.COLOURS[colour], ms=4, label=name)
    y = [errors[name].mean() for errors in covered.values()]
    grid[2].bar(np.arange(3) + shift, y, 0.34, color=plotting.COLOURS[colour])
grid[0].set(xlabel="tilt (degrees)", ylabel="mean NME (%)")
grid[1].set(xlabel="mean grey value of the face")
grid[2].set_xticks(range(3), ["no bar", "over\nthe eyes", "over\nthe mouth"])
top = 1.05 * max(axes.get_ylim()[1] for axes in grid[:3])
for axes in grid[:3]:
    axes.set_ylim(0, top)
grid[1].legend(loc="upper center", fontsize=9)
plotting.draw_face(grid[3], bars["over the eyes"][0], test.keypoints[0])
chapter.figure(
    figure,
    "18b-e",
    "The same faces turned, lit and covered: the thesis's Fourth with dropout and the final "
    "network, both trained on real faces. Right: a face with its bar.",
    alt="Three panels of mean error for two networks. First, over the tilt from -30 to 30 degrees; "
    "second, over the brightness of the face; third, columns without a bar, with a bar over "
    "the eyes and over the mouth. The final network lies lower everywhere. Fourth's error rises "
    "steeply towards 30 degrees on both sides, light changes neither, and bars raise both. Last, "
    "a face with a dark bar over its eyes.",
)

# %% tags=["nbval-ignore-output"]
def cost(name, conditioned):
    """Largest over smallest mean error of a network under several conditions."""
    means = [errors[name].mean() for errors in conditioned]
    return max(means) / min(means)


for name in score:
    print(f"{name}: worst over best mean error: tilt {cost(name, turned):.1f}, light "
          f"{cost(name, lit):.1f}, bars {cost(name, list(covered.values())):.1f}")
better = [errors["final"].mean() < errors["Fourth, dropout"].mean()
          for errors in (*turned, *lit, *covered.values())]
print(f"the final network is the better one under {sum(better)} of {len(better)} conditions")

# %% tags=["guard"]
with chapter.guard("the file answers as Keras does"):
    # A graphics card may round more coarsely than ONNX Runtime here.
    assert from_keras < 0.01 or tf.config.list_physical_devices("GPU")

# %% tags=["guard"]
with chapter.guard("no suspect comes far; the final network is better under all", quick=True):
    assert nmes["final"].mean() < nmes["Fourth, dropout"].mean() and all(better)
    assert DATA != "open" or gains[helped] < 1
    assert cost("final", turned) < 1.6 < 2 < cost("Fourth, dropout", turned)
    lost = {name: [errors[name].mean() for errors in covered.values()] for name in score}
    assert cost("final", list(covered.values())) > cost("Fourth, dropout", list(covered.values()))
    assert lost["final"][1] > 2 * lost["final"][0]  # a bar over the eyes

# %% [markdown]
# Fourth wants a face upright: its training faces were tilted only as faces are, and at 30 degrees its
# error is more than doubled. (The habits taken off were measured on faces as they come and are not
# turned with them, so a part of the rise is theirs.) The final network, which practised, hardly minds.
# Light matters to neither. In proportion to its error a bar costs the final network more than Fourth, over the eyes it
# doubles the error: who sees more has more to lose. So it was on the real faces in [Table 18b.2](#table-18b.2). In
# pixels they disagree: there, glasses over the eyes cost Fourth more. The final network stays the better one.
#
# ## When to refuse
#
# A network answers whatever you show it. Show the final one your faces upside down, on their side, only half of each,
# and pieces of a photograph without a face. Which number tells them from faces? Try the mean spread of the fifteen
# maps.
#
# The **ROC curve** plots the share of faces let in against that of strangers, for every limit; the area under it is how
# often a face has the lower spread of the two.
#
# **Predict**: if it may refuse one face in a hundred, how many of the others does it let through?

# %%
def pieces(picture, count, rng):
    """Squares of an astronaut's photograph below her face: (count, 96, 96) uint8."""
    found = []
    for _ in range(count):
        step = rng.integers(1, 3)  # a piece of 96 or 192 pixels
        y = rng.integers(150, picture.shape[0] - 96 * step)
        x = rng.integers(0, picture.shape[1] - 96 * step)
        piece = picture[y : y + 96 * step, x : x + 96 * step].reshape(96, step, 96, step)
        found.append(piece.mean(axis=(1, 3)))
    return np.array(found).astype(np.uint8)


demo_folder = data.photographs.FOLDER.parent / "demo"
astronaut = data.photos.to_grey(data.photos.read(demo_folder / "astronaut.jpg"))
half = test.images.copy()
half[:, :, 48:] = half[:, :, 47:48]  # the rest is wall
strangers = {"upside down": np.ascontiguousarray(test.images[:, ::-1]),
             "on their side": np.ascontiguousarray(np.rot90(test.images, axes=(1, 2))),
             "half a face": half,
             "no face": pieces(astronaut, 200, np.random.default_rng(SEED))}

# %% tags=["nbval-ignore-output"]
def unsure(images):
    """Mean spread of the maps of each picture: (n,), pixels."""
    return models.heatmap.spreads(final_network, images).mean(axis=1)


limit = np.quantile(unsure(held.images), 0.99)
of_faces = unsure(test.images)
of_strangers = {name: unsure(images) for name, images in strangers.items()}
print(f"refuse above {limit:.1f} px: so are {(of_faces > limit).mean():.1%} of your test faces")
for name, values in of_strangers.items():
    # The area under the ROC curve: how often a face has the lower spread of the two.
    area = (of_faces[:, np.newaxis] < values).mean()
    print(f"{name}: {(values <= limit).mean():.1%} let through, area under the curve {area:.4f}")

# %% tags=["drawing", "nbval-ignore-output"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.4))
steps = np.geomspace(of_faces.min(), max(map(np.max, of_strangers.values())), 200)
let_in = [(of_faces <= step).mean() for step in steps]
colours = dict(zip(of_strangers, ("blue", "orange", "green", "purple")))
for name, values in of_strangers.items():
    passed = [(values <= step).mean() for step in steps]
    left.plot(steps, passed, color=plotting.COLOURS[colours[name]], label=name)
    right.plot(passed, let_in, color=plotting.COLOURS[colours[name]], label=name)
left.plot(steps, let_in, color="black", label="your test faces")
left.axvline(limit, color="grey", lw=0.9, ls="--")
left.set(xscale="log", xlabel="mean spread of the maps (px)", ylabel="share below")
left.set_xticks([2, 4, 8, 16, 32], ["2", "4", "8", "16", "32"])
left.minorticks_off()
right.set(xlabel="strangers let through", ylabel="faces let through", xlim=(-0.01, 0.2),
          ylim=(0.8, 1.005), xticks=[0, 0.05, 0.1, 0.15, 0.2])
figure.legend(*left.get_legend_handles_labels(), fontsize=9, loc="outside upper center", ncols=5)
chapter.figure(
    figure,
    "18b-f",
    "The final network's doubt about faces and about what is none. Left: share of the pictures "
    "below each mean spread; dashed: where one validation face in a hundred is refused. Right: "
    "the ROC curve, a corner of it.",
    alt="Left, five rising curves over the mean spread: that of the faces rises first and is close "
    "to one where half faces leave zero; the three others follow far to the right. Right, the "
    "share of faces let through against that of strangers: all four curves run into the upper left "
    "corner and cover one another there.",
)

# %% tags=["guard"]
with chapter.guard("the spread tells faces from what is none", quick=True):
    assert max((values <= limit).mean() for values in of_strangers.values()) < 0.02
    assert min((of_faces[:, np.newaxis] < v).mean() for v in of_strangers.values()) > 0.995

# %% [markdown]
# It lets hardly any through. (The pieces without a face are of one photograph; others may be harder.) Nobody taught it this: on what is no face, the maps find no place to gather. A hand in
# front of a face is another matter: nothing here tests it. [Exercise 4](#Exercises) covers faces bit by bit. The
# thesis's networks have no maps, and give an answer without any.
#
# ## Beside what people install
#
# Who wants points on faces installs *dlib* or *MediaPipe*. Both find more of them; 15 of theirs
# mark about the same places. Each was asked in one run about the same pictures of 96 x 96 grey
# values, enlarged where it wants larger ones. MediaPipe looks for the face itself, and where it found
# none nobody's error counts. Each marks places of its own, so the last three columns take off every
# point's habit, measured on other faces. *Refined* looks at eyes and lips once more.

# %%
peers, kinds = training.table("peers/accuracy"), training.table("peers/networks")
called = kinds.set_index("network").called
beside = []
for (where, name), both in peers.groupby(["data", "network"], sort=False):
    as_told, habit_free = (both[both.habits == how].iloc[0] for how in ("kept", "off"))
    beside.append({"faces": {"wild": "real test faces", "open": "open's test faces"}[where],
                   "network": called[name], "found": as_told.found, "NME": as_told.nme,
                   "without habits": habit_free.nme,
                   "95% interval": f"{habit_free.low:.2f} to {habit_free.high:.2f}",
                   "above the course's": "" if name == "final" else
                   f"{habit_free.above:+.2f} "
                   f"({habit_free.above_low:+.2f} to {habit_free.above_high:+.2f})"})
chapter.table(beside, "18b.3", "The final network beside others, NME in percent on the same faces.",
              found="{:.1%}", **dict.fromkeys(("NME", "without habits"), "{:.2f}"))

# %%
chapter.table([{"network": kind.called, "its own points": kind.points, "MB": kind.bytes / 1e6,
                "ms a face": kind.median_ms, "trained on": kind.trained_on}
               for kind in kinds.itertuples()],
              "18b.4",
              "What each is: bytes of its files, processor time for the points of one face.",
              **{"MB": "{:.1f}", "ms a face": "{:.2f}"})

# %% [markdown]
# On the real test faces the habit-free errors of dlib and of this network cannot be told apart. dlib's
# model learned from 300-W, most likely from these very faces, and is a hundred megabytes; this one had
# other faces of the same collection, and is one and a half. On `open`, whose faces none of the three has
# met, it is ahead of all: of refined Face Mesh by half a point, of dlib by more than one and a half. (Those test
# pictures are of four teams of people, and the intervals count teams.)
#
# What this does not say: dlib and MediaPipe were made for colour photographs of any size, and answer 68
# and 468 points. Small grey crops are this course's task, not theirs. The times are good for an order and not for a ratio.
#
# ## From embedded faces to real ones
#
# You can train on `open` and nothing else. How far does that carry? The stored run *open_ladder_11* has the recipe and
# the length of step 11 of the ablation of [chapter 18a](18a_beyond_the_studies.ipynb), two looks included. It was
# trained and chosen on the embedded faces alone, then asked about the real test faces. Step 11 itself has learned from
# real faces; ask it about yours. **Predict**: which of the two loses more abroad?

# %% tags=["nbval-ignore-output"]
carried_to = []
for name, folder in (("real faces", ablation.folder_of(ablation.LAST)),
                     ("the embedded faces", ablation.CARRIED)):
    trained, there = training.published(folder), training.network(folder)
    guess = augment.flip_averaged(functools.partial(training.predict, there), test.images)
    for where, errors, eyes in (("real test faces", trained.errors("test"),
                                 trained.array("test_eye_distance")),
                                ("your test faces", guess - test.keypoints,
                                 evaluation.eye_distance(test.keypoints))):
        with_habits, without = (100 * (np.linalg.norm(e, axis=2) / eyes[:, np.newaxis]).mean()
                                for e in (errors, errors - np.nanmean(errors, axis=0)))
        carried_to.append({"trained on": name, "tested on": where,
                           "rmse_px": np.sqrt((errors**2).mean()),
                           "NME": with_habits, "NME without habits": without})

# %% tags=["nbval-ignore-output"]
chapter.table(carried_to, "18b.5", "Trained here, tested there.", rmse_px="{:.2f}",
              **dict.fromkeys(("NME", "NME without habits"), "{:.1f} %"))
at_home = {"real test faces": "real faces", "your test faces": "the embedded faces"}
for where, home_name in at_home.items():
    by_training = {row["trained on"]: row["NME without habits"] for row in carried_to
                   if row["tested on"] == where}
    times = max(by_training.values()) / by_training[home_name]
    print(f"{where}, without habits: the network from abroad is off {times:.2f} times as far")

# %% [markdown]
# The last column subtracts each point's mean error: what is left when both sides agree on where a
# point is. (The habits come from the same faces here, so the column is a little too kind.)

# %%
abroad = {row["trained on"]: row for row in carried_to if row["tested on"] == "real test faces"}
carried = training.published(ablation.CARRIED)
lean_of = carried.errors("test").mean(axis=0)
brows = [k for k, name in enumerate(data.KEYPOINTS) if "eyebrow" in name]
print(f"brow ends lie {lean_of[brows, 1].mean():+.1f} px below the real labels, on average")
off_abroad = np.linalg.norm(carried.errors("test") - lean_of, axis=2).mean(axis=1)
steep = np.abs(carried.array("test_tilt")) > 10
print(f"without habits, the {steep.sum()} faces tilted by more than 10 degrees: "
      f"{off_abroad[steep].mean():.2f} px, others: {off_abroad[~steep].mean():.2f} px")

# %% [markdown]
# On real faces, a network that knows only the embedded ones is off by half as much again as one that learned there. A
# part of that is no mistake. `open` marks what Kaggle's labellers mark, these real faces are marked as 300-W does it,
# with the ends of the brows higher: another labeller, another habit, and one number for each coordinate takes it away.
# The larger part stays, four tenths of the error.
#
# On `open` the network from abroad is off nearly twice as far. About half of that is habit. So with habits the network
# from real faces loses more abroad; without them both lose about alike.
#
# Tilt does not explain what stays: the tilted faces are little worse,
# though they are only 37. What no batch can make is people, cameras and rooms: all of `open` is mixed from
# photographs of 142 people in two studios. Which of these counts was not tested.
#
# What was tested is what happens *in* the faces of `open`. They were drawn again without one ingredient at a time:
# *smiles*; *poses*, heads turned and tilted far; *shapes*, proportions that nobody of the 142 has; *skin*, deeper lines
# and beards; *light*, deep shadows; *things* before the face, such as glasses, hats and hands.
#
# The network of step 11, with its rule, learned from the fully labelled faces of each set for six epochs. It was asked
# about real faces of the training and the validation part, of which it had met none; the test faces stay closed. **Predict**
# which ingredient is worth most, and whether one does harm.

# %%
worth = training.table("ingredients/worth")
chapter.table(
    [{"without": row.without, "NME": row.nme, "without habits": row.own,
      "more than with all": "" if row.without == "nothing" else
      f"{row.more:+.2f} ({row.low:+.2f} to {row.high:+.2f})"} for row in worth.itertuples()],
    "18b.6", "Six epochs on open without an ingredient: NME in percent on real faces, one training "
    "each; intervals over faces.", **dict.fromkeys(("NME", "without habits"), "{:.2f}"))
by_name = worth.set_index("without")
without_any = by_name.own["all of them"]
best_alone = by_name.more.drop("all of them").max() / by_name.own["nothing"]
print(f"all of them take off {by_name.more['all of them'] / without_any:.0%} of the error without "
      f"any; the best one alone {best_alone:.1%}")

# %% tags=["drawing"]
single = worth[~worth.without.isin(["nothing", "all of them"])].sort_values("more")
figure, axes = plt.subplots(figsize=(6.4, 2.6))
axes.axvline(0, color=plotting.COLOURS["black"], lw=0.8)
reach = [single.more - single.low, single.high - single.more]
axes.errorbar(single.more, single.without, xerr=reach, fmt="o", color=plotting.COLOURS["blue"],
              capsize=3)
axes.set_xlabel("NME more without it, habits off (percent points)")
chapter.figure(
    figure, "18b-g", "What each ingredient of open is worth on real faces.",
    alt="Six dots with intervals on a horizontal axis around 0. Light and smiles lie far left of "
    "it, shapes left, poses at 0, things and skin right of it.")

# %% tags=["guard"]
with chapter.guard("open costs half as much again; its ingredients are worth much only together"):
    assert abroad["the embedded faces"]["NME"] > 1.5 * abroad["real faces"]["NME"]
    there_here = [abroad[k]["NME without habits"] for k in ("the embedded faces", "real faces")]
    assert 1.3 < there_here[0] / there_here[1] < 1.5
    assert off_abroad[steep].mean() < 1.2 * off_abroad[~steep].mean()
    more = by_name.more
    assert more["all of them"] > 0.4 > 3 * more.drop("all of them").max()
    assert by_name.high[["light", "smiles", "shapes"]].max() < 0

# %% [markdown]
# With habits kept, all of them together bring nothing. Habits off, they take off half a point. Alone only skin and
# things come out above 0, by about a tenth of a point or less; another seed may turn that. Without deep shadows, smiles
# or new shapes the network does *better*. A likely reason is the training: six epochs are a tenth of step 11's, and an
# easier set is learned sooner. So the table tells the price of an ingredient at the start, which only all of them
# together pay back so soon. What each is worth in the end would take the whole length, and more than one seed.
#
# So if `open` is all you have, believe a comparison between two networks sooner than the size of an
# error. And before you use a network on photographs of your own, label thirty of them and look.
#
# ## What you saw
#
# - A heat map need not be a peak: the loss sees its mean. Its spread becomes an expected error on
#   faces that taught the network nothing, each keypoint held against itself. After a short training it
#   says little.
# - A suspect for a failure is tested by taking it away, beside a control.
# - A network that refuses where its maps are wide lets hardly a stranger pass, and one to two faces in a hundred wait
#   outside.
# - What is learned on one kind of faces carries to the other at the price of four tenths more error, once
#   the labellers' habits are taken off.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Sharper maps** (hard). Divide the logits of *your* network by a temperature of 0.5, and by 2. Look at the lower
# row of [Figure 18b-a](#figure-18b-a) and predict what happens to the mean distance. `models.heatmap.heatmaps_of(mine)`
# gives the logits of `data.to_inputs(test.images)`, `models.heatmap.soft_argmax(logits, 4, temperature)` the points.
# Answer with both mean distances on the test faces. Which points move more at 0.5, those of wide maps or of narrow
# ones?

# %% tags=["answer"]
answer_1 = ...  # two numbers, in pixels: mean_px at 0.5 and at 2

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two numbers, in pixels", "evaluation.mean_px(test.keypoints, points), for each")
def check_1(answer):
    """The mean distance of your network's points at two temperatures."""
    asked_maps = models.heatmap.heatmaps_of(mine).predict(
        data.to_inputs(test.images), batch_size=256, verbose=0)
    half, as_is, double = (evaluation.mean_px(test.keypoints, keras.ops.convert_to_numpy(
        models.heatmap.soft_argmax(asked_maps, 4, t))) for t in (0.5, 1.0, 2.0))
    if np.shape(answer) == (2,) and np.allclose(answer, as_is, atol=1e-4):
        return "that is temperature 1, twice"
    return bool(np.shape(answer) == (2,) and np.allclose(answer, (half, double), atol=0.01))


check_1(answer_1)

# %% tags=["solution", "nbval-ignore-output"]
logits = models.heatmap.heatmaps_of(mine).predict(
    data.to_inputs(test.images), batch_size=256, verbose=0)
wide_ones, answer_1 = wide["test"] > np.median(wide["test"]), []
for temperature in (0.5, 2.0):
    sharper, spreading = (keras.ops.convert_to_numpy(read(logits, 4, temperature))
                          for read in (models.heatmap.soft_argmax, models.heatmap.spread))
    answer_1.append(evaluation.mean_px(test.keypoints, sharper))
    moved_px = np.linalg.norm(sharper - my_points, axis=2)
    print(f"temperature {temperature}: {answer_1[-1]:.2f} px off, "
          f"spread {spreading.mean():.1f} px; points moved by {moved_px[wide_ones].mean():.2f} px "
          f"where maps were wide, {moved_px[~wide_ones].mean():.2f} where they were narrow")
check_1(answer_1)
# Both are worse than 1, where the loss has fixed the mean. Sharpened, wide maps lose it most.

# %% [markdown]
# **2. A mirror for the old** (medium). How much does averaging over the mirror image take off the error of the
# thesis's Fourth, and how much off the final network's? Predict first. Answer with the error
# (`mean_px`, without habits) of the average over that of one look, for Fourth and for the final network.
# One look asks `score[name]` about `grey(images)` and takes `habits[name]` off. `augment.flip_averaged(ask, images)`
# takes two.

# %% tags=["answer"]
answer_2 = ...  # two ratios: Fourth, final

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two ratios", "define ask(images) for one network, and hand it to flip_averaged")
def check_2(answer):
    """What a second look, at the mirror image, does to the error of two networks."""
    right = []
    for name in ("Fourth, dropout", "final"):
        def one_look(images, name=name):
            return score[name](grey(images)) - habits[name]

        twice = augment.flip_averaged(one_look, test.images)
        right.append(evaluation.mean_px(test.keypoints, twice)
                     / evaluation.mean_px(test.keypoints, one_look(test.images)))
    if np.allclose(answer, 1 / np.array(right), atol=0.002):
        return "two looks over one, not one over two"
    return bool(np.shape(answer) == (2,) and np.allclose(answer, right, atol=0.002))


check_2(answer_2)

# %% tags=["solution", "nbval-ignore-output"]
def answers(name, images):
    return score[name](grey(images)) - habits[name]


answer_2 = []
for name in ("Fourth, dropout", "final"):
    ask = functools.partial(answers, name)
    guesses_of = ask(test.images), augment.flip_averaged(ask, test.images)
    once_off, twice_off = (evaluation.mean_px(test.keypoints, guess) for guess in guesses_of)
    answer_2.append(twice_off / once_off)
    print(f"{name}: {once_off:.2f} px once, {twice_off:.2f} twice, {answer_2[-1] - 1:+.1%}")
check_2(answer_2)
# A second look averages out what the first has by chance. Which of the two gains more? That would
# take an interval, over the few teams of people behind your test faces.

# %% [markdown]
# **3. Two opinions** (hard). How far the answers to a face and to its mirror image lie apart is another sign
# of doubt. Predict whether it sorts your test points better than the spread does. Answer with these distances
# for your network, `mine`, on the test faces: mirror the pictures, ask, bring the answer back
# (`augment.move(points, augment.mirroring())`), and compare.

# %% tags=["answer"]
answer_3 = ...  # an array (faces, 15), in pixels

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("an array (faces, 15), in pixels", "ask about images[:, :, ::-1], and move back")
def check_3(answer):
    """How far apart your network's answers to a face and to its mirror twin are."""
    answer = np.asarray(answer, float)
    plain = training.predict(mine, test.images)
    twin = training.predict(mine, np.ascontiguousarray(test.images[:, :, ::-1]))
    right = np.linalg.norm(augment.move(twin, augment.mirroring()) - plain, axis=2)
    if answer.shape != right.shape:
        return "one distance for each point of each test face"
    if np.allclose(answer, np.linalg.norm(twin - plain, axis=2), atol=0.01):
        return "bring the twin's points back first: in the mirror left and right change names"
    return bool(np.allclose(answer, right, atol=0.01))


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
def twins_apart(images):
    """How far a face's points and its mirror twin's lie apart: (n, 15), pixels."""
    mirrored = training.predict(mine, np.ascontiguousarray(images[:, :, ::-1]))
    back = augment.move(mirrored, augment.mirroring())
    return np.linalg.norm(back - training.predict(mine, images), axis=2)


apart = {"validation": twins_apart(held.images), "test": twins_apart(test.images)}
signs = {"spread": (wide["test"], own), "mirror": (apart["test"], promises(apart, off))}
for what, (sign, made) in signs.items():
    within = [rank_correlation(sign[:, k], off["test"][:, k]) for k in range(15)]
    print(f"{what}: ranks {rank_correlation(made['a line each'], off['test']):+.2f}, within a "
          f"keypoint {np.mean(within):+.2f}")
answer_3 = apart["test"]
check_3(answer_3)
# A sign of doubt is worth what it sorts within a keypoint. Which keypoints are hard is known.

# %% [markdown]
# **4. Your figure** (medium). Half a face is refused. How much may be missing? Cover your test faces with wall
# from the picture's right edge on, as `half` was made, at six or more widths of your choice. Predict at which width the network begins to
# refuse more than half of the faces. `unsure` and `limit` are at hand. Complete three lines.

# %% tags=["answer"]
widths = ...  # six or more widths of wall in columns, rising, from 0 to at least 48
refused = ...  # for each, the share of the test faces that the network refuses
half_at = ...  # at which width the line through these reaches a half: np.interp
answer_4 = (widths, refused, half_at)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "images[:, :, 96 - w:] = images[:, :, 95 - w : 96 - w]")
def check_4(answer):
    """The share of faces that are refused over the width of a wall, drawn and computed again."""
    walls, share, at = answer
    if len(walls) < 6 or min(walls) != 0 or not 48 <= max(walls) < 96 or np.diff(walls).min() <= 0:
        return "six or more rising widths, from 0 to at least 48"
    right = []
    for wall in walls:
        images = test.images.copy()
        images[:, :, 96 - wall :] = images[:, :, 95 - wall : 96 - wall]
        right.append((unsure(images) > limit).mean())
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    axes.plot(walls, share, "o-", color=plotting.COLOURS["blue"])
    axes.axvline(at, color=plotting.COLOURS["orange"], lw=1)
    axes.set(xlabel="columns of wall", ylabel="share of the faces refused", ylim=(-0.02, 1.02))
    chapter.figure(figure, "Your figure", "Faces refused, by what is covered.", private=True,
                   alt="The share of refused faces over the width of the wall, as you computed it.")
    if np.allclose(share, 1 - np.array(right), atol=1e-6):
        return "that is the share let in"
    return bool(np.allclose(share, right, atol=0.01) and abs(at - np.interp(0.5, right, walls)) < 1)


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
def walled(wall):
    """The test faces with so many columns of wall at the right."""
    images = test.images.copy()
    images[:, :, 96 - wall :] = images[:, :, 95 - wall : 96 - wall]
    return images


widths = [0, 8, 16, 24, 32, 40, 48]
refused = [(unsure(walled(wall)) > limit).mean() for wall in widths]
half_at = np.interp(0.5, refused, widths)
print("; ".join(f"{wall}: {share:.0%}" for wall, share in zip(widths, refused)))
hidden = [(test.keypoints[:, :, 0] > 95 - wall).sum(axis=1).mean() for wall in (24, half_at)]
print(f"24 columns hide {hidden[0]:.1f} points of a face; half of the faces are refused "
      f"from {half_at:.0f} columns on, which hide {hidden[1]:.1f}")
answer_4 = (widths, refused, half_at)
check_4(answer_4)
# A mean of fifteen maps hardly notices one or two hidden points. Ask each map for its own limit.

# %% [markdown]
# **5. Thirty photographs** (open). You are to say whether the final network may be used on photographs from one
# new camera, and where it must refuse. You may label thirty faces. Plan the test: who labels what, how the habit of
# your labeller is told from an error, how the limit of refusal is set, and which result would make you say no.

# %% [markdown] tags=["solution"]
# **Rubric.** One point for an error that would be too large, written down first. One for habits that are measured on
# some of the faces and taken off on the others. One for a limit of refusal that is set on faces other than those that
# judge it, and for asking pictures without a face too. One for an interval over people. One for labelling a few faces
# twice. **Expected**: thirty faces give an interval of some tenths of a point, enough to say that a network is useless
# and too few to rank two good ones; and a limit that refuses one face in a hundred cannot be checked on thirty.
