"""The narrator: the one voice in which the tutorials and `numpyvae walk` speak.

A lesson is a row of cells. Each says what it is about (`step`), explains it (`say`), shows numbers
(`show`, `table`), and asserts what it claimed (`check`, `check_less`), aloud: a claim that does not
hold stops the lesson.

    options = begin(__doc__)                       title and question; --quick, --pause, --out
    step("The sum rule", "f = g + h")              a heading and its equation
    say("Where a value goes two ways, ...")        prose
    show("dmu", dmu)                               name, shape, values
    check("the gradients add up", dmu, numeric, rtol=1e-12)
    figure(plots.curves(...), "sum_rule")          a picture, saved under --out
    end()                                          how many claims were checked

Without `begin` all of them work too, with every option at its default: in a notebook, say, or in
code of your own.
"""
import argparse
import os
import re
import shutil
import sys
import textwrap
import time
from types import SimpleNamespace

import numpy as np

WIDTH = 100                          # columns of prose, where the terminal has as many
MARGIN = "    "
MOST = 64                            # a larger array is summarised
COLOURS = {"heading": "1;34", "equation": "36", "good": "32", "bad": "1;31", "quiet": "2"}
OUT = os.path.join("runs", "tutorials")

# the lesson being told: its options, and what was counted so far
_lesson = SimpleNamespace()


def _reset(quick=False, pause=False, out=OUT, seed=None):
    vars(_lesson).update(quick=quick, pause=pause, out=out, seed=seed, steps=0, checked=0,
                         left_out=0, kind=None, started=time.monotonic())


_reset()


def begin(doc, argv=None, seed=None, out=OUT):
    """Open a lesson: read its command line, print its title and its question.

    doc: the lesson's docstring; its first line is the title, what follows is printed up to the
    indented command
    argv: the command line's arguments (default: the program's own; those that a notebook passes are
    ignored)
    seed: a number offers the option --seed with that default; out: where figures go if --out names
    no folder
    ->  the options: .quick, .pause, .out, .seed.  Exits with status 2 if they are wrong.
    """
    _speak_utf8()
    title, *body = doc.strip("\n").split("\n")
    parser = OneLineParser(description=title)
    parser.add_argument("--quick", action="store_true", help="a small version in seconds, without "
                        "the claims that need the full size")
    parser.add_argument("--pause", action="store_true", help="wait for Enter after every step")
    parser.add_argument("--out", default=out, metavar="DIR", help="folder of the figures (default "
                        f"{out})")
    if seed is not None:
        parser.add_argument("--seed", type=_seed, default=seed, metavar="S", help="of all "
                            f"randomness (default {seed})")
    in_notebook = "ipykernel" in sys.modules
    if argv is None and not in_notebook:
        sys.excepthook = _on_exception
    options = parser.parse_known_args(argv)[0] if in_notebook else parser.parse_args(argv)
    # said now, and not after minutes of training
    if not _can_be_made(options.out):
        parser.error("--out: expected a folder that can be written to, or made, got "
                     f"{options.out or 'an empty name'}")
    _reset(**vars(options))
    intro = "\n".join(body).split("\n" + MARGIN)[0]
    _print(_coloured("heading", title))
    _print(_coloured("heading", "═" * min(len(title), _width())))
    say(intro)
    if options.quick:
        _print("\n--quick: small sizes; what needs the full ones is announced and left out.")
    return _lesson


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line, without the usage above it."""

    def error(self, message):
        """Complain, and exit with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


def step(title, equation=""):
    """The heading of the next step, and the equation that it is about (of several lines, if need
    be).
    """
    if _lesson.pause and _lesson.steps:
        _wait()
    _lesson.steps += 1
    heading = f"{_lesson.steps}  {title} "
    _apart("heading")
    _print(_coloured("heading", heading + "─" * max(3, _width() - len(heading))))
    if equation:
        _apart("equation")
        _print(_coloured("equation",
                         textwrap.indent(textwrap.dedent(equation).strip("\n"), MARGIN)))


def say(prose):
    """Paragraphs of prose, filled to the width of the page; a line that is indented stays as it is.
    """
    # a block in three quotes, as deep as its code
    if prose.startswith("\n"):
        prose = textwrap.dedent(prose)
    for paragraph in re.split(r"\n\s*\n", prose.strip("\n")):
        lines, text = paragraph.split("\n"), []
        _apart()
        for line in [*lines, ""]:
            if line and not line.startswith(" "):
                text.append(line)
                continue
            if text:
                _print(textwrap.fill(" ".join(text), _width(), break_on_hyphens=False))
                text = []
            if line:
                _print(_coloured("equation", line))


def show(name=None, value=None, digits=4, **arrays):
    """A name, its shape and its values, rounded and aligned; more than 64 elements are summarised.

    name, value: what it is called, and a number, or an array of numbers or booleans
    digits: behind the point; arrays: the same for several, each under its own name: show(x=x, W=W)
    """
    if name is not None:
        arrays = {name: value, **arrays}
    for name, value in arrays.items():
        _show_one(name, value, digits)


def _show_one(name, value, digits):
    array = np.asarray(value)
    _apart("numbers")
    if array.ndim == 0:
        _print(f"{MARGIN}{name} = {_number(array.item(), digits)}")
        return
    head = f"{MARGIN}{name}  {_shape(array)}"
    if array.size > MOST:
        real, what = array, ""
        if array.dtype.kind == "c":
            real, what = np.abs(array), "absolute values "
        real = real.astype(float)
        _print(f"{head}  {what}from {_number(real.min(), digits)} to "
               f"{_number(real.max(), digits)}, mean {_number(real.mean(), digits)}, standard "
               f"deviation {_number(real.std(), digits)}")
        return
    rows = array.reshape(-1, array.shape[-1]) if array.size else np.zeros((1, 0))
    finite = array[np.isfinite(array)]
    largest = float(np.abs(finite).max(initial=0))                   # so that all are written alike
    texts = [[_number(item, digits, largest) for item in row] for row in rows.tolist()]
    width = max((len(text) for row in texts for text in row), default=0)
    lines = ["[" + "  ".join(text.rjust(width) for text in row) + "]" for row in texts]
    _print(head + ("  " + lines[0] if len(lines) == 1 else ""))
    if len(lines) > 1:
        _print(textwrap.indent("\n".join(lines), 2 * MARGIN))


def table(columns, rows):
    """A table: the names of its columns, and rows of words and numbers (a format of your own: pass
    a string).
    """
    rows = [list(row) for row in rows]
    filled = [[str(name), *_column(column)] for name, *column in zip(columns, *rows, strict=True)]
    texts, widths = list(zip(*filled)), [max(map(len, column)) for column in filled]
    numeric = [all(re.fullmatch(r"[-−+\d.,e×%\s✓✗]*|-?inf|nan", text) for text in column) for _,
               *column in filled]
    _apart()
    for i, row in enumerate(texts):
        cells = [text.rjust(width) if right else text.ljust(width) for text, width,
                 right in zip(row, widths, numeric)]
        _print((MARGIN + " │ ".join(cells)).rstrip())
        if i == 0:
            _print(MARGIN + "─┼─".join("─" * width for width in widths))


def check(claim, a, b, rtol=0.0, atol=0.0, full_size=False):
    """Assert that a and b are the same, and print the claim, both sides, and how far they are
    apart.

    a, b: numbers or arrays of one shape, or a number for all elements of the other; with both
        tolerances 0 also anything that can be compared with ==
    rtol, atol: |a - b| may be rtol times the larger of the two, by norm, plus atol
    full_size: whether the claim only holds in the full run; --quick then announces it and leaves it
    out
    Raises AssertionError if it does not hold.
    """
    if _left_out(claim, full_size):
        return
    x, y = _as_numbers(a), _as_numbers(b)
    if x is None or y is None:
        arrays = isinstance(a, np.ndarray) or isinstance(b, np.ndarray)
        _judge(claim, bool(np.array_equal(a, b) if arrays else a == b),
               f"{_short(a)} and {_short(b)}")
    elif x.shape != y.shape and x.ndim and y.ndim:
        _judge(claim, False, f"shapes {x.shape} and {y.shape}")
    # of no elements everything could be claimed
    elif not (x.size and y.size) and x.ndim != y.ndim:
        _judge(claim, False, "there is nothing to compare")
    else:
        _judge(claim, *_compare(x, y, rtol, atol))


def check_less(claim, smaller, larger, full_size=False):
    """Assert that every element of one side is smaller than (that of) the other, and print the
    closest pair.

    smaller, larger: numbers or arrays that can be compared element by element; full_size: as for
    `check`
    Raises AssertionError if it does not hold.
    """
    if _left_out(claim, full_size):
        return
    x, y = (np.ravel(side) for side in np.broadcast_arrays(smaller, larger))
    if not x.size:
        _judge(claim, False, "there is nothing to compare")
    with np.errstate(invalid="ignore"):                              # infinity less infinity
        i = np.argmin(np.nan_to_num(np.asarray(y, float) - x, nan=-np.inf))
    pair = [f"{side[i]:.6g}" for side in (x, y)]
    if pair[0] == pair[1]:
        pair = [f"{side[i]:.17g}" for side in (x, y)]
    closest = "" if x.size == 1 else f", the closest of {x.size}"
    _judge(claim, bool(np.all(x < y)), f"{' < '.join(pair)}{closest}")


def figure(fig, name):
    """Save a figure as `name`.png in the folder that --out names, and say where.

    fig: a matplotlib Figure, from `plots`  ->  its path.  Exits with status 2 if it cannot be
    written.
    """
    # here, since matplotlib is slow to import
    from ..plots import save
    path = os.path.join(_lesson.out, name + ".png")
    try:
        os.makedirs(_lesson.out, exist_ok=True)
        save(fig, path)
    except OSError as error:
        print(f"{path}: cannot be written ({error.strerror}); name another folder with --out",
              file=sys.stderr)
        raise SystemExit(2) from None
    _apart("figure")
    _print(MARGIN + "figure: " + _coloured("equation", path))
    return path


def progress(items, doing):
    """Yield the items, and on a terminal draw a bar of how many are done; in a pipe, say so about
    every ten seconds.

    items: anything with a length; doing: what is being done, in a few words
    """
    live, started = _terminal(), time.monotonic()
    spoke = drawn = started
    try:
        for done, item in enumerate(items):
            now = time.monotonic()
            if live and now - drawn > 0.1:
                drawn, bar = now, ("#" * int(20 * done / len(items))).ljust(20, ".")
                print("\r" + f"{MARGIN}[{bar}] {doing}"[:_width()].ljust(_width()), end="",
                      flush=True)
            elif not live and now - spoke > 10:
                spoke = now
                _apart("progress")
                _print(f"{MARGIN}… {doing}: {done} of {len(items)} done")
            yield item
    # also where the loop is left early
    finally:
        if drawn > started:
            print("\r" + " " * _width() + "\r", end="", flush=True)


def end():
    """Close the lesson: how many claims were checked, how many were left out, where the figures
    are.
    """
    checked, left_out = _lesson.checked, _lesson.left_out
    summary = f"{checked} {'claim' if checked == 1 else 'claims'} checked, and all hold"
    if left_out:
        summary += f"; {left_out} left out, since {'it needs' if left_out == 1 else 'they need'} the full run"
    _apart()
    _print(_coloured("heading", "═" * _width()))
    _print(f"{summary}.  ({time.monotonic() - _lesson.started:.1f} s)")
    if _lesson.pause:
        _wait("Press Enter to end.")


# ---------------------------------------------------------------------- the command line

def _seed(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more, got {text!r}")
    return int(text)


def _can_be_made(folder):
    """Whether a folder is there to be written to, or can be made."""
    place = os.path.abspath(folder)
    while not os.path.lexists(place) and os.path.dirname(place) != place:
        place = os.path.dirname(place)
    return bool(folder) and os.path.isdir(place) and os.access(place, os.W_OK)


# ---------------------------------------------------------------------- judging

def _left_out(claim, full_size):
    if full_size and _lesson.quick:
        _lesson.left_out += 1
        _apart("checks")
        _print(_coloured("quiet", f"{MARGIN}– left out by --quick: {claim}"))
        return True
    return False


def _compare(x, y, rtol, atol):
    """Whether two arrays are the same, as far as the tolerances ask, and the evidence in words."""
    same, booleans, arrays = bool(np.all(x == y)), x.dtype.kind + y.dtype.kind == "bb", x.ndim or y.ndim
    with np.errstate(invalid="ignore"):                              # infinity less infinity
        gap = np.where(x == y, 0, np.subtract(x, y, dtype=np.result_type(x, y, float)))
    apart = _norm(gap)
    larger = max(_norm(side[np.isfinite(side)]) for side in np.broadcast_arrays(x, y))
    shown = _shape(x if x.ndim
                   else y) if arrays else f"{_exactly(x.item())} and {_exactly(y.item())}"
    if arrays and not booleans:
        shown += f", largest difference {np.abs(gap).max(initial=0.0):.1e}"
    if booleans:
        how_far = f"{np.sum(x != y)} of {gap.size} differ"
    elif same:
        how_far = "to the bit"
    elif atol and not rtol:
        how_far = f"difference {apart:.1e}, allowed {atol:.0e}"
    else:
        allowed = f"{rtol:.0e}{f', or a difference of {atol:.0e}' if atol else ''}" if rtol else "none"
        how_far = f"relative error {apart / larger if larger else apart:.1e}, allowed {allowed}"
    near = (rtol or atol) and np.isfinite(apart) and apart <= rtol * larger + atol
    return bool(same or near), f"{shown}; {how_far}"


def _as_numbers(value):
    """An array of numbers (or booleans), or None if this is something else."""
    try:
        array = np.asarray(value)
    except ValueError:                                               # rows of different lengths
        return None
    return array if array.dtype.kind in "biufc" else None


def _norm(array):
    """The Euclidean norm; the largest element is taken out first, so that no square over- or
    underflows.
    """
    largest = np.abs(array).max(initial=0.0)
    return largest * np.linalg.norm(array / largest) if 0 < largest < np.inf else largest


def _judge(claim, holds, evidence):
    _lesson.checked += 1
    _apart("checks")
    mark = _coloured("good", "✓") if holds else _coloured("bad", "✗ DOES NOT HOLD:")
    _print(f"{MARGIN}{mark} {claim}")
    _print(_coloured("quiet", f"{MARGIN}  {evidence}"))
    if not holds:
        raise AssertionError(f"{claim}: {evidence}")


# ---------------------------------------------------------------------- numbers as text

def _number(value, digits, largest=None):
    """`value` rounded; as a power of ten if it (or the largest of its array) would be too small or
    long otherwise.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, complex):
        sign = "-" if value.imag < 0 else "+"
        return f"{_number(value.real, digits, largest)} {sign} {_number(abs(value.imag), digits, largest)}i"
    largest = abs(value) if largest is None else largest
    if largest and np.isfinite(largest) and not 10.0 ** -digits <= largest < 1e7:
        return f"{value + 0.0:.{min(digits, 4)}e}"                   # no -0 here either
    return f"{0.0 if round(value, digits) == 0 else value:.{digits}f}"             # no -0.0000


def _exactly(value):
    """A number with up to ten digits; a boolean as a word."""
    if isinstance(value, complex):
        return f"{value.real:.10g} {'-' if value.imag < 0 else '+'} {abs(value.imag):.10g}i"
    return _number(value, 0) if isinstance(value, (bool, int)) else f"{value:.10g}"


def _short(thing):
    text = str(thing)
    return text if len(text) <= 70 else text[:67] + "..."


def _column(items):
    """The cells of one column: its numbers all in one format, with four significant digits for the
    smallest.
    """
    numbers = [abs(item) for item in items if isinstance(item, (float, np.floating))]
    sizes = np.array([number for number in numbers if number and np.isfinite(number)])
    style = ".2e"
    if not sizes.size or 1e-3 <= sizes.max() < 1e7 and sizes.max() / sizes.min() < 1e4:
        most = int(np.clip(3 - np.floor(np.log10(sizes.min())), 0, 4 if sizes.max() >= 1
                           else 7)) if sizes.size else 0
        digits = next((d for d in range(most)
                       if np.allclose(np.round(sizes, d), sizes, rtol=1e-9, atol=0)), most)
        style = f".{digits}f"
    return [_cell(item, style) for item in items]


def _cell(item, style):
    if isinstance(item, (bool, np.bool_)):
        return "✓" if item else "✗"
    if isinstance(item, (float, np.floating)):
        return f"{item + 0.0:{style}}" if item or "e" not in style else "0"
    return str(item)


def _shape(array):
    return "(" + ", ".join(map(str, array.shape)) + ("," if array.ndim == 1 else "") + ")"


# ---------------------------------------------------------------------- the terminal

def _print(text=""):
    print(text, flush=True)


def _apart(kind=None):
    """An empty line, unless the same kind of thing was printed last: numbers stay together, and so
    do checks.
    """
    if kind is None or kind != _lesson.kind:
        _print()
    _lesson.kind = kind


def _speak_utf8():
    """Let μ and ✓ through any pipe; a terminal keeps its own encoding, and gets ? for what that
    lacks.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace",
                               **({} if stream.isatty() else {"encoding": "utf-8"}))
    if sys.platform == "win32" and _terminal():
        # makes an old Windows console obey colours
        os.system("")


def _terminal():
    return hasattr(sys.stdout, "isatty") and sys.stdout.isatty()


def _width():
    return max(20,
               min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns
                   - 1)) if _terminal() else WIDTH


def _coloured(kind, text):
    if not _terminal() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{COLOURS[kind]}m{text}\033[0m"


def _wait(prompt="Press Enter to go on."):
    try:
        input("\n" + MARGIN + prompt + " ")
    except EOFError:                                                 # nobody is there to press it
        _lesson.pause = False
        _print()


def _on_exception(kind, error, traceback):
    """Ctrl-C and a reader who left are no errors; everything else is told as Python tells it."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nstopped", file=sys.stderr)
    elif issubclass(kind, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        sys.__excepthook__(kind, error, traceback)
