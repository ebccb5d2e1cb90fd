"""The ordinary auto-encoder, for comparison: a point where the VAE has a distribution."""
import numpy as np

from . import network
from .layers import dense, dense_backward, relu, relu_backward


class Autoencoder(network.Network):
    """The blog's figure 1: x -> h1 -> z -> h3 -> probs, 784-400-20-400-784, the code z a vector.

    input_dim, hidden_dim, latent_dim, likelihood, x_std, rng, dtype: as for `VAE`
    `params` is a plain dictionary: W1 b1 W_z b_z W3 b3 W4 b4, weights as (in, out).
    Raises ValueError or TypeError for anything else.
    It has no `generate`: nothing says where among all vectors its codes lie.  Source: blog 2.1.
    """

    TITLE = "ordinary auto-encoder"
    TORCH_NAMES = {"1": "fc1", "_z": "fc2", "3": "fc3", "4": "fc4"}

    @staticmethod
    def layers(D, H, Z):
        """The dense layers by the suffix of their parameters, each with its (in, out)."""
        return {"1": (D, H), "_z": (H, Z), "3": (Z, H), "4": (H, D)}

    # ------------------------------------------------------------------ the loss and its gradient

    def loss_and_grads(self, x, mask=None, out=None):
        """The loss of a batch, which is the reconstruction's alone, and its gradient.

        x: (N, D)
        mask: (N, D) booleans, True where a pixel was observed; the network sees 0 elsewhere
        out: a dictionary like params, of arrays that the gradients are written into
        ->  loss in nats: a sum over pixels, a mean over the batch; grads, a dictionary like params
        Raises ValueError or TypeError.  Source: blog 2.1, with -log p for its distance.
        """
        x, mask, params = self._check(x, mask)
        W1, b1, W_z, b_z, W3, b3, W4, b4 = params.values()
        into = network.check_out(out, params)        # into["4"]: where dW4 and db4 are written

        # Forward.
        a1     = dense(x, W1, b1)
        h1     = relu(a1)
        z      = dense(h1, W_z, b_z)
        a3     = dense(z, W3, b3)
        h3     = relu(a3)
        logits = dense(h3, W4, b4)
        recon  = self.pixels.neg_log_p(logits, x, mask)
        loss   = np.mean(recon)

        # Backward: the same lines, last to first. dT is ∂loss/∂T.
        # (The first layer is given no W1: x is data, and no dx is wanted.)
        drecon          = np.full_like(recon, 1 / len(x))
        dlogits         = self.pixels.neg_log_p_backward(drecon, logits, x, mask)
        dh3, dW4,  db4  = dense_backward(dlogits, h3, W4, into["4"])
        da3             = relu_backward(dh3, a3)
        dz,  dW3,  db3  = dense_backward(da3, z, W3, into["3"])
        dh1, dW_z, db_z = dense_backward(dz, h1, W_z, into["_z"])
        da1             = relu_backward(dh1, a1)
        _,   dW1,  db1  = dense_backward(da1, x, None, into["1"])

        grads = {"W1": dW1, "b1": db1, "W_z": dW_z, "b_z": db_z,
                 "W3": dW3, "b3": db3, "W4": dW4, "b4": db4}
        return loss, grads

    def loss(self, x, mask=None, params=None):
        """The loss without its gradient, at this network's parameters or at others.

        x, mask: as for `loss_and_grads`
        params: a dictionary like `self.params`, complex arrays included
        ->  loss in nats per example
        Raises ValueError or TypeError.
        """
        x, mask, params = self._check(x, mask, params)
        z      = self._encode(x, params)
        logits = self._decode(z, params)
        recon  = self.pixels.neg_log_p(logits, x, mask)
        return np.mean(recon)

    def sample_loss(self, x, rng, beta=1.0, mask=None, y=None):
        """(loss, recon, kl) as for a VAE: here loss and recon are one, kl is 0, rng is not used."""
        loss = self.loss(x, mask)
        return loss, loss, 0.0

    def sample_loss_and_grads(self, x, rng, beta=1.0, mask=None, out=None, y=None):
        """(loss, recon, kl) as for a VAE, and the gradient: what training asks of any model."""
        loss, grads = self.loss_and_grads(x, mask, out)
        return (loss, loss, 0.0), grads

    # ------------------------------------------------------------------ what it is good for

    def encode(self, x):
        """The code of every example.

        x: (N, D)  ->  z: (N, Z)
        """
        x, _ = self._check_input(x, None, self.dtype)
        return self._encode(x, self.params)

    def forward(self, x):
        """Every example through the whole network.

        x: (N, D)  ->  probs: (N, D), z: (N, Z)
        """
        z     = self.encode(x)
        probs = self.decode(z)
        return probs, z

    def reconstruct(self, x):
        """Every example as it is decoded from its code.

        x: (N, D)  ->  probs: (N, D)
        """
        return self.forward(x)[0]

    # ------------------------------------------------------------------ what these share

    def _encode(self, x, params):
        a1 = dense(x, params["W1"], params["b1"])
        h1 = relu(a1)
        z  = dense(h1, params["W_z"], params["b_z"])
        return z

    def _check(self, x, mask, params=None):
        params, dtype = network.check_params(params, self.params)
        x, mask = self._check_input(x, mask, dtype)
        return x, mask, params
