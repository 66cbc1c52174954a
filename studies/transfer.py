"""What ImageNet is worth to a face: TRANSFER's table with EfficientNet-Lite0 (chapter 16b).

Each run trains on `FACES` faces of 96 x 96 pixels and 15 points for `EPOCHS` epochs, 32 at a time,
and is judged after its last epoch on the whole test part; nothing is chosen there. Its twin starts
from random weights. Three tables in data/published/transfer for each set of faces:

lite0_frozen: the network as it comes, read at several depths by ridge regression, or behind its
last layer by TRANSFER's rows of dense units on x, x squared and sin x; a row a run.
lite0_blocks: its last blocks trained along, with a new last layer; a row a run.
lite0_curves: the same for `LONG` epochs, looked at after each; a row an epoch.

Rows go to a file of one's own first; `python -m studies keep` carries them over.
"""

import collections.abc
import functools
import pathlib
import time

import keras
import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.data import splits
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.models import efficientnet, losses
from fkd_utils.training import results

FOLDER = files.PUBLISHED / "transfer"
FACES, EPOCHS, BATCH = 1000, 10, 32
LONG = 30  # epochs
WEIGHTS = ("imagenet", "random")
DEPTHS = ("block5", "block11", "block16", "features")
HEADS = {
    "x": "x",
    "x, x, x": "xxx",
    "x, x squared, sin x": "xqs",
}
UNITS = 64  # of each of the head's rows, as in the chapter
WAYS = {"x": lambda x: x, "q": keras.ops.square, "s": keras.ops.sin}
BLOCKS = (2, 4, 16)
SHAPE = (faces.SIDE, faces.SIDE, 3)


def path_of(table: str, data: str) -> pathlib.Path:
    """The file of a table; it bears the name of the folder of faces."""
    return FOLDER / f"lite0_{table}_{pathlib.Path(data).name}.csv"


def study(data: str, tables: collections.abc.Sequence[str], seeds: int) -> dict[str, pd.DataFrame]:
    """Make what is missing of the tables for a set of faces, see the head; returns all their rows.

    Raises InputError for bad faces or an unknown table before it trains.
    """
    known = {"frozen": _frozen_runs, "blocks": _block_runs, "curves": _block_runs}
    for table in tables:
        if table not in known:
            raise InputError(f"there is no table {table!r}; choose {' or '.join(known)}")
    parts = _parts(data)
    rows_of = {"frozen": Frozen(parts).rows}
    rows_of |= {
        "blocks": functools.partial(unfrozen, parts),
        "curves": functools.partial(curve, parts),
    }
    return {
        table: results.study(path_of(table, data), known[table](seeds), rows_of[table], "paper")
        for table in tables or known
    }


def _frozen_runs(seeds: int) -> list[dict]:
    """Those of one network one after the other, see `Frozen`."""
    ways = [*(f"ridge, {depth}" for depth in DEPTHS), *HEADS]
    runs = [{"weights": "none", "read": "mean face", "seed": 0}]
    for weights in WEIGHTS:
        for seed in range(seeds):
            # Ridge regression draws nothing: with ImageNet's weights all seeds are one.
            kept = HEADS if seed and weights == "imagenet" else ways
            runs += [{"weights": weights, "read": read, "seed": seed} for read in kept]
    return runs


def _block_runs(seeds: int) -> list[dict]:
    return [
        {"weights": weights, "blocks": blocks, "seed": seed}
        for blocks in BLOCKS
        for seed in range(seeds)
        for weights in WEIGHTS
    ]


def _parts(data: str) -> splits.Splits:
    """The three parts, FACES of them to learn from."""
    parts = splits.load(data)
    some = np.random.default_rng(0).permutation(len(parts.train))[:FACES]
    return splits.Splits(parts.train.take(some), parts.validation, parts.test, parts.source)


def source(weights: str, seed: int) -> keras.Model:
    """The network without its top, as ImageNet left it or with the random weights of a seed."""
    keras.utils.set_random_seed(seed)
    network = efficientnet.efficientnet_lite0(SHAPE, top=False)
    return efficientnet.load_imagenet(network) if weights == "imagenet" else network


def made(network: keras.Model, depth: str, images: np.ndarray) -> np.ndarray:
    """What a layer of the network answers to images (n, 96, 96): (n, ...) float32."""
    body = keras.Model(network.inputs[0], network.get_layer(depth).output)
    return body.predict(efficientnet.to_inputs(images), batch_size=64, verbose=0)


class Frozen:
    """Runs of lite0_frozen on the same faces; what a network made is kept."""

    def __init__(self, parts: splits.Splits) -> None:
        self.parts = parts
        self.features = functools.lru_cache(maxsize=1)(self._features)

    def rows(self, weights: str, read: str, seed: int) -> list[dict]:
        """A run: its errors."""
        parts = self.parts
        if weights == "none":
            mean = metrics.mean_face(parts.train.keypoints)
            return [_row(parts.test, np.broadcast_to(mean, parts.test.keypoints.shape), np.nan)]
        depth = read.removeprefix("ridge, ") if read.startswith("ridge") else "features"
        learn, choose, held = self.features(weights, seed)[depth]
        if read.startswith("ridge"):
            points = ridge(learn, choose, held, parts.train.keypoints, parts.validation.keypoints)
            return [_row(parts.test, points, np.nan)]
        scale = 5 * learn.std()  # with larger features the squares explode at the start
        model = head(HEADS[read], learn.shape[1], _start(parts.train), seed)
        loss = _trained(model, learn / scale, parts.train, seed)["loss"][-1]
        return [_row(parts.test, faces.to_pixels(model.predict(held / scale, verbose=0)), loss)]

    def _features(self, weights: str, seed: int) -> dict[str, list[np.ndarray]]:
        """By depth, what a network makes of the three parts: (n, f) each."""
        network, found = source(weights, seed), {depth: [] for depth in DEPTHS}
        body = keras.Model(network.inputs[0], [network.get_layer(d).output for d in DEPTHS])
        for part in (self.parts.train, self.parts.validation, self.parts.test):
            inputs = efficientnet.to_inputs(part.images)
            for depth, answer in zip(DEPTHS, body.predict(inputs, 64, verbose=0), strict=True):
                found[depth].append(answer.reshape(len(part), -1))
        return found


def unfrozen(parts: splits.Splits, weights: str, blocks: int, seed: int) -> list[dict]:
    """A run of lite0_blocks: its errors and processor seconds."""
    started = time.process_time()
    answer, history = taught(parts.train, weights, blocks, seed)
    points = answer(parts.test.images)
    seconds = round(time.process_time() - started, 1)
    return [_row(parts.test, points, history["loss"][-1]) | {"seconds": seconds}]


def curve(parts: splits.Splits, weights: str, blocks: int, seed: int) -> list[dict]:
    """A run of lite0_curves: after each epoch its loss and the error on the test part."""
    _, history = taught(parts.train, weights, blocks, seed, LONG, parts.test)
    both = enumerate(zip(history["loss"], history["val_loss"], strict=True), start=1)
    return [{"epoch": epoch, "loss": loss, "held": held} for epoch, (loss, held) in both]


def taught(
    train: faces.Faces,
    weights: str,
    blocks: int,
    seed: int,
    epochs: int = EPOCHS,
    watched: faces.Faces | None = None,
) -> tuple[collections.abc.Callable[[np.ndarray], np.ndarray], dict[str, list[float]]]:
    """Train so many last blocks on faces (16: the stem too), see the head.

    watched: looked at after each epoch. Returns what turns images (n, 96, 96) into points
    (n, 15, 2), and by epoch "loss", of those watched "val_loss".
    """
    body, inputs = source(weights, seed), efficientnet.to_inputs
    if blocks < len(efficientnet.BLOCKS):
        depth = efficientnet.BLOCKS[-blocks - 1]
        inputs = functools.partial(made, body, depth)
        body = keras.Model(body.get_layer(depth).output, body.output)
    learn = inputs(train.images)
    model = keras.Sequential([keras.Input(learn.shape[1:]), body, _last(_start(train))])
    look = None
    if watched is not None:
        look = inputs(watched.images), faces.to_targets(watched.keypoints)
    history = _trained(model, learn, train, seed, epochs, look)
    return lambda images: faces.to_pixels(model.predict(inputs(images), 64, verbose=0)), history


def head(ways: str, width: int, start: np.ndarray, seed: int) -> keras.Model:
    """TRANSFER's head: a row of units on each version of the features, joined, 30 outputs."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((width,))
    rows = [keras.layers.Dense(UNITS, activation="relu")(WAYS[way](inputs)) for way in ways]
    joined = keras.layers.concatenate(rows) if len(rows) > 1 else rows[0]
    return keras.Model(inputs, _last(start)(joined))


def ridge(
    learn: np.ndarray,
    choose: np.ndarray,
    held: np.ndarray,
    points: np.ndarray,
    chosen_by: np.ndarray,
) -> np.ndarray:
    """Points of `held` by the best of seven linear read-outs of features (n, f).

    points, chosen_by: the points of `learn` and `choose`, complete.
    """
    mean, middle, spread = points.mean(axis=0), learn.mean(axis=0), learn.std(axis=0)
    # A feature that is next to nothing on all faces but one would be blown up by its own spread.
    spread = np.maximum(spread, 0.1 * spread.mean()) + 1e-6
    a, b, c = (((z - middle) / spread).astype(np.float64) for z in (learn, choose, held))
    y = (points - mean).reshape(len(points), -1)
    values, vectors = np.linalg.eigh(a @ a.T)
    best = np.inf, None
    for alpha in 10.0 ** np.arange(0, 7):
        weights = a.T @ (vectors @ ((vectors.T @ y) / (values + alpha)[:, np.newaxis]))
        score = metrics.mse(chosen_by, (b @ weights).reshape(chosen_by.shape) + mean)
        if score < best[0]:
            best = score, (c @ weights).reshape(-1, *mean.shape) + mean
    return best[1]


def _start(train: faces.Faces) -> np.ndarray:
    return faces.to_targets(metrics.mean_face(train.keypoints)[np.newaxis])[0]


def _last(start: np.ndarray) -> keras.layers.Layer:
    """A last layer whose first answer is `start`, whatever comes in.

    From other weights 1,280 features of ImageNet's size would start far from it, and most units of
    a head would be dead, 0 for every face, after an epoch.
    """
    bias = keras.initializers.Constant(start)
    return keras.layers.Dense(len(start), kernel_initializer="zeros", bias_initializer=bias)


def _trained(
    model: keras.Model,
    inputs: np.ndarray,
    part: faces.Faces,
    seed: int,
    epochs: int = EPOCHS,
    watched: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, list[float]]:
    """Train with Adam at its own rate; the mean loss of each epoch, and that on `watched`."""
    keras.utils.set_random_seed(seed)
    model.compile("adam", losses.masked_mse)
    targets = faces.to_targets(part.keypoints)
    return model.fit(inputs, targets, BATCH, epochs, verbose=0, validation_data=watched).history


def _row(part: faces.Faces, points: np.ndarray, loss: float) -> dict:
    return {
        "held": metrics.mse(part.keypoints, points),
        "mean_px": metrics.mean_px(part.keypoints, points),
        "loss": loss,
    }
