"""The second look: the slopes disagree, but is it the gradient that is wrong, or the difference?

Differences are wrong at kinks, and where rounding hides what they look for; a right gradient looks
wrong there. So before a row says NO it is looked at again, and may then say

    kink    right, but for elements on a kink, where any slope between those of its two sides is
            right, and elements so close to one that it took a smaller step to see their slope
    tiny    right as far as rounding lets one see

These are no excuses for anything else: the kink has to be seen (kinks.py), and the rounding is
measured (rounding.py), which is also where the thresholds are.
"""
from functools import cache, cached_property

import numpy as np

from . import numeric_gradient, relative_error, tolerance_of
from .kinks import beside_a_kink, on_a_kink
from .report import Row
from .rounding import ROUNDING, agree, rounding_of_slope, rounding_of_value
from .slopes import STEP, line, norm, steps


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
        analytic, numeric = claim.slopes.ravel(), numeric.ravel().copy()
        tolerance = tolerance_of(self.case, claim.precision)
        noise     = self.noise(claim.point)
        apart     = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
        kinks     = self._kinks(claim, numeric, apart, tolerance, noise)

        smooth, has_slope = np.ones((2, numeric.size), dtype=bool)
        for i, kink in kinks.items():
            smooth[i]    = False
            has_slope[i] = kink.slope is not None
            numeric[i]   = kink.slope if has_slope[i] else numeric[i]
        error = relative_error(analytic[has_slope], numeric[has_slope])
        notes = [f"{claim.place(i)}: {kink.sentence}" for i, kink in kinks.items()]

        if not agree(analytic[smooth], numeric[smooth], tolerance, noise):
            worst = np.argmax(np.where(has_slope, apart, 0.0))
            shown = analytic[worst], numeric[worst]
            return Row(claim.name, claim.shape, *shown, error, "NO", notes)
        ok = "kink" if kinks else "tiny" if error > tolerance else "yes"
        if ok == "tiny":
            notes.append(_hidden(claim, noise * np.sqrt(numeric.size)))
        return Row(claim.name, claim.shape, *claim.largest(numeric), error, ok, notes)

    def _kinks(self, claim, numeric, apart, tolerance, noise):
        """The kinks that excuse a disagreement, by flat index.

        They are sought where the slopes are furthest apart, until the rest of them agree or one
        disagrees without a kink.
        """
        analytic = claim.slopes.ravel()
        rest     = np.ones(numeric.size, dtype=bool)
        kinks    = {}
        for i in np.argsort(-apart):
            if agree(analytic[rest], numeric[rest], tolerance, noise):
                break
            kink = self._kink(claim, np.unravel_index(i, claim.point.shape), apart[i], tolerance)
            if kink is None:
                break
            kinks[i] = kink
            rest[i]  = False
        return kinks

    def _kink(self, claim, i, apart, tolerance):
        phi      = cache(line(claim.f, claim.point, i))
        analytic = claim.slopes[i]
        if self.case.method == "complex":            # it has no reach, so no kink lies within it
            return on_a_kink(phi, analytic, STEP["central"], tolerance)
        h = steps(claim.point, "central", self.case.step)[i]
        return (beside_a_kink(phi, analytic, apart, h, tolerance)
                or on_a_kink(phi, analytic, h, tolerance))

    def noise(self, point):
        """How large a slope at this point can be through rounding alone."""
        noise = ROUNDING * self.scale
        if self.case.method == "complex":
            return noise + self.rounding
        return noise + self.rounding / np.min(steps(point, "central", self.case.step), initial=1.0)

    @cached_property
    def rounding(self):
        """How far rounding can move what is differenced; measured when it is first asked for."""
        if self.case.method == "complex":
            return rounding_of_slope(self.case)
        return rounding_of_value(self.case)


def _hidden(claim, noise):
    hidden = f"{noise:.0e}"
    if norm(claim.slopes) > float(hidden):
        return f"{claim.name}: right to an absolute {hidden}; f's rounding hides what is smaller"
    return f"{claim.name}: too small to be tested, since f's rounding hides slopes below {hidden}"
