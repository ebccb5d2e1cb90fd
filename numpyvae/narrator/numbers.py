"""Numbers as text: rounded and aligned, so that they can be compared at a glance."""
import re

import numpy as np

from ..errors import InvalidTypeError

MOST    = 64                         # elements that are shown; a larger array is summarised
INDENT  = "    "                     # of the rows below an array's name
NUMERIC = re.compile(r"[-−+\d.,e×%\s✓✗]*|-?inf|nan")    # a cell that is aligned to the right


def as_numbers(value):
    """An array of numbers or booleans, or None if `value` is anything else."""
    try:
        array = np.asarray(value)
    except ValueError:               # rows of different lengths
        return None
    return array if array.dtype.kind in "biufc" else None


# ---------------------------------------------------------------------- one number

def number(value, digits, largest=None):
    """A Python number with this many decimals, or as a power of ten if those would not suit it.

    largest: the largest absolute value of its array, so that all of it is written alike
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, complex):
        sign = "-" if value.imag < 0 else "+"
        real = number(value.real, digits, largest)
        imag = number(abs(value.imag), digits, largest)
        return f"{real} {sign} {imag}i"
    largest = abs(value) if largest is None else largest
    if largest and np.isfinite(largest) and not 10.0 ** -digits <= largest < 1e7:
        return f"{value + 0.0:.{min(digits, 4)}e}"                   # + 0.0 makes -0.0 a 0.0
    if round(value, digits) == 0:
        value = 0.0                                                  # no -0.0000
    return f"{value:.{digits}f}"


def exactly(value):
    """A Python number with up to ten digits."""
    if isinstance(value, (bool, int)):
        return number(value, 0)
    if isinstance(value, complex):
        sign = "-" if value.imag < 0 else "+"
        return f"{value.real:.10g} {sign} {abs(value.imag):.10g}i"
    return f"{value:.10g}"


# ---------------------------------------------------------------------- an array

def named(name, value, digits):
    """The lines that show a value: x = 0.5000, or the name and shape of an array and its rows.

    value: a number, or an array of numbers or booleans
    Raises InvalidTypeError if it is anything else.
    """
    if isinstance(value, int):                                       # of any length
        return [f"{name} = {number(value, digits)}"]
    array = as_numbers(value)
    if array is None:
        raise InvalidTypeError(f"{name}: expected a number or an array of numbers or booleans to "
                               f"show, got {type(value).__name__}")
    if array.ndim == 0:
        return [f"{name} = {number(array.item(), digits)}"]
    head = f"{name}  {array.shape}"
    if array.size > MOST:
        return [f"{head}  {_summary(array, digits)}"]
    rows = _rows(array, digits)
    if len(rows) == 1:
        return [f"{head}  {rows[0]}"]
    return [head, *(INDENT + row for row in rows)]


def _summary(array, digits):
    what = ""
    if array.dtype.kind == "c":
        array, what = np.abs(array), "absolute values "
    array = array.astype(float)
    low, high = number(array.min(), digits),  number(array.max(), digits)
    mean, std = number(array.mean(), digits), number(array.std(), digits)
    return f"{what}from {low} to {high}, mean {mean}, standard deviation {std}"


def _rows(array, digits):
    """The rows of the last axis, [ 0.5000  -1.0000]."""
    texts = entries(array, digits)
    width = max((len(text) for row in texts for text in row), default=0)
    return ["[" + "  ".join(text.rjust(width) for text in row) + "]" for row in texts]


def entries(array, digits):
    """The elements as text, all written alike, row by row of the last axis."""
    rows    = array.reshape(-1, array.shape[-1]) if array.size else np.zeros((1, 0))
    finite  = array[np.isfinite(array)]
    largest = float(np.abs(finite).max(initial=0))
    return [[number(item, digits, largest) for item in row] for row in rows.tolist()]


# ---------------------------------------------------------------------- a table

def table(columns, rows):
    """The lines of a table: its header, a rule, and its rows; numbers are aligned to the right.

    columns: their names; rows: of words and numbers, as long as `columns`
    Raises ValueError if a row is too short or too long.
    """
    texts   = by_column(columns, rows)
    widths  = [max(map(len, column)) for column in texts]
    aligned = [_aligned(column, width) for column, width in zip(texts, widths)]
    header, *lines = [" │ ".join(row).rstrip() for row in zip(*aligned)]
    rule = "─┼─".join("─" * width for width in widths)
    return [header, rule, *lines]


def by_column(columns, rows):
    """Every column of a table as text, its name first.

    Raises ValueError if a row is too short or too long.
    """
    return [[str(name), *_cells(items)] for name, *items in zip(columns, *rows, strict=True)]


def is_numeric(column):
    """Whether all cells of a column, below its name, are numbers."""
    return all(NUMERIC.fullmatch(item) for item in column[1:])


def _aligned(column, width):
    """The cells of a column, its name first, filled up to `width`."""
    if is_numeric(column):
        return [cell.rjust(width) for cell in column]
    return [cell.ljust(width) for cell in column]


def _cells(items):
    """The cells of a column as text, its floating-point numbers all in one format."""
    style = _style([abs(item) for item in items if isinstance(item, (float, np.floating))])
    return [_cell(item, style) for item in items]


def _style(sizes):
    """The format of a column whose numbers have these absolute values: four significant digits for
    the smallest, but no more than are needed.
    """
    sizes = np.array([size for size in sizes if size and np.isfinite(size)])
    if not sizes.size:
        return ".0f"
    low, high = sizes.min(), sizes.max()
    if not (1e-3 <= high < 1e7 and high / low < 1e4):
        return ".2e"
    most = int(np.clip(3 - np.floor(np.log10(low)), 0, 4 if high >= 1 else 7))
    for digits in range(most):
        if np.allclose(np.round(sizes, digits), sizes, rtol=1e-9, atol=0):
            return f".{digits}f"
    return f".{most}f"


def _cell(item, style):
    if isinstance(item, (bool, np.bool_)):
        return "✓" if item else "✗"
    if isinstance(item, (float, np.floating)):
        if item == 0 and "e" in style:
            return "0"
        return f"{item + 0.0:{style}}"                               # + 0.0 makes -0.0 a 0.0
    return str(item)
