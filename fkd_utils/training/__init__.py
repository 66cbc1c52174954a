"""Training, stored under what decided it; the runs that the tables of the course name.

fitting: `fit`, the training itself. thesis_runs: the rows of Tables 4.1 and 4.4. results: what
comes with the course in data/published. ablation, depth_runs: the studies of chapters 18a and 13;
sweep: many trainings, one after the other. batches, checkpoint, naming: what `fit` is made of.
"""

from fkd_utils.training import ablation, depth_runs, sweep
from fkd_utils.training.fitting import default_store, fit, predict
from fkd_utils.training.results import (
    FOURTH,
    kaggle_labels,
    mean_face_measures,
    network,
    of_rows,
    published,
    real_faces_check,
    report,
    study,
    table,
)
from fkd_utils.training.thesis_runs import TABLE_4_1, TABLE_4_4, thesis_model, thesis_run
