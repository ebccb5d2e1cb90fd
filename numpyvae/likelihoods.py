"""The likelihoods p(x given z): what a pixel costs, in nats, when the decoder gives it the logit l.

`Bernoulli` and `Gaussian` each give the cost of a single pixel, and its derivative. An example
costs the sum over its observed pixels; that sum is written once, in `Likelihood`.
"""
import math

import numpy as np

from .errors import check_pixels
from .layers import magnitude, sigmoid


class Likelihood:
    """Pixels that are independent given z: log p(x given z) is a sum over the observed ones."""

    def neg_log_p(self, logits, x, mask=None):
        """-log p(x given z) of every example, in nats.

        logits, x: (N, D); mask: (N, D) booleans, True where a pixel was observed, or None for all
        ->  recon: (N,)
        """
        cost = self.cost(logits, x)
        return observed(cost, mask).sum(axis=1)                  # recon_n = Σ_d cost_nd

    def neg_log_p_backward(self, drecon, logits, x, mask=None):
        """The gradient of -log p(x given z): a pixel that nobody saw sends none.

        drecon: (N,)  ->  dlogits: (N, D)
        """
        dcost = drecon[:, None]                                  # ∂recon_n / ∂cost_nd = 1
        return observed(self.cost_backward(dcost, logits, x), mask)


class Bernoulli(Likelihood):
    """Pixels that are black with probability p = sigmoid(l): the cross entropy, from logits.

    Source: Kingma & Welling 2014, appendix C.1; blog 2.3.1.
    """

    def cost(self, logits, x):
        """-log p of every pixel, in nats.

        logits: (N, D); x: (N, D) in [0, 1]  ->  cost: (N, D)
        """
        # -x log p - (1 - x) log(1 - p) = log(1 + exp(l)) - x l                 p = sigmoid(l)
        #                               = max(l, 0) + log(1 + exp(-|l|)) - x l
        # and the two large terms are subtracted first, as l ([l > 0] - x), so that a small
        # logarithm is not lost in their difference
        side = (logits > 0).astype(logits.real.dtype)
        return logits * (side - x) + np.log1p(np.exp(-magnitude(logits)))

    def cost_backward(self, dcost, logits, x):
        """The gradient: how far each probability lies from its pixel.

        dcost: (N, D), or (N, 1) where all pixels weigh the same  ->  dlogits: (N, D)
        """
        return dcost * (sigmoid(logits) - x)                     # ∂cost / ∂l = p - x

    def mean(self, logits):
        """The mean of p(x given z): the probability of every pixel."""
        return sigmoid(logits)

    def check(self, name, x):
        """Raise InvalidValueError unless every pixel lies in [0, 1]."""
        check_pixels(name, x)


class Gaussian(Likelihood):
    """Grey values of N(l, x_std²): the squared error, with its variance named.

    x_std: one number above 0
    Whoever minimises a squared error has chosen a variance: ½ Σ(x - l)² is this loss with
    x_std = 1, the mean squared error over D pixels is this loss with x_std² = D/2 (each up to a
    constant). Another x_std gives the KL term another weight.
    Source: Kingma & Welling 2014, appendix C.2, with a fixed variance.
    """

    def __init__(self, x_std=1.0):
        self.x_std = float(x_std)            # a NumPy scalar would lift float32 to float64

    def cost(self, logits, x):
        """-log p of every pixel, in nats.

        logits: (N, D), the means; x: (N, D)  ->  cost: (N, D)
        """
        # -log p = ½ error² + log x_std + ½ log 2π
        error = (x - logits) / self.x_std
        return 0.5 * error * error + (math.log(self.x_std) + 0.5 * math.log(2 * math.pi))

    def cost_backward(self, dcost, logits, x):
        """The gradient with respect to the mean.

        dcost: (N, D), or (N, 1) where all pixels weigh the same  ->  dlogits: (N, D)
        """
        error = (x - logits) / self.x_std
        return dcost * -error / self.x_std                       # ∂cost / ∂l = -error / x_std

    def mean(self, logits):
        """The mean of p(x given z): the logits themselves."""
        return logits

    def check(self, name, x):
        """Any finite number can be a grey value."""


def observed(values, mask):
    """`values` where a pixel was observed, 0 elsewhere, even over a NaN, which a product keeps."""
    return values if mask is None else np.where(mask, values, 0.0)
