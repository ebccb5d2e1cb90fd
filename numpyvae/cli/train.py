"""Train a network, save it after every epoch, and draw what it learned."""
import contextlib
import os
import sys
import time

import numpy as np

from .. import checkpoint, datasets, interrupt
from ..datasets.pixels import PIXELS
from ..errors import DivergedError, InvalidValueError, NumpyvaeError, check_positive_int
from ..importance import IWAE
from ..locks import Lock
from ..network import LIKELIHOODS
from ..progress import Bar
from ..runs import SavedRun
from ..training import MODELS, OPTIMIZERS, Run
from . import pictures
from .folders import new_folder, run_folder, taken
from .opening import absolute, bounded, examples, has_prior, open_run
from .options import flag, number, place, whole
from .words import epochs, quoted, this_program, title

HELP = "train a network and draw what it learned"

# The defaults, for any data and by data set. Those of the digits were found by trial: more units,
# dimensions or epochs move their test loss by less than 0.2 nats. MNIST has the blog's network, and
# data that are not named here use its defaults.
DEFAULTS = {"data": "digits", "data_dir": None, "model": "vae", "beta": 1.0, "pixels": "grey",
            "num_samples": 5, "optimizer": "adam", "seed": 0, "dtype": "float32"}
DEFAULTS_BY_DATA = {
    "digits": {"hidden_dim": 256, "latent_dim": 10, "likelihood": "bernoulli", "x_std": 0.25,
               "epochs": 200, "batch_size": 64,  "lr": 2e-3},
    "mnist":  {"hidden_dim": 400, "latent_dim": 20, "likelihood": "bernoulli", "x_std": 0.25,
               "epochs": 10,  "batch_size": 128, "lr": 1e-3},
    "faces":  {"hidden_dim": 256, "latent_dim": 6,  "likelihood": "gaussian",  "x_std": 0.1,
               "epochs": 60,  "batch_size": 64,  "lr": 3e-3}}
OPTIONS = (*DEFAULTS, *DEFAULTS_BY_DATA["digits"])


# ---------------------------------------------------------------------- the options

def add_options(parser):
    """Every option of a run, --out and --resume."""
    def option(name, text, **accepts):
        parser.add_argument(flag(name), help=text + _default(name), **accepts)

    a_whole  = {"type": whole,  "metavar": "N"}
    a_number = {"type": number, "metavar": "X"}

    option("data", f"the images to learn from: {', '.join(datasets.NAMES)}, or a .npy or .npz file "
                   "of your own ; idx and your own use mnist's defaults", metavar="WHICH")
    option("data_dir", "folder with MNIST's four files (default: NUMPYVAE_DATA, or else they are "
                       "downloaded), or with four such files of another set, for --data idx",
           type=place, metavar="DIR")
    option("model", "vae; ae, an ordinary auto-encoder, for comparison; cvae, a VAE whose prior "
                    "has a mean for each class, for images with labels; iwae, a VAE with the "
                    "tighter bound of several samples", choices=tuple(MODELS))
    option("num_samples", "samples of each image's code, for --model iwae; a step's time and "
                          "memory grow with them (20 for MNIST: 64 MB)", **a_whole)
    option("hidden_dim", "units in each hidden layer", **a_whole)
    option("latent_dim", "latent dimensions; if there are 2, the whole plane is drawn", **a_whole)
    option("beta", "weight of the KL term in the loss", **a_number)
    option("likelihood", "how a pixel is modelled: as ink with a probability, or as a grey value "
                         "with a standard deviation", choices=LIKELIHOODS)
    option("x_std", "that standard deviation, for --likelihood gaussian", **a_number)
    option("pixels", "grey: as they are; threshold: black from one half up; fixed, resampled: "
                     "black with the grey value as the probability, drawn once or anew in every "
                     "epoch", choices=PIXELS)
    option("epochs", "passes through the training images, in total", **a_whole)
    option("batch_size", "images per step", **a_whole)
    option("lr", "learning rate", **a_number)
    option("optimizer", "Adam, or gradient descent with momentum 0.9", choices=tuple(OPTIMIZERS))
    option("seed", "the same seed gives the same network, to the bit", **a_whole)
    option("dtype", "precision of the computation: single, which is faster, or double",
           choices=("float32", "float64"))
    parser.add_argument("--out", type=place, metavar="DIR",
                        help="folder of the run (default: a new one, runs/digits, runs/digits-2, "
                             "...)")
    parser.add_argument("--resume", metavar="RUN",
                        help="resume the run in this folder, exactly as if it had never stopped; "
                             "it keeps its options, only --epochs may be raised")


def _default(name):
    """An option's default, in brackets; where it depends on the data, of those that differ, too."""
    if name in DEFAULTS:
        return "" if DEFAULTS[name] is None else f" (default {DEFAULTS[name]})"
    by_data = {data: defaults[name] for data, defaults in DEFAULTS_BY_DATA.items()}
    usual   = by_data[DEFAULTS["data"]]
    others  = [f"{data} {value}" for data, value in by_data.items() if value != usual]
    default = f"{usual}; {', '.join(others)}" if others else usual
    return f" (default {default})"


# ---------------------------------------------------------------------- the command

def run(args):
    """Start a run or resume one, train it to its end, and draw it  ->  the exit status."""
    given = {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    with contextlib.ExitStack() as held:
        if args.resume is None:
            saved, dataset = _start(given, args.out, held)
        else:
            saved, dataset = _resume(given, args.out, args.resume, held)
        _announce(saved)
        if dataset.note:
            print(dataset.note)
        plots = pictures.import_plots_before_training()
        if len(saved.run.history) < saved.run.epochs:
            _train(saved)
        else:
            print(f"Nothing to do: {epochs(saved.run.epochs)} of {saved.run.epochs} done; to go "
                  "on, raise --epochs.")
        _draw(saved, dataset, plots)
    return 0


def _draw(saved, dataset, plots):
    try:
        pictures.draw(saved.run, dataset, saved.folder, plots)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _more_of(error, "the run itself is whole; when that is mended, this draws its "
                              f"pictures: {this_program()} show {quoted(saved.folder)}") from error


def _more_of(error, sentence):
    """The OSError of a disk that is full, or was removed, with a sentence more."""
    return OSError(error.errno, f"{error.strerror or error}; {sentence}",
                   error.filename or "the output")


def _start(given, out, held):
    """A new run in a new folder, saved before its first epoch  ->  a `SavedRun`, a `Dataset`.

    held: an ExitStack, which is given the folder's lock
    """
    data     = given.get("data", DEFAULTS["data"])
    by_data  = DEFAULTS_BY_DATA.get(data, DEFAULTS_BY_DATA["mnist"])
    options  = {**DEFAULTS, **by_data, **given}
    data_dir = options.pop("data_dir")
    del options["data"]
    if "x_std" in given and options["likelihood"] != "gaussian":
        raise InvalidValueError("--x-std: is for --likelihood gaussian only; give both or neither")
    if "num_samples" in given and options["model"] != "iwae":
        raise InvalidValueError("--num-samples: is for --model iwae only; give both or neither")
    if "beta" in given and not _weighs_kl(MODELS[options["model"]]):
        raise InvalidValueError(f"--beta: weighs the KL term, which --model {options['model']} "
                                "does not have; give one or the other")
    with _flags_for_names():
        dataset = datasets.load(data, data_dir, bounded(options))
        if options["model"] == "cvae":
            options["num_classes"] = _count_classes(dataset.labels_train)
        run = Run(*examples(dataset), **options)
        run.check_start()
    data, data_dir = absolute(data), absolute(data_dir)
    folder, lock = new_folder(out, title(data, data_dir))
    held.enter_context(lock)
    saved = SavedRun(run, folder, data, data_dir, dataset.image_shape)
    try:
        saved.save(new=True)
    except FileExistsError:                  # another process was faster, and there are no locks
        raise taken(folder) from None
    return saved, dataset


def _weighs_kl(model_class):
    """Whether the loss of a model has a KL term that beta could weigh."""
    return has_prior(model_class) and not issubclass(model_class, IWAE)


def _count_classes(labels):
    """C, if the labels are 0 to C - 1 and each of them occurs; or raise."""
    if labels is None:
        raise InvalidValueError("--model cvae: expected images with labels, got none with these "
                                "data; name other data, or another model")
    kinds = np.unique(labels)
    if not np.array_equal(kinds, np.arange(len(kinds))):
        raise InvalidValueError("--model cvae: expected labels from 0 to C - 1, each of them at "
                                f"least once, got {len(kinds)} different ones from {kinds[0]} to "
                                f"{kinds[-1]}; number them anew")
    return len(kinds)


def _resume(given, out, folder, held):
    """A saved run, perhaps with more epochs to go  ->  a `SavedRun`, a `Dataset`.

    held: an ExitStack, which is given the folder's lock
    """
    held.enter_context(Lock(run_folder(folder)))
    saved, dataset = open_run(folder, given.get("data"), given.get("data_dir"))
    _require_the_same(saved, given, out)
    saved.run.epochs = check_positive_int("--epochs", given.get("epochs", saved.run.epochs))
    saved.sweep()                            # now that it is known to be a run
    saved.save_history()                     # a kill may have come between checkpoint and history
    return saved, dataset


def _require_the_same(saved, given, out):
    folder = saved.folder
    for name, value in given.items():
        was    = saved.options[name]
        larger = name == "epochs" and value > was
        if name not in ("data", "data_dir") and value != was and not larger:
            raise InvalidValueError(f"{flag(name)} {value}: the run in {folder} has {was}, and "
                                    "--resume keeps its options; only --epochs may be raised")
    if out is not None and os.path.realpath(out) != os.path.realpath(folder):
        raise InvalidValueError(f"--out {out}: --resume goes on in the run's own folder, {folder}; "
                                "omit --out")


@contextlib.contextmanager
def _flags_for_names():
    """An error about lr, as the library calls it, becomes one about --lr."""
    try:
        yield
    except NumpyvaeError as error:
        name, colon, rest = str(error).partition(":")
        if name not in OPTIONS:
            raise
        raise InvalidValueError(flag(name) + colon + rest) from error


def _announce(saved):
    run, model = saved.run, saved.run.model
    network = f"{model.input_dim}-{model.hidden_dim}-{model.latent_dim} {model.TITLE}"
    loss    = "recon, in nats per image"
    if has_prior(model):
        weight = "" if run.beta == 1 else f"{run.beta:g} "
        loss   = f"recon + {weight}KL, in nats per image"
    if isinstance(model, IWAE):
        loss = (f"-L, the bound of K = {model.num_samples}, in nats per image; recon + KL is the "
                "VAE's, -ELBO")
    print(f"A {network} learns {title(saved.data, saved.data_dir)} from {len(run.x_train)} images, "
          f"and is tested on {len(run.x_test)} others.\nloss = {loss}")


# ---------------------------------------------------------------------- training, as it is seen

def _train(saved):
    if saved.elsewhere:
        print("It was saved in a different environment, so its last bits may differ from those of "
              f"an uninterrupted run: {', '.join(saved.elsewhere)}.")
    table = Table(saved.run)

    def on_epoch():
        saved.save()
        table.on_epoch()

    try:
        saved.run.train(table.on_batch, on_epoch)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt as stop:
        interrupt.off()                      # it is being answered
        table.bar.clear()
        raise KeyboardInterrupt(f"stopped in epoch {len(saved.run.history) + 1}; {_kept(saved)}; "
                                f"resume it with: {_resuming(saved)}") from stop
    except DivergedError as error:
        table.bar.clear()
        raise DivergedError(f"{error} (--lr), in a new folder; {_kept(saved)}") from error
    except OSError as error:
        table.bar.clear()
        if not os.path.isfile(os.path.join(saved.folder, "model.npz")):
            raise _more_of(error, "the run was moved or removed while it was trained, and all "
                                  "that was saved of it with it") from error
        raise _more_of(error, f"{_kept(saved)}; when that is mended, resume it with: "
                              f"{_resuming(saved)}") from error


def _kept(saved):
    """What there is on disk of a run that stops in the middle."""
    history = checkpoint.load(os.path.join(saved.folder, "model.npz"))[0]["history"]
    return f"{saved.folder} keeps the state after epoch {len(history)}"


def _resuming(saved):
    return f"{this_program()} train --resume {quoted(saved.folder)}"


class Table:
    """A line for about every twentieth epoch, and between them, on a terminal, a bar."""

    def __init__(self, run):
        self.run     = run
        self.first   = len(run.history)
        self.every   = max(1, (run.epochs - self.first) // 20)
        self.started = time.monotonic()
        self.printed = self.started
        self.bar     = Bar(sys.stdout)
        self.bounds  = isinstance(run.model, IWAE)           # two: its own, and the VAE's
        print("\n  epoch |  train loss    recon       KL |   test loss    recon       KL"
              + " |    -ELBO" * self.bounds
              + "\n--------|-------------------------------|------------------------------"
              + "-|---------" * self.bounds, flush=True)

    def on_batch(self, done):
        """Show how far all of it has come."""
        epoch = len(self.run.history) + done / len(self.run.x_train)
        part  = (epoch - self.first) / (self.run.epochs - self.first)
        left  = (time.monotonic() - self.started) * (1 / part - 1)
        self.bar.draw(part, f"epoch {len(self.run.history) + 1} of {self.run.epochs}, "
                            f"about {left + 0.5:.0f} s left")

    def on_epoch(self):
        """Print the epoch's line, if it is due."""
        epoch, now = len(self.run.history), time.monotonic()
        if (epoch in (self.first + 1, self.run.epochs) or epoch % self.every == 0
                or now - self.printed > 10):
            self.printed = now
            self.bar.clear()
            row = self.run.history[-1]
            print(f"{epoch:>7} | {row[0]:>11.2f} {row[1]:>8.2f} {row[2]:>8.2f} "
                  f"| {row[3]:>11.2f} {row[4]:>8.2f} {row[5]:>8.2f}"
                  + f" | {row[4] + row[5]:>8.2f}" * self.bounds, flush=True)
