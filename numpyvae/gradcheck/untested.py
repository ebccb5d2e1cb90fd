"""Untested blocks: no slope was seen, so nothing can be said of their gradients.

Behind a layer of dead relus all slopes are zero, and so is whatever a backward pass makes of them,
right or wrong. The same goes for saturated sigmoids, and for slopes that drown in the rounding of
f. Such a block is not wrong, but nothing shows that it is right. Single rows and columns of zeros
are no such case: 285 of 300 small right VAEs have some.
"""
import numpy as np

from . import central_difference
from .rounding import ROUNDING
from .slopes import along, line, norm

# The point is moved so many times, by this part of the parameters' size (of 1 if they are zero).
MOVES, MOVED = 4, 0.01

# The step of the differences there, which need not be fine, and how far a slope has to stand out
# from rounding to be seen.
STEP, SEEN = 1e-4, 10


def untested(case, sound, rows):
    """The names of the blocks of which no slope was seen, here or at points moved a little.

    sound: the gradients that can be compared; rows: those of the report
    """
    hidden = {row.name for row in rows if row.hidden}
    flat   = {row.name for row in rows if row.ok == "yes" and row.name in sound
              and sound[row.name].size and not np.any(sound[row.name])}
    return [name for name in case.params
            if name in hidden or name in flat and not _matters_nearby(case, name)]


def _matters_nearby(case, name):
    """Whether f has a slope along this block at one of some points close by."""
    return any(_has_slope(case, name, np.random.default_rng(seed)) for seed in range(MOVES))


def _has_slope(case, name, rng):
    params    = {key: _moved(param, rng) for key, param in case.params.items()}
    direction = {name: rng.standard_normal(params[name].shape)}
    phi       = line(along(case.f, params, direction), np.zeros(()), ())
    with np.errstate(all="ignore"):
        slope = central_difference(phi, STEP)
    return bool(abs(slope) > SEEN * ROUNDING * abs(phi(0.0)) / STEP)


def _moved(param, rng):
    size = norm(param) / max(1, param.size) ** 0.5 or 1.0
    return param + MOVED * size * rng.standard_normal(param.shape)
