"""Claims: whether two things are the same, or one is less than the other, and the evidence."""
import numpy as np

from .numbers import as_numbers, exactly

NOTHING = "there is nothing to compare"          # and of no elements, everything could be claimed


def same(a, b, rtol=0.0, atol=0.0):
    """Whether a and b are the same, as far as the tolerances ask.

    a, b: numbers or arrays of one shape, or a number for all elements of the other; with both
        tolerances 0 also anything else that == can compare
    rtol, atol: |a - b| may be rtol times the larger of the two, by norm, plus atol
    ->  whether they are, and the evidence in words
    """
    x, y = as_numbers(a), as_numbers(b)
    if x is None or y is None:
        return _equal(a, b), _both(_short(a), _short(b))
    if x.shape != y.shape and x.ndim and y.ndim:
        return False, f"shapes {x.shape} and {y.shape}"
    if x.ndim != y.ndim and not (x.size and y.size):
        return False, NOTHING
    return _near(x, y, rtol, atol)


def less(smaller, larger):
    """Whether every element of one side is smaller than (that of) the other.

    smaller, larger: numbers or arrays that can be compared element by element
    ->  whether it is, and the closest pair in words
    """
    x, y = (np.ravel(side) for side in np.broadcast_arrays(smaller, larger))
    if not x.size:
        return False, NOTHING
    with np.errstate(invalid="ignore"):                              # infinity less infinity
        gap = np.asarray(y, float) - x
    i    = np.argmin(np.nan_to_num(gap, nan=-np.inf))
    pair = [f"{side[i]:.6g}" for side in (x, y)]
    if pair[0] == pair[1]:
        pair = [f"{side[i]:.17g}" for side in (x, y)]
    closest = "" if x.size == 1 else f"closest of {x.size} pairs: "
    return bool(np.all(x < y)), f"{closest}{pair[0]} < {pair[1]}"


# ---------------------------------------------------------------------- things that are no numbers

def _equal(a, b):
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b))
    return bool(a == b)


def _short(thing):
    text = str(thing)
    return text if len(text) <= 70 else text[:67] + "..."


# ---------------------------------------------------------------------- numbers

def _near(x, y, rtol, atol):
    with np.errstate(invalid="ignore"):                              # infinity less infinity
        gap = np.where(x == y, 0, np.subtract(x, y, dtype=np.result_type(x, y, float)))
    apart    = _norm(gap)
    larger   = max(_norm(side[np.isfinite(side)]) for side in np.broadcast_arrays(x, y))
    equal    = np.all(x == y)
    tolerant = rtol > 0 or atol > 0
    near     = tolerant and np.isfinite(apart) and apart <= rtol * larger + atol
    if x.dtype.kind + y.dtype.kind == "bb":
        evidence = _answers(x, y)
    elif equal:
        evidence = f"{_sides(x, y)}, to the bit"
    elif atol and not rtol:
        distance = "by norm " if gap.ndim else ""
        evidence = f"{_sides(x, y, gap)}; {distance}{apart:.2g} apart, allowed {atol:.2g}"
    else:
        relative = apart / larger if larger else apart
        evidence = f"{_sides(x, y, gap)}; relative error {relative:.2g}, {_allowed(rtol, atol)}"
    return bool(equal or near), evidence


def _norm(array):
    """The Euclidean norm, of an array scaled by its largest element, lest a square over- or
    underflows.
    """
    largest = np.abs(array).max(initial=0.0)
    if not 0 < largest < np.inf:
        return largest
    return largest * np.linalg.norm(array / largest)


def _sides(x, y, gap=None):
    """Both numbers, or how many of them there are; with a gap also how far they are apart."""
    if not (x.ndim or y.ndim):
        return _both(exactly(x.item()), exactly(y.item()))
    size = max(x.size, y.size)
    many = f"{size} numbers" if size > 1 else "1 number"
    return many if gap is None else f"{many}, at most {np.abs(gap).max():.2g} apart"


def _answers(x, y):
    if not (x.ndim or y.ndim):
        return _both(exactly(x.item()), exactly(y.item()))
    agree = x == y
    return f"{agree.sum()} of {agree.size} agree"


def _both(one, other):
    return one if one == other else f"{one} and {other}"


def _allowed(rtol, atol):
    if not rtol:
        return "none allowed"
    if not atol:
        return f"allowed {rtol:.2g}"
    return f"allowed {rtol:.2g}, or {atol:.2g} apart"
