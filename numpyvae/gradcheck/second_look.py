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
from functools import cached_property

import numpy as np

from . import (OWN, central_difference, element_errors, numeric_gradient, relative_error,
               tolerance_of)
from .best_step import Estimate, best_slope
from .case import ELEMENTWISE_LIMIT, SAMPLE, along_directions
from .findings import Finding
from .kinks import beside_a_kink, is_bent, is_sudden, on_a_kink
from .report import Row
from .rounding import (ROUNDING, ROUNDING_SINGLE, Roughness, rounding_of_difference,
                       rounding_of_slope)
from .slopes import STEP, along, line, norm, sizes, steps
from .ties import NEARBY, NEARER, WIDENED, Neighbourhood, among_ties, small_step

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
    progress: is told how far it is, a name and two numbers
    """

    def __init__(self, case, grads, progress):
        self.case, self.grads = case, grads
        self.progress  = progress
        self.scale     = norm(*grads.values())
        self.unsettled = True                        # whether nothing was said of f's roughness yet

    def at(self, claim, numeric):
        """The row of a claim that failed; numeric: the slopes that differences found."""
        row = self._row(claim, numeric)
        # a line through a block meets more kinks than the steps along its elements do
        if claim.elements and row.ok in ("NO", "kink"):
            if claim.elements.slopes.size <= SAMPLE or self._is_bent(claim):
                claim = claim.elements
                row   = self._row(claim, self._numeric(claim))
        if row.ok == "kink" and not claim.directions:
            row = self._together(claim, row)
        row.notes += self._rough()
        return row

    def _numeric(self, claim):
        return numeric_gradient(claim.f, claim.point, self.case.method, self.case.step)

    def _row(self, claim, numeric):
        """The row, once the elements in doubt were looked at, the furthest off first."""
        analytic, numeric = claim.slopes.ravel(), numeric.ravel().copy()
        tolerance = tolerance_of(self.case, claim.precision)
        found     = numeric.copy()
        looks     = {}
        doubtful  = _in_doubt(analytic, numeric, tolerance)
        for done, i in enumerate(doubtful):
            self.progress(claim.name, done, doubtful.size)
            looks[i]   = self.look(claim, i, numeric[i], tolerance, self._is_small)
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

    def look(self, claim, i, numeric, tolerance, patient=False):
        """A look at the element with flat index i, where differences found the slope `numeric`.

        patient: whether to look long for values that tie
        """
        at, analytic = np.unravel_index(i, claim.point.shape), claim.slopes.flat[i]
        apart  = np.nan_to_num(abs(analytic - numeric), nan=np.inf)
        phi    = claim.phi(i)
        best   = self.estimate(phi, 1.0 if claim.directions else claim.point[at], numeric)
        hidden = best.slack + self.own_rounding(claim.precision)
        larger = max(abs(analytic), abs(best.slope))
        off    = abs(analytic - best.slope) - OWN * tolerance * larger
        if off > hidden and self.case.method == "central":
            hidden += rounding_of_difference(claim, at, best.step)
            if best.slope == 0:                      # is f rounded to a number that does not move?
                hidden += ROUNDING * self.roughness.elsewhere / best.step
        right  = bool(off <= hidden)
        kink   = self._kink(phi, analytic, apart, claim.point[at], tolerance, right)
        if not right and kink is None and self._may_tie(claim):
            kink = self._tie(claim, i, analytic, tolerance, patient)
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
        return best_slope(phi, element, self.rounding, self.roughness.relative)

    def _kink(self, phi, analytic, apart, element, tolerance, right):
        """The Kink that one has to know of to see that the gradient is right, or None."""
        if self.case.method == "complex":            # it has no reach, so no kink lies within it
            return None if right else on_a_kink(phi, analytic, STEP["central"], tolerance,
                                                self.roughness.rounding)
        h      = float(steps(element, "central", self.case.step)) * self.roughness.coarser
        if right and (apart <= self.noise(element) or not is_sudden(phi, h, self.rounding)):
            return None
        beside = beside_a_kink(phi, analytic, apart, h, tolerance, self.rounding)
        if right or self.case.step is not None and beside:
            return beside
        return on_a_kink(phi, analytic, h, tolerance, self.rounding)

    def _tie(self, claim, i, analytic, tolerance, patient):
        """The Kink that only shows in points close by, or None."""
        directions = claim.direction(i)
        step       = small_step(claim.params, directions)

        def slope_near(k, part):
            params = self.near.neighbour(k, part)
            phi    = line(along(self.case.f, params, directions), np.zeros(()), ())
            return central_difference(phi, part * step)
        rounding = self.roughness.rounding / (NEARBY / NEARER * step)
        return among_ties(slope_near, analytic, rounding, tolerance,
                          WIDENED if claim.directions else 0.0, patient)

    def _may_tie(self, claim):
        """Whether it is worth while to look for values that tie, which takes time."""
        return not claim.directions or self._is_small or self._is_bent(claim)

    @property
    def _is_small(self):
        return sum(param.size for param in self.case.params.values()) <= ELEMENTWISE_LIMIT

    def _is_bent(self, claim):
        """Whether a line has a kink at the very point where it is."""
        h = STEP["central"] * self.roughness.coarser
        return is_bent(claim.phi(0), h, self.roughness.rounding)

    def _together(self, claim, row):
        """The row of a block with elements on kinks, each of them right: are they all together?

        Of values that tie, each may claim the slope that belongs to one. So they are moved along a
        few lines.
        """
        grads = {claim.name: self.grads[claim.name]}
        rng   = np.random.default_rng(0)
        moves = sizes(claim.point)
        for direction in (moves, moves * rng.standard_normal(moves.shape)):
            line = along_directions(self.case, claim.name, claim.shape, grads,
                                    {claim.name: direction})
            together = self._row(line, self._numeric(line))
            if together.ok == "NO":
                return together
        return row

    def _rough(self):
        """A Finding, once, if f was found to be rough."""
        if self.unsettled and "roughness" in vars(self):
            self.unsettled = False
            return self.roughness.told()
        return []

    def noise(self, point):
        """How large a slope at this point can be through rounding alone."""
        noise = ROUNDING * self.scale
        if self.case.method == "complex":
            return noise + self.rounding
        return noise + self.rounding / np.min(steps(point, "central", self.case.step), initial=1.0)

    def own_rounding(self, precision):
        """How far rounding can move a slope of the gradient itself, unless the caller knows better.
        """
        rough  = self.case.method == "central" and self.roughness.is_rough
        coarse = rough or precision == "float32" and self.case.tolerance is None
        return (ROUNDING_SINGLE if coarse else ROUNDING) * self.scale

    @cached_property
    def near(self):
        """The points near that of the case."""
        return Neighbourhood(self.case.params)

    @cached_property
    def rounding(self):
        """How far rounding can move what is differenced; measured when it is first asked for."""
        if self.case.method == "complex":
            return rounding_of_slope(self.case)
        return self.roughness.rounding

    @cached_property
    def roughness(self):
        """How rough f is."""
        return Roughness(self.case)


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
