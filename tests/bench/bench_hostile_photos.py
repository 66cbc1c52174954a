"""Photographs made to harm: `predict` on mutated files of every format, with little memory.

In a child process: a broken decoder may end it, and that is what is looked for.
"""

import functools
import io
import os
import pathlib
import resource
import subprocess
import sys
import time

import numpy as np
import PIL.Image

from fkd_utils import console, files
from fkd_utils.cli import predict
from fkd_utils.data import photos
from fkd_utils.demo import group_photo

COUNT = 2000  # files of each format
SECONDS = 10  # at most, for one photograph
MEMORY = 4 << 30  # bytes
SEED = 7
OPTIONS = {"PNG": [{}], "JPEG": [{}, {"progressive": True}], "WEBP": [{}, {"lossless": True}],
           "GIF": [{}], "BMP": [{}], "TIFF": [{}, {"compression": "tiff_lzw"},
                                              {"compression": "jpeg"}]}  # fmt: skip


def originals(form: str) -> list[bytes]:
    """Small good files of a format, of several modes and packings."""
    face = PIL.Image.fromarray(group_photo.portrait(0)).resize((96, 96))
    made = []
    for mode in ("RGB", "L", "P", "RGBA", "CMYK", "I;16"):
        for options in OPTIONS[form]:
            buffer = io.BytesIO()
            try:
                face.convert("L" if mode == "I;16" else mode).convert(mode).save(
                    buffer, form, **options
                )
            except (OSError, ValueError, KeyError):
                continue  # the format has no such mode
            made.append(buffer.getvalue())
    return made


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, cut, doubled or filled; mostly near the start, where sizes stand."""
    content = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        reach = min(len(content), 64) if rng.random() < 0.6 else len(content)
        place, length = int(rng.integers(0, max(1, reach))), int(rng.integers(1, 9))
        way = rng.integers(0, 5)
        if way == 0:
            content[place : place + 1] = bytes([rng.integers(0, 256)])
        elif way == 1:
            content[place : place + length] = bytes([rng.choice([0, 1, 127, 128, 255])]) * length
        elif way == 2:
            del content[place : place + length]
        elif way == 3:
            content[place:place] = content[: int(rng.integers(0, 400))]
        elif rng.random() < 0.2:
            del content[max(1, int(rng.integers(0, len(content) + 1))) :]
    return bytes(content)


def work(form: str, count: int, folder: pathlib.Path) -> None:
    """Run `predict` on each mutated file; print the slowest and how many could be read."""
    console.start_backend()
    from fkd_utils import __main__ as main
    from fkd_utils.training import results

    results.network = functools.cache(results.network)  # loading it takes longer than a picture
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    rng, slowest, read = np.random.default_rng([SEED, *form.encode()]), 0.0, 0
    good = originals(form)
    for k in range(count):
        path = folder / "in" / f"{k:04}.{form.lower()}"
        path.write_bytes(mutated(good[k % len(good)], rng))
        started = time.monotonic()
        read += main.main(["predict", str(path), "--out", str(folder / "out")]) == 0
        slowest = max(slowest, time.monotonic() - started)
        path.unlink()
    print(f"RESULT {read} {slowest:.2f}")


def hostile(form: str, count: int, folder: pathlib.Path) -> tuple[int, float]:
    """How many of the mutated files could be read, and the seconds of the slowest."""
    (folder / "in").mkdir(parents=True)
    command = [sys.executable, __file__, form, str(count), str(folder)]
    environment = os.environ | {"PYTHONPATH": str(files.REPO), "TMPDIR": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    errors = [line for line in done.stderr.splitlines() if not line.startswith("error: ")]
    assert not [line for line in errors if "Traceback" in line], done.stderr[-2000:]
    _, read, slowest = done.stdout.splitlines()[-1].split()
    assert done.stderr.count("error: ") == count - int(read)
    made = {path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()}
    assert made <= {"out"}, made
    left = [path.name for path in (folder / "out").iterdir()]
    assert all(name == predict.POINTS or name.endswith("_points.jpg") for name in left), left
    return int(read), float(slowest)


def test_every_mutated_file_is_a_picture_or_one_line(tmp_path, capsys):
    for form in OPTIONS:
        assert form in photos.FORMATS
        read, slowest = hostile(form, COUNT, tmp_path / form)
        with capsys.disabled():
            print(f"\n{form}: {COUNT} files, {read} read, the slowest {slowest:.1f} s")
        assert slowest < SECONDS


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3]))
