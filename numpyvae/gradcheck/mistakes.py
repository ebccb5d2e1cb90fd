"""The catalogue of mistakes: what each of them would have made of the right gradient.

Each line yields just that, and what is to be said if the gradient is the same. Of the mistakes in a
part of the catalogue the one is named that explains the gradient best, provided that it explains it
at least ten times better than no mistake does (see evidence.py). A new mistake is a new line:

    yield -right, Finding("sign", "the sign is flipped")
"""
import itertools

import numpy as np

from . import relative_error
from .findings import Finding
from .kinks import CONVINCING
from .slopes import norm

# Two gradients are parallel if less than this part of one points elsewhere.
ALONG = 1e-3

# On a number without a name. Of a block that only passes an error on, which may lie along a single
# line, such a sentence could be true by chance.
UNNAMED = ("some-factor", "some-weight")

SUMMED     = Finding("summed", "every element is the sum of all of them: is an axis=0 missing?")
TRANSPOSED = Finding("transposed", "it is the transpose of the right one; where y = x W, "
                                   "dW = xᵀ dy")
NOT_SUMMED = ("it was not summed over the batch, as the gradient of a bias has to be, since the "
              "bias is broadcast to every example; its sum is right, db = dy.sum({axes})")
RESHAPED   = Finding("reshaped", "the right numbers in another shape; reshape it, or leave "
                                 "keepdims out")


def best(block, catalogue):
    """The mistake that explains a block best, as a Finding, or None if none explains it.

    Mistakes that explain it ten times better than they need to are equally good: the first counts.
    """
    fits = [(max(relative_error(block.analytic, made), block.allowed / 10), mistake)
            for made, mistake in catalogue if block.is_explained_by(made)]
    return min(fits, key=lambda fit: fit[0])[1] if fits else None


# ---------------------------------------------------------------------- the catalogue

def of_every_element(block, sizes):
    """Mistakes that show in every element."""
    right = block.numeric
    yield -right, Finding("sign", "the sign is flipped")
    for factor, times, culprit in named_factors(sizes):
        so_many = f"{times} the numeric gradient"
        yield +factor * right, Finding("factor", f"{so_many}: {culprit}")
        yield -factor * right, Finding("factor", f"{so_many}, with its sign flipped: {culprit}")
    if block.whole:
        yield np.full_like(right, right.sum()), SUMMED


def of_some_factor(block):
    """A factor without a name, the same for each element. (If a single element is not zero, some
    factor explains anything.)
    """
    right  = block.numeric
    factor = ratio(block.analytic, right)
    sign   = ", with its sign flipped" if factor < 0 else ""
    left   = np.abs(block.analytic - factor * right)
    same   = left <= abs(factor - 1) * np.abs(right) / CONVINCING + block.slack
    if same.all() and np.sum(np.abs(right) > block.allowed * np.abs(right).max()) != 1:
        yield factor * right, Finding("some-factor", f"{abs(factor):.6g} times the numeric "
                                      f"gradient{sign}: a factor is missing, or one too many")


def of_arrangement(grad, shape):
    """Mistakes in how the numbers are arranged, each of them undone: that has to be right then."""
    yield grad.T, TRANSPOSED
    summed = sum_to(grad, shape)
    if summed.size < grad.size:
        axes = summed_axes(grad, shape)
        yield summed, Finding("not-summed", NOT_SUMMED.format(axes=axes))
    if grad.size == np.prod(shape):
        yield grad.reshape(shape), RESHAPED


def of_terms(block, sizes):
    """Mistakes in one term of the loss, all others being right."""
    right = block.numeric
    for name, slopes in telling_terms(block):
        term = f"the term {name} of the loss"
        yield right - slopes,     Finding("term", f"{term} is missing")
        yield right - 2 * slopes, Finding("term", f"{term} has the wrong sign")
        yield right + slopes,     Finding("term", f"{term} is counted twice, or a ½ forgotten")
        for weight, times, culprit in named_factors(sizes):
            made = right + (weight - 1) * slopes
            yield made, Finding("term", f"{term} counts for {times} what it should: {culprit}")


def of_some_weight(block):
    """A weight without a name, of one term of the loss. (It takes three elements to tell it; and if
    the slopes of the term are a multiple of all slopes, any error may well be one, too.)
    """
    right = block.numeric
    for name, slopes in telling_terms(block):
        weight = 1 + ratio(block.analytic - right, slopes)
        made   = right + (weight - 1) * slopes
        if slopes.size > 2 and not parallel(slopes, right):
            yield made, Finding("some-weight", f"the term {name} of the loss counts for "
                                f"{weight:.6g} times what it should")


# ---------------------------------------------------------------------- what it is made of

def telling_terms(block):
    """The terms of the loss with slopes that can tell something: two or more, not nearly zero."""
    least = max(block.allowed * norm(block.numeric), block.noise * block.numeric.size ** 0.5)
    for name, slopes_of in block.terms.items():
        slopes = slopes_of()
        if slopes.size > 1 and norm(slopes) > least:
            yield name, slopes


def sum_to(grad, shape):
    """The sum of grad over those axes along which an array of this shape is broadcast to grad's."""
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    ones = tuple(i for i, size in enumerate(shape[:grad.ndim]) if size == 1)
    return grad.sum(axis=ones, keepdims=True)


def summed_axes(grad, shape):
    """The arguments of the sum that `sum_to` takes, as one writes them."""
    added = grad.ndim - len(shape)
    ones  = [added + i for i, size in enumerate(shape) if size == 1 < grad.shape[added + i]]
    axes  = [*range(added), *ones]
    axis  = axes[0] if len(axes) == 1 else tuple(axes)
    return f"axis={axis}, keepdims=True" if ones and not added else f"axis={axis}"


def ratio(a, b):
    """The factor c for which c b comes closest to a, by least squares."""
    largest = np.abs(b).max(initial=0.0) or 1.0      # divided out, so that no square overflows
    b = b / largest
    return float(np.sum(a / largest * b) / (np.sum(b * b) or 1.0))


def parallel(a, b):
    """Whether a is a multiple of b, or nearly: a line that is left of many dimensions."""
    return norm(a - ratio(a, b) * b) <= ALONG * norm(a)


# ---------------------------------------------------------------------- factors that have a name

# What to say if the gradient is too large by this factor, and if it is too small.
TWO     = ("a ½ is missing, as that of std = exp(½ logvar) or of ½ error², or it was added up "
           "twice",
           "there is a ½ too many, as that of std = exp(½ logvar) or of ½ error², or one of two "
           "paths is missing")
SIZES   = {"N": ("f is a mean over the batch and the gradient a sum: 1/N is missing",
                 "it is divided by the batch size once too often, as by a mean instead of a sum "
                 "over the batch"),
           "D": ("f averages over D, as over pixels, and the gradient adds up: 1/D is missing",
                 "the gradient averages over D, as over pixels, and f adds up: it has a 1/D too "
                 "many")}
COUNTS  = ("f averages over {name} and the gradient adds up",
           "the gradient averages over {name} and f adds up")
NUMBERS = ("it is multiplied by {name} once too often, or not divided by it",
           "it is divided by {name} once too often, or not multiplied by it")


def named_factors(sizes):
    """The factors that have a name: value, words, culprit; if two are equal, both are named."""
    names = {}
    for factor, times, culprit in _factors(sizes):
        names.setdefault(factor, []).append((times, culprit))
    for factor, same in names.items():
        yield factor, " or ".join(times for times, _ in same), "; or ".join(why for _, why in same)


def _factors(sizes):
    yield 2,   "twice", TWO[0]
    yield 1/2, "half",  TWO[1]
    sizes = [(name, size) for name, size in sizes.items() if size != 1]
    pairs = [(f"{one} {two}", a * b) for (one, a), (two, b) in itertools.combinations(sizes, 2)]
    for name, size in sizes + pairs:
        words   = SIZES.get(name, COUNTS if size == int(size) else NUMBERS)
        inverse = f"1/({name})" if " " in name else f"1/{name}"
        too_large, too_small = (culprit.format(name=name) for culprit in words)
        yield size,     f"{name} = {size:g} times",          too_large
        yield 1 / size, f"{inverse} ({name} = {size:g}) of", too_small
