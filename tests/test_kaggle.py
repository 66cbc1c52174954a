import errno
import multiprocessing
import os
import signal
import sys
import zipfile

import facefiles
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fkd_utils import cache, kaggle, keypoints, pixeltext
from fkd_utils.errors import InputError


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The cache folder of a test, not made yet."""
    monkeypatch.setenv("FKD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    made.mkdir()
    return made


def good_rows(count=3, seed=0):
    return facefiles.fields(*facefiles.faces(count, seed))


def save(folder, content, name="training.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path, store, *words, read=kaggle.read_training):
    """The message of the InputError, one line that has these words; nothing is left behind."""
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    for word in words:
        assert word in message, message
    assert not store.exists() or not list(store.iterdir())
    return message


# ---- what must work


@pytest.mark.parametrize("count", [1, 64, 130])
def test_reads_what_was_written(folder, store, count):
    images, points = facefiles.faces(count)
    save(folder, facefiles.text(facefiles.fields(images, points)))
    faces = kaggle.read_training(folder)
    assert faces.images.dtype == np.uint8
    assert faces.keypoints.dtype == np.float32
    np.testing.assert_array_equal(faces.images, images)
    np.testing.assert_array_equal(faces.keypoints, points.astype(np.float32))
    np.testing.assert_array_equal(faces.ids, np.arange(count))
    np.testing.assert_array_equal(faces.groups, np.arange(count))


def variants():
    """Ways of writing the same three rows."""
    rows = good_rows()
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
        save(folder, content)
    faces = kaggle.read_training(folder)
    np.testing.assert_array_equal(faces.images, images)
    np.testing.assert_array_equal(faces.keypoints, points.astype(np.float32))


def test_reads_macos_nested_and_misnamed_zips(folder, store):
    content = facefiles.text(good_rows()).encode()
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


def test_test_file(folder, store):
    images, _ = facefiles.faces(3)
    rows = [[str(5 - k), " ".join(map(str, image.ravel()))] for k, image in enumerate(images)]
    path = save(folder, facefiles.text(rows, "ImageId,Image"), "test.csv")
    for source in (folder, path):
        faces = kaggle.read_test(source)
        np.testing.assert_array_equal(faces.images, images)
        np.testing.assert_array_equal(faces.ids, [4, 3, 2])
        assert faces.keypoints.shape == (3, 15, 2)
        assert np.isnan(faces.keypoints).all()


def test_groups_come_from_the_file(folder, store):
    save(folder, facefiles.text(good_rows(4)))
    assert kaggle.read_training(folder).groups.tolist() == [0, 1, 2, 3]
    save(folder, "group\n7\n7\n8\n-1\n", "groups.csv")
    assert kaggle.read_training(folder).groups.tolist() == [7, 7, 8, -1]
    assert len(list(store.iterdir())) == 1  # the entry without groups.csv is gone
    for content, word in (("group\n1\n2\n", "2 rows"), ("group\n1\n2\nx\n4\n", "row 2")):
        save(folder, content, "groups.csv")
        with pytest.raises(InputError, match=word):
            kaggle.read_training(folder)


def test_coordinates_on_the_border_are_inside(folder, store):
    rows = good_rows(1)
    rows[0][:4] = ["0", "96", "95.9356", "1e1"]
    save(folder, facefiles.text(rows))
    found = kaggle.read_training(folder).keypoints[0].ravel()[:4]
    np.testing.assert_allclose(found, [0, 96, 95.9356, 10])


# ---- what must be refused


@pytest.mark.parametrize("pixel", ["12.5", "abc", "256", "-3", "1000", "+5", "1e2", "0x1", "१"])
@pytest.mark.parametrize("row", [0, 70])
def test_refuses_a_pixel(folder, store, pixel, row):
    rows = good_rows(71)
    pixels = rows[row][-1].split(" ")
    pixels[17] = pixel
    rows[row][-1] = " ".join(pixels)
    path = save(folder, facefiles.text(rows))
    shown = pixel if pixel.isascii() else "pixel 17"
    refused(path, store, str(path), f"row {row} ", f"line {row + 2} ", "'Image'", "17", shown)


@pytest.mark.parametrize("change", [-1, 1, -9216, "double"])
def test_refuses_a_wrong_number_of_pixels(folder, store, change):
    rows = good_rows(3)
    pixels = rows[1][-1].split(" ")
    pixels = pixels * 2 if change == "double" else (pixels + pixels[:1])[: 9216 + change]
    rows[1][-1] = " ".join(pixels)
    if change == -1:  # and another row makes up for it
        rows[2][-1] += " 1"
    path = save(folder, facefiles.text(rows))
    refused(path, store, str(path), "row 1 ", "line 3 ", "'Image'", f"{len(pixels)} pixels", "9216")


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
    rows = good_rows(3)
    column = keypoints.COLUMNS.index("nose_tip_x")
    rows[2][column : column + 2] = value, "50.0"
    path = save(folder, facefiles.text(rows))
    refused(path, store, str(path), "row 2 ", "line 4 ", "'nose_tip_x'", word)


def test_refuses_wrong_columns(folder, store):
    rows, names = good_rows(2), facefiles.HEADER.split(",")
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
        path = save(folder, facefiles.text(cells, ",".join(header)))
        refused(path, store, str(path), "header", *words)


def test_refuses_rows_of_another_length(folder, store):
    rows = good_rows(3)
    path = save(folder, facefiles.text([rows[0], rows[1][1:], rows[2]]))
    refused(path, store, str(path), "row 1 ", "30 fields", "31 columns")


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
    path = save(folder, content)
    refused(path, store, str(path), word)


def test_refuses_bad_zips(folder, store):
    content = facefiles.text(good_rows()).encode()
    path = folder / "training.zip"
    for members, word in (
        ({"readme.txt": b"x"}, "holds 0"),
        ({"a.csv": content, "b.csv": content}, "holds 2 (a.csv, b.csv)"),
        ({"training.csv": b""}, "missing"),
    ):
        refused(facefiles.zipped(path, members), store, str(path), word)
    facefiles.zipped(path, {"training.csv": content})
    whole = path.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:-5], b"junk" * 999):
        path.write_bytes(part)
        refused(path, store, str(path), "download it again")
    for start, word in ((b"", "empty"), (b"<!doctype html>", "HTML page")):
        path.write_bytes(start)
        refused(path, store, str(path), word)
    locked = bytearray(whole)  # bit 0 of the flags, in both headers, says: encrypted
    locked[6] |= 1
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    refused(path, store, str(path), "password")


def test_refuses_missing_files_and_folders(folder, store):
    refused(folder / "nowhere", store, str(folder / "nowhere"), "no such")
    refused(folder, store, str(folder), "training.csv")
    (folder / "training.csv").mkdir()
    refused(folder, store, "training.csv", "is a folder")


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.0", "", "1"])
def test_refuses_image_ids(folder, store, number):
    pixels = " ".join(["0"] * 9216)
    save(folder, facefiles.text([["1", pixels], [number, pixels]], "ImageId,Image"), "test.csv")
    refused(folder, store, "row 1", "'ImageId'", read=kaggle.read_test)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_zip_is_refused_or_reads_the_same(tmp_path, data):
    """Whatever bytes are changed or cut: an InputError, or nothing that mattered."""
    good = tmp_path / "good.zip"
    if not good.exists():
        facefiles.zipped(good, {"training.csv": facefiles.text(good_rows(1)).encode()})
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


# ---- the parser against plain Python


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.integers(0, 255), min_size=1, max_size=40).map(lambda p: p * 9216),
        min_size=1,
        max_size=3,
    )
)
def test_parse_agrees_with_int(rows):
    rows = [row[:9216] for row in rows]
    texts = [" ".join(map(str, row)).encode() for row in rows]
    np.testing.assert_array_equal(pixeltext.parse(texts), rows)
    for row, text in zip(rows, texts, strict=True):
        np.testing.assert_array_equal(pixeltext.parse_one(text), row)


@settings(max_examples=200)
@given(st.data())
def test_parse_never_accepts_what_int_refuses(data):
    """One edit somewhere: the fast parser declines or gives what Python reads."""
    text = bytearray(b" ".join(b"%d" % (k % 256) for k in range(9216)))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + 1] = data.draw(st.binary(max_size=3))
    found = pixeltext.parse([bytes(text)])
    if found is not None:
        assert found[0].tolist() == [int(v) for v in bytes(text).split(b" ")]


# ---- the cache


def test_second_reading_comes_from_the_cache(folder, store, monkeypatch):
    save(folder, facefiles.text(good_rows()))
    first = kaggle.read_training(folder)
    monkeypatch.setattr(kaggle, "_read", None)  # reading the text again would fail
    again = kaggle.read_training(folder / "training.csv")
    assert again.fingerprint() == first.fingerprint()
    assert isinstance(again.images, np.memmap)
    assert not again.images.flags.writeable


def test_a_changed_file_is_read_again(folder, store):
    save(folder, facefiles.text(good_rows(seed=0)))
    kaggle.read_training(folder)
    path = save(folder, facefiles.text(good_rows(seed=1)))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(kaggle.read_training(folder).images, facefiles.faces(3, 1)[0])
    assert len(list(store.iterdir())) == 1


@pytest.mark.parametrize("keep", [0, 50, -1])
def test_a_damaged_cache_is_made_again(folder, store, keep):
    save(folder, facefiles.text(good_rows()))
    images = np.array(kaggle.read_training(folder).images)
    (entry,) = store.iterdir()
    part = entry / "images.npy"
    part.write_bytes(part.read_bytes()[:keep])
    np.testing.assert_array_equal(kaggle.read_training(folder).images, images)
    (entry,) = store.iterdir()
    np.testing.assert_array_equal(np.load(entry / "images.npy"), images)


def test_a_full_disk_leaves_nothing(folder, store, monkeypatch):
    save(folder, facefiles.text(good_rows()))

    def full(path, array):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache, "_write", full)
    refused(folder, store, str(store), "No space left", "FKD_CACHE", "MB")


def limited(folder, queue):
    """In a process that may write no file above 10 kB, as if the disk were full: the message."""
    import resource  # not on Windows

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        kaggle.read_training(folder)
    except InputError as error:
        queue.put(str(error))


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_real_write_failure_leaves_nothing(folder, store):
    save(folder, facefiles.text(good_rows()))
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=limited, args=(folder, queue))
    process.start()
    message = queue.get(timeout=60)
    process.join(60)
    assert "FKD_CACHE" in message
    assert "\n" not in message
    assert not list(store.iterdir())


def reading(folder, barrier, queue):
    barrier.wait()
    queue.put(kaggle.read_training(folder).fingerprint())


def test_two_processes_at_once(folder, store):
    save(folder, facefiles.text(good_rows(80)))
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(2), context.Queue()
    workers = [context.Process(target=reading, args=(folder, barrier, queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = {queue.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert found == {kaggle.read_training(folder).fingerprint()}
    assert len(list(store.iterdir())) == 1


def test_the_slower_process_keeps_the_faster_ones_entry(store):
    mine, theirs = {"images": np.zeros(3)}, {"images": np.ones(3)}
    cache.store("kind_a-b", theirs)
    np.testing.assert_array_equal(cache.store("kind_a-b", mine)["images"], np.ones(3))
    assert [path.name for path in store.iterdir()] == ["kind_a-b"]


def test_a_folder_that_cannot_be_made_is_reported(folder, monkeypatch):
    save(folder, facefiles.text(good_rows()))
    monkeypatch.setenv("FKD_CACHE", str(folder / "training.csv" / "below"))
    with pytest.raises(InputError, match="FKD_CACHE"):
        kaggle.read_training(folder)


def test_cached_arrays_never_hold_objects(folder, store):
    save(folder, facefiles.text(good_rows()))
    kaggle.read_training(folder)
    (entry,) = store.iterdir()
    np.save(entry / "images.npy", np.array([print], dtype=object), allow_pickle=True)
    np.testing.assert_array_equal(kaggle.read_training(folder).images, facefiles.faces(3)[0])


def test_zip_made_by_the_tests_is_what_it_claims(tmp_path):
    path = facefiles.zipped(tmp_path / "a.zip", {"x.csv": b"1"})
    with zipfile.ZipFile(path) as archive:
        assert archive.read("x.csv") == b"1"
