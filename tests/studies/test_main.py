import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.data import sources
from fkd_utils.training import ablation, fitting, results
from studies import __main__ as main
from studies import publish, seeds, trainings
from studies.claims import report


@pytest.fixture
def published(tmp_path, monkeypatch):
    """An empty data/published, and an empty store of runs."""
    monkeypatch.setattr(files, "PUBLISHED", tmp_path / "published")
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))
    return files.PUBLISHED


def test_a_finished_training_is_published(published, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "runs" / "first-0123"
    folder.mkdir(parents=True)
    (folder / "recipe.json").write_text("{}")
    arguments = ["publish", "first", "mine", "--machine", "a desk"]
    assert main.main(arguments) == 2
    assert "first-0123 is not finished; python -m fkd_utils runs resume" in capsys.readouterr().err
    (folder / "history.csv").write_text("epoch\n1\n")
    monkeypatch.setattr(fitting, "load", lambda run: {folder: "the run"}[run])
    monkeypatch.setattr(results, "faces_of", lambda run: {folder: "its faces"}[run])

    def publishes(run, target, *given):
        assert (run, *given) == ("the run", "its faces", True, "a desk")
        target.mkdir(parents=True)
        (target / "metrics.json").write_text("{}")

    monkeypatch.setattr(publish, "publish", publishes)
    assert main.main([*arguments, "--weights"]) == 0
    assert capsys.readouterr().out == f"{published / 'mine'}: metrics.json\n"


@pytest.mark.parametrize(("found", "status"), [(["mine: cannot be read"], 1), ([], 0)])
def test_verify_tells_what_is_wrong(found, status, published, monkeypatch, capsys):
    monkeypatch.setattr(publish, "problems", lambda: found)
    monkeypatch.setattr(report, "problems", lambda: [])
    monkeypatch.setattr(results, "report", lambda: "abc")
    assert main.main(["verify"]) == status
    said = capsys.readouterr().out
    assert said.startswith("mine: cannot be read\n" if found else "published runs: 0, every one")
    assert ("claims: 3, every one" in said) == (not found)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["carry", "--to", "no/such"], "no/such: there is no such folder"),
        (["ladder", "0", "99"], f"99 is not in the range 0<=x<={ablation.COMPLETE}"),
        (["ladder", "0", "--", "-1"], "-1 is not in the range"),
        (
            ["seeds", "ideas", "4.2"],
            "'4.2' is not one of 'table_4_1', 'table_4_4', 'ideas'",
        ),
    ],
)
def test_what_cannot_be_trained_is_said_before_any_training(arguments, says, monkeypatch, capsys):
    for module, name in ((fitting, "fit"), (trainings, "train_step"), (seeds, "study")):
        monkeypatch.setattr(module, name, None, raising=False)  # a call would fail
    assert main.main([arguments[0], "--machine", "a desk", *arguments[1:]]) == 2
    assert says in capsys.readouterr().err


def test_the_help_knows_the_numbers(capsys):
    assert main.main(["ladder", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    numbers = (ablation.FINAL, ablation.HEADS, ablation.WIDE, ablation.COMPLETE)
    words = ("trained for longer", "two heads", "wide", "complete rows alone")
    assert "; ".join(f"{k}: {name}" for k, name in zip(numbers, words, strict=True)) in said


def test_a_readers_rows_stay_apart_until_an_author_keeps_them(published, capsys):
    path = published / "dense" / "blocks.csv"
    path.parent.mkdir(parents=True)
    pd.DataFrame({"error": [0.5], "seed": [0]}).to_csv(path, index=False)
    before, runs = path.read_bytes(), [{"seed": 0}, {"seed": 1}]
    rows = results.study(path, runs, lambda seed: [{"error": seed + 0.25}], "paper")
    assert list(rows.error) == [0.5, 1.25] and path.read_bytes() == before
    assert len(results.study(path, runs, None, "quick")) == 2
    assert main.main(["keep"]) == 0
    assert capsys.readouterr().out == f"{path}: 2 rows\n"
    pd.testing.assert_frame_equal(pd.read_csv(path), rows)
    assert not results.own_file(path).exists()
    assert main.main(["keep"]) == 0 and capsys.readouterr().out == ""
    results.study(path, [{"seed": 2}], lambda seed: [{"error": 2.25}], "paper")
    added, before = results.own_file(path), path.read_bytes()
    added.write_bytes(added.read_bytes().replace(b"2.25", b"2.24"))
    assert main.main(["keep"]) == 0 and "is damaged" in capsys.readouterr().out
    assert path.read_bytes() == before and added.exists()


def test_the_chapters_are_compared_in_small(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(sources, "place", lambda data: tmp_path)
    monkeypatch.setattr(pytest, "main", lambda options: asked.append(options) or 1)
    for name in ("FKD_PROFILE", "FKD_DATA", "FKD_STRICT", "FKD_FIGURES", "FKD_RUNS"):
        monkeypatch.setenv(name, "")
    assert main.main(["chapters", "03"]) == 1
    assert "--nbval" in asked[0] and asked[0][-1].endswith("03_linear.ipynb")
