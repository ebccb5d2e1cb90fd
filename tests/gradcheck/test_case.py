"""The case: arguments that are refused, and the random directions of its claims."""
import numpy as np
import pytest

from helpers import draw, smooth, smooth_case
from numpyvae import check_gradients
from numpyvae.errors import InvalidTypeError, InvalidValueError

ONE = {"W": np.ones(2)}

REFUSED = [
    ({}, {}, {}, InvalidValueError, "at least one array"),
    ([np.ones(2)], {}, {}, InvalidTypeError, "params: expected a dictionary"),
    (ONE, np.ones(2), {}, InvalidTypeError, "grads: expected a dictionary"),
    (ONE, ONE, {"by": "row"}, InvalidValueError, "by: expected one of"),
    (ONE, ONE, {"method": "x"}, InvalidValueError, "method: expected one of"),
    ({"W": np.ones(2) * 1j}, ONE, {}, InvalidTypeError, "^W: expected an array of real numbers"),
    (ONE, ONE, {"tolerance": 0}, InvalidValueError, "tolerance: expected"),
    (ONE, ONE, {"step": -1}, InvalidValueError, "step: expected"),
    (ONE, ONE, {"rng": "seed"}, InvalidTypeError, "rng: expected")]


@pytest.mark.parametrize("params, grads, options, error, message", REFUSED)
def test_what_check_gradients_cannot_use_is_refused(params, grads, options, error, message, capsys):
    with pytest.raises(error, match=message):
        check_gradients(lambda p: p["W"].sum(), params, grads, **options)
    assert capsys.readouterr().out == "", "not even the head of a table"


def square(p):
    return (p["W"] ** 2).sum()


@pytest.mark.parametrize("options, error, message", [
    ({"terms": {"square": square}}, InvalidValueError, "terms: expected functions whose sum is f"),
    ({"terms": [square]}, InvalidTypeError, "terms: expected a dictionary of functions"),
    ({"terms": {"square": 1.0}}, InvalidTypeError, "terms: expected a dictionary of functions"),
    ({"order": 5}, InvalidTypeError, "order: expected the names"),
    ({"order": ["W"]}, InvalidValueError, "order: expected each of W, b once"),
    ({"order": iter("W")}, InvalidValueError, "order: expected each"),
    ({"order": ["W", "b", "b"]}, InvalidValueError, "order: expected each of W, b once"),
    ({"by": {"V": "element"}}, InvalidValueError, "by: expected names among W, b, got V$"),
    ({"by": {"W": "row"}}, InvalidValueError, r"by\['W'\]: expected one of"),
    ({"by": "row"}, InvalidValueError, "by: expected one of"),
    ({"sizes": [3]}, InvalidTypeError, "sizes: expected a dictionary"),
    ({"sizes": {"N": 0}}, InvalidValueError, r"sizes\['N'\]: expected"),
    ({"sizes": {"N": 1e308}}, InvalidValueError, r"sizes\['N'\]"),
    ({"sizes": {"N": "3"}}, InvalidTypeError, r"sizes\['N'\]: expected a number")])
def test_options_that_do_not_fit_are_refused(options, error, message):
    params, grads = smooth_case()
    with pytest.raises(error, match=message):
        check_gradients(smooth, params, grads, show=False, **options)


def test_auto_takes_elements_of_small_functions_and_directions_of_large_ones():
    for size, by in [(2000, "element"), (2001, "direction")]:
        x = np.ones(size)
        assert check_gradients(lambda p: p["x"].sum(), {"x": x}, {"x": x}, show=False).by == by


def test_one_block_goes_by_element_where_the_rest_goes_by_direction():
    W, b = np.ones((50, 50)), np.arange(1.0, 31.0)

    def f(p):
        return (p["W"] ** 3).sum() / 3 + (p["b"] ** 2).sum() / 2

    calls  = []
    right  = {"W": W ** 2, "b": b}
    report = check_gradients(lambda p: calls.append(0) or f(p), {"W": W, "b": b}, right,
                             by={"b": "element"}, show=False)
    assert report.ok and report.by == {"W": "direction", "b": "element"}
    assert len(calls) < 80 and [row.name for row in report.rows] == ["W", "b", "(all)"]
    # its smallest element is wrong, by so little that a direction would not tell
    wrong  = {"W": W ** 2, "b": b * (1 + 1e-3 * (b == 1))}
    report = check_gradients(f, {"W": W, "b": b}, wrong, by={"b": "element"}, show=False)
    assert report.findings == ["b: one of its 30 elements is wrong, b[0], the others right (30 "
                               "elements compared; b[0] is 1.001, by differences 1)"]
    assert str(report).count("analytic, numeric: ") == 2 and "\nb: analytic, " in str(report)
    # all by one way is as if it had been said in one word
    same = check_gradients(f, {"b": b, "W": W}, right, by={"b": "element", "W": "element"},
                           show=False)
    assert same.ok and same.by == "element"


def test_directions_are_seeded_and_never_at_right_angles_to_the_gradient():
    x = np.ones(3000)

    def slope(**options):
        report = check_gradients(lambda p: p["x"].sum(), {"x": x}, {"x": x}, show=False, **options)
        return report.rows[0].analytic
    assert slope(rng=1) == slope(rng=1) != slope(rng=2)
    assert slope() == slope(rng=0)
    assert all(abs(slope(rng=seed)) >= 0.1 * np.sqrt(3000) for seed in range(40))


def test_a_direction_is_normal_and_as_long_as_the_parameters_are_large():
    for size, scale in [(5, 1.0), (5, 50.0), (1, 0.3), (1, 20.0)]:
        dead, grad = np.zeros(3), np.arange(1.0, 1 + size)
        # of a gradient of zero the first direction will do
        params = {"dead": dead, "x": np.full(size, scale)}

        def f(p):
            return (grad * p["x"]).sum() + 0 * p["dead"].sum()

        for seed in range(8):
            report = check_gradients(f, params, {"dead": dead, "x": grad}, "complex", "direction",
                                     rng=seed, show=False)
            rng = np.random.default_rng(seed)
            rng.standard_normal(3)
            expected = (grad * rng.standard_normal(size)).sum() * max(1.0, scale)
            # else another was drawn
            if abs(expected) > 0.1 * np.linalg.norm(grad) * max(1.0, scale):
                assert report.rows[1].analytic == pytest.approx(expected, rel=1e-13)


def test_large_parameters_get_large_steps_along_directions_too():
    params = {"x": 1e8 * draw(0, 4)[0]}
    grads  = {"x": (1 - np.tanh(params["x"] / 1e8) ** 2) / 1e8}
    report = check_gradients(lambda p: np.tanh(p["x"] / 1e8).sum(), params, grads, by="direction",
                             show=False)
    # measured: 2e-11
    assert [row.ok for row in report.rows] == ["yes", "yes"] and report.max_error < 4e-10


def test_the_row_of_all_blocks_has_their_size_even_where_there_is_but_one():
    report = check_gradients(lambda p: p["x"].sum(), {"x": np.ones((2, 3))}, {"x": np.ones((2, 3))},
                             by="direction", show=False)
    assert [(row.name, row.shape) for row in report.rows] == [("x", (2, 3)), ("(all)", (6,))]
