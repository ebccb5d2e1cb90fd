"""The parts of a forward's arguments: the arrays and numbers in them, by name.

    forward(x, W, b)            the parts are x, W and b
    forward(x, params)          with params = {"W1": …, "b1": …}: x, W1 and b1
    forward(x, params)          with params.W1 and params.b1 (a dataclass, say): the same

A part goes by its own name where that is the only one, or else by the way to it, params.W1. Real
numbers have gradients; whole ones (token ids, labels), booleans and anything else have none.
"""
import copy
import dataclasses
import sys
import types

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
        arguments = _items(arguments)[key]
    return arguments


def put(arguments, path, value):
    """Replace the part at this path  ->  the arguments; a tuple is made anew."""
    key, *rest = path
    value = put(_items(arguments)[key], rest, value) if rest else value
    if isinstance(arguments, tuple):
        items = {**_items(arguments), key: value}.values()
        return arguments._make(items) if hasattr(arguments, "_make") else tuple(items)
    if isinstance(arguments, (dict, list)):
        arguments[key] = value
    else:
        object.__setattr__(arguments, key, value)        # also where a dataclass is frozen
    return arguments


def is_real(value):
    """Whether a part consists of floating-point numbers, and so has a gradient."""
    return _kind(value) == "f"


def is_whole(value):
    """Whether a part consists of integers or booleans."""
    return _kind(value) in "iub"


def is_tree(argument):
    """Whether an argument has parts of its own: a dictionary, or a list, a tuple or an object with
    arrays in it.
    """
    if isinstance(argument, dict):
        return True
    return any(isinstance(each, (dict, np.ndarray))
               or isinstance(each, (list, tuple)) and is_tree(each)
               for each in _items(argument).values())


def as_dictionary(thing):
    """The attributes of an object with arrays in it, by name, its texts left out; anything else as
    it is.
    """
    if type(thing) in (tuple, list) or isinstance(thing, dict) or not is_tree(thing):
        return thing
    return {name: value for name, value in _items(thing).items() if not isinstance(value, str)}


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
    for key, value in _items(argument).items():
        yield from _paths((*path, key), value)


def _items(argument):
    """What a dictionary, a list, a tuple or an object consists of, by key, index or attribute."""
    if isinstance(argument, dict):
        return argument
    if hasattr(argument, "_fields") and isinstance(argument, tuple):         # a named tuple
        return dict(zip(argument._fields, argument))
    if isinstance(argument, (list, tuple)):
        return dict(enumerate(argument))
    if dataclasses.is_dataclass(argument) and not isinstance(argument, type):
        return {field.name: getattr(argument, field.name, None)
                for field in dataclasses.fields(argument)}
    if isinstance(argument, (type, np.ndarray, types.ModuleType, types.FunctionType)):
        return {}
    return getattr(argument, "__dict__", {})


def _name(path):
    *rest, last = path
    return f"{_name(rest)}[{last}]" if isinstance(last, int) and rest else str(last)


def _kind(value):
    try:
        return np.asarray(value).dtype.kind
    except ValueError:                               # a list with rows of different lengths
        return "O"
