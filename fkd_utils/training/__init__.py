"""Training, stored under what decided it; the runs that the tables of the course name.

train: the training itself. thesis_runs: the rows of Tables 4.1 and 4.4. results: what comes with
the course in data/published.
"""

from fkd_utils.training import ablation, batches, depth_runs, sweep
from fkd_utils.training.fitting import AVERAGE_OVER, Recipe, Run, default_store, predict, train
from fkd_utils.training.results import (
    FOURTH,
    VERDICTS,
    Stored,
    best_run,
    kaggle_labels,
    mean_face_measures,
    network,
    of_rows,
    published,
    real_faces_check,
    report,
    seeds,
    study,
)
from fkd_utils.training.thesis_runs import TABLE_4_1, TABLE_4_4, recipe_of

__all__ = [
    "AVERAGE_OVER",
    "FOURTH",
    "TABLE_4_1",
    "TABLE_4_4",
    "VERDICTS",
    "Recipe",
    "Run",
    "Stored",
    "ablation",
    "batches",
    "best_run",
    "default_store",
    "depth_runs",
    "kaggle_labels",
    "mean_face_measures",
    "network",
    "of_rows",
    "predict",
    "published",
    "real_faces_check",
    "recipe_of",
    "report",
    "seeds",
    "study",
    "sweep",
    "train",
]
