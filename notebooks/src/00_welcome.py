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
# **You will learn**
# - what a facial keypoint is, and what a trained network makes of a face it has never seen;
# - how the chapters are built, and how to run one;
# - what your own machine brings.
#
# **Needs** nothing. **Takes** under a minute on two cores. **Figures** 00-a, 00-b.

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
face = demo.detection.to_face(demo.detection.cut(data.photos.to_grey(photo), square))
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
template = data.photographs.read_template(data.photographs.FOLDER / f"{person}.tem")
truth = demo.detection.to_crop(data.to_fifteen(template, data.FROM_189), square)
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
# ## The chapters
#
# | part | chapters | what happens |
# |---|---|---|
# | 1, foundations | 01a neurons, 01b learning, 01c convolution, 02 data | neurons, gradients, convolution by hand; a data set with its faults |
# | 2, the thesis | 03 linear, 04 perceptron, 05 and 06 convolution, 07 augmentation, 08 the final model | five networks, and what each step is worth |
# | 3, looking closer | 09 heat maps, 10 errors per keypoint, 11 timing, 12 demonstration | which faces and points are hard, what it costs, what it is good for |
# | 4, four other studies | 13 going deeper, 14 cascade, 15 dense landmarks, 16 transfer learning, 17 morph film | more layers, more points, other weights, a film |
# | 5, beyond and back | 18 beyond the studies, 19 what held up | the network you have just seen; every claim of the five studies with our number and a verdict |
#
# The spine is a bachelor's thesis that trained these networks on the *Facial Keypoints Detection*
# task of Kaggle. Where a figure or a table has a number such as 4.1, it is the thesis's own number,
# regenerated from your run. Where the thesis, or another study, is wrong, the chapter says so and
# shows it.
#
# Each chapter begins with a box like the one above: what you will learn, what it needs, how long
# it takes. Each ends with exercises. Guess before you run; being surprised is how you find out what
# you have not understood yet. Solutions are folded below the exercise: click the three dots.
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
#
# ## Exercises
#
# **1. A mirror.** Flip the picture with `face[:, ::-1]` and predict again. Before you run it: where
# will the point called `left_eye_center` be, on the left or on the right side of the picture?

# %% tags=["solution"]
mirrored = np.ascontiguousarray(face[:, ::-1])
flipped = demo.locate.predict(model, mirrored[np.newaxis])[0]
print("left eye still on the right side:", bool(flipped[left, 0] > flipped[right, 0]))
print("the network does not know that it is a mirror image: it finds an eye on either side")

# %% [markdown]
# **2. A dark room.** Multiply `face` by 0.3 (keep it `uint8`). Predict: will the points move?
# By how many pixels, on average?

# %% tags=["solution", "nbval-ignore-output"]
dark = (face * 0.3).astype(np.uint8)
moved = np.linalg.norm(demo.locate.predict(model, dark[np.newaxis])[0] - points[0], axis=1)
print(f"they move by {moved.mean():.1f} px on average, {moved.max():.1f} px at most")

# %% [markdown]
# **3. No face at all.** Give the network a picture of uniform grey, `np.full((1, 96, 96), 128,
# np.uint8)`. What do you expect: an error, nonsense, or something else? Draw what it answers.

# %% tags=["solution", "nbval-ignore-output"]
grey = np.full((1, 96, 96), 128, np.uint8)
answer = demo.locate.predict(model, grey)
print(f"eyes {answer[0, left, 0] - answer[0, right, 0]:.0f} px apart")
print("a network that was never shown anything but faces answers with a face")
