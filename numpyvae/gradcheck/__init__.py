"""The gradient check: is the gradient that a backward pass returns the slope of the loss?

A slope can be found without calculus: nudge one parameter p by a small h and see how far the loss
f moves. Taylor's series, f(p + h) = f + h f′ + ½ h² f″ + h³ f‴/6 + …, shows two ways to do it:

    central difference    f′ ≈ (f(p + h) - f(p - h)) / 2h    a step to each side: ½ h² f″ cancels
    complex step          f′ ≈ Im f(p + ih) / h              a step sideways: ½ h² f″ stays real

Both are off by about h² f‴/6, so h should be small. But the central difference subtracts two nearly
equal numbers, and the smaller h is, the fewer of their digits survive: at best about 9 are right.
It works for any f. The complex step subtracts nothing, so h can be 1e-30, and about 15 digits are
right. It needs an f that keeps complex numbers: no abs, no norm, nothing that makes them real.

Both evaluate f for every single parameter, far too slow for training. But they know nothing of the
backward pass, and so are fit to judge it. The whole check is on this page; behind it there are

    slopes, case, behaviour   lines through a point; what is claimed; what f does to its arrays
    second_look               slopes disagree: is f to blame? (best_step, rounding, kinks, ties)
    diagnosis                 what is wrong with the gradient? (evidence, mistakes, relations)
    untested, report, judge   slopes that are all zero; what is said (findings); a student's file

Sources: Squire & Trapp 1998; Martins, Sturdza & Alonso 2003; the notes of CS231n.
"""
import numpy as np

from ..errors import check_choice
from .behaviour import watch
from .case import Case, claims
from .findings import KINDS, Finding
from .report import Report, Row
from .slopes import STEP, as_float64, line, norm, steps

__all__ = ["check_gradients", "assert_gradients", "numeric_gradient", "relative_error",
           "central_difference", "complex_step", "Report", "Row", "Finding", "KINDS",
           "STEP", "TOLERANCE"]


def central_difference(phi, h):
    """The slope of φ at 0, from a step to each side."""
    return (phi(h) - phi(-h)) / (2 * h)


def complex_step(phi, h):
    """The slope of φ at 0, from a step along the imaginary axis."""
    return phi(1j * h).imag / h


METHODS = {"central": central_difference, "complex": complex_step}


def numeric_gradient(f, array, method="central", step=None):
    """The gradient of f at `array`, one element after the other.

    f: takes an array like `array`, returns one number
    method: "central" (any f) or "complex" (an f that keeps complex numbers)
    step: h; by default 1e-30 for complex, 6e-6 for central (times |element|, if that exceeds 1)
    ->  a float64 array of the same shape
    Raises ValueError; TypeError if f does not return one number of double precision, or turns the
    complex step into a real number.
    """
    slope    = METHODS[check_choice("method", method, METHODS)]
    array    = as_float64("array", array)
    h        = steps(array, method, step)
    gradient = np.zeros_like(array)
    for i in np.ndindex(array.shape):
        phi         = line(f, array, i)              # φ(t) = f(array, with t added to element i)
        gradient[i] = slope(phi, h[i])
    return gradient


def relative_error(analytic, numeric):
    """‖analytic - numeric‖ / max(‖analytic‖, ‖numeric‖), where ‖g‖ = √(Σ g²).

    0 if the two are the same, 1 if one is zero, 2 if a sign is flipped; infinite if one is NaN.
    """
    if not np.isfinite(numeric).all():
        return np.inf
    larger = max(norm(analytic), norm(numeric))
    return norm(analytic - numeric) / larger if larger else 0.0


def element_errors(analytic, numeric):
    """|analytic - numeric| / max(|analytic|, |numeric|) of each element, on its own scale."""
    larger = np.maximum(np.abs(analytic), np.abs(numeric))
    errors = np.abs(analytic - numeric) / np.where(larger > 0, larger, 1.0)
    return np.where(np.isfinite(numeric), errors, np.inf)


# Up to this relative error a gradient passes. Of 10,800 right blocks of least squares, softmax
# regressions and small VAEs, 999 in 1,000 are off by at most 2e-7 with central differences, and all
# by 3e-13 with the complex step. Of 24,000 in float32, 999 in 1,000 are off by at most 1e-5, the
# worst, where sums cancel, by 7e-4. The mildest formula in the gallery of bugs is off by 1e-2.
TOLERANCE = {"central": 1e-5, "complex": 1e-11, "float32": 1e-3}


# One element may be off by so many times as much; more could hide behind the large ones.
OWN = 4


def tolerance_of(case, precision):
    """The caller's tolerance or, failing that, that of the method, or of a float32 gradient."""
    return case.tolerance or TOLERANCE[precision]


def check_gradients(f, params, grads, method="central", by="auto", step=None, tolerance=None, rng=0,
                    show=True, terms=None, order=None, sizes=None):
    """Compare a hand-written gradient with differences, block by block, and say what is wrong.

    f: takes a dictionary like params, returns the loss as one number
    params: a dictionary of arrays; grads: the gradient to be judged, a dictionary with the same
        keys, or a function of the parameters that returns one
    method, step: as for `numeric_gradient`
    by: "element"; "direction", along random directions, one through each block and one through all
        of them; "auto", by element if there are at most 2,000; or {"W": "element"}, the rest "auto"
    tolerance: the largest relative error that passes; rng: a seed or a Generator for the directions
    show: print the table, row by row as it grows
    These let it say more.  terms: the terms of the loss, functions like f by name, whose sum is f;
        order: the names of the blocks in the order in which the backward pass makes them; sizes:
        numbers by name, such as {"N": 3, "D": 7}
    ->  a Report: .ok, .untested, .max_error, .rows, .findings (see KINDS); as a string, the table
    Raises ValueError or TypeError; but a gradient that cannot be compared, as for NaN, is reported.
    """
    # rooms that build on this page, and so can be entered only once it is complete
    from .diagnosis import diagnose
    from .second_look import SecondLook
    from .untested import untested

    case   = Case(f, params, method, by, step, tolerance, rng, terms, order, sizes)
    seen   = watch(case, grads)
    report = Report(case.params, case.by, show, seen.faults)
    second_look = SecondLook(case, seen.sound, report.progress)
    for claim in claims(case, seen):         # that claim.slopes are those of claim.f at claim.point
        if claim.slopes is None:             # missing, NaN or of a wrong shape
            report.add(Row(claim.name, claim.shape, notes=claim.problems))
            continue
        numeric = numeric_gradient(claim.f, claim.point, case.method, case.step)
        error   = relative_error(claim.slopes, numeric)
        worst   = element_errors(claim.slopes, numeric).max(initial=0.0)
        if max(error, worst / OWN) <= tolerance_of(case, claim.precision):
            report.add(Row(claim.name, claim.shape, *claim.largest(numeric), error, "yes"))
        else:
            report.add(second_look.at(claim, numeric))
    if report.wrong and seen.comparable:
        report.causes = diagnose(case, seen, second_look, report.wrong)
    report.untested = untested(case, seen.sound, report.rows)
    report.close()
    return report


from .assertion import assert_gradients  # noqa: E402  (here, since it builds on this page)
