"""The commands `predict`, for photographs, and `submit`, for the competition's test faces."""

import argparse
import collections.abc
import csv
import os
import pathlib
import sys
import typing

import numpy as np

from fkd_utils import faces, files
from fkd_utils.data import photos
from fkd_utils.files import InputError
from fkd_utils.training import results

if typing.TYPE_CHECKING:
    from fkd_utils.demo import locate

POINTS = "points.csv"
HEADER = ("photo", "face", "box_left", "box_top", "box_width", "box_height", *faces.COLUMNS)


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
        default=files.REPO / "build" / "predict",
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
        default=results.DEFAULT_NETWORK,
        metavar="NAME",
        help=f"a shipped network ({results.DEFAULT_NETWORK}), or a training from `runs list`",
    )


def _predict(args: argparse.Namespace) -> int:
    from fkd_utils.demo import locate

    network, from_edge = results.network(args.model), results.network_counts_from_edge(args.model)
    rows, failed, taken = [], 0, _names_in(args.out, args.photos)
    for name in args.photos:
        try:
            picture = photos.read(name)
            found = locate.locate(network, picture, from_edge=from_edge)
            marked = args.out / _free_name(pathlib.Path(name).stem, taken)
            photos.write(marked, locate.draw_found(picture, found))
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


def _rows(name: str, found: "locate.Found") -> list[tuple]:
    """The lines of POINTS for one photograph: as HEADER says, one a face."""
    numbers = np.column_stack([found.boxes, found.points.reshape(-1, 2 * len(faces.KEYPOINTS))])
    return [(name, k, *(f"{v:.2f}" for v in row)) for k, row in enumerate(numbers, start=1)]


def _names_in(folder: pathlib.Path, given: collections.abc.Iterable[str]) -> set[str]:
    """Names, in small letters, of the given photographs in `folder`: not to be written over."""
    paths = [files.expanded(name) for name in given]
    return {path.name.lower() for path in paths if path.parent.resolve() == folder.resolve()}


def _free_name(stem: str, taken: set[str]) -> str:
    """STEM_points.jpg, numbered where that name is taken; the name is taken from then on."""
    name, number = f"{stem}_points.jpg", 2
    while name.lower() in taken:  # lower: some systems take A.jpg and a.jpg for one file
        name, number = f"{stem}_{number}_points.jpg", number + 1
    taken.add(name.lower())
    return name


def _submit(args: argparse.Namespace) -> int:
    from fkd_utils.data import kaggle, sources

    lookup = kaggle.read_lookup(sources.place(args.data))
    test = sources.read_test(args.data)
    points = results.predict_as_published(test.images, args.model)
    # Scores are taken with labels, and these may count from elsewhere than the predictions.
    apart = sources.counts_from_edge(args.data) - results.network_counts_from_edge(args.model)
    points = points + apart * faces.HALF_PIXEL
    values = kaggle.locations(lookup, test.ids + 1, points)
    kaggle.write_submission(args.out, lookup, values)
    print(f"{args.out}: {len(values):,} coordinates of {len(test):,} test faces")
    return 0
