"""Kinks, where differences are wrong: a step across one meets two slopes and finds a mixture.

relu has a kink at 0, as abs and max have where they change over. What follows looks at one line
through the point, φ(t), with the slopes to the left and to the right of 0 taken separately. Either
the kink lies beside 0, within the step; then a smaller step stays on this side of it. Or 0 lies on
the kink; then there are two slopes, and any between them is a right one.
"""
import numpy as np


# The steps that try to get clear of a kink: h, h/4, …, h/4096. Of 4,000 kinks within h, the first
# quartering left 41 % within reach, the next ones 10, 2.5, 0.6, 0.2 and 0.05 %.
QUARTERED = 0.25 ** np.arange(7)

# A kink so slight that rounding hides it with the last of these steps is sought up to this one.
COARSER = 3

# A kink is seen if the slopes to its two sides differ by this many times their rounding. Of 10,000
# smooth slopes, taken with the finest of these steps, 1 in 1,000 looks like that.
VISIBLE = 10

# At a kink, these slopes differ by the same amount with all of the steps, give or take this factor
# (at 2,000 kinks: 1.04 at most). A smooth function's come together, and those of a jump part.
LASTING = 2

# As the step is quartered, the slopes on the two sides of a smooth bend come together by 4.
SUDDEN = 8

# A step that is clear of a kink beside 0, and the next smaller one, have to agree, or none will.
CLEAR = 2

# What explains a disagreement is believed only if it leaves at most a tenth of it.
CONVINCING = 10


class Kink:
    """A kink that excuses a disagreement.  slope: that of f beside it; NaN where 0 lies on it."""

    def __init__(self, sentence, slope=np.nan):
        self.sentence, self.slope = sentence, slope


def beside_a_kink(phi, analytic, apart, h, tolerance, rounding):
    """The Kink within the step h from 0, if `analytic` is the slope on this side of it; or None.

    A smaller step does not reach it, so that the slopes to the two sides of 0 no longer differ. One
    such step must either do away with the whole disagreement (`apart`), to the tolerance; or agree
    with `analytic`, as far as its own rounding lets one see: that of the largest two such steps.

    rounding: that of φ
    """
    bend, clear = gap(phi, h), 0
    for finer in h * QUARTERED:
        slope   = sum(sides(phi, finer)) / 2
        off     = abs(analytic - slope)
        clear  += gap(phi, finer) <= bend / CONVINCING + VISIBLE * rounding / finer
        gone    = off <= tolerance * apart < np.inf
        agrees  = off <= min(apart / CONVINCING, tolerance * abs(analytic) + rounding / finer)
        visible = bend > VISIBLE * rounding / finer
        if gone or agrees and clear and visible:
            return Kink(f"a kink or a strong bend lies within the step of {h:.0e}; the numeric "
                        f"slope was taken with {finer:.0e}", slope)
        if clear == CLEAR:
            return None
    return None


def is_sudden(phi, h, rounding):
    """Whether the slopes on the two sides of 0 come together suddenly as the step is quartered, as
    they do where it no longer reaches a kink; those of a smooth bend do so by and by.
    """
    wide = gap(phi, h)
    for finer in h * QUARTERED[1:]:
        narrow = gap(phi, finer)
        if wide > SUDDEN * narrow + VISIBLE * rounding / finer:
            return True
        wide = narrow
    return False


def on_a_kink(phi, analytic, h, tolerance, rounding):
    """The Kink at 0 itself, if `analytic` is a slope between those of its two sides; or None.

    All of these are in use: for relu at 0, some take 0, some 1, some ½.
    """
    if not is_bent(phi, h, rounding):
        return None
    left, right, slack = _two_slopes(phi, h, rounding)
    slack += tolerance * abs(right - left)
    if min(left, right) - slack <= analytic <= max(left, right) + slack:
        return Kink(f"a kink: the slope is {left:.6g} to the left of the point and {right:.6g} to "
                    "its right")
    return None


def is_bent(phi, h, rounding):
    """Whether 0 lies on a kink: the slopes of its two sides differ, and by the same amount however
    small the step.
    """
    first = gap(phi, h)
    last  = len(QUARTERED) if VISIBLE * rounding / (h * QUARTERED[-1]) < first else COARSER + 1
    noise = VISIBLE * rounding / (h * QUARTERED[last - 1])
    return bool(first > noise and all(first / LASTING <= gap(phi, finer) <= first * LASTING + noise
                                      for finer in h * QUARTERED[1:last][::-1]))


def _two_slopes(phi, h, rounding):
    """The slopes on the two sides of 0, and how far they may be off; with the step that suits."""
    tries = []
    for finer in h * QUARTERED[:-1]:
        left, right = sides(phi, finer)
        nearer      = sides(phi, finer / 4)
        change      = max(abs(nearer[0] - left), abs(nearer[1] - right))
        tries.append((2 * (rounding / finer + change), left, right))
    slack, left, right = min(tries)
    return left, right, slack


def sides(phi, h):
    """The slopes of φ to the left and to the right of 0, each over the distance h."""
    return (phi(0.0) - phi(-h)) / h, (phi(h) - phi(0.0)) / h


def gap(phi, h):
    """By how much the slopes of φ on the two sides of 0 differ."""
    left, right = sides(phi, h)
    return abs(right - left)
