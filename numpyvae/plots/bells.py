"""Pictures of bell curves: what a KL divergence is, who pulls at a code, how near q comes.

    two_bells             q and p, and the KL divergence as an area
    two_pulls             the tug of war on one code: two prices, and their sum
    ellipses_on_posterior each q as an ellipse on the true posterior
    planes                the latent plane at several moments of a training
"""
import numpy as np
from matplotlib.patches import Ellipse

from .latent_space import write_labels
from .paper import PALE, PALETTE, TEST, Sheet, colour_of, on_paper


@on_paper
def two_bells(mu, std):
    """The densities q = N(mu, std²) and p = N(0, 1), and below them q log(q/p), whose area is their
    KL divergence.

    mu, std: numbers, std above 0
    """
    z     = np.linspace(min(-4, mu - 4 * std), max(4, mu + 4 * std), 1201)
    q     = np.exp(-0.5 * ((z - mu) / std) ** 2) / (std * np.sqrt(2 * np.pi))
    p     = np.exp(-0.5 * z ** 2) / np.sqrt(2 * np.pi)
    log_r = 0.5 * z ** 2 - 0.5 * ((z - mu) / std) ** 2 - np.log(std)
    price = q * log_r
    kl    = 0.5 * (mu ** 2 + std ** 2 - 1) - np.log(std)
    figure = Sheet(figsize=(14, 9))
    above, below = figure.subplots(2, 1, sharex=True)
    answer = f"q = N({mu:g}, {std:g}²), the encoder's answer"
    above.plot(z, q, color=TEST, linewidth=4, label=answer)
    above.plot(z, p, color=PALETTE[0], linewidth=4, label="p = N(0, 1), the prior")
    above.set(ylabel="density", ylim=(0, None))
    above.legend(frameon=False, loc="upper left")
    below.fill_between(z, price, where=price > 0, color="#f5a46b", label="q above p: paid")
    below.fill_between(z, price, where=price < 0, color="#7fb0e0", label="q below p: given back")
    below.plot(z, price, color="black", linewidth=1.5)
    below.axhline(0, color="black", linewidth=1)
    below.set(xlabel="z", ylabel="q log(q / p)")
    below.legend(frameon=False, loc="upper left")
    figure.suptitle(f"The KL divergence is an area: orange less blue, {kl:.3f} nats")
    return figure


@on_paper
def two_pulls(wish, s):
    """What a code's mean costs: to miss the image's wish, to leave the prior's origin, and both.

    wish: where the image wants z; s: how much it minds to miss it (a standard deviation)
    """
    mu    = np.linspace(-0.5, wish + 0.7, 600)
    image = 0.5 * ((mu - wish) / s) ** 2
    prior = 0.5 * mu ** 2
    best  = wish / (1 + s ** 2)
    least = 0.5 * ((best - wish) / s) ** 2 + 0.5 * best ** 2
    figure = Sheet(figsize=(14, 7.5))
    axes = figure.subplots()
    missed = f"reconstruction:  ½ (μ − {wish:g})² / s²"
    both   = f"the loss, their sum: least at {wish:g} / (1 + s²) = {best:.2f}"
    axes.plot(mu, image, color=TEST, linewidth=3.5, label=missed)
    axes.plot(mu, prior, color=PALETTE[0], linewidth=3.5, label="KL:  ½ μ²")
    axes.plot(mu, image + prior, color="black", linewidth=4, label=both)
    axes.plot([best], [least], "o", color="black", markersize=16)
    for start, stop, colour in ((best, wish, TEST), (best, 0.0, PALETTE[0])):
        axes.annotate("", (best + 0.45 * (stop - start), 0.25), (best, 0.25),
                      arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 4,
                                  "mutation_scale": 30})
    axes.set(xlabel="μ, the mean of the code", ylabel="nats", ylim=(0, 3 * least))
    axes.legend(frameon=False, loc="upper center")
    figure.suptitle(f"A tug of war: the image wants {wish:g}, the prior wants 0 (s = {s:g})")
    return figure


@on_paper
def ellipses_on_posterior(mean, cov, qs):
    """The true posterior in a plane, as levels, and each q over it, an ellipse one σ wide.

    mean: (2,), cov: (2, 2), of the posterior; qs: {name: (mu, S)}, a mean and a covariance each
    """
    figure = Sheet(figsize=(13, 10))
    axes   = figure.subplots()
    reach  = 3.2 * np.sqrt(np.linalg.eigvalsh(cov)[-1])
    grid   = np.linspace(-reach, reach, 301)
    X, Y   = np.meshgrid(grid, grid)
    away   = np.stack([X, Y], axis=-1)
    square = np.einsum("...i,ij,...j", away, np.linalg.inv(cov), away)
    axes.contourf(mean[0] + grid, mean[1] + grid, np.exp(-0.5 * square), 12, cmap=PALE)
    for (name, (mu, S)), colour in zip(qs.items(), PALETTE[1:] + PALETTE[:1]):
        spread, axis = np.linalg.eigh(S)
        angle = np.degrees(np.arctan2(axis[1, -1], axis[0, -1]))
        axes.add_patch(Ellipse(mu, 2 * np.sqrt(spread[-1]), 2 * np.sqrt(spread[0]), angle=angle,
                               fill=False, edgecolor=colour, linewidth=4, label=name))
        axes.plot(*mu, "o", color=colour, markersize=9)
    shown   = [*qs.values(), (mean, 4 * cov)]
    corners = [mu + side * np.sqrt(np.diag(S)) for mu, S in shown for side in (-1, 1)]
    low     = np.min(corners, axis=0) - 0.15
    high    = np.max(corners, axis=0) + 0.15
    axes.set(xlabel="z₁", ylabel="z₂", aspect="equal", xlim=(low[0], high[0]),
             ylim=(low[1], high[1]))
    axes.grid(False)
    axes.legend(loc="upper left", framealpha=0.9)
    figure.suptitle("Shaded: the true posterior. Each q: an ellipse, one σ wide")
    return figure


@on_paper
def planes(moments, labels):
    """The codes of the same images at several moments of a training: small multiples.

    moments: {title: (N, 2) codes}; labels: (N,) whole numbers, the colours
    """
    labels = np.asarray(labels)
    columns = min(len(moments), 3)
    rows    = -(-len(moments) // columns)
    figure  = Sheet(figsize=(15, 0.8 + 5.1 * rows))
    panels  = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, (title, mu) in zip(panels, moments.items()):
        axes.scatter(*mu.T, s=22, color=[colour_of(label) for label in labels])
        write_labels(axes, mu, labels, fontsize=22)
        axes.set(title=title, aspect="equal")
    for axes in panels[len(moments):]:
        axes.axis("off")
    figure.suptitle("The same images in the latent plane, as the network learns")
    return figure
