"""What a student's file prints: shown as far as one can read it, and counted beyond.

A check calls forward hundreds of times, and a print for every call would bury the table.
"""
import contextlib
import sys

LIMIT = 2_000                            # so many characters are shown


class Printed:
    """What takes the place of standard output.  hidden: the lines that were not shown"""

    def __init__(self, limit=LIMIT):
        self.left, self.hidden = limit, 0
        self.out = None

    def write(self, text):
        """Pass a text on, or count its lines."""
        if self.left > 0:
            self.out.write(text)
        else:
            self.hidden += text.count("\n")
        self.left -= len(text)
        return len(text)

    def flush(self):
        """Nothing is held back."""

    @contextlib.contextmanager
    def taking_over(self):
        """Meanwhile, what is printed comes here."""
        if sys.stdout is not self:
            self.out = sys.stdout
        with contextlib.redirect_stdout(self):
            yield
