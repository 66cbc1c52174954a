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
# **You will learn**
# - how to mirror a face without mixing up left and right;
# - when a mirrored x is 95 - x and when it is 96 - x, and what the wrong one costs;
# - how a matrix moves a picture and its points together;
# - why several warps should be multiplied first and done once;
# - what augmentation gives, on five seeds, and when it gives nothing.
#
# **Needs** chapters [02](02_data.ipynb) and [06](06_pooled_cnn.ipynb). **Takes** about 45 seconds on two cores (profile *quick*).
# **Figures** 4.11, 4.12, 07-a to 07-g.
#
# **Tables** 4.2.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import collections.abc

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
mirrored, right_way = augment.flip(image, points)
order = data.mirror_order()
no_swap = points * [-1, 1] + [95, 0]
only_y = np.stack([no_swap[..., 0], no_swap[:, order, 1]], axis=-1)
whole = no_swap[:, order]

# %% tags=["guard"]
with chapter.guard("whole points swapped is what augment.flip does"):
    assert np.allclose(whole, right_way)


# %%
def draw_sides(axes: plt.Axes, image: np.ndarray, points: np.ndarray, title: str) -> None:
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
# see that a point has left its eye.) Swap whole points.
#
# In code the swap is one index: `points[:, data.mirror_order()]`.

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
# centres. Those of `open` count from pixel centres. Which of the two Kaggle's do, [chapter 18](18_beyond_the_studies.ipynb) asks.
#
# Do not believe it. Draw a dot at a known place between pixels, mirror the picture, and measure
# where the dot is, from the first pixel's centre. The centre of mass of the grey values tells.


# %%
def draw_dot(x: float, y: float) -> np.ndarray:
    """A soft dot at (x, y): (1, 96, 96) float32."""
    squared = (np.arange(96) - x) ** 2 + (np.arange(96)[:, np.newaxis] - y) ** 2
    return np.exp(-squared / 8)[np.newaxis].astype(np.float32)


def centre_x(picture: np.ndarray) -> float:
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
def small(images: np.ndarray) -> np.ndarray:
    """(n, 96, 96) as rows of 32 * 32 numbers."""
    blocks = images.reshape(len(images), 32, 3, 32, 3)
    blocks = blocks.mean(axis=(2, 4), dtype=np.float32)
    return blocks.reshape(len(images), -1) / 255


twins, twin_points = augment.flip(train.images, train.keypoints)
x = np.vstack([small(train.images), small(twins)])
mean = x.mean(axis=0)
gram = (x - mean).T @ (x - mean) + 10 * np.eye(x.shape[1], dtype=np.float32)


# %%
def fit_mirror(last: int) -> collections.abc.Callable[[np.ndarray], np.ndarray]:
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
# All this holds for labels that count from pixel centres. For labels that count from the edge it is
# $95 - x$ that is a pixel off. No file of labels says where its 0 is. [Chapter 18](18_beyond_the_studies.ipynb) finds real faces
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
# count from pixel centres, a point could then land at 96, one pixel beyond the last.

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
def draw_frame(axes: plt.Axes, matrix: np.ndarray) -> None:
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
# ([chapter 15](15_dense_landmarks.ipynb)).
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
def show_sheet(sheet: dict[str, tuple], columns: int) -> plt.Figure:
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
    "scale 0.85": augment.scale(*one, 0.85),
    "scale 1.25": augment.scale(*one, 1.25),
    "crop to 60 px": augment.crop(*one, 26, 24, 60),
    "shear 0.15": augment.shear(*one, 0.15),
    "perspective 0.2": augment.tilt(*one, 0.2, 0),
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
# in [chapter 18](18_beyond_the_studies.ipynb).

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
def detail(images: np.ndarray) -> float:
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
def changed_by(
    angle: float = 0.0, right: float = 0.0, down: float = 0.0, factor: float = 1.0,
    mirror: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def draw_changed(
    angle: float = 0.0, right: float = 0.0, down: float = 0.0, factor: float = 1.0,
    mirror: bool = False,
) -> None:
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
def fourth() -> keras.Model:
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
def learn(
    draws: collections.abc.Iterable[augment.Draw], epochs: int, seed: int
) -> tuple[pd.DataFrame, dict[str, float]]:
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
# ## Exercises
#
# **1. Mirror, turn, mirror.** You flip a face, rotate it by 10 degrees anticlockwise, and flip it
# back. Predict the one transform that does the same. Then check with a matrix of your own.


# %%
def check_1(matrix: np.ndarray) -> None:
    """Say whether a matrix equals flip, rotation by 10 degrees, flip."""
    wanted = augment.mirroring() @ augment.rotation(10) @ augment.mirroring()
    print(
        "right" if np.allclose(matrix, wanted) else "not yet: which way does it turn?"
    )


# %% tags=["solution"]
check_1(augment.rotation(-10))

# %% [markdown]
# **2. The range by hand.** The points of a face have x from 6 to 91 and y from 30 to 82. From
# which range may the horizontal shift be drawn, and from which the vertical one? The labels count
# from pixel centres. Would the thesis's 96 be dangerous here?


# %%
def check_2(right: tuple[float, float], down: tuple[float, float]) -> None:
    """Say whether two ranges (lowest, highest) are those of the face in exercise 2."""
    corners = np.tile([[6.0, 30.0], [91.0, 82.0], [50.0, 50.0]], (5, 1))[np.newaxis]
    low, high = augment.shift_range(corners)
    wanted = [low[0, 0], high[0, 0], low[0, 1], high[0, 1]]
    good = np.allclose([*right, *down], wanted)
    print("right" if good else "not yet: compare 9.6 with the room on each side")


# %% tags=["solution"]
check_2(right=(-6, 4), down=(-9.6, 9.6))

# %% [markdown]
# With 96 the horizontal range would be (-6, 5), and a shift by 4.7 puts a point at 95.7. Counted from
# pixel centres, that is outside the picture; counted from the edge, it is not.

# %% [markdown]
# **3. Four quarter turns.** Rotate a face by 90 degrees four times. Predict: is it the same
# picture again, pixel by pixel? Then rotate about $(48, 48)$ with `cv2.getRotationMatrix2D` and
# `cv2.warpAffine`. What is different after one turn?

# %% tags=["solution"]
pair = one
for _ in range(4):
    pair = augment.rotate(*pair, 90)
print("about 47.5 the same picture:", np.abs(pair[0].astype(int) - image).max() <= 1)
about_48 = cv2.getRotationMatrix2D((48, 48), 90, 1.0)
quarter = cv2.warpAffine(
    image[0], about_48, (96, 96), borderMode=cv2.BORDER_REFLECT_101
)
exact = np.rot90(image[0])
print("about 48 a row lower:", np.array_equal(quarter[1:], exact[:-1]))

# %% [markdown]
# **4. There and back.** Rotate the faces by 10 degrees and then by -10. The points come back.
# Predict how much of the detail does, from [Figure 07-d](#figure-07-d). Then compose the two matrices first. What
# is the product?

# %% tags=["solution", "nbval-ignore-output"]
there = augment.rotate(some.images, some.keypoints, 10)
back = augment.rotate(*there, -10)
print(f"two resamplings: {100 * detail(back[0]) / detail(some.images):.0f} % of detail")
product = augment.rotation(-10) @ augment.rotation(10)
assert np.allclose(product, np.eye(3)) and np.allclose(
    back[1], some.keypoints, atol=1e-3
)
print("composed first: the identity, nothing is lost")

# %% [markdown]
# **5. Open.** Which transform does the work? Call `learn` with one draw at a time, then with
# `augment.random_scale` and `augment.random_tilt` added. Keep the shift last. How many seeds do
# you need before you believe a difference of 5 percent? The five rows of the table above tell you
# how much seeds differ.
