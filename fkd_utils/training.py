"""Recipe in, run out: one function trains every network of the course.

A run lives in a folder named after the hash of its recipe and its data. Asked for again, it is
found instead of trained; killed, it goes on after the last epoch it had saved.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import time

import filelock
import keras
import numpy as np
import pandas as pd

from fkd_utils import evaluation, faces, files, keypoints, models, parts, progress

RUNS = parts.REPO / "data" / "runs"
CHECKPOINT_SECONDS = 15.0  # a killed run loses at most about this much work
FORMAT = 2  # of what a run stores; runs of an older format are trained anew


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides a training, the data apart.

    model: a name in `models.MODELS`; dropout and leaky: handed to its builder when not None.
    optimizer: "sgd" (plain gradient descent) or "adam". batch_size: faces a step.
    steps: None for every face once an epoch, else so many batches drawn at random.
    grow_every: None, or the epochs after which a batch grows by batch_size (THESIS 4.7).
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

    def batch_at(self, epoch: int) -> int:
        """Faces a step in epoch `epoch` (from 1): ceil(epoch / grow_every) * batch_size."""
        return self.batch_size * (-(-epoch // self.grow_every) if self.grow_every else 1)

    def build(self) -> keras.Model:
        """The compiled network; the same seed gives the same first weights."""
        keras.utils.set_random_seed(self.seed)
        options = {"dropout": self.dropout, "leaky": self.leaky}
        options = {name: value for name, value in options.items() if value is not None}
        model = models.MODELS[self.model].build(**options)
        optimizers = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
        model.compile(optimizers[self.optimizer](self.learning_rate), loss="mse")
        return model


class Batches(keras.utils.PyDataset):
    """An endless row of batches, made on the way from the 8-bit pictures.

    Batch i depends on the seed and on i alone, so a resumed run sees what it would have seen.
    Every face comes once an epoch, in a new order, unless the recipe says how many steps it wants.
    """

    def __init__(self, part: faces.Faces, recipe: Recipe, first_epoch: int) -> None:
        super().__init__()
        self.images, self.targets = part.images, faces.to_targets(part.keypoints)
        self.recipe = recipe
        self.steps = recipe.steps or -(-len(part) // recipe.batch_size)
        self.first = first_epoch * self.steps
        self._epoch, self._order = -1, np.arange(0)

    @property
    def num_batches(self) -> None:
        """None: Keras may ask for as many as it likes."""
        return None

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.rows(*divmod(self.first + index, self.steps))
        return faces.to_inputs(self.images[rows]), self.targets[rows]

    def rows(self, epoch: int, step: int) -> np.ndarray:
        """Which faces make batch `step` of epoch `epoch`, both from 0."""
        size = self.recipe.batch_at(epoch + 1)
        if self.recipe.steps:
            rng = np.random.default_rng([self.recipe.seed, epoch, step])
            return rng.integers(0, len(self.images), size)
        if epoch != self._epoch:
            rng = np.random.default_rng([self.recipe.seed, epoch])
            self._epoch, self._order = epoch, rng.permutation(len(self.images))
        return self._order[step * size : (step + 1) * size]


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
        """The epoch (from 1) with the lowest validation loss."""
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

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Keypoints of uint8 images (n, 96, 96): (n, 15, 2) float32, pixels."""
        return predict(self.model(), images)

    def measures(self, part: faces.Faces) -> dict[str, float]:
        """mse, rmse_px, mean_px and nme of the best epoch's network on `part`."""
        return evaluation.measures(part.keypoints, self.predict(part.images))


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Keypoints of uint8 images (n, 96, 96) from a network with 30 outputs: (n, 15, 2) pixels."""
    outputs = model.predict(faces.to_inputs(images), batch_size=256, verbose=0)
    return faces.to_pixels(outputs)


def run_name(recipe: Recipe, data: parts.Parts) -> str:
    """Name of a run's folder: the model and twelve digits of the hash of settings and data."""
    settings = {"recipe": dataclasses.asdict(recipe), "data": data.fingerprint()}
    settings |= {"backend": keras.backend.backend(), "format": FORMAT}
    text = json.dumps(settings, sort_keys=True)
    return f"{recipe.model}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def train(recipe: Recipe, data: parts.Parts, store: pathlib.Path | None = None) -> Run:
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
    return pathlib.Path(os.environ.get("FKD_RUNS", RUNS))


def write_recipe(folder: pathlib.Path, recipe: Recipe, data: parts.Parts) -> None:
    """Store what a run was asked to do, so that it can be shown and resumed."""
    content = {
        "recipe": dataclasses.asdict(recipe),
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


def _fit(folder: pathlib.Path, recipe: Recipe, data: parts.Parts) -> None:
    """Train to the end; leaves weights.npz and history.csv (written last: it marks the end)."""
    model = recipe.build()
    keeper = Keeper(folder / "checkpoint.npz", recipe, model, data.validation)
    batches = Batches(data.train, recipe, keeper.epoch)
    if keeper.epoch < recipe.epochs:
        model.fit(
            batches,
            steps_per_epoch=batches.steps,
            shuffle=False,
            initial_epoch=keeper.epoch,
            epochs=recipe.epochs,
            callbacks=[keeper],
            verbose=0,
        )
    with files.replacing(folder / "weights.npz") as path:
        files.save_arrays(path, {str(i): w for i, w in enumerate(keeper.best)})
    with files.replacing(folder / "history.csv") as path:
        keeper.history().to_csv(path, index=False)
    (folder / "checkpoint.npz").unlink(missing_ok=True)


class Keeper(keras.callbacks.Callback):
    """Watches the validation faces, keeps the best weights, saves what a resumed run needs."""

    def __init__(
        self, path: pathlib.Path, recipe: Recipe, model: keras.Model, held: faces.Faces
    ) -> None:
        super().__init__()
        self.path, self.recipe, self.held = path, recipe, held
        # Made once: turning 8-bit pictures into inputs anew every epoch is wasted time.
        self.inputs = faces.to_inputs(held.images)
        self.rows: list[tuple[float, ...]] = []
        self.best: list[np.ndarray] = model.get_weights()
        self.line = progress.ProgressLine()
        self.saved = self.started = time.monotonic()
        if path.exists():
            self._restore(model)
        self.epoch = len(self.rows)  # epochs already done

    def history(self) -> pd.DataFrame:
        """One row an epoch."""
        columns = ["epoch", "loss", "val_loss", "seconds", *keypoints.KEYPOINTS]
        table = pd.DataFrame(self.rows, columns=columns)
        return table.astype({"epoch": int})

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        val_loss, of_keypoints = self._validate()
        now = time.monotonic()
        if not self.rows or val_loss < min(row[2] for row in self.rows):
            self.best = self.model.get_weights()
        self.rows.append((epoch + 1, logs["loss"], val_loss, now - self.started, *of_keypoints))
        if now - self.saved > CHECKPOINT_SECONDS:
            self._save()
            self.saved = now
        self.line.update(self._text())

    def on_train_end(self, logs: dict | None = None) -> None:
        self.line.done(self._text())

    def _validate(self) -> tuple[float, np.ndarray]:
        """Validation MSE of all labelled coordinates, and of each keypoint."""
        parts_of = range(0, len(self.inputs), 256)
        outputs = [self.model.predict_on_batch(self.inputs[i : i + 256]) for i in parts_of]
        squared = evaluation.squared_errors(
            self.held.keypoints, faces.to_pixels(np.concatenate(outputs))
        )
        return float(np.nanmean(squared)), np.nanmean(squared, axis=(0, 2))

    def _text(self) -> str:
        epoch, loss, val_loss = self.rows[-1][:3]
        left = (self.recipe.epochs - epoch) * np.median([row[3] for row in self.rows[-20:]])
        return (
            f"{self.recipe.model}: epoch {epoch:.0f} of {self.recipe.epochs}, "
            f"training MSE {loss:.5f}, validation MSE {val_loss:.5f}, {left:.0f} s left"
        )

    def _variables(self, model: keras.Model) -> list:
        # model.variables holds the dropout layers' random states as well as the weights.
        return [*model.variables, *model.optimizer.variables]

    def _save(self) -> None:
        arrays = {"rows": np.array(self.rows)}
        variables = self._variables(self.model)
        arrays |= {f"now{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(variables)}
        arrays |= {f"best{i}": w for i, w in enumerate(self.best)}
        with files.replacing(self.path) as path:
            files.save_arrays(path, arrays)

    def _restore(self, model: keras.Model) -> None:
        model.optimizer.build(model.trainable_variables)
        with np.load(self.path, allow_pickle=False) as stored:
            self.rows = [tuple(row) for row in stored["rows"]]
            for i, variable in enumerate(self._variables(model)):
                variable.assign(stored[f"now{i}"])
            self.best = [stored[f"best{i}"] for i in range(len(self.best))]
