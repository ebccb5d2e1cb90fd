"""The pictures of bell curves: areas, resting points and ellipses are those of the formulas."""
import re

import numpy as np
import pytest
from example_figures import moments, q_and_posterior
from matplotlib.patches import Ellipse

from numpyvae import plots
from numpyvae.latent import kl_per_dim


@pytest.mark.parametrize("mu, std", [(0.9, 0.6), (-2.0, 1.5)])
def test_the_area_is_the_divergence(mu, std):
    figure = plots.two_bells(mu, std)
    z, price = figure.axes[1].lines[0].get_data()
    area = np.sum(price) * (z[1] - z[0])
    kl   = kl_per_dim(mu, 2 * np.log(std))
    assert area == pytest.approx(kl, rel=1e-3)                   # the tails beyond 4 σ are left out
    assert f"{kl:.3f} nats" in figure.get_suptitle()
    for line in figure.axes[0].lines:
        z, density = line.get_data()
        assert np.sum(density) * (z[1] - z[0]) == pytest.approx(1, rel=1e-3)


def test_the_sum_of_two_pulls_is_least_at_the_dot():
    axes, = plots.two_pulls(3, 0.7).axes
    image, prior, both, dot = [line.get_data() for line in axes.lines]
    np.testing.assert_allclose(image[1] + prior[1], both[1], rtol=1e-15)
    lowest = both[1].argmin()
    assert dot[0][0] == pytest.approx(both[0][lowest], abs=both[0][1] - both[0][0])
    assert dot[1][0] == pytest.approx(both[1][lowest], rel=1e-4)
    label = axes.get_legend().get_texts()[2].get_text()
    assert float(re.search("= (.*)$", label).group(1)) == round(3 / 1.49, 2)


def test_each_q_is_an_ellipse_one_standard_deviation_wide():
    mean, cov, qs = q_and_posterior()
    axes, = plots.ellipses_on_posterior(mean, cov, qs).axes
    found = [patch for patch in axes.patches if isinstance(patch, Ellipse)]
    for ellipse, (mu, S) in zip(found, qs.values(), strict=True):
        angle = np.radians(ellipse.angle)
        turn  = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        halves = np.diag([ellipse.width / 2, ellipse.height / 2])
        np.testing.assert_allclose(turn @ halves ** 2 @ turn.T, S, rtol=1e-12, atol=1e-15)
        assert np.array_equal(ellipse.center, mu)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(qs)


def test_every_moment_has_a_plane_and_the_places_left_over_are_empty():
    seen, labels = moments(4)
    figure = plots.planes(seen, labels)
    assert [axes.get_title() for axes in figure.axes] == [*seen, "", ""]
    for axes, codes in zip(figure.axes, seen.values()):
        assert np.array_equal(axes.collections[0].get_offsets(), codes)
    assert not any(axes.axison for axes in figure.axes[4:])
