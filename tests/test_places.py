import pathlib

import pytest

from fkd_utils import files
from fkd_utils.data import cache
from fkd_utils.plotting import figures
from fkd_utils.training import fitting

HOME = pathlib.Path("/home/reader")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, HOME / "default"),
        ("", HOME / "default"),
        ("~/faces", HOME / "faces"),
        ("below/it", None),
        ("/elsewhere", pathlib.Path("/elsewhere")),
        ("~nobody-of-this-name", None),
    ],
)
def test_a_folder_is_absolute_and_an_empty_variable_names_none(value, found, monkeypatch):
    monkeypatch.setenv("HOME", str(HOME))
    if value is not None:
        monkeypatch.setenv("FKD_X", value)
    found = found or pathlib.Path.cwd() / value
    assert files.chosen("FKD_X", HOME / "default") == found


def test_every_folder_that_can_be_moved_is(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    moved = {"FKD_CACHE": cache.root, "FKD_RUNS": fitting.default_store}
    for variable, folder in (moved | {"FKD_FIGURES": figures.folder}).items():
        monkeypatch.setenv(variable, "moved")
        assert folder() == tmp_path / "moved"
        monkeypatch.setenv(variable, "")
        assert folder().is_absolute() and folder() != tmp_path
