"""The same training with several seeds: how much of a small difference is chance.

    python -m studies seeds --data FOLDER --machine "a desk computer"

writes a file for each table to data/published/seeds, with a line for each training: the last
four rows of Table 4.1, all of Table 4.4; ideas, which is what THESIS 4.8 would try next; rates,
which tunes two optimisers by one budget: four rates each with one seed, and the best of each with
all. The faces are real ones in Kaggle's format, and most trainings are shorter than the thesis's:
every line says how long. A training that is stored already is found, not repeated.
"""

import dataclasses
import functools
import json

import keras
import pandas as pd

from fkd_utils import files
from fkd_utils.data import splits
from fkd_utils.models import thesis
from fkd_utils.training import fitting, thesis_runs
from studies import publish

SEEDS = (0, 1, 2)
# The thesis trains for 1000 epochs, too long for several seeds of most networks on two cores. An
# epoch of Fifth is 30 batches of 64 up to epoch 125; then the batches grow.
EPOCHS = {"table_4_1": 100, "table_4_4": 125, "ideas": 125, "rates": 1000}
# Each idea changes the variant that the thesis ends with, and nothing else.
CHANGED = "Fifth, dropout, Leaky ReLU 0.2"
IDEAS = {
    "kernels of 3": {"sides": (3, 3, 3)},
    "kernels of 7": {"sides": (7, 7, 7)},
    "twice the filters": {"filters": (8, 12, 16)},
    "twice the units and the dropout": {"units": 500, "dropout": 0.2},
}
RATES = {
    "plain descent": (keras.optimizers.SGD, (0.02, 0.05, 0.08, 0.1)),
    "Adam": (keras.optimizers.Adam, (0.0001, 0.0003, 0.001, 0.003)),
}


def _idea(**change: object) -> thesis_runs.Planned:
    build = functools.partial(thesis.fifth, **{"dropout": 0.1, "leaky": 0.2} | change)
    return dataclasses.replace(thesis_runs.planned(CHANGED), build=build)


def _second(optimizer: type[keras.optimizers.Optimizer], rate: float) -> thesis_runs.Planned:
    plan = thesis_runs.planned("Second")
    return dataclasses.replace(plan, optimizer=optimizer, learning_rate=rate)


ROWS = {
    "table_4_1": {
        row: thesis_runs.planned(row)
        for row in ("Third", "Third, dropout", "Fourth", "Fourth, dropout")
    },
    "table_4_4": thesis_runs.TABLE_4_4,
    "ideas": {name: _idea(**change) for name, change in IDEAS.items()},
    "rates": {
        f"{rule}, {rate:g}": _second(optimizer, rate)
        for rule, (optimizer, rates) in RATES.items()
        for rate in rates
    },
}


def study(table: str, data: str, machine: str) -> pd.DataFrame:
    """Train every row of a table ("table_4_1", ...) with all SEEDS and store the scores.

    Of the rates each rule's best on the validation faces with the first seed is trained with the
    others; the histories of these trainings go beside the scores.

    data: open, kaggle or a folder. The split stays that of seed 0: only first weights, batches and
    dropout differ. Returns one line a training: model, seed, epochs, best_epoch, training_mse,
    validation_mse, test_mse, test_mean_px, test_nme, seconds. The file is written anew after
    each, so a stopped study keeps what it has.
    """
    folder = files.PUBLISHED / "seeds"
    faces_of = splits.load(data, 0, grown=table in ("table_4_4", "ideas"))
    lines, histories = [], []
    for seed in SEEDS:
        tuned = table == "rates" and seed != SEEDS[0]
        for name, plan in _best(lines).items() if tuned else ROWS[table].items():
            run = thesis_runs.thesis_run(plan, faces_of, "paper", seed, EPOCHS[table])
            lines.append(_line(name, seed, run, faces_of))
            text = pd.DataFrame(lines).to_csv(index=False, float_format="%.6g")
            files.write_text(folder / f"{table}.csv", text)
            histories.append(run.history.assign(model=name, seed=seed))
    if table == "rates":
        kept = pd.concat(histories)[["model", "seed", "epoch", "loss", "val_mse"]]
        text = kept[kept.model.isin(_best(lines))].to_csv(index=False, float_format="%.4g")
        files.write_text(folder / "rates_histories.csv", text)
    text = json.dumps(_settings(faces_of, machine), indent=1)
    files.write_text(folder / f"{table}.json", text + "\n")
    return pd.DataFrame(lines)


def _best(lines: list[dict]) -> dict[str, thesis_runs.Planned]:
    """Each rule's rate with the lowest validation MSE, with the first seed."""
    first = pd.DataFrame([line for line in lines if line["seed"] == SEEDS[0]])
    found = first.dropna(subset="validation_mse")
    best = found.groupby(found.model.str.split(",").str[0]).validation_mse.idxmin()
    return {name: ROWS["rates"][name] for name in found.model[best]}


def _line(name: str, seed: int, run: fitting.Run, data: splits.Splits) -> dict:
    line = {"model": name, "seed": seed, "epochs": run.epochs}
    if run.history.val_mse.isna().all():  # too fast: there is no epoch to judge
        return line
    best, test = run.at_best(), run.measures(data.test)
    return {
        **line,
        "best_epoch": run.best_epoch,
        "training_mse": best.loss,
        "validation_mse": best.val_mse,
        **{f"test_{name}": test[name] for name in ("mse", "mean_px", "nme")},
        "seconds": round(float(run.history.seconds.sum()), 1),
    }


def _settings(data: splits.Splits, machine: str) -> dict:
    counts = {name: len(getattr(data, name)) for name in ("train", "validation", "test")}
    return {"faces": counts, "fingerprint": data.fingerprint(), **publish.described(machine)}
