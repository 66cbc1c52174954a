"""Where a csv file is found and what it may be packed in, read as `kaggle` reads it."""

import facefiles
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fkd_utils.data import kaggle
from fkd_utils.files import InputError


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
