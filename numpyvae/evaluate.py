"""What a trained network is worth: its loss on a data set, and what each latent dimension carries."""
import numpy as np

from .errors import check_positive_int
from .latent import kl_per_dim


def neg_elbo(vae, x, rng=0, beta=1.0, batch_size=1000):
    """The loss over a whole data set, with one latent sample per example, a batch at a time.

    x: (N, D); rng: a seed or a Generator for the samples  ->  loss, recon, kl: floats, nats per example
    Source: Kingma & Welling 2014, equation 10.
    """
    check_positive_int("batch_size", batch_size)
    rng, total = np.random.default_rng(rng), np.zeros(3)
    for start in range(0, max(1, len(x)), batch_size):           # once even if x is empty: vae.loss says what is wrong
        batch = x[start:start + batch_size]
        eps = rng.standard_normal((len(batch), vae.latent_dim))
        total += len(batch) * np.array(vae.loss(batch, eps, beta), dtype=np.float64)
    return tuple(map(float, total / len(x)))


def mean_kl_per_dim(vae, x):
    """The KL term of each latent dimension, averaged over the examples: near 0 where the decoder is told nothing.

    x: (N, D)  ->  kl: (Z,) in nats
    """
    return kl_per_dim(*vae.encode(x)).mean(axis=0)
