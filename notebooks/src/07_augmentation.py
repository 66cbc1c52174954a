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
# # 07 Augmentation
#
# The networks of chapters [03](03_linear.ipynb) to [06](06_pooled_cnn.ipynb) fit their training faces better than others. More faces would
# help, and you can make them: mirror a face, shift it, turn it. The picture changes, and you know
# exactly where its keypoints went. This chapter builds those transforms, checks each of them by
# measurement, and asks whether they pay.
#
# **You can afterwards**
# - mirror a face with its points, and tell what a forgotten swap does to a network (exercise 5, question 1);
# - tell when a mirrored x is 95 - x and when 96 - x, and measure what the wrong one costs (exercise 6, question 2);
# - move picture and points by one matrix, and compose several (exercises 1 and 3);
# - draw shifts that push no point out, and resample only once (exercises 2 and 4, question 3);
# - judge whether augmentation pays, by seeds and by length (exercise 7, question 4).
#
# **Needs** chapters [02](02_data.ipynb) and [06](06_pooled_cnn.ipynb). **Takes** about 110 minutes to study, and 45 seconds of two cores (profile *quick*).
# **Figures** 4.11, 4.12, 07-a to 07-i.
#
# **Tables** 4.2.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import cv2
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fkd_utils import augment, data, evaluation, files, plotting, training

chapter = plotting.Chapter("07", PROFILE, DATA, SEED)

# %% tags=["nbval-ignore-output"]
splits = data.load(DATA, SEED, chapter.limit)
train, test = splits.train, splits.test
print(f"{len(train)} training faces, {len(test)} test faces")

# %% [markdown]
# One face goes with you through the chapter. A tilted one shows more, so take the face whose line
# from eye to eye is nearest to 8 degrees.

# %%
eyes = train.keypoints[:, 0] - train.keypoints[:, 1]
slope = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
k = int(np.argmin(np.abs(np.abs(slope) - 8)))
image, points = train.images[k : k + 1], train.keypoints[k : k + 1]
image.shape, points.shape

# %% [markdown]
# Every transform below takes `(n, 96, 96)` pictures and `(n, 15, 2)` points, and returns both.
# Points are never rounded. A missing point, NaN, stays missing.

# %% [markdown]
# ## The mirror
#
# A mirrored face is a face again, so every picture gives a second one for nothing. The picture is
# easy: reverse its columns. The points need two steps.
#
# 1. Each x is mirrored.
# 2. The keypoints of a pair change places. Left and right are the subject's. The eye that was the
#    left one looks like a right one in the mirror, so it must be labelled as one.
#
# [Table 4.2](#table-4.2) of the thesis lists the six pairs. Nose tip and lip centres stand alone.

# %%
pairs = [{"keypoint": a, "changes places with": b} for a, b in data.MIRROR_PAIRS]
chapter.table(pairs, "4.2", "Keypoints that change places in the mirror.")

# %% [markdown]
# The thesis says that "the y position" of the two points is swapped. Taken at its word, each label keeps
# its own mirrored x and takes only its partner's y. **Predict:** on a tilted face, where does the label
# of the left eye land then? And if you forget to swap at all?

# %%
mirrored = image[:, :, ::-1]  # columns from right to left
no_swap = points * [-1, 1] + [95, 0]
order = data.mirror_order()  # the row of each point's partner
right_way = no_swap[:, order]
only_y = np.stack([no_swap[..., 0], right_way[..., 1]], axis=-1)

# %% tags=["guard"]
with chapter.guard("these lines do what augment.flip does"):
    flipped = augment.flip(image, points)
    assert np.array_equal(mirrored, flipped[0]) and np.allclose(right_way, flipped[1])


# %%
def draw_sides(axes, image, points, title):
    """A face (96, 96) with the subject's left points blue and the right ones orange."""
    plotting.draw_face(axes, image, title=title)
    for side, colour in (("left", "sky"), ("right", "orange")):
        rows = [i for i, name in enumerate(data.KEYPOINTS) if side in name]
        style = {"color": plotting.COLOURS[colour], "label": f"labelled {side}"}
        axes.plot(*points[rows].T, "o", mec="black", mew=0.4, markersize=4.5, **style)


# %% tags=["nbval-ignore-output"]
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.9))
for axes, picture, labels, title in zip(
    grid,
    [image, mirrored, mirrored, mirrored],
    [points, right_way, no_swap, only_y],
    ["original", "mirrored, whole points swapped", "not swapped", "only y swapped"],
):
    if axes is not grid[0]:
        wrong = np.linalg.norm(labels - right_way, axis=-1).mean()
        title += f"\n{wrong:.1f} px wrong"
    draw_sides(axes, picture[0], labels[0], title)
figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
chapter.figure(
    figure,
    "4.11",
    "A mirrored face: labelled rightly, and in the two ways that go wrong.",
    alt="Four copies of a tilted face. In the original and in the first mirrored copy "
    "the blue points of the subject's left side stand on the right of the picture. In "
    "the third, blue and orange have changed sides. In the fourth they have too, and "
    "stand off eyes and mouth.",
)

# %% [markdown]
# Without the swap the points still sit on eyes and brows, so a quick look at the picture finds
# nothing wrong. Only the colours tell. For the network half the faces then say that the left eye
# is on the left, and the mean of the two answers lies between the eyes.
#
# With only y swapped, the sides are just as wrong, and on a tilted face the points leave the
# features as well. (Its number may be smaller all the same: every y is now right. A distance does not
# see that a point has left its eye.) Swap whole points. It is the thesis's sentence that errs, hardly its program:
# [exercise 5](#Exercises) shows why.
#
# Keras has layers such as `RandomFlip`. They change pictures and leave the targets as they are:
# right where the target is a name, wrong where it is a place.

# %% [markdown]
# ## 95 or 96?
#
# The thesis mirrors with $x' = 96 - x$. That is right for labels that count from the edge: the
# picture's sides are at 0 and 96, and they change places. Here 0 is the centre of the first pixel.
# Columns are numbered from 0 to 95, and the first must become the last:
#
# $$x' = 95 - x$$
#
# So $96 - x$ is right for labels that count from the edge, and a pixel off where they count from pixel
# centres. Those of `open` count from pixel centres. Which of the two Kaggle's do, [chapter 18a](18a_beyond_the_studies.ipynb) asks.
#
# Do not believe it. Draw a dot at a known place between pixels, mirror the picture, and measure
# where the dot is, from the first pixel's centre. The centre of mass of the grey values tells.


# %%
def draw_dot(x, y):
    """A soft dot at (x, y): (1, 96, 96) float32."""
    squared = (np.arange(96) - x) ** 2 + (np.arange(96)[:, np.newaxis] - y) ** 2
    return np.exp(-squared / 8)[np.newaxis].astype(np.float32)


def centre_x(picture):
    """Centre of mass of a picture (1, 96, 96) in x, pixels."""
    return float((picture[0].sum(axis=0) * np.arange(96)).sum() / picture.sum())


# %%
for x in (20.0, 31.25, 60.7):
    seen = centre_x(draw_dot(x, 50)[:, :, ::-1])
    print(
        f"dot at {x:5.2f}, in the mirror {seen:5.2f}; 95 - x = {95 - x:5.2f}, "
        f"96 - x = {96 - x:5.2f}"
    )

# %% [markdown]
# One pixel of 96 seems little. What does a model make of it? Mirror labels that count from pixel
# centres by $96 - x$, and half of the training faces have labels one pixel too far to the right. The
# model cannot tell the halves apart, so it should settle in between: half a pixel off on every face.
#
# You can measure that on real faces, with a model that trains in a second: the ridge regression
# of [chapter 03](03_linear.ipynb), on pictures of 32 by 32. It learns from the faces and their mirror twins, once
# with each formula.


# %%
def small(images):
    """(n, 96, 96) as rows of 32 * 32 numbers."""
    blocks = images.reshape(len(images), 32, 3, 32, 3)
    blocks = blocks.mean(axis=(2, 4), dtype=np.float32)
    return blocks.reshape(len(images), -1) / 255


twins, twin_points = augment.flip(train.images, train.keypoints)
x = np.vstack([small(train.images), small(twins)])
mean = x.mean(axis=0)
gram = (x - mean).T @ (x - mean) + 10 * np.eye(x.shape[1], dtype=np.float32)


# %%
def fit_mirror(last):
    """A ridge model, images to points, of faces and twins whose x is mirrored to last - x."""
    wrong = twin_points + np.array([last - 95, 0])
    y = np.concatenate([train.keypoints, wrong]).reshape(len(x), 30)
    w = np.linalg.solve(gram, (x - mean).T @ (y - y.mean(axis=0)))
    offset = y.mean(axis=0)
    return lambda images: ((small(images) - mean) @ w + offset).reshape(-1, 15, 2)


# %% [markdown]
# Two numbers for each model. The *bias* is the mean of predicted x minus true x over all points
# of all test faces. The *disagreement* needs no labels. Show the model a test face and its mirror
# twin, mirror the second answer back, and take the mean difference in x. A model without a
# favourite side gives 0.

# %% tags=["nbval-ignore-output"]
by_mirror = []
test_twins = np.ascontiguousarray(test.images[:, :, ::-1])
for last in (95, 96):
    predict = fit_mirror(last)
    answer = predict(test.images)
    back = augment.move(predict(test_twins), augment.mirroring())
    by_mirror.append(
        {
            "mirror": f"{last} - x",
            "bias in x": (answer - test.keypoints)[..., 0].mean(),
            "disagreement": (answer - back)[..., 0].mean(),
            "mean_px": evaluation.mean_px(test.keypoints, answer),
        }
    )
plotting.show_table(
    by_mirror,
    **{"bias in x": "{:+.2f} px", "disagreement": "{:+.3f} px", "mean_px": "{:.2f}"},
)

# %% tags=["nbval-ignore-output"]
gap = by_mirror[1]["bias in x"] - by_mirror[0]["bias in x"]
print(f"96 - x moves every answer {gap:.2f} px to the right")

# %% tags=["guard"]
with chapter.guard("half a pixel of bias, a whole pixel of disagreement"):
    assert 0.4 < gap < 0.6
    none, whole_pixel = (row["disagreement"] for row in by_mirror)
    assert abs(none) < 0.05 and 0.9 < whole_pixel < 1.1

# %% [markdown]
# The measurement agrees with the argument. Compare the two biases with each other: these few test
# people have a small bias of their own, and it is in both rows. The half pixel is the difference.
# The disagreement has no such noise, and it shows the whole pixel.
#
# What does it cost? Squares add. Half a pixel in x adds a quarter of a square pixel to the squared error
# of x, and next to errors as large as these the last column hardly shows it. The thesis's best model has
# an error of 1.1 px in a coordinate, 1.2 when squared. There it would be a fifth more in x, a tenth over
# both coordinates.
#
# Between a label and an answer stands the model. Try other formulas, with more and less than 95. **Predict**: the label of each
# mirrored training face moves by a pixel. How far does the answer move? Then move the slider.

# %% tags=["nbval-ignore-output"]
lasts = np.arange(91, 99.5, 0.5)
leans = [float((fit_mirror(last)(test.images) - test.keypoints)[..., 0].mean()) for last in lasts]

# %% tags=["drawing"]
eye = mirrored[0], right_way[0, data.INDEX["right_eye_center"]]


def mirror_figure(step):
    """Left: the mirrored eye with its label by one formula. Right: where the answers go."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=[1, 1.3])
    picture, (x, y) = eye
    left.imshow(picture, vmin=0, vmax=255)
    left.plot(x + lasts[step] - 95, y, "o", color=plotting.TRUE, ms=7, mec="black")
    left.plot([x, x], [y - 3, y - 5], color=plotting.COLOURS["sky"], lw=2)
    left.set(title=f"label at {lasts[step]:g} - x", xlim=(x - 10, x + 10), ylim=(y + 10, y - 10))
    left.set_axis_off()
    right.plot(lasts, leans, color=plotting.COLOURS["grey"], lw=1)
    right.plot(lasts[step], leans[step], "o", ms=9, color=plotting.COLOURS["red"])
    right.set(xlabel="x is mirrored to this number less x", ylabel="answers too far right (px)")
    left.grid(False)
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(mirror_figure, range(len(lasts))),
    [f"{last:g} - x" for last in lasts],
    "07-h",
    "A mirrored eye and its label (green) by one formula, with a blue tick above the eye's centre; "
    "and how far the model's answers to ordinary test faces lean to the right.",
    alt="Left an enlarged eye with a green dot, which stands in its middle for 95 minus x and "
    "pixels beside it for other formulas. Right a straight line that rises by half a pixel for "
    "each pixel, with a red dot at the formula that is shown.",
    start=int(np.argmin(np.abs(lasts - 93))),
)

# %% [markdown]
# The line is straight, with a slope of one half: the model gives the mean of two lessons. The bias that these few people
# have anyhow lifts the whole line and does not bend it.
#
# All this holds for labels that count from pixel centres. For labels that count from the edge it is
# $95 - x$ that is a pixel off. No file of labels says where its 0 is. [Chapter 18a](18a_beyond_the_studies.ipynb) finds real faces
# whose labels count from the edge, and asks which of the two Kaggle's do.

# %% [markdown]
# ## Shift and rotation: one matrix for picture and points
#
# A shift adds a number to x and another to y. A rotation mixes x and y. Both are *affine*: a 2 by
# 2 matrix $A$ and a column $B$. The thesis collects the points of a face in a matrix $P$ with one
# column a point, and writes
#
# $$P' = P \cdot A + B, \qquad P \text{ of shape } 2 \times 15,\; A\; 2 \times 2,\; B\; 2 \times 1.$$
#
# **Predict:** does that run?

# %%
matrix = cv2.getRotationMatrix2D((47.5, 47.5), 10, 1.0)
A, B = matrix[:, :2], matrix[:, 2:]
P = points[0].T.astype(np.float64)
print(P.shape, A.shape, B.shape)
try:
    P @ A + B
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# Fifteen columns meet two rows. The formula must be
#
# $$P' = A \cdot P + B .$$
#
# With points in rows, as in this course, it reads `points @ A.T + B.T`. Turning the formula
# around without transposing $A$ would run, and would rotate the points the wrong way.

# %%
rotated = A @ P + B
turned, turned_points = augment.rotate(image, points, 10)
rotated.shape

# %% tags=["guard"]
with chapter.guard("the formula turns the points as augment.rotate does"):
    assert np.allclose(rotated.T, turned_points[0], atol=1e-4)

# %% [markdown]
# There is a second trap. The thesis prints the rotation matrix of a schoolbook, with
# $-\sin\alpha$ at the top right, where y points up. In a picture y points down, and OpenCV has
# the other sign.

# %%
alpha = np.radians(10)
schoolbook = np.array([[np.cos(alpha), -np.sin(alpha)], [np.sin(alpha), np.cos(alpha)]])
print("same as OpenCV's:", np.allclose(A, schoolbook))
print("turns the other way:", np.allclose(A, schoolbook.T))

# %% [markdown]
# As the thesis draws angles from -10 to 10 degrees, either sign gives the same range. Mixed, one
# for the picture and one for the points, they give labels that are wrong by twice the angle.
#
# The picture takes the same matrix. OpenCV asks for each new pixel where it comes from, and takes a weighted mean of the
# four pixels there:

# %%
by_hand = cv2.warpAffine(
    image[0], matrix, (96, 96), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
)
by_hand.shape

# %% tags=["guard"]
with chapter.guard("the one call turns the picture as augment.rotate does"):
    assert np.abs(by_hand.astype(int) - turned[0]).max() <= 1

# %% [markdown]
# A shift is the same call. Its matrix leaves the axes as they are and adds 9 to x and -5 to y:

# %%
nine_right_five_up = np.float32([[1, 0, 9], [0, 1, -5]])
shifted_by_hand = cv2.warpAffine(
    image[0], nine_right_five_up, (96, 96), borderMode=cv2.BORDER_REFLECT_101
)
shifted_points = points + np.array([9, -5])

# %% tags=["guard"]
with chapter.guard("and so is augment.shift"):
    by_augment = augment.shift(image, points, 9, -5)
    assert np.abs(shifted_by_hand.astype(int) - by_augment[0][0]).max() <= 1
    assert np.allclose(shifted_points, by_augment[1])

# %% [markdown]
# **Predict** how far the points on the right lie off at 10 degrees, if at the eyes' distance from the middle a degree is about a
# third of a pixel. Then turn the face with the slider.

# %% tags=["drawing"]
def turn_figure(degrees):
    """The turned face, with points by its own matrix and by the other sign."""
    figure, grid = plt.subplots(1, 2, figsize=(6.4, 3.2))
    picture, good = augment.rotate(image, points, degrees)
    bad = augment.move(points, augment.rotation(-degrees))
    for axes, labels, title in zip(grid, (good, bad), ("same sign", "signs mixed")):
        off = np.linalg.norm(labels - good, axis=-1).mean()
        draw_sides(axes, picture[0], labels[0], f"{title}: {off:.1f} px off")
        axes.set(xlim=(-0.5, 95.5), ylim=(95.5, -0.5))
        axes.grid(False)
    return figure


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(turn_figure, range(-30, 31, 5)),
    [f"{degrees}°" for degrees in range(-30, 31, 5)],
    "07-i",
    "A face that is turned: left with points by the same matrix, right by one with the other sign.",
    alt="One face twice, turned by the same angle. On the left its points turn along and stay on "
    "eyes, nose and mouth. On the right they turn the other way and leave the features, by more "
    "the larger the angle.",
    start=6,
)

# %% [markdown]
# At 0 nothing shows, and at small angles little. An eye that looks at the pictures may pass over it; the network learns it.
#
# The centre is $(47.5, 47.5)$, halfway between 0 and 95. [Exercise 3](#Exercises) shows what $(48, 48)$ does.

# %% [markdown]
# ### Nothing falls off
#
# A shift must not push a keypoint out of the picture. The thesis draws from at most 9.6 pixels, a
# tenth of the side, narrowed by the outermost points of the face:
#
# $$t_x \in \left(\max(-9.6, -x_{\min}),\; \min(9.6, 95 - x_{\max})\right)$$
#
# and the same for y. It writes 96 here too: right for labels that count from the edge. Where they
# count from pixel centres, a point could then land at 96, one pixel beyond the last. A point at 91 that is moved by 4.7 lands at 95.7:
# inside, counted from the edge; outside, counted from pixel centres.

# %%
low, high = augment.shift_range(points)
rng = np.random.default_rng(SEED)
moved = [
    augment.augmented(image, points, rng, [augment.random_shift])[1] for _ in range(500)
]
print("points outside after 500 shifts:", augment.outside(np.concatenate(moved)).sum())
low.shape, high.shape

# %% tags=["guard"]
with chapter.guard("a shift pushes no keypoint out of the picture"):
    assert not augment.outside(np.concatenate(moved)).any()

# %% [markdown]
# ### What comes in from outside
#
# A shifted picture has an empty strip, a rotated one has empty corners. A black wedge would be a
# new kind of edge that no real photograph has. The thesis mirrors the picture at its border. So
# does `augment`, with `cv2.BORDER_REFLECT_101`: the outermost pixel is the mirror and is not
# doubled.


# %%
def draw_frame(axes, matrix):
    """Dash the outline of the old picture where the matrix (3, 3) has put it."""
    corners = np.array([[[0, 0], [95, 0], [95, 95], [0, 95], [0, 0]]], float)
    outline = (corners @ matrix[:2, :2].T + matrix[:2, 2])[0]
    axes.plot(*outline.T, "--", color=plotting.COLOURS["orange"], lw=1.2)


matrices = {
    "original": np.eye(3),
    "shifted by (9, -5)": augment.translation(9, -5),
    "rotated by 10°": augment.rotation(10),
}

# %% tags=["nbval-ignore-output"]
figure, grid = plt.subplots(1, 3, figsize=(8.4, 3.0))
for axes, (title, matrix) in zip(grid, matrices.items()):
    changed, labels = augment.warp(image, points, matrix)
    plotting.draw_face(axes, changed[0], labels[0], title=title)
    draw_frame(axes, matrix)
chapter.figure(
    figure,
    "4.12",
    "Original, shifted, rotated; beyond the dashed old border the picture is mirrored.",
    alt="Three pictures of the same face with green keypoints. In the second it "
    "stands further right and higher, in the third it is turned. A dashed line shows "
    "the old picture's border; outside it the background goes on as a mirror image, "
    "without a black edge.",
)

# %% [markdown]
# Do the points stand where the features went? By eye, yes. The test of `augment` is stricter: it
# draws a dot between pixels, warps picture and point, and compares the centre of mass. Here it is
# for one rotation.

# %%
dot, at = draw_dot(60.3, 41.8), np.full((1, 15, 2), (60.3, 41.8))
dot_turned, at_turned = augment.rotate(dot, at, 7.5)
print(f"keypoint x {at_turned[0, 0, 0]:.2f}, dot x {centre_x(dot_turned):.2f}")

# %% tags=["guard"]
with chapter.guard("the points stand where the features went"):
    assert abs(centre_x(dot_turned) - at_turned[0, 0, 0]) < 0.05

# %% [markdown]
# ## What is drawn
#
# The random numbers come from a `numpy` generator with a seed, so the same call gives the same
# faces. Look at what is drawn before you train on it. Here are five draws for every training
# face.

# %%
many = np.tile(train.keypoints, (5, 1, 1))
shifts = augment.random_shift(rng, many)[:, :2, 2]
turns = augment.random_rotation(rng, many)
degrees = np.degrees(np.arctan2(turns[:, 0, 1], turns[:, 0, 0]))

# %% tags=["guard"]
with chapter.guard("at most 9.6 pixels and 10 degrees"):
    assert np.abs(shifts).max() <= 9.6 and np.abs(degrees).max() <= 10

# %% tags=["nbval-ignore-output"]
figure, grid = plt.subplots(1, 3, figsize=(9.6, 2.7), sharey=True)
titles = ["shift to the right (px)", "shift down (px)", "angle (degrees)"]
for axes, values, title, most in zip(grid, [*shifts.T, degrees], titles, [9.6, 9.6, 10]):
    colour = plotting.COLOURS["orange" if most == 10 else "blue"]
    axes.hist(values, np.linspace(-most, most, 21), color=colour, ec="white")
    axes.set(xlabel=title)
grid[0].set_ylabel("draws")
chapter.figure(
    figure,
    "07-a",
    "Shifts and angles drawn for the training faces.",
    alt="Three histograms of 20 bars. Angles are even. Shifts to the side are "
    "nearly even. Shifts down thin out at large positive values, where the mouth "
    "would leave the picture.",
)

# %% tags=["nbval-ignore-output"]
low, high = augment.shift_range(train.keypoints)
narrowed = (low > -9.6) | (high < 9.6)
print(
    f"range narrowed: {100 * narrowed[:, 0].mean():.0f} % of faces for x, "
    f"{100 * narrowed[:, 1].mean():.0f} % for y"
)

# %% tags=["guard"]
with chapter.guard("no shift is always possible"):
    assert (low <= 0).all() and (high >= 0).all()

# %% [markdown]
# Angles are drawn evenly. Shifts are not quite. Where a face fills its picture the range is
# narrower, and draws pile up near zero. You can see it downwards, on the side of the lower lip. A
# rotation has no such guard: a point near a corner can leave. Its coordinates are kept, just
# outside 0 to 95. `augment.hide_outside` turns such points into missing ones.

# %% tags=["nbval-ignore-output"]
gone = augment.outside(augment.move(many, turns))
print(f"{100 * gone.mean():.2f} % of the points leave the picture when it is rotated")

# %% tags=["guard"]
with chapter.guard("few points leave the picture when it is rotated"):
    assert gone.mean() < 0.02

# %% [markdown]
# ## What the other studies do
#
# Two of the other studies change their faces as well. The course calls them DEPTH ([chapter 13](13_going_deeper.ipynb)) and DENSE
# ([chapter 15b](15b_dense_landmarks.ipynb)).
#
# DEPTH mirrors, turns 12 degrees to the left, multiplies the grey values by 1.5 and by 0.8,
# shifts in four directions and adds normal noise: 26,239 faces in the end. It does not say how
# far it shifts or how strong the noise is; [Figure 07-b](#figure-07-b) takes 6 pixels and a standard deviation of
# 10 grey values.
#
# DENSE jitters the light, with strength 0.5 and later 0.2, turns by up to 20 degrees and shifts
# by up to 10 pixels. On a grey picture colour jitter is brightness and contrast: each factor is
# drawn from $1 - s$ to $1 + s$.

# %%
one = (image, points)
sheet = {
    "original": one,
    "DEPTH: × 1.5": augment.brighten(*one, 1.5),
    "× 0.8": augment.brighten(*one, 0.8),
    "noise": augment.add_noise(*one, 10, rng),
    "12° left": augment.rotate(*one, 12),
    "up": augment.shift(*one, 0, -6),
    "down": augment.shift(*one, 0, 6),
    "left": augment.shift(*one, -6, 0),
    "right": augment.shift(*one, 6, 0),
    "DENSE: jitter 0.5": augment.jitter(*one, 0.5, rng),
    "jitter 0.5 again": augment.jitter(*one, 0.5, rng),
    "jitter 0.2": augment.jitter(*one, 0.2, rng),
    "20°": augment.rotate(*one, -20),
    "shift by (10, -10)": augment.shift(*one, 10, -10),
}


# %%
def show_sheet(sheet, columns):
    """Draw a dict of titles and (image, points)."""
    pictures = np.concatenate([pair[0] for pair in sheet.values()])
    labels = np.concatenate([pair[1] for pair in sheet.values()])
    return plotting.show_faces(
        pictures, labels, titles=list(sheet), columns=columns, side=1.35
    )


chapter.figure(
    show_sheet(sheet, 7),
    "07-b",
    "The transforms of DEPTH and DENSE on one face.",
    alt="Fourteen pictures of one face with green keypoints: the original, brighter, "
    "darker, noisy, turned, shifted in four directions, then three with random light, "
    "one turned by 20 degrees and one shifted towards the upper right corner. The "
    "points follow the face in each.",
)

# %% [markdown]
# Two of these deserve a second look. A factor of 1.5 runs into the ceiling: whatever was brighter
# than 170 becomes 255, and the detail in it is gone. And a fixed turn of 12 degrees *to the left*
# gives the set tilted faces of one kind only. A random angle of both signs costs the same.

# %% tags=["nbval-ignore-output"]
bright = augment.brighten(train.images, train.keypoints, 1.5)[0]
print(
    f"white after × 1.5: {100 * (bright == 255).mean():.0f} % of all pixels, "
    f"before: {100 * (train.images == 255).mean():.1f} %"
)

# %% [markdown]
# ## What the thesis would try next
#
# Section 4.8 of the thesis names four more: scaling, cropping, shear, perspective. Each is a
# matrix, and so is each chain of them. Perspective needs the third row. It makes a row of three
# numbers out of each point, and divides by the last:
#
# $$\begin{pmatrix} u \\ v \\ w \end{pmatrix} =
# H \begin{pmatrix} x \\ y \\ 1 \end{pmatrix}, \qquad x' = \frac{u}{w},\; y' = \frac{v}{w} .$$
#
# $H$ is `(3, 3)`. For a shift or a rotation its last row is `(0, 0, 1)`, and $w$ is 1.

# %%
chain = augment.tilting(0.15, 0) @ augment.shearing(0.1)
chain = chain @ augment.scaling(0.9) @ augment.rotation(6)
ideas = {
    "scale 0.85": augment.warp(*one, augment.scaling(0.85)),
    "scale 1.25": augment.warp(*one, augment.scaling(1.25)),
    "crop to 60 px": augment.warp(*one, augment.cropping(26, 24, 60)),
    "shear 0.15": augment.warp(*one, augment.shearing(0.15)),
    "perspective 0.2": augment.warp(*one, augment.tilting(0.2, 0)),
    "four at once": augment.warp(*one, chain),
}
ideas = {title: (p, augment.hide_outside(q)) for title, (p, q) in ideas.items()}
chapter.figure(
    show_sheet(ideas, 6),
    "07-c",
    "Scaling, cropping, shear and perspective; points outside the picture are hidden.",
    alt="Six pictures of one face: smaller with mirrored borders, larger, cut out and "
    "enlarged, slanted, with its right side nearer, and all together. Green points "
    "follow the face; in the cropped picture the outer ones are missing.",
)

# %% [markdown]
# A crop does push points out. You then have a choice. Keep the coordinates: a network with a
# linear output can answer 97. Or make them missing, and use a loss that skips what is missing, as
# in [chapter 18a](18a_beyond_the_studies.ipynb).

# %% [markdown]
# ## Multiply first, resample once
#
# A warp asks for grey values between pixels and takes a weighted mean of four neighbours. A mean
# blurs. Do it twice, and you blur twice. Matrices do not blur: multiply them first, then sample
# once.
#
# **Predict:** turn a face by 12 degrees in one step, or in six steps of 2. The points end at the
# same place. How much of the fine detail is left? Measure detail as the mean squared difference
# of neighbouring pixels.


# %%
def detail(images):
    """Mean squared difference of neighbours in the middle of the pictures."""
    middle = images[:, 20:76, 20:76].astype(np.float32)
    return np.mean(np.diff(middle, axis=1) ** 2) + np.mean(np.diff(middle, axis=2) ** 2)


some = train.take(np.arange(min(100, len(train))))
steps, ends = [1, 2, 3, 4, 6], {}
for count in steps:
    pair = (some.images, some.keypoints)
    for _ in range(count):
        pair = augment.rotate(*pair, 12 / count)
    ends[count] = pair

# %% tags=["guard"]
with chapter.guard("the points end at the same place"):
    assert np.allclose(ends[1][1], ends[6][1], atol=1e-3)

# %% tags=["nbval-ignore-output"]
left = [100 * detail(ends[count][0]) / detail(some.images) for count in steps]
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.4), width_ratios=[1, 1, 1, 1.6])
shown = {"original": some.images[0]}
shown |= {f"steps: {count}": ends[count][0][0] for count in (steps[0], steps[-1])}
for axes, (title, picture) in zip(grid, shown.items()):
    plotting.draw_face(axes, picture, title=title)
    axes.set(xlim=(18, 78), ylim=(68, 8))
grid[3].plot(steps, left, "o-")
grid[3].set(xlabel="resamplings", ylabel="detail left (%)", ylim=(0, 105))
chapter.figure(
    figure,
    "07-d",
    "A rotation by 12 degrees in one step and in six: the same place, less detail.",
    alt="Three enlarged pictures of the same face: the original, rotated in one step, "
    "a little softer, and rotated in six steps, clearly blurred. A curve of the "
    "detail left falls with the number of resamplings.",
)

# %% tags=["guard"]
with chapter.guard("six resamplings blur more than one"):
    assert left[0] > 1.2 * left[-1]

# %% tags=["nbval-ignore-output"]
for count, share in zip(steps, left):
    print(f"resamplings: {count}, detail left: {share:.0f} %")

# %% [markdown]
# The figure has a practical side. If augmented training faces are softer than the faces that you
# test on, the network learns from pictures that it will never meet. One resampling costs
# something. It should be the only one.
#
# `augment.augmented` does it so. It draws a flip, a rotation and a shift for each face,
# multiplies the three matrices, and resamples once. A matrix that turns the picture over has a
# negative determinant; then it swaps the pairs.

# %%
draws = (augment.random_flip, augment.random_rotation, augment.random_shift)
chains = augment.compose(some.keypoints, draws, np.random.default_rng(SEED))
fresh, fresh_points = augment.warp(some.images, some.keypoints, chains)
fresh.shape, fresh_points.shape, chains.shape

# %% tags=["guard"]
with chapter.guard("the shift brings back what the rotation pushed out"):
    assert not augment.outside(fresh_points).any()

# %% [markdown]
# The shift comes last. It looks at the points where flip and rotation have put them, so it can
# bring back one that the rotation pushed out.

# %% [markdown]
# ## Try it
#
# The next two cells use one function. In JupyterLab the second gives you sliders. On a printed
# page you see the first: one slider moved at a time.


# %%
def changed_by(angle=0.0, right=0.0, down=0.0, factor=1.0, mirror=False):
    """The chapter's face under one composed warp: picture, points, matrix."""
    matrix = augment.scaling(factor) @ (augment.mirroring() if mirror else np.eye(3))
    matrix = augment.translation(right, down) @ augment.rotation(angle) @ matrix
    return *augment.warp(image, points, matrix), matrix


settings = [{}, {"angle": 15}, {"right": 8}, {"down": -8}, {"factor": 0.8}]
settings.append({"mirror": True})
titles = [
    ", ".join(f"{n} = {v}" for n, v in s.items()) or "untouched" for s in settings
]
chapter.figure(
    show_sheet({t: changed_by(**s)[:2] for t, s in zip(titles, settings)}, 6),
    "07-e",
    "What each slider does.",
    alt="Six pictures of one face with its points: untouched, turned by 15 degrees, "
    "moved right, moved up, made smaller, mirrored.",
)

# %% tags=["nbval-ignore-output"]
import ipywidgets as widgets


def draw_changed(angle=0.0, right=0.0, down=0.0, factor=1.0, mirror=False):
    """Draw what `changed_by` gives, with the old border."""
    changed, labels, matrix = changed_by(angle, right, down, factor, mirror)
    _, axes = plt.subplots(figsize=(3.6, 3.6))
    title = f"{augment.outside(labels).sum()} points outside"
    draw_sides(axes, changed[0], labels[0], title)
    draw_frame(axes, matrix)
    plt.show()


# The report and the tests run this cell too; nobody moves a slider there.
if "FKD_FIGURES" not in os.environ:
    pixels = (-30.0, 30.0)
    ranges = {"angle": (-45.0, 45.0), "factor": (0.5, 2.0)}
    widgets.interact(draw_changed, right=pixels, down=pixels, **ranges)

# %% [markdown]
# Blue is the subject's left. Tick `mirror` and watch the colours stay on their sides of the
# picture. Then find a setting that leaves two points outside.

# %% [markdown]
# ## Does it help?
#
# There are two ways to use all this. *Stored*: make a number of changed copies once, and train on
# the larger set. The thesis does that, and [chapter 08](08_final_model.ipynb) repeats it.

# %% tags=["nbval-ignore-output"]
few = train.take(np.random.default_rng(0).permutation(len(train))[:300])
copies, copy_points = augment.transformed_copies(few.images, few.keypoints, SEED)
print(f"{len(few)} faces became {len(copies)}: 2 for the mirror, times 11")
megabytes = copies.nbytes / 1e6
print(f"{megabytes:.0f} MB as uint8; it would be {4 * megabytes:.0f} as float32")

# %% tags=["guard"]
with chapter.guard("22 pictures of each face"):
    assert len(copies) == 22 * len(few)

# %% [markdown]
# *On the fly*: draw new changes in every epoch. The network never sees the same picture twice,
# and nothing is stored. It suits a small experiment: Fourth of [chapter 06](06_pooled_cnn.ipynb), on 300 faces only, once as
# they are and once changed anew in each epoch. The number of faces seen is the same.


# %%
def fourth():
    """Fourth, not yet compiled."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((96, 96, 1)),
            layers.Conv2D(4, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(8, 4, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(250, activation="relu"),
            layers.Dense(30),
        ]
    )


# %% tags=["guard"]
with chapter.guard("this is Fourth of chapter 06, with the same first weights"):
    keras.utils.set_random_seed(SEED)
    written_out, earlier = fourth(), training.thesis_model("Fourth", SEED)
    assert all(map(np.array_equal, written_out.get_weights(), earlier.get_weights()))


# %%
def learn(draws, epochs, seed):
    """Train Fourth on `few`, changed by `draws`: history and test measures."""
    keras.utils.set_random_seed(seed)
    model = fourth()
    model.compile(keras.optimizers.Adam(0.001), loss="mse")
    rng = np.random.default_rng(seed)
    held_x = data.to_inputs(splits.validation.images)
    held_y = data.to_targets(splits.validation.keypoints)
    rows, best, weights = [], np.inf, model.get_weights()
    for epoch in range(1, epochs + 1):
        images, labels = augment.augmented(few.images, few.keypoints, rng, draws)
        x, y = data.to_inputs(images), data.to_targets(labels)
        loss = model.fit(x, y, batch_size=32, verbose=0).history["loss"][0]
        judged = model.evaluate(held_x, held_y, batch_size=256, verbose=0, return_dict=True)
        val_loss = judged["loss"]
        rows.append((epoch, loss, val_loss))
        if val_loss < best:
            best, weights = val_loss, model.get_weights()
    model.set_weights(weights)
    predicted = training.predict(model, test.images)
    history = pd.DataFrame(rows, columns=["epoch", "loss", "val_loss"])
    return history, evaluation.measures(test.keypoints, predicted)


# %% [markdown]
# First the long runs that come with the course: 120 epochs, five seeds. They were made on an earlier
# set of the faces called `open`, of the same people, which varied less. So compare their curves with
# each other, not with yours. The profile *paper* repeats them on the faces of today.

# %%
stored = files.PUBLISHED / "augmentation"
results = pd.read_csv(stored / "results.csv")
table = results.pivot(index="seed", columns="augmentation", values="test_mse")
table["saved"] = 1 - table["changed anew"] / table["as they are"]
plotting.show_table(
    table.reset_index().to_dict("records"),
    **{"as they are": "{:.5f}", "changed anew": "{:.5f}", "saved": "{:.0%}"},
)

# %%
histories = pd.read_csv(stored / "histories.csv")
figure, grid = plt.subplots(1, 2, figsize=(9.6, 3.2), sharey=True)
for axes, column, title in zip(grid, ["loss", "val_loss"], ["training", "validation"]):
    for name, colour in (("as they are", "orange"), ("changed anew", "blue")):
        chosen = histories[histories.augmentation == name]
        by_seed = chosen.pivot(index="epoch", columns="seed", values=column)
        axes.plot(by_seed, color=plotting.COLOURS[colour], alpha=0.25, lw=0.8)
        axes.plot(by_seed.mean(axis=1), color=plotting.COLOURS[colour], label=name)
    axes.set(yscale="log", xlabel="epoch (300 faces)", title=title)
grid[0].set_ylabel("MSE")
grid[0].legend(loc="lower left")
chapter.figure(
    figure,
    "07-f",
    "Fourth on 300 faces, five seeds (thin) and their mean.",
    alt="Left, training error: without changes it falls far, with changes it falls "
    "slowly. Right, validation error: with changes it is higher at first, later crosses "
    "the other curve and goes on falling; without changes it is flat and jagged from then on.",
)

# %%
best = histories.assign(
    lowest=histories.groupby(["augmentation", "seed"]).val_loss.cummin()
).pivot(index="epoch", columns=["augmentation", "seed"], values="lowest")
plain, changed = best["as they are"], best["changed anew"]
ahead = (changed < plain).sum(axis=1).astype(str) + f" of {plain.shape[1]}"
means = {"as they are": plain.mean(axis=1), "changed anew": changed.mean(axis=1)}
summary = pd.DataFrame(means | {"seeds ahead with changes": ahead}).reset_index()
rows = summary[summary.epoch.isin([10, 20, 40, 60, 80, 120])].to_dict("records")
plotting.show_table(rows, **{"as they are": "{:.5f}", "changed anew": "{:.5f}"})

# %% [markdown]
# The table shows the lowest validation error up to an epoch, mean over the seeds. The verdict has
# two parts.
#
# At first augmentation *costs*. At epoch 20 it is behind on every seed. Each epoch brings new
# pictures, so there is more to learn, and the network is no faster at learning. Whoever stops
# there concludes that it hurts.
#
# Later it pays. The runs without changes know their 300 faces almost by heart: training error
# goes on falling, validation error stops. The runs with changes pass them, sooner on one seed
# than on another, and are still improving at the end.

# %%
passed = [int((changed[seed] < plain[seed]).iloc[::-1].cummin().sum()) for seed in plain]
print("for good ahead from epoch", sorted(121 - epochs for epochs in passed))
print(f"on the test faces {table.saved.min():.0%} to {table.saved.max():.0%} less error")

# %% tags=["guard"]
with chapter.guard("at epoch 20 behind on every seed, at the end ahead on every seed"):
    assert (changed.loc[20] > plain.loc[20]).all()
    assert (changed.loc[120] < plain.loc[120]).all() and (table.saved > 0).all()

# %% [markdown]
# This was measured with 300 faces and this network. [Chapter 08](08_final_model.ipynb) asks the same of the full set.

# %% [markdown]
# Now your own pair of runs, one seed and as long as the profile allows.

# %% tags=["nbval-ignore-output"]
epochs = chapter.pick(smoke=2, quick=40, paper=120)
live = {}
for seed in range(SEED, SEED + chapter.pick(smoke=1, quick=1, paper=5)):
    for name, changes in (("as they are", ()), ("changed anew", augment.THESIS)):
        live[name, seed] = learn(changes, epochs, seed)

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(6.4, 3.2))
for name, colour in (("as they are", "orange"), ("changed anew", "blue")):
    history, scores = live[name, SEED]
    for column, dash in (("loss", ":"), ("val_loss", "-")):
        label = name + (", training" if column == "loss" else ", validation")
        style = {"color": plotting.COLOURS[colour], "label": label}
        axes.plot(history.epoch, history[column], dash, **style)
axes.set(yscale="log", xlabel="epoch (300 faces)", ylabel="MSE")
axes.legend(fontsize=8.5)
chapter.figure(
    figure,
    "07-g",
    "Your own pair of runs, one seed.",
    alt="Four curves over the epochs. Without changes the training error falls far below "
    "the validation error. With changes the training error stays the higher of the two.",
)

# %% tags=["nbval-ignore-output"]
rows = []
for (name, seed), (history, scores) in live.items():
    lowest, last = history.val_loss.min(), history.loss.iloc[-1]
    row = {"faces": name, "seed": seed, "validation": lowest, "training": last}
    rows.append(row | {"test": scores["mse"], "mean_px": scores["mean_px"]})
mses = dict.fromkeys(["validation", "training", "test"], "{:.5f}")
plotting.show_table(rows, **mses, mean_px="{:.2f}")

# %% tags=["nbval-ignore-output"]
ratio = {}
for name in ("as they are", "changed anew"):
    last = live[name, SEED][0].iloc[-1]
    ratio[name] = last.val_loss / last.loss
    print(f"{name}: validation error over training error {ratio[name]:.2f}")

# %% tags=["guard"]
with chapter.guard("validation over training error is smaller with changes", quick=True):
    assert ratio["changed anew"] < ratio["as they are"]

# %% [markdown]
# Without changes the training error falls below the validation error, and the distance grows.
# With changes it lies *above* in nearly every epoch: a shifted and turned face is harder than an ordinary
# one, and the network never sees it twice. One short pair shows less, but it does show this:
# validation error over training error is smaller with changes than without.
#
# Which of the two is ahead on the test faces is another question. After 40 epochs the stored runs
# are divided, and your pair need not be further. One seed and a short run may tell you the wrong story.

# %% [markdown]
# ## What you saw
#
# - Mirrored points need a swap of whole points, and $95 - x$ where labels count from pixel centres.
#   With $96 - x$ every answer then moves half a pixel, and a face and its twin disagree by one. For
#   labels that count from the edge, $96 - x$ is right.
# - The thesis's formula for points is $A P + B$, not $P A + B$, and its matrix turns the other
#   way than OpenCV's.
# - A shift can be drawn so that no point leaves. A rotation or a crop cannot promise it.
# - Multiply matrices, then resample once. Each further resampling blurs.
# - Augmentation slows learning down and keeps it going.
#
# The thesis mirrors its faces *before* it splits them. A face can then be in the training set
# while its twin is in the test set. [Chapter 08](08_final_model.ipynb) measures what that is worth.
#
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. Mirror, turn, mirror** (easy). You flip a face, rotate it by 10 degrees anticlockwise, and flip it
# back. Predict the one transform that does the same, and answer with its matrix.

# %% tags=["answer"]
answer_1 = ...  # a matrix (3, 3), by one function of augment

# %% tags=["check"]
@chapter.check("a matrix (3, 3)", "hold a clock in front of a mirror: which way do its hands go?")
def check_1(answer):
    """The matrix of flip, rotation by 10 degrees, flip."""
    wanted = augment.mirroring() @ augment.rotation(10) @ augment.mirroring()
    answer = np.asarray(answer, float)
    if answer.shape == (3, 3) and np.linalg.det(answer) < 0:
        return "that one mirrors; two mirrors give none"
    return answer.shape == (3, 3) and bool(np.allclose(answer, wanted))


check_1(answer_1)

# %% tags=["solution"]
answer_1 = augment.rotation(-10)
check_1(answer_1)
# Seen in a mirror every turn goes the other way.

# %% [markdown]
# **2. The range by hand** (medium). The points of a face have x from 6 to 91 and y from 30 to 82. From
# which range may the horizontal shift be drawn, and from which the vertical one? The labels count
# from pixel centres. Predict first which of the four ends the face itself narrows.

# %% tags=["answer"]
answer_2 = ...  # four numbers: lowest and highest shift to the right, lowest and highest down

# %% tags=["check"]
@chapter.check("four numbers, such as (-9.6, 9.6, -9.6, 9.6)",
               "compare 9.6 with the room on each side")
def check_2(answer):
    """The two ranges of the face in the exercise."""
    corners = np.tile([[6.0, 30.0], [91.0, 82.0], [50.0, 50.0]], (5, 1))[np.newaxis]
    low, high = augment.shift_range(corners)
    answer = np.asarray(answer, float).ravel()
    if len(answer) == 4 and np.isclose(answer[1], 5):
        return "that is the room to 96; which is the last pixel's centre?"
    return len(answer) == 4 and bool(
        np.allclose(answer, [low[0, 0], high[0, 0], low[0, 1], high[0, 1]]))


check_2(answer_2)

# %% tags=["solution"]
answer_2 = (-6, 4, -9.6, 9.6)
check_2(answer_2)
# With 96 a shift of 4.7 would put a point at 95.7: outside, counted from pixel centres.

# %% [markdown]
# **3. The wrong middle** (medium). Turn about $(48, 48)$ instead of $(47.5, 47.5)$. Every point then lands beside its place, all by the same
# distance. Predict: does it matter more at 90 degrees or at 10? Then compute the distance for both, with
# `cv2.getRotationMatrix2D`.

# %% tags=["answer"]
answer_3 = ...  # two distances in pixels: at 90 degrees, at 10 degrees

# %% tags=["check"]
@chapter.check("two distances in pixels", "the two matrices differ in their last column alone")
def check_3(answer):
    """How far a turn about (48, 48) puts every point beside its place."""
    right = [np.linalg.norm((cv2.getRotationMatrix2D((48, 48), a, 1.0)
                             - cv2.getRotationMatrix2D((47.5, 47.5), a, 1.0))[:, 2])
             for a in (90, 10)]
    answer = np.asarray(answer, float)
    if np.allclose(answer, np.sqrt(0.5), atol=0.01):
        return "that is the distance of the two middles; a turn by no angle would move nothing"
    return answer.shape == (2,) and bool(np.allclose(answer, right, atol=0.005))


check_3(answer_3)

# %% tags=["solution"]
answer_3 = tuple(
    float(np.linalg.norm((cv2.getRotationMatrix2D((48, 48), degrees, 1.0)
                          - cv2.getRotationMatrix2D((47.5, 47.5), degrees, 1.0))[:, 2]))
    for degrees in (90, 10)
)
check_3(answer_3)
print(", ".join(f"{distance:.2f} px" for distance in answer_3))
# A whole pixel at 90 degrees, hardly anything at 10.

# %% [markdown]
# **4. There and back** (medium). Rotate the faces `some` by 10 degrees and then by -10: two warps. The points come back.
# Predict how much of the detail does, from [Figure 07-d](#figure-07-d). Then compose the two matrices first and warp once. Which share
# of the detail is left in each case?

# %% tags=["answer"]
answer_4 = ...  # two shares from 0 to 1: two warps, one warp by the product

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("two shares from 0 to 1", "detail(...) / detail(some.images), for each")
def check_4(answer):
    """Detail left after two resamplings, and after one by the product."""
    there = augment.rotate(some.images, some.keypoints, 10)
    twice = augment.rotate(*there, -10)[0]
    right = detail(twice) / detail(some.images)
    answer = np.asarray(answer, float)
    if answer.shape == (2,) and np.isclose(answer[0], detail(there[0]) / detail(some.images)):
        return "the first is the way there; it also comes back"
    return answer.shape == (2,) and bool(np.allclose(answer, [right, 1], atol=0.01))


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
there = augment.rotate(some.images, some.keypoints, 10)
back = augment.rotate(*there, -10)
product = augment.rotation(-10) @ augment.rotation(10)
once = augment.warp(some.images, some.keypoints, product)
answer_4 = (detail(back[0]) / detail(some.images), detail(once[0]) / detail(some.images))
check_4(answer_4)
print(f"two warps {answer_4[0]:.0%}, one {answer_4[1]:.0%}")
# The product is the identity, and loses nothing. A chain of warps pays for every link.

# %% [markdown]
# **5. Could it have been so?** (hard) Suppose that the thesis had swapped only y, as its sentence says. Half of its training faces would
# then carry such labels. A network cannot tell a mirrored face from another one, so at best it answers in the middle between the right
# label and the wrong one. Which MSE remains, in the units of the targets (pixels over 48), as the mean over all points of all training faces? Predict
# whether it is above or below the thesis's lowest error, 0.00053.

# %% tags=["answer"]
answer_5 = ...  # a number, an MSE of targets

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number", "half the distance from right_way to only_y, squared; for all of train")
def check_5(answer):
    """The lowest MSE on faces and twins of which the twins have only y swapped."""
    right_x = augment.flip(train.images, train.keypoints)[1]
    wrong_x = train.keypoints * [-1, 1] + [95, 0]
    wrong_x[..., 1] = wrong_x[:, order, 1]
    floor = np.nanmean(((wrong_x - right_x) / 2 / 48) ** 2)
    if np.isclose(answer, 4 * floor, rtol=0.02):
        return "that is for an answer on one of the two labels; the middle is nearer to both"
    if np.isclose(answer, 48**2 * floor, rtol=0.02):
        return "those are square pixels"
    return bool(np.isclose(answer, floor, rtol=0.02))


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
all_right = augment.flip(train.images, train.keypoints)[1]
all_wrong = train.keypoints * [-1, 1] + [95, 0]
all_wrong[..., 1] = all_wrong[:, order, 1]
answer_5 = float(np.nanmean(((all_wrong - all_right) / 2 / 48) ** 2))
check_5(answer_5)
print(f"{answer_5:.3f}, {answer_5 / 0.00053:.0f} times the thesis's lowest error")
# No network could have reached 0.00053 on such labels. The sentence is wrong, the program was not.

# %% [markdown]
# **6. Your figure** (medium). How well does the model know left from right? Complete three lines: for each of `lasts` the *disagreement*
# of `fit_mirror(last)`, as it was measured above for 95 and 96. Predict the slope: one half, as in [Figure 07-h](#figure-07-h), or another?

# %% tags=["answer"]
models_by_last = ...  # a list: one model for each of lasts
apart = ...  # one number for each of lasts
line_name = ...  # what the line is
answer_6 = (models_by_last, apart, line_name)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "answer minus the twin's answer moved back, mean of x")
def check_6(answer):
    """The disagreement of face and twin by formula, drawn; against a second computation."""
    fitted, values, name = answer
    right = [(one(test.images) - augment.move(one(test_twins), augment.mirroring()))[..., 0].mean()
             for one in map(fit_mirror, lasts)]
    if len(values) != len(lasts) or not all(map(callable, fitted)):
        return "one model and one number for each of lasts"
    if np.allclose(values, leans, atol=0.02):
        return "that is the bias; the disagreement needs the twins and no labels"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    axes.plot(lasts, values, "o-", label=str(name))
    axes.plot(lasts, leans, color=plotting.COLOURS["grey"], label="bias, as above")
    axes.set(xlabel="x is mirrored to this number less x", ylabel="pixels")
    axes.legend()
    chapter.figure(figure, "Your figure", "Disagreement by formula.", private=True,
                   alt="The disagreement of face and twin over the formulas, beside the bias.")
    return bool(np.allclose(values, right, atol=0.02))


check_6(answer_6)

# %% tags=["solution", "nbval-ignore-output"]
models_by_last = [fit_mirror(last) for last in lasts]
apart = []
for one_model in models_by_last:
    twin_answer = augment.move(one_model(test_twins), augment.mirroring())
    apart.append(float((one_model(test.images) - twin_answer)[..., 0].mean()))
line_name = "disagreement of a face and its twin"
answer_6 = (models_by_last, apart, line_name)
check_6(answer_6)
# Slope 1, and 0 at 95: face and twin lean to opposite sides, half a pixel each.

# %% [markdown]
# **7. Which transform does the work?** (open) Call `learn` with one draw at a time, then with
# `augment.random_scale` and `augment.random_tilt` added. Keep the shift last. Predict an order first. How many seeds do
# you need before you believe a difference of 5 percent? The five rows of the stored table tell you how much seeds differ.

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for a table of draws, seeds and test errors at one length. One for a length at which
# augmentation has begun to pay. One for comparing each difference with the one between two seeds of the same draw. One for naming a number of seeds, from the
# spread in the table. **Expected**: with one seed and 40 epochs the draws cannot be told apart; some are behind no augmentation at all. A shift or a rotation changes
# more than the mirror, and shows later and more. For 5 percent you need more than five seeds.
