"""The pictures: drawn without a screen, the same bytes every time, with every number and every
pixel in its place.
"""
import os
import re
import subprocess
import sys
from statistics import NormalDist

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

import numpyvae
from numpyvae import plots

SHAPE = (2, 3)                       # unequal, so that no two axes can be confused
ENV = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}


def images(n, seed=0):
    return np.random.default_rng(seed).random((n, 6))


def pair(n, seed=0):
    return images(n, seed), images(n, seed + 1)


def history(epochs, beta=1.0, seed=0):
    rng = np.random.default_rng(seed)
    recon, kl = rng.uniform(20, 40, (2, 2, epochs))
    return np.column_stack([recon[0] + beta * kl[0], recon[0], kl[0], recon[1] + beta * kl[1],
                            recon[1], kl[1]])


def half_seen(n):
    """Images of which some pixels were not observed, over whole ones."""
    x, probs = pair(n)
    return np.where(np.random.default_rng(9).random(x.shape) < 0.6, x, np.nan), probs


def codes(n, latent_dim, seed=0):
    return np.random.default_rng(seed).standard_normal((n, latent_dim)) * np.arange(1, latent_dim
                                                                                    + 1)


def smiles():
    """What the picture of the smile that nobody saw takes, but for the shape of the images; of 30
    samples.
    """
    seen, points = images(2), images(2, 1)
    seen[1, :3] = np.nan
    found = np.random.default_rng(3).uniform(-1, 1, (2, 30))
    return seen, images(60, 2).reshape(2, 30, 6), points, found, (0.2, -0.3), 0.5


def decode(z):
    """An image of 2 by 3 that tells where it was decoded: at z in its first pixels, as
    probabilities.
    """
    probs = np.tile([[0, 0, 0.25, 0.5, 0.75, 1]], (len(z), 1))
    probs[:, :2] = [[NormalDist().cdf(value) for value in row] for row in z]
    return probs


FIGURES = {
    "curves":                lambda: plots.loss_curves(history(12)),
    "curves of one epoch":   lambda: plots.loss_curves(history(1)),
    "curves with beta":      lambda: plots.loss_curves(history(5, beta=4.0)),
    "curves without KL":     lambda: plots.loss_curves(history(5), beta=None),
    "reconstructions":       lambda: plots.reconstructions({"near": pair(10), "far": pair(10, 2)}, SHAPE),
    "three groups":          lambda: plots.reconstructions({"a": pair(5), "b": pair(4), "c": pair(1)}, SHAPE),
    "one reconstruction":    lambda: plots.reconstructions({"the only one": pair(1)}, SHAPE),
    "pixels unseen":         lambda: plots.reconstructions({"masked": half_seen(6)}, SHAPE, "its code"),
    "samples":               lambda: plots.samples(images(64), SHAPE),
    "17 samples":            lambda: plots.samples(images(17), SHAPE),
    "one sample":            lambda: plots.samples(images(1), SHAPE),
    "interpolation":         lambda: plots.interpolation(images(5), images(55).reshape(5, 11, 6), images(5, 1), SHAPE),
    "one line of one step":  lambda: plots.interpolation(images(1), images(1).reshape(1, 1, 6), images(1, 1), SHAPE),
    "Z = 1":                 lambda: plots.latent_scatter(codes(50, 1), np.arange(50) % 10),
    "Z = 2":                 lambda: plots.latent_scatter(codes(50, 2), np.arange(50) % 10),
    "Z = 3":                 lambda: plots.latent_scatter(codes(50, 3), np.arange(50) % 10),
    "Z = 3, one image":      lambda: plots.latent_scatter(codes(1, 3), np.array([7])),
    "Z = 3, nothing said":   lambda: plots.latent_scatter(np.zeros((50, 3)), np.arange(50) % 10),
    "Z = 1, one image":      lambda: plots.latent_scatter(codes(1, 1), np.array([7])),
    "labels beyond 9":       lambda: plots.latent_scatter(codes(50, 2), np.arange(50)),
    "Z = 1, no labels":      lambda: plots.latent_scatter(codes(50, 1)),
    "KL, Z = 1":             lambda: plots.kl_per_dimension([1.5]),
    "KL, Z = 2":             lambda: plots.kl_per_dimension([0.0, 2.5]),
    "KL, Z = 40":            lambda: plots.kl_per_dimension(np.linspace(0, 3, 40)),
    "KL, nothing said":      lambda: plots.kl_per_dimension(np.zeros(10)),
    "a smile":               lambda: plots.point_or_distribution(*smiles(), SHAPE),
    "traversal":             lambda: plots.traversal(decode, [0.02, 2.5], SHAPE),
    "traversal, Z = 20":     lambda: plots.traversal(lambda z: images(len(z)), np.linspace(0, 3, 20), SHAPE),
    "traversal, wide":       lambda: plots.traversal(lambda z: images(len(z)), np.linspace(0, 3, 20), (1, 6)),
    "bound and gap":         lambda: plots.bound_and_gap({"a": -9, "b c": -7.5, "d": -6}, {"a": 3, "b c": 1.5, "d": 0},
                                                         -6, [1, 10, 100], [-7.5, -6.4, -6.1]),
    "holes":                 lambda: plots.holes(codes(40, 2), np.arange(40) % 4, 1 + codes(12, 12) ** 2 / 50,
                                                 ((-3, -6), (3, 6)), codes(5, 2, 1), images(15).reshape(5, 3, 6),
                                                 np.linspace(1.7, 1.3, 5), 1.02, SHAPE),
    "one hole":              lambda: plots.holes(codes(9, 2), np.zeros(9, int), np.ones((3, 4)), ((-3, -6), (3, 6)),
                                                 codes(1, 2), [images(3)], [2.0], 1.9, SHAPE),
    "step sizes":            lambda: plots.step_sizes(np.logspace(-1, -8, 15), {
        "one": (np.logspace(-1, -8, 15) + np.logspace(-12, -5, 15), {"h": np.logspace(-1, -8, 15)}),
        "two": (np.logspace(-2, -16, 15) + np.logspace(-12, -5, 15), {"1 / h": np.logspace(-12, -5, 15)}),
        "none": (np.full(15, 1e-16), {})}),
    "verdicts":              lambda: plots.verdicts(np.eye(3, 5) > 0, ["a", "b c", "d"], list("ABCDE"),
                                                    "What is wrong, and what is right"),
    "line by line":          lambda: plots.line_by_line([(["y = f(x)"], ["dx = dy", "dy = 1"]), (["a", "b"], ["c"])],
                                                        ("left", "right"), "One program beside another"),
    "manifold":              lambda: plots.manifold(decode, SHAPE),
    "tug of war":            lambda: plots.tug_of_war([0, 1, 5], [[44, 0.1], [28, 0.3], [21, 3]], 27,
                                                      [[0.5, 0.2], [-0.9, -0.8], [-0.9, -1]]),
    "images by beta":        lambda: plots.beta_images(images(5), {0: pair(5), 0.25: pair(5, 2)}, [3, 0], SHAPE),
    "price of code":         lambda: plots.price_of_code([1, 2, 4, 8], [3, 1, 0.001, 0], [21, 24, 27, 27.1]),
    "manifold of one":       lambda: plots.manifold(decode, SHAPE, side=1)}


# of these it is checked, too, that equal numbers give equal bytes
TWICE = {"curves", "Z = 3", "manifold"}


def shown(axes):
    """The numbers of the picture that `axes` show, NaN in its gaps."""
    return np.ma.filled(np.ma.asarray(axes.images[0].get_array(), float), np.nan)


def image_at(axes, row, column):
    """The image in this place of a mosaic; around it there must be a gap of one pixel."""
    height, width = SHAPE
    top, left = row * (height + 1), column * (width + 1)
    framed = shown(axes)[top:top + height + 2, left:left + width + 2].copy()
    image = framed[1:-1, 1:-1].ravel()
    framed[1:-1, 1:-1] = np.nan
    assert framed.shape == (height + 2, width + 2) and np.isnan(framed).all()
    return image


# ---------------------------------------------------------------------- every picture

# between an old matplotlib and a new pyparsing
@pytest.mark.filterwarnings("ignore:.* deprecated")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FIGURES)
def test_it_is_a_figure_that_can_be_saved(name, tmp_path):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure) and len(figure.get_suptitle()) > 20
    shares = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())
              if "%" in text]
    assert not any("nan" in text or "-" in text for text in shares)
    plots.save(figure, tmp_path / "a.png")
    if name in TWICE:
        plots.save(FIGURES[name](), tmp_path / "b.png")
        assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
        (tmp_path / "b.png").unlink()
    assert os.listdir(tmp_path) == ["a.png"]
    pixels = imread(tmp_path / "a.png")[..., :3]
    # Matplotlib rounds
    assert np.allclose(pixels.shape[1::-1], 100 * figure.get_size_inches(), rtol=0, atol=1)
    ink = np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2]) < 0.9
    # below the title; measured: 0.019 (one image, Z = 1) to 0.84
    assert ink[len(ink) // 8:].mean() > 0.01
    # Nothing is cut off: the outermost pixels are paper.
    assert not ink[[0, -1]].any() and not ink[:, [0, -1]].any()


def test_arguments_are_not_changed():
    kl, mu, past = np.array([0.5, 2.0]), codes(20, 3), history(4)
    kept = kl.copy(), mu.copy(), past.copy()
    plots.kl_per_dimension(kl)
    plots.latent_scatter(mu, np.arange(20))
    plots.loss_curves(past)
    assert all(np.array_equal(*pair) for pair in zip((kl, mu, past), kept))


# ---------------------------------------------------------------------- who imports matplotlib

def test_only_drawing_imports_matplotlib():
    modules = "numpyvae, numpyvae.training, numpyvae.evaluate, numpyvae.datasets, numpyvae.checkpoint, numpyvae.cli"
    code = f"import sys, {modules}\nprint([name for name in sys.modules if name.startswith('matplotlib')])"
    assert subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True,
                          text=True).stdout == "[]\n"


def test_drawing_needs_no_screen_and_leaves_pyplot_and_the_users_settings_alone(tmp_path):
    code = ("import sys, matplotlib, test_plots\ndef settings():        # but for the one whose "
            "mere reading imports pyplot\n    return {name: matplotlib.rcParams[name] for name in "
            "matplotlib.rcParams if name != 'backend'}\nbefore = settings()\nfor name in "
            "('curves', 'reconstructions', 'samples', 'interpolation', 'Z = 3', 'KL, Z = 2', "
            "'manifold'):\n    figure = test_plots.FIGURES[name]()\ntest_plots.plots.save(figure, "
            "sys.argv[1])\nprint('matplotlib.pyplot' in sys.modules, settings() == before)\n")
    env = {name: value for name, value in ENV.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY",
                                                                      "MPLBACKEND")}
    env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"],
                                         os.path.dirname(os.path.abspath(__file__))])
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    child = subprocess.run(command, env=env, capture_output=True, text=True)
    assert (child.stdout, child.stderr) == ("False True\n", "")


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
    assert re.findall(r"[\d.]+", title) == ["32.1", "24.7", "7.4"] and "β" not in title
    # Each rounded for itself, these would read 24.3 = 21.5 + 2.9.
    title = plots.loss_curves([[9, 9, 9, 24.347, 21.486, 2.861]]).get_suptitle()
    assert re.findall(r"[\d.]+", title) == ["24.3", "21.4", "2.9"]
    title = plots.loss_curves([[9, 9, 9, 24.72 + 4 * 7.42, 24.72, 7.42]], beta=4).get_suptitle()
    # it is 24.72, but 54.4 - 4 × 7.4 = 24.8
    assert re.findall(r"[\d.]+", title) == ["54.4", "24.8", "4", "7.4"]


def test_the_loss_is_called_minus_elbo_only_where_it_is():
    history = [[9, 9, 9, 32.14, 24.72, 7.42]]
    assert "ELBO" in plots.loss_curves(history).axes[0].get_title()
    assert plots.loss_curves(history,
                             beta=0.5).axes[0].get_title() == "loss  =  reconstruction + 0.5 KL"


def test_the_loss_of_an_ordinary_auto_encoder_is_one_curve():
    past = history(7, beta=0)
    figure = plots.loss_curves(past, beta=None)
    axes, = figure.axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [past[:, 0].tolist(),
                                                                  past[:, 3].tolist()]
    assert axes.get_title() == "loss  =  −log p(x | z)" and axes.get_legend() is not None
    last = f"{past[-1, 3]:.1f}"
    assert [text.get_text() for text in axes.texts] == [last]
    assert figure.get_suptitle() == f"A test image costs {last} nats"
    assert figure.get_figwidth() < plots.loss_curves(past).get_figwidth()


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 200])
def test_epochs_are_whole_numbers(epochs):
    for axes in plots.loss_curves(np.ones((epochs, 6))).axes:
        assert len(axes.get_xticks()) > 0 and all(tick == round(tick) for tick in axes.get_xticks())


def test_one_epoch_is_a_visible_point():
    for axes in plots.loss_curves(history(1)).axes:
        assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    assert plots.loss_curves(history(2)).axes[0].lines[0].get_marker() == "None"


# ---------------------------------------------------------------------- images in rows and columns

def test_originals_stand_over_their_reconstructions():
    groups = {"near": pair(5), "far": pair(3, 2)}
    figure = plots.reconstructions(groups, SHAPE)
    assert [axes.get_title() for axes in figure.axes] == ["near", "far"]
    for axes, (x, probs) in zip(figure.axes, groups.values()):
        assert shown(axes).shape == (2 * 3 + 1, len(x) * 4 + 1)
        for i in range(len(x)):
            assert np.array_equal(image_at(axes, 0, i), x[i])
            assert np.array_equal(image_at(axes, 1, i), probs[i])
        upper, lower = axes.texts
        assert (upper.get_text(), lower.get_text()) == ("original", "rebuilt")
        assert upper.get_position()[1] > lower.get_position()[1]


def test_unseen_pixels_are_left_open():
    x, probs = half_seen(6)
    axes, = plots.reconstructions({"masked": (x, probs)}, SHAPE).axes
    for i in range(6):
        assert np.array_equal(image_at(axes, 0, i), x[i], equal_nan=True)
        assert np.array_equal(image_at(axes, 1, i), probs[i])
    assert 0 < np.isnan(x).sum() < x.size
    start, _, end = plots.interpolation(x[:2], images(6).reshape(2, 3, 6), x[4:], SHAPE).axes
    assert np.array_equal(image_at(start, 1, 0), x[1], equal_nan=True)
    assert np.array_equal(image_at(end, 0, 0), x[4], equal_nan=True)


@pytest.mark.parametrize("codes_are, title", [((), "the mean of its own code"), (("its code",),
                                                                                 "its own code")])
def test_it_is_said_what_an_image_was_rebuilt_from(codes_are, title):
    figure = plots.reconstructions({"near": pair(2)}, SHAPE, *codes_are)
    assert figure.get_suptitle() == f"Test images, and each rebuilt from {title}"


def test_samples_of_another_size():
    probs = np.random.default_rng(0).random((18, 784))
    axes, = plots.samples(probs, (28, 28)).axes
    picture = shown(axes)
    assert picture.shape == (2 * 29 + 1, 16 * 29 + 1)
    assert np.array_equal(picture[30:58, 30:58], probs[17].reshape(28, 28))
    assert np.isnan(picture[29]).all() and np.isnan(picture[:, 29]).all()


def test_samples_fill_rows_of_sixteen():
    probs = images(20)
    axes, = plots.samples(probs, SHAPE).axes
    assert shown(axes).shape == (2 * 3 + 1, 16 * 4 + 1)
    for i in range(20):
        assert np.array_equal(image_at(axes, i // 16, i % 16), probs[i])
    assert np.isnan(shown(axes)[4:, 4 * 4 + 1:]).all()           # nothing where there is no image


def test_every_row_of_samples_has_its_room():
    one, two = (plots.samples(images(n), SHAPE).get_figheight() for n in (16, 17))
    # inches: as high as an image is wide
    assert two - one == pytest.approx(15 / 16)


@pytest.mark.parametrize("n, title", [(64, "64 images"), (1, "An image")])
def test_samples_are_counted(n, title):
    assert plots.samples(images(n), SHAPE).get_suptitle().startswith(title)


def test_ink_is_dark_and_no_ink_is_white():
    for name in ("samples", "reconstructions", "interpolation", "manifold"):
        for axes in FIGURES[name]().axes:
            picture = axes.images[0]
            assert picture.get_clim() == (0, 1) and picture.get_interpolation() == "nearest"
            rgb = picture.to_rgba(np.array([[0.0, 0.5, 1.0]]))[0, :, :3]
            assert rgb[0].tolist() == [1, 1, 1] and rgb[2].tolist() == [0, 0, 0] and 0.4 < rgb[1].mean() < 0.6
            gap = picture.cmap(np.ma.masked_invalid([np.nan]))[0, :3]
            # the gaps are no grey: they cannot be taken for ink
            assert np.ptp(gap) > 0.03


def test_interpolation_goes_from_the_first_to_the_last():
    starts, paths, ends = images(3), images(12, 1).reshape(3, 4, 6), images(3, 2)
    left, middle, right = plots.interpolation(starts, paths, ends, SHAPE).axes
    for row in range(3):
        assert np.array_equal(image_at(left, row, 0), starts[row])
        assert np.array_equal(image_at(right, row, 0), ends[row])
        for step in range(4):
            assert np.array_equal(image_at(middle, row, step), paths[row, step])
    assert (left.get_title(), right.get_title()) == ("from", "to")


# ---------------------------------------------------------------------- latent space

def scattered(axes, labels):
    """The points of a scatter plot by label, in the order of the labels."""
    found = dict(zip(np.unique(labels),
                     (np.asarray(points.get_offsets()) for points in axes.collections)))
    assert len(axes.collections) == len(found)
    return found


def test_two_latent_dimensions_are_shown_as_they_are():
    mu, labels = codes(40, 2), np.arange(40) % 4
    figure = plots.latent_scatter(mu, labels)
    axes, = figure.axes
    for label, points in scattered(axes, labels).items():
        assert np.array_equal(points, mu[labels == label])
    assert [text.get_text() for text in axes.texts] == ["0", "1", "2", "3"]
    for label, text in enumerate(axes.texts):
        assert np.array_equal(text.xy, np.median(mu[labels == label], axis=0))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z₁", "z₂")
    assert figure.get_suptitle().startswith("40 test images")


@pytest.mark.parametrize("latent_dim", [2, 4])
def test_without_labels_all_points_are_alike(latent_dim):
    mu = codes(40, latent_dim)
    figure = plots.latent_scatter(mu)
    axes, = figure.axes
    points, = axes.collections
    named, = plots.latent_scatter(mu, np.zeros(40, int)).axes
    assert np.array_equal(points.get_offsets(),
                          named.collections[0].get_offsets()) and len(axes.texts) == 0
    if latent_dim == 2:
        assert np.array_equal(points.get_offsets(), mu)
    assert len(np.unique(points.get_facecolor(), axis=0)) == 1
    assert figure.get_suptitle().startswith("40 test images")


def test_it_is_said_where_the_points_are():
    for more, where in (((), "the mean of its code"), ((None, "its code"), "its code")):
        title = plots.latent_scatter(codes(9, 2), *more).get_suptitle()
        assert title == f"9 test images in latent space, each at {where}"


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
    # the textbook's way to the same plane
    variances, directions = np.linalg.eigh(np.cov(mu.T))
    expected = (mu - mu.mean(axis=0)) @ directions[:, [-1, -2]]
    signs = np.sign((found * expected).sum(axis=0))
    # measured: 2e-13
    np.testing.assert_allclose(found, expected * signs, rtol=0, atol=1e-12)
    for share, name in zip(variances[[-1, -2]] / variances.sum(),
                           (axes.get_xlabel(), axes.get_ylabel())):
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


def test_kl_is_sorted_numbered_and_counted():
    figure = plots.kl_per_dimension([0.05, 2.0, 0.1, 3.5])
    axes, = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [3.5, 2.0, 0.1, 0.05]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["4", "2", "3", "1"]
    assert [text.get_text() for text in axes.texts] == ["3.5", "2", "0.1", "0.05"]
    # 5.65 in all
    assert re.findall(r"[\d.]+\d|\d", figure.get_suptitle()) == ["2", "4", "0.1", "5.7"]
    colours = [bar.get_facecolor() for bar in axes.patches]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert "nats" in axes.get_ylabel()


def test_the_manifold_is_a_grid_of_equally_probable_steps():
    asked = []
    axes, = plots.manifold(lambda z: (asked.append(z), decode(z))[1], SHAPE, side=7).axes
    assert asked[0].shape == (49, 2)
    middles = (np.arange(7) + 0.5) / 7
    for row in range(7):
        for column in range(7):
            z1, z2 = image_at(axes, row, column)[:2]
            # measured: 3e-16
            assert abs(z1 - middles[column]) < 3e-15 and abs(z2 - middles[6 - row]) < 3e-15


def test_the_manifold_is_labelled_where_its_images_stand():
    axes, = plots.manifold(decode, SHAPE, side=7).axes
    values = [f"{NormalDist().inv_cdf((i + 0.5) / 7):.1f}".replace("-", "−") for i in (0, 3, 6)]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == values
    assert [tick.get_text() for tick in axes.get_yticklabels()] == values
    # The middle of image i lies, with gaps of one pixel, at 4 i + 2 in a row of pixels that are
    # centred on 0, 1, 2, ...
    assert axes.get_xticks().tolist() == [2, 14, 26]
    # z2 grows upwards
    assert axes.get_yticks().tolist() == [19.5, 10.5, 1.5]
    assert axes.get_xlabel().startswith("z₁") and axes.get_ylabel().startswith("z₂")


def test_a_range_of_smiles_beside_a_point():
    seen, decoded, points, found, point_smiles, truth = smiles()
    figure = plots.point_or_distribution(*smiles(), SHAPE)
    *small, below = sorted(figure.axes, key=lambda axes: len(axes.lines))
    assert len(small) == 6
    pictures = {axes.get_label(): axes for axes in small}
    for i in range(2):
        assert np.array_equal(image_at(pictures[f"seen{i}"], 0, 0), seen[i], equal_nan=True)
        assert np.array_equal(image_at(pictures[f"ae{i}"], 0, 0), points[i])
        assert shown(pictures[f"vae{i}"]).shape == (2 + 2, 8 * 4 + 1)
        order = [next(k for k in range(30)
                      if np.array_equal(decoded[i, k], image_at(pictures[f"vae{i}"], 0, place)))
                 for place in range(8)]
        smile = found[i][order]
        assert (np.diff(smile)
                > 0).all() and smile[0] == found[i].min() and smile[-1] == found[i].max()
    assert [line.get_xdata()[0] for line in below.lines] == [*point_smiles, truth]
    bars = np.array([bar.get_height() * bar.get_width() for bar in below.patches])
    width = below.patches[0].get_width()
    for i, heights in enumerate(bars.reshape(2, -1)):
        edges = below.patches[0].get_x() + width * np.arange(len(heights) + 1)
        np.testing.assert_allclose(heights, np.histogram(found[i], edges)[0] / 30, rtol=0,
                                   atol=1e-12)
    words = [text.get_text() for text in below.get_legend().get_texts()]
    assert sorted(words) == sorted(["VAE, mouth visible", "VAE, mouth covered",
                                    "auto-encoder, mouth visible", "auto-encoder, mouth covered",
                                    "the face as it was drawn"])


# ---------------------------------------------------------------------- files

def test_a_figure_that_is_saved_stays_in_its_window(tmp_path):
    figure = FIGURES["one reconstruction"]()
    canvas, figure.dpi = FigureCanvasAgg(figure), 50
    plots.save(figure, tmp_path / "a.png")
    assert figure.canvas is canvas and figure.dpi == 50
    plots.save(FIGURES["one reconstruction"](), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_picture_that_cannot_be_saved_leaves_the_old_one(tmp_path, monkeypatch):
    figure = FIGURES["one reconstruction"]()
    plots.save(figure, tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()

    def fail(file, pixels, **kwargs):
        file.write(b"half")
        raise OSError("no space left")
    monkeypatch.setattr(plots, "imsave", fail)
    with pytest.raises(OSError, match="no space left"):
        plots.save(figure, tmp_path / "a.png")
    assert os.listdir(tmp_path) == ["a.png"] and (tmp_path / "a.png").read_bytes() == before
    with pytest.raises(FileNotFoundError):
        plots.save(FIGURES["one reconstruction"](), tmp_path / "no" / "a.png")
