import errno
import io
import json

import numpy as np
import PIL.Image
import pytest

from fkd_utils.cli import execute
from fkd_utils.files import InputError
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
    """An empty build folder, and no figures/ yet."""
    monkeypatch.setattr(execute, "BUILD", tmp_path / "build")
    monkeypatch.setattr(figures, "COMMITTED", tmp_path / "figures")
    folder = tmp_path / "build" / "quick-open" / "figures"
    monkeypatch.setenv("FKD_FIGURES", str(folder))
    return folder


def write(
    content=b"a picture", number="4.1", chapter="03", data="open", profile="quick", kind="figure"
):
    entry = plotted.Entry(number, "Title", "Alt", chapter, profile, data, 0, {}, kind)
    plotted._write(content, entry)


def test_the_command_collects_and_compares(built, tmp_path, capsys):
    write(b"a\n1\n", kind="table")
    assert main.main(["figures"]) == 0
    assert "ch03_table_4.1.csv: new\n" in capsys.readouterr().out
    assert main.main(["figures"]) == 0
    assert "1 figures and tables, 0 differ" in capsys.readouterr().out
    write(b"a\n2\n", kind="table")
    assert main.main(["figures"]) == 0
    assert "ch03_table_4.1.csv: 1 of 1 cells\n" in capsys.readouterr().out
    assert (tmp_path / "figures" / "ch03_table_4.1.csv").read_bytes() == b"a\n2\n"


def test_without_a_run_nothing_is_collected(built, capsys):
    assert main.main(["figures", "--profile", "paper"]) == 2
    assert "run the chapters first" in capsys.readouterr().err


def test_collect_orders_naturally_and_replaces_a_chapters_old_figures(built, tmp_path):
    target = tmp_path / "figures"
    for number in ("4.10", "4.2"):
        write(number=number)
    write(number="3.3", chapter="02")
    index = figures.gathered(built, target)
    assert [e["number"] for e in index] == ["3.3", "4.2", "4.10"]
    for path in built.glob("ch03_fig_4.2*"):
        path.unlink()
    (built / "ch02_fig_3.3.json").unlink()
    index = figures.gathered(built, target)
    # Chapter 02 was not run again and stays; the figure that chapter 03 dropped is gone.
    assert [e["number"] for e in index] == ["3.3", "4.10"]
    assert not (target / "ch03_fig_4.2.png").exists()
    assert json.loads((target / "index.json").read_text()) == index


@pytest.mark.parametrize("change", [{"data": "kaggle"}, {"data": "x"}, {"profile": "smoke"}])
def test_only_embedded_faces_leave_the_build_folder(built, tmp_path, change):
    write(**change)
    with pytest.raises(InputError, match="ch03"):
        figures.gathered(built, tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_a_copy_that_fails_leaves_the_old_picture(built, tmp_path, monkeypatch):
    target = tmp_path / "figures"
    write()
    figures.gathered(built, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}

    def full(source, place):
        place.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(figures.shutil, "copyfile", full)
    with pytest.raises(InputError, match="disk is full"):
        figures.gathered(built, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


def test_collect_without_figures_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="make report"):
        figures.gathered(tmp_path, tmp_path / "figures")


def test_index_describes_exactly_the_committed_pictures():
    index = json.loads((figures.COMMITTED / "index.json").read_text(encoding="utf-8"))
    there = {p.name for p in figures.COMMITTED.iterdir()} - {"index.json"}
    assert {e["file"] for e in index} == there
    for e in index:
        assert e["data"] == "open"
        assert len(e["alt"]) > 40 or e["file"].endswith(".csv"), e["file"]
        assert e["title"]


def test_figures_of_a_chapter_that_is_gone_go(built, tmp_path):
    write(number="4.2", chapter="04")
    target = tmp_path / "figures"
    figures.gathered(built, target)
    gone = plotted.Entry("99-a", "Title", "Alt", "99", "quick", "open", 0, {}, "figure")
    index = json.loads((target / "index.json").read_text())
    index.append({"file": gone.file, **vars(gone)})
    (target / "index.json").write_text(json.dumps(index))
    (target / gone.file).write_bytes(b"a picture")
    (built / plotted.Entry("4.2", "", "", "04", "", "", 0, {}, "figure").file).unlink()
    for old in built.glob("*.json"):
        old.unlink()
    write(number="4.1", chapter="03")
    kept = figures.gathered(built, target)
    assert [entry["number"] for entry in kept] == ["4.1", "4.2"]
    assert not (target / gone.file).exists()
