"""Commands killed at random moments, and what they leave: nothing may be lost.

python tests/bench/bench_kills.py [KILLS [SECONDS]]: KILLS (100) are spread over five commands, on a
small set `open` in a folder of its own; SECONDS (3600) are the most that all kills may take. Each
command is killed again and again, then run to its end: the result must be what an undisturbed one
gives, and every stored file must be whole all the time.
"""

import collections
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "training"), str(TESTS.parent)]

import test_kills  # noqa: E402

# A course whose set `open` is made in a moment; `train` is what `runs resume` finds stopped.
COURSE = """
import sys
sys.path[:0] = {path!r}
import blobruns, pathlib
from fkd_utils.cli import main
from fkd_utils.data import splits
from fkd_utils.data.open_faces import build
sizes = build.Sizes(first=60, gaps=6, second=40, copies=10, wrong=4, test=9)
build.build = lambda folder, progress: build.make(folder, sizes, 1, progress)
blobruns.checkpoint.CHECKPOINT_SECONDS = 0
if sys.argv[1:] == ["train"]:
    blobruns.fitting.fit(blobruns.small(), splits.load("open"), 60, 16)
else:
    sys.exit(main.main(sys.argv[1:]))
"""
# Their share of the kills, and whether each round starts from what `train` has left.
COMMANDS = {
    ("data", "info"): 0.25,
    ("runs", "resume", "sequential"): 0.25,
    ("predict", str(test_kills.PHOTO), "--out", "{home}/out"): 0.2,
    ("submit", "--data", "open", "--out", "{home}/submission.csv"): 0.2,
    ("run", "03", "--profile", "smoke"): 0.1,
}


def start(home: pathlib.Path, *words: str) -> subprocess.Popen:
    """A command of the course, everything it makes under `home`, what it says in a file."""
    given = {"FKD_HOME": home, "FKD_CACHE": home / "cache", "FKD_RUNS": home / "runs"}
    code = COURSE.format(path=sys.path[:3])
    home.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.said").open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-c", code, *(word.format(home=home) for word in words)],
            env=os.environ | {name: str(value) for name, value in given.items()},
            stdout=said,
            stderr=said,
        )


def result(home: pathlib.Path) -> dict[str, bytes]:
    """What a reader looks at, by name."""
    import numpy as np
    import pandas as pd

    found = {path.name: path.read_bytes() for path in home.glob("out/*.csv")}
    found |= {path.name: path.read_bytes() for path in home.glob("submission.csv")}
    for path in home.glob("runs/*/history.csv"):
        rows = pd.read_csv(path).drop(columns="seconds")
        found[path.parent.name] = np.float32(rows.to_numpy()).tobytes()
    for path in home.glob("cache/check-*.json"):
        found[path.name] = path.read_bytes()
    return found


def bench(top: pathlib.Path, kills: int, limit: float) -> int:
    """Prints a line for each command; returns how many of them lost something."""
    rng, bad = random.Random(0), 0
    for words, share in COMMANDS.items():
        name, homes = " ".join(words[:2]), [top / words[0] / part for part in ("calm", "killed")]
        for home in homes if words[0] == "runs" else ():
            stopped = start(home, "train")
            while not list(home.glob("runs/*/state.npz")) and stopped.poll() is None:
                time.sleep(0.05)
            stopped.kill()
            stopped.wait()
        begun = time.monotonic()
        status = start(homes[0], *words).wait()
        seconds, count, lost = time.monotonic() - begun, collections.Counter(), []
        until = time.monotonic() + share * limit
        while count["all"] < round(share * kills) and time.monotonic() < until:
            process = start(homes[1], *words)
            time.sleep(rng.uniform(0.1, 1) * seconds)
            count["all"] += 1
            count["while it ran"] += process.poll() is None
            process.kill()
            process.wait()
            try:
                test_kills.whole(homes[1])
            except Exception as error:
                lost.append(f"after a kill: {type(error).__name__}: {error}")
        if start(homes[1], *words).wait() != status or status:
            lost.append(f"ends with another status than 0, see {homes[1]}.said")
        if result(homes[0]) != result(homes[1]):
            lost.append("ends with another result")
        bad += bool(lost)
        print(f"{name:<12}{seconds:5.1f} s  {dict(count)}  {'; '.join(lost) or 'nothing lost'}")
        sys.stdout.flush()
    return bad


if __name__ == "__main__":
    most, limit = (*map(int, sys.argv[1:3]), *(100, 3600)[len(sys.argv) - 1 :])
    top = pathlib.Path(tempfile.mkdtemp(prefix="kills-"))
    print(top, flush=True)
    sys.exit(bench(top, most, limit))
