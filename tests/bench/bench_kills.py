"""Commands killed at random moments, and what they leave: nothing may be lost.

python tests/bench/bench_kills.py [KILLS [SECONDS]]: KILLS (100) are spread over the commands;
SECONDS (3600) are the most that all of them may take. Each command is run once undisturbed, which
says how long it takes; then it is started again and again and killed at a moment of that time.
Whenever one comes to its end, its result must be the undisturbed one's, and the next starts in a
new folder; every stored file must be whole all the time. Processes are forked from one that has
loaded everything: a command's first seconds are TensorFlow's, and no kill is wasted on them.
"""

import collections
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "training"), str(TESTS.parent)]

import test_kills  # noqa: E402

# Their shares of the kills. {top} has a folder of faces; {home} is new for each round.
COMMANDS = {
    ("data", "info", "--data", "{top}/faces"): 0.15,
    ("data", "check", "--json", "{home}/check.json"): 0.1,
    ("runs", "resume", "sequential"): 0.2,
    ("predict", str(test_kills.PHOTO), "--out", "{home}/out"): 0.2,
    ("submit", "--data", "open", "--out", "{home}/submission.csv"): 0.15,
    ("run", "03", "--profile", "smoke"): 0.1,
    ("run", "00", "--profile", "smoke"): 0.1,  # as `make report`, of a chapter that takes no time
}
PRELOADED = ["test_kills", "blobruns", "fkd_utils.demo.locate", "fkd_utils.training"]
PRELOADED += ["fkd_utils.__main__", "papermill", "nbconvert", "IPython.display"]


def work(home: pathlib.Path, *words: str) -> None:
    """A command of the course, everything it makes under `home`; what it says, too."""
    home.mkdir(parents=True, exist_ok=True)
    said = os.open(home.with_suffix(".said"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(said, stream)
    given = {"FKD_HOME": home, "FKD_CACHE": home / "cache", "FKD_RUNS": home / "runs"}
    os.environ |= {name: str(value) for name, value in given.items()}
    os.environ["PYTHONPATH"] = str(TESTS.parent)  # for kernels

    import blobruns

    from fkd_utils import __main__ as main
    from fkd_utils.cli import execute
    from fkd_utils.data import splits

    execute.BUILD = home / "build"  # was decided when it was loaded
    blobruns.checkpoint.CHECKPOINT_SECONDS = 0
    if words == ("train",):  # what `runs resume` finds stopped
        data = splits.load("open", 0, splits.SMOKE_FACES)
        blobruns.fitting.fit(blobruns.small(), data, 40, 16)
    else:
        sys.exit(main.main([word.format(home=home, top=home.parents[1]) for word in words]))


def started(forking, home: pathlib.Path, *words: str) -> multiprocessing.Process:
    process = forking.Process(target=work, args=(home, *words))
    process.start()
    return process


def begun(forking, home: pathlib.Path, words: tuple[str, ...]) -> None:
    """For `runs resume`: a training that was stopped."""
    if words[0] != "runs":
        return
    process = started(forking, home, "train")
    while not list(home.glob("runs/*/state.npz")) and process.is_alive():
        time.sleep(0.01)
    process.kill()
    process.join()


def result(home: pathlib.Path) -> dict[str, bytes]:
    """What a reader looks at, by name."""
    import numpy as np
    import pandas as pd

    looked = ("out/*.csv", "*.csv", "*.json", "cache/check-*.json", "build/*/html/index.html")
    found = {path.name: path.read_bytes() for glob in looked for path in home.glob(glob)}
    found |= {path.name: b"" for path in home.glob("build/*/figures/*")}
    for path in home.glob("runs/*/history.csv"):
        rows = pd.read_csv(path).drop(columns="seconds")
        found[path.parent.name] = np.float32(rows.to_numpy()).tobytes()
    return found


def kill(forking, top: pathlib.Path, words: tuple[str, ...], kills: int, limit: float) -> str:
    """Kill a command so often; what was lost, in words."""
    moments, count = random.Random(repr(words)), collections.Counter()
    begun(forking, top / "calm", words)
    start = time.monotonic()
    calm = started(forking, top / "calm", *words)
    calm.join()
    seconds, home, lost, until = time.monotonic() - start, None, [], time.monotonic() + limit
    if calm.exitcode:
        lost.append(f"ends with status {calm.exitcode}")
    while count["hit"] < kills and time.monotonic() < until:
        if home is None:
            home = top / f"killed{count['ended']}"
            begun(forking, home, words)
        process = started(forking, home, *words)
        process.join(moments.uniform(0, seconds))
        count["hit" if process.is_alive() else "missed"] += 1
        process.kill()
        process.join()
        try:
            test_kills.whole(home)
        except Exception as error:
            lost.append(f"after a kill: {type(error).__name__}: {error}")
        if process.exitcode >= 0 or count["hit"] == kills:
            last = started(forking, home, *words)
            last.join()
            count["ended"] += 1
            if last.exitcode or process.exitcode > 0:
                lost.append(f"ends with another status than 0, see {home}.said")
            if result(top / "calm") != result(home):
                lost.append(f"another result in {home}")
            else:
                shutil.rmtree(home)
            home = None
    name = " ".join(word for word in words[:2] if "/" not in word)
    told = f"{count['hit']} killed while it ran, {count['missed']} after its end"
    print(f"{name:<12}{seconds:6.1f} s  {told}; {'; '.join(lost) or 'nothing lost'}", flush=True)
    return "; ".join(lost)


def bench(top: pathlib.Path, kills: int, limit: float) -> int:
    """Prints a line for each command; returns how many of them lost something."""
    import drawnfaces
    import facefiles

    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:3])
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(PRELOADED)
    loaded = forking.Process(target=int)
    loaded.start()
    loaded.join()
    rows = drawnfaces.faces(300, second=100)
    (top / "faces").mkdir()
    text = facefiles.text(facefiles.fields(rows.images, rows.keypoints))
    facefiles.save(top / "faces", text)
    return sum(
        bool(kill(forking, top / f"{k}{words[0]}", words, round(share * kills), share * limit))
        for k, (words, share) in enumerate(COMMANDS.items())
    )


if __name__ == "__main__":
    most, limit = (*map(int, sys.argv[1:3]), *(100, 3600)[len(sys.argv) - 1 :])
    top = pathlib.Path(tempfile.mkdtemp(prefix="kills-"))
    print(top, flush=True)
    sys.exit(bench(top, most, limit))
