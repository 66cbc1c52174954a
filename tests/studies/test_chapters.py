import nbformat
import pandas as pd
import pytest

from fkd_utils import files
from fkd_utils.cli import execute
from fkd_utils.files import InputError
from fkd_utils.plotting import chapter
from studies import __main__ as main
from studies import chapters

SCRIPT = """# %% [markdown]
# # 07 Title

# %% tags=["parameters"]
SEED = 3

# %% tags=["solution"]
print(SEED)
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    (tmp_path / "src").mkdir()
    monkeypatch.setattr(execute, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(execute, "BUILD", tmp_path / "build")
    monkeypatch.setenv("FKD_FIGURES", "")
    monkeypatch.setenv("FKD_PROFILE", "quick")
    monkeypatch.setenv("FKD_DATA", "open")
    source = tmp_path / "src" / "07_x.py"
    source.write_text(SCRIPT)
    return source


def test_built_notebook_holds_outputs_and_follows_its_script(house, tmp_path):
    assert chapters.has_drifted(house)
    chapters.build(house)
    assert not chapters.has_drifted(house)
    notebook = nbformat.read(tmp_path / "07_x.ipynb", as_version=4)
    assert [c.get("execution_count") for c in notebook.cells[1:]] == [1, 2]
    assert notebook.cells[2].outputs[0].text == "3\n"
    assert notebook.cells[2].metadata.jupyter.source_hidden
    house.write_text(SCRIPT.replace("SEED = 3", "SEED = 4"))
    assert chapters.has_drifted(house)
    house.write_text(SCRIPT.replace('tags=["solution"]', 'tags=["nbval-ignore-output"]'))
    assert chapters.has_drifted(house)


def test_a_cell_that_fails_is_shown_and_the_old_notebook_stays(house, tmp_path):
    chapters.build(house)
    before = (tmp_path / "07_x.ipynb").read_bytes()
    house.write_text(SCRIPT + "\n# %%\n1 / 0\n")
    with pytest.raises(InputError, match=r"07_x.py: ZeroDivisionError"):
        chapters.build(house)
    assert (tmp_path / "07_x.ipynb").read_bytes() == before


def test_a_kernel_that_dies_is_one_line(house, tmp_path):
    house.write_text(SCRIPT + "\n# %%\nimport os; os._exit(9)\n")
    with pytest.raises(InputError, match=r"07_x.py: DeadKernelError: Kernel died"):
        chapters.build(house)
    assert not (tmp_path / "07_x.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "built"), [([], ["07_x"]), (["8"], ["08_y"]), (["07", "08_y"], ["07_x", "08_y"])]
)
def test_named_chapters_are_built_and_else_those_that_drifted(house, monkeypatch, arguments, built):
    (house.parent / "08_y.py").write_text(SCRIPT)
    done = []
    monkeypatch.setattr(chapters, "SOURCES", house.parent)
    monkeypatch.setattr(chapters, "has_drifted", lambda script: script == house)
    monkeypatch.setattr(chapters, "build", lambda script: done.append(script.stem))
    assert main.main(["build", *arguments]) == 0
    assert done == built


def test_a_chapter_that_is_not_there_is_named(house, monkeypatch, capsys):
    monkeypatch.setattr(chapters, "SOURCES", house.parent)
    assert main.main(["build", "7", "99"]) == 2
    assert "there is no chapter '99'; there are: 07_x" in capsys.readouterr().err


@pytest.fixture
def page(monkeypatch):
    """A chapter's names, with one check that takes 7, and another for each way to judge badly."""
    page = {"chapter": chapter.Chapter("03", "smoke", "open", 0)}
    monkeypatch.setattr(chapters, "NONSENSE", ("None", "'text'"))

    def judged(judge, solution=7):
        @page["chapter"].check("a number", "count")
        def check_1(answer):
            return judge(answer)

        page["check_1"] = check_1
        check_1(solution)
        return page

    return judged


def tried(monkeypatch, tmp_path, names, wrong):
    monkeypatch.setattr(chapters, "ANSWERS", tmp_path)
    (tmp_path / "03.json").write_text(wrong)
    (path,) = execute.find_chapters(["03"])
    notebook = chapters.with_trial(path)
    nbformat.validate(notebook)
    assert len(notebook.cells) == 1 + len(nbformat.read(path, as_version=4).cells)
    exec(notebook.cells[-1].source, names)


def test_a_check_that_knows_right_from_wrong_passes(page, monkeypatch, tmp_path):
    tried(monkeypatch, tmp_path, page(lambda answer: answer == 7), '{"1": ["8", "chapter"]}')


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        (lambda answer: True, "wrong answer 8"),
        (lambda answer: answer != 8, "wrong answer None"),
        (lambda answer: answer == 6, "the solutions: {'check_1': 'not yet'}"),
    ],
)
def test_one_that_does_not_fails(judge, says, page, monkeypatch, tmp_path):
    with pytest.raises(AssertionError, match=says):
        tried(monkeypatch, tmp_path, page(judge), '{"1": ["8"]}')


def test_a_check_without_wrong_answers_fails(page, monkeypatch, tmp_path):
    with pytest.raises(AssertionError, match="the solutions"):
        tried(monkeypatch, tmp_path, page(lambda answer: answer == 7), "{}")


def test_a_kernel_that_holds_more_is_measured_higher(tmp_path, capsys):
    made = []
    for name, size in (("01_small", 1), ("02_large", 300)):
        cell = nbformat.v4.new_code_cell(f"held = bytes({size} * 2**20)\nheld = bytearray(held)")
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        made.append(tmp_path / f"{name}.ipynb")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), made[-1])
    table = chapters.measure_memory(made, "a desk", "smoke")
    assert list(table.chapter) == ["01_small", "02_large"] and set(table.machine) == {"a desk"}
    assert 250 < table.megabytes[1] - table.megabytes[0] < 900
    assert "02_large" in capsys.readouterr().out


def test_every_chapter_was_measured():
    stored = pd.read_csv(chapters.MEMORY)
    assert list(stored.chapter) == [p.stem for p in execute.chapters_in(execute.NOTEBOOKS)]
    assert stored.megabytes.between(100, 16_000).all()
    assert chapters.MEMORY.parent == files.PUBLISHED


def test_what_was_measured_stands_beside_what_stood_for_chapters_that_are_there(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(chapters, "MEMORY", tmp_path / "memory.csv")
    rows = {"chapter": ["04_mlp", "99_gone", "03_linear"], "megabytes": [4, 9, 3]}
    chapters.keep_memory(pd.DataFrame(rows | {"machine": "a desk"}))
    row = {"chapter": ["03_linear"], "megabytes": [5], "machine": "a hall"}
    chapters.keep_memory(pd.DataFrame(row))
    kept = pd.read_csv(chapters.MEMORY)
    assert kept.to_dict("list") == {
        "chapter": ["03_linear", "04_mlp"], "megabytes": [5, 4], "machine": ["a hall", "a desk"],
    }  # fmt: skip
