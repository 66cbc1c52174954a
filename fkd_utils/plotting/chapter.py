"""What every chapter does the same way: pick sizes by profile, show figures, say what it uses."""

import collections.abc
import contextlib
import html
import os
import typing

import matplotlib.figure
import pandas as pd

from fkd_utils.data import splits
from fkd_utils.files import InputError
from fkd_utils.plotting import figures, plots

PROFILES = ("smoke", "quick", "paper")
T = typing.TypeVar("T")


class Chapter:
    """A chapter being run: its number, profile, data source and seed."""

    def __init__(self, number: str, profile: str, data: str, seed: int) -> None:
        if profile not in PROFILES:
            raise InputError(f"PROFILE is {profile!r}; choose one of {', '.join(PROFILES)}")
        self.number, self.profile, self.data, self.seed = number, profile, data, seed
        plots.use_style()

    @property
    def limit(self) -> int | None:
        """At most so many faces train: few in smoke, None for all."""
        return self.pick(smoke=splits.SMOKE_FACES, quick=None, paper=None)

    def pick(self, smoke: T, quick: T, paper: T) -> T:
        """The value for this chapter's profile."""
        return {"smoke": smoke, "quick": quick, "paper": paper}[self.profile]

    @contextlib.contextmanager
    def guard(self, text: str, quick: bool = False) -> collections.abc.Iterator[None]:
        """Holds the block's assertions against the text, without punishing a reader's change.

        text: what the text says, in a few words. What fails inside prints one line, "differs from
        the text: ..."; where $FKD_STRICT is set, as in `make test`, it fails. quick: for what only
        a training of the profile quick or paper can meet; in smoke the line is not printed.
        """
        try:
            yield
        except Exception:  # a changed network may break the question itself
            if quick and self.profile == "smoke":
                return
            if os.environ.get("FKD_STRICT"):
                raise
            print(f"differs from the text: {text}")

    def figure(
        self,
        figure: matplotlib.figure.Figure,
        number: str,
        title: str,
        alt: str,
        private: bool = False,
    ) -> None:
        """Store a figure under its number and show it with its caption.

        number: "4.1" for the thesis's own, "03-a" for the course's; alt: what a reader who
        cannot see it must know. private: a reader's own face is shown and not stored.
        """
        entry = self._entry(number, title, alt, "figure")
        png = figures.drawn(figure) if private else figures.save(figure, entry)
        _display(figures.figure_as_html(png, entry))

    def table(
        self, rows: collections.abc.Iterable[dict], number: str, title: str, **formats: str
    ) -> None:
        """Store a numbered table as CSV and show it with its caption; formats by column."""
        frame = pd.DataFrame(list(rows))
        figures.save_table(frame, self._entry(number, title, "", "table"))
        caption = f"<figcaption><b>Table {number}.</b> {html.escape(title)}</figcaption>"
        start = f'<figure id="{figures.anchor(f"Table {number}")}" style="margin:0">'
        _display(f"{start}{figures.table_as_html(frame, formats)}{caption}</figure>")

    def _entry(self, number: str, title: str, alt: str, kind: str) -> figures.Entry:
        made = (self.number, self.profile, self.data, self.seed, figures.versions())
        return figures.Entry(number, title, alt, *made, kind)


def show_table(rows: collections.abc.Iterable[dict], **formats: str) -> None:
    """Show a table; formats by column, such as mse="{:.5f}"."""
    _display(figures.table_as_html(pd.DataFrame(list(rows)), formats))


def _display(content: str) -> None:
    from IPython.display import HTML, display

    display(HTML(content))
