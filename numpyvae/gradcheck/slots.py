"""Where a layer keeps its parameters and their gradients.

They are looked for where they usually are: in `params` and `grads` (joelnet), in `parameters` and
`gradients` (numpy-ml), or in attributes such as W and dW; and so in each of a network's `layers`.
"""
import contextlib

import numpy as np

from .parts import is_real

TABLES = (("params", "grads"), ("parameters", "gradients"))
PREFIXES = ("d", "grad_")


class Slot:
    """Where a layer keeps one parameter and its gradient: each a dictionary or list, and a key."""

    def __init__(self, values, key, grads, grad_key):
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
    found = {}
    for k, part in enumerate(getattr(layer, "layers", None) or ()):
        found.update({f"{k}.{name}": slot for name, slot in slots(part).items()})
    if found:
        return found
    for values, grads in TABLES:
        table = getattr(layer, values, None)
        if isinstance(table, (dict, list)) and table:
            return _in_table(table, values, getattr(layer, grads, None))
    return in_attributes(vars(layer) if hasattr(layer, "__dict__") else {})


def _in_table(table, name, grads):
    items = table.items() if isinstance(table, dict) else enumerate(table)
    named = {key if isinstance(table, dict) else f"{name}[{key}]": key
             for key, value in items if is_real(value)}
    return {str(name): Slot(table, key, grads, _grad_key(grads, key))
            for name, key in named.items()}


def _grad_key(grads, key):
    """W, or dW if that is what the gradients are called."""
    if isinstance(grads, dict) and key not in grads:
        return next((f"{prefix}{key}" for prefix in PREFIXES if f"{prefix}{key}" in grads), key)
    return key


def in_attributes(attributes):
    """The parameters among these attributes: W if there is a dW, b if there is a db."""
    return {name: Slot(attributes, name, attributes, f"{prefix}{name}")
            for name, value in attributes.items() for prefix in PREFIXES
            if f"{prefix}{name}" in attributes and is_real(value)}
