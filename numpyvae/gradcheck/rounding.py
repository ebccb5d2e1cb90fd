"""Rounding, where differences are wrong: the digits of f end before those of its slope begin.

A slope is a difference of two values of f, divided by 2h. If f is known to 16 digits, the slope is
off by about u |f| / h, with u = 2.2e-16; and by more if f is what is left when large parts cancel.
So the rounding of f is not guessed from its value alone, but measured. The complex step divides no
rounding by h, but the parts of its slope may cancel just as well.
"""
import numpy as np

from . import central_difference, numeric_gradient, relative_error
from .slopes import STEP, along, line, norm, number, scaled

ULP = np.finfo(np.float64).eps

# How far rounding moves a value or a slope, relative to what it is summed from: |f|, or the norm of
# the whole gradient. Of 3,000 networks, compared with long double, values were off by up to 4.0 ULP
# and slopes by up to 3.2. This is four times as much.
ROUNDING = 16 * ULP

# The same of a gradient that was computed in single precision.
ROUNDING_SINGLE = 16 * np.finfo(np.float32).eps

# Rounding is measured in four samples (see `jitter`), and this many times what they say is allowed.
# Of 2,400 functions with large parts that move and cancel, a difference was rounded by more than
# the samples say in 1.6 %, by more than 4 times as much in 0.04 %. (A large constant that is added
# and taken away again does not move, so its rounding is not seen.)
JITTER = 4


def agree(analytic, numeric, tolerance, noise):
    """Whether slopes are equal: to the tolerance, or as far as the noise in each lets one see."""
    return bool(relative_error(analytic, numeric) <= tolerance
                or norm(analytic - numeric) <= noise * np.sqrt(analytic.size))


def rounding_of_value(case):
    """How far rounding can move the value of f.

    Where large parts cancel, that is far more than the last digit of the value, so it is measured:
    at the point and, since nothing moves at a minimum, one step beside it.
    """
    h      = STEP["central"] if case.step is None else case.step
    beside = {name: param + h * np.maximum(1.0, np.abs(param))
              for name, param in case.params.items()}
    return max(ROUNDING * abs(_value(case.f, beside, 1.0)),
               jitter(lambda t: _value(case.f, case.params, 1 + t)),
               jitter(lambda t: _value(case.f, beside, 1 + t)))


def rounding_of_slope(case):
    """How far rounding can move a slope of f by the complex step, the one along all parameters."""
    ones = {name: np.ones_like(param) for name, param in case.params.items()}

    def slope(t):
        of_distance = along(case.f, scaled(case.params, 1 + t), ones)
        return numeric_gradient(of_distance, 0.0, "complex").item()
    return jitter(slope)


def rounding_of_difference(claim, at, h):
    """How far rounding can move the central difference of one element: where large parts cancel
    beside the point, as at a minimum, further than the rounding of f at the point lets one expect.
    """
    def slope(t):
        f, point = claim.scaled(1 + t)
        return central_difference(line(f, point, at), h)
    return jitter(slope)


def jitter(value):
    """How far value(t) moves if all parameters are scaled by 1 + t, where t is an ulp or two.

    It is the side on which it moves less that counts, for a jump of f lies on one side only.
    """
    here  = value(0.0)
    left  = max(abs(value(-ULP) - here), abs(value(-2 * ULP) - here))
    right = max(abs(value(+ULP) - here), abs(value(+2 * ULP) - here))
    return JITTER * min(left, right)


def _value(f, params, factor):
    return number("f", f(scaled(params, factor))).item()
