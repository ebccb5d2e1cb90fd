"""The variational auto-encoder of the blog: two hidden layers, a Gaussian code, and a gradient
derived by hand.
"""
import numpy as np

from . import network
from .errors import check_batch, check_number, check_positive_int, check_rng
from .latent import kl_backward, kl_forward, reparameterize_backward, reparameterize_forward
from .layers import dense_backward, dense_forward, relu_backward, relu_forward


class VAE(network.Network):
    """The blog's network: x -> h1 -> (mu, logvar) -> z -> h3 -> probs, 784-400-20-400-784 by
    default.

    input_dim, hidden_dim, latent_dim: D, H, Z, whole numbers above 0
    likelihood: "bernoulli" (pixels in [0, 1], a sigmoid output) or "gaussian" (any pixels, a linear
    output)
    x_std: the fixed standard deviation of the Gaussian likelihood
    rng: a seed or a Generator for the initial parameters; dtype: float64 or float32
    `params` is a plain dictionary: W1 b1 W_mu b_mu W_logvar b_logvar W3 b3 W4 b4, weights as (in,
    out).
    Raises ValueError or TypeError for anything else.
    Source: blog 2.4; Kingma & Welling 2014, appendix C.
    """

    TORCH_NAMES = {"1": "fc1", "_mu": "fc21", "_logvar": "fc22", "3": "fc3", "4": "fc4"}

    @staticmethod
    def layers(D, H, Z):
        """The dense layers by the suffix of their parameters, each with its (in, out)."""
        return {"1": (D, H), "_mu": (H, Z), "_logvar": (H, Z), "3": (Z, H), "4": (H, D)}

    # ------------------------------------------------------------------ the blog's functions;
    # decode is in network.py

    def encode(self, x):
        """The posterior q(z given x) of every example, as its mean and the logarithm of its
        variance.

        x: (N, D)  ->  mu, logvar: (N, Z)
        """
        x, _ = network.check_input(x, self.input_dim, self.dtype, self.likelihood)
        return self._encode(x, self.params)

    def reparameterize(self, mu, logvar, eps):
        """The latent sample z = mu + exp(logvar / 2) * eps.

        mu, logvar, eps: (N, Z), eps drawn from N(0, I)  ->  z: (N, Z)
        """
        mu     = check_batch("mu", mu, self.latent_dim, self.dtype)
        logvar = check_batch("logvar", logvar, self.latent_dim, self.dtype, rows=len(mu))
        eps    = check_batch("eps", eps, self.latent_dim, self.dtype, rows=len(mu))
        return reparameterize_forward(mu, logvar, eps)[0]

    def forward(self, x, eps):
        """The blog's forward pass.

        x: (N, D); eps: (N, Z), drawn from N(0, I)  ->  probs: (N, D), mu, logvar: (N, Z)
        """
        mu, logvar = self.encode(x)
        z          = self.reparameterize(mu, logvar, eps)
        probs      = self.decode(z)
        return probs, mu, logvar

    # ------------------------------------------------------------------ the loss and its gradient

    def loss(self, x, eps, beta=1.0, mask=None, params=None):
        """The loss without its gradient, at this network's parameters or at others of the same
        shapes.

        x, eps, beta, mask: as for `loss_and_grads`; params: a dictionary like `self.params`,
        complex arrays included
        ->  loss, recon, kl in nats per example
        Raises ValueError or TypeError.
        """
        x, eps, beta, mask, params = self._check(x, eps, beta, mask, params)
        mu, logvar = self._encode(x, params)
        z,     _   = reparameterize_forward(mu, logvar, eps)
        logits     = self._decode(z, params)
        recon, _   = self._recon_forward(logits, x, mask)
        kl,    _   = kl_forward(mu, logvar)
        return (recon + beta * kl).mean(), recon.mean(), kl.mean()

    def loss_and_grads(self, x, eps, beta=1.0, mask=None, out=None):
        """The loss of a batch, recon + beta kl (-ELBO if beta is 1), and its gradient by every
        parameter.

        x: (N, D); eps: (N, Z), drawn from N(0, I); beta: the weight of the KL term, at least 0
        mask: (N, D) booleans, True where a pixel was observed; the network sees 0 elsewhere
        out: a dictionary like params whose arrays the gradients are written into (fresh arrays cost
        more than the arithmetic)
        ->  (loss, recon, kl) in nats, sums over pixels and latent dimensions, means over the batch;
        grads, like params
        Raises ValueError or TypeError.  Source: Kingma & Welling 2014, equation 10; Higgins et al.
        2017 (beta).
        """
        x, eps, beta, mask, params = self._check(x, eps, beta, mask)
        # where the gradients of each layer are written
        to = network.check_out(out, params)

        # Forward: every line keeps in its cache c_… what its mirror image below needs. (A Gaussian
        # pixel's mean is l.)
        # a1     = x W1 + b1
        a1,     c_a1     = dense_forward(x,  params["W1"],       params["b1"])
        # h1     = max(a1, 0)
        h1,     c_h1     = relu_forward(a1)
        # μ      = h1 W_mu + b_mu
        mu,     c_mu     = dense_forward(h1, params["W_mu"],     params["b_mu"])
        # log σ² = h1 W_logvar + b_logvar
        logvar, c_logvar = dense_forward(h1, params["W_logvar"], params["b_logvar"])
        # z      = μ + σ ε
        z,      c_z      = reparameterize_forward(mu, logvar, eps)
        # a3     = z W3 + b3
        a3,     c_a3     = dense_forward(z,  params["W3"],       params["b3"])
        # h3     = max(a3, 0)
        h3,     c_h3     = relu_forward(a3)
        # l      = h3 W4 + b4
        logits, c_logits = dense_forward(h3, params["W4"],       params["b4"])
        # recon  = -log p(x given z)
        recon,  c_recon  = self._recon_forward(logits, x, mask)
        # kl     = KL(q(z given x), p(z))
        kl,     c_kl     = kl_forward(mu, logvar)
        # loss   = 1/N Σ (recon + β kl)
        loss             = (recon + beta * kl).mean()

        # Backward: the same lines from the last to the first. dT is ∂ loss / ∂ T; where T went two
        # ways, it is a sum.
        # 1/N: it enters once
        drecon                           = np.full_like(recon, 1 / len(x))
        dkl                              = beta * drecon                                       # β/N
        # dkl μ, dkl ½ (σ² - 1)
        dmu_kl,     dlogvar_kl           = kl_backward(dkl, c_kl)
        # drecon (p - x)
        dlogits                          = self._recon_backward(drecon, c_recon)
        # dl W4ᵀ, h3ᵀ dl, Σ dl
        dh3,        dW4,       db4       = dense_backward(dlogits, c_logits, out=to["4"])
        # dh3 where a3 > 0
        da3                              = relu_backward(dh3, c_h3)
        # da3 W3ᵀ, zᵀ da3, Σ da3
        dz,         dW3,       db3       = dense_backward(da3, c_a3, out=to["3"])
        # dz, dz ε ½ σ
        dmu_z,      dlogvar_z            = reparameterize_backward(dz, c_z)
        dlogvar                          = dlogvar_z + dlogvar_kl
        dmu                              = dmu_z + dmu_kl
        dh1_logvar, dW_logvar, db_logvar = dense_backward(dlogvar, c_logvar, out=to["_logvar"])
        # dμ W_muᵀ, h1ᵀ dμ, Σ dμ
        dh1_mu,     dW_mu,     db_mu     = dense_backward(dmu, c_mu, out=to["_mu"])
        dh1                              = dh1_mu + dh1_logvar
        # dh1 where a1 > 0
        da1                              = relu_backward(dh1, c_h1)
        # xᵀ da1, Σ da1
        _,          dW1,       db1       = dense_backward(da1, c_a1, need_dx=False, out=to["1"])

        grads = {"W1": dW1, "b1": db1, "W_mu": dW_mu, "b_mu": db_mu, "W_logvar": dW_logvar,
                 "b_logvar": db_logvar, "W3": dW3, "b3": db3, "W4": dW4, "b4": db4}
        return (loss, recon.mean(), kl.mean()), grads

    # ------------------------------------------------------------------ what it is good for

    def reconstruct(self, x):
        """Every example as the decoder sees it from the mean of its posterior.

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

    # ------------------------------------------------------------------ the parts that the
    # functions above share

    def _encode(self, x, p):
        a1, _     = dense_forward(x,  p["W1"],       p["b1"])
        h1, _     = relu_forward(a1)
        mu, _     = dense_forward(h1, p["W_mu"],     p["b_mu"])
        logvar, _ = dense_forward(h1, p["W_logvar"], p["b_logvar"])
        return mu, logvar

    def _check(self, x, eps, beta, mask, params=None):
        params, dtype = network.check_params(params, self.params)
        x, mask = network.check_input(x, self.input_dim, dtype, self.likelihood, mask)
        eps  = check_batch("eps", eps, self.latent_dim, dtype, rows=len(x))
        beta = check_number("beta", beta, at_least=0)
        return x, eps, beta, mask, params
