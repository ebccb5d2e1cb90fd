"""The command line: train, show, explore, sample, export, check, walk."""
import argparse
import os
import shlex
import shutil
import sys
import time

import numpy as np

from .. import checkpoint, datasets, files
from ..autoencoder import Autoencoder
from ..datasets.pixels import PIXELS, as_floats
from ..errors import DataFormatError, DivergedError, InvalidValueError, NumpyvaeError, check_count, check_positive_int
from ..evaluate import encode, mean_kl_per_dim
from ..gradcheck import check_gradients
from ..network import LIKELIHOODS
from ..training import MODELS, OPTIMIZERS, Run, load_trained
from ..vae import VAE
from ..narrator import OneLineParser

# What `train` takes where it is not told otherwise, whatever the data are, and by the data. The
# digits' were found by
# trial: more units, dimensions or epochs move their test loss by less than 0.2 nats. MNIST has the
# blog's network, and lends its defaults to all data that are not named here.
DEFAULTS = {"data": "digits", "data_dir": None, "model": "vae", "beta": 1.0, "pixels": "grey",
            "optimizer": "adam", "seed": 0, "dtype": "float32"}
DEFAULTS_BY_DATA = {"digits": {"hidden_dim": 256, "latent_dim": 10, "likelihood": "bernoulli",
                               "x_std": 0.25, "epochs": 200, "batch_size": 64, "lr": 2e-3},
                    "mnist":  {"hidden_dim": 400, "latent_dim": 20, "likelihood": "bernoulli",
                               "x_std": 0.25, "epochs": 10, "batch_size": 128, "lr": 1e-3},
                    "faces":  {"hidden_dim": 256, "latent_dim": 6, "likelihood": "gaussian",
                               "x_std": 0.1, "epochs": 60, "batch_size": 64, "lr": 3e-3}}
OPTIONS = (*DEFAULTS, *DEFAULTS_BY_DATA["digits"])

WALK_SIZES = {"input_dim": (7, "pixels"), "hidden_dim": (5, "hidden units"), "latent_dim": (2, "latent variables")}
MOST_TO_WALK = 1000

MAX_SAMPLES = 4096                   # in one picture


def main(argv=None):
    """Run one command  ->  its exit status: 0; 1, a check failed; 2, something the user can mend;
    130, Ctrl-C; 141, the reader of its output left."""
    if sys.stdout is None:                                       # numpyvae check >&-
        sys.stdout = open(os.devnull, "w")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # no path may break a terminal that lacks a letter
            stream.reconfigure(errors="replace")
    try:
        try:
            return _run(argv)
        finally:
            # here, and not when Python ends and can only complain
            sys.stdout.flush()
    # numpyvae check | head: the reader has seen enough
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # as of any program that SIGPIPE ends: 128 + 13
        return 141


def _run(argv):
    parser = _parser()
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        command = f"numpyvae {args.name}" if args.command else "numpyvae"
        what = " ".join(" ".join(unknown).split())
        print(f"{command}: unrecognized arguments: {what}; see {command} --help", file=sys.stderr)
        return 2
    if args.command is None:
        parser.print_help()
        return 0
    try:
        status = args.command(args)
        # a full disk is told like any other OSError
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        raise
    except KeyboardInterrupt as stop:
        return _complain(args, str(stop) or "stopped", 130)
    except MemoryError:
        return _complain(args, "not enough memory for sizes like these; take smaller ones")
    except OSError as error:
        return _complain(args, f"{error.filename}: {error.strerror}" if error.filename
                         else str(error))
    except NumpyvaeError as error:
        name, colon, rest = str(error).partition(":")
        return _complain(args, _flag(name) + colon + rest if name in OPTIONS else str(error))


# ---------------------------------------------------------------------- the commands

def train(args):
    """Train a network, save it after every epoch, and draw what it learned."""
    given = {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    if args.resume is None:
        run, dataset = _new_run(given)
        folder = _new_folder(args.out, _title(run.data, run.data_dir))
        run.save(folder)
    else:
        folder = _run_folder(args.resume)
        run, dataset = _open_run(folder, args.data, args.data_dir)
        _take_what_may_change(run, given, args.out, folder)
        files.sweep(folder)                                 # now that it is known to be a run's
        # a kill may have come between checkpoint and history
        run.save_history(folder)
    network = "-".join(str(size)
                       for size in (run.model.input_dim, run.model.hidden_dim,
                                    run.model.latent_dim))
    kind, weight = "VAE", "" if run.beta == 1 else f"{run.beta:g} "
    loss = f"recon + {weight}KL"
    if run.model_name == "ae":
        kind, loss = "ordinary auto-encoder", "recon"
    print(f"A {network} {kind} learns {_title(run.data, run.data_dir)} from {len(run.x_train)} "
          f"images, tested on {len(run.x_test)} others.\nloss = {loss}, in nats per image")
    if len(run.history) < run.epochs:
        if run.elsewhere:
            print("It goes on in another environment than it was saved in, so that its last bits "
                  f"may differ from those of an uninterrupted run: {', '.join(run.elsewhere)}.")
        _train_with_progress(run, folder)
    else:
        print(f"Nothing is left to do of {_epochs(run.epochs)}; --epochs with a larger number goes "
              "on.")
    _draw_pictures(run, dataset, folder)
    return 0


def show(args):
    """Draw a saved run's pictures again."""
    folder = _run_folder(args.run)
    run, dataset = _open_run(folder, args.data, args.data_dir)
    files.sweep(folder)
    _draw_pictures(run, dataset, folder)
    return 0


def explore(args):
    """Turn a trained network's latent dimensions in a window, a slider each, and see the image that
    they decode to.
    """
    folder = _run_folder(args.run)
    run, dataset = _open_run(folder, args.data, args.data_dir)
    if run.model_name != "vae":
        raise InvalidValueError(f"{folder}: holds an ordinary auto-encoder, which says nothing "
                                "about where among all codes its own lie, so that no slider knows "
                                "how far to go; take a VAE's run")
    plots = _plots()
    from ..explore import Explorer, keep_open, open_window
    kl = mean_kl_per_dim(run.model, run.x_test)
    figure, why = open_window()
    if figure is None:
        # the same every time: drawn anew, as `show` does
        path = os.path.join(folder, "traversal.png")
        plots.save(plots.traversal(run.model.decode, kl, dataset.image_shape), path)
        print(f"No window can be opened: {why}. So here is a picture of what each latent dimension "
              f"does: {path}")
        return 0
    print("A window opens; it stays until you close it.", flush=True)
    explorer = Explorer(run.model, kl, run.x_test, dataset.image_shape, dataset.labels_test,
                        run.mask_test, np.random.default_rng(), figure)
    keep_open(explorer.figure)
    return 0


def sample(args):
    """Let a trained network invent images: z drawn from the prior N(0, I), decoded, and put into a
    new picture.
    """
    n = check_positive_int("-n", args.n)
    if n > MAX_SAMPLES:
        raise InvalidValueError(f"-n: expected at most {MAX_SAMPLES} images for one picture, got "
                                f"{n}")
    folder = _run_folder(args.run)
    path = args.out or _unused(os.path.join(folder, "sample"), ".png")
    if os.path.exists(path) or not path.lower().endswith(".png"):
        raise InvalidValueError(f"--out: expected a new file that ends in .png, got {path}")
    model, saved, _ = load_trained(folder)
    if not isinstance(model, VAE):
        raise InvalidValueError(f"{folder}: holds an ordinary auto-encoder, which says nothing "
                                "about where among all codes its own lie, so that none can be "
                                "drawn; take a VAE's run")
    plots = _plots()
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if args.seed is None else check_count("--seed", args.seed)
    image_shape = saved["options"]["image_shape"] or (1, model.input_dim)
    plots.save(plots.samples(model.generate(n, rng=seed), image_shape), path)
    print(f"{path}: {n} {'image' if n == 1 else 'images'} from z ~ N(0, I), by --seed {seed}")
    return 0


def export(args):
    """Write a trained network's parameters under PyTorch's names, for the blog's module to load."""
    folder = _run_folder(args.run)
    if os.path.lexists(args.file) or not args.file.lower().endswith(".npz"):
        raise InvalidValueError(f"{args.file or 'an empty name'}: expected a new file that ends in "
                                ".npz")
    model, _, _ = load_trained(folder)
    arrays = model.to_torch_names()
    files.write_atomically(args.file, lambda file: np.savez(file, **arrays))
    print(f"{args.file}: {', '.join(arrays)}\nThe README's \"When you outgrow NumPy\" shows how "
          "PyTorch loads it.")
    return 0


def check(args):
    """Compare every hand-written gradient with numerical differentiation; or those of a file of
    your own.
    """
    seed = check_count("--seed", args.seed)
    if args.target:
        from ..gradcheck.judge import judge
        return 0 if judge(args.target, seed) else 1
    print("Each row compares a block of the hand-written gradient (analytic) with the slope of the "
          "loss (numeric).\nA central difference moves a parameter p by h to both sides, (f(p + h) "
          "- f(p - h)) / 2h; the complex step\nmoves it by ih, Im f(p + ih) / h, and loses no "
          "digits in a difference.\n")
    tiny = {"input_dim": 7, "hidden_dim": 5, "latent_dim": 2}
    gaussian = {**tiny, "likelihood": "gaussian", "x_std": 0.5}
    blog = {"input_dim": 784, "hidden_dim": 400, "latent_dim": 20}
    reports = [_check_network(seed, "A tiny network, every element, by central differences", tiny,
                              3, "central"), _check_network(seed,
                                                            "The same network, every element, by "
                                                            "the complex step", tiny, 3, "complex"),
               _check_network(seed, "Gaussian pixels, some unseen, by the complex step", gaussian,
                              3, "complex", masked=True), _check_network(seed,
                                                                         "The ordinary "
                                                                         "auto-encoder, every "
                                                                         "element, by the complex "
                                                                         "step", tiny, 3, "complex",
                                                                         cls=Autoencoder),
               _check_network(seed, "The blog's network, along random directions, by the complex "
                              "step", blog, 8, "complex")]
    if all(report.ok for report in reports):
        worst = max(report.max_error for report in reports[1:])
        print("Every gradient agrees, with central differences to a relative "
              f"{reports[0].max_error:.0e}, with the complex step to {worst:.0e}.")
        return 0
    print("At least one gradient is wrong: see the rows that say NO.")
    return 1


def walk(args):
    """Narrate one training step of a tiny VAE: every equation of it with its numbers."""
    from ..walk import walk as narrate
    sizes = {"n": args.n, **{name: getattr(args, name) for name in WALK_SIZES}}
    for name, size in sizes.items():
        flag = "-n" if name == "n" else _flag(name)
        if check_positive_int(flag, size) > MOST_TO_WALK:
            raise InvalidValueError(f"{flag}: expected at most {MOST_TO_WALK}, for a network to "
                                    f"look at, got {size}")
    try:
        narrate(**sizes, seed=check_count("--seed", args.seed), pause=args.pause)
    except AssertionError as error:
        return _complain(args, f"this should hold and does not: {error}", 1)
    return 0


# ---------------------------------------------------------------------- train

def _train_with_progress(run, folder):
    progress = _Progress(run)

    def on_epoch():
        run.save(folder)
        progress.on_epoch()

    try:
        run.train(progress.on_batch, on_epoch)
    except (KeyboardInterrupt, DivergedError) as error:
        progress.clear()
        epoch = len(checkpoint.load(os.path.join(folder, "model.npz"))[0]["history"])
        kept = f"{folder} keeps the state after epoch {epoch}"
        if isinstance(error, DivergedError):
            raise DivergedError(f"{error} (--lr), in a new folder; {kept}") from error
        raise KeyboardInterrupt(f"stopped in epoch {epoch + 1}; {kept}; go on with: "
                                f"{_me()} train --resume {_quoted(folder)}") from error


class _Progress:
    """A line for about every twentieth epoch, and between them, on a terminal, a bar."""

    def __init__(self, run):
        self.run, self.started = run, time.monotonic()
        self.first = len(run.history)
        self.every = max(1, (run.epochs - self.first) // 20)
        self.printed = self.drawn = self.started
        self.live = sys.stdout.isatty()
        print("\n  epoch |  train loss    recon       KL |   test loss    recon       KL\n"
              "--------|-------------------------------|------------------------------", flush=True)

    def on_batch(self, done):
        now = time.monotonic()
        if self.live and now - self.drawn > 0.1:
            self.drawn = now
            part = len(self.run.history) - self.first + done / len(self.run.x_train)
            total = self.run.epochs - self.first
            left = (now - self.started) * (total / part - 1)
            bar = ("#" * int(20 * part / total)).ljust(20, ".")
            text = f"  [{bar}] epoch {len(self.run.history) + 1} of {self.run.epochs}, about {left + 0.5:.0f} s left"
            print("\r" + self._fitted(text), end="", flush=True)

    def on_epoch(self):
        epoch, now = len(self.run.history), time.monotonic()
        if epoch in (self.first + 1,
                     self.run.epochs) or epoch % self.every == 0 or now - self.printed > 10:
            self.printed = now
            self.clear()
            row = self.run.history[-1]
            print(f"{epoch:>7} | {row[0]:>11.2f} {row[1]:>8.2f} {row[2]:>8.2f} | "
                  f"{row[3]:>11.2f} {row[4]:>8.2f} {row[5]:>8.2f}", flush=True)

    def clear(self):
        if self.live:
            print("\r" + self._fitted("") + "\r", end="", flush=True)

    @staticmethod
    def _fitted(text):
        # a full line would wrap, and stay
        width = min(79, shutil.get_terminal_size().columns - 1)
        return text[:width].ljust(width)


def _new_run(given):
    data = given.get("data", DEFAULTS["data"])
    options = {**DEFAULTS, **DEFAULTS_BY_DATA.get(data, DEFAULTS_BY_DATA["mnist"]), **given}
    if "x_std" in given and options["likelihood"] != "gaussian":
        raise InvalidValueError("--x-std: is for --likelihood gaussian alone; give both or neither")
    if "beta" in given and options["model"] == "ae":
        raise InvalidValueError("--beta: weighs the KL term, which --model ae does not have; give "
                                "one of the two")
    dataset = datasets.load(data, options["data_dir"])
    options.update(data=_absolute(data), data_dir=_absolute(options["data_dir"]))
    return Run(dataset.x_train, dataset.x_test, dataset.mask_train, dataset.mask_test,
               image_shape=dataset.image_shape, **options), dataset


def _absolute(place):
    """Where a file or a folder lies, whatever folder we are called from next time; a data set's
    name as it is.
    """
    return place if place is None or place in datasets.NAMES else os.path.abspath(place)


def _title(data, data_dir):
    """What a data set is called where it is shown: its name, or that of the file or folder."""
    place = data_dir if data == "idx" else data
    return os.path.splitext(os.path.basename(place))[0] or "data"


def _take_what_may_change(run, given, out, folder):
    """Check a resumed run's options against those that were given, and take over a larger number of
    epochs.
    """
    for name, value in given.items():
        was = run.options[name]
        if name not in ("data", "data_dir") and value != was and not (name == "epochs" and value
                                                                      > was):
            raise InvalidValueError(f"{_flag(name)} {value}: the run in {folder} has {was}, and "
                                    "--resume takes every option from it; only --epochs may be "
                                    "given, and larger")
    if out is not None and os.path.realpath(out) != os.path.realpath(folder):
        raise InvalidValueError(f"--out {out}: --resume goes on in the run's own folder, {folder}; "
                                "leave --out away")
    run.epochs = check_positive_int("epochs", given.get("epochs", run.epochs))


# ---------------------------------------------------------------------- pictures

def _plots():
    """The room of the pictures, imported only now, since matplotlib is slow to import."""
    try:
        from .. import plots
    # a notebook hands its own backend on to its `!` lines
    except ValueError as error:
        if "MPLBACKEND" not in os.environ:
            raise
        raise InvalidValueError(f"MPLBACKEND: expected a backend that matplotlib knows here, got "
                                f"{os.environ['MPLBACKEND']!r}; unset that environment variable") from error
    return plots


def _draw_pictures(run, dataset, folder):
    print("\nDrawing", flush=True)
    plots = _plots()
    try:
        for name, figure in _pictures(plots, run, dataset):
            path = os.path.join(folder, name + ".png")
            plots.save(figure, path)
            print(f"  {path}", flush=True)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt("stopped while drawing; the run itself is whole, and its pictures "
                                f"come with: {_me()} show {_quoted(folder)}") from stop
    if len(run.history):
        _print_what_was_learned(run, plots)
    invite = f" To see it invent more: {_me()} sample {_quoted(folder)}" if run.model_name == "vae" else ""
    print(f"The pictures lie in {folder}.{invite}")


def _print_what_was_learned(run, plots):
    _, recon, kl = run.history[-1, 3:]
    loss, recon, kl = plots.shown_terms(recon + kl, kl, 1, 2)
    guess = ""
    if run.model.likelihood == "bernoulli" and run.mask_test is None:
        guess = f" (every pixel guessed at one half: {run.model.input_dim * np.log(2):.2f})"
    if run.model_name == "ae":
        print(f"\nLearned in {_epochs(len(run.history))}: a test image costs {recon} nats{guess}.")
        return
    used = int((mean_kl_per_dim(run.model, run.x_test) > plots.USED).sum())
    print(f"\nLearned in {_epochs(len(run.history))}: test -ELBO = {loss} nats per image = {recon} "
          f"recon + {kl} KL{guess}.\nIt uses {used} of {run.model.latent_dim} latent dimensions "
          f"(KL above {plots.USED} nats).")
    if not used:
        print("So its codes say next to nothing: if more epochs do not help, the posterior "
              "collapsed onto the prior.")


def _pictures(plots, run, dataset):
    """Yield (name, Figure) for everything that can be drawn of a run."""
    model, shape = run.model, dataset.image_shape
    x = as_floats(run.x_test, model.dtype)
    codes, codes_are = encode(model, x), "its code"
    if run.model_name == "vae":
        codes, codes_are = codes[0], "the mean of its code"
    groups = _examples(x, dataset.labels_test)
    chosen = next(iter(groups.values()))
    if len(run.history):
        yield "loss", plots.loss_curves(run.history, run.beta if run.model_name == "vae" else None)
    seen = x if run.mask_test is None else np.where(run.mask_test, x, np.nan)
    pairs = {title: (seen[some], model.reconstruct(x[some])) for title, some in groups.items()}
    yield "reconstructions", plots.reconstructions(pairs, shape, codes_are)
    if run.model_name == "vae":
        yield "samples", plots.samples(model.generate(64, rng=run.seed), shape)
    if len(chosen) > 1:
        starts, ends = chosen[:len(chosen) // 2][:5], chosen[-(len(chosen) // 2):][:5]
        steps = np.linspace(0, 1, 11)[:, None]
        paths = [model.decode((1 - steps) * codes[i] + steps * codes[j]) for i,
                 j in zip(starts, ends)]
        yield "interpolation", plots.interpolation(seen[starts], np.array(paths), seen[ends], shape)
    yield "latent", plots.latent_scatter(codes, dataset.labels_test, codes_are)
    if run.model_name == "vae":
        yield "kl_per_dimension", plots.kl_per_dimension(mean_kl_per_dim(model, x))
        if model.latent_dim == 2:
            yield "manifold", plots.manifold(model.decode, shape)


def _examples(x, labels):
    """Which test images are shown, by the title of their row: indices, one a label where there are
    a few labels.
    """
    kinds = () if labels is None else np.unique(labels)
    if not 2 <= len(kinds) <= 20:
        return {"test images, as they come": np.arange(min(10, len(x)))}
    typical, unusual = [], []
    for label in kinds:
        own = np.flatnonzero(labels == label)
        distance = np.linalg.norm(x[own] - x[own].mean(axis=0), axis=1)
        typical.append(own[distance.argmin()])
        unusual.append(own[distance.argmax()])
    return {"typical: of each label, the image nearest to the mean of its kind": np.array(typical),
            "unusual: of each label, the image farthest from that mean": np.array(unusual)}


# ---------------------------------------------------------------------- check

def _check_network(seed, title, settings, n, method, masked=False, cls=VAE):
    rng = np.random.default_rng(seed)
    model = cls(**settings, rng=rng)
    x, eps = rng.random((n, model.input_dim)), rng.standard_normal((n, model.latent_dim))
    mask = rng.random(x.shape) < 0.7 if masked else None
    print(f"{title}: {model.input_dim}-{model.hidden_dim}-{model.latent_dim}, {n} examples",
          flush=True)
    more = {"rng": rng,
            "order": [kind + suffix for suffix in reversed(model.layers(1, 1, 1)) for kind in "Wb"],
            "sizes": {"N": n, "D": model.input_dim}}
    if cls is VAE:
        _, grads = model.loss_and_grads(x, eps, mask=mask)
        part = lambda i: lambda params: model.loss(x, eps, mask=mask, params=params)[i]
        report = check_gradients(part(0), model.params, grads, method, terms={"recon": part(1),
                                                                              "kl": part(2)},
                                 **more)
    else:
        _, grads = model.loss_and_grads(x, mask)
        report = check_gradients(lambda params: model.loss(x, mask, params), model.params, grads,
                                 method, **more)
    print()
    return report


# ---------------------------------------------------------------------- folders

def _new_folder(out, data):
    """Make the folder of a new run: `out`, which may exist if it is empty, or the next one of its
    name in runs/.
    """
    if out is None:
        while True:
            folder = _unused(os.path.join("runs", data))
            try:
                os.makedirs(folder)
                return folder
            # somebody else's run was faster: take the next name
            except FileExistsError:
                if not os.path.isdir("runs"):
                    raise
    if not out:
        raise InvalidValueError("--out: expected the name of a folder, got an empty one")
    if os.path.exists(os.path.join(out, "model.npz")):
        raise InvalidValueError(f"--out {out}: holds a model.npz already; name a new folder, or, "
                                f"if it is a run, go on with it: --resume {_quoted(out)}")
    if os.path.isdir(out) and set(os.listdir(out)) == set(files.stale(out)):
        # a kill during the very first save leaves these alone
        files.sweep(out)
    if os.path.exists(out) and not (os.path.isdir(out) and not os.listdir(out)):
        raise InvalidValueError(f"--out {out}: expected a new or an empty folder, and something is "
                                "there already")
    os.makedirs(out, exist_ok=True)
    return out


def _unused(stem, ending=""):
    """`stem` + `ending`, or with -2, -3, … between them: the first that does not exist."""
    path, number = stem + ending, 2
    while os.path.lexists(path):
        path, number = f"{stem}-{number}{ending}", number + 1
    return path


def _run_folder(path):
    if not os.path.isfile(os.path.join(path, "model.npz")):
        raise InvalidValueError(f"{path or 'an empty name'}: expected the folder of a run, with "
                                "its model.npz; `numpyvae train` makes one")
    return path


def _open_run(folder, data=None, data_dir=None):
    """The run in `folder` and its data set; data, data_dir: where a file or folder of it lies now,
    if it was moved.
    """
    found, data, data_dir = [], _absolute(data), _absolute(data_dir)

    def load_data(name, place):
        if data not in datasets.NAMES and name not in datasets.NAMES:
            name = data or name
        try:
            found.append(datasets.load(name, data_dir or place))
        except (FileNotFoundError, NumpyvaeError) as error:
            what = f"{error.filename} is not there" if isinstance(error,
                                                                  FileNotFoundError) else error
            raise DataFormatError(f"{folder}: the data that this run learned from cannot be had: "
                                  f"{what}; if they were moved, --data or --data-dir says where "
                                  "they lie now") from error
        return found[0].x_train, found[0].x_test, found[0].mask_train, found[0].mask_test
    run = Run.load(folder, load_data)
    if data is not None and data != run.data:
        if data in datasets.NAMES or run.data in datasets.NAMES:
            raise InvalidValueError(f"--data {data}: the run in {folder} has {run.data}; leave "
                                    "--data away")
        # moved: the same contents, or `load` had refused it
        run.data = data
    run.data_dir = data_dir or run.data_dir
    return run, found[0]


# ---------------------------------------------------------------------- arguments

def _parser():
    parser = OneLineParser(prog="numpyvae", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
                           description="A variational auto-encoder in pure NumPy: train it, look at it, check its "
                                       "gradients.",
                           epilog="start here:\n"
                                  "  numpyvae train                     learn handwritten digits, and draw them\n"
                                  "  numpyvae sample runs/digits -n 64  let it invent some\n"
                                  "  numpyvae check                     see every hand-written gradient proved\n"
                                  "  numpyvae walk                      watch one training step, number by number")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="numpyvae")

    def command(function, text):
        sub = commands.add_parser(function.__name__, help=text, description=function.__doc__,
                                  allow_abbrev=False)
        sub.set_defaults(command=function, name=function.__name__)
        return sub.add_argument

    option = command(train, "train a network and draw what it learned")
    for name, kind, text in [("data",       str,
                              f"the images to learn from: {', '.join(datasets.NAMES)}, or your "
                              "own, a file .npy or .npz (it and idx take mnist's defaults)"),
                             ("data_dir",   str,
                              "folder of MNIST's four files (default: NUMPYVAE_DATA, then "
                              "downloaded), or of any set in four such files, for --data idx"),
                             ("model",      tuple(MODELS),
                              "the VAE, or an ordinary auto-encoder for comparison"),
                             ("hidden_dim", _whole,                 "units in each hidden layer"),
                             ("latent_dim", _whole,
                              "latent dimensions; of 2, the whole plane is drawn"),
                             ("beta",       _number,
                              "weight of the KL term in the loss"), ("likelihood", LIKELIHOODS,
                                                                     "of a pixel: ink by a "
                                                                     "probability, or a grey value "
                                                                     "within x_std"),
                             ("x_std",      _number,
                              "standard deviation of a grey value, for --likelihood gaussian"),
                             ("pixels",     PIXELS,
                              "grey, black from one half on, or black with the grey value as its "
                              "probability, drawn once or in every epoch"), ("epochs",     _whole,
                                                                             "passes through the "
                                                                             "training images, in "
                                                                             "all"),
                             ("batch_size", _whole,                 "images per step"),
                             ("lr",         _number,                "learning rate"),
                             ("optimizer",  tuple(OPTIMIZERS),
                              "Adam, or gradient descent with momentum 0.9"), ("seed",       _whole,
                                                                               "the same seed "
                                                                               "gives the same "
                                                                               "network, to the "
                                                                               "bit"),
                             ("dtype",      ("float32", "float64"),
                              "precision of the computation: single, fast, or double")]:
        metavar = METAVARS.get(name) or METAVARS.get(kind)
        accepts = {"choices": kind} if isinstance(kind, tuple) else {"type": kind,
                                                                     "metavar": metavar}
        option(_flag(name), help=text + _default(name), **accepts)
    option("--out", metavar="DIR", help="folder of the run (default: a new one, runs/digits, "
           "runs/digits-2, ...)")
    option("--resume", metavar="RUN", help="go on with the run in this folder, exactly as if it "
           "had never stopped: it brings every option along, only --epochs may be larger")

    a_run = {"metavar": "RUN", "help": "folder of a run, as `numpyvae train` made it"}
    option = command(show, "draw a run's pictures again")
    option("run", **a_run)
    option("--data", metavar="FILE", help="where the run's own data lie now, if their file was "
           "moved")
    option("--data-dir", metavar="DIR", help="where they lie now, if their folder was moved")

    option = command(explore, "turn the latent dimensions by hand, in a window")
    option("run", **a_run)
    option("--data", metavar="FILE", help="where the run's own data lie now, if their file was "
           "moved")
    option("--data-dir", metavar="DIR", help="where they lie now, if their folder was moved")

    option = command(sample, "let a trained network invent images")
    option("run", **a_run)
    option("-n", type=_whole, default=64, metavar="N", help="how many (default 64)")
    option("--seed", type=_whole, metavar="S", help="for the same images again (default: new ones "
           "every time)")
    option("--out", metavar="FILE.png", help="where to draw them (default: a new sample.png in the "
           "run's folder)")

    option = command(export, "write a network's parameters for PyTorch")
    option("run", **a_run)
    option("file", metavar="FILE.npz", help="where to write them, a new file")

    option = command(check, "compare every hand-written gradient with a numeric one, or check your "
                     "own")
    option("target", nargs="?", metavar="FILE.py:forward,backward", help="a backward pass of yours "
           "to check instead; example() in the same file returns forward's arguments")
    option("--seed", type=_whole, default=0, metavar="S", help="try other random networks and data "
           "(default 0)")

    option = command(walk, "narrate one training step, every equation with its numbers")
    option("-n", type=_whole, default=3, metavar="N", help="examples in the batch (default 3)")
    for name, (size, text) in WALK_SIZES.items():
        option(_flag(name), type=_whole, default=size, metavar="N", help=f"{text} (default {size})")
    option("--seed", type=_whole, default=0, metavar="S", help="other data, noise and parameters "
           "(default 0)")
    option("--pause", action="store_true", help="wait for Enter after every step")
    return parser


class _Version(argparse.Action):
    def __call__(self, parser, *_):
        from .. import __version__
        print(f"numpyvae {__version__}")
        parser.exit()


def _whole(text):
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None


def _number(text):
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


METAVARS = {_whole: "N", _number: "X", "data": "WHICH", "data_dir": "DIR"}


def _default(name):
    """What an option is when it is not given, in brackets; where that depends on the data, for each
    of them.
    """
    if name in DEFAULTS:
        return "" if DEFAULTS[name] is None else f" (default {DEFAULTS[name]})"
    values = [defaults[name] for defaults in DEFAULTS_BY_DATA.values()]
    others = ", ".join(f"{data} {value}" for data, value in zip(DEFAULTS_BY_DATA, values)
                       if value != values[0])
    return f" (default {values[0]}{'; ' + others if others else ''})"


def _flag(name):
    return "--" + name.replace("_", "-")


def _quoted(path):
    """`path` as it can be typed into a shell."""
    return shlex.quote(path) if os.name == "posix" else f'"{path}"' if " " in path else path


def _me():
    """This program as it can be called again: by the name that it was called by, which may not be
    on the PATH.
    """
    called = sys.argv[0]
    if os.path.basename(called) == "__main__.py":
        return "python -m numpyvae"
    found = shutil.which("numpyvae")
    on_path = found and os.path.exists(called) and os.path.samefile(found, called)
    return "numpyvae" if on_path or os.sep not in called else _quoted(os.path.relpath(called))


def _epochs(count):
    return f"{count} epoch" if count == 1 else f"{count} epochs"


def _complain(args, sentence, status=2):
    sys.stdout.flush()
    print(f"numpyvae {args.name}: {' '.join(sentence.split())}", file=sys.stderr)
    return status
