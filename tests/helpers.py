"""What several tests share: random arrays, the comparison by element, and the check of a
forward/backward pair.
"""
import inspect
import warnings
from contextlib import contextmanager

import numpy as np
from hypothesis import strategies as st

from numpyvae import numeric_gradient

sizes = st.integers(1, 6)
seeds = st.integers(0, 2 ** 32 - 1)


def draw(seed, *shapes):
    """Standard normal arrays of these shapes, from one seed."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def norm_error(found, expected, at_least=0.0):
    """The error of a whole array, by norm, relative to the larger of the two or to `at_least`; two
    zeros agree.
    """
    larger = max(np.linalg.norm(found), np.linalg.norm(expected), at_least)
    return np.linalg.norm(found - expected) / larger if larger else 0.0


def element_error(found, expected, floor=1e-3):
    """The largest relative error of an element, where none counts as smaller than `floor` of the
    largest.
    """
    largest = np.abs(expected).max()
    if not largest:
        return np.abs(found).max()
    scale = np.maximum(np.abs(expected), floor * largest)
    return (np.abs(found - expected) / scale).max()


@contextmanager
def silence_required():
    """Any NumPy warning inside is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def check_pair(forward, backward, args, wrt, seed):
    """Check a backward against the complex step of its forward, and that both keep the protocol.

    args: the forward's arguments; wrt: which of them backward returns gradients for, in its order
    What else backward is given are those of the forward's arguments that it asks for by name.
    """
    kept = [np.copy(arg) if isinstance(arg, np.ndarray) else arg for arg in args]
    needed = needed_by(backward, forward, args)
    out = forward(*args)
    dout, = draw(seed, out.shape)
    dout_kept = dout.copy()
    grads = _as_tuple(backward(dout, *needed))
    assert len(grads) == len(wrt)

    for i, grad in zip(wrt, grads):
        def f(arg):
            return np.sum(forward(*args[:i], arg, *args[i + 1:]) * dout)
        numeric = numeric_gradient(f, args[i], method="complex")
        assert np.abs(numeric).max() > 0, "a vacuous case: nothing flows to this argument"
        assert grad.shape == args[i].shape
        # Relative error 1e-11 as for the whole network; the arrays hold numbers around 1, whose
        # sums may cancel to less (measured over 2,000 cases of every pair: 4e-16 absolute wherever
        # the relative error is above 1e-13).
        np.testing.assert_allclose(grad, numeric, rtol=1e-11, atol=1e-14)

    for again, grad in zip(_as_tuple(backward(dout, *needed)), grads):
        assert np.array_equal(again, grad), "a second backward gave another gradient"
    for arg, was in zip([*args, dout], [*kept, dout_kept]):
        assert np.array_equal(arg, was), "an argument was changed"

    singles = [arg.astype(np.float32) if getattr(arg, "dtype", None) == np.float64 else arg
               for arg in args]
    grads = _as_tuple(backward(dout.astype(np.float32), *needed_by(backward, forward, singles)))
    assert forward(*singles).dtype == np.float32
    assert all(grad.dtype == np.float32 for grad in grads)


def needed_by(backward, forward, args):
    """Those of the forward's arguments that the backward asks for, by their names, in its order."""
    given = dict(zip(inspect.signature(forward).parameters, args))
    return [given[name] for name in list(inspect.signature(backward).parameters)[1:]
            if name in given]


def _as_tuple(grads):
    return grads if isinstance(grads, tuple) else (grads,)


# ---------------------------------------------------------------------- known gradients

def smooth(params):
    """f = Σ W⁴ / 4 + Σ exp(b) · Σ W², a function of two blocks."""
    W, b = params["W"], params["b"]
    return (W ** 4).sum() / 4 + np.exp(b).sum() * (W ** 2).sum()


def smooth_gradient(params):
    """The gradient of `smooth`."""
    W, b = params["W"], params["b"]
    return {"W": W ** 3 + np.exp(b).sum() * 2 * W, "b": np.exp(b) * (W ** 2).sum()}


def smooth_case(seed=0):
    """Parameters of `smooth`, and its gradient there."""
    params = dict(zip(("W", "b"), draw(seed, (3, 4), 5)))
    return params, smooth_gradient(params)


def rectified(params):
    """f = Σ max(x, 0), with a kink wherever an element is 0."""
    return np.maximum(params["x"], 0).sum()
