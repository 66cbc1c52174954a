"""The commands `predict`, for photographs, and `submit`, for the competition's test faces."""

import argparse
import csv
import pathlib
import sys

from fkd_utils import files, keypoints, parts, photos, shipped
from fkd_utils.errors import InputError

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

    network = shipped.model(args.model)
    rows, failed, taken = [], 0, set()
    for name in args.photos:
        try:
            picture = photos.read(name)
        except InputError as error:  # the other photographs are not to suffer
            print(f"error: {error}", file=sys.stderr)
            failed += 1
            continue
        found = demo.locate(network, picture)
        for k, (box, points) in enumerate(zip(found.boxes, found.points, strict=True)):
            numbers = [f"{value:.2f}" for value in (*box, *points.ravel())]
            rows.append((name, k + 1, *numbers))
        marked = args.out / _free_name(pathlib.Path(name).stem, taken)
        photos.write(marked, demo.draw_found(picture, found))
        what = {0: "no face found", 1: "1 face"}.get(len(found), f"{len(found)} faces")
        print(f"{name}: {what} -> {marked}")
    if failed < len(args.photos):
        with files.replacing(args.out / POINTS) as path, path.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
        print(f"{len(rows)} faces: {args.out / POINTS}")
    return 2 if failed else 0


def _free_name(stem: str, taken: set[str]) -> str:
    """STEM_points.jpg, numbered when a photograph of that name came before."""
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
