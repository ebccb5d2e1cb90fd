"""Training: what a run is started with, its minibatches, and the loop over epochs.

How a run is kept on disk is the business of the next room, `runs`.
"""
import hashlib
import math
from dataclasses import asdict, dataclass, replace

import numpy as np

from . import network
from .autoencoder import Autoencoder
from .conditional import ConditionalVAE
from .datasets.pixels import PIXELS, as_floats, sampled, thresholded
from .errors import (DivergedError, InvalidValueError, check_choice, check_count,
                     check_float_dtype, check_labels, check_mask, check_number,
                     check_positive_int)
from .evaluate import mean_loss
from .importance import IWAE, check_no_beta
from .likelihoods import Bernoulli
from .optim import SGD, Adam
from .vae import VAE

MODELS     = {"vae": VAE, "ae": Autoencoder, "cvae": ConditionalVAE, "iwae": IWAE}
OPTIMIZERS = {"adam": Adam, "sgd": SGD}

# The columns of a history, in nats per example.
HISTORY = ("train_loss", "train_recon", "train_kl", "test_loss", "test_recon", "test_kl")

FEW = 8                              # examples whose loss tells if training can start at all


@dataclass
class Options:
    """What a run is started with besides its examples, as plain values.

    Raises ValueError or TypeError.
    """
    model:       str   = "vae"               # "ae", the ordinary auto-encoder; "cvae", "iwae"
    epochs:      int   = 10                  # in total
    hidden_dim:  int   = 400                 # this one and the next four: of the network, see `VAE`
    latent_dim:  int   = 20
    likelihood:  str   = "bernoulli"
    x_std:       float = 1.0
    dtype:       str   = "float32"
    num_classes: int   = 10                  # of labels, for a conditional VAE
    num_samples: int   = 5                   # of z for each x, in the bound of an IWAE
    pixels:      str   = "grey"              # or made black and white, see `datasets.pixels`
    optimizer:   str   = "adam"              # or "sgd", with momentum 0.9
    lr:          float = 1e-3
    beta:        float = 1.0                 # the weight of the KL term, if the model has one
    batch_size:  int   = 128
    seed:        int   = 0                   # of everything random, 0 or more

    def __post_init__(self):
        self.model       = check_choice("model", self.model, tuple(MODELS))
        self.epochs      = check_positive_int("epochs", self.epochs)
        self.hidden_dim  = check_positive_int("hidden_dim", self.hidden_dim)
        self.latent_dim  = check_positive_int("latent_dim", self.latent_dim)
        self.likelihood  = check_choice("likelihood", self.likelihood, network.LIKELIHOODS)
        self.x_std       = check_number("x_std", self.x_std, above=0)
        self.dtype       = check_float_dtype(self.dtype).name
        self.num_classes = check_positive_int("num_classes", self.num_classes)
        self.num_samples = check_positive_int("num_samples", self.num_samples)
        self.pixels      = check_choice("pixels", self.pixels, PIXELS)
        self.optimizer   = check_choice("optimizer", self.optimizer, tuple(OPTIMIZERS))
        self.lr          = check_number("lr", self.lr, above=0)
        self.beta        = check_number("beta", self.beta, at_least=0)
        self.batch_size  = check_positive_int("batch_size", self.batch_size)
        self.seed        = check_count("seed", self.seed)
        if self.model == "iwae":
            check_no_beta(self.beta)

    def build_network(self, input_dim, rng):
        """The network that these options describe, with fresh parameters drawn from rng."""
        own = {"cvae": {"num_classes": self.num_classes}, "iwae": {"num_samples": self.num_samples}}
        return MODELS[self.model](input_dim, self.hidden_dim, self.latent_dim, x_std=self.x_std,
                                  likelihood=self.likelihood, rng=rng, dtype=self.dtype,
                                  **own.get(self.model, {}))


def minibatches(n, batch_size, rng):
    """Yield the indices 0 to n - 1 in random order, batch_size at a time; the last may be fewer."""
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start:start + batch_size]


class Run:
    """A network in training, with everything that its next epoch depends on.

    x_train, x_test: (N, D) examples, numbers or bytes; bytes are divided by 255, a batch at a time
    mask_train, mask_test: (N, D) booleans, True where a pixel was observed, or None
    y_train, y_test: (N,) labels, which a conditional VAE needs; no other model looks at them
    options: see `Options`
    `model` and `optimizer` are what learns. `history` has a row for each epoch and a column for
    each of HISTORY, in nats per example: the training columns are means over the epoch's batches,
    taken while the network learned from them; the test columns were measured after it.
    `epochs`, `beta` and `optimizer.lr` may be changed between epochs.
    `pixel_range`: between which values a picture of the examples goes from white to black.
    Raises ValueError or TypeError.
    """

    def __init__(self, x_train, x_test, mask_train=None, mask_test=None, y_train=None, y_test=None,
                 **options):
        self._options = options = Options(**options)
        self.epochs   = options.epochs
        self.beta     = options.beta
        # One seed, five independent streams: using one of them differently leaves the others alone.
        init, shuffle, noise, self.test_noise, ink = np.random.SeedSequence(options.seed).spawn(5)
        self.rngs = {"shuffle": np.random.default_rng(shuffle),
                     "noise":   np.random.default_rng(noise),
                     "pixels":  np.random.default_rng(ink)}

        self.y_train = self.y_test = None
        if options.model == "cvae":
            C = options.num_classes
            self.y_train = check_labels("y_train", y_train, C, len(x_train)).astype(np.int64)
            self.y_test  = check_labels("y_test",  y_test,  C, len(x_test)).astype(np.int64)

        self.model     = options.build_network(_width(x_train), np.random.default_rng(init))
        self.optimizer = OPTIMIZERS[options.optimizer](self.model.params, options.lr)
        self.history   = np.zeros((0, len(HISTORY)))

        # Grey values that are to become probabilities of ink have to be probabilities.
        likelihood = self.model.pixels if options.pixels == "grey" else Bernoulli()
        x_train, self.mask_train = _checked("x_train", x_train, mask_train, self.model, likelihood)
        x_test,  self.mask_test  = _checked("x_test",  x_test,  mask_test,  self.model, likelihood)
        _check_ink(x_train, x_test)
        if self.mask_train is not None and not self.mask_train.any():
            raise InvalidValueError("mask_train: expected True where a pixel was observed, got "
                                    "False everywhere, so there is nothing to learn from")
        labels = () if self.y_train is None else (self.y_train, self.y_test)
        self.data_sha256 = _fingerprint(x_train, x_test, self.mask_train, self.mask_test, *labels)
        self.x_train, self.x_test = _inked(options.pixels, x_train, x_test)
        self.pixel_range = _pixel_range(self.x_train, self.mask_train)

    @property
    def options(self):
        """What this run was started with, by name: Run(x_train, x_test, **options) starts its twin.

        What was changed since then appears as it is now.
        """
        return asdict(replace(self._options, epochs=self.epochs, beta=self.beta,
                              lr=self.optimizer.lr))

    @property
    def steps_per_epoch(self):
        """How many minibatches the training examples make."""
        return -(-len(self.x_train) // self._options.batch_size)

    def check_start(self):
        """Raise InvalidValueError if beta or x_std makes the fresh network's loss, or its gradient,
        too large for the dtype: no step could be taken, however small lr is.
        """
        few  = _telling(self.x_train)
        x    = as_floats(self.x_train[few], self.model.dtype)
        mask = None if self.mask_train is None else self.mask_train[few]
        y    = None if self.y_train is None else self.y_train[few]
        with np.errstate(all="ignore"):                        # found by what follows
            terms, grads = self.model.sample_loss_and_grads(x, np.random.default_rng(0), self.beta,
                                                            mask, y=y)
            squares = [np.vdot(grad, grad) for grad in grads.values()]   # Adam takes them, too
            beta    = self.model.dtype.type(self.beta)         # NumPy 1 would compute in float64
        if all(map(math.isfinite, (beta, *terms, *squares))):
            return
        _, recon, kl = map(float, terms)
        name, value, advice = "x_std", self.model.x_std, "larger"
        if math.isfinite(recon) and not self.beta * kl < recon:
            name, value, advice = "beta", self.beta, "smaller"
        raise InvalidValueError(f"{name}: expected a number with which the first loss and its "
                                f"gradient are finite in {self.model.dtype}, got {value:g} (and "
                                f"pixels of up to {np.abs(x).max():g}); take a {advice} one")

    def train(self, on_batch=None, on_epoch=None):
        """Train until there have been `epochs` of them.

        on_batch(examples done in this epoch), on_epoch(): called after each, to report and to save
        Raises DivergedError when the loss is no longer finite. After that, or an interruption, this
        object is in the middle of an epoch: only a saved run is worth resuming.
        """
        keep_freed_memory()
        grads = {name: np.empty_like(param) for name, param in self.model.params.items()}
        while len(self.history) < self.epochs:
            with np.errstate(all="ignore"):                        # found by _require_finite
                learned = self._train_one_epoch(grads, on_batch)
                tested  = self._test()
            self.history = np.vstack([self.history, [*learned, *tested]])
            if on_epoch:
                on_epoch()

    def _train_one_epoch(self, grads, on_batch):
        """loss, recon, kl: means over the training examples, measured before each update."""
        total = np.zeros(3)
        done  = 0
        for batch in minibatches(len(self.x_train), self._options.batch_size, self.rngs["shuffle"]):
            x    = self._floats(self.x_train[batch])
            mask = None if self.mask_train is None else self.mask_train[batch]
            y    = None if self.y_train is None else self.y_train[batch]
            terms, grads = self.model.sample_loss_and_grads(x, self.rngs["noise"], self.beta,
                                                            mask, out=grads, y=y)
            self._require_finite(terms[0])
            self.optimizer.step(grads)
            total += len(batch) * np.array(terms, dtype=np.float64)
            done  += len(batch)
            if on_batch:
                on_batch(done)
        self._require_finite(*(param.sum() for param in self.model.params.values()))
        return total / done

    def _test(self):
        """loss, recon, kl: means over the test examples, with the same noise after every epoch, so
        that only the network can change them.
        """
        rng = np.random.default_rng(self.test_noise)
        loss, recon, kl = mean_loss(self.model, self.x_test, rng, mask=self.mask_test,
                                    y=self.y_test)
        self._require_finite(loss, recon, kl)
        if not isinstance(self.model, IWAE):             # whose loss is another bound, of no β
            loss = recon + self.beta * kl
        return loss, recon, kl

    def _floats(self, x):
        if self._options.pixels == "resampled":
            x = sampled(x, self.rngs["pixels"])
        return as_floats(x, self.model.dtype)

    def _require_finite(self, *values):
        if not all(map(math.isfinite, values)):
            raise DivergedError(f"training diverged in epoch {len(self.history) + 1}: its loss is "
                                "no longer finite; train again with a smaller lr than "
                                f"{self.optimizer.lr:g}")


def keep_freed_memory():
    """Have the arrays of one step reused by the next, where C's library would return them.

    glibc gives large freed arrays back to the system, which hands them out again a page at a time:
    a third of an IWAE's step. It keeps what is smaller than the largest one that was freed so far.
    """
    np.empty(31 * 2 ** 20, dtype=np.uint8)               # beyond 32 MB it learns nothing


# ---------------------------------------------------------------------- the examples

def _width(x_train):
    shape = np.shape(x_train)
    if len(shape) != 2 or 0 in shape:
        raise InvalidValueError("x_train: expected at least one example, one a row, got shape "
                                f"{shape}")
    return shape[1]


def _telling(x):
    """Which examples tell if training can start: the first few, and those of the extreme pixels."""
    first = range(min(FEW, len(x)))
    if x.dtype == np.uint8:
        return np.array(first)
    return np.unique([*first, x.argmax() // x.shape[1], x.argmin() // x.shape[1]])


def _checked(name, x, mask, model, likelihood):
    """x, mask: examples that the model can learn from, 0 where a pixel was not observed."""
    x = np.asarray(x)
    if mask is not None:
        mask = check_mask(mask, x.shape)
    if x.dtype != np.uint8 or x.ndim != 2 or x.size == 0 or x.shape[1] != model.input_dim:
        return network.check_input(x, model.input_dim, model.dtype, likelihood, mask, name)
    # Bytes stay bytes, which take a quarter of the memory; they cannot be out of range.
    return (x if mask is None else x * mask), mask


def _check_ink(x_train, x_test):
    """Raise if bytes seem to be meant as 0 and 1; images of either part alone may be that dark."""
    brightest = [x.max() for x in (x_train, x_test) if x.dtype == np.uint8]
    if brightest and max(brightest) == 1:
        raise InvalidValueError("x_train and x_test: expected bytes up to 255, which become 1, got "
                                "none above 1; if their pixels are 0 and 1, make them floats")


def _inked(pixels, x_train, x_test):
    """The examples in grey, or in black and white, as far as that is drawn once for all epochs."""
    if pixels == "grey":
        return x_train, x_test
    if pixels == "threshold":
        return thresholded(x_train), thresholded(x_test)
    rng = np.random.default_rng(0)           # the same draw for every run: they can be compared
    x_test = sampled(x_test, rng)
    if pixels == "fixed":
        x_train = sampled(x_train, rng)
    return x_train, x_test


def _pixel_range(x, mask):
    """0 and 1, if all pixels lie between them; or else their range, but for those that are more
    than three standard deviations away from their mean.
    """
    if x.dtype == np.uint8:
        return 0.0, 1.0
    observed  = True if mask is None else mask
    low, high = x.min(where=observed, initial=np.inf), x.max(where=observed, initial=-np.inf)
    if 0 <= low and high <= 1:
        return 0.0, 1.0
    count  = x.size if mask is None else mask.sum()
    mean   = x.sum(dtype=np.float64) / count                 # x is 0 where it was not observed
    square = np.einsum("nd,nd->", x, x, dtype=np.float64) / count
    reach  = 3 * math.sqrt(max(0, square - mean * mean))
    low, high = float(max(low, mean - reach)), float(min(high, mean + reach))
    return (low, high) if low < high else (0.0, 1.0)


def _fingerprint(*arrays):
    """The SHA-256 of arrays, some of which may be None, and of their shapes and dtypes."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(repr(None).encode())
        else:
            digest.update(repr((array.shape, array.dtype.name)).encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
