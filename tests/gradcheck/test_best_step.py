"""The best step: slopes that the usual step cannot see, and errors in rows small beside others."""
import math

import numpy as np
import pytest

from helpers import draw
from helpers_gradients import mixed_case, planted
from numpyvae import check_gradients
from numpyvae.gradcheck.best_step import FIRST, SMALL, STEPS, Estimate, best_slope, first_step
from numpyvae.gradcheck.rounding import ROUNDING


# ---------------------------------------------------------------------- the walk

# the size over which f bends, and the error that was measured
@pytest.mark.parametrize("size, bound", [(1e-6, 1e-6), (1e-3, 1e-6), (1.0, 1e-6), (1e3, 1e-6)])
def test_the_step_fits_the_size_over_which_f_bends(size, bound):
    p = size / 2
    found = best_slope(lambda t: math.tanh((p + t) / size), p, ROUNDING)
    right = (1 - math.tanh(0.5) ** 2) / size
    assert abs(found.slope - right) <= min(found.error, bound * right)
    assert 1e-10 * size < found.step < 0.01 * size


def test_the_estimated_error_bounds_the_true_one():
    rng = np.random.default_rng(0)
    for _ in range(300):
        p, shift     = rng.standard_normal(), rng.uniform(-2, 2)
        size, height = 10 ** rng.uniform(-6, 6, 2)

        def phi(t):
            return height * math.tanh(t / size + shift) + 1
        found = best_slope(phi, p, ROUNDING * (1 + height))
        right = height / size * (1 - math.tanh(shift) ** 2)
        assert abs(found.slope - right) <= found.slack


def test_the_walk_stops_where_the_error_grows_and_where_it_is_small_enough():
    steps = []

    def flat_far_away(t):
        return steps.append(abs(t)) or math.tanh(1e6 * t)

    assert best_slope(flat_far_away, 0.0, 1e-12).slope == pytest.approx(1e6, rel=1e-3)
    assert max(steps) < 1e-5
    steps.clear()

    def straight(t):
        return steps.append(abs(t)) or 3 * t

    assert best_slope(straight, 1.0, 1e-16).slope == 3
    assert len(set(steps)) <= 12


def test_the_first_step_is_a_power_of_two_and_small():
    for element in (0.0, 1e-9, 0.3, -7.0, 1e11):
        h = first_step(element)
        assert math.frexp(h)[0] == 0.5
        assert 0.7 <= h / (FIRST * max(abs(element), SMALL)) <= 1.5
        assert element + h - element == h


def test_no_slope_is_found_where_there_is_none():
    assert math.isnan(best_slope(lambda t: math.nan, 1.0, 1e-16).slope)
    # a jump: with every step another slope, and the largest error is no excuse
    jump = best_slope(lambda t: t + (t > 0), 1.0, 1e-16)
    assert jump.slack < 0.5 * abs(jump.slope)
    calls = []
    best_slope(lambda t: calls.append(t) or 0.0, 1.0, 1e-16)
    assert len(set(map(abs, calls))) <= STEPS


def test_rounding_that_was_not_foreseen_is_seen_in_the_first_steps():
    # f comes in lumps, as where large parts cancel, and nothing says so

    def phi(t):
        return math.floor(3 * (0.7 + t) * 2.0 ** 38) / 2.0 ** 38

    found = best_slope(phi, 0.7, 1e-16)
    assert abs(found.slope - 3) <= found.slack < 1e-4


def test_the_slack_is_the_error_but_no_more_than_rounding_and_a_quarter_of_the_slope():
    assert Estimate(1.0, 1e-6, 1e-9, 1e-10).slack == 1e-9
    assert Estimate(1.0, 1e-6, 5.0, 1e-10).slack == pytest.approx(0.25, rel=1e-7)
    assert Estimate(0.0, 1e-6, 5.0, 1e-3).slack == 2e-3


def test_a_slope_that_f_is_too_coarse_for_at_first_is_found_further_away():
    # a cast to single precision does not notice the first steps at all
    def phi(t):
        return float(np.float32(3 * (0.7 + t)))

    found = best_slope(phi, 0.7, 1e-7)
    assert abs(found.slope - 3) <= found.slack < 1e-4


def test_a_slope_of_zero_is_known_to_the_rounding_of_what_f_is_where_it_moves():
    def phi(t):
        return math.log1p(math.exp(t - 60)) if t > 20 else 0.0

    found = best_slope(phi, 1.0, 0.0)
    assert found.slope == 0 and 0 < found.error < 1e-15 and found.step > 1


def test_rough_values_are_rough_wherever_they_are():
    def phi(t):
        return (1 + t) ** 2
    fine, rough = (best_slope(phi, 1.0, relative, relative) for relative in (1e-15, 1e-8))
    assert rough.step > 1e6 * fine.step and rough.error < 1e-6
    # where φ is larger, so is its rounding
    grown = best_slope(lambda t: 1e6 * t + 1, 1.0, 1e-15, 1e-8)
    assert grown.error > 1e-3


# ---------------------------------------------------------------------- in the check

def test_a_saturated_softmax_has_no_slope_that_could_be_called_wrong():
    logits = np.array([60.0, 10.0, 0.0])
    right  = np.exp(logits - 60) - [1, 0, 0] + [0, 0, 0]
    right[0] = -right[1:].sum()

    def f(p):
        a = p["a"] - p["a"].max()
        return np.log(np.exp(a).sum()) - a[0]
    assert check_gradients(f, {"a": logits}, {"a": right}, show=False).ok
    assert not check_gradients(f, {"a": logits}, {"a": right + 1e-6}, show=False).ok


def test_a_right_log_close_to_zero_is_right():
    p = np.array([[0.7, 0.3 - 1e-6, 1e-6]])

    def f(q):
        return -np.log(q["p"][0, 2])

    with np.errstate(invalid="ignore"):
        assert check_gradients(f, {"p": p}, {"p": np.array([[0, 0, -1e6]])}, show=False).ok
        assert not check_gradients(f, {"p": p}, {"p": np.array([[0, 0, -1.001e6]])}, show=False).ok


def test_errors_are_found_and_right_gradients_right_with_features_from_1e_6_to_1e6():
    # 150 each; best_step.py says what was measured beyond these.
    for seed in range(150):
        rng = np.random.default_rng(seed)
        f, params, grads = mixed_case(rng)
        report = check_gradients(f, params, grads, by="element", show=False)
        assert report.ok, f"seed {seed}:\n{report}"
        wrong = planted(rng, grads["W"])
        if np.array_equal(wrong, grads["W"]):
            continue
        report = check_gradients(f, params, {**grads, "W": wrong}, by="element", show=False)
        assert not report.ok or "f's rounding hides" in str(report), f"seed {seed}:\n{report}"


def test_where_the_error_is_in_a_small_row_it_is_said_to_be_there():
    X, T = draw(0, (4, 5), (4, 3))
    X    = X * [1e4, 1, 1e-4, 1e3, 1e-3]
    W    = draw(1, (5, 3))[0] / [[1e4], [1], [1e-4], [1e3], [1e-3]]

    def f(p):
        return (np.tanh(X @ p["W"]) * T).sum()

    right = X.T @ (T * (1 - np.tanh(X @ W) ** 2))
    wrong = right * [[1], [1], [-1], [1], [1]]
    report = check_gradients(f, {"W": W}, {"W": wrong}, show=False)
    assert report.wrong == ["W"] and report.rows[0].error > 1.99
    assert report.causes[0].startswith("W: 3 of its 15 elements are wrong, those of row 2, the "
                                       "others right; there, the sign is flipped (15 elements "
                                       "compared; W[2, ")
