"""How a student's backward is to be called: by what its parameters are and what forward returns.

    y        = dense(x, W, b)         dx, dW, db = dense_backward(dy, x, W)       arguments, by name
    y, cache = dense(x, W, b)         dx, dW, db = dense_backward(dy, cache)      a cache (CS231n)
    y, s, d  = scale(x, W)            dx, dW     = scale_backward(dy, s, d)       a cache in parts
    h, c     = cell(x, h0, c0)        dx, dh0    = cell_backward(dh, dc, x, h0)   two outputs
    loss     = loss(x, y)             dx         = loss_backward(x, y)            a loss, no dout
    y        = tanh(x)                dx         = dy * tanh_prime(x)             a derivative

If backward has as many parameters as forward returns things, the last of these is a cache.
Otherwise all of them are outputs: backward takes a gradient of each, and then arguments of forward,
by name. If both fit, the judge tries both. The gradient of a loss, which is one number, is 1 and
may be left out: backward takes just the cache, or just arguments. So does the derivative of a
function that treats each number by itself; or it takes what forward returned, and many call that x
all the same. (What is no floating-point number is no output: at the end it is a cache, and backward
need not ask for it.)
"""
from inspect import Parameter

import numpy as np

from ..errors import InvalidValueError


class Convention:
    """One way to call a backward.

    douts: the names of its first parameters, which take the gradients of forward's outputs
    names: those of the arguments of forward that follow
    cache: the name of the parameter that takes a cache in their place, or None
    kept: how many things the cache is; if several, the parameters before `cache` take the others
    outputs: how many of forward's outputs are differentiated; the first one, if there is no dout
    """

    def __init__(self, douts, names=(), cache=None, kept=1):
        self.douts = douts
        self.names = names
        self.cache = cache
        self.kept  = kept
        self.outputs = max(1, len(douts))

    @property
    def needs_things(self):
        """Whether backward is given something that forward returned."""
        return self.cache is not None

    def call(self, backward, douts, arguments, things):
        """Call backward  ->  what it returns.

        douts: a gradient for each output; arguments: forward's, by name; things: what it returned
        """
        if self.needs_things:
            return backward(*douts, *things[-self.kept:])
        bound = backward.signature.bind_partial()
        bound.arguments.update(zip(self.douts, douts))
        bound.arguments.update({name: arguments[name] for name in self.names})
        return backward(*bound.args, **bound.kwargs)


class Derivative(Convention):
    """backward(x) is the derivative of each number by itself: the gradient is dout times that.

    names: those of the arguments of forward that it is given; if none, it is given the output
    """

    def __init__(self, names=()):
        super().__init__(["dout"], names)

    @property
    def needs_things(self):
        return not self.names

    def call(self, backward, douts, arguments, things):
        dout, = douts
        result = super().call(backward, [], arguments, things)
        same = isinstance(result, (float, np.ndarray)) and np.shape(result) == np.shape(dout)
        return dout * result if same else result


def fitting(forward, backward, arguments, things):
    """The conventions by which backward can be called, the likeliest first.

    forward, backward: of a student's file, each a student.Function
    arguments: forward's, by name; things: what it returned, a list
    ->  a list of Conventions
    Raises InvalidValueError if none fits.
    """
    if not things or not is_output(things[0]):
        raise InvalidValueError(_no_outputs(forward, things))
    caches = _with_cache(backward, things)
    cached = caches[0] if caches else None
    numbers = all(map(is_output, things))
    named = _by_name(backward, arguments, len(things)) if numbers else None
    if named is None and (cached or not numbers):
        named = _without_cache(backward, arguments, things)
    bare = _without_dout(backward, arguments, things) if np.ndim(things[0]) == 0 else None
    if bare and (bare.names or not (cached or named)):
        return [bare]
    derivatives = _derivatives(backward, arguments, things)
    if derivatives:
        return [*derivatives, *[named] * bool(named)]
    if not cached and not named:
        raise InvalidValueError(_misfit(forward, backward, arguments, things))
    if cached and named:
        # dy, dcell: a name that begins so is that of a gradient, and no cache's
        names_tell = named.names or cached.cache.startswith("d")
        return [named, *caches] if names_tell else [cached, named, *caches[1:]]
    return caches or [named]


def is_output(thing):
    """Whether what forward returned can be differentiated: floating-point numbers."""
    numbers = isinstance(thing, (float, np.floating, np.ndarray))
    return numbers and np.asarray(thing).dtype.kind == "f"


# ---------------------------------------------------------------------- what fits

def _with_cache(backward, things):
    """backward(dh, dc, cache), if it can be called with as many things as forward returns.

    ->  a list, the likeliest first: all things but the last are outputs, if they can be; but if
    they are all numbers, y, x_hat, std, the first may be the only one
    """
    if len(things) < 2 or not _can_take(backward, things):
        return []
    names = _names(backward)[:len(things)]
    while len(names) < len(things):
        names.append(f"dout{len(names) + 1}")                        # *args have no names
    counts = [k for k in range(len(things) - 1, 0, -1) if all(map(is_output, things[:k]))]
    if not is_output(things[-1]):
        counts = counts[:1]
    return [Convention(names[:k], cache=names[-1], kept=len(things) - k) for k in counts]


def _by_name(backward, arguments, outputs):
    """backward(dh, dc, x, W), if so many gradients come first and nothing but arguments follows."""
    douts = _names(backward)[:outputs]
    taken = {"cache", *arguments}
    if len(douts) < outputs or taken.intersection(douts) or _unknown(backward, arguments, outputs):
        return None
    names = [name for name in _names(backward) if name in arguments]
    if not names and len(_names(backward)) < len(backward.signature.parameters):
        return None                                                  # *args have no names
    return Convention(douts, names)


def _without_cache(backward, arguments, things):
    """backward(dh, x, W), if forward returns a cache, of one thing or several, that backward does
    not ask for.
    """
    for outputs in range(len(things) - 1, 0, -1):
        named = _by_name(backward, arguments, outputs)
        if named and named.names and all(map(is_output, things[:outputs])):
            return named
    return None


def _without_dout(backward, arguments, things):
    """backward(cache) or backward(x, y) of a loss, whose own gradient is 1."""
    names = [name for name in _names(backward) if name in arguments]
    if names and not _unknown(backward, arguments, 0):
        return Convention([], names)
    if len(things) > 1 and _names(backward) and _can_take(backward, things[-1:]):
        return Convention([], cache=_names(backward)[0])
    return None


def _derivatives(backward, arguments, things):
    """prime(x), or prime(y) of the output y, of a forward that treats each number by itself."""
    first = next(iter(arguments.values()), None)
    if len(things) != 1 or not np.shape(things[0]) or np.shape(first) != np.shape(things[0]):
        return []
    names = [name for name in _names(backward) if name in arguments]
    if names and not _unknown(backward, arguments, 0):
        return [Derivative(names)] + [Derivative()] * (len(names) == 1)
    alone = len(_names(backward)) == 1 and not _names(backward)[0].startswith(("d", "g"))
    return [Derivative()] * alone


def _can_take(backward, things):
    try:
        backward.signature.bind(*things)
    except TypeError:
        return False
    return True


def _names(backward):
    """The names of the parameters, *args and **kwargs left out."""
    starred = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return [name for name, parameter in backward.signature.parameters.items()
            if parameter.kind not in starred]


def _unknown(backward, arguments, outputs):
    """The parameters after so many gradients without a default, whose names no arguments have."""
    parameters = backward.signature.parameters
    return [name for name in _names(backward)[outputs:]
            if parameters[name].default is Parameter.empty and name not in arguments]


# ---------------------------------------------------------------------- what to say if nothing does

def _no_outputs(forward, things):
    kinds = ", ".join(_kind(thing) for thing in things) or "an empty tuple"
    guess = "; is its return missing?" if list(map(_kind, things)) == ["None"] else ""
    return (f"{forward.path}: expected {forward.name} to return floating-point numbers (one value "
            f"or several, and after them perhaps a cache), got {kinds}{guess}")


def _kind(thing):
    if thing is None:
        return "None"
    return f"{thing.dtype} numbers" if hasattr(thing, "dtype") else type(thing).__name__


def _misfit(forward, backward, arguments, things):
    count = len(things)
    unknown = _unknown(backward, arguments, count)
    parameters = ", ".join(_written(each) for each in backward.signature.parameters.values())
    by_name = f"arguments of {forward.name} by name ({', '.join(arguments)})"
    got = f"{backward.name}({parameters})"
    if count > 1 and is_output(things[-1]):
        wanted = (f"a gradient for each of the {count} things that {forward.name} returns, then "
                  f"{by_name}; or, if the last thing is a cache, a gradient for each of the "
                  "others, then the cache")
    elif count > 1:
        wanted = (f"a gradient for each thing that {forward.name} returns before its cache, then "
                  f"that cache, or {by_name}")
    else:
        wanted = f"the gradient of what {forward.name} returns, then {by_name}"
        got = ", ".join(unknown) or got
        if "cache" in unknown:
            got += f" (to give it a cache, {forward.name} has to return one)"
    return f"{forward.path}: expected {backward.name} to take {wanted}; got {got}"


def _written(parameter):
    stars = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}
    return stars.get(parameter.kind, "") + parameter.name
