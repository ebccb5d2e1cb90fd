"""What a student's backward returned, by the names of the parts that it belongs to.

    return dx, dW, db                  in the order of forward's arguments, or of the first of them
    return {"W": dW, "b": db}          by name; or, as courses write it, {"dW": dW, "db": db}
    return dx, {"W": dW, "b": db}      for forward(x, params)

Integers and booleans have no gradient: backward leaves them out, or returns None for them.
"""
import numpy as np

from . import parts
from .blanks import is_blank
from ..errors import InvalidValueError


def by_part(grads, arguments, places, who):
    """What backward returned  ->  {name of a part: its gradient}

    places: the parts of the arguments, see parts.py
    who: backward with its file, for the error
    Raises InvalidValueError if there are too many gradients, or none.
    """
    if isinstance(grads, dict) and len(grads):
        return _spread(grads, (), places)
    if not isinstance(grads, (tuple, list, dict)):
        grads = [grads]
    owners = _owners(grads, arguments, places)
    if not len(grads) or not owners:
        raise InvalidValueError(f"{who}, one for each argument, got {len(grads)}")
    named = {}
    for path, grad in zip(owners, grads):
        named.update(_spread(grad, path, places))
    return named


def _owners(grads, arguments, places):
    """The paths to what positional gradients belong to, or None if there are too many of them."""
    whole = [(name,) for name in arguments]
    real  = [path for path in whole if parts.has_gradient(arguments[path[0]])]
    ways  = [way for way in (real, whole, list(places.values())) if len(way) >= len(grads)]
    fitting = [way for way in ways if _fit(grads, [parts.part(arguments, path) for path in way])]
    return next(iter(fitting + ways), None)


def _fit(grads, arguments):
    """Whether gradients have the shapes of the arguments that they may belong to."""
    return all(is_blank(grad) or isinstance(grad, (dict, list, tuple)) or parts.is_tree(argument)
               or _shape(grad) == _shape(argument) for grad, argument in zip(grads, arguments))


def _shape(thing):
    try:
        return np.shape(thing)
    except ValueError:                               # a list with rows of different lengths
        return None


def _spread(grad, path, places):
    """The gradient of what is at a path, by the names of its parts."""
    names = {place: name for name, place in places.items()}
    if path in names and not (isinstance(grad, dict) and _are_parts(grad, places)):
        return {names[path]: grad}
    if not isinstance(grad, (dict, list, tuple)):
        return {path[0]: grad}
    items = grad.items() if isinstance(grad, dict) else enumerate(grad)
    spread = {}
    for key, value in items:
        place = _place((*path, key), grad, names)
        if place or isinstance(value, dict):
            spread.update(_spread(value, place or (*path, key), places))
        else:
            spread[_part(key, grad, places)] = value
    return spread


def _are_parts(grad, places):
    return bool(grad) and all(_part(key, grad, places) in places for key in grad)


def _place(path, grad, names):
    """The path of a part, its key perhaps with a d before it, or None."""
    last = _plain(path[-1])
    if path not in names and (*path[:-1], last) in names and last not in grad:
        return (*path[:-1], last)
    return path if path in names else None


def _part(key, grad, places):
    """The name of the part that a key means: W for W, and for dW if nothing else is called so."""
    plain = _plain(key)
    return plain if key not in places and plain in places and plain not in grad else key


def _plain(key):
    """W for dW and for grad_W."""
    return key.removeprefix("grad_").removeprefix("d") if isinstance(key, str) else key
