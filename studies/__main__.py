"""TODO."""

import argparse

from fkd_utils.cli import run
from fkd_utils.files import InputError


def _claims(args: argparse.Namespace) -> int:
    from fkd_utils.training import results
    from studies.claims import report

    report.write()
    print(results.report().verdict.value_counts().to_string())
    return 0


def _publish(args: argparse.Namespace) -> int:
    from fkd_utils import files
    from fkd_utils.training import fitting
    from studies import publish

    folder = run._find(args.name)
    if not (folder / "history.csv").exists():
        raise InputError(f"{folder.name} is not finished; python -m fkd_utils runs resume")
    target = files.PUBLISHED / args.folder
    publish.publish(fitting.load(folder), target, run._data_of(folder), args.weights, args.machine)
    print(f"{target}: {', '.join(sorted(path.name for path in target.iterdir()))}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from fkd_utils import files
    from fkd_utils.training import results
    from studies import publish
    from studies.claims import report

    found = [*publish.problems(), *report.problems()]
    for line in found:
        print(line)
    if not found:
        count = len(publish.folders(files.PUBLISHED))
        print(f"published runs: {count}, every one consistent with itself")
        print(f"claims: {len(results.report())}, every one as the stored results say")
    return 1 if found else 0


def _seeds(args: argparse.Namespace) -> int:
    from studies import seeds

    known = {"4.1": "table_4_1", "4.4": "table_4_4"}
    for table in args.tables:  # all of them before the first hour of training
        if table not in known:
            raise InputError(f"there is no study of seeds for table {table!r}; choose 4.1 or 4.4")
    for table in args.tables or known:
        lines = seeds.study(known[table], args.data, args.machine)
        print(lines.groupby("model", sort=False).test_mse.describe()[["mean", "min", "max"]])
    return 0


def _ladder(args: argparse.Namespace) -> int:
    from fkd_utils.training import ablation
    from studies import ladder

    count = ablation.HEADS + 1
    for number in args.rungs:  # all of them before the first hour of training
        if not 0 <= number < count:
            raise InputError(f"there is no rung {number}; choose 0 to {count - 1}")
    for number in args.rungs or range(count):
        (folder,) = ladder.climb([number], args.data, args.machine)
        print(f"rung {number}: {folder}")
    return 0


def _carry(args: argparse.Namespace) -> int:
    from studies import ladder

    print(f"from open to {args.to}: {ladder.carry(args.to, args.machine)}")
    return 0
