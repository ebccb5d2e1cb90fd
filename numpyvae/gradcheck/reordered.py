"""Gradients that are right, but in another order than the arguments: dW, db, dx for f(x, W, b).

Their shapes do not fit, so a check of each has nothing to say. But if some arguments have just
these shapes, and the gradients are theirs, then that is what is wrong.
"""
import itertools

import numpy as np

from . import check_gradients, parts

MOST = 5                                 # gradients: of more, the orders are too many to try


def true_order(trial, grads):
    """The names of the arguments whose gradients these are, in their order; None if of none.

    grads: what trial.grads returned, by the names that it took them for
    """
    if trial.in_order or len(grads) > MOST or _fit(trial, grads, grads.values()):
        return None
    real = [name for name in trial.places if parts.is_real(trial.part(name))]
    for order in itertools.permutations(real, len(grads)):
        if _fit(trial, order, grads.values()) and _is_right(trial, order, grads.values()):
            return order
    return None


def _fit(trial, names, grads):
    return all(name in trial.places and np.shape(trial.part(name)) == _shape(grad)
               for name, grad in zip(names, grads))


def _shape(grad):
    return np.shape(grad) if isinstance(grad, (np.ndarray, np.number, float)) else None


def _is_right(trial, names, grads):
    params = {name: trial.part(name) for name in names}
    return check_gradients(trial.f, params, dict(zip(names, grads)), show=False).ok
