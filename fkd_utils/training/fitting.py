"""One call that trains, stores, finds again and resumes: `fit`, with the look of Keras's own.

A run lives in a folder named after the hash of what decided it. Asked for again, it is found
instead of trained; killed, it goes on after the last epoch it had saved. Chapter 03 does the same
training in plain Keras and compares.
"""

import collections.abc
import contextlib
import dataclasses
import hashlib
import importlib
import itertools
import json
import numbers
import pathlib
import random
import re
import typing
import weakref

import keras
import numpy as np
import pandas as pd

from fkd_utils import faces, files
from fkd_utils.data import splits
from fkd_utils.evaluation import metrics
from fkd_utils.files import InputError
from fkd_utils.training import batches, checkpoint, naming

FORMAT = 3  # of what a run stores; runs of an older format are trained anew
NETWORK, WEIGHTS, STATE = "network.json", "weights.npz", "state.npz"
RECIPE, HISTORY = "recipe.json", "history.csv"
_BESIDE = ("title", "data", "faces", "digest")  # in recipe.json, and not in the run's name
MOVE = "set the variable FKD_RUNS to a folder of your own"
_AGAIN = "run its chapter again, which makes it anew"
# The settings a model was last trained with, and their hash once its weights had changed: by it the
# cell that is run again, after the training or after a stop, is known.
_LEFT: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished training: what decided it, its history and its best weights.

    settings: as recipe.json stores them. history: one row an epoch, columns epoch (from 1), loss,
    val_loss (what the network is compiled with), val_mse (the course's measure, see
    `evaluation.mse`), seconds, and the validation MSE of each keypoint under its name. loss is the
    mean over the batches of the epoch while the weights still move, with dropout on. folder: None
    for a run that is not stored, whose network is `unstored`.
    """

    folder: pathlib.Path | None
    settings: dict[str, typing.Any]
    history: pd.DataFrame
    unstored: keras.Model | None = None

    @property
    def name(self) -> str:
        """The folder's name, or the network's."""
        return self.folder.name if self.folder else self.unstored.name

    @property
    def epochs(self) -> int:
        """How many epochs were asked for; a callback may have ended the training before."""
        return self.settings["epochs"]

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) with the lowest validation MSE.

        Raises InputError when no epoch has one that is a number.
        """
        if not self.history.val_mse.notna().any():
            raise InputError(
                f"{self.name}: no validation loss is a number, the training went astray; "
                "choose a lower learning rate"
            )
        return int(self.history.loc[self.history.val_mse.idxmin(), "epoch"])

    def at_best(self) -> pd.Series:
        """The history's row of the best epoch."""
        return self.history.loc[self.history.epoch == self.best_epoch].iloc[0]

    def model(self) -> keras.Model:
        """The network with the weights of the best epoch, compiled as it was trained."""
        return self.unstored if self.folder is None else load_network(self.folder)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Keypoints of uint8 images (n, 96, 96): (n, 15, 2) float32, pixels."""
        return predict(self.model(), images)

    def measures(self, part: faces.Faces) -> dict[str, float]:
        """mse, rmse_px, mean_px and nme of the best epoch's network on `part`."""
        return metrics.measures(part.keypoints, self.predict(part.images))


def fit(
    model: keras.Model,
    data: splits.Splits,
    epochs: int,
    batch_size: int | collections.abc.Sequence[int] = 64,
    steps_per_epoch: int | None = None,
    seed: int = 0,
    augment: batches.Augment | None = None,
    half_complete: bool = False,
    callbacks: collections.abc.Sequence[keras.callbacks.Callback] = (),
    store: pathlib.Path | None = None,
) -> Run:
    """Train a compiled model on data.train, with data.validation watched after every epoch.

    model: 30 targets from pictures (n, 96, 96, 1) in [0, 1]; afterwards it is as after the last
    epoch, whether the run was trained, found or resumed. batch_size: one number, or one for each
    epoch. steps_per_epoch: None for every face once an epoch, in an order that the seed and the
    epoch decide; else so many batches drawn at random. augment: a function of `augment` that
    changes every batch anew. half_complete: half of every random batch are fully labelled faces.
    callbacks: EarlyStopping and ReduceLROnPlateau count on after a stop; a schedule of the rate
    belongs to the optimiser. store: folder of runs, data/runs by default ($FKD_RUNS moves it).

    The run is stored under the hash of all that decided it: layers, start weights, optimiser, loss,
    faces and these arguments. A second process that asks for the same run waits for the first. What
    holds code from outside keras and fkd_utils is trained and not stored, and a line says so.
    Raises InputError for arguments that cannot be, for a model that is not compiled or answers
    something else, and when the disk is full.
    """
    recipe = _recipe(epochs, batch_size, steps_per_epoch, seed, augment, half_complete)
    callbacks = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else list(callbacks)
    _check(model, data, recipe)
    training = _Training(model, recipe, callbacks, data)
    try:
        settings = describe(model, recipe, callbacks, data)
    except naming.Undescribed as reason:
        print(f"trained, not stored: {reason}")
        return _unstored(training)
    return _stored(training, settings, pathlib.Path(store or default_store()))


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Keypoints of uint8 images (n, 96, 96) from a network with 30 outputs: (n, 15, 2) pixels."""
    return faces.to_pixels(checkpoint.outputs_of(model, checkpoint.inputs_of(model, images)))


default_store = files.runs  # what chapters call it


def describe(
    model: keras.Model,
    recipe: batches.Recipe,
    callbacks: collections.abc.Sequence[keras.callbacks.Callback],
    data: splits.Splits,
) -> dict[str, typing.Any]:
    """Everything that decides a training, as it is stored and makes the run's name.

    Raises naming.Undescribed for code from elsewhere.
    """
    return {
        "network": naming.of_network(model),
        "start": naming.of_state(checkpoint.variables_of(model)),
        "epochs": recipe.epochs,
        "batch_size": _short(recipe.batch_size),
        "steps_per_epoch": recipe.steps,
        "seed": recipe.seed,
        "augment": naming.of_function(recipe.augment),
        "half_complete": recipe.half_complete,
        "callbacks": [naming.of_callback(callback) for callback in callbacks],
        "fingerprint": data.fingerprint(),
        "precision": keras.config.dtype_policy().name,
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "format": FORMAT,
    }


def folder_of(settings: dict[str, typing.Any], title: str, store: pathlib.Path) -> pathlib.Path:
    """Where a run lies, or will: what the network is called, then twelve digits of a hash.

    A run that was stored under another title is the same run.
    """
    digest = naming.of_all(settings)
    plain = re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"_[0-9]+$", "", title))
    return next(iter(sorted(store.glob(f"*-{digest}/"))), store / f"{plain}-{digest}")


def load(folder: pathlib.Path) -> Run:
    """The finished run stored in `folder`; InputError where that is not, or no longer, whole."""
    settings = settings_of(folder)
    history = files.stored(_read_history, folder)
    if history is None:
        raise InputError(f"{folder}: its {HISTORY} is missing or damaged; {_AGAIN}")
    return Run(folder, settings, history)


def settings_of(folder: pathlib.Path) -> dict[str, typing.Any]:
    """What decided the run in `folder`, finished or not, as recipe.json stores it.

    Raises InputError where that is missing, damaged or of an older format.
    """
    settings = files.stored(files.read_json, folder / RECIPE)
    if settings is None:
        raise InputError(f"{folder}: its {RECIPE} is missing or damaged; {_AGAIN}")
    if settings.get("format") != FORMAT:
        raise InputError(f"{folder}: stored by another version of the course; {_AGAIN}")
    if not _is_of(settings, folder) or "data" not in settings:
        raise InputError(f"{folder}: its {RECIPE} is damaged; {_AGAIN}")
    return settings


def _is_of(settings: dict[str, typing.Any], folder: pathlib.Path) -> bool:
    """Whether these settings give the folder's name."""
    named = {name: value for name, value in settings.items() if name not in _BESIDE}
    return folder.name.endswith(f"-{naming.of_all(named)}")


def _read_history(folder: pathlib.Path) -> pd.DataFrame:
    """A finished run's; from the saved state, which has checksums, wherever that is whole."""
    (folder / HISTORY).stat()  # raises while the run has not ended
    rows = files.stored(checkpoint.stored_history, folder / STATE)
    if rows is None:
        rows = files.read_table(folder / HISTORY).astype({"epoch": int, "val_mse": float})
    return rows


def load_network(folder: pathlib.Path) -> keras.Model:
    """The network of a stored run, or of one that comes with the course, at its best epoch.

    Raises InputError where its files are missing or damaged.
    """
    try:
        weights = files.read_arrays(folder / WEIGHTS)
        model = _network(folder)
        model.set_weights([weights[str(i)] for i in range(len(weights))])
    except files.DAMAGED as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{folder}: these are not the files of a network of this course ({reason}); restore "
            "the folder, or run its chapter again"
        ) from error
    return model


def _network(folder: pathlib.Path) -> keras.Model:
    """The network of a run as it is built; raises one of `files.DAMAGED`."""
    text = (folder / NETWORK).read_text(encoding="utf-8")
    recipe = files.stored(files.read_json, folder / RECIPE) or {}
    if recipe.get("digest", _digest(text)) != _digest(text):
        raise ValueError(f"{NETWORK} is damaged")
    importlib.import_module("fkd_utils.models")  # registers the course's own layers and losses
    with _same_chance():
        return keras.models.model_from_json(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def resume(folder: pathlib.Path, data: splits.Splits) -> Run:
    """Finish the run in `folder` that was stopped, on the faces it was started with.

    Raises InputError where what it needs is lost, and for a folder that cannot be written.
    """
    settings = settings_of(folder)
    if files.stored(_read_history, folder) is not None and files.stored(
        files.read_arrays, folder / WEIGHTS
    ):
        return load(folder)
    model = files.stored(_network, folder)
    if model is None:
        raise InputError(f"{folder}: its {NETWORK} is missing or damaged; {_AGAIN}")
    sizes = batch_sizes(settings)
    recipe = batches.Recipe(
        sizes,
        settings["steps_per_epoch"],
        settings["seed"],
        _function(settings["augment"]),
        settings["half_complete"],
    )
    callbacks = [_callback(config) for config in settings["callbacks"]]
    _finish(_Training(model, recipe, callbacks, data), settings, folder, fresh=False)
    return load(folder)


def batch_sizes(settings: dict[str, typing.Any]) -> tuple[int, ...]:
    """Faces a step in each epoch of a stored run."""
    stored = settings["batch_size"]
    if isinstance(stored, int):
        return (stored,) * settings["epochs"]
    return tuple(size for size, count in stored for _ in range(count))


def _recipe(
    epochs: int,
    batch_size: int | collections.abc.Sequence[int],
    steps_per_epoch: int | None,
    seed: int,
    augment: batches.Augment | None,
    half_complete: bool,
) -> batches.Recipe:
    """What the arguments of `fit` ask for; InputError says which of them cannot be."""
    epochs = _whole("epochs", epochs)
    sizes = batch_size if np.iterable(batch_size) else [batch_size] * epochs
    sizes = tuple(_whole("batch_size", size) for size in sizes)[:epochs]
    steps = None if steps_per_epoch is None else _whole("steps_per_epoch", steps_per_epoch)
    if len(sizes) < epochs:
        raise InputError(
            f"batch_size has {len(sizes)} numbers; give one for each of {epochs} epochs"
        )
    if steps is None and (half_complete or len(set(sizes)) > 1):
        raise InputError(
            "batches that change their size or are half complete are drawn at random; say how many "
            "an epoch has, such as steps_per_epoch=30"
        )
    return batches.Recipe(sizes, steps, _whole("seed", seed, 0), augment, half_complete)


def _whole(name: str, value: object, least: int = 1) -> int:
    if not isinstance(value, numbers.Integral) or value < least:
        raise InputError(f"{name} is {value!r}; give a whole number, at least {least}")
    return int(value)


def _check(model: keras.Model, data: splits.Splits, recipe: batches.Recipe) -> None:
    if not isinstance(data, splits.Splits):
        raise InputError(
            f"fit needs the three parts, as data.load gives them, not a {type(data).__name__}"
        )
    if not model.compiled or model.optimizer is None or model.loss is None:
        raise InputError(
            f"the model {model.name!r} is not compiled; call model.compile(optimizer, loss) first"
        )
    if not model.built:
        model.build((None, faces.SIDE, faces.SIDE, 1))
    wanted = 2 * data.train.keypoints.shape[1]
    shapes = [tensor.shape for tensor in getattr(model, "inputs", ())[:1]]
    if any(side not in (None, 1, faces.SIDE) for shape in shapes for side in shape[1:]):
        raise InputError(
            f"the model {model.name!r} takes {shapes[0][1:]}; it must take ({faces.SIDE}, "
            f"{faces.SIDE}, 1)"
        )
    answer = _answer(model)
    if answer != (None, wanted):
        raise InputError(
            f"the model {model.name!r} answers {answer}; it must answer (None, {wanted}): "
            f"x and y of {wanted // 2} keypoints"
        )
    if recipe.steps_of(len(data.train)) % model.steps_per_execution:
        raise InputError(
            f"an epoch has {recipe.steps_of(len(data.train))} batches, which steps_per_execution="
            f"{model.steps_per_execution} does not divide; compile without it"
        )
    known = {id(variable) for variable in model.optimizer._trainable_variables}
    if model.optimizer.built and not known.issuperset(map(id, model.trainable_variables)):
        raise InputError(
            f"the optimizer of {model.name!r} was made for other weights; call model.compile with "
            "a new one"
        )


def _answer(model: keras.Model) -> tuple[int | None, ...]:
    """The shape of a network's answer; a class of the reader's own has to be asked."""
    try:
        return model.output_shape
    except AttributeError:
        one = np.zeros((1, faces.SIDE, faces.SIDE, 1), np.float32)
        return (None, *model(one).shape[1:])


class _Training(typing.NamedTuple):
    """What is trained, how, watched by what, on which faces."""

    model: keras.Model
    recipe: batches.Recipe
    callbacks: collections.abc.Sequence[keras.callbacks.Callback]
    data: splits.Splits


def _stored(training: _Training, settings: dict[str, typing.Any], store: pathlib.Path) -> Run:
    model = training.model
    left = _LEFT.get(model)
    again = left is not None and left["after"] == naming.of_all(settings)
    if again:
        settings = left["before"]  # nothing but this very training came between
    folder = folder_of(settings, model.name, store)
    try:
        _finish(training, settings, folder, fresh=not again)
    finally:
        changed = {
            "network": naming.of_network(model),
            "start": naming.of_state(checkpoint.variables_of(model)),
        }
        _LEFT[model] = {"before": settings, "after": naming.of_all(settings | changed)}
    return load(folder)


def _finish(
    training: _Training, settings: dict[str, typing.Any], folder: pathlib.Path, fresh: bool
) -> None:
    """Train the run in `folder` to its end from where it stands, and make again what it has lost.

    Of a run that is whole nothing is written, not even a lock: it may be another account's.
    fresh: the model is as at the start. Raises InputError where neither it nor the folder is.
    """
    model, recipe, callbacks, data = training
    keeper = checkpoint.Keeper(folder / STATE, model, data.validation, recipe.epochs)
    if not _is_whole(folder, settings, keeper):
        with files.locked(folder.with_suffix(".lock"), MOVE):
            keeper.restore()  # another process may have trained while this one waited
            if not _is_whole(folder, settings, keeper):
                if not (fresh or keeper.restored):
                    raise InputError(
                        f"{folder}: its {STATE} is missing or damaged, and with it the start; "
                        "run the chapter again, or the cell that builds the network and this one"
                    )
                if not _is_described(folder, settings):
                    _write_settings(folder, model, settings, data)
                _train(training, folder, keeper)
    keeper.hand_back(callbacks)


def _is_whole(folder: pathlib.Path, settings: dict, keeper: checkpoint.Keeper) -> bool:
    """Whether all files of a run are there, and say what its last state does."""
    if not (keeper.restored and keeper.finished and _is_described(folder, settings)):
        return False
    history = files.stored(files.read_table, folder / HISTORY)
    weights = files.stored(files.read_arrays, folder / WEIGHTS) or {}
    rows = keeper.history()
    return (
        history is not None
        and list(history) == list(rows)
        and all(pd.api.types.is_numeric_dtype(kind) for kind in history.dtypes)
        and history.shape == rows.shape
        and np.allclose(history, rows, 1e-6, equal_nan=True)
        and {name: array.tobytes() for name, array in weights.items()}
        == {str(i): array.tobytes() for i, array in enumerate(keeper.best)}
    )


def _is_described(folder: pathlib.Path, settings: dict[str, typing.Any]) -> bool:
    """Whether recipe.json and network.json are there and hold these settings."""
    try:
        found, text = settings_of(folder), (folder / NETWORK).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return _is_of(settings, folder) and found.get("digest") == _digest(text)


def _write_settings(
    folder: pathlib.Path, model: keras.Model, settings: dict, data: splits.Splits
) -> None:
    """Store what a run was asked to do, so that it can be shown and resumed."""
    network = model.to_json()
    content = settings | {
        "title": model.name,
        "data": dataclasses.asdict(data.source),
        "faces": {"train": len(data.train), "validation": len(data.validation)},
        "digest": _digest(network),
    }
    files.write_text(folder / NETWORK, network)
    files.write_text(folder / RECIPE, json.dumps(content, indent=1) + "\n")


def _train(training: _Training, folder: pathlib.Path, keeper: checkpoint.Keeper) -> None:
    """Train to the end; leaves weights, the last state, and history.csv, which marks the end."""
    if not keeper.finished:  # its end was lost, and others are not to take it for one
        with files.writing(folder / HISTORY, "move it away"):
            (folder / HISTORY).unlink(missing_ok=True)
    if not keeper.restored:
        keeper.save()  # the start: a run that is stopped early can be resumed without its cell
    _run(training, keeper)
    keeper.save()
    with files.replacing(folder / WEIGHTS) as path:
        files.save_arrays(path, {str(i): w for i, w in enumerate(keeper.best)})
    files.write_text(folder / HISTORY, keeper.history().to_csv(index=False))


def _run(training: _Training, keeper: checkpoint.Keeper) -> None:
    model, recipe, callbacks, data = training
    if keeper.finished:  # but for what Keras does last: the optimiser's averages take the place
        model.optimizer.finalize_variable_values(model.trainable_variables)
        keeper.hand_back(callbacks)
        return
    # Keras has made them of the layers as they were; one may be frozen by now.
    model.train_function = model.predict_function = None
    told = len(getattr(model, "inputs", ())) > 1
    endless = batches.Batches(data.train, recipe, keeper.epoch, told)
    model.fit(
        batches.feed(endless),
        steps_per_epoch=endless.steps,
        shuffle=False,
        initial_epoch=keeper.epoch,
        epochs=recipe.epochs,
        callbacks=[keeper, *callbacks, checkpoint.Saver(keeper, callbacks)],
        verbose=0,
    )


def _unstored(training: _Training) -> Run:
    model, recipe, _, data = training
    keeper = checkpoint.Keeper(None, model, data.validation, recipe.epochs)
    _run(training, keeper)
    best = _twin(model, keeper.best)
    return Run(None, {"epochs": recipe.epochs}, keeper.history(), best)


def _twin(model: keras.Model, weights: list[np.ndarray]) -> keras.Model:
    """A network with layers of its own and these weights.

    Of a class that cannot be copied it is the model itself.
    """
    try:
        with _same_chance(), keras.saving.custom_object_scope(naming.outside(model)):
            twin = type(model).from_config(model.get_config())
        if not twin.built:
            twin.build((None, faces.SIDE, faces.SIDE, 1))
        twin.set_weights(weights)
    except (ValueError, TypeError, NotImplementedError):
        print(f"{model.name} cannot be copied: it now has the weights of its best epoch")
        twin = model
        twin.set_weights(weights)
    else:
        twin.compile(model.optimizer, loss=model.loss)
    return twin


@contextlib.contextmanager
def _same_chance() -> collections.abc.Iterator[None]:
    """Draws nothing from the random numbers that the page's next network starts from."""
    kept, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(kept)
        np.random.set_state(numbers)  # noqa: NPY002


def _short(sizes: tuple[int, ...]) -> int | list[list[int]]:
    """Batch sizes as they are stored: one number, or [size, epochs] in turn."""
    runs = [[size, len(list(same))] for size, same in itertools.groupby(sizes)]
    return sizes[0] if len(runs) == 1 else runs


def _function(stored: str | None) -> batches.Augment | None:
    if stored is None:
        return None
    module, name = stored.split("@")[0].split(":")
    return getattr(importlib.import_module(module), name)


def _callback(config: dict[str, typing.Any]) -> keras.callbacks.Callback:
    values = {name: value for name, value in config.items() if name != "class"}
    return getattr(keras.callbacks, config["class"])(**values)
