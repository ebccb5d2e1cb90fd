"""The ordinary auto-encoder, for comparison: the VAE's network without the distribution, a point
instead of a range.
"""
import numpy as np

from . import network
from .layers import dense_backward, dense_forward, relu_backward, relu_forward


class Autoencoder(network.Network):
    """The blog's figure 1: x -> h1 -> z -> h3 -> probs, 784-400-20-400-784 by default, the code z a
    plain vector.

    input_dim, hidden_dim, latent_dim, likelihood, x_std, rng, dtype: as for `VAE`
    `params` is a plain dictionary: W1 b1 W_z b_z W3 b3 W4 b4, weights as (in, out).
    Raises ValueError or TypeError for anything else.
    It has no `generate`: nothing says where among all vectors its codes lie.  Source: blog 2.1.
    """

    TORCH_NAMES = {"1": "fc1", "_z": "fc2", "3": "fc3", "4": "fc4"}

    @staticmethod
    def layers(D, H, Z):
        """The dense layers by the suffix of their parameters, each with its (in, out)."""
        return {"1": (D, H), "_z": (H, Z), "3": (Z, H), "4": (H, D)}

    def encode(self, x):
        """The code of every example.

        x: (N, D)  ->  z: (N, Z)
        """
        x, _ = network.check_input(x, self.input_dim, self.dtype, self.likelihood)
        return self._encode(x, self.params)

    def forward(self, x):
        """Every example through the whole network.

        x: (N, D)  ->  probs: (N, D), z: (N, Z)
        """
        z     = self.encode(x)
        probs = self.decode(z)
        return probs, z

    def reconstruct(self, x):
        """Every example as the decoder sees it from its code.

        x: (N, D)  ->  probs: (N, D)
        """
        return self.forward(x)[0]

    # ------------------------------------------------------------------ the loss and its gradient

    def loss(self, x, mask=None, params=None):
        """The loss without its gradient, at this network's parameters or at others of the same
        shapes.

        x, mask: as for `loss_and_grads`; params: a dictionary like `self.params`, complex arrays
        included
        ->  loss in nats per example
        Raises ValueError or TypeError.
        """
        x, mask, params = self._check(x, mask, params)
        z        = self._encode(x, params)
        logits   = self._decode(z, params)
        recon, _ = self._recon_forward(logits, x, mask)
        return recon.mean()

    def loss_and_grads(self, x, mask=None, out=None):
        """The loss of a batch, the reconstruction's alone, and its gradient by every parameter.

        x: (N, D); mask: (N, D) booleans, True where a pixel was observed; the network sees 0
        elsewhere
        out: a dictionary like params whose arrays the gradients are written into
        ->  loss in nats, a sum over pixels, a mean over the batch; grads, like params
        Raises ValueError or TypeError.  Source: blog 2.1, with -log p for its distance.
        """
        x, mask, params = self._check(x, mask)
        # where the gradients of each layer are written
        to = network.check_out(out, params)

        # Forward: every line keeps in its cache c_… what its mirror image below needs. (A Gaussian
        # pixel's mean is l.)
        # a1    = x W1 + b1
        a1,     c_a1     = dense_forward(x,  params["W1"],  params["b1"])
        # h1    = max(a1, 0)
        h1,     c_h1     = relu_forward(a1)
        # z     = h1 W_z + b_z
        z,      c_z      = dense_forward(h1, params["W_z"], params["b_z"])
        # a3    = z W3 + b3
        a3,     c_a3     = dense_forward(z,  params["W3"],  params["b3"])
        # h3    = max(a3, 0)
        h3,     c_h3     = relu_forward(a3)
        # l     = h3 W4 + b4
        logits, c_logits = dense_forward(h3, params["W4"],  params["b4"])
        # recon = -log p(x given z)
        recon,  c_recon  = self._recon_forward(logits, x, mask)
        # loss  = 1/N Σ recon
        loss             = recon.mean()

        # Backward: the same lines from the last to the first. dT is ∂ loss / ∂ T.
        # 1/N: it enters once
        drecon          = np.full_like(recon, 1 / len(x))
        # drecon (p - x)
        dlogits         = self._recon_backward(drecon, c_recon)
        # dl W4ᵀ, h3ᵀ dl, Σ dl
        dh3, dW4,  db4  = dense_backward(dlogits, c_logits, out=to["4"])
        # dh3 where a3 > 0
        da3             = relu_backward(dh3, c_h3)
        # da3 W3ᵀ, zᵀ da3, Σ da3
        dz,  dW3,  db3  = dense_backward(da3, c_a3, out=to["3"])
        # dz W_zᵀ, h1ᵀ dz, Σ dz
        dh1, dW_z, db_z = dense_backward(dz, c_z, out=to["_z"])
        # dh1 where a1 > 0
        da1             = relu_backward(dh1, c_h1)
        # xᵀ da1, Σ da1
        _,   dW1,  db1  = dense_backward(da1, c_a1, need_dx=False, out=to["1"])

        grads = {"W1": dW1, "b1": db1, "W_z": dW_z, "b_z": db_z, "W3": dW3, "b3": db3, "W4": dW4,
                 "b4": db4}
        return loss, grads

    # ------------------------------------------------------------------ the parts that the
    # functions above share

    def _encode(self, x, p):
        a1, _ = dense_forward(x,  p["W1"],  p["b1"])
        h1, _ = relu_forward(a1)
        z, _  = dense_forward(h1, p["W_z"], p["b_z"])
        return z

    def _check(self, x, mask, params=None):
        params, dtype = network.check_params(params, self.params)
        x, mask = network.check_input(x, self.input_dim, dtype, self.likelihood, mask)
        return x, mask, params
