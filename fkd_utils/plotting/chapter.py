"""What every chapter does the same way: pick sizes by profile, show figures, say what it uses."""

import base64
import collections.abc
import contextlib
import functools
import html
import json
import os
import random
import typing

import matplotlib.figure
import pandas as pd

from fkd_utils import files
from fkd_utils.data import splits
from fkd_utils.files import InputError
from fkd_utils.plotting import figures, plots

PROFILES = ("smoke", "quick", "paper")
QUIZZES = files.REPO / "notebooks" / "quizzes"
T = typing.TypeVar("T")


class Chapter:
    """A chapter being run: its number, profile, data source and seed."""

    def __init__(self, number: str, profile: str, data: str, seed: int) -> None:
        if profile not in PROFILES:
            raise InputError(f"PROFILE is {profile!r}; choose one of {', '.join(PROFILES)}")
        self.number, self.profile, self.data, self.seed = number, profile, data, seed
        self.outcomes: dict[str, str] = {}  # "check_1": passed, not yet or empty; see `check`
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

    def check(
        self, wants: str, hint: str
    ) -> collections.abc.Callable[[collections.abc.Callable], collections.abc.Callable]:
        """Makes a function of an answer into the check of an exercise, which prints one line.

        wants: what kind of answer is asked for, such as "a whole number"; said to whatever the
        function cannot work with. hint: said to a wrong answer. The function returns True, False,
        or a hint of its own for a wrong answer it knows. An answer of `...` is none yet.
        """

        def decorated(judge: collections.abc.Callable) -> collections.abc.Callable:
            @functools.wraps(judge)
            def check(answer: typing.Any) -> None:
                outcome, line = _judged(judge, answer, wants, hint)
                self.outcomes[judge.__name__] = outcome
                print(line)

            return check

        return decorated

    def quiz(self) -> None:
        """Ask the chapter's four questions: each wrong choice is answered by what is wrong in it.

        They stand in notebooks/quizzes, one file a chapter. The page holds them in base64, so
        that the key is not read by the way.
        """
        import jupyterquiz
        from IPython.utils import capture

        questions = json.loads((QUIZZES / f"{self.number}.json").read_text(encoding="utf-8"))
        hidden = base64.b64encode(json.dumps(questions).encode()).decode()
        # The library names its box at random: the same each time, so that the page is the same.
        state = random.getstate()
        random.seed(self.number)
        with capture.capture_output() as shown:
            jupyterquiz.display_quiz(questions, shuffle_answers=False, max_width=720)
        random.setstate(state)
        if not shown.outputs:  # no notebook: nobody to ask
            return
        box, script = (output.data for output in shown.outputs)
        script = script["application/javascript"].replace(
            json.dumps(questions), f'JSON.parse(atob("{hidden}"))'
        )
        # Where the page has MathJax, as JupyterLab has, the library loads another from the network.
        script = script.replace("typeof MathJax", "typeof noMathJax")
        # In one piece: a page may show the pieces of an output in any order.
        _display(f"{box['text/html']}</div><script>{script}</script>")

    def explore(
        self,
        frames: collections.abc.Iterable[matplotlib.figure.Figure],
        labels: collections.abc.Sequence[str],
        number: str,
        title: str,
        alt: str,
        start: int = 0,
    ) -> None:
        """Show figures of one size as one that moves, by a slider and a button; see `figures`.

        labels: what the slider says at each. The one at `start` is stored as the still.
        """
        entry, pictures = self._entry(number, title, alt, "figure"), []
        for k, frame in enumerate(frames):
            if k == start:
                figures.save(frame, entry)
            pictures.append(figures.moving_picture(frame))
        _display(figures.moving_as_html(pictures, labels, start, entry))

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


def _judged(
    judge: collections.abc.Callable, answer: typing.Any, wants: str, hint: str
) -> tuple[str, str]:
    """What a check makes of an answer: passed, not yet or empty, and the line it prints."""
    parts = answer if isinstance(answer, (tuple, list)) else [answer]
    if any(part is ... for part in parts):
        return "empty", "no answer yet: put yours in place of ..."
    try:
        found = judge(answer)
        verdict = found if isinstance(found, str) else bool(found)
    except Exception:  # whatever a reader may put there
        verdict = f"the answer is to be {wants}"
    if verdict is True:
        return "passed", "right"
    return "not yet", f"not yet: {verdict or hint}"


def show_table(rows: collections.abc.Iterable[dict], **formats: str) -> None:
    """Show a table; formats by column, such as mse="{:.5f}"."""
    _display(figures.table_as_html(pd.DataFrame(list(rows)), formats))


def _display(content: str) -> None:
    from IPython.display import HTML, display

    display(HTML(content))
