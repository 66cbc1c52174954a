import csv
import dataclasses
import functools
import os
import subprocess
import sys

import blobruns
import cv2
import keras
import numpy as np
import PIL.Image
import pytest

from fkd_utils import __main__ as main
from fkd_utils import augment, faces, files
from fkd_utils.cli import predict
from fkd_utils.data import photographs, photos, sources, splits
from fkd_utils.demo import group_photo, locate
from fkd_utils.faces import Faces
from fkd_utils.models import heatmap, losses
from fkd_utils.training import fitting, results


def read_points(folder) -> list[dict]:
    with (folder / predict.POINTS).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_group_and_an_empty_wall(tmp_path, capsys):
    picture, truth = group_photo.group()
    photos.write(tmp_path / "group.png", picture)
    photos.write(tmp_path / "wall.png", np.full((90, 120, 3), 200, np.uint8))
    out = tmp_path / "out"
    paths = [str(tmp_path / "group.png"), str(tmp_path / "wall.png")]
    assert main.main(["predict", *paths, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "group.png: 6 faces" in said
    assert "wall.png: no face found" in said
    rows = read_points(out)
    assert [(row["photo"], row["face"]) for row in rows] == [
        (paths[0], str(k)) for k in range(1, 7)
    ]
    noses = np.array([[float(row[f"nose_tip_{a}"]) for a in "xy"] for row in rows])
    known = truth[:, faces.INDEX["nose_tip"]]
    np.testing.assert_allclose(noses, known[np.argsort(known[:, 0])], atol=20)
    marked = photos.read(out / "group_points.jpg")
    assert marked.shape == picture.shape
    assert (marked != picture).any()


def test_one_bad_file_does_not_stop_the_others(tmp_path, capsys):
    photos.write(tmp_path / "a.png", group_photo.portrait(0))
    (tmp_path / "b.jpg").write_text("no picture")
    out = tmp_path / "out"
    paths = [str(tmp_path / name) for name in ("b.jpg", "absent.png", "a.png")]
    assert main.main(["predict", *paths, "--out", str(out)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 2
    assert captured.err.count("error: ") == 2
    assert "Traceback" not in captured.err
    assert len(read_points(out)) == 1


def test_a_box_without_a_face_is_named(tmp_path, capsys):
    # Of an astronaut the detector also takes a part of her suit for a face.
    photo = photographs.FOLDER.parent / "demo" / "astronaut.jpg"
    assert main.main(["predict", str(photo), "--out", str(tmp_path)]) == 0
    assert "astronaut.jpg: 2 faces (not sure of 2: no whole face?) ->" in capsys.readouterr().out
    assert len(read_points(tmp_path)) == 2
    # A network without maps has no such number, and says nothing.
    assert (
        main.main(["predict", str(photo), "--out", str(tmp_path), "--model", results.FOURTH]) == 0
    )
    assert "astronaut.jpg: 2 faces ->" in capsys.readouterr().out


def test_photos_of_the_same_name_do_not_overwrite_each_other(tmp_path):
    for folder in ("one", "two"):
        photos.write(tmp_path / folder / "me.png", group_photo.portrait(0))
    PIL.Image.fromarray(group_photo.portrait(1)).save(tmp_path / "ME.png")
    paths = [str(tmp_path / p) for p in ("one/me.png", "two/me.png", "ME.png")]
    assert main.main(["predict", *paths, "--out", str(tmp_path / "out")]) == 0
    names = sorted(p.name.lower() for p in (tmp_path / "out").glob("*.jpg"))
    assert names == ["me_2_points.jpg", "me_3_points.jpg", "me_points.jpg"]


def test_no_given_photograph_is_written_over(tmp_path, monkeypatch):
    for name in ("a.png", "a_POINTS.jpg"):
        photos.write(tmp_path / name, group_photo.portrait(0))
    before = (tmp_path / "a_POINTS.jpg").read_bytes()
    monkeypatch.chdir(tmp_path)
    assert main.main(["predict", "a.png", str(tmp_path / "a_POINTS.jpg"), "--out", "."]) == 0
    assert (tmp_path / "a_POINTS.jpg").read_bytes() == before
    names = {p.name for p in tmp_path.glob("*.jpg")}
    assert names == {"a_POINTS.jpg", "a_2_points.jpg", "a_POINTS_points.jpg"}


def test_a_marked_copy_that_cannot_be_written_does_not_stop_the_others(tmp_path, capsys):
    photos.write(tmp_path / "wide.png", np.full((2, photos.LONGEST["JPEG"] + 1, 3), 9, np.uint8))
    photos.write(tmp_path / "a.png", group_photo.portrait(0))
    paths = [str(tmp_path / name) for name in ("wide.png", "a.png")]
    assert main.main(["predict", *paths, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "a JPEG holds 65500 a side" in error and error.count("\n") == 1
    assert [row["photo"] for row in read_points(tmp_path / "out")] == [paths[1]]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_name_that_is_no_text_is_stored_and_printed(tmp_path, capsys):
    photos.write(tmp_path / "a.png", group_photo.portrait(0))
    path = os.fsdecode(os.fsencode(tmp_path) + b"/b\xe4.png")
    os.rename(tmp_path / "a.png", path)
    assert main.main(["predict", path, "--out", str(tmp_path / "out")]) == 0
    assert "b\\xe4.png: 1 face" in capsys.readouterr().out
    assert [row["photo"] for row in read_points(tmp_path / "out")] == [f"{tmp_path}/b\\xe4.png"]


def test_points_count_from_the_first_pixels_centre_whatever_the_labels_did(tmp_path, monkeypatch):
    photos.write(tmp_path / "a.png", group_photo.portrait(0))
    found = []
    for edge in (False, True):
        monkeypatch.setattr(results, "network_counts_from_edge", lambda name, edge=edge: edge)
        assert main.main(["predict", str(tmp_path / "a.png"), "--out", str(tmp_path / "out")]) == 0
        (row,) = read_points(tmp_path / "out")
        found.append({name: float(row[name]) for name in predict.HEADER[2:]})
    small = round(0.984 * found[0]["box_width"]) / 96  # a small pixel, in the photograph's
    apart = [found[0][name] - found[1][name] for name in faces.COLUMNS]
    np.testing.assert_allclose(apart, 0.5 * small, atol=0.011)


def test_the_help_says_which_pictures(capsys):
    assert main.main(["predict", "--help"]) == 0
    assert f"PHOTO: {photos.READS}." in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "x.png", "--model", "nothing"], "no network is called so"),
        (["submit", "--data", "no/such", "--out", "x.csv"], "no/such"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, said, capsys):
    assert main.main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("labels", "network", "added"),
    [(True, True, 0), (True, False, 0.5), (False, True, -0.5), (False, False, 0)],
)
def test_submit(labels, network, added, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sources, "counts_from_edge", lambda data: labels)
    monkeypatch.setattr(results, "network_counts_from_edge", lambda name: network)
    images = np.random.default_rng(0).integers(0, 255, (3, 96, 96)).astype(np.uint8)
    points = np.full((3, 15, 2), np.nan, np.float32)
    # ImageIds 11, 12 and 13, in another order than the table asks for them.
    test = Faces(images, points, np.array([12, 10, 11]), np.arange(3), "test")
    monkeypatch.setattr(sources, "read_test", lambda data: test)
    (tmp_path / "IdLookupTable.csv").write_text(
        "RowId,ImageId,FeatureName,Location\n"
        "1,11,nose_tip_x,\n2,11,left_eye_center_y,\n3,13,mouth_left_corner_y,\n"
    )
    out = tmp_path / "out" / "submission.csv"
    assert main.main(["submit", "--data", str(tmp_path), "--out", str(out)]) == 0
    assert "3 coordinates of 3 test faces" in capsys.readouterr().out
    once = functools.partial(fitting.predict, results.network())
    predicted = augment.flip_averaged(once, images)  # the default network's measures say so
    expected = [
        predicted[1, faces.INDEX["nose_tip"], 0],
        predicted[1, faces.INDEX["left_eye_center"], 1],
        predicted[0, faces.INDEX["mouth_left_corner"], 1],
    ]
    lines = out.read_text().splitlines()
    assert lines[0] == "RowId,Location"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    values = [float(line.split(",")[1]) for line in lines[1:]]
    expected = np.clip(np.array(expected) + added, 0, 96)
    np.testing.assert_allclose(values, expected, atol=1e-3)


@pytest.fixture
def asked_by_two(tmp_path):
    """A folder with three test faces.

    IdLookupTable.csv asks for all points of the first, for the second labeller's four points of
    the second, and for three of these of the third.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (3, 96 * 96))
    rows = [f"{k},{' '.join(map(str, image))}\n" for k, image in enumerate(images, start=1)]
    (tmp_path / "test.csv").write_text("ImageId,Image\n" + "".join(rows))
    asked = (faces.KEYPOINTS, faces.FOUR_POINTS, faces.FOUR_POINTS[:3])
    lines = [f"{k},{p}_{a}" for k, points in enumerate(asked, 1) for p in points for a in "xy"]
    table = "".join(f"{row},{line},\n" for row, line in enumerate(lines, start=1))
    (tmp_path / "IdLookupTable.csv").write_text("RowId,ImageId,FeatureName,Location\n" + table)
    return tmp_path


def submitted(folder, capsys, *options) -> tuple[np.ndarray, str]:
    """The 30 + 8 + 6 values of a submission for `asked_by_two`, and what was said."""
    out = folder / "out" / "submission.csv"
    assert main.main(["submit", "--data", str(folder), "--out", str(out), *options]) == 0
    values = np.loadtxt(out, delimiter=",", skiprows=1)
    assert values[:, 0].tolist() == list(range(1, 45))
    return values[:, 1], capsys.readouterr().out


def test_submit_answers_as_the_second_labeller_where_only_its_points_are_asked_for(
    asked_by_two, store, capsys
):
    without, said_without = submitted(asked_by_two, capsys, "--one-labeller")
    added, said = submitted(asked_by_two, capsys)
    assert said_without.count("\n") == 1 and said.startswith(said_without)
    assert "\nasked for the second labeller's four points only: 1 faces, answered with" in said
    learnt = results.published(results.DEFAULT_NETWORK).metrics["second_labeller_px"]
    by_hand = [number for name in faces.FOUR_POINTS for number in learnt[name]]
    np.testing.assert_allclose(added - without, [0] * 30 + by_hand + [0] * 6, atol=2e-4)


def test_submit_says_nothing_for_a_network_that_learnt_of_one_labeller(asked_by_two, store, capsys):
    model = ["--model", results.FOURTH]
    without, said_without = submitted(asked_by_two, capsys, *model, "--one-labeller")
    added, said = submitted(asked_by_two, capsys, *model)
    assert said == said_without and said.count("\n") == 1
    np.testing.assert_array_equal(added, without)


def test_submit_finds_the_offset_in_a_training_of_ones_own(
    asked_by_two, partly, store, capsys, monkeypatch
):
    monkeypatch.setenv("FKD_RUNS", str(asked_by_two / "runs"))
    base = blobruns.small()
    model = heatmap.with_sources(keras.Model(base.inputs[0], base.outputs[0], name="inner"))
    model.compile("adam", loss=losses.masked_mse)
    learnt = np.random.default_rng(1).uniform(-3, 3, (15, 2)).astype(np.float32)
    model.get_layer("offset").kernel.assign(learnt.reshape(1, 30) / 48)
    mine = dataclasses.replace(partly, source=splits.Source("open"))
    run = fitting.fit(model, mine, epochs=1, batch_size=96)
    learnt = heatmap.offset_px(run.model())  # moved on by a step
    without, _ = submitted(asked_by_two, capsys, "--model", run.name, "--one-labeller")
    added, said = submitted(asked_by_two, capsys, "--model", run.name[:15])
    assert "four points only: 1 faces" in said
    four = [faces.INDEX[name] for name in faces.FOUR_POINTS]
    expected = np.concatenate([np.zeros(30), learnt[four].ravel(), np.zeros(6)])
    inside = (added > 0) & (added < 96) & (without > 0) & (without < 96)  # else moved to the edge
    assert inside[30:38].all()
    np.testing.assert_allclose((added - without)[inside], expected[inside], atol=2e-4)


def test_a_photograph_that_breaks_the_detector_does_not_stop_the_others(
    tmp_path, capsys, monkeypatch
):
    for name in ("a.png", "b.png", "c.png"):
        photos.write(tmp_path / name, group_photo.portrait(0))
    errors = iter([MemoryError(), cv2.error("two\nlines")])
    right = locate.locate

    def once(*arguments, **options):
        for error in errors:
            raise error
        return right(*arguments, **options)

    monkeypatch.setattr(locate, "locate", once)
    paths = [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    assert main.main(["predict", *paths, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "a.png: not enough memory" in error and "b.png: two lines" in error
    assert error.count("\n") == 2
    assert [row["photo"] for row in read_points(tmp_path / "out")] == [paths[2]]


def test_what_was_found_is_kept_when_the_command_is_stopped(tmp_path, monkeypatch):
    for name in ("a.png", "b.png"):
        photos.write(tmp_path / name, group_photo.portrait(0))
    right = photos.read

    def read(name):
        if name.endswith("b.png"):
            raise KeyboardInterrupt
        return right(name)

    monkeypatch.setattr(photos, "read", read)
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    assert main.main(["predict", *paths, "--out", str(tmp_path / "out")]) == 130
    assert [row["photo"] for row in read_points(tmp_path / "out")] == [paths[0]]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")
def test_results_survive_what_cannot_be_printed_and_who_does_not_listen(tmp_path):
    photos.write(tmp_path / "写真.png", group_photo.portrait(0))
    photos.write(tmp_path / "b.png", group_photo.portrait(0))
    call = (
        f'"{sys.executable}" -m fkd_utils predict "{tmp_path}/写真.png" "{tmp_path}/b.png" --out '
    )
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONPATH": str(files.REPO)}
    subprocess.run(  # for other streams see tests/test_console.py
        f"{call} out > x 2>&-", shell=True, cwd=tmp_path, env=environment, check=True
    )
    assert len(read_points(tmp_path / "out")) == 2
    assert "\\u5199\\u771f.png: 1 face" in (tmp_path / "x").read_text(encoding="cp1252")


def test_submit_does_not_write_over_the_test_faces(tmp_path, capsys):
    test = tmp_path / "test.csv"
    test.write_text("ImageId,Image\n")
    (tmp_path / "IdLookupTable.csv").write_text("RowId,ImageId,FeatureName,Location\n")
    assert main.main(["submit", "--data", str(tmp_path), "--out", str(test)]) == 2
    assert "the faces come from there" in capsys.readouterr().err
    assert test.read_text() == "ImageId,Image\n"
