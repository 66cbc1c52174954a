import pathlib
import zipfile

import facefiles
import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import kaggle
from fkd_utils.files import InputError

HEADER = "RowId,ImageId,FeatureName,Location\n"


def lookup_of(folder: pathlib.Path, lines: list[str]) -> kaggle.Lookup:
    (folder / kaggle.TABLE).write_text(HEADER + "".join(f"{line},\n" for line in lines))
    return kaggle.read_lookup(folder)


def test_order_and_coordinates(tmp_path):
    lookup = lookup_of(tmp_path, ["1,7,nose_tip_y", "2,7,left_eye_center_x", "3,2,nose_tip_y"])
    points = np.arange(60, dtype=float).reshape(2, 15, 2)
    values = kaggle.locations(lookup, np.array([2, 7]), points)
    nose = faces.INDEX["nose_tip"]
    np.testing.assert_array_equal(values, [points[1, nose, 1], points[1, 0, 0], points[0, nose, 1]])
    kaggle.write_submission(tmp_path / "out.csv", lookup, values)
    lines = (tmp_path / "out.csv").read_bytes().decode().split("\n")
    assert lines == ["RowId,Location", "1,51.0000", "2,30.0000", "3,21.0000", ""]


def test_points_outside_are_moved_to_the_edge(tmp_path):
    lookup = lookup_of(tmp_path, ["1,1,nose_tip_x", "2,1,nose_tip_y"])
    points = np.zeros((1, 15, 2))
    points[0, faces.INDEX["nose_tip"]] = [-3.2, 120]
    values = kaggle.locations(lookup, np.array([1]), points)
    np.testing.assert_array_equal(values, [0, 96])


def test_a_table_of_the_competitions_shape(tmp_path):
    # 1,783 pictures and 27,124 coordinates: some pictures have 30 rows, the others 8.
    full = (27_124 - 8 * 1783) // 22
    four = [c for c in faces.COLUMNS if c.rsplit("_", 1)[0] in faces.FOUR_POINTS]
    lines, wanted = [], []
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 96, (1783, 15, 2))
    for image in range(1, 1784):
        for name in faces.COLUMNS if image <= full else four:
            lines.append(f"{len(lines) + 1},{image},{name}")
            point, axis = name.rsplit("_", 1)
            wanted.append(points[image - 1, faces.INDEX[point], "xy".index(axis)])
    lookup = lookup_of(tmp_path, lines)
    shuffled = rng.permutation(1783)
    values = kaggle.locations(lookup, shuffled + 1, points[shuffled])
    np.testing.assert_array_equal(values, wanted)


def test_inside_the_competitions_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "facial-keypoints-detection.zip", "w") as archive:
        archive.writestr(kaggle.TABLE, HEADER + "5,3,nose_tip_x,\n")
    for path in (tmp_path, tmp_path / "facial-keypoints-detection.zip"):
        lookup = kaggle.read_lookup(path)
        assert (lookup.rows[0], lookup.images[0]) == (5, 3)


def locked(content: bytearray) -> None:
    content[6] |= 1  # bit 0 of the flags, in both headers, says: encrypted
    content[content.index(b"PK\x01\x02") + 8] |= 1


def strangely_packed(content: bytearray) -> None:
    content[8] = content[content.index(b"PK\x01\x02") + 10] = 99


def damaged(content: bytearray) -> None:
    start = 30 + len(kaggle.TABLE)
    content[start : start + 20] = bytes(20)


@pytest.mark.parametrize("change", [locked, strangely_packed, damaged])
def test_a_zip_that_cannot_be_unpacked(tmp_path, change):
    path = tmp_path / "facial-keypoints-detection.zip"
    table = (HEADER + "5,3,nose_tip_x,\n" * 20).encode()
    content = bytearray(facefiles.zipped(path, {kaggle.TABLE: table}).read_bytes())
    change(content)
    path.write_bytes(content)
    for given in (path, tmp_path):
        with pytest.raises(InputError, match="zip: cannot be read"):
            kaggle.read_lookup(given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RowId,FeatureName\n1,nose_tip_x\n", "column 'ImageId' is missing"),
        (HEADER + "1,1,nose_tip_x,\n2,x,nose_tip_y,\n", "line 3, column 'ImageId': 'x'"),
        (HEADER + "1,1,nose_tipx,\n", "line 2, column 'FeatureName': 'nose_tipx'"),
        (HEADER + "1,1\n", "line 2, column 'FeatureName': 'None'"),
        (HEADER + "1,1,nose_tip_x,\n1,1,nose_tip_y,\n", "column 'RowId': a number appears twice"),
        (HEADER + "1,99999999999999999999,nose_tip_x,\n", "at most 18 digits"),
        (HEADER + f"{'9' * 5000},1,nose_tip_x,\n", "at most 18 digits"),
        (HEADER + f"1,1,{'x' * 200_000},\n", "this is no csv file"),
        (HEADER, "only a header"),
    ],
)
def test_bad_tables(text, said, tmp_path):
    (tmp_path / kaggle.TABLE).write_text(text)
    with pytest.raises(InputError) as caught:
        kaggle.read_lookup(tmp_path)
    assert said in str(caught.value)
    assert kaggle.TABLE in str(caught.value)


def test_missing_table_and_missing_picture(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        kaggle.read_lookup(tmp_path)
    lookup = lookup_of(tmp_path, ["1,4,nose_tip_x", "2,9,nose_tip_x"])
    with pytest.raises(InputError, match="ImageId 9 of"):
        kaggle.locations(lookup, np.array([4]), np.zeros((1, 15, 2)))
