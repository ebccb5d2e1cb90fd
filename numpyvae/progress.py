"""The one progress bar: a terminal redraws it in place; a pipe or a file never sees it."""
import contextlib
import shutil
import time

CELLS = 20                           # of a bar
PERIOD = 0.1                         # seconds between two drawings: more would only cost time
WIDTH = 100                          # columns at most, in the widest terminal


class Bar:
    """One line, [####................] and a few words, redrawn in place on a terminal.

    stream: where to draw; nothing is drawn unless it is a terminal, so None will do, too
    indent: what to print before the bar
    `live` says whether the stream is a terminal.
    """

    def __init__(self, stream, indent="  "):
        self.stream, self.indent = stream, indent
        self.live  = is_terminal(stream)
        self.drawn = time.monotonic()
        self.seen  = False

    def draw(self, part, words):
        """Show that this part of the work, from 0 to 1, is done; at most ten times a second."""
        now = time.monotonic()
        if self.live and now - self.drawn > PERIOD:
            self.drawn, self.seen = now, True
            cells = ("#" * int(CELLS * part)).ljust(CELLS, ".")
            self._write(f"{self.indent}[{cells}] {words}")

    def clear(self):
        """Erase the bar, if one was drawn, and return to the start of its line."""
        if self.seen:
            self._write("", end="\r")
            self.seen = False

    def _write(self, text, end=""):
        width = min(WIDTH, shutil.get_terminal_size().columns) - 1   # a full line would wrap
        with contextlib.suppress(OSError, ValueError):               # the terminal may be gone
            print("\r" + text[:width].ljust(width), end=end, file=self.stream, flush=True)


def is_terminal(stream):
    """Whether a stream is a terminal; None, a closed stream and a notebook's are not."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False
