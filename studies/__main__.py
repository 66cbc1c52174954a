"""The authors' command line: python -m studies COMMAND.

It makes what the course ships: data/published, figures/ and the executed chapters.
"""

import pathlib
import sys

import click

from fkd_utils import __main__ as cli
from fkd_utils import console, files
from fkd_utils.cli.data import DATA
from fkd_utils.files import InputError

MACHINE = click.option("--machine", required=True, help="what it runs on, in words")


class Backed(click.Command):
    """A command that starts Keras's backend in silence before its body; --help does not."""

    def invoke(self, ctx: click.Context) -> object:
        console.start_backend()
        return super().invoke(ctx)


@click.group()
def group() -> None:
    """Make what the course ships: results, figures and executed chapters."""


group.command_class = Backed


@group.command("open", cls=click.Command)
def build_open() -> None:
    """Make the embedded faces anew, data/open: another set on another processor."""
    from fkd_utils.data import open_set
    from studies.open_faces import build

    build.build(open_set.FOLDER)
    print(f"{open_set.FOLDER}: {len(open_set.read_training()):,} training faces")


@group.command()
def claims() -> None:
    """Write data/published/claims.csv and corrections.csv anew from the stored results."""
    from fkd_utils.training import results
    from studies.claims import report

    report.write()
    print(results.report().verdict.value_counts().to_string())


@group.command()
@click.argument("name")
@click.argument("folder")
@click.option("--weights", is_flag=True, help="keep the weights too")
@MACHINE
def publish(name: str, folder: str, weights: bool, machine: str) -> None:
    """Keep the training NAME, or what starts so, as data/published/FOLDER."""
    from fkd_utils.training import fitting, results
    from studies import publish

    run = results.find_run(name)
    if not (run / "history.csv").exists():
        raise InputError(f"{run.name} is not finished; python -m fkd_utils runs resume {run.name}")
    target = files.PUBLISHED / folder
    publish.publish(fitting.load(run), target, results.faces_of(run), weights, machine)
    print(f"{target}: {', '.join(sorted(path.name for path in target.iterdir()))}")


@group.command()
def verify() -> int:
    """Check every result in data/published."""
    from fkd_utils.training import results
    from studies import peers, publish
    from studies.claims import report

    found = [*publish.problems(), *peers.problems(), *report.problems()]
    for line in found:
        print(line)
    if not found:
        count = len(publish.folders(files.PUBLISHED))
        print(f"published runs: {count}, every one consistent with itself")
        print(f"claims: {len(results.report())}, every one as the stored results say")
    return 1 if found else 0


@group.command()
@click.argument(
    "tables",
    nargs=-1,
    type=click.Choice(["table_4_1", "table_4_4", "ideas", "rates"]),
    metavar="[table_4_1|table_4_4|ideas|rates]...",
)
@MACHINE
@DATA
def seeds(tables: tuple[str, ...], machine: str, data: str) -> None:
    """Train Tables 4.1 and 4.4, THESIS 4.8's ideas, and two optimisers at four rates each."""
    from studies import seeds

    for table in tables or seeds.ROWS:
        lines = seeds.study(table, data, machine)
        print(lines.groupby("model", sort=False).test_mse.describe()[["mean", "min", "max"]])


@group.command()
@click.argument("names", nargs=-1, metavar="[CHAPTER]...")
@MACHINE
def memory(names: tuple[str, ...], machine: str) -> None:
    """Measure how much memory each chapter's kernel takes, for the page on JupyterHub."""
    from fkd_utils.cli import execute
    from studies import chapters

    chapters.keep_memory(chapters.measure_memory(execute.find_chapters(names), machine))
    print(chapters.MEMORY)


@group.command()
@click.argument("steps", nargs=-1, type=click.IntRange(0, 15), metavar="[STEP]...")
@MACHINE
@DATA
def ladder(steps: tuple[int, ...], machine: str, data: str) -> None:
    """Train and keep the steps of chapter 18a's ablation.

    STEP: 0 to 11; 12: trained for longer; 13: two heads; 14: wide; 15: complete rows alone. Without
    one, all of them.
    """
    from fkd_utils.training import ablation
    from studies import trainings

    for number in steps or range(ablation.COMPLETE + 1):
        print(f"step {number}: {trainings.train_step(number, data, machine)}")


@group.command("full-length")
@click.argument("rows", nargs=-1, required=True, metavar="ROW...")
@MACHINE
@DATA
def full_length(rows: tuple[str, ...], machine: str, data: str) -> None:
    """Train and keep rows of Tables 4.1 and 4.4 for the thesis's 1000 epochs.

    ROW: its name, such as "Fifth, dropout". Minutes (First) to three hours (Fifth) of two cores.
    """
    from fkd_utils.training import thesis_runs
    from studies import trainings

    known = [*thesis_runs.TABLE_4_1, *thesis_runs.TABLE_4_4]
    for row in rows:
        if row not in known:
            raise InputError(f"there is no row {row!r}; there are: {'; '.join(known)}")
    for row in rows:
        print(f"{row}: {trainings.train_row(row, data, machine)}")


@group.command()
@click.option("--to", required=True, metavar="PATH", help="a folder in Kaggle's format")
@MACHINE
def carry(to: str, machine: str) -> None:
    """Train on the embedded faces, report on others (chapter 18b)."""
    from studies import trainings

    print(f"from open to {to}: {trainings.cross_dataset(to, machine)}")


@group.command()
@click.option("--name", help="what the tables call the faces of a folder: a word")
@click.option("--model", metavar="NAME", help="a shipped network (the final one)")
@MACHINE
@DATA
def peers(name: str | None, model: str | None, machine: str, data: str) -> None:
    """Ask dlib, MediaPipe and the course's network about the same faces (chapter 18b).

    Both are installed from the package index, each into an environment of its own in the cache,
    1.3 GB together. Needs Python 3.11 or 3.12, and a machine without other work for the times.
    """
    from fkd_utils.training import results
    from studies import peers

    name = peers.checked_name(data, name)
    table = peers.compare(data, name, machine, model or results.DEFAULT_NETWORK)
    print(table.round(2).to_string(index=False))


@group.command()
@DATA
def ingredients(data: str) -> None:
    """Tell what each ingredient of the embedded faces is worth on other faces (chapter 18b)."""
    from studies import ingredients

    print(ingredients.study(data).to_string())


@group.command()
@click.argument("plan")
@DATA
@click.option(
    "--scheduler",
    default="local",
    metavar="ADDRESS",
    help="of a Dask scheduler; 'local' (default): processes here; 'here': one after the other",
)
@click.option("--out", required=True, type=files.expanded, metavar="FILE", help="a CSV")
def sweep(plan: str, data: str, scheduler: str, out: pathlib.Path) -> int:
    """Train the networks of DEPTH's Tables 3 to 5 (chapter 13), each a run of its own.

    PLAN: smoke, quick and paper are those of the profiles; stored and leak came with the course;
    variants has what DEPTH decides without a number; full has the paper's own width and epochs and
    wants graphics cards.

    Without --scheduler the runs go to a Dask cluster of processes on this machine. For several
    machines, with the course and the faces on each:

    \b
    dask scheduler                          on one of them; it prints its ADDRESS
    dask worker ADDRESS --nthreads 1        on every other
    python -m studies sweep paper --scheduler ADDRESS --out results.csv

    A run that fails is named and the others finish. Every worker keeps its trainings in its
    data/runs, so a sweep that was stopped goes on where it was.
    """
    from studies import depth

    return depth.sweep(plan, data, scheduler, out)


@group.command()
def imagenet() -> None:
    """Convert EfficientNet-Lite0's ImageNet weights, data/imagenet (chapter 16b). Needs torch."""
    from studies import imagenet

    found = imagenet.study()
    for kind, value in found["differences"].items():
        print(f"{kind}: logits differ from the original's by at most {value:g}")
    print("first guesses:", ", ".join(f"{name} {n}" for name, n in found["first"].items()))


@group.command()
@click.argument("tables", nargs=-1, metavar="[frozen|blocks|curves]...")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), metavar="N")
@DATA
def transfer(tables: tuple[str, ...], seeds: int, data: str) -> None:
    """Train EfficientNet-Lite0 on faces, from ImageNet's weights and random ones (chapter 16b).

    A stopped study goes on where it was. `keep` carries the rows over to data/published.
    """
    from studies import transfer

    for table, rows in transfer.study(data, tables, seeds).items():
        keys = ["weights", "read" if table == "frozen" else "blocks"]
        print(rows.groupby(keys, sort=False)[["held", "mean_px"]].agg(["mean", "std"]).to_string())


@group.command()
@click.option("--seeds", type=click.IntRange(1), default=3)
@DATA
def dense(seeds: int, data: str) -> None:
    """Train EfficientNet-Lite0 on 68 points at 224 pixels, as DENSE's third part (chapter 16b).

    DATA: a folder of pictures with .pts files. A stopped study goes on where it was. `keep` carries
    the rows over to data/published.
    """
    from studies import dense

    rows = dense.study(data, seeds)
    keys = ["weights", "learned", "epoch"]
    print(rows.groupby(keys, sort=False)[["held", "mean_px"]].agg(["mean", "std"]).to_string())


@group.command()
@click.option("--seeds", type=click.IntRange(1), default=3)
@DATA
def backgrounds(seeds: int, data: str) -> None:
    """Train on portraits before one wall and before many, and ask about others (chapter 16a).

    A stopped study goes on where it was. `keep` carries the rows over to data/published.
    """
    from studies import backgrounds

    rows = backgrounds.study(data, seeds)
    print(rows.groupby(["network", "faces", "behind"]).mean_px.mean().unstack().to_string())


@group.command()
def keep() -> None:
    """Carry the rows that `run --profile paper` added to studies over to data/published."""
    import pandas as pd

    from fkd_utils.training import fitting, results

    own = fitting.default_store() / "studies"
    for added in sorted(own.rglob("*.csv")):
        path = files.PUBLISHED / added.relative_to(own)
        tables = [results.read_rows(place) for place in (path, added) if place.exists()]
        if any(table is None for table in tables):
            continue
        rows = pd.concat(tables)
        with files.replacing(path) as aside:
            rows.to_csv(aside, index=False, float_format=results.FORMAT)
        added.unlink()
        print(f"{path}: {len(rows)} rows")


@group.command(cls=click.Command)
@click.argument("names", nargs=-1, metavar="[CHAPTER]...")
def build(names: tuple[str, ...]) -> None:
    """Execute notebooks/src/*.py into notebooks/*.ipynb: those that have changed, or the named."""
    from studies import chapters

    for script in chapters.chosen(names):
        print(f"{script.stem} ...", flush=True)
        chapters.build(script)


@group.command(cls=click.Command)
@click.option("--profile", type=click.Choice(["quick", "paper"]), default="quick")
def figures(profile: str) -> None:
    """Rewrite figures/ from the last `run` on the embedded faces; says what has changed."""
    from studies import figures

    for line in figures.collect(profile):
        print(line)


@group.command()
@click.argument("target", type=files.expanded)
def web(target: pathlib.Path) -> int:
    """Make the page on which the networks run in a browser, in the folder TARGET. Needs Node."""
    from studies import web_page

    if not web_page.build(target):
        return 1
    print(web_page.described(target))
    return 0


@group.command(cls=click.Command)
@click.argument("names", nargs=-1, metavar="[CHAPTER]...")
def chapters(names: tuple[str, ...]) -> int:
    """Execute the committed chapters, compare each cell with its stored outputs, try the checks.

    They train in smoke size.
    """
    from fkd_utils.cli import execute
    from studies import chapters

    return chapters.check(execute.find_chapters(names))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, see `fkd_utils.__main__.status`."""
    return cli.status(group, "python -m studies", arguments)


if __name__ == "__main__":
    sys.exit(main())
