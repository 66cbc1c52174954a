"""The commands `runs`, `models` and `figures` print what is stored; `run` runs chapters."""

import argparse
import json
import pathlib
import typing

from fkd_utils import course, data_cli, runner
from fkd_utils.errors import InputError

if typing.TYPE_CHECKING:  # Keras takes seconds to load
    from fkd_utils import parts


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
    claims.set_defaults(handler=_claims, needs_keras=True)

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
    publish.set_defaults(handler=_publish, needs_keras=True)
    verify = verbs.add_parser("verify", help="check every result in data/published")
    verify.set_defaults(handler=_verify, needs_keras=True)
    seeds = verbs.add_parser("seeds", help="for authors: train Tables 4.1 and 4.4 with 3 seeds")
    seeds.add_argument("tables", nargs="*", metavar="TABLE", help="4.1 or 4.4 (default: both)")
    seeds.add_argument("--machine", required=True, help="what it runs on, in words")
    data_cli.add_data(seeds)
    seeds.set_defaults(handler=_seeds, needs_keras=True)
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
    data_cli.add_data(ladder)
    ladder.set_defaults(handler=_ladder, needs_keras=True)
    carry = verbs.add_parser(
        "carry", help="for authors: train on the embedded faces, report on others (chapter 18)"
    )
    carry.add_argument("--to", required=True, metavar="PATH", help="a folder in Kaggle's format")
    carry.add_argument("--machine", required=True, help="what it runs on, in words")
    carry.set_defaults(handler=_carry, needs_keras=True)


def add_profile_and_data(parser: argparse.ArgumentParser) -> None:
    """The two choices that most commands share."""
    parser.add_argument(
        "--profile",
        choices=course.PROFILES,
        default=runner.default_profile(),
        help="smoke: seconds a chapter; quick: minutes for the course; paper: the studies' lengths",
    )
    data_cli.add_data(parser)


def _run(args: argparse.Namespace) -> int:
    from fkd_utils import landmarks, sources

    chapters = runner.find_chapters(args.chapters)
    if not landmarks.is_folder(args.data):  # chapters 15 and 16 read such folders themselves
        sources.load(args.data)  # bad data is said once, here, and not by every chapter
    outcomes = runner.run_chapters(chapters, args.profile, args.data, args.seed)
    index = runner.write_report(args.profile, args.data)
    failed = [o.chapter.stem for o in outcomes if o.error]
    total = sum(o.seconds for o in outcomes)
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} chapters ran, {total:.0f} s: {index}")
    if failed:
        print("failed: " + ", ".join(failed))
    return 1 if failed else 0


def _figures(args: argparse.Namespace) -> int:
    entries = runner.collect_figures(args.profile, args.data)
    print(f"figures/: {len(entries)} figures, described in figures/index.json")
    return 0


def _claims(args: argparse.Namespace) -> int:
    from fkd_utils import claims

    claims.write()
    print(claims.stored().verdict.value_counts().to_string())
    return 0


def _models(args: argparse.Namespace) -> int:
    from fkd_utils import models

    print(f"{'name':<10}{'in the text':<14}{'chapter':<9}{'parameters':>11}")
    for name, entry in models.MODELS.items():
        print(f"{name:<10}{entry.title:<14}{entry.chapter:<9}{entry.build().count_params():>11,}")
    return 0


def _stored() -> list[pathlib.Path]:
    from fkd_utils import training

    return sorted(p.parent for p in training.default_store().glob("*/recipe.json"))


def _find(name: str) -> pathlib.Path:
    hits = [folder for folder in _stored() if folder.name.startswith(name)]
    if len(hits) != 1:
        what = "no stored training starts" if not hits else f"{len(hits)} stored trainings start"
        raise InputError(f"{what} with {name!r}; see: python -m fkd_utils runs list")
    return hits[0]


def _epochs(folder: pathlib.Path) -> str:
    from fkd_utils import training

    planned = _recipe(folder)["recipe"]["epochs"]
    if not (folder / "history.csv").exists():
        return f"stopped before epoch {planned}"
    run = training.load(folder)
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


def _data_of(folder: pathlib.Path) -> "parts.Parts":
    """The faces a training was started with; InputError when they are others by now."""
    from fkd_utils import parts

    content = _recipe(folder)
    data = parts.prepare(**content["data"])
    if data.fingerprint() != content["fingerprint"]:
        raise InputError(
            f"{folder.name}: the faces of {content['data']['data']!r} have changed since it was "
            "started; run its chapter again instead"
        )
    return data


def _resume(args: argparse.Namespace) -> int:
    from fkd_utils import training

    folder = _find(args.name)
    run = training.train(training.Recipe(**_recipe(folder)["recipe"]), _data_of(folder))
    best = run.at_best()
    print(f"{run.folder.name}: done, validation MSE {best.val_loss:.5f} at epoch {best.epoch:.0f}")
    return 0


def _publish(args: argparse.Namespace) -> int:
    from fkd_utils import publishing, shipped, training

    folder = _find(args.name)
    if not (folder / "history.csv").exists():
        raise InputError(f"{folder.name} is not finished; python -m fkd_utils runs resume")
    target = shipped.PUBLISHED / args.folder
    publishing.publish(training.load(folder), target, _data_of(folder), args.weights, args.machine)
    print(f"{target}: {', '.join(sorted(path.name for path in target.iterdir()))}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from fkd_utils import claims, shipped, verifying

    found = [*verifying.problems(), *claims.problems()]
    for line in found:
        print(line)
    if not found:
        count = len(verifying.folders(shipped.PUBLISHED))
        print(f"published runs: {count}, every one consistent with itself")
        print(f"claims: {len(claims.stored())}, every one as the stored results say")
    return 1 if found else 0


def _seeds(args: argparse.Namespace) -> int:
    from fkd_utils import seedstudy

    known = {"4.1": "table_4_1", "4.4": "table_4_4"}
    for table in args.tables:  # all of them before the first hour of training
        if table not in known:
            raise InputError(f"there is no study of seeds for table {table!r}; choose 4.1 or 4.4")
    for table in args.tables or known:
        lines = seedstudy.study(known[table], args.data, args.machine)
        print(lines.groupby("model", sort=False).test_mse.describe()[["mean", "min", "max"]])
    return 0


def _ladder(args: argparse.Namespace) -> int:
    from fkd_utils import ladder

    count = ladder.HEADS + 1
    for number in args.rungs:  # all of them before the first hour of training
        if not 0 <= number < count:
            raise InputError(f"there is no rung {number}; choose 0 to {count - 1}")
    for number in args.rungs or range(count):
        (folder,) = ladder.climb([number], args.data, args.machine)
        print(f"rung {number}: {folder}")
    return 0


def _carry(args: argparse.Namespace) -> int:
    from fkd_utils import ladder

    print(f"from open to {args.to}: {ladder.carry(args.to, args.machine)}")
    return 0
