"""Small files in the competition's format, made for tests."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fkd_utils.data import kaggle
from fkd_utils.faces import COLUMNS
from fkd_utils.files import InputError

HEADER = ",".join((*COLUMNS, "Image"))


def faces(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random pictures (n, 96, 96) uint8 and points (n, 15, 2) with two decimals and gaps."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 96, (count, 15, 2)).round(2)
    points[rng.random((count, 15)) < 0.3] = np.nan
    return rng.integers(0, 256, (count, 96, 96), dtype=np.uint8), points


def fields(images: np.ndarray, points: np.ndarray) -> list[list[str]]:
    """The fields of each row, in the order of HEADER."""
    return [
        ["" if np.isnan(v) else str(v) for v in face.ravel()]
        + [" ".join(str(p) for p in image.ravel())]
        for image, face in zip(images, points, strict=True)
    ]


def text(rows: list[list[str]], header: str = HEADER, end: str = "\n") -> str:
    """A csv file's text."""
    return "".join(line + end for line in [header, *(",".join(row) for row in rows)])


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """A zip with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def good_rows(count: int = 3, seed: int = 0) -> list[list[str]]:
    """The fields of random faces, see `faces`."""
    return fields(*faces(count, seed))


def save(folder: Path, content: str | bytes, name: str = "training.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def entries(store: Path) -> list[Path]:
    """What lies in a cache folder; of the locks nobody need know."""
    return [path for path in store.glob("*") if path.suffix != ".lock"]


def refused(path: Path, store: Path, *words: str, read: Callable = kaggle.read_training) -> str:
    """The message of the InputError, one line that has these words; nothing is left behind."""
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    for word in words:
        assert word in message, message
    assert not entries(store)
    return message
