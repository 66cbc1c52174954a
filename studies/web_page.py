"""The page on which the course's networks run in a browser: `web/` and the networks' files.

    python -m studies web FOLDER

A network goes there as a list of steps (convolution, pool, dense layer, ...) in networks.json and
its weights as float32, one after the other, in a file of its own. What costs nothing to do
before is done here: the division by 255 and the batch norms become part of the kernels.

What runs them is TensorFlow.js's WebAssembly. Measured against onnxruntime-web 1.30 in Chromium on
one thread, milliseconds a face at best: Fourth 0.5 against 0.4, the final network 3.8 against 4.7.
Its files are 1.2 MB against 14.3, and it is ready after 0.1 s against 1.2 to 2.7. It also takes
pictures of any size, which the finder needs, and both answer as Keras does to 0.0002 px.
"""

import json
import pathlib
import shutil
import subprocess
import typing

import keras
import numpy as np
import PIL.Image

from fkd_utils import data, evaluation, files
from fkd_utils.demo import group_photo, locate
from fkd_utils.models import heatmap
from fkd_utils.training import fitting, results

SOURCE = files.REPO / "web"
OWN = ("*.html", "*.css", "*.js")
CORE, WASM = "@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"
LIBRARIES = (
    f"{CORE}/dist/tf-core.min.js",
    f"{WASM}/dist/tf-backend-wasm.min.js",
    f"{WASM}/dist/tfjs-backend-wasm-simd.wasm",
    f"{WASM}/dist/tfjs-backend-wasm.wasm",  # for a browser without SIMD
)
# What the page calls a network, its title in a recipe, and the published runs to take it from.
# Where none of them came with weights, the longest training of the reader's own serves.
NETWORKS = (
    ("First", "first", ("wild_first",)),
    ("Fourth", "fourth", ("wild_fourth_dropout", "wild_fourth", results.FOURTH)),
    ("Fifth", "fifth", ("wild_fifth_dropout_leaky_0_2",)),
    ("Final", "", (results.DEFAULT_NETWORK,)),
)
ELSEWHERE = "set the variable FKD_HOME to a folder of your own"
PORTRAITS = (0, 3, 1, 4)  # of group_photo.PEOPLE: no network was trained on them


def build(target: pathlib.Path) -> bool:
    """Write the page into the folder `target`; False, and a line, where Node or a package is not.

    The folder is made; files of an earlier build are written over. Any plain file server serves it.
    """
    library = _libraries()
    if library is None:
        return False
    with files.writing(target):
        for part in ("lib", "networks", "portraits"):
            (target / part).mkdir(parents=True, exist_ok=True)
        for pattern in OWN:
            for path in SOURCE.glob(pattern):
                shutil.copyfile(path, target / path.name)
        for name in LIBRARIES:
            shutil.copyfile(library / name, target / "lib" / pathlib.Path(name).name)
        # The packages of TensorFlow.js name their licence; this one brings its text with it.
        shutil.copyfile(library / "long" / "LICENSE", target / "lib" / "LICENSE")
        shown = {"networks": _networks(target / "networks"), "portraits": _portraits(target)}
        # Where the points of the embedded training faces lie in the 96 by 96.
        mean_face = evaluation.mean_face(data.load("open", 0, None).train.keypoints)
        shown["meanFace"] = mean_face.round(2).tolist()
        text = json.dumps(shown, separators=(",", ":"))
        (target / "networks.json").write_text(text, encoding="utf-8")
    return True


def _libraries() -> pathlib.Path | None:
    """The folder node_modules with what package-lock.json pins; None, and a line, without it."""
    npm = shutil.which("npm")
    if npm is None:
        print("the page that runs the networks needs Node (nodejs.org): it is not installed here")
        return None
    folder = files.home() / "build" / "web"  # the course's own folder may be read-only
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with files.locked(folder.with_suffix(".lock"), ELSEWHERE):
            return _installed(folder, npm)


def _installed(folder: pathlib.Path, npm: str) -> pathlib.Path | None:
    lock = (SOURCE / "package-lock.json").read_bytes()
    done = folder / "installed.json"  # written last: what it holds is installed
    if not (done.exists() and done.read_bytes() == lock):
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(SOURCE / name, folder / name)
        order = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        ended = subprocess.run(order, cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            reason = " ".join((ended.stderr or ended.stdout).split())[:200]
            print(f"the page that runs the networks lacks its libraries: npm says {reason}")
            return None
        done.write_bytes(lock)
    return folder / "node_modules"


def _networks(folder: pathlib.Path) -> list[dict]:
    """Write the weights; what networks.json says of each network that there is."""
    test = data.load("open", 0, None).test
    found = []
    for name, title, published in NETWORKS:
        source = _source(title, published)
        if source is None:
            print(f"{name} is not on the page: no training of it is stored here")
            continue
        model = fitting.load_network(source)
        steps, weights = steps_of(model)
        (folder / f"{name.lower()}.bin").write_bytes(weights.astype("<f4").tobytes())
        predicted = locate.predict(model, test.images)
        found.append(
            {
                "name": name,
                "file": f"networks/{name.lower()}.bin",
                "training": _training(source),
                "error": round(evaluation.nme(test.keypoints, predicted), 2),
                "faces": len(test),
                "parameters": model.count_params(),
                "maps": any(layer.name == "heatmaps" for layer in model.layers),
                "steps": steps,
            }
        )
    return found


def _source(title: str, published: tuple[str, ...]) -> pathlib.Path | None:
    """The folder of the first published run with weights, or of the reader's longest training."""
    for name in published:
        if name in results.networks():
            return files.PUBLISHED / name
    own = []
    for folder in results.stored_runs() if title else ():
        recipe = files.stored(files.read_json, folder / fitting.RECIPE) or {}
        if recipe.get("title") == title and (folder / fitting.WEIGHTS).exists():
            history = files.stored(files.read_table, folder / fitting.HISTORY)
            if history is not None:
                seen = recipe["epochs"] * recipe["faces"]["train"]
                own.append((seen, -history.val_mse.min(), folder))
    return max(own)[2] if own else None


def _training(folder: pathlib.Path) -> str:
    recipe = json.loads((folder / fitting.RECIPE).read_text(encoding="utf-8"))
    which = "of the course's own faces" if recipe["data"]["data"] == "open" else "of real faces"
    steps = f" of {steps} batches" if (steps := recipe["steps_per_epoch"]) else ""
    pictures = f"{recipe['faces']['train']:,} pictures {which}"
    return f"Trained {recipe['epochs']:,} epochs{steps} on {pictures}."


def steps_of(model: keras.Model) -> tuple[list[dict], np.ndarray]:
    """A network as steps, and its weights (n,) float32; its input: grey values 0..255.

    Step 0 is the picture, and `from` names the steps that a step works on. The last step gives the
    30 targets, or the logits of the heat maps.
    """
    steps: list[dict[str, typing.Any]] = [{"op": "picture"}]
    number: dict[str, int] = {}  # which step made a tensor
    in_line = isinstance(model, keras.Sequential)
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            number[layer.output.name] = 0
            continue
        before = layer.input if isinstance(layer.input, list) else [layer.input]
        works_on = [len(steps) - 1] if in_line else [number[tensor.name] for tensor in before]
        if isinstance(layer, heatmap.SoftArgmax):
            break  # the page does it: it shows the maps too
        made = _step(layer, steps[works_on[0]])
        if made is not None:
            steps.append({**made, "from": works_on})
        number[layer.output.name] = works_on[0] if made is None else len(steps) - 1
    first = next(step for step in steps if "kernel" in step)
    first["kernel"] = first["kernel"] / np.float32(255)
    packed, at = [], 0
    for step in steps:
        for part in ("kernel", "bias"):
            if part in step:
                array = np.asarray(step[part], np.float32)
                step[part] = {"at": at, "shape": list(array.shape)}
                packed.append(array.ravel())
                at += array.size
    return steps, np.concatenate(packed)


def _step(layer: keras.layers.Layer, before: dict) -> dict | None:
    """What a layer does as a step; None where it became part of the step before."""
    kinds = keras.layers
    if isinstance(layer, kinds.Dropout):
        return None
    if isinstance(layer, kinds.ReLU | kinds.LeakyReLU):
        before["slope"] = float(layer.negative_slope)
        return None
    if isinstance(layer, kinds.BatchNormalization):
        gain, offset, mean, variance = layer.get_weights()
        scale = gain / np.sqrt(variance + layer.epsilon)
        before["kernel"] = before["kernel"] * scale
        before["bias"] = (before["bias"] - mean) * scale + offset
        return None
    if isinstance(layer, kinds.Conv2D | kinds.Dense):
        kernel, *bias = layer.get_weights()
        made = {"op": "dense", "kernel": kernel}
        made["bias"] = bias[0] if bias else np.zeros(kernel.shape[-1], np.float32)
        if isinstance(layer, kinds.Conv2D):
            made |= {"op": "convolution", "stride": layer.strides[0]}
        if layer.activation is keras.activations.relu:
            made["slope"] = 0.0
        return made
    names = {"MaxPooling2D": "pool", "Flatten": "flatten", "Add": "add", "UpSampling2D": "double"}
    return {"op": names[type(layer).__name__]}


def _portraits(target: pathlib.Path) -> list[dict]:
    """Write the pictures that the page offers; what networks.json says of them, true points too."""
    pictures = []
    for number, person in enumerate(PORTRAITS, start=1):
        shown = group_photo.portrait(person), group_photo.portrait_points(person)[np.newaxis]
        pictures.append((f"Portrait {number}", *shown))
    pictures.append(("Six people", *group_photo.group()))
    entries = []
    for name, picture, points in pictures:
        path = target / "portraits" / f"{name.lower().replace(' ', '_')}.jpg"
        PIL.Image.fromarray(picture).save(path, "JPEG", quality=92)
        entry = {"name": name, "file": f"portraits/{path.name}", "points": points.round(2).tolist()}
        entries.append(entry)
    return entries


def described(target: pathlib.Path) -> str:
    """How large the page is, in a line."""
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    return f"{target}: {size / 1e6:.1f} MB; python -m http.server -d {target} serves it"
