"""DENSE's third part: a pre-trained network learns 68 points at 224 pixels (chapter 16b).

As DENSE has it: new crops for every epoch, turned, moved and jittered; Adam at 0.001; two runs,
each from the start, of ten epochs on some four fifths of the pictures and of fifteen on more. Other
than DENSE: "all" leaves out the tested tenth; the network is EfficientNet-Lite0, whose ImageNet
weights come with the course; pictures are grey; and in batches of 256 two thousand pictures would
make some seventy steps, so they are of 64.

DENSE's network failed on its author's own pictures, whose boxes he had drawn by hand. So the tested
pictures, and the photographs that come with the course, are shown in other boxes too (`BOXES`).

Rows of lite0_68_<folder>.csv in data/published/dense: errors after epochs `LOOKS`, for each kind of
pictures and of box; beside it what one network says of two photographs. Rows go to a file of one's
own first; `python -m studies keep` carries them over.
"""

import functools
import pathlib

import cv2
import keras
import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.data import sixty_eight
from fkd_utils.evaluation import metrics
from fkd_utils.models import efficientnet, losses
from fkd_utils.training import results

FOLDER = files.PUBLISHED / "dense"
SIDE, BATCH, RATE = efficientnet.SIDE, 64, 0.001
LEARNED = {"four fifths": 10, "all": 15}  # epochs
LOOKS = (10, 15)
TURN, MOVE, JITTER = 20, 10, 0.2  # degrees, pixels, shares: at most
BOXES = {  # its side, as a multiple of the usual one; how much lower, in parts of its side
    "as learned": (1.0, 0.0),
    "a quarter larger": (1.25, 0.0),
    "a fifth smaller": (0.8, 0.0),
    "a tenth higher": (1.0, -0.1),
}
SHOWN = 2  # photographs
_EYES = (36, 45)  # outer corners, of the 68


def path_of(data: str) -> pathlib.Path:
    """The file of the study; it bears the name of the folder of faces."""
    return FOLDER / f"lite0_68_{pathlib.Path(data).name}.csv"


def study(data: str, seeds: int) -> pd.DataFrame:
    """Make what is missing of the study, see the head; returns all its rows.

    data: a folder of pictures with .pts files. From random weights there is one run. Raises
    InputError for bad faces before it trains.
    """
    found, broken = sixty_eight.load(data)
    print("\n".join([*broken, f"{len(found)} photographs"]))
    split = sixty_eight.split(found, data)
    parts = {"four fifths": split.train, "all": np.concatenate([split.train, split.validation])}
    parts = {name: [found[k] for k in rows] for name, rows in parts.items()}
    tested = [found[k] for k in split.test]
    asked = {
        (kind, box): crops(of_kind, np.random.default_rng(68), box=how)
        for kind, of_kind in (("tested", tested), ("the course's", sixty_eight.load("open")[0]))
        for box, how in BOXES.items()
    }
    runs = [{"weights": "none", "learned": "all", "seed": 0}]
    runs += [{"weights": "random", "learned": "four fifths", "seed": 0}]
    for seed in range(seeds):
        runs += [{"weights": "imagenet", "learned": part, "seed": seed} for part in LEARNED]
    rows_of = functools.partial(run, parts, asked, path_of(data).with_suffix(".npz"))
    return results.study(path_of(data), runs, rows_of, "paper")


def run(
    parts: dict[str, list[sixty_eight.Photo]],
    asked: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]],
    looks_of: pathlib.Path,
    weights: str,
    learned: str,
    seed: int,
) -> list[dict]:
    """Train once, from ImageNet's weights or random ones; a row for each look at each of `asked`.

    held: mean squared error of a coordinate, squared pixels of SIDE; mean_px: mean distance; nme:
    the same in percent of that of the outer eye corners; loss: of the epoch, squared pixels.
    weights "none": the mean face. The file `looks_of` gets what one network says of two faces.
    """
    mean = np.nanmean(crops(parts[learned], np.random.default_rng(0))[1], axis=0)
    if weights == "none":
        start = {"epoch": 0, "steps": 0, "loss": np.nan}
        rows = []
        for (kind, box), (_, points) in asked.items():
            said = np.broadcast_to(mean, points.shape)
            rows.append(start | {"faces": kind, "box": box} | _errors(points, said))
        return rows
    model = network(weights, mean, seed)
    rows, looks, photos = [], {}, parts[learned]
    for epoch in range(1, LEARNED[learned] + 1):
        rng = np.random.default_rng([seed, epoch])
        photos = [photos[k] for k in rng.permutation(len(photos))]
        shown, places = crops(photos, rng, changed=True)
        inputs, targets = efficientnet.to_inputs(shown), to_targets(places)
        loss = model.fit(inputs, targets, BATCH, shuffle=False, verbose=0).history["loss"][0]
        for (kind, box), (images, points) in asked.items() if epoch in LOOKS else ():
            said = to_pixels(model.predict(efficientnet.to_inputs(images), BATCH, verbose=0))
            told = {"epoch": epoch, "steps": int(model.optimizer.iterations)}
            told |= {"loss": loss * (SIDE / 2) ** 2, "faces": kind, "box": box}
            rows.append(told | _errors(points, said))
            if kind != "tested" and (weights, learned, seed) == ("imagenet", "all", 0):
                looks[f"{box}: images"], looks[f"{box}: said"] = images[:SHOWN], said[:SHOWN]
    if looks:
        looks_of.parent.mkdir(parents=True, exist_ok=True)
        files.save_arrays(looks_of, looks)
    return rows


def network(weights: str, mean: np.ndarray, seed: int) -> keras.Model:
    """EfficientNet-Lite0 with a new last layer of 136 numbers, whose first answer is `mean`."""
    keras.utils.set_random_seed(seed)
    body = efficientnet.efficientnet_lite0(top=False)
    if weights == "imagenet":
        efficientnet.load_imagenet(body)
    start = keras.initializers.Constant(to_targets(mean[np.newaxis])[0])
    last = keras.layers.Dense(mean.size, kernel_initializer="zeros", bias_initializer=start)
    model = keras.Sequential([body, last])
    model.compile(keras.optimizers.Adam(RATE), losses.masked_mse)
    return model


def crops(
    found: list[sixty_eight.Photo],
    rng: np.random.Generator,
    changed: bool = False,
    box: tuple[float, float] = (1.0, 0.0),
) -> tuple[np.ndarray, np.ndarray]:
    """A crop of each photograph: (n, SIDE, SIDE) uint8, and its points (n, 68, 2), pixels.

    The box wobbles as in `sixty_eight`, and a point outside is NaN, as there. changed: turned,
    moved and jittered as DENSE does. box: another one, see `BOXES`.
    """
    images, points = [], []
    for photo in found:
        low, high = np.nanmin(photo.points, axis=0), np.nanmax(photo.points, axis=0)
        side = box[0] * sixty_eight.MARGIN * (high - low).max()
        middle = (low + high) / 2 + (0, box[1] * side)
        middle = middle + side * rng.uniform(-sixty_eight.SHIFT, sixty_eight.SHIFT, 2)
        scale = SIDE / (side * (1 + rng.uniform(-sixty_eight.SIZE, sixty_eight.SIZE)))
        angle, move, jitter = 0.0, np.zeros(2), np.ones(2)
        if changed:
            angle, move = rng.uniform(-TURN, TURN), rng.uniform(-MOVE, MOVE, 2)
            jitter = rng.uniform(1 - JITTER, 1 + JITTER, 2)
        matrix = cv2.getRotationMatrix2D([float(v) for v in middle], angle, scale)
        matrix[:, 2] += (SIDE - 1) / 2 - middle + move
        image = cv2.warpAffine(photo.grey, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        light = image.astype(np.float32) * jitter[0]
        light = (light - light.mean()) * jitter[1] + light.mean()
        images.append(np.clip(np.round(light), 0, 255).astype(np.uint8))
        points.append(photo.points @ matrix[:, :2].T + matrix[:, 2])
    places = np.stack(points).astype(np.float32)
    places[((places < -0.5) | (places > SIDE - 0.5)).any(axis=-1)] = np.nan
    return np.stack(images), places


def to_targets(points: np.ndarray) -> np.ndarray:
    """Pixels (n, 68, 2) to targets (n, 136), -1 to 1 from edge to edge."""
    return ((points + 0.5) / (SIDE / 2) - 1).reshape(len(points), -1).astype(np.float32)


def to_pixels(targets: np.ndarray) -> np.ndarray:
    """Targets (n, 136) to pixels (n, 68, 2)."""
    return (np.asarray(targets).reshape(len(targets), -1, 2) + 1) * (SIDE / 2) - 0.5


def _errors(truth: np.ndarray, said: np.ndarray) -> dict[str, float]:
    held = faces.HALF**2 * metrics.mse(truth, said)  # its unit is half a side of 96 pixels
    right, left = (truth[:, k] for k in _EYES)
    apart = np.linalg.norm(left - right, axis=1)[:, np.newaxis]
    nme = 100 * np.nanmean(metrics.distances(truth, said) / apart)
    return {"held": held, "mean_px": metrics.mean_px(truth, said), "nme": nme}
