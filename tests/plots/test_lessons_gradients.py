"""The figures of lessons 03, 07, 08 and 12: descent, a graph, errors, verdicts, two programs."""
import numpy as np
from example_figures import errors_by_step, graph, line_by_line, steepest, verdicts

from numpyvae import plots


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

def test_a_node_shows_its_value_and_its_gradient():
    axes, = plots.computation_graph(*graph()).axes
    found = words(axes)
    x = found.index("x  (2, 2)")
    assert found[x + 1:x + 5] == [".50", "−1.25", ".00", "10.04"]          # and no gradient
    h = found.index("h  (2, 2)")
    assert found[h + 1:h + 5] == [".50", "−1.25", ".00", "10.04"]
    assert found[h + 5:h + 9] == ["−.25", ".62", ".00", "−5.02"]
    loss = found.index("loss")
    assert found[loss + 1:loss + 3] == ["5.010", "1.000"]
    tables = [patch.get_facecolor() for patch in axes.patches[:4]]         # of x
    sign = [np.sign(red - blue) for red, _, blue, _ in tables]
    assert sign[:2] == [1, -1] and sign[3] == 1                            # warm, cold; by size:
    assert abs(tables[0][0] - tables[0][2]) < abs(tables[3][0] - tables[3][2])


def test_arrows_run_from_node_to_node_and_labels_stand_beside_them():
    axes, = plots.computation_graph(*graph()).axes
    arrows = [text for text in axes.texts if text.get_text() == ""]
    starts, stops = ([getattr(arrow, place) for arrow in arrows] for place in ("xyann", "xy"))
    level, upright, slanting, last = zip(starts, stops)
    assert level[0][0] < level[1][0] and level[0][1] == level[1][1]
    assert upright[0][0] == upright[1][0] and upright[0][1] < upright[1][1]    # y grows downwards
    for start, stop in (slanting, last):
        assert start[0] < stop[0] and start[1] < stop[1]
    labels = {text.get_text(): text for text in axes.texts}
    assert labels["W\nb"].get_va() == "bottom"                             # above its arrow
    assert (labels["relu"].get_ha(), labels["+"].get_ha()) == ("left", "right")


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
