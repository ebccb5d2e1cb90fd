"""The behaviour of f, of the backward pass and of their arrays, before any slope is taken.

Slopes mean something only if f returns the same number whenever it is asked, if that number is
finite and was computed in double precision, and if nobody changes arrays that others still need.
Whatever is not so becomes a Finding.
"""
import contextlib
import itertools
import math

import numpy as np

from ..errors import InvalidTypeError, InvalidValueError
from .findings import Finding
from .slopes import norm, number

# Two calls agree if they differ by no more than this, relatively. In 300 networks, calls with
# copies of their arrays at other addresses returned the same bits; sums split among threads may
# differ in the last few, around 1e-15; noise that is drawn again changes the leading digits.
REPEATABLE = 1e-9

# A number of at most 24 significant bits fits into single precision. One of up to 20 bits may just
# be round, such as 67.5. But if f returns 21 to 24 bits at two points, it has rounded them: by
# chance, that happens to numbers of 53 bits less than once in 10^17.
SINGLE_BITS, ROUND_BITS = 24, 20

# By how much, relatively, the parameters are moved to those two points: little, and not by a round
# number. And how far to others, where f has more bits if it is what is left of large parts.
SHIFTS, FAR = (math.pi / 3000, math.e / 3000), (math.pi, 10 * math.e)

# How alike two names have to be, in difflib's measure, for one to be taken for a slip of the other:
# b_3 and b3 score 0.8, dW and W 0.67, grad_W1 and W1 0.44.
ALIKE = 0.4


class Behaviour:
    """What was seen of f and of the gradients.

    faults: Findings; comparable: whether slopes of f mean anything
    grads: the gradients as they were given, by name; arrays: those that are finite real numbers;
    sound: those of them that also have the right shape, provided that slopes mean anything
    missing: the names of the parameters without a gradient; unknown: names of gradients without a
    parameter
    """

    def __init__(self, params, grads, comparable, faults):
        self.faults, self.comparable = faults, comparable
        self.grads   = grads
        self.missing = [name for name in params if grads.get(name) is None]
        self.unknown = [name for name in grads if name not in params]
        self.arrays  = {name: np.asarray(grads[name]) for name in params
                        if not self.problems(name)}
        self.sound   = {name: grad for name, grad in self.arrays.items()
                        if comparable and grad.shape == params[name].shape}

    def problems(self, name):
        """A Finding if the gradient of a block cannot be compared, whatever its shape."""
        problem = _problem(self.grads.get(name))
        return [Finding(problem.kind, f"{name}: {problem}", [name])] if problem else []


def watch(case, grads):
    """Call f and, if it is a function, grads, and see what they do  ->  their Behaviour.

    Raises ValueError if the terms do not add up to f, TypeError if grads neither is nor returns a
    dictionary.
    """
    value, changes, draws = _call_twice("f", case.f, case.params)
    value      = number("f", value)
    unfit      = _unfit(case, value)
    comparable = not draws and not unfit
    faults     = case.faults + changes + draws + unfit
    if comparable and case.terms:
        _check_terms(case, value.item())
    if callable(grads):
        grads, changes, draws = _call_twice("grads", grads, case.params)
        faults += changes + draws if comparable else []
    if not isinstance(grads, dict):
        raise InvalidTypeError("grads: expected a dictionary of arrays, or a function that returns "
                               f"one, got {type(grads).__name__}")
    return Behaviour(case.params, grads, comparable, faults)


# ---------------------------------------------------------------------- what a function does

def _call_twice(name, function, params):
    """Call a function of the parameters twice  ->  what it returned; a sentence if it changed its
    arguments; a sentence if it returned something else the second time.
    """
    given, again  = ({key: param.copy() for key, param in params.items()} for _ in range(2))
    value, second = function(given), function(again)
    return (value, _changes(name, params, given),
            _draws(name, _numbers(value), _numbers(second)))


def _changes(name, params, given):
    """A sentence if a function has changed the arguments that it was given."""
    changed = [key for key, param in params.items() if not np.array_equal(given.get(key), param)]
    if not changed:
        return []
    listed = ", ".join(map(str, changed))
    return [Finding("changes", f"{name} changes its arguments: a call leaves other numbers in "
                               f"{listed}, as += or out= do; let it work on copies", changed)]


def _draws(name, first, second):
    """A sentence if a function returned other numbers when it was called again."""
    for key in first:
        one, other = first[key], second.get(key, first[key])
        if one.size != other.size:
            continue
        if norm(one - other) > REPEATABLE * max(norm(one), norm(other)):
            i  = np.argmax(np.abs(one - other))
            of = f" for {key}" if key else ""
            words = (f"{name} is not deterministic: two calls at the same point gave {one[i]:.6g} "
                     f"and {other[i]:.6g}{of}; draw the noise once, beforehand, and use it in "
                     "every call")
            return [Finding("random", words, [key] if key else [])]
    return []


def _numbers(value):
    """What a function returned, where it is finite numbers, as flat arrays by name."""
    parts, arrays = value if isinstance(value, dict) else {"": value}, {}
    for key, part in parts.items():
        # rows of different lengths make no array
        with contextlib.suppress(ValueError):
            arrays[key] = np.asarray(part).ravel()
    return {key: array + 0.0 for key, array in arrays.items()
            if array.dtype.kind in "fciub" and np.isfinite(array).all()}


def shared_memory(params):
    """A sentence for each two parameters that share memory."""
    arrays = [(name, param) for name, param in params.items() if isinstance(param, np.ndarray)]
    return [Finding("shared", f"{a} and {b} share memory: changing one changes the other, but f is "
                              "given them as two; make them one parameter and add up its "
                              "gradients, or copy one of them", [a, b])
            for (a, p), (b, q) in itertools.combinations(arrays, 2) if overlap(p, q)]


def overlap(a, b):
    """Whether two arrays share an element; False where views are too interlaced to tell quickly."""
    try:
        return np.shares_memory(a, b, max_work=1000)         # its search could take for ever
    except np.exceptions.TooHardError:
        return False


# ---------------------------------------------------------------------- what f returns

def _unfit(case, value):
    """A sentence if no slopes can be taken of an f that returned this value."""
    single = value.dtype in (np.float16, np.float32, np.complex64)
    if single or computes_in_single(case.f, case.params):
        return [Finding("single", "f computes in single precision, too coarse to tell slopes from "
                                  "rounding: let it use float64")]
    if not np.isfinite(value):
        return [Finding("undefined", f"f is {value} where it is to be differentiated: a logarithm "
                                     "of 0, or too large an exponential?")]
    return []


def computes_in_single(function, params):
    """Whether a function of the parameters returns numbers with no more digits than float32 has.
    """
    with np.errstate(all="ignore"):
        return (all(_is_single(function(_moved(params, shift))) for shift in SHIFTS)
                and all(_fits(function, _moved(params, shift)) for shift in FAR))


def _moved(params, shift):
    return {name: param * (1 + shift) + shift * (param == 0) for name, param in params.items()}


def _is_single(value):
    value = np.asarray(value)
    if value.dtype != np.float64 or not (np.abs(value) < 1e38).all():            # its range
        return False
    return bool(_has_bits(value, SINGLE_BITS).all() and not _has_bits(value, ROUND_BITS).all())


def _fits(function, params):
    """Whether the values there could be those of a float32, or infinity in their place."""
    try:
        value = np.asarray(function(params))
    except Exception:                        # nobody said that it can be called there
        return True
    return bool((_has_bits(value, SINGLE_BITS) | ~np.isfinite(value)).all())


def _has_bits(value, most):
    """Which numbers have this many significant bits at most."""
    mantissa, _ = np.frexp(value)
    return mantissa * 2 ** most % 1 == 0


def _check_terms(case, value):
    """Raise unless the terms of the loss add up to its value."""
    values = []
    for name, term in case.terms.items():
        copies = {key: param.copy() for key, param in case.params.items()}
        values.append(number(f"terms[{name!r}]", term(copies)).item())
    if not abs(sum(values) - value) <= REPEATABLE * sum(map(abs, values)):
        raise InvalidValueError(f"terms: expected functions whose sum is f, got {sum(values):.6g} "
                                f"where f is {value:.6g}")


# ---------------------------------------------------------------------- what the gradient is

def _problem(grad):
    if grad is None:
        return Finding("missing", "no gradient was given for it")
    try:
        grad = np.asarray(grad)
    except ValueError:                           # a list with rows of different lengths
        return Finding("unusable", f"expected an array for a gradient, got {grad!r:.60}")
    if grad.dtype.kind not in "fiub":
        return Finding("unusable", f"expected a gradient of real numbers, got dtype {grad.dtype}")
    bad = np.sum(~np.isfinite(grad))
    if bad:
        return Finding("unusable", f"expected a finite gradient, got NaN or infinity in {bad} of "
                                   f"its {grad.size} elements")
    return None


def no_such_name(name, missing):
    """A Finding on a gradient under a name that no parameter has; missing: those without one."""
    import difflib                               # seldom wanted
    near  = difflib.get_close_matches(str(name), map(str, missing), n=1, cutoff=ALIKE)
    guess = f"; is it meant for {near[0]}?" if near else ""
    return Finding("unknown", f"{name}: no parameter has this name{guess}", [name])
