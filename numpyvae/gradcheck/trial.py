"""A student's forward and backward, made into what a gradient check compares: f and grads.

Forward returns arrays, and differences need one number. So every output is multiplied by a random
array of its shape, its dout, and all of it is added up. The gradient of that sum is what backward
should return when it is given the douts.
"""
from inspect import Parameter

import numpy as np

from ..errors import InvalidValueError

# The douts come from a stream that no example() is likely to draw from: were dy equal to x, much
# that is wrong would look right.
STREAM = 0x4a554447


class Trial:
    """A forward and a backward with arguments to try them with, and a way to call backward.

    forward, backward: of a student's file, each a student.Function
    arguments: forward's, by name; things: what it returns for them, a list
    convention: how backward is called, a conventions.Convention
    outputs, douts: the things that are differentiated, and a random array for each
    changed: {function's name: the arguments that it was seen to change}
    in_order: whether backward returned a dictionary, which has the order of the backward pass
    """

    def __init__(self, forward, backward, arguments, things, convention, seed):
        rng = np.random.default_rng([seed, STREAM])
        self.forward = forward
        self.backward = backward
        self.arguments = arguments
        self.things = things
        self.convention = convention
        self.outputs = [np.asarray(thing) for thing in things[:len(convention.douts)]]
        self.douts = [rng.standard_normal(output.shape) for output in self.outputs]
        self.changed = {forward.name: set(), backward.name: set()}
        self.in_order = False

    def f(self, params):
        """Σ output dout over all outputs: one number.

        params: those of forward's arguments that are moved, by name
        """
        things = self._forward(params, copies({**self.arguments, **params}))
        return sum(np.sum(thing * dout) for thing, dout in zip(things, self.douts))

    def grads(self, params, douts=None):
        """What backward returns, by the names of the arguments."""
        given = copies({**self.arguments, **params})
        things = self._forward(params, given) if self.convention.cache else []
        douts = [dout.copy() for dout in self.douts] if douts is None else douts
        plain = [dout if dout.ndim else dout.item() for dout in douts]
        grads = self.convention.call(self.backward, plain, given, things)
        self._note_changes(self.backward, params, given)
        return self._named(grads)

    def _forward(self, params, given):
        things = run(self.forward, given)
        self._note_changes(self.forward, params, given)
        return things

    def _note_changes(self, function, params, given):
        """Remember which of the arguments that a function was given are not what they were."""
        known = set().union(*self.changed.values())
        for name, argument in {**self.arguments, **params}.items():
            if name not in known and _differ(argument, given[name]):
                self.changed[function.name].add(name)

    def _named(self, grads):
        self.in_order = isinstance(grads, dict)
        if not self.in_order and not isinstance(grads, (tuple, list)):
            grads = (grads,)
        most = len(grads) if self.in_order else len(self.arguments)
        if not 0 < len(grads) <= most:
            raise InvalidValueError(
                f"{self.backward.path}: expected 1 to {len(self.arguments)} gradients of "
                f"{self.backward.name}, one for each argument, got {len(grads)}")
        return grads if self.in_order else dict(zip(self.arguments, grads))


def example_arguments(forward, example):
    """What example() returns, by the names that forward gives its arguments, and the defaults of
    the rest.

    forward, example: of a student's file, each a student.Function
    Raises InvalidValueError if the one does not fit the other.
    """
    values = example()
    values = values if isinstance(values, (tuple, list)) else (values,)
    parameters = forward.signature.parameters.values()
    try:
        bound = forward.signature.bind(*values)
    except TypeError:
        names = ", ".join(forward.signature.parameters) or "none"
        raise InvalidValueError(f"{forward.path}: expected example() to return the arguments of "
                                f"{forward.name} ({names}), got {len(values)}") from None
    for parameter in parameters:
        if parameter.kind is Parameter.VAR_POSITIONAL and parameter.name in bound.arguments:
            raise InvalidValueError(f"{forward.path}: expected {forward.name} to have a name for "
                                    f"each argument, got {parameter}; if it is decorated, "
                                    "functools.wraps keeps the names")
    bound.apply_defaults()
    starred = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return {parameter.name: bound.arguments[parameter.name] for parameter in parameters
            if parameter.kind not in starred}


def run(forward, arguments):
    """Call forward  ->  the things that it returns, a list."""
    bound = forward.signature.bind_partial()
    bound.arguments.update(arguments)
    result = forward(*bound.args, **bound.kwargs)
    return list(result) if isinstance(result, (tuple, list)) else [result]


def copies(arguments):
    """The same arguments, with a copy of every array: nothing can change the originals."""
    return {name: np.copy(argument) if isinstance(argument, np.ndarray) else argument
            for name, argument in arguments.items()}


def _differ(a, b):
    if not isinstance(a, np.ndarray):
        return False
    return not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
