"""Rounding, where differences are wrong: the digits of f end before those of its slope begin.

A slope is a difference of two values of f, divided by 2h. If f is known to 16 digits, the slope is
off by about u |f| / h, with u = 2.2e-16; and by more if f is what is left when large parts cancel.
So the rounding of f is not guessed from its value alone, but measured. The complex step divides no
rounding by h, but the parts of its slope may cancel just as well.
"""
from functools import cached_property

import numpy as np

from . import central_difference, numeric_gradient, relative_error
from .findings import Finding
from .slopes import along, line, norm, number, scaled, sizes

ULP = np.finfo(np.float64).eps

# How far rounding moves a value or a slope, relative to what it is summed from: |f|, or the norm of
# the whole gradient. Of 3,000 networks, compared with long double, values were off by up to 4.0 ULP
# and slopes by up to 3.2. This is four times as much.
ROUNDING = 16 * ULP

# The same of a gradient that was computed in single precision.
ROUNDING_SINGLE = 16 * np.finfo(np.float32).eps

# Rounding is measured in four samples (see `jitter`), and this many times what they say is allowed.
# Of 2,400 functions with large parts that move and cancel, a difference was rounded by more than
# the samples say in 1.6 %, by more than 4 times as much in 0.04 %.
JITTER = 4

# That of f is seen in its values at so many points in a row, at first so far apart, relative to the
# parameters, that a float32 could tell them from each other, and FURTHER as long as f cannot.
POINTS, APART, FURTHER, FURTHEST = 13, 1e-6, 16, 0.02

# And so many times nearer by the same factor, if it might be a bend of f that one sees.
REFINED = 4

# It may be so many times the standard deviation that is seen there. MEDIAN is that of the size of a
# standard normal number.
ALLOWED, MEDIAN = 6, 0.6745

# f is rough if rounding moves it by more than this part of its size, here and with all parameters
# scaled by these factors.
ROUGH, ELSEWHERE = 1e-10, (0.0, 0.5, 1.5)


def agree(analytic, numeric, tolerance, noise):
    """Whether slopes are equal: to the tolerance, or as far as the noise in each lets one see."""
    return bool(relative_error(analytic, numeric) <= tolerance
                or norm(analytic - numeric) <= noise * np.sqrt(analytic.size))


class Roughness:
    """How rough f is: where large parts cancel, rounding moves its value by far more than its last
    digit, and where f casts to single precision on its way, by more again. So it is measured.

    rounding: how far rounding can move the value; size: that of the value
    """

    def __init__(self, case):
        self.case     = case
        where, values = values_in_a_row(case)
        self.size     = np.abs(values).max()
        self.rounding = max(ROUNDING * self.size, self._scatter(where, values))

    def _scatter(self, where, values):
        """How far rounding moves these values, and not the bend of f, which matters less and less
        as they come nearer.
        """
        most = ALLOWED * scatter(where, values)
        for k in range(REFINED):
            if most <= ROUNDING * self.size:
                break
            where, values = values_at(self.case, where / FURTHER)
            nearer        = ALLOWED * scatter(where, values)
            vanished      = most > ROUGH * self.size and nearer <= ROUNDING * self.size
            if not differ(values) or vanished or nearer > most / 8:
                break
            most = nearer
        return most

    @cached_property
    def elsewhere(self):
        """The size of f at other points, far away."""
        values = [abs(_value(self.case.f, scaled(self.case.params, factor)))
                  for factor in ELSEWHERE]
        return max(filter(np.isfinite, values), default=0.0)

    @property
    def is_rough(self):
        """Whether rounding moves f by far more than double precision would explain."""
        return bool(self.rounding > ROUGH * self.size and self.rounding > ROUGH * self.elsewhere)

    @property
    def relative(self):
        """How far rounding moves a value of f, as a part of it."""
        return self.rounding / self.size if self.is_rough else ROUNDING

    @property
    def coarser(self):
        """How much larger than usual a step has to be, for truncation to be as large as rounding.
        """
        return max(1.0, self.rounding / (ROUNDING * self.size)) ** 0.5 if self.is_rough else 1.0

    def told(self):
        """A Finding if f is rough."""
        if not self.is_rough:
            return []
        return [Finding("rough", f"f is rough: rounding moves it by up to {self.rounding:.0e} "
                                 f"where it is {self.size:.6g}, as if it computed in single "
                                 "precision on its way, or large parts cancelled in it")]


def values_in_a_row(case):
    """Where, along a line that goes off from the point, f was asked, and its values there."""
    rng   = np.random.default_rng(0)
    where = np.cumsum(rng.uniform(0.5, 1.5, POINTS))         # uneven, as f's own steps may be even
    where = APART * (where - where[0])
    while True:
        found, values = values_at(case, where)
        if differ(values) or where[-1] * FURTHER > FURTHEST:
            return found, values
        where = where * FURTHER


def values_at(case, where):
    """The values of f along that line; they end where it is no longer finite."""
    rng    = np.random.default_rng(1)
    moves  = {name: sizes(param) * rng.choice([-1.0, 1.0], param.shape)
              for name, param in case.params.items()}
    values = np.array([_value(case.f, _moved(case.params, moves, t)) for t in where])
    finite = np.argmin(np.append(np.isfinite(values), False))
    return where[:finite], values[:finite]


def differ(values):
    """Whether most of these values differ."""
    return np.unique(values).size > POINTS // 2


def scatter(where, values):
    """The standard deviation of values that would lie on a smooth curve without rounding.

    It shows in the third differences of neighbours. (A kink spoils no more than three of the ten.)
    """
    spread = [_third_difference(where[k:k + 4], values[k:k + 4]) for k in range(len(where) - 3)]
    return float(np.median(np.abs(spread))) / MEDIAN if spread else 0.0


def _third_difference(where, values):
    """The third difference of four values, whose own standard deviation is that of each of them."""
    apart  = where[:, None] - where
    weight = 1 / np.prod(apart / np.ptp(where) + np.eye(4), axis=1)
    return weight @ values / norm(weight)


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


def _moved(params, moves, t):
    return {name: param + t * moves[name] for name, param in params.items()}


def _value(f, params):
    """The value of f, at a point where nobody said that it has one; NaN if it has none."""
    try:
        with np.errstate(all="ignore"):
            return number("f", f(params)).item()
    except Exception:                        # as math.log raises ValueError for what is not above 0
        return np.nan
