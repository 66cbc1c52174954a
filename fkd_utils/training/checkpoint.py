"""What watches a training: validation, the best weights, and all that a stopped run needs."""

import collections.abc
import contextlib
import pathlib
import time
import typing

import keras
import numpy as np
import pandas as pd

from fkd_utils import console, faces, files
from fkd_utils.evaluation import metrics

if typing.TYPE_CHECKING:
    from fkd_utils.training import fitting

CHECKPOINT_SECONDS = 15.0  # a killed run loses at most about this much work


class Keeper(keras.callbacks.Callback):
    """Watches the validation faces, keeps the best weights, saves what a resumed run needs.

    network: answers pictures with 30 targets; it is validated and kept. trained: what `fit` is
    called on, `network` itself or a model around it that shares its weights.
    """

    def __init__(
        self,
        path: pathlib.Path,
        recipe: "fitting.Recipe",
        network: keras.Model,
        trained: keras.Model,
        held: faces.Faces,
    ) -> None:
        super().__init__()
        self.path, self.recipe, self.network, self.held = path, recipe, network, held
        # Made once: turning 8-bit pictures into inputs anew every epoch is wasted time.
        self.inputs = faces.to_inputs(held.images)
        self.rows: list[tuple[float, ...]] = []
        self.best: list[np.ndarray] = network.get_weights()
        self.line = console.ProgressLine()
        self.saved = self.started = time.monotonic()
        if path.exists():
            self._restore(trained)
        self.epoch = len(self.rows)  # epochs already done

    def losses(self) -> list[float]:
        """The validation loss of every epoch so far."""
        return [row[2] for row in self.rows]

    def history(self) -> pd.DataFrame:
        """One row an epoch."""
        columns = ["epoch", "loss", "val_loss", "seconds", *faces.KEYPOINTS]
        table = pd.DataFrame(self.rows, columns=columns)
        return table.astype({"epoch": int})

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.monotonic()
        if self.recipe.halve_after:
            self.model.optimizer.learning_rate = self.recipe.rate_after(self.losses())

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        with self._averages():
            val_loss, of_keypoints = self._validate()
            if not self.rows or val_loss < min(self.losses()):
                self.best = self.network.get_weights()
        now = time.monotonic()
        self.rows.append((epoch + 1, logs["loss"], val_loss, now - self.started, *of_keypoints))
        self.model.stop_training = self.recipe.ends_after(self.losses())
        if now - self.saved > CHECKPOINT_SECONDS:
            self._save()
            self.saved = now
        self.line.update(self._text())

    def on_train_end(self, logs: dict | None = None) -> None:
        self.line.done(self._text())

    @contextlib.contextmanager
    def _averages(self) -> collections.abc.Iterator[None]:
        """The running means in place of the weights for the block, if the recipe has them."""
        if not self.recipe.averaged:
            yield
            return
        variables = self.model.trainable_variables
        live = [keras.ops.convert_to_numpy(variable) for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)
        yield
        for variable, value in zip(variables, live, strict=True):
            variable.assign(value)

    def _validate(self) -> tuple[float, np.ndarray]:
        """Validation MSE of all labelled coordinates, and of each keypoint."""
        parts_of = range(0, len(self.inputs), 256)
        outputs = [self.network.predict_on_batch(self.inputs[i : i + 256]) for i in parts_of]
        truth, found = self.held.keypoints, faces.to_pixels(np.concatenate(outputs))
        return metrics.mse(truth, found), metrics.keypoint_mse(truth, found)

    def _text(self) -> str:
        epoch, loss, val_loss = self.rows[-1][:3]
        loss_name = "MSE" if self.recipe.loss in (None, "mse") else "loss"
        left = (self.recipe.epochs - epoch) * np.median([row[3] for row in self.rows[-20:]])
        return (
            f"{self.recipe.model}: epoch {epoch:.0f} of {self.recipe.epochs}, "
            f"training {loss_name} {loss:.5f}, validation MSE {val_loss:.5f}, {left:.0f} s left"
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
