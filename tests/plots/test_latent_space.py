"""Latent space: codes, KL and decoded images where they belong."""
import re
from statistics import NormalDist

import numpy as np
import pytest
from example_figures import SHAPE, codes, decode, image_at

from numpyvae import VAE, plots


# ---------------------------------------------------------------------- where codes lie

def scattered(axes, labels):
    """The points of a scatter plot by label, in the order of the labels."""
    named = np.unique(labels)
    assert len(axes.collections) == len(named)
    return {label: np.asarray(points.get_offsets())
            for label, points in zip(named, axes.collections)}


def test_two_latent_dimensions_are_shown_as_they_are():
    mu, labels = codes(40, 2), np.arange(40) % 4
    figure = plots.latent_scatter(mu, labels)
    axes, = figure.axes
    for label, points in scattered(axes, labels).items():
        assert np.array_equal(points, mu[labels == label])
    assert [text.get_text() for text in axes.texts] == ["0", "1", "2", "3"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z₁", "z₂")
    assert figure.get_suptitle().startswith("40 test images")


def test_a_label_stands_among_its_points_though_they_form_two_groups():
    rng = np.random.default_rng(5)
    crowd, others = rng.normal([3, 0], 0.2, (40, 2)), rng.normal([-3, 0], 0.2, (30, 2))
    for mu in (np.concatenate([crowd, others]), np.concatenate([others, crowd])):
        text, = plots.latent_scatter(mu, np.zeros(70, int)).axes[0].texts
        assert np.linalg.norm(text.xy - crowd.mean(axis=0)) < 0.2
    text, = plots.latent_scatter(mu[:1], np.array([7])).axes[0].texts
    assert np.array_equal(text.xy, mu[0])


@pytest.mark.parametrize("latent_dim", [2, 4])
def test_without_labels_all_points_are_alike(latent_dim):
    mu = codes(40, latent_dim)
    figure = plots.latent_scatter(mu)
    axes, = figure.axes
    points, = axes.collections
    named, = plots.latent_scatter(mu, np.zeros(40, int)).axes
    assert np.array_equal(points.get_offsets(), named.collections[0].get_offsets())
    assert len(axes.texts) == 0
    if latent_dim == 2:
        assert np.array_equal(points.get_offsets(), mu)
    assert len(np.unique(points.get_facecolor(), axis=0)) == 1
    assert figure.get_suptitle().startswith("40 test images")


def test_it_is_said_where_the_points_are():
    for more, where in (((), "the mean of its code"), ((None, "its code"), "its code")):
        title = plots.latent_scatter(codes(9, 2), *more).get_suptitle()
        assert title == f"9 test images in latent space, each at {where}"


def test_it_is_said_that_these_are_not_all():
    for latent_dim, rest in ((2, "in latent space, each at"), (3, "in the plane where their")):
        found = plots.latent_scatter(codes(9, latent_dim), of=30).get_suptitle()
        assert found.startswith(f"9 of 30 test images {rest}")
        assert plots.latent_scatter(codes(9, latent_dim), of=9).get_suptitle().startswith("9 test")


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_very_many_labels_are_not_told_apart(latent_dim):
    for kinds, groups in ((50, 50), (51, 1)):
        axes, = plots.latent_scatter(codes(120, latent_dim), np.arange(120) % kinds).axes
        assert len(axes.collections) == groups
        assert len(axes.texts) == (groups if groups > 1 and latent_dim == 2 else 0)


@pytest.mark.parametrize("N", [1, 2, 3, 7])
def test_the_plane_of_more_dimensions_than_images_is_the_one_in_which_they_spread_most(N):
    mu = codes(N, 8)
    axes, = plots.latent_scatter(mu).axes
    found = np.asarray(axes.collections[0].get_offsets())
    _, lengths, directions = np.linalg.svd(mu - mu.mean(axis=0))
    plane = (mu - mu.mean(axis=0)) @ directions[:2].T
    # Measured: 4e-14; either sign will do.
    np.testing.assert_allclose(np.abs(found), np.abs(plane), rtol=0, atol=1e-12)
    shares = np.pad(lengths, (0, 2))[:2] ** 2 / ((lengths ** 2).sum() or 1)
    assert [f"({share:.0%} of" in label for share, label
            in zip(shares, (axes.get_xlabel(), axes.get_ylabel()))] == [True, True]


def test_very_many_points_are_smaller():
    few, many = (plots.latent_scatter(codes(n, 2)).axes[0].collections[0].get_sizes()[0]
                 for n in (2000, 2001))
    assert 0 < many < few / 2


def test_one_latent_dimension_is_shown_over_the_labels():
    mu, labels = codes(30, 1), np.arange(30) % 3
    axes, = plots.latent_scatter(mu, labels).axes
    for label, points in scattered(axes, labels).items():
        assert np.array_equal(points, np.column_stack([mu[labels == label], np.full(10, label)]))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z₁", "label")


def test_more_are_shown_in_the_plane_of_their_largest_spread():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    spread = np.array([1.0, 7.0, 0.5, 3.0, 0.1])
    mu, labels = 10 + rng.standard_normal((400, 5)) * spread @ basis, np.arange(400) % 2
    axes, = plots.latent_scatter(mu, labels).axes
    found = np.empty((400, 2))
    for label, points in scattered(axes, labels).items():
        found[labels == label] = points
    # The textbook's way to the same plane.
    variances, directions = np.linalg.eigh(np.cov(mu.T))
    expected = (mu - mu.mean(axis=0)) @ directions[:, [-1, -2]]
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found, expected * signs, rtol=0, atol=1e-12)      # measured: 2e-13
    shares = variances[[-1, -2]] / variances.sum()
    for share, name in zip(shares, (axes.get_xlabel(), axes.get_ylabel())):
        assert f"{share:.0%}" in name and "axis" in name


def test_both_axes_of_the_plane_have_one_scale():
    for latent_dim in (2, 3):
        axes, = plots.latent_scatter(codes(40, latent_dim), np.arange(40) % 4).axes
        assert axes.get_aspect() == 1


def test_every_label_has_its_colour():
    labels = np.arange(50) % 10
    axes, = plots.latent_scatter(codes(50, 2), labels).axes
    colours = {tuple(points.get_facecolor()[0, :3]) for points in axes.collections}
    assert len(colours) == 10
    for points, text in zip(axes.collections, axes.texts):
        assert tuple(points.get_facecolor()[0, :3]) == tuple(text.get_color()[:3])


# ---------------------------------------------------------------------- what dimensions say

def test_kl_is_sorted_numbered_and_counted():
    figure = plots.kl_per_dimension([0.05, 2.0, 0.1, 3.5])
    axes, = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [3.5, 2.0, 0.1, 0.05]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["4", "2", "3", "1"]
    assert [text.get_text() for text in axes.texts] == ["3.5", "2", "0.1", "0.05"]
    words = re.findall(r"[\d.]+\d|\d", figure.get_suptitle())
    assert words == ["2", "4", "0.1", "5.7"]                      # 5.65 in all
    colours = [bar.get_facecolor() for bar in axes.patches]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert "nats" in axes.get_ylabel()


def test_of_very_many_dimensions_only_those_used_have_numbers():
    for Z, numbered in ((24, 24), (25, 3)):
        kl = np.r_[1.0, 2.0, 3.0, np.zeros(Z - 3)]
        axes, = plots.kl_per_dimension(kl).axes
        assert len(axes.patches) == Z and len(axes.texts) == numbered
        assert [tick.get_text() for tick in axes.get_xticklabels()][:3] == ["3", "2", "1"]


def test_of_many_hundred_dimensions_the_first_are_shown():
    kl = np.random.default_rng(0).permutation(np.linspace(0, 5, 1000))
    figure = plots.kl_per_dimension(kl)
    axes, = figure.axes
    assert [bar.get_height() for bar in axes.patches] == sorted(kl, reverse=True)[:200]
    assert len(axes.texts) == len(axes.get_xticklabels()) == 40          # as have room
    assert axes.get_xlabel() == "latent dimension, the 200 most informative first"
    assert "980 of 1000 are used" in figure.get_suptitle()


# ---------------------------------------------------------------------- what they draw

def test_the_manifold_is_a_grid_of_equally_probable_steps():
    asked = []

    def decode_once(z):
        asked.append(z)
        return decode(z)
    axes, = plots.manifold(decode_once, SHAPE, side=7).axes
    assert [z.shape for z in asked] == [(49, 2)]
    middles = (np.arange(7) + 0.5) / 7
    for row in range(7):
        for column in range(7):
            right, up = image_at(axes, row, column)[:2]           # as probabilities
            assert abs(right - middles[column]) < 3e-15           # measured, both: 3e-16
            assert abs(up - middles[6 - row]) < 3e-15


def test_the_manifold_is_labelled_where_its_images_stand():
    axes, = plots.manifold(decode, SHAPE, side=7).axes
    values = [f"{NormalDist().inv_cdf((i + 0.5) / 7):.1f}".replace("-", "−") for i in (0, 3, 6)]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == values
    assert [tick.get_text() for tick in axes.get_yticklabels()] == values
    # The middle of image i lies, with gaps of one pixel, at 4 i + 2 in a row of pixels that are
    # centred on 0, 1, 2, ...
    assert axes.get_xticks().tolist() == [2, 14, 26]
    assert axes.get_yticks().tolist() == [19.5, 10.5, 1.5]        # z2 grows upwards
    assert axes.get_xlabel().startswith("z₁") and axes.get_ylabel().startswith("z₂")


@pytest.mark.parametrize("latent_dim", [1, 3, 20])
def test_the_traversal_is_decoded_from_one_dimension_at_a_time(latent_dim):
    vae = VAE(6, 16, latent_dim, rng=1, dtype=np.float64)
    kl = np.random.default_rng(4).permutation(latent_dim) / 7
    figure = plots.traversal(vae.decode, kl, SHAPE)
    order = sorted(range(latent_dim), key=lambda j: -kl[j])[:10]
    assert len(figure.axes) == len(order)
    assert ("10 most active of 20" in figure.get_suptitle()) == (latent_dim == 20)
    titles = [text.get_text() for text in figure.axes[0].texts[1:]]
    assert titles == ["−3", "−2.5", "−2", "−1.5", "−1", "−0.5", "0",
                      "0.5", "1", "1.5", "2", "2.5", "3"]
    for axes, j in zip(figure.axes, order):
        assert axes.texts[0].get_text() == f"{plots.name_of(j)}\n{kl[j]:.2f} nats"
        for column in range(13):
            z = np.zeros((1, latent_dim))
            z[0, j] = -3 + 0.5 * column
            np.testing.assert_allclose(image_at(axes, 0, column), vae.decode(z)[0], rtol=1e-12)


def test_latent_dimensions_are_counted_from_one():
    assert plots.name_of(0) == "z₁" and plots.name_of(122) == "z₁₂₃"


@pytest.mark.parametrize("latent_dim", [1, 2, 4])
def test_the_means_of_the_classes_are_marked_where_their_codes_would_be(latent_dim):
    mu, labels = codes(40, latent_dim), np.arange(40) % 4
    M = mu[[7, 2, 30]]                                            # each is the code of an example
    figure = plots.latent_scatter(mu, labels, M=M)
    axes, = figure.axes
    crosses = [line for line in axes.lines if line.get_marker() == "X"]
    assert len(crosses) == 3 and "cross" in figure.get_suptitle()
    for label, (line, n) in enumerate(zip(crosses, (7, 2, 30))):
        found, = line.get_xydata()
        if latent_dim == 1:
            assert np.array_equal(found, [M[label, 0], label])
            continue
        point = scattered(axes, labels)[n % 4][n // 4]
        np.testing.assert_allclose(found, point, rtol=0, atol=1e-12)
        assert tuple(line.get_color()) == tuple(axes.texts[label].get_color())
    assert not plots.latent_scatter(mu, labels).axes[0].lines


def test_the_manifold_of_another_prior_lies_where_that_is():
    asked = []

    def decode_once(z):
        asked.append(z)
        return decode(z)
    axes, = plots.manifold(decode_once, SHAPE, side=3, mean=(1, -2), std=(0.5, 2)).axes
    z, step = asked[0].reshape(3, 3, 2), NormalDist().inv_cdf(5 / 6)
    np.testing.assert_allclose(z[0, :, 0], [1 - 0.5 * step, 1, 1 + 0.5 * step], rtol=1e-12)
    np.testing.assert_allclose(z[:, 0, 1], [-2 + 2 * step, -2, -2 - 2 * step], rtol=1e-12)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.5", "1.0", "1.5"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["−3.9", "−2.0", "−0.1"]
