"""Numeric gradients against known derivatives; the check against right gradients, wrong ones, and
kinks.
"""
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import draw, norm_error, seeds, silence_required
from numpyvae import VAE, check_gradients, numeric_gradient
from numpyvae.errors import InvalidTypeError, InvalidValueError
from numpyvae.gradcheck.case import SAMPLE


def smooth(params):
    """A function of two blocks whose gradient is known: f = Σ W⁴ / 4 + Σ exp(b) · Σ W²."""
    W, b = params["W"], params["b"]
    return (W ** 4).sum() / 4 + np.exp(b).sum() * (W ** 2).sum()


def smooth_gradient(params):
    W, b = params["W"], params["b"]
    return {"W": W ** 3 + np.exp(b).sum() * 2 * W, "b": np.exp(b) * (W ** 2).sum()}


def smooth_case(seed=0):
    params = dict(zip(("W", "b"), draw(seed, (3, 4), 5)))
    return params, smooth_gradient(params)


def rectified(params):
    return np.maximum(params["x"], 0).sum()


# ---------------------------------------------------------------------- numeric_gradient

# measured: 5e-10 and 3e-16
@pytest.mark.parametrize("method, bound", [("central", 1e-8), ("complex", 1e-14)])
def test_numeric_gradient_of_a_known_function(method, bound):
    W, = draw(0, (3, 4))
    gradient = numeric_gradient(lambda W: (np.exp(W) * W).sum(), W, method)
    assert gradient.shape == W.shape and gradient.dtype == np.float64
    assert norm_error(gradient, np.exp(W) * (W + 1)) < bound


def test_central_steps_grow_with_the_element_so_that_large_ones_are_not_rounding():
    x = np.array([1e6, -2e8, 1.0])
    # measured: 5e-9
    assert norm_error(numeric_gradient(lambda x: (x ** 2).sum() / 1e8, x), 2 * x / 1e8) < 5e-8


def test_the_step_can_be_chosen_and_is_used():
    steps = []
    numeric_gradient(lambda x: steps.append(x[0]) or x[0], np.full(1, 1000.0), step=0.25)
    assert steps == [1000.25, 999.75]
    numeric_gradient(lambda x: steps.append(x[0]) or x[0], np.zeros(1), "complex", step=1e-9)
    assert steps[2:] == [1e-9j]
    numeric_gradient(lambda x: steps.append(x[0]) or x[0], np.full(1, 1000.0), "complex")
    assert steps[3:] == [1000 + 1e-30j]                          # of whatever size the element is


@pytest.mark.parametrize("array",
                         [2.0, [1.0, 2.0], np.float32([[1], [2]]), np.arange(3), np.zeros((0, 2))])
def test_numeric_gradient_takes_what_numpy_takes(array):
    gradient = numeric_gradient(lambda a: (a * a).sum(), array)
    assert gradient.shape == np.shape(array)
    np.testing.assert_allclose(gradient, 2 * np.asarray(array, float), rtol=1e-8, atol=1e-12)


def test_a_function_that_changes_its_arguments_moves_neither_the_point_nor_the_caller_s_arrays():
    def careless(p):
        p["W"] *= 2                                              # so that it is Σ (2 W)² · Σ b
        return (p["W"] ** 2).sum() * p["b"].sum()
    params, _ = smooth_case()
    kept = {name: param.copy() for name, param in params.items()}
    grads = {"W": 8 * kept["W"] * kept["b"].sum(), "b": np.full(5, 4 * (kept["W"] ** 2).sum())}
    report = check_gradients(careless, params, grads, show=False)
    assert [row.ok for row in report.rows] == ["yes", "yes"]
    assert not report.ok and report.findings[0].startswith("f changes its arguments") and "W" in report.findings[0]
    assert all(np.array_equal(params[name], kept[name]) for name in kept)


@pytest.mark.parametrize("f, array, options, error, message",
                         [(lambda x: x, np.zeros(2), {}, InvalidTypeError, "returns one number"),
                          (lambda x: "1", np.zeros(2), {}, InvalidTypeError, "returns one number"),
                          (lambda x: np.abs(x).sum(), np.ones(2), {"method": "complex"},
                           InvalidTypeError, 'method="central"'),
                          (lambda x: x.sum(), np.array([1j]), {}, InvalidTypeError,
                           "^array: expected an array of real numbers"),
                          (lambda x: x.sum(), np.array([np.nan]), {}, InvalidValueError,
                           "^array: .*NaN"),
                          (lambda x: x.sum(), np.ones(2), {"method": "forward"}, InvalidValueError,
                           "central, complex"),
                          (lambda x: x.sum(), np.ones(2), {"step": 0}, InvalidValueError,
                           "^step: expected"),
                          (lambda x: x.sum(), np.ones(2), {"step": np.nan}, InvalidValueError,
                           "step")])
def test_what_numeric_gradient_cannot_use_is_refused(f, array, options, error, message):
    with pytest.raises(error, match=message):
        numeric_gradient(f, array, **options)


# ---------------------------------------------------------------------- check_gradients

@pytest.mark.parametrize("by", ["element", "direction"])
@pytest.mark.parametrize("method", ["central", "complex"])
@given(seed=seeds)
def test_right_gradients_pass(method, by, seed):
    params, grads = smooth_case(seed)
    report = check_gradients(smooth, params, grads, method, by, rng=seed, show=False)
    assert report.ok and not report.findings
    assert [row.name for row in report.rows] == ["W", "b"] + ["(all)"] * (by == "direction")
    # Measured over 3,000 cases: 1e-9 and 6e-15.
    assert report.max_error < {"central": 1e-8, "complex": 6e-14}[method]


WRONG = {"sign": lambda g: -g, "twice": lambda g: 2 * g, "a thousandth more": lambda g: 1.001 * g,
         "nothing": lambda g: 0 * g, "one element": lambda g: g + np.eye(1, g.size).reshape(g.shape)
         * g.flat[0]}


@pytest.mark.parametrize("by", ["element", "direction"])
@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("block", ["W", "b"])
def test_wrong_gradients_fail_in_their_block_alone(method, by, wrong, block):
    params, grads = smooth_case()
    grads[block] = WRONG[wrong](grads[block])
    report = check_gradients(smooth, params, grads, method, by, show=False)
    assert not report.ok and report.max_error > 1e-4
    assert [row.name for row in report.rows if row.ok == "NO"] == [block] + ["(all)"] * (by == "direction")
    assert len(report.findings) >= 1 and report.findings[0].startswith(block)


def test_a_wrong_sign_is_an_error_of_two_and_nothing_an_error_of_one():
    params, grads = smooth_case()
    for factor, error in [(-1, 2.0), (0, 1.0), (2, 0.5)]:
        report = check_gradients(smooth, params, {**grads, "b": factor * grads["b"]}, "complex",
                                 show=False)
        assert report.max_error == pytest.approx(error, rel=1e-12)


def test_the_table_shows_the_element_that_is_off():
    params, grads = smooth_case()
    grads["W"] = grads["W"].copy()
    grads["W"][2, 1] += 0.125
    report = check_gradients(smooth, params, grads, "complex", show=False)
    row, = [row for row in report.rows if row.ok == "NO"]
    assert row.analytic == grads["W"][2, 1] and row.analytic - row.numeric == pytest.approx(0.125, rel=1e-12)
    assert report.findings[0].startswith("W: one of its 12 elements is wrong, W[2, 1]")


def test_the_table_shows_the_largest_element_of_a_right_block_and_none_that_lies_on_a_kink_of_a_wrong_one():
    params, grads = smooth_case()
    report = check_gradients(smooth, params, grads, "complex", show=False)
    assert [abs(row.analytic) for row in report.rows] == [np.abs(grads[name]).max()
                                                          for name in ("W", "b")]
    # without any error: its place says nothing
    slopes = np.array([1.0, 3.0, 2.0])
    report = check_gradients(lambda p: slopes @ p["x"], {"x": np.zeros(3)}, {"x": slopes},
                             "complex", show=False)
    assert report.rows[0].analytic == 3 and report.rows[0].error == 0
    report = check_gradients(rectified, {"x": np.array([0.0, 1.0])}, {"x": np.array([0.0, 1.1])},
                             show=False)
    assert report.rows[0].ok == "NO" and report.rows[0].analytic == 1.1


def test_blocks_that_are_zero_on_both_sides_agree_exactly():
    params = {"dead": np.full(3, -1.0), "live": np.ones(2)}
    def f(p): return np.maximum(p["dead"], 0).sum() + (p["live"] ** 2).sum()
    for method in ("central", "complex"):
        for by in ("element", "direction"):
            report = check_gradients(f, params, {"dead": np.zeros(3), "live": np.full(2, 2.0)},
                                     method, by, show=False)
            assert report.ok and report.rows[0].error == 0
            report = check_gradients(f, params,
                                     {"dead": np.full(3, 1e-12), "live": np.full(2, 2.0)},
                                     "complex", by, show=False)
            assert not report.ok and report.rows[0].error == 1


def test_a_gradient_below_the_rounding_of_f_is_not_called_wrong():
    # The value of f is near 1e6 and carries an error of 1e-10; divided by the step that is 1e-5,
    # ten times the slope.
    def f(p): return 1e6 + 1e-6 * p["x"].sum()
    assert check_gradients(f, {"x": np.ones(2)}, {"x": np.full(2, 1e-6)}, show=False).ok
    assert not check_gradients(f, {"x": np.ones(2)}, {"x": np.full(2, 0.01)}, show=False).ok


@pytest.mark.parametrize("x", [0.0, 1e-6, -1e-6, 3e-6, -5e-6])
def test_a_kink_between_the_evaluations_is_reported_and_not_failed(x):
    params = {"x": np.array([1.0, x, -1.0])}
    report = check_gradients(rectified, params, {"x": np.array([1.0, float(x > 0), 0.0])},
                             show=False)
    assert report.ok and report.max_error < 1e-7
    assert [row.ok for row in report.rows] == ["kink"]
    assert report.findings and report.findings[0].startswith("x[1]: a kink")


@pytest.mark.parametrize("x, wrong",
                         [(0.0, 7.0), (0.0, -0.5), (1e-6, 0.0), (1e-6, 1.01), (-3e-6, 1.0)])
def test_a_kink_is_no_excuse_for_a_gradient_that_is_wrong_on_both_sides_of_it(x, wrong):
    report = check_gradients(rectified, {"x": np.array([1.0, x])}, {"x": np.array([1.0, wrong])},
                             show=False)
    assert not report.ok


def test_at_a_kink_any_slope_between_the_two_sides_passes():
    for slope in (0.0, 0.5, 1.0):
        for method in ("central", "complex"):
            assert check_gradients(rectified, {"x": np.zeros(2)}, {"x": np.full(2, slope)}, method,
                                   show=False).ok


@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("at", [0.0, 1.0])
def test_a_kink_may_lie_anywhere_and_be_large(method, at):
    def f(p): return 10 * np.maximum(p["x"] - at, 0).sum()
    params = {"x": np.array([at, at + 1])}
    for slope, ok in [(0, True), (3, True), (10, True), (10.0002, False), (-2e-4, False)]:
        report = check_gradients(f, params, {"x": np.array([slope, 10.0])}, method, show=False)
        assert report.ok is ok
        assert slope != 3 or report.findings[0].startswith("x[0]: a kink: the slope is ")
    # the tolerance is relative to the gap
    for slope in (10.00005, -5e-5):
        report = check_gradients(f, params, {"x": np.array([slope, 10.0])}, method, show=False)
        assert report.ok is (method == "central")


def test_only_what_disagrees_is_searched_for_kinks():
    # ½: what the difference gives there
    x, slopes = np.array([1e-6, 0.0, 2.0]), np.array([1.0, 0.5, 1.0])
    report = check_gradients(rectified, {"x": x}, {"x": slopes}, show=False)
    assert report.ok and len(report.findings) == 1 and "x[0]: a kink or" in report.findings[0]
    report = check_gradients(rectified, {"x": np.array([0.0, 0.0, 2.0])}, {"x": slopes}, show=False)
    assert report.ok and len(report.findings) == 1 and report.findings[0].startswith("x[0]: a "
                                                                                     "kink: the "
                                                                                     "slope is 0 "
                                                                                     "to")


def test_kinks_that_cancel_along_a_direction_are_found_by_element():
    signs = np.resize([1.0, -1.0], SAMPLE)
    for seed in range(10):
        report = check_gradients(lambda p: (signs * np.maximum(p["x"], 0)).sum(),
                                 {"x": np.zeros(SAMPLE)}, {"x": np.maximum(signs, 0)},
                                 by="direction", rng=seed, show=False)
        assert report.rows[0].ok == "kink"


def test_at_a_kink_too_what_rounding_explains_passes():
    def f(p): return 1e3 + np.maximum(p["x"], 0).sum()
    for slope in (0.0, 1.0):
        assert check_gradients(f, {"x": np.array([0.0, 1.0])}, {"x": np.array([slope, 1.0])},
                               show=False).ok


def test_beside_a_kink_the_step_is_the_first_of_its_quarters_that_stays_on_one_side():
    def f(p): return 100 * np.maximum(p["x"], 0).sum()
    for x, step, taken in [(1e-6, None, "6e-06; the numeric slope was taken with 4e-07"),
                           (2e-6, None, "6e-06; the numeric slope was taken with 2e-06"),
                           (1e-3, 2e-3, "2e-03; the numeric slope was taken with 5e-04")]:
        report = check_gradients(f, {"x": np.array([x])}, {"x": np.array([100.0005])}, step=step,
                                 show=False)
        assert report.ok and report.findings[0].endswith(f"bend lies within the step of {taken}")


@pytest.mark.parametrize("power", [1.09, 0.91])
def test_a_bend_that_goes_on_changing_with_the_step_is_no_kink(power):
    # From the first step to the last, 4096 times as small, the gap between the slopes halves or
    # doubles, and a bit.
    def f(p): return (np.maximum(p["x"], -p["x"]) ** power).sum()
    report = check_gradients(f, {"x": np.array([0.0])}, {"x": np.array([0.1])}, show=False)
    assert not report.ok


def test_a_smooth_bend_is_not_taken_for_a_kink():
    # its slopes to the left and to the right differ by 0.1
    def bend(p): return (1e4 * p["x"] ** 2).sum()
    params = {"x": np.array([1e-5, 3e-5])}
    report = check_gradients(bend, params, {"x": 2e4 * params["x"]}, show=False)
    assert report.ok and not report.findings
    report = check_gradients(bend, params, {"x": 2e4 * params["x"] + [0.05, 0]}, show=False)
    assert not report.ok and "kink" not in report.findings[0]


@pytest.mark.parametrize("grads, finding",
                         [({"W": np.ones((4, 3)), "b": np.ones(5)},
                           r"W: expected a gradient of shape \(3, 4\), got \(4, 3\)"),
                          ({"W": np.full((3, 4), np.nan), "b": np.ones(5)},
                           "W: expected a finite gradient, got NaN or infinity in 12 of its 12 "
                           "elements$"), ({"W": np.full((3, 4), 1j), "b": np.ones(5)},
                                          "W: expected a gradient of real numbers"),
                          ({"b": np.ones(5)}, "W: no gradient was given"), ({"W": np.ones((3, 4)),
                                                                             "b": np.ones(5),
                                                                             "c": np.ones(2)},
                                                                            "c: no parameter has "
                                                                            "this name")])
@pytest.mark.parametrize("by", ["element", "direction"])
def test_a_gradient_that_cannot_be_compared_is_reported(grads, finding, by):
    report = check_gradients(smooth, smooth_case()[0], grads, by=by, show=False)
    assert not report.ok and report.max_error == np.inf
    assert any(re.match(finding, sentence) for sentence in report.findings)


def test_a_name_that_no_parameter_has_gets_a_row_and_no_guess_where_none_is_missing():
    params, grads = smooth_case()
    report = check_gradients(smooth, params, {**grads, "dW": np.ones((2, 3))}, show=False)
    assert not report.ok and report.findings == ["dW: no parameter has this name"]
    assert [(row.name, row.shape) for row in report.rows] == [("W", (3, 4)), ("b", (5,)),
                                                              ("dW", (2, 3))]


def test_all_that_f_grads_and_params_do_is_told_together():
    def f(p):
        p["a"] += 1
        return p["a"].sum() + p["b"].sum()

    def grads(p):
        p["b"] += 1
        return {"a": np.ones(2), "b": np.ones(2)}
    same = np.ones(2)
    report = check_gradients(f, {"a": same, "b": same}, grads, show=False)
    assert [text.split(" c")[0].split(" s")[0] for text in report.findings] == ["a and b", "f",
                                                                                "grads"]


def normalised(p):
    """Batch normalisation of X w + c: its gradient by the shift c is zero, by cancellation."""
    y = draw(3, (6, 4))[0] @ p["w"] + p["c"]
    y = (y - y.mean()) / np.sqrt(((y - y.mean()) ** 2).mean() + 1e-5)
    return (np.tanh(y) * np.arange(6)).sum()


@pytest.mark.parametrize("by", ["element", "direction"])
@pytest.mark.parametrize("method", ["central", "complex"])
def test_a_gradient_that_is_zero_by_cancellation_is_right(method, by):
    for seed in range(20):
        params = {"w": draw(seed, 4)[0], "c": 0.3}
        grads = {"w": numeric_gradient(lambda w: normalised({"w": w, "c": 0.3}), params["w"],
                                       "complex"), "c": 0.0}
        report = check_gradients(normalised, params, grads, method, by, rng=seed, show=False)
        assert report.ok and report.max_error < 1e-5
        assert not check_gradients(normalised, params, {**grads, "c": 1e-3}, method, by, rng=seed,
                                   show=False).ok
    rows = {row.name: row.ok for row in report.rows}
    assert rows["w"] == "yes" and rows["c"] in ("tiny", "yes")


def test_what_only_rounding_explains_is_said_and_kept_out_of_the_largest_error():
    def f(p): return 1e6 + 1e-6 * p["x"].sum()
    report = check_gradients(f, {"x": np.ones(2)}, {"x": np.full(2, 2e-6)}, show=False)
    assert report.ok and report.rows[0].ok == "tiny" and report.max_error == 0 and "rounding" in report.findings[0]
    told = []
    for n in (1, 100):
        report = check_gradients(f, {"x": np.ones(n)}, {"x": np.full(n, 2e-6)}, show=False)
        told.append(float(re.search(r"(?:right to|absolute|below) (\d[\d.e+-]+)",
                                    report.findings[0])[1]))
    # a norm of 100 elements: ten times that of one
    assert 5 < told[1] / told[0] < 20


@pytest.mark.parametrize("by", ["element", "direction"])
@pytest.mark.parametrize("method", ["central", "complex"])
def test_jumps_and_fresh_noise_are_no_kinks(method, by):
    rng = np.random.default_rng(0)
    def fresh(p): return (p["x"] ** 2).sum() + 1e-3 * rng.standard_normal() * p["x"].sum()
    def jump(p): return np.floor(p["x"].real).sum() + p["x"].sum()
    for seed in range(50):
        wrong = {"x": draw(seed, 3)[0] - 5}
        assert not check_gradients(fresh, {"x": np.ones(3)}, wrong, method, by, rng=seed,
                                   show=False).ok
        assert not check_gradients(jump, {"x": np.arange(1.0, 4.0)}, wrong, method, by, rng=seed,
                                   show=False).ok


@pytest.mark.parametrize("f",
                         [lambda p: (p["x"] + (p["x"] > 1)).sum(),
                          lambda p: (p["x"] + (p["x"] >= 1)).sum(), lambda p: (p["x"] ** 40).sum()
                          / 40])
def test_neither_a_jump_beside_the_point_nor_a_steep_function_passes_for_rounding(f):
    assert not check_gradients(f, {"x": np.ones(1)}, {"x": np.full(1, 1.1)}, show=False).ok


@pytest.mark.parametrize("method", ["central", "complex"])
@given(seeds, st.sampled_from([1e-10, 1e-9, 1e-8, 1e-7, 1e-6]))
def test_the_complex_step_finds_the_smallest_errors(method, seed, error):
    params, grads = smooth_case(seed)
    for by in ("element", "direction"):
        off = {**grads, "b": grads["b"] * (1 + error)}
        assert check_gradients(smooth, params, off, method, by, rng=seed, show=False).ok == (method == "central")


@pytest.mark.parametrize("size", [1e-170, 1e170])
@pytest.mark.parametrize("method", ["central", "complex"])
def test_gradients_whose_squares_over_or_underflow_are_compared_all_the_same(method, size):
    def f(p): return size * (p["x"] ** 2).sum()
    params = {"x": np.array([1.0, -2.0, 3.0])}
    for by in ("element", "direction"):
        assert check_gradients(f, params, {"x": 2 * size * params["x"]}, method, by, show=False).ok
        assert not check_gradients(f, params, {"x": -2 * size * params["x"]}, method, by,
                                   show=False).ok


def test_large_parameters_get_large_steps_along_directions_too():
    def f(p): return np.tanh(p["x"] / 1e8).sum()
    params = {"x": 1e8 * draw(0, 4)[0]}
    report = check_gradients(f, params, {"x": (1 - np.tanh(params["x"] / 1e8) ** 2) / 1e8},
                             by="direction", show=False)
    # measured: 2e-11
    assert [row.ok for row in report.rows] == ["yes", "yes"] and report.max_error < 4e-10


def test_single_precision_inside_f_is_refused_in_words():
    with pytest.raises(InvalidTypeError, match="double precision, got float32"):
        numeric_gradient(lambda x: np.float32(x.sum()), np.ones(2))


def test_nan_is_blamed_on_the_element_that_has_it():
    def f(p): return np.log(p["x"]).sum()
    with np.errstate(invalid="ignore"):
        report = check_gradients(f, {"x": np.array([1, 1e-7, 2])}, {"x": np.array([1, 1e7, 0.5])},
                                 show=False)
    assert not report.ok and report.findings[0].startswith("x: f is NaN or infinite beside x[1]")
    assert np.isnan(report.rows[0].numeric) and report.rows[0].analytic == 1e7


def test_a_loss_of_nan_is_wrong():
    params, grads = smooth_case()
    report = check_gradients(lambda p: np.nan * p["W"].sum(), params, grads, show=False)
    assert not report.ok and report.max_error == np.inf


@pytest.mark.parametrize("params, grads, options, error, message", [
    ({}, {}, {}, InvalidValueError, "at least one array"),
    ([np.ones(2)], {}, {}, InvalidTypeError, "params: expected a dictionary"),
    ({"W": np.ones(2)}, np.ones(2), {}, InvalidTypeError, "grads: expected a dictionary"),
    ({"W": np.ones(2)}, {"W": np.ones(2)}, {"by": "row"}, InvalidValueError, "by: expected one of"),
    ({"W": np.ones(2)}, {"W": np.ones(2)}, {"method": "x"}, InvalidValueError, "method: expected one of"),
    ({"W": np.ones(2) * 1j}, {"W": np.ones(2)}, {}, InvalidTypeError, "^W: expected an array of real numbers"),
    ({"W": np.ones(2)}, {"W": np.ones(2)}, {"tolerance": 0}, InvalidValueError, "tolerance: expected")])
def test_what_check_gradients_cannot_use_is_refused(params, grads, options, error, message):
    with pytest.raises(error, match=message):
        check_gradients(lambda p: p["W"].sum(), params, grads, **options)


def test_the_table_is_printed_as_it_grows_and_is_the_report_s_text(capsys):
    params, grads = smooth_case()
    report = check_gradients(smooth, params, {**grads, "b": -grads["b"]})
    printed = capsys.readouterr().out
    assert printed == str(report) + "\n"
    head, rule, W, b, *_ = printed.splitlines()
    assert [cell.strip() for cell in head.split("|")] == ["name", "shape", "analytic", "numeric",
                                                          "rel err", "ok"]
    assert len(head) <= len(rule) and W.startswith("W ") and W.endswith("yes") and "3 x 4" in W
    assert b.startswith("b ") and b.endswith("NO") and "2.0e+00" in b
    printed.encode("ascii")                                      # any terminal can show it
    check_gradients(smooth, params, grads, show=False)
    assert capsys.readouterr().out == ""


def test_the_table_to_the_letter():
    params = {"c": 0.5, "slope": np.ones((2, 1))}
    report = check_gradients(lambda p: 4 * p["c"] + p["slope"].sum(), params,
                             {"c": 4.0, "slope": -np.ones((2, 1))}, "complex", show=False)
    assert str(report).splitlines()[:4] + str(report).splitlines()[-1:] == [
        "name     | shape     |        analytic |         numeric | rel err | ok",
        "---------|-----------|-----------------|-----------------|---------|-----",
        "c        | scalar    |  4.00000000e+00 |  4.00000000e+00 | 0.0e+00 | yes",
        "slope    | 2 x 1     | -1.00000000e+00 |  1.00000000e+00 | 2.0e+00 | NO",
        "slope: the sign is flipped (2 elements compared; slope[0, 0] is -1, by differences 1)"]


def test_every_row_is_shown_at_once_even_through_a_pipe(monkeypatch):
    shown = []
    monkeypatch.setattr("builtins.print", lambda text, flush=False: shown.append((text, flush)))
    params, grads = smooth_case()
    report = check_gradients(smooth, params, grads)
    assert "\n".join(text for text, _ in shown) == str(report) and all(flush is True for _,
                                                                       flush in shown)


@pytest.mark.parametrize("by", ["element", "direction"])
def test_an_empty_block_agrees_in_silence(by):
    params = {"x": np.ones(3), "none": np.zeros((0, 4))}
    with silence_required():
        report = check_gradients(lambda p: (p["x"] ** 2).sum() + p["none"].sum(), params,
                                 {"x": np.full(3, 2.0), "none": np.zeros((0, 4))}, by=by,
                                 show=False)
    assert report.ok and [row.ok for row in report.rows[:2]] == ["yes", "yes"]
    none = report.rows[1]
    assert (none.name, none.shape, none.analytic, none.numeric, none.error) == ("none", (0, 4), 0,
                                                                                0, 0)


def test_auto_takes_elements_of_small_functions_and_directions_of_large_ones():
    for size, by in [(2000, "element"), (2001, "direction")]:
        x = np.ones(size)
        assert check_gradients(lambda p: p["x"].sum(), {"x": x}, {"x": x}, show=False).by == by


def test_directions_are_seeded_and_never_at_right_angles_to_the_gradient():
    x = np.ones(3000)
    def slope(seed): return check_gradients(lambda p: p["x"].sum(), {"x": x}, {"x": x}, rng=seed,
                                            show=False).rows[0]
    assert slope(1).analytic == slope(1).analytic != slope(2).analytic
    default = check_gradients(lambda p: p["x"].sum(), {"x": x}, {"x": x}, show=False)
    assert default.rows[0].analytic == slope(0).analytic
    assert all(abs(slope(seed).analytic) >= 0.1 * np.sqrt(3000) for seed in range(40))


def test_of_a_large_block_that_is_wrong_along_a_direction_a_sample_tells_why():
    sparse = np.zeros(1000)
    sparse[[123, 456, 789]] = 1.0, -2.0, 3.0                     # chance would hardly find them
    def f(p): return (sparse * p["x"]).sum()
    report = check_gradients(f, {"x": np.ones(1000)}, {"x": -sparse}, by="direction", show=False)
    assert report.findings[0].startswith(f"x: the sign is flipped ({SAMPLE} elements compared; "
                                         "x[789] is -3, ")
    report = check_gradients(f, {"x": np.ones(1000)}, {"x": np.outer([0.5, 0.5], sparse)},
                             by="direction", show=False)
    assert "got (2, 1000): it was not summed over the batch" in report.findings[0]
    # as many as the sample: it is all of them
    few = np.arange(1.0, SAMPLE + 1)
    report = check_gradients(lambda p: (few * p["x"]).sum(), {"x": few}, {"x": -few},
                             by="direction", show=False)
    assert report.findings[0].startswith(f"x: the sign is flipped ({SAMPLE} elements compared; ")


def test_elements_on_a_kink_do_not_hide_what_is_wrong_with_the_others():
    slopes = np.array([100.0, 20.0, 30.0, -40.0])
    def f(p): return 1 + (slopes * np.maximum(p["x"], 0)).sum() + 10 * (p["x"] ** 2).sum()
    params = {"x": np.array([1.0, 0.0, 2.0, 3.0])}
    right = slopes * (params["x"] > 0) + 20 * params["x"]
    report = check_gradients(f, params, {"x": -right}, show=False)
    assert report.findings[0].startswith("x: the sign is flipped (3 elements compared")


def test_the_terms_of_the_loss_are_differenced_with_the_step_that_was_chosen():
    seen = []
    def square(p): return (p["x"] ** 2).sum()
    def line(p): return seen.append(p["x"][0]) or p["x"].sum()
    check_gradients(lambda p: square(p) + line(p), {"x": np.zeros(1)}, {"x": np.array([3.0])},
                    step=0.25, show=False, terms={"square": square, "line": line})
    # once in their sum, and once more alone
    assert seen.count(0.25) >= 2 and -6e-6 not in seen


def test_a_direction_is_normal_and_as_long_as_the_parameters_are_large():
    for size, scale in [(5, 1.0), (5, 50.0), (1, 0.3), (1, 20.0)]:
        dead, grad = np.zeros(3), np.arange(1.0, 1 + size)
        # of a gradient of zero the first direction will do
        params = {"dead": dead, "x": np.full(size, scale)}
        for seed in range(8):
            report = check_gradients(lambda p: (grad * p["x"]).sum() + 0 * p["dead"].sum(), params,
                                     {"dead": dead, "x": grad}, "complex", "direction", rng=seed,
                                     show=False)
            rng = np.random.default_rng(seed)
            rng.standard_normal(3)
            expected = (grad * rng.standard_normal(size)).sum() * max(1.0, scale)
            # else another was drawn
            if abs(expected) > 0.1 * np.linalg.norm(grad) * max(1.0, scale):
                assert report.rows[1].analytic == pytest.approx(expected, rel=1e-13)


@given(seeds, st.sampled_from(["element", "direction"]))
def test_float32_gradients_get_a_tolerance_of_their_own(seed, by):
    params, grads = smooth_case(seed)
    single = {name: grad.astype(np.float32) for name, grad in grads.items()}
    assert check_gradients(smooth, params, single, "complex", by, show=False).ok
    assert not check_gradients(smooth, params, single, "complex", by, tolerance=1e-11,
                               show=False).ok
    wrong = {**single, "b": single["b"] * np.float32(1.01)}
    assert not check_gradients(smooth, params, wrong, "complex", by, show=False).ok


@pytest.mark.parametrize("method, dtype, passes, fails",
                         [("central", np.float64, 5e-6, 2e-5),
                          ("complex", np.float64, 5e-12, 2e-11),
                          ("complex", np.float32, 5e-4, 2e-3)])
def test_the_default_tolerances_lie_where_they_are_said_to_lie(method, dtype, passes, fails):
    params, grads = smooth_case()
    for error, ok in [(passes, True), (fails, False)]:
        off = {name: (grad * (1 + error)).astype(dtype) for name, grad in grads.items()}
        assert check_gradients(smooth, params, off, method, show=False).ok is ok


def test_the_complex_step_makes_every_block_complex():
    def f(p): return np.add(p["b"], p["W"].sum(), out=np.empty_like(p["b"])).sum()
    params = {"W": np.ones((3, 4)), "b": np.ones(5)}
    assert check_gradients(f, params, {"W": np.full((3, 4), 5.0), "b": np.ones(5)}, "complex",
                           show=False).ok


def test_it_works_on_anyone_s_function():
    # A two-class logistic regression that knows nothing of this package.
    X, y = draw(0, (20, 3))[0], np.arange(20) % 2
    def loss(p): return np.mean(np.log1p(np.exp(X @ p["w"] + p["c"])) - y * (X @ p["w"] + p["c"]))
    params = {"w": np.array([0.3, -0.2, 0.1]), "c": 0.05}
    p = 1 / (1 + np.exp(-(X @ params["w"] + params["c"])))
    grads = {"w": X.T @ (p - y) / 20, "c": np.mean(p - y)}
    assert check_gradients(loss, params, grads, show=False).ok
    assert not check_gradients(loss, params, {**grads, "w": X.T @ (p - y)}, show=False).ok


def test_central_differences_on_the_full_network_pass_with_their_kinks_told():
    rng = np.random.default_rng(0)
    vae = VAE()
    x, eps = rng.random((4, 784)), rng.standard_normal((4, 20))
    _, grads = vae.loss_and_grads(x, eps)
    report = check_gradients(lambda p: vae.loss(x, eps, params=p)[0], vae.params, grads, show=False)
    assert report.ok and len(report.rows) == 11
    assert len(report.findings) == sum(row.ok == "kink" for row in report.rows)
    grads["W1"] = grads["W1"] * 1.01
    assert not check_gradients(lambda p: vae.loss(x, eps, params=p)[0], vae.params, grads,
                               show=False).ok
