"""What stored trainings say of a claim: one against another, seeds, training and validation.

Errors are MSE on test faces: real faces, grouped split, the epoch with the lowest validation error
of 1000. Ratios below 1 mean that the first named is better. Trainings go by the names of the rows
of Tables 4.1 and 4.4.
"""

from fkd_utils import claims, published, recipes
from fkd_utils.claims import Finding


def run(row: str) -> published.Stored:
    """The published run of a row; raises FileNotFoundError where there is none."""
    return published.run(published.folder_of(row))


def mse(row: str) -> float:
    """A row's MSE on the test faces, which chose nothing."""
    return run(row).metrics["test"]["mse"]


def folders(*rows: str) -> str:
    """The published folders of rows, as a claim names them."""
    return ", ".join(published.folder_of(row) for row in rows)


def ratio(better: str, worse: str) -> Finding:
    """Test MSE of one full-length run over another's."""
    times = mse(better) / mse(worse)
    return Finding(f"{times:.2f} times", claims.one_run(times), folders(better, worse))


def large(better: str, worse: str) -> Finding:
    """The same for a claim of a large effect: a ratio near 1 is an answer too."""
    return _graded(better, worse, 0.8, 0.9)


def halves(better: str, worse: str) -> Finding:
    """The same for a claim of a half."""
    return _graded(better, worse, 0.55, 0.8)


def _graded(better: str, worse: str, holds: float, fails: float) -> Finding:
    times = mse(better) / mse(worse)
    verdict = "holds" if times < holds else "fails" if times > fails else "depends"
    return ratio(better, worse)._replace(verdict=verdict)


def slightly(better: str, worse: str) -> Finding:
    """The same for a claim of a small gain: a large one is another thing."""
    found = ratio(better, worse)
    if found.verdict != "holds" or mse(better) / mse(worse) > 0.8:
        return found
    return found._replace(ours=f"{found.ours}: better, and not slightly", verdict="depends")


def seeds(better: str, worse: str, table: str = "table_4_1") -> Finding:
    """The same ratio over several seeds of a shorter training.

    It depends on the length when the full-length runs, where there are any, are on the other side.
    """
    if not (published.FOLDER / "seeds" / f"{table}.csv").exists():
        return ratio(better, worse)
    lines = published.seeds(table)
    by_seed = lines.pivot(index="seed", columns="model", values="test_mse")
    text, verdict = claims.by_seeds(by_seed[better], by_seed[worse])
    ours, stored = f"{text}, {lines.epochs.max()} epochs", f"seeds/{table}.csv"
    if len(published.of_rows([better, worse])) < 2:
        return Finding(ours, verdict, stored)
    full = mse(better) / mse(worse)
    if verdict == ("holds" if full > 1 else "fails"):
        verdict = "depends"
    ours = f"{ours}; seed 0, trained on: {full:.2f}"
    return Finding(ours, verdict, f"{stored}, {folders(better, worse)}")


def overfits(row: str) -> Finding:
    """Validation over training MSE at the best epoch."""
    m = run(row).metrics
    gap = m["validation_mse"] / m["training_mse"]
    ours = f"validation {gap:.1f} times training at epoch {m['best_epoch']}"
    return Finding(ours, "holds" if gap > 1.1 else "fails", folders(row))


def finest() -> published.Stored:
    """The published run of Tables 4.1 and 4.4 with the lowest validation error."""
    return published.finest(recipes.TABLE_4_1 | recipes.TABLE_4_4)
