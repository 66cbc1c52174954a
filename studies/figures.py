"""Carry the figures of a run into figures/, and say which have changed and by how much."""

import io
import pathlib

import numpy as np
import pandas as pd
import PIL.Image

from fkd_utils.cli import execute
from fkd_utils.plotting import figures


def collect(profile: str = "quick") -> list[str]:
    """Copy the figures and tables of the last run into figures/; a line for each difference."""
    target = figures.COMMITTED
    before = _held(target)
    entries = figures.collect(execute.build_folder(profile, "open") / "figures", target)
    lines = differences(before, _held(target))
    return [*lines, f"figures/: {len(entries)} figures and tables, {len(lines)} differ from before"]


def differences(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """What has become of PNG and CSV files, given by name: a line for each that is not the same."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            lines.append(f"{name}: gone")
        elif name not in before:
            lines.append(f"{name}: new")
        elif before[name] != after[name]:
            compare = _pictures if name.endswith(".png") else _tables
            lines.append(f"{name}: {compare(before[name], after[name])}")
    return lines


def _held(folder: pathlib.Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("ch*.*")}


def _pictures(before: bytes, after: bytes) -> str:
    old, new = (PIL.Image.open(io.BytesIO(content)).convert("L") for content in (before, after))
    if old.size != new.size:
        return "{} x {} pixels, was {} x {}".format(*new.size, *old.size)
    apart = np.abs(np.asarray(new, np.int16) - np.asarray(old, np.int16))
    return f"up to {apart.max()} of 255 grey levels, {(apart > 0).mean():.2%} of the pixels"


def _tables(before: bytes, after: bytes) -> str:
    old, new = (
        pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        for content in (before, after)
    )
    if list(old) != list(new) or len(old) != len(new):
        return (
            f"{len(new)} rows of {len(new.columns)} columns, was {len(old)} of {len(old.columns)}"
        )
    return f"{int((old != new).to_numpy().sum())} of {old.size} cells"
