"""The commands of `python -m fkd_utils`."""
