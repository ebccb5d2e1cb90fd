"""Runs on disk: saved whole after every epoch, and resumed to the bit."""
import functools
import math
import os
import re

import numpy as np

from . import checkpoint, files, network
from .errors import (BusyError, CheckpointError, InvalidTypeError, InvalidValueError, check_number,
                     check_positive_int, one_line)
from .training import HISTORY, MODELS, Run

# Where a run's examples came from: of its options, those that training does not look at.
ORIGIN = ("data", "data_dir", "image_shape")

# How many threads share a matrix product, and so the order in which it adds, by whichever of these
# variables the library obeys that NumPy was built with.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS",
           "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

UNSEEN = object()                    # what no checksum is equal to

# What a damaged description can raise when it is taken at its word.
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


class SavedRun:
    """A run and the folder that keeps it: the checkpoint model.npz, and the table history.csv.

    run: a `training.Run`; folder: one that exists
    data, data_dir: what its examples are called, and the folder that holds them, or None
    image_shape: (height, width), or None
    `elsewhere` lists how the environment that it was saved in differs from this one.
    What this object has saved or loaded, it replaces only as long as it is still there: another
    process may have gone on with the run meanwhile.
    Raises ValueError or TypeError.
    """

    def __init__(self, run, folder, data="your own", data_dir=None, image_shape=None):
        self.run         = run
        self.folder      = folder
        self.data        = data
        self.data_dir    = data_dir
        self.image_shape = _check_origin(data, data_dir, image_shape, run.model.input_dim)
        self.elsewhere   = []
        self._left       = UNSEEN            # the checksum of what this object saved or loaded last

    @property
    def options(self):
        """The run's options, and before them where its examples came from."""
        return {"data": self.data, "data_dir": self.data_dir, "image_shape": self.image_shape,
                **self.run.options}

    def save(self, new=False):
        """Write the checkpoint, then history.csv, each of them atomically.

        new: whether there must be no checkpoint in the folder yet
        Raises OSError, which is FileExistsError if there is one; BusyError if another process has
        gone on with the run.
        """
        run = self.run
        moments, numbers = run.optimizer.state()
        arrays = {**run.model.params, **moments, "history": run.history}
        states = {name: rng.bit_generator.state for name, rng in run.rngs.items()}
        about  = {"options": self.options, "optimizer": numbers, "data_sha256": run.data_sha256,
                  "pixel_range": run.pixel_range,
                  "environment": environment(), "generators": states}
        about  = {**network.describe(run.model), "run": about}
        self._left = checkpoint.save(_path(self.folder), arrays, about, new, self._require_own)
        self.save_history()

    def save_history(self):
        """Write history.csv: a line for each epoch, in nats per example.

        Raises OSError, BusyError.
        """
        lines = [",".join(("epoch", *HISTORY))]
        for epoch, row in enumerate(self.run.history, 1):
            lines.append(f"{epoch}," + ",".join(f"{value:.6f}" for value in row))
        text = "\n".join(lines) + "\n"
        files.write_atomically(os.path.join(self.folder, "history.csv"),
                               lambda file: file.write(text.encode()), check=self._require_own)

    def sweep(self):
        """Remove the temporary files that a kill left in the folder, or where its links lead to."""
        files.sweep(self.folder)
        for name in ("model.npz", "history.csv"):
            folder, name = os.path.split(os.path.realpath(os.path.join(self.folder, name)))
            files.sweep(folder, re.escape(name))

    def _require_own(self):
        """Raise BusyError unless the checkpoint is still the one that this object left there."""
        if self._left is UNSEEN:
            return
        try:
            found = checkpoint.checksum(_path(self.folder))
        except FileNotFoundError:            # somebody removed it: nothing is lost by a new one
            return
        except CheckpointError:              # and put something else there
            found = UNSEEN
        if found != self._left:
            raise BusyError(f"{_path(self.folder)}: expected what this process left there, got "
                            "something else: another process has gone on with the run, or put "
                            "another file in its place; it was not replaced")

    @classmethod
    def load(cls, folder, x_train, x_test, mask_train=None, mask_test=None, y_train=None,
             y_test=None):
        """The run that `save` left in `folder`, as it was at the end of its last whole epoch.

        x_train, x_test, mask_train, mask_test, y_train, y_test: what it was started with
        Raises CheckpointError if there is no such run, or these are other examples, and OSError.
        """
        left = checkpoint.checksum(_path(folder))
        model, about, arrays = load_trained(folder)
        try:
            options = dict(about["options"])
            origin  = {name: options.pop(name) for name in ORIGIN}
            if np.shape(x_train)[1:] != (model.input_dim,):      # no network is built for these
                raise _other_examples(folder, origin)
            run = Run(x_train, x_test, mask_train, mask_test, y_train, y_test, **options)
            if run.data_sha256 != about["data_sha256"]:
                raise _other_examples(folder, origin)
            _restore(run, model, about, arrays)
            saved = cls(run, folder, **origin)
            saved.elsewhere = differences(about.get("environment", {}), environment())
            saved._left = left
        except CheckpointError:
            raise
        except DAMAGE as error:
            raise _damaged(folder, error) from error
        return saved


def load_trained(folder):
    """What `SavedRun.save` left in `folder`, for those who do not have its examples.

    ->  model: the trained network; about: what the checkpoint says of its run, with the "options"
        that `SavedRun` has; arrays: all of the checkpoint's, by name
    Raises CheckpointError, OSError.
    """
    arrays, description = checkpoint.load(_path(folder))
    about = description.get("run")
    if not isinstance(about, dict):
        raise CheckpointError(f"{_path(folder)}: expected a training run, got a network that was "
                              f"saved without one; read it with "
                              f"{description.get('model', 'VAE')}.load")
    try:
        options = about["options"]
        model   = network.restore_network(MODELS[options["model"]], _path(folder), arrays,
                                          description)
        if not model.settings.items() <= {**options, "input_dim": model.input_dim}.items():
            raise InvalidValueError("its options and its network's settings differ")
        _check_origin(*(options[name] for name in ORIGIN), model.input_dim)
        about["pixel_range"] = _check_pixel_range(*about.get("pixel_range", (0.0, 1.0)))
    except CheckpointError:
        raise
    except DAMAGE as error:
        raise _damaged(folder, error) from error
    return model, about, arrays


def _path(folder):
    return os.path.join(folder, "model.npz")


def _restore(run, model, about, arrays):
    """Bring a new run to where the saved one was."""
    for name, param in run.model.params.items():
        param[...] = model.params[name]
    run.optimizer.set_state(arrays, about["optimizer"])
    for name, rng in run.rngs.items():
        rng.bit_generator.state = about["generators"][name]
    run.history = arrays["history"]
    if run.history.shape[1:] != (len(HISTORY),) or not np.isfinite(run.history).all():
        raise InvalidValueError("its history is not a table of finite losses")
    _check_optimizer(run, arrays)


def _check_optimizer(run, arrays):
    """Raise unless a run's optimizer can have come to where it is said to be."""
    moments, numbers = run.optimizer.state()
    for name, moment in moments.items():
        if arrays[name].dtype != moment.dtype:
            raise InvalidValueError(f"{name}: expected {moment.dtype}, got {arrays[name].dtype}")
        if np.isnan(moment).any():
            raise InvalidValueError(f"{name}: expected numbers, got NaN")
        if name.startswith("v.") and (moment < 0).any():
            raise InvalidValueError(f"{name}: expected means of squares, got negative ones")
    steps = run.steps_per_epoch
    if numbers.get("t", steps * len(run.history)) // steps != len(run.history):
        raise InvalidValueError(f"t: expected the {steps} steps of each of {len(run.history)} "
                                "epochs, got another number")


def _other_examples(folder, origin):
    return CheckpointError(f"{_path(folder)}: the data called {origin['data']!r} are not the ones "
                           "it was trained on; load those")


def _damaged(folder, error):
    return CheckpointError(f"{_path(folder)}: expected a whole training run, got one that is "
                           f"damaged ({error}); use another copy, or train again")


def _check_origin(data, data_dir, image_shape, width):
    """The image shape as a tuple, or None, if this can be where examples came from; or raise."""
    if not isinstance(data, str) or not isinstance(data_dir, (str, type(None))):
        raise InvalidTypeError("data: expected a name, and a folder or None, got "
                               f"{data!r}, {data_dir!r}")
    if image_shape is None:
        return None
    if not isinstance(image_shape, (tuple, list)):
        raise InvalidTypeError("image_shape: expected (height, width) or None, got "
                               f"{image_shape!r}")
    sides = [check_positive_int("image_shape", side) for side in image_shape]
    if len(sides) != 2 or math.prod(sides) != width:
        raise InvalidValueError(f"image_shape: expected height and width whose product is {width}, "
                                f"got {sides}")
    return tuple(sides)


def _check_pixel_range(low, high):
    low = check_number("pixel_range", low)
    return low, check_number("pixel_range", high, above=low)


# ---------------------------------------------------------------------- where it ran

def environment():
    """What a run's last bits depend on besides its options and its examples, by name."""
    import platform
    if hasattr(os, "sched_getaffinity"):
        usable = len(os.sched_getaffinity(0))
    else:
        usable = os.cpu_count()
    return {"NumPy": np.__version__,
            "Python": platform.python_version(),
            **{name: os.environ.get(name) or None for name in THREADS},
            "usable processors": usable,
            "processor": _processor(),
            "machine": platform.machine() or None,
            "system": platform.system() or None}


def differences(was, now):
    """How one environment, which may lack items, differs from another: a list of phrases.

    Raises ValueError.
    """
    if not isinstance(was, dict) or not all(isinstance(value, (str, int, type(None)))
                                            for value in was.values()):
        raise InvalidValueError("its environment is not a table of plain values")
    return [f"{name} (was {_shown(was[name])}, is {_shown(now[name])})" for name in now
            if name in was and was[name] != now[name]]


def _shown(value):
    return "not set" if value is None else one_line(value)


@functools.lru_cache(maxsize=None)
def _processor():
    """The kind of processor, by which libraries choose their code; None if nobody says."""
    import platform
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:      # Linux
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or None
