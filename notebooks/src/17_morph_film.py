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
# # 17 The morph film
#
# DENSE closes with a film. Its author photographed himself several times, let his network put
# points on the pictures, and made one face flow into the next. You make such a film of six
# people, and measure what decides whether it looks right.
#
# **You can afterwards**
# - tell what the maps of two neighbouring triangles share, and why such a warp has no seams (questions 1 and 4);
# - count the triangles of a mesh, and tell which fold on the way (exercises 2, 3 and 5, question 2);
# - compute what mixing leaves of edges that do not meet, at any share (exercise 6);
# - design how a movement starts and stops (exercises 1 and 7);
# - tell what a film owes to the network and what to the number of points (exercises 4 and 8, question 3).
#
# **Needs** chapters [06](06_pooled_cnn.ipynb) and [12](12_demonstration.ipynb). **Takes** about 105 minutes to study, and under half a minute of two cores (profile *quick*).
# **Figures** 17-a to 17-h.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %%
import itertools
import time

import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import cv2
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.tri import Triangulation

from fkd_utils import data, demo, evaluation, files, plotting, training

chapter = plotting.Chapter("17", PROFILE, DATA, SEED)
SIDE = chapter.pick(smoke=96, quick=256, paper=256)  # pixels of a frame

# %% [markdown]
# ## What DENSE says about it
#
# Little, and nothing in numbers. Its author finds the film odd to look at, and blames points that
# are not quite right. He would have put more faces in, had it not been so slow to box each by
# hand and to compute the film. So there are two questions. How much of the oddness is the
# network's fault? And must such a film be slow?
#
# The film of this chapter shows the photographs that come with the course, **whatever `DATA`
# says**: a face in a film is published, and these six people are from a collection that may be
# (Face Research Lab London Set, Lisa DeBruine and Benedict Jones 2017, CC BY 4.0; the pictures
# are cropped and mixed here). The network has seen none of them in its training.

# %%
people = range(len(demo.group_photo.PEOPLE))
photographs = [demo.group_photo.portrait(person) for person in people]
photographs[0].shape, len(photographs)

# %% [markdown]
# ## Points, without drawing a box
#
# DENSE's author framed his face by hand. [Chapter 12](12_demonstration.ipynb) has a detector for that: it gives a box, the
# box is cut out and shrunk to 96 by 96, a network predicts 15 points, and they are mapped back to
# the photograph. `demo.locate.locate` does all of it. [Chapter 12](12_demonstration.ipynb) uses a better network. Here it is Fourth, of
# [chapter 06](06_pooled_cnn.ipynb): what a network's errors do to a film is one of the questions below, and with a better one
# their share is smaller.

# %% tags=["nbval-ignore-output"]
model = training.network(training.FOURTH)
start = time.perf_counter()
found = [demo.locate.locate(model, photo) for photo in photographs]
seconds = time.perf_counter() - start
print(f"{seconds / len(people):.2f} s a photograph, box and points together")

# %% tags=["guard"]
with chapter.guard("one face on each photograph"):
    assert [len(one) for one in found] == [1] * len(people)

# %% [markdown]
# Each photograph also has 189 points that a person set by hand. From them come the true positions
# of the 15. Keep three sets: 15 predicted, 15 true, all 189.

# %% tags=["nbval-ignore-output"]
predicted = np.array([one.points[0] for one in found])
true = np.array([demo.group_photo.portrait_points(person) for person in people])
names = [demo.group_photo.name_of(person) for person in people]
template = np.array([data.photographs.template(name) for name in names])
print(predicted.shape, true.shape, template.shape)
print(f"the network is off by {evaluation.nme(true, predicted):.1f} % of the eye distance")

# %% tags=["guard"]
with chapter.guard("the network is off by a few percent of the eye distance"):
    assert evaluation.nme(true, predicted) < 8

# %% [markdown]
# A head that jumps from picture to picture would spoil the film. So every frame is cut the same
# way: a square three eye distances wide, with the eyes in the same place. Points move along as in
# [chapter 12](12_demonstration.ipynb). With $l$ the corner of the square and $q$ its side,
#
# $$p' = \left(p - l + \tfrac12\right) \frac{\text{SIDE}}{q} - \tfrac12 .$$
#
# In code, `(15, 2)` stays `(15, 2)`.

# %%
squares = [demo.morph.frame(points) for points in predicted]


def stills_of(sets):
    """One picture of the film for each person, with their points and the border's."""
    every = zip(photographs, sets, squares)
    return [demo.morph.still(photo, points, square, SIDE) for photo, points, square in every]


stills = stills_of(predicted)
one, two = stills[2], stills[3]
one.points.shape

# %% [markdown]
# There are 31 points now. The network's 15 lie inside the face. Outside of them nothing would say
# where a pixel belongs, so 16 points on the **border** of the picture are added: the corners, and
# three on each edge. They are the same in every picture. The wall stays where it is.
#
# ## Which triangles
#
# Many sets of triangles join the same points. **Delaunay's** rule picks one: *the circle through
# the corners of a triangle holds no other point.* It avoids long thin triangles, which would
# smear the picture. Of whom are the points, the first person's or the second's? Of neither: take
# their mean, and use the same triangles for both. You will see below why.

# %%
middle = (one.points + two.points) / 2
triangles = demo.morph.mesh(one.points, two.points).triangles
triangles.shape

# %% [markdown]
# Check the rule. The middle $m$ of the circle is equally far from all corners $c_i$. Subtract the
# equations of two corners, and what is left is linear:
# $2\,(c_i - c_0) \cdot m = \lVert c_i \rVert^2 - \lVert c_0 \rVert^2$. Two such equations give
# $m$, and NumPy solves them for all triangles at once: `(44, 2, 2)` times `(44, 2, 1)`.

# %%
corners = middle[triangles]  # (44, 3, 2)
edges = corners[:, 1:] - corners[:, :1]
lengths = (corners**2).sum(axis=2, keepdims=True)
centres = np.linalg.solve(2 * edges, lengths[:, 1:] - lengths[:, :1])[..., 0]
radius = np.linalg.norm(corners[:, 0] - centres, axis=1)
away = np.linalg.norm(middle - centres[:, np.newaxis], axis=2)  # (44, 31)
held_inside = (away < radius[:, np.newaxis] - 0.02).any(axis=1)
print(f"{held_inside.sum()} of {len(triangles)} circles hold a point")

# %% tags=["guard"]
with chapter.guard("no circle holds a point"):
    assert not held_inside.any()

# %% [markdown]
# And count. For $n$ points, $b$ of them on the border, every choice of triangles has $2n - 2 - b$
# of them.

# %%
len(triangles), 2 * len(one.points) - 2 - len(demo.morph.border(SIDE))

# %% tags=["guard"]
with chapter.guard("2n - 2 - b triangles"):
    assert len(triangles) == 2 * len(one.points) - 2 - len(demo.morph.border(SIDE))

# %% tags=["drawing"]
def draw_mesh(axes, picture, points, triangles, title):
    """A picture with its triangles (t, 3), rows of points (n, 2), and the points of the face."""
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axes.triplot(*points.T, triangles, color=plotting.COLOURS["sky"], lw=0.8)
    face = points[: -len(demo.morph.border(SIDE))]
    axes.plot(*face.T, "o", color=plotting.PREDICTED, ms=3, mec="black", mew=0.3)
    axes.set(xlim=(-2, len(picture) + 1), ylim=(len(picture) + 1, -2))
    axes.set_axis_off()
    axes.set_title(title)


figure, grid = plt.subplots(1, 3, figsize=(8.7, 3.1))
half = demo.morph.Morph(one, two, triangles)
draw_mesh(grid[0], one.picture, one.points, triangles, "first")
draw_mesh(grid[1], half.at(0.5), middle, triangles, "halfway")
draw_mesh(grid[2], two.picture, two.points, triangles, "second")
chapter.figure(
    figure,
    "17-a",
    "The same 44 triangles on two people and halfway between them.",
    alt="A man, a woman, and a face halfway between them. On each, thin blue lines join 15 red "
    "points on the face with each other and with points on the picture's border, in the same "
    "way on all three.",
)

# %% [markdown]
# ## One triangle
#
# An affine map moves a point $(x, y)$ to $(x, y, 1)\,M$, where $M$ is `(3, 2)`: six unknown
# numbers. Three corners with their targets are six equations.
#
# $$\begin{pmatrix} x_1 & y_1 & 1 \\ x_2 & y_2 & 1 \\ x_3 & y_3 & 1 \end{pmatrix} M =
# \begin{pmatrix} u_1 & v_1 \\ u_2 & v_2 \\ u_3 & v_3 \end{pmatrix}$$
#
# In code, `(3, 3)` times `(3, 2)` is `(3, 2)`. Take a triangle of the first face and its partner
# on the second.

# %%
def with_one(points):
    """(..., 2) to (..., 3): a 1 behind every point."""
    return np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1)


k = 20
source, target = one.points[triangles[k]], two.points[triangles[k]]
matrix = np.linalg.solve(with_one(source), target)
matrix.shape

# %% [markdown]
# OpenCV has a function for three pairs of points. It should agree.

# %%
theirs = cv2.getAffineTransform(source.astype(np.float32), target.astype(np.float32))
print(f"largest difference {np.abs(matrix.T - theirs).max():.2f}")

# %% tags=["guard"]
with chapter.guard("OpenCV agrees"):
    assert np.allclose(matrix.T, theirs, atol=1e-3)

# %% [markdown]
# Now put the unit matrix on the right instead of the target. The solution is the inverse of the
# left side, and what it makes of a point are three numbers $w_1, w_2, w_3$, its **barycentric
# coordinates**. They add up to 1, and they say how the point is mixed from the corners:
# $p = w_1 c_1 + w_2 c_2 + w_3 c_3$. A point is inside the triangle when none of them is negative.

# %%
inverse = np.linalg.inv(with_one(source))
inside = source.mean(axis=0)
outside = source[0] + 2 * (source[0] - inside)
for point in (inside, outside):
    print(np.round(with_one(point) @ inverse, 2) + 0.0)

# %% [markdown]
# They are what makes the warp simple. Keep the three numbers and change the corners, and the
# point comes along. That *is* the affine map.

# %%
weights = with_one(inside) @ inverse
print("the same point:", np.allclose(weights @ target, with_one(inside) @ matrix))

# %% tags=["guard"]
with chapter.guard("the weights are the affine map, and add up to 1"):
    assert np.allclose(weights @ target, with_one(inside) @ matrix)
    assert np.isclose(weights.sum(), 1)

# %% [markdown]
# ## Where does this pixel come from?
#
# Let $s$ be the share of the way: 0 is the first face, 1 the second. The points of the frame are
# on the straight line between, $p_s = (1 - s)\,a + s\,b$. Go through the pixels $x$ of the *new*
# frame and ask where each comes from. In its triangle it has weights $w$. With them it was at
# $x_a = \sum w_i a_i$ in the first picture, and at $x_b = \sum w_i b_i$ in the second. Let $d$ be
# the way from one to the other. Then
#
# $$x = (1 - s)\,x_a + s\,x_b, \qquad x_a = x - s\,d, \qquad x_b = x + (1 - s)\,d .$$
#
# One array $d$ serves both pictures. `morph.flow` gives it, `(2, SIDE, SIDE)`. The lookup between
# pixels is `cv2.remap`. The frame is the **cross-dissolve** of what comes back: $1 - s$ of the
# one and $s$ of the other.

# %%
morph = demo.morph.Morph(one, two, triangles)
share = 0.5
flow = morph.flow(share)
y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
back = [cv2.remap(still.picture, x + by * flow[0], y + by * flow[1], cv2.INTER_LINEAR,
                  borderMode=cv2.BORDER_REPLICATE)
        for still, by in ((one, -share), (two, 1 - share))]
frame = cv2.addWeighted(back[0], 1 - share, back[1], share, 0)
print("the same frame as morph.at gives:", np.array_equal(frame, morph.at(share)))

# %% tags=["guard"]
with chapter.guard("the frame by hand is the frame of morph.at"):
    assert np.array_equal(frame, morph.at(share))

# %% [markdown]
# **Predict.** Leave out one of the two steps. What do you see halfway if you only mix the
# pictures? What if you only warp the first?

# %% tags=["drawing"]
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.8))
shown = {
    "only mixed": cv2.addWeighted(one.picture, 0.5, two.picture, 0.5, 0),
    "first, warped": back[0],
    "second, warped": back[1],
    "warped, then mixed": frame,
}
for axes, (title, picture) in zip(grid, shown.items()):
    axes.imshow(picture)
    axes.set_title(title)
    axes.set_axis_off()
chapter.figure(
    figure,
    "17-b",
    "Halfway between two people: mixing alone, warping alone, and both.",
    alt="Four pictures. Mixing alone shows one face with the nostrils and the mouth of two. The "
    "two warped pictures are each one person with slightly changed proportions. Mixed, they make "
    "one clear face, with pale second outlines at ears and hair.",
)

# %% [markdown]
# Mixed without a warp, two mouths and two noses lie over each other. Warped without mixing, the
# first person has the proportions of the mean, and is still the first person. The film needs
# both.
#
# Now move the share. **Predict** before you do: at which share are the second outlines of ears and hair
# clearest? And the red points: do those of the eyes move as far as those of the mouth?

# %% tags=["drawing"]
def share_figure(s):
    """Mixed only, warped and mixed, and the mesh, at one share of the way."""
    figure, panels = plt.subplots(1, 3, figsize=(6.6, 2.5))
    warped_mix = morph.at(s)
    panels[0].imshow(cv2.addWeighted(one.picture, 1 - s, two.picture, s, 0))
    panels[1].imshow(warped_mix)
    draw_mesh(panels[2], warped_mix, morph.points(s), triangles, "with its mesh")
    for axes, title in zip(panels[:2], ("only mixed", "warped, then mixed")):
        axes.set(title=title, xlim=(0.1 * SIDE, 0.9 * SIDE), ylim=(0.95 * SIDE, 0.15 * SIDE))
        axes.set_axis_off()
    return figure


shares_shown = np.linspace(0, 1, 13)
chapter.explore(
    map(share_figure, shares_shown),
    [f"share {s:.2f} of the second" for s in shares_shown],
    "17-h",
    "From the first person to the second: mixed only, warped and mixed, and the mesh.",
    alt="Three pictures of a face at one share of the way from a man to a woman. Mixed only, "
    "mouth and nose are double in the middle of the way. Warped and mixed, the features stay "
    "single while ears and hair of both show through. The mesh moves a little with the share.",
    start=6,
)

# %% [markdown]
# The outlines are clearest in the middle, where both are equally strong. The points
# of the eyes hardly move, since every frame is cut at the eyes.
#
# ## No seams
#
# The usual recipe cuts every warped triangle out with a mask and adds the pieces up. Try it on
# plain white. Every pixel should be 255.

# %%
pieces = np.zeros((SIDE, SIDE), int)
for corner in np.round(16 * morph.points(share)[triangles]).astype(np.int32):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(mask, corner, 255, cv2.LINE_AA, shift=4)
    pieces += mask
print("every pixel is white:", bool((pieces == 255).all()))

# %% tags=["guard"]
with chapter.guard("it fails along every edge"):
    assert np.abs(pieces - 255).max() > 20

# %% [markdown]
# It fails along every edge, where two soft masks overlap: a net of lines that shimmers through
# the whole film. The cure is not a better mask. It is to have none. A pixel's centre is in one
# triangle, or on an edge, and there both triangles give the same answer. `morph.cover` finds the
# triangle with the weights you know: none may be negative.

# %% tags=["nbval-ignore-output"]
label = morph.cover(share)
inverses = np.linalg.inv(with_one(morph.points(share)[triangles]))  # (44, 3, 3)
every_pixel = np.stack([x, y, np.ones_like(x)], axis=-1)
mixed_by = np.einsum("yxi,yxij->yxj", every_pixel, inverses[label])
print(f"smallest weight of {mixed_by.shape[:2]} pixels: {mixed_by.min():.6f}")

# %% tags=["guard"]
with chapter.guard("no weight is negative"):
    assert mixed_by.min() > -1e-4

# %% [markdown]
# And the morph of a face with itself must be that face, at every share. There $d$ is zero, so this
# checks the lookup and the mixing; the seams were checked by the weights.

# %%
same = demo.morph.Morph(one, one, triangles)
shares = np.linspace(0, 1, 11)
worst = max(np.abs(same.at(s).astype(int) - one.picture).max() for s in shares)
print("a face with itself stays itself:", bool(worst <= 1))

# %% tags=["guard"]
with chapter.guard("the morph of a face with itself is that face"):
    assert worst <= 1

# %% [markdown]
# ## Soft starts
#
# Let the share grow evenly, and every point sets off at full speed and stops dead. You see that
# as a jerk at each person. **Smoothstep** bends the line:
#
# $$s(t) = t^2\,(3 - 2t)$$
#
# `demo.morph.ease` is just this. Follow the 15 points through the film, and look at their mean
# speed.

# %% tags=["nbval-ignore-output"]
HOLD, MOVE = chapter.pick(smoke=(2, 8), quick=(8, 24), paper=(12, 48))  # frames


def mean_speed(shape):
    """Of the 15 points, pixels a second from frame to frame, through the first four people."""
    path = []
    for here, there in itertools.pairwise(still.points[:15] for still in stills[:4]):
        s = shape(np.arange(1, MOVE + 1) / (MOVE + 1))[:, np.newaxis, np.newaxis]
        path += [here] * HOLD + list((1 - s) * here + s * there)
    path += [there] * HOLD
    return np.linalg.norm(np.diff(path, axis=0), axis=2).mean(axis=1) * demo.film.FPS


linear, eased = mean_speed(lambda t: t), mean_speed(demo.morph.ease)
jerk = [np.abs(np.diff(speed)).max() for speed in (linear, eased)]
print(f"largest jump in speed: {jerk[0]:.1f} px a second, with smoothstep {jerk[1]:.1f}")

# %% tags=["guard"]
with chapter.guard("the largest jump shrinks to less than half", quick=True):
    assert jerk[1] < 0.5 * jerk[0]

# %% tags=["drawing"]
figure, axes = plt.subplots(figsize=(7.2, 2.9))
seconds = np.arange(1, len(linear) + 1) / demo.film.FPS
axes.step(seconds, linear, where="mid", color=plotting.COLOURS["orange"], label="even")
axes.plot(seconds, eased, color=plotting.COLOURS["blue"], label="smoothstep")
axes.set(xlabel="time in the film (s)", ylabel="speed (pixels a second)")
axes.set_ylim(0, 1.3 * eased.max())
axes.legend(loc="upper right", ncols=2)
chapter.figure(
    figure,
    "17-c",
    "Mean speed of the 15 points through three changes of person.",
    alt="Speed against time. With even shares it jumps from zero to a plateau and back, three "
    "times. With smoothstep it rises and falls in three smooth arches that are higher than "
    "the plateaus.",
)

# %% [markdown]
# The largest jump in speed from one frame to the next shrinks to less than half. The price is the
# height of the arch: in the middle, the eased point has to hurry.
#
# ## The film
#
# Everybody is held for a moment, then goes over into the next; the last one goes over into the
# first. At 25 frames a second it is written as an .mp4.

# %% tags=["nbval-ignore-output"]
folder = files.home() / "build" / "17_morph_film"
start = time.perf_counter()
frames = list(demo.morph.film(stills, HOLD, MOVE))
made = time.perf_counter() - start
demo.film.write(folder / "film.mp4", frames)
plays = len(frames) / demo.film.FPS
print(f"{len(frames)} frames of {SIDE} pixels: made in {made:.1f} s, they play for {plays:.1f} s")

# %% tags=["guard"]
with chapter.guard("everybody is held, then goes over into the next"):
    assert len(frames) == len(people) * (HOLD + MOVE)

# %% [markdown]
# Compare the two times. Of DENSE's two reasons for a short film, neither is left: the boxes came
# from a detector, and on an idle machine the film is made faster than it can be watched
# (`make bench` checks that).

# %% tags=["drawing"]
columns = np.linspace(0, MOVE + 1, 7)  # 0: the person, MOVE + 1: the next one
sheet = [
    np.hstack([frames[(row * (HOLD + MOVE) + HOLD - 1 + round(c)) % len(frames)] for c in columns])
    for row in people
]
sheet = cv2.resize(np.vstack(sheet), (980, 840), interpolation=cv2.INTER_AREA)
figure, axes = plt.subplots(figsize=(6.0, 5.2))
axes.imshow(sheet)
axes.set(xticks=70 + 140 * np.arange(7), yticks=[])
axes.set_xticklabels([f"{demo.morph.ease(c / (MOVE + 1)):.2f}" for c in columns])
axes.set_xlabel("share of the next person")
axes.grid(False)
chapter.figure(
    figure,
    "17-d",
    "Contact sheet: a row for each change of person.",
    alt="Six rows of seven faces. In every row one person changes into the next in steps; the face "
    "stays sharp, while ears, hair and collars of both show through each other in the middle.",
)

# %% [markdown]
# Here it is as a moving WebP. That is a picture: it needs no player and no network, in this
# notebook as in the book. The price is a smaller frame. The .mp4 lies in
# `build/17_morph_film/`. Open it with a film player; browsers do not know its format.

# %% tags=["nbval-ignore-output"]
size = min(160, SIDE)
small = [cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in frames]
demo.film.write_webp(folder / "film.webp", small, demo.morph.CREDIT)
display(
    HTML(
        demo.film.webp_as_html(
            folder / "film.webp",
            "The film, without end. Fold it away if it distracts you.",
            alt="A film in which six faces turn into one another, from a young man over five "
            "others back to him.",
        )
    )
)

# %% tags=["guard"]
with chapter.guard("the WebP is a small file"):
    assert (folder / "film.webp").stat().st_size < 500_000

# %% [markdown]
# ## When a triangle folds
#
# Look at one triangle, corners counter-clockwise. Push a corner through the opposite edge: now
# they run clockwise, the signed area is negative, and the picture in it is turned inside out,
# over its neighbours. Every pixel there has two answers.
#
# $$2A = (x_2 - x_1)(y_3 - y_1) - (x_3 - x_1)(y_2 - y_1)$$
#
# Comparing the sign at both ends is not enough. On the way the corners move in straight lines, so
# $A(s)$ is a polynomial of degree two and may dip below zero in between. `demo.morph.folds` looks
# at its lowest point.
#
# To see one, let a man tilt his head by 45 degrees. The first mesh is Delaunay's for the upright
# face, the second for the mean of both.

# %%
def still_of(picture, points):
    """A still with its own frame, from true points."""
    return demo.morph.still(picture, points, demo.morph.frame(points), SIDE)


def delaunay(points):
    """The triangles (t, 3) that Delaunay's rule picks for points (n, 2)."""
    return Triangulation(*points.T).triangles


placed = demo.group_photo.Placed(0, 192, 135, 1.0, -45)
askew, askew_points = demo.group_photo.compose((384, 384), [placed])
upright = still_of(photographs[4], true[4])
tilted = still_of(askew, askew_points[0])
own = delaunay(upright.points)
mean_mesh = demo.morph.mesh(upright.points, tilted.points)
folded = own[demo.morph.folds(upright.points, tilted.points, own)]
for triangle in folded:
    print(", ".join(demo.morph.name_of(row, 15) for row in triangle))

# %% tags=["guard"]
with chapter.guard("the first mesh folds, the mean's does not, and no point is left out"):
    assert len(folded) > 0
    assert len(demo.morph.folds(upright.points, tilted.points, mean_mesh.triangles)) == 0
    assert len(mean_mesh.left_out) == 0

# %% tags=["drawing"]
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.8))
draw_mesh(grid[0], upright.picture, upright.points, own, "mesh of the upright face")
draw_mesh(grid[1], tilted.picture, tilted.points, own, "the same, tilted")
for axes, still in zip(grid[:2], (upright, tilted)):
    for triangle in folded:
        axes.fill(*still.points[triangle].T, color=plotting.PREDICTED, alpha=0.6)
paper = np.full((SIDE, SIDE), 255, np.uint8)
paper[:: SIDE // 24], paper[:, :: SIDE // 24] = 0, 0
paper = cv2.GaussianBlur(paper, (0, 0), SIDE / 400)
ruled = demo.morph.Still(paper, upright.points)
for axes, mesh, title in ((grid[2], own, "paper, the same mesh"),
                          (grid[3], mean_mesh.triangles, "paper, the mean's mesh")):
    axes.imshow(demo.morph.Morph(ruled, tilted, mesh).warped(1.0)[0], vmin=0, vmax=255)
    axes.set_title(title)
    axes.set_axis_off()
chapter.figure(
    figure,
    "17-e",
    "A mesh that folds (red triangles), and what it does to squared paper.",
    alt="Four pictures. An upright face with its mesh, and a face tilted by 45 degrees with the "
    "same mesh; red triangles at brow and mouth have turned over. Squared paper warped with this "
    "mesh is torn in two places, its lines end; with the mean's mesh it is bent but whole.",
)

# %% [markdown]
# The right half of the figure warps squared paper in place of the upright face, all the way to
# the tilted one. Where a triangle has turned over, the lines end.
#
# The mean lies halfway, so its triangles are asked to change half as much in either direction.
# Count how often each choice folds. Every one of the six is paired with every other, and the
# second head is turned.

# %% tags=["nbval-ignore-output"]
def turned(points, degrees):
    """The points of a face, (n, 2), turned about their middle; those of the border stay."""
    angle, edge = np.radians(degrees), len(demo.morph.border(SIDE))
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = points[:-edge]
    return np.vstack([(face - face.mean(0)) @ spin.T + face.mean(0), points[-edge:]])


faces_true = [still.points for still in stills_of(true)]
folding = []
for degrees in (0, 30, 45, 60):
    pairs = [(a, turned(b, degrees)) for a, b in itertools.permutations(faces_true, 2)]
    meshes = {"first's mesh": lambda a, b: a, "mean's mesh": lambda a, b: (a + b) / 2}
    bad = {name: sum(len(demo.morph.folds(a, b, delaunay(of(a, b)))) > 0 for a, b in pairs)
           for name, of in meshes.items()}
    folding.append({"turned by": f"{degrees}°", "pairs": len(pairs), **bad})
plotting.show_table(folding)

# %% tags=["guard"]
with chapter.guard("the mean's mesh folds less often"):
    assert folding[-1]["mean's mesh"] < folding[-1]["first's mesh"]

# %% [markdown]
# With 15 points and upright heads nothing folds. With many points close to each other even the
# mean's mesh does. So `demo.morph.mesh` goes on: while a triangle folds, it **leaves out** the
# point that is a corner of most folded ones, and says so in `left_out`. The film runs, with a
# point less. Here is what that does to the 189 points set by hand, less those that are not in
# every picture.

# %% tags=["nbval-ignore-output"]
in_frame = np.all(
    [demo.morph.within((points - square[:2]) * SIDE / square.side, SIDE)
     for points, square in zip(template, squares)], axis=0)
dense = stills_of(template[:, in_frame])
meshes = [demo.morph.mesh(a.points, b.points) for a, b in itertools.pairwise(dense)]
print(f"{in_frame.sum()} points are in every picture")
print("left out of a mesh:", [len(mesh.left_out) for mesh in meshes])
print("triangles:", [len(mesh.triangles) for mesh in meshes])
rows = np.flatnonzero(in_frame)
gone = np.concatenate([rows[mesh.left_out] for mesh in meshes])
on_lips_and_irises = np.isin(gone, [*range(2, 18), *range(94, 104)]).mean()
print(f"{on_lips_and_irises:.0%} of those left out are on the inner lips and around the irises")

# %% tags=["guard"]
with chapter.guard("nearly all of them are on the inner lips and around the irises"):
    assert on_lips_and_irises > 0.9

# %% [markdown]
# Nearly all of them are on the inner lips and on the rings around the
# irises. A closed mouth has its upper and its lower inner lip in the same place, and a hand puts
# now the one higher, now the other. The rings touch the lids.
#
# ## Whose fault are the ghosts?
#
# Now DENSE's remark that the points are to blame. Halfway, two warped pictures $a$ and $b$ are
# mixed. Where an edge of $a$ lies on the same edge of $b$, the mix has that edge. Where they miss
# each other, it has two, each half as strong: a ghost. So compare the squared gradients:
#
# $$k = \frac{\sum \lVert \nabla \tfrac12 (a + b) \rVert^2}
# {\tfrac12 \sum \left(\lVert \nabla a \rVert^2 + \lVert \nabla b \rVert^2\right)}$$
#
# If the edges agree everywhere, $k = 1$. If they have nothing to do with each other, the cross
# term vanishes on average, and $k = \tfrac12$. Both pictures are first brought to the same mean
# and contrast, and blurred a little, so that pores do not count. The gradient is
# `(2, SIDE, SIDE)`, the sum goes over a region.

# %%
def detail_kept(a, b, region):
    """Share of the detail of two pictures (h, w, 3) that survives mixing; region: (h, w) bool."""
    gradients = []
    for picture in (a, b):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        grey = cv2.GaussianBlur(grey, (0, 0), SIDE / 256)
        gradients.append(np.stack(np.gradient(grey / grey[region].std()))[:, region])
    mixed = ((gradients[0] + gradients[1]) ** 2).sum() / 4
    return float(mixed / (0.5 * sum((g**2).sum() for g in gradients)))


same_face, everywhere = one.picture, np.ones((SIDE, SIDE), bool)
print(f"a face with itself keeps {detail_kept(same_face, same_face, everywhere):.3f}")

# %% tags=["guard"]
with chapter.guard("if the edges agree everywhere, k = 1"):
    assert np.isclose(detail_kept(same_face, same_face, everywhere), 1)

# %% [markdown]
# Three regions, found with the template of the mean: between the 15 points; the rest of the face;
# and what is around it, ears, hair and neck.

# %%
OUTLINE = [*range(109, 115), *range(125, 145)]  # rows of the template: jaw, temples, hairline


def regions(first, second):
    """Masks (SIDE, SIDE) halfway between two people."""
    between = np.mean([(template[k] - squares[k][:2] + 0.5) * SIDE / squares[k].side - 0.5
                       for k in (first, second)], axis=0)
    fifteen = data.to_fifteen(between, data.FROM_189)
    masks = []
    for points in (fifteen, between[OUTLINE], between):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        hull = cv2.convexHull(np.round(points).astype(np.int32))
        masks.append(cv2.fillConvexPoly(mask, hull, 1).astype(bool))
    features, face, head = masks
    return {"between the points": features, "rest of the face": face & ~features,
            "ears, hair, neck": head & ~face}


# %%
ways = {"15 predicted": stills, "15 true": stills_of(true), "template": dense}
pairs = list(itertools.combinations(people, 2))[: chapter.pick(smoke=3, quick=15, paper=15)]


def halfway(pair):
    """Two people's pictures, warped halfway with each set of points."""
    i, j = pair
    warped = {"no warp": (stills[i].picture, stills[j].picture)}
    for name, of in ways.items():
        mesh = demo.morph.mesh(of[i].points, of[j].points)
        warped[name] = demo.morph.Morph(of[i], of[j], mesh.triangles).warped(0.5)
    return warped


kept = {name: [] for name in ("no warp", *ways)}  # each (pairs, regions)
for pair in pairs:
    masks = regions(*pair)
    for name, (a, b) in halfway(pair).items():
        kept[name].append([detail_kept(a, b, mask) for mask in masks.values()])
mean_kept = {name: np.mean(values, axis=0) for name, values in kept.items()}

# %% tags=["nbval-ignore-output"]
names = list(masks)
rows = [{"points": name, **dict(zip(names, values))} for name, values in mean_kept.items()]
plotting.show_table(rows, **{name: "{:.3f}" for name in names})
better = np.mean(np.array(kept["15 true"])[:, 0] > np.array(kept["15 predicted"])[:, 0])
print(f"true points beat predicted ones between the points in {better:.0%} of {len(pairs)} pairs")

# %%
base, ours, exact, best = (
    mean_kept[name][0] for name in ("no warp", "15 predicted", "15 true", "template")
)

# %% tags=["guard"]
with chapter.guard("error and missing points cost about as much; around, only these", quick=True):
    assert base < ours < exact < best and mean_kept["15 true"][1] > mean_kept["15 predicted"][1]
    assert 0.7 < (best - exact) / (exact - ours) < 1
    around = [mean_kept[name][2] for name in ("no warp", "15 true", "template")]
    assert around[2] - around[1] > 2 * (around[1] - around[0])

# %% tags=["drawing"]
LOOKS = {"no warp": ("grey", "D"), "15 predicted": ("red", "x"), "15 true": ("green", "o"),
         "template": ("blue", "s")}
crop = slice(SIDE // 8, SIDE * 7 // 8), slice(SIDE // 8, SIDE * 7 // 8)

# %% tags=["drawing"]
figure = plt.figure(figsize=(8.8, 5.2))
top, below = figure.subfigures(2, 1, height_ratios=[1.25, 1])
for axes, (name, (a, b)) in zip(top.subplots(1, 4), halfway((2, 3)).items()):
    axes.imshow(cv2.addWeighted(a, 0.5, b, 0.5, 0)[crop])
    axes.set_title(name)
    axes.set_axis_off()
axes = below.subplots()
for name, (colour, marker) in LOOKS.items():
    axes.plot(mean_kept[name], np.arange(3)[::-1], marker, color=plotting.COLOURS[colour], ms=8,
              mew=2, label=name, zorder=4 if marker == "x" else 3)
axes.axvline(0.5, color=plotting.COLOURS["grey"], ls=":", lw=1)
axes.set(yticks=[2, 1, 0], yticklabels=names, ylim=(-0.5, 2.5))
axes.set_xlabel("detail kept k, mean of pairs")
axes.legend(loc="lower right", ncols=2, fontsize=9)
chapter.figure(
    figure,
    "17-f",
    "Halfway without a warp and with three sets of points; how much detail each keeps.",
    alt="Above, the mix of two people halfway: doubled mouth and nose without a warp, clear "
    "features and ghostly ears with 15 points, clear ears with the template. Below, the detail "
    "kept: the template is highest in all three regions. Between the points true points lie far "
    "above predicted ones, in the rest of the face by less, and around the face all but the "
    "template are nearly the same.",
)

# %% tags=["nbval-ignore-output"]
print(f"between the points, of the way from no warp ({base:.2f}) to the template ({best:.2f}):")
print(f"  15 predicted points go {(ours - base) / (best - base):.0%}")
print(f"  the network's error costs {(exact - ours) / (best - base):.0%}")
print(f"  the points that are missing cost {(best - exact) / (best - base):.0%}")

# %% [markdown]
# The frames are cut at the eyes, so even without a warp $k$ is above one half. From there on, DENSE
# is half right. The network's error costs nearly half of what the template could bring, at eyes, brows
# and mouth. But perfect points would not save the film. The points that nobody predicts cost almost as
# much, and around the face they are nearly everything: 15 points say nothing about an ear. DENSE had 68,
# with the jaw among them. It had none on ears and hair either.
#
# What kind of error does the network make? Put every face into a frame of its own, so that size
# and place do not count, and ask how far two people's points are apart, on average.

# %% tags=["nbval-ignore-output"]
def in_own_frame(points):
    """Points (15, 2) of a photograph in a frame of 256 pixels that they choose themselves."""
    square = demo.morph.frame(points)
    return (points - square[:2] + 0.5) * 256 / square.side - 0.5


apart = []
for name, sets in (("predicted", predicted), ("true", true)):
    shapes = np.array([in_own_frame(points) for points in sets])
    apart.append(np.mean([evaluation.mean_px(shapes[[i]], shapes[[j]])
                          for i, j in itertools.combinations(people, 2)]))
    print(f"{name} points: {apart[-1]:.1f} of 256 pixels from person to person")

# %% tags=["guard"]
with chapter.guard("the predicted faces are about as far apart as the people are"):
    assert 0.9 < apart[0] / apart[1] < 1.25

# %% [markdown]
# The predicted faces are about as far apart as the people are. That does not make them right. An error
# that pulls every face towards the mean would bring them closer together. Here other errors push them
# apart again, each face its own way. So the film warps about as much as it should, but in part in the
# wrong directions.
#
# ## An open mouth
#
# A warp can move what is there. It cannot show what was hidden. The maker of the `open` faces
# let one person open her mouth, and drew it closed, halfway and open. The film
# between the first and the last has all points exactly right, and the picture halfway is the truth.

# %%
speaker = files.shipped(files.read_arrays, files.REPO / "data" / "demo" / "speaker.npz")
closed, half_open, opened = speaker["pictures"]
closed_points, half_points, opened_points = speaker["points"]
gap = speaker["between"]  # the pixels between the lips, halfway
frame_border = demo.morph.border(len(closed))
speech = [demo.morph.Still(picture, np.vstack([points, frame_border]))
          for picture, points in ((closed, closed_points), (opened, opened_points))]
speech_mesh = demo.morph.mesh(speech[0].points, speech[1].points)
filmed = demo.morph.Morph(*speech, speech_mesh.triangles).at(0.5)

# %% tags=["guard"]
with chapter.guard("the film has all points exactly right"):
    assert np.allclose((closed_points + opened_points) / 2, half_points, atol=0.01)

# %% tags=["drawing"]
figure, grid = plt.subplots(1, 4, figsize=(9.6, 2.7))
shown = {"closed": closed, "open": opened, "the film, halfway": filmed, "the truth": half_open}
for axes, (title, picture) in zip(grid, shown.items()):
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title)
    axes.set_axis_off()
chapter.figure(
    figure,
    "17-g",
    "A mouth opens: halfway in the film, and as it would be.",
    alt="Four grey pictures of one woman. Mouth closed; wide open with teeth and a dark inside; "
    "in the film halfway, a grey veil with faint lips where the opening should be; in truth "
    "halfway, two sharp lips with a narrow dark gap between them.",
)

# %% tags=["nbval-ignore-output"]
wrong = np.abs(filmed.astype(int) - half_open)
print(f"film and truth differ by {wrong[gap].mean():.0f} grey levels between the lips, "
      f"by {wrong[~gap].mean():.1f} elsewhere")

# %% tags=["guard"]
with chapter.guard("the film is wrong between the lips"):
    assert wrong[gap].mean() > 3 * wrong[~gap].mean()

# %% [markdown]
# The closed picture has no inside of a mouth. Its lips are stretched over the gap and shine
# through the dark at half strength. No triangle cures that. A film that talks needs a third
# picture with the mouth half open, or a model of what is behind the lips.

# %% [markdown]
# ## What you saw
#
# - Three points fix an affine map. Barycentric coordinates are the same map, ready to be used.
# - Ask every pixel of the new frame where it comes from. With one triangle for each pixel there
#   are no seams.
# - The mesh of the mean folds later than the mesh of one face. What folds nevertheless is named
#   and left out.
# - Warp first, then mix. Smoothstep takes the jerk away.
# - The film is made faster than it plays, from boxes that nobody drew.
# - The network's error costs detail at eyes, brows and mouth. The points that are missing cost almost
#   as much there, and they are why ears and hair haunt the film.
# - What was hidden cannot be warped into view: an opening mouth stays a veil.
#
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. The hurry** (easy). Even shares have speed 1 all the way. What is the highest speed of
# $t^2(3 - 2t)$, and when? Predict from [Figure 17-c](#figure-17-c), then take the derivative.

# %% tags=["answer"]
answer_1 = ...  # two numbers: the highest speed, and its time between 0 and 1

# %% tags=["check"]
@chapter.check("two numbers, speed and time", "where it is highest, its derivative is zero")
def check_1(answer):
    """The highest speed of smoothstep and its time, from a fine grid."""
    t = np.linspace(0, 1, 1001)
    speed = np.gradient(demo.morph.ease(t), t)
    fastest, when = answer
    if abs(when - 0.5) < 0.01 and abs(fastest - 1) < 0.01:
        return "1 is the mean speed; who stands still at first has to make up for it"
    return bool(abs(fastest - speed.max()) < 0.01 and abs(when - t[speed.argmax()]) < 0.01)


check_1(answer_1)

# %% tags=["solution"]
half_time = 0.5  # the speed is 6 t (1 - t), and its derivative 6 - 12 t is zero there
answer_1 = (6 * half_time * (1 - half_time), half_time)
check_1(answer_1)
# Whoever starts and stops softly is half as fast again in the middle.

# %% [markdown]
# **2. DENSE's mesh** (easy). DENSE's network gives 68 points. With the 16 of the border, how many
# triangles are there? And how many go when the mesh leaves out a point of the face?

# %% tags=["answer"]
answer_2 = ...  # two whole numbers: triangles, and how many go with a point

# %% tags=["check"]
@chapter.check("two whole numbers", "2n - 2 - b, and n counts the border's points too")
def check_2(answer):
    """Delaunay's triangles of 68 and of 67 random points with a border, counted."""
    inner = np.random.default_rng(0).uniform(20, 80, (68, 2))
    count, less = (len(delaunay(np.vstack([inner[k:], demo.morph.border(100)]))) for k in (0, 1))
    if answer[0] == count and answer[1] != count - less:
        return "the first is right; put n - 1 in place of n"
    return answer[0] == count and answer[1] == count - less


check_2(answer_2)

# %% tags=["solution"]
answer_2 = (2 * (68 + 16) - 2 - 16, 2)
check_2(answer_2)
# Two triangles a point. The number depends on no face, and on no choice of triangles.

# %% [markdown]
# **3. The viewer's left** (medium). A colleague labelled the second face with left and right as the viewer
# sees them. Predict: how many of the triangles of the mean fold, none, a few or most? How many points will
# `mesh` leave out? Then change the points (`data.mirror_order()` swaps the pairs), and count.

# %% tags=["answer"]
answer_3 = ...  # two whole numbers: folded triangles of the mean, and points left out

# %% tags=["check"]
@chapter.check("two whole numbers", "swap rows of the 15 points of two.points; the border stays")
def check_3(answer):
    """Folds of the mean's mesh when one face's pairs have changed places, and who is left out."""
    viewer = two.points.copy()
    viewer[:15] = viewer[:15][data.mirror_order()]
    bad = len(demo.morph.folds(one.points, viewer, delaunay((one.points + viewer) / 2)))
    lost = len(demo.morph.mesh(one.points, viewer).left_out)
    if answer[0] == 0:
        return "a few at least: the left eye travels to the right, through all that is between"
    if answer[0] == bad and answer[1] != lost:
        return "the first is right; the second is the length of left_out"
    return answer[0] == bad and answer[1] == lost


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
swapped = two.points.copy()
swapped[:15] = two.points[data.mirror_order()]
mesh_of_mean = delaunay((one.points + swapped) / 2)
left_out = demo.morph.mesh(one.points, swapped).left_out
answer_3 = (len(demo.morph.folds(one.points, swapped, mesh_of_mean)), len(left_out))
print(f"{answer_3[0]} of {len(mesh_of_mean)} triangles fold; left out:")
print(", ".join(demo.morph.name_of(row, 15) for row in left_out))
check_3(answer_3)
# left_out finds the mistake without a look at the picture: good points are hardly ever left out.

# %% [markdown]
# **4. Boxes by hand** (medium). DENSE suspects its hand-drawn boxes: the network has trouble with a frame
# it was not trained on. Make each box of `found` 30% larger about its centre, and predict the points again
# (`demo.locate.locate(model, photo, [box])`). How far off are they then, in percent of the eye distance?
# Predict first: less, about as much, or several times as much?

# %% tags=["answer"]
answer_4 = ...  # a number, in percent

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number, in percent", "left - 0.15 * width, top - 0.15 * height, 1.3 * both sides")
def check_4(answer):
    """The network's NME from boxes that are 30% larger about their centres."""
    looser = []
    for photo, seen in zip(photographs, found):
        box = np.array(seen.boxes[0], float)
        box[:2], box[2:] = box[:2] - 0.15 * box[2:], 1.3 * box[2:]
        looser.append(demo.locate.locate(model, photo, [box]).points[0])
    right, tight = evaluation.nme(true, np.array(looser)), evaluation.nme(true, predicted)
    if abs(answer - tight) < 0.02 * tight:
        return "that is the error from the detector's boxes"
    return bool(abs(answer - right) < 0.02 * right)


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
grown = []
for photo, one_found in zip(photographs, found):
    left, top, width, height = one_found.boxes[0]
    box = [left - 0.15 * width, top - 0.15 * height, 1.3 * width, 1.3 * height]
    grown.append(demo.locate.locate(model, photo, [box]).points[0])
loose, values = stills_of(np.array(grown)), []
for i, j in pairs:
    looser_mesh = demo.morph.mesh(loose[i].points, loose[j].points)
    warped_pair = demo.morph.Morph(loose[i], loose[j], looser_mesh.triangles).warped(0.5)
    values.append(detail_kept(*warped_pair, regions(i, j)["between the points"]))
answer_4 = evaluation.nme(true, np.array(grown))
print(f"off by {answer_4:.1f} % instead of {evaluation.nme(true, predicted):.1f} %")
print(f"detail kept {np.mean(values):.3f} instead of {ours:.3f}, no warp {base:.3f}")
check_4(answer_4)
# A box is a part of the recipe. Other boxes cost more than many a better network would bring.

# %% [markdown]
# **5. Half a turn** (medium). The second picture is upside down: `turned(one.points, 180)`. All triangles
# have positive area in both pictures. Why does `folds` complain about every triangle of the face? Predict
# the area of one of them at a quarter and at half of the way, in parts of what it was. Then compute it with
# `demo.morph.areas`.

# %% tags=["answer"]
answer_5 = ...  # two numbers: area at share 0.25 and at 0.5, in parts of the first

# %% tags=["check"]
@chapter.check("two numbers, in parts of the first area", "the points move in straight lines")
def check_5(answer):
    """The area of a triangle of the face on the straight way to itself, turned by half a turn."""
    over = turned(one.points, 180)
    face = triangles[(triangles < 15).all(axis=1)][:1]
    sizes = [demo.morph.areas((1 - s) * one.points + s * over, face)[0] for s in (0, 0.25, 0.5)]
    right = np.abs(np.array(sizes[1:]) / sizes[0])
    if np.allclose(answer, (1, 1), atol=0.01):
        return "a face that turns keeps its area; these points do not turn, they go straight across"
    if np.allclose(answer, (0.5, 0), atol=0.01):
        return "that is what becomes of a length"
    return bool(np.shape(answer) == (2,) and np.allclose(answer, right, atol=0.01))


check_5(answer_5)

# %% tags=["solution"]
upside_down = turned(one.points, 180)
inner = triangles[(triangles < 15).all(axis=1)]
before = demo.morph.areas(one.points, inner[:1])[0]
answer_5 = []
for value in (0.25, 0.5):
    along = (1 - value) * one.points + value * upside_down
    answer_5.append(abs(demo.morph.areas(along, inner[:1])[0] / before))
check_5(answer_5)
# Lengths shrink by 1 - 2s, areas by its square. Halfway the whole face is one point.

# %% [markdown]
# **6. Ghosts on the way** (medium). Halfway, edges of two pictures that have nothing to do with each other keep
# $k = \tfrac12$. At share $s$ the mix is $(1 - s)\,a + s\,b$, and $k$ compares its squared gradients with
# $(1 - s)\sum\lVert\nabla a\rVert^2 + s\sum\lVert\nabla b\rVert^2$. Predict whether a quarter of the way keeps
# more or less than half, and compute it for two pictures of equal detail.

# %% tags=["answer"]
answer_6 = ...  # a number between 0 and 1

# %% tags=["check"]
@chapter.check("a number between 0 and 1", "without a cross term, what is left of the squares?")
def check_6(answer):
    """The detail that two pictures of noise keep when a quarter of the second is mixed in."""
    a, b = np.random.default_rng(0).normal(size=(2, 400, 400))
    gradients = [np.stack(np.gradient(z)) for z in (a, b, 0.75 * a + 0.25 * b)]
    of_a, of_b, of_mix = ((g**2).sum() for g in gradients)
    if abs(answer - 0.75) < 0.01:
        return "a gradient of three quarters counts by its square"
    return bool(abs(answer - of_mix / (0.75 * of_a + 0.25 * of_b)) < 0.01)


check_6(answer_6)

# %% tags=["solution"]
answer_6 = 0.75**2 + 0.25**2
check_6(answer_6)
# Ghosts are worst halfway. A film that hurries through the middle, as smoothstep does, hides them.

# %% [markdown]
# **7. Your figure** (medium). Smoothstep has no speed at either end, but it has an acceleration. Write a way
# from 0 to 1 with neither speed nor acceleration at both ends: a polynomial of degree 5. Complete three
# lines, with `mean_speed`. Predict first: how much higher is its arch than that of [Figure 17-c](#figure-17-c)?

# %% tags=["answer"]
softer = ...  # a function of t, as demo.morph.ease is one
softer_speed = ...  # the mean speed of the 15 points with it, frame by frame
softer_jump = ...  # the largest jump in speed from frame to frame
answer_7 = (softer, softer_speed, softer_jump)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "such as t**3 (6 t**2 - 15 t + 10); then mean_speed")
def check_7(answer):
    """A soft way from 0 to 1 and its mean speed, drawn beside even and smoothstep."""
    way, speed, jump = answer
    t = np.linspace(0, 1, 2001)
    path = np.array(way(t))
    faster = np.gradient(np.gradient(path, t), t)
    if path.shape != t.shape or not np.allclose(path[[0, -1]], (0, 1), atol=1e-6):
        return "the function is to give 0 at t = 0 and 1 at t = 1"
    if np.abs(faster[[2, -3]]).max() > 1:
        return "it still has an acceleration at an end"
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for name, values in (("even", linear), ("smoothstep", eased), ("yours", speed)):
        axes.plot(np.arange(len(values)) / demo.film.FPS, values, label=name)
    axes.set(xlabel="time in the film (s)", ylabel="speed (pixels a second)")
    axes.legend()
    chapter.figure(figure, "Your figure", "Mean speed of the 15 points.", private=True,
                   alt="Speed against time, with even shares, with smoothstep and with your way.")
    right = mean_speed(way)
    return bool(np.allclose(speed, right) and np.isclose(jump, np.abs(np.diff(right)).max()))


check_7(answer_7)

# %% tags=["solution", "nbval-ignore-output"]
def softer(t):
    """Smootherstep: neither speed nor acceleration at the ends."""
    return t**3 * (6 * t**2 - 15 * t + 10)


softer_speed = mean_speed(softer)
softer_jump = np.abs(np.diff(softer_speed)).max()
answer_7 = (softer, softer_speed, softer_jump)
print(f"largest jump {softer_jump:.1f} px a second, with smoothstep {jerk[1]:.1f}; "
      f"top speed {softer_speed.max() / eased.max():.2f} times smoothstep's")
check_7(answer_7)
# The start is softer, the middle hurries more. In 24 frames the largest jump hardly changes.

# %% [markdown]
# **8. Five more points** (open). You may add five of the template's points to the 15 true ones.
# Which five bring most? Predict, then measure all three regions. Rows 115 to 124 are on the ears, 125
# to 133 on the jaw, 134 to 144 on the temples and the hairline. And if you have photographs that you may
# show: `data.photos.read`, `demo.locate.locate` and the cells above make a film of them.

# %% [markdown] tags=["solution"]
# **Rubric.** Two points for a table of at least three choices of five points, with the detail kept in all
# three regions, over all pairs. One for a choice that has points on both sides of the head. One for saying
# which region gains and which does not. One for a choice predicted before it was measured.
# **Expected**: between the points nothing changes. Five points along the jaw bring the rest of the face a few
# hundredths. Five on the ears bring what is around the face about one hundredth. The hairline brings nothing.
