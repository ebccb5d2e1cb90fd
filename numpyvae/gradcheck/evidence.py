"""The evidence on a wrong block: some elements of its gradient, and the slopes of f along them.

It is gathered by element, for only there does a pattern show (a sign, a factor, a row); from a few
elements if the block is large; and not from those on a kink or beside one, whose slopes might be
anything.
"""
from functools import cache, partial

import numpy as np

from . import central_difference, numeric_gradient, relative_error, tolerance_of
from .case import SAMPLE
from .kinks import CONVINCING, VISIBLE, gap
from .rounding import agree
from .slopes import STEP, line, of_block, of_elements, place, steps

# An element is suspected of a kink if the slopes on its two sides differ by more than this part of
# the block's largest slope: less would not hide a pattern. At 8,500 elements without a kink, they
# differ by 7e-5 of it at most; at half of 2,000 kinks of relu networks by more than 0.16, at 99 in
# 100 by more than this.
BEND = 1e-3

# It is a kink unless a step 16 times as small makes that difference much smaller: for a smooth
# function it becomes 1/16 (for 99 in 100 of 7,800: 0.072 or less), at a kink it stays the same.
FINER, KEPT = 16, 1/4

# The central difference is believed rather than the complex step if it has settled, so that it
# changes by less than this part of itself as its step is quartered (8,500 smooth slopes: by up to
# 7e-7), and if that is more than ten times as far from the complex step's slope.
SETTLED = 1e-4

# An explanation may be off by this many times the last digit of the gradient's dtype. That matters
# for float16 alone, in which a right gradient is off by up to 5e-4, half the last digit.
DIGITS = 10


class Block:
    """A wrong block: the gradient that was given for it, and the slopes of f.

    name, shape: of the parameters; grad: the gradient, an array of any shape
    index: the flat indices of the elements that were looked at; numeric: the slopes of f there
    tolerance: the relative error that a right gradient may have; noise: how large a slope can be
        through rounding alone
    terms: {name of a term of the loss: a function that returns its slopes at these elements}
    """

    def __init__(self, name, shape, grad, index, numeric, tolerance, noise, terms):
        self.name, self.shape, self.grad = name, shape, grad
        self.index, self.numeric         = index, numeric
        self.tolerance, self.noise       = tolerance, noise
        self.terms                       = terms
        self.whole    = index.size == np.prod(shape)
        self.analytic = self.at(grad) if grad.shape == shape else None
        self.error    = np.inf if self.analytic is None else relative_error(self.analytic, numeric)
        digits        = DIGITS * np.finfo(grad.dtype).eps if grad.dtype.kind == "f" else 0.0
        self.allowed  = float(min(max(10 * tolerance, digits), self.error / CONVINCING))

    def at(self, array):
        """Those elements of an array of the block's shape that were looked at."""
        return array.ravel()[self.index].astype(np.float64)

    def looks_right(self):
        """Whether the gradient agrees with f wherever it was looked at."""
        return agree(self.analytic, self.numeric, self.tolerance, self.noise)

    def is_explained_by(self, made):
        """Whether the gradient is `made`, which a mistake would have made of the right one."""
        return agree(self.analytic, made, self.allowed, self.noise)

    def is_right_as(self, mended):
        """Whether `mended`, which undoes a mistake in the gradient, is right."""
        return mended.shape == self.shape and agree(self.at(mended), self.numeric, self.allowed,
                                                    self.noise)

    def only(self, those):
        """The block as if only those of its elements had been looked at."""
        return Block(self.name, self.shape, self.grad, self.index[those], self.numeric[those],
                     self.allowed / 10, self.noise, {})

    def place(self, i):
        """The i-th of the elements that were looked at, as one writes it: W[2, 1]."""
        return place(self.name, self.shape, self.index[i])


def gather(case, second_look, name, grad):
    """The Block of this name: its gradient, and the slopes of f there."""
    param   = case.params[name]
    noise   = second_look.noise(param)
    index   = _sample(case, grad, param.size)
    numeric = _slopes(case, name, index, case.f)
    if case.method == "central" and index.size:
        limit          = BEND * np.abs(numeric).max() + VISIBLE * noise
        smooth         = [not _has_kink(case, name, i, limit) for i in index]
        index, numeric = index[smooth], numeric[smooth]
    terms = {term: cache(partial(_slopes, case, name, index, f)) for term, f in case.terms.items()}
    return Block(name, param.shape, grad, index, numeric,
                 tolerance_of(case, case.precision(grad)), noise, terms)


def _sample(case, grad, size):
    """The flat indices of the elements to look at: all of them, or else a few of the largest and a
    few from anywhere.
    """
    if case.by == "element" or size <= SAMPLE:
        return np.arange(size)
    large    = np.argsort(-np.abs(grad.ravel()))[:SAMPLE // 2] if grad.size == size else []
    anywhere = case.rng.choice(size, SAMPLE // 2, replace=False)
    return np.unique([*large, *anywhere]).astype(int)


def _slopes(case, name, index, f):
    """The slopes of f along these elements of a block."""
    here = case.params[name].ravel()[index]
    return numeric_gradient(of_elements(f, case.params, name, index), here, case.method, case.step)


def _has_kink(case, name, i, limit):
    """Whether the slopes on an element's two sides differ, and still do with a smaller step."""
    param = case.params[name]
    i     = np.unravel_index(i, param.shape)
    phi   = cache(line(of_block(case.f, case.params, name), param, i))
    h     = steps(param, "central", case.step)[i]
    bend  = gap(phi, h)
    return bend > limit and gap(phi, h / FINER) >= KEPT * bend


def drops_complex(case, block):
    """A sentence if f drops imaginary parts on its way, which misleads the complex step.

    It shows where the gradient is furthest off, in a central difference that says something else.
    """
    if case.method != "complex" or not block.index.size:
        return None
    i   = np.argmax(np.abs(block.analytic - block.numeric))
    at  = np.unravel_index(block.index[i], block.shape)
    phi = line(of_block(case.f, case.params, block.name), case.params[block.name], at)
    slope = central_difference(phi, STEP["central"])
    finer = central_difference(phi, STEP["central"] / 4)
    settled   = abs(slope - finer) < SETTLED * abs(finer)
    elsewhere = abs(finer - block.numeric[i]) > 10 * SETTLED * abs(finer)
    if not (settled and elsewhere):
        return None
    return (f"f does not keep complex numbers: at {block.place(i)} the complex step gives "
            f"{block.numeric[i]:.6g}, a central difference {finer:.6g}; mend what takes absolute "
            'values (np.abs, np.var, np.std, a norm), or take method="central"')
