"""What a trained network is worth: its loss on a data set, and what each latent dimension carries."""
import numpy as np

from .errors import InvalidValueError, check_positive_int, check_rng
from .latent import kl_per_dim


def neg_elbo(vae, x, rng=0, batch_size=1000):
    """-ELBO = recon + kl over a whole data set, with one latent sample per example, a batch at a time.

    x: (N, D); rng: a seed or a Generator for the samples  ->  -ELBO, recon, kl: floats, nats per example
    Raises ValueError or TypeError.  Source: Kingma & Welling 2014, equation 10.
    """
    check_positive_int("batch_size", batch_size)
    x, rng, total = np.asarray(x), check_rng(rng), np.zeros(3)
    if x.ndim != 2 or len(x) == 0:
        raise InvalidValueError(f"x: expected at least one example, one a row, got shape {x.shape}")
    for start in range(0, len(x), batch_size):
        batch = x[start:start + batch_size]
        eps = rng.standard_normal((len(batch), vae.latent_dim))
        total += len(batch) * np.array(vae.loss(batch, eps), dtype=np.float64)
    return tuple(map(float, total / len(x)))


def mean_kl_per_dim(vae, x):
    """The KL term of each latent dimension, averaged over the examples: near 0 where the decoder is told nothing.

    x: (N, D)  ->  kl: (Z,) in nats
    """
    return kl_per_dim(*vae.encode(x)).mean(axis=0)
