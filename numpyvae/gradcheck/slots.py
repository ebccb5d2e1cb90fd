"""Where a layer keeps its parameters and their gradients.

They are looked for where they usually are: in `params` and `grads` (joelnet), in `parameters` and
`gradients` (numpy-ml), in attributes such as W and dW, or in an object with `data` and `grad`; and
so in whatever the layer is made of, such as a network's `layers`.
"""
import contextlib
import types

import numpy as np

from .names import spellings
from .parts import is_real

TABLES = (("params", "grads"), ("parameters", "gradients"))

# What has attributes, but is no part of a layer.
FOREIGN = (type, np.ndarray, types.ModuleType, types.FunctionType, types.MethodType)


class Slot:
    """Where a layer keeps one parameter and its gradient: each a dictionary or list, and a key."""

    def __init__(self, values, key, grads=None, grad_key=None):
        self.values, self.key     = values, key
        self.grads, self.grad_key = grads, grad_key

    @property
    def value(self):
        """The parameter."""
        return self.values[self.key]

    @property
    def grad(self):
        """Its gradient, None if there is none."""
        with contextlib.suppress(LookupError, TypeError):
            return self.grads[self.grad_key]

    def install(self, value):
        """Put a value in the parameter's place, and zeros in that of its gradient."""
        if np.asarray(self.value).dtype == value.dtype:
            self.value[...] = value                  # whoever else refers to the array sees it too
        else:
            self.values[self.key] = value
        if isinstance(self.grad, np.ndarray) and is_real(self.grad):
            self.grad[...] = 0


def slots(layer):
    """Where a layer keeps its parameters and their gradients  ->  {name: Slot}

    (A parameter that is still None has none.)
    """
    found, known = {}, set()
    for prefix, part in members(layer):
        for name, slot in _own(part).items():
            if id(slot.value) not in known:          # a network may list those of its layers
                known.add(id(slot.value))
                name = prefix.removesuffix(".") if name == "data" and prefix else prefix + name
                found[name] = slot
    return found


def arrays(layer):
    """Where a layer keeps arrays of real numbers, as attributes or in lists  ->  {name: Slot}"""
    found = {}
    for prefix, part in members(layer):
        for name, value in vars(part).items():
            if isinstance(value, np.ndarray) and is_real(value):
                found[f"{prefix}{name}"] = Slot(vars(part), name)
            if isinstance(value, list) and value and all(map(_is_array, value)):
                found.update({f"{prefix}{name}[{k}]": Slot(value, k) for k in range(len(value))})
    return found


def members(layer, prefix="", known=None):
    """The objects that a layer is made of, itself the last, each with its name and a dot."""
    known = set() if known is None else known
    if isinstance(layer, FOREIGN) or not hasattr(layer, "__dict__") or id(layer) in known:
        return
    known.add(id(layer))
    for name, value in list(vars(layer).items()):
        if isinstance(value, (list, tuple)):
            start = prefix if name == "layers" else f"{prefix}{name}."
            for k, each in enumerate(value):
                yield from members(each, f"{start}{k}.", known)
        elif isinstance(value, dict):
            for key, each in value.items():
                yield from members(each, f"{prefix}{key}.", known)
        else:
            yield from members(value, f"{prefix}{name}.", known)
    yield prefix, layer


def _own(part):
    """The slots of one object, those of its members left out."""
    for values, grads in TABLES:
        table = getattr(part, values, None)
        if isinstance(table, (dict, list)) and any(map(_is_array, _values(table))):
            return _in_table(table, values, getattr(part, grads, None))
    return in_attributes(vars(part))


def _values(table):
    return table.values() if isinstance(table, dict) else table


def _is_array(value):
    return isinstance(value, np.ndarray) and is_real(value)


def _in_table(table, name, grads):
    items = table.items() if isinstance(table, dict) else enumerate(table)
    named = {key if isinstance(table, dict) else f"{name}[{key}]": key
             for key, value in items if is_real(value)}
    return {str(name): Slot(table, key, grads, _grad_key(grads, key))
            for name, key in named.items()}


def _grad_key(grads, key):
    """W, or dW if that is what the gradients are called."""
    if isinstance(grads, dict) and key not in grads:
        return next((name for name in spellings(str(key)) if name in grads), key)
    return key


def in_attributes(attributes):
    """The parameters among these attributes: W if there is a dW, data if there is a grad."""
    found = {name: Slot(attributes, name, attributes, spelling)
             for name, value in attributes.items() for spelling in spellings(name)
             if spelling in attributes and is_real(value)}
    if is_real(attributes.get("data")) and "grad" in attributes:
        found["data"] = Slot(attributes, "data", attributes, "grad")
    return found
