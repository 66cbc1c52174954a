"""What decided a training, and the name that follows from it.

A run's name is a hash of everything that decides its numbers. Two networks that differ in nothing
but the names of their layers have one name: `adam_1` and `conv2d_3` say only what was built before.
Code has no configuration that tells it apart: a network, loss or callback that holds any from
outside keras and fkd_utils is not described, see `Undescribed`.
"""

import collections.abc
import functools
import hashlib
import json
import sys
import types
import typing

import keras
import numpy as np

from fkd_utils.files import InputError

# Attributes of the callbacks that a resumed run can take up; see `checkpoint`.
CALLBACKS = {
    keras.callbacks.EarlyStopping: (
        "monitor",
        "min_delta",
        "patience",
        "mode",
        "baseline",
        "start_from_epoch",
    ),
    keras.callbacks.ReduceLROnPlateau: (
        "monitor",
        "factor",
        "patience",
        "mode",
        "min_delta",
        "cooldown",
        "min_lr",
    ),
    keras.callbacks.LearningRateScheduler: ("schedule",),
}
_REFERENCES = ("keras_history", "input_layers", "output_layers")
_OURS = "fkd_utils"


class Undescribed(Exception):
    """Something that decides a training cannot be written down; the message names it."""


def of_network(model: keras.Model) -> dict[str, typing.Any]:
    """Layers and how the model is compiled, named by position.

    Raises Undescribed for code from elsewhere, InputError for a model that is not compiled.
    """
    if not model.compiled:
        raise InputError(
            f"the model {model.name!r} is not compiled; call model.compile(optimizer, loss) first"
        )
    _refuse_functions(model)
    layers = keras.saving.serialize_keras_object(model)
    layers.pop("compile_config", None)
    compiled = model.get_compile_config() or {}
    for what, config in (("network", layers), ("compile", compiled)):
        _refuse_outside(config, what)
    names: dict[str, str] = {}
    layers, compiled = (_by_position(config, names) for config in (layers, compiled))
    ours = sorted(_versions(model, compiled).items())
    return {"layers": layers, "compile": compiled, "versions": dict(ours)}


def of_callback(callback: keras.callbacks.Callback) -> dict[str, typing.Any]:
    """A callback that can be resumed, by its class and arguments; else raises Undescribed."""
    arguments = CALLBACKS.get(type(callback))
    name = type(callback).__name__
    if arguments is None:
        raise Undescribed(f"the callback {name} cannot be taken up again after a stop")
    if getattr(callback, "restore_best_weights", False):
        raise Undescribed(f"{name}(restore_best_weights=True): the run keeps its best weights")
    values = {argument: getattr(callback, argument) for argument in arguments}
    if "min_delta" in values:  # Keras turns its sign once the training has begun
        values["min_delta"] = abs(values["min_delta"])
    if "schedule" in values:
        if not isinstance(values["schedule"], keras.optimizers.schedules.LearningRateSchedule):
            raise Undescribed(f"{name} holds a function")
        values["schedule"] = keras.saving.serialize_keras_object(values["schedule"])
        _refuse_outside(values["schedule"], name)
    return {"class": name, **values}


def of_function(function: collections.abc.Callable | None) -> str | None:
    """A function of fkd_utils by module, name and version; raises Undescribed for any other."""
    if function is None:
        return None
    if not _is_ours(function):
        name = getattr(function, "__qualname__", type(function).__name__)
        raise Undescribed(f"{name} is not from {_OURS}")
    return f"{function.__module__}:{function.__qualname__}@{_version(function.__module__)}"


def of_state(variables: collections.abc.Iterable[keras.Variable]) -> str:
    """Sixteen hex digits of the values of a network's and its optimiser's variables."""
    digest = hashlib.sha256()
    for variable in variables:
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(variable))
        digest.update(repr((value.shape, value.dtype.str)).encode())
        digest.update(value.data if value.ndim else value.tobytes())
    return digest.hexdigest()[:16]


def of_all(settings: dict[str, typing.Any]) -> str:
    """Twelve hex digits of everything that decided a training."""
    text = json.dumps(settings, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def outside(model: keras.Model) -> dict[str, typing.Any]:
    """The classes and functions by name that a model holds and neither keras nor fkd_utils knows."""
    held = [type(layer) for layer in _parts(model)] + _losses(model)
    return {h.__name__: h for h in held if hasattr(h, "__name__") and not _is_known(h.__module__)}


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else repr(value)


def _is_ours(thing: object) -> bool:
    return (getattr(thing, "__module__", None) or "").split(".")[0] == _OURS


def _is_known(module: str | None) -> bool:
    return (module or "").split(".")[0] in ("keras", _OURS)


def _version(module: str) -> int:
    return getattr(sys.modules[module], "VERSION", 1)


def _parts(model: keras.Model) -> list[keras.layers.Layer]:
    """The model and all that is inside it."""
    return list(model._flatten_layers(include_self=True, recursive=True))


def _versions(model: keras.Model, compiled: dict) -> dict[str, int]:
    """The versions of fkd_utils' own code that a model holds, by module."""
    used = {type(layer).__module__ for layer in _parts(model)}
    used |= {loss.__module__ for loss in _losses(model)}
    return {module: _version(module) for module in used if module.split(".")[0] == _OURS}


def _losses(model: keras.Model) -> list:
    """The losses and metrics of a compiled model that are functions or objects, not words."""
    metrics = getattr(model._compile_metrics, "_user_metrics", None)
    given = keras.tree.flatten([model.loss, metrics])
    return [one for one in given if one is not None and not isinstance(one, str | float | int)]


def _refuse_functions(model: keras.Model) -> None:
    for layer in _parts(model):
        if not _is_known(type(layer).__module__):
            raise Undescribed(f"the layer {type(layer).__name__} is not from keras or {_OURS}")
        for value in () if layer is model else vars(layer).values():
            if _is_outside_function(value):
                raise Undescribed(f"the layer {layer.name} holds a function of the notebook")
    for loss in _losses(model):
        if not _is_known(getattr(loss, "__module__", None)) or _is_outside_function(loss):
            name = getattr(loss, "__name__", type(loss).__name__)
            raise Undescribed(f"the loss or metric {name} is not from keras or {_OURS}")


def _is_outside_function(value: object) -> bool:
    if isinstance(value, functools.partial):
        return True
    return isinstance(value, types.FunctionType) and not _is_known(value.__module__)


def _refuse_outside(config: object, what: str) -> None:
    """Raise Undescribed when a configuration names a class from elsewhere, or holds a lambda."""
    if isinstance(config, list | tuple):
        for value in config:
            _refuse_outside(value, what)
    if not isinstance(config, dict):
        return
    kind, module = config.get("class_name"), config.get("module")
    if kind == "__lambda__":
        raise Undescribed(f"the {what} holds a lambda")
    if kind and module and module != "builtins" and not _is_known(module):
        raise Undescribed(f"the {what} holds {kind}, which is not from keras or {_OURS}")
    for value in config.values():
        _refuse_outside(value, what)


def _by_position(config: object, names: dict[str, str], key: str = "") -> object:
    """A configuration with every layer's and optimiser's name replaced by its place."""
    if isinstance(config, dict):
        # A loss can be told by the name of its output.
        keyed = key in ("loss", "metrics", "loss_weights", "weighted_metrics")
        return {
            names.get(k, k) if keyed else k: _by_position(value, names, k)
            for k, value in config.items()
        }
    if isinstance(config, list | tuple):
        return [_by_position(value, names, key) for value in config]
    if isinstance(config, str) and key == "name":
        return names.setdefault(config, f"n{len(names)}")
    if isinstance(config, str) and key in _REFERENCES:
        return names.get(config, config)
    return config
