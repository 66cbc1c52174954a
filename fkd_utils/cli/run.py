"""The command `run`, what is stored (`runs`, `models`), and this machine's `timing`."""

import json
import os
import pathlib
import re
import time

import click

from fkd_utils import console, files
from fkd_utils.cli import book, execute
from fkd_utils.cli.data import DATA

PROFILE = click.option(
    "--profile",
    type=click.Choice(["smoke", "quick", "paper"]),
    default=lambda: os.environ.get("FKD_PROFILE") or "quick",
    show_default="quick",
    help="smoke: seconds a chapter; quick: minutes for the course; paper: the studies' lengths",
)


@click.command()
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...")
@PROFILE
@DATA
@click.option("--seed", default=0, help="seed of splits and trainings (0)")
def run(chapters: tuple[str, ...], profile: str, data: str, seed: int) -> int:
    """Execute chapters and make a book of them, with their figures, under build/.

    CHAPTER is such as 03, or 03_linear; without one, all of them. In smoke, which only tries
    whether every cell runs, there is no book.
    """
    from fkd_utils.data import landmarks, sources

    wanted = execute.find_chapters(chapters)
    if not landmarks.find(data, ".pts", ".asf"):  # chapters 15a to 16b read such folders themselves
        sources.read(data)  # bad data is said once, here, and not by every chapter
    started = time.monotonic()
    errors = execute.run_chapters(wanted, profile, data, seed)
    seconds = time.monotonic() - started
    made = execute.build_folder(profile, data)
    if profile != "smoke":
        made = book.build(execute.chapters_in(made), made / "figures", made / "html")
    failed = [chapter for chapter, error in errors.items() if error]
    print(f"{len(errors) - len(failed)} of {len(errors)} chapters ran, {seconds:.0f} s: {made}")
    if failed:
        print("failed: " + ", ".join(failed))
    return 1 if failed else 0


@click.command()
def models() -> None:
    """List the networks: name, chapter, parameters; and those that come with weights."""
    console.start_backend()
    from fkd_utils.models import MODELS
    from fkd_utils.training import results

    print(f"{'name':<10}{'in the text':<14}{'chapter':<9}{'parameters':>11}")
    for name, entry in MODELS.items():
        print(f"{name:<10}{entry.title:<14}{entry.chapter:<9}{entry.build().count_params():>11,}")
    print(f"trained, for --model NAME: {', '.join(results.networks())}")


@click.group()
def runs() -> None:
    """List, show or resume stored trainings.

    NAME is a training's name, or the beginning of it.
    """


@runs.command("list")
def list_() -> None:
    """A line for each training in data/runs."""
    console.start_backend()
    from fkd_utils.training import results

    for folder in results.stored_runs():
        print(results.described(folder))
    if not results.stored_runs():
        print("no trainings are stored yet; run a chapter first")


@runs.command()
@click.argument("name")
def show(name: str) -> None:
    """Settings and result of one training."""
    console.start_backend()
    from fkd_utils.training import fitting, results

    folder = results.find_run(name)
    print(json.dumps(fitting.settings_of(folder), indent=1))
    print(results.described(folder))


@runs.command()
@click.argument("name")
def resume(name: str) -> None:
    """Finish a training that was stopped."""
    console.start_backend()
    from fkd_utils.training import results

    done = results.resume(results.find_run(name))
    best = done.at_best()
    print(f"{done.folder.name}: done, validation MSE {best.val_mse:.5f} at epoch {best.epoch:.0f}")


@click.command()
@click.option("--name", required=True, help="what the figures call this machine")
@click.option(
    "--out", type=files.expanded, metavar="FILE", help="a CSV; data/runs/timing/NAME.csv by default"
)
def timing(name: str, out: pathlib.Path | None) -> None:
    """Measure how fast this machine trains and scores.

    It takes the first four networks and about half a minute; run it on an idle machine. On a
    machine with a graphics card Keras computes there; for the processor of the same machine, hide
    the card: CUDA_VISIBLE_DEVICES=-1 (TensorFlow, PyTorch) or JAX_PLATFORMS=cpu. Chapter 11 draws
    every file in data/runs/timing beside those that come with the course.
    """
    console.start_backend()
    from fkd_utils.evaluation import timing

    out = out or files.runs() / "timing" / (re.sub(r"\W+", "_", name) + ".csv")
    table = timing.measurements(name, timing.networks())
    files.write_text(out, table.to_csv(index=False, float_format="%.4g"))
    for row in table.itertuples():
        what = f"{row.measure} {row.network}, {row.pictures} pictures"
        print(f"{what:<32}{1000 * row.median:10.2f} ms")
    print(f"{out}: {len(table)} rows; {table.device[0]}, {table.cores[0]} cores")
