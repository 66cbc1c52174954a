"""What decided a training, and the name that follows from it.

A run's name is a hash of everything that decides its numbers. Two networks that differ in nothing
but the names of their layers have one name: `adam_1` and `conv2d_3` say only what was built before.
Code has no configuration that tells it apart: a network, loss or callback that holds any from
outside keras and fkd_utils is not described, see `Undescribed`.
"""

import collections.abc
import hashlib
import json
import sys
import typing
import warnings

import keras
import numpy as np

from fkd_utils.files import InputError

# Attributes of the callbacks that a resumed run can take up; see `checkpoint`.
_BOTH = ("monitor", "min_delta", "patience", "mode")
CALLBACKS = {
    keras.callbacks.EarlyStopping: (*_BOTH, "baseline", "start_from_epoch"),
    keras.callbacks.ReduceLROnPlateau: (*_BOTH, "factor", "cooldown", "min_lr"),
}
_REFERENCES = ("keras_history", "input_layers", "output_layers")
_MADE = ("train_function", "test_function", "predict_function")  # by Keras, of the layers
_OURS = "fkd_utils"


class Undescribed(Exception):
    """Something that decides a training cannot be written down; the message names it."""


def of_network(model: keras.Model) -> dict[str, typing.Any]:
    """Layers and how the model is compiled, named by position.

    Raises Undescribed for code from elsewhere, InputError for a model without a loss.
    """
    functions = _functions(model)
    try:
        with warnings.catch_warnings(action="ignore"):  # Keras's own, of a lambda that is in it
            layers = keras.saving.serialize_keras_object(model)
            layers.pop("compile_config", None)
            compiled = model.get_compile_config() | {
                "optimizer": keras.saving.serialize_keras_object(model.optimizer)
            }
    except (AttributeError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise Undescribed(f"Keras cannot write it down, {reason}") from error
    if compiled["loss"] is None:  # Keras goes on with that of the last compile, if there was one
        raise InputError(f"the model {model.name!r} is compiled without a loss; name one")
    for what, config in (("network", layers), ("compiled network", compiled)):
        _refuse_outside(config, what, functions)
    names: dict[str, str] = {}
    layers, compiled = (_by_position(config, names) for config in (layers, compiled))
    return {"layers": layers, "compile": compiled, "versions": _versions(model)}


def of_callback(callback: keras.callbacks.Callback) -> dict[str, typing.Any]:
    """A callback that can be resumed, by its class and arguments; else raises Undescribed."""
    arguments = CALLBACKS.get(type(callback))
    name = type(callback).__name__
    if arguments is None:
        raise Undescribed(f"the callback {name} cannot be taken up again after a stop")
    if getattr(callback, "restore_best_weights", False):
        raise Undescribed(
            f"{name}(restore_best_weights=True); leave it out, run.model() has the best weights"
        )
    values = {argument: getattr(callback, argument) for argument in arguments}
    # Keras turns its sign once the training has begun.
    return {"class": name, **values, "min_delta": abs(callback.min_delta)}


def of_function(function: collections.abc.Callable | None) -> str | None:
    """A function of fkd_utils by module, name and version; raises Undescribed for any other."""
    if function is None:
        return None
    name, module = getattr(function, "__qualname__", ""), getattr(function, "__module__", "")
    # Asked for by its name: one that another function made holds what that was called with.
    if _root(module) != _OURS or getattr(sys.modules[module], name, None) is not function:
        raise Undescribed(f"{name or type(function).__name__} is not a function of {_OURS}")
    return f"{function.__module__}:{function.__qualname__}@{_version(function.__module__)}"


def of_state(variables: collections.abc.Iterable[keras.Variable]) -> str:
    """Sixteen hex digits of the values of a network's and its optimiser's variables.

    Raises Undescribed for numbers that an .npz file does not hold.
    """
    digest = hashlib.sha256()
    for variable in variables:
        value = keras.ops.convert_to_numpy(variable)
        if value.dtype.kind == "V":
            raise Undescribed(f"the network holds {value.dtype} numbers")
        digest.update(repr((value.shape, value.dtype.str)).encode())
        digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def of_all(settings: dict[str, typing.Any]) -> str:
    """Twelve hex digits of everything that decided a training."""
    text = json.dumps(_even(settings), sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def outside(model: keras.Model) -> dict[str, typing.Any]:
    """The code by name that a model's layers hold and neither keras nor fkd_utils knows."""
    parts = _parts(model)
    held = [*map(type, parts), *(one for part in parts for one in vars(part).values())]
    named = [one for one in held if hasattr(one, "__name__")]
    return {one.__name__: one for one in named if not _is_known(one.__module__)}


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else repr(value)


def _even(value: object) -> object:
    """The same with 0 for 0.0: `Dropout(0)` and `Dropout(0.0)` train the same."""
    if isinstance(value, dict):
        return {key: _even(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_even(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _root(module: str | None) -> str:
    return (module or "").split(".")[0]


def _is_known(module: str | None) -> bool:
    return _root(module) in ("keras", _OURS)


def _version(module: str) -> int:
    return getattr(sys.modules[module], "VERSION", 1)


def _parts(model: keras.Model) -> list[keras.layers.Layer]:
    """The model and all that is inside it."""
    return list(model._flatten_layers(include_self=True, recursive=True))


def _versions(model: keras.Model) -> dict[str, int]:
    """The versions of fkd_utils' own code that a model holds, by module."""
    used = {type(layer).__module__ for layer in _parts(model)}
    used |= {loss.__module__ for loss in _losses(model)}
    return {module: _version(module) for module in sorted(used) if _root(module) == _OURS}


def _losses(model: keras.Model) -> list:
    """The losses and metrics of a compiled model that are functions or objects, not words."""
    metrics = getattr(model._compile_metrics, "_user_metrics", None)
    given = keras.tree.flatten([model.loss, metrics])
    return [one for one in given if one is not None and not isinstance(one, str | float | int)]


def _functions(model: keras.Model) -> set[str]:
    """Names of the functions of keras and fkd_utils that a model holds.

    Raises Undescribed for all code that its configuration does not show as such.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if hasattr(optimizer, "_exclude_from_weight_decay"):
        raise Undescribed("exclude_from_weight_decay is in no configuration of an optimizer")
    held = [("compiled network", one) for one in _losses(model)]
    for layer in _parts(model):
        if not _is_known(type(layer).__module__):
            raise Undescribed(f"the layer {type(layer).__name__} is not from keras or {_OURS}")
        inside = [one for key, one in vars(layer).items() if key not in _MADE and callable(one)]
        held += [(f"layer {layer.name}", one) for one in inside]
    for where, one in held:
        source = one if hasattr(one, "__qualname__") else type(one)
        if not _is_known(source.__module__):
            raise Undescribed(f"the {where} holds {_name(one)}, which is not from keras or {_OURS}")
    return {_name(one) for _, one in held}


def _name(thing: object) -> str:
    return getattr(thing, "__name__", type(thing).__name__)


def _refuse_outside(config: object, what: str, functions: set[str]) -> None:
    """Raise Undescribed when a configuration names a class or function from elsewhere."""
    if isinstance(config, list | tuple):
        for value in config:
            _refuse_outside(value, what, functions)
    if not isinstance(config, dict):
        return
    name = config.get("class_name")
    if name == "function":  # Keras calls any "builtins", wherever it comes from
        name = config["config"].removeprefix(f"{_OURS}>")
        known = name in functions
    else:  # and writes None for the module of a notebook's class
        known = name != "__lambda__" and ("module" not in config or _is_known(config["module"]))
    if not known:
        raise Undescribed(f"the {what} holds {name}, which is not from keras or {_OURS}")
    for value in config.values():
        _refuse_outside(value, what, functions)


def _by_position(config: object, names: dict[str, str], key: str = "") -> object:
    """A configuration with every layer's and optimiser's name replaced by its place."""
    if key == "dtype":  # has a name that says what it is
        return config
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
