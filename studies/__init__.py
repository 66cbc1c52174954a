"""How data/published was made: trainings, seeds, claims. `python -m studies` runs it."""

import fkd_utils  # noqa: F401  now, while sys.argv says -m: it leaves out the folder one stands in
