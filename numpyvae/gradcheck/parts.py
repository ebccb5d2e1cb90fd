"""The parts of a forward's arguments: the arrays and numbers in them, by name.

    forward(x, W, b)            the parts are x, W and b
    forward(x, params)          with params = {"W1": …, "b1": …}: x, W1 and b1

A part goes by its own name where that is the only one, or else by the way to it, params.W1. Real
numbers have gradients; whole ones (token ids, labels), booleans and anything else have none.
"""
import copy
import sys

import numpy as np


def places(arguments):
    """Where each part is  ->  {name: path}, a path being the keys that lead to it."""
    paths = list(_paths((), arguments))
    short = [_name(path) for path in paths]
    names = [".".join(map(str, path)) if short.count(name) > 1 and len(path) > 1 else name
             for name, path in zip(short, paths)]
    return dict(zip(names, paths))


def part(arguments, path):
    """The part at this path; raises LookupError if it is no longer there."""
    for key in path:
        arguments = arguments[key]
    return arguments


def put(arguments, path, value):
    """Replace the part at this path  ->  the arguments; a tuple is made anew."""
    key, *rest = path
    value = put(arguments[key], rest, value) if rest else value
    if isinstance(arguments, tuple):
        items = [*arguments[:key], value, *arguments[key + 1:]]
        return arguments._make(items) if hasattr(arguments, "_make") else tuple(items)
    arguments[key] = value
    return arguments


def is_real(value):
    """Whether a part consists of floating-point numbers, and so has a gradient."""
    return _kind(value) == "f"


def is_whole(value):
    """Whether a part consists of integers or booleans."""
    return _kind(value) in "iub"


def is_tree(argument):
    """Whether an argument has parts of its own: a dictionary, or a list or tuple with arrays in it.
    """
    if isinstance(argument, (list, tuple)):
        return any(isinstance(each, (dict, np.ndarray)) for each in argument)
    return isinstance(argument, dict)


def has_gradient(argument):
    """Whether there are floating-point numbers in an argument."""
    return any(is_real(part(argument, path)) for path in _paths((), argument))


def copies(arguments):
    """The same arguments, copied deeply: nothing that is done to them reaches the originals."""
    # a layer may keep a module, such as self.xp = np, which cannot be copied
    modules = {id(module): module for module in list(sys.modules.values())}
    try:
        return copy.deepcopy(arguments, modules)
    except Exception:                                # what cannot be copied is shared
        return {name: _copy(argument) for name, argument in arguments.items()}


def _copy(argument):
    try:
        return copy.deepcopy(argument)
    except Exception:
        return argument


def _paths(path, argument):
    if not is_tree(argument):
        yield path
        return
    items = argument.items() if isinstance(argument, dict) else enumerate(argument)
    for key, value in items:
        yield from _paths((*path, key), value)


def _name(path):
    *_, last = path
    return f"{path[-2]}[{last}]" if isinstance(last, int) and len(path) > 1 else str(last)


def _kind(value):
    try:
        return np.asarray(value).dtype.kind
    except ValueError:                               # a list with rows of different lengths
        return "O"
