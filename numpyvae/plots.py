"""The pictures: functions that take arrays and return a matplotlib Figure, made to be read from the back of a room."""
from statistics import NormalDist

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from .checkpoint import write_atomically
from .errors import InvalidValueError

STYLE = {"font.size": 17, "axes.titlesize": 18, "figure.titlesize": 21, "axes.labelsize": 17, "legend.fontsize": 16,
         "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 2.8, "axes.grid": True,
         "grid.color": "#e4e4e4", "axes.axisbelow": True, "figure.constrained_layout.use": True,
         "figure.constrained_layout.h_pad": 0.1}
TRAIN, TEST = "#9bbce0", "#c2410c"                               # pale and strong: the test curve is the one to read
INK = colormaps["gray_r"].with_extremes(bad="#d9e4ec")               # ink on paper; between the images, a pale blue
PALETTE = ["#3f78b5", "#c2410c", "#3a7d44", "#7b4ea3", "#8a8a8a"]    # of lines that are compared
DIGITS = colormaps["tab10"]
HALO = [withStroke(linewidth=5, foreground="white")]             # around writing that may lie over what is drawn
USED = 0.1                                                       # nats of KL that make a latent dimension a used one


def save(figure, path):
    """Write a figure to `path` as PNG, atomically.  Raises OSError."""
    with rc_context(STYLE):
        write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=100))


def shown_terms(loss, kl, beta, digits):
    """Loss, reconstruction and KL as they are written: rounded so that loss = reconstruction + beta KL still holds.

    loss, kl: in nats  ->  three strings
    """
    loss, kl = round(loss, digits), round(kl, digits)
    return tuple(f"{value:.{digits}f}" for value in (loss, loss - beta * kl, kl))


def loss_curves(history, beta=1.0):
    """The loss and its two terms over the epochs, in training and on test images.

    history: (epochs, 6), in nats per example, as `training.HISTORY` names the columns
    beta: the weight of the KL term, or None for an ordinary auto-encoder, whose loss has one term
    """
    history = np.asarray(history)
    if len(history) == 0:
        raise InvalidValueError("history: expected at least one epoch, got none")
    epochs = np.arange(1, len(history) + 1)
    last = [term.replace("-", "−") for term in shown_terms(history[-1, 3], history[-1, 5], beta or 0, 1)]
    if beta is None:
        titles, sum_of_terms = ("loss  =  −log p(x | z)",), ""
    else:
        weight = "" if beta == 1 else f"{beta:g} × "
        sum_of_terms = f"  =  {last[1]} reconstruction  +  {weight}{last[2]} KL"
        loss_title = "loss  =  −ELBO" if beta == 1 else f"loss  =  reconstruction + {beta:g} KL"
        titles = (loss_title, "reconstruction,  −log p(x | z)", "KL(q(z | x), p(z))")
    with rc_context(STYLE):
        figure = Figure(figsize=(15 if len(titles) > 1 else 9, 6))
        for term, (axes, title) in enumerate(zip(figure.subplots(1, len(titles), squeeze=False)[0], titles)):
            marker = "o" if len(epochs) == 1 else None
            axes.plot(epochs, history[:, term], color=TRAIN, marker=marker, label="training")
            axes.plot(epochs, history[:, term + 3], color=TEST, marker=marker, label="test")
            axes.set(title=title, xlabel="epoch", ylabel="nats per image")
            axes.set_xlim(0.5, len(epochs) + max(0.5, 0.25 * len(epochs)))           # room for the number at the end
            axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
            axes.annotate(last[term], (epochs[-1], history[-1, term + 3]), xytext=(8, 0), va="center",
                          textcoords="offset points", color=TEST, weight="bold", fontsize=20)
            if term == 0:
                axes.legend(frameon=False)
        figure.suptitle(f"A test image costs {last[0]} nats{sum_of_terms}")
    return figure


def reconstructions(groups, image_shape, codes_are="the mean of its code"):
    """Examples over their reconstructions, a double row for each group.

    groups: {title: (x, probs)}, both (N, D), NaN where a pixel was not observed; image_shape: (height, width)
    codes_are: what each was rebuilt from
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 0.6 + 3.4 * len(groups)))
        for axes, (title, pair) in zip(np.atleast_1d(figure.subplots(len(groups), 1)), groups.items()):
            _show(axes, _mosaic(np.concatenate(pair), image_shape, len(pair[0])))
            axes.set_title(title)
            first = "observed" if np.isnan(pair[0]).any() else "original"
            for height, name in ((0.75, first), (0.25, "rebuilt")):
                axes.text(-0.01, height, name, transform=axes.transAxes, ha="right", va="center")
        figure.suptitle(f"Test images, and each rebuilt from {codes_are.replace('its', 'its own')}")
    return figure


def samples(probs, image_shape):
    """Decoded draws from the prior.

    probs: (N, D); image_shape: (height, width)
    """
    columns = min(len(probs), max(16, round(len(probs) ** 0.5)))
    rows = -(-len(probs) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 0.6 + 15 * rows / columns))
        _show(figure.subplots(), _mosaic(probs, image_shape, columns))
        one, many = "An image that nobody wrote: a code", f"{len(probs)} images that nobody wrote: codes"
        count = many if len(probs) > 1 else one
        figure.suptitle(f"{count} drawn from the prior, z ~ N(0, I), and decoded")
    return figure


def interpolation(starts, paths, ends, image_shape):
    """Decoded straight lines between the codes of two examples, one line a row.

    starts, ends: (R, D) the examples; paths: (R, S, D) what the S codes between theirs decode to
    """
    steps, width = paths.shape[1], image_shape[1]
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 6.9))
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


def latent_scatter(mu, labels=None, codes_are="the mean of its code"):
    """Where the encoder puts the examples: the means of their posteriors, in the plane of their largest spread.

    mu: (N, Z), or the codes of an ordinary auto-encoder; labels: (N,) whole numbers, or None; codes_are: what mu is
    """
    mu, named = np.asarray(mu, dtype=np.float64), labels is not None
    labels = np.asarray(labels) if named else np.zeros(len(mu), int)
    names, title = ["z₁", "z₂"], f"{len(mu)} test images in latent space, each at {codes_are}"
    if mu.shape[1] > 2:
        centred = mu - mu.mean(axis=0)
        spread, axes_of_mu = np.linalg.eigh(centred.T @ centred)         # the largest last
        mu = centred @ axes_of_mu[:, [-1, -2]]
        share = np.abs(spread[[-1, -2]]) / (spread.sum() or 1)
        names = [f"{nth} principal axis  ({part:.0%} of the variance)" for nth, part in zip(("1st", "2nd"), share)]
        title = f"{len(mu)} test images in the plane where their codes spread most"
    on_a_line = mu.shape[1] == 1
    if on_a_line:
        mu = np.column_stack([mu, labels])                       # the labels are set apart from each other
        names = ["z₁", "label" if named else ""]
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 9.5))
        axes = figure.subplots()
        size = 70 if len(mu) <= 2000 else 20
        for label in np.unique(labels):
            colour, own = DIGITS(int(label) % 10), mu[labels == label]
            axes.scatter(*own.T, s=size, color=colour, alpha=0.75, edgecolor="white", linewidth=0.6)
            if named and not on_a_line:
                axes.annotate(str(label), np.median(own, axis=0), fontsize=34, weight="bold", color=colour, ha="center",
                              va="center", path_effects=HALO)
        axes.set(xlabel=names[0], ylabel=names[1])
        if on_a_line:
            axes.set_yticks(np.unique(labels) if named else [])
        else:
            axes.set_aspect("equal", adjustable="datalim")
        figure.suptitle(title)
    return figure


def kl_per_dimension(kl):
    """What each latent dimension tells the decoder, the largest first.

    kl: (Z,) in nats per example
    """
    kl = np.asarray(kl, dtype=np.float64)
    order = np.argsort(-kl)
    used = int((kl > USED).sum())
    named = range(len(kl)) if len(kl) <= 24 else range(used)         # of very many, only those that are used
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 6.5))
        axes = figure.subplots()
        axes.bar(range(len(kl)), kl[order], color=[TEST if value > USED else TRAIN for value in kl[order]])
        axes.axhline(USED, color="black", linestyle="--", linewidth=1.2)
        for i in named:
            digits = f"{kl[order[i]]:.2g}" if len(named) <= 16 else f"{kl[order[i]]:.1f}"
            axes.annotate(digits, (i, max(kl[order[i]], 0)), xytext=(0, 4), textcoords="offset points",
                          ha="center", fontsize=15 if len(named) <= 16 else 12, path_effects=HALO)
        axes.set_xticks(named, [str(order[i] + 1) for i in named], fontsize=15 if len(named) <= 16 else 12)
        axes.set(xlabel="latent dimension, the most informative first", ylabel="KL, nats per image",
                 xlim=(-0.7, max(6, len(kl)) - 0.3), ylim=(0, 1.12 * max(kl.max(), 2 * USED)))
        axes.grid(axis="x", visible=False)
        figure.suptitle(f"KL of each latent dimension: {used} of {len(kl)} {'is' if used == 1 else 'are'} used "
                        f"(more than {USED} nats); {kl.sum():.1f} in all")
    return figure


def manifold(decode, image_shape, side=16):
    """The latent plane of a network with two latent dimensions, decoded on a grid of equally probable steps.

    decode: takes z (N, 2), returns images (N, D); side: how many images to a side
    Source: Kingma & Welling 2014, figure 4.
    """
    z = [NormalDist().inv_cdf((i + 0.5) / side) for i in range(side)]
    grid = np.array([(z1, z2) for z2 in reversed(z) for z1 in z])                # z2 grows upwards, z1 to the right
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 11.3))
        axes = figure.subplots()
        _show(axes, _mosaic(decode(grid), image_shape, side))
        axes.axis("on")
        height, width = image_shape
        shown = range(0, side, 3)
        names = [f"{z[i]:.1f}".replace("-", "−") for i in shown]
        axes.set_xticks([(i + 0.5) * (width + 1) for i in shown], names)
        axes.set_yticks([(side - i - 0.5) * (height + 1) for i in shown], names)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="z₁, in steps that are equally probable", ylabel="z₂, likewise")
        figure.suptitle("The latent plane: each image decoded where it stands")
    return figure


def point_or_distribution(seen, decoded, points, smiles, point_smiles, truth, image_shape):
    """What a VAE and an ordinary auto-encoder answer when a mouth is visible (first), and when it is covered (second).

    seen: (2, D) what both were shown, NaN where covered; decoded: (2, S, D) from S samples of the VAE's posterior
    points: (2, D) the auto-encoder's answers; smiles: (2, S) how much the samples smile, from frown, -1, to smile, 1
    point_smiles: (2,) how much the auto-encoder's answers do; truth: the smile that the face was drawn with
    """
    colours, words = ("#3f78b5", TEST), ("mouth visible", "mouth covered")
    some = np.linspace(0, decoded.shape[1] - 1, 8).astype(int)
    decoded = np.array([images[np.argsort(smile)[some]] for images, smile in zip(decoded, smiles)])
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 9.8))
        ratios = [1, len(some), 1]
        axes = figure.subplot_mosaic([["seen0", "vae0", "ae0"], ["seen1", "vae1", "ae1"], ["smiles"] * 3],
                                     width_ratios=ratios, height_ratios=[1, 1, 2.5])
        for i, (word, colour) in enumerate(zip(words, colours)):
            for name, images in (("seen", seen[i:i + 1]), ("vae", decoded[i]), ("ae", points[i:i + 1])):
                _show(axes[f"{name}{i}"], _mosaic(images, image_shape, len(images)))
            axes[f"seen{i}"].text(-0.15, 0.5, word.replace(" ", "\n"), transform=axes[f"seen{i}"].transAxes,
                                  ha="right", va="center", color=colour, weight="bold", fontsize=20)
        axes["seen0"].set_title("seen")
        axes["vae0"].set_title(f"the VAE: {len(some)} of {len(smiles[0])} decoded samples of z, the least smile first")
        axes["ae0"].set_title("the AE")
        below = axes["smiles"]
        bins = np.linspace(-1.35, 1.35, 19)
        for smile, point, colour, word in zip(smiles, point_smiles, colours, words):
            below.hist(smile, bins, density=True, color=colour, alpha=0.7, label=f"VAE, {word}")
            below.axvline(point, color=colour, linestyle=":", linewidth=5, label=f"auto-encoder, {word}")
        below.axvline(truth, color="black", linestyle="--", linewidth=2, label="the face as it was drawn")
        below.set(xlim=(bins[0], bins[-1]), yticks=[], xlabel="how much the decoded face smiles")
        below.set_xticks([-1, 0, 1], ["frown", "neither", "smile"])
        below.legend(frameon=False, loc="upper left")
        figure.suptitle("A smile that nobody saw: the VAE answers with a range, the auto-encoder with a point")
    return figure


def curves(panels, title="", height=6):
    """Curves, in panels side by side.

    panels: a dictionary each. "lines": {label: (x, y)}, a label that begins with _ goes unnamed; "points": the same,
        drawn as dots; "upright": {label: x}, dashed lines; all else is what matplotlib's Axes.set takes (title, xlabel,
        xscale, ylim, ...)
    title: above all of them; height: in inches, of 15 in width
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(15 if len(panels) > 1 else 12, height))
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
            colours = iter(PALETTE * 3)
            for label, (x, y) in panel.get("lines", {}).items():
                axes.plot(x, y, color=next(colours), label=label)
            for label, (x, y) in panel.get("points", {}).items():
                axes.plot(x, y, "o", color=next(colours), label=label, markersize=9, markeredgecolor="white")
            for label, x in panel.get("upright", {}).items():
                axes.axvline(x, color="black", linestyle="--", linewidth=1.6, label=label)
            axes.set(**{name: value for name, value in panel.items() if name not in ("lines", "points", "upright")})
            if axes.get_legend_handles_labels()[1]:
                axes.legend(frameon=False)
        figure.suptitle(title)
    return figure


def image_rows(rows, image_shape, title="", column_titles=()):
    """Rows of images, each row with its name to the left.

    rows: {name: (N, D)}, in all of them as many, NaN where a pixel is not known; image_shape: (height, width)
    title: above them all; column_titles: above the columns, N of them or none
    """
    height, width = image_shape
    columns = max(map(len, rows.values()))
    across = 12.5 / columns                                          # inches for one image
    with rc_context(STYLE):
        figure = Figure(figsize=(15, min(11, 1.2 + len(rows) * across * height / width)))
        for i, (axes, (name, images)) in enumerate(zip(np.atleast_1d(figure.subplots(len(rows), 1)), rows.items())):
            _show(axes, _mosaic(images, image_shape, columns))
            axes.text(-0.01, 0.5, name, transform=axes.transAxes, ha="right", va="center")
            if i == 0:
                for column, word in enumerate(column_titles):
                    axes.text((column + 0.5) / columns, 1.04, word, transform=axes.transAxes, ha="center", va="bottom")
        figure.suptitle(title)
    return figure


def steepest(lr, downhill, promised, others):
    """The loss along the negative gradient among that along other directions, and relu with its slope.

    lr: (S,) how far; downhill: (S,) the loss there; promised: (S,) the tangent; others: a list of (S,)
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 6.8))
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        for i, other in enumerate(others):
            left.plot(lr, other, color="#b9b9b9", linewidth=1.4, label=None if i else "other directions, equally long")
        left.plot(lr, downhill, color=TEST, linewidth=4, label="along −dW")
        left.plot(lr, promised, color="black", linestyle="--", linewidth=2, label="promised:  loss − lr Σ dW²")
        left.set(title="the loss, a step away", xlabel="lr, the length of the step in units of |dW|", ylabel="loss")
        left.legend(frameon=False)
        a = np.linspace(-2, 2, 401)
        right.plot(a, np.maximum(a, 0), color=PALETTE[0], linewidth=4, label="h = max(a, 0)")
        for side, slope in ((a < 0, 0.0), (a > 0, 1.0)):
            right.plot(a[side], np.full(side.sum(), slope), color=TEST, linestyle=":", linewidth=4,
                       label="∂h / ∂a" if slope else None)
        right.plot([0], [0.5], "o", color="black", markersize=11, label="a central difference, at the kink")
        right.set(title="relu and its slope", xlabel="a")
        right.legend(frameon=False, loc="upper left")
        figure.suptitle("No direction goes down as fast as the one against the gradient")
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
