"""What f, the backward pass and their arrays do that they should not, and gradients that cannot be
compared.
"""
import re

import numpy as np
import pytest

from helpers import draw, smooth, smooth_case, smooth_gradient
from numpyvae import check_gradients
from numpyvae.errors import InvalidTypeError
from numpyvae.gradcheck.behaviour import _is_single

PARAMS, RIGHT = smooth_case()


# ---------------------------------------------------------------------- what the functions do

def test_noise_that_is_drawn_again_at_every_call():
    rng = np.random.default_rng(0)
    report = check_gradients(lambda p: smooth(p) + 1e-3 * rng.standard_normal(), PARAMS, RIGHT,
                             show=False)
    assert not report.ok and report.max_error == np.inf
    assert [row.ok for row in report.rows] == ["NO", "NO"]
    assert report.findings[0].startswith("f is not deterministic: two calls at the same point gave")
    assert len(report.findings) == 1, "nothing else can be said"


def test_a_backward_that_draws_its_own_noise():
    rng = np.random.default_rng(0)

    def grads(p):
        return {**smooth_gradient(p), "b": rng.standard_normal(5)}

    report = check_gradients(smooth, PARAMS, grads, show=False)
    assert not report.ok
    assert report.findings[0].startswith("grads is not deterministic")
    assert " for b;" in report.findings[0]


def test_calls_that_differ_by_rounding_alone_repeat_themselves():
    calls = []

    def grads(p):
        calls.append(p)
        return {name: grad * (1 + size * len(calls)) for name, grad in smooth_gradient(p).items()}
    for size, ok in [(1e-13, True), (1e-8, False)]:
        assert check_gradients(smooth, PARAMS, grads, show=False).ok is ok


def test_a_backward_that_changes_what_it_was_given():
    kept = PARAMS["W"].copy()

    def grads(p):
        right = smooth_gradient(p)
        p["W"] -= 1
        return right
    report = check_gradients(smooth, PARAMS, grads, show=False)
    assert not report.ok and [row.ok for row in report.rows] == ["yes", "yes"]
    assert report.findings == ["grads changes its arguments: a call leaves other numbers in W, as "
                               "+= or out= do; let it work on copies"]
    assert np.array_equal(PARAMS["W"], kept)


def test_a_gradient_may_be_given_as_a_function():
    report = check_gradients(smooth, PARAMS, smooth_gradient, show=False)
    assert report.ok and not report.findings


@pytest.mark.parametrize("grads, words", [
    (smooth, "a function that returns one, got float"),
    (lambda p: (p["W"], 2), "returns one, got tuple"),
    (lambda p: None, "returns one, got NoneType")])
def test_a_function_for_a_gradient_that_returns_no_dictionary_is_refused(grads, words):
    with pytest.raises(InvalidTypeError, match=words):
        check_gradients(smooth, PARAMS, grads, show=False)


def test_parameters_that_share_memory():
    both   = np.zeros(8)
    params = {"p": both[:5], "q": both[3:], "r": np.ones(2)}

    def f(p):
        return (p["p"] ** 2).sum() + p["q"].sum() + p["r"].sum()

    grads  = {"p": np.zeros(5), "q": np.ones(5), "r": np.ones(2)}
    report = check_gradients(f, params, grads, show=False)
    assert not report.ok and len(report.findings) == 1
    assert report.findings[0].startswith("p and q share memory")
    apart = {"p": both[0::2], "q": both[1::2], "r": np.ones(2)}  # interlaced, not shared
    grads = {"p": np.zeros(4), "q": np.ones(4), "r": np.ones(2)}
    assert check_gradients(f, apart, grads, show=False).ok


def test_all_that_f_grads_and_params_do_is_told_together():
    def f(p):
        p["a"] += 1
        return p["a"].sum() + p["b"].sum()

    def grads(p):
        p["b"] += 1
        return {"a": np.ones(2), "b": np.ones(2)}
    same   = np.ones(2)
    report = check_gradients(f, {"a": same, "b": same}, grads, show=False)
    culprits = [re.split(" share| changes", text)[0] for text in report.findings]
    assert culprits == ["a and b", "f", "grads"]


# ---------------------------------------------------------------------- what f returns

X, W, B = draw(5, (3, 7), (7, 5), 5)


def bend(p, x=X):
    h = np.tanh(x @ p["W"] + p["b"])
    return (h * h).sum()


def in_float32(p):
    single = {name: param.astype(np.float32) for name, param in p.items()}
    return np.float32(bend(single, X.astype(np.float32)))


@pytest.mark.parametrize("f", [lambda p: np.float32(bend(p)), lambda p: float(np.float32(bend(p))),
                               in_float32])
def test_a_function_that_computes_in_single_precision(f):
    params = {"W": W, "b": B}
    report = check_gradients(f, params, params, show=False)
    assert not report.ok and report.max_error == np.inf
    assert report.findings == ["f computes in single precision, too coarse to tell slopes from "
                               "rounding: let it use float64"]


def test_single_precision_shows_where_all_parameters_are_zero_too():
    params = {"b": np.zeros(5)}

    def f(p):
        return float(np.float32(np.exp(p["b"]).sum()))

    assert "single precision" in check_gradients(f, params, params, show=False).findings[0]


@pytest.mark.parametrize("value, single", [
    (float(np.float32(0.1)), True), (float(np.float32(np.pi * 1e9)), True), (0.1, False),
    (67.5, False), (0.0, False), (1 + 2.0 ** -23, True), (1 + 2.0 ** -24, False),
    (1 + 2.0 ** -19, False), (1 + 2.0 ** -20, True), (np.inf, False), (np.nan, False),
    (float(np.float32(1e30)) ** 2, False), (np.float32(0.1), False), (np.full(2, 67.5), False)])
def test_a_number_of_21_to_24_bits_was_computed_in_single_precision(value, single):
    assert _is_single(value) is single


def test_a_function_that_is_not_finite_at_the_point():
    with np.errstate(divide="ignore"):
        report = check_gradients(lambda p: np.log(0 * p["b"].sum()), {"b": B}, {"b": B}, show=False)
    assert not report.ok
    assert report.findings[0].startswith("f is -inf where it is to be differentiated")


def test_a_function_of_round_numbers_is_not_taken_for_single_precision():
    params, grads = {"x": np.array([1.5, 2.0])}, {"x": np.full(2, 2.0)}
    assert check_gradients(lambda p: 2 * p["x"].sum(), params, grads, show=False).ok


# ---------------------------------------------------------------------- what cannot be compared

RAGGED = [[1], [1, 2]]


@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("by", ["element", "direction"])
@pytest.mark.parametrize("grads, finding", [
    ({"W": np.ones((4, 3)), "b": np.ones(5)},
     r"W: expected a gradient of shape \(3, 4\), got \(4, 3\)"),
    ({"W": np.full((3, 4), np.nan), "b": np.ones(5)},
     "W: expected a finite gradient, got NaN or infinity in 12 of its 12 elements$"),
    ({"W": np.ones((3, 4)), "b": np.array([1, np.nan, 1, 1, 1])},
     "b: expected a finite gradient, got NaN or infinity in 1 of its 5 elements$"),
    ({"W": np.full((3, 4), 1j), "b": np.ones(5)},
     "W: expected a gradient of real numbers, got dtype complex128"),
    ({"W": np.ones((3, 4)), "b": RAGGED}, "b: expected an array for a gradient"),
    ({"b": np.ones(5)}, "W: no gradient was given for it"),
    ({"W": None, "b": np.ones(5)}, "W: no gradient was given for it"),
    ({"W": np.ones((3, 4)), "b": np.ones(5), "c": np.ones(2)}, "c: no parameter has this name$"),
    ({"dW": np.ones((3, 4)), "W": None, "b": np.ones(5)},
     r"dW: no parameter has this name; is it meant for W\?")])
def test_a_gradient_that_cannot_be_compared_is_reported(grads, finding, by, method):
    report = check_gradients(smooth, PARAMS, grads, method, by, show=False)
    assert not report.ok and report.max_error == np.inf
    assert any(re.match(finding, sentence) for sentence in report.findings)


def test_a_name_that_no_parameter_has_gets_a_row_and_no_guess_where_none_is_missing():
    report = check_gradients(smooth, PARAMS, {**RIGHT, "dW": np.ones((2, 3))}, show=False)
    assert not report.ok and report.findings == ["dW: no parameter has this name"]
    shapes = [("W", (3, 4)), ("b", (5,)), ("dW", (2, 3))]
    assert [(row.name, row.shape) for row in report.rows] == shapes
