"""What a trained network is worth: its loss on a data set, log p(x), active units, imputation.

Every x here is (N, D), numbers or bytes (then divided by 255), and is worked through a batch at a
time (but for `impute`, whose result is larger than x anyway). Every y is (N,), the labels of x: a
conditional VAE needs them, and what is said of p(x) and p(z) is then said of p(x given y) and
p(z given y); no other model looks at them.
"""
import numpy as np

from .autoencoder import Autoencoder
from .conditional import ConditionalVAE
from .datasets.pixels import as_floats
from .errors import (InvalidTypeError, InvalidValueError, check_labels, check_mask,
                     check_positive_int, check_rng)
from .importance import IWAE, log_mean_exp
from .latent import kl_per_dim, reparameterize
from .network import check_input
from .vae import VAE

BATCH   = 1000                       # rows at a time; of 784 pixels about 3 MB in float32
PIXELS  = 4_000_000                  # at a time at most: rows that are larger come by fewer
WEIGHTS = 1_000_000                  # importance weights held at a time: 8 MB
USED    = 0.1                        # nats of KL above which a latent dimension counts as used
ACTIVE  = 0.01                       # the variance of E[u given x] from which u is an active unit


def mean_loss(model, x, rng=0, batch_size=BATCH, num_samples=1, mask=None, y=None):
    """The loss of any model over a whole data set, a mean over latent samples.

    x: (N, D); rng: a seed or a Generator for the samples; num_samples: how many for each example
        (an IWAE draws its own K each time, and batches have so many fewer examples)
    mask: (N, D) booleans, True where a pixel was observed, or None
    ->  loss, recon, kl: floats, nats per example (kl is 0 for an ordinary auto-encoder)
    Raises ValueError or TypeError.
    """
    rng = check_rng(rng)
    num_samples = check_positive_int("num_samples", num_samples)
    y    = _labels(model, x, y)
    rows = max(1, batch_size // model.num_samples) if isinstance(model, IWAE) else batch_size
    total = np.zeros(3)
    for _ in range(num_samples):         # outside, so that the noise depends on no batch size
        for batch, observed, labels in _batches(x, model.dtype, rows, mask, y):
            terms = model.sample_loss(batch, rng, mask=observed, y=labels)
            total += len(batch) * np.array(terms, dtype=np.float64)
    return tuple(map(float, total / (len(x) * num_samples)))


def neg_elbo(vae, x, rng=0, batch_size=BATCH, num_samples=1, mask=None, y=None):
    """-ELBO = recon + kl over a whole data set, a mean over latent samples.

    x, rng, batch_size, num_samples, mask, y: as for `mean_loss`
    ->  -ELBO, recon, kl: floats, nats per example (of an IWAE too, whose loss is another bound)
    Raises ValueError or TypeError.  Source: Kingma & Welling 2014, equation 10.
    """
    _check_model(vae, VAE)
    loss, recon, kl = mean_loss(vae, x, rng, batch_size, num_samples, mask, y)
    return recon + kl if isinstance(vae, IWAE) else loss, recon, kl


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
    parts = [network.encode(batch) for batch, *_ in _batches(x, network.dtype, batch_size)]
    if isinstance(parts[0], tuple):
        return tuple(map(np.concatenate, zip(*parts)))
    return np.concatenate(parts)


def mean_kl_per_dim(vae, x, y=None):
    """The KL term of each latent dimension, averaged over the examples: near 0 if it goes unused.

    x: (N, D)  ->  kl: (Z,) in nats
    """
    _check_model(vae, VAE)
    total = np.zeros(vae.latent_dim)
    for batch, _, labels in _batches(x, vae.dtype, BATCH, y=_labels(vae, x, y)):
        mu, logvar = vae.encode(batch)
        total += kl_per_dim(mu - _prior_mean(vae, labels), logvar).sum(axis=0, dtype=np.float64)
    return total / len(x)


def accuracy(model, x, y, batch_size=BATCH):
    """The share of a data set that a conditional VAE's nearest class mean names rightly.

    x: (N, D); y: (N,)  ->  a float from 0 to 1
    """
    _check_model(model, ConditionalVAE)
    right = [model.classify(batch) == labels for batch, _, labels
             in _batches(x, model.dtype, batch_size, y=_labels(model, x, y))]
    return float(np.concatenate(right).mean())


def active_units(vae, x):
    """Which latent dimensions move with the example: those whose mean has a variance above 0.01.

    x: (N, D)  ->  (Z,) booleans
    Source: Burda, Grosse & Salakhutdinov 2016, section 5.2.
    """
    _check_model(vae, VAE)
    mu, _ = encode(vae, x)
    return mu.var(axis=0, dtype=np.float64) > ACTIVE


def log_likelihood(vae, x, num_samples=500, rng=0, on_batch=None, y=None):
    """log p(x) of every example by importance sampling, drawing z from q(z given x).

    x: (N, D); num_samples: K, latent samples per example; rng: a seed or a Generator
    on_batch(examples done): called now and then, to report
    ->  (N,) float64 in nats: on average a lower bound, which rises towards log p(x) with K
        (Grey pixels have no p(x) under a Bernoulli likelihood: of such an image it bounds the mean
        of log p over its drawings in black and white.)
    Raises ValueError or TypeError.  Source: Burda, Grosse & Salakhutdinov 2016, equation 8.
    """
    _check_model(vae, VAE)
    K     = check_positive_int("num_samples", num_samples)
    rng   = check_rng(rng)
    y     = _labels(vae, x, y)
    found = []
    rows  = max(1, min(100, WEIGHTS // K, PIXELS // vae.input_dim))      # each with K weights
    for batch, _, labels in _batches(x, vae.dtype, rows, y=y):
        found.extend(log_mean_exp(_log_weights(vae, batch, labels, K, rng)))
        if on_batch:
            on_batch(len(found))
    return np.array(found)


def _log_weights(vae, x, y, K, rng):
    """log w of K samples for each example: (N, K), float64."""
    mu, logvar = vae.encode(x)
    prior_mean = np.broadcast_to(_prior_mean(vae, y), mu.shape)
    rows    = min(BATCH, PIXELS // vae.input_dim)
    at_once = max(1, rows // len(x))                 # samples of every example
    parts = [_some_log_weights(vae, x, mu, logvar, prior_mean, min(at_once, K - done), rng)
             for done in range(0, K, at_once)]
    return np.concatenate(parts).T


def _some_log_weights(vae, x, mu, logvar, prior_mean, k, rng):
    # log w = log p(x given z) + log p(z) - log q(z given x),     z = μ + σ ε
    # log p(z)         = Σ_j -½ (z_j - M_yj)² - ½ log 2π,         M_y = 0 unless it was learned
    # log q(z given x) = Σ_j -½ ε_j² - ½ log 2π - ½ log σ_j²
    x, mu, logvar, prior_mean = [np.tile(array, (k, 1)) for array in (x, mu, logvar, prior_mean)]
    eps   = rng.standard_normal(mu.shape).astype(vae.dtype)
    z     = reparameterize(mu, logvar, eps)
    recon = vae.neg_log_p(z, x)
    away  = z - prior_mean
    log_w = 0.5 * (eps * eps - away * away + logvar).sum(axis=1, dtype=np.float64) - recon
    return log_w.reshape(k, -1)


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


def shown_terms(loss, kl, beta, digits):
    """Loss, reconstruction and KL for display, rounded so that the loss is still the weighted sum.

    loss, kl: in nats; beta: the weight of kl; digits: decimals  ->  three strings
    """
    loss, kl = round(loss, digits), round(kl, digits)
    recon = loss - beta * kl
    return tuple(f"{value:.{digits}f}" for value in (loss, recon, kl))


def _check_model(model, cls):
    if not isinstance(model, cls):
        raise InvalidTypeError(f"expected a network of the class {cls.__name__}, got "
                               f"{type(model).__name__}")


def _labels(model, x, y):
    """The labels of a data set, checked, if the model needs them; otherwise None."""
    if not isinstance(model, ConditionalVAE):
        return None
    return check_labels("y", y, model.num_classes, rows=len(x))


def _prior_mean(vae, y):
    """The mean of p(z), which is 0: (Z,); or of p(z given y), for each example: (N, Z)."""
    return np.zeros(vae.latent_dim, vae.dtype) if y is None else vae.params["M"][y]


def _batches(x, dtype, batch_size, mask=None, y=None):
    """Yield the rows of a data set as floats, batch_size at a time, with their masks and labels."""
    check_positive_int("batch_size", batch_size)
    x = np.asarray(x)
    if x.ndim == 0 or len(x) == 0:
        raise InvalidValueError(f"x: expected at least one example, one a row, got shape {x.shape}")
    if mask is not None:
        mask = check_mask(mask, x.shape)
    n = min(batch_size, max(1, len(x) * PIXELS // max(1, x.size)))
    for start in range(0, len(x), n):
        rows = slice(start, start + n)
        yield (as_floats(x[rows], dtype), None if mask is None else mask[rows],
               None if y is None else y[rows])
