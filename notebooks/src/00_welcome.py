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
# # 00 Welcome
#
# This course teaches a computer to find fifteen points in a picture of a face: the eyes, the
# brows, the tip of the nose and the mouth. It retells five studies of that task, runs them again, and
# checks what they claimed. All of it fits on a laptop without a graphics card and without a network.
#
# **You can afterwards**
# - tell what a network is given, what it answers, and in which array (exercise 4, question 4);
# - tell the subject's left from the picture's (exercise 1, question 2);
# - tell what a network does with a picture that is dark, hidden or no face (exercises 2, 3 and 5, question 1);
# - measure an answer instead of looking at it (exercises 4 and 6, question 3);
# - run a chapter, change a cell, and let a check judge your answer (exercise 1).
#
# **Needs** nothing. **Takes** about 65 minutes to study, and under a minute of two cores (profile *quick*).
# **Figures** 00-a to 00-c.

# %% tags=["parameters"]
import os

PROFILE = os.environ.get("FKD_PROFILE") or "quick"  # smoke, quick or paper
DATA = os.environ.get("FKD_DATA") or "open"  # open, kaggle or a folder
SEED = 0

# %% [markdown]
# ## How to run a chapter
#
# A grey box is a cell of code. Click into it and press Shift and Enter: the cell runs, and what
# it prints or draws appears below it. Run the cells from top to bottom. The menu
# *Run > Run All Cells* does it in one go.
#
# The cell above sets three things that every chapter has:
#
# | name | choices | what it decides |
# |---|---|---|
# | `PROFILE` | `smoke`, `quick`, `paper` | how long to train: seconds, minutes, or as long as the studies did |
# | `DATA` | `open`, `kaggle`, a folder | which faces: those that come with the course, Kaggle's, or your own |
# | `SEED` | a whole number | the random numbers: split, first weights, order of faces |
#
# Leave them as they are for the first reading.

# %%
import fkd_utils  # first: it keeps TensorFlow's start-up notices out of the page

import importlib.metadata
import platform

import cv2
import keras
import matplotlib.pyplot as plt
import numpy as np

from fkd_utils import data, demo, evaluation, plotting, training

chapter = plotting.Chapter("00", PROFILE, DATA, SEED)

# %% [markdown]
# ## Your machine
#
# The next cell looks at what the course stands on. Only the versions matter: they are pinned, so
# that a chapter gives the same result next year.

# %% tags=["nbval-ignore-output"]
names = ("keras", "tensorflow", "numpy", "pandas", "matplotlib", "opencv-python", "jupyterlab")
rows = [{"what": "python", "is": platform.python_version()}]
rows += [{"what": name, "is": importlib.metadata.version(name)} for name in names]
rows.append({"what": "backend of Keras", "is": keras.backend.backend()})
rows.append({"what": "processor cores", "is": os.cpu_count()})
card = evaluation.timing.graphics_card() or "none: the course needs none"
rows.append({"what": "graphics card", "is": card})
plotting.show_table(rows)

# %% tags=["guard"]
with chapter.guard("Keras 3 and OpenCV 4; run the course in the environment that it makes"):
    assert keras.__version__.startswith("3.")
    assert cv2.__version__.startswith("4.")  # OpenCV 5 has lost a detector that chapter 12 needs

# %% [markdown]
# ## One face
#
# Here is a photograph. It comes from the Face Research Lab London Set (DeBruine and Jones, 2017,
# CC BY 4.0). The network below was trained on other photographs, of other people.

# %%
person = "neutral_front/136_03"
photo = data.photos.read(data.photographs.FOLDER / f"{person}.jpg")
box = demo.detection.find(photo)[0]
square = demo.detection.square_of(box)
face = data.photos.to_face(data.photos.cut(data.photos.to_grey(photo), square))
photo.shape, face.shape

# %% [markdown]
# The first shape is the photograph: height, width, and three colours. The second is what every
# network of this course is given: a square of 96 by 96 pixels, each a grey value from 0 (black)
# to 255 (white). That is a picture of the size of a thumbnail, 9216 numbers. In between, a
# detector from 2001 has found where the face is; [chapter 12](12_demonstration.ipynb) comes back to it.

# %%
figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.2))
axes[0].imshow(photo)
axes[0].set_title("the photograph")
axes[0].set_axis_off()
plotting.draw_face(axes[1], face, title="what a network sees")
chapter.figure(
    figure,
    "00-a",
    "A photograph, and the 96 by 96 grey pixels that a network is given.",
    alt="Left: a colour portrait of a person looking into the camera. Right: the same face cut "
    "out, small, grey and coarse.",
)

# %% [markdown]
# ## Fifteen points
#
# A convolutional network was trained for less than an hour on two cores, on other people's faces. Its
# weights come with the course; what it is made of, you learn step by step. It takes the 9216 grey
# values and answers with 30 numbers: an x and a y for each of 15 points.

# %%
model = training.network()
points = demo.locate.predict(model, face[np.newaxis])
points.shape

# %% [markdown]
# The shape reads: 1 face, 15 points, 2 coordinates. Every array of keypoints in this course looks
# like that. x comes first and runs to the right, y runs down, both in pixels, and the centre of the
# pixel in the top left corner is (0, 0).

# %%
figure, axes = plt.subplots(figsize=(7.2, 4.2))
plotting.draw_face(axes, face, predicted=points[0])
for name in ("left_eye_center", "right_eye_center", "nose_tip", "mouth_left_corner",
             "mouth_right_corner"):
    x, y = points[0, data.INDEX[name]]
    margin, side = (-6, "right") if "right" in name else (101, "left")
    axes.annotate(
        data.plain(name), (x, y), xytext=(margin, y), ha=side, va="center",
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": "white", "lw": 0.9},
    )
chapter.figure(
    figure,
    "00-b",
    "Fifteen keypoints predicted by a network that has never seen this person.",
    alt="The grey face with fifteen red crosses at the eyes, their corners, the ends of the "
    "brows, the tip of the nose and the mouth. Five of them are named in the margin.",
)

# %% [markdown]
# Look where the label *left eye center* points. It is on the right side of the picture. **Left and
# right are the subject's**, not yours, as a doctor uses the words. More than one published figure
# has this the wrong way round.

# %%
left, right = (data.INDEX[f"{side}_eye_center"] for side in ("left", "right"))
print("the left eye is farther to the right:", bool(points[0, left, 0] > points[0, right, 0]))

# %% tags=["guard"]
with chapter.guard("left and right are the subject's"):
    assert points[0, left, 0] > points[0, right, 0]

# %% [markdown]
# How good is that? You see that the crosses are near. You cannot see *how* near, because you do
# not know where exactly they should be. This photograph comes with points that a person set by
# hand, so you can measure: the mean distance between predicted and true points.

# %%
template = data.photographs.template(person)
truth = data.photos.to_crop(data.to_fifteen(template, data.FROM_189), square)
distance = np.linalg.norm(points[0] - truth, axis=1)

# %% tags=["nbval-ignore-output"]
worst = data.plain(data.KEYPOINTS[int(distance.argmax())])
print(f"mean distance {distance.mean():.2f} px, largest {distance.max():.2f} px ({worst})")

# %% tags=["guard"]
with chapter.guard("the crosses are near"):
    assert distance.mean() < 2.5

# %% [markdown]
# A pixel of a 96 by 96 picture is about two millimetres on a real face. The rest of the course
# is about that number: what makes it smaller, by how much, and whether the improvement is real.

# %% [markdown]
# What if part of the face is hidden? Lay a grey bar over it and move it down. **Predict** before you move
# the slider: will the points under the bar vanish, stay, or run away? And those that can be seen?

# %% tags=["drawing"]
bar_tops = [None, *range(0, 80, 5)]


def hidden_face(top):
    """The face with a grey bar of 16 rows."""
    behind = face.copy()
    if top is not None:
        behind[top : top + 16] = 128
    return behind


behind_bars = np.stack([hidden_face(top) for top in bar_tops])
guesses = demo.locate.predict(model, behind_bars)


def bar_figure(number):
    """The face behind one bar, with true and predicted points, and the error of each."""
    picture, (one, two) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    plotting.draw_face(one, behind_bars[number], truth, guesses[number])
    off = np.linalg.norm(guesses[number] - truth, axis=1)
    two.barh([data.plain(name) for name in data.KEYPOINTS], off, color=plotting.COLOURS["red"])
    two.set(xlim=(0, 12), xlabel="off by (px)")
    two.tick_params(axis="y", labelsize=6.5)
    two.invert_yaxis()
    two.grid(axis="y", visible=False)
    return picture


# %% tags=["drawing", "nbval-ignore-output"]
chapter.explore(
    map(bar_figure, range(len(bar_tops))),
    ["no bar", *(f"rows {top} to {top + 15}" for top in bar_tops[1:])],
    "00-c",
    "A grey bar over the face. Green: set by hand, red: predicted, right: how far off each is.",
    alt="A face with a grey bar that moves from the forehead to the chin, with green true points "
    "and red predicted ones; bars on the right show the distances. Hidden points "
    "stay near their places; some that can be seen move as well, a brow by several pixels.",
    start=7,
)

# %% [markdown]
# No point vanishes: the network always answers with 15. What it does not see, it guesses from the rest, as
# you would, and mostly well. But it does not say that it is guessing, and now and then a point moves that can be
# seen: each point is found with the help of the others.

# %% [markdown]
# ## The chapters
#
# | part | chapters | what happens |
# |---|---|---|
# | 1, foundations | 01a neurons, 01b learning, 01c convolution, 02 data | neurons, gradients, convolution by hand; a data set with its faults |
# | 2, the thesis | 03 linear, 04 perceptron, 05 and 06 convolution, 07 augmentation, 08 the final model | five networks, and what each step is worth |
# | 3, looking closer | 09 heat maps, 10 errors per keypoint, 11 timing, 12 demonstration | which faces and points are hard, what it costs, what it is good for |
# | 4, four other studies | 13 going deeper, 14 cascade, 15 dense landmarks, 16 transfer learning, 17 morph film | more layers, more points, other weights, a film |
# | 5, beyond and back | 18 beyond the studies, 19 what held up | the network you have just seen; the claims of the five studies, each with a verdict, and with our number where we have one |
#
# The spine is a bachelor's thesis that trained these networks on the *Facial Keypoints Detection*
# task of Kaggle. Figures and tables with numbers from 2.1 to 4.19 have the thesis's own numbers,
# regenerated from your run or from a stored one of full length. Where the thesis, or another study, is wrong, the chapter says so and
# shows it. The thesis's text names neither its author nor its year; the book's bibliography has what each of the five studies
# tells of itself.
#
# Each chapter begins with a box like the one above: what you can do afterwards, what it needs, how long
# it takes. Each ends with a quiz and exercises. Guess before you run; being surprised is how you find out what
# you have not understood yet.
#
# An exercise that can be checked has three cells. Put your answer in place of the `...` and run the
# cell. Run the folded cell below it: it says *right*, or gives a hint. The third holds a solution, folded: click the
# three dots. An exercise marked *open* has no check, but a list of what a good answer holds.
#
# ## Three sizes, three kinds of faces
#
# The profile *quick* trains for seconds to minutes, so that you can read and run a chapter in one
# sitting. What a short run cannot show, the chapter does not claim. `paper` trains as long as the
# studies did, which takes hours. A run that you stop goes on where it was.
#
# The faces called `open` come with the course. They are nobody's: they were made from photographs
# under a free licence, neutral and smiling. Pairs of people were morphed, turned, lit and cropped, some
# were given a beard, a fringe, glasses, a hat or a hand, and so there are thousands, whose keypoints
# are known. They stand in for Kaggle's set, which may not be passed on. If you have it, put its files
# into `data/kaggle` and set `DATA = "kaggle"`.
#
# The photographs come with the course, too. Not all of them were used: some are averages of several
# people, who would otherwise be in training and test at once.

# %%
there = len(list(data.photographs.FOLDER.glob("*/*.jpg")))
people = data.photographs.names()
used = len(people) + sum(data.photographs.smiling(name) is not None for name in people)
print(f"{there} photographs, {used} of them used, of {len(people)} people")

# %% [markdown]
# ## What you saw
#
# - A face is given to a network as 9216 grey values; it answers with 15 points, 30 numbers.
# - Arrays of keypoints have the shape `(n, 15, 2)`, x first, in pixels.
# - Left and right are the subject's.
# - A network always answers, and does not say when it guesses.
#
# ## Quiz

# %% tags=["quiz", "nbval-ignore-output"]
chapter.quiz()

# %% [markdown]
# ## Exercises
#
# **1. A mirror** (easy). Change the picture: flip it with `face[:, ::-1]`. The network is asked again. Predict the x
# of the point that it calls `left_eye_center`, to 3 px. Use `points` and the width of the picture; then run the
# network and see.

# %% tags=["answer"]
answer_1 = ...  # a number of pixels from the left

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number of pixels", "which eye is on the right of the flipped picture?")
def check_1(answer):
    """Where the network sets the left eye in the mirrored picture."""
    flipped = demo.locate.predict(model, np.ascontiguousarray(face[:, ::-1])[np.newaxis])[0]
    if abs(answer - flipped[right, 0]) < 3:
        return "that is where the person's left eye has gone; does the network know that?"
    return bool(abs(answer - flipped[left, 0]) < 3)


check_1(answer_1)

# %% tags=["solution", "nbval-ignore-output"]
answer_1 = 95 - points[0, right, 0]
print(f"the mirrored right eye is at x = {answer_1:.1f}")
check_1(answer_1)
# It finds an eye on either side and names it by its side. It does not know a mirror image.

# %% [markdown]
# **2. A dark room** (easy). Change the picture: multiply `face` by 0.3, and keep it `uint8`. Predict: will the points
# move? Then measure by how many pixels, on average.

# %% tags=["answer"]
answer_2 = ...  # a number of pixels

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number of pixels", "np.linalg.norm(after - before, axis=1), and its mean")
def check_2(answer):
    """How far the points move in the dark."""
    dark = (face * 0.3).astype(np.uint8)
    moved = demo.locate.predict(model, dark[np.newaxis])[0] - points[0]
    if np.isclose(answer, np.abs(moved).mean(), rtol=0.01):
        return "that is a mean over coordinates; a distance takes x and y together"
    return bool(np.isclose(answer, np.linalg.norm(moved, axis=1).mean(), rtol=0.02))


check_2(answer_2)

# %% tags=["solution", "nbval-ignore-output"]
dark = (face * 0.3).astype(np.uint8)
moved = np.linalg.norm(demo.locate.predict(model, dark[np.newaxis])[0] - points[0], axis=1)
answer_2 = moved.mean()
print(f"they move by {answer_2:.1f} px on average, {moved.max():.1f} px at most")
check_2(answer_2)
# All 9216 numbers have changed, the points hardly. The network of chapter 03 will do worse.

# %% [markdown]
# **3. No face at all** (easy). Give the network a picture of even grey, `np.full((1, 96, 96), 128, np.uint8)`. What do
# you expect: an error, nonsense, or something else? Answer with the distance of the two eye centres.

# %% tags=["answer"]
answer_3 = ...  # a number of pixels

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number of pixels", "predict as above, then from point left to point right")
def check_3(answer):
    """How far apart the network sets the eyes where there are none."""
    empty = demo.locate.predict(model, np.full((1, 96, 96), 128, np.uint8))[0]
    return bool(np.isclose(answer, np.linalg.norm(empty[left] - empty[right]), rtol=0.02))


check_3(answer_3)

# %% tags=["solution", "nbval-ignore-output"]
grey = np.full((1, 96, 96), 128, np.uint8)
nobody = demo.locate.predict(model, grey)[0]
answer_3 = np.linalg.norm(nobody[left] - nobody[right])
print(f"eyes {answer_3:.0f} px apart")
check_3(answer_3)
# A network that was never shown anything but faces answers with a face.

# %% [markdown]
# **4. The same face, smiling** (easy). Change the data: `other` is the same person's photograph with a smile, cut
# out in the same way. Let the network predict. Then answer with the mean distance between its points and those set by
# hand, `other_truth`. Predict whether it is larger than for the neutral face, and where.

# %%
smile = data.photographs.smiling(person)
smiling = data.photos.read(data.photographs.FOLDER / f"{smile}.jpg")
other_square = demo.detection.square_of(demo.detection.find(smiling)[0])
other = data.photos.to_face(data.photos.cut(data.photos.to_grey(smiling), other_square))
other_189 = data.photographs.template(smile)
other_truth = data.photos.to_crop(data.to_fifteen(other_189, data.FROM_189), other_square)

# %% tags=["answer"]
answer_4 = ...  # a number of pixels

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("a number of pixels", "predict for other[np.newaxis]; then as for the neutral face")
def check_4(answer):
    """The mean point distance on the smiling photograph."""
    away = demo.locate.predict(model, other[np.newaxis])[0] - other_truth
    if np.isclose(answer, np.abs(away).mean(), rtol=0.01):
        return "that is a mean over coordinates; a distance takes x and y together"
    if np.isclose(answer, np.linalg.norm(points[0] - other_truth, axis=1).mean(), rtol=0.01):
        return "those are the points of the neutral picture"
    return bool(np.isclose(answer, np.linalg.norm(away, axis=1).mean(), rtol=0.02))


check_4(answer_4)

# %% tags=["solution", "nbval-ignore-output"]
away = np.linalg.norm(demo.locate.predict(model, other[np.newaxis])[0] - other_truth, axis=1)
answer_4 = away.mean()
print(f"{answer_4:.2f} px, neutral {distance.mean():.2f} px;", end=" ")
print(f"worst: {data.plain(data.KEYPOINTS[int(away.argmax())])}")
check_4(answer_4)
# Two pictures of one person are no test. They show how to measure, and that is where one begins.

# %% [markdown]
# **5. Your figure** (easy). Change the picture: add noise. Complete three lines: for each of `strengths`, add
# `strength * noise` to `face` (clip to 0 and 255, `uint8`), predict, and take the mean distance to `truth`. Predict the
# strength at which it doubles. Compare with [Figure 00-c](#figure-00-c).

# %%
noise = np.random.default_rng(SEED).normal(size=(96, 96))
strengths = np.array([0, 10, 20, 40, 60, 80, 100])

# %% tags=["answer"]
noisy = ...  # an array (7, 96, 96) of uint8
errors = ...  # seven mean distances to truth, in pixels
caption = ...  # what you conclude
answer_5 = (noisy, errors, caption)

# %% tags=["check", "nbval-ignore-output"]
@chapter.check("the three lines completed", "np.clip(...).astype(np.uint8), then demo.locate")
def check_5(answer):
    """The error under noise, drawn, and computed again from the reader's pictures."""
    noisy, errors, caption = answer
    figure, (one, two) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    plotting.draw_face(one, np.asarray(noisy)[3], truth, title=f"strength {strengths[3]}")
    two.plot(strengths, errors, "o-", color=plotting.COLOURS["blue"])
    two.set(xlabel="strength of the noise", ylabel="mean distance (px)", title=str(caption))
    chapter.figure(figure, "Your figure", "The error under noise.", private=True,
                   alt="The face with noise of strength 40, and a curve of your mean distances.")
    wanted = np.stack([np.clip(face + s * noise, 0, 255).astype(np.uint8) for s in strengths])
    if np.shape(noisy) != wanted.shape or np.abs(np.subtract(noisy, wanted, dtype=float)).max() > 1:
        return "the pictures are not face + strength * noise, clipped"
    off = np.linalg.norm(demo.locate.predict(model, wanted) - truth, axis=2).mean(axis=1)
    return bool(np.allclose(errors, off, atol=0.05))


check_5(answer_5)

# %% tags=["solution", "nbval-ignore-output"]
noisy = np.stack([np.clip(face + s * noise, 0, 255).astype(np.uint8) for s in strengths])
errors = np.linalg.norm(demo.locate.predict(model, noisy) - truth, axis=2).mean(axis=1)
caption = "error under noise"
answer_5 = (noisy, errors, caption)
check_5(answer_5)
# You still see the face when the network has lost it. It never saw such noise in training.

# %% [markdown]
# **6. Fool it** (open). Change the picture as little as you can so that the mean distance to `truth` exceeds 10 px,
# while a friend would still find all points. Say how much you changed: how many pixels, by how much.

# %% [markdown] tags=["solution"]
# **Rubric.** One point for a change that a person sees through. One for the mean distance, printed. One for
# a measure of the change. One for a guess at what the network relied on, and a second change that tests the
# guess. **Expected**: fine noise of a strength between 20 and 40 will do, and so will a face that stands on its head.
# Turning by up to 60 degrees, the negative (`255 - face`), or a bar over the eyes will not: it was trained on turned
# and hidden faces, and on no more noise than a camera makes.
