"""The commands `runs`, `models` and `figures` print what is stored; `run` runs chapters.

The command `timing` measures this machine and stores the result under a name.
"""

import argparse
import json
import pathlib
import typing

from fkd_utils.cli import data, execute
from fkd_utils.files import InputError
from fkd_utils.plotting import chapter
from studies import __main__

if typing.TYPE_CHECKING:
    from fkd_utils.data import splits


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add run, models, runs and figures to the command line."""
    run = commands.add_parser(
        "run",
        help="execute chapters and write their figures and HTML under build/",
        description="Execute chapters with papermill. Without CHAPTER, all of them.",
    )
    run.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as 03, or 03_linear")
    add_profile_and_data(run)
    run.add_argument("--seed", type=int, default=0, help="seed of splits and trainings (0)")
    run.set_defaults(handler=_run)

    collect = commands.add_parser(
        "figures",
        help="copy the figures of the last run into figures/ with their index",
        description="Collect figures made from the embedded faces into figures/.",
    )
    add_profile_and_data(collect)
    collect.set_defaults(handler=_figures)

    claims = commands.add_parser(
        "claims",
        help="for authors: write the claims report anew from the stored results",
        description="Write data/published/claims.csv and corrections.csv.",
    )
    claims.set_defaults(handler=__main__._claims, needs_keras=True)

    models = commands.add_parser(
        "models", help="list the networks: name, chapter, parameters", description="List networks."
    )
    models.set_defaults(handler=_models, needs_keras=True)

    runs = commands.add_parser(
        "runs",
        help="list, show, resume, publish or verify stored trainings",
        description="Stored trainings.",
    )
    verbs = runs.add_subparsers(
        required=True, metavar="list|show|resume|publish|verify|seeds|ladder|carry"
    )
    listing = verbs.add_parser("list", help="a line for each training in data/runs")
    listing.set_defaults(handler=_list, needs_keras=True)
    show = verbs.add_parser("show", help="settings and result of one training")
    show.add_argument("name", help="its name, or the beginning of it")
    show.set_defaults(handler=_show, needs_keras=True)
    resume = verbs.add_parser("resume", help="finish a training that was stopped")
    resume.add_argument("name", help="its name, or the beginning of it")
    resume.set_defaults(handler=_resume, needs_keras=True)
    publish = verbs.add_parser("publish", help="for authors: keep a result in data/published")
    publish.add_argument("name", help="the training's name, or the beginning of it")
    publish.add_argument("folder", help="its name in data/published, such as wild_fourth")
    publish.add_argument("--weights", action="store_true", help="keep the weights too")
    publish.add_argument("--machine", required=True, help="what it ran on, in words")
    publish.set_defaults(handler=__main__._publish, needs_keras=True)
    verify = verbs.add_parser("verify", help="check every result in data/published")
    verify.set_defaults(handler=__main__._verify, needs_keras=True)
    seeds = verbs.add_parser("seeds", help="for authors: train Tables 4.1 and 4.4 with 3 seeds")
    seeds.add_argument("tables", nargs="*", metavar="TABLE", help="4.1 or 4.4 (default: both)")
    seeds.add_argument("--machine", required=True, help="what it runs on, in words")
    data.add_data(seeds)
    seeds.set_defaults(handler=__main__._seeds, needs_keras=True)
    ladder = verbs.add_parser("ladder", help="for authors: train and keep the rungs of chapter 18")
    ladder.add_argument(
        "rungs",
        nargs="*",
        type=int,
        metavar="RUNG",
        # Ladder has these numbers; to ask it would load Keras for `--help`.
        help="0 to 11; 12: the final network; 13: two heads (default: all)",
    )
    ladder.add_argument("--machine", required=True, help="what it runs on, in words")
    data.add_data(ladder)
    ladder.set_defaults(handler=__main__._ladder, needs_keras=True)
    carry = verbs.add_parser(
        "carry", help="for authors: train on the embedded faces, report on others (chapter 18)"
    )
    carry.add_argument("--to", required=True, metavar="PATH", help="a folder in Kaggle's format")
    carry.add_argument("--machine", required=True, help="what it runs on, in words")
    carry.set_defaults(handler=__main__._carry, needs_keras=True)


def add_profile_and_data(parser: argparse.ArgumentParser) -> None:
    """The two choices that most commands share."""
    parser.add_argument(
        "--profile",
        choices=chapter.PROFILES,
        default=execute.default_profile(),
        help="smoke: seconds a chapter; quick: minutes for the course; paper: the studies' lengths",
    )
    data.add_data(parser)


def _run(args: argparse.Namespace) -> int:
    from fkd_utils.data import landmarks, sources

    chapters = execute.find_chapters(args.chapters)
    if not landmarks.is_folder(args.data):  # chapters 15 and 16 read such folders themselves
        sources.read(args.data)  # bad data is said once, here, and not by every chapter
    outcomes = execute.run_chapters(chapters, args.profile, args.data, args.seed)
    index = execute.write_report(args.profile, args.data)
    failed = [o.chapter.stem for o in outcomes if o.error]
    total = sum(o.seconds for o in outcomes)
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} chapters ran, {total:.0f} s: {index}")
    if failed:
        print("failed: " + ", ".join(failed))
    return 1 if failed else 0


def _figures(args: argparse.Namespace) -> int:
    entries = execute.collect_figures(args.profile, args.data)
    print(f"figures/: {len(entries)} figures, described in figures/index.json")
    return 0


def _models(args: argparse.Namespace) -> int:
    from fkd_utils.models import catalogue

    print(f"{'name':<10}{'in the text':<14}{'chapter':<9}{'parameters':>11}")
    for name, entry in catalogue.MODELS.items():
        print(f"{name:<10}{entry.title:<14}{entry.chapter:<9}{entry.build().count_params():>11,}")
    return 0


def _stored() -> list[pathlib.Path]:
    from fkd_utils.training import fitting

    return sorted(p.parent for p in fitting.default_store().glob("*/recipe.json"))


def _find(name: str) -> pathlib.Path:
    hits = [folder for folder in _stored() if folder.name.startswith(name)]
    if len(hits) != 1:
        what = "no stored training starts" if not hits else f"{len(hits)} stored trainings start"
        raise InputError(f"{what} with {name!r}; see: python -m fkd_utils runs list")
    return hits[0]


def _epochs(folder: pathlib.Path) -> str:
    from fkd_utils.training import fitting

    planned = _recipe(folder)["recipe"]["epochs"]
    if not (folder / "history.csv").exists():
        return f"stopped before epoch {planned}"
    run = fitting.load(folder)
    return f"{planned} epochs, best validation MSE {run.history.val_loss.min():.5f}"


def _recipe(folder: pathlib.Path) -> dict:
    return json.loads((folder / "recipe.json").read_text(encoding="utf-8"))


def _list(args: argparse.Namespace) -> int:
    folders = _stored()
    for folder in folders:
        print(f"{folder.name:<24}{_recipe(folder)['data']['data']:<12}{_epochs(folder)}")
    if not folders:
        print("no trainings are stored yet; run a chapter first")
    return 0


def _show(args: argparse.Namespace) -> int:
    folder = _find(args.name)
    print(json.dumps(_recipe(folder), indent=1))
    print(_epochs(folder))
    return 0


def _data_of(folder: pathlib.Path) -> "splits.Splits":
    """The faces a training was started with; InputError when they are others by now."""
    from fkd_utils.data import splits

    content = _recipe(folder)
    data = splits.load(**content["data"])
    if data.fingerprint() != content["fingerprint"]:
        raise InputError(
            f"{folder.name}: the faces of {content['data']['data']!r} have changed since it was "
            "started; run its chapter again instead"
        )
    return data


def _resume(args: argparse.Namespace) -> int:
    from fkd_utils.training import fitting

    folder = _find(args.name)
    run = fitting.train(fitting.Recipe(**_recipe(folder)["recipe"]), _data_of(folder))
    best = run.at_best()
    print(f"{run.folder.name}: done, validation MSE {best.val_loss:.5f} at epoch {best.epoch:.0f}")
    return 0


DESCRIPTION = """Measure training and scoring of the first four networks, about half a minute.
Run it on an idle machine. On a machine with a graphics card Keras computes there; for the
processor of the same machine, hide the card: CUDA_VISIBLE_DEVICES=-1 (TensorFlow, PyTorch) or
JAX_PLATFORMS=cpu. Chapter 11 draws every file in data/published/timing."""


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add timing to the command line."""
    parser = commands.add_parser(
        "timing",
        help="measure how fast this machine trains and scores",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--name", required=True, help="what the figures call this machine")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE", help="a CSV")
    parser.set_defaults(handler=_timing, needs_keras=True)


def _timing(args: argparse.Namespace) -> int:
    from fkd_utils.evaluation import timing

    table = timing.measurements(args.name, timing.networks())
    timing.write_measured(table, args.out)
    for row in table.itertuples():
        what = f"{row.measure} {row.network}, {row.pictures} pictures"
        print(f"{what:<32}{1000 * row.median:10.2f} ms")
    print(f"{args.out}: {len(table)} rows; {table.device[0]}, {table.cores[0]} cores")
    return 0
