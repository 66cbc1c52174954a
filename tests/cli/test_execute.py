import json
import re

import nbformat
import pytest

from fkd_utils.cli import execute
from fkd_utils.files import InputError
from studies import chapters

GOOD = ["PROFILE = None\nDATA = None\nSEED = None", "print(PROFILE, DATA, SEED)"]


def write(folder, stem, sources):
    cells = [nbformat.v4.new_markdown_cell(f"# {stem} title")]
    cells += [nbformat.v4.new_code_cell(s) for s in sources]
    cells[1].metadata["tags"] = ["parameters"]
    metadata = {"kernelspec": chapters.KERNEL}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, folder / f"{stem}.ipynb")


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A course of three chapters, the middle one broken."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write(folder, "00_good", GOOD)
    write(folder, "01_bad", [*GOOD, "raise ValueError('no luck')", "print('never')"])
    write(folder, "02_fine", GOOD)
    monkeypatch.setattr(execute, "NOTEBOOKS", folder)
    monkeypatch.setattr(execute, "BUILD", tmp_path / "build")
    return folder


def test_chapters_are_found_by_number_or_name(house):
    assert [p.stem for p in execute.find_chapters(["2", "00"])] == ["00_good", "02_fine"]
    assert [p.stem for p in execute.find_chapters(["01_bad.ipynb"])] == ["01_bad"]
    assert len(execute.find_chapters([])) == 3
    with pytest.raises(InputError, match="there is no chapter '7'; there are: 00_good"):
        execute.find_chapters(["7"])


def test_a_number_names_all_parts_of_a_chapter(house):
    for name in ("03a_one", "03b_two"):
        write(house, name, GOOD)
    for names in (["3"], ["03"], ["3a", "03b"], ["03a_one", "03b_two.ipynb"]):
        assert [p.stem for p in execute.find_chapters(names)] == ["03a_one", "03b_two"]
    with pytest.raises(InputError, match="there is no chapter '3c'"):
        execute.find_chapters(["3c"])


def test_a_failed_chapter_is_named_and_the_others_still_run(house, tmp_path, capsys):
    errors = execute.run_chapters(execute.find_chapters([]), "smoke", "open", 5)
    assert [*map(bool, errors.values())] == [False, True, False]
    printed = capsys.readouterr().out
    assert "01_bad" in printed
    assert "cell [3]: ValueError: no luck" in printed
    executed = json.loads((tmp_path / "build/smoke-open/02_fine.ipynb").read_text())
    text = [o["text"] for c in executed["cells"] for o in c.get("outputs", [])]
    assert "".join(text[-1]).strip() == "smoke open 5"
    # The chapters themselves stay as they were.
    assert "outputs" not in json.dumps(nbformat.read(house / "00_good.ipynb", 4).cells[1].outputs)


def test_what_a_chapter_drew_before_is_forgotten_and_another_ones_is_not(house, tmp_path):
    figures = tmp_path / "build" / "smoke-open" / "figures"
    figures.mkdir(parents=True)
    for name in ("ch00_fig_00-z.png", "ch00_fig_00-z.json", "ch01a_fig_00-z.png"):
        (figures / name).write_text("old")
    execute.run_chapters(execute.find_chapters(["00"]), "smoke", "open", 0)
    assert [path.name for path in figures.iterdir()] == ["ch01a_fig_00-z.png"]


def test_a_dead_kernel_and_a_broken_file_do_not_stop_the_others(house, tmp_path, capsys):
    write(house, "01_bad", [GOOD[0], "import os; os._exit(9)"])
    (house / "00_good.ipynb").write_text("no notebook")
    old = tmp_path / "build" / "smoke-open" / "00_good.ipynb"
    old.parent.mkdir(parents=True)
    old.write_text("of an older run")
    errors = execute.run_chapters(execute.find_chapters([]), "smoke", "open", 5)
    assert [*map(bool, errors.values())] == [True, True, False]
    assert "DeadKernelError: Kernel died" in errors["01_bad"]
    assert capsys.readouterr().out.count("\n") == 3  # one line each
    assert not old.exists() and old.with_name("02_fine.ipynb").exists()


def test_a_chapter_is_told_places_that_hold_in_its_own_folder(house, tmp_path, monkeypatch):
    names = ("FKD_CACHE", "FKD_RUNS")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in names:
        monkeypatch.setenv(name, "moved")
    write(house, "00_good", [GOOD[0], f"import os; print(*map(os.getenv, {names}), DATA)"])
    errors = execute.run_chapters(execute.find_chapters(["0"]), "smoke", "~/faces", 5)
    assert errors == {"00_good": ""}
    executed = execute.build_folder("smoke", "~/faces") / "00_good.ipynb"
    (output,) = json.loads(executed.read_text())["cells"][-1]["outputs"]
    moved = str(tmp_path / "moved")
    assert "".join(output["text"]).split() == [moved, moved, str(tmp_path / "faces")]


def test_copies_of_chapters_are_none(house):
    for name in ("00_good-Copy1", "00_good (1)", "00_good (new 2026-11-29)"):
        write(house, name, GOOD)
    assert [p.stem for p in execute.find_chapters(["0"])] == ["00_good"]
    assert [p.stem for p in execute.find_chapters([])] == ["00_good", "01_bad", "02_fine"]


def test_braces_in_a_folders_name_are_no_parameters(house, tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "BUILD", tmp_path / "{x}")
    chapters = execute.find_chapters(["0"])
    assert execute.run_chapters(chapters, "smoke", "open", 5) == {"00_good": ""}
    assert (tmp_path / "{x}" / "smoke-open" / "00_good.ipynb").exists()


def test_build_folders_tell_runs_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    data = ("open", "kaggle", "a/b c", "d/b c", str(tmp_path / "open"), "~/faces")
    names = [execute.build_folder(p, d).name for p in ("smoke", "quick") for d in data]
    assert len(set(names)) == len(names)
    assert names[0] == "smoke-open" and names[-5] == "quick-kaggle"
    assert re.fullmatch(r"smoke-b-c-[0-9a-f]{6}", names[2])
    assert execute.build_folder("quick", str(tmp_path / "faces")).name == names[-1]
