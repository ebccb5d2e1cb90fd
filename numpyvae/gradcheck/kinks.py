"""Kinks, where differences are wrong: a step across one meets two slopes and finds a mixture.

relu has a kink at 0, as abs and max have where they change over. What follows looks at one line
through the point, φ(t), with the slopes to the left and to the right of 0 taken separately. Either
the kink lies beside 0, within the step; then a smaller step stays on this side of it. Or 0 lies on
the kink; then there are two slopes, and any between them is a right one.
"""
import numpy as np

from .rounding import ROUNDING

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

# Where values tie, as in max pools that overlap, what one of them gains another may lose, so that
# a step of one element alone sees no kink. Then so many points nearby are looked at, which are
# off by up to this part of the elements, and where no values tie any more.
NEIGHBOURS, NEARBY = 128, 5e-7

# Among the first of them some have to differ, or there is no kink; and still with moves so much
# smaller.
FIRST, NEARER = 6, 16

# As one comes nearer, the slopes on a kink change by no more than this part of their differences.
BENT = 0.01

# What explains a disagreement is believed only if it leaves at most a tenth of it.
CONVINCING = 10


class Kink:
    """A kink that excuses a disagreement.  slope: that of f beside it; NaN where 0 lies on it."""

    def __init__(self, sentence, slope=np.nan):
        self.sentence, self.slope = sentence, slope


def beside_a_kink(phi, analytic, apart, h, tolerance):
    """The Kink within the step h from 0, if `analytic` is the slope on this side of it; or None.

    A smaller step does not reach it. So one of the smaller steps must either do away with the whole
    disagreement (`apart`), to the tolerance; or agree with `analytic` as far as its own rounding
    lets one see, provided that the slopes to the two sides of 0 were seen to differ.
    """
    bend = gap(phi, h)
    for finer in h * QUARTERED:
        rounding = ROUNDING * abs(phi(0.0)) / finer
        slope    = sum(sides(phi, finer)) / 2
        off      = abs(analytic - slope)
        gone     = off <= tolerance * apart < np.inf
        agrees   = off <= min(apart / CONVINCING, tolerance * abs(analytic) + rounding)
        if gone or agrees and bend > VISIBLE * rounding:
            return Kink(f"a kink or a strong bend lies within the step of {h:.0e}; the numeric "
                        f"slope was taken with {finer:.0e}", slope)
    return None


def on_a_kink(phi, analytic, h, tolerance):
    """The Kink at 0 itself, if `analytic` is a slope between those of its two sides; or None.

    All of these are in use: for relu at 0, some take 0, some 1, some ½. It is a kink if the slopes
    of its two sides differ, and by the same amount however small the step.
    """
    gaps        = [gap(phi, finer) for finer in h * QUARTERED]
    last        = -1 if _rounded(phi, h * QUARTERED[-1]) * VISIBLE < gaps[0] else COARSER
    gaps        = gaps[:last] + [gaps[last]]
    finest      = h * QUARTERED[last]
    left, right = sides(phi, finest)
    rounding    = _rounded(phi, finest)
    slack       = tolerance * gaps[0] + rounding
    visible     = gaps[0] > VISIBLE * rounding
    stays_open  = min(gaps) >= gaps[0] / LASTING
    stays_small = max(gaps) <= gaps[0] * LASTING + VISIBLE * rounding
    between     = min(left, right) - slack <= analytic <= max(left, right) + slack
    if visible and stays_open and stays_small and between:
        return Kink(f"a kink: the slope is {left:.6g} to the left of the point and {right:.6g} to "
                    "its right")
    return None


def _rounded(phi, h):
    """How far rounding can move a slope over the distance h."""
    return ROUNDING * abs(phi(0.0)) / h


def among_ties(slope_near, analytic, rounding, tolerance):
    """The Kink at a point where values tie, if `analytic` lies between slopes close by; or None.

    Any way to share a slope among values that tie is right, and points close by show what a share
    can be: there, one of them is the largest.

    slope_near: the k-th neighbour, moved by a part of the elements -> the slope of f there
    rounding: how far rounding can move these slopes
    """
    slopes = [slope_near(k, NEARBY) for k in range(FIRST)]
    for k in range(FIRST, NEIGHBOURS):
        least, most = min(slopes), max(slopes)
        if not most - least > VISIBLE * rounding:
            return None
        # a smooth bend moves these slopes as well; on a kink, they stay apart as one comes nearer
        nearer = [slope_near(slopes.index(end), NEARBY / NEARER) for end in (least, most)]
        bend   = max(abs(nearer[0] - least), abs(nearer[1] - most))
        if bend > BENT * (most - least):
            return None
        slack  = rounding + 2 * bend + tolerance * (most - least)
        if least - slack <= analytic <= most + slack:
            return Kink(f"a kink, for values tie there: the slopes nearby lie between {least:.6g} "
                        f"and {most:.6g}")
        slopes.append(slope_near(k, NEARBY))
    return None


def neighbour(params, k, part):
    """The k-th neighbour of a point, all parameters moved by up to this part of their size.

    The first is the one where the first of the values that tie is the largest, as argmax has it;
    the second has the last; others are random.
    """
    rng, moved = np.random.default_rng(k), {}
    for name, param in params.items():
        falling = np.linspace(1.0, -1.0, param.size)
        moves   = (falling, -falling)[k] if k < 2 else rng.permutation(falling)
        moved[name] = param + part * sizes(param) * moves.reshape(param.shape)
    return moved


def sizes(param):
    """The size of each parameter; of those that are zero, that of a typical other one."""
    size = np.abs(param)
    some = size[size > 0]
    return np.where(size > 0, size, np.median(some) if some.size else 1.0)


def sides(phi, h):
    """The slopes of φ to the left and to the right of 0, each over the distance h."""
    return (phi(0.0) - phi(-h)) / h, (phi(h) - phi(0.0)) / h


def gap(phi, h):
    """By how much the slopes of φ on the two sides of 0 differ."""
    left, right = sides(phi, h)
    return abs(right - left)
