"""Figures of one lesson each, about gradients: what they are, how they flow, how to check them.

    03_dense_layer              steepest
    07_vae_by_hand              computation_graph
    08_gradient_check           step_sizes, verdicts
    12_pytorch_line_by_line     line_by_line
"""
import numpy as np
from matplotlib.patches import Rectangle

from .paper import HALO, PALETTE, SIGNS, TEST, VERDICTS, Sheet, colour_of, on_paper


# ---------------------------------------------------------------------- lesson 03

@on_paper
def steepest(lr, downhill, promised, others):
    """The loss along the negative gradient and along other directions; and relu with its slope.

    lr: (S,) step lengths; downhill: (S,) the loss there; promised: (S,) its tangent; others: a list
    of (S,), the loss along other directions
    """
    figure = Sheet(figsize=(15, 6.8))
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    for i, other in enumerate(others):
        label = None if i else "other directions, equally long"
        left.plot(lr, other, color="#b9b9b9", linewidth=1.4, label=label)
    left.plot(lr, downhill, color=TEST, linewidth=4, label="along −dW")
    left.plot(lr, promised, color="black", linestyle="--", linewidth=2,
              label="promised:  loss − lr Σ dW²")
    left.set(title="the loss, a step away", xlabel="lr, the length of the step in units of |dW|",
             ylabel="loss")
    left.legend(frameon=False)
    _relu_and_its_slope(right)
    figure.suptitle("No direction goes down as fast as the one against the gradient")
    return figure


def _relu_and_its_slope(axes):
    a = np.linspace(-2, 2, 401)
    axes.plot(a, np.maximum(a, 0), color=PALETTE[0], linewidth=4, label="h = max(a, 0)")
    for side, slope, label in ((a < 0, 0.0, None), (a > 0, 1.0, "∂h / ∂a")):
        axes.plot(a[side], np.full(side.sum(), slope), color=TEST, linestyle=":", linewidth=4,
                  label=label)
    axes.plot([0], [0.5], "o", color="black", markersize=11,
              label="a central difference, at the kink")
    axes.set(title="relu and its slope", xlabel="a")
    axes.legend(frameon=False, loc="upper left")


# ---------------------------------------------------------------------- lesson 07

# Where the middle of each node lies, in inches from the left and from the top.
NODES = {"x":    (3.3, 2.3), "a1":  (9.2, 2.3), "h1":     (14.2, 2.3), "mu":  (18.2, 2.3),
         "loss": (3.4, 5.7), "kl":  (6.8, 5.7), "logvar": (12.0, 5.7), "std": (15.6, 5.7),
         "eps":  (21.2, 2.3), "z":  (19.8, 5.7), "recon": (1.5, 9.1), "logits": (8.9, 9.1),
         "h3":   (14.6, 9.1), "a3": (19.7, 9.1)}
EDGES = [("x", "a1", "W1"),      ("a1", "h1", "relu"),    ("h1", "mu", "W_mu"),
         ("h1", "logvar", "W_logvar"), ("logvar", "std", "exp ½"), ("mu", "z", ""),
         ("std", "z", "μ + σ ε"), ("eps", "z", ""),       ("z", "a3", "W3"),
         ("a3", "h3", "relu"),   ("h3", "logits", "W4"),  ("logits", "recon", "−log p"),
         ("x", "recon", ""),     ("mu", "kl", ""),        ("logvar", "kl", ""),
         ("recon", "loss", ""),  ("kl", "loss", "+")]
NUMBER = 0.8, 0.62                       # inches: the width and height of a number


@on_paper
def computation_graph(values, grads, probs):
    """The graph of a VAE for a single example: in each node its value, and below it its gradient.

    values: the arrays of the forward pass by name, each of them a row of a few numbers
    grads: the gradient of each, by the same names; x and eps have none
    probs: the row sigmoid(logits), shown between logits and their gradient
    """
    figure = Sheet(figsize=(22.6, 11.2), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 22.6), ylim=(11.2, 0))
    axes.axis("off")
    axes.text(0.4, 0.75, "A VAE's computation graph, for one example: each node's value, and below "
              "it d, its gradient", fontsize=30, gid="title")
    boxes = {}
    for name, place in NODES.items():
        rows = {"": values[name]}
        if name == "logits":
            rows["p"] = probs
        if name in grads:
            rows["d"] = grads[name]
        boxes[name] = _node(axes, name, *place, rows)
    for start, stop, label in EDGES:
        _edge(axes, boxes[start], boxes[stop], label)
    axes.text(0.4, 10.85, "orange is positive, blue negative, the stronger the larger within its "
              "row", fontsize=20, color="#555555")
    return figure


def _node(axes, name, x, y, rows):
    """Draw a node around (x, y)  ->  that place, half its width and half its height."""
    width, height = NUMBER
    across = len(next(iter(rows.values()))) * width
    tall   = len(rows) * (height + 0.06)
    axes.text(x, y - tall / 2 - 0.1, name, ha="center", va="bottom", weight="bold", fontsize=27)
    for i, (label, numbers) in enumerate(rows.items()):
        top = y - tall / 2 + i * (height + 0.06)
        axes.text(x - across / 2 - 0.07, top + height / 2, label, ha="right", va="center",
                  fontsize=20, color="#555555")
        _numbers(axes, numbers, x - across / 2, top)
    return x, y, across / 2, tall / 2


def _numbers(axes, numbers, left, top):
    """A row of numbers, coloured by sign and size."""
    width, height = NUMBER
    largest = np.abs(numbers).max() or 1.0
    for i, number in enumerate(numbers):
        axes.add_patch(Rectangle((left + i * width, top), width, height, edgecolor="white",
                                 facecolor=SIGNS(0.5 + 0.5 * number / largest)))
        axes.text(left + (i + 0.5) * width, top + height / 2, _written(number), ha="center",
                  va="center", fontsize=19)


def _written(number):
    """A number with two decimals, .25 for 0.25, since places are narrow; one from 10 on."""
    digits = 1 if abs(number) >= 9.995 else 2
    if round(number, digits) == 0:
        number = 0.0                                              # never -0.00
    text = f"{number:.{digits}f}".replace("-", "−")
    return text.replace("0.", ".", 1) if abs(number) < 0.995 else text


def _edge(axes, start, stop, label):
    """An arrow from the edge of one box to the edge of another, with its label."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = start, stop
    if y0 == y1:                                                  # level
        side = 1 if x1 > x0 else -1
        room = (0.1, 0.35) if side > 0 else (0.35, 0.1)           # for the letter left of a row
        ends = (x0 + side * (w0 + room[0]), y0), (x1 - side * (w1 + room[1]), y1)
    else:
        side = 1 if y1 > y0 else -1                               # 1: downwards
        room = (0.1, 0.65) if side > 0 else (0.65, 0.1)           # for the name above a node
        near = np.clip(x1, x0 - w0, x0 + w0)
        ends = (near, y0 + side * (h0 + room[0])), (x1, y1 - side * (h1 + room[1]))
    axes.annotate("", ends[1], ends[0], arrowprops={
        "arrowstyle": "-|>", "color": "#555555", "linewidth": 3, "mutation_scale": 28,
        "shrinkA": 0, "shrinkB": 0})
    (xa, ya), (xb, yb) = ends
    style = {"fontsize": 22, "color": "#333333", "path_effects": HALO}
    if y0 == y1:
        axes.text((xa + xb) / 2, ya - 0.12, label, ha="center", va="bottom", **style)
    else:
        left = xb < xa                                            # it leans away from its label
        along = 0.15 if left else 0.5                             # before another arrow crosses
        axes.text((1 - along) * xa + along * xb + (-0.15 if left else 0.15),
                  (1 - along) * ya + along * yb, label, ha="right" if left else "left",
                  va="center", **style)


# ---------------------------------------------------------------------- lesson 08

@on_paper
def step_sizes(h, curves):
    """The error of numerical slopes over the step that they were taken with, and its prediction.

    h: (S,) the steps; curves: {name: (error, {formula: predicted})}, arrays (S,); each formula is
    written beside its line
    """
    figure = Sheet(figsize=(15, 8))
    axes = figure.subplots()
    filled = {"markersize": 9, "markeredgecolor": "white"}
    hollow = {"markersize": 14, "markeredgewidth": 2.4, "markerfacecolor": "none"}
    for i, (colour, (name, (error, predicted))) in enumerate(zip(PALETTE, curves.items())):
        marker = hollow if i == 1 else filled                 # the next curve may run inside it
        axes.loglog(h, error, "o", color=colour, label=name, **marker)
        for formula, line in predicted.items():
            decides = np.flatnonzero(line > error / 10)       # where the error is this term's
            _predicted(axes, h, line, decides, formula, colour, above=i == 0)
    errors = np.concatenate([error for error, _ in curves.values()])
    axes.set(xlabel="h, the step", ylabel="error of the slope",
             ylim=(errors.min() / 10, errors.max() * 10))
    axes.plot([], [], "--", color="black", linewidth=2, label="dashed: predicted")
    axes.legend(frameon=False, loc="upper center", ncols=len(curves) + 1)
    figure.suptitle("A difference pays for a large step and for a small one; the complex step "
                    "only for a large one")
    return figure


def _predicted(axes, h, line, part, formula, colour, above):
    """Part of a line, dashed, and its formula at the middle: above it, or below it if it falls."""
    axes.loglog(h[part], line[part], "--", color=colour, linewidth=2)
    middle = part[len(part) // 2]
    rises = (h[0] - h[-1]) * (line[0] - line[-1]) > 0
    if rises:
        place = {"xytext": (-14, 12), "ha": "right", "va": "bottom"}
    elif above:
        place = {"xytext": (14, 12), "ha": "left", "va": "bottom"}
    else:
        place = {"xytext": (-14, -26), "ha": "right", "va": "top"}
    axes.annotate(formula, (h[middle], line[middle]), textcoords="offset points", **place,
                  color=colour, fontsize=20, weight="bold", path_effects=HALO)


@on_paper
def verdicts(right, rows, columns, title):
    """What a check said about each block, a row for each program.

    right: (R, C) booleans; rows, columns: their names; title: above them all
    """
    right = np.asarray(right)
    R, C = right.shape
    figure = Sheet(figsize=(15, 1.8 + 0.55 * R))
    axes = figure.subplots()
    axes.pcolormesh(np.arange(C + 1), np.arange(R + 1), right, cmap=VERDICTS, vmin=0, vmax=1,
                    edgecolor="white", linewidth=4)
    for i, j in np.argwhere(~right):
        axes.text(j + 0.5, i + 0.5, "wrong", ha="center", va="center", fontsize=15, color="white",
                  weight="bold")
    axes.set_xticks(np.arange(C) + 0.5, columns)
    axes.set_yticks(np.arange(R) + 0.5, rows)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.grid(False)
    axes.spines[:].set_visible(False)
    figure.suptitle(title)
    return figure


# ---------------------------------------------------------------------- lesson 12

@on_paper
def line_by_line(blocks, columns, title):
    """Lines of one program beside those of another; what belongs together lies on one band.

    blocks: pairs of lists of lines, left and right; columns: the titles of both sides; title: above
    everything
    """
    gap = 0.3                                                 # between bands, in lines
    left  = 1.6                                               # where columns begin, in characters
    arrow = max(len(line) for lines, _ in blocks for line in lines) + 3
    right = arrow + 7
    width = right + max(len(line) for _, lines in blocks for line in lines) + 2
    height = sum(max(len(ours), len(theirs)) + gap for ours, theirs in blocks)
    figure = Sheet(figsize=(15, 1.4 + 0.42 * height))
    axes = figure.subplots()
    top = 0.0
    for number, (ours, theirs) in enumerate(blocks):
        bottom = top + max(len(ours), len(theirs))
        middle = (top + bottom) / 2
        colour = colour_of(number)
        axes.fill([0, width, width, 0], [top, top, bottom, bottom], color=colour, alpha=0.16,
                  linewidth=0)
        axes.fill([0, 0.6, 0.6, 0], [top, top, bottom, bottom], color=colour, linewidth=0)
        axes.annotate("", (right - 1.5, middle), (arrow, middle),
                      arrowprops={"arrowstyle": "<|-|>", "color": colour, "linewidth": 2.2})
        _write_code(axes, left, middle, ours)
        _write_code(axes, right, middle, theirs)
        top = bottom + gap
    axes.text(left,  -0.8, f"↓ {columns[0]}", fontsize=18, weight="bold", va="center")
    axes.text(right, -0.8, f"↑ {columns[1]}", fontsize=18, weight="bold", va="center")
    axes.set(xlim=(0, width), ylim=(top, -1.5))
    axes.axis("off")
    figure.suptitle(title)
    return figure


def _write_code(axes, x, middle, lines):
    first = middle - len(lines) / 2 + 0.5
    for i, line in enumerate(lines):
        axes.text(x, first + i, line, family="monospace", fontsize=14.5, va="center_baseline")
