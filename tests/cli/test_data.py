import json
import zipfile

import drawnfaces
import facefiles
import numpy as np
import pytest

from fkd_utils import __main__ as main
from fkd_utils import faces
from fkd_utils.data import sources


def run(*arguments: str) -> int:
    return main.main(["data", *map(str, arguments)])


def refused(said: str, capsys, *arguments: str) -> None:
    """The command ends with status 2 and one line."""
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("error: ") == 1


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Ten drawn faces, the last four with four points; row 3 equals row 1; two test faces."""
    monkeypatch.setenv("FKD_CACHE", str(tmp_path / "cache"))
    drawn = drawnfaces.faces(10, second=4)
    drawn.images[3], drawn.keypoints[3] = drawn.images[1], drawn.keypoints[1]
    drawn.keypoints[5] = drawn.keypoints[5][faces.mirror_order()]
    rows = facefiles.fields(drawn.images, drawn.keypoints)
    made = tmp_path / "data"
    made.mkdir()
    (made / "training.csv").write_text(facefiles.text(rows))
    tests = [[str(k + 1), row[-1]] for k, row in enumerate(rows[:2])]
    (made / "test.csv").write_text(facefiles.text(tests, "ImageId,Image"))
    return made


def test_info(folder, capsys, tmp_path):
    assert run("info", "--data", folder) == 0
    text = capsys.readouterr().out
    words = dict(line.rsplit(maxsplit=1) for line in text.splitlines() if line[-1:].isdigit())
    words = {name.strip(): value for name, value in words.items()}
    assert words["rows"] == "10"
    assert words["with all 15 keypoints"] == "6"
    assert words["groups (people or copies)"] == "9"
    assert words["test pictures"] == "2"
    assert words["nose_tip"] == "10"
    assert words["mouth_left_corner"] == "6"
    assert str(tmp_path / "cache") in text


def test_info_takes_the_source_from_the_environment(folder, capsys, monkeypatch):
    monkeypatch.setenv("FKD_DATA", str(folder))
    (folder / "test.csv").unlink()
    assert run("info") == 0
    text = capsys.readouterr().out
    assert str(folder) in text
    assert "test pictures" not in text


def test_info_reports_a_bad_test_file(folder, capsys):
    (folder / "test.csv").write_text("ImageId,Image\n1,2 3\n")
    refused("test.csv, row 0", capsys, "info", "--data", folder)


def test_check(folder, capsys, tmp_path):
    target = tmp_path / "found.json"
    assert run("check", "--data", folder, "--json", target) == 0
    text = capsys.readouterr().out
    assert "equal pictures: 1; of nearly equal pictures: 0\n" in text
    assert "rows 1 and 3\n" in text
    assert "row 5: left and right" in text
    content = json.loads(target.read_text())
    assert content["duplicates"] == [[1, 3]]
    assert [entry["row"] for entry in content["suspicious"]] == [5]


def test_check_refuses_a_json_place_that_is_not_there(folder, tmp_path, capsys):
    target = tmp_path / "no" / "found.json"
    refused("there is no folder", capsys, "check", "--data", folder, "--json", target)
    (tmp_path / "taken").mkdir()
    refused("cannot be written", capsys, "check", "--data", folder, "--json", tmp_path / "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "data", "taken"]


def test_convert_there_and_back(folder, tmp_path, capsys):
    out = tmp_path / "new" / "set"
    assert run("convert", "--data", folder, "--out", out) == 0
    assert "10 rows" in capsys.readouterr().out
    names = sorted(path.name for path in out.iterdir())
    assert names == ["groups.csv", "test.zip", "training.zip"]
    old, new = sources.read(str(folder)), sources.read(str(out))
    assert old.fingerprint() == new.fingerprint()
    np.testing.assert_array_equal(old.groups, new.groups)
    old, new = sources.read_test(str(folder)), sources.read_test(str(out))
    np.testing.assert_array_equal(old.images, new.images)
    np.testing.assert_array_equal(old.ids, new.ids)


def test_convert_without_test_pictures(folder, tmp_path, capsys):
    (folder / "test.csv").unlink()
    assert run("convert", "--data", folder, "--out", tmp_path / "out") == 0
    assert "no test pictures" in capsys.readouterr().out


def test_convert_into_a_file(folder, capsys, tmp_path):
    (tmp_path / "file").touch()
    refused("cannot be written", capsys, "convert", "--data", folder, "--out", tmp_path / "file")


@pytest.mark.parametrize("data", ["{}", "{}/training.csv"])
def test_nothing_is_written_over_its_own_source(data, folder, capsys, tmp_path):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    link = tmp_path / "link"
    link.symlink_to(folder)
    for out in (folder, link, folder / "training.csv"):
        source = data.format(folder)
        refused("the faces come from there", capsys, "convert", "--data", source, "--out", out)
    target = str(folder / "training.csv")
    refused("the faces come from there", capsys, "check", "--data", folder, "--json", target)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_tilde_is_the_home_in_every_output(folder, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    assert run("convert", "--data", folder, "--out=~/made") == 0
    assert run("check", "--data", folder, "--json=~/made/report.json") == 0
    assert (home / "made" / "training.zip").is_file() and (home / "made" / "report.json").is_file()
    assert not list((tmp_path / "here").iterdir())


def test_convert_keeps_an_empty_field_for_a_missing_point(folder, tmp_path):
    run("convert", "--data", folder, "--out", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out" / "training.zip") as archive:
        header, *_, last = archive.read("training.csv").decode().splitlines()
    assert header.endswith(",Image") and ",,,," in last


@pytest.mark.parametrize("verb", ["info", "check", "convert"])
def test_help_explains_the_sources(verb, capsys):
    assert run(verb, "--help") == 0
    assert "the embedded faces" in capsys.readouterr().out
