"""Mistakes that are relations between numbers: of the gradient, the slopes, and the parameters.

The catalogue goes on here. What a clip, a small constant or a forgotten penalty makes of the right
gradient depends on a number that nobody tells: it is read off the gradient, and then has to explain
every element.
"""
import numpy as np

from .findings import Finding
from .mistakes import ratio
from .slopes import norm

# A gradient was clipped if at least so many of its elements are exactly at a bound.
CLIPPED = 2

# The norm of all gradients is round if it has two significant digits, up to this part of it (some
# divide by the norm + 1e-6).
ROUND = 1e-5

# Small constants are not larger than this, and at least so many elements have to tell the same one.
LARGEST, TELLING = 2e-3, 3

# Slopes beyond this size, or as far beyond 1, are not raised to a power.
TINY = 1e-100

# No variance is larger than the exponential of this.
MOST = 100.0

# The slopes of log(p + c), 1 / (p + c), √(p + c) and 1 / √(p + c) are, to the power -1, -1/2, -2
# and -2/3, a multiple of p + c; the same multiple for all p, to this part of it.
POWERS, SAME = (1, 1/2, 2, 2/3), 0.01

CONSTANT = ("{who} has a small constant that {other} leaves out, about {c:.1g}, as in log(p + "
            "1e-7): put it into both, or into none")


# ---------------------------------------------------------------------- clipping

def of_clipping(block):
    """Every element cut off at a bound, the same to both sides or one for each."""
    grad = block.grad.astype(np.float64)
    most = np.abs(grad).max()
    for low, high in ((-most, most), (min(grad.min(), 0.0), max(grad.max(), 0.0))):
        at    = [block.off() & (block.analytic == bound) for bound in (low, high)]
        count = [part.sum() for part in at]
        bound = " or ".join(f"{each:.6g}" for each, cut in zip((low, high), count) if cut)
        cut   = sum(count)
        if cut >= CLIPPED and (low == -high or 1 not in count):
            yield np.clip(block.numeric, low, high), Finding("clipped", f"it was clipped: {cut} of "
                f"its elements are cut off at {bound}; compare it before it is clipped")


def clipped_by_norm(factor, grads):
    """A Finding if gradients that are too small by a factor have a norm that somebody has chosen.
    """
    size = norm(*grads.values())
    if not (0 < factor < 1 and _is_round(size)):
        return None
    return Finding("clipped", f"{factor:.6g} times the numeric gradient, and the norm of all of it "
                   f"is {size:.2g}: it was clipped to this norm; compare it before it is clipped")


def _is_round(number):
    return bool(number and abs(number / float(f"{number:.1e}") - 1) < ROUND)


# ---------------------------------------------------------------------- small constants

def of_small_constants(block, sizes):
    """A constant beside p in f, log(p + c), but not in its gradient, 1/p, or the other way round.
    """
    a, r = block.analytic, block.numeric
    seen = block.off() & (a * r > 0)
    if seen.sum() < TELLING:
        return
    for power in POWERS:
        yield from _beside_p(block, seen, power, a, r, in_f=True)
        yield from _beside_p(block, seen, power, r, a, in_f=False)
    for scale in (1, *sizes.values()):
        # the logits of p: the gradient is p - 1, f's slope (p - 1) p / (p + c)
        yield from _of_logits(block, seen, scale, a, r, in_f=True)
        yield from _of_logits(block, seen, scale, r, a, in_f=False)


def _beside_p(block, seen, power, without, with_it, in_f):
    p = block.here
    size = np.abs([without, with_it])
    if not (np.all(p > 0) and TINY < size.min() and size.max() < 1 / TINY):
        return
    multiple = np.abs(without) ** -power / p
    c        = float(np.median((np.abs(with_it) ** -power / multiple - p)[seen]))
    if np.ptp(multiple) < SAME * np.abs(multiple).max() and 0 < abs(c) <= LARGEST:
        inside = 1 + (-c if in_f else c) / (p + c if in_f else p)
        yield block.numeric * np.abs(inside) ** (-1 / power), _constant(in_f, abs(c))


def _of_logits(block, seen, scale, without, with_it, in_f):
    p = 1 - scale * np.abs(without)
    c = float(np.median(p[seen] * (without[seen] / with_it[seen] - 1)))
    if np.all(p[seen] > 0) and 0 < c <= LARGEST:
        factor = np.where(p > 0, 1 + c / np.where(p > 0, p, 1.0), 1.0)
        yield block.numeric * (factor if in_f else 1 / factor), _constant(in_f, c)


def _constant(in_f, c):
    who, other = ("f", "the gradient") if in_f else ("the gradient", "f")
    return Finding("constant", CONSTANT.format(who=who, other=other, c=c))


# ---------------------------------------------------------------------- the parameters themselves

def of_parameters(block, sizes):
    """What is proportional to the parameters: an L2 penalty, a KL divergence, σ where p = log σ².
    """
    p, right = block.here, block.numeric
    error    = block.analytic - right
    if p.size < TELLING or not np.any(error):
        return
    missing  = ratio(error, p)
    yield right + missing * p, Finding("penalty", f"{_by(missing)} the parameter itself: the share "
                                       "of a penalty ½ λ p², or of a KL divergence ½ μ²")
    variance = np.exp(np.minimum(p, MOST))
    missing  = ratio(error, variance - 1)
    yield right + missing * (variance - 1), Finding("penalty", f"{_by(missing)} exp(p) - 1, p "
        "being the parameter itself: the share of a KL divergence ½ (σ² - 1 - log σ²)")
    for weight in (0, 0.5, *(0.5 / size for size in sizes.values())):
        kl = weight * (variance - 1)
        yield kl + (right - kl) * np.sqrt(variance), Finding("power", "½ σ² stands where ½ σ "
            "should, p = log σ² being the parameter itself: with σ = exp(½ p), dσ/dp = ½ σ")


def _by(missing):
    return f"{'it lacks' if missing < 0 else 'it has, too much,'} {abs(missing):.6g} times"
