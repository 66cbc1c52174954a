"""What every chapter does the same way: pick sizes by profile, show figures, say what it uses."""

import collections.abc
import typing

import matplotlib.figure
import pandas as pd

from fkd_utils import figures, plots
from fkd_utils.errors import InputError

PROFILES = ("smoke", "quick", "paper")
T = typing.TypeVar("T")


class Chapter:
    """A chapter being run: its number, profile, data source and seed."""

    def __init__(self, number: str, profile: str, data: str, seed: int) -> None:
        if profile not in PROFILES:
            raise InputError(f"PROFILE is {profile!r}; choose one of {', '.join(PROFILES)}")
        self.number, self.profile, self.data, self.seed = number, profile, data, seed
        plots.use_style()

    def pick(self, smoke: T, quick: T, paper: T) -> T:
        """The value for this chapter's profile."""
        return {"smoke": smoke, "quick": quick, "paper": paper}[self.profile]

    def figure(self, figure: matplotlib.figure.Figure, number: str, title: str, alt: str) -> None:
        """Store a figure under its number and show it with its caption.

        number: "4.1" for the thesis's own, "03-a" for the course's; alt: what a reader who
        cannot see it must know.
        """
        from IPython.display import HTML, display

        entry = figures.Entry(
            number, title, alt, self.number, self.profile, self.data, self.seed, figures.versions()
        )
        display(HTML(figures.as_html(figures.save(figure, entry), entry)))


def show_table(rows: collections.abc.Iterable[dict], **formats: str) -> None:
    """Show a table; formats by column, such as mse="{:.5f}"."""
    from IPython.display import HTML, display

    frame = pd.DataFrame(list(rows))
    style = frame.style.format(formats, na_rep="").hide(axis="index")
    style.set_uuid("table").set_table_attributes('class="dataframe"')
    display(HTML(style.to_html()))
