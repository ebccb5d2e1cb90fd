"""What a trained network is worth: its loss on a data set, log p(x), active units, imputation.

Every x here is (N, D), numbers or bytes (then divided by 255), and is worked through a batch at a
time (but for `impute`, whose result is larger than x anyway).
"""
import numpy as np

from .autoencoder import Autoencoder
from .datasets.pixels import as_floats
from .errors import (InvalidTypeError, InvalidValueError, check_mask, check_positive_int, check_rng)
from .latent import kl_per_dim, reparameterize
from .network import check_input
from .vae import VAE

BATCH   = 1000                       # rows at a time; of 784 pixels about 3 MB in float32
WEIGHTS = 1_000_000                  # importance weights held at a time: 8 MB
ACTIVE  = 0.01                       # the variance of E[u given x] from which u is an active unit


def mean_loss(model, x, rng=0, batch_size=BATCH, num_samples=1, mask=None):
    """The loss of any model over a whole data set, a mean over latent samples.

    x: (N, D); rng: a seed or a Generator for the samples; num_samples: how many for each example
    mask: (N, D) booleans, True where a pixel was observed, or None
    ->  loss, recon, kl: floats, nats per example (kl is 0 for an ordinary auto-encoder)
    Raises ValueError or TypeError.
    """
    rng = check_rng(rng)
    num_samples = check_positive_int("num_samples", num_samples)
    total = np.zeros(3)
    for _ in range(num_samples):         # outside, so that the noise depends on no batch size
        for batch, observed in _batches(x, model.dtype, batch_size, mask):
            terms = model.sample_loss(batch, rng, mask=observed)
            total += len(batch) * np.array(terms, dtype=np.float64)
    return tuple(map(float, total / (len(x) * num_samples)))


def neg_elbo(vae, x, rng=0, batch_size=BATCH, num_samples=1, mask=None):
    """-ELBO = recon + kl over a whole data set, a mean over latent samples.

    x, rng, batch_size, num_samples, mask: as for `mean_loss`
    ->  -ELBO, recon, kl: floats, nats per example
    Raises ValueError or TypeError.  Source: Kingma & Welling 2014, equation 10.
    """
    _check_model(vae, VAE)
    return mean_loss(vae, x, rng, batch_size, num_samples, mask)


def reconstruction_loss(autoencoder, x, batch_size=BATCH, mask=None):
    """The loss of an ordinary auto-encoder over a whole data set.

    x, mask: (N, D)  ->  a float, nats per example
    """
    _check_model(autoencoder, Autoencoder)
    return mean_loss(autoencoder, x, batch_size=batch_size, mask=mask)[0]


def encode(network, x, batch_size=BATCH):
    """What the encoder makes of a whole data set.

    x: (N, D)  ->  mu, logvar: (N, Z) of a VAE; z: (N, Z) of an ordinary auto-encoder
    """
    parts = [network.encode(batch) for batch, _ in _batches(x, network.dtype, batch_size)]
    if isinstance(parts[0], tuple):
        return tuple(map(np.concatenate, zip(*parts)))
    return np.concatenate(parts)


def mean_kl_per_dim(vae, x):
    """The KL term of each latent dimension, averaged over the examples: near 0 if it goes unused.

    x: (N, D)  ->  kl: (Z,) in nats
    """
    _check_model(vae, VAE)
    return kl_per_dim(*encode(vae, x)).mean(axis=0)


def active_units(vae, x):
    """Which latent dimensions move with the example: those whose mean has a variance above 0.01.

    x: (N, D)  ->  (Z,) booleans
    Source: Burda, Grosse & Salakhutdinov 2016, section 5.2.
    """
    _check_model(vae, VAE)
    mu, _ = encode(vae, x)
    return mu.var(axis=0, dtype=np.float64) > ACTIVE


def log_likelihood(vae, x, num_samples=500, rng=0, on_batch=None):
    """log p(x) of every example by importance sampling, drawing z from q(z given x).

    x: (N, D); num_samples: K, latent samples per example; rng: a seed or a Generator
    on_batch(examples done): called now and then, to report
    ->  (N,) float64 in nats: on average a lower bound, which rises towards log p(x) with K
    Raises ValueError or TypeError.  Source: Burda, Grosse & Salakhutdinov 2016, equation 8.
    """
    _check_model(vae, VAE)
    K     = check_positive_int("num_samples", num_samples)
    rng   = check_rng(rng)
    found = []
    rows  = max(1, min(100, WEIGHTS // K))           # examples at a time, each with K weights
    for batch, _ in _batches(x, vae.dtype, rows):
        found.extend(_log_mean_exp(_log_weights(vae, batch, K, rng)))
        if on_batch:
            on_batch(len(found))
    return np.array(found)


def _log_weights(vae, x, K, rng):
    """log w of K samples for each example: (K, N), float64."""
    mu, logvar = vae.encode(x)
    at_once = max(1, BATCH // len(x))                # samples of every example, so BATCH rows
    parts = [_some_log_weights(vae, x, mu, logvar, min(at_once, K - done), rng)
             for done in range(0, K, at_once)]
    return np.concatenate(parts)


def _some_log_weights(vae, x, mu, logvar, k, rng):
    # log w = log p(x given z) + log p(z) - log q(z given x),     z = μ + σ ε
    # log p(z)         = Σ_j -½ z_j² - ½ log 2π
    # log q(z given x) = Σ_j -½ ε_j² - ½ log 2π - ½ log σ_j²
    x, mu, logvar = [np.tile(array, (k, 1)) for array in (x, mu, logvar)]
    eps   = rng.standard_normal(mu.shape).astype(vae.dtype)
    z     = reparameterize(mu, logvar, eps)
    recon = vae.neg_log_p(z, x)
    log_w = 0.5 * (eps * eps - z * z + logvar).sum(axis=1, dtype=np.float64) - recon
    return log_w.reshape(k, -1)


def _log_mean_exp(log_w):
    """log 1/K Σ_k w_k: the largest weight is taken out first, so that no exponential overflows."""
    largest = log_w.max(axis=0)
    return largest + np.log(np.exp(log_w - largest).mean(axis=0))


def impute(vae, x, mask, num_samples=1, rng=0):
    """Examples with their missing pixels filled in, once for every latent sample.

    x: (N, D), with anything where nobody looked
    mask: (N, D) booleans, True where a pixel was observed
    num_samples: S, how many; rng: a seed or a Generator
    ->  (S, N, D): observed pixels as they were, the others the mean of p(x given z), z drawn from
        q(z given x * mask)
    Raises ValueError or TypeError.
    Source: Rezende, Mohamed & Wierstra 2014, appendix F (one step of its chain).
    """
    _check_model(vae, VAE)
    S    = check_positive_int("num_samples", num_samples)
    rng  = check_rng(rng)
    mask = check_mask(mask, np.shape(x))
    x, _ = check_input(as_floats(x, vae.dtype), vae.input_dim, vae.dtype, vae.pixels, mask)
    mu, logvar = vae.encode(x)
    eps = rng.standard_normal((S, *mu.shape))
    return np.array([np.where(mask, x, vae.decode(vae.reparameterize(mu, logvar, noise)))
                     for noise in eps])


def _check_model(model, cls):
    if not isinstance(model, cls):
        raise InvalidTypeError(f"expected a network of the class {cls.__name__}, got "
                               f"{type(model).__name__}")


def _batches(x, dtype, batch_size, mask=None):
    """Yield the rows of a data set as floats, batch_size at a time, each with its part of the mask.
    """
    check_positive_int("batch_size", batch_size)
    x = np.asarray(x)
    if x.ndim == 0 or len(x) == 0:
        raise InvalidValueError(f"x: expected at least one example, one a row, got shape {x.shape}")
    if mask is not None:
        mask = check_mask(mask, x.shape)
    for start in range(0, len(x), batch_size):
        rows = slice(start, start + batch_size)
        yield as_floats(x[rows], dtype), None if mask is None else mask[rows]
