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

WIDTH   = 100                        # columns of prose, unless the terminal is narrower
MARGIN  = "    "                     # of everything but headings and prose
SILENCE = 10                         # seconds between two lines of progress in a pipe
COLOURS = {"heading": "1;34", "equation": "36", "good": "32", "bad": "1;31", "quiet": "2"}


class Terminal:
    """Prints what a `Lesson` says: a method for each kind of thing that a lesson is made of."""

    def __init__(self):
        self._last = None            # the kind of thing that was printed last

    def title(self, title):
        """The title, underlined."""
        _print(title, "heading")
        _print("═" * min(len(title), _width()), "heading")

    def step(self, number, title, equation):
        """A numbered heading, and its equation, which may have several lines."""
        heading = f"{number}  {title} "
        rule    = "─" * max(3, _width() - len(heading))
        self._apart("heading")
        _print(heading + rule, "heading")
        if equation:
            equation = textwrap.dedent(equation).strip("\n")
            self._apart("equation")
            _print(textwrap.indent(equation, MARGIN), "equation")

    def say(self, prose):
        """Paragraphs, filled to the width of the page; an indented line stays as it is."""
        if prose.startswith("\n"):   # a text in three quotes, indented like the code around it
            prose = textwrap.dedent(prose)
        for paragraph in re.split(r"\n\s*\n", prose.strip("\n")):
            self._apart()
            self._paragraph(paragraph.split("\n"))

    def _paragraph(self, lines):
        for indented, block in groupby(filter(None, lines), _is_indented):
            if indented:
                for line in block:
                    _print(line, "equation")
            else:
                _print(textwrap.fill(" ".join(block), _width(), break_on_hyphens=False))

    def show(self, name, value, digits):
        """A number, or an array with its shape, under its name."""
        lines = numbers.named(name, value, digits)
        self._apart("numbers")
        _print_indented(lines)

    def table(self, columns, rows):
        """The names of the columns, and rows of words and numbers."""
        lines = numbers.table(columns, rows)
        self._apart()
        _print_indented(lines)

    def claim(self, claim, holds, evidence):
        """A claim that was checked, whether it holds, and the evidence."""
        mark = _coloured("✓", "good") if holds else _coloured("✗ DOES NOT HOLD:", "bad")
        self._apart("claims")
        _print(f"{MARGIN}{mark} {claim}")
        _print(f"{MARGIN}  {evidence}", "quiet")

    def left_out(self, claim):
        """A claim that only the full run can check."""
        self._apart("claims")
        _print(f"{MARGIN}– left out by --quick: {claim}", "quiet")

    def figure(self, path):
        """Where a figure was saved."""
        self._apart("figure")
        _print(f"{MARGIN}figure: " + _coloured(path, "equation"))

    def progress(self, items, doing):
        """Yield the items, and show how many are done: by a bar in a terminal, elsewhere by a line
        about every ten seconds.
        """
        bar    = Bar(sys.stdout, MARGIN)
        spoken = time.monotonic()
        try:
            for done, item in enumerate(items):
                bar.draw(done / len(items), doing)
                if not bar.live and time.monotonic() - spoken > SILENCE:
                    spoken = time.monotonic()
                    self._apart("progress")
                    _print(f"{MARGIN}… {doing}: {done} of {len(items)} done")
                yield item
        finally:                     # also if the loop is left early
            bar.clear()

    def end(self, summary):
        """The last line of a lesson, under a rule."""
        self._apart()
        _print("═" * _width(), "heading")
        _print(summary)

    def wait(self, prompt):
        """Wait for Enter  ->  whether there is anybody to press it."""
        try:
            input(f"\n{MARGIN}{prompt} ")
        except EOFError:
            _print("")
            return False
        return True

    def _apart(self, kind=None):
        """An empty line, unless the last thing was of the same kind: numbers stand together, and so
        do claims. (Things of no kind stand apart.)
        """
        if kind is None or kind != self._last:
            _print("")
        self._last = kind


# ---------------------------------------------------------------------- lines of a page

def _print(text, colour=None):
    print(_coloured(text, colour) if colour else text, flush=True)


def _print_indented(lines):
    for line in lines:
        _print(textwrap.indent(line, MARGIN))


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
