"""The second look: right gradients in odd places, and 2,000 random ones, are called right."""
import numpy as np
import pytest

from helpers import draw, smooth, smooth_case
from helpers_gradients import right_case
from numpyvae import check_gradients
from numpyvae.gradcheck import numeric_gradient

both_ways    = pytest.mark.parametrize("by", ["element", "direction"])
both_methods = pytest.mark.parametrize("method", ["central", "complex"])

# ---------------------------------------------------------------------- right ones in odd places

A, B  = draw(7, (6, 4), (4, 3))
WHOLE = np.arange(12.0).reshape(4, 3)


def square(p):
    return (p["W"] ** 2).sum()


def ab(a, b):
    return {"a": a, "b": b}


ODD = {
    "a perfect fit":
        (lambda p: ((A @ p["W"] - A @ B) ** 2).sum(), {"W": B}, {"W": np.zeros((4, 3))}),
    "whole numbers":
        (square, {"W": WHOLE}, {"W": 2 * WHOLE}),
    "an integer dtype":
        (square, {"W": np.arange(4)}, {"W": 2 * np.arange(4)}),
    "whole numbers, at 0":
        (lambda p: ((p["W"] - 64 * WHOLE) ** 2).sum(), {"W": 0 * WHOLE}, {"W": -128 * WHOLE}),
    "a constant":
        (lambda p: 3.7 + 0 * p["W"].sum(), {"W": WHOLE}, {"W": 0 * WHOLE}),
    "beside a large slope":
        (lambda p: 1e10 * p["a"].sum() + (p["b"] ** 2).sum(), ab(np.zeros(2), np.ones(2)),
         ab(np.full(2, 1e10), np.full(2, 2.0))),
    "an empty block":
        (lambda p: p["a"].sum() + p["b"].sum(), ab(np.ones((0, 3)), np.ones(2)),
         ab(np.ones((0, 3)), np.ones(2))),
    "names that are no strings":
        (lambda p: (p[0] ** 2).sum() + p["b"].sum(), {0: B, "b": np.ones(2)},
         {0: 2 * B, "b": np.ones(2)}),
    "booleans":
        (lambda p: p["a"].sum(), {"a": np.ones(3)}, lambda p: {"a": p["a"] > 0})}


@both_methods
@both_ways
@pytest.mark.parametrize("name", ODD)
def test_right_gradients_in_odd_places_are_right(name, by, method):
    f, params, grads = ODD[name]
    report = check_gradients(f, params, grads, method, by, show=False)
    assert report.ok and not report.faults and not report.causes, str(report)


@both_methods
def test_a_wrong_gradient_beside_a_large_slope_is_found(method):
    f, params, grads = ODD["beside a large slope"]
    report = check_gradients(f, params, {**grads, "b": np.zeros(2)}, method, show=False)
    assert not report.ok and report.findings[0].startswith("b: the gradient is zero")


# ---------------------------------------------------------------------- one door, for what fails

def test_f_is_asked_no_more_often_than_the_differences_need_if_all_is_right():
    calls = []
    params, grads = smooth_case()

    def f(p):
        calls.append(p)
        return smooth(p)
    check_gradients(f, params, grads, by="element", show=False)
    # Twice to see if it repeats itself, once or twice for its precision, twice for each element.
    assert len(calls) in (3 + 2 * 17, 4 + 2 * 17)


# ---------------------------------------------------------------------- no false alarm

@both_methods
@both_ways
def test_of_right_gradients_it_says_nothing(by, method):
    # 4 times 500. A kink or rounding may be remarked upon, which is no alarm. Of 20,000 others none
    # was an alarm; one had a remark.
    remarks = 0
    for seed in range(500):
        rng = np.random.default_rng([seed, by == "element", method == "complex"])
        f, params, grads, options = right_case(rng, 0 if seed % 25 == 0 else 1 + seed % 3)
        report = check_gradients(f, params, grads if seed % 2 else grads(params), method, by,
                                 rng=rng, show=False, sizes={"N": 3, "D": 4}, **options)
        assert report.ok and not report.faults and not report.causes, f"seed {seed}:\n{report}"
        # without the shift c does not matter, nor does what stands before dead relus: it is said
        assert not any(grads(params)[name].any() for name in report.untested)
        remarks += len(report.findings) > bool(report.untested)
    assert remarks < 5


def test_the_random_right_cases_are_right_by_the_complex_step():
    # Otherwise the 2,000 passes above would prove nothing.
    for seed in range(8):
        f, params, grads, _ = right_case(np.random.default_rng(seed), seed % 4)
        for name, grad in grads(params).items():
            numeric = numeric_gradient(lambda array: f({**params, name: array}), params[name],
                                       "complex")
            assert np.abs(grad - numeric).max() <= 1e-12 * max(1.0, np.abs(numeric).max())
