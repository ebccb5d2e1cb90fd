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

PLACE  = 4.4, 4.0                         # inches: the width and height of a place in the grid,
NUMBER = 0.58, 0.38                       # and those of a number
GAP    = 0.1                              # between a value and its gradient


@on_paper
def computation_graph(nodes, edges):
    """The graph of a network, each node with its value and, below it, its gradient.

    nodes: {name: (column, row, value, gradient or None)}, two-dimensional arrays of a few numbers
    edges: (from, to, label) each; the arrows run with the forward pass
    """
    columns = 1 + max(column for column, _, _, _ in nodes.values())
    rows    = 1 + max(row for _, row, _, _ in nodes.values())
    width, height = columns * PLACE[0], rows * PLACE[1]
    figure = Sheet(figsize=(width, height + 0.5), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height - 0.1, -0.6))
    axes.axis("off")
    boxes = {name: _node(axes, name, *node) for name, node in nodes.items()}
    for start, stop, label in edges:
        _edge(axes, boxes[start], boxes[stop], label)
    axes.text(0.2, -0.2, "A VAE's computation graph: in each node its value, and below it "
              "∂ loss / ∂ node", fontsize=30)
    return figure


def _node(axes, name, column, row, value, gradient):
    """Draw a node  ->  the box that it fills: x and y of its centre, half its width and height."""
    x, y = (column + 0.5) * PLACE[0], (row + 0.5) * PLACE[1]
    arrays = [value] if gradient is None else [value, gradient]
    across = value.shape[1] * NUMBER[0]
    step   = value.shape[0] * NUMBER[1] + GAP                     # from one array to the next
    tall   = len(arrays) * step
    shape  = "" if value.size == 1 else "  (" + ", ".join(map(str, value.shape)) + ")"
    axes.text(x, y - tall / 2 - 0.1, name + shape, ha="center", va="bottom", weight="bold",
              fontsize=23)
    for i, array in enumerate(arrays):
        _numbers(axes, array, x - across / 2, y - tall / 2 + i * step)
    return x, y, max(across, 0.9) / 2 + 0.1, tall / 2 + 0.45


def _numbers(axes, array, left, top):
    """A small table of numbers, coloured by sign and size."""
    width, height = NUMBER
    largest = np.abs(array).max() or 1.0
    for (i, j), number in np.ndenumerate(array):
        x, y = left + j * width, top + i * height
        colour = SIGNS(0.5 + 0.5 * number / largest)
        axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor="white"))
        text = _written(number, digits=3 if array.size == 1 else 2)
        axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=15)


def _written(number, digits):
    """A number with that many decimals; with two only, .25 for 0.25, since places are narrow."""
    if round(number, digits) == 0:
        number = 0.0                                              # never -0.00
    text = f"{number:.{digits}f}".replace("-", "−")
    return text.replace("0.", ".", 1) if digits == 2 and abs(number) < 1 else text


def _edge(axes, start, stop, label):
    """An arrow from the edge of one box to the edge of another, with its label."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = start, stop
    right, down = np.sign(x1 - x0), np.sign(y1 - y0)
    if not down:
        ends = (x0 + right * w0, y0), (x1 - right * w1, y1)
    elif not right:
        ends = (x0, y0 + down * h0), (x1, y1 - down * h1)
    else:
        ends = (x0 + right * w0, y0 + down * 0.4 * h0), (x1 - right * w1, y1 - down * 0.4 * h1)
    axes.annotate("", ends[1], ends[0], arrowprops={
        "arrowstyle": "-|>", "color": "#555555", "linewidth": 2.2, "mutation_scale": 22,
        "shrinkA": 2, "shrinkB": 2})
    _edge_label(axes, ends, label.replace(" b", "\nb"), right, down)


def _edge_label(axes, ends, label, right, down):
    """Write above a level arrow; beside any other: left of it if it runs to the right."""
    along = 0.74 if right > 0 and down else 0.5                   # where no other arrow crosses
    x, y = ((1 - along) * start + along * stop for start, stop in zip(*ends))
    style = {"fontsize": 19, "color": "#333333", "path_effects": HALO}
    if not down:
        axes.text(x, y - 0.06, label, ha="center", va="bottom", **style)
    elif right > 0:
        axes.text(x - 0.12, y, label, ha="right", va="center", **style)
    else:
        axes.text(x + 0.1, y, label, ha="left", va="center", **style)


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
