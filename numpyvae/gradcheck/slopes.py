"""Slopes along lines: how the loss looks from the point where its parameters are.

The loss is a function of many arrays, but a slope has one direction. So everything is held fixed
but one block of parameters, a few of its elements, or the distance t along a line, and what is left
is a function of one array. It gives f nothing but fresh arrays, so that f cannot move the point,
and makes all of them complex if one of them is.
"""
import numpy as np

from ..errors import InvalidTypeError, InvalidValueError, check_number

# The step h. The central difference is off by h² f‴/6, and by u |f| / 2h for rounding, u = 2.2e-16:
# the sum is smallest near ∛u = 6e-6. With it, gradients of this package's networks are right to
# 7e-10 by norm; with 1e-6, to 4e-9; with 1e-4, to 5e-2, since more kinks lie in the way. The
# complex step subtracts nothing, so nothing speaks against 1e-30, which is right to 7e-16. (Lesson
# 8 plots both.)
STEP = {"central": 6e-6, "complex": 1e-30}


def steps(array, method, step=None):
    """The step h for each element of an array: the caller's, or that of the method.

    The central step grows with the element: where p is 1e11, p + 6e-6 is p.
    """
    if step is not None:
        return np.full(array.shape, check_number("step", step, above=0))
    size = np.maximum(1.0, np.abs(array)) if method == "central" else np.ones_like(array)
    return STEP[method] * size


def line(f, point, i):
    """φ(t) = f(point, with t added to its element i): a float, or a complex number if t is one.

    f: a function of one array.  Raises TypeError if f returns anything else.
    """
    unit = np.zeros_like(point)
    unit[i] = 1.0

    def phi(t):
        return _one_number(f(point + t * unit), isinstance(t, complex))
    return phi


def along(f, params, directions):
    """f(params + t directions) as a function of t; blocks without a direction stay put."""
    def of_t(t):
        moved = {name: params[name] + t * direction for name, direction in directions.items()}
        return f({name: moved[name] if name in moved else param.astype(t.dtype)
                  for name, param in params.items()})
    return of_t


def of_block(f, params, name):
    """f as a function of one block of parameters."""
    def of_array(array):
        return f({key: array if key == name else param.astype(array.dtype)
                  for key, param in params.items()})
    return of_array


def of_elements(f, params, name, index):
    """f as a function of a few elements of one block, those with these flat indices."""
    of_array = of_block(f, params, name)

    def of_values(values):
        array = params[name].astype(values.dtype)
        array.flat[index] = values
        return of_array(array)
    return of_values


def scaled(params, factor):
    """All parameters, scaled by this factor."""
    return {name: param * factor for name, param in params.items()}


# ---------------------------------------------------------------------- what f returns

def number(name, value):
    """What a function of that name returned, as an array, if it is one number, or raise."""
    value = np.asarray(value)
    if value.size != 1 or value.dtype.kind not in "fciub":
        raise InvalidTypeError(f"{name}: expected a function that returns one number, got shape "
                               f"{value.shape}, dtype {value.dtype}")
    return value


def _one_number(value, is_complex):
    value = number("f", value)
    if value.dtype in (np.float16, np.float32, np.complex64):
        raise InvalidTypeError("f: expected a function that computes in double precision, got "
                               f"{value.dtype}: its rounding would hide the differences; give it "
                               "float64 data")
    if is_complex and value.dtype.kind != "c":
        raise InvalidTypeError("f: the complex step needs a function that keeps complex numbers, "
                               "got a real one; remove what casts to real (abs, norm, a float "
                               'dtype), or take method="central"')
    if value.dtype.kind == "c" and not is_complex:
        raise InvalidTypeError("f: expected a function that returns a real number, got a complex "
                               "one")
    return value.item()


# ---------------------------------------------------------------------- arrays

def as_float64(name, array):
    """A copy of an array in float64 if it holds finite real numbers, or raise."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise InvalidTypeError(f"{name}: expected an array of real numbers, got dtype "
                               f"{array.dtype}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array


def sizes(array):
    """The size of each element; of those that are zero, that of a typical other one."""
    size = np.abs(array)
    some = size[size > 0]
    return np.where(size > 0, size, np.median(some) if some.size else 1.0)


def norm(*arrays):
    """The Euclidean norm of all arrays together.

    Their largest element is divided out first, so that no square over- or underflows.
    """
    largest = max((np.abs(array).max(initial=0.0) for array in arrays), default=0.0)
    if not largest:
        return 0.0
    return largest * np.sqrt(sum(np.sum((array / largest) ** 2) for array in arrays))


def place(name, shape, i):
    """The element with flat index i as one writes it, W[2, 1]; a scalar's is its name."""
    index = list(map(int, np.unravel_index(i, shape)))
    return f"{name}{index}" if shape else str(name)
