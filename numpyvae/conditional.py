"""The conditional VAE: each class has a prior of its own, and one can ask for a digit by name."""
import numpy as np

from . import network
from .errors import InvalidValueError, check_labels, check_positive_int, check_rng
from .latent import (kl_to_class, kl_to_class_backward, reparameterize, reparameterize_backward)
from .layers import dense, dense_backward, relu, relu_backward
from .vae import VAE


class ConditionalVAE(VAE):
    """The VAE with p(z given y) = N(M[y], I) for its prior: M, a mean for each class, is learned.

    input_dim, hidden_dim, latent_dim, likelihood, x_std, rng, dtype: as for `VAE`
    num_classes: C; labels are whole numbers from 0 to C - 1
    `params` is the VAE's, and last of all M, (C, Z).
    Raises ValueError or TypeError for anything else.
    What x is depends on y through z alone: neither encoder nor decoder sees the label. (In the
    conditional VAE of Sohn, Lee & Yan 2015 both do.)
    Source: Su 2018, spaces.ac.cn/archives/5253 (blog 4).
    """

    TITLE = "conditional VAE"

    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=20, num_classes=10,
                 likelihood="bernoulli", x_std=1.0, rng=0, dtype=np.float64):
        rng = check_rng(rng)
        super().__init__(input_dim, hidden_dim, latent_dim, likelihood, x_std, rng, dtype)
        self.num_classes = check_positive_int("num_classes", num_classes)
        # Small, and at random: at M = 0 the classes would begin as one.
        M = 0.1 * rng.standard_normal((self.num_classes, self.latent_dim))
        self.params["M"] = M.astype(self.dtype)

    @property
    def settings(self):
        """What this network was built with: ConditionalVAE(**settings) builds another."""
        return {**super().settings, "num_classes": self.num_classes}

    # ------------------------------------------------------------------ the loss and its gradient

    def loss_and_grads(self, x, y, eps, beta=1.0, mask=None, out=None):
        """The loss of a batch, recon + beta kl (-ELBO of log p(x given y)), and its gradient.

        x: (N, D); y: (N,), labels; eps: (N, Z), drawn from N(0, I)
        beta, mask, out: as for `VAE.loss_and_grads`
        ->  (loss, recon, kl) in nats: sums over pixels and latent dimensions, means over the batch;
            grads, a dictionary like params
        Raises ValueError or TypeError.
        """
        x, y, eps, beta, mask, params = self._check_labelled(x, y, eps, beta, mask)
        W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4, M = params.values()
        into = network.check_out(out, params)

        # Forward: the VAE's, but for the prior.
        a1     = dense(x, W1, b1)
        h1     = relu(a1)
        mu     = dense(h1, W_mu, b_mu)
        logvar = dense(h1, W_logvar, b_logvar)
        z      = reparameterize(mu, logvar, eps)
        a3     = dense(z, W3, b3)
        h3     = relu(a3)
        logits = dense(h3, W4, b4)
        recon  = self.pixels.neg_log_p(logits, x, mask)
        kl     = kl_to_class(mu, logvar, M, y)
        loss   = np.mean(recon + beta * kl)

        # Backward: the same lines, last to first. dT is ∂loss/∂T, a sum where T was used twice.
        drecon                           = np.full_like(recon, 1 / len(x))
        dkl                              = beta * drecon
        dmu_kl,     dlogvar_kl, dM       = kl_to_class_backward(dkl, mu, logvar, M, y, into["M"])
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
                 "b_logvar": db_logvar, "W3": dW3, "b3": db3, "W4": dW4, "b4": db4, "M": dM}
        return (loss, recon.mean(), kl.mean()), grads

    def loss(self, x, y, eps, beta=1.0, mask=None, params=None):
        """The loss without its gradient, at this network's parameters or at others.

        x, y, eps, beta, mask: as for `loss_and_grads`
        params: a dictionary like `self.params`, complex arrays included
        ->  loss, recon, kl in nats per example
        Raises ValueError or TypeError.
        """
        x, y, eps, beta, mask, params = self._check_labelled(x, y, eps, beta, mask, params)
        mu, logvar = self._encode(x, params)
        z          = reparameterize(mu, logvar, eps)
        logits     = self._decode(z, params)
        recon      = self.pixels.neg_log_p(logits, x, mask)
        kl         = kl_to_class(mu, logvar, params["M"], y)
        loss       = np.mean(recon + beta * kl)
        return loss, recon.mean(), kl.mean()

    def sample_loss(self, x, rng, beta=1.0, mask=None, y=None):
        """`loss` at noise that is drawn from rng, a Generator; the labels y cannot be left out."""
        return self.loss(x, y, self._draw_eps(x, rng), beta, mask)

    def sample_loss_and_grads(self, x, rng, beta=1.0, mask=None, out=None, y=None):
        """`loss_and_grads` at noise that is drawn from rng; the labels y cannot be left out."""
        return self.loss_and_grads(x, y, self._draw_eps(x, rng), beta, mask, out)

    # ------------------------------------------------------------------ what it is good for

    def generate(self, y, rng=0):
        """New examples, one of each class that is asked for: z drawn from N(M[y], I), decoded.

        y: (N,), labels; rng: a seed or a Generator  ->  probs: (N, D)
        """
        y   = check_labels("y", y, self.num_classes)
        eps = check_rng(rng).standard_normal((len(y), self.latent_dim))
        return self.decode(self.params["M"][y] + eps)

    def classify(self, x):
        """The class whose prior explains q(z given x) best: no classifier was ever trained.

        x: (N, D)  ->  y: (N,), the labels with the smallest KL(q(z given x), N(M[y], I))
        """
        # The terms of σ are the same for every class: the smallest KL is that of the nearest mean.
        mu, _   = self.encode(x)
        squares = (mu[:, None] - self.params["M"]) ** 2             # (N, C, Z)
        return squares.sum(axis=2).argmin(axis=1)

    # ------------------------------------------------------------------ what these share

    def _check_labelled(self, x, y, eps, beta, mask, params=None):
        x, eps, beta, mask, params = self._check(x, eps, beta, mask, params)
        y = check_labels("y", y, self.num_classes, rows=len(x))
        return x, y, eps, beta, mask, params

    @classmethod
    def _names(cls):
        yield from super()._names()
        yield "M", "class_mean.weight"               # an nn.Embedding's weight: (C, Z), as M is

    @classmethod
    def _sizes(cls, arrays):
        M = arrays["class_mean.weight"]
        if M.ndim != 2:
            raise InvalidValueError("mapping: expected class_mean.weight of shape (C, Z), got "
                                    f"{M.shape}")
        return *super()._sizes(arrays), len(M)

    @classmethod
    def _shapes(cls, settings):
        return {**super()._shapes(settings), "M": (settings["num_classes"], settings["latent_dim"])}
