"""Which methods of a class are its forward and its backward, and what they take.

    forward, backward               joelnet, numpy-ml, CS231n's layers
    loss, grad;  fn, grad           numpy-ml's losses and activations: grad takes what loss took
    __call__, gradient              many others
    loss                            CS231n's networks: it returns the loss and the gradients
"""
import inspect

from ..errors import InvalidValueError

FORWARDS  = ("forward", "forward_pass", "forward_propagation", "loss", "fn", "__call__")
BACKWARDS = ("backward", "backward_pass", "backward_propagation", "backprop", "grad", "gradient",
             "derivative", "prime")

# These take no gradient from above, but what forward took.
DERIVATIVES = ("grad", "gradient", "derivative", "prime")

# What may be called so is no input: backward moves the parameters by so many gradients.
RATES = ("lr", "learning_rate", "rate", "eta", "alpha", "step_size")


def methods_of(path, cls):
    """The names of forward and backward; None for the latter if one method does for both.

    Raises InvalidValueError if there are none.
    """
    found = [next((name for name in names if has(cls, name)), None)
             for names in (FORWARDS, BACKWARDS)]
    if found[0] and (found[1] or found[0] == "loss"):
        return found
    raise InvalidValueError(f"{path}: expected the class {cls.__name__} to have the methods "
                            f"forward and backward; if they have other names, ask for them: "
                            f"{path}:{cls.__name__}.forward,{cls.__name__}.backward")


def has(cls, name):
    """Whether a class, or one that it inherits from, defines a method of this name."""
    return any(callable(vars(base).get(name)) or isinstance(vars(base).get(name), staticmethod)
               for base in cls.__mro__ if base is not object)


def signature_of(layer, name):
    """The parameters of a method, itself left out."""
    return inspect.signature(getattr(layer, name))


def with_params(signature, argument, params):
    """That of forward, with a dictionary of parameters by name."""
    extra = inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, default=params)
    last = [each for each in signature.parameters.values()
            if each.kind is inspect.Parameter.VAR_KEYWORD]
    first = [each for each in signature.parameters.values() if each not in last]
    return inspect.Signature([*first, extra, *last])


def of_backward(layer, name):
    """backward(dy, layer): the parameters that take gradients, and the layer that keeps the rest.
    """
    needed = [each for each in _needed(layer, name) if each.name not in RATES]
    cache = inspect.Parameter("layer", inspect.Parameter.POSITIONAL_ONLY)
    names = [each.replace(kind=inspect.Parameter.POSITIONAL_ONLY) for each in needed]
    return inspect.Signature([*names, cache])


def rates_of(layer, name):
    """A learning rate of 1 for a backward that asks for one."""
    return {each.name: 1.0 for each in _needed(layer, name) if each.name in RATES}


def takes_inputs(layer, forward, backward):
    """Whether backward takes what forward took, rather than a gradient."""
    needed = [each.name for each in _needed(layer, backward)]
    if needed and all(name in signature_of(layer, forward).parameters for name in needed):
        return True
    gradient = needed and needed[0].startswith(("d", "g", "acc", "err"))
    return backward in DERIVATIVES and bool(needed) and not gradient


def named_after(signature, forward):
    """The signature of grad(x), with the names of fn(z) if it has others."""
    theirs = list(forward.parameters.values())
    mine   = list(signature.parameters.values())
    needed = [each for each in mine if each.default is inspect.Parameter.empty]
    known  = all(each.name in forward.parameters for each in needed)
    if known or len(mine) > len(theirs):
        return signature
    return inspect.Signature([each.replace(name=other.name) for each, other in zip(mine, theirs)])


def _needed(layer, name):
    return [each for each in signature_of(layer, name).parameters.values()
            if each.default is inspect.Parameter.empty
            and each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
