"""What a student's backward returned, by the names of the parts that it belongs to.

    return dx, dW, db                  in the order of forward's arguments, or of the first of them
    return dW, db                      of others, if these names say so
    return {"W": dW, "b": db}          by name; or, as courses write it, {"dW": dW, "db": db}
    return dx, {"W": dW, "b": db}      for forward(x, params)

Integers and booleans have no gradient: backward leaves them out, or returns None for them.
"""
import numpy as np

from . import parts
from .blanks import is_blank
from .names import part_of
from ..errors import InvalidValueError


def by_part(grads, arguments, places, backward, hints=()):
    """What backward returned  ->  {name of a part: its gradient}

    places: the parts of the arguments, see parts.py
    backward: the function, a student.Function, for the error
    hints: how the gradients are called where they are returned, None for those without a name
    Raises InvalidValueError if there are too many gradients, or none.
    """
    grads = parts.as_dictionary(grads)
    if isinstance(grads, dict) and len(grads):
        return _spread(grads, (), places)
    if not isinstance(grads, (tuple, list, dict)) or _of_one(grads, arguments):
        grads = [grads]
    owners = named_owners(len(grads), arguments, places, hints)
    owners = owners or _by_form(grads, arguments) or _owners(grads, arguments, places)
    if not len(grads) or not owners:
        raise InvalidValueError(f"{backward.path}: expected {backward.name} to return a gradient "
                                f"for each argument ({', '.join(places)}), or for the first of "
                                f"them, got {len(grads) or 'none'}")
    named = {}
    for path, grad in zip(owners, grads):
        named.update(_spread(grad, path, places))
    return named


def named_owners(count, arguments, places, hints):
    """The paths that the names of positional gradients lead to, if they lead on and on; or None.

    dW, db belong to W and b. But if the order is another one than that of the arguments, it is the
    caller who will take them for something else.
    """
    paths = {name: (name,) for name in arguments}
    paths.update(places)
    names = [part_of(hint, paths) for hint in hints]
    if len(hints) != count or None in names:
        return None
    order = list(places.values()) + [(name,) for name in arguments]
    ranks = [order.index(paths[name]) for name in names]
    return [paths[name] for name in names] if ranks == sorted(set(ranks)) else None


def _of_one(grads, arguments):
    """Whether a list is the gradient of one argument, which is such a list."""
    return any(_same_form(grads, argument) for argument in arguments.values()
               if isinstance(argument, (tuple, list)))


def _by_form(grads, arguments):
    """The paths to the lists that these lists are the gradients of, in their order, or None."""
    owners, lists = [], _lists((), arguments)
    for grad in grads:
        path = next((path for path, thing in lists if _same_form(grad, thing)), None)
        owners.append(path)
    some = any(isinstance(grad, (tuple, list)) for grad in grads)
    return owners if some and None not in owners else None


def _lists(path, argument):
    """The lists and tuples of arrays in an argument, with their paths, an iterator."""
    items = argument.items() if isinstance(argument, dict) else ()
    for key, value in items:
        if isinstance(value, (tuple, list)) and parts.is_tree(value):
            yield (*path, key), value
        yield from _lists((*path, key), value)


def _same_form(grad, argument):
    """Whether two lists have arrays of the same shapes in them."""
    if not isinstance(argument, (tuple, list)):
        return not is_blank(grad) and _shape(grad) == _shape(argument)
    return (isinstance(grad, (tuple, list)) and len(grad) == len(argument) > 0
            and parts.is_tree(argument) and all(map(_same_form, grad, argument)))


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
    grad  = parts.as_dictionary(grad)
    names = {place: name for name, place in places.items()}
    if path in names and not (isinstance(grad, dict) and _are_parts(grad, places)):
        return {names[path]: grad}
    if not isinstance(grad, (dict, list, tuple)):
        return {path[0]: grad}
    items = grad.items() if isinstance(grad, dict) else enumerate(grad)
    spread = {}
    for key, value in items:
        place = _place((*path, key), grad, names)
        inside = isinstance(value, (list, tuple)) and _leads_on((*path, key), places)
        if place or inside or isinstance(value, dict):
            spread.update(_spread(value, place or (*path, key), places))
        else:
            spread[_part(key, grad, places)] = value
    return spread


def _leads_on(path, places):
    """Whether there are parts further along this path."""
    return any(place[:len(path)] == path != place for place in places.values())


def _are_parts(grad, places):
    return bool(grad) and all(_part(key, grad, places) in places for key in grad)


def _place(path, grad, names):
    """The path of a part, its key perhaps with a d before it, or None."""
    if path in names:
        return path
    beside = [place[-1] for place in names if place[:-1] == path[:-1] and place[-1] not in grad]
    last = part_of(path[-1], beside)
    return (*path[:-1], last) if last is not None else None


def _part(key, grad, places):
    """The name of the part that a key means: W for W, and for dW if nothing else is called so."""
    if key in places:
        return key
    return part_of(key, [name for name in places if name not in grad]) or key
