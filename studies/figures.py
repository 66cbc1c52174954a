"""Carry the figures of a run into figures/, and say which have changed and by how much."""

import io
import json
import pathlib
import shutil

import numpy as np
import pandas as pd
import PIL.Image

from fkd_utils import files
from fkd_utils.cli import editions, execute
from fkd_utils.files import InputError
from fkd_utils.plotting import figures

COMMITTED = files.REPO / "figures"


def collect(profile: str = "quick") -> list[str]:
    """Copy the figures and tables of the last run into figures/; a line for each difference."""
    before = _held(COMMITTED)
    entries = gathered(execute.build_folder(profile, "open") / "figures", COMMITTED)
    lines = differences(before, _held(COMMITTED))
    return [*lines, f"figures/: {len(entries)} figures and tables, {len(lines)} differ from before"]


def gathered(source: pathlib.Path, target: pathlib.Path) -> list[dict]:
    """Copy figures and tables in `source` to `target` and bring target/index.json up to date.

    What belongs to a chapter that is no longer there goes. Only figures of the embedded set `open`
    are taken: nobody else's face leaves the build folder.
    Raises InputError when there is none, or one was made from other data.
    """
    entries = [(p, json.loads(p.read_text(encoding="utf-8"))) for p in source.glob("*.json")]
    if not entries:
        raise InputError(f"{source}: no figures there; run the chapters first (make report)")
    strange = sorted(p.stem for p, e in entries if e["data"] != "open" or e["profile"] == "smoke")
    if strange:
        raise InputError(
            f"{source}: {strange[0]} was not made from the embedded faces in quick or paper; "
            "only such figures are collected"
        )
    target.mkdir(parents=True, exist_ok=True)
    index = target / "index.json"
    old = json.loads(index.read_text(encoding="utf-8")) if index.exists() else []
    fresh = {e["chapter"] for _, e in entries}
    there = {editions.number_of(path) for path in execute.find_chapters([])}
    kept = [e for e in old if e["chapter"] in there - fresh]
    new = [{"file": figures.Entry(**e).file, **e} for _, e in entries]
    for entry in new:
        with files.replacing(target / entry["file"]) as path:
            shutil.copyfile(source / entry["file"], path)
    for entry in old:
        if entry not in kept and entry["file"] not in {e["file"] for e in new}:
            (target / entry["file"]).unlink(missing_ok=True)
    result = sorted(kept + new, key=lambda e: (e["chapter"], _natural(e["number"])))
    files.write_text(index, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return result


def _natural(number: str) -> list[tuple[int, str]]:
    # 4.2 before 4.10
    return [
        (int(part) if part.isdigit() else 0, part) for part in number.replace("-", ".").split(".")
    ]


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
