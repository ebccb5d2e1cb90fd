"""The variational auto-encoder of the blog: a Gaussian code, and a gradient derived by hand."""
import numpy as np

from . import network
from .errors import check_batch, check_number, check_positive_int, check_rng
from .latent import (kl_divergence, kl_divergence_backward, reparameterize,
                     reparameterize_backward)
from .layers import dense, dense_backward, relu, relu_backward


class VAE(network.Network):
    """The blog's network: x -> h1 -> (mu, logvar) -> z -> h3 -> probs, 784-400-20-400-784.

    input_dim, hidden_dim, latent_dim: D, H, Z, whole numbers above 0
    likelihood: "bernoulli" (pixels in [0, 1], a sigmoid output) or "gaussian" (any pixels, a linear
        output)
    x_std: the fixed standard deviation of the Gaussian likelihood
    rng: a seed or a Generator for the initial parameters; dtype: float64 or float32
    `params` is a plain dictionary: W1 b1 W_mu b_mu W_logvar b_logvar W3 b3 W4 b4, weights as
    (in, out).
    Raises ValueError or TypeError for anything else.
    Source: blog 2.4; Kingma & Welling 2014, appendix C.
    """

    TITLE = "VAE"
    TORCH_NAMES = {"1": "fc1", "_mu": "fc21", "_logvar": "fc22", "3": "fc3", "4": "fc4"}

    @staticmethod
    def layers(D, H, Z):
        """The dense layers by the suffix of their parameters, each with its (in, out)."""
        return {"1": (D, H), "_mu": (H, Z), "_logvar": (H, Z), "3": (Z, H), "4": (H, D)}

    # ------------------------------------------------------------------ the loss and its gradient

    def loss_and_grads(self, x, eps, beta=1.0, mask=None, out=None):
        """The loss of a batch, recon + beta kl (-ELBO if beta is 1), and its gradient.

        x: (N, D); eps: (N, Z), drawn from N(0, I); beta: the weight of the KL term, at least 0
        mask: (N, D) booleans, True where a pixel was observed; the network sees 0 elsewhere
        out: a dictionary like params, of arrays that the gradients are written into (with fresh
            arrays a step takes longer)
        ->  (loss, recon, kl) in nats: sums over pixels and latent dimensions, means over the batch;
            grads, a dictionary like params
        Raises ValueError or TypeError.
        Source: Kingma & Welling 2014, equation 10; Higgins et al. 2017 (beta).
        """
        x, eps, beta, mask, params = self._check(x, eps, beta, mask)
        W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4 = params.values()
        into = network.check_out(out, params)        # into["4"]: where dW4 and db4 are written

        # Forward.
        a1     = dense(x, W1, b1)
        h1     = relu(a1)
        mu     = dense(h1, W_mu, b_mu)
        logvar = dense(h1, W_logvar, b_logvar)
        z      = reparameterize(mu, logvar, eps)
        a3     = dense(z, W3, b3)
        h3     = relu(a3)
        logits = dense(h3, W4, b4)
        recon  = self.pixels.neg_log_p(logits, x, mask)
        kl     = kl_divergence(mu, logvar)
        loss   = np.mean(recon + beta * kl)

        # Backward: the same lines, last to first. dT is ∂loss/∂T, a sum where T was used twice.
        # (The first layer is given no W1: x is data, and no dx is wanted.)
        drecon                           = np.full_like(recon, 1 / len(x))
        dkl                              = beta * drecon
        dmu_kl,     dlogvar_kl           = kl_divergence_backward(dkl, mu, logvar)
        dlogits                          = self.pixels.neg_log_p_backward(drecon, logits, x, mask)
        dh3,        dW4,       db4       = dense_backward(dlogits, h3, W4, into["4"])
        da3                              = relu_backward(dh3, a3)
        dz,         dW3,       db3       = dense_backward(da3, z, W3, into["3"])
        dmu_z,      dlogvar_z            = reparameterize_backward(dz, logvar, eps)
        dlogvar                          = dlogvar_z + dlogvar_kl
        dmu                              = dmu_z + dmu_kl
        dh1_logvar, dW_logvar, db_logvar = dense_backward(dlogvar, h1, W_logvar, into["_logvar"])
        dh1_mu,     dW_mu,     db_mu     = dense_backward(dmu, h1, W_mu, into["_mu"])
        dh1                              = dh1_mu + dh1_logvar
        da1                              = relu_backward(dh1, a1)
        _,          dW1,       db1       = dense_backward(da1, x, None, into["1"])

        grads = {"W1": dW1, "b1": db1, "W_mu": dW_mu, "b_mu": db_mu, "W_logvar": dW_logvar,
                 "b_logvar": db_logvar, "W3": dW3, "b3": db3, "W4": dW4, "b4": db4}
        return (loss, recon.mean(), kl.mean()), grads

    def loss(self, x, eps, beta=1.0, mask=None, params=None):
        """The loss without its gradient, at this network's parameters or at others.

        x, eps, beta, mask: as for `loss_and_grads`
        params: a dictionary like `self.params`, complex arrays included
        ->  loss, recon, kl in nats per example
        Raises ValueError or TypeError.
        """
        x, eps, beta, mask, params = self._check(x, eps, beta, mask, params)
        mu, logvar = self._encode(x, params)
        z          = reparameterize(mu, logvar, eps)
        logits     = self._decode(z, params)
        recon      = self.pixels.neg_log_p(logits, x, mask)
        kl         = kl_divergence(mu, logvar)
        loss       = np.mean(recon + beta * kl)
        return loss, recon.mean(), kl.mean()

    def sample_loss(self, x, rng, beta=1.0, mask=None, y=None):
        """`loss` at noise that is drawn from rng, a Generator; labels y are not used."""
        return self.loss(x, self._draw_eps(x, rng), beta, mask)

    def sample_loss_and_grads(self, x, rng, beta=1.0, mask=None, out=None, y=None):
        """`loss_and_grads` at noise that is drawn from rng: what training asks of any model."""
        return self.loss_and_grads(x, self._draw_eps(x, rng), beta, mask, out)

    # ------------------------------------------------------------------ the blog's functions

    def encode(self, x):
        """The approximate posterior q(z given x) of every example: mean and log variance.

        x: (N, D)  ->  mu, logvar: (N, Z)
        """
        x, _ = self._check_input(x, None, self.dtype)
        return self._encode(x, self.params)

    def reparameterize(self, mu, logvar, eps):
        """The latent sample z = mu + exp(logvar / 2) * eps.

        mu, logvar, eps: (N, Z), eps drawn from N(0, I)  ->  z: (N, Z)
        """
        mu     = check_batch("mu", mu, self.latent_dim, self.dtype)
        logvar = check_batch("logvar", logvar, self.latent_dim, self.dtype, rows=len(mu))
        eps    = check_batch("eps", eps, self.latent_dim, self.dtype, rows=len(mu))
        return reparameterize(mu, logvar, eps)

    def forward(self, x, eps):
        """The blog's forward pass.

        x: (N, D); eps: (N, Z), drawn from N(0, I)  ->  probs: (N, D), mu, logvar: (N, Z)
        """
        mu, logvar = self.encode(x)
        z          = self.reparameterize(mu, logvar, eps)
        probs      = self.decode(z)
        return probs, mu, logvar

    # ------------------------------------------------------------------ what it is good for

    def reconstruct(self, x):
        """Every example as it is decoded from the mean of its posterior.

        x: (N, D)  ->  probs: (N, D)
        """
        mu, _ = self.encode(x)
        return self.decode(mu)

    def generate(self, n, rng=0):
        """New examples: z drawn from the prior N(0, I), decoded.

        n: how many; rng: a seed or a Generator  ->  probs: (n, D)
        """
        n = check_positive_int("n", n)
        z = check_rng(rng).standard_normal((n, self.latent_dim))
        return self.decode(z)

    # ------------------------------------------------------------------ what these share

    def _encode(self, x, params):
        a1     = dense(x, params["W1"], params["b1"])
        h1     = relu(a1)
        mu     = dense(h1, params["W_mu"], params["b_mu"])
        logvar = dense(h1, params["W_logvar"], params["b_logvar"])
        return mu, logvar

    def _draw_eps(self, x, rng):
        return rng.standard_normal((len(x), self.latent_dim))

    def _check(self, x, eps, beta, mask, params=None):
        params, dtype = network.check_params(params, self.params)
        x, mask = self._check_input(x, mask, dtype)
        eps  = check_batch("eps", eps, self.latent_dim, dtype, rows=len(x))
        beta = check_number("beta", beta, at_least=0)
        return x, eps, beta, mask, params
