"""A class with forward and backward, as the pair of functions that the judge knows.

    y, layer  = forward(x, params)        layer.forward(x), with these parameters in the layer
    dx, grads = backward(dy, layer)       layer.backward(dy), and the gradients that it left there

What forward keeps for backward it keeps in the layer, so the layer is the cache. Every call has a
copy of it, with gradients of zero, since some add up over calls. A backward that does not keep the
gradients but moves the parameters by them is given a learning rate of 1: how far they moved tells.
"""
import contextlib
import inspect

import numpy as np

from .methods import (RATES, methods_of, named_after, of_backward, rates_of, signature_of,
                      takes_inputs, with_params)
from .names import spellings
from .parts import copies, is_real, part, places
from .slots import TABLES, arrays, in_attributes, members, slots
from .student import Function
from ..errors import InvalidValueError


class Method(Function):
    """A method as a function.

    state: the names of what forward was seen to change in the layer
    alone: of its arrays that seem to be parameters, but have no place for a gradient
    keeps: whether the last thing that forward returns is the layer, for backward
    hidden: the name of the argument that has the parameters, which one does not write
    """

    def __init__(self, path, name, code, signature, state=(), alone=(), keeps=False, hidden=None):
        super().__init__(path, name, code, signature)
        self.state = state
        self.alone = alone
        self.keeps = keeps
        self.hidden = hidden


def pair_of(file, name, methods=()):
    """The functions forward, backward and example that a class comes down to; None for backward if
    forward returns the gradients, too.

    file: a student.File; name: of a class in it, whose instance example() returns with its inputs,
        or of such an instance
    methods: the names of forward and backward, if they are not the usual ones
    Raises InvalidValueError if it has no forward and backward, or example() returns no instance.
    """
    thing = file.names[name]
    cls   = thing if isinstance(thing, type) else type(thing)
    forward, backward = methods or methods_of(file.path, cls)
    layer, inputs = _example(file, cls, name)
    example = Function(file.path, "example", lambda: inputs, inspect.Signature())
    pair = _Pair(file.path, name, layer, inputs, forward, backward)
    return pair.forward, pair.backward, example


def _example(file, cls, name):
    """The layer that example() returns, or one that is made without arguments; and the inputs."""
    values = file.function("example")()
    if isinstance(values, dict):
        layers = [value for value in values.values() if isinstance(value, cls)]
        inputs = {key: value for key, value in values.items() if not isinstance(value, cls)}
    else:
        values = list(values) if isinstance(values, (tuple, list)) else [values]
        layers = [value for value in values if isinstance(value, cls)]
        inputs = [value for value in values if not isinstance(value, cls)]
    if len(layers) == 1:
        return layers[0], inputs
    if isinstance(file.names[name], cls):
        return file.names[name], inputs
    with contextlib.suppress(TypeError):
        inspect.signature(cls).bind()
        return Function(file.path, name, cls, None)(), inputs
    raise InvalidValueError(f"{file.path}: expected example() to return the layer, a {name}, and "
                            f"then its inputs, got {', '.join(type(v).__name__ for v in values)}")


class _Pair:
    """forward and backward of a layer.

    backward: None if forward returns the gradients, too
    """

    def __init__(self, path, name, layer, inputs, forward, backward):
        takes = signature_of(layer, forward)
        self.argument = "layer" if "params" in takes.parameters else "params"
        self.inputs   = len(inputs)
        self.names    = forward, backward
        self.state    = set()
        self.keeps    = backward is not None and not takes_inputs(layer, forward, backward)
        self.layer    = self._prepared(layer, inputs, Function(path, f"{name}.{forward}",
                                                               self._call, None))
        self.kept     = set(slots(self.layer))
        self.alone    = self._on_their_own(inputs)
        params = _nested({key: np.array(slot.value)
                          for key, slot in self._slots(self.layer).items()})
        self.forward  = Method(path, f"{name}.{forward}", self._forward,
                               with_params(takes, self.argument, params), self.state,
                               self.alone, self.keeps, self.argument)
        self.backward = None
        if backward and self.keeps:
            self.backward = Method(path, f"{name}.{backward}", self._backward,
                                   of_backward(layer, backward), self.state)
        elif backward:
            after = named_after(signature_of(layer, backward), takes)
            self.backward = Method(path, f"{name}.{backward}", self._derivative,
                                   with_params(after, self.argument, params), self.state)

    def _slots(self, layer):
        """Where a layer keeps its parameters, those without a place for a gradient included."""
        everything = arrays(layer)
        return {**slots(layer), **{name: everything[name] for name in self.alone}}

    def _filled(self, params):
        """A copy of the layer with these parameters."""
        layer = _copy(self.layer)
        flat  = {name: part(params, path) for name, path in places(params).items()}
        for name, slot in self._slots(layer).items():
            slot.install(flat[name])
        return layer

    def _forward(self, *args, **kwargs):
        layer  = self._filled(kwargs.pop(self.argument))
        before = copies(_numbers(layer))
        result = _result(layer, getattr(layer, self.names[0])(*args, **kwargs), "output")
        after = _numbers(layer)
        self.state |= {name for name, number in before.items()
                       if name in after and not _same(number, after[name])}
        if not self.keeps:
            return result
        return (*result, layer) if isinstance(result, (tuple, list)) else (result, layer)

    def _backward(self, *douts):
        *douts, layer = douts
        return self._gradients(layer, douts, rates_of(layer, self.names[1]))

    def _derivative(self, *args, **kwargs):
        """grad(x, y), of a layer that has seen forward(x, y), where that is possible."""
        layer = self._filled(kwargs.pop(self.argument))
        with contextlib.suppress(Exception):             # for what it may keep
            getattr(layer, self.names[0])(*_copy(args), **_copy(kwargs))
        return self._gradients(layer, args, kwargs)

    def _gradients(self, layer, args, kwargs):
        """What backward returns, and the gradients that it leaves in the layer."""
        before = {name: np.copy(slot.value) for name, slot in self._slots(layer).items()}
        result = getattr(layer, self.names[1])(*args, **kwargs)
        result = _result(layer, result, "dinputs")
        kept   = {name: slot.grad for name, slot in slots(layer).items() if name in self.kept}
        moved  = {name: before[name] - slot.value for name, slot in self._slots(layer).items()
                  if set(kwargs) & set(RATES)}
        grads  = {**kept, **moved}
        if isinstance(result, dict):
            return {**grads, **result}
        if isinstance(result, list) and self.inputs == 1 and len(result) > 1:
            result = result[-1:]                     # of several forwards, the last is ours
        if result is None and any(grad is not None for grad in grads.values()):
            return grads
        if not grads or isinstance(result, (tuple, list)) and len(result) > self.inputs:
            return result
        return (*(result if isinstance(result, (tuple, list)) else [result]), grads)

    # ------------------------------------------------------------------ before the first call

    def _call(self, layer, inputs):
        inputs  = _copy(inputs)
        named   = isinstance(inputs, dict)
        forward = getattr(layer, self.names[0])
        return _result(layer, forward(**inputs) if named else forward(*inputs), "output")

    def _prepared(self, layer, inputs, call):
        """A copy of the layer with its parameters in place.

        Some are made only by the first forward, which knows the sizes, and some of the attributes
        for their gradients only by the first backward.
        """
        layer  = _copy(layer)
        used   = _copy(layer)
        result = call(used, inputs)
        if set(slots(used)) - set(slots(layer)):
            layer = _as_new(used, layer)
        with contextlib.suppress(Exception):             # a wrong backward is judged later
            count = len(of_backward(used, self.names[1]).parameters) - 1
            outputs = result if isinstance(result, (tuple, list)) else [result]
            ones = [np.ones_like(output) for output in outputs[:count]]
            getattr(used, self.names[1])(*ones, **rates_of(used, self.names[1]))
        _announce(layer, used)
        return layer

    def _on_their_own(self, inputs):
        """The arrays on which the output depends as on parameters, but with no gradient kept."""
        known, found = {id(slot.value) for slot in slots(self.layer).values()}, []
        for name, slot in arrays(self.layer).items():
            if id(slot.value) not in known:
                moved = _copy(self.layer)
                place = arrays(moved)[name]
                place.values[place.key] = slot.value * 1.001 + 0.001
                with contextlib.suppress(Exception):
                    first = self._call(_copy(self.layer), inputs)
                    if not _all_same(first, self._call(moved, inputs)):
                        found.append(name)
        return found


def _nested(params):
    """{"b": …, "W[0]": …, "W[1]": …}  ->  {"b": …, "W": […, …]}"""
    nested = {}
    for name, value in params.items():
        start, bracket, _ = name.partition("[")
        if bracket:
            nested.setdefault(start, []).append(value)
        else:
            nested[name] = value
    return nested


def _as_new(used, layer):
    """A layer that was used once, and so has its parameters, as if it had not been used."""
    with contextlib.suppress(Exception):             # numpy-ml has a method for that
        used = _copy(used)
        used.flush_gradients()
        return used
    for name, value in vars(used).items():
        if isinstance(value, list):
            del value[len(getattr(layer, name, None) or ()):]
    return used


def _announce(layer, used):
    """Make the attributes, such as dW, that a backward makes for the gradients of others."""
    theirs = dict(members(used))
    for prefix, member in list(members(layer)):
        after = vars(theirs[prefix]) if prefix in theirs else {}
        for name in in_attributes(after):
            for spelling in spellings(name):
                if spelling in after and not hasattr(member, spelling):
                    setattr(member, spelling, None)


def _all_same(first, second):
    pairs = zip(first, second) if isinstance(first, (tuple, list)) else [(first, second)]
    return all(_same(np.asarray(a), np.asarray(b)) for a, b in pairs)


def _result(layer, result, name):
    """What a method returned, or else what it left in the layer by this name (nnfs)."""
    return getattr(layer, name, None) if result is None else result


def _copy(thing):
    return copies({"thing": thing})["thing"]


def _numbers(layer):
    """The arrays in a layer, also those in its dictionaries, but not its gradients."""
    grads, found = {grads for _, grads in TABLES}, {}
    for name, value in getattr(layer, "__dict__", {}).items():
        if isinstance(value, np.ndarray):
            found[name] = value
        elif isinstance(value, dict) and name not in grads:
            found.update({str(key): array for key, array in value.items()
                          if isinstance(array, np.ndarray)})
    return found


def _same(a, b):
    return np.array_equal(a, b, equal_nan=is_real(a))
