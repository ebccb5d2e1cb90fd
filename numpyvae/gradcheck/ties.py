"""Ties, where values that f compares are equal, as two of the largest in the window of a max pool.

What one of them gains another may lose, so that a step of one element alone need not see a kink.
And any way to share a slope among values that tie is right. Points close by show what a share can
be: there, no values tie, and one of them is the largest. So a gradient is right here if it lies
between the slopes nearby.

That they differ because of a tie, and not because f bends, shows as one comes nearer: at a tie they
stay apart.
"""
from functools import cache

import numpy as np

from .kinks import VISIBLE, Kink
from .slopes import sizes

# So many points nearby are looked at, at most; each element is off by up to NEARBY times its size,
# and NEARER, which is where the slopes are taken, by so many times less.
NEIGHBOURS, NEARBY, NEARER = 128, 5e-7, 16

# Among the first of them some have to differ; if there is time, among the first SOON.
FIRST, SOON = 6, 40

# As one comes nearer, the slopes nearby change by no more than this part of their differences,
# while those of a smooth bend come together.
BENT = 0.1

# The slopes along a line through many ties are sums, of which the points nearby do not show the
# largest and the smallest; a gradient may lie outside by this part of the distance between them.
WIDENED = 0.5


def among_ties(slope_near, analytic, rounding, tolerance, widened=0.0, patient=True):
    """The Kink at a point where values tie, if `analytic` lies between slopes close by; or None.

    slope_near: (the number of a neighbour, how near)  ->  the slope of f there
    rounding: how far rounding can move these slopes
    widened: how far outside it may lie, as a part of the distance between them
    patient: whether to go on where the first slopes do not differ
    """
    slopes = [slope_near(k, NEARBY / NEARER) for k in range(FIRST)]
    for k in range(FIRST, NEIGHBOURS):
        least, most = min(slopes), max(slopes)
        ends = [slope_near(slopes.index(end), NEARBY) - end for end in (least, most)]
        bend = np.abs(ends).max()
        seen = most - least > VISIBLE * rounding
        late = k >= SOON or not patient
        if not seen and late or seen and bend > BENT * (most - least):
            return None
        slack = rounding + 2 * bend / NEARER + (tolerance + widened) * (most - least)
        if seen and least - slack <= analytic <= most + slack:
            return Kink(f"a kink, for values tie there: the slopes nearby lie between {least:.6g} "
                        f"and {most:.6g}")
        slopes.append(slope_near(k, NEARBY / NEARER))
    return None


class Neighbourhood:
    """The points near one where values may tie."""

    def __init__(self, params):
        self.params = params
        self.sizes  = {name: sizes(param) for name, param in params.items()}
        self.moves  = cache(self._moves)

    def neighbour(self, k, part):
        """The k-th neighbour, all parameters moved by up to this part of their size.

        The first is the one where the first of the values that tie is the largest, as argmax has
        it; the second has the last; others are random.
        """
        moves = self.moves(k)
        return {name: param + part * moves[name] for name, param in self.params.items()}

    def _moves(self, k):
        rng, moves = np.random.default_rng(k), {}
        for name, size in self.sizes.items():
            falling     = np.linspace(1.0, -1.0, size.size)
            moves[name] = (falling, -falling)[k] if k < 2 else rng.permutation(falling)
        return {name: self.sizes[name] * moves[name].reshape(self.sizes[name].shape)
                for name in moves}


def small_step(params, directions):
    """How far one may go along these directions, as a part of how near a neighbour is, and exchange
    hardly any two of the values that tie.
    """
    return min(float(np.median(sizes(params[name])[direction != 0]
                               / np.abs(direction[direction != 0])) / (4 * direction.size))
               for name, direction in directions.items() if direction.any())
