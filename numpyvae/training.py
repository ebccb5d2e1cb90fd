"""Training: seeded minibatches, the loop over epochs, its history, and runs that resume exactly."""
import functools
import hashlib
import math
import os

import numpy as np

from . import checkpoint, files, network
from .autoencoder import Autoencoder
from .datasets.pixels import PIXELS, as_floats, sampled, thresholded
from .errors import (CheckpointError, DataFormatError, DivergedError, InvalidTypeError,
                     InvalidValueError, check_choice, check_count, check_mask, check_number,
                     check_positive_int, one_line)
from .evaluate import mean_loss
from .likelihoods import Bernoulli
from .optim import SGD, Adam
from .vae import VAE

MODELS = {"vae": VAE, "ae": Autoencoder}
OPTIMIZERS = {"adam": Adam, "sgd": SGD}

# How many threads a matrix product takes, and so in which order it adds: by the library that NumPy
# was built with.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS",
           "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

HISTORY = ("train_loss", "train_recon", "train_kl", "test_loss", "test_recon", "test_kl")


def minibatches(n, batch_size, rng):
    """Yield the indices 0 to n - 1 in random order, batch_size at a time; the last batch may be
    smaller.
    """
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start:start + batch_size]


class Run:
    """A network in training, with all that its next epoch depends on.

    x_train, x_test: (N, D) examples, numbers or bytes; bytes are divided by 255, a batch at a time
    mask_train, mask_test: (N, D) booleans, True where a pixel was observed, or None
    data, data_dir: what all this is called, and the folder it lies in, or None; image_shape:
    (height, width), or None
    model: "vae", or "ae" for the ordinary auto-encoder, which has no use for beta
    epochs: how many in all; batch_size, lr, beta: as their names say; optimizer: "adam", or "sgd"
    with momentum 0.9
    pixels: "grey" as they are, or made black and white, see `datasets.pixels`
    hidden_dim, latent_dim, likelihood, x_std, dtype: of the network, see `VAE`; seed: a whole
    number, 0 or more
    `history` has a row per epoch and a column for each of HISTORY, in nats per example: the
    training columns are means over the epoch's batches while the network learned from them, the
    test columns come after it.
    `elsewhere` says how the environment that a loaded run was saved in differs from this one, see
    `differences`.
    Raises ValueError or TypeError.
    """

    def __init__(self, x_train, x_test, mask_train=None, mask_test=None, data="your own",
                 data_dir=None, image_shape=None, model="vae", epochs=10, hidden_dim=400,
                 latent_dim=20, likelihood="bernoulli", x_std=1.0, pixels="grey", dtype="float32",
                 optimizer="adam", lr=1e-3, beta=1.0, batch_size=128, seed=0):
        if not isinstance(data, str) or not isinstance(data_dir, (str, type(None))):
            raise InvalidTypeError(f"data: expected a name, and its folder or None, got {data!r}, "
                                   f"{data_dir!r}")
        self.data, self.data_dir = data, data_dir
        self.image_shape = _check_image_shape(image_shape, _width(x_train))
        self.epochs     = check_positive_int("epochs", epochs)
        self.batch_size = check_positive_int("batch_size", batch_size)
        self.beta       = check_number("beta", beta, at_least=0)
        self.seed       = check_count("seed", seed)
        self.pixels     = check_choice("pixels", pixels, PIXELS)
        # One seed, five independent streams: changing how one of them is used leaves the others as
        # they were.
        init, shuffle, noise, self.test_noise, ink = np.random.SeedSequence(self.seed).spawn(5)
        self.rngs = {"shuffle": np.random.default_rng(shuffle),
                     "noise": np.random.default_rng(noise), "pixels": np.random.default_rng(ink)}
        self.model_name = check_choice("model", model, tuple(MODELS))
        self.model = MODELS[model](_width(x_train), hidden_dim, latent_dim, likelihood, x_std,
                                   np.random.default_rng(init), dtype)
        self.x_train, self.mask_train = self._checked("x_train", x_train, mask_train)
        self.x_test,  self.mask_test  = self._checked("x_test", x_test, mask_test)
        self.data_sha256 = _fingerprint(self.x_train, self.x_test, self.mask_train, self.mask_test)
        self.x_train, self.x_test = _inked(self.pixels, self.x_train, self.x_test)
        self.optimizer_name = check_choice("optimizer", optimizer, tuple(OPTIMIZERS))
        self.optimizer = OPTIMIZERS[optimizer](self.model.params, lr)
        self.history = np.zeros((0, len(HISTORY)))
        self.environment, self.elsewhere = environment(), []

    @property
    def options(self):
        """What this run was started with, as plain values: Run(x_train, x_test, **options) starts
        another like it.
        """
        network_options = {name: value for name, value in self.model.settings.items()
                           if name != "input_dim"}
        return {"data": self.data, "data_dir": self.data_dir, "image_shape": self.image_shape,
                "model": self.model_name, "epochs": self.epochs, **network_options,
                "pixels": self.pixels, "optimizer": self.optimizer_name, "lr": self.optimizer.lr,
                "beta": self.beta, "batch_size": self.batch_size, "seed": self.seed}

    def train(self, on_batch=None, on_epoch=None):
        """Train until `epochs` are done.

        on_batch(examples done in this epoch), on_epoch(): called after each batch and each epoch,
        to report and to save
        Raises DivergedError when the loss is no longer finite; then, as after an interruption, this
        object has the state of the middle of an epoch, and only a saved checkpoint is worth going
        on from.
        """
        grads = {name: np.empty_like(param) for name, param in self.model.params.items()}
        while len(self.history) < self.epochs:
            # what overflows is told by the checks below
            with np.errstate(over="ignore", invalid="ignore"):
                row = self._train_one_epoch(grads, on_batch)
            self.history = np.vstack([self.history, row])
            if on_epoch:
                on_epoch()

    def _train_one_epoch(self, grads, on_batch):
        total, done = np.zeros(3), 0
        for batch in minibatches(len(self.x_train), self.batch_size, self.rngs["shuffle"]):
            x    = self._pixels_of(self.x_train[batch])
            mask = None if self.mask_train is None else self.mask_train[batch]
            terms, grads = self.model.sample_loss_and_grads(x, self.rngs["noise"], self.beta, mask,
                                                            grads)
            self._require_finite(terms[0])
            self.optimizer.step(grads)
            total += len(batch) * np.array(terms, dtype=np.float64)
            done  += len(batch)
            if on_batch:
                on_batch(done)
        self._require_finite(*(param.sum() for param in self.model.params.values()))
        recon, kl = self._test()
        self._require_finite(recon, kl)
        return [*(total / len(self.x_train)), recon + self.beta * kl, recon, kl]

    def _test(self):
        # The same noise after every epoch: what changes from one test figure to the next is the
        # network alone.
        rng = np.random.default_rng(self.test_noise)
        return mean_loss(self.model, self.x_test, rng, mask=self.mask_test)[1:]

    def _pixels_of(self, batch):
        return as_floats(sampled(batch, self.rngs["pixels"]) if self.pixels == "resampled"
                         else batch, self.model.dtype)

    def _checked(self, name, x, mask):
        x, mask = np.asarray(x), None if mask is None else check_mask(mask, np.shape(x))
        if x.dtype == np.uint8 and x.ndim == 2 and x.size and x.shape[1] == self.model.input_dim:
            x = x if mask is None else x * mask
            if x.max() == 1:
                raise InvalidValueError(f"{name}: expected bytes up to 255, which become 1, got "
                                        "none above 1; make pixels of 0 and 1 floats")
            # bytes stay bytes: they cannot be out of range
            return x, mask
        # Grey values that are to become probabilities of ink have to be probabilities, whatever the
        # likelihood.
        likelihood = self.model.pixels if self.pixels == "grey" else Bernoulli()
        return network.check_input(x, self.model.input_dim, self.model.dtype, likelihood, mask,
                                   name)

    def _require_finite(self, *values):
        if not all(map(math.isfinite, values)):
            raise DivergedError(f"training diverged in epoch {len(self.history) + 1}: its loss is "
                                "no longer finite; train again with a smaller lr than "
                                f"{self.optimizer.lr:g}")

    # ------------------------------------------------------------------ files

    def save(self, folder):
        """Write the checkpoint, model.npz, and from it history.csv, each atomically.  Raises
        OSError.
        """
        arrays, numbers = self.optimizer.state()
        run = {"options": self.options, "optimizer": numbers, "data_sha256": self.data_sha256,
               "environment": self.environment,
               "generators": {name: rng.bit_generator.state for name, rng in self.rngs.items()}}
        checkpoint.save(os.path.join(folder, "model.npz"), {**self.model.params, **arrays,
                                                            "history": self.history},
                        {**network.describe(self.model), "run": run})
        self.save_history(folder)

    def save_history(self, folder):
        """Write history.csv: a line per epoch, in nats per example.  Raises OSError."""
        lines = [",".join(("epoch", *HISTORY))]
        lines += [f"{epoch}," + ",".join(f"{value:.6f}" for value in row) for epoch,
                  row in enumerate(self.history, 1)]
        text = "\n".join(lines) + "\n"
        files.write_atomically(os.path.join(folder, "history.csv"),
                               lambda file: file.write(text.encode()))

    @classmethod
    def load(cls, folder, load_data):
        """The run that `save` left in `folder`, at the end of its last whole epoch.

        load_data: takes the options `data` and `data_dir`, returns x_train, x_test and, if there
        are any, their masks
        Raises CheckpointError if there is none or these are not the data it was trained on, and
        OSError.
        """
        trained, saved, arrays = load_trained(folder)
        path = os.path.join(folder, "model.npz")
        try:
            data = load_data(saved["options"]["data"], saved["options"]["data_dir"])
            run = cls(*data,
                      **saved["options"]) if np.shape(data[0])[1:] == (trained.input_dim,) else None
            if run is None or run.data_sha256 != saved["data_sha256"]:
                raise CheckpointError(f"{path}: the data called {saved['options']['data']!r} are "
                                      "not the ones it was trained on; give it those")
            for name, param in run.model.params.items():
                param[...] = trained.params[name]
            run.optimizer.set_state(arrays, saved["optimizer"])
            for name, rng in run.rngs.items():
                rng.bit_generator.state = saved["generators"][name]
            run.history = arrays["history"]
            if run.history.shape[1:] != (len(HISTORY),) or not np.isfinite(run.history).all():
                raise InvalidValueError("its history is not a table of finite losses")
            run.elsewhere = differences(saved.get("environment", {}), run.environment)
        except (CheckpointError, DataFormatError):
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise _damaged(path, error) from error
        return run


def load_trained(folder):
    """What `Run.save` left in `folder`, without the data it was trained on.

    ->  the network; its run's "options" and the rest of the description; all arrays
    Raises CheckpointError, OSError.
    """
    path = os.path.join(folder, "model.npz")
    arrays, description = checkpoint.load(path)
    saved = description.get("run")
    if not isinstance(saved, dict):
        raise CheckpointError(f"{path}: expected a training run, got a network that was saved "
                              f"without one; {description.get('model', 'VAE')}.load reads it")
    try:
        trained = network.restore_network(MODELS[saved["options"]["model"]], path, arrays,
                                          description)
        if not trained.settings.items() <= {**saved["options"],
                                            "input_dim": trained.input_dim}.items():
            raise InvalidValueError("its options and its network's settings differ")
        _check_image_shape(saved["options"]["image_shape"], trained.input_dim)
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error
    return trained, saved, arrays


def environment():
    """What a run's last bits depend on besides its options, as plain values by name: versions,
    threads, the machine.
    """
    import platform
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"NumPy": np.__version__, "Python": platform.python_version(),
            **{name: os.environ.get(name) or None for name in THREADS}, "usable processors": usable,
            "processor": _processor(), "machine": platform.machine() or None,
            "system": platform.system() or None}


def differences(was, now):
    """How the environment `was`, which may lack items, differs from `now`: a list of texts.  Raises
    ValueError.
    """
    if not isinstance(was, dict) or not all(isinstance(value, (str, int, type(None)))
                                            for value in was.values()):
        raise InvalidValueError("its environment is not a table of plain values")

    def shown(value):
        return "not set" if value is None else one_line(value)
    return [f"{name} (was {shown(was[name])}, is {shown(now[name])})" for name in now
            if name in was and was[name] != now[name]]


@functools.lru_cache(maxsize=None)
def _processor():
    """The kind of processor, by which libraries choose their code; None if the system does not say.
    """
    import platform
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:      # Linux
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model "
                                                                                           "name"))
    except (OSError, StopIteration):
        return platform.processor() or None


def _damaged(path, error):
    return CheckpointError(f"{path}: expected a whole training run, got one that is damaged "
                           f"({error}); take another copy, or train again")


def _check_image_shape(shape, width):
    if shape is None:
        return None
    if not isinstance(shape, (tuple, list)):
        raise InvalidTypeError(f"image_shape: expected (height, width) or None, got {shape!r}")
    sides = [check_positive_int("image_shape", side) for side in shape]
    if len(sides) != 2 or math.prod(sides) != width:
        raise InvalidValueError(f"image_shape: expected height and width whose product is {width}, "
                                f"got {sides}")
    return tuple(sides)


def _width(x):
    shape = np.shape(x)
    if len(shape) != 2 or 0 in shape:
        raise InvalidValueError("x_train: expected at least one example, one a row, got shape "
                                f"{shape}")
    return shape[1]


def _inked(pixels, x_train, x_test):
    if pixels == "threshold":
        return thresholded(x_train), thresholded(x_test)
    if pixels == "grey":
        return x_train, x_test
    # one draw for everybody: runs can be compared
    rng = np.random.default_rng(0)
    x_test = sampled(x_test, rng)
    return (sampled(x_train, rng) if pixels == "fixed" else x_train), x_test


def _fingerprint(*arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr(None if array is None else (array.shape, array.dtype.name)).encode())
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
