"""The commands `predict`, for photographs, and `submit`, for the competition's test faces."""

import csv
import os
import pathlib
import sys

import click
import numpy as np

from fkd_utils import console, faces, files
from fkd_utils.cli import execute
from fkd_utils.files import InputError

POINTS = "points.csv"
HEADER = ("photo", "face", "box_left", "box_top", "box_width", "box_height", *faces.COLUMNS)


def _default_network() -> str:
    console.start_backend()  # what is imported next would start it loudly
    from fkd_utils.training import results

    return results.DEFAULT_NETWORK


MODEL = click.option(
    "--model",
    default=_default_network,
    metavar="NAME",
    help="a shipped network (default: the final one), or a training from `runs list`",
)


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@execute.out_option("predict", "where the results go")
@MODEL
def predict(photos: tuple[str, ...], out: pathlib.Path, model: str) -> int:
    """Find the faces on your photographs and mark their 15 keypoints.

    Writes points.csv, one line a face, in pixels of the photograph, and a copy of each photograph
    with boxes and points. Names the faces of which the network is not sure, as chapter 18b says.
    PHOTO: PNG, JPEG, WebP, GIF, BMP or TIFF.
    """
    console.start_backend()
    import cv2

    from fkd_utils.data import photos as pictures
    from fkd_utils.demo import locate
    from fkd_utils.models import heatmap
    from fkd_utils.training import results

    network, from_edge = results.network(model), results.network_counts_from_edge(model)
    limit = results.widest_spread(model)
    rows, good, taken = [], 0, _names_in(out, photos)
    try:
        for name in photos:
            try:
                picture = pictures.read(name)
                found = locate.locate(network, picture, from_edge=from_edge)
                wide = np.zeros(len(found))  # the mean spread of each face's maps, pixels
                if limit is not None and len(found):
                    shown = locate.crops(picture, found.squares)
                    wide = heatmap.spreads(network, shown).mean(axis=1)
                marked = out / _free_name(pathlib.Path(name).stem, taken)
                pictures.write(marked, locate.draw_found(picture, found))
            except InputError as error:  # the other photographs are not to suffer
                print(f"error: {error}", file=sys.stderr)
                continue
            except (MemoryError, cv2.error) as error:
                why = " ".join(str(error).split()) or "not enough memory; make a smaller copy"
                print(f"error: {_shown(name)}: {why}", file=sys.stderr)
                continue
            good += 1
            numbers = np.column_stack([found.boxes, found.points.reshape(-1, len(faces.COLUMNS))])
            for k, row in enumerate(numbers, start=1):
                rows.append((_shown(name), k, *(f"{v:.2f}" for v in row)))
            what = {0: "no face found", 1: "1 face"}.get(len(found), f"{len(found)} faces")
            unsure = ", ".join(str(k) for k in np.flatnonzero(wide > (limit or 0)) + 1)
            what += f" (not sure of {unsure}: no whole face?)" if unsure else ""
            print(f"{_shown(name)}: {what} -> {_shown(marked)}")
    finally:  # whatever stops the command, what was found is kept
        if good:
            target = out / POINTS
            with files.replacing(target) as aside, aside.open("w", -1, "utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
            print(f"{len(rows)} faces: {target}")
    return 2 if good < len(photos) else 0


def _shown(path: str | pathlib.Path) -> str:
    """A path as it is printed and stored; not every file's name is text: its bytes become \\xe4."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _names_in(folder: pathlib.Path, given: tuple[str, ...]) -> set[str]:
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


@click.command()
@click.option("--data", required=True, metavar="open|kaggle|PATH", help="with IdLookupTable.csv")
@click.option("--out", required=True, type=files.expanded, metavar="FILE", help="the .csv")
@click.option(
    "--one-labeller",
    is_flag=True,
    help="leave the answers as the first labeller would give them on every face",
)
@MODEL
def submit(data: str, out: pathlib.Path, one_labeller: bool, model: str) -> None:
    """Write predictions for test.csv as a Kaggle submission.

    The lines RowId,Location are in the order of IdLookupTable.csv. Where it asks a face for exactly
    the four points that a second labeller gives (eye centres, nose tip, bottom lip), the offset
    that the network has learnt of this labeller is added.
    """
    console.start_backend()
    from fkd_utils.data import kaggle, sources
    from fkd_utils.training import results

    sources.refuse_own(data, out)
    lookup = kaggle.read_lookup(sources.place(data))
    test = sources.read_test(data)
    points = results.predict_as_published(test.images, model)
    # Scores are taken with labels, and these may count from elsewhere than the predictions.
    apart = sources.counts_from_edge(data) - results.network_counts_from_edge(model)
    points = points + apart * faces.HALF_PIXEL
    images = test.ids + 1
    second = np.isin(images, kaggle.asked_for_only(lookup, faces.FOUR_POINTS))
    offset = None if one_labeller or not second.any() else results.second_labeller_offset(model)
    if offset is not None:
        points[second] += offset
    values = kaggle.locations(lookup, images, points)
    kaggle.write_submission(out, lookup, values)
    print(f"{out}: {len(values):,} coordinates of {len(test):,} test faces")
    if offset is not None:
        print(
            f"asked for the second labeller's four points only: {second.sum():,} faces, answered "
            "with the learnt offset (--one-labeller: without)"
        )
