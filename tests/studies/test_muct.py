"""What the MUCT landmark file says: counts and constants, by hand on made-up faces.

Set FKD_SHARED to a folder with muct/ to check the stored tables against the real file.
"""

import os
import pathlib

import numpy as np
import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.files import InputError
from studies import muct

MUCT = "name,tag,x00,y00,x01,y01\ni000qa-fn,0,201,348,0,0\nir000qa-fn,2,0,7,3.5,0\n"
FACE = np.array([(100.0, 100), (200, 100), (150, 200), (140, 160)])


def made(people=85, cameras="ab"):
    """Everybody has the same face; the second camera cannot see the last point."""
    names, points = [], []
    for person in range(people):
        for camera in cameras:
            face = FACE.copy()
            if camera == "b":
                face[3] = np.nan  # inside the box, which stays
            names += [f"i{person:03d}q{camera}-fn", f"ir{person:03d}q{camera}-fn"]
            points += [face, face * (-1, 1) + (muct.WIDTH - 1, 0)]
    return muct.Muct(tuple(names), np.array(points))


def test_points_at_zero_are_unavailable_but_not_points_on_the_edge(tmp_path):
    (tmp_path / "m.csv").write_text(MUCT)
    names, points = muct.read_muct(tmp_path / "m.csv")
    assert names == ("i000qa-fn", "ir000qa-fn")
    nan = (np.nan, np.nan)
    np.testing.assert_array_equal(points, [[(201, 348), nan], [(0, 7), (3.5, 0)]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,y\n1,2\n", "header: the columns must be"),
        (MUCT.replace("3.5", "three"), "row 1: a coordinate is no number"),
        (MUCT.partition("\n")[0] + "\n", "only a header"),
        (MUCT.replace("3.5", "3500"), "row 1: a point lies far outside"),
        (MUCT.replace("i000qa-fn", "face7", 1), "row 0: 'face7' is no picture of MUCT"),
        (MUCT.replace(",348", ""), "row 0: a coordinate is no number"),
        ('"', "cannot be read as csv"),
        ("", "cannot be read as csv"),
        (None, "cannot be read as csv"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, said):
    if text is not None:
        (tmp_path / "m.csv").write_text(text)
    with pytest.raises(InputError, match=rf"m\.csv.*{said}"):
        muct.read_muct(tmp_path / "m.csv")


def test_facts_by_hand():
    facts = muct.facts(made())
    assert (facts["points"], facts["pictures"], facts["mirrored rows"]) == (4, 170, 170)
    assert (facts["people"], facts["unavailable points"]) == (85, 85)
    assert facts["cameras with unavailable points"] == 1
    assert facts["pictures of the first 82 people, one camera"] == 82
    assert facts["pictures of the first 83 people"] == 166


def test_a_face_that_never_changes_is_its_own_mean():
    kept, _ = muct.constants(made(cameras="a"), 1.5, 0.0)
    assert kept["unavailable"] == "left out"
    assert kept["upright"] == pytest.approx(0, abs=1e-12)
    # Box 100, crop 150. x mirrored twice of three copies, y once: from the centre a coordinate c
    # has c, -c, c (or c, c, -c), whose variance is 8/9 of c squared.
    parts = (FACE - 150) / 150
    assert kept["one_face"] == pytest.approx(8 / 9 * np.mean(parts**2))


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_zeros_that_count_as_places_cost():
    kept, zeros = muct.constants(made(), 1.25, 0.0)
    assert kept["upright"] == pytest.approx(0, abs=1e-12)
    # Half the pictures have it, half have (0, 0), in crops of 125; the mean is half-way.
    assert zeros["upright"] == pytest.approx(np.mean((FACE[3] / 125 / 2) ** 2) / 4)
    # A mean face that knows the camera knows who is missing.
    assert zeros["camera"] == pytest.approx(0, abs=1e-12)


def test_a_wobbling_box_makes_the_constant_worse():
    still, wobbling = (
        muct.constants(made(cameras="a"), 1.25, wobble)[0]["upright"] for wobble in (0, 0.05)
    )
    # Place and size: a shift of 5% alone is 0.0025.
    assert still < 0.001 < 0.002 < wobbling < 0.006


SHARED = os.environ.get("FKD_SHARED")


@pytest.mark.skipif(not SHARED, reason="needs the real file: set FKD_SHARED")
def test_the_stored_tables_are_those_of_the_file(tmp_path):
    real = muct.read_muct(pathlib.Path(SHARED) / "muct" / "muct76-opencv.csv")
    assert len(real.names) == len(real.points) == 7510
    assert np.nanmin(real.points) >= 0
    muct.write(real, tmp_path)
    for name in ("muct_facts.csv", "muct_constants.csv"):
        stored = pd.read_csv(files.PUBLISHED / "transfer" / name)
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name), stored)
