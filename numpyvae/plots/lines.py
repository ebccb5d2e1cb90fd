"""Curves: the losses of a run, and curves of any kind."""
import numpy as np
from matplotlib.ticker import MaxNLocator

from ..errors import InvalidValueError
from ..evaluate import shown_terms
from .paper import PALETTE, TEST, TRAIN, Sheet, on_paper

LONG = 1000                           # epochs


@on_paper
def loss_curves(history, beta=1.0, prior="p(z)", num_samples=None):
    """The loss and its two terms over the epochs, for the training and the test images.

    history: (epochs, 6), in nats per example; its columns are named by `training.HISTORY`
    beta: the weight of the KL term, or None for an ordinary auto-encoder, whose loss has one term
    prior: what the KL term is taken from, in words; num_samples: K, if the loss is an IWAE's -L_K
    Raises InvalidValueError if there is no epoch.
    """
    history = np.asarray(history)
    if len(history) == 0:
        raise InvalidValueError("history: expected at least one epoch, got none")
    loss, recon, kl = history[-1, 3:]
    bound = loss if num_samples is None else recon + kl
    final = [shown.replace("-", "−") for shown in shown_terms(bound, kl, beta or 0, 1)]
    headline = f"A test image costs {final[0]} nats{_sum_of_terms(final, beta)}"
    titles   = _titles_of_terms(beta, prior)
    if num_samples is not None:
        final[0]  = f"{loss:.1f}".replace("-", "−")
        titles[0] = f"loss  =  −L,  the bound of K = {num_samples}"
        headline += f";  with K = {num_samples},  {final[0]}"
    figure = Sheet(figsize=(15 if len(titles) > 1 else 9, 6))
    panels = figure.subplots(1, len(titles), squeeze=False)[0]
    for term, (axes, title) in enumerate(zip(panels, titles)):
        _loss_curve(axes, history[:, term], history[:, term + 3], final[term])
        axes.set(title=title, xlabel="epoch", ylabel="nats per image")
    # To look for the emptiest corner takes seconds, and a warning, where curves are long.
    panels[0].legend(frameon=False, loc="best" if len(history) <= LONG else "upper right")
    figure.suptitle(headline)
    return figure


def _titles_of_terms(beta, prior):
    if beta is None:
        return ["loss  =  −log p(x | z)"]
    loss = "loss  =  −ELBO" if beta == 1 else f"loss  =  reconstruction + {beta:g} KL"
    return [loss, "reconstruction,  −log p(x | z)", f"KL(q(z | x), {prior})"]


def _sum_of_terms(final, beta):
    if beta is None:
        return ""
    weight = "" if beta == 1 else f"{beta:g} × "
    return f"  =  {final[1]} reconstruction  +  {weight}{final[2]} KL"


def _loss_curve(axes, train, test, final):
    """One term over the epochs, with its final value on the test images written beside it."""
    n = len(train)
    epochs = np.arange(1, n + 1)
    marker = "o" if n == 1 else None                              # one point makes no line
    axes.plot(epochs, train, color=TRAIN, marker=marker, label="training")
    axes.plot(epochs, test, color=TEST, marker=marker, label="test")
    axes.set_xlim(0.5, n + max(0.5, 0.25 * n))                    # room for the number at the end
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axes.annotate(final, (n, test[-1]), xytext=(8, 0), textcoords="offset points", va="center",
                  color=TEST, weight="bold", fontsize=20)


@on_paper
def curves(panels, title="", height=6):
    """Curves of any kind, in panels side by side.

    panels: a dictionary each, with any of
        "lines": {label: (x, y)}; a label that begins with _ does not appear in the legend
        "points": {label: (x, y)}, drawn as dots; "_" + the label of a line takes that line's colour
        "upright": {label: x}, dashed vertical lines
        and whatever matplotlib's Axes.set takes (title, xlabel, xscale, ylim, ...)
    title: above all panels; height: of the figure, in inches (it is 15 wide, a single panel 12)
    """
    figure = Sheet(figsize=(15 if len(panels) > 1 else 12, height))
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        _panel(axes, **panel)
    figure.suptitle(title)
    return figure


def _panel(axes, lines=None, points=None, upright=None, **settings):
    colours = iter(PALETTE * 3)
    colour_of_line = {}
    for label, (x, y) in (lines or {}).items():
        colour = next(colours)
        axes.plot(x, y, color=colour, label=label)
        colour_of_line[f"_{label}"] = colour
    for label, (x, y) in (points or {}).items():
        colour = colour_of_line.get(label) or next(colours)
        axes.plot(x, y, "o", color=colour, label=label, markersize=9, markeredgecolor="white")
    for label, x in (upright or {}).items():
        axes.axvline(x, color="black", linestyle="--", linewidth=1.6, label=label)
    axes.set(**settings)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False)
