"""The page of the gradient check: numeric gradients, the relative error, right gradients and wrong
ones.
"""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import draw, norm_error, seeds, smooth, smooth_case
from numpyvae import VAE, check_gradients, numeric_gradient
from numpyvae.errors import InvalidTypeError, InvalidValueError
from numpyvae.gradcheck import central_difference, complex_step, relative_error

both_ways    = pytest.mark.parametrize("by", ["element", "direction"])
both_methods = pytest.mark.parametrize("method", ["central", "complex"])


# ---------------------------------------------------------------------- numeric_gradient

def test_both_formulas_on_a_cubic():
    def phi(t):
        return 5 + 2 * t + 3 * t ** 2 + 4 * t ** 3

    # f′ = 2 and h² f‴/6 = 4 h², with opposite signs: that is all there is
    assert central_difference(phi, 0.5) == 2 + 4 * 0.25
    assert complex_step(phi, 0.5)       == 2 - 4 * 0.25


# Measured: 5e-10 and 3e-16.
@pytest.mark.parametrize("method, bound", [("central", 1e-8), ("complex", 1e-14)])
def test_numeric_gradient_of_a_known_function(method, bound):
    W, = draw(0, (3, 4))
    gradient = numeric_gradient(lambda W: (np.exp(W) * W).sum(), W, method)
    assert gradient.shape == W.shape and gradient.dtype == np.float64
    assert norm_error(gradient, np.exp(W) * (W + 1)) < bound


@pytest.mark.parametrize("array", [2.0, [1.0, 2.0], np.float32([[1], [2]]), np.arange(3),
                                   np.zeros((0, 2))])
def test_numeric_gradient_takes_what_numpy_takes(array):
    gradient = numeric_gradient(lambda a: (a * a).sum(), array)
    assert gradient.shape == np.shape(array)
    np.testing.assert_allclose(gradient, 2 * np.asarray(array, float), rtol=1e-8, atol=1e-12)


REFUSED = [
    (lambda x: x,               np.zeros(2), {}, InvalidTypeError, "returns one number"),
    (lambda x: "1",             np.zeros(2), {}, InvalidTypeError, "returns one number"),
    (lambda x: np.abs(x).sum(), np.ones(2), {"method": "complex"}, InvalidTypeError,
     'method="central"'),
    (lambda x: x.sum(), np.array([1j]), {}, InvalidTypeError, "^array: expected an array of real"),
    (lambda x: x.sum(), np.array([np.nan]), {}, InvalidValueError, "^array: .*NaN"),
    (lambda x: x.sum(), np.ones(2), {"method": "forward"}, InvalidValueError, "central, complex"),
    (lambda x: x.sum(), np.ones(2), {"step": 0}, InvalidValueError, "^step: expected"),
    (lambda x: x.sum(), np.ones(2), {"step": np.nan}, InvalidValueError, "step")]


@pytest.mark.parametrize("f, array, options, error, message", REFUSED)
def test_what_numeric_gradient_cannot_use_is_refused(f, array, options, error, message):
    with pytest.raises(error, match=message):
        numeric_gradient(f, array, **options)


# ---------------------------------------------------------------------- relative_error

@given(seeds)
def test_the_relative_error_by_hand(seed):
    g, other = draw(seed, (3, 4), (3, 4))
    assert relative_error(g, g) == relative_error(0 * g, 0 * g) == 0
    assert relative_error(g, 0 * g) == relative_error(0 * g, g) == 1
    assert relative_error(-g, g) == pytest.approx(2, rel=1e-14)
    assert relative_error(2 * g, g) == relative_error(g, 2 * g) == pytest.approx(0.5, rel=1e-14)
    by_hand = np.linalg.norm(g - other) / max(np.linalg.norm(g), np.linalg.norm(other))
    assert relative_error(g, other) == pytest.approx(by_hand, rel=1e-13)


def test_the_relative_error_of_what_is_not_finite_is_infinite_and_no_square_overflows():
    g = np.array([3.0, 4.0])
    for bad in (np.nan, np.inf):
        assert relative_error(g, np.array([3.0, bad])) == np.inf
    for size in (1e-200, 1e200):
        assert relative_error(size * g, size * np.array([3.0, 4.5])) == pytest.approx(
            0.5 / np.hypot(3, 4.5), rel=1e-14)


# ---------------------------------------------------------------------- check_gradients

@both_ways
@both_methods
@given(seed=seeds)
def test_right_gradients_pass(method, by, seed):
    params, grads = smooth_case(seed)
    report = check_gradients(smooth, params, grads, method, by, rng=seed, show=False)
    assert report.ok and not report.findings
    assert [row.name for row in report.rows] == ["W", "b"] + ["(all)"] * (by == "direction")
    # Measured over 3,000 cases: 1e-9 and 6e-15.
    assert report.max_error < {"central": 1e-8, "complex": 6e-14}[method]


def one_element_twice(g):
    g = g.copy()
    g.flat[0] *= 2
    return g


WRONG = {"sign":            lambda g: -g,
         "twice":           lambda g: 2 * g,
         "a thousandth":    lambda g: 1.001 * g,
         "nothing":         lambda g: 0 * g,
         "one element":     one_element_twice}


@both_ways
@both_methods
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("block", ["W", "b"])
def test_wrong_gradients_fail_in_their_block_alone(method, by, wrong, block):
    params, grads = smooth_case()
    grads[block] = WRONG[wrong](grads[block])
    report = check_gradients(smooth, params, grads, method, by, show=False)
    assert not report.ok and report.max_error > 1e-4
    assert report.wrong == [block] + ["(all)"] * (by == "direction")
    assert len(report.findings) >= 1 and report.findings[0].startswith(block)


def test_a_wrong_sign_is_an_error_of_two_and_nothing_an_error_of_one():
    params, grads = smooth_case()
    for factor, error in [(-1, 2.0), (0, 1.0), (2, 0.5)]:
        report = check_gradients(smooth, params, {**grads, "b": factor * grads["b"]}, "complex",
                                 show=False)
        assert report.max_error == pytest.approx(error, rel=1e-12)


def test_blocks_that_are_zero_on_both_sides_agree_exactly():
    params = {"dead": np.full(3, -1.0), "live": np.ones(2)}

    def f(p):
        return np.maximum(p["dead"], 0).sum() + (p["live"] ** 2).sum()

    right  = {"dead": np.zeros(3), "live": np.full(2, 2.0)}
    wrong  = {**right, "dead": np.full(3, 1e-12)}
    for by in ("element", "direction"):
        for method in ("central", "complex"):
            report = check_gradients(f, params, right, method, by, show=False)
            assert report.ok and report.rows[0].error == 0
        report = check_gradients(f, params, wrong, "complex", by, show=False)
        assert not report.ok and report.rows[0].error == 1


@both_methods
@given(seeds, st.sampled_from([1e-10, 1e-9, 1e-8, 1e-7, 1e-6]))
def test_the_complex_step_finds_the_smallest_errors(method, seed, error):
    params, grads = smooth_case(seed)
    off = {**grads, "b": grads["b"] * (1 + error)}
    for by in ("element", "direction"):
        report = check_gradients(smooth, params, off, method, by, rng=seed, show=False)
        assert report.ok == (method == "central")


@both_methods
@pytest.mark.parametrize("size", [1e-170, 1e170])
def test_gradients_whose_squares_over_or_underflow_are_compared_all_the_same(method, size):
    params = {"x": np.array([1.0, -2.0, 3.0])}

    def f(p):
        return size * (p["x"] ** 2).sum()

    for by in ("element", "direction"):
        for sign in (1, -1):
            grads = {"x": sign * 2 * size * params["x"]}
            assert check_gradients(f, params, grads, method, by, show=False).ok is (sign == 1)


@given(seeds, st.sampled_from(["element", "direction"]))
def test_float32_gradients_get_a_tolerance_of_their_own(seed, by):
    params, grads = smooth_case(seed)
    single = {name: grad.astype(np.float32) for name, grad in grads.items()}
    wrong  = {**single, "b": single["b"] * np.float32(1.01)}
    assert check_gradients(smooth, params, single, "complex", by, show=False).ok
    assert not check_gradients(smooth, params, single, "complex", by, tolerance=1e-11,
                               show=False).ok
    assert not check_gradients(smooth, params, wrong, "complex", by, show=False).ok


@pytest.mark.parametrize("method, dtype, passes, fails", [
    ("central", np.float64, 5e-6, 2e-5),
    ("complex", np.float64, 5e-12, 2e-11),
    ("complex", np.float32, 5e-4, 2e-3)])
def test_the_default_tolerances_lie_where_they_are_said_to_lie(method, dtype, passes, fails):
    params, grads = smooth_case()
    for error, ok in [(passes, True), (fails, False)]:
        off = {name: (grad * (1 + error)).astype(dtype) for name, grad in grads.items()}
        assert check_gradients(smooth, params, off, method, show=False).ok is ok


def test_a_loss_of_nan_is_wrong():
    params, grads = smooth_case()
    report = check_gradients(lambda p: np.nan * p["W"].sum(), params, grads, show=False)
    assert not report.ok and report.max_error == np.inf


def test_it_works_on_anyone_s_function():
    # This is a two-class logistic regression that knows nothing of this package.
    X, y = draw(0, (20, 3))[0], np.arange(20) % 2

    def logit(p):
        return X @ p["w"] + p["c"]

    def loss(p):
        return np.mean(np.log1p(np.exp(logit(p))) - y * logit(p))

    params = {"w": np.array([0.3, -0.2, 0.1]), "c": 0.05}
    error  = 1 / (1 + np.exp(-logit(params))) - y
    grads  = {"w": X.T @ error / 20, "c": np.mean(error)}
    assert check_gradients(loss, params, grads, show=False).ok
    assert not check_gradients(loss, params, {**grads, "w": X.T @ error}, show=False).ok


def test_central_differences_on_the_full_network_pass_with_their_kinks_told():
    rng = np.random.default_rng(0)
    vae = VAE()
    x, eps = rng.random((4, 784)), rng.standard_normal((4, 20))

    def loss(p):
        return vae.loss(x, eps, params=p)[0]

    _, grads = vae.loss_and_grads(x, eps)
    report = check_gradients(loss, vae.params, grads, show=False)
    assert report.ok and len(report.rows) == 11
    assert len(report.findings) == sum(row.ok == "kink" for row in report.rows)
    grads["W1"] = grads["W1"] * 1.01
    assert not check_gradients(loss, vae.params, grads, show=False).ok
