"""The second look: the slopes disagree, but is it the gradient that is wrong, or the difference?

Differences are wrong at kinks, where f bends within their step, and where rounding hides what they
look for; a right gradient looks wrong there. So before a row says NO, each element in doubt is
looked at again, with the best step for it (best_step.py), and the row may then say

    kink    right, but for elements on a kink, where any slope between those of its two sides is
            right, and elements so close to one that it took a smaller step to see their slope
    tiny    right as far as rounding lets one see

These are no excuses for anything else: the kink has to be seen (kinks.py), and the rounding is
measured (rounding.py), which is also where the thresholds are.
"""
from functools import cache, cached_property

import numpy as np

from . import (OWN, central_difference, element_errors, numeric_gradient, relative_error,
               tolerance_of)
from .best_step import Estimate, best_slope
from .findings import Finding
from .kinks import NEARBY, NEARER, among_ties, beside_a_kink, neighbour, on_a_kink, sizes
from .report import Row
from .rounding import (ROUNDING, ROUNDING_SINGLE, rounding_of_difference,
                       rounding_of_slope, rounding_of_value)
from .slopes import STEP, line, norm, number, steps

# An element of which rounding hides more than this part is not called right without a word.
FAINT = 0.01

# Up to this many kinks of a block get a sentence each.
LISTED = 3


class Look:
    """What was seen of one element.

    right: whether its gradient is right, as far as one can see; slope: that of f, NaN on a kink
    hidden: below what size slopes are hidden here; kink: the Kink that had to be seen, or None
    """

    def __init__(self, right, slope, hidden, kink=None):
        self.right, self.slope  = right, slope
        self.hidden, self.kink  = hidden, kink


class SecondLook:
    """Looks again at those claims of a case that failed.

    grads: the gradients of all blocks that can be compared, by name
    """

    def __init__(self, case, grads):
        self.case  = case
        self.scale = norm(*grads.values())

    def at(self, claim, numeric):
        """The row of a claim that failed; numeric: the slopes that differences found."""
        row = self._row(claim, numeric)
        # a line through a block meets more kinks than the steps along its elements do
        if claim.elements and row.ok in ("NO", "kink"):
            claim   = claim.elements
            numeric = numeric_gradient(claim.f, claim.point, self.case.method, self.case.step)
            row     = self._row(claim, numeric)
        return row

    def _row(self, claim, numeric):
        """The row, once the elements in doubt were looked at, the furthest off first."""
        analytic, numeric = claim.slopes.ravel(), numeric.ravel().copy()
        tolerance = tolerance_of(self.case, claim.precision)
        found     = numeric.copy()
        looks     = {}
        for i in _in_doubt(analytic, numeric, tolerance):
            looks[i]   = self.look(claim, i, numeric[i], tolerance)
            numeric[i] = looks[i].slope
            if not looks[i].right:
                break
        on_kinks = [i for i, look in looks.items() if look.right and np.isnan(look.slope)]
        smooth   = np.delete(np.arange(analytic.size), on_kinks)
        error    = relative_error(analytic[smooth], numeric[smooth])
        hidden   = norm(np.array([look.hidden for look in looks.values()]))
        notes    = _kinks_told(claim, {i: look.kink for i, look in looks.items() if look.kink})
        wrong    = [i for i, look in looks.items() if not look.right]
        if not wrong and error > tolerance and norm(analytic[smooth] - numeric[smooth]) > hidden:
            wrong = [smooth[np.argmax(np.abs(analytic - numeric)[smooth])]]
        if wrong:
            i, = wrong
            shown = error if error > tolerance else element_errors(analytic, numeric)[i]
            return Row(claim.name, claim.shape, analytic[i], numeric[i], shown, "NO", notes)
        numeric[on_kinks] = found[on_kinks]
        ok = "kink" if notes else "tiny" if error > tolerance else "yes"
        return Row(claim.name, claim.shape, *claim.largest(numeric), error, ok,
                   notes + _hidden(claim, looks, ok),
                   hidden=ok == "tiny" and norm(analytic) <= hidden)

    def look(self, claim, i, numeric, tolerance):
        """A look at the element with flat index i, where differences found the slope `numeric`."""
        at, analytic = np.unravel_index(i, claim.point.shape), claim.slopes.flat[i]
        apart  = np.nan_to_num(abs(analytic - numeric), nan=np.inf)
        phi    = cache(line(claim.f, claim.point, at))
        best   = self.estimate(phi, claim.point[at], numeric)
        hidden = best.slack + self.own_rounding(claim.precision)
        larger = max(abs(analytic), abs(best.slope))
        off    = abs(analytic - best.slope) - OWN * tolerance * larger
        if off > hidden and self.case.method == "central":
            hidden += rounding_of_difference(claim, at, best.step)
        right  = bool(off <= hidden)
        kink   = self._kink(phi, analytic, apart, claim.point[at], tolerance, right)
        by_element = claim.point is claim.params.get(claim.name)
        if by_element and not right and kink is None:
            kink = self._tie(claim, at, analytic, tolerance)
        slope  = best.slope if right or kink is None else kink.slope
        return Look(right or kink is not None, slope, hidden, kink)

    def estimate(self, phi, element, numeric):
        """The slope of φ at 0, as well as one can tell: an Estimate.

        element: the parameter that φ moves; numeric: the slope that the usual step found
        """
        if self.case.method == "complex":
            return Estimate(numeric, STEP["complex"], self.rounding, self.rounding)
        if self.case.step is not None:                     # the caller's, and the caller's to judge
            noise = self.rounding / self.case.step
            return Estimate(numeric, self.case.step, noise, noise)
        return best_slope(phi, element, self.rounding)

    def _kink(self, phi, analytic, apart, element, tolerance, right):
        """The Kink that one has to know of to see that the gradient is right, or None."""
        if self.case.method == "complex":            # it has no reach, so no kink lies within it
            return None if right else on_a_kink(phi, analytic, STEP["central"], tolerance)
        h      = float(steps(element, "central", self.case.step))
        if right and apart <= self.noise(element):
            return None
        beside = beside_a_kink(phi, analytic, apart, h, tolerance)
        if right or self.case.step is not None and beside:
            return beside
        return on_a_kink(phi, analytic, h, tolerance)

    def _tie(self, claim, at, analytic, tolerance):
        """The Kink that only shows in points close by, or None."""
        # so small that no two values that tied are exchanged
        step = sizes(claim.point)[at] / (4 * claim.point.size)

        def slope_near(k, part):
            params = neighbour(claim.params, k, part)
            return central_difference(line(claim.view(params), params[claim.name], at), part * step)
        value    = number("f", claim.f(claim.point.copy())).item()
        rounding = ROUNDING * abs(value) / (NEARBY / NEARER * step)
        return among_ties(slope_near, analytic, rounding, tolerance)

    def noise(self, point):
        """How large a slope at this point can be through rounding alone."""
        noise = ROUNDING * self.scale
        if self.case.method == "complex":
            return noise + self.rounding
        return noise + self.rounding / np.min(steps(point, "central", self.case.step), initial=1.0)

    def own_rounding(self, precision):
        """How far rounding can move a slope of the gradient itself, unless the caller knows better.
        """
        coarse = precision == "float32" and self.case.tolerance is None
        return (ROUNDING_SINGLE if coarse else ROUNDING) * self.scale

    @cached_property
    def rounding(self):
        """How far rounding can move what is differenced; measured when it is first asked for."""
        if self.case.method == "complex":
            return rounding_of_slope(self.case)
        return rounding_of_value(self.case)


def _in_doubt(analytic, numeric, tolerance):
    """The flat indices of the elements that differ by more than the tolerance, the furthest apart
    first.
    """
    doubtful = np.flatnonzero(element_errors(analytic, numeric) > tolerance)
    apart    = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
    return doubtful[np.argsort(-apart[doubtful])]


def _kinks_told(claim, kinks):
    """A sentence for each of a few kinks, or one for all; kinks: by flat index."""
    told = [f"{claim.place(i)}: {kink.sentence}" for i, kink in kinks.items()]
    more = len(kinks) - 1
    if more >= LISTED:
        told = [f"{told[0]}; {more} more of its {claim.slopes.size} elements lie on a kink or "
                "beside one, or where f bends strongly"]
    return [Finding("kink", sentence, [claim.name]) for sentence in told]


def _hidden(claim, looks, ok):
    """A sentence if rounding hides too much for the block to be called right without a word."""
    analytic = claim.slopes.ravel()
    hidden   = norm(np.array([look.hidden for look in looks.values()]))
    if ok == "tiny" and norm(analytic) > hidden:
        return [Finding("hidden", f"{claim.name}: right to an absolute {hidden:.0e}; f's rounding "
                                  "hides what is smaller", [claim.name])]
    if ok == "tiny":
        return [Finding("untested", f"{claim.name}: too small to be tested, since f's rounding "
                                    f"hides slopes below {hidden:.0e}", [claim.name])]
    faint = [i for i, look in looks.items() if 0 < FAINT * abs(analytic[i]) <= look.hidden]
    if faint:
        return [Finding("hidden", f"{claim.name}: {len(faint)} of its {analytic.size} elements are "
                                  f"too small to be tested well: {claim.place(faint[0])} only to "
                                  f"an absolute {looks[faint[0]].hidden:.0e}, for f's rounding "
                                  "hides what is smaller", [claim.name])]
    return []
