"""The commands `predict`, for photographs, and `submit`, for the competition's test faces."""

import argparse
import collections.abc
import csv
import os
import pathlib
import sys
import typing

import numpy as np

from fkd_utils import files, keypoints, parts, photos, places, shipped
from fkd_utils.errors import InputError

if typing.TYPE_CHECKING:  # Keras takes seconds to load
    from fkd_utils import demo

POINTS = "points.csv"
HEADER = ("photo", "face", "box_left", "box_top", "box_width", "box_height", *keypoints.COLUMNS)


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add predict and submit to the command line."""
    predict = commands.add_parser(
        "predict",
        help="find the faces on your photographs and mark their keypoints",
        description=f"Find faces and their 15 keypoints. Writes {POINTS}, one line a face, in "
        "pixels of the photograph, and a copy of each photograph with boxes and points.",
    )
    predict.add_argument("photos", nargs="+", metavar="PHOTO", help=photos.READS)
    predict.add_argument(
        "--out",
        type=pathlib.Path,
        default=parts.REPO / "build" / "predict",
        metavar="FOLDER",
        help="where the results go (build/predict)",
    )
    _add_model(predict)
    predict.set_defaults(handler=_predict, needs_keras=True)

    submit = commands.add_parser(
        "submit",
        help="write predictions for test.csv as a Kaggle submission",
        description="Predict the test faces and write RowId,Location in the order of "
        "IdLookupTable.csv.",
    )
    submit.add_argument(
        "--data", required=True, metavar="open|kaggle|PATH", help="with test and IdLookupTable.csv"
    )
    submit.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE", help="the .csv")
    _add_model(submit)
    submit.set_defaults(handler=_submit, needs_keras=True)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default=shipped.DEFAULT,
        metavar="NAME",
        help=f"a shipped network ({shipped.DEFAULT}), or a training from `runs list`",
    )


def _predict(args: argparse.Namespace) -> int:
    from fkd_utils import demo

    network, from_edge = shipped.model(args.model), shipped.counts_from_edge(args.model)
    rows, failed, taken = [], 0, _names_in(args.out, args.photos)
    for name in args.photos:
        try:
            picture = photos.read(name)
            found = demo.locate(network, picture, from_edge=from_edge)
            marked = args.out / _free_name(pathlib.Path(name).stem, taken)
            photos.write(marked, demo.draw_found(picture, found))
        except InputError as error:  # the other photographs are not to suffer
            print(f"error: {error}", file=sys.stderr)
            failed += 1
            continue
        rows += _rows(_shown(name), found)
        what = {0: "no face found", 1: "1 face"}.get(len(found), f"{len(found)} faces")
        print(f"{_shown(name)}: {what} -> {_shown(marked)}")
    if failed < len(args.photos):
        target = args.out / POINTS
        with (
            files.replacing(target) as path,
            path.open("w", newline="", encoding="utf-8") as file,
        ):
            csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
        print(f"{len(rows)} faces: {target}")
    return 2 if failed else 0


def _shown(path: str | pathlib.Path) -> str:
    """A path as it is printed and stored; not every file's name is text: its bytes become \\xe4."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _rows(name: str, found: "demo.Found") -> list[tuple]:
    """The lines of POINTS for one photograph: as HEADER says, one a face."""
    numbers = np.column_stack([found.boxes, found.points.reshape(-1, 2 * len(keypoints.KEYPOINTS))])
    return [(name, k, *(f"{v:.2f}" for v in row)) for k, row in enumerate(numbers, start=1)]


def _names_in(folder: pathlib.Path, given: collections.abc.Iterable[str]) -> set[str]:
    """Names, in small letters, of the given photographs in `folder`: not to be written over."""
    paths = [places.expanded(name) for name in given]
    return {path.name.lower() for path in paths if path.parent.resolve() == folder.resolve()}


def _free_name(stem: str, taken: set[str]) -> str:
    """STEM_points.jpg, numbered where that name is taken; the name is taken from then on."""
    name, number = f"{stem}_points.jpg", 2
    while name.lower() in taken:  # lower: some systems take A.jpg and a.jpg for one file
        name, number = f"{stem}_{number}_points.jpg", number + 1
    taken.add(name.lower())
    return name


def _submit(args: argparse.Namespace) -> int:
    from fkd_utils import sources, submission

    lookup = submission.read_lookup(sources.place(args.data))
    test = sources.load_test(args.data)
    points = shipped.predict(test.images, args.model)
    # Scores are taken with labels, and these may count from elsewhere than the predictions.
    apart = sources.counts_from_edge(args.data) - shipped.counts_from_edge(args.model)
    points = points + apart * keypoints.HALF_PIXEL
    values = submission.locations(lookup, test.ids + 1, points)
    submission.write(args.out, lookup, values)
    print(f"{args.out}: {len(values):,} coordinates of {len(test):,} test faces")
    return 0
