"""What a run has learned: its pictures, drawn into its folder, and a few sentences."""
import logging
import os
import sys

import numpy as np

from ..conditional import ConditionalVAE
from ..errors import InvalidValueError, one_line
from ..evaluate import USED, accuracy, encode, log_likelihood, mean_kl_per_dim, shown_terms
from ..importance import IWAE
from ..progress import Bar
from .gallery import Gallery
from .opening import has_prior
from .words import complain, epochs, quoted, this_program

FEW = 20                                     # labels: of each, one image is shown
PATHS, STEPS = 5, 11                         # from one image to another
DRAWS = 16                                   # of each class
POINTS, CODES = 20_000, 1 << 20              # test images in latent space; numbers in their codes
LIKELY, SAMPLES = 1000, 500                  # test images whose log p(x) is told; samples of each


def import_plots():
    """The room of the pictures, imported only now, since matplotlib takes its time to import.

    Raises InvalidValueError if it cannot be imported.
    """
    # It complains of settings that no picture of ours looks at; but fonts may take a while to find.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    logging.getLogger("matplotlib.font_manager").setLevel(logging.WARNING)
    try:
        from .. import plots
    except MemoryError:
        raise
    except Exception as error:               # a broken installation may raise anything
        raise InvalidValueError("matplotlib: expected a whole one, to draw pictures with, got one "
                                f"that cannot be imported ({one_line(error)}); install it again, "
                                "or, if that is at fault, mend its matplotlibrc") from error
    return plots


def import_plots_before_training():
    """`import_plots`; or, since a training can do without, say that there will be no pictures, and
    return None.
    """
    try:
        return import_plots()
    except InvalidValueError as error:
        complain("train", f"{error}; the training goes on without pictures")
        return None


def draw(run, dataset, folder, plots):
    """Draw all pictures of a run into its folder, and say what it learned.

    plots: the room of the pictures, or None to draw none
    """
    if plots:
        _draw(run, dataset, folder, plots)
    if len(run.history):
        _print_what_was_learned(run)
    if not plots:
        print("No pictures were drawn. Once matplotlib can be imported, this draws them: "
              f"{this_program()} show {quoted(folder)}")
        return
    ending = f"The pictures are in {folder}."
    if has_prior(run.model):
        ending += f" To see it invent more: {this_program()} sample {quoted(folder)}"
    print(ending)


def _draw(run, dataset, folder, plots):
    print("\nDrawing", flush=True)
    low, high = run.pixel_range
    if (low, high) != (0, 1):
        print(f"  white: {low:.3g} and below, black: {high:.3g} and above")
    gallery = Gallery(run.model, dataset.image_shape, run.pixel_range, run.x_test, run.mask_test)
    try:
        for name, figure in _figures(plots, run, gallery, dataset.labels_test):
            path = os.path.join(folder, name + ".png")
            plots.save(figure, path)
            print(f"  {path}", flush=True)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt("stopped while drawing; the run itself is whole, and this draws "
                                f"its pictures: {this_program()} show {quoted(folder)}") from stop


# ---------------------------------------------------------------------- the pictures

def _figures(plots, run, gallery, labels):
    """Yield the name and the Figure of everything that can be drawn of a run."""
    model  = run.model
    prior  = has_prior(model)
    M      = model.params.get("M")           # the mean of each class's prior, or None
    groups = _examples(gallery, labels)

    if len(run.history):
        yield "loss", plots.loss_curves(run.history, run.beta if prior else None,
                                        "p(z)" if M is None else "p(z | y)",
                                        getattr(model, "num_samples", None))
    yield "reconstructions", _reconstructions(plots, gallery, groups)
    if prior:
        yield "samples", _samples(plots, gallery, run.options["seed"])
    starts, ends = _starts_and_ends(next(iter(groups.values())))
    if len(starts):
        yield "interpolation", _interpolation(plots, gallery, starts, ends)
    yield "latent", _scatter(plots, gallery, labels, M)
    if prior:
        kl = mean_kl_per_dim(model, run.x_test, run.y_test)
        yield "kl_per_dimension", plots.kl_per_dimension(kl)
    if prior and model.latent_dim == 2:
        where = {} if M is None else {"mean": M.mean(axis=0), "std": np.sqrt(1 + M.var(axis=0))}
        yield "manifold", plots.manifold(gallery.decode, gallery.size, **where)


def _reconstructions(plots, gallery, groups):
    pairs  = {}
    across = max(8, *map(len, groups.values()))
    for title, some in groups.items():
        seen, shape    = plots.small(gallery.seen,    some, gallery.size, across)
        rebuilt, shape = plots.small(gallery.rebuilt, some, gallery.size, across)
        pairs[title]   = seen, rebuilt
    return plots.reconstructions(pairs, shape, _codes_are(gallery.model))


def _samples(plots, gallery, seed):
    """64 draws from the prior; or, if each class has a prior of its own, a row for each."""
    model, invent = gallery.model, gallery.inventor(seed)
    if not isinstance(model, ConditionalVAE):
        return plots.samples(*plots.small(invent, range(64), gallery.size, 16))
    shown = range(min(FEW, model.num_classes))
    images, shape = plots.small(invent, np.repeat(shown, DRAWS), gallery.size, DRAWS)
    rows  = {str(label): images[label * DRAWS:(label + 1) * DRAWS] for label in shown}
    return plots.image_rows(rows, shape, "Images that nobody wrote, asked for by their label y: "
                                         "codes z ~ N(M[y], I), decoded")


def _interpolation(plots, gallery, starts, ends):
    across = STEPS + 2
    ways = _paths(_codes(gallery.model, gallery.x[starts]), _codes(gallery.model, gallery.x[ends]))
    paths, shape = plots.small(gallery.decode, ways, gallery.size, across)
    first, _ = plots.small(gallery.seen, starts, gallery.size, across)
    last,  _ = plots.small(gallery.seen, ends,   gallery.size, across)
    return plots.interpolation(first, paths.reshape(len(starts), STEPS, -1), last, shape)


def _scatter(plots, gallery, labels, M):
    """The codes of all test images; or, if there are very many, of some at equal distances."""
    N    = len(gallery.x)
    most = min(POINTS, max(2, CODES // gallery.model.latent_dim))
    some = slice(None, None, -(-N // most))
    codes  = _codes(gallery.model, gallery.x[some])
    labels = None if labels is None else labels[some]
    return plots.latent_scatter(codes, labels, _codes_are(gallery.model), M, of=N)


def _codes(model, x):
    """One point in latent space for each image."""
    codes = encode(model, x)
    return codes[0] if has_prior(model) else codes


def _codes_are(model):
    """What these points are, in words."""
    return "the mean of its code" if has_prior(model) else "its code"


def _examples(gallery, labels):
    """Which test images are shown, as indices by the title of their row; one of each label, where
    there are a few labels.
    """
    kinds = () if labels is None else np.unique(labels)
    if not 2 <= len(kinds) <= FEW:
        return {"test images, as they come": np.arange(min(10, len(gallery.x)))}
    found = [gallery.extremes(np.flatnonzero(labels == label)) for label in kinds]
    typical, unusual = np.transpose(found)
    return {"typical: of each label, the image nearest to the mean of its kind": typical,
            "unusual: of each label, the image farthest from that mean": unusual}


def _starts_and_ends(chosen):
    """Of the images that are shown, the first of the first half and of the second: pairs."""
    half   = len(chosen) // 2
    starts = chosen[:half]
    ends   = chosen[len(chosen) - half:]
    return starts[:PATHS], ends[:PATHS]


def _paths(starts, ends):
    """STEPS codes on the way from each code to another, one way after the other."""
    t = np.linspace(0, 1, STEPS)[:, None]
    return np.concatenate([(1 - t) * start + t * end for start, end in zip(starts, ends)])


# ---------------------------------------------------------------------- the sentences

def _print_what_was_learned(run):
    model = run.model
    bound, recon, kl = run.history[-1, 3:]
    loss, recon, kl = shown_terms(recon + kl, kl, 1, 2)
    guess = ""
    if model.likelihood == "bernoulli" and run.mask_test is None:
        guess = f" (guessing one half for every pixel: {model.input_dim * np.log(2):.2f})"
    print(f"\nLearned in {epochs(len(run.history))}: ", end="")
    if not has_prior(model):
        print(f"a test image costs {recon} nats{guess}.")
        return
    used = int((mean_kl_per_dim(model, run.x_test, run.y_test) > USED).sum())
    print(f"test -ELBO = {loss} nats per image = {recon} recon + {kl} KL{guess}.")
    if isinstance(model, ConditionalVAE):
        print(f"The nearest class mean names {accuracy(model, run.x_test, run.y_test):.1%} of the "
              f"{len(run.x_test)} test images right, though no classifier was trained.")
    if isinstance(model, IWAE):
        print(f"The bound of K = {model.num_samples} is {bound:.2f} nats.")
        _print_log_likelihood(run)
    print(f"It uses {used} of {model.latent_dim} latent dimensions (KL above {USED} nats).")
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
