"""The variational auto-encoder in pure NumPy: every step on the page, executed, and checked.

The legend: one notation, in package, tests and tutorials.

    mathematics                                         code                   shape
    --------------------------------------------------  ---------------------  --------------------
    x, a batch of examples, one a row, in [0, 1]        x                      (N, D)
    a1 = x W1 + b1,  h1 = relu(a1)                      a1, h1, W1, b1         (N, H); (D, H), (H,)
    μ = h1 W_mu + b_mu                                  mu, W_mu, b_mu         (N, Z); (H, Z), (Z,)
    log σ² = h1 W_logvar + b_logvar                     logvar, W_logvar, …    (N, Z); (H, Z), (Z,)
    σ = exp(½ log σ²)                                   std                    (N, Z)
    ε ~ N(0, I),  z = μ + σ ε                           eps, z                 (N, Z)
    a3 = z W3 + b3,  h3 = relu(a3)                      a3, h3, W3, b3         (N, H); (Z, H), (H,)
    l = h3 W4 + b4,  p = sigmoid(l)                     logits, probs, W4, b4  (N, D); (H, D), (D,)
    in an ordinary auto-encoder: z = h1 W_z + b_z       z, W_z, b_z            (N, Z); (H, Z), (Z,)
    a Gaussian pixel's mean is l itself; its σ          logits, x_std          (N, D); one number
    -log p(x given z), KL(q(z given x), p(z)), in nats  recon, kl              (N,); or their means
    mean over the batch of recon + β kl; β = 1: -ELBO   loss, beta             scalars
    labels, and p(z given y) = N(M_y, I)                y, M                   (N,); (C, Z)
    K samples of each; w = p(x, z) / q(z given x)       eps, log_w             (N, K, Z); (N, K)
    ∂loss / ∂T                                          dT; grads["W1"]        as T

Rows are examples, weights are (in, out). Sums run over pixels and latent dimensions, means over the
batch. `eps` is always the noise: Adam's constant is `adam_eps`, a difference step is `step` (`h` in
the lessons, where `step` is the narrator's). σ is never a name: it is `std` or `sigmoid`. The
blog's fc1, fc21, fc22, fc3, fc4 are W1, W_mu, W_logvar, W3, W4, transposed.
"""
from . import interrupt

if interrupt.is_the_program():       # NumPy is about to be imported, which takes its time
    interrupt.start()

from .autoencoder import Autoencoder
from .conditional import ConditionalVAE
from .errors import CheckpointError, DataFormatError, DivergedError, NumpyvaeError
from .gradcheck import assert_gradients, check_gradients, numeric_gradient
from .importance import IWAE
from .optim import SGD, Adam
from .vae import VAE

__all__ = ["VAE", "Autoencoder", "ConditionalVAE", "IWAE", "SGD", "Adam",
           "assert_gradients", "check_gradients", "numeric_gradient",
           "NumpyvaeError", "CheckpointError", "DataFormatError", "DivergedError"]


def __getattr__(name):
    # said once, in setup.cfg; looked up only when somebody asks
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version
        try:
            return version("numpyvae")
        except PackageNotFoundError:
            return "unknown (not installed)"
    raise AttributeError(f"module 'numpyvae' has no attribute {name!r}")
