"""The target of `numpyvae check`: a file, and the names of what is to be judged in it.

    FILE.py:forward,backward        two functions
    FILE.py:Class                   a class with both, or FILE.py:Class.forward,Class.backward
    FILE.py:loss_and_grads          a function that returns a loss and its gradients
"""
import inspect
import os

from .blanks import Body
from .classes import pair_of
from .methods import BACKWARDS, FORWARDS, has
from .outside import with_globals
from .reasons import closest
from .student import Function
from .together import parted
from .trial import example_arguments
from ..errors import InvalidValueError

EXPECTED = ("expected FILE.py:forward,backward, such as my_layer.py:dense,dense_backward, or "
            "FILE.py:Class, or FILE.py:loss_and_grads")

# How the backward of f may be called, and what else its name may be made of.
PAIRED = ("{}_backward", "{}_back", "{}_bwd", "{}_grad", "{}_gradient", "{}_prime", "{}_derivative",
          "backward_{}", "d{}", "d_{}", "grad_{}")


def parse(target):
    """"FILE.py:forward,backward"  ->  the path, [forward, backward]; or the path, [Class]

    The names are [] if there are none.
    """
    path, _, names = target.rpartition(":")
    if target.endswith(".py") or os.path.isfile(target):
        path, names = target, ""
    names = [name.strip() for name in names.split(",") if names.strip()]
    plain = all(part.isidentifier() for name in names for part in name.split("."))
    if not path or len(names) > 2 or not plain:
        raise InvalidValueError(f"{EXPECTED}, got {target}")
    return path, names


def functions(file, names):
    """What the names mean  ->  forward, backward, its text, and the arguments of forward

    file: a student.File; names: of parse
    Raises InvalidValueError if there is nothing of these names, or if it cannot be used.
    """
    if not names:
        raise InvalidValueError(f"{file.path}: {EXPECTED}; {_offer(file)}")
    forward, backward, example = _found(file, names)
    arguments = example_arguments(forward, example)
    body = Body(file.text, (backward or forward).name)
    if type(forward) is Function:                        # a class has its parameters in the layer
        own = [forward, backward] if backward else [forward]
        (forward, *rest), arguments = with_globals(file, own, arguments, body)
        backward = rest[0] if rest else None
    if backward is None:
        forward, backward = parted(forward, arguments, body)
    return forward, backward, body, arguments


def _found(file, names):
    """forward, backward and example; None for backward if one function is both."""
    owners = {name.rpartition(".")[0] for name in names}
    owner, = owners if len(owners) == 1 else [""]
    if isinstance(file.names.get(owner), type):
        methods = [name.rpartition(".")[2] for name in names]
        for method in methods:
            file.function(f"{owner}.{method}")                       # complains if there is none
        return pair_of(file, owner, [*methods, None][:2])
    if len(names) == 1 and _has_both(file.names.get(names[0])):
        return pair_of(file, names[0])
    if len(names) == 1 and names[0] not in file.names:
        raise InvalidValueError(f"{file.path}: nothing in it is called {names[0]}"
                                f"{closest(names[0], _own(file))}")
    found = [file.function(name) for name in (*names, "example")]
    return found if len(names) == 2 else [found[0], None, found[1]]


def _has_both(thing):
    """Whether this is a class, or an object with a forward and a backward."""
    return isinstance(thing, type) or all(any(has(type(thing), name) for name in names)
                                          for names in (FORWARDS, BACKWARDS))


def _own(file):
    """The functions and classes that a file defines itself, by name."""
    return {name: thing for name, thing in file.names.items()
            if (inspect.isfunction(thing) or inspect.isclass(thing))
            and getattr(thing, "__module__", "") == file.names.get("__name__")}


def _offer(file):
    """What in a file can be judged, in words."""
    own     = _own(file)
    classes = [name for name, thing in own.items() if inspect.isclass(thing)
               and any(has(thing, each) for each in FORWARDS)
               and any(has(thing, each) for each in BACKWARDS)]
    pairs   = [f"{name},{other}" for name in own for other in _partners(name) if other in own]
    both    = [name for name, thing in own.items() if inspect.isfunction(thing)
               and "loss" in name and "grad" in name and not any(name in pair for pair in pairs)]
    found   = [f"{file.path}:{name}" for name in pairs + classes + both]
    if found:
        return f"in this file, {' or '.join(found)}"
    return f"in this file there are {', '.join(own) or 'no function and no class'}"


def _partners(name):
    """How the backward of a function may be called."""
    partners = [pattern.format(name) for pattern in PAIRED]
    if "forward" in name:
        partners.append(name.replace("forward", "backward"))
    return partners
