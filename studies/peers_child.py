"""Asks one landmark network about pictures, in an environment of its own: nothing of the course.

    python peers_child.py NETWORK PICTURES.npy ANSWERS.npz [FILE]

NETWORK: a name in NETWORKS; FILE: an ONNX file, for `onnx`. PICTURES: (n, h, w) uint8, each a face
and a little around it. Written are points, (n, m, 2) float32, pixels from the picture's edge, NaN
where no face was found; seconds, (REPEATS,), the landmark step for a face on one core; bytes, of
the landmark model's file; and versions. `studies.peers` starts it.
"""

import importlib.metadata
import importlib.util
import os
import pathlib
import platform
import sys
import time

import numpy as np

BORDER = 0.25  # of a picture's side, black, on each side: without it Face Mesh misses more faces
TIMED, CALLS, REPEATS = 50, 5, 9  # faces, calls for each, and how often all of them


def onnx(file):
    """The course's network; it takes grey values and counts from the first pixel's centre."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def step(picture):
        inputs = {name: picture[np.newaxis, ..., np.newaxis].astype(np.float32)}
        return lambda: session.run(None, inputs)

    def ask(picture):
        return step(picture)()[0][0] + 0.5

    return ask, step, file, ("onnxruntime",)


def dlib(_):
    """dlib's predictor of 68 points, the whole picture being the face's box."""
    import dlib as library

    # Found without an import, which would ask for pkg_resources.
    found = importlib.util.find_spec("face_recognition_models")
    folder = pathlib.Path(found.submodule_search_locations[0]) / "models"
    file = folder / "shape_predictor_68_face_landmarks.dat"
    predictor = library.shape_predictor(str(file))

    def step(picture):
        height, width = picture.shape
        box = library.rectangle(0, 0, width - 1, height - 1)
        return lambda: predictor(picture, box)

    def ask(picture):
        return np.array([(point.x + 0.5, point.y + 0.5) for point in step(picture)().parts()])

    return ask, step, file, ("dlib-bin", "face_recognition_models")


def mesh(_, refined=False):
    """MediaPipe's Face Mesh, which looks for the face by itself.

    Timed is a face that it follows, so that it does not look for it again.
    """
    import mediapipe

    def made(still):
        return mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=still, max_num_faces=1, refine_landmarks=refined
        )

    looking, following = made(True), made(False)

    def bordered(picture):
        wide = np.pad(picture, [round(BORDER * side) for side in picture.shape])
        return np.repeat(wide[..., np.newaxis], 3, axis=2)

    def ask(picture):
        wide = bordered(picture)
        faces = looking.process(wide).multi_face_landmarks
        if not faces:
            return None
        shares = np.array([(point.x, point.y) for point in faces[0].landmark])
        size = np.array(picture.shape[::-1])
        return shares * wide.shape[1::-1] - np.round(BORDER * size)

    def step(picture):
        wide = bordered(picture)
        following.reset()
        following.process(wide)  # looks for the face
        return lambda: following.process(wide)

    name = "face_landmark_with_attention" if refined else "face_landmark"
    folder = pathlib.Path(mediapipe.__file__).parent / "modules" / "face_landmark"
    return ask, step, folder / f"{name}.tflite", ("mediapipe",)


def mesh_refined(file):
    """`mesh` with the network that looks again at lips and eyes."""
    return mesh(file, refined=True)


NETWORKS = {"onnx": onnx, "dlib": dlib, "mesh": mesh, "mesh_refined": mesh_refined}


def timed(step, pictures):
    """Processor seconds of the landmark step for a face, once for each repeat.

    Not by the clock: whatever else the machine does would count.
    """
    totals = np.zeros(REPEATS)
    for picture in pictures:
        work = step(picture)
        work()
        for k in range(REPEATS):
            start = time.process_time()
            for _ in range(CALLS):
                work()
            totals[k] += (time.process_time() - start) / CALLS
    return totals / len(pictures)


def main(name, pictures, answers, file=None):
    """Ask the network called so about the pictures, and write what it says."""
    if hasattr(os, "sched_setaffinity"):  # Linux: everything on one core, its threads too
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    images = np.load(pictures)
    ask, step, file, packages = NETWORKS[name](file)
    found = [ask(image) for image in images]
    shape = next((points.shape for points in found if points is not None), (1, 2))
    nowhere = np.full(shape, np.nan)
    points = np.stack([nowhere if points is None else points for points in found])
    seen = images[np.isfinite(points).all(axis=(1, 2))][:TIMED]
    versions = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    np.savez(
        answers,
        points=points.astype(np.float32),
        seconds=timed(step, seen) if len(seen) else np.full(REPEATS, np.nan),
        bytes=pathlib.Path(file).stat().st_size,
        versions=", ".join([*versions, f"numpy {np.__version__}"]),
        python=platform.python_version(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
