"""The case: what `check_gradients` is asked, and the claims that this comes down to.

A gradient makes one claim for each number in it, and can be taken at its word in two ways. By
element, nothing is missed. By direction, a block costs two evaluations of f however large it is: if
it is wrong, it is almost surely wrong along a random direction too, but that does not show where.
"""
from functools import cache

import numpy as np

from ..errors import InvalidTypeError, InvalidValueError, check_choice, check_number, check_rng
from .behaviour import no_such_name, shared_memory
from .slopes import STEP, along, as_float64, line, norm, of_block, place, scaled

WAYS = ("auto", "element", "direction")

# by="auto" checks up to this many parameters by element. A small VAE with 1,520 takes 0.2 seconds
# by element, 0.003 by direction.
ELEMENTWISE_LIMIT = 2_000

# Once a direction has said that a block is wrong, this many of its elements have to tell why. Of
# six mistakes, each put into 60 blocks of 400 elements, four elements told all; a dozen leave room
# for slopes that are zero or lie on a kink. Of a smaller block, all elements are looked at.
SAMPLE = 12

# A direction is drawn again while the slope along it is below this part of the gradient's norm, for
# the smaller it is, the more of it is rounding. The slope is normal with that norm as its standard
# deviation, so 8 draws in 100 are repeated, and there is no end to fear.
STEEP = 0.1


class Case:
    """A function f, the point params, how slopes are to be taken there, and what else is known.

    The arguments are those of `check_gradients`.  faults: sentences on params; ways: "element" or
    "direction" for each block
    Raises ValueError or TypeError for what cannot be used.
    """

    def __init__(self, f, params, method, by, step, tolerance, rng, terms, order, sizes):
        self.f         = f
        self.params    = _checked_params(params)
        self.faults    = shared_memory(params)
        self.method    = check_choice("method", method, STEP)
        self.ways      = _checked_ways(by, self.params)
        self.step      = _above_zero("step", step)
        self.tolerance = _above_zero("tolerance", tolerance)
        self.rng       = check_rng(rng)
        self.terms     = _checked_terms(terms)
        self.order     = _checked_order(order, params)
        self.sizes     = _checked_sizes(sizes)

    @property
    def by(self):
        """"element" or "direction"; where some blocks go by the one and some by the other, the
        word for each.
        """
        words = set(self.ways.values())
        return words.pop() if len(words) == 1 else self.ways

    def precision(self, *grads):
        """What limits how well these gradients can be compared: "float32", or the method."""
        return "float32" if any(grad.dtype == np.float32 for grad in grads) else self.method


class Claim:
    """A claim that can be put to the test: that the gradient of `f` at `point` is `slopes`.

    name, shape: of the block of parameters, as the table shows them
    view: makes of the parameters `params` the function f of one array; point: that array (a block,
        or the distance t along a line)
    slopes: an array like point; None if there is nothing to compare, and `problems` says why
    precision: what limits the comparison, see Case
    directions: of a line, by the names of the blocks that it goes through
    elements: of a line through a block that is not too large, the claim by element
    """

    def __init__(self, name, shape, view=None, params=None, point=None, slopes=None,
                 precision=None, directions=None, elements=None, problems=()):
        self.name, self.shape  = name, shape
        self.view, self.params = view, params
        self.f, self.point     = view and view(params), point
        self.slopes            = slopes
        self.precision         = precision
        self.directions        = directions
        self.elements          = elements
        self.phi               = cache(self._phi)
        self.problems          = problems

    def scaled(self, factor):
        """f and the point, had all parameters been scaled by this factor."""
        return self.view(scaled(self.params, factor)), self.point * factor

    def largest(self, numeric):
        """The largest slope, claimed or found by differences, as the pair (claimed, found)."""
        analytic, numeric = self.slopes.ravel(), numeric.ravel()
        if not numeric.size:
            return 0.0, 0.0
        i = np.argmax(np.maximum(np.abs(analytic), np.abs(numeric)))
        return analytic[i], numeric[i]

    def _phi(self, i):
        """f along the slope with flat index i, which remembers its values."""
        return cache(line(self.f, self.point, np.unravel_index(i, self.point.shape)))

    def direction(self, i):
        """The directions, by name, along which the slope with flat index i is taken."""
        if self.directions:
            return self.directions
        unit = np.zeros(self.point.shape)
        unit.flat[i] = 1.0
        return {self.name: unit}

    def place(self, i):
        """The slope with flat index i as one writes it, W[2, 1]; along a line, just the name."""
        return place(self.name, self.point.shape, i)


def claims(case, seen):
    """All claims of a case, in the order of the table; seen: the behaviour, with the gradients."""
    for name, param in case.params.items():
        if name in seen.sound:
            yield _of_block(case, name, seen.sound[name])
        else:
            yield Claim(name, param.shape, problems=seen.problems(name))
    for name in seen.unknown:
        shape = getattr(seen.grads[name], "shape", ())
        yield Claim(name, shape, problems=[no_such_name(name, seen.missing)])
    if "direction" in case.ways.values() and len(seen.sound) == len(case.params):
        size = sum(grad.size for grad in seen.sound.values())
        yield _along_a_direction(case, "(all)", (size,), seen.sound)


def by_element(case, name, grad):
    """The claim that this is the gradient of a block, element by element."""
    def view(params):
        return of_block(case.f, params, name)
    return Claim(name, grad.shape, view, case.params, case.params[name],
                 grad.astype(np.float64), case.precision(grad))


def _of_block(case, name, grad):
    elements = by_element(case, name, grad)
    if case.ways[name] == "element":
        return elements
    elements = elements if grad.size <= ELEMENTWISE_LIMIT else None
    return _along_a_direction(case, name, grad.shape, {name: grad}, elements)


def _along_a_direction(case, name, shape, grads, elements=None):
    """The claim that the slope along a random direction is Σ grad · direction."""
    steep = STEEP * norm(*grads.values())
    for _ in range(100):
        directions = {key: _direction(case.params[key], case.rng) for key in grads}
        slope = sum(np.sum(grad * directions[key]) for key, grad in grads.items())
        if abs(slope) >= steep:
            break
    return along_directions(case, name, shape, grads, directions, elements)


def along_directions(case, name, shape, grads, directions, elements=None):
    """The claim that the slope along these directions, one for each gradient, is that of the
    gradients.
    """
    slope = sum(np.sum(grad * directions[key]) for key, grad in grads.items())

    def view(params):
        return along(case.f, params, directions)
    return Claim(name, shape, view, case.params, np.zeros(()), np.asarray(slope, dtype=np.float64),
                 case.precision(*grads.values()), directions, elements)


def _direction(param, rng):
    """Standard normal numbers; longer where the parameters are large, as steps by element are."""
    length = max(1.0, norm(param) / max(1, param.size) ** 0.5)
    return rng.standard_normal(param.shape) * length


# ---------------------------------------------------------------------- arguments

def _above_zero(name, value):
    return None if value is None else check_number(name, value, above=0)


def _checked_params(params):
    if not isinstance(params, dict):
        raise InvalidTypeError("params: expected a dictionary of arrays, got "
                               f"{type(params).__name__}")
    if not params:
        raise InvalidValueError("params: expected a dictionary of at least one array, got an empty "
                                "one")
    return {name: as_float64(name, param) for name, param in params.items()}


def _checked_ways(by, params):
    words = by if isinstance(by, dict) else dict.fromkeys(params, by)
    unknown = [str(name) for name in words if name not in params]
    if unknown:
        raise InvalidValueError(f"by: expected names among {', '.join(map(str, params))}, got "
                                f"{', '.join(unknown)}")
    for name, word in words.items():
        check_choice(f"by[{name!r}]" if words is by else "by", word, WAYS)
    size = sum(param.size for param in params.values())
    auto = "element" if size <= ELEMENTWISE_LIMIT else "direction"
    ways = {name: words.get(name, "auto") for name in params}
    return {name: auto if word == "auto" else word for name, word in ways.items()}


def _checked_terms(terms):
    terms = {} if terms is None else terms
    if not (isinstance(terms, dict) and all(map(callable, terms.values()))):
        raise InvalidTypeError("terms: expected a dictionary of functions of the parameters, got "
                               f"{terms!r:.60}")
    return terms


def _checked_order(order, params):
    if order is None:
        return None
    try:
        names = list(order)
    except TypeError:
        raise InvalidTypeError("order: expected the names of the parameters, got "
                               f"{order!r:.60}") from None
    if sorted(names, key=str) != sorted(params, key=str):
        raise InvalidValueError(f"order: expected each of {', '.join(map(str, params))} once, got "
                                f"{names!r:.200}")
    return names


def _checked_sizes(sizes):
    sizes = {} if sizes is None else sizes
    if not isinstance(sizes, dict):
        raise InvalidTypeError('sizes: expected a dictionary such as {"N": 3, "D": 7}, got '
                               f"{sizes!r:.60}")
    for name, size in sizes.items():
        check_number(f"sizes[{name!r}]", size, above=0, below=1e100)
    return sizes
