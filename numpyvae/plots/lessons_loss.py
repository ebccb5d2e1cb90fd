"""Figures of one lesson each, about the loss: its two terms, and the price β.

    09_train                       tug_of_war, beta_images, price_of_code
"""
import numpy as np

from .paper import HALO, PALETTE, TEST, TRAIN, Sheet, on_paper, show_images


# ---------------------------------------------------------------------- lesson 09

@on_paper
def tug_of_war(epochs, terms, mean_cost, cosines, acts):
    """The two terms of the loss during training, and how their gradients pull at the encoder.

    epochs: (E,), drawn at equal distances; terms: (E, 2) recon and kl, in nats; mean_cost: recon of
    the mean image, in nats; cosines: (E, 2) between the gradients of the two terms, on the head for
    the mean and on the head for the log variance; acts: {name: the epoch with which it begins}
    """
    at = np.arange(len(epochs))
    recon, kl = np.transpose(terms)
    on_mu, on_logvar = np.transpose(cosines)
    figure = Sheet(figsize=(15, 8))
    panels = figure.subplot_mosaic([["recon", "pulls"], ["kl", "pulls"]])
    above, below, right = panels["recon"], panels["kl"], panels["pulls"]
    above.axhline(mean_cost, color="black", linestyle="--", linewidth=1.6,
                  label="recon of the mean image")
    above.plot(at, recon, color=TEST, linewidth=4)
    above.set(title="recon, training images", ylabel="nats per image")
    below.plot(at, kl, color=PALETTE[0], linewidth=4)
    below.set(title="KL", ylabel="nats per image", ylim=(0, 1.3 * max(kl)))
    right.plot(at, on_mu,     color=PALETTE[2], marker="o", label="on the head for μ")
    right.plot(at, on_logvar, color=PALETTE[3], marker="o", label="for log σ²")
    right.set(title="cosine between their pulls", ylim=(-1.1, 1.1))
    right.set_yticks([-1, 0, 1], ["opposite\n−1", "0", "same way\n+1"])
    for axes in (above, below, right):
        _mark_acts(axes, np.asarray(epochs), acts, named=axes is not above)
        axes.set_xticks(at, [f"{epoch:g}" for epoch in epochs], fontsize=14)
    for axes in (below, right):
        axes.set_xlabel("epoch (not to scale)")
    above.legend(frameon=False, loc="upper right")
    right.legend(frameon=False, loc="center right")
    figure.suptitle("First the mean image; then the code opens, and the two terms pull against "
                    "each other")
    return figure


def _mark_acts(axes, epochs, acts, named):
    """Shade every other act, and write their names along the top."""
    starts = [np.searchsorted(epochs, start) for start in acts.values()]
    ends   = [*starts[1:], len(epochs) - 1]
    for i, (name, start, end) in enumerate(zip(acts, starts, ends)):
        if i % 2:
            axes.axvspan(start, end, color="#eef3f9", zorder=0)
        if named:
            axes.text((start + end) / 2, 0.98, name, transform=axes.get_xaxis_transform(),
                      ha="center", va="top", fontsize=15, color="#555555")


@on_paper
def beta_images(originals, rows, active, image_shape):
    """Networks trained with different β, a row each: what they rebuild, and what they invent.

    originals: (N, D); rows: {beta: (rebuilt (N, D), drawn (N, D))}; active: the number of active
    units of each; image_shape: (height, width)
    """
    N, D = np.shape(originals)
    height, width = image_shape
    nothing = np.full((N, D), np.nan)
    rebuilt = np.concatenate([originals, *(pair[0] for pair in rows.values())])
    drawn   = np.concatenate([nothing,   *(pair[1] for pair in rows.values())])
    names   = ["original", *(f"β = {beta:g}" for beta in rows)]
    counts  = ["", *(f"{int(count)} active" for count in active)]
    across  = 5.9 / (N * (width + 1) + 1)                         # inches for one pixel
    figure = Sheet(figsize=(15, 1.2 + across * (len(names) * (height + 1) + 1)))
    left, right = figure.subplots(1, 2)
    show_images(left, rebuilt, image_shape, columns=N)
    show_images(right, drawn, image_shape, columns=N)
    left.set_title("test images, rebuilt")
    right.set_title("drawn from the prior")
    middles = [1 - (i + 0.5) / len(names) for i in range(len(names))]
    for y, name, count in zip(middles, names, counts):
        left.text(-0.02, y, name, transform=left.transAxes, ha="right", va="center")
        right.text(1.02, y, count, transform=right.transAxes, ha="left", va="center")
    right.text(0.5, middles[0], "z ~ N(0, I), in every row the same", transform=right.transAxes,
               ha="center", va="center")
    figure.suptitle("β buys order among the samples, and pays with the reconstructions")
    return figure


@on_paper
def price_of_code(betas, kl, recon, outside=None):
    """What networks trained with different β pay in KL and get in reconstruction.

    betas: ascending, above 0; kl, recon: of each, in nats; dotted, a line of slope -β
    outside: β and kl of one that lies too far to the right to be drawn, or None
    """
    width, height = max(np.ptp(kl), 1e-9), max(np.ptp(recon), 1e-9)
    figure = Sheet(figsize=(12, 7))
    axes = figure.subplots()
    axes.plot(kl, recon, color=TRAIN)
    axes.plot(kl, recon, "o", color=TEST, markersize=13, markeredgecolor="white")
    for i, ((x, y), alike) in enumerate(_by_place(betas, kl, recon, 0.02 * width)):
        if len(alike) == 1:                                       # several lines would tangle
            beta = alike[0]
            reach = min(0.16 * width, 0.2 * height / beta)        # a steep one stays in the picture
            axes.plot([x - reach, x + reach], [y + beta * reach, y - beta * reach],
                      color=PALETTE[4], linestyle=":", linewidth=2.4, zorder=1,
                      label=None if i else "slope −β")
        name = " and ".join(f"{beta:g}" for beta in alike)
        axes.annotate(f"β = {name}", (x, y), xytext=(16, 8), textcoords="offset points",
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


def _by_place(betas, kl, recon, distance):
    """[((kl, recon), [beta, ...]), ...]: networks whose KL is within `distance` share a place."""
    places = {}
    for beta, x, y in zip(betas, kl, recon):
        near = [place for place in places if abs(place[0] - x) < distance]
        places.setdefault(near[0] if near else (x, y), []).append(beta)
    return places.items()
