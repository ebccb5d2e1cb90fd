"""The drawings: every layer and its size are there, arrows lead where gradients go, sizes fit."""
import pytest
from matplotlib.patches import Rectangle

from numpyvae import plots


def words(figure):
    axes, = figure.axes
    return [text.get_text() for text in axes.texts]


def test_the_network_names_every_layer_with_its_size():
    shown = words(plots.network(784, 400, 20))
    assert {"x", "h1", "μ", "log σ²", "z", "h3", "probs", "ε"} <= set(shown)
    assert [shown.count(size) for size in ("784", "400", "20")] == [2, 2, 3]
    for name in ("W1", "W_mu", "W_logvar", "W3", "W4"):
        assert sum(name in word for word in shown) == 1


def test_the_bottleneck_names_every_layer_with_its_size_and_every_weight():
    shown = words(plots.bottleneck(64, 128, 2))
    assert {"x", "h1", "z", "h3", "probs"} <= set(shown)
    assert [shown.count(size) for size in ("64", "128", "2")] == [2, 2, 1]
    for name in ("W1", "W_z", "W3", "W4"):
        assert sum(name in word for word in shown) == 1


def test_the_random_node_stops_two_gradients_and_the_other_none():
    shown = words(plots.blocked_or_not())
    assert shown.count("✗") == 2
    assert {"dμ = dz", "dσ = dz ε", "z = μ + σ ε"} <= set(shown)


@pytest.mark.parametrize("N, D, O", [(3, 7, 5), (2, 3, 4)])
def test_every_matrix_is_as_large_as_it_says(N, D, O):
    axes, = plots.product(N, D, O).axes
    frames = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    sizes = [(N, O), (N, D), (D, O), (D, O), (D, N), (N, O), (N, D), (N, O), (O, D)]
    assert [f"{rows} × {columns}" for rows, columns in sizes] == [
        word for word in words(axes.figure) if "×" in word]
    unit = frames[0].get_width() / O, frames[0].get_height() / N
    for frame, (rows, columns) in zip(frames, sizes, strict=True):
        assert frame.get_width() == pytest.approx(columns * unit[0], rel=1e-12)
        assert frame.get_height() == pytest.approx(rows * unit[1], rel=1e-12)
