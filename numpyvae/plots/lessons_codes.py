"""Figures of one lesson each, about codes: what they mean, and what lies between them.

    01_autoencoder              holes
    02_point_or_distribution    wager, price_of_doubt, point_or_distribution
    06_kl_divergence            kl_landscape, posteriors
"""
import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.patches import Circle

from .latent_space import write_labels
from .lines import curves
from .paper import GREYS, PALE, PALETTE, TEST, Sheet, colour_of, on_paper, show_images


# ---------------------------------------------------------------------- lesson 01

@on_paper
def holes(z, labels, land, corners, ways, triples, distances, usual, image_shape):
    """An auto-encoder's latent plane, darker where it decodes to no digit, and what it draws there.

    z: (N, 2) the codes of images; labels: (N,) whole numbers; image_shape: (height, width)
    land: (S, S) how far from any digit the decoded image is, on a grid between the two `corners`
    ways: (K, 2, 2) the two codes at whose middle we look; triples: (K, 3, D) decoded from the one
    code, the middle, and the other code; distances: (K,) how far from any digit the middle one is
    usual: how far from any digit a rebuilt image is, on average
    """
    letters = "ABCDEFGH"[:len(ways)]
    figure = Sheet(figsize=(15, 9.2))
    axes = figure.subplot_mosaic([["plane", letter] for letter in letters], width_ratios=[1.75, 1])
    plane = axes["plane"]
    shading = _shade(plane, land, corners, usual)
    bar = figure.colorbar(shading, ax=plane, location="bottom", shrink=0.8, aspect=40)
    bar.set_label(f"how far what is decoded is from any digit (images, rebuilt: {usual:.1f})")
    for label in np.unique(labels):
        plane.scatter(*z[labels == label].T, s=30, color=colour_of(label), edgecolor="white",
                      linewidth=0.4)
    write_labels(plane, z, labels, fontsize=30)
    for letter, way, triple, distance in zip(letters, ways, triples, distances):
        _way(plane, letter, way)
        row = axes[letter]
        show_images(row, triple, image_shape, columns=3)
        row.text(-0.04, 0.5, letter, transform=row.transAxes, ha="right", va="center", fontsize=22,
                 weight="bold")
        row.text(1.03, 0.5, f"{distance:.1f}", transform=row.transAxes, ha="left", va="center")
    axes["A"].set_title("a code, half way, a code      how far")
    figure.suptitle("Holes: half way between the codes of two digits the decoder draws neither")
    return figure


def _way(plane, letter, way):
    """A line between two codes, a dot at either end, and the letter in its middle."""
    plane.plot(*np.transpose(way), color="black", linewidth=2, marker="o", markersize=9,
               markeredgecolor="white")
    plane.annotate(letter, np.mean(way, axis=0), fontsize=20, weight="bold", color="white",
                   ha="center", va="center",
                   bbox={"boxstyle": "circle,pad=0.25", "facecolor": "black", "edgecolor": "white"})


def _shade(plane, land, corners, usual):
    """Shade the plane as a map shades heights, in steps of 0.1 from the usual distance up."""
    (left, bottom), (right, top) = corners
    rows, columns = np.shape(land)
    shades = (np.floor(10 * usual) + np.arange(9)) / 10
    grey = GREYS.with_extremes(under="white", over="#5a5a5a")
    plane.set(xlabel="z₁", ylabel="z₂", xlim=(left, right), ylim=(bottom, top))
    plane.grid(False)
    return plane.contourf(np.linspace(left, right, columns), np.linspace(bottom, top, rows), land,
                          shades, cmap=grey, vmax=1.2 * shades[-1], extend="both")


# ---------------------------------------------------------------------- lesson 02

def wager(answers):
    """Answers to a question whose truth lies anywhere from -1 to 1: bell curves, and their prices.

    answers: {name: (m, s)}, a middle and a width each
    """
    t = np.linspace(-1.8, 1.8, 721)
    s = np.geomspace(0.1, 3, 200)
    bells = {"the truth, uniform": (t, np.where(np.abs(t) <= 1, 0.5, 0.0))}
    for name, (middle, width) in answers.items():
        height = np.exp(-0.5 * ((t - middle) / width) ** 2) / (width * np.sqrt(2 * np.pi))
        bells[name] = t, height
    costs, lowest = {}, {}
    for m in (1, 0.5, 0):
        best = np.sqrt(1 / 3 + m * m)
        costs[f"m = {m:g}"]   = s, _mean_cost(m, s)
        lowest[f"_m = {m:g}"] = [best], [_mean_cost(m, best)]
    left  = {"lines": bells, "title": "answers", "xlabel": "t, from a frown to a smile",
             "ylabel": "density", "ylim": (0, 5.5)}
    right = {"lines": costs, "points": lowest, "title": "what they cost, least at the dots",
             "xlabel": "s, the width of the answer", "ylabel": "mean cost, nats", "ylim": (0.5, 5)}
    return curves([left, right], "A wager on a mouth that nobody saw")


def _mean_cost(m, s):
    """The mean of -log N(t; m, s²) over all t from -1 to 1."""
    return np.log(s) + 0.5 * np.log(2 * np.pi) + (1 / 3 + m * m) / (2 * s * s)


def price_of_doubt(sigmas, kl, recon, chosen, name):
    """What the σ of one latent dimension costs, in a panel for each condition.

    sigmas, kl: (S,) widths, and the KL's part of the price; recon: {title: (S,)}, the other part
    chosen: {title: number}, the σ that the encoder chose; name: of the dimension
    """
    panels = [{"lines": {"their sum": (sigmas, recon[title] + kl),         # the others lie above it
                         "recon: what noise costs": (sigmas, recon[title]),
                         "KL: what narrowness costs": (sigmas, kl)},
               "upright": {"chosen by the encoder": chosen[title]}, "title": title,
               "xlabel": f"σ of {name}", "ylabel": "nats", "ylim": (-0.2, 6)} for title in recon]
    return curves(panels, "What σ costs: a covered mouth is not charged, and only the KL is left")


@on_paper
def point_or_distribution(seen, decoded, points, smiles, point_smiles, truth, image_shape):
    """What a VAE and an auto-encoder answer when a mouth is visible, and when it is covered.

    Of each pair the first is for the visible mouth, the second for the covered one.
    seen: (2, D) what both networks were shown, NaN where covered; points: (2, D) the auto-encoder's
    answers; decoded: (2, S, D) the VAE's answers, from S samples of its posterior
    point_smiles: (2,), smiles: (2, S) how much these answers smile, from -1, a frown, to 1, a smile
    truth: the smile that the face was drawn with; image_shape: (height, width)
    """
    some = np.linspace(0, decoded.shape[1] - 1, 8).astype(int)
    figure = Sheet(figsize=(15, 9.8))
    axes = figure.subplot_mosaic([["seen0", "vae0", "ae0"],
                                  ["seen1", "vae1", "ae1"],
                                  ["smiles"] * 3],
                                 width_ratios=[1, len(some), 1], height_ratios=[1, 1, 2.5])
    for i, (word, colour) in enumerate((("mouth\nvisible", PALETTE[0]), ("mouth\ncovered", TEST))):
        by_smile = decoded[i][np.argsort(smiles[i])]
        left = axes[f"seen{i}"]
        show_images(left, seen[i:i + 1], image_shape, columns=1)
        show_images(axes[f"vae{i}"], by_smile[some], image_shape, columns=len(some))
        show_images(axes[f"ae{i}"], points[i:i + 1], image_shape, columns=1)
        left.text(-0.15, 0.5, word, transform=left.transAxes, ha="right", va="center", color=colour,
                  weight="bold", fontsize=20)
        _smiles(axes["smiles"], smiles[i], point_smiles[i], colour, word.replace("\n", " "))
    axes["seen0"].set_title("seen")
    axes["vae0"].set_title(f"the VAE: {len(some)} of {len(smiles[0])} decoded samples of z, "
                           "the least smile first")
    axes["ae0"].set_title("the AE")
    below = axes["smiles"]
    below.axvline(truth, color="black", linestyle="--", linewidth=2,
                  label="the face as it was drawn")
    below.legend(frameon=False, loc="upper left")
    figure.suptitle("A smile that nobody saw: the VAE answers with a range, the auto-encoder "
                    "with a point")
    return figure


def _smiles(axes, smiles, point_smile, colour, word):
    """The distribution of the VAE's answers, and the auto-encoder's single one."""
    bins = np.linspace(-1.35, 1.35, 19)
    axes.hist(smiles, bins, density=True, color=colour, alpha=0.7, label=f"VAE, {word}")
    axes.axvline(point_smile, color=colour, linestyle=":", linewidth=5,
                 label=f"auto-encoder, {word}")
    axes.set(xlim=(bins[0], bins[-1]), yticks=[], xlabel="how much the decoded face smiles")
    axes.set_xticks([-1, 0, 1], ["frown", "neither", "smile"])


# ---------------------------------------------------------------------- lesson 06

@on_paper
def kl_landscape(kl, dmu, dlogvar, mu, logvar):
    """KL(N(μ, σ²), N(0, 1)) over the plane of μ and log σ², with arrows against its gradient.

    kl: (V, M) in nats; dmu, dlogvar: (V, M) its gradient; mu: (M,), logvar: (V,) the grid
    """
    levels = [0.02, 0.1, 0.3, 0.7, 1.5, 3, 5, 8]
    figure = Sheet(figsize=(13, 8))
    axes = figure.subplots()
    axes.contourf(mu, logvar, kl, [0, *levels, kl.max() + 1], cmap=PALE)
    lines = axes.contour(mu, logvar, kl, levels, colors="#1f4e79", linewidths=1.2)
    axes.clabel(lines, fmt=lambda level: f"{level:g}", fontsize=15)
    rows    = slice(len(logvar) // 16, None, len(logvar) // 8)    # eight arrows each way
    columns = slice(len(mu) // 16, None, len(mu) // 8)
    right, up = -dmu[rows, columns], -dlogvar[rows, columns]
    length = np.hypot(right, up)
    axes.quiver(mu[columns], logvar[rows], right / length, up / length, color=TEST, width=0.004,
                scale=24, pivot="mid", zorder=3)
    axes.plot([0], [0], "*", color="black", markersize=24)
    axes.grid(False)
    axes.set(xlabel="μ", ylabel="log σ²")
    figure.suptitle("KL(N(μ, σ²), N(0, 1)) in nats: zero at the star alone; arrows against its "
                    "gradient")
    return figure


@on_paper
def posteriors(groups, labels):
    """The posterior of every example in a latent plane: an ellipse, one standard deviation wide.

    groups: {title: (mu, std)}, both (N, 2); labels: (N,) whole numbers, the colours
    """
    labels = np.asarray(labels)
    figure = Sheet(figsize=(15, 8))
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (title, (mu, std)) in zip(panels, groups.items()):
        _ellipses(axes, mu, std, [colour_of(label) for label in labels])
        write_labels(axes, mu, labels, fontsize=26)
        for radius in (1, 2):                                     # of the prior, in its own σ
            axes.add_patch(Circle((0, 0), radius, fill=False, linestyle="--", linewidth=2.2))
        (left, bottom), (right, top) = _square_around(mu, std)
        axes.set(title=title, xlim=(left, right), ylim=(bottom, top), xlabel="z₁", ylabel="z₂",
                 aspect="equal")
    figure.suptitle("Each test image's posterior, one σ wide; dashed: the prior, one and two σ. "
                    "Mind the scales")
    return figure


def _ellipses(axes, mu, std, colours):
    width, height = 2 * std.T
    ellipses = EllipseCollection(width, height, np.zeros(len(mu)), units="xy", offsets=mu,
                                 offset_transform=axes.transData, facecolors=colours, alpha=0.15,
                                 linewidths=0)
    axes.add_collection(ellipses)
    axes.scatter(*mu.T, s=7, color=colours)


def _square_around(mu, std):
    """Two opposite corners of a square that holds all ellipses, and the prior's circles."""
    low  = np.minimum(mu.min(axis=0) - std.max(), -2.5)
    high = np.maximum(mu.max(axis=0) + std.max(), 2.5)
    reach = 0.52 * (high - low).max()                             # half a side
    middle = (low + high) / 2
    return middle - reach, middle + reach
