"""What the MUCT landmark file says without its pictures (TRANSFER's data).

TRANSFER's losses are mean squared errors of coordinates in parts of the crop, 0 to 1. What a
constant makes in that unit can be computed from the points alone.
"""

import pathlib
import re
import typing

import numpy as np
import pandas as pd

from fkd_utils import files
from fkd_utils.data import landmarks
from fkd_utils.files import InputError

CAMERAS = "abcde"
WIDTH, HEIGHT = 480, 640  # pixels of a picture; mirrored rows have x = 479 - x
NAME = re.compile(rf"ir?\d{{3}}\w[{CAMERAS}].*")  # person, light, camera
# TRANSFER tests on the 82 first subjects, 249 pictures a camera. 82 have 246; 83 have 249.
TEST_PEOPLE = 83


class Muct(typing.NamedTuple):
    """The MUCT landmarks: names of n pictures, points (n, m, 2) pixels, NaN = unavailable."""

    names: tuple[str, ...]
    points: np.ndarray


def read_muct(path: pathlib.Path) -> Muct:
    """The MUCT csv: columns name, tag, x00, y00, x01, ...; (0, 0) stands for unavailable.

    Raises InputError for a file that is damaged or is none.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # ValueError: pandas' own and wrong letters, too
        why = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read as csv: {why}; restore the file") from error
    columns = [f"{axis}{k:02d}" for k in range(len(table.columns) // 2 - 1) for axis in "xy"]
    if not columns or list(table.columns) != ["name", "tag", *columns]:
        raise InputError(f"{path}, header: the columns must be name, tag, x00, y00, x01, ...")
    if table.empty:
        raise InputError(f"{path}: only a header, no rows; restore the file")
    names = table["name"].astype(str)
    strange = ~names.str.fullmatch(NAME).to_numpy()
    if strange.any():
        what = f"{names[strange.argmax()][:24]!r} is no picture of MUCT, such as i000qa-fn"
        raise InputError(f"{path}, row {strange.argmax()}: {what}; restore it")
    values = table[columns].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(values).all(axis=1)
    if wrong.any():
        raise InputError(f"{path}, row {wrong.argmax()}: a coordinate is no number; restore it")
    points = values.reshape(len(values), -1, 2)
    far = landmarks.far_outside(points, WIDTH, HEIGHT).any(axis=1)
    if far.any():
        what = f"a point lies far outside a picture of {WIDTH} x {HEIGHT} pixels"
        raise InputError(f"{path}, row {far.argmax()}: {what}; restore it")
    points[(points == 0).all(axis=2)] = np.nan
    return Muct(tuple(names), points)


def facts(muct: Muct) -> dict[str, int]:
    """Counts, for comparison with what TRANSFER and the set's own text say."""
    mirrored, person, camera = _who(muct.names)
    missing = np.isnan(muct.points).any(axis=2)[~mirrored]
    people, person, camera = np.unique(person[~mirrored]), person[~mirrored], camera[~mirrored]
    counts = {
        "points": muct.points.shape[1],
        "pictures": int((~mirrored).sum()),
        "mirrored rows": int(mirrored.sum()),
        "people": len(people),
        "pictures with an unavailable point": int(missing.any(axis=1).sum()),
        "unavailable points": int(missing.sum()),
        "cameras with unavailable points": len(set(camera[missing.any(axis=1)])),
    }
    for many in (TEST_PEOPLE - 1, TEST_PEOPLE):
        first = person < people[many] if many < len(people) else person == person
        name = f"pictures of the first {many} people"
        counts[f"{name}, one camera"] = int((first & (camera == CAMERAS[0])).sum())
        counts[name] = int(first.sum())
    return counts


def constants(muct: Muct, margin: float, wobble: float) -> list[dict]:
    """Test MSE of constants, in TRANSFER's unit, its split and its three copies of each picture.

    margin: side of the square crop over the longer side of the box around the points; wobble:
    standard deviation of the crop's place in parts of its side, and of its size. Rows for
    unavailable points left out, and for (0, 0) taken for a place. Columns: one_face, a single
    mean face for upright, mirrored and upside-down copies; upright, a mean face that knows which
    copy it is; camera, one that also knows the camera.
    """
    mirrored, person, camera = _who(muct.names)
    points, person, camera = muct.points[~mirrored], person[~mirrored], camera[~mirrored]
    people = np.unique(person)
    test = person < people[TEST_PEOPLE] if len(people) > TEST_PEOPLE else person == people[0]
    low, high = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    rng = np.random.default_rng(0)
    side = margin * (high - low).max(axis=1, keepdims=True)
    corner = (high + low) / 2 + side * rng.normal(0, wobble, (len(points), 2))
    side = side * np.exp(rng.normal(0, wobble, (len(points), 1)))
    corner -= side / 2
    rows = []
    for missing in ("left out", "taken for (0, 0)"):
        places = points if missing == "left out" else np.nan_to_num(points)
        upright = (places - corner[:, np.newaxis]) / side[:, np.newaxis]
        copies = [upright, upright * (-1, 1) + (1, 0), upright * (1, -1) + (0, 1)]
        learn, held = (np.concatenate([c[part] for c in copies]) for part in (~test, test))
        by_camera = [_errors(upright[~test & (camera == c)], upright[test & (camera == c)])
                     for c in np.unique(camera)]  # fmt: skip
        rows.append(
            {
                "margin": margin,
                "wobble": wobble,
                "unavailable": missing,
                "one_face": float(np.nanmean(_errors(learn, held))),
                "upright": float(np.nanmean(_errors(upright[~test], upright[test]))),
                "camera": float(np.nanmean(np.concatenate(by_camera))),
            }
        )
    return rows


def write(muct: Muct, folder: pathlib.Path) -> None:
    """Store `facts` and `constants` as muct_facts.csv and muct_constants.csv."""
    rows = [row for margin in (1.0, 1.25, 1.5) for wobble in (0.0, 0.05)
            for row in constants(muct, margin, wobble)]  # fmt: skip
    for name, table in (
        ("muct_facts", pd.DataFrame(list(facts(muct).items()), columns=["fact", "count"])),
        ("muct_constants", pd.DataFrame(rows)),
    ):
        files.write_text(folder / f"{name}.csv", table.to_csv(index=False, float_format="%.5g"))


def _errors(learn: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Squared errors (n, m, 2) of the mean of `learn` on `held`."""
    return (held - np.nanmean(learn, axis=0)) ** 2


def _who(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of names like i000qa-fn (a mirrored one: ir000qa-fn): mirrored, person, camera; (n,) each."""
    mirrored = np.array([name.startswith("ir") for name in names])
    plain = [name.replace("ir", "i", 1) for name in names]
    return mirrored, np.array([int(n[1:4]) for n in plain]), np.array([n[5] for n in plain])
