"""The commands `data info`, `data check` and `data convert`."""

import argparse
import contextlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fkd_utils import faces, files
from fkd_utils.console import ProgressLine
from fkd_utils.data import cache, kaggle, sources, splits
from fkd_utils.faces import Faces
from fkd_utils.files import InputError


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the command `data` with its three verbs to the command line."""
    data = commands.add_parser(
        "data",
        help="look at a set of faces, check it, or write it in Kaggle's format",
        description="Look at a set of faces, check it, or write it in Kaggle's format.",
    )
    verbs = data.add_subparsers(required=True, metavar="info|check|convert")
    info = verbs.add_parser(
        "info",
        help="how many faces there are, and how many have each keypoint",
        description="Print how many faces there are, and how many have each keypoint.",
    )
    info.set_defaults(handler=_info)
    check = verbs.add_parser(
        "check",
        help="list doubled pictures and labels that look wrong",
        description="List doubled pictures and labels that look wrong, by row (from 0), with the "
        "reason. Nothing is changed.",
    )
    check.add_argument("--json", metavar="FILE", help="also write the list to FILE as JSON")
    check.set_defaults(handler=_check)
    convert = verbs.add_parser(
        "convert",
        help="write training.zip and test.zip in Kaggle's format",
        description="Write training.zip and test.zip with the columns of Kaggle's files.",
    )
    convert.add_argument("--out", metavar="FOLDER", required=True, help="where to write them")
    convert.set_defaults(handler=_convert)
    for parser in (info, check, convert):
        add_data(parser)


def add_data(parser: argparse.ArgumentParser) -> None:
    """The choice of faces, for every command that has one."""
    parser.add_argument(
        "--data",
        default=os.environ.get("FKD_DATA") or "open",
        metavar="open|kaggle|PATH",
        help="open (the embedded faces), kaggle (what you put into data/kaggle) or the path "
        "of a folder in Kaggle's format; default: $FKD_DATA, or open",
    )


def _info(args: argparse.Namespace) -> int:
    rows = sources.read(args.data)
    known = np.isfinite(rows.keypoints).all(axis=2)
    print(sources.describe(args.data))
    print(f"rows                      {len(rows):6,}")
    print(f"with all 15 keypoints     {int(known.all(axis=1).sum()):6,}")
    print(f"groups (people or copies) {len(np.unique(rows.groups)):6,}")
    with contextlib.suppress(kaggle.Absent):  # a folder may hold training faces only
        print(f"test pictures             {len(sources.read_test(args.data)):6,}")
    print("rows that have the keypoint:")
    for name, count in zip(faces.KEYPOINTS, known.sum(axis=0), strict=True):
        print(f"  {name:<23} {count:6,}")
    print(f"cache: {cache.root()}")
    return 0


def _check(args: argparse.Namespace) -> int:
    target = Path(args.json) if args.json else None
    if target and not target.parent.is_dir():
        raise InputError(f"{target}: there is no folder {target.parent}; make it first")
    rows = sources.read(args.data)
    with _working(f"comparing {len(rows):,} faces"):
        report = splits.checked(rows)
    equal = {pair for pair in report.duplicates if _equal(rows, pair)}
    near = len(report.duplicates) - len(equal)
    print(f"pairs of equal pictures: {len(equal)}; of nearly equal pictures: {near}")
    for pair in report.duplicates:
        print(f"  rows {pair[0]} and {pair[1]}{'' if pair in equal else ' (nearly)'}")
    print(f"suspicious rows: {len(report.suspicious)}")
    for suspicion in report.suspicious:
        print(f"  row {suspicion.row}: {suspicion.reason}")
    if target:
        with files.replacing(target) as aside:
            aside.write_text(report.to_json(), encoding="utf-8")
    return 0


def _equal(rows: Faces, pair: tuple[int, int]) -> bool:
    """Both rows show the same picture, byte for byte (all rows of the file are there)."""
    return np.array_equal(rows.images[pair[0]], rows.images[pair[1]])


def _convert(args: argparse.Namespace) -> int:
    folder, training = Path(args.out), sources.read(args.data)
    _write(folder, "training", (*faces.COLUMNS, "Image"), training)
    with files.replacing(folder / "groups.csv") as aside:
        aside.write_text("group\n" + "".join(f"{group}\n" for group in training.groups))
    print(f"wrote {folder / 'training.zip'}: {len(training):,} rows")
    try:
        test = sources.read_test(args.data)
    except kaggle.Absent:
        print("no test pictures in this source")
        return 0
    _write(folder, "test", ("ImageId", "Image"), test)
    print(f"wrote {folder / 'test.zip'}: {len(test):,} rows")
    return 0


def _write(folder: Path, stem: str, columns: tuple[str, ...], rows: Faces) -> None:
    """Write `stem`.zip with one csv of `columns`."""
    texts = [str(value) for value in range(256)]
    with (
        _working(f"writing {len(rows):,} rows of {stem}.zip"),
        files.replacing(folder / f"{stem}.zip") as aside,
        zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(f"{stem}.csv", "w", force_zip64=True) as file,
    ):
        file.write((",".join(columns) + "\n").encode())
        for row, image in enumerate(rows.images):
            fields = [str(rows.ids[row] + 1)]
            if stem == "training":
                numbers = rows.keypoints[row].ravel().tolist()
                # Nine digits bring back every float32 exactly.
                fields = ["" if x != x else f"{x:.9g}" for x in numbers]
            fields.append(" ".join([texts[value] for value in image.ravel().tolist()]))
            file.write((",".join(fields) + "\n").encode())


@contextlib.contextmanager
def _working(text: str) -> Iterator[None]:
    """Show a line while something takes a few seconds."""
    line = ProgressLine()
    line.update(f"{text} ...")
    try:
        yield
    finally:
        line.clear()
