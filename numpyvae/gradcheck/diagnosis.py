"""What is wrong with a gradient, in sentences: the gradient check speaks through this.

A gradient that fails the check is held against what common mistakes would have made of the right
one: its negative, its double, N times it, its transpose, it without one of the loss's terms. A
mistake is named only if it explains the gradient at least ten times better than no mistake does,
and the numbers that speak for it are told with it.
"""
import contextlib
import itertools
import math

import numpy as np

from ..errors import InvalidTypeError, InvalidValueError, check_number

# two calls that differ by more, relatively, do not differ by rounding alone
FRESH = 1e-9

# of a large block that is wrong along a direction, so many elements tell why
SAMPLE = 12
# the error of a value or a slope, relative to what it was summed from
ROUNDING = 16 * np.finfo(np.float64).eps
# an error below this one is no wrong formula, but something rounded or slightly moved
SMALL = 2e-6

# What a factor is likely to come from: in the gradient where f has none of it, and the other way
# round.
FACTORS = {2: ("a ½ is missing, as that of std = exp(½ logvar) or of ½ error², or it was added up "
               "twice", "there is a ½ too many, as that of std = exp(½ logvar) or of ½ error², or "
               "one of two paths is missing"), "N": ("f is a mean over the batch and the gradient "
                                                     "a sum: 1/N is missing",
                                                     "it is divided by the batch size once too "
                                                     "often, as where a mean stands for a sum over "
                                                     "the batch"), "D": ("f averages over D, as "
                                                                         "over pixels, and the "
                                                                         "gradient adds up: 1/D is "
                                                                         "missing",
                                                                         "the gradient averages "
                                                                         "over D, as over pixels, "
                                                                         "and f adds up: it has a "
                                                                         "1/D too many")}
COUNTS = ("f averages over {name} and the gradient adds up",
          "the gradient averages over {name} and f adds up")
NUMBERS = ("it is multiplied by {name} once too often, or not divided by it",
           "it is divided by {name} once too often, or not multiplied by it")


class Block:
    """The gradient of one block of parameters, as it was given, and what differencing says of it.

    name, shape: of the parameters; grad: the gradient to be judged, an array of any shape
    index: the flat indices of the elements that were varied; numeric: the slopes of f there
    tolerance: the relative error, by norm, that a right gradient may have; noise: how large a slope
    of mere rounding is
    terms: {name of a term of the loss: a function that returns its slopes at the same elements}
    doubt: where the complex step and a central difference disagree: which of the elements, and the
    latter's slope
    """

    def __init__(self, name, shape, grad, index, numeric, tolerance, noise, terms, doubt=None):
        self.name, self.shape, self.grad, self.index, self.numeric = name, shape, grad, index, numeric
        self.noise, self.terms, self.doubt = noise, terms, doubt
        # whether every element was varied
        self.whole = index.size == np.prod(shape)
        self.analytic = grad.ravel()[index].astype(np.float64) if grad.shape == shape else None
        self.error = np.inf if self.analytic is None else error(self.analytic, numeric)
        self.looks_right = self.analytic is not None and agree(self.analytic, numeric, tolerance,
                                                               noise)
        # An explanation has to be ten times better than none; beyond that, it may be as good as the
        # gradient's digits.
        digits = 10 * float(np.finfo(grad.dtype).eps) if grad.dtype.kind == "f" else 0.0
        self.allowed = min(max(10 * tolerance, digits), self.error / 10)

    def is_explained_by(self, slopes):
        """Whether these slopes, which a mistake would have made of the numeric ones, are the
        gradient's.
        """
        return agree(self.analytic, slopes, self.allowed, self.noise)

    def is_right_as(self, grad):
        """Whether this array, which was made from the gradient, is what the gradient should have
        been.
        """
        return grad.shape == self.shape and agree(grad.ravel()[self.index], self.numeric,
                                                  self.allowed, self.noise)

    def place(self, i):
        """The i-th of the elements that were varied, as one writes it: W[2, 1]."""
        return str(self.name) + (str(list(map(int, np.unravel_index(self.index[i], self.shape))))
                                 if self.shape else "")


def examine(differences, name, grad, by, tolerance, terms, rng):
    """A wrong block, differenced anew for its diagnosis: by element, or by some of them, and by
    term of the loss.

    differences: how f is differenced, see gradcheck.py; by: "element" or "direction"; terms:
    functions like f, by name """
    line, steps = differences.elements(name)
    index = np.arange(len(steps))
    # half of it where the gradient is large, half of it anywhere
    if by == "direction" and len(steps) > SAMPLE:
        large = np.argsort(-np.abs(grad.ravel()))[:SAMPLE // 2] if grad.size == len(steps) else []
        index = np.unique([*large, *rng.choice(len(steps), SAMPLE // 2, replace=False)]).astype(int)
    numeric, noise = differences.slopes(line, steps, index), differences.noise(steps)
    # what lies on a kink, or beside it, would hide the pattern
    if differences.method == "central" and index.size:
        limit = 1e-3 * np.abs(numeric).max() + 10 * noise
        kinks = [_bend(line(i), steps[i]) > limit and not _bend(line(i), steps[i] / 16)
                 < _bend(line(i), steps[i]) / 4 for i in index]
        index, numeric = index[~np.array(kinks)], numeric[~np.array(kinks)]
    # what a central difference says, if it is something else
    doubt = None
    if differences.method == "complex" and index.size and grad.size == len(steps):
        i = np.argmax(np.abs(grad.ravel()[index] - numeric))
        phi = line(index[i])
        slope, finer = ((phi(h) - phi(-h)) / (2 * h) for h in (6e-6, 1.5e-6))
        # it has settled, on something else
        if abs(slope - finer) < 1e-4 * abs(finer) < 0.1 * abs(finer - numeric[i]):
            doubt = i, finer

    def slopes_of(term):
        of_term = differences.of(term)
        return lambda: of_term.slopes(*of_term.elements(name), index)

    return Block(name, differences.params[name].shape, grad, index, numeric, tolerance, noise,
                 {term: slopes_of(f) for term, f in terms.items()}, doubt)


def _bend(phi, h):
    """By how much the slopes of φ to the right and to the left differ; of a smooth function, this
    falls with h.
    """
    return abs(phi(h) - 2 * phi(0.0) + phi(-h)) / h


def explain(wrong, blocks, right, sizes, order):
    """Where the error enters, and what is wrong: one sentence for all blocks that share a
    diagnosis.

    wrong: the names of all wrong blocks; blocks: those of them that can be differenced, as Blocks
    right: the gradients that are right, by name; sizes: {"N": 3, …}
    order: the names of all blocks, first the one whose gradient is made first, or None
    """
    sentences = [_where(wrong, order)] if order and len(order) > 1 else []
    first = min(map(order.index, wrong)) if order else None
    alike, passed_on = {}, []
    for block in sorted(blocks, key=lambda block: order.index(block.name)) if order else blocks:
        alike.setdefault(_diagnose(block, blocks, right, sizes), []).append(block)
    for diagnosis, those in alike.items():
        if diagnosis:
            names = ", ".join(str(block.name) for block in those)
            sentences.append(f"{names}: {diagnosis}{_evidence(those)}")
            continue
        for block in those:
            if order and order.index(block.name) > first:
                passed_on.append(block.name)
            else:
                sentences.append(_worst(block))
    if passed_on:
        names = ", ".join(map(str, passed_on))
        sentences.append(f"{names}: no simple rule; later in backward order than {order[first]}, "
                         "it may only pass the error on")
    return sentences


def _where(wrong, order):
    """The first wrong block in backward order, and what is right before it and after it."""
    first = min(map(order.index, wrong))
    before, after = order[:first], order[first + 1:]
    if after and not set(after) & set(wrong):
        return (f"the error enters at {order[first]} and goes no further, for all else is right: "
                "look at the line that makes this gradient, from which nothing else is made")
    if before:
        return (f"the error enters at {order[first]}: what comes before it in backward order is "
                f"right ({', '.join(map(str, before))})")
    return (f"the error enters at {order[first]}, the first block in backward order"
            + (", and all are wrong: begin with the gradient of the loss itself" if set(after) <= set(wrong) else ""))


# ---------------------------------------------------------------------- one mistake after the other

def _diagnose(block, wrong, right, sizes):
    """The mistake that explains a wrong block, or None."""
    if block.analytic is None:
        return _shape(block)
    if block.doubt:
        i, slope = block.doubt
        return (f"f does not keep complex numbers: at {block.place(i)} the complex step gives "
                f"{block.numeric[i]:.6g}, a central difference {slope:.6g}; mend what takes "
                "absolute values (np.abs, np.var, np.std, a norm), " 'or take method="central"')
    if not np.isfinite(block.numeric).all():
        i = np.argmin(np.isfinite(block.numeric))
        return (f"f is NaN or infinite beside {block.place(i)}: an overflow, or a logarithm or "
                "root of what may not be negative? Close to where f ends, take a smaller step=")
    if not block.index.size:
        return "all elements that were looked at lie on a kink of f, or beside one: try it at another point"
    if block.looks_right:
        return 'wrong, though not in the elements that were looked at; compare it with by="element"'
    return (_coarse(block) or _zero(block) or _factor(block, sizes) or _transposed(block)
            or _overwritten(block, wrong, right) or _exchanged(block, wrong, right)
            or _summed(block) or _term(block, sizes) or _part(block, sizes))


def _shape(block):
    expected, grad = f"expected a gradient of shape {block.shape}, got {block.grad.shape}", block.grad
    if not block.index.size:
        return expected
    if block.is_right_as(grad.T):
        return f"{expected}: it is the transpose of the right one; where y = x W, dW = xᵀ dy"
    summed = _sum_to(grad, block.shape)
    if block.is_right_as(summed) and summed.size < grad.size:
        return (f"{expected}: it was not summed over the batch, as that of a bias has to be, which "
                "is broadcast to every example; its sum is right, db = dy.sum(axis=0)")
    if grad.size == np.prod(block.shape) and block.is_right_as(grad.reshape(block.shape)):
        return f"{expected}: the right numbers in another shape; reshape it, or leave keepdims out"
    total = block.numeric.sum(keepdims=True)
    if block.whole and grad.size == 1 and agree(grad.ravel(), total, block.allowed, block.noise):
        return f"{expected}: it is the sum over all elements: is an axis=0 missing?"
    return expected


def _sum_to(grad, shape):
    """The sum of grad over the axes along which an array of this shape is broadcast to grad's
    shape.
    """
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    return grad.sum(axis=tuple(i for i, size in enumerate(shape[:grad.ndim]) if size == 1),
                    keepdims=True)


def _coarse(block):
    dtype = block.grad.dtype
    if dtype.kind != "f" and np.array_equal(block.analytic, np.trunc(block.numeric)):
        return f"its dtype is {dtype}: what stands behind the point was cut off; let it be float64"
    off = block.error
    if dtype in (np.float16, np.float32) and off < min(3e4 * float(np.finfo(dtype).eps), 0.01):
        return f"its dtype is {dtype}, too coarse to tell an error of {off:.0e} from rounding; let it be float64"
    if off < SMALL:
        return (f"right to {int(-np.log10(off))} digits, and wrong after that: is something on the "
                "way in single precision, or has a small constant slipped in, as in log(p + 1e-7)?")
    return None


def _zero(block):
    if not block.analytic.any():
        return "the gradient is zero: missing, never filled in, or cut off by a mask"
    if agree(block.numeric, 0 * block.numeric, 0, block.noise):
        return "the gradient is not zero, but f does not depend on it"
    return None


def _factor(block, sizes):
    factor = _ratio(block.analytic, block.numeric)
    if not block.is_explained_by(factor * block.numeric):
        return None
    sign = ", with its sign flipped" if factor < 0 else ""
    if abs(factor + 1) <= block.allowed:
        return "the sign is flipped"
    named = _named(factor, block.allowed, sizes)
    if named:
        return f"{named[0]} the numeric gradient{sign}: {named[1]}"
    if np.sum(np.abs(block.numeric) > block.allowed * np.abs(block.numeric).max()) == 1:
        # some factor leads from any number to any other
        return None
    return f"{abs(factor):.6g} times the numeric gradient{sign}: a factor is missing, or one too many"


def _transposed(block):
    if len(block.shape) == 2 and block.is_right_as(block.grad.T):
        return "it is the transpose of the right one; where y = x W, dW = xᵀ dy"
    return None


def _overwritten(block, wrong, right):
    for name, grad in [(other.name, other.grad) for other in wrong
                       if other is not block] + list(right.items()):
        if _overlap(block.grad, grad):
            return f"its gradient shares memory with that of {name}: one was written over the other"
    return None


def _exchanged(block, wrong, right):
    for other in wrong:
        if other is not block and other.index.size > 1 and other.is_right_as(block.grad):
            return f"it is the gradient of {other.name}: are two of them exchanged?"
    for name, grad in right.items():
        if grad.shape == block.shape and grad.size > 1 and block.is_explained_by(grad.ravel()[block.index]):
            return f"it is the gradient of {name}, which is right there: was it made from the wrong array?"
    return None


def _summed(block):
    if block.whole and block.is_explained_by(np.full(block.index.shape, block.numeric.sum())):
        return "every element is the sum of all of them: is an axis=0 missing?"
    return None


def _term(block, sizes):
    """One term of the loss that enters with another weight than it should, all others as they
    should.
    """
    for name, slopes in ((name, slopes()) for name, slopes in block.terms.items()):
        least = max(block.allowed * norm([block.numeric]), block.noise * slopes.size ** 0.5)
        if slopes.size == 1 or norm([slopes]) <= least:
            # some weight explains any number; none, no term at all
            continue
        weight = 1 + _ratio(block.analytic - block.numeric, slopes)
        if not block.is_explained_by(block.numeric + (weight - 1) * slopes):
            continue
        limit = block.allowed * max(1.0, norm([block.numeric]) / norm([slopes]))
        for value, words in ((0, "is missing"), (-1, "has the wrong sign"), (2,
                                                                             "is counted twice, or "
                                                                             "a ½ forgotten")):
            if abs(weight - value) <= limit:
                return f"the term {name} of the loss {words}"
        named = _named(weight, limit, sizes)
        if named:
            return f"the term {name} of the loss counts for {named[0]} what it should: {named[1]}"
        if slopes.size > 2:
            return f"the term {name} of the loss counts for {weight:.6g} times what it should"
    return None


def _part(block, sizes):
    """Some elements that are wrong, among others that are right."""
    floor = block.allowed * np.abs(block.numeric).max() + block.noise
    off = np.abs(block.analytic - block.numeric) > floor
    where = _lines(off.reshape(block.shape)) if block.whole else ""
    # what has to be zero is no evidence
    right = ~off & (np.abs(block.numeric) > floor)
    if not block.whole or not right.any() or off.sum() > off.size / 2 and not where:
        return None
    if off.sum() == 1:
        return f"one of its {off.size} elements is wrong, {block.place(np.argmax(off))}, the others right"
    part = Block(block.name, block.shape, block.grad, block.index[off], block.numeric[off],
                 block.allowed / 10, block.noise, {})
    how = _zero(part) or _factor(part, sizes)
    where = where or f", the first of them {part.place(0)}"
    return (f"{off.sum()} of its {off.size} elements are wrong{where}, the others right"
            + (f"; there, {how}" if how else ""))


def _lines(off):
    """In which rows or columns of a matrix the True elements are, if these are all True, and others
    are not.
    """
    for word, lines in (("row", off), ("column", off.T)) if off.ndim == 2 else ():
        if (lines.all(axis=1) == lines.any(axis=1)).all():
            numbers = list(map(str, np.flatnonzero(lines.any(axis=1))))
            more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
            return f", those of {word}{'s' * (len(numbers) > 1)} {', '.join(numbers[:5])}{more}"
    return ""


def _evidence(blocks):
    block, elements = blocks[0], sum(block.index.size for block in blocks)
    if block.analytic is None or not elements or not np.isfinite(block.numeric).all():
        return ""
    i = np.argmax(np.abs(block.analytic - block.numeric))
    return (f" ({elements} element{'s' * (elements > 1)} compared; {block.place(i)} is "
            f"{block.analytic[i]:.6g}, by differences {block.numeric[i]:.6g})")


def _worst(block):
    i = np.argmax(np.abs(block.analytic - block.numeric))
    return (f"{block.place(i)}: the analytic slope is {block.analytic[i]:.6g}, the numeric one "
            f"{block.numeric[i]:.6g}; no simple rule leads from one to the other")


# ---------------------------------------------------------------------- factors, and their names

def _ratio(a, b):
    """The factor c for which c b comes closest to a."""
    # so that no square under- or overflows
    b = b / (largest := np.abs(b).max(initial=0.0) or 1.0)
    return float(np.sum(a / largest * b) / (np.sum(b * b) or 1.0))


def _named(factor, limit, sizes):
    """What a factor is likely to be, whatever its sign: ("N = 3 times", the culprit), or None."""
    near = [(words, culprit) for value, words, culprit in _known(sizes)
            if abs(abs(factor) / value - 1) <= limit * max(1.0, 1 / value)]
    return (" or ".join(words for words, _ in near),
            "; or ".join(culprit for _, culprit in near)) if near else None


def _known(sizes):
    """The factors that have a name: value, words, culprit."""
    yield 2, "twice", FACTORS[2][0]
    yield 1 / 2, "half", FACTORS[2][1]
    sizes = [(name, size) for name, size in sizes.items() if size != 1]
    for (one, a), (other, b) in itertools.combinations(sizes, 2):
        sizes = sizes + [(f"{one} {other}", a * b)]
    for name, size in sizes:
        known = FACTORS.get(name, COUNTS if size == int(size) else NUMBERS)
        missing, too_many = (culprit.format(name=name) for culprit in known)
        yield size, f"{name} = {size:g} times", missing
        yield 1 / size, f"1/{f'({name})' if ' ' in name else name} ({name} = {size:g}) of", too_many


# ---------------------------------------------------------------------- what the functions and the
# arrays do

def conduct(function, params, name):
    """What a function of the parameters does that it should not  ->  sentences, its value, whether
    it repeats itself

    It is called twice, each time with copies, which it has to leave as they are, and it has to
    return the same.
    """
    given, again = ({key: param.copy() for key, param in params.items()} for _ in range(2))
    value, second = function(given), function(again)
    sentences = []
    changed = [key for key, param in params.items() if not np.array_equal(given.get(key), param)]
    if changed:
        names = ", ".join(map(str, changed))
        sentences.append(f"{name} changes its arguments: a call leaves other numbers in {names}, "
                         "as += or out= do; let it work on copies")
    first, second = _numbers(value), _numbers(second)
    apart = [key for key in first if key in second and first[key].size == second[key].size > 0
             and not agree(first[key], second[key], FRESH, 0)]
    if apart:
        one, other = first[apart[0]], second[apart[0]]
        i, of = np.argmax(np.abs(one - other)), f" for {apart[0]}" if apart[0] else ""
        sentences.append(f"{name} is not deterministic: two calls at the same point gave "
                         f"{one[i]:.6g} and {other[i]:.6g}{of}; draw the noise once, before, and "
                         "use it in every call")
    return sentences, value, not apart


def conduct_of_loss(f, params, terms):
    """The same of a loss, whose values also have to be finite and exact  ->  sentences, whether
    they can be compared

    terms: its terms by name, functions like it.  Raises ValueError if their sum is another.
    """
    sentences, value, comparable = conduct(f, params, "f")
    value = number("f", value)
    with np.errstate(all="ignore"):
        moved = [f({name: param * (1 + shift) + shift * (param == 0) for name,
                    param in params.items()}) for shift in (math.pi / 3000, math.e / 3000)]
    if value.dtype in (np.float16, np.float32, np.complex64) or all(map(_is_single, moved)):
        sentences.append("f computes in single precision, too coarse to tell slopes from rounding: "
                         "let it use float64")
        comparable = False
    elif np.size(value) == 1 and not np.isfinite(value):
        sentences.append(f"f is {value} where it is to be differentiated: a logarithm of 0, an "
                         "exponential too large?")
        comparable = False
    elif terms and comparable:
        values = [number(f"terms[{name!r}]",
                         term({key: param.copy() for key, param in params.items()})).item()
                  for name, term in terms.items()]
        if not abs(sum(values) - value.item()) <= FRESH * sum(map(abs, values)):
            raise InvalidValueError("terms: expected functions whose sum is f, got "
                                    f"{sum(values):.6g} where f is {value.item():.6g}")
    return sentences, comparable


def _numbers(value):
    """What a function returned, where it is numbers, as flat arrays by name."""
    parts = {}
    for key, part in (value if isinstance(value, dict) else {"": value}).items():
        # of rows of different lengths no array can be made
        with contextlib.suppress(ValueError):
            parts[key] = np.asarray(part).ravel()
    return {key: part + 0.0 for key, part in parts.items() if part.dtype.kind in "fciub"
            and np.isfinite(part).all()}


def aliases(params):
    """Pairs of parameters that share memory: sentences."""
    arrays = [(name, param) for name, param in params.items() if isinstance(param, np.ndarray)]
    return [f"{a} and {b} share memory: a change of one changes the other, while f was given them "
            "as two; take one parameter, and add its gradients up, or copy one" for (a, p),
            (b, q) in itertools.combinations(arrays, 2) if _overlap(p, q)]


def _overlap(a, b):
    try:
        return np.shares_memory(a, b, max_work=1000)
    # views so interlaced that nobody can tell
    except np.exceptions.TooHardError:
        return False


def number(name, value):
    """What a function of that name returned, as an array, if it is one number, or raise."""
    value = np.asarray(value)
    if value.size != 1 or value.dtype.kind not in "fciub":
        raise InvalidTypeError(f"{name}: expected a function that returns one number, got shape "
                               f"{value.shape}, dtype {value.dtype}")
    return value


def _is_single(value):
    """Whether a number seems to have the 24 bits of single precision (and not so few that it may
    well be exact).
    """
    value = np.asarray(value)
    if value.dtype != np.float64 or value.size != 1 or not abs(value) < 1e38:
        return False
    return bool(np.float32(value) == value and math.frexp(value)[0] * 2 ** 20 % 1 != 0)


def unknown(name, missing):
    """What a gradient under a name that no parameter has may be meant for."""
    import difflib
    near = difflib.get_close_matches(str(name), map(str, missing), n=1, cutoff=0.4)
    return f"{name}: no parameter has this name" + (f"; is it meant for {near[0]}?" if near else "")


def check_options(params, terms, order, sizes):
    """Return the order as a list, or raise unless what was given fits: functions, every name once,
    numbers above 0.
    """
    if terms is not None and not (isinstance(terms, dict) and all(map(callable, terms.values()))):
        raise InvalidTypeError("terms: expected a dictionary of functions of the parameters, got "
                               f"{terms!r:.60}")
    try:
        order = None if order is None else list(order)
    except TypeError:
        raise InvalidTypeError(f"order: expected the names of the parameters, got {order!r:.60}") from None
    if order is not None and sorted(order, key=str) != sorted(params, key=str):
        raise InvalidValueError(f"order: expected each of {', '.join(map(str, params))} once, got "
                                f"{order!r:.200}")
    if sizes is not None and not isinstance(sizes, dict):
        raise InvalidTypeError(f'sizes: expected a dictionary such as {{"N": 3, "D": 7}}, got '
                               f'{sizes!r:.60}')
    for name, size in (sizes or {}).items():
        check_number(f"sizes[{name!r}]", size, above=0, below=1e100)
    return order


# ---------------------------------------------------------------------- when two gradients are the
# same

def norm(arrays):
    """The Euclidean norm of all arrays together; their largest element is divided out, so that no
    square overflows.
    """
    largest = max((np.abs(array).max(initial=0.0) for array in arrays), default=0.0)
    return largest * np.sqrt(sum(np.sum((array / largest) ** 2)
                                 for array in arrays)) if largest else 0.0


def error(analytic, numeric):
    """The relative error by norm; two zeros agree, and are not divided."""
    if not np.isfinite(numeric).all():
        return np.inf
    larger = max(norm([analytic]), norm([numeric]))
    return norm([analytic - numeric]) / larger if larger else 0.0


def agree(analytic, numeric, tolerance, noise):
    """Whether the slopes are the same: to the tolerance, or to what rounding lets one see of them.
    """
    return error(analytic,
                 numeric) <= tolerance or norm([analytic
                                                - numeric]) <= noise * np.sqrt(len(numeric))
