"""How far off: the four measures, how sure they are, and how long an answer takes.

metrics, statistics and the verdicts are offered by name; the clock's are `evaluation.timing`.
"""

from fkd_utils.evaluation import timing
from fkd_utils.evaluation.metrics import (
    distances,
    eye_distance,
    face_mse,
    mean_face,
    mean_px,
    measures,
    mse,
    nme,
    rmse_px,
)
from fkd_utils.evaluation.statistics import brightness, interval, label_statistics, tilt
from fkd_utils.evaluation.verdicts import (
    MATTERS,
    VERDICTS,
    by_seeds,
    change,
    of_faces,
    of_seeds,
    verdict,
)
