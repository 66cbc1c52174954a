"""How much memory a kernel takes for each chapter, so that a teacher can size a server."""

import json
import pathlib
from collections.abc import Iterable

import nbformat
import pandas as pd

from fkd_utils import files
from fkd_utils.cli import execute

STORED = files.PUBLISHED / "memory.csv"
# The system's own record: what getrusage says begins with the size of the process before.
_ASKED = """import pathlib, re
status = pathlib.Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024)"""


def study(chapters: Iterable[pathlib.Path], machine: str, profile: str = "quick") -> pd.DataFrame:
    """The most that each chapter's kernel has held, megabytes: chapter, megabytes, machine.

    Executes the chapters. A cell behind the last one asks the system, which is to be Linux.
    """
    rows = []
    figures = execute.build_folder(profile, "open") / "figures"
    given = {"FKD_PROFILE": profile, "FKD_DATA": "open", "FKD_FIGURES": str(figures)}
    for path in chapters:
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(_ASKED))
        with execute.surroundings(**given):
            ran = execute.execute(notebook)
        said = json.loads(ran.cells[-1].outputs[0].text)
        rows.append({"chapter": path.stem, "megabytes": round(said), "machine": machine})
        print(f"{path.stem}: {said:.0f} MB", flush=True)
    return pd.DataFrame(rows)


def store(table: pd.DataFrame) -> None:
    """Keep what was measured; of other chapters that are still there, what stands."""
    rows = {path.stem: None for path in execute.find_chapters([])}
    before = pd.read_csv(STORED) if STORED.exists() else table.head(0)
    for row in [*before.itertuples(index=False), *table.itertuples(index=False)]:
        if row.chapter in rows:
            rows[row.chapter] = row
    kept = pd.DataFrame(filter(None, rows.values()), columns=table.columns)
    files.write_text(STORED, kept.to_csv(index=False))
