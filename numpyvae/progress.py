"""The bar of everything that takes its time: a terminal draws it over itself, elsewhere it is not seen."""
import shutil
import time

CELLS = 20                           # of a bar
OFTEN = 0.1                          # seconds between two states of it: more would only cost time


class Bar:
    """One line of a terminal, [####................] and a few words, drawn over itself.

    stream: where it is drawn, if that is a terminal; None, or a file, draws nothing
    `live` says whether it is a terminal.
    """

    def __init__(self, stream, indent="  "):
        self.stream, self.indent = stream, indent
        self.live  = bool(stream is not None and hasattr(stream, "isatty") and stream.isatty())
        self.drawn = time.monotonic()
        self.seen  = False

    def draw(self, part, words):
        """Show that this part of the whole, from 0 to 1, is done: ten times a second at most."""
        now = time.monotonic()
        if self.live and now - self.drawn > OFTEN:
            self.drawn, self.seen = now, True
            cells = ("#" * int(CELLS * part)).ljust(CELLS, ".")
            self._write(f"{self.indent}[{cells}] {words}")

    def clear(self):
        """Leave an empty line, for what is to be printed next."""
        if self.seen:
            self._write("")
            print("\r", end="", file=self.stream, flush=True)
            self.seen = False

    def _write(self, text):
        width = min(99, shutil.get_terminal_size().columns - 1)      # a full line would wrap, and stay
        print("\r" + text[:width].ljust(width), end="", file=self.stream, flush=True)
