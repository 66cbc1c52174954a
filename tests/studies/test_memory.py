import nbformat
import pandas as pd

from fkd_utils import files
from fkd_utils.cli import execute
from studies import memory


def test_a_kernel_that_holds_more_is_measured_higher(tmp_path, capsys):
    made = []
    for name, size in (("01_small", 1), ("02_large", 300)):
        cell = nbformat.v4.new_code_cell(f"held = bytes({size} * 2**20)\nheld = bytearray(held)")
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        made.append(tmp_path / f"{name}.ipynb")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), made[-1])
    table = memory.study(made, "a desk", "smoke")
    assert list(table.chapter) == ["01_small", "02_large"] and set(table.machine) == {"a desk"}
    assert 250 < table.megabytes[1] - table.megabytes[0] < 900
    assert "02_large" in capsys.readouterr().out


def test_every_chapter_was_measured():
    stored = pd.read_csv(memory.STORED)
    assert list(stored.chapter) == [p.stem for p in execute.chapters_in(execute.NOTEBOOKS)]
    assert stored.megabytes.between(100, 16_000).all()
    assert memory.STORED.parent == files.PUBLISHED


def test_what_was_measured_stands_beside_what_stood_for_chapters_that_are_there(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(memory, "STORED", tmp_path / "memory.csv")
    memory.store(pd.DataFrame({"chapter": ["04_mlp", "99_gone", "03_linear"],
                               "megabytes": [4, 9, 3], "machine": "a desk"}))  # fmt: skip
    memory.store(pd.DataFrame({"chapter": ["03_linear"], "megabytes": [5], "machine": "a hall"}))
    kept = pd.read_csv(memory.STORED)
    assert kept.to_dict("list") == {
        "chapter": ["03_linear", "04_mlp"], "megabytes": [5, 4], "machine": ["a hall", "a desk"],
    }  # fmt: skip
