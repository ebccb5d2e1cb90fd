"""A student's forward and backward, made into what a gradient check compares: f and grads.

Forward returns arrays, and differences need one number. So every output is multiplied by a random
array of its shape, its dout, and all of it is added up. The gradient of that sum is what backward
should return when it is given the douts. (A loss is one number already; if its backward takes no
dout, that is 1.)
"""
from inspect import Parameter

import numpy as np

from . import parts
from .blanks import is_blank
from .returned import by_part, named_owners
from .student import Stopped
from ..errors import InvalidValueError

# The douts come from a stream that no example() is likely to draw from: were dy equal to x, much
# that is wrong would look right.
STREAM = 0x4a554447


class Trial:
    """A forward and a backward with arguments to try them with, and a way to call backward.

    forward, backward: of a student's file, each a student.Function
    arguments: forward's, by name; things: what it returns for them, a list
    convention: how backward is called, a conventions.Convention
    places: where the parts of the arguments are, by name, see parts.py
    outputs, douts: the things that are differentiated, and a random array for each
    changed: {function's name: the parts that it was seen to change}
    hints: how the gradients are called where backward returns them, see returned.py
    single: whether forward was seen to compute in single precision
    owners: the parts that backward's gradients belong to, if not to the first arguments
    told: what the names lead to that the gradients have where they are returned, if to anything
    by_name, nothing: whether backward returned a dictionary, or nothing at all
    order: the names of the parts as backward made their gradients, if that is known
    """

    def __init__(self, forward, backward, arguments, things, convention, seed, body=None):
        rng = np.random.default_rng([seed, STREAM])
        self.forward = forward
        self.backward = backward
        self.arguments = arguments
        self.things = things
        self.convention = convention
        self.places = parts.places(arguments)
        self.outputs = [np.asarray(thing) for thing in things[:convention.outputs]]
        self.douts = [rng.standard_normal(output.shape) for output in self.outputs]
        if not convention.douts:
            self.douts = [np.ones(())]
        self.changed = {forward.name: set(), backward.name: set()}
        self.hints = body.returned if body else ()
        self.adds_up = bool(body and body.adds_up)
        self.single = False
        self.by_name = self.nothing = False
        self.owners, self.told = [], None
        self.order = None

    def part(self, name):
        """The part of the arguments that has this name."""
        return parts.part(self.arguments, self.places[name])

    def f(self, params):
        """Σ output dout over all outputs: one number.

        params: those parts of forward's arguments that are moved, by name
        """
        things = self._forward(params, self._given(params))
        total  = sum(np.sum(thing * dout) for thing, dout in zip(things, self.douts))
        return np.float32(total) if self.single else total

    def outputs_at(self, params):
        """What forward returns there, as far as it is differentiated."""
        things = self._forward(params, self._given(params))
        return [np.asarray(thing) for thing in things[:len(self.outputs)]]

    def f_of(self, term):
        """The same of a function that takes forward's arguments and returns a term of its loss."""
        def f(params):
            things = run(term, self._given(params))
            return np.sum(things[0] * self.douts[0])
        return f

    def grads(self, params, douts=None):
        """What backward returns, by the names of the parts."""
        given = self._given(params)
        if self.convention.needs_things:
            things = self._forward(params, given)
        else:
            things = self._forward(params, self._given(params))      # it may keep something
        douts = [dout.copy() for dout in self.douts] if douts is None else douts
        plain = [dout if dout.ndim else dout.item() for dout in douts[:len(self.convention.douts)]]
        grads = self.convention.call(self.backward, plain, given, things)
        self._note_changes(self.backward, params, given)
        named = by_part(grads, self.arguments, self.places, self.backward, self.hints)
        self.by_name = isinstance(parts.as_dictionary(grads), dict)
        self.nothing = grads is None
        self.order   = self._order(named) if self.by_name else None
        self.owners  = [] if self.by_name else self._owners(named)
        self.told    = named_owners(len(named), self.arguments, self.places, self.hints)
        return named

    def _owners(self, named):
        """The parts that have a gradient, if one before them has none, though it could."""
        real = [name for name in self.places if parts.is_real(self.part(name))]
        ours = [name for name in real if not is_blank(named.get(name))]
        return [] if ours == real[:len(ours)] else ours

    def _order(self, named):
        """The names in the order of the backward pass, as far as a dictionary shows it.

        One that has the order of the arguments was filled with zeros before, and what is added up
        in a loop is made over and over, as in a recurrent network.
        """
        forwards = [name for name in self.places if name in named]
        return None if self.adds_up or list(named) == forwards else list(named)

    def depends_on(self, name):
        """Whether f changes when this part is moved a little, or stops."""
        value = np.asarray(self.part(name))
        try:
            return bool(self.f({name: value * 1.001 + 0.001}) != self.f({}))
        except Stopped:
            return True

    def needs_gradient(self, name):
        """Whether there should be a gradient by this name: real numbers, on which f depends."""
        if (name,) in self.places.values():
            return parts.is_real(self.part(name))
        inside = [part for part, path in self.places.items() if name in (part, path[0])]
        return any(parts.is_real(self.part(part)) and self.depends_on(part) for part in inside)

    def _given(self, params):
        given = parts.copies(self.arguments)
        for name, param in params.items():
            parts.put(given, self.places[name], np.copy(param))
        return given

    def _forward(self, params, given):
        things = run(self.forward, given)
        self._note_changes(self.forward, params, given)
        return things

    def _note_changes(self, function, params, given):
        """Remember which parts of the arguments that a function was given are not what they were.
        """
        known = set().union(*self.changed.values())
        for name, path in self.places.items():
            if name not in known and _differ(params.get(name, self.part(name)), given, path):
                self.changed[function.name].add(name)


def example_arguments(forward, example):
    """What example() returns, by the names that forward gives its arguments, and the defaults of
    the rest.

    forward, example: of a student's file, each a student.Function
    Raises InvalidValueError if the one does not fit the other.
    """
    values = example()
    parameters = forward.signature.parameters.values()
    bound = _bound(forward, values)
    for parameter in parameters:
        if parameter.kind is Parameter.VAR_POSITIONAL and parameter.name in bound.arguments:
            raise InvalidValueError(f"{forward.path}: expected {forward.name} to have a name for "
                                    f"each argument, got {parameter}; if it is decorated, "
                                    "functools.wraps keeps the names")
    bound.apply_defaults()
    starred = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    arguments = {parameter.name: bound.arguments[parameter.name] for parameter in parameters
                 if parameter.kind not in starred}
    for name, value in arguments.items():
        if isinstance(value, np.ndarray) and value.size == 0:
            raise InvalidValueError(f"{forward.path}: expected example() to return numbers for "
                                    f"{name}, got an empty array of shape {value.shape}")
    return arguments


def _bound(forward, values):
    """What example() returned, bound to forward's parameters: by name, or by position."""
    names = ", ".join(forward.signature.parameters) or "none"
    if isinstance(values, dict) and set(values) & set(forward.signature.parameters):
        args, named = (), values
        got = ", ".join(map(str, values))
    else:
        args, named = values if isinstance(values, (tuple, list)) else (values,), {}
        got = str(len(args))
    try:
        if len(args) > 1 == len(forward.signature.parameters):
            args = (values,)                             # one argument, which is a list
        return forward.signature.bind(*args, **named)
    except TypeError:
        got = "nothing; is its return missing?" if values is None else got
        raise InvalidValueError(f"{forward.path}: expected example() to return the arguments of "
                                f"{forward.name} ({names}), got {got}") from None


def run(forward, arguments):
    """Call forward  ->  the things that it returns, a list."""
    bound = forward.signature.bind_partial()
    bound.arguments.update(arguments)
    result = forward(*bound.args, **bound.kwargs)
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _differ(before, given, path):
    """Whether the array at a path is another one than before."""
    try:
        after = parts.part(given, path)
    except LookupError:                              # it is gone, and nobody can use it
        return False
    if not isinstance(before, np.ndarray):
        return False
    return not np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
