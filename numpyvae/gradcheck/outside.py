"""Parameters outside of forward: global arrays of the file, of which backward returns gradients.

    Wxh, Whh = ...                                   min-char-rnn
    def loss_of(inputs, targets): ...
        return loss, dWxh, dWhh

They become arguments of forward and of backward, and for the time of a call the file's own names
have these values.
"""
import inspect

import numpy as np

from .names import part_of
from .parts import is_real
from .student import Function


def with_globals(file, functions, arguments, body):
    """The functions, and their arguments, with the global arrays whose gradients are returned.

    file: a student.File; functions: some student.Functions; body: the text of the last of them
    """
    arrays = {name: value for name, value in file.names.items()
              if isinstance(value, np.ndarray) and is_real(value) and name not in arguments}
    names  = [part_of(hint, arrays) for hint in body.returned]
    moved  = {name: arrays[name] for name in names if name}
    if not moved:
        return functions, arguments
    return ([_with(file, function, moved) for function in functions],
            {**arguments, **{name: np.array(value) for name, value in moved.items()}})


def _with(file, function, moved):
    """A function with these names as keywords, which are the file's during a call."""
    moved = {name: value for name, value in moved.items()
             if name not in function.signature.parameters}

    def call(*args, **kwargs):
        own = {name: kwargs.pop(name) for name in moved if name in kwargs}
        file.names.update(own)
        try:
            return function.code(*args, **kwargs)
        finally:
            file.names.update({name: moved[name] for name in own})

    extra = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
             for name, value in moved.items()]
    parameters = list(function.signature.parameters.values())
    last = [each for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD]
    signature = inspect.Signature([*(each for each in parameters if each not in last), *extra,
                                   *last])
    return Function(function.path, function.name, call, signature)
