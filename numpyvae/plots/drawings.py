"""Drawings of the thing itself, before the algebra of it: layers, nodes, matrices.

    network               the VAE from x to its reconstruction, a box for each layer
    bottleneck            the auto-encoder, likewise
    blocked_or_not        a node that draws z beside one that is handed its noise
    product               y = x W as rectangles, and what comes back through it
"""
import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from .paper import HALO, PALETTE, TEST, Sheet, on_paper

FORWARD, BACKWARD = PALETTE[0], TEST
BOX, NOISE = "#e9eff6", "#fdf0e3"


def _canvas(width, height, title):
    """A figure, and axes on it whose unit is an inch, with y upwards."""
    figure = Sheet(figsize=(width, height), layout="none")
    axes   = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    axes.text(width / 2, height - 0.25, title, ha="center", va="top", fontsize=22, gid="title")
    return figure, axes


def _arrow(axes, start, stop, colour, style="-|>", width=2.5):
    axes.annotate("", stop, start, arrowprops={"arrowstyle": style, "color": colour,
                                               "linewidth": width, "mutation_scale": 22,
                                               "shrinkA": 0, "shrinkB": 0})


# ---------------------------------------------------------------------- the network

@on_paper
def network(D, H, Z):
    """The VAE, a box for each of its layers: encoder, sample, decoder.

    D, H, Z: the numbers of pixels, of hidden units, of latent dimensions
    """
    figure, axes = _canvas(15, 6.2, "A VAE: an image becomes a distribution of codes; a code drawn "
                                    "from it becomes an image")
    places = {"x":      (1.0, 2.9, 3.4, D), "h1":     (3.4, 2.9, 2.2, H),
              "μ":      (5.8, 4.0, 0.9, Z), "log σ²": (5.8, 1.8, 0.9, Z),
              "z":      (9.0, 2.9, 0.9, Z), "h3":     (11.4, 2.9, 2.2, H),
              "probs":  (13.8, 2.9, 3.4, D)}
    for name, (x, y, tall, size) in places.items():
        _layer(axes, name, x, y, tall, size)
    _noise(axes, 9.0, 0.75, Z)
    for start, stop, label in (("x", "h1", "W1, b1\nrelu"), ("h1", "μ", "W_mu"),
                               ("h1", "log σ²", "W_logvar"), ("μ", "z", ""), ("log σ²", "z", ""),
                               ("z", "h3", "W3, b3\nrelu"), ("h3", "probs", "W4, b4\nsigmoid")):
        _connect(axes, places[start], places[stop], label)
    axes.text(9.0, 3.95, "z = μ + σ ε", ha="center", va="center", fontsize=19, color=TEST,
              weight="bold")
    _brace(axes, 0.4, 6.4, "encoder")
    _brace(axes, 8.5, 14.4, "decoder")
    return figure


@on_paper
def bottleneck(D, H, Z):
    """The ordinary auto-encoder, a box for each of its layers, as narrow in the middle as its code.

    D, H, Z: the numbers of pixels, of hidden units, of latent dimensions
    """
    figure, axes = _canvas(15, 6.2, "An auto-encoder: an image becomes a point, its code; and the "
                                    "code becomes an image")
    places = {"x":  (1.4, 2.9, 3.6, D),  "h1":    (4.5, 2.9, 2.2, H), "z": (7.5, 2.9, 0.8, Z),
              "h3": (10.5, 2.9, 2.2, H), "probs": (13.6, 2.9, 3.6, D)}
    for name, (x, y, tall, size) in places.items():
        _layer(axes, name, x, y, tall, size)
    for start, stop, label in (("x", "h1", "W1, b1\nrelu"), ("h1", "z", "W_z, b_z"),
                               ("z", "h3", "W3, b3\nrelu"), ("h3", "probs", "W4, b4\nsigmoid")):
        _connect(axes, places[start], places[stop], label)
    axes.text(7.5, 2.1, "the code: all that the\ndecoder is ever told", ha="center", va="top",
              fontsize=17, color=TEST)
    _brace(axes, 0.8, 7.1, "encoder")
    _brace(axes, 7.9, 14.2, "decoder")
    return figure


def _layer(axes, name, x, y, tall, size):
    axes.add_patch(FancyBboxPatch((x - 0.36, y - tall / 2), 0.72, tall, facecolor=BOX,
                                  boxstyle="round,pad=0.02", edgecolor="#3f78b5", linewidth=2))
    turned = 90 if len(name) > 2 and tall > 2 else 0
    font   = 16 if name == "log σ²" else 20
    axes.text(x, y, name, ha="center", va="center", fontsize=font, weight="bold", rotation=turned)
    axes.text(x, y + tall / 2 + 0.12, str(size), ha="center", va="bottom", fontsize=15,
              color="#555555")


def _noise(axes, x, y, Z):
    axes.add_patch(Circle((x, y), 0.36, facecolor=NOISE, edgecolor=TEST, linewidth=2))
    axes.text(x, y, "ε", ha="center", va="center", fontsize=22)
    axes.text(x + 0.5, y, "noise, N(0, I)", ha="left", va="center", fontsize=16)
    _arrow(axes, (x, y + 0.38), (x, 2.42), TEST)


def _connect(axes, start, stop, label):
    (x0, y0, _, _), (x1, y1, _, _) = start, stop
    _arrow(axes, (x0 + 0.42, y0), (x1 - 0.42, y1), "#555555")
    up = 0.12 if y1 == y0 else np.sign(y1 - y0) * 0.55
    axes.text((x0 + x1) / 2, (y0 + y1) / 2 + up, label, ha="center",
              va="bottom" if up > 0 else "top", fontsize=15)


def _brace(axes, left, right, word):
    axes.plot([left, left, right, right], [5.15, 5.25, 5.25, 5.15], color="#8a8a8a", linewidth=1.5)
    axes.text((left + right) / 2, 5.28, word, ha="center", va="bottom", fontsize=17,
              color="#555555")


# ---------------------------------------------------------------------- a random node

@on_paper
def blocked_or_not():
    """A node that draws z, through which no gradient comes back; and one that is handed its noise.
    """
    figure, axes = _canvas(15, 6.4, "Where does the gradient of a random number go?")
    axes.plot([7.5, 7.5], [0.2, 5.4], color="#d0d0d0", linewidth=1.5)
    axes.text(3.7, 5.35, "z is drawn", ha="center", va="top", fontsize=19, weight="bold")
    axes.text(11.3, 5.35, "z is computed, the noise is drawn before", ha="center", va="top",
              fontsize=19, weight="bold")

    _parents(axes, 1.2)
    _circle(axes, 4.0, 2.75, "z ~ N(μ, σ²)", "random", NOISE, TEST)
    for start, stop in (((1.7, 3.75), (3.1, 3.1)), ((1.7, 1.75), (3.1, 2.4))):
        _both_ways(axes, start, stop, "", blocked=True)
        x, y = np.add(start, stop) / 2
        axes.text(x, y - 0.13, "✗", ha="center", va="center", fontsize=34, color=TEST,
                  path_effects=HALO)
    _both_ways(axes, (4.95, 2.75), (6.45, 2.75), "dz")
    axes.text(6.85, 2.75, "loss", ha="center", va="center", fontsize=18)
    axes.text(3.7, 0.7, "no formula leads from z to μ or σ:\nthe gradient ends here", ha="center",
              va="center", fontsize=17, color=TEST)

    _parents(axes, 8.6)
    _circle(axes, 11.5, 2.75, "z = μ + σ ε", "a formula", BOX, "#3f78b5")
    _both_ways(axes, (9.1, 3.75), (10.6, 3.1), "dμ = dz")
    _both_ways(axes, (9.1, 1.75), (10.6, 2.4), "dσ = dz ε")
    _both_ways(axes, (12.45, 2.75), (13.9, 2.75), "dz")
    axes.text(14.35, 2.75, "loss", ha="center", va="center", fontsize=18)
    axes.add_patch(Circle((11.5, 0.65), 0.36, facecolor=NOISE, edgecolor=TEST, linewidth=2))
    axes.text(11.5, 0.65, "ε", ha="center", va="center", fontsize=22)
    axes.text(12.0, 0.65, "a constant, like x", ha="left", va="center", fontsize=17)
    _arrow(axes, (11.5, 1.03), (11.5, 1.8), FORWARD)
    return figure


def _parents(axes, x):
    for y, name in ((3.9, "μ"), (1.6, "σ")):
        axes.add_patch(Circle((x, y), 0.42, facecolor=BOX, edgecolor="#3f78b5", linewidth=2))
        axes.text(x, y, name, ha="center", va="center", fontsize=22, weight="bold")


def _circle(axes, x, y, formula, kind, face, edge):
    axes.add_patch(FancyBboxPatch((x - 0.85, y - 0.6), 1.7, 1.2, facecolor=face, edgecolor=edge,
                                  boxstyle="round,pad=0.05", linewidth=2.5))
    axes.text(x, y + 0.12, formula, ha="center", va="center", fontsize=17, weight="bold")
    axes.text(x, y - 0.3, kind, ha="center", va="center", fontsize=15, color="#555555")


def _both_ways(axes, start, stop, gradient, blocked=False):
    """An arrow forward, and one backward, with the gradient that it carries: pale if it is none."""
    along  = np.subtract(stop, start)
    aside  = 0.14 * np.array([along[1], -along[0]]) / np.hypot(*along)       # to the right of it
    _arrow(axes, np.subtract(start, aside), np.subtract(stop, aside), FORWARD)
    _arrow(axes, np.add(stop, aside), np.add(start, aside), "#c9c9c9" if blocked else BACKWARD)
    x, y = np.add(start, stop) / 2 + 2.4 * aside
    side = "center" if not along[1] else "right" if along[1] < 0 else "left"
    axes.text(x, y, gradient, ha=side, va="top", fontsize=16, color=BACKWARD)


# ---------------------------------------------------------------------- matrices

@on_paper
def product(N, D, O):
    """y = x W as rectangles in proportion, and the two products that come back through it.

    N, D, O: the rows of x, its columns, and the columns of W
    """
    unit = 0.42
    figure, axes = _canvas(15, 8.6, "A dense layer: three products, and each fits in one way only")
    rows = ((6.5, FORWARD,  ("y", N, O), ("x", N, D), ("W", D, O), "forward"),
            (3.9, BACKWARD, ("dW", D, O), ("xᵀ", D, N), ("dy", N, O), "backward, for W"),
            (1.4, BACKWARD, ("dx", N, D), ("dy", N, O), ("Wᵀ", O, D), "backward, for x"))
    for y, colour, result, left, right, words in rows:
        x = 0.6
        x = _rectangle(axes, x, y, unit, *result, colour) + 0.35
        axes.text(x, y, "=", ha="center", va="center", fontsize=26)
        x = _rectangle(axes, x + 0.4, y, unit, *left, "#8a8a8a") + 0.2
        x = _rectangle(axes, x + 0.1, y, unit, *right, "#8a8a8a") + 0.5
        axes.text(10.2, y, words, ha="left", va="center", fontsize=20, color=colour)
    return figure


def _rectangle(axes, x, y, unit, name, rows, columns, colour):
    """A matrix whose left edge is at x and whose middle is at y  ->  its right edge."""
    wide, tall = columns * unit, rows * unit * 0.66
    axes.add_patch(Rectangle((x, y - tall / 2), wide, tall, facecolor="white", edgecolor=colour,
                             linewidth=2.5))
    for i in range(1, rows):
        axes.plot([x, x + wide], [y - tall / 2 + i * tall / rows] * 2, color="#e0e0e0", linewidth=1)
    for j in range(1, columns):
        axes.plot([x + j * unit] * 2, [y - tall / 2, y + tall / 2], color="#e0e0e0", linewidth=1)
    axes.text(x + wide / 2, y, name, ha="center", va="center", fontsize=20, weight="bold")
    axes.text(x + wide / 2, y - tall / 2 - 0.06, f"{rows} × {columns}", ha="center", va="top",
              fontsize=14, color="#555555")
    return x + wide
