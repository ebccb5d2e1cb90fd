"""What a run has learned: its pictures, drawn into its folder, and a few sentences."""
import os
import sys

import numpy as np

from ..conditional import ConditionalVAE
from ..datasets.pixels import as_floats
from ..errors import InvalidValueError
from ..evaluate import accuracy, encode, log_likelihood, mean_kl_per_dim
from ..importance import IWAE
from ..progress import Bar
from .opening import has_prior
from .words import epochs, quoted, this_program

FEW = 20                                     # labels: of each, one image is shown
PATHS, STEPS = 5, 11                         # from one image to another
DRAWS = 16                                   # of each class
LIKELY, SAMPLES = 1000, 500                  # test images whose log p(x) is told; samples of each


def import_plots():
    """The room of the pictures, imported only now, since matplotlib takes its time to import."""
    try:
        from .. import plots
    except ValueError as error:              # a notebook hands its own backend on to its `!` lines
        if "MPLBACKEND" not in os.environ:
            raise
        raise InvalidValueError("MPLBACKEND: expected a backend that matplotlib knows here, got "
                                f"{os.environ['MPLBACKEND']!r}; unset that environment "
                                "variable") from error
    return plots


def draw(run, dataset, folder):
    """Draw all pictures of a run into its folder, and say what it learned."""
    print("\nDrawing", flush=True)
    plots = import_plots()
    try:
        for name, figure in _figures(plots, run, dataset):
            path = os.path.join(folder, name + ".png")
            plots.save(figure, path)
            print(f"  {path}", flush=True)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt("stopped while drawing; the run itself is whole, and this draws "
                                f"its pictures: {this_program()} show {quoted(folder)}") from stop
    if len(run.history):
        _print_what_was_learned(plots, run)
    ending = f"The pictures are in {folder}."
    if has_prior(run.model):
        ending += f" To see it invent more: {this_program()} sample {quoted(folder)}"
    print(ending)


# ---------------------------------------------------------------------- the pictures

def _figures(plots, run, dataset):
    """Yield the name and the Figure of everything that can be drawn of a run."""
    model, shape = run.model, dataset.image_shape
    prior  = has_prior(model)
    M      = model.params.get("M")           # the mean of each class's prior, or None
    x      = as_floats(run.x_test, model.dtype)
    seen   = x if run.mask_test is None else np.where(run.mask_test, x, np.nan)
    groups = _examples(x, dataset.labels_test)
    codes, codes_are = _codes(model, x)

    if len(run.history):
        yield "loss", plots.loss_curves(run.history, run.beta if prior else None,
                                        "p(z)" if M is None else "p(z | y)",
                                        getattr(model, "num_samples", None))
    pairs = {title: (seen[some], model.reconstruct(x[some])) for title, some in groups.items()}
    yield "reconstructions", plots.reconstructions(pairs, shape, codes_are)
    if prior:
        yield "samples", _samples(plots, model, shape, run.options["seed"])
    starts, ends = _starts_and_ends(next(iter(groups.values())))
    if len(starts):
        paths = _paths(model, codes[starts], codes[ends])
        yield "interpolation", plots.interpolation(seen[starts], paths, seen[ends], shape)
    yield "latent", plots.latent_scatter(codes, dataset.labels_test, codes_are, M)
    if prior:
        yield "kl_per_dimension", plots.kl_per_dimension(mean_kl_per_dim(model, x, run.y_test))
    if prior and model.latent_dim == 2:
        where = {} if M is None else {"mean": M.mean(axis=0), "std": np.sqrt(1 + M.var(axis=0))}
        yield "manifold", plots.manifold(model.decode, shape, **where)


def _samples(plots, model, shape, seed):
    """64 draws from the prior; or, if each class has a prior of its own, a row for each."""
    if not isinstance(model, ConditionalVAE):
        return plots.samples(model.generate(64, rng=seed), shape)
    shown  = range(min(FEW, model.num_classes))
    images = model.generate(np.repeat(shown, DRAWS), rng=seed)
    rows   = {str(label): images[label * DRAWS:(label + 1) * DRAWS] for label in shown}
    return plots.image_rows(rows, shape, "Images that nobody wrote, asked for by their label y: "
                                         "codes z ~ N(M[y], I), decoded")


def _codes(model, x):
    """One point in latent space for each image, and what that point is."""
    codes = encode(model, x)
    if has_prior(model):
        mu, _ = codes
        return mu, "the mean of its code"
    return codes, "its code"


def _examples(x, labels):
    """Which test images are shown, as indices by the title of their row; one of each label, where
    there are a few labels.
    """
    kinds = () if labels is None else np.unique(labels)
    if not 2 <= len(kinds) <= FEW:
        return {"test images, as they come": np.arange(min(10, len(x)))}
    typical, unusual = [], []
    for label in kinds:
        own = np.flatnonzero(labels == label)
        distance = np.linalg.norm(x[own] - x[own].mean(axis=0), axis=1)
        typical.append(own[distance.argmin()])
        unusual.append(own[distance.argmax()])
    return {"typical: of each label, the image nearest to the mean of its kind": np.array(typical),
            "unusual: of each label, the image farthest from that mean": np.array(unusual)}


def _starts_and_ends(chosen):
    """Of the images that are shown, the first of the first half and of the second: pairs."""
    half   = len(chosen) // 2
    starts = chosen[:half]
    ends   = chosen[len(chosen) - half:]
    return starts[:PATHS], ends[:PATHS]


def _paths(model, starts, ends):
    """What is decoded on the way from each code to another: (pairs, STEPS, D)."""
    t = np.linspace(0, 1, STEPS)[:, None]
    return np.array([model.decode((1 - t) * start + t * end) for start, end in zip(starts, ends)])


# ---------------------------------------------------------------------- the sentences

def _print_what_was_learned(plots, run):
    model = run.model
    bound, recon, kl = run.history[-1, 3:]
    loss, recon, kl = plots.shown_terms(recon + kl, kl, 1, 2)
    guess = ""
    if model.likelihood == "bernoulli" and run.mask_test is None:
        guess = f" (guessing one half for every pixel: {model.input_dim * np.log(2):.2f})"
    print(f"\nLearned in {epochs(len(run.history))}: ", end="")
    if not has_prior(model):
        print(f"a test image costs {recon} nats{guess}.")
        return
    used = int((mean_kl_per_dim(model, run.x_test, run.y_test) > plots.USED).sum())
    print(f"test -ELBO = {loss} nats per image = {recon} recon + {kl} KL{guess}.")
    if isinstance(model, ConditionalVAE):
        print(f"The nearest class mean names {accuracy(model, run.x_test, run.y_test):.1%} of the "
              f"{len(run.x_test)} test images right, though no classifier was trained.")
    if isinstance(model, IWAE):
        print(f"The bound of K = {model.num_samples} is {bound:.2f} nats.")
        _print_log_likelihood(run)
    print(f"It uses {used} of {model.latent_dim} latent dimensions (KL above {plots.USED} nats).")
    if not used:
        print("So its codes say next to nothing: if more epochs do not help, the posterior has "
              "collapsed onto the prior.")


def _print_log_likelihood(run):
    """-log p(x) of the first test images, unless part of them was not observed."""
    if run.mask_test is not None:
        return
    x   = run.x_test[:LIKELY]
    bar = Bar(sys.stdout)

    def on_batch(done):
        bar.draw(done / len(x), f"log p(x) of {len(x)} test images, {SAMPLES} samples of each")

    log_p = log_likelihood(run.model, x, SAMPLES, on_batch=on_batch)
    bar.clear()
    grey  = ""
    if run.model.likelihood == "bernoulli" and run.options["pixels"] == "grey":
        grey = "; of grey images it bounds that of drawings in black and white"
    first = "first " if len(x) < len(run.x_test) else ""
    print(f"-log p(x) = {-log_p.mean():.2f} nats: a mean over the {first}{len(x)} test images, by "
          f"{SAMPLES} importance samples of each{grey}.")
