import nbformat
import pytest

from fkd_utils import authoring, runner
from fkd_utils.errors import InputError

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
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(runner, "BUILD", tmp_path / "build")
    monkeypatch.setenv("FKD_FIGURES", "")
    monkeypatch.setenv("FKD_PROFILE", "quick")
    monkeypatch.setenv("FKD_DATA", "open")
    source = tmp_path / "src" / "07_x.py"
    source.write_text(SCRIPT)
    return source


def test_built_notebook_holds_outputs_and_follows_its_script(house, tmp_path):
    assert authoring.has_drifted(house)
    authoring.build(house)
    assert not authoring.has_drifted(house)
    notebook = nbformat.read(tmp_path / "07_x.ipynb", as_version=4)
    assert [c.get("execution_count") for c in notebook.cells[1:]] == [1, 2]
    assert notebook.cells[2].outputs[0].text == "3\n"
    assert notebook.cells[2].metadata.jupyter.source_hidden
    house.write_text(SCRIPT.replace("SEED = 3", "SEED = 4"))
    assert authoring.has_drifted(house)
    house.write_text(SCRIPT.replace('tags=["solution"]', 'tags=["nbval-ignore-output"]'))
    assert authoring.has_drifted(house)


def test_a_cell_that_fails_is_shown_and_the_old_notebook_stays(house, tmp_path):
    authoring.build(house)
    before = (tmp_path / "07_x.ipynb").read_bytes()
    house.write_text(SCRIPT + "\n# %%\n1 / 0\n")
    with pytest.raises(InputError, match=r"07_x.py: ZeroDivisionError"):
        authoring.build(house)
    assert (tmp_path / "07_x.ipynb").read_bytes() == before
