import io

import numpy as np
import PIL.Image
import pytest

from fkd_utils.cli import execute
from fkd_utils.plotting import figures as plotted
from studies import __main__ as main
from studies import figures


def png(pixels) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_what_changed_is_told_by_how_much():
    grey = np.full((10, 10), 100)
    spot, black = grey.copy(), np.zeros((4, 6))
    spot[0, :2] = 90, 105
    before = {"ch1.png": png(grey), "ch2.png": png(grey), "ch3.png": png(grey), "ch4.png": b"old"}
    after = {"ch1.png": png(grey), "ch2.png": png(spot), "ch3.png": png(black), "ch5.png": b"new"}
    before |= {"ch1.csv": b"a,b\n1,2\n3,4\n", "ch2.csv": b"a,b\n1,2\n"}
    after |= {"ch1.csv": b"a,b\n1,2\n3,\n", "ch2.csv": b"a,b\n1,2\n3,4\n"}
    assert figures.differences(before, after) == [
        "ch1.csv: 1 of 4 cells",
        "ch2.csv: 2 rows of 2 columns, was 1 of 2",
        "ch2.png: up to 10 of 255 grey levels, 2.00% of the pixels",
        "ch3.png: 6 x 4 pixels, was 10 x 10",
        "ch4.png: gone",
        "ch5.png: new",
    ]


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A build folder with one figure, and an empty figures/."""
    monkeypatch.setattr(execute, "BUILD", tmp_path / "build")
    monkeypatch.setattr(plotted, "COMMITTED", tmp_path / "figures")
    folder = tmp_path / "build" / "quick-open" / "figures"
    monkeypatch.setenv("FKD_FIGURES", str(folder))
    entry = plotted.Entry("4.1", "Title", "", "03", "quick", "open", 0, {}, "table")
    plotted._write(b"a\n1\n", entry)
    return folder / "ch03_table_4.1.csv"


def test_the_command_collects_and_compares(built, tmp_path, capsys):
    assert main.main(["figures"]) == 0
    assert "ch03_table_4.1.csv: new\n" in capsys.readouterr().out
    assert main.main(["figures"]) == 0
    assert "1 figures and tables, 0 differ" in capsys.readouterr().out
    built.write_bytes(b"a\n2\n")
    assert main.main(["figures"]) == 0
    assert "ch03_table_4.1.csv: 1 of 1 cells\n" in capsys.readouterr().out
    assert (tmp_path / "figures" / "ch03_table_4.1.csv").read_bytes() == b"a\n2\n"


def test_without_a_run_nothing_is_collected(built, capsys):
    assert main.main(["figures", "--profile", "paper"]) == 2
    assert "run the chapters first" in capsys.readouterr().err
