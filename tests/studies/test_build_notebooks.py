import nbformat
import pytest

from fkd_utils.cli import execute
from fkd_utils.files import InputError
from studies import __main__ as main
from studies import build_notebooks

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
    assert build_notebooks.has_drifted(house)
    build_notebooks.build(house)
    assert not build_notebooks.has_drifted(house)
    notebook = nbformat.read(tmp_path / "07_x.ipynb", as_version=4)
    assert [c.get("execution_count") for c in notebook.cells[1:]] == [1, 2]
    assert notebook.cells[2].outputs[0].text == "3\n"
    assert notebook.cells[2].metadata.jupyter.source_hidden
    house.write_text(SCRIPT.replace("SEED = 3", "SEED = 4"))
    assert build_notebooks.has_drifted(house)
    house.write_text(SCRIPT.replace('tags=["solution"]', 'tags=["nbval-ignore-output"]'))
    assert build_notebooks.has_drifted(house)


def test_a_cell_that_fails_is_shown_and_the_old_notebook_stays(house, tmp_path):
    build_notebooks.build(house)
    before = (tmp_path / "07_x.ipynb").read_bytes()
    house.write_text(SCRIPT + "\n# %%\n1 / 0\n")
    with pytest.raises(InputError, match=r"07_x.py: ZeroDivisionError"):
        build_notebooks.build(house)
    assert (tmp_path / "07_x.ipynb").read_bytes() == before


def test_a_kernel_that_dies_is_one_line(house, tmp_path):
    house.write_text(SCRIPT + "\n# %%\nimport os; os._exit(9)\n")
    with pytest.raises(InputError, match=r"07_x.py: DeadKernelError: Kernel died"):
        build_notebooks.build(house)
    assert not (tmp_path / "07_x.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "built"), [([], ["07_x"]), (["8"], ["08_y"]), (["07", "08_y"], ["07_x", "08_y"])]
)
def test_named_chapters_are_built_and_else_those_that_drifted(house, monkeypatch, arguments, built):
    (house.parent / "08_y.py").write_text(SCRIPT)
    done = []
    monkeypatch.setattr(build_notebooks, "SOURCES", house.parent)
    monkeypatch.setattr(build_notebooks, "has_drifted", lambda script: script == house)
    monkeypatch.setattr(build_notebooks, "build", lambda script: done.append(script.stem))
    assert main.main(["build", *arguments]) == 0
    assert done == built


def test_a_chapter_that_is_not_there_is_named(house, monkeypatch, capsys):
    monkeypatch.setattr(build_notebooks, "SOURCES", house.parent)
    assert main.main(["build", "7", "99"]) == 2
    assert "there is no chapter '99'; there are: 07_x" in capsys.readouterr().err
