"""How a lesson is printed on standard output: in a terminal with colours and as wide as it is, in a
pipe plain and 100 columns wide.
"""
import os
import re
import shutil
import sys
import textwrap
import time
from itertools import groupby

from ..progress import Bar, is_terminal
from . import numbers
from .events import tell

WIDTH   = 100                        # columns of prose, unless the terminal is narrower
ROWS    = 30                         # of a terminal that does not say how many it has
PROMPT  = 2                          # rows that "Press Enter" takes
MARGIN  = "    "                     # of everything but headings and prose
SILENCE = 10                         # seconds between two lines of progress in a pipe
COLOURS = {"heading": "1;34", "equation": "36", "good": "32", "bad": "1;31", "quiet": "2"}


class Terminal:
    """Prints what a `Lesson` says: a method for each kind of event."""

    def __init__(self, silent=False):
        self._silent = silent        # whether only to count the rows
        self._last   = None          # the kind of thing that was printed last
        self._bar    = None          # of the loop that is running
        self._spoken = None          # when it was last said how far it has come
        self._rows   = 0             # printed since the reader last pressed Enter

    def title(self, title):
        """The title, underlined."""
        self._rows = 0
        self._print(title, "heading")
        self._print("═" * min(len(title), _width()), "heading")

    def step(self, number, title, equation, second):
        """A numbered heading, and its equation, which may have several lines."""
        self._heading(f"{number}  {title} " + ("(second reading) " if second else ""))
        if equation:
            self._apart("equation")
            self._print(textwrap.indent(equation, MARGIN), "equation")

    def _heading(self, heading):
        rule = "─" * max(3, _width() - len(heading))
        self._apart("heading")
        self._print(heading + rule, "heading")

    def say(self, prose):
        """Paragraphs, filled to the width of the page; an indented line stays as it is."""
        for paragraph in re.split(r"\n\s*\n", prose):
            self._apart()
            self._paragraph(paragraph.split("\n"))

    def _paragraph(self, lines):
        for indented, block in groupby(filter(None, lines), _is_indented):
            if indented:
                for line in block:
                    self._print(line, "equation")
            else:
                self._print(textwrap.fill(" ".join(block), _width(), break_on_hyphens=False))

    def show(self, name, value, digits):
        """A number, or an array with its shape, under its name."""
        lines = numbers.named(name, value, digits)
        self._apart("numbers")
        self._print_indented(lines)

    def table(self, columns, rows):
        """The names of the columns, and rows of words and numbers."""
        lines = numbers.table(columns, rows)
        self._apart()
        self._print_indented(lines)

    def claim(self, claim, holds, evidence):
        """A claim that was checked, whether it holds, and the evidence."""
        mark = _coloured("✓", "good") if holds else _coloured("✗ DOES NOT HOLD:", "bad")
        self._apart("claims")
        self._print(f"{MARGIN}{mark} {claim}")
        self._print(f"{MARGIN}  {evidence}", "quiet")

    def omission(self, claim, why):
        """A claim that this run cannot check."""
        self._apart("claims")
        self._print(f"{MARGIN}– left out by {why}: {claim}", "quiet")

    def question(self, number, question, answer):
        """What to think about; the answer comes at the end."""
        self.say(f"Question {number}. {question}")

    def figure(self, name, seen, png, path):
        """Where a figure was saved."""
        self._apart("figure")
        self._print(f"{MARGIN}figure: " + _coloured(path, "equation"))

    def progress(self, done, of, doing):
        """How far a loop has come: by a bar in a terminal, elsewhere by a line about every ten
        seconds.
        """
        if done is None:
            self._end_of_loop()
            return
        if self._bar is None:
            self._bar    = Bar(sys.stdout, MARGIN)
            self._spoken = time.monotonic()
        self._bar.draw(done / of, doing)
        if not self._bar.live and time.monotonic() - self._spoken > SILENCE:
            self._spoken = time.monotonic()
            self._apart("progress")
            self._print(f"{MARGIN}… {doing}: {done} of {of} done")

    def _end_of_loop(self):
        if self._bar is not None:    # a loop over nothing drew none
            self._bar.clear()
            self._bar = None

    def answers(self, questions):
        """The answers to all that was asked."""
        self._heading("Answers ")
        for number, _, answer in questions:
            self.say(f"{number}. {answer}")

    def end(self, summary, seconds):
        """The last line of a lesson, under a rule."""
        self._apart()
        self._print("═" * _width(), "heading")
        self._print(f"{summary}.  ({seconds:.1f} s)")

    def written(self, path):
        """Where the lesson was written as a page."""
        self._print(f"The page: {path}")

    def wait(self, prompt):
        """Wait for Enter  ->  whether there is anybody to press it."""
        self._rows = 0
        try:
            input(f"\n{MARGIN}{prompt} ")
        except EOFError:
            self._print("")
            return False
        return True

    def has_room_for(self, event):
        """Whether an event fits on the screen below what the reader has not seen yet."""
        trial       = Terminal(silent=True)
        trial._last = self._last
        trial._rows = self._rows
        tell(trial, event)
        rows = shutil.get_terminal_size((WIDTH, ROWS)).lines
        return not self._rows or trial._rows + PROMPT <= rows

    def _print(self, text, colour=None):
        self._rows += text.count("\n") + 1
        if not self._silent:
            print(_coloured(text, colour) if colour else text, flush=True)

    def _print_indented(self, lines):
        for line in lines:
            self._print(textwrap.indent(line, MARGIN))

    def _apart(self, kind=None):
        """An empty line, unless the last thing was of the same kind: numbers stand together, and so
        do claims. (Things of no kind stand apart.)
        """
        if kind is None or kind != self._last:
            self._print("")
        self._last = kind


# ---------------------------------------------------------------------- lines of a page

def _is_indented(line):
    return line.startswith(" ")


def _coloured(text, colour):
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or not is_terminal(sys.stdout):
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def _width():
    if not is_terminal(sys.stdout):
        return WIDTH
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    return max(20, min(WIDTH, columns - 1))                          # a full line would wrap


# ---------------------------------------------------------------------- the process around it

def speak_utf8():
    """Let μ and ✓ through any pipe; a terminal keeps its encoding, and shows ? for what it lacks.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            encoding = {} if is_terminal(stream) else {"encoding": "utf-8"}
            stream.reconfigure(errors="replace", **encoding)
    if sys.platform == "win32" and is_terminal(sys.stdout):
        os.system("")                # makes an old Windows console obey colours


def on_exception(kind, error, traceback):
    """A `sys.excepthook`: Ctrl-C, and a reader who has left, are no errors; anything else is
    reported as usual.
    """
    if issubclass(kind, KeyboardInterrupt):
        print("\nstopped", file=sys.stderr)
    elif issubclass(kind, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        sys.__excepthook__(kind, error, traceback)
