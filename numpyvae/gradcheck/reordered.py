"""Gradients that are right, but of other arguments than those that they were taken for.

dW, db, dx for f(x, W, b) are in another order. dW, db are just of some arguments, in their order,
and nothing is wrong with that.
"""
import itertools

import numpy as np

from . import check_gradients, parts

MOST = 5                                 # gradients: of more, the orders are too many to try


def may_be_others(trial, grads):
    """Whether gradients may belong to other arguments than those that they were taken for: their
    shapes do not fit, or some arguments have none.
    """
    return not (trial.by_name or trial.told) and len(grads) <= MOST and (
        bool(trial.owners) or len(grads) < len(_real(trial))
        or not _fit(trial, grads, grads.values()))


def true_order(trial, grads):
    """The names of the arguments whose gradients these are, in their order; None if of none.

    grads: what trial.grads returned, by the names that it took them for, and not all right
    """
    real = _real(trial)
    if _fit(trial, grads, grads.values()):
        orders = itertools.combinations(real, len(grads))            # some were left out
    else:
        orders = itertools.permutations(real, len(grads))
    for order in orders:
        if _fit(trial, order, grads.values()) and _is_right(trial, order, grads.values()):
            return None if list(order) == list(grads) else list(order)
    return None


def is_in_order(trial, names):
    """Whether names follow each other as in the arguments."""
    return list(names) == [name for name in trial.places if name in names]


def _real(trial):
    return [name for name in trial.places if parts.is_real(trial.part(name))]


def _fit(trial, names, grads):
    return all(name in trial.places and _shape(trial.part(name)) == _shape(grad)
               for name, grad in zip(names, grads))


def _shape(grad):
    return np.shape(grad) if isinstance(grad, (np.ndarray, np.number, float)) else None


def _is_right(trial, names, grads):
    params = {name: trial.part(name) for name in names}
    return all(check_gradients(trial.f, params, dict(zip(names, grads)), by=by, show=False).ok
               for by in ("direction", "auto"))              # most are ruled out by the first
