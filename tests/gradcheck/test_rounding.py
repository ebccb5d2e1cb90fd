"""Rounding: what it hides is said to be hidden, and it excuses nothing else."""
import re

import numpy as np
import pytest
from hypothesis import given

from helpers import draw, seeds
from numpyvae import check_gradients, numeric_gradient
from numpyvae.gradcheck.rounding import ROUNDING, ULP, jitter

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
