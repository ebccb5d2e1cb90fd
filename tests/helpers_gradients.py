"""Random gradients, right and wrong, for the tests of the gradient check and its campaign.

A case is a function f, its parameters, and its right gradient, written by hand.
"""
import numpy as np

from numpyvae import VAE


# ---------------------------------------------------------------------- ordinary ones

def right_case(rng, kind):
    """A function, its parameters, its right gradient (a function), and the options that belong to
    it.
    """
    n, d, z, h = *map(int, rng.integers(1, 5, 3)), int(rng.integers(2, 5))
    if kind == 0:
        return small_vae(rng, n, d, z, h)
    X, A, c = rng.standard_normal((n, d)), rng.standard_normal((d, h)), rng.standard_normal(h)
    scale = float(10.0 ** rng.uniform(-6, 6))
    if kind == 1:
        f, grads = least_squares(X, scale)
    else:
        f, grads = softmax_regression(X, h, shift=kind == 3)
    return f, {"A": A, "c": c}, grads, {"order": ["c", "A"]}


def small_vae(rng, n, d, z, h):
    likelihood, x_std = str(rng.choice(["bernoulli", "gaussian"])), float(rng.uniform(0.3, 2))
    vae = VAE(d, h, z, likelihood, x_std, rng)
    x, eps, beta = rng.random((n, d)), rng.standard_normal((n, z)), float(rng.choice([0, 1, 4]))

    def losses(p):
        return vae.loss(x, eps, beta, params=p)

    def grads(p):
        there = VAE(d, h, z, likelihood, x_std)
        there.params.update(p)
        return there.loss_and_grads(x, eps, beta)[1]
    terms = {"recon": lambda p: losses(p)[1], "kl": lambda p: beta * losses(p)[2]}
    return (lambda p: losses(p)[0]), vae.params, grads, {"terms": terms, "order": list(vae.params)}


def least_squares(X, scale):
    """f = scale · Σ (X A + c)², whose slopes may be of any size  ->  f, its gradient."""
    def residual(p):
        return X @ p["A"] + p["c"]

    def f(p):
        return scale * (residual(p) ** 2).sum()

    def grads(p):
        return {"A": 2 * scale * X.T @ residual(p), "c": 2 * scale * residual(p).sum(axis=0)}

    return f, grads


def softmax_regression(X, h, shift):
    """The cross-entropy of softmax(X A + shift c), free of c if shift is 0  ->  f, its gradient."""
    def logits(p):
        return X @ p["A"] + shift * p["c"]

    def f(p):
        a = logits(p)
        return (np.log(np.exp(a).sum(axis=1)) - a[:, 0]).sum() / len(X)

    def grads(p):
        e  = np.exp(logits(p))
        da = (e / e.sum(axis=1, keepdims=True) - (np.arange(h) == 0)) / len(X)
        return {"A": X.T @ da, "c": shift * da.sum(axis=0)}
    return f, grads


# ---------------------------------------------------------------------- rows of mixed scale

def mixed_case(rng):
    """A layer with features from 1e-6 to 1e6  ->  f, its parameters, its right gradient"""
    n, d, h = map(int, rng.integers(2, 6, 3))
    sizes   = 10.0 ** rng.uniform(-6, 6, d)
    X, T    = rng.standard_normal((n, d)) * sizes, rng.standard_normal((n, h))
    W       = rng.standard_normal((d, h)) / (sizes[:, None] if rng.random() < 0.5 else sizes.max())
    params  = {"W": W, "c": rng.standard_normal(h)}
    value, slope = LAYERS[list(LAYERS)[rng.integers(len(LAYERS))]]

    def a(p):
        return X @ p["W"] + p["c"]

    da = slope(a(params), T)
    return lambda p: value(a(p), T), params, {"W": X.T @ da, "c": da.sum(axis=0)}


def softmax_loss(a, T):
    shifted = a - a.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0]).sum()


def softmax_slope(a, T):
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) - (np.arange(a.shape[1]) == 0)


LAYERS = {
    "linear":  (lambda a, T: (a * T).sum(),                lambda a, T: T),
    "squares": (lambda a, T: ((a - T) ** 2).sum() / 2,     lambda a, T: a - T),
    "tanh":    (lambda a, T: (np.tanh(a) * T).sum(),       lambda a, T: T * (1 - np.tanh(a) ** 2)),
    "softmax": (softmax_loss,                              softmax_slope),
    "relu":    (lambda a, T: (np.maximum(a, 0) * T).sum(), lambda a, T: T * (a > 0))}


def planted(rng, grad):
    """A gradient with one error: in an element or a row, by a factor or a sign."""
    wrong, row = grad.copy(), int(rng.integers(len(grad)))
    column = int(rng.integers(grad.shape[1])) if rng.random() < 0.5 else slice(None)
    wrong[row, column] *= rng.choice([-1, 0, 0.5, 1.01, 1.1, 2])
    return wrong


# ---------------------------------------------------------------------- values that tie

def tie_case(rng):
    """A layer at an input full of ties, one gradient of the several that are right there."""
    make = TIES[int(rng.integers(len(TIES)))]
    return make(rng)


def whole(rng, *shape, least=-2, most=2):
    return rng.integers(least, most + 1, shape) * 1.0


def share(rng, tie):
    """How a slope is shared among values that tie, each True in `tie`: the first, the last, all."""
    tie, way = np.asarray(tie, dtype=float), rng.integers(3)
    if way == 2:
        return tie / tie.sum()
    one = np.zeros_like(tie)
    one.flat[np.flatnonzero(tie.ravel())[0 if way == 0 else -1]] = 1.0
    return one


def max_pool(rng, power=1):
    """Σ of dy times the maxima of windows that may overlap."""
    size, stride, m = int(rng.integers(2, 4)), int(rng.integers(1, 4)), int(rng.integers(2, 5))
    x  = whole(rng, size + stride * (m - 1), size + stride * (m - 1), least=0)
    dy = rng.standard_normal((m, m))
    dx = np.zeros_like(x)
    windows = {(i, j): (slice(i * stride, i * stride + size), slice(j * stride, j * stride + size))
               for i, j in np.ndindex(m, m)}
    way = int(rng.integers(1 << 30))
    for at, window in windows.items():
        most = x[window].max()
        dx[window] += (dy[at] * power * (most + 1) ** (power - 1)
                       * share(np.random.default_rng(way), x[window] == most))

    def f(p):
        return sum(dy[at] * (p["x"][window].max() + 1) ** power for at, window in windows.items())
    return f, {"x": x}, {"x": dx}


def bent_pool(rng):
    """The same, squared: beside its kinks, f bends."""
    return max_pool(rng, power=2)


def relu_layer(rng, outer=lambda h: h, slope=np.ones_like):
    n, d, h = map(int, rng.integers(2, 6, 3))
    x, W, b = whole(rng, n, d), whole(rng, d, h, least=-1, most=1), np.zeros(h)
    T, at_0 = rng.standard_normal((n, h)), rng.choice([0, 0.5, 1])
    a  = x @ W
    da = T * slope(np.maximum(a, 0)) * ((a > 0) + at_0 * (a == 0))

    def f(p):
        return (outer(np.maximum(p["x"] @ p["W"] + p["b"], 0)) * T).sum()
    return f, {"x": x, "W": W, "b": b}, {"x": da @ W.T, "W": x.T @ da, "b": da.sum(axis=0)}


def bent_relu_layer(rng):
    return relu_layer(rng, np.tanh, lambda h: 1 - np.tanh(h) ** 2)


def two_relu_layers(rng):
    n, d, h, k = map(int, rng.integers(2, 5, 4))
    x          = whole(rng, n, d)
    W, V       = whole(rng, d, h, least=-1, most=1), whole(rng, h, k, least=-1, most=1)
    T          = rng.standard_normal((n, k))

    def f(p):
        return (np.maximum(np.maximum(x @ p["W"], 0) @ p["V"], 0) * T).sum()

    h1 = np.maximum(x @ W, 0)
    d2 = T * (h1 @ V > 0)
    d1 = d2 @ V.T * (x @ W > 0)
    return f, {"W": W, "V": V}, {"W": x.T @ d1, "V": h1.T @ d2}


def sorting(rng):
    n = int(rng.integers(4, 20))
    x, w = whole(rng, n), rng.standard_normal(n)
    dx   = np.zeros(n)
    dx[np.argsort(x, kind=rng.choice(["stable", "quicksort"]))] = w
    return lambda p: (np.sort(p["x"]) * w).sum(), {"x": x}, {"x": dx}


def median(rng):
    n, k = int(rng.integers(3, 8)), int(rng.integers(2, 5))
    x, w, dx = whole(rng, k, n), rng.standard_normal(k), np.zeros((k, n))
    for row, order in enumerate(np.argsort(x, axis=1, kind="stable")):
        for middle in ((n - 1) // 2, n // 2):
            dx[row, order[middle]] += w[row] / 2
    return lambda p: (np.median(p["x"], axis=1) * w).sum(), {"x": x}, {"x": dx}


def row_maximum(rng):
    """The largest of each row, as gathered with argmax."""
    n, k = int(rng.integers(2, 6)), int(rng.integers(2, 8))
    x, w = whole(rng, n, k), rng.standard_normal(n)
    dx   = np.zeros((n, k))
    dx[np.arange(n), x.argmax(axis=1)] = w

    def f(p):
        return (p["x"][np.arange(n), p["x"].argmax(axis=1)] * w).sum()
    return f, {"x": x}, {"x": dx}


def absolute(rng):
    n = int(rng.integers(3, 40))
    x, w = whole(rng, n), rng.standard_normal(n)
    return lambda p: (np.abs(p["x"]) * w).sum(), {"x": x}, {"x": np.sign(x) * w}


def larger_of_two(rng):
    n = int(rng.integers(3, 30))
    x, y, w = whole(rng, n), whole(rng, n), rng.standard_normal(n)
    to_x = (x > y) + rng.choice([0, 0.5, 1]) * (x == y)
    return ((lambda p: (np.maximum(p["x"], p["y"]) * w).sum()), {"x": x, "y": y},
            {"x": to_x * w, "y": (1 - to_x) * w})


def hinge(rng):
    """A support vector machine with margins of exactly 1, and its weights shrunk."""
    n, d = map(int, rng.integers(2, 8, 2))
    X, w, y = whole(rng, n, d), whole(rng, d, least=-1, most=1), rng.choice([-1.0, 1.0], n)
    inside  = 1 - y * (X @ w)
    active  = (inside > 0) + rng.choice([0, 1]) * (inside == 0)

    def f(p):
        return np.maximum(0, 1 - y * (X @ p["w"])).mean() + 0.05 * (p["w"] ** 2).sum()
    return f, {"w": w}, {"w": -X.T @ (active * y) / n + 0.1 * w}


def clipped(rng):
    n = int(rng.integers(3, 30))
    x, w   = whole(rng, n), rng.standard_normal(n)
    inside = (abs(x) < 1) if rng.random() < 0.5 else (abs(x) <= 1)
    return lambda p: (np.clip(p["x"], -1, 1) * w).sum(), {"x": x}, {"x": inside * w}


TIES = [max_pool, max_pool, bent_pool, relu_layer, bent_relu_layer, two_relu_layers, sorting,
        median, row_maximum, absolute, larger_of_two, hinge, clipped]


def mistaken(rng, grads):
    """Gradients of which one block is wrong as a whole: its sign, a factor, a row of zeros."""
    name  = list(grads)[int(rng.integers(len(grads)))]
    wrong = grads[name].copy()
    way   = rng.integers(3)
    if way == 2:
        wrong[int(rng.integers(len(wrong)))] = 0
    else:
        wrong *= (-1, 2)[way]
    return name, {**grads, name: wrong}


# ---------------------------------------------------------------------- hidden single precision

def single_case(rng, dtype):
    """A function of float64 parameters that computes in `dtype`, and returns a Python float."""
    n, d, h = map(int, rng.integers(1, 9, 3))
    scale   = float(10.0 ** rng.uniform(-3, 3))
    round_x = rng.random() < 0.5
    X = whole(rng, n, d) if round_x else rng.standard_normal((n, d)) * scale
    T = whole(rng, n, h) if rng.random() < 0.5 else rng.standard_normal((n, h))
    W = whole(rng, d, h) if rng.random() < 0.3 else rng.standard_normal((d, h)) / scale
    X, T = X.astype(dtype), T.astype(dtype)
    value, slope = LAYERS[list(LAYERS)[rng.integers(len(LAYERS))]]
    factor = [1.0, 0.5, 1 / n, 2.0][int(rng.integers(4))]    # applied to the Python float
    late   = rng.random() < 0.5

    def f(p):
        a = X @ p["W"].astype(dtype) + p["c"].astype(dtype)
        loss = float(value(a, T))
        return loss * factor + (1e-3 * float((p["W"] ** 2).sum()) if late else 0.0)

    params = {"W": W, "c": whole(rng, h) if round_x else rng.standard_normal(h)}
    da = factor * slope((X @ W.astype(dtype) + params["c"].astype(dtype)), T).astype(float)
    grads = {"W": X.T.astype(float) @ da + (2e-3 * W if late else 0.0), "c": da.sum(axis=0)}
    return f, params, grads
