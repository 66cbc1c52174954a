"""Kaggle's files: every spelling is read, every mistake is named with its file, row and column."""

import io
import os
import pathlib
import zipfile

import facefiles
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fkd_utils import faces
from fkd_utils.data import kaggle
from fkd_utils.files import InputError

# ---- what must work


@pytest.mark.parametrize("count", [1, 64, 130])
def test_reads_what_was_written(folder, store, count):
    images, points = facefiles.faces(count)
    facefiles.save(folder, facefiles.text(facefiles.fields(images, points)))
    faces = kaggle.read_training(folder)
    assert faces.images.dtype == np.uint8
    assert faces.keypoints.dtype == np.float32
    np.testing.assert_array_equal(faces.images, images)
    np.testing.assert_array_equal(faces.keypoints, points.astype(np.float32))
    np.testing.assert_array_equal(faces.ids, np.arange(count))
    np.testing.assert_array_equal(faces.groups, np.arange(count))


def variants():
    """Ways of writing the same three rows."""
    rows = facefiles.good_rows()
    plain = facefiles.text(rows)
    quoted = [[*row[:-1], f'"{row[-1]}"'] for row in rows]
    order = np.random.default_rng(1).permutation(31)
    names = facefiles.HEADER.split(",")
    moved = facefiles.text(
        [[row[k] for k in order] for row in rows], ",".join(names[k] for k in order)
    )
    spaced = [[*row[:-1], " " + row[-1].replace(" ", "  ", 1) + " "] for row in rows]
    return {
        "plain": plain.encode(),
        "windows": facefiles.text(rows, end="\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + plain.encode(),
        "both": b"\xef\xbb\xbf" + facefiles.text(rows, end="\r\n").encode(),
        "quoted": facefiles.text(quoted).encode(),
        "moved": moved.encode(),
        "spaced": facefiles.text(spaced).encode(),
        "no last line end": plain.rstrip("\n").encode(),
        "blank last lines": (plain + "\n\n").encode(),
        "quoted header": plain.replace(
            facefiles.HEADER, ",".join(f'"{name}"' for name in names), 1
        ).encode(),
        "nan": facefiles.text([[v or "NaN" for v in row] for row in rows]).encode(),
    }


@pytest.mark.parametrize("how", variants())
@pytest.mark.parametrize("pack", [False, True])
def test_reads_other_spellings(folder, store, how, pack):
    images, points = facefiles.faces(3)
    content = variants()[how]
    if pack:
        facefiles.zipped(folder / "training.zip", {"training.csv": content})
    else:
        facefiles.save(folder, content)
    faces = kaggle.read_training(folder)
    np.testing.assert_array_equal(faces.images, images)
    np.testing.assert_array_equal(faces.keypoints, points.astype(np.float32))


def test_test_file(folder, store):
    images, _ = facefiles.faces(3)
    rows = [[str(5 - k), " ".join(map(str, image.ravel()))] for k, image in enumerate(images)]
    path = facefiles.save(folder, facefiles.text(rows, "ImageId,Image"), "test.csv")
    for source in (folder, path):
        faces = kaggle.read_test(source)
        np.testing.assert_array_equal(faces.images, images)
        np.testing.assert_array_equal(faces.ids, [4, 3, 2])
        assert faces.keypoints.shape == (3, 15, 2)
        assert np.isnan(faces.keypoints).all()


def test_groups_come_from_the_file(folder, store):
    facefiles.save(folder, facefiles.text(facefiles.good_rows(4)))
    assert kaggle.read_training(folder).groups.tolist() == [0, 1, 2, 3]
    facefiles.save(folder, "group\n7\n7\n8\n-1\n", "groups.csv")
    assert kaggle.read_training(folder).groups.tolist() == [7, 7, 8, -1]
    assert len(facefiles.entries(store)) == 1  # the entry without groups.csv is gone
    huge = "9" * 20
    for content, word in (
        ("group\n1\n2\n", "2 rows"),
        ("group\n1\n2\nx\n4\n", "row 2"),
        (f"group\n1\n2\n{huge}\n4\n", f"row 2 .*{huge}.* no whole number"),
    ):
        facefiles.save(folder, content, "groups.csv")
        with pytest.raises(InputError, match=word):
            kaggle.read_training(folder)


def test_coordinates_on_the_border_are_inside(folder, store):
    rows = facefiles.good_rows(1)
    rows[0][:4] = ["0", "96", "95.9356", "1e1"]
    facefiles.save(folder, facefiles.text(rows))
    found = kaggle.read_training(folder).keypoints[0].ravel()[:4]
    np.testing.assert_allclose(found, [0, 96, 95.9356, 10])


# ---- what must be refused


@pytest.mark.parametrize("pixel", ["12.5", "abc", "256", "-3", "1000", "+5", "1e2", "0x1", "१"])
@pytest.mark.parametrize("row", [0, 70])
def test_refuses_a_pixel(folder, store, pixel, row):
    rows = facefiles.good_rows(71)
    pixels = rows[row][-1].split(" ")
    pixels[17] = pixel
    rows[row][-1] = " ".join(pixels)
    path = facefiles.save(folder, facefiles.text(rows))
    shown = pixel if pixel.isascii() else "pixel 17"
    facefiles.refused(
        path, store, str(path), f"row {row} ", f"line {row + 2} ", "'Image'", "17", shown
    )


@pytest.mark.parametrize("change", [-1, 1, -9216, "double"])
def test_refuses_a_wrong_number_of_pixels(folder, store, change):
    rows = facefiles.good_rows(3)
    pixels = rows[1][-1].split(" ")
    pixels = pixels * 2 if change == "double" else (pixels + pixels[:1])[: 9216 + change]
    rows[1][-1] = " ".join(pixels)
    if change == -1:  # and another row makes up for it
        rows[2][-1] += " 1"
    path = facefiles.save(folder, facefiles.text(rows))
    facefiles.refused(
        path, store, str(path), "row 1 ", "line 3 ", "'Image'", f"{len(pixels)} pixels", "9216"
    )


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("-0.1", "outside"),
        ("96.01", "outside"),
        ("inf", "outside"),
        ("x", "no number"),
        ("1_0", "no number"),
        ("1 2", "no number"),
        ("", "empty"),
    ],
)
def test_refuses_a_coordinate(folder, store, value, word):
    rows = facefiles.good_rows(3)
    column = faces.COLUMNS.index("nose_tip_x")
    rows[2][column : column + 2] = value, "50.0"
    path = facefiles.save(folder, facefiles.text(rows))
    facefiles.refused(path, store, str(path), "row 2 ", "line 4 ", "'nose_tip_x'", word)


def test_refuses_wrong_columns(folder, store):
    rows, names = facefiles.good_rows(2), facefiles.HEADER.split(",")
    nose = names.index("nose_tip_y")
    without = [name for name in names if name != "nose_tip_y"]
    doubled = ["nose_tip_y" if name == "nose_tip_x" else name for name in names]
    for header, cells, words in (
        (without, [r[:nose] + r[nose + 1 :] for r in rows], ("nose_tip_y", "missing")),
        ([*names, "colour"], [[*r, "1"] for r in rows], ("colour", "unknown")),
        (doubled, rows, ("nose_tip_y", "twice")),
        (["ImageId", "Image"], [["1", r[-1]] for r in rows], ("left_eye_center_x", "missing")),
        (rows[0], rows, ("left_eye_center_x", "missing")),  # no header at all
    ):
        path = facefiles.save(folder, facefiles.text(cells, ",".join(header)))
        facefiles.refused(path, store, str(path), "header", *words)


def test_refuses_rows_of_another_length(folder, store):
    rows = facefiles.good_rows(3)
    path = facefiles.save(folder, facefiles.text([rows[0], rows[1][1:], rows[2]]))
    facefiles.refused(path, store, str(path), "row 1 ", "30 fields", "31 columns")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (facefiles.HEADER.encode() + b"\n", "only a header"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "HTML page"),
        (b"\xef\xbb\xbf\n  <HTML lang=en>", "HTML page"),
        ((facefiles.HEADER + "\n").encode("utf-16"), "UTF-8"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "no plain text"),
        (facefiles.HEADER.replace("nose", "n\xe4se").encode("latin-1") + b"\n", "missing"),
    ],
)
def test_refuses_files_that_are_no_table(folder, store, content, word):
    path = facefiles.save(folder, content)
    facefiles.refused(path, store, str(path), word)


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.0", "", "1"])
def test_refuses_image_ids(folder, store, number):
    pixels = " ".join(["0"] * 9216)
    facefiles.save(
        folder, facefiles.text([["1", pixels], [number, pixels]], "ImageId,Image"), "test.csv"
    )
    facefiles.refused(folder, store, "row 1", "'ImageId'", read=kaggle.read_test)


# ---- the cache


def test_second_reading_comes_from_the_cache(folder, store, monkeypatch):
    facefiles.save(folder, facefiles.text(facefiles.good_rows()))
    first = kaggle.read_training(folder)
    monkeypatch.setattr(kaggle, "_rows", None)  # reading the text again would fail
    again = kaggle.read_training(folder / "training.csv")
    assert again.fingerprint() == first.fingerprint()
    assert isinstance(again.images, np.memmap)
    assert not again.images.flags.writeable


def test_a_changed_file_is_read_again(folder, store):
    facefiles.save(folder, facefiles.text(facefiles.good_rows(seed=0)))
    kaggle.read_training(folder)
    path = facefiles.save(folder, facefiles.text(facefiles.good_rows(seed=1)))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(kaggle.read_training(folder).images, facefiles.faces(3, 1)[0])
    assert len(facefiles.entries(store)) == 1


def test_reads_macos_nested_and_misnamed_zips(folder, store):
    content = facefiles.text(facefiles.good_rows()).encode()
    mac = {
        "data/": b"",
        "data/training.csv": content,
        "__MACOSX/data/._training.csv": b"\0",
        "data/.DS_Store": b"\0",
    }
    inner = facefiles.zipped(folder / "inner", {"training.csv": content}).read_bytes()
    whole = {"training.zip": inner, "test.zip": inner, "IdLookupTable.csv": b"RowId\n"}
    for name, members in {
        "mac.zip": mac,
        "facial-keypoints-detection.zip": whole,
        "training.csv": {"training.csv": content},
    }.items():
        path = facefiles.zipped(folder / name, members)
        assert len(kaggle.read_training(path)) == 3
    (folder / "training.csv").unlink()
    assert len(kaggle.read_training(folder)) == 3  # finds the competition's zip


def test_refuses_bad_zips(folder, store):
    content = facefiles.text(facefiles.good_rows()).encode()
    path = folder / "training.zip"
    for members, word in (
        ({"readme.txt": b"x"}, "holds 0"),
        ({"a.csv": content, "b.csv": content}, "holds 2 (a.csv, b.csv)"),
        ({"training.csv": b""}, "missing"),
    ):
        facefiles.refused(facefiles.zipped(path, members), store, str(path), word)
    facefiles.zipped(path, {"training.csv": content})
    whole = path.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:-5], b"junk" * 999):
        path.write_bytes(part)
        facefiles.refused(path, store, str(path), "download it again")
    for start, word in ((b"", "empty"), (b"<!doctype html>", "HTML page")):
        path.write_bytes(start)
        facefiles.refused(path, store, str(path), word)
    locked = bytearray(whole)  # bit 0 of the flags, in both headers, says: encrypted
    locked[6] |= 1
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    facefiles.refused(path, store, str(path), "password")


def test_refuses_missing_files_and_folders(folder, store):
    facefiles.refused(folder / "nowhere", store, str(folder / "nowhere"), "no such")
    facefiles.refused(folder, store, str(folder), "training.csv")
    (folder / "training.csv").mkdir()
    facefiles.refused(folder, store, "training.csv", "is a folder")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_zip_is_refused_or_reads_the_same(tmp_path, data):
    """Whatever bytes are changed or cut: an InputError, or nothing that mattered."""
    good = tmp_path / "good.zip"
    if not good.exists():
        facefiles.zipped(good, {"training.csv": facefiles.text(facefiles.good_rows(1)).encode()})
    content = bytearray(good.read_bytes())
    # Mostly the headers at both ends: damage in between only breaks the checksum.
    ends = st.integers(0, 60) | st.integers(len(content) - 120, len(content) - 1)
    place = data.draw(ends | st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    path = tmp_path / "bad.zip"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FKD_CACHE", str(tmp_path / "cache"))
        try:
            faces = kaggle.read_training(path)
        except InputError:
            return
        np.testing.assert_array_equal(faces.images, facefiles.faces(1)[0])


# ---- pixels, against plain Python


@settings(max_examples=60)
@given(st.lists(st.integers(0, 255), min_size=1, max_size=40), st.sampled_from([" ", "  ", "\t"]))
def test_pixels_are_read_as_int_does(some, space):
    row = (some * 9216)[:9216]
    found = kaggle._pixels(space.join(map(str, row)).encode(), "here")
    assert found.dtype == np.uint8 and found.shape == (96, 96)
    assert found.ravel().tolist() == row


@settings(max_examples=200)
@given(st.data())
def test_pixels_that_int_refuses_are_refused(data):
    """One edit somewhere: an InputError, or what Python reads."""
    text = bytearray(b" ".join(b"%d" % (k % 256) for k in range(9216)))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + 1] = data.draw(st.binary(max_size=3) | st.sampled_from([b"9" * 40, b"+"]))
    try:
        found = kaggle._pixels(bytes(text), "here")
    except InputError:
        return
    assert found.ravel().tolist() == [int(v) for v in bytes(text).split()]


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


@pytest.mark.parametrize("end", [",", "", ",0.5"])
def test_the_empty_location_may_be_left_out(end, tmp_path):
    (tmp_path / kaggle.TABLE).write_text(f"{HEADER}1,7,nose_tip_y{end}\n")
    assert kaggle.read_lookup(tmp_path).images.tolist() == [7]
    (tmp_path / kaggle.TABLE).write_text(f"{HEADER}1,7\n")
    with pytest.raises(InputError, match="fields, but 4 columns"):
        kaggle.read_lookup(tmp_path)


def test_points_outside_are_moved_to_the_edge(tmp_path):
    lookup = lookup_of(tmp_path, ["1,1,nose_tip_x", "2,1,nose_tip_y"])
    points = np.zeros((1, 15, 2))
    points[0, faces.INDEX["nose_tip"]] = [-3.2, 120]
    values = kaggle.locations(lookup, np.array([1]), points)
    np.testing.assert_array_equal(values, [0, 96])


def test_who_is_asked_for_some_points_only():
    rows = [(7, 0), (7, 1), (7, 20), (7, 21)]  # x and y of the left eye centre and the nose tip
    rows += [(5, 0), (5, 1), (5, 20)]  # half a nose tip
    rows += [(9, 21), (9, 20), (9, 1), (9, 0), (9, 0)]  # in another order, one twice
    rows += [(2, 0), (2, 1), (2, 20), (2, 21), (2, 5)]  # and something else
    images, coordinates = np.array(rows).T
    lookup = kaggle.Lookup(np.arange(len(rows)), images, coordinates)
    found = kaggle.asked_for_only(lookup, ("left_eye_center", "nose_tip"))
    assert found.tolist() == [7, 9]
    assert kaggle.asked_for_only(lookup, ("mouth_left_corner",)).tolist() == []


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
    for place in (path, tmp_path):
        with pytest.raises(InputError, match=r"zip: this zip (is|cannot)"):
            kaggle.read_lookup(place)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RowId,FeatureName\n1,nose_tip_x\n", "missing column 'ImageId'"),
        (HEADER + "1,1,nose_tip_x,\n2,x,nose_tip_y,\n", "row 1 "),
        (
            HEADER + "1,1,nose_tip_x,\n2,x,nose_tip_y,\n",
            "line 3 of the file), column 'ImageId': 'x'",
        ),
        (HEADER + "1,1,nose_tipx,\n", "column 'FeatureName': 'nose_tipx'"),
        (HEADER + "1,1\n", "line 2 of the file): 2 fields, but 4 columns"),
        (HEADER + "1,1,nose_tip_x,\n1,1,nose_tip_y,\n", "column 'RowId': 1 appears twice"),
        (HEADER + "1,99999999999999999999,nose_tip_x,\n", "at most 18 digits"),
        (HEADER + f"{'9' * 5000},1,nose_tip_x,\n", "at most 18 digits"),
        (HEADER + f"1,1,{'x' * 200_000},\n", "is none of the 30 coordinates"),
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
    with pytest.raises(InputError, match="holds neither IdLookupTable"):
        kaggle.read_lookup(tmp_path)
    lookup = lookup_of(tmp_path, ["1,4,nose_tip_x", "2,9,nose_tip_x"])
    with pytest.raises(InputError, match="ImageId 9 of"):
        kaggle.locations(lookup, np.array([4]), np.zeros((1, 15, 2)))


# ---- one way to the files, whatever wraps them


def plain(seed: int = 0) -> dict[str, bytes]:
    """The competition's files: three training faces, their pictures as test, a table."""
    rows = facefiles.good_rows(seed=seed)
    tests = [[str(k + 1), row[-1]] for k, row in enumerate(rows)]
    return {
        "training.csv": facefiles.text(rows).encode(),
        "test.csv": facefiles.text(tests, "ImageId,Image").encode(),
        kaggle.TABLE: (HEADER + "1,2,nose_tip_x,\n").encode(),
        "SampleSubmission.csv": b"RowId,Location\n1,0\n",
    }


def packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def wrappings() -> dict[str, dict[str, bytes]]:
    """Folders, as the files in them; the first file is named by itself as well."""
    csv, table = plain(), plain()[kaggle.TABLE]
    both = {name: packed({f"{name}.csv": csv[f"{name}.csv"]}) for name in ("training", "test")}
    whole = {f"{name}.zip": content for name, content in both.items()} | {kaggle.TABLE: table}
    inside = {f"facial-keypoints-detection/{name}": content for name, content in whole.items()}
    return {
        "plain": csv,
        "zips": whole,
        "csv.zip": {f"{n}.csv.zip": both[n] for n in both} | {f"{kaggle.TABLE}.zip": packed(
            {kaggle.TABLE: table})},
        "whole": {"facial-keypoints-detection.zip": packed(whole)},
        "second download": {"facial-keypoints-detection (1).zip": packed(whole)},
        "Firefox's": {"facial-keypoints-detection(2).zip": packed(csv)},
        "Safari's": {"facial-keypoints-detection-1.zip": packed(whole)},
        "capitals": {"Facial-Keypoints-Detection.ZIP": packed(
            {n.upper(): content for n, content in whole.items()})},
        "with its folder": {"facial-keypoints-detection.zip": packed(inside)},
        "csv files inside": {"facial-keypoints-detection.zip": packed(csv)},
        "zip of a zip": {"facial-keypoints-detection.zip": packed(
            {"facial-keypoints-detection.zip": packed(whole)})},
        "Windows' names": {"facial-keypoints-detection.zip": packed(
            {n.replace("/", "\\"): content for n, content in inside.items()})},
        "the folder inside": inside,
        "unpacked each": {f"{n[:-4]}/{n}": content for n, content in csv.items()},
        "copies": {f"{n[:-4]} ({k}).csv": c for k, (n, c) in enumerate(csv.items())},
        "another name": {"download.zip": packed(whole)},
    }  # fmt: skip


@pytest.mark.parametrize("name", wrappings())
def test_every_wrapping_is_read_by_every_reader(tmp_path, store, name):
    members = wrappings()[name]
    for path, content in members.items():
        (tmp_path / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / path).write_bytes(content)
    places = [tmp_path / "data"] if name != "another name" else []
    places += [tmp_path / "data" / next(iter(members))] if name != "unpacked each" else []
    for place in places:
        np.testing.assert_array_equal(kaggle.read_training(place).images, facefiles.faces(3)[0])
        np.testing.assert_array_equal(kaggle.read_test(place).images, facefiles.faces(3)[0])
        assert kaggle.read_lookup(place).images.tolist() == [2]


def test_the_plain_name_comes_before_a_copys(tmp_path, store):
    for name, seed in (("training (1).csv", 1), ("training.csv", 0), ("Training - Copy.csv", 2)):
        (tmp_path / name).write_bytes(plain(seed)["training.csv"])
    assert kaggle.find_csv(tmp_path, "training") == tmp_path / "training.csv"
    (tmp_path / "training.csv").unlink()
    assert kaggle.find_csv(tmp_path, "training") == tmp_path / "training (1).csv"


def test_which_of_two_folders_is_not_guessed(tmp_path, store):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "training.csv").write_bytes(plain()["training.csv"])
    facefiles.refused(tmp_path, store, "a/training.csv and b/training.csv", "name the folder")


def test_no_test_faces_is_said_so_and_nothing_else_is_taken_for_them(tmp_path, store):
    training = plain()["training.csv"]
    for name, content in (
        ("training.csv", training),
        ("faces.zip", packed({"faces.csv": training})),
        ("facial-keypoints-detection.zip", packed({"training.csv": training})),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(content)
        for place in (folder, folder / name):
            with pytest.raises(kaggle.Absent):
                kaggle.read_test(place)


def test_archives_made_to_harm_are_refused_in_one_line(tmp_path, store, monkeypatch):
    csv = plain()["training.csv"]
    link = zipfile.ZipInfo("training.csv")
    link.external_attr = 0o120777 << 16
    link.create_system = 3
    for member, content, word in (
        ("../training.csv", csv, "a path out of its folder"),
        ("/etc/training.csv", csv, "a path out of its folder"),
        ("C:\\training.csv", csv, "a path out of its folder"),
        ("..\\..\\training.zip", packed({"training.csv": csv}), "a path out of its folder"),
        (link, b"/etc/passwd", "as a link"),
    ):
        path = tmp_path / "bad.zip"
        path.write_bytes(packed({member: content}))
        facefiles.refused(path, store, str(path), word)
    deep = csv
    for _ in range(4):
        deep = packed({"training.zip" if deep is not csv else "training.csv": deep})
    path.write_bytes(deep)
    facefiles.refused(path, store, str(path), "zips in zips")
    monkeypatch.setattr(kaggle, "_MOST_UNPACKED", 10**6)
    for bomb in ({"training.csv": bytes(10**7)}, {"training.zip": bytes(10**7)}):
        path.write_bytes(packed(bomb))
        facefiles.refused(path, store, str(path), "GB in one file")


def test_a_line_without_an_end_is_not_read_into_memory(tmp_path, store):
    path = facefiles.save(tmp_path, facefiles.HEADER + "\n" + "1 " * 10**6)
    facefiles.refused(path, store, f"{path}, line 2", "letters")
