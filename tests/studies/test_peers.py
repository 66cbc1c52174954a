import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from fkd_utils import faces, files
from fkd_utils.data import photographs, sixty_eight, sources, splits
from fkd_utils.files import InputError
from fkd_utils.models import export, heatmap
from fkd_utils.training import results
from studies import __main__ as main
from studies import peers

# Where Face Mesh puts some of its points on average on faces of `open`, whole pixels.
MESH = {
    362: (57, 38), 263: (73, 38), 386: (66, 35), 374: (65, 40), 133: (38, 38), 33: (23, 37),
    159: (29, 35), 145: (30, 40), 336: (56, 25), 285: (55, 30), 300: (80, 29), 276: (78, 30),
    107: (39, 25), 55: (40, 30), 70: (16, 29), 46: (18, 30), 4: (47, 56), 291: (62, 76),
    61: (33, 76), 0: (47, 71), 17: (47, 82),
}  # fmt: skip
# And where the labels of these faces lie on average, in the order of KEYPOINTS.
LABELS = [
    (65, 36), (30, 36), (57, 39), (73, 38), (38, 39), (23, 38), (55, 30), (80, 32), (39, 30),
    (15, 32), (47, 55), (62, 76), (32, 76), (47, 71), (47, 83),
]  # fmt: skip


def nearest(points, labels) -> list[int]:
    """Which label each point lies nearest to."""
    apart = np.asarray(points, float)[:, None] - np.asarray(labels, float)[None]
    return np.linalg.norm(apart, axis=2).argmin(axis=1).tolist()


@pytest.mark.parametrize("rows", [peers.FROM_68, peers.FROM_MESH])
def test_every_keypoint_has_its_rows(rows):
    assert tuple(rows) == faces.KEYPOINTS
    used = [row for name, several in rows.items() if "eye_center" not in name for row in several]
    assert len(used) == len(set(used))


def test_the_mesh_points_lie_on_their_keypoints():
    mesh = np.full((468, 2), np.nan)
    mesh[list(MESH)] = list(MESH.values())
    found = faces.to_fifteen(mesh, peers.FROM_MESH)
    assert nearest(found, LABELS) == list(range(15))
    assert np.linalg.norm(found - LABELS, axis=1).max() < 4
    assert found[faces.INDEX["left_eye_center"]] == pytest.approx((65.25, 37.75))
    assert found[faces.INDEX["right_eyebrow_outer_end"]] == pytest.approx((17, 29.5))


def test_the_68_points_lie_on_their_keypoints():
    template = photographs.templates()[0]
    found = faces.to_fifteen(sixty_eight.from_189(template), peers.FROM_68)
    labels = faces.to_fifteen(template, faces.FROM_189)
    assert nearest(found, labels) == list(range(15))


def test_a_mirrored_face_has_its_68_points_on_the_other_side():
    points = np.arange(68 * 2).reshape(68, 2)
    mirrored = faces.to_fifteen(points[sixty_eight.mirror_order()], peers.FROM_68)
    expected = faces.to_fifteen(points, peers.FROM_68)[faces.mirror_order()]
    np.testing.assert_array_equal(mirrored, expected)


def test_enlarging_keeps_places():
    image = np.zeros((96, 96), np.uint8)
    image[40, 60] = image[40, 61] = 200
    large = peers.enlarged(image).astype(float)
    y, x = np.mgrid[: len(large), : len(large)] + 0.5  # from the edge
    place = np.array([(x * large).sum(), (y * large).sum()]) / large.sum()
    np.testing.assert_allclose(place / peers.SCALE - faces.HALF_PIXEL, (60.5, 40), atol=0.05)


def test_a_habit_is_what_other_faces_say():
    rng = np.random.default_rng(0)
    habit = rng.normal(0, 2, (15, 2))
    own, noise = rng.normal(0, 1, (2, 40, 15, 2))
    others = habit + noise - noise.mean(axis=0)
    others = np.concatenate([others, np.full((2, 15, 2), np.nan)])  # not found
    np.testing.assert_allclose(peers.without_habits(habit + own, others), own, atol=1e-9)


def test_the_nme_of_a_face_by_hand():
    errors = np.zeros((3, 15, 2))
    errors[0, 2] = 3, -4
    errors[1] = 6, 8
    errors[2] = np.nan
    # 5 px for one point of 15, with eyes 50 px apart; 10 px for all, 40 px apart.
    found = peers.face_nme(errors, np.array([50, 40, 40]))
    np.testing.assert_allclose(found, [100 * 5 / 15 / 50, 25, np.nan])


@pytest.fixture
def arrays():
    """Four faces, eyes 10 px apart, of three people; one network is off by 1 px and the other by 2
    and misses the last face; each is off just as far on other faces.
    """
    ours, theirs = np.zeros((2, 4, 15, 2), np.float16)
    ours[..., 0], theirs[..., 1] = 1, -2
    ours[3, :, 0] = 3
    theirs[1], theirs[3] = (0, -4), np.nan
    return {
        f"{peers.OURS}_errors": ours,
        "theirs_errors": theirs,
        f"{peers.OURS}_others": ours[:3],
        "theirs_others": np.full((5, 15, 2), (0, -2), np.float16),
        "eye_distance": np.full(4, 10, np.float32),
        "group": np.array([0, 1, 2, 2]),
    }


def test_accuracy_counts_the_faces_that_all_have_found(arrays):
    table = peers.accuracy(arrays).set_index(["network", "habits"])
    assert table.faces.tolist() == [3] * 4
    assert table.loc["theirs"].found.tolist() == [0.75, 0.75]
    assert table.nme.unstack().loc[peers.OURS].to_dict() == pytest.approx({"kept": 10, "off": 0})
    # 20, 40 and 20 %; without 2 px of habit 0, 20 and 0 %.
    theirs = table.nme.unstack().loc["theirs"].to_dict()
    assert theirs == pytest.approx({"kept": 80 / 3, "off": 20 / 3})
    row = table.loc["theirs", "kept"]
    assert row.above == pytest.approx(80 / 3 - 10) and row.low < row.nme < row.high
    # One face each: the standard error of 10, 30 and 10 is 20/3, and t with 2 degrees 4.303.
    assert row.above_high - row.above == pytest.approx(4.3027 * 20 / 3, rel=1e-4)
    assert (table.loc[peers.OURS][["above", "above_low", "above_high"]] == 0).all(axis=None)


@pytest.fixture
def answered(blob_parts, tmp_path, monkeypatch):
    """A folder to compare in; every set is the blobs, and who is asked errs by pixels at random."""
    home = dataclasses.replace(blob_parts, source=splits.Source("open"))
    monkeypatch.setattr(splits, "load", lambda *_, **__: home)
    monkeypatch.setattr(sources, "place", lambda data: tmp_path)

    def asked(images, model):
        truth = np.concatenate([home.test.keypoints, home.validation.keypoints])
        for k, network in enumerate(peers.NETWORKS):
            points = truth + np.random.default_rng(k).normal(0, 1 + k, truth.shape)
            points[k] = np.nan if network == "mesh" else points[k]
            answer = {"points": points, "seconds": np.full(3, 0.001), "bytes": 10**6}
            yield network, answer | {"versions": "a 1.0", "python": "3.11"}

    monkeypatch.setattr(peers, "_asked", asked)
    folder = tmp_path / "peers"
    peers.compare("open", "open", "a desk", folder=folder)
    return folder


def test_a_comparison_is_stored_and_checked(answered, capsys):
    assert peers.problems(answered) == []
    table = pd.read_csv(answered / "accuracy.csv")
    assert table.network.tolist() == [*peers.NETWORKS] * 2
    assert table.found[table.network == "mesh"].tolist() == pytest.approx([31 / 32] * 2)
    assert (table.faces == 31).all() and (table.data == "open").all()
    about = pd.read_csv(answered / "networks.csv")
    assert about.called[0] == "the course's network" and about.points.tolist()[2:] == [68, 468, 478]
    assert "faces of a set like Kaggle's" in about.trained_on[0]
    peers.compare("open", "other", "a desk", folder=answered)  # another set stands beside it
    assert pd.read_csv(answered / "sets.csv").data.tolist() == ["open", "other"]
    before = (answered / "accuracy.csv").read_bytes()
    peers.compare("open", "other", "a desk", folder=answered)  # and replaces itself
    assert (answered / "accuracy.csv").read_bytes() == before
    assert peers.problems(answered) == []


def change(path, column, value):
    table = pd.read_csv(path)
    table[column] = value
    table.to_csv(path, index=False)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: change(f / "accuracy.csv", "nme", 1.0), "open.npz says otherwise"),
        (lambda f: change(f / "accuracy.csv", "data", "wild"), "not of the same sets"),
        (lambda f: change(f / "networks.csv", "low_ms", 9.0), "times or bytes that cannot be"),
        (lambda f: change(f / "networks.csv", "network", "dlib"), "not the networks"),
        (lambda f: change(f / "sets.csv", "faces", 3), "has other faces"),
        (lambda f: change(f / "sets.csv", "weights", "0"), "has other weights by now"),
        (lambda f: change(f / "sets.csv", "fingerprint", "0"), "its faces are others by now"),
        (lambda f: (f / "open.npz").write_bytes(b"PK"), "peers: cannot be read"),
        (lambda f: (f / "sets.csv").unlink(), "peers: cannot be read"),
    ],
)
def test_what_does_not_fit_is_told(answered, damage, says):
    damage(answered)
    assert any(says in text for text in peers.problems(answered))


def test_what_comes_with_the_course_is_consistent():
    assert peers.problems() == []
    small = [path.stat().st_size < 300e3 for path in (files.PUBLISHED / "peers").glob("*.npz")]
    assert all(small)


def test_nothing_stored_is_no_problem(tmp_path):
    assert peers.problems(tmp_path / "absent") == []


def test_test_pictures_with_answers_are_taken(blob_parts, folder, monkeypatch):
    test = dataclasses.replace(blob_parts.test, keypoints=np.full((32, 15, 2), np.nan, np.float32))
    points = blob_parts.test.keypoints.reshape(32, 30)
    table = pd.DataFrame(points, columns=faces.COLUMNS).assign(ImageId=np.arange(1, 33))
    table.iloc[::-1].to_csv(folder / "test_keypoints.csv", index=False)
    monkeypatch.setattr(splits, "load", lambda *_, **__: blob_parts)
    monkeypatch.setattr(sources, "place", lambda data: folder)
    monkeypatch.setattr(sources, "read_test", lambda data: test)
    for data, moved in (("open", 0), ("elsewhere", 0.5)):
        shown, others = peers.faces_of(data)
        np.testing.assert_allclose(shown.keypoints, blob_parts.test.keypoints - moved, atol=1e-4)
        assert others is blob_parts.validation
    (folder / "test_keypoints.csv").unlink()
    assert peers.faces_of("open") == (blob_parts.test, blob_parts.validation)


def test_answers_count_from_the_first_pixels_centre(monkeypatch):
    """Whatever a peer's picture was like; every one of these points to pixel (30, 40)."""

    def ask(python, network, images, file=None):
        assert images.dtype == np.uint8
        scale, count = (1, 15) if network == "onnx" else (peers.SCALE, 478)
        assert images.shape == (2, 96 * scale, 96 * scale)
        points = np.full((2, count, 2), scale * np.array((30.5, 40.5)), np.float32)
        return {"points": points, "seconds": np.ones(3), "bytes": 1, "versions": "a 1"}

    monkeypatch.setattr(peers, "ask", ask)
    monkeypatch.setattr(peers, "environment", lambda packages: packages)
    monkeypatch.setattr(export, "to_onnx", lambda model, path: None)
    found = dict(peers._asked(np.zeros((2, 96, 96), np.uint8), results.FOURTH))
    assert tuple(found) == peers.NETWORKS
    for network, answer in found.items():
        expected = np.full((2, 15, 2), (30, 40))
        if network == peers.TWICE:  # mirrored, it points to 95 - 30 and is averaged
            expected = np.full((2, 15, 2), (47.5, 40))
            assert answer["seconds"].tolist() == [2, 2, 2]
        np.testing.assert_allclose(answer["points"], expected, atol=1e-4)


def test_the_courses_network_answers_from_its_file_on_one_core(tmp_path):
    network = results.network(results.FOURTH)
    export.to_onnx(heatmap.for_export(network), tmp_path / "final.onnx")
    images = np.random.default_rng(0).integers(0, 255, (3, 96, 96)).astype(np.uint8)
    answer = peers.ask(sys.executable, "onnx", images, tmp_path / "final.onnx")
    inputs = faces.to_inputs(images)
    expected = faces.to_pixels(network.predict(inputs, verbose=0)) + faces.HALF_PIXEL
    np.testing.assert_allclose(answer["points"], expected, atol=0.01)
    assert (answer["seconds"] > 0).all() and answer["seconds"].max() < 1
    assert int(answer["bytes"]) == (tmp_path / "final.onnx").stat().st_size
    assert str(answer["versions"]).startswith("onnxruntime ")


def test_an_environment_is_made_once_and_again_where_it_was_not_finished(store, monkeypatch):
    made, installed = [], []
    monkeypatch.setattr(peers.venv.EnvBuilder, "create", lambda self, folder: made.append(folder))
    monkeypatch.setattr(peers, "_run", lambda command, what: installed.append(command[-2:]))
    for _ in range(2):
        python = peers.environment(("a==1", "b==2"))
    assert len(made) == 1 and installed == [["a==1", "b==2"]]
    assert python.is_relative_to(made[0]) and made[0].is_relative_to(store)
    (made[0] / "made.txt").unlink()
    peers.environment(("a==1", "b==2"))
    assert len(made) == 2
    peers.environment(("a==1", "b==3"))
    assert made[2] != made[1] == made[0]


def test_what_cannot_be_installed_is_one_line():
    code = "import sys; print('much', file=sys.stderr); sys.exit('no such package')"
    with pytest.raises(InputError, match=r"^dlib: it cannot be .*: no such package$"):
        peers._run([sys.executable, "-c", code], "dlib")


def test_a_folder_needs_a_word(capsys):
    assert peers.checked_name("open", None) == "open"
    assert peers.checked_name("/a/folder", "wild") == "wild"
    for name in (None, "/a/folder", "Wild faces"):
        with pytest.raises(InputError, match="such as --name wild"):
            peers.checked_name("/a/folder", name)
    assert main.main(["peers", "--data", "no/such", "--machine", "a desk"]) == 2
    assert "need a word for these faces" in capsys.readouterr().err


def test_the_peers_are_pinned():
    for peer in peers.PEERS.values():
        assert all("==" in package for package in peer.packages)
