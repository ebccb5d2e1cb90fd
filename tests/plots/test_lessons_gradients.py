"""The figures of lessons 03, 07, 08 and 12: descent, a graph, errors, verdicts, two programs."""
import re

import numpy as np
from example_figures import errors_by_step, graph, line_by_line, steepest, verdicts

from numpyvae import plots
from numpyvae.plots import lessons_gradients


def words(artist):
    return [text.get_text() for text in artist.texts]


# ---------------------------------------------------------------------- lesson 03

def test_descent_among_other_directions_and_relu_with_its_slope():
    left, right = steepest().axes
    lr = np.linspace(0, 1, 20)
    for line, y in zip(left.lines, (1 + lr, 1 - lr, (1 - lr) ** 2, 1 - 2 * lr)):
        assert np.array_equal(line.get_xdata(), lr) and np.array_equal(line.get_ydata(), y)
    assert len(left.get_legend().get_texts()) == 3               # the other directions share a name
    relu, flat, steep, kink = right.lines
    a = relu.get_xdata()
    assert np.array_equal(relu.get_ydata(), a * (a > 0))
    assert (flat.get_xdata() < 0).all() and (flat.get_ydata() == 0).all()
    assert (steep.get_xdata() > 0).all() and (steep.get_ydata() == 1).all()
    assert (kink.get_xdata(), kink.get_ydata()) == ([0], [0.5])


# ---------------------------------------------------------------------- lesson 07

def test_every_node_shows_its_value_and_its_gradient():
    values, grads, probs = graph()
    axes, = plots.computation_graph(values, grads, probs).axes
    found = words(axes)
    mu = found.index("mu")
    assert found[mu + 1:mu + 7] == ["", ".50", "−1.25", "d", ".05", "−.12"]
    z = found.index("z")
    assert found[z + 1:z + 4] == ["", ".00", "10.0"]
    x = found.index("x")
    assert found[x + 9] == "a1"                              # seven numbers, and no gradient
    logits = found.index("logits")
    assert [found[logits + 1 + i] for i in (0, 8, 16)] == ["", "p", "d"]
    numbers = [word for word in found if re.fullmatch(r"−?\d*\.\d+", word)]
    assert len(numbers) == len(axes.patches)
    half = next(i for i in range(len(numbers)) if numbers[i:i + 2] == [".50", "−1.25"])
    warm, cold = (axes.patches[i].get_facecolor() for i in (half, half + 1))
    assert warm[0] > warm[2] and cold[0] < cold[2]           # by sign, and by size:
    assert abs(warm[0] - warm[2]) < abs(cold[0] - cold[2])


def out_of(node, numbers, place):
    """How far a place lies outside of a node's row of so many numbers."""
    away = np.abs(np.subtract(place, node)) - [numbers * lessons_gradients.NUMBER[0] / 2, 0.7]
    return np.linalg.norm(np.maximum(away, 0))


def test_every_node_is_reached_by_arrows_and_only_forwards():
    values, grads, probs = graph()
    axes, = plots.computation_graph(values, grads, probs).axes
    arrows = [text for text in axes.texts if text.get_text() == "" and hasattr(text, "xyann")]
    assert len(arrows) == len(lessons_gradients.EDGES) == 17
    nodes = lessons_gradients.NODES
    for arrow, (start, stop, _) in zip(arrows, lessons_gradients.EDGES):
        nearest = [min(nodes, key=lambda name: out_of(nodes[name], len(values[name]), place))
                   for place in (arrow.xyann, arrow.xy)]
        assert nearest == [start, stop]
    reached = {stop for _, stop, _ in lessons_gradients.EDGES}
    assert set(nodes) - reached == {"x", "eps"}


# ---------------------------------------------------------------------- lesson 08

def test_errors_are_dots_and_predictions_are_dashed_where_they_decide():
    h, curves = errors_by_step()
    axes, = plots.step_sizes(h, curves).axes
    dots   = [line for line in axes.lines if line.get_marker() == "o"]
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"][:3]
    for line, (error, _) in zip(dots, curves.values()):
        assert np.array_equal(line.get_xdata(), h) and np.array_equal(line.get_ydata(), error)
    expected = [(error, line) for error, predicted in curves.values()
                for line in predicted.values()]
    for found, (error, line) in zip(dashed, expected, strict=True):
        decides = line > error / 10
        assert 0 < decides.sum() < len(h)
        assert np.array_equal(found.get_xdata(), h[decides])
        assert np.array_equal(found.get_ydata(), line[decides])
    assert words(axes) == ["h", "2 / h", "1 / h"]
    # A line that rises, one that falls, and one that falls under another curve's.
    rises, falls, under = axes.texts
    assert (rises.get_ha(), rises.get_va()) == ("right", "bottom")
    assert (falls.get_ha(), falls.get_va()) == ("left", "bottom")
    assert (under.get_ha(), under.get_va()) == ("right", "top")


def test_only_wrong_blocks_are_marked():
    axes, = verdicts().axes
    places = {tuple(text.get_position()) for text in axes.texts}
    assert places == {(j + 0.5, i + 0.5) for i in range(3) for j in range(5) if i != j}
    assert set(words(axes)) == {"wrong"}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list("ABCDE")
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b c", "d"]
    bottom, top = axes.get_ylim()
    assert bottom > top                                                    # the first row is above


# ---------------------------------------------------------------------- lesson 12

def test_lines_that_belong_together_lie_on_one_band():
    axes, = line_by_line().axes
    code = {text.get_text(): text.get_position() for text in axes.texts if text.get_text()}
    bands = [(patch.xy[:, 1].min(), patch.xy[:, 1].max()) for patch in axes.patches[::2]]
    assert len(bands) == 2 and bands[0][1] < bands[1][0]
    left, right = (["y = f(x)"], ["a", "b"]), (["dx = dy", "dy = 1"], ["c"])
    for (top, bottom), ours, theirs in zip(bands, left, right):
        for line in ours + theirs:
            assert top < code[line][1] < bottom
        assert {code[line][0] for line in ours} == {code["↓ left"][0]}
        assert {code[line][0] for line in theirs} == {code["↑ right"][0]}
    assert code["dx = dy"][1] < code["dy = 1"][1]
