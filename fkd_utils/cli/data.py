"""The commands `data info`, `data check` and `data convert`."""

import contextlib
import pathlib
import typing
import zipfile

import click
import numpy as np

from fkd_utils import console, files
from fkd_utils.files import InputError

if typing.TYPE_CHECKING:
    from fkd_utils.faces import Faces

DATA = click.option(
    "--data",
    default="open",
    envvar="FKD_DATA",
    metavar="open|kaggle|PATH",
    help="open (the embedded faces), kaggle (what you put into data/kaggle) or the path "
    "of a folder in Kaggle's format; default: $FKD_DATA, or open",
)


@click.group()
def data() -> None:
    """Look at a set of faces, check it, or write it in Kaggle's format."""


@data.command()
@DATA
def info(data: str) -> None:
    """Print how many faces there are, and how many have each keypoint."""
    from fkd_utils import faces
    from fkd_utils.data import kaggle, sources

    rows = sources.read(data)
    known = np.isfinite(rows.keypoints).all(axis=2)
    print(sources.describe(data))
    print(f"rows                      {len(rows):6,}")
    print(f"with all 15 keypoints     {int(known.all(axis=1).sum()):6,}")
    print(f"groups (people or copies) {len(np.unique(rows.groups)):6,}")
    with contextlib.suppress(kaggle.Absent):  # a folder may hold training faces only
        print(f"test pictures             {len(sources.read_test(data)):6,}")
    print("rows that have the keypoint:")
    for name, count in zip(faces.KEYPOINTS, known.sum(axis=0), strict=True):
        print(f"  {name:<23} {count:6,}")
    print(f"cache: {files.cache()}")


@data.command()
@click.option("--json", "target", type=files.expanded, metavar="FILE", help="also write JSON there")
@DATA
def check(data: str, target: pathlib.Path | None) -> None:
    """List doubled pictures and labels that look wrong.

    Each by its row, from 0, with the reason. Nothing is changed.
    """
    from fkd_utils.data import sources, splits

    if target and not target.parent.is_dir():
        raise InputError(f"{target}: there is no folder {target.parent}; make it first")
    if target:
        sources.refuse_own(data, target)
    rows = sources.read(data)
    with console.working(f"comparing {len(rows):,} faces"):
        report = splits.checked(rows)
    equal = {(a, b) for a, b in report.duplicates if np.array_equal(rows.images[a], rows.images[b])}
    near = len(report.duplicates) - len(equal)
    print(f"pairs of equal pictures: {len(equal)}; of nearly equal pictures: {near}")
    for a, b in report.duplicates:
        print(f"  rows {a} and {b}{'' if (a, b) in equal else ' (nearly)'}")
    print(f"suspicious rows: {len(report.suspicious)}")
    for suspicion in report.suspicious:
        print(f"  row {suspicion.row}: {suspicion.reason}")
    if target:
        files.write_text(target, report.to_json())


@data.command()
@click.option(
    "--out", required=True, type=files.expanded, metavar="FOLDER", help="where to write them"
)
@DATA
def convert(data: str, out: pathlib.Path) -> None:
    """Write training.zip and test.zip with the columns of Kaggle's files."""
    from fkd_utils import faces
    from fkd_utils.data import kaggle, sources

    sources.refuse_own(data, out)
    training = sources.read(data)
    points = training.keypoints.reshape(len(training), -1)
    _write(out / "training.zip", dict(zip(faces.COLUMNS, points.T, strict=True)), training)
    groups = "".join(f"{group}\n" for group in training.groups)
    files.write_text(out / "groups.csv", f"group\n{groups}")
    try:
        test = sources.read_test(data)
    except kaggle.Absent:
        print("no test pictures in this source")
        return
    _write(out / "test.zip", {"ImageId": test.ids + 1}, test)


def _write(target: pathlib.Path, table: dict, rows: "Faces") -> None:
    """Write a zip with one csv: the columns of `table` and the pictures."""
    import pandas as pd

    with console.working(f"writing {len(rows):,} rows of {target.name}"):
        pixels = [" ".join(map(str, image.ravel().tolist())) for image in rows.images]
        # Nine digits bring back every float32 exactly.
        csv = pd.DataFrame(table | {"Image": pixels}).to_csv(index=False, float_format="%.9g")
        with files.replacing(target) as aside, zipfile.ZipFile(aside, "w", 8, compresslevel=1) as z:
            z.writestr(f"{target.stem}.csv", csv)
    print(f"wrote {target}: {len(rows):,} rows")
