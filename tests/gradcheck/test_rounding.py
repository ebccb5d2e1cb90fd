"""Rounding: what it hides is said to be hidden, and it excuses nothing else."""
import math
import re

import numpy as np
import pytest
from hypothesis import given

from helpers import draw, seeds, silence_required
from numpyvae import check_gradients, numeric_gradient
from numpyvae.gradcheck.case import Case
from numpyvae.gradcheck.rounding import ROUNDING, ULP, Roughness, jitter, scatter, values_at

both_ways    = pytest.mark.parametrize("by", ["element", "direction"])
both_methods = pytest.mark.parametrize("method", ["central", "complex"])


def test_a_gradient_below_the_rounding_of_f_is_not_called_wrong():
    # The value of f is near 1e6 and carries an error of 1e-10; divided by the step that is 1e-5,
    # ten times the slope.
    def f(p):
        return 1e6 + 1e-6 * p["x"].sum()

    assert check_gradients(f, {"x": np.ones(2)}, {"x": np.full(2, 1e-6)}, show=False).ok
    assert not check_gradients(f, {"x": np.ones(2)}, {"x": np.full(2, 0.01)}, show=False).ok


def normalised(p):
    """Batch normalisation of X w + c: its gradient by the shift c is zero, by cancellation."""
    y = draw(3, (6, 4))[0] @ p["w"] + p["c"]
    y = (y - y.mean()) / np.sqrt(((y - y.mean()) ** 2).mean() + 1e-5)
    return (np.tanh(y) * np.arange(6)).sum()


@both_ways
@both_methods
def test_a_gradient_that_is_zero_by_cancellation_is_right(method, by):
    for seed in range(20):
        params = {"w": draw(seed, 4)[0], "c": 0.3}
        dw     = numeric_gradient(lambda w: normalised({**params, "w": w}), params["w"], "complex")
        right  = {"w": dw, "c": 0.0}
        report = check_gradients(normalised, params, right, method, by, rng=seed, show=False)
        assert report.ok and report.max_error < 1e-5
        rows = {row.name: row.ok for row in report.rows}
        assert rows["w"] == "yes" and rows["c"] in ("tiny", "yes")
        assert not check_gradients(normalised, params, {**right, "c": 1e-3}, method, by, rng=seed,
                                   show=False).ok


def test_what_only_rounding_explains_is_said_and_kept_out_of_the_largest_error():
    def f(p):
        return 1e15 + 1e-6 * p["x"].sum()

    hidden = []
    for n in (1, 2, 100):
        report = check_gradients(f, {"x": np.ones(n)}, {"x": np.full(n, 2e-6)}, show=False)
        assert report.ok and report.rows[0].ok == "tiny" and report.max_error == 0
        assert "rounding" in report.findings[0]
        number = re.search(r"(?:right to|absolute|below) (\d[\d.e+-]+)", report.findings[0])[1]
        hidden.append(float(number))
    assert 5 < hidden[2] / hidden[0] < 20            # 100 elements have ten times the norm of one


def test_what_rounding_hides_is_said_to_be_untested():
    def f(p):
        return 1e12 * (p["a"] ** 2).sum() + 1e-6 * (p["b"] ** 2).sum()

    params = {"a": np.full(2, 1.1), "b": np.full(2, 1.1)}
    report = check_gradients(f, params, {"a": 2e12 * params["a"], "b": -2e-6 * params["b"]},
                             show=False)
    assert report.ok and report.rows[1].ok == "tiny"
    assert report.findings[0].startswith(
        "b: too small to be tested, since f's rounding hides slopes below ")


@pytest.mark.parametrize("f", [lambda p: (p["x"] + (p["x"] > 1)).sum(),
                               lambda p: (p["x"] + (p["x"] >= 1)).sum(),
                               lambda p: (p["x"] ** 40).sum() / 40])
def test_neither_a_jump_beside_the_point_nor_a_steep_function_passes_for_rounding(f):
    assert not check_gradients(f, {"x": np.ones(1)}, {"x": np.full(1, 1.1)}, show=False).ok


def test_a_slope_of_the_complex_step_whose_parts_cancel_is_known_to_their_rounding():
    # The slope of sin² + cos² = 1 is zero by cancellation.
    def f(p):
        return (1e8 * (np.sin(p["x"]) ** 2 + np.cos(p["x"]) ** 2) + p["x"] ** 2).sum()

    for seed in range(10):
        x, = draw(seed, 20)
        report = check_gradients(f, {"x": x}, {"x": 2 * x}, "complex", show=False)
        assert [row.ok for row in report.rows] == ["tiny"]
        assert 1e-11 < report.rows[0].error < 6e-8   # measured: 2e-9 to 6e-9; 1e-11 would pass
        assert not check_gradients(f, {"x": x}, {"x": 2.0001 * x}, "complex", show=False).ok


# ---------------------------------------------------------------------- how it is measured

def test_rounding_is_four_times_the_move_to_the_quieter_side():
    moves = {-2 * ULP: 3.0, -ULP: -7.0, 0.0: 1.0, ULP: 5.0, 2 * ULP: 1.5}
    assert jitter(moves.get) == 4 * 4                    # 2 and 8 to the left, 4 and ½ to the right
    # A jump on one side leaves the other side quiet.
    assert jitter(lambda t: float(t < 0)) == jitter(lambda t: float(t > 0)) == 0


@pytest.mark.skipif(np.finfo(np.longdouble).eps >= ULP, reason="long double is no longer here")
@given(seeds)
def test_the_rounding_of_values_and_slopes_is_a_quarter_of_what_is_allowed(seed):
    X, W = draw(seed, (20, 10), (10, 8))
    y, = draw(seed + 1, (20, 8))

    def f_and_grad(X, W, y):
        h = np.tanh(X @ W)
        return ((h - y) ** 2).sum(), X.T @ (2 * (h - y) * (1 - h * h))
    f, grad = f_and_grad(X, W, y)
    exact, slopes = f_and_grad(*(array.astype(np.longdouble) for array in (X, W, y)))
    assert abs(f - exact) < ROUNDING / 4 * exact
    assert np.abs(grad - slopes).max() < ROUNDING / 4 * np.linalg.norm(grad)


# ---------------------------------------------------------------------- how rough f is

def case_of(f, **params):
    params = {name: np.asarray(param, dtype=float) for name, param in params.items()}
    return Case(f, params, "central", "element", None, None, 0, None, None, None)


def lumps(size):
    """Σ x², rounded to a multiple of this size."""
    return lambda p: size * np.round((p["x"] ** 2).sum() / size)


def test_the_scatter_is_that_of_noise_and_of_nothing_smooth():
    where = np.cumsum(np.random.default_rng(0).uniform(0.5, 1.5, 400))
    noise = np.random.default_rng(1).standard_normal(400)
    smooth = 3 - 2 * where + 0.01 * where ** 2
    assert scatter(where, smooth + 1e-6 * noise) == pytest.approx(1e-6, rel=0.15)
    assert scatter(where, smooth) < 1e-11
    # a kink, or a jump, moves few of the differences, and their median not at all
    assert scatter(where[:13], smooth[:13] + np.maximum(where[:13] - where[6], 0)) < 1e-11
    assert scatter(where[:3], smooth[:3]) == 0


@pytest.mark.parametrize("size", [1e-11, 1e-8, 1e-5, 1e-3])
def test_lumps_of_any_size_are_seen(size):
    x, = draw(0, 5)
    rough = Roughness(case_of(lumps(size), x=x))
    assert size / 2 < rough.rounding < 6 * size
    assert rough.is_rough == (rough.rounding > 1e-10 * rough.elsewhere)
    smooth = Roughness(case_of(lambda p: (p["x"] ** 2).sum(), x=x))
    assert smooth.rounding == ROUNDING * smooth.size and not smooth.is_rough and not smooth.told()


def test_what_is_rough_is_said_once_and_relative_to_its_size():
    x, = draw(0, 5)
    rough = Roughness(case_of(lumps(1e-5), x=x))
    said, = rough.told()
    assert said.kind == "rough" and said.startswith("f is rough: rounding moves it by up to 1e-05 ")
    assert rough.relative == rough.rounding / rough.size
    assert rough.coarser == pytest.approx((rough.rounding / rough.size / ROUNDING) ** 0.5)
    smooth = Roughness(case_of(lambda p: (p["x"] ** 2).sum(), x=x))
    assert (smooth.relative, smooth.coarser) == (ROUNDING, 1.0)


def test_a_bend_at_the_very_point_is_not_taken_for_roughness():
    # f changes from one to the next of the points in a row, and still so as they come nearer
    for power in (1.5, 3.5):
        f = Roughness(case_of(lambda p: 1 + (np.abs(p["x"]) ** power).sum(), x=np.zeros(3)))
        assert f.rounding < 1e-13 and not f.is_rough
    sharp = Roughness(case_of(lambda p: np.tanh(1e5 * p["x"]).sum(), x=[0.3e-5, -0.2e-5]))
    assert sharp.rounding < 1e-13


def test_beside_the_edge_of_f_the_values_that_are_left_tell():
    f = Roughness(case_of(lambda p: np.sqrt(1 + 5e-6 - p["x"]).sum(), x=[1.0]))
    assert np.isfinite(f.rounding) and f.rounding < 1e-8
    where, values = values_at(case_of(lambda p: np.log(1 - np.abs(p["x"] - 1)).sum(), x=[1.0]),
                              np.array([0.0, 0.5, 1.0, 3.0, 0.1]))
    assert where.tolist() == [0.0, 0.5] and np.isfinite(values).all() and values.size == 2


def test_a_perfect_fit_is_not_rough_for_f_is_larger_elsewhere():
    A, x = draw(1, (6, 3), 3)

    def f(p):
        return ((A @ p["x"] - A @ x) ** 2).sum()
    rough = Roughness(case_of(f, x=x + 1e-12))
    assert rough.size < 1e-8 and not rough.is_rough and rough.elsewhere > 0.1


@pytest.mark.parametrize("constant", [1e4, 1e6, 1e7])
def test_large_constants_that_are_added_and_taken_away_do_no_harm(constant):
    x, = draw(2, 6)

    def f(p):
        return (constant + (p["x"] ** 2).sum()) - constant
    for by in ("element", "direction"):
        assert check_gradients(f, {"x": x}, {"x": 2 * x}, by=by, show=False).ok
        report = check_gradients(f, {"x": x}, {"x": 2.02 * x}, by=by, show=False)
        assert report.wrong[0] == "x"


@pytest.mark.parametrize("hide", ["the parameters", "the result", "half of it"])
def test_single_precision_behind_a_float_is_said_and_right_gradients_are_right(hide):
    X, T, W = draw(3, (5, 4), (5, 3), (4, 3))

    def f(p):
        V = p["W"].astype(np.float32) if hide == "the parameters" else p["W"]
        loss = (np.tanh(X.astype(V.dtype) @ V) * T).sum()
        if hide == "half of it":
            return 0.1 * float(np.float32(loss)) + (p["W"] ** 2).sum()
        return 0.3 * float(np.float32(loss))
    scale, decay = (0.1, 2.0) if hide == "half of it" else (0.3, 0.0)
    right  = scale * X.T @ (T * (1 - np.tanh(X @ W) ** 2)) + decay * W
    report = check_gradients(f, {"W": W}, {"W": right}, show=False)
    assert report.ok and [each for each in report.findings if each.kind == "rough"]
    report = check_gradients(f, {"W": W}, {"W": 1.1 * right}, show=False)
    assert report.wrong == ["W"] and report.causes[0].kind in ("some-factor", "unexplained")


def test_where_f_cannot_be_called_it_is_not_missed():
    def f(p):
        return math.log(p["x"][0]) + 1e-6 * np.round(1e6 * p["x"][1] ** 2)      # raises at 0
    with silence_required():
        rough = Roughness(case_of(f, x=[1.0, 0.7]))
        assert rough.is_rough and rough.told() and 0.2 < rough.elsewhere < 2
