"""Curves: the losses of a run, with every number in its place; and curves of any kind."""
import re

import numpy as np
import pytest
from example_figures import curves, history
from matplotlib.legend import Legend

from numpyvae import plots
from numpyvae.errors import InvalidValueError


def numbers(text):
    return re.findall(r"[\d.]+", text)


# ---------------------------------------------------------------------- the loss

def test_the_loss_curves_are_the_history():
    past = history(7)
    figure = plots.loss_curves(past)
    assert len(figure.axes) == 3
    for term, axes in enumerate(figure.axes):
        train, test = axes.lines
        assert train.get_label() == "training" and test.get_label() == "test"
        assert train.get_xdata().tolist() == test.get_xdata().tolist() == [1, 2, 3, 4, 5, 6, 7]
        assert np.array_equal(train.get_ydata(), past[:, term])
        assert np.array_equal(test.get_ydata(), past[:, term + 3])
        assert axes.get_xlabel() == "epoch"
        assert [text.get_text() for text in axes.texts] == [f"{past[-1, term + 3]:.1f}"]
    assert "nats" in figure.axes[0].get_ylabel()
    for axes, word in zip(figure.axes, ["loss", "reconstruction", "KL"]):
        assert axes.get_title().startswith(word)


def test_the_title_of_the_loss_adds_up():
    title = plots.loss_curves([[9, 9, 9, 32.14, 24.72, 7.42]]).get_suptitle()
    assert numbers(title) == ["32.1", "24.7", "7.4"] and "β" not in title
    # Each rounded for itself, these would read 24.3 = 21.5 + 2.9.
    title = plots.loss_curves([[9, 9, 9, 24.347, 21.486, 2.861]]).get_suptitle()
    assert numbers(title) == ["24.3", "21.4", "2.9"]
    # Here recon is 24.72, but 54.4 - 4 × 7.4 = 24.8.
    title = plots.loss_curves([[9, 9, 9, 24.72 + 4 * 7.42, 24.72, 7.42]], beta=4).get_suptitle()
    assert numbers(title) == ["54.4", "24.8", "4", "7.4"]


def test_the_loss_is_called_minus_elbo_only_where_it_is():
    past = [[9, 9, 9, 32.14, 24.72, 7.42]]
    assert "ELBO" in plots.loss_curves(past).axes[0].get_title()
    weighted = plots.loss_curves(past, beta=0.5).axes[0]
    assert weighted.get_title() == "loss  =  reconstruction + 0.5 KL"


def test_the_loss_of_an_iwae_is_not_the_sum_of_its_terms():
    figure = plots.loss_curves([[9, 9, 9, 30.06, 24.72, 7.42]], num_samples=5)
    assert numbers(figure.get_suptitle()) == ["32.1", "24.7", "7.4", "5", "30.1"]
    assert "ELBO" not in figure.axes[0].get_title() and "K = 5" in figure.axes[0].get_title()
    assert figure.axes[0].texts[0].get_text() == "30.1"


def test_the_kl_term_is_taken_from_the_prior_that_is_named():
    past = [[9, 9, 9, 32.14, 24.72, 7.42]]
    assert plots.loss_curves(past).axes[2].get_title() == "KL(q(z | x), p(z))"
    named = plots.loss_curves(past, prior="p(z | y)")
    assert named.axes[2].get_title() == "KL(q(z | x), p(z | y))"


def test_the_loss_of_an_ordinary_auto_encoder_is_one_curve():
    past = history(7, beta=0)
    figure = plots.loss_curves(past, beta=None)
    axes, = figure.axes
    train, test = axes.lines
    assert np.array_equal(train.get_ydata(), past[:, 0])
    assert np.array_equal(test.get_ydata(), past[:, 3])
    assert axes.get_title() == "loss  =  −log p(x | z)" and axes.get_legend() is not None
    final = f"{past[-1, 3]:.1f}"
    assert [text.get_text() for text in axes.texts] == [final]
    assert figure.get_suptitle() == f"A test image costs {final} nats"
    assert figure.get_figwidth() < plots.loss_curves(past).get_figwidth()


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 200])
def test_epochs_are_whole_numbers(epochs):
    for axes in plots.loss_curves(np.ones((epochs, 6))).axes:
        ticks = axes.get_xticks()
        assert len(ticks) > 0 and all(tick == round(tick) for tick in ticks)


def test_no_corner_is_looked_for_where_curves_are_long(tmp_path, monkeypatch):
    searched, find = [], Legend._find_best_position

    def search(*args):
        searched.append(args)
        return find(*args)
    monkeypatch.setattr(Legend, "_find_best_position", search)
    for epochs, once in ((1001, False), (1000, True)):
        plots.save(plots.loss_curves(history(epochs)), tmp_path / "a.png")
        assert bool(searched) == once


def test_one_epoch_is_a_visible_point():
    for axes in plots.loss_curves(history(1)).axes:
        assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    assert plots.loss_curves(history(2)).axes[0].lines[0].get_marker() == "None"


def test_a_run_without_an_epoch_has_no_curves():
    with pytest.raises(InvalidValueError, match="^history: expected at least one epoch, got none$"):
        plots.loss_curves(np.empty((0, 6)))


# ---------------------------------------------------------------------- curves of any kind

def test_curves_points_and_upright_lines():
    figure = curves()
    left, right = figure.axes
    a, b, points, upright = left.lines
    x = np.arange(5)
    for line, y in ((a, x), (b, x ** 2), (points, x)):
        assert np.array_equal(line.get_xdata(), x) and np.array_equal(line.get_ydata(), y)
    assert a.get_color() != b.get_color() and points.get_color() == a.get_color()
    assert (a.get_marker(), points.get_marker()) == ("None", "o")
    assert upright.get_xdata() == [2, 2] and upright.get_linestyle() == "--"
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["a", "here"]
    assert (left.get_title(), left.get_xlabel(), right.get_ylim()) == ("one", "x", (-5, 1))
    alone = plots.curves([{"lines": {"_a": (x, x)}}], height=4)
    assert alone.axes[0].get_legend() is None and alone.get_figheight() == 4
    assert alone.get_figwidth() < figure.get_figwidth()
