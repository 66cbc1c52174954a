"""Recipe in, run out: one function trains every network of the course.

A run lives in a folder named after the hash of its recipe and its data. Asked for again, it is
found instead of trained; killed, it goes on after the last epoch it had saved.
"""

import collections.abc
import dataclasses
import hashlib
import json
import pathlib
import typing

import filelock
import keras
import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.data import splits
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.models import catalogue, heatmap, losses
from fkd_utils.training import batches, checkpoint

RUNS = files.REPO / "data" / "runs"
FORMAT = 2  # of what a run stores; runs of an older format are trained anew
# A field that joined `Recipe` later counts only where it is set: older runs keep their names.
_LATER = (
    "options",
    "halve_after",
    "stop_after",
    "loss",
    "augmented",
    "sources",
    "one_cycle",
    "averaged",
    "half_complete",
)
AVERAGE_OVER = 0.995  # of the running mean of weights: about the last 200 steps


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides a training, the data apart.

    model: a name in `catalogue.MODELS`; dropout and leaky: handed to its builder when not None.
    optimizer: "sgd" (plain gradient descent) or "adam". batch_size: faces a step.
    steps: None for every face once an epoch, else so many batches drawn at random.
    grow_every: None, or the epochs after which a batch grows by batch_size (THESIS 4.7).
    options: what else the builder is handed, such as {"conv_layers": 15}.
    halve_after: epochs without a lower validation loss until the learning rate is halved, and
    stop_after: until the training ends (DEPTH 5: ReduceLROnPlateau, EarlyStopping); None: never.
    loss: None for the MSE, or a name in `losses.LOSSES`, which leave out what is not labelled.
    augmented: every batch is changed anew, see `augment.varied`. sources: what the rows of the
    second labeller get, None, "offset" (`heatmap.with_sources`) or "heads"
    (`heatmap.with_two_heads`). one_cycle: the learning rate rises to three times its value for a
    tenth of the steps and falls along a cosine to 0. averaged: validated and kept is the running
    mean of the weights. half_complete: one half of every random batch are fully labelled faces,
    the other half the rest.
    """

    model: str
    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int = 64
    dropout: float | None = None
    leaky: float | None = None
    steps: int | None = None
    grow_every: int | None = None
    seed: int = 0
    options: dict[str, typing.Any] | None = None
    halve_after: int | None = None
    stop_after: int | None = None
    loss: str | None = None
    augmented: bool = False
    sources: str | None = None
    one_cycle: bool = False
    averaged: bool = False
    half_complete: bool = False

    def batch_at(self, epoch: int) -> int:
        """Faces a step in epoch `epoch` (from 1): ceil(epoch / grow_every) * batch_size."""
        return self.batch_size * (-(-epoch // self.grow_every) if self.grow_every else 1)

    def drawn(self, epochs: int) -> int:
        """Faces drawn in the first `epochs` epochs, for a recipe that says `steps`."""
        return self.steps * sum(self.batch_at(epoch) for epoch in range(1, epochs + 1))

    def rate_after(self, losses: collections.abc.Iterable[float]) -> float:
        """The learning rate that follows these validation losses, one an epoch."""
        rate, lowest, waited = self.learning_rate, float("inf"), 0
        for loss in losses:
            waited = 0 if loss < lowest else waited + 1
            lowest = min(lowest, loss)
            if self.halve_after and waited == self.halve_after:
                rate, waited = rate / 2, 0
        return rate

    def ends_after(self, losses: collections.abc.Sequence[float]) -> bool:
        """Whether no epoch follows these validation losses."""
        waited = len(losses) - 1 - int(np.argmin(losses)) if len(losses) else 0
        stale = self.stop_after is not None and waited >= self.stop_after
        return stale or len(losses) >= self.epochs

    def settings(self) -> dict[str, typing.Any]:
        """The fields as they are stored and make a run's name."""
        values = dataclasses.asdict(self)
        unset = {f.name for f in dataclasses.fields(self) if values[f.name] == f.default}
        return {k: v for k, v in values.items() if k not in _LATER or k not in unset}

    def build(self) -> keras.Model:
        """The compiled network; the same seed gives the same first weights."""
        keras.utils.set_random_seed(self.seed)
        options = {"dropout": self.dropout, "leaky": self.leaky}
        options = {name: value for name, value in options.items() if value is not None}
        options |= self.options or {}
        model = catalogue.MODELS[self.model].build(**options)
        self._compile(model, self.learning_rate)
        return model

    def around(self, network: keras.Model, steps: int) -> keras.Model:
        """What is trained for `steps` steps an epoch so that `network` learns; compiled.

        `network` itself, or a model around it with the same weights that is told the labeller.
        """
        told = {"offset": heatmap.with_sources, "heads": heatmap.with_two_heads}
        trained = told[self.sources](network) if self.sources else network
        self._compile(trained, self.rate(steps))
        return trained

    def rate(self, steps: int) -> typing.Any:
        """The learning rate of a training of `steps` steps an epoch.

        A number, or with one_cycle a function of the step: from a tenth of learning_rate to three
        times it in the first tenth of all steps, then along a cosine to 0.
        """
        if not self.one_cycle:
            return self.learning_rate
        total = max(2, steps * self.epochs)
        warm = max(1, total // 10)
        return keras.optimizers.schedules.CosineDecay(
            self.learning_rate / 10,
            total - warm,
            warmup_target=3 * self.learning_rate,
            warmup_steps=warm,
        )

    def _compile(self, model: keras.Model, rate: typing.Any) -> None:
        optimizers = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
        optimizer = optimizers[self.optimizer](
            rate, use_ema=self.averaged, ema_momentum=AVERAGE_OVER
        )
        model.compile(optimizer, loss=losses.LOSSES[self.loss] if self.loss else "mse")


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished training: its recipe, its history and its best weights.

    history: one row an epoch, columns epoch (from 1), loss, val_loss, seconds, and the validation
    MSE of each keypoint under its name. loss is the mean over the batches of the epoch while the
    weights still move, with dropout on.
    """

    folder: pathlib.Path
    recipe: Recipe
    history: pd.DataFrame

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) with the lowest validation loss.

        Raises InputError when no epoch has one that is a number.
        """
        if not self.history.val_loss.notna().any():
            raise InputError(
                f"{self.folder.name}: no validation loss is a number, the training went astray; "
                "choose a lower learning rate"
            )
        return int(self.history.loc[self.history.val_loss.idxmin(), "epoch"])

    def at_best(self) -> pd.Series:
        """The history's row of the best epoch."""
        return self.history.loc[self.history.epoch == self.best_epoch].iloc[0]

    def model(self) -> keras.Model:
        """The network with the weights of the best epoch."""
        model = self.recipe.build()
        with np.load(self.folder / "weights.npz", allow_pickle=False) as stored:
            model.set_weights([stored[str(i)] for i in range(len(stored.files))])
        return model

    def offset_px(self) -> np.ndarray | None:
        """What the second labeller adds to each point: (15, 2), pixels; None where not learnt.

        As it was after the last epoch, see `heatmap.with_sources`.
        """
        path = self.folder / "offset.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return stored["offset"]

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Keypoints of uint8 images (n, 96, 96): (n, 15, 2) float32, pixels."""
        return predict(self.model(), images)

    def measures(self, part: faces.Faces) -> dict[str, float]:
        """mse, rmse_px, mean_px and nme of the best epoch's network on `part`."""
        return metrics.measures(part.keypoints, self.predict(part.images))


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Keypoints of uint8 images (n, 96, 96) from a network with 30 outputs: (n, 15, 2) pixels."""
    outputs = model.predict(faces.to_inputs(images), batch_size=256, verbose=0)
    return faces.to_pixels(outputs)


def run_name(recipe: Recipe, data: splits.Splits) -> str:
    """Name of a run's folder: the model and twelve digits of the hash of settings and data."""
    settings = {"recipe": recipe.settings(), "data": data.fingerprint()}
    settings |= {"backend": keras.backend.backend(), "format": FORMAT}
    text = json.dumps(settings, sort_keys=True)
    return f"{recipe.model}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def train(recipe: Recipe, data: splits.Splits, store: pathlib.Path | None = None) -> Run:
    """Train by `recipe` on data.train, with data.validation watched after every epoch.

    store: folder of runs, `data/runs` by default ($FKD_RUNS moves it). Returns the stored run
    when there is one, goes on with a part-trained one. A second process that asks for the same
    run waits for the first. Raises InputError when the disk is full.
    """
    folder = (store or default_store()) / run_name(recipe, data)
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder.with_suffix(".lock")):
        if not (folder / "history.csv").exists():
            write_recipe(folder, recipe, data)
            _fit(folder, recipe, data)
    return load(folder)


def default_store() -> pathlib.Path:
    """The folder runs are kept in: $FKD_RUNS or data/runs."""
    return files.chosen("FKD_RUNS", RUNS)


def write_recipe(folder: pathlib.Path, recipe: Recipe, data: splits.Splits) -> None:
    """Store what a run was asked to do, so that it can be shown and resumed."""
    content = {
        "recipe": recipe.settings(),
        "data": dataclasses.asdict(data.source),
        "fingerprint": data.fingerprint(),
        "faces": {"train": len(data.train), "validation": len(data.validation)},
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
    }
    with files.replacing(folder / "recipe.json") as path:
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load(folder: pathlib.Path) -> Run:
    """The finished run stored in `folder`."""
    content = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
    history = pd.read_csv(folder / "history.csv")
    return Run(folder, Recipe(**content["recipe"]), history)


def _fit(folder: pathlib.Path, recipe: Recipe, data: splits.Splits) -> None:
    """Train to the end; leaves weights.npz and history.csv (written last: it marks the end)."""
    network = recipe.build()
    trained = recipe.around(network, batches.steps_of(data.train, recipe))
    kept = checkpoint.Keeper(folder / "checkpoint.npz", recipe, network, trained, data.validation)
    endless = batches.Batches(data.train, recipe, kept.epoch)
    if not recipe.ends_after(kept.losses()):
        trained.fit(
            batches.feed(endless),
            steps_per_epoch=endless.steps,
            shuffle=False,
            initial_epoch=kept.epoch,
            epochs=recipe.epochs,
            callbacks=[kept],
            verbose=0,
        )
    with files.replacing(folder / "weights.npz") as path:
        files.save_arrays(path, {str(i): w for i, w in enumerate(kept.best)})
    if recipe.sources == "offset":  # it is no part of the network, and would be lost
        with files.replacing(folder / "offset.npz") as path:
            files.save_arrays(path, {"offset": heatmap.offset_px(trained)})
    with files.replacing(folder / "history.csv") as path:
        kept.history().to_csv(path, index=False)
    (folder / "checkpoint.npz").unlink(missing_ok=True)
