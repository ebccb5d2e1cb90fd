"""The importance-weighted auto-encoder: the VAE's network, and a tighter bound of log p(x).

    L_K = E[log 1/K Σ_k w_k],     w_k = p(x, z_k) / q(z_k given x),     z_k = μ + σ ε_k

The weights' mean is p(x) on average, whatever the encoder says, and the more of them, the less it
scatters: by Jensen's inequality L_1 ≤ L_K ≤ log p(x). L_1 is the VAE's bound, its KL term estimated
by a sample: the same on average, with more noise in the gradient.
"""
import numpy as np

from . import network
from .errors import InvalidValueError, check_batch, check_positive_int
from .latent import (kl_divergence, log_posterior, log_posterior_backward, log_prior,
                     log_prior_backward, reparameterize, reparameterize_backward)
from .layers import dense, dense_backward, relu, relu_backward
from .vae import VAE


def repeat(a, K):
    """Every row K times, one below the other.

    a: (N, I)  ->  a_k: (N K, I)
    """
    return np.repeat(a, K, axis=0)


def repeat_backward(da_k, K):
    """The gradient of a row that was used K times: the sum.

    da_k: (N K, I)  ->  da: (N, I)
    """
    return da_k.reshape(-1, K, da_k.shape[1]).sum(axis=1)            # da_n = Σ_k da_nk


def log_mean_exp(log_w):
    """log 1/K Σ_k w_k of every example, without overflow: the largest weight is taken out first.

    log_w: (N, K)  ->  bound: (N,)
    """
    largest = log_w.max(axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(log_w - largest).mean(axis=1))


def log_mean_exp_backward(dbound, log_w):
    """The gradient: each weight's share of their sum.

    dbound: (N,)  ->  dlog_w: (N, K)
    """
    return dbound[:, None] * normalized_weights(log_w)               # ∂bound / ∂log w_k = w_k / Σ w


def normalized_weights(log_w):
    """The weights w_k / Σ_k w_k of every example, which add up to 1, without overflow.

    log_w: (N, K)  ->  weights: (N, K)
    """
    w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


class IWAE(VAE):
    """The importance-weighted auto-encoder, whose loss is -L_K: its parameters are a VAE's.

    input_dim, hidden_dim, latent_dim, likelihood, x_std, rng, dtype: as for `VAE`
    num_samples: K, as `sample_loss` draws them; `loss` takes as many as it is given
    Raises ValueError or TypeError for anything else.
    The decoder works on N K rows: beside its gradients a step holds about eight arrays of N K D
    numbers (64 MB at N = 128, K = 20, D = 784 in float32).
    Source: Burda, Grosse & Salakhutdinov 2016, Importance Weighted Autoencoders.
    """

    TITLE = "IWAE"

    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=20, likelihood="bernoulli",
                 x_std=1.0, rng=0, dtype=np.float64, num_samples=5):
        super().__init__(input_dim, hidden_dim, latent_dim, likelihood, x_std, rng, dtype)
        self.num_samples = check_positive_int("num_samples", num_samples)

    @property
    def settings(self):
        """What this network was built with: IWAE(**settings) builds another."""
        return {**super().settings, "num_samples": self.num_samples}

    # ------------------------------------------------------------------ the loss and its gradient

    def loss_and_grads(self, x, eps, mask=None, out=None):
        """The loss of a batch, -L_K, and its gradient.

        x: (N, D); eps: (N, K, Z), drawn from N(0, I)
        mask, out: as for `VAE.loss_and_grads`
        ->  (loss, recon, kl) in nats, means over the batch: recon and kl are what a VAE reports of
            the same samples, and their sum is the VAE's bound, not this loss;
            grads, a dictionary like params
        Raises ValueError or TypeError.
        """
        x, x_k, mask, eps, K, params = self._check_samples(x, eps, mask)
        W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4 = params.values()
        into = network.check_out(out, params)

        # Forward. From z on a row is a sample: K rows for each example.
        a1       = dense(x, W1, b1)
        h1       = relu(a1)
        mu       = dense(h1, W_mu, b_mu)
        logvar   = dense(h1, W_logvar, b_logvar)
        mu_k     = repeat(mu, K)
        logvar_k = repeat(logvar, K)
        z        = reparameterize(mu_k, logvar_k, eps)
        a3       = dense(z, W3, b3)
        h3       = relu(a3)
        logits   = dense(h3, W4, b4)
        recon    = self.pixels.neg_log_p(logits, x_k, mask)
        log_p    = log_prior(z)
        log_q    = log_posterior(logvar_k, eps)
        log_w    = (log_p - log_q - recon).reshape(-1, K)
        bound    = log_mean_exp(log_w)
        loss     = -np.mean(bound)

        # Backward: the same lines, last to first. dT is ∂loss/∂T, a sum where T was used twice.
        dbound                           = np.full_like(bound, -1 / len(x))
        dlog_w                           = log_mean_exp_backward(dbound, log_w).ravel()
        dlog_p,     dlog_q,    drecon    = dlog_w, -dlog_w, -dlog_w
        dlogvar_q                        = log_posterior_backward(dlog_q, logvar_k)
        dz_p                             = log_prior_backward(dlog_p, z)
        dlogits                          = self.pixels.neg_log_p_backward(drecon, logits, x_k, mask)
        dh3,        dW4,       db4       = dense_backward(dlogits, h3, W4, into["4"])
        da3                              = relu_backward(dh3, a3)
        dz_x,       dW3,       db3       = dense_backward(da3, z, W3, into["3"])
        dz                               = dz_x + dz_p
        dmu_k,      dlogvar_z            = reparameterize_backward(dz, logvar_k, eps)
        dlogvar_k                        = dlogvar_z + dlogvar_q
        dlogvar                          = repeat_backward(dlogvar_k, K)
        dmu                              = repeat_backward(dmu_k, K)
        dh1_logvar, dW_logvar, db_logvar = dense_backward(dlogvar, h1, W_logvar, into["_logvar"])
        dh1_mu,     dW_mu,     db_mu     = dense_backward(dmu, h1, W_mu, into["_mu"])
        dh1                              = dh1_mu + dh1_logvar
        da1                              = relu_backward(dh1, a1)
        _,          dW1,       db1       = dense_backward(da1, x, None, into["1"])

        grads = {"W1": dW1, "b1": db1, "W_mu": dW_mu, "b_mu": db_mu, "W_logvar": dW_logvar,
                 "b_logvar": db_logvar, "W3": dW3, "b3": db3, "W4": dW4, "b4": db4}
        return (loss, recon.mean(), kl_divergence(mu, logvar).mean()), grads

    def loss(self, x, eps, mask=None, params=None):
        """The loss without its gradient, at this network's parameters or at others.

        x, eps, mask: as for `loss_and_grads`
        params: a dictionary like `self.params`, complex arrays included
        ->  loss, recon, kl in nats per example
        Raises ValueError or TypeError.
        """
        x, x_k, mask, eps, K, params = self._check_samples(x, eps, mask, params)
        mu, logvar = self._encode(x, params)
        logvar_k   = repeat(logvar, K)
        z          = reparameterize(repeat(mu, K), logvar_k, eps)
        logits     = self._decode(z, params)
        recon      = self.pixels.neg_log_p(logits, x_k, mask)
        log_w      = log_prior(z) - log_posterior(logvar_k, eps) - recon
        bound      = log_mean_exp(log_w.reshape(-1, K))
        return -np.mean(bound), recon.mean(), kl_divergence(mu, logvar).mean()

    def sample_loss(self, x, rng, beta=1.0, mask=None, y=None):
        """`loss` at K noises for each example, drawn from rng; beta has to be 1, y is not used."""
        check_no_beta(beta)
        return self.loss(x, self._draw_eps(x, rng), mask)

    def sample_loss_and_grads(self, x, rng, beta=1.0, mask=None, out=None, y=None):
        """`loss_and_grads` at K noises for each example, as `sample_loss` draws them."""
        check_no_beta(beta)
        return self.loss_and_grads(x, self._draw_eps(x, rng), mask, out)

    # ------------------------------------------------------------------ what these share

    def _draw_eps(self, x, rng):
        return rng.standard_normal((len(x), self.num_samples, self.latent_dim))

    def _check_samples(self, x, eps, mask, params=None):
        params, dtype = network.check_params(params, self.params)
        x, mask = self._check_input(x, mask, dtype)
        N, K, Z = len(x), np.size(eps) // (len(x) * self.latent_dim), self.latent_dim
        if K == 0 or np.shape(eps) != (N, K, Z):
            raise InvalidValueError(f"eps: expected shape ({N}, K, {Z}), K samples of each "
                                    f"example and at least one, got {np.shape(eps)}")
        eps  = check_batch("eps", np.reshape(eps, (N * K, Z)), Z, dtype)
        mask = None if mask is None else repeat(mask, K)
        return x, repeat(x, K), mask, eps, K, params


def check_no_beta(beta):
    """Raise unless `beta` is 1: the bound of K samples has no KL term that could be weighed."""
    if beta != 1:
        raise InvalidValueError("beta: expected 1 (the bound of an IWAE has no KL term to weigh), "
                                f"got {beta}")
