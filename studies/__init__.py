"""How data/published was made: trainings, seeds, claims. `python -m studies` runs it."""
