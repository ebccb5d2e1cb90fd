"""The figures of lesson 09: the terms of the loss, and the price of a code."""
import numpy as np
from example_figures import (beta_images, image_at, images, pair, price_of_code, shown,
                             tug_of_war)


def words(texts):
    return [text.get_text() for text in texts]


# ---------------------------------------------------------------------- lesson 09

def test_each_term_has_a_scale_of_its_own_and_all_are_drawn_at_equal_steps():
    above, right, below = tug_of_war().axes
    mean_image, recon = (line.get_ydata() for line in above.lines)
    assert [*mean_image] == [27, 27] and [*recon] == [44, 28, 21]
    assert [[*line.get_ydata()] for line in below.lines] == [[0.1, 0.3, 3]]
    assert [[*line.get_ydata()] for line in right.lines] == [[0.5, -0.9, -0.9], [0.2, -0.8, -1]]
    assert below.get_ylim()[1] < 4 < above.get_ylim()[0]
    for axes in (above, below, right):
        assert [*axes.lines[-1].get_xdata()] == [*axes.get_xticks()] == [0, 1, 2]
        assert words(axes.get_xticklabels()) == ["0", "1", "5"]


def test_acts_are_named_where_there_is_room_and_every_other_one_is_shaded():
    above, right, below = tug_of_war().axes
    for axes in (below, right):
        assert words(axes.texts) == ["act one", "act two"]
        assert [text.get_position()[0] for text in axes.texts] == [0.5, 1.5]
    assert not above.texts
    for axes in (above, below, right):
        shade, = axes.patches
        assert [shade.get_x(), shade.get_x() + shade.get_width()] == [1, 2]


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
