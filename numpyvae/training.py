"""Training: seeded minibatches, the loop over epochs, its history, and runs that resume exactly."""
import hashlib
import math
import os

import numpy as np

from . import checkpoint, network
from .errors import (CheckpointError, DivergedError, InvalidTypeError, InvalidValueError, check_choice, check_count,
                     check_number, check_positive_int)
from .evaluate import neg_elbo
from .optim import SGD, Adam
from .vae import VAE

OPTIMIZERS = {"adam": Adam, "sgd": SGD}

HISTORY = ("train_loss", "train_recon", "train_kl", "test_loss", "test_recon", "test_kl")


def minibatches(n, batch_size, rng):
    """Yield the indices 0 to n - 1 in random order, batch_size at a time; the last batch may be smaller."""
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start:start + batch_size]


class Run:
    """A network in training, with all that its next epoch depends on.

    x_train, x_test: (N, D) examples; data: what they are called
    epochs: how many in all; batch_size, lr, beta: as their names say; optimizer: "adam", or "sgd" with momentum 0.9
    hidden_dim, latent_dim, likelihood, x_std, dtype: of the network, see `VAE`; seed: a whole number, 0 or more
    `history` has a row per epoch and a column for each of HISTORY, in nats per example: the training columns are means
    over the epoch's batches while the network learned from them, the test columns come after it.
    Raises ValueError or TypeError.
    """

    def __init__(self, x_train, x_test, data="your own", epochs=10, hidden_dim=400, latent_dim=20,
                 likelihood="bernoulli", x_std=1.0, dtype="float32", optimizer="adam", lr=1e-3, beta=1.0,
                 batch_size=128, seed=0):
        if not isinstance(data, str):
            raise InvalidTypeError(f"data: expected a name, got {data!r}")
        self.data       = data
        self.epochs     = check_positive_int("epochs", epochs)
        self.batch_size = check_positive_int("batch_size", batch_size)
        self.beta       = check_number("beta", beta, at_least=0)
        self.seed       = check_count("seed", seed)
        # One seed, four independent streams: changing how one of them is used leaves the others as they were.
        init, shuffle, noise, self.test_noise = np.random.SeedSequence(self.seed).spawn(4)
        self.shuffle_rng = np.random.default_rng(shuffle)
        self.noise_rng   = np.random.default_rng(noise)
        self.vae = VAE(_width(x_train), hidden_dim, latent_dim, likelihood, x_std, np.random.default_rng(init), dtype)
        self.x_train, _ = network.check_input(x_train, self.vae.input_dim, self.vae.dtype, likelihood, name="x_train")
        self.x_test,  _ = network.check_input(x_test,  self.vae.input_dim, self.vae.dtype, likelihood, name="x_test")
        self.data_sha256 = _fingerprint(self.x_train, self.x_test)
        self.optimizer_name = check_choice("optimizer", optimizer, tuple(OPTIMIZERS))
        self.optimizer = OPTIMIZERS[optimizer](self.vae.params, lr)
        self.history = np.zeros((0, len(HISTORY)))

    @property
    def options(self):
        """What this run was started with, as plain values: Run(x_train, x_test, **options) starts another like it."""
        network_options = {name: value for name, value in self.vae.settings.items() if name != "input_dim"}
        return {"data": self.data, "epochs": self.epochs, **network_options, "optimizer": self.optimizer_name,
                "lr": self.optimizer.lr, "beta": self.beta, "batch_size": self.batch_size, "seed": self.seed}

    def train(self, on_batch=None, on_epoch=None):
        """Train until `epochs` are done.

        on_batch(examples done in this epoch), on_epoch(): called after each batch and each epoch, to report and to save
        Raises DivergedError when the loss is no longer finite; then, as after an interruption, this object has the
        state of the middle of an epoch, and only a saved checkpoint is worth going on from.
        """
        grads = {name: np.empty_like(param) for name, param in self.vae.params.items()}
        while len(self.history) < self.epochs:
            with np.errstate(over="ignore", invalid="ignore"):       # what overflows is told by the checks below
                row = self._train_one_epoch(grads, on_batch)
            self.history = np.vstack([self.history, row])
            if on_epoch:
                on_epoch()

    def _train_one_epoch(self, grads, on_batch):
        total, done = np.zeros(3), 0
        for batch in minibatches(len(self.x_train), self.batch_size, self.shuffle_rng):
            x   = self.x_train[batch]
            eps = self.noise_rng.standard_normal((len(batch), self.vae.latent_dim))
            terms, grads = self.vae.loss_and_grads(x, eps, self.beta, out=grads)
            self._require_finite(terms[0])
            self.optimizer.step(grads)
            total += len(batch) * np.array(terms, dtype=np.float64)
            done  += len(batch)
            if on_batch:
                on_batch(done)
        self._require_finite(*(param.sum() for param in self.vae.params.values()))
        # The same noise after every epoch: what changes from one test figure to the next is the network alone.
        _, recon, kl = neg_elbo(self.vae, self.x_test, np.random.default_rng(self.test_noise))
        self._require_finite(recon, kl)
        return [*(total / len(self.x_train)), recon + self.beta * kl, recon, kl]

    def _require_finite(self, *values):
        if not all(map(math.isfinite, values)):
            raise DivergedError(f"training diverged in epoch {len(self.history) + 1}: its loss is no longer finite; "
                                f"train again with a smaller lr than {self.optimizer.lr:g}")

    # ------------------------------------------------------------------ files

    def save(self, folder):
        """Write the checkpoint, model.npz, and from it history.csv, each atomically.  Raises OSError."""
        arrays, numbers = self.optimizer.state()
        run = {"options": self.options, "optimizer": numbers, "data_sha256": self.data_sha256,
               "generators": {"shuffle": self.shuffle_rng.bit_generator.state,
                              "noise": self.noise_rng.bit_generator.state}}
        checkpoint.save(os.path.join(folder, "model.npz"), {**self.vae.params, **arrays, "history": self.history},
                        {**network.describe(self.vae), "run": run})
        self.save_history(folder)

    def save_history(self, folder):
        """Write history.csv: a line per epoch, in nats per example.  Raises OSError."""
        lines = [",".join(("epoch", *HISTORY))]
        lines += [f"{epoch}," + ",".join(f"{value:.6f}" for value in row) for epoch, row in enumerate(self.history, 1)]
        text = "\n".join(lines) + "\n"
        checkpoint.write_atomically(os.path.join(folder, "history.csv"), lambda file: file.write(text.encode()))

    @classmethod
    def load(cls, folder, load_data):
        """The run that `save` left in `folder`, at the end of its last whole epoch.

        load_data: takes the name of the data, returns x_train, x_test
        Raises CheckpointError if there is none or these are not the data it was trained on, and OSError.
        """
        path = os.path.join(folder, "model.npz")
        arrays, description = checkpoint.load(path)
        if not isinstance(description.get("run"), dict):
            raise CheckpointError(f"{path}: expected a training run, got a network that was saved without one; "
                                  "VAE.load reads it")
        saved = description["run"]
        try:
            trained = network.restore_network(VAE, path, arrays, description)
            if not trained.settings.items() <= {**saved["options"], "input_dim": trained.input_dim}.items():
                raise InvalidValueError("its options and its network's settings differ")
            run = cls(*load_data(saved["options"]["data"]), **saved["options"])
            if run.data_sha256 != saved["data_sha256"]:
                raise InvalidValueError(f"the data called {run.data!r} are not the ones it was trained on")
            for name, param in run.vae.params.items():
                param[...] = trained.params[name]
            run.optimizer.set_state(arrays, saved["optimizer"])
            run.shuffle_rng.bit_generator.state = saved["generators"]["shuffle"]
            run.noise_rng.bit_generator.state   = saved["generators"]["noise"]
            run.history = arrays["history"]
            if run.history.shape[1:] != (len(HISTORY),) or not np.isfinite(run.history).all():
                raise InvalidValueError("its history is not a table of finite losses")
        except CheckpointError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise CheckpointError(f"{path}: expected a whole training run, got one that is damaged ({error}); "
                                  "take another copy, or train again") from error
        return run


def _width(x):
    shape = np.shape(x)
    if len(shape) != 2 or 0 in shape:
        raise InvalidValueError(f"x_train: expected at least one example, one a row, got shape {shape}")
    return shape[1]


def _fingerprint(*arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr((array.shape, array.dtype.name)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
