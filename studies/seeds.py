"""The same training with several seeds: how much of a small difference is chance.

    python -m studies seeds --data FOLDER --machine "a desk computer"

writes data/published/seeds/table_4_1.csv, table_4_4.csv and, with what THESIS 4.8 would try next,
ideas.csv, with a line for each training. The faces are real ones in Kaggle's format, and the
trainings are shorter than the thesis's: every line says how long. A training that is stored already
is found, not repeated.
"""

import json

import keras
import pandas as pd

from fkd_utils import files
from fkd_utils.data import splits
from fkd_utils.evaluation import timing
from fkd_utils.models import thesis
from fkd_utils.training import fitting, thesis_runs

SEEDS = (0, 1, 2)
# The thesis trains for 1000 epochs, too long for several seeds on two cores. An epoch of Fifth is
# 30 batches of 64 up to epoch 125; then the batches grow.
EPOCHS = {"table_4_1": 100, "table_4_4": 125, "ideas": 125}
# Each changes the variant that the thesis ends with, and nothing else.
CHANGED = "Fifth, dropout, Leaky ReLU 0.2"
IDEAS = {
    "kernels of 3": {"sides": (3, 3, 3)},
    "kernels of 7": {"sides": (7, 7, 7)},
    "twice the filters": {"filters": (8, 12, 16)},
    "twice the units and the dropout": {"units": 500, "dropout": 0.2},
}
ROWS = {
    "table_4_1": ("Third", "Third, dropout", "Fourth", "Fourth, dropout"),
    "table_4_4": tuple(thesis_runs.TABLE_4_4),
    "ideas": tuple(IDEAS),
}


def study(table: str, data: str, machine: str) -> pd.DataFrame:
    """Train every row of a table ("table_4_1", ...) with all SEEDS and store the scores.

    data: open, kaggle or a folder. The split stays that of seed 0: only first weights, batches and
    dropout differ. Returns one line a training: model, seed, epochs, best_epoch, training_mse,
    validation_mse, test_mse, test_mean_px, test_nme, seconds. The file is written anew after
    each, so a stopped study keeps what it has.
    """
    folder = files.PUBLISHED / "seeds"
    faces_of = splits.load(data, 0, grown=table != "table_4_1")
    lines = []
    for seed in SEEDS:
        for name in ROWS[table]:
            run = _trained(name, faces_of, seed, EPOCHS[table])
            lines.append(_line(name, seed, run, faces_of))
            text = pd.DataFrame(lines).to_csv(index=False, float_format="%.6g")
            files.write_text(folder / f"{table}.csv", text)
    text = json.dumps(_settings(faces_of, machine), indent=1)
    files.write_text(folder / f"{table}.json", text + "\n")
    return pd.DataFrame(lines)


def _trained(name: str, data: splits.Splits, seed: int, epochs: int) -> fitting.Run:
    if name not in IDEAS:
        return thesis_runs.thesis_run(name, data, "paper", seed, epochs)
    plan = thesis_runs.planned(CHANGED)
    keras.utils.set_random_seed(seed)
    model = thesis.fifth(**{"dropout": 0.1, "leaky": 0.2} | IDEAS[name])
    model.compile(plan.optimizer(plan.learning_rate), loss="mse")
    return fitting.fit(
        model,
        data,
        epochs=epochs,
        batch_size=plan.batch_size(epochs),
        steps_per_epoch=plan.steps_per_epoch,
        seed=seed,
    )


def _line(name: str, seed: int, run: fitting.Run, data: splits.Splits) -> dict:
    best, test = run.at_best(), run.measures(data.test)
    return {
        "model": name,
        "seed": seed,
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "training_mse": best.loss,
        "validation_mse": best.val_mse,
        **{f"test_{name}": test[name] for name in ("mse", "mean_px", "nme")},
        "seconds": round(float(run.history.seconds.sum()), 1),
    }


def _settings(data: splits.Splits, machine: str) -> dict:
    described = timing.describe(machine)
    counts = {name: len(getattr(data, name)) for name in ("train", "validation", "test")}
    kept = {key: described[key] for key in ("machine", "kind", "device", "cores", "versions")}
    return {"faces": counts, "fingerprint": data.fingerprint(), **kept}
