"""What several tests share: random arrays, comparisons by norm and by element, the check of a
forward/backward pair, and a model whose log p(x) is known.
"""
import inspect
import warnings
from contextlib import contextmanager

import numpy as np
from hypothesis import strategies as st

from numpyvae import VAE, numeric_gradient

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


# ---------------------------------------------------------------------- a known log p(x)

def exact(D=6, Z=3, x_std=0.4, seed=0):
    """A VAE whose posterior is the true one, its log p(x), and 250 examples drawn from it.

    All units are open, so the decoder is linear: p(x given z) = N(Aᵀz + c, x_std² I). Then p(x) =
    N(c, AᵀA + x_std² I) and p(z given x) = N(V A (x - c) / x_std², V), with V = (I + A Aᵀ /
    x_std²)⁻¹: diagonal, as A's rows are orthogonal.
    """
    rng = np.random.default_rng(seed)
    vae = VAE(D, D, Z, "gaussian", x_std)
    Q = np.linalg.qr(rng.standard_normal((D, D)))[0]
    A = Q[:Z] * rng.uniform(0.3, 1.5, (Z, 1))
    c = rng.standard_normal(D)
    V = 1 / (1 + (A * A).sum(axis=1) / x_std ** 2)
    W_mu = A.T * V / x_std ** 2
    vae.params = {"W1": np.eye(D), "b1": np.full(D, 20.0), "W_mu": W_mu, "b_mu": -(20 + c) @ W_mu,
                  "W_logvar": np.zeros((D, Z)), "b_logvar": np.log(V),
                  "W3": A @ Q, "b3": np.full(D, 20.0), "W4": Q.T, "b4": c - Q.sum(axis=1) * 20}
    covariance = A.T @ A + x_std ** 2 * np.eye(D)

    def log_p(x):
        return -0.5 * (np.sum((x - c) @ np.linalg.inv(covariance) * (x - c), axis=1)
                       + np.linalg.slogdet(2 * np.pi * covariance)[1])
    return vae, log_p, c + rng.standard_normal((250, Z)) @ A + x_std * rng.standard_normal((250, D))


def spoil(vae):
    """Put a wrong posterior in the place of `exact`'s, equally wrong for every example.

    ->  KL(q(z given x), p(z given x)), and Var w / (E w)² of the weights w = p(x, z) / q(z given x)
    under q
    """
    # p(z given x) = N(m, V), and q = N(m + off, v)
    V = np.exp(vae.params["b_logvar"])
    off, v = np.sqrt(V) * [0.5, -0.5, 0], V * np.exp([0.4, -0.2, 0.6])
    vae.params["b_mu"], vae.params["b_logvar"] = vae.params["b_mu"] + off, np.log(v)
    kl = 0.5 * np.sum(v / V + off ** 2 / V - 1 - np.log(v / V))
    # ∫ p(z given x)² / q dz
    second = np.prod(v / np.sqrt(V * (2 * v - V)) * np.exp(off ** 2 / (2 * v - V)))
    return kl, second - 1
