"""Stored runs that are no longer whole: made again, or one line."""

import ctypes
import functools
import json
import os
import pathlib
import shutil
import stat
import sys

import blobruns
import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies

from fkd_utils import __main__ as main
from fkd_utils import files
from fkd_utils.data import splits
from fkd_utils.files import InputError
from fkd_utils.training import checkpoint, fitting

EPOCHS = 2
BOTH = ("recipe.json", "network.json", "state.npz")
FINISHED = (*BOTH, "history.csv", "weights.npz")
CASES = [("finished", name) for name in FINISHED] + [("stopped", name) for name in BOTH]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Stores of a finished run and of the same one stopped after its first epoch."""
    stores = {name: tmp_path_factory.mktemp(name) for name in ("finished", "stopped")}
    blobruns.fit_tiny(stores["finished"], EPOCHS)

    def stop(saver, epoch, logs):
        saver.keeper.callbacks = [checkpoint._numbers(callback) for callback in saver.others]
        saver.keeper.save()
        if epoch == 0:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint.Saver, "on_epoch_end", stop)
        blobruns.fit_tiny(stores["stopped"], EPOCHS)
    return stores


@pytest.fixture
def damaged(whole, tmp_path, monkeypatch):
    """Copies a store and damages a file of its run; `runs` finds it there."""
    monkeypatch.setattr(splits, "load", lambda **_: blobruns.few())
    monkeypatch.setenv("FKD_RUNS", str(tmp_path / "runs"))

    def make(state, name, damage):
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        shutil.copytree(whole[state], tmp_path / "runs")
        (path,) = (tmp_path / "runs").glob(f"*/{name}")
        damage(path)
        return path.parent

    return make


def empty(path: pathlib.Path) -> None:
    path.write_bytes(b"")


def cut(path: pathlib.Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def missing(path: pathlib.Path) -> None:
    path.unlink()


def folder(path: pathlib.Path) -> None:
    path.unlink()
    path.mkdir()


def other_kind(path: pathlib.Path) -> None:
    path.write_text("[]\n")


def older(path: pathlib.Path) -> None:
    """As another version of the course may have stored it."""
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        content.pop("digest", None)
        path.write_text(json.dumps(content | {"format": 1}))
    elif path.suffix == ".csv":
        pd.read_csv(path).drop(columns="nose_tip").to_csv(path, index=False)
    else:
        files.save_arrays(path, dict(list(files.read_arrays(path).items())[:-1]))


@functools.cache
def numbers(folder: pathlib.Path) -> tuple:
    """Of a whole run: its history, and its best weights."""
    run = fitting.load(folder)
    return run.history.drop(columns="seconds"), run.model().get_weights()


def check_numbers(folder: pathlib.Path, whole: dict) -> None:
    """The run is as if nothing had happened, and so are all its files."""
    (right,) = whole["finished"].glob("*/")
    (history, weights), run = numbers(right), fitting.load(folder)
    pd.testing.assert_frame_equal(run.history[[*history]], history)
    table = pd.read_csv(folder / "history.csv")
    np.testing.assert_allclose(table[[*history]], history, 1e-6)
    for a, b in zip(run.model().get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)


def said(capsys, *words: str) -> tuple[int, list[str]]:
    """Status of a command, and its error lines."""
    capsys.readouterr()
    status = main.main(["runs", *words])
    errors = capsys.readouterr().err.splitlines()
    return status, [line for line in errors if line.startswith("error: ")]


def check_all(capsys, place, whole, can_fail=False):
    """List, resume and fit: right in the end, or one line."""
    kept = place.parent.with_name("kept")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(place.parent, kept)
    assert said(capsys, "list") == (0, [])
    status, errors = said(capsys, "resume", place.name)
    assert (status, len(errors)) in ((0, 0), (2, 1))
    if status == 0:
        assert fitting.load(place).best_epoch
    shutil.rmtree(place.parent)
    kept.rename(place.parent)
    try:
        blobruns.fit_tiny(place.parent, EPOCHS)
    except InputError as error:
        assert can_fail and "\n" not in str(error)
        return status
    check_numbers(place, whole)
    assert said(capsys, "resume", place.name) == (0, [])
    return status


@pytest.mark.parametrize("damage", [empty, cut, missing, folder, other_kind, older])
@pytest.mark.parametrize(("state", "name"), CASES)
def test_what_can_be_made_again_is(damaged, whole, capsys, state, name, damage):
    place = damaged(state, name, damage)
    status = check_all(capsys, place, whole, can_fail=damage is folder)
    if name == "weights.npz" and damage is not folder:
        assert status == 0  # the last state has them
    if state == "stopped":
        assert status == 2


@hypothesis.settings(max_examples=10, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(strategies.sampled_from(CASES), strategies.floats(0, 0.999), strategies.data())
def test_changed_bytes_change_no_number(damaged, whole, capsys, case, where, data):
    mask = data.draw(strategies.integers(1, 255))

    def flip(path):
        content = bytearray(path.read_bytes())
        content[int(where * len(content))] ^= mask
        path.write_bytes(content)

    check_all(capsys, damaged(*case, flip), whole)


def test_a_run_without_any_of_its_files_is_trained(damaged, whole):
    place = damaged("finished", "state.npz", missing)
    for path in place.iterdir():
        path.unlink()
    blobruns.fit_tiny(place.parent, EPOCHS)
    check_numbers(place, whole)


def test_the_same_cell_again_refuses_what_it_cannot_know(damaged):
    place = damaged("finished", "state.npz", lambda path: None)
    model, data = blobruns.small(), blobruns.few()
    run = fitting.fit(model, data, 1, 16, store=place.parent)
    empty(run.folder / "state.npz")
    with pytest.raises(InputError, match="the cell that builds the network"):
        fitting.fit(model, data, 1, 16, store=place.parent)


def as_another_account(stores, queue) -> None:
    """Without root's right to write everywhere: what comes of fits in other accounts' stores."""
    if os.geteuid() == 0:  # the rights of a process, none; the kernel's third version of the call
        nothing = (ctypes.c_uint32 * 6)()
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        if ctypes.CDLL(None).capset(header, nothing):
            queue.put([])
            return
    said = []
    for epochs, store in zip((EPOCHS, EPOCHS + 1, EPOCHS), stores, strict=True):
        try:
            said.append(str(blobruns.fit_tiny(store, epochs).best_epoch))
        except InputError as error:
            said.append(str(error))
    queue.put(said)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no such accounts on this system")
def test_a_store_of_another_account(whole, tmp_path, forking):
    """A finished run is read; a new one, and one that was stopped, are refused in one line."""
    root = os.geteuid() == 0
    if root and sys.platform != "linux":
        pytest.skip("root writes everywhere")
    for state in whole:
        shutil.copytree(whole[state], tmp_path / state)
    paths = [path for state in whole for path in (tmp_path / state, *(tmp_path / state).rglob("*"))]
    for path in paths:
        if root:
            os.chown(path, 1234, 1234)
        path.chmod(0o555 if path.is_dir() else 0o444)
    stores, queue = [tmp_path / n for n in ("finished", "finished", "stopped")], forking.Queue()
    process = forking.Process(target=as_another_account, args=(stores, queue))
    process.start()
    lines = queue.get(timeout=120)
    process.join()
    for path in paths:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    if not lines:
        pytest.skip("this system takes no rights from root")
    assert lines[0].isdigit()
    assert all("cannot be written" in line and "FKD_RUNS" in line for line in lines[1:])
    assert not any("\n" in line for line in lines)
