"""The pictures: functions that take arrays and return a matplotlib Figure, made to be read from the back of a room."""
from statistics import NormalDist

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.figure import Figure

from .checkpoint import write_atomically

STYLE = {"font.size": 17, "axes.titlesize": 18, "figure.titlesize": 21, "axes.labelsize": 17, "legend.fontsize": 16,
         "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 2.8, "axes.grid": True,
         "grid.color": "#e4e4e4", "axes.axisbelow": True, "figure.constrained_layout.use": True}
TRAIN, TEST = "#9bbce0", "#c2410c"                               # pale and strong: the test curve is the one to read
INK = colormaps["gray_r"].with_extremes(bad="#d9e4ec")               # ink on paper; between the images, a pale blue
DIGITS = colormaps["tab10"]


def save(figure, path):
    """Write a figure to `path` as PNG, atomically.  Raises OSError."""
    with rc_context(STYLE):
        write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=100))


def loss_curves(history, beta=1.0):
    """The loss and its two terms over the epochs, in training and on test images.

    history: (epochs, 6), in nats per example, as `training.HISTORY` names the columns; beta: the weight of the KL term
    """
    history = np.asarray(history)
    epochs = np.arange(1, len(history) + 1)
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 6))
        loss_title = "loss  =  −ELBO" if beta == 1 else f"loss  =  reconstruction + {beta:g} KL"
        titles = (loss_title, "reconstruction,  −log p(x | z)", "KL(q(z | x), p(z))")
        for term, (axes, title) in enumerate(zip(figure.subplots(1, 3), titles)):
            marker = "o" if len(epochs) == 1 else None
            axes.plot(epochs, history[:, term], color=TRAIN, marker=marker, label="training")
            axes.plot(epochs, history[:, term + 3], color=TEST, marker=marker, label="test")
            axes.set(title=title, xlabel="epoch")
            axes.margins(y=0.1)                                      # room for the number at the curve's end
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.annotate(f"{history[-1, term + 3]:.1f}", (epochs[-1], history[-1, term + 3]), xytext=(0, 10),
                          textcoords="offset points", ha="right", color=TEST, weight="bold", fontsize=19)
            if term == 0:
                axes.set_ylabel("nats per image")
                axes.legend(frameon=False)
        loss, recon, kl = history[-1, 3:]
        weight = "" if beta == 1 else f"{beta:g} × "
        figure.suptitle(f"Test images cost {loss:.1f} nats  =  {recon:.1f} reconstruction  +  {weight}{kl:.1f} KL")
    return figure


def reconstructions(groups, image_shape):
    """Examples over their reconstructions, a double row for each group.

    groups: {title: (x, probs)}, both (N, D); image_shape: (height, width)
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 0.6 + 3.6 * len(groups)))
        for axes, (title, pair) in zip(np.atleast_1d(figure.subplots(len(groups), 1)), groups.items()):
            _show(axes, _mosaic(np.concatenate(pair), image_shape, len(pair[0])))
            axes.set_title(title)
            for height, name in ((0.75, "original"), (0.25, "rebuilt")):
                axes.text(-0.01, height, name, transform=axes.transAxes, ha="right", va="center")
        figure.suptitle("Test images, and each rebuilt from the mean of its own code")
    return figure


def samples(probs, image_shape, columns=16):
    """Decoded draws from the prior.

    probs: (N, D); image_shape: (height, width)
    """
    columns = min(columns, len(probs))
    rows = -(-len(probs) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 0.6 + 15 * rows / columns))
        _show(figure.subplots(), _mosaic(probs, image_shape, columns))
        count = f"{len(probs)} images that nobody wrote" if len(probs) > 1 else "An image that nobody wrote"
        figure.suptitle(f"{count}: codes drawn from the prior, z ~ N(0, I), and decoded")
    return figure


def interpolation(starts, paths, ends, image_shape):
    """Decoded straight lines between the codes of two examples, one line a row.

    starts, ends: (R, D) the examples; paths: (R, S, D) what the S codes between theirs decode to
    """
    steps, width = paths.shape[1], image_shape[1]
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 6.4))
        ratios = [width + 2, steps * (width + 1) + 1, width + 2]         # in pixels: all three to the same scale
        left, middle, right = figure.subplots(1, 3, width_ratios=ratios)
        _show(left, _mosaic(starts, image_shape, 1))
        _show(middle, _mosaic(paths.reshape(-1, paths.shape[2]), image_shape, steps))
        _show(right, _mosaic(ends, image_shape, 1))
        left.set_title("from")
        middle.set_title("decoded, step by step along the line between the two codes")
        right.set_title("to")
        figure.suptitle("Walking through latent space from one test image to another")
    return figure


def latent_scatter(mu, labels):
    """Where the encoder puts the examples: the means of their posteriors, in the plane of their largest spread.

    mu: (N, Z); labels: (N,) whole numbers
    """
    mu, labels = np.asarray(mu, dtype=np.float64), np.asarray(labels)
    names = ["z₁", "z₂"]
    if mu.shape[1] > 2:
        centred = mu - mu.mean(axis=0)
        spread, axes_of_mu = np.linalg.eigh(centred.T @ centred)         # the largest last
        mu = centred @ axes_of_mu[:, [-1, -2]]
        share = np.abs(spread[[-1, -2]]) / (spread.sum() or 1)
        names = [f"{nth} principal axis of μ  ({part:.0%} of its variance)" for nth, part in zip(("1st", "2nd"), share)]
    elif mu.shape[1] == 1:
        mu = np.column_stack([mu, labels])
        names = ["z₁", "label"]
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 9.5))
        axes = figure.subplots()
        for label in np.unique(labels):
            colour, own = DIGITS(int(label) % 10), mu[labels == label]
            axes.scatter(*own.T, s=70, color=colour, alpha=0.75, edgecolor="white", linewidth=0.6)
            axes.annotate(str(label), np.median(own, axis=0), fontsize=34, weight="bold", color=colour, ha="center",
                          va="center", path_effects=_halo())
        axes.set(xlabel=names[0], ylabel=names[1])
        axes.set_aspect("equal", adjustable="datalim")
        figure.suptitle(f"{len(mu)} test images in latent space: each at the mean of its code")
    return figure


def kl_per_dimension(kl, threshold=0.1):
    """What each latent dimension tells the decoder, the largest first.

    kl: (Z,) in nats per example
    """
    kl = np.asarray(kl, dtype=np.float64)
    order = np.argsort(-kl)
    used = int((kl > threshold).sum())
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 6.5))
        axes = figure.subplots()
        colours = [TEST if value > threshold else TRAIN for value in kl[order]]
        bars = axes.bar(range(len(kl)), kl[order], color=colours)
        if len(kl) <= 24:
            axes.bar_label(bars, [f"{value:.2f}" for value in kl[order]], padding=3, fontsize=15)
        axes.set_xticks(range(len(kl)), [str(i + 1) for i in order], fontsize=15 if len(kl) <= 32 else 8)
        axes.set(xlabel="latent dimension, the most informative first", ylabel="KL, nats per image")
        axes.grid(axis="x", visible=False)
        figure.suptitle(f"KL of each latent dimension: {used} of {len(kl)} carry more than {threshold} nats; "
                        f"{kl.sum():.1f} in all")
    return figure


def manifold(decode, image_shape, side=16):
    """The latent plane of a network with two latent dimensions, decoded on a grid of equally probable steps.

    decode: takes z (N, 2), returns images (N, D); side: how many images to a side
    Source: Kingma & Welling 2014, figure 4.
    """
    z = [NormalDist().inv_cdf((i + 0.5) / side) for i in range(side)]
    grid = np.array([(z1, z2) for z2 in reversed(z) for z1 in z])                # z2 grows upwards, z1 to the right
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 11.6))
        axes = figure.subplots()
        _show(axes, _mosaic(decode(grid), image_shape, side))
        axes.axis("on")
        height, width = image_shape
        shown = range(0, side, 3)
        names = [f"{z[i]:.1f}" for i in shown]
        axes.set_xticks([(i + 0.5) * (width + 1) for i in shown], names)
        axes.set_yticks([(side - i - 0.5) * (height + 1) for i in shown], names)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="z₁", ylabel="z₂")
        figure.suptitle("The latent plane: each image decoded where it stands")
    return figure


def _mosaic(images, image_shape, columns):
    """One picture of many: rows of `columns` images with a gap of one pixel (NaN) around each."""
    height, width = image_shape
    rows = -(-len(images) // columns)
    mosaic = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan)
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + 1) + 1, (i % columns) * (width + 1) + 1
        mosaic[top:top + height, left:left + width] = np.reshape(image, image_shape)
    return mosaic


def _show(axes, mosaic):
    axes.imshow(mosaic, cmap=INK, vmin=0, vmax=1, interpolation="nearest")
    axes.axis("off")


def _halo():
    from matplotlib.patheffects import withStroke
    return [withStroke(linewidth=5, foreground="white")]
