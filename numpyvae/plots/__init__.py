"""The pictures: functions that take arrays and return a matplotlib Figure, made to be read from the
back of a room.
"""
from statistics import NormalDist

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from ..files import write_atomically
from ..errors import InvalidValueError

STYLE = {"font.size": 17, "axes.titlesize": 18, "figure.titlesize": 21, "axes.labelsize": 17,
         "legend.fontsize": 16, "axes.spines.top": False, "axes.spines.right": False,
         "lines.linewidth": 2.8, "axes.grid": True, "grid.color": "#e4e4e4", "axes.axisbelow": True,
         "figure.constrained_layout.use": True, "figure.constrained_layout.h_pad": 0.1}
# pale and strong: the test curve is the one to read
TRAIN, TEST = "#9bbce0", "#c2410c"
# ink on paper; between the images, a pale blue
INK = colormaps["gray_r"].with_extremes(bad="#d9e4ec")
PALETTE = ["#3f78b5", "#c2410c", "#3a7d44", "#7b4ea3", "#8a8a8a"]    # of lines that are compared
PALE = LinearSegmentedColormap.from_list("pale", ["#ffffff", "#8fb3d9"])
# negative, 0, positive
SIGNS = LinearSegmentedColormap.from_list("signs", ["#7fb0e0", "#ffffff", "#f5a46b"])
DIGITS = colormaps["tab10"]
VERDICTS = ListedColormap([TEST, "#e3efe5"])                     # wrong, right
# around writing that may lie over what is drawn
HALO = [withStroke(linewidth=5, foreground="white")]
# nats of KL that make a latent dimension a used one
USED = 0.1


def save(figure, path):
    """Write a figure to `path` as PNG, atomically.  Raises OSError."""
    write_atomically(path, lambda file: imsave(file, _pixels(figure), format="png", dpi=100))


def _pixels(figure):
    """A figure as it is drawn at 100 dpi, once: its own `savefig` lays it out, draws it unseen, and
    draws it again.
    """
    canvas, dpi = figure.canvas, figure.dpi                          # a figure may be in a window
    try:
        with rc_context(STYLE):
            figure.dpi = 100
            paper = FigureCanvasAgg(figure)
            paper.draw()
            return paper.buffer_rgba()
    finally:
        figure.set_canvas(canvas)
        figure.dpi = dpi


def shown_terms(loss, kl, beta, digits):
    """Loss, reconstruction and KL as they are written: rounded so that loss = reconstruction + beta
    KL still holds.

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
    last = [term.replace("-", "−")
            for term in shown_terms(history[-1, 3], history[-1, 5], beta or 0, 1)]
    if beta is None:
        titles, sum_of_terms = ("loss  =  −log p(x | z)",), ""
    else:
        weight = "" if beta == 1 else f"{beta:g} × "
        sum_of_terms = f"  =  {last[1]} reconstruction  +  {weight}{last[2]} KL"
        loss_title = "loss  =  −ELBO" if beta == 1 else f"loss  =  reconstruction + {beta:g} KL"
        titles = (loss_title, "reconstruction,  −log p(x | z)", "KL(q(z | x), p(z))")
    with rc_context(STYLE):
        figure = Figure(figsize=(15 if len(titles) > 1 else 9, 6))
        for term, (axes,
                   title) in enumerate(zip(figure.subplots(1, len(titles), squeeze=False)[0],
                                           titles)):
            marker = "o" if len(epochs) == 1 else None
            axes.plot(epochs, history[:, term], color=TRAIN, marker=marker, label="training")
            axes.plot(epochs, history[:, term + 3], color=TEST, marker=marker, label="test")
            axes.set(title=title, xlabel="epoch", ylabel="nats per image")
            # room for the number at the end
            axes.set_xlim(0.5, len(epochs) + max(0.5, 0.25 * len(epochs)))
            axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True,
                                                     min_n_ticks=1))
            axes.annotate(last[term], (epochs[-1], history[-1, term + 3]), xytext=(8, 0),
                          va="center", textcoords="offset points", color=TEST, weight="bold",
                          fontsize=20)
            if term == 0:
                axes.legend(frameon=False)
        figure.suptitle(f"A test image costs {last[0]} nats{sum_of_terms}")
    return figure


def reconstructions(groups, image_shape, codes_are="the mean of its code"):
    """Examples over their reconstructions, a double row for each group.

    groups: {title: (x, probs)}, both (N, D), NaN where a pixel was not observed; image_shape:
    (height, width)
    codes_are: what each was rebuilt from
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 0.6 + 3.4 * len(groups)))
        for axes, (title, pair) in zip(np.atleast_1d(figure.subplots(len(groups), 1)),
                                       groups.items()):
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
        # in pixels: all three to the same scale
        ratios = [width + 2, steps * (width + 1) + 1, width + 2]
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
    """Where the encoder puts the examples: the means of their posteriors, in the plane of their
    largest spread.

    mu: (N, Z), or the codes of an ordinary auto-encoder; labels: (N,) whole numbers, or None;
    codes_are: what mu is
    """
    mu, named = np.asarray(mu, dtype=np.float64), labels is not None
    labels = np.asarray(labels) if named else np.zeros(len(mu), int)
    names, title = ["z₁", "z₂"], f"{len(mu)} test images in latent space, each at {codes_are}"
    if mu.shape[1] > 2:
        centred = mu - mu.mean(axis=0)
        spread, axes_of_mu = np.linalg.eigh(centred.T @ centred)         # the largest last
        mu = centred @ axes_of_mu[:, [-1, -2]]
        share = np.abs(spread[[-1, -2]]) / (spread.sum() or 1)
        names = [f"{nth} principal axis  ({part:.0%} of the variance)" for nth, part in zip(("1st",
                                                                                             "2nd"),
                                                                                            share)]
        title = f"{len(mu)} test images in the plane where their codes spread most"
    on_a_line = mu.shape[1] == 1
    if on_a_line:
        # the labels are set apart from each other
        mu = np.column_stack([mu, labels])
        names = ["z₁", "label" if named else ""]
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 9.5))
        axes = figure.subplots()
        size = 70 if len(mu) <= 2000 else 20
        for label in np.unique(labels):
            colour, own = DIGITS(int(label) % 10), mu[labels == label]
            axes.scatter(*own.T, s=size, color=colour, alpha=0.75, edgecolor="white", linewidth=0.6)
            if named and not on_a_line:
                axes.annotate(str(label), np.median(own, axis=0), fontsize=34, weight="bold",
                              color=colour, ha="center", va="center", path_effects=HALO)
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
    # of very many, only those that are used
    named = range(len(kl)) if len(kl) <= 24 else range(used)
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 6.5))
        axes = figure.subplots()
        axes.bar(range(len(kl)), kl[order],
                 color=[TEST if value > USED else TRAIN for value in kl[order]])
        axes.axhline(USED, color="black", linestyle="--", linewidth=1.2)
        for i in named:
            digits = f"{kl[order[i]]:.2g}" if len(named) <= 16 else f"{kl[order[i]]:.1f}"
            axes.annotate(digits, (i, max(kl[order[i]], 0)), xytext=(0, 4), textcoords="offset "
                          "points", ha="center", fontsize=15 if len(named) <= 16 else 12,
                          path_effects=HALO)
        axes.set_xticks(named, [str(order[i] + 1) for i in named], fontsize=15 if len(named) <= 16
                        else 12)
        axes.set(xlabel="latent dimension, the most informative first", ylabel="KL, nats per image",
                 xlim=(-0.7, max(6, len(kl)) - 0.3), ylim=(0, 1.12 * max(kl.max(), 2 * USED)))
        axes.grid(axis="x", visible=False)
        figure.suptitle(f"KL of each latent dimension: {used} of {len(kl)} "
                        f"{'is' if used == 1 else 'are'} used (more than {USED} nats); "
                        f"{kl.sum():.1f} in all")
    return figure


def manifold(decode, image_shape, side=16):
    """The latent plane of a network with two latent dimensions, decoded on a grid of equally
    probable steps.

    decode: takes z (N, 2), returns images (N, D); side: how many images to a side
    Source: Kingma & Welling 2014, figure 4.
    """
    z = [NormalDist().inv_cdf((i + 0.5) / side) for i in range(side)]
    # z2 grows upwards, z1 to the right
    grid = np.array([(z1, z2) for z2 in reversed(z) for z1 in z])
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 11.3))
        axes = figure.subplots()
        _show(axes, _mosaic(decode(grid), image_shape, side))
        axes.axis("on")
        height, width = image_shape
        # the middle, where there is one
        shown = sorted({round(i) for i in np.linspace(0, side - 1, 4 - side % 2)})
        names = [f"{z[i]:.1f}".replace("-", "−") for i in shown]
        axes.set_xticks([(i + 0.5) * (width + 1) for i in shown], names)
        axes.set_yticks([(side - i - 0.5) * (height + 1) for i in shown], names)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="z₁, in steps that are equally probable", ylabel="z₂, likewise")
        figure.suptitle("The latent plane: each image decoded where it stands")
    return figure


def point_or_distribution(seen, decoded, points, smiles, point_smiles, truth, image_shape):
    """What a VAE and an ordinary auto-encoder answer when a mouth is visible (first), and when it
    is covered (second).

    seen: (2, D) what both were shown, NaN where covered; decoded: (2, S, D) from S samples of the
    VAE's posterior
    points: (2, D) the auto-encoder's answers; smiles: (2, S) how much the samples smile, from
    frown, -1, to smile, 1
    point_smiles: (2,) how much the auto-encoder's answers do; truth: the smile that the face was
    drawn with
    """
    colours, words = ("#3f78b5", TEST), ("mouth visible", "mouth covered")
    some = np.linspace(0, decoded.shape[1] - 1, 8).astype(int)
    decoded = np.array([images[np.argsort(smile)[some]] for images, smile in zip(decoded, smiles)])
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 9.8))
        ratios = [1, len(some), 1]
        axes = figure.subplot_mosaic([["seen0", "vae0", "ae0"], ["seen1", "vae1", "ae1"], ["smiles"]
                                      * 3], width_ratios=ratios, height_ratios=[1, 1, 2.5])
        for i, (word, colour) in enumerate(zip(words, colours)):
            for name, images in (("seen", seen[i:i + 1]), ("vae", decoded[i]),
                                 ("ae", points[i:i + 1])):
                _show(axes[f"{name}{i}"], _mosaic(images, image_shape, len(images)))
            axes[f"seen{i}"].text(-0.15, 0.5, word.replace(" ", "\n"),
                                  transform=axes[f"seen{i}"].transAxes, ha="right", va="center",
                                  color=colour, weight="bold", fontsize=20)
        axes["seen0"].set_title("seen")
        axes["vae0"].set_title(f"the VAE: {len(some)} of {len(smiles[0])} decoded samples of z, "
                               "the least smile first")
        axes["ae0"].set_title("the AE")
        below = axes["smiles"]
        bins = np.linspace(-1.35, 1.35, 19)
        for smile, point, colour, word in zip(smiles, point_smiles, colours, words):
            below.hist(smile, bins, density=True, color=colour, alpha=0.7, label=f"VAE, {word}")
            below.axvline(point, color=colour, linestyle=":", linewidth=5, label="auto-encoder, "
                          f"{word}")
        below.axvline(truth, color="black", linestyle="--", linewidth=2, label="the face as it was "
                      "drawn")
        below.set(xlim=(bins[0], bins[-1]), yticks=[], xlabel="how much the decoded face smiles")
        below.set_xticks([-1, 0, 1], ["frown", "neither", "smile"])
        below.legend(frameon=False, loc="upper left")
        figure.suptitle("A smile that nobody saw: the VAE answers with a range, the auto-encoder "
                        "with a point")
    return figure


def curves(panels, title="", height=6):
    """Curves, in panels side by side.

    panels: a dictionary each. "lines": {label: (x, y)}, a label that begins with _ goes unnamed;
        "points": the same, drawn as dots ("_" and the label of a line: unnamed, in its colour);
        "upright": {label: x}, dashed lines; all else is what matplotlib's Axes.set takes (title,
        xlabel, xscale, ylim, ...)
    title: above all of them; height: in inches, of 15 in width
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(15 if len(panels) > 1 else 12, height))
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
            colours = iter(PALETTE * 3)
            for label, (x, y) in panel.get("lines", {}).items():
                axes.plot(x, y, color=next(colours), label=label)
            of_line = {f"_{line.get_label()}": line.get_color() for line in axes.lines}
            for label, (x, y) in panel.get("points", {}).items():
                axes.plot(x, y, "o", color=of_line.get(label) or next(colours), label=label,
                          markersize=9, markeredgecolor="white")
            for label, x in panel.get("upright", {}).items():
                axes.axvline(x, color="black", linestyle="--", linewidth=1.6, label=label)
            axes.set(**{name: value for name, value in panel.items() if name not in ("lines",
                                                                                     "points",
                                                                                     "upright")})
            if axes.get_legend_handles_labels()[1]:
                axes.legend(frameon=False)
        figure.suptitle(title)
    return figure


def image_rows(rows, image_shape, title="", column_titles=()):
    """Rows of images, each row with its name to the left.

    rows: {name: (N, D)}, in all of them as many, NaN where a pixel is not known; image_shape:
    (height, width)
    title: above them all; column_titles: above the columns, N of them or none
    """
    height, width = image_shape
    columns = max(map(len, rows.values()))
    across = 12.5 / columns                                          # inches for one image
    with rc_context(STYLE):
        figure = Figure(figsize=(15, min(11, 1.2 + len(rows) * across * height / width)))
        for i, (axes,
                (name, images)) in enumerate(zip(np.atleast_1d(figure.subplots(len(rows), 1)),
                                                 rows.items())):
            _show(axes, _mosaic(images, image_shape, columns))
            axes.text(-0.01, 0.5, name, transform=axes.transAxes, ha="right", va="center")
            if i == 0:
                for column, word in enumerate(column_titles):
                    axes.text((column + 0.5) / columns, 1.04, word, transform=axes.transAxes,
                              ha="center", va="bottom")
        figure.suptitle(title)
    return figure


def steepest(lr, downhill, promised, others):
    """The loss along the negative gradient among that along other directions, and relu with its
    slope.

    lr: (S,) how far; downhill: (S,) the loss there; promised: (S,) the tangent; others: a list of
    (S,)
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 6.8))
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        for i, other in enumerate(others):
            left.plot(lr, other, color="#b9b9b9", linewidth=1.4, label=None if i else "other "
                      "directions, equally long")
        left.plot(lr, downhill, color=TEST, linewidth=4, label="along −dW")
        left.plot(lr, promised, color="black", linestyle="--", linewidth=2, label="promised:  loss "
                  "− lr Σ dW²")
        left.set(title="the loss, a step away", xlabel="lr, the length of the step in units of "
                 "|dW|", ylabel="loss")
        left.legend(frameon=False)
        a = np.linspace(-2, 2, 401)
        right.plot(a, np.maximum(a, 0), color=PALETTE[0], linewidth=4, label="h = max(a, 0)")
        for side, slope in ((a < 0, 0.0), (a > 0, 1.0)):
            right.plot(a[side], np.full(side.sum(), slope), color=TEST, linestyle=":", linewidth=4,
                       label="∂h / ∂a" if slope else None)
        right.plot([0], [0.5], "o", color="black", markersize=11, label="a central difference, at "
                   "the kink")
        right.set(title="relu and its slope", xlabel="a")
        right.legend(frameon=False, loc="upper left")
        figure.suptitle("No direction goes down as fast as the one against the gradient")
    return figure


def kl_landscape(kl, dmu, dlogvar, mu, logvar):
    """KL(N(μ, σ²), N(0, 1)) over the plane of μ and log σ², with the direction in which its
    gradient pulls.

    kl: (V, M) in nats, dmu, dlogvar: (V, M) its gradient, on the grid of mu (M,) and logvar (V,)
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(13, 8))
        axes = figure.subplots()
        levels = [0.02, 0.1, 0.3, 0.7, 1.5, 3, 5, 8]
        axes.contourf(mu, logvar, kl, [0, *levels, kl.max() + 1], cmap=PALE)
        lines = axes.contour(mu, logvar, kl, levels, colors="#1f4e79", linewidths=1.2)
        axes.clabel(lines, fmt=lambda level: f"{level:g}", fontsize=15)
        rows, columns = slice(len(logvar) // 16, None, len(logvar) // 8), slice(len(mu) // 16, None,
                                                                                len(mu) // 8)
        here = (rows, columns)
        length = np.hypot(dmu, dlogvar)[here]
        axes.quiver(mu[columns], logvar[rows], -dmu[here] / length, -dlogvar[here] / length,
                    color=TEST, width=0.004, scale=24, pivot="mid", zorder=3)
        axes.plot([0], [0], "*", color="black", markersize=24)
        axes.grid(False)
        axes.set(xlabel="μ", ylabel="log σ²")
        figure.suptitle("KL(N(μ, σ²), N(0, 1)) in nats: zero at the star alone; arrows against its "
                        "gradient")
    return figure


def posteriors(groups, labels):
    """The posterior of every example in a latent space of two dimensions: an ellipse, one standard
    deviation wide.

    groups: {title: (mu, std)}, both (N, 2); labels: (N,) whole numbers, the colours
    """
    labels = np.asarray(labels)
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 8))
        for axes, (title, (mu, std)) in zip(figure.subplots(1, len(groups), squeeze=False)[0],
                                            groups.items()):
            colours = [DIGITS(int(label) % 10) for label in labels]
            axes.add_collection(EllipseCollection(2 * std[:, 0], 2 * std[:, 1], np.zeros(len(mu)),
                                                  units="xy", offsets=mu,
                                                  offset_transform=axes.transData,
                                                  facecolors=colours, alpha=0.35, linewidths=0))
            axes.scatter(*mu.T, s=7, color=colours)
            for label in np.unique(labels):
                axes.annotate(str(label), np.median(mu[labels == label], axis=0),
                              color=DIGITS(int(label) % 10), fontsize=26, weight="bold",
                              ha="center", va="center", path_effects=HALO)
            # the prior, one and two standard deviations wide
            for radius in (1, 2):
                axes.add_patch(Circle((0, 0), radius, fill=False, linestyle="--", linewidth=2.2))
            low, high = np.minimum(mu.min(axis=0) - std.max(), -2.5), np.maximum(mu.max(axis=0)
                                                                                 + std.max(), 2.5)
            # half a side of the square that holds everything
            reach = 0.52 * (high - low).max()
            left, right = (low + high) / 2 - reach, (low + high) / 2 + reach
            axes.set(title=title, xlim=(left[0], right[0]), ylim=(left[1], right[1]), xlabel="z₁",
                     ylabel="z₂", aspect="equal")
        figure.suptitle("Each test image's posterior, an ellipse one σ wide; dashed: the prior, "
                        "one and two σ wide")
    return figure


def traversal(decode, kl, image_shape, most=10):
    """What each latent dimension does to the image while the others stay at 0, the most informative
    first.

    decode: takes z (N, Z), returns images (N, D); kl: (Z,) in nats per example, as for
    `kl_per_dimension`
    image_shape: (height, width); most: how many dimensions to show
    """
    kl, values, rows = np.asarray(kl, dtype=np.float64), np.linspace(-3, 3, 13), {}
    for j in np.argsort(-kl)[:most]:
        z = np.zeros((len(values), len(kl)))
        z[:, j] = values
        rows[f"{name_of(j)}\n{kl[j]:.2f} nats"] = decode(z)
    each = f"The {most} most active of {len(kl)} latent dimensions, each"
    each = each if len(kl) > most else "Each latent dimension"
    figure = image_rows(rows, image_shape, f"{each} from −3 to 3, the others at 0, decoded",
                        [f"{value:g}".replace("-", "−") for value in values])
    # wide images leave room for names, too
    figure.set_figheight(max(figure.get_figheight(), 1.2 + 0.7 * len(rows)))
    return figure


def name_of(j):
    """How a picture calls latent dimension `j`, which counts from 0: z₁ is the first."""
    return "z" + str(j + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def computation_graph(nodes, edges):
    """A network's graph, every node with its value and, below it, its gradient.

    nodes: {name: (column, row, value, gradient or None)}, two-dimensional arrays of a few numbers
    edges: (from, to, label) each; arrows run with the forward pass
    """
    columns, rows = (1 + max(node[i] for node in nodes.values()) for i in (0, 1))
    # inches: of a place in the grid, of a number
    width, height, cell = 4.4, 4.0, (0.58, 0.38)
    with rc_context({**STYLE, "figure.constrained_layout.use": False}):
        figure = Figure(figsize=(columns * width, rows * height + 0.5))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, columns * width), ylim=(rows * height - 0.1, -0.6))
        axes.axis("off")
        boxes = {}
        for name, (column, row, value, gradient) in nodes.items():
            x, y = (column + 0.5) * width, (row + 0.5) * height
            arrays = [value] if gradient is None else [value, gradient]
            across, tall = value.shape[1] * cell[0], len(arrays) * (value.shape[0] * cell[1] + 0.1)
            top = y - tall / 2
            boxes[name] = x, y, max(across, 0.9) / 2 + 0.1, tall / 2 + 0.45
            shape = "" if value.size == 1 else "  (" + ", ".join(map(str, value.shape)) + ")"
            axes.text(x, top - 0.1, name + shape, ha="center", va="bottom", weight="bold",
                      fontsize=23)
            for array in arrays:
                _numbers(axes, array, x - across / 2, top, cell, digits=3 if array.size == 1 else 2)
                top += value.shape[0] * cell[1] + 0.1
        for start, stop, label in edges:
            _arrow(axes, boxes[start], boxes[stop], label)
        axes.text(0.2, -0.2, "A VAE's computation graph: in each node its value, and below it ∂ "
                  "loss / ∂ node", fontsize=30)
    return figure


def _numbers(axes, array, left, top, cell, digits):
    """A small table of numbers, coloured by sign and size."""
    largest = np.abs(array).max() or 1.0
    for (i, j), number in np.ndenumerate(array):
        corner = left + j * cell[0], top + i * cell[1]
        axes.add_patch(Rectangle(corner, *cell, facecolor=SIGNS(0.5 + 0.5 * number / largest),
                                 edgecolor="white"))
        text = f"{0.0 if round(number, digits) == 0 else number:.{digits}f}".replace("-", "−")
        text = text.replace("0.", ".", 1) if digits == 2 and abs(number) < 1 else text
        axes.text(corner[0] + cell[0] / 2, corner[1] + cell[1] / 2, text, ha="center", va="center",
                  fontsize=15)


def _arrow(axes, start, stop, label):
    """An arrow from the edge of one box to the edge of another; a box: x, y, half its width, half
    its height.
    """
    (x0, y0, w0, h0), (x1, y1, w1, h1) = start, stop
    dx, dy = x1 - x0, y1 - y0
    if abs(dy) < 1e-9:
        ends = (x0 + np.sign(dx) * w0, y0), (x1 - np.sign(dx) * w1, y1)
    elif abs(dx) < 1e-9:
        ends = (x0, y0 + np.sign(dy) * h0), (x1, y1 - np.sign(dy) * h1)
    else:
        ends = ((x0 + np.sign(dx) * w0, y0 + np.sign(dy) * 0.4 * h0),
                (x1 - np.sign(dx) * w1, y1 - np.sign(dy) * 0.4 * h1))
    axes.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "-|>", "color": "#555555",
                                                    "linewidth": 2.2, "mutation_scale": 22,
                                                    "shrinkA": 2, "shrinkB": 2})
    along = 0.74 if dx > 0 and abs(dy) > 1e-9 else 0.5               # where no other arrow crosses
    x, y = ((1 - along) * ends[0][i] + along * ends[1][i] for i in (0, 1))
    label, style = label.replace(" b", "\nb"), {"fontsize": 19, "color": "#333333",
                                                "path_effects": HALO}
    if abs(dy) < 1e-9:
        axes.text(x, y - 0.06, label, ha="center", va="bottom", **style)
    else:
        left = dx > 0 and abs(dx) > 1e-9
        axes.text(x - 0.12 if left else x + 0.1, y, label, ha="right" if left else "left",
                  va="center", **style)


def step_sizes(h, curves):
    """The error of numerical slopes against their step, over what was predicted for it.

    h: (S,) the steps; curves: {name: (error, {formula: predicted})}, each (S,); a formula is
    written beside its line """
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 8))
        axes = figure.subplots()
        for i, (colour, (name, (error, predicted))) in enumerate(zip(PALETTE, curves.items())):
            # others may lie within
            hollow = {"markersize": 14, "markerfacecolor": "none", "markeredgewidth": 2.4}
            axes.loglog(h, error, "o", color=colour, label=name,
                        **(hollow if i == 1 else {"markersize": 9, "markeredgecolor": "white"}))
            for formula, line in predicted.items():
                # the part of it that decides
                near = np.flatnonzero(line > error / 10)
                axes.loglog(h[near], line[near], "--", color=colour, linewidth=2)
                at, rises = near[len(near) // 2], (h[0] - h[-1]) * (line[0] - line[-1]) > 0
                # the first curve's lie above the others'
                below = i > 0 and not rises
                axes.annotate(formula, (h[at], line[at]),
                              xytext=(-14 if rises or below else 14, -26 if below else 12),
                              textcoords="offset points", ha="right" if rises or below else "left",
                              color=colour, fontsize=20, weight="bold", va="top" if below
                              else "bottom", path_effects=HALO)
        lowest, highest = (extreme(np.concatenate([error for error, _ in curves.values()]))
                           for extreme in (min, max))
        axes.set(xlabel="h, the step", ylabel="error of the slope",
                 ylim=(lowest / 10, highest * 10))
        axes.plot([], [], "--", color="black", linewidth=2, label="dashed: predicted")
        axes.legend(frameon=False, loc="upper center", ncols=len(curves) + 1)
        figure.suptitle("A difference pays for a large step and for a small one; the complex step "
                        "only for a large one")
    return figure


def verdicts(right, rows, columns, title):
    """What a check said of every block, a row for each program.

    right: (R, C) booleans; rows, columns: their names; title: above them all
    """
    right = np.asarray(right)
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 1.8 + 0.55 * len(rows)))
        axes = figure.subplots()
        axes.pcolormesh(np.arange(len(columns) + 1), np.arange(len(rows) + 1), right, cmap=VERDICTS,
                        vmin=0, vmax=1, edgecolor="white", linewidth=4)
        for i, j in np.argwhere(~right):
            axes.text(j + 0.5, i + 0.5, "wrong", ha="center", va="center", fontsize=15,
                      color="white", weight="bold")
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns)
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.invert_yaxis()
        axes.grid(False)
        axes.spines[:].set_visible(False)
        figure.suptitle(title)
    return figure


def holes(z, labels, land, corners, spots, triples, distances, usual, image_shape):
    """The latent plane of an auto-encoder, darker where it decodes to no digit, and what it draws
    at some such places.

    z: (N, 2) the codes of images; labels: (N,) whole numbers
    land: (S, S) how far from any digit that is which is decoded there, on a grid between two
    corners, each (2,)
    spots: (K, 2) places half way between two codes; triples: K times (3, D), decoded at the one
    code, there, and at the other; distances: (K,) how far from any digit the middle one is; usual:
    how far a rebuilt image is on average
    """
    letters = "ABCDEFGH"[:len(spots)]
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 9.2))
        names = [["plane", letter] for letter in letters]
        axes = figure.subplot_mosaic(names, width_ratios=[1.75, 1])
        plane, (low, high) = axes["plane"], corners
        sides = [np.linspace(a, b, n) for a, b, n in zip(low, high, reversed(np.shape(land)))]
        # steps of 0.1, as the heights on a map
        shades = (np.floor(10 * usual) + np.arange(9)) / 10
        grey = colormaps["Greys"].with_extremes(under="white", over="#5a5a5a")
        shading = plane.contourf(*sides, land, shades, cmap=grey, vmax=1.2 * shades[-1],
                                 extend="both")
        bar = figure.colorbar(shading, ax=plane, location="bottom", shrink=0.8, aspect=40)
        bar.set_label(f"how far what is decoded is from any digit (images, rebuilt: {usual:.1f})")
        for label in np.unique(labels):
            colour, own = DIGITS(int(label) % 10), z[labels == label]
            plane.scatter(*own.T, s=30, color=colour, edgecolor="white", linewidth=0.4)
            plane.annotate(str(label), np.median(own, axis=0), fontsize=30, weight="bold",
                           color=colour, ha="center", va="center", path_effects=HALO)
        for letter, spot, triple, distance in zip(letters, spots, triples, distances):
            plane.annotate(letter, spot, fontsize=20, weight="bold", color="white", ha="center",
                           va="center", bbox={"boxstyle": "circle,pad=0.25", "facecolor": "black",
                                              "edgecolor": "white"})
            row = axes[letter]
            _show(row, _mosaic(triple, image_shape, 3))
            row.text(-0.04, 0.5, letter, transform=row.transAxes, ha="right", va="center",
                     fontsize=22, weight="bold")
            row.text(1.03, 0.5, f"{distance:.1f}", transform=row.transAxes, ha="left", va="center")
        plane.set(xlabel="z₁", ylabel="z₂", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        plane.grid(False)
        axes["A"].set_title("a code, half way, a code      how far")
        figure.suptitle("Holes: half way between the codes of two digits the decoder draws neither")
    return figure


def beta_images(originals, rows, active, image_shape):
    """Networks trained with different β, one a row: what they rebuild, and what they make of draws
    from the prior.

    originals: (N, D); rows: {beta: (rebuilt (N, D), drawn (N, D))}; active: active units of each,
    as many as rows
    """
    N, D = np.shape(originals)
    rebuilt, drawn = (np.concatenate(images)
                      for images in zip((originals, np.full((N, D), np.nan)), *rows.values()))
    lines = [("original", ""),
             *((f"β = {beta:g}", f"{int(count)} active") for beta, count in zip(rows, active))]
    with rc_context(STYLE):
        across = 5.9 / (N * (image_shape[1] + 1) + 1)                # inches for one pixel
        figure = Figure(figsize=(15, 1.2 + across * (len(lines) * (image_shape[0] + 1) + 1)))
        left, right = figure.subplots(1, 2)
        for axes, images, title in ((left, rebuilt, "test images, rebuilt"), (right, drawn,
                                                                              "drawn from the "
                                                                              "prior")):
            _show(axes, _mosaic(images, image_shape, N))
            axes.set_title(title)
        for i, (name, count) in enumerate(lines):
            height = 1 - (i + 0.5) / len(lines)
            left.text(-0.02, height, name, transform=left.transAxes, ha="right", va="center")
            right.text(1.02, height, count, transform=right.transAxes, ha="left", va="center")
        right.text(0.5, 1 - 0.5 / len(lines), "z ~ N(0, I), in every row the same",
                   transform=right.transAxes, ha="center", va="center")
        figure.suptitle("β buys order among the samples, and pays with the reconstructions")
    return figure


def tug_of_war(epochs, terms, mean_cost, cosines):
    """The two terms of the loss in training, and the angles at which they pull at the encoder.

    epochs: (E,), drawn at equal steps; terms: (E, 2) recon and kl in nats; mean_cost: recon of the
    mean image
    cosines: (E, 2) between the two gradients, on the head for the mean and on that for the log
    variance
    """
    at = np.arange(len(epochs))
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 6.3))
        left, right = figure.subplots(1, 2)
        left.axhline(mean_cost, color="black", linestyle="--", linewidth=1.6, label="recon of the "
                     "mean image")
        for values, colour, label in zip(np.transpose(terms), (TEST, PALETTE[0]), ("recon", "KL")):
            left.plot(at, values, color=colour, linewidth=4, label=label)
        left.set(title="the two terms, training images", ylabel="nats per image", ylim=(-1, None))
        for values, colour, label in zip(np.transpose(cosines), PALETTE[2:], ("on the head for μ",
                                                                              "for log σ²")):
            right.plot(at, values, color=colour, marker="o", label=label)
        right.set(title="cosine between their pulls", ylim=(-1.1, 1.1))
        right.set_yticks([-1, 0, 1], ["opposite\n−1", "0", "same way\n+1"])
        for axes in (left, right):
            axes.set_xticks(at, [f"{epoch:g}" for epoch in epochs], fontsize=14)
            axes.set_xlabel("epoch (not to scale)")
            axes.legend(frameon=False, loc="upper right")
        figure.suptitle("First the mean image; then the code opens, and the two terms pull against "
                        "each other")
    return figure


def price_of_code(betas, kl, recon, outside=None):
    """What networks trained with different β pay in KL and get in reconstruction, with lines of
    slope -β.

    betas: ascending, above 0; kl, recon: of each, in nats; outside: β and kl of one too far to the
    right to be drawn """
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 7))
        axes = figure.subplots()
        axes.plot(kl, recon, color=TRAIN)
        width, height = max(np.ptp(kl), 1e-9), max(np.ptp(recon), 1e-9)
        names = {}
        for beta, across, up in zip(betas, kl, recon):
            axes.plot(across, up, "o", color=TEST, markersize=13, markeredgecolor="white")
            # such points share a name
            near = [place for place in names if abs(place[0] - across) < 0.02 * width]
            names.setdefault(near[0] if near else (across, up), []).append(f"{beta:g}")
        for i, ((across, up), values) in enumerate(names.items()):
            # where several points are one, lines would tangle
            if len(values) == 1:
                beta = float(values[0])
                # a steep line would leave the picture
                reach = min(0.16 * width, 0.2 * height / beta)
                axes.plot([across - reach, across + reach], [up + beta * reach, up - beta * reach],
                          color=PALETTE[4], linestyle=":", linewidth=2.4, zorder=1, label=None if i
                          else "slope −β")
            axes.annotate(f"β = {' and '.join(values)}", (across, up), xytext=(16, 8), textcoords="offset points",
                          fontsize=20, color=TEST, weight="bold", path_effects=HALO)
        axes.set(xlabel="KL: what the code says, nats per image", ylabel="recon, nats per image")
        axes.margins(0.1)
        axes.set_xlim(left=min(kl) - 0.03 * width)
        if outside and outside[1] > 2 * axes.get_xlim()[1]:
            axes.text(0.98, 0.04, f"β = {outside[0]:g} lies far to the right, at KL "
                      f"{outside[1]:.0f}  →", transform=axes.transAxes, ha="right", fontsize=17,
                      color=TEST)
        axes.legend(frameon=False)
        figure.suptitle("β is a price: what a nat of code must earn in reconstruction")
    return figure


def bound_and_gap(bounds, gaps, log_px, K, L):
    """For several q, the lower bound of log p(x) with the KL that it lacks on top; and how samples
    tighten the bound.

    bounds, gaps: {name of q: nats}, in the same order; log_px: log p(x)
    K: (S,) samples; L: (S,) the importance-weighted bound with that many
    """
    names, low = list(bounds), min(bounds.values())
    foot = low - 0.25 * (log_px - low)                                       # where the bars stand
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 7))
        left, right = figure.subplots(1, 2, width_ratios=[1.35, 1])
        for i, name in enumerate(names):
            bound, gap = bounds[name], gaps[name]
            left.bar(i, bound - foot, bottom=foot, width=0.66, color=PALETTE[0], label=None if i
                     else "the bound")
            left.bar(i, gap, bottom=bound, width=0.66, color="#f0b08c", label=None if i else "KL(q, posterior)")
            left.annotate(f"{gap:.2f}", (i, log_px), xytext=(0, 6), textcoords="offset points",
                          ha="center", va="bottom", color=TEST, weight="bold")
        left.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names])
        left.set(xlabel="q", ylabel="nats", title="every q: bound + KL = log p(x)",
                 ylim=(foot, log_px + 0.36 * (log_px - foot)))
        left.grid(axis="x", visible=False)
        right.plot(K, L, "o-", color=PALETTE[0], markersize=9, markeredgecolor="white", label="the "
                   "bound, K samples")
        right.set(xscale="log", xlabel="K samples of z", title=f"q {names[2]}: more samples")
        for axes in (left, right):
            axes.axhline(log_px, color="black", linestyle="--", linewidth=2, label="log p(x)")
        left.legend(frameon=False, loc="upper left", ncols=3, columnspacing=1, handlelength=1.5)
        right.legend(frameon=False, loc="lower right")
        figure.suptitle("Whatever q one tries, the bound stays below log p(x), and the gap is a KL")
    return figure


def line_by_line(blocks, columns, title):
    """Lines of one program beside those of another: what belongs together lies on one band of
    colour.

    blocks: pairs of lists of lines, left and right; columns: what the two sides are; title: above
    all
    """
    gap, left, right = 0.3, max(len(line) for lines, _ in blocks for line in lines) + 2, 8
    # in characters
    width = left + right + max(len(line) for _, lines in blocks for line in lines) + 2
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 1.4 + 0.42
                                 * sum(max(map(len, pair)) + gap for pair in blocks)))
        axes = figure.subplots()
        top = 0.0
        for number, (ours, theirs) in enumerate(blocks):
            colour = DIGITS(number % 10)
            bottom = top + max(len(ours), len(theirs))
            axes.fill([0, left, left + right, width, width, left + right, left, 0],
                      [top, top, top, top, bottom, bottom, bottom, bottom], color=colour,
                      alpha=0.16, linewidth=0)
            axes.fill([0, 0.6, 0.6, 0], [top, top, bottom, bottom], color=colour, linewidth=0)
            for start, lines in ((1.6, ours), (left + right, theirs)):
                first = (top + bottom - len(lines)) / 2 + 0.5
                for i, line in enumerate(lines):
                    axes.text(start, first + i, line, family="monospace", fontsize=14.5,
                              va="center_baseline")
            axes.annotate("", (left + right - 1.5, (top + bottom) / 2),
                          (left + 1, (top + bottom) / 2), arrowprops={"arrowstyle": "<|-|>",
                                                                      "color": colour,
                                                                      "linewidth": 2.2})
            top = bottom + gap
        for start, name, arrow in ((1.6, columns[0], "↓"), (left + right, columns[1], "↑")):
            axes.text(start, -0.8, f"{arrow} {name}", fontsize=18, weight="bold", va="center")
        axes.set(xlim=(0, width), ylim=(top, -1.5))
        axes.axis("off")
        figure.suptitle(title)
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
