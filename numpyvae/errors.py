"""The errors that a user can mend, and the checks that public functions share.

Each message says what was expected, what came and, where that is not obvious, what to do. The
command line prints it as one sentence and exits with status 2.
"""
import math
from collections.abc import Mapping

import numpy as np


class NumpyvaeError(Exception):
    """Anything that the user can mend: the parent of every error that this package raises."""


class InvalidValueError(NumpyvaeError, ValueError):
    """A value of the right type but of no use: a wrong shape, a NaN, an unknown name."""


class InvalidTypeError(NumpyvaeError, TypeError):
    """A value of the wrong type, or an array of the wrong dtype."""


class DamagedFileError(NumpyvaeError, ValueError):
    """A file that does not hold what it promises; the reader adds which file and what kind."""


class CheckpointError(NumpyvaeError, ValueError):
    """A file that is not a complete numpyvae checkpoint, or not the checkpoint asked for."""


class DataFormatError(NumpyvaeError, ValueError):
    """A file of examples, downloaded or the user's own, that does not hold what it should."""


class BusyError(NumpyvaeError, RuntimeError):
    """Something that belongs to another process, at this moment or by now."""


class DivergedError(NumpyvaeError, ArithmeticError):
    """Training whose loss is no longer finite."""


def one_line(error):
    """What an exception says, or else its kind, escaped so that it fits into a sentence."""
    import json

    return json.dumps(str(error) or type(error).__name__, ensure_ascii=False)[1:-1]


def check_positive_int(name, value):
    """Return `value` as an int if it is a whole number above 0 (and a possible size), or raise."""
    if not 0 < _whole(name, value) < 2 ** 31:
        raise InvalidValueError(f"{name}: expected a whole number above 0 (and below 2**31), got "
                                f"{value}")
    return int(value)


def check_count(name, value):
    """Return `value` as an int if it is a whole number, 0 or more, or raise."""
    if _whole(name, value) < 0:
        raise InvalidValueError(f"{name}: expected a whole number, 0 or more, got {value}")
    return int(value)


def _whole(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InvalidTypeError(f"{name}: expected a whole number, got {value!r}")
    return value


def check_number(name, value, above=-math.inf, at_least=-math.inf, below=math.inf):
    """Return `value` as a Python float if it is a finite real number within the limits, or raise.

    (A NumPy float64 scalar would lift a float32 computation to float64 under NumPy 2; a Python
    float does not.)
    """
    value = _real(name, value)
    if not (above < value < below and value >= at_least):
        limits = (("above", above), ("of at least", at_least), ("below", below))
        wanted = " and ".join(f"{word} {limit}" for word, limit in limits if math.isfinite(limit))
        raise InvalidValueError(f"{name}: expected a finite number {wanted}, got {value}")
    return value


def _real(name, value):
    real = isinstance(value, (int, float, np.integer, np.floating))
    if not real or isinstance(value, bool):
        raise InvalidTypeError(f"{name}: expected a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:                        # a whole number beyond the largest float
        return math.inf if value > 0 else -math.inf


def check_rng(rng):
    """Return a Generator, which is `rng` itself or is seeded with it, or raise."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise InvalidTypeError("rng: expected a seed (a whole number, 0 or more) or a "
                               f"numpy.random.Generator, got {rng!r}") from error


def check_choice(name, value, choices):
    """Return `value` if it is one of `choices`, or raise."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidValueError(f"{name}: expected one of {', '.join(map(str, choices))}, got "
                                f"{value!r}")
    return value


def check_float_dtype(dtype):
    """Return `dtype` as np.dtype if it is float32 or float64, or raise."""
    for known in (np.float32, np.float64):
        if dtype is not None and np.dtype(known) == dtype:       # to NumPy, None is float64
            return np.dtype(known)
    raise InvalidTypeError(f"dtype: expected float32 or float64, got {dtype!r}")


def check_batch(name, array, width, dtype, rows=None):
    """Return `array` cast to `dtype` if it is a finite (N, width) batch of real numbers, or raise.

    rows: the N that it must have, where another array has already settled it
    """
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise InvalidTypeError(f"{name}: expected an array of real numbers, got dtype "
                               f"{array.dtype}")
    _check_shape(name, array, width, rows)
    with np.errstate(over="ignore"):             # too large for the dtype: infinite, refused below
        array = array.astype(dtype, copy=False)
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{name}: expected finite numbers, got NaN or infinity; remove or "
                                "replace them")
    return array


def _check_shape(name, array, width, rows):
    if array.ndim != 2 or array.shape[1] != width or rows not in (None, len(array)):
        wanted = f"({'N' if rows is None else rows}, {width})"
        hint = f"; flatten each example first, with {name}.reshape(len({name}), -1)"
        raise InvalidValueError(f"{name}: expected shape {wanted}, one example a row, got "
                                f"{array.shape}{hint if array.ndim > 2 else ''}")
    if len(array) == 0:
        raise InvalidValueError(f"{name}: expected at least one example, got none")


def check_pixels(name, x):
    """Raise unless every value of `x` lies in [0, 1], as the Bernoulli loss needs."""
    low, high = x.min(), x.max()
    if not (low >= 0 and high <= 1):
        raise InvalidValueError(f"{name}: expected values in [0, 1] for the Bernoulli loss, got "
                                f"{low} to {high}; rescale them (bytes: divide by 255) or use "
                                'likelihood="gaussian"')


def check_mask(mask, shape):
    """Return `mask` if it is boolean (True: this pixel was observed) and of `shape`, or raise."""
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise InvalidTypeError("mask: expected booleans, True where a pixel was observed, got "
                               f"dtype {mask.dtype}")
    if mask.shape != shape:
        raise InvalidValueError(f"mask: expected the shape of x, {shape}, got {mask.shape}")
    return mask


def check_labels(name, y, num_classes, rows=None):
    """Return `y` if it is whole numbers from 0 to num_classes - 1, one for each example, or raise.

    rows: how many examples there are, where that is settled already
    """
    if y is None or np.shape(y) == (0,):
        raise InvalidValueError(f"{name}: expected a label for each example, got none")
    y = np.asarray(y)
    if y.dtype.kind not in "iu":
        raise InvalidTypeError(f"{name}: expected labels that are whole numbers, got dtype "
                               f"{y.dtype}")
    if y.ndim != 1 or rows not in (None, len(y)):
        raise InvalidValueError(f"{name}: expected shape ({'N' if rows is None else rows},), one "
                                f"label for each example, got {y.shape}")
    if y.min() < 0 or y.max() >= num_classes:
        raise InvalidValueError(f"{name}: expected labels from 0 to {num_classes - 1}, got "
                                f"{y.min()} to {y.max()}")
    return y


def check_like(name, arrays, like):
    """Raise unless the dictionary `arrays` has the keys and the shapes of the dictionary `like`."""
    if not isinstance(arrays, Mapping):
        raise InvalidTypeError(f"{name}: expected a dictionary of arrays, got "
                               f"{type(arrays).__name__}")
    missing, unknown = set(like) - set(arrays), set(arrays) - set(like)
    if missing or unknown:
        raise InvalidValueError(f"{name}: expected the keys {', '.join(like)}; "
                                f"missing: {', '.join(sorted(missing)) or 'none'}; "
                                f"unknown: {', '.join(sorted(map(str, unknown))) or 'none'}")
    for key in like:
        if np.shape(arrays[key]) != np.shape(like[key]):
            raise InvalidValueError(f"{name}[{key!r}]: expected shape {np.shape(like[key])}, "
                                    f"got {np.shape(arrays[key])}")
