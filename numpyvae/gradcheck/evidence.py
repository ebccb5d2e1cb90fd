"""The evidence on a wrong block: some elements of its gradient, and the slopes of f along them.

It is gathered by element, for only there does a pattern show (a sign, a factor, a row); from a few
elements if the block is large; and not from those on a kink or beside one, whose slopes might be
anything.
"""
from functools import cache, partial

import numpy as np

from . import (OWN, central_difference, element_errors, numeric_gradient, relative_error,
               tolerance_of)
from .case import SAMPLE, by_element
from .findings import Finding
from .kinks import CONVINCING, VISIBLE, gap
from .rounding import agree
from .slopes import STEP, line, norm, of_block, of_elements, place, steps

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

# A slope by the usual step is taken again with the best one if rounding may be more than this part
# of it, or if it changes by more than this with a quarter of the step.
DOUBTFUL = 1e-6

# An explanation may be off by this many times the last digit of the gradient's dtype. That matters
# for float16 alone, in which a right gradient is off by up to 5e-4, half the last digit.
DIGITS = 10


class Block:
    """A wrong block: the gradient that was given for it, and the slopes of f.

    name: of the parameters param; grad: the gradient, an array of any shape
    index: the flat indices of the elements that were looked at; numeric: the slopes of f there
    here: the parameters there; tolerance: the relative error that a right gradient may have
    terms: {name of a term of the loss: a function that returns its slopes at these elements}
    slack: how far rounding may move each of the slopes; noise: how far it moves one on average
    sampled: whether there are other elements, that were not looked at
    """

    def __init__(self, name, param, grad, index, numeric, tolerance, terms, slack=0.0,
                 sampled=False):
        self.name, self.param, self.grad = name, param, grad
        self.shape = shape               = param.shape
        self.index, self.numeric         = index, numeric
        self.slack                       = np.broadcast_to(slack, numeric.shape)
        self.noise     = norm(self.slack) / max(1, index.size) ** 0.5
        self.tolerance = tolerance
        self.terms     = terms
        self.sampled   = sampled
        self.whole    = index.size == param.size
        self.here     = self.at(param)
        self.analytic = self.at(grad) if grad.shape == shape else None
        self.error    = np.inf if self.analytic is None else relative_error(self.analytic, numeric)
        # so small beside the others are those that are wrong
        self.in_small_elements = self.error <= tolerance
        if self.in_small_elements:
            self.error = element_errors(self.analytic, numeric).max(initial=0.0)
        digits        = DIGITS * np.finfo(grad.dtype).eps if grad.dtype.kind == "f" else 0.0
        self.allowed  = float(min(max(10 * tolerance, digits), self.error / CONVINCING))

    def at(self, array):
        """Those elements of an array of the block's shape that were looked at."""
        return array.ravel()[self.index].astype(np.float64)

    def looks_right(self):
        """Whether the gradient agrees with f wherever it was looked at."""
        return not self.off().any() and agree(self.analytic, self.numeric, self.tolerance,
                                              self.noise)

    def off(self):
        """Which of the elements that were looked at are wrong, each on its own scale."""
        larger = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
        return np.abs(self.analytic - self.numeric) > OWN * self.tolerance * larger + self.slack

    def errors(self):
        """How far off they are, each on its own scale, as far as rounding lets one see."""
        larger = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
        apart  = np.maximum(np.abs(self.analytic - self.numeric) - self.slack, 0.0)
        return apart / np.where(larger > 0, larger, 1.0)

    def furthest(self):
        """Which of them is furthest off."""
        apart, off = np.abs(self.analytic - self.numeric), self.off()
        return np.argmax(np.where(off, apart, 0.0) if off.any() else apart)

    def telling(self):
        """Which of them are so large that one sees whether they are right."""
        return np.maximum(np.abs(self.analytic), np.abs(self.numeric)) > self.slack

    def is_explained_by(self, made):
        """Whether the gradient is `made`, which a mistake would have made of the right one; and
        each of its elements, small as they may be, is so, rather than right as it stands.
        """
        off          = self.off()
        apart, left  = np.abs(self.analytic - self.numeric), np.abs(self.analytic - made)
        larger       = np.maximum(np.abs(self.analytic), np.abs(made))
        contradicted = ~off & (left > CONVINCING * self.tolerance * larger + self.slack)
        unexplained  = off & (left > apart / CONVINCING + 2 * DOUBTFUL * larger + self.slack)
        return (not (contradicted | unexplained).any()
                and agree(self.analytic, made, self.allowed, self.noise))

    def is_right_as(self, mended):
        """Whether `mended`, which undoes a mistake in the gradient, is right."""
        return mended.shape == self.shape and agree(self.at(mended), self.numeric, self.allowed,
                                                    self.noise)

    def only(self, those):
        """The block as if only those of its elements had been looked at."""
        return Block(self.name, self.param, self.grad, self.index[those], self.numeric[those],
                     self.allowed / 10, {}, self.slack[those])

    def place(self, i):
        """The i-th of the elements that were looked at, as one writes it: W[2, 1]."""
        return place(self.name, self.shape, self.index[i])


def gather(case, second_look, name, grad):
    """The Block of this name: its gradient, and the slopes of f there."""
    param     = case.params[name]
    noise     = second_look.noise(param)
    tolerance = tolerance_of(case, case.precision(grad))
    index     = _sample(case, name, grad)
    numeric   = _slopes(case, name, index, case.f)
    slack     = np.full(index.size, noise)
    smooth    = np.ones(index.size, dtype=bool)
    if case.method == "central":
        finite = numeric[np.isfinite(numeric)]
        limit  = BEND * np.abs(finite).max(initial=0.0) + VISIBLE * noise
        for k, i in enumerate(index):
            second_look.progress(name, k, index.size)
            phi, h    = _along_element(case, name, i)
            smooth[k] = not _has_kink(phi, h, limit)
            error     = second_look.rounding / h + abs(central_difference(phi, h / 4) - numeric[k])
            slack[k]  = min(noise, error + second_look.own_rounding(case.precision(grad)))
            reliable  = error <= DOUBTFUL * abs(numeric[k])
            shown     = grad.shape == param.shape and (numeric[k] or grad.flat[i])
            if smooth[k] and shown and not reliable:
                look = second_look.look(by_element(case, name, grad), i, numeric[k], tolerance)
                smooth[k]  = look.kink is None or np.isfinite(look.slope)
                numeric[k] = look.slope
                slack[k]   = look.hidden
    index, numeric, slack = index[smooth], numeric[smooth], slack[smooth]
    terms = {term: cache(partial(_slopes, case, name, index, f)) for term, f in case.terms.items()}
    return Block(name, param, grad, index, numeric, tolerance, terms, slack,
                 sampled=smooth.size < param.size)


def _sample(case, name, grad):
    """The flat indices of the elements to look at: all of them, or else a few of the largest and a
    few from anywhere.
    """
    size = case.params[name].size
    if case.ways[name] == "element" or size <= SAMPLE:
        return np.arange(size)
    large    = np.argsort(-np.abs(grad.ravel()))[:SAMPLE // 2] if grad.size == size else []
    anywhere = case.rng.choice(size, SAMPLE // 2, replace=False)
    return np.unique([*large, *anywhere]).astype(int)


def _slopes(case, name, index, f):
    """The slopes of f along these elements of a block."""
    here = case.params[name].ravel()[index]
    return numeric_gradient(of_elements(f, case.params, name, index), here, case.method, case.step)


def _along_element(case, name, i):
    """φ along the element with flat index i, and the step that is usual there."""
    param = case.params[name]
    i     = np.unravel_index(i, param.shape)
    return (cache(line(of_block(case.f, case.params, name), param, i)),
            float(steps(param, "central", case.step)[i]))


def _has_kink(phi, h, limit):
    """Whether the slopes on the two sides of 0 differ, and still do with a smaller step."""
    bend = gap(phi, h)
    return bend > limit and gap(phi, h / FINER) >= KEPT * bend


def drops_complex(case, block):
    """A Finding if f drops imaginary parts on its way, which misleads the complex step.

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
    return Finding("real", f"f does not keep complex numbers: at {block.place(i)} the complex step "
                   f"gives {block.numeric[i]:.6g}, a central difference {finer:.6g}; mend what "
                   "takes absolute values (np.abs, np.var, np.std, a norm), or take "
                   'method="central"')
