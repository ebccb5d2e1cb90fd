"""The figures of lessons 01, 02 and 06: holes, smiles, and the KL divergence."""
import numpy as np
from example_figures import (SHAPE, hole_in_the_plane, image_at, kl_on_a_grid, prices, shown,
                             smiles, two_posteriors)
from matplotlib.collections import EllipseCollection
from matplotlib.quiver import Quiver

from numpyvae import plots


# ---------------------------------------------------------------------- lesson 01

def test_every_hole_is_marked_between_its_ends_and_shown_between_what_these_decode_to():
    z, labels, land, corners, ways, triples, distances, usual = hole_in_the_plane(40, 3)
    figure = plots.holes(z, labels, land, corners, ways, triples, distances, usual, SHAPE)
    axes = {one.get_label(): one for one in figure.axes}
    marks = {text.get_text(): text.xy for text in axes["plane"].texts}
    assert list(marks) == ["0", "1", "2", "3", "A", "B", "C"]
    lines = [line.get_xydata() for line in axes["plane"].lines]
    assert np.array_equal(lines, ways)
    for letter, way, triple, distance in zip("ABC", ways, triples, distances):
        assert np.array_equal(marks[letter], way.mean(axis=0))
        assert [text.get_text() for text in axes[letter].texts] == [letter, f"{distance:.1f}"]
        for column in range(3):
            assert np.array_equal(image_at(axes[letter], 0, column), triple[column])
    assert axes["plane"].get_xlim() == (-3, 3) and axes["plane"].get_ylim() == (-6, 6)


# ---------------------------------------------------------------------- lesson 02

def lines_of(axes):
    """The curves of a panel, by their names in the legend."""
    return {line.get_label(): line.get_xydata().T for line in axes.lines}


def test_bell_curves_have_area_1_and_prices_are_least_at_the_dots():
    left, right = plots.wager({"sure": (1, 0.1), "open": (0, 0.3)}).axes
    for name, middle, width in (("sure", 1, 0.1), ("open", 0, 0.3)):
        t, height = lines_of(left)[name]
        share = height / height.sum()
        np.testing.assert_allclose(height.sum() * (t[1] - t[0]), 1, rtol=1e-6)
        np.testing.assert_allclose(share @ t, middle, rtol=0, atol=1e-6)
        np.testing.assert_allclose(np.sqrt(share @ (t - middle) ** 2), width, rtol=1e-6)
    truths = (np.arange(20_000) + 0.5) / 10_000 - 1
    for m in (0, 0.5, 1):
        s, nats = lines_of(right)[f"m = {m:g}"]
        paid = np.mean(np.log(s[60]) + 0.5 * np.log(2 * np.pi) + (truths - m) ** 2 / 2 / s[60] ** 2)
        np.testing.assert_allclose(nats[60], paid, rtol=1e-8)
        dots = [line.get_xydata()[0] for line in right.lines if len(line.get_xdata()) == 1]
        assert sum(low <= nats.min() and abs(at / s[nats.argmin()] - 1) < 0.02
                   for at, low in dots) == 1


def test_the_price_of_doubt_is_the_sum_of_two_and_the_choice_is_marked():
    sigmas, kl, recon, chosen, name = prices()
    figure = plots.price_of_doubt(sigmas, kl, recon, chosen, name)
    assert [axes.get_title() for axes in figure.axes] == list(recon)
    for axes in figure.axes:
        lines, title = lines_of(axes), axes.get_title()
        both = [line[1] for label, line in lines.items() if label.startswith(("recon", "KL"))]
        assert np.array_equal(both, [recon[title], kl])
        assert np.array_equal(lines["their sum"][1], np.sum(both, axis=0))
        assert lines["chosen by the encoder"][0][0] == chosen[title]
        assert axes.get_xlabel() == "σ of z2"


def test_a_range_of_smiles_beside_a_point():
    seen, decoded, points, found, point_smiles, truth = smiles()
    figure = plots.point_or_distribution(*smiles(), SHAPE)
    pictures = {axes.get_label(): axes for axes in figure.axes}
    below = pictures["smiles"]
    assert len(pictures) == 7
    for i in range(2):
        assert np.array_equal(image_at(pictures[f"seen{i}"], 0, 0), seen[i], equal_nan=True)
        assert np.array_equal(image_at(pictures[f"ae{i}"], 0, 0), points[i])
        assert shown(pictures[f"vae{i}"]).shape == (2 + 2, 8 * 4 + 1)
        drawn = [image_at(pictures[f"vae{i}"], 0, place) for place in range(8)]
        order = [np.flatnonzero((decoded[i] == image).all(axis=1)).item() for image in drawn]
        smile = found[i][order]
        assert (np.diff(smile) > 0).all()
        assert smile[0] == found[i].min() and smile[-1] == found[i].max()
    assert sorted(line.get_xdata()[0] for line in below.lines) == sorted([*point_smiles, truth])
    bars = np.array([bar.get_height() * bar.get_width() for bar in below.patches])
    width = below.patches[0].get_width()
    for i, heights in enumerate(bars.reshape(2, -1)):
        edges = below.patches[0].get_x() + width * np.arange(len(heights) + 1)
        shares = np.histogram(found[i], edges)[0] / 30
        np.testing.assert_allclose(heights, shares, rtol=0, atol=1e-12)
    words = [text.get_text() for text in below.get_legend().get_texts()]
    assert sorted(words) == sorted(["VAE, mouth visible", "VAE, mouth covered",
                                    "auto-encoder, mouth visible", "auto-encoder, mouth covered",
                                    "the face as it was drawn"])


# ---------------------------------------------------------------------- lesson 06

def test_arrows_of_one_length_point_against_the_gradient():
    kl, dmu, dlogvar, mu, logvar = kl_on_a_grid()
    axes, = plots.kl_landscape(kl, dmu, dlogvar, mu, logvar).axes
    arrows, = (found for found in axes.collections if isinstance(found, Quiver))
    columns = np.searchsorted(mu, arrows.X)
    rows = np.searchsorted(logvar, arrows.Y)
    assert arrows.N == 8 * 8 and np.array_equal(mu[columns], arrows.X)
    np.testing.assert_allclose(np.hypot(arrows.U, arrows.V), 1, rtol=1e-15)
    slope = arrows.U * dmu[rows, columns] + arrows.V * dlogvar[rows, columns]
    steepest = np.hypot(dmu, dlogvar)[rows, columns]
    np.testing.assert_allclose(slope, -steepest, rtol=1e-14)


def test_ellipses_reach_one_standard_deviation_each_way_and_all_are_seen():
    groups, labels = two_posteriors()
    figure = plots.posteriors(groups, labels)
    figure.draw_without_rendering()
    assert [axes.get_title() for axes in figure.axes] == list(groups)
    for axes, (mu, std) in zip(figure.axes, groups.values()):
        ellipses, = (found for found in axes.collections if isinstance(found, EllipseCollection))
        assert np.array_equal(ellipses.get_offsets(), mu)
        reach = ellipses.get_transforms()[:, [0, 1], [0, 1]]                     # to each side
        np.testing.assert_allclose(reach, std, rtol=1e-15)
        assert [patch.get_radius() for patch in axes.patches] == [1, 2]          # the prior
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        low, high = (mu - std).min(axis=0), (mu + std).max(axis=0)
        assert left < min(low[0], -2) and max(high[0], 2) < right
        assert bottom < min(low[1], -2) and max(high[1], 2) < top
