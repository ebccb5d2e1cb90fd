"""The errors that a user can mend, and the checks that public functions share.

Each message says what was expected, what came and, where it is not plain, what to do. The command
line prints it
as one sentence and exits with status 2.
"""
import math

import numpy as np


class NumpyvaeError(Exception):
    """Anything that the user can mend: the parent of every error that this package raises on
    purpose.
    """


class InvalidValueError(NumpyvaeError, ValueError):
    """A value of the right type that cannot be used: a wrong shape, a NaN, a number out of range,
    an unknown name.
    """


class InvalidTypeError(NumpyvaeError, TypeError):
    """A value of the wrong type or an array of the wrong dtype."""


class CheckpointError(NumpyvaeError, ValueError):
    """A file that is not a whole checkpoint of this package, or not the one that was asked for."""


class DataFormatError(NumpyvaeError, ValueError):
    """A file of examples, or one that was downloaded, that does not hold what it should."""


class DivergedError(NumpyvaeError, ArithmeticError):
    """Training whose loss is no longer finite."""


def check_positive_int(name, value):
    """Return `value` as an int if it is a whole number above 0 that an array can have for a size,
    or raise.
    """
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


def check_number(name, value, above=None, at_least=None, below=None):
    """Return `value` as a Python float if it is one finite real number within the limits, or raise.

    (A NumPy float64 scalar would lift a float32 computation to float64 under NumPy 2; a Python
    float does not.)
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value,
                                                             (int, float, np.integer, np.floating)):
        raise InvalidTypeError(f"{name}: expected a number, got {value!r}")
    try:
        value = float(value)
    except OverflowError:                            # a whole number that no float can hold
        value = math.inf if value > 0 else -math.inf
    fits = (math.isfinite(value) and (above is None or value > above)
            and (at_least is None or value >= at_least) and (below is None or value < below))
    if not fits:
        limits = (("above", above), ("of at least", at_least), ("below", below))
        wanted = " and ".join(f"{word} {limit}" for word, limit in limits if limit is not None)
        raise InvalidValueError(f"{name}: expected a finite number {wanted}, got {value}")
    return value


def check_rng(rng):
    """Return a Generator: `rng` itself, or the one of that seed, or raise."""
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
        # np.dtype(None) is float64
        if dtype is not None and dtype in (known, known.__name__, np.dtype(known)):
            return np.dtype(known)
    raise InvalidTypeError(f"dtype: expected float32 or float64, got {dtype!r}")


def check_batch(name, array, width, dtype, rows=None):
    """Return `array` cast to `dtype` if it is a finite (N, width) batch of real numbers, or raise.

    rows: the N that it must have, if another array has fixed it already.
    """
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise InvalidTypeError(f"{name}: expected an array of real numbers, got dtype "
                               f"{array.dtype}")
    if array.ndim != 2 or array.shape[1] != width or (rows is not None and len(array) != rows):
        hint = f"; flatten each example first, with {name}.reshape(len({name}), -1)" if array.ndim > 2 else ""
        raise InvalidValueError(f"{name}: expected shape ({'N' if rows is None else rows}, "
                                f"{width}), one example a row, got {array.shape}{hint}")
    if len(array) == 0:
        raise InvalidValueError(f"{name}: expected at least one example, got none")
    # too large for the dtype: infinite, and refused below
    with np.errstate(over="ignore"):
        array = array.astype(dtype, copy=False)
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{name}: expected finite numbers, got NaN or infinity; remove or "
                                "replace them")
    return array


def check_pixels(name, x):
    """Raise unless every value of `x` lies in [0, 1], as the Bernoulli loss needs."""
    low, high = x.min(), x.max()
    if not (low >= 0 and high <= 1):
        raise InvalidValueError(f"{name}: expected values in [0, 1] for the Bernoulli loss, got "
                                f"{low:g} to {high:g}; rescale them (bytes: divide by 255) or take "
                                "likelihood=\"gaussian\"")


def check_mask(mask, shape):
    """Return `mask` if it is a boolean array of `shape`, True where a pixel was observed, or raise.
    """
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise InvalidTypeError("mask: expected booleans, True where a pixel was observed, got "
                               f"dtype {mask.dtype}")
    if mask.shape != shape:
        raise InvalidValueError(f"mask: expected the shape of x, {shape}, got {mask.shape}")
    return mask


def check_like(name, arrays, like):
    """Raise unless the dictionary `arrays` has the keys of the dictionary `like`, each with the
    same shape.
    """
    missing, unknown = set(like) - set(arrays), set(arrays) - set(like)
    if missing or unknown:
        raise InvalidValueError(f"{name}: expected the keys {', '.join(like)}; "
                                f"missing: {', '.join(sorted(missing)) or 'none'}; "
                                f"unknown: {', '.join(sorted(map(str, unknown))) or 'none'}")
    for key in like:
        if np.shape(arrays[key]) != np.shape(like[key]):
            raise InvalidValueError(f"{name}[{key!r}]: expected shape {np.shape(like[key])}, "
                                    f"got {np.shape(arrays[key])}")
