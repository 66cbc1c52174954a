import pathlib
import signal
import time

import blobruns
import numpy as np
import pandas as pd
import pytest

from fkd_utils.training import fitting


def epochs_saved(store: pathlib.Path) -> int:
    for path in store.glob("*/state.npz"):
        with np.load(path, allow_pickle=False) as stored:
            return len(stored["rows"])
    return 0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_and_started_again_it_ends_as_if_undisturbed(tmp_path, forking):
    epochs, killed = 14, tmp_path / "killed"
    kills, seen = 0, 0
    while not list(killed.glob("*/history.csv")):
        process = forking.Process(target=blobruns.fit_saving, args=(killed, epochs))
        process.start()
        while process.is_alive():
            done = epochs_saved(killed)
            if kills < 2 and done > seen:
                process.kill()
                seen, kills = done, kills + 1
            time.sleep(0.002)
        process.join()
    assert kills == 2 and 0 < seen < epochs
    undisturbed = blobruns.fit_small(tmp_path / "calm", epochs)
    (folder,) = (path.parent for path in killed.glob("*/history.csv"))
    resumed = fitting.load(folder)
    assert resumed.folder.name == undisturbed.folder.name
    same = [history.drop(columns="seconds") for history in (resumed.history, undisturbed.history)]
    pd.testing.assert_frame_equal(*same)
    for a, b in zip(resumed.model().get_weights(), undisturbed.model().get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
