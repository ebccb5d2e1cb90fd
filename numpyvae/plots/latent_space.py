"""Latent space: where the codes lie, which dimensions are used, and what each of them draws."""
from statistics import NormalDist

import numpy as np

from ..evaluate import USED
from .images import image_rows
from .paper import HALO, TEST, TRAIN, Sheet, colour_of, on_paper, show_images, small

BARS  = 200                           # of the latent dimensions that are drawn at most, so many
NAMED = 40                            # have room for their numbers
KINDS = 50                            # labels that can be told apart


def name_of(j):
    """What the pictures call latent dimension `j`, counted from 0: z₁ is the first."""
    return "z" + str(j + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


@on_paper
def latent_scatter(mu, labels=None, codes_are="the mean of its code", M=None, of=None):
    """Where the encoder puts the examples; if Z > 2, in the plane in which they spread most.

    mu: (N, Z) the means of the posteriors, or the codes of an ordinary auto-encoder
    labels: (N,) whole numbers, or None; of more than 50 kinds they are not shown
    codes_are: what mu is, in words
    M: (C, Z) the mean of each class's prior, marked with a cross, or None
    of: how many test images there are, if these are only some of them
    """
    mu = np.asarray(mu, dtype=np.float64)
    M = np.zeros((0, mu.shape[1])) if M is None else np.asarray(M, dtype=np.float64)
    N, Z = mu.shape
    if labels is not None and len(np.unique(labels)) > KINDS:
        labels = None
    groups = np.zeros(N, int) if labels is None else np.asarray(labels)
    these = f"{N} test images" if of in (None, N) else f"{N} of {of} test images"
    names, title = ["z₁", "z₂"], f"{these} in latent space, each at {codes_are}"
    if Z == 1:
        mu = np.column_stack([mu, groups])                    # each label at a height of its own
        M = np.column_stack([M, np.arange(len(M))])
        names = ["z₁", "" if labels is None else "label"]
    if Z > 2:
        mu, M, names = _widest_plane(mu, M)
        title = f"{these} in the plane where their codes spread most"

    figure = Sheet(figsize=(12, 9.5))
    axes = figure.subplots()
    size = 70 if N <= 2000 else 20
    for label in np.unique(groups):
        axes.scatter(*mu[groups == label].T, s=size, color=colour_of(label), alpha=0.75,
                     edgecolor="white", linewidth=0.6)
    for label, mean in enumerate(M):
        axes.plot(*mean, "X", color=colour_of(label), markersize=26, markeredgecolor="black",
                  markeredgewidth=2, zorder=2.5)          # below the labels
    if Z == 1:
        axes.set_yticks([] if labels is None else np.unique(groups))
    else:
        axes.set_aspect("equal", adjustable="datalim")
        if labels is not None:
            write_labels(axes, mu, groups, fontsize=34)
    axes.set(xlabel=names[0], ylabel=names[1])
    if len(M):
        title = f"{these}, and a cross for the mean of each class's prior"
    figure.suptitle(title)
    return figure


def write_labels(axes, points, labels, fontsize):
    """Write each label, in its colour, where its points lie densest.

    points: (N, 2); labels: (N,) whole numbers
    """
    for label in np.unique(labels):
        axes.annotate(str(label), _densest(points[labels == label]), fontsize=fontsize,
                      weight="bold", color=colour_of(label), ha="center", va="center",
                      path_effects=HALO)


def _densest(points):
    """The middle of that third of the points which lies closest together. A median will not do: of
    two groups it may lie between, where no point is.
    """
    some    = points[:512]                                    # enough, of very many
    squares = np.square(some[:, None] - some).sum(axis=2)
    nearest = np.argsort(squares, axis=1)[:, :1 + len(some) // 3]
    reach   = np.take_along_axis(squares, nearest, axis=1)[:, -1]
    return some[nearest[reach.argmin()]].mean(axis=0)


def _widest_plane(mu, M):
    """mu and M along mu's first two principal axes; and what to call these, with their shares."""
    centred = mu - mu.mean(axis=0)
    spread, directions = _principal_axes(centred)
    shares = np.abs(spread[[-1, -2]]) / (spread.sum() or 1)
    names = [f"{nth} principal axis  ({share:.0%} of the variance)"
             for nth, share in zip(("1st", "2nd"), shares)]
    plane = directions[:, [-1, -2]]
    return centred @ plane, (M - mu.mean(axis=0)) @ plane, names


def _principal_axes(centred):
    """How far the rows of (N, Z) spread, and along which directions, two at least; largest last."""
    N, Z = centred.shape
    if N >= Z:
        return np.linalg.eigh(centred.T @ centred)
    rows = np.pad(centred, ((2, 0), (0, 0)))                  # two directions even of one row
    spread, weights = np.linalg.eigh(rows @ rows.T)           # (N + 2, N + 2): Z may be large
    directions = rows.T @ weights
    lengths    = np.linalg.norm(directions, axis=0)
    real       = lengths > 1e-6 * lengths.max()               # the others are rounding
    return spread, directions * real / np.where(real, lengths, 1)


@on_paper
def kl_per_dimension(kl):
    """How much each latent dimension tells the decoder, the most informative first.

    kl: (Z,) in nats per example
    """
    kl = np.asarray(kl, dtype=np.float64)
    order = np.argsort(-kl)[:BARS]
    Z, used, bars = len(kl), int((kl > USED).sum()), len(order)
    figure = Sheet(figsize=(12, 6.5))
    axes = figure.subplots()
    axes.bar(range(bars), kl[order], color=[TEST if kl[j] > USED else TRAIN for j in order])
    axes.axhline(USED, color="black", linestyle="--", linewidth=1.2)
    _write_numbers(axes, kl, order[:Z if Z <= 24 else min(used, NAMED)])
    first = "" if bars == Z else f"{bars} "
    axes.set(xlabel=f"latent dimension, the {first}most informative first",
             ylabel="KL, nats per image", xlim=(-0.7, max(6, bars) - 0.3),
             ylim=(0, 1.12 * max(kl.max(), 2 * USED)))
    axes.grid(axis="x", visible=False)
    are = "is" if used == 1 else "are"
    figure.suptitle(f"KL of each latent dimension: {used} of {Z} {are} used "
                    f"(more than {USED} nats); {kl.sum():.1f} in all")
    return figure


def _write_numbers(axes, kl, named):
    """Write the KL of the dimensions `named` above their bars, and below them which they are."""
    fontsize, digits = (15, ".2g") if len(named) <= 16 else (12, ".1f")
    for i, j in enumerate(named):
        axes.annotate(f"{kl[j]:{digits}}", (i, max(kl[j], 0)), xytext=(0, 4),
                      textcoords="offset points", ha="center", fontsize=fontsize,
                      path_effects=HALO)
    axes.set_xticks(range(len(named)), [str(j + 1) for j in named], fontsize=fontsize)


@on_paper
def manifold(decode, image_shape, side=16, mean=(0, 0), std=(1, 1)):
    """The plane of two latent dimensions, decoded on a grid whose steps are equally probable.

    decode: takes z (N, 2), returns images (N, D); image_shape: (height, width)
    side: the number of images along each side
    mean, std: of each dimension under the prior; it is taken to be normal
    Source: Kingma & Welling 2014, figure 4.
    """
    across, upwards = [[NormalDist(m, s).inv_cdf((i + 0.5) / side) for i in range(side)]
                       for m, s in zip(mean, std)]
    grid = np.array([(z1, z2) for z2 in reversed(upwards) for z1 in across])
    images, (height, width) = small(decode, grid, image_shape, side)
    figure = Sheet(figsize=(11, 11.3))
    axes = figure.subplots()
    show_images(axes, images, (height, width), side)
    axes.axis("on")
    ticks = sorted({round(i) for i in np.linspace(0, side - 1, 4 - side % 2)})
    names = [[f"{z[i]:.1f}".replace("-", "−") for i in ticks] for z in (across, upwards)]
    axes.set_xticks([(i + 0.5) * (width + 1) for i in ticks], names[0])
    axes.set_yticks([(side - i - 0.5) * (height + 1) for i in ticks], names[1])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="z₁, in steps that are equally probable", ylabel="z₂, likewise")
    figure.suptitle("The latent plane: each image decoded where it stands")
    return figure


def traversal(decode, kl, image_shape, most=10):
    """What each latent dimension changes in the image, the others at 0; the most active first.

    decode: takes z (N, Z), returns images (N, D); kl: (Z,) in nats per example
    image_shape: (height, width); most: the number of dimensions to show
    """
    kl = np.asarray(kl, dtype=np.float64)
    values = np.linspace(-3, 3, 13)
    rows = {}
    for j in np.argsort(-kl)[:most]:
        z = np.zeros((len(values), len(kl)))
        z[:, j] = values
        images, shape = small(decode, z, image_shape, len(values))
        rows[f"{name_of(j)}\n{kl[j]:.2f} nats"] = images
    each = "Each latent dimension"
    if len(kl) > most:
        each = f"The {most} most active of {len(kl)} latent dimensions, each"
    figure = image_rows(rows, shape, f"{each} from −3 to 3, the others at 0, decoded",
                        [f"{value:g}".replace("-", "−") for value in values])
    enough = 1.2 + 0.7 * len(rows)                            # for the names, if images are wide
    figure.set_figheight(max(figure.get_figheight(), enough))
    return figure
