"""An example of every figure, from made-up numbers; and how a test reads images off a figure."""
from statistics import NormalDist

import numpy as np

from numpyvae import plots

SHAPE = (2, 3)                       # unequal, so that no two axes can be confused


# ---------------------------------------------------------------------- made-up numbers

def images(n, seed=0):
    return np.random.default_rng(seed).random((n, 6))


def pair(n, seed=0):
    return images(n, seed), images(n, seed + 1)


def half_seen(n):
    """Images of which some pixels were not observed, and others, whole."""
    x, probs = pair(n)
    return np.where(np.random.default_rng(9).random(x.shape) < 0.6, x, np.nan), probs


def history(epochs, beta=1.0, seed=0):
    rng = np.random.default_rng(seed)
    recon, kl = rng.uniform(20, 40, (2, 2, epochs))
    loss = recon + beta * kl
    return np.column_stack([loss[0], recon[0], kl[0], loss[1], recon[1], kl[1]])


def codes(n, latent_dim, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, latent_dim)) * np.arange(1, latent_dim + 1)


def decode(z):
    """Images of 2 by 3 that say where they were decoded: each begins with Φ(z)"""
    probs = np.tile([[0, 0, 0.25, 0.5, 0.75, 1]], (len(z), 1))
    probs[:, :2] = [[NormalDist().cdf(value) for value in row] for row in z]
    return probs


def smiles():
    """What `point_or_distribution` takes, of 30 samples, but for the shape of the images."""
    seen, points = images(2), images(2, 1)
    seen[1, :3] = np.nan
    found = np.random.default_rng(3).uniform(-1, 1, (2, 30))
    return seen, images(60, 2).reshape(2, 30, 6), points, found, (0.2, -0.3), 0.5


def hole_in_the_plane(n, ways):
    """What `holes` takes, of n codes, but for the shape of the images."""
    return (codes(n, 2), np.arange(n) % 4, 1 + codes(12, 12) ** 2 / 50, ((-3, -6), (3, 6)),
            codes(2 * ways, 2, 1).reshape(ways, 2, 2), images(3 * ways).reshape(ways, 3, 6),
            np.linspace(1.7, 1.3, ways), 1.02)


def prices():
    """What `price_of_doubt` takes."""
    sigmas = np.linspace(0.1, 1.2, 12)
    kl     = 0.5 * (sigmas ** 2 - 1) - np.log(sigmas)
    recon  = {"seen": 8 * sigmas ** 2, "covered": 0.1 * sigmas}
    return sigmas, kl, recon, {"seen": 0.25, "covered": 0.95}, "z2"


def kl_on_a_grid():
    """What `kl_landscape` takes."""
    mu, logvar = np.linspace(-4, 4, 33), np.linspace(-4, 2, 32)
    var = np.exp(logvar)[:, None]
    kl = 0.5 * (mu ** 2 + var - 1 - logvar[:, None])
    return kl, mu + 0 * kl, 0.5 * (var - 1) + 0 * kl, mu, logvar


def two_posteriors():
    """What `posteriors` takes: two groups of ellipses, and their labels."""
    mu, std = codes(20, 2), 0.1 + images(20)[:, :2]
    return {"one": (mu, std), "other": (mu / 4, std)}, np.arange(20) % 4


def graph():
    """What `computation_graph` takes: a row for each node, its gradient, and the probabilities."""
    sizes = {"x": 7, "a1": 5, "h1": 5, "mu": 2, "logvar": 2, "std": 2, "eps": 2, "z": 2, "a3": 5,
             "h3": 5, "logits": 7, "recon": 1, "kl": 1, "loss": 1}
    rng = np.random.default_rng(7)
    values = {name: rng.standard_normal(size) for name, size in sizes.items()}
    values["mu"] = np.array([0.5, -1.25])
    values["z"]  = np.array([0.001, 10.04])
    grads = {name: 0.1 * value for name, value in values.items() if name not in ("x", "eps")}
    return values, grads, rng.random(7)


def errors_by_step():
    """What `step_sizes` takes."""
    h = np.logspace(-1, -8, 15)
    return h, {"one":  (h + 1e-13 / h, {"h": h, "2 / h": 2e-13 / h}),
               "two":  (h ** 2 + 1e-13 / h, {"1 / h": 1e-13 / h}),
               "none": (np.full(15, 1e-16), {})}


# ---------------------------------------------------------------------- the figures

def curves():
    x = np.arange(5)
    left = {"lines": {"a": (x, x), "_b": (x, x ** 2)}, "points": {"_a": (x, x)},
            "upright": {"here": 2}, "title": "one", "xlabel": "x"}
    right = {"points": {"dots": (x, -x)}, "ylim": (-5, 1)}
    return plots.curves([left, right], "Two panels of curves, side by side")


def image_rows():
    return plots.image_rows({"seen": half_seen(4)[0], "rebuilt": images(4)}, SHAPE,
                            "Images in rows that have names", ["a", "b", "c", "d"])


def interpolation(rows, steps):
    paths = images(rows * steps).reshape(rows, steps, 6)
    return plots.interpolation(images(rows), paths, images(rows, 1), SHAPE)


def latent_scatter(n, latent_dim):
    return plots.latent_scatter(codes(n, latent_dim), np.arange(n) % 10)


def reconstructions(**n):
    groups = {name: pair(n, seed) for seed, (name, n) in enumerate(n.items())}
    return plots.reconstructions(groups, SHAPE)


def traversal(image_shape):
    return plots.traversal(lambda z: images(len(z)), np.linspace(0, 3, 20), image_shape)


def steepest():
    lr = np.linspace(0, 1, 20)
    return plots.steepest(lr, (1 - lr) ** 2, 1 - 2 * lr, [1 + lr, 1 - lr])


def beta_images():
    return plots.beta_images(images(5), {0: pair(5), 0.25: pair(5, 2)}, [3, 0], SHAPE)


def tug_of_war():
    return plots.tug_of_war([0, 1, 5], [[44, 0.1], [28, 0.3], [21, 3]], 27,
                            [[0.5, 0.2], [-0.9, -0.8], [-0.9, -1]],
                            {"act one": 0, "act two": 1})


def price_of_code(**outside):
    return plots.price_of_code([1, 2, 4, 8], [3, 1, 0.001, 0], [21, 24, 27, 27.1], **outside)


def verdicts():
    return plots.verdicts(np.eye(3, 5) > 0, ["a", "b c", "d"], list("ABCDE"),
                          "What is wrong, and what is right")


def line_by_line():
    blocks = [(["y = f(x)"], ["dx = dy", "dy = 1"]), (["a", "b"], ["c"])]
    return plots.line_by_line(blocks, ("left", "right"), "One program beside another")


def q_and_posterior():
    """A posterior that is tilted, and two q."""
    cov = np.array([[0.4, -0.2], [-0.2, 0.5]])
    return [0.5, 0.3], cov, {"narrow": (np.array([0.6, 0.2]), np.diag([0.02, 0.05])),
                             "posterior": (np.array([0.5, 0.3]), cov)}


def moments(n):
    """The codes of 30 images at n moments, and their labels."""
    return {f"epoch {i}": codes(30, 2, seed=i) for i in range(n)}, np.arange(30) % 3


FIGURES = {
    "loss":                 lambda: plots.loss_curves(history(12)),
    "loss of one epoch":    lambda: plots.loss_curves(history(1)),
    "loss with beta":       lambda: plots.loss_curves(history(5, beta=4.0)),
    "loss without KL":      lambda: plots.loss_curves(history(5), beta=None),
    "curves":               curves,
    "reconstructions":      lambda: reconstructions(near=10, far=10),
    "three groups":         lambda: reconstructions(a=5, b=4, c=1),
    "one reconstruction":   lambda: reconstructions(only=1),
    "pixels unseen":        lambda: plots.reconstructions({"": half_seen(6)}, SHAPE, "its code"),
    "samples":              lambda: plots.samples(images(64), SHAPE),
    "17 samples":           lambda: plots.samples(images(17), SHAPE),
    "one sample":           lambda: plots.samples(images(1), SHAPE),
    "interpolation":        lambda: interpolation(5, 11),
    "one line of one step": lambda: interpolation(1, 1),
    "image rows":           image_rows,
    "Z = 1":                lambda: latent_scatter(50, 1),
    "Z = 2":                lambda: latent_scatter(50, 2),
    "Z = 3":                lambda: latent_scatter(50, 3),
    "Z = 3, one image":     lambda: plots.latent_scatter(codes(1, 3), np.array([7])),
    "Z = 1, one image":     lambda: plots.latent_scatter(codes(1, 1), np.array([7])),
    "Z = 3, all codes 0":   lambda: plots.latent_scatter(np.zeros((50, 3)), np.arange(50) % 10),
    "labels beyond 9":      lambda: plots.latent_scatter(codes(50, 2), np.arange(50)),
    "Z = 1, no labels":     lambda: plots.latent_scatter(codes(50, 1)),
    "KL, Z = 1":            lambda: plots.kl_per_dimension([1.5]),
    "KL, Z = 2":            lambda: plots.kl_per_dimension([0.0, 2.5]),
    "KL, Z = 40":           lambda: plots.kl_per_dimension(np.linspace(0, 3, 40)),
    "KL, all 0":            lambda: plots.kl_per_dimension(np.zeros(10)),
    "manifold":             lambda: plots.manifold(decode, SHAPE),
    "manifold of one":      lambda: plots.manifold(decode, SHAPE, side=1),
    "traversal":            lambda: plots.traversal(decode, [0.02, 2.5], SHAPE),
    "traversal, Z = 20":    lambda: traversal(SHAPE),
    "traversal, wide":      lambda: traversal((1, 6)),
    "holes":                lambda: plots.holes(*hole_in_the_plane(40, 5), SHAPE),
    "one hole":             lambda: plots.holes(*hole_in_the_plane(9, 1), SHAPE),
    "a smile":              lambda: plots.point_or_distribution(*smiles(), SHAPE),
    "wager":                lambda: plots.wager({"sure": (1, 0.1), "open": (0, 0.58)}),
    "price of doubt":       lambda: plots.price_of_doubt(*prices()),
    "KL landscape":         lambda: plots.kl_landscape(*kl_on_a_grid()),
    "posteriors":           lambda: plots.posteriors(*two_posteriors()),
    "steepest":             steepest,
    "computation graph":    lambda: plots.computation_graph(*graph()),
    "step sizes":           lambda: plots.step_sizes(*errors_by_step()),
    "verdicts":             verdicts,
    "line by line":         line_by_line,
    "tug of war":           tug_of_war,
    "images by beta":       beta_images,
    "price of code":        price_of_code,
    "network":              lambda: plots.network(784, 400, 20),
    "bottleneck":           lambda: plots.bottleneck(64, 128, 2),
    "random node":          lambda: plots.blocked_or_not(),
    "product":              lambda: plots.product(3, 7, 5),
    "two bells":            lambda: plots.two_bells(0.9, 0.6),
    "two pulls":            lambda: plots.two_pulls(3, 0.7),
    "ellipses":             lambda: plots.ellipses_on_posterior(*q_and_posterior()),
    "planes":               lambda: plots.planes(*moments(4)),
}


# ---------------------------------------------------------------------- what a figure shows

def shown(axes):
    """The numbers of the picture that `axes` show, NaN in its gaps."""
    return np.ma.filled(np.ma.asarray(axes.images[0].get_array(), float), np.nan)


def image_at(axes, row, column):
    """The image at this place of a mosaic, around which there must be a gap of one pixel."""
    height, width = SHAPE
    top, left = row * (height + 1), column * (width + 1)
    framed = shown(axes)[top:top + height + 2, left:left + width + 2].copy()
    image = framed[1:-1, 1:-1].ravel()
    framed[1:-1, 1:-1] = np.nan
    assert framed.shape == (height + 2, width + 2) and np.isnan(framed).all()
    return image
