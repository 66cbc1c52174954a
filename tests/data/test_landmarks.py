"""Landmark files of other data sets: exact points from good files, a named line from broken ones.

Set FKD_SHARED to a folder with ibug68/ and imm/ to read the real sets as well.
"""

import os
import pathlib

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkd_utils.data import landmarks, photographs
from fkd_utils.files import InputError

PTS = "version: 1\nn_points:  3\n{\n1 1\n10.5 20.25\n 7.125  3\n}\n"
TEM = "3\n0.5\t1\n2\t3.25\n4\t5\n2\n0\n2\n0 2\n1\n3\n0 1 2\n"
NUMBERS = st.floats(-1e4, 1e4).map(lambda v: round(v, 3))


def asf(points: list[tuple[float, float]], columns: int = 10, host: str = "other.bmp") -> str:
    """An IMM file as the AAM tools write it: comments, tabs, a host picture at the end."""
    rest = "\t0.00\t0.00\t0.00" * (columns == 10)
    rows = [f"0 \t4 \t{x:.8f} \t{y:.8f} \t{k} \t0 \t1{rest}" for k, (x, y) in enumerate(points)]
    head = ["####", "#", "# number of model points", "#", str(len(points)), "", "# model points"]
    return "\n".join([*head, *rows, "", "# host image", host, ""])


def written(folder: pathlib.Path, name: str, text: str, newline: str = "\n") -> pathlib.Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline=newline)
    return path


def picture(path: pathlib.Path, width: int = 64, height: int = 48) -> None:
    PIL.Image.new("L", (width, height), 90).save(path)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_pts_counts_from_one_in_the_file_and_from_zero_here(tmp_path, newline):
    points = landmarks.read_pts(written(tmp_path, "a.pts", PTS, newline))
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points, [(0, 0), (9.5, 19.25), (6.125, 2)])


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "a.pts"
    path.write_bytes(b"\xef\xbb\xbf" + PTS.encode())
    assert len(landmarks.read_pts(path)) == 3


@pytest.mark.parametrize("columns", [7, 10])
def test_asf_is_relative_to_the_picture(tmp_path, columns):
    path = written(tmp_path, "a.asf", asf([(0.25, 0.5), (0.34004536, 0.71522273)], columns))
    points = landmarks.read_asf(path, 640, 480)
    np.testing.assert_allclose(points, [(160, 240), (217.62903, 343.30691)], atol=1e-5)


def test_asf_with_a_host_in_another_alphabet(tmp_path):
    path = tmp_path / "a.asf"
    path.write_bytes(asf([(0.5, 0.5)], host="m\xf8ller.bmp").encode("latin-1"))
    np.testing.assert_array_equal(landmarks.read_asf(path, 10, 20), [(5, 10)])


@pytest.mark.parametrize("end", [len(TEM), TEM.index("2\n0\n")], ids=["lines", "no lines"])
def test_tem_gives_points(tmp_path, end):
    points = landmarks.read_tem(written(tmp_path, "a.tem", TEM[:end]))
    np.testing.assert_array_equal(points, [(0.5, 1), (2, 3.25), (4, 5)])


def test_every_embedded_template_can_be_read():
    name = photographs.names()[0]
    path = photographs.FOLDER / f"{name}.tem"
    points = landmarks.read_tem(path)
    direct = np.loadtxt(path, skiprows=1, max_rows=189)
    np.testing.assert_array_equal(points, direct)
    np.testing.assert_array_equal(photographs.template(name), direct.astype(np.float32))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9))
def test_what_is_written_is_read(tmp_path_factory, points):
    folder = tmp_path_factory.mktemp("written")
    rows = "\n".join(f"{x} {y}" for x, y in points)
    pts = written(folder, "a.pts", f"version: 1\nn_points: {len(points)}\n{{\n{rows}\n}}\n")
    np.testing.assert_array_equal(landmarks.read_pts(pts), np.array(points) - 1)
    tem = written(folder, "a.tem", f"{len(points)}\n{rows}\n0\n")
    np.testing.assert_array_equal(landmarks.read_tem(tem), points)


BROKEN = {
    "empty.pts": ("", 1, "empty"),
    "no_brace.pts": ("version: 1\nn_points: 3\n1 1\n", 3, "in braces"),
    "no_count.pts": (PTS.replace("n_points:  3\n", ""), 1, "n_points"),
    "odd_count.pts": (PTS.replace(" 3\n{", " many\n{"), 2, "'many'"),
    "huge.pts": (PTS.replace(" 3\n{", f" {10**8}\n{{"), 7, "not a number"),
    "digits.pts": (PTS.replace(" 3\n{", f" {'9' * 5000}\n{{"), 2, "a number of points"),
    "huge.asf": (asf([(0.5, 0.5)]).replace("\n1\n", f"\n{10**8}\n"), 11, "not a number"),
    "huge.tem": (f"{10**8}\n1\t2\n", 2, "ends after 1 of"),
    "cut_off.pts": (PTS[: PTS.index(" 7.125")], 5, "ends after 2 of 3"),
    "no_end.pts": (PTS[:-2], 6, "'}'"),
    "more.pts": (PTS.replace("}", "8 8\n}"), 7, "'}'"),
    "word.pts": (PTS.replace("20.25", "here"), 5, "'here'"),
    "nan.pts": (PTS.replace("20.25", "nan"), 5, "not finite"),
    "three.pts": (PTS.replace("20.25", "20.25 4"), 5, "2 numbers"),
    "empty.asf": ("# nothing\n", 1, "a number of points"),
    "columns.asf": (asf([(0.5, 0.5), (0.5, 0.5)]).replace("4 \t0.5", "4 \t9 \t0.5"), 8, "7 or 10"),
    "order.asf": (asf([(0.5, 0.5)]).replace("\t0 \t0 \t1", "\t4 \t0 \t1"), 8, "in order"),
    "pixels.asf": (asf([(0.5, 0.5), (320, 240)]), 9, "parts of the picture"),
    "short.asf": (asf([(0.5, 0.5)]).replace("\n1\n", "\n3\n"), 11, "not a number"),
    "long.asf": (asf([(0.5, 0.5)] * 3).replace("\n3\n", "\n1\n"), 10, "more than 1"),
    "count.tem": ("many\n", 1, "'many'"),
    "short.tem": ("3\n1\t2\n", 2, "ends after 1 of 3"),
}
READERS = {
    ".pts": landmarks.read_pts,
    ".asf": lambda path: landmarks.read_asf(path, 640, 480),
    ".tem": landmarks.read_tem,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_its_line(tmp_path, name):
    text, line, what = BROKEN[name]
    path = written(tmp_path, name, text)
    with pytest.raises(InputError) as caught:
        READERS[path.suffix](path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60), st.sampled_from(sorted(READERS)))
def test_no_text_breaks_a_reader(tmp_path_factory, text, ending):
    path = tmp_path_factory.mktemp("any") / f"any{ending}"
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        READERS[ending](path)
    except InputError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("reader", READERS.values())
def test_a_missing_file_is_named(tmp_path, reader):
    with pytest.raises(InputError, match=r"gone\.x: cannot be read"):
        reader(tmp_path / "gone.x")


def test_the_picture_is_the_one_of_the_same_name(tmp_path):
    picture(tmp_path / "one.JPG", 200, 100)
    picture(tmp_path / "other.jpg", 64, 48)
    path = written(tmp_path, "one.asf", asf([(0.5, 0.25)], host="other.jpg"))
    pair = landmarks.read_pair(path)
    assert pair.picture.name == "one.JPG"
    np.testing.assert_array_equal(pair.points, [(100, 25)])


def test_broken_files_are_named_and_the_others_read(tmp_path):
    for name in ("a", "b", "c", "d"):
        picture(tmp_path / f"{name}.jpg")
    paths = [
        written(tmp_path, "a.pts", PTS),
        written(tmp_path, "b.pts", PTS[:-9]),
        written(tmp_path, "alone.tem", TEM),
        written(tmp_path, "c.tem", TEM),
        written(tmp_path, "d.txt", TEM),
    ]
    pairs, broken = landmarks.read_pairs(paths)
    assert [pair.picture.name for pair in pairs] == ["a.jpg", "c.jpg"]
    assert len(broken) == 3
    for message, name in zip(broken, ("b.pts", "alone.tem", "d.txt"), strict=True):
        assert name in message


@pytest.mark.skipif("FKD_SHARED" not in os.environ, reason="FKD_SHARED names no folder")
def test_real_sets():
    shared = pathlib.Path(os.environ.get("FKD_SHARED", ""))
    for folder, ending, many in (
        ("imm/imm_face_db", "*.asf", 58),
        ("imm/imm_frontal", "*.asf", 73),
        ("ibug68/afw", "*.pts", 68),
    ):
        pairs, broken = landmarks.read_pairs(sorted((shared / folder).glob(ending)))
        assert pairs
        assert not broken
        assert {pair.points.shape for pair in pairs} == {(many, 2)}


def test_a_folder_of_landmarks_is_known_by_its_files(tmp_path):
    (tmp_path / "deep").mkdir()
    assert landmarks.find(tmp_path, ".pts") == landmarks.find("open", ".pts") == []
    (tmp_path / "deep" / "face.pts").touch()
    for folder in (tmp_path, str(tmp_path / "deep")):
        assert landmarks.find(folder, ".pts") == [tmp_path / "deep" / "face.pts"]


@pytest.mark.parametrize("name", ["face.ASF", "face.Pts", "FACE.pts"])
def test_any_spelling_of_an_ending_at_any_depth(tmp_path, name):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / name).touch()
    (deep / f"._{name}").touch()  # as macOS leaves them
    assert landmarks.find(tmp_path, ".pts", ".asf") == [deep / name]
    assert landmarks.find(tmp_path, ".tem") == landmarks.find("~nobody", ".pts") == []


@pytest.mark.parametrize("ending", [".Jpg", ".PNG", ".tiff", ".webp"])
def test_any_spelling_of_a_picture(tmp_path, ending):
    picture(tmp_path / f"a{ending}")
    assert landmarks.picture_of(tmp_path / "a.PTS").name == f"a{ending}"


def one_point(ending: str, x: float, y: float) -> str:
    """A file with one point, in pixels of a picture of 64 x 48 that count from 0."""
    if ending == ".asf":
        return asf([(x / 64, y / 48)])
    if ending == ".tem":
        return f"1\n{x}\t{y}\n"
    return f"n_points: 1\n{{\n{x + 1} {y + 1}\n}}\n"


@pytest.mark.parametrize("ending", [".pts", ".tem", ".asf"])
def test_a_point_far_outside_its_picture_is_refused(tmp_path, ending):
    picture(tmp_path / "a.png")
    for x, y in ((-60, 20), (127, -40)):  # a face that the picture's edge cuts
        path = written(tmp_path, f"a{ending}", one_point(ending, x, y))
        np.testing.assert_allclose(landmarks.read_pair(path).points, [(x, y)], atol=1e-5)
    for x, y in ((13500, 20), (20, -96), (130, 20)):
        path = written(tmp_path, f"a{ending}", one_point(ending, x, y))
        with pytest.raises(InputError) as caught:
            landmarks.read_pair(path)
        assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", [".pts", ".asf"])
def test_points_count_stored_pixels_whatever_the_camera_noted(tmp_path, ending):
    stored = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) % 256
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # a viewer turns it to 48 x 64
    PIL.Image.fromarray(stored.astype(np.uint8)).save(tmp_path / "a.png", exif=exif)
    pair = landmarks.read_pair(written(tmp_path, f"a{ending}", one_point(ending, 60, 12)))
    np.testing.assert_allclose(pair.points, [(60, 12)], atol=1e-5)
    np.testing.assert_array_equal(pair.grey, stored)


def test_a_name_that_begins_like_a_home_is_a_name():
    assert landmarks.find("~nobody-of-this-name", ".pts") == []
