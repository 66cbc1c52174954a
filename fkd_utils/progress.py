"""One line that says how far a long job is, in a terminal and in a notebook."""

import sys
import time

from fkd_utils import quiet


class ProgressLine:
    """A line that is overwritten: in a notebook one output, in a pipe one line every 30 s."""

    def __init__(self, interval: float = 0.5) -> None:
        self._notebook = quiet.in_notebook()
        self._terminal = sys.stderr.isatty()
        self._interval = interval if self._notebook or self._terminal else 30.0
        self._last = time.monotonic() - (interval if self._terminal or self._notebook else 0.0)
        self._handle = None
        self._width = 0

    def update(self, text: str, force: bool = False) -> None:
        """Show `text` unless the last one was shown a moment ago."""
        now = time.monotonic()
        if not force and now - self._last < self._interval:
            return
        self._last = now
        if self._notebook:
            from IPython.display import display

            content = {"text/plain": text}
            if self._handle is None:
                self._handle = display(content, raw=True, display_id=True)
            else:
                self._handle.update(content, raw=True)
        elif self._terminal:
            print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)
            self._width = len(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def done(self, text: str) -> None:
        """Show the last text and end the line."""
        self.update(text, force=True)
        if self._terminal and not self._notebook:
            print(file=sys.stderr)

    def clear(self) -> None:
        """Wipe the line in a terminal, so that the next print starts clean."""
        if self._terminal and not self._notebook and self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
