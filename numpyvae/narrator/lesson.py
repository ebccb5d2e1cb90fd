"""A lesson: its options, what it has counted so far, and the voice in which it speaks.

What is said becomes an event, which each of the lesson's stages tells in its own way.
"""
import contextlib
import os
import sys
import textwrap
import time
from copy import deepcopy

from ..errors import InvalidTypeError, InvalidValueError, check_count
from ..files import write_atomically
from . import arguments, claims, kernel
from .events import (Answers, Claim, End, Figure, Omission, Progress, Question, Say, Show, Step,
                     Table, Title, Written, tell)
from .page import Page, Tee
from .tally import Tally
from .terminal import Terminal, on_exception, speak_utf8

OUT = os.path.join("runs", "tutorials")          # where figures go
LEFT_OUT = {"--quick": ("it needs the full run", "they need the full run"),
            "--seed":  ("it tells of another seed", "they tell of another seed")}


class Lesson:
    """A lesson as it is told. Its methods are the voice, and its stages tell what they say.

    `quick`, `pause`, `out`, `seed` are its options: whether to be quick, whether to wait after
    every step, the folder for the figures ("" for none), the seed of all randomness (or None).
    """

    def __init__(self):
        plain = {"quick": False, "out": OUT, "seed": None}
        own   = kernel.options(None) if kernel.is_here() else plain
        self.title   = None
        self.telling = False                     # whether what is printed now is told by a stage
        self._start("", **own, pause=False, page=None, own_seed=None)

    def _start(self, title, quick, pause, out, page, seed, own_seed):
        self.stages = [_stage()]
        self.quick, self.pause, self.out, self.seed = quick, pause, out, seed
        self.page     = page
        self.own_seed = own_seed
        self.counted  = Tally()                  # the claims, and those left out, by the option
        self.started  = time.monotonic()
        if not kernel.is_here() or title != self.title:          # its first cell may be run again
            self.title     = title
            self.steps     = {}                  # the number of each, by its title
            self.questions = {}                  # the questions, by their words

    def begin(self, doc, argv=None, seed=None, out=OUT):
        """Open the lesson: read its command line, print its title and its question.

        doc: the lesson's docstring: its title in the first line, then its question, up to the
            first indented line, the command; in a notebook, where __doc__ is another's, it is
            looked for among the cells
        argv: the arguments (default: the program's own, without those that belong to a notebook)
        seed: the default of the option --seed, or None for no such option
        out: the folder for the figures unless --out names one
        ->  the lesson, for its options: .quick, .pause, .out, .page, .seed
        Exits with status 2 if the arguments are wrong; in a notebook raises InvalidValueError.
        """
        in_notebook = kernel.is_here()
        title, question = opening(kernel.docstring(doc))
        speak_utf8()
        if argv is None and not in_notebook:
            sys.excepthook = on_exception
        options = arguments.parse(title, argv, out, seed, in_notebook)
        self._close_page()                       # of a lesson that did not come to its end
        self._start(title, **vars(options), own_seed=seed)
        if self.page:
            self._open_page(Page(self.page, sys._getframe(1)))
        if title:                                # in a notebook it may stand above the cell
            self._tell(Title(title))
            self.say(question)
        if title and in_notebook:
            self.say(kernel.how(seed))
        if self.quick:
            asked = "Small sizes (NUMPYVAE_QUICK)" if in_notebook else "--quick: small sizes"
            self.say(f"{asked}; what needs the full ones is announced and left out.")
        return self

    def _ipython_display_(self):
        """Nothing is displayed for it where `begin` is the last line of a notebook's cell."""

    @property
    def checked(self):
        """How many claims were checked; a cell that is run again does not count twice."""
        return self.counted["checked"]

    def step(self, title, equation="", second=False):
        """The heading of the next step, and the equation that it is about, which may have several
        lines.

        second: whether the step is for a second reading
        """
        if self.pause and self.steps:
            self._wait("Press Enter to go on.")
        number = self.steps.setdefault(title, len(self.steps) + 1)   # a cell may be run again
        self.counted.enter(title)
        self._tell(Step(number, title, textwrap.dedent(equation).strip("\n"), second))

    def say(self, prose):
        """Paragraphs of prose, filled to the width of the page; an indented line stays as it is."""
        self._tell(Say(_prose(prose)))

    def ask(self, question, answer):
        """A question to think about, or something to predict; `end` tells the answer.

        question, answer: prose, as for `say`
        """
        number = len(self.questions) + 1
        asked  = Question(number, _prose(question), _prose(answer))
        self._tell(self.questions.setdefault(question, asked))
        if self.pause:
            self._wait("Press Enter when you have an answer.")

    def show(self, name=None, value=None, digits=4, **arrays):
        """Numbers and arrays, each under its name with its shape, in the order given.

            show("dmu", dmu)
            show(x=x, W1=W1)
            show(loss=loss, digits=8)

        value: a number, or an array of numbers or booleans; one of more than 64 elements is
            summarised
        digits: the number of decimals
        arrays: values by name; one called name, value or digits has to be shown by the first form
        Raises InvalidTypeError, InvalidValueError.
        """
        digits = check_count("digits", digits)
        if isinstance(name, str):
            self._tell(Show(name, deepcopy(value), digits))          # as it is now
        elif name is not None or value is not None:
            raise InvalidTypeError("show: expected a name and a value, as in show('x', x), or "
                                   "values by name, as in show(x=x), got "
                                   f"{type(name).__name__} for a name")
        for name, value in arrays.items():
            self._tell(Show(name, deepcopy(value), digits))

    def table(self, columns, rows):
        """A table: the names of its columns, and rows of words and numbers.

        The floating-point numbers of a column share one format; for another, pass strings.
        Raises ValueError if a row is too short or too long.
        """
        self._tell(Table(list(columns), [list(row) for row in rows]))

    def check(self, claim, a, b, rtol=0.0, atol=0.0, full_size=False, own_seed=False):
        """Assert that a and b are the same, and report the claim, both sides, and how far apart
        they are.

        a, b: numbers or arrays of one shape, or a number for all elements of the other; with both
            tolerances 0 also anything else that == can compare
        rtol, atol: |a - b| may be rtol times the larger of the two, by norm, plus atol
        full_size: whether the claim needs the full run: --quick announces it and leaves it out
        own_seed: whether it tells of the lesson's own seed alone: another --seed leaves it out
        Raises AssertionError if it does not hold.
        """
        if not self._leaves_out(claim, full_size, own_seed):
            self._assert(claim, *claims.same(a, b, rtol, atol))

    def check_less(self, claim, smaller, larger, full_size=False, own_seed=False):
        """Assert that every element of one side is smaller than (that of) the other, and report
        the claim and the closest pair.

        smaller, larger: numbers or arrays that can be compared element by element
        full_size, own_seed: as for `check`
        Raises AssertionError if it does not hold.
        """
        if not self._leaves_out(claim, full_size, own_seed):
            self._assert(claim, *claims.less(smaller, larger))

    def figure(self, fig, name, seen=""):
        """Save a figure as `name`.png in the folder that --out names, and say where; in a notebook,
        show it, and save it only if a folder was named.

        fig: a matplotlib Figure, from `plots`
        seen: what is seen on it, in a sentence, for those who do not see it
        Exits with status 2 if it cannot be written.
        """
        from ..plots import png                      # here, since matplotlib is slow to import
        content = png(fig)
        path    = os.path.join(self.out, name + ".png") if self.out else ""
        if path:
            self._save(path, content)
        self._tell(Figure(name, seen, content, path))

    def progress(self, items, doing):
        """Yield the items of a long loop, and show how many are done: by a bar in a terminal,
        elsewhere by a line about every ten seconds.

        items: anything with a length; doing: what is being done, in a few words
        """
        try:
            for done, item in enumerate(items):
                self._tell(Progress(done, len(items), doing))
                yield item
        finally:                                     # also if the loop is left early
            self._tell(Progress(None, len(items), doing))

    def end(self):
        """Close the lesson: answer its questions, report how many claims were checked, and how many
        were left out.
        """
        if self.questions:
            self._tell(Answers(tuple(self.questions.values())))
        noun    = "claim" if self.checked == 1 else "claims"
        summary = f"{self.checked} {noun} checked, and all hold"
        for why, (one, more) in LEFT_OUT.items():
            count = self.counted[why]
            if count:
                summary += f"; {count} left out, since {one if count == 1 else more}"
        self._tell(End(summary, time.monotonic() - self.started))
        self._write_page()
        if self.pause:
            self._wait("Press Enter to end.")

    def _save(self, path, content):
        try:
            os.makedirs(self.out, exist_ok=True)
            write_atomically(path, lambda file: file.write(content))
        except OSError as error:
            message = f"{path}: cannot be written ({error.strerror}); name another folder with "
            if kernel.is_here():
                raise InvalidValueError(message + "NUMPYVAE_OUT") from None
            print(message + "--out", file=sys.stderr)
            raise SystemExit(2) from None

    def _leaves_out(self, claim, full_size, own_seed):
        """Whether this run cannot check a claim, which is then said."""
        reasons = {"--quick": full_size and self.quick,
                   "--seed":  own_seed and self.seed != self.own_seed}
        for why, holds in reasons.items():
            if holds:
                self.counted.add(why)
                self._tell(Omission(claim, why))
                return True
        return False

    def _assert(self, claim, holds, evidence):
        self.counted.add("checked")
        self._tell(Claim(claim, holds, evidence))
        if not holds:
            raise AssertionError(f"{claim}: {evidence}")

    def _tell(self, event):
        if self.pause and not self.stages[0].has_room_for(event):
            self._wait("Press Enter to go on.")
        with self._speaking():
            for stage in self.stages:
                tell(stage, event)

    def _wait(self, prompt):
        with self._speaking():
            self.pause = self.stages[0].wait(prompt)

    @contextlib.contextmanager
    def _speaking(self):
        """What is printed inside is told by a stage, so that no other stage need hear it."""
        self.telling = True
        try:
            yield
        finally:
            self.telling = False

    # ------------------------------------------------------------------ the page

    def _open_page(self, page):
        """Tell everything to a page as well, also what others print from now on."""
        def hear(text):
            if not self.telling:
                page.printed(text)

        self.stages.append(page)
        sys.stdout = Tee(sys.stdout, hear)

    def _close_page(self):
        del self.stages[1:]
        if isinstance(sys.stdout, Tee):
            sys.stdout = sys.stdout.stream

    def _write_page(self):
        if not self.page:
            return
        try:
            self.stages[-1].write()
        except OSError as error:
            print(f"{self.page}: cannot be written ({error.strerror}); name another file with "
                  "--page", file=sys.stderr)
            raise SystemExit(2) from None
        self._close_page()
        self._tell(Written(self.page))


def _stage():
    """The stage of a lesson that was asked for no other."""
    if not kernel.can_display():
        return Terminal()
    from .notebook import Notebook                   # here, since a terminal needs none of it
    return Notebook()


def opening(doc):
    """The title and the question with which a lesson's docstring begins."""
    title, *body = doc.strip("\n").split("\n")
    return title, "\n".join(body).split("\n    ")[0]


def _prose(text):
    """A text without the indentation of the code around it, and the empty lines at its ends."""
    if text.startswith("\n"):                        # it stands in three quotes
        text = textwrap.dedent(text)
    return text.strip("\n")
