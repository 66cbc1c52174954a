"""What watches a training: validation, the best weights, and all that a stopped run needs."""

import collections.abc
import contextlib
import json
import pathlib
import time
import typing

import keras
import numpy as np
import pandas as pd

from fkd_utils import console, faces, files
from fkd_utils.evaluation import metrics

CHECKPOINT_SECONDS = 15.0  # a killed run loses at most about this much work


class Keeper(keras.callbacks.Callback):
    """Watches the validation faces and keeps the best weights; saves the state of a training.

    path: of the file that a stopped training goes on from, None when nothing is kept. Stands first
    among the callbacks, so that the others find its val_loss; `Saver` stands last.
    """

    def __init__(
        self, path: pathlib.Path | None, model: keras.Model, held: faces.Faces, epochs: int
    ) -> None:
        super().__init__()
        self.path, self.model_, self.held, self.epochs = path, model, held, epochs
        # Made once: turning 8-bit pictures into inputs anew every epoch is wasted time.
        self.inputs, self.targets = inputs_of(model, held.images), faces.to_targets(held.keypoints)
        self.rows: list[tuple[float, ...]] = []
        self.best: list[np.ndarray] = model.get_weights()
        self.callbacks: list[dict[str, float]] = []  # the state of the reader's own
        self.line = console.ProgressLine()
        self.started = time.monotonic()
        self.stopped = False  # by a callback, before its last epoch
        self.restored = False  # from what a training that was stopped, or has ended, has saved
        if path is not None:
            self.restore()

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.rows)

    @property
    def finished(self) -> bool:
        """Whether no epoch follows."""
        return self.stopped or self.epoch >= self.epochs

    def history(self) -> pd.DataFrame:
        """One row an epoch."""
        return _table(self.rows)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        with self._averages():
            val_loss, val_mse, of_keypoints = self._validate()
            if not self.rows or val_mse < min(row[3] for row in self.rows):
                self.best = self.model.get_weights()
        logs |= {"val_loss": val_loss, "val_mse": val_mse}
        seconds = time.monotonic() - self.started
        self.rows.append((epoch + 1, logs["loss"], val_loss, val_mse, seconds, *of_keypoints))
        self.line.update(self._text())

    def on_train_end(self, logs: dict | None = None) -> None:
        self.line.done(self._text())

    @contextlib.contextmanager
    def _averages(self) -> collections.abc.Iterator[None]:
        """The running means in place of the weights for the block, if the optimiser has them."""
        optimizer = self.model.optimizer  # with scaled losses it is inside another
        if not getattr(optimizer, "inner_optimizer", optimizer).use_ema:
            yield
            return
        variables = self.model.trainable_variables
        live = [keras.ops.convert_to_numpy(variable) for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)
        yield
        for variable, value in zip(variables, live, strict=True):
            variable.assign(value)

    def _validate(self) -> tuple[float, float, np.ndarray]:
        """The compiled loss on the validation faces, their MSE, and that of each keypoint."""
        outputs = outputs_of(self.model, self.inputs)
        if any(layer._losses for layer in self.model._flatten_layers()):
            # What a layer adds to the loss on the way is known to Keras's own step alone.
            loss = self.model.evaluate(self.inputs, self.targets, 256, verbose=0, return_dict=True)
            loss = loss["loss"]
        else:
            answers = keras.ops.convert_to_tensor(outputs)
            loss = self.model.compute_loss(y=self.targets, y_pred=answers)
        truth, found = self.held.keypoints, faces.to_pixels(outputs)
        mse, of_keypoints = metrics.mse(truth, found), metrics.keypoint_mse(truth, found)
        return float(keras.ops.convert_to_numpy(loss)), mse, of_keypoints

    def _text(self) -> str:
        epoch, loss, _, val_mse = self.rows[-1][:4]
        name = "MSE" if self.model.loss in ("mse", "mean_squared_error") else "loss"
        left = (self.epochs - epoch) * np.median([row[4] for row in self.rows[-20:]])
        return (
            f"{self.model.name}: epoch {epoch:.0f} of {self.epochs}, "
            f"training {name} {loss:.5f}, validation MSE {val_mse:.5f}, {left:.0f} s left"
        )

    def save(self) -> None:
        """Write all that a stopped training needs, or a found one is to have."""
        arrays = {"rows": np.array(self.rows), "stopped": np.array(self.stopped)}
        states = variables_of(self.model_)
        arrays |= {f"now{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(states)}
        arrays |= {f"best{i}": w for i, w in enumerate(self.best)}
        arrays["callbacks"] = np.array(json.dumps(self.callbacks))
        with files.replacing(self.path) as path:
            files.save_arrays(path, arrays)

    def hand_back(self, callbacks: collections.abc.Sequence[keras.callbacks.Callback]) -> None:
        """Tell the reader's callbacks what they had counted."""
        for callback, state in zip(callbacks, self.callbacks, strict=False):
            vars(callback).update(state)

    def restore(self) -> None:
        """Take up what is saved; what is missing, damaged or of an older format changes nothing."""
        self.restored = files.stored(self._restore, self.path) is not None

    def _restore(self, path: pathlib.Path) -> bool:
        arrays, variables = files.read_arrays(path), variables_of(self.model_)
        rows = _table(arrays["rows"]).to_numpy()
        best = [arrays[f"best{i}"] for i in range(len(self.best))]
        now = [arrays[f"now{i}"] for i in range(len(variables))]
        stopped, callbacks = bool(arrays["stopped"]), json.loads(str(arrays["callbacks"]))
        if [a.shape for a in (*best, *now)] != [tuple(v.shape) for v in (*self.best, *variables)]:
            raise ValueError(f"{path}: of another network")
        for variable, value in zip(variables, now, strict=True):
            variable.assign(value)
        self.rows, self.best = [tuple(row) for row in rows], best
        self.stopped, self.callbacks = stopped, callbacks
        return True


def stored_history(path: pathlib.Path) -> pd.DataFrame:
    """The history in a saved state; raises one of `files.DAMAGED` where that is not whole."""
    return _table(files.read_arrays(path, "rows")["rows"])


def _table(rows: collections.abc.Sequence) -> pd.DataFrame:
    """One row an epoch; of no row, too."""
    columns = ["epoch", "loss", "val_loss", "val_mse", "seconds", *faces.KEYPOINTS]
    values = np.asarray(rows, float).reshape(len(rows), len(columns))
    return pd.DataFrame(values, columns=columns).astype({"epoch": int})


class Saver(keras.callbacks.Callback):
    """Saves the state of a training now and then, the reader's callbacks' too; stands last."""

    def __init__(self, keeper: Keeper, others: collections.abc.Sequence) -> None:
        super().__init__()
        self.keeper, self.others, self.saved = keeper, others, time.monotonic()

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.keeper.hand_back(self.others)  # they have just forgotten it, in this very call

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.keeper.callbacks = [_numbers(callback) for callback in self.others]
        self.keeper.stopped = bool(self.model.stop_training)
        if self.keeper.path is None or time.monotonic() - self.saved <= CHECKPOINT_SECONDS:
            return
        self.keeper.save()
        self.saved = time.monotonic()


def variables_of(model: keras.Model) -> list:
    """All that a training changes: model.variables holds the dropout layers' random states, too."""
    if not model.optimizer.built:  # of scaled losses, building again would add variables
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def inputs_of(model: keras.Model, images: np.ndarray) -> typing.Any:
    """Pictures as a network's input; one that asks for the labeller is told the first."""
    pictures = faces.to_inputs(images)
    if len(getattr(model, "inputs", ())) < 2:  # a class of the reader's own may not have any
        return pictures
    return pictures, np.zeros((len(images), 1), np.float32)


def outputs_of(model: keras.Model, inputs: typing.Any) -> np.ndarray:
    """A network's answers, in batches of 256."""
    several = isinstance(inputs, tuple)
    count = len(inputs[0] if several else inputs)
    cuts = [slice(i, i + 256) for i in range(0, count, 256)]
    parts = (tuple(x[cut] for x in inputs) if several else inputs[cut] for cut in cuts)
    return np.concatenate([model.predict_on_batch(part) for part in parts])


def _numbers(callback: keras.callbacks.Callback) -> dict[str, float]:
    """What a callback counts, so that a resumed one counts on."""
    counted = ("wait", "best", "best_epoch", "cooldown_counter", "stopped_epoch")
    kept = {name: getattr(callback, name) for name in counted if hasattr(callback, name)}
    plain = (int, type(None))
    return {name: v if isinstance(v, plain) else float(v) for name, v in kept.items()}
