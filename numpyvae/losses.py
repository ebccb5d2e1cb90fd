"""The reconstruction losses: -log p(x given z), in nats, summed over the pixels of each example.

Both take `mask`, a boolean array of the observed pixels: a pixel that nobody saw costs nothing and
sends no gradient, whatever value stands there.
"""
import math

import numpy as np


def bernoulli_loss_forward(logits, x, mask=None):
    """The cross entropy of pixels x under Bernoulli probabilities, computed from their logits.

    logits: (N, D); x: (N, D) in [0, 1]; mask: (N, D) booleans or None  ->  recon: (N,) in nats,
    cache
    Source: Kingma & Welling 2014, appendix C.1; blog 2.3.1.
    """
    # -log p(x) = -x log p - (1 - x) log(1 - p)          with p = sigmoid(l):  log p = l - softplus(l)
    #           = softplus(l) - x l                       and log(1 - p) = -softplus(l)
    #           = max(l, 0) + log(1 + exp(-|l|)) - x l    where a large l and a small logarithm swallow each other, so
    #           = l ([l ≥ 0] - x) + log1p(exp(-|l|))      the large parts are subtracted first
    # |l| = l - 2 min(l, 0), in a form the complex step can
    neg  = np.minimum(logits, 0)
    # follow; [l ≥ 0] is taken from neg, so that both turn at
    side = (neg == 0).astype(logits.real.dtype)
    e    = np.exp(neg + neg - logits)                        # the same point; e = exp(-|l|)
    cost = logits * (side - x) + np.log1p(e)
    return _observed(cost, mask).sum(axis=1), (side, e, x, mask)


def bernoulli_loss_backward(drecon, cache):
    """The gradient of the Bernoulli loss: how far each probability lies from its pixel.

    drecon: (N,)  ->  dlogits: (N, D)
    """
    side, e, x, mask = cache
    # p = (1 or exp(l) if l < 0) / (1 + exp(-|l|))
    probs = np.maximum(side, e) / (1 + e)
    # ∂(softplus(l) - x l) / ∂l = p - x
    return _observed(drecon[:, None] * (probs - x), mask)


def gaussian_loss_forward(x_mean, x, x_std, mask=None):
    """The negative log density of pixels x under N(x_mean, x_std²): the squared error with its
    variance named.

    Whoever minimises a squared error has chosen a variance: ½ Σ(x - x_mean)² is this loss with
    x_std = 1, the mean squared error over D pixels is this loss with x_std² = D/2 (each up to a
    constant), and a different x_std weighs the KL term differently.

    x_mean, x: (N, D); x_std: one number above 0; mask: (N, D) booleans or None  ->  recon: (N,) in
    nats, cache
    Source: Kingma & Welling 2014, appendix C.2, with a fixed variance.
    """
    # -log p(x) = ½ e² + log x_std + ½ log 2π,   with e = (x - x_mean) / x_std
    # a NumPy scalar would lift float32 to float64
    x_std = float(x_std)
    error = (x - x_mean) / x_std
    cost = 0.5 * (error * error) + (math.log(x_std) + 0.5 * math.log(2 * math.pi))
    return _observed(cost, mask).sum(axis=1), (error, x_std, mask)


def gaussian_loss_backward(drecon, cache):
    """The gradient of the Gaussian loss with respect to the mean.

    drecon: (N,)  ->  dx_mean: (N, D)
    """
    error, x_std, mask = cache
    # ∂(½ e²) / ∂x_mean = -e / x_std
    return _observed(drecon[:, None] * (-error / x_std), mask)


def _observed(per_pixel, mask):
    """`per_pixel` with zeros where the mask says that nobody looked (even over a NaN, which a
    product would keep).
    """
    return per_pixel if mask is None else np.where(mask, per_pixel, 0.0)
