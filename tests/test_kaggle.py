import os

import facefiles
import numpy as np
import pytest

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
    assert len(list(store.iterdir())) == 1  # the entry without groups.csv is gone
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
    monkeypatch.setattr(kaggle, "_read", None)  # reading the text again would fail
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
    assert len(list(store.iterdir())) == 1
