"""The course's network beside what people install, on the same faces (chapter 18b).

Each peer answers in an environment of its own, made on first use in the cache. All get the same
pictures of 96 x 96 grey values; those made for larger ones get them SCALE times enlarged. The box
of a face is the whole picture, for dlib too; Face Mesh takes no box and looks for the face itself,
in the picture with a black border, so it may miss some. A missed face counts as no error: errors
are over the faces that all have found, and how many each has found stands beside them.

Other people mark other places, so each error is told twice: as it is, and with each point's habit
taken off, which is its mean error on other faces (the validation part of the set). Intervals count
groups where the faces have some; the test pictures of `open` are of four teams. dlib learnt from
300-W, where the complete faces of `wild` come from: most likely it knows them.

In data/published/peers: sets.csv (which faces), accuracy.csv, networks.csv (what each is, weighs
and takes), read by `results.table("peers/accuracy")`; and for each set an .npz of errors, from
which accuracy.csv can be told again.
"""

import collections.abc
import dataclasses
import functools
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

import cv2
import numpy as np
import pandas as pd

from fkd_utils import augment, faces, files
from fkd_utils.data import sources, splits
from fkd_utils.evaluation import metrics, statistics, timing
from fkd_utils.files import InputError
from fkd_utils.models import export, heatmap
from fkd_utils.training import results
from studies.open_faces import build

SCALE = 4
OURS = "final"  # what all others are compared with
HABITS = ("kept", "off")
_CHILD = pathlib.Path(__file__).with_name("peers_child.py")
_MADE = "made.txt"  # in an environment: that all of it is there

# Rows (0-based) whose mean is each of the 15, among the 68 points of 300-W and in the mesh. In both
# an eye's centre is that of its lids and corners (the irises of the refined mesh are nearer to
# `open`'s labels, and farther from those of 300-W); in the mesh a brow's end lies between its upper
# and its lower edge.
_ROWS = {
    "left_eye_center": ((42, 43, 44, 45, 46, 47), (362, 263, 386, 374)),
    "right_eye_center": ((36, 37, 38, 39, 40, 41), (133, 33, 159, 145)),
    "left_eye_inner_corner": ((42,), (362,)),
    "left_eye_outer_corner": ((45,), (263,)),
    "right_eye_inner_corner": ((39,), (133,)),
    "right_eye_outer_corner": ((36,), (33,)),
    "left_eyebrow_inner_end": ((22,), (336, 285)),
    "left_eyebrow_outer_end": ((26,), (300, 276)),
    "right_eyebrow_inner_end": ((21,), (107, 55)),
    "right_eyebrow_outer_end": ((17,), (70, 46)),
    "nose_tip": ((30,), (4,)),
    "mouth_left_corner": ((54,), (291,)),
    "mouth_right_corner": ((48,), (61,)),
    "mouth_center_top_lip": ((51,), (0,)),
    "mouth_center_bottom_lip": ((57,), (17,)),
}
FROM_68 = {name: rows for name, (rows, _) in _ROWS.items()}
FROM_MESH = {name: rows for name, (_, rows) in _ROWS.items()}


@dataclasses.dataclass(frozen=True)
class Peer:
    """What somebody installs to find points on a face.

    called: in a table; points: how many it gives; rows: those that make the 15; packages: what pip
    is asked for, in versions that were tried together; trained_on: as its makers say.
    """

    called: str
    points: int
    rows: dict[str, tuple[int, ...]]
    packages: tuple[str, ...]
    trained_on: str


_MEDIAPIPE = (
    *("mediapipe==0.10.14", "numpy==2.4.6", "opencv-contrib-python==5.1.0.95"),
    *("protobuf==4.25.9", "jax==0.10.2", "jaxlib==0.10.2"),
)
_PHONES = "about 30,000 photographs from phones (Kartynnik et al. 2019"
PEERS = {
    "dlib": Peer(
        "dlib",
        68,
        FROM_68,
        ("dlib-bin==20.0.1.post1", "face_recognition_models==0.3.0", "numpy==2.4.6"),
        "300-W: LFPW, HELEN, AFW and iBUG",
    ),
    "mesh": Peer("MediaPipe Face Mesh", 468, FROM_MESH, _MEDIAPIPE, f"{_PHONES})"),
    "mesh_refined": Peer(
        "MediaPipe Face Mesh, refined",
        478,
        FROM_MESH,
        _MEDIAPIPE,
        f"{_PHONES}, Grishchenko et al. 2020)",
    ),
}
TWICE = f"{OURS}_twice"  # the same network on the face and its mirror twin
NETWORKS = (OURS, TWICE, *PEERS)

Answers = collections.abc.Mapping[str, np.ndarray]


def compare(
    data: str,
    name: str,
    machine: str,
    model: str = results.DEFAULT_NETWORK,
    folder: pathlib.Path | None = None,
) -> pd.DataFrame:
    """Ask all networks about the faces of `data`, and keep what they say; returns its accuracy.

    name: what the tables call these faces, as no path of this machine is written. model: the
    course's network. Raises InputError where a peer cannot be installed or fails.
    """
    shown, others = faces_of(data)
    asked = np.concatenate([shown.images, others.images])
    truth = np.concatenate([shown.keypoints, others.keypoints])
    points, about = {}, []
    for network, answer in _asked(asked, model):
        print(f"{network}: {_milliseconds(answer)[1]:.2f} ms a face", flush=True)
        points[network] = answer["points"]
        about.append(_described(network, model, answer, machine))
    arrays = errors_of(shown, {key: p - truth for key, p in points.items()})
    table = accuracy(arrays)
    of_set = {
        "data": name,
        "faces": len(shown),
        "groups": len(np.unique(shown.groups)),
        "others": len(others),
        "model": model,
        "weights": weights_of(model),
        "fingerprint": fingerprint(shown, others),
    }
    folder = folder or files.PUBLISHED / "peers"
    with files.replacing(folder / f"{name}.npz") as path, path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    _replace_rows(folder / "sets.csv", name, pd.DataFrame([of_set]))
    _replace_rows(folder / "accuracy.csv", name, table.assign(data=name))
    rows = pd.DataFrame(about).to_csv(index=False, float_format=results.FORMAT)
    files.write_text(folder / "networks.csv", rows)
    return table


def faces_of(data: str) -> tuple[faces.Faces, faces.Faces]:
    """The fully labelled faces to compare on, and others of the same set to learn habits from.

    The test pictures where their answers come with the set, else the test part; the others are the
    validation part. Labels count from the first pixel's centre.
    """
    from_edge = sources.counts_from_edge(data)
    parts = splits.load(data, from_edge=from_edge)
    key = sources.place(data) / "test_keypoints.csv"
    if not key.is_file():
        return parts.test, parts.validation
    answers = pd.read_csv(key).set_index("ImageId")
    shown = sources.read_test(data)
    points = answers.loc[shown.ids + 1, list(faces.COLUMNS)].to_numpy(np.float32)
    points = points.reshape(-1, len(faces.KEYPOINTS), 2) - from_edge * faces.HALF_PIXEL
    shown = dataclasses.replace(shown, keypoints=points.astype(np.float32))
    if data == "open":  # its files do not say which pictures are made of the same people
        teams = np.array([build.held_out_task(number).team for number in shown.ids])
        shown = dataclasses.replace(shown, groups=teams)
    return shown.complete(), parts.validation


def fingerprint(*several: faces.Faces) -> str:
    """Changes when a face that is compared on, or one that habits are learnt from, does."""
    return "".join(part.fingerprint()[:8] for part in several)


def weights_of(model: str) -> str:
    """Twelve digits that change when the weights of a shipped network do."""
    content = (files.PUBLISHED / model / "weights.npz").read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


def _asked(images: np.ndarray, model: str) -> collections.abc.Iterator[tuple[str, Answers]]:
    """Each network's name and answers; points as the 15, pixels from the first pixel's centre."""
    with tempfile.TemporaryDirectory() as name:
        file = pathlib.Path(name) / "final.onnx"
        export.to_onnx(heatmap.for_export(results.network(model)), file)
        moved = results.network_counts_from_edge(model) * faces.HALF_PIXEL
        ours = functools.partial(ask, sys.executable, "onnx", file=file)
        answer = ours(images)
        yield OURS, answer | {"points": answer["points"] - faces.HALF_PIXEL - moved}

        def once(pictures: np.ndarray) -> np.ndarray:
            return ours(pictures)["points"] - faces.HALF_PIXEL

        averaged = augment.flip_averaged(once, images) - moved
        yield TWICE, answer | {"points": averaged, "seconds": 2 * answer["seconds"]}
    large = np.stack([enlarged(image) for image in images])
    for network, peer in PEERS.items():
        answer = ask(environment(peer.packages), network, large)
        points = faces.to_fifteen(answer["points"] / SCALE - faces.HALF_PIXEL, peer.rows)
        yield network, answer | {"points": points}


def enlarged(image: np.ndarray) -> np.ndarray:
    """A picture SCALE times as large; what lay x pixels from its edge then lies SCALE * x."""
    return cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)


def environment(packages: tuple[str, ...]) -> pathlib.Path:
    """The Python of an environment with these packages, made on first use."""
    name = hashlib.sha256(repr((packages, sys.version_info[:2])).encode()).hexdigest()[:12]
    folder = files.cache() / "peers" / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / _MADE).is_file():
        print(f"installing {packages[0]} for itself ...", flush=True)
        files.discard(folder)
        with files.writing(folder):
            venv.EnvBuilder(symlinks=os.name != "nt", with_pip=True).create(folder)
        _run([python, "-m", "pip", "install", "--quiet", *packages], packages[0])
        files.write_text(folder / _MADE, "\n".join(packages))
    return python


def ask(
    python: pathlib.Path | str, network: str, images: np.ndarray, file: pathlib.Path | None = None
) -> dict[str, np.ndarray]:
    """What peers_child.py writes of one network about `images` (n, h, w) uint8."""
    with tempfile.TemporaryDirectory() as name:
        pictures, answers = (pathlib.Path(name) / part for part in ("faces.npy", "answers.npz"))
        np.save(pictures, images)
        _run([python, _CHILD, network, pictures, answers, *([file] if file else [])], network)
        return files.read_arrays(answers)


def _run(command: list, what: str) -> None:
    """Run a command in silence; InputError with its last line where it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([*map(os.fspath, command)], capture_output=True, text=True, env=clean)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        raise InputError(f"{what}: it cannot be installed or asked here: {last}")


def errors_of(shown: faces.Faces, errors: Answers) -> dict[str, np.ndarray]:
    """What is stored of a set, from the errors on its faces and, behind these, on the others."""
    half = {key: np.asarray(e, np.float16) for key, e in errors.items()}
    arrays = {f"{key}_errors": e[: len(shown)] for key, e in half.items()}
    arrays |= {f"{key}_others": e[len(shown) :] for key, e in half.items()}
    arrays["eye_distance"] = metrics.eye_distance(shown.keypoints).astype(np.float32)
    arrays["group"] = np.unique(shown.groups, return_inverse=True)[1].astype(np.int16)
    return arrays


def without_habits(errors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Errors (n, 15, 2) less each point's mean error on other faces (m, 15, 2), NaN = not found."""
    return errors - np.nanmean(np.asarray(others, np.float64), axis=0)


def face_nme(errors: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """NME of each face: (n,), percent of the distance of its outer eye corners `eyes` (n,)."""
    distances = np.linalg.norm(np.asarray(errors, np.float64), axis=2).mean(axis=1)
    return 100 * distances / eyes


def accuracy(arrays: Answers) -> pd.DataFrame:
    """A row for each network, with its habits and without, from the arrays of a set's .npz.

    Columns: network, habits; found: share of the faces on which it found one; faces: how many all
    found, on which nme is the mean, in percent; low and high its 95% interval for new groups.
    above: how much higher than OURS on the same faces, and its interval.
    """
    eyes, groups = arrays["eye_distance"].astype(np.float64), arrays["group"]
    names = [key.removesuffix("_errors") for key in arrays if key.endswith("_errors")]
    found = {name: np.isfinite(arrays[f"{name}_errors"]).all(axis=(1, 2)) for name in names}
    of_all = np.all(list(found.values()), axis=0)
    rows = []
    for habits in HABITS:
        nme = {}
        for name in names:
            errors, others = arrays[f"{name}_errors"], arrays[f"{name}_others"]
            errors = without_habits(errors, others) if habits == "off" else errors
            nme[name] = face_nme(errors, eyes)[of_all]
        for name in names:
            row = {"network": name, "habits": habits, "found": found[name].mean()}
            row |= {"faces": of_all.sum()}
            over = {"": nme[name], "above": nme[name] - nme[OURS]}
            for what, values in over.items():
                mean, low, high = map(float, statistics.interval(values, groups[of_all]))
                low_name, high_name = (f"{what}_{end}".lstrip("_") for end in ("low", "high"))
                row |= {what or "nme": mean, low_name: low, high_name: high}
            rows.append(row)
    return pd.DataFrame(rows)


def _milliseconds(answer: Answers) -> np.ndarray:
    """Quartiles of the landmark step for a face: (3,)."""
    return 1000 * np.quantile(answer["seconds"], (0.25, 0.5, 0.75))


def _described(network: str, model: str, answer: Answers, machine: str) -> dict[str, object]:
    """A row of networks.csv."""
    peer = PEERS.get(network)
    learnt = results.published(model).settings if peer is None else {}
    called = "the course's network" + (", two looks" if network == TWICE else "")
    of = "open" if learnt.get("data", {}).get("data") == "open" else "a set like Kaggle's"
    low, median, high = _milliseconds(answer)
    return {
        "network": network,
        "called": peer.called if peer else called,
        "points": peer.points if peer else len(faces.KEYPOINTS),
        "bytes": int(answer["bytes"]),
        "low_ms": low,
        "median_ms": median,
        "high_ms": high,
        "versions": f"{'' if peer else model + ', '}{answer['versions']}",
        "python": str(answer["python"]),
        "machine": machine,
        "device": timing.processor(),
        "trained_on": peer.trained_on if peer else f"{learnt['faces']['train']:,} faces of {of}",
    }


def _replace_rows(path: pathlib.Path, name: str, rows: pd.DataFrame) -> None:
    """Write a table anew in which the rows of one set are these; "data" is its first column."""
    before = pd.read_csv(path) if path.exists() else pd.DataFrame()
    if len(before):
        rows = pd.concat([before[before.data != name], rows], ignore_index=True)
    rows = rows[["data", *(column for column in rows if column != "data")]]
    files.write_text(path, rows.to_csv(index=False, float_format=results.FORMAT))


def checked_name(data: str, name: str | None) -> str:
    """What the tables call `data`; a folder needs a word for it."""
    if name is None and data in ("open", "kaggle"):
        return data
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name or ""):
        raise InputError("the tables need a word for these faces, such as --name wild")
    return name


def problems(folder: pathlib.Path | None = None) -> list[str]:
    """What is wrong with the stored comparison, or no longer of what the course ships."""
    folder = folder or files.PUBLISHED / "peers"
    if not folder.exists():
        return []
    try:
        return [f"peers: {text}" for text in _problems(folder)]
    except files.DAMAGED as error:
        return [f"peers: cannot be read ({type(error).__name__}: {error})"]


def _problems(folder: pathlib.Path) -> collections.abc.Iterator[str]:
    sets, told, about = (
        files.read_table(folder / f"{name}.csv") for name in ("sets", "accuracy", "networks")
    )
    if sorted(sets.data) != sorted(told.data.unique()):
        yield "sets.csv and accuracy.csv are not of the same sets"
    if tuple(about.network) != NETWORKS:
        yield f"networks.csv: not the networks {', '.join(NETWORKS)}"
    times = about[["low_ms", "median_ms", "high_ms"]].to_numpy()
    if not ((times > 0).all() and (np.diff(times, axis=1) >= 0).all() and (about.bytes > 0).all()):
        yield "networks.csv: times or bytes that cannot be"
    for row in sets.itertuples():
        arrays = files.read_arrays(folder / f"{row.data}.npz")
        again = accuracy(arrays)
        of_set = told[told.data == row.data].drop(columns="data").reset_index(drop=True)
        try:
            pd.testing.assert_frame_equal(of_set, again, check_dtype=False, rtol=1e-5)
        except AssertionError:
            yield f"accuracy.csv: {row.data}: {row.data}.npz says otherwise"
        counted = len(arrays["eye_distance"]), len(np.unique(arrays["group"]))
        if counted != (row.faces, row.groups) or set(again.network) != set(NETWORKS):
            yield f"sets.csv: {row.data}: {row.data}.npz has other faces or networks"
        anew = f"python -m studies peers --data {row.data} makes it anew"
        if row.weights != weights_of(row.model):
            yield f"{row.data}: {row.model} has other weights by now; {anew}"
        if row.data == "open" and row.fingerprint != fingerprint(*faces_of("open")):
            yield f"open: its faces are others by now; {anew}"
