"""A function that returns a loss and its gradients together, as the pair that the judge knows.

    loss, grads    = loss_and_grads(params, x, y)        a dictionary, as params is
    loss, dW, db   = loss_and_grads(x, y, W, b)          in the order of the arguments, or by name
    grads, loss    = grad_and_loss(params, x, y)         the loss is the one number among them

What else it returns, such as an accuracy or a last state, is left aside.
"""
import numpy as np

from . import parts
from .conventions import is_output
from .names import part_of
from .student import Function
from .trial import run
from ..errors import InvalidValueError


class Half(Function):
    """One half of what a function returns.

    index: which, as one writes it, [0] or [1:3]
    hidden: an argument of the function that one does not write, as a Method has
    """

    def __init__(self, both, code, index):
        super().__init__(both.path, both.name, code, both.signature)
        self.index  = index
        self.hidden = getattr(both, "hidden", None)


def parted(both, arguments, body):
    """The forward and the backward that a function does the work of.

    both: a student.Function; arguments: by name
    body: its text, a blanks.Body; the names of what is left aside are dropped from body.returned
    Raises InvalidValueError if it returns no loss, or nothing else.
    """
    things = run(both, parts.copies(arguments))
    loss   = next((k for k, thing in enumerate(things) if is_output(thing) and np.size(thing) == 1),
                  None)
    if loss is None or len(things) < 2:
        kinds = ", ".join(type(thing).__name__ for thing in things)
        raise InvalidValueError(f"{both.path}: expected {both.name} to return a loss, which is one "
                                f"number, and its gradients, got {kinds}; or name a backward too, "
                                f"as in {both.path}:{both.name},backward")
    kept = _gradients(things, loss, arguments, body)
    body.returned = [body.returned[k] for k in kept] if len(body.returned) == len(things) else []

    def forward(*args, **kwargs):
        value = both.code(*args, **kwargs)[loss]
        return np.reshape(value, ())[()]

    def backward(*args, **kwargs):
        returned = both.code(*args, **kwargs)
        grads = tuple(returned[k] for k in kept)
        return grads[0] if len(grads) == 1 else grads

    inside = f"[{kept[0]}]" if len(kept) == 1 else f"[{kept[0]}:{kept[-1] + 1}]"
    return Half(both, forward, f"[{loss}]"), Half(both, backward, inside)


def _gradients(things, loss, arguments, body):
    """Which of the things that a function returns are gradients: their indices."""
    others = [k for k in range(len(things)) if k != loss]
    named  = [k for k in others if isinstance(parts.as_dictionary(things[k]), dict)]
    if named:
        return named[-1:]
    lists = [k for k in others if isinstance(things[k], (tuple, list))]
    if lists:
        return lists[-1:]
    if len(body.returned) == len(things):
        known = [k for k in others if part_of(body.returned[k], parts.places(arguments))]
        others = known or others
    return others
