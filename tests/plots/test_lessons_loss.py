"""The figures of lessons 09 and 11: the terms of the loss, the price of a code, and the bound."""
import numpy as np
from example_figures import (beta_images, bound_and_gap, image_at, images, pair, price_of_code,
                             shown, tug_of_war)


def words(texts):
    return [text.get_text() for text in texts]


# ---------------------------------------------------------------------- lesson 09

def test_both_terms_and_their_cosines_are_drawn_at_equal_steps():
    left, right = tug_of_war().axes
    mean_image, recon, kl = (line.get_ydata() for line in left.lines)
    assert [*mean_image] == [27, 27] and [*recon] == [44, 28, 21] and [*kl] == [0.1, 0.3, 3]
    assert [[*line.get_ydata()] for line in right.lines] == [[0.5, -0.9, -0.9], [0.2, -0.8, -1]]
    for axes in (left, right):
        assert [*axes.lines[-1].get_xdata()] == [*axes.get_xticks()] == [0, 1, 2]
        assert words(axes.get_xticklabels()) == ["0", "1", "5"]


def test_every_beta_has_a_row_of_rebuilt_and_of_drawn_images():
    left, right = beta_images().axes
    for i in range(5):
        assert np.array_equal(image_at(left, 0, i), images(5)[i])
        assert np.isnan(image_at(right, 0, i)).all()
    for row, (rebuilt, drawn) in enumerate((pair(5), pair(5, 2)), start=1):
        for i in range(5):
            assert np.array_equal(image_at(left, row, i), rebuilt[i])
            assert np.array_equal(image_at(right, row, i), drawn[i])
    assert shown(left).shape == shown(right).shape == (3 * 3 + 1, 5 * 4 + 1)
    assert words(left.texts) == ["original", "β = 0", "β = 0.25"]
    assert words(right.texts)[:3] == ["", "3 active", "0 active"]


def test_the_price_is_the_slope_and_collapsed_networks_share_a_name():
    axes, = price_of_code().axes
    curve, points, *slopes = axes.lines
    for line in (curve, points):
        assert [*line.get_xdata()] == [3, 1, 0.001, 0] and [*line.get_ydata()] == [21, 24, 27, 27.1]
    assert words(axes.texts) == ["β = 1", "β = 2", "β = 4 and 8"]
    assert [text.xy for text in axes.texts] == [(3, 21), (1, 24), (0.001, 27)]
    found = [np.diff(line.get_ydata()) / np.diff(line.get_xdata()) for line in slopes]
    np.testing.assert_allclose(np.ravel(found), [-1, -2], rtol=1e-14)
    assert words(axes.get_legend().get_texts()) == ["slope −β"]


def test_a_network_far_to_the_right_is_told_and_not_drawn():
    for kl, told in ((30, True), (5, False)):
        axes, = price_of_code(outside=(0, kl)).axes
        assert axes.get_xlim()[1] < 4
        assert (f"β = 0 lies far to the right, at KL {kl}  →" in words(axes.texts)) == told


# ---------------------------------------------------------------------- lesson 11

def test_bound_and_kl_are_stacked_up_to_log_px():
    left, right = bound_and_gap().axes
    bounds, gaps = left.containers
    assert [bar.get_y() + bar.get_height() for bar in bounds] == [-9, -7.5, -6]
    assert [bar.get_y() for bar in gaps] == [-9, -7.5, -6]
    assert [bar.get_height() for bar in gaps] == [3, 1.5, 0]
    assert words(left.texts) == ["3.00", "1.50", "0.00"]
    assert words(left.get_xticklabels()) == ["a", "b\nc", "d"]
    curve, log_px = right.lines
    assert [*curve.get_xdata()] == [1, 10, 100] and [*curve.get_ydata()] == [-7.5, -6.4, -6.1]
    assert {*log_px.get_ydata()} == {*left.lines[0].get_ydata()} == {-6}
    assert right.get_title() == "q d: more samples"
