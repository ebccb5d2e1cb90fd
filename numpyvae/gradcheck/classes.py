"""A class with forward and backward, as the pair of functions that the judge knows.

    y, layer  = forward(x, params)        layer.forward(x), with these parameters in the layer
    dx, grads = backward(dy, layer)       layer.backward(dy), and the gradients that it left there

What forward keeps for backward it keeps in the layer, so the layer is the cache. Every call has a
copy of it, with gradients of zero, since some add up over calls.
"""
import contextlib
import inspect

import numpy as np

from .parts import copies, is_real
from .slots import PREFIXES, TABLES, in_attributes, slots
from .student import Function
from ..errors import InvalidValueError


class Method(Function):
    """A method as a function.

    state: the names of what forward was seen to change in the layer
    alone: of its arrays that seem to be parameters, but have no gradient anywhere
    """

    def __init__(self, path, name, code, signature, state):
        super().__init__(path, name, code, signature)
        self.state = state
        self.alone = []


def pair_of(file, name):
    """The functions forward, backward and example that a class comes down to.

    file: a student.File; name: of a class in it, whose instance example() returns with its inputs
    Raises InvalidValueError if it has no forward and backward, or example() returns no instance.
    """
    cls = file.names[name]
    if not all(callable(getattr(cls, method, None)) for method in ("forward", "backward")):
        raise InvalidValueError(f"{file.path}: expected the class {name} to have the methods "
                                "forward and backward")
    layer, inputs = _example(file, cls, name)
    pair = _Pair(file.path, name, layer, inputs)
    return pair.forward, pair.backward, Function(file.path, "example", lambda: inputs,
                                                 inspect.Signature())


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
    with contextlib.suppress(TypeError):
        inspect.signature(cls).bind()
        return Function(file.path, name, cls, None)(), inputs
    raise InvalidValueError(f"{file.path}: expected example() to return the layer, a {name}, and "
                            f"then its inputs, got {', '.join(type(v).__name__ for v in values)}")


class _Pair:
    """forward and backward of a layer."""

    def __init__(self, path, name, layer, inputs):
        call = inspect.signature(layer.forward)
        self.argument = "layer" if "params" in call.parameters else "params"
        self.inputs   = len(inputs)
        self.layer    = _prepared(layer, inputs, Function(path, f"{name}.forward", _call, None))
        self.state    = set()
        params = {key: np.array(slot.value) for key, slot in slots(self.layer).items()}
        self.names    = list(params)
        self.forward  = Method(path, f"{name}.forward", self._forward,
                               _with_params(call, self.argument, params), self.state)
        self.forward.alone = _alone(self.layer, inputs)
        self.backward = Method(path, f"{name}.backward", self._backward,
                               _of_backward(layer), self.state)

    def _forward(self, *args, **kwargs):
        params = kwargs.pop(self.argument)
        layer = copies({"layer": self.layer})["layer"]
        for name, slot in slots(layer).items():
            slot.install(params[name])
        before = copies(_numbers(layer))
        result = _result(layer, layer.forward(*args, **kwargs), "output")
        after = _numbers(layer)
        self.state |= {name for name, number in before.items()
                       if name in after and not _same(number, after[name])}
        return (*result, layer) if isinstance(result, (tuple, list)) else (result, layer)

    def _backward(self, *douts):
        *douts, layer = douts
        result = _result(layer, layer.backward(*douts), "dinputs")
        grads  = {name: slot.grad for name, slot in slots(layer).items() if name in self.names}
        if isinstance(result, dict):
            return {**grads, **result}
        if isinstance(result, list) and self.inputs == 1 and len(result) > 1:
            result = result[-1:]                     # of several forwards, the last is ours
        result = result if isinstance(result, (tuple, list)) else [result]
        if not grads or len(result) > self.inputs:
            return tuple(result)
        return (*result, grads)


# ---------------------------------------------------------------------- before the first call

def _prepared(layer, inputs, forward):
    """A copy of the layer with its parameters in place.

    Some are made only by the first forward, which knows the sizes, and some of the attributes for
    their gradients only by the first backward.
    """
    layer = _copy(layer)
    used  = _copy(layer)
    result = forward(used, inputs)
    there  = slots(layer)
    if set(slots(used)) - set(there):
        layer = _as_new(used, layer)
    with contextlib.suppress(Exception):             # a wrong backward is judged later
        count = len(_of_backward(used).parameters) - 1
        outputs = result if isinstance(result, (tuple, list)) else [result]
        used.backward(*[np.ones_like(output) for output in outputs[:count]])
    _announce(layer, used)
    return layer


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
    for name in in_attributes(getattr(used, "__dict__", {})):
        for prefix in PREFIXES:
            if hasattr(used, f"{prefix}{name}") and not hasattr(layer, f"{prefix}{name}"):
                setattr(layer, f"{prefix}{name}", None)
    for part, used_part in zip(getattr(layer, "layers", ()), getattr(used, "layers", ())):
        _announce(part, used_part)


def _alone(layer, inputs):
    """The attributes on which the output depends as on parameters, but that have no gradient."""
    known, found = {id(slot.value) for slot in slots(layer).values()}, []
    for name, value in getattr(layer, "__dict__", {}).items():
        if isinstance(value, np.ndarray) and is_real(value) and id(value) not in known:
            moved = _copy(layer)
            vars(moved)[name] = value * 1.001 + 0.001
            with contextlib.suppress(Exception):
                if not _all_same(_call(_copy(layer), inputs), _call(moved, inputs)):
                    found.append(name)
    return found


def _all_same(first, second):
    pairs = zip(first, second) if isinstance(first, (tuple, list)) else [(first, second)]
    return all(_same(np.asarray(a), np.asarray(b)) for a, b in pairs)


def _call(layer, inputs):
    inputs = _copy(inputs)
    named  = isinstance(inputs, dict)
    return _result(layer, layer.forward(**inputs) if named else layer.forward(*inputs), "output")


def _result(layer, result, name):
    """What a method returned, or else what it left in the layer by this name (nnfs)."""
    return getattr(layer, name, None) if result is None else result


def _copy(thing):
    return copies({"thing": thing})["thing"]


# ---------------------------------------------------------------------- signatures, and the state

def _with_params(signature, argument, params):
    """That of forward, with a dictionary of parameters by name, if there are any."""
    extra = inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, default=params)
    return _extended(signature.parameters.values(), [extra])


def _of_backward(layer):
    """backward(dy, layer): the parameters that take gradients, and the layer that keeps the rest.
    """
    parameters = list(inspect.signature(layer.backward).parameters.values())
    needed = [each for each in parameters if each.default is inspect.Parameter.empty
              and each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    cache = inspect.Parameter("layer", inspect.Parameter.POSITIONAL_ONLY)
    names = [each.replace(kind=inspect.Parameter.POSITIONAL_ONLY) for each in needed]
    return inspect.Signature([*names, cache])


def _extended(parameters, extra):
    """A signature with more parameters, which go before **kwargs."""
    last = [each for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD]
    return inspect.Signature([*(each for each in parameters if each not in last), *extra, *last])


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
